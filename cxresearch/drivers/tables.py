"""Result frames of a driver model, from the (players, replicates) parts of R²; the first replicate is the sample."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.drivers.regressors import Regressors
from cxresearch.stats.cross_products import cross_products, standardised
from cxresearch.stats.design import Floats
from cxresearch.stats.importance import complete_dominance, conditional_dominance
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.regression import Slopes
from cxresearch.stats.survey import base_flag

__all__ = ["agreement", "coefficients", "conditional", "differences", "dominance", "fit", "methods", "ranked"]

Bases = Mapping[str, float]
# What a driver adds on average, above this share of R²: equality up to rounding error is no dominance.
ROUNDING = 1e-12


def ranked(key: str, names: list[str], parts: Floats, bases: Bases, conf_level: float) -> pd.DataFrame:
    """Return each player's part of R², its share, rank and how sure the rank is, the largest first."""
    shares = _shares(parts)
    ranks = stats.rankdata(-parts, axis=0, method="ordinal").astype(int)
    drawn = ranks[:, 1:] if parts.shape[1] > 1 else np.full((len(names), 1), np.nan)
    known = ~np.isnan(drawn)
    _, share_low, share_high = _spread(shares, conf_level)
    frame = _frame({key: names}, bases, _estimated(parts, conf_level)).assign(
        share=shares[:, 0],
        share_low=share_low,
        share_high=share_high,
        rank=ranks[:, 0],
        mean_rank=drawn.mean(axis=1),
        rank_1=np.where(known, drawn == 1, np.nan).mean(axis=1),
        top_3=np.where(known, drawn <= 3, np.nan).mean(axis=1),
    )
    return _flagged(frame.sort_values("rank", ignore_index=True))


def coefficients(found: Regressors, slopes: Slopes, conf_level: float) -> pd.DataFrame:
    """Return the slope of each column of the model, with the base of its level."""
    owner = [name for name, places in zip(found.drivers, found.places, strict=True) for _ in places]
    bases = pd.DataFrame([found.bases(rows) for rows in found.members.T]).to_dict("list")
    low, high = t_interval(slopes.estimate, slopes.std_error, slopes.df, conf_level)
    columns = standardised(np.column_stack([found.x, found.outcome]), found.weight)[:, 1:]
    numbers = {
        "estimate": slopes.estimate,
        "std_error": slopes.std_error,
        "conf_low": low,
        "conf_high": high,
        "statistic": slopes.estimate / slopes.std_error,
        "correlation": cross_products(columns, found.weight)[-1, :-1],
        "own_effect": (low > 0) | (high < 0),
    }
    return _flagged(_frame({"driver": owner, "term": found.terms}, bases, numbers))


def fit(measures: dict[str, Floats], found: Regressors, conf_level: float) -> pd.DataFrame:
    """Return how well the model fits, and how many answers it could not use."""
    rows = _frame({"measure": list(measures)}, found.bases(), _estimated(np.stack([*measures.values()]), conf_level))
    return _flagged(rows.assign(n_left_out=found.n_left_out))


def differences(names: list[str], parts: Floats, bases: Bases, conf_level: float) -> pd.DataFrame:
    """Return the difference of the shares of every pair, the larger first."""
    shares = _shares(parts)
    order = np.argsort(-shares[:, 0], kind="stable")
    first, second = (order[side] for side in np.triu_indices(len(names), 1))
    apart = shares[first] - shares[second]
    rows = _frame(_pairs(names, first, second), bases, _estimated(apart, conf_level))
    larger = (apart[:, 1:] > 0).mean(axis=1) if apart.shape[1] > 1 else np.nan
    return _flagged(rows.assign(probability=larger))


def methods(names: list[str], parts: dict[str, Floats], bases: Bases) -> pd.DataFrame:
    """Return the parts and shares of every driver by every method."""
    keys = {"driver": names * len(parts), "method": [method for method in parts for _ in names]}
    numbers = {
        "estimate": np.concatenate([part[:, 0] for part in parts.values()]),
        "share": np.concatenate([_shares(part[:, :1])[:, 0] for part in parts.values()]),
    }
    return _flagged(_frame(keys, bases, numbers))


