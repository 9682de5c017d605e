"""How long things last when some have not ended yet: Kaplan and Meier's curve, with weights and clusters."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from cxresearch.stats.design import Codes, Floats

__all__ = ["Curve", "RankTest", "kaplan_meier", "log_rank"]


@dataclass(frozen=True)
class Curve:
    """A Kaplan–Meier curve, as `kaplan_meier` fits it.

    Attributes
    ----------
    time, event, weight, cluster
        (n,) of the rows: how long each was seen, whether it ended then, its weight, the code of its sampling unit.
    ends
        (k,) the distinct times at which something ended.
    at_risk, ended
        (k,) weighted number that lasted up to each, and that ended at it.
    """

    time: Floats
    event: Floats
    weight: Floats
    cluster: Codes
    ends: Floats
    at_risk: Floats
    ended: Floats

    @property
    def survival(self) -> Floats:
        """(k + 1,) share that lasts beyond nothing, then beyond each end."""
        return np.concatenate([[1.0], np.cumprod(1 - self.ended / self.at_risk)])

    def share(self, at: Floats) -> Floats:
        """Return the share that lasts beyond some times."""
        return self.survival[np.searchsorted(self.ends, at, side="right")]

    def rows_at_risk(self, at: Floats) -> Floats:
        """Return how many rows, unweighted, were seen up to some times or longer."""
        return len(self.time) - np.searchsorted(np.sort(self.time), at, side="left").astype(float)

    def error_of_log(self, at: Floats) -> Floats:
        """Return the standard error of -log(share) at some times; NaN once nobody is left."""
        return np.array([self._error(self._influence(float(moment))) for moment in at])

    def limits(self, at: Floats, conf_level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the log-log interval of the share; while nothing has ended, the exact binomial limit of "none"."""
        share, error = self.share(at), self.error_of_log(at)
        z = stats.norm.ppf((1 + conf_level) / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(share)
            low, high = (share ** np.exp(side * z * error / log) for side in (-1, 1))
            none = ((1 - conf_level) / 2) ** (1 / self.rows_at_risk(at))
        return np.where(share == 1, none, low), np.where(share == 1, 1.0, high)

    def restricted_mean(self, until: float) -> tuple[float, float]:
        """Return the mean time lasted within a horizon, the area under the curve, and its standard error."""
        cut = np.minimum(np.concatenate([[0.0], self.ends, [np.inf]]), until)
        width, share, hazard = np.diff(cut), self.survival, self._steps()
        area = np.concatenate([[0.0], np.cumsum(width * share)])
        beneath = np.concatenate([[0.0], np.cumsum(width * share * hazard)])
        seen = np.minimum(self.time, until)
        place = np.searchsorted(self.ends, seen, side="right")
        left = area[-1] - (area[place] + (seen - cut[place]) * share[place])
        before = beneath[place] + (seen - cut[place]) * share[place] * hazard[place]
        influence = self.weight * (self._own(until) * left - before - hazard[place] * left)
        return float(area[-1]), self._error(influence)

    def _steps(self) -> Floats:
        """Return (k + 1,) the sum of d / (Y (Y - d)) up to each end."""
        left = self.at_risk - self.ended
        steps = np.divide(self.ended, self.at_risk * left, out=np.full(len(left), np.nan), where=left > 0)
        return np.concatenate([[0.0], np.cumsum(steps)])

    def _own(self, until: float) -> Floats:
        """Return what its own end adds to the influence of each row, 0 where it has not ended by a time."""
        place = np.clip(np.searchsorted(self.ends, self.time), 0, max(len(self.ends) - 1, 0))
        counted = (self.event > 0) & (self.time <= until)
        if not len(self.ends):
            return np.zeros(len(self.time))
        left = (self.at_risk - self.ended)[place]
        return np.divide(1.0, left, out=np.where(counted, np.nan, 0.0), where=counted & (left > 0))

    def _influence(self, at: float) -> Floats:
        """Return the influence of each row on -log(share) at a time."""
        hazard = self._steps()[np.searchsorted(self.ends, np.minimum(self.time, at), side="right")]
        return self.weight * (self._own(at) - hazard)

    def _error(self, influence: Floats) -> float:
        """Return the root of the sum of squares over sampling units."""
        return float(np.sqrt(np.square(np.bincount(self.cluster, influence)).sum()))


def kaplan_meier(time: Floats, event: Floats, *, weight: Floats | None = None, cluster: Codes | None = None) -> Curve:
    """Return a Kaplan–Meier curve.

    Parameters
    ----------
    time
        (n,) how long each row was seen, 0 or more.
    event
        (n,) 1 where it ended then, 0 where it was still going on.
    weight
        (n,) weights; all ones by default.
    cluster
        (n,) codes of the sampling units; each row is one of its own by default.

    Returns
    -------
    Curve

    Notes
    -----
    The standard error is the infinitesimal jackknife, summed by cluster: R
    `survival::survfit(robust = TRUE, cluster =)`. Without weights and clusters it equals Greenwood's.

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    >>> curve.share(np.array([0.5, 1.0, 2.5])), curve.restricted_mean(2.0)[0]
    (array([1.  , 0.75, 0.5 ]), 1.75)
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=float)
    weight = np.ones(len(time)) if weight is None else np.asarray(weight, dtype=float)
    cluster = np.arange(len(time)) if cluster is None else cluster
    ends, place = np.unique(time[event > 0], return_inverse=True)
    ended = np.bincount(place, weight[event > 0], minlength=len(ends)).astype(float)
    at_risk = _at_risk(time, weight, ends)
    return Curve(time, event, weight, cluster, ends, at_risk, ended)


def _at_risk(time: Floats, weight: Floats, ends: Floats) -> Floats:
    """Return the weighted number of rows seen up to each time or longer."""
    order = np.argsort(time, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(weight[order])])
    return before[-1] - before[np.searchsorted(time[order], ends, side="left")]


@dataclass(frozen=True)
class RankTest:
    """Whether groups last equally long: `statistic` is chi-squared with `df` degrees of freedom."""

    statistic: float
    df: int
    p_value: float


def log_rank(
    time: Floats, event: Floats, group: Codes, *, weight: Floats | None = None, cluster: Codes | None = None
) -> RankTest:
    """Return the log-rank test of equal curves, with a variance that holds under weights and clusters.

    Parameters
    ----------
    time, event, weight, cluster
        As for `kaplan_meier`.
    group
        (n,) codes 0 … groups - 1.

    Notes
    -----
    The score test of Lin and Wei (1989): observed less expected ends, their variance from the score residuals summed
    by cluster. R: the robust score test of `survival::coxph(..., cluster =)`.

    Examples
    --------
    >>> time, group = np.array([1.0, 2, 3, 4, 5, 6, 7, 8]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> round(log_rank(time, np.ones(8), group).p_value, 3) < 0.05
    True
    """
    curve = kaplan_meier(time, event, weight=weight, cluster=cluster)
    n_groups = int(group.max()) + 1
    member = (group[:, None] == np.arange(1, n_groups)).astype(float)
    risk = np.stack([_at_risk(curve.time, curve.weight * own, curve.ends) for own in member.T], axis=1)
    share = risk / curve.at_risk[:, None]
    hazard = curve.ended / curve.at_risk
    total = np.concatenate([[0.0], np.cumsum(hazard)])
    expected = np.concatenate([np.zeros((1, n_groups - 1)), np.cumsum(hazard[:, None] * share, axis=0)])
    place = np.searchsorted(curve.ends, curve.time, side="right")
    own = np.where(curve.event[:, None] > 0, member - share[np.maximum(place - 1, 0)], 0.0)
    score = curve.weight[:, None] * (own - member * total[place][:, None] + expected[place])
    by_unit = np.stack([np.bincount(curve.cluster, column) for column in score.T], axis=1)
    sums = by_unit.sum(axis=0)
    statistic = float(sums @ np.linalg.pinv(by_unit.T @ by_unit) @ sums)
    return RankTest(statistic, n_groups - 1, float(stats.chi2.sf(statistic, n_groups - 1)))
