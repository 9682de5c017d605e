"""What the customers who name a topic paid before: the revenue that hangs on it."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.sources import measure_of
from cxresearch.metrics.value import revenue_before
from cxresearch.stats.dominance import Dominance, dominance
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
        `revenue_detractors` (those of them who are detractors; missing where they, or the others, are some but fewer
        than the study's `min_base`), `top_two_share` (part of the two largest customers) and `rest_to_largest` (all
        others' to the largest's; of all sums the worst, for disclosure alone), `flag`.

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
        own = paid[named == 1].groupby(rows.loc[named == 1, "customer_id"]).max()
        unhappy = own.index.isin(rows.loc[(named == 1) & detractors, "customer_id"])
        parts = _parts(own, unhappy, study.definition.disclosure.min_base)
        found.append(
            {
                "topic": name,
                "n": int(named.sum()),
                "n_customers": len(own),
                "n_eff": float(named.sum()),
                "estimate": share,
                "std_error": _ratio_error(named, paid.to_numpy(), rows["customer_id"]),
                "revenue": float(own.sum()),
                "revenue_detractors": float(parts[0].sum()) if parts else np.nan,
                **_worst([own, *parts]),
            }
        )
    frame = pd.DataFrame(found).astype({"topic": "str"})
    low, high = wald(frame["estimate"], frame["std_error"], conf_level)
    frame.insert(6, "conf_low", np.maximum(low, 0.0))
    frame.insert(7, "conf_high", np.minimum(high, 1.0))
    return frame.assign(flag=pd.Series(base_flag(frame["n"], frame["n_eff"]), dtype="str"))


def _parts(own: pd.Series, unhappy: npt.NDArray[np.bool_], min_base: int) -> list[pd.Series]:
    """Return what detractors and what the others paid; nothing where either are too few to be told apart."""
    few = any(0 < count < min_base for count in (unhappy.sum(), (~unhappy).sum()))
    return [] if few else [own[unhappy], own[~unhappy]]


def _worst(sums: list[pd.Series]) -> dict[str, float]:
    """Return how much of the sums their largest contributors are at the worst, for disclosure."""
    told = pd.DataFrame([dominance(one) for one in sums if len(one)], columns=Dominance._fields)
    return {"top_two_share": told["top_two_share"].max(), "rest_to_largest": told["rest_to_largest"].min()}


def _ratio_error(named: np.ndarray, paid: np.ndarray, customer: pd.Series) -> float:
    """Return the standard error of the part of the revenue, linearised over customers."""
    if len(paid) < 2:
        return np.nan
    influence = (
        pd.Series((named - np.average(named, weights=paid)) * paid / paid.sum()).groupby(customer.to_numpy()).sum()
    )
    n = len(influence)
    return float(np.sqrt(n / max(n - 1, 1) * (influence**2).sum()))
