"""What the comments of a study name: the frozen model, the codebook, and what people coded by hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from cxresearch.cache import digest, file_digest, store
from cxresearch.study_data import data_key
from cxresearch.topics.codebook import apply_codebook, read_codebook
from cxresearch.topics.coding import Codes, read_codes
from cxresearch.topics.mentions import Mentions, indicators
from cxresearch.topics.model import fit
from cxresearch.topics.scorer import assign
from cxresearch.topics.stability import Stability, stability
from cxresearch.topics.topic_model import OUTLIER, TopicModel, load

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = [
    "CODEBOOK",
    "CODES",
    "assigned",
    "mentions",
    "model_topics",
    "said_of",
    "study_model",
    "study_stability",
    "topic_table",
]

KIND = "topics"
CODEBOOK, CODES = "codebook.yaml", "coding.yaml"
MOST_IN_LABEL = 3
# A model with more topics than a page can show is reported by its wider themes.
MOST_TOPICS = 30
# Comments of earlier periods that make a model of their own; stock answers among them will be left out.
ENOUGH = 500
# What a model kept in the cache depends on beside the data.
SCORING = ("addressees", "clusters", "embed", "labels", "language", "model", "scorer", "text", "topic_model", "vectors")
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
    model = study_model(study, embedding=embedding, mode=mode, seed=seed)
    found = assigned(study, model)
    responses = _responses(study)
    used = found[found["left_out"].eq("")]
    topics = topic_table(model, responses, used, study.definition.disclosure.min_base)
    sentences = said_of(used, model)
    book = study.definition.folder / CODEBOOK
    if book.is_file():
        topics, sentences = apply_codebook(read_codebook(book), topics, sentences)
    index = pd.Index(used["text"].unique())
    named = indicators(sentences, topics["id"].to_list(), index)
    main = sentences.drop_duplicates("row").set_index("row")["id"].reindex(index, fill_value="")
    answers = responses.loc[index].assign(main=main.astype("str"), by_hand=False)
    made = Mentions(study, pd.concat([answers, named], axis=1), topics, sentences, _left_out(found, responses))
    has_codes = by_hand and (study.definition.folder / CODES).is_file()
    return hand_codes(made).applied(made) if has_codes else made


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
    key = digest(data_key(study.definition), study.period, embedding, mode, seed, _code())
    folder = store().path(KIND, f"{key}-model")
    if (folder / "model.json").is_file():
        return load(folder)
    said = _fitted_to(_responses(study), study.period)
    model = fit(said["verbatim"], embedding=embedding, mode=mode, seed=seed, translation=said.get("translation"))
    model.save(folder)
    return model


def study_stability(
    study: "StudyData", *, fits: int = 5, embedding: str = "minilm", mode: Mode = "umap", seed: int = 0
) -> Stability:
    """Return how far the topics of a study's model come out again; see `cx.topics.stability`."""
    model = study_model(study, embedding=embedding, mode=mode, seed=seed)
    said = _fitted_to(_responses(study), study.period)
    return stability(model, said["verbatim"], fits=fits, seed=seed, translation=said.get("translation"))


def assigned(study: "StudyData", model: TopicModel) -> pd.DataFrame:
    """Return the topics of a study's comments by a model, as `cx.topics.assign` gives them; kept in the cache."""
    parts = (model.centroids.tobytes(), model.embedding.digest, model.topics.to_json())
    key = digest(data_key(study.definition), study.period, *parts, _code())
    path = store().path(KIND, f"{key}-assigned.parquet")
    if path.is_file():
        return pd.read_parquet(path)
    responses = _responses(study)
    found = assign(model, responses["verbatim"], translation=responses.get("translation"))
    store().write_bytes(KIND, path.name, found.to_parquet())
    return found


