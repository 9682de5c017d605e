"""Raking, calibration and replicates: against R `survey`, by hand, and by identities that must hold for any sample."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from cxresearch import weights
from cxresearch.stats import raking, replicates, survey
from cxresearch.stats.design import sample_design

TWO, THREE = ["stype", "sch.wide"], ["stype", "sch.wide", "awards"]


@cache
def reference():
    return json.loads((Path(__file__).parent / "reference" / "raking_api.json").read_text())


def sample(name):
    return pd.DataFrame(reference()["data"][name])


def margins(names):
    return {name: reference()["data"]["margins"][name] for name in names}


def assert_close(found, expected, tolerance):
    """Compare numbers one by one; a missing one agrees with nothing, and neither do arrays of different shapes."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape
    assert not np.isnan(found).any()
    assert (np.abs(found - expected) <= reference()["tolerance"][tolerance]["abs"]).all(), (found, expected)


@pytest.mark.parametrize("wrong", [[1.0, 2.0 + 2e-5], [1.0, np.nan], [1.0], [[1.0, 2.0]]])
def test_the_comparer_fails_on_a_perturbed_reference(wrong):
    assert_close([1.0, 2.0], [1.0, 2.0], "weights")
    with pytest.raises(AssertionError):
        assert_close(wrong, [1.0, 2.0], "weights")


# --- against R survey -------------------------------------------------------------------------------------------------

WEIGHTED = {
    "apiclus1_rake_stype_schwide": lambda frame: weights.rake(frame, margins(TWO), base="pw"),
    "apistrat_rake_stype_schwide_awards": lambda frame: weights.rake(frame, margins(THREE), base="pw"),
    "apiclus1_poststratify_stype": lambda frame: weights.post_stratify(
        frame, margins(TWO)["stype"], "stype", base="pw"
    ),
    "apiclus1_calibrate_linear_greg": lambda frame: weights.calibrate(frame, margins(TWO), base="pw"),
    "apiclus1_calibrate_logit_bounds_0.3_3": lambda frame: weights.calibrate(
        frame, margins(TWO), base="pw", distance="logit", bounds=(0.3, 3)
    ),
}


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_their_base_and_the_errors_equal_r(name):
    r, frame = reference()["expected"][name], sample(name.split("_")[0])
    found = WEIGHTED[name](frame)
    row = found.diagnostics.iloc[0]
    # Ours have mean 1; R's sum to the population.
    assert_close(found.weights * r["sum"] / len(frame), r["weights"], "weights")
    assert_close([row["n_eff"], row["design_effect"]], [r["kish_neff"], r["kish_deff"]], "summary")
    cluster = "dnum" if "dnum" in frame else None
    for column, estimate, error in (("npsv", "nps", "se"), ("api00", "api00", "api00_se")):
        mean = weights.calibrated_mean(frame, column, found, cluster=cluster).iloc[0]
        assert_close([mean["estimate"], mean["std_error"]], [r[estimate], r[error]], "summary")


def test_trimming_after_raking_equals_r():
    r, frame = reference()["expected"]["apiclus1_rake_then_trim_10_50_strict"], sample("apiclus1")
    raked = weights.rake(frame, margins(TWO), base="pw")
    before = raked.weights.to_numpy() * r["sum"] / len(frame)
    trimmed = raking.trim(before, (10, 50))
    assert_close(trimmed, r["weights"], "weights")
    n_eff = survey.kish(trimmed)[0]
    assert_close([n_eff, len(frame) / n_eff], [r["kish_neff"], r["kish_deff"]], "summary")
    design = sample_design(len(frame), weight=trimmed, cluster=frame["dnum"])
    for column, estimate, error in (("npsv", "nps", "se"), ("api00", "api00", "api00_se")):
        # R keeps the raked design: the residuals are those of the weights before they were trimmed.
        influence = survey.mean_influence(frame[column], design)
        left = raking.calibrated_influence(influence, raked.auxiliary.matrix, before, np.ones(len(frame)))
        found = [
            survey.domain_means(frame[column], design).estimate[0],
            survey.covariance(left, left, design)[0] ** 0.5,
        ]
        assert_close(found, [r[estimate], r[error]], "summary")


def test_calibration_by_raking_equals_raking():
    frame = sample("apistrat")
    raked = weights.rake(frame, margins(THREE), base="pw").weights
    calibrated = weights.calibrate(frame, margins(THREE), base="pw", distance="raking").weights
    assert_close(calibrated, raked, "weights")


@pytest.mark.parametrize(
    ("key", "name", "design"),
    [
        ("jackknife_JK1_apiclus1", "apiclus1", {"cluster": "dnum"}),
        ("jackknife_JKn_apistrat", "apistrat", {"strata": "stype"}),
    ],
)
def test_jackknife_errors_equal_r(key, name, design):
    r, frame = reference()["expected_jackknife"][key], sample(name)
    votes = frame["npsv"].to_numpy(dtype=float)
    found = weights.replicate_weights(frame, None, base="pw", kind="jackknife", **design)
    row = weights.replicate_estimate(lambda w: np.average(votes, weights=w), frame["pw"], found).iloc[0]
    assert_close([row["estimate"], row["std_error"]], [r["est"], r["se"]], "jackknife")


