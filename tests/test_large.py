"""Large tables: only what is needed is read, never two copies are held, and the answers are those of the small way."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxresearch import study_data
from cxresearch.intake import accept as accepting
from cxresearch.intake import quarantine
from cxresearch.intake.accept import accept
from cxresearch.intake.columns import needed
from cxresearch.intake.ids import parse_id
from cxresearch.intake.quarantine import doubles
from cxresearch.intake.read import read
from cxresearch.intake.source import Source
from cxresearch.schema import Column, Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_study

COLUMNS = {"response_id": "id", "customer_id": "customer", "responded_at": "date", "nps": "score"}
# How many megabytes accepting a file takes, beside what the imports take.
MEMORY = """
import json, re, sys
from pathlib import Path
from cxresearch.intake.accept import accept
from cxresearch.schema import Study
study, file = Study.model_validate(json.loads(sys.argv[1])), Path(sys.argv[2])
# Unlike ru_maxrss, this begins anew with the program and does not know what the one that started it held.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before = peak()
rows = len(accept(study, "responses", [file]).frame)
print(rows, peak() - before)
"""


def study_of(**table) -> Study:
    responses = {"source": "r.parquet", "columns": COLUMNS, **table}
    return Study.model_validate({"title": "T", "timezone": "Europe/Berlin", "tables": {"responses": responses}})


def nasty(rows: int = 400) -> pd.DataFrame:
    """Return answers with copies, conflicts, blanks, scores off the scale, and columns that nobody asks for."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"r{i}" for i in range(rows)], "customer": rng.integers(0, 90, rows)})
    frame["date"] = pd.Timestamp("2026-07-01") + pd.to_timedelta(rng.integers(0, 90, rows), unit="D")
    frame["score"] = rng.integers(0, 11, rows)
    frame["status"], frame["comment"] = "Complete", "x" * 100
    frame.loc[5, "status"], frame.loc[7, "score"], frame.loc[9, "id"] = "Partial", 11, None
    frame.loc[11] = frame.loc[12]
    frame.loc[13, "id"] = frame.loc[14, "id"]
    frame["customer"] = frame["customer"].astype("Int64").where(frame.index != 20)
    return frame


def same(one: accepting.Accepted, other: accepting.Accepted) -> None:
    pd.testing.assert_frame_equal(one.frame, other.frame)
    for part in ("counts", "quarantine"):
        left, right = (getattr(done, part).drop(columns="file") for done in (one, other))
        pd.testing.assert_frame_equal(left, right)


def test_a_parquet_file_read_in_part_is_accepted_as_the_whole(tmp_path, monkeypatch):
    nasty().to_parquet(tmp_path / "r.parquet", row_group_size=37)
    study = study_of(filter="status == 'Complete'")
    quick = accept(study, "responses", [tmp_path / "r.parquet"])
    whole = Source("r.parquet", nasty().set_axis(range(1, 401)))
    monkeypatch.setattr(accepting, "read_all", lambda *_: [whole])
    slow = accept(study, "responses", [])
    same(quick, slow)
    pd.testing.assert_frame_equal(quick.notes, slow.notes)
    rules = ["a copy of another row", "conflicting rows", "left out by the study's filter", "no response_id"]
    assert sorted(set(quick.quarantine["rule"])) == [*rules, "outside 0–10"]


def test_two_files_are_accepted_as_one(tmp_path, monkeypatch):
    frame = nasty().drop(columns=["status", "comment"])
    study = study_of()
    for number, rows in enumerate((frame[:150], frame[150:])):
        rows.to_parquet(tmp_path / f"{number}.parquet")
    two = accept(study, "responses", sorted(tmp_path.iterdir()))
    monkeypatch.setattr(accepting, "read_all", lambda *_: [Source("r", frame.set_axis(range(1, 401)))])
    one = accept(study, "responses", [])
    pd.testing.assert_frame_equal(two.frame, one.frame)
    assert sorted(two.quarantine["rule"]) == sorted(one.quarantine["rule"])
    assert two.counts["accepted"].sum() == one.counts["accepted"].sum()
    assert set(two.quarantine["file"]) == {"0.parquet"}


def test_only_the_columns_that_a_table_names_are_read(tmp_path):
    frame = nasty().assign(q1_a=1, q1_b=0, w=1.0, kind="a", other=2)
    frame.to_parquet(tmp_path / "r.parquet")
    sets = {"q1": ["q1_*"]}
    table = study_of(filter="status == 'Complete'", sets=sets, design={"weight": "w"}).tables["responses"]
    read_in_part = read(tmp_path / "r.parquet", needed=lambda names: needed(table, names))
    assert set(read_in_part.frame) == {"id", "customer", "date", "score", "status", "q1_a", "q1_b", "w"}
    assert read_in_part.unread == ["comment", "kind", "other"]


