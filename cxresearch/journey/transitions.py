"""From one touchpoint to the next: where customers go within some weeks, and what their score does on the way."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.journey.encounters import A_YEAR, contacts_of, encounters, require, stages
from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import YES_NO, Measure
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import table
from cxresearch.stats.differences import two_sided_p
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.survey import TESTED_FROM
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["score_changes", "transitions"]

DAYS = 90
NOTHING, ALL, WENT = "no further contact", "all", "_went"
VOTE, NEXT_VOTE, CHANGE = "_vote", "next__vote", "_change"


def transitions(
    study: "StudyData", *, days: int = DAYS, n_periods: int = A_YEAR, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return at which touchpoint customers next made contact, after each touchpoint.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with a table `contacts` that has `customer_id`, `contacted_at` and `touchpoint`.
    days
        Within how many days a next contact counts.
    n_periods
        Periods up to the reporting one whose contacts are followed. Contacts of the last `days` before the end of the
        reporting period are not, since what came after them is not known yet.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint and next one: `touchpoint`, `next` (a touchpoint or `no further contact`); `n`,
        `n_customers` (contacts, and customers, that went this way); `n_from` (contacts at the touchpoint); `n_eff`;
        `estimate` (share of them, 0-1), `std_error`, `conf_low`, `conf_high`; `usual` (the share after any
        touchpoint); `p_value`, `p_adjusted` (Benjamini-Hochberg over the rows), `family`, `verdict` (`higher` or
        `lower` than usual, or `cannot tell`); `flag`. The shares after a touchpoint sum to 1.

    Raises
    ------
    StudyError
        If there is no such table, or no contact could be followed so long.

    Notes
    -----
    Next is the customer's first contact after this one. Wilson's intervals on the effective base, customers the
    sampling units. Where the next touchpoint does not depend on this one, every share is the usual one; each is
    tested against it by the score test on the effective base, R `prop.test(x, n, p = usual, correct = FALSE)`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = transitions(cx.load("demo", period="2026Q3"))
    >>> found.groupby("touchpoint")["estimate"].sum().round(9).unique().tolist()
    [1.0]
    """
    rows = _followed(study, days, n_periods)
    order = [*stages(study, rows), NOTHING]
    parts = [_share_to(rows, name, conf_level) for name in order if rows["next"].eq(name).any()]
    found = pd.concat(parts, ignore_index=True)
    return _in_order(_tested(found[found["n"].gt(0)], conf_level), order)


def _followed(study: "StudyData", days: int, n_periods: int) -> pd.DataFrame:
    """Return contacts that were followed for all of the days, with the next one."""
    contacts = contacts_of(study)
    first, end = _window(study, contacts["contacted_at"], n_periods)
    contacts = contacts[contacts["contacted_at"] < end]
    rows = _with_next(contacts, "contacted_at", ["touchpoint"], days)
    rows = rows[rows["contacted_at"].ge(first) & rows["contacted_at"].lt(end - pd.Timedelta(days=days))]
    if rows.empty:
        raise StudyError(f"no contact of these periods could be followed for {days} days; give fewer days.")
    return rows.assign(next=rows["next"].fillna(NOTHING)).reset_index(drop=True)


