"""What is compared: the answers of a frame, or of a study's reporting period, with their sampling design."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import Columns, read_answers
from cxresearch.metrics.measures import YES_NO, Measure, Scale, named_measure, numbers
from cxresearch.metrics.sources import columns_of, rows_of, source
from cxresearch.metrics.table import check_level
from cxresearch.stats.design import Floats
from cxresearch.stats.groups import Sample

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Asked", "asked", "by_customer", "measure_named", "sample_of"]

EVERYONE = "_everyone"
# Metrics that are more than the column of their name.
NAMED = ("nps", "csat", "top_box", "top_2_box", "ces", "low_effort", "fcr")


@dataclass(frozen=True)
class Asked:
    """A metric of some answers.

    Attributes
    ----------
    frame
        One row an answer.
    measure
        What is counted.
    votes
        (n,) numbers to be averaged, NaN where there is no answer.
    sample
        How the rows were drawn.
    columns
        Names of the design columns.
    smallest_difference
        Margin of equivalence in the unit of the metric; None claims no equivalence.
    """

    frame: pd.DataFrame = field(repr=False)
    measure: Measure
    votes: Floats = field(repr=False)
    sample: Sample = field(repr=False)
    columns: Columns = field(default_factory=Columns)
    smallest_difference: float | None = None


def asked(
    answers: "pd.DataFrame | StudyData",
    metric: str,
    columns: Columns,
    customer: str | None,
    smallest_difference: float | None,
    scale: Scale | None,
    conf_level: float,
) -> Asked:
    """Return a metric of a frame or of a study's reporting period."""
    check_level(conf_level)
    if smallest_difference is not None and not smallest_difference > 0:
        raise ValueError(f"smallest_difference: found {smallest_difference:g}; it is a number above 0.")
    if not isinstance(answers, pd.DataFrame):
        found = _of_study(answers, metric)
        return found if smallest_difference is None else replace(found, smallest_difference=smallest_difference)
    return _of_frame(answers, metric, columns, customer, smallest_difference, scale)


def _of_study(study: "StudyData", metric: str) -> Asked:
    """Return a metric of a study's reporting period, with the study's scales, design and smallest difference."""
    found = source(study, metric)
    rows = rows_of(study, found.survey, study.period)
    margin = study.definition.smallest_difference.get(metric)
    return _read(rows, found.measure, columns_of(study, rows, found.survey), margin)


def _of_frame(
    frame: pd.DataFrame,
    metric: str,
    columns: Columns,
    customer: str | None = None,
    smallest_difference: float | None = None,
    scale: Scale | None = None,
) -> Asked:
    """Return a metric of a frame."""
    return _read(by_customer(frame, customer), measure_named(frame, metric, scale), columns, smallest_difference)


def by_customer(frame: pd.DataFrame, customer: str | None) -> pd.DataFrame:
    """Return a frame whose customers are told apart by a column of another name."""
    if customer is None or not isinstance(frame, pd.DataFrame):
        return frame
    if customer not in frame:
        raise KeyError(f"customer: the frame has no column {customer!r}; name the column of the customers' ids.")
    return frame.drop(columns="account_id", errors="ignore").assign(customer_id=frame[customer])


def sample_of(frame: pd.DataFrame, columns: Columns) -> Sample:
    """Return the sampling design of a frame's rows, whatever they answered."""
    everyone = read_answers(frame.assign(**{EVERYONE: 1.0}), Measure(EVERYONE, "mean"), None, columns)
    return Sample(everyone.design(), everyone.customer, everyone.unit)


def _read(rows: pd.DataFrame, measure: Measure, columns: Columns, margin: float | None) -> Asked:
    """Return a measure of some rows."""
    found = read_answers(rows, measure, None, columns)
    sample = Sample(found.design(), found.customer, found.unit)
    return Asked(rows, measure, found.votes, sample, columns, margin)


def measure_named(frame: pd.DataFrame, metric: str, scale: Scale | None) -> Measure:
    """Return what a metric of a frame counts: a named one, the share of ones, or the mean of a column."""
    if metric in NAMED:
        column = {"top_box": "csat", "top_2_box": "csat", "low_effort": "ces"}.get(metric, metric)
        return named_measure(metric, {} if scale is None else {column: scale}, {})
    if not isinstance(frame, pd.DataFrame) or metric not in frame:
        return Measure(metric, "mean", scale)
    found = numbers(frame[metric], metric)
    given = found[~np.isnan(found)]
    if scale is None and len(given) and np.isin(given, YES_NO).all():
        return Measure(metric, "share", YES_NO)
    return Measure(metric, "mean", scale)
