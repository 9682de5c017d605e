"""What a notebook did not read may change without it being run again, and the report is as if it had been."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_project
from tiny_project import Tiny, notebook

from cxresearch import reads
from cxresearch.cache import Store
from cxresearch.report.notebook import Cell
from cxresearch.report.reuse import is_traced, keep_noted

package = tiny_project.package

STUDY = """
title: Reads
tables:
  responses:
    source: answers.csv
    columns:
      responded_at: {from: day, format: "%Y-%m-%d"}
      customer_id: who
      nps: score
  customers: {source: crm.csv, columns: {customer_id: who, plan: plan}}
  revenue: {source: bills.csv, columns: {customer_id: who, month: {from: month, format: "%Y-%m"}, revenue: paid}}
segments: {plan: plan}
"""
ANSWERS = "day,who,score,agent\n" + "".join(f"2026-08-{1 + n % 28:02},C{n},{n % 11},A1\n" for n in range(60))
CUSTOMERS = "who,plan,shoe\n" + "".join(f"C{n},{'Basic' if n % 2 else 'Plus'},40\n" for n in range(60))
BILLS = "who,month,paid\n" + "".join(f"C{n},2026-08,{10 + n}\n" for n in range(60))
PARAMETERS = 'study: str = "reads"  # study to report\nperiod: str = "2026Q3"  # quarter to report'
LOAD = "import cxresearch as cx\nstudy = cx.load(study, period=period)"
NPS = "cx.show(cx.metrics.nps(study.answers()), caption='NPS')"
BASE = "cx.show(study.revenue.agg({'revenue': 'sum'}).to_frame('estimate'), caption='Bills', about='process')"
LINKED = "cx.show(study.quality.joins, caption='Joins', about='process')"
COUNTED = "import pandas as pd\nprint_me = pd.__name__"
FOUND = (
    "cx.show(cx.results(study, period)['02-bills/bills'], caption='Bills again', about='process')\n"
    "found = sorted(cx.results(study, period))"
)
PAGES = {
    "00-summary": [FOUND],
    "01-score": [NPS],
    "02-bills": [BASE],
    "03-joins": [LINKED],
    "04-own": [COUNTED, NPS],
}


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Tiny:
    """Return a project whose pages read different tables, published once."""
    project = Tiny(tmp_path_factory.mktemp("reads"), package)
    write_project(project)
    assert ran(project) == set(PAGES)
    return project


@pytest.fixture
def project(tmp_path: Path, read_once: Tiny) -> Tiny:
    """Return a copy of the published project, its cache included."""
    shutil.copytree(read_once.root, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Tiny(tmp_path, read_once.package)


def write_project(project: Tiny) -> None:
    """Write the notebooks, the study and the run file."""
    for name, text in {"study.yaml": STUDY, "answers.csv": ANSWERS, "crm.csv": CUSTOMERS, "bills.csv": BILLS}.items():
        project.write(f"data/reads/{name}", text)
    project.write("params/tiny.yaml", "study: reads\nperiod: 2026Q3\n")
    for name, sources in PAGES.items():
        cells = [("code", source) for source in (LOAD, *sources)]
        path = project.root / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        first = [("markdown", f"# {name}"), ("code", PARAMETERS, "parameters")]
        path.write_text(json.dumps(notebook(*first, *cells)))


def ran(project: Tiny) -> set[str]:
    """Make the report and return which notebooks were executed."""
    done = project.report()
    assert done.returncode == 0, done.stderr
    if "Nothing changed" in done.stdout:
        return set()
    return set(json.loads((project.root / ".cache/logs/tiny/run.json").read_text())["seconds"])


def results_of(project: Tiny) -> list:
    """Return all that the pages of a report tell, in a file of theirs."""
    return json.loads((project.latest / "results.json").read_text())["notebooks"]


def change(project: Tiny, file: str, old: str, new: str) -> None:
    """Change the first place in an export."""
    path = project.root / "data/reads" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


BILL = ("bills.csv", "2026-08,10", "2026-08,11")
# Columns that the study does not name, and another way to write the same cell.
NOTHING = [("answers.csv", ",A1", ",A2"), ("crm.csv", ",40", ",41"), ("answers.csv", "C3,3", "C3, 3")]
CHANGES = {
    "a bill": ([BILL], {"02-bills", "00-summary"}),
    # The sum of all bills is what it was, and so is the first page.
    "whose bill it is": ([("bills.csv", "C0,", "X0,")], {"02-bills"}),
    "whose answer it is": ([("answers.csv", "C3,3", "X3,3")], {"01-score", "03-joins", "00-summary"}),
    "an answer": ([("answers.csv", "C3,3", "C3,9")], {"01-score", "00-summary"}),
    "nothing that counts": (NOTHING, set()),
}


@pytest.mark.parametrize("what", CHANGES)
def test_only_what_reads_the_changed_part_runs_again(project, what):
    changes, expected = CHANGES[what]
    for one in changes:
        change(project, *one)
    # 04-own imports pandas: what it reads nobody knows, so it runs whenever a byte of the data has changed.
    assert ran(project) == {*expected, "04-own"}


def test_what_is_kept_is_what_a_full_run_finds(project):
    change(project, "answers.csv", "C3,3", "C3,9")
    ran(project)
    change(project, *BILL)
    assert ran(project) == {"02-bills", "04-own", "00-summary"}
    kept = results_of(project)
    shutil.rmtree(project.root / ".cache")
    shutil.rmtree(project.reports)
    assert ran(project) == set(PAGES)
    assert kept == results_of(project)


def test_data_that_come_back_run_nothing(project):
    change(project, *BILL)
    ran(project)
    change(project, BILL[0], BILL[2], BILL[1])
    assert ran(project) == set()


def test_a_notebook_that_changed_runs_whatever_is_kept(project):
    change(project, *BILL)
    path = project.root / "notebooks/01-score.ipynb"
    path.write_text(path.read_text().replace("'NPS'", "'Our NPS'"))
    assert ran(project) == {"01-score", "02-bills", "04-own", "00-summary"}


def test_results_that_are_gone_are_found_again(project):
    for path in (project.root / ".cache/payloads").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    change(project, *BILL)
    assert ran(project) == set(PAGES)


@pytest.mark.parametrize(
    "source",
    [
        "import pandas",
        "from os import path",
        "from . import here",
        "from cxresearch.intake.read import read",
        "import cxresearch.intake.read",
        "import cxresearch, json",
        "open('answers.csv')",
        "__import__('os')",
        "%run other.ipynb",
        "!ls",
        "eval('1')",
        "get_ipython().run_cell('1')",
        "def broken(",
    ],
)
def test_who_could_read_anything_is_not_traced(source):
    assert not is_traced([Cell("code", "import cxresearch as cx", (), 1), Cell("code", source, (), 2)])


def test_a_part_is_noted_once_and_only_in_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(reads, "_told", set())
    monkeypatch.delenv(reads.READS, raising=False)
    reads.note_read("revenue", "mine")
    monkeypatch.setenv(reads.READS, str(tmp_path / "notes"))
    reads.note_read("responses", "mine")
    reads.note_read("responses", "mine")
    assert (tmp_path / "notes").read_text() == "mine/responses\n"
    assert reads.noted(tmp_path / "notes", "mine") == {"responses"}
    assert reads.noted(tmp_path / "none", "mine") == set()


def test_who_reads_another_study_too_is_never_reused(tmp_path, monkeypatch):
    monkeypatch.setattr(reads, "_told", set())
    monkeypatch.setenv(reads.READS, str(tmp_path / "notes"))
    page = SimpleNamespace(basis="basis", key="page", cells=[Cell("code", "import cxresearch as cx", (), 1)])
    store, present = Store(tmp_path), {"responses": "as it is"}
    reads.note_read("responses", "mine")
    keep_noted(page, store, reads.noted(tmp_path / "notes", "mine"), present)
    assert store.read_json("reads", "basis") == [{"page": "page", "read": present}]
    page.basis = "of two studies"
    # Its table has the same name, and nobody here knows whether it is what it was.
    reads.note_read("responses", "theirs")
    keep_noted(page, store, reads.noted(tmp_path / "notes", "mine"), present)
    assert store.read_json("reads", "of two studies") is None
