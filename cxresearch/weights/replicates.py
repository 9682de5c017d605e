"""Standard errors of weighted estimates: replicates of the sample, each raked again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from cxresearch.stats import raking
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.raking import Cap
from cxresearch.stats.replicates import Draws, bootstrap, jackknife, replicate_variance
from cxresearch.stats.survey import base_flag, kish
from cxresearch.strict_yaml import StudyError
from cxresearch.weights.diagnostics import checked_cap, people
from cxresearch.weights.margins import Margins, base_weights, check_columns, coded, read
from cxresearch.weights.raked import cells_of

__all__ = ["Replicates", "replicate_estimate", "replicate_weights"]

# Rows times replicates of one set: 800 MB.
MOST_NUMBERS = 100_000_000


@dataclass(frozen=True)
class Replicates:
    """Weights of every replicate.

    Attributes
    ----------
    weights
        (rows, replicates); each column of mean 1, 0 where a row was not drawn.
    scale
        (replicates,) factor of the squared deviations.
    df
        Sampling units less strata.
    n_customers
        Distinct customers in the frame.
    incomplete
        Replicates that do not meet all margins, because a level was not drawn or the cap leaves gaps.
    """

    weights: Floats = field(repr=False)
    scale: Floats = field(repr=False)
    df: int
    n_customers: int
    incomplete: int


def replicate_weights(
    frame: pd.DataFrame,
    margins: Margins | None,
    *,
    base: str | None = None,
    cap: Cap | None = None,
    cluster: str | None = None,
    strata: str | None = None,
    kind: Literal["bootstrap", "jackknife"] = "bootstrap",
    n: int = 500,
    seed: int = 0,
) -> Replicates:
    """Return weights of replicates of the sample, each raked to the margins anew.

    Parameters
    ----------
    frame, margins, base, cap
        As for `rake`; without margins the replicates keep their base weights.
    cluster
        Column of the primary sampling units; rows with a blank one, and all rows where it is None, count as their own.
    strata
        Column of the strata, none of them blank.
    kind
        `bootstrap`, or `jackknife` (one replicate a sampling unit).
    n
        Replicates of the bootstrap, at least 2.
    seed
        Of the bootstrap.

    Returns
    -------
    Replicates
        For `replicate_estimate`.

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        As for `rake`; if a stratum has one sampling unit; if there are too many rows and replicates to hold.

    Notes
    -----
    Rao and Wu's bootstrap, or JK1 and JKn; R `survey::as.svrepdesign` followed by `rake`.

    Examples
    --------
    >>> answers = pd.DataFrame({"plan": ["Basic"] * 60 + ["Pro"] * 40})
    >>> replicate_weights(answers, {"plan": {"Basic": 0.7, "Pro": 0.3}}, n=20).weights.shape
    (100, 20)
    """
    limits, weight = checked_cap(cap), base_weights(frame, base)
    found = read(frame, margins) if margins else []
    copies, scale, df = _draws(frame, cluster, strata, kind, n, seed)
    d = np.ones(len(frame)) if weight is None else weight
    weights, incomplete = copies * d[:, None], 0
    if found:
        closed = [margin.closed(weight) for margin in found]
        table = cells_of(tuple(code for code, _ in closed), [one for _, one in closed], weight if cap else None)
    for replicate in range(copies.shape[1] if found else 0):
        targets = [margin.closed(weights[:, replicate])[1] for margin in found]
        fit = raking.rake(table, targets, weight, copies=copies[:, replicate], cap=limits)
        weights[:, replicate] = fit.weight * copies[:, replicate]
        incomplete += not fit.converged
    return Replicates(weights / weights.mean(axis=0), scale, df, people(frame), incomplete)


def replicate_estimate(
    function: Callable[[Floats], float | Floats],
    weights: pd.Series | Floats,
    replicates: Replicates,
    *,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return estimates with the standard error that replicates give.

    Parameters
    ----------
    function
        From (rows,) weights to an estimate, or to several.
    weights
        The weights of the sample itself.
    replicates
        From `replicate_weights` of the same rows.
    conf_level
        Coverage of the interval, by t with sampling units less strata degrees of freedom.

    Returns
    -------
    pandas.DataFrame
        One row an estimate: `n` (rows of positive weight), `n_customers`, `n_eff` (Kish), `estimate`, `std_error`,
        `conf_low`, `conf_high`, `flag` (`k replicates miss a margin` where some do).

    Raises
    ------
    ValueError
        If the weights are not of the replicates' rows.

    Notes
    -----
    R `survey::withReplicates`, deviations about the mean of the replicates.

    Examples
    --------
    >>> answers = pd.DataFrame({"plan": ["Basic"] * 60 + ["Pro"] * 40, "csat": [3, 4] * 30 + [4, 5] * 20})
    >>> replicates = replicate_weights(answers, None, kind="jackknife")
    >>> csat = answers["csat"].to_numpy(dtype=float)
    >>> found = replicate_estimate(lambda w: np.average(csat, weights=w), np.ones(100), replicates)
    >>> found[["n", "estimate", "std_error"]].round(4)
         n  estimate  std_error
    0  100       3.9     0.0704
    """
    weight = np.asarray(weights, dtype=float)
    if len(weight) != len(replicates.weights):
        raise ValueError(f"weights: found {len(weight)} of them for {len(replicates.weights)} rows of the replicates.")
    estimate = np.atleast_1d(function(weight))
    values = np.stack([np.atleast_1d(function(one)) for one in replicates.weights.T])
    error = np.sqrt(replicate_variance(values, replicates.scale))
    low, high = t_interval(estimate, error, np.full(len(estimate), replicates.df), conf_level)
    n, n_eff = int((weight > 0).sum()), float(kish(weight)[0])
    row = {"n": n, "n_customers": replicates.n_customers, "n_eff": n_eff, "estimate": estimate, "std_error": error}
    missed = f"{replicates.incomplete} replicates miss a margin" if replicates.incomplete else ""
    flag = "; ".join(word for word in (base_flag(n, n_eff).item(), missed) if word)
    return pd.DataFrame(row | {"conf_low": low, "conf_high": high, "flag": flag})


