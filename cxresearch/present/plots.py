"""Figures of protected payloads: one function a kind, in two themes and two widths, the same bytes every time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from PIL.Image import Image

from cxresearch.present import canvas as sheet
from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.canvas import SMALL, WIDTHS, Canvas, quiet, text_width, themed
from cxresearch.present.disclosure import NO_ANSWERS
from cxresearch.present.findings import amount
from cxresearch.present.lines import curves_of, trend_of
from cxresearch.present.palette import MUTED_SERIES, SERIES, THEMES
from cxresearch.present.panels import draw_panels
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.points import draw_distribution, draw_matrix
from cxresearch.present.rows import Row, Sheet, bar, dot, draw_rows, rows_of

# Pixels that words behind a number may take.
SHORT = 110
# Curves have no marks that could be hollow.
SMALL_BASES = {"curves": "Parts of a curve rest on a small base; the data behind the figure say which."}
UNIT_NAMES = {"points": "points", "percentage points": "percentage points", "seconds": "seconds"}


def draw(payload: ProtectedPayload, theme: str = "light", width: str = "wide") -> Figure:
    """Return a protected payload's figure.

    Parameters
    ----------
    payload
        As `disclosure.protect` returns it; its kind is a plot's name.
    theme
        `light` or `dark`.
    width
        `wide` (the page's column) or `narrow` (a phone's); text has the same size in both.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot: nothing has to be closed.

    Raises
    ------
    TypeError
        If the payload is not protected.
    ValueError
        If the kind is no plot, or the theme or width unknown.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"draw: found a {type(payload).__name__}; only what disclosure.protect returns is drawn.")
    if payload.kind not in DRAWN:
        raise ValueError(f"draw: {payload.kind!r} is no figure; known are {', '.join(DRAWN)}.")
    if width not in WIDTHS:
        raise ValueError(f"draw: there is no width {width!r}; known are {', '.join(WIDTHS)}.")
    canvas = Canvas(themed(theme), WIDTHS[width])
    with quiet():
        DRAWN[payload.kind](payload, canvas)
    return canvas.figure


def has_picture(payload: ProtectedPayload) -> bool:
    """Return whether there is anything to draw: a number that may be shown, and for a line more than one period."""
    if payload.kind not in DRAWN:
        return False
    frame = payload.to_frame()
    if payload.kind == "trend" and frame["period"].nunique() < 2:
        return False
    return bool(frames.floats(frame, value_of(payload)).notna().any())


class Pictures:
    """A payload's figure in each theme and width, drawn and painted once, when it is first asked for.

    Parameters
    ----------
    payload
        As for `draw`.
    """

    def __init__(self, payload: ProtectedPayload) -> None:
        self._payload = payload
        self._found: dict[tuple[str, str], tuple[Figure, Image]] = {}

    def of(self, theme: str, width: str) -> tuple[Figure, Image]:
        """Return the figure and its pixels."""
        if (theme, width) not in self._found:
            figure = draw(self._payload, theme, width)
            self._found[theme, width] = figure, sheet.painted(figure)
        return self._found[theme, width]


def files(payload: ProtectedPayload, pictures: Pictures | None = None) -> dict[str, bytes]:
    """Return a figure as files, by name: PNG of twice its size and SVG, light and dark.

    Parameters
    ----------
    payload
        As for `draw`.
    pictures
        Its figure, where some of it was drawn before.

    Raises
    ------
    TypeError, ValueError
        As `draw`.
    """
    found: dict[str, bytes] = {}
    pictures = pictures or Pictures(payload)
    for theme in THEMES:
        figure, picture = pictures.of(theme, "wide")
        name = payload.key if theme == "light" else f"{payload.key}-{theme}"
        found |= {f"{name}.png": sheet.png(picture), f"{name}.svg": sheet.svg(figure)}
    return found


def value_of(payload: ProtectedPayload) -> str:
    """Return the column that a figure draws."""
    columns = payload.grid.columns
    if "value" in payload.arguments:
        return str(payload.arguments["value"])
    if payload.kind == "flow":
        return "n"
    if payload.kind == "matrix":
        return str(payload.arguments.get("y", "estimate"))
    numbers = [name for name, kind in zip(columns, payload.grid.types, strict=True) if kind in ("int", "float")]
    return next((name for name in ("estimate", "share", "n") if name in columns), numbers[0] if numbers else "n")


