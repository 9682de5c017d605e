"""Each further rule of disclosure on tables that can be reckoned on paper."""

import time

import numpy as np
import pandas as pd
import pytest

from cxresearch.present.alike import answered_alike
from cxresearch.present.disclosure import ALIKE, FEW_BEYOND, HIDDEN, Policy, judge, protect
from cxresearch.present.nesting import nesting
from cxresearch.present.payload import Grid, Payload
from cxresearch.stats.dominance import dominance

POLICY = Policy()
NOW = {"period": "2026Q3", "compare_to": "2026Q2", "notebook": "02-scorecard"}


def result(frame, key="t", kind="table", provenance=NOW, **arguments):
    return Payload(key=key, kind=kind, grid=Grid.of(frame), arguments=arguments, provenance=provenance)


def by(column, bases, **more):
    n = list(bases.values())
    return pd.DataFrame({column: list(bases), "n": n, "n_customers": n, "estimate": 20.0, "std_error": 2.0}).assign(
        **more
    )


def whole(base, **more):
    return pd.DataFrame({"n": [base], "n_customers": [base], "estimate": [20.0]}).assign(**more)


def hidden(payloads, column="plan", place=0, **known):
    frame = protect(payloads, POLICY, **known).payloads[place].to_frame()
    return set(frame.loc[frame["flag"] == HIDDEN, column])


def checks(payloads, place=0, **known):
    record = judge(payloads, POLICY, **known).shown_to("team").record
    return {check["check"]: check for check in record["tables"][place]["checks"]}


# --- people whom no row lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("headline", "gone"), [(300, set()), (301, {"C"}), (309, {"C"}), (310, set())])
def test_the_headline_less_the_groups_never_gives_a_few_people(headline, gone):
    # The plans count 300; of the headline's others nobody knows the plan.
    plans = result(by("plan", {"A": 150, "B": 90, "C": 60}), metric="nps")
    assert hidden([plans, result(whole(headline), "headline", metric="nps")]) == gone


def test_a_single_group_that_is_all_but_a_few_of_the_headline_is_hidden():
    one = pd.DataFrame({"segment": ["plan"], "level": ["A"], "n": [295], "n_customers": [295], "estimate": [1.0]})
    headline = result(whole(300), "headline", metric="nps")
    assert hidden([result(one, metric="nps"), headline], "level") == {"A"}
    assert hidden([result(one, metric="csat"), headline], "level") == set()


def test_a_total_beside_its_groups_counts_as_much_as_one_elsewhere():
    assert hidden([result(by("plan", {"all": 245, "A": 150, "B": 90}))]) == {"B"}


def test_a_period_before_is_compared_with_its_own_headline():
    plans = by("plan", {"A": 150, "B": 150}).assign(n_customers_previous=[100, 90], previous=1.0)
    trend = by("period", {"2026Q2": 193, "2026Q3": 300})
    assert hidden([result(plans, metric="nps"), result(trend, "trend", metric="nps")]) == {"B"}
    later = by("period", {"2026Q1": 193, "2026Q3": 300})
    assert hidden([result(plans, metric="nps"), result(later, "trend", metric="nps")]) == set()


def test_a_touchpoint_that_all_but_a_few_met_is_hidden():
    places = by("touchpoint", {"shop": 195, "app": 120})
    assert hidden([result(places, metric="nps"), result(whole(200), "all", metric="nps")], "touchpoint") == {"shop"}


def test_a_group_with_bases_that_differ_by_a_few_is_up_for_review():
    first, second = by("plan", {"A": 150, "B": 90}), by("plan", {"A": 153, "B": 120})
    found = checks([result(first, "one", metric="nps"), result(second, "two", metric="nps")])
    assert found["same group elsewhere"] == {"check": "same group elsewhere", "result": "review", "rows": 1}


# --- segments within segments --------------------------------------------------------------------------------------


def test_a_group_is_not_found_from_the_group_it_is_a_part_of():
    # North is D1 and D2: without D3 hidden too nothing would seem amiss, and North less D2 were D1.
    districts, regions = by("district", {"D1": 6, "D2": 60, "D3": 30, "D4": 50}), by("region", {"N": 66, "S": 80})
    members = pd.DataFrame({"district": ["D1", "D2", "D3", "D4"], "region": ["N", "N", "S", "S"]})
    results = [result(districts, metric="nps"), result(regions, "regions", metric="nps")]
    assert hidden(results, "district") == {"D1", "D3"}
    assert hidden(results, "district", within=nesting(members)) == {"D1", "D2"}


