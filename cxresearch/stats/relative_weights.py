"""Shares of R² that need no subsets: squared and Pratt's standardised slopes, Johnson's relative weights.

All take a (q, q) or (replicates, q, q) matrix of cross-products, the outcome last, each diagonal cell a variance.
"""

import numpy as np

from cxresearch.stats.design import Floats

__all__ = ["betasq", "pratt", "relative_weights"]

# Eigenvalues of a correlation matrix below this are rounding error.
FLOOR = 1e-12


def betasq(matrix: Floats) -> Floats:
    """Return the squared standardised slopes; they do not sum to R². R `relaimpo` "betasq".

    Examples
    --------
    >>> betasq(np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]])).round(2)
    array([0.36, 0.09])
    """
    predictors, outcome = _correlations(matrix)
    return _slopes(predictors, outcome) ** 2


def pratt(matrix: Floats) -> Floats:
    """Return standardised slope times correlation; they sum to R² and may be negative. R `relaimpo` "pratt".

    Examples
    --------
    >>> pratt(np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]])).round(2)
    array([0.36, 0.09])
    """
    predictors, outcome = _correlations(matrix)
    return _slopes(predictors, outcome) * outcome


def relative_weights(matrix: Floats) -> Floats:
    """Return Johnson's relative weights, summing to R².

    Parameters
    ----------
    matrix
        (q, q) or (replicates, q, q) cross-products, the outcome last.

    Returns
    -------
    numpy.ndarray
        (q - 1,) or (replicates, q - 1).

    Notes
    -----
    With R the correlations of the predictors and r those with the outcome: ε = (R^½)² · (R^-½ r)², squares taken cell
    by cell (Johnson 2000; the same as Genizi 1993). R `yhat::rlw`, `iopsych::relWt`, `relaimpo` "genizi".

    Examples
    --------
    >>> relative_weights(np.array([[1.0, 0.5, 0.6], [0.5, 1.0, 0.3], [0.6, 0.3, 1.0]])).round(4)
    array([0.315, 0.045])
    """
    predictors, outcome = _correlations(matrix)
    size, direction = np.linalg.eigh(predictors)
    root = np.sqrt(np.maximum(size, 0.0))
    inverse = np.where(size > FLOOR, 1 / np.maximum(root, np.sqrt(FLOOR)), 0.0)
    turned = np.swapaxes(direction, -1, -2)
    loading = direction * root[..., None, :] @ turned
    slope = direction * inverse[..., None, :] @ turned @ outcome[..., None]
    return ((loading**2) @ (slope**2))[..., 0]


def _correlations(matrix: Floats) -> tuple[Floats, Floats]:
    """Return the correlations of the predictors, and theirs with the outcome."""
    scale = np.sqrt(np.maximum(np.diagonal(matrix, axis1=-2, axis2=-1), FLOOR))
    found = matrix / (scale[..., :, None] * scale[..., None, :])
    return found[..., :-1, :-1], found[..., :-1, -1]


def _slopes(predictors: Floats, outcome: Floats) -> Floats:
    """Return the standardised slopes."""
    found: Floats = np.linalg.solve(predictors, outcome[..., None])[..., 0].astype(np.float64)
    return found
