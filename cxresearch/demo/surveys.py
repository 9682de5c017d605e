"""Invitations and answers: who was asked, who answered and what, before anything went wrong with it."""

import hashlib
import hmac

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.billing import Billing
from cxresearch.demo.company import small
from cxresearch.demo.dice import stream
from cxresearch.demo.experience import Experience, vote

TIMEZONE = "Europe/Berlin"
END = pd.Timestamp(planted.LAST_MONTH) + pd.offsets.MonthEnd() + pd.Timedelta(days=1)
MEDIAN_SECONDS = {"relationship": 235, "transactional": 105}
ARM_SECONDS = {"pricing": 70, "maxdiff": 140, "features": 110}


def invitations(
    customers: pd.DataFrame, billing: Billing, felt: Experience, contacts: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return everyone who was asked, with what they would answer and whether they did.

    Parameters
    ----------
    customers, billing, felt, contacts
        The company so far.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `invitation_id`, `customer` (its row), `quarter` (of the invitation), `survey`, `invited_at` (local), `mode`,
        `touchpoint`, `contact` (row of the contact or -1), `window` (0/1), `arm`, `feeling`, `score`, `answered` (bool)
        and `responded_at` (local).
    """
    rng = stream(seed, "invitations")
    asked = [_relationship(number, customers, billing, felt, rng) for number in range(len(planted.QUARTERS))]
    frame = pd.concat([*asked, _transactional(contacts, rng)], ignore_index=True)
    frame = frame.sort_values("invited_at", kind="stable", ignore_index=True)
    frame["invitation_id"] = [f"I{number:06d}" for number in range(1, len(frame) + 1)]
    latent = planted.FIRST_REPORTED + frame["quarter"]
    frame["window"] = felt.window[frame["customer"], latent].astype(int)
    frame["mode"] = _mode(customers, seed)[frame["customer"]]
    frame["arm"] = _arms(frame, customers)
    return _answered(frame, customers, seed)


def arm_of(unit: str, wave: str) -> str:
    """Return the arm of a unit in a wave: `holdout`, permanent, or one of the plan's arms.

    Parameters
    ----------
    unit
        Account where there is one, else customer.
    wave
        Period of the wave.

    Returns
    -------
    str
        `holdout` or a name of `planted.ARMS`.
    """
    if _uniform("holdout", unit) < planted.HOLDOUT:
        return "holdout"
    place = np.searchsorted(np.cumsum(list(planted.ARMS.values())), _uniform("arm", wave, unit), side="right")
    return list(planted.ARMS)[min(int(place), len(planted.ARMS) - 1)]


def unit_of(customers: pd.DataFrame) -> pd.Series:
    """Return the unit of assignment of each customer: the account where there is one."""
    return customers["account"].where(customers["account"] != "", customers["customer_id"])


def _uniform(*parts: str) -> float:
    """Return the keyed hash of the parts as a number in [0, 1)."""
    digest = hmac.new(planted.MODULE_KEY.encode(), "\x1f".join(parts).encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _relationship(
    number: int, customers: pd.DataFrame, billing: Billing, felt: Experience, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the relationship invitations of a quarter: a sample of the active, early in its last month."""
    latent = planted.FIRST_REPORTED + number
    month = pd.Period(planted.QUARTERS[number], freq="Q").asfreq("M", "end").start_time
    active = billing.active[:, 3 * latent - 1] & (customers["since"] < month).to_numpy()
    chosen = np.flatnonzero(active & ((rng.random(len(active)) < planted.INVITED_SHARE) | small(customers)))
    minutes = rng.integers(2, 9, len(chosen)) * 1440 + rng.integers(8 * 60, 11 * 60, len(chosen))
    return pd.DataFrame(
        {
            "customer": chosen,
            "quarter": number,
            "survey": "relationship",
            "invited_at": month + pd.to_timedelta(minutes, unit="m"),
            "touchpoint": "",
            "contact": -1,
            "feeling": felt.feeling[chosen, latent],
            "score": felt.scores[chosen, latent],
        }
    )


def _transactional(contacts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the transactional invitations: nine of ten contacts, a few hours later."""
    chosen = np.flatnonzero(rng.random(len(contacts)) < 0.9)
    frame = contacts.iloc[chosen]
    later = pd.to_timedelta(rng.integers(60, 26 * 60, len(frame)), unit="m")
    frame = frame.assign(
        survey="transactional", contact=chosen, invited_at=_daytime(frame["contacted_at"] + later, rng)
    )
    frame = frame[frame["invited_at"] < END]
    quarter = pd.PeriodIndex(frame["invited_at"], freq="Q").astype(str)
    frame = frame.assign(quarter=[planted.QUARTERS.index(name) for name in quarter])
    return frame[["customer", "quarter", "survey", "invited_at", "touchpoint", "contact", "feeling", "score"]]


def _daytime(moments: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Return moments, those of the night moved to some time between 7 and 22 of the same day."""
    hour = moments.dt.hour
    moved = moments.dt.floor("D") + pd.to_timedelta(rng.integers(7 * 60, 22 * 60, len(moments)), unit="m")
    return moments.where((hour >= 7) & (hour <= 21), moved)


def _mode(customers: pd.DataFrame, seed: int) -> np.ndarray:
    """Return how each customer is asked: by e-mail or by text message."""
    share = np.where(customers["access"] == "Mobile", 0.55, 0.2)
    return np.where(stream(seed, "mode").random(len(customers)) < share, "sms", "email").astype(object)


def _arms(frame: pd.DataFrame, customers: pd.DataFrame) -> list[str]:
    """Return the arm of each invitation that a module could follow: relationship, in a wave, with consent."""
    units, consent = unit_of(customers).to_numpy(dtype=object), customers["consent"].to_numpy()
    return [
        arm_of(units[customer], planted.QUARTERS[quarter])
        if survey == "relationship" and planted.QUARTERS[quarter] in planted.MODULE_WAVES and consent[customer]
        else ""
        for customer, quarter, survey in zip(frame["customer"], frame["quarter"], frame["survey"], strict=True)
    ]


def _answered(frame: pd.DataFrame, customers: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the invitations with whether and when they were answered."""
    rng = stream(seed, "answering")
    person = rng.normal(0, planted.RESPONSE_LASTING_SD, len(customers))
    tenure = (frame["invited_at"] - customers["since"].to_numpy()[frame["customer"]]).dt.days / 365.25
    plan = customers["plan"].map({name: plan.response_logit for name, plan in planted.PLANS.items()}).to_numpy()
    logit = (
        frame["survey"].map(planted.RESPONSE_LOGIT)
        + planted.RESPONSE_PER_VOTE * vote(frame["score"].to_numpy())
        + planted.RESPONSE_PER_LOG_TENURE * (np.log(tenure.clip(lower=0.1)) - 1.4)
        + plan[frame["customer"]]
        + person[frame["customer"]]
    )
    answered = rng.random(len(frame)) < 1 / (1 + np.exp(-logit.to_numpy()))
    faithful = small(customers)[frame["customer"]] & (frame["survey"] == "relationship").to_numpy()
    longest = np.where(frame["survey"] == "relationship", 15, 6)
    lag = np.minimum(rng.exponential(2.2, len(frame)), longest) * 1440 + 4
    when = frame["invited_at"] + pd.to_timedelta(lag * 60, unit="s").floor("s")
    when = _daytime(when, rng) + pd.to_timedelta(rng.integers(0, 60, len(frame)), unit="s")
    # An answer of the night is moved within its day; none may come before its invitation.
    when = when.where(when > frame["invited_at"], frame["invited_at"] + pd.Timedelta(minutes=9))
    return frame.assign(answered=(answered | faithful) & (when < END).to_numpy(), responded_at=when.dt.floor("s"))


def answers(
    invited: pd.DataFrame, customers: pd.DataFrame, felt: Experience, contacts: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return one complete answer for each answered invitation.

    Parameters
    ----------
    invited
        Table of `invitations`.
    customers, felt, contacts
        The company so far.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        The columns of the invitations that were answered, and `response_id`, `wave` (number of the quarter of the
        answer), `csat` (1-5), `slider` (0-100), `ces` (1-7, higher is easier), `fcr` (0/1, transactional), one column a
        driver (0 = not applicable; relationship), `team`, `handled_by`, `duration` (seconds), `language`.
    """
    rng = stream(seed, "answers")
    frame = invited[invited["answered"]].sort_values("responded_at", kind="stable", ignore_index=True)
    wave = pd.PeriodIndex(frame["responded_at"], freq="Q").astype(str)
    frame["wave"] = [planted.QUARTERS.index(name) for name in wave]
    frame["response_id"] = _response_ids(len(frame), rng)
    relationship = (frame["survey"] == "relationship").to_numpy()
    level = np.clip(1 + (frame["feeling"] - 2.2) * 0.52 + rng.normal(0, 0.5, len(frame)), 1, 5)
    frame["csat"] = np.rint(level).astype(int)
    frame["slider"] = _slider(level.to_numpy(), rng)
    solved = np.where(frame["contact"] >= 0, contacts["resolved_first"].to_numpy()[frame["contact"]], 0)
    ease = 5.2 + 0.5 * (frame["feeling"] - 8.1) + 0.7 * (solved - 0.7) * ~relationship + rng.normal(0, 0.9, len(frame))
    frame["ces"] = np.clip(np.rint(ease), 1, 7).astype(int)
    misremembered = rng.random(len(frame)) < 0.06
    frame["fcr"] = np.where(relationship, np.nan, np.where(misremembered, 1 - solved, solved))
    for column in ("team", "handled_by"):
        source = contacts[column].to_numpy(dtype=object)
        frame[column] = np.where(relationship, "", source[frame["contact"]])
    latent = planted.FIRST_REPORTED + frame["quarter"].to_numpy()
    for name in planted.DRIVERS:
        rating = np.where(felt.applies[name], felt.ratings[name], 0)[frame["customer"], latent]
        frame[name] = np.where(relationship, rating, np.nan)
    median = frame["survey"].map(MEDIAN_SECONDS) + frame["arm"].map(ARM_SECONDS).fillna(0)
    frame["duration"] = np.maximum(60, median * np.exp(rng.normal(0, 0.42, len(frame)))).round().astype(int)
    german = stream(seed, "language").random(len(customers)) < planted.GERMAN_SHARE
    frame["language"] = np.where(german[frame["customer"]], "DE", "EN")
    return frame


def _slider(level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return 0-100 on a slider for satisfaction 1-5; half of the people stop at a multiple of ten."""
    place = np.clip((level - 1) * 25 + rng.normal(0, 4, len(level)), 0, 100)
    return np.where(rng.random(len(level)) < 0.5, np.rint(place / 10) * 10, np.rint(place)).astype(int)


def _response_ids(count: int, rng: np.random.Generator) -> list[str]:
    """Return ids as the survey platform makes them: R_ and fifteen letters and digits."""
    letters = np.array(list("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return ["R_" + "".join(row) for row in letters[rng.integers(0, len(letters), (count, 15))]]
