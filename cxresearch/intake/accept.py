"""Accept the rows of a table that can be used, set the others aside with the rule that each broke, and count both."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.intake import parse
from cxresearch.intake.filter import passes
from cxresearch.intake.read import Source, read
from cxresearch.schema import COLUMN_TYPES, Column, Study, Table
from cxresearch.strict_yaml import StudyError, nearest

# More bad cells than this in one column mean that the column is not what the study file says.
MOST_BAD = 0.20
NO_ANSWER_WORDS = r"(?i).*(?:preview|test|spam).*"
NO_ANSWER_CODES = r"[1289]|12|17|40|48"  # Qualtrics' numbers for previews, tests, spam and possible spam
NO_ANSWER = "preview, test or spam"
FILTERED = "left out by the study's filter"
COPY = "a copy of another row"
UNIQUE = {"responses": ["response_id"], "customers": ["customer_id"], "revenue": ["customer_id", "month"]}
REQUIRED = {"responses": [], "customers": ["customer_id"], "revenue": ["customer_id", "month", "revenue"]}
QUARANTINE = ["table", "file", "row", "column", "rule", "moment", "survey"]
NOTES = ["table", "file", "column", "note", "rows"]
COUNTS = ["table", "file", "rows_in", "accepted", "quarantined"]


@dataclass(frozen=True)
class Accepted:
    """A table after intake.

    Attributes
    ----------
    frame
        Accepted rows with the columns of the study file.
    counts
        One row a file: `table`, `file`, `rows_in`, `accepted`, `quarantined`.
    quarantine
        One row a row set aside: `table`, `file`, `row`, `column`, `rule`; never what stood in it.
    notes
        What was found or mended: `table`, `file`, `column`, `note`, `rows`.
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame


def accept(study: Study, name: str, files: list[Path]) -> Accepted:
    """Return the accepted rows of one table.

    Parameters
    ----------
    study
        The study file.
    name
        The table's name in it.
    files
        Its files; the same columns are looked for in each.

    Raises
    ------
    StudyError
        If a file cannot be read, a declared column is in no file, or over 20 % of a column's cells are unusable.
    """
    table = study.tables[name]
    sources = [read(file, delimiter=table.delimiter, encoding=table.encoding, sheet=table.sheet) for file in files]
    parts = [_accept_file(study, name, source) for source in sources]
    _refuse_absent(table, name, sources)
    frame = pd.concat([part.frame for part in parts])
    quarantine = pd.concat([part.quarantine for part in parts], ignore_index=True)
    notes = pd.concat([part.notes for part in parts], ignore_index=True)
    frame, double = _single(frame, name)
    quarantine = pd.concat([quarantine, double], ignore_index=True)
    counts = _counts(name, sources, quarantine)
    _refuse_too_many(name, quarantine, int(counts["rows_in"].sum()))
    return Accepted(frame.drop(columns=["_file", "_row"]).reset_index(drop=True), counts, quarantine, notes)


def _accept_file(study: Study, name: str, source: Source) -> Accepted:
    """Return one file's accepted rows; row and file stay with them until doubles have been looked for."""
    table = study.tables[name]
    raw, notes = _matched_names(source, table)
    columns: dict[str, pd.Series] = {}
    rules: dict[str, pd.Series] = {}
    for target, column in table.columns.items():
        for part, cell in _parts(target, column):
            parsed = _column(study, name, target, column, raw, cell, source)
            columns[part], rules[part] = parsed.values, parsed.rules
            notes += _cell_notes(part, parsed)
    frame = pd.DataFrame(columns, index=raw.index)
    frame, rules, more = _with_scale_changes(frame, rules, raw, table, study)
    notes += more
    if name == "responses" or not isinstance(table.survey, str):
        if "status" in frame:
            rules["status"] = _rule_where(_no_answer(frame["status"], source), NO_ANSWER)
        frame, rules = _with_survey_and_design(frame, rules, raw, table)
        frame = _with_sets(frame, raw, table)
    if table.filter:
        rules["filter"] = _rule_where(~passes(_both(raw, frame), table.filter), FILTERED)
    bad = _first_rules(rules, raw.index)
    bad = bad.assign(**_moment_and_survey(frame.loc[bad.index]))
    frame = frame.assign(_file=source.file, _row=raw.index)[~raw.index.isin(bad.index)]
    rejected = pd.DataFrame({"row": source.rejected.keys(), "column": "", "rule": source.rejected.values()})
    quarantine = pd.concat([rejected, bad.rename_axis("row").reset_index()], ignore_index=True)
    quarantine = quarantine.assign(table=name, file=source.file).reindex(columns=QUARANTINE)
    told = pd.DataFrame([("", note, rows) for note, rows in source.notes] + notes, columns=["column", "note", "rows"])
    return Accepted(frame, pd.DataFrame(), quarantine, told.assign(table=name, file=source.file).reindex(columns=NOTES))


