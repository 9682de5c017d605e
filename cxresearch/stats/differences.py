"""The difference of two estimates: adjusted counts, permutation, families of tests, equivalence."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = [
    "NOTHING_ADDED",
    "NPS_ADDED",
    "SAME",
    "SHARE_ADDED",
    "Added",
    "Moments",
    "adjusted",
    "benjamini_hochberg",
    "dealing_strata",
    "equivalent",
    "permutation_p",
    "studentised",
    "two_sided_p",
    "welch_df",
]

Floats = npt.NDArray[np.float64]
# Two statistics closer than this are equal: sums of the same answers in another order differ by rounding.
SAME = 1e-9
# Up to this size a pool is shuffled whole for all permutations at once, which is faster; a larger one is drawn from.
SMALL_POOL = 500


@dataclass(frozen=True)
class Added:
    """Answers added to each side before their difference is tested.

    Attributes
    ----------
    answers
        How many.
    total, total_square
        Sums of the added answers and of their squares.
    """

    answers: float
    total: float
    total_square: float


# An NPS on the scale -1 to 1: 3/4 promoter, 3/4 detractor, 3/2 passives (Rocks 2016).
NPS_ADDED = Added(3.0, 0.0, 1.5)
# A proportion: one success and one failure (Agresti & Caffo 2000).
SHARE_ADDED = Added(2.0, 1.0, 1.0)
NOTHING_ADDED = Added(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Moments:
    """Weighted mean answer, mean squared answer and effective base."""

    mean: Floats
    square: Floats
    n: Floats


def adjusted(side: Moments, added: Added) -> tuple[Floats, Floats]:
    """Return the mean after adding answers, and its variance.

    Examples
    --------
    >>> mean, variance = adjusted(Moments(np.array([1.0]), np.array([1.0]), np.array([12.0])), NPS_ADDED)
    >>> mean.round(3), variance.round(5)
    (array([0.8]), array([0.01733]))
    """
    n = side.n + added.answers
    mean = (side.n * side.mean + added.total) / n
    square = (side.n * side.square + added.total_square) / n
    return mean, np.maximum(square - mean * mean, 0.0) / n


def studentised(first: Moments, second: Moments, added: Added, correlation: float = 0.0) -> Floats:
    """Return the adjusted difference, second less first, over its standard error; 0 where both are 0.

    Parameters
    ----------
    first, second
        The two sides.
    added
        Answers added to each.
    correlation
        Of the two estimates, as repeat customers cause it.
    """
    mean_1, variance_1 = adjusted(first, added)
    mean_2, variance_2 = adjusted(second, added)
    variance = variance_1 + variance_2 - 2 * correlation * np.sqrt(variance_1 * variance_2)
    difference = mean_2 - mean_1
    endless = np.where(np.abs(difference) < SAME, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, np.sqrt(np.maximum(variance, 0.0)), out=endless, where=variance > SAME**2)


def permutation_p(
    first: Floats,
    second: Floats,
    statistic: Callable[[Floats, Floats], Floats],
    *,
    stratum: npt.NDArray[np.intp] | None = None,
    n_permutations: int = 4_999,
    seed: int = 0,
) -> float:
    """Return the two-sided permutation p-value of a difference between two waves.

    Parameters
    ----------
    first, second
        (units, k) sums of each sampling unit (customer) in either wave; the first column is the sum of weights and 0
        where the unit gave no answer in that wave.
    statistic
        Takes the k sums of both waves, as arrays (..., k), and gives the difference's statistic.
    stratum
        (units,) code of the stratum, within which units are dealt; one stratum by default.
    n_permutations
        How often the units are dealt anew.
    seed
        Of the random numbers.

    Notes
    -----
    Under the hypothesis that nothing changed, customers of one wave only could as well have answered in the other, and
    the two answers of a repeat customer could stand the other way round. With a studentised statistic the test holds
    its level in large samples also where only the means are equal (Janssen 1997; Chung & Romano 2013). The p-value
    counts the observed deal: (1 + as far out) / (1 + n_permutations).

    Examples
    --------
    >>> ones = np.ones((20, 1))
    >>> before, after = np.hstack([ones, 0 * ones]), np.hstack([ones, ones])
    >>> none = np.zeros((20, 2))
    >>> p = permutation_p(np.vstack([before, none]), np.vstack([none, after]),
    ...                   lambda a, b: (b[..., 1] - a[..., 1]) / 20, n_permutations=999)
    >>> p
    0.001
    """
    rng = np.random.default_rng(seed)
    group = np.zeros(len(first), dtype=np.intp) if stratum is None else stratum
    in_first, both = first[:, 0] > 0, (first[:, 0] > 0) & (second[:, 0] > 0)
    everything = (first + second).sum(axis=0)
    swapped = rng.integers(0, 2, (n_permutations, int(both.sum())))
    dealt = first[both].sum(axis=0) + swapped @ (second - first)[both]
    for h in np.unique(group):
        pool = ~both & (group == h)
        dealt = dealt + _drawn((first + second)[pool], int((pool & in_first).sum()), n_permutations, rng)
    observed = abs(float(statistic(first.sum(axis=0), second.sum(axis=0))))
    further = np.abs(statistic(dealt, everything - dealt)) >= observed - SAME
    return float((1 + further.sum()) / (1 + n_permutations))


def dealing_strata(
    stratum: npt.NDArray[np.intp], first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    """Return the strata within which units may be dealt between two sides; those of one side only are one together.

    Where the sides are themselves strata, dealing within strata would move nobody, and every p-value would be 1.

    Examples
    --------
    >>> sides = np.array([True, True, False, False])
    >>> dealing_strata(np.array([0, 1, 1, 2]), sides, ~sides)
    array([0, 2, 2, 0])
    """
    in_both = np.isin(stratum, stratum[first]) & np.isin(stratum, stratum[second])
    return np.where(in_both, stratum + 1, 0)


def two_sided_p(statistic: npt.ArrayLike, df: npt.ArrayLike = np.inf) -> Floats:
    """Return the two-sided p-value of a t statistic, of a normal one where `df` is infinite; missing where df < 1."""
    t, degrees = np.broadcast_arrays(np.asarray(statistic, dtype=float), np.asarray(df, dtype=float))
    known = degrees >= 1
    return np.where(known, 2 * stats.t.sf(np.abs(t), np.where(known, degrees, 1.0)), np.nan)


def welch_df(variance_1: Floats, df_1: npt.ArrayLike, variance_2: Floats, df_2: npt.ArrayLike) -> Floats:
    """Return Welch's degrees of freedom of a difference; NaN where a side has none.

    Examples
    --------
    >>> welch_df(np.array([1.0]), np.array([10.0]), np.array([1.0]), np.array([10.0]))
    array([20.])
    """
    known = (np.asarray(df_1) >= 1) & (np.asarray(df_2) >= 1) & (variance_1 + variance_2 > 0)
    below = variance_1**2 / np.maximum(df_1, 1) + variance_2**2 / np.maximum(df_2, 1)
    return np.divide((variance_1 + variance_2) ** 2, below, out=np.full(known.shape, np.nan), where=known)


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Return p-values adjusted over their family: R's `p.adjust(method = "BH")`; missing ones are not counted.

    Examples
    --------
    >>> benjamini_hochberg([0.01, np.nan, 0.04, 0.03]).round(3)
    array([0.03,  nan, 0.04, 0.04])
    """
    p = np.asarray(p_values, dtype=float)
    tested = ~np.isnan(p)
    found = np.full(p.shape, np.nan)
    if tested.any():
        found[tested] = stats.false_discovery_control(p[tested], method="bh")
    return found


