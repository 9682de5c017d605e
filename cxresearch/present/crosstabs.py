"""A question by a banner as people read it: columns side by side, bases above, letters behind the shares."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.cells import escaped
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.tables import EMPTY

UNWEIGHTED, WEIGHTED, EFFECTIVE = "Answers", "Weighted base", "Effective base"
# A second base is told only where it differs from the first by more than a reader would mind.
SAME = 0.05
# Lines that sum up the ones above.
SUMMED = {"mean": "Mean", "top 2": "Top 2", "bottom 2": "Bottom 2", "NPS": "NPS"}
UNITS = {"cells": "share", "nets": "share", "means": "mean"}
DIGITS = {"share": 0, "points": 0, "mean": 2, "count": 0}
HIDDEN_NOTE = "Not shown: too few customers, or it would give away a group with too few."
SMALL_NOTE = "Grey: small base, read with care."
LETTERS_NOTE = (
    "A letter names a column of the same banner than which this one is higher: lower case p < .05, upper case "
    "p < .001, adjusted over the columns of the line."
)
ARROWS_NOTE = "An arrow: differs from all other columns of its banner, p < .05; two arrows: p < .001."


@dataclass(frozen=True)
class Head:
    """One column: its banner, level and letter."""

    banner: str
    level: str
    letter: str = ""

    @property
    def is_total(self) -> bool:
        """Whether it is everyone."""
        return say.is_total(self.level)


@dataclass(frozen=True)
class Entry:
    """What stands in one cell; without a value it is hidden or has no answers."""

    value: float | None
    mark: str = ""
    is_hidden: bool = False
    is_small: bool = False


@dataclass(frozen=True)
class Line:
    """One line: what it is, its unit, and an entry a column."""

    name: str
    unit: str
    entries: list[Entry]
    is_base: bool = False

    @property
    def digits(self) -> int:
        """How many decimals its numbers have."""
        return DIGITS.get(self.unit, 2)


@dataclass(frozen=True)
class CrossGrid:
    """A question by a banner: columns, lines from top to bottom, and notes."""

    heads: list[Head]
    lines: list[Line]
    notes: list[str]


def cross_grid(payload: ProtectedPayload) -> CrossGrid:
    """Return a protected crosstab laid out in columns and lines.

    Parameters
    ----------
    payload
        Of kind `crosstab`: one row a line and column, as `cx.show_tabs` makes it.
    """
    frame = payload.to_frame()
    heads = _heads(frame, payload)
    rows = {name: part for name, part in frame.groupby("row_level", sort=False, dropna=False)}
    shown = _shown(frame, payload)
    gone = {(head.banner, head.letter) for head in heads if (head.banner, head.level) not in shown}
    lines = [_line(name, part, heads, payload, gone) for name, part in rows.items()]
    bases = _bases(next(iter(rows.values())), heads, payload)
    return CrossGrid(heads, [*bases, *lines], _notes(lines))


def tab_frame(tab: Any, name: str) -> pd.DataFrame:
    """Return one question of a crosstab as the frame of a payload: its levels, nets and means, a row a column.

    Parameters
    ----------
    tab
        As `cx.segments.crosstab` returns it.
    name
        Of the question.
    """
    parts = {"cells": tab.cells, "nets": tab.nets, "means": tab.means}
    frame = pd.concat([part[part["row"].eq(name)].assign(unit=UNITS[kind]) for kind, part in parts.items()])
    frame["unit"] = frame["unit"].mask(frame["row_level"].eq("NPS"), "points")
    return frame.reset_index(drop=True)


def crosstab_table(payload: ProtectedPayload) -> str:
    """Return a protected crosstab as an HTML table in the house style.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"crosstab: found a {type(payload).__name__}; only what disclosure.protect returns is drawn.")
    if not payload.grid.rows:
        return EMPTY
    grid = cross_grid(payload)
    name = f"Table: {escaped(payload.caption or payload.key)}"
    lines = "".join(_html_line(line, place, grid, payload.key) for place, line in enumerate(grid.lines))
    notes = "".join(f'<p class="cx-note">{escaped(note)}</p>' for note in grid.notes)
    made = f'<table class="cx-table cx-crosstab" aria-label="{name}"><thead>{_html_heads(grid, payload.key)}</thead>'
    made += f"<tbody>{lines}</tbody></table>"
    return f'<div class="cx-scroll" role="region" tabindex="0" aria-label="{name}">{made}</div>{notes}'


def _heads(frame: pd.DataFrame, payload: ProtectedPayload) -> list[Head]:
    """Return the columns: everyone once, then each banner's levels, lettered in their order where letters are used."""
    lettered = bool(frame["letters"].str.contains("[a-zA-Z]").any())
    found: dict[tuple[str, str], Head] = {}
    places: dict[str, Iterator[str]] = {}
    for record in frame.drop_duplicates(["banner", "banner_level"]).to_dict("records"):
        banner = say.label(record["banner"], payload.labels)
        head = Head(banner, say.level("level", record["banner_level"], payload.labels))
        if head.is_total:
            found.setdefault(("", "all"), Head("", head.level))
            continue
        letter = next(places.setdefault(banner, iter(ascii_lowercase)), "")
        found[banner, head.level] = replace(head, letter=letter if lettered else "")
    return list(found.values())


