"""Read one file as it is: text cells (or typed ones, where the format types them), question wordings, value labels."""

import csv
import gzip
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.strict_yaml import StudyError

DELIMITERS = (",", ";", "\t", "|")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
IMPORT_ID = '{"ImportId"'
FIRST_RECORDS = 20
INVALID_BYTES = "encoding utf-8, with invalid bytes"
# Row numbers count as a spreadsheet shows them: the header is row 1.
FIRST_ROW = 2


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
    """

    file: str
    frame: pd.DataFrame
    wordings: dict[str, str] = field(default_factory=dict)
    labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    missing: dict[str, list[Any]] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    notes: list[tuple[str, int]] = field(default_factory=list)


def read(path: Path, *, delimiter: str | None = None, encoding: str | None = None, sheet: str | None = None) -> Source:
    """Return a file's cells: csv, tsv (both also gzipped), xlsx, parquet or sav.

    Parameters
    ----------
    path
        The file.
    delimiter, encoding
        Of a text file; found from its content by default, and noted.
    sheet
        Of a workbook; the first one by default.

    Raises
    ------
    StudyError
        If the file is none of these, is empty, or cannot be laid out in columns.
    """
    endings = [ending.lower() for ending in path.suffixes]
    if endings[-1:] == [".xlsx"]:
        return _read_xlsx(path, sheet)
    if endings[-1:] == [".parquet"]:
        return _read_parquet(path)
    if endings[-1:] == [".sav"]:
        return _read_sav(path)
    if endings[-1:] in ([".csv"], [".tsv"], [".txt"]) or endings[-2:] in ([".csv", ".gz"], [".tsv", ".gz"]):
        return _read_text(path, delimiter, encoding)
    raise StudyError(f"{path.name}: this kind of file is not read; give csv, tsv (also .gz), xlsx, parquet or sav.")


def _read_text(path: Path, delimiter: str | None, encoding: str | None) -> Source:
    """Return a delimited text file."""
    text, notes = _decoded(path, encoding)
    text, removed = CONTROL.subn("", text)
    notes += [("control characters removed", removed)] if removed else []
    if text.startswith("sep=") and len(text) > 4:
        delimiter = delimiter or text[4]
        text = text.partition("\n")[2]
    delimiter = delimiter or _delimiter(text, path)
    notes.append((f"delimiter {delimiter!r}", 0))
    records = _records(text, delimiter, path)
    return _laid_out(path, records, text.endswith(("\n", "\r")), notes)


def _decoded(path: Path, encoding: str | None) -> tuple[str, list[tuple[str, int]]]:
    """Return a file's text, and how it was encoded."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    _refuse_strangers(data, path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = encoding or "utf-16"
    if encoding:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), [(f"encoding {encoding}", 0)]
        except (UnicodeDecodeError, LookupError):
            raise StudyError(
                f"{path.name}: cannot be read as {encoding}; correct `encoding:` in the study file."
            ) from None
    try:
        return data.decode("utf-8-sig"), [("encoding utf-8", 0)]
    except UnicodeDecodeError:
        return _half_decoded(data, path)


def _half_decoded(data: bytes, path: Path) -> tuple[str, list[tuple[str, int]]]:
    """Return the text of a file that is not UTF-8 throughout: older as a whole, or wrong in single bytes."""
    text = data.decode("utf-8-sig", errors="surrogateescape")
    undecoded = sum("\udc80" <= letter <= "\udcff" for letter in text)
    if undecoded == sum(letter > "\x7f" for letter in text):
        # Not one letter beyond ASCII is valid UTF-8: the file is in an older encoding as a whole.
        try:
            return data.decode("cp1252"), [("encoding cp1252", 0)]
        except UnicodeDecodeError:
            raise StudyError(
                f"{path.name}: is neither UTF-8 nor Windows-1252; name its `encoding:` in the study file."
            ) from None
    return text, [(INVALID_BYTES, 0)]


def _refuse_strangers(data: bytes, path: Path) -> None:
    """Raise if a file called csv is something else."""
    start = data[:512].lstrip().lower()
    if not data.strip():
        raise StudyError(f"{path.name}: the file is empty.")
    if data[:2] == b"PK":
        raise StudyError(f"{path.name}: is a workbook or zip archive by content; rename it .xlsx, or unpack it.")
    if start.startswith((b"<!doctype", b"<html")):
        raise StudyError(
            f"{path.name}: is a web page, perhaps a sign-in page saved instead of the export; export it again."
        )


def _delimiter(text: str, path: Path) -> str:
    """Return the delimiter under which the first records have the same number of fields, more than one."""
    best, most = "", 1
    for candidate in DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=candidate)
        try:
            widths = [len(record) for record, _ in zip(reader, range(FIRST_RECORDS), strict=False) if record]
        except csv.Error:
            continue
        # Title cells and stray delimiters make single records longer or shorter; the usual width decides.
        usual = max(set(widths), key=widths.count) if widths else 1
        if usual > most and widths[0] > 1:
            best, most = candidate, usual
    return best or ","


