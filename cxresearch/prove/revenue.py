"""Revenue: a vote that is worth nothing is not said to be worth something, and what one is worth is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.revenue.customer import effect_of
from cxresearch.revenue.linked import Linked
from cxresearch.revenue.model import Model, row_of, terms_of
from cxresearch.revenue.placebo import FLAG, placebo
from cxresearch.strict_yaml import StudyError

SECTION = "Customer link"
CUSTOMERS, QUARTERS, TRUTH = 1_000, 2, 0.05
PLACEBO_ALARMS, PLACEBO_POWER = (0.0, 0.07), (0.90, 1.0)
# Loyalty from one horizon to the next: nothing lasts, or most of it does.
FLEETING, LASTING = 0.0, 0.7
# Of what a customer answers, in standard deviations of loyalty.
NOISE = 0.3


@dataclass(frozen=True)
class World:
    """Customers with a vote and revenue in each of three horizons and after the last.

    Attributes
    ----------
    effect
        Log points of revenue that a vote is worth in the horizon after it.
    lasting
        Correlation of a customer's loyalty from one horizon to the next.
    cause
        Log points a horizon by which a hidden standard deviation lets revenue grow; the same cause moves loyalty by
        half a standard deviation.
    noise
        Standard deviation of what the answer adds to loyalty by chance, in those of loyalty.
    """

    effect: float = 0.0
    lasting: float = FLEETING
    cause: float = 0.0
    noise: float = 0.0

    def linked(self, rng: np.random.Generator, customers: int = CUSTOMERS) -> Linked:
        """Return the answers of such customers, two each, linked to revenue."""
        hidden = rng.normal(size=customers)
        loyalty = _lasting(rng, customers, QUARTERS + 2, self.lasting) + 0.5 * (self.cause > 0) * hidden[:, None]
        votes = _votes(loyalty)
        told = _votes(loyalty + self.noise * rng.normal(size=loyalty.shape))
        size, growth = rng.normal(3.5, 0.5, customers)[:, None], self.cause * hidden[:, None] * np.arange(QUARTERS + 3)
        # A vote holds in the horizon after it; the first horizon of all follows a vote that nobody knows.
        held = np.concatenate([_votes(rng.normal(size=(customers, 1))), votes], axis=1)
        spent = np.exp(size + growth + self.effect * held + rng.normal(0, 0.15, held.shape))
        spent *= rng.random(held.shape) > 0.03
        return _as_linked(told, spent)


def nothing_planted(runs: int) -> list[Claim]:
    """Return how often a vote without worth is said to have one, and how often the placebo is then flagged."""
    found = list(_told(World(), runs, 61))
    setting = f"{CUSTOMERS:,} customers, {QUARTERS} answers each, no effect, no cause"
    return [
        claim(
            SECTION, "a vote is said to be worth something although it is not", setting, _claims(found), FALSE_ALARMS
        ),
        claim(SECTION, "the placebo is flagged", setting, (flag for *_, flag in found), PLACEBO_ALARMS),
        claim(SECTION, "… refused", setting, (low is None for low, *_ in found), (0.0, 0.01)),
    ]


def planted(runs: int) -> list[Claim]:
    """Return how often a planted worth is found and held by its interval, with nothing else in the way."""
    found = list(_told(World(effect=TRUTH), runs, 62))
    setting = f"{CUSTOMERS:,} customers, {QUARTERS} answers each, a vote worth {TRUTH} log points"
    return [
        claim(
            SECTION, "the worth of a vote is found", setting, (low is not None and low > 0 for low, *_ in found), POWER
        ),
        claim(SECTION, "the interval holds the true worth", setting, _holds(found), COVERAGE),
        claim(SECTION, "… refused", setting, (low is None for low, *_ in found), (0.0, 0.01)),
    ]


def confounded(runs: int) -> list[Claim]:
    """Return how often a hidden cause passes for worth, and how often the placebo betrays it."""
    found = list(_told(World(cause=0.05), runs, 63))
    setting = "no effect; a hidden cause adds .05 log points a horizon and .5 SD of loyalty a standard deviation"
    return [
        claim(SECTION, "the placebo is flagged", setting, (flag for *_, flag in found), PLACEBO_POWER),
        claim(SECTION, "… claims that the placebo did not flag", setting, _unflagged(found), FALSE_ALARMS),
        claim(SECTION, "… claims before the placebo is asked", setting, _claims(found), TOLD),
    ]


def lasting(runs: int) -> list[Claim]:
    """Return what lasting loyalty does, with the vote before held constant and without."""
    return _lasting_claims(runs, 0.0, "score as felt", COVERAGE)


def noisy(runs: int) -> list[Claim]:
    """Return the same where the score is a noisy measure of loyalty, which the vote before then only half removes."""
    return _lasting_claims(runs, NOISE, f"score with noise of {NOISE} SD", TOLD)


def _lasting_claims(runs: int, noise: float, name: str, coverage: tuple[float, float]) -> list[Claim]:
    """Return coverage, placebo flags and distance of the mean slope, with the vote before and without."""
    world = World(effect=TRUTH, lasting=LASTING, noise=noise)
    setting = f"lasting loyalty {LASTING}, a vote worth {TRUTH}, {name}"
    found, bare = list(_told(world, runs, 64)), list(_told(world, runs, 64, _without_vote))
    return [
        claim(SECTION, "the interval holds the true worth", setting, _holds(found), coverage),
        claim(SECTION, "… without the vote before", setting, _holds(bare), TOLD),
        claim(SECTION, "the placebo is flagged", setting, (flag for *_, flag in found), TOLD),
        _distance("the mean slope is too small by this share", setting, found),
        _distance("… without the vote before", setting, bare),
    ]


Told = tuple[float | None, float | None, float, bool]


def _told(world: World, runs: int, seed: int, effect: Callable[[Linked], pd.DataFrame] = effect_of) -> Iterator[Told]:
    """Yield limits, estimate and whether the placebo was flagged; no limits where the link was refused."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        linked = world.linked(rng)
        try:
            row = effect(linked).iloc[0]
        except StudyError:
            yield None, None, np.nan, False
            continue
        flagged = effect is effect_of and placebo(linked)["flag"].iloc[0] == FLAG
        yield float(row["conf_low"]), float(row["conf_high"]), float(row["estimate"]), bool(flagged)


