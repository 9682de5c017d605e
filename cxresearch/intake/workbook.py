"""Excel workbooks: the table of one sheet as text, its dates as dates."""

import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from cxresearch.intake.cells import number_text
from cxresearch.intake.notes import Note
from cxresearch.intake.platforms import LOOKED_AT, layout
from cxresearch.intake.sheet import SEARCHED, Marks, Row, Table, marks, table
from cxresearch.intake.source import Source, laid_out
from cxresearch.intake.xlsx import Book, Sheet
from cxresearch.strict_yaml import StudyError

UNREADABLE = (
    InvalidFileException, zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError, AttributeError, IndexError,
    ParseError, EOFError,
)  # fmt: skip
# The first bytes of .xls files, and of encrypted .xlsx ones.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# A part that only workbooks of another kind have.
OTHER_KINDS = {"xl/workbook.bin": ".xlsb", "content.xml": ".ods"}
# Excel keeps 15 digits: a longer number is no longer what was typed.
EXACT_BELOW = 10**15
LEADING_ZEROS = re.compile(r"0{2,}")
# How Excel writes control characters in its XML.
ESCAPED = re.compile(r"_x00(?:0[0-9A-Fa-f]|1[0-9A-Fa-f])_")


def read_workbook(path: Path, sheet: str | None = None) -> Source:
    """Return the table of a sheet: cells as text, columns of nothing but dates as dates.

    Rows above the header are left out; totals and notes under the table are set aside.

    Parameters
    ----------
    path
        The file.
    sheet
        Its name; the first visible one with a table by default, and noted where there are several.

    Raises
    ------
    StudyError
        If it cannot be read, holds no such sheet, has merged cells under its header, or formulas without results.
    """
    _refuse_other_kinds(path)
    with warnings.catch_warnings():
        # openpyxl warns of styles and validations that it does not know; none of them is a value.
        warnings.simplefilter("ignore")
        try:
            return _read(path, sheet)
        except StudyError:
            raise
        except UNREADABLE as error:
            raise StudyError(
                f"{path.name}: is no readable Excel workbook ({type(error).__name__}); save it again as .xlsx."
            ) from None


