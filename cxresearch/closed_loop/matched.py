"""Detractors who were contacted, matched to those who were not: what each gained until the next answer."""

from typing import Any

import numpy as np
import pandas as pd

from cxresearch.closed_loop.verdicts import CANNOT_TELL, judged
from cxresearch.stats.design import Floats, sample_design
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.regression import least_squares
from cxresearch.stats.retest import Retest, retest
from cxresearch.stats.survey import TESTED_FROM, base_flag, kish

__all__ = [
    "ANSWERED",
    "UNITS",
    "chance_alone",
    "difference",
    "expected",
    "judged_together",
    "matched",
    "outcome",
    "side",
]

DETRACTORS_TO, PROMOTERS_FROM = 6, 9
WORDS = ("higher", "lower")
# What is asked of the next answer, and in which unit.
UNITS = {"recovered": "share", "nps": "points", "score": "mean"}
ANSWERED = "answered again"
NO_MATCH = "no one to match"


def chance_alone(rows: pd.DataFrame) -> Retest | None:
    """Return what chance does to a second answer, by customers who were not contacted; None if they are too few."""
    untouched = rows[~rows["contacted"] & rows["next"].notna()]
    try:
        return retest(untouched["first"], untouched["next"])
    except ValueError:
        return None


def matched(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of strata (period and score) with contacted and others, the others weighted to the contacted."""
    strata = rows.groupby(["period", "first"])["contacted"]
    contacted, every = strata.transform("sum"), strata.transform("size")
    kept = contacted.between(1, every - 1)
    weight = np.where(rows["contacted"], 1.0, contacted / (every - contacted).where(kept, 1))
    return rows.assign(weight=weight)[kept].reset_index(drop=True)


def outcome(rows: pd.DataFrame, measure: str) -> Floats:
    """Return what the next answer counts: no detractor, points of NPS or of the score gained; or that there is one."""
    scores = rows["next"].to_numpy(dtype=float)
    if measure == ANSWERED:
        return (~np.isnan(scores)).astype(float)
    return _worth(scores, measure) - (rows["first"].to_numpy(dtype=float) if measure == "score" else 0.0)


def _worth(scores: Floats, measure: str) -> Floats:
    """Return what second answers count to detractors."""
    passed = (scores > DETRACTORS_TO).astype(float)
    return {"recovered": passed, "nps": 100 * (passed + (scores >= PROMOTERS_FROM)), "score": scores}[measure]


def difference(
    rows: pd.DataFrame, measure: str, chance: Retest | None, margin: float | None, conf_level: float
) -> dict[str, Any]:
    """Return the difference of the contacted from those matched to them, in one measure of the next answer."""
    found = _difference(rows, outcome(rows, measure), margin, conf_level)
    return _row(measure, found, expected(rows, measure, chance), UNITS.get(measure, "share"))


def expected(rows: pd.DataFrame, measure: str, chance: Retest | None) -> float:
    """Return what chance alone makes of the next answers of the contacted; it says nothing about who answers."""
    first = rows.loc[rows["contacted"], "first"].to_numpy(dtype=float)
    if chance is None or not len(first) or measure == ANSWERED:
        return np.nan
    mean = float(chance.expected(first, _worth(chance.levels, measure)).mean())
    return mean - float(first.mean()) if measure == "score" else mean


def judged_together(rows: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the measures of the next answer judged together: three looks at one thing are three chances to err."""
    measures = rows["measure"].isin(list(UNITS))
    adjusted = rows["p_value"].where(~measures, adjusted_p(rows["p_value"].where(measures), "bh"))
    missed = rows["verdict"].isin(WORDS) & ~adjusted.lt(1 - conf_level)
    rows.insert(rows.columns.get_loc("p_value") + 1, "p_adjusted", adjusted)
    flag = rows["flag"].mask(missed, f"judged among {len(UNITS)} measures of the next answer")
    return rows.assign(verdict=rows["verdict"].mask(missed, CANNOT_TELL), flag=flag)


def _row(measure: str, found: dict[str, Any], by_chance: float, unit: str) -> dict[str, Any]:
    """Return a row with its columns in order."""
    first = ("n", "n_customers", "n_against", "n_customers_against", "value", "value_against")
    rest = {name: value for name, value in found.items() if name not in first}
    return (
        {"measure": measure} | {name: found[name] for name in first} | {"by_chance": by_chance} | rest | {"unit": unit}
    )


def _difference(rows: pd.DataFrame, gained: Floats, margin: float | None, conf_level: float) -> dict[str, Any]:
    """Return the weighted difference of two groups with its test; none where one of them is under 30."""
    contacted = rows["contacted"].to_numpy(dtype=bool)
    own, other = (side(rows[mask], gained[mask]) for mask in (contacted, ~contacted))
    bases = {
        f"{name}{suffix}": side[name]
        for name in ("n", "n_customers", "value")
        for suffix, side in (("", own), ("_against", other))
    }
    smaller = min(own["n_eff"], other["n_eff"])
    error, df = (np.nan, np.nan) if smaller < TESTED_FROM else _error(rows, gained)
    flag = NO_MATCH if rows.empty else str(base_flag(smaller, smaller))
    return bases | judged(own["value"] - other["value"], error, df, conf_level, WORDS, margin) | {"flag": flag}


def side(rows: pd.DataFrame, gained: Floats) -> dict[str, float]:
    """Return base and weighted mean of one group."""
    weight = rows["weight"].to_numpy(dtype=float)
    value = float(np.average(gained, weights=weight)) if len(rows) else np.nan
    return {"n": len(rows), "n_customers": rows["unit"].nunique(), "n_eff": float(kish(weight)[0]), "value": value}


def _error(rows: pd.DataFrame, gained: Floats) -> tuple[float, float]:
    """Return the standard error of the difference and its degrees of freedom, clustered by customer."""
    periods = pd.get_dummies(rows["period"], drop_first=True, dtype=float).to_numpy()
    x = np.column_stack([np.ones(len(rows)), rows["contacted"], rows["first"], periods]).astype(float)
    if np.linalg.matrix_rank(x) < x.shape[1]:
        x = x[:, :2]
    units = pd.factorize(rows["unit"])[0]
    slopes = least_squares(gained, x, sample_design(len(rows), weight=rows["weight"], cluster=units))
    return float(slopes.std_error[1]), float(slopes.df)
