"""What file formats do to a table, and what clumsy or hostile study files ask for."""

import gzip
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

import cxresearch as cx
from cxresearch.study import StudyError, load_run, load_study
from cxresearch.study_data import StudyData

STUDY = """
title: Test
timezone: Europe/Berlin
tables:
  responses:
    source: "answers*"
    columns:
      response_id: id
      customer_id: customer
      responded_at: date
      nps: {from: score, missing: [99]}
      csat: {from: sat, scale: [1, 5]}
      verbatim: why
      region: region
segments: {region: region}
"""
HEADER = "id,customer,date,score,sat,why,region\n"
REVENUE = "  revenue:\n    source: bills.csv\n    columns: {customer_id: id, month: month, revenue: eur}\nsegments"
CUSTOMERS = "  customers:\n    source: crm.csv\n    columns: {customer_id: id, plan: plan}\nsegments"


def rows(count: int = 20, first: str = "R") -> list[str]:
    return [f"{first}{i},C{i},2026-07-{i % 28 + 1:02d},{i % 11},{i % 5 + 1},text {i},NO" for i in range(count)]


def text(*more: str, first: str = "R", header: str = HEADER) -> str:
    return header + "\n".join([*rows(first=first), *more]) + "\n"


def typed() -> pd.DataFrame:
    frame = pd.read_csv(StringIO(text()), dtype="str")
    dates = pd.to_datetime(frame["date"])
    return frame.assign(date=dates, score=frame["score"].astype(float), sat=frame["sat"].astype(float))


def parquet(frame: pd.DataFrame) -> Callable[[Path], None]:
    return lambda path: frame.to_parquet(path)


def sav(frame: pd.DataFrame, **arguments) -> Callable[[Path], None]:
    return lambda path: pyreadstat.write_sav(frame, str(path), **arguments)