def _matched_names(source: Source, table: Table) -> tuple[pd.DataFrame, list[tuple[str, str, int]]]:
    """Return the file's cells under the study file's column names, where they differ only in case, blanks or marks."""
    wanted = [name for column in table.columns.values() for name in column.sources]
    plain = {_plain(str(name)): str(name) for name in source.frame.columns}
    renamed = {plain[_plain(name)]: name for name in wanted if name not in source.frame and _plain(name) in plain}
    notes = [(new, "column matched in another spelling", 0) for new in renamed.values()]
    return source.frame.rename(columns=renamed), notes


def _plain(name: str) -> str:
    """Return a column name without case, blanks and marks."""
    return re.sub(r"[\W_]+", "", name).casefold()


def _parts(target: str, column: Column) -> list[tuple[str, str]]:
    """Return (name after intake, name in the export) of each column that one entry of the study file makes."""
    if target == "drivers":
        return list(zip(column.names or column.sources, column.sources, strict=True))
    if column_type(target, column) == "text":
        return [("has_comment" if target == "verbatim" else f"has_{target}", column.sources[0])]
    return [(target, column.sources[0])]


def column_type(target: str, column: Column) -> str:
    """Return what a column holds: as declared, else by its name, else by its scale, else a category."""
    by_name = COLUMN_TYPES.get(target) or ("id" if target.endswith("_id") else None)
    return column.type or by_name or ("score" if column.scale else "date" if column.format else "category")


def _column(
    study: Study, name: str, target: str, column: Column, raw: pd.DataFrame, cell: str, source: Source
) -> parse.Parsed:
    """Return one parsed column; all missing where this file does not have it."""
    kind = column_type(target, column)
    if cell not in raw:
        empty = pd.Series([""] * len(raw), index=raw.index, dtype="str")
        return _column_of(study, name, target, kind, column, empty, {})
    cells = raw[cell]
    if cell in source.missing:
        cells = cells.where(~cells.isin(source.missing[cell]))
    return _column_of(study, name, target, kind, column, cells, source.labels.get(cell, {}))


def _column_of(
    study: Study, name: str, target: str, kind: str, column: Column, cells: pd.Series, labels: dict[Any, str]
) -> parse.Parsed:
    """Return cells parsed as their kind."""
    if kind == "score":
        scale = study.tables[name].scale_of(target)
        if scale is None:
            raise StudyError(f"tables.{name}.columns.{target}: a score needs `scale: [low, high]`.")
        return parse.parse_score(cells, column, scale)
    if kind == "date":
        return parse.parse_date(cells, column, study.zone, target)
    if kind == "category":
        return parse.parse_category(cells, column, labels)
    plain = {"id": parse.parse_id, "number": parse.parse_number, "flag": parse.parse_flag, "text": parse.parse_text}
    return plain[kind](cells, column)


def _cell_notes(part: str, parsed: parse.Parsed) -> list[tuple[str, str, int]]:
    """Return what was found in a column's cells."""
    found = [("declared codes for no answer", parsed.declared), ("labels cut from scores", parsed.labelled)]
    return [(part, note, rows) for note, rows in found if rows]


