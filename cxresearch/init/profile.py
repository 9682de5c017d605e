"""What a column of an export looks like: its distinct cells, counted once, and what follows from them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cxresearch.init.words import NOT_ASKED, plain, says
from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.numbers import NUMBER
from cxresearch.intake.scores import LABEL_FIRST, LABELLED
from cxresearch.intake.source import Source

# Columns of more distinct cells than this are looked at in a sample of them, evenly spread over the file.
MOST_LEVELS, SAMPLE = 300, 2000
OPTION_SEPARATORS = (";", "|", ", ", ",")


@dataclass(frozen=True)
class Profile:
    """One column of an export.

    Attributes
    ----------
    name, wording
        Its name, and what was asked where the file tells it.
    rows
        Rows of the table.
    tally
        Rows by distinct text, blanks left out; the order is that of the file's first appearance.
    labels
        Value labels by the text of their codes (SPSS).
    declared
        Texts that the file itself declares missing (SPSS).
    dated
        Whether the file types the column as dates.
    place
        Position in the file, from 0.
    """

    name: str
    wording: str
    rows: int
    tally: pd.Series
    labels: dict[str, str]
    declared: frozenset[str]
    dated: bool
    place: int

    @property
    def said(self) -> str:
        """Name and wording together."""
        return f"{self.name} {self.wording}"

    @property
    def distinct(self) -> int:
        """Distinct texts."""
        return len(self.tally)

    @cached_property
    def filled(self) -> int:
        """Rows that are not blank."""
        return int(self.tally.sum())

    @cached_property
    def sample(self) -> list[str]:
        """Distinct texts: all, or an even sample of them."""
        return [clean(text) for text in self.tally.index[:: max(1, self.distinct // SAMPLE)].tolist()]

    @cached_property
    def levels(self) -> Counter[str]:
        """Rows by cleaned text, for columns of few distinct ones; empty for others."""
        found: Counter[str] = Counter()
        for text, rows in self.tally.items() if self.distinct <= MOST_LEVELS else ():
            found[code_text(str(text))] += int(rows)
        return found

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Number by text, for those levels that are one, alone or before a label; declared missing ones left out."""
        found = {text: number_in(text) for text in self.levels if text not in self.declared}
        return {text: number for text, number in found.items() if number is not None}

    @cached_property
    def words(self) -> list[str]:
        """Levels that are no numbers and do not stand for "no answer"."""
        return [
            text
            for text in self.levels
            if text not in self.numbers and text not in self.declared and not stands_for_none(text)
        ]

    @cached_property
    def numeric(self) -> float:
        """Share of the sampled distinct texts that are plain numbers."""
        texts = self.sample
        return sum(bool(NUMBER.fullmatch(text)) for text in texts) / max(1, len(texts))

    @cached_property
    def length(self) -> float:
        """Mean number of letters of the sampled texts."""
        return sum(map(len, self.sample)) / max(1, len(self.sample))

    @property
    def once(self) -> float:
        """Share of the rows that hold a text of their own."""
        return self.distinct / max(1, self.filled)

    def says(self, role: str) -> bool:
        """Return whether name or wording hold a word of a role."""
        return says(self.name, role) or says(self.wording, role)


def number_in(text: str) -> float | None:
    """Return the number that a cell is, alone or with a label before or behind it.

    Examples
    --------
    >>> number_in("7"), number_in("10 - Extremely likely"), number_in("Mostly (4)"), number_in("Q3 2026")
    (7.0, 10.0, 4.0, None)
    """
    match = LABELLED.fullmatch(text) or LABEL_FIRST.fullmatch(text)
    return float(text) if NUMBER.fullmatch(text) else float(match[1]) if match else None


def stands_for_none(text: str) -> bool:
    """Return whether a cell says in words that there is no answer, in any of five languages.

    Examples
    --------
    >>> stands_for_none("Don't know"), stands_for_none("k. A."), stands_for_none("never")
    (True, True, False)
    """
    return bool(NOT_ASKED.fullmatch(plain(text)))


def shape(text: str) -> str:
    """Return what a cell looks like without what it says: 9 for digits, a for letters.

    Examples
    --------
    >>> shape("03/11/2026 14:05"), shape("Ann Ö.")
    ('99/99/9999 99:99', 'aaa a.')
    """
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text)


def shapes(profile: Profile, most: int = 2) -> str:
    """Return the most frequent shapes of a column's cells, for people to recognise; long texts only as "text"."""
    found = Counter(shape(text) if len(text) <= 24 else "text" for text in profile.sample)
    return " or ".join(repr(one) for one, _ in found.most_common(most))


def profiles(sources: Iterable[Source]) -> dict[str, Profile]:
    """Return the columns of one table by name, over all of its files.

    Parameters
    ----------
    sources
        Its files as read; a column that some of them lack is looked at in the others.
    """
    files = list(sources)
    names = list(dict.fromkeys(str(column) for source in files for column in source.frame.columns))
    rows = sum(len(source.frame) for source in files)
    return {name: _profile(name, place, files, rows) for place, name in enumerate(names)}


def _profile(name: str, place: int, files: list[Source], rows: int) -> Profile:
    """Return one column over all files."""
    holding = [source for source in files if name in source.frame]
    tally = pd.concat([_tally(source.frame[name]) for source in holding])
    if len(holding) > 1:
        tally = tally.groupby(level=0, sort=False).sum()
    labels = {
        code_text(code): clean(str(label)) for source in holding for code, label in source.labels.get(name, {}).items()
    }
    declared = {code_text(value) for source in holding for value in source.missing.get(name, [])}
    wording = next((source.wordings[name] for source in holding if source.wordings.get(name)), "")
    dated = all(pd.api.types.is_datetime64_any_dtype(source.frame[name]) for source in holding)
    return Profile(name, " ".join(wording.split()), rows, tally, labels, frozenset(declared), dated, place)


def _tally(cells: pd.Series) -> pd.Series:
    """Return rows by distinct text, blanks left out."""
    try:
        counts = cells.value_counts(sort=False)
    except TypeError:  # lists or other things that cannot be compared: no column to use
        return pd.Series(dtype="int64", index=pd.Index([], dtype="str"))
    texts = counts.index if isinstance(cells.dtype, pd.StringDtype) else [cell_text(cell) for cell in counts.index]
    tally = pd.Series(counts.to_numpy(), index=pd.Index(texts, dtype="str"))
    return tally[tally.index.str.strip() != ""]
