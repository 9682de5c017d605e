"""What came before what: the last event of a customer before a moment, and the votes before and after an encounter."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.measures import DETRACTORS_TO, PROMOTERS_FROM
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["BEFORE", "EXPERIENCE", "MOVED", "last_before", "votes_around", "votes_of"]

EXPERIENCE, BEFORE, MOVED = "experience", "before", "moved"


def votes_around(study: "StudyData", rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return encounters that lie between two relationship answers of the customer, with the move of the vote.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    rows
        Encounters with `customer_id`, `responded_at`, `nps`.
    days
        How far the answers may be from the encounter, on either side.

    Returns
    -------
    pandas.DataFrame
        Rows of `rows` with `experience` (their score), `before` and `moved`: the vote in the last relationship answer
        before the encounter, and by how much the first one after it differs, in points of NPS.

    Raises
    ------
    StudyError
        If a column is missing, or no encounter lies between two answers.
    """
    asked, needed = study.answers("relationship", "all"), ["customer_id", "responded_at", "nps"]
    if asked.empty or not {*needed} <= set(asked) or not {*needed} <= set(rows):
        raise StudyError(
            "no relationship answers can be set beside encounters; both surveys need customer_id, a date and "
            "an nps. With outcome='transactional' the vote right after the encounter is taken."
        )
    met = rows.dropna(subset=needed)
    asked = asked[needed].dropna(subset=needed)
    events = asked[["customer_id", "responded_at"]].assign(at=asked["responded_at"], vote=100 * votes_of(asked["nps"]))
    before, after = last_before(met, "responded_at", events), _first_after(met, events)
    within = pd.Timedelta(days=days)
    both = (met["responded_at"] - before["at"] <= within) & (after["at"] - met["responded_at"] <= within)
    if not both.any():
        raise StudyError(
            f"no encounter has a relationship answer of its customer within {days} days before and after it; "
            "give more days, or take outcome='transactional'."
        )
    found = met.assign(**{EXPERIENCE: met["nps"], BEFORE: before["vote"], MOVED: after["vote"] - before["vote"]})
    return found[both].reset_index(drop=True)


def _first_after(met: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return, for each encounter, its customer's first event after it: the last one before on a clock run backwards."""
    origin = events["responded_at"].max()
    back = met[["customer_id"]].assign(responded_at=origin + (origin - met["responded_at"]))
    return last_before(back, "responded_at", events.assign(responded_at=origin + (origin - events["responded_at"])))


def last_before(asked: pd.DataFrame, at: str, events: pd.DataFrame) -> pd.DataFrame:
    """Return, for each row, its customer's last event strictly before the moment of the row.

    Parameters
    ----------
    asked
        Rows with `customer_id` and the moment `at`.
    at
        Name of the column of the moment.
    events
        Events with `customer_id`, `responded_at` (their moment) and further columns, none of them missing.

    Returns
    -------
    pandas.DataFrame
        On the index of `asked`: the further columns of `events`, missing where no event came before.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-01-05", "2026-01-02"])
    >>> asked = pd.DataFrame({"customer_id": ["a", "a"], "day": days})
    >>> events = pd.DataFrame({"customer_id": ["a"], "responded_at": days[[1]], "score": [9.0]})
    >>> last_before(asked, "day", events)["score"].tolist()
    [9.0, nan]
    """
    columns = [name for name in events if name not in ("customer_id", "responded_at")]
    rows = pd.DataFrame({"customer_id": asked["customer_id"], "_at": asked[at], "_row": np.arange(len(asked))})
    known = events.rename(columns={"responded_at": "_at"}).assign(_row=-1)
    # At the same moment the row comes first, so that an answer is not its own past.
    both = pd.concat([rows, known], ignore_index=True).sort_values("_at", kind="stable")
    filled = both[columns].groupby(both["customer_id"]).ffill()
    found = filled[both["_row"] >= 0].iloc[np.argsort(both.loc[both["_row"] >= 0, "_row"].to_numpy())]
    return found.set_axis(asked.index)


def votes_of(scores: pd.Series) -> pd.Series:
    """Return +1 for promoters, -1 for detractors, 0 for passives.

    Examples
    --------
    >>> votes_of(pd.Series([10.0, 7.0, 6.0])).tolist()
    [1.0, 0.0, -1.0]
    """
    return scores.ge(PROMOTERS_FROM).astype(float) - scores.le(DETRACTORS_TO).astype(float)