# --- replicates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "tolerance"), [("jackknife", 0.05), ("bootstrap", 0.12)])
def test_raking_every_replicate_gives_the_linearised_error_and_raking_once_does_not(kind, tolerance):
    # 400 draws know a standard error to 1/√800, 3.5 %.
    frame = sample("apistrat")
    # A score that its margins explain in part, so that raking makes its mean much surer.
    score = frame["api00"].to_numpy(dtype=float) + 300 * (frame["stype"] == "E") + 300 * (frame["awards"] == "Yes")
    raked = weights.rake(frame, margins(THREE), base="pw")
    linear = weights.calibrated_mean(frame.assign(score=score), "score", raked)["std_error"].item()
    again = weights.replicate_weights(frame, margins(THREE), base="pw", kind=kind, n=400)
    once = weights.replicate_weights(frame.assign(raked=raked.weights), None, base="raked", kind=kind, n=400)

    def error(made):
        found = weights.replicate_estimate(lambda w: np.average(score, weights=w), raked.weights, made)
        return found["std_error"].item()

    assert error(again) == pytest.approx(linear, rel=tolerance)
    assert error(once) > 1.3 * linear


def test_replicates_meet_the_margins_under_a_cap_too():
    frame = sample("apistrat")
    found = weights.replicate_weights(frame, margins(THREE), base="pw", strata="stype", cap=(0.3, 3), n=20)
    assert found.incomplete == 0
    for name, levels in margins(THREE).items():
        target = pd.Series(levels) / sum(levels.values())
        for one in found.weights.T:
            share = pd.Series(one).groupby(frame[name]).sum() / one.sum()
            assert (share - target).abs().max() < 1e-8


def test_the_bootstrap_gives_the_variance_of_a_mean():
    y = np.random.default_rng(3).normal(size=60)
    draws = replicates.bootstrap(np.arange(60), np.repeat([0, 1], 30), 4000, seed=1)
    means = (draws.copies * y[:, None]).sum(axis=0) / 60
    design = sample_design(60, strata=np.repeat([0, 1], 30))
    exact = survey.domain_means(y, design).variance[0]
    # The variance of 4,000 draws has a relative standard error of √(2/4000), 2 %.
    assert replicates.replicate_variance(means[:, None], draws.scale)[0] == pytest.approx(exact, rel=0.08)
    assert draws.df == 58


