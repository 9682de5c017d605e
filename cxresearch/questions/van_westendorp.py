"""Van Westendorp's price sensitivity meter, with the extension by Newton, Miller and Smith.

Four prices a person: so cheap that quality is in doubt, a bargain, getting expensive, too expensive. Each named point
of the meter is where two of the four cumulative curves add up to one, so one search finds them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.measures import numbers
from cxresearch.questions.resamples import Sample, sample_of
from cxresearch.stats.design import Floats

__all__ = ["PRICES", "PriceMeter", "van_westendorp"]

PRICES = ("too_cheap", "bargain", "getting_expensive", "too_expensive")
# Each point is the price at which the shares that name a price at or below it add up to one, for two of the questions.
POINTS = {
    "marginal cheapness": ("too_cheap", "bargain"),
    "marginal cheapness, narrower": ("too_cheap", "getting_expensive"),
    "optimal price": ("too_cheap", "too_expensive"),
    "indifference price": ("bargain", "getting_expensive"),
    "marginal expensiveness, narrower": ("bargain", "too_expensive"),
    "marginal expensiveness": ("getting_expensive", "too_expensive"),
}
# Purchase probabilities of the five answers to "how likely would you buy at this price", Newton, Miller and Smith.
CALIBRATION = {1: 0.0, 2: 0.1, 3: 0.3, 4: 0.5, 5: 0.7}
# Shares of weights that differ by less are equal.
EQUAL = 1e-9
# Another order of the columns that puts this many times more people in order suggests swapped columns.
SWAPPED_FROM = 2.0
# Fewer people in order than this share is said.
IN_ORDER_FROM = 0.8


@dataclass(frozen=True)
class PriceMeter:
    """What people would pay.

    Attributes
    ----------
    points
        `point`, then a result frame in units of price: where the curves cross, with intervals by customer.
    curves
        `curve`, `price`, `n`, `n_customers`, `estimate`: shares of people, at each price named.
    reach
        With purchase intent: `point` (`most buyers`, `most revenue`), a result frame of that price, `reach` (share
        that would buy there) and `revenue` a person asked. Empty without.
    demand
        With purchase intent: `price`, `n`, `n_customers`, `estimate` (share that would buy), `revenue` a person.
    checks
        `check`, `n`, `of`, `share`, `status`, `sentence`: how many prices are in order, and whether columns look
        swapped.
    """

    points: pd.DataFrame
    curves: pd.DataFrame
    reach: pd.DataFrame
    demand: pd.DataFrame
    checks: pd.DataFrame


def van_westendorp(
    frame: pd.DataFrame,
    prices: Mapping[str, str] | None = None,
    *,
    intent: tuple[str, str] | None = None,
    weight: str | None = None,
    cluster: str | None = None,
    n_boot: int = 1000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> PriceMeter:
    """Return the price sensitivity meter of a question set.

    Parameters
    ----------
    frame
        One row a person.
    prices
        Which column holds each of `too_cheap`, `bargain`, `getting_expensive` and `too_expensive`; columns of these
        names by default.
    intent
        Columns of the likelihood to buy, 1-5, at the bargain price and at the expensive price.
    weight, cluster
        Columns; customers are drawn again as a whole unless a cluster is named.
    n_boot, seed, conf_level
        Resamples of customers, their seed and the level of the intervals; `n_boot=0` gives none.

    Returns
    -------
    PriceMeter
        From the people whose four prices rise strictly; how many those are is in `checks`.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If nobody named four prices that rise, or an intent lies off 1-5.

    Notes
    -----
    Curves are shares of people at or below each price named, with straight lines between (van Westendorp 1976); where
    two curves lie on each other for a stretch of prices, its middle is the crossing. Newton, Miller and Smith (1993):
    each person's chance to buy is 0 at the outer prices, calibrated at the inner two, straight by price between.
    R `pricesensitivitymeter::psm_analysis`, `psm_analysis_weighted` (1.3.3).

    Examples
    --------
    >>> asked = pd.DataFrame({"too_cheap": [2, 3, 4], "bargain": [5, 6, 7], "getting_expensive": [6, 8, 9]})
    >>> meter = van_westendorp(asked.assign(too_expensive=[11, 12, 13]), n_boot=0)
    >>> round(float(meter.points.set_index("point")["estimate"]["indifference price"]), 6)
    6.0
    """
    named = _renamed(frame, prices, intent, [name for name in (weight, cluster) if name])
    given = named[named[list(PRICES)].notna().all(axis=1)]
    checks = _checks(given)
    kept = given[_rises(given[list(PRICES)].to_numpy(dtype=float))].reset_index(drop=True)
    if kept.empty:
        raise ValueError(
            f"van_westendorp: of {len(given)} people who named four prices none named them rising strictly from "
            "too cheap to too expensive; check which column is which."
        )
    sample = sample_of(kept, PRICES[0], weight, cluster)
    grid = np.unique(kept[list(PRICES)].to_numpy(dtype=float))
    below = {name: _indicator(kept[name].to_numpy(dtype=float), grid) for name in PRICES}
    points = _points(below, grid, sample, n_boot, seed, conf_level)
    bought = None if intent is None else _demand_of_each(kept, grid)
    return PriceMeter(
        points,
        _curves(below, grid, sample),
        _reach(bought, grid, sample, n_boot, seed, conf_level),
        _demand(bought, grid, sample),
        checks,
    )


def _renamed(
    frame: pd.DataFrame, prices: Mapping[str, str] | None, intent: tuple[str, str] | None, design: list[str]
) -> pd.DataFrame:
    """Return the columns that are needed, the prices and the intents under their own names."""
    columns = {name: (prices or {}).get(name, name) for name in PRICES}
    columns |= dict(zip(("intent_bargain", "intent_expensive"), intent, strict=True)) if intent else {}
    for column in (*columns.values(), *design):
        if column not in frame:
            raise KeyError(f"van_westendorp: there is no column {column!r}; the four prices are {', '.join(PRICES)}.")
    found = pd.DataFrame({name: numbers(frame[column], column) for name, column in columns.items()}, index=frame.index)
    ids = [name for name in ("account_id", "customer_id") if name in frame]
    return found.join(frame[list(dict.fromkeys([*ids, *design]))])


def _rises(prices: Floats) -> npt.NDArray[np.bool_]:
    """Return whether the prices of each row rise strictly and are not negative."""
    return (np.diff(prices, axis=1) > 0).all(axis=1) & (prices[:, 0] >= 0)


def _checks(given: pd.DataFrame) -> pd.DataFrame:
    """Return how many people named prices in order, and whether another order of the columns suits far more."""
    prices, of = given[list(PRICES)].to_numpy(dtype=float), len(given)
    shares = {order: int(_rises(prices[:, order]).sum()) for order in permutations(range(len(PRICES)))}
    named = shares[tuple(range(len(PRICES)))]
    best = max(shares, key=lambda order: shares[order])
    rows = [
        _check("prices in order", named, of, "pass" if named >= IN_ORDER_FROM * of else "warn", _in_order(named, of))
    ]
    if shares[best] > SWAPPED_FROM * max(named, 1):
        rows.append(_check("columns swapped", shares[best], of, "fail", _swapped(best, named, shares[best], of)))
    return pd.DataFrame(rows)


def _check(name: str, n: int, of: int, status: str, sentence: str) -> dict[str, object]:
    """Return one check."""
    return {"check": name, "n": n, "of": of, "share": n / of if of else np.nan, "status": status, "sentence": sentence}


def _in_order(named: int, of: int) -> str:
    """Return how many answers are used, as a sentence."""
    return (
        f"{named:,} of {of:,} people named four prices that rise from too cheap to too expensive; only these are used."
    )


def _swapped(order: tuple[int, ...], named: int, better: int, of: int) -> str:
    """Return which columns look swapped, as a sentence."""
    moved = [PRICES[place] for place, column in enumerate(order) if place != column]
    return (
        f"The columns {' and '.join(moved)} look swapped: the prices rise for {named / of:.1%} of {of:,} people as the "
        f"columns are named and for {better / of:.1%} in another order; check which column holds which question."
    )


def _indicator(prices: Floats, grid: Floats) -> Floats:
    """Return (n, grid) whether each person's price is at or below each price of the grid."""
    return (prices[:, None] <= grid).astype(np.float32)


