"""The headline under other models, and over time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.drivers.importance import importance
from cxresearch.drivers.prepared import Prepared
from cxresearch.drivers.regressors import Model, read_regressors
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.regression import least_squares
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

__all__ = ["Stability", "sensitivity", "stability"]

VOTES, LEAST_SQUARES = "votes (headline)", "least squares (headline)"
SCORE, ORDERED = "score 0–10", "ordered groups"
COLUMNS = ["estimate", "std_error", "conf_low", "conf_high"]
SIGNIFICANCE = 0.05


def sensitivity(prepared: Prepared) -> pd.DataFrame:
    """Return each driver's slope, share and rank under the headline's model and its alternatives.

    Parameters
    ----------
    prepared
        What `prepare` returned; the first completed copy is taken.

    Returns
    -------
    pandas.DataFrame
        `driver`, `model` (`votes (headline)` by least squares, and `score 0–10` by least squares, for an NPS;
        `least squares (headline)` for any other outcome; `ordered groups` by proportional odds): `n`, `n_customers`,
        `n_eff`, `estimate` (β, in points, scale points and log odds), `std_error`, `conf_low`, `conf_high`, `share`,
        `rank`, `own_effect`, `flag`.

    Raises
    ------
    StudyError
        As `importance`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), copies=2)
    >>> sensitivity(prepared).groupby("model")["own_effect"].sum().ge(4).all()
    np.True_
    """
    named = prepared.arguments
    of_votes = prepared.outcome == "nps"
    models: dict[str, tuple[pd.DataFrame, dict[str, Any], Model]] = {}
    models[VOTES if of_votes else LEAST_SQUARES] = (prepared.frame, named, "ols")
    if of_votes:
        score = {**named, "outcome": "score"}
        models[SCORE] = (prepared.frame.assign(score=prepared.frame["nps"]), score, "ols")
    models[ORDERED] = (prepared.frame, named, "ordered")
    parts = []
    for name, (frame, arguments, model) in models.items():
        found = importance(frame, **arguments, model=model, n_boot=0)
        beside = found.shares.set_index("driver")[["share", "rank"]]
        rows = found.coefficients.drop_duplicates("driver").reset_index(drop=True)
        parts.append(rows.assign(model=name, **{key: rows["driver"].map(beside[key]) for key in beside}))
    wanted = ["driver", "model", "n", "n_customers", "n_eff", *COLUMNS, "share", "rank", "own_effect", "flag"]
    return pd.concat(parts, ignore_index=True)[wanted]


@dataclass(frozen=True)
class Stability:
    """β by period.

    Attributes
    ----------
    slopes
        `driver`, `period`: `n`, `n_customers`, `n_eff`, `estimate` (β), `std_error`, `conf_low`, `conf_high`, `flag`.
    tests
        One row a `driver`: `n`, `n_customers`, `n_eff`, `estimate` (mean of the periods by precision), `statistic`
        (Cochran's Q), `p_value`, `p_adjusted` (Holm), `verdict` (`changes` or `no change shown`), `flag`.
    """

    slopes: pd.DataFrame
    tests: pd.DataFrame


def stability(prepared: Prepared) -> Stability:
    """Return each driver's slope in each period, and whether they differ by more than chance.

    Parameters
    ----------
    prepared
        What `prepare` returned for several periods; the first completed copy is taken. Periods whose answers cannot
        carry the model are left out.

    Returns
    -------
    Stability
        Frames `slopes` and `tests`.

    Raises
    ------
    StudyError
        If fewer than two periods can carry the model.

    Notes
    -----
    Q = Σ (β_t - β̄)² / v_t on χ² with one degree of freedom fewer than periods. Customers who answer in several periods
    make the periods alike, so the test errs towards `no change shown`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), n_periods=4, copies=2)
    >>> stability(prepared).slopes["period"].unique().tolist()
    ['2025Q4', '2026Q1', '2026Q2', '2026Q3']
    """
    frame = prepared.frame
    parts = [_of_period(prepared, str(period)) for period in sorted(frame["period"].unique())]
    known = [part for part in parts if part is not None]
    if len(known) < 2:
        raise StudyError(f"stability: {len(known)} of {len(parts)} periods can carry the model; it takes at least 2.")
    slopes = pd.concat(known, ignore_index=True).sort_values(["driver", "period"], kind="stable", ignore_index=True)
    everyone = read_regressors(frame, model="ols", **prepared.arguments).bases()
    return Stability(slopes, _tests(slopes, everyone))


def _of_period(prepared: Prepared, period: str) -> pd.DataFrame | None:
    """Return the slopes of one period; None where its answers cannot carry the model."""
    rows = prepared.frame[prepared.frame["period"].eq(period)].reset_index(drop=True)
    held = [name for name in prepared.controls if name != "period" and rows[name].nunique() > 1]
    try:
        found = read_regressors(rows, model="ols", **{**prepared.arguments, "controls": held})
    except StudyError:
        return None
    x = np.column_stack([np.ones(len(found.weight)), found.x, found.controls])
    fit, own = least_squares(found.outcome, x, found.design), slice(1, 1 + found.x.shape[1])
    beta, error = fit.estimate[own], fit.std_error[own]
    away = stats.t.ppf(0.975, max(fit.df, 1)) * error
    part = pd.DataFrame({"driver": found.terms, "period": period}).assign(**found.bases())
    part = part.assign(estimate=beta, std_error=error, conf_low=beta - away, conf_high=beta + away)
    return part.assign(flag=base_flag(part["n"], part["n_eff"]))


def _tests(slopes: pd.DataFrame, bases: dict[str, float]) -> pd.DataFrame:
    """Return whether each driver's slopes differ between periods."""
    rows = []
    for name, part in slopes.groupby("driver", sort=False):
        precision = 1 / part["std_error"] ** 2
        mean = float(np.average(part["estimate"], weights=precision))
        statistic = float((precision * (part["estimate"] - mean) ** 2).sum())
        rows.append({"driver": name, **bases, "estimate": mean, "statistic": statistic,
                     "p_value": float(stats.chi2.sf(statistic, len(part) - 1))})  # fmt: skip
    found = pd.DataFrame(rows)
    found = found.assign(p_adjusted=adjusted_p(found["p_value"], "holm"))
    verdict = np.where(found["p_adjusted"] < SIGNIFICANCE, "changes", "no change shown")
    return found.assign(verdict=pd.Series(verdict, dtype="str"), flag=base_flag(found["n"], found["n_eff"]))
