"""The plan of a wave: who is eligible, what goes together, how many answers are needed, when, and at what cost."""

from dataclasses import replace
from itertools import combinations
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from references import reference
from scipy import stats

import cxresearch as cx
from cxresearch.questions import answers_needed, blocks
from cxresearch.questions.burden import seconds_of
from cxresearch.questions.eligible import eligible
from cxresearch.strict_yaml import StudyError


@pytest.fixture(scope="module")
def study():
    return cx.load("demo", "2026Q3")


@pytest.fixture(scope="module")
def bank(study):
    return cx.questions.bank(study)


@pytest.fixture(scope="module")
def planned(study, bank):
    return cx.questions.plan(study, bank)


def ruled(bank, **rules):
    """Return a bank with other rules of who is eligible."""
    changed = bank.assignment.eligible.model_copy(update=rules)
    return bank.model_copy(update={"assignment": bank.assignment.model_copy(update={"eligible": changed})})


# --- blocks -----------------------------------------------------------------------------------------------------------


def met(design, names):
    """Return in how many blocks each pair meets, counted from the blocks alone."""
    return [sum({a, b} <= set(block) for block in design.members) for a, b in combinations(names, 2)]


@pytest.mark.parametrize(
    # Known designs: the Fano plane, its like of order 3, and those of 5 and 11 points.
    ("count", "size", "n_blocks", "together"),
    [(7, 3, 7, 1), (13, 4, 13, 1), (11, 5, 11, 2), (4, 2, 6, 1), (5, 3, 10, 3), (3, 2, 3, 1)],
)
def test_known_balanced_designs_are_found(count, size, n_blocks, together):
    names = [f"m{number}" for number in range(count)]
    design = blocks(names, size)
    assert (design.balanced, len(design.members)) == (True, n_blocks)
    assert set(met(design, names)) == {together}
    assert design.balance["together"].tolist() == met(design, names)
    assert all(len(set(block)) == size for block in design.members)


def test_where_no_balance_is_possible_blocks_are_as_even_as_exchanges_make_them():
    names = [f"i{number}" for number in range(10)]
    design = blocks(names, 4, 8)
    assert not design.balanced
    assert all(len(set(block)) == 4 for block in design.members)
    counts = design.blocks["name"].value_counts()
    assert counts.max() - counts.min() <= 1
    # 8 blocks of 6 pairs over 45 pairs: 1.07 a pair.
    assert max(met(design, names)) <= 2
    assert "Not balanced" in design.sentence


def test_blocks_become_arms():
    arms = blocks(["a", "b", "c"], 2).arms(none=0.1)
    assert sum(arm.probability for arm in arms.values()) == pytest.approx(1)
    assert arms["none"].modules == []


@pytest.mark.parametrize(
    ("names", "size", "count"), [(["a", "a"], 1, None), (["a", "b"], 2, None), (list("abcdef"), 2, 2)]
)
def test_impossible_blocks_are_refused(names, size, count):
    with pytest.raises(ValueError, match="blocks: "):
        blocks(names, size, count)


# --- sample sizes -----------------------------------------------------------------------------------------------------


TOWARDS_ONE_HALF = [
    place
    for place, case in enumerate(reference("power")["expected"]["two_prop"])
    if abs(case["p1"] - 0.5) >= abs(case["p2"] - 0.5) or case["p1"] == 0.5
]


@pytest.mark.parametrize("place", TOWARDS_ONE_HALF)
def test_answers_for_a_difference_of_shares_equal_power_prop_test(place):
    case = reference("power")["expected"]["two_prop"][place]
    found = answers_needed(
        share=case["p1"], difference=abs(case["p2"] - case["p1"]), power=case["power"], conf_level=1 - case["alpha"]
    )
    assert found == pytest.approx(case["n_per_group"], rel=reference("power")["tolerance"]["n"]["rel"])


@pytest.mark.parametrize("place", range(len(reference("power")["expected"]["t"])))
def test_answers_for_a_difference_of_means_equal_power_t_test(place):
    case = reference("power")["expected"]["t"][place]
    found = answers_needed(sd=case["sd"], difference=case["delta"], power=case["power"])
    assert found == pytest.approx(case["n"], rel=1e-4)


def test_that_many_answers_give_the_half_width():
    n, rng = round(answers_needed(share=0.3, half_width=0.04)), np.random.default_rng(1)
    shares = rng.binomial(n, 0.3, 20_000) / n
    inside = np.abs(shares - 0.3) <= 0.04
    assert inside.mean() == pytest.approx(0.95, abs=0.01)
    assert answers_needed(sd=2, half_width=0.5, deff=1.5) == pytest.approx(1.5 * (stats.norm.ppf(0.975) * 2 / 0.5) ** 2)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"sd": 1},
        {"sd": 1, "share": 0.5, "half_width": 1},
        {"sd": 1, "half_width": 0},
        {"share": 2, "half_width": 1},
    ],
)
def test_contradicting_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match="answers_needed"):
        answers_needed(**wrong)


# --- who is eligible --------------------------------------------------------------------------------------------------


def test_the_flow_loses_nobody_unsaid(study, planned):
    flow = planned.flow
    assert flow["n"].tolist() == (flow["n"].iloc[0] - flow["lost"].cumsum()).tolist()
    assert len(planned.assignment) == flow["n"].iloc[-2]
    left = study.customers["churned_at"].isna()
    assert flow["n"].iloc[0] == left.sum()
    assert flow["n"].iloc[1] == (left & study.customers["research_consent"].eq(1)).sum()


