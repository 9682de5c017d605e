"""How groups differ: a metric and its change in every group of every segment of a study."""

import pandas as pd

from cxresearch.metrics import sources
from cxresearch.metrics.changes import Question, compared, judged, obstacle, waves
from cxresearch.metrics.table import table
from cxresearch.study_data import StudyData


def scores(
    study: StudyData, metric: str = "nps", *, survey: str | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return a metric in each group of each segment, in the reporting period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with `segments:` in its study file.
    metric
        `nps`, `csat`, `ces`, `fcr` or one of the study's `measures`.
    survey
        `relationship`, `transactional` or `contacts`; None takes the first in which the question was answered.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row a segment and level: `segment`, `level`, then the columns of the metric (`metrics.nps`). Segments whose
        column the answers lack, or of over 12 groups, have no row; a study without segments gives an empty frame.

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    found = sources.source(study, metric, survey)
    answers = found.read(study.period)
    columns = sources.columns_of(study, answers, found.survey)
    parts = [
        _long(table(answers, found.measure, segment, columns, conf_level, None), segment)
        for segment in study.segments(answers)
    ]
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else _long(table(answers, found.measure, None, columns, conf_level, None), "").iloc[:0]
    )


def changes(
    study: StudyData, metric: str = "nps", *, survey: str | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return the change of a metric in each group since the period compared with, tested as one family.

    Parameters
    ----------
    study, metric, survey, conf_level
        As for `scores`.

    Returns
    -------
    pandas.DataFrame
        One row a segment and level: `segment`, `level`, then the columns of `metrics.change`; `p_adjusted` and
        `verdict` are those of the whole frame as one family (Benjamini–Hochberg).

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    found = sources.source(study, metric, survey)
    margin = study.definition.smallest_difference.get(metric)
    question = Question(found.measure, conf_level, smallest_difference=margin, obstacle=obstacle(study, metric))
    frames = found.read(study.compare_to), found.read(study.period)
    columns = sources.columns_of(study, frames[1], found.survey)
    named = study.segments(frames[1])
    parts = [_long(compared(waves(*frames, question, name, columns), question), name) for name in named]
    if not parts:
        return _long(judged(compared(waves(*frames, question, None, columns), question), conf_level), "").iloc[:0]
    return judged(pd.concat(parts, ignore_index=True), conf_level)


def _long(frame: pd.DataFrame, segment: str) -> pd.DataFrame:
    """Return a frame grouped by one segment with `segment` and `level` in place of its column."""
    levels = frame[segment].astype("str") if segment in frame else pd.Series("all", frame.index, dtype="str")
    rest = frame.drop(columns=segment, errors="ignore")
    rest.insert(0, "level", levels)
    rest.insert(0, "segment", pd.Series(segment, frame.index, dtype="str"))
    return rest
