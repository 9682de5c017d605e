"""Whether more loyalty goes with more money all the way: revenue by band of the score."""

import numpy as np
import pandas as pd

from cxresearch.revenue.linked import Linked
from cxresearch.revenue.model import ESTIMATES, Model, known_rows, row_of

__all__ = ["dose_response"]

# Bands of a 0-10 score; revenue is compared with the passives'.
EDGES, BANDS, PASSIVE = [-1, 3, 6, 8, 9, 10], ["0–3", "4–6", "7–8", "9", "10"], "7–8"


def dose_response(linked: Linked) -> pd.DataFrame:
    """Return revenue after the answer by band of the score, against scores of 7-8.

    Parameters
    ----------
    linked
        Answers whose score is 0-10.

    Returns
    -------
    pandas.DataFrame
        One row a band of `score`: `n` (answers in it), `n_customers`, `n_eff` … `percent_high` as in `customer_link`,
        `verdict` (`rises throughout`, `no fall beyond chance`, `falls somewhere`; the same in each row), `flag`. The
        band 7-8 is 0 by definition and has no interval.

    Raises
    ------
    ValueError
        If the score is not one of 0-10.
    """
    rows = known_rows(linked.rows)[0]
    if not rows["score"].between(0, 10).all() or rows["score"].max() <= 7:
        raise ValueError("dose_response: needs scores of 0-10, of 7-8 and others; other scales have no such bands.")
    band = pd.cut(rows["score"], EDGES, labels=BANDS).astype("str")
    there = [name for name in BANDS if band.eq(name).any()]
    terms = {name: band.eq(name).to_numpy(dtype=float) for name in there if name != PASSIVE}
    fit = Model(rows, linked.controls).fit(terms)
    found = []
    for name in there:
        mine = rows[band.eq(name)]
        one = row_of(fit, list(terms).index(name), mine) if name in terms else _reference(mine)
        found.append({"score": name, **one, "n": len(mine), "n_customers": mine["customer"].nunique()})
    frame = pd.DataFrame(found)
    frame.insert(frame.columns.get_loc("flag"), "verdict", _verdict(fit.slopes, fit.covariance, there))
    return frame


def _reference(rows: pd.DataFrame) -> dict[str, object]:
    """Return the row of the band that the others are compared with."""
    return {name: np.nan for name in ESTIMATES} | {"estimate": 0.0, "percent": 0.0, "n_eff": len(rows), "flag": ""}


def _verdict(slopes: np.ndarray, covariance: np.ndarray, bands: list[str]) -> str:
    """Return whether revenue falls from any band to the next, and whether by more than chance."""
    places = [name for name in bands if name != PASSIVE]
    level = np.array([slopes[places.index(name)] if name != PASSIVE else 0.0 for name in bands])
    steps = np.diff(np.eye(len(bands)), axis=0)[:, [bands.index(name) for name in places]]
    error = np.sqrt(np.diag(steps @ covariance[: len(places), : len(places)] @ steps.T))
    if (np.diff(level) >= 0).all():
        return "rises throughout"
    return "falls somewhere" if (np.diff(level) + 1.96 * error < 0).any() else "no fall beyond chance"
