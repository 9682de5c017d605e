"""Who to come back to after an answer, why, by whom and until when: by the rules of the study file."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.value import revenue_before
from cxresearch.questions import guard
from cxresearch.questions.bank import FILE, bank
from cxresearch.schema.actions import ActionRule
from cxresearch.segments.high_impact import high_impact_of
from cxresearch.stats.dominance import Dominance, dominance
from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData
    from cxresearch.topics.mentions import Mentions

__all__ = ["ActionList", "action_list"]

DETRACTORS_TO = 6
ONE_A_CUSTOMER = "another answer of the same customer comes first"
NOBODY = "not assigned"
VALUE, HIGH_IMPACT = "value_at_risk", "high_impact"


@dataclass(frozen=True)
class ActionList:
    """Customers to come back to.

    Attributes
    ----------
    rows
        One row a customer, most urgent first; identified, so for the service team's eyes alone: `priority`, `owner`,
        `due_at`, `action`, `reason`, `high_impact` (True/False), `value_at_risk` (revenue of the 12 months before the
        period, in the study's currency; missing where nothing was billed), then the ids and service columns.
    counts
        What a page may show: `reason`, `owner`; `n` (actions), `n_customers` (accounts where there are any), `urgent`
        (of high impact), `value_at_risk` (their sum), `top_two_share`, `rest_to_largest` (as for `stats.dominance`).
    left_out
        `reason`, `rows`: answers of the period that no action may or need come from.
    """

    rows: pd.DataFrame = field(repr=False)
    counts: pd.DataFrame
    left_out: pd.DataFrame


def action_list(study: "StudyData", *, mentions: "Mentions | None" = None) -> ActionList:
    """Return whom to come back to after the reporting period's answers, by `actions:` of the study file.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose answers name customers.
    mentions
        What comments name, as `cx.topics.mentions` gives it; made here where a rule asks for a topic.

    Returns
    -------
    ActionList
        Without rules in the study file: every detractor of the period. Of several reasons to call a customer the one
        with the lowest `priority` counts, then the rule that stands first.

    Raises
    ------
    StudyError
        If a rule asks for what is no service column, no topic, or cannot be known; if the answers name no customer.

    Notes
    -----
    All answers pass `cx.questions.action_list`: a rule sees service columns without ids, so that no answer to a
    research question leads to a call, and customers without the `consent:` that the study file names are never listed.
    What a customer pays is joined afterwards, by id. Within a priority, customers of high impact come first, then those
    with most revenue.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.closed_loop.action_list(cx.load("demo", "2026Q3"))
    >>> found.counts["reason"].unique().tolist(), int(found.rows["nps"].max()), found.rows["customer_id"].is_unique
    (['Detractor'], 6, True)
    """
    declared = study.definition.actions
    questions = bank(study) if (study.definition.folder / FILE).is_file() else None
    guarded = partial(guard.action_list, study, questions, consent=declared.consent)
    found = []
    for rule in declared.rules or _default(study):
        rows = guarded(partial(_chosen, rule=rule, owners=study.definition.owners), survey=rule.survey).rows
        rows = _with_value(rows, study)
        found.append(rows[_applies(rows, rule, study, mentions)])
    every = pd.concat(found, ignore_index=True)
    listed = _ordered(every)
    kept_out = guarded(lambda rows: rows.iloc[:0]).left_out
    again = pd.DataFrame({"reason": [ONE_A_CUSTOMER], "rows": [every["response_id"].nunique() - len(listed)]})
    return ActionList(listed, _counts(listed), pd.concat([kept_out, again], ignore_index=True))


def _default(study: "StudyData") -> list[ActionRule]:
    """Return the rule of a study that has none: detractors."""
    if "nps" not in study.responses:
        raise StudyError("actions: the study asks no nps, so nobody is a detractor; say in `actions:` whom to call.")
    return [ActionRule(reason="Detractor", at_most={"nps": DETRACTORS_TO})]


def _chosen(rows: pd.DataFrame, rule: ActionRule, owners: dict[str, str]) -> pd.DataFrame:
    """Return the answers that a rule is about, with what is to be done."""
    wanted = pd.Series(True, index=rows.index)
    for name, limit in rule.at_most.items():
        wanted &= pd.to_numeric(_service(rows, name, rule), errors="coerce").le(limit)
    for name, levels in rule.where.items():
        wanted &= _service(rows, name, rule).isin(levels)
    found = rows[wanted]
    due = {"due_at": found["responded_at"] + pd.Timedelta(days=rule.due_days)} if "responded_at" in found else {}
    owner = _owner(found, rule, owners)
    return found.assign(action=rule.action, reason=rule.reason, priority=rule.priority, owner=owner, **due)


def _service(rows: pd.DataFrame, name: str, rule: ActionRule) -> pd.Series:
    """Return a column that a rule may read."""
    if name not in rows:
        raise StudyError(
            f"actions: the rule {rule.reason!r} asks for {name!r}, which is no service column of the answers; "
            f"{nearest(name, list(rows))}."
        )
    return rows[name]


def _owner(rows: pd.DataFrame, rule: ActionRule, owners: dict[str, str]) -> pd.Series:
    """Return who comes back to each: the rule's owner, else who owns the touchpoint, else the score, by `owners:`."""
    metric = next((owners[name] for name in rule.at_most if name in owners), NOBODY)
    if rule.owner is not None or "touchpoint" not in rows:
        return pd.Series(rule.owner or metric, index=rows.index, dtype="str")
    return rows["touchpoint"].map(owners).fillna(metric).astype("str")


def _with_value(rows: pd.DataFrame, study: "StudyData") -> pd.DataFrame:
    """Return the list with what each customer paid in the year before, and whether few pay more."""
    paid = revenue_before(study) if study.has("revenue") and study.bounds else pd.Series(dtype="float64")
    return rows.assign(
        **{VALUE: rows["customer_id"].map(paid).astype("float64"), HIGH_IMPACT: _high_impact(rows, study)}
    )


def _high_impact(rows: pd.DataFrame, study: "StudyData") -> pd.Series:
    """Return whether each customer is of high impact, as the study file defines it; nobody where it does not."""
    rule = study.definition.high_impact
    if rule is None or study.bounds is None or not study.has("revenue") or rule.by not in study.revenue:
        return pd.Series(False, index=rows.index)
    high = high_impact_of(revenue_before(study, rule.months_before, column=rule.by), rule.top)
    return rows["customer_id"].isin(high[high].index)


def _applies(rows: pd.DataFrame, rule: ActionRule, study: "StudyData", mentions: "Mentions | None") -> pd.Series:
    """Return whether what is known of the customer or the comment fits a rule, too."""
    applies = pd.Series(True, index=rows.index)
    if rule.high_impact:
        if study.definition.high_impact is None or not study.has("revenue"):
            raise StudyError(
                f"actions: the rule {rule.reason!r} asks for high impact, which takes `high_impact:` in the study file "
                "and the table `revenue`; add both, or take the condition out."
            )
        applies &= rows[HIGH_IMPACT]
    if rule.topic is not None:
        applies &= rows["response_id"].isin(_naming(rule.topic, study, mentions))
    return applies


def _naming(topic: str, study: "StudyData", mentions: "Mentions | None") -> pd.Series:
    """Return the ids of the answers whose comment names a topic."""
    if mentions is None:
        from cxresearch.topics.study_mentions import mentions as study_mentions

        mentions = study_mentions(study)
    ids = [number for number, name in mentions.names.items() if topic in (number, name)]
    if not ids:
        known = nearest(topic, list(mentions.names.values()))
        raise StudyError(f"actions: there is no topic {topic!r}; {known}.")
    return mentions.answers.loc[mentions.answers[ids].any(axis=1), "response_id"]


def _ordered(every: pd.DataFrame) -> pd.DataFrame:
    """Return one row a customer, most urgent first, what is to be done before what was said."""
    if "account_id" not in every:
        every = every.assign(account_id=pd.Series(pd.NA, index=every.index, dtype="str"))
    order = every.sort_values(
        ["priority", HIGH_IMPACT, VALUE, "response_id"], ascending=[True, False, False, True], kind="stable"
    )
    rows = order.drop_duplicates("customer_id").reset_index(drop=True)
    first = [
        name for name in ("priority", "owner", "due_at", "action", "reason", HIGH_IMPACT, VALUE) if name in rows.columns
    ]
    return rows[[*first, *(name for name in rows.columns if name not in first)]]


def _counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many actions there are by reason and owner."""
    unit = rows["account_id"].fillna(rows["customer_id"])
    groups = rows.assign(unit=unit).groupby(["reason", "owner"], sort=False)
    found = groups.agg(
        n=("customer_id", "size"),
        n_customers=("unit", "nunique"),
        urgent=(HIGH_IMPACT, "sum"),
        value_at_risk=(VALUE, partial(pd.Series.sum, min_count=1)),
    )
    told = [dominance(part.groupby("unit")[VALUE].sum()) for _, part in groups]
    found[list(Dominance._fields)] = np.array(told).reshape(-1, len(Dominance._fields))
    return found.reset_index().astype({"urgent": np.int64})
