"""What initiatives did: the levels they touched beside the others, before and after the start."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.closed_loop import told
from cxresearch.closed_loop.register import named, register, split
from cxresearch.metrics.answers import read_answers
from cxresearch.metrics.measures import Measure
from cxresearch.metrics.sources import CONTACTS, breaks, columns_of, measure_of, rows_of, surveys_of
from cxresearch.schema.initiatives import Initiative
from cxresearch.stats.groups import Sample
from cxresearch.stats.level_series import LevelSeries, level_series
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Evidence", "initiative", "initiatives"]

# Levels with a smaller base in any period serve for no comparison.
FEWEST = 10


@dataclass(frozen=True)
class Evidence:
    """What the data say of initiatives; every frame begins with `initiative`, its title.

    Attributes
    ----------
    effect
        One row an initiative, by difference-in-differences: `initiative`, `level` (touched), `against`, `metric`,
        `owner`; `n`, `n_customers` (of the touched), `n_against`, `n_customers_against`, `value`, `value_against`
        (change of both sides after the start), `estimate` (their difference), `std_error`, `conf_low`, `conf_high`,
        `statistic`, `p_value`, `minimum_detectable`, `p_levels` (rank among all levels, had each been the touched one),
        `verdict` (`rose`, `fell`, `no difference beyond m`, `cannot tell`, `not comparable`, "" where refused),
        `status` (`quasi-experiment`, `association`, `refused`), `reason` (of the last two), `flag` (what to bear in
        mind), `unit`.
    series
        `initiative` (its levels and id, for a figure's panels), `side` (`the others`, or the touched `before` and
        `after the start`), `period`; `n`, `n_customers`, `estimate`, `std_error`, `conf_low`, `conf_high`, `flag`,
        `unit`.
    checks
        `initiative`, `check` (`pre-trend`, `placebo start`, `other levels`); `n`, `n_customers`, `estimate`,
        `std_error`, `conf_low`, `conf_high`, `p_value`, `verdict` (`pass`, `fail`, `cannot tell`), `flag`, `unit`.
    levels
        Each level as if it had been touched, beside the others: `initiative`, `level`, `touched`; then the columns from
        `n` to `flag`, `unit`.
    interrupted
        The touched levels alone, told and not judged: `initiative`, `term` (`step`, `bend` a period, `mean after the
        start`); `n`, `n_customers`, `estimate`, `std_error`, `conf_low`, `conf_high`, `flag`, `unit`.
    """

    effect: pd.DataFrame
    series: pd.DataFrame
    checks: pd.DataFrame
    levels: pd.DataFrame
    interrupted: pd.DataFrame


def initiative(study: "StudyData", name: str, *, conf_level: float = 0.95) -> Evidence:
    """Return what one initiative did.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with `initiatives.yaml` beside its study file.
    name
        Id of the initiative.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Evidence
        With one row an initiative in `effect`.

    Raises
    ------
    StudyError
        If the file or the initiative is wrong, it has not begun within the data, or there is nothing to compare with.

    Notes
    -----
    The touched levels' change, after the start against before, less that of the other levels; periods count alike,
    levels by their answers of all periods, so that another mix of customers changes nothing. Levels that another
    initiative touched, and those with under 10 answers in a period, are left out. The interval holds sampling error,
    linearised over customers, and shocks by which each level moves on its own (`stats.level_series`): with one touched
    level these are known from the other levels only. `p_levels` needs no such model and can be no smaller than one over
    the number of levels. A pre-trend at p < .05, or a placebo start that shows an effect, makes it `not comparable`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> study = cx.load("demo", "2026Q3")
    >>> cx.closed_loop.initiative(study, "bill-redesign").effect["verdict"].item()
    'rose'
    >>> cx.closed_loop.initiative(study, "app-relaunch").effect["verdict"].item()
    'cannot tell'
    """
    return _evidence(study, named(study, name), conf_level)


def initiatives(study: "StudyData", *, conf_level: float = 0.95) -> Evidence:
    """Return what each initiative of a study did; one that cannot be judged has a row that says why.

    Parameters
    ----------
    study, conf_level
        As for `initiative`.

    Returns
    -------
    Evidence
        In the order of the file.

    Raises
    ------
    StudyError
        If the file is missing or wrong.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.closed_loop.initiatives(cx.load("demo", "2026Q3"))
    >>> found.effect["verdict"].tolist()
    ['rose', 'cannot tell', 'rose']
    """
    found = []
    for one in register(study):
        try:
            found.append(_evidence(study, one, conf_level))
        except (StudyError, KeyError, ValueError) as error:
            found.append(_refused(one, str(error.args[0])))
    parts = {part.name: [getattr(one, part.name) for one in found] for part in fields(Evidence)}
    return Evidence(**{name: told.stacked(frames) for name, frames in parts.items()})


def _refused(one: Initiative, why: str) -> Evidence:
    """Return the evidence of an initiative that cannot be judged."""
    empty = pd.DataFrame()
    return Evidence(told.refused(one, why), empty, empty, empty, empty)


def _evidence(study: "StudyData", one: Initiative, conf_level: float) -> Evidence:
    """Return what the data say of an initiative, or refuse."""
    case = _case(study, one)
    effect = told.effect(case, conf_level)
    return Evidence(
        effect,
        told.series(case, conf_level),
        told.checks(case, conf_level),
        told.levels(case, conf_level),
        told.interrupted_rows(case, conf_level),
    )


def _case(study: "StudyData", one: Initiative) -> told.Case:
    """Return an initiative with the means that tell of it."""
    measure = measure_of(study, one.outcome)
    asked = [one.survey] if one.survey else [name for name in surveys_of(study, one.outcome) if name != CONTACTS]
    if not asked or measure.kind == "total":
        raise StudyError(f"initiatives.yaml: {one.id!r} is about {one.outcome!r}, which is no score of an answer.")
    survey = asked[0]
    rows = rows_of(study, survey, "all")
    before, after = split(study, one, rows)
    rows = rows[rows["period"].isin([*before, *after]) & rows[measure.column].notna()].reset_index(drop=True)
    levels, left_out = _levels(study, one, rows, [*before, *after])
    series, persons = _series(study, rows, measure, survey, one, levels, before, after)
    notes = [_left_out(left_out), _broken(study, one, [*before, *after])]
    margin = study.definition.smallest_difference.get(one.outcome)
    return told.Case(one, measure, series, levels, [*before, *after], persons, margin, [note for note in notes if note])


def _levels(
    study: "StudyData", one: Initiative, rows: pd.DataFrame, wanted: list[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Return the levels that are compared, the touched first, and those left out by reason."""
    counts = rows.groupby([one.segment, "period"]).size().unstack(fill_value=0).reindex(columns=wanted, fill_value=0)
    fewest = counts.min(axis=1)
    if (fewest[one.levels] < FEWEST).any():
        raise StudyError(
            f"initiatives.yaml: {one.id!r} touches a level with under {FEWEST} answers in a period: too few to tell."
        )
    begun = [other for other in register(study) if study.bounds is None or pd.Timestamp(other.start) < study.bounds[1]]
    elsewhere = {
        level for other in begun if other.id != one.id and other.segment == one.segment for level in other.levels
    }
    others = [str(level) for level in counts.index if level not in one.levels]
    touched = [level for level in others if level in elsewhere]
    small = [level for level in others if level not in touched and fewest[level] < FEWEST]
    kept = [level for level in others if level not in (*touched, *small)]
    if not kept:
        raise StudyError(
            f"initiatives.yaml: {one.id!r} leaves no other level of {one.segment} to compare with; "
            "without one, nothing tells it apart from what happened to everyone."
        )
    return [*one.levels, *kept], {"another initiative touched": touched, f"under {FEWEST} answers in a period": small}


