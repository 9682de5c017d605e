"""Whether touchpoints may be compared: the same wording, scale and mode, and what is left when modes are evened out."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxresearch.journey.encounters import asked_metrics, encounters, require, stages
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import joined, table
from cxresearch.stats.survey import TESTED_FROM
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["NOT_COMPARABLE", "comparability", "standardised"]

# Share of a touchpoint's answers that would have to be moved to make its mix that of all: the limit of the trends.
SHIFT = 0.2
COMPARABLE, NOT_COMPARABLE, EVENED = "comparable", "not comparable", "compare at equal modes"
WEIGHT = "_evened"


class Aspect(NamedTuple):
    """In which way each answer was asked for."""

    what: str
    way: pd.Series
    verdict: str


def comparability(study: "StudyData") -> pd.DataFrame:
    """Return whether all touchpoints were asked in the same way in the reporting period.

    Parameters
    ----------
    study
        As for `overview`.

    Returns
    -------
    pandas.DataFrame
        One row a metric and aspect: `metric`; `what` (`wording`, `scale`, and `mode` where the answers tell it);
        `n`, `n_customers` (answers to the metric); `ways` (how many there were); `estimate` (by how much the mix of the
        touchpoint that is furthest away differs from that of all, 0-1); `verdict` (`comparable`; `not comparable`
        where wordings or scales differ by over .2; `compare at equal modes` where modes do); `detail` (words); `flag`.

    Raises
    ------
    StudyError
        If there are no transactional answers, or they name no touchpoint.

    Notes
    -----
    Two mixes are apart by half the sum of the absolute differences of their shares (total variation distance).
    A study file gives a question one scale and wording, so touchpoints can differ where one changed within the
    period: then those with more answers after the change were asked differently. Touchpoints of under 30 answers are
    not judged.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = comparability(cx.load("demo", period="2026Q3"))
    >>> found["verdict"].unique().tolist()
    ['comparable']
    """
    rows = encounters(study)
    metrics = asked_metrics(study)
    found = [_judged(study, rows, metric, one) for metric in metrics for one in _aspects(study, rows, metric)]
    texts = ["metric", "what", "verdict", "detail", "flag"]
    return pd.DataFrame(found).astype(dict.fromkeys(texts, "str"))


def _aspects(study: "StudyData", rows: pd.DataFrame, metric: str) -> list[Aspect]:
    """Return the ways in which a metric's question was asked, answer by answer."""
    column, responses = measure_of(study, metric).column, study.definition.responses
    scales = [day for one in responses.scale_changes.get(column, ()) for day in (one.since, one.until) if day]
    wordings = [one.since for one in responses.wording_changes.get(column, ())]
    in_files = _worded(study, rows, column)
    worded = _since(rows, wordings) if in_files is None else _since(rows, wordings) + " " + in_files
    modes = [Aspect("mode", rows["mode"], EVENED)] if "mode" in rows else []
    return [
        Aspect("wording", worded, NOT_COMPARABLE),
        Aspect("scale", _since(rows, scales), NOT_COMPARABLE),
        *modes,
    ]


def _since(rows: pd.DataFrame, days: list[date]) -> pd.Series:
    """Return after how many changes each answer was given, as text."""
    if "responded_at" not in rows:
        return pd.Series("0", index=rows.index, dtype="str")
    known = np.array(sorted(days), dtype="datetime64[us]")
    place = np.searchsorted(known, rows["responded_at"].to_numpy().astype("datetime64[us]"), side="right")
    return pd.Series(place.astype(str), index=rows.index, dtype="str")


def _worded(study: "StudyData", rows: pd.DataFrame, column: str) -> pd.Series | None:
    """Return the wording that the files had on the day of each answer; None where they do not differ."""
    told = study.quality.wordings
    told = told[told["column"].eq(column)] if "column" in told else told
    if told.empty or "responded_at" not in rows:
        return None
    most = told.sort_values("rows", kind="stable").drop_duplicates("day", keep="last")
    words = dict(zip(pd.to_datetime(most["day"]).dt.normalize(), most["wording"], strict=True))
    return rows["responded_at"].dt.normalize().map(words).fillna("not known").astype("str")


