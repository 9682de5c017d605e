"""Whether units differ by more than chance, and by how much: Cochran's test and the interval of the spread."""

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

__all__ = ["cochran_q", "spread_interval"]

Floats = npt.NDArray[np.float64]
# Beyond this many times the largest distance of two estimates no upper limit is looked for.
WIDEST = 1e4


def cochran_q(estimate: Floats, variance: Floats, between: float = 0.0) -> float:
    """Return Q = Σ (y - μ)² / (v + τ²) of units, which is χ² with units - 1 degrees of freedom if τ² is true.

    Parameters
    ----------
    estimate, variance
        (units,) independent estimates with their sampling variances, all above 0.
    between
        Variance τ² of the true values.

    Notes
    -----
    Cochran (1954), *Biometrics* 10, 101-129. R: `metafor::rma(y, v)$QE`.

    Examples
    --------
    >>> cochran_q(np.array([0.0, 10.0]), np.array([25.0, 25.0]))
    2.0
    """
    weight = 1 / (variance + between)
    return float((weight * (estimate - np.average(estimate, weights=weight)) ** 2).sum())


def spread_interval(estimate: Floats, variance: Floats, conf_level: float = 0.95) -> tuple[float, float]:
    """Return the limits of the standard deviation τ of the units' true values: all τ that Cochran's Q does not reject.

    Parameters
    ----------
    estimate, variance
        As for `cochran_q`; at least 2 units.
    conf_level
        Coverage.

    Notes
    -----
    The Q-profile (Viechtbauer 2007, *Statistics in Medicine* 26, 37-52): Q falls as τ² grows, so the limits are where
    it equals the quantiles of χ². R: `metafor::confint(rma(y, v, method = "PM"))`.

    Examples
    --------
    >>> low, high = spread_interval(np.array([0.0, 10, 20, 30]), np.full(4, 4.0))
    >>> round(low, 2), round(high, 2)
    (7.03, 48.09)
    """
    tails = stats.chi2.ppf([(1 + conf_level) / 2, (1 - conf_level) / 2], len(estimate) - 1)
    low, high = (_where(estimate, variance, float(tail)) for tail in tails)
    return low, high


def _where(estimate: Floats, variance: Floats, quantile: float) -> float:
    """Return the τ at which Q falls to a quantile, 0 where it lies below from the start."""
    if cochran_q(estimate, variance) <= quantile:
        return 0.0
    most = WIDEST * float(np.ptp(estimate) ** 2 + variance.max())
    if cochran_q(estimate, variance, most) > quantile:
        return float("inf")
    found = optimize.brentq(lambda between: cochran_q(estimate, variance, between) - quantile, 0.0, most)
    return float(np.sqrt(found))
