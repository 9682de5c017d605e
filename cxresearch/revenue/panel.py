"""`cx.revenue.panel_link`: what a point of NPS of a segment is worth, quarter by quarter."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.revenue.cells import ONE_CUSTOMER, PER_CUSTOMER, Panel, panel
from cxresearch.revenue.model import in_percent
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.panel import (
    GOAL,
    LEAST,
    LEAST_SEGMENTS,
    REFUSED,
    UNCERTAIN,
    PanelSlope,
    Slope,
    answers_needed,
    panel_slope,
    two_way,
)
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["PanelLink", "panel_link"]

LEAST_PERIODS = 5
NAIVE, CORRECTED = "naive", "corrected"
ASSOCIATION, ADJUSTED = "association", "adjusted association"
LEAD, SAME, LAG = "revenue before the score", "same period", "revenue after the score"
CLEAR_LEAD = "revenue moved before the score: a common cause, or revenue that moves the score"
TOO_SMALL = "too small: the sampling error of the scores is left in"
CARE = "with care: under half of the scores' movement is no sampling error"
UNBOUNDED = "the interval has no end: slopes without bound are not rejected"
REFUSAL = "refused: the scores' movement is not told from sampling error, or there are under six segments"
LIMITS = ("estimate", "std_error", "conf_low", "conf_high")
CLEAR = 0.05


@dataclass(frozen=True)
class PanelLink:
    """What a point of NPS of a segment is worth, and how far the sample can tell.

    Attributes
    ----------
    effect
        Two rows: `slope` (`naive`, `corrected`), `by`, `lag` (periods), `outcome`; `n`, `n_customers` (of the answers);
        `estimate` (log points of revenue a point of NPS), `std_error`, `conf_low`, `conf_high` (infinite where the
        interval has no end), `p_value` (of no slope, one test for both rows), `percent`, `percent_low`, `percent_high`
        (per cent of revenue a point); `reliability`, `reliability_low` (0-1), `segments`, `periods`, `cells`; `gate`
        (`corrected`, `uncertain`, `refused`: then nothing is estimated), `flag`.
    cells
        One row a period and segment, as of `Panel.cells`, with `score_within` and `log_revenue_within`: what is left of
        both without segment and period effects, missing where a cell was set aside.
    lags
        One row a lead or lag: `lag`, `kind`; `n`, `n_customers`, `estimate`, `std_error`, `conf_low`, `conf_high`,
        `percent`, `percent_low`, `percent_high` (a point), `p_value`, `p_adjusted` (Holm, over the leads),
        `reliability`, `periods`, `gate`, `flag`.
    dropped
        One row a segment that is left out: the segment's column; `n`, `n_customers` (of its own answers); `estimate` of
        the others, `std_error`, `conf_low`, `conf_high`, `p_value`, `reliability`, `gate`, `flag`.
    gate
        One row a check: `check`, `found`, `needed`, `passed`, `sentence`.
    status
        One row for the first sentence: `by`, `lag`, `status` (`association`, `adjusted association`, `refused`),
        `verdict` (`rises`, `falls`, `cannot tell`, "" where refused), `reason`; `n`, `n_customers`, the corrected
        estimate with its interval, `p_value`, `reliability`, `answers_needed` (a cell, for a
        reliability of .5; infinite if none would do, missing where it is reached), `flag`.
    """

    effect: pd.DataFrame
    cells: pd.DataFrame = field(repr=False)
    lags: pd.DataFrame = field(repr=False)
    dropped: pd.DataFrame = field(repr=False)
    gate: pd.DataFrame = field(repr=False)
    status: pd.DataFrame = field(repr=False)


@dataclass(frozen=True)
class _Search:
    """How intervals are sought."""

    conf_level: float
    n_boot: int
    seed: int


def panel_link(
    study: "StudyData",
    by: str,
    *,
    lag: int = 1,
    leads_lags: int = 4,
    outcome: str = PER_CUSTOMER,
    survey: str = "relationship",
    conf_level: float = 0.95,
    n_boot: int = 999,
    seed: int = 0,
) -> PanelLink:
    """Return what a point of NPS of a segment is worth in revenue of all its customers.

    Parameters
    ----------
    study
        A study with the tables `customers` and `revenue`, loaded for a month, quarter, half-year or year.
    by
        A segment of the customer list that customers keep, with six levels or more.
    lag
        Periods from the score to the revenue.
    leads_lags
        How many leads and lags are shown; each is a regression of its own, where at least five periods are left.
    outcome
        `per customer`: revenue of a period of those who were with us at its start, a customer; who leaves pays 0. It
        holds what they spend and whether they stay, and not who joined meanwhile, whom the score had not asked.
        `total`: revenue of everyone in the segment, joiners and take-overs with them.
    survey
        `relationship` or `transactional`.
    conf_level
        Coverage of the intervals.
    n_boot, seed
        Draws of the wild bootstrap, and the seed.

    Returns
    -------
    PanelLink
        Frames of one fit. Where the reliability is under .3, its lower bound not above 0, or there are under six
        segments, nothing is estimated, and `status` says how many answers a cell would do.

    Raises
    ------
    StudyError
        In one sentence, where there is no panel: no revenue, no such segment, under five periods, one segment, scores
        that do not vary, no variances, or refunds as high as bills everywhere.

    Notes
    -----
    `stats.panel.panel_slope`: two-way fixed effects, Deaton's (1985) correction, wild bootstrap with Webb's weights. A
    cell of few answers counts as any other, with its large variance. Segment effects hold what lasts, period effects
    what moves all segments alike; a cause that moves one segment's score and revenue is not held. R
    `fixest::feols(log_revenue ~ nps | segment + period, cluster = ~segment)` gives the naive slope.

    Examples
    --------
    >>> import cxresearch as cx
    >>> link = panel_link(cx.load("demo", period="2026Q3"), "region")
    >>> link.effect["gate"].tolist(), bool(link.effect["conf_low"][1] < 0.0008 < link.effect["conf_high"][1])
    (['corrected', 'corrected'], True)
    """
    found = panel(study, by, survey=survey, outcome=outcome)
    search = _Search(conf_level, n_boot, seed)
    cells = found.cells(lag)
    used = cells[cells["used"]]
    fit = _fit(used, by, search)
    lags = _lags(found, leads_lags, search)
    head = {"by": by, "lag": lag, "outcome": outcome}
    effect = _effect(fit, used, head, found.bases(used))
    enough = fit.reliability >= GOAL
    needed = np.nan if enough else answers_needed(float(used["n"].mean()), fit.reliability)
    gate = _gate(fit, used, by, needed)
    status = _status(effect.iloc[1], gate, lags, needed)
    return PanelLink(effect, _shown(cells, by), lags, _dropped(used, by, search), gate, status)


def _fit(used: pd.DataFrame, by: str, search: _Search) -> PanelSlope:
    """Return the slope of some cells, or refuse what is no panel."""
    n_periods, n_segments = used["period"].nunique(), used[by].nunique()
    if n_periods < LEAST_PERIODS or n_segments < 2:
        raise StudyError(
            f"panel: {len(used)} cells of {by} have a score with its variance and revenue, of {n_segments} "
            f"segments and {n_periods} periods; at least 2 segments (6 for an estimate) and "
            f"{LEAST_PERIODS} periods are needed."
        )
    y, x, variance = (used[name].to_numpy(dtype=float) for name in ("log_revenue", "estimate", "variance"))
    effects = two_way(pd.factorize(used[by])[0], pd.factorize(used["period"])[0])
    try:
        return panel_slope(y, x, variance, effects, **vars(search))
    except ValueError:
        raise StudyError(f"panel: the scores of {by} do not vary beyond what lasts and what all share.") from None


def _effect(fit: PanelSlope, used: pd.DataFrame, head: dict[str, Any], bases: dict[str, int]) -> pd.DataFrame:
    """Return the frame `effect`."""
    flags = [TOO_SMALL, CARE if fit.status == UNCERTAIN else ""]
    rows = []
    for name, slope, flag in zip((NAIVE, CORRECTED), (fit.naive, fit.corrected), flags, strict=True):
        row = {
            "slope": name,
            **head,
            **bases,
            **_limits(slope),
            "p_value": np.nan if fit.status == REFUSED else fit.p_value,
        }
        row |= in_percent(row["estimate"], row["conf_low"], row["conf_high"])
        row |= {"reliability": fit.reliability, "reliability_low": fit.reliability_low}
        row |= {"segments": used[head["by"]].nunique(), "periods": used["period"].nunique(), "cells": len(used)}
        rows.append({**row, "gate": fit.status, "flag": _flag(fit, slope, flag)})
    return pd.DataFrame(rows)


def _lags(found: Panel, leads_lags: int, search: _Search) -> pd.DataFrame:
    """Return the frame `lags`: each lead and lag on its own, those with too few periods said to be so."""
    rows = []
    for lag in range(-leads_lags, leads_lags + 1):
        cells = found.cells(lag)
        used, kind = cells[cells["used"]], LEAD if lag < 0 else LAG if lag else SAME
        row = {"lag": lag, "kind": kind, **found.bases(used)}
        try:
            rows.append({**row, **_told(_fit(used, found.by, search)), "periods": used["period"].nunique()})
        except StudyError:
            few = f"{used['period'].nunique()} periods left, {LEAST_PERIODS} are needed"
            rows.append({**row, "periods": used["period"].nunique(), "gate": REFUSED, "flag": few})
    frame = pd.DataFrame(rows).reindex(columns=LAGS)
    # Leads are a test of their own, valid whatever the reliability; the lags are described.
    leads = frame["lag"].lt(0)
    frame["p_value"] = frame["p_value"].where(leads | frame["gate"].ne(REFUSED))
    frame["p_adjusted"] = adjusted_p(frame["p_value"].where(leads), "holm")
    clear = frame["p_adjusted"].lt(CLEAR)
    frame["flag"] = np.where(
        clear, np.where(frame["flag"].eq(""), "", frame["flag"] + "; ") + CLEAR_LEAD, frame["flag"]
    )
    return frame


PERCENT = ("percent", "percent_low", "percent_high")
LAGS = [
    "lag",
    "kind",
    "n",
    "n_customers",
    *LIMITS,
    *PERCENT,
    "p_value",
    "p_adjusted",
    "reliability",
    "periods",
    "gate",
    "flag",
]


def _dropped(used: pd.DataFrame, by: str, search: _Search) -> pd.DataFrame:
    """Return the frame `dropped`: the slope without each segment, beside that segment's own base."""
    rows = []
    for level, own in used.groupby(by):
        row = {by: level, "n": int(own["n"].sum()), "n_customers": int(own["n_customers"].max())}
        try:
            rows.append({**row, **_told(_fit(used[used[by].ne(level)], by, search))})
        except StudyError:
            rows.append({**row, "gate": REFUSED, "flag": "no panel without it"})
    return pd.DataFrame(rows).reindex(
        columns=[by, "n", "n_customers", *LIMITS, "p_value", "reliability", "gate", "flag"]
    )


