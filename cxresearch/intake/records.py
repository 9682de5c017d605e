"""Records of a delimited text, found by their places in its bytes: which there are, how wide, and what they hold."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

# The csv module refuses cells over 128 kB by default; a pasted log or mail thread is longer.
LONGEST_CELL = 2**30
QUOTE, LINE_FEED, RETURN = b'"\n\r'
# Bytes looked at together: their masks fit into the processor's cache.
BLOCK = 2**21
# pyarrow reads a file in blocks of this many bytes; few blocks make columns of few pieces.
ARROW_BLOCK = 2**24
# In so many first bytes nearly every record shows that it is not blank; the others are read.
LOOKED_INTO = 64
Record = tuple[int, list[str]]
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
NOWHERE = np.array([], np.int64)


@dataclass(frozen=True)
class Records:
    """The records of a text that are not blank.

    Attributes
    ----------
    data
        The text: valid UTF-8 in which quotation marks stand around whole fields only.
    delimiter
        Between fields, one ASCII character.
    starts, stops
        Place of each record's first byte, and of the one after its line end.
    widths
        Number of fields of each.
    numbers
        Number of each as a spreadsheet shows it: the first is 1, blank ones count.
    origins
        Place where each begins in the text before it was rewritten, if it was.
    broken
        Whether a cell holds a line break.
    """

    data: bytes
    delimiter: str
    starts: Places
    stops: Places
    widths: Places
    numbers: Places
    origins: Places
    broken: bool = False

    def __len__(self) -> int:
        return len(self.starts)

    def only(self, rows: npt.NDArray[np.bool_] | slice) -> "Records":
        """Return some of the records."""
        parts = ("starts", "stops", "widths", "numbers", "origins")
        return replace(self, **{part: getattr(self, part)[rows] for part in parts})

    def cells(self, row: int | np.integer) -> list[str]:
        """Return the cells of one record."""
        text = self.data[self.starts[row] : self.stops[row]].decode()
        csv.field_size_limit(LONGEST_CELL)
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter))

    def holding(self, pattern: str) -> Places:
        """Return the numbers of the records in which a regular expression is found."""
        found = np.array([match.start() for match in re.finditer(pattern.encode(), self.data)], np.int64)
        rows = np.unique(np.searchsorted(self.starts, found, "right") - 1)
        rows = rows[rows >= 0]
        places = np.searchsorted(found, self.starts[rows])
        return self.numbers[rows[found[places] < self.stops[rows]]] if len(rows) else self.numbers[:0]

    def begun_at(self, places: Places) -> int:
        """Return how many records hold one of some places in the text before it was rewritten."""
        rows = np.unique(np.searchsorted(self.origins, places, "right"))
        return int((rows > 0).sum())

    def table(self, width: int) -> pa.Table:
        """Return the records, all of this width, as columns of text, called by their places from 0."""
        names = [str(place) for place in range(width)]
        if not len(self):
            return pa.table({name: pa.array([], pa.large_string()) for name in names})
        content = self._content()
        longest = int((self.stops - self.starts).max())
        return pyarrow.csv.read_csv(
            pa.BufferReader(content),
            pyarrow.csv.ReadOptions(column_names=names, block_size=max(ARROW_BLOCK, 2 * longest)),
            pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=self.broken),
            pyarrow.csv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )

    def _content(self) -> pa.Buffer:
        """Return the bytes of these records, copied only where others lie between them."""
        gaps = np.flatnonzero(self.starts[1:] != self.stops[:-1]) + 1
        begins, ends = self.starts[[0, *gaps]], self.stops[[*(gaps - 1), -1]]
        whole = memoryview(self.data)
        pieces = [whole[begin:end] for begin, end in zip(begins, ends, strict=True)]
        return pa.py_buffer(pieces[0] if len(pieces) == 1 else b"".join(pieces))


def indexed(data: bytes, delimiter: str) -> Records | None:
    r"""Return the records of a text, or None where a quotation mark stands elsewhere than around a whole field.

    Parameters
    ----------
    data
        Valid UTF-8 without control characters.
    delimiter
        Between fields.

    Examples
    --------
    >>> records = indexed(b'a,b\n\n1,"x, y"\n', ",")
    >>> records.numbers.tolist(), records.cells(1)
    ([1, 3], ['1', 'x, y'])
    >>> indexed(b'a,b\n1,5" pipe\n', ",") is None
    True
    """
    if not delimiter.isascii():
        return None
    array = np.frombuffer(data, np.uint8)
    ends, fields = [], []
    before = inside = 0
    broken = False
    for begin in range(0, len(array), BLOCK):
        block = array[begin : begin + BLOCK]
        breaks, delimiters = (block == LINE_FEED) | (block == RETURN), block == ord(delimiter)
        quotes = np.flatnonzero(block == QUOTE)
        if len(quotes) or inside:
            if not _around_fields(array, quotes + begin, inside, ord(delimiter)):
                return None
            # An even number of quotation marks since the start of the text: outside of them.
            outside = np.bitwise_xor.accumulate((block == QUOTE).view(np.uint8)) == inside
            broken = broken or bool((breaks & ~outside).any())
            breaks, delimiters = breaks & outside, delimiters & outside
            inside = (inside + len(quotes)) % 2
        ends.append(np.flatnonzero(breaks) + begin)
        places = np.flatnonzero(delimiters)
        fields.append(np.searchsorted(places, ends[-1] - begin) + before)
        before += len(places)
    if inside:
        return None
    records = _spans(data, delimiter, np.concatenate([NOWHERE, *ends]), np.concatenate([NOWHERE, *fields]), before)
    return replace(_without_blank(records), broken=broken)


def read_strictly(text: str, delimiter: str) -> Records:
    """Return the records of a text whose quotation marks stand anywhere.

    Parameters
    ----------
    text
        Without control characters.
    delimiter
        Between fields.

    Raises
    ------
    csv.Error
        If a quotation mark is never closed, or text follows a closing one; its argument is the line of that record.
    """
    csv.field_size_limit(LONGEST_CELL)
    lines = [0]

    def counted() -> Iterator[list[str]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for record in reader:
            lines.append(reader.line_num)
            yield record

    try:
        records = written(counted())
    except csv.Error:
        raise csv.Error(lines[-1] + 1) from None
    places = np.cumsum([0, *(len(line.encode()) for line in io.StringIO(text, newline=""))])
    return replace(records, origins=places[lines][records.numbers - 1])


def written(records: Iterable[list[str]]) -> Records:
    """Return lists of cells as the records of a text, all fields in quotation marks.

    Parameters
    ----------
    records
        Blank ones count in the numbers of those after them.
    """
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(records)
    found = indexed(text.getvalue().encode(), ",")
    if found is None:
        raise AssertionError("the csv module writes quotation marks around whole fields only")
    return found


def _around_fields(array: Bytes, quotes: Places, inside: int, delimiter: int) -> bool:
    """Return whether opening quotation marks follow, and closing ones precede, a field's border or one another."""
    opening, closing = quotes[inside::2], quotes[1 - inside :: 2]
    border = np.zeros(256, np.bool_)
    border[[QUOTE, LINE_FEED, RETURN, delimiter]] = True
    left, right = opening[opening > 0] - 1, closing[closing < len(array) - 1] + 1
    return bool(border[array[left]].all() and border[array[right]].all())


