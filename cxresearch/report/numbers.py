"""Numbers of two publications that differ, by page, table, row and column: from protected results only."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.cells import P_VALUES, UNSEEN
from cxresearch.present.disclosure import HIDDEN
from cxresearch.present.payload import BASES, group_columns

# An output, and all outputs of a publication by notebook and key, as results.json holds them.
Output = Mapping[str, Any]
Outputs = Mapping[str, Mapping[str, Output]]

MOVED, APPEARED, VANISHED = "moved", "appeared", "vanished"
HIDDEN_NOW, HIDDEN_BEFORE = "hidden now", "hidden before"
KINDS = (MOVED, APPEARED, VANISHED, HIDDEN_NOW, HIDDEN_BEFORE)
# Two numbers that agree to nine digits are one number, computed twice.
ALIKE = 1e-9
# What is listed first of an output.
FIRST = ("estimate", "current", "previous", "change", "n")
MOST_DIGITS = 12
# How far these can be apart; how much others differ is told by the larger of the two.
RANGES = {"points": 100.0, "share": 1.0, "percentage points": 1.0}
NOTHING: Output = {"frame": {"columns": [], "types": [], "rows": []}}


class Place(NamedTuple):
    """Where a number stands in an output: its row, by what the row is about, and its column."""

    group: tuple[Any, ...]
    occurrence: int
    column: str


class Numbers(NamedTuple):
    """What an output shows: its numbers with their rows, by place, and the places that are hidden."""

    shown: Mapping[Place, tuple[float, int]]
    hidden: Set[Place]


@dataclass(frozen=True)
class Difference:
    """One number that two publications do not share.

    Attributes
    ----------
    kind
        `moved`, `appeared`, `vanished`, `hidden now` (shown before) or `hidden before` (shown now).
    page, table, caption
        Notebook, key, and what the output shows.
    group, column
        Row and column of the number, in words.
    before, after
        What was published and what is now, in words; "" where there is none. Of a number that one of the two hides
        neither tells it.
    values
        The same as numbers, None where there is none.
    size
        How far it moved: as a share of what NPS points or a share can be apart, else of the larger of the two.
    """

    kind: str
    page: str
    table: str
    caption: str
    group: str
    column: str
    before: str = ""
    after: str = ""
    values: tuple[float | None, float | None] = (None, None)
    size: float = 0.0

    @property
    def place(self) -> str:
        """Row and column."""
        return " · ".join(part for part in (self.group, self.column) if part)


def differences(before: Outputs, now: Outputs) -> list[Difference]:
    """Return what differs between the numbers of two publications, those that are read first and moved most in front.

    Parameters
    ----------
    before, now
        The protected outputs by notebook and key.
    """
    found: list[tuple[tuple[int, int, float], Difference]] = []
    for page in {**before, **now}:
        old, new = before.get(page, {}), now.get(page, {})
        for key in {**old, **new}:
            found += _of_output(page, key, old.get(key, NOTHING), new.get(key, NOTHING))
    return [difference for _, difference in sorted(found, key=lambda ranked: ranked[0])]


def _of_output(page: str, key: str, old: Output, new: Output) -> Iterator[tuple[tuple[int, int, float], Difference]]:
    """Yield what differs in one output, with its rank."""
    before, after = _numbers(old["frame"]), _numbers(new["frame"])
    differing = {place: kind for place in {**before.shown, **after.shown} if (kind := _kind(place, before, after))}
    units = _Units(new), _Units(old)
    for place, kind in differing.items():
        is_now = place in after.shown
        output, unit = (new if is_now else old), units[not is_now].of((after if is_now else before), place)
        first = FIRST.index(place.column) if place.column in FIRST else len(FIRST)
        told = _told(kind, before.shown.get(place), after.shown.get(place), unit, _currency(output))
        found = Difference(kind, page, key, say.clean(output["caption"]), *_in_words(place, output), **told)
        yield (KINDS.index(kind), first, -found.size), found


def _kind(place: Place, before: Numbers, after: Numbers) -> str:
    """Return what became of a number that at least one output shows, "" where it is as it was."""
    if place not in after.shown:
        return HIDDEN_NOW if place in after.hidden else VANISHED
    if place not in before.shown:
        return HIDDEN_BEFORE if place in before.hidden else APPEARED
    same = math.isclose(before.shown[place][0], after.shown[place][0], rel_tol=ALIKE, abs_tol=ALIKE)
    return "" if same else MOVED


def _numbers(frame: Mapping[str, Any]) -> Numbers:
    """Return every number of an output by its place."""
    columns, types = frame["columns"], frame["types"]
    groups = _groups(columns, types)
    # What only machines read (errors, limits, p-values) moves with what people read; listing both would drown it.
    told = [name not in (*UNSEEN, *P_VALUES, "n_eff", *groups) for name in columns]
    numeric = [name for name, kind, read in zip(columns, types, told, strict=True) if read and kind in ("int", "float")]
    shown: dict[Place, tuple[float, int]] = {}
    hidden: set[Place] = set()
    seen: Counter[tuple[Any, ...]] = Counter()
    for at, values in enumerate(frame["rows"]):
        row = dict(zip(columns, values, strict=True))
        group = tuple(row[name] for name in groups)
        places = [Place(group, seen[group], name) for name in numeric]
        if row.get("flag") == HIDDEN:
            hidden.update(places)
        else:
            shown |= {place: (float(row[place.column]), at) for place in places if _is_number(row[place.column])}
        seen[group] += 1
    return Numbers(shown, hidden)


def _is_number(value: Any) -> bool:
    """Return whether a value is a number; infinity is a text in JSON."""
    return isinstance(value, int | float)


def _groups(columns: Sequence[str], types: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell what a row is about: those before the base, else the texts."""
    if any(name in columns for name in BASES):
        return group_columns(tuple(columns))
    return tuple(name for name, kind in zip(columns, types, strict=True) if kind == "str")


