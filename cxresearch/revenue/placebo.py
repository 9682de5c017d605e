"""What a vote cannot have caused: revenue before it; and when after it money moves."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.revenue.ledger import SummedBills, summed_bills
from cxresearch.revenue.linked import Linked, next_month
from cxresearch.revenue.model import ESTIMATES, Model, known_rows, row_of, terms_of
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["FLAG", "lags", "placebo"]

FLAG = "hidden cause or lasting loyalty: association only"
NOT_POSSIBLE = "not possible: too few customers have bills two horizons back"
ALPHA = 0.05
WINDOW = "window"


def placebo(linked: Linked) -> pd.DataFrame:
    """Return the baseline-only model one horizon back: what loyalty now seems to do to revenue before it.

    Parameters
    ----------
    linked
        Answers with `earlier` and `lately`.

    Returns
    -------
    pandas.DataFrame
        One row: `term`, then `n` … `percent_high` as in `customer_link`, `flag`: where the interval excludes 0, "hidden
        cause or lasting loyalty: association only".

    Notes
    -----
    Revenue in the horizon that ends with the month of the answer, given the horizon before that, controls and quarter;
    the vote before has no place, because it would be of the time that is explained.
    """
    rows = linked.rows[linked.rows["earlier"].notna() & linked.rows["lately"].notna()]
    model = Model(rows, linked.controls, after="lately", before="earlier", previous=False)
    try:
        found = row_of(model.fit(terms_of(rows, linked.loyalty)), 0, rows)
    except StudyError:
        found = {name: np.nan for name in ESTIMATES} | {"n": len(rows), "n_customers": rows["customer"].nunique()}
        found["flag"] = NOT_POSSIBLE
    if found["p_value"] < ALPHA:
        found["flag"] = FLAG
    return pd.DataFrame([{"term": linked.loyalty, **found}])


def lags(study: "StudyData", linked: Linked, *, most: int = 3) -> pd.DataFrame:
    """Return what loyalty seems to do to revenue in each horizon around the answer, each a regression of its own.

    Parameters
    ----------
    study
        The study that was linked.
    linked
        Its linked answers.
    most
        How many horizons to look ahead, and back.

    Returns
    -------
    pandas.DataFrame
        One row a window that is covered by bills for at least two quarters of answers: `window` (1 is the horizon of
        the headline, 2 the one behind it; -1 the one that ends with the answer's month and so a placebo), `months` (in
        words), then `n` …
        `percent_high` as in `customer_link`, `flag`.
    """
    bills, found = summed_bills(study), []
    for window in [*range(-most, 0), *range(1, most + 1)]:
        rows = _moved(bills, linked, window)
        rows = known_rows(rows)[0] if window > 0 else rows
        model = Model(rows, linked.controls, "moved", "baseline", previous=window > 0)
        if rows["quarter"].nunique() < 2:
            continue
        try:
            one = row_of(model.fit(terms_of(rows, linked.loyalty)), 0, rows)
        except StudyError:
            continue
        if window < 0 and one["p_value"] < ALPHA:
            one["flag"] = FLAG
        found.append({WINDOW: window, "months": _months(window, linked.horizon), **one})
    return pd.DataFrame(found, columns=[WINDOW, "months", *ESTIMATES, "flag"])


def _months(window: int, horizon: int) -> str:
    """Return the months of a window in words.

    Examples
    --------
    >>> _months(2, 3), _months(-1, 3), _months(1, 1)
    ('months 4–6 after', 'months 1–3 before', 'month 1 after')
    """
    last = abs(window) * horizon
    span = f"months {last - horizon + 1}–{last}" if horizon > 1 else f"month {last}"
    return f"{span} {'before' if window < 0 else 'after'}"


def _moved(bills: SummedBills, linked: Linked, window: int) -> pd.DataFrame:
    """Return the linked answers with revenue of another window, and the baseline before it."""
    rows, months = linked.rows, linked.horizon
    start = next_month(rows["answered_at"]) + pd.DateOffset(months=months * (window - (window > 0)))
    moved = bills.between(rows["customer_id"], start, months)
    # Revenue before the answer stays the baseline of what is after it; a placebo has the horizon before its own.
    at = start if window < 0 else next_month(rows["answered_at"])
    past = bills.between(rows["customer_id"], at, -months)
    baseline = past["revenue"] / past["months_with_us"].where(past["months_with_us"] > 0)
    rows = rows.assign(moved=moved["revenue"], baseline=baseline)
    return rows[moved["complete"] & past["complete"] & baseline.gt(0)]