def _crossings(weights: Floats, below: Mapping[str, Floats], grid: Floats) -> Floats:
    """Return the (draws, points) prices where two curves add up to one."""
    total = weights.sum(axis=0)[:, None]
    share = {name: (weights.T @ indicator) / total for name, indicator in below.items()}
    return np.column_stack([_where_one(share[first] + share[second], grid) for first, second in POINTS.values()])


def _where_one(height: Floats, grid: Floats) -> Floats:
    """Return the price where each row of rising heights is one: the middle where it stays one."""
    return (_first_at(height, 1 - EQUAL, grid) + _first_at(height, 1 + EQUAL, grid)) / 2


def _first_at(height: Floats, level: float, grid: Floats) -> Floats:
    """Return the price where each row of heights first reaches a level, straight between the prices of the grid."""
    reached = height >= level
    place = np.where(reached.any(axis=1), reached.argmax(axis=1), len(grid) - 1)
    before, row = np.maximum(place - 1, 0), np.arange(len(height))
    low, high = height[row, before], height[row, place]
    share = np.divide(level - low, high - low, out=np.ones(len(height)), where=high > low)
    return grid[before] + np.clip(share, 0, 1) * (grid[place] - grid[before])


def _points(
    below: Mapping[str, Floats], grid: Floats, sample: Sample, n_boot: int, seed: int, conf_level: float
) -> pd.DataFrame:
    """Return the named points with their intervals."""
    found = _crossings(sample.weight[:, None], below, grid)[0]
    drawn = sample.replicates(lambda weights: _crossings(weights, below, grid), n_boot, seed)
    return with_intervals({"point": list(POINTS)}, found, drawn, sample, conf_level)


