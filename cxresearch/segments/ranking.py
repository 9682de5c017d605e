"""Many units ranked: each estimate drawn towards the rest by what it does not know, and the ranks it may have."""

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.metrics.table import check_level, joined
from cxresearch.stats.shrinkage import posterior, rank_intervals
from cxresearch.stats.survey import TESTED_FROM, base_flag

__all__ = ["shrink"]

FEWEST = 4
NO_RANK = "rank cannot be told"


def shrink(
    estimates: pd.DataFrame, *, conf_level: float = 0.95, ranks: str = "marginal", n_draws: int = 4_000, seed: int = 0
) -> pd.DataFrame:
    """Return the estimates of many units drawn towards their mean, with the ranks that each may have.

    Parameters
    ----------
    estimates
        A result frame, one row a unit (team, branch, touchpoint …), as `cx.metrics.nps(responses, by)` gives it. Needs
        `estimate`, `std_error`; uses `n`, `n_customers`, `n_eff` where present. Never changed.
    conf_level
        Coverage of the intervals.
    ranks
        `marginal`: each rank interval holds for its unit; `simultaneous`: all hold together.
    n_draws, seed
        Of the simulated ranks.

    Returns
    -------
    pandas.DataFrame
        One row a unit, in the given order: the grouping columns; `n`, `n_customers`, `n_eff` where given; `raw` (the
        estimate given), `estimate` (shrunken), `std_error`, `conf_low`, `conf_high`; `weight` (of the unit's own
        answers in it, 0-1); `rank` (1 is highest), `rank_low`, `rank_high`; `flag`: that of the base, and `rank cannot
        be told` where the interval spans more than half of the ranks. Units with a base under 30 are shrunken, but
        not ranked.

    Raises
    ------
    KeyError
        If `estimate` or `std_error` is missing.
    ValueError
        If fewer than 4 units have both, or an argument is not allowed.

    Notes
    -----
    Empirical Bayes: true values are normal about a common mean with variance τ² (Paule–Mandel); few units are drawn
    less, as τ² is then poorly known (Morris 1983); ranks come from draws of the posterior. A standard error of 0, as
    where all gave the same answer, is replaced by that of the pooled spread of the other units at this base.
    R: `metafor::rma(method = "PM")` with `blup`.

    Examples
    --------
    >>> units = pd.DataFrame({"team": list("abcd"), "n": 200, "estimate": [60.0, 20.0, 22.0, 40.0], "std_error": 4.0})
    >>> shrink(units)[["team", "estimate", "rank", "rank_low", "rank_high"]].round(1)
      team  estimate  rank  rank_low  rank_high
    0    a      59.6   1.0       1.0        1.0
    1    b      20.2   4.0       3.0        4.0
    2    c      22.2   3.0       3.0        4.0
    3    d      39.9   2.0       2.0        2.0
    """
    check_level(conf_level)
    if ranks not in ("marginal", "simultaneous"):
        raise ValueError(f"ranks: found {ranks!r}; it is marginal or simultaneous.")
    for name in ("estimate", "std_error"):
        if name not in estimates:
            raise KeyError(f"estimates: found no column {name!r}; give a result frame, as cx.metrics.nps makes it.")
    raw, error = (estimates[name].to_numpy(dtype="float64") for name in ("estimate", "std_error"))
    n = estimates["n"].to_numpy(dtype="float64") if "n" in estimates else np.full(len(raw), np.inf)
    n_eff = estimates["n_eff"].to_numpy(dtype="float64") if "n_eff" in estimates else n
    error = _without_zeros(error, n_eff)
    known = ~np.isnan(raw) & ~np.isnan(error)
    if known.sum() < FEWEST:
        raise ValueError(f"estimates: {int(known.sum())} units have an estimate and its error; ranking needs {FEWEST}.")
    shrunken, spread, weight = (np.full(len(raw), np.nan) for _ in range(3))
    shrunken[known], spread[known], weight[known] = posterior(raw[known], error[known] ** 2)
    ranked = known & (np.fmin(n, n_eff) >= TESTED_FROM)
    together = ranks == "simultaneous"
    rank, low, high = (np.full(len(raw), np.nan) for _ in range(3))
    if ranked.any():
        rank[ranked] = pd.Series(-shrunken[ranked]).rank(method="min")
        low[ranked], high[ranked] = rank_intervals(
            shrunken[ranked], spread[ranked], conf_level=conf_level, simultaneous=together, n_draws=n_draws, seed=seed
        )
    half = stats.norm.ppf((1 + conf_level) / 2) * spread
    columns = {"raw": raw, "estimate": shrunken, "std_error": spread}
    columns |= {"conf_low": shrunken - half, "conf_high": shrunken + half, "weight": weight}
    columns |= {"rank": rank, "rank_low": low, "rank_high": high}
    vague = np.where(high - low + 1 > ranked.sum() / 2, NO_RANK, "")
    labels = estimates.columns[: estimates.columns.get_loc("n" if "n" in estimates else "estimate")]
    bases = [name for name in ("n", "n_customers", "n_eff") if name in estimates]
    frame = estimates[[*labels, *bases]].assign(**columns)
    return frame.assign(flag=pd.Series(joined(base_flag(n, n_eff), vague), index=frame.index, dtype="str"))


def _without_zeros(error: np.ndarray, n_eff: np.ndarray) -> np.ndarray:
    """Return standard errors in which a 0 is replaced by that of the pooled spread of the others."""
    usable = (error > 0) & np.isfinite(n_eff)
    if not usable.any():
        return error
    pooled = np.average(error[usable] ** 2 * n_eff[usable], weights=n_eff[usable])
    return np.where(error == 0, np.sqrt(pooled / np.maximum(n_eff, 1.0)), error)
