"""Files whose bytes depend on nothing but their content: no clock, no name of a machine."""

import csv
import gzip
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
from openpyxl import Workbook

ZIP_DATE = (2026, 10, 1, 0, 0, 0)
DOCUMENT_DATE = b"2026-10-01T00:00:00Z"
SAV_DATE, SAV_DATE_AT = b"01 Oct 2600:00:00", 92  # dd mmm yy, then hh:mm:ss, at this byte of the file's header


def csv_bytes(
    records: Iterable[Sequence[str]], *, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\n"
) -> bytes:
    """Return records as CSV; only cells that need quotes get them."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=newline).writerows(records)
    return out.getvalue().encode(encoding)


def gzip_bytes(content: bytes) -> bytes:
    """Return content compressed, without a time."""
    return gzip.compress(content, compresslevel=9, mtime=0)


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as Parquet."""
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", compression_level=15)
    return out.getvalue()


def sav_bytes(frame: pd.DataFrame, **labels: Any) -> bytes:
    """Return a frame as an SPSS file with a fixed date in its header; `labels` are those of `pyreadstat.write_sav`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.sav"
        pyreadstat.write_sav(frame, path, row_compress=True, **labels)
        content = bytearray(path.read_bytes())
    content[SAV_DATE_AT : SAV_DATE_AT + len(SAV_DATE)] = SAV_DATE
    return bytes(content)


def xlsx_bytes(sheets: dict[str, pd.DataFrame]) -> bytes:
    """Return frames as the sheets of a workbook with fixed dates."""
    book = Workbook()
    book.remove(book.active)
    for title, frame in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(list(frame.columns))
        for row in frame.astype(object).itertuples(index=False):
            sheet.append([None if pd.isna(cell) else cell for cell in row])
    raw = io.BytesIO()
    book.save(raw)
    return _undated(raw.getvalue())


def _undated(workbook: bytes) -> bytes:
    """Return a workbook with every date in it set to one day."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", DOCUMENT_DATE, content)
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.create_system = 3  # the same on every operating system
            target.writestr(info, content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()
