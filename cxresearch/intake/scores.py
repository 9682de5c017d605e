"""Answers on a scale, higher always better."""

import re
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.numbers import read_number
from cxresearch.intake.parse import Finds, Parsed, distinct_texts, names_of, parse
from cxresearch.schema import Column

# 10 - Extremely likely; 10=Extremely likely; 10 (Extremely likely).
LABELLED = re.compile(r"(\d{1,3})\s*(?:[-–—:=.)]\s*|\s\()\s*[^\W\d].*", re.DOTALL)
# Extremely likely (10); Extremely likely - 10; Extremely likely = 10.
LABEL_FIRST = re.compile(r"[^\W\d]\D*(?:[(\[]\s*|\s[-–—]\s*|[:=]\s*)(\d{1,3})\s*[)\]]?", re.DOTALL)
# On longer scales (sliders) people leave answers between the whole numbers.
WHOLE_NUMBERS_UP_TO = 20
PER_CENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?) ?%")


def parse_score(
    cells: pd.Series, column: Column, scale: tuple[float, float], labels: dict[Any, str] | None = None
) -> Parsed:
    """Return answers on a scale, higher always better.

    A label before or behind the number is cut, as is the % of a slider from 0 to 100; declared codes are translated.
    Anything else that is no whole number of the scale breaks a rule, and so does a code whose value label names another
    number. Reversed scales are turned round.
    """
    low, high = scale
    whole = high - low <= WHOLE_NUMBERS_UP_TO
    back = {code_text(code).lower(): float(level) for level, codes in column.codes.items() for code in codes}
    names = {} if back else names_of(labels)
    observed: list[float] = []

    def score(text: str) -> tuple[float, str]:
        value, rule = _score(text, column.decimal, back, per_cent=high == 100)
        if rule:
            return np.nan, rule
        observed.append(value)
        if _labelled_otherwise(value, names.get(code_text(text), "")):
            return np.nan, "code and value label name different numbers; translate with `codes:`"
        if whole and not value.is_integer():
            return np.nan, "not a whole number"
        if not low <= value <= high:
            return np.nan, f"outside {low:g}–{high:g}"
        return low + high - value if column.reversed else value, ""

    found: Finds = {
        ("labels cut from scores", "normalised"): lambda text: (
            code_text(text).lower() not in back and _without_label(text) != text
        ),
        ("% cut from scores", "normalised"): lambda text: high == 100 and bool(PER_CENT.fullmatch(text)),
    }
    parsed = parse(cells, column, score, np.nan, "float64", found=found, cut=_without_label)
    hint = _hint(cells.loc[parsed.rules.index], parsed.rules, observed) if len(parsed.rules) else ""
    return Parsed(parsed.values, parsed.rules, parsed.notes, hint)


def not_applicable(cells: pd.Series, column: Column) -> pd.Series:
    """Return in which rows stands a code of `missing:`: asked, and there was nothing to rate.

    Examples
    --------
    >>> not_applicable(pd.Series(["7", "0", ""]), Column(source="Q5", missing=[0])).tolist()
    [False, True, False]
    """
    codes = {code_text(code).lower() for code in column.missing}
    texts = {cell: clean(cell_text(cell)) for cell in cells.dropna().unique()}
    declared = [cell for cell, text in texts.items() if codes & {text.lower(), code_text(_without_label(text)).lower()}]
    return cells.isin(declared)


def _score(text: str, decimal: str | None, back: dict[str, float], per_cent: bool) -> tuple[float, str]:
    """Return the number that a score is, or the rule it breaks; declared codes come first."""
    if back and (found := back.get(code_text(text).lower())) is not None:
        return found, ""
    if per_cent and (match := PER_CENT.fullmatch(text)):
        text = match[1]
    return read_number(_without_label(text), decimal)


def _without_label(text: str) -> str:
    """Return the number of a labelled score; any other text as it is."""
    match = LABELLED.fullmatch(text) or LABEL_FIRST.fullmatch(text)
    return match[1] if match else text


def _labelled_otherwise(code: float, label: str) -> bool:
    """Return whether a value label names another number than its code, as where 1 stands for "0 - Not at all"."""
    number = _without_label(label)
    return number.isdigit() and float(number) != code


def _hint(broken: pd.Series, rules: pd.Series, observed: list[float]) -> str:
    """Return what stands in a column most of which is no score of the scale: its range, or how many words."""
    if rules.ne("not a number").mean() >= 0.5:
        return f"found {min(observed):g}–{max(observed):g}: declare its `scale:`" if observed else ""
    words = distinct_texts(broken[rules.eq("not a number").to_numpy()])
    # A name could stand there, however often: words are counted, never quoted.
    return f"found {len(words)} different words: say under `codes:` which number each stands for"
