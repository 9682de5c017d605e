"""The fit of every subset of predictors at once, from one matrix of cross-products.

To sweep a variable out of a matrix of cross-products is to take from all others what it explains of them (Goodnight
1979). Every player doubles the matrices that are kept: those without it, and those with it swept out. Subset T of p
players has the number Σ 2^j over the players j in T; arrays over subsets have 2^p places in that order.
"""

from collections.abc import Sequence

import numpy as np

from cxresearch.stats.design import Floats

__all__ = ["MOST_PLAYERS", "explained", "subset_sizes", "swept"]

# 2^18 subsets take about a tenth of a second and some 50 MB.
MOST_PLAYERS = 18
# What is left of a variable whose variance was 1; below this it is rounding error, and the variable adds nothing.
FLOOR = 1e-10


def swept(matrix: Floats, n: int = 1) -> Floats:
    """Return the cross-products that are left once the first n variables are partialled out of all others.

    Parameters
    ----------
    matrix
        (q, q, …) cross-products of variables of variance about 1, or many such matrices side by side.
    n
        How many variables to take out.

    Returns
    -------
    numpy.ndarray
        (q - n, q - n, …).

    Notes
    -----
    A variable of which less than 1e-10 is left is a combination of those before it and is passed over.

    Examples
    --------
    >>> swept(np.array([[1.0, 0.6], [0.6, 1.0]])).round(2)
    array([[0.64]])
    """
    for _ in range(n):
        pivot, row = matrix[0, 0], matrix[0, 1:]
        left = pivot > FLOOR
        slope = row * (left / np.where(left, pivot, 1.0))
        matrix = matrix[1:, 1:] - row[:, None] * slope[None]
    return matrix


def explained(matrix: Floats, sizes: Sequence[int]) -> Floats:
    """Return what each subset of players explains of the outcome.

    Parameters
    ----------
    matrix
        (q, q) or (q, q, replicates) cross-products of the players' columns, player by player, and the outcome last.
        Players' columns have variance about 1; what is always in the model has been swept out.
    sizes
        Columns of each player, at most 18 players; a factor or a group has several.

    Returns
    -------
    numpy.ndarray
        (2^p,) or (2^p, replicates) explained sum of squares, in the unit of the last diagonal cell: R² of each subset
        where that is 1.

    Raises
    ------
    ValueError
        If there are more than 18 players.

    Notes
    -----
    R: `relaimpo::calc.relimp` and `domir::domir` fit the same subsets one by one.

    Examples
    --------
    >>> explained(np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.3], [0.6, 0.3, 1.0]]), [1, 1]).round(2)
    array([0.  , 0.36, 0.09, 0.45])
    """
    if len(sizes) > MOST_PLAYERS:
        raise ValueError(f"found {len(sizes)} players; all subsets are fitted for at most {MOST_PLAYERS}: group them.")
    kept = matrix[:, :, None]
    for size in sizes:
        kept = np.concatenate([kept[size:, size:], swept(kept, size)], axis=2)
    return matrix[-1, -1] - kept[0, 0]


def subset_sizes(n_players: int) -> np.ndarray:
    """Return how many players each of the 2^p subsets holds.

    Examples
    --------
    >>> subset_sizes(2)
    array([0, 1, 1, 2], dtype=uint8)
    """
    return np.bitwise_count(np.arange(1 << n_players))
