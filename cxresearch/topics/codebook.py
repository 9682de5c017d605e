"""The codebook: what people call the topics, which are one, which are two, and who answers for each."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from cxresearch.cache import write_atomic
from cxresearch.schema.base import Strict
from cxresearch.strict_yaml import StudyError, nearest, read_yaml, shown, validate

__all__ = ["Codebook", "apply_codebook", "not_found", "read_codebook", "write_codebook"]

# From this Jaccard overlap of their words on, a topic of a model is the one that the codebook means.
SAME_WORDS = 0.2

HEAD = """# What people call the topics of the comments: made by `cxresearch topics codebook`, edited by people.
# Comments are kept, and no model is fitted again. `words` say which topic is meant, also to the model of another
# quarter, and results are kept under `id`: leave both as they are.
#   name:   what reports call it              owner:   who answers for it
#   into:   id of the topic it is part of     splits:  names with the words that decide; the rest keeps its name
#   retired: true for a topic that a newer model has no more
"""


class Topic(Strict):
    """One topic of a codebook."""

    id: str
    name: str = Field(min_length=1)
    words: str = ""
    owner: str = ""
    into: str | None = None
    splits: dict[str, list[str]] = Field({})
    retired: bool = False


class CodebookFile(Strict):
    """A codebook file."""

    topics: list[Topic]


@dataclass(frozen=True)
class Codebook:
    """A codebook that was read.

    Attributes
    ----------
    topics
        In the order of the file.
    path
        Where it was read.
    """

    topics: tuple[Topic, ...]
    path: Path


def read_codebook(path: str | Path) -> Codebook:
    """Return a codebook.

    Parameters
    ----------
    path
        A codebook.yaml.

    Raises
    ------
    StudyError
        If the file is wrong, an id stands twice, or `into` names a topic that is not there or is itself part of one.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "codebook.yaml"
    >>> _ = path.write_text("topics: [{id: topic 1, name: Billing, owner: Finance}]")
    >>> read_codebook(path).topics[0].owner
    'Finance'
    """
    source = Path(path)
    found = validate(CodebookFile, read_yaml(source), source).topics
    ids = [topic.id for topic in found]
    if double := next((one for one in ids if ids.count(one) > 1), None):
        raise StudyError(f"{shown(source)}: the id {double!r} stands twice; keep one of the two.")
    parts = {topic.id for topic in found if topic.into}
    for topic in found:
        if topic.into is None:
            continue
        if topic.into not in ids:
            raise StudyError(
                f"{shown(source)}: {topic.id!r} goes into the unknown topic {topic.into!r}; {nearest(topic.into, ids)}."
            )
        if topic.into in parts:
            raise StudyError(
                f"{shown(source)}: {topic.id!r} goes into {topic.into!r}, which goes into another; name the last one."
            )
    return Codebook(tuple(found), source)


def write_codebook(path: str | Path, topics: pd.DataFrame) -> list[str]:
    """Write a codebook of a model's topics, or add those that an existing one lacks; comments and edits are kept.

    Parameters
    ----------
    path
        A codebook.yaml, made if it is not there.
    topics
        One row a topic: `id`, `topic` (its label), `words`.

    Returns
    -------
    list of str
        Ids that were added.

    Raises
    ------
    StudyError
        If the file that is there is wrong.
    """
    target, yaml = Path(path), YAML()
    yaml.width = 120
    content: Any = CommentedMap(topics=[])
    book = Codebook((), target)
    if target.is_file():
        book = read_codebook(target)
        content = yaml.load(target.read_text(encoding="utf-8"))
    ids = topics["id"].map(_ids(book, topics))
    new = topics.assign(id=ids)[~ids.isin([topic.id for topic in book.topics])]
    for row in new.to_dict("records"):
        content["topics"].append(CommentedMap(id=row["id"], name=row["topic"], words=row["words"]))
    stream = StringIO()
    yaml.dump(content, stream)
    text = stream.getvalue() if target.is_file() else HEAD + stream.getvalue()
    write_atomic(target, lambda file: file.write_text(text, encoding="utf-8"))
    return new["id"].to_list()


def apply_codebook(
    codebook: Codebook, topics: pd.DataFrame, sentences: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return topics and sentences as a codebook names, merges and splits them; the model stays as it is.

    Parameters
    ----------
    codebook
        As `read_codebook` gives it.
    topics
        One row a topic: `id`, `topic`, `owner`, `words`, `flag`.
    sentences
        One row a comment and topic: `row`, `id`, `score`, `sentence`.

    Returns
    -------
    topics, sentences
        As given, under the codebook's ids and names: its entries and the topics that share most words are one to one.
        Topics that the codebook does not list keep their labels and are flagged `not in the codebook`.

    Raises
    ------
    StudyError
        If the codebook names a topic without its words, and the model has none of that id.

    Notes
    -----
    A model of another quarter numbers its topics otherwise; words stay. `not_found` tells what it has no more.

    Examples
    --------
    >>> book = Codebook((Topic(id="topic 0", name="Bills"), Topic(id="topic 1", name="b", into="topic 0")), Path("c"))
    >>> topics = pd.DataFrame({"id": ["topic 0", "topic 1"], "topic": ["x", "y"], "owner": "", "words": "", "flag": ""})
    >>> said = pd.DataFrame({"row": [0, 0], "id": ["topic 0", "topic 1"], "score": [0.5, 0.6], "sentence": ["a", "b"]})
    >>> kept, told = apply_codebook(book, topics, said)
    >>> kept["topic"].tolist(), told.values.tolist()
    (['Bills'], [[0, 'topic 0', 0.6, 'b']])
    """
    ids = _ids(codebook, topics)
    topics, sentences = (frame.assign(id=frame["id"].map(ids).astype("str")) for frame in (topics, sentences))
    known = topics["id"].to_list()
    found = [topic for topic in codebook.topics if not topic.retired]
    if unknown := next((one.id for one in found if one.id not in known and not one.words), None):
        raise StudyError(
            f"{shown(codebook.path)}: the model has no topic {unknown!r}; {nearest(unknown, known)}; mend the id, or "
            "write `retired: true` under it."
        )
    # What others are merged into may itself be a topic that this model has no more.
    targets = {topic.into for topic in found if topic.into and topic.id in known}
    entries = {topic.id: topic for topic in found if topic.id in known or topic.id in targets}
    missing = [topic for topic in entries.values() if topic.id not in known]
    own = {"id": [one.id for one in missing], "topic": [one.name for one in missing],
           "words": [one.words for one in missing]}  # fmt: skip
    topics = pd.concat([topics, pd.DataFrame(own, dtype="str").assign(owner="", flag="")], ignore_index=True)
    into = {topic.id: topic.into for topic in entries.values() if topic.into}
    told = _split(sentences, entries).assign(id=lambda frame: frame["id"].replace(into))
    told = told.sort_values(["row", "score"], ascending=[True, False], kind="stable").drop_duplicates(["row", "id"])
    kept = topics[~topics["id"].isin(list(into))]
    names = kept["id"].map({one.id: one.name for one in entries.values()})
    owners = kept["id"].map({one.id: one.owner for one in entries.values()})
    flag = kept["flag"].mask(names.isna() & kept["flag"].eq(""), "not in the codebook")
    kept = kept.assign(topic=names.fillna(kept["topic"]), owner=owners.fillna(""), flag=flag)
    return pd.concat([kept, _parts(entries)], ignore_index=True)[list(topics)], told.reset_index(drop=True)


