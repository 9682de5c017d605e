"""One cell as text, in one spelling, whatever type the file gave it."""

import math
import unicodedata
from datetime import date, time
from decimal import Decimal

import numpy as np

# Invisible: zero-width characters, soft hyphens, byte-order marks, and marks that turn the reading direction.
INVISIBLE = dict.fromkeys(
    [
        0x00AD,
        0x061C,
        0x200B,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        0x2060,
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
# Floats hold every whole number up to here; beyond, neighbours fall together.
EXACT_BELOW = 2**53


def clean(text: str) -> str:
    """Return a cell in one spelling: compatibility forms folded, invisible characters gone, blanks single.

    Examples
    --------
    >>> clean("\uff11\uff10\u00a0")
    '10'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(INVISIBLE))
    return " ".join(text.split())


def cell_text(cell: object) -> str:
    """Return a cell as the text it stands for: whole floats without `.0`, dates as ISO.

    Examples
    --------
    >>> cell_text(12.0), cell_text(1e-7), cell_text(b"C1"), cell_text(Decimal("5.00"))
    ('12', '0.0000001', 'C1', '5')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float | np.floating):
        return number_text(float(cell), EXACT_BELOW)
    if isinstance(cell, Decimal) and cell.is_finite():
        return str(int(cell)) if cell == cell.to_integral_value() else format(cell, "f")
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def number_text(number: int | float, exact_below: int) -> str:
    """Return a number as text; one too long to be exact in scientific notation, which no id and no amount is.

    Examples
    --------
    >>> number_text(12.0, 10**15), number_text(12345678901234580, 10**15)
    ('12', '1.234568E+16')
    """
    if not math.isfinite(number):
        return str(number)
    if abs(number) >= exact_below:
        return f"{number:E}"
    return str(int(number)) if number == int(number) else np.format_float_positional(number, trim="-")


def code_text(code: object) -> str:
    """Return a declared code, or a cell to be compared with one, in one spelling: `99`, `99.0` and " 99 " are alike.

    Examples
    --------
    >>> code_text(99), code_text("99.0"), code_text("Don't Know")
    ('99', '99', "Don't Know")
    """
    text = clean(cell_text(code))
    whole, point, rest = text.partition(".")
    return whole if point and rest and not rest.strip("0") and whole.lstrip("+-").isdigit() else text
