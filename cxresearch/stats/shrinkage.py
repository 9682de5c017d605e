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


def posterior(estimate: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the shrunken estimate of each unit and its standard error, the mean's own error included.

    Notes
    -----
    With B = v / (v + τ²) the estimate is B·μ + (1 - B)·y, its variance (1 - B)·v + B²·var(μ) (Morris 1983, *JASA* 78,
    47-55, without his correction for the error of τ²).

    Examples
    --------
    >>> shrunken, error = posterior(np.array([0.0, 10.0]), np.array([1.0, 1.0]))
    >>> shrunken
    array([0.1, 9.9])
    """
    mean, between = paule_mandel(estimate, variance)
    pull = variance / (variance + between)
    of_mean = 1 / (1 / (variance + between)).sum()
    return pull * mean + (1 - pull) * estimate, np.sqrt((1 - pull) * variance + pull**2 * of_mean)


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
