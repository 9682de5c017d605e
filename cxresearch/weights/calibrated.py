"""Weights that meet margins and means of numbers, and estimates with the error that such weights leave."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cxresearch.stats import raking
from cxresearch.stats.design import Floats, sample_design
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.raking import Cap, Distance, Fit
from cxresearch.stats.survey import base_flag, covariance, domain_means, mean_influence
from cxresearch.strict_yaml import StudyError
from cxresearch.weights.diagnostics import checked_cap, levels_table, people, spread, with_fit
from cxresearch.weights.margins import Levels, MarginName, base_weights, check_columns, read
from cxresearch.weights.raked import Auxiliary, Raked

__all__ = ["calibrate", "calibrated_mean"]


def calibrate(
    frame: pd.DataFrame,
    totals: Mapping[MarginName, Levels | float],
    *,
    base: str | None = None,
    distance: Distance = "linear",
    bounds: Cap | None = None,
    tol: float = 1e-10,
    max_iter: int = 100,
) -> Raked:
    """Return weights that meet margins and means of numbers: calibration, the generalised regression estimator.

    Parameters
    ----------
    frame
        As for `rake`; a number may not be blank.
    totals
        As the margins of `rake`; for a column of numbers its mean in the population, as `{"tenure": 4.2}`.
    base
        As for `rake`.
    distance
        `linear` (the regression estimator), `raking`, or `logit`, which needs bounds.
    bounds
        Smallest and largest ratio of a weight to its base weight. None is no limit.
    tol
        Largest difference of a share from its target that counts as met; of a mean, in standard deviations.
    max_iter
        Newton steps.

    Returns
    -------
    Raked
        As from `rake`.

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        As for `rake`; and if no weights within the bounds meet the totals, or one would be negative.

    Notes
    -----
    Deville and Särndal (1992); R `survey::calibrate(calfun = "linear" | "raking" | "logit", bounds = )`.

    Examples
    --------
    >>> answers = pd.DataFrame({"tenure": [1.0, 2.0, 3.0, 6.0] * 25})
    >>> found = calibrate(answers, {"tenure": 3.5})
    >>> found.margins[["variable", "level", "share", "achieved"]]
      variable level  share  achieved
    0   tenure  mean    3.0       3.5
    """
    limits = _checked_bounds(bounds, distance)
    means = {str(name): float(known) for name, known in totals.items() if isinstance(known, int | float)}
    margins = {name: known for name, known in totals.items() if not isinstance(known, int | float)}
    found = read(frame, margins) if margins else []
    weight = base_weights(frame, base)
    closed = [margin.closed(weight) for margin in found]
    numbers = _numbers(frame, list(means))
    x = np.hstack([*(np.eye(len(target))[code] for code, target in closed), numbers, np.ones((len(frame), 1))])
    goal = np.concatenate([*(target for _, target in closed), list(means.values()), [1.0]])
    d = np.ones(len(frame)) if weight is None else weight
    fit = raking.calibrate(x, goal, d, distance=distance, bounds=limits, tol=tol, max_iter=max_iter)
    _check_calibrated(fit)
    levels = [
        levels_table(frame, margin, np.bincount(code), np.bincount(code, d), np.bincount(code, fit.weight))
        for margin, (code, _) in zip(found, closed, strict=True)
    ]
    gaps = pd.concat([pd.Series(dtype=float), *(one["gap"] for one in levels)])
    levels += [_mean(frame, name, mean, d, fit.weight) for name, mean in means.items()]
    return Raked(
        pd.Series(fit.weight, frame.index, name="weight"),
        pd.concat(levels, ignore_index=True),
        with_fit(spread(frame, fit.weight), fit, gaps, ""),
        Auxiliary(tuple(code for code, _ in closed), x[:, -1 - len(means) :], d),
    )


def calibrated_mean(
    frame: pd.DataFrame,
    column: str,
    raked: Raked,
    *,
    strata: str | None = None,
    cluster: str | None = None,
    fpc: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the mean of a column under weights that were made to meet margins, with the error that is left.

    Parameters
    ----------
    frame
        The frame that was weighted.
    column
        Column of numbers, in its own unit; of promoters as 100, passives as 0, detractors as -100 the mean is the NPS.
    raked
        Its weights.
    strata, cluster, fpc
        Columns of the design, as for `metrics.nps`; without `cluster` every row is its own unit.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: `n`, `n_customers`, `n_eff`, `estimate`, `std_error`, `conf_low`, `conf_high`, `flag`.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If a finite population cannot be.

    Notes
    -----
    A metric with `weight=` takes the weights as fixed. Here what the margins explain is taken out of the influence
    first, so that the error is smaller where margins and answers go together: R `svymean` on a design from `rake`,
    `postStratify` or `calibrate`.

    Examples
    --------
    >>> answers = pd.DataFrame({"plan": ["Basic"] * 60 + ["Pro"] * 40, "csat": [3, 4] * 30 + [4, 5] * 20})
    >>> weighted = calibrate(answers, {"plan": {"Basic": 0.7, "Pro": 0.3}})
    >>> calibrated_mean(answers, "csat", weighted)[["estimate", "std_error"]].round(3)
       estimate  std_error
    0       3.8      0.051
    """
    named = {part: name for part, name in {"strata": strata, "cluster": cluster, "fpc": fpc}.items() if name}
    check_columns(frame, [column, *named.values()])
    y, weight, held = frame[column].to_numpy(dtype=float, na_value=np.nan), raked.weights.to_numpy(), raked.auxiliary
    design = sample_design(len(frame), weight=weight, **{part: frame[name] for part, name in named.items()})
    plain = domain_means(y, design)
    left = raking.calibrated_influence(mean_influence(y, design), held.matrix, weight, held.base)
    variance = np.where(plain.n_units >= 2, covariance(left, left, design), np.nan)
    n_eff = np.fmin(np.divide(plain.spread, variance, out=plain.kish.copy(), where=variance > 0), plain.kish)
    low, high = t_interval(plain.estimate, np.sqrt(variance), plain.df, conf_level)
    row = {"n": plain.n, "n_customers": people(frame[~np.isnan(y)]), "n_eff": n_eff, "estimate": plain.estimate}
    row |= {"std_error": np.sqrt(variance), "conf_low": low, "conf_high": high, "flag": base_flag(plain.n, n_eff)}
    return pd.DataFrame(row)


