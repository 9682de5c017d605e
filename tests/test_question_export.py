"""Exports of the question bank: each format is read back by a reader of its own and gives the same instrument."""

import csv
import html
import io
import json
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from question_bank import HOSTILE, hostile_bank, rich, rich_bank

from cxresearch.questions.export import FORMATS, export
from cxresearch.questions.export.instrument import columns, instrument
from cxresearch.questions.layouts import long_answers
from cxresearch.questions.maxdiff_design import maxdiff_design
from cxresearch.schema.questions import Bank
from cxresearch.strict_yaml import StudyError

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
DDI = "{ddi:codebook:2_5}"
SIDES = {"best": "1", "worst": "2"}


# ---- what is to be found again: the instrument in plain words --------------------------------------------------------


def asked(bank, language="en", *, by="number", unit=False):
    """Return each item as (text, options, rows, arms), options and rows as (code, text)."""
    made = instrument(bank)

    def coded(options):
        return [(str(getattr(one, by)), one.text[language]) for one in options]

    return {
        item.name: (
            item.text[language] + (f" ({item.unit})" if unit and item.unit else ""),
            coded(item.options),
            coded(item.rows),
            made.arms_of(item.module),
        )
        for item in made.items
    }


def write(bank, name, tmp_path, **arguments):
    return export(bank, name, tmp_path, **arguments)


def content(done, name):
    return (done.files[0].parent / name).read_bytes().decode("utf-8")


# ---- readers, each by the format's own documentation -----------------------------------------------------------------


def plain(text):
    """Return the text that a browser shows for HTML."""
    return html.unescape(re.sub(r"<br\s*/?>", "\n", text))


def limesurvey_rows(text):
    """Return the rows as LimeSurvey's import reads them: tabs, and quotes around cells."""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quotechar='"', strict=True))


def read_limesurvey(text, names, language):
    rows, found, arms, item = limesurvey_rows(text), {}, [], None
    for row in rows:
        if row["language"] != language:
            continue
        if row["class"] == "G":
            arms = re.findall(r"cxarm\.NAOK == '(\w+)'", row["relevance"])
        elif row["class"] == "Q" and (row["type/scale"] == "*" or row["name"] == "cxarm"):
            item = None
        elif row["class"] == "Q":
            item = ([], [], row)
            found[names[row["name"]]] = (plain(row["text"]), *item[:2], list(arms))
        elif row["class"] in ("SQ", "A"):
            kind = item[2]["type/scale"]
            code = SIDES.get(row["name"], row["name"].replace("m", "-"))
            side = 0 if row["class"] == "A" or kind == "M" else 1
            item[side].append((code, plain(row["text"])))
    return found


def limesurvey_names(done):
    """Return the bank's name of each question's code, by the file of columns."""
    table = csv.DictReader(io.StringIO(content(done, "limesurvey-columns.csv")))
    found = {}
    for row in table:
        code, _, part = row["limesurvey"].partition("[")
        found[code] = row["bank"] if not part else found.get(code, row["bank"])
    return found


def surveyjs_text(value, language):
    text = value if isinstance(value, str) else value.get(language if language != "en" else "default")
    return text.replace("\u2060", "")


def read_surveyjs(text, language):
    survey, found = json.loads(text), {}

    def say(options):
        return [
            (one.get("value", one.get("name")), surveyjs_text(one.get("text", one.get("title")), language))
            for one in options
        ]

    for page in survey["pages"]:
        arms = re.findall(r"\{cx_arm\} = '(\w+)'", page.get("visibleIf", ""))
        for one in page["elements"]:
            options = [*say(one.get("choices", one.get("rateValues", one.get("columns", []))))]
            if one.get("showOtherItem"):
                options.append(("other", surveyjs_text(one["otherText"], language)))
            rows = say(one.get("rows", one.get("items", [])))
            found[one["name"]] = (surveyjs_text(one["title"], language), options, rows, arms)
    return found


