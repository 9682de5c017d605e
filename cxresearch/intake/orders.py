"""Dates of numbers alone: which order of day and month their cells allow."""

import re

import pandas as pd

from cxresearch.intake.moments import read_moment
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import distinct_texts

# 03/04/2026 9:05, also with points or hyphens.
TWO_ORDERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})( \d{1,2}:\d{2}(:\d{2})?)?( [AaPp][Mm])?")


def orders(broken: pd.Series, form: str | None) -> tuple[str, list[Note]]:
    """Return which order of day and month the cells that could not be read allow, and a note where it is the other."""
    cells = {text: rows for text, rows in distinct_texts(broken).items() if TWO_ORDERS.fullmatch(text)}
    if form:
        return "", _other_order(cells, form)
    if not cells:
        return "", []
    fits = {
        order: sum(rows for text, rows in cells.items() if read_moment(text, _format_of(text, order)))
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
        if read_moment(text, _format_of(text, other)) and not read_moment(text, _format_of(text, own))
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
