"""Survey estimates with linearised variance, as R's `survey` package makes them: arrays in, arrays out.

Notation of Lumley (2010): row i has weight w_i, stratum h and primary sampling unit (PSU) c. An estimate is described
by the *influence* u_i of each row on it; its variance is that of the sum of the PSUs' totals of u. Subgroups are
domains: all PSUs of the sample count, those without a member as zero.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cxresearch.stats.design import Codes, Design, Floats, Stage, sample_design, subset

__all__ = [
    "Cells",
    "Design",
    "Estimates",
    "base_flag",
    "cells",
    "covariance",
    "domain_means",
    "domain_totals",
    "effective_base",
    "kish",
    "mean_influence",
    "overlap_covariance",
    "sample_design",
    "subset",
]

# Groups with a base under the first are neither tested nor ranked; under the second p-values come from permutation.
TESTED_FROM, NORMAL_FROM = 30, 100
# Bases for reading, on min(n, n_eff): under each limit stands its word.
BASE_WORDS = (
    (1, "no answers"),
    (2, "not reported"),
    (TESTED_FROM, "very small base"),
    (50, "indicative"),
    (NORMAL_FROM, "small base"),
)
# 100 equal weights may give an effective base of 99.99999999999999.
BASE_SLACK = 1e-6
# Bits of a signed integer that hold a number.
MOST_BITS = 63
# A variance this far below the mean square of the answers is rounding error of identical answers.
ROUNDING = 1e-24


@dataclass(frozen=True)
class Cells:
    """Rows gathered by domain and unit.

    Attributes
    ----------
    of_row
        (n,) cell of each row.
    domain, unit
        (cells,) codes of each cell.
    """

    of_row: Codes
    domain: Codes
    unit: Codes

    def total(self, values: Floats) -> Floats:
        """Return the (cells,) sums of row values."""
        return _sums(self.of_row, values, len(self.domain))


@dataclass(frozen=True)
class Estimates:
    """Estimates of each domain.

    Attributes
    ----------
    n
        (domains,) rows.
    estimate, variance
        (domains,) the mean or total and its linearised variance, which is missing with fewer than two PSUs.
    spread
        (domains,) population variance of the answers with n/(n - 1), R's `svyvar`.
    df
        (domains,) PSUs less strata with a row in the domain, R's `degf(subset(...))`.
    n_units
        (domains,) PSUs with a row in the domain.
    kish
        (domains,) Kish's effective base of the rows' weights.
    n_eff
        (domains,) spread / variance, at most Kish's effective base of the customers' total weights.
    """

    n: Codes
    estimate: Floats
    variance: Floats
    spread: Floats
    df: Codes
    n_units: Codes
    kish: Floats
    n_eff: Floats

    @property
    def std_error(self) -> Floats:
        """(domains,) square root of the variance."""
        return np.sqrt(self.variance)

    @property
    def design_effect(self) -> Floats:
        """(domains,) variance over that of as many independent rows: R's `deff = "replace"`."""
        return _ratio(self.variance * self.n, self.spread)


