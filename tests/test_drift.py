"""What differs between the files of one table is said with counts, and never with a cell."""

from pathlib import Path

import pandas as pd
import pytest

from cxresearch.intake.accept import accept
from cxresearch.intake.drift import drift, wordings
from cxresearch.intake.source import Source
from cxresearch.schema import Study, Table
from cxresearch.study import load_study, source_files

ASKED = "How likely are you to recommend us?"
COLUMNS = {"response_id": "id", "responded_at": {"from": "day", "format": "%Y-%m-%d"}, "nps": "Q1", "region": "region"}


def table(**more) -> Table:
    return Table.model_validate({"source": "*.csv", "columns": {**COLUMNS, **more}})


def source(file: str, wording: str = "", **columns) -> Source:
    """Return a file of four answers; each column may be given otherwise, or left out by None."""
    given = {"id": [f"{file[0]}{n}" for n in range(4)], "day": ["2026-01-05"] * 4, "Q1": ["9", "8", "3", "10"]}
    given |= {"region": ["North", "South", "South", "North"]} | columns
    frame = pd.DataFrame({name: cells for name, cells in given.items() if cells is not None}, dtype="str")
    return Source(file, frame.set_axis(range(2, 6)), {"Q1": wording} if wording else {})


def said(*sources: Source, **more) -> list[tuple[str, str, int]]:
    notes = drift(list(sources), table(**more))
    assert all(note.kind == "flag" for note in notes)
    return [(note.column, note.note, note.rows) for note in notes]


def test_files_that_agree_give_no_note():
    assert said(source("a.csv", ASKED), source("b.csv", ASKED)) == []
    assert said(source("a.csv")) == []


def test_columns_that_come_go_and_change_their_name():
    first = source("a.csv", region=None, Q7=["1"] * 4, Q8=["1"] * 4, Q9=["1"] * 4, Q10=["1"] * 4)
    assert said(first, source("b.csv")) == [
        ("region", "column is new from b.csv on", 0),
        ("", "4 columns (Q7, Q8, Q9 and 1 more) that the study does not use gone from b.csv on", 0),
    ]
    renamed = source("b.csv", region=None, REGION=["North", "South", "South", "North"])
    assert said(source("a.csv"), renamed) == [("region", "column is spelled in 2 ways between files", 0)]


@pytest.mark.parametrize(
    ("column", "cells", "note", "rows"),
    [
        ("Q1", ["very", "not", "quite", "very"], "cells are words from b.csv on, numbers before", 0),
        ("day", ["05.01.2026"] * 4, "cells are of the form '9.9.9' from b.csv on, of the form '9-9-9' before", 0),
        ("region", ["1", "2", "2", "1"], "cells are numbers from b.csv on, words before", 0),
        ("region", ["East", "South", "South", "East"], "1 of 2 levels in b.csv are unknown to the file before", 2),
    ],
)
def test_cells_of_another_kind_or_other_levels(column, cells, note, rows):
    target = {"Q1": "nps", "day": "responded_at"}.get(column, column)
    assert (target, note, rows) in said(source("a.csv"), source("b.csv", **{column: cells}))


def test_declared_codes_and_rare_new_levels_are_no_drift():
    codes = {"from": "region", "codes": {"north": ["North", "N"], "south": ["South", "S"]}}
    assert said(source("a.csv"), source("b.csv", region=["N", "S", "S", "N"]), region=codes) == []
    many = [source(name, region=["North"] * 4) for name in ("a.csv", "b.csv")]
    many = [one.__class__(one.file, pd.concat([one.frame] * 5, ignore_index=True)) for one in many]
    many[1].frame.loc[[0, 1, 2, 3], "region"] = "East"  # a fifth of 20 rows, not more
    assert not [note for note in drift(many, table()) if "levels" in note.note]


@pytest.mark.parametrize(
    ("wording", "changed"),
    [
        ("How likely are you\u00a0 to recommend us?", False),
        ("How likely are you to \u200brecommend us?", False),
        ("How likely are you to recommend us to a friend?", True),
        ("how likely are you to recommend us?", True),
    ],
)
def test_a_changed_wording_is_more_than_white_space(wording, changed):
    found = said(source("a.csv", ASKED), source("b.csv", wording))
    assert bool(found) == changed
    if changed:
        assert found == [("nps", f"asked in other words from b.csv on: “{wording}”, before: “{ASKED}”", 4)]


def test_kinds_of_quotes_make_no_other_wording_and_long_ones_are_cut():
    assert said(source("a.csv", "Is it 'good'?"), source("b.csv", "Is it ‘good’?")) == []
    ((_, note, _),) = said(source("a.csv", ASKED), source("b.csv", "x" * 300))
    assert "x" * 79 + "…" in note
    assert "x" * 80 not in note


def test_ids_in_two_files_are_counted_as_copies_and_conflicts():
    first = source("a.csv", id=["1", "2", "3", "4"])
    second = source("b.csv", id=["3 ", "4", "5", "6"], Q1=["3", "0", "1", "1"], region=["South", "North", "x", "x"])
    third = source("c.csv", id=["7", "8", "9", "3"], Q1=["1", "1", "1", "0"])
    found = [(column, note, rows) for column, note, rows in said(first, second, third) if "stands in" in note]
    assert found == [
        ("response_id", "stands in a.csv and in b.csv: 1 with the same row, 1 with another", 2),
        ("response_id", "stands in a.csv and in c.csv: 0 with the same row, 1 with another", 1),
        ("response_id", "stands in b.csv and in c.csv: 0 with the same row, 1 with another", 1),
    ]


def test_no_note_holds_a_cell():
    first = source("a.csv", id=["secret-1", "secret-2", "3", "4"], region=["secret-3"] * 4)
    second = source("b.csv", id=["secret-1", "secret-2", "5", "6"], region=["secret-4"] * 4, Q1=["secret-5"] * 4)
    notes = said(first, second, remark={"from": "region", "type": "text"})
    assert len(notes) >= 3
    assert "secret" not in str(notes)


def test_wordings_are_counted_by_day_where_they_differ():
    days = pd.to_datetime(["2026-01-05 10:00", "2026-01-05 23:00", "2026-04-07 00:00", "2026-04-08 01:00"])
    frame = pd.DataFrame({"responded_at": days, "nps": [9, 8, None, 7], "_file": ["a.csv", "a.csv", "b.csv", "b.csv"]})
    found = wordings([source("a.csv", ASKED), source("b.csv", "Otherwise?")], table(), frame)
    assert found.astype({"day": "str"}).to_numpy().tolist() == [
        ["nps", ASKED, "2026-01-05", 2],
        ["nps", "Otherwise?", "2026-04-08", 1],
    ]
    assert wordings([source("a.csv", ASKED), source("b.csv", ASKED)], table(), frame).empty


def test_notes_of_drift_reach_the_accepted_table(project: Path):
    folder = project / "data" / "two"
    folder.mkdir()
    (folder / "study.yaml").write_text(
        "title: Two\ntables:\n  responses:\n    source: '*.csv'\n    columns:\n      response_id: id\n      nps: Q1\n"
    )
    (folder / "a.csv").write_text("id,Q1\n1,9\n2,8\n")
    (folder / "b.csv").write_text("id,Q1\n2,8\n3,7\n")
    study: Study = load_study("two")
    notes = accept(study, "responses", source_files(study)["responses"]).notes
    (row,) = notes[notes["file"].eq("")].to_dict("records")
    assert (row["table"], row["column"], row["rows"], row["kind"]) == ("responses", "response_id", 1, "flag")