def _mean(frame: pd.DataFrame, name: str, target: float, base: Floats, weight: Floats) -> pd.DataFrame:
    """Return the mean of a number before and after."""
    x = frame[name].to_numpy(dtype=float)
    before, after = np.average(x, weights=base), np.average(x, weights=weight)
    row = {"variable": name, "level": "mean", "n": len(x), "n_customers": people(frame), "share": before}
    row |= {"target": target, "achieved": after, "gap": after - target}
    return pd.DataFrame([row | {"flag": base_flag(len(x), len(x)).item()}])


def _numbers(frame: pd.DataFrame, columns: list[str]) -> Floats:
    """Return columns of numbers as an array."""
    check_columns(frame, columns)
    for column in columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise TypeError(f"{column}: it holds no numbers, so no mean can be met; give shares of its levels.")
    x = frame[columns].to_numpy(dtype=float, na_value=np.nan)
    blank = ~np.isfinite(x)
    if blank.any():
        raise StudyError(
            f"{columns[int(blank.any(axis=0).argmax())]}: {int(blank.any(axis=1).sum())} of {len(x)} rows have no "
            "number; leave them out, or cut the column into bands and use `rake`."
        )
    return x


def _check_calibrated(fit: Fit) -> None:
    """Refuse weights that miss their totals or fall below zero."""
    if not fit.converged:
        raise StudyError(
            "calibrate: no weights within the bounds meet all totals; widen the bounds, or rake with a cap."
        )
    if (fit.weight < 0).any():
        raise StudyError(
            f"calibrate: {int((fit.weight < 0).sum())} of {len(fit.weight)} weights would be negative; set `bounds`, "
            "or use distance='raking'."
        )


def _checked_bounds(bounds: Cap | None, distance: str) -> Cap:
    """Return the bounds of a calibration."""
    if distance not in ("linear", "raking", "logit"):
        raise ValueError(f"distance: found {distance!r}; it is linear, raking or logit.")
    if distance == "logit" and bounds is None:
        raise ValueError("bounds: distance='logit' needs them, as bounds=(0.3, 3).")
    return checked_cap(bounds)