def notes_of(payload: ProtectedPayload) -> list[str]:
    """Return a figure's small print: which groups it hides, which have no answers, what hollow marks mean."""
    frame = payload.to_frame()
    columns = list(payload.group_columns)
    found = []
    noted = [("Not shown, to protect small groups", frames.is_hidden(frame))]
    if payload.kind != "distribution":
        noted.append(("No answers", frames.flags(frame).str.startswith(NO_ANSWERS)))
    for words, flag in noted:
        names = [_name(record, columns, payload) for _, record in frame[flag].iterrows()]
        if names:
            found.append(f"{words}: {say.listed(names, 12)}.")
    if isinstance(payload.arguments.get("band"), int | float):
        size = amount(payload.arguments["band"], _unit(payload))
        found.append(f"Shaded: a change of up to {size} is expected when nothing changed.")
    if (frames.is_small(frame) & frames.floats(frame, value_of(payload)).notna()).any():
        found.append(SMALL_BASES.get(payload.kind, "Hollow: small base, read with care."))
    return found


def axis_title(payload: ProtectedPayload) -> str:
    """Return what a figure's numbers are: metric and unit."""
    if "axis" in payload.arguments:
        return say.clean(str(payload.arguments["axis"]))
    frame, name = payload.to_frame(), value_of(payload)
    metrics = list(frame["metric"].unique()) if "metric" in frame.columns else [payload.arguments.get("metric")]
    metric = metrics[0] if len(metrics) == 1 and isinstance(metrics[0], str) else None
    unit = _unit(payload)
    words = say.label(metric, payload.labels) if metric else _plain_title(payload, name, unit)
    kind = "Difference" if "value_against" in frame.columns else "Change"
    words = f"{kind}: {words}" if frames.is_difference(frame, name) and metric else words
    return f"{words} ({UNIT_NAMES[unit]})" if unit in UNIT_NAMES else words


def _plain_title(payload: ProtectedPayload, name: str, unit: str) -> str:
    """Return the title of an axis whose metric is not known."""
    if name == "estimate" and "estimate" not in payload.labels:
        if frames.is_difference(payload.to_frame(), name):
            return say.label("change", payload.labels)
        return {"points": "NPS", "share": "Share", "mean": "Mean"}.get(unit, say.label(name, payload.labels))
    return say.label(name, payload.labels)


def _unit(payload: ProtectedPayload) -> str:
    """Return the unit of a figure's numbers."""
    frame = payload.to_frame()
    units = frames.units(frame, payload.arguments, value_of(payload)).unique()
    return str(units[0]) if len(units) == 1 else "number"


def _name(record: pd.Series, columns: list[str], payload: ProtectedPayload) -> str:
    """Return the name of a row."""
    named = [
        name for name in columns if name not in ("segment", "period", "against") and not say.is_total(record[name])
    ]
    words = " ".join(say.level_of(record, name, payload.labels) for name in named)
    period = say.level("period", record["period"]) if "period" in columns else ""
    return f"{words} ({period})" if words and period else words or period or "all"


def _marks(payload: ProtectedPayload, rows: list[Row]) -> list[tuple[float, str]]:
    """Return the lines across a figure of rows: the total, a reference, the target, or no change."""
    unit, arguments = _unit(payload), payload.arguments
    found = [(row.value, f"All {row.text}") for row in rows if row.is_total and row.value is not None][:1]
    for name in ("reference", "total", "target"):
        if isinstance(arguments.get(name), int | float):
            value = float(arguments[name])
            words = {"reference": "", "total": "All ", "target": "Target "}[name]
            found.append((value, words + say.number(value, unit) if value or words else ""))
    if frames.is_difference(payload.to_frame(), value_of(payload)) and not any(value == 0 for value, _ in found):
        found.append((0.0, ""))
    return found


