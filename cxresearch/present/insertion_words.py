"""Sentences about the price of inserted questions, and whether the arms were dealt as planned."""

from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    NOTHING,
    Arguments,
    Labels,
    amount,
    finding_named,
    joined,
    metric_name,
    shown,
    unit_of,
)

HARM, NONE_BEYOND = "harm", "none beyond"
LONGER, HEADLINE, ALL, NOTHING_ASKED = "duration", "nps", "all", "none"
MOST_TOLD = 4
NOT_AS_PLANNED, NOT_AS_ASSIGNED, NOT_RECORDED = "not as planned", "not as assigned", "not recorded"


@finding_named
def insertion_price(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which measures modules harm, for which no harm beyond the margin is left, and what cannot be decided."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    # Longer questionnaires are no surprise; by how much is told by itself.
    judged = known[known["metric"].ne(LONGER) & known["module"].ne(NOTHING_ASKED)]
    harmed, spared = judged[judged["verdict"].eq(HARM)], judged[judged["verdict"].str.startswith(NONE_BEYOND)]
    told = [_harm(record, arguments, labels) for record in harmed.head(MOST_TOLD).to_dict("records")]
    rest = f"; {len(harmed) - len(told)} more" if len(harmed) > len(told) else ""
    text = f"Harm is shown: {'; '.join(told)}{rest}." if told else "No harm to the survey is shown."
    left = len(judged) - len(harmed) - len(spared)
    return joined(
        text,
        f"For {len(spared)} of {len(judged)} comparisons a harm beyond the margin is excluded." if len(spared) else "",
        f"For {left} of {len(judged)} these answers cannot decide." if left else "",
        _power(known, arguments),
        _longer(known, arguments, labels),
    )


def _harm(record: dict[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return one harm with its interval, comparison group and base."""
    unit = unit_of(record, arguments)
    change = say.unit_of_change(unit)
    limits = say.interval(record["conf_low"], record["conf_high"], change, digits=1)
    way = "lower" if record["estimate"] < 0 else "higher"
    bases = f"{say.number(record['n'], 'count')} and {say.number(record['n_against'], 'count')}"
    name, size = metric_name(record, arguments, labels), amount(record["estimate"], unit)
    against = say.level("against", record["against"], labels)
    return f"{name} with {_module(record, labels)} {size} {way} ({limits}) than in the group {against} (of {bases})"


def _module(record: dict[str, Any], labels: Labels) -> str:
    """Return a module's name."""
    return "any module" if record["module"] == ALL else say.level("module", record["module"], labels)


def _power(known: pd.DataFrame, arguments: Arguments) -> str:
    """Return what harm to the NPS these answers could find, and how many answers the margin takes."""
    rows = known[known["metric"].eq(HEADLINE) & known["verdict"].eq("cannot decide")]
    rows = rows[frames.floats(rows, "minimum_detectable").notna()]
    if rows.empty:
        return ""
    record = rows.loc[frames.floats(rows, "minimum_detectable").idxmin()].to_dict()
    text = f"On the NPS they find a harm of {amount(record['minimum_detectable'], 'points')} or more"
    if pd.isna(record.get("n_needed")):
        return f"{text}, in 80 of 100 cases."
    needed, margin = say.number(record["n_needed"], "count"), amount(record["margin"], "points")
    return f"{text}, in 80 of 100 cases; to exclude {margin} takes {needed} answers on either side."


def _longer(known: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how much longer a questionnaire takes."""
    rows = known[known["metric"].eq(LONGER) & known["module"].ne(NOTHING_ASKED)].to_dict("records")
    if not rows:
        return ""
    told = [
        f"{_module(record, labels)} {say.number(record['estimate'], 'seconds', signed=True)} "
        f"({say.interval(record['conf_low'], record['conf_high'], 'seconds', digits=0)})"
        for record in rows[:MOST_TOLD]
    ]
    return f"Time to answer: {', '.join(told)}."


@finding_named
def dealt_as_planned(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether the arms hold as many as their probabilities say, and in which waves they do not."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].ne("") & frame["verdict"].notna()]
    if known.empty:
        return "Too few were assigned to test whether the arms were dealt as planned."
    broken = known[known["verdict"].eq(NOT_AS_PLANNED)]
    odd = [str(flag) for flag in known["flag"].dropna() if "unit" in str(flag)]
    more = f"{say.capital(odd[-1])}." if odd else ""
    if broken.empty:
        base = say.number(frames.floats(known, "n").max(), "count")
        return joined(f"The arms were dealt as planned ({base} assignments, tested at 1 in 1,000).", more)
    waves = say.listed(say.level("period", wave, labels) for wave in broken["wave"])
    return joined(
        f"The arms were not dealt as planned in {waves}: what they seem to do cannot be told from who came into them.",
        more,
    )


@finding_named
def shown_as_assigned(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many of those who answered were shown another arm than the one they were assigned."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "n").notna()]
    if known.empty:
        return NOTHING
    n = frames.floats(known, "n")
    wrong, blank = n[known["flag"].eq(NOT_AS_ASSIGNED)].sum(), n[known["shown"].eq(NOT_RECORDED)].sum()
    total = say.number(n.sum(), "count")
    text = (
        f"{say.number(wrong, 'count')} of {total} answers were shown another arm than the one assigned."
        if wrong
        else f"All of {total} answers were shown the arm that was assigned."
        if not blank
        else "No answer is known to have been shown another arm."
    )
    return joined(text, f"Of {say.number(blank, 'count')} it is not recorded." if blank else "")