def topic_table(model: TopicModel, responses: pd.DataFrame, used: pd.DataFrame, min_base: int) -> pd.DataFrame:
    """Return the topics of a model, or its themes where it has too many topics for a page.

    Words that fewer customers used than may be shown are left out of names: they are customers' own.
    """
    topics = model.topics[model.topics["topic"].ne(OUTLIER)]
    topics = topics.assign(id=topics["topic"].map(ids_of(model))).sort_values("n", ascending=False, kind="stable")
    words = topics["words"].astype("str").str.split(",").explode().str.strip()
    listed = pd.DataFrame({"id": topics["id"].loc[words.index].to_numpy(), "word": words.to_numpy()})
    # The first word of each topic, then the second of each: a theme is named by what its topics have first.
    listed["place"] = words.groupby(level=0).cumcount().to_numpy()
    listed = listed.sort_values(["id", "place"], kind="stable").drop_duplicates(["id", "word"])
    shown = _common(set(listed["word"]), responses.loc[used["text"].unique()], min_base)
    kept = listed[listed["word"].isin(shown)].groupby("id")["word"].agg(list)
    ids = list(dict.fromkeys(topics["id"]))
    named = {key: kept.get(key, []) for key in ids}
    labels = [", ".join(named[key][:MOST_IN_LABEL]) or key for key in ids]
    table = pd.DataFrame({"id": ids, "topic": labels, "owner": "", "words": [", ".join(named[key][:8]) for key in ids]})
    same = table["topic"].duplicated(keep=False)
    return table.assign(topic=table["topic"].mask(same, table["topic"] + " (" + table["id"] + ")"), flag="").astype(
        "str"
    )


def said_of(used: pd.DataFrame, model: TopicModel) -> pd.DataFrame:
    """Return what texts name, under the ids that are reported: `row`, `id`, `score`, `sentence`."""
    found = used[used["topic"].ne(OUTLIER)]
    found = found.assign(id=found["topic"].map(ids_of(model))).rename(columns={"text": "row"})
    return found.drop_duplicates(["row", "id"])[["row", "id", "score", "sentence"]]


def ids_of(model: TopicModel) -> dict[int, str]:
    """Return the id under which each topic of a model is reported: its own, or its theme's."""
    topics = model.topics[model.topics["topic"].ne(OUTLIER)]
    if len(topics) <= MOST_TOPICS:
        return {number: f"topic {number}" for number in topics["topic"]}
    return {number: f"theme {parent}" for number, parent in zip(topics["topic"], topics["parent"], strict=True)}


def _common(words: set[str], answers: pd.DataFrame, min_base: int) -> set[str]:
    """Return the words that enough customers used."""
    said = answers["verbatim"].fillna("").str.casefold()
    people = answers["customer_id"] if "customer_id" in answers else pd.Series(answers.index, answers.index)
    users = {
        word: people[[all(part in text for part in word.casefold().split()) for text in said]].nunique()
        for word in words
    }
    return {word for word, count in users.items() if count >= min_base}


def _responses(study: "StudyData") -> pd.DataFrame:
    """Return the answers, numbered from 0."""
    if "verbatim" not in study.responses or study.responses["verbatim"].notna().sum() == 0:
        raise KeyError("topics: the answers have no comments; name their column as `verbatim` in the study file.")
    return study.responses.reset_index(drop=True)


def _code() -> dict[str, str]:
    """Return the digests of the modules that make a model and score by it."""
    return {name: file_digest(Path(__file__).with_name(f"{name}.py")) for name in SCORING}


def _fitted_to(responses: pd.DataFrame, period: str) -> pd.DataFrame:
    """Return the answers whose comments the model is fitted to: those before the period, or all where these are few."""
    said = responses[responses["verbatim"].notna()]
    before = said[said["period"].ne(period)]
    return before if len(before) >= ENOUGH else said


def _left_out(found: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """Return how many comments were not modelled, by reason; answers without a comment are none."""
    rows = found[found["left_out"].ne("")].set_index("text")
    said = responses.loc[rows.index, ["period", "survey"]].assign(reason=rows["left_out"])
    said = said[responses.loc[rows.index, "verbatim"].notna()]
    return said.groupby(["reason", "period", "survey"], as_index=False).size().rename(columns={"size": "rows"})
