"""A search through all segments and pairs of segments for the cells that differ, false discoveries controlled."""

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from cxresearch.metrics.answers import Columns, Names
from cxresearch.metrics.measures import Scale
from cxresearch.segments.asked import asked
from cxresearch.segments.comparison import rest_contrasts
from cxresearch.segments.contrasts import COMPARED, judged
from cxresearch.segments.membership import Named, Segment, crossed, named_columns, read_segment
from cxresearch.stats.groups import Members
from cxresearch.stats.multiplicity import check_adjustment

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["screen"]


def screen(
    answers: "pd.DataFrame | StudyData",
    metric: str,
    segments: Named | None = None,
    *,
    adjust: str = "bh",
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    customer: str | None = None,
    conf_level: float = 0.95,
    smallest_difference: float | None = None,
    scale: Scale | None = None,
    n_permutations: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return which groups, and which combinations of two segments, differ from the rest.

    Parameters
    ----------
    answers, metric
        As for `compare`.
    segments
        As `by` of `compare`; of a study all its segments by default.
    adjust
        Over all cells together; `bh` bounds the share of false ones among the cells said to differ.
    weight, strata, cluster, fpc, customer, conf_level, smallest_difference, scale, n_permutations, seed
        As for `compare`.

    Returns
    -------
    pandas.DataFrame
        One row a cell that holds anybody: `segment` (`plan`, or `plan × region`), `level`, then the columns of
        `compare`; before `flag` stands `at_least`, the difference that the interval leaves at the least, 0 where it
        spans 0. Sorted by its size, cells that differ
        first, untested ones last.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `compare`.

    Notes
    -----
    Each cell is compared with everyone else whose segments are known, as `compare` does. All cells are one family.
    Small cells whose p-value comes near the smallest that the permutations can give are dealt again, 20 times a test
    of the family, so that a family of thousands can still find them.

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10, 10, 9, 3] * 60, "plan": ["A", "B"] * 120})
    >>> answers["region"] = ["N", "N", "S", "S"] * 60
    >>> found = screen(answers, "nps", ["plan", "region"])
    >>> found.loc[found["verdict"].isin(["higher", "lower"]), ["segment", "level", "verdict"]].head(2)
             segment  level verdict
    0  plan × region  B × S   lower
    1           plan      A  higher
    """
    check_adjustment(adjust)
    columns = Columns(weight, strata, cluster, fpc)
    found = asked(answers, metric, columns, customer, smallest_difference, scale, conf_level)
    if segments is None:
        if isinstance(answers, pd.DataFrame):
            raise ValueError("segments: none is named; a frame does not know which of its columns are segments.")
        segments = answers.segments(found.frame)
    single = [read_segment(found.frame, name, source) for name, source in named_columns(segments).items()]
    cells = single + [crossed(one, two) for one, two in combinations(single, 2)]
    size = sum(len(cell.levels) for cell in cells)
    if not size:
        return pd.DataFrame(columns=["segment", "level", *COMPARED[:-1], "at_least", "flag"])
    parts = [
        _named(rest_contrasts(found, together, size, conf_level, n_permutations, seed), alike)
        for together, alike in _gathered(cells)
    ]
    family = f"{{n}} cells of {len(single)} segments and their pairs"
    rows = judged(pd.concat(parts, ignore_index=True), adjust, family, conf_level)
    return _ordered(rows)


def _gathered(cells: list[Segment]) -> list[tuple[Segment, list[Segment]]]:
    """Return segments known of the same rows as one, so that all their groups are computed at once."""
    alike: dict[bytes, list[Segment]] = {}
    for cell in cells:
        if cell.levels:
            alike.setdefault(cell.known.tobytes(), []).append(cell)
    gathered = []
    for same in alike.values():
        members = Members(sparse.hstack([cell.members for cell in same]))
        levels = [level for cell in same for level in cell.levels]
        gathered.append((Segment("", levels, members, same[0].known, overlapping=True), same))
    return gathered


def _named(rows: pd.DataFrame, segments: list[Segment]) -> pd.DataFrame:
    """Return comparisons with the segment and level of each first."""
    names = [(segment.name, level) for segment in segments for level in segment.levels]
    labels = pd.DataFrame(names, columns=["segment", "level"], index=rows.index).astype("str")
    return pd.concat([labels, rows], axis=1)


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Return cells in the order of what they differ by at the least."""
    low, high = rows["conf_low"].to_numpy(), rows["conf_high"].to_numpy()
    at_least = np.where(low > 0, low, np.where(high < 0, high, np.where(np.isnan(low), np.nan, 0.0)))
    rows.insert(rows.columns.get_loc("flag"), "at_least", at_least)
    differs = rows["verdict"].isin(["higher", "lower"])
    untested = rows["p_value"].isna()
    keys = pd.DataFrame({"same": ~differs, "untested": untested, "size": -np.abs(at_least), "p": rows["p_value"]})
    return rows.loc[keys.sort_values(list(keys), kind="stable").index].reset_index(drop=True)
