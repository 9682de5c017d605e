"""What a notebook shows of an error of ours: its sentence, without the way through the package to it. No pandas.

A slip such as a metric's misspelt name needs one sentence, not forty lines of traceback. Errors that are no sentence of
ours, a report's notebooks and other programs are left alone; `%debug` still leads to the place.
"""

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from cxresearch.progress import QUIET

__all__ = ["tell_in_sentences"]

PACKAGE = Path(__file__).resolve().parent
# The classes under which the package says what is wrong with what it was given.
TELLING = (KeyError, TypeError, ValueError)


def tell_in_sentences() -> None:
    """Let the notebook in which we run, if any, show our errors as their sentences."""
    # Outside of IPython nothing is imported for this; another extension's way with errors is left as it is.
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and not shell.custom_exceptions and QUIET not in os.environ:
        shell.set_custom_exc(TELLING, _tell)


def _tell(shell: Any, kind: type[Exception], error: Any, trace: TracebackType, tb_offset: int | None = None) -> None:
    """Show an error: by its sentence where it is ours, else as ever."""
    if _is_ours(error, trace):
        error._render_traceback_ = lambda: [f"{kind.__name__}: {error.args[0]}"]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _is_ours(error: Exception, trace: TracebackType) -> bool:
    """Return whether an error was raised by a `raise` of this package, with a sentence."""
    where = traceback.extract_tb(trace)[-1]
    is_raised_here = PACKAGE in Path(where.filename).parents and (where.line or "").startswith("raise ")
    return is_raised_here and len(error.args) == 1 and isinstance(error.args[0], str)
