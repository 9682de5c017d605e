"""From the columns of an export to those of the study file: found by name, parsed by kind."""

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pandas as pd

from cxresearch.intake.cells import clean
from cxresearch.intake.dates import parse_date
from cxresearch.intake.filter import named
from cxresearch.intake.ids import parse_id
from cxresearch.intake.levels import parse_category, parse_flag, parse_given, parse_text
from cxresearch.intake.notes import Note
from cxresearch.intake.numbers import parse_number
from cxresearch.intake.parse import Parsed
from cxresearch.intake.scores import not_applicable, parse_score
from cxresearch.intake.source import Source
from cxresearch.schema import Choices, Column, Study, Table, column_type
from cxresearch.strict_yaml import StudyError, nearest

# Without these in a file, its rows can be told neither apart nor in time.
NEEDED = ("response_id", "responded_at", "customer_id", "month", "revenue")
ONE_TO_TEN = (1.0, 10.0)
FROM_ONE = "asked from 1 to 10, not from 0: not to be compared with results on 0–10"
NO_HEADER = "see that its first row holds the names"
# Texts that go on to redaction.
KEPT_TEXTS = ("verbatim", "translation", "name")
DECLARED_MISSING = "values that the file declares missing"


@dataclass(frozen=True)
class Tidy:
    """One file's columns after parsing: values, and by column the rules that cells broke, hints and currencies."""

    frame: pd.DataFrame
    rules: dict[str, pd.Series]
    notes: list[Note]
    hints: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, frozenset[str]] = field(default_factory=dict)


def needed(table: Table, names: list[str]) -> list[str]:
    """Return the columns of a file that a table of the study file needs; all where one is not called as it says.

    Then the others are looked through for another spelling, or for what a message should name.
    """
    single = [declared.source for declared in table.sets.values() if isinstance(declared, Choices)]
    patterns = [one for declared in table.sets.values() if not isinstance(declared, Choices) for one in declared]
    wanted = {*_wanted(table), *single}
    if not wanted <= set(names) or not all(any(fnmatchcase(name, one) for name in names) for one in patterns):
        return names
    wanted |= named(table.filter or "")
    return [name for name in names if name in wanted or any(fnmatchcase(name, one) for one in patterns)]


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
        alike = [column for column in given if column not in wanted and _fits(source, column, target)]
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
    cells = {cell: target for target, column in table.columns.items() for cell in column.cells}
    if not cells:
        raise StudyError(f"tables.{name}: `columns:` names none yet; take the mark `# ?` from those that are right.")
    for source in sources:
        if not any(plain(cell) in _spellings(source) for cell in cells):
            raise StudyError(f"{source.file}: none of the columns of tables.{name} is there; {NO_HEADER}.")
    present = frozenset().union(*map(_spellings, sources))
    for cell, target in cells.items():
        if plain(cell) not in present:
            where = sources[0].file if len(sources) == 1 else f"none of {len(sources)} files"
            has = "has no" if len(sources) == 1 else "has a"
            near = _nearest(cell, table, sources)
            raise StudyError(f"tables.{name}.columns.{target}: {where} {has} column {cell!r}; {near}.")


def _spellings(source: Source) -> frozenset[str]:
    """Return what the columns of a file are called, by their names and by their headings."""
    return frozenset(plain(str(name)) for name in [*source.frame, *source.headings.values()])


def _nearest(cell: str, table: Table, sources: list[Source]) -> str:
    """Return a clause that names the nearest columns.

    Where under half of the declared ones are there, the first row may be an answer, and nothing of it is shown.
    """
    wanted, present = _wanted(table), frozenset().union(*map(_spellings, sources))
    if 2 * sum(plain(one) in present for one in wanted) < len(wanted):
        return NO_HEADER
    return nearest(cell, sorted({str(column) for source in sources for column in (*source.frame, *source.unread)}))


