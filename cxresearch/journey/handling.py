"""Channel by channel: who handled it, a person or the assistant, and whether all channels are alike."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.journey.encounters import A_YEAR, encounters, require, stages
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import check_level, joined, table
from cxresearch.segments import compare
from cxresearch.stats.heterogeneity import cochran_q, spread_interval
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.shrinkage import paule_mandel
from cxresearch.stats.survey import TESTED_FROM, base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["consistency", "handled", "handled_by_touchpoint"]

CHANNELS = ("channel", "handled_by", "team")
# The spread of two groups is their difference: an interval of it says nothing.
FEWEST_SPREAD = 3
SAY_WHO = "add it to the table `contacts`, and `contact_id` to both tables"


def handled(
    study: "StudyData",
    metric: str | None = None,
    by: Sequence[str] = ("channel", "handled_by"),
    *,
    n_periods: int = A_YEAR,
) -> pd.DataFrame:
    """Return a metric by touchpoint and by how the encounter was handled.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with transactional answers that have `touchpoint`.
    metric
        The study's headline metric by default.
    by
        Columns of the answers or of `contacts`; those that are not known are left out.
    n_periods
        Periods up to the reporting one that are taken together.

    Returns
    -------
    pandas.DataFrame
        `touchpoint`, one column for each of `by` that is known, then the columns of `cx.metrics.nps`.

    Raises
    ------
    StudyError
        If there are no transactional answers, or none of `by` is known.

    Examples
    --------
    >>> import cxresearch as cx
    >>> handled(cx.load("demo", period="2026Q3")).columns[:3].tolist()
    ['touchpoint', 'handled_by', 'n']
    """
    rows = encounters(study, n_periods)
    known = [name for name in by if name in rows and rows[name].notna().any()]
    if not known:
        require(rows, by[-1], SAY_WHO)
    measure = measure_of(study, metric or study.primary)
    found = table(rows, measure, ["touchpoint", *known], columns_of(study, rows, ""), 0.95, None)
    place = found["touchpoint"].map({name: number for number, name in enumerate(stages(study, rows))})
    return found.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def handled_by_touchpoint(
    study: "StudyData",
    metric: str | None = None,
    by: str = "handled_by",
    *,
    against: str | None = None,
    n_periods: int = A_YEAR,
    conf_level: float = 0.95,
    n_permutations: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how the ways of handling differ within each touchpoint.

    Parameters
    ----------
    study, metric, n_periods
        As for `handled`.
    by
        Column of the answers or of `contacts`.
    against
        The level with which the others are compared; by default the most frequent one.
    conf_level, n_permutations, seed
        As for `cx.segments.compare`.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint and level: `touchpoint`, `level`, `against`, then the columns of `cx.segments.compare`. The
        p-values of all touchpoints are one family (Benjamini-Hochberg).

    Raises
    ------
    StudyError
        If it is not known how encounters were handled, or no touchpoint was handled in two ways.

    Notes
    -----
    Customers choose, and are sent to, a channel by what they want: a difference is also one of cases. `service`
    compares at equal touchpoint, waiting and outcome.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = handled_by_touchpoint(cx.load("demo", period="2026Q3"), n_permutations=0)
    >>> found[["level", "against"]].drop_duplicates().to_numpy().tolist()
    [['ai', 'person']]
    """
    metric = metric or study.primary
    rows = encounters(study, n_periods)
    require(rows, by, SAY_WHO)
    usual = against or str(rows[by].value_counts().index[0])
    ways = rows.groupby("touchpoint")[by].agg(lambda cells: cells.nunique() > 1 and bool(cells.eq(usual).any()))
    names = [name for name in stages(study, rows) if ways.get(name, False)]
    if not names:
        raise StudyError(f"no touchpoint was handled in two ways of `{by}`; there is nothing to compare.")
    # Each touchpoint is a segment of its own, whose levels only its own answers have.
    apart = rows.assign(**{_own(name): rows[by].where(rows["touchpoint"].eq(name)) for name in names})
    columns = columns_of(study, rows, "")
    found = compare(
        apart, metric, {name: _own(name) for name in names}, against=usual, adjust="none",
        weight=columns.weight, strata=columns.strata, cluster=columns.cluster, fpc=columns.fpc,
        scale=measure_of(study, metric).scale, smallest_difference=study.definition.smallest_difference.get(metric),
        conf_level=conf_level, n_permutations=n_permutations, seed=seed,
    )  # fmt: skip
    return one_family(found.rename(columns={"segment": "touchpoint"}), "touchpoints", conf_level)


def _own(touchpoint: str) -> str:
    """Return the name of the column that holds one touchpoint's levels."""
    return f"_at {touchpoint}"


