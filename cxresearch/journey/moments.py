"""Moments of truth: whether the NPS of customers moves after a bad or a good experience at a touchpoint."""

from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.drivers import penalty_reward
from cxresearch.journey.encounters import A_YEAR, encounters, require, stages
from cxresearch.journey.order import BEFORE, EXPERIENCE, MOVED, votes_around, votes_of
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import check_level, joined
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["moments_of_truth"]

Outcome = Literal["relationship", "transactional"]
FEWEST, ALL = 30, "all"
# A score that detracts is a bad experience, one that promotes a good one.
BAD, GOOD = 6.0, 9.0
COLUMNS = (
    *("touchpoint", "n", "n_customers", "n_eff", "n_bad", "n_good"),
    *("penalty", "penalty_low", "penalty_high", "penalty_p"),
    *("penalty_before", "penalty_before_low", "penalty_before_high"),
    *("reward", "reward_low", "reward_high", "reward_p"),
    *("reward_before", "reward_before_low", "reward_before_high"),
    *("estimate", "std_error", "conf_low", "conf_high", "kind", "family", "flag"),
)


def moments_of_truth(
    study: "StudyData",
    outcome: Outcome = "relationship",
    *,
    days: int = 180,
    n_periods: int = 2 * A_YEAR,
    fewest: int = FEWEST,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return how the NPS of customers moves over a bad and over a good experience at each touchpoint.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with transactional answers that have `touchpoint`.
    outcome
        `relationship`: the move of the customer's vote in the relationship survey, from the last answer at most `days`
        before the encounter to the first at most `days` after it; the experience is the score given for the encounter
        (up to 6 bad, from 9 good). `transactional`: the vote right after the encounter; the experience is how easy it
        was (`ces`: the lower half of its scale bad, the upper fifth good).
    days
        How far the relationship answers may be from the encounter, on either side.
    n_periods
        Periods up to the reporting one that are taken together.
    fewest
        Answers around a bad, and a good, experience for a penalty, and a reward, to be reported; at least 10.
    conf_level
        Of the intervals; the adjusted p-values of a `kind` need to be under 1 - conf_level.

    Returns
    -------
    pandas.DataFrame
        One row for `all` encounters together, then one a touchpoint: `touchpoint`; `n`, `n_customers`, `n_eff`;
        `n_bad`, `n_good` (bad and good experiences, missing where under `fewest`); `penalty` (points of NPS by which
        the vote moves less after a bad than after an ordinary one) and `reward` (by which it moves more after a good
        one), each with `_low`, `_high` and `_p` (its adjusted p-value); `penalty_before` and `reward_before` (the same
        differences in the votes before the encounter, missing for `transactional`), with `_low` and `_high`;
        `estimate` (reward less penalty), `std_error`, `conf_low`, `conf_high`; `kind` (`basic`,
        `performance`, `excitement` or `cannot tell`); `family`; `flag`.

    Raises
    ------
    StudyError
        If no touchpoint has answers enough, or an outcome or experience is not asked.

    Notes
    -----
    `cx.drivers.penalty_reward` at each touchpoint, customers as sampling units. Those who are loyal rate every
    encounter higher, so the vote after it tells nothing by itself: the move from before to after takes lasting loyalty
    out on both sides alike, as a difference in differences does. A shock that falls between the two answers and is not
    of the encounter's making remains. The penalties and rewards of the touchpoints are one family (Benjamini-Hochberg).
    A touchpoint is `basic` if its penalty is supported and the contrast lies below 0, `excitement` if its reward is and
    the contrast lies above 0, `performance` if both are and neither outweighs the other.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = moments_of_truth(cx.load("demo", period="2026Q3"), "transactional")
    >>> bool((found["penalty"] > 0).all())
    True
    """
    check_level(conf_level)
    if outcome not in ("relationship", "transactional"):
        raise StudyError(f"outcome: found {outcome!r}; it is relationship or transactional.")
    rows = encounters(study, n_periods)
    require(rows, "nps", "ask it after the encounter")
    linked = _around(study, rows, days) if outcome == "relationship" else _right_after(study, rows)
    weight = columns_of(study, rows, "").weight
    groups = {ALL: linked} | {name: linked[linked["touchpoint"].eq(name)] for name in stages(study, rows)}
    known = [_effects(part, name, weight, fewest, conf_level) for name, part in groups.items() if _told(part, fewest)]
    if len(known) < 2:
        raise StudyError(
            f"no touchpoint has {fewest} votes to go with bad or with good experiences; take more periods "
            "together, or outcome='transactional'."
        )
    return _judged(pd.concat(known, ignore_index=True), conf_level)


def _around(study: "StudyData", rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return encounters between two relationship answers of the customer, with how far the vote moved."""
    found = votes_around(study, rows, days)
    return found.assign(bad=found[EXPERIENCE] <= BAD, good=found[EXPERIENCE] >= GOOD)


def _right_after(study: "StudyData", rows: pd.DataFrame) -> pd.DataFrame:
    """Return encounters with how easy they were and the vote right after; nothing is known of the vote before."""
    require(rows, "ces", "ask how easy it was, or take the relationship as the outcome")
    found = rows[rows["ces"].notna() & rows["nps"].notna()]
    low, high = measure_of(study, "ces").limits
    bad, good = found["ces"] < (low + high) / 2, found["ces"] >= low + 0.8 * (high - low)
    return found.assign(**{EXPERIENCE: found["ces"], MOVED: 100 * votes_of(found["nps"])}, bad=bad, good=good)


def _told(rows: pd.DataFrame, fewest: int) -> bool:
    """Return whether there are ordinary experiences, and bad or good ones, enough for a penalty or a reward."""
    ordinary = ~(rows["bad"] | rows["good"])
    return int(ordinary.sum()) >= fewest and max(int(rows["bad"].sum()), int(rows["good"].sum())) >= fewest


def _effects(rows: pd.DataFrame, name: str, weight: str | None, fewest: int, conf_level: float) -> pd.DataFrame:
    """Return penalty and reward of one touchpoint, and the same differences in the votes before."""
    coded = rows.assign(**{EXPERIENCE: rows["good"].astype(float) - rows["bad"].astype(float)})
    named: dict[str, Any] = {"low": -1.0, "high": 1.0, "weight": weight, "fewest": fewest, "conf_level": conf_level}
    found = penalty_reward(coded, MOVED, [EXPERIENCE], **named).rename(columns={"n_low": "n_bad", "n_high": "n_good"})
    times = stats.t.ppf((1 + conf_level) / 2, _degrees(found))
    for part in ("penalty", "reward"):
        error = (found[f"{part}_high"] - found[f"{part}_low"]) / (2 * times)
        found[f"{part}_p"] = 2 * stats.t.sf((found[part] / error).abs(), _degrees(found))
    known = BEFORE in coded and coded[BEFORE].nunique() > 1
    before = penalty_reward(coded, BEFORE, [EXPERIENCE], **named) if known else None
    for part, end in product(("penalty", "reward"), ("", "_low", "_high")):
        found[f"{part}_before{end}"] = np.nan if before is None else before[f"{part}{end}"]
    few = [word for word, n in (("bad", found["n_bad"]), ("good", found["n_good"])) if n.isna().all()]
    found["flag"] = f"under {fewest} {' and '.join(few)} experiences" if few else ""
    found.insert(0, "touchpoint", name)
    return found


def _degrees(found: pd.DataFrame) -> pd.Series:
    """Return the degrees of freedom: customers less the constant, low and high."""
    return (found["n_customers"] - 3).clip(lower=1)


def _judged(found: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the touchpoints' penalties and rewards as one family, and the kind of each touchpoint."""
    whole = found["touchpoint"].eq(ALL)
    p_values = found[["penalty_p", "reward_p"]].to_numpy()
    adjusted = p_values.copy()
    adjusted[~whole] = adjusted_p(p_values[~whole].ravel(), "bh").reshape(-1, 2)
    apart = adjusted < 1 - conf_level
    costs, gains = apart[:, 0] & found["penalty"].gt(0), apart[:, 1] & found["reward"].gt(0)
    kinds = [costs & found["conf_high"].lt(0), gains & found["conf_low"].gt(0), costs & gains]
    kind = pd.Series(np.select(kinds, ["basic", "excitement", "performance"], "cannot tell"), found.index, dtype="str")
    flag = joined(base_flag(found["n"], found["n_eff"]), found["flag"].to_numpy())
    size = int((~np.isnan(p_values[~whole])).sum())
    family = np.where(whole, "2 tests of all together", f"{size} penalties and rewards")
    told = found.assign(penalty_p=adjusted[:, 0], reward_p=adjusted[:, 1], kind=kind, family=family)
    told = told.assign(flag=pd.Series(flag, found.index, dtype="str"))
    return told[list(COLUMNS)].astype({"touchpoint": "str", "family": "str"})
