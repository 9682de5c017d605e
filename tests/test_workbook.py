"""Excel workbooks: the table is found, what is shown is what is read, and what cannot be trusted is refused."""

import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.worksheet.worksheet import Worksheet

from cxresearch.intake.source import Source
from cxresearch.intake.workbook import read_workbook
from cxresearch.strict_yaml import StudyError

HEADER = ["id", "date", "nps", "plan", "why"]
ROWS = [[f"R{i}", datetime(2026, 7, i + 1), i % 11, "Basic" if i % 2 else "Plus", f"text {i}"] for i in range(8)]
UNDER = "a note or a total under the table"


@pytest.fixture
def write(tmp_path: Path):
    """Return a function that fills the sheet of a workbook and saves it."""

    def filled(fill: Callable[[Worksheet], object]) -> Path:
        book = openpyxl.Workbook()
        fill(book.active)
        book.save(tmp_path / "export.xlsx")
        return tmp_path / "export.xlsx"

    return filled


@pytest.fixture
def read(write):
    """Return a function that fills the sheet of a workbook and reads it."""
    return lambda fill, sheet=None: read_workbook(write(fill), sheet)


def put(sheet: Worksheet, rows: list[list], top: int = 1, left: int = 1) -> None:
    for down, row in enumerate(rows):
        for right, cell in enumerate(row):
            sheet.cell(top + down, left + right, cell)


def plain(sheet: Worksheet) -> None:
    put(sheet, [HEADER, *ROWS])


def said(source: Source) -> dict[str, int]:
    return {note.note: note.rows for note in source.notes}


