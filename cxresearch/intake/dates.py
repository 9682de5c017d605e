"""Dates and moments, in the study's timezone, of a column that says how it is written."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cxresearch.intake.notes import Kind, Note
from cxresearch.intake.parse import Finds, Parsed, Plain, distinct_texts, is_text, parse
from cxresearch.schema import Column

ISO_DAY = r"\d{4}-\d{2}-\d{2}"
ISO_TIME = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
ISO_ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)"
ISO = re.compile(rf"{ISO_DAY}(?:[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?\s*{ISO_ZONE}?)?", re.ASCII)
ISO_SHAPES = {
    "%Y-%m-%d": re.compile(ISO_DAY, re.ASCII),
    "%Y-%m-%d %H:%M": re.compile(ISO_DAY + r" \d{2}:\d{2}", re.ASCII),
    "%Y-%m-%d %H:%M:%S": re.compile(ISO_DAY + r" \d{2}:\d{2}:\d{2}", re.ASCII),
}
OFFSET = re.compile(rf":\d{{2}}(?:\.\d+)?\s*{ISO_ZONE}$")
EXCEL_DAY = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
EXCEL_EPOCH = datetime(1899, 12, 30)
# Surveys and bills are of our time; customers and contracts may be older.
RECENT = frozenset({"responded_at", "started_at", "invited_at", "contacted_at", "month", "date"})
EARLIEST_RECENT, EARLIEST, LAST_YEAR = 1990, 1900, 2100
# Up to here a date is taken as it stands. Later ones must follow on others with no gap of over a year, so that 2099 is
# seen for what it is, whenever the study is read: no clock decides.
TAKEN_UP_TO = np.datetime64("2026-12-31")
WIDEST_GAP = np.timedelta64(366, "D")
NOT_ISO, NOT_DECLARED = "not an ISO date; declare its `format:`", "not a date in the declared format"
IMPOSSIBLE = "an impossible date; declare placeholders under `missing:`"
# 03/04/2026 9:05, also with points or hyphens.
TWO_ORDERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})( \d{1,2}:\d{2}(:\d{2})?)?( [AaPp][Mm])?")
# Directives of which a format's plain spelling can be turned into ISO array-wide.
PARTS = {"%Y": r"(\d{4})", "%m": r"(\d{2})", "%d": r"(\d{2})", "%H": r"(\d{2})", "%M": r"(\d{2})", "%S": r"(\d{2})"}


def parse_date(cells: pd.Series, column: Column, zone: ZoneInfo, name: str = "") -> Parsed:
    """Return moments in the study's timezone, without its mark.

    Text needs a `format:` unless it is ISO (2026-08-31, 2026-08-31 14:05, with or without an offset) or the day numbers
    of Excel. A moment without an offset is taken to be in the column's `timezone`, else in the study's; days stay days.
    A date before 1990 (1900 where people may be older than the survey) is impossible, and so is one after 2026 that
    lies over 366 days behind every other.
    """
    form = None if _is_typed(cells) else column.format

    def moment(text: str) -> tuple[datetime | None, str]:
        found = _moment(text, form)
        if found is None:
            return None, NOT_DECLARED if form else NOT_ISO
        if not EARLIEST <= found.year <= LAST_YEAR:
            return None, IMPOSSIBLE
        timed = found.tzinfo or "%H" in (form or "") or "%I" in (form or "") or ":" in text
        timed = timed or (not form and "." in text)
        return (_localised(found, column.timezone, zone) if timed else found), ""

    offset: tuple[str, Kind] = ("moments with an offset", "read")
    naive: tuple[str, Kind] = (f"moments without an offset, taken to be in {column.timezone or zone.key}", "flag")

    def plain(cells: pd.Series) -> Plain:
        if not is_text(cells):
            return _plain_typed(cells, column.timezone, zone)
        if form and form not in ISO_SHAPES:
            return _plain_format(cells, form, column.timezone, zone)
        return _plain_iso(cells, form, column.timezone, zone, (offset, naive))

    found: Finds = {
        ("Excel day numbers read as dates", "normalised"): lambda text: not form and bool(EXCEL_DAY.fullmatch(text)),
        offset: lambda text: bool(OFFSET.search(text)),
        naive: lambda text: not form and ":" in text and not OFFSET.search(text),
    }
    parsed = parse(cells, column, moment, pd.NaT, "datetime64[us]", found=found, plain=plain)
    parsed = _without_impossible(parsed, EARLIEST_RECENT if name in RECENT else EARLIEST)
    both = {offset, naive} <= {(note.note, note.kind) for note in parsed.notes}
    # Moments without an offset are worth a word only beside moments with one.
    told = [note for note in parsed.notes if note.note != offset[0] and (both or note.note != naive[0])]
    unread = parsed.rules.index[parsed.rules.ne(IMPOSSIBLE)]
    hint, swapped = _orders(cells.loc[unread], form) if len(unread) else ("", [])
    return Parsed(parsed.values, parsed.rules, told + swapped, hint)


def _plain_typed(cells: pd.Series, timezone: str | None, zone: ZoneInfo) -> Plain:
    """Return the moments of a file that types them, days without a time as they are."""
    if not pd.api.types.is_datetime64_any_dtype(cells):
        return Plain(pd.Series(pd.NaT, cells.index, dtype="datetime64[us]"), np.zeros(len(cells), bool), [])
    given = cells.dropna()
    days = cells.dt.tz is None and bool(given.eq(given.dt.normalize()).all())
    moments = cells.astype("datetime64[us]") if days else _in_zone(cells, timezone, zone)
    return Plain(moments, (moments.dt.year.between(EARLIEST, LAST_YEAR) | cells.isna()).to_numpy(), [])


def _plain_iso(
    cells: pd.Series, form: str | None, timezone: str | None, zone: ZoneInfo, kinds: tuple[tuple[str, Kind], ...]
) -> Plain:
    """Return what is written as ISO, read array-wide; moments that a change of the clocks made twofold are left."""
    moments = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
    shapes = [ISO_DAY, ISO_DAY + ISO_TIME, ISO_DAY + ISO_TIME + ISO_ZONE]
    if form:
        shapes = [ISO_SHAPES[form].pattern if (" " in form) == (shape != ISO_DAY) else "" for shape in shapes[:2]]
    rows = []
    for place, shape in enumerate(shapes):
        here = np.flatnonzero(cells.str.fullmatch(shape)) if shape else np.array([], int)
        rows.append(here)
        if len(here):
            found = pd.to_datetime(cells.iloc[here], format="ISO8601", errors="coerce", cache=False, utc=place == 2)
            moments.iloc[here] = _in_zone(found, timezone, zone) if place else found.astype("datetime64[us]")
    done = moments.dt.year.between(EARLIEST, LAST_YEAR).to_numpy()
    moments = moments.where(done)
    counted = zip(kinds, (rows[2] if len(rows) == 3 else [], [] if form else rows[1]), strict=True)
    notes = [Note(what, int(done[here].sum()), kind) for (what, kind), here in counted if len(here)]
    return Plain(moments, done, notes)


def _plain_format(cells: pd.Series, form: str, timezone: str | None, zone: ZoneInfo) -> Plain:
    """Return what is written in a format of numbers alone, turned into ISO array-wide."""
    nothing = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
    pattern, order = _as_iso(form)
    if not pattern:
        return Plain(nothing, np.zeros(len(cells), bool), [])
    shaped = cells.str.fullmatch(pattern).to_numpy(bool)
    if not shaped.all():
        # 7/1/2026 9:05 is 07/01/2026 09:05.
        cells = cells.where(shaped, cells.str.replace(r"\b(\d)\b", r"0\1", regex=True))
        shaped = cells.str.fullmatch(pattern).to_numpy(bool)
    texts = cells[shaped].str.replace(f"^{pattern}$", order, regex=True)
    found = pd.to_datetime(texts, format="ISO8601", errors="coerce", cache=False)
    nothing.iloc[np.flatnonzero(shaped)] = _in_zone(found, timezone, zone) if "%H" in form else found
    done = nothing.dt.year.between(EARLIEST, LAST_YEAR).to_numpy()
    return Plain(nothing.where(done), done, [])


def _as_iso(form: str) -> tuple[str, str]:
    """Return the pattern of a format, and what its groups are as ISO; "" where the format holds more than numbers."""
    parts = re.findall(r"%.|[^%]+", form)
    groups = [part for part in parts if part in PARTS]
    times = [part for part in ("%H", "%M", "%S") if part in groups]
    known = sorted(groups) == sorted(["%Y", "%m", "%d", *times]) and times in ([], ["%H", "%M"], ["%H", "%M", "%S"])
    if not known or any(part.startswith("%") and part not in PARTS for part in parts):
        return "", ""
    place = {part: f"\\{number}" for number, part in enumerate(groups, 1)}
    pattern = "".join(PARTS.get(part) or re.escape(part) for part in parts)
    day = "-".join(place[part] for part in ("%Y", "%m", "%d"))
    return pattern, day + (" " + ":".join(place[part] for part in times) if times else "")


def _in_zone(moments: pd.Series, timezone: str | None, zone: ZoneInfo) -> pd.Series:
    """Return moments in the study's timezone without its mark; NaT where the clocks were changed then."""
    if moments.dt.tz is None:
        if timezone in (None, zone.key):
            return moments.astype("datetime64[us]")
        moments = moments.dt.tz_localize(ZoneInfo(str(timezone)), ambiguous="NaT", nonexistent="NaT")
    return moments.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[us]")


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


