"""Figures of lines: a trend over periods, curves over a number."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxresearch import periods
from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.canvas import SMALL, Canvas, height_of, text_width, wrapped
from cxresearch.present.palette import MUTED_SERIES, SERIES
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.rows import GAP, MARGIN, tick_digits, varying

PANEL, PANEL_SMALL = 270, 170
TICKS, TITLE = 40, 24
# More lines than these in one panel cannot be followed; they get panels of their own.
MOST_LINES = 5
COLUMNS = 3
BAND, BAND_AMONG_OTHERS = 0.16, 0.1
LABEL_STEP = 16
SIGN, SIGN_ROOM = 9, 11
DEFAULT_BREAK = "not comparable with before"


@dataclass(frozen=True)
class Series:
    """One line: its name, and by place on the axis the estimate, limits and whether the base is small."""

    name: str
    x: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_small: np.ndarray
    breaks: frozenset[float]
    colour: str = SERIES[0]


@dataclass(frozen=True)
class Panel:
    """One pair of axes with its series."""

    title: str
    series: list[Series]


def sequence(found: pd.Series) -> list[str]:
    """Return the periods from first to last, those without data too.

    Examples
    --------
    >>> sequence(pd.Series(["2026Q3", "2026Q1"]))
    ['2026Q1', '2026Q2', '2026Q3']
    """
    names = sorted(set(found.dropna()))
    try:
        known = [periods.parse(name) for name in names]
    except ValueError:
        return names
    kinds = {period.kind for period in known if period is not None}
    if len(kinds) != 1 or None in known:
        return names
    first, last = (period for period in (known[0], known[-1]) if period is not None)
    return [str(periods.Period(first.kind, number)) for number in range(first.number, last.number + 1)]


def draw_trend(payload: ProtectedPayload, canvas: Canvas, notes: list[str], title: str) -> None:
    """Draw a trend: a line a group, its interval as a band, gaps where there are no data, breaks marked."""
    frame = payload.to_frame()
    places = sequence(frame["period"])
    groups = [name for name in varying(frame, payload) if name != "period"]
    breaks = _breaks(frame, payload, places)
    panels = _panels(frame, payload, groups, places, frozenset(breaks))
    _draw(panels, payload, canvas, notes, title, [say.period_label(name) for name in places], breaks)


def draw_curves(payload: ProtectedPayload, canvas: Canvas, notes: list[str], title: str) -> None:
    """Draw curves over a number, such as a price, with marked places."""
    frame = payload.to_frame()
    x = payload.arguments.get("x") or payload.group_columns[-1]
    groups = [name for name in payload.group_columns if name != x and frame[name].nunique() > 1]
    shown = frame[~frames.is_hidden(frame)].sort_values(x, kind="stable")
    found = []
    for number, (key, part) in enumerate(shown.groupby(groups, sort=False) if groups else [((), shown)]):
        name = " · ".join(say.level(g, k, payload.labels) for g, k in zip(groups, key, strict=True))
        values = frames.floats(part, "estimate").to_numpy()
        empty = np.full(len(part), np.nan)
        at = part[x].astype("float64").to_numpy()
        found.append(
            Series(name, at, values, empty, empty, np.zeros(len(part), bool), frozenset(), SERIES[number % len(SERIES)])
        )
    marks = {float(mark[x]): say.clean(str(mark["words"])) for mark in payload.arguments.get("marks") or []}
    _draw([Panel("", found)], payload, canvas, notes, title, [], marks, say.label(x, payload.labels))


def _breaks(frame: pd.DataFrame, payload: ProtectedPayload, places: list[str]) -> dict[float, str]:
    """Return where a trend breaks, half a place before a period, and the words that say why."""
    found = {str(period): DEFAULT_BREAK for period in frame.loc[frames.is_broken(frame), "period"]}
    found |= {str(entry["period"]): str(entry["words"]) for entry in payload.arguments.get("breaks") or []}
    return {places.index(period) - 0.5: say.clean(words) for period, words in found.items() if period in places}


def _panels(
    frame: pd.DataFrame, payload: ProtectedPayload, groups: list[str], places: list[str], breaks: frozenset[float]
) -> list[Panel]:
    """Return the panels: one where the lines are few, else one for each level of the first grouping."""
    if not groups:
        return [Panel("", [_series("", frame, places, breaks, SERIES[0])])]
    lines = [
        (" · ".join(say.level(n, k, payload.labels) for n, k in zip(groups, key, strict=True)), key, part)
        for key, part in frame.groupby(groups, sort=False, dropna=False)
    ]
    if len(groups) == 1 and len(lines) <= MOST_LINES:
        return [Panel("", [_series(n, p, places, breaks, SERIES[i]) for i, (n, _, p) in enumerate(lines)])]
    if len(groups) == 1:
        return [Panel(name, [_series("", part, places, breaks, SERIES[0])]) for name, _, part in lines]
    panels: dict[str, list[Series]] = {}
    inner = list(dict.fromkeys(key[1:] for _, key, _ in lines))
    for _, key, part in lines:
        outer = say.level(groups[0], key[0], payload.labels)
        name = " · ".join(say.level(n, k, payload.labels) for n, k in zip(groups[1:], key[1:], strict=True))
        colour = SERIES[inner.index(key[1:]) % len(SERIES)]
        panels.setdefault(outer, []).append(_series(name, part, places, breaks, colour))
    return [Panel(name, series) for name, series in panels.items()]


def _series(name: str, part: pd.DataFrame, places: list[str], breaks: frozenset[float], colour: str) -> Series:
    """Return one line with a missing value for each period without data."""
    by_period = part.drop_duplicates("period").set_index("period").reindex(places)
    columns = [frames.floats(by_period, column).to_numpy() for column in ("estimate", "conf_low", "conf_high")]
    small = frames.is_small(by_period).to_numpy(bool)
    return Series(name, np.arange(len(places)), *columns, small, breaks, colour)


def _draw(
    panels: list[Panel],
    payload: ProtectedPayload,
    canvas: Canvas,
    notes: list[str],
    title: str,
    ticks: list[str],
    breaks: dict[float, str],
    below: str = "",
) -> None:
    """Lay the panels out in a grid and draw each."""
    across = 1 if len(panels) == 1 or canvas.is_narrow else min(COLUMNS, len(panels))
    down = -(-len(panels) // across)
    height = PANEL if len(panels) == 1 else PANEL_SMALL
    written = [line for note in notes for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    words = _break_lines(breaks, canvas, across)
    named = any(panel.title for panel in panels)
    head = TITLE * named + max((len(lines) for lines in words.values()), default=0) * LABEL_STEP + GAP / 2
    row = head + height + TICKS + (LABEL_STEP if below else 0)
    top = MARGIN + LABEL_STEP
    canvas.set_height(top + down * row + height_of(len(written), SMALL) + GAP / 2)
    canvas.text(MARGIN, top - LABEL_STEP / 2, title, size=SMALL, soft=True)
    unit = frames.units(payload.to_frame(), payload.arguments, "estimate").iloc[0]
    limits = _limits(panels, payload, unit)
    width = canvas.width / across
    for number, panel in enumerate(panels):
        left, y = (number % across) * width, top + (number // across) * row
        axes = _axes(panel, canvas, (left, y, left + width, y + head + height), limits, unit, payload, head)
        _ticks(axes, ticks, canvas)
        _mark_breaks(axes, words, canvas, y + head)
        if panel.title:
            canvas.text(left + MARGIN, y + TITLE / 2, panel.title, weight="bold")
        if below:
            box = axes.get_position()
            middle, under = (box.x0 + box.width / 2) * canvas.width, y + head + height + TICKS
            canvas.text(middle, under, below, size=SMALL, soft=True, ha="center")
    for number, line in enumerate(written):
        canvas.text(MARGIN, top + down * row + height_of(1, SMALL) * (number + 0.5), line, size=SMALL, soft=True)


def _limits(panels: list[Panel], payload: ProtectedPayload, unit: str) -> tuple[float, float]:
    """Return the limits of the vertical axis, the same for all panels."""
    parts = [part for panel in panels for line in panel.series for part in (line.value, line.low, line.high)]
    found = np.concatenate(parts) if parts else np.array([])
    target = payload.arguments.get("target")
    found = np.append(found[np.isfinite(found)], [] if target is None else [float(target)])
    if not len(found):
        return 0.0, 1.0
    least, greatest = float(found.min()), float(found.max())
    room = (greatest - least or abs(greatest) or 1.0) * 0.08
    is_share = unit == "share"
    return max(least - room, 0.0) if is_share else least - room, min(
        greatest + room, 1.0
    ) if is_share else greatest + room


def _axes(
    panel: Panel,
    canvas: Canvas,
    place: tuple[float, float, float, float],
    limits: tuple[float, float],
    unit: str,
    payload: ProtectedPayload,
    head: float,
) -> Axes:
    """Draw one panel's lines with their names at the right end."""
    left, top, right, bottom = place
    currency = payload.arguments.get("currency", "")
    locator = MaxNLocator(4, steps=[1, 2, 5, 10])
    ticks = [tick for tick in locator.tick_values(*limits) if limits[0] <= tick <= limits[1]]
    digits = tick_digits(ticks, unit)
    labels = [say.number(tick, unit, digits=digits, currency=currency) for tick in ticks]
    gutter = max((text_width(text, SMALL) for text in labels), default=0) + MARGIN + 8
    ends = _ends(panel, payload, unit)
    target = payload.arguments.get("target")
    if target is not None:
        ends.append((target, f"Target {say.number(target, unit)}", canvas.theme.ink_soft))
    room = max((text_width(text, SMALL, "bold") for _, text, _ in ends), default=0) + SIGN_ROOM + GAP
    axes = canvas.axes(left + gutter, top + head, right - room - MARGIN, bottom)
    axes.set_ylim(*limits)
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: say.number(value, unit, digits=digits, currency=currency))
    )
    axes.grid(axis="y", color=canvas.theme.line, linewidth=0.6)
    for line in panel.series:
        _draw_line(axes, line, canvas, BAND if len(panel.series) == 1 else BAND_AMONG_OTHERS)
    if target is not None:
        axes.axhline(target, color=canvas.theme.ink_soft, linewidth=1, dashes=(4, 3), zorder=1)
    _name_ends(axes, ends, canvas, right - room + GAP / 2 - MARGIN)
    return axes


