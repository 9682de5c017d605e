"""Groups of one sample compared: domains that may overlap, each with its rest or with one another.

Column g of a sparse membership matrix M says who belongs to group g. Row i has weight w_i and answer y_i; its influence
on the mean of g is u_ig = w_i m_ig (y_i - ȳ_g) / W_g. The linearised covariance of two estimates is a quadratic form of
their influences, Σ s·(Lu)·(Lv), with a sparse L that sums rows by sampling unit and by stratum: all groups at once.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csc_array as Members

from cxresearch.stats.design import Codes, Design, Floats
from cxresearch.stats.survey import Estimates, effective_base

__all__ = [
    "Bases",
    "Members",
    "Pairs",
    "Sample",
    "Side",
    "against_rest",
    "bases_of",
    "between",
    "linear_forms",
    "members_of",
]

Mask = npt.NDArray[np.bool_]
# The rest is found by subtraction from the whole: a spread this far below the whole's is rounding error.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Sample:
    """A sample whose groups are compared.

    Attributes
    ----------
    design
        Of the n rows.
    customer
        (n,) code of the customer, whose weights are summed before Kish's effective base; None: each row is one.
    person
        (n,) code of the account, or customer, that is counted; None: each row is one.
    """

    design: Design
    customer: Codes | None = None
    person: Codes | None = None

    @cached_property
    def form(self) -> tuple[sparse.csr_array, Floats]:
        """L and s: the linearised covariance of two estimates with influences u and v is Σ s·(Lu)·(Lv)."""
        blocks, signs = [], []
        for stage in self.design.stages:
            row = np.arange(len(stage.stratum))
            unit = row if stage.unit is None else stage.unit
            centre = np.where(stage.centred, np.sqrt(stage.scale / np.maximum(stage.size, 1)), 0.0)
            blocks.append(sparse.csr_array((np.sqrt(stage.scale[stage.stratum]), (unit, row))))
            blocks.append(sparse.csr_array((centre[stage.stratum], (stage.stratum, row))))
            signs += [np.ones(blocks[-2].shape[0]), -np.ones(blocks[-1].shape[0])]
        return sparse.vstack(blocks, format="csr"), np.concatenate(signs)

    @cached_property
    def crowds(self) -> dict[str, sparse.csr_array | None]:
        """Matrices that sum rows by sampling unit, stratum, customer, person; None where each row is one."""
        stage = self.design.stages[0]
        codes = {"row": None, "unit": stage.unit, "customer": self.customer, "person": self.person}
        codes["stratum"] = stage.stratum
        # Customers are often the sampling units: one matrix then serves both.
        summed = {id(code): None if code is None else _summing(code) for code in codes.values()}
        return {name: summed[id(code)] for name, code in codes.items()}


@dataclass(frozen=True)
class Side:
    """One side of each comparison: its estimates and how many persons it holds."""

    found: Estimates
    persons: Codes


@dataclass(frozen=True)
class Pairs:
    """Comparisons of two groups of one sample.

    Attributes
    ----------
    first, second
        The two sides of each comparison.
    covariance
        (pairs,) linearised covariance of the two means.
    df
        (pairs,) sampling units of both sides together less their strata.
    """

    first: Side
    second: Side
    covariance: Floats
    df: Codes


@dataclass(frozen=True)
class Bases:
    """What groups rest on, whatever their answers.

    Attributes
    ----------
    n, persons, n_units, df
        Rows, persons, sampling units, and these less their strata.
    kish, kish_people
        Kish's effective base of the rows' weights and of the customers' total weights.
    """

    n: Codes
    persons: Codes
    n_units: Codes
    df: Codes
    kish: Floats
    kish_people: Floats


@dataclass(frozen=True)
class _Crowd:
    """How many units (customers, strata …) a group and its rest hold, and Kish's effective base of their weights."""

    inside: Codes
    rest: Codes
    everyone: int
    kish: Floats
    kish_rest: Floats