def test_a_group_that_is_all_of_another_is_hidden_as_both():
    districts, regions = by("district", {"D1": 4, "D2": 20, "D3": 70}), by("region", {"N": 4, "M": 20, "S": 70})
    members = pd.DataFrame({"district": ["D1", "D2", "D3"], "region": ["N", "M", "S"], "net": ["x", "x", "y"]})
    results = [result(regions, metric="nps"), result(districts, "districts", metric="nps")]
    assert hidden(results, "region", within=nesting(members)) == {"N", "M"}


def test_segments_that_cut_across_one_another_lie_within_none():
    members = pd.DataFrame({"plan": ["A", "A", "B"], "region": ["N", "S", "S"], "net": ["x", "x", "x"]})
    assert nesting(members) == {}
    some = pd.DataFrame({"plan": ["A", "B", "C", None], "net": ["x", "x", "y", "y"]})
    assert nesting(some) == {("plan", "net"): {"A": "x", "B": "x", "C": "y"}}


# --- sums of money -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid", "safe"),
    [
        ([50, 40, 5, 5], True),
        ([50, 41, 9], False),  # two of three make up 91 %
        ([80, 10, 6, 5], True),
        ([80, 10, 4, 3.9], False),  # who pays 10 knows of the 80 to within 7.9
        ([7], False),
        ([30, -45, 10, 10, -5], True),  # refunds count by their size
    ],
)
def test_both_rules_of_dominance(paid, safe):
    told = dominance(paid)
    sizes = sorted(np.abs(paid), reverse=True)
    assert told.top_two_share == pytest.approx(sum(sizes[:2]) / sum(sizes))
    assert told.rest_to_largest == pytest.approx(sum(sizes[2:]) / sizes[0])
    frame = by("plan", {"A": 90, "B": 80, "C": 200}).assign(
        top_two_share=[told.top_two_share, 0.1, 0.1], rest_to_largest=[told.rest_to_largest, 9.0, 9.0]
    )
    assert hidden([result(frame)]) == (set() if safe else {"A", "B"})


def test_nobody_paid_anything():
    assert np.isnan(dominance([0.0, np.nan])).all()


def test_the_total_and_the_other_parts_do_not_give_a_dominated_sum_away():
    frame = by("level", {"all": 400, "detractors": 60, "passives": 140, "promoters": 200})
    frame.insert(0, "segment", "vote")
    frame = frame.assign(top_two_share=[0.2, 0.95, 0.2, 0.1], rest_to_largest=[5.0, 0.05, 5.0, 9.0])
    payload = result(frame)
    assert hidden([payload], "level") == {"detractors", "passives"}
    assert checks([payload])["dominance"] == {"check": "dominance", "result": "pass", "hidden": 1}


def test_money_that_does_not_tell_its_largest_parts_is_up_for_review():
    assert checks([result(by("plan", {"A": 90, "B": 80}), unit="money")])["dominance"]["result"] == "review"


# --- numbers that rest on one person -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["min", "maximum", "max_spend", "spend_min", "smallest", "largest_bill"])
def test_minima_and_maxima_are_refused_by_name(name):
    with pytest.raises(ValueError, match=rf"column '{name}' is named as a minimum or maximum"):
        result(by("plan", {"A": 90}).assign(**{name: 1.0}))


@pytest.mark.parametrize("name", ["minimum_detectable", "largest_gap", "smallest_difference", "maxdiff", "minutes"])
def test_what_is_no_persons_extreme_passes(name):
    assert name in result(by("plan", {"A": 90}).assign(**{name: 1.0})).grid.columns


@pytest.mark.parametrize(
    ("name", "enough"), [("median", 20), ("median_s", 20), ("lower_quartile", 40), ("p90", 100), ("percentile_05", 200)]
)
def test_quantiles_need_the_minimum_of_people_beyond_them(name, enough):
    frame = by("item", {"x": enough, "y": enough - 1}, **{name: [3.5, 3.5]})
    payload = result(frame)
    done = protect([payload], POLICY).payloads[0].to_frame()
    assert done[name].notna().tolist() == [True, False]
    assert done["flag"].tolist() == ["", FEW_BEYOND]
    assert done["estimate"].notna().all()
    assert checks([payload])["quantiles"]["emptied"] == 1


# --- everybody alike -----------------------------------------------------------------------------------------------


