"""Answers to inserted questions: layouts, tokens, what is set aside, and the flow from the invited to the answers."""

import itertools

import numpy as np
import pandas as pd
import pytest

import cxresearch as cx
from cxresearch.questions.answers import asked_with
from cxresearch.questions.crossed import arms_with, crossed
from cxresearch.questions.layouts import long_answers
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError

ITEMS = {"a": "Apples", "b": "Pears", "c_d": "Cherries", "e": "Dates"}
QUESTIONS = [
    {"id": "pick", "module": "one", "type": "single", "text": "?", "items": ITEMS},
    {"id": "tick", "module": "one", "type": "multi-select", "text": "?", "items": ITEMS, "exclusive": ["e"]},
    {"id": "rate", "module": "one", "type": "scale", "text": "?", "scale": [1, 5], "labels": {1: "bad", 5: "good"}},
    {"id": "why", "module": "one", "type": "open", "text": "?"},
    {"id": "best", "module": "two", "type": "maxdiff", "text": "?", "items": ITEMS, "tasks": 2, "shown": 3},
]
MODULES = {"one": {"seconds": 9}, "two": {"seconds": 9}}
ARMS = {
    "left": {"probability": 0.5, "modules": ["one"]},
    "both": {"probability": 0.25, "modules": ["one", "two"]},
    "none": 0.25,
}
PLAN = {"key": {"env": "NO_SUCH_KEY_HERE"}, "waves": ["2026Q1"], "unit": "customer", "holdout": 0.2, "arms": ARMS}


def small_bank(**more):
    return Bank.model_validate({"modules": MODULES, "questions": QUESTIONS} | more)


def read(**columns):
    """Return question, task, item, answer and reason of one response in a wide table."""
    found = long_answers(
        pd.DataFrame({"response_id": ["r1"], **{name: [cell] for name, cell in columns.items()}}), small_bank()
    )
    return found[["question", "task", "item", "answer", "reason"]]


def usable(found):
    return found[found["reason"].eq("")]


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", "2026Q3"), cx.questions.bank("demo")


class Study:
    """A study of a few people, as far as answers are concerned."""

    definition = cx.load("demo").definition.model_copy(update={"segments": {}})
    bounds, periods, period = None, ["2026Q1"], "2026Q1"

    def __init__(self, answers, people):
        moment = pd.to_datetime("2026-02-01") + pd.to_timedelta(np.arange(len(people)), "D")
        self.responses = people.assign(survey="relationship", period="2026Q1", responded_at=moment)
        self.tables = {"answers": answers} if answers is not None else {}

    def answers(self, survey, period):
        from cxresearch.study_data import latest

        return latest(self.responses)

    def segments(self, rows):
        return []

    def has(self, name):
        return name in self.tables

    def table(self, name):
        return self.tables[name]


PEOPLE = pd.DataFrame(
    {
        "response_id": ["r1", "r2", "r3", "r4"],
        "customer_id": ["c1", "c2", "c3", "c4"],
        "nps": [10.0, 8, 2, 9],
        "arm": ["left", "both", "none", "holdout"],
    }
)


def row(response, question="rate", answer="3", item="", task="", module="one", customer=None):
    return {"response_id": response, "customer_id": customer, "wave": "2026Q1", "module": module, "question": question,
            "task": task, "item": item, "answer": answer}  # fmt: skip


def matched(*rows, people=PEOPLE, **more):
    return cx.questions.answers(Study(pd.DataFrame(rows), people), small_bank(assignment=PLAN, **more))


def reasons(found):
    return dict(found.set_aside.groupby("reason")["rows"].sum())


def test_long_and_wide_give_the_same_answers(demo):
    study, bank = demo
    given = study.table("answers").head(2000)
    parts = [given["question"], given["task"].fillna(""), given["item"]]
    names = ["_".join(part for part in one if part) for one in zip(*parts, strict=True)]
    wide = (
        given.assign(column=names)
        .pivot(index="response_id", columns="column", values="answer")
        .reset_index()
        .rename_axis(columns=None)
    )
    key = ["response_id", "question", "task", "item"]
    long, again = (long_answers(one, bank).sort_values(key, ignore_index=True) for one in (given, wide))
    assert len(long) == 2000
    pd.testing.assert_frame_equal(long[[*key, "answer", "reason"]], again[[*key, "answer", "reason"]])


