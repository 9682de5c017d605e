"""Numbers of a run that differ from those published before, and why: from protected results only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cxresearch.present import labels as say
from cxresearch.present.payload import ProtectedPayload
from cxresearch.report.comparison import compare
from cxresearch.report.numbers import Difference
from cxresearch.report.results import RESULTS, outputs_in, outputs_of

RESTATED = "restated.json"
# So many are listed; all of them stand in restated.json.
MOST_LISTED = 20


@dataclass(frozen=True)
class Restated:
    """What differs from the last publication.

    Attributes
    ----------
    reasons
        What has changed since, of all that the manifest records.
    changes
        The numbers, those that are read first and moved most in front.
    """

    reasons: tuple[str, ...]
    changes: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"version": 1, **asdict(self)}

    @property
    def sentence(self) -> str:
        """How many numbers differ, and why."""
        count = say.count(len(self.changes), "number differs", "numbers differ")
        return f"{count} from what was published before. Changed since: {'; '.join(self.reasons)}."

    @property
    def listed(self) -> tuple[Difference, ...]:
        """The changes that are shown."""
        return self.changes[:MOST_LISTED]

    @property
    def rest(self) -> str:
        """How many are not shown, "" where all are."""
        more = len(self.changes) - MOST_LISTED
        return f"And {more} more: see {RESTATED}." if more > 0 else ""

    def lines(self) -> Iterator[str]:
        """Yield what a terminal says."""
        yield f"Restated: {self.sentence}"
        for one in self.listed:
            yield f"  {one.page}/{one.table}: {one.place}: {one.before} → {one.after}"
        if self.rest:
            yield f"  {self.rest}"


def restated(
    published: Path, before: Mapping[str, Any], now: Mapping[str, Any], results: Sequence[ProtectedPayload]
) -> Restated | None:
    """Return which numbers of a tier differ from those published before; None where none does.

    Parameters
    ----------
    published
        The tier's folder in the last publication of the run.
    before, now
        What its manifest and this one record.
    results
        The protected results of the tier. A number that was or is hidden, and an output or row that was or is not
        there, is not restated.
    """
    same_figures = all(before.get(name) == now[name] for name in ("study", "period"))
    if not same_figures or not (published / RESULTS).is_file():
        return None
    found = compare(before, now, outputs_in(published), outputs_of(results))
    return Restated(found.reasons, found.moved) if found.moved else None
