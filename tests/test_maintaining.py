"""The maintainer's page: its metric, reader and notebook are made as it says, in a copy of the package, and report."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from tiny_project import Tiny, write_project

from cxresearch.report.plan import PACKAGE

PAGE = (ROOT / "docs" / "maintaining.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STUDY = """
title: Tiny & Sons
tables:
  responses:
    source: answers.jsonl
    columns:
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
      ces: {from: effort, scale: [1, 7]}
"""
EASY, ANSWERS = 30, 120


def edited(text: str, change: str) -> str:
    """Return a file's text after an edit of `-`, `+` and unmarked lines, which must fit in one place only."""
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, before
    return text.replace(before, after)


@pytest.fixture(scope="module")
def maintained(tmp_path_factory) -> Tiny:
    """Return a project whose package has been changed as the page says, and whose study needs all of it."""
    root, package = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("package")
    project = Tiny(root, package)
    write_project(project)
    shutil.copytree(PACKAGE, package / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for kind, name, text in BLOCK.findall(PAGE):
        path = package / name if name.startswith("cxresearch/") else root / name
        path.write_text(edited(path.read_text(encoding="utf-8"), text) if kind == "diff" else text, encoding="utf-8")
    rows = [{"day": "2026-08-01", "score": n % 11, "effort": 7 if n < EASY else 4} for n in range(ANSWERS)]
    project.write("data/tiny/answers.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    project.write("data/tiny/study.yaml", STUDY)
    project.write("docs/methods.md", "## ces\n\nAs asked.\n")
    made = subprocess.run([sys.executable, "make_notebook.py"], cwd=root, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return project


def test_the_page_holds_a_metric_a_reader_and_a_notebook():
    assert {name for _, name, _ in BLOCK.findall(PAGE)} == {
        "cxresearch/metrics/measures.py",
        "cxresearch/present/labels.py",
        "cxresearch/intake/json_lines.py",
        "cxresearch/intake/read.py",
        "make_notebook.py",
    }


def test_what_the_page_adds_is_in_the_report(maintained):
    done = maintained.report()
    assert done.returncode == 0, done.stderr
    tier = maintained.latest / "team"
    page = (tier / "13-effort.html").read_text(encoding="utf-8")
    results = json.loads((tier / "results.json").read_text(encoding="utf-8"))
    frame = results["notebooks"]["13-effort"]["found-it-very-easy"]["frame"]
    found = dict(zip(frame["columns"], frame["rows"][0], strict=True))
    assert (found["n"], found["estimate"]) == (ANSWERS, EASY / ANSWERS)
    assert "Very easy" in page
    assert "25%" in page


def test_a_file_that_is_none_is_refused_in_a_sentence(maintained):
    code = "from pathlib import Path; from cxresearch.intake.read import read; read(Path('broken.jsonl'))"
    maintained.write("broken.jsonl", '{"day": "2026-08-01"}\nsecret cell\n')
    environment = {**os.environ, "PYTHONPATH": str(maintained.package)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=maintained.root, env=environment, capture_output=True, text=True
    )
    assert "StudyError: broken.jsonl: is not one JSON object a line; export it again." in done.stderr
    assert "secret cell" not in done.stderr
