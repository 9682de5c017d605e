"""Which rows are used: rules, copies, conflicts, shifted cells, currencies, choices; and what is noted of them."""

import pandas as pd
import pytest

from cxresearch.intake import accept as accepting
from cxresearch.intake.accept import Accepted, accept
from cxresearch.intake.source import Source
from cxresearch.schema import Study
from cxresearch.strict_yaml import StudyError

KEYS = {"response_id": "id", "customer_id": "customer", "responded_at": "date"}
BILLED = {"customer_id": "id", "month": "month", "revenue": "eur"}


def answers(count: int = 40, **columns) -> pd.DataFrame:
    """Return good rows of an export, with further columns."""
    frame = {"id": [f"R{i}" for i in range(count)], "customer": [f"C{i}" for i in range(count)]}
    frame |= {"date": [f"2026-07-{i % 28 + 1:02d}" for i in range(count)], "score": [str(i % 11) for i in range(count)]}
    return pd.DataFrame(frame | columns)


@pytest.fixture
def take(monkeypatch):
    """Return a function that takes frames of texts in as the files of one table."""

    def taken(*frames: pd.DataFrame, columns: dict, name: str = "responses", study: dict | None = None, **table):
        sources = [
            Source(f"{number}.csv", frame.astype("str").set_axis(range(2, len(frame) + 2)))
            for number, frame in enumerate(frames)
        ]
        monkeypatch.setattr(accepting, "read_all", lambda *_: sources)
        tables = {"responses": {"source": "r.csv", "columns": {**KEYS, "nps": "score"}}}
        tables[name] = {"source": "x.csv", "columns": columns, **table}
        given = Study.model_validate({"title": "T", "timezone": "Europe/Berlin", "tables": tables, **(study or {})})
        done = accept(given, name, [])
        assert done.counts["rows_in"].sum() == sum(len(frame) for frame in frames)
        assert (done.counts["accepted"] + done.counts["quarantined"]).eq(done.counts["rows_in"]).all()
        assert len(done.quarantine) == done.counts["quarantined"].sum()
        assert done.notes["kind"].isin(["read", "normalised", "flag"]).all()
        return done

    return taken


def aside(done: Accepted) -> list[tuple[int, str, str]]:
    return list(done.quarantine[["row", "column", "rule"]].itertuples(index=False, name=None))


def noted(done: Accepted, kind: str) -> dict[str, int]:
    here = done.notes[done.notes["kind"].eq(kind)]
    return dict(zip(here["note"], here["rows"], strict=True))


def test_a_row_is_set_aside_with_its_first_rule_and_the_rest_is_used(take):
    frame = answers(sat=["5"] * 40)
    frame.loc[3, ["score", "sat"]] = "x", "9"
    done = take(frame, columns={**KEYS, "nps": "score", "csat": {"from": "sat", "scale": [1, 5]}})
    assert aside(done) == [(5, "nps", "not a number")]
    assert len(done.frame) == 39


def test_rows_whose_cells_have_moved_are_told_as_such(take):
    columns = {**KEYS, "nps": "score", "csat": {"from": "sat", "scale": [1, 5]}, "duration_s": "seconds"}
    frame = answers(sat=["5"] * 40, seconds=["60"] * 40)
    frame.loc[3, ["date", "score", "sat", "seconds"]] = "C3", "2026-07-04", "8", "5"
    frame.loc[4, ["date", "score", "sat", "seconds"]] = "C4", "2026-07-05", "8", "good"
    frame.loc[5, ["date", "score"]] = "C5", "2026-07-05"
    frame.loc[6, ["score", "sat", "seconds"]] = "n/a", "n/a", "n/a"
    assert aside(take(frame, columns=columns)) == [
        (5, "", "cells seem shifted"),
        (6, "", "cells seem shifted"),
        (7, "responded_at", "not an ISO date; declare its `format:`"),
        (8, "nps", "not a number"),
    ]


