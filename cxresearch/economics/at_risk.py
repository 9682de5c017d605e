"""Revenue at risk: what customers paid in the last year, times how likely such customers leave in the next."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.economics.monthly import Monthly, draws, monthly, staying
from cxresearch.economics.retention import FEWEST_FOLLOWED, NOT_SEEN
from cxresearch.economics.spells import NPS_GROUP, grouped, listed_customers, spells_after_answers, unit_of
from cxresearch.metrics.table import check_level
from cxresearch.revenue.ledger import revenue_between
from cxresearch.segments.high_impact import high_impact_of
from cxresearch.stats.design import Floats
from cxresearch.stats.dominance import Dominance, dominance
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["high_impact_at_risk", "revenue_at_risk"]

HIGH, REST = "high impact", "the rest"
SEGMENT = "revenue before the period"
A_YEAR, TOP = 12, 0.10


@dataclass(frozen=True)
class Pool:
    """Customers who are drawn again together; everyone is the first of the groups.

    Attributes
    ----------
    levels
        The groups, `all` first.
    stays
        (customers, groups, months, 4) sums as those of `monthly`.
    paid
        (customers, groups) what each paid in the year before the period, weighted.
    revenue
        What all customers together paid in it.
    against
        Place of the group whose leaving is taken as given; None where there is none.
    """

    levels: list[str]
    stays: Floats
    paid: Floats
    revenue: float
    against: int | None


def revenue_at_risk(
    study: "StudyData", by: str = NPS_GROUP, *, months: int = 12, survey: str = "relationship",
    conf_level: float = 0.95, n_boot: int = 1000, seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Return how much of a year's revenue is expected to leave, by how customers answered.

    Parameters
    ----------
    study
        A contractual study with `revenue`, and `churned_at` of its customers, in a dated period.
    by, survey
        As for `retention`.
    months
        Within how many months after an answer leaving counts.
    conf_level, n_boot, seed
        Of the percentile interval of a bootstrap by customer or account, through all three parts at once.

    Returns
    -------
    pandas.DataFrame
        One row for all and for each group: `segment`, `level`, `n` (answers of the period with revenue before it),
        `n_customers`, `n_eff`, `estimate` (money of a year at risk among all customers), `std_error`, `conf_low`,
        `conf_high`, `revenue` (what the group paid in the twelve months before the period), `share` (of all revenue),
        `leaving_share` (probability of leaving), `beyond` (what is at risk beyond what it would be
        if the group left as promoters do), `beyond_low`, `beyond_high`, `top_two_share` (of the two that pay most) and
        `rest_to_largest` (all others to the one that pays most, both for disclosure alone), `months`, `flag`.

    Raises
    ------
    KeyError, StudyError
        If the study lacks what it takes.

    Notes
    -----
    Revenue at risk = R · s · P: R what all customers who are still there paid in the twelve months *before* the period;
    s the group's weighted share of it among those who answered; P the probability that such a customer leaves within
    `months`, from the answers of all periods. That detractors leave more does not say that they leave because of it.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.revenue_at_risk(cx.load("demo", period="2026Q3"), n_boot=50)
    >>> found["level"].tolist()
    ['all', 'detractors', 'passives', 'promoters']
    """
    check_level(conf_level)
    spells = spells_after_answers(study, by, survey)
    stays = monthly(study, spells, months)
    answers = _answers(study, by, survey)
    pool = _pool(study, stays, answers, by)
    frame = _frame(pool, by, conf_level, n_boot, seed)
    parts = [answers, *(answers[answers["group"].eq(level)] for level in stays.levels[1:])]
    frame.insert(2, "n", [len(part) for part in parts])
    frame.insert(3, "n_customers", [part["unit"].nunique() for part in parts])
    told = [dominance(part.groupby("unit")["weighted"].sum()) for part in parts]
    return _finished(frame, told, stays.customers, months)


