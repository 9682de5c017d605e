"""Many units estimated at once: how much they truly differ, each drawn towards the rest, and the ranks it may have."""

import numpy as np
import numpy.typing as npt
from scipy import optimize

__all__ = ["paule_mandel", "posterior", "rank_intervals"]

Floats = npt.NDArray[np.float64]


def paule_mandel(estimate: Floats, variance: Floats) -> tuple[float, float]:
    """Return the mean of the units and the variance τ² of their true values about it.

    Notes
    -----
    τ² solves Σ (y - μ)² / (v + τ²) = units - 1, and is 0 where sampling error explains all differences (Paule & Mandel
    1982; DerSimonian & Kacker 2007, *Contemporary Clinical Trials* 28, 105-114). R: `metafor::rma(method = "PM")`.

    Examples
    --------
    >>> mean, between = paule_mandel(np.array([0.0, 10.0]), np.array([1.0, 1.0]))
    >>> round(mean, 6), round(between, 6)
    (5.0, 49.0)
    """

    def mean(between: float) -> float:
        """Return the weighted mean of the units."""
        return float(np.average(estimate, weights=1 / (variance + between)))

    def excess(between: float) -> float:
        """Return how far the units lie apart beyond what the variances explain."""
        return float(((estimate - mean(between)) ** 2 / (variance + between)).sum() - (len(estimate) - 1))

    if len(estimate) < 2 or excess(0.0) <= 0:
        return mean(0.0), 0.0
    most = ((estimate - estimate.mean()) ** 2).sum() + variance.max()
    between = float(optimize.brentq(excess, 0.0, most, xtol=1e-12))
    return mean(between), between


def posterior(estimate: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the shrunken estimate of each unit, its standard error, and the weight of its own data in it.

    Parameters
    ----------
    estimate, variance
        (units,) estimates with their sampling variances; at least 4 units.

    Notes
    -----
    The pull towards the mean is B = (k - 3)/(k - 1) · v/(v + τ²) over k units, the estimate B·μ + (1 - B)·y, its
    variance (1 - B)·v + B²·var(μ). The factor stands for the error of τ² (Morris 1983, *JASA* 78, 47-55). The more
    units, the nearer to R's `metafor::blup`.

    Examples
    --------
    >>> shrunken, error, weight = posterior(np.array([0.0, 0.0, 10.0, 10.0, 5.0]), np.ones(5))
    >>> shrunken.round(2), weight.round(2)
    (array([0.1, 0.1, 9.9, 9.9, 5. ]), array([0.98, 0.98, 0.98, 0.98, 0.98]))
    """
    mean, between = paule_mandel(estimate, variance)
    k, total = len(estimate), variance + between
    pull = (k - 3) / (k - 1) * variance / total
    of_mean = 1 / (1 / total).sum()
    error = np.sqrt((1 - pull) * variance + pull**2 * of_mean)
    return pull * mean + (1 - pull) * estimate, error, 1 - pull


def rank_intervals(
    estimate: Floats, std_error: Floats, *, conf_level: float, simultaneous: bool, n_draws: int = 4_000, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return the lowest and highest rank that each unit may have, 1 being the highest estimate.

    Parameters
    ----------
    estimate, std_error
        (units,) estimates with independent normal errors.
    conf_level
        Chance that the true rank of a unit lies within.
    simultaneous
        Whether that chance is to hold for all units together.
    n_draws, seed
        Simulated true values, and the seed.

    Notes
    -----
    Ranks of values drawn about the estimates. For all units together, the intervals are widened until `conf_level` of
    the draws lie in all of them (Laird & Louis 1989; Goldstein & Spiegelhalter 1996, *JRSS A* 159, 385-443).

    Examples
    --------
    >>> low, high = rank_intervals(np.array([9.0, 1.0, 0.9]), np.full(3, 0.5), conf_level=0.95, simultaneous=False)
    >>> low, high
    (array([1., 2., 2.]), array([1., 3., 3.]))
    """
    rng = np.random.default_rng(seed)
    drawn = rng.normal(estimate, std_error, (n_draws, len(estimate)))
    ranks = np.argsort(np.argsort(-drawn, axis=1), axis=1) + 1.0
    outside = (1 - conf_level) / 2
    if simultaneous:
        # How deep in its own two tails each draw's most unusual rank lies.
        ordered = np.sort(ranks, axis=0)
        below = np.stack([np.searchsorted(*one, side="right") for one in zip(ordered.T, ranks.T, strict=True)], axis=1)
        above = n_draws - np.stack([np.searchsorted(*one) for one in zip(ordered.T, ranks.T, strict=True)], axis=1)
        outside = float(np.quantile(np.minimum(below, above).min(axis=1) / n_draws, 1 - conf_level, method="lower"))
        low = np.quantile(ranks, max(outside - 1 / n_draws, 0.0), axis=0, method="lower")
        return low, np.quantile(ranks, min(1 - outside + 1 / n_draws, 1.0), axis=0, method="higher")
    low, high = np.quantile(ranks, [outside, 1 - outside], axis=0, method="nearest")
    return low, high
