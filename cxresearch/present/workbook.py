"""Protected results as one Excel workbook: a sheet a table, numbers as numbers, nothing that runs or leads outside."""

import io
import math
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from cxresearch.present import frames, words
from cxresearch.present import labels as say
from cxresearch.present.cells import P_VALUES
from cxresearch.present.crosstabs import CrossGrid, cross_grid
from cxresearch.present.html import basis
from cxresearch.present.payload import ProtectedPayload

CONTENTS, NOTES = "Contents", "Notes"
LONGEST_NAME, LONGEST_TEXT, WIDEST = 31, 32_767, 60
CUT = "…"
NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
# A cell that begins so would be taken for a formula when it is typed or read from a text file.
LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
FORMATS = {
    **{"points": "0.0", "share": "0.0%", "percentage points": "0.0%", "mean": "0.00", "count": "#,##0"},
    **{"money": "#,##0", "number": "0.00", "seconds": "0", "percent": "0.0"},
}
P_FORMAT = "0.000"
UNSEEN = ("std_error", "statistic", "unit")
BOLD, TITLE, SOFT = Font(bold=True), Font(bold=True, size=14), Font(color="767676")
LINK = Font(color="0563C1", underline="single")
FIRST_ROW = 5
# The oldest date that a zip archive can hold: the same results give the same bytes.
NO_DATE = (1980, 1, 1, 0, 0, 0)
A_DATE = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class Sheet:
    """One table of the workbook."""

    name: str
    payload: ProtectedPayload
    finding: str
    basis: str


def workbook(payloads: Sequence[ProtectedPayload], title: str, notes: Sequence[str]) -> bytes:
    """Return protected results as an .xlsx file: contents, notes, a sheet a result.

    Parameters
    ----------
    payloads
        As `disclosure.protect` returns them; records and sentences get no sheet.
    title
        Of the report.
    notes
        How to read it, a line each.

    Returns
    -------
    bytes
        The same for the same results. Texts are texts: no formula, and no link but from the contents to the sheets.

    Raises
    ------
    TypeError
        If a payload is not protected.
    """
    book = Workbook()
    sheets = _sheets([payload for payload in payloads if _has_rows(payload)])
    contents = book.active
    contents.title = CONTENTS
    _write_contents(contents, sheets, title)
    _write_notes(book.create_sheet(NOTES), notes)
    for sheet in sheets:
        _write_sheet(book.create_sheet(sheet.name), sheet)
    stream = io.BytesIO()
    book.save(stream)
    return _undated(stream.getvalue())


def _has_rows(payload: ProtectedPayload) -> bool:
    """Return whether a result is a table of its own."""
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"workbook: found a {type(payload).__name__}; only what disclosure.protect returns is written.")
    return payload.kind not in ("record", "sentence", "findings", "figure") and bool(payload.grid.rows)


def _sheets(payloads: Sequence[ProtectedPayload]) -> list[Sheet]:
    """Return the sheets with names that Excel takes, each once."""
    found: dict[str, Sheet] = {}
    for payload in payloads:
        number = payload.provenance.get("notebook", "")[:2]
        stem = NOT_IN_A_NAME.sub("", f"{number} {payload.key}".strip())[:LONGEST_NAME]
        name, count = stem, 2
        while name.casefold() in found:
            name, count = f"{stem[: LONGEST_NAME - len(str(count)) - 1]} {count}", count + 1
        facts = " · ".join([*basis(payload), *_origin(payload)])
        sheet = Sheet(name, payload, say.clean(words.finding(payload)), facts)
        found[name.casefold()] = sheet
    return list(found.values())


def _origin(payload: ProtectedPayload) -> list[str]:
    """Return where a result comes from: notebook and cell, and the section on its method."""
    notebook, cell = payload.provenance.get("notebook"), payload.provenance.get("cell")
    place = [f"{notebook}, cell {cell}"] if notebook and cell else [notebook] if notebook else []
    return [*place, *([f"Method: {payload.method}"] if payload.method else [])]


