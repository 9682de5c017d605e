"""One report: fill the cache, run, protect, draw, check, publish."""

import asyncio
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cxresearch.cache import Store
from cxresearch.report.check import check_pages
from cxresearch.report.failure import ReportError
from cxresearch.report.levels import refuse_exposed
from cxresearch.report.manifest import read_manifest, recorded, write_manifest
from cxresearch.report.plan import INDEX, Plan, package_digest
from cxresearch.report.progress import Steps
from cxresearch.report.publish import (
    LATEST,
    clear_left,
    compared_with,
    point_latest,
    publish,
    published_for,
    staging_folder,
)
from cxresearch.report.run import Crew, Options, clean_logs, payloads_of, run_pages
from cxresearch.strict_yaml import shown

if TYPE_CHECKING:
    from cxresearch.present.disclosure import Judged
    from cxresearch.present.payload import Payload
    from cxresearch.report.early import Judge

# How many of each kind stay in the cache: dozens of versions of a report, at most some hundred megabytes.
REMEMBERED = {"executed": 200, "payloads": 200, "reads": 200, "drawn": 400}
KILLED = "a process that draws pages was killed, most often because memory ran out."
# How many states of studies' data stay read; another one is read again from its exports when it is asked for.
STATES = 20
# What a run does beside executing notebooks.
OWN_STEPS = DATA, PAGES = "data", "pages"


@dataclass(frozen=True)
class Made:
    """What came of a run.

    Parameters
    ----------
    folder
        The published folder.
    address
        The page to open, relative to the project.
    took
        Seconds of each notebook that was executed.
    pages
        How many pages the report has.
    seconds
        How long all of it took.
    unchanged
        Whether the published folder was found to be what this run would give.
    restated
        Lines that say which numbers differ from those published before, and why.
    """

    folder: Path
    address: str
    took: dict[str, float]
    pages: int
    seconds: float
    unchanged: bool
    restated: tuple[str, ...] = ()


async def make(plan: Plan, store: Store, options: Options, steps: Steps, crew: Crew) -> Made:
    """Make and publish the report of a plan.

    Parameters
    ----------
    plan
        What to run.
    store
        Where results are kept.
    options
        How to run.
    steps
        Told what begins and ends.
    crew
        The workers.

    Raises
    ------
    StudyError
        If the data lack what the run asks for.
    ReportError
        If a notebook, the drawing or the publishing fails; `latest` is untouched.
    """
    began = time.monotonic()
    last = compared_with(folder_of(plan), plan.key)
    judge = partial(_judged, plan, last)
    with staging_folder(folder_of(plan)) as staging:
        took = await _run(plan, store, options, steps, crew, judge)
        with steps.timed(PAGES):
            try:
                folder, restated = await _drawn_and_published(plan, store, staging, crew, last, judge)
            except BrokenExecutor:
                raise ReportError(KILLED) from None
    seconds = time.monotonic() - began
    return Made(folder, address_of(plan), took, len(plan.pages), seconds, unchanged=False, restated=restated)


def kept(plan: Plan, force: bool) -> Made | None:
    """Return the report of a plan where it is published already, `latest` leading to it; None where it is not."""
    began = time.monotonic()
    clear_left(folder_of(plan))
    published = None if force else published_for(folder_of(plan), plan.key)
    if published is None:
        return None
    point_latest(published)
    return Made(published, address_of(plan), {}, len(plan.pages), time.monotonic() - began, unchanged=True)


def folder_of(plan: Plan) -> Path:
    """Return the folder of a run's reports."""
    return plan.root / "reports" / plan.run.name


def address_of(plan: Plan) -> str:
    """Return the page to open, relative to the project."""
    return f"reports/{plan.run.name}/{LATEST}/{INDEX}"


async def _run(
    plan: Plan, store: Store, options: Options, steps: Steps, crew: Crew, judge: "Judge"
) -> dict[str, float]:
    """Fill the cache and execute the notebooks; return the seconds that each executed one took."""
    logs = clean_logs(store, plan.run.name)
    with steps.timed(DATA):
        from cxresearch.check import refuse_unready

        await crew.own(refuse_unready, plan.study, plan.run)
        # Levels of `for_each:` were chosen so that none is exposed.
        if plan.run.only and not plan.run.level:
            await crew.own(refuse_exposed, plan.run, plan.study)
    from cxresearch.report.early import drawing_early

    async with drawing_early(plan, store, crew, judge) as ended:
        took = await run_pages(plan, store, options, steps, crew, ended)
    for page in plan.pages:
        if page.name not in took:
            steps.line(page.name, "  kept")
    _write_log(logs, plan, took)
    return took


