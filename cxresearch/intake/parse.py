"""Text to values, one column at a time, by what the study file says the column holds.

Work is done on distinct cells, not on rows. Each function returns `Parsed`: the values, and for each cell that is
none the rule it broke.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.notes import Kind, Note
from cxresearch.schema import Column

NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
THOUSANDS_OR_DECIMALS = r"\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*"
LABELLED = re.compile(r"(\d{1,3})\s*(?:[-–—:=.)]\s*|\s\()\s*[^\W\d].*", re.DOTALL)
ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII)
ISO_SHAPES = {
    "%Y-%m-%d": re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
    "%Y-%m-%d %H:%M": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}", re.ASCII),
    "%Y-%m-%d %H:%M:%S": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII),
}
OFFSET = re.compile(r":\d{2}(?:\.\d+)?\s*(?:Z|[+-]\d{2}(?::?\d{2})?)$")
EXCEL_DAY = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
EXCEL_EPOCH = datetime(1899, 12, 30)
# What a spreadsheet makes of a long id: 5.70306E+17.
SHORTENED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,}")
SPREADSHEET_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
YES = frozenset({"1", "true", "yes", "y", "ja", "finished", "complete", "completed"})
NO = frozenset({"0", "false", "no", "n", "nein", "incomplete", "partial"})
# Surveys and bills are of our time; customers and contracts may be older.
RECENT = frozenset({"responded_at", "started_at", "invited_at", "contacted_at", "month", "date"})
EARLIEST_RECENT, EARLIEST = 1990, 1900
# On longer scales (sliders) people leave answers between the whole numbers.
WHOLE_NUMBERS_UP_TO = 20
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
        "" where the cell was used or was blank, else the rule that it broke.
    notes
        What was found in the cells or mended, such as declared codes for "no answer".
    """

    values: pd.Series
    rules: pd.Series
    notes: list[Note] = field(default_factory=list)


def parse_id(cells: pd.Series, column: Column) -> Parsed:
    """Return ids as text: leading zeros kept, whole floats without `.0`, blanks missing."""
    # An id column with blanks that went through a table of floats: every id ends in .0, and none did by itself.
    floats = _is_text(cells) and bool(cells.str.endswith(".0").any())
    floats = floats and bool(cells.str.fullmatch(r"\s*(?:\d+\.0)?\s*").all())

    def identity(text: str) -> tuple[str, str]:
        if SHORTENED.fullmatch(text):
            return "", "a number that lost its last digits; export it as text"
        return (text.removesuffix(".0") if floats else text), _spreadsheet_rule(text)

    return _parse(cells, column, identity, pd.NA, "str")


def parse_category(cells: pd.Series, column: Column, labels: dict[Any, str] | None = None) -> Parsed:
    """Return levels as text, through the declared codes, else through the file's value labels."""
    back = {code_text(code): level for level, codes in column.codes.items() for code in codes}
    names = _names(labels)

    def level(text: str) -> tuple[str, str]:
        if back:
            found = back.get(text) or back.get(code_text(text))
            return found or "", "" if found else "not one of the declared codes"
        return names.get(text, text), _spreadsheet_rule(text)

    return _parse(cells, column, level, pd.NA, "str")


def parse_score(
    cells: pd.Series, column: Column, scale: tuple[float, float], labels: dict[Any, str] | None = None
) -> Parsed:
    """Return answers on a scale, higher always better.

    A label behind the number is cut, declared codes are translated; anything else that is no whole number of the scale
    breaks a rule, and so does a code whose value label names another number. Reversed scales are turned round.
    """
    low, high = scale
    whole = high - low <= WHOLE_NUMBERS_UP_TO
    back = {code_text(code).lower(): float(level) for level, codes in column.codes.items() for code in codes}
    names = {} if back else _names(labels)

    def score(text: str) -> tuple[float, str]:
        value, rule = _score(text, column.decimal, back)
        if rule:
            return np.nan, rule
        if _labelled_otherwise(value, names.get(text, "")):
            return np.nan, "code and value label name different numbers; translate with `codes:`"
        if whole and not value.is_integer():
            return np.nan, "not a whole number"
        if not low <= value <= high:
            return np.nan, f"outside {low:g}–{high:g}"
        return low + high - value if column.reversed else value, ""

    found: Finds = {("labels cut from scores", "normalised"): lambda text: bool(LABELLED.fullmatch(text))}
    return _parse(cells, column, score, np.nan, "float64", found)