def test_words_in_three_columns_are_no_shift(take):
    columns = {**KEYS, "nps": "score", "csat": {"from": "sat", "scale": [1, 5]}, "duration_s": "seconds"}
    frame = answers(sat=["5"] * 40, seconds=["60"] * 40)
    frame.loc[6, ["score", "sat", "seconds"]] = "n/a", "n/a", "n/a"
    assert aside(take(frame, columns=columns)) == [(8, "nps", "not a number")]


def test_a_grid_on_another_scale_is_no_shift(take):
    frame = answers(a=["5"] * 40, b=["5"] * 40, c=["5"] * 40)
    frame.loc[3, ["date", "a", "b", "c"]] = "never", "70", "80", "90"
    drivers = {"from": ["a", "b", "c"], "scale": [1, 5]}
    assert aside(take(frame, columns={**KEYS, "drivers": drivers})) == [
        (5, "responded_at", "not an ISO date; declare its `format:`")
    ]


@pytest.mark.parametrize(("bad", "refused"), [(8, False), (9, True)])
def test_over_a_fifth_of_bad_cells_refuses_the_column(bad, refused, take):
    frame = answers(score=["9"] * (40 - bad) + ["none"] * bad)
    if not refused:
        assert take(frame, columns={**KEYS, "nps": "score"}).counts["accepted"].tolist() == [32]
        return
    with pytest.raises(StudyError, match=r"columns\.nps: 9 of 40 rows are unusable \(not a number\)"):
        take(frame, columns={**KEYS, "nps": "score"})


def test_a_refusal_says_what_to_write(take):
    with pytest.raises(StudyError, match=r"40 of 40 rows .* only day-first fits: write `format: \"%d/%m/%Y\"`"):
        take(answers(date=["13/04/2026"] * 40), columns={**KEYS, "nps": "score"})
    with pytest.raises(StudyError, match=r"unusable \(outside 0–10\); found 0–60: declare its `scale:`"):
        take(answers(score=[str(i % 7 * 10) for i in range(40)]), columns={**KEYS, "nps": "score"})


def test_copies_name_their_key_and_conflicts_do_not_depend_on_order(take):
    frame = pd.concat([answers(), answers().iloc[[3, 5]].assign(score=["3", "0"])], ignore_index=True)
    plain = take(frame, columns={**KEYS, "nps": "score"})
    assert aside(plain) == [
        (7, "response_id", "conflicting rows"),
        (42, "response_id", "a copy of another row"),
        (43, "response_id", "conflicting rows"),
    ]
    shuffled = take(frame.sample(frac=1, random_state=3, ignore_index=True), columns={**KEYS, "nps": "score"})
    pd.testing.assert_frame_equal(
        shuffled.frame.sort_values("response_id", ignore_index=True),
        plain.frame.sort_values("response_id", ignore_index=True),
    )


def test_rows_without_an_id_are_neither_copies_nor_used(take):
    frame = pd.concat([answers(), pd.DataFrame([["", "", "2026-07-01", "9"]] * 2, columns=answers().columns)])
    done = take(frame.reset_index(drop=True), columns={**KEYS, "nps": "score"})
    assert aside(done) == [(42, "response_id", "no response_id"), (43, "response_id", "no response_id")]


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "", "inf", "much"])
def test_a_row_without_a_weight_is_no_use(weight, take):
    frame = answers(w=["0,75"] * 39 + [weight])
    done = take(frame, columns={**KEYS, "nps": "score"}, design={"weight": "w"})
    assert [(row, column) for row, column, _ in aside(done)] == [(41, "weight")]
    assert done.frame["weight"].eq(0.75).all()


def test_a_question_from_one_to_ten_is_flagged(take):
    done = take(answers(score=["9"] * 40), columns={**KEYS, "nps": {"from": "score", "scale": [1, 10]}})
    assert noted(done, "flag") == {"asked from 1 to 10, not from 0: not to be compared with results on 0–10": 40}


def test_a_scale_that_changed_is_checked_against_the_old_one(take):
    frame = answers(score=["80"] * 10 + ["8"] * 30, date=["2026-06-01"] * 10 + ["2026-07-01"] * 30)
    frame.loc[0, "score"] = "800"
    change = {"nps": [{"until": "2026-06-30", "scale": [0, 100]}]}
    done = take(frame, columns={**KEYS, "nps": "score"}, scale_changes=change)
    assert aside(done) == [(2, "nps", "outside 0–100")]
    assert done.frame["nps"].notna().sum() == 30


