"""The register of sentences that `finding=` names, and the small phrases that they share."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say

Arguments = Mapping[str, Any]
Labels = Mapping[str, str]
Sentence = Callable[[pd.DataFrame, Arguments, Labels], str]
FINDINGS: dict[str, Sentence] = {}
NOTHING = "Nothing can be reported: too few customers answered."


def finding_named(sentence: Sentence) -> Sentence:
    """Register a function by its name for `finding=`; a name that is taken is refused."""
    if sentence.__name__ in FINDINGS:
        raise ValueError(f"finding_named: there are two sentences {sentence.__name__!r}; rename one.")
    FINDINGS[sentence.__name__] = sentence
    return sentence


def nothing_in(frame: pd.DataFrame) -> str:
    """Return that nothing can be reported, and why: too few customers, or what the rows' flags say."""
    if frames.is_hidden(frame).any() or "flag" not in frame:
        return NOTHING
    told = frame["flag"].fillna("")
    return f"Nothing can be reported: {told[told.ne('')].iloc[0]}." if told.ne("").any() else NOTHING


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose estimate is there to be told."""
    return frame[~frames.is_hidden(frame) & frames.floats(frame, "estimate").notna()]


def metric_name(record: Mapping[str, Any], arguments: Arguments, labels: Labels) -> str:
    """Return the metric's name, or that it is some score."""
    metric = record.get("metric") or arguments.get("metric")
    return say.label(metric, labels) if isinstance(metric, str) else "The score"


def unit_of(record: Mapping[str, Any], arguments: Arguments) -> str:
    """Return the unit of a row's level."""
    if isinstance(record.get("unit"), str):
        return say.unit_named(record["unit"])
    metric = record.get("metric")
    return say.unit_of(arguments, metric if isinstance(metric, str) else None)


def level_of(value: float, unit: str, arguments: Arguments) -> str:
    """Return a level in its unit; points bear their sign."""
    digits = say.digits_for([value], unit)
    return say.number(value, unit, digits=digits, signed=unit == "points", currency=arguments.get("currency", ""))


def with_limits(record: Mapping[str, Any], unit: str, arguments: Arguments) -> str:
    """Return an estimate and its interval.

    Examples
    --------
    >>> with_limits({"estimate": 27.1, "conf_low": 23.0, "conf_high": 31.2}, "points", {})
    '+27 (23 to 31)'
    """
    text = level_of(record["estimate"], unit, arguments)
    low, high = record.get("conf_low"), record.get("conf_high")
    if low is None or pd.isna(low):
        return text
    limits = say.interval(low, high, unit, digits=say.digits_for([record["estimate"]], unit))
    return f"{text} ({limits})"


def amount(difference: float, unit: str) -> str:
    """Return the size of a difference with its unit.

    Examples
    --------
    >>> amount(-5.9, "points"), amount(1.0, "points"), amount(-0.021, "share"), amount(0.12, "mean")
    ('6 points', '1 point', '2.1 percentage points', '0.12')
    """
    unit = say.unit_of_change(unit)
    size = abs(difference)
    digits = 1 if unit == "points" and 0 < size < 1 else None
    text = say.number(size, unit, digits=digits)
    if unit not in ("points", "percentage points"):
        return text
    return f"{text} {unit[:-1] if text in ('1', '1.0') else unit}"


def period_of(record: Mapping[str, Any], arguments: Arguments, name: str = "period") -> str:
    """Return the period of a row in words, "" where it is not known."""
    period = record.get(name) or arguments.get(name)
    return say.period_label(say.clean(str(period))) if isinstance(period, str) else ""


def answers_of(record: Mapping[str, Any]) -> str:
    """Return a row's base in words."""
    answers, people = record.get("n"), record.get("n_customers")
    if answers is None or pd.isna(answers):
        return ""
    text = say.count(answers, "answer")
    if people is None or pd.isna(people) or people == answers:
        return f"{text}."
    return f"{text} from {say.count(people, 'customer')}."


def group_of(record: Mapping[str, Any], columns: list[str], labels: Labels) -> str:
    """Return the name of a row's group: its levels, without the segment's name."""
    names = [name for name in columns if name not in ("segment", "metric", "survey", "period")]
    found = [say.level(name, record[name], labels) for name in names if not say.is_total(record[name])]
    return ", ".join(found) or "all"


def joined(*sentences: str) -> str:
    """Return sentences as a paragraph."""
    return " ".join(sentence for sentence in sentences if sentence)
