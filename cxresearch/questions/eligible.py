"""Who may get a module in a wave: the frame, and what each rule leaves of it."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxresearch import periods
from cxresearch.intake.join import join
from cxresearch.schema.questions import Assignment, Bank, Eligible
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import StudyData

__all__ = ["Eligibility", "assignment_of", "eligible"]

Step = tuple[str, pd.Series]


@dataclass(frozen=True)
class Eligibility:
    """Who may get a module in a wave.

    Attributes
    ----------
    flow
        `step`, `n` and `n_customers` (customers left), `lost`, `share` of the frame: from the frame, rule by rule.
    customers
        `customer_id` and `unit`, in the order of the frame.
    rested
        Share of those who pass the lasting rules that the rests leave.
    """

    flow: pd.DataFrame
    customers: pd.DataFrame
    rested: float


def eligible(study: StudyData, bank: Bank, wave: str) -> Eligibility:
    """Return who may get a module in a wave, and what each rule leaves of the frame.

    Parameters
    ----------
    study
        A study with customers or invitations.
    bank
        With an assignment.
    wave
        The frame is everyone invited to the survey in this wave; before the invitations are there, every customer who
        has not left.

    Returns
    -------
    Eligibility
        Rests are counted up to the first day of the wave. A unit is eligible if one of its customers is.

    Raises
    ------
    StudyError
        If the study lacks what a rule needs, or there is no frame.

    Examples
    --------
    >>> import cxresearch as cx
    >>> study = cx.load("demo", "2026Q3")
    >>> eligible(study, cx.questions.bank("demo"), "2026Q3").flow["step"].tolist()
    ['invited in 2026Q3', 'with research_consent']
    """
    assignment = assignment_of(bank)
    frame, first = _frame(study, assignment.eligible, wave)
    flow, kept = [_row(first, len(frame), len(frame), len(frame))], pd.Series(True, index=frame.index)
    lasting = _lasting(assignment.eligible, frame)
    for name, passes in [*lasting, *_rests(study, assignment.eligible, frame, wave)]:
        before, kept = int(kept.sum()), kept & passes
        flow.append(_row(name, int(kept.sum()), before, len(frame)))
    fit = flow[len(lasting)]["n"]
    left = frame[kept].reset_index(drop=True)
    unit = left["customer_id"]
    if assignment.unit == "account":
        unit = left["account_id"].fillna(unit) if "account_id" in left else _refuse_account()
    customers = pd.DataFrame({"customer_id": left["customer_id"], "unit": unit})
    return Eligibility(pd.DataFrame(flow), customers, len(left) / fit if fit else 0.0)


def assignment_of(bank: Bank) -> Assignment:
    """Return a bank's assignment, or raise `StudyError` if it has none."""
    if bank.assignment is None:
        raise StudyError("the bank says nothing of who gets which module; add `assignment:` to its file.")
    return bank.assignment


def _row(step: str, left: int, before: int, frame: int) -> dict[str, Any]:
    """Return a row of the flow."""
    return {"step": step, "n": left, "n_customers": left, "lost": before - left, "share": left / frame}


def _refuse_account() -> pd.Series:
    """Raise because accounts are not known."""
    raise StudyError("assignment.unit: the customers have no `account_id`; use `unit: customer`, or name the column.")


def _frame(study: StudyData, rules: Eligible, wave: str) -> tuple[pd.DataFrame, str]:
    """Return the customers from whom is chosen, one row each, and what they are."""
    invited = pd.DataFrame({"customer_id": _invited_in(study, rules.survey, wave).unique()})
    customers = study.customers if study.has("customers") else None
    if not invited.empty:
        # Whoever is not on the customer list stays in the frame; the rules, which know nothing of them, leave them out.
        known = (
            invited if customers is None else join(invited, customers, "customer_id", name="invited to customers")[0]
        )
        return known, f"invited in {wave}"
    if customers is None:
        raise StudyError(f"wave {wave}: nobody is invited yet and the study has no table `customers` to plan from.")
    double = int(customers["customer_id"].duplicated().sum())
    if double:
        raise StudyError(
            f"tables.customers: {double:,} of {len(customers):,} rows repeat an id; keep one row a customer."
        )
    here = customers["churned_at"].isna() if "churned_at" in customers else pd.Series(True, index=customers.index)
    if not here.any():
        raise StudyError(f"wave {wave}: the table `customers` holds nobody who is still a customer.")
    return customers[here].reset_index(drop=True), "customers who have not left"


