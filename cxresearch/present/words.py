"""Sentences made from protected frames, so that no sentence can tell what a table hides."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.labels import label, level, number, period_label
from cxresearch.present.payload import Payload, ProtectedPayload

__all__ = ["FINDINGS", "alt", "finding", "label", "level", "number", "period_label"]

Sentence = Callable[[pd.DataFrame, Mapping[str, Any], Mapping[str, str]], str]
FINDINGS: dict[str, Sentence] = {}


def _finding(sentence: Sentence) -> Sentence:
    """Register a function by its name for `finding=`."""
    FINDINGS[sentence.__name__] = sentence
    return sentence


def finding(payload: ProtectedPayload) -> str:
    """Return the sentence above an output, "" where it has none.

    Raises
    ------
    TypeError
        If the payload is not protected.
    """
    if not isinstance(payload, ProtectedPayload):
        raise TypeError(f"finding: found a {type(payload).__name__}; only what disclosure.protect returns is told.")
    if payload.finding is None:
        return ""
    return FINDINGS[payload.finding](payload.to_frame(), _arguments(payload), payload.labels)


def _arguments(payload: Payload) -> dict[str, Any]:
    """Return the arguments with the periods that provenance knows."""
    known = {name: payload.provenance[name] for name in ("period", "compare_to") if payload.provenance.get(name)}
    return {**known, **payload.arguments}


def alt(payload: ProtectedPayload) -> str:
    """Return what a figure shows, in words, for those who do not see it."""
    return " ".join(part for part in (say.clean(payload.caption) + ".", finding(payload)) if part)


@_finding
def headline(frame: pd.DataFrame, arguments: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Return the state of one metric and, where there is one, its change."""
    row = frame.iloc[-1]
    name = say.label(row.get("metric", "nps"), labels)
    if frames.is_hidden(frame).iloc[-1] or pd.isna(row["estimate"]):
        return f"{name} is not reported: too few customers answered."
    unit = say.unit_of(arguments, row.get("metric"))
    limits = say.interval(row["conf_low"], row["conf_high"], unit)
    return f"{name} is {say.number(row['estimate'], unit, signed=unit == 'points')} ({limits})."
