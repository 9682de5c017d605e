"""Conditional logit (McFadden 1974) with weights and errors by cluster, which statsmodels' `ConditionalLogit` lacks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxresearch.stats.design import Codes, Floats

__all__ = ["ChoiceFit", "conditional_logit"]

MOST_STEPS, SMALL_STEP = 50, 1e-10
# A coefficient beyond this is on its way to infinity: somebody or something is always or never chosen.
SEPARATED_FROM = 15.0


@dataclass(frozen=True)
class ChoiceFit:
    """A fitted conditional logit of k coefficients.

    Attributes
    ----------
    coefficients
        (k,).
    covariance
        (k, k) inverse of the information: errors if choices were independent and the model right.
    scores
        (sets, k) gradient of each choice set's weighted log-likelihood.
    log_likelihood, null_log_likelihood
        At the coefficients and at zero.
    """

    coefficients: Floats
    covariance: Floats
    scores: Floats
    log_likelihood: float
    null_log_likelihood: float

    def clustered(self, cluster: Codes) -> Floats:
        """Return the (k, k) sandwich covariance with scores summed by cluster, G / (G - 1) for G clusters."""
        _, code = np.unique(cluster, return_inverse=True)
        n_clusters = int(code.max(initial=-1)) + 1
        if n_clusters < 2:
            return np.full_like(self.covariance, np.nan)
        totals = np.zeros((n_clusters, self.scores.shape[1]))
        np.add.at(totals, code, self.scores)
        middle = totals.T @ totals * n_clusters / (n_clusters - 1)
        return self.covariance @ middle @ self.covariance


def conditional_logit(
    x: Floats, choice_set: Codes, chosen: npt.NDArray[np.bool_], weight: Floats | None = None
) -> ChoiceFit:
    """Return the coefficients that make the choices most likely.

    Parameters
    ----------
    x
        (rows, k) attributes of each alternative of each choice set.
    choice_set
        (rows,) code 0 … sets - 1; the rows of a set stand together, in the order of the codes.
    chosen
        (rows,) one alternative a set.
    weight
        (sets,) weights; ones by default.

    Raises
    ------
    ValueError
        If a set has not one choice, the attributes do not tell the coefficients apart, or one runs to infinity.

    Notes
    -----
    Newton's method on the log-likelihood Σ_s w_s (x_chosen β - log Σ exp xβ), which is concave. R `survival::clogit`
    with one choice a stratum.

    Examples
    --------
    >>> x, sets = np.array([[1.0], [0], [1], [0], [1], [0]]), np.array([0, 0, 1, 1, 2, 2])
    >>> fit = conditional_logit(x, sets, np.array([True, False, True, False, False, True]))
    >>> fit.coefficients.round(4)
    array([0.6931])
    """
    starts = np.flatnonzero(np.diff(choice_set, prepend=-1))
    if (np.add.reduceat(chosen.astype(int), starts) != 1).any():
        raise ValueError("conditional_logit: each choice set needs exactly one choice.")
    w = np.ones(len(starts)) if weight is None else weight
    beta = np.zeros(x.shape[1])
    for _ in range(MOST_STEPS):
        gradient, information = _derivatives(x, choice_set, chosen, starts, w, beta)
        step = _solved(information, gradient.sum(axis=0))
        beta = beta + step
        if np.abs(beta).max(initial=0.0) > SEPARATED_FROM:
            raise ValueError("conditional_logit: a coefficient runs to infinity; something is always or never chosen.")
        if np.abs(step).max(initial=0.0) < SMALL_STEP:
            break
    scores, information = _derivatives(x, choice_set, chosen, starts, w, beta)
    likelihoods = [_log_likelihood(x, choice_set, chosen, starts, w, at) for at in (beta, np.zeros_like(beta))]
    return ChoiceFit(beta, np.asarray(np.linalg.inv(information), dtype=float), scores, *likelihoods)


def _solved(information: Floats, gradient: Floats) -> Floats:
    """Return Newton's step."""
    if np.linalg.matrix_rank(information, hermitian=True) < len(gradient):
        raise ValueError("conditional_logit: the alternatives do not tell all coefficients apart.")
    return np.asarray(np.linalg.solve(information, gradient), dtype=float)


def _log_shares(x: Floats, choice_set: Codes, starts: Codes, beta: Floats) -> Floats:
    """Return the log of each alternative's chance within its set."""
    height = x @ beta
    height = height - np.maximum.reduceat(height, starts)[choice_set]
    return height - np.log(np.add.reduceat(np.exp(height), starts))[choice_set]


def _derivatives(
    x: Floats, choice_set: Codes, chosen: npt.NDArray[np.bool_], starts: Codes, weight: Floats, beta: Floats
) -> tuple[Floats, Floats]:
    """Return the (sets, k) scores and the (k, k) information."""
    share = np.exp(_log_shares(x, choice_set, starts, beta))
    mean = np.add.reduceat(share[:, None] * x, starts)
    scores = weight[:, None] * (x[chosen] - mean)
    around = x * (share * weight[choice_set])[:, None]
    return scores, around.T @ x - (mean * weight[:, None]).T @ mean


def _log_likelihood(
    x: Floats, choice_set: Codes, chosen: npt.NDArray[np.bool_], starts: Codes, weight: Floats, beta: Floats
) -> float:
    """Return the weighted log-likelihood."""
    return float(weight @ _log_shares(x, choice_set, starts, beta)[chosen])
