"""Importance by the definition: R's numbers, means over all orders of entry, refitted models, invariances."""

import io
import itertools
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from references import assert_close, reference
from statsmodels.miscmodels.ordinal_model import OrderedModel

from cxresearch.stats import cross_products as crossed
from cxresearch.stats import importance, relative_weights
from cxresearch.stats.cross_products import cross_products, draws, resampled_products, standardised, unit_matrix
from cxresearch.stats.design import sample_design
from cxresearch.stats.ordinal import fit_ordinal, replicate_likelihoods, row_terms
from cxresearch.stats.pseudo_r2 import PSEUDO_R2
from cxresearch.stats.regression import least_squares
from cxresearch.stats.subsets import explained, swept

EXACT = 1e-9


def data(name, case=None):
    """Return the drivers, outcome and frame of a reference."""
    held = reference(name)["data"] if case is None else reference(name)["data"][case]
    return held["predictors"], held["outcome"], pd.read_csv(io.StringIO(held["csv"]))


def matrix_of(frame, drivers, outcome):
    return frame[[*drivers, outcome]].corr().to_numpy()


def fits(frame, drivers, outcome):
    return explained(matrix_of(frame, drivers, outcome), [1] * len(drivers))


def made(seed, p, n=60, noise=1.0):
    """Return correlated drivers and an outcome of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return x, x @ rng.normal(size=p) + noise * rng.normal(size=n), rng.uniform(0.5, 3, n)


def r2(y, x, weight):
    """Return a weighted R² by least squares on the rows."""
    x = np.column_stack([np.ones(len(y)), *x]) if len(x) else np.ones((len(y), 1))
    root = np.sqrt(weight)[:, None]
    left = y - x @ np.linalg.lstsq(x * root, y * root[:, 0], rcond=None)[0]
    return 1 - weight @ left**2 / (weight @ (y - weight @ y / weight.sum()) ** 2)


def over_all_orders(fit, players, allowed=lambda order: True):
    """Return the mean increment of each player over all orders of entry that are allowed."""
    found, orders = dict.fromkeys(players, 0.0), [one for one in itertools.permutations(players) if allowed(one)]
    for order in orders:
        for place, player in enumerate(order):
            found[player] += fit(order[: place + 1]) - fit(order[:place])
    return np.array([found[player] for player in players]) / len(orders)


@pytest.mark.parametrize(
    ("method", "ours"),
    [("lmg", importance.shapley), ("first", importance.first), ("last", importance.last)],
)
def test_shares_of_all_subsets_are_those_of_relaimpo(method, ours):
    drivers, outcome, frame = data("lmg_swiss")
    expected = reference("lmg_swiss")["expected"]["raw"][method]
    assert_close(ours(fits(frame, drivers, outcome)), [expected[name] for name in drivers], EXACT)


@pytest.mark.parametrize(
    ("method", "ours"),
    [
        ("betasq", relative_weights.betasq),
        ("pratt", relative_weights.pratt),
        ("genizi", relative_weights.relative_weights),
    ],
)
def test_shares_of_slopes_are_those_of_relaimpo(method, ours):
    drivers, outcome, frame = data("lmg_swiss")
    expected = reference("lmg_swiss")["expected"]["raw"][method]
    assert_close(ours(matrix_of(frame, drivers, outcome)), [expected[name] for name in drivers], EXACT)


@pytest.mark.parametrize("case", ["swiss", "cx"])
def test_dominance_is_that_of_domir(case):
    drivers, outcome, frame = data("dominance_lm", case)
    expected, values = reference("dominance_lm")["expected"][case], fits(frame, drivers, outcome)
    by_size = [expected["conditional_by_n_predictors"][name] for name in drivers]
    assert_close(importance.conditional_dominance(values), by_size, EXACT)
    assert_close(importance.shapley(values), [expected["general"][name] for name in drivers], EXACT)
    complete = importance.complete_dominance(values)
    for (i, row), (j, column) in itertools.permutations(enumerate(drivers), 2):
        assert complete[i, j] == pytest.approx(expected["complete_proportion_row_over_col"][row][column], abs=EXACT)


def test_johnsons_weights_are_those_of_four_programs():
    held = reference("relative_weights_johnson2000")
    matrix = np.array(held["data"]["correlation_matrix_case"]["R"])
    expected = held["expected"]["correlation_matrix_case"]
    assert_close(relative_weights.relative_weights(matrix), expected["eps"], EXACT)
    for case, numbers in {"mtcars": held["expected"]["mtcars"]["raw"], "cx": held["expected"]["cx"]}.items():
        drivers, outcome, frame = data("relative_weights_johnson2000", case)
        found = relative_weights.relative_weights(matrix_of(frame, drivers, outcome))
        assert_close(found, [numbers[name] for name in drivers], EXACT)


@pytest.mark.parametrize("seed", range(3))
def test_lmg_is_the_mean_over_all_orders_of_entry(seed):
    x, y, weight = made(seed, 5)
    control, players = x[:, :1], [(1,), (2, 3), (4,)]
    matrix = cross_products(standardised(np.column_stack([x, y]), weight), weight)
    values = explained(swept(matrix, 2), [1, 2, 1])

    def fit(order):
        return r2(y, [*control.T, *(x[:, place] for player in order for place in player)], weight)

    assert_close(importance.shapley(values), over_all_orders(fit, players), 1e-12)


def test_owen_values_are_the_mean_over_orders_that_keep_groups_together():
    x, y, weight = made(3, 5)
    groups = [(0, 1), (2,), (3, 4)]

    def fit(order):
        return r2(y, [x[:, place] for place in order], weight)

    def together(order):
        blocks = [next(g for g in groups if place in g) for place in order]
        return len(list(itertools.groupby(blocks))) == len(groups)

    expected = over_all_orders(fit, range(5), together)
    matrix = cross_products(standardised(np.column_stack([x, y]), weight), weight)
    for group in groups:
        others = [g for g in groups if g != group]
        order = [*(place for g in others for place in g), *group, 5]
        players = [*(len(g) for g in others), *(1 for _ in group)]
        values = explained(swept(matrix)[np.ix_(order, order)], players)
        assert_close(importance.owen(values, len(others)), expected[list(group)], 1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.sampled_from([0.0, 0.1, 1.0, 10.0]))
def test_lmg_sums_to_r2_and_knows_neither_order_nor_scale(seed, p, noise):
    x, y, weight = made(seed, p, noise=noise)
    rng = np.random.default_rng(seed)
    order, scale = rng.permutation(p), np.exp(rng.normal(0, 3, p)) * rng.choice([-1, 1], p)

    def lmg(columns, outcome):
        matrix = swept(cross_products(standardised(np.column_stack([columns, outcome]), weight), weight))
        return importance.shapley(explained(matrix, [1] * p))

    found = lmg(x, y)
    assert found.sum() == pytest.approx(r2(y, list(x.T), weight), abs=1e-10)
    assert (found > -1e-12).all()
    assert_close(lmg((x * scale)[:, order] + 7, 3 - 5 * y), found[order], 1e-9)


def test_a_copy_of_a_driver_adds_nothing_to_the_pair():
    x, y, weight = made(4, 3)
    for jitter in (0.0, 1e-9, 1e-7):
        copy = x[:, 2] * (1 + jitter * np.random.default_rng(1).normal(size=len(y)))
        matrix = swept(cross_products(standardised(np.column_stack([x, copy, y]), weight), weight))
        values = explained(matrix, [1] * 4)
        assert values[-1] == pytest.approx(r2(y, list(x.T), weight), abs=1e-6)
        assert importance.shapley(values)[2] == pytest.approx(importance.shapley(values)[3], abs=1e-6)


def test_more_players_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="19 players; all subsets are fitted for at most 18"):
        explained(np.eye(20), [1] * 19)


def test_a_resample_is_the_products_of_the_drawn_customers_rows():
    x, y, weight = made(5, 2, n=40)
    unit = np.repeat(np.arange(20), 2)
    columns = standardised(np.column_stack([x, y]), weight)
    found = resampled_products(columns, weight, unit, 3, seed=9)
    counts = np.vstack(list(draws(20, 3, seed=9)))
    assert not np.array_equal(counts[0], counts[1])
    for number, times in enumerate(counts):
        rows = np.repeat(np.arange(40), times[unit].astype(int))
        expected = columns[rows].T @ (columns[rows] * weight[rows][:, None]) / weight.sum()
        assert_close(found[:, :, number], expected, 1e-12)


def test_bundles_of_customers_vary_as_customers_do(monkeypatch):
    rng = np.random.default_rng(6)
    columns, weight, unit = rng.normal(size=(6_000, 1)), np.ones(6_000), np.arange(6_000)
    alone = resampled_products(columns, weight, unit, 1_500, seed=1)[0, 0]
    monkeypatch.setattr(crossed, "MOST_UNITS", 300)
    bundled = resampled_products(columns, weight, unit, 1_500, seed=1)[0, 0]
    assert len(np.unique(crossed.dealt(unit, 1))) == 300
    assert bundled.std() == pytest.approx(alone.std(), rel=0.15)
    assert not np.array_equal(alone, bundled)


def test_slopes_have_the_sandwich_over_customers():
    x, y, weight = made(7, 3, n=200)
    unit, regressors = np.arange(200) // 3, np.column_stack([np.ones(200), x])
    found = least_squares(y, regressors, sample_design(200, weight=weight, cluster=unit))
    model = sm.WLS(y, regressors, weights=weight)
    peer = model.fit(cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False})
    units = unit.max() + 1
    assert_close(found.estimate, peer.params, 1e-10)
    assert_close(found.covariance, peer.cov_params() * units / (units - 1), 1e-12)
    assert found.df == units - 1 - 3


@pytest.mark.parametrize("levels", [2, 3, 5])
def test_proportional_odds_are_those_of_statsmodels(levels):
    x, y, _ = made(8, 2, n=300, noise=2.0)
    level = np.searchsorted(np.quantile(y, np.arange(1, levels) / levels), y)
    found = fit_ordinal(level, x, np.ones(300))
    peer = OrderedModel(level, x, distr="logit").fit(method="bfgs", disp=0, gtol=1e-6)
    assert found.log_likelihood == pytest.approx(peer.llf, abs=1e-7)
    assert_close(found.parameters[levels - 1 :], peer.params[:2], 1e-4)
    assert not found.separated


def test_a_resamples_pseudo_r2_is_that_of_its_own_fit():
    x, y, weight = made(9, 2, n=1_000, noise=2.0)
    level = np.searchsorted(np.quantile(y, [0.3, 0.6]), y)
    counts = np.vstack(list(draws(1_000, 60, seed=3)))

    def both(columns):
        rows = row_terms(level, columns, fit_ordinal(level, columns, weight).parameters)
        approximate = replicate_likelihoods(rows, unit_matrix(np.arange(1_000), weight, 1_000), counts)
        return approximate, np.array([fit_ordinal(level, columns, weight * times).log_likelihood for times in counts])

    found, refitted = (
        PSEUDO_R2["mcfadden"](model, null, 1) for model, null in zip(both(x), both(x[:, :0]), strict=True)
    )
    assert np.corrcoef(found, refitted)[0, 1] > 0.999
    assert found.std() == pytest.approx(refitted.std(), rel=0.03)
    assert found.mean() == pytest.approx(refitted.mean(), abs=0.05 * refitted.std())


def test_a_driver_that_predicts_without_error_is_seen():
    x = np.linspace(-1, 1, 100)[:, None]
    assert fit_ordinal((x[:, 0] > 0).astype(int), x, np.ones(100)).separated


def test_pseudo_r2_are_their_definitions():
    fitted, null, n = -310.0, -400.0, 600.0
    likelihoods = {name: float(measure(fitted, null, n)) for name, measure in PSEUDO_R2.items()}
    ratio = math.exp(2 / n * (null - fitted))
    assert likelihoods["mcfadden"] == pytest.approx(1 - 310 / 400)
    assert likelihoods["cox-snell"] == pytest.approx(1 - ratio)
    assert likelihoods["nagelkerke"] == pytest.approx((1 - ratio) / (1 - math.exp(2 / n * null)))
    assert likelihoods["estrella"] == pytest.approx(1 - (310 / 400) ** (800 / 600))
