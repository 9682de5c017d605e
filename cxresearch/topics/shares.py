"""How many comments name each topic, in whom, and how that changed."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.metrics.answers import By
from cxresearch.metrics.changes import CHANGE, judged
from cxresearch.metrics.table import table
from cxresearch.metrics.waves import NO_EARLIER_PERIOD, Question
from cxresearch.metrics.waves import compare as compare_waves
from cxresearch.segments import comparison
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.topics.mentions import NAMED, SHARE, Mentions, each_topic, surveys

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["changes", "commenters", "shares", "shares_by_segment", "trend"]

WITH, WITHOUT = "customers with a comment", "customers without one"


def shares(
    mentions: Mentions,
    by: By = None,
    *,
    survey: str | None = None,
    period: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of comments that name each topic.

    Parameters
    ----------
    mentions
        What the comments name, as `cx.topics.mentions` gives it.
    by
        Column or columns to group on.
    survey, period
        By default the relationship survey and the run's period; `all` takes every period.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a topic and group: `topic`, the grouping columns; `n` (modelled comments), `n_customers`, `n_eff`,
        `estimate` (share 0-1; a comment may name several topics), `std_error`, `conf_low`, `conf_high`, `flag`.

    Raises
    ------
    KeyError
        If a grouping column is missing.

    Notes
    -----
    Wilson's interval on the effective base; weights, strata and clusters as in the scorecard. Stock answers and
    comments in languages that are not modelled are no part of the base.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> shares(planted())[["topic", "n", "estimate"]].round(2).values.tolist()
    [['Price', 200, 0.4], ['Billing', 200, 0.3], ['Delivery', 200, 0.1]]
    """
    rows, columns = mentions.rows(survey, period), mentions.design(survey)
    return each_topic(mentions, lambda key: table(_naming(rows, key), SHARE, by, columns, conf_level, None))


def trend(mentions: Mentions, *, survey: str | None = None, conf_level: float = 0.95) -> pd.DataFrame:
    """Return the share of each topic in every period, all by the same scorer: `shares` by `period`."""
    return shares(mentions, "period", survey=survey, period="all", conf_level=conf_level)


def changes(mentions: Mentions, *, survey: str | None = None, conf_level: float = 0.95, seed: int = 0) -> pd.DataFrame:
    """Return how the share of each topic changed from the period compared with.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        By default the relationship survey.
    conf_level, seed
        Coverage of the intervals; seed of the permutations of small bases.

    Returns
    -------
    pandas.DataFrame
        A change frame by `topic`; `p_adjusted` is Benjamini-Hochberg's over the topics.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Notes
    -----
    Both periods are scored by the same frozen scorer, so that a refit cannot look like a change; whether the scorer
    errs as often in both only coding by hand can tell (`corrected_change`).

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> changes(planted())[["topic", "estimate", "verdict"]].round(2).values.tolist()
    [['Price', 0.2, 'rose'], ['Billing', 0.0, 'cannot tell'], ['Delivery', 0.0, 'cannot tell']]
    """
    study, columns = mentions.study, mentions.design(survey)
    obstacle = "" if study.compare_to else NO_EARLIER_PERIOD
    question = Question(SHARE, conf_level, seed=seed, obstacle=obstacle)
    now = mentions.rows(survey)
    before = mentions.rows(survey, study.compare_to) if study.compare_to else now.iloc[:0]

    def of_topic(key: str) -> pd.DataFrame:
        """Return one topic's change, before it is judged among the others."""
        return compare_waves(_naming(before, key), _naming(now, key), question, None, columns)

    return judged(each_topic(mentions, of_topic), conf_level)[["topic", *CHANGE]]


def shares_by_segment(
    mentions: Mentions,
    segments: list[str] | None = None,
    *,
    survey: str | None = None,
    adjust: str = "bh",
    conf_level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return where a topic is named more or less often than elsewhere.

    Parameters
    ----------
    mentions
        What the comments name.
    segments
        Columns; by default the study's segments of up to 12 groups, of transactional answers the touchpoint.
    survey
        By default the relationship survey.
    adjust, conf_level, seed
        As for `cx.segments.compare`; all topics, segments and groups are one family.

    Returns
    -------
    pandas.DataFrame
        `topic`, then the columns of `cx.segments.compare`, each group against the rest.

    Raises
    ------
    KeyError
        If no answer with a comment of the survey has a segment.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> found = shares_by_segment(planted(), ["plan"])
    >>> found[["topic", "level", "estimate", "verdict"]].round(2).values.tolist()[:2]
    [['Price', 'A', 0.4, 'higher'], ['Price', 'B', -0.4, 'lower']]
    """
    rows, design = mentions.rows(survey), mentions.design(survey)
    names = mentions.study.segments(rows) if segments is None else segments
    known = rows.columns if len(rows) else []
    if missing := next((name for name in names if name not in known), None):
        raise KeyError(f"topics: no {survey or surveys(mentions)[0]} answer with a comment has {missing!r}.")

    def of_topic(key: str) -> pd.DataFrame:
        """Return one topic's comparisons."""
        return comparison.compare(
            _naming(rows, key),
            NAMED,
            names,
            adjust=adjust,
            weight=design.weight,
            strata=design.strata,
            cluster=design.cluster,
            fpc=design.fpc,
            conf_level=conf_level,
            seed=seed,
        )

    found = each_topic(mentions, of_topic)
    p_adjusted = adjusted_p(found["p_value"], adjust)
    moved, up = p_adjusted < 1 - conf_level, found["statistic"].gt(0).to_numpy()
    verdict = found["verdict"].mask(found["verdict"].isin(["higher", "lower"]), "cannot tell")
    verdict = verdict.mask(moved & up, "higher").mask(moved & ~up, "lower")
    family = f"{int(found['p_value'].notna().sum())} comparisons of topics and groups"
    return found.assign(p_adjusted=p_adjusted, verdict=verdict, family=family)


def commenters(study: "StudyData", metric: str | None = None, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return how those who wrote a comment differ from those who did not.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose answers have `has_comment`.
    metric
        By default the study's headline.
    conf_level
        Coverage of the interval.

    Returns
    -------
    pandas.DataFrame
        One row: the columns of `cx.segments.compare`.

    Raises
    ------
    KeyError
        If the study has no comments.

    Notes
    -----
    What topics say holds for those who write; the difference here says how far these stand for all who answered.
    """
    if "has_comment" not in study.responses:
        raise KeyError("commenters: the study has no `verbatim` column; name it in the study file.")
    found = comparison.compare(study, metric or study.primary, {"comment": "has_comment"}, conf_level=conf_level)
    found = found[found["level"].eq("True")].reset_index(drop=True)
    # The other row is the same comparison, seen from the other side.
    return found.assign(level=WITH, against=WITHOUT, p_adjusted=found["p_value"], family="1 comparison")


def _naming(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return comments with one topic as the column that is counted."""
    return rows.assign(**{NAMED: rows[key]})