def _cells(part: pd.DataFrame, payload: ProtectedPayload) -> dict[tuple[str, str], dict]:
    """Return a line's rows by banner and level; everyone stands under no banner."""
    found: dict[tuple[str, str], dict] = {}
    for record in part.to_dict("records"):
        level = say.level("level", record["banner_level"], payload.labels)
        banner = "" if say.is_total(level) else say.label(record["banner"], payload.labels)
        found.setdefault((banner, level), record)
    return found


def _line(
    name: str, part: pd.DataFrame, heads: list[Head], payload: ProtectedPayload, gone: set[tuple[str, str]]
) -> Line:
    """Return a level, net or mean across the columns; letters of hidden columns are dropped."""
    cells = _cells(part, payload)
    entries = []
    for head in heads:
        record = cells.get((head.banner, head.level))
        hidden = record is not None and record["flag"] == "hidden"
        if record is None or hidden or pd.isna(record["estimate"]):
            entries.append(Entry(None, is_hidden=hidden))
            continue
        mark = "".join(letter for letter in record["letters"] or "" if (head.banner, letter.lower()) not in gone)
        small = "base" in (record["flag"] or "") or "indicative" in (record["flag"] or "")
        entries.append(Entry(float(record["estimate"]), mark, is_small=small))
    unit = str(part["unit"].dropna().iloc[0]) if part["unit"].notna().any() else "share"
    return Line(SUMMED.get(name) or say.level("answer", name, payload.labels), unit, entries)


def _bases(part: pd.DataFrame, heads: list[Head], payload: ProtectedPayload) -> list[Line]:
    """Return the bases above a table; weighted and effective ones only where they are news."""
    cells = _cells(part, payload)
    found = []
    for title, name in ((UNWEIGHTED, "n"), (WEIGHTED, "weighted_base"), (EFFECTIVE, "n_eff")):
        records = [cells.get((head.banner, head.level)) for head in heads]
        values = [None if one is None or pd.isna(one[name]) else float(one[name]) for one in records]
        pairs = [(value, float(one["n"])) for value, one in zip(values, records, strict=True) if value and one]
        if name == "n" or any(abs(value / n - 1) > SAME for value, n in pairs):
            hidden = [one is not None and one["flag"] == "hidden" for one in records]
            entries = [Entry(value, is_hidden=gone) for value, gone in zip(values, hidden, strict=True)]
            found.append(Line(title, "count", entries, is_base=True))
    return found


def _shown(frame: pd.DataFrame, payload: ProtectedPayload) -> set[tuple[str, str]]:
    """Return banner and level of the columns that are not hidden in every line."""
    kept = frame[~frames.is_hidden(frame)][["banner", "banner_level"]].drop_duplicates()
    return {
        (say.label(banner, payload.labels), say.level("level", level, payload.labels)) for banner, level in kept.values
    }


def _notes(lines: list[Line]) -> list[str]:
    """Return what dashes, grey numbers and letters mean, where there are any."""
    entries = [entry for line in lines for entry in line.entries]
    marks = "".join(entry.mark for entry in entries)
    found = [HIDDEN_NOTE] if any(entry.is_hidden for entry in entries) else []
    found += [SMALL_NOTE] if any(entry.is_small for entry in entries) else []
    if marks:
        found.append(ARROWS_NOTE if set(marks) <= set("↑↓") else LETTERS_NOTE)
    return found


def _html_heads(grid: CrossGrid, key: str) -> str:
    """Return two lines of headings: banners over their columns, then columns with their letters."""
    spans: list[list] = []
    for head in grid.heads:
        if spans and spans[-1][0] == head.banner:
            spans[-1][1] += 1
        else:
            spans.append([head.banner, 1])
    above = "".join(
        f'<th scope="colgroup" colspan="{count}">{escaped(banner)}</th>' if banner else f'<td colspan="{count}"></td>'
        for banner, count in spans
    )
    columns = "".join(
        f'<th scope="col" id="{key}-c{place}" class="cx-number">{escaped(head.level)}{_letter(head)}</th>'
        for place, head in enumerate(grid.heads)
    )
    return f"<tr><td></td>{above}</tr><tr><td></td>{columns}</tr>"


def _letter(head: Head) -> str:
    """Return a column's letter."""
    return f' <span class="cx-interval">({escaped(head.letter)})</span>' if head.letter else ""


def _html_line(line: Line, place: int, grid: CrossGrid, key: str) -> str:
    """Return one line."""
    cells = "".join(f'<td class="cx-number">{_html_entry(entry, line)}</td>' for entry in line.entries)
    style = ' class="cx-base"' if line.is_base else ""
    return f'<tr{style}><th scope="row" id="{key}-r{place}">{escaped(line.name)}</th>{cells}</tr>'


def _html_entry(entry: Entry, line: Line) -> str:
    """Return one cell."""
    if entry.value is None:
        return f'<span class="cx-hidden">{say.DASH}</span>' if entry.is_hidden else say.DASH
    text = escaped(say.number(entry.value, line.unit, digits=line.digits))
    mark = f'<span class="cx-mark">{escaped(entry.mark)}</span>' if entry.mark else ""
    return f'<span class="cx-small">{text}</span>{mark}' if entry.is_small else f"{text}{mark}"
