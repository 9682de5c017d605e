"""Moments of truth: what a low rating costs and a high one gains, and which drivers are basic or excite."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.drivers.checks import rows_of_model
from cxresearch.drivers.pooling import pooled_frames
from cxresearch.drivers.prepared import Prepared
from cxresearch.drivers.regressors import Regressors, read_regressors
from cxresearch.metrics.answers import Names
from cxresearch.metrics.table import check_level
from cxresearch.stats.design import Floats
from cxresearch.stats.regression import least_squares
from cxresearch.strict_yaml import StudyError

__all__ = ["penalty_reward"]

Limits = float | Mapping[str, float] | None
# Ratings of the lower half of a scale are low, those of its upper fifth high.
MIDDLE, TOP = 0.5, 0.8
FEWEST = 30
ALIKE = 1e-8
# An effect under this part of the outcome's range is what arithmetic leaves of none.
ROUNDING = 1e-9
BASIC, PERFORMANCE, EXCITEMENT, UNTOLD = "basic", "performance", "excitement", "cannot tell"
PARTS = ("penalty", "reward", "estimate")


def penalty_reward(
    frame: pd.DataFrame | Prepared,
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    *,
    low: Limits = None,
    high: Limits = None,
    scale: tuple[float, float] | None = None,
    weight: str | None = None,
    controls: Sequence[str] = (),
    cluster: Names = None,
    others: Literal["ratings", "indicators"] = "ratings",
    fewest: int = FEWEST,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return what low and high ratings of each driver do to the outcome, the other drivers held as rated.

    Parameters
    ----------
    frame
        One row an answer; or what `prepare` returned, which names outcome, drivers and design itself.
    outcome
        `nps` (votes times 100) or a numeric column.
    drivers
        Columns of ratings.
    low, high
        A rating up to `low` is low, one from `high` on is high; one number, or one by driver. By default below the
        middle and in the upper fifth of the scale: up to 5 and from 9 of 1-10, up to 2 and 5 of 1-5.
    scale
        Lowest and highest rating; by default those found.
    weight, controls, cluster
        As for `importance`.
    others
        How the other drivers are held: by their own `indicators` of low and high, as the classical form has it, or by
        these and their `ratings` as well. Indicators alone hold them coarsely: what a rating within "high" does is then
        credited to whichever driver travels with it, and a driver without any effect can seem to have one.
    fewest
        Answers that must be low, and high, for a penalty, and a reward, to be reported; at least 10.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a driver: `driver`; `n` (ratings), `n_customers`, `n_eff`; `low`, `high` (the limits); `n_low`, `n_high`
        (answers, missing where under `fewest`); `penalty` (what is lost, above 0 where low ratings cost),
        `penalty_low`, `penalty_high`; `reward`, `reward_low`, `reward_high`; `estimate` (reward less penalty),
        `std_error`, `conf_low`, `conf_high`; `kind` (`basic`, `performance`, `excitement` or `cannot tell`); `flag`.
        In points of the outcome against a rating between the limits.

    Raises
    ------
    StudyError
        If the limits leave nothing between them, or the answers cannot carry the model.

    Notes
    -----
    Brandt (1987); Matzler & Sauerwein (2002). *Basic*: the penalty's interval lies above 0 and that of the contrast
    below. *Excitement*: the reward's lies above 0 and that of the contrast too. *Performance*: penalty and reward are
    both above 0 and the contrast's interval holds 0. Otherwise the answers cannot tell. R: `lm` on the indicators.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rating = rng.integers(1, 6, 600)
    >>> answers = pd.DataFrame({"staff": rating, "app": rng.integers(1, 6, 600), "score": 10.0 - 5 * (rating <= 2)})
    >>> penalty_reward(answers, "score", ["staff", "app"])[["driver", "low", "high", "kind"]].values.tolist()
    [['staff', 2.0, 5.0, 'basic'], ['app', 2.0, 5.0, 'cannot tell']]
    """
    check_level(conf_level)
    if others not in ("ratings", "indicators"):
        raise StudyError(f"others: found {others!r}; it is ratings or indicators.")
    if fewest < 10:
        raise StudyError(f"fewest: found {fewest}; groups of under 10 answers are not reported: take 10 or more.")
    if isinstance(frame, Prepared):
        named = frame.arguments
        copies = [read_regressors(copy, model="ols", **named) for copy in frame.frames]
    else:
        copies = [rows_of_model(frame, outcome, drivers, weight, controls, cluster)]
    limits = _limits(copies[0], low, high, scale)
    rated = frame.rated[copies[0].drivers].to_numpy() if isinstance(frame, Prepared) else copies[0].x
    cells = [_bases(copies[0], rated, pair, place, fewest) for place, pair in enumerate(limits)]
    found = pooled_frames([_effects(copy, cells, others, conf_level) for copy in copies])
    return found.assign(kind=_kinds(found), flag=_flags(found, fewest))[_columns()]


def _columns() -> list[str]:
    """Return the columns of the result in order."""
    bases = ["driver", "n", "n_customers", "n_eff", "low", "high", "n_low", "n_high"]
    parts = [f"{part}{end}" for part in PARTS[:2] for end in ("", "_low", "_high")]
    return [*bases, *parts, "estimate", "std_error", "conf_low", "conf_high", "kind", "flag"]


