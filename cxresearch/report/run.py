"""Executes the notebooks of a plan that are not in the cache, in worker processes, the summary last."""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxresearch.cache import Store, digest
from cxresearch.report.failure import ReportError
from cxresearch.report.kernel import kernel_environment
from cxresearch.report.plan import SUMMARY, Page, Plan
from cxresearch.report.progress import Steps
from cxresearch.report.worker import Outcome, Task, execute, kill_children, start
from cxresearch.study import planned

# Sockets' paths must stay under about 100 characters; a TMPDIR of one's own may be longer than that.
SHORT_FOLDERS = ("/tmp", "/var/tmp")


@dataclass(frozen=True)
class Options:
    """How to run.

    Parameters
    ----------
    jobs
        Notebooks at a time.
    timeout
        Seconds that one cell may take.
    memory
        Bytes of address space that a kernel may use, or None.
    force
        Whether to execute notebooks whose results are cached.
    """

    jobs: int = 2
    timeout: int = 600
    memory: int | None = None
    force: bool = False


def run_pages(plan: Plan, store: Store, options: Options, steps: Steps, pool: Executor) -> dict[str, float]:
    """Execute what has to be executed and return the seconds that each executed notebook took.

    Parameters
    ----------
    plan
        What to run.
    store
        Where results are kept by key.
    options
        How to run.
    steps
        Told what begins and ends.
    pool
        The workers.

    Raises
    ------
    ReportError
        If a notebook fails; all others are stopped and what they were about to give is dropped.
    """
    waiting = pages_to_run(plan, store, options)
    summary = [page for page in waiting if page.name == SUMMARY]
    others = [page for page in waiting if page.name != SUMMARY]
    took = _executed(others, plan, store, options, steps, pool)
    write_results(plan, store)
    return took | _executed(summary, plan, store, options, steps, pool)


def pages_to_run(plan: Plan, store: Store, options: Options) -> list[Page]:
    """Return the pages whose results are not kept, or all of them where the run is forced."""
    kept = {page.name for page in plan.pages if store.path("payloads", f"{page.key}.json").is_file()}
    return [page for page in plan.pages if options.force or page.name not in kept]


def payloads_of(page: Page, store: Store) -> list[dict[str, Any]]:
    """Return a page's results as they were kept, in the order of the page."""
    return store.read_json("payloads", page.key) or []


def write_results(plan: Plan, store: Store) -> None:
    """Keep all results but the summary's where `cx.results` finds them: by notebook, then by key."""
    others = [page for page in plan.pages if page.name != SUMMARY]
    found = {page.name: {payload["key"]: payload for payload in payloads_of(page, store)} for page in others}
    store.write_json("results", digest(plan.data_key, plan.run.period), found)


def _executed(
    pages: list[Page], plan: Plan, store: Store, options: Options, steps: Steps, pool: Executor
) -> dict[str, float]:
    """Execute pages, as many at a time as there are workers; return the seconds that each took."""
    waiting, running, took = list(pages), dict[Future[Outcome], Task](), dict[str, float]()
    while waiting or running:
        while waiting and len(running) < options.jobs:
            page = waiting.pop(0)
            steps.begin(page.name)
            task = _task(page, plan, store, options)
            running[pool.submit(execute, task)] = task
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            outcome = _outcome(future, running.pop(future))
            steps.end(outcome.name, f"{outcome.seconds:6.1f} s")
            took[outcome.name] = outcome.seconds
    return took


def _outcome(future: Future[Outcome], task: Task) -> Outcome:
    """Return how a notebook went if it went well, and raise if not."""
    try:
        outcome = future.result()
    except BrokenProcessPool:
        raise ReportError(f"{task.name}.ipynb: its process was killed, most often because memory ran out.") from None
    if outcome.problem:
        raise ReportError(f"{outcome.problem}; .cache/logs/{task.log.parent.name}/{task.log.name} tells more.")
    return outcome


def _task(page: Page, plan: Plan, store: Store, options: Options) -> Task:
    """Return the order for a worker."""
    log = store.path("logs", plan.run.name) / f"{page.name}.log"
    folder = page.path.resolve().parent
    return Task(page.name, page.cells, page.key, page.given, folder, store.root, log, options.timeout)


class _Pool(ProcessPoolExecutor):
    """Worker processes that are not born listening to Ctrl-C: the parent hears it and ends them."""

    def submit(self, *call: Any, **arguments: Any) -> Future:
        """Hand over a call; processes are born here."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return super().submit(*call, **arguments)
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def workers(plan: Plan, store: Store, options: Options) -> Iterator[Executor]:
    """Give a pool of workers and see to it that neither they nor their kernels outlive it.

    Parameters
    ----------
    plan, store, options
        As for `run_pages`.
    """
    sockets = _short_folder()
    environment = kernel_environment(store.folder("home"), sockets, options.memory)
    environment |= {"CXRESEARCH_ROOT": str(plan.root), **planned(plan.study, plan.data_key)}
    known = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    pool = _Pool(options.jobs, spawn, initializer=start, initargs=(environment, sockets))
    try:
        yield pool
    finally:
        for worker in set(multiprocessing.active_children()) - known:
            kill_children(worker.pid or 0)
            worker.kill()
        pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(sockets, ignore_errors=True)


def _short_folder() -> str:
    """Return a new private folder with a short path."""
    place = next((folder for folder in SHORT_FOLDERS if os.access(folder, os.W_OK)), None)
    return tempfile.mkdtemp(prefix=f"cx-{os.getpid()}-", dir=place)


def clean_logs(store: Store, name: str) -> Path:
    """Return the empty folder for the logs of a run."""
    shutil.rmtree(store.folder("logs") / name, ignore_errors=True)
    return store.folder("logs", name)
