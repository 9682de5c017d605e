"""Customers of high impact in every metric, and whether their distance from the rest grows over the periods."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.metrics.answers import Columns, read_answers
from cxresearch.metrics.sources import breaks, period_key, source, surveys_of
from cxresearch.metrics.study_tables import SCORECARD
from cxresearch.metrics.table import table
from cxresearch.segments.asked import Asked, asked
from cxresearch.segments.comparison import REST
from cxresearch.segments.contrasts import CANNOT_TELL, judged
from cxresearch.segments.high_impact import LEVEL, against_the_rest, impact_of, revenue_before_period, rule_of
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.differences import equivalent, two_sided_p
from cxresearch.stats.survey import TESTED_FROM, covariance, mean_influence
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Gap", "high_impact_gap", "high_impact_metrics"]

LEAST_PERIODS, POWER = 3, 0.8
FEW = "under 30 answers on a side: not in the trend"
TREND = ["metric", "n", "n_customers", "n_against", "n_customers_against", "n_eff", "estimate", "std_error", "conf_low",
         "conf_high", "statistic", "p_value", "minimum_detectable", "per_period", "first", "last", "periods", "unit",
         "verdict", "flag"]  # fmt: skip


@dataclass(frozen=True)
class Gap:
    """How far customers of high impact are from the rest, period by period.

    Attributes
    ----------
    levels
        Two rows a period: `period`, `level` (`high impact`, `the rest`), then the columns of `cx.metrics.nps`.
    periods
        One row a period: `period`, `segment`, `level`, `against`, then the columns of `compare`; p-values adjusted over
        the periods (Holm).
    trend
        One row: `metric`; `n`, `n_customers` (high impact, periods of the trend), `n_against`, `n_customers_against`,
        `n_eff` (sum over the periods); `estimate` (by how much the gap moved from the first to the last period, along a
        straight line), `std_error`, `conf_low`, `conf_high`, `statistic`, `p_value`, `minimum_detectable`, `per_period`
        (the slope), `first`, `last`, `periods` (how many), `unit`, `verdict` (`rose`: in favour of high impact; `fell`;
        `no difference beyond m`; `cannot tell`; "" under three periods), `flag` (periods left out).
    """

    levels: pd.DataFrame
    periods: pd.DataFrame
    trend: pd.DataFrame


def high_impact_metrics(
    study: "StudyData", *, conf_level: float = 0.95, n_permutations: int = 4_999, seed: int = 0
) -> pd.DataFrame:
    """Return how customers of high impact differ from the others in every metric of the scorecard.

    Parameters
    ----------
    study
        As for `high_impact_against_rest`.
    conf_level, n_permutations, seed
        As for `compare`.

    Returns
    -------
    pandas.DataFrame
        One row a metric: `metric`, `segment`, `level`, `against`, then the columns of `compare`, p-values adjusted over
        the metrics (Benjamini–Hochberg), and `unit`. `flag` counts answers of customers without a bill before.

    Raises
    ------
    ValueError
        As `high_impact_against_rest`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = high_impact_metrics(cx.load("demo", period="2026Q3"), n_permutations=99)
    >>> found["metric"].tolist(), found["family"].iloc[0]
    (['nps', 'csat', 'ces', 'fcr'], '4 metrics')
    """
    rows, units, notes = [], [], []
    for metric in [*SCORECARD, *study.definition.measures]:
        if not surveys_of(study, metric) or source(study, metric).measure.kind == "total":
            continue
        found = asked(study, metric, Columns(), None, None, None, conf_level)
        row, note = against_the_rest(study, found, conf_level, n_permutations, seed)
        row.insert(0, "metric", metric)
        rows.append(row)
        notes.append(note)
        units.append(found.measure.unit)
    if not rows:
        raise ValueError("high impact: the study has no metric: its responses hold no nps, csat, ces or fcr.")
    frame = judged(pd.concat(rows, ignore_index=True), "bh", "{n} metrics", conf_level)
    flags = ["; ".join(one for one in pair if one) for pair in zip(frame["flag"], notes, strict=True)]
    return frame.assign(unit=units, flag=flags).astype({"metric": "str", "unit": "str", "flag": "str"})


def high_impact_gap(
    study: "StudyData", metric: str = "nps", *, conf_level: float = 0.95, n_permutations: int = 4_999, seed: int = 0
) -> Gap:
    """Return whether customers of high impact and the rest get the same experience, and whether that changes.

    Parameters
    ----------
    study
        As for `high_impact_against_rest`.
    metric
        As for `compare`.
    conf_level, n_permutations, seed
        As for `compare`.

    Returns
    -------
    Gap
        Levels, gap of each period, trend of the gap.

    Raises
    ------
    ValueError
        As `high_impact_against_rest`, or if no period has bills of all the months before it.

    Notes
    -----
    Who has high impact is fixed anew before each period, on the months before *it*. Only periods since the metric was
    last asked in another way are compared, and only those whose bills reach back far enough. The trend is the
    least-squares line through the gaps of periods with 30 answers or more on either side; its variance is linearised
    over customers (accounts) across all periods, so that who answers often counts as one. R: `svycontrast(svyby(~y,
    ~period + level, design, svymean, covmat = TRUE), weights of the slope)`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> gap = high_impact_gap(cx.load("demo", period="2026Q3"), n_permutations=99)
    >>> len(gap.periods), gap.trend["periods"].item()
    (8, 8)
    """
    revenue_before_period(study)
    waves, left = _waves(study, metric, conf_level)
    parts = [against_the_rest(wave.study, wave.found, conf_level, n_permutations, seed) for wave in waves]
    gaps = pd.concat([part for part, _ in parts], ignore_index=True)
    gaps.insert(0, "period", pd.Series([wave.study.period for wave in waves], dtype="str"))
    periods = judged(gaps, "holm", "{n} periods", conf_level)
    enough = periods[["n", "n_against", "n_eff"]].min(axis=1).ge(TESTED_FROM)
    notes = zip(periods["flag"], [one for _, one in parts], np.where(enough, "", FEW), strict=True)
    told = ["; ".join(filter(None, words)) for words in notes]
    if not enough.all():
        left.append(f"{_periods(int((~enough).sum()))} with {FEW}")
    trend = _trend([wave for wave, kept in zip(waves, enough, strict=True) if kept], periods[enough], conf_level)
    trend = trend.assign(metric=metric, unit=waves[-1].found.measure.unit, flag="; ".join(left))[TREND]
    levels = pd.concat([_levels(wave, conf_level) for wave in waves], ignore_index=True)
    texts = dict.fromkeys(("metric", "first", "last", "unit", "verdict", "flag"), "str")
    return Gap(levels, periods.assign(flag=told).astype({"flag": "str"}), trend.astype(texts))


@dataclass(frozen=True)
class _Wave:
    """A period with its answers and who of them has high impact: 1, the rest 0, not billed before -1."""

    study: "StudyData"
    found: Asked
    impact: Codes

    @property
    def influence(self) -> Floats:
        """(n,) influence of each answer on the gap of the period, in the metric's unit."""
        found = mean_influence(self.found.votes, self.found.sample.design, self.impact, 2)
        return found * np.where(self.impact == 1, 1.0, -1.0) * self.found.measure.factor


