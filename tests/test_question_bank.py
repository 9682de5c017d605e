"""The question bank: what is refused and in which sentence, the published schema, and the wording lint."""

import json

import jsonschema
import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from cxresearch.questions import lint
from cxresearch.questions.bank import bank, schema
from cxresearch.questions.key import fingerprint, read_key
from cxresearch.questions.wording import changes, reading_ease, wording_digest
from cxresearch.schema.questions import Assignment, Bank
from cxresearch.strict_yaml import StudyError

DEMO = ROOT / "data" / "demo" / "questions.yaml"
GOOD = """
assignment:
  key: {public: only-for-tests}
  waves: [2026Q1, 2026Q2]
  arms: {a: 0.5, none: 0.5}
modules: {a: {seconds: 20}}
questions:
  - {id: rate, module: a, type: scale, text: How do you rate the app?, scale: [1, 5]}
"""


@pytest.fixture
def written(tmp_path):
    """Return what writes a bank and reads it."""

    def read(text):
        path = tmp_path / "questions.yaml"
        path.write_text(text)
        return bank(path)

    return read


def refusal(work, *arguments):
    """Return the sentence with which something is refused."""
    with pytest.raises(StudyError) as caught:
        work(*arguments)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", ".)"))
    return sentence


def test_a_good_bank_is_read(written):
    assert written(GOOD).assignment.arms["none"].modules == []


@pytest.mark.parametrize(
    ("found", "wrong", "told"),
    [
        ("modules: {a:", "modules: {a", "line"),
        ("module: a,", "module: b,", "'b' is no module; known are a"),
        ("a: 0.5, none: 0.5", "a: 0.5, none: 0.4", "add up to 0.9, not to 1"),
        ("[2026Q1, 2026Q2]", "[2026Q1, 2026Q1]", "2026Q1 is planned twice"),
        ("[2026Q1, 2026Q2]", "[2026Q5]", "found '2026Q5'"),
        ("  key: {public: only-for-tests}\n", "", "'key' is missing"),
        ("{public: only-for-tests}", "{env: A, file: b}", "a key is"),
        ("type: scale", "type: slider", "'slider'"),
        ("scale: [1, 5]", "scale: [5, 1]", "[low, high]"),
        ("scale: [1, 5]", "scale: [1, 5], version: 2", "its first wave"),
        ("scale: [1, 5]", "labels: {low: bad}", "labels.low"),
        ("text: How do you rate the app?", "text: {en: How?, de: Wie?}", "'de' is no language of the bank"),
        ("arms: {a: 0.5, none: 0.5}", "arms: {a: {probability: 1, modules: [z]}}", "arm a: 'z' is no module"),
        ("arms: {a: 0.5, none: 0.5}", "arms: {holdout: 1}", "'holdout'"),
        ("seconds: 20", "secnds: 20", "the nearest known one is 'seconds'"),
    ],
)
def test_a_wrong_bank_is_refused_in_one_sentence(written, found, wrong, told):
    assert found in GOOD
    assert told in refusal(written, GOOD.replace(found, wrong))


def test_a_missing_bank_is_a_sentence(tmp_path):
    assert "there is no such file" in refusal(bank, tmp_path / "none.yaml")


def test_blocks_of_the_file_become_equal_arms(written):
    names = "abcdefg"
    modules = ", ".join(f"{name}: {{seconds: 9}}" for name in names)
    questions = "\n".join(f"  - {{id: q_{name}, module: {name}, type: open, text: Why?}}" for name in names)
    head = GOOD[: GOOD.index("  arms:")] + "  blocks: {size: 3, none: 0.3}\n"
    arms = written(f"{head}modules: {{{modules}}}\nquestions:\n{questions}\n").assignment.arms
    assert sum(arm.probability for arm in arms.values()) == pytest.approx(1)
    assert [len(arm.modules) for arm in arms.values()] == [3] * 7 + [0]


def test_the_published_schema_is_the_models_and_takes_the_demo():
    published = (ROOT / "docs" / "questions.schema.json").read_text()
    assert published == schema(), "write docs/questions.schema.json again from cxresearch.questions.bank.schema()"
    content = YAML(typ="safe").load(DEMO)
    jsonschema.Draft202012Validator(json.loads(published)).validate(content)
    content["assignment"]["arms"]["pricing"] = "a third"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(published)).validate(content)


# --- the key ----------------------------------------------------------------------------------------------------------


def keyed(key):
    """Return an assignment with a key."""
    return Assignment.model_validate({"key": key, "waves": ["2026Q1"], "arms": {"none": 1}})


