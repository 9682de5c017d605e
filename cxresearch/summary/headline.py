"""What stands on the first screen beside the findings: the score, and what the run claims about revenue."""

import numpy as np
import pandas as pd

from cxresearch import metrics
from cxresearch.present.payload import ProtectedPayload
from cxresearch.refusal import NOT_REPORTED
from cxresearch.study_data import StudyData
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["headline", "revenue"]

THIS_STUDY, REFUSED = "this study", "refused"
CLAIM = ("metric", "n", "n_customers", "estimate", "conf_low", "conf_high", "ray_below", "ray_above", "set")
NO_TABLE = "the study has no revenue table; add `revenue:` to the study file"
NO_PAGE = "the page about revenue is not part of this run; leave it out of `skip:` in the run file"


def headline(study: StudyData) -> pd.DataFrame:
    """Return the row of the scorecard that holds the study's primary metric.

    Returns
    -------
    pandas.DataFrame
        One row with the columns of `metrics.scorecard`.
    """
    card = metrics.scorecard(study)
    return card[card["metric"].eq(study.primary)].reset_index(drop=True)


def revenue(run: Recorded) -> pd.DataFrame:
    """Return how many points go with one per cent of revenue and in what sense, or why nothing is claimed.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        One row: `metric`; `n`, `n_customers`; `estimate` (points), `conf_low`, `conf_high`, `ray_below`, `ray_above`,
        `set` as in `cx.revenue.points_per_percent`; `outcome` (one per cent of what); `status` (`association`,
        `adjusted association`, `quasi-experiment`, `refused`); `reason` (of the refusal, or what else is to be known);
        `page`, `key`, `flag`.

    Raises
    ------
    StudyError
        If nothing was run.
    """
    claim, link = run.first("points_per_percent"), run.first("revenue_link", method="customer-link")
    rows = shown(claim) if claim is not None else pd.DataFrame({"claim": []})
    ours = rows[rows["claim"].eq(THIS_STUDY)].head(1)
    if ours.empty or ours["estimate"].isna().all():
        return _refused(run, claim, link)
    told = shown(link).iloc[0] if link is not None else {"status": "association", "reason": ""}
    found = ours.assign(metric=run.study.primary, status=told["status"], reason=told["reason"] or "")
    return found[[*CLAIM, "outcome", "status", "reason", "page", "key", "flag"]].reset_index(drop=True)


def _refused(run: Recorded, claim: ProtectedPayload | None, link: ProtectedPayload | None) -> pd.DataFrame:
    """Return that nothing is claimed, and why: as the link says, else as the page about money says, else what lacks."""
    place = link if link is not None else claim if claim is not None else _first_refusal(run)
    told = shown(place).iloc[0] if place is not None else pd.Series(dtype="object")
    reason = told.get("reason") or told.get("sentence") or (NO_PAGE if run.study.has("revenue") else NO_TABLE)
    row: dict[str, object] = dict.fromkeys(("estimate", "conf_low", "conf_high", "ray_below", "ray_above"), np.nan)
    row |= {"metric": run.study.primary, "n": 0, "n_customers": 0, "set": "", "outcome": "", "status": REFUSED}
    row |= {"reason": str(reason).removeprefix(NOT_REPORTED).rstrip("."), "flag": ""}
    row |= {"page": told.get("page", ""), "key": told.get("key", "")}
    return pd.DataFrame([row])[[*CLAIM, "outcome", "status", "reason", "page", "key", "flag"]]


def _first_refusal(run: Recorded) -> ProtectedPayload | None:
    """Return the first sentence with which the customer link, or what rests on it, was refused."""
    return next((one for one in run.outputs if one.method == "customer-link" and one.kind == "sentence"), None)
