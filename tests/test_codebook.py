"""The codebook: names, merges, splits and owners; what is wrong in it ends in a sentence."""

import pandas as pd
import pytest

from cxresearch.strict_yaml import StudyError
from cxresearch.topics.codebook import apply_codebook, read_codebook, write_codebook

TOPICS = pd.DataFrame(
    {
        "id": ["topic 0", "topic 1", "topic 2"],
        "topic": ["bill, invoice", "app", "wifi"],
        "owner": "",
        "words": "w",
        "flag": "",
    }
)
SAID = pd.DataFrame(
    {
        "row": [0, 0, 1, 2, 2],
        "id": ["topic 0", "topic 1", "topic 1", "topic 2", "topic 0"],
        "score": [0.5, 0.7, 0.4, 0.6, 0.3],
        "sentence": ["The bill is wrong", "The app shows it", "App crashes at login", "WiFi drops", "and so the bill"],
    }
)


@pytest.fixture
def book(tmp_path):
    def write(text: str):
        path = tmp_path / "codebook.yaml"
        path.write_text(text)
        return path

    return write


def test_names_owners_merges_and_splits_are_applied_without_the_model(book):
    path = book("""topics:
- {id: topic 0, name: Bills, owner: Finance}
- {id: topic 1, name: App, owner: IT, splits: {Login: [login, password]}}
- {id: topic 2, name: Wifi, into: topic 0}
""")
    topics, said = apply_codebook(read_codebook(path), TOPICS, SAID)
    assert topics[["id", "topic", "owner"]].values.tolist() == [
        ["topic 0", "Bills", "Finance"],
        ["topic 1", "App", "IT"],
        ["topic 1: Login", "Login", "IT"],
    ]
    assert said[["row", "id"]].values.tolist() == [
        [0, "topic 1"],
        [0, "topic 0"],
        [1, "topic 1: Login"],
        [2, "topic 0"],
    ]
    # Of two sentences that are one topic now, the surer one is kept.
    assert said["score"].tolist() == [0.7, 0.5, 0.4, 0.6]


def test_a_topic_that_is_not_listed_keeps_its_words_and_says_so(book):
    topics, _ = apply_codebook(read_codebook(book("topics: [{id: topic 1, name: App}]")), TOPICS, SAID)
    assert topics["topic"].tolist() == ["bill, invoice", "App", "wifi"]
    assert topics["flag"].tolist() == ["not in the codebook", "", "not in the codebook"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("topics: [{id: topic 9, name: X}]", "the model has no topic 'topic 9'"),
        ("topics: [{id: topic 0, name: X, into: topic 7}]", "unknown topic 'topic 7'"),
        ("topics: [{id: topic 0, name: X, into: topic 1}, {id: topic 1, name: Y, into: topic 0}]", "goes into another"),
        ("topics: [{id: topic 0, name: X}, {id: topic 0, name: Y}]", "stands twice"),
        ("topics: [{id: topic 0, nmae: X}]", "unknown key 'nmae'"),
        ("topics: 3", "topics"),
    ],
)
def test_what_is_wrong_ends_in_a_sentence(book, text, sentence):
    with pytest.raises(StudyError, match=sentence):
        apply_codebook(read_codebook(book(text)), TOPICS, SAID)


def test_a_retired_topic_may_be_missing_from_the_model(book):
    path = book("topics: [{id: topic 9, name: X, retired: true}, {id: topic 0, name: Bills}]")
    assert apply_codebook(read_codebook(path), TOPICS, SAID)[0]["topic"].tolist() == ["Bills", "app", "wifi"]


def test_writing_again_keeps_edits_and_comments_and_adds_what_is_missing(tmp_path):
    path = tmp_path / "codebook.yaml"
    assert write_codebook(path, TOPICS[:2]) == ["topic 0", "topic 1"]
    edited = path.read_text().replace("name: app", "name: The app  # agreed with IT on Monday")
    path.write_text(edited)
    assert write_codebook(path, TOPICS) == ["topic 2"]
    text = path.read_text()
    assert "# agreed with IT on Monday" in text
    assert text.startswith(edited.splitlines()[0])
    assert [topic.name for topic in read_codebook(path).topics] == ["bill, invoice", "The app", "wifi"]
    assert write_codebook(path, TOPICS) == []
    assert path.read_text() == text