def reported_ids(codebook: Codebook, topics: pd.DataFrame) -> dict[str, str]:
    """Return under which id each topic of a model is reported: the codebook's, or of what it is merged into.

    Examples
    --------
    >>> book = Codebook((Topic(id="topic 7", name="Bills", words="bill, sum"),
    ...                  Topic(id="topic 0", name="b", words="invoice", into="topic 7")), Path("c"))
    >>> topics = pd.DataFrame({"id": ["topic 0", "topic 1"], "words": ["bill, sum", "invoice"]})
    >>> reported_ids(book, topics)
    {'topic 0': 'topic 7', 'topic 1': 'topic 7'}
    """
    into = {one.id: one.into for one in codebook.topics if one.into and not one.retired}
    return {own: into.get(found, found) for own, found in _ids(codebook, topics).items()}


def not_found(codebook: Codebook, topics: pd.DataFrame) -> pd.DataFrame:
    """Return what a codebook lists and a model does not have: `id`, `topic`, `owner`, `words`, `flag`."""
    known = set(_ids(codebook, topics).values())
    rows = [topic for topic in codebook.topics if not topic.retired and topic.id not in known]
    listed = [(topic.id, topic.name, topic.owner, topic.words, "not found by this model") for topic in rows]
    return pd.DataFrame(listed, columns=["id", "topic", "owner", "words", "flag"]).astype("str")


def _ids(codebook: Codebook, topics: pd.DataFrame) -> dict[str, str]:
    """Return under which id each topic of a model stands in a codebook; a free one where it stands in none."""
    from scipy.optimize import linear_sum_assignment

    worded = [topic for topic in codebook.topics if topic.words and not topic.retired]
    ours, theirs = topics["words"].map(_set).to_list(), [_set(topic.words) for topic in worded]
    overlap = np.array([[len(one & other) / max(len(one | other), 1) for other in theirs] for one in ours])
    rows, columns = linear_sum_assignment(-overlap) if worded and len(topics) else ([], [])
    keys = topics["id"].to_list()
    found = {keys[row]: worded[column].id for row, column in zip(rows, columns, strict=True)
             if overlap[row, column] >= SAME_WORDS}  # fmt: skip
    plain = {topic.id for topic in codebook.topics if not topic.words and not topic.retired}
    found |= {key: key for key in keys if key in plain and key not in found}
    taken = {topic.id for topic in codebook.topics}
    free = (f"topic {number}" for number in range(len(keys) + len(taken) + 1))
    rest = [key for key in keys if key not in found]
    unused = (one for one in free if one not in taken | (set(rest) - taken))
    return found | {key: next(unused) if key in taken else key for key in rest}


def _set(words: str) -> frozenset[str]:
    """Return the words of a topic."""
    return frozenset(word.strip().casefold() for word in words.split(",") if word.strip())


def _split(sentences: pd.DataFrame, entries: dict[str, Topic]) -> pd.DataFrame:
    """Return sentences of a topic that is several under the first part of which they hold a word."""
    ids = sentences["id"].copy()
    text = sentences["sentence"].str.casefold()
    for topic in entries.values():
        left = sentences["id"].eq(topic.id)
        for part, words in topic.splits.items():
            holds = left & text.map(lambda said, words=words: any(word.casefold() in said for word in words)).astype(
                "bool"
            )
            ids = ids.mask(holds, f"{topic.id}: {part}")
            left &= ~holds
    return sentences.assign(id=ids)


def _parts(entries: dict[str, Topic]) -> pd.DataFrame:
    """Return the topics that splits make."""
    parts = [(topic, part, words) for topic in entries.values() for part, words in topic.splits.items()]
    columns = {
        "id": [f"{topic.id}: {part}" for topic, part, _ in parts],
        "topic": [part for _, part, _ in parts],
        "owner": [topic.owner for topic, _, _ in parts],
        "words": [", ".join(words) for _, _, words in parts],
        "flag": ["" for _ in parts],
    }
    return pd.DataFrame(columns).astype("str")