def read_qualtrics(text):
    """Return questions; a tag is a line of its own, and every other line is text."""
    found, one, into, code = {}, None, None, None
    for line in text.splitlines():
        tag = re.fullmatch(r"\[\[(\w+)(?::(.*))?\]\]", line)
        if tag is None:
            if line and into is None:
                one["text"] = plain(line)
            elif line:
                into.append((code, plain(line)))
            continue
        name, value = tag.groups()
        if name == "Question":
            one, into = {"matrix": value.startswith("Matrix") or value == "TE:Form", "a": [], "b": []}, None
        elif name == "ID":
            found[value] = one
        elif name in ("AdvancedChoices", "AdvancedAnswers"):
            into = one["a" if name == "AdvancedChoices" else "b"]
        elif name in ("Choice", "Answer"):
            code = value
        elif name not in ("AdvancedFormat", "Block", "PageBreak", "ED"):
            pytest.fail(f"unknown tag {name}")
    return {
        name: (q["text"], q["b"] if q["matrix"] else q["a"], q["a"] if q["matrix"] else [], [])
        for name, q in found.items()
    }


def say_xml(element, tag, language):
    return next(one.text or "" for one in element.findall(DDI + tag) if one.get(LANGUAGE) == language)


# ---- the instrument itself -------------------------------------------------------------------------------------------


def test_the_instrument_asks_what_the_bank_says():
    found = asked(rich_bank())
    agree = [("0", "0"), ("1", "1 – no"), ("2", "2"), ("3", "3 – yes")]
    two = [("1", "Films"), ("2", "News")]
    assert found["one"] == ("Which?", [*two, ("3", "Another one")], [], ["plain_arm"])
    assert found["many"][1] == [*two, ("3", "None")]
    assert found["likely"][1] == agree
    assert found["score"][1] == [("-1", "-1"), ("0", "0"), ("1", "1")]
    assert found["parts"][1:3] == (agree[1:], two)
    assert found["price"][2][0] == ("1", "too_cheap?")
    assert found["price"][3] == ["plain_arm", "deep_arm"]
    feel = [(str(n), f"feel {n}") for n in range(1, 6)]
    assert found["feature_functional_film"][:2] == ("With Films?", feel)
    assert found["feature_dysfunctional_film"][0] == "Without Films?"
    assert asked(rich_bank(), "de")["feature_dysfunctional_news"][0] == "Ohne Nachrichten?"
    assert [name for name in found if name.startswith("top_pick")] == [f"top_pick_{task}" for task in range(1, 8)]


def test_the_tasks_are_those_of_the_design():
    bank, design = rich_bank(), maxdiff_design([f"item_{n}" for n in range(1, 8)], 7, 3, seed=4)
    made = instrument(bank, seed=4)
    tasks = {item.name: [option.name for option in item.options] for item in made.items if item.kind == "best-worst"}
    told = {f"top_pick_{task}": part["item"].tolist() for task, part in design.tasks.groupby("task")}
    assert tasks == told


def test_one_arm_is_asked_without_conditions(tmp_path):
    made = instrument(rich_bank(), arm="deep_arm")
    assert {item.module for item in made.items} == {"deep"}
    text = content(write(rich_bank(), "surveyjs", tmp_path, arm="deep_arm"), "surveyjs.json")
    assert "cx_arm" not in text
    assert "plain" not in [page["name"] for page in json.loads(text)["pages"]]


# ---- every format gives the same instrument --------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de"])
def test_limesurvey_reads_the_same_instrument(tmp_path, language):
    done = write(rich_bank(), "limesurvey", tmp_path)
    found = read_limesurvey(content(done, "limesurvey.txt"), limesurvey_base(done), language)
    told = asked(rich_bank(), language)
    text, options, rows, arms = told["one"]
    told["one"] = (text, options[:-1], rows, arms)  # "other" is a setting there
    assert found == told


def limesurvey_base(done):
    """Return the item of each code."""
    parts = [column for column in columns(instrument(rich_bank()))]
    item_of = {column.name: column.item.name for column in parts}
    return {code: item_of.get(name, name) for code, name in limesurvey_names(done).items()}


