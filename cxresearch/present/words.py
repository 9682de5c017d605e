"""Sentences made from protected frames, so that no sentence can tell what a table hides."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.present import (
    employee_words,
    frames,
    high_impact_words,
    insertion_words,
    journey_words,
    link_words,
    loop_words,
    plots,
    quality_words,
    question_plan_words,
    question_words,
    revenue_words,
    segment_words,
    summary_words,
    topic_words,
)
from cxresearch.present import labels as say
from cxresearch.present.figure_words import reading
from cxresearch.present.findings import (
    FINDINGS,
    NOTHING,
    Arguments,
    Labels,
    amount,
    answers_of,
    finding_named,
    group_of,
    joined,
    level_of,
    metric_name,
    nothing_in,
    period_of,
    shown,
    unit_of,
    with_limits,
)
from cxresearch.present.labels import label, level, number, period_label
from cxresearch.present.lines import sequence
from cxresearch.present.payload import ProtectedPayload, group_columns
from cxresearch.present.summary_words import finding_of_row

__all__ = [
    "FINDINGS",
    "alt",
    "employee_words",
    "finding",
    "finding_of_row",
    "high_impact_words",
    "insertion_words",
    "journey_words",
    "label",
    "level",
    "link_words",
    "loop_words",
    "number",
    "period_label",
    "quality_words",
    "question_plan_words",
    "question_words",
    "revenue_words",
    "segment_words",
    "summary_words",
    "topic_words",
]

UNRANKED = "very small base"
SIGNIFICANCE = 0.05
MOST_GROUPS = 4
NPS_SCALE = tuple(range(11))
PICTURES = {
    "estimates": "Dots with intervals",
    "trend": "Lines over time",
    "bars": "Bars",
    "flow": "Descending bars",
    "distribution": "Columns",
    "bridge": "Steps from one level to another",
    "matrix": "Points, one number against another",
    "curves": "Curves",
}


def finding(payload: ProtectedPayload) -> str:
    """Return the sentence above an output, "" where it has none.

    Raises
    ------
    TypeError
        If the payload is not protected.
    KeyError
        If no sentence has the name that it asks for.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"finding: found a {type(payload).__name__}; only what disclosure.protect returns is told.")
    if payload.finding is None:
        return ""
    if payload.finding not in FINDINGS:
        raise KeyError(f"finding: there is no {payload.finding!r}; known are {', '.join(FINDINGS)}.")
    frame = payload.to_frame()
    if frame.empty and payload.finding not in EMPTY_SAYS_SOMETHING:
        return ""
    sentence = FINDINGS[payload.finding](frame, arguments_of(payload), payload.labels)
    if sentence == NOTHING or (not sentence and len(frame) and frames.is_hidden(frame).all()):
        return nothing_in(frame)
    return sentence


# For these an empty frame is good news, which is told.
EMPTY_SAYS_SOMETHING = ("comparability", "duplicates", "journey_gaps", "quarantine", "refusals",
                        "topic_owners")  # fmt: skip


def arguments_of(payload: ProtectedPayload) -> dict[str, Any]:
    """Return a payload's arguments with the periods that its provenance knows and the metric that its method names."""
    known = {name: payload.provenance[name] for name in ("period", "compare_to") if payload.provenance.get(name)}
    return {**known, **payload.arguments}


def alt(payload: ProtectedPayload) -> str:
    """Return what a figure shows, for those who do not see it: its type, what it shows, the range, the finding.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    sentence = finding(payload) or reading(payload)
    frame = payload.to_frame()
    name = plots.value_of(payload)
    values = frames.floats(frame, name)[~frames.is_hidden(frame)].dropna()
    kind = PICTURES.get(payload.kind, "Figure")
    what = f"{kind}: {say.clean(payload.caption) or say.label(name, payload.labels)}."
    if values.empty:
        return joined(what, "No values can be shown.")
    units = frames.units(frame, payload.arguments, name).unique()
    unit = units[0] if len(units) == 1 else "number"
    limits = say.interval(values.min(), values.max(), unit, digits=say.digits_for(values, unit))
    extent = f"{say.count(len(values), 'value')} from {limits}." if len(values) > 1 else ""
    return joined(what, extent, sentence, *plots.notes_of(payload)[:2])


@finding_named
def headline(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return one metric's level, its change where there is one, its target and base."""
    record = frame.iloc[0].to_dict()
    name, unit = metric_name(record, arguments, labels), unit_of(record, arguments)
    if frames.is_change(frame):
        record |= {"change": record["estimate"], "estimate": record["current"], "conf_low": None, "conf_high": None}
    if frames.is_hidden(frame).iloc[0] or pd.isna(record["estimate"]):
        return f"{name} is not reported: too few customers answered."
    when = period_of(record, arguments)
    level_now = f"{name} is {with_limits(record, unit, arguments)}" + (f" in {when}" if when else "")
    moved = _moved(record, arguments, unit)
    return joined(f"{level_now}{moved}.", _against_target(record, arguments, unit), answers_of(record))


