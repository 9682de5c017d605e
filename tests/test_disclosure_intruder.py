"""An intruder who has the published results and a solver: what can be said of the groups that were hidden?

The intruder reads the JSON of protected results alone and knows how the world is built: which groups are parts of
which. Every shown base is an equation over the smallest groups, whose counts are no less than zero. A hidden group is
safe where linear programming leaves its count an interval of at least `min_base`.
"""

import json
from dataclasses import dataclass
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
WORLDS = 16
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
    rows = [{**dict(zip(names, level, strict=True)), **measured(part)} for level, part in now.groupby(list(names))]
    return pd.DataFrame(rows)


def tab(now, row_level_of) -> pd.DataFrame:
    """Return a question by a banner."""
    rows = []
    for banner, level in [
        (WHOLE, WHOLE),
        *((name, found) for name in ("plan", "region") for found in sorted(now[name].dropna().unique())),
    ]:
        part = now if banner == WHOLE else now[now[banner].eq(level)]
        rows += [
            {"row": "nps", "row_level": label, "banner": banner, "banner_level": level, **measured(part)}
            for label in row_level_of
        ]
    return pd.DataFrame(rows)


def payloads_of(found: World) -> list[Payload]:
    """Return the results of a run in the shapes that notebooks show."""
    past, now = (found.customers[found.customers["period"].eq(period)] for period in PERIODS)
    trend = pd.DataFrame(
        [{"period": period, **measured(part)} for period, part in zip(PERIODS, (past, now), strict=True)]
    )
    tenures = by_segment(now, ("tenure",), whole=False)
    frames = {
        "headline": pd.DataFrame([{"metric": "nps", **measured(now, past)}]),
        "trend": trend,
        "segments": by_segment(now, ("plan", "region")),
        "changes": by_segment(now, ("plan", "region", "tenure"), past, whole=False),
        "districts": wide(now, ("district",)),
        "screen": crossed(now, "plan", "region"),
        "crossed": wide(now, ("plan", "tenure")),
        "csat": by_segment(now[now["csat"]], ("plan", "region")),
        "one": tenures.nlargest(1, "n").reset_index(drop=True),
        "tab": tab(now, ("promoters", "detractors")),
    }
    where = {"period": PERIODS[1], "compare_to": PERIODS[0]}
    metric = {name: "csat" if name == "csat" else "nps" for name in frames}
    return [
        Payload(key=name, kind="table", grid=Grid.of(frame), provenance=where, arguments={"metric": metric[name]})
        for name, frame in frames.items()
        if len(frame)
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
        people = found.customers[found.customers["period"].eq(period)]
        equations, first = np.unique(np.array(known).reshape(-1, len(atoms)), axis=0, return_index=True)
        counts = np.array(bases, dtype=float)[first]
        # People whose plan nobody knows are listed nowhere; the headline less the plans would be theirs.
        unlisted = (atoms["plan"].isna().to_numpy().astype(float), True)
        secrets = {
            goal.tobytes(): (goal, beside) for goal, beside in [unlisted, *sorted(sought, key=lambda one: -one[1])]
        }
        for goal, beside in secrets.values():
            true = count(people, atoms, goal)
            if true and not (beside and true >= MIN_BASE):
                low, high = interval(goal, equations, counts)
                assert low - TOLERANCE <= true <= high + TOLERANCE
                if high - low < MIN_BASE - TOLERANCE:
                    problems.append(f"{period}: a group of {true} lies in {low:.0f} to {high:.0f}")
    return problems


def count(people: pd.DataFrame, atoms: pd.DataFrame, goal: np.ndarray) -> int:
    """Return how many people a sum over the smallest groups has in truth."""
    names = ["plan", "district", "tenure", "csat"]
    chosen = atoms.loc[goal > 0, names].astype(object)
    have = people[names].astype(object)
    keys = set(map(tuple, chosen.where(chosen.notna(), None).to_numpy()))
    return sum(key in keys for key in map(tuple, have.where(have.notna(), None).to_numpy()))


def published_of(found: World, *, blind: bool = False) -> list[dict]:
    """Return what is published of a world, as JSON; blind is who does not know which segments lie within others."""
    within = {} if blind else nesting(found.customers[list(SEGMENTS)])
    protected = protect(payloads_of(found), Policy(), within=within)
    return [json.loads(json.dumps(one.to_json())) for one in protected.payloads]


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [world(seed) for seed in range(WORLDS)]


@pytest.fixture(scope="module")
def published(worlds) -> list[list[dict]]:
    return [published_of(one) for one in worlds]


def test_no_hidden_group_is_narrowed_down_to_fewer_than_the_minimum(worlds, published):
    found = {seed: exposed(*one) for seed, one in enumerate(zip(worlds, published, strict=True))}
    assert {seed: problems for seed, problems in found.items() if problems} == {}


def test_the_worlds_hide_and_show_something(published):
    rows = [row for results in published for result in results for row in result["frame"]["rows"]]
    assert 0.2 < np.mean([row[-1] == HIDDEN for row in rows]) < 0.8


@pytest.mark.parametrize(
    ("part", "less"),
    [
        ("_completed", lambda groups, why, min_base: why.tolist()),
        ("_of_short_lines", lambda groups, sums, why, min_base: np.empty(0, dtype=int)),
    ],
)
def test_the_intruder_finds_groups_where_no_more_is_hidden_than_the_small_ones(worlds, monkeypatch, part, less):
    """The attack works: with complementary suppression switched off, most worlds give groups away."""
    monkeypatch.setattr(suppress, part, less)
    if part == "_of_short_lines":
        monkeypatch.setattr(suppress, "_of_exposed_cells", lambda groups, why, min_base, safe: np.empty(0, dtype=int))
    assert sum(bool(exposed(one, published_of(one))) for one in worlds[:6]) >= 4


def test_a_district_would_be_found_where_nobody_knew_of_its_region(worlds):
    """What each table hides by itself does not suffice where one segment lies within another."""
    assert any(exposed(one, published_of(one, blind=True)) for one in worlds[:6])


# --- scores --------------------------------------------------------------------------------------------------------


def test_no_score_of_a_hidden_group_follows_from_shown_bases_and_scores(worlds, published):
    """Net votes of the groups obey the same sums as their bases, and may be negative: nothing bounds them."""
    for one, results in zip(worlds, published, strict=True):
        atoms = atoms_of(one)
        for period, (known, _, sought) in read(results, atoms).items():
            people = one.customers[one.customers["period"].eq(period)]
            small = [goal for goal, _ in sought if 0 < count(people, atoms, goal) < MIN_BASE]
            if known and small:
                solution = np.linalg.lstsq(np.array(known).T, np.array(small).T, rcond=None)[0]
                gaps = np.abs(np.array(known).T @ solution - np.array(small).T).max(axis=0)
                assert gaps.min() > TOLERANCE
