"""Which modules, or items, go together: incomplete blocks in which each pair meets as often as any other."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from cxresearch.schema.questions import NONE, Arm

__all__ = ["BlockDesign", "blocks"]

# More subsets than this are not all used as blocks.
MOST_SUBSETS = 24
# Base blocks tried together; beyond this many sets the search for a cyclic design gives up.
MOST_BASES, MOST_TRIED = 3, 200_000
MOST_ROUNDS = 200


@dataclass(frozen=True)
class BlockDesign:
    """Blocks of things that are asked together.

    Attributes
    ----------
    blocks
        One row a place: `block` (from 1), `place` (from 1), `name`.
    balance
        One row a pair: `first`, `second`, `together` (blocks that hold both).
    method
        `all subsets`, `cyclic difference family` or `exchange`.
    balanced
        Whether each name is in as many blocks as any other, and each pair too: a balanced incomplete block design.
    """

    blocks: pd.DataFrame
    balance: pd.DataFrame
    method: str
    balanced: bool

    @property
    def members(self) -> list[list[str]]:
        """The names of each block."""
        return [part["name"].tolist() for _, part in self.blocks.groupby("block")]

    @property
    def sentence(self) -> str:
        """How even the design is."""
        least, most = int(self.balance["together"].min()), int(self.balance["together"].max())
        count = self.blocks["block"].max()
        if self.balanced:
            return f"Balanced ({self.method}): each pair is asked together in {least} of {count} blocks."
        return f"Not balanced ({self.method}): pairs are asked together in {least} to {most} of {count} blocks."

    def arms(self, none: float = 0.0) -> dict[str, Arm]:
        """Return an arm a block, equally probable, and one that is asked nothing.

        Parameters
        ----------
        none
            Probability of the arm that is asked nothing.
        """
        share = (1 - none) / len(self.members)
        found = {"_".join(names): Arm(probability=share, modules=names) for names in self.members}
        return found | ({NONE: Arm(probability=none)} if none else {})


def blocks(names: Collection[str], size: int, n_blocks: int | None = None, *, seed: int = 0) -> BlockDesign:
    """Return blocks of some names, balanced where a balanced design is found.

    Parameters
    ----------
    names
        Modules, or items of a MaxDiff question.
    size
        Names a block.
    n_blocks
        Blocks; by default as few as a balanced design takes. A number for which none is found is filled by exchange.
    seed
        Of the exchange.

    Raises
    ------
    ValueError
        If a name stands twice, a block would hold all names or none, or there are too few blocks for all names.

    Notes
    -----
    First a cyclic difference family over the names (Bose 1939): base blocks whose differences hold each number equally
    often, shifted through all names. Then all subsets of the size. Else blocks are filled greedily and names exchanged
    while pairs grow more even (Cook and Nachtsheim 1980).

    Examples
    --------
    >>> design = blocks(list("abcdefg"), 3)
    >>> design.members[0], len(design.members), design.sentence
    (['a', 'b', 'd'], 7, 'Balanced (cyclic difference family): each pair is asked together in 1 of 7 blocks.')
    """
    names = list(names)
    if len(set(names)) < len(names):
        raise ValueError("blocks: a name stands twice.")
    if not 1 <= size < len(names):
        raise ValueError(f"blocks: of {len(names)} names a block holds 1 to {len(names) - 1}; found {size}.")
    if n_blocks is not None and n_blocks * size < len(names):
        raise ValueError(f"blocks: {n_blocks} blocks of {size} cannot hold {len(names)} names.")
    for method, found in _balanced(len(names), size):
        if n_blocks in (None, len(found)):
            return _design(names, found, method)
    count = n_blocks or 2 * len(names)
    return _design(names, _exchanged(len(names), size, count, np.random.default_rng(seed)), "exchange")


def _balanced(count: int, size: int) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    """Yield balanced designs, the fewest blocks first."""
    subsets = list(combinations(range(count), size)) if comb(count, size) <= MOST_SUBSETS else []
    cyclic = _cyclic(count, size)
    found = [("cyclic difference family", cyclic)] if cyclic else []
    found += [("all subsets", subsets)] if subsets else []
    yield from sorted(found, key=lambda one: len(one[1]))


def _cyclic(count: int, size: int) -> list[tuple[int, ...]]:
    """Return the shifts of the first base blocks whose differences are even; none if none is found."""
    candidates = [(0, *rest) for rest in combinations(range(1, count), size - 1)]
    for bases in range(1, MOST_BASES + 1):
        # In an even family each of the count - 1 differences stands equally often.
        if bases * size * (size - 1) % (count - 1) or comb(len(candidates), bases) > MOST_TRIED:
            continue
        for family in combinations(candidates, bases):
            if _even(family, count):
                return [tuple((place + shift) % count for place in base) for base in family for shift in range(count)]
    return []


def _even(family: Sequence[tuple[int, ...]], count: int) -> bool:
    """Return whether all differences within some base blocks stand equally often."""
    differences = Counter((a - b) % count for base in family for a in base for b in base if a != b)
    return len(set(differences.values())) <= 1 and len(differences) in (0, count - 1)


def _exchanged(count: int, size: int, n_blocks: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return blocks with every name about equally often, pairs made even by exchanging names of two blocks."""
    places = np.concatenate([rng.permutation(count) for _ in range(-(-n_blocks * size // count))])
    found = _without_doubles(places[: n_blocks * size].reshape(n_blocks, size).tolist(), rng)
    together = np.zeros((count, count), dtype=int)
    for block in found:
        together[np.ix_(block, block)] += 1
    for _ in range(MOST_ROUNDS):
        swaps = [_try_swap(found, together, *pair) for pair in combinations(range(n_blocks), 2)]
        if not any(swaps):
            break
    return [tuple(sorted(block)) for block in found]


def _without_doubles(found: list[list[int]], rng: np.random.Generator) -> list[list[int]]:
    """Return blocks that hold no name twice, by swapping doubles with other blocks."""
    for block in found:
        for place, name in enumerate(block):
            if name in block[:place]:
                fit = [
                    (other, at)
                    for other in found
                    for at, new in enumerate(other)
                    if new not in block and name not in other
                ]
                other, at = fit[rng.integers(len(fit))]
                block[place], other[at] = other[at], name
    return found


def _try_swap(found: list[list[int]], together: np.ndarray, first: int, second: int) -> bool:
    """Exchange one name of two blocks if the sum of squared pair counts falls; return whether it did."""
    one, other = found[first], found[second]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            if a in other or b in one:
                continue
            rest, others = one[:i] + one[i + 1 :], other[:j] + other[j + 1 :]
            # Change of the sum of squares, halved: names leave some pairs and enter others; the two rests may overlap.
            change = np.zeros_like(together)
            for name, partners, step in ((a, rest, -1), (b, rest, 1), (b, others, -1), (a, others, 1)):
                change[name, partners] += step
                change[partners, name] += step
            if ((together + change) ** 2).sum() < (together**2).sum():
                together += change
                one[i], other[j] = b, a
                return True
    return False


def _design(names: list[str], found: list[tuple[int, ...]], method: str) -> BlockDesign:
    """Return a design with its balance."""
    rows = [
        (block, place, names[one]) for block, members in enumerate(found, 1) for place, one in enumerate(members, 1)
    ]
    table = pd.DataFrame(rows, columns=["block", "place", "name"])
    met = Counter(frozenset(pair) for members in found for pair in combinations(members, 2))
    pairs = [(names[a], names[b], met[frozenset((a, b))]) for a, b in combinations(range(len(names)), 2)]
    balance = pd.DataFrame(pairs, columns=["first", "second", "together"])
    even = balance["together"].nunique() == 1 and table["name"].value_counts().reindex(names).nunique() == 1
    return BlockDesign(table, balance, method, bool(even))
