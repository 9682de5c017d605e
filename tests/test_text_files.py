"""Text files as they come: encodings, delimiters, quotation marks, archives, and what stands around a table."""

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxresearch.intake import delimited, records
from cxresearch.intake.notes import Note
from cxresearch.intake.read import read
from cxresearch.intake.source import Source
from cxresearch.strict_yaml import StudyError

TABLE = "id,score,why\n" + "".join(f"R{i},{i % 11},text {i}\n" for i in range(12))


@pytest.fixture
def source(tmp_path: Path):
    """Return a function that writes a file and reads it."""

    def made(content: str | bytes, name: str = "answers.csv", **declared) -> Source:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **declared)

    return made


@pytest.fixture
def refusal(source):
    """Return a function that writes a file and returns the sentence that refuses it."""

    def said(content: str | bytes, name: str = "answers.csv", **declared) -> str:
        with pytest.raises(StudyError) as error:
            source(content, name, **declared)
        assert "\n" not in str(error.value)
        assert "text 1" not in str(error.value)
        return str(error.value)

    return said


def notes(found: Source) -> dict[str, int]:
    return {note.note: note.rows for note in found.notes}


def flags(found: Source) -> dict[str, int]:
    return {note.note: note.rows for note in found.notes if note.kind == "flag"}


