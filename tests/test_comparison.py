"""Two publications side by side: every kind of difference by its definition, and never a hidden number."""

import pytest

from cxresearch.report.comparison import UNEXPLAINED, compare
from cxresearch.report.numbers import differences
from cxresearch.report.reasons import Entry, entries, in_words

COLUMNS = ["plan", "n", "n_customers", "estimate", "flag"]
TYPES = ["str", "int", "int", "float", "str"]


def output(rows: list, columns=COLUMNS, types=TYPES, **arguments) -> dict:
    frame = {"columns": columns, "types": types, "rows": rows}
    return {"caption": "Caption", "labels": {}, "arguments": arguments, "frame": frame}


def found(before: dict | None, after: dict | None) -> list:
    sides = [{"01-a": {"t": one}} if one else {} for one in (before, after)]
    return differences(*sides)


def test_numbers_in_their_units_move_by_a_share_of_their_range():
    columns, types = ["metric", "n", "n_customers", "estimate"], ["str", "int", "int", "float"]
    before = output([["nps", 90, 90, 20.0], ["fcr", 90, 90, 0.5], ["csat", 90, 90, 4.0]], columns, types)
    after = output([["nps", 90, 90, 50.0], ["fcr", 90, 90, 0.1], ["csat", 90, 90, 3.0]], columns, types)
    told = {one.group: (one.before, one.after, round(one.size, 9)) for one in found(before, after)}
    assert told == {
        "NPS": ("20", "50", 0.3),
        "First-contact resolution": ("50%", "10%", 0.4),
        "Satisfaction (CSAT)": ("4.00", "3.00", 0.25),
    }
    # What moved most stands first.
    assert [one.size for one in found(before, after)] == sorted((0.3, 0.4, 0.25), reverse=True)


def test_estimates_are_listed_before_bases_and_moves_before_the_rest():
    before = output([["A", 100, 90, 1.0, ""], ["B", 100, 90, 1.0, ""]])
    after = output([["A", 900, 90, 1.1, ""], ["C", 100, 90, 1.0, ""]])
    told = [(one.kind, one.group, one.column) for one in found(before, after)]
    assert told[:2] == [("moved", "A", "Estimate"), ("moved", "A", "Answers")]
    assert {one[:2] for one in told[2:]} == {("appeared", "C"), ("vanished", "B")}


@pytest.mark.parametrize("turned", [False, True])
def test_a_number_that_one_side_hides_is_told_by_neither(turned):
    shown, hidden = output([["A", 400, 300, 11.25, ""]]), output([["A", None, None, None, "hidden"]])
    told = found(hidden, shown) if turned else found(shown, hidden)
    assert {one.kind for one in told} == {"hidden before" if turned else "hidden now"}
    assert {(one.before, one.after, one.values, one.size) for one in told} == {("", "", (None, None), 0.0)}


def test_a_table_that_only_one_has_appears_or_vanishes_whole():
    table = output([["A", 400, 300, 11.25, ""]])
    assert [one.kind for one in found(None, table)] == ["appeared"] * 3
    assert [one.kind for one in found(table, None)] == ["vanished"] * 3


def test_what_is_missing_infinite_or_equal_to_nine_digits_does_not_move():
    before = output([["A", 400, 300, 3.0, ""], ["B", 400, 300, None, ""], ["C", 400, 300, "inf", ""]])
    after = output([["A", 400, 300, 3.0 * (1 + 1e-12), ""], ["B", 400, 300, None, ""], ["C", 400, 300, "-inf", ""]])
    assert found(before, after) == []
    assert [one.kind for one in found(before, output([["A", 400, 300, 3.001, ""], *after["frame"]["rows"][1:]]))] == [
        "moved"
    ]


def test_names_from_data_are_one_line_of_what_people_see():
    hostile = "\x1b[31mA\n\u202eB"
    (one,) = [one for one in found(None, output([[hostile, 400, 300, 1.0, ""]])) if one.column == "Estimate"]
    assert one.group == "[31mA B"
    assert all(sign.isprintable() for sign in one.place)


