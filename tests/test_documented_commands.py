"""What README and docs tell people to type works: what stands in a block is run, what stands in a sentence is known."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_project
from conftest import ROOT
from tiny_project import Tiny, page, rows
from typer.main import get_command

from cxresearch.cli import app

package = tiny_project.package

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A block of commands is fenced as such, or indented behind an empty line; remarks behind them are for people.
FENCED = re.compile(r"(?ms)^ *```(?:bash|sh|shell|console)\n(.*?)^ *```")
ANY_FENCE = re.compile(r"(?ms)^ *```.*?^ *```")
INDENTED = re.compile(r"(?m)^\n((?:(?: {4}| {7})(?! )\S.*(?:\n|\Z))+)")
# Whatever else stands in such a block is a command, known or not: settings and the design's arrows are none.
NO_COMMAND = re.compile(r"^[\w-]+: |▶|^$")
SPAN = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
# What .ci/run does on a fresh machine, and the tests that open JupyterLab or measure: each says where.
ELSEWHERE = {
    "make env": ".ci/run",
    "make report": ".ci/run",
    "make test": ".ci/run",
    "make lint": ".ci/run",
    "make notebooks": ".ci/run",
    "make sbom": ".ci/run",
    "make lab": "tests/browser/test_lab.py",
    ".venv/bin/cxresearch report params/demo-2026q3.yaml --on tcp://127.0.0.1:8786": "tests/test_dask.py",
    "dask scheduler &": "tests/test_dask.py",
    "dask worker tcp://127.0.0.1:8786 --nthreads 1 --nworkers 4 &": "tests/test_dask.py",
}
# Commands of the README's fifteen minutes, in their order, and what each says or makes.
WALK = {
    ".venv/bin/cxresearch init survey.csv crm.xlsx billing.csv --out data/mine": "data/mine/study.yaml",
    ".venv/bin/cxresearch check params/mine.yaml": "",
    "make report RUN=params/mine.yaml": "reports/mine/latest/index.html",
    ".venv/bin/cxresearch report params/*.yaml --jobs 4": "",
    ".venv/bin/cxresearch next params/mine.yaml": "",
    ".venv/bin/cxresearch verify reports/mine/latest": "",
}


def command_of(line: str) -> str:
    """Return a line as it is typed: without a prompt and the remark behind it."""
    return re.sub(r"\s+", " ", re.sub(r"\s+# .*$", "", line.strip().removeprefix("$ "))).strip()


def in_blocks(text: str) -> set[str]:
    """Return the commands of a page's blocks."""
    blocks = [*FENCED.findall(text), *INDENTED.findall(ANY_FENCE.sub("", text))]
    lines = [command_of(line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return {line for line in lines if not NO_COMMAND.search(line)}


def in_sentences(text: str) -> set[str]:
    """Return the commands that a page's sentences mention."""
    spans = {command_of(span) for span in SPAN.findall(ANY_FENCE.sub("", text))}
    return {span for span in spans if re.match(r"(make( |$)|(\.venv/bin/)?cxresearch( |$))", span)}


BLOCKS = sorted({command for path in PAGES for command in in_blocks(path.read_text(encoding="utf-8"))})
SENTENCES = sorted({command for path in PAGES for command in in_sentences(path.read_text(encoding="utf-8"))})


def test_commands_are_found_in_blocks_and_sentences():
    text = "Do `make x` and `.venv/bin/cxresearch next\nparams/a.yaml`.\n\n    make y   # why\n\n"
    text += "```sh\n$ make z \\\n  RUN=1\n```\n"
    text += "- a list\n    goes on\n\n    conda x\n    for_each: region\n"
    assert in_blocks(text) == {"make y", "make z RUN=1", "conda x"}
    assert in_sentences(text) == {"make x", ".venv/bin/cxresearch next params/a.yaml"}
    assert {"make report", "make test"} <= set(BLOCKS)
    assert len(SENTENCES) >= 10


@pytest.mark.parametrize("command", BLOCKS)
def test_a_command_in_a_block_is_run_somewhere(command):
    if command in WALK:
        return
    assert command in ELSEWHERE, (
        f"nothing runs {command!r}: add it to WALK, or to ELSEWHERE with the place that runs it"
    )
    place = ROOT / ELSEWHERE[command]
    assert place.is_file()
    assert place.name != "run" or re.search(rf"(?m)^{re.escape(command)}$", place.read_text())


@pytest.mark.parametrize("command", SENTENCES)
def test_a_command_in_a_sentence_is_one_that_there_is(command):
    words = shlex.split(command.replace("…", "X").removeprefix(".venv/bin/"))
    if words[0] == "make":
        targets = set(re.findall(r"(?m)^([a-z]+):.*## ", (ROOT / "Makefile").read_text()))
        assert {word for word in words[1:] if "=" not in word} <= targets
        return
    known = get_command(app)
    for word in words[1:]:
        if not hasattr(known, "commands"):
            break
        assert word in known.commands, command
        known = known.commands[word]
    given = words[words.index(known.name) + 1 :] if known.name in words else []
    if given:
        # Unknown options and words too many end here; nothing is run.
        known.make_context(known.name, given)


def exports(folder: Path) -> None:
    """Write what a survey tool, a CRM and a billing system would give."""
    dice = np.random.default_rng(1)
    customers = [f"K{row:05d}" for row in range(240)]
    days = pd.date_range("2026-01-02", periods=240, freq="17h").strftime("%Y-%m-%d %H:%M:%S")
    answers = pd.DataFrame({"ResponseId": [f"R_{row:05d}" for row in range(240)], "customer_id": customers})
    answers = answers.assign(EndDate=days, recommend=dice.integers(0, 11, 240))
    answers.rename(columns={"recommend": "How likely are you to recommend us?"}).to_csv(
        folder / "survey.csv", index=False
    )
    plans = pd.DataFrame({"customer_id": customers, "plan": dice.choice(["Basic", "Plus"], 240), "signup_date": days})
    plans.to_excel(folder / "crm.xlsx", index=False)
    bills = pd.DataFrame({"customer_id": customers * 2, "month": ["2026-01"] * 240 + ["2026-02"] * 240})
    bills.assign(amount=dice.integers(10, 90, 480) + 0.5).to_csv(folder / "billing.csv", index=False)


def test_the_fifteen_minutes_of_the_readme_work_as_they_stand(tmp_path, package):
    """A project with two quick pages; everything else is as a newcomer has it."""
    project = Tiny(tmp_path, package)
    exports(tmp_path)
    project.notebook("00-summary", *page("How are we doing?", ("code", f"show('summary', {rows(4.5)})")))
    project.notebook(
        "01-base", *page("Who answered?", ("markdown", "## How many?"), ("code", f"show('base', {rows(1)})"))
    )
    project.write("params/.keep", "")
    project.write("Makefile", (ROOT / "Makefile").read_text())
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    for command, said in WALK.items():
        assert any(command in found for found in (BLOCKS, SENTENCES)), f"the README no longer says {command!r}"
        # The environment is there; make is not to build it again from a copy.
        typed = command.replace("make ", "make -o .venv/.ready ", 1)
        # By a shell, as people have one: it finds the files that a star stands for.
        done = subprocess.run(
            typed, shell=True, cwd=tmp_path, env=project.environment(), capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert not said or said in done.stdout or (tmp_path / said).exists(), command
    assert sorted(os.listdir(tmp_path / "data")) == ["mine"]