@dataclass(frozen=True)
class _Answered:
    """The rows that count: weights and centred answers (0 in other rows), and the members among them.

    `row` and `column` are the places of the ones of `inside`; `centre` was subtracted from the answers.
    """

    rows: Mask
    weight: Floats
    answers: Floats
    centre: float
    inside: Members
    column: Codes

    def summed(self, values: Floats) -> Floats:
        """Return the sums of row values over each group's members."""
        sums = np.bincount(self.column, values[self.inside.indices], self.inside.shape[1])
        return sums.astype(np.float64, copy=False)


@dataclass(frozen=True)
class _Moments:
    """Rows, weight, weighted mean and mean squared deviation of each group."""

    n: Codes
    weight: Floats
    mean: Floats
    square: Floats


def members_of(code: Codes, n_groups: int) -> Members:
    """Return the membership matrix of groups that do not overlap; a code of -1 belongs to none.

    Examples
    --------
    >>> members_of(np.array([0, 1, -1, 1]), 2).sum(axis=0)
    array([1., 2.])
    """
    rows = np.flatnonzero(code >= 0)
    return Members((np.ones(len(rows)), (rows, code[rows])), shape=(len(code), n_groups))


def against_rest(y: npt.ArrayLike, members: Members, known: Mask, sample: Sample) -> Pairs:
    """Return each group beside all others of whom it is known whether they belong to it.

    Parameters
    ----------
    y
        (n,) answers, NaN where there is none.
    members
        (n, groups) 1 for members. Groups may overlap.
    known
        (n,) of whom membership is known.
    sample
        Of the n rows.

    Returns
    -------
    Pairs
        One comparison a group: the group first, its rest second.

    Notes
    -----
    Sums over the rest are those over everyone less those over the group, so that thousands of groups cost as much as
    their members together. R: `svyby(~y, ~member, design, svymean, covmat = TRUE)`.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> groups = members_of(np.array([0, 0, 1, 1]), 2)
    >>> found = against_rest([1.0, 0.0, 1.0, 1.0], groups, np.ones(4, dtype=bool), Sample(sample_design(4)))
    >>> found.first.found.estimate, found.second.found.estimate
    (array([0.5, 1. ]), array([1. , 0.5]))
    """
    part = _answered(y, members, known, sample)
    inside, rest = _inside(part), _rest(part)
    variance, variance_rest, covariance = _rest_variances(part, inside, rest, sample)
    crowds = _crowds(part, sample)
    others = {name: replace(one, inside=one.rest, kish=one.kish_rest) for name, one in crowds.items()}
    first = _side(part, inside, variance, crowds)
    second = _side(part, rest, variance_rest, others)
    df = np.full(members.shape[1], crowds["unit"].everyone - crowds["stratum"].everyone)
    return Pairs(first, second, covariance, df)


def between(y: npt.ArrayLike, members: Members, pairs: npt.NDArray[np.intp], sample: Sample) -> Pairs:
    """Return groups beside one another.

    Parameters
    ----------
    y, members, sample
        As for `against_rest`.
    pairs
        (pairs, 2) the columns of the first and of the second group of each comparison.

    Returns
    -------
    Pairs
        One comparison a pair.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> groups = members_of(np.array([0, 0, 1, 1]), 2)
    >>> found = between([1.0, 0.0, 1.0, 1.0], groups, np.array([[0, 1]]), Sample(sample_design(4)))
    >>> found.covariance
    array([0.])
    """
    part = _answered(y, members, np.ones(members.shape[0], dtype=np.bool_), sample)
    inside = _inside(part)
    matrix, sign = sample.form
    influence = part.weight[part.inside.indices] * _away(part, inside.mean)
    units = matrix @ _filled(part.inside, influence / inside.weight[part.column])
    everything = (units.T @ (units.multiply(sign[:, None]))).toarray()
    crowds = _crowds(part, sample)
    side = _side(part, inside, everything.diagonal().copy(), crowds)
    first, second = pairs.T
    shared = _shared(sample.crowds["unit"], part)[first, second], _shared(sample.crowds["stratum"], part)[first, second]
    df = side.found.df[first] + side.found.df[second] - (shared[0] - shared[1])
    return Pairs(_taken(side, first), _taken(side, second), everything[first, second], df.astype(np.intp))


