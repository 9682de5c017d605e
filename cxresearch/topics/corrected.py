"""Shares of topics as people code them: the machine's strata, their shares as coded by hand."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxresearch.metrics.table import check_level, joined
from cxresearch.stats.differences import benjamini_hochberg, two_sided_p
from cxresearch.stats.intervals import wald, wilson
from cxresearch.stats.survey import base_flag, kish

__all__ = ["ASSUMED", "corrected_change", "corrected_shares"]

Floats = npt.NDArray[np.float64]
ASSUMED = "classifier assumed stable"
POWER = 0.8


@dataclass(frozen=True)
class _Hands:
    """What people found in each of the machine's strata.

    Attributes
    ----------
    strata
        Names.
    mean
        (strata, topics) share of the coded texts that hold a topic.
    coded
        (strata,) how many texts were coded.
    """

    strata: pd.Index
    mean: Floats
    coded: Floats


@dataclass(frozen=True)
class _Wave:
    """How the texts of one wave lie in the machine's strata.

    Attributes
    ----------
    share, size
        (strata,) weighted share of the texts, and how many there are.
    n_eff
        Kish's effective number of texts.
    elsewhere
        Share of the texts in strata of which none was coded.
    """

    share: Floats
    size: Floats
    n_eff: float
    elsewhere: float


def corrected_shares(
    texts: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    stratum: str = "main",
    weight: str | None = None,
    customer: str = "customer_id",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the share of texts that hold each topic, as people code them.

    Parameters
    ----------
    texts
        One row a text: `stratum`, and for each topic a column of zeros and ones, what the machine said.
    coded
        One row a text that was coded by hand, on the index of `texts`: for each topic zeros and ones. The texts of one
        stratum were coded at random.
    stratum
        Column of the topic in whose stratum the text was sampled: the one the machine is surest of, or none.
    weight
        Column of survey weights.
    customer
        Column of the customers' ids, where there is one.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a topic of `coded`: `topic`, `n` (texts), `n_customers`, `n_eff`, `estimate` (corrected share 0-1),
        `std_error`, `conf_low`, `conf_high`, `uncorrected` (what the machine says), `n_coded`, `coded_share` (of the
        texts), `flag`.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If a coded text is not among the texts, or none was coded.

    Notes
    -----
    θ = Σ_h (N_h/N) ȳ_h over the strata h that the machine predicts, ȳ_h what hands found in stratum h. Its variance is
    that of sampling twice, people first and texts to be coded then: θ(1-θ)/n + Σ_h (N_h/N)² s_h² (1/n_h - 1/N_h)
    (Cochran 1977, *Sampling Techniques*, 12.2). The interval is Wilson's on as many texts as that variance is worth.
    Not Rogan and Gladen's, whose error rates a sample stratified by prediction does not give. Texts of strata of
    which none was coded are taken together with those of no topic, and told.

    Examples
    --------
    >>> texts = pd.DataFrame({"main": ["Price"] * 50 + [""] * 50, "Price": [1] * 50 + [0] * 50})
    >>> coded = pd.DataFrame({"Price": [1] * 20 + [0] * 5 + [1] * 5 + [0] * 20}, index=[*range(25), *range(50, 75)])
    >>> corrected_shares(texts, coded)[["topic", "uncorrected", "estimate"]].values.tolist()
    [['Price', 0.5, 0.5]]
    """
    check_level(conf_level)
    hands = _hands(texts, coded, stratum, weight)
    wave = _wave(texts, hands.strata, stratum, weight)
    share = wave.share @ hands.mean
    variance = _of_people(wave, share) + _of_coding(wave.share, wave.size, hands)
    worth = np.divide(share * (1 - share), variance, out=np.full(len(share), hands.coded.sum()), where=variance > 0)
    worth = np.minimum(worth, wave.n_eff)
    low, high = wilson(np.clip(share, 0.0, 1.0), worth, conf_level)
    found = pd.DataFrame({"topic": pd.Series(list(coded), dtype="str"), "n": len(texts)}).assign(
        n_customers=_people(texts, customer),
        n_eff=worth,
        estimate=share,
        std_error=np.sqrt(variance),
        conf_low=low,
        conf_high=high,
        uncorrected=_by_machine(texts, list(coded), weight),
        n_coded=len(coded),
        coded_share=len(coded) / len(texts),
    )
    flag = joined(base_flag(found["n"], worth), np.full(len(found), _told(wave)))
    return found.assign(flag=pd.Series(flag, dtype="str"))


