"""Topics of two models set beside one another, and how far shares drift when nothing changed."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.survey import base_flag
from cxresearch.topics.mentions import Mentions

__all__ = ["EVENTS", "NEW", "drift_band", "ledger"]

EVENTS = CONTINUED, SPLIT, MERGED, NEW, RETIRED = ("continued", "split", "merged", "new", "retired")
# Of two topics one is part of the other from half of its texts on.
PART = 0.5
Rows = npt.NDArray[np.bool_]


def ledger(previous: pd.DataFrame, current: pd.DataFrame, *, same: float = PART) -> pd.DataFrame:
    """Return what became of each topic between two models that scored the same texts.

    Parameters
    ----------
    previous, current
        One row a text, the same in both; one column a topic of the earlier and of the later model, zeros and ones.
    same
        From which Jaccard overlap on two topics are the same one.

    Returns
    -------
    pandas.DataFrame
        `event` (`continued`, `split`, `merged`, `new`, `retired`), `previous_topic`, `topic` ("" where there is none),
        `n_texts` (that name both, or the one), `overlap` (Jaccard, 0 where there is nothing to overlap).

    Raises
    ------
    ValueError
        If the two do not hold the same texts.

    Notes
    -----
    Topics are the same where they are each other's best match and overlap far enough. An earlier topic is split where
    at least two later ones have half of their texts in it; a later one is merged where at least two earlier ones have
    half of theirs in it.

    Examples
    --------
    >>> before = pd.DataFrame({"bill": [1, 1, 1, 1, 0, 0], "app": [0, 0, 0, 0, 1, 1]})
    >>> after = pd.DataFrame({"invoice": [1, 1, 0, 0, 0, 0], "fees": [0, 0, 1, 1, 0, 0], "app": [0, 0, 0, 0, 1, 1]})
    >>> ledger(before, after)[["event", "previous_topic", "topic"]].values.tolist()
    [['continued', 'app', 'app'], ['split', 'bill', 'invoice'], ['split', 'bill', 'fees']]
    """
    if not previous.index.equals(current.index):
        raise ValueError("ledger: the two models did not score the same texts; give both the same ones.")
    one, other = previous.to_numpy(dtype=float), current.to_numpy(dtype=float)
    both, n_one, n_other = one.T @ other, one.sum(axis=0), other.sum(axis=0)
    jaccard = both / np.maximum(n_one[:, None] + n_other - both, 1)
    of_later, of_earlier = both / np.maximum(n_other, 1), both / np.maximum(n_one, 1)[:, None]
    best = np.array(
        [
            [jaccard[i].argmax() == j and jaccard[:, j].argmax() == i for j in range(len(n_other))]
            for i in range(len(n_one))
        ]
    )
    split = (of_later >= PART) & ((of_later >= PART).sum(axis=1) > 1)[:, None]
    merged = (of_earlier >= PART) & ((of_earlier >= PART).sum(axis=0) > 1)
    continued = best.reshape(jaccard.shape) & (jaccard >= same) & ~split & ~merged
    rows = []
    for event, pairs in ((CONTINUED, continued), (SPLIT, split), (MERGED, merged & ~split)):
        rows += [
            (event, previous.columns[i], current.columns[j], both[i, j], jaccard[i, j]) for i, j in np.argwhere(pairs)
        ]
    told = continued | split | merged
    rows += [(NEW, "", current.columns[j], n_other[j], 0.0) for j in np.flatnonzero(~told.any(axis=0))]
    rows += [(RETIRED, previous.columns[i], "", n_one[i], 0.0) for i in np.flatnonzero(~told.any(axis=1))]
    found = pd.DataFrame(rows, columns=["event", "previous_topic", "topic", "n_texts", "overlap"])
    return found.astype(
        {"event": "str", "previous_topic": "str", "topic": "str", "n_texts": "int64", "overlap": "float64"}
    )


def drift_band(
    mentions: Mentions, *, survey: str | None = None, n_deals: int = 1_000, conf_level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return how far shares of topics move between two quarters in which nothing changed.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        By default the relationship survey.
    n_deals
        How often the customers of both periods are dealt into two groups.
    conf_level
        With which chance no topic at all leaves its band when nothing changed.
    seed
        Of the deals.

    Returns
    -------
    pandas.DataFrame
        One row a topic: `topic`; `n`, `n_customers` (of the period), `n_eff`, `previous`, `current`, `estimate`
        (current less previous share), `band` (half its width), `flag` (`outside the band` where the change passes it).

    Raises
    ------
    ValueError
        If there is no earlier period, or fewer than two customers commented in the two.

    Notes
    -----
    A permutation of periods: customers of one period are dealt anew into groups of the same sizes, those of both have
    their two periods swapped or not. The differences between the groups, each over its own standard deviation, have a
    largest one in every deal; the band is the upper quantile of these. No model is refitted and no test statistic
    assumed: it is the drift that this scorer shows on these comments. Westfall and Young (1993).
    """
    study = mentions.study
    if study.compare_to is None:
        raise ValueError("drift_band: there is no earlier period to compare with.")
    now, before = _counted(mentions, survey, study.period), _counted(mentions, survey, study.compare_to)
    values, weight, person = _arrays(mentions, pd.concat([now, before], ignore_index=True), survey)
    later = np.arange(len(values)) < len(now)
    if not len(now) or not len(before) or int(person.max()) < 1:
        raise ValueError("drift_band: the two periods have fewer than two customers with a comment each.")
    weight = weight / np.where(later, weight[later].mean(), weight[~later].mean())
    current, previous = (np.average(values[rows], axis=0, weights=weight[rows]) for rows in (later, ~later))
    band = _widest(values, weight, later, person, np.random.default_rng(seed), n_deals, conf_level)
    frame = pd.DataFrame(
        {"topic": list(mentions.names.values()), "n": len(now), "n_customers": len(np.unique(person[later]))}
    ).astype({"topic": "str"})
    outside = np.where(np.abs(current - previous) > band, "outside the band", "")
    bases = base_flag(frame["n"], frame["n"].astype(float))
    flag = [b or o for b, o in zip(bases, outside, strict=True)]
    return frame.assign(
        n_eff=float(len(now)),
        previous=previous,
        current=current,
        estimate=current - previous,
        band=band,
        flag=pd.Series(flag, dtype="str"),
    )


