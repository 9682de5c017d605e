"""From estimates to a result frame: intervals, clipping, and what may not be reported."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import By, Columns, read_answers
from cxresearch.metrics.measures import Measure
from cxresearch.stats import intervals
from cxresearch.stats.differences import Moments
from cxresearch.stats.survey import Estimates, Floats, base_flag

__all__ = ["FEW_UNITS", "REFUSED", "UNEVEN", "check_level", "joined", "moments", "notes", "result", "table"]

# Kish's effective base of the weights over n: under the first limit it is said, under the second nothing is reported.
UNEVEN_UNDER, REFUSED_UNDER = 0.4, 0.25
UNEVEN = "uneven weights"
REFUSED = "refused: the weights leave under a quarter of the answers' information"
FEW_UNITS = "too few sampling units for an interval"
# Answers a group needs before it is reported at all.
REPORTED_FROM = 2


def table(
    responses: pd.DataFrame, measure: Measure, by: By, columns: Columns, conf_level: float, method: str | None
) -> pd.DataFrame:
    """Return the result frame of one metric."""
    answers = read_answers(responses, measure, by, columns)
    found = answers.estimates(measure)
    numbers = result(found, answers.customers(found), measure, conf_level, method)
    return pd.concat([answers.groups, numbers], axis=1)


def result(
    found: Estimates,
    n_customers: npt.NDArray[np.intp],
    measure: Measure,
    conf_level: float = 0.95,
    method: str | None = None,
) -> pd.DataFrame:
    """Return the columns of a result frame after the grouping columns, one row a group."""
    check_level(conf_level)
    low, high = _limits(found, measure, conf_level, measure.method(method))
    lowest, highest = measure.limits
    reported = (found.n >= REPORTED_FROM) & ~_refused(found)
    enough = reported & (found.n_units >= 2)
    return pd.DataFrame(
        {
            "n": found.n,
            "n_customers": n_customers,
            "n_eff": found.n_eff,
            "estimate": np.where(reported, found.estimate * measure.factor, np.nan),
            "std_error": np.where(enough, found.std_error * measure.factor, np.nan),
            "conf_low": np.where(enough, np.maximum(low * measure.factor, lowest), np.nan),
            "conf_high": np.where(enough, np.minimum(high * measure.factor, highest), np.nan),
            "flag": joined(base_flag(found.n, found.n_eff), notes(found, (found.n_units < 2) | np.isnan(low))),
        }
    )


def moments(found: Estimates) -> Moments:
    """Return the mean vote, the mean squared vote and the effective base of each group."""
    n = np.maximum(found.n, 1)
    return Moments(found.estimate, found.estimate**2 + found.spread * (n - 1) / n, found.n_eff)


def check_level(conf_level: float) -> None:
    """Refuse a confidence level that is none."""
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level: found {conf_level:g}; it lies between 0 and 1, as in 0.95.")


def notes(found: Estimates, without_interval: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    """Return what beside the base speaks against a row: uneven weights, too few sampling units."""
    several = found.n >= REPORTED_FROM
    uneven = np.where(several & (found.kish < UNEVEN_UNDER * found.n), UNEVEN, "")
    few = np.where(several & without_interval, FEW_UNITS, "")
    return joined(np.where(_refused(found), REFUSED, uneven), few)


def joined(*notes: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """Return several flags of each row as one, separated by semicolons.

    Examples
    --------
    >>> joined(np.array(["small base", ""]), np.array(["uneven weights", "uneven weights"])).tolist()
    ['small base; uneven weights', 'uneven weights']
    """
    rows = zip(*(note.tolist() for note in notes), strict=True)
    return np.array(["; ".join(note for note in row if note) for row in rows], dtype=np.str_)


def _limits(found: Estimates, measure: Measure, conf_level: float, method: str) -> tuple[Floats, Floats]:
    """Return the limits of the interval of the mean vote or total."""
    if method == "wald":
        return intervals.wald(found.estimate, found.std_error, conf_level)
    if method == "t":
        return intervals.t_interval(found.estimate, found.std_error, found.df, conf_level)
    if method == "wilson":
        return intervals.wilson(np.clip(found.estimate, 0, 1), found.n_eff, conf_level)
    vote = moments(found)
    promoters, detractors = ((vote.square + side * vote.mean) / 2 for side in (1, -1))
    interval = intervals.score_nps if method == "score" else intervals.adjusted_wald_nps
    return interval(np.clip(promoters, 0, 1), np.clip(detractors, 0, 1), found.n_eff, conf_level)


def _refused(found: Estimates) -> npt.NDArray[np.bool_]:
    """Return where the weights are too uneven to report anything."""
    return found.kish < REFUSED_UNDER * found.n
