"""What differs too little from the last publication of the same run: both together tell of a few people."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from cxresearch.present.groups import PREVIOUS
from cxresearch.present.payload import Payload, group_columns

__all__ = ["FEW_MORE", "SHOWN_BEFORE", "republished"]

FEW_MORE = "differs by fewer than {min_base} customers from what was published before"
SHOWN_BEFORE = "hidden now, but shown in what was published before"
Published = Mapping[str, Mapping[str, Any]]
WHEN = ("period", "compare_to")


def republished(payload: Payload, hidden: Mapping[int, str], before: Published, min_base: int) -> dict[int, str]:
    """Return the rows that tell, beside what was published before, of fewer than `min_base` customers.

    Parameters
    ----------
    payload
        About people.
    hidden
        Its rows that are hidden now.
    before
        The results of the last publication of the run by notebook and key, as its `results.json` holds them.
    min_base
        Fewest distinct customers of a shown group.

    Returns
    -------
    dict
        Why, by row: the base differs by some, but fewer than `min_base`, or the row was shown and now is hidden. Rows
        are found again by their output and by what they are about; outputs of another period are not compared.
    """
    earlier = before.get(str(payload.provenance.get("notebook", "")), {}).get(payload.key)
    now = {"arguments": payload.arguments, "provenance": payload.provenance}
    if earlier is None or any(_when(earlier, name) != _when(now, name) for name in WHEN):
        return {}
    then = _bases(tuple(earlier["frame"]["columns"]), earlier["frame"]["rows"])
    columns, found = payload.grid.columns, dict[int, str]()
    seen: dict[tuple[Any, ...], int] = defaultdict(int)
    for number, values in enumerate(payload.grid.rows):
        group = values[: len(payload.group_columns)]
        old = then.get((*group, seen[group]))
        seen[group] += 1
        if old is None:
            continue
        row = dict(zip(columns, values, strict=True))
        if number in hidden:
            found |= {number: SHOWN_BEFORE} if any(old.values()) else {}
        elif any(0 < abs((row.get(name) or 0) - base) < min_base for name, base in old.items() if base is not None):
            found[number] = FEW_MORE.format(min_base=min_base)
    return found


def _bases(columns: tuple[str, ...], rows: list[list[Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the published bases of each row, by what the row is about and how many like it stand above."""
    width = len(group_columns(columns))
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for values in rows:
        group, occurrence = tuple(values[:width]), 0
        while (*group, occurrence) in found:
            occurrence += 1
        row = dict(zip(columns, values, strict=True))
        found[*group, occurrence] = {name: row[name] for name in ("n_customers", PREVIOUS) if name in row}
    return found


def _when(result: Mapping[str, Any], name: str) -> Any:
    """Return the period of a result, or the one that it is compared with."""
    return result.get("arguments", {}).get(name) or result.get("provenance", {}).get(name)