def _limits(
    rows: Regressors, low: Limits, high: Limits, scale: tuple[float, float] | None
) -> list[tuple[float, float]]:
    """Return for each driver up to where a rating is low and from where on it is high."""
    found = []
    for name, ratings in zip(rows.drivers, rows.x.T, strict=True):
        least, most = scale or (float(ratings.min()), float(ratings.max()))
        middle, top = least + MIDDLE * (most - least), least + TOP * (most - least)
        pair = _given(low, name, np.ceil(middle) - 1), _given(high, name, np.ceil(top))
        if not pair[0] < pair[1]:
            raise StudyError(f"{name}: low is up to {pair[0]:g} and high from {pair[1]:g}; low must lie below high.")
        found.append(pair)
    return found


def _given(limit: Limits, driver: str, otherwise: float) -> float:
    """Return the limit of a driver."""
    value = limit.get(driver) if isinstance(limit, Mapping) else limit
    return float(otherwise if value is None else value)


def _bases(
    rows: Regressors, rated: Floats, pair: tuple[float, float], place: int, fewest: int
) -> dict[str, str | float]:
    """Return a driver's limits and how many rated it, low and high, leaving out what was filled in."""
    ratings = rated[:, place]
    found: dict[str, str | float] = {"driver": rows.drivers[place], **rows.bases(~np.isnan(ratings))}
    found |= {"low": pair[0], "high": pair[1]}
    counts = {"n_low": int((ratings <= pair[0]).sum()), "n_high": int((ratings >= pair[1]).sum())}
    return found | {name: float(count) if count >= fewest else np.nan for name, count in counts.items()}


def _effects(rows: Regressors, cells: list[dict[str, Any]], others: str, conf_level: float) -> pd.DataFrame:
    """Return penalties, rewards and contrasts of one copy; missing where too few gave a low or high rating."""
    is_low = (rows.x <= [cell["low"] for cell in cells]).astype(float)
    is_high = (rows.x >= [cell["high"] for cell in cells]).astype(float)
    held = np.hstack([is_low, is_high, *([rows.x] if others == "ratings" else [])])
    owner = np.arange(held.shape[1]) % len(cells)
    nothing, lines = ROUNDING * float(np.ptp(rows.outcome)), []
    for place, cell in enumerate(cells):
        own = np.column_stack([is_low[:, place], is_high[:, place]])
        known = ~np.isnan([cell["n_low"], cell["n_high"]])
        beside = _independent(np.column_stack([np.ones(len(own)), rows.controls, held[:, owner != place]]))
        fit = least_squares(rows.outcome, np.column_stack([own[:, known], beside]), rows.design)
        beta, covariance = np.full(2, np.nan), np.full((2, 2), np.nan)
        beta[known] = np.where(np.abs(fit.estimate) < nothing, 0.0, fit.estimate)[: known.sum()]
        covariance[np.ix_(known, known)] = fit.covariance[: known.sum(), : known.sum()]
        times = float(stats.t.ppf((1 + conf_level) / 2, max(fit.df, 1)))
        lines.append(cell | _parts(beta, covariance, times))
    return pd.DataFrame(lines).astype({"driver": "str"})


def _independent(columns: Floats) -> Floats:
    """Return columns without those that the ones before them tell already."""
    _, triangle = np.linalg.qr(columns / np.linalg.norm(columns, axis=0).clip(1e-300))
    return columns[:, np.abs(np.diag(triangle)) > ALIKE]


def _parts(beta: Floats, covariance: Floats, times: float) -> dict[str, float]:
    """Return penalty, reward and contrast with their intervals, from the coefficients of low and high."""
    found: dict[str, float] = {}
    for part, across in (("penalty", [-1.0, 0.0]), ("reward", [0.0, 1.0]), ("estimate", [1.0, 1.0])):
        used = np.flatnonzero(across)
        value = float(np.array(across)[used] @ beta[used])
        error = float(np.sqrt(covariance[np.ix_(used, used)].sum()))
        low, high = ("conf_low", "conf_high") if part == "estimate" else (f"{part}_low", f"{part}_high")
        found |= {part: value, low: value - times * error, high: value + times * error}
    return {**found, "std_error": error}


def _kinds(found: pd.DataFrame) -> pd.Series:
    """Return what kind of driver each is, as far as the intervals allow."""
    costs, gains = found["penalty_low"] > 0, found["reward_low"] > 0
    kind = np.select(
        [
            costs & (found["conf_high"] < 0),
            gains & (found["conf_low"] > 0),
            costs & gains & found["conf_low"].le(0) & found["conf_high"].ge(0),
        ],
        [BASIC, EXCITEMENT, PERFORMANCE],
        UNTOLD,
    )
    return pd.Series(kind, found.index, dtype="str")


def _flags(found: pd.DataFrame, fewest: int) -> pd.Series:
    """Return which cells were too small."""
    texts = [
        " and ".join([word for word, is_small in (("low", few), ("high", many)) if is_small])
        for few, many in zip(found["n_low"].isna(), found["n_high"].isna(), strict=True)
    ]
    return pd.Series([f"under {fewest} {text} ratings" if text else "" for text in texts], found.index, dtype="str")
