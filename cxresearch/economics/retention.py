"""Who stays: the share of customers still there some months after an answer, by how they answered."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.economics.spells import NPS_GROUP, Spells, spells_after_answers
from cxresearch.metrics.table import check_level
from cxresearch.stats.design import Floats
from cxresearch.stats.survey import base_flag
from cxresearch.stats.survival import Curve, kaplan_meier, log_rank

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Staying", "group_test", "months_kept", "retention", "survival"]

NOBODY_LEFT, NOT_SEEN, EVERYONE = "nobody left", "not seen that long", "all"
# With fewer customers still followed, a curve's last steps are those of single customers.
FEWEST_FOLLOWED = 30


@dataclass(frozen=True)
class Staying:
    """One group's curve and bases.

    Attributes
    ----------
    level
        The group, `all` for everyone.
    frame
        Its spells.
    curve
        Of all of them.
    """

    level: str
    frame: pd.DataFrame
    curve: Curve

    def bases(self, at: float) -> tuple[int, int]:
        """Return how many answers, and how many customers, were followed for so many months or longer."""
        seen = self.frame[self.frame["months"] >= at]
        return len(seen), seen["unit"].nunique()

    def last_month(self, longest: int) -> int:
        """Return the last whole month up to which enough customers were followed."""
        months = range(longest, 0, -1)
        return next((month for month in months if self.bases(month)[1] >= FEWEST_FOLLOWED), 0)


def retention(
    study: "StudyData", by: str | None = NPS_GROUP, *, months: int = 12, survey: str = "relationship",
    conf_level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Return which share of customers was still there some months after an answer.

    Parameters
    ----------
    study
        A contractual study whose customers have `churned_at`.
    by
        `nps_group`, a segment or column of the answers, or None.
    months
        How many months after the answer.
    survey
        The survey whose answers start the clock.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row for all and for each group: `segment`, `level`, `n` (answers), `n_customers`, `n_eff`, `estimate`
        (share kept, 0-1), `std_error`, `conf_low`, `conf_high`, `followed` (customers followed that long),
        `months`, `flag`. Where under 30 customers were followed that long the estimate is missing: `not seen that
        long`.

    Raises
    ------
    KeyError, StudyError
        If the study lacks what it takes, in a sentence.
    ValueError
        If `months` is under 1.

    Notes
    -----
    Kaplan and Meier (1958) with the answers' weights; log-log interval; the variance sums over the answers of a
    customer or account (infinitesimal jackknife): R `survival::survfit(Surv(months, left) ~ group,
    weights, cluster, conf.type = "log-log")`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.retention(cx.load("demo", period="2026Q3"))
    >>> found["level"].tolist()
    ['all', 'detractors', 'passives', 'promoters']
    """
    _check(months, conf_level)
    groups = curves(spells_after_answers(study, by, survey))
    return _frame([_row(one, months, conf_level) for one in groups], by)