def _draws(
    frame: pd.DataFrame, cluster: str | None, strata: str | None, kind: str, n: int, seed: int
) -> tuple[Floats, Floats, int]:
    """Return the copies of each row, the scale and the degrees of freedom."""
    if kind not in ("bootstrap", "jackknife"):
        raise ValueError(f"kind: found {kind!r}; it is bootstrap or jackknife.")
    if kind == "bootstrap" and n < 2:
        raise ValueError(f"n: found {n} replicates; a standard error needs at least 2, better 500.")
    unit, stratum = _units(frame, cluster, strata)
    replicates = len(stratum) if kind == "jackknife" else n
    if len(frame) * replicates > MOST_NUMBERS:
        raise StudyError(
            f"replicates: {len(frame)} rows times {replicates} replicates are too many to hold; use fewer, by "
            "kind='bootstrap' with a smaller n, or name a cluster."
        )
    drawn: Draws = jackknife(unit, stratum) if kind == "jackknife" else bootstrap(unit, stratum, n, seed)
    return drawn.copies, drawn.scale, drawn.df


def _units(frame: pd.DataFrame, cluster: str | None, strata: str | None) -> tuple[Codes, Codes]:
    """Return the sampling unit of each row and the stratum of each unit; a unit of two strata is two."""
    check_columns(frame, [name for name in (cluster, strata) if name])
    code = np.arange(len(frame)) if cluster is None else coded(frame, [cluster])[0]
    own = code < 0
    code = np.where(own, code.max(initial=-1) + np.cumsum(own), code)
    stratum = np.zeros(len(frame), dtype=np.intp) if strata is None else coded(frame, [strata])[0]
    if (stratum < 0).any():
        raise StudyError(f"strata {strata!r}: {int((stratum < 0).sum())} of {len(frame)} rows have no stratum.")
    pairs, unit = np.unique(np.stack([stratum, code]), axis=1, return_inverse=True)
    alone = int((np.bincount(pairs[0]) < 2).sum())
    if alone:
        raise StudyError(
            f"replicates: {alone} of {pairs[0].max() + 1} strata hold one sampling unit; merge them, as nothing tells "
            "how much they vary."
        )
    return unit.ravel(), pairs[0]
