"""Two waves of answers compared: difference, interval, p-value, and what could have been detected."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxresearch.metrics.answers import Answers, By, Columns, read_answers, used_columns
from cxresearch.metrics.measures import Measure
from cxresearch.metrics.table import check_level, joined, moments, notes, result
from cxresearch.stats.design import Floats
from cxresearch.stats.differences import (
    Moments,
    adjusted,
    dealing_strata,
    equivalent,
    permutation_p,
    studentised,
    two_sided_p,
    welch_df,
)
from cxresearch.stats.survey import (
    NORMAL_FROM,
    TESTED_FROM,
    Estimates,
    base_flag,
    domain_means,
    mean_influence,
    overlap_covariance,
)

__all__ = ["COMPARED", "NO_EARLIER_PERIOD", "Question", "compare"]

METHODS = ("adjusted", "wald")
POWER = 0.8
NO_EARLIER_PERIOD, NONE_BEFORE, FEW_BEFORE = "no earlier period", "no answers before", "few answers before"
# What is empty where two waves cannot be compared.
DIFFERENCE = ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "minimum_detectable")
# The columns that `compare` gives after the grouping columns.
COMPARED = (
    *("n", "n_customers", "n_previous", "n_customers_previous", "n_eff"),
    *("previous", "previous_low", "previous_high", "current", "current_error", "current_low", "current_high"),
    *DIFFERENCE,
    *("equivalence", "comparable", "flag", "level_flag"),
)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Question:
    """How two waves are compared.

    Attributes
    ----------
    measure
        What is counted.
    conf_level, method, n_permutations, seed
        As for `change`.
    smallest_difference
        Margin of equivalence in the unit of the measure; None claims no equivalence.
    obstacle
        Why the waves cannot be compared, "" where they can.
    """

    measure: Measure
    conf_level: float = 0.95
    method: str = "adjusted"
    n_permutations: int = 4_999
    seed: int = 0
    smallest_difference: float | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Waves:
    """The answers of two waves, by group, and the estimates of either.

    Attributes
    ----------
    answers
        Of both waves, one after the other.
    earlier
        (n,) whether a row belongs to the first wave.
    before, after
        Estimates of each group.
    correlation
        (groups,) of the two estimates, as repeat customers cause it.
    df
        (groups,) degrees of freedom of the difference of two means.
    """

    answers: Answers
    earlier: Mask
    before: Estimates
    after: Estimates
    correlation: Floats
    df: Floats


def compare(
    previous: pd.DataFrame, current: pd.DataFrame, question: Question, by: By, columns: Columns
) -> pd.DataFrame:
    """Return what two waves of answers say about a change, before it is judged among others.

    Returns
    -------
    pandas.DataFrame
        One row a group: the grouping columns, then those of a change frame but `p_adjusted` and `verdict`; besides the
        limits of both levels, `equivalence` (the words of a shown equivalence or ""), `comparable`, and `level_flag`,
        the flag of a row that tells the current level first.
    """
    if question.method not in METHODS:
        raise ValueError(f"method: found {question.method!r}; it is one of {', '.join(METHODS)}.")
    check_level(question.conf_level)
    pair = _waves(previous, current, question.measure, by, columns)
    levels = _levels(pair, question)
    comparable = question.obstacle in ("", NO_EARLIER_PERIOD)
    reported = (levels["previous"].notna() & levels["current"].notna()).to_numpy() & comparable
    difference = _difference(pair, question, reported)
    tested = reported & (_smaller_base(pair) >= TESTED_FROM)
    difference["p_value"] = difference["p_value"].where(tested)
    difference["equivalence"] = difference["equivalence"].where(tested, "")
    if question.method == "adjusted" and question.measure.kind != "total":
        for place in np.flatnonzero(tested & (_smaller_base(pair) < NORMAL_FROM)):
            difference.loc[place, "p_value"] = _permuted(pair, int(place), question)
    flags = _flags(pair, question)
    return pd.concat([pair.answers.groups, levels, difference.assign(comparable=comparable), flags], axis=1)


def _waves(previous: pd.DataFrame, current: pd.DataFrame, measure: Measure, by: By, columns: Columns) -> Waves:
    """Return the estimates of two waves and how they move together; each wave is a sample of its own."""
    used = used_columns(current, measure, by, columns)
    both = pd.concat([previous[used], current[used]], ignore_index=True)
    answers = read_answers(both, measure, by, columns)
    earlier = np.arange(len(both)) < len(previous)
    before, after = (answers.estimates(measure, rows) for rows in (earlier, ~earlier))
    pooled = answers.design(finite=False)
    shared = domain_means(answers.votes, pooled, answers.group, len(answers.groups))
    df = np.fmin(welch_df(before.variance, before.df, after.variance, after.df), shared.df)
    return Waves(answers, earlier, before, after, _correlation(answers, earlier, before, after, measure), df)


def _correlation(answers: Answers, earlier: Mask, before: Estimates, after: Estimates, measure: Measure) -> Floats:
    """Return the correlation of two waves' estimates that repeat customers cause; 0 where there are none."""
    n_groups, pooled = len(answers.groups), answers.design(finite=False)
    group = np.maximum(answers.group, 0)
    if measure.kind == "total":
        influence = np.where(answers.group >= 0, np.nan_to_num(answers.votes) * answers.weight, 0.0)
    else:
        of_wave = np.where(answers.group >= 0, 2 * answers.group + earlier, -1)
        influence = mean_influence(answers.votes, pooled, of_wave, 2 * n_groups)
    covariance = overlap_covariance(
        np.where(earlier, influence, 0.0),
        np.where(earlier, 0.0, influence),
        pooled,
        group,
        n_groups,
        first=earlier,
        population=_population(answers, earlier),
    )
    both = np.nan_to_num(np.sqrt(before.variance * after.variance))
    return np.clip(np.divide(covariance, both, out=np.zeros(n_groups), where=both > 0), -1.0, 1.0)


