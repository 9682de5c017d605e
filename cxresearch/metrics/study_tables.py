"""The metrics of a study: scorecard, trend, segments, touchpoints, distribution of answers."""

from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import By, Columns
from cxresearch.metrics.changes import as_level, judged, question_of
from cxresearch.metrics.measures import YES_NO, Measure, Scale, numbers
from cxresearch.metrics.sources import breaks, columns_of, measure_of, rows_of, source, surveys_of
from cxresearch.metrics.table import table
from cxresearch.metrics.waves import compare
from cxresearch.stats.design import Codes, Floats

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["by_segment", "distribution", "of_study", "scorecard", "touchpoints", "trend"]

# The metrics of a scorecard, headline first; the study's own measures follow.
SCORECARD = ("nps", "csat", "ces", "fcr", "expectation_met", "negative_word_of_mouth", "conversion")
# In a scorecard the plain names are those of the level, not of its change.
RENAMED = {
    "estimate": "change",
    "conf_low": "change_low",
    "conf_high": "change_high",
    "current": "estimate",
    "current_error": "std_error",
    "current_low": "conf_low",
    "current_high": "conf_high",
    "level_flag": "flag",
}
CHANGE = ("change", "change_low", "change_high", "statistic", "p_value", "p_adjusted", "minimum_detectable", "verdict")
SCORECARD_COLUMNS = (
    *("metric", "n", "n_customers", "n_previous", "n_customers_previous", "n_eff"),
    *("estimate", "std_error", "conf_low", "conf_high", "previous", "previous_low", "previous_high"),
    *CHANGE,
    *("unit", "survey", "target", "target_verdict", "flag"),
)
MET, MISSED, CANNOT_TELL = "met", "missed", "cannot tell"
BROKEN = "the way of asking changed: not comparable with earlier periods"
# Answers of more different values than this are counted in about so many classes.
MOST_BARS, CLASSES = 15, 10
GIVEN, CHOSEN = "_given", "_chosen"
LEVEL = 0.95


def scorecard(
    study: "StudyData", *, conf_level: float = 0.95, n_permutations: int = 4_999, seed: int = 0
) -> pd.DataFrame:
    """Return every metric of a study in the reporting period, with its change and its target.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    conf_level
        Coverage of the intervals.
    n_permutations, seed
        As for `change`.

    Returns
    -------
    pandas.DataFrame
        One row a metric, `nps`, `csat`, `ces`, `fcr`, `expectation_met`, `negative_word_of_mouth`, `conversion` where
        they were asked, then the study's `measures`: `metric`; `n`,
        `n_customers`, `n_previous`, `n_customers_previous`, `n_eff`; `estimate`, `std_error`, `conf_low`, `conf_high`
        of the reporting period; `previous`, `previous_low`, `previous_high`; `change`, `change_low`, `change_high`,
        `statistic`, `p_value`, `p_adjusted` (over the rows), `minimum_detectable`, `verdict` as in `change`; `unit`
        (`points`, `share`, a mean's scale such as `1–5`, `mean`, `total`); `survey` (where the answers are from);
        `target`; `target_verdict` (`met` where the whole interval reaches it, `missed` where none of it does, `cannot
        tell`, "" without a target); `flag`.

    Raises
    ------
    KeyError
        If the study has none of these metrics.
    """
    metrics = [name for name in SCORECARD if surveys_of(study, name)] + list(study.definition.measures)
    if not metrics:
        raise KeyError("the study has no metric: its responses hold no nps, csat, ces, fcr or declared measure.")
    read = cache(partial(rows_of, study))
    rows = [_scored(study, metric, read, conf_level, n_permutations, seed) for metric in metrics]
    found = judged(pd.concat(rows, ignore_index=True), conf_level).rename(columns=RENAMED)
    return found.assign(target_verdict=_target_verdicts(found))[list(SCORECARD_COLUMNS)]


