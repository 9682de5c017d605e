"""How many of those invited answered, and how many of those who began came to the end."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.metrics.answers import By, Columns
from cxresearch.metrics.measures import YES_NO, Measure
from cxresearch.metrics.table import table

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["completion_rate", "invited", "response_rate"]

ANSWERED = "answered"
KEYS = ("invitation_id", "customer_id")


def response_rate(
    study: "StudyData", by: By = None, *, survey: str = "relationship", conf_level: float = 0.95
) -> pd.DataFrame:
    """Return the share of the invitations of the reporting period that were answered, up to now.

    Parameters
    ----------
    study
        A study with the table `invitations`.
    by
        Column or columns of the invitations to group on, such as a segment or `mode`.
    survey
        `relationship` or `transactional`.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        The grouping columns, then those of `nps`; `n` counts invitations, `estimate` is a share, 0-1.

    Raises
    ------
    KeyError
        If the study has no invitations, or none that can be told apart.

    Examples
    --------
    >>> import cxresearch as cx
    >>> response_rate(cx.load("demo", period="2026Q3"))["n"].item()
    3585
    """
    return table(invited(study, survey), Measure(ANSWERED, "share", YES_NO), by, Columns(), conf_level, None)


def completion_rate(
    study: "StudyData", by: By = None, *, survey: str = "relationship", conf_level: float = 0.95
) -> pd.DataFrame:
    """Return the share of those who began to answer in the reporting period and came to the end.

    Parameters
    ----------
    study
        A study whose responses hold `finished`.
    by, survey, conf_level
        As for `response_rate`; `by` names columns of the responses.

    Returns
    -------
    pandas.DataFrame
        The grouping columns, then those of `nps`; `n` counts answers begun, `estimate` is a share, 0-1.

    Raises
    ------
    KeyError
        If the responses do not tell who finished.
    """
    if "finished" not in study.responses:
        raise KeyError("completion_rate: the responses have no `finished:` column.")
    rows = study.responses
    begun = rows[rows["survey"].eq(survey) & rows["period"].eq(study.period)]
    return table(begun, Measure("finished", "share", YES_NO), by, Columns(), conf_level, None)


def invited(study: "StudyData", survey: str = "relationship") -> pd.DataFrame:
    """Return the invitations of the reporting period with `answered`, 1 or 0.

    Parameters
    ----------
    study, survey
        As for `response_rate`.

    Raises
    ------
    KeyError
        If the study has no invitations, or they share neither `invitation_id` nor `customer_id` with the responses.
    """
    if not study.has("invitations"):
        raise KeyError("response_rate: the study has no table `invitations`.")
    sent = study.invitations
    key = next((key for key in KEYS if key in sent and key in study.responses), None)
    if key is None:
        raise KeyError("response_rate: invitations and responses share neither `invitation_id` nor `customer_id`.")
    sent = sent[sent["survey"].eq(survey)] if "survey" in sent else sent
    if study.bounds is not None and "invited_at" in sent:
        sent = sent[sent["invited_at"].ge(study.bounds[0]) & sent["invited_at"].lt(study.bounds[1])]
    # An invitation of the last days is answered in the next period; a customer's next answer is to the next invitation.
    answers = study.responses if key == "invitation_id" else study.answers(survey)
    return sent.assign(**{ANSWERED: sent[key].isin(answers[key].dropna()).astype(float)})
