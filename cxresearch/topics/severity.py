"""What of a change came from how often topics came up, and what from how hard they weighed."""

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import read_answers
from cxresearch.metrics.sources import measure_of
from cxresearch.stats.design import Floats
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.survey import base_flag
from cxresearch.topics.mentions import Mentions
from cxresearch.topics.regression import Fit, controls_of, covariance_of, fitted, scored, tellable

__all__ = ["severity"]

PREVALENCE, SEVERITY, REST, ALL = "prevalence", "severity", "everything else", "all"


def severity(
    mentions: Mentions,
    metric: str | None = None,
    *,
    survey: str | None = None,
    controls: list[str] | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return what of a change of the commenters' score came from how often topics came up, and how hard they weighed.

    Parameters
    ----------
    mentions, metric, survey, controls, conf_level
        As for `impact`; the period compared with is the run's.

    Returns
    -------
    pandas.DataFrame
        `topic`, `component`: for each topic `prevalence` and `severity`, then `everything else`, then `all`, the change
        of the commenters' score; `n`, `n_customers`, `n_previous`, `n_customers_previous` (comments, of a topic those
        that name it), `n_eff`, `estimate` (points that the part adds), `std_error`, `conf_low`, `conf_high`, `flag`.
        The parts sum to the change. Topics of under 30 comments in a period are part of everything else.

    Raises
    ------
    KeyError
        If the study has no such metric or column.
    ValueError
        If there is no earlier period, or fewer than 30 comments of a period have a score.

    Notes
    -----
    With the share p and coefficient b of a topic in both periods, Δ(pb) = Δp·b̄ + p̄·Δb exactly; what intercept, controls
    and rare topics add is everything else. Variances are linearised over the sampling units of both periods together.

    Examples
    --------
    >>> from cxresearch.prove.topics import planted
    >>> found = severity(planted(), controls=[])
    >>> parts, whole = found[found["topic"] != "all"], found[found["topic"] == "all"]
    >>> bool(np.isclose(parts["estimate"].sum(), whole["estimate"].iloc[0]))
    True
    """
    study = mentions.study
    if study.compare_to is None:
        raise ValueError("severity: there is no earlier period to compare with; set `compare_to`.")
    measure = measure_of(study, metric or study.primary)
    waves = [scored(mentions, measure, survey, period) for period in (study.compare_to, study.period)]
    both = pd.concat(waves, ignore_index=True)
    answers = read_answers(both, measure, None, mentions.design(survey))
    keys = [key for key in mentions.ids if all(key in tellable(wave, [key]) for wave in waves)]
    regressors = controls_of(mentions, both, controls, answers)
    earlier = np.arange(len(both)) < len(waves[0])
    fits = [
        fitted(
            answers.votes[rows] * measure.factor,
            both.loc[rows, keys].to_numpy(dtype=float),
            regressors[rows],
            answers.design(rows),
        )
        for rows in (earlier, ~earlier)
    ]
    influence = np.zeros((len(both), 2 * fits[0].influence.shape[1]))
    influence[earlier, : influence.shape[1] // 2] = fits[0].influence
    influence[~earlier, influence.shape[1] // 2 :] = fits[1].influence
    numbers = _parts(fits[0], fits[1], covariance_of(influence, answers.design(finite=False)), conf_level)
    return pd.concat([_rows(mentions, keys, waves), numbers], axis=1).assign(
        flag=lambda frame: pd.Series(base_flag(np.fmin(frame["n"], frame["n_previous"]), np.inf), dtype="str")
    )


def _parts(before: Fit, after: Fit, variance: Floats, conf_level: float) -> pd.DataFrame:
    """Return the parts of a change, then everything else, then the change, with their intervals."""
    k, middle = len(before.share), (before.slope + after.slope) / 2
    rise, grown = after.share - before.share, after.slope - before.slope
    share = (before.share + after.share) / 2
    parts, whole = np.concatenate([rise * middle, share * grown]), after.mean - before.mean
    zero = np.zeros((k, 1))
    # How each part moves with the earlier shares, slopes and mean, then with the later ones.
    prevalence = [-np.diag(middle), np.diag(rise / 2), zero, np.diag(middle), np.diag(rise / 2), zero]
    severe = [np.diag(grown / 2), -np.diag(share), zero, np.diag(grown / 2), np.diag(share), zero]
    turned = np.vstack([np.hstack(prevalence), np.hstack(severe)])
    of_whole = np.zeros(4 * k + 2)
    of_whole[[2 * k, -1]] = -1.0, 1.0
    turned = np.vstack([turned, of_whole - turned.sum(axis=0), of_whole])
    estimate = np.array([*parts, whole - parts.sum(), whole])
    error = np.sqrt(np.maximum(np.diag(turned @ variance @ turned.T), 0.0))
    low, high = t_interval(estimate, error, np.full(len(error), min(before.df, after.df)), conf_level)
    return pd.DataFrame({"estimate": estimate, "std_error": error, "conf_low": low, "conf_high": high})


def _rows(mentions: Mentions, keys: list[str], waves: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the names of the parts and the comments behind each."""
    names = [mentions.names[key] for key in keys]
    topic, component = [*names, *names, REST, ALL], [PREVALENCE] * len(keys) + [SEVERITY] * len(keys) + [REST, ALL]
    frame = pd.DataFrame({"topic": topic, "component": component}).astype("str")
    for end, wave in (("", waves[1]), ("_previous", waves[0])):
        named = [wave if key is None else wave[wave[key].eq(1)] for key in [*keys, *keys, None, None]]
        frame[f"n{end}"] = [len(rows) for rows in named]
        frame[f"n_customers{end}"] = [_people(rows) for rows in named]
    return frame.assign(n_eff=frame["n"].astype("float64"))


def _people(rows: pd.DataFrame) -> int:
    """Return the distinct accounts or customers behind some comments."""
    ids = next((name for name in ("account_id", "customer_id") if name in rows and rows[name].notna().any()), None)
    return len(rows) if ids is None else int(rows[ids].nunique() + rows[ids].isna().sum())