def trend(
    study: "StudyData",
    metric: str = "nps",
    by: By = None,
    *,
    survey: str | None = None,
    conf_level: float = 0.95,
    method: str | None = None,
) -> pd.DataFrame:
    """Return a metric in every period up to the reporting period.

    Parameters
    ----------
    study, metric, by, survey
        As for `change`.
    conf_level
        Coverage of the intervals.
    method
        Of the interval, as for the metric.

    Returns
    -------
    pandas.DataFrame
        One row a period and group: `period`, the grouping columns, then those of `nps`. Each period is a sample of its
        own, so a row equals the metric of that period's answers. Where the line breaks, `flag` says so in its first
        period; `breaks` gives these periods.

    Raises
    ------
    KeyError
        If the study has no such metric or column.
    """
    found = source(study, metric, survey)
    broken = breaks(study, metric)
    frames = []
    for period in study.periods:
        answers = rows_of(study, found.survey, period)
        frame = table(answers, found.measure, by, columns_of(study, answers, found.survey), conf_level, method)
        frame.insert(0, "period", period)
        if period in broken:
            frame["flag"] = frame["flag"].map(lambda flag: f"{flag}; {BROKEN}" if flag else BROKEN)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def of_study(
    study: "StudyData",
    metric: str,
    answers: pd.DataFrame | None = None,
    by: By = None,
    *,
    survey: str | None = None,
    conf_level: float = 0.95,
    method: str | None = None,
) -> pd.DataFrame:
    """Return a metric of a study on some of its answers, with the study's scales and design.

    Parameters
    ----------
    study, metric, by, survey
        As for `change`.
    answers
        Rows of `study.answers()`; those of the reporting period by default.
    conf_level, method
        As for the metric.

    Returns
    -------
    pandas.DataFrame
        The grouping columns, then those of `nps`.

    Raises
    ------
    KeyError
        If the study has no such metric, or the answers lack a column.
    """
    if answers is not None:
        return table(answers, measure_of(study, metric), by, columns_of(study, answers, ""), conf_level, method)
    found = source(study, metric, survey)
    rows = rows_of(study, found.survey, study.period)
    return table(rows, found.measure, by, columns_of(study, rows, found.survey), conf_level, method)


def by_segment(
    study: "StudyData", metric: str = "nps", segments: list[str] | None = None, *, survey: str | None = None
) -> pd.DataFrame:
    """Return a metric in the reporting period, in total and in every level of the study's segments.

    Parameters
    ----------
    study, metric, survey
        As for `change`.
    segments
        Names of segments; all of the study by default.

    Returns
    -------
    pandas.DataFrame
        One row a segment and level: `segment`, `level` (both `all` in the first row), then the columns of `nps`.

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    found = source(study, metric, survey)
    answers = rows_of(study, found.survey, study.period)
    columns = columns_of(study, answers, found.survey)
    total = table(answers, found.measure, None, columns, LEVEL, None)
    total.insert(0, "all", "all")
    parts = [as_level(total, "all")]
    for name in segments or study.definition.segments:
        if name in answers:
            parts.append(as_level(table(answers, found.measure, name, columns, LEVEL, None), name))
    return pd.concat(parts, ignore_index=True)


def touchpoints(study: "StudyData", metric: str = "nps", *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return a metric right after an encounter, by touchpoint: transactional answers of the reporting period.

    Parameters
    ----------
    study, metric
        As for `change`.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint: `touchpoint`, then the columns of `nps`; no rows where the study has no touchpoints.

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    answers = study.answers("transactional")
    measure = measure_of(study, metric)
    if not {"touchpoint", measure.column} <= set(answers.columns):
        answers = pd.DataFrame({"touchpoint": pd.Series(dtype="str"), measure.column: pd.Series(dtype="float64")})
        return table(answers, measure, "touchpoint", Columns(), conf_level, None)
    return of_study(study, metric, answers, "touchpoint", conf_level=conf_level)


def distribution(study: "StudyData", metric: str = "nps", *, survey: str | None = None) -> pd.DataFrame:
    """Return how many gave each answer in the reporting period.

    Parameters
    ----------
    study, metric, survey
        As for `change`.

    Returns
    -------
    pandas.DataFrame
        One row a point of the scale, also of points that nobody chose: `score`; `n` and `n_customers` (who gave this
        answer), `n_eff` (of all answers), `estimate` (share of all answers, 0-1), `std_error`, `conf_low`, `conf_high`
        (Wilson), `flag`. Answers without a scale and of more than 15 different values are counted in classes of equal
        width, named after their limits.

    Raises
    ------
    KeyError
        If the study has no such metric.
    """
    found = source(study, metric, survey)
    answers = rows_of(study, found.survey, study.period)
    columns = columns_of(study, answers, found.survey)
    place, scores = _scores(numbers(answers[found.measure.column], found.measure.column), found.measure)
    given = answers.assign(**{GIVEN: place})
    base = table(given, Measure(GIVEN, "mean"), GIVEN, columns, LEVEL, None).set_index(GIVEN)[["n", "n_customers"]]
    chosen = [given.assign(**{CHOSEN: np.where(place >= 0, place == number, np.nan)}) for number in range(len(scores))]
    shares = [table(rows, Measure(CHOSEN, "share", YES_NO), None, columns, LEVEL, None) for rows in chosen]
    empty = table(given.iloc[:0], Measure(GIVEN, "mean"), GIVEN, columns, LEVEL, None).drop(columns=GIVEN)
    frame = pd.concat([empty, *shares], ignore_index=True) if shares else empty
    frame[["n", "n_customers"]] = base.reindex(range(len(scores)), fill_value=0).to_numpy()
    frame.insert(0, "score", scores)
    return frame


def _scored(
    study: "StudyData",
    metric: str,
    read: Callable[[str, str | None], pd.DataFrame],
    conf_level: float,
    n_permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Return one metric's row of a scorecard before it is judged among the others; `read` gives a period's answers."""
    found = source(study, metric)
    question = question_of(study, metric, conf_level, n_permutations=n_permutations, seed=seed)
    previous, current = read(found.survey, study.compare_to), read(found.survey, study.period)
    row = compare(previous, current, question, None, columns_of(study, current, found.survey))
    row.insert(0, "metric", metric)
    target = study.definition.targets.get(metric, np.nan)
    row = row.drop(columns=["std_error", "flag"])
    return row.assign(unit=found.measure.unit, survey=found.survey, target=float(target))


