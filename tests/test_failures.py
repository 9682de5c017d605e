"""What may go wrong in a run: it is said in one sentence, no data is in it, and the last good report stays."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import tiny_project
from tiny_project import let_plans, rows, said, state

from cxresearch.report.failure import exception_words, stray_output
from cxresearch.report.notebook import Cell
from cxresearch.report.plan import PACKAGE

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published

SECRET = "Jane Doe"
ORPHAN_SECONDS = 10


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.002)


def is_running(pid: int) -> bool:
    """Return whether a process lives."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def pids_of(file: Path) -> list[int]:
    """Return the process ids that a cell wrote into a file."""
    return [int(word) for word in file.read_text().split()] if file.exists() else []


PLACE = '02-plans.ipynb, cell 3 under "Which plan is best?": '


@pytest.mark.parametrize(
    ("source", "arguments", "words"),
    [
        (f"raise ValueError('{SECRET}')", (), "ValueError was raised;"),
        (f"{{}}['{SECRET}']", (), "KeyError was raised;"),
        ("if True print(1)", (), "SyntaxError was raised;"),
        ("import sys; sys.exit()", (), "SystemExit was raised;"),
        # A lookup that fails inside our package quotes the key, which may be a cell value.
        (
            f"import ast; from cxresearch.report.notebook import _fits; _fits(1, ast.Name('{SECRET}'))",
            (),
            "KeyError was raised;",
        ),
        (
            "from cxresearch.study import load_study; load_study('tinny')",
            (),
            "StudyError: study: there is no data/tinny/study.yaml; the nearest known one is 'tiny';",
        ),
        ("import os; os._exit(137)", (), "the kernel died, most often because memory ran out;"),
        ("import time; time.sleep(90)", ("--timeout", "2"), "it took more than 2 seconds; allow more with --timeout;"),
        ("pass", ("--memory", "0.1"), None),
        ("x = bytearray(3 * 10**9)", ("--memory", "2"), "memory ran out; give it more with --memory, or let the cell"),
        (f"print('{SECRET}')", (), "wrote to stdout; only cx.show may put something on a page;"),
        (f"'{SECRET}'", (), "shows a value without cx.show; show it, or assign it to a name;"),
        (f"show('a', {rows(1)}); show('a', {rows(2)})", (), "shows a second result with the key 'a'; give it a key="),
    ],
)
def test_a_notebook_that_fails_is_named_with_its_cell_and_nothing_is_published(published, source, arguments, words):
    before = state(published)
    let_plans(published, source)
    done = published.cli("report", "params/tiny.yaml", *arguments)
    assert done.returncode == 1
    # With too little memory for a kernel, whichever notebook came first is named.
    assert said(done).startswith(PLACE + words if words else ("01-base.ipynb, before", "02-plans.ipynb, before"))
    assert said(done).endswith("-plans.log tells more." if words else ".log tells more.")
    assert SECRET not in done.stdout + done.stderr
    assert state(published) == before
    assert not list(published.reports.glob(".*"))


def test_what_a_cell_showed_besides_is_kept_in_the_private_log(published):
    let_plans(published, f"'{SECRET}'")
    published.report()
    assert SECRET in (published.root / ".cache" / "logs" / "tiny" / "02-plans.log").read_text()


def test_the_whole_traceback_is_kept_in_a_private_log(published):
    let_plans(published, f"raise RuntimeError('{SECRET}')")
    published.report()
    log = published.root / ".cache" / "logs" / "tiny" / "02-plans.log"
    assert f"RuntimeError: {SECRET}" in log.read_text()
    cache = published.root / ".cache"
    kinds = ("logs", "executed", "payloads", "results", "tables")
    private = [cache, *(path for kind in kinds for path in [cache / kind, *(cache / kind).rglob("*")])]
    assert {path.stat().st_mode & 0o077 for path in private} == {0}


def test_a_notebook_that_failed_keeps_nothing_and_runs_again_once_mended(published):
    let_plans(published, "raise RuntimeError")
    assert published.report().returncode == 1
    let_plans(published, f"show('plans', {rows(1)})")
    done = published.report()
    assert done.returncode == 0
    assert "2 of 3 notebooks ran, 1 were kept" in done.stdout


def test_the_bar_of_long_work_stays_off_the_page(published):
    work = "from cxresearch.progress import tracked; done = list(tracked(range(300), 'Working', 300))"
    let_plans(published, f"{work}; show('plans', {rows(1)})")
    done = published.report()
    assert done.returncode == 0, done.stdout + done.stderr


