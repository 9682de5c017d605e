"""Sentences of the summary: one finding, one target, what a run claims about revenue."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cxresearch.present import driver_words, frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    NOTHING,
    Arguments,
    Labels,
    amount,
    answers_of,
    finding_named,
    joined,
    level_of,
    metric_name,
    unit_of,
    with_limits,
)
from cxresearch.present.revenue_words import NO_CAUSE, points_allowed

TARGETS = {"met": "met", "missed": "missed", "cannot tell": "neither met nor missed for certain"}
VERDICTS = ("pass", "warn", "fail", "not made")


def finding_of_row(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return one finding as a sentence of its own, with interval and base.

    Parameters
    ----------
    record
        A row of `cx.summary.findings`, whose `kind` chooses the sentence; or a row of a change frame with `metric`; or
        one of `cx.drivers.findings`.
    arguments, labels
        As of its payload.

    Examples
    --------
    >>> row = {"metric": "nps", "segment": "plan", "level": "Basic", "n": 520, "value": 12.0, "value_against": 20.0,
    ...        "estimate": -8.0, "conf_low": -13.0, "conf_high": -3.0, "verdict": "fell", "kind": "change"}
    >>> finding_of_row(row, {}, {})
    'NPS fell by 8 points (3 to 13) to +12 for Basic (plan). 520 answers.'
    >>> finding_of_row({**row, "kind": "comparison", "verdict": "lower"}, {}, {})
    'NPS is 8 points (3 to 13) lower for Basic (plan) than for the rest: +12 against +20. 520 answers.'
    """
    if "kind" not in record and "driver" in record:
        return driver_words.driver_of_row(record, arguments, labels)
    told = SENTENCES.get(str(record.get("kind")), _changed)(record, arguments, labels)
    return joined(f"{told}.", answers_of(record))


def _changed(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return how much a level rose or fell, and to where."""
    unit = unit_of(record, arguments)
    level = record.get("value", record.get("current"))
    now = level_of(level, unit, arguments)
    return f"{metric_name(record, arguments, labels)} {record['verdict']} by {_size(record, unit)} to {now}" + _group(
        record, labels
    )


def _compared(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return how far a group lies from the rest."""
    unit = unit_of(record, arguments)
    levels = " against ".join(level_of(record[name], unit, arguments) for name in ("value", "value_against"))
    name = metric_name(record, arguments, labels)
    return f"{name} is {_size(record, unit)} {record['verdict']}{_group(record, labels)} than for the rest: {levels}"


def _driver(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return what goes with one more rating point, and how many give a low one."""
    name, metric = say.level("driver", record["driver"], labels), metric_name(record, arguments, labels)
    low = say.number(record["share"], "share")
    size = _size(record, unit_of(record, arguments))
    return f"A rating point more for {name} goes with {size} more {metric}, other ratings equal; {low} rate it low"


def _topic(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return how those who name a topic score."""
    name, share = say.level("topic", record["topic"], labels), say.number(record["share"], "share")
    size = _size(record, unit_of(record, arguments))
    metric = metric_name(record, arguments, labels)
    return f"{metric} is {size} {record['verdict']} where comments name “{name}”, as {share} of them do"


def _initiative(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return how much more, or less, those whom an initiative touched moved than the others."""
    title, whom = say.clean(str(record["initiative"])), say.level("level", record["level"], labels)
    unit, way = unit_of(record, arguments), "more" if record["verdict"] == "rose" else "less"
    moved = f"{metric_name(record, arguments, labels)} moved {_size(record, unit)} {way} for {whom} than for the others"
    return f"After “{title}” {moved}: {_in_what_sense(str(record['status']))}"


def _in_what_sense(status: str) -> str:
    """Return what may be read into a difference."""
    return "a quasi-experiment" if status == "quasi-experiment" else "an association"


SENTENCES: dict[str, Callable[[Mapping[str, Any], Arguments, Labels], str]] = {
    "change": _changed,
    "comparison": _compared,
    "driver": _driver,
    "topic": _topic,
    "initiative": _initiative,
}


def _size(record: Mapping[str, Any], unit: str) -> str:
    """Return the size of a difference with its interval, both without a sign: the verdict tells the direction."""
    sizes = sorted(abs(record[name]) for name in ("conf_low", "conf_high"))
    limits = " to ".join(amount(size, unit).split(" ")[0] for size in sizes)
    return f"{amount(record['estimate'], unit)} ({limits})"


def _group(record: Mapping[str, Any], labels: Labels) -> str:
    """Return for whom, with the segment behind; "" where it is everyone."""
    if say.is_total(record.get("level", "all")):
        return ""
    segment = record.get("segment")
    behind = f" ({_segment(segment, labels)})" if isinstance(segment, str) and not say.is_total(segment) else ""
    return f" for {say.level('level', record['level'], labels)}{behind}"


def _segment(name: str, labels: Labels) -> str:
    """Return the name of a segment, or of two at once."""
    return " × ".join(say.label(part, labels).lower() for part in name.split(" × "))


@finding_named
def revenue(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many points go with one per cent of revenue and in what sense, or why nothing is claimed."""
    record = frame.iloc[0].to_dict()
    if frames.is_hidden(frame).iloc[0]:
        return NOTHING
    if pd.isna(record.get("estimate")):
        return f"No claim about revenue is made: {say.clean(str(record['reason'])).rstrip('.')}."
    points = f"{say.number(record['estimate'], digits=1)} points of NPS ({points_allowed(record)})"
    text = f"{points} go with {str(record['outcome']).replace('per cent of', 'per cent more of', 1)}"
    return joined(f"{text}.", NO_CAUSE.get(str(record["status"]), ""), _reason(record), answers_of(record))


def _reason(record: Mapping[str, Any]) -> str:
    """Return what else is to be known of a claim."""
    reason = record.get("reason")
    return f"{say.capital(say.clean(reason).rstrip('.'))}." if isinstance(reason, str) and reason else ""


@finding_named
def targets(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which targets are met, which are missed, and where one cannot tell."""
    known = frame[~frames.is_hidden(frame)]
    found: dict[str, list[str]] = {}
    for record in known.to_dict("records"):
        unit = unit_of(record, arguments)
        goal = level_of(record["target"], unit, arguments)
        told = f"{metric_name(record, arguments, labels)}, {with_limits(record, unit, arguments)}, target {goal}"
        found.setdefault(str(record["verdict"]), []).append(told)
    parts = [f"{say.capital(TARGETS[name])}: {say.listed(found[name])}" for name in TARGETS if name in found]
    return f"{'; '.join(parts)}." if parts else NOTHING


@finding_named
def checklist(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many checks passed, and which did not."""
    counts = frame["verdict"].value_counts()
    bad = frame[frame["verdict"].isin(["fail", "warn"])].sort_values("verdict", kind="stable")
    names = [say.level("check", name, labels).partition(":")[0].lower() for name in bad["check"]]
    passed = f"{counts.get('pass', 0)} of {say.count(len(frame), 'check')} passed"
    others = {name: counts[name] for name in ("fail", "warn", "not made") if counts.get(name)}
    words = {"fail": "failed", "warn": "to be read with care", "not made": "not made"}
    told = [f"{count} {words[name]}" for name, count in others.items()]
    return joined(f"{', '.join([passed, *told])}.", f"Look at: {say.listed(names, 4)}." if names else "")


@finding_named
def refusals(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how much the report does not say."""
    if frame.empty:
        return "Nothing that the pages of this report ask was refused."
    return f"{say.count(len(frame), 'answer is', 'answers are')} refused, because the data cannot give them."
