"""Delimited text files, plain or gzipped: decoded, cleaned of control characters, delimiter found, records located."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from cxresearch.intake.archive import gunzipped
from cxresearch.intake.encoding import CAPITAL, CONTROL, ONE_BYTE, SMALL, Text, decoded
from cxresearch.intake.notes import Kind, Note
from cxresearch.intake.records import Places, Records, indexed, read_strictly
from cxresearch.intake.sheet import SEARCHED, TOTAL, UNDER, header_place
from cxresearch.intake.source import Source, in_columns
from cxresearch.strict_yaml import StudyError

DELIMITERS = ",;\t|"
# Taken only where every one of the first records, the header too, has the same number of them.
RARE_DELIMITERS = "^~:¦§¬#!*&=+%$@/"
SEP_LINE = re.compile(rb'"?sep=([^\r\n][\x80-\xbf]*)"?(?:\r\n|\r|\n)')
FIRST_RECORDS, FIRST_BYTES = 20, 2**20
# A header of fewer names cannot be told from a title.
FEWEST_NAMES = 2
# Rows that differ in width are a few among many, or the delimiter is only a mark in sentences.
FEWEST_ALIKE = 0.8
# What a file called csv may be by its first bytes, and what to do about it.
STRANGERS = {
    b"PK": "a workbook or zip archive by content; rename it .xlsx or .zip, whichever it is",
    b"\xd0\xcf\x11\xe0": "an old or protected Excel workbook by content; save it again as .xlsx without a password",
    b"PAR1": "a Parquet file by content; rename it .parquet",
    b"$FL": "an SPSS file by content; rename it .sav",
    b"%PDF": "a PDF by content; export the table as CSV",
    b"SQLite": "a database by content; export the table as CSV",
    b"\x80\x03": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
    b"\x80\x04": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
    b"\x80\x05": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
    b"[{": "JSON by content; export the table as CSV",
    b'{"': "JSON by content; export the table as CSV",
    b"<?xml": "XML by content; export the table as CSV",
    b"<!doctype": "a web page, perhaps a sign-in page saved instead of the export; export it again",
    b"<html": "a web page, perhaps a sign-in page saved instead of the export; export it again",
}
# What UTF-8 looks like that was taken for an older encoding: é as Ã©, ’ as â€™ or ‚Äô.
GARBLED = {
    letter.encode().decode(encoding, "ignore")
    for letter in f"{SMALL}{CAPITAL}‘’“”–—…€£°\u00a0"
    for encoding in ONE_BYTE
}
WRONG_BEFORE = {
    "text garbled before the export (Ã© for é, â€™ for ’), kept as it stands": "|".join(
        sorted(form for form in GARBLED if len(form) > 1)
    ),
    "the replacement character U+FFFD: letters were lost before the export": "\ufffd",
}


def read_delimited(path: Path, delimiter: str | None = None, encoding: str | None = None) -> Source:
    """Return a delimited text file.

    Parameters
    ----------
    path
        The file.
    delimiter, encoding
        Found from its content by default, and noted.

    Raises
    ------
    StudyError
        If it is something else by its content, is empty, or cannot be laid out in columns.
    """
    content = gunzipped(path.read_bytes(), path.name)
    _refuse_strangers(content, path)
    text = decoded(content, encoding, path.name)
    del content
    text = _without_control(text, delimiter)
    data = text.data
    offset = 0
    if line := SEP_LINE.match(data):
        delimiter, offset = delimiter or line[1].decode(), line.end()
        data = data[offset:]
    delimiter = delimiter or _delimiter(data[:FIRST_BYTES].decode(errors="ignore"))
    records = _records(data, delimiter, path)
    notes = [Note(f"encoding {text.encoding}", 0, "flag" if "invalid" in text.encoding else "read")]
    notes += [Note(what, records.begun_at(places - offset), kind) for what, kind, places in text.mended]
    notes += [*_wrong_before(records), Note(f"delimiter {delimiter!r}")]
    records, above, under = _bare(records)
    notes += [Note("rows above the header were left out", above)] if above else []
    source = in_columns(path.name, records, notes, ended=bool(under) or data.endswith((b"\n", b"\r")))
    return replace(source, rejected={**source.rejected, **under})


def _refuse_strangers(data: bytes, path: Path) -> None:
    """Raise if a file called csv is something else."""
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data or data.isspace():
        raise StudyError(f"{path.name}: the file is empty.")
    for mark, what in STRANGERS.items():
        if start.startswith(mark) or (mark[:1] == b"<" and start.lower().startswith(mark)):
            raise StudyError(f"{path.name}: is {what}.")


def _without_control(text: Text, delimiter: str | None) -> Text:
    """Return a text without control characters other than tab and line ends, and where they were."""
    control = CONTROL.replace((delimiter or "").encode() or b"\n", b"")
    clean = text.data.translate(None, control)
    if len(clean) == len(text.data):
        return text
    table = np.zeros(256, np.bool_)
    table[list(control)] = True
    gone = np.flatnonzero(table[np.frombuffer(text.data, np.uint8)])
    moved: list[tuple[str, Kind, Places]] = [
        (what, kind, places - np.searchsorted(gone, places)) for what, kind, places in text.mended
    ]
    removed: tuple[str, Kind, Places] = ("control characters removed", "normalised", gone - np.arange(len(gone)))
    return Text(clean, text.encoding, [*moved, removed])


def _wrong_before(records: Records) -> list[Note]:
    """Return notes on characters that were lost or garbled before the file was written."""
    if records.data.isascii():
        return []
    counts = {what: len(records.holding(pattern)) for what, pattern in WRONG_BEFORE.items()}
    return [Note(what, rows, "flag") for what, rows in counts.items() if rows]


def _bare(records: Records) -> tuple[Records, int, dict[int, str]]:
    """Return the records without what stands around the table: the number of titles above it, the rules of totals."""
    first = [(int(records.numbers[row]), _filled(records.cells(row))) for row in range(min(len(records), SEARCHED))]
    above = header_place(first) if max((len(cells) for _, cells in first), default=0) > FEWEST_NAMES else 0
    end = len(records)
    while end > above + 1:
        cells = _filled(records.cells(end - 1))
        if len(cells) >= len(first[above][1]) or not TOTAL.fullmatch(cells[0].rstrip(": ")):
            break
        end -= 1
    under = dict.fromkeys(records.numbers[end:].tolist(), UNDER)
    return records.only(slice(above, end)), above, under


def _filled(cells: list[str]) -> tuple[str, ...]:
    """Return the cells that hold something."""
    return tuple(cell.strip() for cell in cells if cell.strip())


def _delimiter(text: str) -> str:
    """Return the delimiter under which most of the first records have the same number of fields, more than one."""
    best, most = ",", (0.0, 1)
    for candidate in DELIMITERS:
        widths = _first_widths(text, candidate)
        usual = max(set(widths), key=widths.count)
        alike = widths.count(usual) / len(widths)
        # A first line without the delimiter is a title above the table, unless the delimiter is a mark in sentences.
        titled = widths[0] == 1
        likely = usual > 2 and widths[widths.index(usual) :].count(usual) >= FEWEST_ALIKE * (
            len(widths) - widths.index(usual)
        )
        if usual > 1 and (likely or not titled) and (alike, usual) > most:
            best, most = candidate, (alike, usual)
    if most[1] > 1:
        return best
    rare = {candidate: set(_first_widths(text, candidate)) for candidate in RARE_DELIMITERS if candidate in text}
    widest = max(rare, key=lambda candidate: min(rare[candidate]) if len(rare[candidate]) == 1 else 0, default=",")
    return widest if widest in rare and len(rare[widest]) == 1 and rare[widest] != {1} else ","


def _first_widths(text: str, delimiter: str) -> list[int]:
    """Return the number of fields of the first records that are not blank, were this the delimiter."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [len(cells) for cells, _ in zip(filter(None, reader), range(FIRST_RECORDS), strict=False)] or [1]
    except csv.Error:
        return [1]


def _records(data: bytes, delimiter: str, path: Path) -> Records:
    """Return the records that are not blank."""
    records = indexed(data, delimiter)
    if records is not None:
        return records
    try:
        return read_strictly(data.decode(), delimiter)
    except csv.Error as error:
        raise StudyError(
            f"{path.name}: a quotation mark at or after line {error} is never closed, or text follows a closing one;"
            " export the file again, or mend that line."
        ) from None
