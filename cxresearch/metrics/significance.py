"""Whether an NPS differs from a given number."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import By, Columns, Names, read_answers
from cxresearch.metrics.measures import NPS_SCALE, Measure
from cxresearch.metrics.table import moments, result
from cxresearch.stats.differences import NOTHING_ADDED, Moments, adjusted, two_sided_p
from cxresearch.stats.intervals import score_statistic

__all__ = ["nps_test"]

Floats = npt.NDArray[np.float64]


def nps_test(
    responses: pd.DataFrame,
    by: By = None,
    *,
    null: float = 0.0,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "adjusted-wald",
) -> pd.DataFrame:
    """Return whether the NPS of each group differs from a number, such as a target or last year's score.

    Two samples are compared by `cx.segments.compare`, two periods by `change`.

    Parameters
    ----------
    responses, by, column, weight, strata, cluster, fpc, conf_level, method
        As for `nps`.
    null
        The NPS to test against, in points.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps` before `flag`, then `null`, `statistic` (standard normal if the NPS is `null`), `p_value`
        (two-sided, not adjusted for the number of groups), `flag`.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`; ValueError also if `null` lies outside -100 to 100.

    Notes
    -----
    With n_eff answers. `wald`: (NPS - null) / √((p + d - (p - d)²)/n), R `NPS::nps_test(test = "wald")`;
    `adjusted-wald` adds 3/4 promoter, 3/4 detractor and 3/2 passives first; `score` uses the variance under `null`
    (Tango 1998).

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10] * 60 + [8] * 30 + [3] * 30})
    >>> nps_test(answers, null=20)["p_value"].round(2).item()
    0.56
    """
    if not -100 <= null <= 100:
        raise ValueError(f"null: found {null:g}; an NPS lies between -100 and 100.")
    measure = Measure(column or "nps", "nps", NPS_SCALE)
    answers = read_answers(responses, measure, by, Columns(weight, strata, cluster, fpc))
    found = answers.estimates(measure)
    rows = result(found, answers.customers(found), measure, conf_level, method)
    statistic = _statistic(moments(found), null / measure.factor, measure.method(method), measure)
    tested = rows["conf_low"].notna().to_numpy()
    statistic = np.where(tested, statistic, np.nan)
    rows = pd.concat([answers.groups, rows], axis=1)
    rows.insert(rows.columns.get_loc("flag"), "null", float(null))
    rows.insert(rows.columns.get_loc("flag"), "statistic", statistic)
    rows.insert(rows.columns.get_loc("flag"), "p_value", two_sided_p(statistic))
    return rows


def _statistic(votes: Moments, null: float, method: str, measure: Measure) -> Floats:
    """Return how many standard errors an NPS on the scale -1 to 1 lies above `null`."""
    if method == "score":
        return score_statistic((votes.square + votes.mean) / 2, (votes.square - votes.mean) / 2, votes.n, null)
    mean, variance = adjusted(votes, measure.added if method == "adjusted-wald" else NOTHING_ADDED)
    away = mean - null
    endless = np.where(away == 0, 0.0, np.copysign(np.inf, away))
    return np.divide(away, np.sqrt(variance), out=endless, where=variance > 0)
