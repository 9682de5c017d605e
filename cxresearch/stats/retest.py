"""Test and retest: what two answers of the same people have in common, and what chance alone does to the second."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from cxresearch.stats.design import Floats

__all__ = ["Retest", "retest"]

# A correlation of exactly 1 leaves no room for a cell off the diagonal.
LARGEST = 0.99
# Under this many answers of a kind the threshold between two kinds is not known.
FEWEST_PAIRS = 30
# Stands for infinity in the distribution function, which takes none.
FAR = 9.0


@dataclass(frozen=True)
class Retest:
    """Two answers of the same people as two cuts of a bivariate normal.

    Attributes
    ----------
    levels
        (k,) answers that occur, ascending.
    correlation
        Polychoric correlation: the reliability of one answer, where nothing happened between the two.
    chance
        (k, k) probability of each second answer (column) given the first (row).
    """

    levels: Floats
    correlation: float
    chance: Floats

    def expected(self, first: Floats, worth: npt.ArrayLike) -> Floats:
        """Return what is expected of the second answer of those who gave some first answers.

        Parameters
        ----------
        first
            (n,) first answers, each one of `levels`.
        worth
            (k,) what each second answer counts, such as 1 for every answer from 7 upwards.
        """
        rows = np.searchsorted(self.levels, first)
        return self.chance[rows] @ np.asarray(worth, dtype=float)


def retest(first: npt.ArrayLike, second: npt.ArrayLike) -> Retest:
    """Return the correlation behind two ordered answers, and what the first tells of the second.

    Parameters
    ----------
    first, second
        (n,) answers of the same people, without gaps; at least 30.

    Raises
    ------
    ValueError
        If the pairs are too few, or one of the answers does not vary.

    Notes
    -----
    Thresholds from the shares of each answer, then the correlation by maximum likelihood: Olsson's two steps (1979,
    *Psychometrika* 44, 443-460); R `polycor::polychor(table(first, second))`. Regression to the mean is the rows of
    `chance`: whoever answered low did so partly by chance, and the chance does not come again (Barnett et al. 2005).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> taste = rng.normal(size=4_000)
    >>> one, two = (np.clip(np.rint(8 + 2 * (0.8 * taste + 0.6 * rng.normal(size=4_000))), 0, 10) for _ in range(2))
    >>> round(retest(one, two).correlation, 1)
    0.6
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    levels = np.unique(np.concatenate([one, two]))
    if len(one) < FEWEST_PAIRS:
        raise ValueError(f"retest: {len(one)} pairs of answers; it takes at least {FEWEST_PAIRS}.")
    if len(np.unique(one)) < 2 or len(np.unique(two)) < 2:
        raise ValueError("retest: one of the two answers is the same for everyone; there is nothing to compare.")
    counts = np.zeros((len(levels), len(levels)))
    np.add.at(counts, (np.searchsorted(levels, one), np.searchsorted(levels, two)), 1.0)
    cuts = [_cuts(counts.sum(axis=axis)) for axis in (1, 0)]

    def misfit(correlation: float) -> float:
        """Return minus the log-likelihood."""
        cells = _cells(cuts[0], cuts[1], correlation)
        return -float((counts * np.log(np.maximum(cells, 1e-300))).sum())

    found = optimize.minimize_scalar(misfit, bounds=(-LARGEST, LARGEST), method="bounded", options={"xatol": 1e-4})
    cells = _cells(cuts[0], cuts[1], found.x)
    total = cells.sum(axis=1, keepdims=True)
    # A first answer that nobody gave tells nothing: its row is that of everyone.
    plain = np.broadcast_to(cells.sum(axis=0), cells.shape)
    chance = np.where(total > 0, cells / np.where(total > 0, total, 1.0), plain)
    return Retest(levels, float(found.x), chance)


def _cuts(counts: Floats) -> Floats:
    """Return the (k + 1,) thresholds that give the shares of k answers under a standard normal."""
    shares = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    return np.clip(stats.norm.ppf(np.clip(shares, 0, 1)), -FAR, FAR)


def _cells(rows: Floats, columns: Floats, correlation: float) -> Floats:
    """Return the (k, k) probabilities of the rectangles between thresholds."""
    grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
    normal = stats.multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])
    below = normal.cdf(grid)
    return np.maximum(np.diff(np.diff(below, axis=0), axis=1), 0.0)
