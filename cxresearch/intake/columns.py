"""From the columns of an export to those of the study file: found by name, parsed by kind."""

import re
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from cxresearch.intake import parse
from cxresearch.intake.cells import clean
from cxresearch.intake.notes import Note
from cxresearch.intake.source import Source
from cxresearch.schema import Column, Study, Table, column_type
from cxresearch.strict_yaml import StudyError, nearest

# Without these in a file, its rows can be told neither apart nor in time.
NEEDED = ("response_id", "responded_at", "customer_id", "month", "revenue")


@dataclass(frozen=True)
class Tidy:
    """One file's columns after parsing: values, the rules that cells broke by column, and what was found."""

    frame: pd.DataFrame
    rules: dict[str, pd.Series]
    notes: list[Note]


def matched(source: Source, name: str, table: Table) -> tuple[Source, list[Note]]:
    """Return a file under the study file's column names, where its own differ only in case, blanks or marks.

    Raises
    ------
    StudyError
        If two columns of the file fit one name, or one that its rows cannot do without is not there.
    """
    wanted = list(dict.fromkeys(_wanted(table)))
    given = [str(column) for column in source.frame.columns]
    renamed: dict[str, str] = {}
    for target in (target for target in wanted if target not in given):
        alike = [column for column in given if column not in wanted and _plain(column) == _plain(target)]
        if len(alike) > 1:
            raise StudyError(
                f"{source.file}: the columns {alike[0]!r} and {alike[1]!r} may both be {target!r}; "
                f"write one of them in tables.{name} as it stands in the file."
            )
        renamed |= {column: target for column in alike}
    _refuse_missing_here(source, name, table, {*given, *renamed.values()})
    here = replace(
        source,
        frame=source.frame.rename(columns=renamed),
        labels={renamed.get(column, column): labels for column, labels in source.labels.items()},
        missing={renamed.get(column, column): values for column, values in source.missing.items()},
    )
    absent = [target for target in wanted if target not in here.frame]
    notes = [Note("column matched in another spelling", 0, "normalised", target) for target in renamed.values()]
    return here, notes + [
        Note("column is not in this file: missing there", len(here.frame), "flag", target) for target in absent
    ]


def refuse_absent(table: Table, name: str, sources: list[Source]) -> None:
    """Raise if a declared column is in none of the files; where no name fits, the first row may be no header."""
    known = sorted({str(column) for source in sources for column in source.frame.columns})
    present = {_plain(column) for column in known}
    cells = {cell: target for target, column in table.columns.items() for cell in column.sources}
    if not any(_plain(cell) in present for cell in cells):
        raise StudyError(
            f"{sources[0].file}: none of the columns of tables.{name} is there; see that its first row holds the names."
        )
    for cell, target in cells.items():
        if _plain(cell) not in present:
            where = sources[0].file if len(sources) == 1 else f"none of {len(sources)} files"
            has = "has no" if len(sources) == 1 else "has a"
            raise StudyError(f"tables.{name}.columns.{target}: {where} {has} column {cell!r}; {nearest(cell, known)}.")


def parsed(source: Source, name: str, study: Study) -> Tidy:
    """Return a file's declared columns, parsed; those that it does not have are missing."""
    table, raw = study.tables[name], source.frame
    values: dict[str, pd.Series] = {}
    rules: dict[str, pd.Series] = {}
    notes: list[Note] = []
    for target, column in table.columns.items():
        for part, cell in _parts(target, column):
            found = _column(target, column, study, table, source, cell)
            values[part], rules[part] = found.values, found.rules
            notes += [note._replace(column=part) for note in found.notes]
    return Tidy(pd.DataFrame(values, index=raw.index), rules, notes)


def export_column(raw: pd.DataFrame, column: str, what: str) -> pd.Series:
    """Return a column of the export that a setting names.

    Raises
    ------
    StudyError
        If it is not there.
    """
    if column not in raw:
        raise StudyError(f"{what}: the export has no column {column!r}; {nearest(column, [str(c) for c in raw])}.")
    return raw[column]


def _wanted(table: Table) -> list[str]:
    """Return the columns of the export that a table of the study file names."""
    declared = [cell for column in table.columns.values() for cell in column.sources]
    survey = [] if isinstance(table.survey, str) else [table.survey.source]
    design = [getattr(table.design, part) for part in ("weight", "strata", "cluster", "fpc")]
    return declared + survey + [column for column in design if column and column not in table.columns]


def _refuse_missing_here(source: Source, name: str, table: Table, here: set[str]) -> None:
    """Raise if this file lacks a column that its rows cannot do without."""
    needed = {
        f"tables.{name}.columns.{target}": cell
        for target in NEEDED
        if target in table.columns and not (name == "responses" and target == "customer_id")
        for cell in table.columns[target].sources
    }
    if not isinstance(table.survey, str):
        needed[f"tables.{name}.survey"] = table.survey.source
    for place, cell in needed.items():
        if cell not in here:
            raise StudyError(
                f"{place}: {source.file} has no column {cell!r}; {nearest(cell, [str(c) for c in source.frame])}."
            )


def _plain(name: str) -> str:
    """Return a column name without case and with one `_` for blanks and marks, so that Q1_1 stays other than Q11."""
    return re.sub(r"[\W_]+", "_", clean(name)).strip("_").casefold()


def _parts(target: str, column: Column) -> list[tuple[str, str]]:
    """Return (name after intake, name in the export) of each column that one entry of the study file makes."""
    if target == "drivers":
        return list(zip(column.names or column.sources, column.sources, strict=True))
    if column_type(target, column) == "text":
        return [("has_comment" if target == "verbatim" else f"has_{target}", column.sources[0])]
    return [(target, column.sources[0])]


def _column(target: str, column: Column, study: Study, table: Table, source: Source, cell: str) -> parse.Parsed:
    """Return one parsed column; all missing where this file does not have it."""
    index = source.frame.index
    cells = source.frame[cell] if cell in source.frame else pd.Series([""] * len(index), index=index, dtype="str")
    if cell in source.missing:
        cells = cells.where(~cells.isin(source.missing[cell]))
    labels: dict[Any, str] = source.labels.get(cell, {})
    kind = column_type(target, column)
    if kind == "date":
        return parse.parse_date(cells, column, study.zone, target)
    if kind == "score":
        return parse.parse_score(cells, column, table.scale_of(target) or (0, 0), labels)
    if kind in ("category", "flag"):
        return (parse.parse_category if kind == "category" else parse.parse_flag)(cells, column, labels)
    plain = {"id": parse.parse_id, "number": parse.parse_number, "text": parse.parse_text}
    return plain[kind](cells, column)
