"""What the comments of a study name: the frozen model, the codebook, and what people coded by hand."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from cxresearch.cache import digest, file_digest, store
from cxresearch.strict_yaml import StudyError
from cxresearch.topics.codebook import apply_codebook, not_found, read_codebook, reported_ids
from cxresearch.topics.coding import Codes, read_codes
from cxresearch.topics.mentions import Mentions, indicators
from cxresearch.topics.model import fit
from cxresearch.topics.scorer import assign
from cxresearch.topics.stability import Stability, stability, verdicts
from cxresearch.topics.themes import name_of, themed
from cxresearch.topics.topic_model import OUTLIER, TopicModel, load

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = [
    "CODEBOOK",
    "CODES",
    "ENOUGH",
    "assigned",
    "fitted_to",
    "mentions",
    "model_of",
    "model_topics",
    "said_of",
    "scored",
    "steadiness",
    "study_model",
    "study_stability",
    "topic_table",
]

KIND = "topics"
CODEBOOK, CODES = "codebook.yaml", "coding.yaml"
# Comments of earlier periods that make a model of their own; stock answers among them will be left out.
ENOUGH = 500
# What a model kept in the cache depends on beside the data.
SCORING = ("addressees", "clusters", "embed", "labels", "language", "model", "scorer", "text", "themes", "topic_model")
Mode = Literal["umap", "portable"]


def mentions(
    study: "StudyData", *, embedding: str = "minilm", mode: Mode = "umap", seed: int = 0, by_hand: bool = True
) -> Mentions:
    """Return what the comments of a study name, by one frozen scorer, the codebook and people's own coding.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with a column `verbatim`.
    embedding, mode, seed
        As for `cx.topics.fit`.
    by_hand
        Whether what people coded stands in the place of what the machine says.

    Returns
    -------
    Mentions
        The comments of all periods up to the run's. The model is fitted to those before the run's period, where these
        are enough, so that a new topic cannot hide in it.

    Raises
    ------
    KeyError
        If the study has no comments.
    StudyError
        If these are too few for a model, or the codebook does not fit it.
    """
    made = scored(study, study_model(study, embedding=embedding, mode=mode, seed=seed))
    has_codes = by_hand and (study.definition.folder / CODES).is_file()
    return hand_codes(made).applied(made) if has_codes else made


def scored(study: "StudyData", model: TopicModel) -> Mentions:
    """Return what the comments of a study name, by a model and the codebook, without people's codes."""
    found = assigned(study, model)
    responses = _responses(study)
    used = found[found["left_out"].eq("")]
    topics = plain = topic_table(model, responses, used, study.definition.disclosure.min_base)
    sentences = said_of(used, model)
    book = study.definition.folder / CODEBOOK
    missing = pd.DataFrame()
    if book.is_file():
        missing = not_found(read_codebook(book), topics)
        topics, sentences = apply_codebook(read_codebook(book), topics, sentences)
    index = pd.Index(used["text"].unique())
    named = indicators(sentences, topics["id"].to_list(), index)
    main = sentences.drop_duplicates("row").set_index("row")["id"].reindex(index, fill_value="")
    answers = responses.loc[index].assign(main=main.astype("str"), by_hand=False)
    answers = pd.concat([answers, named], axis=1)
    left_out = _left_out(found, responses)
    return Mentions(study, model, answers, topics, plain, sentences, left_out, missing)


def hand_codes(mentions: Mentions) -> Codes:
    """Return what people coded in a study's comments.

    Raises
    ------
    ValueError
        If nobody coded any.
    """
    path = mentions.study.definition.folder / CODES
    if not path.is_file():
        raise ValueError(
            "nobody has coded comments of this study by hand; `cxresearch topics sample` gives a workbook."
        )
    return read_codes(path, mentions)


def model_topics(study: "StudyData", *, embedding: str = "minilm", mode: Mode = "umap", seed: int = 0) -> pd.DataFrame:
    """Return the topics of a study's model as it names them itself: `id`, `topic`, `owner`, `words`, `flag`."""
    model = study_model(study, embedding=embedding, mode=mode, seed=seed)
    found = assigned(study, model)
    used = found[found["left_out"].eq("")]
    return topic_table(model, _responses(study), used, study.definition.disclosure.min_base)


