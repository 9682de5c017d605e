"""The customers of one level: a study cut to a region, plan or brand, so that every number speaks for them alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial

import pandas as pd

from cxresearch.accepted_tables import Tables
from cxresearch.intake.segments import NEARLY, SEGMENTED, with_segments
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import level_key, titled
from cxresearch.study_data import StudyData
from cxresearch.weights.diagnostics import people

Rows = Callable[[], pd.DataFrame]


def selected(study: StudyData, only: Mapping[str, str]) -> StudyData:
    """Return what of a study belongs to some levels.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    only
        A level for each of some segments, or of some columns of the answers that hold words.

    Returns
    -------
    StudyData
        Answers, invitations and contacts of the level at their moment; customers of the level, and what lies in other
        tables of these customers, or of these answers. A table whose rows do not tell to which level they belong (costs
        of the whole company, benchmarks, customers where the level changes with time) is left out, and a note of
        `.quality` says so. Its periods are those in which the level has answers. Weights are those of the whole study,
        so that an estimate is the same as in the level's row of a table about all.

    Raises
    ------
    StudyError
        If there is no such segment or column, or no answer of the level in the reporting period.

    Examples
    --------
    >>> from cxresearch.study_data import load
    >>> north = selected(load("demo", period="2026Q3"), {"region": "Nordheide"})
    >>> north.responses["region"].unique().tolist(), north.has("revenue"), north.has("costs")
    (['Nordheide'], True, False)
    """
    for name, level in only.items():
        study = _cut(study, name, level)
    definition = study.definition.model_copy(update={"title": titled(study.definition, only)})
    return replace(study, definition=definition, only=dict(only), key=level_key(study.key, only))


def is_of(answers: pd.DataFrame, only: Mapping[str, str]) -> pd.Series:
    """Return whether each answer is of all of some levels.

    Parameters
    ----------
    answers
        One row an answer, with the columns that are named.
    only
        Levels by column.
    """
    found = pd.Series(True, answers.index)
    for name, level in only.items():
        found &= answers[name].eq(level).fillna(False).astype(bool)
    return found


def smallest_base(answers: pd.DataFrame) -> int:
    """Return the fewest people in any survey and period in which there are answers; 0 where there are none.

    Parameters
    ----------
    answers
        One row an answer, with `survey` and `period`, and `account_id` or `customer_id` where there are any.
    """
    return min((people(part) for _, part in answers.groupby(["survey", "period"])), default=0)


def _cut(study: StudyData, name: str, level: str) -> StudyData:
    """Return what of a study belongs to one level."""
    _check(study, name)
    chosen = is_of(study.responses, {name: level})
    kept = study.responses[chosen].reset_index(drop=True)
    found = [period for period in study.periods if kept["period"].eq(period).any()]
    if study.period not in found:
        raise StudyError(_no_answers(study, name, level))
    reads = {**_reads(study, name, level, kept), "responses": kept.copy}
    weighting = study.weighting
    if weighting is not None:
        weighting = replace(weighting, weights=weighting.weights[chosen].reset_index(drop=True))
    return replace(
        study,
        periods=found,
        compare_to=study.compare_to if study.compare_to in found else None,
        quality=study.quality.noting(partial(_noted, study, name, set(reads), int((~chosen).sum()))),
        tables=Tables(reads),
        weighting=weighting,
    )


def _check(study: StudyData, name: str) -> None:
    """Refuse a column that the answers do not have, or that holds no words."""
    responses = study.responses
    known = [*study.definition.segments, *(one for one in ("touchpoint", "mode", "team") if one in responses)]
    if name not in responses:
        raise StudyError(f"only: the answers have no segment or column {name!r}; {nearest(name, known)}.")
    if not pd.api.types.is_string_dtype(responses[name]):
        raise StudyError(f"only: {name!r} holds no words; make a segment of it in the study file, with `bands:`.")


def _reads(study: StudyData, name: str, level: str, kept: pd.DataFrame) -> dict[str, Rows]:
    """Return how to read each table that can be cut, but the answers."""
    reads: dict[str, Rows] = {}
    customers = _customers(study, name, level)
    for table in study.tables:
        columns, rows = study.definition.tables[table].columns, partial(study.table, table)
        own = name in rows() if table in SEGMENTED else name in columns and name not in study.definition.segments
        if table == "customers" and customers is not None:
            reads[table] = customers.copy
        elif own:
            reads[table] = partial(_where, rows, name, [level])
        elif "response_id" in columns and "response_id" in kept:
            reads[table] = partial(_where, rows, "response_id", kept["response_id"])
        elif "customer_id" in columns and customers is not None:
            reads[table] = partial(_where, rows, "customer_id", customers["customer_id"])
    return reads


def _customers(study: StudyData, name: str, level: str) -> pd.DataFrame | None:
    """Return the customers of a level; None where they have none, or one that changes with time."""
    rule = study.definition.segments.get(name)
    if rule is None or not study.has("customers") or rule.source not in study.customers:
        return None
    customers = study.customers
    if rule.bands and pd.api.types.is_datetime64_any_dtype(customers[rule.source]):
        return None
    definition = study.definition.model_copy(update={"segments": {name: rule}})
    known, _ = with_segments(customers, "invitations", None, definition)
    return customers[known[name].eq(level).fillna(False).astype(bool)].reset_index(drop=True)


def _where(rows: Rows, column: str, values: Sequence[str] | pd.Series) -> pd.DataFrame:
    """Return the rows with one of some values in a column."""
    frame = rows()
    return frame[frame[column].isin(values)].reset_index(drop=True)


def _noted(study: StudyData, name: str, tables: set[str], others: int, notes: pd.DataFrame) -> pd.DataFrame:
    """Return the notes on a study's tables with those that tell what was left out."""
    found = [("responses", f"of other levels of {name}, or of none: left out here", others)]
    lacking = [table for table in study.tables if table not in tables]
    found += [(table, f"left out here: its rows do not tell their {name}", 0) for table in lacking]
    told = pd.DataFrame(found, columns=["table", "note", "rows"]).assign(file="", column=name, kind="flag")
    return pd.concat([notes, told.reindex(columns=notes.columns).astype(notes.dtypes)], ignore_index=True)


def _no_answers(study: StudyData, name: str, level: str) -> str:
    """Return why there is nothing to look at. Levels are cells: none is told but one that was nearly spelt."""
    known = sorted(study.answers(period=study.period)[name].dropna().unique())
    close = get_close_matches(level, known, n=1, cutoff=NEARLY)
    advice = f"the nearest known one is {close[0]!r}" if close else f"none of the {len(known)} levels is near it"
    return f"only: no answer of {study.period} is of {name} {level!r}; {advice}."
