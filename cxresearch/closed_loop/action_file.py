"""The action list on disk: for the service team alone, outside of all that is published or kept in git."""

import csv
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.cache import write_atomic
from cxresearch.closed_loop.actions import ActionList
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.study import project_root

__all__ = ["write"]

# A cell that begins so is taken for a formula when a spreadsheet reads it.
LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_000


def write(actions: ActionList, folder: str | Path, name: str) -> list[Path]:
    """Write an action list as CSV and XLSX that only their owner can read.

    Parameters
    ----------
    actions
        As `cx.closed_loop.action_list` gives it.
    folder
        Outside `reports/`, and outside of what git keeps of the project.
    name
        Of both files, without ending.

    Returns
    -------
    list of Path
        The two files, mode 0600. What looks like a formula is text: with an apostrophe before it in the CSV, marked as
        text in the workbook.

    Raises
    ------
    StudyError
        If the folder is one that is published or committed, or one of the files is there already, with people's notes.
    """
    target = Path(folder).resolve()
    _refuse_public(target)
    files = [target / f"{name}.csv", target / f"{name}.xlsx"]
    for path in files:
        if path.exists():
            raise StudyError(f"{shown(path)}: is there already, and may hold notes; move it, or give another --out.")
    rows = _plain(actions.rows)
    write_atomic(files[0], lambda path: _write_csv(rows, path))
    write_atomic(files[1], lambda path: _write_workbook(rows, path))
    return files


def _refuse_public(folder: Path) -> None:
    """Refuse a folder that is published, or that git would take in."""
    if "reports" in folder.parts:
        raise StudyError(f"{shown(folder)}: reports name no customers; name a folder outside of reports/.")
    root = project_root()
    if not folder.is_relative_to(root):
        return
    asked = ["git", "-C", str(root), "check-ignore", "-q", str(folder / "actions.csv")]
    try:
        ignored = subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        ignored = False
    if not ignored:
        raise StudyError(
            f"{shown(folder)}: lies in the project, where git would keep who is to be called; name a folder outside."
        )


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as people read them: days for moments, whole money, yes and no."""
    found = rows.copy()
    for name in found.columns:
        if pd.api.types.is_datetime64_any_dtype(found[name].dtype):
            found[name] = found[name].dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_bool_dtype(found[name].dtype):
            found[name] = found[name].map({True: "yes", False: "no"})
    if "value_at_risk" in found:
        found["value_at_risk"] = found["value_at_risk"].round(2)
    return found


def _write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows in UTF-8 with the mark by which spreadsheets know it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows.columns)
        writer.writerows([_safe(value) for value in row] for row in rows.itertuples(index=False))


def _safe(value: Any) -> Any:
    """Return a cell that no spreadsheet runs."""
    if pd.isna(value):
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(LIKE_A_FORMULA) else value


def _write_workbook(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as one sheet: texts as texts, numbers as numbers, the heading in sight."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    sheet.title = "Actions"
    sheet.append(list(rows.columns))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        for place, value in enumerate(row, start=1):
            if pd.isna(value):
                continue
            cell = sheet.cell(number, place)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
                cell.data_type, cell.quotePrefix = "s", value.startswith(LIKE_A_FORMULA)
            else:
                cell.value = value
    sheet.freeze_panes, sheet.auto_filter.ref = "A2", sheet.dimensions
    book.save(path)