def _series(
    study: "StudyData",
    rows: pd.DataFrame,
    measure: Measure,
    survey: str,
    one: Initiative,
    levels: list[str],
    before: list[str],
    after: list[str],
) -> tuple[LevelSeries, np.ndarray]:
    """Return the means of levels over periods in the metric's unit, and the distinct customers behind each."""
    answers = read_answers(rows, measure, None, columns_of(study, rows, survey))
    code = (
        rows[one.segment].map({level: place for place, level in enumerate(levels)}).fillna(-1).to_numpy(dtype=np.intp)
    )
    wanted = [*before, *after]
    time = rows["period"].map({name: place for place, name in enumerate(wanted)}).to_numpy(dtype=np.intp)
    touched, since = np.isin(levels, one.levels), np.isin(wanted, after)
    sample = Sample(answers.design(), answers.customer, answers.unit)
    found = level_series(answers.votes * measure.factor, code, time, sample, touched, since)
    unit = np.arange(len(rows)) if answers.unit is None else answers.unit
    persons = pd.DataFrame({"level": code, "time": time, "unit": unit})
    return found, persons[code >= 0].drop_duplicates().to_numpy(dtype=np.intp)


def _left_out(reasons: dict[str, list[str]]) -> str:
    """Return which levels are compared with nothing, and why."""
    return "; ".join(f"left out, {why}: {', '.join(levels)}" for why, levels in reasons.items() if levels)


def _broken(study: "StudyData", one: Initiative, wanted: list[str]) -> str:
    """Return from when on people were asked otherwise."""
    found = [name for name in breaks(study, one.outcome) if name in wanted[1:]]
    return f"asked otherwise from {', '.join(found)} on" if found else ""
