"""Who executes notebooks and draws: processes of this machine, or a Dask cluster, behind one executor."""

import multiprocessing
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from cxresearch.cache import Store
from cxresearch.report.kernel import kernel_environment
from cxresearch.report.worker import kill_children, start

LOCAL = "local"
# Sockets' paths must stay under about 100 characters; a TMPDIR of one's own may be longer than that.
SHORT_FOLDERS = ("/tmp", "/var/tmp")
SOCKETS = "report.sockets"
# How often a call is made again whose process was killed: whoever kills it twice does so by itself.
RETRIES = 1
POLL_SECONDS = 0.01


class Processes(Executor):
    """Worker processes, each for one call at a time; one that is killed takes no other's call along.

    Parameters
    ----------
    places
        How many.
    environment
        What is set in each.
    sockets
        Folder for the sockets of kernels.
    """

    def __init__(self, places: int, environment: dict[str, str], sockets: str) -> None:
        self._start = environment, sockets
        self._own = threading.local()
        self._ended = False
        self.calls: set[Future[Any]] = set()
        # Started by a thread, the tracker would let Ctrl-C through to the process that is born next.
        resource_tracker.ensure_running()
        self._threads = ThreadPoolExecutor(places, initializer=_deaf_to_interrupts)

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand over a call; it waits for a free process."""
        future = self._threads.submit(self._attempt, call, arguments, named)
        self.calls.add(future)
        future.add_done_callback(self.calls.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Make no call again whose process is killed from now on, and wait for the threads."""
        self._ended = True
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _attempt(self, call: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Return what a call gives in this thread's process; if that is killed, in a new one."""
        for retries_left in reversed(range(RETRIES + 1)):
            try:
                return self._process().submit(call, *arguments, **named).result()
            except BrokenProcessPool:
                self._own.process = None
                if not retries_left or self._ended:
                    raise

    def _process(self) -> ProcessPoolExecutor:
        """Return this thread's process, made if need be."""
        if getattr(self._own, "process", None) is None:
            spawn = multiprocessing.get_context("spawn")
            self._own.process = ProcessPoolExecutor(1, spawn, initializer=start, initargs=self._start)
        return self._own.process


@contextmanager
def workers(
    root: Path, store: Store, places: int, memory: int | None, on: str = LOCAL
) -> Iterator[tuple[Executor, int]]:
    """Give workers and how many there are, and see to it that neither they nor their kernels outlive their use.

    Parameters
    ----------
    root
        The project's folder.
    store
        Where results are kept.
    places
        Worker processes of this machine; a cluster has its own number.
    memory
        Bytes of address space that a kernel may use, or None.
    on
        `local`, or the address of a Dask scheduler.
    """
    if on != LOCAL:
        from cxresearch.report.cluster import cluster

        with cluster(on, root, store, memory) as found:
            yield found
        return
    sockets = _sockets(store)
    environment = kernel_environment(store.folder("home"), sockets, memory) | {"CXRESEARCH_ROOT": str(root)}
    known = set(multiprocessing.active_children())
    executor = Processes(places, environment, sockets)
    try:
        yield executor, places
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        # A process may be born while others are ended.
        while (fresh := set(multiprocessing.active_children()) - known) or executor.calls:
            for worker in fresh:
                kill_children(worker.pid or 0)
                worker.kill()
            time.sleep(POLL_SECONDS)
        shutil.rmtree(sockets, ignore_errors=True)


def short_folder() -> str:
    """Return a new private folder with a short path."""
    place = next((folder for folder in SHORT_FOLDERS if os.access(folder, os.W_OK)), None)
    return tempfile.mkdtemp(prefix=f"cx-{os.getpid()}-", dir=place)


def _sockets(store: Store) -> str:
    """Return a short folder for this run's sockets; that of a run that was killed with all its processes goes."""
    left = store.read_json("", SOCKETS) or ""
    # Only its name is kept, so that no cache that came from elsewhere can have another folder removed.
    for place in SHORT_FOLDERS if re.fullmatch(r"cx-\w+-\w+", left) else ():
        shutil.rmtree(Path(place) / left, ignore_errors=True)
    made = short_folder()
    store.write_json("", SOCKETS, Path(made).name)
    return made


def _deaf_to_interrupts() -> None:
    """Let this thread bear processes that do not listen to Ctrl-C: the parent hears it and ends them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
