"""Figures of horizontal rows: estimates with intervals, bars, a flow of stages, a bridge between two levels."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.canvas import SMALL, Canvas, height_of, text_width, wrapped
from cxresearch.present.palette import MUTED_SERIES, SERIES
from cxresearch.present.payload import ProtectedPayload

GAP, MARGIN = 12, 4
# Of the sheet's width, what names may take at most.
NAMES = 0.34
ROW, ROW_ON_PHONE, HEADING, BAR = 10, 18, 26, 16
TICKS, AXIS_TITLE, ABOVE = 22, 20, 20
DOT, THICK = 8, 2.4
VERDICTS = {"rose": "good", "higher": "good", "fell": "bad", "lower": "bad"}
ROOM, BAND = 0.04, 0.5


@dataclass(frozen=True)
class Row:
    """One row of a figure; without a value it is a heading."""

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    start: float = 0.0
    base: str = ""
    text: str = ""
    limits: str = ""
    is_small: bool = False
    is_total: bool = False
    colour: str = SERIES[0]


@dataclass(frozen=True)
class Sheet:
    """What a figure of rows draws.

    Parameters
    ----------
    rows
        From top to bottom.
    unit, digits
        Of the axis.
    title
        Of the axis.
    marks
        Lines across all rows: value and words.
    notes
        Sentences under the figure.
    from_zero
        Whether the axis begins at zero, as bars must.
    has_axis
        Whether ticks and grid are drawn; rows that all bear their value need none, and the title stands above these.
    base_title
        Heading of the bases.
    band
        Limits of a shaded stretch across all rows, None for none.
    """

    rows: list[Row]
    unit: str
    title: str
    digits: int | None = None
    currency: str = ""
    marks: list[tuple[float, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    from_zero: bool = False
    has_axis: bool = True
    base_title: str = ""
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Columns:
    """Where the columns of a figure of rows begin and end, in pixels."""

    names: float
    left: float
    right: float
    value: float
    limits: float


def draw_rows(sheet: Sheet, canvas: Canvas, mark: Any) -> None:
    """Draw a sheet of rows.

    Parameters
    ----------
    sheet
        The rows.
    canvas
        Where to; its height is set here.
    mark
        Draws one row's value: `mark(axes, row, y, canvas)`.
    """
    columns = _columns(sheet, canvas)
    lines = [wrapped(row.name, _room(row, columns, canvas), weight=_weight(row)) for row in sheet.rows]
    heights = [_height(row, len(found), canvas) for row, found in zip(sheet.rows, lines, strict=True)]
    notes = [line for note in sheet.notes for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    has_headings = bool(sheet.base_title or (sheet.title and not sheet.has_axis)) and not canvas.is_narrow
    top = MARGIN + ABOVE * max(len(sheet.marks), has_headings)
    bottom = top + sum(heights)
    under = bottom + (TICKS + AXIS_TITLE if sheet.has_axis else 0)
    canvas.set_height(under + height_of(len(notes), SMALL) + (GAP if notes else MARGIN))
    axes = canvas.axes(columns.left, top, columns.right, bottom)
    axes.set_ylim(bottom - top, 0)
    _scale(axes, sheet, canvas)
    _marks(axes, sheet, canvas, top)
    y = 0.0
    for row, found, height in zip(sheet.rows, lines, heights, strict=True):
        middle = _write_row(row, found, columns, canvas, top + y, height)
        if row.value is not None:
            mark(axes, row, middle - top, canvas)
        y += height
    _write_headings(sheet, columns, canvas, top, bottom)
    for number, line in enumerate(notes):
        canvas.text(MARGIN, under + GAP / 2 + height_of(1, SMALL) * (number + 0.5), line, size=SMALL, soft=True)


def _write_headings(sheet: Sheet, columns: Columns, canvas: Canvas, top: float, bottom: float) -> None:
    """Write what the bases and the values are."""
    if sheet.base_title and not canvas.is_narrow:
        canvas.text(columns.left - GAP, top - ABOVE / 2, sheet.base_title, size=SMALL, soft=True, ha="right")
    if sheet.has_axis:
        middle = (columns.left + columns.right) / 2
        canvas.text(middle, bottom + TICKS + AXIS_TITLE / 2, sheet.title, size=SMALL, soft=True, ha="center")
    elif not canvas.is_narrow:
        canvas.text(columns.value, top - ABOVE / 2, sheet.title, size=SMALL, soft=True, ha="right")


def dot(axes: Axes, row: Row, y: float, canvas: Canvas) -> None:
    """Draw an estimate with its interval; hollow and grey on a small base."""
    colour = MUTED_SERIES if row.is_small else row.colour
    _interval(axes, row, y, color=colour, linewidth=THICK * 0.72)
    face = canvas.theme.paper if row.is_small else colour
    size = DOT * 0.72 * (1.15 if row.is_total else 1)
    shape = "D" if row.is_total else "o"
    axes.plot(
        [row.value or 0.0],
        [y],
        shape,
        color=colour,
        markerfacecolor=face,
        markersize=size,
        markeredgewidth=1.5,
        zorder=4,
    )


def bar(axes: Axes, row: Row, y: float, canvas: Canvas) -> None:
    """Draw a bar; hollow and grey on a small base, with its interval where there is one."""
    colour = MUTED_SERIES if row.is_small else row.colour
    face = canvas.theme.paper if row.is_small else colour
    axes.barh(y, row.value or 0.0, left=row.start, height=BAR, color=face, edgecolor=colour, linewidth=1.2, zorder=2)
    _interval(axes, row, y, color=canvas.theme.ink, linewidth=1.1)


def _interval(axes: Axes, row: Row, y: float, **options: Any) -> None:
    """Draw a row's interval where it has one, an end without a limit at the edge of the axis."""
    if row.low is None or row.high is None:
        return
    left, right = axes.get_xlim()
    # A line: `hlines` makes a collection, which takes ten times as long.
    axes.plot([max(row.low, left), min(row.high, right)], [y, y], solid_capstyle="butt", zorder=3, **options)


