"""Segments compared: each group against the rest, against one level, or all pairs."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import Columns, Names
from cxresearch.metrics.measures import Scale
from cxresearch.segments.asked import Asked, asked
from cxresearch.segments.contrasts import COMPARED, contrasts, judged, smaller_base
from cxresearch.segments.membership import Named, Segment, named_columns, read_segment
from cxresearch.segments.permuted import Dealer, against_rest_p, between_p
from cxresearch.stats.design import Codes
from cxresearch.stats.groups import against_rest, between
from cxresearch.stats.multiplicity import check_adjustment
from cxresearch.stats.survey import NORMAL_FROM

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["REST", "compare", "rest_contrasts"]

REST, COMPLEMENT, PAIRWISE = "the rest", "complement", "pairwise"
# All pairs of more groups than this are no table that anybody reads.
MOST_PAIRED = 40


def compare(
    answers: "pd.DataFrame | StudyData",
    metric: str,
    by: Named,
    *,
    against: str = COMPLEMENT,
    adjust: str = "bh",
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    customer: str | None = None,
    conf_level: float = 0.95,
    smallest_difference: float | None = None,
    scale: Scale | None = None,
    n_permutations: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how the groups of a segment differ in a metric.

    Parameters
    ----------
    answers
        One row an answer, never changed; `account_id` and `customer_id` are used where present. Or a study, as
        `cx.load` gives it: then its reporting period, scales, design and smallest difference are taken.
    metric
        `nps`, `csat`, `top_box`, `top_2_box`, `ces`, `low_effort`, `fcr`, or a column: of zeros and ones (a share), of
        other numbers (a mean).
    by
        A column; a list of columns, each a segment with a family of its own; or `{name: column}` and `{name: [columns
        of zeros and ones]}`, the latter a multi-select set whose groups overlap. Rows in which a segment is missing
        remain in the sample, but on neither side.
    against
        `complement` (all others), `pairwise`, or the level with which all other levels are compared.
    adjust
        Of the p-values over a segment's comparisons: `none`, `bonferroni`, `holm`, `hochberg`, `hommel`, `bh`, `by`.
    weight, strata, cluster, fpc
        As for `cx.metrics.nps`.
    customer
        Column of the customers' ids, where it bears another name than `customer_id`.
    conf_level
        Coverage of the intervals; `higher` and `lower` need an adjusted p-value under 1 - conf_level.
    smallest_difference
        What matters, in the unit of the metric; without it no claim of "no difference" is made.
    scale
        Lowest and highest answer, where the metric's usual one does not hold.
    n_permutations, seed
        Of the permutation test; 0 takes the large-sample p-value for small bases as well.

    Returns
    -------
    pandas.DataFrame
        One row a comparison: `segment`, `level`, `against` (`the rest` or a level); `n`, `n_customers`, `n_against`,
        `n_customers_against`, `n_eff` (of the level); `value`, `value_against`; `estimate` (their difference),
        `std_error` (linearised), `conf_low`, `conf_high`, `statistic`, `p_value`, `p_adjusted`, `family` (over which it
        was adjusted), `minimum_detectable` (the true difference that a single test finds in 80 of 100 cases),
        `verdict` (`higher`, `lower`, `no difference beyond m`, `cannot tell`, "" where there is nothing to judge) and
        `flag`, by the smaller of the two bases.

    Raises
    ------
    KeyError
        If a column or level is missing.
    TypeError
        If a column that must hold numbers does not.
    ValueError
        If an answer, a weight or an argument is not allowed, or nobody's segment is known.

    Notes
    -----
    The two sides are domains of one sample: their variances and their covariance are linearised over customers, so that
    a customer on both sides, or a respondent in two levels of a multi-select set, counts as one. An NPS is tested after
    adding 3/4 promoter, 3/4 detractor and 3/2 passives to the effective base of each side (Rocks 2016), a share pooled
    (its interval adds one success and one failure), a mean by Welch's t. Bases under 30 are not tested; where the
    smaller is under 100, the p-value comes from permuting customers between the sides.
    R: `svycontrast(svyby(~y, ~level, design, svymean, covmat = TRUE), c(1, -1))`; `pairwise.prop.test(correct =
    FALSE)`; `pairwise.t.test(pool.sd = FALSE)`; `p.adjust`.

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10] * 90 + [3] * 30 + [10] * 50 + [3] * 70, "plan": ["A"] * 120 + ["B"] * 120})
    >>> compare(answers, "nps", "plan")[["level", "against", "estimate", "verdict"]].round(1)
      level   against  estimate verdict
    0     A  the rest      66.7  higher
    1     B  the rest     -66.7   lower
    """
    check_adjustment(adjust)
    columns = Columns(weight, strata, cluster, fpc)
    found = asked(answers, metric, columns, customer, smallest_difference, scale, conf_level)
    parts = []
    for name, source in named_columns(by).items():
        segment = read_segment(found.frame, name, source)
        rows = _compared(found, segment, against, conf_level, n_permutations, seed)
        parts.append(judged(rows, adjust, f"{{n}} comparisons of {name}", conf_level))
    empty = pd.DataFrame(columns=["segment", "level", "against", *COMPARED])
    return pd.concat(parts, ignore_index=True) if parts else empty


