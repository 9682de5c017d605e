"""Slope of an outcome on a score that was measured by a survey, in a panel of segments by periods.

Notation of Deaton (1985): the score x of a cell is its true score and a sampling error of known variance v. Segment and
period effects are projected out by the annihilator M with diagonal m; x̃ = Mx, ỹ = My. The error adds Σmv to Σx̃².
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.wild_bootstrap import Scores, confidence_set, p_value, webb

__all__ = [
    "CORRECTED",
    "LEAST_SEGMENTS",
    "REFUSED",
    "UNCERTAIN",
    "PanelSlope",
    "Slope",
    "TwoWay",
    "answers_needed",
    "panel_slope",
    "reliability",
    "reliability_bound",
    "standing",
    "two_way",
]

# Reliability from which the corrected slope stands alone, and from which it stands beside the naive one.
GOAL, LEAST = 0.5, 0.3
LEAST_SEGMENTS = 6
CORRECTED, UNCERTAIN, REFUSED = "corrected", "uncertain", "refused"
BOUND = 0.95
# Within-variation this far below the total, relatively, is rounding error of none.
ROUNDING = 1e-18


@dataclass(frozen=True)
class TwoWay:
    """Segment and period effects of a panel, balanced or not.

    Attributes
    ----------
    basis
        (n, rank) orthonormal basis of the effects.
    m
        (n,) diagonal of the annihilator; 0 for a cell that the effects fit whatever its value.
    segment
        (n,) code 0 … segments - 1 of each cell's segment.
    df
        Cells less rank; (S - 1)(T - 1) in a full panel.
    """

    basis: Floats
    m: Floats
    segment: Codes
    df: int

    def within(self, values: Floats) -> Floats:
        """Return the (n,) values of the cells without the effects."""
        return values - self.basis @ (self.basis.T @ values)

    def by_segment(self, values: Floats) -> Floats:
        """Return the (segments,) sums of the cells' values."""
        return np.bincount(self.segment, values).astype(np.float64)


