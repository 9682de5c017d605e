"""How much faster one group leaves than another: Cox's hazard ratios, and whether they hold over time."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.economics.retention import EVERYONE
from cxresearch.economics.spells import NPS_GROUP, Spells, spells_after_answers
from cxresearch.metrics.table import check_level
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.survey import base_flag

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["hazard_ratios"]

NOT_PROPORTIONAL, FEW_LEFT = "the ratio changes over time", "too few left"
SIGNIFICANCE = 0.05
# Under ten ends a coefficient, Cox's estimates are biased and their errors too small (Peduzzi et al. 1995).
FEWEST_LEFT = 10


@dataclass(frozen=True)
class Fit:
    """Logs of hazard ratios with their covariance, one for each level but the first."""

    log: Floats
    covariance: Floats

    @property
    def error(self) -> Floats:
        """Standard errors."""
        return np.sqrt(np.diag(self.covariance))


def hazard_ratios(
    study: "StudyData", by: str = NPS_GROUP, *, against: str | None = None, survey: str = "relationship",
    conf_level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Return how many times as fast the customers of each group leave as those of one of them.

    Parameters
    ----------
    study, by, survey, conf_level
        As for `retention`.
    against
        The level that others are compared with; by default promoters, else the level with the most answers.

    Returns
    -------
    pandas.DataFrame
        One row a level but `against`: `segment`, `level`, `against`, `n`, `n_customers`, `n_eff`, `estimate` (hazard
        ratio, 1 is no difference), `std_error` (of its log), `conf_low`, `conf_high`, `statistic`, `p_value`, `early`
        and `late` (the ratio in the first and in the second half of the leavings), `p_proportional` (of their
        difference), `left` (how many left), `flag`.

    Raises
    ------
    KeyError, StudyError
        As `retention` does.
    ValueError
        If there are fewer than two groups, or `against` is none of them.

    Notes
    -----
    Cox (1972), ties after Efron, a baseline of its own for each quarter of answering, sandwich variance summed by
    customer or account; unweighted. R `survival::coxph(Surv(months, left) ~ group + strata(quarter), cluster =)`. The
    check of proportional hazards fits the time before and after the median leaving apart and compares the two ratios
    (Therneau and Grambsch 2000, chapter 6: `survSplit` with an interaction); it bears repeated answers, which the
    correlation test of residuals does not.

    Examples
    --------
    >>> import cxresearch as cx
    >>> cx.economics.hazard_ratios(cx.load("demo", period="2026Q3"))["level"].tolist()
    ['detractors', 'passives']
    """
    check_level(conf_level)
    spells = spells_after_answers(study, by, survey)
    first = _reference(spells, against)
    levels = [level for level in spells.levels if level != first]
    frame = spells.frame
    parts = [frame[frame[by].eq(level)] for level in levels]
    left = np.array([part["left"].sum() for part in parts], dtype=float)
    enough = (left >= FEWEST_LEFT) & (frame.loc[frame[by].eq(first), "left"].sum() >= FEWEST_LEFT)
    kept = [level for level, known in zip(levels, enough, strict=True) if known]
    found = _ratios(frame, by, first, kept, conf_level).reindex(levels)
    people = np.array([part["unit"].nunique() for part in parts])
    bases: dict[str, Any] = {"segment": by, "level": levels, "against": first, "n": [len(part) for part in parts]}
    bases |= {"n_customers": people, "n_eff": people.astype(float)}
    table = pd.concat([pd.DataFrame(bases), found.reset_index(drop=True)], axis=1).assign(left=left.astype(int))
    changing = np.where(table["p_proportional"] < SIGNIFICANCE, NOT_PROPORTIONAL, "")
    words = [base_flag(table["n"], table["n_eff"]), np.where(enough, "", FEW_LEFT), changing]
    table["flag"] = ["; ".join(word for word in row if word) for row in zip(*words, strict=True)]
    return table.astype(dict.fromkeys(("segment", "level", "against", "flag"), "str"))


def _reference(spells: Spells, against: str | None) -> str:
    """Return the level that the others are compared with."""
    if len(spells.levels) < 2:
        raise ValueError(f"hazard ratios: {spells.by or EVERYONE!r} has one group only; a comparison needs two.")
    if against is not None and against not in spells.levels:
        raise ValueError(f"against: found {against!r}; the groups are {', '.join(spells.levels)}.")
    largest = spells.frame[str(spells.by)].value_counts().idxmax()
    return against or ("promoters" if "promoters" in spells.levels else str(largest))


def _ratios(frame: pd.DataFrame, by: str, first: str, levels: list[str], conf_level: float) -> pd.DataFrame:
    """Return the hazard ratios of some levels with their tests, on the levels."""
    names = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "early", "late",
             "p_proportional"]  # fmt: skip
    if not levels:
        return pd.DataFrame(columns=names, dtype=float)
    rows = frame[frame[by].isin([first, *levels])]
    whole = cox(rows, by, levels)
    half = float(rows.loc[rows["left"] > 0, "months"].median())
    before = rows.assign(left=rows["left"].where(rows["months"] <= half, 0.0), months=rows["months"].clip(upper=half))
    early, late = cox(before, by, levels), cox(rows[rows["months"] > half], by, levels, entry=half)
    z = whole.log / whole.error
    width = stats.norm.ppf((1 + conf_level) / 2) * whole.error
    apart = (late.log - early.log) / np.sqrt(early.error**2 + late.error**2)
    p_value, p_apart = (2 * stats.norm.sf(abs(one)) for one in (z, apart))
    limits = [np.exp(whole.log - width), np.exp(whole.log + width)]
    values = [np.exp(whole.log), whole.error, *limits, z, p_value, np.exp(early.log), np.exp(late.log), p_apart]
    return pd.DataFrame(dict(zip(names, values, strict=True)), index=levels)


def cox(rows: pd.DataFrame, by: str, levels: list[str], entry: float = 0.0) -> Fit:
    """Return a Cox fit of the levels of a column, with a baseline of its own for each quarter of starting."""
    quarter: Codes = pd.factorize(rows["start"].dt.to_period("Q"))[0]
    ended = np.bincount(quarter, rows["left"])[quarter] > 0
    rows, quarter = rows[ended], quarter[ended]
    member = np.stack([rows[by].eq(level).to_numpy(dtype=float) for level in levels], axis=1)
    if not (member * rows["left"].to_numpy()[:, None]).sum(axis=0).all():
        return Fit(np.full(len(levels), np.nan), np.full((len(levels), len(levels)), np.nan))
    return _fitted(rows, member, quarter, entry)


def _fitted(rows: pd.DataFrame, member: Floats, quarter: Codes, entry: float) -> Fit:
    """Return statsmodels' fit, clustered by customer or account."""
    from statsmodels.duration.hazard_regression import PHReg

    begun = np.full(len(rows), entry) if entry else None
    model = PHReg(rows["months"].to_numpy(), member, rows["left"].to_numpy(), entry=begun, strata=quarter, ties="efron")
    fit = model.fit(groups=pd.factorize(rows["unit"])[0])
    return Fit(np.asarray(fit.params), np.asarray(fit.cov_params()))