def workbook(change: Callable[[openpyxl.Workbook], object]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        typed().to_excel(path, index=False)
        book = openpyxl.load_workbook(path)
        change(book)
        book.save(path)

    return write


@pytest.fixture
def load(project: Path):
    """Return a function that writes the files of a study and loads it."""

    def loaded(files: dict, study: str = STUDY, period: str = "2026Q3") -> StudyData:
        folder = project / "data" / "test"
        for name, content in {**files, "study.yaml": study}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        data = cx.load("test", period=period)
        counts = data.quality.tables
        assert (counts["rows_in"] == counts["accepted"] + counts["quarantined"]).all()
        return data

    return loaded


def aside(data: StudyData) -> list[tuple]:
    return list(data.quality.quarantine[["file", "row", "column", "rule"]].itertuples(index=False, name=None))


def notes(data: StudyData) -> dict[str, int]:
    return dict(data.quality.notes[["note", "rows"]].itertuples(index=False, name=None))


def without_region(study: str = STUDY) -> str:
    return study.replace("      region: region\nsegments: {region: region}\n", "")


# What a format types keeps its meaning.


def test_whole_ids_of_a_parquet_file_keep_all_digits_where_some_are_missing(load):
    ids = pd.array([12345678901234567 + i for i in range(19)] + [None], dtype="Int64")
    data = load({"answers.parquet": parquet(typed().assign(customer=ids))})
    assert data.responses["customer_id"].iloc[0] == "12345678901234567"
    assert data.responses["customer_id"].nunique() == 19


def test_ids_that_a_table_of_floats_or_a_spreadsheet_rounded_are_refused(load):
    said = "lost its last digits; export it as text"
    for name, content in {
        "answers.parquet": parquet(typed().assign(customer=1.2345678901234567e16)),
        "answers.xlsx": workbook(lambda book: [book.active.cell(row, 2, 12345678901234567) for row in range(2, 22)]),
        "answers.csv": text().replace(",C", ",5.70306E+1"),
    }.items():
        with pytest.raises(StudyError, match=said):
            load({name: content}, STUDY.replace("answers*", name))


def test_an_id_column_that_went_through_floats_loses_its_point_only_as_a_whole(load):
    study = load({"answers.csv": text().replace(",C", ",1").replace(",2026", ".0,2026")})
    assert study.responses["customer_id"].tolist()[:2] == ["10", "11"]
    study = load({"answers.csv": text("R90,1.0,2026-07-01,9,5,x,NO")})
    assert study.responses["customer_id"].iloc[-1] == "1.0"


@pytest.mark.parametrize(
    ("column", "values", "name", "expected"),
    [
        ("score", [Decimal(5)] * 20, "nps", 5.0),
        ("score", pd.array([7] * 20, dtype="Int64"), "nps", 7.0),
        ("date", [pd.Timestamp("2026-08-31").date()] * 20, "responded_at", pd.Timestamp("2026-08-31")),
        (
            "date",
            pd.to_datetime(["2026-08-31 23:30"] * 20).tz_localize("America/New_York"),
            "responded_at",
            pd.Timestamp("2026-09-01 05:30"),
        ),
        ("customer", [b"C7"] * 20, "customer_id", "C7"),
        ("customer", pd.Categorical(["C8"] * 20), "customer_id", "C8"),
        ("region", [1234567.0] * 20, "region", "1234567"),
    ],
    ids=["decimal", "whole", "date", "zone", "bytes", "category", "long code"],
)
def test_types_of_a_parquet_file_are_read_as_what_they_mean(column, values, name, expected, load):
    data = load({"answers.parquet": parquet(typed().assign(**{column: values}))})
    assert data.responses[name].iloc[0] == expected


def test_hours_that_the_clock_change_skips_or_repeats_are_no_crash(load):
    dates = pd.to_datetime(["2026-03-29 02:30", "2025-10-26 02:30"] * 10)
    data = load({"answers.parquet": parquet(typed().assign(date=dates))}, period="2026Q1")
    assert len(data.responses) == 20
    assert data.periods == ["2025Q4", "2026Q1"]


def test_days_stay_days_whatever_the_timezone(load):
    study = STUDY.replace("Europe/Berlin", "America/New_York").replace("date\n", "{from: date, timezone: UTC}\n", 1)
    data = load({"answers.parquet": parquet(typed())}, study)
    assert str(data.responses["responded_at"].iloc[0]) == "2026-07-01 00:00:00"


def test_an_impossible_date_is_set_aside_in_a_typed_file_too(load):
    dates = typed()["date"].mask(typed().index == 3, pd.Timestamp("1970-01-01"))
    data = load({"answers.parquet": parquet(typed().assign(date=dates))})
    rule = "an impossible date; declare placeholders under `missing:`"
    assert aside(data) == [("answers.parquet", 4, "responded_at", rule)]


def test_the_index_of_a_parquet_file_is_a_column_like_others(load):
    assert len(load({"answers.parquet": parquet(typed().set_index("id"))}).responses) == 20


def test_lists_in_cells_are_refused_by_name(load):
    with pytest.raises(StudyError, match=r"columns\.region: 20 of 20 rows are unusable \(not a single value\)"):
        load({"answers.parquet": parquet(typed().assign(region=[["a"]] * 20))})


def test_lists_in_cells_are_choices_of_a_set(load):
    frame = typed().assign(used=[["TV", "Phone"], ["TV"], [], None] * 5)
    study = STUDY.replace(
        "    columns:", "    sets: {used: {from: used, codes: {phone: Phone, tv: TV}}}\n    columns:", 1
    )
    found = load({"answers.parquet": parquet(frame)}, study).responses[["used: phone", "used: tv"]].head(4)
    assert found.fillna(-1).to_numpy().tolist() == [[1, 1], [0, 1], [-1, -1], [-1, -1]]
    with pytest.raises(StudyError, match=r"the column 'used' lists choices in its cells; write it as {from: used}"):
        load(
            {"answers.parquet": parquet(frame)}, study.replace("{from: used, codes: {phone: Phone, tv: TV}}", "[used]")
        )


def test_a_date_that_no_calendar_has_is_refused(load):
    days = pa.array([2**30] * 20, pa.int32()).cast(pa.date32())
    table = pa.Table.from_pandas(typed().drop(columns="date")).append_column("date", days)
    with pytest.raises(StudyError, match="no readable Parquet file"):
        load({"answers.parquet": lambda path: pq.write_table(table, path)})


def test_missing_values_that_spss_declares_follow_a_column_of_another_spelling(load):
    frame = typed().assign(sat=[9.0, 9.0] + [5.0] * 18).rename(columns={"sat": "SAT"})
    data = load({"answers.sav": sav(frame, missing_ranges={"SAT": [9]})}, STUDY.replace("[1, 5]", "[0, 100]"))
    assert data.responses["csat"].isna().sum() == 2
    assert data.responses["csat"].max() == 5


def test_ranges_of_missing_values_and_blank_strings_are_missing(load):
    frame = typed().assign(score=[97.0, 98.5, 99.0] + [5.0] * 17, region=["   "] * 2 + ["NO"] * 18)
    data = load({"answers.sav": sav(frame, missing_ranges={"score": [{"lo": 97, "hi": 99}]})})
    assert data.responses["nps"].isna().sum() == 3
    assert data.responses["region"].isna().sum() == 2


def test_a_score_coded_one_beside_its_label_is_refused(load):
    labels = {1: "0 - Not at all", **{code: str(code - 1) for code in range(2, 11)}, 11: "10 - Extremely"}
    files = {"answers.sav": sav(typed().assign(score=[2.0, 10.0] * 10), variable_value_labels={"score": labels})}
    with pytest.raises(StudyError, match="value label name different numbers"):
        load(files)
    codes = ", ".join(f'"{code - 1}": [{code}]' for code in range(1, 12))
    data = load(files, STUDY.replace("missing: [99]", f"codes: {{{codes}}}"))
    assert set(data.responses["nps"]) == {1, 9}


def test_a_label_decides_over_its_code_in_a_yes_no_column(load):
    frame = typed().assign(region=[1.0] * 5 + [2.0] * 15)
    file = sav(frame, variable_value_labels={"region": {1: "No", 2: "Yes"}})
    study = STUDY.replace("region: region\nsegments: {region: region}", "fcr: region")
    assert load({"answers.sav": file}, study).responses["fcr"].sum() == 15


def test_choices_that_are_missing_are_not_chosen_and_a_blank_set_is_missing(load):
    frame = typed().assign(Q7_1=[1.0] * 5 + [np.nan] * 15, Q7_2=[0.0] * 10 + [1.0] * 5 + [np.nan] * 5)
    data = load({"answers.sav": sav(frame)}, STUDY.replace("    columns:", "    sets: {device: [Q7_*]}\n    columns:"))
    chosen = data.responses[["device: Q7_1", "device: Q7_2"]]
    assert chosen.sum().tolist() == [5, 5]
    assert chosen.isna().sum().tolist() == [5, 5]


def test_blank_rows_and_columns_of_a_workbook_are_no_data(load):
    def change(book):
        book.active.insert_rows(5, 3)
        book.active.insert_cols(3, 2)
        book.active["L7"] = "a remark"

    data = load({"answers.xlsx": workbook(change)})
    assert len(data.responses) == 20
    assert "a column without a name was left out" in notes(data)


def test_dates_of_a_workbook_need_no_format(load):
    study = STUDY.replace("responded_at: date", 'responded_at: {from: date, format: "%d.%m.%Y"}')
    assert len(load({"answers.xlsx": workbook(lambda book: None)}, study).responses) == 20


def test_errors_of_formulas_are_no_segment(load):
    data = load({"answers.xlsx": workbook(lambda book: book.active.__setitem__("G6", "#REF!"))})
    assert aside(data) == [("answers.xlsx", 6, "region", "an error of a spreadsheet formula")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("answers.xlsx", b"PK\x03\x04 nothing", "no readable Excel workbook"),
        ("answers.xlsx", workbook(lambda book: book.active.merge_cells("G2:G9")), "rows 2 to 9 have merged cells"),
        ("answers.xlsx", workbook(lambda book: book.active.__setitem__("D2", "=1+2")), "a formula without its result"),
        ("answers.xlsx", workbook(lambda book: book.active.delete_rows(1, 99)), "the sheet 'Sheet1' is empty"),
        ("answers.parquet", b"nothing", "no readable Parquet file"),
        ("answers.parquet", parquet(typed().iloc[:0]), "columns and no rows"),
        ("answers.sav", b"nothing" * 99, "no readable SPSS file"),
        ("answers.csv.gz", gzip.compress(text().encode())[:-30], "cut off or damaged"),
        ("answers.csv", b"PAR1" * 99, "is a Parquet file by content"),
        ("answers.csv", b"\x80\x04\x95abc\n" * 99, "a Python pickle by content, which is never opened"),
        ("answers.pkl", b"\x80\x04", "this kind of file is not read"),
        ("answers.csv", text().encode("utf-16-le"), "write `encoding: utf-16-le`"),
        ("answers.csv", text(header=""), "see that its first row holds the names"),
        ("answers.csv", text(header=HEADER.replace("id,", "ID,Id,")), "the columns 'ID' and 'Id' may both be 'id'"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_in_a_sentence_without_its_content(name, content, said, load):
    with pytest.raises(StudyError) as error:
        load({name: content})
    assert said in str(error.value)
    assert not {"\n", "C1", "R1", "text 1"} & set(str(error.value).replace("'", " ").split(" "))


def test_a_cell_of_a_megabyte_is_a_cell(load):
    assert len(load({"answers.csv": text(f'R90,C90,2026-07-01,9,5,"{"x" * 10**6}",NO')}).responses) == 21


# Several files of one table.


def test_a_column_that_came_later_is_missing_before_and_noted(load):
    frame = pd.read_csv(StringIO(text(first="S")), dtype="str").drop(columns="region")
    data = load({"answers1.csv": text(), "answers2.csv": frame.to_csv(index=False)})
    assert data.responses["region"].isna().sum() == 20
    assert notes(data)["column is not in this file: missing there"] == 20


@pytest.mark.parametrize("column", ["id", "date"])
def test_a_file_without_what_its_rows_need_is_named(column, load):
    frame = pd.read_csv(StringIO(text(first="S")), dtype="str").drop(columns=column)
    with pytest.raises(StudyError, match=rf"answers2\.csv has no column '{column}'"):
        load({"answers1.csv": text(), "answers2.csv": frame.to_csv(index=False)})


def test_a_file_without_the_survey_is_named(load):
    study = without_region(
        STUDY.replace("    columns:", "    survey: {from: kind, codes: {relationship: [NO]}}\n    columns:")
    )
    files = {"answers1.csv": text(header=HEADER.replace("region", "kind")), "answers2.csv": text(first="S")}
    with pytest.raises(StudyError, match=r"tables.responses.survey: answers2\.csv has no column 'kind'"):
        load(files, study)


def test_a_response_in_two_files_counts_once_and_the_second_is_set_aside(load):
    data = load({"answers1.csv": text(), "answers2.csv": text(first="S").replace("S3,C3", "R3,C3")})
    assert aside(data) == [("answers2.csv", 5, "response_id", "a copy of another row")]


def test_the_same_file_twice_is_refused(load):
    with pytest.raises(StudyError, match=r"answers1\.csv and answers2\.csv are the same file twice"):
        load({"answers1.csv": text(), "answers2.csv": text()})


def test_files_of_one_name_in_two_folders_are_counted_apart(load):
    bad = "R90,C90,2026-07-01,77,5,x,NO"
    data = load({"a/answers.csv": text(bad), "b/answers.csv": text(first="S")}, STUDY.replace("answers*", "*/*.csv"))
    assert data.quality.tables["file"].tolist() == ["a/answers.csv", "b/answers.csv"]
    assert data.quality.tables["quarantined"].tolist() == [1, 0]


def test_hidden_companions_and_lock_files_are_not_read(load):
    files = {"answers.csv": text(), ".answers.csv": b"\0", "~$answers.csv": b"x"}
    assert len(load(files, STUDY.replace("answers*", "*.csv")).responses) == 20


def test_one_column_name_is_never_taken_for_another_of_other_numbers(load):
    later = text(first="S", header=HEADER.replace("region", "Q1_1"))
    study = STUDY.replace("region: region\nseg", "region: Q11\nseg")
    data = load({"answers1.csv": text(header=HEADER.replace("region", "Q11")), "answers2.csv": later}, study)
    assert data.responses["region"].isna().sum() == 20


def test_one_bad_file_of_many_is_refused_by_its_name(load):
    files = {f"answers{number}.csv": text(first=f"R{number}-") for number in range(8)}
    bad = HEADER + "\n".join(f"Z{i},C,2026-07-01,{50 + i},5,x,NO" for i in range(20))
    with pytest.raises(StudyError, match=r"20 of 20 rows of answers9\.csv are unusable \(outside 0–10\)"):
        load({**files, "answers9.csv": bad})


def test_two_rules_on_one_column_count_together(load):
    bad = [f"P{i},C,2026-07-01,{'x' if i % 2 else 55},5,x,NO" for i in range(8)]
    with pytest.raises(StudyError, match="8 of 28 rows are unusable"):
        load({"answers.csv": text(*bad)})


# What cells mean.


def test_rows_without_a_date_are_set_aside_where_dates_are_declared(load):
    data = load({"answers.csv": text("R90,C90,,9,5,x,NO")})
    assert aside(data) == [("answers.csv", 22, "responded_at", "no responded_at")]


def test_what_the_filter_leaves_out_is_nothing_else(load):
    partial = [f"P{i},C,never,,,x,Partial" for i in range(30)]
    data = load(
        {"answers.csv": text(*partial)}, STUDY.replace("    columns:", "    filter: region == 'NO'\n    columns:")
    )
    assert {rule for *_, rule in aside(data)} == {"left out by the study's filter"}


@pytest.mark.parametrize("status", ["Latest version", "Contest entry", "tested"])
def test_a_status_that_only_sounds_like_a_test_is_an_answer(status, load):
    study = without_region().replace("verbatim: why", "status: why")
    data = load(
        {"answers.csv": text(f"R90,C90,2026-07-01,9,5,{status},NO", "R91,C,2026-07-01,9,5,Survey Test,NO")}, study
    )
    assert aside(data) == [("answers.csv", 23, "status", "preview, test or spam")]


def test_previews_of_a_qualtrics_export_are_no_answers_even_if_nobody_asked(load):
    names = HEADER.strip().replace("region", "Status")
    import_ids = ",".join(['"{""ImportId"":""x""}"'] * 7)
    body = [row.replace(",NO", ",0") for row in rows()] + ["R90,C,2026-07-01,9,5,x,1", "R91,C,2026-07-01,9,5,x,8"]
    data = load({"answers.csv": "\n".join([names, "a,b,c,d,e,f,g", import_ids, *body]) + "\n"}, without_region())
    assert [row for _, row, *_ in aside(data)] == [24, 25]


def test_days_of_excel_are_dates_and_noted(load):
    body = [f"R{i},C,{46204 + i}.5,9,5,x,NO" for i in range(20)]
    data = load({"answers.csv": HEADER + "\n".join(body)})
    assert str(data.responses["responded_at"].iloc[0]) == "2026-07-01 12:00:00"
    assert notes(data)["Excel day numbers read as dates"] == 20


def test_offsets_of_every_form_come_to_one_zone_and_the_naive_are_counted(load):
    moments = ["2026-07-01T00:30:00Z", "2026-07-01 02:30:00+02", "2026-06-30T20:30:00-0400", "2026-07-01 02:30:00"]
    data = load({"answers.csv": text(*(f"R9{i},C,{moment},9,5,x,NO" for i, moment in enumerate(moments)))})
    assert set(data.responses["responded_at"].tail(4).astype("str")) == {"2026-07-01 02:30:00"}
    assert notes(data)["moments without an offset, taken to be in Europe/Berlin"] == 1


@pytest.mark.parametrize(("cell", "scale"), [("99.0", "[0, 100]"), (" 99", "[0, 100]"), ("99", "[1, 5]")])
def test_a_code_for_no_answer_is_one_in_every_spelling(cell, scale, load):
    study = STUDY.replace("scale: [1, 5]", f"scale: {scale}, missing: [99]")
    data = load({"answers.csv": text(f"R90,C90,2026-07-01,9,{cell},x,NO")}, study)
    assert data.responses["csat"].max() == 5


@pytest.mark.parametrize(
    ("cell", "codes"), [("1.0", ""), ("true", ""), ("true", ", codes: {yes: [true], no: [false]}")]
)
def test_yes_is_yes_in_every_spelling(cell, codes, load):
    study = without_region().replace("verbatim: why", f"fcr: {{from: region{codes}}}")
    assert load({"answers.csv": text().replace(",NO", f",{cell}")}, study).responses["fcr"].eq(1).all()


def test_marks_that_turn_the_reading_direction_are_gone(load):
    data = load({"answers.csv": text("R90,C90,2026-07-01,9,5,x,\u202eNO\u2069")})
    assert data.responses["region"].unique().tolist() == ["NO"]


def test_a_point_before_three_digits_is_never_silently_a_decimal(load):
    bills = "id,month,eur\n" + "".join(f"C{i},2026-07-01,{'1.250' if i % 10 == 0 else i + 100}\n" for i in range(60))
    files = {"answers.csv": text(), "bills.csv": bills}
    assert len(aside(load(files, STUDY.replace("segments", REVENUE, 1)))) == 6
    for decimal, value in {".": 1.25, ",": 1250}.items():
        column = f'revenue: {{from: eur, decimal: "{decimal}"}}'
        data = load(files, STUDY.replace("segments", REVENUE.replace("revenue: eur", column), 1))
        assert data.revenue["revenue"].iloc[0] == value


def test_revenue_that_cannot_be_used_is_set_aside_and_refunds_stay(load):
    good = "".join(f"C{i},2026-07-01,10\n" for i in range(60))
    bad = "C70,2026-07-01,inf\nC71,2026-07-01,\nC72,2026-07-01,n/a\nC1,2026-07-15,7\n,2026-07-01,5\nC74,,5\n,,6\n"
    data = load(
        {"answers.csv": text(), "bills.csv": "id,month,eur\n" + good + "C73,2026-07-01,-999\n" + bad},
        STUDY.replace("segments", REVENUE, 1),
    )
    assert data.revenue["revenue"].sum() == 590 - 999
    assert sorted((row, column, rule) for _, row, column, rule in aside(data)) == [
        (3, "customer_id", "conflicting rows"),
        (63, "revenue", "not a number"),
        (64, "revenue", "no revenue"),
        (65, "revenue", "not a number"),
        (66, "customer_id", "conflicting rows"),
        (67, "customer_id", "no customer_id"),
        (68, "month", "no month"),
        (69, "customer_id", "no customer_id"),
    ]


def test_a_customer_of_two_contents_is_set_aside_and_a_copy_counts_once(load):
    crm = "id,plan\n" + "".join(f"C{i},p\n" for i in range(20)) + "C1,q\nC2,p\n"
    data = load({"answers.csv": text(), "crm.csv": crm}, STUDY.replace("segments", CUSTOMERS, 1))
    assert len(data.customers) == 19
    assert sorted(rule for *_, rule in aside(data)) == ["a copy of another row", "conflicting rows", "conflicting rows"]


# What a study file may not ask for.


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("from: score", "from: [score, sat]", "only 'drivers' takes several"),
        ("region: region\nseg", "period: region\nseg", "cannot be called 'period'"),
        ("region: region\nseg", "region: {from: region, codes: {a: [NO], b: [NO]}}\nseg", "stands twice under 'codes'"),
        ("region: region\nseg", "fcr: {from: region, codes: {ja: [NO]}}\nseg", "codes are written {yes:"),
        ("verbatim: why", "drivers: {from: [a, b], names: [x, x], scale: [1, 5]}", "two of the 'names' are alike"),
        ("verbatim: why", "drivers: {from: [a, b], names: [nps, x], scale: [1, 5]}", "a driver cannot be called 'nps'"),
        ("verbatim: why", "drivers: [a, b]", "drivers has no scale"),
        ("responded_at: date", 'responded_at: {from: date, format: "%d %d"}', "reads no dates"),
        ("responded_at: date", "responded_at: {from: date, format: Y-m-d}", "reads no dates"),
        ("    columns:", '    delimiter: "||"\n    columns:', "a delimiter is one character"),
        ("    columns:", "    encoding: rot13\n    columns:", "there is no encoding 'rot13'"),
        ("{region: region}", "{customer_id: region}", "a segment cannot be called 'customer_id'"),
        ("{region: region}", "{who: customer_id}", "'customer_id' holds ids or texts"),
        ("{region: region}", "{level: region}", "a segment cannot be called 'level'"),
        ("{region: region}", "{b: {from: csat, bands: [3, 1]}}", "do not rise"),
        ("{region: region}", "{b: {from: csat, bands: [1], merge: {a: [b]}}}", "either bands or merged levels"),
        ("title: Test", "title: Test\ntargets: {nps: .nan}", "finite number"),
        ("title: Test", "title: 2026-13-45", "a date or number that is none"),
        ("title: Test", "title: " + "[" * 3000, "nested too deeply"),
        ("title: Test", "title: Test\nowners: &a {b: *a}", "anchors (&, *) make the file endless"),
        ("title: Test", "%YAML 1.1\n---\ntitle: Test", "a line with % before the content"),
        ("\nsegments", "\n  customers: {source: c.csv, columns: {plan: plan}}\nsegments", "no column 'customer_id'"),
        ('"answers*"', '""', "name a file, such as answers.csv"),
        ('"answers*"', '"**x"', "name a file, such as answers.csv"),
        ("    columns:", "    filter: region in 'NO'\n    columns:", "`in` needs a list"),
        ("    columns:", "    filter: region == ['NO']\n    columns:", "`in` needs a list"),
        ("    columns:", "    filter: region == True\n    columns:", "with texts in quotes or with numbers"),
        ("    columns:", "    filter: " + "not " * 3000 + "score == 1\n    columns:", "at most 500 are read"),
        ("    columns:", "    filter: __import__('os').getcwd()\n    columns:", "may only compare columns"),
    ],
)
def test_what_a_study_file_may_not_ask_for_is_said_in_a_sentence(old, new, said, load):
    assert old in STUDY
    with pytest.raises(StudyError) as error:
        load({"answers.csv": text()}, STUDY.replace(old, new, 1))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_anchors_within_anchors_are_refused_at_once(project):
    (project / "data" / "test").mkdir()
    bomb = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20))
    (project / "data" / "test" / "study.yaml").write_text(bomb)
    with pytest.raises(StudyError, match="make the file endless"):
        load_study("test")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("period: 2026-07-01", "found '2026-07-01'; a period is written"),
        ("period: 2026Q3\ncompare_to: 2026Q3", "compare_to is the period itself"),
        ("study: /etc/passwd", "'study' is an absolute path"),
    ],
)
def test_what_a_run_file_may_not_ask_for(line, said, project):
    path = project / "params" / "run.yaml"
    path.write_text(line if line.startswith("study") else f"study: test\n{line}\n")
    with pytest.raises(StudyError) as error:
        load_run(path)
    assert said in str(error.value)
