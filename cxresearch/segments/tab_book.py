"""The tab book of a study: the questions and banners that a run file lists, each as a crosstab."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from cxresearch.metrics.sources import columns_of
from cxresearch.segments.crosstabs import Crosstab, crosstab

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["tab_book"]

RELATIONSHIP = "relationship"
# What an entry under `tabs:` of a run file may say.
KEYS = ("rows", "banner", "mark", "adjust", "survey")


def tab_book(study: "StudyData", tabs: Sequence[Mapping[str, Any]] = ()) -> list[Crosstab]:
    """Return the crosstabs of a run, on the answers of the reporting period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    tabs
        As under `tabs:` of a run file; each has `rows` and `banner`, lists of columns and multi-select sets, `drivers`
        meaning all of these, and may have `mark` (`letters` or `complement`), `adjust` and `survey`. Without any, all
        scores, drivers and sets are tabulated by all segments.

    Returns
    -------
    list of Crosstab
        One for each entry.

    Raises
    ------
    KeyError
        If an entry names what the study does not have.
    ValueError
        If an entry has no rows or banner, or a key that is not known.

    Examples
    --------
    >>> import cxresearch as cx
    >>> study = cx.load("demo", period="2026Q3")
    >>> book = tab_book(study, [{"rows": ["csat"], "banner": ["plan"]}])
    >>> book[0].columns["banner_level"].tolist()
    ['Business', 'Classic', 'Flex', 'Plus', 'Premium']
    """
    return [_tab(study, number, dict(entry)) for number, entry in enumerate(tabs or [_usual(study)], start=1)]


def _usual(study: "StudyData") -> dict[str, Any]:
    """Return the entry of a run file that lists none: everything by every segment."""
    rows = [name for name in study.definition.scales if name in study.responses]
    rows += [name for name in ("fcr",) if name in study.responses]
    rows += ["drivers"] * bool(study.definition.drivers) + list(study.definition.responses.sets)
    return {"rows": rows, "banner": study.segments(study.responses)}


def _tab(study: "StudyData", number: int, entry: dict[str, Any]) -> Crosstab:
    """Return the crosstab of one entry."""
    unknown = [key for key in entry if key not in KEYS]
    if unknown:
        raise ValueError(f"tabs, entry {number}: unknown key {unknown[0]!r}; known are {', '.join(KEYS)}.")
    survey = entry.get("survey", RELATIONSHIP)
    answers = study.answers(survey)
    rows, banner = (_columns(study, answers, entry.get(key), f"tabs, entry {number}: {key}") for key in KEYS[:2])
    design = columns_of(study, answers, survey)
    return crosstab(
        answers,
        rows,
        banner,
        weight=design.weight,
        strata=design.strata,
        cluster=design.cluster,
        fpc=design.fpc,
        scales=study.definition.scales | _driver_scales(study),
        mark=entry.get("mark", "letters"),
        adjust=entry.get("adjust", "bh"),
    )


def _columns(study: "StudyData", answers: pd.DataFrame, names: Any, where: str) -> dict[str, str | list[str]]:
    """Return the columns of each question or segment that an entry names."""
    listed = [names] if isinstance(names, str) else list(names or ())
    if not listed:
        raise ValueError(f"{where} is missing; list columns, multi-select sets, or drivers.")
    found: dict[str, str | list[str]] = {}
    for name in listed:
        members = [str(column) for column in answers if str(column).startswith(f"{name}: ")]
        if name == "drivers" and study.definition.drivers:
            found |= {driver: driver for driver in study.definition.drivers if driver in answers}
        elif name in study.definition.responses.sets and members:
            found[name] = members
        elif name in answers:
            found[name] = name
        else:
            raise KeyError(f"{where} names {name!r}, which the answers do not have.")
    return found


def _driver_scales(study: "StudyData") -> dict[str, tuple[float, float]]:
    """Return the scale of each driver."""
    column = study.definition.responses.columns.get("drivers")
    return {} if column is None or column.scale is None else dict.fromkeys(study.definition.drivers, column.scale)
