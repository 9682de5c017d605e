"""The groups of people in a run's tables, and the sums they enter.

Every row of a table about people is a *cell* (two in a table of changes: the group now and the group before): a group
of people with a name (its levels, period and survey) and a base. Cells that differ in one segment alone form a *line*
and add up to the line's total, which may stand in any table of the run; totals are cells too, shown or not, and so are
the few people whom a shown total counts and none of its parts. Names and bases are all there is, so this serves any
table.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cxresearch.present.labels import is_total
from cxresearch.present.nesting import Nesting
from cxresearch.present.payload import BASES, Payload

# Columns whose levels are no parts of one whole: a person counts in several of them, or they count no persons.
AXES = frozenset({
    "period", "metric", "survey", "touchpoint", "stage", "table", "file", "rule", "column", "question", "driver",
    "topic", "segment", "item", "outcome", "price", "term", "wave", "arm", "compare_to", "previous_period", "link",
    "answers", "answer", "against", "weighting", "source", "row",
    "row_level", "banner", "step", "component", "month",
})  # fmt: skip
# Columns whose levels are made by leaving some people out of all.
NESTED = ("answers",)
# Columns whose levels are groups of people, though a person may be in several.
PARTS = ("touchpoint",)
# Between the segments, and the levels, of a group of two segments at once.
CROSS = " × "
# What does not name a group of people: the same people are behind every metric; period and survey are kept apart.
NOT_IN_A_NAME = ("metric", "survey", "period", "compare_to", "previous_period", "against", "weighting", "source")
# A column of levels, and the column that says of which segment: the group is named by segment and level alone.
SEGMENT_OF = {"level": "segment", "banner_level": "banner"}
PREVIOUS = "n_customers_previous"
# What a level is called that is not known, and that of the people whom no row lists.
MISSING = "(missing)"


class Name(NamedTuple):
    """What tells one group of people from another; period and survey are "" where unknown."""

    levels: frozenset[tuple[str, str]]
    period: str
    survey: str

    def without(self, segment: str) -> "Name":
        """Return the name of the group of which this one is a part along a segment."""
        return self._replace(levels=frozenset(pair for pair in self.levels if pair[0] != segment))

    def also(self, *level: tuple[str, str]) -> "Name":
        """Return the name of the part of this group that is of a level."""
        return self._replace(levels=self.levels.union(level))

    def may_be_when(self, other: "Name") -> bool:
        """Return whether the periods and surveys of two names are, or may be, the same."""
        pairs = ((self.period, other.period), (self.survey, other.survey))
        return all(here == there or not here or not there for here, there in pairs)


@dataclass(frozen=True)
class Cell:
    """A group of people in one row of a table, now or before; `row` is None where no row shows it.

    `measure` says what was asked of them, as far as it is known: bases of one group differ between questions.
    """

    table: int
    row: int | None
    slot: str
    base: float
    smallest: float
    groups: frozenset[tuple[str, str]]
    name: Name
    measure: str


@dataclass(frozen=True)
class Line:
    """Cells of one table that differ in one segment alone, and the place of the total to which they add up.

    `nested` says that the total is a level of a segment within which this one lies.
    """

    table: tuple[int, str]
    segment: str
    total: int
    cells: list[int]
    nested: bool


@dataclass(frozen=True)
class Groups:
    """The groups of people in a run's tables and the sums they enter.

    Parameters
    ----------
    cells
        In the order of the tables, then the totals and rests that no table shows.
    lines
        The sums, of all tables.
    narrowed
        For each level of a segment the places of the cells that it narrows down.
    close
        The places of cells that are all but a few of another.
    near
        The places of cells whose group has a base in another row of the run that differs by a few.
    """

    cells: list[Cell]
    lines: list[Line]
    narrowed: dict[tuple[str, str], set[int]]
    close: list[int]
    near: list[int]


def groups_of(payloads: Sequence[Payload], min_base: int, within: Nesting | None = None) -> Groups:
    """Return the groups of people in the tables.

    Parameters
    ----------
    payloads
        Payloads about people; each has `n_customers`.
    min_base
        Fewest distinct customers of a shown group.
    within
        Which segments are parts of others, as `nesting` tells.
    """
    cells = [cell for number, payload in enumerate(payloads) for cell in _cells_of(number, payload)]
    wholes = _Wholes(cells)
    close = [*_close_subsets(cells, min_base), *wholes.all_but_a_few(min_base)]
    near = list(wholes.near(min_base))
    lines = _Lines(cells, wholes, min_base, within or {}).all()
    narrowed: dict[tuple[str, str], set[int]] = defaultdict(set)
    for place, cell in enumerate(cells):
        for level in cell.name.levels:
            narrowed[level].add(place)
    return Groups(cells, lines, dict(narrowed), close, near)


def _cells_of(number: int, payload: Payload) -> Iterator[Cell]:
    """Yield the cells of one table."""
    columns, names = payload.grid.columns, payload.group_columns
    bases = [name for name in columns if name.startswith("n_customers") and name != PREVIOUS]
    for place, values in enumerate(payload.grid.rows):
        row = dict(zip(columns, values, strict=True))
        levels = {name: MISSING if row[name] is None else str(row[name]) for name in names}
        groups = frozenset((name, level) for name, level in _crossed(levels).items() if not is_total(level))
        now = Name(_levels_of(dict(groups)), _when(row, payload, "period"), _when(row, payload, "survey"))
        base, smallest = _base(row, "n_customers"), min(_base(row, name) for name in bases)
        cell = Cell(number, place, "current", base, smallest, groups, now, _measure(row, payload))
        yield cell
        if PREVIOUS in row:
            base = _base(row, PREVIOUS)
            period = _when(row, payload, "previous_period") or _when(row, payload, "compare_to")
            yield replace(cell, slot="previous", base=base, smallest=base, name=now._replace(period=period))


def _crossed(levels: dict[str, str]) -> dict[str, str]:
    """Return levels in which a group of two segments at once is named by each of them."""
    segments, parts = (levels.get(name, "").split(CROSS) for name in ("segment", "level"))
    if len(segments) == 1 or len(segments) != len(parts):
        return levels
    rest = {name: level for name, level in levels.items() if name not in ("segment", "level")}
    return rest | dict(zip(segments, parts, strict=True))


def _base(row: dict[str, Any], name: str) -> float:
    """Return a base; a missing one beside numbers counts as 1, for nobody knows that it suffices."""
    if row[name] is not None:
        return float(row[name])
    others = [value for column, value in row.items() if column not in (*BASES, name)]
    return float(any(isinstance(value, int | float) for value in others))


def _when(row: dict[str, Any], payload: Payload, name: str) -> str:
    """Return the period or survey of a row: its column, else the payload's argument or provenance, else ""."""
    return str(row.get(name) or payload.arguments.get(name) or payload.provenance.get(name) or "")


