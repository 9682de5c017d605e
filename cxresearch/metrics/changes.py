"""The change of a metric of a study between two periods, judged over a family of groups."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import By
from cxresearch.metrics.sources import breaks, columns_of, measure_of, period_key, rows_of, source
from cxresearch.metrics.waves import COMPARED, NO_EARLIER_PERIOD, Question, compare
from cxresearch.stats.differences import benjamini_hochberg

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["as_level", "change", "change_by_segment", "judged", "question_of"]

CANNOT_TELL, NOT_COMPARABLE = "cannot tell", "not comparable"
CHANGE = (
    *("n", "n_customers", "n_previous", "n_customers_previous", "n_eff", "previous", "current"),
    *("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "p_adjusted"),
    *("minimum_detectable", "verdict", "flag"),
)


def change(
    study: "StudyData",
    metric: str,
    by: By = None,
    *,
    survey: str | None = None,
    conf_level: float = 0.95,
    method: str = "adjusted",
    n_permutations: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the change of a metric from the period compared with to the reporting period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    metric
        `nps`, `csat`, `top_box`, `top_2_box`, `ces`, `low_effort`, `fcr` or one of the study's `measures`.
    by
        Column or columns to group on; None gives one row.
    survey
        `relationship`, `transactional` or `contacts`; None takes the first in which the question was answered.
    conf_level
        Coverage of the interval; `rose` and `fell` need an adjusted p-value under 1 - conf_level.
    method
        `adjusted`: for an NPS and shares the counts are adjusted in both waves before the difference is tested, means
        use Welch's t. `wald`: the plain difference over its standard error against the normal.
    n_permutations, seed
        Of the permutation test of small bases.

    Returns
    -------
    pandas.DataFrame
        One row a group: the grouping columns; `n`, `n_customers` (this period), `n_previous`, `n_customers_previous`,
        `n_eff` (this period); `previous`, `current`; `estimate` (current less previous), `std_error` (linearised),
        `conf_low`, `conf_high`; `statistic`, `p_value`, `p_adjusted` (Benjamini–Hochberg over the rows);
        `minimum_detectable` (the true change that a single test finds in 80 of 100 cases); `verdict`: `rose`, `fell`,
        `no difference beyond m` (m is the study's smallest difference), `cannot tell`, `not comparable`, "" without an
        earlier period; `flag`.

    Raises
    ------
    KeyError
        If the study has no such metric or column.
    ValueError
        If an argument is not allowed.

    Notes
    -----
    The variance is v₁ + v₂ - 2c, v₁ and v₂ those of the waves alone, c the linearised covariance of customers who
    answered in both. With `adjusted` the test takes an NPS after adding 3/4 promoter, 3/4 detractor and 3/2 passives to
    the effective base of each wave (Rocks 2016), a share after adding one success and one failure (Agresti & Caffo
    2000), at the same correlation; the interval is centred there and need not be symmetric about `estimate`. Groups
    with a base under 30 in either wave are not tested. Where the smaller base is under 100, the p-value comes from
    permuting customers between the waves, both answers of a repeat customer changing places. The claim of no
    difference rests on two one-sided 5 % tests.
    R: `svycontrast(svyby(~y, ~wave, design, svymean, covmat = TRUE), c(-1, 1))`; `NPS::nps_test`; `t.test`.
    """
    found = source(study, metric, survey)
    previous, current = (rows_of(study, found.survey, period) for period in (study.compare_to, study.period))
    question = question_of(study, metric, conf_level, method, n_permutations, seed)
    return _change_frame(compare(previous, current, question, by, columns_of(study, current, found.survey)), conf_level)


def change_by_segment(
    study: "StudyData",
    metric: str,
    segments: list[str] | None = None,
    *,
    survey: str | None = None,
    conf_level: float = 0.95,
    method: str = "adjusted",
    n_permutations: int = 4_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the change of a metric in every level of the study's segments, tested as one family.

    Parameters
    ----------
    segments
        Names of segments; all of the study by default.
    study, metric, survey, conf_level, method, n_permutations, seed
        As for `change`.

    Returns
    -------
    pandas.DataFrame
        One row a segment and level: `segment`, `level`, then the columns of `change`; `p_adjusted` is adjusted over
        all rows.

    Raises
    ------
    KeyError, ValueError
        As for `change`.
    """
    found = source(study, metric, survey)
    previous, current = (rows_of(study, found.survey, period) for period in (study.compare_to, study.period))
    question = question_of(study, metric, conf_level, method, n_permutations, seed)
    columns = columns_of(study, current, found.survey)
    parts = [
        as_level(compare(previous, current, question, name, columns), name)
        for name in segments or study.definition.segments
        if name in current
    ]
    empty = pd.DataFrame(columns=["segment", "level", *COMPARED])
    return _change_frame(pd.concat(parts, ignore_index=True) if parts else empty, conf_level)


def question_of(
    study: "StudyData",
    metric: str,
    conf_level: float = 0.95,
    method: str = "adjusted",
    n_permutations: int = 4_999,
    seed: int = 0,
) -> Question:
    """Return how a study's periods are compared in a metric."""
    return Question(
        measure=measure_of(study, metric),
        conf_level=conf_level,
        method=method,
        n_permutations=n_permutations,
        seed=seed,
        smallest_difference=study.definition.smallest_difference.get(metric),
        obstacle=_obstacle(study, metric),
    )


def judged(rows: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return compared rows, of one metric or several, as one family: with adjusted p-values and a verdict for each."""
    rows = rows.assign(p_adjusted=benjamini_hochberg(rows["p_value"].astype("float64")))
    moved = rows["p_adjusted"].lt(1 - conf_level).to_numpy()
    up = rows["statistic"].gt(0).to_numpy()
    words = rows["equivalence"].to_numpy(dtype=np.object_)
    shown = rows["equivalence"].ne("").to_numpy()
    verdict = np.select([moved & up, moved & ~up, shown], ["rose", "fell", words], CANNOT_TELL)
    # Without a difference, as without an earlier period, nothing is judged; "cannot tell" would sound like a test.
    verdict = np.where(rows["estimate"].isna(), "", verdict)
    verdict = np.where(rows["comparable"].astype("bool"), verdict, NOT_COMPARABLE)
    return rows.assign(verdict=pd.Series(verdict, index=rows.index, dtype="str"))


def _change_frame(rows: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return compared rows as a change frame."""
    groups = rows.columns[: rows.columns.get_loc("n")]
    return judged(rows, conf_level)[[*groups, *CHANGE]]


def as_level(frame: pd.DataFrame, segment: str) -> pd.DataFrame:
    """Return a frame by one segment with the columns `segment` and `level` in place of the segment's own."""
    level = frame[segment].astype("str")
    rest = frame.drop(columns=segment)
    return pd.concat([pd.DataFrame({"segment": segment, "level": level}), rest], axis=1)


def _obstacle(study: "StudyData", metric: str) -> str:
    """Return why a study's periods cannot be compared, "" where they can."""
    if study.compare_to is None:
        return NO_EARLIER_PERIOD
    first, last = sorted([period_key(study.compare_to), period_key(study.period)])
    between = [period for period in breaks(study, metric) if first < period_key(period) <= last]
    return f"the way of asking changed in {between[-1]}" if between else ""