def sheets_with_tables(path: Path) -> list[str]:
    """Return the names of a workbook's visible sheets that hold a table, in order; [] where it cannot be read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = Book(path)
            found = [sheet.title for sheet in book.sheets if sheet.visible and _has_table(book, sheet)]
            book.close()
        except UNREADABLE:
            return []
    return found


def _read(path: Path, wanted: str | None) -> Source:
    """Return the table of a sheet of a readable workbook."""
    book = Book(path)
    sheet, notes = _chosen(book, wanted, path)
    xml = book.xml(sheet)
    found = marks(xml)
    rows = list(_rows(book, xml, found.last))
    if not rows:
        raise StudyError(f"{path.name}: the sheet {sheet.title!r} is empty; name the one with the data under `sheet:`.")
    if found.uncalculated:
        row = found.uncalculated[0]
        raise StudyError(f"{path.name}: row {row} holds a formula without its result; open it in Excel, save it again.")
    laid = table(rows, found, path.name)
    formats = _formats(book, xml, laid)
    book.close()
    return _as_source(path.name, laid, formats, notes + _notes(laid, found))


def _refuse_other_kinds(path: Path) -> None:
    """Raise if the file is a workbook of another kind, or locked."""
    try:
        with path.open("rb") as file:
            compound = file.read(len(COMPOUND)) == COMPOUND
        parts = set() if compound else set(zipfile.ZipFile(path).namelist())
    except (OSError, zipfile.BadZipFile):
        return
    if compound and ENCRYPTED in path.read_bytes():
        raise StudyError(f"{path.name}: is protected by a password; open it in Excel, save it without one.")
    kind = ".xls" if compound else next((kind for part, kind in OTHER_KINDS.items() if part in parts), "")
    if kind:
        raise StudyError(f"{path.name}: is a workbook of the kind {kind} by content; save it again as .xlsx.")


def _chosen(book: Book, wanted: str | None, path: Path) -> tuple[Sheet, list[Note]]:
    """Return the sheet that is named, else the first visible one with a table; and what is to be said of it."""
    sheets = {sheet.title: sheet for sheet in book.sheets}
    if wanted is not None and wanted not in sheets:
        raise StudyError(f"{path.name}: has no sheet {wanted!r}; it has {', '.join(sheets)}.")
    if wanted is not None:
        return sheets[wanted], []
    visible = [sheet for sheet in book.sheets if sheet.visible] or book.sheets
    sheet = visible[0] if len(visible) == 1 else next((one for one in visible if _has_table(book, one)), visible[0])
    hidden = len(sheets) - len(visible)
    notes = [Note(f"sheet {sheet.title!r}, the first with a table of {len(sheets)}", 0, "flag")]
    hint = [Note(f"{hidden} hidden sheets were not read", 0, "flag")] if hidden else []
    return sheet, (notes if len(sheets) > 1 else []) + hint


def _has_table(book: Book, sheet: Sheet) -> bool:
    """Return whether a sheet has two rows of two cells and more."""
    rows = (cells for _, cells in _rows(book, book.xml(sheet), SEARCHED))
    return sum(sum(cell is not None for cell in cells) > 1 for cells in rows) > 1


def _rows(book: Book, xml: bytes, last: int | None) -> Iterator[Row]:
    """Return the rows that are not blank, with their numbers; without the blank cells at their ends."""
    for number, cells in book.rows(xml, last):
        given = [(cell["column"], cell["value"]) for cell in cells if cell["value"] not in (None, "")]
        if given:
            values: list[Any] = [None] * max(column for column, _ in given)
            for column, value in given:
                values[column - 1] = value
            yield number, tuple(values)


def _notes(laid: Table, found: Marks) -> list[Note]:
    """Return what is to be said of a table."""
    notes = [Note("rows above the header were left out", laid.above)] if laid.above else []
    notes += [Note("two header rows read as one, `group: name`", 0, "flag")] if laid.grouped else []
    return notes + ([Note("rows hidden in the sheet, read like others", found.hidden, "flag")] if found.hidden else [])


def _formats(book: Book, xml: bytes, laid: Table) -> list[str]:
    """Return the number format of each column, from its first numbers; "" where they differ."""
    formats: list[set[str]] = [set() for _ in laid.header]
    first = laid.body[0][0] if laid.body else 0
    for number, cells in book.rows(xml, first + SEARCHED):
        for cell in cells if number >= first else []:
            if isinstance(cell["value"], int | float) and cell["column"] <= len(formats):
                formats[cell["column"] - 1].add(book.number_format(cell["style_id"]))
    return [seen.pop() if len(seen) == 1 else "" for seen in formats]


def _as_source(file: str, laid: Table, formats: list[str], notes: list[Note]) -> Source:
    """Return a table as a source."""
    # A workbook stores no empty cells at the end of a row: they are put back, so that no row looks short.
    width = max([len(laid.header), *(len(cells) for _, cells in laid.body)])
    header = laid.header + [""] * (width - len(laid.header))
    zeros = {place: len(form) for place, form in enumerate(formats) if LEADING_ZEROS.fullmatch(form)}
    shares = [header[place] for place, form in enumerate(formats) if "%" in form]
    records = [(number, _texts(cells, width, zeros)) for number, cells in laid.body]
    notes = notes + [
        Note(f"{header[place]!r} with the zeros that its format shows", 0, "normalised") for place in zeros
    ]
    notes += [Note(f"{name!r} is shown in per cent; read as stored, 0.45 for 45 %", 0, "flag") for name in shares]
    source = laid_out(file, [(0, header), *records], notes)
    names = layout(header, [cells for _, cells in records[:LOOKED_AT]]).names
    source = replace(source, rejected={**source.rejected, **laid.under})
    return _with_dates(source, dict(laid.body), names)


def _texts(cells: tuple[Any, ...], width: int, zeros: dict[int, int]) -> list[str]:
    """Return the cells of a row as texts."""
    texts = [_text(cell) for cell in cells] + [""] * (width - len(cells))
    for place, digits in zeros.items():
        texts[place] = texts[place].zfill(digits) if texts[place].isdigit() else texts[place]
    return texts


def _text(cell: Any) -> str:
    """Return a cell as the text it stands for; whole numbers without `.0`, dates as ISO."""
    if type(cell) is str:
        return ESCAPED.sub(" ", cell) if "_x00" in cell else cell
    if cell is None:
        return ""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _number(cell)
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


@lru_cache(maxsize=2**16)
def _number(number: float) -> str:
    """Return a number as text; surveys have few different ones."""
    return number_text(number, EXACT_BELOW)


def _with_dates(source: Source, rows: dict[int, tuple[Any, ...]], names: list[str]) -> Source:
    """Return the source with columns of nothing but dates as dates, so that no `format:` is needed for them."""
    for place, name in enumerate(names):
        if name not in source.frame:
            continue
        cells = [rows[number][place] if place < len(rows[number]) else None for number in source.frame.index]
        given = [cell for cell in cells if cell not in (None, "")]
        if given and all(isinstance(cell, datetime) for cell in given):
            moments = [cell or None for cell in cells]
            source.frame[name] = pd.Series(moments, source.frame.index, dtype="datetime64[us]")
    return source