def zipped(members: dict[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


# The fast way and the careful way are one.


def by_definition(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return number and cells of the records that are not blank, by the csv module alone."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [(number, cells) for number, cells in enumerate(reader, start=1) if any(map(str.strip, cells))]


PIECES = ["a", "é", "\u3000", "\u00a0", " ", "\t", ",", ",,", ";", '"', '""', '","', "\n", "\r", "\r\n", "10", "あ"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(",;\t"))
@example('a,b\n"x\r\ny","z"\r\r\n , \n\n"q"', ",")
@example('"a"\r"b', ",")
def test_records_on_bytes_are_those_of_the_csv_module(text, delimiter):
    try:
        expected = by_definition(text, delimiter)
    except csv.Error:
        assert records.indexed(text.encode(), delimiter) is None
        with pytest.raises(csv.Error):
            records.read_strictly(text, delimiter)
        return
    careful = records.read_strictly(text, delimiter)
    fast = records.indexed(text.encode(), delimiter)
    for found in (careful, *([fast] if fast else [])):
        assert [(int(found.numbers[row]), found.cells(row)) for row in range(len(found))] == expected
        assert found.widths.tolist() == [len(cells) for _, cells in expected]
        for width in {len(cells) for _, cells in expected}:
            same = found.only(found.widths == width).table(width)
            assert list(zip(*(column.to_pylist() for column in same.columns), strict=True)) == [
                tuple(cells) for _, cells in expected if len(cells) == width
            ]
    if fast:
        assert fast.origins.tolist() == careful.origins.tolist()


ROW = st.lists(st.sampled_from(["", "x", "é", " ", '"q, ""r"""', '"line\nbreak"', "\x07b"]), min_size=1, max_size=5)
LINE = st.builds(
    lambda cells, end: ",".join(cells) + end, ROW, st.sampled_from(["\n", "\r\n", "\r", ",\n", "\n\n", "\n,,\n"])
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["id,b,c", "id,b,", 'id,"b\nb",c', "id"]), st.lists(LINE, max_size=8), st.booleans())
def test_both_ways_make_the_same_source(header, lines, cut):
    text = header + "\n" + "".join(lines)
    content = (text[:-1] if cut else text).encode()
    made = []
    for way in (records.indexed, lambda data, delimiter: None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "indexed", way)
            patch.setattr(Path, "read_bytes", lambda _: content)
            try:
                made.append(delimited.read_delimited(Path("answers.csv"), ","))
            except StudyError as error:
                made.append(str(error))
    fast, careful = made
    if isinstance(fast, str) or isinstance(careful, str):
        assert fast == careful
        return
    pd.testing.assert_frame_equal(fast.frame, careful.frame)
    assert (fast.rejected, fast.notes, fast.wordings) == (careful.rejected, careful.notes, careful.wordings)


def test_a_quotation_mark_across_blocks_is_one(monkeypatch):
    text = "a,b\n" + "".join(f'{i},"x, ""{i}""\n y"\n' for i in range(50))
    whole = records.indexed(text.encode(), ",")
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(records, "BLOCK", size)
        parts = records.indexed(text.encode(), ",")
        assert parts.starts.tolist() == whole.starts.tolist()
        assert parts.widths.tolist() == [2] * 51


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_of_every_kind_across_blocks(end, source, monkeypatch):
    monkeypatch.setattr(records, "ARROW_BLOCK", 64)
    text = "id,score,why\n" + "".join(f'R{i},{i % 11},"text\r\n{i}"\n' for i in range(300))
    found = source(text.replace("\n", end).replace("\r\r", "\r"))
    assert found.frame["id"].tolist() == [f"R{i}" for i in range(300)]
    assert len(found.frame["score"]) == 300


def test_a_quotation_mark_within_a_field_is_read_as_it_stands(source):
    found = source(TABLE + 'R12,3,5" pipe\nR13,4,x "y" z\n')
    assert found.frame["why"].tolist()[-2:] == ['5" pipe', 'x "y" z']


@pytest.mark.parametrize("line", [4, 9])
def test_a_quotation_mark_never_closed_is_refused_with_its_line(line, refusal):
    rows = TABLE.splitlines()
    rows[line - 1] = rows[line - 1].replace("text", '"text')
    assert f"at or after line {line} is never closed" in refusal("\n".join(rows) + "\n")


def test_what_does_not_fit_is_set_aside_by_its_number(source):
    found = source(TABLE + '\n , ,\nR12,3,a, b\n"R13\n",4,fine\nR14,5\nR15,')
    assert found.rejected == {
        16: "4 fields where the header has 3",
        18: "2 fields where the header has 3",
        19: "the file ends inside this row",
    }
    assert found.frame.loc[17].tolist() == ["R13\n", "4", "fine"]


def test_a_delimiter_at_the_end_of_lines_makes_no_column(source):
    plain = source(TABLE).frame
    rows_only = TABLE.replace("\n", ",\n").replace("why,", "why", 1)
    pd.testing.assert_frame_equal(source(rows_only).frame, plain)
    for text in (TABLE.replace("\n", ",\n"), TABLE.replace("id,score,why\n", "id,score,why,\n"), TABLE + "R,1,x,,,\n"):
        assert source(text).frame.columns.tolist() == ["id", "score", "why"]
    pd.testing.assert_frame_equal(source(TABLE.replace("\n", ",\n")).frame, plain)
    assert source(TABLE.replace("why\n", "why,\n") + "R,1,x,,,\n").frame.shape == (13, 3)
    assert source(TABLE + "R,1,x,,,\n").rejected == {14: "6 fields where the header has 3"}


# Encodings.

WORDS = {
    "French": "Très déçu à l’hôtel, çà et là",
    "German": "Für größere Städte zu schwierig",
    "Spanish": "¿Dónde está el señor? Mañana",
    "Portuguese": "Não há informação útil",
    "Danish": "blåbær på tærte, øl",
    "English": "I don’t think it’s “great” – café, wait…",
    "money": "about 50 € more, £5",
    "capitals": "ÄRGER ÜBERALL, ÉTÉ",
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"])
def test_every_encoding_gives_the_same_words(words, encoding, source):
    found = source((TABLE + f'R90,9,"{words}"\n').encode(encoding))
    assert found.frame["why"].iloc[-1] == words
    assert f"encoding {encoding.removesuffix('-sig')}" in notes(found)
    assert not flags(found)


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_with_a_mark_is_read_and_without_one_named(order, source, refusal):
    mark = "\ufeff".encode(f"utf-16-{order}")
    assert source(mark + TABLE.encode(f"utf-16-{order}")).frame.shape == (12, 3)
    assert f"`encoding: utf-16-{order}`" in refusal(TABLE.encode(f"utf-16-{order}"))
    half = (TABLE + "R90,9,\ud83d\n").encode(f"utf-16-{order}", "surrogatepass")
    assert source(mark + half).rejected == {14: "not valid UTF-8"}


@pytest.mark.parametrize("words", ["Año nuevo", "customers’ calls"])
def test_an_encoding_that_could_be_either_is_asked_for(words, source, refusal):
    content = (TABLE + f"R90,9,{words}\n").encode("cp1252")
    assert "may be Windows-1252 or Mac Roman; write `encoding: cp1252` or" in refusal(content)
    assert source(content, encoding="cp1252").frame["why"].iloc[-1] == words


@pytest.mark.parametrize(
    ("words", "encoding"),
    [("Привет мир", "cp1251"), ("你好世界", "gbk"), ("こんにちは", "shift_jis"), ("Zażółć gęślą jaźń", "cp1250")],
)
def test_words_of_no_western_language_are_never_guessed(words, encoding, refusal, source):
    content = ("id,score,why\n" + f"R1,9,{words}\n" * 12).encode(encoding)
    assert "neither Windows-1252 nor Mac Roman makes words of it" in refusal(content)
    assert set(source(content, encoding=encoding).frame["why"]) == {words}
    one = source((TABLE + f"R90,9,{words}\n").encode(encoding))
    assert one.rejected == {14: "not valid UTF-8"}
    assert "\x1a" not in "".join(one.frame.to_numpy().ravel())


def test_lines_of_another_encoding_are_read_and_counted(source):
    lines = [f"R9{i},9,{words}\n" for i, words in enumerate(WORDS.values())]
    content = TABLE.encode() + b"".join(line.encode() + line.encode("cp1252") for line in lines)
    found = source(content)
    assert flags(found) == {"a line in cp1252 within a file in utf-8, read as such": len(lines)}
    frame = source((TABLE + "".join(2 * line for line in lines)).encode()).frame
    pd.testing.assert_frame_equal(found.frame, frame)


def test_a_damaged_line_among_those_of_another_encoding_is_no_text(source):
    found = source((TABLE + "R80,9,café\n").encode() + ("R81,9,déçu\n" * 9).encode("cp1252") + b"R90,9,\xd0\xff\xfe\n")
    assert found.rejected == {24: "not valid UTF-8"}
    assert flags(found)["a line in cp1252 within a file in utf-8, read as such"] == 9


def test_rows_are_counted_where_they_stand_whatever_was_mended_before_them(source):
    long = "R70,9," + "\u0092" * 90 + "\x07" * 90 + "\n"
    rows = "".join(f"R8{i},9,\u0093\x07\n" for i in range(9))
    found = source(TABLE + long + rows)
    assert sorted(note.rows for note in found.notes if note.rows) == [10, 10]


def test_bytes_of_no_encoding_set_aside_just_their_rows(source):
    for good in ("", "R80,9,café\n"):
        content = (TABLE + good).encode() + b"R91,9,\xff\xfe\nR92,9,\xed\xa0\xbd\nR93,9,fine\n"
        found = source(content)
        assert set(found.rejected.values()) == {"not valid UTF-8"}
        assert len(found.rejected) == 2
        assert found.frame["id"].iloc[-1] == "R93"
        assert "encoding utf-8, with invalid bytes" in flags(found)


def test_text_garbled_before_the_export_is_flagged_and_kept(source):
    garbled = ["dÃ©Ã§u", "donâ€™t", "5Â £", "SÃ£o", "‚Äôs", "lost \ufffd"]
    found = source(TABLE + "".join(f"R9{i},9,{text}\n" for i, text in enumerate(garbled)) + "R99,9,SÃO Â É\n")
    assert found.frame["why"].tolist()[12:-1] == garbled
    assert sorted(flags(found).values()) == [1, 4]
    assert not flags(source(TABLE + "R99,9,SÃO Âge Ça √ ’\n"))


def test_c1_characters_become_what_their_bytes_are_and_are_counted(source, refusal):
    text = TABLE + "R90,9,don\u0092t \u0093x\u0094\nR91,9,\u0080 5\n"
    found = source(text)
    assert found.frame["why"].tolist()[-2:] == ["don’t “x”", "€ 5"]
    assert list(flags(found).values()) == [2]
    assert "control characters where quotation marks" in refusal(
        (TABLE + "R90,9,don’t\n").encode("cp1252"), encoding="latin-1"
    )


def test_a_declared_encoding_that_is_wrong_is_refused(refusal):
    assert "is UTF-8 and not cp1252" in refusal(TABLE + "R90,9,café\n", encoding="cp1252")
    assert "cannot be read as utf-16" in refusal(b"\xff\xfe\x00", encoding=None)


def test_control_characters_are_removed_and_their_rows_counted(source):
    text = TABLE.replace("text 3", "te\0x\x1b\x1at 3").replace("text 7", '"te\n\x07xt\x08 7"').replace("R9", "\x7fR9")
    found = source(text)
    assert Note("control characters removed", 3, "normalised") in found.notes
    assert found.frame["why"].tolist()[3] == "text 3"
    assert found.frame["why"].tolist()[7] == "te\nxt 7"
    assert found.frame["id"].tolist()[9] == "R9"
    odd = source(text + 'R12,1,5" pipe\n')
    assert Note("control characters removed", 3, "normalised") in odd.notes


# Delimiters.


@pytest.mark.parametrize("delimiter", list(",;\t|^~:¦§!#"))
def test_any_delimiter_that_stands_alike_in_every_line_is_found(delimiter, source):
    found = source(TABLE.replace(",", delimiter))
    assert found.frame.shape == (12, 3)
    assert f"delimiter {delimiter!r}" in notes(found)


def test_decimal_commas_and_lists_in_cells_are_no_delimiters(source):
    commas = "id;price;spent\n" + "".join(f"R{i};1,5;2,{i}\n" for i in range(12))
    assert source(commas).frame["price"].unique().tolist() == ["1,5"]
    lists = "id,devices,when\n" + "".join(f"R{i},a;b;c|d,10:3{i % 10}:00\n" for i in range(12))
    assert source(lists).frame.shape == (12, 3)


@pytest.mark.parametrize(
    "rows", ['"Good, but dear"\n', "10:30:00\n", "slow; dear\n", "slow; dear\nslow\n", "a|b|c\nd\ne|f\n", "x=1 y=2\n"]
)
def test_one_column_stays_one(rows, source):
    found = source("why\n" + rows * 9)
    assert found.frame.shape == (9 * rows.count("\n"), 1)
    assert found.rejected == {}


# Archives and strangers.


@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_zip_archive_of_one_data_file_is_that_file(folder, source):
    others = {"__MACOSX/._answers.csv": "x", "export/.hidden.csv": "x", "read me.md": "x", "empty/": ""}
    found = source(zipped({f"{folder}answers.csv": TABLE, **others}), "answers.zip")
    pd.testing.assert_frame_equal(found.frame, source(TABLE).frame)


def test_a_workbook_in_a_zip_archive_is_read(source, tmp_path):
    frame = pd.read_csv(io.StringIO(TABLE), dtype="str")
    frame.to_excel(tmp_path / "one.xlsx", index=False)
    assert source(zipped({"one.xlsx": (tmp_path / "one.xlsx").read_bytes()}), "a.zip").frame.shape == (12, 3)


@pytest.mark.parametrize("name", ["answers.csv.gz", "answers.tsv.gz", "answers.txt.gz"])
def test_gzipped_text_is_text(name, source):
    assert source(gzip.compress(TABLE.encode()), name).frame.shape == (12, 3)


def encrypted() -> bytes:
    content = bytearray(zipped({"answers.csv": TABLE}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (zipped({"a.csv": TABLE, "b.xlsx": "x"}), "a.zip", "it holds a.csv, b.xlsx"),
        (zipped({"a.md": "x"}), "a.zip", "it holds none"),
        (zipped({"../a.csv": TABLE}), "a.zip", "names a file outside its folder"),
        (zipped({"/etc/a.csv": TABLE}), "a.zip", "names a file outside its folder"),
        (zipped({"C:\\a.csv": TABLE}), "a.zip", "names a file outside its folder"),
        (encrypted(), "a.zip", "protected by a password"),
        (zipped({"a.csv": TABLE})[:-40], "a.zip", "cut off or damaged"),
        (TABLE, "a.zip", "cut off or damaged"),
        (zipped({"a.csv": TABLE}), "a.csv", "is a workbook or zip archive by content"),
        (TABLE, "a.xlsx", "is no workbook but text by content; rename it .csv"),
        (bytes(range(256)) * 40, "a.csv", "a.csv: is n"),
        (b"\x7fELF" + bytes(3000) + b"text", "a.csv", "is no text by content"),
        ('[{"id": 1}]', "a.csv", "is JSON by content"),
    ],
)
def test_what_is_packed_or_named_wrongly_is_refused_in_a_sentence(content, name, said, refusal):
    assert said in refusal(content, name)


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "a.csv.gz"), (lambda x: zipped({"a.csv": x}), "a.zip")])
def test_an_archive_that_unpacks_to_too_much_is_refused(pack, name, refusal, monkeypatch):
    monkeypatch.setattr("cxresearch.intake.archive.MOST_UNPACKED", 10**6)
    assert "unpacks to more than" in refusal(pack(b"a,b\n" * 10**6), name)