def study_model(study: "StudyData", *, embedding: str = "minilm", mode: Mode = "umap", seed: int = 0) -> TopicModel:
    """Return the topic model of a study's comments, fitted to the periods before the run's; kept in the cache."""
    return model_of(fitted_to(study), embedding=embedding, mode=mode, seed=seed)


def model_of(said: pd.DataFrame, *, embedding: str, mode: Mode, seed: int) -> TopicModel:
    """Return the topic model of some answers' comments; kept in the cache."""
    # The texts alone are in the key: who edits the codebook, or codes by hand, waits for no fit.
    key = digest(_texts_key(said), embedding, mode, seed, _code())
    folder = store().path(KIND, f"{key}-model")
    # What cannot be read is fitted again.
    with suppress(StudyError):
        return load(folder)
    given = {"embedding": embedding, "mode": mode, "seed": seed, "translation": said.get("translation")}
    model = themed(fit(said["verbatim"], **given))
    model.save(folder)
    return model


def study_stability(mentions: Mentions, *, fits: int = 5, seed: int = 0) -> Stability:
    """Return how far the topics of a study's model come out again.

    Parameters
    ----------
    mentions
        What the comments name.
    fits, seed
        As for `cx.topics.stability`, which this is for the comments that the model was fitted to.

    Returns
    -------
    Stability
        `topics` and `fits`.
    """
    said = fitted_to(mentions.study)
    return stability(mentions.model, said["verbatim"], fits=fits, seed=seed, translation=said.get("translation"))


def steadiness(mentions: Mentions, found: Stability) -> pd.DataFrame:
    """Return how far the topics that are reported come out again.

    Parameters
    ----------
    mentions
        What the comments name.
    found
        Of `study_stability`.

    Returns
    -------
    pandas.DataFrame
        One row a reported topic, the least steady first: `topic`, `parts` (topics of the model that it is made of),
        `jaccard` (their mean, weighted by their texts), `lowest` (the lowest mean of a part), `verdict` as in
        `cx.topics.Stability`.
    """
    book, own = mentions.study.definition.folder / CODEBOOK, ids_of(mentions.model)
    if book.is_file():
        reported = reported_ids(read_codebook(book), mentions.plain)
        own = {number: reported.get(name, name) for number, name in own.items()}
    parts = found.topics.assign(id=found.topics["topic"].map(own))
    parts["weighted"] = parts["jaccard"] * parts["n"]
    by = parts.groupby("id").agg(
        parts=("topic", "size"), lowest=("jaccard", "min"), n=("n", "sum"), sum=("weighted", "sum")
    )
    by["jaccard"] = by["sum"] / by["n"]
    names = mentions.names if book.is_file() else dict(zip(mentions.plain["id"], mentions.plain["topic"], strict=True))
    frame = by.assign(topic=[names.get(one, one) for one in by.index], verdict=verdicts(by["jaccard"])).sort_values(
        "jaccard", kind="stable"
    )
    return frame[["topic", "parts", "jaccard", "lowest", "verdict"]].astype({"topic": "str"}).reset_index(drop=True)


def assigned(study: "StudyData", model: TopicModel) -> pd.DataFrame:
    """Return the topics of a study's comments by a model, as `cx.topics.assign` gives them; kept in the cache."""
    parts = (model.centroids.tobytes(), model.embedding.digest, model.topics.to_json())
    responses = _responses(study)
    key = digest(_texts_key(responses), *parts, _code())
    name = f"{key}-assigned.parquet"
    if kept := store().read_sealed(KIND, name):
        return pd.read_parquet(BytesIO(kept))
    found = assign(model, responses["verbatim"], translation=responses.get("translation"))
    store().write_sealed(KIND, name, found.to_parquet())
    return found


