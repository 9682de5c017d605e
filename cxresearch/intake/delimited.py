"""Delimited text files, plain or gzipped: encoding and delimiter found, records read strictly."""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path

from cxresearch.intake.notes import Note
from cxresearch.intake.source import INVALID_BYTES, Record, Source, laid_out
from cxresearch.strict_yaml import StudyError

DELIMITERS = (",", ";", "\t", "|")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
SEP_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)")
FIRST_RECORDS = 20
GZIP = b"\x1f\x8b"
# The csv module refuses cells over 128 kB by default; a pasted log or mail thread is longer.
LONGEST_CELL = 2**30
# What a file called csv may be by its first bytes, and what to do about it.
STRANGERS = {
    b"PK": "a workbook or zip archive by content; rename it .xlsx, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old or protected Excel workbook by content; save it again as .xlsx without a password",
    b"PAR1": "a Parquet file by content; rename it .parquet",
    b"$FL": "an SPSS file by content; rename it .sav",
    b"%PDF": "a PDF by content; export the table as CSV",
    b"\x80\x03": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
    b"\x80\x04": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
    b"\x80\x05": "a Python pickle by content, which is never opened; export the table as CSV or Parquet",
}
# Text in a one-byte encoding or UTF-8 holds hardly any NUL; UTF-16 of western text holds one in two.
MOST_NUL = 0.2


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
    text, notes = _decoded(path, encoding)
    text, removed = CONTROL.subn("", text)
    notes += [Note("control characters removed", removed, "normalised")] if removed else []
    if line := SEP_LINE.match(text):
        delimiter = delimiter or line[1]
        text = text[line.end() :]
    delimiter = delimiter or _delimiter(text)
    notes.append(Note(f"delimiter {delimiter!r}"))
    records = _records(text, delimiter, path)
    return laid_out(path.name, records, notes, ended=text.endswith(("\n", "\r")))


def _decoded(path: Path, encoding: str | None) -> tuple[str, list[Note]]:
    """Return a file's text, and how it was encoded."""
    data = _unpacked(path)
    _refuse_strangers(data, path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = encoding or "utf-16"
    if encoding:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), [Note(f"encoding {encoding}")]
        except UnicodeError:
            raise StudyError(
                f"{path.name}: cannot be read as {encoding}; correct `encoding:` in the study file."
            ) from None
    if data[:4096].count(0) > MOST_NUL * len(data[:4096]):
        raise StudyError(
            f"{path.name}: looks like UTF-16 without its mark; write `encoding: utf-16-le` in the study file."
        )
    try:
        return data.decode("utf-8-sig"), [Note("encoding utf-8")]
    except UnicodeDecodeError:
        return _half_decoded(data, path)


def _unpacked(path: Path) -> bytes:
    """Return a file's bytes, decompressed if they are gzipped."""
    data = path.read_bytes()
    if not data.startswith(GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error):
        raise StudyError(f"{path.name}: the gzip file is cut off or damaged; copy or export it again.") from None


def _half_decoded(data: bytes, path: Path) -> tuple[str, list[Note]]:
    """Return the text of a file that is not UTF-8 throughout: older as a whole, or wrong in single bytes."""
    text = data.decode("utf-8-sig", errors="surrogateescape")
    undecoded = sum("\udc80" <= letter <= "\udcff" for letter in text)
    if undecoded == sum(letter > "\x7f" for letter in text):
        # Not one letter beyond ASCII is valid UTF-8: the file is in an older encoding as a whole.
        try:
            return data.decode("cp1252"), [Note("encoding cp1252")]
        except UnicodeDecodeError:
            raise StudyError(
                f"{path.name}: is neither UTF-8 nor Windows-1252; name its `encoding:` in the study file."
            ) from None
    return text, [INVALID_BYTES]


def _refuse_strangers(data: bytes, path: Path) -> None:
    """Raise if a file called csv is something else."""
    start = data[:512].lstrip().lower()
    if not data.strip():
        raise StudyError(f"{path.name}: the file is empty.")
    for mark, what in STRANGERS.items():
        if data.startswith(mark):
            raise StudyError(f"{path.name}: is {what}.")
    if start.startswith((b"<!doctype", b"<html")):
        raise StudyError(
            f"{path.name}: is a web page, perhaps a sign-in page saved instead of the export; export it again."
        )


def _delimiter(text: str) -> str:
    """Return the delimiter under which the first records have the same number of fields, more than one."""
    best, most = "", 1
    csv.field_size_limit(LONGEST_CELL)
    for candidate in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=candidate)
        widths = [len(record) for record, _ in zip(reader, range(FIRST_RECORDS), strict=False) if record]
        # Title cells and stray delimiters make single records longer or shorter; the usual width decides.
        usual = max(set(widths), key=widths.count) if widths else 1
        if usual > most and widths[0] > 1:
            best, most = candidate, usual
    return best or ","


def _records(text: str, delimiter: str, path: Path) -> list[Record]:
    """Return the records that are not blank, with their numbers as a spreadsheet shows them: the header is 1."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    opened = 1
    try:
        for number, record in enumerate(reader, start=1):
            if any(map(str.strip, record)):
                records.append((number, record))
            opened = reader.line_num + 1
    except csv.Error:
        raise StudyError(
            f"{path.name}: a quotation mark at or after line {opened} is never closed, or text follows a closing one;"
            " export the file again, or mend that line."
        ) from None
    return records
