"""Reports by workers of a Dask cluster: the bytes that local ones make, whatever is killed, or one sentence."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import MagicMock

import psutil
import pytest
import tiny_project
from tiny_project import Tiny, page, rows, tree

from cxresearch.cache import Store
from cxresearch.report import cluster
from cxresearch.report.failure import ReportError
from cxresearch.report.manifest import verify
from cxresearch.strict_yaml import StudyError

package, tiny = tiny_project.package, tiny_project.tiny

# A cluster of a process of its own, as a colleague would start it; it ends when its stdin does.
CLUSTER = """
import json, sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1",
                      local_directory=sys.argv[1]) as found:
        print(json.dumps([found.scheduler_address, [worker.pid for worker in found.workers.values()]]), flush=True)
        sys.stdin.read()
"""
# Kills the process that runs this notebook, the first time.
KILL_ONCE = """
import os, signal
from pathlib import Path
before = Path("ran").read_text() if Path("ran").exists() else ""
done = Path("ran").write_text(f"{before}{os.getppid()} ")
done = before or os.kill(os.getppid(), signal.SIGKILL)
"""
SECONDS = 60


@pytest.fixture(scope="module")
def cluster_of_two(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[int]]]:
    """Return the address of a scheduler on this machine and the process ids of its two workers."""
    folder = tmp_path_factory.mktemp("dask")
    script = Tiny(folder, package).write("cluster.py", CLUSTER)
    command, pipe = [sys.executable, str(script), str(folder)], subprocess.PIPE
    environment = Tiny(folder, package).environment()
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as process:
        yield tuple(json.loads(process.stdout.readline()))
        process.stdin.close()
        process.wait(SECONDS)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_report_by_a_cluster_is_that_of_local_processes_though_a_worker_is_killed(tiny, cluster_of_two):
    address, pids = cluster_of_two
    tiny.notebook("01-base", *page("Who answered?", ("code", KILL_ONCE), ("code", f"show('base', {rows(1.5)})")))
    ran = tiny.write("notebooks/ran", "0 ")
    local = tiny.report()
    assert local.returncode == 0, local.stderr
    by_local = tree(tiny.latest)
    shutil.rmtree(tiny.reports)
    ran.unlink()
    done = tiny.cli("report", "params/tiny.yaml", "--force", "--on", address)
    assert done.returncode == 0, done.stderr
    assert "3 of 3 notebooks ran" in done.stdout
    assert "Traceback" not in done.stderr
    first, second = map(int, ran.read_text().split())
    assert first in pids
    assert second != first
    assert tree(tiny.latest) == by_local
    assert verify(tiny.latest) == []


def test_a_run_on_a_cluster_that_is_stopped_takes_its_kernels_along_and_leaves_the_workers(tiny, cluster_of_two):
    source = "import os, time; done = open('pid', 'w').write(str(os.getpid())); time.sleep(120)"
    tiny.notebook("01-base", *page("Who answered?", ("code", source)))
    run = tiny.start("report", "params/tiny.yaml", "--on", cluster_of_two[0])
    file = tiny.root / "notebooks" / "pid"
    wait_for(lambda: file.exists() and file.read_text())
    kernel = psutil.Process(int(file.read_text()))
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=SECONDS)
    assert (run.returncode, said.strip().splitlines()[-1]) == (130, "stopped; nothing was published.")
    wait_for(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE)
    tiny.notebook("01-base", *page("Who answered?", ("markdown", "## How many?"), ("code", "raise ValueError('Jane')")))
    again = tiny.cli("report", "params/tiny.yaml", "--on", cluster_of_two[0])
    told = again.stderr.strip().splitlines()[-1]
    assert told.startswith('01-base.ipynb, cell 3 under "How many?": ValueError was raised;')
    assert "Jane" not in again.stderr + again.stdout


def test_where_nobody_listens_it_is_said_within_seconds(tiny):
    began = time.monotonic()
    done = tiny.cli("report", "params/tiny.yaml", "--on", f"tcp://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith("no Dask scheduler answers there; start one (dask scheduler), or leave --on out.")
    )
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < SECONDS / 2
    assert not tiny.reports.exists() or not list(tiny.reports.iterdir())


SAME = (True, f"{sys.version_info[:2]} digest")


@pytest.fixture
def digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package be the same throughout, whatever colleagues edit meanwhile."""
    monkeypatch.setattr(cluster, "package_digest", lambda: "digest")


@pytest.mark.parametrize(
    ("threads", "looked", "words"),
    [
        ([], [], "the scheduler has no workers; start some"),
        ([1, 2], [SAME, SAME], "a worker runs several calls at once; start it with --nthreads 1"),
        ([1, 1], [SAME, (False, SAME[1])], "a worker does not see this project's folder; share it at the same path"),
        ([1], [(True, f"(3, 9) {SAME[1]}")], "a worker has another Python or cxresearch; install the same"),
        ([1], ModuleNotFoundError(), "a worker cannot import this cxresearch; install it there"),
    ],
)
def test_workers_that_would_not_make_the_same_report_are_refused(digest, tmp_path, threads, looked, words):
    client = MagicMock()
    client.scheduler_info.return_value = {"workers": {str(place): {"nthreads": n} for place, n in enumerate(threads)}}
    client.run.side_effect = [looked] if isinstance(looked, Exception) else [dict(enumerate(looked))]
    with pytest.raises(ReportError, match=words):
        cluster._checked(client, "tcp://127.0.0.1:1", Store(tmp_path))


def test_workers_that_are_as_this_process_are_counted(digest, tmp_path):
    client = MagicMock()
    client.scheduler_info.return_value = {"workers": {"a": {"nthreads": 1}, "b": {"nthreads": 1}}}
    client.run.return_value = {"a": SAME, "b": SAME}
    assert cluster._checked(client, "tcp://127.0.0.1:1", Store(tmp_path)) == 2


@pytest.mark.parametrize("address", ["tcp:/127.0.0.1:1", "http://127.0.0.1:8786", "127.0.0.1:8786", "tcp://a b:1", ""])
def test_an_address_of_another_kind_is_refused(address):
    with pytest.raises(StudyError, match="write local, or a Dask scheduler's address such as tcp://"):
        cluster._connected(address)


def test_without_distributed_a_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StudyError, match=r"install it: pip install 'cxresearch\[dask\]'"):
        cluster._connected("tcp://127.0.0.1:8786")


def test_a_worker_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("CXRESEARCH_KERNEL_MEMORY", "7")
    before = dict(os.environ)
    umask = os.umask(0o022)
    found = cluster.prepared((str(tmp_path), str(tmp_path / ".cache"), None), lambda: dict(os.environ))
    assert dict(os.environ) == before
    assert os.umask(umask) == 0o022
    assert found["CXRESEARCH_ROOT"] == str(tmp_path)
    assert not os.path.exists(found["JUPYTER_RUNTIME_DIR"])