@pytest.mark.parametrize("called", ["Score", "scor"])
def test_where_a_column_is_called_otherwise_all_are_read(called):
    names = ["id", "customer", "date", called, "comment"]
    assert needed(study_of().tables["responses"], names) == names


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint64", "Int64", "float64"])
def test_whole_numbers_are_the_same_ids_in_every_type(dtype):
    numbers = [7, 0, 120]
    ids = parse_id(pd.Series(numbers).astype(dtype), Column(source="id", missing=["0"]))
    assert ids.values.fillna("none").tolist() == ["7", "none", "120"]
    assert [(note.note, note.rows) for note in ids.notes] == [("declared codes for no answer", 1)]


@pytest.mark.parametrize("end", [127, 128, -128, -129, 2**15, -(2**15), 2**31 - 1, 2**31, -(2**63), 2**63 - 1])
def test_whole_numbers_of_any_size_are_read_as_they_are(end, tmp_path):
    pd.DataFrame({"a": pd.Series([end, None, 1], dtype="Int64")}).to_parquet(tmp_path / "r.parquet")
    assert read(tmp_path / "r.parquet").frame["a"].astype("object").tolist() == [end, pd.NA, 1]


def test_long_whole_ids_keep_their_last_digit(tmp_path):
    frame = nasty()
    frame["customer"] = pd.Series([12345678901234567 + i for i in range(400)], dtype="Int64").mask(frame.index == 3)
    frame.to_parquet(tmp_path / "r.parquet")
    done = accept(study_of(), "responses", [tmp_path / "r.parquet"]).frame
    assert done["customer_id"].iloc[0] == "12345678901234567"
    assert done["customer_id"].isna().sum() == 1


def test_keys_whose_hashes_fall_together_are_still_two(monkeypatch):
    frame = nasty().rename(columns={"id": "response_id"}).assign(_file="r", _row=range(400))
    frame = frame.drop(columns=["status", "comment"])
    true = doubles(frame, "responses")
    monkeypatch.setattr(pd.util, "hash_pandas_object", lambda block, **_: pd.Series(0, block.index, dtype="uint64"))
    pd.testing.assert_frame_equal(doubles(frame, "responses"), true)
    assert true["rule"].value_counts().to_dict() == {
        "conflicting rows": 2,
        "a copy of another row": 1,
        "no response_id": 1,
    }


def test_copies_are_found_across_blocks(monkeypatch):
    frame = nasty().rename(columns={"id": "response_id"}).assign(_file="r", _row=range(400))
    true = doubles(frame, "responses")
    monkeypatch.setattr(quarantine, "BLOCK", 3)
    pd.testing.assert_frame_equal(doubles(frame, "responses"), true)


def test_memory_grows_with_the_columns_asked_for_and_not_with_the_file(tmp_path):
    rows = 500_000
    frame = pd.concat([nasty(2_000).drop(index=[5, 7, 9, 11, 13])] * (rows // 1_995), ignore_index=True)
    frame["id"] = [f"R{i}" for i in range(len(frame))]
    wide = frame.assign(**{f"more_{i}": np.random.default_rng(i).normal(size=len(frame)) for i in range(60)})
    wide.to_parquet(tmp_path / "r.parquet")
    run = [sys.executable, "-c", MEMORY, json.dumps(study_of().model_dump(by_alias=True, mode="json")), "r.parquet"]
    done = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    # The 60 columns alone are 240 MB.
    assert int(done[0]) == len(frame)
    assert float(done[1]) < 200


@pytest.fixture
def small(project: Path) -> Study:
    """Return a study of a project of its own."""
    folder = project / "data" / "small"
    folder.mkdir()
    nasty().to_parquet(folder / "r.parquet")
    columns = json.dumps(COLUMNS)
    (folder / "study.yaml").write_text(f"title: S\ntables: {{responses: {{source: r.parquet, columns: {columns}}}}}\n")
    return load_study("small")


def test_tables_are_read_when_they_are_asked_for(small, monkeypatch):
    seen, plain = [], study_data._read
    monkeypatch.setattr(study_data, "_read", lambda key, name, *kept: seen.append(name) or plain(key, name, *kept))
    data = study_data.load(small, "2026Q3")
    assert data.has("responses")
    assert "responses" not in seen
    assert data.responses is data.table("responses")
    assert seen.count("responses") == 1


def test_the_rows_of_later_periods_are_left_out(small):
    every = study_data.load(small, "all").responses
    months = every["responded_at"].dt.strftime("%Y-%m")
    data = study_data.load(small, "2026-08")
    wanted = every[months.le("2026-08")].assign(period=months[months.le("2026-08")])
    pd.testing.assert_frame_equal(data.responses, wanted.reset_index(drop=True), check_dtype=False)
    assert data.periods == ["2026-07", "2026-08"]


def test_a_cache_emptied_meanwhile_is_told(small, project):
    data = study_data.load(small, "2026Q3")
    shutil.rmtree(project / ".cache")
    with pytest.raises(StudyError, match="the cache was emptied meanwhile; load the study again"):
        _ = data.responses
