"""What became of the topics since the model before, beside what becomes of them where nothing changed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.topics.mentions import Mentions, indicators
from cxresearch.topics.study_mentions import ENOUGH, fitted_to, model_of, scored
from cxresearch.topics.topic_model import TopicModel
from cxresearch.topics.track import EVENTS, NEW, ledger

__all__ = ["Lifecycle", "lifecycle"]


@dataclass(frozen=True)
class Lifecycle:
    """What became of topics between two models.

    Attributes
    ----------
    topics
        One row an event: `event` (`continued`, `split`, `merged`, `new`, `retired`), `previous_topic`, `topic` (""
        where there is none); `n`, `n_customers` (comments, and who wrote them, that name both, or the one), `estimate`
        (Jaccard overlap of the two topics' comments, 0-1), `flag`.
    counts
        One row an event: `event`, `topics` (how many of them; of the earlier model, `new` of the later one), `expected`
        (how many where nothing but chance is between two models).
    """

    topics: pd.DataFrame
    counts: pd.DataFrame


def lifecycle(mentions: Mentions, *, seed: int = 0) -> Lifecycle:
    """Return what became of the topics that the report of the period compared with rested on.

    Parameters
    ----------
    mentions
        What the comments name.
    seed
        Of the comments that are drawn for the model of chance.

    Returns
    -------
    Lifecycle
        `topics` and `counts`.

    Raises
    ------
    ValueError
        If there is no earlier period, or fewer than 500 comments before it.

    Notes
    -----
    Three models are fitted alike and score the same comments: the report's own; that of the period compared with, which
    knew only the comments before that period; and one of as many comments drawn at random from those of the report's
    own. The last two differ from the first by the comments that they lack, the newest ones in one and any in the other:
    what the ledger tells of the last one, it would tell where nothing changed.
    """
    study = mentions.study
    if study.compare_to not in study.periods:
        raise ValueError("lifecycle: there is no earlier period with answers; set `compare_to`.")
    known = fitted_to(study)
    earlier = known[known["period"].isin(study.periods[: study.periods.index(study.compare_to)])]
    if len(earlier) < ENOUGH:
        raise ValueError(
            f"lifecycle: {len(earlier)} comments stand before {study.compare_to}; a model of that time needs {ENOUGH}."
        )
    drawn = np.random.default_rng(seed).permutation(len(known))[: len(earlier)]
    previous = scored(study, _refitted(mentions.model, earlier))
    chance = scored(study, _refitted(mentions.model, known.iloc[np.sort(drawn)]))
    events, expected = (ledger(_named(one), _named(mentions)) for one in (previous, chance))
    counts = pd.DataFrame({"topics": _counted(events), "expected": _counted(expected)}, index=EVENTS)
    return Lifecycle(_topics(events, previous, mentions), counts.rename_axis("event").reset_index())


def _refitted(model: TopicModel, said: pd.DataFrame) -> TopicModel:
    """Return a model of other comments, made as a given one was."""
    mode, seed = model.settings["mode"], model.settings["seed"]
    return model_of(said, embedding=model.embedding.name, mode=mode, seed=seed)


def _named(mentions: Mentions) -> pd.DataFrame:
    """Return zeros and ones of what the machine finds in each comment, whatever people coded."""
    return indicators(mentions.sentences, mentions.ids, mentions.answers.index)


def _counted(events: pd.DataFrame) -> pd.Series:
    """Return how many topics each event befell: of the later model where they are new, else of the earlier one."""
    of_earlier = events.groupby("event")["previous_topic"].nunique()
    of_later = events.groupby("event")["topic"].nunique()
    return of_earlier.where(of_earlier.index != NEW, of_later).reindex(EVENTS, fill_value=0).astype("int64")


def _topics(events: pd.DataFrame, previous: Mentions, mentions: Mentions) -> pd.DataFrame:
    """Return the ledger with names, and with how many customers name both topics."""
    before, after, answers = _named(previous), _named(mentions), mentions.answers
    person = answers["customer_id"] if "customer_id" in answers else answers.index.to_series()
    people = []
    for one in events.to_dict("records"):
        in_both = before.get(one["previous_topic"], 1) * after.get(one["topic"], 1)
        people.append(person[in_both.eq(1)].nunique())
    return pd.DataFrame(
        {
            "event": events["event"],
            "previous_topic": events["previous_topic"].map(previous.names).fillna("").astype("str"),
            "topic": events["topic"].map(mentions.names).fillna("").astype("str"),
            "n": events["n_texts"],
            "n_customers": people,
            "estimate": events["overlap"],
            "flag": "",
        }
    ).astype({"flag": "str"})
