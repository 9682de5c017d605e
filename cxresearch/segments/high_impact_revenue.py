"""What customers of high impact paid in the months before, by how they vote: the revenue that detractors hold."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import YES_NO, Measure
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import table
from cxresearch.segments.high_impact import high_impact_of, revenue_before_period, rule_of
from cxresearch.stats.dominance import dominance
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["high_impact_revenue"]

VOTES = {-1.0: "detractors", 0.0: "passives", 1.0: "promoters"}
PAID, VOTE = "_paid", "_vote"


def high_impact_revenue(study: "StudyData", *, survey: str = "relationship", conf_level: float = 0.95) -> pd.DataFrame:
    """Return how much of the revenue of customers of high impact is that of detractors, passives and promoters.

    Parameters
    ----------
    study
        As for `high_impact_against_rest`, with `nps`. Where the customer list has `churned_at`, customers who had left
        before the period are left out.
    survey
        `relationship` or `transactional`.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        Three rows: `level` (`detractors`, `passives`, `promoters`); `n`, `n_customers` (who votes so), `n_eff`;
        `estimate` (what such customers paid in the declared months before the period, among all of high impact, in the
        study's currency), `std_error`, `conf_low`, `conf_high`, `share` (of the revenue of high impact, 0-1),
        `share_low`, `share_high`, `top_two_share` (of a group's revenue that two customers, or accounts, hold) and
        `rest_to_largest` (all others' to that of the largest, both for disclosure alone and the worst of the three in
        every row), `flag`.

    Raises
    ------
    ValueError
        As `high_impact_against_rest`, or if nobody of high impact voted.

    Notes
    -----
    Revenue of all customers of high impact, known from the bills, times the share of it that those who answered and
    vote so hold: a mean of ones and zeros, weighted by revenue (times the study's weight), with Wilson's interval on
    the effective base, clustered by customer or account. Revenue is held, not lost: `cx.economics.high_impact_at_risk`
    says how much of it is expected to leave. The three groups are the whole, so that any two give the third: they are
    shown together or not at all where two customers dominate one of them.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = high_impact_revenue(cx.load("demo", period="2026Q3"))
    >>> found["level"].tolist(), round(float(found["share"].sum()), 9)
    (['detractors', 'passives', 'promoters'], 1.0)
    """
    revenue = _still_there(study, revenue_before_period(study))
    high = revenue[high_impact_of(revenue, rule_of(study).top)]
    rows, columns = _voters(study, high, survey)
    shares = [_share(rows, vote, columns, conf_level) for vote in VOTES]
    frame = pd.concat(shares, ignore_index=True)
    frame = frame.rename(columns={"estimate": "share", "conf_low": "share_low", "conf_high": "share_high"})
    total = float(high.sum())
    money = {"estimate": "share", "std_error": "std_error", "conf_low": "share_low", "conf_high": "share_high"}
    frame = frame.assign(**{name: total * frame[of] for name, of in money.items()})
    unit = _unit(rows)
    paid = [rows.loc[rows[VOTE].eq(vote), PAID].groupby(unit).sum() for vote in VOTES]
    told = pd.DataFrame(map(dominance, paid))
    largest = {"top_two_share": told["top_two_share"].max(), "rest_to_largest": told["rest_to_largest"].min()}
    frame = frame.assign(level=list(VOTES.values()), **largest)
    order = ["level", "n", "n_customers", "n_eff", *money, "share", "share_low", "share_high", *largest, "flag"]
    return frame[order].astype({"level": "str"})


def _still_there(study: "StudyData", revenue: pd.Series) -> pd.Series:
    """Return the revenue of customers who had not left before the period, as far as the customer list knows."""
    if not study.has("customers") or "churned_at" not in study.customers or study.bounds is None:
        return revenue
    gone = study.customers.loc[study.customers["churned_at"].lt(study.bounds[0]), "customer_id"]
    return revenue[~revenue.index.isin(gone)]


def _voters(study: "StudyData", high: pd.Series, survey: str) -> tuple[pd.DataFrame, Columns]:
    """Return the votes of customers of high impact with their revenue as weight."""
    rows = study.answers(survey)
    if not {"nps", "customer_id"} <= set(rows):
        raise StudyError("high impact: the answers need `nps` and `customer_id` to look up revenue by.")
    votes = measure_of(study, "nps").votes(rows["nps"])
    rows = rows.assign(**{VOTE: votes, PAID: rows["customer_id"].map(high)})
    rows = rows[rows[VOTE].notna() & rows[PAID].gt(0)].reset_index(drop=True)
    if rows.empty:
        raise StudyError("high impact: no customer of high impact answered in the period; report a longer one.")
    columns = columns_of(study, rows, survey)
    weight = rows[columns.weight].fillna(0.0) if columns.weight else 1.0
    # Who answers several times holds his revenue once.
    share = weight / rows.groupby("customer_id")[PAID].transform("size")
    design = Columns(weight=PAID, strata=columns.strata, cluster=columns.cluster, fpc=columns.fpc)
    return rows.assign(**{PAID: rows[PAID] * share}), design


def _share(rows: pd.DataFrame, vote: float, columns: Columns, conf_level: float) -> pd.DataFrame:
    """Return the share of revenue of those who vote so, with their own bases."""
    chosen = rows.assign(**{VOTE: rows[VOTE].eq(vote).astype(float)})
    frame = table(chosen, Measure(VOTE, "share", YES_NO), None, columns, conf_level, None)
    own = rows[VOTE].eq(vote)
    return frame.assign(n=int(own.sum()), n_customers=int(_unit(rows)[own].nunique()))


def _unit(rows: pd.DataFrame) -> pd.Series:
    """Return the account of each row, else its customer."""
    if "account_id" not in rows:
        return rows["customer_id"]
    return rows["account_id"].where(rows["account_id"].fillna("").ne(""), rows["customer_id"])
