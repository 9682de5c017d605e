"""What questions cost those who answer them, and what precision that buys."""

import pandas as pd

from cxresearch.questions.eligible import assignment_of
from cxresearch.questions.projection import Flow, chance, expected_answers
from cxresearch.schema.questions import Bank, Question
from cxresearch.study_data import StudyData

__all__ = ["burden", "seconds_of"]

SECONDS_AN_HOUR = 3600


def burden(study: StudyData, bank: Bank, flow: Flow, wave: str, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger of a wave: the time that each question takes, and how far it brings its target.

    Parameters
    ----------
    targets
        As `Plan.targets`.

    Returns
    -------
    pandas.DataFrame
        One row a question, the least precision an hour first: `module`, `question`; `n` and `n_customers` (answers of
        the last periods, on which the projection rests); `probability` (of being asked), `seconds` (a person),
        `expected` (answers), `hours` (of customers' time), `gain` (share of the target that the wave adds, 0-1; the
        mean over levels), `gain_per_hour`, `rank` (1 buys least) and `flag`.

    Notes
    -----
    The variance of an estimate falls as 1/n, so the share of a target that is reached is n / needed, at most 1.
    """
    rows = [_row(study, bank, question, flow, wave, targets) for question in bank.questions]
    found = pd.DataFrame(rows)
    found["rank"] = found["gain_per_hour"].rank(method="min").astype("Int64")
    ordered = found.sort_values(["gain_per_hour", "hours"], ascending=[True, False], ignore_index=True)
    return ordered[[name for name in ordered if name != "flag"] + ["flag"]]


def seconds_of(bank: Bank, question: Question) -> float:
    """Return how long a question takes: as the bank says, else its part of the module's time by answers it asks for."""
    if question.seconds is not None:
        return question.seconds
    others = bank.of_module(question.module)
    left = bank.modules[question.module].seconds - sum(one.seconds or 0 for one in others)
    return max(0.0, left) * _asks(question) / sum(_asks(one) for one in others if one.seconds is None)


def _asks(question: Question) -> int:
    """Return how many answers a question asks for."""
    if question.type == "maxdiff":
        return 2 * (question.tasks or 1)
    if question.type in ("grid", "van-westendorp"):
        return len(question.items)
    return 2 * len(question.items) if question.type == "kano" else 1


def _row(
    study: StudyData, bank: Bank, question: Question, flow: Flow, wave: str, targets: pd.DataFrame
) -> dict[str, object]:
    """Return the ledger's line of a question."""
    expected = float(expected_answers(study, bank, question, flow, wave).sum())
    seconds = seconds_of(bank, question)
    hours = expected * seconds / SECONDS_AN_HOUR
    gain = _gain(targets[targets["question"].eq(question.id)])
    people = flow.answers["customer_id"].nunique() if "customer_id" in flow.answers else len(flow.answers)
    return {
        "module": question.module,
        "question": question.id,
        "n": len(flow.answers),
        "n_customers": people,
        "probability": chance(assignment_of(bank), question.module),
        "seconds": seconds,
        "expected": expected,
        "hours": hours,
        "gain": gain,
        "gain_per_hour": gain / hours if hours else float("nan"),
        "flag": "no target to size it by" if gain != gain else "target met" if gain == 0 else "",
    }


def _gain(rows: pd.DataFrame) -> float:
    """Return the mean share of its targets that a wave adds to a question; missing where nothing is known of them."""
    needed = pd.to_numeric(rows["needed"]).astype(float)
    before = (rows["so_far"].astype(float) / needed).clip(upper=1)
    after = ((rows["so_far"].astype(float) + rows["expected"].astype(float)) / needed).clip(upper=1)
    return float((after - before).mean())
