"""Notebooks on a Dask cluster whose workers see the same folder and have the same package; else nothing is begun.

Calls and results travel by Dask's protocol, which trusts whoever can reach the scheduler: for networks of one's own.
"""

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxresearch.cache import Store
from cxresearch.report.failure import ReportError
from cxresearch.report.kernel import kernel_environment, spare_grammar
from cxresearch.report.plan import package_digest
from cxresearch.report.worker import PRIVATE_UMASK
from cxresearch.report.workers import short_folder
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from distributed import Client

ADDRESS = re.compile(r"(?:tcp|tls)://[^\s/]+:\d+")
CONNECT_SECONDS = 5
SEEN, ROOT = "cluster", "CXRESEARCH_ROOT"


class Cluster(Executor):
    """A Dask cluster as an executor.

    Parameters
    ----------
    client
        Connected to the scheduler.
    worker
        What a worker has to know of the project, for `prepared`.
    """

    def __init__(self, client: "Client", worker: tuple[str, str, int | None]) -> None:
        self._executor = client.get_executor(pure=False)
        self._worker = worker
        self.calls: set[Future[Any]] = set()

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand over a call; Dask makes it again elsewhere if its worker is killed."""
        future: Future[Any] = Future()
        self.calls.add(future)
        inner = self._executor.submit(prepared, self._worker, partial(call, *arguments, **named))
        inner.add_done_callback(partial(self._pass_on, future))
        return future

    def _pass_on(self, future: Future[Any], inner: Future[Any]) -> None:
        """Give a call's end to who waits for it."""
        from distributed import KilledWorker

        self.calls.discard(future)
        if not future.set_running_or_notify_cancel():
            return
        if inner.cancelled():
            future.set_exception(ReportError("the Dask cluster went away; see to it and run again."))
        elif isinstance(error := inner.exception(), KilledWorker):
            future.set_exception(BrokenExecutor(str(error)))
        elif error:
            future.set_exception(error)
        else:
            future.set_result(inner.result())


@contextmanager
def cluster(address: str, root: Path, store: Store, memory: int | None) -> Iterator[tuple[Executor, int]]:
    """Give the workers of a Dask cluster and how many there are; what they still run at the end is stopped.

    Parameters
    ----------
    address
        Of the scheduler, such as `tcp://127.0.0.1:8786`.
    root
        The project's folder, at the same place for all workers.
    store
        Where results are kept, below it.
    memory
        Bytes of address space that a kernel may use, or None.

    Raises
    ------
    StudyError
        If the address cannot be read, or `distributed` is not installed.
    ReportError
        If nobody answers, or a worker could not make the same report.
    """
    client = _connected(address)
    executor = Cluster(client, (str(root), str(store.root), memory))
    try:
        yield executor, _checked(client, address, store)
    finally:
        with suppress(Exception):
            if executor.calls:
                client.run(stop, str(root))
        client.close(timeout=CONNECT_SECONDS)


def prepared(worker: tuple[str, str, int | None], call: Callable[[], Any]) -> Any:
    """Return what a call gives on a worker that is, as long as it lasts, like one of a report's own processes."""
    root, cache, memory = worker
    before, umask, sockets = dict(os.environ), os.umask(PRIVATE_UMASK), short_folder()
    spare_grammar()
    try:
        os.environ.update(kernel_environment(Path(cache) / "home", sockets, memory) | {ROOT: root})
        return call()
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
        os.umask(umask)
        os.environ.clear()
        os.environ.update(before)


def look(seen: str) -> tuple[bool, str]:
    """Return whether a worker sees a file, and what it would run: Python and the digest of the package."""
    return Path(seen).is_file(), f"{sys.version_info[:2]} {package_digest()}"


def stop(root: str) -> None:
    """Kill the kernels of a project below this worker; the notebooks that they run fail."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if process.environ().get(ROOT) == root and "cxresearch.report.kernel" in process.cmdline():
                process.kill()


def _connected(address: str) -> "Client":
    """Return a client of a scheduler."""
    if not ADDRESS.fullmatch(address):
        raise StudyError(f"--on {address!r}: write local, or a Dask scheduler's address such as tcp://127.0.0.1:8786.")
    try:
        from distributed import Client
    except ImportError:
        raise StudyError(
            "--on: a Dask cluster needs the package distributed; install it: pip install 'cxresearch[dask]'."
        ) from None
    # What goes wrong is told in one sentence, not line by line.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError):
        raise ReportError(
            f"--on {address}: no Dask scheduler answers there; start one (dask scheduler), or leave --on out."
        ) from None


def _checked(client: "Client", address: str, store: Store) -> int:
    """Return how many workers there are, refused if one would not make the same report."""
    found = client.scheduler_info(n_workers=-1)["workers"]
    if not found:
        raise ReportError(f"--on {address}: the scheduler has no workers; start some: dask worker --nthreads 1.")
    if any(worker["nthreads"] > 1 for worker in found.values()):
        raise ReportError(f"--on {address}: a worker runs several calls at once; start it with --nthreads 1.")
    store.write_json("", SEEN, {})
    try:
        looked = client.run(look, str(store.path("", f"{SEEN}.json"))).values()
    except Exception as error:
        raise ReportError(f"--on {address}: a worker cannot import this cxresearch; install it there.") from error
    if not all(sees for sees, _ in looked):
        raise ReportError(f"--on {address}: a worker does not see this project's folder; share it at the same path.")
    if {runs for _, runs in looked} != {look("")[1]}:
        raise ReportError(
            f"--on {address}: a worker has another Python or cxresearch; install the same and restart it."
        )
    return len(found)
