"""The parts of an Excel file: its sheets, their XML, and the rows in it.

openpyxl reads what a workbook is made of and what a cell means; the rows are walked here, because its own reader
goes through each sheet twice and, where defusedxml is installed, with a parser written in Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import iterparse

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._reader import ROW_TAG, WorkSheetParser

# Entities can be declared in a document type alone, and no workbook has one.
DOCUMENT_TYPE = "<!DOCTYPE"


@dataclass(frozen=True)
class Sheet:
    """One worksheet: its name, whether people see it, and the part of the file that holds it."""

    title: str
    visible: bool
    part: str


class Book:
    """An Excel file whose sheets are read one at a time.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._reader: Any = ExcelReader(path, read_only=True, data_only=True)
        self._reader.read_manifest()
        self._reader.read_strings()
        self._reader.read_workbook()
        self._workbook = self._reader.wb
        apply_stylesheet(self._reader.archive, self._workbook)
        self.sheets = [
            Sheet(sheet.name, sheet.state == "visible", relation.target)
            for sheet, relation in self._reader.parser.find_sheets()
            if "worksheet" in relation.Type
        ]

    def xml(self, sheet: Sheet) -> bytes:
        """Return the XML of a sheet; a ValueError where it declares a document type."""
        content: bytes = self._reader.archive.read(sheet.part)
        if DOCUMENT_TYPE.encode() in content or DOCUMENT_TYPE.encode("utf-16-le") in content:
            raise ValueError("a document type")
        return content

    def rows(self, xml: bytes, last: int | None) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Return number and cells (`column`, `value`, `style_id`) of each row up to the last."""
        book = self._workbook
        parser = WorkSheetParser(
            None,
            self._reader.shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for _, element in iterparse(BytesIO(xml)):
            if element.tag == ROW_TAG:
                number, cells = parser.parse_row(element)
                element.clear()
                if last is not None and number > last:
                    return
                yield number, cells

    def number_format(self, style: int) -> str:
        """Return the number format of a cell's style."""
        number = self._workbook._cell_styles[style].numFmtId
        if number < BUILTIN_FORMATS_MAX_SIZE:
            return str(BUILTIN_FORMATS.get(number, ""))
        return str(self._workbook._number_formats[number - BUILTIN_FORMATS_MAX_SIZE])

    def close(self) -> None:
        """Close the file."""
        self._reader.archive.close()
