"""The bridge: a change of a metric as mix, rate, segments that entered or left, and weighting."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cxresearch.metrics.answers import Answers, Columns, read_answers, used_columns
from cxresearch.metrics.measures import Measure, Scale
from cxresearch.metrics.sources import columns_of, rows_of, source
from cxresearch.metrics.table import check_level
from cxresearch.segments.asked import by_customer, measure_named
from cxresearch.stats.decomposition import kitagawa, resampled
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.survey import base_flag

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Bridge", "bridge", "decompose"]

Mask = npt.NDArray[np.bool_]
MIX, RATE, ENTERED, LEFT, WEIGHTING = "mix", "rate", "entered", "left", "weighting"
ALL, NOT_KNOWN = "all", "not known"
BASES = ("n", "n_customers", "n_previous", "n_customers_previous")
PARTS = ("share_previous", "share", "previous", "current", "estimate", "std_error", "conf_low", "conf_high", "flag")


@dataclass(frozen=True)
class Bridge:
    """What a change of a metric is made of.

    Attributes
    ----------
    parts
        One row a component and level, `all` first: `component` (`mix`, `rate`, `entered`, `left`, `weighting`) and
        `level`; `n`, `n_customers`, `n_previous`, `n_customers_previous`; `share_previous`, `share` (unweighted, 0-1),
        `previous`, `current` (the level's metric, unweighted); `estimate` (what it adds to the change, in the unit of
        the metric), `std_error`, `conf_low`, `conf_high`, `flag`. The rows of level `all` sum to the change.
    total
        One row: the bases; `previous`, `current` (weighted); `estimate`, `std_error`, `conf_low`, `conf_high` of the
        change; `nothing_changed` (a change of up to ± this is expected when nothing changed); `flag`.
    """

    parts: pd.DataFrame = field(repr=False)
    total: pd.DataFrame = field(repr=False)

    @property
    def nothing_changed(self) -> float:
        """A change of up to ± this, in the unit of the metric, is expected when nothing changed."""
        return float(self.total["nothing_changed"].iloc[0])


@dataclass(frozen=True)
class _Waves:
    """Answers of two waves as sums: one row a customer, one column a statistic of `2 · levels` cells and the whole.

    Columns: answers of each level, earlier wave then later; votes likewise; weights, and weighted votes, of each wave.
    """

    units: sparse.csr_array
    levels: list[str]
    bases: dict[str, Codes]


def bridge(
    study: "StudyData",
    metric: str,
    by: str,
    *,
    survey: str | None = None,
    conf_level: float = 0.95,
    n_boot: int = 1_000,
    seed: int = 0,
) -> Bridge:
    """Return what the change of a metric since the period compared with is made of.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with a period to compare with.
    metric
        As for `cx.metrics.change`, no total.
    by
        A segment.
    survey
        As for `cx.metrics.change`.
    conf_level, n_boot, seed
        As for `decompose`.

    Returns
    -------
    Bridge
        As of `decompose`.

    Raises
    ------
    KeyError
        If the study has no such metric or segment.
    ValueError
        If there is no earlier period, or nobody answered in one of the two.
    """
    if study.compare_to is None:
        raise ValueError(
            f"bridge: {study.period} has no earlier period with answers; set `compare_to:` in the run file."
        )
    found = source(study, metric, survey)
    previous, current = (rows_of(study, found.survey, period) for period in (study.compare_to, study.period))
    columns = columns_of(study, current, found.survey)
    return _bridge(previous, current, found.measure, by, columns, conf_level, n_boot, seed)


def decompose(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    metric: str,
    by: str,
    *,
    weight: str | None = None,
    customer: str | None = None,
    conf_level: float = 0.95,
    scale: Scale | None = None,
    n_boot: int = 1_000,
    seed: int = 0,
) -> Bridge:
    """Return what the change of a metric between two frames of answers is made of.

    Parameters
    ----------
    previous, current
        One row an answer, never changed; customers of both waves are known by `account_id` or `customer_id`.
    metric, scale
        As for `compare`.
    by
        Column of the segment; rows in which it is missing are a level of their own, `not known`.
    weight, customer
        As for `compare`.
    conf_level
        Coverage of the intervals.
    n_boot, seed
        Resamples of customers, and the seed.

    Returns
    -------
    Bridge
        Frames `parts` and `total`.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `compare`; also if nobody answered in one of the frames.

    Notes
    -----
    Δ = Σ mix + Σ rate + Σ entered + Σ left + weighting, exactly. With unweighted shares s and metrics r of the levels,
    mix = (s₁ - s₀)(r̄ - R̄) and rate = s̄(r₁ - r₀) (Kitagawa 1955), R̄ the mean of both waves' unweighted metrics. A level
    of one wave only adds s₁(r₁ - R̄) when it enters and -s₀(r₀ - R̄) when it leaves. Weighting is the weighted change
    less the unweighted one. Intervals are percentiles over resampled customers, who keep their answers of both waves.

    Examples
    --------
    >>> before = pd.DataFrame({"nps": [10] * 50 + [3] * 50, "plan": ["A"] * 50 + ["B"] * 50})
    >>> after = pd.DataFrame({"nps": [10] * 80 + [3] * 20, "plan": ["A"] * 80 + ["B"] * 20})
    >>> found = decompose(before, after, "nps", "plan")
    >>> found.parts.loc[found.parts["level"] == "all", ["component", "estimate"]]
       component  estimate
    0        mix      60.0
    1       rate       0.0
    2    entered       0.0
    3       left       0.0
    4  weighting       0.0
    """
    waves = [by_customer(frame, customer) for frame in (previous, current)]
    measure = measure_named(pd.concat(waves, ignore_index=True), metric, scale)
    return _bridge(waves[0], waves[1], measure, by, Columns(weight=weight), conf_level, n_boot, seed)


def _bridge(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    measure: Measure,
    by: str,
    columns: Columns,
    conf_level: float,
    n_boot: int,
    seed: int,
) -> Bridge:
    """Return the bridge of two frames."""
    check_level(conf_level)
    if measure.kind == "total":
        raise ValueError(f"bridge: {measure.column} is a total, which has no rate; bridge a mean, a share or the NPS.")
    if n_boot < 2:
        raise ValueError(f"n_boot: found {n_boot}; intervals need at least 2 resamples, 1,000 are usual.")
    used = used_columns(current, measure, by, columns)
    both = pd.concat([previous[used], current[used]], ignore_index=True)
    answers = read_answers(both, measure, by, columns)
    waves = _waves(answers, np.arange(len(both)) >= len(previous), by)
    sums = np.vstack([np.asarray(waves.units.sum(axis=0))[None], resampled(waves.units, n_boot, seed)]) * 1.0
    return _frames(waves, sums, measure.factor, conf_level)


def _waves(answers: Answers, later: Mask, by: str) -> _Waves:
    """Return two waves as sums by customer."""
    known = ~np.isnan(answers.votes)
    for rows, name in ((~later, "earlier"), (later, "later")):
        if not (known & rows).any():
            raise ValueError(f"bridge: nobody answered in the {name} wave; there is no change to explain.")
    levels = [str(level) for level in answers.groups[by]]
    group, wave = answers.group[known], later[known].astype(np.intp)
    vote, weight = answers.votes[known], answers.weight[known]
    if (group < 0).any():
        group, levels = np.where(group < 0, len(levels), group), [*levels, NOT_KNOWN]
    unit = answers.clusters[0][known] if answers.clusters else np.arange(len(group))
    unit = np.unique(unit, return_inverse=True)[1]
    n_levels = len(levels)
    cell = wave * n_levels + group
    whole = 4 * n_levels + wave
    column = np.concatenate([cell, 2 * n_levels + cell, whole, whole + 2])
    data = np.concatenate([np.ones(len(vote)), vote, weight, weight * vote])
    shape = int(unit.max()) + 1, 4 * n_levels + 4
    units = sparse.coo_array((data, (np.tile(unit, 4), column)), shape=shape).tocsr()
    person = unit if answers.unit is None else answers.unit[known]
    return _Waves(units, levels, _bases(cell, wave, person, n_levels))


def _bases(cell: Codes, wave: Codes, person: Codes, n_levels: int) -> dict[str, Codes]:
    """Return answers and distinct customers of the whole, then of each level, in either wave."""
    pairs = pd.DataFrame({"cell": cell, "wave": wave, "person": person})
    people = np.bincount(pairs.drop_duplicates(["cell", "person"])["cell"], minlength=2 * n_levels)
    everyone = np.bincount(pairs.drop_duplicates(["wave", "person"])["wave"], minlength=2)
    n, all_n = np.bincount(cell, minlength=2 * n_levels), np.bincount(wave, minlength=2)
    return {
        "n": np.r_[all_n[1], n[n_levels:]],
        "n_customers": np.r_[everyone[1], people[n_levels:]],
        "n_previous": np.r_[all_n[0], n[:n_levels]],
        "n_customers_previous": np.r_[everyone[0], people[:n_levels]],
    }


def _frames(waves: _Waves, sums: Floats, factor: float, conf_level: float) -> Bridge:
    """Return the frames of a bridge; the first row of `sums` is what was observed, the others resamples."""
    n_levels = len(waves.levels)
    counts, votes = (sums[:, start : start + 2 * n_levels].reshape(-1, 2, n_levels) for start in (0, 2 * n_levels))
    # A resample may miss a wave altogether where there are but a few customers; it tells nothing.
    full = (counts.sum(axis=2) > 0).all(axis=1)
    counts, votes, whole = counts[full], votes[full], sums[full, 4 * n_levels :]
    mix, rate = (factor * part for part in kitagawa(counts, votes))
    weighted = factor * whole[:, 2:] / whole[:, :2]
    plain = factor * votes.sum(axis=2) / counts.sum(axis=2)
    change = weighted[:, 1] - weighted[:, 0]
    entered, left = counts[0, 0] == 0, counts[0, 1] == 0
    stays = ~entered & ~left
    values = {
        MIX: np.where(stays, mix, 0.0),
        RATE: np.where(stays, rate, 0.0),
        # In a resample, what a level of one wave adds is all mix.
        ENTERED: np.where(entered, mix, 0.0),
        LEFT: np.where(left, mix, 0.0),
    }
    who = {MIX: stays, RATE: stays, ENTERED: entered, LEFT: left}
    whole_rows = [(name, ALL, 0, value.sum(axis=1)) for name, value in values.items()]
    whole_rows.append((WEIGHTING, ALL, 0, change - (plain[:, 1] - plain[:, 0])))
    level_rows = [
        (name, waves.levels[place], place + 1, value[:, place])
        for name, value in values.items()
        for place in np.flatnonzero(who[name])
    ]
    rows = whole_rows + level_rows
    parts = pd.DataFrame({"component": [row[0] for row in rows], "level": [row[1] for row in rows]}).astype("str")
    place = np.array([row[2] for row in rows])
    parts = parts.assign(**{name: base[place] for name, base in waves.bases.items()})
    described = _described(counts[0], votes[0] * factor)
    parts = parts.assign(**{name: column[place] for name, column in described.items()})
    parts = parts.assign(**_intervals(np.stack([row[3] for row in rows], axis=1), conf_level))
    parts["flag"] = _flags(parts)
    return Bridge(parts[["component", "level", *BASES, *PARTS]], _total(waves, weighted, change, conf_level))


def _described(counts: Floats, votes: Floats) -> dict[str, Floats]:
    """Return shares and metrics of the whole, then of each level, in either wave."""
    n = np.hstack([counts.sum(axis=1, keepdims=True), counts])
    total = np.hstack([votes.sum(axis=1, keepdims=True), votes])
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    share = n / n[:, :1]
    return {"share_previous": share[0], "share": share[1], "previous": mean[0], "current": mean[1]}


def _intervals(values: Floats, conf_level: float) -> dict[str, Floats]:
    """Return the observed values, and standard errors and limits over the resamples below them."""
    resamples = values[1:]
    low, high = np.quantile(resamples, [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    return {"estimate": values[0], "std_error": resamples.std(axis=0, ddof=1), "conf_low": low, "conf_high": high}


def _total(waves: _Waves, weighted: Floats, change: Floats, conf_level: float) -> pd.DataFrame:
    """Return the change as a whole."""
    found = _intervals(change[:, None], conf_level)
    by_chance = np.quantile(np.abs(change[1:] - change[0]), conf_level)
    row: dict[str, Any] = {name: [base[0]] for name, base in waves.bases.items()}
    row |= {"previous": [weighted[0, 0]], "current": [weighted[0, 1]]} | found | {"nothing_changed": [by_chance]}
    frame = pd.DataFrame(row)
    return frame.assign(flag=_flags(frame))


def _flags(rows: pd.DataFrame) -> pd.Series:
    """Return how the smaller base of both waves may be read; of a level of one wave, its own."""
    n, before = rows["n"], rows["n_previous"]
    smaller = np.where(n == 0, before, np.where(before == 0, n, np.minimum(n, before)))
    return pd.Series(base_flag(smaller, smaller), index=rows.index, dtype="str")
