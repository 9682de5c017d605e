"""Sentences about how far a link of loyalty to revenue holds: who was lost, other analyses, other times."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import NOTHING, Arguments, Labels, finding_named, joined, shown

MOST_NAMED = 4
SIGNIFICANCE = 0.05
ALL = "all"


@finding_named
def lost(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which groups are more or less frequent among the answers that could not be linked."""
    known = shown(frame)
    if known.empty:
        return "Nothing that is known differs between lost and linked answers, for none was lost."
    differ = known[frames.floats(known, "p_adjusted") < SIGNIFICANCE]
    of = f"{len(differ)} of {say.count(len(known), 'group')}"
    if differ.empty:
        return f"Lost answers are not shown to differ from linked ones in any of {say.count(len(known), 'group')}."
    largest = differ.loc[frames.floats(differ, "estimate").abs().idxmax()]
    name = f"{say.label(largest['segment'], labels)}: {say.level('level', largest['level'], labels)}"
    lost_share, kept_share = (say.number(largest[name], "share") for name in ("value_against", "value"))
    most = f"{name}, {lost_share} of the lost and {kept_share} of the linked"
    return f"Lost answers differ from linked ones in {of}, most of all in {most}."


@finding_named
def specifications(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return of how many specifications the effect is clear, within which range, and what moves it most."""
    whole = frame[frame["choice"].eq(ALL)].iloc[0]
    number, above, below = (int(whole[name]) for name in ("specifications", "above", "below"))
    range_of = say.interval(whole["percent_smallest"], whole["percent_largest"], "percent")
    of = f"In {above} of {say.count(number, 'specification')} a vote goes clearly with more revenue"
    return joined(
        f"{of}, in {below} with less; their estimates go from {range_of}.",
        _mover(frame[frame["choice"].ne(ALL)], labels),
    )


def _mover(options: pd.DataFrame, labels: Labels) -> str:
    """Return the choice whose options' medians lie farthest apart."""
    if options.empty:
        return ""
    medians = options.groupby("choice", sort=False)["percent_median"]
    name = str((medians.max() - medians.min()).idxmax())
    mine = options[options["choice"].eq(name)].sort_values("percent_median", kind="stable")
    ends = [f"{say.number(record['percent_median'], 'percent')} ({_option(name, record['option'], labels)})"
            for record in (mine.iloc[0].to_dict(), mine.iloc[-1].to_dict())]  # fmt: skip
    return (
        f"What moves it most is the choice of {say.level('choice', name, labels).lower()}: median {' to '.join(ends)}."
    )


def _option(choice: str, option: str, labels: Labels) -> str:
    """Return an option of a choice in words."""
    if choice == "months":
        return say.count(int(option), "month")
    return say.level(choice, option, labels).lower()


@finding_named
def panel_lags(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether revenue moved before the score, and that no single lag is a finding."""
    leads = frame[frames.floats(frame, "lag").lt(0) & frames.floats(frame, "p_adjusted").notna()]
    if leads.empty:
        return NOTHING
    clear = leads[frames.floats(leads, "p_adjusted") < SIGNIFICANCE]
    found = (
        f"Revenue moved before the score in {len(clear)} of {say.count(len(leads), 'lead')}: a common cause, or "
        "revenue that moves the score."
        if len(clear)
        else f"In none of {say.count(len(leads), 'lead')} did revenue move before the score beyond chance (Holm)."
    )
    return joined(found, "The lags describe; only the planned one is tested, and no other is a finding of its own.")
