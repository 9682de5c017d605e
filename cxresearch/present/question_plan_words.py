"""Sentences about the plan of inserted questions: who is asked, how long it takes, what it costs."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import NOTHING, Arguments, Labels, finding_named, joined

HOLDOUT, MET = "holdout", "met"
MOST_NAMES = 4


@finding_named
def question_flow(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many of the frame may be asked a module, and which rule leaves out most."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    first, last = known.iloc[0], known.iloc[-1]
    text = (
        f"Of {say.number(first['n'], 'count')} {first['step']} {say.number(last['n'], 'count')} "
        f"({say.number(last['share'], 'share')}) may be asked a module."
    )
    losses = known.iloc[1:]
    if losses.empty or not losses["lost"].max() > 0:
        return text
    most = losses.loc[losses["lost"].idxmax()]
    lost = say.number(most["lost"], "count")
    return joined(text, f"Most are left out by “{most['step']}”: {lost}.")


@finding_named
def question_arms(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return with which probability a unit is asked nothing, and that the others are told apart by chance alone."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    units, nothing = known["n"].sum(), known.loc[known["modules"].eq(""), "probability"].sum()
    held = known.loc[known["arm"].eq(HOLDOUT), "probability"].sum()
    return joined(
        f"{say.number(units, 'count')} accounts and single customers fall into {len(known)} arms by a keyed hash.",
        f"{say.number(nothing, 'share')} are asked no module: {say.number(held, 'share')} never, others not this time.",
        "The probabilities hold for the eligible only.",
    )


@finding_named
def question_targets(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which targets are met, and when the next and the last of the others will be."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    met = known[known["flag"].eq(MET)]
    text = f"{len(met)} of {len(known)} targets are met."
    dated = known[known["met_on"].fillna("").ne("")].sort_values("met_on", kind="stable")
    if dated.empty:
        return text
    first, last = (_target(record, labels) for record in (dated.iloc[0], dated.iloc[-1]))
    rest = len(known) - len(met) - len(dated)
    return joined(
        text,
        f"At the flow of the last periods the next is met on {dated['met_on'].iloc[0]} ({first})"
        + (f", the last on {dated['met_on'].iloc[-1]} ({last})." if len(dated) > 1 else "."),
        f"{say.count(rest, 'is', 'are')} too far away to plan or cannot be sized yet." if rest else "",
    )


def _target(record: "pd.Series[str]", labels: Labels) -> str:
    """Return the name of a target."""
    name = say.level("question", record["question"], labels)
    return name if say.is_total(record["level"]) else f"{name}, {say.level('level', record['level'], labels)}"


@finding_named
def question_burden(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how much of customers' time a wave takes, and which question buys least precision with it."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "hours").notna()]
    if known.empty:
        return NOTHING
    hours = say.number(known["hours"].sum(), "number", digits=1)
    base = say.number(known["n"].max(), "count")
    text = f"The wave takes about {hours} hours of customers' time, going by {base} answers of the last periods."
    idle = known[known["gain"].eq(0)]
    if len(idle):
        names = say.listed((say.level("question", name, labels) for name in idle["question"]), MOST_NAMES)
        spent = say.number(idle["hours"].sum(), "number", digits=1)
        return joined(text, f"{spent} of them buy nothing, as the target is met: {names}.")
    sized = known[frames.floats(known, "gain_per_hour").notna()].sort_values("gain_per_hour", kind="stable")
    if sized.empty:
        return text
    least = say.level("question", sized["question"].iloc[0], labels)
    return joined(text, f"Least precision an hour is bought by {least}.")


@finding_named
def question_wording(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many wordings should be looked at."""
    if frame.empty:
        return "No wording was found weak by the rules that are looked up."
    names = say.listed((str(name) for name in frame["question"].unique()), MOST_NAMES)
    return f"{say.count(len(frame), 'wording')} should be looked at: {names}."


@finding_named
def question_checks(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a reviewer should know first."""
    return joined(*(str(sentence) for sentence in frame["sentence"]))


@finding_named
def question_blocks(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how evenly pairs of modules are asked together."""
    least, most = int(frame["together"].min()), int(frame["together"].max())
    if least == most:
        return f"Each pair of modules would be asked together in {say.count(least, 'block')}: a balanced design."
    return f"Pairs of modules would be asked together in {least} to {most} blocks: not balanced."