def _ends(panel: Panel, payload: ProtectedPayload, unit: str) -> list[tuple[float, str, str]]:
    """Return where each line ends, with its name and, in a trend, its last value."""
    found, currency = [], payload.arguments.get("currency", "")
    for line in panel.series:
        known = np.flatnonzero(np.isfinite(line.value))
        if len(known):
            last = float(line.value[known[-1]])
            text = say.number(last, unit, currency=currency) if payload.kind == "trend" else ""
            found.append((last, f"{line.name} {text}".strip(), line.colour))
    return found


def _name_ends(axes: Axes, ends: list[tuple[float, str, str]], canvas: Canvas, x: float) -> None:
    """Write the names of the lines beside their ends, moved apart where they would touch."""
    box, (least, greatest) = axes.get_position(), axes.get_ylim()
    wanted = sorted(
        ((1 - box.y0 - (v - least) / (greatest - least) * box.height) * canvas.height, t, c) for v, t, c in ends
    )
    placed: list[float] = []
    for y, _, _ in wanted:
        placed.append(max(y, placed[-1] + LABEL_STEP) if placed else y)
    excess = max(placed[-1] - (1 - box.y0) * canvas.height, 0.0) if placed else 0.0
    for number in range(len(placed) - 1, -1, -1):
        highest = placed[number + 1] - LABEL_STEP if number + 1 < len(placed) else placed[number] - excess
        placed[number] = min(placed[number], highest)
    for y, (_, text, colour) in zip(placed, wanted, strict=True):
        # The colour is the sign's, not the text's: small text needs more contrast than lines do.
        canvas.text(x, y, "●", size=SIGN, color=colour)
        canvas.text(x + SIGN_ROOM, y, text, size=SMALL, weight="bold")


