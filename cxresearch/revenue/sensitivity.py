"""How strong a hidden cause would have to be: E-values, and the robustness value of least squares."""

import numpy as np
import pandas as pd

from cxresearch.revenue.linked import Linked
from cxresearch.revenue.model import Model, known_rows, terms_of
from cxresearch.stats.design import Floats

__all__ = ["e_value", "robustness", "robustness_value"]


def e_value(estimate: float, conf_low: float, conf_high: float) -> tuple[float, float]:
    """Return the E-value of a ratio, and of the limit of its interval that is nearest to 1.

    Parameters
    ----------
    estimate, conf_low, conf_high
        Logs of the ratio and of its limits.

    Returns
    -------
    tuple of float
        How strongly, as a ratio, a hidden cause would have to be tied to both loyalty and revenue to explain the
        estimate, or the nearest limit, away: RR + √(RR(RR − 1)), RR inverted where it is under 1; 1 where the interval
        holds 1. R `EValue::evalues.RR`.

    Examples
    --------
    >>> import math
    >>> [round(value, 2) for value in e_value(math.log(3.9), math.log(1.8), math.log(8.7))]
    [7.26, 3.0]
    """
    limit = 0.0 if conf_low <= 0 <= conf_high else min(abs(conf_low), abs(conf_high))
    ratios = [float(np.exp(value)) for value in (abs(estimate), limit)]
    first, second = (ratio + float(np.sqrt(ratio * (ratio - 1))) for ratio in ratios)
    return first, second


def robustness_value(statistic: float, df: float, lowered: float = 0.0) -> float:
    """Return which share of what is left of both loyalty and revenue a hidden cause would have to explain.

    Parameters
    ----------
    statistic
        t of the slope, by ordinary least squares.
    df
        Residual degrees of freedom.
    lowered
        By how much |t| need only sink: the critical t gives the value for the limit of the interval.

    Notes
    -----
    Cinelli and Hazlett (2020): ½(√(f⁴ + 4f²) − f²), f = (|t| − lowered) / √df. R `sensemakr::robustness_value`.

    Examples
    --------
    >>> round(robustness_value(4.18, 783), 3)
    0.139
    """
    f = max(abs(statistic) - lowered, 0.0) / np.sqrt(df)
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def robustness(linked: Linked) -> pd.DataFrame:
    """Return the slope of the log of revenue by least squares, for who paid anything, and how robust it is.

    Parameters
    ----------
    linked
        Linked answers.

    Returns
    -------
    pandas.DataFrame
        One row: `term`, `n`, `n_customers`, `estimate`, `std_error`, `statistic`, `robustness_value` (a hidden cause
        that explains as much of what is left of loyalty and of revenue takes the slope to 0), `robustness_value_limit`
        (takes the limit there), `partial_r2` (of revenue, by loyalty), `flag`.
    """
    rows = known_rows(linked.rows)[0]
    rows = rows[rows["after"] > 0]
    x, names = Model(rows, linked.controls).design(terms_of(rows, linked.loyalty))
    slope, error = _least_squares(np.log(rows["after"].to_numpy(dtype=float)), x, rows["weight"].to_numpy(dtype=float))
    statistic, df = slope / error, len(rows) - len(names)
    values = robustness_value(statistic, df), robustness_value(statistic, df, 1.96)
    found = [linked.loyalty, len(rows), rows["customer"].nunique(), slope, error, statistic, *values]
    columns = ["term", "n", "n_customers", "estimate", "std_error", "statistic", "robustness_value"]
    columns += ["robustness_value_limit", "partial_r2", "flag"]
    return pd.DataFrame([[*found, statistic**2 / (statistic**2 + df), "who paid nothing is left out"]], columns=columns)


def _least_squares(y: Floats, x: Floats, weight: Floats) -> tuple[float, float]:
    """Return the first slope and its classical error, on which robustness values rest."""
    root = np.sqrt(weight / weight.mean())
    slopes, *_ = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)
    left = (y - x @ slopes) * root
    spread = left @ left / (len(y) - x.shape[1])
    return float(slopes[0]), float(np.sqrt(spread * np.linalg.inv((x * root[:, None]).T @ (x * root[:, None]))[0, 0]))