def agreement(names: list[str], parts: dict[str, Floats], chosen: str, bases: Bases) -> pd.DataFrame:
    """Return how well the other methods agree with the chosen one."""
    shares = {method: _shares(part[:, :1])[:, 0] for method, part in parts.items()}
    others = [method for method in shares if method != chosen]
    apart = [np.abs(shares[method] - shares[chosen]) for method in others]
    numbers = {
        "estimate": [_rank_correlation(shares[method], shares[chosen]) for method in others],
        "largest_difference": [float(one.max()) for one in apart],
        "driver": [names[int(one.argmax())] for one in apart],
    }
    return _flagged(_frame({"method": others, "against": [chosen] * len(others)}, bases, numbers))


def dominance(names: list[str], values: Floats | None, bases: Bases) -> pd.DataFrame:
    """Return who dominates whom, and how strictly; `values` are the fits of all subsets."""
    if values is None or len(names) < 2:
        empty: dict[str, list[object]] = {"estimate": [], "by_size": [], "verdict": []}
        return _flagged(_frame({"driver": [], "against": []}, bases, empty))
    complete, conditional_ = complete_dominance(values), conditional_dominance(values)
    order = np.argsort(-conditional_.mean(axis=1), kind="stable")
    first, second = (order[side] for side in np.triu_indices(len(names), 1))
    by_size = (conditional_[first] > conditional_[second] + ROUNDING).mean(axis=1)
    of_all = complete[first, second]
    verdict = np.select([of_all == 1, by_size == 1], ["complete", "conditional"], "general")
    numbers = {"estimate": of_all, "by_size": by_size, "verdict": verdict}
    return _flagged(_frame(_pairs(names, first, second), bases, numbers))


def conditional(names: list[str], values: Floats | None, bases: Bases) -> pd.DataFrame:
    """Return what each driver adds on average to models of each size."""
    if values is None:
        return _flagged(_frame({"driver": [], "others": []}, bases, {"estimate": []}))
    keys: dict[str, list[str] | list[int]] = {
        "driver": [name for name in names for _ in names],
        "others": list(range(len(names))) * len(names),
    }
    return _flagged(_frame(keys, bases, {"estimate": conditional_dominance(values).ravel()}))


def _frame(
    keys: Mapping[str, list[str] | list[int]], bases: Mapping[str, object], numbers: Mapping[str, object]
) -> pd.DataFrame:
    """Return grouping columns, bases and numbers side by side."""
    n_rows = max(map(len, keys.values()))
    return pd.DataFrame({**keys, **bases, **numbers}, index=range(n_rows))


def _flagged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with how far their base may be read."""
    return rows.assign(flag=pd.Series(base_flag(rows["n"], rows["n_eff"]), index=rows.index, dtype="str"))


def _estimated(drawn: Floats, conf_level: float) -> dict[str, Floats]:
    """Return estimates with bootstrap error and percentile interval."""
    std_error, low, high = _spread(drawn, conf_level)
    return {"estimate": drawn[:, 0], "std_error": std_error, "conf_low": low, "conf_high": high}


def _spread(drawn: Floats, conf_level: float) -> tuple[Floats, Floats, Floats]:
    """Return the standard deviation and the percentile limits over the replicates, NaN without any."""
    if drawn.shape[1] == 1:
        nothing = np.full(len(drawn), np.nan)
        return nothing, nothing, nothing
    tail = (1 - conf_level) / 2
    low, high = np.quantile(drawn[:, 1:], [tail, 1 - tail], axis=1)
    return drawn[:, 1:].std(axis=1, ddof=1), low, high


def _shares(parts: Floats) -> Floats:
    """Return parts over their sum, of each replicate."""
    return parts / parts.sum(axis=0)


def _pairs(names: list[str], first: np.ndarray, second: np.ndarray) -> dict[str, list[str]]:
    """Return the grouping columns of pairs."""
    return {"driver": [names[place] for place in first], "against": [names[place] for place in second]}


def _rank_correlation(first: Floats, second: Floats) -> float:
    """Return Spearman's correlation; NaN for a single driver."""
    return float(stats.spearmanr(first, second).statistic) if len(first) > 1 else float("nan")