def parse_number(cells: pd.Series, column: Column) -> Parsed:
    """Return numbers; thousands marks are understood, infinities and words break a rule."""
    if pd.api.types.is_numeric_dtype(cells) and not column.missing:
        values = cells.astype("float64")
        return Parsed(values, pd.Series(np.where(np.isinf(values), "not a number", ""), cells.index, dtype="str"))
    unclear = column.decimal is None and _thousands_or_decimals(cells)

    def number(text: str) -> tuple[float, str]:
        if unclear and "." in text:
            return np.nan, 'may be thousands or decimals; declare `decimal: "."` or `decimal: ","`'
        return _number(text, column.decimal)

    return _parse(cells, column, number, np.nan, "float64")


def parse_flag(cells: pd.Series, column: Column, labels: dict[Any, str] | None = None) -> Parsed:
    """Return 1 for yes and 0 for no: by codes `{yes: [...], no: [...]}`, by the file's labels, or in common words."""
    yes = frozenset(code_text(code).lower() for code in column.codes.get("yes", []))
    no = frozenset(code_text(code).lower() for code in column.codes.get("no", []))
    names = {} if column.codes else {code: label.lower() for code, label in _names(labels).items()}

    def flag(text: str) -> tuple[float, str]:
        word = code_text(text).lower()
        # A label decides over its code: 1 may be labelled "No".
        word = names[word] if names.get(word) in YES | NO else word
        return (
            (1.0, "") if word in (yes or YES) else (0.0, "") if word in (no or NO) else (np.nan, "neither yes nor no")
        )

    return _parse(cells, column, flag, np.nan, "float64")


def parse_text(cells: pd.Series, column: Column) -> Parsed:
    """Return only whether there was a text: until redaction exists, no text is kept."""
    given = cells.notna() & cells.astype("str").str.strip().ne("")
    return Parsed(given.astype("bool"), pd.Series("", cells.index, dtype="str"))


def parse_date(cells: pd.Series, column: Column, zone: ZoneInfo, name: str = "") -> Parsed:
    """Return moments in the study's timezone, without its mark.

    Text needs a `format:` unless it is ISO (2026-08-31, 2026-08-31 14:05, with or without an offset) or the day numbers
    of Excel. A moment without an offset is taken to be in the column's `timezone`, else in the study's; days stay days.
    """
    cells, typed = _typed_days(cells)
    form = None if typed else column.format
    first, last = EARLIEST_RECENT if name in RECENT else EARLIEST, datetime.now(UTC).year + 1

    def moment(text: str) -> tuple[datetime | None, str]:
        found = _moment(text, form)
        if found is None:
            return None, "not a date in the declared format" if form else "not an ISO date; declare its `format:`"
        if not first <= found.year <= last:
            return None, "an impossible date; declare placeholders under `missing:`"
        timed = found.tzinfo or "%H" in (form or "") or ":" in text or (not form and "." in text)
        return (_localised(found, column.timezone, zone) if timed else found), ""

    offset: tuple[str, Kind] = ("moments with an offset", "read")
    naive: tuple[str, Kind] = (f"moments without an offset, taken to be in {column.timezone or zone.key}", "flag")
    found: Finds = {
        ("Excel day numbers read as dates", "normalised"): lambda text: not form and bool(EXCEL_DAY.fullmatch(text)),
        offset: lambda text: bool(OFFSET.search(text)),
        naive: lambda text: not form and ":" in text and not OFFSET.search(text),
    }
    parsed = _parse(cells, column, moment, pd.NaT, "datetime64[us]", found)
    both = {offset, naive} <= {(note.note, note.kind) for note in parsed.notes}
    # Moments without an offset are worth a word only beside moments with one.
    told = [note for note in parsed.notes if note.note != offset[0] and (both or note.note != naive[0])]
    return Parsed(parsed.values, parsed.rules, told)


