"""What figures of lines show: a trend over periods, curves over a number."""

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.palette import SERIES
from cxresearch.present.panels import Chart, Panel, Series
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.rows import varying

# More lines than these in one panel cannot be followed; they get panels of their own.
MOST_LINES = 5
DEFAULT_BREAK = "not comparable with before"


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


def trend_of(payload: ProtectedPayload, title: str, notes: list[str]) -> Chart:
    """Return a trend: a line a group, with gaps where there are no data and breaks where nothing can be compared."""
    frame = payload.to_frame()
    places = sequence(frame["period"])
    groups = [name for name in varying(frame, payload) if name != "period"]
    return Chart(
        panels=_panels(frame, payload, groups, places),
        title=title,
        unit=_unit(payload),
        currency=payload.arguments.get("currency", ""),
        ticks=[say.period_label(name) for name in places],
        breaks=_breaks(frame, payload, places),
        target=payload.arguments.get("target"),
        notes=notes,
    )


def curves_of(payload: ProtectedPayload, title: str, notes: list[str]) -> Chart:
    """Return curves over a number, such as a price, with marked places."""
    frame = payload.to_frame()
    x, y = payload.arguments.get("x") or payload.group_columns[-1], str(payload.arguments.get("value", "estimate"))
    groups = [name for name in payload.group_columns if name != x and frame[name].nunique() > 1]
    shown = frame[~frames.is_hidden(frame)].sort_values(x, kind="stable")
    found = []
    for number, (key, part) in enumerate(shown.groupby(groups, sort=False) if groups else [((), shown)]):
        name = " · ".join(say.level(g, k, payload.labels) for g, k in zip(groups, key, strict=True))
        value, low, high = (frames.floats(part, column).to_numpy() for column in (y, *frames.LIMITS.get(y, ("", ""))))
        at, small = part[x].astype("float64").to_numpy(), frames.is_small(part).to_numpy(bool)
        found.append(Series(name, at, value, low, high, small, SERIES[number % len(SERIES)]))
    marks = {float(mark[x]): say.clean(str(mark["words"])) for mark in payload.arguments.get("marks") or []}
    return Chart([Panel("", found)], title, _unit(payload, y), currency=payload.arguments.get("currency", ""),
                 below=say.label(x, payload.labels), breaks=marks, tells_values=False, notes=notes)  # fmt: skip


def _unit(payload: ProtectedPayload, name: str = "estimate") -> str:
    """Return the unit of the lines, the first where there are several."""
    return str(frames.units(payload.to_frame(), payload.arguments, name).iloc[0])


def _breaks(frame: pd.DataFrame, payload: ProtectedPayload, places: list[str]) -> dict[float, str]:
    """Return where a trend breaks, half a place before a period, and the words that say why."""
    found = {str(period): DEFAULT_BREAK for period in frame.loc[frames.is_broken(frame), "period"]}
    found |= {str(entry["period"]): str(entry["words"]) for entry in payload.arguments.get("breaks") or []}
    return {places.index(period) - 0.5: say.clean(words) for period, words in found.items() if period in places}


def _panels(frame: pd.DataFrame, payload: ProtectedPayload, groups: list[str], places: list[str]) -> list[Panel]:
    """Return the panels: one where the lines are few, else one for each level of the first grouping."""
    if not groups:
        return [Panel("", [_series("", frame, places, SERIES[0])])]
    lines = list(frame.groupby(groups, sort=False, dropna=False))
    if len(groups) == 1:
        names = [say.level(groups[0], key[0], payload.labels) for key, _ in lines]
        if len(lines) <= MOST_LINES:
            colours = SERIES[: len(lines)]
            parts = zip(names, lines, colours, strict=True)
            return [Panel("", [_series(name, part, places, colour) for name, (_, part), colour in parts])]
        return [Panel(n, [_series("", part, places, SERIES[0])]) for n, (_, part) in zip(names, lines, strict=True)]
    panels: dict[str, list[Series]] = {}
    inner = list(dict.fromkeys(key[1:] for key, _ in lines))
    for key, part in lines:
        name = " · ".join(say.level(n, k, payload.labels) for n, k in zip(groups[1:], key[1:], strict=True))
        colour = SERIES[inner.index(key[1:]) % len(SERIES)]
        outer = say.level(groups[0], key[0], payload.labels)
        panels.setdefault(outer, []).append(_series(name, part, places, colour))
    return [Panel(name, series) for name, series in panels.items()]


def _series(name: str, part: pd.DataFrame, places: list[str], colour: str) -> Series:
    """Return one line with a missing value for each period without data."""
    by_period = part.drop_duplicates("period").set_index("period").reindex(places)
    value, low, high = (frames.floats(by_period, name).to_numpy() for name in ("estimate", "conf_low", "conf_high"))
    return Series(name, np.arange(len(places)), value, low, high, frames.is_small(by_period).to_numpy(bool), colour)