def _with_scale_changes(
    frame: pd.DataFrame, rules: dict[str, pd.Series], raw: pd.DataFrame, table: Table, study: Study
) -> tuple[pd.DataFrame, dict[str, pd.Series], list[tuple[str, str, int]]]:
    """Return the frame without answers given on another scale: they are checked against it, counted and not used."""
    notes: list[tuple[str, str, int]] = []
    for target, changes in table.scale_changes.items():
        if "responded_at" not in frame:
            raise StudyError("scale_changes needs a `responded_at:` column to tell when the scale was another.")
        column = table.columns[target]
        for change in changes:
            day = frame["responded_at"].dt.date
            then = day.le(change.until) & (day.ge(change.since) if change.since else True)
            old = parse.parse_score(raw.loc[then, column.sources[0]], column, change.scale)
            rules[target] = rules[target].mask(then, old.rules)
            frame = frame.assign(**{target: frame[target].mask(then)})
            if then.any():
                notes.append((target, _other_scale(change.scale), int(old.values.notna().sum())))
    return frame, rules, notes


def _other_scale(scale: tuple[float, float]) -> str:
    """Return the note for answers on another scale."""
    return f"asked on another scale, {scale[0]:g}–{scale[1]:g}: kept, not used for this metric"


def _with_survey_and_design(
    frame: pd.DataFrame, rules: dict[str, pd.Series], raw: pd.DataFrame, table: Table
) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Return the frame with `survey` and the columns of the sampling design."""
    if isinstance(table.survey, str):
        frame = frame.assign(survey=table.survey)
    else:
        codes: dict[str, list[str | int | float]] = {kind: list(values) for kind, values in table.survey.codes.items()}
        survey = parse.parse_category(_raw(raw, table.survey.source, "survey"), Column(source="", codes=codes))
        frame = frame.assign(survey=survey.values)
        rules["survey"] = survey.rules.mask(survey.values.isna() & survey.rules.eq(""), "no survey type")
    for part in ("weight", "strata", "cluster", "fpc"):
        declared = getattr(table.design, part)
        if declared is None:
            continue
        cells = frame[declared] if declared in frame else _raw(raw, declared, f"design.{part}")
        number = part in ("weight", "fpc")
        parsed = (parse.parse_number if number else parse.parse_id)(cells, Column(source=declared))
        frame = frame.assign(**{part: parsed.values})
        wrong = parsed.values.isna() | (parsed.values <= 0) if number else parsed.values.isna()
        rules[part] = parsed.rules.mask(wrong & parsed.rules.eq(""), f"no positive {part}" if number else f"no {part}")
    return frame, rules


def _with_sets(frame: pd.DataFrame, raw: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the frame with a 0/1 column for each choice of each multi-select set, named `set: column`."""
    sets = {}
    for name, patterns in table.sets.items():
        members = [str(column) for column in raw if any(fnmatchcase(str(column), pattern) for pattern in patterns)]
        if not members:
            raise StudyError(
                f"sets.{name}: no column matches {patterns}; {nearest(patterns[0], [str(c) for c in raw])}."
            )
        for member in members:
            cells = raw[member].astype("str").str.strip()
            sets[f"{name}: {member}"] = (~cells.isin(["", "0", "0.0", "nan", "No"])).astype("float64")
    return frame.assign(**sets)


def _raw(raw: pd.DataFrame, column: str, what: str) -> pd.Series:
    """Return a column of the export that a setting names."""
    if column not in raw:
        raise StudyError(f"{what}: the export has no column {column!r}; {nearest(column, [str(c) for c in raw])}.")
    return raw[column]


