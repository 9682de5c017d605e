"""Who is lost on the way from an answer to revenue: lost answers beside linked ones."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

from cxresearch.metrics.answers import ordered_levels
from cxresearch.revenue.linked import Linked
from cxresearch.stats.intervals import wald
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.survey import base_flag

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["lost_beside_linked"]


def lost_beside_linked(study: "StudyData", linked: Linked) -> pd.DataFrame:
    """Return how the lost answers differ from the linked ones, in loyalty and in each segment's shares.

    Parameters
    ----------
    study
        Whose segments are compared.
    linked
        Linked and lost answers.

    Returns
    -------
    pandas.DataFrame
        The frame `lost` of a `Link`: loyalty as NPS, or mean score; segments as shares 0-1. Errors are clustered by
        customer, who may be on both sides; `p_adjusted` after Benjamini and Hochberg, over all rows. No rows
        where nothing was lost.
    """
    rows = pd.concat([linked.kept.assign(_lost=False), linked.unlinked.assign(_lost=True)])
    if not rows["_lost"].any():
        return pd.DataFrame(columns=COLUMNS)
    factor, name = (100.0, "nps") if linked.loyalty == "vote" else (1.0, linked.loyalty)
    every = pd.Series(True, index=rows.index)
    found = [_difference(rows, factor * rows["loyalty"], every, name, "")]
    for segment in study.segments(rows):
        known = rows[rows[segment].notna()]
        for level in ordered_levels(known[segment])[1]:
            mine = known[segment].eq(level)
            found.append(_difference(known, mine.astype(float), mine, segment, level))
    frame = pd.DataFrame(found, columns=COLUMNS)
    return frame.assign(p_adjusted=adjusted_p(frame["p_value"], "bh"))


COLUMNS = [
    "characteristic",
    "level",
    "n",
    "n_customers",
    "n_against",
    "n_customers_against",
    "value",
    "value_against",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "p_value",
    "p_adjusted",
    "flag",
]


def _difference(rows: pd.DataFrame, y: pd.Series, counted: pd.Series, name: str, level: str) -> list[object]:
    """Return one row: linked, lost, and linked less lost with a linearised error."""
    weight = rows["weight"].fillna(0.0).clip(lower=0.0).to_numpy(dtype=float)
    values, lost = y.to_numpy(dtype=float), rows["_lost"].to_numpy(dtype=bool)
    means, influence = [], np.zeros(len(rows))
    for side, sign in ((~lost, 1.0), (lost, -1.0)):
        total = weight[side].sum()
        mean = weight[side] @ values[side] / total if total else np.nan
        influence[side] = sign * weight[side] * (values[side] - mean) / total if total else np.nan
        means.append(mean)
    own = rows["customer"].fillna(rows.index.to_series().astype(str)).to_numpy()
    unit = pd.factorize(own)[0]
    sums = np.bincount(unit, influence)
    error = float(np.sqrt(len(sums) / max(len(sums) - 1, 1) * (sums @ sums)))
    low, high = wald(means[0] - means[1], error)
    bases = [part for side in (~lost, lost) for part in _bases(own[side & counted.to_numpy(dtype=bool)])]
    smaller = min(bases[0], bases[2])
    return [
        name,
        level,
        *bases,
        *means,
        means[0] - means[1],
        error,
        float(low),
        float(high),
        float(2 * norm.sf(abs(means[0] - means[1]) / error)) if error > 0 else np.nan,
        np.nan,
        str(base_flag(smaller, smaller)),
    ]


def _bases(customers: "np.ndarray") -> tuple[int, int]:
    """Return answers and distinct customers."""
    return len(customers), len(pd.unique(customers))