def bases_of(rows: Mask, members: Members, sample: Sample) -> tuple[Bases, Bases]:
    """Return the bases of each group among some rows, and those of its rest.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> groups = members_of(np.array([0, 0, 0, 1]), 2)
    >>> own, rest = bases_of(np.array([True, True, False, True]), groups, Sample(sample_design(4)))
    >>> own.n, rest.n
    (array([2, 1]), array([1, 2]))
    """
    part = _answered(np.where(rows, 0.0, np.nan), members, rows, sample)
    crowds = _crowds(part, sample)

    def side(counts: str, kish: str) -> Bases:
        """Return the bases of one side."""
        n, people, units, strata = (getattr(crowds[name], counts) for name in ("row", "person", "unit", "stratum"))
        return Bases(n, people, units, units - strata, getattr(crowds["row"], kish), getattr(crowds["customer"], kish))

    return side("inside", "kish"), side("rest", "kish_rest")


def linear_forms(columns: sparse.csr_array, sample: Sample) -> Floats:
    """Return the (k, k) linearised covariances of the totals of k columns of row values."""
    matrix, sign = sample.form
    units = (matrix @ columns).tocsc()
    return (units.T @ units.multiply(sign[:, None])).toarray()


def _answered(y: npt.ArrayLike, members: Members, known: Mask, sample: Sample) -> _Answered:
    """Return the rows with an answer of whom membership is known."""
    answers, weight = np.asarray(y, dtype=float), sample.design.weight
    rows = known & ~np.isnan(answers)
    weight = np.where(rows, weight, 0.0)
    answers = np.where(rows, answers, 0.0)
    # Centred answers lose no digits when sums of squares are subtracted.
    centre = float(weight @ answers / weight.sum()) if rows.any() else 0.0
    inside = Members(members, copy=True)
    inside.data = inside.data * rows[inside.indices]
    inside.eliminate_zeros()
    column = np.repeat(np.arange(inside.shape[1]), np.diff(inside.indptr))
    return _Answered(rows, weight, np.where(rows, answers - centre, 0.0), centre, inside, column)


def _inside(part: _Answered) -> _Moments:
    """Return the moments of each group."""
    n, weight = np.diff(part.inside.indptr), part.summed(part.weight)
    mean = _ratio(part.summed(part.weight * part.answers), weight)
    away = _away(part, mean)
    deviations = np.bincount(part.column, part.weight[part.inside.indices] * away * away, len(n))
    return _Moments(n.astype(np.intp), weight, mean, _ratio(deviations, weight))


def _rest(part: _Answered) -> _Moments:
    """Return the moments of each group's rest: everyone's sums less the group's."""
    n = int(part.rows.sum()) - np.diff(part.inside.indptr)
    sums = [part.weight * part.answers**power for power in range(3)]
    weight, first, second = (np.where(n > 0, one.sum() - part.summed(one), 0.0) for one in sums)
    mean = _ratio(first, weight)
    square = _ratio(second, weight) - mean**2
    smallest = ROUNDING * sums[2].sum() / max(part.weight.sum(), np.finfo(float).tiny)
    return _Moments(n.astype(np.intp), weight, mean, np.where(square > smallest, square, np.where(n > 0, 0.0, np.nan)))


def _rest_variances(part: _Answered, inside: _Moments, rest: _Moments, sample: Sample) -> tuple[Floats, Floats, Floats]:
    """Return the variance of each group's mean, of its rest's mean, and their covariance."""
    matrix, sign = sample.form
    weight, mean = part.weight[part.inside.indices], np.nan_to_num(rest.mean)
    own = matrix @ _filled(part.inside, weight * _away(part, inside.mean))
    # The members' influences as if they belonged to the rest, to be taken from those of everyone.
    foreign = matrix @ _filled(part.inside, weight * _away(part, mean))
    ones, values = matrix @ part.weight, matrix @ (part.weight * part.answers)
    of_all = sign @ values**2 - 2 * mean * (sign @ (values * ones)) + mean**2 * (sign @ ones**2)
    own_all, foreign_all = (one.T @ (sign * values) - mean * (one.T @ (sign * ones)) for one in (own, foreign))
    variance = own.multiply(own).T @ sign
    variance_rest = of_all - 2 * foreign_all + foreign.multiply(foreign).T @ sign
    variance_rest = np.where(rest.square > 0, np.maximum(variance_rest, 0.0), 0.0)
    covariance = own_all - own.multiply(foreign).T @ sign
    return (
        _ratio(variance, inside.weight**2),
        _ratio(variance_rest, rest.weight**2),
        _ratio(covariance, inside.weight * rest.weight, empty=0.0),
    )