def _columns(sheet: Sheet, canvas: Canvas) -> Columns:
    """Return where the columns are; on a phone the names stand above the rows."""
    values = max((text_width(row.text, weight="bold") for row in sheet.rows), default=0) + GAP
    limits = max((text_width(row.limits, SMALL) for row in sheet.rows), default=0)
    if canvas.is_narrow:
        return Columns(
            canvas.width - 2 * MARGIN, MARGIN + GAP, canvas.width - GAP, canvas.width - MARGIN - limits, limits
        )
    names = min(max((text_width(row.name, weight=_weight(row)) for row in sheet.rows), default=0), NAMES * canvas.width)
    bases = max((text_width(text, SMALL) for text in (sheet.base_title, *(row.base for row in sheet.rows))), default=0)
    left = MARGIN + names + GAP + (bases + GAP if bases else 0) + GAP / 2
    end = canvas.width - MARGIN - (limits + GAP / 2 if limits else 0)
    return Columns(names + 1, left, end - values - GAP / 2, end, limits)


def _room(row: Row, columns: Columns, canvas: Canvas) -> float:
    """Return how wide a row's name may be."""
    if not canvas.is_narrow or row.value is None:
        return canvas.width - 2 * MARGIN if row.value is None else columns.names
    taken = text_width(row.text, weight="bold") + columns.limits + 2 * GAP + text_width(row.base, SMALL)
    return columns.names - taken


def _weight(row: Row) -> str:
    """Return the weight of a row's name."""
    return "bold" if row.value is None or row.is_total else "normal"


def _height(row: Row, lines: int, canvas: Canvas) -> float:
    """Return the height of a row."""
    if row.value is None:
        return HEADING + height_of(lines - 1)
    return height_of(lines) + (ROW_ON_PHONE + ROW if canvas.is_narrow else ROW)


