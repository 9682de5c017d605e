"""Refused and planned gaps filled several times by chained equations, and results over the copies pooled as Rubin says."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.stats.design import Floats

__all__ = ["completed", "pooled_frames", "pooled_results"]

ROUNDS, DONORS = 5, 5
# Of the residual cross-products, so that nearly collinear predictors can be inverted.
RIDGE = 1e-6
NORMAL = 1.959964
# A number with its interval, and the bounds of what it measures.
INTERVALS = (
    ("estimate", "conf_low", "conf_high", (-np.inf, np.inf)),
    ("share", "share_low", "share_high", (0.0, 1.0)),
    ("penalty", "penalty_low", "penalty_high", (-np.inf, np.inf)),
    ("reward", "reward_low", "reward_high", (-np.inf, np.inf)),
)


def completed(ratings: Floats, gaps: np.ndarray, beside: Floats, copies: int, seed: int) -> list[Floats]:
    """Return copies of ratings in which every gap is filled by an answer of someone like the one who left it.

    Parameters
    ----------
    ratings
        (n, k) ratings, NaN in the gaps; what is structurally missing is filled already.
    gaps
        (n, k) True where a rating is to be filled.
    beside
        (n, q) what else is known of everyone: the outcome, what does not apply.
    copies
        How many, at least 20 in the literature's advice.
    seed
        Of the draws.

    Returns
    -------
    list of numpy.ndarray
        (n, k) each; where nothing is missing, one copy of the ratings.

    Notes
    -----
    Chained equations with predictive mean matching (van Buuren 2018, 3.4): coefficients are drawn from their posterior,
    and a gap takes the rating of one of the five answers with the nearest fitted value, so that fills lie on the scale.
    R `mice::mice(method = "pmm")`.

    Examples
    --------
    >>> ratings = np.array([[1.0, 2], [2, 4], [3, np.nan], [4, 8], [5, 10], [6, 12]])
    >>> copy = completed(ratings, np.isnan(ratings), np.empty((6, 0)), copies=1, seed=0)[0]
    >>> bool(np.isin(copy[2, 1], ratings[:, 1])), bool(np.isnan(copy).any())
    (True, False)
    """
    if not gaps.any():
        return [ratings]
    rng = np.random.default_rng(seed)
    return [_chained(ratings, gaps, beside, rng) for _ in range(copies)]


def _chained(ratings: Floats, gaps: np.ndarray, beside: Floats, rng: np.random.Generator) -> Floats:
    """Return one completed copy."""
    found = ratings.copy()
    columns = np.flatnonzero(gaps.any(axis=0))
    for column in columns:
        there = ratings[~gaps[:, column], column]
        found[gaps[:, column], column] = rng.choice(there, int(gaps[:, column].sum()))
    for _ in range(ROUNDS):
        for column in columns:
            others = np.column_stack([np.ones(len(found)), np.delete(found, column, axis=1), beside])
            found[gaps[:, column], column] = _matched(found[:, column], gaps[:, column], others, rng)
    return found


def _matched(target: Floats, gap: np.ndarray, others: Floats, rng: np.random.Generator) -> Floats:
    """Return a donor's rating for each gap, by predictive mean matching."""
    x, y = others[~gap], target[~gap]
    information = x.T @ x
    inverse = np.linalg.pinv(information + RIDGE * np.diag(np.diag(information)), hermitian=True)
    slopes = inverse @ (x.T @ y)
    residual = y - x @ slopes
    sigma = np.sqrt(residual @ residual / rng.chisquare(max(len(y) - x.shape[1], 1)))
    drawn = rng.multivariate_normal(slopes, sigma**2 * inverse, method="svd")
    order = np.argsort(x @ slopes, kind="stable")
    fitted, wanted = (x @ slopes)[order], others[gap] @ drawn
    near = np.searchsorted(fitted, wanted)[:, None] + np.arange(-DONORS, DONORS)
    near = np.clip(near, 0, len(fitted) - 1)
    nearest = np.argsort(np.abs(fitted[near] - wanted[:, None]), axis=1, kind="stable")
    chosen = nearest[np.arange(len(wanted)), rng.integers(0, DONORS, len(wanted))]
    return y[order][near[np.arange(len(wanted)), chosen]]


def pooled_results(analysis: Callable[[pd.DataFrame, int], Any], frames: Sequence[pd.DataFrame]) -> Any:
    """Return the result of an analysis over completed copies: a frame, or a dataclass of frames.

    Parameters
    ----------
    analysis
        From a copy and its number to a result frame or a frozen dataclass of them.
    frames
        The completed copies.
    """
    found = [analysis(frame, number) for number, frame in enumerate(frames)]
    if not is_dataclass(found[0]) or isinstance(found[0], type):
        return pooled_frames(found)
    names = [item.name for item in fields(found[0]) if isinstance(getattr(found[0], item.name), pd.DataFrame)]
    return replace(found[0], **{name: pooled_frames([getattr(one, name) for one in found]) for name in names})


def pooled_frames(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return result frames of completed copies as one.

    Parameters
    ----------
    frames
        Alike but for their numbers.

    Returns
    -------
    pandas.DataFrame
        Numbers are means over the copies; `std_error` and intervals are widened by what the copies differ.

    Notes
    -----
    Rubin (1987): T = W + (1 + 1/m)B, W the mean sampling variance and B that of the estimates over m copies. A limit
    keeps its mean distance from the estimate times √(T/W), so that intervals of a bootstrap stay lopsided.

    Examples
    --------
    >>> one = pd.DataFrame({"n": [9], "estimate": [1.0], "std_error": [0.5], "conf_low": [0.0], "conf_high": [2.0]})
    >>> two = one.assign(estimate=2.0, conf_low=1.0, conf_high=3.0)
    >>> pooled_frames([one, two])[["estimate", "std_error", "conf_low"]].round(2).values.tolist()
    [[1.5, 1.0, -0.5]]
    """
    first = frames[0].copy()
    if len(frames) == 1:
        return first
    numbers = [name for name in first if pd.api.types.is_float_dtype(first[name].dtype)]
    values = {name: np.stack([frame[name].to_numpy() for frame in frames]) for name in numbers}
    means = {name: found.mean(axis=0) for name, found in values.items()}
    for name, low, high, bounds in INTERVALS:
        if {name, low, high} <= set(numbers):
            within = _within(values, name, low, high)
            widened = np.sqrt(1 + (1 + 1 / len(frames)) * values[name].var(axis=0, ddof=1) / within)
            below, above = means[name] - means[low], means[high] - means[name]
            means[low] = np.clip(means[name] - below * widened, *bounds)
            means[high] = np.clip(means[name] + above * widened, *bounds)
            if name == "estimate" and "std_error" in numbers:
                means["std_error"] = np.sqrt((values["std_error"] ** 2).mean(axis=0)) * widened
    return first.assign(**means)


def _within(values: dict[str, Floats], name: str, low: str, high: str) -> Floats:
    """Return the mean sampling variance: that of the standard errors, else that of the intervals' widths."""
    if name == "estimate" and "std_error" in values:
        return (values["std_error"] ** 2).mean(axis=0)
    return (((values[high] - values[low]) / (2 * NORMAL)) ** 2).mean(axis=0)
