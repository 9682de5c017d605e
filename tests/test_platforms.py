"""Exports as survey platforms lay them out: header rows are never answers, and plain tables are never mistaken."""

import csv
import io
from pathlib import Path

import pytest

import cxresearch as cx
from cxresearch.intake.read import read
from cxresearch.intake.source import Source
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

OWN = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Finished", "RecordedDate", "ResponseId"]
QUALTRICS = [
    [*OWN, "Q1", "Q5_1", "Q5_9_TEXT"],
    ["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Finished", "Recorded Date", "Response ID",
     "How likely are\nyou to recommend us?", "Which do you use? - Phone", "Which do you use? - Other - Text"],
    ['{"ImportId":"startDate","timeZone":"America/Denver"}', *['{"ImportId":"x"}'] * 10],
]  # fmt: skip
DATES = ["2026-07-01 10:00:00", "2026-07-01 10:05:00"]
ANSWER = [*DATES, "IP Address", "1.2.3.4", "100", "True", "2026-07-01 10:05:01", "R_1", "9", "Phone", ""]
LEGACY = [
    ["V1", "V2", "V7", "V8", "V9", "Q1"],
    ["ResponseID", "ResponseSet", "Status", "StartDate", "EndDate", "How likely?"],
    ["R_1", "Default Response Set", "0", "2016-07-01 10:00:00", "2016-07-01 10:05:00", "9"],
]
MONKEY = ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address"]
MONKEY_ANSWER = ["118052219061", "446111201", "07/01/2026 10:00:00 AM", "07/01/2026 10:05:00 AM", "1.2.3.4", ""]
LIKELY, USE, HAPPY = "How likely are\n you to recommend us?", "Which do you use?", "How satisfied are you?"
OPEN = "Open-Ended Response"
MONKEY_HEADER = [
    [*MONKEY, LIKELY, USE, "", "", "Why?", HAPPY, "", "Why?"],
    [*[""] * 6, "Response", "Phone", "TV", "Other (please specify)", OPEN, "Price", "Network", OPEN],
]
MONKEY_NAMES = [
    "How likely are you to recommend us?",
    *(f"{USE}: Phone", f"{USE}: TV", f"{USE}: Other (please specify)", "Why?"),
    *(f"{HAPPY}: Price", f"{HAPPY}: Network", "Why? (2)"),
]


@pytest.fixture
def source(tmp_path: Path):
    """Return a function that writes records as CSV and reads them."""

    def read_records(records: list[list[str]], name: str = "export.csv", delimiter: str = ",") -> Source:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(records)
        (tmp_path / name).write_text(text.getvalue(), newline="")
        return read(tmp_path / name)

    return read_records


def said(source: Source) -> dict[str, int]:
    return {note.note: note.rows for note in source.notes}


def cells(source: Source) -> list[list[str]]:
    return source.frame.to_numpy().tolist()


# Qualtrics.


@pytest.mark.parametrize("rows", [QUALTRICS, [QUALTRICS[0], QUALTRICS[2]], QUALTRICS[:2], QUALTRICS[:1]])
@pytest.mark.parametrize(("name", "delimiter"), [("export.csv", ","), ("export.tsv", "\t")])
def test_qualtrics_with_any_of_its_header_rows_holds_answers_alone(rows, name, delimiter, source):
    found = source([*rows, ANSWER, ANSWER], name, delimiter)
    assert found.platform == "Qualtrics"
    assert list(found.frame) == QUALTRICS[0]
    assert cells(found) == [ANSWER, ANSWER]


def test_wordings_of_qualtrics_stand_beside_their_columns_on_one_line(source):
    found = source([*QUALTRICS, ANSWER])
    assert found.wordings["Q1"] == "How likely are you to recommend us?"
    assert found.wordings["Q5_9_TEXT"] == "Which do you use? - Other - Text"
    assert found.timezone == "America/Denver"
    assert "the platform's dates are in America/Denver" in said(found)


def test_question_texts_in_another_language_are_no_answer(source):
    german = [*("Startdatum", "Enddatum", "Antworttyp", "IP-Adresse", "Fortschritt"), *["Frage?"] * 6]
    assert cells(source([QUALTRICS[0], german, ANSWER])) == [ANSWER]


def test_the_oldest_qualtrics_names_its_own_columns_in_the_second_row(source):
    found = source(LEGACY)
    assert list(found.frame) == ["ResponseID", "ResponseSet", "Status", "StartDate", "EndDate", "Q1"]
    assert len(found.frame) == 1
    assert found.wordings["Q1"] == "How likely?"


