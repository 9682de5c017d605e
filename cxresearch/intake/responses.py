"""What answers have beside their declared columns: a survey, a design, other scales, a status."""

import re
from dataclasses import replace
from typing import Literal

import pandas as pd

from cxresearch.intake.cells import code_text
from cxresearch.intake.columns import Tidy, export_column
from cxresearch.intake.ids import parse_id
from cxresearch.intake.levels import parse_category
from cxresearch.intake.notes import Note
from cxresearch.intake.numbers import parse_number
from cxresearch.intake.parse import Parsed, is_text
from cxresearch.intake.scores import parse_score
from cxresearch.intake.source import Source
from cxresearch.schema import Column, Table

NO_ANSWER_WORDS = re.compile(r"(?<![a-z])(?:preview|test|spam)(?![a-z])", re.IGNORECASE)
# Qualtrics' numbers for previews, tests, spam and possible spam.
NO_ANSWER_CODES = frozenset({"1", "2", "8", "9", "12", "17", "40", "48"})
QUALTRICS, QUALTRICS_STATUS = "Qualtrics", "Status"


def no_answer(source: Source, tidy: Tidy) -> pd.Series:
    """Return which rows nobody answered in earnest: previews, tests and spam.

    A Qualtrics export tells them in its own `Status`, whether the study file names that column or not.
    """
    if "status" in tidy.frame:
        status = tidy.frame["status"]
    elif source.platform == QUALTRICS and QUALTRICS_STATUS in source.frame:
        status = source.frame[QUALTRICS_STATUS]
    else:
        return pd.Series(False, source.frame.index)

    def stands_for_none(text: str) -> bool:
        return bool(NO_ANSWER_WORDS.search(text)) or (
            source.platform == QUALTRICS and code_text(text) in NO_ANSWER_CODES
        )

    return status.isin([text for text in status.dropna().unique() if stands_for_none(text)])


def with_scale_changes(tidy: Tidy, source: Source, table: Table) -> Tidy:
    """Return the columns without answers given on another scale: they are checked against it, counted and not used."""
    frame, rules, notes = tidy.frame, dict(tidy.rules), list(tidy.notes)
    for target, changes in table.scale_changes.items():
        cell = table.columns[target].sources[0]
        if cell not in source.frame:
            continue
        for change in changes:
            day = frame["responded_at"].dt.date
            then = day.le(change.until) & (day.ge(change.since) if change.since else True)
            old = parse_score(source.frame.loc[then, cell], table.columns[target], change.scale)
            kept = rules[target]
            rules[target] = pd.concat([kept[~kept.index.isin(then.index[then])], old.rules])
            frame = frame.assign(**{target: frame[target].mask(then)})
            if then.any():
                scale = f"{change.scale[0]:g}–{change.scale[1]:g}"
                note = f"asked on another scale, {scale}: kept, not used for this metric"
                notes.append(Note(note, int(old.values.notna().sum()), "flag", target))
    return replace(tidy, frame=frame, rules=rules, notes=notes)


def with_survey(tidy: Tidy, raw: pd.DataFrame, table: Table) -> Tidy:
    """Return the columns with `survey`; a row whose code is not declared breaks a rule."""
    if isinstance(table.survey, str):
        return replace(tidy, frame=tidy.frame.assign(survey=table.survey))
    codes: dict[str, list[str | int | float]] = {kind: list(values) for kind, values in table.survey.codes.items()}
    survey = parse_category(export_column(raw, table.survey.source, "survey"), Column(source="", codes=codes))
    rules = _without(survey, survey.values.isna(), "no survey type")
    return replace(tidy, frame=tidy.frame.assign(survey=survey.values), rules={**tidy.rules, "survey": rules})


def with_design(tidy: Tidy, raw: pd.DataFrame, table: Table) -> Tidy:
    """Return the columns with those of the sampling design; rows without them cannot be weighted."""
    frame, rules = tidy.frame, dict(tidy.rules)
    for part in ("weight", "strata", "cluster", "fpc"):
        declared = getattr(table.design, part)
        if declared is None:
            continue
        cells = frame[declared] if declared in frame else export_column(raw, declared, f"design.{part}")
        number = part in ("weight", "fpc")
        column = Column(source=declared, decimal=_weights_mark(cells))
        found = (parse_number if number else parse_id)(cells, column)
        wrong = found.values.isna() | (found.values <= 0) if number else found.values.isna()
        frame = frame.assign(**{part: found.values})
        rules[part] = _without(found, wrong, f"no positive {part}" if number else f"no {part}")
    return replace(tidy, frame=frame, rules=rules)


def _without(parsed: Parsed, missing: pd.Series, rule: str) -> pd.Series:
    """Return the rules of a column in which nothing may be missing."""
    blank = missing.index[missing.to_numpy(bool)].difference(parsed.rules.index, sort=False)
    return pd.concat([parsed.rules, pd.Series(rule, blank, dtype="str")])


def _weights_mark(cells: pd.Series) -> Literal[".", ","]:
    """Return the decimal mark of weights: they bear no thousands marks, so a comma can be nothing else."""
    return "," if is_text(cells) and cells.str.contains(",", regex=False).any() else "."
