"""What has changed since the last publication, of all that a manifest records: data by table, parameters, method."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cxresearch.present import labels as say
from cxresearch.report.comparison import compare
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

    @property
    def sentence(self) -> str:
        """How much differs, and what does not."""
        count = say.count(len(self.entries), "thing has", "things have") if self.entries else "Nothing has"
        same = f" Data as before: {say.listed(self.same, len(self.same))}." if self.same else ""
        return f"{count} changed of all that this report rests on.{same}"


def since(before: Mapping[str, Any], now: Mapping[str, Any]) -> Since:
    """Return what differs between what the last publication rested on and what this run rests on.

    Parameters
    ----------
    before, now
        What the manifests of the two record.
    """
    found = compare(before, now, {}, {})
    return Since(found.changed, found.same_data)
