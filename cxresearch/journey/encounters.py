"""What was said right after each encounter: transactional answers, with what the contact's record adds."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.intake.join import join
from cxresearch.metrics.sources import measure_of
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["A_YEAR", "SETTLED", "asked_metrics", "contacts_of", "encounters", "require", "stages"]

TRANSACTIONAL = "transactional"
# The metrics that a touchpoint may be asked for, headline first; the study's own measures follow.
METRICS = ("nps", "csat", "ces", "fcr", "expectation_met", "negative_word_of_mouth", "conversion")
# What the table of contacts knows of an encounter, where the answers do not say it themselves.
RECORDED = ("contacted_at", "channel", "handled_by", "team", "response_minutes", "fcr_recorded")
# The record of a settled contact stands beside the customer's memory of it, which errs.
SETTLED = "fcr_recorded"
# Quarters that are taken together where one alone has too few answers for a comparison within touchpoints.
A_YEAR = 4


def encounters(study: "StudyData", n_periods: int = 1) -> pd.DataFrame:
    """Return the transactional answers of the last periods, with what was recorded of each contact.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose answers have `touchpoint`. Where they have `contact_id` and there is a
        table `contacts`, its `contacted_at`, `channel`, `handled_by`, `team` and `response_minutes` are added where the
        answers lack them, and its `fcr` as `fcr_recorded`.
    n_periods
        The reporting period and how many before it, counted together.

    Returns
    -------
    pandas.DataFrame
        Rows of `study.responses` with the columns added.

    Raises
    ------
    StudyError
        If there are no transactional answers, or they name no touchpoint.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.journey.encounters(cx.load("demo", period="2026Q3"), 4)
    >>> found["period"].nunique(), found["handled_by"].notna().all().item()
    (4, True)
    """
    rows = study.answers(TRANSACTIONAL, "all")
    rows = rows[rows["period"].isin(study.periods[-n_periods:])].reset_index(drop=True)
    if rows.empty:
        raise StudyError(
            f"the study has no transactional answers in {study.period}; a journey is measured right after "
            "each encounter: tell them apart by `survey:` in the study file."
        )
    rows = _recorded(study, rows)
    require(rows, "touchpoint", "name the column of the encounter under `columns:` of the responses")
    return rows[rows["touchpoint"].notna()].reset_index(drop=True)


def _recorded(study: "StudyData", rows: pd.DataFrame) -> pd.DataFrame:
    """Return answers with what the table of contacts adds."""
    if "contact_id" not in rows or not study.has("contacts"):
        return rows
    contacts = study.table("contacts")
    contacts = contacts.rename(columns={"fcr": SETTLED})
    new = [name for name in RECORDED if name in contacts and name not in rows]
    if "contact_id" not in contacts or not new:
        return rows
    return join(rows, contacts[["contact_id", *new]], "contact_id", name="answers to contacts")[0]


def contacts_of(study: "StudyData") -> pd.DataFrame:
    """Return all contacts, answered or not, of whom, when and where is known.

    Raises
    ------
    StudyError
        If the study has no such table, or it lacks one of these.
    """
    needed = ["customer_id", "contacted_at", "touchpoint"]
    if not study.has("contacts") or not {*needed} <= set(study.table("contacts")):
        raise StudyError(
            "this needs a table `contacts` with customer_id, contacted_at and touchpoint; add it to the study file."
        )
    return study.table("contacts")[needed].dropna().reset_index(drop=True)


def require(rows: pd.DataFrame, column: str, remedy: str) -> None:
    """Refuse answers that nobody can say something of."""
    if column not in rows or rows[column].isna().all():
        raise StudyError(f"no transactional answer says its `{column}`; {remedy}.")


def stages(study: "StudyData", rows: pd.DataFrame) -> list[str]:
    """Return the stages of the study file, then touchpoints of some rows that it does not name."""
    found = sorted(rows["touchpoint"].dropna().unique())
    return list(dict.fromkeys([*study.definition.journey, *found]))


def asked_metrics(study: "StudyData") -> list[str]:
    """Return the metrics that the transactional survey asked in any period."""
    rows = study.answers(TRANSACTIONAL, "all")
    columns = {name: measure_of(study, name).column for name in (*METRICS, *study.definition.measures)}
    return [name for name, column in columns.items() if column in rows and rows[column].notna().any()]
