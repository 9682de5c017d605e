"""Where a study's metrics come from: which answers, which design columns, which periods break the line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cxresearch import periods
from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import Measure, named_measure

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["CONTACTS", "Source", "breaks", "columns_of", "measure_of", "period_key", "rows_of", "source", "surveys_of"]

SURVEYS = ("relationship", "transactional")
CONTACTS = "contacts"
DESIGN = ("weight", "strata", "cluster", "fpc")


@dataclass(frozen=True)
class Source:
    """A metric of a study: what it counts and where its answers are.

    Attributes
    ----------
    measure
        What is counted.
    survey
        `relationship`, `transactional` or `contacts`.
    """

    measure: Measure
    survey: str


def measure_of(study: "StudyData", metric: str) -> Measure:
    """Return what a metric of a study counts.

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    return named_measure(metric, study.definition.scales, study.definition.measures)


def source(study: "StudyData", metric: str, survey: str | None = None) -> Source:
    """Return where the answers of a metric are.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    metric
        `nps`, `csat`, `top_box`, `top_2_box`, `ces`, `low_effort`, `fcr` or one of the study's `measures`.
    survey
        `relationship`, `transactional` or `contacts`. None takes, for `fcr`, the table of contacts if it tells; else
        the first of relationship and transactional survey in which the question was answered, never both pooled.

    Raises
    ------
    KeyError
        If the study has no such metric or never asked.
    ValueError
        If there is no such survey.
    """
    measure = measure_of(study, metric)
    asked = surveys_of(study, metric, survey)
    if not asked:
        raise KeyError(f"{metric}: the study has no column {measure.column!r} in its {survey or 'answers'}.")
    return Source(measure, next((name for name in asked if _answered(study, measure.column, name)), asked[0]))


def surveys_of(study: "StudyData", metric: str, survey: str | None = None) -> list[str]:
    """Return where a metric was asked, first what its headline rests on; all of it or one survey."""
    if survey not in (None, *SURVEYS, CONTACTS):
        raise ValueError(f"survey: found {survey!r}; it is one of {', '.join((*SURVEYS, CONTACTS))}.")
    candidates = [survey] if survey else [*([CONTACTS] if metric == "fcr" else []), *SURVEYS]
    return [name for name in candidates if _asked(study, measure_of(study, metric).column, name)]


def columns_of(study: "StudyData", frame: pd.DataFrame, survey: str) -> Columns:
    """Return the design columns of a survey's answers; contacts are no sample and have none."""
    if survey == CONTACTS:
        return Columns()
    declared = {part: getattr(study.definition.design, part, None) for part in DESIGN}
    return Columns(**{part: name or (part if part in frame else None) for part, name in declared.items()})


def breaks(study: "StudyData", metric: str) -> list[str]:
    """Return the periods from which on a metric cannot be compared with the time before, in order.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    metric
        As for `change`.

    Returns
    -------
    list of str
        First periods of a new scale, wording, mode or invitation rule; also for the `breaks` of a drawn trend.
    """
    known = study.breaks
    return sorted({*known.get(metric, []), *known.get(measure_of(study, metric).column, [])}, key=period_key)


def period_key(name: str) -> int:
    """Return a number by which periods of one kind sort; all time together comes first.

    Examples
    --------
    >>> sorted(["2026Q1", "2025Q4"], key=period_key)
    ['2025Q4', '2026Q1']
    """
    found = periods.parse(name)
    return found.number if found else 0


def rows_of(study: "StudyData", survey: str, period: str | None) -> pd.DataFrame:
    """Return the answers of a survey, or the contacts, in a period; none of them for no period."""
    if period is None:
        return rows_of(study, survey, study.period).iloc[:0]
    if survey != CONTACTS:
        return study.answers(survey, period)
    contacts = study.table(CONTACTS)
    return contacts[_in_period(contacts["contacted_at"], period, study)]


def _in_period(moment: pd.Series, period: str, study: "StudyData") -> pd.Series:
    """Return which moments lie in a period."""
    wanted = periods.parse(period, study.definition.fiscal_year_start)
    if wanted is None:
        return pd.Series(True, index=moment.index)
    after = pd.Timestamp(wanted.end()) + pd.Timedelta(days=1)
    return moment.ge(pd.Timestamp(wanted.start())) & moment.lt(after)


def _asked(study: "StudyData", column: str, survey: str) -> bool:
    """Return whether a survey has the column."""
    if survey == CONTACTS:
        return study.has(CONTACTS) and {column, "contacted_at"} <= set(study.table(CONTACTS).columns)
    return column in study.responses


def _answered(study: "StudyData", column: str, survey: str) -> bool:
    """Return whether anyone answered in the period or in the one it is compared with."""
    wanted = [period for period in (study.period, study.compare_to) if period is not None]
    if survey == CONTACTS:
        return any(bool(rows_of(study, survey, period)[column].notna().any()) for period in wanted)
    rows = study.responses
    return bool((rows["survey"].eq(survey) & rows["period"].isin(wanted) & rows[column].notna()).any())
