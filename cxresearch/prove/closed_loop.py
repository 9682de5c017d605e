"""Closed loop: what comes back by itself is not called success, and initiatives are judged by what they did."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.closed_loop.matched import UNITS, difference, judged_together, matched
from cxresearch.closed_loop.told import Case, effect
from cxresearch.metrics.measures import NPS_SCALE, Measure
from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.schema.initiatives import Initiative
from cxresearch.stats.design import sample_design
from cxresearch.stats.groups import Sample
from cxresearch.stats.interrupted import interrupted
from cxresearch.stats.level_series import level_series

RECOVERY, INITIATIVES = "Recovery of detractors", "Initiatives"
CUSTOMERS, LIKENESS, HELP = 3_000, 0.5, 1.0
# Answers of each level in a period, the touched one first; periods before the start, and all.
SIZES, BEFORE, PERIODS = (300, 250, 200, 150, 60), 5, 8
DID, SHOCK = 20.0, 4.0
# Of errors from one period to the next, and periods until they have their usual spread.
LASTING, WARM_UP = 0.3, 20


def recovered(rng: np.random.Generator, help_of: float = 0.0, choice: float = 0.0) -> pd.DataFrame:
    """Return answers of customers who were followed; contacts help by some points of the score.

    Parameters
    ----------
    rng
        Of the world.
    help_of
        What being contacted adds to the next score.
    choice
        How much less those are contacted, in log odds a standard deviation, who feel better than they answered.
    """
    taste = np.sqrt(LIKENESS) * rng.normal(size=CUSTOMERS)
    felt = [8 + 2 * (taste + np.sqrt(1 - LIKENESS) * rng.normal(size=CUSTOMERS)) for _ in range(2)]
    first = np.clip(np.rint(felt[0]), 0, 10)
    odds = -1.0 - 0.1 * first - choice * taste
    contacted = rng.random(CUSTOMERS) < 1 / (1 + np.exp(-odds))
    answer = np.clip(np.rint(felt[1] + help_of * contacted), 0, 10)
    answer[rng.random(CUSTOMERS) < 0.4] = np.nan
    period = rng.choice(["2026Q1", "2026Q2"], CUSTOMERS)
    columns = {"period": period, "unit": np.arange(CUSTOMERS).astype(str), "first": first, "contacted": contacted}
    return pd.DataFrame({**columns, "contacted_later": False, "next": answer})


def without_action(runs: int) -> list[Claim]:
    """Return how often contacts that change nothing are called a success."""
    found = list(_told(71, runs))
    setting = f"{CUSTOMERS:,} customers, two answers correlated {LIKENESS}, contacts change nothing"
    return [
        claim(
            RECOVERY,
            "contacts are called a success although they change nothing",
            setting,
            _called(found),
            FALSE_ALARMS,
        ),
        claim(
            RECOVERY, "the interval of the share recovered holds no difference", setting, _holds(found, 0.0), COVERAGE
        ),
        claim(
            RECOVERY, "… called a success by the share recovered alone (over a quarter)", setting, _naive(found), TOLD
        ),
        claim(RECOVERY, "… refused", setting, (one["verdict"].eq("").any() for one in found), (0.0, 0.01)),
    ]


def with_action(runs: int) -> list[Claim]:
    """Return how often contacts that help are found, and what hidden choice of whom to contact does."""
    setting = f"{CUSTOMERS:,} customers, two answers correlated {LIKENESS}"
    found, chosen = list(_told(72, runs, help_of=HELP)), list(_told(73, runs, choice=-0.5))
    picked = f"{setting}, those who feel better than they answered are reached more often"
    return [
        claim(RECOVERY, "contacts that help are found", f"{setting}, {HELP:g} point of help", _called(found), POWER),
        claim(RECOVERY, "… contacts that change nothing are called a success", picked, _called(chosen), TOLD),
    ]


def _told(seed: int, runs: int, help_of: float = 0.0, choice: float = 0.0) -> Iterator[pd.DataFrame]:
    """Yield what is told of each world."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        rows = recovered(rng, help_of, choice)
        pairs = matched(rows[rows["first"].le(6) & rows["next"].notna()])
        found = pd.DataFrame([difference(pairs, name, None, 5.0 if name == "nps" else None, 0.95) for name in UNITS])
        yield judged_together(found, 0.95)


def _called(found: list[pd.DataFrame]) -> Iterator[bool]:
    """Yield whether any measure of the next answer is said to be higher."""
    return (bool(one["verdict"].eq("higher").any()) for one in found)


def _naive(found: list[pd.DataFrame]) -> Iterator[bool]:
    """Yield whether over a quarter of the contacted are detractors no more."""
    return (bool(one["value"].iloc[0] > 0.25) for one in found)


def _holds(found: list[pd.DataFrame], truth: float) -> Iterator[bool]:
    """Yield whether the interval of the first measure holds the truth."""
    return (bool(one["conf_low"].iloc[0] <= truth <= one["conf_high"].iloc[0]) for one in found)