def _both(raw: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns as read, and those after intake under names that the export does not use."""
    return pd.concat([raw, frame[[name for name in frame if name not in raw]]], axis=1)


def _moment_and_survey(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return when rows were answered and in which survey, so that those set aside can be counted by period."""
    moment = frame["responded_at"] if "responded_at" in frame else pd.Series(pd.NaT, frame.index)
    survey = frame["survey"] if "survey" in frame else pd.Series(pd.NA, frame.index)
    return {"moment": moment.astype("datetime64[us]"), "survey": survey.astype("str")}


def _no_answer(status: pd.Series, source: Source) -> pd.Series:
    """Return which rows nobody answered in earnest: previews, tests and spam."""
    pattern = f"{NO_ANSWER_WORDS}|{NO_ANSWER_CODES}" if source.wordings else NO_ANSWER_WORDS
    return status.str.fullmatch(pattern).fillna(False).astype(bool)


def _rule_where(bad: pd.Series, rule: str) -> pd.Series:
    """Return the rule where it is broken, "" elsewhere."""
    return pd.Series(np.where(bad, rule, ""), bad.index, dtype="str")


def _first_rules(rules: dict[str, pd.Series], index: pd.Index) -> pd.DataFrame:
    """Return `column` and `rule` for each row that breaks one; of several the first counts."""
    column, rule = pd.Series("", index, dtype="str"), pd.Series("", index, dtype="str")
    for name, broken in rules.items():
        new = broken.ne("") & rule.eq("")
        column, rule = column.mask(new, name), rule.mask(new, broken)
    return pd.DataFrame({"column": column, "rule": rule})[rule.ne("")]


def _single(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frame with one row a key: copies are set aside, and all rows of a key whose rows differ."""
    keys = [key for key in UNIQUE.get(name, []) if key in frame]
    rules = pd.Series("", pd.RangeIndex(len(frame)), dtype="str")
    frame = frame.set_axis(rules.index)
    for key in (key for key in {*keys, *REQUIRED.get(name, [])} if key in frame):
        rules = rules.mask(frame[key].isna(), f"no {key}")
    if keys and len(keys) == len(UNIQUE[name]):
        content = frame.drop(columns=["_file", "_row"])
        copies = content.duplicated() & rules.eq("")
        rules = rules.mask(copies, COPY)
        rest = frame[rules.eq("")]
        rules = rules.mask(rest.duplicated(keys, keep=False).reindex(frame.index, fill_value=False), "conflicting rows")
    bad = frame[rules.ne("")]
    aside = bad.rename(columns={"_file": "file", "_row": "row"})[["file", "row"]].assign(
        table=name, column=keys[0] if keys else "", rule=rules[rules.ne("")], **_moment_and_survey(bad)
    )
    return frame[rules.eq("")], aside.reindex(columns=QUARANTINE)


def _counts(name: str, sources: list[Source], quarantine: pd.DataFrame) -> pd.DataFrame:
    """Return rows in, accepted and quarantined of each file."""
    aside = quarantine.groupby("file").size()
    rows = [(name, one.file, len(one.frame) + len(one.rejected), int(aside.get(one.file, 0))) for one in sources]
    return pd.DataFrame([(n, f, rows_in, rows_in - out, out) for n, f, rows_in, out in rows], columns=COUNTS)


def _refuse_absent(table: Table, name: str, sources: list[Source]) -> None:
    """Raise if a declared column is in none of the files."""
    present = {_plain(str(column)) for source in sources for column in source.frame.columns}
    known = sorted({str(column) for source in sources for column in source.frame.columns})
    for target, column in table.columns.items():
        for cell in column.sources:
            if _plain(cell) not in present:
                raise StudyError(
                    f"tables.{name}.columns.{target}: the export has no column {cell!r}; {nearest(cell, known)}."
                )


def _refuse_too_many(name: str, quarantine: pd.DataFrame, rows_in: int) -> None:
    """Raise if one column is unusable in over 20 % of the rows."""
    chosen = quarantine["rule"].isin([FILTERED, NO_ANSWER, COPY])
    for (column, rule), rows in quarantine[~chosen].groupby(["column", "rule"]).size().items():
        if rows > MOST_BAD * rows_in:
            what = f"tables.{name}.columns.{column}" if column else f"tables.{name}"
            raise StudyError(
                f"{what}: {rows} of {rows_in} rows are unusable ({rule}); correct the study file or the export."
            )
