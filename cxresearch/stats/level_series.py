"""Levels of a segment over periods, and what happened to some of them: differences in differences.

Notation: m_gt is the mean of level g in period t, Σ the sampling covariance of all means, linearised over customers.
Every number told is a contrast a'm; beside sampling, each level moves by itself in each period (shocks, variance τ²).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.groups import Sample
from cxresearch.stats.survey import domain_means, mean_influence

__all__ = ["Contrast", "LevelSeries", "level_series"]


@dataclass(frozen=True)
class Contrast:
    """One number made of means: its estimate, standard error and degrees of freedom."""

    estimate: float
    std_error: float
    df: float


@dataclass(frozen=True)
class LevelSeries:
    """Means of levels over periods, some levels touched from a period on.

    Attributes
    ----------
    mean
        (G, T) means.
    covariance
        (G·T, G·T) sampling covariance of the means, level by level.
    n
        (G, T) answers.
    touched
        (G,) whether the level was changed.
    after
        (T,) whether the period lies after the start.
    """

    mean: Floats
    covariance: Floats
    n: Codes
    touched: npt.NDArray[np.bool_]
    after: npt.NDArray[np.bool_]

    @property
    def weight(self) -> Floats:
        """(G,) weights that take the touched together, less the others together; each by its share of all answers."""
        size = self.n.sum(axis=1).astype(float)
        return np.where(self.touched, size / size[self.touched].sum(), -size / size[~self.touched].sum())

    def side(self, touched: bool) -> Floats:
        """Return the (G,) weights of one side alone."""
        return np.where(self.touched == touched, np.abs(self.weight), 0.0)

    @property
    def of_time(self) -> Floats:
        """(T,) weights of the periods: the mean after the start less the mean before it."""
        return self.after / self.after.sum() - ~self.after / (~self.after).sum()

    @cached_property
    def shocks(self) -> tuple[float, float]:
        """τ² and the variance of its estimate.

        The residuals are those of means on levels, periods and touched levels after the start, each level weighted by
        its answers; what they vary beyond sampling is τ² (moments, as DerSimonian and Laird 1986). It may be negative:
        set to 0 it would be too large in the mean, and intervals would cover 98 % where levels do not move.
        """
        levels, times = self.mean.shape
        by_level = np.kron(np.eye(levels), np.ones((times, 1)))
        by_period = np.tile(np.eye(times), (levels, 1))[:, 1:]
        changed = np.outer(self.touched, self.after).reshape(-1, 1).astype(float)
        root = np.repeat(np.sqrt(self.n.sum(axis=1) / self.n.sum()), times)
        basis = np.linalg.qr(root[:, None] * np.hstack([by_level, by_period, changed]))[0]
        form = root[:, None] * (np.eye(len(root)) - basis @ basis.T) * root
        size, mean = np.trace(form), self.mean.ravel()
        shock = float(mean @ form @ mean - np.trace(form @ self.covariance)) / size
        moved = form @ (self.covariance + max(shock, 0.0) * np.eye(len(mean)))
        return shock, float(2 * np.sum(moved * moved.T) / size**2)

    def contrast(self, levels: Floats, periods: Floats) -> Contrast:
        """Return Σ levels_g · periods_t · m_gt.

        Parameters
        ----------
        levels
            (G,) weights of the levels.
        periods
            (T,) weights of the periods.

        Notes
        -----
        Variance a'Σa + τ²·a'a, at least half of the sampling variance a'Σa: few residuals may be small by chance, which
        Satterthwaite's degrees of freedom (1946) then allow for.
        """
        a = np.outer(levels, periods).ravel()
        shock, uncertain = self.shocks
        size, sampling = float(a @ a), float(a @ self.covariance @ a)
        variance = max(sampling + shock * size, sampling / 2)
        degrees = 2 * (sampling + max(shock, 0.0) * size) ** 2 / (size**2 * uncertain) if uncertain > 0 else np.inf
        return Contrast(float(a @ self.mean.ravel()), float(np.sqrt(variance)), degrees)

    @property
    def effect(self) -> Contrast:
        """What the touched levels changed more than the others, after the start against before."""
        return self.contrast(self.weight, self.of_time)

    def without(self, level: int) -> "LevelSeries":
        """Return the series of the untouched levels, one of them taken for the touched one."""
        kept = np.flatnonzero(~self.touched)
        cells = (kept[:, None] * self.mean.shape[1] + np.arange(self.mean.shape[1])).ravel()
        covariance = self.covariance[np.ix_(cells, cells)]
        return LevelSeries(self.mean[kept], covariance, self.n[kept], kept == level, self.after)


def level_series(
    y: Floats,
    level: Codes,
    period: Codes,
    sample: Sample,
    touched: npt.NDArray[np.bool_],
    after: npt.NDArray[np.bool_],
) -> LevelSeries:
    """Return the means of levels over periods with their sampling covariance.

    Parameters
    ----------
    y
        (n,) answers, NaN where there is none.
    level, period
        (n,) codes, -1 for rows that play no part.
    sample
        Of the same n rows.
    touched, after
        (G,) which levels were changed, (T,) which periods lie after that.

    Raises
    ------
    ValueError
        If a level has no answers in a period.

    Notes
    -----
    The covariance is that of R `svyby(~y, ~interaction(level, period), design, svymean, covmat = TRUE)`; the contrast
    of four cells is R `svycontrast`. With shocks it is the two-step estimator of Donald and Lang (2007, *Review of
    Economics and Statistics* 89, 221-233), which holds with one touched level as well.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> y, level = np.array([1.0, 2, 5, 6, 1, 2, 2, 3]), np.repeat([0, 1], 4)
    >>> period, sample = np.tile([0, 0, 1, 1], 2), Sample(sample_design(8))
    >>> found = level_series(y, level, period, sample, np.array([True, False]), np.array([False, True]))
    >>> found.contrast(found.weight, found.of_time).estimate
    3.0
    """
    levels, times = len(touched), len(after)
    cell = np.where((level >= 0) & (period >= 0) & ~np.isnan(y), level * times + period, -1)
    found = domain_means(y, sample.design, cell, levels * times)
    if (found.n == 0).any():
        raise ValueError("level series: a level has no answers in a period; leave it out.")
    rows = np.flatnonzero(cell >= 0)
    influence = mean_influence(y, sample.design, cell, levels * times)
    spread = sparse.csr_array((influence[rows], (rows, cell[rows])), shape=(len(y), levels * times))
    form, sign = sample.form
    units = form @ spread
    covariance = (units.T @ (units.multiply(sign[:, None]))).toarray()
    shape = (levels, times)
    return LevelSeries(found.estimate.reshape(shape), covariance, found.n.reshape(shape), touched, after)
