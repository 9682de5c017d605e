"""What is held constant: only what was known on the day of the answer."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["numeric", "refuse_controls"]

MOST_LEVELS = 12


def refuse_controls(study: "StudyData", controls: tuple[str, ...]) -> None:
    """Raise if a control is no column of the answers, or one that may hold what happened after the answer.

    Raises
    ------
    StudyError
        For a column that the answers have from the customer list: the list is of a later day, and who left or changed
        plan since would tell the future. Bands of years since a date are an exception: a first day does not change.
    """
    declared = {*study.definition.responses.columns, *study.definition.drivers}
    for name in controls:
        segment = study.definition.segments.get(name)
        if name not in study.responses:
            raise StudyError(f"controls: the answers have no {name!r}; {nearest(name, sorted(declared))}.")
        if name in declared or (segment and segment.source in declared):
            continue
        if segment and segment.bands and segment.source == "since":
            continue
        raise StudyError(
            f"controls: {name!r} comes from the customer list, which may be of a day after the answer and then tells "
            "the future; bring it into the answers as it was on the day of the invitation."
        )


def numeric(rows: pd.DataFrame, controls: tuple[str, ...]) -> pd.DataFrame:
    """Return controls as numbers: levels as columns of zeros and ones, without their most frequent one; constants go.

    Raises
    ------
    StudyError
        If one has too many levels, and so is no control but a name.

    Examples
    --------
    >>> rows = pd.DataFrame({"mode": ["web", "web", "text"], "age": [30.0, 40.0, 50.0], "same": [1.0, 1.0, 1.0]})
    >>> numeric(rows, ("mode", "age", "same")).to_dict("list")
    {'mode: text': [0.0, 0.0, 1.0], 'age': [30.0, 40.0, 50.0]}
    """
    found: dict[str, pd.Series] = {}
    for name in controls:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column):
            found[name] = column.astype(float)
            continue
        levels = column.value_counts().index
        if len(levels) > MOST_LEVELS:
            raise StudyError(f"controls: {name!r} has {len(levels)} levels; at most {MOST_LEVELS} make a control.")
        found |= {f"{name}: {level}": column.eq(level).astype(float) for level in levels[1:]}
    return pd.DataFrame({name: one for name, one in found.items() if one.nunique() > 1}, index=rows.index)
