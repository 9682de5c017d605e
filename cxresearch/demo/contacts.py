"""Service contacts: who called about what, whether a person or the assistant answered, and how it felt."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.billing import Billing
from cxresearch.demo.dice import stream
from cxresearch.demo.experience import Experience

TYPICAL_FEELING = 8.3  # relationship feeling and contact feeling of an ordinary customer
TYPICAL_ENGAGEMENT = 3.6
MEDIAN_MINUTES = {"ai": 1.0, "person": 11.0}


def engagement(seed: int) -> pd.DataFrame:
    """Return the true engagement of each team in each reported quarter.

    Parameters
    ----------
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        Teams x quarters, points on a scale 1-5.
    """
    rng = stream(seed, "engagement")
    lasting = rng.normal(0, 0.5, (len(planted.TEAMS), 1))
    moving = rng.normal(0, 1, (len(planted.TEAMS), len(planted.QUARTERS)))
    table = TYPICAL_ENGAGEMENT + planted.ENGAGEMENT_SD * (lasting + moving)
    return pd.DataFrame(table, index=list(planted.TEAMS), columns=list(planted.QUARTERS))


def contacts(customers: pd.DataFrame, billing: Billing, felt: Experience, seed: int) -> pd.DataFrame:
    """Return all service contacts of the reported quarters in the order of time.

    Parameters
    ----------
    customers, billing, felt
        The company so far.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `contact_id`, `customer` (its row), `quarter` (number of the reported quarter), `contacted_at` (local time),
        `touchpoint`, `handled_by` (ai or person), `team` ("" for ai), `response_minutes`, `resolved_first` (0/1),
        `feeling` (score before rounding) and `score` 0-10.
    """
    rng = stream(seed, "contacts")
    made = [
        _quarter(number, customers["since"].to_numpy(), billing, felt, rng) for number in range(len(planted.QUARTERS))
    ]
    frame = pd.concat(made, ignore_index=True).sort_values("contacted_at", kind="stable", ignore_index=True)
    frame["contact_id"] = [f"C{number:06d}" for number in range(1, len(frame) + 1)]
    shares = {name: share for name, (share, _) in planted.TOUCHPOINTS.items()}
    frame["touchpoint"] = rng.choice(list(shares), len(frame), p=list(shares.values()))
    frame = _handled(frame, rng)
    return _felt(frame, felt, engagement(seed), rng)


def _quarter(
    number: int, since: np.ndarray, billing: Billing, felt: Experience, rng: np.random.Generator
) -> pd.DataFrame:
    """Return who made contact when in one quarter; unhappy customers and those about to renew call more."""
    latent = planted.FIRST_REPORTED + number
    active = billing.active[:, 3 * (latent - 1) : 3 * latent].any(axis=1)
    rate = planted.CONTACTS_A_QUARTER * np.exp(
        0.3 * felt.window[:, latent] - 0.08 * (felt.feeling[:, latent] - TYPICAL_FEELING)
    )
    calls = rng.poisson(np.where(active, rate, 0.0))
    customer = np.repeat(np.arange(len(calls)), calls)
    start = pd.Period(planted.QUARTERS[number], freq="Q")
    day = rng.integers(0, (start.end_time - start.start_time).days + 1, len(customer))
    minute = rng.triangular(7 * 60, 11 * 60, 21 * 60, len(customer)).astype(int)
    when = start.start_time + pd.to_timedelta(day * 1440 + minute, unit="m")
    frame = pd.DataFrame({"customer": customer, "quarter": number, "contacted_at": when})
    return frame[when > since[customer]]


def _handled(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the contacts with who answered, how fast, and whether that settled it."""
    share = frame["quarter"].map(lambda number: planted.AI_SHARE[planted.QUARTERS[number]])
    share = share.where(frame["touchpoint"].isin(["billing", "support", "order"]), share * 0.4)
    ai = rng.random(len(frame)) < share.to_numpy()
    team = np.where(ai, "", rng.choice(planted.TEAMS, len(frame)))
    minutes = np.where(ai, MEDIAN_MINUTES["ai"], MEDIAN_MINUTES["person"]) * np.exp(rng.normal(0, 0.8, len(frame)))
    solved = rng.random(len(frame)) < np.where(ai, planted.FCR_AI, planted.FCR_PERSON)
    return frame.assign(
        handled_by=np.where(ai, "ai", "person"),
        team=team,
        response_minutes=np.round(np.clip(minutes, 0.2, 95), 1),
        resolved_first=solved.astype(int),
    )


def _felt(frame: pd.DataFrame, felt: Experience, engaged: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the contacts with the feeling they left and the score that would be given for them."""
    person = (frame["handled_by"] == "person").to_numpy()
    relationship = felt.feeling[frame["customer"], planted.FIRST_REPORTED + frame["quarter"]]
    team = np.where(person, engaged.to_numpy()[_row_of(frame["team"]), frame["quarter"]] - TYPICAL_ENGAGEMENT, 0.0)
    usual = np.log(np.where(person, MEDIAN_MINUTES["person"], MEDIAN_MINUTES["ai"]))
    feeling = (
        8.0
        + 0.45 * (relationship - TYPICAL_FEELING)
        + frame["touchpoint"].map({name: effect for name, (_, effect) in planted.TOUCHPOINTS.items()}).to_numpy()
        + planted.FCR_SCORE * (frame["resolved_first"].to_numpy() - 0.7)
        + planted.AI_SCORE * ~person
        + planted.WAIT_SCORE * (np.log(frame["response_minutes"].to_numpy()) - usual)
        + planted.ENGAGEMENT_SCORE * team
        + _initiatives(frame)
        + rng.normal(0, 1.35, len(frame))
    )
    return frame.assign(feeling=feeling, score=np.clip(np.rint(feeling), 0, 10).astype(int))


def _row_of(team: pd.Series) -> np.ndarray:
    """Return the row of each team in the table of engagement, 0 where there is none."""
    return team.map({name: row for row, name in enumerate(planted.TEAMS)}).fillna(0).astype(int).to_numpy()


def _initiatives(frame: pd.DataFrame) -> np.ndarray:
    """Return what the initiatives on touchpoints add to the score."""
    total = np.zeros(len(frame))
    quarter = frame["quarter"].map(dict(enumerate(planted.QUARTERS)))
    for change in planted.INITIATIVES.values():
        if change.dimension == "touchpoint":
            total += change.score * ((frame["touchpoint"] == change.level) & (quarter >= change.start)).to_numpy()
    return total