@pytest.mark.parametrize("column", ["best_1_c_d", "best[1][c_d]", "BEST.1.3", "best#1_3"])
def test_columns_are_found_as_platforms_write_them(column):
    found = read(**{column: "best"})
    assert found.iloc[0].tolist() == ["best", "1", "c_d", 1.0, ""]


@pytest.mark.parametrize("cell", ["c_d", "3", "Cherries", "cherries"])
def test_an_item_is_told_by_id_number_or_text(cell):
    assert read(pick=cell)["item"].tolist() == ["c_d"]


def test_picks_become_a_row_an_item_shown():
    found = usable(read(best_1_best="a", best_1_worst="Pears", best_1_shown="1;2;3")).set_index("item")["answer"]
    assert found.to_dict() == {"a": 1.0, "b": -1.0, "c_d": 0.0}
    assert set(read(best_2_best="a", best_2_worst="b")["reason"]) == {"items shown are not told"}


def test_ticks_in_one_cell_and_in_columns():
    assert set(read(tick="Apples, Cherries")["item"]) == {"a", "c_d"}
    assert read(tick_a="1", tick_2="0", tick_c_d="Cherries")["answer"].tolist() == [1, 0, 1]


def test_words_of_an_open_answer_are_not_kept():
    found = long_answers(pd.DataFrame({"response_id": ["r1"], "why": ["my name is Jo"]}), small_bank())
    assert "Jo" not in found.to_csv()
    assert found["answer"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("cell", "answer", "reason"),
    [("4", 4, ""), ("good", 5, ""), ("4 - well", 4, ""), ("6", 6, "off the scale"), ("2.5", 2.5, "off the scale")],
)
def test_a_scale_is_read_and_held(cell, answer, reason):
    assert read(rate=cell)[["answer", "reason"]].iloc[0].tolist() == [answer, reason]


def test_what_the_bank_does_not_know_is_set_aside_by_reason():
    rows = [row("r1"), row("r2", "never"), row("r2", module="three"), row("r2", "tick", "1", "kiwi"),
            row("r2", "best", "1", "a", "9", module="two"), row("r2", answer="whatever")]  # fmt: skip
    found = matched(*rows)
    assert reasons(found) == {"no such question": 1, "no such module": 1, "no such item": 1, "no such task": 1,
                              "not readable": 1}  # fmt: skip
    assert len(found.rows) + found.set_aside["rows"].sum() == len(rows)
    told = found.set_aside.to_csv() + found.sentence
    assert not any(word in told for word in ("never", "three", "kiwi", "whatever"))


def test_answers_from_people_not_assigned_are_not_used():
    found = matched(row("r1"), row("r1", "best", "1", "a", "1", "two"), row("r3"), row("r4"), row("r9"), row(None))
    assert found.rows["response_id"].tolist() == ["r1"]
    assert reasons(found) == {"not assigned to this module": 3, "no such response": 1, "no token": 1}
    assert "r9" not in found.sentence


def test_an_answer_given_twice_is_used_once_and_never_if_the_two_differ():
    found = matched(row("r1"), row("r1"), row("r2", answer="3"), row("r2", answer="4"))
    assert found.rows[["response_id", "answer"]].values.tolist() == [["r1", 3.0]]
    assert reasons(found) == {"stands twice": 1, "answered twice, not alike": 2}


def test_an_item_that_excludes_others_cannot_stand_beside_them():
    ticks = [
        row("r1", "tick", "1", "a"),
        row("r1", "tick", "1", "e"),
        row("r2", "tick", "1", "e"),
        row("r2", "tick", "0", "a"),
    ]
    found = matched(*ticks)
    assert set(found.rows["response_id"]) == {"r2"}
    assert reasons(found) == {"ticked beside an item that excludes others": 2}


def test_the_token_may_be_a_customer_and_a_wave():
    given = pd.DataFrame([row("x", customer="c1"), row("x", customer="c7")]).drop(columns="response_id")
    found = cx.questions.answers(Study(given, PEOPLE), small_bank(assignment=PLAN))
    assert found.rows["response_id"].tolist() == ["r1"]
    assert reasons(found) == {"no such response": 1}


def test_a_response_of_somebody_else_is_not_used():
    assert reasons(matched(row("r1", customer="c2"), row("r2", customer="c2"))) == {"response of another customer": 1}


def test_the_later_of_two_responses_counts():
    people = pd.concat([PEOPLE, PEOPLE.iloc[[0]].assign(response_id="r5")], ignore_index=True)
    found = matched(row("r1"), row("r5", answer="5"), people=people)
    assert found.rows["answer"].tolist() == [5.0]
    assert reasons(found) == {"earlier of two responses in a wave": 1}


