"""The regression of a score on all topics at once, with the influence of each comment on what it tells."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import Answers
from cxresearch.metrics.measures import Measure
from cxresearch.stats.design import Design, Floats
from cxresearch.stats.groups import Sample
from cxresearch.stats.survey import TESTED_FROM
from cxresearch.topics.mentions import Mentions

__all__ = ["Fit", "controls_of", "covariance_of", "fitted", "scored", "tellable"]

# Regressors whose cross-products differ from a sum of others by less than this share are that sum.
SAME = 1e-10
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fit:
    """A regression of votes on topics and controls.

    Attributes
    ----------
    share, slope
        (topics,) weighted share of comments that name a topic, and its coefficient; missing where it cannot be told
        from others.
    mean
        Weighted mean vote.
    influence
        (n, 2 topics + 1) influence of each comment on shares, slopes and the mean.
    df
        Sampling units less strata, less the coefficients but the constant.
    """

    share: Floats
    slope: Floats
    mean: float
    influence: Floats
    df: float


def fitted(votes: Floats, named: Floats, controls: Floats, design: Design) -> Fit:
    """Return the regression of votes on topics and controls.

    Parameters
    ----------
    votes
        (n,) outcome.
    named
        (n, topics) zeros and ones.
    controls
        (n, k) further regressors without a constant; of any rank.
    design
        Of the same n rows.

    Notes
    -----
    The influence of row i on the coefficients is (X'WX)⁻¹ x_i w_i e_i (Binder 1983); on a share w_i (x_i - p) / Σw.

    Examples
    --------
    >>> from cxresearch.stats.design import sample_design
    >>> named = np.array([[0.0], [0], [1], [1]])
    >>> fitted(np.array([1.0, 3, 4, 6]), named, np.empty((4, 0)), sample_design(4)).slope.round(2)
    array([3.])
    """
    weight, k = design.weight, named.shape[1]
    x = np.column_stack([named, np.ones(len(votes)), controls])
    square = (x * weight[:, None]).T @ x
    inverse = np.linalg.pinv(square, rcond=SAME, hermitian=True)
    slopes = inverse @ ((x * weight[:, None]).T @ votes)
    told = np.isclose(np.diag(inverse @ square)[:k], 1.0)
    of_slopes = (x * (weight * (votes - x @ slopes))[:, None]) @ inverse[:, :k]
    share, mean = np.average(named, axis=0, weights=weight), float(np.average(votes, weights=weight))
    of_shares = (named - share) * weight[:, None] / weight.sum()
    of_mean = (votes - mean) * weight / weight.sum()
    stage = design.stages[0]
    units = len(votes) if stage.unit is None else len(np.unique(stage.unit))
    df = units - len(stage.size) - (np.linalg.matrix_rank(square, tol=SAME * np.abs(square).max(), hermitian=True) - 1)
    influence = np.column_stack([of_shares, of_slopes, of_mean])
    return Fit(share, np.where(told, slopes[:k], np.nan), mean, influence, float(df))


def covariance_of(influence: Floats, design: Design) -> Floats:
    """Return the linearised covariance of estimates from the (n, k) influences of the rows on them."""
    form, sign = Sample(design).form
    units = form @ influence
    return np.asarray(units.T @ (sign[:, None] * units))


def scored(mentions: Mentions, measure: Measure, survey: str | None, period: str | None = None) -> pd.DataFrame:
    """Return the comments of a period whose writers gave a score.

    Raises
    ------
    KeyError
        If the answers have no such column.
    ValueError
        If fewer than 30 comments have one.
    """
    rows = mentions.rows(survey, period)
    if measure.column not in rows:
        raise KeyError(f"the comments have no column {measure.column!r}.")
    found = rows[rows[measure.column].notna()]
    # A comment of weight 0 says nothing of the customers it was weighted to.
    weight = mentions.design(survey).weight
    found = (found if weight is None else found[found[weight] > 0]).reset_index(drop=True)
    if len(found) < TESTED_FROM:
        raise ValueError(
            f"{measure.column}: {len(found)} comments have a score; {TESTED_FROM} are the least to compare."
        )
    return found


def tellable(rows: pd.DataFrame, ids: list[str]) -> list[str]:
    """Return the topics that enough comments name, and enough do not, to be in a regression."""
    named = rows[ids].sum()
    return [key for key in ids if TESTED_FROM <= named[key] <= len(rows) - TESTED_FROM]


def controls_of(mentions: Mentions, rows: pd.DataFrame, controls: list[str] | None, answers: Answers) -> Floats:
    """Return the levels of the controls as zeros and ones, the missing level among them."""
    names = mentions.study.segments(rows) if controls is None else controls
    if unknown := [name for name in names if name not in rows]:
        raise KeyError(f"controls: the comments have no column {unknown[0]!r}.")
    if not names:
        return np.empty((len(answers.votes), 0))
    levels = pd.get_dummies(rows[names].astype("str"), drop_first=True, dummy_na=True, dtype=float)
    return levels.to_numpy()
