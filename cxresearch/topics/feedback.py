"""Reviews, chats and complaints by the same frozen scorer: beside the survey's shares, never pooled with them."""

import pandas as pd

from cxresearch.metrics.answers import Columns
from cxresearch.metrics.table import table
from cxresearch.topics.codebook import apply_codebook, read_codebook
from cxresearch.topics.mentions import NAMED, SHARE, Mentions, indicators
from cxresearch.topics.scorer import assign
from cxresearch.topics.shares import shares
from cxresearch.topics.study_mentions import CODEBOOK, said_of

__all__ = ["feedback_shares"]

SURVEY = "survey"


def feedback_shares(mentions: Mentions, *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return the share of each topic in reviews, chats and complaints beside that in the survey.

    Parameters
    ----------
    mentions
        What the comments of the survey name.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a topic and source: `topic`, `source` (`survey`, then those of the feedback, all periods up to the
        run's), then a result frame with the share of texts that name the topic.

    Raises
    ------
    KeyError
        If the study has no feedback with texts.

    Notes
    -----
    Those who write a review or complain choose themselves: their shares say what is written there, not what customers
    think, and no test sets them against the survey's.
    """
    study = mentions.study
    if not study.has("feedback") or "verbatim" not in study.feedback:
        raise KeyError("feedback: the study has no table `feedback` with a column `verbatim`.")
    texts = study.feedback
    if study.bounds is not None and "date" in texts:
        texts = texts[texts["date"] < study.bounds[1]]
    texts = texts.reset_index(drop=True)
    named = _named(mentions, assign(mentions.model, texts["verbatim"], translation=texts.get("translation")))
    rows = pd.concat([texts.loc[named.index], named], axis=1)
    rows["source"] = rows.get("source", "feedback")
    beside = shares(mentions, conf_level=conf_level)
    beside.insert(1, "source", SURVEY)
    parts = []
    for key, name in mentions.names.items():
        own = table(rows.assign(**{NAMED: rows[key]}), SHARE, "source", Columns(), conf_level, None)
        own.insert(0, "topic", name)
        parts += [beside[beside["topic"].eq(name)], own]
    return pd.concat(parts, ignore_index=True).astype({"topic": "str", "source": "str"})


def _named(mentions: Mentions, found: pd.DataFrame) -> pd.DataFrame:
    """Return zeros and ones of each text and topic, as the codebook has it."""
    used = found[found["left_out"].eq("")]
    said = said_of(used, mentions.model)
    book = mentions.study.definition.folder / CODEBOOK
    if book.is_file():
        said = apply_codebook(read_codebook(book), mentions.plain, said)[1]
    return indicators(said, mentions.ids, pd.Index(used["text"].unique()))
