"""Relative importance from the fits of all subsets: Shapley and Owen values, and the three kinds of dominance.

v(T) is the fit of subset T of p players (R², or a pseudo-R²), numbered as in `subsets`: player j is the bit 2^j. A
player's increment in T is v(T ∪ j) - v(T). Further axes of v are replicates.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import comb

import numpy as np

from cxresearch.stats.design import Floats
from cxresearch.stats.subsets import subset_sizes

__all__ = ["complete_dominance", "conditional_dominance", "first", "last", "owen", "shapley"]


def shapley(values: Floats) -> Floats:
    """Return each player's Shapley value: LMG, general dominance.

    Parameters
    ----------
    values
        (2^p,) or (2^p, replicates) fits v(T).

    Returns
    -------
    numpy.ndarray
        (p,) or (p, replicates), summing to the fit with all players less that with none.

    Notes
    -----
    The mean over all orders of entry of what a player adds: Σ_T (|T|! (p - |T| - 1)! / p!) (v(T ∪ j) - v(T)), T
    without j (Lindeman, Merenda & Gold 1980; Budescu 1993; Grömping 2006). R `relaimpo::calc.relimp(type = "lmg")`,
    `domir::domir`.

    Examples
    --------
    >>> shapley(np.array([0.0, 0.36, 0.09, 0.40])).round(3)
    array([0.335, 0.065])
    """
    present, absent = _order_weights(_n_players(values))
    return _weighted(values, present, absent)


def owen(values: Floats, n_groups: int) -> Floats:
    """Return the Owen values of one group's members, in a game whose first players are the other groups.

    Parameters
    ----------
    values
        (2^(g + m),) or (2^(g + m), replicates) fits; bits 0 … g - 1 are the other groups, each in or out as a whole,
        the m later ones the members.
    n_groups
        g, how many other groups there are.

    Returns
    -------
    numpy.ndarray
        (m,) or (m, replicates), summing to the group's Shapley value in the game of the groups.

    Notes
    -----
    The mean over all orders of entry in which the members of a group enter one after another (Owen 1977).

    Examples
    --------
    >>> owen(np.array([0.0, 0.2, 0.3, 0.4, 0.3, 0.4, 0.36, 0.44]), 1).round(2)
    array([0.15, 0.15])
    """
    n_members = _n_players(values) - n_groups
    # The members' bits are the high ones: outer products run through the groups' subsets fastest.
    present, absent = _order_weights(n_members)
    groups = _order_weights(n_groups + 1)[1][: 1 << n_groups]
    return _weighted(values, np.outer(present, groups).ravel(), np.outer(absent, groups).ravel())[n_groups:]


def first(values: Floats) -> Floats:
    """Return each player's fit alone less that of none: R `relaimpo` "first"."""
    return np.stack([values[1 << j] - values[0] for j in range(_n_players(values))])


def last(values: Floats) -> Floats:
    """Return what each player adds to all others: R `relaimpo` "last"."""
    everyone = len(values) - 1
    return np.stack([values[everyone] - values[everyone ^ (1 << j)] for j in range(_n_players(values))])


def conditional_dominance(values: Floats) -> Floats:
    """Return what each player adds on average to a model of 0, 1, … p - 1 others.

    Returns
    -------
    numpy.ndarray
        (p, p), a row a player; the mean of a row is the player's Shapley value.

    Notes
    -----
    Azen & Budescu (2003). R `domir::domir(...)$Conditional_Dominance`.

    Examples
    --------
    >>> conditional_dominance(np.array([0.0, 0.36, 0.09, 0.40])).round(2)
    array([[0.36, 0.31],
           [0.09, 0.04]])
    """
    p = _n_players(values)
    others = subset_sizes(p - 1)
    models = np.bincount(others, minlength=p)
    return np.stack([np.bincount(others, added, minlength=p) / models for added in _increments(values)])


def complete_dominance(values: Floats) -> Floats:
    """Return in which share of the subsets of all others each player adds more than another.

    Returns
    -------
    numpy.ndarray
        (p, p), 0-1: row over column; 1 is complete dominance of the row. NaN in the diagonal.

    Notes
    -----
    Azen & Budescu (2003). R `domir::domir(...)$Complete_Dominance`.

    Examples
    --------
    >>> complete_dominance(np.array([0.0, 0.36, 0.09, 0.40]))
    array([[nan,  1.],
           [ 0., nan]])
    """
    p = _n_players(values)
    found = np.full((p, p), np.nan)
    for high in range(p):
        for low in range(high):
            game = values.reshape(1 << (p - 1 - high), 2, 1 << (high - low - 1), 2, 1 << low)
            only_high, only_low = game[:, 1, :, 0], game[:, 0, :, 1]
            found[high, low], found[low, high] = (only_high > only_low).mean(), (only_low > only_high).mean()
    return found


def _n_players(values: Floats) -> int:
    """Return p of an array over 2^p subsets."""
    return len(values).bit_length() - 1


def _increments(values: Floats) -> Iterator[Floats]:
    """Yield what each player adds to each subset of the others, in these subsets' own order."""
    p = _n_players(values)
    for j in range(p):
        game = values.reshape(1 << (p - 1 - j), 2, 1 << j)
        yield (game[:, 1] - game[:, 0]).ravel()


@lru_cache(maxsize=8)
def _order_weights(n_players: int) -> tuple[Floats, Floats]:
    """Return, by subset, the share of orders of entry that lead from it to a given absent player, or to it from one."""
    sizes = subset_sizes(n_players)
    leaving = np.array([1 / (n_players * comb(n_players - 1, size)) for size in range(n_players)])
    present, absent = np.append(0.0, leaving)[sizes], np.append(leaving, 0.0)[sizes]
    present.flags.writeable = absent.flags.writeable = False
    return present, absent


def _weighted(values: Floats, present: Floats, absent: Floats) -> Floats:
    """Return, by player, Σ present·v over the subsets with it less Σ absent·v over those without it.

    Folding the array once a player, the highest bit first, gives the sums of all players in 2·2^p additions.
    """
    folded = values * (present + absent).reshape(-1, *[1] * (values.ndim - 1))
    everywhere = absent @ values
    found = []
    while len(folded) > 1:
        without, within = np.split(folded, 2)
        found.append(within.sum(axis=0) - everywhere)
        folded = without + within
    return np.stack(found[::-1])
