"""How many points of NPS go with one per cent of revenue, beside the "7 points" that are in circulation."""

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.revenue.customer import Link
    from cxresearch.revenue.panel import PanelLink

__all__ = ["points_per_percent", "reciprocal_set"]

ONE_PERCENT = math.log(1.01)
OURS, CIRCULATED = "this study", "in circulation"
# Marsden, Samson and Upton (2005), Advocacy Drives Growth, London School of Economics: r and the interviews.
POINTS, CORRELATION = 7.0, 0.48
SOURCE = "Marsden, Samson and Upton, London School of Economics, 2005"
CIRCULATED_OUTCOME = "one percentage point of annual growth, between brands"
DIFFERENCE = (
    "points of NPS between UK brands for a point more of annual growth, which lay before the survey "
    f"(r = {CORRELATION}); ours is per cent of one company's level of revenue, after the score; no per cent of NPS"
)
INTERVAL, ABOVE_RAY, TWO_RAYS, ALL = "interval", "above", "two rays", "any number"
COLUMNS = [
    *("claim", "basis", "outcome", "n", "n_customers", "estimate", "conf_low", "conf_high"),
    *("ray_below", "ray_above", "set", "source", "flag"),
]


def points_per_percent(link: "PanelLink | Link") -> pd.DataFrame:
    """Return how many points of NPS go with one per cent more revenue, beside the claim that is in circulation.

    Parameters
    ----------
    link
        As of `panel_link` (per point) or `customer_link` (per vote, outcome `nps`).

    Returns
    -------
    pandas.DataFrame
        Two rows: `claim` (`this study`, `in circulation`), `basis` (`panel`, `customers`, `brands`), `outcome` (one per
        cent of what); `n`, `n_customers`; `estimate` (points; missing where the link is refused), `conf_low`,
        `conf_high` (missing where the set is no interval), `ray_below`, `ray_above` (all points up to the first and
        from the second on, where it is two rays), `set` (`interval`, `above`: from the lower limit on, `two rays`, `any
        number`, "" where nothing is estimated), `source`, `flag` (what it is not, or how to read it).

    Raises
    ------
    StudyError
        If the link is of a score other than the NPS.

    Notes
    -----
    ln(1.01)/β with β log points of revenue a point, 100·ln(1.01)/θ with θ log points a vote, as 100 points are one vote
    of everybody. The set holds the reciprocals of all slopes in the interval of β: where that spans 0 it is two rays,
    with the points around 0 excluded, as in Fieller's theorem. A slope that is not told from 0 has no upper end.

    Examples
    --------
    >>> import cxresearch as cx
    >>> link = cx.revenue.customer_link(cx.load("demo", period="2026Q3"), controls=["renewal_window"])
    >>> found = points_per_percent(link)
    >>> found["claim"].tolist(), bool(found["conf_low"][0] < 12.4 < found["conf_high"][0])
    (['this study', 'in circulation'], True)
    """
    found = _of_panel(cast("PanelLink", link)) if hasattr(link, "gate") else _of_customers(cast("Link", link))
    slope, low, high = (found.pop(name) for name in ("slope", "low", "high"))
    points = {"estimate": ONE_PERCENT / slope if slope else np.nan, **reciprocal_set(low, high)}
    words = {
        TWO_RAYS: "the slope is not told from none: any number of points that is large enough will do, of either sign",
        ALL: "the slope has no bound: nothing is said",
        ABOVE_RAY: "the slope may be as small as none: there is no upper end",
    }
    told = "; ".join(word for word in (found.pop("flag"), words.get(str(points["set"]), "")) if word)
    ours = {"claim": OURS, **found, **points, "source": "", "flag": told}
    circulated = {"claim": CIRCULATED, "basis": "brands", "outcome": CIRCULATED_OUTCOME, "estimate": POINTS}
    rows = [ours, {**circulated, "set": "", "source": SOURCE, "flag": DIFFERENCE}]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"n": "Int64", "n_customers": "Int64"})


def reciprocal_set(low: float, high: float) -> dict[str, float | str]:
    """Return the points for one per cent that belong to the slopes (log points a point) from low to high.

    Examples
    --------
    >>> found = reciprocal_set(ONE_PERCENT / 20, ONE_PERCENT / 10)
    >>> found["set"], round(found["conf_low"], 6), round(found["conf_high"], 6)
    ('interval', 10.0, 20.0)
    >>> found = reciprocal_set(-ONE_PERCENT / 20, ONE_PERCENT / 10)
    >>> found["set"], round(found["ray_below"], 6), round(found["ray_above"], 6)
    ('two rays', -20.0, 10.0)
    """
    nothing: dict[str, float | str] = dict.fromkeys(("conf_low", "conf_high", "ray_below", "ray_above"), np.nan)
    if np.isnan(low) or np.isnan(high):
        return {**nothing, "set": ""}
    if np.isinf(low) or np.isinf(high):
        return {**nothing, "set": ALL}
    if low < 0 < high:
        return {**nothing, "ray_below": ONE_PERCENT / low, "ray_above": ONE_PERCENT / high, "set": TWO_RAYS}
    ends = sorted(ONE_PERCENT / limit for limit in (low, high) if limit)
    if len(ends) == 1:
        return {**nothing, "conf_low": ends[0], "set": ABOVE_RAY}
    return {**nothing, "conf_low": ends[0], "conf_high": ends[1], "set": INTERVAL} if ends else {**nothing, "set": ALL}


def _of_panel(link: "PanelLink") -> dict[str, Any]:
    """Return slope, interval and words of a panel."""
    row = link.effect.iloc[1]
    outcome = f"one per cent of revenue {row['outcome']} of a segment, {row['lag']} period(s) later"
    told = {"basis": "panel", "outcome": outcome, "n": row["n"], "n_customers": row["n_customers"]}
    slopes = {"slope": row["estimate"], "low": row["conf_low"], "high": row["conf_high"]}
    return {**told, **slopes, "flag": link.status["reason"].iloc[0]}


def _of_customers(link: "Link") -> dict[str, Any]:
    """Return slope (a point, not a vote), interval and words of a link of customers."""
    row = link.effect.iloc[0]
    if row["term"] != "vote":
        raise StudyError(f"points_per_percent: the link is of {row['term']!r}; make it with outcome='nps'.")
    outcome = f"one per cent of a customer's revenue in the {row['months']} months after the answer"
    told = {"basis": "customers", "outcome": outcome, "n": row["n"], "n_customers": row["n_customers"]}
    slopes = {"slope": row["estimate"] / 100, "low": row["conf_low"] / 100, "high": row["conf_high"] / 100}
    return {**told, **slopes, "flag": link.status["reason"].iloc[0]}
