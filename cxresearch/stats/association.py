"""Whether two categorical questions go together: Rao and Scott's test, McNemar's, Cochran, Mantel and Haenszel's."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_test

__all__ = ["Association", "mantel_haenszel", "mcnemar", "rao_scott"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Association:
    """A test of independence.

    Attributes
    ----------
    statistic
        F of Rao and Scott, else chi-squared.
    df, df_error
        Degrees of freedom; the second is infinite for a chi-squared statistic.
    p_value
        Against independence; missing where nothing can be tested.
    pearson
        Pearson's chi-squared of the weighted table scaled to its rows, before any correction.
    """

    statistic: float
    df: float
    df_error: float
    p_value: float
    pearson: float


def rao_scott(shares: Floats, covariance: Floats, n: int, df: float) -> Association:
    """Return Rao and Scott's second-order corrected test of a weighted table, as an F.

    Parameters
    ----------
    shares
        (rows, columns) weighted shares of the cells, together 1; no row or column is empty.
    covariance
        (cells, cells) their linearised covariances, cells row by row.
    n
        Answers in the table, unweighted.
    df
        Sampling units less strata of the whole design.

    Returns
    -------
    Association
        Statistic, degrees of freedom, p-value; all missing where the table has one row or column, or no variance.

    Notes
    -----
    Pearson's statistic over the trace of the generalised design effects, its degrees of freedom by Satterthwaite
    (Rao & Scott 1984, *Annals of Statistics* 12, 46-60; Thomas & Rao 1987). R: `survey::svychisq(statistic = "F")`; as
    there, the inverse share of an empty cell counts as 0.

    Examples
    --------
    >>> p = np.array([[0.3, 0.2], [0.2, 0.3]])
    >>> simple = (np.diag(p.ravel()) - np.outer(p, p)) / 99
    >>> found = rao_scott(p, simple, 100, 99)
    >>> round(found.pearson, 6), round(found.df, 6), round(found.statistic, 2)
    (4.0, 1.0, 3.96)
    """
    p, expected = shares.ravel(), np.outer(shares.sum(axis=1), shares.sum(axis=0)).ravel()
    missing = Association(np.nan, np.nan, np.nan, np.nan, np.nan)
    if min(shares.shape) < 2 or not (expected > 0).all():
        return missing
    contrasts = _interactions(*shares.shape)
    scaled = contrasts * np.divide(1.0, p, out=np.zeros(len(p)), where=p > 0)[:, None]
    simple = contrasts.T @ scaled / n
    if np.linalg.matrix_rank(simple) < len(simple):
        return missing
    effects = np.linalg.solve(simple, scaled.T @ covariance @ scaled)
    trace, square = np.trace(effects), np.trace(effects @ effects)
    if not (trace > 0 and square > 0 and df >= 1):
        return missing
    pearson = float(n * ((p - expected) ** 2 / expected).sum())
    f, above = pearson / trace, trace**2 / square
    return Association(float(f), float(above), float(above * df), float(stats.f.sf(f, above, above * df)), pearson)


def mcnemar(table: npt.ArrayLike, *, correct: bool = False) -> Association:
    """Return McNemar's test of two yes/no answers of the same people.

    Parameters
    ----------
    table
        (2, 2) counts.
    correct
        Whether to take off 1 for continuity, as R does by default.

    Notes
    -----
    R: `mcnemar.test`.

    Examples
    --------
    >>> round(mcnemar([[794, 150], [86, 570]]).statistic, 3)
    17.356
    """
    found = mcnemar_test(np.asarray(table, dtype=float), exact=False, correction=correct)
    return Association(float(found.statistic), 1.0, np.inf, float(found.pvalue), float(found.statistic))


def mantel_haenszel(tables: npt.ArrayLike, *, correct: bool = False) -> Association:
    """Return the test of Cochran, Mantel and Haenszel: whether two yes/no answers go together within strata.

    Parameters
    ----------
    tables
        (2, 2, strata) counts.
    correct
        Whether to take off 1/2 for continuity, as R does by default.

    Notes
    -----
    R: `mantelhaen.test`.

    Examples
    --------
    >>> round(mantel_haenszel(np.dstack([[[10, 5], [4, 11]], [[8, 6], [5, 9]]])).p_value, 3)
    0.02
    """
    found = StratifiedTable(np.asarray(tables, dtype=float)).test_null_odds(correction=correct)
    return Association(float(found.statistic), 1.0, np.inf, float(found.pvalue), float(found.statistic))


def _interactions(rows: int, columns: int) -> Floats:
    """Return contrasts that span what rows and columns alone do not explain."""
    row, column = (part.ravel() for part in np.indices((rows, columns)))
    main = np.column_stack([np.eye(rows)[row], np.eye(columns)[column][:, 1:]])
    both = np.column_stack([(row == i) & (column == j) for i in range(1, rows) for j in range(1, columns)])
    fitted, *_ = np.linalg.lstsq(main, both.astype(float), rcond=None)
    return both - main @ fitted
