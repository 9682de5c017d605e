"""Refused and planned gaps filled several times by chained equations."""

import numpy as np

from cxresearch.stats.design import Floats

__all__ = ["completed"]

ROUNDS, DONORS = 5, 5
# Of the residual cross-products, so that nearly collinear predictors can be inverted.
RIDGE = 1e-6


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
