"""Monthly revenue and cancellations: what the votes do to money."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.company import small
from cxresearch.demo.dice import stream
from cxresearch.demo.experience import Experience

MONTHS = pd.period_range(planted.FIRST_MONTH, planted.LAST_MONTH, freq="M")
SEASON = {12: 0.03, 1: -0.01, 7: 0.02, 8: 0.02}  # more roaming and gifts, fewer calls


@dataclass(frozen=True)
class Billing:
    """Money, customers x months.

    Attributes
    ----------
    active
        Whether the customer is billed in the month.
    revenue
        Net EUR, rounded to cents; 0 where not active.
    """

    active: np.ndarray
    revenue: np.ndarray

    def last_month(self) -> np.ndarray:
        """Return the number of the last billed month of each customer, -1 if never billed."""
        months = np.where(self.active, np.arange(self.active.shape[1]), -1)
        return months.max(axis=1)


def bill(customers: pd.DataFrame, felt: Experience, seed: int) -> Billing:
    """Return the revenue of every customer and month.

    The vote of a quarter, answered or not, moves the log of the next three months' spend by `VOTE_LOG_SPEND` and the
    log chance of staying a month by `VOTE_LOG_STAY`. The renewal window lowers both, and the vote as well: it is the
    confounder. Its step in the bill lasts, so that revenue before the vote tells all of the windows before.

    Parameters
    ----------
    customers
        Table of `company.customers`.
    felt
        What they felt.
    seed
        Seed of the company.

    Returns
    -------
    Billing
        Who is billed when, and how much.
    """
    votes, window = _in_force(felt.votes), _in_force(felt.window)
    active = _active(customers, votes, window, stream(seed, "stay"))
    rng = stream(seed, "spend")
    price = customers["plan"].map({name: plan.price for name, plan in planted.PLANS.items()}).to_numpy()
    log_mean = (
        np.log(price)[:, None]
        + rng.normal(0, planted.PRICE_SD, (len(customers), 1))
        + np.array([SEASON.get(month.month, 0.0) for month in MONTHS])
        + np.array([planted.PRICE_RISE[1] * (str(month) >= planted.PRICE_RISE[0]) for month in MONTHS])
        + planted.VOTE_LOG_SPEND * votes
        + planted.WINDOW_LOG_SPEND * _in_force(felt.window.cumsum(axis=1))
    )
    noise = rng.normal(0, planted.MONTH_NOISE_SD, log_mean.shape) - planted.MONTH_NOISE_SD**2 / 2
    revenue = np.exp(log_mean + noise) * _exceptions(log_mean.shape, rng)
    return Billing(active, np.round(revenue * active, 2) + 0.0)


def _in_force(table: np.ndarray) -> np.ndarray:
    """Return a customer x latent quarter table by month: each quarter's value holds in the quarter after it."""
    return np.repeat(table[:, :-1], 3, axis=1).astype(float)


def _active(customers: pd.DataFrame, votes: np.ndarray, window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return who is billed when: from the month of signing up until a month in which the customer leaves."""
    months = MONTHS.asi8
    since = pd.PeriodIndex(customers["since"], freq="M").asi8[:, None]
    joined, fresh = since <= months, since == months
    stay = planted.STAY * np.exp(planted.VOTE_LOG_STAY * votes + planted.WINDOW_LOG_STAY * window)
    leaves = (rng.random(stay.shape) > stay) & joined & ~fresh & ~small(customers)[:, None]
    return joined & ~np.logical_or.accumulate(leaves, axis=1)


def _exceptions(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return factors on the bill: 0 in paused months, negative in the one month of a refund, else 1."""
    factor = np.ones(shape)
    factor[rng.random(shape) < planted.ZERO_MONTHS] = 0.0
    refunded = rng.random(shape[0]) < planted.REFUND_MONTHS * shape[1]
    month = rng.integers(0, shape[1], shape[0])
    factor[refunded, month[refunded]] = -rng.uniform(0.1, 0.9, refunded.sum())
    return factor
