"""The runs of one command: one lock, one pool of workers, shared caches; one that fails stops no other."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from cxresearch.cache import Store
from cxresearch.report.failure import ReportError
from cxresearch.report.levels import Levels, levels_of
from cxresearch.report.make import OWN_STEPS, Made, disk_errors_told, forget_oldest, kept, make
from cxresearch.report.overview import publish_overview
from cxresearch.report.plan import Plan, make_plan
from cxresearch.report.progress import Steps
from cxresearch.report.publish import project_lock
from cxresearch.report.run import Crew, Options, pages_to_run
from cxresearch.report.turns import Turns
from cxresearch.report.workers import workers
from cxresearch.strict_yaml import StudyError, shown
from cxresearch.study import Run, load_run, load_study, project_root


@dataclass(frozen=True)
class Ended:
    """What became of a run.

    Parameters
    ----------
    name
        The run's name; of a report about one level, `run/level`.
    made
        The report, or None where there is none.
    problem
        Why there is none.
    overview
        Of a run with `for_each:`, what its page of all levels says and where it lies.
    """

    name: str
    made: Made | None = None
    problem: Exception | None = None
    overview: tuple[str, str] | None = None


@dataclass(frozen=True)
class Asked:
    """What a run file asks for: one plan, or one for each level; no plan where there is a problem."""

    name: str
    plans: tuple[Plan, ...] = ()
    levels: Levels | None = None
    problem: Exception | None = None


def make_reports(run_files: Sequence[Path], options: Options, console: Console) -> list[Ended]:
    """Make and publish the reports of run files, or find that nothing has changed.

    Parameters
    ----------
    run_files
        Files under `params/`.
    options
        How to run.
    console
        Where to say what happens.

    Returns
    -------
    list of Ended
        What became of each run, in the order of the files; whatever one fails of, the others are made.

    Raises
    ------
    StudyError
        If there is no project here, or two run files have one name.
    ReportError
        If another command is making reports in this project, or the cluster cannot be used.
    """
    files = list(dict.fromkeys(path.resolve() for path in run_files))
    _refuse_namesakes(files)
    steps = Steps(console)
    runs = [_tried(path.stem, load_run, path) for path in files]
    store = Store(project_root() / ".cache")
    with disk_errors_told(), project_lock(store):
        asked = [one if isinstance(one, Asked) else _tried(one.name, _asked, one, store, steps) for one in runs]
        plans = [plan for one in asked for plan in one.plans]
        several = len(files) > 1 or any(one.levels for one in asked)
        ended = {one.name: one for one in _ended(plans, store, options, steps, several)}
        with suppress(OSError):
            forget_oldest(store, max(len(plans), 1))
        return [found for one in asked for found in _told(one, ended)]


def _tried(name: str, call: Any, *arguments: Any) -> Any:
    """Return what a call gives, or what was asked for with the problem in its place."""
    try:
        return call(*arguments)
    except Exception as error:
        return Asked(name, problem=error)


def _asked(run: Run, store: Store, steps: Steps) -> Asked:
    """Return what a run file asks for."""
    if run.for_each is None:
        return Asked(run.name, (make_plan(run),))
    with steps.timed(f"levels of {run.name}"):
        levels = levels_of(run, load_study(run.study_path), store)
    return Asked(run.name, tuple(make_plan(one) for one in levels.runs), levels)


def _ended(plans: list[Plan], store: Store, options: Options, steps: Steps, several: bool) -> list[Ended]:
    """Return what became of plans: kept where nothing has changed, else made by workers that they share."""
    looked = [_look(plan, options) for plan in plans]
    waiting = [plan for plan, found in zip(plans, looked, strict=True) if found is None]
    return [found for found in looked if found] + _worked(waiting, store, options, steps, several)


def _look(plan: Plan, options: Options) -> Ended | None:
    """Return the report of a plan where it is published already, or why its folder cannot be used; None else."""
    try:
        with disk_errors_told():
            made = kept(plan, options.force)
    except ReportError as error:
        return Ended(plan.run.name, problem=error)
    return Ended(plan.run.name, made) if made else None


def _worked(plans: list[Plan], store: Store, options: Options, steps: Steps, several: bool) -> list[Ended]:
    """Return what became of plans that have to be worked on."""
    if not plans:
        return []
    total = sum(len(pages_to_run(plan, store, options)) + len(OWN_STEPS) for plan in plans)
    # Workers end before the runs that wait for them are cancelled: these then wait for nobody.
    with asyncio.Runner() as runner, steps.over(total), _crew(plans, store, options) as crew:

        async def all_made() -> list[Ended]:
            runs = [_made(plan, store, options, steps.of(plan.run.name) if several else steps, crew) for plan in plans]
            return await asyncio.gather(*runs)

        # Not by the runner, which would hold Ctrl-C back until the next pause.
        return runner.get_loop().run_until_complete(all_made())


@contextmanager
def _crew(plans: list[Plan], store: Store, options: Options) -> Iterator[Crew]:
    """Give workers that all plans share; what this process does itself for one of several goes to a thread."""
    wanted = options.jobs, options.memory, options.on
    with ThreadPoolExecutor(1) as thread, workers(plans[0].root, store, *wanted) as (executor, places):
        own = _at_once if len(plans) == 1 else partial(_in_thread, thread)
        yield Crew(executor, Turns(places), own)


async def _at_once(call: Any, *arguments: Any) -> Any:
    """Return what a call gives."""
    return call(*arguments)


async def _in_thread(thread: ThreadPoolExecutor, call: Any, *arguments: Any) -> Any:
    """Return what a call gives; others go on meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(thread, call, *arguments)


async def _made(plan: Plan, store: Store, options: Options, steps: Steps, crew: Crew) -> Ended:
    """Return what became of a plan."""
    try:
        with disk_errors_told():
            return Ended(plan.run.name, await make(plan, store, options, steps, crew))
    except Exception as error:
        return Ended(plan.run.name, problem=error)


def _told(asked: Asked, ended: Mapping[str, Ended]) -> list[Ended]:
    """Return what became of all that a run file asks for."""
    if asked.problem:
        return [Ended(asked.name, problem=asked.problem)]
    own = [ended[plan.run.name] for plan in asked.plans]
    if asked.levels is None:
        return own
    try:
        with disk_errors_told():
            overview = publish_overview(asked.levels, asked.plans)
    except ReportError as error:
        return [*own, Ended(asked.name, problem=error)]
    return [*own, Ended(asked.name, overview=overview)]


def _refuse_namesakes(files: Sequence[Path]) -> None:
    """Refuse run files whose reports would lie in one folder."""
    for path in files:
        if other := next((one for one in files if one.stem == path.stem and one != path), None):
            raise StudyError(f"{shown(path)} and {shown(other)} have one name, so one folder of reports; rename one.")
