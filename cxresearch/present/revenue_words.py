"""Sentences about money: what loyalty is worth, who stays, what customers bring, cost and may take with them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    NOTHING,
    Arguments,
    Labels,
    answers_of,
    finding_named,
    joined,
    shown,
    with_limits,
)

MOST_NAMED = 4
SIGNIFICANCE = 0.05
# How the reason of a link begins where the score tells the outcome.
LEAK = "satisfaction was recorded after or from the outcome"
# Names that are common words within a sentence.
GROUPS = ("Promoters", "Passives", "Detractors", "All")
NO_CAUSE = {
    "association": "This is an association: it does not say that loyalty brings the money.",
    "adjusted association": "This is an adjusted association: what was measured before is held equal, no more.",
    "quasi-experiment": "This rests on a quasi-experiment: as good as its comparison group.",
}


@finding_named
def revenue_link(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a vote, or a point of a segment, is worth; first of all, whether anything is known of it."""
    records = frame[~frames.is_hidden(frame)].to_dict("records")
    if not records:
        return NOTHING
    record = records[0] | _percents(records[0])
    told = NO_CAUSE.get(str(record["status"]), "")
    if record["status"] == "refused" or pd.isna(record["percent"]):
        return joined(f"What loyalty is worth in revenue cannot be told from these data: {_reason(record)}.", told)
    first, then = (_why(record), "") if _is_leak(record) else ("", _why(record))
    size = f"{_percent(record['percent'])} ({_percent(record['percent_low'])} to {_percent(record['percent_high'])})"
    subject = _subject(record)
    if record["verdict"] == "cannot tell":
        text = f"Loyalty and revenue are not shown to go together in these data: {subject} goes with {size} revenue"
        return joined(
            first, f"{text}, and no difference is among these.", _detectable(record), then, answers_of(record)
        )
    way = "more" if record["percent"] > 0 else "less"
    size = size.replace("+", "").replace(say.MINUS, "") if _same_side(record) else size
    return joined(first, f"{subject} goes with {size} {way} revenue{_horizon(record)}.", told, then, answers_of(record))


def _is_leak(record: dict[str, Any]) -> bool:
    """Return whether the score seems to be recorded from what it should explain, which is to be said first."""
    return str(record.get("reason") or "").startswith(LEAK)


def _percents(record: dict[str, Any]) -> dict[str, float]:
    """Return the estimate and its limits, logs of revenue, in per cent."""
    names = {"percent": "estimate", "percent_low": "conf_low", "percent_high": "conf_high"}
    return {
        name: 100 * float(np.expm1(record[log])) if not pd.isna(record[log]) else np.nan for name, log in names.items()
    }


def _subject(record: dict[str, Any]) -> str:
    """Return what goes up by one."""
    if record.get("term") == "vote":
        return "A customer one vote up (from detractor to passive, or from passive to promoter)"
    if "by" in record:
        return f"A group ({say.label(record['by']).lower()}) whose NPS is one point up"
    return f"A customer one point up ({say.label(str(record.get('term', 'score')))})"


def _same_side(record: dict[str, Any]) -> bool:
    """Return whether both limits and the estimate have one sign, which the words then tell."""
    signs = {float(record[name]) > 0 for name in ("percent", "percent_low", "percent_high")}
    return len(signs) == 1


def _percent(value: float) -> str:
    """Return per cent of revenue with a sign."""
    return f"{say.number(value, digits=1 if abs(value) >= 1 else 2, signed=True)}%"


def _horizon(record: dict[str, Any]) -> str:
    """Return over how long."""
    if record.get("months") is not None and not pd.isna(record["months"]):
        return f" over the next {say.count(record['months'], 'month')}"
    if record.get("lag") is not None and not pd.isna(record["lag"]):
        return f" of all its customers {say.count(record['lag'], 'period')} later"
    return ""


def _reason(record: dict[str, Any]) -> str:
    """Return why nothing is told."""
    return str(record.get("reason") or record.get("flag") or "too little is known").rstrip(".")


def _why(record: dict[str, Any]) -> str:
    """Return what a reader must know beside the number."""
    reason = record.get("reason")
    return f"{say.capital(str(reason).rstrip('.'))}." if isinstance(reason, str) and reason else ""


def _detectable(record: dict[str, Any]) -> str:
    """Return how large an effect would have been found."""
    smallest = record.get("minimum_detectable")
    if smallest is None or pd.isna(smallest):
        return ""
    return f"An effect of {say.number(abs(smallest), digits=1)}% or more would probably have been found."