def rest_contrasts(
    found: Asked, segment: Segment, family: int, conf_level: float, n_permutations: int, seed: int
) -> pd.DataFrame:
    """Return each group of a segment against its rest, before it is judged; `family` is the number of tests in all."""
    pairs = against_rest(found.votes, segment.members, segment.known, found.sample)
    rows = contrasts(pairs, found.measure, conf_level, found.smallest_difference)
    small = _permutable(rows, smaller_base(pairs), n_permutations)
    dealer = Dealer(found.votes, found.sample, found.measure, n_permutations, seed, family)
    rows.loc[small, "p_value"] = against_rest_p(dealer, pairs, segment.members, segment.known, small)
    return rows


def _compared(
    found: Asked, segment: Segment, against: str, conf_level: float, n_permutations: int, seed: int
) -> pd.DataFrame:
    """Return the comparisons within one segment, before they are judged."""
    if against == COMPLEMENT:
        rows = rest_contrasts(found, segment, len(segment.levels), conf_level, n_permutations, seed)
        return _labelled(rows, segment.name, segment.levels, [REST] * len(rows))
    columns = _pairs(segment, against)
    pairs = between(found.votes, segment.members, columns, found.sample)
    rows = contrasts(pairs, found.measure, conf_level, found.smallest_difference)
    small = _permutable(rows, smaller_base(pairs), n_permutations)
    dealer = Dealer(found.votes, found.sample, found.measure, n_permutations, seed, len(columns))
    rows.loc[small, "p_value"] = between_p(dealer, pairs, segment.members, columns, small)
    first, second = ([segment.levels[place] for place in side] for side in columns.T)
    return _labelled(rows, segment.name, first, second)


def _permutable(rows: pd.DataFrame, base: np.ndarray, n_permutations: int) -> Codes:
    """Return the places of comparisons whose p-value comes from permutation."""
    small = rows["p_value"].notna().to_numpy() & (base < NORMAL_FROM)
    return np.flatnonzero(small & (n_permutations > 0))


def _pairs(segment: Segment, against: str) -> Codes:
    """Return the (pairs, 2) columns of the groups to be compared."""
    levels = segment.levels
    if against == PAIRWISE:
        if len(levels) > MOST_PAIRED:
            raise ValueError(
                f"{segment.name}: {len(levels)} groups make {len(levels) * (len(levels) - 1) // 2} pairs; "
                f"compare against='complement', or merge them to at most {MOST_PAIRED}."
            )
        return np.array([(one, two) for two in range(len(levels)) for one in range(two)], dtype=np.intp).reshape(-1, 2)
    if against not in levels:
        raise KeyError(
            f"against: {segment.name} has no such level; it is 'complement', 'pairwise' or one of {len(levels)} levels."
        )
    reference = levels.index(against)
    others = [place for place in range(len(levels)) if place != reference]
    return np.array([(place, reference) for place in others], dtype=np.intp).reshape(-1, 2)


def _labelled(rows: pd.DataFrame, segment: str, levels: list[str], against: list[str]) -> pd.DataFrame:
    """Return comparisons with their grouping columns first."""
    names = pd.DataFrame({"segment": segment, "level": levels, "against": against}, index=rows.index).astype("str")
    return pd.concat([names, rows], axis=1)
