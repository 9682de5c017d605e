"""Whose loyalty a score shows: every customer counted once, or by the revenue that they bring."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import Answers, Columns, read_answers
from cxresearch.metrics.sources import columns_of, rows_of, source
from cxresearch.metrics.table import joined, table
from cxresearch.stats.dominance import dominance
from cxresearch.stats.intervals import wald
from cxresearch.stats.survey import covariance, mean_influence

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["by_value", "revenue_before"]

EACH_ANSWER, EACH_CUSTOMER, REVENUE, GAP = "answers", "customers", "revenue", "gap"
ONCE, BY_REVENUE = "_once", "_revenue"
MONTHS = 12


def by_value(
    study: "StudyData", metric: str = "nps", *, survey: str | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return a metric with every customer counted once, and with customers counted by their revenue.

    Parameters
    ----------
    study, metric, survey
        As for `change`; the study needs the table `revenue`, and answers with `customer_id`.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Four rows: `weighting`, then the columns of `nps`. `answers`: as in the scorecard. `customers` and `revenue`:
        those who paid anything in the twelve months before the period, counted once, and by what they paid. `gap`:
        revenue less customers, on the same people; above 0 the customers who pay more are the happier ones. Before
        `flag`, and of the last two rows, `top_two_share` and `rest_to_largest`: how much of the revenue that counts
        the largest customers (accounts) pay, for disclosure alone.

    Raises
    ------
    KeyError
        If the study has no such metric, no revenue or no customer ids.
    ValueError
        If the study is undated: revenue must lie before the answers.

    Notes
    -----
    The gap's variance is that of the difference of the two linearised means over the same sampling units: R
    `survey::svycontrast` of two `svymean` with the weights stacked.
    """
    found = source(study, metric, survey)
    if not study.has("revenue") or "customer_id" not in study.responses:
        raise KeyError("by_value: needs the table `revenue` and answers with `customer_id`.")
    answers = rows_of(study, found.survey, study.period)
    columns = columns_of(study, answers, found.survey)
    known, left_out = _with_weights(answers[answers[found.measure.column].notna()], study, columns.weight)
    parts = [table(answers, found.measure, None, columns, conf_level, None)]
    designs = [
        Columns(weight=name, strata=columns.strata, cluster=columns.cluster, fpc=columns.fpc)
        for name in (ONCE, BY_REVENUE)
    ]
    parts += [table(known, found.measure, None, design, conf_level, None) for design in designs]
    told = f"{left_out} answers without revenue before the period left out" if left_out else ""
    for part in parts[1:]:
        part["flag"] = joined(part["flag"].to_numpy(dtype=str), np.array([told]))
    once, paid = (read_answers(known, found.measure, None, design) for design in designs)
    influence = [mean_influence(side.votes, side.design()) for side in (paid, once)]
    error = found.measure.factor * np.sqrt(_variance(influence[0] - influence[1], paid))
    parts.append(_gap(parts[1], parts[2], error, conf_level))
    frame = pd.concat(parts, ignore_index=True)
    frame.insert(0, "weighting", [EACH_ANSWER, EACH_CUSTOMER, REVENUE, GAP])
    by_revenue = frame["weighting"].isin([REVENUE, GAP])
    weights = pd.Series(paid.weight)
    largest = dominance(weights if paid.unit is None else weights.groupby(paid.unit).sum())
    for name, told in largest._asdict().items():
        frame.insert(frame.columns.get_loc("flag"), name, np.where(by_revenue, told, np.nan))
    return frame


def revenue_before(study: "StudyData", months: int = MONTHS, *, column: str = REVENUE) -> pd.Series:
    """Return what each customer paid in the months before the reporting period, refunds taken off.

    Parameters
    ----------
    study
        A study with the table `revenue`.
    months
        How many months before the first day of the period.
    column
        The column that is summed.

    Returns
    -------
    pandas.Series
        The sum by `customer_id`, in the study's currency; customers without a bill in these months are not in it.

    Raises
    ------
    ValueError
        If the study is undated.
    """
    if study.bounds is None:
        raise ValueError("revenue before the period: period is all; give a quarter, month or year.")
    start, month = study.bounds[0], study.revenue["month"]
    bills = study.revenue[month.lt(start) & month.ge(start - pd.DateOffset(months=months))]
    return bills.groupby("customer_id")[column].sum()


def _with_weights(answers: pd.DataFrame, study: "StudyData", weight: str | None) -> tuple[pd.DataFrame, int]:
    """Return the answers of customers who paid, with both weights, and how many answers of others were left out."""
    paid = answers["customer_id"].map(revenue_before(study))
    known = answers[paid.gt(0)]
    share = (known[weight] if weight else 1.0) / known.groupby("customer_id")["customer_id"].transform("size")
    return known.assign(**{ONCE: share, BY_REVENUE: share * paid[paid.gt(0)]}), len(answers) - len(known)


def _variance(influence: npt.NDArray[np.float64], answers: Answers) -> float:
    """Return the linearised variance of an estimate from the influence of each row on it."""
    return float(covariance(influence, influence, answers.design())[0])


def _gap(once: pd.DataFrame, paid: pd.DataFrame, error: float, conf_level: float) -> pd.DataFrame:
    """Return the row of the difference; missing where one of the two is."""
    difference = paid["estimate"] - once["estimate"]
    known = difference.notna() & once["conf_low"].notna() & paid["conf_low"].notna()
    error_here = np.where(known, error, np.nan)
    low, high = wald(difference, error_here, conf_level)
    return paid.assign(estimate=difference, std_error=error_here, conf_low=low, conf_high=high)