def test_groups_at_an_end_of_the_scale_are_marked_in_every_shape():
    def alike(frame, kind="table", **arguments):
        return sorted(answered_alike(result(frame, kind=kind, **arguments)))

    votes = by("plan", {"A": 20, "B": 30, "C": 40}).drop(columns="std_error").assign(estimate=[100.0, -100.0, 60.0])
    assert alike(votes, metric="nps") == [0, 1]
    assert alike(votes.assign(estimate=[1.0, 0.0, 0.5]), metric="fcr") == [0, 1]
    # In a comparison or change the estimate is a difference, whose error is not 0.
    against = by("plan", {"A": 20, "B": 30, "C": 40}).assign(value=[100.0, 3.0, 4.0], value_against=[5.0, -100.0, 6.0])
    assert alike(against, metric="nps") == [0, 1]
    moved = by("plan", {"A": 20, "B": 30}).assign(previous=[-100.0, 0.0], current=[40.0, 10.0])
    assert alike(moved, metric="nps") == [0]
    # That nobody chose one answer of several says little; that all chose it says all.
    tab = pd.DataFrame({"row": "q", "row_level": ["1", "2"], "banner": "plan", "banner_level": "A", "n": 30})
    tab = tab.assign(n_customers=30, n_eff=30.0, weighted_base=30.0, estimate=[0.0, 1.0], std_error=0.0, letters="")
    assert alike(tab.assign(unit="share"), "crosstab") == [1]
    assert alike(by("score", {"0": 30, "1": 30}).assign(estimate=[0.0, 1.0], std_error=0.0), "distribution") == [1]


def test_marked_rows_say_so_and_hidden_ones_say_nothing_more():
    frame = by("plan", {"A": 120, "B": 30, "C": 6}).assign(estimate=[40.0, 100.0, 100.0])
    done = protect([result(frame, metric="nps")], POLICY).payloads[0].to_frame()
    assert done["flag"].tolist() == ["", HIDDEN, HIDDEN]
    done = protect([result(frame.head(2), metric="nps")], POLICY).payloads[0].to_frame()
    assert done["flag"].tolist() == ["", ALIKE]


# --- the last publication ------------------------------------------------------------------------------------------


def published(*payloads):
    """What the results.json of an earlier publication holds of these."""
    found = {payload.key: payload.to_json() for payload in protect(payloads, POLICY).payloads}
    return {"02-scorecard": found}


def test_groups_that_grew_or_shrank_by_a_few_are_up_for_review():
    before = published(result(by("plan", {"A": 150, "B": 90, "C": 80, "D": 70})))
    now = result(by("plan", {"A": 150, "B": 91, "C": 71, "D": 80}))
    judged = judge([now], POLICY, published=before)
    table = judged.shown_to("public").record["tables"][0]
    assert [row["group"]["plan"] for row in table["republished"]] == ["B", "C"]
    assert all("fewer than 10 customers" in row["why"] for row in table["republished"])
    assert "91" not in str(table["republished"])
    assert judged.warning.startswith("2 rows tell")
    assert hidden([now]) == set()


def test_a_change_is_compared_by_both_of_its_groups():
    frame = by("plan", {"A": 150, "B": 90}).assign(n_customers_previous=[100, 90], previous=1.0)
    found = checks([result(frame.assign(n_customers_previous=[100, 95]))], published=published(result(frame)))
    assert found["published before"] == {"check": "published before", "result": "review", "rows": 1}


def test_what_is_hidden_now_and_was_shown_is_told():
    before = published(result(by("plan", {"A": 150, "B": 90, "C": 40})))
    judged = judge([result(by("plan", {"A": 150, "B": 90, "C": 9}))], POLICY, published=before)
    rows = judged.shown_to("team").record["tables"][0]["republished"]
    assert [(row["group"]["plan"], "shown" in row["why"]) for row in rows] == [("B", True), ("C", True)]


def test_nothing_is_compared_with_another_period_or_where_nothing_was_published():
    now = result(by("plan", {"A": 150, "B": 90}))
    other = result(by("plan", {"A": 151, "B": 91}), provenance={**NOW, "period": "2026Q2"})
    assert checks([now], published=published(other))["published before"]["result"] == "pass"
    assert "published before" not in checks([now])
    assert checks([now], published=published(now))["published before"]["rows"] == 0


# --- speed ---------------------------------------------------------------------------------------------------------


def test_a_large_crosstab_is_protected_in_seconds():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        [{"district": f"d{i}", "plan": f"p{j}", "n": int(rng.gamma(2, 12))} for i in range(40) for j in range(8)]
    )
    frame = frame.assign(n_customers=frame["n"], estimate=1.0)
    began = time.process_time()
    done = protect([result(frame)], POLICY).payloads[0].to_frame()
    assert time.process_time() - began < 10
    assert 0.2 < (done["flag"] == HIDDEN).mean() < 0.9
