"""Results that may be refused: a notebook goes on, and its page says in a sentence what is missing."""

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.strict_yaml import StudyError

__all__ = ["NOT_REPORTED", "Refusal", "attempt"]

# How a refusal begins on a page.
NOT_REPORTED = "Not reported: "

# Who calls a function reads its name before the sentence; who reads a page does not know it.
FUNCTION = re.compile(r"^[a-z_]+: ")
# What analysis raises where a study does not have what it needs, in a sentence without a cell of it.
REFUSALS = (StudyError, KeyError, ValueError)


@dataclass(frozen=True)
class Refusal:
    """Stands for a result that could not be had; whatever is done with it gives itself again, and `cx.show` says why.

    Attributes
    ----------
    sentence
        What is missing, and what to do.
    """

    sentence: str

    def __getattr__(self, name: str) -> "Refusal":
        """Return itself for every part and method of a result."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **named: Any) -> "Refusal":
        """Return itself for every method of a result."""
        return self

    def __getitem__(self, key: Any) -> "Refusal":
        """Return itself for every column of a result."""
        return self

    def __iter__(self) -> Iterator["Refusal"]:
        """Return that there is nothing to go through; without it Python would ask for item after item, for ever."""
        return iter(())

    def __len__(self) -> int:
        """Return that there is no row."""
        return 0

    def to_frame(self) -> pd.DataFrame:
        """Return the sentence as the frame of an output."""
        return pd.DataFrame({"sentence": [NOT_REPORTED + FUNCTION.sub("", self.sentence)]})


def attempt(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return what a function returns, or a `Refusal` where the study does not have what it needs.

    Parameters
    ----------
    function
        Of an analysis, such as `cx.segments.bridge`.
    *arguments, **named
        Its arguments; where one of them is a refusal already, the function is not called.

    Examples
    --------
    >>> def needs_revenue(study):
    ...     raise KeyError("the study has no table 'revenue'; add it to the study file.")
    >>> attempt(needs_revenue, None).round(2).sentence
    "the study has no table 'revenue'; add it to the study file."
    """
    for argument in (*arguments, *named.values()):
        if isinstance(argument, Refusal):
            return argument
    try:
        return function(*arguments, **named)
    except REFUSALS as error:
        return Refusal(_sentence(error))


def _sentence(error: Exception) -> str:
    """Return what analysis says is missing; an error for which no sentence was written is one of our own."""
    text = str(error.args[0]) if error.args else ""
    places = traceback.extract_tb(error.__traceback__)
    of_a_library = "site-packages" in places[-1].filename
    if isinstance(error, StudyError) or (text.endswith((".", "?")) and not of_a_library):
        return text
    own = [place for place in places if "site-packages" not in place.filename][-1]
    return (
        f"cxresearch itself failed here ({type(error).__name__} in {Path(own.filename).name}, line {own.lineno}); the "
        "data need not be wrong: please tell who maintains it."
    )
