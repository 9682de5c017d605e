"""Sentences about the customers who pay most: how they differ, whether the distance grows, what detractors hold."""

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
    metric_name,
    shown,
    unit_of,
    with_limits,
)

WHOM = "customers with the highest revenue"


@finding_named
def high_impact(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return in which metrics the customers who pay most differ from the rest, and for how many one cannot tell."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].notna() & frame["verdict"].ne("")]
    if known.empty:
        return NOTHING
    records, told = known.to_dict("records"), []
    for verdict in ("higher", "lower"):
        names = [f"{metric_name(record, arguments, labels)} ({amount(record['estimate'], unit_of(record, arguments))})"
                 for record in records if record["verdict"] == verdict]  # fmt: skip
        told += [f"{verdict} than the rest in {say.listed(names)}"] if names else []
    of = say.count(len(records), "metric")
    text = f"{say.capital(WHOM)} score {'; '.join(told)}" if told else f"In none of {of} do {WHOM} differ for certain"
    equal = sum(record["verdict"].startswith("no difference") for record in records)
    unknown = sum(record["verdict"] == "cannot tell" for record in records)
    shows = "shows" if equal == 1 else "show"
    more = [f"{equal} of {of} {shows} no difference beyond the margin"] if equal else []
    more += [f"for {unknown} of {of} the data cannot tell"] if unknown else []
    return joined("; ".join([text, *more]) + ".", _detectable(records[0], arguments, labels), _base(records[0]))


def _detectable(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return which difference of the first metric would have been found, where one cannot tell."""
    if record["verdict"] != "cannot tell" or pd.isna(record["minimum_detectable"]):
        return ""
    size = amount(record["minimum_detectable"], unit_of(record, arguments))
    return f"A difference of {size} in {metric_name(record, arguments, labels)} would probably have been found."


def _base(record: Mapping[str, Any]) -> str:
    """Return both bases of a comparison."""
    own = f"{say.count(record['n'], 'answer')} from {say.count(record['n_customers'], 'customer')}"
    return f"{own} with the highest revenue, {say.count(record['n_against'], 'answer')} of the rest."


@finding_named
def high_impact_gap(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether the distance of the customers who pay most from the rest moved over the periods."""
    known = shown(frame)
    if known.empty or not known["verdict"].iloc[0]:
        return "Under three periods can be compared, so whether the distance to the rest moves is not known."
    record = known.iloc[0].to_dict()
    unit = say.unit_of_change(unit_of(record, arguments))
    when = f"From {say.period_label(record['first'])} to {say.period_label(record['last'])}"
    name = metric_name(record, arguments, labels)
    moved = f"{_moved(record['estimate'], unit)} ({_limits(record, unit)})"
    text = f"{when} {name} of {WHOM} moved by {moved} beside that of the rest"
    if record["verdict"] in ("rose", "fell"):
        told = "in their favour" if record["verdict"] == "rose" else "against them, who get another experience"
        return joined(f"{text}, {told}.", _base(record))
    if record["verdict"] == "cannot tell":
        found = f"A move of {amount(record['minimum_detectable'], unit_of(record, arguments))} would probably be found."
        return joined(f"{text}, which may be chance.", found, _base(record))
    return joined(f"{text}: {record['verdict']}.", _base(record))


def _moved(value: float, unit: str) -> str:
    """Return a move with its sign and unit."""
    text = say.number(value, unit, signed=True)
    return f"{text} {unit}" if unit in ("points", "percentage points") else text


def _limits(record: Mapping[str, Any], unit: str) -> str:
    """Return the limits of a move."""
    return (
        f"{say.number(record['conf_low'], unit, signed=True)} to {say.number(record['conf_high'], unit, signed=True)}"
    )


@finding_named
def high_impact_revenue(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what of the revenue of the customers who pay most detractors hold."""
    known = shown(frame)
    held = known[known["level"].eq("detractors")]
    if held.empty:
        return "What detractors among the customers with the highest revenue hold is not shown: too few answered."
    record = held.iloc[0].to_dict()
    share = {"estimate": record["share"], "conf_low": record["share_low"], "conf_high": record["share_high"]}
    told = with_limits(share, "share", arguments)
    text = f"Detractors hold {told} of what {WHOM} paid in the months before: {with_limits(record, 'money', arguments)}"
    answers = f"{record['n']:.0f} of {say.count(frames.floats(known, 'n').sum(), 'answer')} of such customers."
    return joined(f"{text}.", "What they hold is not lost yet.", answers if len(known) > 1 else answers_of(record))
