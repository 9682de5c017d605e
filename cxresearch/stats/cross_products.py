"""Weighted cross-products of a sample and of its resamples: all that a linear model needs to know of the rows."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from cxresearch.stats.design import Codes, Floats

__all__ = ["cross_products", "dealt", "draws", "resampled_products", "standardised", "unit_matrix"]

# Rows multiplied, and resamples drawn, at a time.
ROWS, DRAWS = 1 << 16, 64
# More units than this are dealt at random into as many bundles, which are resampled whole: the variance of the
# bootstrap stays what it is, up to a part in MOST_UNITS, and a million customers cost no more than these.
MOST_UNITS = 20_000


def standardised(columns: Floats, weight: Floats) -> Floats:
    """Return columns less their weighted mean, over their weighted standard deviation, after a column of ones.

    Parameters
    ----------
    columns
        (n, q), none of them constant.
    weight
        (n,).

    Examples
    --------
    >>> standardised(np.array([[1.0], [3.0]]), np.ones(2))
    array([[ 1., -1.],
           [ 1.,  1.]])
    """
    away = columns - weight @ columns / weight.sum()
    away /= np.sqrt(weight @ (away * away) / weight.sum())
    return np.column_stack([np.ones(len(weight)), away])


def cross_products(columns: Floats, weight: Floats) -> Floats:
    """Return the (q, q) weighted mean products of columns.

    Examples
    --------
    >>> cross_products(np.array([[1.0, -1.0], [1.0, 1.0]]), np.ones(2))
    array([[1., 0.],
           [0., 1.]])
    """
    return columns.T @ (columns * (weight / weight.sum())[:, None])


def resampled_products(columns: Floats, weight: Floats, unit: Codes, n_boot: int, seed: int) -> Floats:
    """Return the cross-products of samples of units (customers) drawn with replacement.

    Parameters
    ----------
    columns
        (n, q).
    weight, unit
        (n,) weights, and dense codes of the customers.
    n_boot, seed
        How many resamples, and the seed of the draw.

    Returns
    -------
    numpy.ndarray
        (q, q, n_boot), in the unit of `cross_products`.

    Notes
    -----
    Products are summed by customer once; a resample is then a row of counts times these sums, and all resamples are one
    matrix product. Customers with more answers bring all of them.

    Examples
    --------
    >>> resampled_products(np.ones((4, 1)), np.ones(4), np.arange(4), 2, seed=0)
    array([[[1., 1.]]])
    """
    q = columns.shape[1]
    unit = dealt(unit, seed)
    first, second = np.triu_indices(q)
    products = _unit_products(columns, weight / weight.sum(), unit, first, second)
    found = np.empty((q, q, n_boot))
    start = 0
    for counts in draws(len(products), n_boot, seed):
        totals = (counts @ products).T
        found[first, second, start : start + len(counts)] = totals
        found[second, first, start : start + len(counts)] = totals
        start += len(counts)
    return found


def dealt(unit: Codes, seed: int) -> Codes:
    """Return codes of the units that are resampled: the customers, or above 20,000 of them bundles dealt at random.

    Examples
    --------
    >>> dealt(np.array([0, 1, 1]), 0)
    array([0, 1, 1])
    """
    n_units = int(unit.max(initial=0)) + 1
    if n_units <= MOST_UNITS:
        return unit
    return (np.random.default_rng(seed).permutation(n_units) % MOST_UNITS)[unit]


def draws(n_units: int, n_boot: int, seed: int) -> Iterator[Floats]:
    """Yield (up to 64, n_units) counts of how often each unit is drawn, until there are n_boot rows.

    Examples
    --------
    >>> [counts.sum(axis=1).tolist() for counts in draws(3, 2, seed=0)]
    [[3.0, 3.0]]
    """
    rng = np.random.default_rng(seed)
    for start in range(0, n_boot, DRAWS):
        times = min(DRAWS, n_boot - start)
        drawn = rng.integers(0, n_units, (times, n_units)) + n_units * np.arange(times)[:, None]
        yield np.bincount(drawn.ravel(), minlength=times * n_units).reshape(times, n_units).astype(float)


def unit_matrix(unit: Codes, weight: Floats, n_units: int) -> sparse.csr_array:
    """Return the (units, n) matrix with the weight of each row in the line of its unit.

    Examples
    --------
    >>> unit_matrix(np.array([0, 0, 1]), np.array([1.0, 2, 3]), 2) @ np.ones(3)
    array([3., 3.])
    """
    return sparse.csr_array((weight, (unit, np.arange(len(unit)))), shape=(n_units, len(unit)))


def _unit_products(columns: Floats, weight: Floats, unit: Codes, first: Codes, second: Codes) -> Floats:
    """Return the (units, pairs) weighted products of pairs of columns, summed by unit."""
    n_units = int(unit.max(initial=0)) + 1
    found = np.zeros((n_units, len(first)))
    for start in range(0, len(weight), ROWS):
        part = slice(start, start + ROWS)
        products = columns[part][:, first] * columns[part][:, second] * weight[part, None]
        found += unit_matrix(unit[part], np.ones(len(products)), n_units) @ products
    return found