# Revenue.


def bills(*amounts: str, **columns) -> pd.DataFrame:
    count = len(amounts)
    frame = {"id": [f"C{i}" for i in range(count)], "month": ["2026-07-01"] * count, "eur": list(amounts)}
    return pd.DataFrame(frame | columns)


@pytest.mark.parametrize(
    ("amounts", "currency", "said"),
    [
        (["€12.50", "$9.00", "1"], None, r"columns\.revenue: several currencies in one column \(\$, €\)"),
        (["12.50 EUR", "9.00 USD"], "EUR", r"several currencies in one column \(EUR, USD\)"),
        (["£12.50", "9.00"], "EUR", r"amounts in £, but the study's `currency:` is EUR"),
    ],
)
def test_amounts_of_several_currencies_are_refused(amounts, currency, said, take):
    with pytest.raises(StudyError, match=said):
        take(bills(*amounts), name="revenue", columns=BILLED, study={"currency": currency})


@pytest.mark.parametrize(
    ("amounts", "currency"), [(["€1", "2 EUR", "3"], "EUR"), (["$1", "CAD 2"], None), (["$1"], "CAD")]
)
def test_amounts_of_one_currency_are_used_whatever_its_mark(amounts, currency, take):
    done = take(bills(*amounts), name="revenue", columns=BILLED, study={"currency": currency})
    assert done.frame["revenue"].tolist() == list(range(1, len(amounts) + 1))


def test_currencies_of_two_files_or_of_a_column_are_refused_together(take):
    with pytest.raises(StudyError, match=r"several currencies in one column \(\$, €\)"):
        take(bills("€1"), bills("$1").assign(id="X"), name="revenue", columns=BILLED)
    with pytest.raises(StudyError, match=r"several currencies in one column \(EUR, GBP\)"):
        take(bills("1", "2", cur=["EUR", "gbp"]), name="revenue", columns={**BILLED, "currency": "cur"})
    with pytest.raises(StudyError, match=r"several currencies in one column \(EUR and 1 other marks\)") as error:
        take(bills("1", "2", cur=["EUR", "Secret Corp"]), name="revenue", columns={**BILLED, "currency": "cur"})
    assert "SECRET" not in str(error.value)


def test_refunds_are_kept_and_counted_and_words_are_not_nought(take):
    done = take(bills("10", "-25.5", *["1"] * 20, "n/a", "-", "NaN", "inf"), name="revenue", columns=BILLED)
    assert done.frame["revenue"].sum() == 4.5
    assert noted(done, "flag") == {"negative amounts (refunds), kept": 1}
    assert [(column, rule) for _, column, rule in aside(done)] == [("revenue", "not a number")] * 4


def test_months_of_a_customer_that_differ_are_set_aside_without_bills(take):
    frame = bills("1", "2", *["3"] * 10)
    frame.loc[:1, "id"] = ["C9", "c9"]
    frame.loc[9:, "id"] = ["D1", "D2", "D3"]
    done = take(frame, name="revenue", columns=BILLED)
    assert aside(done) == [(2, "customer_id", "conflicting rows"), (3, "customer_id", "conflicting rows")]


def test_equal_amounts_of_two_days_are_two_bills_and_no_copies(take):
    frame = bills("3", "3", "3", *["3"] * 20, month=["2026-07-01", "2026-07-15", "2026-08-02", *["2026-07-01"] * 20])
    frame.loc[:2, "id"] = "D"
    done = take(frame, name="revenue", columns=BILLED)
    assert aside(done) == [(2, "customer_id", "conflicting rows"), (3, "customer_id", "conflicting rows")]
    assert list(done.frame) == ["customer_id", "month", "revenue"]


def test_a_table_of_bills_without_their_ids_is_told_to_declare_them(take):
    with pytest.raises(StudyError, match=r"conflicting rows\); where each row is a bill, declare its `bill_id:`"):
        take(bills("1", "2", "3", id=["C1", "C1", "C2"]), name="revenue", columns=BILLED)


