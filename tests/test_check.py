"""What `cxresearch check` says before a report is made: every table, every refusal, and never a cell."""

import json
from pathlib import Path

import pytest
import tiny_project
from tiny_project import Tiny

from cxresearch.check import check

package, tiny = tiny_project.package, tiny_project.tiny

WRONG_INPUT = 2
STUDY = """
title: Check
tables:
  responses:
    source: answers.csv
    columns:
      response_id: id
      customer_id: customer
      responded_at: day
      nps: {from: score, missing: [99]}
  customers:
    source: customers.csv
    columns: {customer_id: id, plan: plan}
segments: {plan: plan}
"""
RUN = "study: check\nperiod: 2026Q3\ncompare_to: 2026Q2\n"
HEADER = "id,customer,day,score\n"
GOOD = [f"R{number},C{number % 10},2026-0{4 + number % 6}-11,{number % 11}" for number in range(60)]


def answers(*more: str) -> str:
    return HEADER + "\n".join([*GOOD, *more]) + "\n"


CUSTOMERS = "id,plan\n" + "".join(f"C{number},Plan {number % 2}\n" for number in range(10))


@pytest.fixture
def study(project: Path) -> Path:
    """Return the folder of a study of two tables that is fit for a report."""
    folder = project / "data" / "check"
    folder.mkdir()
    (folder / "study.yaml").write_text(STUDY)
    (folder / "answers.csv").write_text(answers())
    (folder / "customers.csv").write_text(CUSTOMERS)
    (project / "params" / "check.yaml").write_text(RUN)
    return folder


def run_file(study: Path) -> Path:
    return study.parents[1] / "params" / "check.yaml"


def rules(found: list) -> dict[tuple[str, str], int]:
    return {(one.rule, one.column): one.rows for one in found}


def test_rows_add_up_and_every_rule_is_counted(study):
    spoilt = ["R60,C1,2026-07-01,12", "R61,C1,2026-07-01,13", "R62,C1,2026-07-01,twelve", "R62,C2,,5", GOOD[0]]
    (study / "answers.csv").write_text(answers(*spoilt, "R70,C77,2026-07-02,5", "R71,,2026-07-02,99"))
    checked = check(run_file(study))
    table = checked.tables["responses"]
    assert checked.ready
    assert (table.rows_in, table.accepted) == (67, 62)
    assert rules(table.quarantined) == {
        ("outside 0–10", "nps"): 2,
        ("not a number", "nps"): 1,
        ("no responded_at", "responded_at"): 1,
        ("a copy of another row", "response_id"): 1,
    }
    assert rules(table.flags) == {("not found among the customers", "customer_id"): 1}
    assert (checked.tables["customers"].rows_in, checked.tables["customers"].accepted) == (10, 10)


def test_what_was_mended_is_told_apart_from_what_somebody_should_see(study):
    (study / "answers.csv").write_text(
        answers("R90,C1,2026-07-01,10 - Extremely likely").replace("customer,", "Customer,")
    )
    table = check(run_file(study)).tables["responses"]
    assert rules(table.normalised) == {
        ("labels cut from scores", "nps"): 1,
        ("column matched in another spelling", "customer"): 0,
    }
    assert table.flags == []


def test_every_table_is_looked_at_whatever_is_refused_before_it(study):
    names = "".join(f"R{number},C1,2026-07-01,Jane Doe {number}\n" for number in range(30))
    (study / "answers.csv").write_text(HEADER + names)
    (study / "customers.csv").write_text(CUSTOMERS + "C3,Plan 1\n")
    checked = check(run_file(study))
    refused, other = checked.tables["responses"], checked.tables["customers"]
    assert not checked.ready
    assert checked.refused is None
    assert (refused.rows_in, refused.accepted, refused.quarantined) == (30, 0, [])
    assert "30 of 30 rows are unusable (not a number)" in str(refused.refused)
    assert "Jane" not in str(checked)
    assert (other.rows_in, other.accepted, other.refused) == (11, 10, None)