def _draw_line(axes: Axes, line: Series, canvas: Canvas, band: float) -> None:
    """Draw one line with its band; it stops at gaps and breaks, and small bases are hollow."""
    for places in _stretches(line):
        x = line.x[places]
        axes.plot(x, line.value[places], color=line.colour, linewidth=1.8, zorder=3)
        if len(places) > 1:
            axes.fill_between(x, line.low[places], line.high[places], color=line.colour, alpha=band, linewidth=0)
        else:
            axes.vlines(x, line.low[places], line.high[places], color=line.colour, linewidth=1.4, alpha=0.6)
    if len(line.x) <= 40 and np.isfinite(line.low).any():
        for small in (False, True):
            at = np.isfinite(line.value) & (line.is_small == small)
            colour = MUTED_SERIES if small else line.colour
            face = canvas.theme.paper if small else colour
            axes.plot(line.x[at], line.value[at], "o", color=colour, markerfacecolor=face, markersize=4.5, zorder=4)


def _stretches(line: Series) -> list[np.ndarray]:
    """Return the stretches of a line between gaps and breaks."""
    known = np.isfinite(line.value)
    starts = [
        place
        for place in range(len(known))
        if place - 0.5 in line.breaks or (place > 0 and known[place] != known[place - 1])
    ]
    return [part for part in np.split(np.arange(len(known)), starts) if len(part) and known[part[0]]]


