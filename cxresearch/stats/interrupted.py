"""Interrupted time series: a straight line, and what changed about it from a moment on."""

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm

from cxresearch.stats.design import Floats

__all__ = ["Interrupted", "interrupted", "usual_lag"]


@dataclass(frozen=True)
class Interrupted:
    """A segmented regression.

    Attributes
    ----------
    names
        `level`, `slope`, `step` (of the level at the start), `bend` (of the slope from there on), then controls.
    estimate, covariance
        (k,) and (k, k).
    design
        (n, k) regressors.
    lag
        Of the errors' autocorrelation.
    df
        Observations less coefficients.
    durbin_watson
        Of the residuals: 2 without autocorrelation of first order, less with a positive one.
    """

    names: list[str]
    estimate: Floats
    covariance: Floats
    design: Floats
    lag: int
    df: int
    durbin_watson: float

    @property
    def std_error(self) -> Floats:
        """(k,) standard errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def after(self) -> Floats:
        """(k,) weights that give the mean of the series after the start, less what the line before it foretold."""
        changed = np.isin(self.names, ["step", "bend"])
        since = self.design[:, self.names.index("step")] > 0
        return np.where(changed, self.design[since].mean(axis=0), 0.0)


def usual_lag(n: int) -> int:
    """Return the lag of Newey and West's rule of thumb, ⌊4·(n/100)^(2/9)⌋.

    Examples
    --------
    >>> usual_lag(8), usual_lag(192)
    (2, 4)
    """
    return int(4 * (n / 100) ** (2 / 9))


def interrupted(
    y: Floats, start: int, *, bends: bool = True, controls: Floats | None = None, lag: int | None = None
) -> Interrupted:
    """Return a segmented regression with standard errors that hold under autocorrelation.

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
    lag
        Of the errors' autocorrelation; by default Newey and West's rule of thumb.

    Raises
    ------
    ValueError
        If one side has fewer than two observations, or there are no more observations than coefficients.

    Notes
    -----
    y_t = level + slope·t + step·D_t + bend·(t - start)·D_t, D_t = 1 from the start on; least squares with the
    covariance of Newey and West (1987), Bartlett weights and n/(n - k). R: `lm(y ~ t + D + post)` with
    `NeweyWest(lag, prewhite = FALSE, adjust = TRUE)` of `sandwich`. Under about 30 observations the errors are too
    small (Andrews 1991): a short series is told as a description.

    Examples
    --------
    >>> y = np.array([1.0, 2.1, 2.9, 4.0, 9.1, 10.0, 10.9, 12.1])
    >>> found = interrupted(y, 4)
    >>> found.names, float(found.estimate[2].round(1))
    (['level', 'slope', 'step', 'bend'], 4.1)
    """
    n = len(y)
    if not 2 <= start <= n - 2:
        raise ValueError(f"interrupted: {start} observations before the start and {n - start} after; each needs two.")
    time = np.arange(1, n + 1, dtype=float)
    since = (np.arange(n) >= start).astype(float)
    parts = {"level": np.ones(n), "slope": time, "step": since, "bend": since * (np.arange(n) - start)}
    names = [name for name in parts if bends or name != "bend"]
    extra = np.empty((n, 0)) if controls is None else np.asarray(controls, dtype=float)
    x = np.column_stack([*(parts[name] for name in names), extra])
    if n <= x.shape[1]:
        raise ValueError(f"interrupted: {n} observations for {x.shape[1]} coefficients; a longer series is needed.")
    taken = usual_lag(n) if lag is None else lag
    fit = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": taken, "use_correction": True})
    residual = fit.resid
    watson = float(np.square(np.diff(residual)).sum() / np.square(residual).sum())
    names += [f"control {number + 1}" for number in range(extra.shape[1])]
    return Interrupted(names, fit.params, fit.cov_params(), x, taken, n - x.shape[1], watson)
