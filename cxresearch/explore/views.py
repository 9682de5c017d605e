"""How a choice can be looked at: over time, by group, as a change, as a bridge; always protected, as in a report."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from cxresearch import metrics, segments
from cxresearch.explore.choices import EVERYONE, Choice
from cxresearch.present import show as present
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.labels import capital, label, level
from cxresearch.present.payload import Grid, Payload
from cxresearch.refusal import Refusal, attempt
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData, load

__all__ = ["VIEWS", "View", "show"]


@dataclass(frozen=True)
class Seen:
    """What a view shows: a result frame, and what `cx.show` is told beside it."""

    frame: pd.DataFrame
    kind: str
    caption: str
    finding: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """A way to look at a choice.

    Attributes
    ----------
    name
        What people read.
    seen
        What it makes of a study and a choice.
    by_group
        Whether one group can be looked at alone.
    """

    name: str
    seen: Callable[[StudyData, Choice], Seen]
    by_group: bool = True


def show(choice: Choice, study: StudyData | Refusal | None = None) -> None:
    """Display a choice, protected as in a report; or, in a sentence, why it cannot be shown.

    Parameters
    ----------
    choice
        What to look at.
    study
        The study, where it is loaded already.

    Examples
    --------
    >>> show(Choice("demo", "2026Q3", segment="plan", group="Gold", view="groups"))
    sentence
    Not reported: nobody of the chosen group answered; choose another group or period.
    """
    study = attempt(load, choice.study, choice.period) if study is None else study
    seen = attempt(_seen, study, choice)
    if isinstance(seen, Refusal):
        present.show(seen, key="explored")
        return
    told = {"study": study, "metric": choice.metric, **seen.arguments}
    present.show(seen.frame, seen.kind, key="explored", caption=seen.caption, finding=seen.finding, **told)


def _seen(study: StudyData, choice: Choice) -> Seen:
    """Return what a view makes of a choice, refusing what no study could show."""
    if choice.view not in VIEWS:
        raise StudyError(f"view: found {choice.view!r}; it is one of {', '.join(VIEWS)}.")
    if choice.segment is None and choice.view != "trend":
        raise StudyError("the study has no segment of 12 groups or fewer; add `segments:` to its study file.")
    return VIEWS[choice.view].seen(study, choice)


def _trend(study: StudyData, choice: Choice) -> Seen:
    """Return the metric by period: of all customers, of each group, or of one group beside all customers."""
    total = metrics.trend(study, choice.metric)
    if choice.segment is None:
        return Seen(total, "trend", f"{_metric(study, choice)} by period, all customers", "trend")
    parts = metrics.trend(study, choice.metric, choice.segment)
    if choice.group != EVERYONE:
        total.insert(1, choice.segment, EVERYONE)
        parts = _one_group(pd.concat([parts, total], ignore_index=True), choice.segment, study, choice)
    return Seen(parts, "trend", f"{_metric(study, choice)} by period: {_who(study, choice)}", "trend")


def _groups(study: StudyData, choice: Choice) -> Seen:
    """Return the metric in each group of the period, with all customers."""
    frame = metrics.by_segment(study, choice.metric, [str(choice.segment)])
    caption = f"{_metric(study, choice)} by group, {level('period', study.period)}: {_who(study, choice)}"
    return Seen(_one_group(frame, "level", study, choice), "estimates", caption, "estimates")


def _changes(study: StudyData, choice: Choice) -> Seen:
    """Return the change of each group since the period before, all of them judged as one family."""
    frame = metrics.change_by_segment(study, choice.metric, [str(choice.segment)])
    caption = f"Change of {_metric(study, choice)} since the period before: {_who(study, choice)}"
    arguments = {"reference": 0, "family": int(frame["p_adjusted"].notna().sum()), "method": "change"}
    return Seen(_one_group(frame, "level", study, choice), "estimates", caption, "change", arguments)


def _bridge(study: StudyData, choice: Choice) -> Seen:
    """Return what the change since the period before is made of."""
    found = segments.bridge(study, choice.metric, str(choice.segment))
    name = label(str(choice.segment), study.definition.labels)
    caption = f"{_metric(study, choice)}: from the period before to {level('period', study.period)}, by {name}"
    arguments = {"band": found.nothing_changed, "method": "bridge"}
    return Seen(segments.waterfall(found), "bridge", caption, "bridge", arguments)


VIEWS: dict[str, View] = {
    "trend": View("Over time", _trend),
    "groups": View("By group", _groups),
    "changes": View("Change by group", _changes),
    "bridge": View("What moved the score", _bridge, by_group=False),
}


def _one_group(frame: pd.DataFrame, column: str, study: StudyData, choice: Choice) -> pd.DataFrame:
    """Return the rows of the chosen group and of all customers, hidden as the whole table hides them.

    Alone, a group would be shown although, beside its neighbours, it would give a hidden one away.
    """
    if choice.group == EVERYONE:
        return frame
    if not frame[column].eq(choice.group).any():
        raise StudyError(f"{choice.segment}: nobody of the chosen group answered; choose another group or period.")
    whole = Payload(key="whole", kind="record", grid=Grid.of(frame), provenance={"period": study.period})
    seen = protect([whole], Policy.of(study)).payloads[0].to_frame()
    return seen[seen[column].isin([choice.group, EVERYONE])].reset_index(drop=True)


def _metric(study: StudyData, choice: Choice) -> str:
    """Return the metric as people read it."""
    return label(choice.metric, study.definition.labels)


def _who(study: StudyData, choice: Choice) -> str:
    """Return the groups as people read them."""
    name = label(str(choice.segment), study.definition.labels)
    if choice.group == EVERYONE:
        return f"all groups of {name}"
    return capital(f"{name}, {level(str(choice.segment), choice.group, study.definition.labels)} beside all customers")