def _crowds(part: _Answered, sample: Sample) -> dict[str, _Crowd]:
    """Return what each group and its rest hold of rows, sampling units, customers, persons and strata."""
    found = {id(by): _crowd(by, part) for by in {id(by): by for by in sample.crowds.values()}.values()}
    return {name: found[id(by)] for name, by in sample.crowds.items()}


def _crowd(by: sparse.csr_array | None, part: _Answered) -> _Crowd:
    """Return how many units each group and its rest hold; `by` sums rows by unit, None where each row is one."""
    weighted = _filled(part.inside, part.weight[part.inside.indices])
    rows, weight = part.rows.astype(float), part.weight
    counted = part.inside
    if by is not None:
        counted, weighted, rows, weight = by @ counted, by @ weighted, by @ rows, by @ weight
    counted, weighted = counted.tocsc(), weighted.tocsc()
    inside = np.diff(counted.indptr)
    column = np.repeat(np.arange(len(inside)), inside)
    whole = np.bincount(column[counted.data == rows[counted.indices]], minlength=len(inside))
    everyone = int((rows > 0).sum())
    total = weighted.sum(axis=0)
    square = weighted.multiply(weighted).sum(axis=0)
    rest = np.where(everyone > whole, weight.sum() - total, 0.0)
    square_rest = weight @ weight - 2 * (weighted.T @ weight) + square
    kish, kish_rest = _ratio(total**2, square, empty=0.0), _ratio(rest**2, square_rest, empty=0.0)
    return _Crowd(inside.astype(np.intp), everyone - whole, everyone, kish, kish_rest)


def _shared(by: sparse.csr_array | None, part: _Answered) -> Floats:
    """Return how many units two groups have in common, for all pairs of groups."""
    counted = part.inside if by is None else by @ part.inside
    present = (counted > 0).astype(float)
    return (present.T @ present).toarray()


def _side(part: _Answered, found: _Moments, variance: Floats, crowds: dict[str, _Crowd]) -> Side:
    """Return one side of the comparisons."""
    units, people = crowds["unit"].inside, crowds["customer"]
    spread = found.square * _ratio(found.n, found.n - 1)
    known = np.where(units >= 2, np.where(found.square > 0, np.maximum(variance, 0.0), 0.0), np.nan)
    estimates = Estimates(
        n=found.n,
        estimate=found.mean + part.centre,
        variance=known,
        spread=spread,
        df=units - crowds["stratum"].inside,
        n_units=units,
        kish=crowds["row"].kish,
        n_eff=effective_base(spread, known, people.kish),
    )
    return Side(estimates, crowds["person"].inside)


def _taken(side: Side, places: Codes) -> Side:
    """Return some groups of a side."""
    found = {name: getattr(side.found, name)[places] for name in side.found.__dataclass_fields__}
    return Side(Estimates(**found), side.persons[places])


def _away(part: _Answered, mean: Floats) -> Floats:
    """Return each member's answer less a mean of its group's."""
    return part.answers[part.inside.indices] - mean[part.column]


def _filled(members: Members, data: Floats) -> Members:
    """Return a matrix with other values in the places of the members."""
    return Members((data, members.indices, members.indptr), shape=members.shape)


def _summing(code: Codes) -> sparse.csr_array:
    """Return the matrix that sums rows by their code."""
    return sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))))


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike, empty: float = np.nan) -> Floats:
    """Return above / below, and `empty` where below is not positive."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, empty), where=below > 0)