def one_family(found: pd.DataFrame, across: str, conf_level: float) -> pd.DataFrame:
    """Return unadjusted comparisons judged as one family; `across` says of what."""
    adjusted = adjusted_p(found["p_value"], "bh")
    lost = found["verdict"].isin(["higher", "lower"]) & ~(adjusted < 1 - conf_level)
    size = int(found["p_value"].notna().sum())
    verdict = found["verdict"].mask(lost, "cannot tell")
    return found.assign(p_adjusted=adjusted, family=f"{size} comparisons of {across}", verdict=verdict).astype(
        {"family": "str", "verdict": "str"}
    )


def consistency(
    study: "StudyData",
    metric: str | None = None,
    by: Sequence[str] = CHANNELS,
    *,
    n_periods: int = A_YEAR,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return by how much the true scores of channels, handlers or teams scatter, beyond what chance explains.

    Parameters
    ----------
    study, metric, n_periods
        As for `handled`.
    by
        Columns whose groups are to give the same experience; those that are not known are left out.
    conf_level
        Of the interval of the spread.

    Returns
    -------
    pandas.DataFrame
        One row a column: `segment`; `n`, `n_customers`; `groups` (with 30 answers or more), `lowest`, `highest` (their
        estimates); `estimate` (standard deviation of the true scores, in the unit of the metric), `conf_low`,
        `conf_high` (missing for two groups); `statistic` (Cochran's Q), `p_value`, `p_adjusted`
        (Benjamini-Hochberg over the rows); `verdict` (`differ` or `cannot tell`); `flag`.

    Raises
    ------
    StudyError
        If no column has two groups of 30 answers.

    Notes
    -----
    Q = Σ (y - μ)² / v over groups with their linearised variances, χ² with groups - 1 degrees of freedom where all are
    alike; the spread after Paule and Mandel, its interval by the Q-profile. Groups share some customers, which makes
    the test slightly careful. R: `metafor::rma(y, v, method = "PM")` with `confint`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> consistency(cx.load("demo", period="2026Q3"))["segment"].tolist()
    ['handled_by', 'team']
    """
    check_level(conf_level)
    metric = metric or study.primary
    rows, measure = encounters(study, n_periods), measure_of(study, metric)
    columns = columns_of(study, rows, "")
    tables = {
        name: table(rows, measure, name, columns, conf_level, None)
        for name in by
        if name in rows and rows[name].notna().any()
    }
    found = []
    for name, groups in tables.items():
        told = groups[(np.fmin(groups["n"], groups["n_eff"]) >= TESTED_FROM) & groups["std_error"].gt(0)]
        if len(told) > 1:
            whole = table(rows[rows[name].isin(told[name])], measure, None, columns, conf_level, None)
            found.append({"segment": name, **_bases(groups, told, whole.iloc[0]), **_spread(told, conf_level)})
    if not found:
        raise StudyError(
            f"none of {', '.join(by)} has two groups of {TESTED_FROM} answers; there is no spread to tell."
        )
    frame = pd.DataFrame(found)
    adjusted = adjusted_p(frame["p_value"], "bh")
    verdict = pd.Series(np.where(adjusted < 1 - conf_level, "differ", "cannot tell"), dtype="str")
    flag = frame.pop("flag")
    return frame.assign(p_adjusted=adjusted, verdict=verdict, flag=flag).astype({"segment": "str", "flag": "str"})


def _bases(groups: pd.DataFrame, told: pd.DataFrame, whole: pd.Series) -> dict[str, object]:
    """Return on what the spread of some groups rests, and how many groups are too small for it."""
    few = len(groups) - len(told)
    note = joined(base_flag([whole["n"]], [whole["n_eff"]]), np.array([f"{few} too small" if few else ""]))
    return {"n": int(whole["n"]), "n_customers": int(whole["n_customers"]), "groups": len(told), "flag": str(note[0])}


def _spread(told: pd.DataFrame, conf_level: float) -> dict[str, float]:
    """Return how far groups are apart, and whether that is more than chance."""
    estimate, variance = told["estimate"].to_numpy(), told["std_error"].to_numpy() ** 2
    limits = spread_interval(estimate, variance, conf_level) if len(told) >= FEWEST_SPREAD else (np.nan, np.nan)
    statistic = cochran_q(estimate, variance)
    return {
        "lowest": float(estimate.min()),
        "highest": float(estimate.max()),
        "estimate": float(np.sqrt(paule_mandel(estimate, variance)[1])),
        "conf_low": limits[0],
        "conf_high": limits[1],
        "statistic": statistic,
        "p_value": float(stats.chi2.sf(statistic, len(told) - 1)),
    }
