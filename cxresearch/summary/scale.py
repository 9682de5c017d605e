"""One scale for findings of different kinds: points of the primary metric that they surely concern, over everyone."""

import numpy as np
import pandas as pd

from cxresearch.study_data import StudyData

NPS_RANGE, SHARE_RANGE = 200.0, 1.0
# The metrics whose range no scale of a question tells.
RANGES = {"nps": NPS_RANGE} | dict.fromkeys(("fcr", "expectation_met", "negative_word_of_mouth", "conversion"), 1.0)


def sure(low: pd.Series, high: pd.Series) -> pd.Series:
    """Return the size of the limit nearest to nothing, 0 where nothing lies between the limits.

    Examples
    --------
    >>> sure(pd.Series([2.0, -9.0, -1.0]), pd.Series([8.0, -4.0, 3.0])).tolist()
    [2.0, 4.0, 0.0]
    """
    nearest = np.minimum(low.abs(), high.abs())
    return nearest.where(np.sign(low) == np.sign(high), 0.0)


def in_points(study: StudyData, metric: pd.Series, size: pd.Series) -> pd.Series:
    """Return sizes in metrics of their own as points of the primary metric: the same part of the range.

    Parameters
    ----------
    study
        Whose primary metric, and whose scales.
    metric
        Name of each size's metric.
    size
        In units of that metric.

    Returns
    -------
    pandas.Series
        Missing where a metric has no range, as money and counts.
    """
    ranges = metric.map(lambda name: _range(study, name)).astype("float64")
    return size / ranges * _range(study, study.primary)


def _range(study: StudyData, metric: str) -> float:
    """Return the distance from the worst to the best value of a metric, missing where it has no ends."""
    if metric in RANGES:
        return RANGES[metric]
    low, high = study.definition.scales.get(metric, (np.nan, np.nan))
    return high - low
