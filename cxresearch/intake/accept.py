"""Accept the rows of a table that can be used, set the others aside with the rule that each broke, and count both."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from cxresearch.cache import file_digest
from cxresearch.database import DatabaseTable
from cxresearch.intake.bills import by_month, monthly, refuse_mixed
from cxresearch.intake.choices import with_listed_choices, with_sets
from cxresearch.intake.columns import Tidy, matched, needed, parsed, refuse_absent
from cxresearch.intake.drift import drift, wordings
from cxresearch.intake.filter import passes
from cxresearch.intake.notes import Note
from cxresearch.intake.quarantine import (
    FILTERED,
    NO_ANSWER,
    QUARANTINE,
    doubles,
    first_rules,
    moment_and_survey,
    refuse_too_many,
    rule_where,
)
from cxresearch.intake.read import read
from cxresearch.intake.responses import no_answer, with_design, with_scale_changes, with_survey
from cxresearch.intake.source import Source
from cxresearch.schema import Study, Table
from cxresearch.strict_yaml import StudyError
from cxresearch.study import Sources

NOTES = ["table", "file", "column", "note", "rows", "kind"]
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
        What was found or mended: `table`, `file` ("" where files were compared), `column`, `note`, `rows`, `kind`.
    wordings
        On which days each question was asked in which words, where files differ in that: see `drift.wordings`.
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame
    wordings: pd.DataFrame


@dataclass(frozen=True)
class Part:
    """One file's rows after parsing: those of use, those set aside, and what was found in its columns."""

    frame: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame
    hints: dict[str, str]
    currencies: dict[str, frozenset[str]]


def accept(study: Study, name: str, found: Sources) -> Accepted:
    """Return the accepted rows of one table.

    Parameters
    ----------
    study
        The study file.
    name
        The table's name in it.
    found
        Its files, in each of which the same columns are looked for; or its table of a database.

    Raises
    ------
    StudyError
        If a file cannot be read or stands there twice, a declared column is in no file, one that rows cannot do without
        is missing in a file, or over 20 % of a column's cells are unusable.
    """
    table = study.tables[name]
    sources = read_all(table, name, found)
    refuse_absent(table, name, sources)
    files = [source.file for source in sources]
    parts = [_accept_file(study, name, source, files) for source in sources]
    changes = drift(sources, table)
    # From here on the cells as they were read are of no use, and no longer held.
    sources = [replace(source, frame=source.frame[[]]) for source in sources]
    frame, double = _single(_stacked([part.frame for part in parts]), name)
    quarantine = pd.concat([*(part.quarantine for part in parts), double], ignore_index=True)
    counts = _counts(name, sources, quarantine)
    refuse_mixed(study, name, _currencies(parts), frame)
    refuse_too_many(name, quarantine, counts, {column: hint for part in parts for column, hint in part.hints.items()})
    asked = wordings(sources, table, frame)
    frame, notes = with_listed_choices(frame.drop(columns=["_file", "_row"]).reset_index(drop=True), table)
    if name == "revenue":
        frame, notes = by_month(frame.drop(columns="_day"))
    told = [*(part.notes for part in parts), _told([*changes, *notes], name, "")]
    return Accepted(frame, counts, quarantine, pd.concat(told, ignore_index=True), asked)


def read_all(table: Table, name: str, found: Sources) -> list[Source]:
    """Return the files of a table, or its table of a database, as they were read.

    Raises
    ------
    StudyError
        If one cannot be read, or a file stands there twice.
    """
    if isinstance(found, DatabaseTable):
        from cxresearch.intake.database import read_database

        return [read_database(found, partial(needed, table))]
    _refuse_same_content(name, found)
    given = {"delimiter": table.delimiter, "encoding": table.encoding, "sheet": table.sheet}
    sources = [read(file, **given, needed=partial(needed, table)) for file in found]
    return [replace(source, file=label) for source, label in zip(sources, _labels(found), strict=True)]


def _refuse_same_content(name: str, files: list[Path]) -> None:
    """Raise if two files are byte for byte the same: every row of theirs would count twice."""
    seen: dict[str, str] = {}
    for file in files if len(files) > 1 else ():
        content = file_digest(file)
        if content in seen:
            raise StudyError(
                f"tables.{name}: {seen[content]} and {file.name} are the same file twice; take one of them away."
            )
        seen[content] = file.name


def _labels(files: list[Path]) -> list[str]:
    """Return what files are called: their names, with the folder where two are called alike."""
    names = [file.name for file in files]
    return [
        name if names.count(name) == 1 else "/".join(file.parts[-2:]) for name, file in zip(names, files, strict=True)
    ]


