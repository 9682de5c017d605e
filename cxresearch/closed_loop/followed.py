"""Answers followed: who was contacted after one, and what the same customer answered next."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["followed"]

SURVEY = "relationship"


def followed(study: "StudyData") -> pd.DataFrame:
    """Return the answers of the relationship survey with what came after each.

    Parameters
    ----------
    study
        A study with `customer_id`, `responded_at` and `nps` of the answers, and the table `contacts` with `customer_id`
        and `contacted_at`.

    Returns
    -------
    pandas.DataFrame
        One row an answer with a score, of customers that are known: `period`, `unit` (account, else customer), `first`
        (score 0-10), `contacted` (whether a contact followed within the days of the study file), `contacted_later`
        (after them, before the next answer), `next` (score of the next answer after these days; missing if none).

    Raises
    ------
    StudyError
        If the study has not what this takes, in a sentence.

    Notes
    -----
    Who counts as contacted is fixed some days after the answer (a landmark, Anderson et al. 1983), and only answers
    after that day count as the next: whoever answers later would else have had more time to be contacted.
    """
    answers, contacts = _answers(study), _contacts(study)
    within = pd.Timedelta(days=study.definition.actions.contacted_within)
    landmark = answers["responded_at"] + within
    moment = _first_after(answers, answers["responded_at"], contacts["customer_id"], contacts["contacted_at"])
    contacted = moment <= landmark
    place = _first_after(answers, landmark, answers["customer_id"], answers["responded_at"], answers.index.to_series())
    later = _first_after(answers, landmark, contacts["customer_id"], contacts["contacted_at"])
    unit = answers["customer_id"]
    return pd.DataFrame(
        {
            "period": answers["period"],
            "unit": answers["account_id"].fillna(unit) if "account_id" in answers else unit,
            "first": answers["nps"].astype("float64"),
            "contacted": contacted,
            "contacted_later": ~contacted & (later < place.map(answers["responded_at"])),
            "next": place.map(answers["nps"]).astype("float64"),
        }
    )


def _answers(study: "StudyData") -> pd.DataFrame:
    """Return the answers with a score of customers that are known."""
    lacking = [name for name in ("customer_id", "responded_at", "nps") if name not in study.responses]
    if lacking:
        raise StudyError(f"recovery: the answers have no {lacking[0]!r}; without it nobody can be followed.")
    rows = study.answers(SURVEY, "all")
    rows = rows[rows["nps"].notna() & rows["customer_id"].notna() & rows["responded_at"].notna()]
    if rows["period"].nunique() < 2:
        raise StudyError("recovery: the relationship survey has answers of one period only; recovery takes a next one.")
    return rows.reset_index(drop=True)


def _contacts(study: "StudyData") -> pd.DataFrame:
    """Return the contacts that close a loop: all, or those that `actions: contacts:` of the study file names."""
    if not study.has("contacts"):
        raise StudyError("recovery: the study has no table 'contacts', so nobody knows who was contacted; add it.")
    rows = study.contacts
    wanted = study.definition.actions.contacts
    for name in ("customer_id", "contacted_at", *wanted):
        if name not in rows:
            raise StudyError(f"recovery: the contacts have no {name!r}; add it to the columns of tables.contacts.")
    for name, levels in wanted.items():
        rows = rows[rows[name].isin(levels)]
    rows = rows[rows["customer_id"].notna() & rows["contacted_at"].notna()]
    if rows.empty:
        raise StudyError(
            "recovery: no contact is of the kind that `actions:` names; mend it, or leave `contacts:` out."
        )
    return rows


def _first_after(
    rows: pd.DataFrame, moment: pd.Series, customer: pd.Series, at: pd.Series, value: pd.Series | None = None
) -> pd.Series:
    """Return for each row the value (or time) of the same customer's first event after a moment, missing if none."""
    asked = pd.DataFrame({"customer": rows["customer_id"], "at": moment, "order": 1, "row": rows.index})
    given = pd.DataFrame({"customer": customer, "at": at, "order": 0, "value": at if value is None else value})
    both = pd.concat([asked, given], ignore_index=True).sort_values(["customer", "at", "order"], kind="stable")
    # An event at the very moment stands before it, so it does not count as after.
    filled = both.assign(value=both.groupby("customer")["value"].bfill())
    asked_again = filled[filled["row"].notna()]
    return pd.Series(asked_again["value"].to_numpy(), index=asked_again["row"].astype("int64")).reindex(rows.index)
