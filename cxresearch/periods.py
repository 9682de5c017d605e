"""Reporting periods: months, quarters, (fiscal) years, or everything at once. No pandas."""

import re
from dataclasses import dataclass
from datetime import date

ALL = "all"
MONTHS_OF = {"month": 1, "quarter": 3, "year": 12}
FORMS = "2026Q3 (quarter), 2026-07 (month), 2026 (year) or all"


@dataclass(frozen=True, order=True)
class Period:
    """One reporting period of a kind, counted from the start of year 0.

    Parameters
    ----------
    kind
        `month`, `quarter` or `year`.
    number
        Running number of the period; neighbours differ by one, so periods of a kind sort and subtract.
    fiscal_year_start
        Month in which the (fiscal) year begins, 1-12. A fiscal year bears the number of the calendar year in which it
        ends, as in pandas; with 1 it is the calendar year.

    Examples
    --------
    >>> quarter = parse("2026Q3")
    >>> str(quarter), str(quarter.previous()), quarter.start().isoformat(), quarter.end().isoformat()
    ('2026Q3', '2026Q2', '2026-07-01', '2026-09-30')
    >>> parse("2026Q1", fiscal_year_start=4).start().isoformat()
    '2025-04-01'
    """

    kind: str
    number: int
    fiscal_year_start: int = 1

    def __str__(self) -> str:
        """Return the name as it is written in a run file."""
        per_year = 12 // MONTHS_OF[self.kind]
        year, part = divmod(self.number, per_year)
        return {"month": f"{year}-{part + 1:02d}", "quarter": f"{year}Q{part + 1}", "year": str(year)}[self.kind]

    def previous(self) -> "Period":
        """Return the period just before."""
        return Period(self.kind, self.number - 1, self.fiscal_year_start)

    def start(self) -> date:
        """Return the first day."""
        return _first_day(self.number * MONTHS_OF[self.kind] - _shift(self.kind, self.fiscal_year_start))

    def end(self) -> date:
        """Return the last day."""
        return date.fromordinal(self._next().start().toordinal() - 1)

    def _next(self) -> "Period":
        """Return the period just after."""
        return Period(self.kind, self.number + 1, self.fiscal_year_start)


def parse(text: str, fiscal_year_start: int = 1) -> Period | None:
    """Return the period that a run file names, or None for `all`.

    Parameters
    ----------
    text
        `2026Q3`, `2026-07`, `2026` or `all`.
    fiscal_year_start
        Month in which the (fiscal) year begins, 1-12.

    Raises
    ------
    ValueError
        If the text has none of these forms.

    Examples
    --------
    >>> parse("all") is None
    True
    >>> parse("2026Q5")
    Traceback (most recent call last):
    ValueError: period: found '2026Q5'; a period is written 2026Q3 (quarter), 2026-07 (month), 2026 (year) or all.
    """
    if text == ALL:
        return None
    match = re.fullmatch(r"(\d{4})(?:Q([1-4])|-(0[1-9]|1[0-2]))?", text)
    if match is None:
        raise ValueError(f"period: found {text!r}; a period is written {FORMS}.")
    year, quarter, month = match.groups()
    if quarter:
        return Period("quarter", int(year) * 4 + int(quarter) - 1, fiscal_year_start)
    if month:
        return Period("month", int(year) * 12 + int(month) - 1, fiscal_year_start)
    return Period("year", int(year), fiscal_year_start)


def containing(day: date, kind: str, fiscal_year_start: int = 1) -> Period:
    """Return the period of a kind in which a day lies.

    Examples
    --------
    >>> str(containing(date(2026, 8, 31), "quarter"))
    '2026Q3'
    >>> str(containing(date(2026, 8, 31), "quarter", fiscal_year_start=4))
    '2027Q2'
    """
    months = day.year * 12 + day.month - 1 + _shift(kind, fiscal_year_start)
    return Period(kind, months // MONTHS_OF[kind], fiscal_year_start)


def _shift(kind: str, fiscal_year_start: int) -> int:
    """Return by how many months the fiscal calendar runs ahead of the civil one; months are never shifted."""
    return 0 if kind == "month" else (13 - fiscal_year_start) % 12


def _first_day(months: int) -> date:
    """Return the first day of a month counted from January of year 0."""
    return date(months // 12, months % 12 + 1, 1)
