"""The evidence of one initiative as result frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.closed_loop.verdicts import CANNOT_TELL, judged
from cxresearch.metrics.measures import Measure
from cxresearch.schema.initiatives import Initiative
from cxresearch.stats.design import Floats
from cxresearch.stats.interrupted import interrupted
from cxresearch.stats.level_series import Contrast, LevelSeries
from cxresearch.stats.survey import base_flag

__all__ = ["Case", "checks", "effect", "interrupted_rows", "levels", "refused", "series", "stacked"]

WORDS = ("rose", "fell")
NOT_COMPARABLE, PASS, FAIL = "not comparable", "pass", "fail"
QUASI, ASSOCIATION, REFUSED = "quasi-experiment", "association", "refused"
APART = "the touched levels and the others ran apart before the start already"
ALONE = "what happened to everyone is in it"
# A trend before the start takes this many periods; a start that never was takes two on each side.
FOR_A_TREND, FOR_A_PLACEBO = 3, 4
# A slope that may bend takes this many periods on each side.
FOR_A_BEND = 4
SIGNIFICANCE = 0.05
Row = dict[str, Any]
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "minimum_detectable")


@dataclass(frozen=True)
class Case:
    """An initiative with what tells of it.

    Attributes
    ----------
    initiative, measure
        What was changed, and what it is judged by.
    means
        Means of the levels over periods, in the unit of the metric.
    levels, periods
        Their names; the touched levels first.
    persons
        (k, 3) distinct triples of level, period and customer.
    margin
        What matters, None where the study does not say.
    notes
        What a reader must know.
    """

    initiative: Initiative
    measure: Measure
    means: LevelSeries
    levels: list[str]
    periods: list[str]
    persons: np.ndarray
    margin: float | None
    notes: list[str]

    @property
    def unit(self) -> str:
        """Unit of the metric, as pages name it."""
        return {"nps": "points", "share": "share"}.get(self.measure.kind, "mean")

    @property
    def touched(self) -> str:
        """The touched levels in words."""
        return ", ".join(self.initiative.levels)

    def base(self, touched: bool, suffix: str = "") -> Row:
        """Return the base of one side over all periods."""
        side = self.means.touched == touched
        inside = np.isin(self.persons[:, 0], np.flatnonzero(side))
        customers = len(np.unique(self.persons[inside, 2]))
        return {f"n{suffix}": int(self.means.n[side].sum()), f"n_customers{suffix}": customers}

    def judge(self, found: Contrast, conf_level: float, margin: float | None = None) -> Row:
        """Return interval, test and verdict of a contrast."""
        return judged(found.estimate, found.std_error, found.df, conf_level, WORDS, margin)


def effect(case: Case, conf_level: float) -> pd.DataFrame:
    """Return the difference in differences, and whether it may be read as what the initiative did."""
    means = case.means
    changes = {
        name: means.contrast(means.side(touched=side), means.of_time).estimate
        for name, side in (("value", True), ("value_against", False))
    }
    found = case.judge(means.effect, conf_level, case.margin)
    verdict, failed = str(found.pop("verdict")), _failed(case, conf_level)
    row = (
        {"initiative": case.initiative.title, "level": case.touched, "against": "the other levels"}
        | {"metric": case.initiative.outcome, "owner": case.initiative.owner or ""}
        | case.base(True)
        | case.base(False, "_against")
        | changes
        | found
        | {"p_levels": _rank(case), "verdict": NOT_COMPARABLE if failed else verdict}
        | {"status": ASSOCIATION if failed else QUASI, "reason": APART if failed else ""}
        | {"flag": "; ".join(case.notes), "unit": case.unit}
    )
    return pd.DataFrame([row])


def refused(one: Initiative, why: str) -> pd.DataFrame:
    """Return the row of an initiative that cannot be judged."""
    row: Row = {"initiative": one.title, "level": ", ".join(one.levels), "against": "", "metric": one.outcome}
    row |= {"owner": one.owner or "", "n": 0, "n_customers": 0, "n_against": 0, "n_customers_against": 0}
    row |= dict.fromkeys(("value", "value_against", *NUMBERS, "p_levels"), np.nan)
    return pd.DataFrame([row | {"verdict": "", "status": REFUSED, "reason": why, "flag": "", "unit": "points"}])


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other; those of refused initiatives are empty."""
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame()


def series(case: Case, conf_level: float) -> pd.DataFrame:
    """Return both sides period by period."""
    rows = []
    for place, period in enumerate(case.periods):
        at = (np.arange(len(case.periods)) == place).astype(float)
        for touched in (True, False):
            since = "after the start" if case.means.after[place] else "before"
            side = since if touched else "the others"
            a = np.outer(case.means.side(touched), at).ravel()
            estimate, error = float(a @ case.means.mean.ravel()), float(np.sqrt(a @ case.means.covariance @ a))
            half = stats.norm.ppf((1 + conf_level) / 2) * error
            rows.append(
                {"initiative": f"{case.touched} ({case.initiative.id})", "side": side, "period": period}
                | _cell(case, touched, place)
                | {"estimate": estimate, "std_error": error, "conf_low": estimate - half, "conf_high": estimate + half}
            )
    frame = pd.DataFrame(rows)
    frame[["conf_low", "conf_high"]] = frame[["conf_low", "conf_high"]].clip(*case.measure.limits)
    return frame.assign(flag=base_flag(frame["n"], frame["n"]), unit=case.unit).astype({"flag": "str"})


