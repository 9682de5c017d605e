"""Numbers of a run that differ from those published before, and what has changed since: from protected results only."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.cells import P_VALUES, UNSEEN
from cxresearch.present.disclosure import HIDDEN
from cxresearch.present.payload import BASES, ProtectedPayload, group_columns
from cxresearch.report.plan import Plan
from cxresearch.report.since import belongs
from cxresearch.schema import Study

RESTATED, RESULTS = "restated.json", "results.json"
# So many are listed; all of them stand in restated.json.
MOST_LISTED = 20
# Two numbers that agree to nine digits are one number, computed twice.
ALIKE = 1e-9
# What is listed first of an output.
FIRST = ("estimate", "current", "previous", "change", "n")
MOST_DIGITS = 12
UNEXPLAINED = "nothing that is recorded: a notebook does not give the same numbers twice"


class Place(NamedTuple):
    """Where a number stands in an output: its row, by what the row is about, and its column."""

    group: tuple[Any, ...]
    occurrence: int
    column: str


@dataclass(frozen=True)
class Change:
    """One number that differs; all in words.

    Attributes
    ----------
    output
        Notebook and key.
    caption
        What the output shows.
    group, column
        Row and column of the number.
    before, after
        What was published, and what is now.
    """

    output: str
    caption: str
    group: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class Restated:
    """What differs from the last publication.

    Attributes
    ----------
    reasons
        What has changed since, of all that the manifest records.
    changes
        The numbers, those that are read first in front.
    """

    reasons: tuple[str, ...]
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Restated":
        """Return what a JSON object holds."""
        return cls(tuple(found["reasons"]), tuple(Change(**change) for change in found["changes"]))

    @property
    def sentence(self) -> str:
        """How many numbers differ, and why."""
        count = say.count(len(self.changes), "number differs", "numbers differ")
        return f"{count} from what was published before. Changed since: {'; '.join(self.reasons)}."

    @property
    def listed(self) -> tuple[Change, ...]:
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
            place = " · ".join(part for part in (one.group, one.column) if part)
            yield f"  {one.output}: {place}: {one.before} → {one.after}"
        if self.rest:
            yield f"  {self.rest}"


def restated(
    published: Path, before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan, results: Sequence[ProtectedPayload]
) -> Restated | None:
    """Return which numbers of a tier differ from those published before; None where none does.

    Parameters
    ----------
    published
        The tier's folder in the last publication of the run.
    before, now
        What its manifest and this one record.
    plan
        What was run.
    results
        The protected results of the tier. A number that was or is hidden, and an output or row that was or is not
        there, is not restated.
    """
    same_figures = all(before.get(name) == now[name] for name in ("study", "period"))
    if not same_figures or not (published / RESULTS).is_file():
        return None
    old = json.loads((published / RESULTS).read_bytes())["notebooks"]
    found = [change for payload in results for change in _changes(payload, old)]
    if found:
        ranked = sorted(found, key=lambda ranked: ranked[0])
        return Restated(tuple(_reasons(before, now, plan.study)), tuple(change for _, change in ranked))
    # The same run made again by force: its page says what it said.
    if before.get("plan") == plan.key and (published / RESTATED).is_file():
        return Restated.from_json(json.loads((published / RESTATED).read_bytes()))
    return None


def _changes(payload: ProtectedPayload, old: Mapping[str, Any]) -> Iterator[tuple[int, Change]]:
    """Yield the rank and words of each number of an output that differs."""
    earlier = old.get(payload.provenance["notebook"], {}).get(payload.key)
    if earlier is None:
        return
    before, after = _numbers(earlier["frame"]), _numbers(payload.to_json()["frame"])
    differing = [
        place
        for place in after
        if place in before and not math.isclose(before[place], after[place], rel_tol=ALIKE, abs_tol=ALIKE)
    ]
    frame = payload.to_frame() if differing else None
    for place in differing:
        unit = str(frames.units(frame, payload.arguments, place.column).iloc[0])
        then, now = _in_words(before[place], after[place], unit, payload.arguments.get("currency", ""))
        names = _groups(payload.grid.columns, payload.grid.types)
        levels = [say.level(name, value, payload.labels) for name, value in zip(names, place.group, strict=True)]
        column = say.label(place.column, payload.labels)
        rank = FIRST.index(place.column) if place.column in FIRST else len(FIRST)
        yield rank, Change(payload.source, say.clean(payload.caption), " · ".join(levels), column, then, now)


def _numbers(frame: Mapping[str, Any]) -> dict[Place, float]:
    """Return every number of an output that is shown, by its place."""
    columns, types = frame["columns"], frame["types"]
    groups = _groups(columns, types)
    # What only machines read (errors, limits, p-values) moves with what people read; listing both would drown it.
    told = [name not in (*UNSEEN, *P_VALUES, "n_eff") for name in columns]
    numeric = [name for name, kind, read in zip(columns, types, told, strict=True) if read and kind in ("int", "float")]
    found, seen = {}, Counter[tuple[Any, ...]]()
    for values in frame["rows"]:
        row = dict(zip(columns, values, strict=True))
        group = tuple(row[name] for name in groups)
        for name in numeric:
            if name not in groups and isinstance(row[name], int | float) and row.get("flag") != HIDDEN:
                found[Place(group, seen[group], name)] = float(row[name])
        seen[group] += 1
    return found


def _groups(columns: Sequence[str], types: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell what a row is about: those before the base, else the texts."""
    if any(name in columns for name in BASES):
        return group_columns(tuple(columns))
    return tuple(name for name, kind in zip(columns, types, strict=True) if kind == "str")


def _in_words(before: float, after: float, unit: str, currency: str) -> tuple[str, str]:
    """Return two numbers with as many decimals as it takes to tell them apart."""
    for digits in (None, *range(1, MOST_DIGITS)):
        then, now = (say.number(value, unit, currency=currency, digits=digits) for value in (before, after))
        if then != now:
            break
    return then, now


def _reasons(before: Mapping[str, Any], now: Mapping[str, Any], study: Study) -> list[str]:
    """Return what differs between what two manifests record, one clause each."""
    inputs = _differing(before.get("inputs", {}), now["inputs"])
    tables = [name for name, table in study.tables.items() if any(belongs(file, name, table.source) for file in inputs)]
    found = [f"data of {say.listed(tables)}"] if tables else []
    found += ["the study file"] if study.path.name in inputs else []
    found += [name for name in inputs if name.endswith(".yaml") and name != study.path.name]
    for part, what in (("parameters", "parameters"), ("contents", "notebook")):
        pages = _differing(before.get(part, {}), now[part])
        found += [f"{what} {'of ' if part == 'parameters' else ''}{say.listed(pages)}"] if pages else []
    names = {"package": "the package cxresearch", "lock": "the installed packages", "python": "Python"}
    found += [words for part, words in names.items() if before.get(part) != now[part]]
    return found or [UNEXPLAINED]


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names whose values differ, new and gone ones too."""
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
