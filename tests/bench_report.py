"""The report in `make bench`: the full demo report with cold caches, beside what else could make its pages.

Peers: papermill and nbconvert, by their commands, over the same notebooks one after the other; and the pure
computation, all code cells of the same notebooks one after the other in one Python process, which imports everything
once and draws nothing. Each side has a copy of the project with no cache, and the same parameters. Ours is the whole
command: it runs the notebooks, protects, draws, checks and publishes. Last, the same command again, unchanged.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cxresearch.progress import QUIET
from cxresearch.report.plan import SUMMARY, Page, make_plan
from cxresearch.study import load_run

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("notebooks", "params", "data/demo", "docs", "cxresearch", "requirements.lock")
RUN = "params/demo-2026q3.yaml"
BIN = Path(sys.executable).parent
# Handed, of each notebook, its name, its parameters and its cells, each with whether it declares them.
PURE = """
import json, sys, time
took = {}
for name, given, cells in json.load(sys.stdin):
    began, space = time.perf_counter(), {}
    for source, declares in cells:
        exec(source, space)
        space.update(given if declares else {})
    took[name] = round(time.perf_counter() - began, 1)
print(json.dumps(took), file=sys.stderr)
"""


def reports() -> None:
    """Print how long a report takes beside its peers."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        ours = _project(Path(name) / "ours")
        whole = _seconds([BIN / "cxresearch", "report", RUN], ours)
        again = _seconds([BIN / "cxresearch", "report", RUN], ours)
        one_by_one = _by_papermill(_project(Path(name) / "papermill"))
        pure = _computed(_project(Path(name) / "pure"))
    load = os.getloadavg()[0]
    print(f"report of the demo, cold caches: {whole:.1f} s on {os.cpu_count()} cores, at load {load:.1f}")
    for peer, theirs, goal in (
        ("papermill and nbconvert, one by one", one_by_one, 0.6),
        ("pure computation in one process", pure, 1.6),
    ):
        print(f"  {peer:38} {theirs:8.1f} s   ratio {whole / theirs:5.2f}; goal {goal}")
    print(f"  unchanged, again                       {again:8.1f} s   goal 3 s")


def _project(folder: Path) -> Path:
    """Return a copy of the project that nothing was computed in."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return folder


def _seconds(command: list[object], project: Path, folder: str = "", **more: object) -> float:
    """Return how long a command takes in a project, with the project's own copy of the package."""
    environment = {**os.environ, "CXRESEARCH_ROOT": str(project), "PYTHONPATH": str(project), "HF_HUB_OFFLINE": "1"}
    given = {"cwd": project / folder, "env": environment, "check": True, "stdout": subprocess.DEVNULL, **more}
    began = time.perf_counter()
    subprocess.run([str(part) for part in command], **given)
    return time.perf_counter() - began


def _pages(project: Path) -> list[Page]:
    """Return the notebooks of the run with their parameters, the summary last."""
    os.environ["CXRESEARCH_ROOT"] = str(project)
    pages = make_plan(load_run(project / RUN)).pages
    return sorted(pages, key=lambda page: (page.name == SUMMARY, page.name))


def _by_papermill(project: Path) -> float:
    """Return how long the commands papermill and jupyter nbconvert take for all notebooks."""
    total = 0.0
    for page in _pages(project):
        made = project / f"{page.name}.ipynb"
        given = ["--parameters_yaml", json.dumps(page.given), "--cwd", page.path.parent, "--no-progress-bar"]
        total += _seconds([BIN / "papermill", page.path, made, "--kernel", "python3", *given], project)
        total += _seconds([BIN / "jupyter", "nbconvert", "--log-level", "ERROR", "--to", "html", made], project)
    return total


def _computed(project: Path) -> float:
    """Return how long all code cells that a report runs take in one process; QUIET keeps `cx.show` from drawing."""
    told = [
        [
            page.name,
            page.given,
            [[cell.source, "parameters" in cell.tags] for cell in page.cells if cell.kind == "code"],
        ]
        for page in _pages(project)
    ]
    os.environ[QUIET] = "1"
    try:
        return _seconds([sys.executable, "-c", PURE], project, "notebooks", input=json.dumps(told), text=True)
    finally:
        del os.environ[QUIET]
