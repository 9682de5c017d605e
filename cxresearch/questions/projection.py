"""How many answers a wave will bring each question, from those of the last periods, and when a target is met."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.questions.eligible import assignment_of
from cxresearch.questions.precision import answers_so_far, spread_of, target_needed
from cxresearch.schema.questions import Assignment, Bank, Question, Target
from cxresearch.stats.survey import kish
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import StudyData

__all__ = ["Flow", "flow_of", "targets"]

RECENT = 4
ALL = "all"
# Further away than this a date is no plan.
MOST_WAVES = 40
COLUMNS = [
    "question", "segment", "level", "n", "n_customers", "goal", "aim", "spread", "basis", "deff", "needed", "so_far",
    "reached", "expected", "waves_left", "met_on", "met_late", "flag",
]  # fmt: skip


@dataclass(frozen=True)
class Flow:
    """What the last periods brought, and what part of it a wave can use.

    Attributes
    ----------
    answers
        Answers to the survey in the last periods of customers who pass the lasting rules (consent, `where`).
    days
        Length of those periods.
    slowest
        Answers of the weakest of them, as a share of their mean.
    rested
        Share of the otherwise eligible that the rests leave.
    answered
        For each question the share of those who answered the survey in its module's arms that answered it too.
    """

    answers: pd.DataFrame
    days: int
    slowest: float
    rested: float
    answered: Mapping[str, float]


def flow_of(study: StudyData, bank: Bank, rested: float) -> Flow:
    """Return the flow of answers on which a projection rests."""
    rules = assignment_of(bank).eligible
    recent = study.periods[-RECENT:]
    lengths = [_days(name, study) for name in recent]
    answers = pd.concat([study.answers(rules.survey, name) for name in recent], ignore_index=True)
    if study.has("customers"):
        customers = study.customers
        fit = customers[rules.consent].eq(1) if rules.consent else pd.Series(True, index=customers.index)
        for name, levels in rules.where.items():
            fit &= customers[name].isin(levels)
        answers = answers[answers["customer_id"].isin(customers.loc[fit, "customer_id"])].reset_index(drop=True)
    if answers.empty:
        raise StudyError(f"no answer of the last {len(recent)} periods comes from people who may get a module.")
    daily = answers["period"].value_counts().reindex(recent).fillna(0) / lengths
    return Flow(answers, sum(lengths), float(daily.min() / daily.mean()), rested, _answered(study, bank))


def targets(study: StudyData, bank: Bank, flow: Flow, wave: str) -> pd.DataFrame:
    """Return what each target takes, what is there, and when it is met.

    Returns
    -------
    pandas.DataFrame
        One row a question and level: `question`, `segment`, `level`; `n` and `n_customers` (answers to the survey in
        the last periods, on which the projection rests); `goal` (the target), `aim` (`half-width` or `difference`),
        `spread` (standard deviation) and its `basis`, `deff` (Kish's, of the weights), `needed`, `so_far`, `reached`
        (share of those needed), `expected` (answers a wave), `waves_left`, `met_on` and, at the flow of the slowest
        period, `met_late`; `flag`.
    """
    rows = [
        row for question in bank.questions if question.target for row in _of_question(study, bank, question, flow, wave)
    ]
    found = pd.DataFrame(rows, columns=COLUMNS)
    numbers = {name: "float64" for name in ("spread", "needed", "reached", "waves_left")}
    return found.astype(numbers).fillna({"met_on": "", "met_late": ""})


def expected_answers(study: StudyData, bank: Bank, question: Question, flow: Flow, wave: str) -> pd.Series:
    """Return how many answers to a question a wave brings for each answer of the last periods, one number a row."""
    assignment = assignment_of(bank)
    a_row = _days(wave, study) / flow.days * flow.rested * chance(assignment, question.module)
    return pd.Series(a_row * flow.answered[question.id], index=flow.answers.index)


def chance(assignment: Assignment, module: str) -> float:
    """Return the probability with which an eligible unit is asked a module."""
    return (1 - assignment.holdout) * sum(assignment.arms[arm].probability for arm in _arms_with(assignment, module))


def _answered(study: StudyData, bank: Bank) -> dict[str, float]:
    """Return which share of those who answered the survey in a module's arms answered each question; 1 if unknown."""
    given = {question.id: answers_so_far(study, question) for question in bank.questions}
    if "arm" not in study.responses:
        return dict.fromkeys(given, 1.0)
    rules, rows = assignment_of(bank), study.responses
    carried = rows.loc[rows["survey"].eq(rules.eligible.survey) & rows["arm"].notna(), ["arm", "period"]]
    found = {}
    for question in bank.questions:
        answers = given[question.id]
        arms = _arms_with(rules, question.module)
        reached = int((carried["arm"].isin(arms) & carried["period"].isin(answers["wave"].unique())).sum())
        found[question.id] = min(1.0, answers["response_id"].nunique() / reached) if reached else 1.0
    return found


def _arms_with(assignment: Assignment, module: str) -> list[str]:
    """Return the arms that are asked a module."""
    return [name for name, arm in assignment.arms.items() if module in arm.modules]


def _of_question(study: StudyData, bank: Bank, question: Question, flow: Flow, wave: str) -> list[dict[str, object]]:
    """Return the rows of a question's target: one, or one a level where it is set by a segment."""
    by = question.target.by if question.target else None
    if by and by not in flow.answers:
        raise StudyError(f"{question.id}: target.by names {by!r}; {nearest(by, list(study.definition.segments))}.")
    group = flow.answers[by] if by else pd.Series(ALL, index=flow.answers.index)
    given = answers_so_far(study, question)["response_id"].drop_duplicates()
    levels = given.map(study.responses.set_index("response_id")[by]) if by else pd.Series(ALL, index=given.index)
    expected, so_far = expected_answers(study, bank, question, flow, wave), levels.value_counts()
    head = {"question": question.id, "segment": by or ALL} | _size(study, bank, question)
    return [
        head | {"level": level} | _met(study, question, head, rows, int(so_far.get(level, 0)), expected, flow, wave)
        for level, rows in flow.answers.groupby(group)
    ]


def _size(study: StudyData, bank: Bank, question: Question) -> dict[str, object]:
    """Return a question's goal and what is known of its scatter."""
    target = question.target or Target(half_width=1)
    aim = "half-width" if target.half_width else "difference"
    spread, basis = spread_of(study, bank, question)
    return {"goal": target.half_width or target.difference, "aim": aim, "spread": spread, "basis": basis}


def _met(
    study: StudyData, question: Question, head: Mapping[str, object], rows: pd.DataFrame, so_far: int,
    expected: pd.Series, flow: Flow, wave: str,
) -> dict[str, object]:  # fmt: skip
    """Return what a target takes of one group, and when it is met."""
    weight = rows["weight"].to_numpy(dtype=float) if "weight" in rows else np.ones(len(rows))
    deff = len(rows) / float(kish(weight)[0])
    people = rows["customer_id"].nunique() if "customer_id" in rows else len(rows)
    found = {"n": len(rows), "n_customers": people, "deff": deff, "so_far": so_far}
    a_wave = float(expected[rows.index].sum())
    if head["spread"] is None or question.target is None:
        return found | {"needed": None, "expected": a_wave, "flag": head["basis"]}
    needed = target_needed(question.target, question, float(str(head["spread"])), deff)
    left = max(0, needed - so_far) / a_wave if a_wave else np.inf
    dates = {"met_on": _date(study, wave, left), "met_late": _date(study, wave, left / flow.slowest)}
    flag = "met" if so_far >= needed else "too far away to plan" if left > MOST_WAVES else ""
    reached = {"reached": min(1.0, so_far / needed)}
    return found | reached | {"needed": needed, "expected": a_wave, "waves_left": left} | dates | {"flag": flag}


def _date(study: StudyData, wave: str, waves_left: float) -> str:
    """Return the day on which so many waves from the start of one have passed; blank if none are left or too many."""
    period = periods.parse(wave, study.definition.fiscal_year_start)
    if period is None or not 0 < waves_left <= MOST_WAVES:
        return ""
    return (period.start() + timedelta(days=ceil(waves_left * _days(wave, study)) - 1)).isoformat()


def _days(name: str, study: StudyData) -> int:
    """Return how many days a period has."""
    period = periods.parse(name, study.definition.fiscal_year_start)
    if period is None:
        raise StudyError("a plan needs a reporting period, such as period: 2026Q3; `all` says nothing of the flow.")
    return (period.end() - period.start()).days + 1
