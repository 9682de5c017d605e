"""What each comment of a study names: the model's assignments, as the codebook and people's own coding change them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.metrics.answers import Columns
from cxresearch.metrics.measures import YES_NO, Measure
from cxresearch.metrics.sources import columns_of
from cxresearch.study_data import latest
from cxresearch.topics.topic_model import TopicModel

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["NAMED", "NO_TOPIC", "SHARE", "Mentions", "each_topic", "indicators", "surveys"]

NO_TOPIC = "no topic"
# The column in which one topic after the other stands as zeros and ones, and how it is counted.
NAMED = "_named"
SHARE = Measure(NAMED, "share", YES_NO)
SURVEYS = ("relationship", "transactional")


@dataclass(frozen=True)
class Mentions:
    """What the comments of a study name.

    Attributes
    ----------
    study
        The study, as `cx.load` gives it.
    model
        The frozen model that scored them; whatever is scored beside them is scored by this one.
    answers
        One row a comment that was modelled: the columns of the responses, `main` (id of the topic that the scorer is
        surest of, "" for none), `by_hand` (whether people coded it), and for each topic a column of zeros and ones,
        named by its id.
    topics
        One row a topic: `id`, `topic` (its name), `owner`, `words`, `flag`.
    plain
        The topics as the model names them, before the codebook; columns as `topics`.
    sentences
        One row a comment and topic that the scorer found in it: `row` (index of `answers`), `id`, `score` (cosine),
        `sentence` (the nearest one).
    left_out
        One row a reason, period and survey: `reason`, `period`, `survey`, `rows` of comments that were not modelled.
    not_found
        Topics that the codebook lists and the model does not have, columns as `topics`.
    """

    study: "StudyData"
    model: TopicModel = field(repr=False)
    answers: pd.DataFrame = field(repr=False)
    topics: pd.DataFrame
    plain: pd.DataFrame = field(repr=False)
    sentences: pd.DataFrame = field(repr=False)
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    not_found: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def ids(self) -> list[str]:
        """The topics' ids."""
        return self.topics["id"].to_list()

    @property
    def names(self) -> dict[str, str]:
        """The name of each topic by its id."""
        return dict(zip(self.topics["id"], self.topics["topic"], strict=True))

    @property
    def owners(self) -> pd.DataFrame:
        """Who answers for which topic, as the codebook has it: `owner`, `topic`, `words`, `flag`."""
        listed = pd.concat([self.topics[self.topics["owner"].ne("")], self.not_found], ignore_index=True)
        return listed.reindex(columns=["owner", "topic", "words", "flag"]).sort_values("owner", kind="stable")

    def rows(self, survey: str | None = None, period: str | None = None) -> pd.DataFrame:
        """Return the comments that a share rests on.

        Parameters
        ----------
        survey
            `relationship` (each customer's latest answer of a period), `transactional`; by default the first with any.
        period
            By default the run's; `all` for all of them.
        """
        found = self.answers[self.answers["survey"].eq(survey or surveys(self)[0])]
        wanted = self.study.period if period is None else period
        found = found if wanted == periods.ALL else found[found["period"].eq(wanted)]
        return latest(found) if (survey or surveys(self)[0]) == SURVEYS[0] else found.reset_index(drop=True)

    def design(self, survey: str | None = None) -> Columns:
        """Return the names of the columns that hold the sampling design of a survey's answers."""
        return columns_of(self.study, self.answers, survey or surveys(self)[0])

    def kept(self, rows: "pd.Series[bool]") -> "Mentions":
        """Return the mentions of some comments only."""
        found = self.sentences[self.sentences["row"].isin(self.answers.index[rows])]
        return replace(self, answers=self.answers[rows], sentences=found)


def surveys(mentions: Mentions) -> list[str]:
    """Return the surveys with comments, relationship first."""
    known = [name for name in SURVEYS if mentions.answers["survey"].eq(name).any()]
    return known or [SURVEYS[0]]


def indicators(sentences: pd.DataFrame, ids: list[str], index: pd.Index) -> pd.DataFrame:
    """Return zeros and ones for each comment and topic.

    Examples
    --------
    >>> found = pd.DataFrame({"row": [4, 4, 7], "id": ["a", "b", "a"]})
    >>> indicators(found, ["a", "b"], pd.Index([4, 7, 9])).values.tolist()
    [[1, 1], [1, 0], [0, 0]]
    """
    table = np.zeros((len(index), len(ids)), dtype=np.int64)
    row, column = index.get_indexer(sentences["row"]), pd.Index(ids).get_indexer(sentences["id"])
    known = (row >= 0) & (column >= 0)
    table[row[known], column[known]] = 1
    return pd.DataFrame(table, index=index, columns=ids)


def each_topic(mentions: Mentions, frame_of: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Return a frame for each topic, one under the other, the topic's name first."""
    parts = []
    for key, name in mentions.names.items():
        part = frame_of(key)
        part.insert(0, "topic", pd.Series(name, part.index, dtype="str"))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
