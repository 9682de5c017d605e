"""The lifecycle: how many who signed up were billed and stayed, and who is still there after each touchpoint."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.intake.join import join
from cxresearch.journey.encounters import contacts_of, stages
from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import YES_NO, Measure
from cxresearch.metrics.table import table
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["lifecycle", "still_there"]

SIGNED_UP, BILLED, THERE = "Signed up", "First bill", "Still a customer after {months} months"
REACHED = "_reached"
MONTHS = (3, 6, 12)


def lifecycle(study: "StudyData", *, months: tuple[int, ...] = MONTHS, conf_level: float = 0.95) -> pd.DataFrame:
    """Return how many of those who signed up reached each step after it, as far as the tables tell.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose customers have `since` and `churned_at`. With a table `revenue` (and its
        `month`) the first bill is a step, and only those who signed up since the first bills are counted; otherwise
        those who signed up since the first leaving that is known: earlier ones are on the list only if they stayed.
    months
        After how many months it is looked who is still there. All who are counted signed up at least so long before
        the end of the reporting period.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a step: `step`; `n`, `n_customers` (who reached it and all steps before); `n_eff`; `estimate` (share of
        those who signed up, 0-1), `std_error`, `conf_low`, `conf_high` (Wilson); `step_share` (share of the step
        before); `flag`. A step at which fewer customers were lost than may be shown is left out: the next one tells its
        loss.

    Raises
    ------
    StudyError
        If the customers lack a date, or nobody could be followed so long.

    Notes
    -----
    The customer list is everyone, no sample: the interval is that of the rate behind, as it would vary from one year's
    newcomers to the next's.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = lifecycle(cx.load("demo", period="2026Q3"))
    >>> found["step"].iloc[0], found["estimate"].is_monotonic_decreasing
    ('Signed up', True)
    """
    rows = _newcomers(study, max(months))
    stayed = _stayed(rows)
    reached = {SIGNED_UP: pd.Series(True, index=rows.index)}
    if study.has("revenue"):
        reached[BILLED] = rows["customer_id"].isin(study.table("revenue")["customer_id"])
    reached |= {THERE.format(months=month): stayed >= month for month in sorted(months)}
    so_far, last, parts = pd.Series(True, index=rows.index), len(rows), []
    for step, done in reached.items():
        so_far = so_far & done
        lost = last - int(so_far.sum())
        # The next step tells the loss of a step at which few were lost: these few would be a group of their own.
        if not 0 < lost < study.definition.disclosure.min_base:
            parts.append(_step(rows, step, so_far, conf_level))
            last -= lost
    found = pd.concat(parts, ignore_index=True)
    found.insert(len(found.columns) - 1, "step_share", found["n"] / found["n"].shift(1))
    return found


def _newcomers(study: "StudyData", months: int) -> pd.DataFrame:
    """Return the customers who signed up while leaving was recorded, and long enough ago."""
    rows = _dated(study)
    end = _last_day(study, rows)
    first = _first_day(study, rows)
    found = rows[rows["since"].ge(first) & (rows["since"] + pd.DateOffset(months=months)).le(end)]
    if found.empty:
        raise StudyError(f"nobody who signed up could be followed for {months} months; give fewer months.")
    return found.reset_index(drop=True)


def _dated(study: "StudyData") -> pd.DataFrame:
    """Return the customers with the days on which they came and left."""
    needed = ["customer_id", "since", "churned_at"]
    if not study.has("customers") or not {*needed} <= set(study.table("customers")):
        raise StudyError(
            "the lifecycle needs a table `customers` with customer_id, since and churned_at; add them to the "
            "study file."
        )
    kept = [name for name in (*needed, "account_id") if name in study.table("customers")]
    rows = study.table("customers")[kept]
    return rows[rows["customer_id"].notna() & rows["since"].notna()].reset_index(drop=True)


def _last_day(study: "StudyData", rows: pd.DataFrame) -> pd.Timestamp:
    """Return the day up to which it is known who left: the end of the period, or of the list if that is earlier."""
    known = pd.Timestamp(rows[["since", "churned_at"]].max().max())
    return known if study.bounds is None else min(known, study.bounds[1] - pd.Timedelta(days=1))


def _first_day(study: "StudyData", rows: pd.DataFrame) -> pd.Timestamp:
    """Return the day from which on everyone who signed up is on the list, whether or not they stayed."""
    if study.has("revenue"):
        return pd.Timestamp(study.table("revenue")["month"].min())
    if rows["churned_at"].isna().all():
        raise StudyError("no customer has a `churned_at`; without it nobody is known to have left.")
    return pd.Timestamp(rows["churned_at"].min())


def _stayed(rows: pd.DataFrame) -> pd.Series:
    """Return for how many whole months each customer stayed, infinite for those still there."""
    left = rows["churned_at"]
    months = (left.dt.year - rows["since"].dt.year) * 12 + left.dt.month - rows["since"].dt.month
    whole = months - (left.dt.day < rows["since"].dt.day)
    return whole.astype("float64").fillna(np.inf)


def _step(rows: pd.DataFrame, step: str, reached: pd.Series, conf_level: float) -> pd.DataFrame:
    """Return the share of the customers who reached a step."""
    counted, measure = rows.assign(**{REACHED: reached.astype(float)}), Measure(REACHED, "share", YES_NO)
    found = table(counted, measure, None, Columns(), conf_level, None)
    base = table(counted[reached], measure, None, Columns(), conf_level, None)
    found = found.assign(n=base["n"], n_customers=base["n_customers"])
    # That all did is no estimate of those who signed up, and no answer that all gave alike.
    found["std_error"] = found["std_error"].where(found["std_error"] > 0)
    if step == SIGNED_UP:
        found[["conf_low", "conf_high"]] = np.nan
    found.insert(0, "step", pd.Series([step], dtype="str"))
    return found


def still_there(study: "StudyData", *, months: int = 6, conf_level: float = 0.95) -> pd.DataFrame:
    """Return the share of customers who are still there some months after an encounter, by touchpoint.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with a table `contacts` that has `customer_id`, `contacted_at`, `touchpoint`,
        and customers with `since` and `churned_at`.
    months
        How long after the encounter. Encounters that are not so long ago are left out.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint, in the order of the journey: `touchpoint`; `n` (encounters), `n_customers`, `n_eff`;
        `estimate` (share still there, 0-1), `std_error`, `conf_low`, `conf_high`; `flag`. Of the stage at which
        contracts are renewed it is the share that was kept.

    Raises
    ------
    StudyError
        If a table or date is missing, or no encounter is so long ago.

    Notes
    -----
    Wilson's interval on the effective base, customers as sampling units. Whoever had been gone before the encounter is
    not counted.

    Examples
    --------
    >>> import cxresearch as cx
    >>> still_there(cx.load("demo", period="2026Q3"))["touchpoint"].iloc[-1]
    'renewal'
    """
    customers = _dated(study)
    end = _last_day(study, customers)
    met = contacts_of(study)
    met = met[met["contacted_at"] + pd.DateOffset(months=months) <= end]
    rows = join(met, customers, "customer_id", name="contacts to customers")[0]
    left = rows["churned_at"]
    rows = rows[rows["since"].notna() & ~(left < rows["contacted_at"])]
    if rows.empty:
        raise StudyError(f"no encounter of a known customer is {months} months ago; give fewer months.")
    gone = rows["churned_at"] < rows["contacted_at"] + pd.DateOffset(months=months)
    counted = rows.assign(**{REACHED: (~gone).astype(float)})
    found = table(counted, Measure(REACHED, "share", YES_NO), "touchpoint", Columns(), conf_level, None)
    order = {name: place for place, name in enumerate(stages(study, rows))}
    return found.iloc[found["touchpoint"].map(order).argsort(kind="stable")].reset_index(drop=True)