def _moved(record: Mapping[str, Any], arguments: Arguments, unit: str) -> str:
    """Return how a level moved and whether the data support it."""
    change, verdict = record.get("change"), str(record.get("verdict") or "")
    before = period_of(record, arguments, "compare_to") or "the period before"
    if verdict == "not comparable":
        return f"; it cannot be compared with {before}"
    if change is None or pd.isna(change):
        return ""
    size = amount(change, unit)
    direction = f"{'up' if change > 0 else 'down'} {size} on {before}"
    if not any(digit in size for digit in "123456789"):
        direction = f"level with {before}"
    support = {"rose": "a rise that the data support", "fell": "a fall that the data support"}.get(verdict)
    if support:
        return f", {direction}: {support}"
    if verdict.startswith("no difference beyond"):
        return f", {direction}: {_margin(verdict, arguments, unit)}"
    return f", {direction}, which the data cannot tell from no change{_detectable(record, unit)}"


def _margin(verdict: str, arguments: Arguments, unit: str) -> str:
    """Return the verdict of equivalence with its margin in words."""
    margin = verdict.removeprefix("no difference beyond").strip()
    try:
        return f"no difference beyond {amount(float(margin), unit)}"
    except ValueError:
        return verdict


def _detectable(record: Mapping[str, Any], unit: str) -> str:
    """Return the change that the data would have shown."""
    smallest = record.get("minimum_detectable")
    return "" if smallest is None or pd.isna(smallest) else f" (±{amount(smallest, unit)} detectable)"


def _against_target(record: Mapping[str, Any], arguments: Arguments, unit: str) -> str:
    """Return how a level stands to its target: met or missed only where the whole interval is."""
    target = record.get("target")
    target = arguments.get("target") if target is None or pd.isna(target) else target
    low, high = record.get("conf_low"), record.get("conf_high")
    if target is None or low is None or high is None or pd.isna(low):
        return ""
    text = f"target of {level_of(float(target), unit, arguments)} is"
    if low >= target or high < target:
        return f"The {text} {'met' if low >= target else 'missed'}."
    return f"Whether the {text} met cannot be told."