def _population(answers: Answers, earlier: Mask) -> Floats | None:
    """Return the population of each row's stratum in its wave; None where it is infinite."""
    if not answers.populations:
        return None
    population = np.full(len(earlier), np.inf)
    for rows in (earlier, ~earlier):
        stage = answers.design(rows).stages[0]
        size = np.divide(stage.size, stage.fraction, out=np.full(len(stage.size), np.inf), where=stage.fraction > 0)
        population[rows] = size[stage.stratum]
    return population


def _levels(pair: Waves, question: Question) -> pd.DataFrame:
    """Return the bases and levels of both waves."""
    masks = {"previous": pair.earlier, "current": ~pair.earlier}
    found = {"previous": pair.before, "current": pair.after}
    wave = {
        name: result(one, pair.answers.customers(one, masks[name]), question.measure, question.conf_level)
        for name, one in found.items()
    }
    previous, current = wave["previous"], wave["current"]
    bases = {"n": current["n"], "n_customers": current["n_customers"]}
    bases |= {"n_previous": previous["n"], "n_customers_previous": previous["n_customers"], "n_eff": current["n_eff"]}
    before = {"previous": previous["estimate"], "previous_low": previous["conf_low"]}
    before |= {"previous_high": previous["conf_high"]}
    now = {"current": current["estimate"], "current_error": current["std_error"]}
    now |= {"current_low": current["conf_low"], "current_high": current["conf_high"]}
    return pd.DataFrame(bases | before | now)


def _difference(pair: Waves, question: Question, reported: Mask) -> pd.DataFrame:
    """Return the difference of the waves with its interval, test and detectable change; `equivalence` in words."""
    measure, before, after = question.measure, pair.before, pair.after
    variance = _variance(before.variance, after.variance, pair.correlation)
    centre, tested, df = after.estimate - before.estimate, variance, np.full(len(variance), np.inf)
    if question.method == "adjusted" and measure.kind in ("nps", "share"):
        (mean_1, variance_1), (mean_2, variance_2) = (adjusted(moments(one), measure.added) for one in (before, after))
        centre, tested = mean_2 - mean_1, _variance(variance_1, variance_2, pair.correlation)
    if question.method == "adjusted" and measure.kind != "share":
        # The normal's tails are too thin for a family of many groups, of an NPS as of a mean.
        df = pair.df
    known_error = reported & (tested > 0) & ~np.isnan(variance)
    error = np.where(known_error, np.sqrt(tested), np.nan)
    known = np.where(df >= 1, df, np.nan)
    quantile, power = (stats.t.ppf(p, known) for p in ((1 + question.conf_level) / 2, POWER))
    lowest, highest = measure.limits
    widest, factor = highest - lowest, measure.factor
    return pd.DataFrame(
        {
            "estimate": np.where(reported, after.estimate - before.estimate, np.nan) * factor,
            "std_error": np.where(reported, np.sqrt(variance), np.nan) * factor,
            "conf_low": np.maximum((centre - quantile * error) * factor, -widest),
            "conf_high": np.minimum((centre + quantile * error) * factor, widest),
            "statistic": centre / error,
            "p_value": two_sided_p(centre / error, df),
            "minimum_detectable": (quantile + power) * error * factor,
            "equivalence": _equivalence(centre * factor, error * factor, known, question.smallest_difference),
        }
    )


