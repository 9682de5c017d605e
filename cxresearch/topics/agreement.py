"""How far two people who code the same texts agree: Krippendorff's alpha."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.stats.survey import base_flag

__all__ = ["agreement", "krippendorff_alpha"]

Floats = npt.NDArray[np.float64]
# Krippendorff's own limits: conclusions from .800, tentative ones from .667.
RELIABLE, TENTATIVE = 0.8, 2 / 3
ALIKE = "all texts coded alike"


def krippendorff_alpha(codes: npt.ArrayLike) -> float:
    """Return Krippendorff's alpha of nominal codes.

    Parameters
    ----------
    codes
        (texts, coders) numbers that stand for codes, NaN where a coder did not code a text.

    Returns
    -------
    float
        1 is full agreement, 0 what chance gives; missing where all codes are the same, or nobody coded a text twice.

    Notes
    -----
    α = 1 - D_o / D_e: the disagreement within texts, each pair of codes weighing 1/(coders - 1), over that of all codes
    dealt at random (Krippendorff 2019, *Content Analysis*, ch. 12; R `irr::kripp.alpha(method = "nominal")`).

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 1], [1, 1], [0, 0], [0, 1]]), 3)
    0.533
    """
    given = np.asarray(codes, dtype=float)
    values = np.unique(given[~np.isnan(given)])
    counts = (given[:, :, None] == values).sum(axis=1).astype(float)
    of_text = counts.sum(axis=1)
    twice = of_text >= 2
    return float(
        _alpha(counts[twice].T @ (counts[twice] / (of_text[twice] - 1)[:, None]), counts[twice], of_text[twice])
    )


def agreement(
    first: pd.DataFrame, second: pd.DataFrame, *, n_boot: int = 1_000, conf_level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return how far two coders agree on each topic.

    Parameters
    ----------
    first, second
        One row a text that was coded, one column a topic, 1 where the coder saw it and 0 where not; texts are matched
        by their index.
    n_boot, conf_level, seed
        Resamples of texts for the interval, its coverage, and the seed.

    Returns
    -------
    pandas.DataFrame
        One row a topic: `topic`, `n` (texts that both coded), `n_customers` (equal to it), `n_eff`, `estimate`
        (alpha), `std_error`, `conf_low`, `conf_high`, `agreed` (share of texts coded alike), `flag` (`agreement
        too low` under .667, `agreement tentative` under .8).

    Raises
    ------
    ValueError
        If no text was coded by both.

    Notes
    -----
    The interval holds the middle of the alphas of texts drawn with replacement.

    Examples
    --------
    >>> one = pd.DataFrame({"Price": [1, 1, 0, 0] * 10})
    >>> found = agreement(one, one.assign(Price=[1, 1, 0, 1] * 10), n_boot=50)
    >>> found[["topic", "n", "agreed"]].values.tolist()
    [['Price', 40, 0.75]]
    """
    both = first.index.intersection(second.index)
    if not len(both):
        raise ValueError("agreement: no text was coded by both; give both coders some of the same texts.")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(both), (n_boot, len(both)))
    topics = [name for name in first if name in second]
    return pd.DataFrame(
        [_of_topic(name, first.loc[both, name], second.loc[both, name], drawn, conf_level) for name in topics]
    )


def _of_topic(
    name: str, first: pd.Series, second: pd.Series, drawn: npt.NDArray[np.intp], level: float
) -> dict[str, object]:
    """Return one topic's row."""
    codes = np.stack([first.to_numpy(dtype=float), second.to_numpy(dtype=float)], axis=1)
    estimate, n = krippendorff_alpha(codes), len(codes)
    found = _resampled(codes, drawn)
    known = found[~np.isnan(found)]
    error, low, high = (np.nan, np.nan, np.nan)
    if len(known) > 1:
        error, (low, high) = known.std(ddof=1), np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return {
        "topic": name, "n": n, "n_customers": n, "n_eff": float(n), "estimate": estimate, "std_error": error,
        "conf_low": low, "conf_high": high, "agreed": float((codes[:, 0] == codes[:, 1]).mean()),
        "flag": "; ".join(word for word in (str(base_flag(n, n)), _reading(estimate)) if word),
    }  # fmt: skip


def _resampled(codes: Floats, drawn: npt.NDArray[np.intp]) -> Floats:
    """Return the alpha of two coders in each resample of texts, from its four kinds of text."""
    kind = (2 * codes[:, 0] + codes[:, 1]).astype(int)[drawn]
    one, other, both_yes = ((kind == number).sum(axis=1) for number in (1, 2, 3))
    yes, n = 2 * both_yes + one + other, 2 * drawn.shape[1]
    expected = 2 * yes * (n - yes) / (n - 1)
    return 1 - np.divide(2.0 * (one + other), expected, out=np.full(len(yes), np.nan), where=expected > 0)


def _alpha(coincidence: Floats, counts: Floats, of_text: Floats) -> float:
    """Return alpha from how often each pair of codes stands at one text."""
    within = coincidence - np.diag((counts / (of_text - 1)[:, None]).sum(axis=0))
    total = within.sum(axis=0)
    n = total.sum()
    expected = n * n - (total * total).sum()
    if expected <= 0:
        return np.nan
    return 1 - (n - 1) * (n - np.trace(within)) / expected


def _reading(alpha: float) -> str:
    """Return how an agreement may be read."""
    if np.isnan(alpha):
        return ALIKE
    return "" if alpha >= RELIABLE else "agreement tentative" if alpha >= TENTATIVE else "agreement too low"