BEFORE = {
    "period": "2026Q3",
    "inputs": {"a.csv": "1", "b.csv": "2", "study.yaml": "3"},
    "tables": {"responses": ["a.csv", "b.csv"]},
    "parameters": {"01-a": {"seed": 1, "period": "2026Q3"}, "02-b": {"seed": 1, "plan": {"lag": 1, "primary": "nps"}}},
    "contents": {"01-a": "x", "02-b": "y"},
    "methods": {"nps": "1"},
    "package": {"version": "1.0", "sources": "abcdefghij"},
    "packages": {"numpy": "2.4.0"},
    "lock": "0123456789",
    "python": "3.11",
}


def changed(**now: object) -> list[tuple[str, str, str, str]]:
    return [(one.part, one.what, one.before, one.now) for one in entries(BEFORE, BEFORE | now) if one.differs]


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, []),
        (
            {"inputs": {"a.csv": "9", "c.csv": "2", "study.yaml": "3"}, "tables": {"responses": ["a.csv", "c.csv"]}},
            [("Data", "table responses", "2 files", "2 files: 1 new, 1 gone, 1 changed")],
        ),
        ({"inputs": {**BEFORE["inputs"], "study.yaml": "9"}}, [("Data", "study.yaml", "1 file", "1 file: 1 changed")]),
        (
            {"inputs": {**BEFORE["inputs"], "codebook.yaml": "9"}},
            [("Data", "codebook.yaml", "0 files", "1 file: 1 new")],
        ),
        ({"period": "2026Q4"}, [("Parameters", "period", "2026Q3", "2026Q4")]),
        (
            {"parameters": {"01-a": {"seed": 2}, "02-b": {**BEFORE["parameters"]["02-b"], "seed": 2}}},
            [("Parameters", "seed of A and B", "1", "2")],
        ),
        # A run file has its keys in another order than a manifest.
        ({"parameters": {"02-b": {"plan": {"primary": "nps", "lag": 1}, "seed": 1}}}, []),
        (
            {"contents": {"01-a": "z", "03-c": "y"}},
            [
                ("Method", "page A", "there", "changed"),
                ("Method", "page B", "there", "none"),
                ("Method", "page C", "none", "there"),
            ],
        ),
        ({"methods": {"nps": "2"}}, [("Method", "text of method nps", "there", "changed")]),
        (
            {"methods": {"ces": "1", "csat": "1"}},
            [
                ("Method", "text of methods ces and csat", "none", "there"),
                ("Method", "text of method nps", "there", "none"),
            ],
        ),
        (
            {"package": {"version": "1.0", "sources": "other sources"}},
            [("Method", "cxresearch", "1.0 (abcdefgh)", "1.0 (other so)")],
        ),
        (
            {"lock": "other lock", "packages": {"numpy": "2.4.1", "scipy": "1.17"}},
            [("Method", "installed packages", "numpy 2.4.0 and scipy none", "numpy 2.4.1 and scipy 1.17")],
        ),
        ({"lock": "other lock"}, [("Method", "installed packages", "01234567", "other lo")]),
        ({"python": "3.12"}, [("Method", "Python", "3.11", "3.12")]),
    ],
)
def test_all_that_a_report_rests_on_is_compared(now, told):
    assert changed(**now) == told


def test_what_an_older_manifest_does_not_record_is_not_compared():
    older = {name: BEFORE[name] for name in BEFORE if name not in ("tables", "methods", "packages")}
    assert [one for one in entries(older, BEFORE) if one.differs] == []
    assert [one.what for one in entries(older, BEFORE)] == ["table responses", "study.yaml"]


def test_reasons_are_told_by_part_and_where_there_is_none_that_is_told():
    told = in_words([Entry("Data", name, "a", "b") for name in ("x", "y")] + [Entry("Method", "z", "a", "b")])
    assert told == ("data (x and y)", "method (z)")
    assert compare(BEFORE, BEFORE, {}, {}).reasons == (UNEXPLAINED,)
