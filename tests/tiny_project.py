"""A project of three small notebooks whose results are written out by hand, and ways to run the command line on it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cxresearch.report.manifest import verify
from cxresearch.report.plan import PACKAGE

STUDY = """
title: Tiny & Sons
tables:
  responses:
    source: answers.csv
    columns:
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
"""
ANSWERS = "day,score\n2026-08-01,9\n2026-08-02,3\n"
RUN = "study: tiny\nperiod: 2026Q3\n02-plans: {factor: 3}\n"
SHARED = 'study: str = "tiny"  # study to report\nperiod: str = "2026Q3"  # quarter to report\nseed: int = 0'
# cx.show without pandas: what a notebook puts out, so that a run of the tiny project takes seconds.
SHOW = """
def show(key, rows, kind="table", mime="application/vnd.cxresearch.result+json"):
    from IPython.display import display
    frame = {"columns": ["plan", "n", "n_customers", "estimate", "flag"]}
    frame["types"] = ["str", "int", "int", "float", "str"]
    payload = {"version": 1, "key": key, "kind": kind, "caption": f"Caption of {key}", "finding": None, "method": None}
    payload |= {"about": "people", "labels": {}, "arguments": {}, "frame": {**frame, "rows": rows}, "provenance": {}}
    display({mime: payload, "text/plain": ""}, raw=True)
"""


@dataclass(frozen=True)
class Tiny:
    """A tiny project and a copy of the package, which no one edits while a test runs."""

    root: Path
    package: Path

    @property
    def reports(self) -> Path:
        return self.root / "reports" / "tiny"

    @property
    def latest(self) -> Path:
        return self.reports / "latest"

    def notebook(self, name: str, *cells: tuple, folder: str = "notebooks") -> Path:
        path = self.root / folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook(*cells)))
        return path

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "CXRESEARCH_ROOT": str(self.root), "PYTHONPATH": str(self.package), **more}

    def cli(self, *arguments: str, **more: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "cxresearch.cli", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=self.environment(**more), capture_output=True, text=True, timeout=120
        )

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "cxresearch.cli", *arguments]
        pipe = subprocess.PIPE
        # A session of its own, as a terminal gives one: Ctrl-C then reaches the whole group.
        return subprocess.Popen(
            command, cwd=self.root, env=self.environment(), stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def report(self, **more: str) -> subprocess.CompletedProcess:
        return self.cli("report", "params/tiny.yaml", **more)


def notebook(*cells: tuple) -> dict:
    """Return a notebook of (kind, source, *tags) cells."""
    made = []
    for number, (kind, source, *tags) in enumerate(cells):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {"tags": tags}, "source": source}
        made.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def page(title: str, *cells: tuple, parameters: str = SHARED) -> list[tuple]:
    """Return the cells of a notebook that begins as all of ours do."""
    return [
        ("markdown", f"# {title}\n\nAsked by the board."),
        ("code", parameters, "parameters"),
        ("code", SHOW),
        *cells,
    ]


def rows(*estimates: float) -> str:
    """Return the source of rows of a result, one plan each, of bases that nobody hides."""
    return repr([[f"Plan {number}", 100, 90, value, ""] for number, value in enumerate(estimates)])


def write_project(tiny: Tiny) -> None:
    """Write the three notebooks, the study and the run file."""
    tiny.write("data/tiny/study.yaml", STUDY)
    tiny.write("data/tiny/answers.csv", ANSWERS)
    tiny.write("params/tiny.yaml", RUN)
    tiny.notebook(
        "01-base",
        *page("Who answered?", ("markdown", "## How many?"), ("code", f"show('base', {rows(1.5, 2.5)})")),
    )
    tiny.notebook(
        "02-plans",
        *page(
            "Which plans?",
            ("markdown", "## Which plan is best?"),
            ("code", "show('plans', [['Plan 0', 100, 90, 1.5 * factor, '']])"),
            ("code", "1 + 1", "remove-cell", "keep_output"),
            parameters=f"{SHARED}\nfactor: int = 2  # times the estimate",
        ),
    )
    tiny.notebook("00-summary", *page("How are we doing?", ("code", f"show('summary', {rows(4.5)})")))


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a copy of the package: its sources are hashed, and colleagues edit the original."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(PACKAGE, folder / PACKAGE.name)
    return folder


@pytest.fixture
def tiny(tmp_path: Path, package: Path) -> Tiny:
    """Return a tiny project that has not been run."""
    project = Tiny(tmp_path, package)
    write_project(project)
    return project


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Tiny:
    """Return a tiny project whose report is published. Tests take copies of it."""
    project = Tiny(tmp_path_factory.mktemp("published"), package)
    write_project(project)
    done = project.report()
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture
def published(tmp_path: Path, published_once: Tiny) -> Tiny:
    """Return a copy of the published tiny project, its cache included."""
    shutil.copytree(published_once.root, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Tiny(tmp_path, published_once.package)


def tree(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def state(project: Tiny) -> dict[str, tuple]:
    """Return all that may be told of what `latest` is and leads to: its target, bytes and times."""
    target = project.latest.resolve()
    found = {"latest": (os.readlink(project.latest), project.latest.lstat().st_mtime_ns)}
    return found | {
        path.relative_to(target).as_posix(): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in target.rglob("*")
    }


def let_plans(project: Tiny, *sources: str) -> None:
    """Let the cells of 02-plans after the first two do something else."""
    cells = [("code", source) for source in sources]
    project.notebook("02-plans", *page("Which plans?", ("markdown", "## Which plan is best?"), *cells))
    project.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\n")


def draw_anew(project: Tiny, text: str) -> None:
    """Change what the pages show and nothing that the notebooks depend on."""
    project.write("docs/methods.md", f"## nps\n\n{text}\n")


def said(done: subprocess.CompletedProcess) -> str:
    """Return the last line on stderr, where no traceback may stand."""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def is_clean(project: Tiny) -> bool:
    """Return whether the last report is whole and nothing lies beside the reports."""
    return verify(project.latest) == [] and not list(project.reports.glob(".*"))
