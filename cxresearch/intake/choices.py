"""Multi-select questions: a 0/1 column for each choice, from a column a choice or from one cell that lists them."""

import re
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.columns import Tidy, export_column
from cxresearch.intake.levels import NO, YES
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import is_nested, names_of
from cxresearch.intake.source import Source
from cxresearch.schema import Choices, Table
from cxresearch.strict_yaml import StudyError, nearest

NOT_CHOSEN = NO | {
    *("not selected", "unchecked", "not chosen", "nicht gewählt", "nicht ausgewählt", "nicht genannt", "falsch"),
    *("non", "faux", "non sélectionné", "non coché", "falso", "no seleccionado", "no marcado"),
    *("nee", "onwaar", "niet geselecteerd", "niet gekozen", "niet aangevinkt"),
}
# A choice that nobody declared and few gave is what people wrote beside "Other": it makes no column of its own.
FEWEST_ROWS, OTHER = 10, "other"


def with_sets(tidy: Tidy, source: Source, table: Table) -> Tidy:
    """Return the columns with a 0/1 for each choice of each multi-select set.

    A set over columns gives `set: column`; where every choice of it is blank, the person was not asked or chose none:
    missing, not 0. A set within one cell waits, its listed choices as they stand, until all files are there.
    """
    chosen: dict[str, pd.Series] = {}
    for name, declared in table.sets.items():
        if isinstance(declared, Choices):
            cells = export_column(source.frame, declared.source, f"sets.{name}")
            chosen[_waiting(name)] = _labelled(cells, declared, names_of(source.labels.get(declared.source)))
        else:
            chosen |= _over_columns(name, declared, source)
    return Tidy(tidy.frame.assign(**chosen), tidy.rules, tidy.notes, tidy.hints, tidy.currencies)


def with_listed_choices(frame: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, list[Note]]:
    """Return all files' rows with `set: choice` for each set whose choices one cell lists.

    Declared choices have a column each. Of others, those that ten rows or more gave have one, the rest is `set: other`.
    """
    notes = []
    for name, declared in table.sets.items():
        if isinstance(declared, Choices):
            codes, cells = pd.factorize(frame[_waiting(name)])
            lists = [_listed(cell, declared) for cell in cells.tolist()]
            columns, rare = _columns(lists, np.bincount(codes[codes >= 0], minlength=len(lists)), declared)
            made = {
                f"{name}: {column}": pd.Series([float(column in one) for one in held] + [np.nan])
                for held in [[{_place(choice, columns) for choice in one} for one in lists]]
                for column in columns
            }
            chosen = {column: values.take(codes).set_axis(frame.index) for column, values in made.items()}
            frame = frame.drop(columns=_waiting(name)).assign(**chosen)
            if rare:
                notes.append(Note("choices of under ten rows, not declared: counted as `other`", rare, "flag", name))
    return frame, notes


def _over_columns(name: str, patterns: list[str], source: Source) -> dict[str, pd.Series]:
    """Return a 0/1 column for each column of the export that a set names."""
    raw = source.frame
    # LimeSurvey's names hold brackets: a name as it stands comes before its reading as a pattern.
    members = [name for name in map(str, raw) if name in patterns or any(fnmatchcase(name, one) for one in patterns)]
    if not members:
        raise StudyError(f"sets.{name}: no column matches {patterns}; {nearest(patterns[0], [str(c) for c in raw])}.")
    chosen = pd.DataFrame({member: _is_chosen(source, member) for member in members})
    asked = chosen.notna().any(axis=1)
    return {f"{name}: {member}": chosen[member].fillna(0.0).where(asked) for member in members}


def _is_chosen(source: Source, column: str) -> pd.Series:
    """Return 1 where a cell says that its choice was taken, 0 where it says not, missing where it is blank."""
    if is_nested(source.frame[column]):
        raise StudyError(f"sets: the column {column!r} lists choices in its cells; write it as {{from: {column}}}.")
    names, counted = names_of(source.labels.get(column)), source.counted.get(column)
    missing = [code_text(code) for code in source.missing.get(column, [])]
    codes, distinct = pd.factorize(source.frame[column])

    def taken(text: str) -> float:
        code = code_text(text)
        if not text or code in missing:
            return np.nan
        if counted is not None:
            return float(code == code_text(counted))
        # A label decides over its code: 2 may be labelled "No".
        label = names.get(code, code).lower()
        return float((label if label in YES | NOT_CHOSEN else code.lower()) not in NOT_CHOSEN)

    found = [taken(clean(cell_text(cell))) for cell in distinct.tolist()]
    return pd.Series([*found, np.nan]).take(codes).set_axis(source.frame.index)


def _waiting(name: str) -> str:
    """Return the column in which the listed choices of a set stand until all files are there."""
    return f"_set {name}"


def _labelled(cells: pd.Series, declared: Choices, names: dict[str, str]) -> pd.Series:
    """Return listed choices in clean spelling, codes by the file's own labels where the study declares none."""
    if is_nested(cells):
        cells = cells.map(lambda listed: declared.separator.join(map(str, listed)), na_action="ignore")
    codes, distinct = pd.factorize(cells)
    texts: list[Any] = [clean(cell_text(cell)) or pd.NA for cell in distinct.tolist()]
    if names and not declared.codes:
        split = [[] if text is pd.NA else _parts(text, declared.separator) for text in texts]
        texts = [declared.separator.join(names.get(code_text(one), one) for one in parts) or pd.NA for parts in split]
    return pd.Series([*texts, pd.NA], dtype="str").take(codes).set_axis(cells.index)


def _parts(text: str, separator: str) -> list[str]:
    """Return the choices between separators."""
    return [part for part in (one.strip() for one in text.split(separator.strip() or separator)) if part]


def _listed(text: str, declared: Choices) -> set[str]:
    """Return the choices of one cell; declared ones are found first, even where they hold the separator."""
    levels = {clean(str(code)).lower(): level for level, codes in declared.codes.items() for code in codes}
    found: set[str] = set()
    if levels:
        mark = re.escape(declared.separator.strip() or declared.separator)
        words = "|".join(re.escape(word) for word in sorted(levels, key=len, reverse=True))
        declared_word = re.compile(rf"(?:^|(?<={mark}))\s*({words})\s*(?=$|{mark})", re.IGNORECASE)
        found = {levels[match.lower()] for match in declared_word.findall(text)}
        text = declared_word.sub("", text)
    return found | set(_parts(text, declared.separator))


def _columns(lists: list[set[str]], rows: np.ndarray, declared: Choices) -> tuple[list[str], int]:
    """Return which choices have a column, in order, and in how many rows stands one that has none."""
    counts: Counter[str] = Counter()
    for choices, count in zip(lists, rows.tolist(), strict=True):
        counts.update(dict.fromkeys(choices, count))
    known = list(declared.codes)
    frequent = [] if known else sorted(choice for choice, count in counts.items() if count >= FEWEST_ROWS)
    columns = known + frequent
    rare = sum(count for one, count in zip(lists, rows.tolist(), strict=True) if one - set(columns))
    return columns + ([OTHER] if rare and OTHER not in columns else []), rare


def _place(choice: str, columns: list[str]) -> str:
    """Return the column that a choice counts in."""
    return choice if choice in columns else OTHER
