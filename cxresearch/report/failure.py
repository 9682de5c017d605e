"""Why a run failed, in one sentence that tells the place and never the data."""

import linecache
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cxresearch.report.notebook import Cell, heading_above
from cxresearch.report.plan import PACKAGE

# Our own exceptions of these classes carry sentences without data; whatever else is raised may quote a cell value.
TELLING = frozenset({"ValueError", "KeyError", "TypeError", "StudyError"})
ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"^(?:File (?P<file>.+?):(?P<line>\d+)(?:, in .*)?|Cell In ?\[\d+\], line \d+.*)$", re.MULTILINE)


class ReportError(Exception):
    """A run that failed, in one sentence."""


def place(name: str, cells: tuple[Cell, ...], number: int) -> str:
    """Return where a notebook stopped, as a reader finds it: the cell's number (0: none yet) and the heading above it.

    Examples
    --------
    >>> place("03-drivers", (Cell("markdown", "## What drives it?", (), 0), Cell("code", "1", (), 1)), 1)
    '03-drivers.ipynb, cell 1 under "What drives it?"'
    """
    if number == 0:
        return f"{name}.ipynb, before its first cell"
    heading = heading_above(cells, number)
    return f"{name}.ipynb, cell {number}" + (f' under "{heading}"' if heading else "")


def exception_words(kind: str, message: str, traceback: Sequence[str]) -> str:
    """Return what to say of an exception: its class, and its message only where it is a sentence of our own.

    Parameters
    ----------
    kind, message
        Class name and text of the exception.
    traceback
        The kernel's formatted traceback.
    """
    if kind.endswith("MemoryError"):
        return "memory ran out; give it more with --memory, or let the cell hold less at once"
    if kind in TELLING and _raised_by_us("\n".join(traceback)):
        return f"{kind}: {_unquoted(message)}"
    return f"{kind} was raised"


def stray_output(cells: tuple[Cell, ...], outputs: dict[int, list[Any]], mime: str) -> tuple[int, str]:
    """Return the number of the first shown cell with an output that is no result, and what is wrong; (0, "") if none.

    Parameters
    ----------
    cells
        The notebook's cells.
    outputs
        The outputs of each code cell by its number, as the notebook format writes them.
    mime
        The type under which a result travels.
    """
    for cell in cells:
        for output in outputs[cell.number] if cell.kind == "code" and cell.shown else ():
            if output["output_type"] == "stream":
                return cell.number, f"wrote to {output['name']}; only cx.show may put something on a page"
            if output["output_type"] == "error":
                return cell.number, f"{output['ename']} was raised"
            if mime not in output.get("data", {}):
                return cell.number, "shows a value without cx.show; show it, or assign it to a name"
    return 0, ""


def _raised_by_us(traceback: str) -> bool:
    """Return whether the innermost frame is a `raise` statement of this package."""
    frames = list(FRAME.finditer(ANSI.sub("", traceback)))
    if not frames or frames[-1]["file"] is None:
        return False
    path = Path(frames[-1]["file"]).expanduser()
    # A KeyError of a plain lookup in our code carries the key, which may be a cell value: only `raise` is ours.
    line = linecache.getline(str(path), int(frames[-1]["line"])).strip()
    return path.resolve().is_relative_to(PACKAGE.resolve()) and line.startswith("raise ")


def _unquoted(message: str) -> str:
    """Return a message in one line, without the quotes that KeyError adds and without its full stop."""
    text = " ".join(message.split())
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (text[1:-1] if quoted else text).rstrip(".")
