"""One file as it was read, and records laid out in columns under their header."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.intake.encoding import NO_TEXT
from cxresearch.intake.notes import Note
from cxresearch.intake.platforms import LOOKED_AT, layout, notes_on_rows, one_line
from cxresearch.intake.records import Record, Records, written
from cxresearch.intake.rows import is_empty, rows_under
from cxresearch.strict_yaml import StudyError


@dataclass(frozen=True)
class Source:
    """One file as it was read.

    Attributes
    ----------
    file
        Its name.
    frame
        One row a record, columns as in the file, index = row number in the file.
    wordings
        Question text by column, where the file tells it.
    labels
        Value labels by column (SPSS).
    missing
        Values that the file itself declares missing, by column (SPSS).
    rejected
        Rule by row number, for records that cannot be laid out in columns.
    notes
        What was found or mended on the way, with the number of rows.
    platform
        The survey platform whose layout the file has; "" for a plain table.
    headings
        By column, what stands above it in the file where that is more than its name (LimeSurvey).
    timezone
        Of the platform's own dates, where the file tells it (Qualtrics); "" where it does not.
    sets
        Columns of each set of choices, one choice a column, by its name, where the file tells it (SPSS).
    counted
        By column of such a set, the value that says that its choice was taken.
    sheet
        Of a workbook, where another than the first one with a table was read.
    unread
        Names of columns that the file has and nobody asked for.
    """

    file: str
    frame: pd.DataFrame
    wordings: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    missing: dict[str, list[Any]] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    platform: str = ""
    headings: dict[str, str] = field(default_factory=dict)
    timezone: str = ""
    sets: dict[str, list[str]] = field(default_factory=dict)
    counted: dict[str, Any] = field(default_factory=dict)
    sheet: str = ""
    unread: list[str] = field(default_factory=list)


def laid_out(file: str, records: list[Record], notes: list[Note]) -> Source:
    """Return lists of cells as a frame under their header, as `in_columns` does.

    Parameters
    ----------
    file
        Its name, for messages.
    records
        Row number and cells of every record; the first is the header.
    notes
        What has been found so far.
    """
    numbers = np.array([number for number, _ in records], np.int64)
    found = written(cells for _, cells in records)
    return in_columns(file, replace(found, numbers=numbers[found.numbers - 1]), notes)


def in_columns(file: str, records: Records, notes: list[Note], *, ended: bool = True) -> Source:
    """Return records as a frame under their header; what a survey platform puts below it becomes wordings.

    Parameters
    ----------
    file
        Its name, for messages.
    records
        Of which the first is the header.
    notes
        What has been found so far.
    ended
        Whether the file ends with a complete row.

    Raises
    ------
    StudyError
        If there is no header or no row under it, the header is none, or two columns bear the same name.
    """
    if not len(records):
        raise StudyError(f"{file}: the file is empty.")
    header, *first = [records.cells(row) for row in range(min(len(records), LOOKED_AT + 1))]
    found = layout([one_line(name) for name in header], first)
    body = records.only(slice(1 + found.skipped, None))
    _refuse_no_names(found.names, [header, *first[: found.skipped]], file)
    if not len(body):
        raise StudyError(f"{file}: there is a header and no rows.")
    rows = rows_under(found.names, body, ended=ended)
    names = dict(zip(rows.table.column_names, found.names, strict=False))
    refuse_double([name for name in names.values() if name], file)
    frame = rows.table.select([place for place, name in names.items() if name]).to_pandas()
    frame = frame.set_axis([name for name in names.values() if name], axis=1).set_axis(rows.numbers)
    notes = [*notes, *found.notes]
    if not all(is_empty(rows.table.column(place)) for place, name in names.items() if not name):
        notes.append(Note("a column without a name was left out", 0, "flag"))
    return Source(
        file,
        frame,
        found.wordings,
        missing={name: [found.not_shown] for name in found.names} if found.not_shown else {},
        rejected=rows.rejected,
        notes=[*notes, *notes_on_rows(frame, found)],
        platform=found.platform,
        headings=found.headings,
        timezone=found.timezone,
    )


def _refuse_no_names(names: list[str], header: list[list[str]], file: str) -> None:
    """Raise if what stands in the first row are no names."""
    if any(NO_TEXT in cell for cells in header for cell in cells):
        raise StudyError(
            f"{file}: the names of its columns are no valid UTF-8; name its `encoding:` in the study file."
        )
    if not any(letter.isalpha() for name in names for letter in name):
        raise StudyError(
            f"{file}: its first row holds numbers or marks only, where the names of the columns belong; see that its"
            " first row holds the names."
        )


def refuse_double(header: list[str], file: str) -> None:
    """Raise if two columns bear the same name."""
    double = sorted({name for name in header if header.count(name) > 1})
    if not double:
        return
    # A first row with numbers, dates or addresses may be an answer: then nothing of it is shown.
    if any("@" in name or not any(letter.isalpha() for letter in name) for name in header if name):
        raise StudyError(
            f"{file}: two cells of its first row are alike, and others hold numbers or addresses; see that it holds the"
            " names, each once."
        )
    raise StudyError(f"{file}: the column {double[0]!r} stands twice; rename one of them in the export.")


def refuse_empty(frame: pd.DataFrame, path: Path) -> None:
    """Raise if there is no row."""
    if frame.empty:
        raise StudyError(f"{path.name}: there are columns and no rows.")
