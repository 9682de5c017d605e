"""Letters and arrows: which columns of a banner differ in a line of a table."""

from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

from cxresearch.stats.design import Floats

__all__ = ["arrows", "column_letters", "letters"]

Words = npt.NDArray[np.object_]
# A letter or arrow is set under the first, in upper case or doubled under the second.
LOWER, UPPER = 0.05, 0.001


def column_letters(count: int) -> list[str]:
    """Return the letter of each column of a banner; without letters beyond the twenty-sixth.

    Examples
    --------
    >>> column_letters(3)
    ['a', 'b', 'c']
    """
    return list(ascii_lowercase[:count]) if count <= len(ascii_lowercase) else [""] * count


def letters(p_adjusted: Floats, statistic: Floats, pairs: npt.NDArray[np.intp], count: int) -> Words:
    """Return, for each column, the letters of the columns than which it is higher.

    Parameters
    ----------
    p_adjusted, statistic
        (pairs,) adjusted p-value, and statistic of the first column less the second.
    pairs
        (pairs, 2) places of the columns.
    count
        How many columns there are.

    Examples
    --------
    >>> letters(np.array([0.0002]), np.array([3.7]), np.array([[0, 1]]), 2).tolist()
    ['B', '']
    """
    names, found = column_letters(count), np.full(count, "", dtype=object)
    for place in np.flatnonzero(p_adjusted < LOWER):
        first, second = pairs[place] if statistic[place] > 0 else pairs[place][::-1]
        letter = names[second]
        found[first] += letter.upper() if p_adjusted[place] < UPPER else letter
    return np.array(["".join(sorted(one, key=str.lower)) for one in found], dtype=object)


def arrows(p_adjusted: Floats, statistic: Floats) -> Words:
    """Return an arrow for each column that differs from the rest, two of them under .001.

    Examples
    --------
    >>> arrows(np.array([0.02, 0.0001, 0.3]), np.array([2.4, -4.0, 1.0])).tolist()
    ['↑', '↓↓', '']
    """
    times = (p_adjusted < LOWER).astype(int) + (p_adjusted < UPPER)
    return np.array([("↑" if s > 0 else "↓") * t for s, t in zip(statistic, times, strict=True)], dtype=object)
