"""The cells of a panel: the score of each segment and period beside the revenue of all customers of the segment."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.intake.segments import with_segments
from cxresearch.metrics import trend
from cxresearch.metrics.answers import Columns, read_answers
from cxresearch.metrics.sources import measure_of
from cxresearch.metrics.table import joined
from cxresearch.panels import shifted
from cxresearch.revenue.ledger import covered_months, ledger, month_number
from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["ONE_CUSTOMER", "OUTCOMES", "PER_CUSTOMER", "TOTAL", "Panel", "panel"]

PER_CUSTOMER, TOTAL = "per customer", "total"
OUTCOMES = (PER_CUSTOMER, TOTAL)
# A customer who brings more than this share of a segment's revenue could be read off it.
DOMINANT = 0.5
NO_VARIANCE = "no sampling variance: set aside"
NO_REVENUE = "no revenue of these months: set aside"
NO_LOG = "refunds are as high as bills, so there is no logarithm: set aside"
ONE_CUSTOMER = "one customer brings over half of the revenue: not shown"
SCORE = ("n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "variance")


@dataclass(frozen=True)
class Panel:
    """Scores and revenue of the segments of a study, period by period.

    Attributes
    ----------
    by
        The segment.
    scores
        One row a period and level: `period`, the segment's column, the columns of `cx.metrics.trend`, `variance`.
    answers
        One row an answer: `period`, the segment's column, `unit` (code of who gave it).
    money
        By period and level: `revenue` (mean a customer, or total), `customers`, `largest` (share of one customer).
    fiscal_year_start
        Of the periods.
    """

    by: str
    scores: pd.DataFrame = field(repr=False)
    answers: pd.DataFrame = field(repr=False)
    money: pd.DataFrame = field(repr=False)
    fiscal_year_start: int = 1

    def cells(self, lag: int) -> pd.DataFrame:
        """Return the score of every cell beside log revenue so many periods later; below 0 the revenue came first.

        Returns
        -------
        pandas.DataFrame
            `period`, the segment's column; `n`, `n_customers`, `n_eff`, `estimate` (NPS), `std_error`, `conf_low`,
            `conf_high`, `variance` (squared points); `revenue_period`; `customers` (whose revenue it is, whether they
            answered or not); `log_revenue` (natural logarithm, in the study's currency); `used` (whether the cell can
            be in a regression); `flag` (why not, or how to read it).
        """
        cells = self.scores.copy()
        cells["revenue_period"] = cells["period"].map(shifted(cells["period"], lag, self.fiscal_year_start))
        place = pd.MultiIndex.from_frame(cells[["revenue_period", self.by]])
        money = self.money.reindex(place).set_index(cells.index)
        paid = money["revenue"].gt(0)
        cells["customers"] = money["customers"].astype("Int64")
        cells["log_revenue"] = np.log(money["revenue"].where(paid))
        cells["used"] = cells["variance"].notna() & paid
        words = {NO_VARIANCE: cells["variance"].isna(), NO_REVENUE: money["revenue"].isna()}
        words |= {NO_LOG: money["revenue"].le(0), ONE_CUSTOMER: money["largest"].gt(DOMINANT)}
        told = (np.where(where, word, "") for word, where in words.items())
        cells["flag"] = joined(cells["flag"].to_numpy(dtype=str), *told)
        kept = ["period", self.by, *SCORE, "revenue_period", "customers", "log_revenue", "used", "flag"]
        return cells[kept]

    def bases(self, cells: pd.DataFrame) -> dict[str, int]:
        """Return `n`, the answers in some cells, and `n_customers`, who gave them."""
        within = pd.MultiIndex.from_frame(cells[["period", self.by]])
        unit = self.answers.loc[pd.MultiIndex.from_frame(self.answers[["period", self.by]]).isin(within), "unit"]
        return {"n": len(unit), "n_customers": int(unit.nunique())}


def panel(study: "StudyData", by: str, *, survey: str = "relationship", outcome: str = PER_CUSTOMER) -> Panel:
    """Return the scores and the revenue of a study's segments.

    Parameters
    ----------
    study, by, survey, outcome
        As for `panel_link`.

    Raises
    ------
    StudyError
        In one sentence: what is missing, and what to do.
    """
    _check(study, by, outcome)
    scores = trend(study, "nps", by, survey=survey)
    scores["variance"] = scores["std_error"] ** 2
    return Panel(by, scores, _units(study, by, survey), _money(study, by, outcome), study.definition.fiscal_year_start)


def _check(study: "StudyData", by: str, outcome: str) -> None:
    """Refuse what no panel can be made of."""
    if outcome not in OUTCOMES:
        raise StudyError(f"outcome: found {outcome!r}; it is one of {', '.join(OUTCOMES)}.")
    for name in ("customers", "revenue"):
        if not study.has(name):
            raise StudyError(f"panel: the study has no table `{name}`; it takes all customers and their monthly bills.")
    if "nps" not in study.responses:
        raise StudyError("panel: the answers have no `nps`; name the column of the score in the study file.")
    if _kind(study) in (None, "week"):
        raise StudyError(
            f"panel: the period is {study.period}; bills are monthly, so load a month, quarter, half-year or year."
        )
    segment = study.definition.segments.get(by)
    if segment is None or by not in study.responses:
        raise StudyError(f"by: the study has no segment {by!r}; {nearest(by, list(study.definition.segments))}.")
    if segment.bands or segment.source not in study.customers:
        raise StudyError(
            f"by: customers do not keep their {by!r}, or the customer list does not hold it; name a segment of the "
            "customer list that does not change with time, such as a region."
        )


def _units(study: "StudyData", by: str, survey: str) -> pd.DataFrame:
    """Return period, level and giver of each answer."""
    rows = study.answers(survey, periods.ALL)
    rows = rows[rows["nps"].notna() & rows[by].notna()].reset_index(drop=True)
    unit = read_answers(rows, measure_of(study, "nps"), None, Columns()).unit
    return rows[["period", by]].assign(unit=rows.index if unit is None else unit)


def _money(study: "StudyData", by: str, outcome: str) -> pd.DataFrame:
    """Return `revenue`, `customers` and the `largest` customer's share, by period and level."""
    months = ledger(study)
    number = pd.Series(month_number(pd.DatetimeIndex(months["month"])), index=months.index)
    period = _whole_periods(study)
    paid = months.groupby(["customer_id", number.map(period).rename("period")])["revenue"].sum()
    if outcome == PER_CUSTOMER:
        # With us in the month before the period begins; who leaves in the period pays 0 from then on.
        begins = (number + 1).map(_first_months(period)).rename("period")
        with_us = pd.DataFrame({"customer_id": months["customer_id"], "period": begins}).dropna()
        paid = paid.reindex(pd.MultiIndex.from_frame(with_us), fill_value=0.0)
    rows = paid.reset_index()
    groups = rows.groupby(["period", rows["customer_id"].map(_levels(study, by)).rename(by)])["revenue"]
    found = groups.agg(revenue="sum", customers="size", largest="max")
    found["largest"] = found["largest"] / found["revenue"].where(found["revenue"].gt(0))
    return found.assign(revenue=found["revenue"] / (found["customers"] if outcome == PER_CUSTOMER else 1))