def corrected_change(
    previous: pd.DataFrame,
    current: pd.DataFrame,
    coded_previous: pd.DataFrame | None,
    coded_current: pd.DataFrame,
    *,
    stratum: str = "main",
    weight: str | None = None,
    customer: str = "customer_id",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return how the corrected share of each topic changed.

    Parameters
    ----------
    previous, current
        The texts of both waves, as for `corrected_shares`.
    coded_previous, coded_current
        The texts coded by hand in each. Where nobody coded the earlier wave (None), what hands found in each stratum of
        the later one is taken to have held before: the classifier is assumed stable, and the flag says so.
    stratum, weight, customer, conf_level
        As for `corrected_shares`.

    Returns
    -------
    pandas.DataFrame
        A change frame by `topic`: `n`, `n_customers`, `n_previous`, `n_customers_previous`, `n_eff`, `previous`,
        `current`, `estimate`, `std_error`, `conf_low`, `conf_high`, `statistic`, `p_value`, `p_adjusted`
        (Benjamini-Hochberg), `minimum_detectable`, `verdict`, `flag`.

    Raises
    ------
    KeyError, ValueError
        As for `corrected_shares`.

    Examples
    --------
    >>> texts = pd.DataFrame({"main": ["Price"] * 50 + [""] * 50, "Price": [1] * 50 + [0] * 50})
    >>> coded = pd.DataFrame({"Price": [1] * 20 + [0] * 5 + [1] * 5 + [0] * 20}, index=[*range(25), *range(50, 75)])
    >>> corrected_change(texts, texts, None, coded)[["estimate", "verdict", "flag"]].values.tolist()
    [[0.0, 'cannot tell', 'classifier assumed stable']]
    """
    check_level(conf_level)
    hands = _hands(current, coded_current, stratum, weight)
    now = _wave(current, hands.strata, stratum, weight)
    if coded_previous is None:
        before = _wave(previous, hands.strata, stratum, weight)
        was, of_coding = before.share @ hands.mean, _of_coding(now.share - before.share, now.size, hands)
    else:
        earlier = _hands(previous, coded_previous[list(coded_current)], stratum, weight)
        before = _wave(previous, earlier.strata, stratum, weight)
        was = before.share @ earlier.mean
        of_coding = _of_coding(before.share, before.size, earlier) + _of_coding(now.share, now.size, hands)
    share = now.share @ hands.mean
    error = np.sqrt(_of_people(before, was) + _of_people(now, share) + of_coding)
    frame = pd.DataFrame({"topic": pd.Series(list(coded_current), dtype="str"), "n": len(current)}).assign(
        n_customers=_people(current, customer),
        n_previous=len(previous),
        n_customers_previous=_people(previous, customer),
        n_eff=now.n_eff,
        previous=was,
        current=share,
    )
    judged = _judged(share - was, error, conf_level)
    bases = base_flag(np.fmin(frame["n"], frame["n_previous"]), min(now.n_eff, before.n_eff))
    assumed = np.full(len(frame), ASSUMED if coded_previous is None else "")
    flag = joined(bases, assumed, np.full(len(frame), _told(now)))
    return pd.concat([frame, judged], axis=1).assign(flag=pd.Series(flag, dtype="str"))


def _hands(texts: pd.DataFrame, coded: pd.DataFrame, stratum: str, weight: str | None) -> _Hands:
    """Return what people found in each stratum."""
    lacking = [name for name in (stratum, *([weight] if weight else []), *coded) if name not in texts]
    if lacking:
        raise KeyError(f"coding: the texts have no column {lacking[0]!r}; give what the machine said of each topic.")
    strangers = int((~coded.index.isin(texts.index)).sum())
    if coded.empty or strangers:
        raise ValueError(f"coding: {strangers} of {len(coded)} coded texts are among the texts; code some of these.")
    names = texts.loc[coded.index, stratum].fillna("").astype("str")
    weights = texts.loc[coded.index, weight] if weight else pd.Series(1.0, coded.index)
    total = weights.groupby(names).sum()
    mean = coded.astype("float64").mul(weights, axis=0).groupby(names).sum().div(total, axis=0)
    return _Hands(mean.index, mean.to_numpy(), names.value_counts().reindex(mean.index).to_numpy(dtype=float))


def _wave(texts: pd.DataFrame, strata: pd.Index, stratum: str, weight: str | None) -> _Wave:
    """Return how texts lie in the strata that were coded; those of others are taken with the texts of no topic."""
    names = texts[stratum].fillna("").astype("str")
    weights = texts[weight].astype("float64") if weight else pd.Series(1.0, texts.index)
    elsewhere = ~names.isin(strata)
    names = names.mask(elsewhere, "" if "" in strata else strata[0])
    share = weights.groupby(names).sum().reindex(strata, fill_value=0.0) / weights.sum()
    size = names.value_counts().reindex(strata, fill_value=0)
    outside = float(weights[elsewhere].sum() / weights.sum())
    return _Wave(share.to_numpy(), size.to_numpy(dtype=float), float(kish(weights.to_numpy())[0]), outside)


def _of_people(wave: _Wave, share: Floats) -> Floats:
    """Return the variance of shares that comes from who was asked."""
    return share * (1 - share) / wave.n_eff


def _of_coding(factor: Floats, size: Floats, hands: _Hands) -> Floats:
    """Return the variance of Σ factor·ȳ that comes from which texts were coded."""
    n = hands.coded
    spread = hands.mean * (1 - hands.mean) * (n / np.maximum(n - 1, 1.0))[:, None]
    # Of one text nothing is known of the spread: the widest that a share can have.
    spread = np.where(n[:, None] < 2, 0.25, spread)
    left = np.maximum(1 / n - 1 / np.maximum(size, n), 0.0)
    return (factor**2 * left) @ spread


def _judged(difference: Floats, error: Floats, conf_level: float) -> pd.DataFrame:
    """Return differences with interval, test and verdict."""
    low, high = wald(difference, error, conf_level)
    statistic = np.divide(difference, error, out=np.zeros(len(error)), where=error > 0)
    p_value = two_sided_p(statistic)
    p_adjusted = benjamini_hochberg(p_value)
    moved = p_adjusted < 1 - conf_level
    verdict = np.select([moved & (statistic > 0), moved], ["rose", "fell"], "cannot tell")
    return pd.DataFrame(
        {
            "estimate": difference,
            "std_error": error,
            "conf_low": np.maximum(low, -1.0),
            "conf_high": np.minimum(high, 1.0),
            "statistic": statistic,
            "p_value": p_value,
            "p_adjusted": p_adjusted,
            "minimum_detectable": (stats.norm.ppf((1 + conf_level) / 2) + stats.norm.ppf(POWER)) * error,
            "verdict": pd.Series(verdict, dtype="str"),
        }
    )


def _by_machine(texts: pd.DataFrame, topics: list[str], weight: str | None) -> Floats:
    """Return the share of the texts in which the machine sees each topic."""
    weights = texts[weight].to_numpy(dtype=float) if weight else np.ones(len(texts))
    return weights @ texts[topics].to_numpy(dtype=float) / weights.sum()


def _people(texts: pd.DataFrame, customer: str) -> int:
    """Return the distinct customers behind some texts; each text is one where there is no id."""
    return int(texts[customer].nunique() + texts[customer].isna().sum()) if customer in texts else len(texts)


def _told(wave: _Wave) -> str:
    """Return a flag where some strata were not coded."""
    return f"{wave.elsewhere:.0%} of the texts lie where none was coded" if wave.elsewhere > 0 else ""