def _variance(first: Floats, second: Floats, correlation: Floats) -> Floats:
    """Return the variance of a difference of two correlated estimates."""
    return np.maximum(first + second - 2 * correlation * np.sqrt(first * second), 0.0)


def _equivalence(centre: Floats, error: Floats, df: Floats, margin: float | None) -> pd.Series:
    """Return the words of an equivalence that two one-sided 5 % tests show, "" where they do not."""
    if margin is None:
        return pd.Series("", index=range(len(centre)), dtype="str")
    shown = equivalent(centre, error, np.nan_to_num(df), margin)
    return pd.Series(np.where(shown, f"no difference beyond {margin:g}", ""), dtype="str")


def _smaller_base(pair: Waves) -> Floats:
    """Return the smaller base for reading of the two waves."""
    return np.minimum(np.fmin(pair.before.n, pair.before.n_eff), np.fmin(pair.after.n, pair.after.n_eff))


def _permuted(pair: Waves, group: int, question: Question) -> float:
    """Return the permutation p-value of one group's change."""
    answers, added = pair.answers, question.measure.added
    rows = (answers.group == group) & ~np.isnan(answers.votes)
    vote, weight, earlier = answers.votes[rows], answers.weight[rows], pair.earlier[rows]
    if question.measure.kind == "mean" and vote.std() > 0:
        vote = (vote - vote.mean()) / vote.std()
    unit, stratum = _units(answers, rows, earlier)
    sums = np.stack([weight, weight * vote, weight * vote * vote], axis=1)
    first, second = (np.zeros((len(stratum), 3)) for _ in range(2))
    np.add.at(first, unit[earlier], sums[earlier])
    np.add.at(second, unit[~earlier], sums[~earlier])
    n_1, n_2 = pair.before.n_eff[group], pair.after.n_eff[group]

    def statistic(one: Floats, other: Floats) -> Floats:
        """Return the studentised difference of dealt waves, with the observed effective bases and correlation."""
        return studentised(_of_sums(one, n_1), _of_sums(other, n_2), added, float(pair.correlation[group]))

    return permutation_p(
        first, second, statistic, stratum=stratum, n_permutations=question.n_permutations, seed=question.seed
    )


def _of_sums(sums: Floats, n: Floats) -> Moments:
    """Return the moments of a wave from its sums of weights, weighted votes and weighted squares."""
    return Moments(sums[..., 1] / sums[..., 0], sums[..., 2] / sums[..., 0], n)


def _units(answers: Answers, rows: Mask, earlier: Mask) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the sampling unit of each row, and each unit's stratum; strata of one wave only are one together."""
    unit = answers.clusters[0][rows] if answers.clusters else np.arange(int(rows.sum()))
    plain = np.zeros(len(unit), dtype=np.intp) if answers.strata is None else answers.strata[rows]
    stratum = dealing_strata(plain, earlier, ~earlier)
    found, code = np.unique(np.stack([unit, stratum]), axis=1, return_inverse=True)
    return code.ravel(), found[1]


def _flags(pair: Waves, question: Question) -> pd.DataFrame:
    """Return why each row's values are missing or to be read with care, for the change and for the current level."""
    before, after = pair.before, pair.after
    none, few = before.n == 0, np.fmin(before.n, before.n_eff) < TESTED_FROM
    n = np.where(none, after.n, np.minimum(before.n, after.n))
    n_eff = np.where(none, after.n_eff, np.minimum(before.n_eff, after.n_eff))
    now, then = (notes(one, one.n_units < 2) for one in (after, before))
    obstacle = np.full(len(n), question.obstacle)
    asked = (after.n > 0) & (question.obstacle != NO_EARLIER_PERIOD)
    missing = np.where(asked & none, NONE_BEFORE, "")
    change = joined(base_flag(n, n_eff), np.where(now != "", now, then), missing, obstacle)
    sparse = np.where(asked & few & ~none, FEW_BEFORE, missing)
    level = joined(base_flag(after.n, after.n_eff), now, sparse, obstacle)
    return pd.DataFrame({"flag": pd.Series(change, dtype="str"), "level_flag": pd.Series(level, dtype="str")})
