"""What a survey of a given size could find."""

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from cxresearch.stats.design import Floats

__all__ = ["minimum_detectable_change"]

Shares = float | tuple[float, float]
# Halvings of the range in which the change is sought: exact to 1e-15 of it.
HALVINGS = 60
# No standardised change needs more than this many of its standard errors for any usual power and level.
MOST_ERRORS = 100.0


def minimum_detectable_change(
    n: npt.ArrayLike,
    n_previous: npt.ArrayLike | None = None,
    *,
    sd: npt.ArrayLike | None = None,
    shares: Shares | None = None,
    power: float = 0.8,
    conf_level: float = 0.95,
    deff: npt.ArrayLike = 1.0,
    correlation: npt.ArrayLike = 0.0,
) -> float | Floats:
    """Return the smallest true change between two waves that a two-sided test finds with the given power.

    Parameters
    ----------
    n
        Answers of this wave, or of each group.
    n_previous
        Answers of the earlier wave; as many by default.
    sd
        Standard deviation of the answers, for a mean in its own unit. Give either `sd` or `shares`.
    shares
        A pair, the shares of promoters and detractors: the change of an NPS, in points. One number: a proportion; the
        change, 0-1, is sought towards one half, where it takes the most answers.
    power
        Probability of finding the change.
    conf_level
        1 less the level of the test.
    deff
        Design effect of weights and clusters, by which both bases are divided.
    correlation
        Correlation of the two waves' estimates, as repeat customers cause it: the share of customers in both waves
        times the correlation of their two answers, where both waves are of one size.

    Returns
    -------
    float or numpy.ndarray
        One number for one `n`.

    Raises
    ------
    ValueError
        If not exactly one of `sd` and `shares` is given, or a number is out of range.

    Notes
    -----
    NPS: (z₁₋ₐ/₂ + z_power)·√(v/n₁ + v/n₂), v = p + d - (p - d)². Mean: the noncentral t, R `power.t.test`. Proportion:
    pooled variance under no change, R `power.prop.test`. With a correlation ρ, √(v₁ + v₂) becomes
    √(v₁ + v₂ - 2ρ√(v₁v₂)).

    Examples
    --------
    >>> round(minimum_detectable_change(400, shares=(0.45, 0.15)), 1)
    14.1
    >>> minimum_detectable_change([100, 1000], shares=0.5).round(3)
    array([0.193, 0.062])
    """
    _check(sd, shares, power, conf_level, correlation)
    design = np.asarray(deff, dtype=float)
    first = np.asarray(n, dtype=float) / design
    second = first if n_previous is None else np.asarray(n_previous, dtype=float) / design
    rho = np.asarray(correlation, dtype=float)
    if (np.minimum(first, second) <= 0).any():
        raise ValueError("minimum_detectable_change: found a base of zero or less; give the answers of each wave.")
    per_variance = 1 / first + 1 / second - 2 * rho / np.sqrt(first * second)
    if sd is not None:
        df = first + second - 2
        found = _standardised(df, power, conf_level) * np.asarray(sd, dtype=float) * np.sqrt(per_variance)
    elif isinstance(shares, tuple):
        promoters, detractors = shares
        variance = promoters + detractors - (promoters - detractors) ** 2
        found = 100 * _normal_sum(power, conf_level) * np.sqrt(variance * per_variance)
    else:
        found = _of_a_share(float(shares or 0), first, second, rho, power, conf_level)
    return float(found) if np.ndim(found) == 0 else np.asarray(found)


def _check(
    sd: npt.ArrayLike | None, shares: Shares | None, power: float, conf_level: float, correlation: npt.ArrayLike
) -> None:
    """Refuse arguments that contradict each other or are out of range."""
    if (sd is None) == (shares is None):
        raise ValueError("minimum_detectable_change: give sd= for a mean, or shares= for an NPS or a proportion.")
    for name, value in (("power", power), ("conf_level", conf_level)):
        if not 0 < value < 1:
            raise ValueError(f"{name}: found {value:g}; it lies between 0 and 1.")
    if (np.abs(np.asarray(correlation, dtype=float)) > 1).any():
        raise ValueError("correlation: found a value outside -1 to 1.")
    given = np.atleast_1d(np.asarray(shares if shares is not None else 0.0, dtype=float))
    if (given < 0).any() or given.sum() > 1:
        raise ValueError("shares: found shares below 0 or above 1 in all; they are proportions, 0-1.")


def _normal_sum(power: float, conf_level: float) -> float:
    """Return the change, in standard errors, that a normal test finds; the wrong direction is not counted."""
    return float(stats.norm.ppf((1 + conf_level) / 2) + stats.norm.ppf(power))


def _standardised(df: Floats, power: float, conf_level: float) -> Floats:
    """Return the change, in standard errors, that a t test finds; the wrong direction is not counted."""
    known = np.where(df >= 1, df, np.nan)
    critical = stats.t.ppf((1 + conf_level) / 2, known)
    low, high = np.zeros(df.shape), np.full(df.shape, MOST_ERRORS)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = 1 - special.nctdtr(known, middle, critical) >= power
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(np.isnan(known), np.nan, high)


def _of_a_share(p: float, first: Floats, second: Floats, rho: Floats, power: float, conf_level: float) -> Floats:
    """Return the change of a proportion that is found; missing where no change is large enough."""
    p = min(p, 1 - p)
    z_level, z_power = stats.norm.ppf((1 + conf_level) / 2), stats.norm.ppf(power)

    def lacking(change: Floats) -> Floats:
        """Return by how much a change is too small."""
        pooled = (second * p + first * (p + change)) / (first + second)
        per_unit = [pooled * (1 - pooled) / size for size in (second, first)]
        own = [p * (1 - p) / second, (p + change) * (1 - p - change) / first]
        null, alternative = (np.sqrt(a + b - 2 * rho * np.sqrt(a * b)) for a, b in (per_unit, own))
        return z_level * null + z_power * alternative - change

    low, high = np.zeros(np.shape(first + second + rho)), np.full(np.shape(first + second + rho), 1 - p)
    possible = lacking(high) <= 0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = lacking(middle) <= 0
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(possible, high, np.nan)
