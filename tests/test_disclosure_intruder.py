"""An intruder who has the published results and a solver: what can be said of the groups that were hidden?

The intruder reads the JSON of protected results alone and knows how the world is built: which groups are parts of
which. Every shown base is an equation over the smallest groups, whose counts are no less than zero. A hidden group is
safe where linear programming leaves its count an interval of at least `min_base`.
"""

import json
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from cxresearch.present import suppress
from cxresearch.present.disclosure import HIDDEN, Policy, protect
from cxresearch.present.nesting import nesting
from cxresearch.present.payload import Grid, Payload

MIN_BASE = Policy().min_base
WORLDS = 40
PERIODS = ("2026Q2", "2026Q3")
TOLERANCE = 1e-6
SEGMENTS = ("plan", "region", "district", "tenure")
WHOLE = "all"


@dataclass(frozen=True)
class World:
    """Customers of two periods, and the level of each segment; a plan may be unknown."""

    customers: pd.DataFrame
    region_of: dict[str, str]


def world(seed: int) -> World:
    """Return a random skewed world in which each district lies in one region."""
    rng = np.random.default_rng(seed)
    plans = [f"p{number}" for number in range(rng.integers(2, 5))]
    districts = [f"d{number}" for number in range(rng.integers(3, 7))]
    region_of = {name: f"r{rng.integers(0, 3)}" for name in districts}
    size = int(rng.integers(80, 400))
    found = pd.DataFrame({"period": rng.choice(PERIODS, size)})
    found["plan"] = rng.choice(plans, size, p=rng.dirichlet(np.full(len(plans), 0.6)))
    found["district"] = rng.choice(districts, size, p=rng.dirichlet(np.full(len(districts), 0.6)))
    found["region"] = found["district"].map(region_of)
    found["tenure"] = rng.choice(["new", "old"], size, p=[0.3, 0.7])
    found["vote"] = rng.choice([-1, 0, 1], size)
    found["csat"] = rng.random(size) < rng.choice([1.0, 0.9, 0.6])
    if rng.random() < 0.5:
        found.loc[rng.random(size) < rng.choice([0.01, 0.03, 0.1]), "plan"] = None
    return World(found, region_of)


# --- what a report shows -------------------------------------------------------------------------------------------


def measured(customers: pd.DataFrame, previous: pd.DataFrame | None = None) -> dict:
    """Return the numbers of a row."""
    row = {"n": len(customers), "n_customers": len(customers)}
    if previous is not None:
        row |= {"n_previous": len(previous), "n_customers_previous": len(previous)}
    return row | {"estimate": 100 * customers["vote"].mean()}


def by_segment(now, names, previous=None, whole=True) -> pd.DataFrame:
    """Return a table of segments and levels, the whole in front."""
    rows = [{"segment": WHOLE, "level": WHOLE, **measured(now, previous)}] if whole else []
    for name in names:
        for level in sorted(now[name].dropna().unique()):
            then = None if previous is None else previous[previous[name].eq(level)]
            rows.append({"segment": name, "level": level, **measured(now[now[name].eq(level)], then)})
    return pd.DataFrame(rows)


def crossed(now, first, second) -> pd.DataFrame:
    """Return a screen: the groups of two segments at once that have answers."""
    rows = [
        {"segment": f"{first} × {second}", "level": f"{a} × {b}", **measured(part)}
        for (a, b), part in now.groupby([first, second])
    ]
    return pd.DataFrame(rows)


def wide(now, names) -> pd.DataFrame:
    """Return a table with a column for each segment."""
    rows = [
        {**dict(zip(names, level, strict=True)), **measured(part)} for level, part in now.groupby(list(names))
    ]
    return pd.DataFrame(rows)


def tab(now, row_level_of) -> pd.DataFrame:
    """Return a question by a banner."""
    rows = []
    for banner, level in [(WHOLE, WHOLE), *((name, found) for name in ("plan", "region") for found in
                                            sorted(now[name].dropna().unique()))]:
        part = now if banner == WHOLE else now[now[banner].eq(level)]
        rows += [
            {"row": "nps", "row_level": label, "banner": banner, "banner_level": level, **measured(part)}
            for label in row_level_of
        ]
    return pd.DataFrame(rows)


def payloads_of(found: World) -> list[Payload]:
    """Return the results of a run in the shapes that notebooks show."""
    past, now = (found.customers[found.customers["period"].eq(period)] for period in PERIODS)
    trend = pd.DataFrame([{"period": period, **measured(part)} for period, part in zip(PERIODS, (past, now), strict=True)])
    largest = now["tenure"].value_counts().index[0]
    frames = {
        "headline": pd.DataFrame([{"metric": "nps", **measured(now, past)}]),
        "trend": trend,
        "segments": by_segment(now, ("plan", "region")),
        "changes": by_segment(now, ("plan", "region", "tenure"), past, whole=False),
        "districts": wide(now, ("district",)),
        "screen": crossed(now, "plan", "region"),
        "crossed": wide(now, ("plan", "tenure")),
        "csat": by_segment(now[now["csat"]], ("plan", "region")),
        "one": by_segment(now, ("tenure",), whole=False).query("level == @largest").reset_index(drop=True),
        "tab": tab(now, ("promoters", "detractors")),
    }
    where = {"period": PERIODS[1], "compare_to": PERIODS[0]}
    metric = {name: "csat" if name == "csat" else "nps" for name in frames}
    return [
        Payload(key=name, kind="table", grid=Grid.of(frame), provenance=where, arguments={"metric": metric[name]})
        for name, frame in frames.items() if len(frame)
    ]


