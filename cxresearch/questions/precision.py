"""How many answers a question needs, from how exact it must be and how far its answers scatter."""

from math import ceil, pi, sqrt

import pandas as pd
from scipy import optimize, stats

from cxresearch.metrics.power import minimum_detectable_change
from cxresearch.schema.questions import Bank, Question, Target
from cxresearch.study_data import StudyData

__all__ = ["answers_needed", "answers_so_far", "spread_of"]

ANSWERS = "answers"
SHARES = ("single", "multi-select", "kano")
RATED = ("scale", "grid", "intent", "number")
# The scatter of a share of one half, the largest there is.
WORST_SHARE = 0.5
# A median's standard error is this many times that of a mean, for normal answers.
OF_A_MEDIAN = sqrt(pi / 2)
LEAST_KNOWN, MOST_ANSWERS = 30, 1e9
# Of the four prices, the two between which people would buy.
INNER_PRICES = ("bargain", "getting_expensive")


def answers_needed(
    *,
    sd: float | None = None,
    share: float | None = None,
    half_width: float | None = None,
    difference: float | None = None,
    deff: float = 1.0,
    power: float = 0.8,
    conf_level: float = 0.95,
) -> float:
    """Return how many answers, or answers a group, make an estimate as exact as wished.

    Parameters
    ----------
    sd, share
        Standard deviation of the answers, for a mean; or the share itself, 0-1.
    half_width
        Half the width of the interval, in the unit of the answers.
    difference
        A true difference of two groups of one size that a two-sided test shall find.
    deff
        Design effect: how many times more answers weights and clusters take.
    power, conf_level
        Probability of finding the difference; level of the interval and 1 less that of the test.

    Returns
    -------
    float
        Answers, of each group where a difference is sought; not rounded.

    Raises
    ------
    ValueError
        If not exactly one of `sd` and `share`, and of `half_width` and `difference`, is given, or one is not positive.

    Notes
    -----
    Half-width: z²s²/h² · deff. Difference: the size at which `cx.metrics.minimum_detectable_change` is that
    difference; R `power.prop.test` and `power.t.test`.

    Examples
    --------
    >>> round(answers_needed(share=0.5, half_width=0.05), 1)
    384.1
    >>> round(answers_needed(share=0.5, difference=0.25), 2)
    57.67
    """
    if (sd is None) == (share is None) or (half_width is None) == (difference is None):
        raise ValueError("answers_needed: give one of sd= and share=, and one of half_width= and difference=.")
    goal = float(half_width if half_width is not None else difference or 0)
    if goal <= 0 or deff <= 0 or (sd is not None and sd < 0) or (share is not None and not 0 <= share <= 1):
        raise ValueError("answers_needed: found a size out of range; widths, differences and deff are above 0.")
    if half_width is not None:
        spread = float(sd) if sd is not None else sqrt(float(share or 0) * (1 - float(share or 0)))
        return float(stats.norm.ppf((1 + conf_level) / 2) ** 2 * spread**2 / goal**2 * deff)
    limits = {"power": power, "conf_level": conf_level}

    def lacking(n: float) -> float:
        """Return by how much more than the wished difference n answers need."""
        found = minimum_detectable_change(n, sd=sd, **limits) if sd is not None else None
        found = minimum_detectable_change(n, shares=share, **limits) if found is None else found
        return float(found) - goal if float(found) == float(found) else 1.0

    return float(optimize.brentq(lacking, 2.0, MOST_ANSWERS, xtol=1e-9, rtol=1e-12)) * deff


def target_needed(target: Target, question: Question, spread: float, deff: float) -> int:
    """Return the whole number of answers that meets a target."""
    kind = {"share": WORST_SHARE} if question.type in SHARES else {"sd": spread}
    found = answers_needed(**kind, half_width=target.half_width, difference=target.difference, deff=deff)
    return ceil(found - 1e-9)


def answers_so_far(study: StudyData, question: Question) -> pd.DataFrame:
    """Return a question's answers in its present wording; none where the study has no table of answers."""
    if not study.has(ANSWERS):
        return pd.DataFrame(columns=["response_id", "customer_id", "wave", "task", "item", "answer"])
    given = study.table(ANSWERS)
    rows = given[given["question"].eq(question.id)]
    # Names of periods of one kind sort as the periods do.
    return rows if question.since is None else rows[rows["wave"].ge(question.since)]


def spread_of(study: StudyData, bank: Bank, question: Question) -> tuple[float | None, str]:
    """Return the standard deviation of a question's answers and where it is known from; None where it is unknown.

    Notes
    -----
    Shares are sized for one half, the worst case. Ratings and numbers take the answers so far, else the even
    distribution on their scale; a MaxDiff question the mean of best (1) and worst (-1) of each person and item, else
    what choosing at random gives; prices the larger of the two inner ones, times √(π/2) as the meter's points are read
    off medians.
    """
    if question.type in SHARES:
        return WORST_SHARE, "worst case"
    values = _values(answers_so_far(study, question), question)
    known = values.groupby("item", dropna=False)["answer"].agg(["std", "count"])
    known = known[known["count"] >= LEAST_KNOWN]
    if len(known) and known["std"].max() > 0:
        factor = OF_A_MEDIAN if question.type == "van-westendorp" else 1.0
        return float(known["std"].max()) * factor, "answers so far"
    if question.type in RATED and (question.scale or question.between):
        low, high = question.scale or question.between or (0, 1)
        return (high - low) / sqrt(12), "even on its scale"
    if question.type == "maxdiff" and question.tasks and question.shown:
        times = question.tasks * question.shown / len(question.items)
        return sqrt(2 / question.shown / times), "choice at random"
    return None, "not known before the first answers"


def _values(answers: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return `item` and `answer`, one row a person and item."""
    rows = answers[answers["item"].isin(INNER_PRICES)] if question.type == "van-westendorp" else answers
    if question.type == "open" or not pd.api.types.is_numeric_dtype(rows["answer"]):
        return pd.DataFrame({"item": [], "answer": []})
    keys = [rows["response_id"], rows["item"].fillna("")]
    return rows["answer"].groupby(keys).mean().rename_axis(["response_id", "item"]).reset_index()
