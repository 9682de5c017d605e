"""Who answers for what: the study file's owners, and those of topics in the codebook."""

from collections.abc import Mapping
from typing import Any

from cxresearch.present.suppress import CROSS
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["owner_of", "topic_owners"]

# What a row is about, the closest first.
CLOSEST_FIRST = ("level", "driver", "topic", "touchpoint", "segment", "metric")


def topic_owners(run: Recorded) -> dict[str, str]:
    """Return who answers for which topic, as the codebook has it."""
    found: dict[str, str] = {}
    for output in run.outputs:
        if {"owner", "topic"} <= set(output.grid.columns):
            frame = shown(output)
            found |= dict(zip(frame["topic"], frame["owner"].fillna(""), strict=True))
    return found


def owner_of(row: Mapping[str, Any], owners: Mapping[str, str]) -> str:
    """Return who answers for a row: for its group, else for its rating, topic, touchpoint, segment or metric.

    Parameters
    ----------
    row
        A row with some of `level`, `driver`, `topic`, `touchpoint`, `segment`, `metric`; an `owner` of its own wins.
    owners
        Owner by name.

    Examples
    --------
    >>> owners = {"plan": "Product", "Flex": "Pricing", "nps": "Board"}
    >>> owner_of({"metric": "nps", "segment": "plan", "level": "Flex"}, owners)
    'Pricing'
    >>> owner_of({"metric": "nps", "segment": "region × plan", "level": "North × Basic"}, owners)
    'Product'
    """
    if isinstance(row.get("owner"), str) and row["owner"]:
        return str(row["owner"])
    names = (part for column in CLOSEST_FIRST for part in str(row.get(column) or "").split(CROSS))
    return next((owners[name] for name in names if owners.get(name)), "")