def survival(
    study: "StudyData", by: str | None = NPS_GROUP, *, months: int = 24, survey: str = "relationship",
    conf_level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Return the share of customers still there after each month, for as long as enough of them were followed.

    Parameters
    ----------
    study, by, survey, conf_level
        As for `retention`.
    months
        The last month; a curve ends earlier where fewer than 30 customers were followed.

    Returns
    -------
    pandas.DataFrame
        One row a group and month: `segment`, `level`, `month` (whole months after the answer), then as
        `retention`; here `n` and `n_customers` are the answers and customers followed up to that month or longer.

    Raises
    ------
    KeyError, StudyError, ValueError
        As `retention` does.

    Examples
    --------
    >>> import cxresearch as cx
    >>> curve = cx.economics.survival(cx.load("demo", period="2026Q3"), months=6)
    >>> curve.query("level == 'promoters'")["month"].tolist()
    [0, 1, 2, 3, 4, 5, 6]
    """
    _check(months, conf_level)
    groups = curves(spells_after_answers(study, by, survey))
    found = [_points(one, months, conf_level) for one in groups if by is None or one.level != "all"]
    frame = pd.concat(found, ignore_index=True)
    frame.insert(0, "segment", pd.Series(by or EVERYONE, index=frame.index, dtype="str"))
    return frame.astype({"level": "str", "flag": "str"})


def months_kept(
    study: "StudyData", by: str | None = NPS_GROUP, *, months: int = 12, survey: str = "relationship",
    conf_level: float = 0.95,
) -> pd.DataFrame:  # fmt: skip
    """Return how many of some months customers stayed, on average: the area under the curve of `survival`.

    Parameters
    ----------
    study, by, months, survey, conf_level
        As for `retention`.

    Returns
    -------
    pandas.DataFrame
        As `retention`, `estimate` in months.

    Raises
    ------
    KeyError, StudyError, ValueError
        As `retention` does.

    Notes
    -----
    Restricted mean survival time: R `print(survfit(...), rmean = months)`. Unlike a hazard ratio it needs no assumption
    that groups leave in proportion.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = cx.economics.months_kept(cx.load("demo", period="2026Q3"))
    >>> bool(found["estimate"].between(0, 12).all())
    True
    """
    _check(months, conf_level)
    rows = []
    for one in curves(spells_after_answers(study, by, survey)):
        row = _row(one, months, conf_level)
        mean, error = one.curve.restricted_mean(months) if not pd.isna(row["estimate"]) else (np.nan, np.nan)
        half = _quantile(conf_level) * error
        low, high = max(mean - half, 0.0), min(mean + half, float(months))
        rows.append(row | {"estimate": mean, "std_error": error, "conf_low": low, "conf_high": high})
    return _frame(rows, by)


def group_test(study: "StudyData", by: str = NPS_GROUP, *, survey: str = "relationship") -> pd.DataFrame:
    """Return whether the groups' curves differ at all: the log-rank test.

    Parameters
    ----------
    study, by, survey
        As for `retention`.

    Returns
    -------
    pandas.DataFrame
        One row: `n`, `n_customers`, `groups`, `statistic` (chi-squared), `p_value`, `flag` (what was set aside).

    Raises
    ------
    KeyError, StudyError
        As `retention` does.
    ValueError
        If there is one group only.

    Notes
    -----
    Lin and Wei's (1989) score test, whose variance holds when customers answer more than once and answers are weighted.

    Examples
    --------
    >>> import cxresearch as cx
    >>> cx.economics.group_test(cx.load("demo", period="2026Q3"))["groups"].tolist()
    [3]
    """
    spells = spells_after_answers(study, by, survey)
    if len(spells.levels) < 2:
        raise ValueError(f"log-rank test: {by!r} has one group only; a comparison needs two.")
    frame = spells.frame
    code = pd.Categorical(frame[by], categories=spells.levels).codes.astype(np.intp)
    test = log_rank(
        frame["months"].to_numpy(), frame["left"].to_numpy(), code, weight=frame["weight"].to_numpy(),
        cluster=pd.factorize(frame["unit"])[0],
    )  # fmt: skip
    row = {"n": len(frame), "n_customers": frame["unit"].nunique(), "groups": len(spells.levels)}
    row |= {"statistic": test.statistic, "p_value": test.p_value, "flag": _set_aside(spells)}
    return pd.DataFrame([row]).astype({"flag": "str"})


def curves(spells: Spells) -> list[Staying]:
    """Return the curve of everyone and of each group."""
    return [Staying(level, part, _curve(part)) for level, part in spells.groups()]


def _curve(part: pd.DataFrame) -> Curve:
    """Return the curve of some spells, clustered by customer or account."""
    columns = (part[name].to_numpy(dtype=float) for name in ("months", "left", "weight"))
    time, event, weight = columns
    return kaplan_meier(time, event, weight=weight, cluster=pd.factorize(part["unit"])[0])


def _row(one: Staying, months: int, conf_level: float) -> dict[str, Any]:
    """Return the row of one group after some months."""
    n, people = one.bases(0)
    followed = one.bases(months)[1]
    point = _at(one.curve, np.array([float(months)]), conf_level)
    seen = followed >= FEWEST_FOLLOWED or one.curve.share(np.array([float(months)]))[0] == 0
    values = {name: float(column[0]) if seen else np.nan for name, column in point.items()}
    n_eff = _effective(values, n, people)
    flags = [str(base_flag(n, n_eff)), "" if seen else NOT_SEEN, NOBODY_LEFT if values["estimate"] == 1 else ""]
    row = {"level": one.level, "n": n, "n_customers": people, "n_eff": n_eff, **values}
    return row | {"followed": followed, "months": months, "flag": "; ".join(flag for flag in flags if flag)}


def _points(one: Staying, months: int, conf_level: float) -> pd.DataFrame:
    """Return the curve of one group at whole months."""
    month = np.arange(one.last_month(months) + 1)
    bases = np.array([one.bases(float(at)) for at in month])
    values = _at(one.curve, month.astype(float), conf_level)
    # Before the first month nobody can have left.
    values["conf_low"][0], values["std_error"][0] = 1.0, np.nan
    frame = pd.DataFrame({"level": one.level, "month": month, "n": bases[:, 0], "n_customers": bases[:, 1]})
    frame["n_eff"] = frame["n_customers"].astype(float)
    return frame.assign(**values, flag=base_flag(bases[:, 0], bases[:, 1]))


def _at(curve: Curve, at: Floats, conf_level: float) -> dict[str, Floats]:
    """Return share, standard error and limits at some months."""
    share, error = curve.share(at), curve.error_of_log(at)
    low, high = curve.limits(at, conf_level)
    return {"estimate": share, "std_error": share * error, "conf_low": low, "conf_high": high}


def _effective(values: dict[str, float], n: int, people: int) -> float:
    """Return the effective base: of a share with this variance, at most the customers."""
    share, error = values["estimate"], values["std_error"]
    if np.isnan(share) or not error > 0:
        return float(people)
    return float(min(share * (1 - share) / error**2, people, n))


def _quantile(conf_level: float) -> float:
    """Return the normal quantile of an interval."""
    from scipy.stats import norm

    return float(norm.ppf((1 + conf_level) / 2))


def _set_aside(spells: Spells) -> str:
    """Return what was set aside, as a flag."""
    return f"set aside: {spells.note}" if spells.note else ""


def _check(months: int, conf_level: float) -> None:
    """Refuse a horizon or level that cannot be."""
    if months < 1:
        raise ValueError(f"months: found {months}; it is a whole number of months, 1 or more.")
    check_level(conf_level)


def _frame(rows: list[dict[str, Any]], by: str | None) -> pd.DataFrame:
    """Return rows as a frame of one segment."""
    frame = pd.DataFrame(rows)
    frame.insert(0, "segment", by or EVERYONE)
    return frame.astype({"segment": "str", "level": "str", "flag": "str"})
