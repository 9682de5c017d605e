"""Which rows of a run's tables to hide, so that no hidden number follows from what is shown.

Every row of a table about people is a *cell* (two in a table of changes: the group now and the group before): a group
of people with a name (its levels, period and survey) and a base. Cells that differ in one segment alone form a *line*
and add up to the line's total, which may stand in any table of the run; totals are cells too, shown or not. The rules
see names and bases only, so they serve any table.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import linprog

from cxresearch.present.labels import is_total
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
# Between the segments, and the levels, of a group of two segments at once.
CROSS = " × "
# What does not name a group of people: the same people are behind every metric; period and survey are kept apart.
NOT_IN_A_NAME = ("metric", "survey", "period", "compare_to", "previous_period", "against", "weighting", "source")
# A column of levels, and the column that says of which segment: the group is named by segment and level alone.
SEGMENT_OF = {"level": "segment", "banner_level": "banner"}
PREVIOUS = "n_customers_previous"
SHOWN, BASE, COMPLEMENT, LINKED = "", "base", "complement", "linked"
FEWEST_HIDDEN = 2
# In a table of one segment the rule for lines says all.
SEVERAL = 2
# A hidden cell is determined when no direction in which the hidden cells can move together moves it.
STILL = 1e-9
ROUNDING = 6
# What scipy's linprog answers where a count may grow without end: none of the totals that bound it is known.
UNBOUNDED = 3


class Name(NamedTuple):
    """What tells one group of people from another; period and survey are "" where unknown."""

    levels: frozenset[tuple[str, str]]
    period: str
    survey: str

    def without(self, segment: str) -> "Name":
        """Return the name of the group of which this one is a part along a segment."""
        return self._replace(levels=frozenset(pair for pair in self.levels if pair[0] != segment))

    def may_be_when(self, other: "Name") -> bool:
        """Return whether the periods and surveys of two names are, or may be, the same."""
        pairs = ((self.period, other.period), (self.survey, other.survey))
        return all(here == there or not here or not there for here, there in pairs)


@dataclass(frozen=True)
class Cell:
    """A group of people in one row of a table, now or before; `row` is None for a total that no row shows."""

    table: int
    row: int | None
    slot: str
    base: float
    smallest: float
    groups: frozenset[tuple[str, str]]
    name: Name


@dataclass(frozen=True)
class Line:
    """Cells of one table that differ in one segment alone, and the place of the total to which they add up."""

    table: tuple[int, str]
    segment: str
    total: int
    cells: list[int]


@dataclass(frozen=True)
class Groups:
    """The groups of people in a run's tables and the sums they enter.

    Parameters
    ----------
    cells
        In the order of the tables, then the totals that no table shows.
    lines
        The sums, of all tables.
    narrowed
        For each level of a segment the places of the cells that it narrows down.
    """

    cells: list[Cell]
    lines: list[Line]
    narrowed: dict[tuple[str, str], set[int]]


def groups_of(payloads: list[Payload]) -> Groups:
    """Return the groups of people in the tables.

    Parameters
    ----------
    payloads
        Payloads about people; each has `n_customers`.
    """
    cells = [cell for number, payload in enumerate(payloads) for cell in _cells_of(number, payload)]
    lines = _add_totals(cells)
    narrowed: dict[tuple[str, str], set[int]] = defaultdict(set)
    for place, cell in enumerate(cells):
        for level in cell.name.levels:
            narrowed[level].add(place)
    return Groups(cells, lines, dict(narrowed))


def hidden(groups: Groups, min_base: int) -> list[str]:
    """Return why each cell is hidden, "" where it may be shown.

    Parameters
    ----------
    groups
        As `groups_of` returns them.
    min_base
        Fewest distinct customers of a shown group.

    Returns
    -------
    list of str
        `base` (too few customers), `complement` (else another could be found by subtraction) or `linked` (the group, or
        one that it is part of, is hidden in another table of the run), by cell.

    Notes
    -----
    A group without any answers is shown: it is no person's data. Along each line whose total is not itself hidden the
    hidden cells are at least two and together reach `min_base`; the next smallest is hidden until they do. In tables
    of several segments that does not suffice (two blocks of hidden cells joined by one cell give that cell away), so
    cells that the totals together determine are sought in the null space of the equations, and small ones that they
    hold in an interval narrower than `min_base` by linear programming; more is hidden until there are none.
    """
    why = np.full(len(groups.cells), SHOWN, dtype="U10")
    small = [place for place, cell in enumerate(groups.cells) if 0 < cell.smallest < min_base]
    why[small] = BASE
    close = [place for place in _close_subsets(groups, min_base) if why[place] == SHOWN]
    why[close] = COMPLEMENT
    fresh = np.array(small + close, dtype=int)
    sums, safe = _Sums.of(groups), dict[tuple[int, str], bytes]()
    while len(fresh):
        parts = _parts_of(groups, fresh)
        why[parts[why[parts] == SHOWN]] = LINKED
        fresh = _of_short_lines(groups, sums, why, min_base)
        if not len(fresh):
            fresh = _of_exposed_cells(groups, why, min_base, safe)
        why[fresh] = COMPLEMENT
    return why.tolist()


def _cells_of(number: int, payload: Payload) -> list[Cell]:
    """Return the cells of one table."""
    columns, names = payload.grid.columns, payload.group_columns
    found = []
    for place, values in enumerate(payload.grid.rows):
        row = dict(zip(columns, values, strict=True))
        levels = {name: "(missing)" if row[name] is None else str(row[name]) for name in names}
        groups = frozenset((name, level) for name, level in _crossed(levels).items() if not is_total(level))
        now = Name(_levels_of(dict(groups)), _when(row, payload, "period"), _when(row, payload, "survey"))
        bases = [_base(row, name) for name in columns if name.startswith("n_customers") and name != PREVIOUS]
        cell = Cell(number, place, "current", _base(row, "n_customers"), min(bases), groups, now)
        found.append(cell)
        if PREVIOUS in row:
            base = _base(row, PREVIOUS)
            period = _when(row, payload, "previous_period") or _when(row, payload, "compare_to")
            before = now._replace(period=period)
            found.append(replace(cell, slot="previous", base=base, smallest=base, name=before))
    return found


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


def _levels_of(groups: dict[str, str]) -> frozenset[tuple[str, str]]:
    """Return the levels that name a group of people."""
    named = {name: level for name, level in groups.items() if name not in NOT_IN_A_NAME}
    for level, segment in SEGMENT_OF.items():
        if segment in named and level in named:
            named[named.pop(segment)] = named.pop(level)
    return frozenset(named.items())


def _add_totals(cells: list[Cell]) -> list[Line]:
    """Return the lines of all tables, and add to the cells every total that no row shows, up to the whole."""
    places = {(cell.table, cell.slot, cell.groups): place for place, cell in enumerate(cells)}
    lines: list[Line] = []
    fresh = range(len(cells))
    while fresh:
        found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for place in fresh:
            cell = cells[place]
            for pair in cell.groups:
                if pair[0] not in AXES:
                    found[cell.table, cell.slot, pair[0], cell.groups - {pair}].append(place)
        known = len(cells)
        for (table, slot, column, groups), members in found.items():
            segment = dict(groups).get(SEGMENT_OF.get(column, ""), column)
            if (table, slot, groups) not in places:
                places[table, slot, groups] = len(cells)
                base = sum(cells[member].base for member in members)
                name = cells[members[0]].name.without(segment)
                cells.append(Cell(table, None, slot, base, math.inf, groups, name))
            lines.append(Line((table, slot), segment, places[table, slot, groups], members))
        fresh = range(known, len(cells))
    return lines


def _parts_of(groups: Groups, secret: Any) -> np.ndarray:
    """Return the groups that are hidden ones or parts of them, in the same period and survey."""
    found: set[int] = set()
    for name in {groups.cells[place].name for place in secret}:
        if name.levels:
            parts = set.intersection(*(groups.narrowed[level] for level in name.levels))
            found.update(place for place in parts if groups.cells[place].name.may_be_when(name))
    return np.array(sorted(found), dtype=int)


@dataclass(frozen=True)
class _Sums:
    """Which cells enter which lines, as arrays: one entry for each cell of each line."""

    line: np.ndarray
    cell: np.ndarray
    base: np.ndarray
    in_a_row: np.ndarray
    depth: np.ndarray

    @classmethod
    def of(cls, groups: Groups) -> "_Sums":
        """Return the entries of all lines, by line, smallest base first, cells without answers last."""
        pairs = [(number, cell) for number, line in enumerate(groups.lines) for cell in line.cells]
        line, cell = np.array(pairs, dtype=int).reshape(-1, 2).T
        base = np.array([groups.cells[place].base for place in cell], dtype=float)
        order = np.lexsort((cell, base, base <= 0, line))
        depth = np.array([len(groups.cells[found.total].name.levels) for found in groups.lines], dtype=int)
        in_a_row = np.array([groups.cells[place].row is not None for place in cell], dtype=bool)
        return cls(line[order], cell[order], base[order], in_a_row[order], depth)


def _close_subsets(groups: Groups, min_base: int) -> list[int]:
    """Return the cells that leave out a few of those in another, where a column says that its levels lie in another."""
    tables: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    nested = {cell.table for cell in groups.cells if any(name in NESTED for name, _ in cell.groups)}
    for place, cell in enumerate(groups.cells):
        if cell.table in nested and cell.row is not None:
            others = frozenset(pair for pair in cell.groups if pair[0] not in NESTED)
            tables[cell.table, cell.slot, others].append(place)
    found = []
    for places in tables.values():
        kept: list[float] = []
        for place in sorted(places, key=lambda place: -groups.cells[place].base):
            base = groups.cells[place].base
            if any(0 < larger - base < min_base for larger in kept):
                found.append(place)
            else:
                kept.append(base)
    return found


def _of_short_lines(groups: Groups, sums: _Sums, why: np.ndarray, min_base: int) -> np.ndarray:
    """Return the next smallest shown cells of lines whose hidden ones are too few or too small.

    Large groups come first, and one line at a time of those that divide the same group by the same segment, so that
    all tables come to hide the same groups.
    """
    is_hidden, total_is_known = why[sums.cell] != SHOWN, why[[line.total for line in groups.lines]] == SHOWN
    count = np.bincount(sums.line, is_hidden, minlength=len(groups.lines))
    answers = np.bincount(sums.line, is_hidden * sums.base, minlength=len(groups.lines))
    short = total_is_known & (answers > 0) & ((count < FEWEST_HIDDEN) | (answers < min_base))
    entries = np.flatnonzero(short[sums.line] & ~is_hidden & sums.in_a_row)
    lines, first = np.unique(sums.line[entries], return_index=True)
    if not len(lines):
        return lines
    top = sums.depth[lines] == sums.depth[lines].min()
    chosen: dict[tuple[str, Name], int] = {}
    for line, entry in zip(lines[top], entries[first[top]], strict=True):
        found = groups.lines[line]
        chosen.setdefault((found.segment, groups.cells[found.total].name), sums.cell[entry])
    return np.unique(list(chosen.values()))


def _of_exposed_cells(groups: Groups, why: np.ndarray, min_base: int, safe: dict[tuple[int, str], bytes]) -> np.ndarray:
    """Return more cells to hide in the first table whose totals together expose hidden ones; note the safe tables."""
    tables: dict[tuple[int, str], list[Line]] = defaultdict(list)
    for line in groups.lines:
        tables[line.table].append(line)
    for table, lines in tables.items():
        state = why[[place for line in lines for place in (line.total, *line.cells)]] != SHOWN
        if len({line.segment for line in lines}) < SEVERAL or safe.get(table) == state.tobytes():
            continue
        exposed = _exposed(groups, lines, why, min_base)
        near = (_neighbour(groups, lines, why, cell) for cell in exposed)
        if more := {place for place in near if place is not None}:
            return np.array(sorted(more))
        safe[table] = state.tobytes()
    return np.empty(0, dtype=int)


def _exposed(groups: Groups, lines: list[Line], why: np.ndarray, min_base: int) -> list[int]:
    """Return the hidden cells that the totals of a table's lines determine, or hold within a narrow interval."""
    base = np.array([cell.base for cell in groups.cells])
    # A total that no row shows, of fewer people than may be shown, is shown nowhere.
    unknown = [
        place
        for place in sorted({place for line in lines for place in (line.total, *line.cells)})
        if why[place] != SHOWN or (groups.cells[place].row is None and base[place] < min_base)
    ]
    if not unknown:
        return []
    sums = np.array([np.isin(unknown, line.cells) * 1.0 - np.isin(unknown, line.total) for line in lines])
    moves = np.abs(null_space(sums)).max(axis=1, initial=0.0)
    if determined := [place for place, most in zip(unknown, moves, strict=True) if most < STILL and base[place] > 0]:
        return determined
    return [unknown[place] for place in _narrow(sums, base[unknown], min_base)]


