"""Segments: groups that do not differ are not said to, and one that does is found."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cxresearch import segments
from cxresearch.prove.claims import FALSE_ALARMS, POWER, Claim, claim
from cxresearch.prove.worlds import SHAPES, Shares, scores

SECTION = "Segments"
PERMUTATIONS = 1_999
DIFFERS = ("higher", "lower")


def alike_small(runs: int) -> list[Claim]:
    """Return how often one of several groups of 30 that do not differ is said to; these are permuted."""
    return _alike(runs, 30)


def alike(runs: int) -> list[Claim]:
    """Return how often one of several groups of 100 that do not differ is said to."""
    return _alike(runs, 100)


def planted(runs: int) -> list[Claim]:
    """Return how often a group that differs is found among others that do not."""
    shares, other = SHAPES["50/30/20"], (0.4, 0.3, 0.3)
    found = (bool(told.iloc[0]) for told in _told(runs, 5, 100, shares, other))
    setting = "50/30/20, 5 groups of 100, one of them 40 points lower"
    return [claim(SECTION, "a group that differs is found", setting, found, POWER)]


def _alike(runs: int, base: int) -> list[Claim]:
    """Return how often one of several groups of a size that do not differ is said to."""
    return [
        claim(
            SECTION,
            "a group is said to differ from the rest although none does",
            f"{name}, {groups} groups of {base}",
            (told.any() for told in _told(runs, groups, base, shares, None)),
            FALSE_ALARMS,
        )
        for groups in (5, 20)
        for name, shares in SHAPES.items()
    ]


def _told(runs: int, groups: int, base: int, shares: Shares, planted: Shares | None) -> Iterator[pd.Series]:
    """Yield, for each world, which groups are said to differ; the first is the planted one."""
    rng = np.random.default_rng(21)
    names = np.repeat([f"g{number:02d}" for number in range(groups)], base)
    for run in range(runs):
        votes = scores(rng, shares, groups * base)
        if planted is not None:
            votes[:base] = scores(rng, planted, base)
        frame = pd.DataFrame({"nps": votes, "plan": names})
        found = segments.compare(frame, "nps", "plan", n_permutations=PERMUTATIONS, seed=run)
        yield found["verdict"].isin(DIFFERS)
