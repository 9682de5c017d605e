"""Two questions set against each other, where the same people were asked both."""

import pandas as pd

from cxresearch.intake.join import join
from cxresearch.questions.answers import Answers, asked_with
from cxresearch.questions.multi_select import ticks
from cxresearch.schema.questions import Bank, Question
from cxresearch.segments.crosstabs import Crosstab, crosstab
from cxresearch.strict_yaml import StudyError

__all__ = ["arms_with", "crossed"]

CROSSED = ("single", "multi-select", "scale", "intent")


def crossed(answers: Answers, first: str, second: str, *, conf_level: float = 0.95) -> Crosstab:
    """Return one question by another, of the people who were asked both.

    Parameters
    ----------
    answers
        As `cx.questions.answers` gives them.
    first, second
        Ids of questions: single, multi-select, or a scale or intent of one item.
    conf_level
        As for `cx.segments.crosstab`.

    Returns
    -------
    Crosstab
        As of `cx.segments.crosstab`; weights are the response weight over the probability of being asked both.

    Raises
    ------
    KeyError
        If there is no such question.
    StudyError
        If no arm is asked both, a question is of another type, or nobody answered both.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.questions.answers(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> crossed(found, "intent", "bundle")
    Traceback (most recent call last):
    ...
    cxresearch.strict_yaml.StudyError: intent and bundle were never asked of the same people (intent: pricing; bundle: \
features), so how they go together is not known; let one arm ask both.
    """
    arms_with(answers.bank, first, second)
    asked = [answers.bank.question(name) for name in (first, second)]
    (one, columns), (other, banner) = (_wide(answers, question) for question in asked)
    both, _ = join(one, other[["response_id", *_listed(banner)]], "response_id", name=f"{first} and {second}")
    both = both.dropna(subset=_listed(banner)[:1])
    if both.empty:
        raise StudyError(f"{first} and {second}: nobody answered both.")
    chance = asked_with(answers.bank, *(question.module for question in asked))
    frame = both.assign(weight=both["response_weight"] / chance)
    scales = {name: (float(q.scale[0]), float(q.scale[1])) for q in asked if q.scale for name in (f"{q.id}_answer",)}
    return crosstab(frame, {first: columns}, {second: banner}, weight="weight", scales=scales, conf_level=conf_level)


def _listed(columns: str | list[str]) -> list[str]:
    """Return columns as a list."""
    return [columns] if isinstance(columns, str) else columns


def _wide(answers: Answers, question: Question) -> tuple[pd.DataFrame, str | list[str]]:
    """Return a row a person with the answer, and its column, or the columns of a set."""
    if question.type not in CROSSED or (question.scale and len(question.items) > 1):
        raise StudyError(f"{question.id}: a question with one answer a person is crossed, or a multi-select one.")
    rows = answers.of(question.id)
    if question.type == "multi-select":
        names = {item: f"{question.id}_{item}" for item in question.items}
        return ticks(rows, question).rename(columns=names), list(names.values())
    column = f"{question.id}_answer"
    given = rows["item"] if question.type == "single" else rows["answer"]
    return rows.drop(columns=["item", "answer"]).assign(**{column: given}), column


def arms_with(bank: Bank, first: str, second: str) -> list[str]:
    """Return the arms that are asked both of two questions.

    Raises
    ------
    KeyError
        If there is no such question.
    StudyError
        If no arm is: answers of different people cannot be set against each other.

    Examples
    --------
    >>> from cxresearch.questions.bank import bank
    >>> arms_with(bank("demo"), "price", "intent")
    ['pricing']
    """
    modules = [bank.question(name).module for name in (first, second)]
    arms = bank.assignment.arms if bank.assignment else {}
    both = [name for name, arm in arms.items() if {*modules} <= {*arm.modules}]
    if both or bank.assignment is None:
        return both
    asked = [", ".join(name for name, arm in arms.items() if module in arm.modules) or "no arm" for module in modules]
    raise StudyError(
        f"{first} and {second} were never asked of the same people ({first}: {asked[0]}; {second}: {asked[1]}), so how "
        "they go together is not known; let one arm ask both."
    )
