"""A protected frame as an accessible HTML table in the house style, composed by great-tables."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.disclosure import HIDDEN
from cxresearch.present.payload import ProtectedPayload

# Exact numbers for machines stay in results.json; a reader needs the interval, not what it was made from.
UNSEEN = ("std_error", "statistic", "flag", "minimum_detectable", *sum(frames.LIMITS.values(), ()))
P_VALUES = ("p_value", "p_adjusted")
SMALLEST_P = 0.001
DEFAULT_LEVEL = 0.95
HIDDEN_NOTE = "Not shown: too few customers, or it would give away a group with too few."
# Effective and actual bases are told apart only when they differ by more than rounding.
SAME = 0.005


@dataclass(frozen=True)
class Column:
    """One column as it is shown: heading and cells are HTML, escaped."""

    heading: str
    cells: list[str]
    numeric: bool = True


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
        return '<p class="cx-empty">The table has no rows.</p>'
    layout = _layout(frame, payload)
    return _composed(frame, payload, layout, _columns(frame, payload, layout))


def escaped(text: Any) -> str:
    """Return a text for HTML, without characters that nobody sees."""
    return html.escape(say.clean(str(text)))


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


def _columns(frame: pd.DataFrame, payload: ProtectedPayload, layout: Layout) -> list[Column]:
    """Return the columns as shown, after the row headers."""
    used = {layout.stub, *layout.groups, *layout.columns, *layout.constant}
    measured = [name for name in frame.columns if name not in used and name not in UNSEEN]
    chosen = payload.arguments.get("columns") or [name for name in measured if _is_news(name, frame)]
    found = [_group_column(frame, payload, name) for name in layout.columns]
    return found + [_measured(frame, payload, name) for name in chosen if name in frame.columns]


def _is_news(name: str, frame: pd.DataFrame) -> bool:
    """Return whether a column says what no other shown one does."""
    if name in ("n_customers", "n_customers_previous", "n_eff"):
        other = "n_previous" if name == "n_customers_previous" else "n"
        gap = (frames.floats(frame, name) / frames.floats(frame, other) - 1).abs()
        return other not in frame.columns or bool((gap > SAME).any())
    return not (name == "p_value" and "p_adjusted" in frame.columns)


def _group_column(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Column:
    """Return a grouping column that stays a column."""
    cells = [escaped(say.level(name, value, payload.labels)) for value in frame[name]]
    return Column(escaped(say.label(name, payload.labels)), cells, numeric=False)


def _measured(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Column:
    """Return a measured column: numbers in their units, an interval behind its estimate, text as it is."""
    heading = _heading(frame, payload, name)
    kind = frame[name].dtype
    if name == "verdict":
        return Column(heading, _softened(frame, _verdicts(frame, payload)), numeric=False)
    if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        return Column(heading, _softened(frame, [_text(value) for value in frame[name]]), numeric=False)
    write = _writer(frame, payload, name)
    cells = [write(row, value) for row, value in frames.floats(frame, name).items()]
    if name in frames.LIMITS and set(frames.LIMITS[name]) <= set(frame.columns):
        low, high = (frames.floats(frame, limit) for limit in frames.LIMITS[name])
        limits = [f"[{write(row, low[row])}, {write(row, high[row])}]" for row in frame.index]
        behind = [f' <span class="cx-interval">{text}</span>' for text in limits]
        cells = [cell + (text if known else "") for cell, text, known in zip(cells, behind, low.notna(), strict=True)]
    return Column(heading, _softened(frame, cells))


def _writer(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> Callable[[Any, float], str]:
    """Return what writes the numbers of a column, row by row, each in its unit."""
    if name in P_VALUES:
        return lambda row, value: f"&lt; {SMALLEST_P}" if value < SMALLEST_P else say.number(value, digits=3)
    units = frames.units(frame, payload.arguments, name)
    numbers = frames.floats(frame, name)
    digits = {unit: say.digits_for(numbers[units == unit], unit) for unit in units.unique()}
    digits |= {
        unit: payload.arguments["digits"] for unit in digits if "digits" in payload.arguments and unit != "count"
    }
    signed, currency = frames.is_difference(frame, name), payload.arguments.get("currency", "")
    return lambda row, value: escaped(
        say.number(value, units[row], digits=digits[units[row]], signed=signed, currency=currency)
    )


def _heading(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> str:
    """Return a column's heading; the estimate is named by its metric where all rows have the same one."""
    text = say.label(name, payload.labels)
    if name == "estimate" and name not in payload.labels:
        metrics = list(frame["metric"].unique()) if "metric" in frame.columns else []
        text = say.label(metrics[0], payload.labels) if len(metrics) == 1 else text
        text = say.label("change", payload.labels) if frames.is_change(frame) else text
    if name in frames.LIMITS and set(frames.LIMITS[name]) <= set(frame.columns):
        level = say.number(payload.arguments.get("conf_level", DEFAULT_LEVEL), "share")
        return f'{escaped(text)} <span class="cx-interval">[{level} interval]</span>'
    return escaped(text)


