"""Nothing that the tests or a report run reaches beyond this machine, and nothing in a report even tries to."""

import os
import shutil
import socket
import subprocess
import sys
import warnings

import offline
import pytest
import tiny_project
from conftest import REQUIRE_ALL, ROOT
from pytest_socket import SocketConnectBlockedError
from tiny_project import Tiny, page

package, tiny = tiny_project.package, tiny_project.tiny

# An address that RFC 5737 keeps for documentation: nobody listens there, and nobody is meant to.
NOWHERE = ("192.0.2.1", 9)
OFFLINE = [sys.executable, str(ROOT / "tests" / "offline.py")]
# Whatever Python opens on the way out is written down, in every process of a run that finds this on its path.
WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        there = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments
        host = there[0] if isinstance(there, tuple) else "a socket of this machine"
        if host not in ("127.0.0.1", "::1", "localhost", None, "", "a socket of this machine"):
            with open(os.environ["WATCHED"], "a") as file:
                file.write(f"{event} {host}\\n")
sys.addaudithook(watch)
"""
SCORES = """
import cxresearch as cx
study = cx.load(study, period=period)
cx.show(cx.metrics.of_study(study, "nps"), key="scores", study=study, method="nps")
"""
CALL = f"import socket; socket.create_connection({NOWHERE}, timeout=0.2)"


@pytest.fixture
def watched(tiny: Tiny, tmp_path_factory) -> Tiny:
    """Return a tiny project of one real page, whose processes write down where they would connect to."""
    own = tmp_path_factory.mktemp("watched")
    shutil.copytree(tiny.package, own, dirs_exist_ok=True)
    (own / "sitecustomize.py").write_text(WATCH)
    lines = [f"2026-08-{day:02d},{day * 7 % 11}" for day in range(1, 31)]
    tiny.write("data/tiny/answers.csv", "\n".join(["day,score", *lines]) + "\n")
    tiny.write("docs/methods.md", "## nps\n\nThe score.\n")
    tiny.notebook("01-base", *page("Who answered?", ("markdown", "## How many?"), ("code", SCORES)))
    return Tiny(tiny.root, own)


def offline_report(project: Tiny) -> subprocess.CompletedProcess:
    command = [*OFFLINE, sys.executable, "-m", "cxresearch.cli", "report", "params/tiny.yaml"]
    environment = project.environment(WATCHED=str(project.root / "watched.txt"))
    return subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=120)


def test_a_test_that_calls_out_fails():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"):
            socket.create_connection(NOWHERE, timeout=0.2)


def test_what_runs_offline_has_a_loopback_of_its_own_and_nothing_else():
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; socket.create_connection({server.getsockname()}, timeout=2); print('reached')"
        plain, apart = (
            subprocess.run([*before, sys.executable, "-c", call], capture_output=True, text=True)
            for before in ([], OFFLINE)
        )
    if apart.stderr.startswith("NOT OFFLINE") and not REQUIRE_ALL:
        pytest.skip(apart.stderr)
    assert plain.stdout == "reached\n"
    # This machine's own loopback is outside as well: the server above is not there.
    assert apart.stdout == ""
    assert "ConnectionRefusedError" in apart.stderr
    inside = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname());"
        f"s = socket.socket(); print(s.connect_ex({NOWHERE}))"
    )
    done = subprocess.run([*OFFLINE, sys.executable, "-c", inside], capture_output=True, text=True)
    assert done.stdout.split() == [str(101)], done.stderr


def test_a_report_is_made_without_a_network_and_never_asks_for_one(watched):
    done = offline_report(watched)
    assert done.returncode == 0, done.stderr
    assert (watched.latest / "team" / "01-base.html").is_file()
    assert not (watched.root / "watched.txt").exists()


def test_a_page_that_would_call_out_is_caught(watched):
    watched.notebook("02-plans", *page("Who is there?", ("code", CALL)))
    watched.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\n")
    done = offline_report(watched)
    assert done.returncode == 1
    assert "02-plans" in done.stderr
    assert "192.0.2.1" in (watched.root / "watched.txt").read_text()


def test_a_machine_without_namespaces_says_so_in_capitals(monkeypatch, capfd):
    # unshare(2) knows no such flag, as a container may know no such right.
    monkeypatch.setattr(offline, "CLONE_NEWNET", 1)
    monkeypatch.setattr(os, "execvp", lambda *command: print(*command))
    offline.main(["echo", "hello"])
    told = capfd.readouterr()
    assert told.out == "echo ['echo', 'hello']\n"
    assert told.err.startswith("NOT OFFLINE: no network namespace here")
