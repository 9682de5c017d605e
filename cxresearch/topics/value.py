"""What the customers who name a topic paid before: the revenue that hangs on it."""

import numpy as np
import pandas as pd

from cxresearch.metrics.sources import measure_of
from cxresearch.metrics.value import revenue_before
from cxresearch.stats.intervals import wald
from cxresearch.stats.survey import base_flag
from cxresearch.topics.mentions import Mentions

__all__ = ["revenue_at_risk"]

MONTHS = 12


def revenue_at_risk(
    mentions: Mentions, *, survey: str | None = None, months: int = MONTHS, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return what the customers who name each topic paid in the months before the period.

    Parameters
    ----------
    mentions
        What the comments name; the study needs the table `revenue` and answers with `customer_id`.
    survey
        By default the relationship survey.
    months
        How many months before the first day of the period.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a topic: `topic`; `n` (comments whose writer paid), `n_customers`, `n_eff`; `estimate` (their part of
        the revenue of all who commented, 0-1), `std_error`, `conf_low`, `conf_high`; `revenue` (what they paid),
        `revenue_detractors` (those of them who are detractors), `top_two_share` (part of the two largest customers),
        `flag`.

    Raises
    ------
    KeyError
        If the study has no revenue or no customer ids.
    ValueError
        If the study is undated.

    Notes
    -----
    A sum of money that is there, not a forecast of loss: a customer who names two topics counts under both. The
    estimate is the ratio Σ revenue of those who name the topic / Σ revenue, its variance linearised over customers.
    """
    study = mentions.study
    rows = mentions.rows(survey)
    if not study.has("revenue") or "customer_id" not in rows:
        raise KeyError("revenue_at_risk: needs the table `revenue` and answers with `customer_id`.")
    paid = rows["customer_id"].map(revenue_before(study, months)).astype("float64")
    rows, paid = rows[paid.gt(0)], paid[paid.gt(0)]
    measure = measure_of(study, "nps") if "nps" in rows else None
    detractors = measure.votes(rows["nps"]) < 0 if measure else np.zeros(len(rows), dtype=bool)
    found = []
    for key, name in mentions.names.items():
        named = rows[key].to_numpy(dtype=float)
        share = float(np.average(named, weights=paid)) if len(paid) else np.nan
        own = paid[named == 1].groupby(rows.loc[named == 1, "customer_id"]).max().sort_values(ascending=False)
        found.append(
            {
                "topic": name,
                "n": int(named.sum()),
                "n_customers": len(own),
                "n_eff": float(named.sum()),
                "estimate": share,
                "std_error": _ratio_error(named, paid.to_numpy(), rows["customer_id"]),
                "revenue": float(own.sum()),
                "revenue_detractors": float(paid[(named == 1) & detractors].groupby(rows["customer_id"]).max().sum()),
                "top_two_share": float(own.iloc[:2].sum() / own.sum()) if len(own) else np.nan,
            }
        )
    frame = pd.DataFrame(found).astype({"topic": "str"})
    low, high = wald(frame["estimate"], frame["std_error"], conf_level)
    frame.insert(6, "conf_low", np.maximum(low, 0.0))
    frame.insert(7, "conf_high", np.minimum(high, 1.0))
    return frame.assign(flag=pd.Series(base_flag(frame["n"], frame["n_eff"]), dtype="str"))


def _ratio_error(named: np.ndarray, paid: np.ndarray, customer: pd.Series) -> float:
    """Return the standard error of the part of the revenue, linearised over customers."""
    if len(paid) < 2:
        return np.nan
    influence = (
        pd.Series((named - np.average(named, weights=paid)) * paid / paid.sum()).groupby(customer.to_numpy()).sum()
    )
    n = len(influence)
    return float(np.sqrt(n / max(n - 1, 1) * (influence**2).sum()))
