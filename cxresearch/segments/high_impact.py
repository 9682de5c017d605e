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
from cxresearch.stats.design import Codes
from cxresearch.stats.groups import members_of

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = [
    "LEVEL",
    "SEGMENT",
    "against_the_rest",
    "high_impact_against_rest",
    "high_impact_of",
    "impact_of",
    "revenue_before_period",
    "rule_of",
]

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
    frame, note = against_the_rest(study, found, conf_level, n_permutations, seed)
    frame = judged(frame, "none", "{n} comparison", conf_level)
    notes = [one for one in (frame["flag"].iloc[0], note) if one]
    return frame.assign(flag=pd.Series(["; ".join(notes)], dtype="str"))


def against_the_rest(
    study: "StudyData", found: Asked, conf_level: float, n_permutations: int, seed: int
) -> tuple[pd.DataFrame, str]:
    """Return high impact against the rest in one metric before it is judged, and which answers are on neither side."""
    impact = impact_of(study, found.frame)
    known = impact >= 0
    if not (known & ~np.isnan(found.votes)).any():
        raise ValueError("high impact: nobody who answered was billed before the period; check the ids of both tables.")
    code = np.where(impact == 1, 0, -1).astype(np.intp)
    segment = Segment(SEGMENT, [LEVEL], members_of(code, 1), known, overlapping=True)
    rows = rest_contrasts(found, segment, 1, conf_level, n_permutations, seed)
    labels = pd.DataFrame({"segment": [SEGMENT], "level": [LEVEL], "against": [REST]}, dtype="str")
    left = int((~known & ~np.isnan(found.votes)).sum())
    note = f"{left} answers without a bill before the period left out" if left else ""
    return pd.concat([labels, rows], axis=1), note


def impact_of(study: "StudyData", answers: pd.DataFrame) -> Codes:
    """Return 1 for answers of customers of high impact before the period, 0 for others, -1 for who was not billed."""
    if "customer_id" not in answers:
        raise ValueError("high impact: the answers have no customer_id to look up their revenue by.")
    top = high_impact_of(revenue_before_period(study), rule_of(study).top)
    found = answers["customer_id"].map(top.astype("int64"))
    return found.fillna(-1).to_numpy(dtype=np.intp)


def high_impact_of(revenue: pd.Series, top: float) -> pd.Series:
    """Return whose revenue is among the highest, as a share of all customers."""
    return revenue >= revenue.quantile(1 - top)


def rule_of(study: "StudyData") -> HighImpact:
    """Return what the study file says of high impact."""
    rule = study.definition.high_impact
    if rule is None:
        raise ValueError("the study declares no `high_impact:`; add `{by: revenue, months_before: 12, top: 0.10}`.")
    return rule


def revenue_before_period(study: "StudyData") -> pd.Series:
    """Return what each customer paid, or another sum that the study file names, in the months before the period."""
    rule = rule_of(study)
    if study.bounds is None:
        raise ValueError("high impact: the report covers all time, which nothing lies before; report a period.")
    if not study.has("revenue") or rule.by not in study.revenue:
        raise ValueError(f"high impact: the study has no {rule.by!r} in a table `revenue`; add it under `tables:`.")
    found = revenue_before(study, rule.months_before, column=rule.by)
    if found.empty:
        raise ValueError(f"high impact: no bill in the {rule.months_before} months before {study.period}.")
    return found
