"""Raking: weights under which every margin has the shares of the population."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxresearch.stats import raking
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.raking import Cap, CrossTable
from cxresearch.weights.diagnostics import checked_cap, levels_table, spread, with_fit
from cxresearch.weights.margins import Levels, MarginName, Margins, base_weights, read

__all__ = ["Auxiliary", "Raked", "cells_of", "post_stratify", "rake"]


@dataclass(frozen=True)
class Auxiliary:
    """What weights were made to meet, row by row.

    Attributes
    ----------
    codes
        One array a margin: (n,) level of each row.
    numbers
        (n, p) numbers whose means were met.
    base
        (n,) weights of the least squares that takes out what these explain.
    """

    codes: tuple[Codes, ...]
    numbers: Floats
    base: Floats

    @property
    def matrix(self) -> Floats:
        """(n, columns) one column a level or number."""
        return np.hstack([*(np.eye(int(code.max()) + 1)[code] for code in self.codes), self.numbers])


@dataclass(frozen=True)
class Raked:
    """Weights, and what they did.

    Attributes
    ----------
    weights
        One a row of the frame, on its index, of mean 1.
    margins
        One row a level of a margin: `variable`, `level`, `n`, `n_customers`, `share` (under the base weights),
        `target`, `achieved`, `gap` (achieved less target), `flag`. Shares are of the rows whose level is known; a
        number has the level "mean", and means in their place.
    diagnostics
        One row: `n`, `n_customers`, `n_eff` (Kish), `design_effect` (n / n_eff), `min` and `max` weight, `iterations`,
        `converged`, `largest_gap` (of the shares), `capped` (share of rows at their limit), `flag`.
    auxiliary
        What the weights were made to meet, for `calibrated_mean`.
    """

    weights: pd.Series
    margins: pd.DataFrame
    diagnostics: pd.DataFrame
    auxiliary: Auxiliary = field(repr=False)


def rake(
    frame: pd.DataFrame,
    margins: Margins,
    *,
    base: str | None = None,
    cap: Cap | None = None,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> Raked:
    """Return weights under which every margin has the shares of the population.

    Parameters
    ----------
    frame
        One row a respondent, never changed. Needs the columns of the margins. Rows in which a margin's column is blank
        keep, together, the share that the base weights give them; the other rows meet the margin among themselves.
    margins
        For each column the shares of its levels, or their counts: `{"plan": {"Basic": 0.7, "Pro": 0.3}}`. A tuple of
        columns is an interlocked margin, whose levels are tuples.
    base
        Column of positive base weights, of which only the ratios matter; None is all ones.
    cap
        Smallest and largest weight allowed, as ratio to the mean weight, held inside the iterations. None is no limit.
    tol
        Largest difference of an achieved share from its target that counts as met.
    max_iter
        Passes over all margins.

    Returns
    -------
    Raked
        `weights`, `margins`, `diagnostics`. Flags: `uneven weights` where they cost over 60 % of the information, `the
        cap leaves gaps`, `the margins cannot all be met` (they contradict each other, or need more passes).

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        If shares do not sum to 1, a level is unknown or has no respondent, base weights are not positive, or the
        weights would leave under a quarter of the answers' information.

    Notes
    -----
    Iterative proportional fitting (Deming and Stephan 1940) on the cells of the cross table; R `survey::rake`. With a
    cap: of all weights within the limits those closest to the base weights (Deville and Särndal 1992, case 7).

    Examples
    --------
    >>> answers = pd.DataFrame({"plan": ["Basic"] * 60 + ["Pro"] * 40})
    >>> raked = rake(answers, {"plan": {"Basic": 0.7, "Pro": 0.3}})
    >>> raked.weights.iloc[[0, 99]].round(3).tolist()
    [1.167, 0.75]
    >>> raked.margins[["level", "n", "share", "achieved"]]
       level   n  share  achieved
    0  Basic  60    0.6       0.7
    1    Pro  40    0.4       0.3
    """
    limits = checked_cap(cap)
    found = read(frame, margins)
    weight = base_weights(frame, base)
    closed = [margin.closed(weight) for margin in found]
    codes, targets = tuple(code for code, _ in closed), [target for _, target in closed]
    table = cells_of(codes, targets, None if cap is None else weight)
    fit = raking.rake(table, targets, weight, cap=limits, tol=tol, max_iter=max_iter)
    count = np.bincount(table.of_row)
    before = count if weight is None else np.bincount(table.of_row, weight)
    parts = [
        levels_table(frame, margin, np.bincount(cell, count), np.bincount(cell, before), achieved)
        for margin, cell, achieved in zip(found, table.levels, fit.achieved, strict=True)
    ]
    levels = pd.concat(parts, ignore_index=True)
    trouble = "" if fit.converged else "the cap leaves gaps" if fit.capped else "the margins cannot all be met"
    # R takes equal weights here after raking, but the base weights after calibration; the numbers agree with it.
    auxiliary = Auxiliary(codes, np.empty((len(frame), 0)), np.ones(len(frame)))
    return Raked(
        pd.Series(fit.weight, frame.index, name="weight"),
        levels,
        with_fit(spread(frame, fit.weight), fit, levels["gap"], trouble),
        auxiliary,
    )


def post_stratify(
    frame: pd.DataFrame, targets: Levels, by: MarginName, *, base: str | None = None, cap: Cap | None = None
) -> Raked:
    """Return weights under which the cells of one table have the shares of the population.

    Parameters
    ----------
    frame
        As for `rake`.
    targets
        Shares or counts of the cells; tuples of levels where `by` has several columns.
    by
        The column, or a tuple of columns.
    base, cap
        As for `rake`.

    Returns
    -------
    Raked
        As from `rake`.

    Raises
    ------
    KeyError, StudyError
        As for `rake`.

    Notes
    -----
    R `survey::postStratify`; raking to a single margin.

    Examples
    --------
    >>> answers = pd.DataFrame({"plan": ["Basic", "Basic", "Pro"]})
    >>> post_stratify(answers, {"Basic": 500, "Pro": 500}, "plan").weights.tolist()
    [0.75, 0.75, 1.5]
    """
    return rake(frame, {by: targets}, base=base, cap=cap)


def cells_of(codes: Sequence[Codes], targets: Sequence[Floats], base: Floats | None) -> CrossTable:
    """Return the cells of the margins; with base weights, rows of different ones are in different cells."""
    sizes = [len(target) for target in targets]
    if base is None:
        return raking.cross_table(codes, sizes)
    values, of_row = np.unique(base, return_inverse=True)
    table = raking.cross_table([*codes, of_row], [*sizes, len(values)])
    return CrossTable(table.of_row, table.levels[:-1])
