"""What strangers' exports made `init` stumble over: wrong guesses, questions without an answer, files left out."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cxresearch import study_data, summary
from cxresearch.check import check
from cxresearch.init.ask import asked
from cxresearch.init.draft import Draft, Drafts
from cxresearch.init.drafts import drafts
from cxresearch.init.make import make_study
from cxresearch.intake.choices import NOT_CHOSEN
from cxresearch.intake.read import read
from cxresearch.strict_yaml import StudyError, read_yaml

ROWS = 240
DAYS = pd.date_range("2026-01-02", periods=ROWS, freq="17h").strftime("%Y-%m-%d %H:%M:%S")


def drawn(options: list[Any], seed: int, rows: int = ROWS) -> list[Any]:
    """Return answers, every option among them, in no order."""
    places = np.random.default_rng(seed).integers(0, len(options), rows)
    places[: len(options)] = range(len(options))
    return [options[place] for place in places]


def survey(**columns: list[Any]) -> pd.DataFrame:
    """Return an export of ids, dates and a likelihood question, with further columns."""
    usual = {"ResponseId": [f"R_{row:05d}" for row in range(ROWS)], "EndDate": DAYS}
    return pd.DataFrame({**usual, "would recommend": drawn(list(range(11)), 1), **columns})


def written(folder: Path, **tables: pd.DataFrame) -> list[Path]:
    """Return a csv file for each table."""
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return [folder / f"{name}.csv" for name in tables]


def guessed(*paths: Path) -> Drafts:
    """Return what is guessed about some files."""
    return drafts([(path, read(path)) for path in paths])


def answers(found: Drafts) -> Draft:
    """Return the table of answers."""
    table = found.table("responses")
    assert table
    return table


def setting(table: Draft, role: str) -> dict[str, Any]:
    """Return what stands beside `from:` in an entry that must be there."""
    guess = table.guess(role)
    assert guess, role
    return guess.setting


def made(project: Path, *paths: Path) -> Any:
    """Return the study file that is written for some exports, and check that the run can be read."""
    return read_yaml(make_study(list(paths), project / "data" / "mine").study_file)


def customers(rows: int = ROWS) -> pd.DataFrame:
    """Return a list of customers."""
    ids = [f"K{row:05d}" for row in range(rows)]
    return pd.DataFrame({"customer_id": ids, "plan": drawn(["Basic", "Plus"], 3, rows), "signup_date": DAYS[:rows]})


def test_bills_are_summed_by_the_number_and_currency_that_they_bear(tmp_path, project):
    ids = [f"K{row // 6:05d}" for row in range(ROWS * 6)]
    months = [f"2026-0{row % 3 + 1}-1{row % 2}" for row in range(ROWS * 6)]
    numbers = [f"RE-{row:06d}" for row in range(ROWS * 6)]
    amounts = [f"{row % 90 + 10},50" for row in range(ROWS * 6)]
    bills = pd.DataFrame(
        {"Rechnungsnr": numbers, "Kundennummer": ids, "Rechnungsdatum": months, "Betrag": amounts, "Währung": "EUR"}
    )
    study = made(project, *written(tmp_path, survey=survey(), crm=customers(), bills=bills))
    columns = study["tables"]["revenue"]["columns"]
    assert (columns["bill_id"], columns["currency"]) == ("Rechnungsnr", "Währung")
    checked = check(project / "params" / "mine.yaml").tables["revenue"]
    assert checked.refused is None
    assert checked.accepted == ROWS * 6


def test_a_number_that_several_rows_share_is_no_bill_of_its_own(tmp_path):
    bills = pd.DataFrame({"invoice_no": [f"I{row // 2}" for row in range(ROWS)], "currency": ["EUR or so"] * ROWS})
    bills = bills.assign(customer_id=[f"K{row % 80:05d}" for row in range(ROWS)], month=DAYS, amount=range(ROWS))
    revenue = guessed(*written(tmp_path, survey=survey(), crm=customers(), bills=bills)).table("revenue")
    assert revenue
    assert revenue.guess("bill_id") is None
    assert revenue.guess("currency") is None


def test_revenue_by_quarter_is_left_out_in_a_sentence(tmp_path):
    paid = pd.DataFrame({"customer_id": [f"K{row % 80:05d}" for row in range(ROWS)], "amount": range(10, 10 + ROWS)})
    paid = paid.assign(quarter=[f"2026Q{row // 80 + 1}" for row in range(ROWS)])
    found = guessed(*written(tmp_path, survey=survey(), crm=customers(), paid=paid))
    assert found.table("revenue") is None
    assert found.left_out["paid.csv"] == (
        "tells only quarters, in 'quarter', and revenue is read by month: export it by month"
    )


def test_a_second_list_of_customers_says_how_to_join_it(tmp_path):
    crm = customers().assign(customer_id=[f"K{row:05d}" for row in range(ROWS)])
    more = pd.DataFrame({"Client ID": crm["customer_id"], "Payment": drawn(["Card", "Cash"], 9), "City": "X"})
    found = guessed(*written(tmp_path, survey=survey(customer_id=list(crm["customer_id"])), crm=crm, more=more))
    assert "beside those of crm.csv by 'customer_id' first" in found.left_out["more.csv"]
    nothing = pd.DataFrame({"word": ["a", "b", "b"], "note": ["c", "d", "d"]})
    found = guessed(*written(tmp_path, survey=survey(), words=nothing))
    assert found.left_out["words.csv"].startswith("holds no answers")


def test_every_sheet_of_a_workbook_is_looked_at(tmp_path, project):
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        customers().to_excel(book, sheet_name="Customers", index=False)
        survey(customer_id=list(customers()["customer_id"])).to_excel(book, sheet_name="Answers", index=False)
        survey().to_excel(book, sheet_name="Second wave", index=False)
        pd.DataFrame({"Notes": ["made by hand"]}).to_excel(book, sheet_name="About", index=False)
    study = made(project, path)
    assert study["tables"]["responses"]["sheet"] == "Answers"
    assert "sheet" not in study["tables"]["customers"]
    assert check(project / "params" / "mine.yaml").tables["responses"].accepted == ROWS
    assert "book.xlsx, sheet 'Second wave', was left out" in (project / "data/mine/study.yaml").read_text("utf-8")


def test_workbooks_without_further_tables_name_no_sheet(tmp_path, project):
    path = tmp_path / "one.xlsx"
    book = openpyxl.Workbook()
    for row in [list(survey().columns), *survey().to_numpy().tolist()]:
        book.active.append(row)
    book.create_sheet("Empty")
    book.save(path)
    assert "sheet" not in made(project, path)["tables"]["responses"]


def test_a_scale_that_changes_within_a_file_is_told_by_its_days(tmp_path, project):
    rated = drawn([1, 2, 3, 4, 5], 4, 160) + drawn(list(range(10, 0, -1)), 5, 80)
    last = max(day[:10] for day in DAYS[:160] if day[:10] < DAYS[160][:10])
    study = made(project, *written(tmp_path, survey=survey(**{"Overall satisfaction": rated})))["tables"]["responses"]
    assert list(study["columns"]["csat"]["scale"]) == [1, 10]
    change = study["scale_changes"]["csat"][0]
    assert (change["until"], list(change["scale"])) == (date.fromisoformat(last), [1, 5])


def test_few_low_answers_before_the_first_high_one_are_no_other_scale(tmp_path):
    rated = drawn([1, 2, 3, 4, 5], 4, 12) + drawn(list(range(1, 11)), 5, 228)
    table = answers(guessed(*written(tmp_path, survey=survey(**{"Overall satisfaction": rated}))))
    assert setting(table, "csat")["scale"] == [1, 10]
    assert table.scale_changes == {}


@pytest.mark.parametrize(("ones", "group", "low"), [(9, False, 1), (3, False, 0), (9, True, 0)])
def test_few_ones_or_a_platform_s_own_groups_mean_that_a_zero_could_be_given(tmp_path, ones, group, low):
    scores = [1] * ones + drawn(list(range(2, 11)), 6, ROWS - ones)
    votes = ["Promoter" if score > 8 else "Passive" if score > 6 else "Detractor" for score in scores]
    frame = survey().drop(columns="would recommend").assign(Q1_NPS_GROUP=votes, Q1=scores)
    header = pd.DataFrame(
        [["", "", "Would you recommend us? - Group", "Would you recommend us?"]], columns=frame.columns
    )
    ids = pd.DataFrame([[f'{{"ImportId":"Q{place}"}}' for place in range(4)]], columns=frame.columns)
    frame = pd.concat([header, ids, frame]) if group else pd.concat([header, ids, frame]).drop(columns="Q1_NPS_GROUP")
    assert setting(answers(guessed(*written(tmp_path, survey=frame))), "nps")["scale"] == [low, 10]


def test_choices_after_a_colon_and_between_bare_commas_are_sets(tmp_path):
    used = "Which do you use?: "
    lists = ["Cloud", "Cloud,Desktop", "Desktop,Mobile", "Cloud,Desktop,Mobile", "Mobile"]
    columns = {
        **{used + choice: drawn([choice, ""], place) for place, choice in enumerate(["App", "Shop", "Phone"])},
        "Products": drawn(lists, 7),
        "How often": drawn(["Yes, a lot", "Yes, a little", "No"], 8),
        "Width": drawn(["3,5", "4,5", "3,2", "4"], 9),
    }
    table = answers(guessed(*written(tmp_path, survey=survey(**columns))))
    sets = {guess.columns[0]: guess.setting for guess in table.guesses if guess.place == "sets"}
    assert sets == {"Which do you use*": {}, "Products": {"separator": ","}}


def test_items_of_one_question_are_no_groups_of_people(tmp_path):
    agree = ["Always", "Often", "Rarely"]
    columns = {f"Q9_{letter}": drawn(agree, place) for place, letter in enumerate("ABC")}
    table = answers(guessed(*written(tmp_path, survey=survey(**columns, region=drawn(["N", "S"], 20)))))
    assert [guess.role for guess in table.guesses if guess.place == "groups"] == ["region"]


def test_what_people_said_is_no_group_and_what_a_program_wrote_no_comment(tmp_path):
    said = ["the staff were kind to me", "too dear for what it is", "nothing more to say here"]
    listed = [f"['a {row}', 'b c', 'd e f']" for row in range(ROWS)]
    columns = {"Why?": drawn(said, 1), "Reason for contact": drawn(["Bill", "Move", "Fault"], 2), "log": listed}
    table = answers(guessed(*written(tmp_path, survey=survey(**columns))))
    taken = {guess.columns[0] for guess in table.guesses}
    assert "Reason for contact" in taken
    assert not {"Why?", "log"} & taken


def test_words_for_no_answer_stand_beside_yes_and_no(tmp_path, project):
    solved = drawn(["Oui", "Non", "Non concerné"], 3)
    paths = written(tmp_path, survey=survey(**{"Votre problème a-t-il été résolu ?": solved}))
    assert list(made(project, *paths)["tables"]["responses"]["columns"]["fcr"]["missing"]) == ["Non concerné"]
    assert check(project / "params" / "mine.yaml").ready


@pytest.mark.parametrize("word", ["non", "nee", "falso", "nicht gewählt", "no seleccionado", "non sélectionné"])
def test_a_choice_not_made_is_known_in_five_languages(word):
    assert word in NOT_CHOSEN


def test_numbers_are_offered_where_nothing_is_rated_and_the_file_runs_once_the_marks_go(tmp_path, project):
    prices = pd.DataFrame({"too_cheap": drawn(list(range(100, 160)), 1), "bargain": drawn(list(range(120, 200)), 2)})
    out = make_study(written(tmp_path, prices=prices), project / "data" / "mine")
    assert "too_cheap: nothing is rated in it" in out.question
    (table,) = check(out.run_file).tables.values()
    assert (
        table.refused == "tables.responses: `columns:` names none yet; take the mark `# ?` from those that are right."
    )
    text = out.study_file.read_text("utf-8")
    for line in ("too_cheap: {from", "measures: {too_cheap"):
        text = text.replace(f"# ? {line}", line)
    out.study_file.write_text(text, "utf-8")
    assert check(out.run_file).ready


def test_ratings_that_say_nothing_are_offered_before_other_numbers(tmp_path):
    frame = survey(Impression=drawn([1, 2, 3, 4, 5], 1), size=drawn(list(range(200, 300)), 2))
    found = guessed(*written(tmp_path, survey=frame.drop(columns="would recommend")))
    (question,) = found.questions
    assert (question.role, question.columns, question.setting) == ("csat", ("Impression",), {"scale": [1, 5]})


def test_on_a_terminal_another_column_keeps_what_it_is_for(tmp_path):
    frame = survey(w=drawn([0.5, 1.5, 1.1], 1), stratum=drawn(["a", "b"], 2), other=drawn(["c", "d"], 3))
    replies = {"stratum": "other"}
    told: list[str] = []
    found = asked(
        guessed(*written(tmp_path, survey=frame)),
        lambda prompt: next((reply for name, reply in replies.items() if f"[{name}]" in prompt), ""),
        told.append,
    )
    strata = answers(found).guess("strata")
    assert strata
    assert (strata.columns, strata.place) == (("other",), "design")


def test_what_nothing_runs_without_is_asked_first(tmp_path):
    columns = {"Impression": drawn([1, 2, 3, 4, 5], 1), "floor": drawn(["Upper", "Ground", "Cellar"], 2)}
    frame = survey(**columns).drop(columns="would recommend")
    prompts: list[str] = []
    asked(guessed(*written(tmp_path, survey=frame)), lambda prompt: prompts.append(prompt) or "", lambda _: None)
    assert "csat" in prompts[0]
    assert len(prompts) > 1


def test_columns_that_go_together_are_taken_or_left(tmp_path):
    columns = {f"item_{place}": drawn([1, 2, 3, 4, 5, 6, 7], place) for place in range(4)}
    found = guessed(*written(tmp_path, survey=survey(**columns)))
    (table,) = found.tables
    unsure = [replace(guess, confidence=0.75) if guess.role == "drivers" else guess for guess in table.guesses]
    found = replace(found, tables=[replace(table, guesses=unsure)])
    replies, told = iter(["item_1", "-"]), []
    left = asked(found, lambda prompt: next(replies) if "drivers" in prompt else "", told.append)
    assert sum("go together" in line for line in told) == 1
    assert answers(left).guess("drivers") is None


def test_a_refusal_names_the_study_and_not_where_it_was_tried(tmp_path, project, monkeypatch):
    monkeypatch.setattr("cxresearch.init.make.study_text", lambda *_: "title: x\ntabels: {}\n")
    with pytest.raises(StudyError, match="nothing was written") as refused:
        make_study(written(tmp_path, survey=survey()), project / "data" / "mine")
    assert "mine/study.yaml" in str(refused.value)
    assert ".mine-" not in str(refused.value)
    assert not (project / "data" / "mine").exists()


@pytest.mark.parametrize("asked_for", [True, False])
def test_what_the_answers_tell_is_not_called_unsaid(tmp_path, project, asked_for):
    solved = {"Was your issue resolved?": drawn(["Yes", "No"], 3)} if asked_for else {}
    made(project, *written(tmp_path, survey=survey(**solved)))
    study = study_data.load("mine", "all", None)
    assert summary.refusals(study)["not_said"].eq("first-contact resolution").any() != asked_for