def test_a_plain_file_with_start_and_end_dates_is_plain(source):
    found = source([["StartDate", "EndDate", "Status"], ["unknown", "open", "active"], ["2026-01-01", "", "active"]])
    assert found.platform == ""
    assert len(found.frame) == 2


# SurveyMonkey.


def test_surveymonkey_names_columns_by_question_and_choice(source):
    rest = ["9", "Phone", "", "Radio", "Good", "4", "5", "Bad"]
    found = source([*MONKEY_HEADER, [*MONKEY_ANSWER, *rest], [*MONKEY_ANSWER, *rest]])
    assert found.platform == "SurveyMonkey"
    assert list(found.frame) == MONKEY + MONKEY_NAMES
    assert cells(found) == [MONKEY_ANSWER + rest] * 2
    assert found.wordings["Why? (2)"] == "Why?"
    assert said(found)["1 columns bear a text that stood before: numbered"] == 0


def test_surveymonkey_with_repeated_questions_in_place_of_blanks(source):
    header = [*MONKEY, "Which?", "Which?", "Which?"]
    found = source([header, [*[""] * 6, "Phone", "TV", "Radio"], [*MONKEY_ANSWER, "Phone", "", "Radio"]])
    assert list(found.frame)[6:] == ["Which?: Phone", "Which?: TV", "Which?: Radio"]
    assert len(found.frame) == 1


def test_surveymonkey_whose_own_columns_were_taken_out(source):
    found = source([["How likely?", "Why?"], ["Response", "Open-Ended Response"], ["9", "Good"]])
    assert (found.platform, cells(found)) == ("SurveyMonkey", [["9", "Good"]])


def test_the_first_column_of_a_question_is_its_answer_where_it_says_so(source):
    found = source([[*MONKEY, "Gender?", ""], [*[""] * 6, "Response", "Other"], [*MONKEY_ANSWER, "Male", ""]])
    assert list(found.frame)[6:] == ["Gender?", "Gender?: Other"]


def test_two_header_rows_in_another_language_are_no_answer(source):
    header = ["ID des Befragten", "Startdatum", "Was nutzen Sie?", "", ""]
    rows = [["", "", "Telefon", "Fernsehen", "Radio"], ["1", "2026", "Telefon", "", ""], ["2", "2026", "", "", "Radio"]]
    found = source([header, *rows])
    assert len(found.frame) == 2
    assert list(found.frame)[2:] == ["Was nutzen Sie?: Telefon", "Was nutzen Sie?: Fernsehen", "Was nutzen Sie?: Radio"]


@pytest.mark.parametrize(
    "records",
    [
        [["id", "score", "comment", "region"], ["1", "", "", ""], ["2", "9", "Good", "NO"]],
        [["id", "score", "comment", "region"], ["", "", "Response", ""], ["2", "9", "Good", "NO"]],
        [["Respondent ID", "First Name", "Which? - Phone"], ["", "", "Phone"], ["2", "Ann", ""]],
        [["Respondent ID", "Collector ID", "How likely?"], ["1", "2", "9"], ["2", "2", ""]],
        [["Respondent ID", "Collector ID", "Why?"], ["1", "2", "Response"], ["2", "2", ""]],
        [["id", "score", "", ""], ["", "9", "1", "2"], ["2", "9", "1", "2"], ["3", "9", "1", "2"]],
        [["id", "score", "", ""], ["1", "9", "remark", "x"], ["2", "9", "", ""], ["3", "9", "", ""]],
    ],
    ids=[
        "sparse row",
        "the word as an answer",
        "flattened",
        "no second row",
        "an answer of that word",
        "numbers",
        "remarks",
    ],
)
def test_a_plain_file_whose_second_row_is_sparse_keeps_it(records, source):
    found = source(records)
    assert found.platform == ""
    assert found.frame.iloc[0].tolist() == [cell for name, cell in zip(*records[:2], strict=True) if name]
    assert len(found.frame) == len(records) - 1


# LimeSurvey, and platforms with one header row.


@pytest.mark.parametrize("style", ["codes", "codes and texts", "texts"])
def test_limesurvey_with_any_of_its_headings(style, source):
    codes = ["id", "submitdate", "lastpage", "startlanguage", "G01Q01", "Q05[SQ001]", "Q05[other]"]
    own = ["Response ID", "Date submitted", "Last page", "Start language"]
    texts = [*own, "How likely?", "Which? [Phone]", "Which? [Other]"]
    both = [f"{code}. {text}" for code, text in zip(codes, texts, strict=True)]
    header = {"codes": codes, "codes and texts": both, "texts": texts}[style]
    rows = [["1", "2026-07-01 10:00:00", "3", "en", "9", "Y", "N/A"], ["2", "", "1", "en", "", "N/A", "N/A"]]
    found = source([header, *rows])
    assert found.platform == "LimeSurvey"
    assert list(found.frame) == (texts if style == "texts" else codes)
    wording = found.wordings.get("How likely?" if style == "texts" else "G01Q01")
    assert wording == (None if style == "codes" else "How likely?")
    sent = "Date submitted" if style == "texts" else "submitdate"
    assert said(found)[f"incomplete answers: {sent!r} is blank"] == 1
    assert said(found)["N/A for a question not shown: missing"] == 2
    assert set(map(tuple, found.missing.values())) == {("N/A",)}
    if style == "codes and texts":
        assert found.headings["Q05[SQ001]"] == "Q05[SQ001]. Which? [Phone]"


