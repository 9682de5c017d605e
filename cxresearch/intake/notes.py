"""What intake found or mended on the way, besides rows that it set aside."""

from typing import Literal, NamedTuple

Kind = Literal["read", "normalised", "flag"]


class Note(NamedTuple):
    """One thing found or mended.

    Attributes
    ----------
    note
        What, in words, never with a cell's text.
    rows
        In how many rows; 0 where it concerns the file or the column as a whole.
    kind
        `read`: how the file was understood; `normalised`: cells were mended; `flag`: somebody should look.
    column
        The column after intake, "" for the file.
    """

    note: str
    rows: int = 0
    kind: Kind = "read"
    column: str = ""
