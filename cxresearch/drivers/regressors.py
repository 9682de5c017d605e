"""From a frame of answers to the arrays of a driver model: outcome, drivers, controls, weights, customers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cxresearch.drivers.refusals import FEWEST, check_regressors, joined_names
from cxresearch.metrics.answers import Answers, Columns, Names, ordered_levels, read_answers
from cxresearch.metrics.measures import NPS_SCALE, Measure, numbers
from cxresearch.stats.design import Codes, Design, Floats, sample_design
from cxresearch.stats.survey import kish
from cxresearch.strict_yaml import StudyError, nearest

__all__ = ["Model", "Regressors", "listed", "read_regressors"]

Model = Literal["ols", "logit", "ordered"]
# A text column with more levels than this is no factor, and an ordered answer with more is a number.
MOST_LEVELS = 12


@dataclass(frozen=True)
class Regressors:
    """The complete answers of a frame.

    Attributes
    ----------
    drivers
        Their names.
    places
        For each driver, which columns of `x` are its own; a factor has one a level but the reference.
    terms
        Name of each column of `x`: the driver's, or `driver: level against reference`.
    members
        (n, k) whether a row counts for a column: all rows for numbers, those of its level for a factor's.
    x, controls
        (n, k) and (n, c) columns of the drivers and of what is always in the model.
    outcome
        (n,) 100 times the vote for `nps`, the numbers of any other column, or codes 0 … K - 1 of its levels.
    weight
        (n,) of mean 1.
    design
        The weights with the customers, or declared clusters, as sampling units.
    unit, person
        (n,) dense codes of the sampling unit, and of the account or customer that is counted.
    n_left_out
        Answers with an outcome that miss a driver or control.
    """

    drivers: list[str]
    places: list[list[int]]
    terms: list[str]
    members: np.ndarray
    x: Floats
    controls: Floats
    outcome: Floats
    weight: Floats
    design: Design
    unit: Codes
    person: Codes
    n_left_out: int

    def bases(self, rows: np.ndarray | None = None) -> dict[str, float]:
        """Return `n`, `n_customers` and `n_eff` (Kish's, of customers' total weights) of some rows."""
        used = slice(None) if rows is None else rows
        person, weight = self.person[used], self.weight[used]
        of_person = np.bincount(person, weight).astype(np.float64)
        n_eff = float(kish(of_person[of_person > 0])[0]) if len(weight) else 0.0
        return {"n": len(weight), "n_customers": len(np.unique(person)), "n_eff": n_eff}


def read_regressors(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    model: Model,
    *,
    weight: str | None = None,
    controls: Sequence[str] = (),
    cluster: Names = None,
) -> Regressors:
    """Return the complete answers of a frame as arrays.

    Raises
    ------
    KeyError, TypeError
        If a column is missing, or the frame or outcome is none.
    StudyError
        If the answers cannot carry the model: too few, constant, duplicate, collinear or empty columns.
    """
    names, held = listed(drivers, "drivers"), listed(controls, "controls", empty=True)
    _check_names(outcome, names, held)
    if model not in get_args(Model):
        raise StudyError(f"model: found {model!r}; it is one of {', '.join(get_args(Model))}.")
    answers = read_answers(frame, _measure(outcome), None, Columns(weight=weight, cluster=cluster))
    columns = {name: _column(frame, name) for name in (*names, *held)}
    rows = _complete(answers, columns, outcome)
    coded = {name: _terms(name, column[rows], frame[name]) for name, column in columns.items()}
    found = _arranged(answers, rows, coded, names, held)
    check_regressors(found, outcome, held)
    return replace(found, outcome=_outcome(found.outcome, outcome, model))


def listed(names: Sequence[str], what: str, *, empty: bool = False) -> list[str]:
    """Return names of columns as a list, each once."""
    found = [names] if isinstance(names, str) else list(names)
    if not found and not empty:
        raise StudyError(f"{what}: found none; name at least one column.")
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise StudyError(f"{what}: {twice!r} is named twice; name each column once.")
    return found


def _check_names(outcome: str, drivers: list[str], controls: list[str]) -> None:
    """Refuse a column that plays two parts."""
    for name in drivers:
        if name == outcome or name in controls:
            part = "the outcome" if name == outcome else "a control"
            raise StudyError(f"drivers: {name!r} is {part} as well; take it out of one of the two.")
    if outcome in controls:
        raise StudyError(f"controls: {outcome!r} is the outcome as well; take it out of one of the two.")


def _measure(outcome: str) -> Measure:
    """Return how the outcome becomes a number: `nps` a vote, any other column itself."""
    return Measure("nps", "nps", NPS_SCALE) if outcome == "nps" else Measure(outcome, "mean")


def _column(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column's numbers, or the codes of a text column's levels, NaN where missing."""
    if name not in frame:
        raise KeyError(f"the responses have no column {name!r}; {nearest(name, list(map(str, frame.columns)))}.")
    if not _is_factor(frame[name]):
        found = numbers(frame[name], name)
        if np.isinf(found).any():
            raise StudyError(f"{name}: {int(np.isinf(found).sum())} values are infinite; mend them in intake.")
        return found
    codes, levels = ordered_levels(frame[name])
    if len(levels) > MOST_LEVELS:
        raise StudyError(
            f"{name}: the column holds {len(levels)} different texts; a factor has at most {MOST_LEVELS} levels: "
            "leave it out, or merge its levels."
        )
    return np.where(codes < 0, np.nan, codes)