@pytest.mark.parametrize("stamp", ["2026/07/01 10:15:22 AM GMT+2", "7/1/2026 10:15:22", "01.07.2026, 10:15:22"])
def test_google_forms_is_known_by_its_time_stamp(stamp, source):
    found = source([["Timestamp", "How likely are you?", "Which do you use?"], [stamp, "9", "Phone, TV"]])
    assert found.platform == "Google Forms"
    assert found.wordings == {"How likely are you?": "How likely are you?", "Which do you use?": "Which do you use?"}


def test_two_questions_of_one_title_are_refused_with_what_to_do(source):
    with pytest.raises(StudyError, match=r"the column 'Why this\?' stands twice; rename one of them"):
        source([["Timestamp", "Why this?", "Why this?"], ["7/1/2026 10:15:22", "a", "b"]])


@pytest.mark.parametrize(
    ("header", "platform"),
    [
        (["ID", "Start time", "Completion time", "Email", "Name", "How likely?"], "Microsoft Forms"),
        (["#", "How likely?", "Start Date (UTC)", "Submit Date (UTC)", "Network ID"], "Typeform"),
        (["Response ID", "Time Started", "Date Submitted", "Status", "How likely?"], "Alchemer"),
        (["Timestamp", "Reading value", "Sensor"], ""),
        (["id", "email", "name", "start time"], ""),
    ],
)
def test_platforms_with_one_header_row(header, platform, source):
    found = source([header, ["1"] * len(header)])
    assert found.platform == platform
    assert found.wordings == ({"How likely?": "How likely?"} if platform else {})
    assert len(found.frame) == 1


# From an export to accepted answers.

STUDY = """
title: Test
timezone: Europe/Berlin
tables:
  responses:
    source: export.csv
    columns:
      response_id: "{id}"
      responded_at: {{from: "{date}", format: "{form}"}}
      nps: "{nps}"
      csat: {{from: "{csat}", scale: [1, 5]}}
"""


@pytest.fixture
def load(project: Path):
    """Return a function that loads a study over records written as CSV."""

    def loaded(records: list[list[str]], **columns: str) -> StudyData:
        folder = project / "data" / "test"
        folder.mkdir()
        with (folder / "export.csv").open("w", newline="") as file:
            csv.writer(file).writerows(records)
        (folder / "study.yaml").write_text(STUDY.format(**columns))
        return cx.load("test", period="2026Q3")

    return loaded


def test_answers_of_surveymonkey_are_accepted_by_question_and_choice(load):
    rows = [[str(118052219061 + i), *MONKEY_ANSWER[1:], "9", "Phone", "", "", "", "4", "5", ""] for i in range(12)]
    data = load(
        [*MONKEY_HEADER, *rows],
        id="Respondent ID",
        date="End Date",
        form="%m/%d/%Y %I:%M:%S %p",
        nps="How likely are you to recommend us?",
        csat="How satisfied are you?: Network",
    )
    assert data.quality.tables[["rows_in", "accepted"]].iloc[0].tolist() == [12, 12]
    assert set(data.responses["nps"]) == {9}
    assert set(data.responses["csat"]) == {5}


@pytest.mark.parametrize("nps", ["G01Q01", "G01Q01. How likely?"])
def test_a_column_of_limesurvey_is_named_by_its_code_or_its_whole_heading(nps, load):
    own = ["id. Response ID", "submitdate. Date submitted", "lastpage. Last page", "startlanguage. Start language"]
    rows = [[str(i), "2026-07-01 10:00:00", "3", "en", "9", "N/A" if i < 5 else "4"] for i in range(12)]
    header = [*own, "G01Q01. How likely?", "Q05[SQ001]. How satisfied? [Price]"]
    data = load([header, *rows], id="id", date="submitdate", form="%Y-%m-%d %H:%M:%S", nps=nps, csat="Q05[SQ001]")
    assert data.responses["nps"].tolist() == [9.0] * 12
    assert data.responses["csat"].count() == 7
