"""All that `kill -9` of a run can leave on the disk, and what the next run makes of it.

A killed process leaves the disk as it was before its next change. So a project is copied before each change that the
command line makes in it, and from each copy the next run goes on. `crash_states.py PROJECT COPIES any` prints what came
of it as JSON; `moves` in the place of `any` takes only what puts things in place. Run by test_pipeline.py in a process
of its own, for an audit hook stays until the end.
"""

import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from cxresearch import cli
from cxresearch.report.manifest import verify

REPORT = ["report", "params/tiny.yaml"]
# What Python's audit hooks hear of before it happens; `Path.replace` is heard as a rename.
MOVES = {"os.rename", "os.symlink", "os.link"}
CHANGES = {"moves": MOVES, "any": MOVES | {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "open"}}
WRITING = os.O_WRONLY | os.O_RDWR


class Recorder:
    """Copies a project before each change in it, once for each state of its reports and its cache.

    Parameters
    ----------
    root, copies
        The project, and where the copies go.
    events
        What is taken for a change.
    """

    def __init__(self, root: Path, copies: Path, events: set[str]) -> None:
        self.root, self.copies, self.events = root, copies, events
        self.changes: list[str] = []
        self.on = False
        self._known: set[str] = set()

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Hear of an event."""
        reads = event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING)
        if self.on and event in self.events and not reads:
            self.on = False
            self._keep(f"{event} {Path(str(arguments[0])).name}")
            self.on = True

    def _keep(self, change: str) -> None:
        """Copy the project, unless it was copied in this state."""
        state = repr(sorted(map(self._told, self.root.rglob("*"))))
        if state not in self._known:
            self._known.add(state)
            shutil.copytree(self.root, self.copies / str(len(self.changes)), symlinks=True)
            self.changes.append(change)

    def _told(self, path: Path) -> tuple[str, str]:
        """Return what tells one state from another; whatever is written but once is told by its name and size."""
        where = path.relative_to(self.root).as_posix()
        if ".cache/logs" in where or ".cache/home" in where:
            return "", ""
        return where, os.readlink(path) if path.is_symlink() else str(path.is_file() and path.stat().st_size)


def run(root: Path) -> tuple[int, str]:
    """Make the report of a project in this process; return the exit code and what was said."""
    os.environ["CXRESEARCH_ROOT"] = str(root)
    os.chdir(root)
    sys.argv[1:] = REPORT
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def seen(root: Path) -> dict[str, Any]:
    """Return where `latest` leads, whether that is what was published, and what else lies beside it."""
    reports = root / "reports" / "tiny"
    latest = reports / "latest"
    return {
        "leads": os.readlink(latest) if latest.is_symlink() else None,
        "verifies": verify(latest) == [],
        "left": sorted(path.name for path in reports.glob(".*")),
    }


def main() -> None:
    """Record a run, go on from each state that it went through, and print what was seen."""
    root, copies = map(Path, sys.argv[1:3])
    recorder = Recorder(root, copies, CHANGES[sys.argv[3]])
    sys.addaudithook(recorder)
    recorder.on = True
    code, said = run(root)
    recorder.on = False
    states = []
    for number, change in enumerate(recorder.changes):
        copy = copies / str(number)
        before = seen(copy)
        states.append({"change": change, "before": before, "next": run(copy), "after": seen(copy)})
    print(json.dumps({"code": code, "said": said, "last": seen(root), "states": states}))


if __name__ == "__main__":
    main()
