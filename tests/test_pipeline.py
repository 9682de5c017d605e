"""Whatever ends a run, the last report stays whole, the next run succeeds, and nothing is left behind."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import tiny_project
from conftest import REQUIRE_ALL
from tiny_project import Tiny, draw_anew, is_clean, let_plans, rows, said, tree

from cxresearch.report.manifest import verify
from cxresearch.report.publish import KEPT

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published

ORPHAN_SECONDS = 10


def processes_of(project: Tiny) -> list[psutil.Process]:
    """Return all processes of a project, whoever their parent is by now: each bears its root in the environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CXRESEARCH_ROOT") == str(project.root) and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE]


def nothing_runs(project: Tiny) -> bool:
    """Return whether within some seconds no process of a project is left."""
    end = time.monotonic() + ORPHAN_SECONDS
    while processes_of(project) and time.monotonic() < end:
        time.sleep(0.05)
    return not processes_of(project)


# ---- killed


def crash_states(project: Tiny, copies: Path, before: str = "any") -> dict:
    """Return what crash_states.py finds."""
    script = str(Path(__file__).with_name("crash_states.py"))
    command = [sys.executable, script, str(project.root), str(copies), before]
    copies.mkdir()
    done = subprocess.run(command, env=project.environment(), cwd=project.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["code"] == 0, found["said"]
    return found


def assert_goes_on(found: dict, allowed: set[str | None]) -> None:
    """Assert that from each state the next run came to the same end by itself; before, `latest` leads where it may."""
    for state in found["states"]:
        where, before = state["change"], state["before"]
        assert before["leads"] in allowed, where
        assert before["verifies"] or before["leads"] is None, where
        assert state["next"][0] == 0, (where, state["next"][1])
        assert state["after"] == found["last"], where
    assert found["last"]["verifies"]
    assert found["last"]["left"] == []


def test_whatever_a_killed_run_leaves_latest_is_whole_and_the_next_run_succeeds(published, tmp_path_factory):
    old = os.readlink(published.latest)
    for number in range(KEPT):
        # Older reports, so that one has to go.
        (published.reports / f"{number:016x}").mkdir()
        os.utime(published.reports / f"{number:016x}", (number, number))
    draw_anew(published, "Second.")
    found = crash_states(published, tmp_path_factory.mktemp("second") / "copies")
    new = found["last"]["leads"]
    assert_goes_on(found, {old, new})
    led = [(state["before"]["leads"], state["before"]["left"]) for state in found["states"]]
    assert sum(where == old and bool(left) for where, left in led) > 15, "while it was staged"
    assert sum(where == old and not left for where, left in led) >= 2, "before, and between both renames"
    assert any(where == new for where, _ in led), "while an old report went"


def test_a_first_report_that_is_killed_leaves_none_or_a_whole_one(published, tmp_path_factory):
    shutil.rmtree(published.reports)
    found = crash_states(published, tmp_path_factory.mktemp("first") / "copies", "moves")
    assert_goes_on(found, {None, found["last"]["leads"]})


def test_a_damaged_report_is_mended_from_wherever_mending_was_killed(published, tmp_path_factory):
    (published.latest / "team" / "01-base.html").write_text("damaged")
    found = crash_states(published, tmp_path_factory.mktemp("damaged") / "copies", "moves")
    for state in found["states"]:
        assert state["next"][0] == 0, state
        assert state["after"] == found["last"]
    assert found["last"] == {"leads": os.readlink(published.latest), "verifies": True, "left": []}
    assert is_clean(published)


SEED, KILLS = 9, 2


def test_a_run_killed_at_any_moment_leaves_no_process_and_no_half_report(published):
    draws, began, pids = random.Random(SEED), time.monotonic(), []
    draw_anew(published, "No kernel runs.")
    assert published.report().returncode == 0
    # A run with a notebook takes about half as long again.
    whole = 1.5 * (time.monotonic() - began)
    for number in range(KILLS):
        let_plans(published, "import time; time.sleep(.2)", f"show('plans', {rows(number)})")
        draw_anew(published, f"Time {number}.")
        run = published.start("report", "params/tiny.yaml")
        time.sleep(draws.uniform(0.1, 0.9) * whole)
        kill = os.killpg if number % 2 else os.kill
        kill(run.pid, signal.SIGKILL)
        run.communicate(timeout=20)
        pids.append(run.pid)
        assert verify(published.latest) == []
        assert nothing_runs(published), [process.cmdline() for process in processes_of(published)]
        assert len(list(published.reports.glob(".*"))) <= 2
    done = published.report()
    assert done.returncode == 0, done.stderr
    assert is_clean(published)
    results = json.loads((published.latest / "results.json").read_text())["notebooks"]
    assert results["02-plans"]["plans"]["frame"]["rows"][0][3] == KILLS - 1
    assert not [path for pid in pids for path in Path("/tmp").glob(f"cx-{pid}-*")]


MAIN = "import os, psutil, signal; above = psutil.Process().parents()"
CALLER = "main = next(one for one in above if 'cxresearch.cli' in one.cmdline())"
ENDS = {
    "the whole group": ("os.killpg(main.pid, signal.SIGKILL)", -signal.SIGKILL),
    "the worker": ("above[0].kill()", 1),
    "the kernel": ("os.kill(os.getpid(), signal.SIGKILL)", 1),
}


@pytest.mark.parametrize("ended", ENDS)
def test_whatever_process_dies_in_a_notebook_the_others_end_and_nothing_is_published(published, ended):
    before, (kill, code) = tree(published.reports), ENDS[ended]
    # A process that a cell started, such as those of joblib, goes along.
    child = "import subprocess, sys; one = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])"
    let_plans(published, child, MAIN, CALLER, kill, "import time; time.sleep(60)")
    run = published.start("report", "params/tiny.yaml")
    errors = run.communicate(timeout=120)[1]
    assert run.returncode == code, errors
    assert nothing_runs(published), [process.cmdline() for process in processes_of(published)]
    if code == 1:
        assert errors.splitlines()[-1].startswith("02-plans.ipynb")
        assert not list(published.reports.glob(".*"))
    assert verify(published.latest) == []
    assert {name: data for name, data in tree(published.reports).items() if not name.startswith(".")} == before


# ---- disks


@dataclass(frozen=True)
class Namespace:
    """A process with mounts of its own, which end with it."""

    pid: int

    def run(self, *command: str, **more: object) -> subprocess.CompletedProcess:
        """Run a command among these mounts."""
        inside = ["nsenter", "--target", str(self.pid), "--mount", "--wd=/", *command]
        return subprocess.run(inside, capture_output=True, text=True, check=False, **more)

    def report(self, project: Tiny) -> subprocess.CompletedProcess:
        """Make the report of a project among these mounts."""
        command = f"cd '{project.root}' && exec '{sys.executable}' -m cxresearch.cli report params/tiny.yaml"
        return self.run("sh", "-c", command, env=project.environment())

    def mount(self, *arguments: str) -> None:
        """Mount something."""
        done = self.run("mount", *arguments)
        assert done.returncode == 0, done.stderr

    def seen(self, project: Tiny) -> Tiny:
        """Return the project as it looks from there."""
        return Tiny(Path(f"/proc/{self.pid}/root{project.root}"), project.package)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """Give a namespace of mounts, which takes root and a kernel that allows it."""
    holder = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo ready && exec sleep 600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        ready = holder.stdout is not None and holder.stdout.readline()
        if not ready and not REQUIRE_ALL:
            pytest.skip("needs root, to mount")
        assert ready, "CXRESEARCH_REQUIRE=all, and no file system can be mounted"
        yield Namespace(holder.pid)
    finally:
        holder.kill()
        holder.communicate()


def test_a_full_disk_is_said_and_once_there_is_room_the_next_run_succeeds(published, namespace):
    let_plans(published, f"show('plans', {rows(*range(40))})")
    seen, before = namespace.seen(published), tree(published.reports)
    for folder in (".cache", "reports"):
        place, saved = published.root / folder, published.root / f"saved{folder}"
        shutil.copytree(place, saved, symlinks=True)
        namespace.mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place))
        # What was there, and then all but some pages of the room.
        full = f"cp -a '{saved}/.' '{place}'; head -c 10M /dev/zero > '{place}/full'; truncate -s -32K '{place}/full'"
        namespace.run("sh", "-c", full)
        done = namespace.report(published)
        assert done.returncode == 1
        assert "No space left on device" in said(done), folder
        namespace.run("rm", f"{place}/full")
        assert tree(seen.reports) == before
        assert is_clean(seen)
    again = namespace.report(published)
    assert again.returncode == 0, again.stderr
    assert is_clean(seen)


def test_a_folder_that_cannot_be_written_is_one_sentence(published, namespace):
    draw_anew(published, "New.")
    before = tree(published.reports)
    for folder in ("reports/tiny", "reports", ".cache"):
        place = str(published.root / folder)
        namespace.mount("--bind", place, place)
        namespace.mount("-o", "remount,bind,ro", place)
        done = namespace.report(published)
        assert done.returncode == 1
        assert re.search("Read-only file system; nothing was published.$", said(done)), folder
        assert tree(published.reports) == before
    assert published.report().returncode == 0
