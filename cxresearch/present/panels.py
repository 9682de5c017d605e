"""Panels of lines: axes in a grid, lines with bands, names at their ends, breaks marked."""

from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxresearch.present import labels as say
from cxresearch.present.canvas import SMALL, Canvas, height_of, text_width, wrapped
from cxresearch.present.palette import MUTED_SERIES, SERIES
from cxresearch.present.rows import GAP, MARGIN, tick_digits

PANEL, PANEL_SMALL = 270, 170
TICKS, TITLE = 40, 24
COLUMNS = 3
BAND, BAND_AMONG_OTHERS = 0.16, 0.1
STEP = 16
SIGN, SIGN_ROOM = 9, 11
# Of a panel's width, what names at the ends of lines, and words at a break, may take.
NAMES, WORDS = 0.36, 0.42
# With more places than these dots would touch.
MOST_DOTS = 40
ROOM = 0.08


@dataclass(frozen=True)
class Series:
    """One line: its name, and by place on the axis the estimate, limits and whether the base is small."""

    name: str
    x: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_small: np.ndarray
    colour: str = SERIES[0]


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its series."""

    title: str
    series: list[Series]


@dataclass(frozen=True)
class Chart:
    """What a figure of lines draws.

    Parameters
    ----------
    panels
        From left to right, then down.
    title
        What the numbers are.
    unit, currency
        Of the numbers.
    ticks
        Names of the places 0, 1, … on the axis; none for an axis of numbers.
    below
        Title of an axis of numbers.
    breaks
        Vertical marks by place, with words; lines stop there in a chart with `ticks`.
    target
        A horizontal mark.
    tells_values
        Whether each line's last value stands at its end.
    notes
        Sentences under the figure.
    """

    panels: list[Panel]
    title: str
    unit: str
    currency: str = ""
    ticks: list[str] = field(default_factory=list)
    below: str = ""
    breaks: dict[float, str] = field(default_factory=dict)
    target: float | None = None
    tells_values: bool = True
    notes: list[str] = field(default_factory=list)

    def written(self, value: float, digits: int | None = None) -> str:
        """Return a number in the chart's unit."""
        return say.number(value, self.unit, digits=digits, currency=self.currency)


@dataclass(frozen=True)
class End:
    """What stands at the end of a line; no colour where it is the panel's only one."""

    value: float
    lines: list[str]
    colour: str