def test_a_key_comes_from_the_environment_or_a_file_outside(project, monkeypatch, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "key"
    outside.write_text("0123456789abcdef\n")
    monkeypatch.setenv("A_KEY", "0123456789abcdef")
    assert read_key(keyed({"env": "A_KEY"})) == read_key(keyed({"file": str(outside)})) == b"0123456789abcdef"
    inside = project / "data" / "key"
    inside.write_text("0123456789abcdef")
    assert "inside the project" in refusal(read_key, keyed({"file": str(inside)}))
    linked = outside.with_name("link")
    linked.symlink_to(inside)
    assert "inside the project" in refusal(read_key, keyed({"file": str(linked)}))


def test_a_missing_or_short_key_is_a_sentence_that_does_not_tell_it(project, monkeypatch):
    monkeypatch.delenv("A_KEY", raising=False)
    assert "A_KEY holds no key" in refusal(read_key, keyed({"env": "A_KEY"}))
    assert "holds no key" in refusal(read_key, keyed({"file": "/nowhere/key"}))
    monkeypatch.setenv("A_KEY", "tooshort")
    sentence = refusal(read_key, keyed({"env": "A_KEY"}))
    assert "under 16 characters" in sentence
    assert "tooshort" not in sentence
    assert fingerprint(b"one") != fingerprint(b"two")


# --- wording ----------------------------------------------------------------------------------------------------------


def asked(text, kind="scale", languages=("en",), **more):
    """Return a bank of one question."""
    more = {"scale": [1, 5], **more} if kind in ("scale", "grid", "intent", "kano") else more
    question = {"id": "q", "module": "m", "type": kind, "text": text, **more}
    return Bank.model_validate({"languages": languages, "modules": {"m": {"seconds": 9}}, "questions": [question]})


RANGES = {"young": "18-30", "middle": "30-45", "old": "over 45"}


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("double-barrelled", asked("How satisfied are you with the price and the quality?")),
        ("double-barrelled", asked("Wie zufrieden sind Sie mit Preis und Leistung?", languages=["de"])),
        ("double-barrelled", asked("How are they?", "grid", items={"staff": "Friendly and fast"})),
        ("leading", asked("Don't you agree that the new app is better?")),
        ("leading", asked("How great is our new app?")),
        ("leading", asked("Wie sehr lieben Sie die App?", languages=["de"])),
        ("absolute", asked("Do you always pay on time?", "single", items={"yes": "Yes", "no": "No"})),
        ("absolute", asked("Funktioniert die App immer?", languages=["de"])),
        ("negation", asked("How likely are you not to renew?")),
        ("negation", asked("Wie oft war der Techniker nicht da?", languages=["de"])),
        ("unbalanced scale", asked("How was it?", labels={5: "excellent"})),
        (
            "unbalanced scale",
            asked("How was it?", labels={1: "bad", 2: "fair", 3: "good", 4: "very good", 5: "excellent"}),
        ),
        ("overlapping ranges", asked("How old are you?", "single", items=RANGES)),
        ("overlapping ranges", asked("Wie alt?", "single", ("de",), items={"a": "bis zu 30", "b": "30 und mehr"})),
        (
            "hard to read",
            asked("Considering organisational responsiveness, characterise your multidimensional evaluation thereof."),
        ),
    ],
)
def test_a_weak_wording_is_found(rule, found):
    assert rule in lint(found)["rule"].tolist()


@pytest.mark.parametrize(
    "good",
    [
        asked("How satisfied are you with your last visit?", labels={1: "very dissatisfied", 5: "very satisfied"}),
        asked("Wie zufrieden sind Sie mit dem Preis?", languages=["de"], labels={1: "unzufrieden", 5: "zufrieden"}),
        asked("We changed the bill and the app. How do you rate the bill?"),
        asked("How old are you?", "single", items={"a": "under 30", "b": "30-44", "c": "45 or more"}),
        asked("How old are you?", "single", items={"a": "up to 30", "b": "over 30"}),
        asked(
            "Which of these do you use? Tick all that apply.", "multi-select", items={"a": "Bread and butter", "b": "b"}
        ),
        asked({"functional": "If we offer it?", "dysfunctional": "If we do not offer it?"}, "kano", items={"a": "x"}),
    ],
)
def test_a_good_wording_is_left_alone(good):
    assert lint(good).empty


def test_the_demo_is_left_alone():
    assert lint(bank("demo")).empty


def test_each_language_is_looked_at():
    both = asked({"en": "How do you rate the app?", "de": "Wie bewerten Sie Preis und App?"}, languages=["en", "de"])
    assert lint(both)[["language", "rule"]].to_numpy().tolist() == [["de", "double-barrelled"]]


def test_reading_ease_is_flesch():
    # Flesch's formula by hand: 6 words of 6 syllables in one sentence; then 4 words of 10 syllables (Amstad).
    assert reading_ease("The cat sat on the mat.") == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert reading_ease("Die Rechnung ist verständlich.", "de") == pytest.approx(180 - 4 - 58.5 * 7 / 4)
    assert reading_ease("") == 100


# --- versions ---------------------------------------------------------------------------------------------------------


def record(given):
    """Return what a plan keeps of the questions."""
    told = {one.id: {"version": one.version, "wording": wording_digest(one)} for one in given.questions}
    return {"wave": "2026Q1", "questions": told}


def test_a_changed_wording_needs_a_new_version_and_breaks_the_trend():
    before = record(asked("How do you rate the app?"))
    assert changes(asked("How do you rate the app?"), before)["status"].tolist() == ["as before"]
    changed = "How would you rate the app?"
    sentence = refusal(changes, asked(changed), before)
    assert "differs from that planned for 2026Q1" in sentence
    assert "version: 2" in sentence
    second = asked(changed, version=2, since="2026Q2")
    newer = changes(second, before)
    assert newer["status"].tolist() == ["asked in other words from 2026Q2 on: no trend across it"]
    assert "older" in refusal(
        changes, asked("How do you rate the app?"), record(asked(changed, version=2, since="2026Q2"))
    )


def test_the_order_of_items_and_their_words_are_wording_an_owner_is_not():
    one = asked("Which?", "single", items={"a": "x", "b": "y"}).questions[0]
    swapped = asked("Which?", "single", items={"b": "y", "a": "x"}).questions[0]
    owned = one.model_copy(update={"owner": "Product"})
    assert wording_digest(one) != wording_digest(swapped)
    assert wording_digest(one) == wording_digest(owned)
