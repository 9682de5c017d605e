"""Purchases of a transactional business: who bought again, and what customers will be worth."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.economics.bgnbd import BgNbd, GammaGamma, bg_nbd, customer_value, gamma_gamma
from cxresearch.economics.lifetime_value import REVENUE_ONLY, terms_of
from cxresearch.metrics.table import check_level
from cxresearch.revenue.ledger import covered_months, month_number
from cxresearch.stats.design import Floats
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["purchase_value", "transactions"]

# Repeat purchases by which customers are told apart.
BANDS, NAMES = (0, 1, 2, 4, np.inf), ("none", "1", "2–3", "4 and more")
RELATED = 0.3


def transactions(study: "StudyData") -> pd.DataFrame:
    """Return how often and how recently each customer bought, as BG/NBD and gamma-gamma take it.

    Parameters
    ----------
    study
        A study with `business: transactional` and the table `revenue`. A purchase is a month in which more was bought
        than given back: intake keeps revenue by month.

    Returns
    -------
    pandas.DataFrame
        One row a customer: `customer_id`, `frequency` (repeat purchases), `recency` (months from the first to the
        last), `T` (months from the first to the last month of bills), `monetary` (mean value of the repeat
        purchases, missing without one). Who first bought in the last month had no time to buy again and is left out.

    Raises
    ------
    StudyError
        If the business is contractual, or there is no purchase.
    """
    if study.definition.business != "transactional":
        raise StudyError(
            "purchases: this value is for customers who buy when they like (`business: transactional` in study.yaml); "
            f"found {study.definition.business or 'nothing said'}. Use `lifetime_value` for others."
        )
    if not study.has("revenue"):
        raise StudyError("purchases: the study has no table `revenue`; name customers' purchases under tables.")
    rows = study.revenue[study.revenue["revenue"].gt(0) & study.revenue["customer_id"].notna()]
    if rows.empty:
        raise StudyError("purchases: no row of `revenue` is over 0; are refunds alone in it?")
    end = int(month_number(covered_months(study)).max())
    rows = rows.assign(number=month_number(pd.DatetimeIndex(rows["month"])))
    months = rows[rows["number"].le(end)].groupby(["customer_id", "number"], sort=True)["revenue"].sum().reset_index()
    found = months.groupby("customer_id", sort=True)["number"].agg(["count", "min", "max"])
    again = months[months["number"].gt(months["customer_id"].map(found["min"]))]
    frame = pd.DataFrame(
        {"frequency": found["count"] - 1, "recency": found["max"] - found["min"], "T": end - found["min"],
         "monetary": again.groupby("customer_id")["revenue"].mean()}
    )  # fmt: skip
    return frame[frame["T"].gt(0)].reset_index()


def purchase_value(
    study: "StudyData", *, months: int = 12, margin: float = 1.0, discount: float = 0.1,
    conf_level: float = 0.95, n_draws: int = 200, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Return what customers of a transactional business are expected to be worth, by how often they bought again.

    Parameters
    ----------
    study
        As for `transactions`.
    months, margin, discount
        As for `lifetime_value`.
    conf_level, n_draws, seed
        Of the interval: parameters are drawn from the normal approximation of their likelihood.

    Returns
    -------
    pandas.DataFrame
        One row for all and for each band: `repeat_purchases`, `n`, `n_customers`, `n_eff`, `estimate` (money of one
        customer in these months), `std_error`, `conf_low`, `conf_high`, `alive` (mean probability of still buying),
        `expected` (purchases of one customer), `months`, `flag`.

    Raises
    ------
    StudyError, ValueError
        As `transactions`, `bg_nbd`, `gamma_gamma` and `lifetime_value` do.
    """
    check_level(conf_level)
    terms = terms_of(months, margin, discount, extrapolate=False)
    frame = transactions(study)
    buying, spending = bg_nbd(frame), gamma_gamma(frame)
    band = pd.cut(frame["frequency"], BANDS, right=False, labels=NAMES).astype("str")
    names = ["all", *(name for name in NAMES if band.eq(name).any())]
    rows = [np.ones(len(frame), dtype=bool), *(band.eq(name).to_numpy() for name in names[1:])]

    def of(purchases: BgNbd, spend: GammaGamma) -> Floats:
        """Return the mean value of each band under some parameters."""
        value = margin * customer_value(frame, purchases, spend, months=terms.months, discount=discount).to_numpy()
        return np.array([value[member].mean() for member in rows])

    again = np.array([of(*pair) for pair in _drawn(buying, spending, n_draws, seed)])
    low, high = np.quantile(again, [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    n = np.array([int(member.sum()) for member in rows])
    numbers = {"repeat_purchases": names, "n": n, "n_customers": n, "n_eff": n.astype(float)}
    numbers |= {"estimate": of(buying, spending), "std_error": again.std(axis=0, ddof=1)}
    numbers |= {"conf_low": low, "conf_high": high, "alive": _means(buying.p_alive(frame), rows)}
    numbers |= {"expected": _means(buying.expected(frame, float(months)), rows), "months": months}
    notes = [_related(spending), "" if margin < 1 else REVENUE_ONLY]
    flags = ["; ".join(word for word in (str(base), *notes) if word) for base in base_flag(n, n)]
    return pd.DataFrame(numbers | {"flag": flags}).astype({"repeat_purchases": "str", "flag": "str"})


def _drawn(buying: BgNbd, spending: GammaGamma, n_draws: int, seed: int) -> Iterator[tuple[BgNbd, GammaGamma]]:
    """Yield both models with parameters drawn from what the data leave open."""
    rng = np.random.default_rng(seed)
    shifts = [rng.multivariate_normal(np.zeros(len(one.values)), one.covariance, n_draws) for one in (buying, spending)]
    for first, second in zip(*shifts, strict=True):
        yield (replace(buying, values=buying.values * np.exp(first)),
               replace(spending, values=spending.values * np.exp(second)))  # fmt: skip


def _means(values: pd.Series, rows: list[np.ndarray]) -> Floats:
    """Return the mean of some values in each band."""
    return np.array([values.to_numpy()[member].mean() for member in rows])


def _related(spending: GammaGamma) -> str:
    """Return a warning where those who buy often spend otherwise, which gamma-gamma takes not to be so."""
    if abs(spending.correlation) < RELATED:
        return ""
    return f"frequency and value of purchases go together (r = {spending.correlation:.2f}), which the model denies"