def _spans(data: bytes, delimiter: str, ends: Places, fields: Places, total: int) -> Records:
    """Return every record, blank or not, from the places of the line ends and the delimiters counted before each."""
    array = np.frombuffer(data, np.uint8)
    # Of a carriage return and a line feed the first ends the record.
    second = (array[ends] == LINE_FEED) & (ends > 0) & (array[ends - 1] == RETURN)
    ends, fields = ends[~second], fields[~second]
    pairs = (array[ends] == RETURN) & (ends + 1 < len(array))
    pairs[pairs] = array[ends[pairs] + 1] == LINE_FEED
    stops = ends + 1 + pairs
    if (stops[-1] if len(stops) else 0) < len(data):
        stops, fields = np.append(stops, len(data)), np.append(fields, total)
    starts = np.concatenate([[0], stops[:-1]]) if len(stops) else stops
    widths = np.diff(fields, prepend=0) + 1
    numbers = np.arange(1, len(stops) + 1)
    return Records(data, delimiter, starts, stops, widths, numbers, starts)


def _without_blank(records: Records) -> Records:
    """Return the records in which some cell holds more than white space."""
    array = np.frombuffer(records.data, np.uint8)
    # A byte that is neither border nor quotation mark, nor can belong to white space, shows that a record is filled.
    telling = np.ones(256, np.bool_)
    telling[[*range(33), QUOTE, ord(records.delimiter), *range(0x80, 0xC3), 0xE1, 0xE2, 0xE3]] = False
    filled = np.zeros(len(records), np.bool_)
    left = np.arange(len(records))
    for step in range(LOOKED_INTO):
        left = left[records.starts[left] + step < records.stops[left]]
        filled[left] = telling[array[records.starts[left] + step]]
        left = left[~filled[left]]
    for row in np.flatnonzero(~filled & (array[records.starts] != LINE_FEED) & (array[records.starts] != RETURN)):
        filled[row] = any(map(str.strip, records.cells(int(row))))
    return records if filled.all() else records.only(filled)
