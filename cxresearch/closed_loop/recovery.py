"""Whether detractors who were contacted come back, beside those who would have come back anyway."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.closed_loop.followed import followed
from cxresearch.closed_loop.verdicts import CANNOT_TELL, judged
from cxresearch.stats.design import Floats, sample_design
from cxresearch.stats.intervals import wilson
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.regression import least_squares
from cxresearch.stats.retest import Retest, retest
from cxresearch.stats.survey import TESTED_FROM, base_flag, kish
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Recovery", "compared", "recovery"]

DETRACTORS_TO, PROMOTERS_FROM = 6, 9
WORDS = ("higher", "lower")
# What is asked of the next answer, and in which unit.
UNITS = {"recovered": "share", "nps": "points", "score": "mean"}
ANSWERED = "answered again"
CONTACTED, UNTOUCHED, EXPECTED = "contacted", "not contacted, matched", "expected by test and retest"
NO_MATCH = "no one to match"


@dataclass(frozen=True)
class Recovery:
    """What became of detractors.

    Attributes
    ----------
    effect
        One row a measure of the next answer: `recovered` (share no longer detractors), `nps` (points gained, 100 for
        each step up), `score` (points of 0-10 gained), and `answered again` (share with a next answer, of all):
        `measure`; `n`, `n_customers` (contacted), `n_against`, `n_customers_against` (not contacted), `value`,
        `value_against` (of those matched to them), `expected` (by test and retest alone), `estimate` (difference of the
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
    linearised over customers of the regression on being contacted, score and period. `expected` is what chance alone
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
    chance = _chance(rows)
    matched = _matched(again)
    measures = [_effect(matched, name, chance, margin if name == "nps" else None, conf_level) for name in UNITS]
    effect = _as_family(pd.DataFrame([*measures, _attrition(_matched(unhappy), conf_level)]), conf_level)
    comparisons = {
        f"not contacted within {within} days": again,
        "not contacted before the next answer": again[~again["contacted_later"]],
    }
    others = pd.DataFrame(
        {"comparison": name} | _effect(_matched(part), "recovered", chance, None, conf_level)
        for name, part in comparisons.items()
    ).drop(columns="measure")
    periods = sorted(rows["period"].unique())
    reliability = chance.correlation if chance else np.nan
    groups = _groups(matched, chance, conf_level)
    return Recovery(effect, groups, others, _losses(unhappy, again, matched), reliability, within, periods)


def _chance(rows: pd.DataFrame) -> Retest | None:
    """Return what chance does to a second answer, by customers who were not contacted; None if they are too few."""
    untouched = rows[~rows["contacted"] & rows["next"].notna()]
    try:
        return retest(untouched["first"], untouched["next"])
    except ValueError:
        return None


def _matched(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of strata (period and score) with contacted and others, the others weighted to the contacted."""
    strata = rows.groupby(["period", "first"])["contacted"]
    contacted, every = strata.transform("sum"), strata.transform("size")
    kept = contacted.between(1, every - 1)
    weight = np.where(rows["contacted"], 1.0, contacted / (every - contacted).where(kept, 1))
    return rows.assign(weight=weight)[kept].reset_index(drop=True)


def _outcome(rows: pd.DataFrame, measure: str) -> Floats:
    """Return what the next answer counts: not a detractor, points of NPS gained, points of the score gained."""
    scores = rows["next"].to_numpy(dtype=float)
    return _worth(scores, measure) - (rows["first"].to_numpy(dtype=float) if measure == "score" else 0.0)


def _worth(scores: Floats, measure: str) -> Floats:
    """Return what second answers count to detractors."""
    passed = (scores > DETRACTORS_TO).astype(float)
    return {"recovered": passed, "nps": 100 * (passed + (scores >= PROMOTERS_FROM)), "score": scores}[measure]


def _effect(
    rows: pd.DataFrame, measure: str, chance: Retest | None, margin: float | None, conf_level: float
) -> dict[str, object]:
    """Return the difference of the contacted from those matched to them, in one measure of the next answer."""
    found = _difference(rows, _outcome(rows, measure), margin, conf_level)
    return _row(measure, found, _expected(rows, measure, chance), UNITS[measure])


def _expected(rows: pd.DataFrame, measure: str, chance: Retest | None) -> float:
    """Return what chance alone makes of the next answers of the contacted."""
    first = rows.loc[rows["contacted"], "first"].to_numpy(dtype=float)
    if chance is None or not len(first):
        return np.nan
    mean = float(chance.expected(first, _worth(chance.levels, measure)).mean())
    return mean - float(first.mean()) if measure == "score" else mean


def _as_family(rows: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the measures of the next answer judged together: three looks at one thing are three chances to err."""
    measures = rows["measure"].isin(list(UNITS))
    adjusted = rows["p_value"].where(~measures, adjusted_p(rows["p_value"].where(measures), "bh"))
    missed = rows["verdict"].isin(WORDS) & ~adjusted.lt(1 - conf_level)
    rows.insert(rows.columns.get_loc("p_value") + 1, "p_adjusted", adjusted)
    return rows.assign(verdict=rows["verdict"].mask(missed, CANNOT_TELL))


def _attrition(rows: pd.DataFrame, conf_level: float) -> dict[str, object]:
    """Return whether the contacted answer again as often as those matched to them."""
    return _row(
        ANSWERED, _difference(rows, rows["next"].notna().to_numpy(dtype=float), None, conf_level), np.nan, "share"
    )


def _row(measure: str, found: dict[str, object], expected: float, unit: str) -> dict[str, object]:
    """Return a row with its columns in order."""
    first = ("n", "n_customers", "n_against", "n_customers_against", "value", "value_against")
    rest = {name: value for name, value in found.items() if name not in first}
    return {"measure": measure} | {name: found[name] for name in first} | {"expected": expected} | rest | {"unit": unit}


def _difference(rows: pd.DataFrame, outcome: Floats, margin: float | None, conf_level: float) -> dict[str, object]:
    """Return the weighted difference of two groups with its test; none where one of them is under 30."""
    contacted = rows["contacted"].to_numpy(dtype=bool)
    own, other = (_side(rows[mask], outcome[mask]) for mask in (contacted, ~contacted))
    bases = {
        f"{name}{suffix}": side[name]
        for name in ("n", "n_customers", "value")
        for suffix, side in (("", own), ("_against", other))
    }
    smaller = min(own["n_eff"], other["n_eff"])
    error, df = (np.nan, np.nan) if smaller < TESTED_FROM else _error(rows, outcome)
    flag = NO_MATCH if rows.empty else str(base_flag(smaller, smaller))
    return bases | judged(own["value"] - other["value"], error, df, conf_level, WORDS, margin) | {"flag": flag}


def _side(rows: pd.DataFrame, outcome: Floats) -> dict[str, float]:
    """Return base and weighted mean of one group."""
    weight = rows["weight"].to_numpy(dtype=float)
    value = float(np.average(outcome, weights=weight)) if len(rows) else np.nan
    return {"n": len(rows), "n_customers": rows["unit"].nunique(), "n_eff": float(kish(weight)[0]), "value": value}


def _error(rows: pd.DataFrame, outcome: Floats) -> tuple[float, float]:
    """Return the standard error of the difference and its degrees of freedom, clustered by customer."""
    periods = pd.get_dummies(rows["period"], drop_first=True, dtype=float).to_numpy()
    x = np.column_stack([np.ones(len(rows)), rows["contacted"], rows["first"], periods]).astype(float)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        x = x[:, :2]
    units = pd.factorize(rows["unit"])[0]
    slopes = least_squares(outcome, x, sample_design(len(rows), weight=rows["weight"], cluster=units))
    return float(slopes.std_error[1]), float(slopes.df)


def _groups(rows: pd.DataFrame, chance: Retest | None, conf_level: float) -> pd.DataFrame:
    """Return the share recovered of the contacted, of those matched to them, and what chance alone gives."""
    passed, contacted, found = _outcome(rows, "recovered"), rows["contacted"].to_numpy(dtype=bool), []
    for name, mask in ((CONTACTED, contacted), (UNTOUCHED, ~contacted)):
        side = _side(rows[mask], passed[mask])
        low, high = (float(limit) for limit in wilson(side["value"], side["n_eff"], conf_level))
        base = {part: side[part] for part in ("n", "n_customers", "n_eff")}
        flag = str(base_flag(side["n"], side["n_eff"]))
        found.append(
            {"group": name, **base, "estimate": side["value"], "conf_low": low, "conf_high": high, "flag": flag}
        )
    if chance is not None and contacted.any():
        share = _expected(rows, "recovered", chance)
        found.append(found[0] | {"group": EXPECTED, "estimate": share, "conf_low": np.nan, "conf_high": np.nan})
    return pd.DataFrame(found)


def _losses(unhappy: pd.DataFrame, again: pd.DataFrame, matched: pd.DataFrame) -> pd.DataFrame:
    """Return how many detractors of each group are left at each step."""
    steps = {"detractors": unhappy, ANSWERED: again, "matched": matched}
    rows = [
        {"group": group, "step": step, "n": int(mask.sum()), "n_customers": int(part.loc[mask, "unit"].nunique())}
        for group, wanted in ((CONTACTED, True), ("not contacted", False))
        for step, part in steps.items()
        for mask in [part["contacted"].eq(wanted)]
    ]
    return pd.DataFrame(rows)
