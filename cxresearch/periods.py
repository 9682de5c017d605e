"""Reporting periods: weeks, months, quarters, half-years, (fiscal) years, rolling months, or everything. No pandas."""

import re
from dataclasses import dataclass
from datetime import date

ALL = "all"
MONTHS_OF = {"month": 1, "quarter": 3, "half": 6, "year": 12}
LONGEST_ROLLING = 36
FORMS = (
    "2026Q3 (quarter), 2026H1 (half-year), 2026-07 (month), 2026-W30 (week), 2026 (year), "
    "2026-09-R12 (the 12 months to September 2026; R1 to R36) or all"
)
WRITTEN = re.compile(
    r"(?P<year>\d{4})"
    r"(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|-W(?P<week>\d\d)|-(?P<month>0[1-9]|1[0-2])(?:-R(?P<length>[1-9]\d?))?)?"
)
ROLLING = re.compile(r"R(\d+)\+(\d+)")


@dataclass(frozen=True, order=True)
class Period:
    """One reporting period of a kind, counted from the start of year 0.

    Parameters
    ----------
    kind
        `week`, `month`, `quarter`, `half`, `year`, or `R12+8`: windows of 12 months that end with a month whose number
        (from January of year 0) leaves 8 when divided by 12.
    number
        Running number of the period; neighbours differ by one, so periods of a kind sort and subtract. Rolling windows
        of a kind do not overlap.
    fiscal_year_start
        Month in which the (fiscal) year begins, 1-12. A fiscal year bears the number of the calendar year in which it
        ends, as in pandas; with 1 it is the calendar year. Weeks and rolling windows have none.

    Examples
    --------
    >>> quarter = parse("2026Q3")
    >>> str(quarter), str(quarter.previous()), quarter.start().isoformat(), quarter.end().isoformat()
    ('2026Q3', '2026Q2', '2026-07-01', '2026-09-30')
    >>> parse("2026Q1", fiscal_year_start=4).start().isoformat()
    '2025-04-01'
    >>> rolling = parse("2026-09-R12")
    >>> str(rolling.previous()), rolling.start().isoformat(), rolling.end().isoformat()
    ('2025-09-R12', '2025-10-01', '2026-09-30')
    """

    kind: str
    number: int
    fiscal_year_start: int = 1

    def __str__(self) -> str:
        """Return the name as it is written in a run file."""
        if self.kind == "week":
            year, week, _ = self.start().isocalendar()
            return f"{year}-W{week:02d}"
        if rolling := _rolling(self.kind):
            year, month = divmod(self._first_month() + rolling[0] - 1, 12)
            return f"{year}-{month + 1:02d}-R{rolling[0]}"
        year, part = divmod(self.number, 12 // MONTHS_OF[self.kind])
        part += 1
        return {"month": f"{year}-{part:02d}", "year": str(year)}.get(self.kind, f"{year}{self.kind[0].upper()}{part}")

    def previous(self) -> "Period":
        """Return the period just before: of the same length, without overlap."""
        return Period(self.kind, self.number - 1, self.fiscal_year_start)

    def next(self) -> "Period":
        """Return the period just after."""
        return Period(self.kind, self.number + 1, self.fiscal_year_start)

    def start(self) -> date:
        """Return the first day."""
        if self.kind == "week":
            return date.fromordinal(self.number * 7 + 1)
        months = self._first_month()
        return date(months // 12, months % 12 + 1, 1)

    def end(self) -> date:
        """Return the last day."""
        return date.fromordinal(self.next().start().toordinal() - 1)

    def _first_month(self) -> int:
        """Return the first month, counted from January of year 0."""
        if rolling := _rolling(self.kind):
            length, rest = rolling
            return (self.number - 1) * length + rest + 1
        return self.number * MONTHS_OF[self.kind] - _shift(self.kind, self.fiscal_year_start)


def parse(text: str, fiscal_year_start: int = 1) -> Period | None:
    """Return the period that a run file names, or None for `all`.

    Parameters
    ----------
    text
        `2026Q3`, `2026H1`, `2026-07`, `2026-W30` (ISO week), `2026`, `2026-09-R12` (rolling) or `all`.
    fiscal_year_start
        Month in which the (fiscal) year begins, 1-12. Weeks, months and rolling months are never shifted.

    Raises
    ------
    ValueError
        If the text has none of these forms.

    Examples
    --------
    >>> parse("all") is None
    True
    >>> parse("2026Q5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: period: found '2026Q5'; a period is written 2026Q3 (quarter), 2026H1 (half-year), 2026-07 (month), ...
    """
    if text == ALL:
        return None
    match = WRITTEN.fullmatch(text)
    if match is None or not 0 < int(match["year"]) < date.max.year:
        raise ValueError(f"period: found {text!r}; a period is written {FORMS}.")
    found = {kind: int(part) for kind, part in match.groupdict().items() if part}
    year = found["year"]
    if "week" in found:
        return _week(text, year, found["week"])
    if "length" in found:
        return _window(text, year * 12 + found["month"] - 1, found["length"])
    kind = next((kind for kind in ("quarter", "half", "month") if kind in found), "year")
    return Period(kind, year * (12 // MONTHS_OF[kind]) + (found[kind] - 1 if kind != "year" else 0), fiscal_year_start)


def containing(day: date, kind: str, fiscal_year_start: int = 1) -> Period:
    """Return the period of a kind in which a day lies.

    Examples
    --------
    >>> str(containing(date(2026, 8, 31), "quarter"))
    '2026Q3'
    >>> str(containing(date(2026, 8, 31), "quarter", fiscal_year_start=4))
    '2027Q2'
    >>> str(containing(date(2025, 9, 30), parse("2026-09-R12").kind))
    '2025-09-R12'
    """
    if kind == "week":
        return Period(kind, (day.toordinal() - 1) // 7)
    month = day.year * 12 + day.month - 1
    if rolling := _rolling(kind):
        length, rest = rolling
        # The first window that ends with this month or later.
        return Period(kind, -((rest - month) // length))
    return Period(kind, (month + _shift(kind, fiscal_year_start)) // MONTHS_OF[kind], fiscal_year_start)


def _week(text: str, year: int, week: int) -> Period:
    """Return an ISO week."""
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError:
        raise ValueError(f"period: found {text!r}; the year {year} has no such week.") from None
    return containing(monday, "week")


def _window(text: str, last_month: int, length: int) -> Period:
    """Return the window of some months that ends with a month."""
    if length > LONGEST_ROLLING:
        raise ValueError(f"period: found {text!r}; a rolling period has at most {LONGEST_ROLLING} months.")
    number, rest = divmod(last_month, length)
    return Period(f"R{length}+{rest}", number)


def _rolling(kind: str) -> tuple[int, int] | None:
    """Return length and remainder of a kind of rolling windows, None for other kinds."""
    match = ROLLING.fullmatch(kind)
    return (int(match[1]), int(match[2])) if match else None


def _shift(kind: str, fiscal_year_start: int) -> int:
    """Return by how many months the fiscal calendar runs ahead of the civil one; months are never shifted."""
    return 0 if kind == "month" else (13 - fiscal_year_start) % 12
