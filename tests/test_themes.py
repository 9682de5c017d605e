"""Themes of a page, and the codebook that finds its topics again in another model."""

import pandas as pd
import pytest

from cxresearch.topics import themes
from cxresearch.topics.codebook import apply_codebook, not_found, read_codebook, write_codebook
from cxresearch.topics.model import fit
from cxresearch.topics.themes import name_of, themed

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march"]
SUBJECTS = {"bill": ("bill wrong", "bill late"), "router": ("router slow", "router offline"), "staff": ("staff rude",)}
TEXTS = [f"{what} {how} on {day}" for group in SUBJECTS.values() for what in group for how in ("again", "still", "")
         for day in DAYS]  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return fit(TEXTS, embedding="tfidf", mode="portable")


def reported(*words: str) -> pd.DataFrame:
    ids = [f"topic {number}" for number in range(len(words))]
    names = [name_of(one.split(", ")) for one in words]
    return pd.DataFrame({"id": ids, "topic": names, "owner": "", "words": list(words), "flag": ""}).astype("str")


def test_a_page_shows_no_more_themes_than_it_can_and_each_is_named_by_its_own_texts(model, monkeypatch):
    monkeypatch.setattr(themes, "MOST_THEMES", 3)
    made = themed(model).topics
    known = made[made["topic"].ge(0)]
    assert known["parent"].nunique() == 3
    said = model.assignments[model.assignments["topic"].ge(0)]
    theme = said["topic"].map(known.set_index("topic")["parent"])
    for number, word in (
        known.drop_duplicates("parent").set_index("parent")["parent_label"].str.split(", ").str[0].items()
    ):
        holds = said["sentence"].map(lambda text, word=word: set(word.split()) <= set(text.split()))
        assert holds[theme.eq(number)].mean() > 2 * holds[theme.ne(number)].mean()
    assert said.assign(theme=theme).groupby("theme")["text"].nunique().is_monotonic_decreasing
    assert made[made["topic"].eq(-1)]["parent"].tolist() == [-1]


def test_few_topics_are_their_own_themes(model):
    made = themed(model).topics
    known = made[made["topic"].ge(0)]
    assert len(known) <= themes.MOST_THEMES
    assert known["parent"].is_unique


def test_a_name_says_nothing_twice_and_no_figures():
    assert name_of(["bills", "bill", "my bill", "90", "invoice", "tax", "bank"]) == "bills, invoice, tax"
    assert name_of([""]) == ""


def test_a_codebook_finds_its_topics_in_a_model_that_numbers_them_otherwise(tmp_path):
    path = tmp_path / "codebook.yaml"
    first = reported("bill, invoice, tax", "router, wifi, box", "staff, polite, kind")
    assert write_codebook(path, first) == ["topic 0", "topic 1", "topic 2"]
    path.write_text(path.read_text().replace("name: bill, invoice, tax", "name: Bills"))
    later = reported("router, wifi, cable", "mailbox, address", "invoice, bill, charge")
    said = pd.DataFrame({"row": [0, 1, 2], "id": later["id"], "score": 0.5, "sentence": "x"})
    topics, told = apply_codebook(read_codebook(path), later, said)
    assert dict(zip(topics["id"], topics["topic"], strict=True)) == {
        "topic 1": "router, wifi, box", "topic 3": "mailbox, address", "topic 0": "Bills"}  # fmt: skip
    assert told["id"].tolist() == ["topic 1", "topic 3", "topic 0"]
    assert topics.set_index("id")["flag"].to_dict() == {"topic 1": "", "topic 3": "not in the codebook", "topic 0": ""}
    assert not_found(read_codebook(path), later)["id"].tolist() == ["topic 2"]
    assert write_codebook(path, later) == ["topic 3"]


def test_a_topic_may_be_part_of_one_that_the_model_has_no_more(tmp_path):
    path = tmp_path / "codebook.yaml"
    path.write_text(
        "topics: [{id: a, name: Bills, owner: Finance, words: 'bill, tax'}, "
        "{id: b, name: Invoices, into: a, words: 'invoice, charge'}]"
    )
    later = reported("invoice, charge")
    said = pd.DataFrame({"row": [0], "id": ["topic 0"], "score": 0.5, "sentence": "x"})
    topics, told = apply_codebook(read_codebook(path), later, said)
    assert topics[["id", "topic", "owner"]].values.tolist() == [["a", "Bills", "Finance"]]
    assert told["id"].tolist() == ["a"]
