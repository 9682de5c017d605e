"""Two publications side by side: what numbers differ, and what they rest on that does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxresearch.report.numbers import MOVED, Difference, Outputs, differences
from cxresearch.report.reasons import DATA, Entry, entries, in_words

UNEXPLAINED = "nothing that is recorded: a notebook does not give the same numbers twice"


@dataclass(frozen=True)
class Comparison:
    """What differs between two publications.

    Attributes
    ----------
    entries
        What they rest on; tables and files that are as before too.
    differences
        The numbers, those that are read first and moved most in front.
    """

    entries: tuple[Entry, ...]
    differences: tuple[Difference, ...]

    @property
    def changed(self) -> tuple[Entry, ...]:
        """What they rest on that differs."""
        return tuple(entry for entry in self.entries if entry.differs)

    @property
    def same_data(self) -> tuple[str, ...]:
        """The data that are as before."""
        return tuple(entry.what for entry in self.entries if entry.part == DATA and not entry.differs)

    @property
    def moved(self) -> tuple[Difference, ...]:
        """The numbers that both show and that differ."""
        return tuple(difference for difference in self.differences if difference.kind == MOVED)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why numbers differ, a clause a part."""
        return in_words(self.changed) or (UNEXPLAINED,)


def compare(
    before: Mapping[str, Any], now: Mapping[str, Any], outputs_before: Outputs, outputs_now: Outputs
) -> Comparison:
    """Return what differs between two publications.

    Parameters
    ----------
    before, now
        What their manifests record.
    outputs_before, outputs_now
        Their protected outputs by notebook and key, as `results.json` holds them; those of one tier in both.
    """
    return Comparison(tuple(entries(before, now)), tuple(differences(outputs_before, outputs_now)))