def _waves(study: "StudyData", metric: str, conf_level: float) -> tuple[list[_Wave], list[str]]:
    """Return the comparable periods with enough bills before them, and in words how many were left out for what."""
    survey, months = source(study, metric).survey, rule_of(study).months_before
    broken, first_bill = breaks(study, metric), study.revenue["month"].min()
    waves, counts = [], {"before the metric was asked in another way": 0, f"without bills of {months} months before": 0}
    for name in study.periods:
        one = replace(study, period=name, compare_to=None)
        if broken and period_key(name) < period_key(broken[-1]):
            counts["before the metric was asked in another way"] += 1
        elif one.bounds is None or first_bill > one.bounds[0] - pd.DateOffset(months=months):
            counts[f"without bills of {months} months before"] += 1
        elif source(one, metric).survey == survey:
            found = asked(one, metric, Columns(), None, None, None, conf_level)
            waves.append(_Wave(one, found, impact_of(one, found.frame)))
    if not waves:
        raise StudyError(f"high impact: no period with {metric} has bills of the {months} months before it.")
    return waves, [f"{_periods(number)} {what} left out" for what, number in counts.items() if number]


def _periods(number: int) -> str:
    """Return a number of periods in words."""
    return "1 period" if number == 1 else f"{number} periods"


def _levels(wave: _Wave, conf_level: float) -> pd.DataFrame:
    """Return the metric of both groups in a period."""
    level = pd.Series([{1: LEVEL, 0: REST}.get(int(code)) for code in wave.impact], dtype="str")
    rows = wave.found.frame.assign(level=level.to_numpy())
    frame = table(rows, wave.found.measure, "level", wave.found.columns, conf_level, None)
    frame.insert(0, "period", pd.Series([wave.study.period] * len(frame), dtype="str"))
    return frame