def rewritten(path: Path, old: bytes, new: bytes) -> None:
    """Change the XML of the first sheet, as other programs write it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


# Where the table is.


@pytest.mark.parametrize(
    "titles",
    [
        [],
        [["Survey of July"]],
        [["Survey of July"], [], ["exported", datetime(2026, 8, 1)], []],
        [["Filter", "Region", "North", "Plan"], []],
    ],
    ids=["none", "one", "several", "a small block"],
)
@pytest.mark.parametrize("left", [1, 3])
def test_the_header_is_found_among_titles_wherever_the_table_starts(titles, left, read):
    def fill(sheet):
        put(sheet, titles)
        put(sheet, [[*HEADER, "a", "b", "c"], *([*row, 1, 2, 3] for row in ROWS)], len(titles) + 1, left)

    found = read(fill)
    assert list(found.frame) == [*HEADER, "a", "b", "c"]
    assert found.frame["id"].tolist() == [row[0] for row in ROWS]
    assert found.frame.index.tolist() == list(range(len(titles) + 2, len(titles) + 10))
    assert said(found).get("rows above the header were left out", 0) == sum(map(bool, titles))


def test_merged_cells_of_a_title_are_allowed(read):
    def fill(sheet):
        sheet["A1"] = "Survey of July"
        sheet.merge_cells("A1:E1")
        put(sheet, [HEADER, *ROWS], 3)

    assert len(read(fill).frame) == 8


def test_a_header_of_two_rows_is_joined(read):
    def fill(sheet):
        put(sheet, [["id", "Satisfaction", None, "Use", None], [None, "price", "network", "price", "phone"]])
        put(sheet, [[f"R{i}", 1, 2, 3, 4] for i in range(5)], 3)
        for cells in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(cells)

    found = read(fill)
    names = ["id", "Satisfaction: price", "Satisfaction: network", "Use: price", "Use: phone"]
    assert list(found.frame) == names
    assert found.frame.iloc[0].tolist() == ["R0", "1", "2", "3", "4"]
    assert "two header rows read as one, `group: name`" in said(found)


def test_surveymonkeys_workbook_with_merged_questions(read):
    def fill(sheet):
        put(sheet, [["Respondent ID", "Collector ID", "Start Date", "Which?", None, "Why?"]])
        put(sheet, [[None, None, None, "Phone", "TV", "Open-Ended Response"]], 2)
        put(sheet, [[118052219061 + i, 4, datetime(2026, 7, 1, 10, 0), "Phone", None, "x"] for i in range(3)], 3)
        sheet.merge_cells("D1:E1")

    found = read(fill)
    assert found.platform == "SurveyMonkey"
    assert list(found.frame) == ["Respondent ID", "Collector ID", "Start Date", "Which?: Phone", "Which?: TV", "Why?"]
    assert found.frame["Start Date"].dtype == "datetime64[us]"
    assert found.frame["Respondent ID"].tolist() == ["118052219061", "118052219062", "118052219063"]


def test_qualtrics_workbook_with_two_header_rows(read):
    names = ["StartDate", "EndDate", "Status", "Finished", "ResponseId", "Q1"]
    texts = ["Start Date", "End Date", "Response Type", "Finished", "Response ID", "How likely?"]
    answer = [datetime(2026, 7, 1, 10), datetime(2026, 7, 1, 11), "IP Address", True, "R_1", 9]
    found = read(lambda sheet: put(sheet, [names, texts, answer]))
    assert (found.platform, len(found.frame)) == ("Qualtrics", 1)
    assert found.frame["StartDate"].dtype == "datetime64[us]"
    assert found.frame["Finished"].tolist() == ["True"]


@pytest.mark.parametrize(
    ("rows", "gap"),
    [
        ([["Total", None, 28]], 0),
        ([["Average", None, 3.5]], 0),
        ([[None, None, "=AVERAGE(C2:C9)"]], 0),
        ([["Source: our own survey"], ["n = 8"]], 1),
        ([["Total", None, 28], ["Note: July only"]], 2),
    ],
)
def test_totals_and_notes_under_the_table_are_set_aside(rows, gap, write):
    path = write(lambda sheet: (plain(sheet), put(sheet, rows, 10 + gap)))
    if rows[0][-1] == "=AVERAGE(C2:C9)":
        rewritten(path, b"</f><v />", b"</f><v>3.5</v>")
    found = read_workbook(path)
    assert len(found.frame) == 8
    assert found.rejected == {10 + gap + place: UNDER for place in range(len(rows))}


def test_answers_at_the_end_are_no_totals(read):
    day = datetime(2026, 7, 9)
    last = [["R9", day, 9, "Basic"], ["Total", day, 9, "Basic", "a company of that name"]]
    found = read(lambda sheet: put(sheet, [HEADER, *ROWS, *last]))
    assert (len(found.frame), found.rejected) == (10, {})


def test_a_note_in_merged_cells_under_the_table_is_no_reason_to_refuse(read):
    def fill(sheet):
        plain(sheet)
        sheet["A12"] = "Source: our own survey"
        sheet.merge_cells("A12:E12")

    assert list(read(fill).rejected) == [12]


# Which sheet.


def test_the_first_visible_sheet_with_a_table_is_read_and_noted(read):
    def fill(sheet):
        sheet["A1"] = "About this file"
        hidden = sheet.parent.create_sheet("lists")
        put(hidden, [["a", "b"], [1, 2], [3, 4]])
        hidden.sheet_state = "hidden"
        put(sheet.parent.create_sheet("answers"), [HEADER, *ROWS])
        put(sheet.parent.create_sheet("more"), [HEADER, *ROWS])

    found = read(fill)
    assert list(found.frame) == HEADER
    assert "sheet 'answers', the first with a table of 4" in said(found)
    assert "1 hidden sheets were not read" in said(found)
    assert list(read(fill, "lists").frame) == ["a", "b"]
    with pytest.raises(StudyError, match=r"has no sheet 'Answers'; it has Sheet, lists, answers, more"):
        read(fill, "Answers")


# What a cell is.


def test_cells_are_read_as_what_they_show(read):
    values = {
        "number": 12.0,
        "text": "007",
        "flag": True,
        "date": datetime(2026, 8, 31, 10, 15, 30),
        "time": time(9, 30),
        "duration": timedelta(hours=26, minutes=3),
        "long": 12345678901234567,
        "error": "#REF!",
        "lines": "a_x000D_\nb",
    }
    found = read(lambda sheet: put(sheet, [list(values), list(values.values())])).frame.iloc[0]
    assert found["number"] == "12"
    assert found["text"] == "007"
    assert found["flag"] == "True"
    assert found["date"] == pd.Timestamp("2026-08-31 10:15:30")
    assert found["time"] == "09:30:00"
    assert found["duration"] == "26:03:00"
    assert "E+16" in found["long"]
    assert found["error"] == "#REF!"
    assert found["lines"].split() == ["a", "b"]


def test_per_cent_is_read_as_stored_and_said(read):
    def fill(sheet):
        put(sheet, [["id", "share"], ["a", 0.45], ["b", 0.5]])
        sheet["B2"].number_format = sheet["B3"].number_format = "0 %"

    found = read(fill)
    assert found.frame["share"].tolist() == ["0.45", "0.5"]
    assert "'share' is shown in per cent; read as stored, 0.45 for 45 %" in said(found)


def test_zeros_that_only_the_format_shows_belong_to_the_id(read):
    def fill(sheet):
        put(sheet, [["id", "nps"], [7, 9], [12345, 0]])
        sheet["A2"].number_format = sheet["A3"].number_format = "00000"

    assert read(fill).frame["id"].tolist() == ["00007", "12345"]


def test_dates_counted_from_1904_are_the_same_days(read):
    def fill(sheet):
        plain(sheet)
        sheet.parent.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    assert read(fill).frame["date"].iloc[0] == pd.Timestamp("2026-07-01")


def test_dates_from_excels_fractions_are_whole_seconds(read):
    def fill(sheet):
        put(sheet, [["id", "at"], *([f"R{i}", 46265 + (36930 + i) / 86400] for i in range(100))])
        for row in range(2, 102):
            sheet.cell(row, 2).number_format = "yyyy-mm-dd hh:mm:ss"

    moments = read(fill).frame["at"]
    assert moments.iloc[0] == pd.Timestamp("2026-08-31 10:15:30")
    assert (moments.diff().dropna() == pd.Timedelta(seconds=1)).all()


# What programs write.


def test_rows_beyond_a_wrong_size_of_the_sheet_are_read(write):
    path = write(plain)
    rewritten(path, b'<dimension ref="A1:E9" />', b'<dimension ref="A1" />')
    assert read_workbook(path).frame.shape == (8, 5)


def test_formatted_rows_without_values_are_not_walked_through(write, monkeypatch):
    path = write(plain)
    empty = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (row, row) for row in range(10, 5_000))
    rewritten(path, b"</sheetData>", empty + b"</sheetData>")
    walked = []
    parse_row = WorkSheetParser.parse_row
    monkeypatch.setattr(WorkSheetParser, "parse_row", lambda self, row: walked.append(row) or parse_row(self, row))
    assert len(read_workbook(path).frame) == 8
    assert len(walked) < 100


def test_entities_are_never_expanded(write):
    path = write(lambda sheet: put(sheet, [["id", "nps"], ["R1", 9]]))
    bomb = b'<!DOCTYPE worksheet [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'
    rewritten(path, b"<worksheet", bomb)
    with pytest.raises(StudyError, match="no readable Excel workbook"):
        read_workbook(path)


def test_hidden_rows_are_read_and_counted(read):
    def fill(sheet):
        plain(sheet)
        sheet.row_dimensions[3].hidden = True

    found = read(fill)
    assert (len(found.frame), said(found)["rows hidden in the sheet, read like others"]) == (8, 1)


def test_formulas_with_results_are_their_results(write):
    path = write(lambda sheet: put(sheet, [HEADER, *ROWS, ["R9", datetime(2026, 7, 9), "=3+4", "Basic", "x"]]))
    with pytest.raises(StudyError, match="row 10 holds a formula without its result"):
        read_workbook(path)
    rewritten(path, b'<c r="C10"><f>3+4</f><v />', b'<c r="C10"><f>3+4</f><v>7</v>')
    assert read_workbook(path).frame["nps"].iloc[-1] == "7"
    rewritten(path, b'<c r="C10"><f>3+4</f><v>7</v>', b'<c r="C10" t="str"><f>""</f><v></v>')
    assert read_workbook(path).frame["nps"].iloc[-1] == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"Workbook", r"of the kind \.xls by content; save it again as \.xlsx"),
        (b"id,nps\n1,9\n", "no readable Excel workbook"),
    ],
)
def test_files_that_are_no_xlsx_are_refused_by_what_they_are(content, said, tmp_path):
    (tmp_path / "export.xlsx").write_bytes(content)
    with pytest.raises(StudyError, match=said):
        read_workbook(tmp_path / "export.xlsx")


@pytest.mark.parametrize(("part", "kind"), [("xl/workbook.bin", "xlsb"), ("content.xml", "ods")])
def test_workbooks_of_other_kinds_are_refused_by_name(part, kind, tmp_path):
    with zipfile.ZipFile(tmp_path / "export.xlsx", "w") as archive:
        archive.writestr(part, b"")
    with pytest.raises(StudyError, match=rf"of the kind \.{kind} by content"):
        read_workbook(tmp_path / "export.xlsx")


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda sheet: None, "the sheet 'Sheet' is empty"),
        (lambda sheet: put(sheet, [HEADER]), "a header and no rows"),
        (lambda sheet: (plain(sheet), sheet.merge_cells("D3:D5")), "rows 3 to 5 have merged cells; unmerge them"),
        (lambda sheet: put(sheet, [["id", "nps", "nps"], [1, 2, 3]]), "the column 'nps' stands twice"),
    ],
)
def test_a_sheet_that_cannot_be_read_right_is_refused(fill, said, read):
    with pytest.raises(StudyError, match=said):
        read(fill)
