"""Which rows of a run's tables to hide, so that no hidden number follows from what is shown.

The rules see the names and bases of groups only, and the sums that bind them: see `groups`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cxresearch.present.exposure import exposed
from cxresearch.present.groups import AXES, CROSS, Groups, Line, Name, groups_of

__all__ = ["AXES", "BASE", "COMPLEMENT", "CROSS", "DOMINATED", "LINKED", "SHOWN", "groups_of", "hidden", "hidden_sums"]

SHOWN, BASE, COMPLEMENT, LINKED, DOMINATED = "", "base", "complement", "linked", "dominated"
FEWEST_HIDDEN = 2
# In a table of one segment the rule for lines says all.
SEVERAL = 2


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
    why[groups.close], why[small] = COMPLEMENT, BASE
    return _completed(groups, why, min_base)


def hidden_sums(groups: Groups, why: Sequence[str], dominated: Collection[int], min_base: int) -> list[str]:
    """Return why each cell of the tables of sums of money is hidden, with those that a few customers make up.

    Parameters
    ----------
    groups
        As `groups_of` returns them, of the tables with such sums.
    why
        As `hidden` returns it.
    dominated
        The places of sums that a few customers make up. Their complements are sought among sums alone: what these
        people answered is no secret.
    min_base
        Fewest distinct customers of a shown group.
    """
    found = np.array(why, dtype="U10")
    rests = [place for place, cell in enumerate(groups.cells) if cell.row is None and cell.smallest < min_base]
    found[rests] = BASE
    new = [place for place in dominated if found[place] == SHOWN]
    found[new] = DOMINATED
    return _completed(groups, found, min_base)


def _completed(groups: Groups, why: np.ndarray, min_base: int) -> list[str]:
    """Return why each cell is hidden when nothing hidden so far can be found by subtraction."""
    fresh = np.flatnonzero(why != SHOWN)
    sums, safe = _Sums.of(groups), dict[tuple[int, str], bytes]()
    while len(fresh):
        parts = _parts_of(groups, fresh)
        why[parts[why[parts] == SHOWN]] = LINKED
        fresh = _of_short_lines(groups, sums, why, min_base)
        if not len(fresh):
            fresh = _of_exposed_cells(groups, why, min_base, safe)
        why[fresh] = COMPLEMENT
    return why.tolist()


def _parts_of(groups: Groups, secret: np.ndarray) -> np.ndarray:
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
        # What is hidden of a region for its district is hidden of the whole as well.
        levels = [-1 if found.nested else len(groups.cells[found.total].name.levels) for found in groups.lines]
        depth = np.array(levels, dtype=int)
        in_a_row = np.array([groups.cells[place].row is not None for place in cell], dtype=bool)
        return cls(line[order], cell[order], base[order], in_a_row[order], depth)


def _of_short_lines(groups: Groups, sums: _Sums, why: np.ndarray, min_base: int) -> np.ndarray:
    """Return the next smallest shown cells of lines whose hidden ones are too few or too small.

    Groups that lie within others come first, then large ones, and one line at a time of those that divide the same
    group by the same segment, so that all tables come to hide the same groups.
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
        given_away = exposed(groups, lines, why != SHOWN, min_base)
        near = (_neighbour(groups, lines, why, cell) for cell in given_away)
        if more := {place for place in near if place is not None}:
            return np.array(sorted(more))
        safe[table] = state.tobytes()
    return np.empty(0, dtype=int)


def _neighbour(groups: Groups, lines: list[Line], why: np.ndarray, given_away: int) -> int | None:
    """Return the smallest shown cell with answers on the lines of an exposed one, else their total, else any."""

    def smallest(cells: Iterable[int]) -> int | None:
        """Return the smallest shown one."""
        shown = [place for place in cells if why[place] == SHOWN and groups.cells[place].base > 0]
        return min(shown, key=lambda place: (groups.cells[place].base, place), default=None)

    def in_rows(near: list[Line]) -> set[int]:
        """Return the cells of lines that rows show."""
        return {cell for line in near for cell in line.cells if groups.cells[cell].row is not None}

    own = [line for line in lines if given_away in line.cells]
    # A group that is all of another must be hidden as both; the whole stays.
    totals = [line.total for line in own if groups.cells[line.total].name.levels]
    found = (smallest(cells) for cells in (in_rows(own), totals, in_rows(lines)))
    return next((place for place in found if place is not None), None)
