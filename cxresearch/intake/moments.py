"""Dates and moments as texts: one by one with care, or array-wide where they are spelt plainly."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cxresearch.intake.notes import Kind, Note
from cxresearch.intake.parse import Plain, is_text

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
EARLIEST, LAST_YEAR = 1900, 2100
OFFSETS: tuple[str, Kind] = ("moments with an offset", "read")
# Directives of which a format's plain spelling can be turned into ISO array-wide.
PARTS = {"%Y": r"(\d{4})", "%m": r"(\d{2})", "%d": r"(\d{2})", "%H": r"(\d{2})", "%M": r"(\d{2})", "%S": r"(\d{2})"}
PARTS |= {"%I": r"(0[1-9]|1[0-2])", "%p": "[AaPp][Mm]"}


class Clock(NamedTuple):
    """The timezone that a column's moments without an offset are in, and the one that all are brought to."""

    timezone: str | None
    zone: ZoneInfo

    @property
    def naive(self) -> tuple[str, Kind]:
        """What is noted of moments without an offset."""
        return f"moments without an offset, taken to be in {self.timezone or self.zone.key}", "flag"


def read_moment(text: str, form: str | None) -> datetime | None:
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


def localised(moment: datetime, clock: Clock) -> datetime:
    """Return a moment in the study's timezone, its mark taken off."""
    timezone, zone = clock
    if moment.tzinfo is None and timezone in (None, zone.key):
        return moment
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone) if timezone else zone)
    return aware.astimezone(zone).replace(tzinfo=None)


def read_plain(cells: pd.Series, form: str | None, clock: Clock) -> Plain:
    """Return what is spelt plainly, read array-wide; moments that a change of the clocks made twofold are left."""
    notes: list[Note] = []
    if pd.api.types.is_datetime64_any_dtype(cells):
        moments = cells.astype("datetime64[us]") if only_days(cells) else _in_zone(cells, clock)
    elif not is_text(cells):
        moments = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
    elif form and form not in ISO_SHAPES:
        moments = _of_format(cells, form, clock)
    else:
        moments, notes = _of_iso(cells, form, clock)
    # What lies outside is for the careful reading to refuse.
    done = moments.dt.year.between(EARLIEST, LAST_YEAR)
    return Plain(moments.where(done), done.to_numpy(), notes)


def only_days(cells: pd.Series) -> bool:
    """Return whether typed moments are plain days, without a time."""
    given = cells.dropna()
    return cells.dt.tz is None and bool(given.eq(given.dt.normalize()).all())


def _of_iso(cells: pd.Series, form: str | None, clock: Clock) -> tuple[pd.Series, list[Note]]:
    """Return what is written as ISO, in the shape of the format where one is declared."""
    moments = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
    shapes = {"day": ISO_DAY, "naive": ISO_DAY + ISO_TIME, "aware": ISO_DAY + ISO_TIME + ISO_ZONE}
    if form:
        shapes = {"naive" if " " in form else "day": ISO_SHAPES[form].pattern}
    rows, read = dict.fromkeys(shapes, 0), dict.fromkeys(shapes, 0)
    for kind, shape in shapes.items():
        # Most columns are of one shape; where those so far cover all cells, the next is not looked for.
        if sum(rows.values()) == len(cells):
            break
        here = np.flatnonzero(cells.str.fullmatch(shape))
        rows[kind] = len(here)
        found = pd.to_datetime(cells.iloc[here], format="ISO8601", errors="coerce", cache=False, utc=kind == "aware")
        moments.iloc[here] = found.astype("datetime64[us]") if kind == "day" else _in_zone(found, clock)
        read[kind] = int(moments.iloc[here].dt.year.between(EARLIEST, LAST_YEAR).sum())
    told = {} if form else {OFFSETS: read["aware"], clock.naive: read["naive"]}
    return moments, [Note(what, count, kind) for (what, kind), count in told.items() if count]


def _of_format(cells: pd.Series, form: str, clock: Clock) -> pd.Series:
    """Return what is written in a format of numbers (and AM or PM), turned into ISO array-wide."""
    moments = pd.Series(pd.NaT, cells.index, dtype="datetime64[us]")
    pattern, order = _as_iso(form)
    if not pattern:
        return moments
    shaped = cells.str.fullmatch(pattern).to_numpy(bool)
    if not shaped.all():
        # 7/1/2026 9:05 is 07/01/2026 09:05.
        cells = cells.where(shaped, cells.str.replace(r"\b(\d)\b", r"0\1", regex=True))
        shaped = cells.str.fullmatch(pattern).to_numpy(bool)
    texts = cells[shaped].str.replace(f"^{pattern}$", order, regex=True)
    found = pd.to_datetime(texts, format="ISO8601", errors="coerce", cache=False)
    if "%p" in form:
        hours = np.where(found.dt.hour.eq(12), -12, 0) + np.where(cells[shaped].str.contains("[Pp][Mm]"), 12, 0)
        found = found + pd.to_timedelta(hours, unit="h")
    moments.iloc[np.flatnonzero(shaped)] = _in_zone(found, clock) if "%M" in form else found
    return moments


def _as_iso(form: str) -> tuple[str, str]:
    """Return the pattern of a format, and what its groups are as ISO; "" where the format holds more than numbers."""
    parts = re.findall(r"%.|[^%]+", form)
    groups = [part for part in parts if part in PARTS and part != "%p"]
    hour = ["%I"] if "%p" in parts else ["%H"]
    times = [part for part in (*hour, "%M", "%S") if part in groups]
    known = sorted(groups) == sorted(["%Y", "%m", "%d", *times]) and times in ([], [*hour, "%M"], [*hour, "%M", "%S"])
    if not known or any(part.startswith("%") and part not in PARTS for part in parts):
        return "", ""
    place = {part: f"\\{number}" for number, part in enumerate(groups, 1)}
    pattern = "".join(PARTS.get(part) or re.escape(part) for part in parts)
    day = "-".join(place[part] for part in ("%Y", "%m", "%d"))
    return pattern, day + (" " + ":".join(place[part] for part in times) if times else "")


def _in_zone(moments: pd.Series, clock: Clock) -> pd.Series:
    """Return moments in the study's timezone without its mark; NaT where the clocks were changed then."""
    timezone, zone = clock
    if moments.dt.tz is None:
        if timezone in (None, zone.key):
            return moments.astype("datetime64[us]")
        moments = moments.dt.tz_localize(ZoneInfo(str(timezone)), ambiguous="NaT", nonexistent="NaT")
    return moments.dt.tz_convert(zone).dt.tz_localize(None).astype("datetime64[us]")
