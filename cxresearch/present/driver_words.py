"""Sentences about drivers: what each carries, what it adds of its own, and how far to believe it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import NOTHING, Arguments, Labels, finding_named, joined, metric_name, shown

MOST_NAMES = 4
# A driver with less than this part of an equal share is not called important.
SMALL_PART = 0.5
# From here on one overall impression is told in the first sentence.
MUCH_HALO = 0.5


@finding_named
def drivers(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a reader may conclude, and what not."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    record = known.iloc[0]
    name = metric_name(record.to_dict(), arguments, labels)
    share = say.number(record["r2"], "share")
    first = f"The ratings go with {share} of the differences in {name}: association, not proof of cause."
    own = known[_own(known)].sort_values("estimate", ascending=False, kind="stable")
    told = say.listed((say.level("driver", driver, labels) for driver in own["driver"]), MOST_NAMES)
    effect = f"With an effect of their own, strongest first: {told}." if len(own) else ""
    return joined(first, effect or "None has an effect of its own that these answers can show.", _halo(record))


def _own(frame: pd.DataFrame) -> pd.Series:
    """Return which drivers add to the score when all others are held equal."""
    return frames.floats(frame, "conf_low") > 0


def _halo(record: "pd.Series[Any]") -> str:
    """Return that ratings share one overall impression, where they do."""
    if not record["halo"] >= MUCH_HALO:
        return ""
    share = say.number(record["halo"], "share")
    return (
        f"{share} of what the ratings say is one overall impression (halo): a customer who is loyal for another reason "
        "rates everything higher, so no single number here promises what would follow from a better rating."
    )


def driver_of_row(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return what is to be said about one driver.

    Parameters
    ----------
    record
        A row of `cx.drivers.findings`.
    arguments, labels
        As of its payload.

    Examples
    --------
    >>> row = {"driver": "app", "estimate": 0.6, "conf_low": -1.0, "conf_high": 2.2, "share": 0.11, "share_low": 0.1,
    ...        "share_high": 0.13, "travels_with": "staff", "n_rated": 3440, "correlation": 0.5, "n_drivers": 7}
    >>> driver_of_row(row, {"metric": "nps"}, {}).split(" (")[0]
    'App: important because it travels with Staff; no effect of its own found'
    """
    name = say.level("driver", record["driver"], labels)
    limits = say.interval(record["conf_low"], record["conf_high"], "number", digits=1, between=", ")
    unit = f"points of {metric_name(record, arguments, labels)} per rating point"
    effect = f"{say.number(record['estimate'], 'number', digits=1)} {unit} [{limits}]"
    return joined(f"{name}: {_verdict(record, effect, labels)}.", _share(record), _base(record))


def _verdict(record: Mapping[str, Any], effect: str, labels: Labels) -> str:
    """Return whether a driver adds something of its own, and if not, why it seems to."""
    if record["conf_low"] > 0:
        return f"{effect} when all others are rated equal"
    if record["conf_high"] < 0:
        return f"{effect}, against its correlation: an artefact of overlap before it is a finding"
    none = f"no effect of its own found ({effect})"
    companion = record.get("travels_with")
    is_large = record["share"] * record.get("n_drivers", 1) >= SMALL_PART
    if is_large and isinstance(companion, str) and companion:
        return f"important because it travels with {say.level('driver', companion, labels)}; {none}"
    return none


def _share(record: Mapping[str, Any]) -> str:
    """Return which part of what the ratings explain goes with a driver."""
    limits = ""
    if not pd.isna(record.get("share_low")):
        limits = f" [{say.interval(record['share_low'], record['share_high'], 'share', between=', ')}]"
    return f"It goes with {say.number(record['share'], 'share')}{limits} of what the ratings explain."


def _base(record: Mapping[str, Any]) -> str:
    """Return how many rated a driver."""
    rated = record.get("n_rated")
    return "" if rated is None or pd.isna(rated) else f"Base: {say.count(rated, 'rating')}."


