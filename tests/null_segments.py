"""Simulated segments that do not differ, and one that does: how often `compare` finds something."""

import numpy as np
import pandas as pd

from cxresearch import segments

SCORES = np.array([3.0, 8.0, 10.0])
# Shares of detractors, passives and promoters.
SHAPES = {"50/30/20": (0.2, 0.3, 0.5), "80/15/5": (0.05, 0.15, 0.8), "90/5/5": (0.05, 0.05, 0.9)}


def segments_of(
    rng: np.random.Generator, groups: int, base: int, shares: tuple, planted: tuple | None = None
) -> pd.DataFrame:
    """Return answers of groups of one size and one shape; the first has another shape where one is planted."""
    votes = rng.choice(SCORES, (groups, base), p=shares)
    if planted is not None:
        votes[0] = rng.choice(SCORES, base, p=planted)
    return pd.DataFrame({"nps": votes.ravel(), "plan": np.repeat([f"g{group:02d}" for group in range(groups)], base)})


def found(runs: int, groups: int, base: int, shares: tuple, planted: tuple | None = None, seed: int = 0) -> float:
    """Return the share of runs in which a group was said to differ; with a planted one, in which that one was."""
    rng, hits = np.random.default_rng(seed), 0
    for run in range(runs):
        frame = segments_of(rng, groups, base, shares, planted)
        told = segments.compare(frame, "nps", "plan", n_permutations=1_999, seed=run)["verdict"].isin(
            ["higher", "lower"]
        )
        hits += bool(told.any() if planted is None else told.iloc[0])
    return hits / runs
