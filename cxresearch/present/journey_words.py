"""Sentences about the journey: touchpoints beside one another, who handled what, where customers go next."""

from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    FINDINGS,
    NOTHING,
    Arguments,
    Labels,
    amount,
    finding_named,
    joined,
    level_of,
    metric_name,
    shown,
    unit_of,
    with_limits,
)

MOST_NAMES = 4
UNLIKE = "touchpoints not comparable"
STAYED_AWAY = "no further contact"


@finding_named
def journey_scores(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which touchpoints differ most clearly, where they may be compared, and how many answers each has."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    told = FINDINGS["estimates"](frame, arguments, labels) if len(known) > 1 else ""
    if frames.flags(known).str.contains(UNLIKE).any():
        told = "The touchpoints were asked in different ways: each is to be read by itself."
    elif "cannot be told apart" in told:
        ends = [_end(known, arguments, labels, highest=highest) for highest in (False, True)]
        told = f"The {len(known)} touchpoints cannot be told apart, from {ends[0]}, to {ends[1]}."
    few, most = (say.number(float(end), "count") for end in (known["n"].min(), known["n"].max()))
    bases = f"{few if few == most else f'{few} to {most}'} {say.label('n', labels).lower()}"
    empty = [say.level("touchpoint", name, labels) for name in frame.loc[frames.floats(frame, "n").eq(0), "touchpoint"]]
    return joined(told, f"Each rests on {bases}.", f"No answers at {say.listed(empty, MOST_NAMES)}." if empty else "")


def _end(known: pd.DataFrame, arguments: Arguments, labels: Labels, *, highest: bool) -> str:
    """Return the touchpoint with the highest or lowest score, and its interval."""
    values = frames.floats(known, "estimate")
    record = known.loc[values.idxmax() if highest else values.idxmin()].to_dict()
    name = say.level("touchpoint", record["touchpoint"], labels)
    return f"{name}, {with_limits(record, unit_of(record, arguments), arguments)}"


@finding_named
def journey_gaps(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return where the journey is not measured, or that it is everywhere."""
    if frame.empty:
        return "Every stage of the journey has answers to every metric of the transactional survey."
    words = {
        "no answers": "No answers at",
        "not in the journey": "Not in the study's journey:",
        "not asked": "Not asked:",
    }
    told = []
    for what, text in words.items():
        part = frame[frame["what"].eq(what)]
        names = [_gap(record, labels) for record in part.to_dict("records")]
        told.append(f"{text} {say.listed(names, MOST_NAMES)}." if names else "")
    return joined(*told)


def _gap(record: dict[str, Any], labels: Labels) -> str:
    """Return the name of a gap."""
    where = say.level("touchpoint", record["touchpoint"], labels)
    return f"{say.label(record['metric'], labels)} at {where}" if record["metric"] else where


@finding_named
def journey_comparability(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which metrics may be compared across touchpoints, which not, and which at equal modes only."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    refused, modes = (known[known["verdict"].eq(verdict)] for verdict in ("not comparable", "compare at equal modes"))
    told = [f"{say.label(one['metric'], labels)} (another {one['what']})" for one in refused.to_dict("records")]
    named = [say.label(name, labels) for name in modes["metric"].unique()]
    if not told and not named:
        aspects = say.listed(known["what"].unique())
        return f"All touchpoints were asked alike, as far as {aspects} go: their scores may be set side by side."
    return joined(
        f"Not comparable across touchpoints: {say.listed(told, MOST_NAMES)}." if told else "",
        f"Asked in other mixes of modes: {say.listed(named)}; compare at equal modes." if named else "",
    )


@finding_named
def journey_moments(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how far the NPS moves over bad and good experiences, and at which touchpoints clearly."""
    known = frame[~frames.is_hidden(frame)]
    whole = known[known["touchpoint"].map(say.is_total)].to_dict("records")
    if not whole:
        return NOTHING
    record = whole[0]
    first = joined(_moved(record, "penalty"), _moved(record, "reward"), _before(record))
    kinds = known[known["kind"].ne("cannot tell") & ~known["touchpoint"].map(say.is_total)]
    named = [f"{say.level('touchpoint', r['touchpoint'], labels)} ({r['kind']})" for r in kinds.to_dict("records")]
    told = f"Touchpoints that stand out: {say.listed(named, 6)}." if named else "No single touchpoint stands out."
    bases = f"{say.count(record['n'], 'encounter')} of {say.count(record['n_customers'], 'customer')}."
    return joined(first, told, bases)


def _moved(record: dict[str, Any], part: str) -> str:
    """Return a penalty or a reward in words."""
    value, low, high = (record[f"{part}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return ""
    kind, verb = ("bad", "lower") if part == "penalty" else ("good", "raise")
    size = f"{say.number(value, 'points')} points ({say.interval(low, high, 'points')})"
    if low > 0:
        return f"After a {kind} experience the NPS moves {size} {'down' if part == 'penalty' else 'up'}."
    return f"A {kind} experience is not known to {verb} the NPS: {size}."


def _before(record: dict[str, Any]) -> str:
    """Return by how much those with a bad experience had voted lower before it."""
    value, low, high = (record.get(f"penalty_before{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or pd.isna(value) or not low > 0:
        return ""
    size = f"{amount(value, 'points')} ({say.interval(low, high, 'points')})"
    return f"Those who report a bad one had voted {size} lower already before it: that is no effect of it."


@finding_named
def journey_handled(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return at which touchpoints one way of handling is scored otherwise than the usual one."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].notna() & (frame["verdict"] != "")]
    if known.empty:
        return NOTHING
    records = known.to_dict("records")
    name, usual = metric_name(records[0], arguments, labels), say.level("against", records[0]["against"], labels)
    told = []
    for verdict in ("lower", "higher"):
        found = [_where(record, arguments, labels) for record in records if record["verdict"] == verdict]
        told += [f"{verdict} {say.listed(found, MOST_NAMES)}"] if found else []
    known_as = f"Compared with {usual}, {name} is {'; '.join(told)}"
    text = known_as if told else f"No way of handling is known to differ from {usual}"
    untold = sum(record["verdict"] == "cannot tell" for record in records)
    rest = f"; for {untold} of {len(records)} comparisons the data cannot tell" if untold else ""
    return f"{text}{rest}. Judged among {records[0]['family']}; cases differ, too."


def _where(record: dict[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return where a way of handling differs, and by how much."""
    unit = unit_of(record, arguments)
    whom, where = say.level("level", record["level"], labels), say.level("touchpoint", record["touchpoint"], labels)
    return f"with {whom} at {where} by {_size(record, unit)}"


def _size(record: dict[str, Any], unit: str) -> str:
    """Return the size of a difference with its interval, both turned so that the difference is above 0."""
    low, high = record["conf_low"], record["conf_high"]
    low, high = (low, high) if record["estimate"] > 0 else (-high, -low)
    return f"{amount(record['estimate'], unit)} ({say.interval(low, high, say.unit_of_change(unit))})"


@finding_named
def journey_consistency(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether groups that are to give the same experience do."""
    told = []
    for record in frame[~frames.is_hidden(frame)].to_dict("records"):
        unit, name = unit_of(record, arguments), say.label(record["segment"], labels)
        of = f"{say.count(record['groups'], 'group')}, {say.count(record['n'], 'answer')}"
        if record["verdict"] != "differ":
            told.append(f"{name}: no more spread than chance gives ({of}).")
            continue
        ends = f"{level_of(record['lowest'], unit, arguments)} to {level_of(record['highest'], unit, arguments)}"
        spread = f"; their true scores scatter by {amount(record['estimate'], unit)}" if _has_limits(record) else ""
        limits = f" ({say.interval(record['conf_low'], record['conf_high'], unit)})" if _has_limits(record) else ""
        told.append(f"{name}: not the same experience, {ends} as measured{spread}{limits} ({of}).")
    return joined(*told) or NOTHING


def _has_limits(record: dict[str, Any]) -> bool:
    """Return whether a row has an interval."""
    return not pd.isna(record["conf_low"])


@finding_named
def journey_service(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what each part of the service does to the score with all the others held equal."""
    known = shown(frame)
    known = known[known["held"].eq("all of these")]
    if known.empty:
        return NOTHING
    told = []
    for record in known.to_dict("records"):
        unit = unit_of(record, arguments)
        supported = record["conf_low"] > 0 or record["conf_high"] < 0
        text = f"{'higher' if record['estimate'] > 0 else 'lower'} by {_size(record, unit)}"
        told.append(f"{record['factor']}: {text if supported else 'no difference that the data support'}")
    base = say.count(known["n"].iloc[0], "answer")
    return f"The score with the rest held equal – {'; '.join(told)}. {base}; association, not proof of cause."


@finding_named
def journey_transitions(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many contacts are followed by another, and which ways are taken more or less often than usual."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    away = known[known["next"].eq(STAYED_AWAY)]
    contacts = float(away["n_from"].sum())
    share = say.number(1 - float(away["n"].sum()) / contacts, "share") if contacts else ""
    first = f"{share} of {say.number(contacts, 'count')} contacts are followed by another one." if share else ""
    told = []
    for record in known[known["verdict"].isin(["higher", "lower"])].to_dict("records"):
        way = f"{say.level('touchpoint', record['touchpoint'], labels)} to {say.level('next', record['next'], labels)}"
        usual = say.number(record["usual"], "share", digits=1)
        told.append(f"{way} ({with_limits(record, 'share', arguments)}, usually {usual})")
    family = str(known["family"].iloc[0])
    if not told:
        return joined(first, f"None of {family} is known to be taken more or less often than usual.")
    return joined(first, f"Other than usual among {family}: {say.listed(told, MOST_NAMES)}.")


@finding_named
def journey_changes(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how the score of the same customers changes from one encounter to the next."""
    known = shown(frame)
    whole = known[known["touchpoint"].map(say.is_total)].to_dict("records")
    if not whole:
        return NOTHING
    record = whole[0]
    unit, name = unit_of(record, arguments), metric_name(record, arguments, labels)
    limits = say.interval(record["conf_low"], record["conf_high"], say.unit_of_change(unit))
    moved = f"{amount(record['estimate'], unit)} {'up' if record['estimate'] > 0 else 'down'} ({limits})"
    supported = record["conf_low"] > 0 or record["conf_high"] < 0
    text = f"{name} goes {moved}" if supported else f"{name} is not known to change: {moved}"
    base = f"{say.count(record['n'], 'pair')} of answers from {say.count(record['n_customers'], 'customer')}"
    ways = len(known) - 1
    note = f"The {say.count(ways, 'single way')} below rest on few pairs each and were not tested." if ways else ""
    return joined(f"From one encounter to the customer's next, {text}; {base}.", note)


@finding_named
def journey_lifecycle(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many reached the last step, and before which step most were lost."""
    known = shown(frame)
    if len(known) < 2:
        return NOTHING
    first, last = known.iloc[0].to_dict(), known.iloc[-1].to_dict()
    began, steps = say.number(first["n"], "count"), frames.floats(known, "step_share")
    text = f"Of {began} customers who signed up, {with_limits(last, 'share', arguments)} reached the last step"
    text += f" ({str(last['step'])[:1].lower()}{str(last['step'])[1:]})."
    if not steps.min() < 1:
        return text
    worst = known.loc[steps.idxmin()]
    lost = say.number(1 - float(worst["step_share"]), "share", digits=1)
    return joined(
        text, f"Most of those still there are lost before “{say.level('step', worst['step'], labels)}”: {lost}."
    )
