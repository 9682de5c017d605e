"""Inserted questions: dealt blindly, analysed without bias, and a price that is told as it is."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch import questions
from cxresearch.metrics import proportion
from cxresearch.prove.claims import COVERAGE, POWER, TOLD, Claim, claim
from cxresearch.prove.worlds import SHAPES, scores
from cxresearch.questions.assign import assign
from cxresearch.questions.insertion import HARM, effects, n_needed
from cxresearch.questions.sample_ratio import ALPHA, ratio_test
from cxresearch.schema.questions import Assignment
from cxresearch.stats.design import Floats

SECTION = "Inserted questions"
PLAN = {"key": {"public": "prove-only"}, "holdout": 0.15, "waves": ["2026Q1", "2026Q2"],
        "arms": {"pricing": 0.4, "maxdiff": 0.4, "none": 0.2}}  # fmt: skip
UNITS, LEVEL = 600, 0.05
# A p-value under .05 in 5 of 100 plans, no more and no fewer.
BY_CHANCE, WRONG = (0.04, 0.06), (0.0, 0.025)
LEAKED, LEAK = 20_000, 0.02
MODULES = {"pricing": ["pricing"]}
MARGIN, VOTES_SD = 3.0, 78.0
ANSWERS, BUYERS = 400, 300


def dealt(runs: int) -> list[Claim]:
    """Return how often an assignment looks as if it went by what is known of customers: segment, score, revenue."""
    rng = np.random.default_rng(71)
    plan = Assignment.model_validate(PLAN)
    names = [f"{number:07d}" for number in range(UNITS)]
    # What is known runs along the ids, as it does where ids are given in the order in which customers came.
    plans, score = np.arange(UNITS) * 4 // UNITS, scores(rng, SHAPES["50/30/20"], UNITS)
    revenue = np.exp(rng.normal(3, 1, UNITS) + np.arange(UNITS) / UNITS)
    found: dict[str, list[bool]] = {"the segment": [], "the score before": [], "revenue": [], "the wave before": []}
    for run in range(runs):
        key = f"key {run}".encode()
        arm = assign(names, "2026Q1", plan, key, jobs=1)["arm"].cat.codes.to_numpy(dtype=int)
        later = assign(names, "2026Q2", plan, key, jobs=1)["arm"].cat.codes.to_numpy(dtype=int)
        found["the segment"].append(_depends(arm, plans))
        found["the score before"].append(_depends(arm, score.astype(int)))
        found["revenue"].append(bool(stats.kruskal(*(revenue[arm == one] for one in np.unique(arm))).pvalue < LEVEL))
        # The holdout is the same in every wave; all others are dealt anew.
        found["the wave before"].append(_depends(arm[arm > 0], later[arm > 0]))
    setting = f"{UNITS} customers, a holdout and three arms, another key each time; test at 5 %"
    return [
        claim(SECTION, f"the arm seems to depend on {name}", setting, held, BY_CHANCE) for name, held in found.items()
    ]


def leak(runs: int) -> list[Claim]:
    """Return how often the sample-ratio test finds a leak, and how often it suspects one where there is none."""
    rng = np.random.default_rng(72)

    def suspected(share: float) -> bool:
        """Return whether two arms of planned halves are suspected."""
        first = int(rng.binomial(LEAKED, share))
        return ratio_test([first, LEAKED - first], [0.5, 0.5])[2] < ALPHA

    setting = f"two equal arms, {LEAKED:,} units"
    found = [suspected(0.5 - LEAK) for _ in range(runs)]
    still = [suspected(0.5) for _ in range(runs)]
    return [
        claim(SECTION, "a leak of 2 points of all units is found", setting, found, (0.9, 1.0)),
        claim(SECTION, "a leak is suspected where there is none", setting, still, (0.0, ALPHA)),
    ]


def verdicts(runs: int) -> list[Claim]:
    """Return how often a verdict on a module's price is wrong, and how often right, at no harm and at the margin."""
    rng = np.random.default_rng(73)
    enough = int(n_needed(MARGIN, VOTES_SD))
    claims = []
    for n, margin in ((enough, MARGIN), (400, 12.0)):
        setting = f"NPS about 30, {n:,} answers on either side, margin {margin:g} points"
        spared = _told("nps", rng, runs, n, 0.0, margin)
        harmed = _told("nps", rng, runs, n, margin, margin)
        claims += _errors(setting, spared, harmed, powered=n == enough)
    for metric, n, margin in (("completion", 4_000, 0.03), ("clustered completion", 1_500, 0.05)):
        setting = f"{metric}, a rate of 30 %, {n:,} invited on either side, margin {100 * margin:g} points"
        spared, harmed = (_told(metric, rng, runs, n, harm, margin) for harm in (0.0, margin))
        claims += _errors(setting, spared, harmed, powered=False)
    return claims


