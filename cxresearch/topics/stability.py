"""Would the same topics come out again? Refits to parts of the texts with other seeds, matched with the model."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxresearch.cache import digest, store
from cxresearch.strict_yaml import StudyError
from cxresearch.topics.clusters import group, nearest
from cxresearch.topics.model import located
from cxresearch.topics.text import prepare
from cxresearch.topics.topic_model import FORMAT, OUTLIER, TopicModel

KIND = "topics"
PART = 0.8
STABLE, TENTATIVE = 0.75, 0.6
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Stability:
    """How far topics come out again.

    Attributes
    ----------
    topics
        One row a topic: `topic`, `label`, `n` (texts that name it), `fits` (refits), `jaccard` (mean over refits of the
        share of sentences that the topic and its match have in common, 0–1), `lowest` (of all refits), `verdict`:
        `stable` over .75, `tentative` from .6, else `unstable`.
    fits
        One row a refit: `fit`, `seed`, `sentences`, `topics` (how many it found), `ari` (adjusted Rand index with the
        model, 1 where all is the same, 0 as by chance).
    """

    topics: pd.DataFrame
    fits: pd.DataFrame


def stability(
    model: TopicModel,
    texts: Iterable[object],
    *,
    fits: int = 20,
    seed: int = 0,
    translation: Iterable[object] | None = None,
    embeddings: NDArray[np.float32] | None = None,
) -> Stability:
    """Return how far a model's topics come out again from other seeds and 80 % of its texts.

    Each refit draws four fifths of the different sentences and finds groups anew, the number of groups too; the
    points are not computed again. Groups are matched one to one so that their summed Jaccard index is highest
    (Hungarian method); a topic without a match counts 0. Kept in the project's cache.

    Parameters
    ----------
    model
        A topic model.
    texts, translation, embeddings
        What it was fitted to, as for `fit`.
    fits
        Number of refits, at least 2; under 20 the verdicts are rough.
    seed
        Of the parts that are drawn and of the refits.

    Returns
    -------
    Stability
        `topics` and `fits`.

    Raises
    ------
    StudyError
        If fewer than 2 refits are asked for, or the texts are not those of the model.

    Notes
    -----
    Hennig (2007), Cluster-wise assessment of cluster stability. R: `fpc::clusterboot(bootmethod = "subset")`.

    Examples
    --------
    >>> from cxresearch.topics import fit
    >>> texts = [f"{what} {day}" for what in ("router slow", "bill wrong", "great staff")
    ...     for day in "monday tuesday wednesday thursday friday saturday sunday january february march".split()] * 2
    >>> texts += [f"{text} {word}" for text in texts[:30] for word in ("again", "still")]
    >>> model = fit(texts, embedding="tfidf", mode="portable")
    >>> stability(model, texts, fits=2).fits["fit"].tolist()
    [1, 2]
    """
    if fits < 2:
        raise StudyError(f"stability: {fits} refits were asked for; it takes at least 2, and 20 for firm verdicts.")
    given = list(texts)
    languages = None if model.embedding.languages is None else list(model.embedding.languages)
    prepared = prepare(given, translation=translation, languages=languages)
    found = located(model.embedding, prepared, embeddings, len(given))
    points = found.points[found.once]
    if not len(points):
        raise StudyError("stability: none of the texts can be modelled; give those that the model was fitted to.")
    key = digest(FORMAT, points.tobytes(), model.centroids.tobytes(), model.settings, fits, seed)
    name = f"{key}-stability.parquet"
    if kept := store().read_sealed(KIND, name):
        matched = pd.read_parquet(BytesIO(kept))
    else:
        matched = pd.concat([_refit(points, model, seed + number, number) for number in range(1, fits + 1)])
        store().write_sealed(KIND, name, matched.to_parquet(index=False))
    return Stability(_by_topic(matched, model), _by_fit(matched))


def _refit(points: NDArray[np.float32], model: TopicModel, seed: int, number: int) -> pd.DataFrame:
    """Return the Jaccard index of each topic with its match in one refit, and what the refit was."""
    from sklearn.metrics import adjusted_rand_score

    draw = np.random.default_rng(seed).permutation(len(points))[: round(PART * len(points))]
    part = points[np.sort(draw)]
    ours = nearest(part, model.centroids)
    theirs = group(part, model.settings["mode"], seed).labels
    frame = pd.DataFrame(
        {"topic": range(len(model.centroids)), "jaccard": _matched(ours, theirs, len(model.centroids))}
    )
    facts = {"fit": number, "seed": seed, "sentences": len(part), "topics": int(theirs.max()) + 1}
    return frame.assign(**facts, ari=float(adjusted_rand_score(ours, theirs)))


def _matched(ours: Labels, theirs: Labels, count: int) -> NDArray[np.float64]:
    """Return for each of our groups the Jaccard index with the one of theirs that it is matched to; 0 without one."""
    from scipy.optimize import linear_sum_assignment

    both = np.zeros((count, int(theirs.max()) + 1))
    np.add.at(both, (ours, theirs), 1)
    either = both.sum(1, keepdims=True) + both.sum(0) - both
    jaccard = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    rows, columns = linear_sum_assignment(-jaccard)
    found = np.zeros(count)
    found[rows] = jaccard[rows, columns]
    return found


def _by_topic(matched: pd.DataFrame, model: TopicModel) -> pd.DataFrame:
    """Return the stability of each topic."""
    by = matched.groupby("topic")["jaccard"]
    mean, topics = by.mean(), model.topics[model.topics["topic"].ne(OUTLIER)]
    frame = topics[["topic", "label", "n"]].assign(fits=matched["fit"].nunique())
    frame["jaccard"], frame["lowest"] = topics["topic"].map(mean), topics["topic"].map(by.min())
    return frame.assign(verdict=verdicts(frame["jaccard"])).reset_index(drop=True)


def verdicts(jaccard: pd.Series) -> pd.Series:
    """Return what mean overlaps with refits say: `stable` over .75, `tentative` from .6, else `unstable`."""
    told = np.select([jaccard > STABLE, jaccard >= TENTATIVE], ["stable", "tentative"], "unstable")
    return pd.Series(told, jaccard.index, dtype="str")


def _by_fit(matched: pd.DataFrame) -> pd.DataFrame:
    """Return what each refit found."""
    return matched.drop_duplicates("fit")[["fit", "seed", "sentences", "topics", "ari"]].reset_index(drop=True)
