"""Text to values, one column at a time, by what the study file says the column holds.

Work is done on distinct cells, not on rows. Each function returns `Parsed`: the values, and for each cell that is
none the rule it broke.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cxresearch.schema import Column

INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
LABELLED = re.compile(r"(\d{1,3})\s*(?:[-–—:=.)]\s*|\s\()\s*[^\W\d].*", re.DOTALL)
OFFSET = re.compile(r"(?:Z|[+-]\d{2}:?\d{2})$")
ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?")
YES = frozenset({"1", "true", "yes", "y", "ja", "finished", "complete", "completed"})
NO = frozenset({"0", "false", "no", "n", "nein", "incomplete", "partial"})
EARLIEST_YEAR = {"since": 1900}
EARLIEST = 1990
# On longer scales (sliders) people leave answers between the whole numbers.
WHOLE_NUMBERS_UP_TO = 20


@dataclass(frozen=True)
class Parsed:
    """One column after parsing.

    Attributes
    ----------
    values
        Values on the index of the cells; missing where there is none.
    rules
        "" where the cell was used or was blank, else the rule that it broke.
    declared
        Number of cells that held a declared code for "no answer".
    labelled
        Number of cells from which a label was cut, as in "10 - Extremely likely".
    """

    values: pd.Series
    rules: pd.Series
    declared: int = 0
    labelled: int = 0


def clean(text: str) -> str:
    """Return a cell in one spelling: compatibility forms folded, invisible characters gone, blanks single.

    Examples
    --------
    >>> clean("\uff11\uff10\u00a0")
    '10'
    """
    if text.isascii() and "  " not in text:
        return text.strip()
    return " ".join(unicodedata.normalize("NFKC", text.translate(INVISIBLE)).split())


def parse_id(cells: pd.Series, column: Column) -> Parsed:
    """Return ids as text: leading zeros kept, whole floats without `.0`, blanks missing."""
    return _parse(cells, column, lambda text: (text, ""), pd.NA, "str")


def parse_category(cells: pd.Series, column: Column, labels: dict[Any, str] | None = None) -> Parsed:
    """Return levels as text, through the declared codes, else through the file's value labels."""
    back = {clean(str(code)): level for level, codes in column.codes.items() for code in codes}
    names = {_text(code): clean(label) for code, label in (labels or {}).items()}

    def level(text: str) -> tuple[str, str]:
        if back:
            return back.get(text, ""), "" if text in back else "not one of the declared codes"
        return names.get(text, text), ""

    return _parse(cells, column, level, pd.NA, "str")


def parse_score(cells: pd.Series, column: Column, scale: tuple[float, float]) -> Parsed:
    """Return answers on a scale, higher always better.

    A label behind the number is cut; anything else that is no whole number of the scale breaks a rule. Reversed scales
    are turned round.
    """
    low, high = scale
    whole = high - low <= WHOLE_NUMBERS_UP_TO

    def score(text: str) -> tuple[float, str]:
        value, rule = _number(text, column.decimal)
        if rule and (match := LABELLED.fullmatch(text)):
            value, rule = float(match[1]), ""
        if rule:
            return np.nan, rule
        if whole and not value.is_integer():
            return np.nan, "not a whole number"
        if not low <= value <= high:
            return np.nan, f"outside {low:g}–{high:g}"
        return low + high - value if column.reversed else value, ""

    parsed = _parse(cells, column, score, np.nan, "float64")
    labelled = 0 if pd.api.types.is_numeric_dtype(cells) else int(cells.dropna().str.fullmatch(LABELLED.pattern).sum())
    return Parsed(parsed.values, parsed.rules, parsed.declared, labelled)


def parse_number(cells: pd.Series, column: Column) -> Parsed:
    """Return numbers; thousands marks are understood, infinities and words break a rule."""
    if pd.api.types.is_numeric_dtype(cells) and not column.missing:
        values = cells.astype("float64")
        return Parsed(values, pd.Series(np.where(np.isinf(values), "not a number", ""), cells.index, dtype="str"))
    return _parse(cells, column, lambda text: _number(text, column.decimal), np.nan, "float64")