def _errors(setting: str, spared: list[str], harmed: list[str], *, powered: bool) -> list[Claim]:
    """Return the wrong verdicts, and the right ones."""
    bounds = POWER if powered else TOLD
    return [
        claim(SECTION, "a module that does no harm is said to do harm", setting, _are(spared, HARM), WRONG),
        claim(SECTION, "a harm of the margin is said to be none beyond it", setting, _are(harmed, "none"), WRONG),
        claim(SECTION, "… no harm is shown to be none beyond the margin", setting, _are(spared, "none"), bounds),
        claim(SECTION, "… a harm of the margin is found", setting, _are(harmed, HARM), bounds),
    ]


def _are(told: list[str], word: str) -> list[bool]:
    """Return which verdicts begin with a word."""
    return [verdict.startswith(word) for verdict in told]


def _told(metric: str, rng: np.random.Generator, runs: int, n: int, harm: float, margin: float) -> list[str]:
    """Return the verdict on a module of a given harm, world by world."""
    arm = np.repeat(["pricing", "holdout"], n)
    found = []
    for _ in range(runs):
        column, unit = metric.rsplit(" ", maxsplit=1)[-1], np.arange(2 * n)
        if metric == "nps":
            answers = np.concatenate([scores(rng, _lower(harm), n), scores(rng, _lower(0.0), n)])
        else:
            # Two of a household, or an account, mostly do as each other does.
            unit = unit // 2 if metric.startswith("clustered") else unit
            mood = rng.random(2 * n) if metric == column else _alike(rng, unit)
            answers = (mood < np.where(arm == "pricing", 0.3 - harm, 0.3)).astype(float)
        frame = pd.DataFrame({"unit": unit, "arm": arm, column: answers})
        rows = effects(frame, MODULES, margins={column: margin})
        found.append(str(rows.loc[rows["module"].eq("pricing"), "verdict"].iloc[0]))
    return found


def _lower(harm: float) -> tuple[float, float, float]:
    """Return shares of detractors, passives and promoters whose NPS is lower by some points."""
    return 0.2 + harm / 200, 0.3, 0.5 - harm / 200


def _alike(rng: np.random.Generator, unit: np.ndarray) -> Floats:
    """Return uniform numbers that are the same within a unit in half of the cases."""
    own, common = rng.random(len(unit)), rng.random(unit.max() + 1)[unit]
    return np.where(rng.random(len(unit)) < 0.5, common, own)


