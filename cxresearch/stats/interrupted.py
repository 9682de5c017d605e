"""Interrupted time series: a straight line, and what changed about it from a moment on."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from cxresearch.stats.design import Floats

__all__ = ["Interrupted", "interrupted"]

# Errors correlated more than this from one period to the next are a wandering series, not a line with errors.
LARGEST = 0.98


@dataclass(frozen=True)
class Interrupted:
    """A segmented regression.

    Attributes
    ----------
    names
        `level`, `slope`, `step` (of the level at the start), `bend` (of the slope from there on), then controls.
    estimate, covariance
        (k,) and (k, k), under errors of first-order autocorrelation.
    plain
        (k, k) covariance of least squares, under errors without autocorrelation.
    design
        (n, k) regressors.
    correlation
        Of the error of one period with that of the next.
    df
        Observations less coefficients.
    """

    names: list[str]
    estimate: Floats
    covariance: Floats
    plain: Floats
    design: Floats
    correlation: float
    df: int

    @property
    def after(self) -> Floats:
        """(k,) weights that give the mean of the series after the start, less what the line before it foretold."""
        changed = np.isin(self.names, ["step", "bend"])
        since = self.design[:, self.names.index("step")] > 0
        return np.where(changed, self.design[since].mean(axis=0), 0.0)

    def std_error(self, weight: Floats) -> float:
        """Return the standard error of a weighted sum of coefficients: the larger of both covariances'.

        In a short series the autocorrelation is estimated too low, which alone would leave 85 % coverage of 95.
        """
        return float(np.sqrt(max(weight @ self.covariance @ weight, weight @ self.plain @ weight)))


def interrupted(y: Floats, start: int, *, bends: bool = True, controls: Floats | None = None) -> Interrupted:
    """Return a segmented regression whose errors may be correlated from one period to the next.

    Parameters
    ----------
    y
        (n,) the series, in equal steps of time.
    start
        Place of the first observation after the start; both sides need two.
    bends
        Whether the slope may change, too.
    controls
        (n, c) other regressors, such as seasons.

    Raises
    ------
    ValueError
        If one side has fewer than two observations, or there are no more observations than coefficients.

    Notes
    -----
    y_t = level + slope·t + step·D_t + bend·(t - start)·D_t, D_t = 1 from the start on, generalised least squares with
    AR(1) errors by restricted maximum likelihood (Wagner et al. 2002; Turner et al. 2021, who found it to cover best).
    R: `nlme::gls(y ~ t + D + post, correlation = corAR1(), method = "REML")`. Newey and West's errors, more often seen,
    covered a step in 72-90 % of simulated series of 8-60 periods, and are not used.

    Examples
    --------
    >>> y = np.array([1.0, 2.1, 2.9, 4.0, 9.1, 10.0, 10.9, 12.1])
    >>> found = interrupted(y, 4)
    >>> found.names, round(float(found.estimate[2]))
    (['level', 'slope', 'step', 'bend'], 4)
    """
    n = len(y)
    if not 2 <= start <= n - 2:
        raise ValueError(f"{start} periods before the start and {n - start} after; each side takes two.")
    since = (np.arange(n) >= start).astype(float)
    parts = {"level": np.ones(n), "slope": np.arange(1.0, n + 1), "step": since, "bend": since * (np.arange(n) - start)}
    names = [name for name in parts if bends or name != "bend"]
    extra = np.empty((n, 0)) if controls is None else np.asarray(controls, dtype=float)
    x = np.column_stack([*(parts[name] for name in names), extra])
    if n <= x.shape[1]:
        raise ValueError(f"{n} periods for {x.shape[1]} coefficients; a longer series is needed.")
    bounds = (-LARGEST, LARGEST)
    found = optimize.minimize_scalar(lambda rho: _misfit(y, x, rho), bounds=bounds, method="bounded")
    estimate, covariance = _fit(y, x, found.x)
    names += [f"control {number + 1}" for number in range(extra.shape[1])]
    return Interrupted(names, estimate, covariance, _fit(y, x, 0.0)[1], x, float(found.x), n - x.shape[1])


def _whitened(values: Floats, rho: float) -> Floats:
    """Return values whose errors have lost their correlation."""
    made = values.copy()
    made[1:] -= rho * values[:-1]
    made[0] *= np.sqrt(1 - rho**2)
    return made


def _fit(y: Floats, x: Floats, rho: float) -> tuple[Floats, Floats]:
    """Return coefficients and their covariance under a given correlation."""
    orthogonal, triangle = np.linalg.qr(_whitened(x, rho))
    inverse = np.linalg.inv(triangle)
    estimate = inverse @ (orthogonal.T @ _whitened(y, rho))
    residual = _whitened(y - x @ estimate, rho)
    return estimate, inverse @ inverse.T * (residual @ residual) / (len(y) - x.shape[1])


def _misfit(y: Floats, x: Floats, rho: float) -> float:
    """Return minus the restricted log-likelihood of a correlation, without its constant."""
    orthogonal, triangle = np.linalg.qr(_whitened(x, rho))
    white = _whitened(y, rho)
    residual = white - orthogonal @ (orthogonal.T @ white)
    df = len(y) - x.shape[1]
    size = np.log(np.abs(np.diag(triangle))).sum() - 0.5 * np.log(1 - rho**2)
    return float(df / 2 * np.log(max(float(residual @ residual), float(np.finfo(float).tiny))) + size)
