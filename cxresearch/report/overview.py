"""The page above the reports of all levels of a run: a link to each, and how many levels have none."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cxresearch
from cxresearch.cache import digest
from cxresearch.report.check import POLICY, check_pages
from cxresearch.report.levels import Levels
from cxresearch.report.manifest import read_manifest, write_manifest
from cxresearch.report.plan import INDEX, Plan
from cxresearch.report.publish import LATEST, last_published, point_latest, publish, published_for, staging_folder

TEMPLATE = Path(__file__).parent / "template" / "overview.html.j2"


def publish_overview(levels: Levels, plans: Sequence[Plan]) -> tuple[str, str]:
    """Publish the page above the reports of a run's levels; return what it says, and its address in the project.

    Parameters
    ----------
    levels
        The levels of the run.
    plans
        What was run for each. The page leads to those that are published; of a level that is no longer reported
        `latest` goes, for it would pass for current.

    Raises
    ------
    ReportError
        If the page cannot be published.
    """
    run, reports = levels.run, plans[0].root / "reports" / levels.run.name
    address = f"reports/{run.name}/{LATEST}/{INDEX}"
    found = {folder: level for folder, level in levels.folders.items() if last_published(reports / folder)}
    for old in reports.glob(f"*/{LATEST}"):
        if old.is_symlink() and old.parent.name not in levels.folders:
            old.unlink()
    study, key = plans[0].study, digest([plan.key for plan in plans], found, levels.withheld)
    if published := published_for(reports, key):
        point_latest(published)
        return str((read_manifest(published) or {}).get("sentence", levels.sentence)), address
    from cxresearch.present.disclosure import Policy

    told = " ".join([levels.sentence, *_warning(reports, found)])
    facts = {"version": 1, "run": run.name, "study": study.title, "period": run.period, "plan": key}
    with staging_folder(reports) as staging:
        page = overview(levels, found, told, study.title, Policy.of(study).banner, study.labels)
        (staging / INDEX).write_text(page, encoding="utf-8")
        publish(staging, write_manifest(staging, {**facts, "levels": found, "sentence": told}))
    return told, address


def _warning(reports: Path, found: Iterable[str]) -> list[str]:
    """Return a sentence on what the levels' reports give away together, where they do."""
    from cxresearch.present.labels import count
    from cxresearch.report.results import outputs_in
    from cxresearch.report.siblings import found_by_subtraction

    last = {folder: last_published(reports / folder) for folder in found}
    groups = found_by_subtraction({folder: outputs_in(path) for folder, path in last.items() if path})
    if not groups:
        return []
    what = "is" if groups == 1 else "are"
    return [
        f"{count(groups, 'group')} of customers {what} hidden in one report alone: who has all of these, and one about "
        "all customers, can work them out, so give them to different readers."
    ]


def overview(levels: Levels, found: dict[str, str], told: str, study: str, banner: str, labels: dict[str, str]) -> str:
    """Return the page.

    Parameters
    ----------
    levels
        The levels of the run.
    found
        Those that are published, by folder.
    told
        How many levels have a report, why others have none, and what all give away together.
    study
        The study's title.
    banner
        A sentence for the head of the page, or "".
    labels
        What the study file calls its segments.
    """
    from cxresearch.present import html
    from cxresearch.present.labels import clean, label, period_label

    segment = levels.run.for_each.segment if levels.run.for_each else ""
    links = [{"href": f"../{folder}/{LATEST}/{INDEX}", "level": clean(level)} for folder, level in found.items()]
    facts = {
        "policy": POLICY,
        "styles": [html.stylesheet(), TEMPLATE.with_name("page.css").read_text(encoding="utf-8")],
        "study": study,
        "period": period_label(levels.run.period),
        "heading": f"A report for each {label(segment, labels).lower()}",
        "banner": banner,
        "sentence": told,
        "version": cxresearch.__version__,
    }
    page = _rendered(**facts, links=sorted(links, key=lambda link: link["level"]))
    # The reports that it leads to were checked when they were published: here they need only be there.
    others = {f"{folder}/{LATEST}/{INDEX}": _rendered(**facts, links=[]) for folder in found}
    check_pages({f"{LATEST}/{INDEX}": page} | others)
    return page


def _rendered(**facts: Any) -> str:
    """Return the page with what is told on it."""
    from jinja2 import Environment

    return Environment(autoescape=True).from_string(TEMPLATE.read_text(encoding="utf-8")).render(facts)