@finding_named
def points_per_percent(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return our number of points for one per cent, and why the circulated one is another thing."""
    known = frame[~frames.is_hidden(frame)].set_index("claim")
    if "this study" not in known.index:
        return NOTHING
    ours = known.loc["this study"]
    other = "The 7 in circulation are points between brands for a point of growth that lay before the survey (r = .48)."
    if pd.isna(ours["estimate"]):
        return joined(f"How many points go with 1% more revenue is not known: {_reason(dict(ours))}.", other)
    text = f"{say.number(ours['estimate'], digits=1)} points of NPS go with 1% more revenue"
    return joined(f"{text} ({points_allowed(dict(ours))}).", other)


def points_allowed(record: Mapping[str, Any]) -> str:
    """Return the set of points that the data allow, in words."""
    low, high, above, below = (record[name] for name in ("conf_low", "conf_high", "ray_above", "ray_below"))
    if record["set"] == "interval":
        return f"{say.number(low, digits=1)} to {say.number(high, digits=1)}"
    if record["set"] == "above":
        return f"{say.number(low, digits=1)} or more"
    if record["set"] == "two rays":
        rays = f"{say.number(above, digits=1)} or more, or {say.number(below, digits=1)} or fewer"
        return f"{rays}: no effect is possible, too"
    return "any number is possible"


@finding_named
def staying(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which share of each group was still there after so many months."""
    known = shown(frame)
    groups = known[~known["level"].map(say.is_total)]
    if known.empty:
        return "Nobody was followed long enough to tell who stays."
    told = [f"{with_limits(record, 'share', arguments)} of {_level(record, labels)}"
            for record in (groups if len(groups) else known).head(MOST_NAMED).to_dict("records")]  # fmt: skip
    months = known["months"].iloc[0]
    text = f"{say.count(months, 'month')} after an answer {say.listed(told)} are still customers"
    return joined(f"{text}.", _base(known, "answer"))


@finding_named
def hazard_ratio(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many times as fast each group leaves, and whether that holds over time."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    told = [f"{_level(record, labels)} {_times(record)}" for record in known.head(MOST_NAMED).to_dict("records")]
    changing = known[frames.flags(known).str.contains("changes over time")]
    more = _changing(changing, labels)
    against = say.clean(str(known["against"].iloc[0]))
    text = f"Beside {against}, who count as 1, customers leave at another rate: {say.listed(told)}"
    return joined(f"{text}.", more, _base(known, "answer"))


def _changing(changing: pd.DataFrame, labels: Labels) -> str:
    """Return how a ratio that does not last goes on, in plain words."""
    if changing.empty:
        return ""
    told = [
        f"{_level(record, labels)} {say.number(record['early'])} times and then {say.number(record['late'])}"
        for record in changing.head(MOST_NAMED).to_dict("records")
    ]
    return f"The ratio does not last, so that is a mean: in the first half of all leavings it is {say.listed(told)}."


@finding_named
def lifetime_value(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a customer of each group brings within the horizon."""
    known = shown(frame)
    if known.empty:
        return "No customers were seen for so many months: shorten the horizon, or have it extrapolated and said so."
    groups = known[~known["level"].map(say.is_total)] if "level" in known else known
    name = "level" if "level" in known else known.columns[0]
    told = [f"{with_limits(record, 'money', arguments)} from {_level(record, labels, name)}"
            for record in (groups if len(groups) else known).head(MOST_NAMED).to_dict("records")]  # fmt: skip
    kind = "Revenue" if frames.flags(known).str.contains("not margin").any() else "Margin"
    return joined(f"{kind} of one customer in {say.count(known['months'].iloc[0], 'month')}: {say.listed(told)}.",
                  _base(known, "stay"))  # fmt: skip


@finding_named
def unit_economics(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a customer brings for what it cost, by channel, best and worst."""
    known = shown(frame)
    known = known[~known["channel"].map(say.is_total).astype(bool)].sort_values("estimate", kind="stable")
    if known.empty:
        return "No channel's customers were seen long enough to set their value beside their cost."
    ends = [known.iloc[place].to_dict() for place in sorted({0, len(known) - 1})]
    told = [f"{with_limits(end, 'number', arguments)} for {_level(end, labels, 'channel')}" for end in ends]
    months = say.count(known["months"].iloc[0], "month")
    kind = "revenue" if frames.flags(known).str.contains("not margin").any() else "margin"
    text = f"Each unit of money spent on a new customer brings in {months} of {kind}: from {' to '.join(told)}"
    return joined(f"{text}.", _base(known, "new customer"))


@finding_named
def acquisition_cost(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the cheapest and the dearest channel of the last period."""
    known = shown(frame)
    if "period" in known and len(known):
        known = known[known["period"].eq(known["period"].max())]
    known = known[~known["channel"].map(say.is_total).astype(bool)].sort_values("estimate", kind="stable")
    if known.empty:
        return "What a new customer cost is known for no channel."
    ends = [known.iloc[place] for place in sorted({0, len(known) - 1})]
    told = [
        f"{with_limits(dict(end), 'money', arguments)} by {say.level('channel', end['channel'], labels)}"
        for end in ends
    ]
    when = f" in {say.period_label(str(ends[0]['period']))}" if "period" in known else ""
    return joined(f"A new customer cost{when} from {' to '.join(told)}.", _base(known, "new customer"))


@finding_named
def at_risk(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how much of a year's revenue is expected to leave, and with whom beyond what leaves anyway."""
    known = shown(frame)
    if known.empty:
        return "How much revenue is at risk cannot be told: too few customers were followed."
    first = known.to_dict("records")[0]
    of = say.number(first["revenue"], "money", currency=arguments.get("currency", ""))
    text = f"{with_limits(first, 'money', arguments)} of a year's {of} are expected to leave within {_months(first)}"
    beyond = known[frames.floats(known, "beyond_low") > 0]
    told = [f"{_beyond(record, arguments)} with {_level(record, labels)}" for record in beyond.to_dict("records")]
    more = (
        f"Beyond what leaves anyway: {say.listed(told)}." if told else "No group is shown to lose more than others do."
    )
    people = first["n_customers"] == first["n"]
    return joined(f"{text}.", more, f"{say.count(first['n'], 'customer')}." if people else answers_of(first))


def _beyond(record: dict[str, Any], arguments: Arguments) -> str:
    """Return what leaves beyond what leaves anyway, with its interval."""
    parts = {"estimate": record["beyond"], "conf_low": record["beyond_low"], "conf_high": record["beyond_high"]}
    return with_limits(parts, "money", arguments)


def _months(record: dict[str, Any]) -> str:
    """Return a horizon in words."""
    return say.count(record["months"], "month")


@finding_named
def placebo(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether the answer goes with revenue that lay before it, where it can have no effect."""
    known = shown(frame)
    if known.empty:
        return "Revenue one horizon back is not known, so the placebo test could not be made."
    clear = known[(frames.floats(known, "conf_low") > 0) | (frames.floats(known, "conf_high") < 0)]
    if clear.empty:
        return joined(
            "Loyalty does not go with the revenue that lay before it: the placebo test finds nothing.",
            _base(known, "answer"),
        )
    return joined(
        "Loyalty goes with revenue that lay before it, where it can have had no effect: a hidden cause, or lasting "
        "loyalty. What is found for the time after is an association only.",
        _base(known, "answer"),
    )


@finding_named
def what_if(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which rating's improvement would go with more revenue, by its interval."""
    known = shown(frame).sort_values("estimate", ascending=False, kind="stable")
    if known.empty:
        return NOTHING
    clear = known[frames.floats(known, "conf_low") > 0]
    name = known.columns[0]
    if clear.empty:
        return joined("For no rating is an improvement shown to go with more revenue.", _base(known, "answer"))
    told = [f"{say.level('driver', record[name], labels)} {_gained(record, arguments)}"
            for record in clear.head(MOST_NAMED).to_dict("records")]  # fmt: skip
    return joined(
        f"If these ratings rose and all went as it goes together now, more revenue in {_months(dict(known.iloc[0]))}: "
        f"{say.listed(told)}.",
        _base(known, "answer"),
    )


def _times(record: dict[str, Any]) -> str:
    """Return a ratio with its interval."""
    return f"{say.number(record['estimate'])} times ({say.interval(record['conf_low'], record['conf_high'], 'number')})"


def _gained(record: dict[str, Any], arguments: Arguments) -> str:
    """Return how much more revenue of all customers a raise goes with, with its interval."""
    parts = {"estimate": record["money"], "conf_low": record["money_low"], "conf_high": record["money_high"]}
    return with_limits(parts, "money", arguments)


def _level(record: dict[str, Any], labels: Labels, name: str = "level") -> str:
    """Return the name of a row's group."""
    text = say.level(name, record[name], labels)
    return text.lower() if text in GROUPS else text


def _base(known: pd.DataFrame, one: str) -> str:
    """Return the base of the largest row."""
    record = known.loc[frames.floats(known, "n").idxmax()]
    text = say.count(record["n"], one)
    people = record["n_customers"]
    if pd.isna(people) or people == record["n"]:
        return f"{text}."
    return f"{text} from {say.count(people, 'customer')}."