def _depends(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether a chi-square test says that two columns go together."""
    width = int(second.max()) + 1
    table = np.bincount(first * width + second, minlength=(int(first.max()) + 1) * width).reshape(-1, width)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return bool(stats.chi2_contingency(table, correction=False).pvalue < LEVEL)


def shares(runs: int) -> list[Claim]:
    """Return the coverage of shares of known probabilities, of a Kano class and of the reach of a set."""
    rng = np.random.default_rng(74)
    held: dict[str, list[bool]] = {name: [] for name in ("hajek", "plain", "kano", "turf")}
    for _ in range(runs):
        asked, truth = _dealt_unequally(rng)
        held["hajek"].append(_holds(proportion(asked, column="yes", weight="weight"), truth))
        held["plain"].append(_holds(proportion(asked, column="yes"), truth))
        pairs, classes = _kano_answers(rng)
        found = questions.kano(pairs).shares
        held["kano"].append(_holds(found[found["class"].eq("must-be")], classes))
        wants, reach = _wants(rng)
        held["turf"].append(_holds(questions.turf(wants, ["a", "b"], sizes=[2], n_boot=0).sets, reach))
    dealt_so = "asked with probability .6 and .15 in two segments that differ"
    return [
        claim(SECTION, "the interval of a share holds the true one (Hájek)", dealt_so, held["hajek"], COVERAGE),
        claim(SECTION, "… if the probabilities were ignored", dealt_so, held["plain"], TOLD),
        claim(SECTION, "the interval holds the true share of must-be", f"{ANSWERS} pairs", held["kano"], COVERAGE),
        claim(SECTION, "the interval holds the reach of a given set", f"{ANSWERS} people", held["turf"], COVERAGE),
    ]


def _dealt_unequally(rng: np.random.Generator) -> tuple[pd.DataFrame, float]:
    """Return answers of two segments asked with different probabilities, and the population's true share."""
    large = rng.random(1_500) < 0.5
    chance = np.where(large, 0.15, 0.6)
    yes = rng.random(1_500) < np.where(large, 0.6, 0.3)
    asked = rng.random(1_500) < chance
    return pd.DataFrame({"yes": yes[asked].astype(float), "weight": 1 / chance[asked]}), 0.45


def _kano_answers(rng: np.random.Generator) -> tuple[pd.DataFrame, float]:
    """Return Kano pairs of one feature, and the true share of must-be."""
    kind = rng.choice(3, ANSWERS, p=[0.35, 0.4, 0.25])
    functional, dysfunctional = np.array([2, 3, 1])[kind], np.array([5, 3, 3])[kind]
    return pd.DataFrame({"feature": "x", "functional": functional, "dysfunctional": dysfunctional}), 0.35


def _wants(rng: np.random.Generator) -> tuple[pd.DataFrame, float]:
    """Return who wants two items that go together, and the true reach of both."""
    both = rng.choice(4, ANSWERS, p=[0.35, 0.25, 0.15, 0.25])
    return pd.DataFrame({"a": np.isin(both, [1, 3]).astype(float), "b": np.isin(both, [2, 3]).astype(float)}), 0.65


def prices(runs: int) -> list[Claim]:
    """Return the coverage of the optimal price point and of the indifference price."""
    rng = np.random.default_rng(75)
    truth = 10.0
    held: dict[str, list[bool]] = {"optimal price": [], "indifference price": []}
    for run in range(runs):
        points = questions.van_westendorp(_named_prices(rng, truth), n_boot=200, seed=run).points.set_index("point")
        for name, hits in held.items():
            row = points.loc[name]
            hits.append(bool(row["conf_low"] <= truth <= row["conf_high"]))
    setting = f"Van Westendorp, {BUYERS} people"
    return [claim(SECTION, f"the interval of the {name} holds the true one", setting, hits, COVERAGE)
            for name, hits in held.items()]  # fmt: skip


def _named_prices(rng: np.random.Generator, centre: float) -> pd.DataFrame:
    """Return four rising prices a person: symmetric in logs about the centre, which both points therefore are."""
    place = np.log(centre) + rng.normal(0, 0.3, BUYERS)
    width = rng.gamma(4, 0.05, BUYERS) + 0.05
    steps: Mapping[str, float] = {"too_cheap": -2, "bargain": -1, "getting_expensive": 1, "too_expensive": 2}
    return pd.DataFrame({name: np.exp(place + step * width).round(2) for name, step in steps.items()})


def best_and_worst(runs: int) -> list[Claim]:
    """Return the coverage of MaxDiff's shares of preference, where people answer several tasks each."""
    rng = np.random.default_rng(76)
    utility = np.array([0.9, 0.4, 0.0, -0.3, -1.0])
    truth = np.exp(utility) / np.exp(utility).sum()
    held, bias = [], []
    for _ in range(runs):
        found = questions.maxdiff(_tasks(rng, utility, 60, 6)).shares.sort_values("item")
        held += list((found["conf_low"].to_numpy() <= truth) & (found["conf_high"].to_numpy() >= truth))
        bias.append(found["estimate"].to_numpy() - truth)
    drift = np.abs(np.mean(bias, axis=0)) <= 3 * np.std(bias, axis=0) / np.sqrt(runs)
    setting = "60 people, 6 tasks of 3 among 5 items"
    return [
        claim(SECTION, "the interval holds an item's true share of preference", setting, held, COVERAGE),
        Claim(SECTION, "the mean share is the true one, within three Monte-Carlo errors", setting, 0,
              float(drift.mean()), (1.0, 1.0)),
    ]  # fmt: skip


def _tasks(rng: np.random.Generator, utility: Floats, people: int, tasks: int) -> pd.DataFrame:
    """Return answered tasks of three items: the best of all, then the worst of the rest."""
    count, shown = people * tasks, 3
    items = rng.random((count, len(utility))).argsort(axis=1)[:, :shown]
    rows = np.arange(count)
    best = (utility[items] + rng.gumbel(size=items.shape)).argmax(axis=1)
    dislike = -utility[items] + rng.gumbel(size=items.shape)
    dislike[rows, best] = -np.inf
    answer = np.zeros(items.shape)
    answer[rows, best], answer[rows, dislike.argmax(axis=1)] = 1, -1
    frame = {"response_id": np.repeat(rows // tasks, shown).astype(str), "task": np.repeat(rows % tasks, shown)}
    return pd.DataFrame({**frame, "item": [f"i{one}" for one in items.ravel()], "answer": answer.ravel()})


def _holds(found: pd.DataFrame, truth: float) -> bool:
    """Return whether the first interval holds the truth."""
    return bool(found["conf_low"].iloc[0] <= truth <= found["conf_high"].iloc[0])