def checks(case: Case, conf_level: float) -> pd.DataFrame:
    """Return what speaks for reading the difference as an effect: before the start both sides ran alike."""
    rows = []
    for name, weights, needed in _before(case):
        head: Row = {"initiative": case.initiative.title, "check": name, **case.base(True)}
        if weights is None:
            missing = dict.fromkeys(NUMBERS[:4], np.nan) | {"p_value": np.nan, "verdict": CANNOT_TELL}
            rows.append(head | missing | {"flag": f"takes {needed} periods before the start"})
            continue
        found = case.judge(case.means.contrast(case.means.weight, weights), conf_level)
        verdict = FAIL if found["verdict"] in WORDS else PASS
        rows.append(head | {key: found[key] for key in (*NUMBERS[:4], "p_value")} | {"verdict": verdict, "flag": ""})
    return pd.DataFrame([*rows, _levels_check(case)]).assign(unit=case.unit)


def levels(case: Case, conf_level: float) -> pd.DataFrame:
    """Return each level as if it had been the touched one; with a single other level there is nothing to permute."""
    rows = []
    for place, name, found in _each_level(case):
        n = int(case.means.n[case.means.touched].sum() if place < 0 else case.means.n[place].sum())
        inside = np.isin(case.persons[:, 0], np.flatnonzero(case.means.touched) if place < 0 else [place])
        told = case.judge(found, conf_level)
        rows.append(
            {"initiative": case.initiative.title, "level": name, "touched": "yes" if place < 0 else "no", "n": n}
            | {"n_customers": len(np.unique(case.persons[inside, 2]))}
            | {key: told[key] for key in (*NUMBERS[:4], "p_value")}
            | {"flag": "", "unit": case.unit}
        )
    return pd.DataFrame(rows)


def interrupted_rows(case: Case, conf_level: float) -> pd.DataFrame:
    """Return the interrupted series of the touched levels, where it is long enough."""
    before, after = int((~case.means.after).sum()), int(case.means.after.sum())
    bends = min(before, after) >= FOR_A_BEND
    side = case.means.side(True)
    y = side @ case.means.mean
    try:
        found = interrupted(y, before, bends=bends)
    except ValueError as error:
        return _no_series(case, str(error))
    terms = {"step": found.names.index("step")} | ({"bend": found.names.index("bend")} if bends else {})
    weights = {name: np.eye(len(found.names))[place] for name, place in terms.items()}
    rows = []
    for name, weight in (weights | {"mean after the start": found.after}).items():
        told = judged(float(weight @ found.estimate), found.std_error(weight), found.df, conf_level, WORDS)
        rows.append(
            {"initiative": case.initiative.title, "term": name}
            | case.base(True)
            | {key: told[key] for key in NUMBERS[:4]}
            | {"flag": f"{ALONE}; {len(y)} periods", "unit": case.unit}
        )
    return pd.DataFrame(rows)


def _no_series(case: Case, why: str) -> pd.DataFrame:
    """Return the row of a series that is too short."""
    row: Row = {"initiative": case.initiative.title, "term": "mean after the start", **case.base(True)}
    row |= dict.fromkeys(NUMBERS[:4], np.nan)
    return pd.DataFrame([row | {"flag": why.rstrip("."), "unit": case.unit}])


def _before(case: Case) -> list[tuple[str, Floats | None, int]]:
    """Return the checks before the start: weights of the periods, None where these are too few."""
    n = int((~case.means.after).sum())
    time = np.arange(n) - (n - 1) / 2
    trend, placebo = np.zeros(len(case.periods)), np.zeros(len(case.periods))
    half = n // 2
    trend[:n] = time / max(float(time @ time), 1.0)
    placebo[:n] = np.where(np.arange(n) < half, -1 / max(half, 1), 1 / max(n - half, 1))
    return [
        ("pre-trend", trend if n >= FOR_A_TREND else None, FOR_A_TREND),
        ("placebo start", placebo if n >= FOR_A_PLACEBO else None, FOR_A_PLACEBO),
    ]


def _failed(case: Case, conf_level: float) -> bool:
    """Return whether both sides ran apart before the start."""
    return bool(checks(case, conf_level)["verdict"].eq(FAIL).any())


def _each_level(case: Case) -> list[tuple[int, str, Contrast]]:
    """Return the touched levels (place -1) and every other one as if it had been touched."""
    found = [(-1, case.touched, case.means.effect)]
    others = np.flatnonzero(~case.means.touched)
    if len(others) > 1:
        found += [(int(place), case.levels[place], case.means.without(int(place)).effect) for place in others]
    return found


def _rank(case: Case) -> float:
    """Return the share of levels whose effect, over its error, is at least as large as that of the touched."""
    statistic = [abs(found.estimate) / found.std_error for _, _, found in _each_level(case)]
    return float(np.mean([one >= statistic[0] for one in statistic]))


def _levels_check(case: Case) -> Row:
    """Return how far the comparison of levels can tell at all."""
    count, rank = len(_each_level(case)), _rank(case)
    if count == 1:
        flag = "one other level only: nothing to compare its own movement with"
    else:
        flag = f"{count} levels: the smallest p that their ranks can give is {1 / count:.2g}"
    row: Row = {"initiative": case.initiative.title, "check": "other levels", **case.base(True)}
    row |= dict.fromkeys(NUMBERS[:4], np.nan)
    verdict = PASS if rank < SIGNIFICANCE else CANNOT_TELL
    return row | {"p_value": rank, "verdict": verdict, "flag": flag}


def _cell(case: Case, touched: bool, place: int) -> Row:
    """Return the base of one side in one period."""
    side = np.flatnonzero(case.means.touched == touched)
    inside = np.isin(case.persons[:, 0], side) & (case.persons[:, 1] == place)
    n = int(case.means.n[side, place].sum())
    return {"n": n, "n_customers": len(np.unique(case.persons[inside, 2]))}
