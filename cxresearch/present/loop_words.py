"""Sentences about the closed loop: whom to call, who came back, what initiatives did."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.present import frames
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
    shown,
    unit_of,
)

RECOVERED, SUCCESS, HARM, UNTOLD = "recovered", "higher", "lower", "cannot tell"
NO_ACTION = "No answer of the period asks for an action."
MOST_NAMED = 4


@finding_named
def actions(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many actions there are, for how many customers of high impact, and what these customers paid."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "n").notna()]
    if known.empty:
        return NOTHING if len(frame) else NO_ACTION
    least = "at least " if len(known) < len(frame) else ""
    count, urgent = int(frames.floats(known, "n").sum()), int(frames.floats(known, "urgent").sum())
    called = "customer asks" if count == 1 else "customers ask"
    impact = f", {say.number(urgent, 'count')} of them of high impact" if urgent else ""
    text = f"{say.capital(least)}{say.number(count, 'count')} {called} for an action{impact}."
    paid = frames.floats(known, "value_at_risk").sum(min_count=1)
    if pd.isna(paid):
        return joined(text, "What they paid is not known.")
    money = say.number(float(paid), "money", currency=arguments.get("currency", ""))
    return joined(text, f"They paid {money} in the twelve months before the period.")


@finding_named
def recovery(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many contacted detractors came back, how many would have anyway, and what may be said of it."""
    rows = shown(frame)
    rows = rows[rows["measure"].eq(RECOVERED)]
    if rows.empty:
        return NOTHING
    record = rows.iloc[0].to_dict()
    own, other = (say.number(record[name], "share") for name in ("value", "value_against"))
    text = (
        f"Of the detractors who were contacted {own} were none any more at their next answer, of those like them who "
        f"were not contacted {other}: {_difference(record)}"
    )
    alone = record.get("by_chance")
    chance = "" if alone is None or pd.isna(alone) else f"Chance alone would bring back {say.number(alone, 'share')}."
    bases = f"{say.count(record['n'], 'detractor')} contacted, {say.number(record['n_against'], 'count')} not."
    return joined(f"{text}.", chance, _of_contacts(record, _told_apart(frame)), bases)


def _told_apart(frame: pd.DataFrame) -> set[str]:
    """Return the verdicts on the next answer, whichever way it is measured."""
    return set(frame.loc[frame["measure"].isin([RECOVERED, "nps", "score"]), "verdict"].dropna())


def _of_contacts(record: Mapping[str, Any], verdicts: set[str]) -> str:
    """Return what may be said of contacts."""
    if SUCCESS in verdicts:
        return "Contacts go with recovery: an adjusted association, since no lots were drawn for who was contacted."
    if HARM in verdicts:
        return "Those who were contacted came back less: who is contacted differs in more than the score."
    if UNTOLD not in verdicts:
        return "There are too few to judge."
    size = amount(record["minimum_detectable"], "share")
    return f"That is no sign that contacts help, nor proof that they do not: {size} or more would probably be found."


def _difference(record: Mapping[str, Any]) -> str:
    """Return a difference of shares with its interval."""
    text = f"{say.number(record['estimate'], 'percentage points', signed=True)} percentage points"
    if pd.isna(record["conf_low"]):
        return text
    return f"{text} ({say.interval(record['conf_low'], record['conf_high'], 'percentage points')})"


@finding_named
def initiatives(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what each initiative did beyond what the other levels did, first those of which something is known."""
    records = frame[~frames.is_hidden(frame)].to_dict("records")
    order = {"rose": 0, "fell": 0, UNTOLD: 2, "not comparable": 3, "": 4}
    records.sort(key=lambda record: order.get(str(record["verdict"] or ""), 1))
    told = [_of_initiative(record, arguments, labels) for record in records[:MOST_NAMED]]
    rest = len(records) - MOST_NAMED
    return joined(*told, f"{say.count(rest, 'more initiative')} in the table." if rest > 0 else "")


def _of_initiative(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return what one initiative did."""
    title = say.clean(str(record["initiative"]))
    if not record["verdict"] or pd.isna(record["estimate"]):
        return f"“{title}” is not judged: {_reason(record)}."
    unit, whom = unit_of(record, arguments), say.level("level", record["level"], labels)
    name, limits = metric_name(record, arguments, labels), _limits(record, unit)
    if record["verdict"] in ("rose", "fell"):
        did, over = ("gained", "on") if record["verdict"] == "rose" else ("lost", "to")
        moved = f"{name} of {whom} {did} {amount(record['estimate'], unit)} {over} the others {limits}"
        return f"After “{title}” {moved}; {answers_of(record)}"
    if record["verdict"] == "not comparable":
        return f"What “{title}” did cannot be told: {whom} and the others ran apart before the start already."
    if record["verdict"] == UNTOLD:
        size = amount(record["minimum_detectable"], unit)
        moved = f"{name} of {whom} {level_of(record['estimate'], unit, arguments)} against the others {limits}"
        return f"Of “{title}” one cannot tell: {moved}; {size} or more would probably be found."
    return f"After “{title}” {name} of {whom} shows {record['verdict']} against the others {limits}."


def _reason(record: Mapping[str, Any]) -> str:
    """Return why an initiative is not judged, without the place of the file."""
    return say.clean(str(record.get("reason") or record.get("flag") or "too little is known")).rstrip(".")


def _limits(record: Mapping[str, Any], unit: str) -> str:
    """Return an interval in its unit."""
    change = say.unit_of_change(unit)
    digits = say.digits_for([record["estimate"]], change)
    return f"({say.interval(record['conf_low'], record['conf_high'], change, digits=digits)})"


@finding_named
def initiative_checks(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether both sides ran alike before the start, and how far the number of levels can tell."""
    before = frame[frame["check"].isin(["pre-trend", "placebo start"]) & ~frames.is_hidden(frame)]
    judged = before[before["verdict"].isin(["pass", "fail"])]
    failed = list(dict.fromkeys(judged.loc[judged["verdict"].eq("fail"), "initiative"]))
    if judged.empty:
        return "There are too few periods before the start to see whether both sides ran alike."
    if failed:
        names = say.listed((f"“{say.clean(name)}”" for name in failed), MOST_NAMED)
        return f"Before the start both sides ran apart for {names}: what came after is no effect that could be told."
    checks = say.count(len(judged), "check")
    return f"Nothing in {checks} says that both sides ran apart before the start; a few periods show large gaps only."


@finding_named
def interrupted(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what the touched levels did by themselves, which everyone's change is a part of."""
    rows = shown(frame)
    rows = rows[rows["term"].eq("mean after the start")]
    if rows.empty:
        return NOTHING
    told = []
    for record in rows.to_dict("records")[:MOST_NAMED]:
        unit, title = unit_of(record, arguments), say.clean(str(record["initiative"]))
        way = "up" if record["estimate"] > 0 else "down"
        told.append(f"{amount(record['estimate'], unit)} {way} {_limits(record, unit)} after “{title}”")
    return (
        f"Against their own line before, the touched levels stood {say.listed(told, MOST_NAMED)}. "
        "What happened to everyone is part of it, so it is told and not judged."
    )
