"""Dates and moments, in the study's timezone, of a column that says how it is written."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cxresearch.intake.moments import (
    EARLIEST,
    EXCEL_DAY,
    LAST_YEAR,
    OFFSET,
    OFFSETS,
    Clock,
    localised,
    only_days,
    read_moment,
    read_plain,
)
from cxresearch.intake.orders import orders
from cxresearch.intake.parse import Finds, Parsed, is_text, parse
from cxresearch.schema import Column

ISO_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)
# Surveys and bills are of our time; customers and contracts may be older.
RECENT = frozenset({"responded_at", "started_at", "invited_at", "contacted_at", "month", "date"})
EARLIEST_RECENT = 1990
# Up to here a date is taken as it stands. Later ones must follow on others with no gap of over a year, so that 2099 is
# seen for what it is, whenever the study is read: no clock decides.
TAKEN_UP_TO = np.datetime64("2026-12-31")
WIDEST_GAP = np.timedelta64(366, "D")
NOT_ISO, NOT_DECLARED = "not an ISO date; declare its `format:`", "not a date in the declared format"
IMPOSSIBLE = "an impossible date; declare placeholders under `missing:`"


def parse_date(cells: pd.Series, column: Column, zone: ZoneInfo, name: str = "") -> Parsed:
    """Return moments in the study's timezone, without its mark.

    Text needs a `format:` unless it is ISO (2026-08-31, 2026-08-31 14:05, with or without an offset) or the day numbers
    of Excel; a `month` may be 2026-08. A moment without an offset is taken to be in the column's `timezone`, else in
    the study's; days stay days. A date before 1990 (1900 where people may be older than the survey) is impossible, and
    so is one after 2026, or after the median, that lies over 366 days behind every other; no clock decides.
    """
    form, clock = None if _is_typed(cells) else column.format, Clock(column.timezone, zone)
    if column.missing and pd.api.types.is_datetime64_any_dtype(cells) and only_days(cells):
        cells = cells.dt.date

    def moment(text: str) -> tuple[datetime | None, str]:
        text = f"{text}-01" if name == "month" and not form and ISO_MONTH.fullmatch(text) else text
        found = read_moment(text, form)
        if found is None:
            return None, NOT_DECLARED if form else NOT_ISO
        if not EARLIEST <= found.year <= LAST_YEAR:
            return None, IMPOSSIBLE
        timed = found.tzinfo or "%H" in (form or "") or "%I" in (form or "") or ":" in text
        timed = timed or (not form and "." in text)
        return (localised(found, clock) if timed else found), ""

    found: Finds = {
        ("Excel day numbers read as dates", "normalised"): lambda text: not form and bool(EXCEL_DAY.fullmatch(text)),
        OFFSETS: lambda text: bool(OFFSET.search(text)),
        clock.naive: lambda text: not form and ":" in text and not OFFSET.search(text),
    }
    parsed = parse(
        cells, column, moment, pd.NaT, "datetime64[us]", found=found, plain=lambda cells: read_plain(cells, form, clock)
    )
    parsed = _without_impossible(parsed, EARLIEST_RECENT if name in RECENT else EARLIEST)
    both = {OFFSETS, clock.naive} <= {(note.note, note.kind) for note in parsed.notes}
    # Moments without an offset are worth a word only beside moments with one.
    told = [note for note in parsed.notes if note.note != OFFSETS[0] and (both or note.note != clock.naive[0])]
    unread = parsed.rules.index[parsed.rules.ne(IMPOSSIBLE)]
    hint, swapped = orders(cells.loc[unread], form) if len(unread) else ("", [])
    return Parsed(parsed.values, parsed.rules, told + swapped, hint)


def _without_impossible(parsed: Parsed, first_year: int) -> Parsed:
    """Return a column without dates of another time than the rest."""
    days = parsed.values.to_numpy("datetime64[D]")
    wrong = (days < np.datetime64(f"{first_year}-01-01")) | (days > _latest(days))
    if not wrong.any():
        return parsed
    rules = pd.Series(IMPOSSIBLE, parsed.values.index[wrong], dtype="str")
    return Parsed(parsed.values.mask(wrong), pd.concat([parsed.rules, rules]), parsed.notes)


def _latest(days: np.ndarray) -> np.datetime64:
    """Return the last date that follows on the ones before it without a gap of over a year."""
    told = np.sort(days[~np.isnat(days)])
    start = max(TAKEN_UP_TO, told[len(told) // 2]) if len(told) else TAKEN_UP_TO
    later = np.concatenate([[start], np.unique(told[told > start])])
    gaps = np.flatnonzero(np.diff(later) > WIDEST_GAP)
    return later[gaps[0]] if len(gaps) else later[-1]


def _is_typed(cells: pd.Series) -> bool:
    """Return whether the file itself types a column as dates."""
    if is_text(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return not is_text(cells)
    return cells.notna().any() and all(isinstance(cell, date) for cell in cells.dropna().head())