def with_intervals(
    groups: Mapping[str, list[str]], found: Floats, drawn: Floats, sample: Sample, conf_level: float
) -> pd.DataFrame:
    """Return a result frame of statistics of a whole sample with percentile intervals from its replicates.

    Parameters
    ----------
    groups
        The grouping columns.
    found, drawn
        (values,) statistics and (replicates, values) of the resamples; without replicates there is no interval.
    sample
        Whose bases stand in each row.
    """
    bases, nothing = sample.bases(), np.full(len(found), np.nan)
    tail = (1 - conf_level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0) if len(drawn) else (nothing, nothing)
    errors = drawn.std(axis=0, ddof=1) if len(drawn) else nothing
    numbers_of = {"estimate": found, "std_error": errors, "conf_low": low, "conf_high": high}
    size = {name: bases[name] for name in ("n", "n_customers", "n_eff")}
    return pd.DataFrame({**groups, **size, **numbers_of, "flag": bases["flag"]})


def _curves(below: Mapping[str, Floats], grid: Floats, sample: Sample) -> pd.DataFrame:
    """Return the four curves as they are drawn: the cheap ones fall with the price, the expensive ones rise."""
    parts, bases = [], sample.bases()
    for name in PRICES:
        share = sample.weight @ below[name] / sample.weight.sum()
        height = 1 - share if name in PRICES[:2] else share
        size = {"n": bases["n"], "n_customers": bases["n_customers"]}
        parts.append(pd.DataFrame({"curve": name, "price": grid, **size, "estimate": height, "flag": bases["flag"]}))
    return pd.concat(parts, ignore_index=True)


def _demand_of_each(kept: pd.DataFrame, grid: Floats) -> Floats:
    """Return (n, grid) each person's chance to buy at each price."""
    inner = kept[["intent_bargain", "intent_expensive"]].to_numpy(dtype=float)
    if not np.isin(inner, list(CALIBRATION)).all():
        raise ValueError("van_westendorp: the likelihood to buy is asked on 1-5 of everyone who named four prices.")
    chance = np.vectorize(CALIBRATION.get, otypes=[float])(inner)
    at = kept[list(PRICES)].to_numpy(dtype=float)
    height = np.column_stack([np.zeros(len(at)), chance, np.zeros(len(at))])
    rows = zip(at, height, strict=True)
    return np.stack([np.interp(grid, prices, chances, left=0.0, right=0.0) for prices, chances in rows])


def _best_prices(weights: Floats, bought: Floats, grid: Floats) -> Floats:
    """Return (draws, 2) prices with the most buyers and the most revenue."""
    reach = weights.T @ bought
    return np.column_stack([grid[reach.argmax(axis=1)], grid[(reach * grid).argmax(axis=1)]])


def _reach(
    bought: Floats | None, grid: Floats, sample: Sample, n_boot: int, seed: int, conf_level: float
) -> pd.DataFrame:
    """Return the prices with the most buyers and the most revenue."""
    names = ["most buyers", "most revenue"]
    if bought is None:
        empty = with_intervals({"point": names}, np.zeros(2), np.empty((0, 2)), sample, conf_level)
        return empty.assign(reach=np.nan, revenue=np.nan).iloc[:0]
    found = _best_prices(sample.weight[:, None], bought, grid)[0]
    drawn = sample.replicates(lambda weights: _best_prices(weights, bought, grid), n_boot, seed)
    share = sample.weight @ bought / sample.weight.sum()
    at = np.searchsorted(grid, found)
    best = with_intervals({"point": names}, found, drawn, sample, conf_level)
    best.insert(len(best.columns) - 1, "reach", share[at])
    best.insert(len(best.columns) - 1, "revenue", share[at] * found)
    return best


def _demand(bought: Floats | None, grid: Floats, sample: Sample) -> pd.DataFrame:
    """Return the share that would buy and the revenue a person, at each price."""
    bases = sample.bases()
    share = np.full(len(grid), np.nan) if bought is None else sample.weight @ bought / sample.weight.sum()
    size = {"n": bases["n"], "n_customers": bases["n_customers"]}
    frame = pd.DataFrame({"price": grid, **size, "estimate": share, "revenue": share * grid, "flag": bases["flag"]})
    return frame if bought is not None else frame.iloc[:0]
