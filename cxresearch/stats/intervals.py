"""Intervals of one estimate: arrays in, a pair of arrays (low, high) out."""

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["adjusted_wald_nps", "score_nps", "score_statistic", "t_interval", "wald", "wilson"]

Floats = npt.NDArray[np.float64]
Limits = tuple[Floats, Floats]

# Answers added before the Wald interval of an NPS: 3 in all, of them 3/4 promoters and 3/4 detractors (Rocks 2016).
ADDED, ADDED_AT_EACH_END = 3.0, 0.75
# Halvings of an interval of width 1: the limit is then exact to 1e-15.
HALVINGS = 50


def wald(estimate: npt.ArrayLike, std_error: npt.ArrayLike, conf_level: float = 0.95) -> Limits:
    """Return estimate ± z · std_error, not clipped.

    Examples
    --------
    >>> low, high = wald([10.0], [2.0])
    >>> low.round(2), high.round(2)
    (array([6.08]), array([13.92]))
    """
    centre, half = np.asarray(estimate, dtype=float), _z(conf_level) * np.asarray(std_error, dtype=float)
    return centre - half, centre + half


def t_interval(
    estimate: npt.ArrayLike, std_error: npt.ArrayLike, df: npt.ArrayLike, conf_level: float = 0.95
) -> Limits:
    """Return estimate ± t(df) · std_error; missing where df is under 1. R: `confint(svymean(...), df = degf(design))`.

    Examples
    --------
    >>> low, high = t_interval([10.0, 10.0], [2.0, 2.0], [5, 0])
    >>> low.round(2), high.round(2)
    (array([4.86,  nan]), array([15.14,   nan]))
    """
    degrees = np.asarray(df, dtype=float)
    known = degrees >= 1
    quantile = np.where(known, stats.t.ppf((1 + conf_level) / 2, np.where(known, degrees, 1.0)), np.nan)
    centre, half = np.asarray(estimate, dtype=float), quantile * np.asarray(std_error, dtype=float)
    return centre - half, centre + half


def wilson(share: npt.ArrayLike, n: npt.ArrayLike, conf_level: float = 0.95) -> Limits:
    """Return Wilson's score interval of a proportion on n (or effective) answers; missing where n is 0.

    Notes
    -----
    Wilson (1927); R `binom::binom.confint(methods = "wilson")`, `prop.test(correct = FALSE)`.

    Examples
    --------
    >>> low, high = wilson([3 / 20, 1.0], [20, 12])
    >>> low.round(4), high.round(4)
    (array([0.0524, 0.7575]), array([0.3604, 1.    ]))
    """
    p, size = np.asarray(share, dtype=float), _positive(n)
    z = _z(conf_level)
    centre = (p + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
    # At 0 and 1 the limit is exactly the end of the scale, which rounding would miss.
    return np.where(p <= 0, np.minimum(p, 0.0), centre - half), np.where(p >= 1, np.maximum(p, 1.0), centre + half)


def adjusted_wald_nps(
    promoters: npt.ArrayLike, detractors: npt.ArrayLike, n: npt.ArrayLike, conf_level: float = 0.95
) -> Limits:
    """Return the adjusted Wald interval of an NPS on the scale -1 to 1, clipped to it; missing where n is 0.

    Parameters
    ----------
    promoters, detractors
        Shares, 0-1.
    n
        Answers, or effective answers under weights.

    Notes
    -----
    The Wald interval after adding 3/4 promoter, 3/4 detractor and 3/2 passives (Rocks 2016, *The American Statistician*
    70, 365-372); R `NPS::nps_test(test = "adjusted.wald")`, which does not clip.

    Examples
    --------
    >>> low, high = adjusted_wald_nps([1.0], [0.0], [12])
    >>> low.round(4), high
    (array([0.542]), array([1.]))
    """
    size = _positive(n)
    total = size + ADDED
    p = (size * np.asarray(promoters, dtype=float) + ADDED_AT_EACH_END) / total
    d = (size * np.asarray(detractors, dtype=float) + ADDED_AT_EACH_END) / total
    low, high = wald(p - d, np.sqrt((p + d - (p - d) ** 2) / total), conf_level)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def score_nps(
    promoters: npt.ArrayLike, detractors: npt.ArrayLike, n: npt.ArrayLike, conf_level: float = 0.95
) -> Limits:
    """Return the score interval of an NPS on the scale -1 to 1; missing where n is 0.

    Parameters
    ----------
    promoters, detractors
        Shares, 0-1.
    n
        Answers, or effective answers under weights.

    Notes
    -----
    All values of the NPS that a score test does not reject: an NPS is the paired difference of two proportions whose
    discordant counts are promoters and detractors, so this is Tango's interval (1998, *Statistics in Medicine* 17,
    891-908); R `PropCIs::scoreci.mp`, `NPS::nps_test(test = "iterative")`.

    Examples
    --------
    >>> low, high = score_nps([8 / 15], [2 / 15], [15])
    >>> low.round(4), high.round(4)
    (array([-0.014]), array([0.6869]))
    """
    p, d, size = np.broadcast_arrays(
        np.asarray(promoters, dtype=float), np.asarray(detractors, dtype=float), _positive(n)
    )
    z = _z(conf_level)
    low = _score_limit(p, d, size, z)
    # The upper limit is the lower one of the mirrored question: detractors less promoters.
    high = -_score_limit(d, p, size, z)
    known = np.isfinite(p) & np.isfinite(size)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def score_statistic(
    promoters: npt.ArrayLike, detractors: npt.ArrayLike, n: npt.ArrayLike, null: npt.ArrayLike
) -> Floats:
    """Return how many standard errors an NPS on the scale -1 to 1 lies above `null`, the error being that under `null`.

    Parameters
    ----------
    promoters, detractors
        Shares, 0-1.
    n
        Answers, or effective answers under weights.
    null
        The NPS to test against.

    Notes
    -----
    The variance takes the likeliest share of detractors given `null` (Tango 1998).

    Examples
    --------
    >>> score_statistic([60 / 180], [50 / 180], [180], 0.0).round(3)
    array([0.953])
    """
    p, d, size, delta = np.broadcast_arrays(*(np.asarray(part, float) for part in (promoters, detractors, n, null)))
    b = -p - d + (2 - p + d) * delta
    c = -d * delta * (1 - delta)
    likeliest = (np.sqrt(np.maximum(b * b - 8 * c, 0.0)) - b) / 4
    variance = np.maximum(2 * likeliest + delta * (1 - delta), 0.0) / size
    away = p - d - delta
    return np.divide(away, np.sqrt(variance), out=np.full(p.shape, np.inf), where=variance > 0)


def _score_limit(p: Floats, d: Floats, n: Floats, z: float) -> Floats:
    """Return the least NPS whose score statistic does not pass z, by bisection below the estimate."""
    low, high = np.full(p.shape, -1.0), p - d
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        refused = score_statistic(p, d, n, middle) > z
        low, high = np.where(refused, middle, low), np.where(refused, high, middle)
    return (low + high) / 2


def _positive(n: npt.ArrayLike) -> Floats:
    """Return bases with NaN for those that are not positive."""
    size = np.asarray(n, dtype=float)
    return np.where(size > 0, size, np.nan)


def _z(conf_level: float) -> float:
    """Return the normal quantile of a two-sided interval."""
    return float(stats.norm.ppf((1 + conf_level) / 2))
