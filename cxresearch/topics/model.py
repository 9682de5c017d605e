"""Fitting topics: from texts to labelled, frozen centroids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxresearch.strict_yaml import StudyError
from cxresearch.topics.clusters import Groups, cut, group, ward
from cxresearch.topics.embed import MINILM, TFIDF, Embedding, open_embedding
from cxresearch.topics.labels import describe
from cxresearch.topics.scorer import score_units
from cxresearch.topics.text import Prepared, prepare, words
from cxresearch.topics.topic_model import OUTLIER, OUTLIER_LABEL, TopicModel

LEAST_TEXTS = 50
# A text is left without a topic where it is less like it than all but a twentieth of its core; never more than a fifth.
LEAST_LIKE, MOST_LEFT = 0.05, 0.2
WORDS_IN_LABEL = 3
TOPICS = ["topic", "label", "words", "n", "share", "parent", "parent_label", "threshold"]
Points = NDArray[np.float32]
Labels = NDArray[np.int64]


def fit(
    texts: Iterable[object],
    *,
    embedding: str = MINILM,
    mode: Literal["umap", "portable"] = "umap",
    seed: int = 0,
    translation: Iterable[object] | None = None,
    embeddings: Points | None = None,
) -> TopicModel:
    """Return a topic model of texts.

    Sentences become points; dense places among them are found by UMAP and HDBSCAN, merged by Ward's rule while the
    silhouette allows, and described by c-TF-IDF with maximal marginal relevance. Then everything is frozen: the same
    centroids and thresholds score the fitted texts and all later ones.

    Parameters
    ----------
    texts
        One text an answer; at least 50 that can be modelled.
    embedding
        `minilm` (English), `tfidf`, or a folder with a sentence-transformers model.
    mode
        `umap`; or `portable` (PCA and k-means), whose labels are the same on every machine.
    seed
        Of UMAP, k-means and what is sampled.
    translation
        For each text its translation, used in its place where there is one.
    embeddings
        Points of the texts (n × d) by this embedding, where they are there already; texts are then scored whole.

    Returns
    -------
    TopicModel
        `topics`, `centroids`, `assignments` and what else it needs to score; see its attributes.

    Raises
    ------
    StudyError
        If fewer than 50 texts can be modelled, `mode` or `embedding` is unknown, or `embeddings` are not n × d.

    Examples
    --------
    >>> texts = [f"{what} {how} {day}" for what in ("router slow", "bill wrong") for how in ("again", "still", "today")
    ...     for day in "monday tuesday wednesday thursday friday saturday sunday january february".split()]
    >>> model = fit(texts, embedding="tfidf", mode="portable")
    >>> bool(model.topics["n"].sum() >= len(texts))
    True
    """
    if mode not in ("umap", "portable"):
        raise StudyError('mode: topics are found by "umap" or in the "portable" mode; give one of the two.')
    given = list(texts)
    languages = ("en",) if embedding == MINILM and embeddings is None else None
    prepared = prepare(given, translation=translation, languages=languages)
    _refuse_too_few(prepared)
    units = prepared.units(whole=embeddings is not None)["sentence"]
    known = open_embedding(embedding, units.unique().tolist() if embedding == TFIDF else ())
    found = located(known, prepared, embeddings, len(given))
    if not len(found.once):
        raise StudyError("topics: the embedding knows no word of these texts; choose another one.")
    points = found.points[found.once]
    groups = group(points, mode, seed)
    described = describe([found.texts[row] for row in found.once], points, groups.labels)
    settings = {"mode": mode, "seed": seed, "whole_texts": embeddings is not None, **groups.facts()}
    empty = pd.DataFrame()
    model = TopicModel(_topics(groups, points, described), groups.centroids, found.embedding, empty, settings)
    return _counted(model, score_units(model, prepared.documents, found.units, found.points, found.codes))


@dataclass(frozen=True)
class Located:
    """Texts as points.

    Attributes
    ----------
    embedding
        What made the points; it knows the middle and the shifts of handles.
    units, codes
        What is scored, and which of the distinct texts each is.
    texts, points
        The distinct texts.
    once
        Which of them a model is fitted to: near-duplicates once, none whose words the embedding does not know.
    """

    embedding: Embedding
    units: pd.DataFrame
    codes: NDArray[np.intp]
    texts: list[str]
    points: Points
    once: NDArray[np.intp]


def located(embedding: Embedding, prepared: Prepared, embeddings: Points | None, count: int) -> Located:
    """Return prepared texts as points, by an embedding or as given for each of `count` texts."""
    units = prepared.units(whole=embeddings is not None)
    codes, distinct = pd.factorize(units["sentence"])
    texts = [str(text) for text in distinct]
    raw = embedding.raw(texts) if embeddings is None else _given(embeddings, units, codes, count)
    known = embedding if "shifts" in embedding.arrays else embedding.learn_shifts(texts, raw)
    points = known.placed(texts, raw)
    return Located(known, units, codes, texts, points, _once(texts, points))


def _refuse_too_few(prepared: Prepared) -> None:
    """Raise if too few texts can be modelled."""
    usable = prepared.usable["first"].nunique()
    if usable < LEAST_TEXTS:
        raise StudyError(
            f"topics: {usable} different usable texts of {len(prepared.documents)} are too few for a topic model, "
            f"which needs {LEAST_TEXTS}; read them, or code them by hand."
        )


def _given(embeddings: Points, units: pd.DataFrame, codes: NDArray[np.intp], count: int) -> Points:
    """Return the given points of distinct texts, at unit length."""
    points = np.asarray(embeddings, np.float32)
    if points.ndim != 2 or len(points) != count or not np.isfinite(points).all():
        raise StudyError(f"embeddings: an array of {count} rows, one a text, all finite, is needed; make them again.")
    firsts = np.unique(codes, return_index=True)[1]
    chosen = points[units["text"].to_numpy()[firsts]]
    return (chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def _once(distinct: Sequence[str], points: Points) -> NDArray[np.intp]:
    """Return which texts are fitted: near-duplicates once, none whose words the embedding does not know."""
    keys = pd.Series([" ".join(sorted(set(words(text).split()))) for text in distinct], dtype="str")
    kept: NDArray[np.intp] = np.flatnonzero(~keys.duplicated() & points.any(axis=1))
    return kept


def _topics(groups: Groups, points: Points, described: list[list[str]]) -> pd.DataFrame:
    """Return topics with labels and thresholds, the texts without a topic last."""
    labels = [", ".join(found[:WORDS_IN_LABEL]) for found in described]
    parents = _parents(groups)
    frame = pd.DataFrame({"topic": range(len(labels)), "label": _distinct_labels(labels)})
    frame["words"] = [", ".join(found) for found in described]
    frame["parent"], frame["threshold"] = parents, _thresholds(groups, points)
    # A theme is called by its largest topic, the first of it.
    frame["parent_label"] = frame.groupby("parent")["label"].transform("first")
    none = {
        "topic": [OUTLIER],
        "label": [OUTLIER_LABEL],
        "words": [""],
        "parent": [OUTLIER],
        "parent_label": [OUTLIER_LABEL],
    }
    texts = {name: "str" for name in ("label", "words", "parent_label")}
    return pd.concat([frame, pd.DataFrame(none)], ignore_index=True).astype(texts)


def _distinct_labels(labels: list[str]) -> list[str]:
    """Return labels with a number after each that another topic has already."""
    counts = pd.Series(labels, dtype="str").groupby(pd.Series(labels, dtype="str")).cumcount()
    return [label if not n else f"{label} ({n + 1})" for label, n in zip(labels, counts, strict=True)]


def _parents(groups: Groups) -> Labels:
    """Return the number of each topic's theme: about as many themes as the square root of the topics."""
    sizes = np.bincount(groups.labels, minlength=len(groups.centroids))
    count = max(1, round(len(groups.centroids) ** 0.5))
    themes = cut(ward(groups.centroids, np.maximum(sizes, 1)), count)
    return pd.factorize(themes)[0].astype(np.int64)


def _thresholds(groups: Groups, points: Points) -> NDArray[np.float64]:
    """Return the least cosine that names each topic."""
    cosines = np.einsum("ij,ij->i", points, groups.centroids[groups.labels]).astype(float)
    core = pd.Series(cosines).where(groups.core)
    least = core.groupby(groups.labels).quantile(LEAST_LIKE).reindex(range(len(groups.centroids)))
    least = least.fillna(pd.Series(cosines).groupby(groups.labels).quantile(LEAST_LIKE)).to_numpy(float)
    return least - max(0.0, -float(np.quantile(cosines - least[groups.labels], MOST_LEFT)))


def _counted(model: TopicModel, rows: pd.DataFrame) -> TopicModel:
    """Return a model with the counts of its assignments."""
    used = rows[rows["left_out"].eq("")]
    n = model.topics["topic"].map(used.groupby("topic")["text"].nunique()).fillna(0).astype("int64")
    topics = model.topics.assign(n=n, share=n / max(1, used["text"].nunique()))
    return replace(model, topics=topics[TOPICS], assignments=rows)
