"""What weights cost and what they left open: effective base, design effect, gaps of the margins."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import IDS
from cxresearch.metrics.table import REFUSED, REFUSED_UNDER, UNEVEN, UNEVEN_UNDER, joined
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.raking import NO_CAP, Cap, Fit
from cxresearch.stats.survey import base_flag, kish
from cxresearch.strict_yaml import StudyError
from cxresearch.weights.margins import Margin

Totals: TypeAlias = npt.NDArray[np.number]
__all__ = ["checked_cap", "levels_table", "people", "people_of", "spread", "with_fit"]


def spread(frame: pd.DataFrame, weight: Floats, *, refuse: bool = True) -> pd.DataFrame:
    """Return the one row that says how uneven weights are.

    Parameters
    ----------
    frame, weight
        Rows and their weights; rows of weight 0 are left out.
    refuse
        Raise where the weights leave too little, as for weights of our own making; False says it in the flag.

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
    if refuse and n_eff < REFUSED_UNDER * n:
        raise StudyError(
            f"weights: they would leave {n_eff:.0f} answers' worth of information of {n} answers, under a quarter; set "
            "a narrower `cap`, or merge small levels."
        )
    mean = weight.mean() if n else np.nan
    row: dict[str, object] = {"n": n, "n_customers": people(frame), "n_eff": n_eff}
    row |= {"design_effect": n / n_eff if n else np.nan}
    row |= {"min": weight.min(initial=np.inf) / mean, "max": weight.max(initial=0.0) / mean}
    flag = REFUSED if n_eff < REFUSED_UNDER * n else UNEVEN if n_eff < UNEVEN_UNDER * n else ""
    return pd.DataFrame([row | {"flag": flag}])


def with_fit(row: pd.DataFrame, fit: Fit, gaps: pd.Series, trouble: str) -> pd.DataFrame:
    """Return the row of `spread` with how the weights were found, and `trouble` added to its flag."""
    fitted: dict[str, object] = {"iterations": fit.iterations, "converged": fit.converged}
    fitted |= {"largest_gap": gaps.abs().max() if len(gaps) else 0.0, "capped": fit.capped}
    flag = joined(row["flag"].to_numpy(dtype=str), np.array([trouble]))
    return row.drop(columns="flag").assign(**fitted, flag=flag)


def levels_table(frame: pd.DataFrame, margin: Margin, n: Codes, before: Totals, after: Totals) -> pd.DataFrame:
    """Return the levels of a margin, from totals by level; a last one of rows whose level is unknown is left out."""
    size, n = len(margin.levels), n.astype(np.intp)
    share, achieved = (total[:size] / total[:size].sum() for total in (before, after))
    table: dict[str, object] = {"variable": margin.name, "level": margin.labels, "n": n[:size]}
    table |= {"n_customers": people_of(frame, margin.code, n[:size]), "share": share, "target": margin.target}
    table |= {"achieved": achieved, "gap": achieved - margin.target, "flag": base_flag(n[:size], n[:size])}
    return pd.DataFrame(table).iloc[margin.order]


def people(frame: pd.DataFrame) -> int:
    """Return distinct accounts, else customers, else rows; rows with a blank id count one each."""
    person = _person(frame)
    return len(frame) if person is None else int(person.nunique() + person.isna().sum())


def people_of(frame: pd.DataFrame, code: Codes, n: Codes) -> Codes:
    """Return `people` by code; `n` are the rows of each."""
    person = _person(frame)
    if person is None:
        return n
    by_level = person.isna().groupby(code).sum() + person.groupby(code).nunique()
    return by_level.reindex(range(len(n)), fill_value=0).to_numpy(dtype=np.intp)


def _person(frame: pd.DataFrame) -> pd.Series | None:
    """Return the account of each row, where blank its customer; None where there are no ids."""
    named = [name for name in IDS if name in frame]
    if not named:
        return None
    return frame[named[0]] if len(named) == 1 else frame[named[0]].fillna(frame[named[1]])


def checked_cap(cap: Cap | None) -> Cap:
    """Return the cap, refused unless the mean weight 1 lies inside."""
    if cap is None:
        return NO_CAP
    if len(cap) != 2 or not 0 <= cap[0] < 1 < cap[1]:
        raise StudyError(f"cap: found {list(cap)}; it is [low, high] around the mean weight 1, as [0.3, 3].")
    return (float(cap[0]), float(cap[1]))
