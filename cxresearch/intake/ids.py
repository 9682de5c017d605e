"""Ids, as text that is the same in every table."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from cxresearch.intake.cells import EXACT_BELOW
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import Parsed, Plain, is_text, parse, spreadsheet_rule
from cxresearch.schema import Column

# What a spreadsheet makes of a long id: 5.70306E+17.
SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,}")
# A spreadsheet keeps fifteen digits and writes zeros for the rest.
ROUNDED, ROUNDED_SHARE, FEWEST_ROUNDED = r"\d{15}0+", 0.95, 10
LONG = r"\d{16,}"
FLOATS, POINT_ZERO = r"\s*(?:\d+\.0)?\s*", r"\.0\s*$"
PLAIN = r"[0-9A-Za-z_-]+"
UPPER = Note("ids in small letters, matched in capitals", 0, "normalised")
APOSTROPHE = Note("apostrophes before ids cut off", 0, "normalised")


def parse_id(cells: pd.Series, column: Column, *, fold: bool = False) -> Parsed:
    """Return ids as text in one spelling; blanks missing.

    Leading zeros and all digits stay. Blanks at the ends, invisible characters, other forms of the same letter or digit
    and the apostrophe by which spreadsheets mark text go. Where a table of floats put `.0` behind every id it goes too.
    With `fold` an id written in small letters alone is put in capitals, so that `c17` and `C17` are one customer; an id
    of both keeps them, because in such ids (Salesforce's, Qualtrics') the case tells one from another.
    """
    cells, notes = _as_text(cells), []
    if is_text(cells) and cells.str.endswith(".0").any() and cells.str.fullmatch(FLOATS).all():
        notes = [Note("ids that a table of floats ended in .0", int(cells.str.endswith(".0").sum()), "normalised")]
        cells = cells.str.replace(POINT_ZERO, "", regex=True)

    def identity(text: str) -> tuple[str, str]:
        text = text.removeprefix("'")
        if SHORTENED.fullmatch(text):
            return "", "a number that lost its last digits; export it as text"
        return (text.upper() if fold and text.islower() else text), spreadsheet_rule(text)

    def plain(cells: pd.Series) -> Plain:
        done = cells.str.fullmatch(PLAIN).to_numpy(bool)
        values = cells.where(done) if not done.all() else cells
        small = _small(values) if fold else np.zeros(len(cells), bool)
        if small.any():
            values = values.mask(small, values.str.upper())
        return Plain(values, done, [UPPER._replace(rows=int(small.sum()))] if small.any() else [])

    found = {(APOSTROPHE.note, APOSTROPHE.kind): lambda text: text.startswith("'")}
    if fold:
        found[UPPER.note, UPPER.kind] = lambda text: text.removeprefix("'").islower()
    parsed = parse(cells, column, identity, pd.NA, "str", found=found, plain=plain if is_text(cells) else None)
    return Parsed(parsed.values, parsed.rules, [*notes, *parsed.notes, *_rounded(parsed.values)])


def _as_text(cells: pd.Series) -> pd.Series:
    """Return whole numbers as their texts, array-wide; other cells as they are."""
    if pd.api.types.is_float_dtype(cells) and cells.mod(1).eq(0).eq(cells.notna()).all():
        cells = cells.astype("Int64") if cells.abs().max() < EXACT_BELOW else cells
    if not pd.api.types.is_integer_dtype(cells):
        return cells
    return pd.Series(pa.array(cells).cast(pa.large_string()), cells.index, dtype="str")


def _small(ids: pd.Series) -> np.ndarray:
    """Return which ids hold small letters and no capitals."""
    small = ids.str.contains("[a-z]").to_numpy(bool)
    return small & ~ids.str.contains("[A-Z]").to_numpy(bool) if small.any() else small


def _rounded(ids: pd.Series) -> list[Note]:
    """Return a note where nearly all long ids have lost their last digits, so that several may have become one."""
    long = ids.str.fullmatch(LONG).to_numpy(bool)
    rounded = int(ids[long].str.fullmatch(ROUNDED).sum()) if long.any() else 0
    if rounded < FEWEST_ROUNDED or rounded < ROUNDED_SHARE * long.sum():
        return []
    return [Note("long ids end in zeros, as a spreadsheet rounds them: several may have become one", rounded, "flag")]