@pytest.mark.parametrize(
    ("file", "old", "new", "said", "tables"),
    [
        ("study.yaml", "title: Check", "title: 'Check", "found unexpected end of stream", 0),
        ("study.yaml", "segments:", "segmnets:", "unknown key 'segmnets'; the nearest known one is 'segments'", 0),
        ("study.yaml", "{plan: plan}", "{plan: paln}", "segments.plan: no column 'paln' after intake", 2),
        (
            "study.yaml",
            "nps: {from: score, missing: [99]}",
            "grade: score",
            "no nps, csat, ces, fcr or measure",
            2,
        ),
        ("../../params/check.yaml", "2026Q3", "2025Q1", "period 2025Q1: the study has no answers in it", 2),
        ("../../params/check.yaml", "2026Q2", "2026Q1", "compare_to 2026Q1: the study has no answers in it", 2),
        ("../../params/check.yaml", "period", "peroid", "unknown key 'peroid'; the nearest known one is 'period'", 0),
        ("../../params/check.yaml", "study: check", "study: chek", "there is no data/chek/study.yaml", 0),
    ],
)
def test_what_concerns_the_whole_run_is_refused_beside_the_counts(study, file, old, new, said, tables):
    text = (study / file).read_text()
    assert old in text
    (study / file).write_text(text.replace(old, new))
    checked = check(run_file(study))
    assert said in str(checked.refused)
    assert len(checked.tables) == tables
    assert [table.refused for table in checked.tables.values()] == [None] * tables
    assert not checked.ready


def test_a_table_without_a_file_is_refused_alone(study):
    (study / "customers.csv").unlink()
    checked = check(run_file(study))
    assert "no file matches 'customers.csv'" in str(checked.tables["customers"].refused)
    assert checked.tables["customers"].rows_in == 0
    assert checked.tables["responses"].accepted == len(GOOD)


def test_nothing_is_written_but_the_cache(study, project):
    before = {path for path in project.rglob("*") if ".cache" not in path.parts}
    check(run_file(study))
    assert {path for path in project.rglob("*") if ".cache" not in path.parts} == before


def test_the_command_prints_what_was_found_as_json(tiny):
    tiny.write("data/tiny/answers.csv", "day,score\n2026-08-01,99\n" + "2026-08-02,9\n" * 199)
    done = tiny.cli("check", "params/tiny.yaml", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "tables": {
            "responses": {
                "rows_in": 200,
                "accepted": 199,
                "quarantined": [{"rule": "outside 0–10", "column": "nps", "rows": 1}],
                "normalised": [],
                "flags": [],
                "refused": None,
            }
        }
    }


def test_what_refuses_the_run_as_a_whole_stands_beside_the_json(tiny):
    tiny.write("params/tiny.yaml", "study: tiny\nperiod: 2020Q1\n")
    done = tiny.cli("check", "params/tiny.yaml", "--json")
    assert (done.returncode, list(json.loads(done.stdout))) == (WRONG_INPUT, ["tables"])
    assert "period 2020Q1: the study has no answers in it" in done.stderr


def test_the_command_prints_what_was_found_for_people(tiny):
    tiny.write("data/tiny/answers.csv", "day,score\n2026-08-01,99\n" + "2026-08-02,9\n" * 199)
    done = tiny.cli("check", "params/tiny.yaml", COLUMNS="200")
    row = next(line for line in done.stdout.splitlines() if "responses" in line)
    assert [cell.strip() for cell in row.split("│")[1:6]] == [
        "responses",
        "200",
        "199",
        "1",
        "set aside: nps: outside 0–10 (1)",
    ]
    assert done.stdout.splitlines()[-1] == "Ready: make report RUN=params/tiny.yaml"
    assert done.returncode == 0


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_refusal_is_exit_code_2_and_a_sentence(tiny, arguments):
    tiny.write("data/tiny/answers.csv", "day,score\n2026-08-01,99\n")
    done = tiny.cli("check", "params/tiny.yaml", *arguments, COLUMNS="200")
    assert done.returncode == WRONG_INPUT
    assert "Traceback" not in done.stderr
    if arguments:
        found = json.loads(done.stdout)
        assert found["tables"]["responses"]["rows_in"] == 1
        assert "1 of 1 rows are unusable" in found["tables"]["responses"]["refused"]
    else:
        assert len(done.stderr.splitlines()) == 1
        assert "1 of 1 rows are unusable" in done.stderr


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("study: tiny\nperiod: 2026Q3\n02-plans: {facter: 3}\n", "unknown parameter 'facter'; the nearest known one"),
        ("study: tiny\nperiod: 2026Q3\nskip: [02-plots]\n", "there is no notebook '02-plots'"),
        ("study: tiny\nperiod: 2020Q1\n", "period 2020Q1: the study has no answers in it; it has 2026Q3"),
        ("study: tiny\nperiod: 2026Q3\ncompare_to: 2026Q2\n", "compare_to 2026Q2: the study has no answers in it"),
    ],
)
def test_a_report_refuses_what_check_refuses_before_any_notebook_runs(tiny: Tiny, run, said):
    tiny.write("params/tiny.yaml", run)
    checked = tiny.cli("check", "params/tiny.yaml")
    report = tiny.report()
    assert (checked.returncode, report.returncode) == (WRONG_INPUT, WRONG_INPUT)
    assert said in checked.stderr
    assert said in report.stderr
    assert not list((tiny.root / ".cache").glob("executed/*"))
    assert not tiny.latest.exists()
