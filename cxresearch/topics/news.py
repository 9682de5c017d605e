"""New topics of a study's period, named by words that enough customers used."""

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.table import table
from cxresearch.topics.emerging import Said, emerging
from cxresearch.topics.mentions import NAMED, SHARE, Mentions
from cxresearch.topics.scorer import languages
from cxresearch.topics.text import prepare, words
from cxresearch.topics.topic_model import OUTLIER, TopicModel

__all__ = ["new_topics"]

MOST_WORDS = 4
PLACEHOLDER = re.compile(r"\[[a-z ]+\]")


def new_topics(
    mentions: Mentions,
    *,
    survey: str | None = None,
    seed: int = 0,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return topics that came up in the period for the first time.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        Survey whose share is told; sentences of all surveys are searched.
    seed
        Of the pairs of sentences from which it is learnt how alike two are by chance.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a new topic, the largest first: `topic` (words that stand out and that enough customers used), then the
        columns of `shares`; empty where nothing is new.

    Raises
    ------
    ValueError
        If there are no comments of earlier periods.

    Notes
    -----
    See `cx.topics.emerging`.
    """
    answers, period = mentions.answers, mentions.study.period
    if answers["period"].eq(period).all():
        raise ValueError("new_topics: there are no comments of earlier periods; everything would be new.")
    units, said = _said(mentions.model, answers, period)
    least = mentions.study.definition.disclosure.min_base
    groups = emerging(said, least=least, seed=seed)
    rows, design = mentions.rows(survey).iloc[:0], mentions.design(survey)
    parts = []
    for group in groups:
        named = answers.index.isin(units["text"].iloc[group])
        rows = replace(mentions, answers=answers.assign(**{NAMED: named.astype(int)})).rows(survey)
        part = table(rows, SHARE, None, design, conf_level, None)
        part.insert(0, "topic", _name(units["sentence"], said, group, least))
        parts.append(part)
    empty = table(rows.assign(**{NAMED: 0}), SHARE, None, design, conf_level, None).iloc[:0]
    empty.insert(0, "topic", pd.Series(dtype="str"))
    return pd.concat(parts, ignore_index=True).astype({"topic": "str"}) if parts else empty


def _said(model: TopicModel, answers: pd.DataFrame, period: str) -> tuple[pd.DataFrame, Said]:
    """Return the sentences of all comments, and where they lie."""
    units = prepare(answers["verbatim"], translation=answers.get("translation"), languages=languages(model)).sentences
    units = units.assign(text=answers.index[units["text"]])
    codes, distinct = pd.factorize(units["sentence"])
    points = model.embedding.points([str(text) for text in distinct])
    limits = model.topics.loc[model.topics["topic"].ne(OUTLIER), "threshold"].to_numpy(np.float32)
    placed = np.concatenate([((part @ model.centroids.T) >= limits).any(axis=1) for part in np.array_split(points, 8)])
    own = answers.loc[units["text"]]
    person = own["customer_id"].astype("str") if "customer_id" in own else own.index.astype("str").to_series()
    now = own["period"].eq(period).to_numpy()
    return units, Said(points[codes], now, placed[codes], pd.factorize(person.to_numpy())[0])


def _name(sentences: pd.Series, said: Said, group: npt.NDArray[np.intp], least: int) -> str:
    """Return the words that stand out in some sentences against all others, used by enough customers."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(binary=True, stop_words="english", token_pattern=r"[^\W\d_]{3,}")
    counts = counter.fit_transform(sentences.map(lambda text: words(PLACEHOLDER.sub(" ", text))))
    inside = np.asarray(counts[group].sum(axis=0)).ravel()
    outside = np.asarray(counts.sum(axis=0)).ravel() - inside
    people = np.zeros(len(inside))
    for one in np.flatnonzero(inside >= least):
        people[one] = len(np.unique(said.person[group[counts[group][:, [one]].nonzero()[0]]]))
    rate = inside / len(group)
    standing_out = np.where(people >= least, rate * np.log((rate + 1e-4) / (outside / len(sentences) + 1e-4)), -np.inf)
    best = [one for one in np.argsort(-standing_out, kind="stable")[:MOST_WORDS] if standing_out[one] > 0]
    return ", ".join(counter.get_feature_names_out()[best]) or "new topic"
