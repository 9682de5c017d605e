"""Permutation p-values of many groups of one sample, each against its rest, from one set of deals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.differences import SAME, Added, Moments, studentised

__all__ = ["Split", "dealt_p"]

# Numbers held at once while units are dealt.
MOST_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Split:
    """How a group divides the sampling units.

    Attributes
    ----------
    inside
        (units, 3) sums of weights, weighted votes and weighted squares of the group's answers in each unit.
    n, n_rest
        Effective bases of the group and of its rest.
    correlation
        Of the two estimates.
    """

    inside: Floats
    n: float
    n_rest: float
    correlation: float = 0.0


@dataclass(frozen=True)
class _Dealing:
    """What is dealt for one group: units of one side only; those on both sides are swapped."""

    size: int
    turned: bool
    both: Codes
    pure: Floats
    own: Floats
    swap: Floats
    limit: float


def dealt_p(
    units: Floats, splits: Sequence[Split], added: Added, *, n_permutations: int = 4_999, seed: int = 0
) -> Floats:
    """Return the two-sided permutation p-value of each group against its rest.

    Parameters
    ----------
    units
        (units, 3) sums of weights, weighted votes and weighted squares of each sampling unit that answered.
    splits
        The groups.
    added
        Answers added to each side.
    n_permutations, seed
        How often units are dealt anew, and the seed of the random numbers.

    Notes
    -----
    If membership meant nothing, a group of k units would be the first k of a shuffled sample. One shuffle therefore
    serves all groups: each reads the sums at its own size, skipping units that lie on both its sides, whose answers
    change sides instead. Statistic and counting as in `permutation_p`, whose p-value it equals in law.

    Examples
    --------
    >>> votes = np.array([1.0] * 8 + [-1.0] * 32)
    >>> units = np.stack([np.ones(40), votes, votes**2], axis=1)
    >>> inside = units * (np.arange(40) < 8)[:, None]
    >>> dealt_p(units, [Split(inside, 8.0, 32.0)], Added(3.0, 0.0, 1.5), n_permutations=999)
    array([0.001])
    """
    everything = units.sum(axis=0)
    dealings = [_dealing(units, split, everything, added) for split in splits]
    longest = max((one.size + len(one.both) for one in dealings if one.size), default=0)
    rng, further = np.random.default_rng(seed), np.zeros(len(splits))
    at_once = max(1, MOST_NUMBERS // (3 * max(longest, 1)))
    for start in range(0, n_permutations, at_once):
        times = min(at_once, n_permutations - start)
        drawn = np.stack([rng.choice(len(units), longest, replace=False) for _ in range(times)])
        values = units[drawn]
        running = values.cumsum(axis=1)
        for place, (one, split) in enumerate(zip(dealings, splits, strict=True)):
            inside = _dealt(one, drawn, values, running) + rng.integers(0, 2, (times, len(one.both))) @ one.swap
            statistic = _statistic(inside, everything - inside, split, added)
            further[place] += (np.abs(statistic) >= one.limit).sum()
    return (1 + further) / (1 + n_permutations)


def _dealing(units: Floats, split: Split, everything: Floats, added: Added) -> _Dealing:
    """Return what is dealt for one group: the smaller side is drawn."""
    rest = units - split.inside
    has, lacks = split.inside[:, 0] > 0, rest[:, 0] > SAME * units[:, 0]
    both = np.flatnonzero(has & lacks)
    sizes = int((has & ~lacks).sum()), int((~has).sum())
    pure = units.sum(axis=0) - units[both].sum(axis=0)
    observed = split.inside.sum(axis=0)
    limit = np.abs(_statistic(observed, everything - observed, split, added)) - SAME
    own, swap = split.inside[both].sum(axis=0), rest[both] - split.inside[both]
    return _Dealing(min(sizes), sizes[0] > sizes[1], both, pure, own, swap, float(limit))


def _dealt(one: _Dealing, drawn: npt.NDArray[np.intp], values: Floats, running: Floats) -> Floats:
    """Return the (deals, 3) sums of a dealt group, before units on both sides change places."""
    if not one.size:
        drawn_sums = np.zeros((len(drawn), 3))
    elif not len(one.both):
        drawn_sums = running[:, one.size - 1]
    else:
        longest = one.size + len(one.both)
        taken = ~np.isin(drawn[:, :longest], one.both, kind="table")
        taken &= taken.cumsum(axis=1) <= one.size
        drawn_sums = np.matmul(taken[:, None, :].astype(float), values[:, :longest])[:, 0]
    return (one.pure - drawn_sums if one.turned else drawn_sums) + one.own


def _statistic(inside: Floats, rest: Floats, split: Split, added: Added) -> Floats:
    """Return the studentised difference between a group and its rest, from their sums."""
    sides = [
        Moments(sums[..., 1] / sums[..., 0], sums[..., 2] / sums[..., 0], np.asarray(n))
        for sums, n in ((rest, split.n_rest), (inside, split.n))
    ]
    return studentised(sides[0], sides[1], added, split.correlation)
