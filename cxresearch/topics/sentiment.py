"""How comments sound: VADER for English, used only where it goes with the score that the same people gave."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import Measure
from cxresearch.metrics.table import table
from cxresearch.strict_yaml import StudyError
from cxresearch.topics.mentions import Mentions, each_topic
from cxresearch.topics.text import prepare

__all__ = ["sentiment", "sentiment_validity", "sounded"]

SCALE = (-1.0, 1.0)
SOUND = Measure("sentiment", "mean", SCALE)
ENGLISH = ("en",)
# A correlation with the score whose interval does not reach this is too low to speak of sentiment.
LEAST_CORRELATION, LEAST = 0.3, 50


def sounded(sentences: pd.Series) -> pd.Series:
    """Return how English sentences sound, from -1 (bad) to 1 (good).

    Parameters
    ----------
    sentences
        English text.

    Notes
    -----
    VADER's compound score: a lexicon of 7,500 words with rules for negation, emphasis and emoji (Hutto & Gilbert 2014,
    *ICWSM*).

    Examples
    --------
    >>> sounded(pd.Series(["Great service!", "Not good at all.", "The router."])).round(1).tolist()
    [0.7, -0.3, 0.0]
    """
    analyser = _analyser()
    found = {text: float(analyser.polarity_scores(text)["compound"]) for text in sentences.dropna().unique()}
    return sentences.map(found).astype("float64")


def sentiment_validity(mentions: Mentions, *, survey: str | None = None, score: str = "nps") -> pd.DataFrame:
    """Return how far the sound of whole comments goes with the score that the same people gave.

    Parameters
    ----------
    mentions
        What the comments name.
    survey
        By default the relationship survey.
    score
        Column of the score.

    Returns
    -------
    pandas.DataFrame
        One row: `metric` (the score's name); `n`, `n_customers` (English comments of the period with a score), `n_eff`,
        `estimate` (Pearson's correlation), `std_error`, `conf_low`, `conf_high` (Fisher's interval), `flag`.

    Raises
    ------
    KeyError
        If there is no such score.
    ValueError
        If fewer than 50 English comments have one.
    """
    rows = _english(mentions, survey)
    if score not in rows:
        raise KeyError(f"sentiment: the comments have no column {score!r} to be checked against.")
    rows = rows[rows[score].notna()]
    if len(rows) < LEAST:
        raise ValueError(f"sentiment: {len(rows)} English comments have a score; {LEAST} are the least to check it by.")
    correlation = float(np.corrcoef(sounded(rows["_text"]), rows[score].astype("float64"))[0, 1])
    error = 1 / np.sqrt(len(rows) - 3)
    low, high = np.tanh(np.arctanh(correlation) - 1.96 * error), np.tanh(np.arctanh(correlation) + 1.96 * error)
    people = rows["customer_id"].nunique() if "customer_id" in rows else len(rows)
    return pd.DataFrame(
        {
            "metric": [score],
            "n": [len(rows)],
            "n_customers": [people],
            "n_eff": [float(len(rows))],
            "estimate": [correlation],
            "std_error": [(1 - correlation**2) * error],
            "conf_low": [low],
            "conf_high": [high],
            "flag": ["" if low >= LEAST_CORRELATION else "too low for sentiment to be reported"],
        }
    )


def sentiment(
    mentions: Mentions, by: str | None = None, *, survey: str | None = None, conf_level: float = 0.95
) -> pd.DataFrame:
    """Return how the sentences that name each topic sound.

    Parameters
    ----------
    mentions
        What the comments name.
    by
        A column to group on, such as `touchpoint`.
    survey
        By default the relationship survey.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        `topic`, the grouping column; then a result frame: `estimate` is the mean sound of the sentence that names the
        topic, -1 to 1.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If fewer than 50 English comments have a score.
    StudyError
        If the sound of comments hardly goes with the score: then it tells nothing about customers.
    """
    checked = sentiment_validity(mentions, survey=survey)
    if checked["conf_low"].iloc[0] < LEAST_CORRELATION:
        raise StudyError(
            f"sentiment: its correlation with the score is {checked['estimate'].iloc[0]:.2f}, not surely above "
            f"{LEAST_CORRELATION}."
        )
    rows, design = _english(mentions, survey), mentions.design(survey)
    said = mentions.sentences.assign(sentiment=sounded(mentions.sentences["sentence"]))

    def of_topic(key: str) -> pd.DataFrame:
        """Return one topic's sound."""
        sound = said[said["id"].eq(key)].set_index("row")["sentiment"]
        return table(rows.assign(sentiment=rows["_row"].map(sound)), SOUND, by, _without_fpc(design), conf_level, None)

    return each_topic(mentions, of_topic)


def _english(mentions: Mentions, survey: str | None) -> pd.DataFrame:
    """Return the English comments of the period, with their text and place."""
    from dataclasses import replace

    placed = replace(mentions, answers=mentions.answers.assign(_row=mentions.answers.index))
    rows = placed.rows(survey)
    documents = prepare(rows["verbatim"], languages=ENGLISH).documents
    rows = rows.assign(_text=documents["document"].to_numpy())
    return rows[documents["left_out"].eq("").to_numpy()].reset_index(drop=True)


def _without_fpc(design: Columns) -> Columns:
    """Return a design without finite populations: sentences are no sample of a list."""
    return Columns(design.weight, design.strata, design.cluster, None)


@cache
def _analyser() -> Any:
    """Return VADER, its lexicon read once."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()
