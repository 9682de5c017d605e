"""What a new customer costs, what is had for it, and when it has been earned back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.economics.lifetime_value import REVENUE_ONLY, Values, terms_of, values_of
from cxresearch.economics.retention import NOT_SEEN
from cxresearch.economics.spells import spells_from_signup
from cxresearch.metrics.table import check_level
from cxresearch.revenue.ledger import covered_months
from cxresearch.stats.design import Floats
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["acquisition_cost", "unit_economics"]

CHANNEL = "channel"
NO_CUSTOMERS, NO_COST, NOT_PAID_BACK = "cost without new customers", "no cost given", "not earned back in these months"


def acquisition_cost(study: "StudyData", *, by_period: bool = True) -> pd.DataFrame:
    """Return what a new customer cost, by channel and period.

    Parameters
    ----------
    study
        A study with a table `costs`: `cost`, `new_customers`, and `channel` and `period` where they are known.
    by_period
        Whether periods are told apart.

    Returns
    -------
    pandas.DataFrame
        One row a period and channel, then `all` channels: `period` (if told apart), `channel`, `n` and `n_customers`
        (new customers), `cost` (money), `estimate` (money a new customer), `flag`. It is a sum of the books, not a
        sample, and has no interval.

    Raises
    ------
    StudyError
        If the study has no costs, or no new customers stand beside them.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.acquisition_cost(cx.load("demo", period="2026Q3"), by_period=False)
    >>> found["channel"].tolist()
    ['all', 'online', 'partner', 'shop', 'takeover', 'telesales']
    """
    costs = _costs(study)
    keys = ["period"] if by_period and "period" in costs else []
    if by_period and not keys:
        raise StudyError("cost of new customers: the table `costs` has no `period`; name it, or give by_period=False.")
    everyone = costs.assign(**{CHANNEL: "all"})
    rows = pd.concat([everyone, costs]) if CHANNEL in costs else everyone
    sums = rows.groupby([*keys, CHANNEL], sort=True)[["new_customers", "cost"]].sum(min_count=1).reset_index()
    some = sums["new_customers"].gt(0)
    each = (sums["cost"] / sums["new_customers"]).where(some)
    words = np.select([~some & sums["cost"].gt(0), sums["cost"].isna()], [NO_CUSTOMERS, NO_COST], "")
    n = sums["new_customers"].fillna(0).astype(int)
    frame = sums[[*keys, CHANNEL]].assign(n=n, n_customers=n, cost=sums["cost"], estimate=each, flag=words)
    order = frame[CHANNEL].ne("all")
    frame = frame.assign(_order=order).sort_values([*keys, "_order", CHANNEL]).drop(columns="_order")
    return frame.reset_index(drop=True).astype({CHANNEL: "str", "flag": "str"})


def unit_economics(
    study: "StudyData", by: str = CHANNEL, *, months: int = 24, margin: float = 1.0, discount: float = 0.1,
    conf_level: float = 0.95, n_boot: int = 1000, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Return what a new customer of each channel is worth beside its cost, and after how many months it is earned back.

    Parameters
    ----------
    study
        A contractual study with `costs` and `revenue`, whose customers have `since`, `churned_at` and the channel.
    by
        The customers' column that names the channel as `costs` does.
    months, margin, discount, conf_level, n_boot, seed
        As for `lifetime_value`, from signing up.

    Returns
    -------
    pandas.DataFrame
        One row for all and for each channel with costs: `channel`, `n`, `n_customers` (new customers followed),
        `n_eff`, `estimate` (value / cost), `std_error`, `conf_low`, `conf_high`, `cost` (of a new customer),
        `value` (of one in these months), `value_low`, `value_high`, `payback` (first month by which the value
        covers the cost),
        `payback_low`, `payback_high` (missing where not within the horizon), `top_two_share`, `rest_to_largest` (of
        what was billed, as for `stats.dominance`), `months`, `flag`.

    Raises
    ------
    KeyError, StudyError, ValueError
        As `lifetime_value` and `acquisition_cost` do.

    Notes
    -----
    The cost is known from the books; the interval is that of the value, by bootstrap of customers. All money spent is
    spread over all customers won, in all periods with costs.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.unit_economics(cx.load("demo", period="2026Q3"), margin=0.4, n_boot=50)
    >>> bool((found["estimate"].dropna() > 0).all())
    True
    """
    check_level(conf_level)
    terms = terms_of(months, margin, discount, extrapolate=False)
    costs = acquisition_cost(study, by_period=False).set_index(CHANNEL)["estimate"].dropna()
    spells = spells_from_signup(study, by, covered_months(study).min())
    found = values_of(study, spells, terms, n_boot, seed)
    if not set(found.monthly.levels[1:]) & set(costs.index):
        raise StudyError(f"value and cost: no channel of `costs` is a level of the customers' {by!r}; align the names.")
    kept = [place for place, level in enumerate(found.monthly.levels) if level in costs.index]
    rows = [_row(found, place, float(costs[found.monthly.levels[place]]), conf_level) for place in kept]
    frame = pd.DataFrame(rows).assign(months=months)
    unpaid = frame["payback"].isna() & frame["estimate"].notna()
    words = [base_flag(frame["n"], frame["n_eff"]), np.where(frame["estimate"].isna(), NOT_SEEN, ""),
             np.where(unpaid, NOT_PAID_BACK, ""), np.full(len(frame), "" if margin < 1 else REVENUE_ONLY)]  # fmt: skip
    frame["flag"] = ["; ".join(word for word in row if word) for row in zip(*words, strict=True)]
    return frame.astype({CHANNEL: "str", "flag": "str"})


