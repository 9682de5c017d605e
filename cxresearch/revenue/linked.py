"""Answers beside the revenue of the customers who gave them, before and after; who is lost on the way is counted."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.sources import columns_of
from cxresearch.revenue.controls import numeric, refuse_controls
from cxresearch.revenue.leak import refuse_leak
from cxresearch.revenue.ledger import summed_bills
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import latest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["FEWEST_CUSTOMERS", "STUDY_WEIGHT", "Answers", "Linked", "linked_answers", "next_month"]

FEWEST_CUSTOMERS = 30
# Horizons: a vote before the answer counts if it is of the baseline, or of the horizon just before it.
LONGEST_BEFORE = 2
STUDY_WEIGHT = "study"
SCORE = "score"


@dataclass(frozen=True)
class Linked:
    """Answers with revenue before and after them.

    Attributes
    ----------
    rows
        One row a linked answer: `customer_id`, `customer` (code of the account or customer, by which errors are
        clustered), `answered_at`, `quarter`, `score`, `loyalty` (the vote -1, 0, 1, or the score), `previous` (that of
        the answer before, 0 where none is known), `previous_known`, `weight`, `before` (mean revenue a month with us in
        the months up to that of the answer), `after` (sum over the months behind), `stayed` (1 who was with us in the
        last of them), `earlier` and `lately` (what `before` and `after` are one horizon back, missing where unknown),
        and the controls.
    controls
        Columns of `rows` that are held constant, as numbers.
    horizon
        Months after, and before.
    loyalty
        What `loyalty` is: `vote`, or the name of a score.
    leak
        The column, if any, from which the score seems to be recorded.
    flow
        One row a reason: `step` (`eligible`, `lost`, `linked`), `reason`, `n`, `n_customers`, `share`, `flag`.
    unlinked
        The answers that were lost, with `loyalty`, `customer` and `weight`, and the study's segments.
    kept
        The answers that were linked, with the same columns.
    """

    rows: pd.DataFrame
    controls: list[str]
    horizon: int
    loyalty: str
    leak: str
    flow: pd.DataFrame
    unlinked: pd.DataFrame = field(repr=False)
    kept: pd.DataFrame = field(repr=False)


@dataclass(frozen=True)
class Answers:
    """Which answers are linked, and how: the outcome, the survey, the weights and what is held constant."""

    horizon: int = 3
    controls: tuple[str, ...] = ()
    outcome: str = "nps"
    survey: str = "relationship"
    weight: str | None = STUDY_WEIGHT


def linked_answers(study: "StudyData", asked: Answers) -> Linked:
    """Return the answers of a study beside revenue before and after them.

    Parameters
    ----------
    study
        A study with the table `revenue`, and answers with `customer_id` and `responded_at`.
    asked
        Which answers, over which horizon, with which controls.

    Returns
    -------
    Linked
        One answer a customer and quarter of the relationship survey, every answer of the transactional one. The month
        of the answer counts to the time before, so that no payment after the answer's month begins is lost and none is
        counted twice.

    Raises
    ------
    StudyError
        In one sentence: what is missing, and what to do.
    """
    if asked.horizon < 1:
        raise StudyError(f"horizon: found {asked.horizon}; it is a number of months after the answer, 1 or more.")
    answers, leak = _answers(study, asked)
    money = _money(study, answers, asked.horizon)
    given = pd.concat([answers, money], axis=1)
    reason = _reasons(study, given, asked)
    kept, unlinked = given[reason.eq("")], given[reason.ne("")]
    flow = _flow(given, reason)
    _refuse_too_few(kept, flow, asked)
    controls = numeric(kept, asked.controls)
    rows = pd.concat([kept[[*ROWS, *money]].drop(columns="complete"), controls], axis=1).reset_index(drop=True)
    rows["customer"] = pd.factorize(rows["customer"])[0]
    loyalty = "vote" if asked.outcome == "nps" else asked.outcome
    return Linked(rows, list(controls), asked.horizon, loyalty, leak, flow, unlinked, kept)


ROWS = ["customer_id", "customer", "answered_at", "quarter", "score", "loyalty", "previous", "previous_known", "weight"]


def next_month(moments: pd.Series) -> pd.Series:
    """Return the first day of the month behind that of each moment."""
    return moments.dt.to_period("M").dt.to_timestamp() + pd.DateOffset(months=1)


def _answers(study: "StudyData", asked: Answers) -> tuple[pd.DataFrame, str]:
    """Return the answers with a score, each with the vote before it where one is known, and a leak if there is one."""
    rows, column = study.responses, "nps" if asked.outcome == SCORE else asked.outcome
    rows = rows[rows["survey"].eq(asked.survey)]
    if column not in rows:
        raise StudyError(
            f"outcome: the answers have no {column!r}; {nearest(column, list(rows.select_dtypes('number')))}."
        )
    if rows[column].notna().sum() == 0:
        raise StudyError(f"outcome: nobody answered {column!r} in the {asked.survey} survey.")
    # A score that tells the outcome is warned of before anything else is asked for.
    leak = refuse_leak(study, rows, column)
    for name, meaning in (("customer_id", "whose bills they are"), ("responded_at", "what came before and after")):
        if name not in rows:
            raise StudyError(
                f"revenue: the answers have no `{name}`, which tells {meaning}; name it in the study file."
            )
    refuse_controls(study, asked.controls)
    rows = rows[rows[column].notna()].assign(score=rows[column], answered_at=rows["responded_at"])
    rows["quarter"] = rows["answered_at"].dt.to_period("Q").astype("str")
    if asked.survey == "relationship":
        rows = latest(rows.assign(period=rows["quarter"]))
    rows = rows.sort_values(["answered_at", "response_id"] if "response_id" in rows else "answered_at", kind="stable")
    return _with_previous(_with_design(study, rows.reset_index(drop=True), asked), asked), leak


def _with_design(study: "StudyData", rows: pd.DataFrame, asked: Answers) -> pd.DataFrame:
    """Return the answers with `customer`, the unit of clusters and bases, and `weight`."""
    account = rows["account_id"] if "account_id" in rows else pd.Series(pd.NA, index=rows.index, dtype="str")
    name = columns_of(study, rows, asked.survey).weight if asked.weight == STUDY_WEIGHT else asked.weight
    if name is not None and name not in rows:
        raise StudyError(f"weight: the answers have no column {name!r}; {nearest(name, list(rows.columns))}.")
    weight = rows[name].astype(float) if name else pd.Series(1.0, index=rows.index)
    return rows.assign(customer=account.fillna(rows["customer_id"]), weight=weight)


def _with_previous(rows: pd.DataFrame, asked: Answers) -> pd.DataFrame:
    """Return the answers, in the order of time, with `loyalty` and that of the same customer's answer before.

    A vote from before the baseline's own horizon is no vote of that time and counts as not known.
    """
    score = rows["score"]
    votes = asked.outcome == "nps"
    rows = rows.assign(loyalty=score.ge(9).astype(float) - score.le(6) if votes else score.astype(float))
    earlier = rows.groupby("customer_id")[["loyalty", "answered_at"]].shift()
    oldest = rows["answered_at"] - pd.DateOffset(months=LONGEST_BEFORE * asked.horizon)
    before = earlier["loyalty"].where(earlier["answered_at"].ge(oldest))
    return rows.assign(previous=before.fillna(0.0), previous_known=before.notna())


def _money(study: "StudyData", rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Return revenue before and after each answer, and one horizon back; missing for who is unknown or undated."""
    known = rows[rows["customer_id"].notna() & rows["answered_at"].notna()]
    behind, back = next_month(known["answered_at"]), next_month(known["answered_at"]) - pd.DateOffset(months=horizon)
    who, bills = known["customer_id"], summed_bills(study)
    before, after = bills.between(who, behind, -horizon), bills.between(who, behind, horizon)
    earlier, here = bills.between(who, back, -horizon), bills.between(who, behind, -1)
    mean, mean_earlier = (
        part["revenue"] / part["months_with_us"].where(part["months_with_us"] > 0) for part in (before, earlier)
    )
    usable = earlier["complete"] & before["complete"] & mean_earlier.gt(0)
    money = {
        "before": mean,
        "after": after["revenue"],
        "stayed": after["stayed"],
        "here": here["stayed"],
        "earlier": mean_earlier.where(usable),
        "lately": before["revenue"].where(usable),
        "covered_before": before["complete"].astype(float),
        "complete": after["complete"].astype(float),
    }
    return pd.DataFrame(money).reindex(rows.index)