def _gate(fit: PanelSlope, used: pd.DataFrame, by: str, needed: float) -> pd.DataFrame:
    """Return the frame `gate`: what an estimate takes, and what was found."""
    segments, n = used[by].nunique(), float(used["n"].mean())
    advice = f"{needed:,.0f} answers a cell would reach {GOAL:g}, there are {n:,.0f}"
    if np.isinf(needed):
        advice = "the scores move no more than sampling error alone would move them"
    elif np.isnan(needed):
        advice = "more segments or periods would tell"
    found = f"the reliability of the scores' movement is {fit.reliability:.2f}"
    checks = [
        ("segments", segments, LEAST_SEGMENTS, f"{by} has {segments} segments with revenue, 6 are needed"),
        ("reliability", fit.reliability, LEAST, f"{found}, {LEAST:g} is needed; {advice}"),
        ("lower bound of reliability", fit.reliability_low, 0.0, f"{found} and may be 0; {advice}"),
    ]
    frame = pd.DataFrame(checks, columns=["check", "found", "needed", "sentence"])
    passed = [segments >= LEAST_SEGMENTS, fit.reliability >= LEAST, fit.reliability_low > 0]
    frame.insert(3, "passed", passed)
    return frame.assign(sentence=frame["sentence"].where(~frame["passed"], ""))


