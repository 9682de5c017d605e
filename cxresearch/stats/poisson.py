"""Poisson pseudo-likelihood: the log of a mean as a line, whatever the distribution, with cluster-robust variances."""

from dataclasses import dataclass

import numpy as np

from cxresearch.stats.design import Codes, Floats

__all__ = ["PoissonFit", "poisson_fit", "poisson_slopes", "within_poisson_fit"]

MAX_STEPS, CLOSE = 50, 1e-9
# A step may change the log of no mean by more: exp(5) is a factor of 150.
LARGEST = 5.0
UNSETTLED = "the model does not settle: some group paid nothing at all, or one of its columns is no number."


@dataclass(frozen=True)
class PoissonFit:
    """A fit of log E(y) = x'b.

    Attributes
    ----------
    slopes
        (k,) estimates, on the log scale.
    covariance
        (k, k) robust covariance, sums by cluster, with the factor G / (G - 1) · (n - 1) / (n - k).
    fitted
        (n,) fitted means.
    clusters
        G, how many clusters.
    """

    slopes: Floats
    covariance: Floats
    fitted: Floats
    clusters: int


def poisson_fit(y: Floats, x: Floats, weight: Floats, cluster: Codes) -> PoissonFit:
    """Return a Poisson pseudo-likelihood fit with cluster-robust covariance.

    Parameters
    ----------
    y
        (n,) outcomes. They need not be counts; single ones may be below 0, as refunds are, while their mean is not.
    x
        (n, k) columns, a constant among them.
    weight
        (n,) positive survey weights.
    cluster
        (n,) code 0 … G - 1 of the cluster of each row.

    Raises
    ------
    ValueError
        If a column is a sum of others, there are fewer clusters than columns, or the fit does not settle.

    Notes
    -----
    Gourieroux, Monfort and Trognon (1984); Santos Silva and Tenreyro (2006). Python `statsmodels` `GLM(y, x,
    family=Poisson(), var_weights=weight).fit(cov_type="cluster", cov_kwds={"groups": cluster})`; R `fixest::fepois(...,
    cluster=)` but for its small-sample factor.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> fit = poisson_fit(np.array([1.0, 3.0, 3.0, 5.0]), x, np.ones(4), np.arange(4))
    >>> np.exp(fit.slopes).round(6).tolist()
    [2.0, 2.0]
    """
    _refuse_unknowable(x, cluster)
    slopes = _settled(y, x, weight, _start(y, x, weight))
    fitted = np.exp(x @ slopes)
    return _with_covariance(y, x, weight, cluster, slopes, fitted)


def within_poisson_fit(y: Floats, x: Floats, weight: Floats, cluster: Codes) -> PoissonFit:
    """Return a Poisson pseudo-likelihood fit with an effect of each cluster, so that only change within it tells.

    Parameters
    ----------
    y, weight
        As for `poisson_fit`. The outcomes of each cluster sum to more than 0.
    x
        (n, k) columns that change within clusters, without a constant.
    cluster
        (n,) code 0 … G - 1 of the cluster of each row.

    Raises
    ------
    ValueError
        As `poisson_fit`.

    Notes
    -----
    Hausman, Hall and Griliches (1984): the effects are concentrated out, fitted means of a cluster sum to its outcomes.
    R `fixest::fepois(y ~ x | cluster, cluster = ~cluster)` but for its small-sample factor; Python `statsmodels`
    `ConditionalPoisson` gives the same slopes.

    Examples
    --------
    >>> y, x = np.array([1.0, 2.0, 10.0, 20.0, 3.0, 3.0]), np.array([[0.0], [1.0], [0.0], [1.0], [0.0], [0.0]])
    >>> np.exp(within_poisson_fit(y, x, np.ones(6), np.array([0, 0, 1, 1, 2, 2])).slopes).round(6).tolist()
    [2.0]
    """
    slopes = np.zeros(x.shape[1])
    _refuse_unknowable(_centred(x, weight, cluster), cluster)
    for _ in range(MAX_STEPS):
        fitted = _shared_out(y, np.exp(x @ slopes), weight, cluster)
        inner = _centred(x, weight * fitted, cluster)
        step = _newton_step((inner.T * (weight * fitted)) @ inner, x.T @ (weight * (y - fitted)))
        slopes = slopes + _shortened(step, x)
        if np.abs(step).max() < CLOSE:
            fitted = _shared_out(y, np.exp(x @ slopes), weight, cluster)
            return _with_covariance(y, _centred(x, weight * fitted, cluster), weight, cluster, slopes, fitted)
    raise ValueError(UNSETTLED)


