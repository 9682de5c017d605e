"""Read one file as it is: text cells (or typed ones, where the format types them), question wordings, value labels."""

from pathlib import Path

from cxresearch.intake.archive import unzipped
from cxresearch.intake.delimited import read_delimited
from cxresearch.intake.parquet import Needed, read_parquet
from cxresearch.intake.source import Source
from cxresearch.intake.spss import read_sav
from cxresearch.strict_yaml import StudyError

TEXT = (".csv", ".tsv", ".txt")
# How workbooks begin: zip archives, and the older or encrypted kind that is refused with a sentence of its own.
WORKBOOK = (b"PK", b"\xd0\xcf\x11\xe0")


def read(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    needed: Needed = list,
) -> Source:
    """Return a file's cells: csv, tsv, txt (also gzipped), xlsx, parquet, sav, or one of them in a zip archive.

    Parameters
    ----------
    path
        The file.
    delimiter, encoding
        Of a text file; found from its content by default, and noted. The encoding also of a SPSS file.
    sheet
        Of a workbook; the first one by default.
    needed
        Gives, of the names of all columns, those to read, where a file can be read in part (parquet); all by default.

    Raises
    ------
    StudyError
        If the file is none of these, is empty, or cannot be laid out in columns.
    """
    endings = [ending.lower() for ending in path.suffixes]
    ending = endings[-2] if endings[-1:] == [".gz"] and len(endings) > 1 else "".join(endings[-1:])
    if ending in TEXT:
        return read_delimited(path, delimiter, encoding)
    if endings[-1:] == [".zip"]:
        with unzipped(path) as member:
            return read(member, delimiter=delimiter, encoding=encoding, sheet=sheet, needed=needed)
    if endings[-1:] == [".xlsx"]:
        _refuse_text(path)
        from cxresearch.intake.workbook import read_workbook

        return read_workbook(path, sheet)
    if endings[-1:] == [".parquet"]:
        return read_parquet(path, needed)
    if endings[-1:] in ([".sav"], [".zsav"]):
        return read_sav(path, encoding)
    raise StudyError(
        f"{path.name}: this kind of file is not read; give csv, tsv (also .gz), xlsx, parquet, sav or zip."
    )


def _refuse_text(path: Path) -> None:
    """Raise if a file called xlsx is text."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start and not start.startswith(WORKBOOK) and b"\0" not in start.removeprefix(b"\xff\xfe"):
        raise StudyError(f"{path.name}: is no workbook but text by content; rename it .csv.")
