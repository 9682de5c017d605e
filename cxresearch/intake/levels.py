"""Levels of groups, yes and no, and texts."""

import re
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import Parsed, names_of, no_rules, parse, spreadsheet_rule
from cxresearch.schema import Column

YES = frozenset({"1", "true", "yes", "y", "ja", "finished", "complete", "completed"})
NO = frozenset({"0", "false", "no", "n", "nein", "incomplete", "partial"})
MONTHS = "(?:jan|feb|m[aä]r|mrz|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
# 3-5 people becomes the 3rd of May in a spreadsheet; 6-10 stays.
DAY_OR_MONTH = re.compile(rf"\d{{1,2}}[-. ]+{MONTHS}\.?|{MONTHS}\.?[- ]\d{{2}}", re.IGNORECASE)
RANGE = re.compile(r"\d+ ?(?:[-–—]|to|bis) ?\d+.*|\d+ ?\+.*|[<>≥≤] ?\d+.*", re.IGNORECASE)


def parse_category(cells: pd.Series, column: Column, labels: dict[Any, str] | None = None) -> Parsed:
    """Return levels as text, through the declared codes, else through the file's value labels."""
    back = {code_text(code): level for level, codes in column.codes.items() for code in codes}
    names = names_of(labels)

    def level(text: str) -> tuple[str, str]:
        if back:
            found = back.get(text) or back.get(code_text(text))
            return found or "", "" if found else "not one of the declared codes"
        return names.get(text, text), spreadsheet_rule(text)

    parsed = parse(cells, column, level, pd.NA, "str")
    return Parsed(parsed.values, parsed.rules, [*parsed.notes, *_mangled(parsed.values)])


def parse_flag(cells: pd.Series, column: Column, labels: dict[Any, str] | None = None) -> Parsed:
    """Return 1 for yes and 0 for no: by codes `{yes: [...], no: [...]}`, by the file's labels, or in common words."""
    yes = frozenset(code_text(code).lower() for code in column.codes.get("yes", []))
    no = frozenset(code_text(code).lower() for code in column.codes.get("no", []))
    names = {} if column.codes else {code: label.lower() for code, label in names_of(labels).items()}

    def flag(text: str) -> tuple[float, str]:
        word = code_text(text).lower()
        # A label decides over its code: 1 may be labelled "No".
        word = names[word] if names.get(word) in YES | NO else word
        return (
            (1.0, "") if word in (yes or YES) else (0.0, "") if word in (no or NO) else (np.nan, "neither yes nor no")
        )

    return parse(cells, column, flag, np.nan, "float64")


def parse_text(cells: pd.Series, column: Column) -> Parsed:
    """Return texts as they stand, to be redacted before they are stored; blanks and declared codes missing."""
    absent = {code_text(code).lower() for code in column.missing}

    def text(cell: object) -> object:
        plain = clean(cell_text(cell))
        return pd.NA if not plain or plain.lower() in absent or spreadsheet_rule(plain) else cell_text(cell)

    codes, distinct = pd.factorize(cells)
    values = pd.Series([text(cell) for cell in distinct.tolist()] + [pd.NA], dtype="str")
    return Parsed(values.take(codes).set_axis(cells.index), no_rules())


def parse_given(cells: pd.Series, column: Column) -> Parsed:
    """Return only whether there was a text."""
    return Parsed(parse_text(cells, column).values.notna(), no_rules())


def _mangled(levels: pd.Series) -> list[Note]:
    """Return a note where a spreadsheet took some ranges among the levels for days or months."""
    rows = {clean(str(level)): int(count) for level, count in levels.value_counts().items()}
    days = [level for level in rows if DAY_OR_MONTH.fullmatch(level)]
    if not days or not any(RANGE.fullmatch(level) for level in rows):
        return []
    told = "levels that a spreadsheet turned into days or months; name what they were under `codes:`"
    return [Note(told, sum(rows[level] for level in days), "flag")]
