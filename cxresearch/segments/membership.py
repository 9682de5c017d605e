"""Who belongs to which segment: one column of levels, or a multi-select set of columns of zeros and ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cxresearch.metrics.answers import ordered_levels
from cxresearch.metrics.measures import numbers
from cxresearch.stats.groups import Members, members_of

__all__ = ["Named", "Segment", "crossed", "named_columns", "read_segment", "read_set"]

Named = str | Sequence[str] | Mapping[str, str | Sequence[str]]
Mask = npt.NDArray[np.bool_]
CROSS = " × "


@dataclass(frozen=True)
class Segment:
    """A segment of the rows of a frame.

    Attributes
    ----------
    name
        What it is called.
    levels
        Names of its groups, in their natural order.
    members
        (n, groups) 1 for members.
    known
        (n,) whether it is known where a row belongs.
    overlapping
        Whether one row may belong to several groups.
    """

    name: str
    levels: list[str]
    members: Members
    known: Mask
    overlapping: bool = False


def named_columns(by: Named) -> dict[str, str | list[str]]:
    """Return the columns of each segment or question by its name; a list of columns is a set.

    Examples
    --------
    >>> named_columns(["plan", "region"])
    {'plan': 'plan', 'region': 'region'}
    >>> named_columns({"devices": ["tv", "phone"]})
    {'devices': ['tv', 'phone']}
    """
    if isinstance(by, str):
        return {by: by}
    if isinstance(by, Mapping):
        return {name: columns if isinstance(columns, str) else list(columns) for name, columns in by.items()}
    twice = next((name for name in by if list(by).count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"found {twice!r} twice among the segments; name each once.")
    return {name: name for name in by}


def read_segment(frame: pd.DataFrame, name: str, columns: str | list[str]) -> Segment:
    """Return a segment of a frame.

    Raises
    ------
    KeyError
        If a column is missing.
    TypeError
        If a column of a set holds no numbers.
    ValueError
        If a column of a set holds other numbers than 0 and 1, or nobody's place in the segment is known.
    """
    if not isinstance(columns, str):
        return read_set(frame, name, columns)
    code, levels = ordered_levels(_column(frame, columns))
    present = np.unique(code[code >= 0])
    if not len(present):
        raise ValueError(f"{name}: all {len(frame)} rows are missing; name a segment whose groups are known.")
    place = np.full(len(levels) + 1, -1)
    place[present] = np.arange(len(present))
    code = place[code]
    return Segment(name, [str(level) for level in levels[present]], members_of(code, len(present)), code >= 0)


def read_set(frame: pd.DataFrame, name: str, columns: list[str]) -> Segment:
    """Return a multi-select set as a segment; a row was asked if one of the columns is not missing."""
    if not columns:
        raise ValueError(f"{name}: the set names no columns; give the columns of zeros and ones it is made of.")
    ticked = np.stack([_ticks(_column(frame, column), column) for column in columns], axis=1)
    known = np.asarray(~np.isnan(ticked).all(axis=1))
    return Segment(name, list(columns), Members(np.nan_to_num(ticked)), known, overlapping=True)


def crossed(first: Segment, second: Segment) -> Segment:
    """Return the two-way cells of two segments that hold anybody."""
    product = [one.members.tocsr() for one in (first, second)]
    n_second = len(second.levels)
    cells = [product[0][:, [place]].multiply(product[1]) for place in range(len(first.levels))]
    held = [np.flatnonzero(np.asarray(cell.sum(axis=0)).ravel()) for cell in cells]
    members = Members(np.zeros((len(first.known), 0)))
    if any(len(columns) for columns in held):
        members = Members(sparse.hstack([cell.tocsc()[:, columns] for cell, columns in zip(cells, held, strict=True)]))
    levels = [
        f"{first.levels[place]}{CROSS}{second.levels[column]}"
        for place, columns in enumerate(held)
        for column in columns
        if column < n_second
    ]
    overlapping = first.overlapping or second.overlapping
    return Segment(f"{first.name}{CROSS}{second.name}", levels, members, first.known & second.known, overlapping)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of a frame."""
    if name not in frame.columns:
        raise KeyError(f"the frame has no column {name!r}; name one of its {len(frame.columns)} columns.")
    return frame[name]


def _ticks(column: pd.Series, name: str) -> npt.NDArray[np.float64]:
    """Return a column of zeros and ones, NaN where missing."""
    found = numbers(column, name)
    given = found[~np.isnan(found)]
    wrong = int((~np.isin(given, (0.0, 1.0))).sum())
    if wrong:
        raise ValueError(
            f"{name}: {wrong} of {len(given)} cells are neither 0 nor 1; a column of a set holds only these."
        )
    return found
