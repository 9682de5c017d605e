"""The employee survey: what each team says about its work, quarter by quarter."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.contacts import engagement
from cxresearch.demo.dice import stream

ITEMS = {
    "E1": "I am proud to work for Halden Telecom",
    "E2": "I have what I need to solve customers' problems",
    "E3": "My team lead listens",
    "E4": "I can see myself here in two years",
    "E5": "My workload is manageable",
}
AGREEMENT = {
    1.0: "Strongly disagree",
    2.0: "Disagree",
    3.0: "Neither",
    4.0: "Agree",
    5.0: "Strongly agree",
    9.0: "Prefer not to say",
}
ROLES = {1.0: "Agent", 2.0: "Field technician", 3.0: "Team lead"}
PREFER_NOT = 9.0


def staff_answers(seed: int) -> pd.DataFrame:
    """Return the employee survey, one row an anonymous answer.

    Parameters
    ----------
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `TEAM`, `WAVE` (quarter), `ROLE` (code), `E1`-`E5` (1-5, 9 = prefer not to say) and `ENGAGE` (mean of the
        answered items, as the survey house delivers it).
    """
    rng = stream(seed, "staff")
    made = []
    for team, row in engagement(seed).iterrows():
        for quarter, level in row.items():
            count = planted.EMPLOYEES_PER_TEAM + int(rng.integers(-3, 4))
            person = level + rng.normal(0, 0.5, (count, 1))
            items = np.clip(np.rint(person + rng.normal(0, 0.6, (count, len(ITEMS)))), 1, 5)
            items[rng.random(items.shape) < 0.02] = PREFER_NOT
            role = rng.choice(list(ROLES), count, p=[0.72, 0.2, 0.08])
            frame = pd.DataFrame(items, columns=list(ITEMS)).assign(TEAM=team, WAVE=quarter, ROLE=role)
            made.append(frame)
    frame = pd.concat(made, ignore_index=True)
    answered = frame[list(ITEMS)].where(frame[list(ITEMS)] != PREFER_NOT)
    frame["ENGAGE"] = answered.mean(axis=1).round(2).fillna(PREFER_NOT)
    return frame[["TEAM", "WAVE", "ROLE", *ITEMS, "ENGAGE"]]
