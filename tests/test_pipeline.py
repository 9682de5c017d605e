"""Whatever ends or disturbs a run, the last report stays whole, the next run succeeds, and nothing is left behind."""

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

import numpy as np
import psutil
import pytest
import tiny_project
from conftest import REQUIRE_ALL
from test_plots import frame_for
from tiny_project import Tiny, page, rows, tree, write_project

from cxresearch.cache import Store
from cxresearch.present.payload import MIME_TYPE, PLOTS, Grid, Payload
from cxresearch.report import plan
from cxresearch.report.manifest import read_manifest, verify
from cxresearch.report.publish import KEPT
from cxresearch.report.run import Options, _task, write_results
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run
from cxresearch.study_data import load, results
from cxresearch.topics.vectors import cached

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published

ORPHAN_SECONDS = 10
PLANS = ("02-plans", "Which plans?", ("markdown", "## Which plan is best?"))


def let_plans(project: Tiny, *sources: str) -> None:
    """Let the cells of 02-plans after the first two do something else."""
    name, title, heading = PLANS
    project.notebook(name, *page(title, heading, *(("code", source) for source in sources)))
    project.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\n")


def draw_anew(project: Tiny, text: str) -> None:
    """Change what the pages show and nothing that the notebooks depend on."""
    project.write("docs/methods.md", f"## nps\n\n{text}\n")


def said(done: subprocess.CompletedProcess) -> str:
    """Return the last line on stderr, where no traceback may stand."""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


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


def is_clean(project: Tiny) -> bool:
    """Return whether the last report is whole and nothing lies beside the reports."""
    return verify(project.latest) == [] and not list(project.reports.glob(".*"))


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


# ---- what lies in the project