def _judged(study: "StudyData", rows: pd.DataFrame, metric: str, aspect: Aspect) -> dict[str, object]:
    """Return how far the touchpoints are apart in one aspect of a metric."""
    measure = measure_of(study, metric)
    base = table(rows, measure, None, columns_of(study, rows, ""), 0.95, None).iloc[0]
    answered = rows[measure.column].notna() & aspect.way.notna()
    # On another scale there is no answer to use: how many were asked on it counts all rows.
    used = answered if aspect.what == "mode" else pd.Series(True, index=rows.index)
    counts = pd.crosstab(rows.loc[used, "touchpoint"], aspect.way[used])
    judged = counts[counts.sum(axis=1) >= TESTED_FROM]
    mix = counts.sum() / max(int(counts.to_numpy().sum()), 1)
    apart = (judged.div(judged.sum(axis=1), axis=0) - mix).abs().sum(axis=1) / 2
    distance = float(apart.max()) if len(apart) else 0.0
    ways = counts.shape[1]
    verdict = aspect.verdict if distance > SHIFT else COMPARABLE
    detail = "the same everywhere" if ways < 2 else f"{ways} {aspect.what}s"
    if distance > SHIFT:
        detail += f", furthest from all: {apart.idxmax()}"
    bases = {"n": int(base["n"]), "n_customers": int(base["n_customers"])}
    return {"metric": metric, "what": aspect.what, **bases, "ways": ways, "estimate": distance, "verdict": verdict,
            "detail": detail, "flag": ""}  # fmt: skip


def standardised(study: "StudyData", metric: str | None = None, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return a metric by touchpoint as if every touchpoint had been asked in the same mix of modes.

    Parameters
    ----------
    study, conf_level
        As for `overview`; the answers have `mode`.
    metric
        The study's headline metric by default.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint: `touchpoint`; `n`, `n_customers`, `n_eff`; `raw` (as asked); `estimate`, `std_error`,
        `conf_low`, `conf_high` at the modes of all answers; `flag`. Where a touchpoint was never asked in one of the
        modes, the estimate is missing and the flag says so.

    Raises
    ------
    StudyError
        If there are no transactional answers, or they tell no mode.

    Notes
    -----
    Direct standardisation: an answer's weight is multiplied by the mode's share among all over its share at the
    touchpoint; both are taken as known. R: `survey::svystandardize(design, ~mode, over = ~touchpoint, population)`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = standardised(cx.load("demo", period="2026Q3"), "nps")
    >>> bool((found["estimate"] - found["raw"]).abs().max() < 5)
    True
    """
    metric = metric or study.primary
    measure, rows = measure_of(study, metric), encounters(study)
    require(rows, "mode", "name the column of the survey's mode under `columns:` of the responses")
    if measure.column not in rows:
        raise StudyError(f"{metric}: the transactional answers have no column {measure.column!r}.")
    rows = rows[rows[measure.column].notna() & rows["mode"].notna()].reset_index(drop=True)
    columns = columns_of(study, rows, "")
    weight = rows[columns.weight] if columns.weight else pd.Series(1.0, index=rows.index)
    share = weight.groupby([rows["touchpoint"], rows["mode"]]).sum().unstack(fill_value=0.0)
    ratio = (share.sum() / share.to_numpy().sum()) / share.div(share.sum(axis=1), axis=0)
    factor = ratio.stack().reindex(pd.MultiIndex.from_frame(rows[["touchpoint", "mode"]])).to_numpy()
    weighted = rows.assign(**{WEIGHT: weight * factor})
    evened = table(weighted, measure, "touchpoint", replace(columns, weight=WEIGHT), conf_level, None)
    raw = table(rows, measure, "touchpoint", columns, conf_level, None)["estimate"]
    evened.insert(evened.columns.get_loc("estimate"), "raw", raw)
    order = {name: number for number, name in enumerate(stages(study, rows))}
    found = _without_mode(evened, share)
    return found.iloc[found["touchpoint"].map(order).argsort(kind="stable")].reset_index(drop=True)


def _without_mode(frame: pd.DataFrame, share: pd.DataFrame) -> pd.DataFrame:
    """Return standardised rows emptied where a touchpoint was never asked in one of the modes."""
    never = share.eq(0).any(axis=1).reindex(frame["touchpoint"]).to_numpy()
    numbers = ["estimate", "std_error", "conf_low", "conf_high"]
    missing = np.where(never, "not asked in every mode", "")
    flag = pd.Series(joined(frame["flag"].to_numpy(), missing), index=frame.index, dtype="str")
    return frame.assign(**{name: frame[name].mask(never) for name in numbers}, flag=flag)