def high_impact_at_risk(
    study: "StudyData", *, months: int = 12, conf_level: float = 0.95, n_boot: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return how much of a year's revenue is expected to leave with the customers who pay most.

    Parameters
    ----------
    study, months, conf_level, n_boot, seed
        As for `revenue_at_risk`; no answers are needed. `high_impact:` of the study file says how many customers count.

    Returns
    -------
    pandas.DataFrame
        As `revenue_at_risk`, of all customers, of the high impact and of the rest; `beyond` is beyond what would be at
        risk if they left as the rest does. `n` counts customers.

    Raises
    ------
    StudyError
        If the study lacks what it takes, or its bills do not reach back far enough.

    Notes
    -----
    Who is high impact is fixed on revenue in the twelve months *before*: before the period for the revenue, and before
    a day `months` earlier for the probability, which counts who of those was gone by the period.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.high_impact_at_risk(cx.load("demo", period="2026Q3"), n_boot=50)
    >>> found["level"].tolist()
    ['all', 'high impact', 'the rest']
    """
    check_level(conf_level)
    start = _start(study)
    now, then = (_year_before(study, day) for day in (start, start - pd.DateOffset(months=months)))
    gone = listed_customers(study)[0]["churned_at"].reindex(then.index).lt(start)
    units = now.index.union(then.index)
    members = [_members(part, _share_of_top(study)) for part in (now, then)]
    exposed = members[1].reindex(units, fill_value=0.0).to_numpy()
    stayed = exposed * (~gone.reindex(units, fill_value=False)).to_numpy()[:, None]
    stays = np.stack([exposed, stayed, stayed, stayed], axis=2)[:, :, None, :]
    paid = members[0].mul(now, axis=0).reindex(units, fill_value=0.0).to_numpy()
    frame = _frame(Pool(["all", HIGH, REST], stays, paid, float(now.sum()), 2), SEGMENT, conf_level, n_boot, seed)
    n = members[0].sum().to_numpy().astype(int)
    frame.insert(2, "n", n)
    frame.insert(3, "n_customers", n)
    told = [dominance(now[members[0][name].gt(0)]) for name in members[0]]
    return _finished(frame, told, members[1].sum().to_numpy()[:, None], months)


def _answers(study: "StudyData", by: str, survey: str) -> pd.DataFrame:
    """Return the answers of the period by customers who paid before it: `group`, `unit`, `weighted` revenue."""
    answers = study.answers(survey)
    group, _ = grouped(answers, by)
    weight = answers["weight"] if "weight" in answers else pd.Series(1.0, index=answers.index)
    paid = answers["customer_id"].map(_year_before(study, _start(study)))
    found = pd.DataFrame({"group": group, "unit": unit_of(answers), "weighted": weight * paid})
    found = found[found["weighted"].notna() & found["group"].notna() & weight.gt(0)]
    if not found["weighted"].sum() > 0:
        raise StudyError(
            "revenue at risk: nobody who answered in the period paid anything in the twelve months before."
        )
    return found


def _pool(study: "StudyData", stays: Monthly, answers: pd.DataFrame, by: str) -> Pool:
    """Return those who were followed and those who answered in the period, as one pool of customers."""
    units = stays.unit.union(answers["unit"].unique())
    sums = np.zeros((len(units), *stays.sums.shape[1:]))
    sums[units.get_indexer(stays.unit)] = stays.sums
    paid = np.zeros((len(units), len(stays.levels)))
    place = units.get_indexer(answers["unit"])
    for column, level in enumerate(stays.levels):
        counted = answers["weighted"].where(answers["group"].eq(level) | (column == 0), 0.0)
        np.add.at(paid[:, column], place, counted.to_numpy())
    against = stays.levels.index("promoters") if by == NPS_GROUP and "promoters" in stays.levels else None
    return Pool(stays.levels, sums, paid, float(_year_before(study, _start(study)).sum()), against)


def _start(study: "StudyData") -> pd.Timestamp:
    """Return the first day of the reporting period."""
    if study.bounds is None:
        raise StudyError("revenue at risk: the report covers all time, which nothing lies before; report a period.")
    return study.bounds[0]


def _year_before(study: "StudyData", day: pd.Timestamp) -> pd.Series:
    """Return what customers who were still there on a day paid in the twelve months before it, by customer."""
    ends = listed_customers(study)[0]["churned_at"]
    here = pd.Series(ends.index[ends.isna() | ends.ge(day)])
    found = revenue_between(study, here, pd.Series(day, index=here.index), -A_YEAR)
    if not found["complete"].all():
        raise StudyError(f"revenue at risk: the bills of the twelve months before {day:%Y-%m-%d} are not all there.")
    paid = found["revenue"].set_axis(here)
    return paid[found["months_with_us"].gt(0).to_numpy()]


def _share_of_top(study: "StudyData") -> float:
    """Return which share of the customers has high impact."""
    rule = study.definition.high_impact
    return TOP if rule is None else rule.top


def _members(paid: pd.Series, top: float) -> pd.DataFrame:
    """Return who is of which group, 1 or 0: all, high impact, the rest."""
    high = high_impact_of(paid, top)
    return pd.DataFrame({"all": 1.0, HIGH: high.astype(float), REST: (~high).astype(float)})


def _frame(pool: Pool, segment: str, conf_level: float, n_boot: int, seed: int) -> pd.DataFrame:
    """Return what is at risk, and beyond what is taken as given, with percentile intervals."""
    values = _at_risk(pool, pool.stays.sum(axis=0), pool.paid.sum(axis=0))
    # The same seed draws the same customers for both.
    pairs = zip(draws(pool.stays, n_boot, seed), draws(pool.paid, n_boot, seed), strict=True)
    again = np.stack([_at_risk(pool, *pair) for pair in pairs])
    low, high = np.quantile(again, [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=0)
    columns = {"estimate": values[0], "std_error": again[:, 0].std(axis=0, ddof=1), "conf_low": low[0]}
    columns |= {
        "conf_high": high[0],
        "revenue": values[1],
        "share": values[1] / pool.revenue,
        "leaving_share": values[2],
    }
    columns |= {"beyond": values[3], "beyond_low": low[3], "beyond_high": high[3]}
    return pd.DataFrame({"segment": segment, "level": pool.levels, **columns})


def _at_risk(pool: Pool, stays: Floats, paid: Floats) -> Floats:
    """Return (4, groups): revenue at risk, revenue, probability of leaving, and what is at risk beyond the given."""
    leaving = 1 - staying(stays)[:, -1]
    revenue = pool.revenue * paid / paid[0]
    # Everyone's risk is the sum of the groups', so that the lines of a table add up.
    leaving[0] = revenue[1:] @ leaving[1:] / revenue[1:].sum()
    given = np.nan if pool.against is None else leaving[pool.against]
    beyond = revenue * (leaving - given)
    if pool.against is not None:
        beyond[[0, pool.against]] = np.nan
    return np.stack([revenue * leaving, revenue, leaving, beyond])


def _finished(frame: pd.DataFrame, told: list[Dominance], followed: Floats, months: int) -> pd.DataFrame:
    """Return a frame with effective bases and notes, emptied where leaving was not seen long enough."""
    seen = followed.min(axis=1) >= FEWEST_FOLLOWED
    numbers = list(frame.columns[frame.columns.get_loc("estimate") :])
    frame[numbers] = frame[numbers].where(pd.Series(seen), np.nan)
    frame.insert(4, "n_eff", frame["n_customers"].astype(float))
    words = [base_flag(frame["n"], frame["n_eff"]), np.where(seen, "", NOT_SEEN)]
    flags = ["; ".join(word for word in row if word) for row in zip(*words, strict=True)]
    largest = pd.DataFrame(told, columns=Dominance._fields).to_dict("list")
    return frame.assign(**largest, months=months, flag=flags).astype(dict.fromkeys(("segment", "level", "flag"), "str"))
