"""Whether satisfaction was recorded after the outcome, or from it: then it cannot have led to it."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["refuse_leak", "separating"]

# A score at which nearly all of this many left and another at which nearly none did: no survey looks like that.
ALL, NONE, FEWEST, MOST_LEVELS = 0.99, 0.01, 20, 5
WARNING = "Satisfaction was recorded after or from the outcome"
LEFT = "leaving"


def separating(score: pd.Series, outcome: pd.Series) -> str:
    """Return how an outcome is told apart by a score: `perfect`, `near` or "".

    Parameters
    ----------
    score
        (n,) scores.
    outcome
        (n,) whether it happened, on the same index.

    Returns
    -------
    str
        `near` where it happened to nearly all (99 %) at one score and to nearly none (1 %) at another, each with at
        least 20 answers; `perfect` where each such score is one or the other.

    Examples
    --------
    >>> score = pd.Series([1.0] * 30 + [3.0] * 30 + [5.0] * 30)
    >>> separating(score, pd.Series([True] * 30 + [True, False] * 15 + [False] * 30))
    'near'
    >>> separating(score, pd.Series([True] * 30 + [False] * 60))
    'perfect'
    >>> separating(score, pd.Series([True, False] * 45))
    ''
    """
    known = score.notna() & outcome.notna()
    groups = outcome[known].astype(float).groupby(score[known])
    share = groups.mean()[groups.size() >= FEWEST]
    every, never = share >= ALL, share <= NONE
    if not (every.any() and never.any()):
        return ""
    return "perfect" if bool((every | never).all()) else "near"


def refuse_leak(study: "StudyData", answers: pd.DataFrame, column: str) -> str:
    """Return the column from which a score seems to be recorded, "" where none is.

    Raises
    ------
    StudyError
        Where scores tell the outcome without exception, or the study has no monthly bills; in a sentence that begins
        with the leak if there is one.
    """
    name, degree = leaking(study, answers, column)
    told = f"{WARNING}: {name!r} follows from {column!r} almost without exception. " if degree else ""
    if not study.has("revenue"):
        raise StudyError(
            f"{told}Revenue after an answer cannot be told from revenue before it: the "
            "study has no table `revenue` of customers' bills by month, and a customer's total mixes both."
        )
    if degree == "perfect":
        raise StudyError(f"{told}No link is reported; use scores given before it was known who left.")
    return name


def leaking(study: "StudyData", answers: pd.DataFrame, column: str) -> tuple[str, str]:
    """Return the column of customers or answers, if any, that a score nearly determines, and how: `near` or `perfect`.

    Looked at are the date of leaving, and columns of two to five levels that are no question and no segment of one.
    """
    answers = answers[answers[column].notna()]
    candidates = {name: answers[name] for name in _columns(study, answers)}
    if study.has("customers") and "customer_id" in answers:
        people = study.table("customers").drop_duplicates("customer_id").set_index("customer_id")
        mine = people.reindex(answers["customer_id"]).set_index(answers.index)
        listed = answers["customer_id"].isin(people.index)
        candidates |= {name: mine.loc[listed, name] for name in people if name not in candidates}
        if "churned_at" in mine:
            candidates[LEFT] = mine.loc[listed, "churned_at"].notna()
    for name, cells in candidates.items():
        levels = cells.dropna().unique()
        for level in levels if 2 <= len(levels) <= MOST_LEVELS else ():
            found = separating(answers.loc[cells.index, column], cells.eq(level).where(cells.notna()))
            if found:
                return name, found
    return "", ""


def _columns(study: "StudyData", answers: pd.DataFrame) -> list[str]:
    """Return the columns of the answers that are neither questions nor made of them."""
    definition = study.definition
    asked = {*definition.scales, *definition.drivers, *definition.measures, "survey", "period", "fcr"}
    made = {name for name, segment in definition.segments.items() if segment.source in asked}
    return [name for name in answers if name not in asked | made]
