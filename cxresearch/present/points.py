"""Figures of points and columns: the distribution of answers, and one number against another."""

from typing import Any

import pandas as pd
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.canvas import NORMAL, SMALL, Canvas, height_of, text_width, wrapped
from cxresearch.present.palette import DETRACTOR, PASSIVE, PROMOTER, SERIES
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.rows import GAP, MARGIN, tick_digits

COLUMN_HEIGHT, SQUARE, GUTTER = 200, 420, 44
# Of the sheet's width, what a name in a matrix may take before it is wrapped; and how far from a point names keep.
MATRIX_NAMES, DOT = 0.3, 6
LINE = 18
Box = tuple[float, float, float, float]
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
    across, up = _limits(frames.floats(shown, x)), _limits(frames.floats(shown, y))
    left, top, right = MARGIN + GUTTER, MARGIN + LINE, canvas.width - MARGIN - GAP
    bottom = top + (canvas.width if canvas.is_narrow else SQUARE)
    column = payload.group_columns[-1]
    names = [say.level_of(record, column, payload.labels) for record in shown.to_dict("records")]
    places = [
        (left + (a - across[0]) / (across[1] - across[0]) * (right - left),
         bottom - (b - up[0]) / (up[1] - up[0]) * (bottom - top))
        for a, b in zip(frames.floats(shown, x), frames.floats(shown, y), strict=True)
    ]  # fmt: skip
    texts, key = _placed(places, names, canvas, (MARGIN, top, canvas.width - MARGIN, bottom))
    written = [line for note in [*key, *notes] for line in wrapped(note, canvas.width - 2 * MARGIN, SMALL)]
    canvas.set_height(bottom + 2 * LINE + GAP + height_of(len(written), SMALL))
    axes = canvas.axes(left, top, right, bottom)
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    for name, axis, limits in ((x, axes.xaxis, across), (y, axes.yaxis, up)):
        _axis(axis, limits, frames.units(frame, payload.arguments, name).iloc[0])
    rule: dict[str, Any] = {"color": canvas.theme.ink_soft, "linewidth": 0.8, "dashes": (4, 3), "zorder": 1}
    axes.axvline(frames.floats(shown, x).mean(), **rule)
    axes.axhline(frames.floats(shown, y).mean(), **rule)
    axes.scatter(frames.floats(shown, x), frames.floats(shown, y), s=42, color=SERIES[0], zorder=3)
    for start, middle, text in texts:
        # A name that crosses a rule stands on paper.
        canvas.text(
            start, middle, text, size=SMALL, bbox={"facecolor": canvas.theme.paper, "edgecolor": "none", "pad": 1}
        )
    canvas.text(MARGIN, MARGIN + LINE / 2, f"↑ {say.label(y, payload.labels)}", size=SMALL, soft=True)
    end = f"{say.label(x, payload.labels)} →"
    canvas.text(canvas.width - MARGIN, bottom + LINE * 1.9, end, size=SMALL, soft=True, ha="right")
    for number, line in enumerate(written):
        at = bottom + 2 * LINE + GAP + height_of(1, SMALL) * (number + 0.5)
        canvas.text(MARGIN, at, line, size=SMALL, soft=True)


def _limits(values: pd.Series) -> tuple[float, float]:
    """Return the limits of an axis of a matrix."""
    least, greatest = float(values.min()), float(values.max())
    room = (greatest - least or abs(greatest) or 1.0) * 0.14
    return least - room, greatest + room


def _axis(axis: Axis, limits: tuple[float, float], unit: str) -> None:
    """Set the ticks of one axis of a matrix."""
    locator = MaxNLocator(4, steps=[1, 2, 5, 10])
    digits = tick_digits(list(locator.tick_values(*limits)), unit)
    axis.set_major_locator(locator)
    axis.set_major_formatter(FuncFormatter(lambda value, _: say.number(value, unit, digits=digits)))


def _placed(
    places: list[tuple[float, float]], names: list[str], canvas: Canvas, room: Box
) -> tuple[list[tuple[float, float, str]], list[str]]:
    """Return each name, in lines, where it touches no other; where no place is free, a number, and a key to these."""
    taken = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in places]
    texts: list[tuple[float, float, str]] = []
    key: list[str] = []
    for (x, y), name in zip(places, names, strict=True):
        lines = wrapped(name, canvas.width * MATRIX_NAMES, SMALL)
        found = _free(x, y, lines, taken, room)
        if found is None:
            key.append(f"{len(key) + 1} {name}")
            lines = [str(len(key))]
            found = _free(x, y, lines, taken, room) or (x + DOT, y - LINE / 2, x + DOT, y + LINE / 2)
        taken.append(found)
        texts.append((found[0], (found[1] + found[3]) / 2, "\n".join(lines)))
    return texts, [", ".join(key)] if key else []


def _free(x: float, y: float, lines: list[str], taken: list[Box], room: Box) -> Box | None:
    """Return the box nearest to a point in which lines of text are free and within the room."""
    width, high = max(text_width(line, SMALL) for line in lines), LINE * len(lines)
    sides = [x + DOT + 3, x - DOT - 3 - width]
    starts = [(side, y - high / 2 + shift) for shift in (0, -LINE, LINE, -2 * LINE, 2 * LINE) for side in sides]
    starts[2:2] = [(x - width / 2, y - DOT - high), (x - width / 2, y + DOT)]
    for left, top in starts:
        box = (left, top, left + width, top + high)
        inside = left >= room[0] and top >= room[1] and box[2] <= room[2] and box[3] <= room[3]
        if inside and not any(left < r and box[2] > a and top < b and box[3] > t for a, t, r, b in taken):
            return box
    return None
