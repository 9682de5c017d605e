"""Groups in which everybody gave the same answer: what one says is then known of each."""

from typing import Any

from cxresearch.present.labels import METRIC_UNITS
from cxresearch.present.payload import Payload

__all__ = ["answered_alike"]

# The levels of the groups that a row compares; without them `estimate` is the level.
LEVELS = ("value", "value_against", "previous", "current")
# What only unanimous answers give, by the unit of the metric.
ENDS: dict[str, tuple[float, ...]] = {"points": (-100.0, 100.0), "share": (0.0, 1.0)}
# Where each answer has a row: that nobody chose one of eleven says little, that all chose one says all.
BY_ANSWER = ("crosstab", "distribution")
SAME = 1e-9


def answered_alike(payload: Payload) -> frozenset[int]:
    """Return the rows in which everybody gave the same answer.

    Parameters
    ----------
    payload
        About people. A row is one where the error of its estimate is 0, or a level lies at an end of its metric's
        scale: all votes alike, all or nobody of yes and no, one answer that all gave.
    """
    columns = payload.grid.columns
    found = set()
    for number, values in enumerate(payload.grid.rows):
        row = dict(zip(columns, values, strict=True))
        of_all = payload.kind not in BY_ANSWER and _without_error(row)
        if row["n_customers"] and (of_all or _at_an_end(row, payload)):
            found.add(number)
    return frozenset(found)


def _without_error(row: dict[str, Any]) -> bool:
    """Return whether an estimate has an error of 0."""
    return row.get("std_error") == 0 and row.get("estimate") is not None


def _at_an_end(row: dict[str, Any], payload: Payload) -> bool:
    """Return whether a level of the row lies at an end of its scale."""
    metric = row.get("metric") or payload.arguments.get("metric")
    if payload.kind in BY_ANSWER:
        ends = (ENDS | {"share": (1.0,)}).get(str(row.get("unit") or "share"), ())
    else:
        ends = ENDS.get(METRIC_UNITS.get(str(metric), ""), ())
    levels = [row[name] for name in LEVELS if name in row] or [row.get("estimate")]
    return any(abs(level - end) < SAME for level in levels if isinstance(level, int | float) for end in ends)
