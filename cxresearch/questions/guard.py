"""The wall between research and service: what an action list on identified customers may be made from.

People answer research questions because nobody will come back to them for it (MRS and ESOMAR codes). What leads to an
action on a customer is therefore taken from a list of service columns, never from whatever is not forbidden, and the
rule that makes the list is given neither ids nor the order or the hour of the answers: it has nothing to look up by.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.intake.join import join
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import StudyData

__all__ = ["ACTION_COLUMNS", "ActionList", "action_list", "service_columns"]

# Who it is: joined to the list by the guard alone.
IDS = ("response_id", "customer_id", "account_id", "contact_id", "invitation_id")
# What the core of a customer-experience survey asks and records for the sake of service.
CORE = (
    *("responded_at", "period", "survey", "language", "mode", "touchpoint", "team", "renewal_window"),
    *("nps", "csat", "ces", "fcr", "has_comment", "verbatim", "translation"),
)
# What a rule may say of a customer, beside the service columns.
ACTION_COLUMNS = ("action", "reason", "priority", "owner", "due_at")
SHUFFLED_BY = 20260


@dataclass(frozen=True)
class ActionList:
    """Customers to whom something is to be done, made by `action_list` alone.

    Attributes
    ----------
    rows
        One row an action: ids, service columns, `ACTION_COLUMNS`.
    left_out
        `reason`, `rows`: why answers could not lead to an action.
    """

    rows: pd.DataFrame
    left_out: pd.DataFrame


def service_columns(study: StudyData, bank: Bank | None = None) -> list[str]:
    """Return the columns of the answers from which action lists may be made.

    Parameters
    ----------
    study
        A study.
    bank
        Of its inserted questions.

    Returns
    -------
    list of str
        The core's scores and records, the rated drivers, segments that the customer list knows, and questions of the
        bank that are service by their own purpose and by their module's. Everything else is research until said
        otherwise.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = service_columns(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> "nps" in found, "plan" in found, "arm" in found, "intent" in found
    (True, True, False, False)
    """
    known = study.table("customers").columns if study.has("customers") else []
    allowed = [*CORE, *study.definition.drivers, *(name for name in study.definition.segments if name in known)]
    allowed = [name for name in allowed if name not in _research(bank)]
    return [name for name in dict.fromkeys([*allowed, *_service(bank)]) if name in study.responses]


def action_list(
    study: StudyData,
    bank: Bank | None,
    rule: Callable[[pd.DataFrame], pd.DataFrame],
    *,
    survey: str | None = None,
    consent: str | None = None,
) -> ActionList:
    """Return the list of actions that a rule makes of service answers, with the customers' ids.

    Parameters
    ----------
    study
        A study; the answers are those of its reporting period.
    bank
        Of its inserted questions; None where nothing is inserted.
    rule
        Takes the answers, only their service columns, without ids, in random order and with the day in place of the
        moment; returns some of the rows (by their index) with any of `ACTION_COLUMNS`. Other columns are refused.
    survey
        `relationship` or `transactional`; both by default.
    consent
        Column of the customers, 1 for those who agreed that one comes back to them; the others are left out before the
        rule sees anything, and counted.

    Returns
    -------
    ActionList
        Rows in the order of the answers; service columns as the study has them, whatever the rule wrote into them.

    Raises
    ------
    StudyError
        If the rule returns something else than rows it was given and columns it may, or consent is not known.

    Notes
    -----
    This keeps research out by construction and against mistakes, not against a colleague who means to break the
    promise: a comment may be unlike any other, and a rule could look that up elsewhere.

    Examples
    --------
    >>> import cxresearch as cx
    >>> study, questions = cx.load("demo", "2026Q3"), cx.questions.bank("demo")
    >>> found = action_list(study, questions, lambda rows: rows[rows["nps"] <= 6].assign(action="call"))
    >>> int(found.rows["nps"].max()), found.rows["action"].unique().tolist()
    (6, ['call'])
    """
    answers, left_out = _may_be_asked_back(_answers(study, survey), study, consent)
    columns = service_columns(study, bank)
    order = np.random.default_rng(SHUFFLED_BY).permutation(len(answers))
    given = answers[columns].iloc[order].reset_index(drop=True)
    if "responded_at" in given:
        given["responded_at"] = given["responded_at"].dt.normalize()
    made = rule(given.copy())
    _refuse(made, given.index, columns)
    places = order[made.index.to_numpy(dtype=np.intp)]
    actions = made[[name for name in ACTION_COLUMNS if name in made]].reset_index(drop=True)
    rows = answers[[*(name for name in IDS if name in answers), *columns]].iloc[places].reset_index(drop=True)
    rows = pd.concat([rows, actions], axis=1).iloc[np.argsort(places, kind="stable")]
    return ActionList(rows.reset_index(drop=True), left_out)


def _service(bank: Bank | None) -> list[str]:
    """Return the questions that are service, by themselves and by their module."""
    asked = bank.questions if bank else []
    return [one.id for one in asked if bank and {one.purpose, bank.modules[one.module].purpose} == {"service"}]


def _research(bank: Bank | None) -> set[str]:
    """Return the names that research goes by: questions, their items, and both together."""
    found: set[str] = set()
    for one in bank.questions if bank else ():
        if one.id not in _service(bank):
            found |= {one.id, *one.items, *(f"{one.id}_{item}" for item in one.items)}
    return found


def _answers(study: StudyData, survey: str | None) -> pd.DataFrame:
    """Return the answers of the reporting period that name a customer."""
    rows = study.responses
    inside = rows["period"].eq(study.period) & (rows["survey"].eq(survey) if survey else True)
    if "customer_id" not in rows:
        raise StudyError("action_list: the answers have no `customer_id`; nobody can be served who is not known.")
    return rows[inside].reset_index(drop=True)


def _may_be_asked_back(
    answers: pd.DataFrame, study: StudyData, consent: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers that may lead to an action, and how many may not."""
    known = answers["customer_id"].notna()
    out = {"customer not known": int((~known).sum())}
    agreed = pd.Series(True, index=answers.index)
    if consent is not None:
        customers = study.table("customers")
        if consent not in customers:
            raise StudyError(f"consent: the customers have no column {consent!r}; {nearest(consent, list(customers))}.")
        said = customers[["customer_id", consent]].rename(columns={consent: "_agreed"})
        found, _ = join(answers[["customer_id"]], said, "customer_id", name="consent to answers")
        agreed = found["_agreed"].eq(1).fillna(value=False).astype(bool)
        out[f"no {consent}"] = int((known & ~agreed).sum())
    left = pd.DataFrame({"reason": list(out), "rows": list(out.values())})
    return answers[known & agreed].reset_index(drop=True), left


def _refuse(made: object, index: pd.Index, columns: Iterable[str]) -> None:
    """Refuse what a rule may not return."""
    if not isinstance(made, pd.DataFrame):
        raise StudyError(
            f"action_list: the rule returned a {type(made).__name__}; it returns rows of what it was given."
        )
    foreign = [str(name) for name in made.columns if name not in (*columns, *ACTION_COLUMNS)]
    if foreign:
        raise StudyError(
            f"action_list: {foreign[0]!r} is no service column, so it may not lead to an action on a customer; "
            f"beside the columns given a rule adds {', '.join(ACTION_COLUMNS)}."
        )
    if not made.columns.is_unique or not made.index.is_unique or not made.index.isin(index).all():
        raise StudyError("action_list: the rule returned rows or columns twice, or rows that it was not given.")
