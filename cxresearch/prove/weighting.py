"""Weights: where who answers depends on what the customer list knows, the raked score holds the population's."""

import numpy as np
import pandas as pd

from cxresearch import metrics, weights
from cxresearch.prove.claims import COVERAGE, TOLD, Claim, claim
from cxresearch.prove.worlds import Shares, scores, true_nps

SECTION = "Weights"
INVITED = 1_200
# Of each plan: its share of the customers, how often they answer, and how they vote.
PLANS: dict[str, tuple[float, float, Shares]] = {
    "A": (0.5, 0.5, (0.1, 0.2, 0.7)),
    "B": (0.3, 0.3, (0.3, 0.3, 0.4)),
    "C": (0.2, 0.15, (0.5, 0.3, 0.2)),
}
VOTES = {3.0: -100.0, 8.0: 0.0, 10.0: 100.0}


def raked(runs: int) -> list[Claim]:
    """Return the coverage of the population's NPS by answers that were raked, and by those that were not."""
    rng = np.random.default_rng(31)
    truth = sum(share * true_nps(shape) for share, _, shape in PLANS.values())
    margins = {"plan": pd.Series({name: share for name, (share, _, _) in PLANS.items()})}
    after, plain, fixed = [], [], []
    for _ in range(runs):
        answers = _answers(rng)
        found = weights.rake(answers, margins)
        after.append(_holds(weights.calibrated_mean(answers, "vote", found), truth))
        fixed.append(_holds(metrics.nps(answers.assign(w=found.weights), weight="w"), truth))
        plain.append(_holds(metrics.nps(answers), truth))
    setting = f"{INVITED:,} invited, answering depends on the plan"
    return [
        claim(SECTION, "the interval after raking holds the population's NPS", setting, after, COVERAGE),
        claim(SECTION, "… with the weights taken as fixed, as the scorecard does", setting, fixed, (COVERAGE[0], 1.0)),
        claim(SECTION, "… if nothing was weighted", setting, plain, TOLD),
    ]


def _answers(rng: np.random.Generator) -> pd.DataFrame:
    """Return who answered of those invited."""
    names = np.array(list(PLANS))
    plan = rng.choice(names, INVITED, p=[share for share, _, _ in PLANS.values()])
    rate = pd.Series(plan).map({name: rate for name, (_, rate, _) in PLANS.items()}).to_numpy()
    plan = plan[rng.random(INVITED) < rate]
    votes = np.empty(len(plan))
    for name, (_, _, shape) in PLANS.items():
        votes[plan == name] = scores(rng, shape, int((plan == name).sum()))
    return pd.DataFrame({"plan": plan, "nps": votes}).assign(vote=lambda frame: frame["nps"].map(VOTES))


def _holds(found: pd.DataFrame, truth: float) -> bool:
    """Return whether an interval holds the truth."""
    return bool(found["conf_low"].iloc[0] <= truth <= found["conf_high"].iloc[0])
