"""Engagement of teams and scores of customers: the planted slope is held, none is made up, still teams are refused."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.accepted_tables import Quality
from cxresearch.employees import teams
from cxresearch.employees.link import SUBJECT
from cxresearch.panels import Search, fitted
from cxresearch.prove.claims import COVERAGE, FALSE_ALARMS, POWER, TOLD, Claim, claim
from cxresearch.schema import Study
from cxresearch.stats.panel import REFUSED, PanelSlope, Slope
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

SECTION = "Employees and customers"
SIZES = ((12, 8), (8, 6))
# Answers a team and quarter; how far true engagement moves, on 1-5: a reliability of about .8.
EMPLOYEES, CUSTOMERS, MOVEMENT = (8, 16), (30, 60), 0.35
# Points of the score a point of engagement, and what else moves a team's score, half of which lasts a quarter.
SLOPE, SHOCK, LASTING = 0.5, 0.15, 0.5
# How far employees of a team, and customers, differ among themselves.
EMPLOYEE_SD, CUSTOMER_SD = 0.6, 1.6
# Scores lie in the middle of 0-10, where hardly any is cut off at the ends, which would bend the planted slope.
ENGAGEMENT, SCORE = 3.5, 5.0


@dataclass(frozen=True)
class World:
    """A company: its teams and quarters, how far engagement moves, and what a point of it goes with."""

    teams: int
    quarters: int
    movement: float
    slope: float

    def __str__(self) -> str:
        """Return the setting in words."""
        size = f"{self.teams} teams, {self.quarters} quarters, {EMPLOYEES[0]} to {EMPLOYEES[1]} employees and "
        size += f"{CUSTOMERS[0]} to {CUSTOMERS[1]} customers in each"
        moves = f"engagement moves by {self.movement:g}" if self.movement else "engagement does not move"
        return f"{size}, {moves}, {f'{self.slope:g} a point' if self.slope else 'worth nothing'}"


def still(runs: int) -> list[Claim]:
    """Return how often a slope is claimed where engagement stands still and all its movement is sampling error."""
    world = World(*SIZES[0], 0.0, SLOPE)
    fits = _fits(world, runs, 71)
    what = "a slope is claimed although engagement does not move"
    return [claim(SECTION, what, str(world), _claims(fits), FALSE_ALARMS), _refusals(world, fits)]


def unrelated(runs: int) -> list[Claim]:
    """Return how often a slope is claimed where engagement has nothing to do with customers."""
    found = []
    for size in SIZES:
        world = World(*size, MOVEMENT, 0.0)
        fits = _fits(world, runs, 72)
        what = "a slope is claimed although there is none"
        found += [claim(SECTION, what, str(world), _claims(fits), FALSE_ALARMS), _refusals(world, fits)]
    return found


def planted(runs: int) -> list[Claim]:
    """Return coverage and power with a planted slope, and coverage of the slope with the sampling error left in."""
    found = []
    for size in SIZES:
        world = World(*size, MOVEMENT, SLOPE)
        fits = _fits(world, runs, 73)
        told = [fit for fit in fits if fit is not None and fit.status != REFUSED]
        held = {name: [_holds(getattr(fit, name)) for fit in told] for name in ("corrected", "naive")}
        setting, enough = str(world), POWER if size == SIZES[0] else TOLD
        found += [
            claim(SECTION, "the interval holds the planted slope", setting, held["corrected"], COVERAGE),
            claim(SECTION, "… if sampling error is not taken off", setting, held["naive"], TOLD),
            claim(SECTION, "the planted slope is found", setting, _claims(fits), enough),
            _refusals(world, fits),
        ]
    return found


def _fits(world: World, runs: int, seed: int) -> list[PanelSlope | None]:
    """Return the slope of each company drawn from a world; None where it could not be computed."""
    rng = np.random.default_rng(seed)
    return [_fit(_company(world, rng), run) for run in range(runs)]


def _fit(study: StudyData, seed: int) -> PanelSlope | None:
    """Return the slope of a company, as `link` finds it."""
    try:
        cells = teams(study).cells(0)
        return fitted(cells[cells["used"]], SUBJECT, Search(0.95, 499, seed))
    except StudyError:
        return None


def _company(world: World, rng: np.random.Generator) -> StudyData:
    """Return a study with an employee survey and transactional answers."""
    size = world.teams, world.quarters
    lasting, moving = rng.normal(0, 0.3, (size[0], 1)), rng.normal(0, world.movement, size)
    engaged = ENGAGEMENT + lasting + moving
    felt = SCORE + rng.normal(0, 0.5, (size[0], 1)) + world.slope * moving + _shocks(rng, size)
    employees = _drawn(rng, engaged, EMPLOYEES, EMPLOYEE_SD, 0.2).rename(columns={"value": "engagement"})
    answers = _drawn(rng, felt, CUSTOMERS, CUSTOMER_SD, 1.0).rename(columns={"value": "nps"})
    answers["nps"] = answers["nps"].clip(0, 10)
    tables = {"responses": {"source": "a.csv", "columns": {"nps": {"from": "Q1"}}}}
    definition = Study.model_validate({"title": "Simulated", "tables": tables})
    names = sorted(answers["period"].unique())
    quality = Quality()
    frames = {"responses": answers.assign(survey="transactional"), "employees": employees}
    return StudyData(definition, names[-1], names[-2], names, quality, frames)


def _drawn(
    rng: np.random.Generator, mean: np.ndarray, often: tuple[int, int], spread: float, step: float
) -> pd.DataFrame:
    """Return answers of each team and quarter around a mean, rounded to steps: `team`, `period`, `value`."""
    count = rng.integers(often[0], often[1], mean.shape, endpoint=True).ravel()
    names = [(f"T{team:02d}", f"{2024 + quarter // 4}Q{quarter % 4 + 1}")
             for team in range(mean.shape[0]) for quarter in range(mean.shape[1])]  # fmt: skip
    value = np.repeat(mean.ravel(), count) + rng.normal(0, spread, count.sum())
    place = np.repeat(np.arange(len(names)), count)
    frame = pd.DataFrame(names, columns=["team", "period"]).iloc[place].reset_index(drop=True)
    return frame.assign(value=np.rint(value / step) * step)


def _shocks(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Return what else moves a team's score, of which part lasts."""
    shocks = rng.normal(0, SHOCK, size)
    for quarter in range(1, size[1]):
        shocks[:, quarter] = LASTING * shocks[:, quarter - 1] + np.sqrt(1 - LASTING**2) * shocks[:, quarter]
    return shocks


def _claims(fits: Iterable[PanelSlope | None]) -> list[bool]:
    """Return whether each company's link claims a slope: nothing was refused, and the interval excludes 0."""
    told = (fit if fit is not None and fit.status != REFUSED else None for fit in fits)
    return [fit is not None and not fit.corrected.conf_low <= 0 <= fit.corrected.conf_high for fit in told]


def _refusals(world: World, fits: Iterable[PanelSlope | None]) -> Claim:
    """Return how often the link was refused."""
    refused = (fit is None or fit.status == REFUSED for fit in fits)
    return claim(SECTION, "… refused", str(world), refused, TOLD)


def _holds(slope: Slope) -> bool:
    """Return whether an interval holds the planted slope."""
    return bool(slope.conf_low <= SLOPE <= slope.conf_high)