def parse_flag(cells: pd.Series, column: Column) -> Parsed:
    """Return 1 for yes and 0 for no, in common words or by codes `{yes: [...], no: [...]}`."""
    yes = frozenset(clean(str(code)).lower() for code in column.codes.get("yes", [])) or YES
    no = frozenset(clean(str(code)).lower() for code in column.codes.get("no", [])) or NO

    def flag(text: str) -> tuple[float, str]:
        word = text.lower()
        return (1.0, "") if word in yes else (0.0, "") if word in no else (np.nan, "neither yes nor no")

    return _parse(cells, column, flag, np.nan, "float64")


def parse_text(cells: pd.Series, column: Column) -> Parsed:
    """Return only whether there was a text: until redaction exists, no text is kept."""
    given = cells.notna() & cells.astype("str").str.strip().ne("")
    return Parsed(given.astype("bool"), pd.Series("", cells.index, dtype="str"))


def parse_date(cells: pd.Series, column: Column, zone: ZoneInfo, name: str = "") -> Parsed:
    """Return moments in the study's timezone, without its mark.

    Text needs a `format:` unless it is ISO (2026-08-31, 2026-08-31 14:05, with or without an offset). A moment without
    an offset is taken to be in the column's `timezone`, else in the study's.
    """
    if pd.api.types.is_datetime64_any_dtype(cells):
        aware = cells.dt.tz is not None
        moments = (
            (cells if aware else cells.dt.tz_localize(column.timezone or zone)).dt.tz_convert(zone).dt.tz_localize(None)
        )
        return Parsed(moments.astype("datetime64[us]"), pd.Series("", cells.index, dtype="str"))
    first, last = EARLIEST_YEAR.get(name, EARLIEST), datetime.now(UTC).year + 1

    def moment(text: str) -> tuple[datetime | None, str]:
        found = _moment(text, column.format)
        if found is None:
            return (
                None,
                "not a date in the declared format" if column.format else "not an ISO date; declare its `format:`",
            )
        if not first <= found.year <= last:
            return None, "an impossible date"
        if found.tzinfo is None and "%H" not in (column.format or text) and ":" not in text:
            return found, ""
        return _localised(found, column.timezone, zone), ""

    return _parse(cells, column, moment, pd.NaT, "datetime64[us]")


def _parse(cells: pd.Series, column: Column, one: Callable, empty: object, dtype: str) -> Parsed:
    """Return a column parsed cell by distinct cell; blanks and declared codes are missing, not wrong."""
    codes, distinct = pd.factorize(cells)
    texts = [clean(_text(cell)) for cell in distinct]
    # Where the codes of a category are declared, "NA" may be North America; where not, it is what stands there.
    absent = {clean(str(code)).lower() for code in column.missing}
    blank = np.array([text == "" for text in texts], dtype=bool)
    declared = np.array([text.lower() in absent for text in texts], dtype=bool)
    found = [(empty, "") if skip else one(text) for text, skip in zip(texts, blank | declared, strict=True)]
    values = pd.Series([empty if rule else value for value, rule in found] + [empty], dtype=dtype)
    rules = pd.Series([rule for _, rule in found] + [""], dtype="str")
    return Parsed(
        values.take(codes).set_axis(cells.index),
        rules.take(codes).set_axis(cells.index),
        int(np.append(declared, False)[codes].sum()),
    )


def _text(cell: object) -> str:
    """Return a cell as text; a whole float is written without `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _number(text: str, decimal: str) -> tuple[float, str]:
    """Return the number that a text is, or the rule it breaks."""
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    text = text.replace("−", "-")
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return (float(text), "") if NUMBER.fullmatch(text) else (np.nan, "not a number")


def _moment(text: str, form: str | None) -> datetime | None:
    """Return the moment that a text is, or None."""
    try:
        if form:
            return datetime.strptime(text, form)
        return datetime.fromisoformat(text.replace(" +", "+")) if ISO.fullmatch(text) else None
    except ValueError:
        return None


def _localised(moment: datetime, timezone: str | None, zone: ZoneInfo) -> datetime:
    """Return a moment in the study's timezone, its mark taken off."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone) if timezone else zone)
    return aware.astimezone(zone).replace(tzinfo=None)
