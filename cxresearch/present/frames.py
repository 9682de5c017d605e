"""What the columns of a protected result frame mean: units, differences, small bases, which rows are drawn."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.present import labels as say
from cxresearch.present.disclosure import HIDDEN

BASES = ("n", "n_customers", "n_eff", "n_previous", "n_customers_previous", "n_against", "n_customers_against",
         "benchmark_n")  # fmt: skip
# The columns that are in the unit of the metric; other decimals are plain numbers unless `units` names theirs.
IN_UNIT = ("estimate", "conf_low", "conf_high", "previous", "current", "previous_low", "previous_high", "change",
           "change_low", "change_high", "target", "minimum_detectable", "std_error", "value", "value_against",
           "benchmark", "by_chance", "raw", "at_least", "margin", "difference", "difference_low", "difference_high",
           "penalty", "penalty_low", "penalty_high", "reward", "reward_low", "reward_high", "penalty_before",
           "penalty_before_low", "penalty_before_high", "reward_before", "reward_before_low", "reward_before_high",
           "lowest", "highest", "usual")  # fmt: skip
LIMITS = {
    "estimate": ("conf_low", "conf_high"),
    "change": ("change_low", "change_high"),
    "difference": ("difference_low", "difference_high"),
    "rank": ("rank_low", "rank_high"),
    "share": ("share_low", "share_high"),
    "penalty": ("penalty_low", "penalty_high"),
    "reward": ("reward_low", "reward_high"),
    "penalty_before": ("penalty_before_low", "penalty_before_high"),
    "reward_before": ("reward_before_low", "reward_before_high"),
    "percent": ("percent_low", "percent_high"),
    "points": ("points_low", "points_high"),
    "money": ("money_low", "money_high"),
}
NOT_COMPARABLE = "not comparable"
DIFFERENCES = ("change", "change_low", "change_high", "minimum_detectable", "difference", "difference_low",
               "difference_high")  # fmt: skip
OF_A_CHANGE_FRAME = ("estimate", "conf_low", "conf_high")


def is_change(frame: pd.DataFrame) -> bool:
    """Return whether `estimate` is a difference: of `previous` and `current`, or of `value` and `value_against`."""
    return any({*pair} <= set(frame.columns) for pair in (("previous", "current"), ("value", "value_against")))


def is_difference(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds differences."""
    return name in DIFFERENCES or (name in OF_A_CHANGE_FRAME and is_change(frame))


def units(frame: pd.DataFrame, arguments: Mapping[str, Any], name: str) -> pd.Series:
    """Return the unit of each value of a column.

    Parameters
    ----------
    frame
        Its column `unit`, else `metric`, where there is one, decides row by row.
    arguments
        `units` names a unit by metric or by column, `unit` one for all estimates, `metric` the metric of all.
    name
        Column of numbers.

    Examples
    --------
    >>> frame = pd.DataFrame({"metric": ["nps", "fcr"], "n": [30, 30], "estimate": [27.0, 0.8]})
    >>> units(frame, {}, "estimate").tolist(), units(frame, {}, "n").tolist()
    (['points', 'share'], ['count', 'count'])
    """
    declared = arguments.get("units") or {}
    metrics = frame["metric"] if "metric" in frame.columns else [arguments.get("metric")] * len(frame)
    if name in declared:
        found = [declared[name]] * len(frame)
    elif name in BASES or (name not in IN_UNIT and _is_whole(frame[name]) and _by_name(name) == "number"):
        found = ["count"] * len(frame)
    elif name in IN_UNIT and "unit" in frame.columns:
        found = [say.unit_named(unit) for unit in frame["unit"]]
    elif name in IN_UNIT:
        found = [say.unit_of(arguments, None if pd.isna(metric) else metric) for metric in metrics]
    else:
        found = [_by_name(name)] * len(frame)
    if is_difference(frame, name):
        found = [say.unit_of_change(unit) for unit in found]
    return pd.Series(found, index=frame.index, dtype="str")


def _is_whole(numbers: pd.Series) -> bool:
    """Return whether all known numbers of a column are whole, and there is one."""
    known = numbers.astype("float64").dropna()
    return len(known) > 0 and bool((known % 1 == 0).all())


def _by_name(name: str) -> str:
    """Return the unit that a column's name tells."""
    if name == "share" or name.endswith("_share") or name.startswith("share_"):
        return "share"
    if name.startswith("percent"):
        return "percent"
    named = {"gap": "percentage points", "expected": "count", "seconds": "count"}
    return named.get(name, "seconds" if name.endswith("_s") else "number")


def floats(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as floats, all missing where the frame lacks it."""
    if name not in frame.columns:
        return pd.Series(float("nan"), index=frame.index)
    return frame[name].astype("float64")


def flags(frame: pd.DataFrame) -> pd.Series:
    """Return the notes of the rows, "" where there is none."""
    if "flag" not in frame.columns:
        return pd.Series("", index=frame.index, dtype="str")
    return frame["flag"].fillna("")


def is_hidden(frame: pd.DataFrame) -> pd.Series:
    """Return which rows disclosure emptied."""
    return flags(frame) == HIDDEN


def is_small(frame: pd.DataFrame) -> pd.Series:
    """Return which rows rest on a base that is to be read with care."""
    return flags(frame).str.contains("base|indicative")


def is_broken(frame: pd.DataFrame) -> pd.Series:
    """Return which rows begin a new line of a trend, for they cannot be compared with those before."""
    return flags(frame).str.contains(NOT_COMPARABLE)