def _newton_step(information: Floats, score: Floats) -> Floats:
    """Return the step that brings the score to zero where the information were the same everywhere."""
    return np.asarray(np.linalg.solve(information, score), dtype=float)


def _shortened(step: Floats, x: Floats) -> Floats:
    """Return a step that takes nobody's mean to where exp() ends; shortened, it goes the same way."""
    return step * float(min(1.0, LARGEST / max(np.abs(x @ step).max(), LARGEST)))


def _shared_out(y: Floats, part: Floats, weight: Floats, cluster: Codes) -> Floats:
    """Return the outcomes of each cluster, shared among its rows like `part`."""
    sums, parts = np.bincount(cluster, weight * y), np.bincount(cluster, weight * part)
    return part * (sums / parts)[cluster]


def _centred(x: Floats, weight: Floats, cluster: Codes) -> Floats:
    """Return columns less their weighted mean in each cluster."""
    total = np.bincount(cluster, weight)
    means = np.column_stack([np.bincount(cluster, weight * column) / total for column in x.T])
    return x - means[cluster]


def _refuse_unknowable(x: Floats, cluster: Codes) -> None:
    """Raise if there are fewer clusters than columns, or a column is a sum of others."""
    groups = int(cluster.max()) + 1 if len(cluster) else 0
    if groups <= x.shape[1]:
        raise ValueError(f"{groups} customers for a model of {x.shape[1]} terms; it needs more customers than terms.")
    if np.linalg.matrix_rank(x / np.maximum(np.abs(x).max(axis=0), 1e-300)) < x.shape[1]:
        raise ValueError("a column of the model is a sum of others; leave out a control.")


def _with_covariance(
    y: Floats, x: Floats, weight: Floats, cluster: Codes, slopes: Floats, fitted: Floats
) -> PoissonFit:
    """Return a fit with its covariance, scores summed by cluster."""
    groups, (n, k) = int(cluster.max()) + 1, x.shape
    bread = np.linalg.inv((x.T * (weight * fitted)) @ x)
    scores = np.zeros((groups, k))
    np.add.at(scores, cluster, x * (weight * (y - fitted))[:, None])
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    return PoissonFit(slopes, factor * bread @ (scores.T @ scores) @ bread, fitted, groups)


def poisson_slopes(y: Floats, x: Floats, weights: Floats, start: Floats) -> Floats:
    """Return the estimates under each of several sets of weights, such as those of a bootstrap.

    Parameters
    ----------
    y, x
        As for `poisson_fit`.
    weights
        (n, replicates) weights, 0 or more.
    start
        (k,) where to begin: the estimates under the weights of the sample.

    Returns
    -------
    numpy.ndarray
        (replicates, k); missing where a replicate has no estimate.
    """
    found = np.full((weights.shape[1], x.shape[1]), np.nan)
    for number, weight in enumerate(weights.T):
        try:
            found[number] = _settled(y, x, weight, start)
        except (ValueError, np.linalg.LinAlgError):
            continue
    return found


def _start(y: Floats, x: Floats, weight: Floats) -> Floats:
    """Return least squares of the log of the outcome, each drawn half-way to the mean so that no log fails."""
    mean = float(weight @ y / weight.sum())
    if not mean > 0:
        raise ValueError("the outcome adds up to nothing or less; there is no log of it.")
    drawn = np.log((np.maximum(y, 0) + mean) / 2)
    root = np.sqrt(weight)
    return np.linalg.lstsq(x * root[:, None], drawn * root, rcond=None)[0]


def _settled(y: Floats, x: Floats, weight: Floats, slopes: Floats) -> Floats:
    """Return the estimates by Newton's steps, each shortened where it would change a mean beyond measure."""
    for _ in range(MAX_STEPS):
        fitted = np.exp(x @ slopes)
        step = _newton_step((x.T * (weight * fitted)) @ x, x.T @ (weight * (y - fitted)))
        slopes = slopes + _shortened(step, x)
        if np.abs(step).max() < CLOSE:
            return slopes
    raise ValueError(UNSETTLED)