def _write_row(row: Row, lines: list[str], columns: Columns, canvas: Canvas, top: float, height: float) -> float:
    """Write a row's texts and return where its value is to be drawn."""
    is_below = canvas.is_narrow and row.value is not None
    middle = top + (height_of(len(lines)) / 2 + ROW / 4 if is_below else height / 2 + (row.value is None) * 3)
    # On a phone texts stand on the grid, so each gets a ground of paper.
    ground: dict[str, Any] = (
        {"bbox": {"facecolor": canvas.theme.paper, "edgecolor": "none", "pad": 0.8}} if canvas.is_narrow else {}
    )
    for number, line in enumerate(lines):
        y = middle + height_of(1) * (number - (len(lines) - 1) / 2)
        canvas.text(MARGIN, y, line, weight=_weight(row), **ground)
    if row.base:
        x = (
            columns.left - GAP
            if not canvas.is_narrow
            else MARGIN + text_width(lines[-1], weight=_weight(row)) + GAP / 2
        )
        y = middle if not canvas.is_narrow else middle + height_of(1) * (len(lines) - 1) / 2
        canvas.text(x, y, row.base, size=SMALL, soft=True, ha="left" if canvas.is_narrow else "right", **ground)
    space = GAP / 2 if columns.limits else 0
    canvas.text(
        columns.value - (space if canvas.is_narrow else 0), middle, row.text, ha="right", weight="bold", **ground
    )
    canvas.text(canvas.width - MARGIN - columns.limits, middle, row.limits, size=SMALL, soft=True, **ground)
    return top + height_of(len(lines)) + ROW_ON_PHONE / 2 + ROW / 4 if is_below else middle


def _scale(axes: Axes, sheet: Sheet, canvas: Canvas) -> None:
    """Set the axis so that all marks fit, with few round ticks and a faint grid."""
    found = [row.start + row.value for row in sheet.rows if row.value is not None]
    found += [row.start for row in sheet.rows if row.value is not None and sheet.from_zero]
    found += [end for row in sheet.rows for end in (row.low, row.high) if end is not None and math.isfinite(end)]
    found += [value for value, _ in sheet.marks] + list(sheet.band or ()) + ([0.0] if sheet.from_zero else [])
    least, greatest = (min(found), max(found)) if found else (0.0, 1.0)
    room = (greatest - least or abs(greatest) or 1.0) * ROOM
    axes.set_xlim(least - (0 if sheet.from_zero and least == 0 else room), greatest + room)
    axes.xaxis.set_major_locator(MaxNLocator(4 if canvas.is_narrow else 6, steps=[1, 2, 5, 10]))
    step = axes.xaxis.get_ticklocs()
    digits = sheet.digits if sheet.digits is not None else tick_digits(list(step), sheet.unit)
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: say.number(value, sheet.unit, digits=digits, currency=sheet.currency))
    )
    axes.yaxis.set_visible(False)
    axes.xaxis.set_visible(sheet.has_axis)
    if sheet.has_axis:
        axes.grid(axis="x", color=canvas.theme.line, linewidth=0.6)


def tick_digits(ticks: list[float], unit: str) -> int:
    """Return how many decimals tell the ticks of an axis apart.

    Examples
    --------
    >>> tick_digits([0.0, 0.2], "share"), tick_digits([0.0, 0.5], "points"), tick_digits([0.005, 0.01], "share")
    (0, 1, 1)
    """
    step = (ticks[1] - ticks[0]) * (100 if unit in ("share", "percentage points") else 1) if len(ticks) > 1 else 1
    return next((digits for digits in range(4) if abs(step * 10**digits - round(step * 10**digits)) < 1e-6), 3)


def _marks(axes: Axes, sheet: Sheet, canvas: Canvas, top: float) -> None:
    """Draw the lines across all rows with their words above, each in a line of its own."""
    if sheet.band:
        axes.axvspan(*sheet.band, color=canvas.theme.line, alpha=BAND, linewidth=0, zorder=0)
    least, greatest = axes.get_xlim()
    box = axes.get_position()
    for number, (value, text) in enumerate(sheet.marks):
        axes.axvline(value, color=canvas.theme.ink_soft, linewidth=1, dashes=(4, 3) if text else (1, 0), zorder=1)
        at = (box.x0 + (value - least) / (greatest - least) * box.width) * canvas.width
        half = text_width(text, SMALL) / 2
        at = min(max(at, MARGIN + half), canvas.width - MARGIN - half)
        y = top - ABOVE * (len(sheet.marks) - number - 0.5)
        if text:
            canvas.text(at, y, text, size=SMALL, soft=True, ha="center")


