"""Read one file as it is: text cells (or typed ones, where the format types them), question wordings, value labels."""

from pathlib import Path

from cxresearch.intake.delimited import read_delimited
from cxresearch.intake.parquet import read_parquet
from cxresearch.intake.source import Source
from cxresearch.intake.spss import read_sav
from cxresearch.strict_yaml import StudyError


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
        from cxresearch.intake.workbook import read_workbook

        return read_workbook(path, sheet)
    if endings[-1:] == [".parquet"]:
        return read_parquet(path)
    if endings[-1:] in ([".sav"], [".zsav"]):
        return read_sav(path)
    if endings[-1:] in ([".csv"], [".tsv"], [".txt"]) or endings[-2:] in ([".csv", ".gz"], [".tsv", ".gz"]):
        return read_delimited(path, delimiter, encoding)
    raise StudyError(f"{path.name}: this kind of file is not read; give csv, tsv (also .gz), xlsx, parquet or sav.")