def _sheet(payload: ProtectedPayload, rows: list[Row], **options: Any) -> Sheet:
    """Return a sheet of rows with what the payload says about it."""
    bases = {row.base for row in rows if row.base}
    title, notes = say.label("n", payload.labels), notes_of(payload)
    if len(bases) == 1 and len(rows) > 1 and payload.kind != "flow":
        # One base for all is told once.
        rows, notes = [_without_base(row) for row in rows], [f"{title} behind each row: {bases.pop()}.", *notes]
    return Sheet(rows, _unit(payload), axis_title(payload), currency=payload.arguments.get("currency", ""),
                 notes=notes, base_title=title if any(row.base for row in rows) else "", **options)  # fmt: skip


def _estimates(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw estimates with intervals, by level."""
    rows = rows_of(payload, value_of(payload))
    draw_rows(_sheet(payload, rows, marks=_marks(payload, rows)), canvas, dot)


def _bars(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw counts or shares as bars."""
    name = value_of(payload)
    rows = [row if name != "n" else _without_base(row) for row in rows_of(payload, name)]
    draw_rows(_sheet(payload, rows, from_zero=True, has_axis=False), canvas, bar)


def _without_base(row: Row) -> Row:
    """Return a row whose value is its base."""
    return replace(row, base="")


def _flow(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw stages as descending bars, with what was lost on the way to each."""
    rows = [_without_base(row) for row in rows_of(payload, "n")]
    first = next((row.value for row in rows if row.value), None)
    of_first = f" of {rows[0].name.lower()}" if rows else ""
    is_short = text_width(of_first, SMALL) < SHORT and not canvas.is_narrow
    found: list[Row] = []
    for place, row in enumerate(rows):
        before = rows[place - 1].value if place else None
        share = "" if not first or not place or row.value is None else say.number(row.value / first, "share")
        limits = f"{share}{of_first}" if share and is_short else share
        lost = "" if before is None or row.value is None else _loss(before, row.value)
        found.append(replace(row, limits=limits, base=lost))
    drawn = _sheet(payload, found, from_zero=True, has_axis=False)
    notes = drawn.notes if is_short else [f"Shares are those{of_first}.", *drawn.notes]
    draw_rows(replace(drawn, title="", base_title="", notes=notes), canvas, bar)


def _loss(before: float, now: float) -> str:
    """Return what was lost between two stages."""
    return f"{say.number(before - now, 'count')} lost" if now < before else "none lost"


def _bridge(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw how one level becomes another: the first and last row are levels, those between are steps.

    The argument `band` is the change, up or down, that is expected when nothing changed: shaded about the first level.
    """
    rows, height, found = rows_of(payload, value_of(payload)), 0.0, []
    for place, row in enumerate(rows):
        is_level = place in (0, len(rows) - 1)
        value = row.value or 0.0
        if is_level:
            found.append(replace(row, colour=MUTED_SERIES, low=None, high=None))
            height = value
            continue
        text = say.number(value, say.unit_of_change(_unit(payload)), digits=1, signed=True)
        low, high = (None if limit is None else height + limit for limit in (row.low, row.high))
        colour = SERIES[2] if value > 0 else SERIES[1]
        found.append(replace(row, start=height, text=text, colour=colour, low=low, high=high))
        height += value
    band, first = payload.arguments.get("band"), found[0].value if found else None
    stretch = None if band is None or first is None else (first - float(band), first + float(band))
    draw_rows(_sheet(payload, found, from_zero=True, band=stretch), canvas, bar)


def _trend(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw estimates over periods."""
    draw_panels(trend_of(payload, axis_title(payload), notes_of(payload)), canvas)


def _curves(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw estimates over a number."""
    draw_panels(curves_of(payload, axis_title(payload), notes_of(payload)), canvas)


def _distribution(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw the share of each answer."""
    draw_distribution(payload, canvas, notes_of(payload), str(payload.arguments.get("axis", "Share of answers")))


def _matrix(payload: ProtectedPayload, canvas: Canvas) -> None:
    """Draw one number against another."""
    draw_matrix(payload, canvas, notes_of(payload), axis_title(payload))


DRAWN: dict[str, Callable[[ProtectedPayload, Canvas], None]] = {
    "estimates": _estimates,
    "trend": _trend,
    "bars": _bars,
    "flow": _flow,
    "distribution": _distribution,
    "bridge": _bridge,
    "matrix": _matrix,
    "curves": _curves,
}
