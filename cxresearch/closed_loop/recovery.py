"""Whether detractors who were contacted come back, beside those who would have come back anyway."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.closed_loop.followed import followed
from cxresearch.closed_loop.matched import (
    ANSWERED,
    DETRACTORS_TO,
    UNITS,
    chance_alone,
    difference,
    expected,
    judged_together,
    matched,
    outcome,
    side,
)
from cxresearch.stats.intervals import wilson
from cxresearch.stats.retest import Retest
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Recovery", "compared", "recovery"]


CONTACTED, UNTOUCHED, EXPECTED = "contacted", "not contacted, matched", "expected by test and retest"


@dataclass(frozen=True)
class Recovery:
    """What became of detractors.

    Attributes
    ----------
    effect
        One row a measure of the next answer: `recovered` (share no longer detractors), `nps` (points gained, 100 for
        each step up), `score` (points of 0-10 gained), and `answered again` (share with a next answer, of all):
        `measure`; `n`, `n_customers` (contacted), `n_against`, `n_customers_against` (not contacted), `value`,
        `value_against` (of those matched), `by_chance` (by test and retest alone), `estimate` (difference of the
        first two), `std_error`, `conf_low`, `conf_high`, `statistic`, `p_value`, `p_adjusted` (over the first three),
        `minimum_detectable`, `verdict` (`higher`, `lower`, `no difference beyond m`, `cannot tell`, ""), `flag` and
        `unit`.
    groups
        The share recovered of each group, to be drawn: `group`, `n`, `n_customers`, `n_eff`, `estimate`, `conf_low`,
        `conf_high`, `flag`.
    sensitivity
        `recovered` against others: `comparison`, then the columns of `effect` without `p_adjusted`.
    losses
        How many are left at each step: `group`, `step`, `n`, `n_customers`.
    reliability
        Correlation of two answers of a customer who was not contacted between them, as of a bivariate normal.
    within
        Days after an answer within which a contact counts.
    """

    effect: pd.DataFrame
    groups: pd.DataFrame
    sensitivity: pd.DataFrame
    losses: pd.DataFrame
    reliability: float
    within: int
    periods: list[str] = field(default_factory=list)


def recovery(study: "StudyData", period: str | None = None, *, conf_level: float = 0.95) -> Recovery:
    """Return what became of detractors who were contacted, beside matched detractors who were not.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with the table `contacts` and a relationship survey of several periods.
    period
        The period of the first answer; by default every period before the reporting one, each matched within itself.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Recovery
        Detractors scored 0-6. A contact counts within the days that `actions: contacted_within:` of the study file says
        (30 by default); the next answer is the first after these days.

    Raises
    ------
    StudyError
        If contacts, customers, dates, a later period or detractors are missing.

    Notes
    -----
    Each contacted detractor is matched to all who gave the same score in the same period and were not contacted; these
    weigh together as much as the contacted of their stratum. The difference is that of weighted means, its variance
    linearised over customers of the regression on being contacted, score and period. `by_chance` is what chance alone
    does to the next answer of people with these first answers (`stats.retest`). Being contacted was not drawn by lot:
    the difference is an adjusted association.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.closed_loop.recovery(cx.load("demo", "2026Q3"))
    >>> found.effect.loc[found.effect["measure"].eq("recovered"), "verdict"].item()
    'cannot tell'
    """
    rows = followed(study)
    known = sorted(set(rows["period"]) - {study.period}) if study.period != "all" else []
    wanted = known if period is None else [period]
    if not known or period not in (None, *known):
        asked = period or study.period
        raise StudyError(
            f"recovery: {asked} has no later period in the data; periods that have: {', '.join(known) or 'none'}."
        )
    rows = rows[rows["period"].isin(wanted)].reset_index(drop=True)
    margin = study.definition.smallest_difference.get("nps")
    within = study.definition.actions.contacted_within
    return compared(rows, within=within, margin=margin, conf_level=conf_level)


def compared(
    rows: pd.DataFrame, *, within: int = 30, margin: float | None = None, conf_level: float = 0.95
) -> Recovery:
    """Return what became of detractors, from answers that were followed.

    Parameters
    ----------
    rows
        As `followed` gives them.
    within
        Days within which a contact counted, for the words.
    margin
        Points of NPS that matter.
    conf_level
        Coverage of the intervals.

    Raises
    ------
    StudyError
        If no detractor was contacted, or none was not, or nobody answered again.
    """
    unhappy = rows[rows["first"].le(DETRACTORS_TO)]
    again = unhappy[unhappy["next"].notna()]
    for group, part in ((CONTACTED, again["contacted"]), ("not contacted", ~again["contacted"])):
        if not part.any():
            raise StudyError(f"recovery: no detractor who was {group} answered again; there is nothing to compare.")
    chance, pairs = chance_alone(rows), matched(again)
    measures = [difference(pairs, name, chance, margin if name == "nps" else None, conf_level) for name in UNITS]
    attrition = difference(matched(unhappy), ANSWERED, chance, None, conf_level)
    comparisons = {
        f"not contacted within {within} days": pairs,
        "not contacted before the next answer": matched(again[~again["contacted_later"]]),
    }
    others = [
        {"comparison": name} | difference(part, "recovered", chance, None, conf_level)
        for name, part in comparisons.items()
    ]
    periods = sorted(rows["period"].unique())
    return Recovery(
        effect=judged_together(pd.DataFrame([*measures, attrition]), conf_level),
        groups=_groups(pairs, chance, conf_level),
        sensitivity=pd.DataFrame(others).drop(columns="measure"),
        losses=_losses(unhappy, again, pairs),
        reliability=chance.correlation if chance else np.nan,
        within=within,
        periods=periods,
    )


def _groups(rows: pd.DataFrame, chance: Retest | None, conf_level: float) -> pd.DataFrame:
    """Return the share recovered of the contacted, of those matched to them, and what chance alone gives."""
    passed, contacted, found = outcome(rows, "recovered"), rows["contacted"].to_numpy(dtype=bool), []
    for name, mask in ((CONTACTED, contacted), (UNTOUCHED, ~contacted)):
        part = side(rows[mask], passed[mask])
        low, high = (float(limit) for limit in wilson(part["value"], part["n_eff"], conf_level))
        base = {column: part[column] for column in ("n", "n_customers", "n_eff")}
        flag = str(base_flag(part["n"], part["n_eff"]))
        found.append(
            {"group": name, **base, "estimate": part["value"], "conf_low": low, "conf_high": high, "flag": flag}
        )
    if chance is not None and contacted.any():
        share = expected(rows, "recovered", chance)
        found.append(found[0] | {"group": EXPECTED, "estimate": share, "conf_low": np.nan, "conf_high": np.nan})
    return pd.DataFrame(found)


def _losses(unhappy: pd.DataFrame, again: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return how many detractors of each group are left at each step."""
    steps = {"detractors": unhappy, ANSWERED: again, "matched": pairs}
    rows = [
        {"group": group, "step": step, "n": int(mask.sum()), "n_customers": int(part.loc[mask, "unit"].nunique())}
        for group, wanted in ((CONTACTED, True), ("not contacted", False))
        for step, part in steps.items()
        for mask in [part["contacted"].eq(wanted)]
    ]
    return pd.DataFrame(rows)
