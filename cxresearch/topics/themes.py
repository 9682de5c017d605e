"""Themes: the topics of a model brought to as many as a page can show, named by the words of all their texts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from cxresearch.topics.clusters import cut, ward
from cxresearch.topics.labels import CONTRACTIONS, PLACEHOLDER, describe
from cxresearch.topics.language import WORDS
from cxresearch.topics.topic_model import OUTLIER, OUTLIER_LABEL, TopicModel

__all__ = ["MOST_THEMES", "name_of", "themed"]

# What a page can show, and a person can keep apart.
MOST_THEMES = 24
# In how many sentences a word must be.
LEAST_SAID = 3
LETTERS = r"[^\W\d_]{2,}"
WORDS_IN_NAME = 3
# Words that begin alike are taken for one word: bill and bills, wait and waiting.
BEGINNING = 4
Floats = NDArray[np.floating]


def themed(model: TopicModel) -> TopicModel:
    """Return a model whose topics have the themes that a study reports.

    Parameters
    ----------
    model
        As `cx.topics.fit` gives it.

    Returns
    -------
    TopicModel
        With `parent` (the number of the theme, the one with most texts first), `parent_label` and `parent_words`
        (c-TF-IDF with MMR over all sentences of the theme) in `topics`.

    Notes
    -----
    A topic is told by its centre and by its words (root of the share of its sentences with a word, times the log of
    how rare the word is), each at the same spread: centres alone tell apart how people speak,
    short or long, as much as what they speak of. Ward's rule, topics weighing by the root of their sentences, merges
    until no more are left than a page can show.
    """
    said = model.assignments[model.assignments["topic"].ne(OUTLIER)]
    nearest = said.sort_values("score", ascending=False, kind="stable").drop_duplicates("sentence").sort_index()
    texts = nearest["sentence"].astype("str").to_list()
    points, topic = model.embedding.points(texts), nearest["topic"].to_numpy()
    sizes = np.bincount(topic, minlength=len(model.centroids))
    places = _places(model.centroids, _words(texts, topic, sizes))
    theme = cut(ward(places, np.sqrt(np.maximum(sizes, 1))), MOST_THEMES)
    theme = _by_size(theme, said.drop_duplicates(["text", "topic"])["topic"].to_numpy())
    found = [", ".join(words) for words in describe(texts, points, theme[topic])]
    frame = pd.DataFrame({"parent": theme, "parent_words": [found[one] if one < len(found) else "" for one in theme]})
    frame["parent_label"] = [name_of(words.split(", ")) for words in frame["parent_words"]]
    none = pd.DataFrame({"parent": [OUTLIER], "parent_words": [""], "parent_label": [OUTLIER_LABEL]})
    texts_too = {"parent_words": "str", "parent_label": "str"}
    columns = pd.concat([frame, none], ignore_index=True).astype(texts_too).set_axis(model.topics.index)
    return replace(model, topics=model.topics.assign(**columns))


def name_of(words: Sequence[str]) -> str:
    """Return a name made of words: the first three that do not say again what one before them says.

    Examples
    --------
    >>> name_of(["signal", "decent signal", "bills", "bill", "90", "coverage"])
    'signal, bills, coverage'
    """
    chosen: list[str] = []
    used: set[str] = set()
    for word in words:
        parts = {part[:BEGINNING] for part in word.split()}
        if word and not parts & used and not any(part.isdigit() for part in word.split()):
            chosen.append(word)
            used |= parts
    return ", ".join(chosen[:WORDS_IN_NAME])


def _places(centroids: Floats, words: Floats) -> Floats:
    """Return where topics lie by centre and words."""
    parts = []
    for part in (centroids, words):
        centred = part - part.mean(axis=0)
        parts.append(centred / max(float(np.linalg.norm(centred)), 1e-12))
    return np.hstack(parts)


def _words(texts: Sequence[str], topic: NDArray[np.int64], sizes: NDArray[np.int64]) -> Floats:
    """Return how telling each word is of each topic, topics at unit length; nothing where no word is said often."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    stop = sorted(ENGLISH_STOP_WORDS | WORDS["en"] | WORDS["de"] | CONTRACTIONS)
    try:
        held = CountVectorizer(stop_words=stop, token_pattern=LETTERS, min_df=LEAST_SAID, binary=True).fit_transform(
            PLACEHOLDER.sub(" ", text) for text in texts
        )
    except ValueError:  # no word is left
        return np.zeros((len(sizes), 1))
    rows = sparse.csr_array((np.ones(len(texts)), (topic, np.arange(len(texts)))), shape=(len(sizes), len(texts)))
    counts = (rows @ held).toarray()
    rare = np.log(1 + counts.sum() / len(sizes) / counts.sum(axis=0))
    telling = np.sqrt(counts / np.maximum(sizes, 1)[:, None]) * rare
    return np.asarray(telling / np.maximum(np.linalg.norm(telling, axis=1, keepdims=True), 1e-12))


def _by_size(theme: NDArray[np.int64], named: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return themes numbered from 0 on by how often their topics are named."""
    sizes = np.bincount(theme[named], minlength=int(theme.max()) + 1)
    order = np.argsort(-sizes, kind="stable")
    return np.argsort(order, kind="stable")[theme].astype(np.int64)