def _measure(row: dict[str, Any], payload: Payload) -> str:
    """Return what was asked: the metric, else page and method, whose tables rest on the same rows; and from where."""
    metric = row.get("metric") or payload.arguments.get("metric")
    asked = metric or f"{payload.provenance.get('notebook', '')}/{payload.method}"
    return f"{asked} of {row['source']}" if row.get("source") else str(asked)


def _levels_of(groups: dict[str, str]) -> frozenset[tuple[str, str]]:
    """Return the levels that name a group of people."""
    named = {name: level for name, level in groups.items() if name not in NOT_IN_A_NAME}
    for level, segment in SEGMENT_OF.items():
        if segment in named and level in named:
            named[named.pop(segment)] = named.pop(level)
    return frozenset(named.items())


class _Wholes:
    """The groups that rows show, by the levels that name them and what was asked."""

    def __init__(self, cells: list[Cell]) -> None:
        self._cells = cells
        self._places: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for place, cell in enumerate(cells):
            self._places[cell.name.levels, cell.measure].append(place)

    def bases(self, name: Name, measure: str) -> Iterator[float]:
        """Yield the bases that rows show for a group."""
        for place in self._places.get((name.levels, measure), ()):
            if self._cells[place].name.may_be_when(name):
                yield self._cells[place].base

    def near(self, min_base: int) -> Iterator[int]:
        """Yield the rows whose group has another base elsewhere, by a few people."""
        for place, cell in enumerate(self._cells):
            if any(0 < abs(base - cell.base) < min_base for base in self.bases(cell.name, cell.measure)):
                yield place

    def all_but_a_few(self, min_base: int) -> Iterator[int]:
        """Yield the parts that leave out a few of a group shown elsewhere, where levels add up to nothing."""
        for place, cell in enumerate(self._cells):
            for segment, _ in cell.name.levels:
                if segment in PARTS:
                    bases = self.bases(cell.name.without(segment), cell.measure)
                    if any(0 < whole - cell.base < min_base for whole in bases):
                        yield place