def _ticks(axes: Axes, ticks: list[str], canvas: Canvas) -> None:
    """Write the periods under the axis, as many as fit."""
    if not ticks:
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: say.number(value, "number", digits=0)))
        return
    axes.set_xlim(-0.4, len(ticks) - 0.6)
    room = axes.get_position().width * canvas.width / len(ticks)
    widest = max(text_width(text, SMALL) for text in ticks) + GAP / 2
    two_lines = [text.replace(" ", "\n") for text in ticks]
    texts = ticks if widest <= room else two_lines
    widest = max(text_width(line, SMALL) for text in texts for line in text.split("\n")) + GAP / 2
    every = max(1, int(np.ceil(widest / room)))
    kept = [place for place in range(len(ticks)) if (len(ticks) - 1 - place) % every == 0]
    axes.set_xticks(kept, [texts[place] for place in kept])


def _break_lines(breaks: dict[float, str], canvas: Canvas, across: int) -> dict[int, list[str]]:
    """Return the words at each break, in lines."""
    return {place: wrapped(words, canvas.width / across * 0.42, SMALL) for place, words in breaks.items()}


def _mark_breaks(axes: Axes, words: dict[float, list[str]], canvas: Canvas, top: float) -> None:
    """Draw a line where a trend breaks, and its words above."""
    box, (least, greatest) = axes.get_position(), axes.get_xlim()
    for place, lines in words.items():
        axes.axvline(place, color=canvas.theme.ink_soft, linewidth=1, dashes=(2, 2))
        at = (box.x0 + (place - least) / (greatest - least) * box.width) * canvas.width
        half = max(text_width(line, SMALL) for line in lines) / 2
        at = min(max(at, MARGIN + half), canvas.width - MARGIN - half)
        for number, line in enumerate(lines):
            y = top - LABEL_STEP * (len(lines) - number - 0.5)
            canvas.text(at, y, line, size=SMALL, soft=True, ha="center")