def rows_of(payload: ProtectedPayload, name: str) -> list[Row]:
    """Return the rows of a frame's column, with headings where several groupings vary; hidden rows are left out."""
    frame = payload.to_frame()
    shown = frame[~frames.is_hidden(frame) & frames.floats(frame, name).notna()]
    groups = varying(frame, payload)
    found: list[Row] = []
    heading = None
    rows = _measured(shown, payload, name)
    for (_, record), row in zip(shown.iterrows(), rows, strict=True):
        outer = " · ".join(say.level_of(record, column, payload.labels) for column in groups[:-1])
        total = bool(groups) and all(say.is_total(record[column]) for column in groups)
        if outer != heading and outer and not total:
            found.append(Row(outer))
        heading = outer
        level = say.level_of(record, groups[-1], payload.labels) if groups else _only(record, payload)
        found.append(replace(row, name="All" if total else level, is_total=total))
    return _ordered(found, payload)


def _only(record: pd.Series, payload: ProtectedPayload) -> str:
    """Return the name of a frame's single row."""
    names = payload.group_columns
    return say.level(names[-1], record[names[-1]], payload.labels) if names else "All"


def _ordered(rows: list[Row], payload: ProtectedPayload) -> list[Row]:
    """Return the rows in the order asked for: as given, or by size within each heading, totals first."""
    if payload.arguments.get("order") != "size":
        return rows
    blocks: list[list[Row]] = [[]]
    for row in rows:
        if row.value is None:
            blocks.append([row])
        else:
            blocks[-1].append(row)
    return [row for block in blocks for row in sorted(block, key=_by_size)]


def _by_size(row: Row) -> tuple[bool, bool, float]:
    """Return what sorts a heading first, then totals, then rows from great to small."""
    return row.value is not None, not row.is_total, -(row.value or 0.0)


def varying(frame: pd.DataFrame, payload: ProtectedPayload) -> list[str]:
    """Return the grouping columns in which the rows differ."""
    names = [name for name in payload.group_columns if name in frame.columns]
    if payload.about == "process" and "n" not in frame.columns:
        names = [name for name in names if pd.api.types.is_string_dtype(frame[name].dtype)]
    return [name for name in names if frame[name].nunique(dropna=False) > 1]


def _measured(frame: pd.DataFrame, payload: ProtectedPayload, name: str) -> list[Row]:
    """Return a row for each value of a column, without its name."""
    units, small = frames.units(frame, payload.arguments, name), frames.is_small(frame)
    low, high = (frames.floats(frame, limit) for limit in frames.LIMITS.get(name, ("", "")))
    values, bases = frames.floats(frame, name), frames.floats(frame, "n")
    verdicts = frame["verdict"] if "verdict" in frame.columns else pd.Series("", index=frame.index)
    signed, currency = frames.is_difference(frame, name), payload.arguments.get("currency", "")
    digits = {unit: say.digits_for(values[units == unit], unit) for unit in units.unique()}
    asked = payload.arguments.get("digits")
    digits |= dict.fromkeys(digits, asked) if isinstance(asked, int) else {}
    rows = []
    for at in frame.index:
        form = {"unit": units[at], "digits": digits[units[at]], "currency": currency}
        known = not pd.isna(low[at])
        rows.append(
            Row(
                name="",
                value=values[at],
                low=low[at] if known else None,
                high=high[at] if known else None,
                text=say.number(values[at], signed=signed, **form),
                limits=f"[{say.number(low[at], **form)}, {say.number(high[at], **form)}]" if known else "",
                base="" if pd.isna(bases[at]) else say.number(bases[at], "count"),
                is_small=bool(small[at]),
                colour=_colour(verdicts[at], signed, _metric(frame, payload, at)),
            )
        )
    return rows


def _metric(frame: pd.DataFrame, payload: ProtectedPayload, at: Any) -> Any:
    """Return the metric of a row."""
    return frame["metric"][at] if "metric" in frame.columns else payload.arguments.get("metric")


def _colour(verdict: Any, is_change: bool, metric: Any) -> str:
    """Return the colour of a change by its verdict: only what the data support is coloured."""
    if not is_change:
        return SERIES[0]
    good, bad = (SERIES[1], SERIES[2]) if metric in say.LESS_IS_BETTER else (SERIES[2], SERIES[1])
    return {"good": good, "bad": bad}.get(VERDICTS.get(verdict, ""), MUTED_SERIES)
