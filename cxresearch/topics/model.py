"""Fitting topics: from texts to labelled, frozen centroids. All calls of BERTopic are here."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxresearch.strict_yaml import StudyError
from cxresearch.topics.embed import TFIDF, open_embedding
from cxresearch.topics.scorer import score_units
from cxresearch.topics.text import prepare
from cxresearch.topics.topic_model import OUTLIER, OUTLIER_LABEL, TopicModel

LEAST_TEXTS = 50
Points = NDArray[np.float32]


def fit(
    texts: Iterable[object],
    *,
    embedding: str = "minilm",
    mode: Literal["umap", "portable"] = "umap",
    seed: int = 0,
    translation: Iterable[object] | None = None,
) -> TopicModel:
    """Return a topic model (skeleton: the clusters come from k-means whatever the mode)."""
    prepared = prepare(texts, translation=translation, languages=("en",) if embedding == "minilm" else None)
    if len(prepared.usable) < LEAST_TEXTS:
        raise StudyError(
            f"topics: {len(prepared.usable)} usable texts of {len(prepared.documents)} are too few for a topic model, "
            f"which needs {LEAST_TEXTS}; read them, or code them by hand."
        )
    units = prepared.sentences
    codes, distinct = pd.factorize(units["sentence"])
    known = open_embedding(embedding, list(distinct) if embedding == TFIDF else ())
    points = known.points(list(distinct))
    centroids = _centroids(points, seed)
    nearest = points @ centroids.T
    thresholds = [np.quantile(nearest[nearest.argmax(1) == topic, topic], 0.05) for topic in range(len(centroids))]
    topics = pd.DataFrame({"topic": [*range(len(centroids)), OUTLIER], "threshold": [*thresholds, np.nan]})
    names = [f"topic {topic}" for topic in range(len(centroids))]
    topics["label"] = pd.Series([*names, OUTLIER_LABEL], dtype="str")
    model = TopicModel(topics, centroids, known, pd.DataFrame(), {"mode": mode, "seed": seed})
    rows = score_units(model, prepared.documents, units, points, codes)
    return _counted(model, rows)


def _centroids(points: Points, seed: int) -> Points:
    """Return centroids of k-means."""
    from sklearn.cluster import KMeans

    found = KMeans(max(2, int(np.sqrt(len(points) / 2))), random_state=seed, n_init=1).fit(points).cluster_centers_
    unit: Points = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _counted(model: TopicModel, rows: pd.DataFrame) -> TopicModel:
    """Return a model with the counts of its assignments."""
    used = rows[rows["left_out"].eq("")]
    n = model.topics["topic"].map(used.groupby("topic")["text"].nunique()).fillna(0).astype("int64")
    topics = model.topics.assign(words=model.topics["label"], n=n, share=n / used["text"].nunique())
    topics = topics.assign(parent=OUTLIER, parent_label=OUTLIER_LABEL)
    columns = ["topic", "label", "words", "n", "share", "parent", "parent_label", "threshold"]
    settings: dict[str, Any] = model.settings
    return TopicModel(topics[columns], model.centroids, model.embedding, rows, settings)