def _without_vote(linked: Linked) -> pd.DataFrame:
    """Return the effect with revenue before alone held constant."""
    rows = linked.rows
    fit = Model(rows, [], previous=False).fit(terms_of(rows, linked.loyalty))
    return pd.DataFrame([row_of(fit, 0, rows)])


def _lasting(rng: np.random.Generator, customers: int, horizons: int, share: float) -> np.ndarray:
    """Return loyalty of each customer and horizon, standard normal, correlated by `share` with the one before."""
    loyalty = rng.normal(size=(customers, horizons))
    for place in range(1, horizons):
        loyalty[:, place] = share * loyalty[:, place - 1] + np.sqrt(1 - share**2) * loyalty[:, place]
    return loyalty


def _votes(loyalty: np.ndarray) -> np.ndarray:
    """Return votes: about 28 % detractors, 32 % passives, 40 % promoters."""
    return (loyalty > 0.25).astype(float) - (loyalty < -0.6)


def _as_linked(told: np.ndarray, spent: np.ndarray) -> Linked:
    """Return the last answers of each customer beside revenue; the vote of place t is in force in horizon t + 1."""
    parts = []
    for place in range(told.shape[1] - QUARTERS, told.shape[1]):
        columns = {
            "loyalty": told[:, place],
            "previous": told[:, place - 1],
            "before": spent[:, place],
            "after": spent[:, place + 1],
            "earlier": spent[:, place - 1],
            "lately": spent[:, place],
        }
        parts.append(pd.DataFrame(columns).assign(quarter=f"Q{place}", customer=np.arange(len(told))))
    rows = pd.concat(parts, ignore_index=True).assign(previous_known=True, weight=1.0, stayed=1.0)
    rows = rows[rows["before"] > 0].assign(earlier=lambda frame: frame["earlier"].where(frame["earlier"] > 0))
    empty = pd.DataFrame()
    return Linked(rows.reset_index(drop=True), [], 3, "vote", "", empty, empty, empty)


def _claims(found: list[Told]) -> Iterator[bool]:
    """Yield whether each world's interval excludes 0 and nothing was refused."""
    return (low is not None and high is not None and not low <= 0 <= high for low, high, *_ in found)


def _unflagged(found: list[Told]) -> Iterator[bool]:
    """Yield whether a claim was made and the placebo kept silent."""
    return (claimed and not one[3] for claimed, one in zip(_claims(found), found, strict=True))


def _holds(found: list[Told]) -> Iterator[bool]:
    """Yield whether each interval holds the truth; a refusal does not."""
    return (low is not None and high is not None and low <= TRUTH <= high for low, high, *_ in found)


def _distance(what: str, setting: str, found: list[Told]) -> Claim:
    """Return by which share of the true slope the mean slope is too small, 0 where it is not; told for its own sake."""
    mean = float(np.nanmean([slope for *_, slope, _ in found]))
    return Claim(SECTION, what, setting, len(found), float(np.clip(1 - mean / TRUTH, 0, 1)), TOLD)