def _kind(study: "StudyData") -> str | None:
    """Return the kind of the study's periods; None for all time."""
    wanted = periods.parse(study.period, study.definition.fiscal_year_start)
    return wanted.kind if wanted else None


def _whole_periods(study: "StudyData") -> dict[int, str]:
    """Return the period of each month with bills, by the month's number; without periods that are not billed whole."""
    kind, start = _kind(study) or "month", study.definition.fiscal_year_start
    covered = covered_months(study)
    names = pd.Series([str(periods.containing(month.date(), kind, start)) for month in covered], month_number(covered))
    counts = names.map(names.value_counts())
    return {int(number): str(name) for number, name in names[counts.eq(counts.max())].items()}


def _first_months(period: dict[int, str]) -> dict[int, str]:
    """Return the period that begins with each first month, by the month's number."""
    return {number: name for number, name in period.items() if period.get(number - 1) != name}


def _levels(study: "StudyData", by: str) -> pd.Series:
    """Return each customer's level of a segment, by id, merged and netted as in the answers."""
    definition = study.definition.model_copy(update={"segments": {by: study.definition.segments[by]}})
    customers = study.customers.drop_duplicates("customer_id")
    levels, _ = with_segments(customers, "invitations", None, definition)
    return levels.set_index("customer_id")[by]