def test_probability_is_that_of_all_arms_with_the_module():
    bank = small_bank(assignment=PLAN)
    assert asked_with(bank, "one") == pytest.approx(0.8 * 0.75)
    assert asked_with(bank, "two") == asked_with(bank, "one", "two") == pytest.approx(0.8 * 0.25)
    found = matched(row("r1"), row("r2", "best", "1", "a", "1", "two"))
    assert found.rows["weight"].tolist() == pytest.approx([1 / 0.6, 1 / 0.2])


def test_without_a_table_or_a_token_there_is_one_sentence():
    with pytest.raises(StudyError, match="no column holds an answer"):
        cx.questions.answers(Study(None, PEOPLE), small_bank())
    with pytest.raises(StudyError, match="no token"):
        cx.questions.answers(Study(pd.DataFrame({"rate": [3]}), PEOPLE), small_bank())


def test_arms_are_computed_again_and_equal_those_recorded(demo):
    found = cx.questions.answers(*demo)
    assert found.arms == "recomputed with the key"
    known = found.people.dropna(subset=["arm", "shown"])
    assert len(known) > 2000
    assert known["arm"].eq(known["shown"]).all()
    assert found.rows["response_id"].isin(demo[0].responses["response_id"]).all()
    assert len(found.rows) + found.set_aside["rows"].sum() == len(demo[0].table("answers"))


def test_everyone_invited_is_either_lost_or_answered(demo):
    flow = cx.questions.flow(*demo)
    stages = flow.stages.set_index("stage")["n"]
    assert flow.losses["n"].sum() + stages["answered the module"] == stages["invited"]
    sent = demo[0].invitations.query("survey == 'relationship' and invited_at >= '2026-01-01'")
    assert stages["invited"] == len(sent)
    assert stages["eligible"] == sent["arm"].notna().sum()
    dealt = flow.arms.query("stage == 'assigned'").groupby("arm")["n"].sum()
    assert dealt.to_dict() == sent["arm"].value_counts().to_dict()
    assert flow.differing.empty


def test_people_shown_another_arm_are_counted(demo):
    from dataclasses import replace

    study, bank = demo
    wrong = study.responses["arm"].eq("pricing") & study.responses["period"].eq("2026Q3")
    mixed = study.responses.assign(arm=study.responses["arm"].mask(wrong, "none"))
    other = replace(study, tables={**study.tables, "responses": mixed})
    flow = cx.questions.flow(other, bank, waves=["2026Q3"])
    assert flow.differing[["arm", "shown"]].values.tolist() == [["pricing", "none"]]
    assert flow.differing["n"].item() == study.answers("relationship").query("arm == 'pricing'").shape[0]
    # Whoever answered the module was shown it, whatever was recorded.
    stages = flow.arms.query("arm == 'pricing'").set_index("stage")["n"]
    assert stages["shown the module"] == stages["answered the module"] < stages["began the survey"]


def test_questions_never_asked_together_are_not_crossed():
    bank = small_bank(assignment=PLAN)
    assert arms_with(bank, "rate", "best") == ["both"]
    apart = PLAN | {
        "arms": {"left": {"probability": 0.5, "modules": ["one"]}, "right": {"probability": 0.5, "modules": ["two"]}}
    }
    with pytest.raises(StudyError, match=r"never asked of the same people \(rate: left; best: right\)"):
        arms_with(small_bank(assignment=apart), "rate", "best")


def test_questions_asked_together_are_crossed_with_their_own_weight():
    people = pd.DataFrame(
        {
            "response_id": [f"r{n}" for n in range(80)],
            "customer_id": [f"c{n}" for n in range(80)],
            "nps": 9.0,
            "arm": "left",
        }
    )
    picks = itertools.cycle(["a", "a", "b", "c_d"])
    rows = [row(f"r{n}", "pick", item) for n, item in zip(range(80), picks, strict=False)]
    rows += [row(f"r{n}", "rate", "5" if n % 2 else "1") for n in range(60)]
    cells = crossed(matched(*rows, people=people), "pick", "rate").cells
    told = cells[cells["row_level"].eq("a")].set_index("banner_level")
    assert told.loc["all", "n"] == 60
    assert told["estimate"].round(3).to_dict() == {"all": 0.5, "1.0": 0.5, "5.0": 0.5}
