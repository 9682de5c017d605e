"""One command, one report: plan, fill the cache, run, protect, draw, check, publish."""

import json
import os
import platform
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from cxresearch.cache import Store
from cxresearch.report.failure import ReportError
from cxresearch.report.manifest import write_manifest
from cxresearch.report.plan import INDEX, SUMMARY, Plan, make_plan
from cxresearch.report.progress import Steps
from cxresearch.report.publish import LATEST, point_latest, project_lock, publish, published_for, staging_folder
from cxresearch.report.run import Options, clean_logs, pages_to_run, payloads_of, run_pages, workers
from cxresearch.strict_yaml import shown
from cxresearch.study import load_run

RESULTS, DISCLOSURE, FIGURES = "results.json", "disclosure.json", "figures"
# This tier's first page stands at the top as well; without it, the first tier that the run names.
FRONT_TIER = "team"
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
    """

    folder: Path
    address: str
    took: dict[str, float]
    pages: int
    seconds: float
    unchanged: bool


def make_report(run_file: Path, options: Options, console: Console) -> Made:
    """Make and publish the report of a run file, or find that nothing has changed.

    Parameters
    ----------
    run_file
        A file under `params/`.
    options
        How to run.
    console
        Where to say what happens.

    Raises
    ------
    StudyError
        If the run file, the study or a notebook is wrong; nothing has run.
    ReportError
        If a notebook, the drawing or the publishing fails; `latest` is untouched.
    """
    began = time.monotonic()
    plan = make_plan(load_run(run_file))
    store = Store(plan.root / ".cache")
    reports = plan.root / "reports" / plan.run.name
    address = f"reports/{plan.run.name}/{LATEST}/{INDEX}"
    with _disk_errors_told(), project_lock(store):
        published = None if options.force else published_for(reports, plan.key)
        if published:
            point_latest(published)
            return Made(published, address, {}, len(plan.pages), time.monotonic() - began, unchanged=True)
        with staging_folder(reports) as staging:
            steps = Steps(console)
            total = len(pages_to_run(plan, store, options)) + len(OWN_STEPS)
            with steps.over(total), workers(plan, store, options) as pool:
                took = _run(plan, store, options, steps, pool)
                folder = _drawn_and_published(plan, store, staging, steps, pool)
    return Made(folder, address, took, len(plan.pages), time.monotonic() - began, unchanged=False)


def _run(plan: Plan, store: Store, options: Options, steps: Steps, pool: Executor) -> dict[str, float]:
    """Fill the cache and execute the notebooks; return the seconds that each executed one took."""
    logs = clean_logs(store, plan.run.name)
    began = time.monotonic()
    steps.begin(DATA)
    # Only a hint that spares an import of pandas: without this file, `fill` looks for itself.
    if not store.path("tables", f"{plan.data_key}-complete.json").is_file():
        from cxresearch import study_data

        study_data.fill(plan.study)
    steps.end(DATA, f"{time.monotonic() - began:6.1f} s")
    took = run_pages(plan, store, options, steps, pool)
    for page in plan.pages:
        if page.name not in took:
            steps.line(page.name, "  kept")
    _write_log(logs, plan, took)
    return took


def _drawn_and_published(plan: Plan, store: Store, staging: Path, steps: Steps, pool: Executor) -> Path:
    """Protect, draw and check each tier in the staging folder, publish it, and return the published folder."""
    began = time.monotonic()
    steps.begin(PAGES)
    from cxresearch.present.disclosure import Policy, protect
    from cxresearch.present.payload import Payload
    from cxresearch.report.draw import draw_all

    payloads = [Payload.from_json(found) for page in plan.pages for found in payloads_of(page, store)]
    policy = Policy.of(plan.study)
    for tier in dict.fromkeys(plan.run.tiers):
        protected = protect(payloads, policy, tier)
        drawings = draw_all(protected.payloads, plan.sources, store, pool)
        _write_tier(plan, protected, drawings, policy.banner, staging, tier)
    content_id = write_manifest(staging, plan)
    folder = publish(staging, content_id)
    steps.end(PAGES, f"{time.monotonic() - began:6.1f} s")
    return folder


def _write_tier(plan: Plan, protected: Any, drawings: Any, banner: str, staging: Path, tier: str) -> None:
    """Write a tier's pages, results, figures and record; the front tier's first page and data stand at the top too."""
    from cxresearch.report.render import render_pages

    tops = [staging / tier]
    for name, page in render_pages(plan, plan.pages, protected.payloads, drawings, banner).items():
        _write(staging / tier / name, page.encode())
    for source, drawn in drawings.items():
        for name, figure in drawn.files.items():
            _write(staging / tier / FIGURES / source.split("/")[0] / name, figure)
    if tier == (FRONT_TIER if FRONT_TIER in plan.run.tiers else plan.run.tiers[0]):
        tops.append(staging)
        summary = [page for page in plan.pages if page.name == SUMMARY]
        front = render_pages(plan, summary, protected.payloads, drawings, banner, prefix=f"{tier}/")
        _write(staging / INDEX, front[INDEX].encode())
    for top in tops:
        _write(top / RESULTS, _json(_results(plan, protected.payloads, tier)))
        _write(top / DISCLOSURE, _json(protected.record))


def _results(plan: Plan, payloads: Any, tier: str) -> dict[str, Any]:
    """Return every protected result by notebook and key."""
    found: dict[str, dict[str, Any]] = {page.name: {} for page in plan.pages}
    for payload in payloads:
        found[payload.provenance["notebook"]][payload.key] = payload.to_json()
    return {"version": 1, "study": plan.study.title, "period": plan.run.period, "tier": tier, "notebooks": found}


def _json(value: Any) -> bytes:
    """Return a value as JSON that is equal for equal values."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


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
    _write(logs / "run.json", _json(note))


@contextmanager
def _disk_errors_told() -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a sentence."""
    try:
        yield
    except OSError as error:
        where = f"{shown(Path(error.filename))}: " if isinstance(error.filename, str) else ""
        raise ReportError(f"{where}{error.strerror or type(error).__name__}; nothing was published.") from error
