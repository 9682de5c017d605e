"""How far those who answered are like those who were asked: response propensities and the R-indicator.

Notation of Schouten, Cobben and Bethlehem (2009): ρ_i is the probability that unit i answers, S(ρ) its standard
deviation, R = 1 - 2 S(ρ), which is 1 where all answer alike and at least 0.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxresearch.stats.design import Codes, Floats

__all__ = ["Response", "between", "fit_response", "r_indicator", "within"]

# A propensity this near to 0 or 1 means that the covariates tell for certain who answers.
CERTAIN = 1e-6
# Standard deviations whose squares are all the variance that there is: 1 - 2·S = 0.
LARGEST_S = 0.5


@dataclass(frozen=True)
class Response:
    """A logistic regression of answering.

    Attributes
    ----------
    propensity
        (n,) estimated probability that each unit answers.
    x
        (n, p) regressors.
    covariance
        (p, p) of the coefficients.
    separated
        Whether the regressors tell for certain who answers, so that propensities mean nothing.
    """

    propensity: Floats
    x: Floats
    covariance: Floats
    separated: bool


def fit_response(x: Floats, answered: npt.NDArray[np.bool_]) -> Response:
    """Return the logistic regression of answering on (n, p) regressors, the constant among them.

    Notes
    -----
    R `glm(family = binomial)`.
    """
    # Not above: all studies with weights load this module, few of them have propensities.
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = GLM(answered.astype(float), x, family=Binomial()).fit(maxiter=100)
        covariance = np.asarray(fit.cov_params())
    propensity = np.asarray(fit.fittedvalues)
    trouble = any(issubclass(one.category, PerfectSeparationWarning | ConvergenceWarning) for one in caught)
    extreme = bool(propensity.min() < CERTAIN or propensity.max() > 1 - CERTAIN)
    return Response(propensity, x, covariance, trouble or extreme)


def r_indicator(response: Response, conf_level: float = 0.95) -> tuple[float, float, float, float]:
    """Return the R-indicator with its standard error and interval.

    Notes
    -----
    Schouten, Cobben and Bethlehem (2009). Estimated propensities vary more than the true ones; that part, the mean of
    z_i' V z_i with z_i = ρ_i (1 - ρ_i) x_i and V the covariance of the coefficients, is taken off S² (Shlomo, Skinner
    and Schouten 2012). The variance of S² is 4 a'Va + 2 tr(BVBV), a the covariance of ρ with z and B that of z; the
    limits are those of S², carried over.
    """
    ρ, v = response.propensity, response.covariance
    z = (ρ * (1 - ρ))[:, None] * response.x
    centred = z - z.mean(axis=0)
    square = float(ρ.var(ddof=1) - np.mean(np.einsum("ij,jk,ik->i", z, v, z)))
    a, b = (ρ - ρ.mean()) @ centred / len(ρ), centred.T @ centred / len(ρ)
    error = float(np.sqrt(4 * a @ v @ a + 2 * np.trace(b @ v @ b @ v)))
    reach = float(stats.norm.ppf((1 + conf_level) / 2)) * error
    low, middle, high = np.sqrt(np.clip([square - reach, square, square + reach], 0.0, LARGEST_S**2))
    # The slope of 1 - 2√S²; where nothing is left of S² there is none.
    slope = 1 / middle if middle > 0 else np.nan
    return 1 - 2 * middle, error * slope, 1 - 2 * high, 1 - 2 * low


def between(propensity: Floats, group: Codes) -> float:
    """Return the unconditional partial R-indicator: the standard deviation of propensities between groups.

    Examples
    --------
    >>> round(between(np.array([0.2, 0.2, 0.4, 0.4]), np.array([0, 0, 1, 1])), 3)
    0.1
    """
    return float(np.std(_means(propensity, group)))


def within(propensity: Floats, group: Codes) -> float:
    """Return the conditional partial R-indicator: the spread left in the cells of all other variables, `group`."""
    return float(np.sqrt(np.mean((propensity - _means(propensity, group)) ** 2)))


def _means(values: Floats, group: Codes) -> Floats:
    """Return the mean of each row's group."""
    return (np.bincount(group, values) / np.maximum(np.bincount(group), 1))[group]