def test_replicates_are_the_same_for_a_seed_and_others_for_another():
    frame = sample("apiclus1")
    one, same, other = (weights.replicate_weights(frame, margins(TWO), n=5, seed=seed).weights for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


# --- identities -------------------------------------------------------------------------------------------------------


@st.composite
def samples(draw):
    """Return a frame of three margins with base weights, and targets that can be met."""
    n = draw(st.integers(30, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    # Every level of a margin meets every level of the others, so that all targets can be met at once.
    full = np.array(np.meshgrid([0, 1], [0, 1, 2], [0, 1])).reshape(3, -1).T
    rows = np.vstack([full, rng.integers([2, 3, 2], size=(n, 3))])
    frame = pd.DataFrame(rows, columns=["a", "b", "c"]).assign(base=rng.integers(1, 5, len(rows)))
    shares = {name: rng.dirichlet(np.full(frame[name].nunique(), 20.0)) for name in "abc"}
    return frame, {name: dict(enumerate(share)) for name, share in shares.items()}


@settings(max_examples=15, deadline=None)
@given(samples())
def test_raking_to_its_own_margins_changes_nothing(made):
    frame, _ = made
    own = {name: frame.groupby(name)["base"].sum() for name in "abc"}
    found = weights.rake(frame, own, base="base").weights
    assert np.allclose(found, frame["base"] / frame["base"].mean(), atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(samples(), st.permutations(["a", "b", "c"]), st.booleans())
def test_the_order_of_the_margins_does_not_matter(made, order, capped):
    frame, targets = made
    cap = (0.2, 4.0) if capped else None
    one = weights.rake(frame, targets, base="base", cap=cap)
    other = weights.rake(frame, {name: targets[name] for name in order}, base="base", cap=cap)
    if one.diagnostics["converged"].item() and other.diagnostics["converged"].item():
        assert np.allclose(one.weights, other.weights, atol=1e-6)
    assert capped or one.diagnostics["converged"].item()


@settings(max_examples=15, deadline=None)
@given(samples())
def test_whole_base_weights_equal_repeated_rows(made):
    frame, targets = made
    repeated = frame.loc[frame.index.repeat(frame["base"])]
    once = weights.rake(frame, targets, base="base").weights
    often = weights.rake(repeated.reset_index(drop=True), targets).weights
    total = often.groupby(repeated.index).sum() / len(repeated) * len(frame)
    assert np.allclose(once, total, atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(samples())
def test_margins_are_met_and_the_frame_is_left_alone(made):
    frame, targets = made
    before = frame.copy()
    found = weights.rake(frame, targets, base="base")
    assert found.weights.mean() == pytest.approx(1)
    assert found.margins["gap"].abs().max() < 1e-8
    for name, levels in targets.items():
        share = found.weights.groupby(frame[name]).sum() / len(frame)
        assert np.allclose(share, pd.Series(levels), atol=1e-8)
    pd.testing.assert_frame_equal(frame, before)


# --- the cap ----------------------------------------------------------------------------------------------------------


def test_capped_weights_are_the_closest_within_the_limits():
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 2, 40), rng.integers(0, 3, 40)
    base = rng.uniform(0.5, 1.5, 40)
    base /= base.mean()
    targets, cap = [np.array([0.35, 0.65]), np.array([0.5, 0.3, 0.2])], (0.5, 1.9)
    found = raking.rake(raking.CrossTable(np.arange(40), (a, b)), targets, base, cap=cap)
    assert found.converged
    assert 0 < found.capped < 1
    # The last level of a margin follows from the others.
    x, goal = np.column_stack([np.eye(2)[a], np.eye(3)[b][:, :2]]), np.concatenate([targets[0], targets[1][:2]])

    def distance(w):
        return (w * np.log(w / base) - w + base).sum()

    solved = minimize(
        distance,
        np.ones(40),
        jac=lambda w: np.log(w / base),
        bounds=[cap] * 40,
        constraints={"type": "eq", "fun": lambda w: w @ x / 40 - goal, "jac": lambda w: x.T / 40},
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert solved.success
    assert np.allclose(found.weight, solved.x, atol=1e-4)
    assert distance(found.weight) <= distance(solved.x) + 1e-8


def test_a_cap_that_cannot_meet_the_margins_is_held_and_the_gap_is_printed():
    frame = pd.DataFrame({"plan": ["A"] * 90 + ["B"] * 10})
    found = weights.rake(frame, {"plan": {"A": 0.5, "B": 0.5}}, cap=(0.3, 3.0))
    row, levels = found.diagnostics.iloc[0], found.margins.set_index("level")
    # B can reach at most 10 rows of weight 3; A takes the rest, 70 of 90.
    assert levels.loc["B", "achieved"] == pytest.approx(0.3)
    assert levels.loc["B", "gap"] == pytest.approx(-0.2)
    assert found.weights.iloc[0] == pytest.approx(70 / 90)
    assert found.weights.mean() == pytest.approx(1)
    assert (row["max"], row["capped"], row["largest_gap"]) == pytest.approx((3.0, 0.1, 0.2))
    assert not row["converged"]
    assert row["flag"] == "the cap leaves gaps"


def test_margins_that_contradict_each_other_are_said():
    frame = pd.DataFrame({"plan": ["A"] * 50 + ["B"] * 50, "copy": ["A"] * 50 + ["B"] * 50})
    found = weights.rake(frame, {"plan": {"A": 0.5, "B": 0.5}, "copy": {"A": 0.6, "B": 0.4}})
    assert found.diagnostics["flag"].item() == "the margins cannot all be met"
    assert found.diagnostics["largest_gap"].item() == pytest.approx(0.1)


# --- calibration ------------------------------------------------------------------------------------------------------


def test_linear_calibration_of_a_number_by_hand():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 6.0]})
    found = weights.calibrate(frame, {"x": 3.5})
    # w = 1 + b·(x - 3), and Σw(x - 3)/4 = b·14/4 = 0.5.
    assert found.weights.to_numpy() == pytest.approx(1 + (0.5 / 3.5) * (frame["x"] - 3))


def test_bounds_hold_and_impossible_ones_are_refused():
    frame = sample("apiclus1")
    free = weights.calibrate(frame, margins(TWO), base="pw").weights
    narrow = weights.calibrate(frame, margins(TWO), base="pw", bounds=(0.8, 1.8))
    assert free.max() > 1.8
    assert narrow.weights.max() == pytest.approx(1.8)
    assert narrow.margins["gap"].abs().max() < 1e-8
    with pytest.raises(ValueError, match="no weights within the bounds"):
        weights.calibrate(frame, margins(TWO), base="pw", bounds=(0.99, 1.01))


def test_trimming_keeps_the_total_where_it_can():
    weight = np.array([0.1, 1.0, 1.2, 5.0])
    assert raking.trim(weight, (0.5, 3.0)).sum() == pytest.approx(weight.sum())
    assert raking.trim(weight, (0.5, 1.5)).max() == 1.5


def test_many_margins_of_many_levels_are_counted_without_a_table_of_all_of_them():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 200, 500) for _ in range(4)]
    found = raking.cross_table(codes, [200] * 4)
    assert all(np.array_equal(level[found.of_row], code) for level, code in zip(found.levels, codes, strict=True))
