"""Which segments are parts of others: a district of one region, a plan of one net."""

from collections.abc import Mapping
from itertools import permutations

import pandas as pd

__all__ = ["Nesting", "nesting"]

# For a segment and one that it is a part of: in which level of the other each of its levels lies.
Nesting = Mapping[tuple[str, str], Mapping[str, str]]


def nesting(members: pd.DataFrame) -> Nesting:
    """Return which segments lie within others, as all the answers of a study show.

    Parameters
    ----------
    members
        A column for each segment, one row for each answer; missing where it is not known.

    Returns
    -------
    dict
        For the names of a finer and a coarser segment, the coarser level of each finer one. A segment lies within
        another where all answers of each of its levels are of one level of the other, and it has more levels.

    Examples
    --------
    >>> found = nesting(pd.DataFrame({"district": ["D1", "D2", "D3"], "region": ["N", "N", "S"]}))
    >>> found["district", "region"]
    {'D1': 'N', 'D2': 'N', 'D3': 'S'}
    """
    members = members.drop_duplicates()
    counts = members.nunique()
    found = {}
    for fine, coarse in permutations(members.columns, 2):
        if counts[fine] > counts[coarse] > 1:
            pairs = members[[fine, coarse]].dropna(subset=[fine]).drop_duplicates()
            if len(pairs) == counts[fine] and pairs[coarse].notna().all():
                found[fine, coarse] = dict(zip(pairs[fine].astype(str), pairs[coarse].astype(str), strict=True))
    return found
