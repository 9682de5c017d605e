"""Staying and paying month by month, summed by customer, so that customers can be drawn again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.economics.spells import Spells
from cxresearch.revenue.ledger import ledger, month_number
from cxresearch.stats.design import Floats
from cxresearch.stats.dominance import Dominance, dominance

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Monthly", "draws", "monthly", "paid_while_here", "staying"]

# What is summed of each month after the start.
EXPOSED, STAYED, PRESENT, PAID = range(4)
# Numbers held at once while customers are drawn.
MOST_NUMBERS = 20_000_000


@dataclass(frozen=True)
class Monthly:
    """Sums by customer of what happened in each month after the start.

    Attributes
    ----------
    levels
        The groups, `all` first.
    sums
        (customers, groups, months, 4) weighted number of spells that could leave in the month, of those that did not,
        of those whose bills of the month are known, and what these were billed.
    customers
        (groups, months) customers whose month is known and who were there.
    n, n_customers
        (groups,) spells and customers.
    unit
        (customers,) the accounts or customers that are drawn.
    unbilled
        Spells of customers without any bill, set aside.
    """

    levels: list[str]
    sums: Floats
    customers: Floats
    n: Floats
    n_customers: Floats
    unit: pd.Index
    unbilled: int

    def total(self) -> Floats:
        """Return (groups, months, 4) the sums over customers."""
        return self.sums.sum(axis=0)

    def dominance(self, group: int) -> Dominance:
        """Return how much of what a group's customers were billed the largest are."""
        return dominance(self.sums[:, group, :, PAID].sum(axis=1))

    def seen(self, fewest: int) -> Floats:
        """Return (groups,) the last month before fewer than so many customers are known."""
        enough = self.customers >= fewest
        return np.where(enough.all(axis=1), enough.shape[1], np.argmin(enough, axis=1)).astype(float)


def monthly(study: "StudyData", spells: Spells, months: int) -> Monthly:
    """Return what happened in each whole calendar month after the start of some spells.

    Parameters
    ----------
    study
        A study with the table `revenue`.
    spells
        Of the same study.
    months
        How many months after that of the start.

    Returns
    -------
    Monthly

    Raises
    ------
    StudyError
        If the study has no revenue.
    """
    paid, last, base = _ledger(study)
    frame = spells.frame
    place = last.index.get_indexer(frame["customer_id"])
    frame, place = frame[place >= 0], place[place >= 0]
    start = month_number(pd.DatetimeIndex(frame["start"])) - base
    at = start[:, None] + np.arange(1, months + 1)
    final = paid.shape[1] - 1
    known = at <= final
    until = last.to_numpy()[place, None]
    exposed, stayed = known & (until >= at - 1), known & (until >= at)
    billed = np.where(stayed, paid[place[:, None], np.clip(at, 0, final)], 0.0)
    parts = np.stack([exposed, stayed, stayed, billed], axis=2) * frame["weight"].to_numpy()[:, None, None]
    code, unit = pd.factorize(frame["unit"])
    members = [np.ones(len(frame), dtype=bool)]
    members += [] if spells.by is None else [frame[spells.by].eq(level).to_numpy() for level in spells.levels]
    sums = np.stack([_by_unit(parts[member], code[member], len(unit)) for member in members], axis=1)
    people = np.array([_people(stayed[member], code[member], len(unit)) for member in members])
    levels = ["all", *([] if spells.by is None else spells.levels)]
    n = np.array([member.sum() for member in members], dtype=float)
    distinct = np.array([len(np.unique(code[member])) for member in members], dtype=float)
    return Monthly(levels, sums, people, n, distinct, unit, len(spells.frame) - len(frame))


def _ledger(study: "StudyData") -> tuple[Floats, pd.Series, int]:
    """Return (customers, months) revenue, the last month of each customer, and the number of the first month."""
    rows = ledger(study)
    number = month_number(pd.DatetimeIndex(rows["month"]))
    base = int(number.min())
    code, ids = pd.factorize(rows["customer_id"])
    paid = np.zeros((len(ids), int(number.max()) - base + 1))
    paid[code, number - base] = rows["revenue"].to_numpy()
    return paid, pd.Series(number - base).groupby(code).max().set_axis(ids), base


def _by_unit(parts: Floats, code: np.ndarray, n_units: int) -> Floats:
    """Return the sums of rows by customer."""
    sums = np.zeros((n_units, *parts.shape[1:]))
    np.add.at(sums, code, parts)
    return sums


def _people(stayed: np.ndarray, code: np.ndarray, n_units: int) -> Floats:
    """Return how many customers were there in each month."""
    return (_by_unit(stayed.astype(float), code, n_units) > 0).sum(axis=0).astype(float)


def staying(total: Floats) -> Floats:
    """Return (…, months) the share still there, from sums (…, months, 4)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = total[..., STAYED] / total[..., EXPOSED]
    # Once everyone has left, nobody can leave: the share stays 0, and is not unknown.
    return np.nan_to_num(np.cumprod(np.where(np.isnan(kept), np.nan, kept), axis=-1), nan=0.0)


def paid_while_here(total: Floats) -> Floats:
    """Return (…, months) the mean bill of those who were there, 0 in months with nobody."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(total[..., PAID] / total[..., PRESENT], nan=0.0, posinf=0.0, neginf=0.0)


def draws(sums: Floats, n_boot: int, seed: int) -> Iterator[Floats]:
    """Yield the totals of (customers, …) sums over customers drawn with replacement."""
    rng, n = np.random.default_rng(seed), len(sums)
    flat = sums.reshape(n, -1)
    block = max(1, min(n_boot, MOST_NUMBERS // max(n, 1)))
    for begin in range(0, n_boot, block):
        times = rng.multinomial(n, np.full(n, 1 / n), size=min(block, n_boot - begin)).astype(float)
        yield from (times @ flat).reshape(-1, *sums.shape[1:])
