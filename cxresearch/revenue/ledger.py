"""What every customer paid in every month with us, and in the months before and after a date."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["SummedBills", "covered_months", "ledger", "month_number", "revenue_between", "summed_bills"]

Numbers = npt.NDArray[np.int64]
REVENUE = "revenue"
# A last month with fewer of the bills of the month before is still being billed.
UNFINISHED = 0.5


def ledger(study: "StudyData", *, after_leaving: bool = False) -> pd.DataFrame:
    """Return what every customer paid in every month with us, refunds taken off.

    Parameters
    ----------
    study
        A study with the table `revenue`. Where its customers have `since` and `churned_at`, these say from when to when
        a customer was with us; a bill outside shows that it was longer. Without them a customer is with us from the
        first bill to the last month of all bills.
    after_leaving
        Whether the months after leaving are there as well, with 0.

    Returns
    -------
    pandas.DataFrame
        One row a customer and month, sorted: `customer_id`, `month` (its first day), `revenue` in the study's currency:
        0 where there was no bill, below 0 where refunds were more than bills. Only `covered_months` are there.
        Customers without any bill are not: they may be billed elsewhere, and what is missing is not 0.

    Raises
    ------
    StudyError
        If the study has no table `revenue`, or no bill in it.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = ledger(cx.load("demo", period="2026Q3"))
    >>> list(found), bool(found.duplicated(["customer_id", "month"]).any())
    (['customer_id', 'month', 'revenue'], False)
    """
    bills = _bills(study)
    first, last = _stay(study, bills)
    covered = month_number(covered_months(study))
    if after_leaving:
        last[:] = covered.max()
    length = last - first + 1
    customer = np.repeat(np.arange(len(first)), length)
    month = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length) + np.repeat(first.to_numpy(), length)
    paid = _matrix(bills, first.index)[customer, month - bills["number"].min()]
    known = np.isin(month, covered)
    frame = pd.DataFrame({"customer_id": first.index[customer], "month": _first_day(month), REVENUE: paid})
    return frame[known].reset_index(drop=True)


def revenue_between(study: "StudyData", customers: pd.Series, starts: pd.Series, months: int) -> pd.DataFrame:
    """Return what customers paid in some months from, or up to, a month of their own.

    Parameters
    ----------
    study
        As for `ledger`.
    customers
        (n,) ids of customers, who may stand there more than once.
    starts
        (n,) any moment of the month from which on months count, none missing.
    months
        How many: 3 is the month of `starts` and the two behind it, -3 the three months before that of `starts`.

    Returns
    -------
    pandas.DataFrame
        On the index of `customers`: `revenue` (the sum, refunds taken off), `months_with_us` (of these), `stayed`
        (1 who was with us in the last of them, else 0), `complete` (whether all these months are covered). The first
        three are missing, and not 0, for who has no bill at all.

    Raises
    ------
    StudyError
        As `ledger` does.
    ValueError
        If `months` is 0.

    Examples
    --------
    >>> import cxresearch as cx
    >>> study = cx.load("demo", period="2026Q3")
    >>> one = study.revenue.head(1)
    >>> revenue_between(study, one["customer_id"], one["month"], 12)["complete"].tolist()
    [True]
    """
    if months == 0:
        raise ValueError("revenue_between: months is 0; give 3 for three months from a date, -3 for three before it.")
    return summed_bills(study).between(customers, starts, months)


@dataclass(frozen=True)
class SummedBills:
    """Bills of all customers, summed once, so that many questions about them cost little.

    Attributes
    ----------
    customers
        (c,) ids of all who were ever billed.
    first, last
        (c,) number of the month in which each came and of the last one with us.
    start
        Number of the first month of all bills.
    sums
        (c, months + 1) what each paid before each month.
    covered
        Numbers of `covered_months`.
    """

    customers: pd.Index
    first: Numbers
    last: Numbers
    start: int
    sums: npt.NDArray[np.float64] = field(repr=False)
    covered: Numbers = field(repr=False)

    def between(self, customers: pd.Series, starts: pd.Series, months: int) -> pd.DataFrame:
        """Return what `revenue_between` does."""
        place = self.customers.get_indexer(pd.Index(customers))
        low = month_number(pd.DatetimeIndex(starts)) + min(months, 0)
        high = low + abs(months)
        edges = [np.clip(edge - self.start, 0, self.sums.shape[1] - 1) for edge in (low, high)]
        begun, ended = self.first[place], self.last[place]
        numbers = {
            REVENUE: self.sums[place, edges[1]] - self.sums[place, edges[0]],
            "months_with_us": np.clip(np.minimum(high, ended + 1) - np.maximum(low, begun), 0, None),
            "stayed": (begun < high) & (ended >= high - 1),
        }
        found = pd.DataFrame({name: np.where(place < 0, np.nan, part) for name, part in numbers.items()})
        found["complete"] = np.searchsorted(self.covered, high) - np.searchsorted(self.covered, low) == high - low
        return found.set_index(customers.index)


def summed_bills(study: "StudyData") -> SummedBills:
    """Return the bills of a study, summed; raises as `ledger` does."""
    bills = _bills(study)
    first, last = _stay(study, bills)
    paid = _matrix(bills, first.index)
    sums = np.concatenate([np.zeros((len(paid), 1)), paid.cumsum(axis=1)], axis=1)
    covered = month_number(covered_months(study))
    return SummedBills(first.index, first.to_numpy(), last.to_numpy(), int(bills["number"].min()), sums, covered)


def covered_months(study: "StudyData") -> pd.DatetimeIndex:
    """Return the months for which the bills of all customers are there, in order.

    A month without any bill amid months with some is a lost export and not covered, unless bills never come monthly. A
    last month with under half of the bills of the month before it is still being billed and not covered either.
    """
    counts = _bills(study)["number"].value_counts().sort_index()
    if len(counts) > 1 and counts.iloc[-1] < UNFINISHED * counts.iloc[-2]:
        counts = counts.iloc[:-1]
    found = counts.index.to_numpy()
    if len(found) > 1 and np.median(np.diff(found)) > 1:
        found = np.arange(found[0], found[-1] + 1)
    return _first_day(found)


def month_number(moments: pd.DatetimeIndex) -> Numbers:
    """Return the month of each moment, counted from January of year 0.

    Examples
    --------
    >>> month_number(pd.DatetimeIndex(["2026-01-31", "2026-02-01"])).tolist()
    [24312, 24313]
    """
    return moments.year.to_numpy(dtype=np.int64) * 12 + moments.month.to_numpy(dtype=np.int64) - 1


def _first_day(numbers: Numbers) -> pd.DatetimeIndex:
    """Return the first day of each month."""
    return pd.DatetimeIndex((numbers - 1970 * 12).astype("datetime64[M]").astype("datetime64[us]"))


def _bills(study: "StudyData") -> pd.DataFrame:
    """Return customer, number of the month and amount of each bill."""
    if not study.has(REVENUE):
        raise StudyError("revenue: the study has no table `revenue`; name customers' monthly bills under tables.")
    rows = study.table(REVENUE)
    rows = rows[rows[REVENUE].notna() & rows["customer_id"].notna() & rows["month"].notna()]
    if rows.empty:
        raise StudyError("revenue: the table `revenue` has no accepted row; see 01-data-quality for the reasons.")
    number = month_number(pd.DatetimeIndex(rows["month"]))
    return pd.DataFrame({"customer_id": rows["customer_id"], "number": number, REVENUE: rows[REVENUE]})


def _stay(study: "StudyData", bills: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the first and last month of each customer with us, among the months of all bills, by customer."""
    months = bills.groupby("customer_id", sort=True)["number"].agg(["min", "max"])
    first, last = months["min"].copy(), pd.Series(bills["number"].max(), index=months.index)
    if study.has("customers"):
        known = study.table("customers").drop_duplicates("customer_id").set_index("customer_id").reindex(months.index)
        if "since" in known:
            first = _numbers(known["since"]).fillna(first).clip(lower=bills["number"].min()).clip(upper=first)
        if "churned_at" in known:
            last = (
                _numbers(known["churned_at"]).clip(upper=bills["number"].max()).fillna(last).clip(lower=months["max"])
            )
    return first.astype(np.int64), last.astype(np.int64)


def _numbers(moments: pd.Series) -> pd.Series:
    """Return the number of the month of each moment, missing where it is."""
    return moments.dt.year * 12 + moments.dt.month - 1


def _matrix(bills: pd.DataFrame, customers: pd.Index) -> npt.NDArray[np.float64]:
    """Return what each customer (rows) paid in each month from the first to the last (columns)."""
    start, end = bills["number"].min(), bills["number"].max()
    paid = np.zeros((len(customers), end - start + 1))
    np.add.at(paid, (customers.get_indexer(bills["customer_id"]), bills["number"] - start), bills[REVENUE])
    return paid
