"""Text to values, one column at a time: the frame that ids, levels, numbers, scores and dates are parsed in.

Work is done on distinct cells, not on rows. Where nearly every cell is distinct (ids, moments, amounts) the plain
spellings are read array-wide, and only the rest cell by cell; both ways give the same values.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.notes import Kind, Note
from cxresearch.schema import Column

SPREADSHEET_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
NO_VALUE = "not a single value"
# What to look for in the texts of a column: what is noted, of which kind, and in which texts it is so.
Finds = dict[tuple[str, Kind], Callable[[str], bool]]


@dataclass(frozen=True)
class Parsed:
    """One column after parsing.

    Attributes
    ----------
    values
        Values on the index of the cells; missing where there is none.
    rules
        The rule that a cell broke, only for the rows in which one did.
    notes
        What was found in the cells or mended, such as declared codes for "no answer".
    hint
        What the study file should say where most of the column cannot be used; "" where nothing is known.
    currencies
        Currencies in which amounts were marked.
    """

    values: pd.Series
    rules: pd.Series
    notes: list[Note] = field(default_factory=list)
    hint: str = ""
    currencies: frozenset[str] = frozenset()


class Plain(NamedTuple):
    """What was read array-wide: values on the index of the cells, which cells are done, and what was noted."""

    values: pd.Series
    done: np.ndarray
    notes: list[Note]


def parse(
    cells: pd.Series,
    column: Column,
    one: Callable[[str], tuple[Any, str]],
    empty: object,
    dtype: str,
    *,
    found: Finds | None = None,
    plain: Callable[[pd.Series], Plain] | None = None,
    cut: Callable[[str], str] = str,
) -> Parsed:
    """Return a column parsed; blanks and declared codes are missing, not wrong.

    Parameters
    ----------
    cells
        Texts, or typed cells where the file types them.
    column
        What the study file says of the column.
    one
        Value and broken rule ("" for none) of one cell in its clean spelling.
    empty, dtype
        The missing value, and the type of all values.
    found
        What to look for in the clean spellings.
    plain
        Reads array-wide what is spelt plainly, to the same values as `one`.
    cut
        Takes off what is not part of a code for no answer, such as its label.
    """
    absent = frozenset(code_text(code).lower() for code in (*column.missing, *column.refused))
    if plain is None or (absent and not is_text(cells)):
        return _by_distinct(cells, absent, one, empty, dtype, found or {}, cut)
    quick = plain(cells.mask(cells.str.lower().isin(absent)) if absent else cells)
    if quick.done.all():
        return Parsed(quick.values, no_rules(), quick.notes)
    rest = _by_distinct(cells[~quick.done], absent, one, empty, dtype, found or {}, cut)
    values = quick.values.copy()
    values.iloc[np.flatnonzero(~quick.done)] = rest.values.array
    return Parsed(values, rest.rules, summed([*quick.notes, *rest.notes]))


def _by_distinct(
    cells: pd.Series,
    absent: frozenset[str],
    one: Callable[[str], tuple[Any, str]],
    empty: object,
    dtype: str,
    found: Finds,
    cut: Callable[[str], str],
) -> Parsed:
    """Return a column parsed cell by distinct cell."""
    if is_nested(cells):
        rules = pd.Series(NO_VALUE, cells.index[cells.notna()], dtype="str")
        return Parsed(pd.Series(empty, cells.index, dtype=dtype), rules)
    codes, distinct = pd.factorize(cells)
    texts = [clean(cell_text(cell)) for cell in distinct.tolist()]
    declared = [bool(absent) and not absent.isdisjoint(_spellings(text, cut)) for text in texts]
    parsed = [(empty, "") if skip or not text else one(text) for text, skip in zip(texts, declared, strict=True)]
    values = pd.Series([empty if rule else value for value, rule in parsed] + [empty], dtype=dtype)
    broken = np.array([bool(rule) for _, rule in parsed] + [False])[codes]
    told = np.array([rule for _, rule in parsed] + [""], dtype=object)[codes[broken]]
    rules = pd.Series(told, cells.index[broken], dtype="str")
    rows = np.bincount(codes[codes >= 0], minlength=len(texts))
    marked = {what: np.array([test(text) for text in texts], bool) for what, test in found.items()}
    marked["declared codes for no answer", "read"] = np.array(declared, bool)
    notes = [Note(what, int(rows[where].sum()), kind) for (what, kind), where in marked.items() if where.any()]
    return Parsed(values.take(codes).set_axis(cells.index), rules, notes)


def no_rules() -> pd.Series:
    """Return that no row broke a rule."""
    return pd.Series([], pd.Index([], dtype="int64"), dtype="str")


def is_text(cells: pd.Series) -> bool:
    """Return whether a column is text, as all columns of a CSV file are."""
    return isinstance(cells.dtype, pd.StringDtype)


def is_nested(cells: pd.Series) -> bool:
    """Return whether the cells of a column are lists or structures, as Parquet files and databases hold them."""
    if cells.dtype != object:
        return False
    return any(isinstance(cell, dict | list | tuple | np.ndarray) for cell in cells.dropna().head(1))


def distinct_texts(cells: pd.Series) -> Counter[str]:
    """Return in how many rows each text stands, blanks left out, in its clean spelling."""
    counts = cells.dropna().value_counts()
    told: Counter[str] = Counter()
    for cell, rows in counts.items():
        told[clean(cell_text(cell))] += int(rows)
    del told[""]
    return told


def summed(notes: list[Note]) -> list[Note]:
    """Return notes of the same words as one, with the rows of all."""
    rows: Counter[tuple[str, Kind, str]] = Counter()
    for note in notes:
        rows[note.note, note.kind, note.column] += note.rows
    return [Note(what, count, kind, column) for (what, kind, column), count in rows.items()]


def names_of(labels: dict[Any, str] | None) -> dict[str, str]:
    """Return value labels by the text of their codes."""
    return {code_text(code): clean(label) for code, label in (labels or {}).items()}


def spreadsheet_rule(text: str) -> str:
    """Return the rule that an error of a spreadsheet's formula breaks."""
    return "an error of a spreadsheet formula" if text in SPREADSHEET_ERRORS else ""


def _spellings(text: str, cut: Callable[[str], str]) -> set[str]:
    """Return the spellings in which a cell may be a declared code."""
    return {code_text(text).lower(), code_text(cut(text)).lower()}
