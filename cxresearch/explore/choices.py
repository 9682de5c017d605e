"""What can be looked at: studies, their quarters and metrics, their segments and groups."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cxresearch.metrics.measures import named_measures
from cxresearch.metrics.sources import surveys_of
from cxresearch.study import load_study, project_root
from cxresearch.study_data import asked

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["EVERYONE", "Choice", "groups", "metrics", "quarters", "studies"]

# In place of a group: all groups of the segment side by side.
EVERYONE = "all"


@dataclass(frozen=True)
class Choice:
    """What is looked at.

    Attributes
    ----------
    study
        A name under `data/`, or the path of a study.yaml.
    period
        `2026Q3`, or any other period that `cx.load` takes.
    metric
        As for `cx.metrics.change`.
    segment
        A segment of the study; None where it has none.
    group
        A group of the segment, shown beside all customers; `all` for all groups.
    view
        A name of `VIEWS`.
    """

    study: str | Path
    period: str | None = None
    metric: str = "nps"
    segment: str | None = None
    group: str = EVERYONE
    view: str = "trend"


def studies() -> list[str]:
    """Return the names of the studies under `data/`, in order.

    Examples
    --------
    >>> "demo" in studies()
    True
    """
    return sorted(found.parent.name for found in (project_root() / "data").glob("*/study.yaml"))


def quarters(study: str | Path) -> list[str]:
    """Return the quarters in which a study has answers, the newest first; `all` where answers have no date.

    Raises
    ------
    StudyError
        If the study file or its data are wrong.

    Examples
    --------
    >>> quarters("demo")[:2]
    ['2026Q3', '2026Q2']
    """
    return asked(load_study(study), "quarter")[::-1]


def metrics(study: "StudyData") -> list[str]:
    """Return the metrics that a study asked for, that of its headline first.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.

    Examples
    --------
    >>> from cxresearch.study_data import load
    >>> metrics(load("demo", "2026Q3"))
    ['nps', 'csat', 'top_box', 'top_2_box', 'ces', 'low_effort', 'fcr']
    """
    known = named_measures(study.definition.scales, study.definition.measures)
    return sorted((name for name in known if surveys_of(study, name)), key=lambda name: name != study.primary)


def groups(study: "StudyData", segment: str) -> list[str]:
    """Return the groups of a segment, in order; none where the study does not know it.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    segment
        Its name.

    Examples
    --------
    >>> from cxresearch.study_data import load
    >>> groups(load("demo", "2026Q3"), "plan")
    ['Business', 'Classic', 'Flex', 'Plus', 'Premium']
    """
    answers = study.responses
    return sorted(answers[segment].dropna().astype("str").unique()) if segment in answers else []
