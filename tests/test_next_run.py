"""The next run file: one period on, comments and order kept, nothing overwritten."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cxresearch import periods
from cxresearch.cli import app
from cxresearch.next_run import _next_name, answers_in, write_next
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run

STUDY = """title: Next
fiscal_year_start: 4
tables:
  responses:
    source: answers.csv
    columns: {nps: Q1, responded_at: {from: day, format: "%Y-%m-%d"}}
"""
RUN = """# Our quarter.
study: next
tiers: [team]     # who reads it
period: 2026Q1

plan:             # decided before
  primary: nps
compare_to: previous        # or another
02-scorecard: {by: [plan, region]}
"""


@pytest.fixture
def params(project: Path) -> Path:
    """Return the folder of run files of a project with one study, answered in the fiscal 2026Q1 and 2026Q2."""
    folder = project / "data" / "next"
    folder.mkdir()
    (folder / "study.yaml").write_text(STUDY)
    (folder / "answers.csv").write_text("Q1,day\n9,2025-06-30\n3,2025-07-01\n8,2025-09-30\n")
    (project / "notebooks" / "02-scorecard.ipynb").write_text("{}")
    return project / "params"


def run_file(params: Path, text: str = RUN, name: str = "x-2026q1.yaml") -> Path:
    path = params / name
    path.write_text(text)
    return path


def test_only_the_period_changes(params):
    made = write_next(run_file(params))
    assert made.path == params / "x-2026q2.yaml"
    assert made.path.read_text() == RUN.replace("2026Q1", "2026Q2")
    assert made.run.period == "2026Q2"


def test_lists_quotes_and_line_ends_stay_as_they_were_written(params):
    lines = [
        "study: next",
        "tiers:",
        "    - team",
        "",
        "compare_to: ~",
        'period:   "2026Q1"  # now',
        "plan: {exploratory: ['2026Q1']}",
    ]
    text = "\r\n".join(lines)
    path = params / "x.yaml"
    path.write_bytes(text.encode())
    assert write_next(path).path.read_bytes().decode() == text.replace('"2026Q1"', '"2026Q2"')


@pytest.mark.parametrize(
    ("period", "compare_to", "written"),
    [
        ("2026Q1", "2025Q1", "2026Q2 2025Q2"),
        ("'2026Q1'", '"2025Q1"', "'2026Q2' \"2025Q2\""),
        ("2026", "2025", "2027 2026"),
        ("2026-12", "null", "2027-01 null"),
        ("2026-09-R12", "2024-09-R12", "2027-09-R12 2025-09-R12"),
        ("2026H2", "previous", "2027H1 previous"),
    ],
)
def test_both_periods_move_as_they_were_written(params, period, compare_to, written):
    made = write_next(run_file(params, f"study: next\nperiod: {period}\ncompare_to: {compare_to}\n", "x.yaml"))
    found = dict(line.split(": ") for line in made.path.read_text().splitlines())
    assert f"{found['period']} {found['compare_to']}" == written


def test_a_period_that_stands_in_the_extended_file_is_written_in_this_one(params):
    run_file(params, RUN, "base.yaml")
    made = write_next(run_file(params, "extends: base.yaml\nseed: 3\n", "x.yaml"))
    assert made.path.name == "x-2026q2.yaml"
    assert (made.run.period, made.run.seed, made.run.tiers) == ("2026Q2", 3, ["team"])


@pytest.mark.parametrize(
    ("name", "period", "then"),
    [
        ("demo-2026q4", "2026Q4", "demo-2027q1"),
        ("demo-2026Q4", "2026Q4", "demo-2027Q1"),
        ("2026-q4-demo", "2026Q4", "2027-q1-demo"),
        ("demo-2026-12", "2026-12", "demo-2027-01"),
        ("demo_202612", "2026-12", "demo_202701"),
        ("demo-2026", "2026", "demo-2027"),
        ("demo-2026-w52", "2026-W52", "demo-2026-w53"),
        ("demo-2026-09-r12", "2026-09-R12", "demo-2027-09-r12"),
        ("demo", "2026Q4", "demo-2027q1"),
        ("demo-120260", "2026", "demo-120260-2027"),
    ],
)
def test_the_name_moves_in_its_own_spelling(name, period, then):
    assert _next_name(name, periods.parse(period)) == then


def test_nothing_is_overwritten(params):
    path = run_file(params)
    write_next(path)
    (params / "x-2026q2.yaml").write_text("mine")
    with pytest.raises(StudyError, match=r"x-2026q2.yaml is there already"):
        write_next(path)
    assert (params / "x-2026q2.yaml").read_text() == "mine"


def test_all_has_no_next_period(params):
    with pytest.raises(StudyError, match="its period is all, which has no next one"):
        write_next(run_file(params, "study: next\n"))
    assert [path.name for path in params.iterdir()] == ["x-2026q1.yaml"]


def test_answers_are_counted_in_the_fiscal_period(params):
    assert answers_in(load_run(run_file(params))) == 1
    assert answers_in(load_run(run_file(params, RUN.replace("2026Q1", "2026Q2"), "y.yaml"))) == 2
    assert answers_in(load_run(run_file(params, RUN.replace("2026Q1", "2026Q3"), "z.yaml"))) == 0


def test_the_command_says_what_it_wrote_and_what_comes_next(params):
    path = run_file(params)
    done = CliRunner().invoke(app, ["next", str(path)])
    assert done.output.splitlines() == [
        "params/x-2026q2.yaml was written: period 2026Q2, compared with previous.",
        "The study has 2 answers in 2026Q2.",
        "Next: cxresearch report params/x-2026q2.yaml",
    ]
    done = CliRunner().invoke(app, ["next", str(params / "x-2026q2.yaml")])
    assert "The study has no answers in 2026Q3 yet." in done.output
    assert CliRunner().invoke(app, ["next", str(path)]).exit_code == 2


def test_data_that_cannot_be_read_yet_do_not_stop_it(params):
    path = run_file(params)
    (params.parent / "data" / "next" / "answers.csv").unlink()
    done = CliRunner().invoke(app, ["next", str(path)])
    assert done.exit_code == 0
    assert "The study's data cannot be read yet: tables.responses: no file matches" in done.output
