"""A claim about an estimator, and how often it held in simulated or enumerated worlds."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

# Worlds in full where they are cheap and where each takes long, and in the quick slice of the tests, which shows a
# blunder but not a shade.
CHEAP, SLOW = (2_000, 200), (500, 50)
COVERAGE = (0.93, 0.97)
FALSE_ALARMS = (0.0, 0.05)
POWER = (0.80, 1.0)
# Told for its own sake: known, printed, not held to a bound.
TOLD = (0.0, 1.0)


@dataclass(frozen=True)
class Claim:
    """A share of simulated worlds beside the bounds that it must keep.

    Attributes
    ----------
    section
        What it is about, such as `NPS intervals`.
    what
        What happened, such as `the interval holds the true NPS`.
    setting
        In which world.
    runs
        How many worlds; 0 where the share is exact.
    share
        In which share of them it happened, 0-1; failures to compute count as misses.
    bounds
        Lowest and highest share that is right; 0 and 1 where the share is told for its own sake.
    """

    section: str
    what: str
    setting: str
    runs: int
    share: float
    bounds: tuple[float, float]

    @property
    def held(self) -> bool:
        """Whether the share keeps its bounds within two Monte-Carlo errors.

        Examples
        --------
        >>> Claim("NPS", "false alarm", "null", 500, 0.065, (0.0, 0.05)).held
        True
        >>> Claim("NPS", "false alarm", "null", 500, 0.075, (0.0, 0.05)).held
        False
        """
        low, high = self.bounds
        return low - error(low, self.runs) <= self.share <= high + error(high, self.runs)


def error(share: float, runs: int) -> float:
    """Return two Monte-Carlo errors of a share; none where it is exact.

    Examples
    --------
    >>> round(error(0.05, 500), 4)
    0.0195
    """
    return 2 * math.sqrt(share * (1 - share) / runs) if runs else 0.0


def claim(section: str, what: str, setting: str, happened: Iterable[bool], bounds: tuple[float, float]) -> Claim:
    """Return a claim from what happened in each world."""
    worlds = list(happened)
    return Claim(section, what, setting, len(worlds), sum(worlds) / len(worlds), bounds)
