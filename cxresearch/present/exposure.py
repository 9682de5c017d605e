"""Which hidden groups the shown totals of a table give away: exactly, or within a narrow interval."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from cxresearch.present.groups import Groups, Line

__all__ = ["exposed"]

# A hidden cell is determined when no direction in which the hidden cells can move together moves it.
STILL = 1e-9
ROUNDING = 6
# What scipy's linprog answers where a count may grow without end: none of the totals that bound it is known.
UNBOUNDED = 3


def exposed(groups: Groups, lines: list[Line], is_hidden: np.ndarray, min_base: int) -> list[int]:
    """Return the hidden cells that the totals of a table's lines determine, or hold within a narrow interval.

    Parameters
    ----------
    groups
        The groups of people of a run.
    lines
        The sums of one table.
    is_hidden
        (cells,) whether each cell of the run is hidden.
    min_base
        The narrowest interval that a count of fewer people may be held in.
    """
    unknown = _unknown(groups, lines, is_hidden, min_base)
    base = np.array([groups.cells[place].base for place in unknown])
    found = [
        unknown[part[place]]
        for part, sums in _connected(lines, unknown)
        for place in _given_away(sums, base[part], min_base)
    ]
    return sorted(found)


def _unknown(groups: Groups, lines: list[Line], is_hidden: np.ndarray, min_base: int) -> list[int]:
    """Return the cells that are not shown; a total in no row, of too few people, is shown nowhere."""
    return [
        place
        for place in sorted({place for line in lines for place in (line.total, *line.cells)})
        if is_hidden[place] or (groups.cells[place].row is None and groups.cells[place].base < min_base)
    ]


def _connected(lines: list[Line], unknown: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the unknown cells that sums bind to one another, and those sums: what lies apart is solved apart."""
    order = {place: number for number, place in enumerate(unknown)}
    entries: dict[tuple[int, int], float] = defaultdict(float)
    for number, line in enumerate(lines):
        for place, sign in ((line.total, -1.0), *((cell, 1.0) for cell in line.cells)):
            if place in order:
                entries[number, order[place]] += sign
    if not entries:
        return
    places, values = np.array(list(entries)).T, list(entries.values())
    sums = csr_array((values, tuple(places)), shape=(len(lines), len(unknown)))
    count, part_of = connected_components(sums.T @ sums, directed=False)
    for number in range(count):
        part = np.flatnonzero(part_of == number)
        own = sums[:, part].toarray()
        yield part, own[own.any(axis=1)]


def _given_away(sums: np.ndarray, base: np.ndarray, min_base: int) -> list[int]:
    """Return the cells with answers that the sums determine, else the small ones that they hold too closely."""
    moves = np.abs(null_space(sums)).max(axis=1, initial=0.0)
    if determined := np.flatnonzero((moves < STILL) & (base > 0)).tolist():
        return determined
    return _narrow(sums, base, min_base)


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
