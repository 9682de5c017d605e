"""A study of two waves whose invitations were dealt to arms, every number of it counted by hand."""

from dataclasses import replace

import pandas as pd

from cxresearch.prove.worlds import as_study
from cxresearch.schema import Study
from cxresearch.schema.questions import Bank
from cxresearch.study_data import StudyData

ASSIGNMENT = {
    "key": {"public": "only-for-tests"},
    "unit": "customer",
    "holdout": 0.25,
    "waves": ["2026Q2", "2026Q3"],
    "arms": {"pricing": 0.5, "none": 0.5},
}
QUESTION = {"id": "price", "module": "pricing", "type": "number", "text": "What would you pay?"}


def bank_of(**assignment) -> Bank:
    """Return a bank of one module, with some of its assignment said otherwise."""
    return Bank.model_validate(
        {
            "assignment": ASSIGNMENT | assignment,
            "modules": {"pricing": {"seconds": 30}},
            "questions": [QUESTION],
        }
    )


def dealt_study(invitations: pd.DataFrame, responses: pd.DataFrame, **tables: pd.DataFrame) -> StudyData:
    """Return a loaded study of some invitations and responses."""
    study = as_study(responses.assign(group="A"))
    columns = {"nps": {"from": "Q1"}, "csat": {"from": "Q2", "scale": [1, 5]}, "group": {"from": "group"}}
    definition = Study.model_validate(
        {
            "title": "Dealt",
            "tables": {"responses": {"source": "a.csv", "columns": columns}},
            "segments": {"plan": "plan"},
        }
    )
    return replace(
        study, definition=definition, tables={"responses": study.responses, "invitations": invitations, **tables}
    )


def invited(wave_day: str, arms: list[str], first: int = 0) -> pd.DataFrame:
    """Return invitations of one day, one customer an arm given."""
    ids = [f"c{number:04d}" for number in range(first, first + len(arms))]
    return pd.DataFrame(
        {
            "invitation_id": [f"{wave_day}-{name}" for name in ids],
            "customer_id": ids,
            "invited_at": pd.Timestamp(wave_day),
            "arm": pd.Series(arms, dtype="str"),
        }
    )


def answered(sent: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """Return an answer to each of some invitations, the day after."""
    rows = sent[["invitation_id", "customer_id", "arm"]].reset_index(drop=True)
    day = sent["invited_at"].to_numpy() + pd.Timedelta(days=1)
    period = "2026Q2" if pd.Timestamp(day[0]) < pd.Timestamp("2026-07-01") else "2026Q3"
    told = {"response_id": "r" + rows["invitation_id"], "responded_at": day, "period": period, "finished": 1.0}
    return rows.assign(**told, **columns)
