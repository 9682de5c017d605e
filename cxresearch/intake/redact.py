"""Free text without the personal data in it, before anything of a study is stored.

Texts are brought into one spelling, redacted, then cut, in this order: half an address would be no address any more.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from cxresearch.intake.personal.contact import contacts
from cxresearch.intake.personal.span import Span, replaced
from cxresearch.intake.personal.spelling import one_spelling
from cxresearch.schema import Study

# Columns that hold free text, by the names they have after intake.
TEXTS = ("verbatim", "translation")
NUMBER = re.compile(r"(?<![\w])\+?\(?\d(?:[ ()./-]{0,2}\d){6,24}(?!\w)")
REDACTED = ["table", "column", "kind", "items", "texts"]


class Redaction(NamedTuple):
    """A text without the personal data found in it, and the kind of each that was."""

    text: str
    kinds: list[str]


def redact(text: str) -> Redaction:
    """Return a text with a placeholder such as `[email]` where personal data stood."""
    text, kinds = one_spelling(text), []
    for find in (contacts, _numbers):
        text, found = replaced(text, find(text))
        kinds += found
    return Redaction(text, kinds)


def redacted(frames: Mapping[str, pd.DataFrame], study: Study) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the tables of a study with their texts redacted and without people's names, and what was found in them.

    Parameters
    ----------
    frames
        The accepted tables; not changed.
    study
        The study file.

    Returns
    -------
    dict of pandas.DataFrame, pandas.DataFrame
        The tables; and by `table`, `column` and `kind` the number of `items` and of `texts` that held one.
    """
    done, counts = {}, []
    for name, frame in frames.items():
        made = {}
        for column in (column for column in TEXTS if column in frame):
            made[column], found = _column(frame[column])
            counts += [(name, column, *one) for one in found]
        done[name] = frame.drop(columns="name", errors="ignore").assign(**made)
    return done, pd.DataFrame(counts, columns=REDACTED)


def _column(texts: pd.Series) -> tuple[pd.Series, list[tuple[str, int, int]]]:
    """Return texts redacted, each distinct one once; and by kind how many items and texts were found."""
    codes, distinct = pd.factorize(texts)
    found = [redact(text) for text in distinct]
    values = pd.Series([one.text for one in found] + [pd.NA], dtype="str")
    rows = np.bincount(codes[codes >= 0], minlength=len(found))
    items: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for one, times in zip(found, rows.tolist(), strict=True):
        for kind, count in Counter(one.kinds).items():
            items[kind] += count * times
            held[kind] += times
    return values.take(codes).set_axis(texts.index), [(kind, items[kind], held[kind]) for kind in sorted(items)]


def _numbers(text: str) -> list[Span]:
    """Return long numbers."""
    return [Span(*found.span(), "number") for found in NUMBER.finditer(text)]
