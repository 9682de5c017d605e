"""Proportional odds: logistic regression of an ordered answer, of which a yes-or-no answer is the shortest case.

P(answer ≤ c) = F(τ_c - x'β), F the logistic distribution: a larger β makes higher answers likelier. With two levels it
is plain logistic regression. Parameters are the thresholds τ_0 … τ_{K-2}, then the slopes.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.special import expit, logit

from cxresearch.stats.design import Codes, Floats

__all__ = ["OrdinalFit", "Rows", "fit_ordinal", "replicate_likelihoods", "row_terms"]

MOST_STEPS = 60
# Newton's decrement, in units of log-likelihood a row, at which the maximum is found.
CLOSE = 1e-12
# A slope of this size, by a standard deviation of its variable, or a probability this small, is on its way to infinity.
DIVERGED, TINY = 20.0, 1e-290


@dataclass(frozen=True)
class OrdinalFit:
    """A fitted model.

    Attributes
    ----------
    parameters
        (K - 1 + k,) thresholds, then slopes.
    log_likelihood
        Weighted.
    separated
        Whether the slopes run off to infinity, because some combination of x predicts an answer without error.
    """

    parameters: Floats
    log_likelihood: float
    separated: bool


@dataclass(frozen=True)
class Rows:
    """Log-likelihood of each row, its gradient, and the three parts of its curvature.

    Attributes
    ----------
    likelihood
        (n,).
    gradient, upper, lower
        (n, K - 1 + k) gradient, and the design rows of the thresholds above and below the answer.
    bend_upper, bend_lower
        (n,) factors: the information of a row is gg' - bend_upper·uu' + bend_lower·ll'.
    """

    likelihood: Floats
    gradient: Floats
    upper: Floats
    lower: Floats
    bend_upper: Floats
    bend_lower: Floats

    def information(self, weight: Floats) -> Floats:
        """Return the weighted information, minus the matrix of second derivatives."""
        found = self.gradient.T @ (self.gradient * weight[:, None])
        found -= self.upper.T @ (self.upper * (weight * self.bend_upper)[:, None])
        return found + self.lower.T @ (self.lower * (weight * self.bend_lower)[:, None])

    def informations(self) -> tuple[Floats, Codes, Codes]:
        """Return the (n, pairs) cells of each row's information in the upper triangle, and their places."""
        i, j = np.triu_indices(self.gradient.shape[1])
        found = self.gradient[:, i] * self.gradient[:, j]
        found -= self.upper[:, i] * self.upper[:, j] * self.bend_upper[:, None]
        return found + self.lower[:, i] * self.lower[:, j] * self.bend_lower[:, None], i, j


def fit_ordinal(level: Codes, x: Floats, weight: Floats, start: Floats | None = None) -> OrdinalFit:
    """Return the maximum-likelihood fit, by Newton's method with halved steps.

    Parameters
    ----------
    level
        (n,) answers as codes 0 … K - 1, each of which occurs.
    x
        (n, k) standardised regressors without a constant.
    weight
        (n,).
    start
        Parameters to begin from.

    Notes
    -----
    The log-likelihood is concave (Pratt 1981). R `MASS::polr`, `glm(family = binomial)`; statsmodels `OrderedModel`.

    Examples
    --------
    >>> found = fit_ordinal(np.array([0, 0, 1, 0, 1, 1]), np.array([[0.0], [0], [0], [1], [1], [1]]), np.ones(6))
    >>> found.parameters.round(3)
    array([0.693, 1.386])
    """
    share = np.cumsum(np.bincount(level, weight))[:-1] / weight.sum()
    parameters = np.append(logit(share), np.zeros(x.shape[1])) if start is None else start
    rows = row_terms(level, x, parameters)
    reached, total = float(weight @ rows.likelihood), float(weight.sum())
    for _ in range(MOST_STEPS):
        gradient = weight @ rows.gradient
        step = np.linalg.lstsq(rows.information(weight), gradient, rcond=1e-12)[0]
        decrement = float(gradient @ step)
        if decrement < CLOSE * total:
            break
        size = 1.0
        while (ahead := _likelihood(level, x, parameters + size * step, weight)) < reached and size > 1e-4:
            size /= 2
        parameters, reached = parameters + size * step, ahead
        if np.abs(parameters[len(share) :]).max(initial=0.0) > DIVERGED:
            break
        rows = row_terms(level, x, parameters)
    diverged = bool(np.abs(parameters[len(share) :]).max(initial=0.0) > DIVERGED)
    return OrdinalFit(parameters, reached, diverged or decrement >= CLOSE * total)


def row_terms(level: Codes, x: Floats, parameters: Floats) -> Rows:
    """Return each row's log-likelihood, gradient and curvature at some parameters."""
    n_thresholds = len(parameters) - x.shape[1]
    upper, lower = (_design_rows(level - below, x, n_thresholds) for below in (0, 1))
    above, below = _cumulative(level, x, parameters)
    chance = np.maximum(above - below, TINY)
    slope_above, slope_below = above * (1 - above) / chance, below * (1 - below) / chance
    gradient = slope_above[:, None] * upper - slope_below[:, None] * lower
    bends = slope_above * (1 - 2 * above), slope_below * (1 - 2 * below)
    return Rows(np.log(chance), gradient, upper, lower, *bends)


def replicate_likelihoods(rows: Rows, by_unit: sparse.csr_array, counts: Floats) -> Floats:
    """Return the maximum log-likelihood of each resample, to second order about the fit of the whole sample.

    Parameters
    ----------
    rows
        At the maximum of the whole sample.
    by_unit
        (units, n) matrix with the weight of each row in the line of its unit.
    counts
        (replicates, units) how often each unit is drawn.

    Returns
    -------
    numpy.ndarray
        (replicates,).

    Notes
    -----
    One Newton step: l_r + ½ g_r' I_r⁻¹ g_r, all three linear in the counts. What it leaves out shrinks with n^-½, while
    the log-likelihoods of resamples differ by n^½.
    """
    cells, i, j = rows.informations()
    k = rows.gradient.shape[1]
    sums = counts @ (by_unit @ np.column_stack([rows.likelihood, rows.gradient, cells]))
    likelihood, gradient = sums[:, 0], sums[:, 1 : k + 1]
    information = np.empty((len(counts), k, k))
    information[:, i, j] = information[:, j, i] = sums[:, k + 1 :]
    # A resample without a level of a factor has no information on it: the ridge keeps its step at zero.
    ridge = 1e-9 * np.trace(information, axis1=1, axis2=2)[:, None, None] * np.eye(k)
    step = np.linalg.solve(information + ridge, gradient[..., None])[..., 0]
    return likelihood + np.einsum("rk,rk->r", gradient, step) / 2


def _design_rows(threshold: Codes, x: Floats, n_thresholds: int) -> Floats:
    """Return the rows of the derivative of τ_c - x'β; a threshold beyond the ends has no column."""
    return np.hstack([(threshold[:, None] == np.arange(n_thresholds)).astype(float), -x])


def _cumulative(level: Codes, x: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """Return the probabilities of an answer at or below each row's own, and below it."""
    n_thresholds = len(parameters) - x.shape[1]
    ends = np.concatenate([[-np.inf], parameters[:n_thresholds], [np.inf]])
    place = x @ parameters[n_thresholds:]
    return expit(ends[level + 1] - place), expit(ends[level] - place)


def _likelihood(level: Codes, x: Floats, parameters: Floats, weight: Floats) -> float:
    """Return the weighted log-likelihood."""
    above, below = _cumulative(level, x, parameters)
    return float(weight @ np.log(np.maximum(above - below, TINY)))
