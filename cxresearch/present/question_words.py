"""Sentences about inserted questions: for whom they speak, prices, trade-offs, sets, features."""

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
    shown,
    unit_of,
    with_limits,
)

MOST_NAMES = 4
INDIFFERENCE, OPTIMAL = "indifference price", "optimal price"
RANGE = ("marginal cheapness", "marginal expensiveness")
# A set that wins this often in the resamples is called the best.
SURE = 0.95


@finding_named
def population(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return for whom the answers to inserted questions speak, and for whom not."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "n").notna()]
    if known.empty:
        return NOTHING
    record = known.iloc[0]
    survey = say.SURVEYS.get(record["survey"], str(record["survey"])).lower()
    consent = f", have given {say.label(record['consent'], labels).lower()}" if record["consent"] else ""
    first, last = (say.period_label(str(record[name])) for name in ("first_wave", "last_wave"))
    when = first if first == last else f"{first} to {last}"
    least, most = frames.floats(known, "answered_share").min(), frames.floats(known, "answered_share").max()
    rate = say.interval(least, most, "share") if most > least else say.number(most, "share")
    return joined(
        f"The answers speak for customers who are invited to the {survey}{consent} and answer, {when}.",
        f"Of those who were asked a module and began the survey, {rate} answered it.",
        "They do not speak for customers who never answer, nor for people who are no customers.",
    )


@finding_named
def asked(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many of those invited answered a module, and where most were lost."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "n").notna()].reset_index(drop=True)
    if len(known) < 2:
        return NOTHING
    n = frames.floats(known, "n")
    first, last = known.iloc[0], known.iloc[-1]
    lost = -n.diff()
    place = int(lost.iloc[1:].idxmax())
    share = say.small_share(n.iloc[-1] / n.iloc[0])
    return joined(
        f"Of {say.number(first['n'], 'count')} {first['stage']}, {say.number(last['n'], 'count')} ({share}) "
        f"{last['stage']}.",
        f"Most were lost between “{known['stage'][place - 1]}” and “{known['stage'][place]}”: "
        f"{say.number(lost[place], 'count')}.",
    )


@finding_named
def prices(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the accepted range of prices and the indifference price, with their intervals."""
    known = shown(frame).drop_duplicates("point").set_index("point")
    if not {INDIFFERENCE, *RANGE} <= set(known.index):
        return NOTHING
    unit = str(known["unit"].iloc[0]) if "unit" in known else ""
    low, high = (_price(known.loc[name], arguments) for name in RANGE)
    same = _price(known.loc[INDIFFERENCE], arguments)
    return joined(
        f"Prices from {low} to {high} {unit}".rstrip() + " are accepted.",
        f"As many find it cheap as find it expensive at {same}.",
        answers_of(known.loc[INDIFFERENCE].to_dict()),
        "These are stated prices: in shops people are more careful, so the range is a place to test, not a forecast.",
    )


def _price(record: "pd.Series[Any]", arguments: Arguments) -> str:
    """Return a price with its interval."""
    return with_limits(record.to_dict(), "number", arguments)


@finding_named
def buyers(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which share would buy, counted with care."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    record = known.iloc[0].to_dict()
    share = with_limits(record, "share", arguments)
    return joined(
        f"{share} would buy, if certain buyers are counted as 70% and likely ones as 50%.",
        answers_of(record),
        "That is a convention, not a measured rate of sale.",
    )


@finding_named
def preferred(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what is valued most and least, and what cannot be told from the first."""
    known = shown(frame).sort_values("estimate", ascending=False, kind="stable")
    if len(known) < 2:
        return NOTHING
    records = known.to_dict("records")
    first, last, unit = records[0], records[-1], unit_of(records[0], arguments)
    names = [_item(record, labels) for record in records]
    tied = [name for name, other in zip(names[1:], records[1:], strict=True) if other["conf_high"] >= first["conf_low"]]
    near = f"Its interval overlaps that of {say.listed(tied, MOST_NAMES)}." if tied else ""
    ends = f"{names[0]} is valued most, {with_limits(first, unit, arguments)}"
    least = f"{names[-1]} least, {with_limits(last, unit, arguments)}"
    return joined(f"{ends}; {least}.", near, answers_of({**first, "n": None}), _people(first))


def _people(record: dict[str, Any]) -> str:
    """Return how many customers answered."""
    people = record.get("n_customers")
    return "" if people is None or pd.isna(people) else f"Base: {say.count(people, 'customer')}."


def _item(record: dict[str, Any], labels: Labels) -> str:
    """Return the name of a row's item or feature."""
    name = "item" if "item" in record else "feature"
    return say.level("item", record[name], labels)


@finding_named
def wanted(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what most and fewest people tick."""
    known = shown(frame).sort_values("estimate", ascending=False, kind="stable")
    if known.empty:
        return NOTHING
    first, last = known.iloc[0].to_dict(), known.iloc[-1].to_dict()
    most = f"{_item(first, labels)} is ticked by {with_limits(first, 'share', arguments)}"
    least = f", {_item(last, labels)} by {with_limits(last, 'share', arguments)}" if len(known) > 1 else ""
    return joined(f"{most}{least}.", answers_of(first))


@finding_named
def reached(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a set of items reaches as one after the other is added, up to where little is added."""
    known = shown(frame)
    if len(known) < 2:
        return NOTHING
    records = known.to_dict("records")
    names = [_item(record, labels) for record in records]
    pair, last = records[1], records[-1]
    added = amount(last["added"], "share")
    return joined(
        f"{names[0]} and {names[1]} together reach {with_limits(pair, 'share', arguments)}.",
        f"All {len(records)} items reach {with_limits(last, 'share', arguments)}; the last adds {added}.",
        answers_of(pair),
    )


@finding_named
def sets(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return for each size the set that reaches most, and whether it would surely win again."""
    known = shown(frame)
    best = known[frames.floats(known, "rank").eq(1)]
    if best.empty:
        return NOTHING
    told = []
    for record in best.to_dict("records"):
        often = record.get("best")
        sure = "" if often is None or pd.isna(often) else f", first in {say.number(often, 'share')} of the resamples"
        reach = with_limits(record, "share", arguments)
        told.append(f"{say.level('items', record['items'], labels)} reach {reach}{sure}")
    return joined(say.capital("; ".join(told)) + ".", answers_of(best.iloc[0].to_dict()))


@finding_named
def kano_classes(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the features of each class, and which of them cannot be told from another class."""
    known = frame[~frames.is_hidden(frame) & frame["class"].notna()]
    if known.empty:
        return NOTHING
    found: dict[str, list[str]] = {}
    for record in known.to_dict("records"):
        found.setdefault(record["class"], []).append(_item(record, labels))
    told = say.capital("; ".join(f"{name}: {say.listed(items, MOST_NAMES)}" for name, items in found.items()))
    unsure = [_item(record, labels) for record in known.to_dict("records") if not record.get("clear", True)]
    doubt = f"Not clearly of one class: {say.listed(unsure, MOST_NAMES)}." if unsure else ""
    return joined(f"{told}.", doubt, answers_of(known.iloc[0].to_dict()))


@finding_named
def item_differences(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which groups stand apart from the rest in which items, and among how many tests."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].notna() & (frame["verdict"] != "")]
    if known.empty:
        return NOTHING
    apart = known[known["verdict"].isin(["higher", "lower"])].sort_values("p_adjusted", kind="stable")
    family = f"Judged among {known['family'].iloc[0]}."
    if apart.empty:
        widest = frames.floats(known, "minimum_detectable")
        unit = unit_of(known.iloc[0].to_dict(), arguments)
        found = f"; differences of {amount(widest.median(), unit)} would mostly have been found" if len(widest) else ""
        return joined(f"No group is known to differ from the rest{found}.", family)
    told = [_apart(record, arguments, labels) for record in apart.head(MOST_NAMES).to_dict("records")]
    more = len(apart) - len(told)
    rest = f"; {say.count(more, 'more difference')}" if more else ""
    return joined(say.capital("; ".join(told)) + f"{rest}.", family)


def _apart(record: dict[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return in what a group stands apart, and by how much."""
    what = f"{_item(record, labels)} " if "item" in record else ""
    whom, unit = say.level("level", record["level"], labels), unit_of(record, arguments)
    limits = say.interval(record["conf_low"], record["conf_high"], say.unit_of_change(unit))
    return f"{what}is {record['verdict']} for {whom} ({amount(record['estimate'], unit)}, {limits})"


@finding_named
def not_used(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many answers were set aside, and the most frequent reason."""
    if frame.empty:
        return "Every answer is used."
    reasons = frame.groupby("reason", sort=False)["rows"].sum().sort_values(ascending=False, kind="stable")
    return f"{say.count(int(reasons.sum()), 'answer')} set aside, most often: {reasons.index[0]}."