def _verdicts(frame: pd.DataFrame, payload: ProtectedPayload) -> list[str]:
    """Return the verdicts; where one cannot tell, with the change that could have been seen."""
    smallest = frames.floats(frame, "minimum_detectable")
    units = frames.units(frame.assign(minimum_detectable=smallest), payload.arguments, "minimum_detectable")
    found = [_text(verdict) for verdict in frame["verdict"]]
    told = [say.number(value, unit, digits=1) for value, unit in zip(smallest, units, strict=True)]
    return [
        f"{text}; ±{size} detectable" if text == "cannot tell" and known else text
        for text, size, known in zip(found, told, smallest.notna(), strict=True)
    ]


def _text(value: Any) -> str:
    """Return a cell of text or yes/no."""
    if pd.isna(value):
        return say.DASH
    return ("yes" if value else "no") if isinstance(value, bool) else escaped(value)


def _softened(frame: pd.DataFrame, cells: list[str]) -> list[str]:
    """Return cells, a dash where the row is hidden, grey where it rests on a small base."""
    dash = f'<span class="cx-hidden">{say.DASH}</span>'
    hidden, small = frames.is_hidden(frame), frames.is_small(frame)
    return [
        dash if gone else f'<span class="cx-small">{cell}</span>' if soft else cell
        for cell, gone, soft in zip(cells, hidden, small, strict=True)
    ]


def _composed(frame: pd.DataFrame, payload: ProtectedPayload, layout: Layout, columns: list[Column]) -> str:
    """Return the table as HTML; great-tables gives scopes, headers and footnote marks."""
    from great_tables import GT, loc
    from great_tables import html as as_html

    names = [f"c{place}" for place in range(len(columns))]
    data = pd.DataFrame({name: column.cells for name, column in zip(names, columns, strict=True)}, index=frame.index)
    headings = [" · ".join(found) for found in zip(*_levels(frame, payload, layout.groups), strict=True)]
    numbers = {heading: f"group-{place}" for place, heading in enumerate(dict.fromkeys(headings))}
    if layout.stub:
        data["stub"] = _levels(frame, payload, [layout.stub])[0]
    if layout.groups:
        data["group"] = [numbers[heading] for heading in headings]
    stub, group = ("stub" if layout.stub else None), ("group" if layout.groups else None)
    shown = GT(data, id=payload.key, rowname_col=stub, groupname_col=group).fmt(lambda cell: cell)
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


def _levels(frame: pd.DataFrame, payload: ProtectedPayload, names: list[str]) -> list[list[str]]:
    """Return the names of the levels of grouping columns, row by row."""
    return [[escaped(say.level(name, value, payload.labels)) for value in frame[name]] for name in names]


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
    text = re.sub(r"<table[^>]*>", f'<table class="cx-table" aria-label="{_name(payload)}">', inner[0] if inner else "")
    # Cells are escaped, so these attributes are great-tables' own.
    text = re.sub(r' (style|data-quarto-\w+)="[^"]*"', "", text)
    for heading, number in groups.items():
        text = text.replace(f">{number}<", f">{heading}<")
    return f'<div class="cx-scroll" role="region" tabindex="0" aria-label="{_name(payload)}">{text}</div>'


def _name(payload: ProtectedPayload) -> str:
    """Return the name by which a screen reader announces the table."""
    return f"Table: {escaped(payload.caption or payload.key)}"
