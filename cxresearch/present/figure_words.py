"""What a figure shows, in a plain sentence: read off the protected rows where a notebook names no finding."""

from collections.abc import Callable

import numpy as np

from cxresearch.present import labels as say
from cxresearch.present.lines import trend_of
from cxresearch.present.panels import Chart, Series
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.plots import value_of
from cxresearch.present.rows import Row, rows_of

MOST_LINES = 4


def reading(payload: ProtectedPayload) -> str:
    """Return what a figure shows; "" where no sentence could say it, as of a map.

    Parameters
    ----------
    payload
        As `disclosure.protect` returns it. Rows that are hidden or rest on a small base are not told.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"reading: found a {type(payload).__name__}; only what disclosure.protect returns is told.")
    return READINGS[payload.kind](payload) if payload.kind in READINGS else ""


def _from_least_to_most(payload: ProtectedPayload) -> str:
    """Return the ends of figures of rows; a small base is at an end by luck."""
    rows = [row for row in rows_of(payload, value_of(payload)) if row.value is not None and not row.is_total]
    is_clear = len({row.name for row in rows}) == len(rows)
    known = sorted((row for row in rows if not row.is_small), key=lambda row: row.value or 0.0)
    if not known or not is_clear or known[0].value == known[-1].value:
        return ""
    return f"Lowest: {_told(known[0])}. Highest: {_told(known[-1])}."


def _told(row: Row) -> str:
    """Return a row's name and number with its interval."""
    return f"{row.name}, {row.text} {row.limits}".strip()


def _from_first_to_last(payload: ProtectedPayload) -> str:
    """Return the first and the last stage of a flow."""
    rows = [row for row in rows_of(payload, "n") if row.value]
    if len(rows) < 2:
        return ""
    first, last = rows[0], rows[-1]
    share = say.number((last.value or 0.0) / (first.value or 1.0), "share")
    return f"{first.name}: {first.text}. {last.name}: {last.text}, {share} of them."


def _at_the_end(payload: ProtectedPayload) -> str:
    """Return where the lines of a trend end, the highest first; several in each of several panels are too many."""
    chart = trend_of(payload, "", [])
    if len(chart.panels) > 1 and any(line.name for panel in chart.panels for line in panel.series):
        return ""
    ends = [(panel.title or line.name, line) for panel in chart.panels for line in panel.series]
    known = sorted((end for end in ends if np.isfinite(end[1].value[-1])), key=lambda end: -end[1].value[-1])
    told = [f"{name} {_last(line, chart)}".strip() for name, line in known if not line.is_small[-1]]
    return f"In {chart.ticks[-1]}: {say.listed(told, MOST_LINES)}." if told else ""


def _last(line: Series, chart: Chart) -> str:
    """Return the last value of a line with its interval."""
    value, low, high = (chart.written(float(part[-1])) for part in (line.value, line.low, line.high))
    return f"{value} [{low}, {high}]" if np.isfinite(line.low[-1]) else value


READINGS: dict[str, Callable[[ProtectedPayload], str]] = {
    "estimates": _from_least_to_most,
    "bars": _from_least_to_most,
    "flow": _from_first_to_last,
    "trend": _at_the_end,
}
