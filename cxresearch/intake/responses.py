"""What answers have beside their declared columns: a survey, a design, sets, other scales, a status."""

import re
from fnmatch import fnmatchcase

import pandas as pd

from cxresearch.intake import parse
from cxresearch.intake.cells import cell_text, code_text
from cxresearch.intake.columns import Tidy, export_column
from cxresearch.intake.notes import Note
from cxresearch.intake.source import Source
from cxresearch.schema import Column, Table
from cxresearch.strict_yaml import StudyError, nearest

NO_ANSWER_WORDS = re.compile(r"(?<![a-z])(?:preview|test|spam)(?![a-z])", re.IGNORECASE)
# Qualtrics' numbers for previews, tests, spam and possible spam.
NO_ANSWER_CODES = frozenset({"1", "2", "8", "9", "12", "17", "40", "48"})
QUALTRICS, QUALTRICS_STATUS = "Qualtrics", "Status"
NOT_CHOSEN = parse.NO | {"not selected", "unchecked", "not chosen"}


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
            old = parse.parse_score(source.frame.loc[then, cell], table.columns[target], change.scale)
            rules[target] = rules[target].mask(then, old.rules)
            frame = frame.assign(**{target: frame[target].mask(then)})
            if then.any():
                scale = f"{change.scale[0]:g}–{change.scale[1]:g}"
                note = f"asked on another scale, {scale}: kept, not used for this metric"
                notes.append(Note(note, int(old.values.notna().sum()), "flag", target))
    return Tidy(frame, rules, notes)


def with_survey(tidy: Tidy, raw: pd.DataFrame, table: Table) -> Tidy:
    """Return the columns with `survey`; a row whose code is not declared breaks a rule."""
    if isinstance(table.survey, str):
        return Tidy(tidy.frame.assign(survey=table.survey), tidy.rules, tidy.notes)
    codes: dict[str, list[str | int | float]] = {kind: list(values) for kind, values in table.survey.codes.items()}
    survey = parse.parse_category(export_column(raw, table.survey.source, "survey"), Column(source="", codes=codes))
    rule = survey.rules.mask(survey.values.isna() & survey.rules.eq(""), "no survey type")
    return Tidy(tidy.frame.assign(survey=survey.values), {**tidy.rules, "survey": rule}, tidy.notes)


def with_design(tidy: Tidy, raw: pd.DataFrame, table: Table) -> Tidy:
    """Return the columns with those of the sampling design; rows without them cannot be weighted."""
    frame, rules = tidy.frame, dict(tidy.rules)
    for part in ("weight", "strata", "cluster", "fpc"):
        declared = getattr(table.design, part)
        if declared is None:
            continue
        cells = frame[declared] if declared in frame else export_column(raw, declared, f"design.{part}")
        number = part in ("weight", "fpc")
        column = Column(source=declared, decimal=".")
        found = (parse.parse_number if number else parse.parse_id)(cells, column)
        wrong = found.values.isna() | (found.values <= 0) if number else found.values.isna()
        frame = frame.assign(**{part: found.values})
        rules[part] = found.rules.mask(wrong & found.rules.eq(""), f"no positive {part}" if number else f"no {part}")
    return Tidy(frame, rules, tidy.notes)


def with_sets(tidy: Tidy, raw: pd.DataFrame, table: Table) -> Tidy:
    """Return the columns with a 0/1 for each choice of each multi-select set, named `set: column`.

    Where every choice of a set is blank, the person was not asked or chose none: missing, not 0.
    """
    chosen: dict[str, pd.Series] = {}
    for name, patterns in table.sets.items():
        members = [str(column) for column in raw if any(fnmatchcase(str(column), pattern) for pattern in patterns)]
        if not members:
            raise StudyError(
                f"sets.{name}: no column matches {patterns}; {nearest(patterns[0], [str(c) for c in raw])}."
            )
        cells = {member: raw[member].map(cell_text, na_action="ignore").astype("str").str.strip() for member in members}
        given = pd.DataFrame({member: texts.notna() & texts.ne("") for member, texts in cells.items()})
        asked = given.any(axis=1)
        for member, texts in cells.items():
            yes = given[member] & ~texts.map(code_text, na_action="ignore").str.lower().isin(NOT_CHOSEN)
            chosen[f"{name}: {member}"] = yes.astype("float64").where(asked)
    return Tidy(tidy.frame.assign(**chosen), tidy.rules, tidy.notes)
