"""What makes an encounter good: settling it at once, who handles it, how long one waits."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.journey.encounters import A_YEAR, SETTLED, encounters, require
from cxresearch.metrics.answers import read_answers
from cxresearch.metrics.measures import NPS_SCALE, Measure
from cxresearch.metrics.sources import columns_of
from cxresearch.metrics.table import check_level
from cxresearch.stats.design import Floats
from cxresearch.stats.regression import Slopes, least_squares
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["service"]

AT_ONCE, WAITING = "settled at the first contact", "twice as long a wait"
# Answers needed for a model of so many factors; columns that others leave less than this of are told by them.
FEWEST, ALIKE = 100, 1e-8
NAMES = {"ai": "AI", "person": "a person"}
# What is held equal, from nothing to everything: which other factors are in the model, beside touchpoint and period.
NOTHING, CASE, ALL = "nothing", "touchpoint and waiting", "all of these"
HELD = {NOTHING: (), CASE: ("waiting",), ALL: ("settled", "handled", "waiting")}


def service(
    study: "StudyData", outcome: str = "score", *, n_periods: int = 2 * A_YEAR, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return what settling, handling and waiting do to the score right after an encounter, with and without the others.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, whose transactional answers have `touchpoint` and `nps`, and at least one of
        `fcr`, `handled_by`, `response_minutes`, or a table `contacts` that has. Whether it was settled is what the
        contact's record says, where there is one.
    outcome
        `score` (0-10) or `nps` (votes times 100).
    n_periods
        Periods up to the reporting one that are taken together.
    conf_level
        Of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a factor and adjustment: `factor` (`settled at the first contact`, `handled by x` against the most
        frequent handler, `twice as long a wait`); `held` (what is equal: `nothing`, `touchpoint and waiting`, with the
        period, or `all of these`, the other factors as well);
        `n`, `n_customers`, `n_eff`; `estimate` (points of the outcome), `std_error`, `conf_low`, `conf_high`,
        `statistic`, `p_value`; `unit`; `flag`.

    Raises
    ------
    StudyError
        If none of the three is known, or under 100 answers have all that are.

    Notes
    -----
    Least squares with the variance linearised over customers. Waiting counts as log₂ of the minutes over the median of
    those handled alike, so that a handler who is always fast is not compared with one who is slow by nature: what waits
    do is one effect, who handles is another. Effects are associations given what is held; a customer who is hard to
    help waits longer and is settled less often. R: `survey::svyglm(score ~ fcr + handled_by + log2(wait) + touchpoint +
    period, design)`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = service(cx.load("demo", period="2026Q3"))
    >>> alone = found[found["held"].eq("all of these")].set_index("factor")["estimate"]
    >>> bool(alone["handled by AI"] < 0)
    True
    """
    check_level(conf_level)
    if outcome not in ("score", "nps"):
        raise StudyError(f"outcome: found {outcome!r}; it is score or nps.")
    rows = _complete(encounters(study, n_periods))
    measure = Measure("nps", "nps" if outcome == "nps" else "mean", NPS_SCALE)
    answers = read_answers(rows, measure, None, columns_of(study, rows, ""))
    votes, design = answers.votes * measure.factor, answers.design()
    base: dict[str, float] = {"n": len(rows), "n_customers": int(answers.customers(answers.estimates(measure))[0])}
    base["n_eff"] = float(answers.estimates(measure).n_eff[0])
    factors, place = _factors(rows), _levels(rows)
    lines = []
    for held, others in HELD.items():
        beside = [np.ones((len(rows), 1)), *([] if held == NOTHING else [place])]
        for part, own in factors.items():
            more = [column for other in others if other != part for column in factors.get(other, {}).values()]
            x = _independent(np.column_stack([*own.values(), *beside, *more]))
            fit = least_squares(votes, x, design)
            lines += [
                {"factor": name, "held": held, **base, **_effect(fit, at, conf_level)} for at, name in enumerate(own)
            ]
    frame = pd.DataFrame(lines)
    words = {"unit": "points" if outcome == "nps" else "mean", "flag": base_flag(frame["n"], frame["n_eff"])}
    return frame.assign(**words).astype(dict.fromkeys(["factor", "held", "unit", "flag"], "str"))


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the answers of which everything that is known of some is known."""
    require(rows, "nps", "ask it after the encounter")
    # What the contact's record says of being settled goes before what the customer remembers.
    rows = rows.assign(fcr=rows[SETTLED]) if SETTLED in rows else rows
    known = [name for name in ("fcr", "handled_by", "response_minutes") if name in rows and rows[name].nunique() > 1]
    if not known:
        raise StudyError(
            "neither `fcr`, `handled_by` nor `response_minutes` is known of the encounters; add them to the "
            "table `contacts`, and `contact_id` to both tables."
        )
    found = rows.dropna(subset=[*known, "nps"])
    found = found[found["response_minutes"] > 0] if "response_minutes" in known else found
    if len(found) < FEWEST:
        raise StudyError(
            f"{len(found)} answers have a score and {', '.join(known)}; a model needs {FEWEST}: take more periods."
        )
    return found.reset_index(drop=True)


def _factors(rows: pd.DataFrame) -> dict[str, dict[str, Floats]]:
    """Return the (n,) columns of each factor that varies, by the factor and the words for it."""
    found: dict[str, dict[str, Floats]] = {}
    if "fcr" in rows and rows["fcr"].nunique() > 1:
        found["settled"] = {AT_ONCE: rows["fcr"].to_numpy(dtype="float64")}
    by = rows["handled_by"].astype("str") if "handled_by" in rows else pd.Series("", index=rows.index)
    others = by.value_counts().index[1:]
    if len(others):
        words = {level: f"handled by {NAMES.get(level, level)}" for level in others}
        found["handled"] = {words[level]: by.eq(level).to_numpy(dtype="float64") for level in others}
    if "response_minutes" in rows and rows["response_minutes"].nunique() > 1:
        minutes = np.log2(rows["response_minutes"])
        found["waiting"] = {WAITING: (minutes - minutes.groupby(by).transform("median")).to_numpy(dtype="float64")}
    return found


def _levels(rows: pd.DataFrame) -> Floats:
    """Return touchpoints and periods as columns of zeros and ones."""
    return pd.get_dummies(rows[["touchpoint", "period"]].astype("str"), drop_first=True, dtype=float).to_numpy()


def _independent(columns: Floats) -> Floats:
    """Return columns without those that the ones before them tell already."""
    _, triangle = np.linalg.qr(columns / np.linalg.norm(columns, axis=0).clip(1e-300))
    return columns[:, np.abs(np.diag(triangle)) > ALIKE]


def _effect(fit: Slopes, place: int, conf_level: float) -> dict[str, float]:
    """Return one coefficient of a model with its interval and test."""
    estimate, error, df = float(fit.estimate[place]), float(fit.std_error[place]), max(fit.df, 1)
    half = float(stats.t.ppf((1 + conf_level) / 2, df)) * error
    found = {"estimate": estimate, "std_error": error, "conf_low": estimate - half, "conf_high": estimate + half}
    statistic = estimate / error if error > 0 else np.nan
    return {**found, "statistic": statistic, "p_value": 2 * float(stats.t.sf(abs(statistic), df))}
