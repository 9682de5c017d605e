"""Exports that real systems and real people produce, and what must become of each."""

from pathlib import Path

import pandas as pd
import pytest

import cxresearch as cx
from cxresearch.intake.join import join
from cxresearch.study import StudyError

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
      nps: {from: score, missing: [99, "don't know"]}
      csat: {from: sat, scale: [1, 5]}
      verbatim: why
      region: region
segments: {region: region}
"""
HEADER = "id,customer,date,score,sat,why,region\n"


def rows(count: int = 20) -> list[str]:
    return [f"R{i},C{i},2026-07-{i % 28 + 1:02d},{i % 11},{i % 5 + 1},text {i},North" for i in range(count)]


@pytest.fixture
def load(project: Path):
    """Return a function that writes an export (and study file) and loads it."""
    folder = project / "data" / "test"
    folder.mkdir()

    def loaded(export: str | bytes, study: str = STUDY, name: str = "answers.csv", period: str = "2026Q3"):
        (folder / name).write_bytes(export if isinstance(export, bytes) else export.encode())
        (folder / "study.yaml").write_text(study)
        return cx.load("test", period=period)

    return loaded


def export(*changed: str, header: str = HEADER) -> str:
    """Return twenty good rows followed by the changed ones."""
    return header + "\n".join([*rows(), *changed]) + "\n"


def set_aside(study) -> list[tuple[int, str, str]]:
    tables = study.quality.tables
    assert (tables["rows_in"] == tables["accepted"] + tables["quarantined"]).all()
    assert len(study.quality.quarantine) == tables["quarantined"].sum()
    return list(study.quality.quarantine[["row", "column", "rule"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("R90,C90,2026-07-01,11,5,x,North", "nps", "outside 0–10"),
        ("R90,C90,2026-07-01,-1,5,x,North", "nps", "outside 0–10"),
        ("R90,C90,2026-07-01,8.5,5,x,North", "nps", "not a whole number"),
        ("R90,C90,2026-07-01,ten,5,x,North", "nps", "not a number"),
        ("R90,C90,2026-07-01,1e1,5,x,North", "nps", "not a number"),
        ("R90,C90,yesterday,9,5,x,North", "responded_at", "not an ISO date; declare its `format:`"),
        ("R90,C90,2026-02-30,9,5,x,North", "responded_at", "not an ISO date; declare its `format:`"),
        ("R90,C90,1970-01-01,9,5,x,North", "responded_at", "an impossible date; declare placeholders under `missing:`"),
        (",C90,2026-07-01,9,5,x,North", "response_id", "no response_id"),
        ("R90,C90,2026-07-01,9,5,x", "", "6 fields where the header has 7"),
        ("R90,C90,2026-07-01,9,5,x,y,North", "", "8 fields where the header has 7"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_rule_and_the_rest_is_used(row, column, rule, load):
    study = load(export(row, *rows(40)[20:]))
    assert set_aside(study) == [(22, column, rule)]
    assert len(study.responses) == 40


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("9.0", 9),
        (" 9 ", 9),
        ("\u00a09", 9),
        ("\uff11\uff10", 10),
        ("\u0669", 9),
        ("10 - Extremely likely", 10),
        ("0 = Not at all", 0),
    ],
)
def test_scores_in_other_spellings_are_the_same_scores(cell, value, load):
    study = load(export(f"R90,C90,2026-07-01,{cell},5,x,North"))
    assert study.responses.set_index("response_id").loc["R90", "nps"] == value


@pytest.mark.parametrize("cell", ["", "99", "don't know", "Don't Know"])
def test_declared_codes_and_blanks_are_missing_never_promoters(cell, load):
    study = load(export(f"R90,C90,2026-07-01,{cell},5,x,North"))
    assert pd.isna(study.responses.set_index("response_id").loc["R90", "nps"])
    assert set_aside(study) == []


def test_words_that_pandas_takes_for_missing_stay_words(load):
    study = load(export("R90,C90,2026-07-01,9,5,None,NA"))
    assert study.responses["region"].iloc[-1] == "NA"


def test_ids_keep_leading_zeros_and_all_digits(load):
    study = load(
        export(
            "R90,00123,2026-07-01,9,5,x,North",
            "R91,90071992547409931,2026-07-01,9,5,x,North",
            "R92,,2026-07-01,9,5,x,N",
        )
    )
    assert study.responses["customer_id"].tail(3).tolist()[:2] == ["00123", "90071992547409931"]
    assert study.responses["customer_id"].isna().sum() == 1


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", ",\n").encode(),
        lambda text: text.replace("\n", "\n\n").encode(),
        lambda text: text.replace("text", "te\0\x1bxt").encode(),
    ],
    ids=[
        "bom",
        "cp1252",
        "utf-16",
        "semicolon",
        "tab",
        "sep=",
        "old Mac",
        "Windows",
        "trailing delimiter",
        "blank lines",
        "NUL",
    ],
)
def test_the_same_answers_in_another_dress(encode, load):
    text = export("R90,C90,2026-07-01,9,5,café,Süd")
    plain = load(text).responses
    dressed = load(encode(text)).responses
    pd.testing.assert_frame_equal(dressed, plain)
    assert dressed["region"].iloc[-1] == "Süd"


def test_gzip_and_parquet_and_xlsx_give_the_same(load, project):
    import gzip

    text = export()
    plain = load(text).responses
    folder = project / "data" / "test"
    frame = pd.read_csv(folder / "answers.csv", dtype="str", keep_default_na=False)
    pd.testing.assert_frame_equal(
        load(gzip.compress(text.encode()), STUDY.replace("answers*", "answers.csv.gz"), "answers.csv.gz").responses,
        plain,
    )
    frame.to_parquet(folder / "answers.parquet")
    pd.testing.assert_frame_equal(load(b"", STUDY.replace("answers*", "answers.parquet"), "x").responses, plain)
    frame.astype({"score": int}).to_excel(folder / "answers.xlsx", index=False)
    pd.testing.assert_frame_equal(load(b"", STUDY.replace("answers*", "answers.xlsx"), "x").responses, plain)


def test_line_breaks_quotes_and_delimiters_inside_a_cell_are_one_row(load):
    study = load(export('R90,C90,2026-07-01,9,5,"one, ""two""\nthree",North'))
    assert len(study.responses) == 21


def test_a_file_cut_off_in_its_last_row_says_so(load):
    study = load(export("R90,C90,2026-0")[:-1])
    assert set_aside(study) == [(22, "", "the file ends inside this row")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        (HEADER, "a header and no rows"),
        ("<!DOCTYPE html><html>sign in</html>", "is a web page"),
        (b"PK\x03\x04rest", "workbook or zip archive"),
        (export('R90,C90,2026-07-01,9,5,"never closed,North'), "never closed"),
        (export(header=HEADER.replace("score", "points")), "has no column 'score'"),
        (export(header=HEADER.replace("sat", "score")), "the column 'score' stands twice"),
        (
            HEADER + "\n".join(row.replace("2026-07-", "13/07/").replace(",North", ",North") for row in rows()),
            "unusable",
        ),
        (HEADER + "\n".join(f"R{i},C,2026-07-01,{i},{50 + i},x,N" for i in range(10)), "unusable (outside 1–5)"),
    ],
    ids=[
        "empty",
        "header only",
        "html",
        "zip",
        "unclosed quote",
        "no column",
        "double column",
        "other dates",
        "csat on 0-100",
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(content, said, load):
    with pytest.raises(StudyError) as error:
        load(content)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_utf8_set_aside_just_their_rows(load):
    bad = export("R90,C90,2026-07-01,9,5,caf\u00e9,North").encode() + b"R91,C91,2026-07-01,9,5,\xff\xfe,North\n"
    study = load(bad)
    assert set_aside(study) == [(23, "", "not valid UTF-8")]


def test_copies_count_once_and_conflicts_not_at_all(load):
    study = load(export(rows()[3], "R5,C5,2026-07-06,0,1,other,North"))
    assert sorted(rule for _, _, rule in set_aside(study)) == [
        "a copy of another row",
        "conflicting rows",
        "conflicting rows",
    ]
    assert "R3" in set(study.responses["response_id"])
    assert "R5" not in set(study.responses["response_id"])


def test_texts_are_kept_without_what_was_taken_out_of_them(load, project):
    study = load(export("R90,C90,2026-07-01,9,5,write to jane@example.org,North", "R91,C91,2026-07-01,9,5, ,North"))
    assert study.responses["has_comment"].tolist() == [True] * 21 + [False]
    assert study.responses["verbatim"].iloc[20] == "write to [email]"
    assert study.responses["verbatim"].isna().tolist() == [False] * 21 + [True]
    kept = [path for path in (project / ".cache").rglob("*") if path.is_file()]
    assert kept
    assert [path.name for path in kept if b"jane" in path.read_bytes()] == []


def test_quarantine_never_holds_what_stood_in_a_cell(load):
    study = load(export("R90,secret@example.org,2026-07-01,elf,5,my card 4111,North"))
    shown = study.quality.quarantine.to_csv() + study.quality.notes.to_csv()
    assert "secret" not in shown
    assert "4111" not in shown
    assert "elf" not in shown.replace("self", "")


def test_moments_are_counted_in_the_studys_timezone(load):
    study = load(export("R90,C90,2026-06-30T23:30:00Z,9,5,x,North"))
    assert str(study.responses["responded_at"].iloc[-1]) == "2026-07-01 01:30:00"


def test_a_period_without_answers_names_those_there_are(load):
    with pytest.raises(StudyError, match="period 2027Q1: the study has no answers in it; it has 2026Q3 to 2026Q3"):
        load(export(), period="2027Q1")


def test_an_unknown_segment_names_the_nearest(load):
    with pytest.raises(StudyError, match="no column 'regoin' after intake; the nearest known one is 'region'"):
        load(export(), STUDY.replace("segments: {region: region}", "segments: {region: regoin}"))


def test_the_latest_answer_of_a_customer_counts_once(load):
    study = load(export("R90,C1,2026-08-30,0,1,x,North"))
    assert len(study.responses) == 21
    mine = study.answers()
    assert len(mine) == 20
    assert mine.set_index("customer_id").loc["C1", "nps"] == 0


def test_answers_on_another_scale_are_counted_and_not_used(load):
    changed = STUDY + "    scale_changes: {csat: [{until: 2026-07-10, scale: [0, 100]}]}\n"
    changed = changed.replace("segments: {region: region}\n", "") + "segments: {region: region}\n"
    text = (
        HEADER + "\n".join(f"R{i},C{i},2026-07-{i + 1:02d},9,{80 if i < 10 else 4},x,North" for i in range(20)) + "\n"
    )
    study = load(text, changed)
    assert study.responses["csat"].notna().sum() == 10
    assert study.quality.notes["note"].str.contains("another scale, 0–100").any()


def test_the_same_file_in_another_column_order_gives_the_same_answers(load):
    plain = load(export()).responses
    frame = pd.read_csv(pd.io.common.StringIO(export()), dtype="str")
    turned = load(frame[frame.columns[::-1]].to_csv(index=False)).responses
    pd.testing.assert_frame_equal(turned, plain)


def test_blank_keys_join_nothing_and_no_row_is_made_or_lost():
    left = pd.DataFrame({"customer_id": ["a", None, "b", "a"], "nps": [1, 2, 3, 4]})
    right = pd.DataFrame({"customer_id": ["a", None, None], "plan": ["x", "y", "z"]})
    joined, audit = join(left, right, "customer_id", name="test")
    assert joined["plan"].isna().tolist() == [False, True, True, False]
    assert audit[["rows_before", "rows_after", "matched", "unmatched", "blank"]].iloc[0].tolist() == [4, 4, 2, 1, 1]


def test_a_join_that_would_multiply_rows_is_refused():
    left = pd.DataFrame({"customer_id": ["a"]})
    with pytest.raises(ValueError, match="1 keys stand more than once"):
        join(left, pd.DataFrame({"customer_id": ["a", "a"], "plan": ["x", "y"]}), "customer_id", name="test")
