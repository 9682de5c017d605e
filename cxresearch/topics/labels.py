"""Words for topics: c-TF-IDF with maximal marginal relevance. All calls of BERTopic are here."""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxresearch.topics.language import WORDS

WORDS_SHOWN, CANDIDATES, DIVERSITY = 8, 24, 0.3
MOST_WORDS = 30_000
# What redaction put in the place of personal data, handles and addresses of pages tell nothing about a topic.
PLACEHOLDER = re.compile(r"\[[a-z ]+\]|@\w+|https?://\S+")
CONTRACTIONS = {
    "don",
    "didn",
    "doesn",
    "isn",
    "wasn",
    "aren",
    "won",
    "wouldn",
    "couldn",
    "hasn",
    "haven",
    "ve",
    "ll",
    "amp",
    "im",
}
Points = NDArray[np.float32]


def describe(texts: Sequence[str], points: Points, labels: NDArray[np.int64]) -> list[list[str]]:
    """Return the words of each topic, the most telling first.

    Parameters
    ----------
    texts, points, labels
        The fitted texts, where they lie, and the topic of each (0, 1, …).

    Returns
    -------
    list of list of str
        For each topic up to eight words or pairs of words; its number where it has none but the commonest.
    """
    shown = [PLACEHOLDER.sub(" ", text) for text in texts]
    counter = _counter()
    try:
        counts = counter.fit_transform(shown)
    except ValueError:  # no word but the commonest
        return [[f"topic {number + 1}"] for number in range(labels.max() + 1)]
    names = counter.get_feature_names_out()
    said = np.asarray((counts > 0).sum(0)).ravel()
    # A word of one text in many is a slip of the pen.
    kept = np.flatnonzero(said > (1 if len(texts) > 200 else 0))
    kept = kept if len(kept) else np.arange(len(names))
    words = _Words(names[kept], counts[:, kept], points)
    return _telling(shown, points, labels, words)


class _Words:
    """Words as points in the middle of the texts that hold them, so that no language model is loaded for them."""

    def __init__(self, names: NDArray[Any], counts: Any, points: Points) -> None:
        holds = (counts > 0).astype(np.float32)
        self.names = [str(name) for name in names]
        self.points = np.asarray(holds.T @ points) / np.asarray(holds.sum(0)).reshape(-1, 1)
        self.row: Mapping[str, int] = {name: row for row, name in enumerate(self.names)}

    def find(self, texts: Sequence[str]) -> Points:
        """Return the point of each word, or of the words of a text."""
        rows = [
            [self.row[word] for word in ([text] if text in self.row else text.split()) if word in self.row]
            for text in texts
        ]
        return np.array([self.points[some].sum(0) for some in rows], np.float32)


def _telling(texts: Sequence[str], points: Points, labels: NDArray[np.int64], words: _Words) -> list[list[str]]:
    """Return the words of each topic by BERTopic, whose own reduction and clustering are left out."""
    # Both the import and the fit warn of what is of no concern: no Tensorflow, an empty reduction.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from bertopic import BERTopic
        from bertopic.backend import BaseEmbedder
        from bertopic.cluster import BaseCluster
        from bertopic.dimensionality import BaseDimensionalityReduction
        from bertopic.representation import MaximalMarginalRelevance
        from bertopic.vectorizers import ClassTfidfTransformer

        backend = BaseEmbedder()
        backend.embed = lambda found, verbose=False: words.find(found)
        model = BERTopic(
            embedding_model=backend,
            umap_model=BaseDimensionalityReduction(),
            hdbscan_model=BaseCluster(),
            vectorizer_model=_counter(words.names),
            ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
            representation_model=MaximalMarginalRelevance(DIVERSITY, WORDS_SHOWN),
            top_n_words=min(CANDIDATES, len(words.names)),
        )
        model.fit(list(texts), embeddings=points, y=labels)
    # BERTopic numbers topics anew, by their sizes.
    theirs = dict(zip(labels.tolist(), model.topics_, strict=True))
    found = [[word for word, _ in model.get_topic(theirs[number]) if word] for number in range(labels.max() + 1)]
    return [some or [f"topic {number + 1}"] for number, some in enumerate(found)]


def _counter(vocabulary: Sequence[str] | None = None) -> Any:
    """Return the counter of words and pairs of words, without the commonest."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    stop = None if vocabulary else sorted(ENGLISH_STOP_WORDS | WORDS["en"] | WORDS["de"] | CONTRACTIONS)
    return CountVectorizer(stop_words=stop, ngram_range=(1, 2), max_features=MOST_WORDS, vocabulary=vocabulary)
