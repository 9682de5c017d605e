"""What topics go with: how a score differs with each of them, all being taken at once."""

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import read_answers
from cxresearch.metrics.sources import measure_of
from cxresearch.metrics.table import joined, table
from cxresearch.stats.design import Floats
from cxresearch.stats.differences import benjamini_hochberg, two_sided_p
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.survey import base_flag
from cxresearch.topics.mentions import Mentions, each_topic
from cxresearch.topics.regression import Fit, controls_of, covariance_of, fitted, scored, tellable

__all__ = ["impact"]

LEFT_OUT = "too few to be in the regression"
BASE = ["topic", "n", "n_customers", "n_eff"]
EFFECT = ["estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "p_adjusted"]
ADDED = ["share", "contribution", "contribution_low", "contribution_high"]


def impact(
    mentions: Mentions,
    metric: str | None = None,
    *,
    survey: str | None = None,
    controls: list[str] | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return how a score differs with each topic, all topics and controls being taken at once.

    Parameters
    ----------
    mentions
        What the comments name.
    metric
        By default the study's headline.
    survey
        By default the relationship survey.
    controls
        Columns; by default the study's segments of up to 12 groups.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a topic: `topic`; `n`, `n_customers` (who name it and gave a score), `n_eff`; `estimate` (how much
        higher their score is, the other topics and the controls being equal), `std_error`, `conf_low`, `conf_high`,
        `statistic`, `p_value`, `p_adjusted` (Benjamini-Hochberg over the topics), `share` (of the comments),
        `contribution` (share x estimate: what the topic adds to the score of all who comment), `contribution_low`,
        `contribution_high`, `value` (the plain score of those who name it), `flag`. Topics that under 30 comments name,
        or under 30 do not, are shown but enter no regression.

    Raises
    ------
    KeyError
        If the study has no such metric or column.
    ValueError
        If fewer than 30 comments have a score.

    Notes
    -----
    Weighted least squares of the vote (an NPS in points: 100 z) on an indicator of each topic and the controls' levels.
    Variances are linearised over sampling units, shares and coefficients together, so that the contribution's interval
    knows both. Leaving out one topic at a time would credit each with the effect of those it comes with. It is an
    association: those who name a topic may differ in other ways. R: `survey::svyglm`.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> found = impact(planted(), controls=[])
    >>> found[["topic", "share"]].round(2).values.tolist()
    [['Price', 0.4], ['Billing', 0.3], ['Delivery', 0.1]]
    """
    measure = measure_of(mentions.study, metric or mentions.study.primary)
    rows, columns = scored(mentions, measure, survey), mentions.design(survey)
    answers = read_answers(rows, measure, None, columns)
    keys = tellable(rows, mentions.ids)
    found = fitted(
        answers.votes * measure.factor,
        rows[keys].to_numpy(dtype=float),
        controls_of(mentions, rows, controls, answers),
        answers.design(),
    )
    effects = _effects(found, covariance_of(found.influence, answers.design()), conf_level).set_axis(keys)
    bases = each_topic(mentions, lambda key: table(rows[rows[key].eq(1)], measure, None, columns, conf_level, None))
    bases = bases.rename(columns={"estimate": "value"})[[*BASE, "value"]].set_axis(mentions.ids)
    told = bases.join(effects)
    told["share"] = np.average(rows[mentions.ids].to_numpy(dtype=float), axis=0, weights=answers.weight)
    unknown = np.where(told["estimate"].isna(), LEFT_OUT, "")
    told["flag"] = pd.Series(joined(base_flag(told["n"], told["n_eff"]), unknown), told.index, dtype="str")
    return told[[*BASE, *EFFECT, *ADDED, "value", "flag"]].reset_index(drop=True)


def _effects(found: Fit, variance: Floats, conf_level: float) -> pd.DataFrame:
    """Return coefficients and contributions with their intervals."""
    k = len(found.share)
    error = np.sqrt(np.diag(variance)[k : 2 * k])
    # d(share x slope) = slope d(share) + share d(slope)
    turned = np.hstack([np.diag(found.slope), np.diag(found.share)])
    added_error = np.sqrt(np.diag(turned @ variance[: 2 * k, : 2 * k] @ turned.T))
    added, df = found.share * found.slope, np.full(k, found.df)
    low, high = t_interval(found.slope, error, df, conf_level)
    added_low, added_high = t_interval(added, added_error, df, conf_level)
    statistic = np.divide(found.slope, error, out=np.full(k, np.nan), where=error > 0)
    p_value = two_sided_p(statistic, df)
    p_adjusted = benjamini_hochberg(p_value)
    numbers = [found.slope, error, low, high, statistic, p_value, p_adjusted, added, added_low, added_high]
    return pd.DataFrame(dict(zip([*EFFECT, *ADDED[1:]], numbers, strict=True)))
