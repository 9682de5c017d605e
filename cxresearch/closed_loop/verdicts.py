"""What a difference is said to be, in the words of all pages."""

import numpy as np
from scipy import stats

from cxresearch.stats.differences import equivalent

__all__ = ["CANNOT_TELL", "judged"]

CANNOT_TELL = "cannot tell"
POWER = 0.8


def judged(
    estimate: float, std_error: float, df: float, conf_level: float, words: tuple[str, str], margin: float | None = None
) -> dict[str, float | str]:
    """Return interval, test, detectable difference and verdict of one difference.

    Parameters
    ----------
    estimate, std_error, df
        The difference, its standard error and degrees of freedom.
    conf_level
        Coverage of the interval.
    words
        What it is called when it is clearly above and clearly below 0, such as `("rose", "fell")`.
    margin
        What matters, in the unit of the estimate; without it no claim of "no difference" is made.

    Examples
    --------
    >>> found = judged(6.0, 2.0, np.inf, 0.95, ("rose", "fell"))
    >>> found["verdict"], round(found["conf_low"], 1), round(found["minimum_detectable"], 1)
    ('rose', 2.1, 5.6)
    """
    if not std_error > 0 or not df > 0:
        missing = dict.fromkeys(
            ("std_error", "conf_low", "conf_high", "statistic", "p_value", "minimum_detectable"), np.nan
        )
        return {"estimate": estimate, **missing, "verdict": ""}
    half = stats.t.ppf((1 + conf_level) / 2, df) * std_error
    low, high = estimate - half, estimate + half
    verdict = words[0] if low > 0 else words[1] if high < 0 else CANNOT_TELL
    if verdict == CANNOT_TELL and margin is not None and equivalent(estimate, std_error, df, margin).all():
        verdict = f"no difference beyond {margin:g}"
    return {
        "estimate": estimate,
        "std_error": std_error,
        "conf_low": float(low),
        "conf_high": float(high),
        "statistic": estimate / std_error,
        "p_value": float(2 * stats.t.sf(abs(estimate / std_error), df)),
        "minimum_detectable": float(half + stats.t.ppf(POWER, df) * std_error),
        "verdict": verdict,
    }
