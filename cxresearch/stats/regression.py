"""Regression slopes with linearised variance, as R's `survey::svyglm` makes them."""

from dataclasses import dataclass

import numpy as np

from cxresearch.stats.design import Design, Floats
from cxresearch.stats.groups import Sample

__all__ = ["Slopes", "least_squares", "linearised"]


@dataclass(frozen=True)
class Slopes:
    """Coefficients of a model.

    Attributes
    ----------
    estimate
        (k,) coefficients.
    covariance
        (k, k), linearised over sampling units.
    df
        Sampling units less strata, less the coefficients but the first.
    """

    estimate: Floats
    covariance: Floats
    df: float

    @property
    def std_error(self) -> Floats:
        """(k,) square roots of the variances."""
        return np.sqrt(np.diag(self.covariance))


def least_squares(y: Floats, x: Floats, design: Design) -> Slopes:
    """Return weighted least-squares coefficients with their linearised covariance.

    Parameters
    ----------
    y
        (n,) outcome.
    x
        (n, k) regressors of full rank, the constant among them.
    design
        Of the same n rows.

    Notes
    -----
    The influence of row i on β is (X'WX)⁻¹ x_i w_i e_i, and the covariance that of the sums of influences by sampling
    unit (Binder 1983). R `svyglm(y ~ x, design)`: the same coefficients, covariance and residual degrees of freedom.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> x = np.column_stack([np.ones(4), [0.0, 0, 1, 1]])
    >>> least_squares(np.array([1.0, 3, 4, 6]), x, sample_design(4)).estimate.round(2)
    array([2., 3.])
    """
    root = np.sqrt(design.weight)
    orthogonal, triangle = np.linalg.qr(x * root[:, None])
    inverse = np.linalg.inv(triangle)
    estimate = inverse @ (orthogonal.T @ (y * root))
    scores = x * (design.weight * (y - x @ estimate))[:, None]
    return linearised(estimate, scores, inverse @ inverse.T, design)


def linearised(estimate: Floats, scores: Floats, inverse: Floats, design: Design) -> Slopes:
    """Return coefficients with their linearised covariance, from the weighted score of each row.

    Parameters
    ----------
    estimate
        (k,) coefficients at which the scores sum to zero.
    scores
        (n, k) weighted scores of the rows.
    inverse
        (k, k) inverse of the weighted information.
    design
        Of the same n rows.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> y = np.array([1.0, 0, 1, 1])
    >>> found = linearised(np.array([0.75]), (y - 0.75)[:, None], np.array([[1 / 4]]), sample_design(4))
    >>> found.std_error
    array([0.25])
    """
    form, sign = Sample(design).form
    units = form @ (scores @ inverse)
    stage = design.stages[0]
    n_units = len(stage.stratum) if stage.unit is None else len(np.unique(stage.unit))
    df = n_units - len(stage.size) - (len(estimate) - 1)
    return Slopes(estimate, units.T @ (sign[:, None] * units), df)