@finding_named
def trend(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the last value of each line beside the one before, with breaks and gaps."""
    known = shown(frame)
    if known.empty:
        return NOTHING
    groups = [name for name in group_columns(tuple(frame.columns)) if name != "period" and frame[name].nunique() > 1]
    last = sequence(frame["period"])[-1]
    now = known[known["period"] == last]
    if groups:
        named = [(r["estimate"], group_of(r, groups, labels), unit_of(r, arguments)) for r in now.to_dict("records")]
        told = [f"{name} {level_of(value, unit, arguments)}" for value, name, unit in sorted(named, reverse=True)]
        text = f"In {say.period_label(last)}: {say.listed(told, 6)}." if told else ""
    else:
        text = _last_two(known, last, arguments, labels)
    return joined(text, _breaks(frame), _gaps(frame, known))


def _last_two(known: pd.DataFrame, last: str, arguments: Arguments, labels: Labels) -> str:
    """Return the last value of a single line and the one before it, if no break lies between."""
    records = known.sort_values("period", kind="stable").to_dict("records")
    record = records[-1]
    name, unit = metric_name(record, arguments, labels), unit_of(record, arguments)
    text = f"{name} is {with_limits(record, unit, arguments)} in {say.period_label(record['period'])}"
    if record["period"] != last:
        return f"{name} is not reported for {say.period_label(last)}."
    if len(records) > 1 and frames.NOT_COMPARABLE not in str(record.get("flag")):
        before = records[-2]
        return f"{text}, after {with_limits(before, unit, arguments)} in {say.period_label(before['period'])}."
    return f"{text}."


def _breaks(frame: pd.DataFrame) -> str:
    """Return where the line breaks."""
    found = list(dict.fromkeys(frame.loc[frames.is_broken(frame), "period"]))
    if not found:
        return ""
    return f"The line breaks at {say.listed(map(say.period_label, found))}: values before and after cannot be compared."


def _gaps(frame: pd.DataFrame, known: pd.DataFrame) -> str:
    """Return the periods without data."""
    hidden = set(frame.loc[frames.is_hidden(frame), "period"])
    gone = [period for period in sequence(frame["period"]) if period not in set(known["period"]) | hidden]
    return f"There are no data for {say.listed(map(say.period_label, gone))}." if gone else ""


@finding_named
def change(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what rose, what fell, where one cannot tell, and how many comparisons were made."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].notna() & (frame["verdict"] != "")]
    if known.empty:
        return NOTHING if arguments.get("compare_to") else "There is no earlier period to compare with."
    columns = list(group_columns(tuple(frame.columns)))
    by_metric = "metric" in columns and frame["metric"].nunique() > 1
    records = known.to_dict("records")
    named = [say.level("metric", r["metric"], labels) if by_metric else group_of(r, columns, labels) for r in records]
    found: dict[str, list[str]] = {}
    for name, record in zip(named, records, strict=True):
        verdict = "equal" if str(record["verdict"]).startswith("no difference") else record["verdict"]
        size = amount(_difference(record), unit_of(record, arguments))
        found.setdefault(verdict, []).append(f"{name} ({size})" if verdict in ("rose", "fell") else name)
    subject = "" if by_metric else f"{metric_name(records[0], arguments, labels)} "
    return joined(_verdicts(found, subject, len(records)), _family(frame, arguments))


def _difference(record: Mapping[str, Any]) -> float:
    """Return a row's change."""
    value = record.get("change")
    return record["estimate"] if value is None else value


def _verdicts(found: Mapping[str, list[str]], subject: str, total: int) -> str:
    """Return the verdicts in words, the supported ones with names."""
    link = " for " if subject else " "
    parts = []
    for verdict in ("rose", "higher", "fell", "lower"):
        if verdict in found:
            parts.append(f"{subject.strip()} {verdict}{link}" if subject else f"{verdict}: ")
            parts[-1] = f"{parts[-1].strip()} {say.listed(found[verdict], MOST_GROUPS)}"
    if not parts:
        parts.append("No change is supported by the data" if total > 1 else "The data support no change")
    equal, untold, broken = (len(found.get(name, [])) for name in ("equal", "cannot tell", "not comparable"))
    many = say.number(total, "count")
    if equal:
        parts.append(f"{equal} of {many} {'shows' if equal == 1 else 'show'} no difference beyond the margin")
    if untold:
        parts.append(f"for {untold} of {many} the data cannot tell")
    if broken:
        parts.append(f"{broken} of {many} cannot be compared with before")
    return say.capital("; ".join(parts)) + "."


def _family(frame: pd.DataFrame, arguments: Arguments) -> str:
    """Return how many comparisons were judged together, those that are not shown too."""
    judged = frames.floats(frame, "p_adjusted").notna() | frames.is_hidden(frame)
    size = arguments.get("family") or (int(judged.sum()) if "p_adjusted" in frame.columns else 0)
    return f"Judged together as {say.count(size, 'comparison')}." if size > 1 else ""


@finding_named
def estimates(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the two groups of each segment that differ most clearly, if any two do."""
    columns = [name for name in group_columns(tuple(frame.columns)) if frame[name].nunique(dropna=False) > 1]
    known = shown(frame)
    known = known[[not all(say.is_total(record[name]) for name in columns) for record in known.to_dict("records")]]
    ranked = known[~frames.flags(known).str.contains(UNRANKED)]
    if known.empty or not columns:
        return headline(known, arguments, labels) if len(known) else NOTHING
    outer = columns[:-1]
    parts = ranked.groupby(outer, sort=False, dropna=False) if outer else [((), ranked)]
    told: list[tuple[str, pd.DataFrame]] = []
    alike: list[tuple[str, pd.DataFrame]] = []
    for key, part in parts:
        name = ", ".join(
            say.label(k, labels) if n == "segment" else say.level(n, k, labels) for n, k in zip(outer, key, strict=True)
        )
        if len(part) > 1:
            (told if _clearest(part) else alike).append((name, part))
    sentences = [_difference_of(name, part, columns[-1], arguments, labels) for name, part in told[:MOST_GROUPS]]
    return joined(*sentences, _alike(alike, bool(outer)), _unranked(known, columns[-1], labels))


def _clearest(part: pd.DataFrame) -> tuple[int, int] | None:
    """Return the places of the higher and lower group that differ most clearly, or None where no two do.

    A pair counts if its difference is more than chance gives among that many groups (Tukey and Kramer).
    """
    from scipy.stats import studentized_range

    values = frames.floats(part, "estimate").to_numpy()
    errors = frames.floats(part, "std_error").to_numpy()
    spread = np.sqrt((errors[:, None] ** 2 + errors[None, :] ** 2) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(spread > 0, (values[:, None] - values[None, :]) / spread, 0.0)
    high, low = np.unravel_index(int(distance.argmax()), distance.shape)
    supported = studentized_range.sf(distance[high, low], len(part), np.inf) < SIGNIFICANCE
    return (int(high), int(low)) if supported else None


def _difference_of(name: str, part: pd.DataFrame, column: str, arguments: Arguments, labels: Labels) -> str:
    """Return the two groups that differ most clearly."""
    records, pair = part.to_dict("records"), _clearest(part)
    if pair is None:
        return ""
    texts = [with_limits(records[place], unit_of(records[place], arguments), arguments) for place in pair]
    names = [say.level(column, records[place][column], labels) for place in pair]
    sentence = f"{names[0]}, {texts[0]}, is above {names[1]}, {texts[1]}."
    return f"{name}: {sentence}" if name else say.capital(sentence)


def _alike(parts: list[tuple[str, pd.DataFrame]], named: bool) -> str:
    """Return which groups cannot be told apart."""
    if not parts:
        return ""
    if not named:
        return f"The {say.count(len(parts[0][1]), 'group')} cannot be told apart."
    return f"Within {say.listed(name for name, _ in parts)} the groups cannot be told apart."


def _unranked(known: pd.DataFrame, column: str, labels: Labels) -> str:
    """Return which groups are shown but not ranked."""
    names = [say.level(column, v, labels) for v in known.loc[frames.flags(known).str.contains(UNRANKED), column]]
    return f"Not ranked, under 30 answers: {say.listed(names)}." if names else ""


@finding_named
def distribution(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the shares of promoters, passives and detractors, or the most frequent answer."""
    shares = frames.floats(frame, "share" if "share" in frame.columns else "estimate")
    hidden = bool(frames.is_hidden(frame).any())
    rest = "Answers given by too few customers are not shown." if hidden else ""
    scores = frame[group_columns(tuple(frame.columns))[-1]]
    if tuple(scores) == NPS_SCALE and (parts := _nps_parts(shares)):
        return joined(f"{say.listed(parts)}.", rest)
    if shares.isna().all():
        return NOTHING
    most = shares.idxmax()
    return joined(f"The most frequent answer is {scores[most]} ({say.number(shares[most], 'share')}).", rest)


def _nps_parts(shares: pd.Series) -> list[str]:
    """Return the shares of promoters, passives and detractors, of those whose answers are all shown."""
    groups = (("are promoters (9 or 10)", 9, 11), ("passives (7 or 8)", 7, 9), ("detractors (0 to 6)", 0, 7))
    known = [(words, shares.iloc[first:end]) for words, first, end in groups]
    told = [f"{say.number(part.sum(), 'share')} {words}" for words, part in known if part.notna().all()]
    return told if told and "promoters" in told[0] else []
