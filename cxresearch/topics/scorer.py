"""The one frozen scorer: each sentence against the centroids, for fitted and for later texts alike."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxresearch.strict_yaml import StudyError
from cxresearch.topics.text import Prepared, prepare
from cxresearch.topics.topic_model import OUTLIER, OUTLIER_LABEL, TopicModel

# A sentence that is nearly as near to a second topic names that as well.
MARGIN = 0.05
# Rows of cosines held at a time.
CHUNK = 20_000
ASSIGNMENTS = ["text", "topic", "label", "score", "sentence", "left_out"]


def assign(model: TopicModel, texts: Iterable[object], *, translation: Iterable[object] | None = None) -> pd.DataFrame:
    """Return the topics that texts name, by the frozen scorer.

    A sentence names its nearest topic by cosine, and every other topic within .05 of it, where the cosine reaches the
    topic's threshold. A text names what its sentences name.

    Parameters
    ----------
    model
        A topic model.
    texts
        One text an answer.
    translation
        For each text its translation, used in its place where there is one.

    Returns
    -------
    pandas.DataFrame
        One row a text and topic, ordered by text and falling score: `text` (position in `texts`), `topic` (−1 where
        it names none), `label`, `score` (cosine, NaN where nothing was scored), `sentence` (the sentence nearest to
        the topic), `left_out` (why the text is not modelled, "" where it is: those with a reason are no part of the
        base of a share).

    Raises
    ------
    StudyError
        If the model's embedding is not the one that made its points.

    Examples
    --------
    >>> from cxresearch.topics import fit
    >>> texts = [f"{what} {how}" for what in ("router", "bill") for how in ("slow", "wrong", "fine", "late", "bad")]
    >>> texts = [f"{text} on {day}" for text in texts for day in ("monday", "tuesday", "friday", "sunday", "holiday")]
    >>> model = fit(texts, embedding="tfidf", mode="portable")
    >>> assign(model, ["n/a"])["left_out"].tolist()
    ['stock answer']
    """
    prepared = prepare(texts, translation=translation, languages=languages(model))
    return score_prepared(model, prepared)


def languages(model: TopicModel) -> list[str] | None:
    """Return the languages that a model's embedding knows; None for all."""
    return None if model.embedding.languages is None else list(model.embedding.languages)


def score_prepared(model: TopicModel, prepared: Prepared) -> pd.DataFrame:
    """Return the topics of prepared texts."""
    units = prepared.units(whole=model.settings["whole_texts"])
    distinct, codes = _distinct(units["sentence"])
    points = model.embedding.points(distinct)
    if len(points) and points.shape[1] != model.centroids.shape[1]:
        raise StudyError(
            f"topics: the model has {model.centroids.shape[1]} dimensions and its embedding {points.shape[1]}; fit it "
            "with the `embedding` that made the points given."
        )
    return score_units(model, prepared.documents, units, points, codes)


def score_units(
    model: TopicModel,
    documents: pd.DataFrame,
    units: pd.DataFrame,
    points: NDArray[np.float32],
    codes: NDArray[np.intp],
) -> pd.DataFrame:
    """Return the topics of texts whose sentences' points are known.

    Parameters
    ----------
    model
        A topic model; its labels, centroids and thresholds are used.
    documents, units
        As `prepare` gives them.
    points, codes
        The points of the distinct sentences, and which of them each row of `units` is.
    """
    named = _named(model, points)
    by_unit = pd.DataFrame({"text": units["text"], "sentence": units["sentence"], "unit": codes})
    rows = by_unit.join(named.set_index("unit"), on="unit").sort_values("score", ascending=False, kind="stable")
    rows = rows.drop_duplicates(["text", "topic"])
    # A text with a topic loses the sentences that have none.
    names_any = rows["topic"].ne(OUTLIER).groupby(rows["text"]).transform("any")
    rows = rows[rows["topic"].ne(OUTLIER) | ~names_any]
    left_out = documents.loc[documents["left_out"].ne(""), ["text", "left_out"]].assign(topic=OUTLIER, sentence="")
    rows = pd.concat([rows.assign(left_out=""), left_out])
    labels = model.topics.set_index("topic")["label"]
    rows["label"] = rows["topic"].map(labels).fillna(OUTLIER_LABEL)
    types = {"text": "int64", "topic": "int64", "score": "float64", "sentence": "str", "left_out": "str"}
    ordered = rows.sort_values(["text", "score"], ascending=[True, False], kind="stable")
    return ordered[ASSIGNMENTS].astype({**types, "label": "str"}).reset_index(drop=True)


def _named(model: TopicModel, points: NDArray[np.float32]) -> pd.DataFrame:
    """Return `unit`, `topic`, `score`: what each point names, −1 with the highest cosine where it names nothing."""
    thresholds = model.topics.loc[model.topics["topic"].ne(OUTLIER), "threshold"].to_numpy(np.float32)
    found = []
    for start in range(0, len(points), CHUNK):
        cosines = points[start : start + CHUNK] @ model.centroids.T
        best = cosines.max(1, keepdims=True)
        unit, topic = np.nonzero((cosines >= thresholds) & (cosines >= best - MARGIN))
        none = np.setdiff1d(np.arange(len(cosines)), unit)
        topic, unit = np.r_[topic, np.full(len(none), OUTLIER)], np.r_[unit, none]
        score = np.where(topic == OUTLIER, best[unit, 0], cosines[unit, topic])
        found.append(pd.DataFrame({"unit": unit + start, "topic": topic, "score": score}))
    return pd.concat(found) if found else pd.DataFrame({"unit": [], "topic": [], "score": []}).astype({"unit": "int64"})


def _distinct(texts: pd.Series) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct texts in order of appearance, and which of them each is."""
    codes, distinct = pd.factorize(texts)
    return [str(text) for text in distinct], codes
