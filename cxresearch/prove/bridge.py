"""The bridge: its parts hold the planted ones, and its band holds what happens when nothing changed."""

import numpy as np
import pandas as pd

from cxresearch import segments
from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, Claim, claim
from cxresearch.prove.worlds import Shares, scores, true_nps

SECTION = "NPS bridge"
# Two plans of different loyalty; the share of the first falls, and the second becomes more loyal.
BEFORE: dict[str, Shares] = {"A": (0.1, 0.2, 0.7), "B": (0.4, 0.3, 0.3)}
AFTER: dict[str, Shares] = {"A": (0.1, 0.2, 0.7), "B": (0.3, 0.3, 0.4)}
SHARE_BEFORE, SHARE_AFTER = 0.6, 0.5
ANSWERS, RESAMPLES = 1_500, 300


def parts(runs: int) -> list[Claim]:
    """Return the coverage of mix and rate, the false alarms of the band, and its power."""
    rng = np.random.default_rng(4)
    truth = _truth()
    held: dict[str, list[bool]] = {name: [] for name in truth}
    outside = []
    for run in range(runs):
        moved = segments.decompose(
            _wave(rng, SHARE_BEFORE, BEFORE), _wave(rng, SHARE_AFTER, AFTER), "nps", "plan", n_boot=RESAMPLES, seed=run
        )
        rows = moved.parts[moved.parts["level"] == "all"].set_index("component")
        for name, value in truth.items():
            held[name].append(bool(rows.loc[name, "conf_low"] <= value <= rows.loc[name, "conf_high"]))
        still = segments.decompose(
            _wave(rng, SHARE_BEFORE, BEFORE),
            _wave(rng, SHARE_BEFORE, BEFORE),
            "nps",
            "plan",
            n_boot=RESAMPLES,
            seed=run,
        )
        outside.append(abs(float(still.total["estimate"].iloc[0])) > still.nothing_changed)
    setting = f"two plans, {ANSWERS:,} answers a wave, {sum(truth.values()):+.1f} points in all"
    found = [
        claim(SECTION, f"the interval of {name} holds the planted {truth[name]:+.1f} points", setting, hits, COVERAGE)
        for name, hits in held.items()
    ]
    still_setting = f"two plans, {ANSWERS:,} answers a wave, nothing changed"
    return [*found, claim(SECTION, "the change lies outside the band", still_setting, outside, FALSE_ALARMS)]


def clear(runs: int) -> list[Claim]:
    """Return how often a clear rise within one plan is told from nothing."""
    rng, found = np.random.default_rng(5), []
    after = {**BEFORE, "B": (0.2, 0.3, 0.5)}
    for run in range(runs):
        moved = segments.decompose(
            _wave(rng, SHARE_BEFORE, BEFORE), _wave(rng, SHARE_BEFORE, after), "nps", "plan", n_boot=RESAMPLES, seed=run
        )
        found.append(float(moved.total["estimate"].iloc[0]) > moved.nothing_changed)
    size = 100 * (1 - SHARE_BEFORE) * (true_nps(after["B"]) - true_nps(BEFORE["B"])) / 100
    setting = f"two plans, {ANSWERS:,} answers a wave, one of them rose: {size:+.0f} points in all"
    return [claim(SECTION, "a rise is told from nothing", setting, found, POWER)]


def _truth() -> dict[str, float]:
    """Return mix and rate of the planted change, at the midpoint of shares and scores."""
    before, after = ({name: true_nps(shares) for name, shares in world.items()} for world in (BEFORE, AFTER))
    shift = SHARE_AFTER - SHARE_BEFORE
    mix = shift * (before["A"] + after["A"]) / 2 - shift * (before["B"] + after["B"]) / 2
    middle = (SHARE_BEFORE + SHARE_AFTER) / 2
    rate = middle * (after["A"] - before["A"]) + (1 - middle) * (after["B"] - before["B"])
    return {"mix": mix, "rate": rate}


def _wave(rng: np.random.Generator, share: float, world: dict[str, Shares]) -> pd.DataFrame:
    """Return one wave of answers."""
    is_first = rng.random(ANSWERS) < share
    votes = np.where(is_first, scores(rng, world["A"], ANSWERS), scores(rng, world["B"], ANSWERS))
    return pd.DataFrame({"nps": votes, "plan": np.where(is_first, "A", "B")})
