"""Texts made ready: what is left out is counted, languages are told offline, hostile texts cost little time."""

import time

import pytest

from cxresearch.strict_yaml import StudyError
from cxresearch.topics import prepare
from cxresearch.topics.language import language_of
from cxresearch.topics.text import CUT_MARK, LONGEST_SENTENCE, LONGEST_TEXT, clean, sentences


def reasons(*texts, **arguments):
    return prepare(texts, **arguments).documents["left_out"].tolist()


def counted(*texts, **arguments):
    return prepare(texts, **arguments).left_out.set_index("reason")["n"].to_dict()


@pytest.mark.parametrize(
    "text", ["n/a", "N.A.", "None", "nothing", "STOP", "don't know", "keine Angabe", "Weiß nicht!", "k.A.", "see above"]
)
def test_stock_answers_are_dropped(text):
    assert reasons(text) == ["stock answer"]


@pytest.mark.parametrize("text", ["10", "-", "...", "👍👍", "0/10", "?!"])
def test_figures_and_signs_are_no_words(text):
    assert reasons(text) == ["no words"]


@pytest.mark.parametrize("text", ["Nothing works since Monday", "No signal at home", "Stop raising prices", "app"])
def test_what_begins_like_a_stock_answer_is_kept(text):
    assert reasons(text) == [""]


def test_every_text_is_listed_and_counted_once():
    texts = ["", None, float("nan"), "10", "n/a", "The app is slow", "Das ist viel zu teuer", "the APP is slow!!!"]
    found = prepare(texts)
    assert len(found.documents) == len(texts)
    counts = found.left_out.set_index("reason")["n"].to_dict()
    assert counts == {
        "empty": 3,
        "no words": 1,
        "stock answer": 1,
        "language not modelled": 1,
        "near-duplicate (modelled once)": 1,
        "cut": 0,
    }


def test_near_duplicates_are_grouped_and_all_kept():
    found = prepare(["Slow app", "app slow!", "SLOOOOOW app", "Fast app"])
    assert found.documents["first"].tolist() == [0, 0, 2, 3]
    assert len(found.sentences) == 4


def test_a_translation_stands_in_the_place_of_the_text():
    texts = ["Die App ist sehr langsam", "The app is slow"]
    assert reasons(*texts) == ["language not modelled", ""]
    found = prepare(texts, translation=["The app is very slow", None])
    assert found.documents["document"].tolist() == ["The app is very slow", "The app is slow"]
    with pytest.raises(StudyError, match="1 translations for 2 texts"):
        prepare(texts, translation=["one"])


def test_all_languages_can_be_asked_for():
    assert reasons("Die App ist sehr langsam", languages=None) == [""]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The technician did not come and nobody called me", "en"),
        ("Technician didn't come, no 5G.", "en"),
        ("Der Techniker ist nicht gekommen und keiner rief an", "de"),
        ("Könnte in einigen Punkten besser sein", "de"),
        ("Le technicien n'est pas venu et je ne suis pas content", "fr"),
        ("El técnico no vino y nadie me llamó por la tarde", "es"),
        ("Il tecnico non è venuto e nessuno mi ha chiamato", "it"),
        ("De monteur is niet gekomen en het duurt te lang", "nl"),
        ("الخدمة سيئة للغاية", "ar"),
        ("השירות גרוע מאוד", "he"),
        ("サービスがとても遅いです", "ja"),
        ("服务很慢", "zh"),
        ("Super Service", ""),
        ("", ""),
    ],
)
def test_languages_are_told_offline(text, language):
    assert language_of(text) in (language, "en" if text == "Super Service" else language)


def test_sentences_end_where_people_end_them():
    text = "Dr. Who rang at 3.15 p.m. and hung up! Why?? No idea…\nAlso z. B. the bill 👍. Fine"
    assert sentences(text) == [
        "Dr. Who rang at 3.15 p.m. and hung up!",
        "Why??",
        "No idea…",
        "Also z. B. the bill 👍.",
        "Fine",
    ]


def test_a_very_long_text_is_cut_with_a_mark_and_costs_little():
    began = time.perf_counter()
    found = prepare(["slow app " * 120_000, "a" * 1_000_000, ". " * 500_000 + "end", "\n" * 1_000_000 + "x"])
    assert time.perf_counter() - began < 5
    assert found.documents["document"][0].endswith(CUT_MARK)
    assert len(found.documents["document"][0]) == LONGEST_TEXT + len(CUT_MARK)
    assert found.left_out.set_index("reason")["n"]["cut"] == 4
    assert found.sentences["sentence"].str.len().max() <= LONGEST_SENTENCE


def test_nothing_is_lost_where_a_long_sentence_is_cut():
    text = " ".join(f"word{number}" for number in range(400))
    assert " ".join(sentences(text)) == text
    assert "".join(sentences("a" * 1_000)) == "a" * 1_000


def test_invisible_signs_go_and_emoji_and_right_to_left_stay():
    assert clean("Gr\x00eat\u200b \u202eapp\u202c 👨‍👩‍👧") == "Great app 👨‍👩‍👧"
    assert clean("שירות מצוין") == "שירות מצוין"
    assert clean("half an emoji \ud83d here") == "half an emoji ? here"


def test_counts_of_nothing():
    assert counted() == dict.fromkeys(counted(), 0)