def _write_contents(page: Worksheet, sheets: Sequence[Sheet], title: str) -> None:
    """Write the list of sheets."""
    _put(page.cell(1, 1), title, font=TITLE)
    for place, heading in enumerate(("Sheet", "Page", "Table", "Finding", "Base"), start=1):
        _put(page.cell(3, place), heading, font=BOLD)
    for row, sheet in enumerate(sheets, start=4):
        page_name = sheet.payload.provenance.get("notebook", "")
        _lead(page.cell(row, 1), sheet.name, sheet.name)
        for place, text in enumerate((page_name, sheet.payload.caption, sheet.finding, sheet.basis), start=2):
            _put(page.cell(row, place), text)
    for place, width in enumerate((28, 18, 48, 90, 50), start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    page.freeze_panes = "A4"


def _write_notes(page: Worksheet, notes: Sequence[str]) -> None:
    """Write how to read the tables."""
    _put(page.cell(1, 1), "How to read these tables", font=TITLE)
    for row, note in enumerate(notes, start=3):
        _put(page.cell(row, 1), note)
        page.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
    page.column_dimensions["A"].width = 110


def _write_sheet(page: Worksheet, sheet: Sheet) -> None:
    """Write one table under its caption, finding and base."""
    _put(page.cell(1, 1), sheet.payload.caption or sheet.payload.key, font=TITLE)
    _put(page.cell(2, 1), sheet.finding)
    _put(page.cell(3, 1), sheet.basis, font=SOFT)
    _lead(page.cell(4, 1), CONTENTS, CONTENTS)
    is_crosstab = sheet.payload.kind == "crosstab"
    _lay_out(page, FIRST_ROW + is_crosstab)
    if is_crosstab:
        _write_crosstab(page, cross_grid(sheet.payload))
        return
    frame = sheet.payload.to_frame()
    shown = [name for name in frame.columns if name not in UNSEEN]
    hidden, small = frames.is_hidden(frame), frames.is_small(frame)
    for place, name in enumerate(shown, start=1):
        _put(page.cell(FIRST_ROW, place), _heading(name, sheet.payload), font=BOLD)
        forms = _formats(frame, sheet.payload, name)
        for row, (at, value) in enumerate(frame[name].items(), start=FIRST_ROW + 1):
            cell = page.cell(row, place)
            is_base = name not in sheet.payload.group_columns and name != "flag"
            _put(cell, say.DASH if hidden[at] and is_base else _value(name, value, sheet.payload))
            cell.number_format = forms[at]
            if small[at] or hidden[at]:
                cell.font = SOFT
        longest = max(len(str(page.cell(row, place).value or "")) for row in range(FIRST_ROW, page.max_row + 1))
        page.column_dimensions[get_column_letter(place)].width = min(max(longest, 8) + 2, WIDEST)
    page.freeze_panes = page.cell(FIRST_ROW + 1, max(len(sheet.payload.group_columns), 1) + 1)


def _lay_out(page: Worksheet, last_heading: int) -> None:
    """Let a sheet be printed across one page, its headings on each."""
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_title_rows = f"{FIRST_ROW}:{last_heading}"


def _write_crosstab(page: Worksheet, grid: CrossGrid) -> None:
    """Write a question by a banner: two lines of headings, then a column of numbers and one of letters for each."""
    for place, head in enumerate(grid.heads):
        letter = f" ({head.letter})" if head.letter else ""
        _put(page.cell(FIRST_ROW, 2 * place + 2), head.banner, font=BOLD)
        _put(page.cell(FIRST_ROW + 1, 2 * place + 2), f"{head.level}{letter}", font=BOLD)
        for column, width in ((2 * place + 2, max(len(head.level) + 6, 10)), (2 * place + 3, 5)):
            page.column_dimensions[get_column_letter(column)].width = min(width, WIDEST)
    for row, line in enumerate(grid.lines, start=FIRST_ROW + 2):
        _put(page.cell(row, 1), line.name, font=SOFT if line.is_base else None)
        for place, entry in enumerate(line.entries):
            cell = page.cell(row, 2 * place + 2)
            _put(cell, say.DASH if entry.is_hidden else entry.value, font=SOFT if entry.is_small else None)
            cell.number_format = FORMATS.get(line.unit, FORMATS["number"])
            if entry.mark:
                _put(page.cell(row, 2 * place + 3), entry.mark, font=SOFT)
    for row, note in enumerate(grid.notes, start=FIRST_ROW + 3 + len(grid.lines)):
        _put(page.cell(row, 1), note, font=SOFT)
    page.column_dimensions["A"].width = min(max(len(line.name) for line in grid.lines) + 2, WIDEST)
    page.freeze_panes = page.cell(FIRST_ROW + 2, 2)


def _heading(name: str, payload: ProtectedPayload) -> str:
    """Return a column's heading; an estimate is named by its metric where that is known."""
    metric = payload.arguments.get("metric")
    if name == "estimate" and isinstance(metric, str) and not frames.is_change(payload.to_frame()):
        return say.label(metric, payload.labels)
    return say.label(name, payload.labels)


def _value(name: str, value: Any, payload: ProtectedPayload) -> Any:
    """Return a cell: numbers as they are, levels and texts as people read them."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        # A number that no sheet can hold.
        return say.number(value) if math.isinf(value) else value
    if name in payload.group_columns or name in ("segment", "level", "metric", "survey", "period"):
        return say.level(name, value, payload.labels)
    return str(value)


def _formats(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> pd.Series:
    """Return the number format of each row of a column."""
    if not pd.api.types.is_numeric_dtype(frame[name].dtype) or pd.api.types.is_bool_dtype(frame[name].dtype):
        return pd.Series("General", index=frame.index)
    if name in P_VALUES:
        return pd.Series(P_FORMAT, index=frame.index)
    units = frames.units(frame, payload.arguments, name)
    return units.map(lambda unit: FORMATS.get(unit, FORMATS["number"]))


def _put(cell: Cell, value: Any, font: Font | None = None) -> None:
    """Write a cell; a text stays one, whatever it looks like."""
    text = say.clean(value) if isinstance(value, str) else ""
    if text:
        cell.value = f"{text[: LONGEST_TEXT - len(CUT)]}{CUT}" if len(text) > LONGEST_TEXT else text
        cell.data_type = "s"
        cell.quotePrefix = text.startswith(LIKE_A_FORMULA)
    elif not isinstance(value, str):
        cell.value = value
    if font is not None:
        cell.font = font


def _lead(cell: Cell, text: str, sheet: str) -> None:
    """Write a cell that leads to a sheet of this book; there are no other links."""
    _put(cell, text, font=LINK)
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1")


def _undated(data: bytes) -> bytes:
    """Return a workbook without the hour at which it was made."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as plain:
        for part in made.infolist():
            content = A_DATE.sub(rb"\g<1>1980-01-01T00:00:00Z", made.read(part))
            plain.writestr(zipfile.ZipInfo(part.filename, NO_DATE), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