def _records(text: str, delimiter: str, path: Path) -> list[tuple[int, list[str]]]:
    """Return the records that are not blank, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    number, opened = 0, 1
    try:
        for record in reader:
            number += 1
            if any(cell.strip() for cell in record):
                records.append((number, record))
            opened = reader.line_num + 1
    except csv.Error:
        raise StudyError(
            f"{path.name}: a quotation mark at or after line {opened} is never closed, or text follows a closing one;"
            " export the file again, or mend that line."
        ) from None
    return records


def _laid_out(path: Path, records: list[tuple[int, list[str]]], ended: bool, notes: list[tuple[str, int]]) -> Source:
    """Return records as a frame under their header; Qualtrics' second and third header rows become wordings."""
    if not records:
        raise StudyError(f"{path.name}: the file is empty.")
    header, body = [name.strip() for name in records[0][1]], records[1:]
    wordings: dict[str, str] = {}
    if len(body) > 1 and body[1][1][0].startswith(IMPORT_ID):
        wordings = dict(zip(header, (_one_line(text) for text in body[0][1]), strict=False))
        body = body[2:]
        notes.append(("Qualtrics export with three header rows", 0))
    if header[-1] == "" or (body and all(len(cells) == len(header) + 1 and not cells[-1] for _, cells in body)):
        body = [
            (number, cells[:-1] if len(cells) > len(header) - (header[-1] == "") else cells) for number, cells in body
        ]
        header = [name for name in header if name]
    _refuse_double(header, path)
    fits = [(number, cells) for number, cells in body if len(cells) == len(header)]
    rejected = {
        number: f"{len(cells)} fields where the header has {len(header)}"
        for number, cells in body
        if len(cells) != len(header)
    }
    if not ended and body and len(body[-1][1]) < len(header):
        rejected[body[-1][0]] = "the file ends inside this row"
    if (INVALID_BYTES, 0) in notes:
        rejected |= {number: "not valid UTF-8" for number, cells in fits if any(_is_broken(cell) for cell in cells)}
    good = [(number, cells) for number, cells in fits if number not in rejected]
    if not body:
        raise StudyError(f"{path.name}: there is a header and no rows.")
    frame = pd.DataFrame(
        [cells for _, cells in good], columns=header, index=[number for number, _ in good], dtype="str"
    )
    return Source(path.name, frame, wordings, rejected=rejected, notes=notes)


def _is_broken(cell: str) -> bool:
    """Return whether a cell holds bytes that were not UTF-8."""
    return not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell)


def _one_line(text: str) -> str:
    """Return a text with every run of white space as one blank."""
    return " ".join(text.split())


def _refuse_double(header: list[str], path: Path) -> None:
    """Raise if two columns bear the same name."""
    double = sorted({name for name in header if header.count(name) > 1})
    if double:
        raise StudyError(f"{path.name}: the column {double[0]!r} stands twice; rename one of them in the export.")


def _read_xlsx(path: Path, sheet: str | None) -> Source:
    """Return a sheet as text; whole numbers without `.0`, dates as ISO."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, OSError, KeyError, ValueError) as error:
        raise StudyError(
            f"{path.name}: is no readable Excel workbook ({type(error).__name__}); save it again as .xlsx."
        ) from None
    if sheet is not None and sheet not in book.sheetnames:
        raise StudyError(f"{path.name}: has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}.")
    rows = book[sheet or book.sheetnames[0]].iter_rows(values_only=True)
    records = [(number, [_cell_text(cell) for cell in cells]) for number, cells in enumerate(rows, start=1)]
    given = [(number, cells) for number, cells in records if any(cells)]
    # A workbook stores no empty cells at the end of a row: they are put back, so that no row looks short.
    width = len(given[0][1]) if given else 0
    return _laid_out(path, [(number, cells + [""] * (width - len(cells))) for number, cells in given], True, [])


def _cell_text(cell: object) -> str:
    """Return a cell as the text it stands for."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _read_parquet(path: Path) -> Source:
    """Return a Parquet file, typed as it is."""
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise StudyError(
            f"{path.name}: is no readable Parquet file ({type(error).__name__}); export it again."
        ) from None
    _refuse_double([str(name) for name in frame.columns], path)
    return Source(path.name, frame.set_axis(range(1, len(frame) + 1)))


def _read_sav(path: Path) -> Source:
    """Return an SPSS file: codes as they are, with labels, wordings and declared missing values beside them."""
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_sav(path, user_missing=True, dates_as_pandas_datetime=True)
    except (pyreadstat.ReadstatError, OSError, ValueError) as error:
        raise StudyError(
            f"{path.name}: is no readable SPSS file ({type(error).__name__}); save it again as .sav."
        ) from None
    wordings = {name: _one_line(text) for name, text in meta.column_names_to_labels.items() if text}
    missing: dict[str, list[Any]] = {}
    for name, ranges in meta.missing_ranges.items():
        limits = [(part["lo"], part["hi"]) if isinstance(part, dict) else (part, part) for part in ranges]
        values = frame[name].dropna().unique()
        missing[name] = [value for value in values if any(low <= value <= high for low, high in limits)]
    return Source(
        path.name,
        frame.set_axis(range(1, len(frame) + 1)),
        wordings,
        labels=meta.variable_value_labels,
        missing=missing,
    )
