"""SPSS files: what the file says of its codes holds, and texts in a wrong encoding are mended or told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import cxresearch as cx
from cxresearch.intake.source import Source
from cxresearch.intake.spss import read_sav
from cxresearch.strict_yaml import StudyError

STUDY = """
title: Test
timezone: Europe/Berlin
tables:
  responses:
    source: answers.sav
    columns: {response_id: id, responded_at: date, nps: {from: score, missing: [98]}, region: region}
    sets: {devices: [Q7_*]}
segments: {region: region}
"""
DECLARED_AS = b"\x14\x00\x00\x00\x01\x00\x00\x00"


def answers(rows: int = 20) -> pd.DataFrame:
    dates = pd.to_datetime(["2026-07-01"] * rows)
    return pd.DataFrame({"id": [f"R{i}" for i in range(rows)], "date": dates, "score": [9.0] * rows, "region": "NO"})


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that writes a frame as an SPSS file, with a declared encoding and sets of its own."""

    def written(frame: pd.DataFrame, declared: str = "UTF-8", sets: str = "", **arguments) -> Path:
        path = tmp_path / "answers.sav"
        pyreadstat.write_sav(frame, str(path), **arguments)
        raw = path.read_bytes()
        head, tail = raw.split(b"\x07\x00\x00\x00" + DECLARED_AS + b"\x05\x00\x00\x00UTF-8")
        # Record 7, kind 7: multiple-response sets; kind 20: the encoding of all texts.
        more = record(7, sets.encode()) if sets else b""
        path.write_bytes(head + more + record(20, declared.encode()) + tail)
        return path

    return written


def record(kind: int, content: bytes) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in (7, kind, 1, len(content))) + content


@pytest.fixture
def load(project: Path, write):
    """Return a function that loads a study over one SPSS file."""

    def loaded(frame: pd.DataFrame, **arguments):
        folder = project / "data" / "test"
        folder.mkdir(exist_ok=True)
        (folder / "answers.sav").write_bytes(write(frame, **arguments).read_bytes())
        (folder / "study.yaml").write_text(STUDY)
        return cx.load("test", period="2026Q3")

    return loaded


def said(source: Source) -> dict[str, int]:
    return {note.note: note.rows for note in source.notes}


# Missing values and sets.


def test_declared_missing_values_are_missing_whether_codes_ranges_or_texts(write):
    frame = pd.DataFrame({"a": [1.0, 5.0, 8.0, 9.5, 10.0, np.nan], "b": ["x", "NA", "", "y", "NA", "z"]})
    source = read_sav(write(frame, missing_ranges={"a": [{"lo": 9, "hi": 99}, 5.0], "b": ["NA"]}))
    assert sorted(source.missing["a"]) == [5, 9.5, 10]
    assert source.missing["b"] == ["NA"]


def test_declared_missing_values_are_counted(load):
    frame = answers().assign(score=[99.0] * 3 + [98.0] + [9.0] * 16, Q7_1=1.0, Q7_2=0.0)
    data = load(frame, missing_ranges={"score": [99]})
    notes = data.quality.notes.set_index(["column", "note"])["rows"]
    assert data.responses["nps"].isna().sum() == 4
    assert notes["nps", "values that the file declares missing"] == 3
    assert notes["nps", "declared codes for no answer"] == 1


def test_sets_of_one_choice_a_column_are_declared_by_the_file(write):
    frame = answers().assign(Q7_1=1.0, Q7_2=2.0, Q8_1=3.0, Q8_2=4.0)
    sets = "$devices=D1 1 7 Devices Q7_1 Q7_2\n$why=C 3 Why Q8_1 Q8_2\n"
    source = read_sav(write(frame, sets=sets))
    assert {name.strip("$"): members for name, members in source.sets.items()} == {"devices": ["Q7_1", "Q7_2"]}
    assert any("hold one mention a column" in note for note in said(source))