def parsed(source: Source, name: str, study: Study) -> Tidy:
    """Return a file's declared columns, parsed; those that it does not have are missing."""
    table, raw = study.tables[name], source.frame
    found = {
        part: _column((target, part), column, study, table, source, cell)
        for target, column in table.columns.items()
        for part, cell in _parts(target, column)
    }
    notes = [note._replace(column=part) for part, one in found.items() for note in one.notes]
    named = [pair for target, column in table.columns.items() for pair in _parts(target, column)]
    notes += [
        Note(DECLARED_MISSING, rows, "read", part) for part, cell in named if (rows := _missing_rows(source, cell))
    ]
    nps = found.get("nps")
    if nps is not None and table.scale_of("nps") == ONE_TO_TEN:
        notes.append(Note(FROM_ONE, int(nps.values.notna().sum()), "flag", "nps"))
    return Tidy(
        # Columns as they are: laid together by type they would be held twice.
        pd.DataFrame(
            {part: one.values for part, one in found.items()} | _nothing_to_rate(source, table),
            index=raw.index,
            copy=False,
        ),
        {part: one.rules for part, one in found.items()},
        notes,
        {part: one.hint for part, one in found.items() if one.hint},
        {part: one.currencies for part, one in found.items() if one.currencies},
    )


def _nothing_to_rate(source: Source, table: Table) -> dict[str, pd.Series]:
    """Return for each driver which answers say that there was nothing to rate: a code of `missing:`, no blank."""
    column = table.columns.get("drivers")
    if column is None or not column.missing:
        return {}
    nowhere = pd.Series(False, source.frame.index)
    return {
        f"{name}_not_applicable": not_applicable(source.frame[cell], column) if cell in source.frame else nowhere
        for name, cell in _parts("drivers", column)
    }


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
    declared = [cell for column in table.columns.values() for cell in column.cells]
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
            raise StudyError(f"{place}: {source.file} has no column {cell!r}; {_nearest(cell, table, [source])}.")


def _fits(source: Source, column: str, target: str) -> bool:
    """Return whether a column is called so, in another spelling, or by its whole heading in the file."""
    return plain(target) in (plain(column), plain(source.headings.get(column, column)))


@cache
def plain(name: str) -> str:
    """Return a column name without case and with one `_` for blanks and marks, so that Q1_1 stays other than Q11."""
    return re.sub(r"[\W_]+", "_", clean(name)).strip("_").casefold()


def _parts(target: str, column: Column) -> list[tuple[str, str]]:
    """Return (name after intake, name in the export) of each column that one entry of the study file makes."""
    if target == "drivers":
        return list(zip(column.names or column.sources, column.sources, strict=True))
    cell = column.sources[0]
    if column_type(target, column) != "text":
        return [(target, cell)]
    # Of texts only is kept that there was one, but for comments and names: `redact` makes the former fit to be kept, by
    # help of the latter.
    given = [("has_comment" if target == "verbatim" else f"has_{target}", cell)]
    kept = [(target, cell)] if target in KEPT_TEXTS else []
    return [*given, *kept, *([("translation", column.translation)] if column.translation else [])]


def _missing_rows(source: Source, cell: str) -> int:
    """Return in how many rows a column holds a value that the file itself declares missing."""
    known = cell in source.missing and cell in source.frame
    return int(source.frame[cell].isin(source.missing[cell]).sum()) if known else 0


def _column(names: tuple[str, str], column: Column, study: Study, table: Table, source: Source, cell: str) -> Parsed:
    """Return one parsed column, named in the study file and after intake; all missing where this file lacks it."""
    target, part = names
    index = source.frame.index
    cells = source.frame[cell] if cell in source.frame else pd.Series([""] * len(index), index=index, dtype="str")
    if cell in source.missing:
        cells = cells.where(~cells.isin(source.missing[cell]))
    labels: dict[Any, str] = source.labels.get(cell, {})
    kind = column_type(target, column)
    if kind == "date":
        return parse_date(cells, column, study.zone, target)
    if kind == "score":
        return parse_score(cells, column, table.scale_of(target) or (0, 0), labels)
    if kind in ("category", "flag"):
        return (parse_category if kind == "category" else parse_flag)(cells, column, labels)
    if kind == "id":
        # Answers are told apart by their ids as they stand; what is matched between tables may differ in case.
        return parse_id(cells, column, fold=target != "response_id")
    if kind == "text":
        return (parse_text if part in KEPT_TEXTS else parse_given)(cells, column)
    return parse_number(cells, column)