def test_limesurvey_rows_are_as_its_manual_asks(tmp_path):
    rows = limesurvey_rows(content(write(rich_bank(), "limesurvey", tmp_path), "limesurvey.txt"))
    classes = [row["class"] for row in rows]
    assert classes[: classes.index("G")] == ["S"] * 4 + ["SL"] * 2
    by_language = {code: [r for r in rows if r["language"] == code and r["class"] != "SL"] for code in ("en", "de")}
    same = ("id", "class", "type/scale", "name", "relevance", "mandatory", "other", "em_validation_q")
    assert [[r[k] for k in same] for r in by_language["en"]] == [[r[k] for k in same] for r in by_language["de"]]
    questions = {row["name"]: row for row in by_language["en"] if row["class"] == "Q"}
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9]{0,19}", name) for name in questions)
    assert len(questions) == len([row for row in by_language["en"] if row["class"] == "Q"])
    assert all(re.fullmatch("[A-Za-z0-9]{1,5}", row["name"]) for row in rows if row["class"] == "A")
    ids = [row["id"] for row in by_language["en"] if row["class"] in ("Q", "SQ")]
    assert len(set(ids)) == len(ids)
    assert (questions["one"]["mandatory"], questions["one"]["other"]) == ("Y", "Y")
    assert questions["one"]["other_replace_text"] == "Another one"
    assert questions["many"]["exclude_all_others"] == "3"
    assert (questions["age"]["min_num_value_n"], questions["age"]["max_num_value_n"]) == ("16", "99.5")
    assert questions["price"]["em_validation_q"].count("<=") == 3
    assert questions["toppick1"]["em_validation_q"].endswith("toppick1_best.NAOK != toppick1_worst.NAOK")
    assert questions["cxarm"]["hidden"] == "1"


def test_limesurvey_codes_differ_where_names_do(tmp_path):
    names = ["a_b", "ab", "a_b_", "cxarm", "x" * 30, "x" * 31, "x" * 17 + "006", "x" * 17 + "_006"]
    one = {"module": "m", "type": "open", "text": "?"}
    bank = {"modules": {"m": {"seconds": 9}}, "questions": [{"id": name, **one} for name in names]}
    done = write(Bank.model_validate(bank), "limesurvey", tmp_path)
    table = list(csv.DictReader(io.StringIO(content(done, "limesurvey-columns.csv"))))
    assert [row["bank"] for row in table] == names
    codes = [row["limesurvey"].lower() for row in table]
    assert len({*codes, "cxarm"}) == len(names) + 1
    assert all(re.fullmatch("[a-z][a-z0-9]{0,19}", code) for code in codes)


@pytest.mark.parametrize("language", ["en", "de"])
def test_surveyjs_reads_the_same_instrument(tmp_path, language):
    text = content(write(rich_bank(), "surveyjs", tmp_path), "surveyjs.json")
    assert read_surveyjs(text, language) == asked(rich_bank(), language, by="name")


