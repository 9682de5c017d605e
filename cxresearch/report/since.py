"""What has changed since the last publication, of all that a manifest records: data by table, parameters, method."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cxresearch.present import labels as say
from cxresearch.report.comparison import compare
from cxresearch.report.plan import Plan
from cxresearch.report.reasons import Entry

SINCE = "since.json"


@dataclass(frozen=True)
class Since:
    """What a run rests on beside what the last publication rested on.

    Attributes
    ----------
    entries
        What differs.
    same
        The data that are as before, in words.
    """

    entries: tuple[Entry, ...]
    same: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Since":
        """Return what a JSON object holds."""
        return cls(tuple(Entry(**entry) for entry in found["entries"]), tuple(found["same"]))

    @property
    def sentence(self) -> str:
        """How much differs, and what does not."""
        count = say.count(len(self.entries), "thing has", "things have") if self.entries else "Nothing has"
        same = f" Data as before: {say.listed(self.same, len(self.same))}." if self.same else ""
        return f"{count} changed of all that this report rests on.{same}"


def since(published: Path, before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan) -> Since | None:
    """Return what differs between what the last publication rested on and what this run rests on.

    Parameters
    ----------
    published
        The tier's folder in the last publication of the run.
    before, now
        What its manifest and this one record.
    plan
        What was run.

    Returns
    -------
    Since or None
        None where this very run was the first publication.
    """
    # The same run made again by force: its page says what it said.
    if before.get("plan") == plan.key:
        told = published / SINCE
        return Since.from_json(json.loads(told.read_bytes())) if told.is_file() else None
    found = compare(before, now, {}, {})
    return Since(found.changed, found.same_data)
