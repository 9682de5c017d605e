"""What every customer felt in every quarter, answered or not: ratings, score and vote."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream

QUARTERS = len(planted.LATENT_QUARTERS)


@dataclass(frozen=True)
class Experience:
    """The latent truth of the relationship, customers x latent quarters.

    Attributes
    ----------
    ratings
        One array a driver, whole numbers 1-10.
    applies
        One array of booleans a driver: False where the customer has nothing to rate.
    feeling
        Score before rounding, the sum of all planted effects.
    scores
        Whole numbers 0-10: what the customer would answer.
    votes
        -1, 0 or +1.
    window
        Whether the renewal window is open at the time of the survey.
    mailbox
        Whether the closing of the old mailboxes hits the customer (last quarter only).
    """

    ratings: dict[str, np.ndarray]
    applies: dict[str, np.ndarray]
    feeling: np.ndarray
    scores: np.ndarray
    votes: np.ndarray
    window: np.ndarray
    mailbox: np.ndarray


def live(customers: pd.DataFrame, seed: int, without: str | None = None) -> Experience:
    """Return what the customers felt.

    Parameters
    ----------
    customers
        Table of `company.customers`.
    seed
        Seed of the company.
    without
        Name of an initiative that never happened, for its counterfactual; all else stays the same.

    Returns
    -------
    Experience
        Ratings, scores and votes of every customer in every quarter.
    """
    ratings, applies = _ratings(customers, seed, without)
    window = renewal_window(customers)
    mailbox = _mailbox(len(customers), seed)
    feeling = (
        planted.BASE_SCORE
        + sum(driver.effect * (ratings[name] - driver.mean) * applies[name] for name, driver in planted.DRIVERS.items())
        + _levels(customers["plan"], {name: plan.loyalty for name, plan in planted.PLANS.items()})
        + np.array([planted.QUARTER_SCORE.get(quarter, 0.0) for quarter in planted.LATENT_QUARTERS])
        + by_level(customers["region"], region_shocks(seed, "score") * planted.REGION_QUARTER_SD)
        + by_level(customers["district"], _district_shocks(seed) * planted.DISTRICT_QUARTER_SD)
        + planted.WINDOW_SCORE * window
        + planted.MAILBOX_SCORE * mailbox
        + _initiatives(customers, "score", without=without)
        + lasting_noise(len(customers), planted.NOISE_LASTING, stream(seed, "noise")) * planted.NOISE_SD
    )
    scores = np.clip(np.rint(feeling), 0, 10).astype(int)
    return Experience(ratings, applies, feeling, scores, vote(scores), window, mailbox)


def vote(scores: np.ndarray) -> np.ndarray:
    """Return the vote of scores 0-10: promoter +1, passive 0, detractor -1."""
    return (scores >= 9).astype(int) - (scores <= 6).astype(int)


def renewal_window(customers: pd.DataFrame) -> np.ndarray:
    """Return whether the contract ends within the window, at the end of each latent quarter."""
    ends = pd.PeriodIndex(planted.LATENT_QUARTERS, freq="Q").asfreq("M", "end")
    since = pd.PeriodIndex(customers["since"], freq="M")
    months = ends.asi8[None, :] - since.asi8[:, None]
    term = customers["contract_months"].to_numpy()[:, None]
    left = np.where(term > 0, term - months % np.maximum(term, 1), planted.WINDOW_MONTHS + 1)
    return (months > 0) & (left <= planted.WINDOW_MONTHS)


def region_shocks(seed: int, purpose: str) -> np.ndarray:
    """Return region x quarter movements of mean 0 by region and by quarter and standard deviation 1."""
    return _two_way(stream(seed, f"region {purpose}").normal(size=(len(planted.REGIONS), QUARTERS)))


def by_level(levels: pd.Series, table: np.ndarray) -> np.ndarray:
    """Return a level x quarter table laid out customer by customer; levels stand in sorted or declared order."""
    order = list(planted.REGIONS) if set(levels) <= set(planted.REGIONS) else sorted(set(levels))
    return table[pd.Categorical(levels, categories=order).codes]


def lasting_noise(count: int, lasting: float, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal noise, customers x quarters, of which a share of the variance lasts."""
    whole = rng.normal(size=(count, 1)) * np.sqrt(lasting)
    return whole + rng.normal(size=(count, QUARTERS)) * np.sqrt(1 - lasting)


def _ratings(customers: pd.DataFrame, seed: int, without: str | None) -> tuple[dict, dict]:
    """Return the ratings of all drivers and where they apply."""
    common = lasting_noise(len(customers), planted.DRIVER_LASTING, stream(seed, "common"))
    ratings, applies = {}, {}
    for name, driver in planted.DRIVERS.items():
        rng = stream(seed, f"driver {name}")
        own = lasting_noise(len(customers), 0.4, rng)
        level = driver.loading * common + np.sqrt(1 - driver.loading**2) * own
        rating = driver.mean + planted.DRIVER_SD * level + _initiatives(customers, name, without=without)
        if name == "network":
            rating = rating + _network_shift(customers, seed)
        ratings[name] = np.clip(np.rint(rating), 1, 10).astype(int)
        applies[name] = rng.random(rating.shape) >= driver.not_applicable
    applies["speed"] &= customers["access"].ne("Mobile").to_numpy()[:, None]
    return ratings, applies


def _network_shift(customers: pd.DataFrame, seed: int) -> np.ndarray:
    """Return what moves the network rating: local coverage and the national outage."""
    local = by_level(customers["region"], region_shocks(seed, "network") * planted.REGION_QUARTER_NETWORK_SD)
    outage = np.array(planted.LATENT_QUARTERS) == planted.OUTAGE_QUARTER
    return local + outage * planted.OUTAGE_NETWORK_RATING


def _district_shocks(seed: int) -> np.ndarray:
    """Return district x quarter movements of standard deviation 1."""
    return _two_way(stream(seed, "district").normal(size=(planted.DISTRICTS, QUARTERS)))


def _two_way(table: np.ndarray) -> np.ndarray:
    """Return a table without row and column means over the reported quarters, of standard deviation 1 there."""
    shown = slice(planted.FIRST_REPORTED, None)
    table = table - table[:, shown].mean(axis=1, keepdims=True)
    table = table - table.mean(axis=0, keepdims=True)
    return table / table[:, shown].std()


def _levels(values: pd.Series, effects: dict[str, float]) -> np.ndarray:
    """Return the effect of each customer's level, as a column."""
    return values.map(effects).to_numpy(dtype=float)[:, None]


def _initiatives(customers: pd.DataFrame, target: str, without: str | None) -> np.ndarray:
    """Return what the initiatives on customers add to the score or to a driver's rating."""
    total = np.zeros((len(customers), QUARTERS))
    for name, change in planted.INITIATIVES.items():
        if name == without or change.dimension not in customers.columns:
            continue
        effect = change.score if target == "score" else change.rating if target == change.driver else 0.0
        after = np.array(planted.LATENT_QUARTERS) >= change.start
        total += effect * np.outer(customers[change.dimension] == change.level, after)
    return total


def _mailbox(count: int, seed: int) -> np.ndarray:
    """Return who is hit by the closing of the mailboxes, in the last quarter."""
    hit = np.zeros((count, QUARTERS), dtype=bool)
    hit[:, -1] = stream(seed, "mailbox").random(count) < planted.MAILBOX_SHARE
    return hit
