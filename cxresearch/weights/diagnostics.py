"""What weights cost and what they left open: effective base, design effect, gaps of the margins."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import IDS
from cxresearch.metrics.table import REFUSED_UNDER, UNEVEN, UNEVEN_UNDER, joined
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.raking import NO_CAP, Cap, Fit
from cxresearch.stats.survey import base_flag, kish
from cxresearch.strict_yaml import StudyError
from cxresearch.weights.margins import Margin

__all__ = ["checked_cap", "levels_table", "people", "spread", "with_fit"]


def spread(frame: pd.DataFrame, weight: Floats) -> pd.DataFrame:
    """Return the one row that says how uneven weights are.

    Returns
    -------
    pandas.DataFrame
        `n` (rows of positive weight), `n_customers`, `n_eff` (Kish), `design_effect`, `min` and `max` (as ratios to the
        mean weight), `flag`.

    Raises
    ------
    StudyError
        If the weights leave under a quarter of the answers' information.
    """
    used = weight > 0
    if not used.all():
        frame, weight = frame[used], weight[used]
    n, n_eff = len(weight), float(kish(weight)[0])
    if n_eff < REFUSED_UNDER * n:
        raise StudyError(
            f"weights: they would leave {n_eff:.0f} answers' worth of information of {n} answers, under a quarter; set "
            "a narrower `cap`, or merge small levels."
        )
    mean = weight.mean() if n else np.nan
    row = {"n": n, "n_customers": people(frame), "n_eff": n_eff, "design_effect": n / n_eff if n else np.nan}
    row |= {"min": weight.min(initial=np.inf) / mean, "max": weight.max(initial=0.0) / mean}
    return pd.DataFrame([row | {"flag": UNEVEN if n_eff < UNEVEN_UNDER * n else ""}])


def with_fit(row: pd.DataFrame, fit: Fit, gaps: pd.Series, trouble: str) -> pd.DataFrame:
    """Return the row of `spread` with how the weights were found, and `trouble` added to its flag."""
    fitted = {"iterations": fit.iterations, "converged": fit.converged}
    fitted |= {"largest_gap": gaps.abs().max() if len(gaps) else 0.0, "capped": fit.capped}
    flag = joined(row["flag"].to_numpy(dtype=str), np.array([trouble]))
    return row.drop(columns="flag").assign(**fitted, flag=flag)


def levels_table(
    frame: pd.DataFrame, margin: Margin, n: Codes, before: npt.NDArray[np.number], after: Floats
) -> pd.DataFrame:
    """Return the levels of a margin, from totals by level; a last one of rows whose level is unknown is left out."""
    size, n = len(margin.levels), n.astype(np.intp)
    share, achieved = (total[:size] / total[:size].sum() for total in (before, after))
    table = {"variable": margin.name, "level": margin.labels, "n": n[:size]}
    table |= {"n_customers": people(frame, margin.code, n[:size]), "share": share, "target": margin.target}
    table |= {"achieved": achieved, "gap": achieved - margin.target, "flag": base_flag(n[:size], n[:size])}
    return pd.DataFrame(table).iloc[margin.order]


def people(frame: pd.DataFrame, code: Codes | None = None, n: Codes | None = None) -> int | Codes:
    """Return distinct accounts, else customers, else rows: in all, or by code; rows with a blank id count one each."""
    named = [name for name in IDS if name in frame]
    if not named:
        return len(frame) if n is None else n
    person = frame[named[0]] if len(named) == 1 else frame[named[0]].fillna(frame[named[1]])
    if code is None or n is None:
        return int(person.nunique() + person.isna().sum())
    by_level = person.isna().groupby(code).sum() + person.groupby(code).nunique()
    return by_level.reindex(range(len(n)), fill_value=0).to_numpy()


def checked_cap(cap: Cap | None) -> Cap:
    """Return the cap, refused unless the mean weight 1 lies inside."""
    if cap is None:
        return NO_CAP
    if len(cap) != 2 or not 0 <= cap[0] < 1 < cap[1]:
        raise StudyError(f"cap: found {list(cap)}; it is [low, high] around the mean weight 1, as [0.3, 3].")
    return (float(cap[0]), float(cap[1]))
