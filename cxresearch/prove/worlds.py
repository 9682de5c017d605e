"""Simulated answers with a known truth."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.accepted_tables import Quality
from cxresearch.schema import Study
from cxresearch.study_data import StudyData

Shares = tuple[float, float, float]
# A detractor, a passive and a promoter.
SCORES = np.array([3.0, 8.0, 10.0])
# Shares of detractors, passives and promoters.
SHAPES: dict[str, Shares] = {
    "50/30/20": (0.2, 0.3, 0.5),
    "80/15/5": (0.05, 0.15, 0.8),
    "90/5/5": (0.05, 0.05, 0.9),
}


def true_nps(shares: Shares) -> float:
    """Return the NPS of a population, in points.

    Examples
    --------
    >>> true_nps((0.2, 0.3, 0.5))
    30.0
    """
    return 100 * (shares[2] - shares[0])


def scores(rng: np.random.Generator, shares: Shares, n: int) -> npt.NDArray[np.float64]:
    """Return n scores."""
    return rng.choice(SCORES, n, p=shares)


def repeated(rng: np.random.Generator, shares: Shares, alike: float, customers: int = 200) -> pd.DataFrame:
    """Return answers of customers, one to four each; a repeat is the customer's own vote with chance `alike`."""
    person = np.repeat(np.arange(customers), rng.integers(1, 5, customers))
    own = scores(rng, shares, customers)[person]
    fresh = scores(rng, shares, len(person))
    votes = np.where(rng.random(len(person)) < alike, own, fresh)
    return pd.DataFrame({"nps": votes, "customer_id": person.astype(str)})


def two_waves(rng: np.random.Generator, groups: int, base: int, before: Shares, after: Shares) -> pd.DataFrame:
    """Return two waves of answers in groups of one size: `nps`, `period`, `group`."""
    count = groups * base
    names = [f"g{number:02d}" for number in range(groups)]
    return pd.DataFrame(
        {
            "nps": np.concatenate([scores(rng, before, count), scores(rng, after, count)]),
            "period": np.repeat(["2026Q2", "2026Q3"], count),
            "group": np.tile(np.repeat(names, base), 2),
        }
    )


def as_study(answers: pd.DataFrame) -> StudyData:
    """Return answers of two periods as a loaded study with the segment `group`."""
    columns = {"nps": {"from": "Q1"}, "group": {"from": "group"}}
    definition = Study.model_validate(
        {
            "title": "Simulated",
            "tables": {"responses": {"source": "a.csv", "columns": columns}},
            "segments": {"group": "group"},
        }
    )
    rows = answers.assign(survey="relationship")
    quality = Quality()
    return StudyData(definition, "2026Q3", "2026Q2", ["2026Q2", "2026Q3"], quality, {"responses": rows})
