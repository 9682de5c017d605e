"""Results over completed copies of the answers, pooled as Rubin says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from cxresearch.drivers.importance import FEWEST_RESAMPLES, Importance, importance
from cxresearch.drivers.prepared import Prepared
from cxresearch.drivers.regressors import Model
from cxresearch.stats.design import Floats

__all__ = ["importance_of", "pooled_frames"]

NORMAL = 1.959964
# A number with its interval, and the bounds of what it measures.
INTERVALS = (
    ("estimate", "conf_low", "conf_high", (-np.inf, np.inf)),
    ("share", "share_low", "share_high", (0.0, 1.0)),
    ("penalty", "penalty_low", "penalty_high", (-np.inf, np.inf)),
    ("reward", "reward_low", "reward_high", (-np.inf, np.inf)),
)
# Of 20 copies each needs a quarter of the resamples: limits are means over the copies.
PARTS = 4
POOLED = ("shares", "coefficients", "fit", "differences", "groups", "methods", "agreement", "conditional")


def importance_of(
    prepared: Prepared,
    *,
    method: str = "lmg",
    model: Model = "ols",
    groups: Mapping[str, Sequence[str]] | None = None,
    n_boot: int = 1_000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> Importance:
    """Return what `importance` finds in prepared answers, pooled over their completed copies.

    Parameters
    ----------
    prepared
        What `prepare` returned.
    method, model, groups, conf_level
        As for `importance`; the study file's groups by default.
    n_boot, seed
        Resamples of customers, of which each of several copies takes a quarter, and the seed of their draw.

    Returns
    -------
    Importance
        Estimates are means over the copies, intervals are widened by what the copies differ. `dominance` is that of the
        first copy. `shares` and `coefficients` also tell `n_rated`, the answers that rated the driver.

    Raises
    ------
    StudyError
        As `importance`.

    Notes
    -----
    See `pooled_frames`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), n_periods=4, copies=2)
    >>> found = importance_of(prepared, n_boot=0)
    >>> bool(found.coefficients.set_index("driver")["own_effect"]["app"])
    False
    """
    several = len(prepared.frames) > 1
    times = max(n_boot // PARTS, FEWEST_RESAMPLES) if several and n_boot else n_boot
    named = {**prepared.arguments, "method": method, "model": model, "conf_level": conf_level}
    grouped = prepared.groups if groups is None else groups
    found = [
        importance(frame, **named, groups=grouped or None, n_boot=times, seed=seed + number)
        for number, frame in enumerate(prepared.frames)
    ]
    parts = {name: pooled_frames([getattr(one, name) for one in found]) for name in POOLED}
    slopes = parts["coefficients"]
    parts["coefficients"] = slopes.assign(own_effect=(slopes["conf_low"] > 0) | (slopes["conf_high"] < 0))
    rated = prepared.rated.notna().sum()
    for name in ("shares", "groups"):
        rank = parts[name]["estimate"].rank(ascending=False, method="first").astype("int64")
        parts[name] = parts[name].assign(rank=rank).sort_values("rank", ignore_index=True)
    for name in ("shares", "coefficients"):
        parts[name] = parts[name].assign(n_rated=parts[name]["driver"].map(rated).astype("int64"))
    return replace(found[0], **parts)


def pooled_frames(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return result frames of completed copies as one.

    Parameters
    ----------
    frames
        With the same groups, in any order; pairs of a driver and the one it is set against may be the other way round.

    Returns
    -------
    pandas.DataFrame
        Numbers are means over the copies; `std_error` and intervals are widened by what the copies differ.

    Notes
    -----
    Rubin (1987): T = W + (1 + 1/m)B, W the mean sampling variance and B that of the estimates over m copies. A limit
    keeps its mean distance from the estimate times √(T/W), so that intervals of a bootstrap stay lopsided.

    Examples
    --------
    >>> one = pd.DataFrame({"n": [9], "estimate": [1.0], "std_error": [0.5], "conf_low": [0.0], "conf_high": [2.0]})
    >>> two = one.assign(estimate=2.0, conf_low=1.0, conf_high=3.0)
    >>> pooled_frames([one, two])[["estimate", "std_error", "conf_low"]].round(2).values.tolist()
    [[1.5, 1.0, -0.5]]
    """
    first = frames[0].copy()
    if len(frames) == 1 or first.empty:
        return first
    frames = [_aligned(frame, first) for frame in frames]
    numbers = [name for name in first if pd.api.types.is_float_dtype(first[name].dtype)]
    values = {name: np.stack([frame[name].to_numpy() for frame in frames]) for name in numbers}
    means = {name: found.mean(axis=0) for name, found in values.items()}
    for name, low, high, bounds in INTERVALS:
        if {name, low, high} <= set(numbers):
            within = _within(values, name, low, high)
            between = (1 + 1 / len(frames)) * values[name].var(axis=0, ddof=1)
            widened = np.sqrt(1 + np.divide(between, within, out=np.zeros_like(within), where=within != 0))
            # Copies may differ where none of them has an interval of its own: a rank that no resample of a copy leaves.
            apart = np.where(within == 0, NORMAL * np.sqrt(between), 0.0)
            below, above = means[name] - means[low], means[high] - means[name]
            means[low] = np.clip(means[name] - below * widened - apart, *bounds)
            means[high] = np.clip(means[name] + above * widened + apart, *bounds)
            if name == "estimate" and "std_error" in numbers:
                means["std_error"] = np.sqrt((values["std_error"] ** 2).mean(axis=0) + between)
    return first.assign(**means)


def _within(values: dict[str, Floats], name: str, low: str, high: str) -> Floats:
    """Return the mean sampling variance: that of the standard errors, else that of the intervals' widths."""
    if name == "estimate" and "std_error" in values:
        return (values["std_error"] ** 2).mean(axis=0)
    return (((values[high] - values[low]) / (2 * NORMAL)) ** 2).mean(axis=0)


def _aligned(frame: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its rows in the order of another, pairs turned the same way round."""
    keys = list(like.columns[: like.columns.get_loc("n")])
    if {"driver", "against", "probability"} <= set(frame.columns):
        known = set(zip(like["driver"], like["against"], strict=True))
        turned = pd.Series([pair not in known for pair in zip(frame["driver"], frame["against"], strict=True)])
        frame = pd.concat([frame[~turned.to_numpy()], _turned(frame[turned.to_numpy()])])
    if not keys:
        return frame
    order = pd.Index(like[keys[0]]) if len(keys) == 1 else pd.MultiIndex.from_frame(like[keys])
    return frame.set_index(keys).loc[order].reset_index()


def _turned(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return differences of pairs the other way round."""
    return pairs.assign(
        driver=pairs["against"],
        against=pairs["driver"],
        estimate=-pairs["estimate"],
        conf_low=-pairs["conf_high"],
        conf_high=-pairs["conf_low"],
        probability=1 - pairs["probability"],
    )
