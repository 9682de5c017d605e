"""How far long work has come: a bar for people in a terminal or in JupyterLab, nothing in a report."""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["QUIET", "tracked"]

# Set in the environment of a report's notebooks, whose pages hold results only.
QUIET = "CXRESEARCH_QUIET"
Step = TypeVar("Step")


def tracked(steps: Iterable[Step], what: str, total: int, *, hidden: bool = False) -> Iterator[Step]:
    """Return steps one after the other, with a bar that vanishes at the end.

    Parameters
    ----------
    steps
        The steps, which may still be worked on while they are asked for.
    what
        What is done, beside the bar: "Embedding texts".
    total
        Number of steps.
    hidden
        Whether the work is too short for a bar.

    Examples
    --------
    >>> sum(tracked(iter([1, 2, 3]), "Adding", 3, hidden=True))
    6
    """
    if hidden or QUIET in os.environ:
        return iter(steps)
    from rich import get_console
    from rich.progress import track

    # Written to a file, a bar would leave an empty line.
    if not (get_console().is_terminal or get_console().is_jupyter):
        return iter(steps)
    return iter(track(steps, what, total=total, transient=True))
