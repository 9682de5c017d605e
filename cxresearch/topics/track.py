"""Topics of two models set beside one another, and how far shares drift when nothing changed."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.stats.survey import base_flag
from cxresearch.topics.mentions import Mentions

__all__ = ["EVENTS", "NEW", "drift_band", "ledger"]

EVENTS = CONTINUED, SPLIT, MERGED, NEW, RETIRED = ("continued", "split", "merged", "new", "retired")
# Of two topics one is part of the other from half of its texts on.
PART = 0.5


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
    mentions: Mentions, *, survey: str | None = None, n_halves: int = 1_000, conf_level: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return how far shares of topics move between two quarters in which nothing changed.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        By default the relationship survey.
    n_halves
        How often the period's customers are dealt into two halves.
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
        If a period has fewer than two customers.

    Notes
    -----
    The differences between halves, each over its own standard deviation, have a largest one in every deal; the band is
    the upper quantile of these, brought from halves to the sizes of the two periods. No model is refitted and no test
    statistic assumed: it is the drift that this scorer shows on these comments.
    """
    study = mentions.study
    now = _counted(mentions, survey, study.period)
    before = _counted(mentions, survey, study.compare_to) if study.compare_to else now.iloc[:0]
    values, weight, person = _arrays(mentions, now, survey)
    n_people = int(person.max(initial=-1)) + 1
    if n_people < 2:
        raise ValueError("drift_band: the period has fewer than two customers with a comment.")
    rng = np.random.default_rng(seed)
    drawn = np.array([rng.permutation(n_people) < n_people // 2 for _ in range(n_halves)])[:, person] * weight
    first, second = (
        drawn @ values / drawn.sum(axis=1)[:, None],
        (weight - drawn) @ values / (weight - drawn).sum(axis=1)[:, None],
    )
    difference = first - second
    spread = np.maximum(difference.std(axis=0), 1e-12)
    widest = float(np.quantile(np.abs(difference / spread).max(axis=1), conf_level))
    # Halves of n differ with variance 4 s²/n; a period of n and one of m with s²/n + s²/m.
    size = np.sqrt((1 + len(now) / max(len(before), 1)) / 4)
    current = np.average(values, axis=0, weights=weight)
    then, w_then, _ = _arrays(mentions, before, survey)
    previous = np.average(then, axis=0, weights=w_then) if len(before) else np.full(len(current), np.nan)
    band = widest * spread * size
    frame = pd.DataFrame({"topic": list(mentions.names.values()), "n": len(now), "n_customers": n_people}).astype(
        {"topic": "str"}
    )
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


def _counted(mentions: Mentions, survey: str | None, period: str) -> pd.DataFrame:
    """Return the comments of a period that have a weight."""
    rows, weight = mentions.rows(survey, period), mentions.design(survey).weight
    return rows if weight is None else rows[rows[weight] > 0].reset_index(drop=True)


def _arrays(
    mentions: Mentions, rows: pd.DataFrame, survey: str | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return zeros and ones, weights, and the code of each comment's customer."""
    name = mentions.design(survey).weight
    weight = rows[name].to_numpy(dtype=float) if name else np.ones(len(rows))
    person = rows["customer_id"] if "customer_id" in rows else pd.Series(rows.index, rows.index)
    own = person.astype("str").fillna("")
    codes = pd.factorize(own.where(own.ne(""), "row " + rows.index.astype(str).to_series(rows.index)))[0]
    return rows[mentions.ids].to_numpy(dtype=float), weight, codes