def _status(effect: pd.Series, gate: pd.DataFrame, lags: pd.DataFrame, needed: float) -> pd.DataFrame:
    """Return the frame `status`."""
    failed = gate.loc[~gate["passed"], "sentence"]
    lead = bool(lags["p_adjusted"].lt(CLEAR).any())
    reason = failed.iloc[0] if len(failed) else CLEAR_LEAD if lead else effect["flag"]
    status = REFUSED if len(failed) else ASSOCIATION if lead else ADJUSTED
    verdict = "rises" if effect["conf_low"] > 0 else "falls" if effect["conf_high"] < 0 else "cannot tell"
    row = {"by": effect["by"], "lag": effect["lag"], "status": status, "verdict": "" if len(failed) else verdict}
    row |= {"reason": reason, **effect[["n", "n_customers", *LIMITS, "p_value", "reliability"]].to_dict()}
    return pd.DataFrame([{**row, "answers_needed": needed, "flag": effect["flag"]}])


def _shown(cells: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the cells with what is left without the effects; a segment that is one customer's is not shown."""
    used = cells["used"].to_numpy(dtype=bool)
    effects = two_way(pd.factorize(cells.loc[used, by])[0], pd.factorize(cells.loc[used, "period"])[0])
    within = {"score_within": "estimate", "log_revenue_within": "log_revenue"}
    for name, source in within.items():
        cells.loc[used, name] = effects.within(cells.loc[used, source].to_numpy(dtype=float))
    given_away = cells["flag"].str.contains(ONE_CUSTOMER, regex=False)
    cells.loc[given_away, ["log_revenue", "log_revenue_within"]] = np.nan
    return cells[[name for name in cells if name != "flag"] + ["flag"]]


def _told(fit: PanelSlope) -> dict[str, Any]:
    """Return the corrected slope of a fit as part of a row."""
    limits = _limits(fit.corrected)
    flag = _flag(fit, fit.corrected, CARE if fit.status == UNCERTAIN else "")
    percent = in_percent(limits["estimate"], limits["conf_low"], limits["conf_high"])
    # The test of no slope needs no correction and stands where the slope is refused.
    return {
        **limits,
        **percent,
        "p_value": fit.p_value,
        "reliability": fit.reliability,
        "gate": fit.status,
        "flag": flag,
    }


def _limits(slope: Slope) -> dict[str, float]:
    """Return a slope with its interval; missing where it is refused."""
    return {name: getattr(slope, name) for name in LIMITS}


def _flag(fit: PanelSlope, slope: Slope, flag: str) -> str:
    """Return how a slope is to be read."""
    if fit.status == REFUSED:
        return REFUSAL
    return "; ".join(part for part in (flag, UNBOUNDED if np.isinf(slope.conf_low) else "") if part)