def _window(study: "StudyData", moments: pd.Series, n_periods: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first moment of the periods taken together and the first after them; for all time those known."""
    rows = study.responses
    taken = rows.loc[rows["period"].isin(study.periods[-n_periods:]), "responded_at"]
    if study.bounds is None:
        return moments.min(), moments.max()
    return taken.min().normalize(), study.bounds[1]


def _with_next(rows: pd.DataFrame, at: str, columns: list[str], days: int) -> pd.DataFrame:
    """Return rows with `next` and `next_…`: columns of the customer's next row, if it came within the days."""
    ordered = rows.sort_values(["customer_id", at], kind="stable")
    after = ordered.groupby("customer_id")[[at, *columns]].shift(-1)
    soon = after[at] - ordered[at] <= pd.Timedelta(days=days)
    found = {f"next_{name}": after[name].where(soon) for name in columns}
    return ordered.assign(**found).rename(columns={"next_touchpoint": "next"})


def _share_to(rows: pd.DataFrame, name: str, conf_level: float) -> pd.DataFrame:
    """Return the share that went on to one touchpoint, after each."""
    went = rows["next"].eq(name)
    measure = Measure(WENT, "share", YES_NO)
    found = table(rows.assign(**{WENT: went.astype(float)}), measure, "touchpoint", Columns(), conf_level, None)
    gone = rows[went].groupby("touchpoint")["customer_id"].agg(["size", "nunique"])
    gone = gone.reindex(found["touchpoint"], fill_value=0)
    found = found.assign(n_from=found["n"], n=gone["size"].to_numpy(), n_customers=gone["nunique"].to_numpy())
    found = found.assign(usual=float(went.mean()), next=pd.Series(name, found.index, dtype="str"))
    return found[["touchpoint", "next", "n", "n_customers", "n_from", "n_eff", "estimate", "std_error", "conf_low",
                  "conf_high", "usual", "flag"]]  # fmt: skip


def _tested(found: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return shares tested against the usual ones, as one family."""
    error = np.sqrt(found["usual"] * (1 - found["usual"]) / found["n_eff"].where(found["n_eff"] >= TESTED_FROM))
    away = ((found["estimate"] - found["usual"]) / error.where(error > 0)).to_numpy()
    p_value = two_sided_p(away)
    adjusted = adjusted_p(p_value, "bh")
    apart = adjusted < 1 - conf_level
    verdict = np.select([apart & (away > 0), apart & (away < 0)], ["higher", "lower"], "cannot tell")
    words = {"family": f"{int((~np.isnan(p_value)).sum())} ways from one touchpoint to the next", "verdict": verdict}
    flag = found["flag"]
    told = found.drop(columns="flag").assign(p_value=p_value, p_adjusted=adjusted, **words, flag=flag)
    return told.astype({"family": "str", "verdict": "str"})


def score_changes(
    study: "StudyData",
    metric: str | None = None,
    *,
    days: int = DAYS,
    n_periods: int = 2 * A_YEAR,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return how a customer's score changes from one encounter to the next that was answered.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose transactional answers have `touchpoint`, `customer_id`, `responded_at`.
    metric
        The study's headline metric by default.
    days, n_periods
        As for `transitions`; of both answers.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row for `all` pairs of answers, then one a touchpoint and next one with 30 pairs or more:
        `touchpoint`, `next`; `n` (pairs), `n_customers`, `n_eff`; `previous`, `current`, `estimate` (the mean
        change within customers), `std_error`, `conf_low`, `conf_high`; `usual` (the
        difference of the two touchpoints' scores among all answers); `flag`.

    Raises
    ------
    StudyError
        If the answers lack a column, or there are under 30 pairs.

    Notes
    -----
    Paired: each pair is its customer's own comparison, several pairs of one customer are one sampling unit. Who scored
    low once scores higher the next time by chance alone; averaged over all who went a way, that cancels out. R:
    `survey::svymean(~change, svydesign(~customer))`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> score_changes(cx.load("demo", period="2026Q3"))[["touchpoint", "next"]].iloc[0].tolist()
    ['all', 'all']
    """
    measure = measure_of(study, metric or study.primary)
    rows = encounters(study, n_periods)
    for column in ("customer_id", "responded_at", measure.column):
        require(rows, column, "without it no two answers of a customer can be compared")
    rows = rows.assign(**{VOTE: measure.votes(rows[measure.column]) * measure.factor})
    known = rows.dropna(subset=["customer_id", "responded_at", VOTE])
    pairs = _with_next(known, "responded_at", ["touchpoint", VOTE], days).dropna(subset=["next"])
    if len(pairs) < TESTED_FROM:
        raise StudyError(
            f"{len(pairs)} answers follow another of their customer within {days} days; a change needs "
            f"{TESTED_FROM}: take more days or periods."
        )
    found = _changes(study, pairs, float(np.subtract(*measure.limits[::-1])), conf_level)
    usual = known.groupby("touchpoint")[VOTE].mean()
    expected = (found["next"].map(usual) - found["touchpoint"].map(usual)).astype("float64")
    found.insert(len(found.columns) - 1, "usual", expected)
    return _in_order(found, [ALL, *stages(study, rows)])


def _changes(study: "StudyData", pairs: pd.DataFrame, widest: float, conf_level: float) -> pd.DataFrame:
    """Return the mean change of all pairs, and of each way that 30 of them went."""
    enough = pairs.groupby(["touchpoint", "next"])[VOTE].transform("size") >= TESTED_FROM
    both = pd.concat([pairs.assign(touchpoint=ALL, next=ALL), pairs[enough]], ignore_index=True)
    both = both.assign(**{CHANGE: both[NEXT_VOTE] - both[VOTE]})
    columns, by = columns_of(study, both, ""), ["touchpoint", "next"]
    scales = {VOTE: None, NEXT_VOTE: None, CHANGE: (-widest, widest)}
    tables = {
        name: table(both, Measure(name, "mean", scale), by, columns, conf_level, None) for name, scale in scales.items()
    }
    found = tables[CHANGE]
    found.insert(found.columns.get_loc("estimate"), "previous", tables[VOTE]["estimate"])
    found.insert(found.columns.get_loc("estimate"), "current", tables[NEXT_VOTE]["estimate"])
    return found


def _in_order(found: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return rows in the order of the journey, by where they come from and then where they lead."""
    place = {name: number for number, name in enumerate(order)}
    by = [found["next"].map(place).to_numpy(), found["touchpoint"].map(place).to_numpy()]
    return found.iloc[np.lexsort(by)].reset_index(drop=True)