def test_surveyjs_rules(tmp_path):
    survey = json.loads(content(write(rich_bank(), "surveyjs", tmp_path), "surveyjs.json"))
    found = {one["name"]: one for page in survey["pages"] for one in page["elements"]}
    assert found["one"]["isRequired"]
    assert [choice["value"] for choice in found["many"]["choices"] if choice.get("isExclusive")] == ["none_of_them"]
    assert found["age"]["validators"] == [{"type": "numeric", "minValue": 16.0, "maxValue": 99.5}]
    assert all(field["validators"] == [{"type": "numeric", "minValue": 0.0}] for field in found["price"]["items"])
    assert found["top_pick_1"]["eachRowUnique"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_qualtrics_reads_the_same_instrument(tmp_path, language):
    done = write(rich_bank(), "qualtrics", tmp_path)
    found = read_qualtrics(content(done, "qualtrics.txt" if language == "en" else "qualtrics-de.txt"))
    told = {name: (*parts[:3], []) for name, parts in asked(rich_bank(), language, unit=True).items()}
    assert found == told
    assert "if cx_arm is equal to plain_arm or cx_arm is equal to deep_arm: move the block deep into it" in done.note
    assert "Question many: choice 3 excludes the others." in done.note
    assert "Question one: an answer is required." in done.note


@pytest.mark.parametrize("language", ["en", "de"])
def test_ddi_reads_the_same_columns(tmp_path, language):
    root = ElementTree.fromstring(content(write(rich_bank(), "ddi", tmp_path), "ddi.xml"))
    made = instrument(rich_bank())
    variables = {one.get("name"): one for one in root.iter(f"{DDI}var")}
    assert list(variables) == [column.name for column in columns(made)]
    for column in columns(made):
        variable, item = variables[column.name], column.item
        assert say_xml(variable.find(f"{DDI}qstn"), "qstnLit", language) == item.text[language]
        assert say_xml(variable, "labl", language) == (column.row.text if column.row else item.text)[language]
        assert variable.findtext(f"{DDI}universe").endswith(", ".join(made.arms_of(item.module)))
        if item.kind == "multiple":
            assert [c.findtext(f"{DDI}catValu") for c in variable.iter(f"{DDI}catgry")] == ["0", "1"]
        else:
            labels = [say_xml(c, "labl", language) for c in variable.iter(f"{DDI}catgry")]
            assert labels == [option.text[language] for option in item.options]
    assert variables["age"].find(f"{DDI}valrng/{DDI}range").attrib == {"min": "16", "max": "99.5"}
    groups = {one.findtext(f"{DDI}labl"): one for one in root.iter(f"{DDI}varGrp")}
    assert groups["many"].get("var").split() == ["V_many_film", "V_many_news", "V_many_none_of_them"]
    ids = [one.get("ID") for one in root.iter() if one.get("ID")]
    assert len(ids) == len(set(ids))


def test_ddi_elements_stand_in_the_order_of_the_schema(tmp_path):
    root = ElementTree.fromstring(content(write(rich_bank(), "ddi", tmp_path), "ddi.xml"))
    order = ["labl", "qstn", "valrng", "universe", "catgry", "varFormat"]
    for variable in root.iter(f"{DDI}var"):
        places = [order.index(child.tag.removeprefix(DDI)) for child in variable]
        assert places == sorted(places)


@pytest.mark.parametrize("language", ["en", "de"])
def test_triple_s_reads_the_same_columns(tmp_path, language):
    root = ElementTree.fromstring(content(write(rich_bank(), "triple-s", tmp_path), "triple-s.sss"))
    assert (root.tag, root.get("version"), root.get("languages")) == ("sss", "3.0", "en de")

    def say(one):
        return next((text.text for text in one.findall("text") if text.get(LANGUAGE) == language), one.text)

    variables = root.findall("survey/record/variable")
    assert [int(one.find("position").get("start")) for one in variables] == list(range(1, len(variables) + 1))
    assert (variables[0].findtext("name"), variables[0].get("use")) == ("response_id", "serial")
    found = {one.findtext("name"): one for one in variables[1:]}
    made, expected = instrument(rich_bank()), {}
    for column in columns(made):
        item = column.item
        name = item.name if item.kind == "multiple" else column.name
        expected[name] = [(str(option.number), option.text[language]) for option in item.options]
        row = "" if item.kind == "multiple" or not column.row else f" – {column.row.text[language]}"
        unit = f" ({item.unit})" if item.unit else ""
        assert say(found[name].find("label")) == item.text[language] + row + unit
    assert {name: [(v.get("code"), say(v)) for v in one.iter("value")] for name, one in found.items()} == expected
    assert found["many"].get("type") == "multiple"
    assert found["age"].find("values/range").attrib == {"from": "16.00", "to": "99.50"}
    assert [found[name].get("type") for name in ("one", "why", "price_bargain")] == ["single", "character", "quantity"]


# ---- hostile texts ---------------------------------------------------------------------------------------------------


def hostile():
    return {f"q_{name}": text for name, text in HOSTILE.items()}


def test_hostile_texts_survive_limesurvey(tmp_path):
    text = content(write(hostile_bank(), "limesurvey", tmp_path), "limesurvey.txt")
    rows = limesurvey_rows(text)
    questions = [plain(row["text"]) for row in rows if row["class"] == "Q"]
    assert questions[: len(HOSTILE)] == list(HOSTILE.values())
    answers = [plain(row["text"]) for row in rows if row["class"] == "A"]
    assert answers[: len(HOSTILE)] == list(HOSTILE.values())
    assert not re.search(r"[{}\"\\]|<(?!br>)", text)
    assert all(not row["text"].startswith(("=", "+", "-", "@", "\t")) for row in rows)


def test_hostile_texts_survive_surveyjs(tmp_path):
    text = content(write(hostile_bank(), "surveyjs", tmp_path), "surveyjs.json")
    found = read_surveyjs(text, "en")
    assert {name: found[name][0] for name in hostile()} == hostile()
    assert [text for _, text in found["q_tab"][1]] == list(HOSTILE.values())
    titles = [one["title"] for page in json.loads(text)["pages"] for one in page["elements"]]
    assert not [title for title in titles if re.search("\\{(?!\u2060)", title)]


def test_hostile_texts_survive_qualtrics(tmp_path):
    text = content(write(hostile_bank(), "qualtrics", tmp_path), "qualtrics.txt")
    found = read_qualtrics(text)
    assert {name: found[name][0] for name in hostile()} == hostile()
    assert [one for _, one in found["q_tab"][1]] == list(HOSTILE.values())
    assert "${" not in text
    assert text.count("[[") == len(re.findall(r"^\[\[[^\[\]]*\]\]$", text, re.M))


@pytest.mark.parametrize(("name", "file"), [("ddi", "ddi.xml"), ("triple-s", "triple-s.sss")])
def test_hostile_texts_survive_xml(tmp_path, name, file):
    root = ElementTree.fromstring(content(write(hostile_bank(), name, tmp_path), file))
    texts = {one.text for one in root.iter()}
    assert set(HOSTILE.values()) <= texts


@pytest.mark.parametrize("name", list(FORMATS))
def test_characters_that_no_format_holds_are_left_out_and_told(tmp_path, name):
    texts = "nul\0 bell\a \ud800half \ufffe kept"
    bank = Bank.model_construct(**{**dict(rich_bank()), "assignment": None})
    bad = bank.questions[5].model_copy(update={"text": texts})
    done = write(
        bank.model_copy(update={"questions": [bad], "modules": {"plain": bank.modules["plain"]}}), name, tmp_path
    )
    written = "".join(path.read_text(encoding="utf-8") for path in done.files)
    assert "nul bell half  kept" in written
    assert not re.search("[\x00-\x08\x0b-\x1f\ufffe]", written)
    assert "4 control characters of a text were left out" in done.lost["what"].tolist()


# ---- answers come back -----------------------------------------------------------------------------------------------


def answer_of(column, rng):
    """Return an answer as a platform writes it: the code, a number, or words."""
    item = column.item
    if item.kind == "text":
        return "words"
    if item.kind in ("number", "numbers"):
        return str(20 + [*item.rows, None].index(column.row))
    if item.kind == "multiple":
        return "1"
    if item.kind == "best-worst":
        return str(item.options[0 if column.row.name == "best" else 1].number)
    return str(rng.choice([option.number for option in item.options]))


@pytest.mark.parametrize("name", ["limesurvey", "bank"])
def test_answers_in_the_columns_of_an_export_are_read(tmp_path, name):
    bank, rng = rich_bank(), np.random.default_rng(1)
    made = instrument(bank)
    cells = {column.name: answer_of(column, rng) for column in columns(made)}
    shown = {
        f"{i.name}_shown": ";".join(str(o.number) for o in i.options) for i in made.items if i.kind == "best-worst"
    }
    frame = pd.DataFrame([{"response_id": "r1", **cells, **shown}])
    if name == "limesurvey":  # as its export calls the columns, renamed by the file that goes with the survey
        table = pd.read_csv(io.StringIO(content(write(bank, "limesurvey", tmp_path), "limesurvey-columns.csv")))
        names = dict(zip(table["bank"], table["limesurvey"], strict=True))
        theirs = frame.rename(columns=names)
        assert set(names) - {"cx_arm"} == set(frame) - {"response_id"}
        frame = theirs.rename(columns=dict(zip(table["limesurvey"], table["bank"], strict=True)))
    read = long_answers(frame, bank)
    assert set(read["reason"]) == {""}
    assert read.groupby("question").size()["top_pick"] == 21
    assert set(read["question"]) == {question.id for question in bank.questions}


# ---- designs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "tasks", "shown"), [(10, 8, 4), (7, 7, 3), (13, 13, 4), (12, 9, 4), (20, 15, 5), (8, 6, 4)]
)
def test_a_design_is_even(items, tasks, shown):
    names = [f"i{n}" for n in range(items)]
    design = maxdiff_design(names, tasks, shown, seed=3)
    table = design.tasks
    assert table.groupby("task")["item"].nunique().eq(shown).all()
    assert table.groupby("task")["position"].apply(lambda found: sorted(found) == list(range(1, shown + 1))).all()
    assert np.ptp(table["item"].value_counts().reindex(names, fill_value=0)) <= 1
    # Pairs cannot be more even than the mean allows; one more or less is let be.
    met = {frozenset(pair): 0 for pair in zip(design.pairs["first"], design.pairs["second"], strict=True)}
    for _, part in table.groupby("task"):
        for a, b in {frozenset((a, b)) for a in part["item"] for b in part["item"] if a != b}:
            met[frozenset((a, b))] += 1
    assert sorted(met.values()) == sorted(design.pairs["together"])
    mean = tasks * shown * (shown - 1) / (items * (items - 1))
    assert max(met.values()) <= np.ceil(mean) + 1
    assert min(met.values()) >= np.floor(mean) - 1
    places = table.groupby(["item", "position"]).size().unstack(fill_value=0)
    assert places.to_numpy().max() <= np.ceil(table["item"].value_counts().max() / shown) + 1
    # Every item can be compared with every other one, through others: the tasks hang together.
    reached, more = {names[0]}, True
    while more:
        new = set(table.loc[table["task"].isin(table.loc[table["item"].isin(reached), "task"]), "item"]) | reached
        more, reached = new != reached, new
    assert reached == set(names)


