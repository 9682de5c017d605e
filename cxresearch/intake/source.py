"""One file as it was read, and records laid out in columns under their header."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from cxresearch.intake.notes import Note
from cxresearch.intake.platforms import LOOKED_AT, layout, notes_on_rows
from cxresearch.strict_yaml import StudyError

INVALID_BYTES = Note("encoding utf-8, with invalid bytes", 0, "flag")
Record = tuple[int, list[str]]


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
        Columns of each multiple-response set, by its name, where the file tells it (SPSS).
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


def laid_out(file: str, records: list[Record], notes: list[Note], *, ended: bool = True) -> Source:
    """Return records as a frame under their header; what a survey platform puts below it becomes wordings.

    Parameters
    ----------
    file
        Its name, for messages.
    records
        Row number and cells of every record that is not blank; the first is the header.
    notes
        What has been found so far.
    ended
        Whether the file ends with a complete row.

    Raises
    ------
    StudyError
        If there is no header or no row under it, or two columns bear the same name.
    """
    if not records:
        raise StudyError(f"{file}: the file is empty.")
    header, body = [name.strip() for name in records[0][1]], records[1:]
    found = layout(header, [cells for _, cells in body[:LOOKED_AT]])
    header, body, notes = found.names, body[found.skipped :], [*notes, *found.notes]
    if not body:
        raise StudyError(f"{file}: there is a header and no rows.")
    header, body = _without_open_end(header, body)
    refuse_double([name for name in header if name], file)
    rejected = _misfits(body, len(header), ended)
    if INVALID_BYTES in notes:
        rejected = {number: "not valid UTF-8" for number, cells in body if _is_broken(cells)} | rejected
    good = [(number, cells) for number, cells in body if number not in rejected] if rejected else body
    columns = list(zip(*(cells for _, cells in good), strict=True)) or [()] * len(header)
    # Through Arrow: pandas would look at each of these texts again to see whether it is one.
    named = {name: pa.array(cells, pa.large_string()) for name, cells in zip(header, columns, strict=True) if name}
    if any(any(cells) for name, cells in zip(header, columns, strict=True) if not name):
        notes = [*notes, Note("a column without a name was left out", 0, "flag")]
    frame = pa.table(named).to_pandas().set_axis([number for number, _ in good])
    return Source(
        file,
        frame,
        found.wordings,
        missing=dict.fromkeys(found.names, [found.not_shown]) if found.not_shown else {},
        rejected=rejected,
        notes=[*notes, *notes_on_rows(frame, found)],
        platform=found.platform,
        headings=found.headings,
        timezone=found.timezone,
    )


def refuse_double(header: list[str], file: str) -> None:
    """Raise if two columns bear the same name."""
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise StudyError(f"{file}: the column {double[0]!r} stands twice; rename one of them in the export.")


def refuse_empty(frame: pd.DataFrame, path: Path) -> None:
    """Raise if there is no row."""
    if frame.empty:
        raise StudyError(f"{path.name}: there are columns and no rows.")


def _without_open_end(header: list[str], body: list[Record]) -> tuple[list[str], list[Record]]:
    """Return header and rows without the empty fields that a delimiter at the end of the lines makes."""
    width = len(header)
    while width > 1 and not header[width - 1] and not any(any(cells[width - 1 :]) for _, cells in body):
        width -= 1
    if all(len(cells) == len(header) + 1 and not cells[-1] for _, cells in body):
        return header, [(number, cells[:-1]) for number, cells in body]
    if width == len(header):
        return header, body
    return header[:width], [(number, cells[:width]) for number, cells in body]


def _misfits(body: list[Record], width: int, ended: bool) -> dict[int, str]:
    """Return the rule that each row breaks whose number of fields is not the header's."""
    found = {
        number: f"{len(cells)} fields where the header has {width}" for number, cells in body if len(cells) != width
    }
    if not ended and len(body[-1][1]) < width:
        found[body[-1][0]] = "the file ends inside this row"
    return found


def _is_broken(cells: list[str]) -> bool:
    """Return whether a row holds bytes that were not UTF-8."""
    return any(not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell) for cell in cells)
