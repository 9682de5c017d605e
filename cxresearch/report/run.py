"""Executes the notebooks of a plan that are not in the cache, by workers that several runs share, the summary last."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxresearch.cache import Store, digest
from cxresearch.reads import READS, RESULTS, noted
from cxresearch.report.failure import ReportError
from cxresearch.report.plan import SUMMARY, Page, Plan
from cxresearch.report.progress import Steps
from cxresearch.report.reuse import keep_noted, reused
from cxresearch.report.turns import Turns, keep_seconds, urgencies
from cxresearch.report.worker import Outcome, Task, execute
from cxresearch.report.workers import LOCAL
from cxresearch.study import own_results, settings

# Called with the name of each notebook that ended well.
Keep = Callable[[str], None]
KILLED = "its process was killed more than once, most often because memory ran out."


@dataclass(frozen=True)
class Options:
    """How to run.

    Parameters
    ----------
    jobs
        Notebooks at a time, of all runs together.
    timeout
        Seconds that one cell may take.
    memory
        Bytes of address space that a kernel may use, or None.
    force
        Whether to execute notebooks whose results are cached.
    on
        Where the notebooks run: `local` processes, or the address of a Dask scheduler.
    """

    jobs: int = 2
    timeout: int = 600
    memory: int | None = None
    force: bool = False
    on: str = LOCAL


@dataclass(frozen=True)
class Crew:
    """Who works for all runs of a command.

    Parameters
    ----------
    executor
        The workers.
    turns
        The turns at them.
    own
        Makes a call that is this process's own, beside those of other runs where there are some.
    """

    executor: Executor
    turns: Turns
    own: Callable[..., Awaitable[Any]]


async def run_pages(
    plan: Plan, store: Store, options: Options, steps: Steps, crew: Crew, ended: asyncio.Event
) -> dict[str, float]:
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
    crew
        The workers.
    ended
        Set whenever results are there that were not.

    Raises
    ------
    ReportError
        If a notebook fails; those of this run that have not begun are dropped.
    """
    from cxresearch.study_data import parts

    waiting, urgency = pages_to_run(plan, store, options), urgencies(plan, store)
    present = parts(plan.tables_key, store)

    async def done(wanted: list[Page]) -> dict[str, float]:
        """Execute those of some pages that nothing kept stands for."""
        pages = {page.name: page for page in wanted if options.force or not reused(page, store, present)}
        steps.passed(len(wanted) - len(pages))
        ended.set()

        def keep(name: str) -> None:
            """Keep what a notebook that has ended well read."""
            read = noted(_notes(pages[name], plan, store), plan.tables_key)
            keep_noted(pages[name], store, read, present)
            ended.set()

        tasks = [_task(page, plan, store, options) for page in pages.values()]
        return await _executed(tasks, urgency, steps, crew, keep)

    took = await done([page for page in waiting if page.name != SUMMARY])
    present[RESULTS] = write_results(plan, store)
    took |= await done([page for page in waiting if page.name == SUMMARY])
    keep_seconds(store, took)
    return took


def pages_to_run(plan: Plan, store: Store, options: Options) -> list[Page]:
    """Return the pages whose results are not kept, or all of them where the run is forced."""
    kept = {page.name for page in plan.pages if store.read_json("payloads", page.key) is not None}
    return [page for page in plan.pages if options.force or page.name not in kept]


def payloads_of(page: Page, store: Store) -> list[dict[str, Any]]:
    """Return a page's results as they were kept, in the order of the page.

    Raises
    ------
    ReportError
        If they are gone: a page without them would be half of one.
    """
    found: list[dict[str, Any]] | None = store.read_json("payloads", page.key)
    if found is None:
        raise ReportError(f"{page.name}: its results are no longer in the cache; run it again.")
    return found


def write_results(plan: Plan, store: Store) -> str:
    """Keep all results but the summary's where `cx.results` finds them, by notebook and key; return their digest."""
    pages = {page.name: payloads_of(page, store) for page in plan.pages if page.name != SUMMARY}
    found = {name: {payload["key"]: payload for payload in payloads} for name, payloads in pages.items()}
    store.write_json("results", digest(plan.data_key, plan.run.period), found)
    return digest(pages)


async def _executed(
    tasks: Iterable[Task], urgency: Mapping[str, float], steps: Steps, crew: Crew, keep: Keep
) -> dict[str, float]:
    """Execute notebooks in turn; return the seconds that each took."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_outcome(task, urgency[task.name], steps, crew, keep)) for task in tasks]
    except* ReportError as failed:
        raise failed.exceptions[0] from None
    return {outcome.name: outcome.seconds for outcome in (done.result() for done in running)}


async def _outcome(task: Task, urgency: float, steps: Steps, crew: Crew, keep: Keep) -> Outcome:
    """Return how a notebook went if it went well, and raise if not."""
    async with crew.turns.turn(urgency):
        with steps.timed(task.name):
            try:
                outcome = await asyncio.wrap_future(crew.executor.submit(execute, task))
            except BrokenExecutor:
                raise ReportError(f"{task.name}.ipynb: {KILLED}") from None
            if outcome.problem:
                raise ReportError(f"{outcome.problem}; .cache/logs/{task.log.parent.name}/{task.log.name} tells more.")
            keep(task.name)
            return outcome


def _task(page: Page, plan: Plan, store: Store, options: Options) -> Task:
    """Return the order for a worker."""
    log = store.path("logs", plan.run.name) / f"{page.name}.log"
    where = page.path.resolve().parent, store.root, log
    read = plan.study.folder, settings(plan.inputs), plan.sources
    others = [one.key for one in plan.pages if one.name != SUMMARY]
    environment = {**plan.environment, **own_results(plan.data_key, plan.run.period, others)}
    environment[READS] = str(_notes(page, plan, store))
    return Task(page.name, page.cells, page.key, page.given, *where, options.timeout, environment, *read)


def _notes(page: Page, plan: Plan, store: Store) -> Path:
    """Return the file in which a page's notebook notes what it reads."""
    return store.folder("logs", plan.run.name) / f"{page.name}.reads"


def clean_logs(store: Store, name: str) -> Path:
    """Return the empty folder for the logs of a run."""
    shutil.rmtree(store.folder("logs") / name, ignore_errors=True)
    return store.folder("logs", name)
