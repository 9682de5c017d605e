"""Where the table of a worksheet is: its header among titles, merged cells, what stands under it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openpyxl.utils import column_index_from_string

from cxresearch.intake.platforms import LOOKED_AT, layout, one_line
from cxresearch.strict_yaml import StudyError

MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
# A formula without a result beside it; where the result is an empty text (t="str") it has one.
UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c ([^>]*)><(?:\w+:)?f(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)(?:<(?:\w+:)?v\s*/>|<v></v>)?</(?:\w+:)?c>"
)
# SUM(D2:D21) and the like, over rows of one column.
AGGREGATE = re.compile(
    rb'r="[A-Z]+(\d+)"[^>]*><(?:\w+:)?f[^>]*>[A-Z]{3,8}\((?:\d+,)?([A-Z]+)\$?(\d+):\2\$?(?!\3\))\d+\)', re.ASCII
)
HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row [^>]*\bhidden="(?:1|true)"')
ROW_NUMBER = re.compile(rb'\br="(\d+)"')
TOTAL = re.compile(
    r"(?:grand |sub-?)?(?:totals?|sum|average|mean|gesamt(?:summe)?|summe|mittelwert|moyenne|promedio|totale|media)\b",
    re.IGNORECASE,
)
UNDER = "a note or a total under the table"
# So many rows are searched for the header, and so many at the end for what stands under the table.
SEARCHED = 30
Row = tuple[int, tuple[Any, ...]]


@dataclass(frozen=True)
class Merge:
    """Merged cells: first and last column, first and last row, counted from 1."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Marks:
    """What the XML of a sheet tells beside its values.

    Attributes
    ----------
    merges
        Merged cells.
    uncalculated
        Rows with a formula that has no result.
    aggregates
        Rows with a sum or a mean over rows.
    hidden
        How many rows are hidden.
    last
        Last row with a value; None where the XML does not number its rows.
    """

    merges: list[Merge]
    uncalculated: list[int]
    aggregates: set[int]
    hidden: int
    last: int | None


@dataclass(frozen=True)
class Table:
    """The table of a sheet.

    Attributes
    ----------
    header
        Names of its columns, one a column of the sheet from A on; "" where there is none.
    body
        Rows under the header with their numbers.
    above
        How many rows stand above it.
    under
        Rule by number of each row that stands under it.
    grouped
        Whether two header rows, a group and a name under it, were read as one.
    """

    header: list[str]
    body: list[Row]
    above: int
    under: dict[int, str]
    grouped: bool


def marks(xml: bytes) -> Marks:
    """Return what the XML of a sheet tells beside its values.

    Parameters
    ----------
    xml
        The part of the workbook that holds the sheet.
    """
    merges = [
        Merge(column_index_from_string(left.decode()), int(top), column_index_from_string(right.decode()), int(bottom))
        for left, top, right, bottom in MERGED.findall(xml)
    ]
    empty = [found[1] for found in UNCALCULATED.finditer(xml) if b't="str"' not in found[1]]
    numbers = [re.search(rb'r="[A-Z]+(\d+)"', attributes) for attributes in empty]
    aggregates = {int(found[1]) for found in AGGREGATE.finditer(xml)}
    return Marks(merges, [int(n[1]) if n else 0 for n in numbers], aggregates, len(HIDDEN_ROW.findall(xml)), _last(xml))


def table(rows: list[Row], found: Marks, file: str) -> Table:
    """Return the table of a sheet.

    Parameters
    ----------
    rows
        The rows that are not blank, with their numbers.
    found
        What the XML of the sheet tells.
    file
        Its name, for messages.

    Raises
    ------
    StudyError
        If cells of the table are merged.
    """
    place = _with_merged_names(header_place(rows), rows, found.merges)
    top, names = rows[place][0], _names(rows[place][1])
    body = rows[place + 1 :]
    grouped = _is_grouped(rows[place:], names, found.merges)
    if grouped:
        names, body = _joined(names, _names(body[0][1]), top, found.merges), body[1:]
    bottom = rows[place + 1][0] if grouped else top
    under = _under(body, len([name for name in names if name]), found.aggregates)
    _refuse_merged([merge for merge in found.merges if merge.bottom > bottom and merge.top not in under], file)
    return Table(names, [row for row in body if row[0] not in under], place, under, grouped)


