"""Sentences about topics: how many name them, what changed, what they go with."""

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
    level_of,
    shown,
    unit_of,
    with_limits,
)

MOST_TOPICS = 3
SIGNIFICANCE = 0.05
# What comments are that no model reads.
LEFT_OUT = {
    "language not modelled": "in a language that is not modelled",
    "no words": "without words",
    "stock answer": "stock answers",
}
CHOSE = "Those who write a review or complain choose to, so no test sets them against the survey."


@finding_named
def topic_shares(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the topics that are named most, with their intervals and the base."""
    known = shown(frame).sort_values("estimate", ascending=False, kind="stable")
    if known.empty:
        return NOTHING
    told = [f"{_topic(one, labels)} {with_limits(one, 'share', arguments)}" for one in _first(known)]
    base = f"Of {say.count(known['n'].iloc[0], 'comment')}; one may name several topics."
    return joined(f"Named most: {say.listed(told)}.", base)


@finding_named
def topic_changes(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which topics are named more or less often than before, and how many are not known to have changed."""
    known = shown(frame)
    if known.empty:
        return "There is no earlier period with comments to compare with."
    parts = []
    for verdict, words in (("rose", "Named more often"), ("fell", "Named less often")):
        told = [
            f"{_topic(one, labels)} (by {amount(one['estimate'], 'share')}, "
            f"{say.interval(one['conf_low'], one['conf_high'], 'percentage points')})"
            for one in known[known["verdict"].eq(verdict)].to_dict("records")
        ]
        parts += [f"{words}: {say.listed(told)}."] if told else []
    still = int(known["verdict"].eq("cannot tell").sum())
    text = " ".join(parts) or "No topic is known to be named more or less often than before."
    bases = (
        f"{say.count(known['n'].iloc[0], 'comment')} now, {say.number(known['n_previous'].iloc[0], 'count')} before."
    )
    return joined(text, f"For {still} of {len(known)} topics the data cannot tell." if still and parts else "", bases)


@finding_named
def topic_impact(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which topics go with a lower or higher score, and what they take from or add to it."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    sure = known[frames.floats(known, "p_adjusted") < SIGNIFICANCE].sort_values("contribution", kind="stable")
    if sure.empty:
        return f"No topic is known to go with another score, of {say.count(len(known), 'topic')} judged together."
    unit = unit_of({}, arguments)
    parts = []
    for way, rows in (("lower", sure[sure["estimate"] < 0]), ("higher", sure[sure["estimate"] > 0][::-1])):
        told = [
            f"{_topic(one, labels)} ({level_of(one['estimate'], unit, arguments)}, "
            f"{say.interval(one['conf_low'], one['conf_high'], unit)}; over all comments "
            f"{level_of(one['contribution'], unit, arguments)})"
            for one in _first(rows)
        ]
        parts += [f"go with a {way} score: {say.listed(told)}"] if told else []
    text = "; ".join(f"those who name these {part}" for part in parts)
    return joined(f"{say.capital(text)}.", "An association, not a cause.")


@finding_named
def topic_severity(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the change of the commenters' score, and the parts that are surely not nothing."""
    known = shown(frame)
    whole = known[known["topic"].eq("all")]
    if whole.empty:
        return NOTHING
    unit, record = unit_of({}, arguments), whole.to_dict("records")[0]
    low, high = say.interval(record["conf_low"], record["conf_high"], unit, between="|").split("|")
    text = f"The score of those who comment moved by {level_of(record['estimate'], unit, arguments)} ({low} to {high})"
    sure = known[~known["topic"].isin(["all", "everything else"])]
    sure = sure[(frames.floats(sure, "conf_low") > 0) | (frames.floats(sure, "conf_high") < 0)]
    words = {"prevalence": "named at another rate", "severity": "weighing otherwise"}
    told = [
        f"{_topic(one, labels)} {words[one['component']]} ({level_of(one['estimate'], unit, arguments)})"
        for one in _first(sure.reindex(sure["estimate"].abs().sort_values(ascending=False).index))
    ]
    return joined(
        f"{text}.", f"Of that: {say.listed(told)}." if told else "No topic's part is surely above or below nothing."
    )


@finding_named
def topic_news(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which topics are new, or that none is."""
    known = shown(frame)
    if frame.empty:
        return "Nothing is said in this period that was not said before."
    told = [f"{_topic(one, labels)} in {with_limits(one, 'share', arguments)}" for one in _first(known)]
    return f"New in this period: {say.listed(told)} of the comments." if told else NOTHING


@finding_named
def topic_lifecycle(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many topics go on since the model before, beside how many do where nothing changed."""
    told = frame[frames.floats(frame, "topics").gt(0)]
    now = [f"{say.number(one['topics'], 'count')} {one['event']}" for one in told.to_dict("records")]
    chance = frame.set_index("event")["expected"]
    kept, new = (say.number(chance[event], "count") for event in ("continued", "new"))
    return (
        f"Topics since the model before: {say.listed(now, 5)}. Between models that only chance keeps apart, {kept} are "
        f"continued and {new} new."
    )


@finding_named
def topic_groups(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return in which groups topics are named more often than elsewhere."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].isin(["higher", "lower"])]
    if known.empty:
        return "No group is known to name a topic more or less often than the others."
    first = known.reindex(known["estimate"].abs().sort_values(ascending=False).index)
    told = [
        f"{_topic(one, labels)} is named by {say.number(one['value'], 'share')} of "
        f"{say.level('level', one['level'], labels)} against {say.number(one['value_against'], 'share')} of the rest"
        for one in _first(first)
    ]
    rest = len(known) - len(told)
    more = f"; {say.count(rest, 'more difference')}" if rest else ""
    family = f" Judged among {known['family'].iloc[0]}." if "family" in known else ""
    return f"{'; '.join(told)}{more}.{family}"


@finding_named
def topic_sources(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the topic that each source of texts names most, in the order of the sources."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    most = known.loc[known.groupby("source", sort=False)["estimate"].idxmax()]
    told = [
        f"{say.level('source', one['source'], labels)} {_topic(one, labels)} "
        f"({say.number(one['estimate'], 'share')} of {say.count(one['n'], 'text')})"
        for one in most.to_dict("records")
    ]
    return joined(f"Named most, by source: {say.listed(told, len(told))}.", CHOSE)


@finding_named
def topic_value(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return on which topics most revenue hangs."""
    known = shown(frame).sort_values("estimate", ascending=False, kind="stable")
    if known.empty:
        return NOTHING
    told = [f"{_topic(one, labels)} ({with_limits(one, 'share', arguments)})" for one in _first(known)]
    return (
        f"Of what the commenters paid in the twelve months before, most comes from those who name {say.listed(told)}."
    )


@finding_named
def sentiment_validity(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how far the sound of comments goes with the score."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    record = known.to_dict("records")[0]
    limits = say.interval(record["conf_low"], record["conf_high"], "number")
    reads = (
        "sentiment is not reported" if record["flag"] else "far enough to be reported, too little to replace the score"
    )
    return (
        f"The sound of {say.count(record['n'], 'English comment')} correlates with the score of their writers by "
        f"{say.number(record['estimate'], 'number')} ({limits}): {reads}."
    )


@finding_named
def topic_stability(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return of how many topics the parts come out again, and of which they hardly do."""
    counts = frame["verdict"].value_counts()
    text = f"Of {say.count(len(frame), 'topic')} the parts of {counts.get('stable', 0)} come out again"
    if tentative := counts.get("tentative", 0):
        text += f", of {tentative} with other edges"
    unstable = [f"“{name}”" for name in frame[frame["verdict"].eq("unstable")]["topic"]]
    if not unstable:
        return f"{text}; none is lost."
    more = "A topic of many parts may be steadier than they are; read what it names before you use it."
    return joined(f"{text}, of {len(unstable)} hardly: {say.listed(unstable, 5)}.", more)


@finding_named
def topic_owners(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many topics have an owner."""
    if frame.empty:
        return "No topic has an owner yet: `cxresearch topics codebook` lists the topics, for names and owners."
    return f"{say.count(int(frame['topic'].nunique()), 'topic')} {'has' if len(frame) == 1 else 'have'} an owner."


@finding_named
def topics_left_out(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how many comments were not modelled, and why."""
    rows = frames.floats(frame, "rows")
    if frame.empty or not rows.sum():
        return "Every comment was modelled."
    told = [
        f"{say.number(count, 'count')} {LEFT_OUT.get(reason, reason)}"
        for reason, count in zip(frame["reason"], rows, strict=True)
        if count
    ]
    return f"Not modelled: {say.listed(told, 6)}. Redacted comments may still hold names."


def _first(frame: pd.DataFrame) -> list[dict]:
    """Return the first rows as records."""
    return frame.head(MOST_TOPICS).to_dict("records")


def _topic(record: dict, labels: Labels) -> str:
    """Return a topic's name in quotation marks, as its words are the customers' own."""
    return f"“{say.level('topic', record['topic'], labels)}”"