def test_nothing_unpacked_is_left_behind(source, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source(zipped({"answers.csv": TABLE}), "answers.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["answers.zip"]


# What stands around a table.


@pytest.mark.parametrize("titles", ["Survey of July\n", "Survey of July,,\n\n", "\n\nSurvey\nConfidential\n"])
def test_titles_above_the_header_are_left_out_and_noted(titles, source):
    found = source(titles + TABLE)
    assert found.frame.columns.tolist() == ["id", "score", "why"]
    assert found.frame.index[0] == titles.count("\n") + 2
    assert notes(found)["rows above the header were left out"] == sum(bool(line) for line in titles.split("\n"))


@pytest.mark.parametrize("total", ["Total,123,\n", "Total,123\n", "Grand total:,123", "Total,12,\nAverage,5.1,\n"])
def test_totals_under_the_rows_are_no_answers(total, source):
    found = source(TABLE + total)
    assert len(found.frame) == 12
    assert set(found.rejected.values()) == {"a note or a total under the table"}
    assert list(found.rejected) == list(range(14, 14 + len(found.rejected)))


def test_a_last_answer_that_only_speaks_of_a_total_stays(source):
    assert len(source(TABLE + "Total rubbish,9,\n").frame) == 13
    assert len(source(TABLE + "Total,9,full row\n").frame) == 13


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,score\n", "there is a header and no rows"),
        ("id,score,id\n1,2,3\n", "the column 'id' stands twice"),
        ("1,2026-07-01,9\n2,2026-07-02,8\n", "numbers or marks only, where the names of the columns belong"),
        ("\n\r\n,,\n", "the file is empty"),
        (b"id,caf\xe9\xff\n1,2\n", "name its `encoding:`"),
    ],
)
def test_a_header_that_is_none_is_refused(content, said, refusal):
    assert said in refusal(content)


def test_line_breaks_in_names_are_blanks(source):
    names = source(TABLE.replace("score", '"overall\r\nscore "')).frame.columns
    assert names.tolist() == ["id", "overall score", "why"]


def test_a_cell_of_a_megabyte_beside_small_ones_is_read(source, monkeypatch):
    monkeypatch.setattr(records, "ARROW_BLOCK", 2**16)
    found = source(TABLE + f'R90,9,"{"x," * 10**6}"\n' + "R91,9,y\n")
    assert found.frame["why"].str.len().tolist()[-2:] == [2 * 10**6, 1]