def _is_factor(column: pd.Series) -> bool:
    """Return whether a column holds levels and no numbers."""
    cells = column.infer_objects()
    return not pd.api.types.is_numeric_dtype(cells.dtype) and not cells.isna().all()


def _complete(answers: Answers, columns: dict[str, Floats], outcome: str) -> np.ndarray:
    """Return which rows have an outcome and every driver and control; name a column without any."""
    answered = ~np.isnan(answers.votes)
    if not answered.any():
        raise StudyError(f"{outcome}: there is no answer with a positive weight; a model needs {FEWEST} customers.")
    known = {name: ~np.isnan(column) & answered for name, column in columns.items()}
    if empty := [name for name, rows in known.items() if not rows.any()]:
        raise StudyError(f"{joined_names(empty)}: no answer to {outcome} has a value there; leave the column out.")
    rows = np.logical_and.reduce(list(known.values()))
    if not rows.any():
        rarest = min(known, key=lambda name: int(known[name].sum()))
        share = known[rarest].sum() / answered.sum()
        raise StudyError(
            f"drivers: no answer has all of them; {rarest} is the rarest ({share:.0%} of the answers): leave it out, "
            "or prepare the missing values first."
        )
    return rows


def _terms(name: str, values: Floats, column: pd.Series) -> tuple[Floats, list[str], np.ndarray]:
    """Return the columns of a driver, their names and which rows count for each."""
    if not _is_factor(column) or np.ptp(values) == 0:
        return values[:, None], [name], np.ones((len(values), 1), dtype=bool)
    codes, levels = values.astype(np.intp), ordered_levels(column)[1]
    found = np.bincount(codes, minlength=len(levels))
    reference = int(found.argmax())
    places = [place for place in range(len(levels)) if place != reference and found[place]]
    member = codes[:, None] == np.array(places, dtype=np.intp)
    return member.astype(float), [f"{name}: {levels[place]} against {levels[reference]}" for place in places], member


def _arranged(
    answers: Answers,
    rows: np.ndarray,
    coded: dict[str, tuple[Floats, list[str], np.ndarray]],
    drivers: list[str],
    controls: list[str],
) -> Regressors:
    """Return the arrays of the complete rows."""
    n = int(rows.sum())
    weight = answers.weight[rows] / answers.weight[rows].mean()
    cluster = [np.unique(codes[rows], return_inverse=True)[1] for codes in answers.clusters]
    person = np.arange(n) if answers.unit is None else np.unique(answers.unit[rows], return_inverse=True)[1]
    widths = [coded[name][0].shape[1] for name in drivers]
    ends = np.cumsum([0, *widths])
    return Regressors(
        drivers=drivers,
        places=[list(range(start, end)) for start, end in pairwise(ends)],
        terms=[term for name in drivers for term in coded[name][1]],
        members=np.hstack([coded[name][2] for name in drivers]),
        x=np.hstack([coded[name][0] for name in drivers]),
        controls=np.hstack([np.empty((n, 0)), *(coded[name][0] for name in controls)]),
        outcome=answers.votes[rows],
        weight=weight,
        design=sample_design(n, weight=weight, cluster=cluster or None),
        unit=cluster[0] if cluster else np.arange(n),
        person=person,
        n_left_out=int((~np.isnan(answers.votes)).sum()) - n,
    )


def _outcome(votes: Floats, name: str, model: Model) -> Floats:
    """Return the outcome in the unit of the model: points of NPS, numbers, or codes of ordered levels."""
    levels, codes = np.unique(votes, return_inverse=True)
    if model == "logit" and not np.isin(levels, (0.0, 1.0)).all():
        raise StudyError(f"{name}: a logit model needs an outcome of 0 and 1; use model='ordered', or code it so.")
    if model == "ordered" and len(levels) > MOST_LEVELS:
        raise StudyError(
            f"{name}: found {len(levels)} different values; an ordered model takes at most {MOST_LEVELS}: "
            "use model='ols'."
        )
    if model != "ols":
        return codes.astype(float)
    return votes * 100 if name == "nps" else votes