def _trend(waves: list[_Wave], gaps: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the straight line through the gaps, from its first to its last period."""
    if len(waves) < LEAST_PERIODS:
        nothing = dict.fromkeys(TREND, np.nan) | dict.fromkeys(("first", "last", "verdict"), "")
        bases = dict.fromkeys(("n", "n_customers", "n_against", "n_customers_against"), 0)
        return pd.DataFrame([nothing | bases | {"n_eff": 0.0, "periods": len(waves)}])
    place = np.array([period_key(wave.study.period) for wave in waves], dtype=float)
    # The line's rise from the first to the last period is this sum of the gaps.
    weight = (place - place.mean()) / np.square(place - place.mean()).sum() * np.ptp(place)
    rise = float(weight @ gaps["estimate"].to_numpy(dtype=float))
    variance, bases = _pooled(waves, weight)
    error, df = float(np.sqrt(variance)), bases["n_customers"] - 1
    quantile, power = (float(stats.t.ppf(p, df)) for p in ((1 + conf_level) / 2, POWER))
    row: dict[str, float] = {**bases, "n_eff": float(gaps["n_eff"].sum()), "estimate": rise, "std_error": error}
    # Where nobody differs from anybody there is no error to measure a rise by.
    statistic = rise / error if error > 0 else np.nan
    row |= {"conf_low": rise - quantile * error, "conf_high": rise + quantile * error, "statistic": statistic}
    row |= {"p_value": float(two_sided_p(statistic, df)), "minimum_detectable": (quantile + power) * error}
    row |= {"per_period": rise / np.ptp(place), "periods": len(waves)}
    verdict = _verdict(row, df, waves[-1].found.smallest_difference, 1 - conf_level)
    return pd.DataFrame([row]).assign(first=waves[0].study.period, last=waves[-1].study.period, verdict=verdict)


def _pooled(waves: list[_Wave], weight: Floats) -> tuple[float, dict[str, int]]:
    """Return the variance of a weighted sum of gaps, by customer over all periods, and on whom it rests."""
    rows = pd.concat([wave.found.frame for wave in waves], ignore_index=True)
    answers = read_answers(rows, waves[-1].found.measure, None, waves[-1].found.columns)
    influence = np.concatenate([one * wave.influence for one, wave in zip(weight, waves, strict=True)])
    unit = np.arange(len(rows)) if answers.unit is None else answers.unit
    bases: dict[str, int] = {}
    for level, suffix in ((1, ""), (0, "_against")):
        of_level = np.concatenate([(wave.impact == level) & ~np.isnan(wave.found.votes) for wave in waves])
        bases |= {f"n{suffix}": int(of_level.sum()), f"n_customers{suffix}": len(np.unique(unit[of_level]))}
    return float(covariance(influence, influence, answers.design(finite=False))[0]), bases


def _verdict(row: dict[str, float], df: float, margin: float | None, alpha: float) -> str:
    """Return what the rise of the gap says."""
    if row["p_value"] < alpha:
        return "rose" if row["estimate"] > 0 else "fell"
    if margin is not None and row["std_error"] > 0 and equivalent(row["estimate"], row["std_error"], df, margin):
        return f"no difference beyond {margin:g}"
    return CANNOT_TELL
