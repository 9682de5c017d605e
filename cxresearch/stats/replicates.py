"""Replicates of a sample: how often each row counts in a jackknife or bootstrap draw, and the variance they give."""

from dataclasses import dataclass

import numpy as np

from cxresearch.stats.design import Codes, Floats

__all__ = ["Draws", "bootstrap", "jackknife", "replicate_variance"]


@dataclass(frozen=True)
class Draws:
    """How often each row counts in each replicate.

    Attributes
    ----------
    copies
        (n, replicates).
    scale
        (replicates,) factor of the squared deviations.
    df
        Sampling units less strata.
    """

    copies: Floats
    scale: Floats
    df: int


def jackknife(unit: Codes, stratum: Codes) -> Draws:
    """Return one replicate a sampling unit, without that unit; the others of its stratum stand for it.

    Parameters
    ----------
    unit
        (n,) code 0 … units - 1 of the sampling unit of each row.
    stratum
        (units,) code of the stratum of each unit, each with at least two units.

    Notes
    -----
    JK1 with one stratum, JKn with several: R `survey::as.svrepdesign(type = "JK1" | "JKn")`.

    Examples
    --------
    >>> jackknife(np.array([0, 1, 2]), np.array([0, 0, 0])).copies
    array([[0. , 1.5, 1.5],
           [1.5, 0. , 1.5],
           [1.5, 1.5, 0. ]])
    """
    size = np.bincount(stratum)[stratum]
    kept = np.where(stratum[:, None] == stratum, (size / (size - 1))[None, :], 1.0)
    np.fill_diagonal(kept, 0.0)
    return Draws(kept[unit], (size - 1) / size, len(stratum) - int(stratum.max()) - 1)


def bootstrap(unit: Codes, stratum: Codes, n: int, seed: int) -> Draws:
    """Return replicates of sampling units drawn with replacement, one fewer than each stratum has.

    Parameters
    ----------
    unit, stratum
        As for `jackknife`.
    n
        Replicates.
    seed
        Of the draw.

    Notes
    -----
    Rao and Wu (1988): units count n_h / (n_h - 1) times as often as they were drawn, which gives the variance of a mean
    without bias. R `survey::as.svrepdesign(type = "subbootstrap")`.
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((len(stratum), n))
    for h in range(int(stratum.max()) + 1):
        units = np.flatnonzero(stratum == h)
        times = rng.multinomial(len(units) - 1, np.full(len(units), 1 / len(units)), size=n)
        drawn[units] = times.T * (len(units) / (len(units) - 1))
    return Draws(drawn[unit], np.full(n, 1 / (n - 1)), len(stratum) - int(stratum.max()) - 1)


def replicate_variance(estimates: Floats, scale: Floats) -> Floats:
    """Return the variance of estimates from their (replicates, estimates) values, about their mean as R's `svrVar`.

    Examples
    --------
    >>> replicate_variance(np.array([[1.0], [2.0], [3.0]]), np.full(3, 2 / 3)).round(3)
    array([1.333])
    """
    return scale @ (estimates - estimates.mean(axis=0)) ** 2
