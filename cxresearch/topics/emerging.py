"""Topics that come up for the first time: dense in a period, unlike what was said before, not placed by the scorer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from scipy.sparse.csgraph import connected_components

__all__ = ["Said", "emerging"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
# Two sentences are alike where their cosine is one that 1 in 200 pairs reaches.
ALIKE = 0.995
PAIRS = 2_000
# A sentence is new where so many others are like it now, so many times as often as before.
LEAST_LIKE, TIMES = 5, 5.0
# How much more often than other sentences the scorer must leave those of a new topic unplaced, and how surely.
LEFT_OUT, SURELY = 2.0, 0.01
CHUNK = 2_000


@dataclass(frozen=True)
class Said:
    """Sentences as points.

    Attributes
    ----------
    points
        (n, d) of unit length.
    now
        (n,) whether it was said in the period in question; the others were said before.
    placed
        (n,) whether the frozen scorer finds a topic in it.
    person
        (n,) code of the customer.
    """

    points: Floats
    now: Mask
    placed: Mask
    person: npt.NDArray[np.intp]


def emerging(said: Said, *, least: int = 10, seed: int = 0) -> list[npt.NDArray[np.intp]]:
    """Return groups of sentences that are a topic of their own now and were none before.

    Parameters
    ----------
    said
        Sentences of this period and of those before.
    least
        Fewest customers of a topic.
    seed
        Of the pairs from which it is learnt how alike two sentences are by chance.

    Returns
    -------
    list of numpy.ndarray
        Places in `said` of the sentences of each new topic, the largest first; empty where there is none.

    Notes
    -----
    Sentences are alike where their cosine is among the highest .5 % of random pairs. A sentence is new where at least
    five others of this period are like it, five times as often as in the periods before; new ones that are alike, and
    what is like five of them, are one topic. The frozen scorer must leave out at least twice as many of its sentences
    as of all (one-sided binomial test at 1 %), else it is a turn of a known topic, whose share tells it. Clusters are
    not fitted anew, so that no refit can look like news.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> points = rng.normal(size=(600, 8)).astype(np.float32)
    >>> points[580:] = [9, 0, 0, 0, 0, 0, 0, 0] + rng.normal(size=(20, 8)) / 10
    >>> points /= np.linalg.norm(points, axis=1, keepdims=True)
    >>> number = np.arange(600)
    >>> [len(group) > 15 for group in emerging(Said(points, number >= 500, number < 580, number))]
    [True]
    """
    now, before = np.flatnonzero(said.now), np.flatnonzero(~said.now)
    if len(now) <= LEAST_LIKE or not len(before):
        return []
    limit = _limit(said.points, seed)
    like = _alike(said.points[now], said.points[now], limit)
    earlier = np.asarray(_alike(said.points[now], said.points[before], limit).sum(axis=1)).ravel()
    others = np.asarray(like.sum(axis=1)).ravel() - 1
    often = (others / len(now)) / ((earlier + 0.5) / len(before))
    new = np.flatnonzero((others >= LEAST_LIKE) & (often >= TIMES))
    if not len(new):
        return []
    count, group = connected_components(like[new][:, new], directed=False)
    cores = [new[group == number] for number in range(count)]
    cores = [core for core in cores if _is_left_out(said, now[core])]
    found = [now[np.flatnonzero(like[core].sum(axis=0) >= min(LEAST_LIKE, len(core)))] for core in cores]
    found = [rows for rows in found if len(np.unique(said.person[rows])) >= least]
    return sorted(found, key=len, reverse=True)


def _limit(points: Floats, seed: int) -> float:
    """Return the cosine from which on two sentences are alike."""
    rng = np.random.default_rng(seed)
    one, other = (points[rng.integers(0, len(points), PAIRS)] for _ in range(2))
    return float(np.quantile(one @ other.T, ALIKE))


def _alike(one: Floats, other: Floats, limit: float) -> sparse.csr_array:
    """Return which of some sentences are like which of others."""
    rows = [sparse.csr_array(one[start : start + CHUNK] @ other.T >= limit) for start in range(0, len(one), CHUNK)]
    return sparse.vstack(rows, format="csr", dtype=np.int32)


def _is_left_out(said: Said, rows: npt.NDArray[np.intp]) -> bool:
    """Return whether the scorer leaves out clearly more of some sentences than of those said before."""
    usual = max(float((~said.placed[~said.now]).mean()), 1 / len(said.placed))
    left_out = int((~said.placed[rows]).sum())
    p_value = stats.binom.sf(left_out - 1, len(rows), min(usual, 1.0))
    return left_out >= LEFT_OUT * usual * len(rows) and bool(p_value < SURELY)
