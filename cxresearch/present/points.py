"""Figures of points and columns: the distribution of answers, and one number against another."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.canvas import NORMAL, SMALL, Canvas, height_of, text_width, wrapped
from cxresearch.present.palette import DETRACTOR, PASSIVE, PROMOTER, SERIES
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.rows import GAP, MARGIN, tick_digits

COLUMN_HEIGHT, SQUARE = 200, 420
LINE = 18
NPS_POINTS = tuple(range(11))
GROUPS = (
    ("Detractors", range(7), DETRACTOR),
    ("Passives", range(7, 9), PASSIVE),
    ("Promoters", range(9, 11), PROMOTER),
)


def draw_distribution(payload: ProtectedPayload, canvas: Canvas, notes: list[str], title: str) -> None:
    """Draw the share of each answer; on the 0-10 scale by detractors, passives and promoters."""
    frame = payload.to_frame()
    scores = list(frame[payload.group_columns[-1]])
    shares = shares_of(frame)
    is_nps = tuple(scores) == NPS_POINTS
    written = [line for note in notes for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    top, bottom = MARGIN + 2 * LINE, MARGIN + 2 * LINE + COLUMN_HEIGHT
    under = LINE * (3 if is_nps and canvas.is_narrow else 2 if is_nps else 1) + GAP
    canvas.set_height(bottom + under + height_of(len(written), SMALL))
    axes = canvas.axes(MARGIN, top, canvas.width - MARGIN, bottom)
    axes.set_xlim(-0.5, len(scores) - 0.5)
    axes.set_ylim(0, max(shares.max(skipna=True), 0.01) if shares.notna().any() else 1)
    axes.set_axis_off()
    step = (canvas.width - 2 * MARGIN) / len(scores)
    for place, (score, share) in enumerate(zip(scores, shares, strict=True)):
        x = MARGIN + step * (place + 0.5)
        colour = next((c for _, members, c in GROUPS if score in members), SERIES[0]) if is_nps else SERIES[0]
        if pd.notna(share):
            axes.bar(place, share, width=0.78, color=colour)
            y = bottom - share / axes.get_ylim()[1] * COLUMN_HEIGHT - LINE / 2
            canvas.text(x, y, say.number(share, "share"), size=SMALL, ha="center")
        canvas.text(x, bottom + LINE / 2, say.level("score", score, payload.labels), size=NORMAL, ha="center")
    if is_nps:
        _write_groups(frame, shares, canvas, bottom + LINE, step)
    canvas.text(MARGIN, MARGIN + LINE / 2, title, size=SMALL, soft=True)
    for number, line in enumerate(written):
        canvas.text(MARGIN, bottom + under + height_of(1, SMALL) * (number + 0.5), line, size=SMALL, soft=True)


def shares_of(frame: pd.DataFrame) -> pd.Series:
    """Return the share of each answer: `share` or `estimate`, else from the counts."""
    for name in ("share", "estimate"):
        if name in frame.columns:
            return frames.floats(frame, name)
    counts = frames.floats(frame, "n")
    return counts / counts.sum() if counts.notna().all() else counts * float("nan")


def _write_groups(frame: pd.DataFrame, shares: pd.Series, canvas: Canvas, top: float, step: float) -> None:
    """Write detractors, passives and promoters under their answers, with their shares where all are shown."""
    for name, members, colour in GROUPS:
        left, right = MARGIN + step * members[0] + 3, MARGIN + step * (members[-1] + 1) - 3
        found = shares.iloc[list(members)]
        text = f" {say.number(found.sum(), 'share')}" if found.notna().all() else ""
        rule = canvas.axes(left, top + 4, right, top + 8)
        rule.set_axis_off()
        rule.axhspan(0, 1, color=colour)
        middle = (left + right) / 2
        if canvas.is_narrow:
            half = text_width(name + text, SMALL, "bold") / 2
            at = min(max(middle, half + MARGIN), canvas.width - MARGIN - half)
            lift = LINE if name == "Passives" else 0
            canvas.text(at, top + 12 + LINE / 2 + lift, name + text, size=SMALL, ha="center", weight="bold")
        else:
            canvas.text(middle, top + 12 + LINE / 2, name + text, size=SMALL, ha="center", weight="bold")


def draw_matrix(payload: ProtectedPayload, canvas: Canvas, notes: list[str], title: str) -> None:
    """Draw one number against another, a point a level, with the means as cross-hairs."""
    frame = payload.to_frame()
    shown = frame[~frames.is_hidden(frame)]
    x, y = payload.arguments.get("x", "importance"), payload.arguments.get("y", "estimate")
    written = [line for note in notes for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    height = SQUARE if not canvas.is_narrow else canvas.width
    canvas.set_height(MARGIN + LINE + height + 2 * LINE + GAP + height_of(len(written), SMALL))
    left, top, bottom = MARGIN + 44, MARGIN + LINE, MARGIN + LINE + height
    axes = canvas.axes(left, top, canvas.width - MARGIN - GAP, bottom)
    across, up = frames.floats(shown, x), frames.floats(shown, y)
    for name, axis, values in ((x, axes.xaxis, across), (y, axes.yaxis, up)):
        _axis(axes, axis, values, frames.units(frame, payload.arguments, name).iloc[0])
    axes.axvline(across.mean(), color=canvas.theme.ink_soft, linewidth=0.8, dashes=(4, 3), zorder=1)
    axes.axhline(up.mean(), color=canvas.theme.ink_soft, linewidth=0.8, dashes=(4, 3), zorder=1)
    axes.scatter(across, up, s=42, color=SERIES[0], zorder=3)
    column = payload.group_columns[-1]
    names = [say.level(column, value, payload.labels) for value in shown[column]]
    _name_points(axes, list(zip(across, up, names, strict=True)), canvas)
    canvas.text(MARGIN, MARGIN + LINE / 2, f"↑ {say.label(y, payload.labels)}", size=SMALL, soft=True)
    end = f"{say.label(x, payload.labels)} →"
    canvas.text(canvas.width - MARGIN, bottom + LINE * 1.7, end, size=SMALL, soft=True, ha="right")
    for number, line in enumerate(written):
        at = bottom + 2 * LINE + GAP + height_of(1, SMALL) * (number + 0.5)
        canvas.text(MARGIN, at, line, size=SMALL, soft=True)


def _axis(axes: Axes, axis: object, values: pd.Series, unit: str) -> None:
    """Set one axis of a matrix."""
    least, greatest = float(values.min()), float(values.max())
    room = (greatest - least or abs(greatest) or 1.0) * 0.14
    (axes.set_xlim if axis is axes.xaxis else axes.set_ylim)(least - room, greatest + room)
    locator = MaxNLocator(4, steps=[1, 2, 5, 10])
    digits = tick_digits(list(locator.tick_values(least, greatest)), unit)
    axis.set_major_locator(locator)  # type: ignore[attr-defined]
    axis.set_major_formatter(FuncFormatter(lambda value, _: say.number(value, unit, digits=digits)))  # type: ignore[attr-defined]


def _name_points(axes: Axes, points: list[tuple[float, float, str]], canvas: Canvas) -> None:
    """Write each point's name where it touches no other name or point; where no place is free, a number and a key."""
    box, (x0, x1), (y0, y1) = axes.get_position(), axes.get_xlim(), axes.get_ylim()
    pixels = [
        ((box.x0 + (x - x0) / (x1 - x0) * box.width) * canvas.width,
         (1 - box.y0 - (y - y0) / (y1 - y0) * box.height) * canvas.height, name)
        for x, y, name in points
    ]  # fmt: skip
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y, _ in pixels]
    for x, y, name in pixels:
        width, half = text_width(name, SMALL), LINE / 2
        places = [(x + 9, y), (x - 9 - width, y), (x - width / 2, y - LINE), (x - width / 2, y + LINE)]
        places += [(x + 9, y + step * LINE) for step in (-1, 1, -2, 2)] + [
            (x - 9 - width, y + s * LINE) for s in (-1, 1)
        ]
        inside = [(left, at) for left, at in places if left >= MARGIN and left + width <= canvas.width - MARGIN]
        free = [
            (left, at) for left, at in inside
            if not any(left < r and left + width > a and at - half < b and at + half > t for a, t, r, b in taken)
        ]  # fmt: skip
        left, at = (free or inside or places)[0]
        taken.append((left, at - half, left + width, at + half))
        canvas.text(left, at, name, size=SMALL)
