"""One question by one banner as rows of a tab book: estimates, tests against the rest, letters."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.measures import Measure
from cxresearch.metrics.table import result
from cxresearch.segments.contrasts import smaller_base, tested_pairs
from cxresearch.segments.letters import arrows, letters
from cxresearch.segments.membership import Segment
from cxresearch.segments.questions import Line, Question, lines_of
from cxresearch.stats.design import Floats
from cxresearch.stats.differences import two_sided_p
from cxresearch.stats.groups import Bases, Pairs, Sample, Side
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.survey import TESTED_FROM, Estimates
from cxresearch.stats.tables import Table, column_bases, table_of

__all__ = ["EVERYONE", "Marking", "association_rows", "tabulated", "tabulation"]

Places = npt.NDArray[np.intp]
EVERYONE = "all"
NOT_ASKED = "nobody answered"


@dataclass(frozen=True)
class Marking:
    """How differences are marked: `letters` or `complement`, the adjustment, the confidence level."""

    mark: str = "letters"
    adjust: str = "bh"
    conf_level: float = 0.95


def tabulated(question: Question, banner: Segment, sample: Sample, bases: dict[tuple[str, bytes], Bases]) -> Table:
    """Return the totals of a question by a banner with their covariances; `bases` keeps those of equal rows."""
    several = question.kind in ("several", "number")
    used = question.answered & banner.known & (sample.design.weight > 0)
    key = banner.name, used.tobytes()
    if key not in bases:
        bases[key] = column_bases(used, banner.members, sample)
    return table_of(question.values, used, banner.members, bases[key], sample, several=several)


def tabulation(question: Question, banner: Segment, table: Table, marking: Marking) -> pd.DataFrame:
    """Return the rows of a question by a banner: its lines by everyone and each column, with `part` for their frame."""
    lines, order = lines_of(question), np.r_[table.n_columns, np.arange(table.n_columns)]
    alike = {line.measure: [one for one in lines if one.measure == line.measure] for line in lines}
    rows = [_lines(same, table, order, marking) for same in alike.values()]
    if not rows:
        return pd.DataFrame()
    frame = pd.concat(rows, ignore_index=True)
    frame.insert(0, "row", question.name)
    frame.insert(2, "banner", banner.name)
    frame.insert(3, "banner_level", [EVERYONE, *banner.levels] * len(lines))
    base = np.tile(table.totals[-1][order], len(lines))
    frame.insert(frame.columns.get_loc("n_eff") + 1, "weighted_base", base)
    return frame


def association_rows(question: Question, banner: Segment, table: Table) -> list[dict[str, Any]]:
    """Return the tests of a question by a banner: one, or one an item of a multi-select question or banner."""
    levels, n_columns = len(question.levels), table.n_columns
    if question.kind == "number":
        return []
    chosen = np.eye(levels, levels + 1)
    base = np.eye(1, levels + 1, levels)[0]
    rows = {"": chosen}
    if question.kind == "several":
        rows = {name: np.stack([one, base - one]) for name, one in zip(question.levels, chosen, strict=True)}
    columns = {"": np.arange(n_columns)}
    if banner.overlapping:
        columns = {name: np.array([place, n_columns + 1 + place]) for place, name in enumerate(banner.levels)}
    found: list[dict[str, Any]] = []
    for row, contrast in rows.items():
        for column, places in columns.items():
            test = table.association(contrast, places)
            n, people = int(table.bases.n[n_columns]), int(table.bases.persons[n_columns])
            flag = NOT_ASKED if n == 0 else "" if test.p_value == test.p_value else "nothing to compare"
            found.append(
                {"row": question.name, "row_level": row, "banner": banner.name, "banner_level": column}
                | {"n": n, "n_customers": people, "statistic": test.statistic, "df": test.df}
                | {"df_error": test.df_error, "p_value": test.p_value, "flag": flag}
            )
    return found


def _lines(lines: list[Line], table: Table, order: Places, marking: Marking) -> pd.DataFrame:
    """Return lines of one measure, each by everyone and every column."""
    n_columns, measure = table.n_columns, lines[0].measure
    found, covariances = zip(*(table.combined(line.values, line.squares) for line in lines), strict=True)
    persons = np.tile(table.bases.persons[order], len(lines))
    frame = result(_gathered(found, order), persons, measure, marking.conf_level)
    own = np.arange(n_columns)
    statistic, p_value = _tests(table, found, covariances, own, n_columns + 1 + own, measure)
    p_adjusted = np.stack([adjusted_p(one, marking.adjust) for one in p_value])
    for name, values in (("statistic", statistic), ("p_value", p_value), ("p_adjusted", p_adjusted)):
        frame.insert(frame.shape[1] - 1, name, np.pad(values, ((0, 0), (1, 0)), constant_values=np.nan).ravel())
    if marking.mark == "complement":
        marks = [arrows(*one) for one in zip(p_adjusted, statistic, strict=True)]
    else:
        pairs = np.stack(np.triu_indices(n_columns, 1), axis=1)
        pairwise, p_pairs = _tests(table, found, covariances, pairs[:, 0], pairs[:, 1], measure)
        marks = [
            letters(adjusted_p(p, marking.adjust), one, pairs, n_columns)
            for p, one in zip(p_pairs, pairwise, strict=True)
        ]
    words = [word for one in marks for word in ("", *one)]
    frame.insert(frame.shape[1] - 1, "letters", pd.Series(words, dtype="str"))
    frame.insert(0, "row_level", np.repeat([line.level for line in lines], len(order)))
    if table.bases.n[n_columns] == 0:
        frame["flag"] = NOT_ASKED
    return frame.assign(part=np.repeat([line.part for line in lines], len(order)))


def _tests(
    table: Table,
    found: Sequence[Estimates],
    covariances: Sequence[Floats],
    first: Places,
    second: Places,
    measure: Measure,
) -> tuple[Floats, Floats]:
    """Return (lines, pairs) statistics and p-values of pairs of columns; bases under 30 are not tested."""
    persons, shape = table.bases.persons, (len(found), len(first))
    one, other = (Side(_gathered(found, places), np.tile(persons[places], len(found))) for places in (first, second))
    covariance = np.concatenate([matrix[first, second] for matrix in covariances])
    pairs = Pairs(one, other, covariance, np.full(covariance.shape, table.bases.df[table.n_columns]))
    tests = tested_pairs(pairs, measure)
    tested = (smaller_base(pairs) >= TESTED_FROM) & (tests.error > 0)
    p_value = np.where(tested, two_sided_p(tests.statistic, tests.df), np.nan)
    return np.where(tested, tests.statistic, np.nan).reshape(shape), p_value.reshape(shape)


def _gathered(found: Sequence[Estimates], places: Places) -> Estimates:
    """Return the estimates of some columns of several lines, line after line."""
    names = [field.name for field in fields(Estimates)]
    return Estimates(**{name: np.concatenate([getattr(one, name)[places] for one in found]) for name in names})
