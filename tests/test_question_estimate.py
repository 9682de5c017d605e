"""Estimates of inserted questions: against their definition, planted truth, by group, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT

import cxresearch as cx
from cxresearch.questions.answers import Answers
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError

PRICES = ("too_cheap", "bargain", "getting_expensive", "too_expensive")


@pytest.fixture(scope="module")
def demo():
    return cx.questions.answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))


@pytest.fixture(scope="module")
def truth():
    return yaml.safe_load((ROOT / "data/demo/truth.yaml").read_text())["modules"]


def small(question, rows, **who):
    """Return answers to one question; `rows` are person, task, item and answer."""
    asked = {"id": "q", "module": "m", "text": "?", **question}
    bank = Bank.model_validate({"modules": {"m": {"seconds": 9}}, "questions": [asked]})
    frame = pd.DataFrame(rows, columns=["response_id", "task", "item", "answer"]).astype({"answer": float})
    weight = frame["response_id"].map(who.get("weight", {})).fillna(1.0)
    frame = frame.assign(module="m", question="q", customer_id=frame["response_id"], wave="2026Q1", arm="", plan="A",
                         probability=0.5, response_weight=weight, weight=weight / 0.5)  # fmt: skip
    people = frame.drop_duplicates("response_id").drop(columns=["task", "item", "answer"])
    return Answers(bank, frame, people, pd.DataFrame(columns=["reason", "rows"]), ["2026Q1"], ["plan"], "")


def shown_as(path):
    """Return the real MaxDiff of 60 items as answers."""
    given = pd.read_csv(path)
    items = {f"i{number}": name for number, name in enumerate(sorted(given["character"].unique()))}
    ids = {name: item for item, name in items.items()}
    who = (given["pid"].astype(str), given["trial"].astype(str), given["character"].map(ids))
    rows = list(zip(*who, given["decision"], strict=True))
    return small({"type": "maxdiff", "items": items, "tasks": 5, "shown": 4}, rows)


def test_a_mean_is_hajeks_with_the_response_weights():
    found = small(
        {"type": "scale", "scale": [1, 5]}, [("a", "", "", 1), ("b", "", "", 5), ("c", "", "", 2)], weight={"b": 3.0}
    )
    estimate = cx.questions.estimate(found, "q")
    assert estimate["means"]["estimate"].item() == pytest.approx((1 + 3 * 5 + 2) / 5)
    assert estimate["distribution"]["estimate"].tolist() == pytest.approx([0.2, 0.2, 0, 0, 0.6])


def test_buyers_are_counted_by_the_convention():
    rows = [(str(n), "", "", n % 5 + 1) for n in range(50)]
    found = cx.questions.estimate(small({"type": "intent", "scale": [1, 5]}, rows), "q")
    assert found["buyers"]["estimate"].item() == pytest.approx(np.mean([0, 0.1, 0.3, 0.5, 0.7]))


def test_a_median_is_where_half_of_the_weight_is_reached():
    rows = [(str(n), "", "", n) for n in range(1, 8)]
    found = small({"type": "number"}, rows, weight={"7": 20.0})
    assert cx.questions.estimate(found, "q", n_boot=20)["median"]["estimate"].item() == 7
    assert cx.questions.estimate(small({"type": "number"}, rows), "q", n_boot=0)["median"]["estimate"].item() == 4


def test_ticks_without_zeros_are_all_ticks_and_gaps_stay_gaps():
    question = {"type": "multi-select", "items": {"a": "A", "b": "B"}}
    only = small(question, [("x", "", "a", 1), ("y", "", "b", 1), ("z", "", "a", 1), ("z", "", "b", 1)])
    shares = cx.questions.estimate(only, "q", n_boot=0)["shares"].set_index("item")
    assert shares["estimate"].to_dict() == pytest.approx({"a": 2 / 3, "b": 2 / 3})
    partly = small(
        question, [("x", "", "a", 1), ("y", "", "b", 0), ("y", "", "a", 0), ("z", "", "a", 1), ("z", "", "b", 1)]
    )
    assert cx.questions.estimate(partly, "q", n_boot=0)["shares"].set_index("item")["n"].to_dict() == {"a": 3, "b": 2}


def test_overlap_is_among_those_who_tick_the_first():
    question = {"type": "multi-select", "items": {"a": "A", "b": "B"}}
    rows = [(str(n), "", item, tick) for n in range(40) for item, tick in (("a", n < 20), ("b", n % 4 == 0))]
    overlap = cx.questions.estimate(small(question, rows), "q", n_boot=0)["overlap"].set_index(["item", "also"])
    assert overlap.loc[("a", "b"), ["n", "estimate"]].tolist() == [20, 0.25]
    assert overlap.loc[("b", "a"), ["n", "estimate"]].tolist() == [10, 0.5]


def test_the_demo_tells_its_planted_truth(demo, truth):
    shares = cx.questions.estimate(demo, "bundle", n_boot=0)["shares"].set_index("item")
    planted = pd.Series(truth["bundle_shares"]).reindex(shares.index)
    assert (abs(shares["estimate"] - planted) < 3 * shares["std_error"]).all()
    classes = cx.questions.estimate(demo, "kano")["features"].set_index("feature")["class"]
    assert classes.to_dict() == truth["kano"]
    utilities = cx.questions.estimate(demo, "priority")["utilities"].set_index("item")["estimate"]
    known = pd.Series(truth["maxdiff_utilities"]).reindex(utilities.index)
    assert np.corrcoef(utilities, known)[0, 1] > 0.98
    # People say whole euros, so a curve of "at or below" lies half a euro too low.
    points = cx.questions.estimate(demo, "price", n_boot=100)["points"].set_index("point")
    factors = truth["price"]["factors"]
    middle = truth["price"]["centre"] * np.sqrt(factors["bargain"] * factors["getting_expensive"])
    row = points.loc["indifference price"]
    assert row["conf_low"] < middle - 0.5 < row["conf_high"]


@pytest.mark.parametrize("question", ["price", "intent", "priority", "kano", "bundle"])
def test_groups_are_those_of_a_filtered_sample(demo, question):
    whole = cx.questions.estimate(demo, question, "nps_group", n_boot=0)
    part = replace(demo, rows=demo.rows[demo.rows["nps_group"].eq("Passives")])
    alone = cx.questions.estimate(part, question, n_boot=0)
    for name, table in alone.tables.items():
        of_group = whole[name].query("nps_group == 'Passives'").drop(columns="nps_group").reset_index(drop=True)
        if "estimate" in table:
            np.testing.assert_allclose(of_group["estimate"], table["estimate"], atol=1e-12)
            assert of_group["n"].tolist() == table["n"].tolist()


def test_a_level_that_a_method_refuses_is_told_and_the_others_stay(demo):
    lonely = demo.rows["plan"].eq("Business") & demo.rows["response_id"].ne(
        demo.rows.query("plan == 'Business' and question == 'priority'")["response_id"].iloc[0]
    )
    found = cx.questions.estimate(replace(demo, rows=demo.rows[~lonely]), "priority", "plan")
    assert found.refused[["plan", "n"]].values.tolist() == [["Business", 1]]
    assert "Business" not in set(found["shares"]["plan"])
    assert found["shares"]["plan"].nunique() == 4


def test_differences_are_one_family_over_items_and_groups(demo):
    found = cx.questions.differences(demo, "bundle", "nps_group", n_permutations=99)
    assert len(found) == 18
    assert found["family"].unique().tolist() == ["18 comparisons over items and groups of NPS group"]
    shares = cx.questions.estimate(demo, "bundle", "nps_group", n_boot=0)["shares"]
    both = found.merge(shares, left_on=["item", "level"], right_on=["item", "nps_group"])
    np.testing.assert_allclose(both["value"], both["estimate_y"])


def test_swapped_columns_are_refused_with_a_sentence(shared):
    import pyreadstat

    given, _ = pyreadstat.read_sav(str(shared("data/pricing_maxdiff/vanwestendorp_example.sav")))
    rows = [(str(number), "", name, given[name].iloc[number]) for number in range(len(given)) for name in PRICES]
    question = {"type": "van-westendorp", "items": dict.fromkeys(PRICES, "?")}
    with pytest.raises(StudyError, match="bargain and getting_expensive look swapped"):
        cx.questions.estimate(small(question, rows), "q", n_boot=0)


def test_twenty_people_cannot_tell_sixty_items_apart(shared):
    with pytest.raises(StudyError, match="q: "):
        cx.questions.estimate(shown_as(shared("data/pricing_maxdiff/maxdiff_characters_long.csv")), "q")


def test_one_person_and_nobody(demo):
    found = small({"type": "scale", "scale": [1, 5]}, [("a", "", "", 4)])
    one = cx.questions.estimate(found, "q")["means"].iloc[0]
    assert one["n"] == 1
    assert np.isnan(one["estimate"])
    empty = replace(found, rows=found.rows.iloc[:0])
    with pytest.raises(StudyError, match="nobody's answer can be used"):
        cx.questions.estimate(empty, "q")
    with pytest.raises(KeyError, match="no question"):
        cx.questions.estimate(demo, "prices")
    with pytest.raises(KeyError, match="no group"):
        cx.questions.estimate(demo, "price", "plans")
