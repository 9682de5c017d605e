"""Questions as a tab book reads them: single, multi-select, scale, grid, or any number."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cxresearch.metrics.answers import ordered_levels
from cxresearch.metrics.measures import NPS_SCALE, Measure, Scale, numbers
from cxresearch.segments.membership import read_set
from cxresearch.stats.design import Floats
from cxresearch.stats.groups import members_of

__all__ = ["Line", "Question", "lines_of", "read_questions"]

# A numeric column of whole numbers over at most so many points is a scale; a question of more levels is no table.
MOST_POINTS, MOST_LEVELS = 11, 60
# A scale of fewer points has no top-2 beside its top.
NETS_FROM = 4


@dataclass(frozen=True)
class Question:
    """A question of a frame.

    Attributes
    ----------
    name
        What it is called.
    kind
        `single`, `several` (multi-select), `scale` or `number`.
    levels
        Names of its levels.
    values
        (n, levels) 1 for what was chosen; of a number: the number and its square.
    answered
        (n,) who answered.
    points
        (levels,) points of a scale.
    scale
        Lowest and highest answer of a scale.
    """

    name: str
    kind: str
    levels: list[str]
    values: sparse.csr_array
    answered: npt.NDArray[np.bool_]
    points: Floats | None = None
    scale: Scale | None = None


@dataclass(frozen=True)
class Line:
    """One line of a table: a level, a net or a mean, as values of the levels and their squares."""

    part: str
    level: str
    measure: Measure
    values: Floats
    squares: Floats


def read_questions(
    frame: pd.DataFrame, name: str, columns: str | list[str], scales: Mapping[str, Scale]
) -> list[Question]:
    """Return the question of a column, of a multi-select set, or those of a grid of scales.

    Raises
    ------
    KeyError, TypeError, ValueError
        If a column is missing, holds other things than numbers in a set, or has too many levels.
    """
    if isinstance(columns, str):
        return [_of_column(frame, name, columns, scales)]
    if _is_grid(frame, columns):
        return [_of_column(frame, f"{name}: {column}", column, scales) for column in columns]
    found = read_set(frame, name, columns)
    return [Question(name, "several", found.levels, found.members.tocsr(), found.known)]


def lines_of(question: Question) -> list[Line]:
    """Return the lines of a question: its levels; of a scale top-2 and bottom-2, the mean, and the NPS of 0-10."""
    share = Measure(question.name, "share", (0.0, 1.0))
    if question.kind == "number":
        value, square = np.eye(2)
        return [Line("means", "mean", Measure(question.name, "mean"), value, square)]
    levels = np.eye(len(question.levels))
    lines = [Line("cells", level, share, one, one) for level, one in zip(question.levels, levels, strict=True)]
    points = question.points
    if points is None or not len(points):
        return lines
    for net in _nets(points):
        lines.append(Line("nets", net[0], share, net[1], net[1]))
    if question.scale == NPS_SCALE:
        measure = Measure(question.name, "nps", NPS_SCALE)
        votes = measure.votes(pd.Series(points))
        lines.append(Line("nets", "NPS", measure, votes, votes**2))
    return [*lines, Line("means", "mean", Measure(question.name, "mean", question.scale), points, points**2)]


def _nets(points: Floats) -> list[tuple[str, Floats]]:
    """Return the nets of a scale."""
    if len(points) < NETS_FROM:
        return []
    return [("top 2", (points >= points[-2]).astype(float)), ("bottom 2", (points <= points[1]).astype(float))]


def _is_grid(frame: pd.DataFrame, columns: list[str]) -> bool:
    """Return whether several columns are a grid of scales; columns of zeros and ones are a multi-select set."""
    known = [name for name in columns if name in frame]
    if not known or any(not pd.api.types.is_numeric_dtype(frame[name].infer_objects().dtype) for name in known):
        return False
    return not frame[known].isin([0, 1]).where(frame[known].notna(), True).all(axis=None)


def _of_column(frame: pd.DataFrame, name: str, column: str, scales: Mapping[str, Scale]) -> Question:
    """Return the question of one column."""
    if column not in frame:
        raise KeyError(f"rows: the frame has no column {column!r}; name one of its {len(frame.columns)} columns.")
    cells = frame[column].infer_objects()
    if pd.api.types.is_numeric_dtype(cells.dtype) or (column in scales and cells.isna().all()):
        return _of_numbers(numbers(cells, column), name, column, scales)
    code, levels = ordered_levels(cells)
    used = np.unique(code[code >= 0])
    if len(used) > MOST_LEVELS:
        raise ValueError(
            f"rows: {name} has {len(used)} different answers, at most {MOST_LEVELS} make a table; merge some of them."
        )
    place = np.full(len(levels) + 1, -1)
    place[used] = np.arange(len(used))
    code = place[code]
    return Question(
        name, "single", [str(level) for level in levels[used]], members_of(code, len(used)).tocsr(), code >= 0
    )


def _of_numbers(found: Floats, name: str, column: str, scales: Mapping[str, Scale]) -> Question:
    """Return the question of a numeric column: yes or no, a scale, or any number."""
    given = found[~np.isnan(found)]
    answered = ~np.isnan(found)
    scale = scales.get(column) or (NPS_SCALE if column == "nps" else None)
    if scale is None and len(given) and np.isin(given, (0.0, 1.0)).all():
        return Question(name, "several", ["yes"], sparse.csr_array(np.nan_to_num(found)[:, None]), answered)
    whole = bool((given == np.rint(given)).all())
    if scale is None and whole and len(given) and np.ptp(given) < MOST_POINTS:
        scale = float(given.min()), float(given.max())
    if scale is None or not whole or scale[1] - scale[0] >= MOST_LEVELS:
        number = np.nan_to_num(found)
        return Question(name, "number", ["mean"], sparse.csr_array(np.stack([number, number**2], axis=1)), answered)
    outside = int(((given < scale[0]) | (given > scale[1])).sum())
    if outside:
        raise ValueError(
            f"{column}: {outside} of {len(given)} answers are not on {scale[0]:g}–{scale[1]:g}; mend them or the scale."
        )
    points = np.arange(scale[0], scale[1] + 1)
    code = np.where(answered, np.nan_to_num(found) - scale[0], -1).astype(np.intp)
    values = members_of(code, len(points)).tocsr()
    return Question(name, "scale", [f"{point:g}" for point in points], values, answered, points, scale)