def output(kind: str, **more: object) -> dict:
    return {"output_type": kind, **more}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (output("stream", name="stderr", text="x"), "wrote to stderr; only cx.show may put something on a page"),
        (output("execute_result", data={"text/plain": "2"}), "shows a value without cx.show; show it, or assign it"),
        (output("display_data", data={"image/png": "x"}), "shows a value without cx.show; show it, or assign it"),
        (output("error", ename="SystemExit"), "SystemExit was raised"),
    ],
)
def test_every_kind_of_output_that_is_no_result_is_found(found, words):
    cells = (Cell("markdown", "# A", (), 0), Cell("code", "a", (), 1), Cell("code", "b", (), 2))
    result = output("display_data", data={"our/result": {}})
    number, said = stray_output(cells, {1: [result], 2: [result, found]}, "our/result")
    assert (number, said[: len(words)]) == (2, words)
    hidden = (cells[0], cells[1], Cell("code", "b", ("remove-cell",), 2))
    assert stray_output(hidden, {1: [result], 2: [found]}, "our/result") == (0, "")


def test_only_sentences_that_our_package_raises_are_repeated():
    lines = (PACKAGE / "study.py").read_text().splitlines()
    raising = next(number for number, line in enumerate(lines, 1) if line.strip().startswith("raise StudyError"))
    ours = [f"\x1b[31mFile {PACKAGE}/study.py:{raising}, in load\x1b[0m", "ValueError: found 3"]
    assert exception_words("ValueError", "found 3", ours) == "ValueError: found 3"
    assert exception_words("KeyError", "'found 3'", ours) == "KeyError: found 3"
    assert exception_words("OSError", "found 3", ours) == "OSError was raised"
    for frame in (
        f"File {PACKAGE}/study.py:{raising - 1}, in load",
        "File /x/pandas/core.py:3, in f",
        "Cell In[1], line 1",
    ):
        assert exception_words("ValueError", "found 3", [*ours[:1], frame]) == "ValueError was raised"
    assert exception_words("ValueError", "found 3", []) == "ValueError was raised"


def test_a_second_run_is_refused_at_once_and_a_killed_one_leaves_no_lock(published):
    before = state(published)
    let_plans(published, "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(120)")
    first = published.start("report", "params/tiny.yaml")
    kernel = published.root / "notebooks" / "pid"
    wait_for(lambda: pids_of(kernel))
    began = time.monotonic()
    second = published.report()
    assert (second.returncode, time.monotonic() - began < 5) == (1, True)
    assert said(second).startswith(f"another report is being made in this project by process {first.pid} since 20")
    assert len(sockets(first)) == 1
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=20)
    wait_for(lambda: not is_running(pids_of(kernel)[0]) and not sockets(first), ORPHAN_SECONDS)
    assert state(published) == before
    let_plans(published, f"show('plans', {rows(1)})")
    assert published.report().returncode == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_takes_its_kernels_along(published, number, code):
    before = state(published)
    let_plans(published, "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(120)")
    run = published.start("report", "params/tiny.yaml")
    kernel = published.root / "notebooks" / "pid"
    wait_for(lambda: pids_of(kernel))
    below = psutil.Process(run.pid).children(recursive=True)
    assert pids_of(kernel)[0] in [process.pid for process in below]
    os.killpg(run.pid, number)
    _, errors = run.communicate(timeout=20)
    assert run.returncode == code
    assert "Traceback" not in errors
    wait_for(lambda: not any(is_running(process.pid) for process in below), ORPHAN_SECONDS)
    assert state(published) == before
    assert not list(published.reports.glob(".*"))
    assert not sockets(run)


def test_a_result_that_cannot_be_drawn_is_named_and_logged(published):
    before = state(published)
    let_plans(published, f"show('plans', {rows(1)}, kind='trend')")
    done = published.report()
    assert done.returncode == 1
    assert said(done).startswith("02-plans/plans cannot be drawn (")
    assert "Traceback" in next((published.root / ".cache" / "logs").glob("error-*.log")).read_text()
    assert state(published) == before


def sockets(run: subprocess.Popen) -> list[Path]:
    """Return the folders that a run keeps its kernels' sockets in."""
    return list(Path("/tmp").glob(f"cx-{run.pid}-*"))


@pytest.mark.parametrize("name", ["reports", "reports/tiny"])
def test_a_reports_folder_that_cannot_be_written_is_one_said(tiny, name):
    tiny.write(name, "a file in place of the folder: even root cannot make a folder here")
    done = tiny.report()
    assert done.returncode == 1
    assert said(done).endswith("nothing was published.")
    assert name in said(done)


def test_a_full_disk_is_one_sentence_and_leaves_the_last_report(published):
    before = state(published)
    published.write("docs/methods.md", "## nps\n\nNew.\n")
    command = ["report", "params/tiny.yaml"]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A write past this many bytes fails with EFBIG, as one on a full disk does with ENOSPC.
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, limit[1]))
    try:
        done = published.cli(*command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert done.returncode == 1
    assert "File too large; nothing was published." in said(done)
    assert state(published) == before
    assert not list(published.reports.glob(".*"))
    assert published.report().returncode == 0