class _Units:
    """The units of an output's columns, each looked up once."""

    def __init__(self, output: Output) -> None:
        self._output, self._found = output, dict[str, pd.Series]()

    def of(self, numbers: Numbers, place: Place) -> str:
        """Return the unit of a shown number."""
        if place.column not in self._found:
            frame = pd.DataFrame(self._output["frame"]["rows"], columns=self._output["frame"]["columns"])
            self._found[place.column] = frames.units(frame, self._output["arguments"], place.column)
        return str(self._found[place.column].iloc[numbers.shown[place][1]])


def _currency(output: Output) -> str:
    """Return the code of the currency of an output's money."""
    return str(output["arguments"].get("currency", ""))


def _in_words(place: Place, output: Output) -> tuple[str, str]:
    """Return row and column as people read them."""
    names, labels = _groups(output["frame"]["columns"], output["frame"]["types"]), output["labels"]
    levels = [say.level(name, value, labels) for name, value in zip(names, place.group, strict=True)]
    return say.clean(" · ".join(level for level in levels if level)), say.clean(say.label(place.column, labels))


def _told(
    kind: str, before: tuple[float, int] | None, after: tuple[float, int] | None, unit: str, currency: str
) -> dict[str, Any]:
    """Return a number before and after, in words and as numbers, and how far it moved; nothing of a hidden one."""
    if kind in (HIDDEN_NOW, HIDDEN_BEFORE):
        return {}
    then, now = (None if side is None else side[0] for side in (before, after))
    words = {"before": "", "after": "", "values": (then, now)}
    if then is None or now is None:
        side, value = ("after", now) if then is None else ("before", then)
        return {**words, side: say.number(value, unit, currency=currency)}
    was, is_ = _apart(then, now, unit, currency)
    return {**words, "before": was, "after": is_, "size": abs(now - then) / _range(then, now, unit)}


def _apart(before: float, after: float, unit: str, currency: str) -> tuple[str, str]:
    """Return two numbers with as many decimals as it takes to tell them apart."""
    for digits in (None, *range(1, MOST_DIGITS)):
        then, now = (say.number(value, unit, currency=currency, digits=digits) for value in (before, after))
        if then != now:
            break
    return then, now


def _range(before: float, after: float, unit: str) -> float:
    """Return how far two numbers that differ could be apart."""
    return RANGES.get(unit) or max(abs(before), abs(after))
