"""Sentences about teams: whether their engagement and their customers' scores go together."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import NOTHING, Arguments, Labels, finding_named, joined, shown

SIGNIFICANCE = 0.05
NO_DIRECTION = "This is an association: it does not say which of the two comes first, or whether a third moves both."


@finding_named
def team_link(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a point of a team's engagement goes with; first of all, whether anything is known of it."""
    records = frame[~frames.is_hidden(frame)].to_dict("records")
    if not records:
        return NOTHING
    record = records[0]
    if record["status"] == "refused" or pd.isna(record["estimate"]):
        why = str(record["reason"] or record["flag"] or "too little is known").rstrip(".")
        return f"Whether engaged teams have happier customers cannot be told from these data: {why}."
    size = f"{_signed(record, 'estimate')} ({_signed(record, 'conf_low')} to {_signed(record, 'conf_high')})"
    outcome = say.level("outcome", record["outcome"], labels)
    goes = f"a point of engagement above a team's own usual goes with {size} in its customers' {outcome}"
    text = f"{say.capital(goes)} {_when(int(record['lag']))}"
    if record["verdict"] == "cannot tell":
        text = f"Teams' engagement and their customers' scores are not shown to go together: {goes}"
    moves = f"A team typically moves by {say.number(record['movement'], digits=2)} points around its usual."
    care = f"{say.capital(str(record['reason']).rstrip('.'))}." if record["reason"] else ""
    return joined(f"{text}.", moves, care, NO_DIRECTION, _base(record))


def _signed(record: Mapping[str, Any], name: str) -> str:
    """Return a number of the customers' score with its sign and unit."""
    unit = say.unit_of_change(say.unit_named(record["unit"]))
    text = say.number(record[name], unit, signed=True)
    return f"{text} {unit}" if name == "estimate" and unit in ("points", "percentage points") else text


def _when(lag: int) -> str:
    """Return when the customers answered."""
    if lag == 0:
        return "in the same period"
    return f"{say.count(abs(lag), 'period')} {'later' if lag > 0 else 'earlier'}"


def _base(record: Mapping[str, Any]) -> str:
    """Return on whom the link rests."""
    size = f"{say.count(record['teams'], 'team')} in {say.count(record['periods'], 'period')}"
    answers = f"{say.count(record['n'], 'answer')} from {say.count(record['n_customers'], 'customer')}"
    return f"{size}: {answers}, and {say.count(record['n_employees'], 'answer')} of employees."


@finding_named
def team_shape(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the scores where engagement was lowest and highest beside the teams' own usual."""
    known = shown(frame)
    if len(known) < 2:
        return "Nothing can be drawn: the link is refused, or too few customers answered."
    unit = say.unit_of_change(say.unit_named(arguments.get("unit", "mean")))
    ends = [
        f"{say.number(record['estimate'], unit, signed=True)} beside the team's own usual in the "
        f"{say.clean(str(record['fifth']))} (engagement {say.number(record['engagement'], digits=2, signed=True)})"
        for record in (known.iloc[0].to_dict(), known.iloc[-1].to_dict())
    ]
    return f"The customers' score is {ends[0]} and {ends[1]}."


@finding_named
def team_lags(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether customers' scores moved before engagement, and that no single lag is a finding."""
    leads = frame[frames.floats(frame, "lag").lt(0) & frames.floats(frame, "p_adjusted").notna()]
    if leads.empty:
        return "No lead has periods enough to tell whether customers' scores moved before engagement."
    clear = int(frames.floats(leads, "p_adjusted").lt(SIGNIFICANCE).sum())
    of = say.count(len(leads), "lead")
    found = f"In none of {of} did customers' scores move before engagement beyond chance (Holm)."
    if clear:
        cause = "customers may move teams, or a common cause both"
        found = f"Customers' scores moved before engagement in {clear} of {of}: {cause}."
    return joined(found, "The lags describe; only the planned one is tested, and no other is a finding of its own.")