def equivalent(
    difference: npt.ArrayLike, std_error: npt.ArrayLike, df: npt.ArrayLike, margin: float, alpha: float = 0.05
) -> npt.NDArray[np.bool_]:
    """Return whether a difference is shown to be smaller than the margin: two one-sided tests (Schuirmann 1987).

    Examples
    --------
    >>> equivalent([0.0, 0.0, 4.0], [1.0, 4.0, 1.0], np.inf, margin=5.0)
    array([ True, False, False])
    """
    centre, degrees = np.asarray(difference, dtype=float), np.asarray(df, dtype=float)
    known = degrees >= 1
    half = stats.t.ppf(1 - alpha, np.where(known, degrees, 1.0)) * np.asarray(std_error, dtype=float)
    return known & (centre - half > -margin) & (centre + half < margin)


def _drawn(pool: Floats, size: int, times: int, rng: np.random.Generator) -> Floats:
    """Return the (times, k) sums of `size` rows drawn from a pool without replacement."""
    if size > len(pool) / 2:
        return pool.sum(axis=0) - _drawn(pool, len(pool) - size, times, rng)
    if size == 0:
        return np.zeros((times, pool.shape[1]))
    if len(pool) <= SMALL_POOL:
        shuffled = rng.permuted(np.tile(np.arange(len(pool)), (times, 1)), axis=1)
        return pool[shuffled[:, :size]].sum(axis=1)
    rows = range(times)
    return np.stack([pool[rng.choice(len(pool), size, replace=False, shuffle=False)].sum(axis=0) for _ in rows])
