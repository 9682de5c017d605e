"""The SurveyJS export in the real library and a real browser: shown by arm, answered by clicks, read back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from conftest import NODE, need
from question_bank import HOSTILE, hostile_bank, rich_bank
from test_pages import OPTIONS

from cxresearch.questions.export import export
from cxresearch.questions.export.instrument import instrument
from cxresearch.questions.layouts import long_answers

SCRIPTS = ("survey-core/survey.core.min.js", "survey-core/survey.i18n.min.js", "survey-js-ui/survey-js-ui.min.js")
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="{core}/survey-core.fontless.min.css">
<div id="survey"></div>{scripts}"""
START = """
const [json, arm, locale] = arguments;
window.broken = [];
window.onerror = (message) => window.broken.push(message);
window.survey = new Survey.Model(json);
if (locale) survey.locale = locale;
if (arm) survey.setValue("cx_arm", arm);
survey.render(document.getElementById("survey"));
return survey.jsonErrors ? survey.jsonErrors.map(e => e.message) : [];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    need("chromium")
    need("survey-core")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}", "--window-size=1280,2000"]:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """Return a page with the library and nothing else."""
    need("survey-core")
    page = tmp_path_factory.mktemp("page") / "survey.html"
    scripts = "".join(f'<script src="{(NODE / name).as_uri()}"></script>' for name in SCRIPTS)
    page.write_text(PAGE.format(core=(NODE / "survey-core").as_uri(), scripts=scripts))
    return page


def written(bank, folder) -> dict:
    return json.loads(export(bank, "surveyjs", folder).files[0].read_text(encoding="utf-8"))


def start(browser, empty, survey, arm=None, locale=None) -> None:
    browser.get(empty.as_uri())
    assert browser.execute_script(START, survey, arm, locale) == []
    assert browser.execute_script("return window.broken") == []


def shown(browser) -> list[str]:
    """Return the names of the questions on the page, as the browser shows them."""
    found = browser.execute_script("return [...document.querySelectorAll('[data-name]')].map(e => e.dataset.name)")
    return [name for name in found if browser.execute_script("return !!survey.getQuestionByName(arguments[0])", name)]


def click(browser, question: str, label: str) -> None:
    """Choose an answer by its words, as a person does."""
    place = f"[data-name='{question}'] "
    done = browser.execute_script(
        "const [place, label] = arguments;"
        "const found = [...document.querySelectorAll(place + 'label')].find(e => e.innerText.trim() === label);"
        "if (found) found.click(); return Boolean(found);",
        place,
        label,
    )
    assert done, (question, label)


def pick(browser, question: str, row: int, column: int) -> None:
    """Choose a cell of a matrix."""
    cells = browser.find_elements("css selector", f"[data-name='{question}'] tbody tr")[row]
    browser.execute_script("arguments[0].click()", cells.find_elements("css selector", "input")[column])


def write(browser, question: str, values: list[str]) -> None:
    """Type into the fields of a question."""
    place = f"[data-name='{question}'] "
    fields = browser.find_elements("css selector", f"{place} input, {place} textarea")
    for field, value in zip(fields, values, strict=True):
        field.clear()
        field.send_keys(value + "\t")


def go_on(browser, button: str) -> bool:
    """Press a button; return whether the page let us go on."""
    before = browser.execute_script("return survey.currentPageNo + (survey.state === 'completed' ? 100 : 0)")
    browser.execute_script(f"document.querySelector('.sd-navigation__{button}-btn').click()")
    return browser.execute_script("return survey.currentPageNo + (survey.state === 'completed' ? 100 : 0)") != before


@pytest.mark.parametrize(
    ("arm", "modules"), [("plain_arm", ["plain", "deep"]), ("deep_arm", ["deep"]), ("none", []), (None, [])]
)
def test_an_arm_is_shown_its_modules_and_no_other(browser, empty, tmp_path, arm, modules):
    start(browser, empty, written(rich_bank(), tmp_path), arm)
    assert browser.execute_script("return survey.visiblePages.map(p => p.name)") == modules
    made = instrument(rich_bank())
    assert shown(browser) == ([item.name for item in made.modules[modules[0]]] if modules else [])


@pytest.mark.parametrize("language", ["en", "de"])
def test_people_read_the_bank_s_words(browser, empty, tmp_path, language):
    start(browser, empty, written(rich_bank(), tmp_path), "plain_arm", language)
    text = browser.execute_script("return document.body.innerText")
    for item in instrument(rich_bank()).modules["plain"]:
        for words in (item.text, *(option.text for option in (*item.options, *item.rows))):
            assert words[language] in text


def test_a_survey_is_answered_and_its_answers_are_read(browser, empty, tmp_path):
    bank = rich_bank()
    start(browser, empty, written(bank, tmp_path), "plain_arm", "en")
    assert not go_on(browser, "next")  # what is required is not answered
    click(browser, "one", "News")
    click(browser, "many", "Films")
    click(browser, "many", "None")  # takes the other away
    click(browser, "likely", "3 – yes")
    click(browser, "score", "-1")
    pick(browser, "parts", 0, 2)
    pick(browser, "parts", 1, 0)
    write(browser, "why", ["Because of {price} & <b>"])
    write(browser, "age", ["12"])
    assert not go_on(browser, "next")  # too young
    write(browser, "age", ["44"])
    assert go_on(browser, "next")
    write(browser, "price", ["5", "9", "8", "20"])
    assert not go_on(browser, "complete")  # getting expensive below a bargain
    write(browser, "price", ["5", "9", "14.5", "20"])
    pick(browser, "top_pick_1", 0, 1)
    pick(browser, "top_pick_1", 1, 1)
    assert not go_on(browser, "complete")  # most and least are the same
    pick(browser, "top_pick_1", 1, 2)
    click(browser, "feature_functional_film", "feel 1")
    click(browser, "feature_dysfunctional_film", "feel 5")
    assert go_on(browser, "complete")
    assert browser.execute_script("return survey.state") == "completed"
    read = answers(browser.execute_script("return survey.data"), bank)
    task = {item.name: item for item in instrument(bank).items}["top_pick_1"]
    names = [option.name for option in task.options]
    assert read == {
        **{("one", "", "news"): 1, ("many", "", "none_of_them"): 1, ("likely", "", ""): 3, ("score", "", ""): -1},
        **{("parts", "", "film"): 3, ("parts", "", "news"): 1, ("why", "", ""): 1, ("age", "", ""): 44},
        **{
            ("price", "", name): value
            for name, value in zip(bank.question("price").items, (5, 9, 14.5, 20), strict=True)
        },
        **{("top_pick", "1", name): value for name, value in zip(names, (0, 1, -1), strict=True)},
        **{("feature", "functional", "film"): 1, ("feature", "dysfunctional", "film"): 5},
    }


def answers(data: dict, bank) -> dict:
    """Return the answers of a survey, flattened as the hand-over note says and read as any others."""
    assert data["cx_arm"] == "plain_arm"
    flat = pd.json_normalize(data, sep="_")
    frame = flat.map(lambda cell: ";".join(cell) if isinstance(cell, list) else cell).assign(response_id="r1")
    read = long_answers(frame.drop(columns="cx_arm"), bank)
    assert set(read["reason"]) == {""}
    return dict(zip(read[["question", "task", "item"]].itertuples(index=False, name=None), read["answer"], strict=True))


def test_other_has_room_for_words(browser, empty, tmp_path):
    start(browser, empty, written(rich_bank(), tmp_path), "plain_arm", "en")
    click(browser, "one", "Another one")
    browser.find_element("css selector", "[data-name='one'] textarea").send_keys("my words\t")
    data = browser.execute_script("return survey.data")
    assert (data["one"], data["one-Comment"]) == ("other", "my words")


def test_hostile_texts_are_shown_and_not_run(browser, empty, tmp_path):
    start(browser, empty, written(hostile_bank(), tmp_path))
    titles = browser.execute_script(
        "const title = name => document.querySelector(`[data-name='${name}'] .sd-title`).textContent;"
        "return survey.getAllQuestions().map(question => title(question.name));"
    )
    read = dict(zip([item.name for item in instrument(hostile_bank()).items], titles, strict=True))

    def squeeze(text):
        return " ".join(text.replace("\u2060", "").split())

    for name, text in HOSTILE.items():
        assert squeeze(text) in squeeze(read[f"q_{name}"]), name
    assert browser.find_elements("css selector", "#survey script, #survey b") == []


def test_the_json_is_as_the_library_s_schema_asks(tmp_path):
    need("survey-core")
    import jsonschema

    schema = json.loads((NODE / "survey-core" / "surveyjs_definition.json").read_text())
    jsonschema.validate(written(rich_bank(), tmp_path), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"pages": [{"elements": [{"type": "text", "name": 3}]}]}, schema)