def _widest(
    values: Floats, weight: Floats, later: Rows, person: Codes, rng: np.random.Generator, n_deals: int, level: float
) -> Floats:
    """Return how far each column's means in two groups lie apart where customers are dealt to them at random."""
    both = np.isin(np.arange(person.max() + 1), np.intersect1d(person[later], person[~later]))
    comes_later = np.bincount(person, later) > 0
    found = []
    for _ in range(n_deals):
        dealt = comes_later.copy()
        dealt[~both] = rng.permutation(comes_later[~both])
        swapped = rng.random(len(both)) < 0.5
        group = np.where(both[person], later ^ swapped[person], dealt[person])
        one, other = weight * group, weight * ~group
        found.append(one @ values / one.sum() - other @ values / other.sum())
    difference = np.array(found)
    spread = np.maximum(difference.std(axis=0), 1e-12)
    return np.asarray(np.quantile(np.abs(difference / spread).max(axis=1), level) * spread)


def _counted(mentions: Mentions, survey: str | None, period: str) -> pd.DataFrame:
    """Return the comments of a period that have a weight."""
    rows, weight = mentions.rows(survey, period), mentions.design(survey).weight
    return rows if weight is None else rows[rows[weight] > 0].reset_index(drop=True)


def _arrays(mentions: Mentions, rows: pd.DataFrame, survey: str | None) -> tuple[Floats, Floats, Codes]:
    """Return zeros and ones, weights, and the code of each comment's customer."""
    name = mentions.design(survey).weight
    weight = rows[name].to_numpy(dtype=float) if name else np.ones(len(rows))
    person = rows["customer_id"] if "customer_id" in rows else pd.Series(rows.index, rows.index)
    own = person.astype("str").fillna("")
    codes = pd.factorize(own.where(own.ne(""), "row " + rows.index.astype(str).to_series(rows.index)))[0]
    return rows[mentions.ids].to_numpy(dtype=float), weight, codes