def _parse(
    cells: pd.Series,
    column: Column,
    one: Callable[[str], tuple[Any, str]],
    empty: object,
    dtype: str,
    found: Finds | None = None,
) -> Parsed:
    """Return a column parsed cell by distinct cell; blanks and declared codes are missing, not wrong."""
    try:
        codes, distinct = pd.factorize(cells)
    except TypeError:
        rules = pd.Series(np.where(cells.notna(), NO_VALUE, ""), cells.index, dtype="str")
        return Parsed(pd.Series(empty, cells.index, dtype=dtype), rules)
    texts = [clean(cell_text(cell)) for cell in distinct.tolist()]
    # Where the codes of a category are declared, "NA" may be North America; where not, it is what stands there.
    absent = {code_text(code).lower() for code in column.missing}
    declared = np.array([code_text(text).lower() in absent for text in texts] if absent else [False] * len(texts), bool)
    skipped = [not text or skip for text, skip in zip(texts, declared, strict=True)]
    parsed = [(empty, "") if skip else one(text) for text, skip in zip(texts, skipped, strict=True)]
    values = pd.Series([empty if rule else value for value, rule in parsed] + [empty], dtype=dtype)
    rules = pd.Series([rule for _, rule in parsed] + [""], dtype="str")
    marked = {what: np.array([test(text) for text in texts], bool) for what, test in (found or {}).items()}
    marked["declared codes for no answer", "read"] = declared
    notes = [
        Note(what, int(np.append(where, False)[codes].sum()), kind)
        for (what, kind), where in marked.items()
        if where.any()
    ]
    return Parsed(values.take(codes).set_axis(cells.index), rules.take(codes).set_axis(cells.index), notes)


def _is_text(cells: pd.Series) -> bool:
    """Return whether a column is text, as all columns of a CSV file are."""
    return isinstance(cells.dtype, pd.StringDtype)


def _names(labels: dict[Any, str] | None) -> dict[str, str]:
    """Return value labels by the text of their codes."""
    return {code_text(code): clean(label) for code, label in (labels or {}).items()}


def _spreadsheet_rule(text: str) -> str:
    """Return the rule that an error of a spreadsheet's formula breaks."""
    return "an error of a spreadsheet formula" if text in SPREADSHEET_ERRORS else ""


def _score(text: str, decimal: str | None, back: dict[str, float]) -> tuple[float, str]:
    """Return the number that a score is, or the rule it breaks; declared codes come first."""
    if back and (found := back.get(code_text(text).lower())) is not None:
        return found, ""
    value, rule = _number(text, decimal)
    if rule and (match := LABELLED.fullmatch(text)):
        return float(match[1]), ""
    return value, rule


def _labelled_otherwise(code: float, label: str) -> bool:
    """Return whether a value label names another number than its code, as where 1 stands for "0 - Not at all"."""
    match = LABELLED.fullmatch(label)
    number = match[1] if match else label
    return number.isdigit() and float(number) != code


def _number(text: str, decimal: str | None) -> tuple[float, str]:
    """Return the number that a text is, or the rule it breaks."""
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    text = text.replace("−", "-")
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return (float(text), "") if NUMBER.fullmatch(text) else (np.nan, "not a number")


def _thousands_or_decimals(cells: pd.Series) -> bool:
    """Return whether every point in a column stands before three digits, so that 1.234 may mean 1234."""
    if not _is_text(cells):
        return False
    pointed = cells[cells.str.contains(".", regex=False).fillna(False)]
    return not pointed.empty and bool(pointed.str.fullmatch(THOUSANDS_OR_DECIMALS).all())


def _typed_days(cells: pd.Series) -> tuple[pd.Series, bool]:
    """Return a column that the file types as dates, plain days without a time; and whether it is one."""
    given = cells.dropna()
    if pd.api.types.is_datetime64_any_dtype(cells):
        days = cells.dt.tz is None and bool(given.eq(given.dt.normalize()).all())
        return (cells.dt.date if days else cells), True
    return cells, not given.empty and not _is_text(cells) and all(isinstance(cell, date) for cell in given.head())


def _moment(text: str, form: str | None) -> datetime | None:
    """Return the moment that a text is, or None."""
    try:
        if form and not (form in ISO_SHAPES and ISO_SHAPES[form].fullmatch(text)):
            return datetime.strptime(text, form)
        if ISO.fullmatch(text):
            return datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
        if EXCEL_DAY.fullmatch(text):
            return EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86400))
    except ValueError:
        return None
    return None


def _localised(moment: datetime, timezone: str | None, zone: ZoneInfo) -> datetime:
    """Return a moment in the study's timezone, its mark taken off."""
    if moment.tzinfo is None and timezone in (None, zone.key):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone) if timezone else zone)
    return aware.astimezone(zone).replace(tzinfo=None)
