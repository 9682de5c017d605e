"""Draws the pages of one tier from protected payloads, prose and code; executed notebooks never come here."""

import json
import re
import sys
from collections.abc import Mapping, Sequence, Set
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cxresearch
from cxresearch import periods
from cxresearch.present import html
from cxresearch.present import labels as say
from cxresearch.present.labels import page_label, period_label
from cxresearch.present.payload import ProtectedPayload
from cxresearch.report.blocks import Block, as_notebook, blocks_of, code_gathered
from cxresearch.report.check import POLICY
from cxresearch.report.draw import Drawing
from cxresearch.report.failure import ReportError
from cxresearch.report.kernel import spare_grammar
from cxresearch.report.owners import owner_pages
from cxresearch.report.plan import METHODS, SUMMARY, Page, Plan
from cxresearch.report.prose import Method, inline, prose, read_methods
from cxresearch.report.restated import Restated
from cxresearch.report.results import weights_in_words
from cxresearch.report.since import Since

# Older versions read files that a notebook names (CVE-2026-39377 and -39378).
SAFE_NBCONVERT = (7, 17, 1)
TEMPLATES = Path(__file__).parent / "template"
KEY_SHOWN = 12
# Sections of the first page that no notebook makes.
AT_THE_END = {"owners": "A page for each owner", "since": "Since the last publication", "restated": "Restated"}
WHERE_IT_STANDS = re.compile(r'(?: · )?<a href="([^"#]+)#[^"]*">Where it stands</a>')


def render_pages(
    plan: Plan,
    payloads: Sequence[ProtectedPayload],
    drawings: Mapping[str, Drawing],
    banner: str,
    restated: Restated | None = None,
    since: Since | None = None,
) -> dict[str, str]:
    """Return the pages of one tier by file name.

    Parameters
    ----------
    plan
        What was run.
    payloads
        The protected results of all pages.
    drawings
        What each of them looks like, by `notebook/key`.
    banner
        A sentence for the head of each page, or "".
    restated
        What numbers differ from the last publication, for the first page.
    since
        What else has changed since; None where nothing was published before.

    Raises
    ------
    ReportError
        If a page names a method without a note.
    """
    methods, owners = read_methods(plan.root / METHODS), owner_pages(payloads)
    drawn = {}
    for page in plan.pages:
        own = [payload for payload in payloads if payload.provenance["notebook"] == page.name]
        blocks = blocks_of(page, own, drawings)
        is_front = page.name == SUMMARY
        blocks = code_gathered(blocks) if is_front else blocks
        front = {"owners": owners, "since": since, "restated": restated} if is_front else {}
        more = {"banner": banner, "neighbours": _neighbours(page, plan.pages), **front}
        drawn[page.file] = _drawn(plan, page, blocks, _notes(page, own, methods), more)
    summary = next(page for page in plan.pages if page.name == SUMMARY)
    for found in owners:
        page, notes = found.as_page(summary), _notes(summary, found.payloads, methods)
        drawn[found.file] = _drawn(plan, page, found.blocks(), notes, {"banner": banner})
    return {file: _without_dead_links(page, set(drawn)) for file, page in drawn.items()}


def _drawn(plan: Plan, page: Page, blocks: Sequence[Block], notes: Sequence[Method], more: Mapping[str, Any]) -> str:
    """Return one page; `more` is what the template says on some pages only."""
    facts = _facts(plan, page) | {
        **more,
        "navigation": [_link(other, page) for other in plan.pages],
        "contents": _contents(blocks, notes, more),
        "methods": notes,
    }
    text, _ = _exporter().from_notebook_node(as_notebook(blocks), resources={"page": facts})
    return str(text)


def _without_dead_links(page: str, files: Set[str]) -> str:
    """Return a page without the links from findings to pages that this run skips."""
    return WHERE_IT_STANDS.sub(lambda link: link[0] if link[1] in files else "", page)


