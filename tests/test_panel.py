"""The panel link: slope, correction and annihilator against dummy regressions, the gate, and panels that are none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import cxresearch as cx
from cxresearch.revenue.panel import panel_link
from cxresearch.stats.panel import answers_needed, panel_slope, reliability_bound, standing, two_way
from cxresearch.stats.wild_bootstrap import Scores, confidence_set, p_value, webb
from cxresearch.strict_yaml import StudyError


@pytest.fixture(scope="module")
def demo():
    return cx.load("demo", period="2026Q3")


@pytest.fixture(scope="module")
def region(demo):
    return panel_link(demo, "region", n_boot=399)


def unbalanced(seed=0):
    """Return codes of segment and period of a panel with gaps, and numbers for its cells."""
    rng = np.random.default_rng(seed)
    full = np.array([(s, t) for s in range(7) for t in range(9)])
    cells = full[np.sort(rng.permutation(63)[:50])]
    x = rng.normal(0, 10, 50) + 5 * cells[:, 0]
    return cells[:, 0], cells[:, 1], x, 0.002 * x + rng.normal(0, 0.02, 50), rng.uniform(5, 20, 50)


def changed(study, **tables):
    """Return a study with other tables."""
    return replace(study, tables={**{name: study.table(name) for name in study.tables}, **tables})


def test_slope_and_annihilator_are_those_of_a_regression_with_dummies():
    segment, period, x, y, variance = unbalanced()
    dummies = pd.get_dummies(pd.DataFrame({"s": segment, "t": period}).astype(str), dtype=float)
    d = sm.add_constant(dummies).to_numpy()
    free = np.column_stack([d[:, 0], d[:, 2:8], d[:, 9:]])
    m = np.eye(50) - d @ np.linalg.pinv(d)
    effects = two_way(segment, period)
    found = panel_slope(y, x, variance, effects)
    assert effects.m == pytest.approx(np.diag(m))
    assert effects.df == pytest.approx(np.trace(m))
    assert found.naive.estimate == pytest.approx(sm.OLS(y, np.column_stack([x, free])).fit().params[0])
    expected = (x @ m @ y) / (x @ m @ x - np.trace(m @ np.diag(variance)))
    assert found.corrected.estimate == pytest.approx(expected)
    assert found.reliability == pytest.approx(1 - np.diag(m) @ variance / (x @ m @ x))


def test_errors_are_those_of_statsmodels_clustered_by_segment():
    segment, period, x, y, variance = unbalanced()
    effects = two_way(segment, period)
    fit = sm.OLS(effects.within(y), effects.within(x)).fit(
        cov_type="cluster", cov_kwds={"groups": segment, "use_correction": False}
    )
    assert panel_slope(y, x, variance, effects).naive.std_error == pytest.approx(fit.bse[0] * np.sqrt(7 / 6))


def test_the_bound_is_a_lower_one_that_holds_in_95_of_100_panels():
    rng, df, true = np.random.default_rng(1), 49, 0.6
    estimates = 1 - (1 - true) * df / rng.chisquare(df, 4_000)
    below = np.mean([reliability_bound(one, df) <= true for one in estimates])
    assert below == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    ("reliability", "bound", "segments", "expected"),
    [
        (0.5, 0.1, 6, "corrected"),
        (0.49, 0.1, 6, "uncertain"),
        (0.3, 0.1, 6, "uncertain"),
        (0.29, 0.1, 6, "refused"),
        (0.9, 0.0, 6, "refused"),
        (0.9, 0.5, 5, "refused"),
    ],
)
def test_the_gate_is_that_of_the_rulings(reliability, bound, segments, expected):
    assert standing(reliability, bound, segments) == expected


def test_the_answers_needed_reach_the_reliability_wanted():
    needed = answers_needed(80, 0.2, goal=0.5)
    truth, noise = 0.2, 0.8 * 80
    assert truth / (truth + noise / needed) == pytest.approx(0.5)


def test_limits_are_where_the_p_value_crosses():
    rng = np.random.default_rng(3)
    scores, draws = Scores(rng.normal(1, 1, 10), rng.uniform(0.5, 1.5, 10)), webb(999, 10, 0)
    low, high = confidence_set(scores, draws)
    step = 1e-3 * (high - low)
    inside, outside = [p_value(scores, draws, b) for b in (low + step, high - step)], [low - step, high + step]
    assert min(inside) > 0.05
    assert max(p_value(scores, draws, b) for b in outside) <= 0.05


def test_an_interval_without_end_is_said():
    scores = Scores(np.array([1.0, -2.0, 0.5, 2.0, 1.0, -1.0]), np.array([4.0, -3.0, 2.0, -3.0, 3.0, -2.0]))
    assert confidence_set(scores, webb(999, 6, 0)) == (-np.inf, np.inf)


def test_webb_draws_have_mean_0_and_variance_1():
    draws = webb(20_000, 3, 0)
    assert [draws.mean(), draws.var()] == pytest.approx([0, 1], abs=0.02)


def test_a_slope_of_noise_alone_is_refused():
    rng = np.random.default_rng(5)
    effects = two_way(np.repeat(np.arange(8), 8), np.tile(np.arange(8), 8))
    found = panel_slope(rng.normal(size=64), rng.normal(0, 3, 64), np.full(64, 9.0), effects)
    assert found.status == "refused"
    assert np.isnan([found.naive.estimate, found.corrected.conf_low]).all()


def test_the_planted_slope_of_the_demo_is_held(region):
    row = region.effect.set_index("slope").loc["corrected"]
    assert row["conf_low"] < 0.0008 < row["conf_high"]
    assert row["gate"] == "corrected"
    assert region.effect["estimate"].is_monotonic_increasing
    assert region.status.loc[0, "verdict"] == "rises"


def test_fine_segments_are_refused_with_what_they_would_need(demo):
    link = panel_link(demo, "district", leads_lags=0, n_boot=99)
    assert link.effect["estimate"].isna().all()
    assert link.status.loc[0, "status"] == "refused"
    assert link.status.loc[0, "reason"] != ""


def test_revenue_is_that_of_all_customers_with_us_at_the_start(demo, region):
    cell = region.cells[region.cells["period"].eq("2025Q4") & region.cells["region"].eq("Haldenau")].iloc[0]
    people = demo.customers[demo.customers["region"].eq("Haldenau")]
    # With us at the start: in any part of December.
    with_us = people[people["since"].lt("2026-01-01") & ~people["churned_at"].lt("2025-12-01")]["customer_id"]
    bills = demo.revenue[demo.revenue["month"].between("2026-01-01", "2026-03-31")]
    billed = set(demo.revenue["customer_id"])
    with_us = [one for one in with_us if one in billed]
    paid = bills[bills["customer_id"].isin(with_us)]["revenue"].sum()
    assert cell["customers"] == len(with_us)
    assert cell["log_revenue"] == pytest.approx(np.log(paid / len(with_us)))


def test_each_lead_and_lag_has_five_quarters_or_none(region):
    lags = region.lags.set_index("lag")
    assert list(lags.index) == list(range(-4, 5))
    assert (lags["estimate"].notna() == lags["periods"].ge(5)).all()
    assert lags.loc[4, "flag"] == "4 periods left, 5 are needed"
    assert lags.loc[0:, "p_adjusted"].isna().all()


def test_a_clear_lead_is_flagged(demo):
    bills = demo.revenue
    later = bills.assign(month=bills["month"] - pd.DateOffset(months=6))
    link = panel_link(changed(demo, revenue=later), "region", n_boot=999)
    lags = link.lags.set_index("lag")
    # What stood one quarter behind the score now stands one before it.
    assert lags.loc[-1, "estimate"] == pytest.approx(0.0007, abs=0.0004)
    assert lags.loc[-1, "p_value"] < 0.05


def test_the_base_beside_a_dropped_segment_is_its_own(region):
    used = region.cells[region.cells["used"]]
    own = used.groupby("region")["n"].sum()
    assert region.dropped.set_index("region")["n"].to_dict() == own.to_dict()


def test_inputs_stay_as_they_are(demo):
    before = demo.revenue.copy()
    panel_link(demo, "region", leads_lags=0, n_boot=99)
    pd.testing.assert_frame_equal(demo.revenue, before)


def test_panels_that_are_none_are_refused_in_a_sentence(demo):
    responses, revenue = demo.responses, demo.revenue
    recent = responses[responses["period"].isin(["2026Q2"])]
    cases = {
        "5 segments and 1 periods": changed(demo, responses=recent),
        "0 cells of plan": changed(demo, revenue=revenue.assign(revenue=-revenue["revenue"].abs())),
        "of 1 segments": changed(
            demo, responses=responses.assign(plan="one"), customers=demo.customers.assign(plan="one")
        ),
    }
    for words, study in cases.items():
        with pytest.raises(StudyError, match=words):
            panel_link(replace(study, periods=sorted(study.responses["period"].unique())), "plan", n_boot=99)


def test_names_that_are_none_are_refused(demo):
    with pytest.raises(StudyError, match=r"no segment 'regoin'.*region"):
        panel_link(demo, "regoin")
    with pytest.raises(StudyError, match="do not keep their 'tenure'"):
        panel_link(demo, "tenure")
    with pytest.raises(StudyError, match="outcome: found 'sum'"):
        panel_link(demo, "region", outcome="sum")
    with pytest.raises(StudyError, match="no table `revenue`"):
        panel_link(replace(demo, tables={"responses": demo.responses, "customers": demo.customers}), "region")


def test_scores_that_do_not_vary_are_named():
    effects = two_way(np.repeat(np.arange(3), 4), np.tile(np.arange(4), 3))
    with pytest.raises(ValueError, match="does not vary"):
        panel_slope(np.arange(12.0), np.full(12, 30.0), np.ones(12), effects)
