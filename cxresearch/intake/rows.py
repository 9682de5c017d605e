"""Rows that fit under a header, and those that do not."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxresearch.intake.encoding import NO_TEXT
from cxresearch.intake.records import Places, Record, Records

NOT_TEXT = "not valid UTF-8"
CUT_OFF = "the file ends inside this row"


@dataclass(frozen=True)
class Rows:
    """Rows under a header.

    Attributes
    ----------
    table
        Text columns called by their places, one a name; fewer where the last have neither name nor content.
    numbers
        Number of each row in the file.
    rejected
        Rule by number of each row that does not fit.
    """

    table: pa.Table
    numbers: Places
    rejected: dict[int, str]


def rows_under(header: list[str], body: Records, *, ended: bool) -> Rows:
    """Return the records under a header that have as many fields as it has names.

    Empty fields that a delimiter at the end of every line makes are left out.

    Parameters
    ----------
    header
        Names of the columns.
    body
        The records under it.
    ended
        Whether the file ends with a complete row.
    """
    damaged = np.isin(body.numbers, body.holding(NO_TEXT))
    open_end = bool((body.widths == len(header) + 1).all())
    usual = len(header) + open_end
    regular = body.widths == usual
    table, numbers = body.only(regular & ~damaged).table(usual), body.numbers[regular & ~damaged]
    if open_end and not is_empty(table.column(usual - 1)):
        table, regular = table.slice(0, 0), ~regular
    others = [(int(body.numbers[row]), body.cells(row)) for row in np.flatnonzero(~regular)]
    width = len(header) if open_end else _width(header, table, others)
    if width < usual:
        table = table.select(range(width))
        others = others if open_end else [(number, cells[:width]) for number, cells in others]
    rejected = dict.fromkeys(body.numbers[damaged].tolist(), NOT_TEXT) | _misfits(others, width)
    last = int(body.numbers[-1])
    if not ended and last in rejected and len(dict(others).get(last, header)) < width:
        rejected[last] = CUT_OFF
    table, numbers = _with_fitting(table, numbers[: len(table)], [row for row in others if row[0] not in rejected])
    return Rows(table, numbers, dict(sorted(rejected.items())))


def is_empty(column: pa.ChunkedArray) -> bool:
    """Return whether a column of texts holds empty ones only."""
    return not pc.max(pc.binary_length(column)).as_py()


def _width(header: list[str], table: pa.Table, others: list[Record]) -> int:
    """Return the number of columns without those at the end that have neither a name nor content."""
    width = len(header)
    while width > 1 and not header[width - 1] and is_empty(table.column(width - 1)):
        if any(any(cells[width - 1 :]) for _, cells in others):
            break
        width -= 1
    return width


def _misfits(others: list[Record], width: int) -> dict[int, str]:
    """Return the rule that each row breaks whose number of fields is not the header's."""
    return {
        number: f"{len(cells)} fields where the header has {width}" for number, cells in others if len(cells) != width
    }


def _with_fitting(table: pa.Table, numbers: Places, fitting: list[Record]) -> tuple[pa.Table, Places]:
    """Return a table with rows that fit after all, in the order of the file."""
    if not fitting:
        return table, numbers
    columns = zip(*(cells for _, cells in fitting), strict=True)
    more = pa.table({str(place): pa.array(cells, pa.large_string()) for place, cells in enumerate(columns)})
    numbers = np.concatenate([numbers, [number for number, _ in fitting]])
    order = np.argsort(numbers, kind="stable")
    return pa.concat_tables([table, more]).take(order), numbers[order]