@pytest.mark.parametrize("key", ["bill_id", "invoice_id"])
def test_bills_are_told_apart_and_summed_by_month(key, take):
    frame = bills("1", "2", "4", "8", "8", "16", id=["A", "A", "B", "B", "B", "B"], no=["1", "2", "3", "4", "4", ""])
    frame.loc[2, "month"] = "2026-06-30"
    done = take(frame, name="revenue", columns={**BILLED, key: "no", "plan": "id"})
    assert aside(done) == [(6, key, "a copy of another row"), (7, key, f"no {key}")]
    got = done.frame.set_index(["customer_id", "month"])["revenue"]
    assert got.to_dict() == {("A", pd.Timestamp("2026-07-01")): 3, ("B", pd.Timestamp("2026-06-01")): 4,
                             ("B", pd.Timestamp("2026-07-01")): 8}  # fmt: skip
    assert noted(done, "read")["bills summed to a customer's months"] == 4


# Multi-select questions.


@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("Phone", ""), ("Yes", ""), ("Selected", "Not selected"), ("TRUE", "FALSE")]
)
def test_a_set_over_columns_is_chosen_or_not_and_missing_where_nothing_was_shown(yes, no, take):
    frame = answers(Q7_1=[yes] * 10 + [no] * 20 + [""] * 10, Q7_2=[yes] * 30 + [""] * 10)
    chosen = take(frame, columns=KEYS, sets={"device": ["Q7_*"]}).frame[["device: Q7_1", "device: Q7_2"]]
    assert chosen.sum().tolist() == [10, 30]
    assert chosen.isna().sum().tolist() == [10, 10]


def test_a_set_may_name_columns_with_brackets_as_they_stand(take):
    frame = answers(**{"Q5[1]": ["Y"] * 10 + [""] * 30, "Q5[2]": ["Y"] * 40})
    chosen = take(frame, columns=KEYS, sets={"device": ["Q5[1]", "Q5[2]"]}).frame[["device: Q5[1]", "device: Q5[2]"]]
    assert chosen.sum().tolist() == [10, 40]


def test_a_set_in_one_cell_is_split_over_all_files(take):
    one = answers(Q7=["Phone; Tablet"] * 12 + ["Phone"] * 18 + [""] * 10)
    two = answers(Q7=["TV"] * 15 + ["my mother's"] * 5 + [""] * 20).assign(id=[f"S{i}" for i in range(40)])
    done = take(one, two, columns=KEYS, sets={"device": {"from": "Q7", "separator": ";"}})
    chosen = done.frame.filter(like="device: ")
    assert chosen.sum().to_dict() == {"device: Phone": 30, "device: TV": 15, "device: Tablet": 12, "device: other": 5}
    assert chosen.isna().sum().tolist() == [30] * 4
    assert noted(done, "flag") == {"choices of under ten rows, not declared: counted as `other`": 5}
    assert "mother" not in done.notes.to_csv() + "".join(done.frame.columns)


def test_declared_choices_may_hold_the_separator_and_codes_are_translated(take):
    declared = {"from": "Q7", "separator": ", ", "codes": {"shop": ["In a shop, in town"], "web": ["Online", 3]}}
    frame = answers(Q7=["In a shop, in town, Online"] * 10 + ["3"] * 5 + ["Online, by mail"] * 5 + ["In a shop"] * 20)
    chosen = take(frame, columns=KEYS, sets={"where": declared}).frame.filter(like="where: ")
    assert chosen.sum().to_dict() == {"where: shop": 10, "where: web": 20, "where: other": 25}


def test_choices_by_code_take_the_labels_of_the_file(take, monkeypatch):
    frame = answers(Q7=["1,3"] * 20 + ["3"] * 20)
    real = Source
    monkeypatch.setitem(globals(), "Source", lambda *args: real(*args, labels={"Q7": {1: "Phone", 3: "TV"}}))
    chosen = take(frame, columns=KEYS, sets={"device": {"from": "Q7", "separator": ","}}).frame.filter(like="device: ")
    assert chosen.sum().to_dict() == {"device: Phone": 20, "device: TV": 40}
