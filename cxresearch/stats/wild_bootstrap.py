"""Wild bootstrap of cluster scores: tests and confidence sets of a slope with few clusters.

Notation of Kline and Santos (2012): cluster s has the score g_s(b), linear in the slope b; at the true slope the scores
sum to zero but for chance. The statistic is their studentised sum, a draw multiplies each cluster's score by a weight.
"""

from dataclasses import dataclass

import numpy as np

from cxresearch.stats.design import Floats

__all__ = ["Scores", "confidence_set", "p_value", "webb"]

WEBB = np.sqrt([0.5, 1.0, 1.5])
# Directions of the search for limits, from minus to plus infinity, and halvings of the step between two of them.
DIRECTIONS, HALVINGS = 61, 20
# Statistics this much apart, relatively, are equal but for rounding: the draw of all ones must not count by chance.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Scores:
    """Scores of the clusters, g_s(b) = at_zero_s - b · slope_s.

    Attributes
    ----------
    at_zero
        (clusters,) scores of the slope 0.
    slope
        (clusters,) how much each score falls for one unit of b; their sum is positive.
    """

    at_zero: Floats
    slope: Floats

    @property
    def estimate(self) -> float:
        """The slope at which the scores sum to zero."""
        return float(self.at_zero.sum() / self.slope.sum())

    @property
    def residual(self) -> Floats:
        """(clusters,) scores at the estimate."""
        return self.at_zero - self.estimate * self.slope

    @property
    def std_error(self) -> float:
        """The error clustered by s, with the factor S/(S - 1) for few clusters."""
        n = len(self.slope)
        return float(np.sqrt(n / (n - 1) * np.square(self.residual).sum()) / abs(self.slope.sum()))


def webb(n: int, n_clusters: int, seed: int) -> Floats:
    """Return (n, clusters) weights of Webb's six points ±√½, ±1, ±√(3/2): mean 0, variance 1.

    Notes
    -----
    Webb (2023), *Canadian Journal of Economics* 56, 839-858: two points give too few different draws for under about
    twelve clusters. R `fwildclusterboot::boottest(type = "webb")`.

    Examples
    --------
    >>> draws = webb(1_000, 8, seed=0)
    >>> draws.shape, len(np.unique(draws))
    ((1000, 8), 6)
    """
    rng = np.random.default_rng(seed)
    points: Floats = np.concatenate([-WEBB, WEBB])
    return points[rng.integers(0, len(points), (n, n_clusters))]


def p_value(scores: Scores, draws: Floats, b: float = 0.0) -> float:
    """Return the p-value of the slope b, two-sided, with the slope imposed on the draws.

    Parameters
    ----------
    scores
        Of at least two clusters.
    draws
        As `webb` gives them.
    b
        The slope that is tested.

    Examples
    --------
    >>> scores = Scores(np.array([2.0, 1.0, 3.0, 2.5, 1.5, 2.0]), np.ones(6))
    >>> p_value(scores, webb(999, 6, seed=0)) < 0.05, p_value(scores, webb(999, 6, seed=0), scores.estimate)
    (True, 1.0)
    """
    return float(_p_values(scores.at_zero - b * scores.slope, np.zeros_like(scores.slope), draws, np.zeros(1))[0])


def confidence_set(scores: Scores, draws: Floats, conf_level: float = 0.95) -> tuple[float, float]:
    """Return the smallest and the largest slope that the bootstrap does not reject, as far as to infinity.

    Parameters
    ----------
    scores, draws
        As for `p_value`.
    conf_level
        Coverage.

    Returns
    -------
    tuple of float
        Both limits; infinite on both sides where slopes without bound are not rejected, as with a weak regressor.

    Notes
    -----
    Slopes are tried as b = estimate + tan(φ)·std_error, so that φ = ±π/2 is the infinite slope and is tested like any
    other: its scores are those of the denominator alone.

    Examples
    --------
    >>> scores = Scores(np.array([2.0, 1.0, 3.0, 2.5, 1.5, 2.0]), np.ones(6))
    >>> low, high = confidence_set(scores, webb(1_999, 6, seed=0))
    >>> low < 2 < high
    True
    """
    estimate, step, residual = scores.estimate, scores.std_error, scores.residual
    if step <= ROUNDING * abs(estimate):
        return estimate, estimate
    angles = np.linspace(-np.pi / 2, np.pi / 2, DIRECTIONS)
    kept = _p_values(residual, step * scores.slope, draws, angles) > 1 - conf_level
    if kept[0] or kept[-1]:
        return -np.inf, np.inf
    places = np.flatnonzero(kept)
    inside, outside = angles[places[[0, -1]]], angles[places[[0, -1]] + [-1, 1]]
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        holds = _p_values(residual, step * scores.slope, draws, middle) > 1 - conf_level
        inside, outside = np.where(holds, middle, inside), np.where(holds, outside, middle)
    low, high = estimate + step * np.tan(inside)
    return float(low), float(high)


def _p_values(residual: Floats, slope: Floats, draws: Floats, angles: Floats) -> Floats:
    """Return the p-value at each angle φ, where the scores are cos φ · residual - sin φ · slope."""
    cosine, sine = np.cos(angles), np.sin(angles)
    # Sums of scores are linear, sums of squares quadratic, in sine and cosine: one product serves all angles.
    linear = np.column_stack([cosine, -sine])
    quadratic = np.column_stack([cosine**2, -2 * cosine * sine, sine**2])
    sums = np.vstack([residual, slope])
    squares = np.vstack([residual**2, residual * slope, slope**2])
    # Effects that clusters share, or the common slope, take about 1/S off the squares of the scores, not off their sum.
    common = 1 - 1 / len(residual)
    observed = common * (linear @ sums.sum(axis=1)) ** 2 / (quadratic @ squares.sum(axis=1))
    drawn, size = linear @ (sums @ draws.T), quadratic @ (squares @ np.square(draws).T)
    beyond = (drawn**2 >= observed[:, None] * size * (1 - ROUNDING)).sum(axis=1)
    return (1 + beyond) / (1 + len(draws))