def _target_verdicts(rows: pd.DataFrame) -> pd.Series:
    """Return whether each level's whole interval reaches its target."""
    met, missed = rows["conf_low"] >= rows["target"], rows["conf_high"] < rows["target"]
    words = np.select([rows["target"].isna(), met, missed], ["", MET, MISSED], CANNOT_TELL)
    return pd.Series(words, index=rows.index, dtype="str")


def _scores(answers: Floats, measure: Measure) -> tuple[Codes, list[float] | list[int] | list[str]]:
    """Return the place of each answer among the points shown, -1 where there is none, and these points."""
    given = answers[~np.isnan(answers)]
    points = _points(given, measure.scale)
    if points is not None:
        return np.where(np.isnan(answers), -1, np.searchsorted(points, answers)), _plain(points)
    low, step = _classes(given)
    place = np.where(np.isnan(answers), -1.0, np.floor((answers - low) / step)).astype(np.intp)
    edges = low + step * np.arange(int(place.max()) + 2)
    return place, [f"{start:g}–{end:g}" for start, end in pairwise(edges)]


def _points(given: Floats, scale: Scale | None) -> Floats | None:
    """Return the points of a scale, or the values given where they are few; None where classes are needed."""
    values = np.unique(given)
    whole = bool((values == np.rint(values)).all())
    if scale and whole and scale[1] - scale[0] < MOST_BARS:
        return np.arange(scale[0], scale[1] + 1)
    return values if len(values) <= MOST_BARS else None


def _plain(points: Floats) -> list[float] | list[int]:
    """Return whole numbers as integers."""
    whole = bool((points == np.rint(points)).all())
    return [int(point) for point in points] if whole else points.tolist()


def _classes(given: Floats) -> tuple[float, float]:
    """Return the lowest limit and the width of classes with round limits, which give no single answer away."""
    rough = (given.max() - given.min()) / CLASSES
    unit = 10.0 ** np.floor(np.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return float(np.floor(given.min() / step) * step), float(step)