# --- the intruder --------------------------------------------------------------------------------------------------


def atoms_of(found: World) -> pd.DataFrame:
    """Return the smallest groups that an intruder can think of: all combinations of levels."""
    rows = found.customers
    plans = [*sorted(rows["plan"].dropna().unique()), *([None] if rows["plan"].isna().any() else [])]
    spread = product(plans, sorted(found.region_of), sorted(rows["tenure"].unique()), (True, False))
    atoms = pd.DataFrame(list(spread), columns=["plan", "district", "tenure", "csat"])
    return atoms.assign(region=atoms["district"].map(found.region_of))


def covered(row: dict, atoms: pd.DataFrame, metric: str) -> np.ndarray:
    """Return which of the smallest groups a row adds up, from what its names mean."""
    names = {}
    for segment, level in (("segment", "level"), ("banner", "banner_level")):
        if row.get(segment) not in (None, WHOLE):
            names |= dict(zip(row[segment].split(" × "), row[level].split(" × "), strict=True))
    names |= {name: row[name] for name in SEGMENTS if name in row}
    chosen = atoms["csat"].to_numpy() if metric == "csat" else np.ones(len(atoms), dtype=bool)
    for name, level in names.items():
        chosen = chosen & atoms[name].eq(level).to_numpy()
    return chosen.astype(float)


def read(published: list[dict], atoms: pd.DataFrame) -> dict[str, tuple[list, list, list]]:
    """Return by period the shown sums with their bases, and the hidden sums."""
    found: dict[str, tuple[list, list, list]] = {period: ([], [], []) for period in PERIODS}
    for result in published:
        columns = result["frame"]["columns"]
        for values in result["frame"]["rows"]:
            row = dict(zip(columns, values, strict=True))
            cover = covered(row, atoms, result["arguments"]["metric"])
            slots = [("n", row.get("period", PERIODS[1]))]
            slots += [("n_previous", PERIODS[0])] if "n_previous" in row else []
            for base, period in slots:
                known, bases, sought = found[period]
                if row["flag"] == HIDDEN:
                    # A change is hidden for either of its groups; the other may be large and no secret.
                    sought.append((cover, "n_previous" in row))
                else:
                    known.append(cover)
                    bases.append(row[base])
    return found


def interval(goal: np.ndarray, known: np.ndarray, bases: np.ndarray) -> tuple[float, float]:
    """Return the least and the greatest count that what is known leaves a group."""
    found = [linprog(sign * goal, A_eq=known, b_eq=bases, method="highs") for sign in (1, -1)]
    low, high = (one.fun if one.status == 0 else -np.inf for one in found)
    return low, -high


def exposed(found: World, published: list[dict]) -> list[str]:
    """Return the hidden or unlisted groups that have people and whose counts the intruder narrows down too far."""
    atoms, problems = atoms_of(found), []
    for period, (known, bases, sought) in read(published, atoms).items():
        # People whose plan nobody knows are listed nowhere; the headline less the plans would be theirs.
        unlisted = [atoms["plan"].isna().to_numpy().astype(float)]
        people = found.customers[found.customers["period"].eq(period)]
        equations, first = np.unique(np.array(known).reshape(-1, len(atoms)), axis=0, return_index=True)
        secrets = {cover.tobytes(): (cover, beside) for cover, beside in [*((one, True) for one in unlisted), *sorted(sought, key=lambda one: -one[1])]}
        for goal, beside in secrets.values():
            true = count(people, atoms, goal)
            if not true or (beside and true >= MIN_BASE):
                continue
            low, high = interval(goal, equations, np.array(bases, dtype=float)[first])
            assert low - TOLERANCE <= true <= high + TOLERANCE
            if high - low < MIN_BASE - TOLERANCE:
                members = atoms[goal > 0][["plan", "region", "district", "tenure", "csat"]].nunique(dropna=False)
                problems.append(f"{period}: {true} people of {dict(members)} lie in {low:.0f} to {high:.0f}: "
                + str({c: atoms[goal > 0][c].unique().tolist() for c in atoms if atoms[goal>0][c].nunique(dropna=False) < atoms[c].nunique(dropna=False)}))
    return problems


def count(people: pd.DataFrame, atoms: pd.DataFrame, goal: np.ndarray) -> int:
    """Return how many people a sum over the smallest groups has in truth."""
    names = ["plan", "district", "tenure", "csat"]
    chosen = atoms.loc[goal > 0, names].astype(object)
    have = people[names].astype(object)
    keys = set(map(tuple, chosen.where(chosen.notna(), None).to_numpy()))
    return sum(key in keys for key in map(tuple, have.where(have.notna(), None).to_numpy()))


def published_of(found: World) -> list[dict]:
    """Return what is published of a world, as JSON."""
    within = nesting(found.customers[list(SEGMENTS)])
    protected = protect(payloads_of(found), Policy(), within=within)
    return [json.loads(json.dumps(one.to_json())) for one in protected.payloads]