@dataclass(frozen=True)
class World:
    """Levels of a segment over periods, one of them touched.

    Attributes
    ----------
    did
        What the initiative did, in points of NPS.
    shock
        Standard deviation of what each level does by itself in each period.
    drift
        Points a period by which the touched level leaves the others, whatever is done.
    sizes
        Answers of each level in a period, the touched one first.
    """

    did: float = 0.0
    shock: float = 0.0
    drift: float = 0.0
    sizes: tuple[int, ...] = SIZES

    def case(self, rng: np.random.Generator) -> Case:
        """Return such a world as an initiative with its means: half of the customers answer in every second period."""
        level, period, person = self._rows()
        after = np.arange(PERIODS) >= BEFORE
        nps = 25 + rng.normal(0, 6, len(self.sizes))[:, None] + rng.normal(0, 6, PERIODS)
        nps = nps + rng.normal(0, self.shock, nps.shape) if self.shock else nps
        nps[0] += self.did * after + self.drift * np.arange(PERIODS)
        taste = rng.normal(size=int(person.max()) + 1)
        felt = stats.norm.cdf(np.sqrt(0.5) * taste[person] + np.sqrt(0.5) * rng.normal(size=len(person)))
        promoters = np.clip(0.35 + nps[level, period] / 200, 0.02, 0.96)
        detractors = promoters - nps[level, period] / 100
        votes = 100.0 * ((felt > 1 - promoters).astype(float) - (felt < detractors))
        sample = Sample(sample_design(len(votes), cluster=person), person, person)
        touched = np.arange(len(self.sizes)) == 0
        means = level_series(votes, level, period, sample, touched, after)
        names = [f"level {number}" for number in range(len(self.sizes))]
        persons = np.unique(np.column_stack([level, period, person]), axis=0)
        return Case(CHANGE, VOTE, means, names, [f"P{number}" for number in range(PERIODS)], persons, 5.0, [])

    def _rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return level, period and customer of each answer: even and odd periods ask half of the same customers."""
        parts, base = [], 0
        for level, size in enumerate(self.sizes):
            for period in range(PERIODS):
                lasting = base + (period % 2) * size + np.arange(size // 2)
                fresh = base + 2 * size + period * size + np.arange(size - size // 2)
                parts.append((np.full(size, level), np.full(size, period), np.concatenate([lasting, fresh])))
            base += 2 * size + PERIODS * size
        columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return columns[0], columns[1], np.unique(columns[2], return_inverse=True)[1]


VOTE = Measure("nps", "nps", NPS_SCALE)
CHANGE = Initiative.model_validate(
    {"id": "change", "title": "A change", "where": {"plan": "level 0"}, "start": "2026-01-01"}
)


def untouched(runs: int) -> list[Claim]:
    """Return how often a change that did nothing is said to have done something."""
    return [one for world in (World(), World(shock=SHOCK)) for one in _claims(world, runs, 74)]


def touched(runs: int) -> list[Claim]:
    """Return how often a change that did something is found, and its size held by the interval."""
    found = [one for world in (World(did=DID), World(did=DID, shock=SHOCK)) for one in _claims(world, runs, 75)]
    return found + _claims(World(did=DID, shock=SHOCK, sizes=SIZES[:2]), runs, 76)


def drifting(runs: int) -> list[Claim]:
    """Return what levels that ran apart before the start already do."""
    world = World(drift=4.0)
    found, setting = list(_effects(world, runs, 77)), "no effect, the touched level gains 4 points a period all along"
    apart = [one["verdict"] == "not comparable" for one in found]
    return [
        claim(INITIATIVES, "levels that ran apart before are not compared", setting, apart, TOLD),
        claim(INITIATIVES, "… claims that this did not stop", setting, (_is_claim(one) for one in found), TOLD),
    ]


def series(runs: int) -> list[Claim]:
    """Return how often the interval of an interrupted series holds the truth, short and long, with lasting errors."""
    return [
        claim(
            INITIATIVES,
            "the interrupted series alone: its interval holds the true step",
            f"{n} periods, errors correlated {LASTING} from one to the next",
            _steps(n, runs),
            TOLD,
        )
        for n in (8, 24, 60)
    ]


def _claims(world: World, runs: int, seed: int) -> list[Claim]:
    """Return coverage, claims and refusals of a world."""
    found = list(_effects(world, runs, seed))
    moved = f"each level moves by {world.shock:g} points on its own" if world.shock else "levels move alike"
    setting = f"{len(world.sizes)} levels, {PERIODS} periods, effect {world.did:g}, {moved}"
    what, bounds = ("the effect is found", POWER) if world.did else ("an effect is claimed that is none", FALSE_ALARMS)
    if world.did and (world.shock or len(world.sizes) < len(SIZES)):
        what, bounds = f"… {what}", TOLD
    holds = (one["conf_low"] <= world.did <= one["conf_high"] for one in found)
    return [
        claim(INITIATIVES, "the interval holds the true effect", setting, holds, COVERAGE),
        claim(INITIATIVES, what, setting, (_is_claim(one) for one in found), bounds),
        claim(INITIATIVES, "… not compared", setting, (one["verdict"] == "not comparable" for one in found), TOLD),
    ]


def _effects(world: World, runs: int, seed: int) -> Iterator[pd.Series]:
    """Yield what is told of each world."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        yield effect(world.case(rng), 0.95).iloc[0]


def _is_claim(row: pd.Series) -> bool:
    """Return whether a rise or fall is told."""
    return row["verdict"] in ("rose", "fell")


def _steps(n: int, runs: int) -> Iterator[bool]:
    """Yield whether the interval of a series' step holds the true one, 0."""
    rng = np.random.default_rng(78)
    for _ in range(runs):
        noise = rng.normal(size=n + WARM_UP)
        for place in range(1, len(noise)):
            noise[place] += LASTING * noise[place - 1]
        found = interrupted(noise[WARM_UP:], n // 2)
        step = np.eye(len(found.names))[found.names.index("step")]
        yield bool(abs(step @ found.estimate) <= stats.t.ppf(0.975, found.df) * found.std_error(step))