@finding_named
def ranks(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which driver ranks first, and how sure that is."""
    known = shown(frame)
    sure = frames.floats(known, "rank_1")
    if known.empty or sure.isna().all():
        return "" if len(known) else NOTHING
    best = known.loc[sure.idxmax()]
    names = known[frames.floats(known, "top_3") >= 0.95]["driver"]
    name, often = say.level("driver", best["driver"], labels), say.number(best["rank_1"], "share")
    text = f"{name} ranks first in {often} of the resamples"
    among = say.listed((say.level("driver", name, labels) for name in names), MOST_NAMES)
    return joined(f"{text}.", f"Among the first three in 95% and more: {among}." if len(names) else "")


@finding_named
def pairs(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many pairs of drivers can be told apart."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    apart = (frames.floats(known, "conf_low") > 0) | (frames.floats(known, "conf_high") < 0)
    return f"{int(apart.sum())} of {say.count(len(known), 'pair')} of drivers can be told apart by their shares."


@finding_named
def agreement(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how well relative weights agree with the headline."""
    known = shown(frame)
    johnson = known[known["method"].eq("relative-weights")]
    if johnson.empty:
        return "" if len(known) else NOTHING
    record = johnson.iloc[0]
    apart = say.number(record["largest_difference"], "percentage points")
    return (
        f"Johnson's relative weights rank the drivers almost alike (rank correlation {say.number(record['estimate'])}) "
        f"and differ by at most {apart} percentage points, for {say.level('driver', record['driver'], labels)}."
        if record["estimate"] >= 0.9
        else "Johnson's relative weights rank the drivers otherwise "
        f"(rank correlation {say.number(record['estimate'])}): read shares with care."
    )


@finding_named
def moments(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which drivers are basic, perform or excite, and how many cannot be told."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    words = {"basic": "cost more when low than they gain when high", "performance": "cost and gain",
             "excitement": "gain more when high than they cost when low"}  # fmt: skip
    parts = [
        f"{_names(known[known['kind'].eq(kind)], labels)} ({kind}: {meaning})"
        for kind, meaning in words.items()
        if known["kind"].eq(kind).any()
    ]
    untold = int(known["kind"].eq("cannot tell").sum())
    text = say.capital("; ".join(parts)) if parts else "No driver's kind can be told"
    return joined(f"{text}.", f"For {untold} of {len(known)} the answers cannot tell." if untold else "")


@finding_named
def checked(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many checks pass, and what the others say."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    warned = known[known["verdict"].eq("warn")]
    passed = f"{len(known) - len(warned)} of {say.count(len(known), 'check')} passed."
    return joined(passed, *warned["meaning"])


@finding_named
def reliability(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which effects would vanish if ratings were less reliable."""
    known = frame[~frames.is_hidden(frame)]
    if known.empty:
        return NOTHING
    until = frames.floats(known, "own_until")
    lowest = until.min()
    lost = known[until.notna() & (until > lowest)]
    never = known[until.isna()]
    held = known[until.notna() & (until == lowest)]
    parts = [f"Down to a reliability of {say.number(lowest)} these keep an effect of their own: {_names(held, labels)}"]
    parts = parts if len(held) else ["No driver has an effect of its own"]
    parts += [f"sooner lost: {_names(lost, labels)}"] * bool(len(lost))
    parts += [f"without one at any: {_names(never, labels)}"] * bool(len(never) and len(held))
    return "; ".join(parts) + "."


def _names(frame: pd.DataFrame, labels: Labels) -> str:
    """Return the drivers of some rows."""
    return say.listed((say.level("driver", name, labels) for name in frame["driver"]), MOST_NAMES)


@finding_named
def models(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether every model says the same of each driver."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    verdicts = known.groupby("driver", sort=False)["own_effect"].nunique()
    split = [say.level("driver", name, labels) for name in verdicts.index[verdicts > 1]]
    number = known["model"].nunique()
    if number == 1:
        return ""
    if not split:
        return f"All {number} models agree on which drivers have an effect of their own."
    return f"The {number} models do not agree on {say.listed(split, MOST_NAMES)}; on the others they do."


@finding_named
def steady(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return whether any driver's effect changed between periods."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    moved = known[known["verdict"].eq("changes")]
    if moved.empty:
        return "No driver's effect is known to have changed between periods."
    return f"The effect of {_names(moved, labels)} changed between periods by more than chance."


@finding_named
def gaps(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what would have been lost by keeping complete answers only, and what was done instead."""
    worst = frame.loc[(frames.floats(frame, "rated") / frames.floats(frame, "answers")).idxmin()]
    share = say.number(1 - worst["rated"] / worst["answers"], "share")
    return (
        f"{say.level('driver', worst['driver'], labels)} was not rated in {share} of the answers. "
        "No answer is lost for one gap: what does not apply has an effect "
        "of its own in the model, what was not shown or refused is imputed several times."
    )