def header_place(rows: list[Row]) -> int:
    """Return which of the rows is the header: the first that is no title, and no small block above a wider one.

    Examples
    --------
    >>> header_place([(1, ("Survey of July",)), (3, ("id", "date", "nps", "why")), (4, (1, 2, 3, 4))])
    1
    """
    filled = [_filled(cells) for _, cells in rows[:SEARCHED]]
    widest = max(filled)
    few = min(2, (widest - 1) // 2 or 1) if widest > 1 else 0
    place = next(number for number, count in enumerate(filled) if count > few)
    for later in range(place + 1, len(filled)):
        if rows[later][0] > rows[later - 1][0] + 1 and filled[later] >= 2 * max(filled[place:later]):
            place = later
    return place


def _filled(cells: Iterable[Any]) -> int:
    """Return how many cells hold something."""
    return sum(cell is not None and cell != "" for cell in cells)


def _names(cells: tuple[Any, ...]) -> list[str]:
    """Return the cells of a header row as text."""
    return ["" if cell is None else str(cell).strip() for cell in cells]


def _with_merged_names(place: int, rows: list[Row], merges: list[Merge]) -> int:
    """Return the row where cells that reach down into the header begin: their names stand there."""
    top = min((merge.top for merge in merges if merge.top < rows[place][0] <= merge.bottom), default=rows[place][0])
    return next((number for number, (row, _) in enumerate(rows[:place]) if row == top), place)


def _is_grouped(rows: list[Row], names: list[str], merges: list[Merge]) -> bool:
    """Return whether the header has merged cells and a second row of names under them."""
    top = rows[0][0]
    wide = [merge for merge in merges if merge.top == top and merge.right > merge.left]
    deep = [merge for merge in merges if merge.top == top and merge.bottom == top + 1]
    if not (wide or deep) or len(rows) < 3 or rows[1][0] != top + 1:
        return False
    below = [cell for cell in rows[1][1] if cell not in (None, "")]
    first = [_names(cells) for _, cells in rows[1 : 1 + LOOKED_AT]]
    return all(isinstance(cell, str) for cell in below) and not layout(names, first).skipped


def _joined(groups: list[str], names: list[str], top: int, merges: list[Merge]) -> list[str]:
    """Return two header rows as one: `group: name`, or whichever there is."""
    width = max(len(groups), len(names))
    groups, names = [one + [""] * (width - len(one)) for one in (groups, names)]
    for merge in merges:
        if merge.top == top:
            groups[merge.left - 1 : merge.right] = [groups[merge.left - 1]] * (merge.right - merge.left + 1)
    return [one_line(": ".join(part for part in parts if part)) for parts in zip(groups, names, strict=True)]


def _under(body: list[Row], width: int, aggregates: set[int]) -> dict[int, str]:
    """Return the rows that stand under a table: narrow ones below a blank row, and totals."""
    end, narrow = len(body), max(1, width // 2)
    for place in range(len(body) - 1, max(0, len(body) - SEARCHED), -1):
        if _filled(body[place][1]) > narrow:
            break
        end = place if body[place][0] > body[place - 1][0] + 1 else end
    while end > 1 and _is_total(body[end - 1], body[end - 2], aggregates):
        end -= 1
    return {number: UNDER for number, _ in body[end:]}


def _is_total(row: Row, above: Row, aggregates: set[int]) -> bool:
    """Return whether a row sums up the ones above: by a formula, or by its first word where it is less full."""
    first = next((cell for cell in row[1] if cell not in (None, "")), None)
    word = isinstance(first, str) and TOTAL.match(first.strip()) is not None
    return _filled(row[1]) < _filled(above[1]) and (word or (row[0] in aggregates and above[0] not in aggregates))


def _refuse_merged(merges: list[Merge], file: str) -> None:
    """Raise if cells of the table are merged: only the first of them holds what all show."""
    if merges:
        first = merges[0]
        raise StudyError(
            f"{file}: rows {first.top} to {first.bottom} have merged cells; unmerge them, fill each cell, save."
        )


def _last(xml: bytes) -> int | None:
    """Return the last row with a value: a million formatted rows may follow."""
    value = max(xml.rfind(tag) for tag in (b"<v>", b"<is>", b"<v ", b"<is ", b":v>", b":is>"))
    row = max(xml.rfind(tag, 0, max(value, 0)) for tag in (b"<row ", b":row "))
    number = ROW_NUMBER.search(xml, row, xml.find(b">", row)) if row >= 0 else None
    return int(number[1]) if number else None
