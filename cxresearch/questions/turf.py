"""TURF: how many people a set of offers reaches at least once, and which set reaches most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
import pandas as pd

from cxresearch.metrics import proportion
from cxresearch.metrics.measures import numbers
from cxresearch.questions.resamples import Sample, sample_of
from cxresearch.stats.design import Floats

__all__ = ["Turf", "turf"]

# More sets than this are not all tried; the best is then looked for by adding one item at a time.
MOST_SETS = 2_000_000
AT_ONCE = 4_000
SEPARATOR = " + "
# How many of the best sets compete in the resamples.
RIVALS = 50


@dataclass(frozen=True)
class Turf:
    """Reach of sets of items.

    Attributes
    ----------
    sets
        `size`, `rank`, `items` (joined by " + "), then a result frame whose estimate is the reach (share of people
        who want at least `depth` of them); before `flag` also `frequency` (wanted items a person) and `best` (share of
        resamples of customers in which no other set of that size reaches more).
    steps
        `step`, `item`, then a result frame of the reach when the item is added to those before it; `added` is
        what it adds.
    items
        `item`, then a result frame of the share that wants it; `share_of_reach` is its Shapley share of the reach
        of all items.
    exact
        For each size whether all sets were tried.
    """

    sets: pd.DataFrame
    steps: pd.DataFrame
    items: pd.DataFrame
    exact: dict[int, bool]


def turf(
    frame: pd.DataFrame,
    items: Sequence[str],
    *,
    sizes: Sequence[int] = (2, 3, 4),
    depth: int = 1,
    top: int = 5,
    weight: str | None = None,
    cluster: str | None = None,
    n_boot: int = 500,
    seed: int = 0,
    conf_level: float = 0.95,
) -> Turf:
    """Return the sets of items that reach most people.

    Parameters
    ----------
    frame
        One row a person, a column of 0 and 1 an item; people with a gap in any item are not used.
    items
        Names of the columns.
    sizes
        Numbers of items in a set.
    depth
        How many items of the set a person must want to be reached.
    top
        How many sets of each size to tell.
    weight, cluster, n_boot, seed, conf_level
        As for `van_westendorp`.

    Returns
    -------
    Turf
        Ties in reach go by frequency. All sets of a size are tried up to 2,000,000; above, one item is added at a time.

    Raises
    ------
    KeyError
        If an item has no column.
    ValueError
        If items are fewer than two, named twice or not 0 and 1, a size does not fit, or nobody answered them all.

    Notes
    -----
    Reach and frequency as R `turfR::turf`. The reach of a chosen best set is the best of many and so a little too high;
    `best` says how often it would win again. Shapley shares: each person's reach of all items is split evenly
    among the items that this person wants.

    Examples
    --------
    >>> wants = pd.DataFrame({"a": [1, 1, 0, 0], "b": [1, 1, 1, 0], "c": [0, 0, 0, 1]})
    >>> turf(wants, ["a", "b", "c"], sizes=[2], top=1, n_boot=0).sets[["items", "estimate"]].values.tolist()
    [['b + c', 1.0]]
    """
    wanted, kept = _wanted(frame, list(items), sizes, depth)
    sample = sample_of(kept.assign(_one=1.0), "_one", weight, cluster)
    design = {"weight": weight, "cluster": cluster, "conf_level": conf_level}
    found, exact = [], {}
    order = _greedy(wanted, sample.weight, depth)
    for size in sizes:
        exact[size] = comb(len(items), size) <= MOST_SETS
        tried = combinations(range(len(items)), size) if exact[size] else iter([tuple(order[:size])])
        ranked = _ranked(tried, wanted, sample.weight, depth, max(top, RIVALS))
        found.append(_sets(ranked, top, wanted, kept, list(items), depth, sample, (n_boot, seed), design))
    steps = _steps(order, wanted, kept, list(items), depth, design)
    return Turf(pd.concat(found, ignore_index=True), steps, _items(wanted, kept, list(items), sample, design), exact)


def _wanted(frame: pd.DataFrame, items: list[str], sizes: Sequence[int], depth: int) -> tuple[Floats, pd.DataFrame]:
    """Return the (n, items) zeros and ones of the people who answered all items, and their rows."""
    if len(items) < 2 or len(set(items)) < len(items):
        raise ValueError(f"turf: found {len(items)} items; name at least two, each once.")
    for name in items:
        if name not in frame:
            raise KeyError(f"turf: there is no column {name!r}.")
    for size in sizes:
        if not depth <= size <= len(items):
            raise ValueError(f"turf: a set of {size} does not fit {len(items)} items at depth {depth}.")
    wanted = np.column_stack([numbers(frame[name], name) for name in items])
    complete = ~np.isnan(wanted).any(axis=1)
    if not complete.any():
        raise ValueError(f"turf: none of {len(frame)} people answered all {len(items)} items.")
    if not np.isin(wanted[complete], [0, 1]).all():
        raise ValueError("turf: an item holds something else than 0 and 1.")
    return wanted[complete], frame[complete].reset_index(drop=True)


def _ranked(
    tried: Iterator[tuple[int, ...]], wanted: Floats, weight: Floats, depth: int, top: int
) -> list[tuple[float, float, tuple[int, ...]]]:
    """Return reach, frequency and items of the best sets, best first."""
    patterns, place = np.unique(wanted, axis=0, return_inverse=True)
    share = np.bincount(place.ravel(), weight) / weight.sum()
    liked = share @ patterns
    best: list[tuple[float, float, tuple[int, ...]]] = []
    while sets := list(islice(tried, AT_ONCE)):
        columns = np.array(sets)
        reached = share @ (patterns[:, columns].sum(axis=2) >= depth)
        often = liked[columns].sum(axis=1)
        # Rounding must not break a tie that frequency is to settle.
        chosen = np.lexsort([-often, -np.round(reached, 12)])[:top]
        best += [(float(reached[one]), float(often[one]), sets[one]) for one in chosen]
        best = sorted(best, key=lambda row: (-round(row[0], 12), -round(row[1], 12)))[:top]
    return best


def _sets(
    ranked: list[tuple[float, float, tuple[int, ...]]], top: int, wanted: Floats, kept: pd.DataFrame,
    items: list[str], depth: int, sample: Sample, boot: tuple[int, int], design: dict,
) -> pd.DataFrame:  # fmt: skip
    """Return the best sets of one size as a result frame."""
    reached = np.column_stack([(wanted[:, list(row[2])].sum(axis=1) >= depth) for row in ranked]).astype(float)
    drawn = sample.replicates(lambda weights: weights.T @ reached, *boot)
    wins = (drawn >= drawn.max(axis=1, keepdims=True) * (1 - 1e-12)).mean(axis=0) if len(drawn) else None
    rows = []
    for place, (_, often, members) in enumerate(ranked[:top]):
        row = proportion(kept.assign(_reached=reached[:, place]), column="_reached", **design)
        head = {"size": len(members), "rank": place + 1, "items": SEPARATOR.join(items[one] for one in members)}
        best = np.nan if wins is None else float(wins[place])
        rows.append(_with_head(row, head).assign(frequency=often, best=best))
    return _flag_last(pd.concat(rows, ignore_index=True))


def _greedy(wanted: Floats, weight: Floats, depth: int) -> list[int]:
    """Return the items in the order in which each adds most people; ties go by how many want the item."""
    order: list[int] = []
    liked, held = weight @ wanted, np.zeros(len(wanted))
    while len(order) < wanted.shape[1]:
        left = [one for one in range(wanted.shape[1]) if one not in order]
        # Before the depth is reached nobody is won; then the item that most people want more of is taken.
        aim = min(depth, len(order) + 1)
        reached = weight @ (held[:, None] + wanted[:, left] >= aim)
        chosen = left[int(np.lexsort([-liked[left], -np.round(reached / weight.sum(), 12)])[0])]
        order.append(chosen)
        held += wanted[:, chosen]
    return order


def _steps(
    order: list[int], wanted: Floats, kept: pd.DataFrame, items: list[str], depth: int, design: dict
) -> pd.DataFrame:
    """Return the reach as one item after the other is added."""
    held, rows = np.cumsum(wanted[:, order], axis=1), []
    for place, item in enumerate(order):
        row = proportion(kept.assign(_reached=(held[:, place] >= depth).astype(float)), column="_reached", **design)
        rows.append(_with_head(row, {"step": place + 1, "item": items[item]}))
    steps = pd.concat(rows, ignore_index=True)
    return _flag_last(steps.assign(added=steps["estimate"].diff().fillna(steps["estimate"])))


def _items(wanted: Floats, kept: pd.DataFrame, items: list[str], sample: Sample, design: dict) -> pd.DataFrame:
    """Return how many want each item, and its Shapley share of the reach of all."""
    liked = wanted.sum(axis=1, keepdims=True)
    split = np.divide(wanted, liked, out=np.zeros_like(wanted), where=liked > 0)
    shares = sample.weight @ split / sample.weight.sum()
    rows = [_with_head(proportion(kept, column=name, **design), {"item": name}) for name in items]
    return _flag_last(pd.concat(rows, ignore_index=True).assign(share_of_reach=shares))


def _with_head(row: pd.DataFrame, head: dict[str, object]) -> pd.DataFrame:
    """Return a result row behind its grouping columns."""
    return pd.concat([pd.DataFrame([head]), row.reset_index(drop=True)], axis=1)


def _flag_last(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its flag as the last column."""
    return frame[[name for name in frame if name != "flag"] + ["flag"]]
