"""What a customer is worth in some months: how many stay, times what those who stay bring."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.economics.monthly import EXPOSED, Monthly, draws, monthly, paid_while_here, staying
from cxresearch.economics.retention import EVERYONE, FEWEST_FOLLOWED, NOT_SEEN
from cxresearch.economics.spells import NPS_GROUP, Spells, spells_after_answers, spells_from_signup
from cxresearch.metrics.table import check_level
from cxresearch.revenue.ledger import covered_months
from cxresearch.stats.design import Floats
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Terms", "Values", "lifetime_value", "terms_of", "values_of"]

STARTS = ("answer", "signup")
FEWEST_CUSTOMERS, A_YEAR = 2, 12
REVENUE_ONLY = "revenue, not margin"


@dataclass(frozen=True)
class Terms:
    """On what terms a customer is valued.

    Attributes
    ----------
    months
        The horizon.
    margin
        Share of revenue that is left after the costs of serving; 1 counts revenue itself.
    discount
        Rate a year at which later money counts less.
    extrapolate
        Whether months that were not seen are filled with the mean month of those that were.
    """

    months: int
    margin: float
    discount: float
    extrapolate: bool

    @property
    def factor(self) -> Floats:
        """(months,) what one unit of revenue in each month counts today."""
        later = (1 + self.discount) ** (-np.arange(1, self.months + 1) / A_YEAR)
        return later * self.margin


@dataclass(frozen=True)
class Values:
    """Value added up to each month, by group.

    Attributes
    ----------
    monthly
        The sums behind it.
    kept
        (groups, months) share still there.
    cumulative
        (groups, months) money of one customer up to each month.
    replicates
        (draws, groups, months) the same of customers drawn again.
    seen
        (groups,) months that were seen with enough customers.
    """

    monthly: Monthly
    kept: Floats
    cumulative: Floats
    replicates: Floats
    seen: Floats


def lifetime_value(
    study: "StudyData", by: str | None = NPS_GROUP, *, months: int = 12, margin: float = 1.0,
    discount: float = 0.1, extrapolate: bool = False, start: str = "answer", survey: str = "relationship",
    conf_level: float = 0.95, n_boot: int = 1000, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Return what one customer is worth in the months after an answer, or after signing up.

    Parameters
    ----------
    study
        A contractual study with `revenue`, and `churned_at` of its customers.
    by
        `nps_group` or another column of the answers; with `start="signup"` a column of the customers. None for all.
    months
        The horizon: value beyond it is not counted.
    margin
        Contribution margin, a share of revenue over 0 and up to 1. By default 1, which values revenue, and says so.
    discount
        Rate a year, 0 or more.
    extrapolate
        Fill months that fewer than 30 customers were seen in: the mean rate of leaving of all months seen, the mean
        bill of the last twelve of them. By default such a group's value is missing.
    start
        `answer`, or `signup` for customers who signed up since the first bills.
    survey
        The survey whose answers start the clock.
    conf_level, n_boot, seed
        Of the percentile interval of a bootstrap by customer or account.

    Returns
    -------
    pandas.DataFrame
        One row for all and for each group: `segment`, `level`, `n` (spells), `n_customers`, `n_eff`, `estimate` (money
        of one customer, study's currency), `std_error`, `conf_low`, `conf_high`, `kept_share` (still there at the
        end), `monthly` (mean bill of a month while there), `top_two_share`, `rest_to_largest` (of what was billed, as
        for `stats.dominance`), `months`, `seen` (months seen), `flag`.

    Raises
    ------
    KeyError, StudyError
        As `retention` does; if there is no revenue, or it sums to nothing.
    ValueError
        If a term cannot be.

    Notes
    -----
    Value = Σ over months of S(m) · r(m) · margin · (1 + discount)^(-m/12): S the share still there, from the monthly
    rates of leaving; r what those still there were billed. This is the partitioned estimator of Lin et al. (1997),
    which stays right when some are followed for a shorter time.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.lifetime_value(cx.load("demo", period="2026Q3"), margin=0.4, n_boot=50)
    >>> found["level"].tolist(), bool((found["conf_low"] < found["estimate"]).all())
    (['all', 'detractors', 'passives', 'promoters'], True)
    """
    check_level(conf_level)
    terms = terms_of(months, margin, discount, extrapolate)
    found = values_of(study, _spells(study, by, start, survey), terms, n_boot, seed)
    low, high = np.quantile(found.replicates[:, :, -1], [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    known = extrapolate | (found.seen >= months)
    total = found.monthly.total()
    bases = {"segment": by or EVERYONE, "level": found.monthly.levels, "n": found.monthly.n.astype(int)}
    bases |= {"n_customers": found.monthly.n_customers.astype(int), "n_eff": found.monthly.n_customers}
    numbers = {"estimate": found.cumulative[:, -1], "std_error": found.replicates[:, :, -1].std(axis=0, ddof=1)}
    numbers |= {"conf_low": low, "conf_high": high, "kept_share": found.kept[:, -1], "monthly": _mean_bill(total)}
    frame = pd.DataFrame(bases | {name: np.where(known, value, np.nan) for name, value in numbers.items()})
    told = pd.DataFrame(map(found.monthly.dominance, range(len(found.monthly.levels))))
    frame = pd.concat([frame, told], axis=1)
    frame = frame.assign(months=months, seen=found.seen.astype(int), flag=_flags(found, terms))
    return frame.astype(dict.fromkeys(("segment", "level", "flag"), "str"))


def terms_of(months: int, margin: float, discount: float, extrapolate: bool) -> Terms:
    """Return terms, refusing what cannot be."""
    if months < 1:
        raise ValueError(f"months: found {months}; the horizon is a whole number of months, 1 or more.")
    if not 0 < margin <= 1:
        raise ValueError(
            f"margin: found {margin:g}; it is a share of revenue over 0 and up to 1, which values revenue."
        )
    if not 0 <= discount < 1:
        raise ValueError(f"discount: found {discount:g}; it is a rate a year of 0 or more and under 1, as in 0.1.")
    return Terms(months, margin, discount, extrapolate)


def values_of(study: "StudyData", spells: Spells, terms: Terms, n_boot: int, seed: int) -> Values:
    """Return the value of each group of spells up to each month, and of customers drawn again."""
    if n_boot < 2:
        raise ValueError(f"n_boot: found {n_boot}; an interval needs 2 draws or more.")
    sums = monthly(study, spells, terms.months)
    if len(sums.unit) < FEWEST_CUSTOMERS:
        raise StudyError(f"lifetime value: {len(sums.unit)} of the customers have bills; an interval needs 2 or more.")
    total = sums.total()
    if not total[0, :, 3].sum() > 0:
        raise StudyError(
            "lifetime value: the bills after the start sum to nothing or less; are refunds alone in `revenue`?"
        )
    seen = sums.seen(FEWEST_FOLLOWED)
    kept, value = _paths(total, seen, terms)
    again = np.stack([_paths(drawn, seen, terms)[1] for drawn in draws(sums.sums, n_boot, seed)])
    return Values(sums, kept, value, again, seen)


def _spells(study: "StudyData", by: str | None, start: str, survey: str) -> Spells:
    """Return the spells from an answer or from signing up."""
    if start not in STARTS:
        raise ValueError(f"start: found {start!r}; it is one of {', '.join(STARTS)}.")
    if start == "answer":
        return spells_after_answers(study, by, survey)
    return spells_from_signup(study, by, covered_months(study).min())


def _paths(total: Floats, seen: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """Return (groups, months) the share kept and the value up to each month; months not seen are like those seen."""
    stay, bill = staying(total), paid_while_here(total)
    for group, last in enumerate(seen.astype(int)):
        if 0 < last < terms.months:
            rate = stay[group, last - 1] ** (1 / last)
            stay[group, last:] = rate ** np.arange(last + 1, terms.months + 1)
            bill[group, last:] = bill[group, max(last - A_YEAR, 0) : last].mean()
    return stay, np.cumsum(stay * bill * terms.factor, axis=1)


def _mean_bill(total: Floats) -> Floats:
    """Return (groups,) the mean bill of a month while there."""
    summed = total.sum(axis=-2)
    return np.divide(summed[:, 3], summed[:, 2], out=np.full(len(summed), np.nan), where=summed[:, 2] > 0)


def _flags(found: Values, terms: Terms) -> list[str]:
    """Return why a value is missing or to be read with care."""
    short = found.seen < terms.months
    nobody = found.monthly.total()[..., EXPOSED].sum(axis=1) == 0
    missing = "months beyond those seen are extrapolated" if terms.extrapolate else NOT_SEEN
    seen = np.select([nobody, short], ["no month seen", missing], "")
    kind = np.full(len(short), "" if terms.margin < 1 else REVENUE_ONLY)
    words = [base_flag(found.monthly.n, found.monthly.n_customers), seen, kind]
    return ["; ".join(word for word in row if word) for row in zip(*words, strict=True)]
