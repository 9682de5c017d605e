"""Numbers, however they are written: decimal commas, thousands marks, currencies, negative amounts in brackets."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa

from cxresearch.intake.currencies import MARK
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import Finds, Parsed, Plain, is_text, parse
from cxresearch.schema import Column

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)")
# 1,234.50; 1 234.50; 1'234.50: groups of three behind one to three digits.
GROUPED = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?: \d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:'\d{3})+(?:\.\d+)?"
)
AMOUNT = re.compile(
    rf"(?P<outer>\()?(?P<sign>[+-])?\s?(?P<before>{MARK})?\s?(?P<inner>\()?(?P<late>[+-])?\s?(?P<body>[\d.,' ]*\d)"
    rf"(?P<behind>-)?(?(inner)\))\s?(?P<after>{MARK})?(?P<last>-)?(?(outer)\))"
)
SAME_MARKS = str.maketrans("−–’`´", "--'''")
# What proves which of the two marks parts the decimals: other than three digits behind it, or the other mark before it.
POINT_PROOF = r"\.\d{1,2}\D*$|\.\d{4,}\D*$|,\d{3},\d{3}|,\d{3}\.\d|^\D*0\.\d|\d{4,}\.\d"
COMMA_PROOF = r",\d{1,2}\D*$|,\d{4,}\D*$|\.\d{3}\.\d{3}|\.\d{3},\d|^\D*0,\d|\d{4,},\d"
# Digits of other scripts are read one by one, with care.
PLAIN = {".": r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", ",": r"-?[0-9]{1,15}(?:,[0-9]{1,9})?"}
WHOLE = r"-?[0-9]{1,15}"
COMMAS = Note("decimal commas", 0, "normalised")
UNCLEAR = 'may be thousands or decimals; declare `decimal: "."` or `decimal: ","`'
MIXED = 'decimal points and decimal commas in one column; declare `decimal: "."` or `decimal: ","`'


def parse_number(cells: pd.Series, column: Column) -> Parsed:
    """Return numbers; infinities and words break a rule.

    Thousands marks, brackets or a minus behind a negative amount and the mark of a currency are understood. Which of
    point and comma parts the decimals is declared, or shown by the column itself; where every point stands before three
    digits it is not, and where some cells show the one and some the other the column contradicts itself.
    """
    if pd.api.types.is_numeric_dtype(cells) and not column.missing:
        values = cells.astype("float64")
        endless = np.isinf(values)
        return Parsed(values, pd.Series("not a number", values.index[endless], dtype="str"))
    decimal, rule = (column.decimal, "") if column.decimal else _decimal_mark(cells)
    marks: set[str] = set()

    def number(text: str) -> tuple[float, str]:
        body, mark = _bare(text)
        if rule and ("." in body or (rule == MIXED and "," in body)):
            return np.nan, rule
        value, wrong = read_number(body, decimal)
        marks.update({mark} - {""} if not wrong else ())
        return value, wrong

    def plain(cells: pd.Series) -> Plain:
        done = cells.str.fullmatch(WHOLE if rule else PLAIN[decimal or "."]).to_numpy(bool)
        texts = cells[done].str.replace(",", ".", regex=False) if decimal == "," else cells[done]
        values = pd.Series(np.nan, cells.index)
        values.iloc[np.flatnonzero(done)] = pa.array(texts.array).cast(pa.float64()).to_numpy()
        commas = int(cells[done].str.contains(",", regex=False).sum()) if decimal == "," else 0
        return Plain(values, done, [COMMAS._replace(rows=commas)] if commas else [])

    parsed = parse(
        cells, column, number, np.nan, "float64", found=_finds(decimal), plain=plain if is_text(cells) else None
    )
    return Parsed(parsed.values, parsed.rules, parsed.notes, currencies=frozenset(marks))


def read_number(text: str, decimal: str | None) -> tuple[float, str]:
    """Return the number that a text is, or the rule it breaks.

    Examples
    --------
    >>> read_number("1.234,50", ","), read_number("1'234.50", None), read_number("ten", None)
    ((1234.5, ''), (1234.5, ''), (nan, 'not a number'))
    """
    text = text.translate(SAME_MARKS)
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    if GROUPED.fullmatch(text):
        text = re.sub("[, ']", "", text)
    number = float(text) if NUMBER.fullmatch(text) else np.nan
    return (number, "") if np.isfinite(number) else (np.nan, "not a number")


def _bare(text: str) -> tuple[str, str]:
    """Return an amount without the mark of its currency, its minus in front; and the mark."""
    match = AMOUNT.fullmatch(text.translate(SAME_MARKS))
    if match is None:
        return text, ""
    before, after = match["before"] or "", match["after"] or ""
    signs = [sign for sign in (match["sign"], match["late"], match["behind"], match["last"]) if sign]
    negative = len(signs) + bool(match["outer"]) + bool(match["inner"])
    if negative > 1 or (before and after):
        return text, ""
    sign = "-" if negative and "+" not in signs else ""
    return sign + match["body"], before or after


def _finds(decimal: str | None) -> Finds:
    """Return what to note of numbers that are not written plainly."""

    def value(text: str) -> str:
        bare = _bare(text)[0].translate(SAME_MARKS)
        return "" if read_number(bare, decimal)[1] else bare

    return {
        (COMMAS.note, COMMAS.kind): lambda text: decimal == "," and "," in value(text),
        ("thousands marks taken out of numbers", "normalised"): lambda text: bool(
            re.search(r"[ ']\d|\." if decimal == "," else r"[ ,']\d", value(text))
        ),
        ("negative amounts in brackets or with the minus behind", "normalised"): lambda text: (
            value(text).startswith("-") and bool(re.search(r"^\D*\(|-\D*$", text.translate(SAME_MARKS)))
        ),
        ("marks of a currency cut from amounts", "normalised"): lambda text: bool(value(text) and _bare(text)[1]),
    }


def _decimal_mark(cells: pd.Series) -> tuple[str, str]:
    """Return which mark parts the decimals of a column, and the rule that its unclear cells break."""
    texts = cells if is_text(cells) else pd.Series([cell for cell in cells if isinstance(cell, str)], dtype="str")
    commas = texts.str.contains(",", regex=False)
    points = texts.str.contains(".", regex=False)
    comma = bool((commas | points).any()) and bool(texts.str.contains(COMMA_PROOF).any())
    point = bool(points.any() or commas.any()) and bool(texts.str.contains(POINT_PROOF).any())
    if comma and point:
        return ".", MIXED
    if comma or point:
        return ("," if comma else "."), ""
    return ".", UNCLEAR if points.any() else ""