def draw_panels(chart: Chart, canvas: Canvas) -> None:
    """Draw a chart.

    Parameters
    ----------
    chart
        The panels.
    canvas
        Where to; its height is set here.
    """
    count, key = len(chart.panels), _key(chart)
    across = 1 if canvas.is_narrow else min(COLUMNS, count)
    width = canvas.width / across
    notes = [line for note in chart.notes for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    words = {place: wrapped(text, width * WORDS, SMALL) for place, text in chart.breaks.items()}
    ends = [_ends(panel, chart, width * NAMES, canvas, is_named=not key) for panel in chart.panels]
    head = TITLE * any(panel.title for panel in chart.panels) + GAP
    head += max((len(lines) for lines in words.values()), default=0) * STEP
    tallest = max(sum(len(end.lines) for end in found) * STEP for found in ends) if ends else 0
    height = max(PANEL if count == 1 else PANEL_SMALL, tallest)
    row = head + height + TICKS + (STEP if chart.below else 0)
    rows = _key_rows(key, canvas)
    top, down = MARGIN + STEP * (1 + len(rows)), -(-count // across)
    canvas.set_height(top + down * row + height_of(len(notes), SMALL) + GAP / 2)
    canvas.text(MARGIN, MARGIN + STEP / 2, chart.title, size=SMALL, soft=True)
    for number, entries in enumerate(rows):
        for x, (name, colour) in entries:
            _write_name(canvas, x, MARGIN + STEP * (number + 1.5), name, colour)
    limits = _limits(chart)
    for number, (panel, found) in enumerate(zip(chart.panels, ends, strict=True)):
        left, y = (number % across) * width, top + (number // across) * row
        axes = _axes(chart, canvas, (left, y + head, left + width, y + head + height), limits, found)
        _draw_panel(panel, chart, axes, canvas, words, (left, y, head))
    for number, line in enumerate(notes):
        canvas.text(MARGIN, top + down * row + height_of(1, SMALL) * (number + 0.5), line, size=SMALL, soft=True)


def _key(chart: Chart) -> dict[str, str]:
    """Return the colours of lines by name where several panels have the same ones: told once, above all."""
    named = {line.name: line.colour for panel in chart.panels for line in panel.series if line.name}
    return named if len(chart.panels) > 1 else {}


def _key_rows(key: dict[str, str], canvas: Canvas) -> list[list[tuple[float, tuple[str, str]]]]:
    """Return the names of a key with their places from the left, in as many rows as it takes."""
    rows: list[list[tuple[float, tuple[str, str]]]] = []
    at = float(canvas.width)
    for entry in key.items():
        room = SIGN_ROOM + text_width(entry[0], SMALL, "bold") + 2 * GAP
        if at + room > canvas.width:
            rows.append([])
            at = MARGIN
        rows[-1].append((at, entry))
        at += room
    return rows


def _write_name(canvas: Canvas, x: float, y: float, name: str, colour: str) -> None:
    """Write a name behind a sign in its line's colour: small text needs more contrast than lines do."""
    canvas.text(x, y, "●", size=SIGN, color=colour)
    canvas.text(x + SIGN_ROOM, y, name, size=SMALL, weight="bold")


def _ends(panel: Panel, chart: Chart, width: float, canvas: Canvas, *, is_named: bool) -> list[End]:
    """Return what stands at the ends of a panel's lines, the lowest value last."""
    found = []
    for line in panel.series:
        known = np.flatnonzero(np.isfinite(line.value))
        if len(known):
            last = float(line.value[known[-1]])
            told = (line.name if is_named else "", chart.written(last) if chart.tells_values else "")
            text = " ".join(part for part in told if part)
            # A single line needs no sign to be known by.
            colour = line.colour if line.name else ""
            found += [End(last, wrapped(text, width, SMALL, "bold"), colour)] if text else []
    if chart.target is not None:
        text = f"Target {chart.written(chart.target)}"
        found.append(End(chart.target, wrapped(text, width, SMALL, "bold"), canvas.theme.ink_soft))
    return sorted(found, key=lambda end: -end.value)


def _limits(chart: Chart) -> tuple[float, float]:
    """Return the limits of the vertical axis, the same for all panels."""
    parts = [part for panel in chart.panels for line in panel.series for part in (line.value, line.low, line.high)]
    found = np.concatenate([*parts, [] if chart.target is None else [chart.target]])
    found = found[np.isfinite(found)]
    if not len(found):
        return 0.0, 1.0
    least, greatest = float(found.min()), float(found.max())
    room = (greatest - least or abs(greatest) or 1.0) * ROOM
    if chart.unit == "share":
        return max(least - room, min(least, 0.0)), min(greatest + room, max(greatest, 1.0))
    return least - room, greatest + room


def _axes(
    chart: Chart,
    canvas: Canvas,
    place: tuple[float, float, float, float],
    limits: tuple[float, float],
    ends: list[End],
) -> Axes:
    """Return axes with ticks at the left and the names of the lines at the right."""
    left, top, right, bottom = place
    locator = MaxNLocator(4, steps=[1, 2, 5, 10])
    ticks = [tick for tick in locator.tick_values(*limits) if limits[0] <= tick <= limits[1]]
    digits = tick_digits(ticks, chart.unit)
    gutter = max((text_width(chart.written(tick, digits), SMALL) for tick in ticks), default=0) + MARGIN + 8
    room = max((text_width(line, SMALL, "bold") for end in ends for line in end.lines), default=0) + SIGN_ROOM + GAP
    axes = canvas.axes(left + gutter, top, right - room - MARGIN, bottom)
    axes.set_ylim(*limits)
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: chart.written(value, digits)))
    axes.grid(axis="y", color=canvas.theme.line, linewidth=0.6)
    _write_ends(ends, limits, canvas, right - room + GAP / 2 - MARGIN, (top, bottom))
    return axes


def _write_ends(
    ends: list[End], limits: tuple[float, float], canvas: Canvas, x: float, place: tuple[float, float]
) -> None:
    """Write the names beside the ends of the lines, moved apart where they would touch, within the panel."""
    top, bottom = place
    tops: list[float] = []
    for number, end in enumerate(ends):
        wanted = bottom - (end.value - limits[0]) / (limits[1] - limits[0]) * (bottom - top) - STEP / 2
        free = tops[-1] + STEP * len(ends[number - 1].lines) if tops else top - STEP / 2
        tops.append(max(wanted, free))
    floor = bottom + STEP / 2
    for number in reversed(range(len(ends))):
        tops[number] = min(tops[number], floor - STEP * len(ends[number].lines))
        floor = tops[number]
    for start, end in zip(tops, ends, strict=True):
        first, *rest = end.lines
        if end.colour:
            _write_name(canvas, x, start + STEP / 2, first, end.colour)
        else:
            canvas.text(x, start + STEP / 2, first, size=SMALL, weight="bold")
        for number, line in enumerate(rest, start=1):
            canvas.text(x + SIGN_ROOM, start + STEP * (number + 0.5), line, size=SMALL, weight="bold")


def _draw_panel(
    panel: Panel,
    chart: Chart,
    axes: Axes,
    canvas: Canvas,
    words: dict[float, list[str]],
    place: tuple[float, float, float],
) -> None:
    """Draw a panel's lines, its title, ticks and marks."""
    left, top, head = place
    for line in panel.series:
        _draw_line(axes, line, canvas, BAND if len(panel.series) == 1 else BAND_AMONG_OTHERS, chart)
    if chart.target is not None:
        axes.axhline(chart.target, color=canvas.theme.ink_soft, linewidth=1, dashes=(4, 3), zorder=1)
    _ticks(axes, chart, canvas)
    _mark_breaks(axes, words, canvas, top + head)
    if panel.title:
        canvas.text(left + MARGIN, top + TITLE / 2, panel.title, weight="bold")
    if chart.below:
        box = axes.get_position()
        under = (1 - box.y0) * canvas.height + TICKS
        canvas.text((box.x0 + box.width / 2) * canvas.width, under, chart.below, size=SMALL, soft=True, ha="center")


def _draw_line(axes: Axes, line: Series, canvas: Canvas, band: float, chart: Chart) -> None:
    """Draw one line with its band; it stops at gaps and breaks, and small bases are hollow."""
    for places in stretches(line, chart):
        x = line.x[places]
        axes.plot(x, line.value[places], color=line.colour, linewidth=1.8, zorder=3)
        if len(places) > 1:
            axes.fill_between(x, line.low[places], line.high[places], color=line.colour, alpha=band, linewidth=0)
        else:
            axes.vlines(x, line.low[places], line.high[places], color=line.colour, linewidth=1.4, alpha=0.6)
    if len(line.x) > MOST_DOTS or not chart.ticks:
        return
    for small in (False, True):
        at = np.isfinite(line.value) & (line.is_small == small)
        colour = MUTED_SERIES if small else line.colour
        face = canvas.theme.paper if small else colour
        axes.plot(line.x[at], line.value[at], "o", color=colour, markerfacecolor=face, markersize=4.5, zorder=4)


def stretches(line: Series, chart: Chart) -> list[np.ndarray]:
    """Return the stretches of a line between gaps and breaks, as places.

    Examples
    --------
    >>> value = np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    >>> line = Series("", np.arange(5), value, value, value, np.zeros(5, dtype=bool))
    >>> [part.tolist() for part in stretches(line, Chart([], "", "points", ticks=list("abcde"), breaks={3.5: "x"}))]
    [[0, 1], [3], [4]]
    """
    known = np.isfinite(line.value)
    starts = [
        place
        for place in range(1, len(known))
        if known[place] != known[place - 1] or (chart.ticks and place - 0.5 in chart.breaks)
    ]
    return [part for part in np.split(np.arange(len(known)), starts) if len(part) and known[part[0]]]


def _ticks(axes: Axes, chart: Chart, canvas: Canvas) -> None:
    """Write the places under the axis, as many as fit, the last always."""
    if not chart.ticks:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        digits = tick_digits(list(axes.xaxis.get_ticklocs()), "number")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: say.number(value, digits=digits)))
        return
    count = len(chart.ticks)
    axes.set_xlim(-0.4, count - 0.6)
    room = axes.get_position().width * canvas.width / count
    texts = chart.ticks if _widest(chart.ticks) <= room else [text.replace(" ", "\n") for text in chart.ticks]
    every = max(1, int(np.ceil(_widest(texts) / room)))
    kept = [place for place in range(count) if (count - 1 - place) % every == 0]
    axes.set_xticks(kept, [texts[place] for place in kept])


def _widest(texts: list[str]) -> float:
    """Return the room that the widest of some texts needs."""
    return max(text_width(line, SMALL) for text in texts for line in text.split("\n")) + GAP / 2


def _mark_breaks(axes: Axes, words: dict[float, list[str]], canvas: Canvas, top: float) -> None:
    """Draw a line at each mark, and its words above."""
    box, (least, greatest) = axes.get_position(), axes.get_xlim()
    for place, lines in words.items():
        axes.axvline(place, color=canvas.theme.ink_soft, linewidth=1, dashes=(2, 2))
        at = (box.x0 + (place - least) / (greatest - least) * box.width) * canvas.width
        half = max(text_width(line, SMALL) for line in lines) / 2
        at = min(max(at, MARGIN + half), canvas.width - MARGIN - half)
        for number, line in enumerate(lines):
            y = top - STEP * (len(lines) - number - 0.5)
            canvas.text(at, y, line, size=SMALL, soft=True, ha="center")
