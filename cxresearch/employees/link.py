"""`cx.employees.link`: what a point of a team's engagement goes with in the scores of its customers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.employees.teams import FEW_EMPLOYEES, SCORE, Teams, score_measure, teams
from cxresearch.metrics.table import joined
from cxresearch.panels import (
    CARE,
    LIMITS,
    REFUSAL,
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
from cxresearch.stats.design import sample_design
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.panel import REFUSED, UNCERTAIN, PanelSlope, TwoWay, two_way
from cxresearch.stats.survey import domain_means

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["TeamLink", "link"]

NAIVE, CORRECTED = "naive", "corrected"
ASSOCIATION = "association"
CLEAR_LEAD = "customers' scores moved before engagement: customers may move teams, or a common cause both"
SUBJECT = Subject(
    by="team",
    outcome="score",
    segments="teams",
    score="the teams' engagement scores",
    base="employees a team and period",
    has="engagement of two employees and scores of two customers",
    kinds=("customers' score before engagement", "same period", "customers' score after engagement"),
    clear_lead=CLEAR_LEAD,
)
FIFTHS = ("lowest fifth", "second fifth", "middle fifth", "fourth fifth", "highest fifth")
LAGS = ["lag", "kind", "n", "n_customers", "n_employees", *LIMITS, "p_value", "p_adjusted", "reliability", "periods",
        "gate", "flag"]  # fmt: skip


@dataclass(frozen=True)
class TeamLink:
    """What a point of a team's engagement goes with in its customers' scores, and how far the sample can tell.

    Attributes
    ----------
    effect
        Two rows: `slope` (`naive`, `corrected`), `outcome`, `lag` (periods); `n`, `n_customers` (customers' answers,
        and who gave them), `n_employees` (employees' answers); `estimate` (units of the outcome a point of engagement),
        `std_error`, `conf_low`, `conf_high` (infinite where the interval has no end), `p_value` (of no slope, one test
        for both rows), `reliability`, `reliability_low` (0-1), `teams`, `periods`, `cells`, `gate` (`corrected`,
        `uncertain`, `refused`: then nothing is estimated), `flag`.
    shape
        Five rows: `fifth` of the teams and periods by engagement beside their own usual; `n`, `n_customers`,
        `n_employees`; `estimate` (mean score beside the team's own usual), `std_error` (by team), `conf_low`,
        `conf_high`, `engagement` (mean, beside the team's own usual), `cells`, `flag`. Missing where refused.
    cells
        One row a period and team: `period`, `team`, `score_period`; `n`, `n_customers`, `n_employees`, `estimate` (the
        customers' score), `std_error`, `conf_low`, `conf_high`, `engagement`, `used`, `flag`. `engagement` and
        `n_employees` are missing where fewer than the study's `min_base` employees answered.
    lags
        One row a lead or lag: `lag`, `kind`; the bases; `estimate`, `std_error`, `conf_low`, `conf_high`, `p_value`,
        `p_adjusted` (Holm, over the leads), `reliability`, `periods`, `gate`, `flag`.
    gate
        One row a check: `check`, `found`, `needed`, `passed`, `sentence`.
    counts
        What was set aside of both surveys: `table`, `what`, `rows`.
    status
        One row for the first sentence: `outcome`, `lag`, `status` (`association`, `refused`), `verdict` (`rises`,
        `falls`, `cannot tell`, "" where refused), `reason`; the bases, the corrected estimate with its interval,
        `p_value`, `reliability`, `movement` (standard deviation of a team's engagement around its own usual, sampling
        error taken off), `teams`, `periods`, `unit`, `employees_needed` (a team and period, for a reliability of .5;
        infinite if none would do, missing where it is reached), `flag`.
    """

    effect: pd.DataFrame
    shape: pd.DataFrame = field(repr=False)
    cells: pd.DataFrame = field(repr=False)
    lags: pd.DataFrame = field(repr=False)
    gate: pd.DataFrame = field(repr=False)
    counts: pd.DataFrame = field(repr=False)
    status: pd.DataFrame = field(repr=False)


def link(
    study: "StudyData",
    *,
    outcome: str = SCORE,
    engagement: str = "engagement",
    lag: int = 0,
    leads_lags: int = 3,
    conf_level: float = 0.95,
    n_boot: int = 999,
    seed: int = 0,
) -> TeamLink:
    """Return what a point of a team's engagement goes with in the scores of the customers whom it served.

    Parameters
    ----------
    study, outcome, engagement
        As for `teams`.
    lag
        Periods from the employees' survey to the customers' answers.
    leads_lags
        How many leads and lags are shown; each is a regression of its own, where at least five periods are left.
    conf_level
        Coverage of the intervals.
    n_boot, seed
        Draws of the wild bootstrap, and the seed.

    Returns
    -------
    TeamLink
        Frames of one fit. Where the reliability is under .3, its lower bound not above 0, or there are under six teams,
        nothing is estimated, and `status` says how many employees a team would do.

    Raises
    ------
    StudyError
        In one sentence, where there is no panel: no employees, no team of both surveys, under five periods, one team,
        engagement that does not vary.

    Notes
    -----
    `stats.panel.panel_slope`: team and period effects, the sampling variance of each engagement mean taken off (Deaton
    1985), wild bootstrap over teams with Webb's weights. A team of few employees counts as any other, with its large
    variance. R `fixest::feols(score ~ engagement | team + period, cluster = ~team)` gives the naive slope.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = link(cx.load("demo", period="2026Q3"), leads_lags=0)
    >>> found.status["status"].item(), found.status["verdict"].item()
    ('association', 'rises')
    """
    found = teams(study, outcome=outcome, engagement=engagement)
    search, cells = Search(conf_level, n_boot, seed), found.cells(lag)
    used = cells[cells["used"]].reset_index(drop=True)
    fit = fitted(used, SUBJECT, search)
    employees = float(used["n_employees"].mean())
    effect = _effect(fit, used, {"outcome": outcome, "lag": lag}, found.bases(used))
    lags = leads_and_lags(found, SUBJECT, search, leads_lags, told)[LAGS]
    gate = gate_of(fit, used, SUBJECT, employees)
    status = _status(effect.iloc[1], gate, lags).assign(
        movement=_movement(fit, used),
        teams=used["team"].nunique(),
        periods=used["period"].nunique(),
        unit=score_measure(study, outcome).unit,
        employees_needed=needed_of(fit, employees),
        flag=effect["flag"].iloc[1],
    )
    shape = _shape(fit, found, used, conf_level)
    shown = _shown(cells, study.definition.disclosure.min_base)
    return TeamLink(effect, shape, shown, lags, gate, found.counts, status)


def _effect(fit: PanelSlope, used: pd.DataFrame, head: dict[str, Any], bases: dict[str, int]) -> pd.DataFrame:
    """Return the frame `effect`."""
    tail = {"reliability": fit.reliability, "reliability_low": fit.reliability_low, "teams": used["team"].nunique()}
    tail |= {"periods": used["period"].nunique(), "cells": len(used), "gate": fit.status}
    p_value = np.nan if fit.status == REFUSED else fit.p_value
    rows = []
    for name, slope in ((NAIVE, fit.naive), (CORRECTED, fit.corrected)):
        care = TOO_SMALL if name == NAIVE else CARE if fit.status == UNCERTAIN else ""
        row = {"slope": name, **head, **bases, **limits(slope), "p_value": p_value, **tail}
        rows.append({**row, "flag": reading(fit, slope, care)})
    return pd.DataFrame(rows)


def _status(effect: pd.Series, gate: pd.DataFrame, lags: pd.DataFrame) -> pd.DataFrame:
    """Return the head of the frame `status`; both directions are possible, so it never is more than an association."""
    failed = gate.loc[~gate["passed"], "sentence"]
    lead = lags["flag"].str.contains(CLEAR_LEAD, regex=False).any()
    reason = failed.iloc[0] if len(failed) else CLEAR_LEAD if lead else effect["flag"]
    verdict = "rises" if effect["conf_low"] > 0 else "falls" if effect["conf_high"] < 0 else "cannot tell"
    row = {"outcome": effect["outcome"], "lag": effect["lag"], "status": REFUSED if len(failed) else ASSOCIATION}
    row |= {"verdict": "" if len(failed) else verdict, "reason": reason}
    kept = ["n", "n_customers", "n_employees", *LIMITS, "p_value", "reliability"]
    return pd.DataFrame([row | effect[kept].to_dict()])


def _movement(fit: PanelSlope, used: pd.DataFrame) -> float:
    """Return how far a team's true engagement typically moves around its own usual."""
    within = _effects(used).within(used["estimate"].to_numpy(dtype=float))
    return float(np.sqrt(max(fit.reliability, 0.0) * (within @ within) / fit.df))


def _effects(cells: pd.DataFrame) -> TwoWay:
    """Return the team and period effects of some cells."""
    return two_way(pd.factorize(cells["team"])[0], pd.factorize(cells["period"])[0])


def _shape(fit: PanelSlope, found: Teams, used: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the frame `shape`: scores by fifths of engagement, both without team and period effects."""
    effects = _effects(used)
    engagement, score = (effects.within(used[name].to_numpy(dtype=float)) for name in ("estimate", "score"))
    fifth = np.argsort(np.argsort(engagement, kind="stable")) * len(FIFTHS) // len(used)
    mean = domain_means(score, sample_design(len(used), cluster=effects.segment), fifth, len(FIFTHS))
    low, high = t_interval(mean.estimate, mean.std_error, mean.df, conf_level)
    frame = pd.DataFrame({"fifth": pd.Series(FIFTHS, dtype="str")})
    bases = [found.bases(used[fifth == number]) for number in range(len(FIFTHS))]
    frame = pd.concat([frame, pd.DataFrame(bases)], axis=1).assign(
        estimate=mean.estimate, std_error=mean.std_error, conf_low=low, conf_high=high,
        engagement=[engagement[fifth == number].mean() for number in range(len(FIFTHS))],
        cells=np.bincount(fifth, minlength=len(FIFTHS)),
    )  # fmt: skip
    if fit.status == REFUSED:
        frame[[*LIMITS, "engagement"]] = np.nan
    return frame.assign(flag=REFUSAL if fit.status == REFUSED else "").astype({"flag": "str"})


def _shown(cells: pd.DataFrame, min_base: int) -> pd.DataFrame:
    """Return the cells as they may be shown: no engagement of fewer employees than the study's smallest group."""
    few = cells["n_employees"].lt(min_base)
    hidden = cells.assign(
        engagement=cells["estimate"].mask(few),
        n_employees=cells["n_employees"].astype("Int64").mask(few),
        flag=joined(cells["flag"].to_numpy(dtype=str), np.where(few, FEW_EMPLOYEES, "")),
    )
    names = {"score": "estimate", "score_error": "std_error", "score_low": "conf_low", "score_high": "conf_high"}
    shown = hidden.drop(columns=["estimate", "variance"]).rename(columns=names)
    kept = ["period", "team", "score_period", "n", "n_customers", "n_employees", *LIMITS, "engagement", "used", "flag"]
    return shown[kept]
