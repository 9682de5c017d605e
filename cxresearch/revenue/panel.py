"""`cx.revenue.panel_link`: what a point of NPS of a segment is worth, quarter by quarter."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.panels import (
    CARE,
    CLEAR,
    LIMITS,
    TOO_SMALL,
    Search,
    Subject,
    fitted,
    gate_of,
    leads_and_lags,
    limits,
    needed_of,
    reading,
    told,
)
from cxresearch.revenue.cells import ONE_CUSTOMER, PER_CUSTOMER, panel
from cxresearch.revenue.model import in_percent
from cxresearch.stats.panel import REFUSED, UNCERTAIN, PanelSlope, two_way
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["PanelLink", "panel_link"]

NAIVE, CORRECTED = "naive", "corrected"
ASSOCIATION, ADJUSTED = "association", "adjusted association"
LEAD, SAME, LAG = "revenue before the score", "same period", "revenue after the score"
CLEAR_LEAD = "revenue moved before the score: a common cause, or revenue that moves the score"


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
    subject, search = _subject(by), Search(conf_level, n_boot, seed)
    cells = found.cells(lag)
    used = cells[cells["used"]]
    fit = fitted(used, subject, search)
    lags = leads_and_lags(found, subject, search, leads_lags, _told)[LAGS]
    head = {"by": by, "lag": lag, "outcome": outcome}
    effect, answers = _effect(fit, used, head, found.bases(used)), float(used["n"].mean())
    gate = gate_of(fit, used, subject, answers)
    status = _status(effect.iloc[1], gate, lags, needed_of(fit, answers))
    return PanelLink(effect, _shown(cells, by), lags, _dropped(used, subject, search), gate, status)


def _subject(by: str) -> Subject:
    """Return what a panel of a segment is about."""
    has, base = "a score with its variance and revenue", "answers a cell"
    kinds = (LEAD, SAME, LAG)
    return Subject(by, "log_revenue", "segments", f"the scores of {by}", base, has, kinds, CLEAR_LEAD)


def _effect(fit: PanelSlope, used: pd.DataFrame, head: dict[str, Any], bases: dict[str, int]) -> pd.DataFrame:
    """Return the frame `effect`."""
    flags = [TOO_SMALL, CARE if fit.status == UNCERTAIN else ""]
    rows = []
    for name, slope, flag in zip((NAIVE, CORRECTED), (fit.naive, fit.corrected), flags, strict=True):
        row = {
            "slope": name,
            **head,
            **bases,
            **limits(slope),
            "p_value": np.nan if fit.status == REFUSED else fit.p_value,
        }
        row |= in_percent(row["estimate"], row["conf_low"], row["conf_high"])
        row |= {"reliability": fit.reliability, "reliability_low": fit.reliability_low}
        row |= {"segments": used[head["by"]].nunique(), "periods": used["period"].nunique(), "cells": len(used)}
        rows.append({**row, "gate": fit.status, "flag": reading(fit, slope, flag)})
    return pd.DataFrame(rows)


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


def _dropped(used: pd.DataFrame, subject: Subject, search: Search) -> pd.DataFrame:
    """Return the frame `dropped`: the slope without each segment, beside that segment's own base."""
    by, rows = subject.by, []
    for level, own in used.groupby(by):
        row = {by: level, "n": int(own["n"].sum()), "n_customers": int(own["n_customers"].max())}
        try:
            rows.append({**row, **_told(fitted(used[used[by].ne(level)], subject, search))})
        except StudyError:
            rows.append({**row, "gate": REFUSED, "flag": "no panel without it"})
    return pd.DataFrame(rows).reindex(
        columns=[by, "n", "n_customers", *LIMITS, "p_value", "reliability", "gate", "flag"]
    )


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
    """Return the corrected slope of a fit, in per cent of revenue too, as part of a row."""
    row = told(fit)
    return row | in_percent(row["estimate"], row["conf_low"], row["conf_high"])
