"""Kano's classes of features: what people take for granted, ask for, are delighted by, or would rather not have."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxresearch.metrics import proportion
from cxresearch.metrics.measures import numbers

__all__ = ["CLASSES", "Kano", "kano"]

# Classes in the order that settles ties, then the two that say something about the answer rather than the feature.
CLASSES = {"M": "must-be", "O": "one-dimensional", "A": "attractive", "I": "indifferent", "R": "reverse",
           "Q": "questionable"}  # fmt: skip
# Rows: the answer if the feature is there, columns: if it is not; 1 like, 2 expect, 3 neutral, 4 live with, 5 dislike.
EVALUATION = np.array([list(row) for row in ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")])
# Fong (1996): the two most frequent classes differ, at 90 %.
FONG_Z = 1.65


@dataclass(frozen=True)
class Kano:
    """How people feel about features.

    Attributes
    ----------
    features
        `feature`, `n`, `n_customers`, `class` (the most frequent), `clear` (Fong's test tells it from the next),
        `second`, `strength` (share of the class less that of the next), `total_strength` (share of M, O and A),
        `difference` and `bound` of Fong's test in answers, `statistic` and `p_value` of equal M, O, A and I, `flag`.
    shares
        `feature`, `class`, then a result frame: the share of answers in each class.
    coefficients
        `feature`, `coefficient` (`better`, `worse`), then a result frame: how much satisfaction rises with the
        feature, and (below zero) falls without it.
    """

    features: pd.DataFrame
    shares: pd.DataFrame
    coefficients: pd.DataFrame


def kano(
    frame: pd.DataFrame,
    *,
    feature: str = "feature",
    functional: str = "functional",
    dysfunctional: str = "dysfunctional",
    weight: str | None = None,
    cluster: str | None = None,
    conf_level: float = 0.95,
) -> Kano:
    """Return how people feel about features, by Kano's pair of questions.

    Parameters
    ----------
    frame
        One row a person and feature.
    feature, functional, dysfunctional
        Columns: the feature, how one feels if it is there and if it is not: 1 like, 2 expect, 3 neutral, 4 live
        with, 5 dislike. Rows that lack either answer are not used.
    weight, cluster, conf_level
        As for `cx.metrics.proportion`. Classes, Fong's test and the chi-square count answers, unweighted.

    Returns
    -------
    Kano
        Features, shares and coefficients.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If an answer is not 1-5, or no row holds both answers.

    Notes
    -----
    Evaluation table of Kano et al. (1984) with (2,2), (3,3), (4,4) indifferent. Better (A + O) / (A + O + M + I),
    worse -(O + M) / (A + O + M + I) (Berger et al. 1993); strengths of Lee and Newcomb (1997); Fong (1996). R
    `stp25kano::Kano`.

    Examples
    --------
    >>> asked = pd.DataFrame({"feature": "SMS at every outage", "functional": [2, 2, 1], "dysfunctional": [5, 5, 5]})
    >>> kano(asked).features["class"].item()
    'must-be'
    """
    for column in (feature, functional, dysfunctional):
        if column not in frame:
            raise KeyError(f"kano: there is no column {column!r}.")
    pairs = [numbers(frame[name], name) for name in (functional, dysfunctional)]
    both = ~np.isnan(pairs[0]) & ~np.isnan(pairs[1])
    if not both.any():
        raise ValueError(f"kano: of {len(frame)} rows none holds both answers.")
    used = frame[both].rename(columns={feature: "feature"}).assign(_class=_classes(pairs[0][both], pairs[1][both]))
    design = {"weight": weight, "cluster": cluster, "conf_level": conf_level}
    parts = [_share(used, name, design) for name in CLASSES]
    shares = _sorted(pd.concat(parts, ignore_index=True), "class", list(CLASSES.values()))
    judged = used[used["_class"].isin(list("AOMI"))]
    sides = {"better": ("AO", 1.0), "worse": ("OM", -1.0)}
    ratios = [_coefficient(judged, name, *side, design) for name, side in sides.items()]
    coefficients = _sorted(pd.concat(ratios, ignore_index=True), "coefficient", list(sides))
    return Kano(_features(used, shares), shares, coefficients)


def _classes(functional: npt.NDArray[np.float64], dysfunctional: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
    """Return the letter of each answered pair."""
    pair = np.column_stack([functional, dysfunctional])
    if not np.isin(pair, [1, 2, 3, 4, 5]).all():
        wrong = int((~np.isin(pair, [1, 2, 3, 4, 5])).any(axis=1).sum())
        raise ValueError(f"kano: {wrong} of {len(pair)} pairs hold an answer other than 1, 2, 3, 4 or 5.")
    places = pair.astype(int) - 1
    return EVALUATION[places[:, 0], places[:, 1]]


def _share(used: pd.DataFrame, letter: str, design: dict[str, Any]) -> pd.DataFrame:
    """Return the share of one class, by feature."""
    found = proportion(used.assign(_is=used["_class"].eq(letter)), "feature", column="_is", **design)
    found.insert(1, "class", CLASSES[letter])
    return found


def _coefficient(judged: pd.DataFrame, name: str, letters: str, sign: float, design: dict[str, Any]) -> pd.DataFrame:
    """Return one of the two coefficients, by feature."""
    found = proportion(judged.assign(_is=judged["_class"].isin(list(letters))), "feature", column="_is", **design)
    limits = np.sort(sign * found[["conf_low", "conf_high"]].to_numpy(), axis=1)
    found = found.assign(estimate=sign * found["estimate"], conf_low=limits[:, 0], conf_high=limits[:, 1])
    found.insert(1, "coefficient", name)
    return found


def _sorted(frame: pd.DataFrame, last: str, order: list[str]) -> pd.DataFrame:
    """Return a frame by feature, and within it in a given order."""
    rank = frame[last].map({name: place for place, name in enumerate(order)})
    return frame.assign(_rank=rank).sort_values(["feature", "_rank"], ignore_index=True).drop(columns="_rank")


def _features(used: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return the class of each feature and how clear it is."""
    counts = used.groupby(["feature", "_class"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(CLASSES), fill_value=0)
    bases = shares.drop_duplicates("feature").set_index("feature")[["n", "n_customers", "flag"]]
    found = pd.DataFrame([{"feature": name} | _judged(row) for name, row in counts.iterrows()]).join(
        bases, on="feature"
    )
    judged = [name for name in found if name not in ("feature", "n", "n_customers", "flag")]
    return found[["feature", "n", "n_customers", *judged, "flag"]]


def _judged(counts: pd.Series) -> dict[str, object]:
    """Return the class of one feature, its strength and the tests of it."""
    n = int(counts.sum())
    # A stable sort keeps the order of CLASSES, which settles ties.
    ranked = counts.drop("Q").sort_values(ascending=False, kind="stable")
    first, second = ranked.iloc[0], ranked.iloc[1]
    bound = FONG_Z * np.sqrt((first + second) * (2 * n - first - second) / (2 * n))
    four = counts[["A", "O", "M", "I"]]
    chi = stats.chisquare(four) if four.sum() else None
    return {
        "class": CLASSES[str(ranked.index[0])],
        "clear": bool(first - second >= bound),
        "second": CLASSES[str(ranked.index[1])],
        "strength": (first - second) / n,
        "total_strength": counts[["M", "O", "A"]].sum() / n,
        "difference": int(first - second),
        "bound": float(bound),
        "statistic": float(chi.statistic) if chi else np.nan,
        "p_value": float(chi.pvalue) if chi else np.nan,
    }