def _orders(broken: pd.Series, form: str | None) -> tuple[str, list[Note]]:
    """Return which order of day and month the cells that could not be read allow, and a note where it is the other."""
    cells = {text: rows for text, rows in distinct_texts(broken).items() if TWO_ORDERS.fullmatch(text)}
    if form:
        return "", _other_order(cells, form)
    if not cells:
        return "", []
    fits = {
        order: sum(rows for text, rows in cells.items() if _moment(text, _format_of(text, order)))
        for order in ("day-first", "month-first")
    }
    example = max(cells, key=lambda text: cells[text])
    day, month = (_format_of(example, order) for order in ("day-first", "month-first"))
    whole = sum(cells.values())
    only = [order for order, rows in fits.items() if rows == whole]
    if len(only) == 1:
        return f'only {only[0]} fits: write `format: "{day if only[0] == "day-first" else month}"`', []
    both = "both orders of day and month fit" if only else "neither order of day and month fits all"
    return f'{both}: write `format: "{day}"` or `format: "{month}"`', []


def _other_order(cells: dict[str, int], form: str) -> list[Note]:
    """Return a note where cells fit only the order of day and month that is not the declared one."""
    own, other = ("day-first", "month-first") if form.find("%d") < form.find("%m") else ("month-first", "day-first")
    rows = sum(
        rows
        for text, rows in cells.items()
        if _moment(text, _format_of(text, other)) and not _moment(text, _format_of(text, own))
    )
    told = "dates that fit only the other order of day and month: others may have been read the wrong way round"
    return [Note(told, rows, "flag")] if rows else []


def _format_of(text: str, order: str) -> str:
    """Return the format in which a date of numbers alone is written, by one of the two orders."""
    match = TWO_ORDERS.fullmatch(text)
    mark = match[2] if match else "/"
    day = ["%d", "%m"] if order == "day-first" else ["%m", "%d"]
    year = "%Y" if match and len(match[4]) == 4 else "%y"
    half = bool(match and match[7])
    hour = "" if not match or not match[5] else (" %I" if half else " %H") + ":%M" + (":%S" if match[6] else "")
    return mark.join([*day, year]) + hour + (" %p" if half else "")


def _is_typed(cells: pd.Series) -> bool:
    """Return whether the file itself types a column as dates."""
    if is_text(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return not is_text(cells)
    return cells.notna().any() and all(isinstance(cell, date) for cell in cells.dropna().head())


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