def _facts(plan: Plan, page: Page) -> dict[str, Any]:
    """Return what the template says of a page beside its content; no clock, host, path or user."""
    period = periods.parse(plan.run.period, plan.study.fiscal_year_start)
    ended = period.end() if period else None
    return {
        "policy": POLICY,
        "styles": [html.stylesheet(), (TEMPLATES / "page.css").read_text(encoding="utf-8")],
        "study": say.clean(plan.title),
        "period": period_label(plan.run.period),
        "published": ended.isoformat() if ended else "",
        "published_words": f"{ended.day} {ended:%B %Y}" if ended else "",
        "version": cxresearch.__version__,
        "title": say.clean(page.title),
        "heading": inline(page.title),
        "is_front": page.name == SUMMARY,
        "parameters": _parameter_rows(page),
        "provenance": [
            ("Study", say.clean(plan.title)),
            ("Period", plan.run.period),
            ("Seed", plan.run.seed),
            ("Weights", say.capital(weights_in_words(plan.study))),
            ("Data", plan.data_key[:KEY_SHOWN]),
            ("Notebook", f"{page.name}, {page.key[:KEY_SHOWN]}"),
            ("Package", f"cxresearch {cxresearch.__version__}"),
        ],
    }


@cache
def _exporter() -> Any:
    """Return nbconvert's exporter with our template and filters, and nothing of a user's own settings."""
    spare_grammar()
    import nbconvert

    if nbconvert.version_info[:3] < SAFE_NBCONVERT:
        raise ReportError(f"nbconvert {version('nbconvert')} is not safe; install 7.17.1 or newer.")
    shipped = Path(sys.prefix) / "share" / "jupyter" / "nbconvert" / "templates"
    own = {"template_data_paths": [str(shipped)]} if shipped.is_dir() else {}
    # HTMLExporter would write the finished page anew with BeautifulSoup and make up descriptions of pictures.
    return nbconvert.TemplateExporter(
        template_name="page",
        template_file="index.html.j2",
        extra_template_basedirs=[str(TEMPLATES)],
        filters={"prose": prose, "code": _highlighted},
        default_preprocessors=[],
        **own,
    )


def _highlighted(source: str) -> str:
    """Return Python code with its words marked by class."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source.strip(), PythonLexer(), HtmlFormatter(nowrap=True)).rstrip()


def _contents(blocks: Sequence[Block], notes: Sequence[Method], more: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the entries of the list of contents."""
    entries = [{"id": block.section.id, "title": block.section.title} for block in blocks if block.section]
    entries += [{"id": name, "title": title} for name, title in AT_THE_END.items() if more.get(name)]
    return [*entries, {"id": "method", "title": "Method"}] if notes else entries


def _link(other: Page, page: Page) -> dict[str, Any]:
    """Return a link to another page by a short name."""
    return {"href": other.file, "label": page_label(other.name), "current": other.name == page.name}


def _neighbours(page: Page, pages: Sequence[Page]) -> list[dict[str, str]]:
    """Return links to the page before and the page after."""
    place = [other.name for other in pages].index(page.name)
    found = [("prev", "Previous", other) for other in pages[max(place - 1, 0) : place]]
    found += [("next", "Next", other) for other in pages[place + 1 : place + 2]]
    return [
        {"rel": rel, "words": words, "href": other.file, "title": inline(other.title)} for rel, words, other in found
    ]


def _notes(page: Page, payloads: Sequence[ProtectedPayload], methods: Mapping[str, Method]) -> list[Method]:
    """Return the notes of the methods that a page uses, in the order of first use."""
    used = list(dict.fromkeys(payload.method for payload in payloads if payload.method))
    if missing := [name for name in used if name not in methods]:
        raise ReportError(f"{page.name}.ipynb names the method {missing[0]!r}; {METHODS.as_posix()} has no such part.")
    return [methods[name] for name in used]


def _parameter_rows(page: Page) -> list[dict[str, str]]:
    """Return each parameter's name, value and meaning."""
    values = page.parameters
    return [
        {"name": name, "value": _value(values[name]), "help": parameter.help}
        for name, parameter in page.declared.items()
    ]


def _value(value: Any) -> str:
    """Return a parameter's value as a reader writes it in a run file."""
    return say.clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
