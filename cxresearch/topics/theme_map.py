"""The map of topics: their centres in two dimensions."""

import numpy as np
import pandas as pd

from cxresearch.topics.mentions import Mentions
from cxresearch.topics.shares import shares
from cxresearch.topics.study_mentions import ids_of

__all__ = ["topic_map"]


def topic_map(mentions: Mentions, *, survey: str | None = None) -> pd.DataFrame:
    """Return where topics lie to one another: those that lie near are spoken of in like words.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        As for `shares`.

    Returns
    -------
    pandas.DataFrame
        As `shares`, with `across` and `up`: the first two principal components of the topics' centres. Parts of a topic
        that the codebook splits are left out: they have no centre.

    Notes
    -----
    Two components keep a part of the distances only; what looks near may be far.
    """
    key = pd.Series(ids_of(mentions.model))
    centres = pd.DataFrame(mentions.model.centroids).groupby(key.to_numpy(), sort=False).mean()
    centred = centres.to_numpy() - centres.to_numpy().mean(axis=0)
    left, size, axes = np.linalg.svd(centred.astype("float64"), full_matrices=False)
    # The sign of a component is arbitrary: the largest loading is made positive.
    sign = np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])
    places = np.zeros((len(centred), 2))
    places[:, : len(sign)] = (left * size)[:, : len(sign)] * sign
    names = [mentions.names.get(one) for one in centres.index]
    known = pd.DataFrame({"topic": names, "across": places[:, 0], "up": places[:, 1]})
    known = known.dropna(subset="topic").set_index("topic")
    found = shares(mentions, survey=survey)
    found = found[found["topic"].isin(known.index)]
    return found.join(known, on="topic").reset_index(drop=True)
