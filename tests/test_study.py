from pathlib import Path

import pytest

from cxresearch.study import StudyError, data_key, load_run, load_study, source_files

STUDY = """
title: Test
tables:
  responses:
    source: answers.csv
    columns: {nps: {from: Q1}, region: region}
segments: {region: region}
"""


@pytest.fixture
def write(project: Path):
    """Return a function that writes data/test/study.yaml."""
    folder = project / "data" / "test"
    folder.mkdir()
    (folder / "answers.csv").write_text("Q1,region\n10,NO\n")

    def study(text: str = STUDY) -> Path:
        (folder / "study.yaml").write_text(text)
        return folder

    return study


def message(text: str, write) -> str:
    write(text)
    with pytest.raises(StudyError) as error:
        source_files(load_study("test"))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_norway_is_a_word(write):
    write(STUDY.replace("segments: {region: region}", "segments: {area: {from: region, merge: {North: [NO, off]}}}"))
    assert load_study("test").segments["area"].merge == {"North": ["NO", "off"]}


CHANGE = "[{until: 2026-01-01, scale: [1, 5]}]"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("segments:", "segmnets:", "unknown key 'segmnets'; the nearest known one is 'segments'"),
        (
            "{from: Q1}",
            "{from: Q1, scal: [0, 10]}",
            "unknown key 'scal' under 'tables.responses.columns.nps'; the nearest",
        ),
        ("title: Test", "title: Test\ntitle: Again", "the key 'title' stands twice"),
        ("title: Test", "title: !!python/object/apply:os.system [true]", "tags and special values are not allowed"),
        ("title: Test", "title: Test\nfiscal_year_start: May", "'fiscal_year_start': found 'May'"),
        ("title: Test", "title: Test\ntimezone: Berlin", "there is no timezone 'Berlin'"),
        ("{from: Q1}", "{from: Q1, scale: [1, 5]}", "nps is asked on 0-10 or 1-10"),
        ("nps: {from: Q1}", "csat: Q1", "csat has no scale"),
        ("responses:", "respones:", "unknown table 'respones' under 'tables'; the nearest known one is 'responses'"),
        ("title: Test", "title: Test\ndisclosure: {min_base: 1}", "'disclosure.min_base': found 1"),
        ("title: Test", "title: Test\n1: 2", "the key 1 is not text"),
        ("title: Test", "title: Test\nx;import os: 2", "unknown key 'x;import os'"),
        ("answers.csv", "missing.csv", "no file matches 'missing.csv'"),
        ("answers.csv", "../test/answers.csv", "leaves the study's folder"),
        ("answers.csv", "/etc/passwd", "leaves the study's folder"),
        ("answers.csv", "https://example.org/a.csv", "leaves the study's folder"),
        ("answers.csv", "postgres://host/db", "a database needs either `table: schema.name` or `query:`"),
        ("\nsegments:", "\n  customers: [1]\nsegments:", "'tables.customers'"),
        ("    columns:", "    sets: {devices: []}\n    columns:", "'tables.responses.sets.devices'"),
        (
            "    columns: {",
            f"    scale_changes: {{region: {CHANGE}}}\n    columns: {{responded_at: d, ",
            "is no single score",
        ),
        ("title: Test", "title: 'Test", "found unexpected end of stream"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(old, new, said, write):
    assert said in message(STUDY.replace(old, new), write)


def test_a_link_out_of_the_folder_is_refused(write, tmp_path):
    folder = write(STUDY.replace("answers.csv", "linked.csv"))
    outside = tmp_path / "outside.csv"
    outside.write_text("Q1,region\n1,A\n")
    (folder / "linked.csv").symlink_to(outside)
    with pytest.raises(StudyError, match="link that leaves"):
        source_files(load_study("test"))


def test_a_look_alike_folder_is_outside(write, project):
    folder = write(STUDY.replace("answers.csv", "linked.csv"))
    twin = project / "data" / "test-secret"
    twin.mkdir()
    (twin / "a.csv").write_text("Q1,region\n1,A\n")
    (folder / "linked.csv").symlink_to(twin / "a.csv")
    with pytest.raises(StudyError, match="link that leaves"):
        source_files(load_study("test"))


def test_an_unknown_study_names_the_nearest(write):
    write()
    with pytest.raises(StudyError, match="the nearest known one is 'test'"):
        load_study("tset")


def test_runs_extend_deeply_and_notebooks_have_their_own_parameters(write, project):
    write()
    (project / "params" / "base.yaml").write_text(
        "study: test\nplan: {primary: nps, horizon: 3}\n02-scorecard: {by: [a]}\n"
    )
    (project / "params" / "run.yaml").write_text("extends: base.yaml\nperiod: 2026\nplan: {horizon: 6}\n")
    run = load_run(project / "params" / "run.yaml")
    assert (run.name, run.period) == ("run", "2026")
    assert (run.plan.primary, run.plan.horizon) == ("nps", 6)
    assert run.notebooks == {"02-scorecard": {"by": ["a"]}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("study: test\nperoid: 2026Q1\n", "unknown key 'peroid'; the nearest known one is 'period'"),
        ("study: test\nperiod: 2026Q7\n", "found '2026Q7'; a period is written"),
        ("study: test\ntiers: [board]\n", "'tiers.0'"),
        ("extends: run.yaml\n", "not come back to itself"),
        ('extends: "a\\0b"\n', "must name another run file"),
        (f"study: {'x' * 5000}\n", "there is no data/xxx"),
        ("study: nowhere\n", "there is no data/nowhere/study.yaml"),
        ("study: test\nseed: many\n", "'seed': found 'many'"),
    ],
)
def test_a_wrong_run_file_is_refused(text, said, write, project):
    write()
    path = project / "params" / "run.yaml"
    path.write_text(text)
    with pytest.raises(StudyError) as error:
        load_run(path)
    assert said in str(error.value)


def test_the_data_key_follows_bytes_not_clocks(write):
    folder = write()
    before = data_key(load_study("test"))
    (folder / "answers.csv").touch()
    assert data_key(load_study("test")) == before
    (folder / "answers.csv").write_text("Q1,region\n9,NO\n")
    assert data_key(load_study("test")) != before
