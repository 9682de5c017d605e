"""How long customers stayed from a moment on: after an answer, or from when they signed up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = [
    "NPS_GROUP",
    "Spells",
    "grouped",
    "listed_customers",
    "spells_after_answers",
    "spells_from_signup",
    "unit_of",
]

NPS_GROUP = "nps_group"
DETRACTOR_TO, PASSIVE_TO = 6, 8
DAYS_A_MONTH = 365.25 / 12
# What a spell is made of, besides its group.
DATES = ("since", "churned_at")


@dataclass(frozen=True)
class Spells:
    """Stays of customers, one row a spell, and what could not be one.

    Attributes
    ----------
    frame
        `customer_id`, `unit` (the account, else the customer), the grouping column where there is one, `start` (a day),
        `months` (how long it was seen), `left` (1 who had left by then), `weight`.
    by
        The grouping column, None for everyone together.
    levels
        Its levels, in order.
    set_aside
        Reasons, and how many answers or customers each took out.
    until
        The last day that the customer list knows.
    """

    frame: pd.DataFrame
    by: str | None
    levels: list[str]
    set_aside: dict[str, int]
    until: pd.Timestamp

    @property
    def note(self) -> str:
        """What was set aside, in words."""
        return ", ".join(f"{count} {reason}" for reason, count in self.set_aside.items() if count)

    def groups(self) -> list[tuple[str, pd.DataFrame]]:
        """Return everyone as `all`, then the rows of each level."""
        parts = [] if self.by is None else [(level, self.frame[self.frame[self.by].eq(level)]) for level in self.levels]
        return [("all", self.frame), *parts]


def spells_after_answers(study: "StudyData", by: str | None = NPS_GROUP, survey: str = "relationship") -> Spells:
    """Return how long customers stayed after each of their answers.

    Parameters
    ----------
    study
        A study whose customers have `churned_at`, and whose answers have `customer_id`.
    by
        `nps_group` (detractors, passives, promoters), a segment or column of the answers, or None.
    survey
        `relationship` (the latest answer of each customer and period) or `transactional`.

    Returns
    -------
    Spells
        The clock starts with the answer, so nobody is counted for time before it, and the group is known when it
        starts. It stops at leaving, or is cut off on the last day that the customer list knows.

    Raises
    ------
    KeyError
        If the answers have no such column.
    StudyError
        If the study does not tell who left.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = spells_after_answers(cx.load("demo", period="2026Q3"))
    >>> found.levels, bool((found.frame["months"] > 0).all())
    (['detractors', 'passives', 'promoters'], True)
    """
    customers, until, impossible = listed_customers(study)
    answers = study.answers(survey, "all")
    if not {"customer_id", "responded_at"} <= set(answers):
        raise StudyError("retention: the answers need customer_id and responded_at; name both under tables.responses.")
    if answers.empty:
        raise StudyError(f"retention: the study has no answers of the {survey} survey.")
    group, levels = grouped(answers, by)
    known = customers.reindex(answers["customer_id"])
    frame = pd.DataFrame(
        {"customer_id": answers["customer_id"], "unit": unit_of(answers),
         "start": answers["responded_at"].dt.normalize(), "churned_at": known["churned_at"].to_numpy(),
         "weight": answers.get("weight", 1.0)}
    )  # fmt: skip
    unlisted = ~answers["customer_id"].isin(customers.index)
    reasons = {"answers without a customer in the customer list": unlisted.to_numpy()}
    if by is not None:
        frame[by] = group
        reasons[f"answers without {by}"] = group.isna().to_numpy()
    reasons["answers without a weight"] = ~(frame["weight"].fillna(0) > 0).to_numpy()
    return _spells(frame, by, levels, reasons, impossible, until)


def spells_from_signup(study: "StudyData", by: str | None = "channel", since: pd.Timestamp | None = None) -> Spells:
    """Return how long customers stayed from when they signed up.

    Parameters
    ----------
    study
        A study whose customers have `since` and `churned_at`.
    by
        A column of the customers, such as `channel`; None for everyone.
    since
        Customers who signed up earlier are left out: of them one knows only who stayed long enough to be listed.

    Returns
    -------
    Spells

    Raises
    ------
    KeyError, StudyError
        As `spells_after_answers` does.
    """
    customers, until, impossible = listed_customers(study)
    if "since" not in customers:
        raise StudyError("retention: the customers have no `since`; name the day of signing up under tables.customers.")
    group, levels = grouped(customers, by)
    frame = pd.DataFrame(
        {"customer_id": customers.index, "unit": unit_of(customers.reset_index()).to_numpy(),
         "start": customers["since"].to_numpy(), "churned_at": customers["churned_at"].to_numpy(), "weight": 1.0}
    )  # fmt: skip
    begun = customers["since"].isna() if since is None else ~(customers["since"] >= since)
    reasons = {"customers who came earlier": begun.to_numpy()}
    if by is not None:
        frame[by] = group.to_numpy()
        reasons[f"customers without {by}"] = group.isna().to_numpy()
    return _spells(frame, by, levels, reasons, impossible, until)


def listed_customers(study: "StudyData") -> tuple[pd.DataFrame, pd.Timestamp, int]:
    """Return the customers by id, the last day that their list knows, and how many left before they came."""
    if study.definition.business == "transactional":
        raise StudyError(
            "retention: study.yaml says `business: transactional`, whose customers do not sign off; "
            "use cx.economics.bg_nbd."
        )
    if not study.has("customers") or "churned_at" not in study.customers:
        raise StudyError(
            "retention: nothing tells who left; name the day of leaving as `churned_at` under tables.customers."
        )
    customers = study.customers.drop_duplicates("customer_id").set_index("customer_id")
    ends = customers["churned_at"]
    if not ends.notna().any():
        raise StudyError("retention: no customer has a day of leaving, so nothing is known about staying.")
    if ends.notna().all():
        raise StudyError("retention: all customers of the list have left; a list of those who stayed is needed, too.")
    dates = [name for name in DATES if name in customers]
    until = max(customers[name].max() for name in dates).normalize()
    wrong = customers["since"].gt(ends) if "since" in customers else ends.ne(ends) & False
    return customers[~wrong], until, int(wrong.sum())


def grouped(frame: pd.DataFrame, by: str | None) -> tuple[pd.Series, list[str]]:
    """Return the group of each row, and the groups in order."""
    if by is None:
        return pd.Series("all", index=frame.index, dtype="str"), ["all"]
    if by == NPS_GROUP and by not in frame:
        return _nps_group(frame), ["detractors", "passives", "promoters"]
    if by not in frame:
        raise KeyError(f"by: there is no column {by!r}; {nearest(by, [NPS_GROUP, *map(str, frame.columns)])}.")
    group = frame[by].astype("str").where(frame[by].notna())
    return group, sorted(group.dropna().unique())


def _nps_group(answers: pd.DataFrame) -> pd.Series:
    """Return who is a detractor (0-6), passive (7-8) or promoter (9-10), missing without a score."""
    if "nps" not in answers:
        raise KeyError("by: the answers have no column 'nps' to tell promoters from detractors.")
    score = answers["nps"]
    names = np.select([score <= DETRACTOR_TO, score <= PASSIVE_TO], ["detractors", "passives"], "promoters")
    return pd.Series(names, index=answers.index, dtype="str").where(score.notna())


def unit_of(frame: pd.DataFrame) -> pd.Series:
    """Return the account of each row, else its customer."""
    if "account_id" not in frame:
        return frame["customer_id"]
    return frame["account_id"].where(frame["account_id"].fillna("").ne(""), frame["customer_id"])


def _spells(
    frame: pd.DataFrame,
    by: str | None,
    levels: list[str],
    reasons: dict[str, np.ndarray],
    impossible: int,
    until: pd.Timestamp,
) -> Spells:
    """Return the spells that are possible, and count the others by the first reason that takes each out."""
    reasons = reasons | {
        "after leaving": frame["churned_at"].le(frame["start"]).to_numpy(),
        "on or after the last day that the customer list knows": frame["start"].ge(until).to_numpy(),
    }
    kept, counts = np.ones(len(frame), dtype=bool), {"customers who left before they came": impossible}
    for reason, taken in reasons.items():
        counts[reason] = int((kept & taken).sum())
        kept &= ~taken
    if not kept.any():
        raise StudyError("retention: nobody can be followed; " + ", ".join(f"{n} {r}" for r, n in counts.items() if n))
    left = frame["churned_at"].le(until)
    days = (frame["churned_at"].where(left, until) - frame["start"]).dt.total_seconds() / 86_400
    found = frame.assign(months=days / DAYS_A_MONTH, left=left.astype(float)).drop(columns="churned_at")[kept]
    present = [level for level in levels if by is None or found[by].eq(level).any()]
    return Spells(found.reset_index(drop=True), by, present, counts, until)
