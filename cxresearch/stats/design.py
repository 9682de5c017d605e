"""How a sample was drawn: weights, strata, clusters and finite populations, as R's `svydesign` reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Design", "Stage", "sample_design", "subset"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Lonely = Literal["adjust", "remove", "fail"]


@dataclass(frozen=True)
class Stage:
    """One stage of sampling.

    Attributes
    ----------
    unit
        (n,) code of the sampling unit of each row; None where every row is its own unit.
    stratum
        (n,) code of the stratum of each row.
    size
        (strata,) units sampled in each stratum.
    fraction
        (strata,) share of the stratum's population that was sampled; 0 for an infinite population.
    scale
        (strata,) factor of the squared unit totals: (1 - fraction) * size / (size - 1), times the sampled fraction of
        the stage above.
    centred
        (strata,) whether unit totals are taken from their stratum's mean; not so for a lonely unit that is adjusted.
    """

    unit: Codes | None
    stratum: Codes
    size: Floats
    fraction: Floats
    scale: Floats
    centred: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """A sample: the weight of each row and the stages in which it was drawn.

    Attributes
    ----------
    weight
        (n,) weights; only their ratios matter for means.
    stages
        The first holds the primary sampling units (PSUs); later ones count only under a finite population.
    """

    weight: Floats
    stages: tuple[Stage, ...]


def sample_design(
    n_rows: int,
    *,
    weight: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | Sequence[npt.ArrayLike] | None = None,
    fpc: npt.ArrayLike | Sequence[npt.ArrayLike] | None = None,
    lonely: Lonely = "adjust",
) -> Design:
    """Return a sampling design, as R's `svydesign(id, strata, weights, fpc, nest = TRUE)`.

    Parameters
    ----------
    n_rows
        Rows of the whole sample, those without an answer as well: domains are taken later.
    weight
        (n,) positive weights; None is all ones.
    strata
        (n,) labels of first-stage strata.
    cluster
        (n,) labels of PSUs, or a list of such arrays, one a stage. Units of one label in two strata are two units.
    fpc
        (n,) population of each row's stratum, counted in sampling units, or the sampled fraction of it (all values at
        most 1); with several stages a list of arrays. None is an infinite population.
    lonely
        What a stratum with a single unit adds, unless it was sampled whole: `adjust` its square about zero, which errs
        to the safe side (R's `survey.lonely.psu = "adjust"`), `remove` nothing; `fail` refuses it (R's default).

    Raises
    ------
    ValueError
        If a finite population is smaller than its sample or not constant in a stratum, or a lonely unit is refused.

    Examples
    --------
    >>> design = sample_design(4, strata=["a", "a", "b", "b"], fpc=[10, 10, 4, 4])
    >>> design.stages[0].fraction
    array([0.2, 0.5])
    """
    clusters: list[npt.ArrayLike | None] = [*_stages(cluster)] or [None]
    populations = [np.asarray(column, dtype=float) for column in _stages(fpc)]
    are_sizes = _are_sizes(populations, len(clusters))
    stratum = np.zeros(n_rows, dtype=np.intp) if strata is None else _codes(strata)
    carried = np.ones(n_rows)
    stages: list[Stage] = []
    for number, labels in enumerate(clusters):
        unit = None if labels is None else _nested(_codes(labels), stratum)
        size = _units_of_strata(unit, stratum)
        population = populations[number] if number < len(populations) else None
        fraction = _fractions(population, are_sizes, stratum, size)
        stages.append(_stage(unit, stratum, size, fraction, carried, lonely))
        carried = carried * fraction[stratum]
        if unit is None or not carried.any():
            break
        stratum = unit
    weights = np.ones(n_rows) if weight is None else np.asarray(weight, dtype=float)
    return Design(weights, tuple(stages))


def subset(design: Design, rows: npt.NDArray[np.bool_] | Codes) -> Design:
    """Return the design of some rows, still of the whole sample's units and strata: R's `subset(design, rows)`."""
    stages = [
        replace(stage, unit=None if stage.unit is None else stage.unit[rows], stratum=stage.stratum[rows])
        for stage in design.stages
    ]
    return Design(design.weight[rows], tuple(stages))


def _stages(columns: npt.ArrayLike | Sequence[npt.ArrayLike] | None) -> list[npt.ArrayLike]:
    """Return one array a stage."""
    if columns is None:
        return []
    several = isinstance(columns, list | tuple) and len(columns) > 0 and np.ndim(columns[0]) == 1
    return list(columns) if several else [columns]  # type: ignore[arg-type,list-item]


def _codes(labels: npt.ArrayLike) -> Codes:
    """Return labels as codes from 0; codes that are dense already are kept as they are."""
    found = np.asarray(labels)
    if found.dtype.kind in "iu" and (not len(found) or (found.min() >= 0 and found.max() <= len(found))):
        return found.astype(np.intp, copy=False)
    return np.unique(found, return_inverse=True)[1]


def _nested(unit: Codes, stratum: Codes) -> Codes:
    """Return unit codes of which none lies in two strata."""
    home = np.zeros(int(unit.max(initial=0)) + 1, dtype=np.intp)
    home[unit] = stratum
    if np.array_equal(home[unit], stratum):
        return unit
    return np.unique(stratum * len(home) + unit, return_inverse=True)[1]


def _units_of_strata(unit: Codes | None, stratum: Codes) -> Floats:
    """Return how many sampling units each stratum holds."""
    n_strata = int(stratum.max(initial=0)) + 1
    if unit is None:
        return np.bincount(stratum, minlength=n_strata).astype(float)
    home = np.full(int(unit.max(initial=0)) + 1, -1)
    home[unit] = stratum
    return np.bincount(home[home >= 0], minlength=n_strata).astype(float)


def _are_sizes(populations: list[Floats], n_stages: int) -> bool:
    """Return whether finite populations are given as sizes, not as sampled fractions; R decides over all stages too."""
    if len(populations) > n_stages:
        raise ValueError(
            f"fpc: found {len(populations)} columns for {n_stages} stage(s) of sampling; give one a stage."
        )
    values = np.concatenate(populations) if populations else np.ones(1)
    if not (values > 0).all():
        raise ValueError("fpc: found missing, zero or negative values; it is a population size or a sampled fraction.")
    if (values > 1).any() and (values < 1).any():
        raise ValueError("fpc: found values above and below 1; give population sizes or sampled fractions, not both.")
    return bool((values > 1).any())


def _fractions(population: Floats | None, are_sizes: bool, stratum: Codes, size: Floats) -> Floats:
    """Return the sampled fraction of each stratum."""
    if population is None:
        return np.zeros(len(size))
    of_stratum = np.full(len(size), np.inf)
    of_stratum[stratum] = population
    if not np.array_equal(of_stratum[stratum], population):
        raise ValueError("fpc: found different values within one stratum; it must be constant in each.")
    fraction = size / of_stratum if are_sizes else np.where(np.isinf(of_stratum), 0.0, of_stratum)
    if (fraction > 1).any():
        raise ValueError(
            f"fpc: {int((fraction > 1).sum())} of {len(size)} strata hold more sampled units than their population; "
            "it counts sampling units (customers, clusters), not weights."
        )
    return fraction


def _stage(
    unit: Codes | None, stratum: Codes, size: Floats, fraction: Floats, carried: Floats, lonely: Lonely
) -> Stage:
    """Return one stage of sampling within strata; `carried` is each row's sampled fraction of the stages above."""
    alone = (size == 1) & (fraction < 1)
    if lonely == "fail" and alone.any():
        raise ValueError(
            f"strata: {int(alone.sum())} of {len(size)} hold one sampling unit; merge them, or use lonely='adjust'."
        )
    centred = ~alone if lonely == "adjust" else np.ones(len(size), dtype=bool)
    correction = np.where(size > 1, size / np.maximum(size - 1, 1), 1.0)
    from_above = np.zeros(len(size))
    from_above[stratum] = carried
    return Stage(unit, stratum, size, fraction, (1 - fraction) * correction * from_above, centred)
