"""A protected frame as an accessible HTML table in the house style, composed by great-tables."""

import re
from dataclasses import dataclass, field

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.cells import Column, escaped, group_column, is_blank, is_place, measured_columns, typeset
from cxresearch.present.disclosure import HIDDEN
from cxresearch.present.payload import ProtectedPayload

SEVERAL = 2
EMPTY = '<p class="cx-empty">None.</p>'
HIDDEN_NOTE = "Not shown: too few customers, or it would give away a group with too few."


@dataclass(frozen=True)
class Layout:
    """Which grouping columns become row headers, groups of rows, columns, or a line under the table."""

    stub: str | None = None
    groups: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)


def table(payload: ProtectedPayload) -> str:
    """Return a protected payload's frame as an HTML table.

    Parameters
    ----------
    payload
        As `disclosure.protect` returns it. Its arguments `columns` (which measured columns, in this order), `digits`
        and `groups` (false: grouping columns stay columns) choose what is shown.

    Returns
    -------
    str
        A focusable scroll region with one `<table class="cx-table">`; ids begin with the payload's key. Intervals stand
        behind their estimate, hidden cells are a dash with a footnote, small bases grey with a footnote.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"table: found a {type(payload).__name__}; only what disclosure.protect returns is drawn.")
    frame = payload.to_frame()
    if frame.empty:
        return EMPTY
    layout = _layout(frame, payload)
    used = {layout.stub, *layout.groups, *layout.columns, *layout.constant}
    named = [name for name in layout.columns if name != "key" or not is_place(frame)]
    columns = [group_column(frame, payload, name) for name in named if not is_blank(frame[name])]
    columns += measured_columns(frame, payload, [name for name in frame.columns if name not in used])
    return _composed(frame, payload, layout, columns)


def _groups_of(frame: pd.DataFrame, payload: ProtectedPayload) -> list[str]:
    """Return the grouping columns; of a process frame, which has no base, the text columns at its beginning."""
    if "n" in frame.columns or payload.about == "people":
        return list(payload.group_columns)
    found: list[str] = []
    for name in frame.columns:
        if not pd.api.types.is_string_dtype(frame[name].dtype):
            break
        found.append(name)
    return found or list(frame.columns[:1])


def _layout(frame: pd.DataFrame, payload: ProtectedPayload) -> Layout:
    """Return where each grouping column goes."""
    names = _groups_of(frame, payload)
    if payload.about == "process":
        return Layout(names[0] if names else None, columns=names[1:])
    constant = [name for name in names if len(frame) > 1 and frame[name].nunique(dropna=False) == 1]
    varying = [name for name in names if name not in constant]
    outer = varying[:-1]
    if outer and payload.arguments.get("groups", True) and len(frame[outer].drop_duplicates()) < len(frame):
        return Layout(varying[-1], groups=outer, constant=constant)
    return Layout(varying[0] if varying else None, columns=varying[1:], constant=constant)


def _composed(frame: pd.DataFrame, payload: ProtectedPayload, layout: Layout, columns: list[Column]) -> str:
    """Return the table as HTML; great-tables gives scopes, headers and footnote marks."""
    from great_tables import GT, loc
    from great_tables import html as as_html

    names = [f"c{place}" for place in range(len(columns))]
    data = pd.DataFrame({name: column.cells for name, column in zip(names, columns, strict=True)}, index=frame.index)
    headings = [" · ".join(found) for found in zip(*_levels(frame, payload, layout.groups), strict=True)]
    numbers = {heading: f"group-{place}" for place, heading in enumerate(dict.fromkeys(headings))}
    if layout.stub:
        data["stub"] = _row_names(frame, payload, layout.stub)
    if layout.groups:
        data["group"] = [numbers[heading] for heading in headings]
    stub, group = ("stub" if layout.stub else None), ("group" if layout.groups else None)
    shown = GT(data, id=payload.key, rowname_col=stub, groupname_col=group)
    # Every cell is escaped already; without a format great-tables would escape it again.
    shown = shown.fmt(lambda cell: cell, columns=[*names, *([stub] if stub else [])])
    shown = shown.cols_label({name: as_html(found.heading) for name, found in zip(names, columns, strict=True)})
    if layout.stub:
        shown = shown.tab_stubhead(as_html(escaped(say.label(layout.stub, payload.labels))))
    for side in ("left", "right"):
        aligned = [name for name, found in zip(names, columns, strict=True) if found.numeric == (side == "right")]
        shown = shown.cols_align(side, aligned) if aligned else shown
    for text, rows in _footnotes(frame).items():
        where = loc.stub(rows=rows) if layout.stub else loc.body(columns=names[0], rows=rows)
        shown = shown.tab_footnote(as_html(escaped(text)), locations=where, placement="right")
    if layout.constant:
        shown = shown.tab_source_note(as_html(_constants(frame, payload, layout.constant)))
    return _house_style(shown.as_raw_html(), payload, numbers)


def _row_names(frame: pd.DataFrame, payload: ProtectedPayload, stub: str) -> list[str]:
    """Return the names of the rows; where rows are of several surveys, which one is told behind."""
    # A header without a word is none to those who hear the table.
    names = [name or say.DASH for name in _levels(frame, payload, [stub])[0]]
    if "survey" in payload.group_columns or "survey" not in frame.columns or frame["survey"].nunique() < SEVERAL:
        return names
    surveys = [f' <span class="cx-interval">{escaped(survey)}</span>' for survey in frame["survey"].fillna("")]
    return [name + survey for name, survey in zip(names, surveys, strict=True)]


def _levels(frame: pd.DataFrame, payload: ProtectedPayload, names: list[str]) -> list[list[str]]:
    """Return the names of the levels of grouping columns, row by row."""
    records = frame.to_dict("records")
    write = typeset if payload.about == "process" else escaped
    return [[write(say.level_of(record, name, payload.labels)) for record in records] for name in names]


def _constants(frame: pd.DataFrame, payload: ProtectedPayload, names: list[str]) -> str:
    """Return a line with what all rows have in common."""
    levels = [found[0] for found in _levels(frame, payload, names)]
    return "; ".join(
        f"{escaped(say.label(n, payload.labels))}: {found}" for n, found in zip(names, levels, strict=True)
    )


def _footnotes(frame: pd.DataFrame) -> dict[str, list[int]]:
    """Return the notes under the table with the places of their rows."""
    found: dict[str, list[int]] = {}
    for place, flag in enumerate(frames.flags(frame)):
        if flag:
            text = HIDDEN_NOTE if flag == HIDDEN else flag[0].upper() + flag[1:] + "."
            found.setdefault(text, []).append(place)
    return found


def _house_style(found: str, payload: ProtectedPayload, groups: dict[str, str]) -> str:
    """Return great-tables' HTML without its own style, in a scroll region that the keyboard reaches."""
    inner = re.search(r"<table.*</table>", found, flags=re.DOTALL)
    # Text after the tag, not a pattern for it: a caption may hold backslashes.
    text = inner[0].partition(">")[2] if inner else ""
    text = f'<table class="cx-table" aria-label="{_name(payload)}">{text}'
    # Cells are escaped, so these attributes are great-tables' own.
    text = re.sub(r' (style|data-quarto-\w+)="[^"]*"', "", text)
    # The heading of the row headers gets its id from its text; nothing refers to it.
    text = re.sub(
        r'(<th[^>]*scope="col" id=")[^"]*(?<!-c\d)(?<!-c\d\d)(">)', rf"\g<1>{payload.key}-stub\2", text, count=1
    )
    for heading, number in groups.items():
        if say.is_total(heading):
            text = re.sub(rf'<tr class="gt_group_heading_row">\s*<th[^>]*>{number}</th>\s*</tr>', "", text)
            text = text.replace(f"{payload.key}-{number} ", "")
        text = text.replace(f">{number}<", f">{heading}<")
    return f'<div class="cx-scroll" role="region" tabindex="0" aria-label="{_name(payload)}">{text}</div>'


def _name(payload: ProtectedPayload) -> str:
    """Return the name by which a screen reader announces the table."""
    return f"Table: {escaped(payload.caption or payload.key)}"
