"""NPS: intervals that hold the truth as often as they say, changes that are found and none that are made up."""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxresearch import metrics
from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, TOLD, Claim, claim
from cxresearch.prove.worlds import SHAPES, Shares, as_study, repeated, scores, true_nps, two_waves
from cxresearch.stats import intervals

Floats = npt.NDArray[np.float64]
Interval = Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]
# Promoters and detractors for which the interval holds its level, and for which it is known not to.
ORDINARY = ((0.34, 0.33), (0.6, 0.2), (0.45, 0.45), (0.9, 0.05), (0.95, 0.02))
EXTREME = ((0.5, 0.5), (0.97, 0.01), (0.98, 0.01), (0.99, 0.005))
BASES = (10, 20, 30, 50, 100, 200)
PLAIN_FROM = 50
INTERVALS, CHANGES = "NPS intervals", "NPS changes"
HOLDS = "the interval holds the true NPS"


def exact_coverage(promoters: float, detractors: float, n: int, interval: Interval) -> float:
    """Return the exact probability that an interval of n answers holds the true NPS, by enumeration of all samples.

    Parameters
    ----------
    promoters, detractors
        Their shares in the population, 0-1.
    n
        Answers.
    interval
        From shares of promoters and detractors and the number of answers to limits on the scale -1 to 1.

    Examples
    --------
    >>> round(exact_coverage(0.34, 0.33, 10, intervals.adjusted_wald_nps), 3)
    0.944
    """
    found, detracting, chance = _samples(promoters, detractors, n)
    low, high = interval(found / n, detracting / n, np.full(len(found), float(n)))
    truth = promoters - detractors
    return float(chance[(low <= truth + 1e-12) & (truth <= high + 1e-12)].sum())


def exact(runs: int) -> list[Claim]:
    """Return the exact coverage of the adjusted Wald interval; `runs` does not matter."""
    found = [_exact(shape, n, (0.93, 0.98 if n >= PLAIN_FROM else 1.0)) for shape in ORDINARY for n in BASES]
    found += [_exact(shape, 5, (0.90, 1.0)) for shape in ORDINARY[:4]]
    return found + [_exact(shape, n, TOLD) for shape in EXTREME for n in (5, *BASES)]


def weighted(runs: int) -> list[Claim]:
    """Return the coverage under uneven weights."""
    rng = np.random.default_rng(11)
    return [
        claim(INTERVALS, HOLDS, f"{name}, 300 answers with log-normal weights", _weighted(rng, shares, runs), COVERAGE)
        for name, shares in SHAPES.items()
    ]


def clustered(runs: int) -> list[Claim]:
    """Return the coverage where customers answer more than once; ignoring it is shown for what it is."""
    found = []
    for name, shares in SHAPES.items():
        setting = f"{name}, 200 customers with 1 to 4 answers"
        rng = np.random.default_rng(12)
        same = [_held(metrics.nps(repeated(rng, shares, 1.0)), shares) for _ in range(runs)]
        found.append(claim(INTERVALS, HOLDS, f"{setting}, all alike", same, COVERAGE))
        # The effective base is capped at Kish's on customers' totals, which takes repeats for copies: too wide.
        rng = np.random.default_rng(12)
        frames = [repeated(rng, shares, 0.8) for _ in range(runs)]
        mixed = [_held(metrics.nps(frame), shares) for frame in frames]
        found.append(claim(INTERVALS, HOLDS, f"{setting}, alike with chance .8", mixed, (COVERAGE[0], 1.0)))
        ignored = [_held(metrics.nps(frame.drop(columns="customer_id")), shares) for frame in frames]
        found.append(claim(INTERVALS, "… if repeats were ignored", setting, ignored, TOLD))
    return found


def unchanged_small(runs: int) -> list[Claim]:
    """Return how often one of twenty groups of 30 that did not change is said to have changed; these are permuted."""
    return _unchanged(runs, 30)


def unchanged(runs: int) -> list[Claim]:
    """Return how often one of twenty groups of 100 that did not change is said to have changed."""
    return _unchanged(runs, 100)


def detectable(runs: int) -> list[Claim]:
    """Return how often a change as large as the smallest detectable one is found."""
    rng, before = np.random.default_rng(14), SHAPES["50/30/20"]
    frame = two_waves(rng, 1, 500, before, before)
    size = metrics.change(as_study(frame), "nps")["minimum_detectable"].iloc[0] / 100
    after = (before[0] - size / 2, before[1], before[2] + size / 2)
    found = (
        metrics.change(as_study(two_waves(rng, 1, 500, before, after)), "nps")["verdict"].eq("rose").iloc[0]
        for _ in range(runs)
    )
    # The change narrows the spread a little, so that slightly more than 80 % are found.
    setting = f"50/30/20, 500 answers a wave, {100 * size:.1f} points up"
    return [claim(CHANGES, "a change as large as the smallest detectable one is found", setting, found, (0.80, 0.86))]


def _unchanged(runs: int, base: int) -> list[Claim]:
    """Return how often one of twenty groups of a size that did not change is said to have changed."""
    rng = np.random.default_rng(13)
    return [
        claim(
            CHANGES,
            "a group is said to have moved although none did",
            f"{name}, 20 groups of {base}, two waves",
            (_any_moved(rng, shares, base) for _ in range(runs)),
            FALSE_ALARMS,
        )
        for name, shares in SHAPES.items()
    ]


@cache
def _samples(promoters: float, detractors: float, n: int) -> tuple[Floats, Floats, Floats]:
    """Return the promoters and detractors of every sample of n answers, and its probability."""
    counts = np.array([(i, j) for i in range(n + 1) for j in range(n + 1 - i)])
    shares = [promoters, detractors, 1 - promoters - detractors]
    chance = stats.multinomial.pmf(np.column_stack([counts, n - counts.sum(axis=1)]), n, shares)
    return counts[:, 0].astype(float), counts[:, 1].astype(float), chance


def _exact(shape: tuple[float, float], n: int, bounds: tuple[float, float]) -> Claim:
    """Return the exact coverage of one shape and base."""
    held = exact_coverage(*shape, n, intervals.adjusted_wald_nps)
    setting = f"promoters {shape[0]:g}, detractors {shape[1]:g}, {n} answers"
    return Claim(INTERVALS, HOLDS, setting, 0, held, bounds)


def _weighted(rng: np.random.Generator, shares: Shares, runs: int) -> list[bool]:
    """Return whether the interval of each weighted sample holds the truth."""
    frames = (
        pd.DataFrame({"nps": scores(rng, shares, 300), "w": np.exp(rng.normal(0, 0.5, 300))}) for _ in range(runs)
    )
    return [_held(metrics.nps(frame, weight="w"), shares) for frame in frames]


def _held(found: pd.DataFrame, shares: Shares) -> bool:
    """Return whether an interval holds the true NPS."""
    return bool(found["conf_low"].iloc[0] <= true_nps(shares) <= found["conf_high"].iloc[0])


def _any_moved(rng: np.random.Generator, shares: Shares, base: int) -> bool:
    """Return whether any of twenty unchanged groups is said to have moved."""
    frame = as_study(two_waves(rng, 20, base, shares, shares))
    verdicts = metrics.change_by_segment(frame, "nps", n_permutations=999)["verdict"]
    return bool(verdicts.isin(["rose", "fell"]).any())