def topic_table(model: TopicModel, responses: pd.DataFrame, used: pd.DataFrame, min_base: int) -> pd.DataFrame:
    """Return the reported topics of a model, the one with most texts first: `id`, `topic`, `owner`, `words`, `flag`.

    Words that fewer customers used than may be shown are left out: they are customers' own.
    """
    themes = model.topics[model.topics["topic"].ne(OUTLIER)].drop_duplicates("parent").sort_values("parent")
    listed = [[word for word in words.split(", ") if word] for words in themes["parent_words"].astype("str")]
    answers = responses.loc[used["text"].unique()]
    shown = _common({word for words in listed for word in words}, answers, min_base)
    kept = [[word for word in words if word in shown] for words in listed]
    ids = [f"topic {number}" for number in themes["parent"]]
    names = [name_of(words) or key for words, key in zip(kept, ids, strict=True)]
    table = pd.DataFrame({"id": ids, "topic": names, "owner": "", "words": [", ".join(words) for words in kept]})
    same = table["topic"].duplicated(keep=False)
    named = table["topic"].mask(same, table["topic"] + " (" + table["id"] + ")")
    return table.assign(topic=named, flag="").astype("str")


def said_of(used: pd.DataFrame, model: TopicModel) -> pd.DataFrame:
    """Return what texts name, under the ids that are reported: `row`, `id`, `score`, `sentence`."""
    found = used[used["topic"].ne(OUTLIER)]
    found = found.assign(id=found["topic"].map(ids_of(model))).rename(columns={"text": "row"})
    return found.drop_duplicates(["row", "id"])[["row", "id", "score", "sentence"]]


def ids_of(model: TopicModel) -> dict[int, str]:
    """Return the id under which each topic of a model is reported: its theme's."""
    topics = model.topics[model.topics["topic"].ne(OUTLIER)]
    return {number: f"topic {parent}" for number, parent in zip(topics["topic"], topics["parent"], strict=True)}


def _common(words: set[str], answers: pd.DataFrame, min_base: int) -> set[str]:
    """Return the words that enough customers used."""
    said = answers["verbatim"].fillna("").str.casefold().to_list()
    people = answers["customer_id"] if "customer_id" in answers else pd.Series(answers.index, answers.index)
    parts = {part for word in words for part in word.casefold().split()}
    holds = {part: np.array([part in text for text in said], bool) for part in parts}
    held = {word: np.all([holds[part] for part in word.casefold().split()], axis=0) for word in words}
    return {word for word, rows in held.items() if people[rows].nunique() >= min_base}


def _responses(study: "StudyData") -> pd.DataFrame:
    """Return the answers, numbered from 0."""
    if "verbatim" not in study.responses or study.responses["verbatim"].notna().sum() == 0:
        raise KeyError("topics: the answers have no comments; name their column as `verbatim` in the study file.")
    return study.responses.reset_index(drop=True)


def _texts_key(said: pd.DataFrame) -> str:
    """Return the digest of texts and their translations, in their order."""
    parts = [said[name].fillna("").astype("str").to_list() for name in ("verbatim", "translation") if name in said]
    return digest(*parts)


def _code() -> dict[str, str]:
    """Return the digests of the modules that make a model and score by it."""
    return {name: file_digest(Path(__file__).with_name(f"{name}.py")) for name in SCORING}


def fitted_to(study: "StudyData") -> pd.DataFrame:
    """Return the answers whose comments the model is fitted to: those before the period, or all where these are few."""
    responses = _responses(study)
    said = responses[responses["verbatim"].notna()]
    before = said[said["period"].ne(study.period)]
    return before if len(before) >= ENOUGH else said


def _left_out(found: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """Return how many comments were not modelled, by reason; answers without a comment are none."""
    rows = found[found["left_out"].ne("")].set_index("text")
    said = responses.loc[rows.index, ["period", "survey"]].assign(reason=rows["left_out"])
    said = said[responses.loc[rows.index, "verbatim"].notna()]
    return said.groupby(["reason", "period", "survey"], as_index=False).size().rename(columns={"size": "rows"})