def _accept_file(study: Study, name: str, source: Source, files: list[str]) -> Part:
    """Return one file's accepted rows; row and file stay with them until doubles have been looked for."""
    # A byte a row, where the name would be twenty.
    file = pd.Categorical.from_codes(np.full(len(source.frame), files.index(source.file), "int16"), files)
    table = study.tables[name]
    source, notes = matched(source, name, table)
    raw = source.frame
    tidy = with_scale_changes(parsed(source, name, study), source, table)
    if name == "responses" or not isinstance(table.survey, str):
        tidy = with_sets(with_design(with_survey(tidy, raw, table), raw, table), source, table)
    if name == "revenue":
        tidy = replace(tidy, frame=monthly(tidy.frame))
    bad = first_rules(_left_out(name, source, tidy, table), tidy.rules, table, len(raw))
    bad = bad.assign(**moment_and_survey(tidy.frame.loc[bad.index]))
    tidy = replace(tidy, frame=tidy.frame.assign(_file=file, _row=raw.index))
    frame = _without(tidy.frame, bad.index)
    rejected = pd.DataFrame({"row": source.rejected.keys(), "column": "", "rule": source.rejected.values()})
    quarantine = pd.concat([rejected, bad.rename_axis("row").reset_index()], ignore_index=True)
    quarantine = quarantine.assign(table=name, file=source.file).reindex(columns=QUARANTINE)
    quarantine = quarantine.astype({"row": "int64", "moment": "datetime64[us]", "survey": "str"})
    told = _told([*source.notes, *notes, *tidy.notes], name, source.file)
    return Part(frame, quarantine, told, tidy.hints, tidy.currencies)


def _currencies(parts: list[Part]) -> dict[str, frozenset[str]]:
    """Return the currencies in which each column's amounts are marked, over all files."""
    columns = {column for part in parts for column in part.currencies}
    return {
        column: frozenset().union(*(part.currencies.get(column, frozenset()) for part in parts))
        for column in sorted(columns)
    }


def _told(notes: list[Note], name: str, file: str) -> pd.DataFrame:
    """Return notes as a frame."""
    return pd.DataFrame(notes, columns=Note._fields).assign(table=name, file=file).reindex(columns=NOTES)


def _left_out(name: str, source: Source, tidy: Tidy, table: Table) -> dict[str, pd.Series]:
    """Return the rules of rows that are no answers at all; they come first, whatever else is wrong with such a row."""
    rules = {}
    if name == "responses":
        rules["status"] = rule_where(no_answer(source, tidy), NO_ANSWER)
    if table.filter:
        rules["filter"] = rule_where(~passes(_both(source.frame, tidy.frame), table.filter), FILTERED)
    return rules


def _both(raw: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns as read, and those after intake under names that the export does not use."""
    return pd.concat([raw, frame[[name for name in frame if name not in raw]]], axis=1)


def _single(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of all files that stand for themselves, and those set aside."""
    broken = doubles(frame, name)
    bad = frame.loc[broken.index]
    aside = (
        bad.astype({"_file": "str"})
        .rename(columns={"_file": "file", "_row": "row"})[["file", "row"]]
        .assign(table=name, column=broken["column"], rule=broken["rule"], **moment_and_survey(bad))
    )
    return _without(frame, broken.index), aside.reindex(columns=QUARANTINE)


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all files; these are emptied column by column, so that never two copies of all are held."""
    if any(list(frame) != list(frames[0]) for frame in frames):
        return pd.concat(frames, ignore_index=True)
    columns = {name: [one.pop(name) for one in frames] for name in list(frames[0])}
    return pd.DataFrame({name: pd.concat(columns.pop(name), ignore_index=True) for name in list(columns)}, copy=False)


def _without(frame: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """Return a frame without some rows; it is emptied column by column, so that never two copies of it are held."""
    if not len(rows):
        return frame
    kept = ~frame.index.isin(rows)
    index = frame.index[kept]
    return pd.DataFrame({name: frame.pop(name).array[kept] for name in list(frame)}, index, copy=False)


def _counts(name: str, sources: list[Source], quarantine: pd.DataFrame) -> pd.DataFrame:
    """Return rows in, accepted and quarantined of each file."""
    aside = quarantine.groupby("file").size()
    rows = [(name, one.file, len(one.frame) + len(one.rejected), int(aside.get(one.file, 0))) for one in sources]
    return pd.DataFrame([(n, f, rows_in, rows_in - out, out) for n, f, rows_in, out in rows], columns=COUNTS)
