"""What `init` is given: files, and of a workbook every sheet that holds a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cxresearch.intake.read import read
from cxresearch.intake.source import Source
from cxresearch.intake.workbook import sheets_with_tables
from cxresearch.strict_yaml import StudyError

NOTHING = "holds no answers, no list of customers, no amounts by month and no invitations"
JOINED = (
    "is a second list of customers, and a study has one: put its columns beside those of {file} by {key} first (in "
    "Excel with XLOOKUP), then give `init` that file"
)
SECOND = {
    "responses": "holds answers to other questions than {file}: make a study of its own of it",
    "revenue": "is a second table of amounts, in other columns than {file}: put both into one layout",
    "invitations": "is a second list of invitations, in other columns than {file}: put both into one layout",
}
SAME_BOOK = "has the columns of another sheet of {file}: save each sheet as a file of its own"


def read_exports(paths: Sequence[Path]) -> tuple[list[tuple[Path, Source]], dict[str, str]]:
    """Return path and content of each export, a workbook's sheets one by one, and why sheets were left out.

    Parameters
    ----------
    paths
        The files.

    Raises
    ------
    StudyError
        If a file, or the first sheet of a workbook that holds a table, cannot be read.
    """
    found, left_out = [], {}
    for path in paths:
        found.append((path, read(path)))
        for sheet in sheets_with_tables(path)[1:] if path.suffix.lower() == ".xlsx" else []:
            try:
                found.append((path, replace(read(path, sheet=sheet), sheet=sheet)))
            except StudyError as error:
                left_out[called(path, sheet)] = f"cannot be read ({error})"
    return found, left_out


def called(path: Path, sheet: str) -> str:
    """Return what an export is called in messages."""
    return f"{path.name}, sheet {sheet!r}," if sheet else path.name


def why_second(kind: str, file: str, key: str) -> str:
    """Return why an export has no place beside the table of its kind.

    Parameters
    ----------
    kind
        The table that it would be; "" where it is none.
    file
        The file that is that table.
    key
        Its id of the customers.
    """
    if kind == "customers":
        return JOINED.format(file=file, key=repr(key) if key else "the customer's id")
    return SECOND[kind].format(file=file) if kind else NOTHING


def strongest(strengths: Mapping[str, float]) -> str:
    """Return the table that an export looks most like, "" where it looks like none."""
    best = max(strengths, key=lambda name: strengths[name])
    return best if strengths[best] else ""