def _narrow(sums: np.ndarray, base: np.ndarray, min_base: int) -> list[int]:
    """Return the small counts that the totals hold within an interval narrower than `min_base`."""
    # Every solution met on the way shows how far all counts can move, so that few need a search of their own.
    least, greatest = base.copy(), base.copy()
    for place in np.flatnonzero((base > 0) & (base < min_base)):
        for sign in (1.0, -1.0):
            if greatest[place] - least[place] < min_base:
                goal = np.zeros(len(base))
                goal[place] = sign
                found = linprog(goal, A_eq=sums, b_eq=sums @ base)
                if found.status == UNBOUNDED:
                    greatest[place] = np.inf
                elif found.x is not None:
                    counts = found.x.round(ROUNDING)
                    least, greatest = np.minimum(least, counts), np.maximum(greatest, counts)
    return np.flatnonzero((base > 0) & (base < min_base) & (greatest - least < min_base)).tolist()


def _neighbour(groups: Groups, lines: list[Line], why: np.ndarray, exposed: int) -> int | None:
    """Return the smallest shown cell with answers on the lines of an exposed one, else on any line of its table."""
    for near in ([line for line in lines if exposed in line.cells], lines):
        cells = {cell for line in near for cell in line.cells if why[cell] == SHOWN}
        if found := [cell for cell in cells if groups.cells[cell].row is not None and groups.cells[cell].base > 0]:
            return min(found, key=lambda cell: (groups.cells[cell].base, cell))
    return None