@dataclass(frozen=True)
class Slope:
    """A slope with its interval.

    Attributes
    ----------
    estimate, std_error
        The slope, and its error clustered by segment.
    conf_low, conf_high
        Least and largest slope that the wild bootstrap does not reject; infinite where it rejects none.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True)
class PanelSlope:
    """The slope of a panel, naive and corrected.

    Attributes
    ----------
    naive
        As if the scores had no sampling error.
    corrected
        With the sampling variance taken off. Both slopes are missing where the panel is refused.
    p_value
        Of no slope, on the uncorrected one: sampling error cannot make a slope where there is none.
    reliability, reliability_low
        Share of the within-variation of the score that is no sampling error, and its lower 95 % bound.
    status
        `corrected`, `uncertain` or `refused`, as `standing` says.
    df
        Degrees of freedom.
    """

    naive: Slope
    corrected: Slope
    p_value: float
    reliability: float
    reliability_low: float
    status: str
    df: int


def two_way(segment: Codes, period: Codes) -> TwoWay:
    """Return the segment and period effects of some cells.

    Parameters
    ----------
    segment, period
        (n,) code 0, 1, … of each cell's segment and period; a pair occurs at most once.

    Notes
    -----
    The basis spans the dummies of both; so a panel with gaps, or one of parts that share no period, is right as well.

    Examples
    --------
    >>> effects = two_way(np.repeat([0, 1, 2], 4), np.tile([0, 1, 2, 3], 3))
    >>> effects.df, effects.m.round(3)[0]
    (6, np.float64(0.5))
    """
    dummies = np.hstack([codes[:, None] == np.arange(codes.max() + 1) for codes in (segment, period)])
    basis = linalg.orth(dummies.astype(float))
    m = np.clip(1 - np.square(basis).sum(axis=1), 0.0, 1.0)
    return TwoWay(basis, m, segment, len(segment) - basis.shape[1])


def reliability(x: Floats, variance: Floats, effects: TwoWay) -> float:
    """Return the share of the within-variation of a score that is no sampling error: λ̂ = 1 - Σmv / Σx̃².

    Parameters
    ----------
    x, variance
        (n,) score of each cell and its sampling variance, in squared units of the score.
    effects
        Of the same cells.

    Raises
    ------
    ValueError
        If the score does not vary within the panel.
    """
    size = _size(effects.within(x), x)
    return float(1 - (effects.m @ variance) / size)


def reliability_bound(estimate: float, df: int) -> float:
    """Return the lower confidence bound of a reliability, one-sided at 95 %: 1 - (1 - λ̂)·χ²₀.₉₅(df)/df.

    Parameters
    ----------
    estimate
        λ̂.
    df
        Degrees of freedom of Σx̃².

    Notes
    -----
    χ²₀.₉₅ is the quantile with 95 % of the distribution below it. Σx̃² is its expectation times χ²(df)/df if scores are
    normal, so that 1 - λ = (1 - λ̂)·χ²/df, which is at most the value given here in 95 of 100 panels. With λ = 0 the
    bound is above 0 in 5 of 100.

    Examples
    --------
    >>> round(reliability_bound(0.6, df=49), 3)
    0.458
    """
    return float(1 - (1 - estimate) * stats.chi2.ppf(BOUND, df) / df)


def standing(reliability: float, bound: float, n_segments: int) -> str:
    """Return whether a slope may be corrected: `corrected`, `uncertain` (both slopes, with a warning) or `refused`.

    Examples
    --------
    >>> standing(0.6, 0.4, 8), standing(0.4, 0.1, 8), standing(0.6, 0.4, 5)
    ('corrected', 'uncertain', 'refused')
    """
    if reliability < LEAST or bound <= 0 or n_segments < LEAST_SEGMENTS:
        return REFUSED
    return CORRECTED if reliability >= GOAL else UNCERTAIN


def answers_needed(n: float, reliability: float, goal: float = GOAL) -> float:
    """Return the answers a cell with which a panel of n a cell would reach a reliability; infinite if none would.

    Notes
    -----
    n(1 - λ̂)/λ̂ · L/(1 - L): the sampling variance falls as 1/n, the variance of the true scores stays.

    Examples
    --------
    >>> answers_needed(100, 0.2), answers_needed(100, -0.1)
    (400.0, inf)
    """
    if reliability <= 0:
        return float("inf")
    return n * (1 - reliability) / reliability * goal / (1 - goal)


def panel_slope(
    y: Floats,
    x: Floats,
    variance: Floats,
    effects: TwoWay,
    *,
    conf_level: float = 0.95,
    n_boot: int = 999,
    seed: int = 0,
) -> PanelSlope:
    """Return the two-way fixed-effects slope of y on a surveyed score, naive and corrected for its sampling error.

    Parameters
    ----------
    y, x
        (n,) outcome and score of each cell.
    variance
        (n,) sampling variance of the score.
    effects
        Of the same cells.
    conf_level
        Coverage of the intervals.
    n_boot, seed
        Draws of the wild bootstrap, and the seed.

    Raises
    ------
    ValueError
        If the score does not vary within the panel, or there is only one segment.

    Notes
    -----
    β̂ = Σx̃ỹ / (Σx̃² - Σmv): Deaton (1985), *Journal of Econometrics* 30, 109-126, with the exact diagonal m. The interval
    holds all b that a wild bootstrap of the studentised segment scores g_s(b) = Σx̃ỹ - b(Σx̃² - Σmv), with b imposed and
    Webb's weights, does not reject. Sampling errors of different cells are taken as independent.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> effects = two_way(np.repeat(np.arange(8), 12), np.tile(np.arange(12), 8))
    >>> score = rng.normal(0, 10, 96)
    >>> measured = score + rng.normal(0, 5, 96)
    >>> found = panel_slope(0.002 * score + rng.normal(0, 0.01, 96), measured, np.full(96, 25.0), effects)
    >>> found.status, round(found.reliability, 1), round(found.naive.estimate, 4), round(found.corrected.estimate, 4)
    ('corrected', 0.8, 0.0015, 0.0019)
    """
    within_x, within_y = effects.within(x), effects.within(y)
    size = _size(within_x, x)
    of_segments = effects.by_segment(within_x * within_y), effects.by_segment(within_x**2)
    if len(of_segments[0]) < 2:
        raise ValueError("panel: found one segment; the interval needs several.")
    noise = effects.by_segment(effects.m * variance)
    known = float(1 - noise.sum() / size)
    bound = reliability_bound(known, effects.df)
    status = standing(known, bound, len(noise))
    naive, draws = Scores(*of_segments), webb(n_boot, len(noise), seed)
    naive_slope = corrected = Slope(np.nan, np.nan, np.nan, np.nan)
    if status != REFUSED:
        naive_slope = _slope(naive, draws, conf_level)
        corrected = _slope(Scores(naive.at_zero, naive.slope - noise), draws, conf_level)
    return PanelSlope(naive_slope, corrected, p_value(naive, draws), known, bound, status, effects.df)


def _slope(scores: Scores, draws: Floats, conf_level: float) -> Slope:
    """Return the slope of some scores with its interval."""
    return Slope(scores.estimate, scores.std_error, *confidence_set(scores, draws, conf_level))


def _size(within: Floats, values: Floats) -> float:
    """Return Σx̃² of a score that varies."""
    size = float(within @ within)
    if size <= ROUNDING * float(np.square(values).sum()):
        raise ValueError("panel: the score does not vary within segments beyond what all have in common.")
    return size