# What a disk makes of a file when the power goes, and later.
SPOILT = (
    lambda data: b"",
    lambda data: data[: len(data) // 2],
    lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
    lambda data: b"\0" * len(data),
)


def test_a_cache_that_a_disk_has_spoilt_is_made_again(published):
    good = tree(published.latest)
    shutil.rmtree(published.reports)
    kept = [path for path in sorted((published.root / ".cache").rglob("*")) if path.is_file() and path.stat().st_size]
    assert {"payloads", "drawn", "tables", "results"} <= {path.parent.name for path in kept}
    for number, path in enumerate(kept):
        path.write_bytes(SPOILT[number % len(SPOILT)](path.read_bytes()))
    done = published.report()
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 of 3 notebooks ran")
    assert tree(published.latest) == good


def test_spoilt_tables_are_read_again_though_no_notebook_asks_for_them(published):
    draw_anew(published, "New.")
    tables = published.root / ".cache" / "tables"
    good = tree(tables)
    for number, path in enumerate(sorted(tables.glob("*.parquet"))):
        path.write_bytes(SPOILT[number % len(SPOILT)](path.read_bytes()))
    done = published.report()
    assert done.stdout.startswith("0 of 3 notebooks ran"), done.stderr
    assert tree(tables) == good


@pytest.mark.parametrize("spoil", SPOILT)
def test_points_of_texts_that_are_spoilt_are_computed_again(project, spoil):
    computed = []

    def compute(texts):
        computed.append(list(texts))
        return np.ones((len(texts), 3), np.float32)

    for _ in range(2):
        cached(["a", "b"], "model", compute)
        path = next((project / ".cache" / "embeddings" / "model").glob("*.npz"))
        path.write_bytes(spoil(path.read_bytes()))
    assert cached(["a", "b"], "model", compute).shape == (2, 3)
    assert cached(["a", "b"], "model", compute).shape == (2, 3)
    assert computed == [["a", "b"]] * 3


def test_latest_is_found_again_however_it_went_missing(published):
    target, before = published.latest.resolve(), tree(published.reports)
    for lose in (
        published.latest.unlink,
        lambda: (published.latest.unlink(), published.latest.symlink_to("gone")),
        # As a system without links unpacks one.
        lambda: (published.latest.unlink(), published.latest.write_text(target.name)),
    ):
        lose()
        done = published.report()
        assert done.stdout.startswith("Nothing changed"), done.stderr
        assert published.latest.resolve() == target
    assert tree(published.reports) == before


def test_a_folder_in_the_place_of_latest_is_said_before_any_work(published):
    published.latest.unlink()
    shutil.copytree(next(published.reports.iterdir()), published.latest)
    before = tree(published.reports)
    let_plans(published, "open('ran', 'w')")
    done = published.report()
    assert said(done) == "tiny/latest is a folder where a link belongs; move it away and run again."
    assert tree(published.reports) == before
    assert not (published.root / "notebooks" / "ran").exists()


def test_a_clock_that_is_set_back_changes_nothing(published):
    future = time.time() + 10**7
    for path in [*published.root.rglob("*"), *published.reports.iterdir()]:
        if not path.is_symlink():
            os.utime(path, (future, future))
    assert published.report().stdout.startswith("Nothing changed")
    old = published.latest.resolve()
    draw_anew(published, "New.")
    done = published.report()
    assert done.stdout.startswith("0 of 3 notebooks ran"), done.stderr
    assert published.latest.resolve() != old
    assert is_clean(published)
    assert published.report().stdout.startswith("Nothing changed")


# ---- what changes meanwhile

LOG = ".cache/logs/tiny/02-plans.log tells more."
LOAD = "import cxresearch as cx; n = len(cx.load(study, period, compare_to=None).responses)"
COUNT = "show('plans', [['All', 100 * n, 90 * n, float(n), '']])"


def test_answers_that_come_meanwhile_are_in_no_part_of_this_report(published):
    more = "n = open('../data/tiny/answers.csv', 'a').write('2026-08-03,10\\n')"
    let_plans(published, more, LOAD, COUNT)
    old = read_manifest(published.latest)["inputs"]
    done = published.report()
    assert done.returncode == 0, done.stderr
    results = json.loads((published.latest / "results.json").read_text())["notebooks"]
    assert results["02-plans"]["plans"]["frame"]["rows"][0][3] == 2
    assert read_manifest(published.latest)["inputs"] == old


def test_a_study_file_that_changes_meanwhile_stops_the_run(published):
    cache = published.root / ".cache"
    before = tree(published.reports), tree(cache / "payloads")
    edit = "n = open('../data/tiny/study.yaml', 'a').write('currency: CHF\\n')"
    let_plans(published, edit, f"show('plans', {rows(1)})")
    done = published.report()
    assert done.returncode == 1
    assert said(done) == "02-plans.ipynb: study.yaml was changed while it ran; run the report again; " + LOG
    assert (tree(published.reports), tree(cache / "payloads")) == before


def test_answers_that_change_before_they_are_read_are_kept_under_no_key(planned, monkeypatch):
    one = plan.make_plan(load_run(planned.root / "params" / "tiny.yaml"))
    for variable, value in one.environment.items():
        monkeypatch.setenv(variable, value)
    change(planned, "data/tiny/answers.csv", "2026-08-01,9", "2026-08-01,8")
    with pytest.raises(StudyError, match="the data changed while they were read; run it again"):
        load(one.study, "2026Q3")
    assert not list((planned.root / ".cache" / "tables").glob("*"))


# ---- what depends on what

NOTEBOOKS = {"00-summary", "01-base", "02-plans"}
CHANGED = {
    "the code of a notebook": ("notebooks/02-plans.ipynb", "1.5 * factor", "2.5 * factor", {"02-plans", "00-summary"}),
    "the text of a notebook": (
        "notebooks/02-plans.ipynb",
        "Which plan is best",
        "Which is best",
        {"02-plans", "00-summary"},
    ),
    "the summary": ("notebooks/00-summary.ipynb", "4.5", "4.25", {"00-summary"}),
    "a parameter of a notebook": ("params/tiny.yaml", "factor: 3", "factor: 4", {"02-plans", "00-summary"}),
    "one byte of an export": ("data/tiny/answers.csv", "2026-08-01,9", "2026-08-01,8", NOTEBOOKS),
    # One key for all tables: what is read from one may stand in another, so pages wait for none of them apart.
    "one byte of another export": ("data/tiny/crm.csv", "Ann", "Ada", NOTEBOOKS),
    "what the study file says": ("data/tiny/study.yaml", "Tiny & Sons", "Tiny & Daughters", NOTEBOOKS),
    "the lock": ("requirements.lock", "1.0", "1.1", NOTEBOOKS),
    "the notes on methods": ("docs/methods.md", "score", "Score", set()),
    "the tiers": ("params/tiny.yaml", "[team]", "[public]", set()),
}
UNCHANGED = {
    "how the study file is written": ("data/tiny/study.yaml", "# as asked", "# as it was asked"),
    "ids and counts of cells": ("notebooks/02-plans.ipynb", '"id": "cell-3"', '"id": "another"'),
    "a file that nothing reads": ("data/tiny/notes.txt", "a", "b"),
    "nothing but its time": ("data/tiny/answers.csv", "day", "day"),
}


@pytest.fixture
def planned(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Return a tiny project with all that a plan rests on."""
    monkeypatch.setenv("CXRESEARCH_ROOT", str(tiny.root))
    monkeypatch.setattr(plan, "package_digest", lambda: "the sources of the package")
    customers = "  customers: {source: crm.csv, columns: {customer_id: {from: name}}}\n"
    tiny.write("data/tiny/study.yaml", tiny_project.STUDY + customers + "# as asked\n")
    tiny.write("data/tiny/crm.csv", "name\nAnn\n")
    tiny.write("data/tiny/notes.txt", "a")
    tiny.write("requirements.lock", "one==1.0\n")
    tiny.write("params/tiny.yaml", f"{tiny_project.RUN}tiers: [team]\n")
    tiny.write("docs/methods.md", "## nps\n\nThe score.\n")
    return tiny


def keys(project: Tiny) -> tuple[dict[str, str], str]:
    """Return the key of each page, and that of all that is published."""
    found = plan.make_plan(load_run(project.root / "params" / "tiny.yaml"))
    return {page.name: page.key for page in found.pages}, found.key


def change(project: Tiny, name: str, old: str, new: str) -> None:
    """Replace something in a file."""
    text = (project.root / name).read_text()
    assert text.count(old) == 1
    project.write(name, text.replace(old, new))


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_runs_again_what_depends_on_it_and_no_more(planned, what):
    name, old, new, again = CHANGED[what]
    before, published = keys(planned)
    change(planned, name, old, new)
    after, publishing = keys(planned)
    assert {page for page in before if before[page] != after[page]} == again
    assert published != publishing


@pytest.mark.parametrize("what", UNCHANGED)
def test_what_changes_no_page_runs_nothing(planned, what):
    before = keys(planned)
    change(planned, *UNCHANGED[what])
    assert keys(planned) == before


# ---- the same bytes

ELSEWHERE = {
    "USER": "somebody",
    "TZ": "Pacific/Auckland",
    "PYTHONHASHSEED": "7",
    "COLUMNS": "40",
    # Files are then read and written as ASCII, unless somebody says otherwise.
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


def report_elsewhere(project: Tiny) -> subprocess.CompletedProcess:
    """Make a report as another person, in another country, on a machine with other habits."""
    startup = project.root / "home" / ".ipython" / "profile_default" / "startup" / "0.py"
    startup.parent.mkdir(parents=True)
    # Were it read, no result would be shown.
    startup.write_text("import IPython.display; IPython.display.display = print")
    command = 'umask 077 && exec "$0" -m cxresearch.cli report params/tiny.yaml --jobs 1'
    return subprocess.run(
        ["sh", "-c", command, sys.executable],
        cwd=project.root,
        env=project.environment(HOME=str(project.root / "home"), **ELSEWHERE),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def write_kinds(project: Tiny) -> None:
    """Let one notebook show a figure of each kind, with words that are not ASCII."""
    cells = []
    for kind in PLOTS:
        arguments = {"x": "importance"} if kind == "matrix" else {"x": "price"} if kind == "curves" else {}
        grid = Grid.of(frame_for(kind).replace("Shop", "Fußgängerzone"))
        shown = Payload(key=kind, kind=kind, grid=grid, caption=f"Kind {kind} – für alle", arguments=arguments)
        cells.append(("code", f"import json; put(json.loads({json.dumps(shown.to_json())!r}))"))
    put = f"def put(shown):\n    from IPython.display import display\n    display({{{MIME_TYPE!r}: shown}}, raw=True)"
    project.notebook("01-base", *page("Which kinds?", ("code", put), *cells))


def test_two_clean_runs_in_two_places_publish_the_same_bytes(tmp_path, package):
    here, there = (Tiny(tmp_path / name, package) for name in ("here", "there/a much longer path"))
    for project in (here, there):
        project.root.mkdir(parents=True)
        write_project(project)
        write_kinds(project)
    done = [here.report(), report_elsewhere(there)]
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    first, second = tree(here.latest), tree(there.latest)
    assert [name for name in first | second if first.get(name) != second.get(name)] == []
    assert here.latest.resolve().name == there.latest.resolve().name


# ---- whose data are in a message

MARK = "Quenlitharn"
STUDY = """
title: Marked
tables:
  responses:
    source: answers.csv
    columns:
      response_id: {from: id}
      customer_id: {from: customer}
      responded_at: {from: day, format: "%Y-%m-%d"}
      nps: {from: score}
      verbatim: {from: comment}
"""
MARKED = f"id,customer,day,score,comment\n{MARK}1,{MARK}2,2026-08-01,9,{MARK} called\n3,4,2026-08-02,3,\n"
LOADED = "import cxresearch as cx; rows = cx.load(study, period, compare_to=None).responses"
DIED = "import os; os.write(1, repr(rows).encode()); os._exit(1)"


def test_no_message_and_no_page_tells_whose_data_they_are(tiny):
    tiny.write("data/tiny/study.yaml", STUDY)
    tiny.write("data/tiny/answers.csv", MARKED)
    tiny.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\nskip: [02-plans]\n")
    tiny.notebook("01-base", *page("Who?", ("markdown", "## How many?"), ("code", LOADED), ("code", DIED)))
    died = tiny.report()
    assert died.returncode == 1
    assert said(died).startswith('01-base.ipynb, cell 4 under "How many?": the kernel died')
    log = tiny.root / ".cache" / "logs" / "tiny" / "01-base.log"
    assert MARK in log.read_text(), "what was not said is kept"
    assert log.stat().st_mode & 0o077 == 0
    tiny.notebook("01-base", *page("Who?", ("code", LOADED), ("code", f"show('base', {rows(1)})")))
    done = tiny.report()
    assert done.returncode == 0, done.stderr
    tiny.write("data/tiny/answers.csv", MARKED.replace(",9,", f",{MARK},").replace(",3,", f",{MARK},"))
    refused = tiny.report()
    assert refused.returncode == 2
    assert not any(MARK in one.stdout + one.stderr for one in (died, done, refused))
    private = [path for path in tiny.root.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    known = (tiny.root / ".cache", tiny.root / "data")
    assert [path for path in private if not any(path.is_relative_to(folder) for folder in known)] == []
    assert (tiny.root / ".cache").stat().st_mode & 0o077 == 0


def test_two_runs_of_one_study_and_period_take_each_its_own_results(planned, monkeypatch):
    store, factors = Store(planned.root / ".cache"), {"tiny": 3, "other": 4}
    planned.write("params/other.yaml", tiny_project.RUN.replace("3}", "4}"))
    plans = {name: plan.make_plan(load_run(planned.root / "params" / f"{name}.yaml")) for name in factors}
    for name, one in plans.items():
        for found in one.pages[1:]:
            frame = {"columns": ["n"], "types": ["int"], "rows": [[factors[name]]]}
            told = {"version": 1, "key": "a", "kind": "record", "caption": "A", "about": "process", "frame": frame}
            store.write_json("payloads", found.key, [{**told, "provenance": {"notebook": found.name, "cell": 1}}])
        write_results(one, store)
    for name, one in plans.items():
        task = _task(one.pages[0], one, store, Options())
        for variable, value in task.environment.items():
            monkeypatch.setenv(variable, value)
        assert results(one.study, "2026Q3")["02-plans/a"]["n"].tolist() == [factors[name]]
