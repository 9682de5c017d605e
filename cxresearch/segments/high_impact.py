"""Customers who count most, fixed on what they paid before the period, against the rest."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import Columns
from cxresearch.metrics.value import revenue_before
from cxresearch.schema.studies import HighImpact
from cxresearch.segments.asked import Asked, asked
from cxresearch.segments.comparison import REST, rest_contrasts
from cxresearch.segments.contrasts import judged
from cxresearch.segments.membership import Segment
from cxresearch.stats.groups import members_of

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["high_impact_against_rest"]

LEVEL, SEGMENT = "high impact", "revenue before the period"


def high_impact_against_rest(
    study: "StudyData", metric: str = "nps", *, conf_level: float = 0.95, n_permutations: int = 4_999, seed: int = 0
) -> pd.DataFrame:
    """Return how customers of high impact differ from the others in the reporting period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with a table `revenue` and `high_impact:` in its study file.
    metric
        As for `compare`.
    conf_level, n_permutations, seed
        As for `compare`.

    Returns
    -------
    pandas.DataFrame
        One row, with the columns of `compare`. `flag` counts the answers of customers without a bill in these months,
        who are on neither side.

    Raises
    ------
    ValueError
        If the study declares no high impact, has no revenue or no period, or nobody who answered was billed before.

    Notes
    -----
    High impact are the customers with the highest revenue, the declared share of all that were billed, in the declared
    months *before* the period, so that what customers pay after an answer decides nothing about who is compared.
    """
    found = asked(study, metric, Columns(), None, None, None, conf_level)
    revenue = _revenue_before(study)
    top = revenue[revenue >= revenue.quantile(1 - _rule(study).top)].index
    if "customer_id" not in found.frame:
        raise ValueError("high impact: the answers have no customer_id to look up their revenue by.")
    customer = found.frame["customer_id"]
    known = customer.isin(revenue.index).to_numpy()
    if not (known & ~np.isnan(found.votes)).any():
        raise ValueError("high impact: nobody who answered was billed before the period; check the ids of both tables.")
    code = np.where(known, np.where(customer.isin(top), 0, -1), -1).astype(np.intp)
    segment = Segment(SEGMENT, [LEVEL], members_of(code, 1), known, overlapping=True)
    rows = rest_contrasts(found, segment, 1, conf_level, n_permutations, seed)
    labels = pd.DataFrame({"segment": [SEGMENT], "level": [LEVEL], "against": [REST]}, dtype="str")
    frame = judged(pd.concat([labels, rows], axis=1), "none", "{n} comparison", conf_level)
    notes = [note for note in (frame["flag"].iloc[0], _unknown(found, known)) if note]
    return frame.assign(flag=pd.Series(["; ".join(notes)], dtype="str"))


def _rule(study: "StudyData") -> HighImpact:
    """Return what the study file says of high impact."""
    rule = study.definition.high_impact
    if rule is None:
        raise ValueError("the study declares no `high_impact:`; add `{by: revenue, months_before: 12, top: 0.10}`.")
    return rule


def _revenue_before(study: "StudyData") -> pd.Series:
    """Return what each customer paid, or another sum that the study file names, in the months before the period."""
    rule = _rule(study)
    if study.bounds is None:
        raise ValueError("high impact: the report covers all time, which nothing lies before; report a period.")
    if not study.has("revenue") or rule.by not in study.revenue:
        raise ValueError(f"high impact: the study has no {rule.by!r} in a table `revenue`; add it under `tables:`.")
    found = revenue_before(study, rule.months_before, column=rule.by)
    if found.empty:
        raise ValueError(f"high impact: no bill in the {rule.months_before} months before {study.period}.")
    return found


def _unknown(found: Asked, known: np.ndarray) -> str:
    """Return how many answers are on neither side, in words."""
    left = int((~known & ~np.isnan(found.votes)).sum())
    return f"{left} answers without a bill before the period left out" if left else ""