async def _drawn_and_published(
    plan: Plan, store: Store, staging: Path, crew: Crew, last: Path | None, judge: "Judge"
) -> tuple[Path, tuple[str, ...]]:
    """Protect, draw and check each tier and publish all; return where, and what is restated."""
    from cxresearch.present.disclosure import Policy
    from cxresearch.present.payload import Payload
    from cxresearch.report import tiers
    from cxresearch.report.crate import CRATE, crate
    from cxresearch.report.draw import begun, draw_all
    from cxresearch.report.restated import Restated, restated
    from cxresearch.report.since import since

    payloads = [Payload.from_json(found) for page in plan.pages for found in payloads_of(page, store)]
    policy, files = Policy.of(plan.study), dict[str, bytes]()
    record = {**recorded(plan), "compared_with": last.name if last else None}
    before = (read_manifest(last) if last else None) or {}
    changed: dict[str, Restated | None] = {}
    judged = await crew.own(judge, payloads)
    for tier in dict.fromkeys(plan.run.tiers):
        protected = judged.shown_to(tier)
        told = plan.title, plan.run.period, policy.banner, protected.payloads
        # Beside the drawing: it takes as long as dozens of pictures.
        book = begun(crew.executor, len(protected.payloads), tiers.book, *told)
        drawings = await crew.own(draw_all, protected.payloads, plan.sources, store, crew.executor)
        changed[tier] = restated(last / tier, before, record, protected.payloads) if last else None
        inputs = since(before, record) if last else None
        tables = await asyncio.wrap_future(book)
        own = tiers.tier_files(plan, tier, protected, drawings, tables, policy.banner, changed[tier], inputs)
        files |= {f"{tier}/{name}": data for name, data in own.items()}
        files |= tiers.front_files(tier, own) if tier == tiers.front_tier(plan) else {}
    check_pages({name: data.decode() for name, data in files.items() if name.endswith(".html")})
    files[CRATE] = tiers.as_json(crate(plan, record, files))
    for name, data in files.items():
        _write(staging / name, data)
    if package_digest() != plan.sources:
        raise ReportError("cxresearch itself was changed while the pages were drawn; run the report again.")
    folder = publish(staging, write_manifest(staging, record))
    front = changed[tiers.front_tier(plan)]
    warning = [f"Disclosure: {judged.warning}"] if judged.warning else []
    return folder, (*(front.lines() if front else ()), *warning)


def _judged(plan: Plan, last: Path | None, payloads: "list[Payload]") -> "Judged":
    """Return what may be seen of a run, beside what was published last and knowing which segments lie within others."""
    from cxresearch.present.disclosure import Policy, judge
    from cxresearch.present.nesting import nesting
    from cxresearch.report.results import RESULTS
    from cxresearch.study_data import segments_of_all

    # Hiding is equal in all tiers, so that the results above the tiers' folders stand for all of them.
    results = json.loads((last / RESULTS).read_bytes())["notebooks"] if last else None
    return judge(payloads, Policy.of(plan.study), within=nesting(segments_of_all(plan.study)), published=results)


def forget_oldest(store: Store, runs: int = 1) -> None:
    """Remove what lies longest in the cache of kinds that grow with every change; several runs keep more."""
    for kind, count in REMEMBERED.items():
        found = sorted(store.folder(kind).iterdir(), key=_age, reverse=True)
        for path in found[count * runs :]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    tables = sorted(store.folder("tables").iterdir(), key=_age, reverse=True)
    # Of one state of the data there are several files, each named by its key and a table.
    keys = list(dict.fromkeys(path.name.partition("-")[0] for path in tables))
    for path in tables:
        if path.name.partition("-")[0] in keys[STATES * runs :]:
            path.unlink()


def _age(path: Path) -> int:
    """Return when a file or folder of the cache was written."""
    return path.stat().st_mtime_ns


def _write(path: Path, data: bytes) -> None:
    """Write a file of the staging folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_log(logs: Path, plan: Plan, took: dict[str, float]) -> None:
    """Keep when a run ended, where, and what took how long: what no published file may tell."""
    note = {
        "ended": f"{datetime.now():%Y-%m-%d %H:%M:%S}",
        "machine": f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "plan": plan.key,
        "seconds": {name: round(seconds, 1) for name, seconds in took.items()},
    }
    _write(logs / "run.json", json.dumps(note, indent=1).encode())


@contextmanager
def disk_errors_told() -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a sentence."""
    try:
        yield
    except OSError as error:
        where = f"{shown(Path(error.filename))}: " if isinstance(error.filename, str) else ""
        raise ReportError(f"{where}{error.strerror or type(error).__name__}; nothing was published.") from error
