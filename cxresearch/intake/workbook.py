"""Excel workbooks: one sheet as text, its dates as dates."""

import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pandas as pd
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cxresearch.intake.cells import number_text
from cxresearch.intake.notes import Note
from cxresearch.intake.source import Source, laid_out
from cxresearch.strict_yaml import StudyError

UNREADABLE = (InvalidFileException, zipfile.BadZipFile, OSError, KeyError, ValueError, ParseError, EOFError)
MERGED = re.compile(rb'<mergeCell ref="[A-Z]+(\d+):[A-Z]+(\d+)"')
FORMULA = re.compile(rb"<f[ >/]")
# Excel keeps 15 digits: a longer number is no longer what was typed.
EXACT_BELOW = 10**15
Row = tuple[int, tuple[Any, ...]]


def read_workbook(path: Path, sheet: str | None = None) -> Source:
    """Return a sheet: cells as text, columns of nothing but dates as dates.

    Parameters
    ----------
    path
        The file.
    sheet
        Its name; the first one by default, and noted where there are several.

    Raises
    ------
    StudyError
        If it cannot be read, holds no such sheet, has merged cells under its header, or formulas without results.
    """
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        if sheet is not None and sheet not in book.sheetnames:
            raise StudyError(f"{path.name}: has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}.")
        name = sheet or book.sheetnames[0]
        rows = _rows(book[name])
        marks = _marks(path, name)
        formulas = _rows(load_workbook(path, read_only=True)[name]) if FORMULA.search(marks) else []
        book.close()
    except StudyError:
        raise
    except UNREADABLE as error:
        raise StudyError(
            f"{path.name}: is no readable Excel workbook ({type(error).__name__}); save it again as .xlsx."
        ) from None
    if not rows:
        raise StudyError(f"{path.name}: the sheet {name!r} is empty; name the one with the data under `sheet:`.")
    _refuse_merged(marks, rows, path)
    _refuse_uncalculated(rows, formulas, path)
    several = len(book.sheetnames) > 1 and sheet is None
    notes = [Note(f"sheet {name!r}, the first of {len(book.sheetnames)}", 0, "flag")] if several else []
    # A workbook stores no empty cells at the end of a row: they are put back, so that no row looks short.
    width = max((len(cells) for _, cells in rows), default=0)
    records = [(number, [_text(cell) for cell in cells] + [""] * (width - len(cells))) for number, cells in rows]
    source = laid_out(path.name, records, notes)
    return _with_dates(source, dict(rows), records[0][1])


def _rows(sheet: Any) -> list[Row]:
    """Return the rows that are not blank, with their numbers."""
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    return [(number, cells) for number, cells in rows if any(cell not in (None, "") for cell in cells)]


def _marks(path: Path, name: str) -> bytes:
    """Return the XML of a sheet, which tells of merged cells and formulas."""
    book = load_workbook(path, read_only=True)
    place = str(getattr(book[name], "_worksheet_path", "")).lstrip("/")
    book.close()
    with zipfile.ZipFile(path) as archive:
        return archive.read(place)


def _refuse_merged(marks: bytes, rows: list[Row], path: Path) -> None:
    """Raise if cells are merged under the header: only the first of them holds what all show."""
    header = rows[0][0]
    for first, last in MERGED.findall(marks):
        if int(last) > header:
            raise StudyError(
                f"{path.name}: rows {int(first)} to {int(last)} have merged cells; unmerge them, fill each cell, save."
            )


def _refuse_uncalculated(rows: list[Row], formulas: list[Row], path: Path) -> None:
    """Raise if a formula has no stored result: its cell would look blank."""
    results = dict(rows)
    for number, cells in formulas:
        given = results.get(number, ())
        for column, cell in enumerate(cells):
            if isinstance(cell, str) and cell.startswith("=") and (column >= len(given) or given[column] is None):
                raise StudyError(
                    f"{path.name}: row {number} holds a formula without its result; open it in Excel, save it again."
                )


def _text(cell: Any) -> str:
    """Return a cell as the text it stands for; whole numbers without `.0`, dates as ISO."""
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return number_text(cell, EXACT_BELOW)
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _with_dates(source: Source, rows: dict[int, tuple[Any, ...]], header: list[str]) -> Source:
    """Return the source with columns of nothing but dates as dates, so that no `format:` is needed for them."""
    for place, name in enumerate(header):
        cells = [rows[number][place] if place < len(rows[number]) else None for number in source.frame.index]
        given = [cell for cell in cells if cell not in (None, "")]
        if given and name.strip() and all(isinstance(cell, datetime) for cell in given):
            moments = [cell or None for cell in cells]
            source.frame[name.strip()] = pd.Series(moments, source.frame.index, dtype="datetime64[us]")
    return source
