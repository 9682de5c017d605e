"""Whether the arms were dealt as planned, and whether people were shown what they were dealt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.metrics import proportion
from cxresearch.questions.assigned import assigned, chances, planned_waves
from cxresearch.questions.eligible import assignment_of
from cxresearch.schema.questions import HOLDOUT, Bank
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

__all__ = ["ALPHA", "SampleRatio", "ratio_test", "sample_ratio", "unit_waves"]

# A broken assignment is rare and shows clearly; at .05 one wave in twenty would be suspected for nothing.
ALPHA = 0.001
# The chi-square of smaller expected counts is not trusted.
LEAST_EXPECTED = 5.0
ALL_WAVES = "all"
AS_PLANNED, NOT_AS_PLANNED = "as planned", "not as planned"


@dataclass(frozen=True)
class SampleRatio:
    """How the arms were dealt.

    Attributes
    ----------
    arms
        `wave` (each, and `all`), `arm`, then a result frame: `n` counts all units of the wave, `estimate` is the share
        of them in the arm; before `flag` also `assigned` (units), `planned` (the share) and `expected` (units).
    tests
        One row a wave, and `all`: `wave`, `n`, `n_customers`, `statistic`, `df`, `p_value`, `verdict` (`as planned`,
        `not as planned`, "" where there are too few) and `flag`.
    shown
        `wave`, `arm` (assigned), `shown` (as the survey platform recorded it; `not recorded` where it is blank), `n`
        and `n_customers` (answers), `share` (of the answers of that arm and wave), `flag` (`not as assigned`). Empty
        where no answer tells its arm.
    """

    arms: pd.DataFrame
    tests: pd.DataFrame
    shown: pd.DataFrame


def sample_ratio(study: StudyData, bank: Bank, *, waves: Sequence[str] | None = None) -> SampleRatio:
    """Return whether the arms hold as many units as their probabilities say, wave by wave and in all waves.

    Parameters
    ----------
    study, bank, waves
        As for `insertion_effect`.

    Returns
    -------
    SampleRatio
        Shares, tests, and what was shown to those who answered.

    Raises
    ------
    StudyError
        As for `assigned`.

    Notes
    -----
    Chi-square of the units in each arm, alpha .001. The holdout is permanent, so that in all waves together each unit
    counts once for it; those outside it are dealt anew in each wave and count in each: two independent parts, added.
    A leak of 2 points of all units into the wrong one of two equal arms is found in over 99 % at 20,000 units.
    R: `chisq.test(table(arm), p = )`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = sample_ratio(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> found.tests["verdict"].tolist()
    ['as planned', 'as planned', 'as planned', 'as planned']
    """
    planned = chances(assignment_of(bank))
    wanted = planned_waves(study, assignment_of(bank), waves)
    rows = assigned(study, bank, wanted)
    units = unit_waves(rows)
    return SampleRatio(_arms(units, wanted, planned), _tests(units, wanted, planned), _shown(rows))


def unit_waves(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the arm of each unit in each wave, once: `unit`, `wave`, `arm`, `split` (it stands in two arms)."""
    split = rows.groupby(["unit", "wave"], sort=False)["arm"].transform("nunique") > 1
    found = rows[["unit", "wave", "arm"]].assign(split=split)
    return found.drop_duplicates(["unit", "wave"]).reset_index(drop=True)


def ratio_test(counts: Sequence[int], planned: Sequence[float]) -> tuple[float, int, float]:
    """Return chi-square, its degrees of freedom and p-value of counts beside their probabilities.

    Parameters
    ----------
    counts
        Units in each arm.
    planned
        Their probabilities.

    Returns
    -------
    tuple of float, int and float
        All missing (0 degrees) where a planned arm expects under 5 units.

    Raises
    ------
    StudyError
        If the probabilities do not add up to one, or an arm without a chance holds somebody.

    Examples
    --------
    >>> statistic, df, p_value = ratio_test([9_600, 10_400], [0.5, 0.5])
    >>> statistic, df, p_value < 0.001
    (32.0, 1, True)
    """
    chance, seen = np.asarray(planned, dtype=float), np.asarray(counts, dtype=float)
    if abs(chance.sum() - 1) > 1e-9 or (chance < 0).any():
        raise StudyError(f"sample_ratio: the probabilities add up to {chance.sum():g}; they are 0-1 and add up to 1.")
    if seen[chance == 0].any():
        raise StudyError("sample_ratio: an arm with the probability 0 holds units; nobody can be assigned to it.")
    seen, expected = seen[chance > 0], chance[chance > 0] * seen.sum()
    if len(seen) < 2 or (expected < LEAST_EXPECTED).any():
        return np.nan, 0, np.nan
    found = stats.chisquare(seen, expected)
    return float(found.statistic), len(seen) - 1, float(found.pvalue)


def _arms(units: pd.DataFrame, waves: list[str], planned: Mapping[str, float]) -> pd.DataFrame:
    """Return the share of each arm in each wave and in all."""
    parts = []
    for wave in [*waves, *([ALL_WAVES] if len(waves) > 1 else [])]:
        rows = units if wave == ALL_WAVES else units[units["wave"].eq(wave)]
        for arm, chance in planned.items():
            here = pd.DataFrame({"customer_id": rows["unit"], "_here": rows["arm"].eq(arm).astype(float)})
            found = proportion(here, column="_here")
            count = {"assigned": int(here["_here"].sum()), "planned": chance, "expected": chance * len(rows)}
            flag, head = found.pop("flag").to_numpy(), pd.DataFrame([{"wave": wave, "arm": arm}])
            parts.append(pd.concat([head, found], axis=1).assign(**count, flag=flag))
    return pd.concat(parts, ignore_index=True)


def _tests(units: pd.DataFrame, waves: list[str], planned: Mapping[str, float]) -> pd.DataFrame:
    """Return the test of each wave, and of all together."""
    found = [_row(wave, part, ratio_test(_counts(part, planned), list(planned.values())))
             for wave, part in ((wave, units[units["wave"].eq(wave)]) for wave in waves)]  # fmt: skip
    if len(waves) > 1:
        found.append(_row(ALL_WAVES, units, _pooled(units, planned)))
    return pd.DataFrame(found)


def _counts(units: pd.DataFrame, planned: Mapping[str, float]) -> list[int]:
    """Return the units in each arm."""
    seen = units["arm"].value_counts()
    return [int(seen.get(arm, 0)) for arm in planned]


def _pooled(units: pd.DataFrame, planned: Mapping[str, float]) -> tuple[float, int, float]:
    """Return the test of all waves: units for the holdout, units and waves for the arms of those outside it."""
    held = units.groupby("unit")["arm"].agg(lambda arms: arms.eq(HOLDOUT).any())
    share = planned[HOLDOUT]
    parts = [ratio_test([int(held.sum()), int((~held).sum())], [share, 1 - share])]
    dealt = {arm: chance / (1 - share) for arm, chance in planned.items() if arm != HOLDOUT}
    parts.append(ratio_test(_counts(units[units["arm"].ne(HOLDOUT)], dealt), list(dealt.values())))
    # A plan without a holdout, or with a single arm, has one part only.
    tested = [part for part in parts if part[1]]
    statistic, df = sum(part[0] for part in tested), sum(part[1] for part in tested)
    return (float(statistic), df, float(stats.chi2.sf(statistic, df))) if df else (np.nan, 0, np.nan)


def _row(wave: str, units: pd.DataFrame, found: tuple[float, int, float]) -> dict[str, object]:
    """Return one test as a row."""
    statistic, df, p_value = found
    verdict = "" if not df else NOT_AS_PLANNED if p_value < ALPHA else AS_PLANNED
    n_units = units["unit"].nunique()
    size = {"wave": wave, "n": len(units), "n_customers": n_units}
    told = {"statistic": statistic, "df": df, "p_value": p_value, "verdict": verdict}
    return {**size, **told, "flag": _flag(units, df, n_units)}


def _flag(units: pd.DataFrame, df: int, n_units: int) -> str:
    """Return what is wrong with the units of a test."""
    twice = int(units["split"].sum())
    held = units["arm"].eq(HOLDOUT).groupby(units["unit"]).nunique()
    moved = int((held > 1).sum())
    parts = [
        f"{twice} units stand in two arms of a wave" if twice else "",
        f"{moved} units left or joined the holdout" if moved else "",
        "" if df else "too few to test",
        str(base_flag([n_units], [n_units])[0]),
    ]
    return "; ".join(part for part in parts if part)


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what those who answered were shown, by what they were assigned."""
    columns = ["wave", "arm", "shown", "n", "n_customers", "share", "flag"]
    if "shown" not in rows or not rows["shown"].notna().any():
        return pd.DataFrame(columns=columns)
    answered = rows[rows["response"].eq(1)].assign(shown=lambda frame: frame["shown"].fillna("not recorded"))
    grouped = answered.groupby(["wave", "arm", "shown"], observed=True)["unit"]
    found = grouped.agg(n="size", n_customers="nunique").reset_index()
    found["share"] = found["n"] / found.groupby(["wave", "arm"])["n"].transform("sum")
    wrong = found["arm"].ne(found["shown"]) & found["shown"].ne("not recorded")
    return found.assign(flag=pd.Series(np.where(wrong, "not as assigned", ""), dtype="str"))[columns]
