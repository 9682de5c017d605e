"""What no driver model can be made of: too few answers, columns that say nothing or the same. Named in a sentence."""

from typing import TYPE_CHECKING

import numpy as np

from cxresearch.stats.cross_products import cross_products, standardised
from cxresearch.stats.design import Floats
from cxresearch.stats.subsets import swept
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.drivers.regressors import Regressors

__all__ = ["FEWEST", "check_regressors", "joined_names"]

# A model needs this many customers, and this many for each of its columns.
FEWEST, FEWEST_A_COLUMN = 30, 5
# A column of which the others leave less than this share of its variance is taken for a combination of them.
COLLINEAR = 1e-8
# A standard deviation this small beside the largest value is rounding error of one and the same value.
CONSTANT = 1e-12


def check_regressors(found: "Regressors", outcome: str, controls: list[str]) -> None:
    """Refuse answers that cannot carry a model.

    Raises
    ------
    StudyError
        If there are too few customers for the columns, or one sampling unit; if the outcome or a driver is constant;
        or if drivers are duplicates or combinations of one another.
    """
    _check_size(found)
    _check_constant(found, outcome)
    _check_collinear(found, controls)


def joined_names(names: list[str]) -> str:
    """Return names as they stand in a sentence.

    Examples
    --------
    >>> joined_names(["app", "billing", "network"])
    'app, billing and network'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _check_size(found: "Regressors") -> None:
    """Refuse fewer sampling units than the columns need."""
    n, units = len(found.outcome), int(found.unit.max()) + 1
    columns = found.x.shape[1] + found.controls.shape[1]
    if units == 1 < n:
        raise StudyError(f"drivers: all {n:,} answers come from one customer or cluster; a model needs {FEWEST}.")
    if units < (needed := max(FEWEST, FEWEST_A_COLUMN * columns)):
        raise StudyError(
            f"drivers: too few responses, {units:,} customers or clusters have a value in all {columns} columns of the "
            f"model; it needs {needed}."
        )


def _check_constant(found: "Regressors", outcome: str) -> None:
    """Refuse an outcome, driver or control with a single value."""
    if _constant(found.outcome[:, None])[0]:
        raise StudyError(f"{outcome}: all {len(found.outcome):,} complete answers are the same; nothing can drive it.")
    same = _constant(found.x)
    if names := [name for name, places in zip(found.drivers, found.places, strict=True) if same[places].all()]:
        raise StudyError(f"{joined_names(names)}: constant in the complete answers; leave the column out.")
    if _constant(found.controls).any():
        raise StudyError("controls: a column is constant in the complete answers; leave it out.")


def _constant(columns: Floats) -> np.ndarray:
    """Return which columns hold one and the same value."""
    return np.ptp(columns, axis=0) <= CONSTANT * np.abs(columns).max(axis=0, initial=0.0)


def _check_collinear(found: "Regressors", controls: list[str]) -> None:
    """Refuse drivers that are copies or combinations of one another, or of the controls."""
    columns = standardised(np.column_stack([found.controls, found.x]), found.weight)[:, 1:]
    likeness = cross_products(columns, found.weight)
    own = {place: name for name, places in zip(found.drivers, found.places, strict=True) for place in places}
    names = ["the controls"] * found.controls.shape[1] + [own[place] for place in range(found.x.shape[1])]
    for late, early in zip(*np.nonzero(np.tril(1 - likeness**2 < COLLINEAR, -1)), strict=True):
        if names[early] != names[late]:
            raise StudyError(
                f"{names[early]} and {names[late]}: the two hold the same values but for a scale, and no model can "
                "tell them apart; leave one out."
            )
    left = np.array([_left(likeness, place) for place in range(len(names))])
    if (left < COLLINEAR).any():
        tied = list(dict.fromkeys(name for name, share in zip(names, left, strict=True) if share < COLLINEAR))
        raise StudyError(f"{joined_names(tied)}: one of them is the sum of the others but for a scale; leave one out.")


def _left(likeness: Floats, place: int) -> float:
    """Return the share of a column's variance that all others leave."""
    order = [*(other for other in range(len(likeness)) if other != place), place]
    return float(swept(likeness[np.ix_(order, order)], len(order) - 1)[0, 0])
