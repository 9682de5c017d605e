"""The register of initiatives: `initiatives.yaml` beside the study file, and what of a study each is about."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch import periods
from cxresearch.schema.initiatives import Initiative, Initiatives
from cxresearch.strict_yaml import StudyError, nearest, read_yaml, shown, validate

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["FILE", "named", "register", "split"]

FILE = "initiatives.yaml"
# Beside segments: what an answer is about, or how it was given.
RECORDS = ("touchpoint", "mode", "language", "team")


def register(study: "StudyData") -> list[Initiative]:
    """Return the initiatives of a study, as its file names them.

    Raises
    ------
    StudyError
        If there is no file, or it says what is not allowed: one sentence that names the place.

    Examples
    --------
    >>> import cxresearch as cx
    >>> [one.id for one in register(cx.load("demo", "2026Q3"))]
    ['bill-redesign', 'app-relaunch', 'repair-callback']
    """
    path = study.definition.folder / FILE
    if not path.is_file():
        raise StudyError(f"{shown(path)}: there is no such file; write into it what was changed, where and when.")
    return validate(Initiatives, read_yaml(path), path).initiatives


def named(study: "StudyData", name: str) -> Initiative:
    """Return one initiative."""
    known = register(study)
    found = next((one for one in known if one.id == name), None)
    if found is None:
        raise StudyError(f"{FILE}: there is no initiative {name!r}; {nearest(name, [one.id for one in known])}.")
    return found


def split(study: "StudyData", initiative: Initiative, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the periods before and after the start; a period in which it began belongs to neither.

    Parameters
    ----------
    study, initiative
        The study and what was changed.
    rows
        The answers to the outcome, all periods.

    Raises
    ------
    StudyError
        If the initiative names no segment or level of the data, or does not begin within them.
    """
    where = f"{FILE}: {initiative.id!r}"
    _refuse_levels(study, initiative, rows, where)
    if study.bounds is None:
        raise StudyError(f"{where}: the study is read without periods, so nothing lies before or after; give a period.")
    if pd.Timestamp(initiative.start) >= study.bounds[1]:
        raise StudyError(
            f"{where} starts on {initiative.start:%Y-%m-%d}, after the end of {study.period}; "
            "what it does can be told when there are answers from after its start."
        )
    known = [
        periods.parse(name, study.definition.fiscal_year_start) for name in sorted(rows["period"].dropna().unique())
    ]
    before = [str(one) for one in known if one is not None and one.end() < initiative.start]
    after = [str(one) for one in known if one is not None and one.start() >= initiative.start]
    for side, found in (("before", before), ("after", after)):
        if not found:
            raise StudyError(
                f"{where} starts on {initiative.start:%Y-%m-%d}; the data hold no whole period {side} that."
            )
    return before, after


def _refuse_levels(study: "StudyData", initiative: Initiative, rows: pd.DataFrame, where: str) -> None:
    """Refuse a segment that the study does not have, and levels that nobody is in."""
    segments = [name for name in (*study.definition.segments, *RECORDS) if name in rows]
    if initiative.segment not in segments:
        raise StudyError(
            f"{where} is about {initiative.segment!r}, which is no segment; {nearest(initiative.segment, segments)}."
        )
    levels = [str(level) for level in rows[initiative.segment].dropna().unique()]
    for level in initiative.levels:
        if level not in levels:
            raise StudyError(f"{where}: {initiative.segment} has no level {level!r}; {nearest(level, levels)}.")
