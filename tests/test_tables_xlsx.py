"""The workbook of tables: numbers as numbers, texts as texts, nothing hidden that shows, the same bytes each time."""

import io
import math
import re
import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pandas as pd
import pytest

from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.present.workbook import workbook

HOSTILE = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", "a\x07b"]


def estimates(levels, n):
    frame = pd.DataFrame({"plan": levels, "n": n, "n_customers": n})
    frame = frame.assign(n_eff=frame["n"] * 1.0, estimate=[12.345 + place for place in range(len(n))], std_error=3.0)
    return frame.assign(conf_low=frame["estimate"] - 5, conf_high=frame["estimate"] + 5, flag="")


def payload(frame, key="plans", labels=None, **arguments):
    return Payload(
        key=key,
        kind="table",
        grid=Grid.of(frame),
        caption="NPS by plan",
        labels=labels or {},
        arguments={"metric": "nps", **arguments},
        provenance={"notebook": "02-scorecard"},
    )


def opened(*payloads):
    data = workbook(protect(list(payloads), Policy()).payloads, "Acme: Q3 2026", ["Read with care."])
    return openpyxl.load_workbook(io.BytesIO(data))


def rows(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]


def test_numbers_are_numbers_under_the_names_that_people_read():
    book = opened(payload(estimates(["Basic", "Plus"], [120, 90])))
    head, first, _ = rows(book["02 plans"])
    assert head == ["Plan", "Answers", "Customers", "Effective base", "NPS", "Lower limit", "Upper limit", "Note"]
    assert first[:5] == ["Basic", 120, 120, 120, 12.345]
    assert book["02 plans"]["E6"].number_format == "0.0"
    assert book["02 plans"]["B6"].number_format == "#,##0"


def test_what_is_hidden_is_in_no_cell():
    frame = estimates(["Basic", "Plus", "Isles", "Rest"], [120, 90, 3, 14])
    book = opened(payload(frame))
    found = {row[0]: row[1:-1] for row in rows(book["02 plans"])[1:]}
    assert set(found["Isles"]) == {"–"}
    assert 3 not in [cell.value for sheet in book for line in sheet for cell in line]


def test_hostile_texts_stay_texts():
    data = workbook(protect([payload(estimates(HOSTILE, [100] * 7))], Policy()).payloads, "=1+1", ["=2+2"])
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for line in sheet for cell in line if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert {cell.hyperlink.location for cell in cells if cell.hyperlink} == {"'02 plans'!A1", "'Contents'!A1"}
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert {"=1+1", "-2+3", "@SUM(A1)"} <= set(texts)
    assert all(cell.quotePrefix for cell in cells if isinstance(cell.value, str) and cell.value[0] in "=+-@")
    assert "\x07" not in "".join(texts)


def parts_of(data):
    """Return the parts of a workbook as text by their names, read without the library that wrote them."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return {name: parts.read(name).decode() for name in parts.namelist()}


def test_nothing_in_the_file_runs_or_leads_outside_and_nothing_is_out_of_sight():
    shown = protect([payload(estimates(HOSTILE, [100] * 7), labels={"plan": '=HYPERLINK("http://x")'})], Policy())
    parts = parts_of(workbook(shown.payloads, "=1+1", ["=2+2"]))
    assert not [name for name in parts if "external" in name.lower() or "vba" in name.lower() or "drawing" in name]
    text = "".join(parts.values())
    assert not re.search(r'<f[ >]|TargetMode="External"|state="hidden"|hidden="1"', text)
    # Relations lead to parts of the file alone, and links have none.
    named = {name.removeprefix("xl/") for name in parts}
    assert {target.removeprefix("/").removeprefix("xl/") for target in re.findall(r'Target="([^"]*)"', text)} <= named
    links = re.findall(r"<hyperlink [^>]*>", text)
    assert links
    assert all(re.fullmatch(r"""<hyperlink ref="A\d+" location="'[^']+'!A1"\s*/>""", link) for link in links)


def test_links_lead_to_the_sheets_that_they_name_and_back():
    book = opened(payload(estimates(["A"], [50]), "one"), payload(estimates(["B"], [50]), "two"))
    led = [row[0].hyperlink.location for row in book["Contents"].iter_rows(min_row=4)]
    assert led == [f"'{name}'!A1" for name in book.sheetnames[2:]]
    assert {book[name]["A4"].hyperlink.location for name in book.sheetnames[2:]} == {"'Contents'!A1"}


def test_what_no_cell_can_hold_is_told_otherwise():
    frame = estimates(["x" * 40_000, "Plus"], [120, 90]).assign(estimate=[math.inf, -math.inf])
    first, second = rows(opened(payload(frame))["02 plans"])[1:]
    assert (len(first[0]), first[0][-1], first[4], second[4]) == (32_767, "…", "∞", "−∞")
    text = "".join(parts_of(workbook(protect([payload(frame)], Policy()).payloads, "", [])).values())
    assert not re.search(r'<v>-?(inf|nan)</v>|t="inlineStr"\s*(/>|></c>)', text)


def test_a_sheet_says_where_its_numbers_come_from_and_prints_on_one_page_across():
    page = opened(replace(payload(estimates(["A"], [50])).with_provenance(cell=7), method="nps"))["02 plans"]
    assert page["A3"].value.endswith("02-scorecard, cell 7 · Method: nps")
    assert (page.page_setup.orientation, page.sheet_properties.pageSetUpPr.fitToPage) == ("landscape", True)
    assert page.print_title_rows == "$5:$5"


def test_contents_name_every_sheet_and_names_are_unique():
    long = "a-key-so-long-that-excel-would-refuse-it-as-the-name-of-a-sheet"
    book = opened(payload(estimates(["A"], [50]), long), payload(estimates(["B"], [50]), f"{long}-too"))
    names = [row[0].value for row in book["Contents"].iter_rows(min_row=4)]
    assert names == book.sheetnames[2:]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 31
    assert book["Notes"]["A3"].value == "Read with care."


def test_the_same_results_give_the_same_bytes():
    shown = protect([payload(estimates(["A", "B"], [50, 60]))], Policy()).payloads
    data = workbook(shown, "t", [])
    assert data == workbook(shown, "t", [])
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}
        assert str(datetime.now().year) not in parts.read("docProps/core.xml").decode()


def test_only_protected_results_are_written():
    with pytest.raises(TypeError, match="only what disclosure"):
        workbook([payload(estimates(["A"], [50]))], "t", [])