def test_rests_leave_out_whom_they_name_and_the_holdout_alike(study, bank):
    found = eligible(study, bank, "2026Q4").customers["customer_id"]
    asked = study.invitations
    last = asked.groupby("customer_id")["invited_at"].max().reindex(found)
    assert not (last >= "2026-09-17").any()
    rules = ruled(bank, rested_days=0, module_rested_days=60)
    free = cx.questions.plan(study, rules, "2026Q4").arms.set_index("arm")
    # Were the holdout not to rest, it would be about twice its share of those who are left.
    assert stats.binomtest(int(free.loc["holdout", "n"]), int(free["n"].sum()), 0.15).pvalue > 0.001


def test_rests_do_not_touch_waves_before_they_were_agreed(study, bank):
    agreed = eligible(study, bank, "2026Q3").customers
    strict = eligible(study, ruled(bank, since=None), "2026Q3").customers
    assert len(strict) < len(agreed)


def test_where_and_unknown_names(study, bank):
    some = eligible(study, ruled(bank, where={"plan": ["Flex"]}), "2026Q3").customers
    assert set(study.customers.set_index("customer_id").loc[some["customer_id"], "plan"]) == {"Flex"}
    for rules, told in (
        ({"where": {"paln": ["Flex"]}}, "nearest known one is 'plan'"),
        ({"where": {"plan": ["Flexx"]}}, "nearest known one is 'Flex'"),
        ({"consent": "consent"}, "no column 'consent'"),
    ):
        with pytest.raises(StudyError, match=told):
            eligible(study, ruled(bank, **rules), "2026Q3")


def test_nobody_eligible_is_a_sentence(study, bank):
    nobody = study.customers.assign(research_consent=0.0)
    without = replace(study, tables={**study.tables, "customers": nobody})
    with pytest.raises(StudyError, match="nobody is eligible"):
        cx.questions.plan(without, bank, "2026Q4")


# --- targets and burden -----------------------------------------------------------------------------------------------


def test_a_target_is_counted_again_by_hand(study, bank, planned):
    row = planned.targets.set_index(["question", "level"]).loc[("intent", "Flex")]
    answers = study.table("answers").query("question == 'intent'")
    plans = study.responses.set_index("response_id")["plan"]
    assert row["so_far"] == answers["response_id"].map(plans).eq("Flex").sum()
    assert row["spread"] == pytest.approx(answers["answer"].std())
    assert row["needed"] == np.ceil((stats.norm.ppf(0.975) * answers["answer"].std() / 0.15) ** 2 * row["deff"])
    assert row["waves_left"] == pytest.approx((row["needed"] - row["so_far"]) / row["expected"])
    start = pd.Timestamp("2026-10-01")
    days = (pd.Timestamp(row["met_on"]) - start).days + 1
    assert days == np.ceil(row["waves_left"] * 92)


def test_the_flow_of_a_recorded_wave_is_about_what_came(study, bank):
    # Planned as if it lay ahead; what really came is within four standard errors of a count, plus the drift of a year.
    targets = cx.questions.plan(study, bank, "2026Q3").targets.set_index("question")
    for question in ("price", "priority", "kano"):
        came = study.table("answers").query("question == @question and wave == '2026Q3'")["response_id"].nunique()
        assert abs(targets.loc[question, "expected"] - came) < 4 * sqrt(came) + 0.1 * came


def test_dates_come_later_at_a_slower_flow(planned):
    dated = planned.targets[planned.targets["met_on"].ne("")]
    assert len(dated) > 3
    assert (dated["met_late"] >= dated["met_on"]).all()
    met_already = planned.targets["flag"].eq("met")
    assert (planned.targets.loc[met_already, "so_far"] >= planned.targets.loc[met_already, "needed"]).all()


def test_seconds_of_the_questions_add_up_to_the_module(bank):
    for name, module in bank.modules.items():
        assert sum(seconds_of(bank, question) for question in bank.of_module(name)) == pytest.approx(module.seconds)


def test_the_ledger_is_time_and_share_of_the_target(planned):
    ledger = planned.burden.set_index("question")
    assert ledger["hours"].to_numpy() == pytest.approx((ledger["seconds"] * ledger["expected"] / 3600).to_numpy())
    price = planned.targets.set_index("question").loc["price"]
    assert ledger.loc["price", "gain"] == pytest.approx(price["expected"] / price["needed"])
    assert ledger.loc["kano", ["gain", "flag"]].tolist() == [0, "target met"]
    assert planned.burden["gain_per_hour"].is_monotonic_increasing


# --- the hash ---------------------------------------------------------------------------------------------------------


def test_the_hash_stands_for_rules_words_order_and_people(study, bank, planned):
    rules = bank.assignment
    reordered = rules.model_copy(update={"arms": dict(reversed(rules.arms.items()))})
    worded = bank.questions[0].model_copy(update={"text": "Another text?"})
    others = [
        bank.model_copy(update={"assignment": reordered}),
        bank.model_copy(update={"questions": [worded, *bank.questions[1:]]}),
        ruled(bank, rested_days=13),
    ]
    hashes = {cx.questions.plan(study, other).hash for other in others}
    assert len(hashes | {planned.hash}) == 4
    assert cx.questions.plan(study, bank).hash == planned.hash
    assert "halden-demo-2026" in str(planned.record)
    assert len(planned.short) == 12