class _Lines:
    """Makes the lines of all tables, and adds to the cells every total and rest that no row shows, up to the whole."""

    def __init__(self, cells: list[Cell], wholes: _Wholes, min_base: int, within: Nesting) -> None:
        self._cells, self._wholes, self._min_base = cells, wholes, min_base
        self._places = {(cell.table, cell.slot, cell.groups): place for place, cell in enumerate(cells)}
        used = {segment for cell in cells for segment, _ in cell.name.levels}
        self._within: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        for (fine, coarse), level_of in within.items():
            if coarse in used:
                self._within[fine].append((coarse, level_of))

    def all(self) -> list[Line]:
        """Return the lines."""
        lines: list[Line] = []
        fresh: Iterable[int] = range(len(self._cells))
        while fresh:
            known = len(self._cells)
            lines += [self._line(key, members) for key, members in self._members(fresh).items()]
            # A rest is a part of the line's total alone.
            fresh = [place for place in range(known, len(self._cells)) if math.isinf(self._cells[place].smallest)]
        return lines

    def _members(self, fresh: Iterable[int]) -> dict[tuple[Any, ...], list[int]]:
        """Return the cells of each line, by table, slot, column, segment and the groups and level of the total."""
        found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for place in fresh:
            cell = self._cells[place]
            for column, level in cell.groups:
                if column not in AXES:
                    head = SEGMENT_OF.get(column, "")
                    segment = dict(cell.groups).get(head, column)
                    rest = cell.groups - {(column, level)}
                    found[cell.table, cell.slot, column, segment, rest, None].append(place)
                    for coarse, level_of in self._within.get(segment, ()):
                        if level in level_of and coarse not in dict(cell.name.levels):
                            upper = (coarse, level_of[level])
                            named = {(head, coarse), (column, upper[1])} if segment != column else {upper}
                            groups = (rest - {(head, segment)}) | named
                            found[cell.table, cell.slot, column, segment, groups, upper].append(place)
        return found

    def _line(self, key: tuple[Any, ...], members: list[int]) -> Line:
        """Return a line; its total and its rest are added to the cells where no row shows them."""
        table, slot, column, segment, groups, upper = key
        cells, first = self._cells, self._cells[members[0]]
        listed = sum(cells[member].base for member in members)
        name = first.name.without(segment).also(*([upper] if upper else []))
        if (table, slot, groups) not in self._places:
            self._places[table, slot, groups] = len(cells)
            cells.append(Cell(table, None, slot, listed, math.inf, groups, name, first.measure))
        total = self._places[table, slot, groups]
        more = [base - listed for base in (cells[total].base, *self._wholes.bases(name, first.measure))]
        if few := min((gap for gap in more if 0 < gap < self._min_base), default=0):
            cells[total] = replace(cells[total], base=listed + few)
            rest = name.also((segment, MISSING))
            members = [*members, len(cells)]
            cells.append(Cell(table, None, slot, few, few, groups | {(column, MISSING)}, rest, first.measure))
        return Line((table, slot), segment, total, members, nested=upper is not None)


def _close_subsets(cells: list[Cell], min_base: int) -> Iterator[int]:
    """Yield the cells that leave out a few of those in another, where a column says that its levels lie in another."""
    tables: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    nested = {cell.table for cell in cells if any(name in NESTED for name, _ in cell.groups)}
    for place, cell in enumerate(cells):
        if cell.table in nested:
            others = frozenset(pair for pair in cell.groups if pair[0] not in NESTED)
            tables[cell.table, cell.slot, others].append(place)
    for places in tables.values():
        kept: list[float] = []
        for place in sorted(places, key=lambda place: -cells[place].base):
            base = cells[place].base
            if any(0 < larger - base < min_base for larger in kept):
                yield place
            else:
                kept.append(base)
