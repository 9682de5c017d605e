"""A question by a banner: shares of every cell with all their covariances, from which nets, means and tests follow.

The total of cell (k, g) is T_kg = Σ w_i x_ik m_ig: x says who chose level k, m who belongs to column g. Totals of the
base, of everyone and of "all but g" are sums of these, and every share, net, mean or difference is a smooth function of
them: one matrix of covariances of the totals serves the whole table.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cxresearch.stats.association import Association, rao_scott
from cxresearch.stats.design import Floats
from cxresearch.stats.groups import Bases, Members, Sample, bases_of, linear_forms
from cxresearch.stats.survey import Estimates, effective_base

__all__ = ["Table", "column_bases", "table_of"]

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Table:
    """A question by a banner of G columns; then come everyone (column G) and the rest of each column (G + 1 …).

    Attributes
    ----------
    n_columns
        G.
    totals
        (levels + 1, 2G + 1) weighted totals; the last row is the base.
    covariance
        (levels + 1, 2G + 1, levels + 1, 2G + 1) linearised covariances of the totals.
    bases
        Of the 2G + 1 columns.
    """

    n_columns: int
    totals: Floats
    covariance: Floats
    bases: Bases

    @property
    def shares(self) -> Floats:
        """(levels, 2G + 1) weighted shares of each column; missing in empty columns."""
        base = self.totals[-1]
        return np.divide(self.totals[:-1], base, out=np.full(self.totals[:-1].shape, np.nan), where=base > 0)

    def combined(self, values: Floats, squares: Floats) -> tuple[Estimates, Floats]:
        """Return a mean of values given to the levels, Σ_k c_k p_kg, and the covariances of its (2G + 1) columns.

        Parameters
        ----------
        values, squares
            (levels,) value of each level and its square: 1 and 0 for a net, the points for a mean.
        """
        bases, base = self.bases, self.totals[-1]
        filled = np.where(base > 0, base, np.nan)
        estimate = values @ np.nan_to_num(self.shares) + 0 * filled
        # The influence of the totals on the mean: c_k / W_g on each level, -mean / W_g on the base.
        weights = np.vstack([np.outer(values, 1 / filled), -(estimate / filled)[None]])
        known = np.nan_to_num(weights)
        covariance = np.einsum("kg,kglh,lh->gh", known, self.covariance, known, optimize=True)
        square = np.maximum(squares @ np.nan_to_num(self.shares) - estimate**2, 0.0)
        square = np.where(square > 1e-12 * max(1.0, float(np.abs(squares).max(initial=0.0))), square, 0.0)
        spread = square * bases.n / np.where(bases.n > 1, bases.n - 1, np.nan)
        own = np.where(square > 0, np.maximum(covariance.diagonal(), 0.0), 0.0)
        variance = np.where(bases.n_units >= 2, own, np.nan)
        n_eff = effective_base(spread, variance, bases.kish_people)
        found = Estimates(bases.n, estimate, variance, spread, bases.df, bases.n_units, bases.kish, n_eff)
        return found, covariance

    def association(self, rows: Floats, columns: Places) -> Association:
        """Return Rao and Scott's test of a part of the table.

        Parameters
        ----------
        rows
            (parts, levels + 1) which totals make up each row, as 1 and -1.
        columns
            Places of the columns, which do not overlap.
        """
        everyone = self.n_columns
        totals = rows @ self.totals[:, columns]
        filled, used = totals.sum(axis=1) > 0, totals.sum(axis=0) > 0
        rows, columns, totals = rows[filled], columns[used], totals[filled][:, used]
        part = self.covariance[:, columns][:, :, :, columns]
        covariance = np.einsum("ak,kglh,bl->agbh", rows, part, rows, optimize=True).reshape(totals.size, totals.size)
        weight = totals.sum()
        if not weight > 0:
            return rao_scott(np.zeros((1, 1)), np.zeros((1, 1)), 0, 0)
        shares = totals / weight
        change = (np.eye(totals.size) - np.outer(shares.ravel(), np.ones(totals.size))) / weight
        n, df = int(self.bases.n[everyone]), float(self.bases.df[everyone])
        return rao_scott(shares, change @ covariance @ change.T, n, df)


def table_of(
    values: sparse.csr_array, used: Mask, members: Members, bases: Bases, sample: Sample, *, several: bool
) -> Table:
    """Return a question by a banner.

    Parameters
    ----------
    values
        (n, levels) 1 for the chosen levels, or a number in its only column.
    used
        (n,) who answered the question, and whose column is known.
    members
        (n, G) who belongs to each column of the banner.
    bases
        Of the columns, as `column_bases` gives them.
    sample
        Of the n rows.
    several
        Whether a row may choose several levels, or none.

    Returns
    -------
    Table
        Of the rows that are used.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> from cxresearch.stats.groups import members_of
    >>> plan, answer = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    >>> everyone, sample = np.ones(4, dtype=bool), Sample(sample_design(4))
    >>> chosen, columns = members_of(answer, 2).tocsr(), members_of(plan, 2)
    >>> bases = column_bases(everyone, columns, sample)
    >>> table_of(chosen, everyone, columns, bases, sample, several=False).shares[:, :3]
    array([[0.5 , 0.  , 0.25],
           [0.5 , 1.  , 0.75]])
    """
    weight = np.where(used, sample.design.weight, 0.0)
    everyone = sparse.csr_array(used[:, None].astype(float))
    chosen, inside = values, members.tocsr()
    levels, groups = chosen.shape[1], inside.shape[1]
    # What the sum over levels or columns cannot tell is a column of its own: the base, and everyone.
    overlapping = bool(np.diff(inside.indptr).max(initial=0) > 1) or bool((np.diff(inside.indptr)[used] == 0).any())
    if several:
        chosen = sparse.hstack([chosen, everyone], format="csr")
    if overlapping:
        inside = sparse.hstack([inside, everyone], format="csr")
    cells = _products(chosen, inside, weight)
    row_map, column_map = _row_map(levels, several), _column_map(groups, overlapping)
    shape = chosen.shape[1], inside.shape[1]
    totals = np.asarray(cells.sum(axis=0)).reshape(shape)
    mapped = np.kron(row_map, column_map)
    covariance = mapped @ linear_forms(cells, sample) @ mapped.T
    size = levels + 1, 2 * groups + 1
    return Table(groups, row_map @ totals @ column_map.T, covariance.reshape(*size, *size), bases)


def _products(chosen: sparse.csr_array, inside: sparse.csr_array, weight: Floats) -> sparse.csr_array:
    """Return (n, levels · columns) weighted products of what a row chose and where it belongs."""
    row = np.repeat(np.arange(chosen.shape[0]), np.diff(chosen.indptr))
    held = np.diff(inside.indptr)[row]
    first = np.repeat(np.arange(len(row)), held)
    within = np.arange(len(first)) - np.repeat(np.cumsum(held) - held, held)
    second = inside.indptr[row][first] + within
    data = weight[row][first] * chosen.data[first] * inside.data[second]
    place = chosen.indices[first].astype(np.intp) * inside.shape[1] + inside.indices[second]
    return sparse.csr_array((data, (row[first], place)), shape=(len(weight), chosen.shape[1] * inside.shape[1]))


def _row_map(levels: int, several: bool) -> Floats:
    """Return the map from the totals counted to those of the levels and of the base."""
    return np.eye(levels + 1) if several else np.vstack([np.eye(levels), np.ones(levels)])


def _column_map(groups: int, overlapping: bool) -> Floats:
    """Return the map from the totals counted to those of the columns, of everyone and of each column's rest."""
    own = np.eye(groups, groups + overlapping)
    everyone = np.eye(1, groups + 1, groups)[0] if overlapping else np.ones(groups)
    return np.vstack([own, everyone, everyone - own])


def column_bases(used: Mask, members: Members, sample: Sample) -> Bases:
    """Return the bases of the columns among the rows used, of everyone, and of each column's rest."""
    everyone = Members(used[:, None].astype(float))
    own, rest = bases_of(used, Members(sparse.hstack([members, everyone])), sample)
    joined = {name: np.concatenate([getattr(own, name), getattr(rest, name)[:-1]]) for name in own.__dataclass_fields__}
    return Bases(**joined)