def _invited_in(study: StudyData, survey: str, wave: str) -> pd.Series:
    """Return the customers invited to a survey in a wave."""
    if not study.has("invitations"):
        return pd.Series(dtype="str")
    asked = study.invitations
    begin, end = _days(study, wave)
    inside = asked["invited_at"].ge(begin) & asked["invited_at"].lt(end)
    inside &= asked["survey"].eq(survey) if "survey" in asked else True
    return asked.loc[inside, "customer_id"].dropna()


def _days(study: StudyData, wave: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first moment of a wave, and the first after it."""
    period = periods.parse(wave, study.definition.fiscal_year_start)
    if period is None:
        raise StudyError(f"wave {wave}: a wave is a period, such as 2026Q4.")
    return pd.Timestamp(period.start()), pd.Timestamp(period.next().start())


def _lasting(rules: Eligible, frame: pd.DataFrame) -> list[Step]:
    """Return the rules that hold whenever a wave is: consent and `where`."""
    found: list[Step] = []
    if rules.consent:
        found.append((f"with {rules.consent}", _column(frame, rules.consent, "consent").eq(1)))
    for name, levels in rules.where.items():
        known = _column(frame, name, "where")
        _refuse_unknown(known, name, levels)
        found.append((f"{name}: {', '.join(levels)}", known.isin(levels)))
    return found


def _rests(study: StudyData, rules: Eligible, frame: pd.DataFrame, wave: str) -> list[Step]:
    """Return the rules that leave people in peace for a while, where they hold already."""
    begin, found = _days(study, wave)[0], list[Step]()
    if rules.since and begin < _days(study, rules.since)[0]:
        return found
    if rules.rested_days:
        recent = _asked_since(study, begin, rules.rested_days)
        found.append((f"not asked in the {rules.rested_days} days before", ~frame["customer_id"].isin(recent)))
    if rules.module_rested_days:
        recent = _module_since(study, begin, rules.module_rested_days)
        step = f"in no wave of modules in the {rules.module_rested_days} days before"
        found.append((step, ~frame["customer_id"].isin(recent)))
    return found


def _column(frame: pd.DataFrame, name: str, rule: str) -> pd.Series:
    """Return a column of the customers."""
    if name not in frame:
        raise StudyError(
            f"assignment.eligible.{rule}: the customers have no column {name!r}; {nearest(name, list(frame))}."
        )
    return frame[name]


def _refuse_unknown(column: pd.Series, name: str, levels: list[str]) -> None:
    """Refuse levels that no customer has."""
    known = sorted(column.dropna().astype("str").unique())
    for level in levels:
        if level not in known:
            raise StudyError(f"assignment.eligible.where.{name}: nobody is {level!r}; {nearest(level, known)}.")


def _asked_since(study: StudyData, begin: pd.Timestamp, days: int) -> pd.Series:
    """Return who was invited within some days before a wave, to whichever survey; without invitations, who answered."""
    table, moment = ("invitations", "invited_at") if study.has("invitations") else ("responses", "responded_at")
    if moment not in study.table(table):
        raise StudyError("assignment.eligible.rested_days: the study knows no days of invitations or answers.")
    return _within(study.table(table), moment, begin, days)


def _module_since(study: StudyData, begin: pd.Timestamp, days: int) -> pd.Series:
    """Return who took part in a wave of modules within some days before.

    Those assigned no module rest too: if only the others did, the holdout would be too large a part of the eligible.
    """
    if not study.has("invitations") or "arm" not in study.invitations:
        raise StudyError("assignment.eligible.module_rested_days: the invitations have no column `arm`; name it.")
    asked = study.invitations
    return _within(asked[asked["arm"].notna()], "invited_at", begin, days)


def _within(table: pd.DataFrame, moment: str, begin: pd.Timestamp, days: int) -> pd.Series:
    """Return the customers of the rows that lie within some days before a moment."""
    recent = table[moment].ge(begin - pd.Timedelta(days=days)) & table[moment].lt(begin)
    return table.loc[recent, "customer_id"].dropna()
