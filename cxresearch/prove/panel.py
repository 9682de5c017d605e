"""Panel of segments by quarters: the planted slope is held, none is made up, scores that stand still are refused."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.stats.design import Floats
from cxresearch.stats.panel import REFUSED, PanelSlope, Slope, panel_slope, two_way

SECTION = "Panel of segments by quarters"
SIZES = ((12, 16), (8, 8))
# Answers a cell, and the movement of the true NPS within segments: a reliability of about .7.
ANSWERS, MOVEMENT = 150, 10.0
PASSIVES, LEVEL = 0.3, 25.0
# Log points of revenue a point of NPS, and what else moves log revenue, half of which lasts a quarter.
SLOPE, NOISE, LASTING = 0.001, 0.025, 0.5
# A slope under this share of the planted one is far too small.
SHORT = 0.8


@dataclass(frozen=True)
class World:
    """A panel: its segments and quarters, how far the true NPS moves, and what a point of it is worth."""

    segments: int
    quarters: int
    movement: float
    slope: float

    def __str__(self) -> str:
        """Return the setting in words."""
        moves = f"the NPS moves by {self.movement:g} points" if self.movement else "the NPS does not move"
        worth = f"{100 * self.slope:g} % a point" if self.slope else "worth nothing"
        return f"{self.segments} segments, {self.quarters} quarters, {ANSWERS} answers a cell, {moves}, {worth}"


def still(runs: int) -> list[Claim]:
    """Return how often a slope is claimed where the NPS does not move and all its movement is sampling error."""
    found = []
    for size in SIZES:
        # The slope has nothing to show itself in; what moves revenue is noise.
        world = World(*size, 0.0, SLOPE)
        fits = _fits(world, runs, 61)
        what = "a slope is claimed although the score does not move"
        found += [claim(SECTION, what, str(world), _claims(fits), FALSE_ALARMS), _refusals(world, fits)]
    return found


def nothing(runs: int) -> list[Claim]:
    """Return how often a slope is claimed where there is none."""
    found = []
    for size in SIZES:
        world = World(*size, MOVEMENT, 0.0)
        fits = _fits(world, runs, 62)
        found += [claim(SECTION, "a slope is claimed although there is none", str(world), _claims(fits), FALSE_ALARMS)]
        found.append(_refusals(world, fits))
    return found


def planted(runs: int) -> list[Claim]:
    """Return coverage and power with a planted slope, and how far the naive one falls short."""
    found = []
    for size in SIZES:
        world = World(*size, MOVEMENT, SLOPE)
        fits = _fits(world, runs, 63)
        told = [fit for fit in fits if fit.status != REFUSED]
        held = {name: [_holds(getattr(fit, name)) for fit in told] for name in ("corrected", "naive")}
        short = [fit.naive.estimate < SHORT * SLOPE for fit in told]
        setting, enough = str(world), POWER if size == SIZES[0] else TOLD
        found += [
            claim(SECTION, "the interval holds the planted slope", setting, held["corrected"], COVERAGE),
            claim(SECTION, "… if sampling error is not taken off", setting, held["naive"], TOLD),
            claim(SECTION, f"the naive slope is under {100 * SHORT:.0f} % of it", setting, short, TOLD),
            claim(SECTION, "the planted slope is found", setting, _claims(fits), enough),
            _refusals(world, fits),
        ]
    return found


def _fits(world: World, runs: int, seed: int) -> list[PanelSlope]:
    """Return the slope of each panel drawn from a world."""
    rng = np.random.default_rng(seed)
    size = world.segments, world.quarters
    effects = two_way(np.repeat(np.arange(size[0]), size[1]), np.tile(np.arange(size[1]), size[0]))
    fits = []
    for run in range(runs):
        score = rng.normal(0, world.movement, size)
        measured, variance = _survey(rng, LEVEL + rng.normal(0, 5, (size[0], 1)) + score)
        revenue = world.slope * score + _shocks(rng, size)
        fits.append(panel_slope(revenue.ravel(), measured.ravel(), variance.ravel(), effects, seed=run))
    return fits


def _survey(rng: np.random.Generator, nps: Floats) -> tuple[Floats, Floats]:
    """Return the NPS that a survey finds in each cell, and its sampling variance, both from the answers."""
    promoters = np.clip((1 - PASSIVES + nps / 100) / 2, 0, 1 - PASSIVES)
    shares = np.stack([promoters, 1 - PASSIVES - promoters, np.full(nps.shape, PASSIVES)], axis=-1)
    votes = rng.multinomial(ANSWERS, shares) / ANSWERS
    mean = votes[..., 0] - votes[..., 1]
    return 100 * mean, 1e4 * (votes[..., 0] + votes[..., 1] - mean**2) / (ANSWERS - 1)


def _shocks(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """Return what else moves log revenue: shocks to each segment, of which part lasts."""
    shocks = rng.normal(0, NOISE, size)
    for quarter in range(1, size[1]):
        shocks[:, quarter] = LASTING * shocks[:, quarter - 1] + np.sqrt(1 - LASTING**2) * shocks[:, quarter]
    return shocks


def _claims(fits: Iterable[PanelSlope]) -> list[bool]:
    """Return whether each fit claims a slope: nothing was refused, and the interval excludes 0."""
    return [fit.status != REFUSED and not fit.corrected.conf_low <= 0 <= fit.corrected.conf_high for fit in fits]


def _refusals(world: World, fits: Iterable[PanelSlope]) -> Claim:
    """Return how often the panel was refused."""
    return claim(SECTION, "… refused", str(world), (fit.status == REFUSED for fit in fits), TOLD)


def _holds(slope: Slope) -> bool:
    """Return whether an interval holds the planted slope."""
    return bool(slope.conf_low <= SLOPE <= slope.conf_high)