@dataclass(frozen=True)
class Limits:
    """A value with the limits that its replicates give."""

    value: float
    low: float
    high: float
    error: float


def _row(found: Values, place: int, cost: float, conf_level: float) -> dict[str, object]:
    """Return the row of one channel."""
    tails = [(1 - conf_level) / 2, (1 + conf_level) / 2]
    seen = found.seen[place] >= found.cumulative.shape[1]
    again = found.replicates[:, place]
    low, high = np.quantile(again[:, -1], tails) if seen else (np.nan, np.nan)
    value = Limits(found.cumulative[place, -1] if seen else np.nan, low, high, again[:, -1].std(ddof=1))
    back = np.array([_payback(path, cost) for path in again])
    # Quantiles of months that may be beyond the horizon: infinite there, and so missing.
    soonest, latest = np.quantile(back, tails, method="inverted_cdf")
    payback = [month if np.isfinite(month) and seen else np.nan
               for month in (_payback(found.cumulative[place], cost), soonest, latest)]  # fmt: skip
    n = int(found.monthly.n_customers[place])
    row: dict[str, object] = {CHANNEL: found.monthly.levels[place], "n": int(found.monthly.n[place])}
    row |= {"n_customers": n, "n_eff": float(n), "estimate": value.value / cost}
    row |= {"std_error": value.error / cost if seen else np.nan, "conf_low": low / cost, "conf_high": high / cost}
    row |= {"cost": cost, "value": value.value, "value_low": low, "value_high": high}
    row |= dict(zip(("payback", "payback_low", "payback_high"), payback, strict=True))
    return row | found.monthly.dominance(place)._asdict()


def _payback(cumulative: Floats, cost: float) -> float:
    """Return the first month by which the value covers the cost, infinite where none does."""
    enough = cumulative >= cost
    return float(np.argmax(enough) + 1) if enough.any() else np.inf


def _costs(study: "StudyData") -> pd.DataFrame:
    """Return the costs up to the end of the reporting period."""
    if not study.has("costs"):
        raise StudyError("cost of new customers: the study has no table `costs`; name spending by channel and period.")
    costs = study.table("costs")
    for name in ("cost", "new_customers"):
        if name not in costs:
            raise StudyError(
                f"cost of new customers: the table `costs` has no {name!r}; add it under tables.costs.columns."
            )
    if not costs["new_customers"].gt(0).any():
        raise StudyError("cost of new customers: no row of `costs` has new customers; the cost of one cannot be told.")
    if costs["cost"].lt(0).any():
        raise StudyError(
            f"cost of new customers: {int(costs['cost'].lt(0).sum())} rows of `costs` are below 0; mend them."
        )
    dated = "period" in costs and study.period != "all"
    return costs[costs["period"].le(study.period)] if dated else costs