@pytest.mark.parametrize("told", ["by the set", "by labels"])
def test_a_choice_coded_two_for_no_is_not_chosen(told, load):
    frame = answers().assign(Q7_1=[1.0] * 5 + [2.0] * 15, Q7_2=[2.0] * 18 + [9.0] * 2)
    labels = {name: {1: "Yes", 2: "No"} for name in ("Q7_1", "Q7_2")}
    arguments = {
        "by the set": {"sets": "$devices=D1 1 7 Devices Q7_1 Q7_2\n"},
        "by labels": {"variable_value_labels": labels},
    }[told]
    data = load(frame, missing_ranges={"Q7_2": [9]}, **arguments)
    assert data.responses["devices: Q7_1"].sum() == 5
    assert data.responses["devices: Q7_2"].sum() == 0
    assert data.responses["devices: Q7_1"].count() == 20


# Encodings.

GERMAN = {"column_labels": {"q": "Größe?"}, "variable_value_labels": {"n": {1: "schön"}}}
TEXTS = pd.DataFrame({"q": ["Don’t know", "Café"], "n": [1.0, 2.0]})


def test_utf8_under_another_declared_encoding_is_read_as_utf8_and_told(write):
    source = read_sav(write(TEXTS, declared="windows-1252", **GERMAN))
    assert source.frame["q"].tolist() == ["Don’t know", "Café"]
    assert (source.wordings["q"], source.labels["n"]) == ("Größe?", {1.0: "schön"})
    assert said(source) == {"texts read as utf-8, not as windows-1252 as the file declares": 0}


def test_windows_1252_declared_as_such_stays_as_it_is(write):
    path = write(TEXTS, declared="windows-1252", **GERMAN)
    content = path.read_bytes()
    # The same number of bytes, so that the file stays whole.
    for letter in "öß’é":
        content = content.replace(letter.encode(), letter.encode("cp1252").ljust(len(letter.encode()), b"."))
    path.write_bytes(content)
    source = read_sav(path)
    assert source.frame["q"].tolist() == ["Don’..t know", "Café."]
    assert said(source) == {}


def test_texts_in_no_declared_encoding_are_refused_until_one_is_named(write):
    path = write(TEXTS, **GERMAN)
    path.write_bytes(path.read_bytes().replace("ö".encode(), b"\xf6."))
    with pytest.raises(StudyError, match="not in the encoding that it declares; name the right one under `encoding:`"):
        read_sav(path)
    assert read_sav(path, "cp1252").labels["n"] == {1.0: "schö.n"}


def test_texts_that_were_garbled_before_are_told(write):
    source = read_sav(write(TEXTS.assign(q=["CafÃ©", "x"]), **GERMAN))
    assert "broken characters in utf-8; try another `encoding:`" in said(source)


# Other traps.


def test_padded_blanks_long_texts_and_dates_as_text(write):
    frame = pd.DataFrame({"q": ["   ", "x" * 5000], "day": ["01.07.2026", ""], "none": [np.nan, np.nan]})
    source = read_sav(write(frame))
    assert source.frame["q"].tolist() == ["", "x" * 5000]
    assert source.frame["day"].tolist() == ["01.07.2026", ""]
    assert said(source) == {"columns without any value: 1": 0}


def test_a_date_beyond_all_years_is_refused_in_a_sentence(write):
    path = write(pd.DataFrame({"d": [1e13, 13e9]}), variable_format={"d": "DATETIME20"})
    with pytest.raises(StudyError, match="holds a date beyond the year 9999"):
        read_sav(path)


def test_labels_of_the_end_points_alone_leave_the_codes_between(load):
    frame = answers().assign(score=[float(i % 11) for i in range(20)], Q7_1=1.0, Q7_2=0.0)
    data = load(frame, variable_value_labels={"score": {0: "Not at all likely", 10: "Extremely likely"}})
    assert data.responses["nps"].tolist() == [float(i % 11) for i in range(20)]


def test_a_real_survey_of_2007(shared):
    source = read_sav(shared("data/spss/Cola.sav"))
    assert source.frame.shape == (327, 198)
    assert len(source.sets) == 10
    assert all(set(members) <= set(source.frame) for members in source.sets.values())
    assert not any("broken" in note or "utf-8" in note for note in said(source))