def cells(domain: Codes, unit: Codes) -> Cells:
    """Return the rows gathered by domain and unit.

    Examples
    --------
    >>> cells(np.array([0, 0, 1]), np.array([5, 5, 5])).total(np.array([1.0, 2.0, 4.0]))
    array([3., 4.])
    """
    n_units = int(unit.max(initial=0)) + 1
    found, of_row = _distinct(domain * n_units + unit)
    return Cells(of_row, found // n_units, found % n_units)


def domain_means(
    y: npt.ArrayLike,
    design: Design,
    domain: Codes | None = None,
    n_domains: int = 1,
    *,
    customer: Codes | None = None,
) -> Estimates:
    """Return the weighted mean of each domain with its linearised variance.

    Parameters
    ----------
    y
        (n,) answers, NaN where there is none.
    design
        Of the same n rows.
    domain, n_domains
        (n,) code 0 … n_domains - 1 of each row's domain, -1 for none; one domain of all rows by default.
    customer
        (n,) code of the customer, whose weights are summed before Kish's effective base; None: each row is one.

    Returns
    -------
    Estimates
        One value a domain, NaN where there is no row.

    Notes
    -----
    With W = Σw of the domain, u_i = w_i (y_i - ȳ) / W and v = Σ_h (1 - f_h) n_h / (n_h - 1) Σ_c (u_hc - ū_h)², n_h the
    PSUs of the stratum in the whole sample (Lumley 2010, ch. 2; R `svyby(~y, ~domain, design, svymean)`). The effective
    base is s² / v, at most Kish's of customer totals, and equal to that where v = 0.

    Examples
    --------
    >>> found = domain_means([1.0, 0.0, 1.0, 1.0], sample_design(4))
    >>> found.estimate, found.std_error.round(4), found.n_eff
    (array([0.75]), array([0.25]), array([4.]))
    """
    answers, part, group, person = _answered(y, design, domain, customer)
    n, total = np.bincount(group, minlength=n_domains), _sums(group, part.weight, n_domains)
    mean = _ratio(_sums(group, part.weight * answers, n_domains), total)
    away = answers - mean[group]
    influence = part.weight * away / total[group]
    psu = _unit_cells(part.stages[0], group)
    raw = covariance(influence, influence, part, group, n_domains, psu=psu)
    square = _ratio(_sums(group, part.weight * away * away, n_domains), total)
    tiny = ROUNDING * _ratio(_sums(group, answers * answers, n_domains), n, empty=0.0)
    square, raw = np.where(square > tiny, square, 0.0), np.where(raw > tiny, raw, 0.0)
    spread = square * _ratio(n, n - 1)
    n_units, df = _degrees(part, group, n_domains, psu)
    variance = np.where(n_units >= 2, raw, np.nan)
    of_rows = kish(part.weight, group, n_domains)
    cap = of_rows if person is None else _customer_kish(part, group, n_domains, person, psu)
    return Estimates(n, mean, variance, spread, df, n_units, of_rows, effective_base(spread, variance, cap))


def domain_totals(
    y: npt.ArrayLike,
    design: Design,
    domain: Codes | None = None,
    n_domains: int = 1,
    *,
    customer: Codes | None = None,
) -> Estimates:
    """Return the weighted total Σwy of each domain with its linearised variance.

    Parameters
    ----------
    y, design, domain, n_domains, customer
        As for `domain_means`.

    Returns
    -------
    Estimates
        One value a domain; `estimate` is 0 where there is no row, `n_eff` is Kish's of customer totals.

    Notes
    -----
    The influence of a row is u_i = w_i y_i: R `svyby(~y, ~domain, design, svytotal)`.

    Examples
    --------
    >>> domain_totals([3.0, 5.0], sample_design(2, weight=[10, 10])).estimate
    array([80.])
    """
    means = domain_means(y, design, domain, n_domains, customer=customer)
    answers, part, group, person = _answered(y, design, domain, customer)
    influence = part.weight * answers
    psu = _unit_cells(part.stages[0], group)
    raw = covariance(influence, influence, part, group, n_domains, psu=psu)
    cap = means.kish if person is None else _customer_kish(part, group, n_domains, person, psu)
    total = _sums(group, influence, n_domains)
    return replace(means, estimate=total, variance=np.where(means.n_units >= 2, raw, np.nan), n_eff=cap)


def mean_influence(y: npt.ArrayLike, design: Design, domain: Codes | None = None, n_domains: int = 1) -> Floats:
    """Return the (n,) influence of each row on the mean of its domain; 0 for rows without an answer or a domain."""
    answers = np.asarray(y, dtype=float)
    group = np.zeros(len(answers), dtype=np.intp) if domain is None else domain
    rows = ~np.isnan(answers) & (group >= 0)
    answers, weight, group = answers[rows], design.weight[rows], group[rows]
    total = _sums(group, weight, n_domains)
    mean = _ratio(_sums(group, weight * answers, n_domains), total)
    influence = np.zeros(len(rows))
    influence[rows] = weight * (answers - mean[group]) / total[group]
    return influence


def covariance(
    u: Floats,
    v: Floats,
    design: Design,
    domain: Codes | None = None,
    n_domains: int = 1,
    *,
    psu: Cells | None = None,
) -> Floats:
    """Return, by domain, the linearised covariance of two estimates from the influences u and v of the rows on them.

    Parameters
    ----------
    u, v
        (n,) influences, 0 for rows that play no part in an estimate; u with itself gives a variance.
    design
        Of the same n rows.
    domain, n_domains
        (n,) code of each row, none of them -1; one domain by default, as for two estimates of different subgroups.
    psu
        The rows gathered by domain and PSU, where the caller has them already.

    Notes
    -----
    Σ over stages and strata of scale_h · (Σ_c u_c v_c - Σ_c u_c · Σ_c v_c / n_h): R's `svyrecvar`, and the covariance
    that `svyby(..., covmat = TRUE)` gives to `svycontrast`.

    Examples
    --------
    >>> design = sample_design(4, cluster=[0, 0, 1, 1])
    >>> before, after = np.array([0.5, 0, -0.5, 0]), np.array([0, 0.5, 0, -0.5])
    >>> covariance(before, after, design)
    array([1.])
    """
    group = np.zeros(len(u), dtype=np.intp) if domain is None else domain
    gathered = [psu or _unit_cells(design.stages[0], group)]
    gathered += [_unit_cells(stage, group) for stage in design.stages[1:]]
    total = np.zeros(n_domains)
    for stage, units in zip(design.stages, gathered, strict=True):
        total += _stage_covariance(u, v, stage, group, n_domains, units)
    return total


def overlap_covariance(
    u: Floats,
    v: Floats,
    design: Design,
    domain: Codes,
    n_domains: int,
    *,
    first: npt.NDArray[np.bool_],
    population: Floats | None = None,
) -> Floats:
    """Return, by domain, the covariance between the estimates of two waves that repeat customers cause.

    Parameters
    ----------
    u, v
        (n,) influences on the first wave's estimate (0 in rows of the second) and on the second's (0 in the first).
    design
        Of the rows of both waves together, with an infinite population; its PSUs are customers.
    domain, n_domains
        (n,) code of each row, none of them -1.
    first
        (n,) whether the row belongs to the first wave.
    population
        (n,) PSUs in the population of the row's stratum, infinite where it is; None is infinite everywhere.

    Notes
    -----
    Σ over strata of scale_h · Σ (u_c - ū_h)(v_c - v̄_h) over the PSUs c of both waves, ū_h the mean over the PSUs of the
    first wave in the stratum, v̄_h over those of the second: 0 without repeat customers. Without strata it is what R
    `svyby(~y, ~wave, design, svymean, covmat = TRUE)` gives. For a population of N PSUs, of which the waves drew n₁ and
    n₂ and n₁₂ of them twice, it is multiplied by 1 - n₁n₂/(n₁₂N), not below 0 (Tam 1984, *The American Statistician*
    38, 288-289): independent draws share customers by chance alone, and their means do not move together.

    Examples
    --------
    >>> design = sample_design(4, cluster=[0, 0, 1, 1])
    >>> u, v = np.array([0.5, 0, -0.5, 0]), np.array([0, 0.5, 0, -0.5])
    >>> wave, all_one = np.array([True, False, True, False]), np.zeros(4, dtype=int)
    >>> overlap_covariance(u, v, design, all_one, 1, first=wave, population=np.full(4, 8.0))
    array([0.75])
    """
    stage = design.stages[0]
    if stage.unit is None:
        return np.zeros(n_domains)
    home = np.zeros(int(stage.unit.max(initial=0)) + 1, dtype=np.intp)
    home[stage.unit] = stage.stratum
    seen = [np.bincount(stage.unit[rows], minlength=len(home)) > 0 for rows in (first, ~first)]
    twice = seen[0] & seen[1]
    n1, n2, n12 = (np.bincount(home[who], minlength=len(stage.size)) for who in (*seen, twice))
    units = cells(domain, stage.unit)
    u, v, repeat = units.total(u), units.total(v), twice[units.unit]
    within = cells(units.domain, home[units.unit])
    h = within.unit
    mean_u, mean_v = _ratio(within.total(u), n1[h], empty=0.0), _ratio(within.total(v), n2[h], empty=0.0)
    cross = within.total(u * v) - mean_u * within.total(v * repeat) - mean_v * within.total(u * repeat)
    cross += n12[h] * mean_u * mean_v
    scale = stage.scale * _chance_factor(stage, population, n1, n2, n12)
    return _sums(within.domain, scale[h] * cross, n_domains)


def kish(weight: Floats, domain: Codes | None = None, n_domains: int = 1) -> Floats:
    """Return Kish's effective base (Σw)² / Σw² of each domain; 0 where there is no row.

    Examples
    --------
    >>> kish(np.array([1.0, 1.0, 2.0])).round(3)
    array([2.667])
    """
    group = np.zeros(len(weight), dtype=np.intp) if domain is None else domain
    # Only ratios matter; the largest weight as unit keeps squares of very small or large ones in range.
    share = weight / max(weight.max(initial=0.0), np.finfo(float).tiny)
    total = _sums(group, share, n_domains)
    return _ratio(total * total, _sums(group, share * share, n_domains), empty=0.0)


def base_flag(n: npt.ArrayLike, n_eff: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Return how a base may be read, by min(n, n_eff): the one source of these words.

    Parameters
    ----------
    n, n_eff
        Answers and effective base.

    Returns
    -------
    numpy.ndarray of str
        `no answers` (n = 0), `not reported` (n = 1), then by the smaller of both `very small base` (under 30),
        `indicative` (30-49), `small base` (50-99) and "" (100 and over). Hiding is not decided here.

    Examples
    --------
    >>> base_flag([0, 1, 29, 49, 99, 100, 500], [0, 1, 29, 49, 99, 100, 49.9]).tolist()
    ['no answers', 'not reported', 'very small base', 'indicative', 'small base', '', 'indicative']
    """
    answers = np.asarray(n, dtype=float)
    smaller = np.fmin(answers, np.asarray(n_eff, dtype=float) + BASE_SLACK)
    # Only n decides the first two words: an effective base under 2 does not turn several answers into one.
    base = np.where(answers < 2, answers, np.maximum(smaller, 2.0))
    return np.select([base < limit for limit, _ in BASE_WORDS], [word for _, word in BASE_WORDS], default="")


def _answered(
    y: npt.ArrayLike, design: Design, domain: Codes | None, customer: Codes | None
) -> tuple[Floats, Design, Codes, Codes | None]:
    """Return the rows with an answer in a domain: their answers, design, domain and customer."""
    answers = np.asarray(y, dtype=float)
    group = np.zeros(len(answers), dtype=np.intp) if domain is None else domain
    rows = ~np.isnan(answers) & (group >= 0)
    if rows.all():
        return answers, design, group, customer
    return answers[rows], subset(design, rows), group[rows], None if customer is None else customer[rows]


def _distinct(key: Codes) -> tuple[Codes, Codes]:
    """Return the distinct keys in order and the place of each row's key among them, as `np.unique` does."""
    bits = max(len(key) - 1, 0).bit_length()
    if not len(key) or int(key.max()).bit_length() + bits > MOST_BITS:
        return np.unique(key, return_inverse=True)
    # Sorting key and row number as one integer takes a third of the time of the argsort in np.unique.
    packed = np.sort(key << bits | np.arange(len(key)))
    row, ordered = packed & ((1 << bits) - 1), packed >> bits
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    of_row = np.empty(len(key), dtype=np.intp)
    of_row[row] = np.cumsum(new) - 1
    return ordered[new], of_row


def _unit_cells(stage: Stage, group: Codes) -> Cells | None:
    """Return the rows gathered by domain and sampling unit; None where each row is a unit."""
    return None if stage.unit is None else cells(group, stage.unit)


def _stage_covariance(u: Floats, v: Floats, stage: Stage, group: Codes, n_domains: int, units: Cells | None) -> Floats:
    """Return what one stage adds to the covariance of each domain."""
    stratum, same = stage.stratum, u is v
    if units is not None:
        home = np.zeros(len(units.domain), dtype=np.intp)
        home[units.of_row] = stratum
        u, v = units.total(u), units.total(v)
        group, stratum = units.domain, home
    if len(stage.size) == 1:
        cross, first = _sums(group, u * v, n_domains), _sums(group, u, n_domains)
        second = first if same else _sums(group, v, n_domains)
        return stage.scale[0] * (cross - stage.centred[0] * first * second / max(stage.size[0], 1.0))
    within = cells(group, stratum)
    h = within.unit
    centre = np.where(stage.centred[h], within.total(u) * within.total(v) / stage.size[h], 0.0)
    return _sums(within.domain, stage.scale[h] * (within.total(u * v) - centre), n_domains)


def _degrees(design: Design, group: Codes, n_domains: int, psu: Cells | None) -> tuple[Codes, Codes]:
    """Return the PSUs of each domain, and these less its strata."""
    n_units = np.bincount(group if psu is None else psu.domain, minlength=n_domains)
    stage = design.stages[0]
    if len(stage.size) == 1:
        n_strata = (n_units > 0).astype(np.intp)
    else:
        n_strata = np.bincount(cells(group, stage.stratum).domain, minlength=n_domains)
    return n_units, n_units - n_strata


def _customer_kish(design: Design, group: Codes, n_domains: int, customer: Codes, psu: Cells | None) -> Floats:
    """Return Kish's effective base of customers' total weights."""
    unit = design.stages[0].unit
    by_customer = psu if psu and unit is not None and np.array_equal(customer, unit) else cells(group, customer)
    return kish(by_customer.total(design.weight), by_customer.domain, n_domains)


def effective_base(spread: Floats, variance: Floats, cap: Floats) -> Floats:
    """Return the effective base: spread over variance, at most the cap, and the cap where the variance says nothing."""
    known = np.nan_to_num(variance) > 0
    return np.where(known, np.fmin(_ratio(spread, variance), cap), cap)


def _chance_factor(stage: Stage, population: Floats | None, n1: Codes, n2: Codes, n12: Codes) -> Floats:
    """Return Tam's factor 1 - n₁n₂/(n₁₂N) of each stratum, not below 0."""
    if population is None:
        return np.ones(len(stage.size))
    of_stratum = np.full(len(stage.size), np.inf)
    np.minimum.at(of_stratum, stage.stratum, population)
    return np.clip(1 - _ratio(n1 * n2, n12 * of_stratum, empty=1.0), 0.0, 1.0)


def _sums(group: Codes, values: Floats, n_groups: int) -> Floats:
    """Return the sum of the values of each group."""
    return np.bincount(group, values, n_groups).astype(np.float64, copy=False)


def _ratio(above: npt.ArrayLike, below: npt.ArrayLike, empty: float = np.nan) -> Floats:
    """Return above / below, and `empty` where below is not positive."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(above.shape, empty), where=below > 0)
