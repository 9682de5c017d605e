"""Weights that meet known totals: raking with a cap inside, calibration, trimming. Arrays in, arrays out.

Notation of Deville and Särndal (1992): row i has base weight d_i, final weight w_i = d_i F(x_i'λ). Weights have mean 1,
targets are shares. Raking works on the cells of the cross table of all margins, not on rows, so that its time hardly
grows with the sample.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from cxresearch.stats.design import Codes, Floats

__all__ = ["CrossTable", "Distance", "Fit", "calibrate", "calibrated_influence", "cross_table", "rake", "trim"]

Distance = Literal["linear", "raking", "logit"]
Cap = tuple[float, float]
NO_CAP: Cap = (0.0, np.inf)
# A product of levels up to this is counted in an array of that length; beyond it the cells that occur are sorted out.
MOST_CELLS = 1 << 22
# How far beyond its cap a weight is remembered, so that one that can never meet its target does not grow for ever.
REACH = 1e6
# exp() of more is no weight that anyone would use, and overflows soon after.
STEEPEST = 50.0


@dataclass(frozen=True)
class CrossTable:
    """Rows gathered by their levels in all margins.

    Attributes
    ----------
    of_row
        (n,) cell of each row.
    levels
        One array a margin: (cells,) level of each cell.
    """

    of_row: Codes
    levels: tuple[Codes, ...]


@dataclass(frozen=True)
class Fit:
    """Weights and how they were found.

    Attributes
    ----------
    weight
        (n,) weights of mean 1 over the copies of the rows, each for one copy.
    iterations
        Passes over all margins, or Newton steps.
    converged
        Whether every target is met.
    capped
        Share of the rows whose weight stands at its limit.
    achieved
        One (levels,) array of shares a margin, or one (p,) array of means.
    """

    weight: Floats
    iterations: int
    converged: bool
    capped: float
    achieved: tuple[Floats, ...]


def cross_table(codes: Sequence[npt.NDArray[np.integer]], sizes: Sequence[int]) -> CrossTable:
    """Return the cells that occur.

    Parameters
    ----------
    codes
        One (n,) array a margin: level 0 … size - 1 of each row.
    sizes
        Levels of each margin.

    Examples
    --------
    >>> found = cross_table([np.array([0, 1, 1]), np.array([1, 0, 0])], [2, 2])
    >>> found.of_row, found.levels
    (array([0, 1, 1]), (array([0, 1]), array([1, 0])))
    """
    key = np.ravel_multi_index(tuple(codes), tuple(sizes))
    if math.prod(sizes) > MOST_CELLS:
        cell, of_row = np.unique(key, return_inverse=True)
    else:
        occurs = np.bincount(key, minlength=math.prod(sizes)) > 0
        cell, of_row = np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[key]
    return CrossTable(of_row, np.unravel_index(cell, tuple(sizes)))


def rake(
    table: CrossTable,
    targets: Sequence[Floats],
    base: Floats | None = None,
    *,
    copies: Floats | None = None,
    cap: Cap = NO_CAP,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> Fit:
    """Return weights that meet the shares of every margin: iterative proportional fitting.

    Parameters
    ----------
    table
        The rows' cells. With a cap, rows of one cell must have the same base weight.
    targets
        One (levels,) array of shares a margin, each summing to 1.
    base
        (n,) positive base weights, of which only the ratios matter; all ones by default.
    copies
        (n,) how often each row counts, as in a bootstrap draw; all ones by default.
    cap
        Smallest and largest weight allowed, as ratio to the mean weight.
    tol
        Largest difference of an achieved share from its target that counts as met.
    max_iter
        Passes over all margins.

    Notes
    -----
    Deming and Stephan (1940); R `survey::rake`. With a cap the weights are w = min(max(u, low), high), u the product of
    base weight and one factor a level, and every pass moves the factors by what the capped weights still lack. Where
    targets can be met this is the raking closest to the base weights within the limits (Deville and Särndal 1992, case
    7), whatever the order of the margins; where they cannot, weights stop at their limits and the gaps stay.

    Examples
    --------
    >>> codes = [np.array([0, 0, 0, 1])]
    >>> rake(cross_table(codes, [2]), [np.array([0.5, 0.5])]).weight.round(3)
    array([0.667, 0.667, 0.667, 2.   ])
    """
    n_cells = len(table.levels[0])
    count = np.bincount(table.of_row, copies, n_cells)
    value = np.ones(n_cells)
    if base is not None:
        base = base * count.sum() / (base.sum() if copies is None else copies @ base)
        total = np.bincount(table.of_row, base if copies is None else copies * base, n_cells)
        # A cell without a copy has no weight to speak of; any positive number will do.
        value = np.divide(total, count, out=value, where=count > 0)
    latent, passes, converged = _fit_proportions(table.levels, targets, value, count, cap, tol, max_iter)
    weight = np.clip(latent * _to_mean_one(latent, count, cap), *cap)
    achieved = tuple(
        np.bincount(level, count * weight, len(target)) / count.sum()
        for level, target in zip(table.levels, targets, strict=True)
    )
    capped = float(count @ ((weight <= cap[0]) | (weight >= cap[1])) / count.sum())
    of_row = weight[table.of_row] if base is None else base * (weight / value)[table.of_row]
    return Fit(of_row, passes, converged, capped, achieved)


def calibrate(
    x: Floats,
    target: Floats,
    base: Floats,
    *,
    distance: Distance = "linear",
    bounds: Cap = NO_CAP,
    tol: float = 1e-10,
    max_iter: int = 100,
) -> Fit:
    """Return weights w = d·F(x'λ) for which the mean of every column of x meets its target.

    Parameters
    ----------
    x
        (n, p) auxiliary variables; collinear columns do no harm where their targets agree.
    target
        (p,) their means in the population.
    base
        (n,) positive base weights; only their ratios matter.
    distance
        `linear` (F = 1 + u, the generalised regression estimator), `raking` (F = exp u) or `logit` (needs bounds).
    bounds
        Smallest and largest ratio w/d allowed.
    tol
        Largest difference that counts as met, in standard deviations of a column (or its unit, where it is constant).
    max_iter
        Newton steps.

    Notes
    -----
    Deville and Särndal (1992); R `survey::calibrate(calfun = "linear" | "raking" | "logit", bounds)`.
    """
    d = base / base.mean()
    scale = np.where((spread := x.std(axis=0)) > 0, spread, 1.0)
    z, goal = x / scale, target / scale
    function = _distance(distance, bounds)
    λ, step = np.zeros(x.shape[1]), 0
    ratio, slope = function(z @ λ)
    while step < max_iter:
        step += 1
        missing = goal - (d * ratio) @ z / len(d)
        if np.abs(missing).max() < tol:
            break
        moment = (z * (d * slope)[:, None]).T @ z / len(d)
        λ = λ + np.linalg.lstsq(moment, missing, rcond=1e-12)[0]
        ratio, slope = function(z @ λ)
    achieved = (d * ratio) @ x / len(d)
    met = bool(np.abs((target - achieved) / scale).max() < tol)
    capped = float(np.mean((ratio <= bounds[0]) | (ratio >= bounds[1]))) if bounds != NO_CAP else 0.0
    return Fit(d * ratio, step, met, capped, (achieved,))


def trim(weight: Floats, limits: Cap, *, max_iter: int = 1000) -> Floats:
    """Return weights within limits and of the same total: what is cut off is spread equally over the others.

    Notes
    -----
    Repeated until no weight is outside: R `survey::trimWeights(strict = TRUE)`.

    Examples
    --------
    >>> trim(np.array([1.0, 1.0, 4.0]), (0.0, 3.0))
    array([1.5, 1.5, 3. ])
    """
    trimmed, inside = np.asarray(weight, dtype=float), np.ones(len(weight), dtype=bool)
    total = trimmed.sum()
    for _ in range(max_iter):
        inside &= (trimmed >= limits[0]) & (trimmed <= limits[1])
        trimmed = np.clip(trimmed, *limits)
        if not inside.any() or np.isclose(trimmed.sum(), total, rtol=1e-14, atol=0.0):
            break
        trimmed = np.where(inside, trimmed + (total - trimmed.sum()) / inside.sum(), trimmed)
    return trimmed


def calibrated_influence(influence: Floats, x: Floats, weight: Floats, base: Floats) -> Floats:
    """Return the influence of rows on an estimate whose weights were calibrated on x.

    Parameters
    ----------
    influence
        (n,) influences with the final weights taken as fixed, as `survey.mean_influence` gives them.
    x
        (n, p) auxiliary variables whose totals the weights meet.
    weight
        (n,) final weights.
    base
        (n,) weights of the least squares.

    Notes
    -----
    What x explains no longer varies: the residual of influence / weight on x, by weighted least squares, times the
    weight (Deville and Särndal 1992). R's `svyrecvar`: base weights after `calibrate`, equal ones after `rake`.
    """
    u, half = influence / weight, np.sqrt(base)
    β = np.linalg.lstsq(x * half[:, None], u * half, rcond=None)[0]
    return weight * (u - x @ β)


def _fit_proportions(
    levels: Sequence[Codes],
    targets: Sequence[Floats],
    value: Floats,
    count: npt.NDArray[np.number],
    cap: Cap,
    tol: float,
    max_iter: int,
) -> tuple[Floats, int, bool]:
    """Return the weights of the cells before the cap, the passes, and whether every target was met."""
    total, latent, passes, met = count.sum(), value, 0, False
    weight = np.clip(latent, *cap)
    while passes < max_iter:
        passes += 1
        before, gap = weight, 0.0
        for level, target in zip(levels, targets, strict=True):
            found = np.bincount(level, count * weight, len(target)) / total
            gap = max(gap, np.abs(found - target).max())
            # A level that a replicate did not draw has nothing to weight up.
            factor = np.divide(target, found, out=np.ones(len(target)), where=found > 0)
            latent = np.clip(latent * factor[level], cap[0] / REACH, cap[1] * REACH)
            weight = np.clip(latent, *cap)
        met = bool(gap < tol)
        if met or np.abs(weight - before).max() < tol:
            break
    return latent, passes, met


def _to_mean_one(latent: Floats, count: npt.NDArray[np.number], cap: Cap) -> float:
    """Return the factor that gives the weights mean 1 under the cap."""

    def excess(log_factor: float) -> float:
        """Return by how much the mean is above 1."""
        return float(count @ np.clip(latent * np.exp(log_factor), *cap) / count.sum() - 1)

    if abs(excess(0.0)) < np.finfo(float).eps:
        return 1.0
    farthest = 4 * np.log(REACH)
    return float(np.exp(brentq(excess, -farthest, farthest, xtol=1e-15)))


def _distance(name: Distance, bounds: Cap) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Return F, the ratio of final to base weight, together with its slope."""
    low, high = bounds

    def within(ratio: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Return a ratio brought within its bounds, where it no longer moves."""
        return np.clip(ratio, low, high), np.where((ratio > low) & (ratio < high), slope, 0.0)

    def linear(u: Floats) -> tuple[Floats, Floats]:
        """Return 1 + u."""
        return within(1 + u, np.ones(len(u))) if bounds != NO_CAP else (1 + u, np.ones(len(u)))

    def exponential(u: Floats) -> tuple[Floats, Floats]:
        """Return exp u."""
        grown = np.exp(np.clip(u, -STEEPEST, STEEPEST))
        return within(grown, grown)

    def logit(u: Floats) -> tuple[Floats, Floats]:
        """Return the logistic curve from low to high through (0, 1)."""
        steepness = (high - low) / ((1 - low) * (high - 1))
        grown = np.exp(np.clip(steepness * u, -STEEPEST, STEEPEST))
        below = (high - 1) + (1 - low) * grown
        ratio = (low * (high - 1) + high * (1 - low) * grown) / below
        return ratio, (ratio - low) * (high - ratio) / ((1 - low) * (high - 1))

    return {"linear": linear, "raking": exponential, "logit": logit}[name]