def test_a_balanced_design_is_found_where_there_is_one():
    assert maxdiff_design(list("abcdefg"), 7, 3).pairs["together"].eq(1).all()
    assert maxdiff_design([f"i{n}" for n in range(13)], 13, 4).pairs["together"].eq(1).all()


def test_a_design_is_made_again_by_its_seed():
    first, again, other = (maxdiff_design(list("abcdefghij"), 8, 4, seed=seed).tasks for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_a_design_that_leaves_an_item_out_is_refused():
    with pytest.raises(ValueError, match="2 tasks of 3 cannot show 8 items"):
        maxdiff_design(list("abcdefgh"), 2, 3)


# ---- refusals, and files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_file_is_the_same_each_time(tmp_path, name):
    first, again = (write(rich_bank(), name, tmp_path / part) for part in "ab")
    assert [p.read_bytes() for p in first.files] == [p.read_bytes() for p in again.files]
    assert len(set(first.lost.itertuples(index=False))) == len(first.lost) > 0
    assert all(what in first.note for what in first.lost["what"])
    assert first.files[-1].read_text(encoding="utf-8") == first.note == str(first)


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        ({}, {"format": "limesurvy"}, "'limesurvy' is no format; the nearest known one is 'limesurvey'"),
        ({}, {"arm": "deep"}, "there is no arm 'deep'; the nearest known one is 'deep_arm'"),
        ({}, {"arm": "none"}, "the arm 'none' is asked nothing"),
        ({"languages": ["en", "de", "English!"]}, {}, "'English!' is no language"),
        ({"questions.8.tasks": 2}, {}, "2 tasks of 3 cannot show 7 items"),
        ({"questions.0.items": {"a b": "A", "c": "C"}}, {}, "the id 'a b' is not plain"),
        (
            {"assignment.arms": {"it's": {"probability": 1, "modules": ["plain", "deep"]}}},
            {},
            'the arm "it\'s" is not plain',
        ),
    ],
)
def test_what_cannot_be_written_is_one_sentence_and_no_file(tmp_path, change, arguments, sentence):
    content = rich()
    for place, value in change.items():
        *path, last = place.split(".")
        part = content
        for name in path:
            part = part[int(name)] if name.isdigit() else part[name]
        part[last] = value
    bank = Bank.model_validate(content)
    with pytest.raises(StudyError, match=re.escape(sentence)):
        export(bank, **{"format": "surveyjs", "folder": tmp_path / "out", **arguments})
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "out").write_text("here")
    with pytest.raises(StudyError, match="cannot be written to"):
        export(rich_bank(), "ddi", tmp_path / "out")


def test_a_missing_translation_and_an_unasked_module_are_told(tmp_path):
    content = rich()
    content["questions"][5]["text"] = {"en": "Why?"}
    content["assignment"]["arms"]["plain_arm"]["modules"] = ["deep"]
    content["questions"][7]["text"] = {"en": "At what price?"}
    done = write(Bank.model_validate(content), "surveyjs", tmp_path)
    told = done.lost.set_index("question")["what"]
    assert told["plain"] == "no arm is asked this module; left out"
    assert told["price"] == "a text has no translation (de); another stands for it"


def test_a_german_bank_is_german(tmp_path):
    question = {"id": "q", "module": "m", "type": "open", "text": "Warum?"}
    bank = Bank.model_validate({"languages": ["de"], "modules": {"m": {"seconds": 9}}, "questions": [question]})
    survey = json.loads(content(export(bank, "surveyjs", tmp_path), "surveyjs.json"))
    assert (survey["locale"], survey["pages"][0]["elements"][0]["title"]) == ("de", "Warum?")
