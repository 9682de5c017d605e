"""What happens in a worker process: one notebook is executed and its results are kept, or it is said why not."""

import json
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxresearch.cache import Store, file_digest
from cxresearch.report.failure import exception_words, place, stray_output
from cxresearch.report.kernel import make_manager, spare_grammar
from cxresearch.report.notebook import Cell
from cxresearch.report.plan import package_digest

RESULT_MIME = "application/vnd.cxresearch.result+json"
PRIVATE_UMASK = 0o077
KERNEL_START_SECONDS = 120


@dataclass(frozen=True)
class Task:
    """One notebook to execute.

    Parameters
    ----------
    name, cells, key
        The notebook's name, cells and key.
    parameters
        The values to hand over, by declared names.
    folder
        The folder in which it runs: its own.
    cache
        The project's `.cache`.
    log
        File for the full tracebacks and all that the kernel writes.
    timeout
        Seconds that one cell may take.
    environment
        What its kernel finds in the environment beside what all kernels find.
    study, settings, sources
        The study's folder, the digest of each YAML file in it by name, and that of the package: kernels read all anew.
    """

    name: str
    cells: tuple[Cell, ...]
    key: str
    parameters: dict[str, Any]
    folder: Path
    cache: Path
    log: Path
    timeout: int
    environment: dict[str, str]
    study: Path
    settings: dict[str, str]
    sources: str


@dataclass(frozen=True)
class Outcome:
    """How a notebook went: seconds taken, and the problem in words ("" if it went well)."""

    name: str
    seconds: float
    problem: str


def start(environment: dict[str, str], sockets: str) -> None:
    """Make this process a worker: private files, no Ctrl-C of its own, and an end when the parent ends."""
    os.umask(PRIVATE_UMASK)
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    spare_grammar()
    threading.Thread(target=_end_with_parent, args=(sockets,), daemon=True).start()


def execute(task: Task) -> Outcome:
    """Execute a notebook; keep the executed copy and its results under its key only if all went well.

    Parameters
    ----------
    task
        What to execute.
    """
    began = time.monotonic()
    os.environ.update(task.environment)
    with _output_into(task.log):
        problem = _attempt(task)
    return Outcome(task.name, time.monotonic() - began, problem)


def kill_children(pid: int) -> None:
    """Kill all processes below one, deepest first: kernels lead sessions of their own and survive a group's end."""
    import psutil

    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for process in reversed(below):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _attempt(task: Task) -> str:
    """Return "" or the sentence that says where and why the notebook stopped."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    begun = [0]
    try:
        executed = _executed(task, begun)
    except PapermillExecutionError as error:
        sys.stderr.write(str(error))
        words = exception_words(error.ename, error.evalue, error.traceback)
    except CellTimeoutError:
        words = f"it took more than {task.timeout} seconds; allow more with --timeout"
    except DeadKernelError:
        words = "the kernel died, most often because memory ran out"
    except RuntimeError:
        traceback.print_exc()
        words = "the kernel did not start"
    else:
        return _changed(task) or _kept(task, executed)
    return f"{place(task.name, task.cells, begun[0])}: {words}"


def _changed(task: Task) -> str:
    """Return "" or that what the notebook read is not what its key stands for: then none of its results is kept."""
    found = {path.name: file_digest(path) for path in task.study.glob("*.yaml")}
    changed = sorted({name for name, _ in found.items() ^ task.settings.items()})
    changed += [] if package_digest() == task.sources else ["cxresearch itself"]
    return f"{task.name}.ipynb: {changed[0]} was changed while it ran; run the report again" if changed else ""


def _executed(task: Task, begun: list[int]) -> dict[str, Any]:
    """Return the executed notebook; `begun` holds the number of the cell that was begun last."""
    import papermill

    def note(cell: Any, cell_index: int) -> None:
        begun[0] = cell.metadata.get("number", begun[0])

    return papermill.execute_notebook(
        _node(task.cells),
        None,
        parameters=task.parameters,
        kernel_name="python3",
        language="python",
        cwd=task.folder,
        progress_bar=False,
        request_save_on_cell_execute=False,
        start_timeout=KERNEL_START_SECONDS,
        execution_timeout=task.timeout,
        kernel_manager_class=make_manager(),
        shutdown_kernel="immediate",
        on_cell_execute=note,
    )


def _node(cells: tuple[Cell, ...]) -> Any:
    """Return the cells that were hashed as a notebook, each code cell bearing its number."""
    from nbformat import v4

    def made(cell: Cell) -> Any:
        make = v4.new_code_cell if cell.kind == "code" else v4.new_markdown_cell
        return make(cell.source, metadata={"tags": list(cell.tags), "number": cell.number})

    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    return v4.new_notebook(cells=[made(cell) for cell in cells], metadata=kernel)


def _kept(task: Task, executed: dict[str, Any]) -> str:
    """Keep an executed notebook and its results, unless an output is no result; return that problem or ""."""
    outputs = {cell["metadata"].get("number"): cell.get("outputs", []) for cell in executed["cells"]}
    number, words = stray_output(task.cells, outputs, RESULT_MIME)
    if not words:
        found = [(number, output["data"][RESULT_MIME]) for number, output in _results(task.cells, outputs)]
        number, words = _twice(found)
    if words:
        sys.stderr.write(json.dumps(outputs[number], indent=1))
        return f"{place(task.name, task.cells, number)}: {words}"
    payloads = [_placed(payload, task.name, number) for number, payload in found]
    store = Store(task.cache)
    store.write_bytes(f"executed/{task.key}", f"{task.name}.ipynb", json.dumps(executed).encode())
    store.write_json("payloads", task.key, payloads)
    return ""


def _results(cells: tuple[Cell, ...], outputs: dict[int, list[Any]]) -> Iterator[tuple[int, Any]]:
    """Yield each output of the shown cells with its cell's number."""
    for cell in cells:
        if cell.kind == "code" and cell.shown:
            yield from ((cell.number, output) for output in outputs[cell.number])


def _placed(payload: dict[str, Any], notebook: str, number: int) -> dict[str, Any]:
    """Return a result that says where it comes from."""
    return {**payload, "provenance": {**payload["provenance"], "notebook": notebook, "cell": number}}


def _twice(found: list[tuple[int, dict[str, Any]]]) -> tuple[int, str]:
    """Return the first cell that uses a key a second time, and what is wrong; (0, "") if none."""
    seen: set[str] = set()
    for number, payload in found:
        if payload["key"] in seen:
            return number, f"shows a second result with the key {payload['key']!r}; give it a key= of its own"
        seen.add(payload["key"])
    return 0, ""


def _end_with_parent(sockets: str) -> None:
    """Wait for the parent's end, then take the kernels and their sockets along."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        kill_children(os.getpid())
        shutil.rmtree(sockets, ignore_errors=True)
        os._exit(1)


@contextmanager
def _output_into(log: Path) -> Iterator[None]:
    """Send what this process and its kernel write on stdout and stderr into a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    with log.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