def _reasons(study: "StudyData", rows: pd.DataFrame, asked: Answers) -> pd.Series:
    """Return why each answer is not linked, the first reason that holds; "" for those that are."""
    reasons = {
        "anonymous": rows["customer_id"].isna(),
        "no date": rows["answered_at"].isna(),
        "no bill at all": rows["after"].isna(),
        "left before the answer": rows["here"].eq(0),
        "bills do not reach back far enough": rows["covered_before"].ne(1),
        "later months not billed yet": rows["complete"].ne(1),
        "paid nothing before": ~rows["before"].gt(0),
        "a control is missing": rows[list(asked.controls)].isna().any(axis=1),
        "no weight": ~rows["weight"].gt(0),
    }
    found = np.select(list(reasons.values()), list(reasons), default="")
    return pd.Series(found, index=rows.index, dtype="str")


def _flow(rows: pd.DataFrame, reason: pd.Series) -> pd.DataFrame:
    """Return how many answers and customers were eligible, lost for each reason, and linked."""
    own = rows["customer"].where(rows["customer"].notna(), "row " + rows.index.astype(str).to_series(index=rows.index))
    parts = [("eligible", "answered the question", own)]
    parts += [("lost", name, own[reason.eq(name)]) for name in reason[reason.ne("")].value_counts().index]
    parts.append(("linked", "", own[reason.eq("")]))
    counts = [(step, name, len(part), part.nunique(), len(part) / len(rows), "") for step, name, part in parts]
    return pd.DataFrame(counts, columns=["step", "reason", "n", "n_customers", "share", "flag"])


def _refuse_too_few(kept: pd.DataFrame, flow: pd.DataFrame, asked: Answers) -> None:
    """Raise if too little is linked for any model, with the reason that lost most."""
    lost = flow[flow["step"].eq("lost")]
    most = f"; most are lost because of: {lost['reason'].iloc[0]}" if len(lost) else ""
    customers, quarters = kept["customer"].nunique(), kept["quarter"].nunique()
    if customers < FEWEST_CUSTOMERS:
        raise StudyError(
            f"revenue: {customers} customers have bills for {asked.horizon} months on both sides of their answer, and "
            f"{FEWEST_CUSTOMERS} are needed{most}."
        )
    if quarters < 2:
        raise StudyError(
            f"revenue: all linked answers are of one quarter, in which one event may pass for loyalty; two are "
            f"needed{most}."
        )
    if not (kept["weight"] * kept["after"]).sum() > 0:
        raise StudyError("revenue: refunds are as high as bills after the answers, so there is nothing to explain.")
