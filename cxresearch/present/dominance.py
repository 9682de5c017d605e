"""Sums of money that a few customers make up: who knows one of them knows the other, or nearly."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxresearch.present.payload import Payload

__all__ = ["TOLD", "dominated", "sums_of_money"]

# What a frame tells of the sums in it, for disclosure alone: it says what two customers pay, so that no page has it.
TOP_TWO, REST = "top_two_share", "rest_to_largest"
TOLD = (TOP_TWO, REST)


def sums_of_money(payloads: Sequence[Payload]) -> list[int]:
    """Return the places of the payloads that tell how large the largest contributions are."""
    return [number for number, payload in enumerate(payloads) if set(TOLD) & set(payload.grid.columns)]


def dominated(payload: Payload, max_top_two: float, min_rest: float) -> list[int]:
    """Return the rows whose sum two customers make up, or one could estimate the other's part of too well.

    Parameters
    ----------
    payload
        With `top_two_share`, `rest_to_largest` or both.
    max_top_two
        Greatest share of the two largest contributors, 0-1.
    min_rest
        Least that all others contribute, as a ratio to the largest.
    """
    columns = payload.grid.columns
    rows = (dict(zip(columns, values, strict=True)) for values in payload.grid.rows)
    return [number for number, row in enumerate(rows) if _is_dominated(row, max_top_two, min_rest)]


def _is_dominated(row: Mapping[str, Any], max_top_two: float, min_rest: float) -> bool:
    """Return whether a sum fails either rule."""
    top_two, rest = row.get(TOP_TWO), row.get(REST)
    return (top_two is not None and top_two > max_top_two) or (rest is not None and rest < min_rest)
