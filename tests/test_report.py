"""What a run publishes: pages that are safe and whole, the same bytes for the same inputs, and nothing run twice."""

import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import pytest
import tiny_project
from tiny_project import Tiny, page, tree

from cxresearch.cache import Store
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import MIME_TYPE, Payload
from cxresearch.report import make, render
from cxresearch.report.check import POLICY, check_pages, problems_of
from cxresearch.report.crate import CRATE
from cxresearch.report.draw import draw_all, drawing
from cxresearch.report.failure import ReportError
from cxresearch.report.manifest import verify
from cxresearch.report.plan import make_plan
from cxresearch.report.prose import prose, read_methods
from cxresearch.report.publish import KEPT, point_latest, publish
from cxresearch.report.render import render_pages
from cxresearch.report.worker import RESULT_MIME
from cxresearch.study import load_run

package, tiny = tiny_project.package, tiny_project.tiny
published_once, published = tiny_project.published_once, tiny_project.published

UNCHANGED_SECONDS = 3
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>{{1234*5678}}$x^{"


class Outline(HTMLParser):
    """Collects elements with their attributes, and the text of some."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data):
        for tag in self._open[-1:]:
            self.texts.setdefault(tag, []).append(data.strip())

    def all(self, tag: str, **wanted: str) -> list[dict]:
        return [found for name, found in self.elements if name == tag and wanted.items() <= found.items()]


def payload(key: str, notebook: str, cell: int, plan: str = "Basic", caption: str = "Caption", **more) -> Payload:
    columns = ["plan", "n", "n_customers", "estimate", "flag"]
    frame = {"columns": columns, "types": ["str", "int", "int", "float", "str"], "rows": [[plan, 100, 90, 1.5, ""]]}
    fields = {"version": 1, "key": key, "kind": "table", "caption": caption, "frame": frame, "provenance": {}, **more}
    return Payload.from_json(fields).with_provenance(notebook=notebook, cell=cell)


def rendered(
    project: Tiny, payloads: list[Payload], monkeypatch: pytest.MonkeyPatch, banner: str = ""
) -> dict[str, str]:
    """Return the pages of the tiny project with these results, nothing run."""
    monkeypatch.setenv("CXRESEARCH_ROOT", str(project.root))
    plan = make_plan(load_run(project.root / "params" / "tiny.yaml"))
    shown = protect(payloads, Policy()).payloads
    with ThreadPoolExecutor(1) as pool:
        drawings = draw_all(shown, plan.sources, Store(project.root / ".cache"), pool)
    pages = render_pages(plan, shown, drawings, banner)
    check_pages(pages)
    return pages


def page_links(outline: Outline) -> list[str]:
    """Return the links between pages: the other pages, then the page before and the page after."""
    return [found["href"] for found in outline.all("a") if found["href"].endswith(".html")]


# ---- pages


def test_a_page_is_whole_and_in_order(tiny, monkeypatch):
    html = rendered(tiny, [payload("plans", "02-plans", 3)], monkeypatch)["02-plans.html"]
    outline = Outline(html)
    assert html.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta http-equiv="Content-Security-Policy"')
    assert outline.all("meta")[0]["content"] == POLICY
    assert outline.texts["title"] == ["Which plans? · Tiny & Sons, Q3 2026"]
    assert outline.texts["h1"] == ["Which plans?"]
    assert outline.texts["h2"] == ["Which plan is best?"]
    assert [len(outline.all(tag)) for tag in ("main", "h1", "header", "footer")] == [1, 1, 1, 1]
    assert outline.all("a", href="#main")
    assert outline.all("section", **{"aria-labelledby": "section-which-plan-is-best"})
    assert outline.all("a", href="#section-which-plan-is-best")
    assert outline.all("meta", name="datePublished")[0]["content"] == "2026-09-30"
    assert page_links(outline) == ["index.html", "01-base.html", "02-plans.html", "01-base.html"]
    assert outline.all("a", rel="prev", href="01-base.html")
    assert outline.all("a", href="02-plans.html", **{"aria-current": "page"})
    assert outline.all("figure", id="plans")


def test_code_is_folded_after_its_results_and_unshown_cells_are_not_on_the_page(tiny, monkeypatch):
    html = rendered(tiny, [payload("plans", "02-plans", 3)], monkeypatch)["02-plans.html"]
    labels = [text for text in Outline(html).texts["summary"] if text.startswith("Code")]
    assert labels == ["Code of cell 2", "Code of cell 3"]
    assert html.index('id="plans"') < html.index("Code of cell 3")
    assert all("open" not in found for found in Outline(html).all("details"))
    assert ">1</span> <span" not in html.replace("\n", "")
    assert "remove-cell" not in html
    folded = html[html.index("How this page was made") :]
    assert "factor" in folded
    assert "times the estimate" in folded
    assert "factor" not in html[: html.index("Which plan is best?")]


def test_code_that_shows_nothing_is_folded_with_code_that_does(tiny, monkeypatch):
    code = ("code", "a = 1"), ("code", "show(a)"), ("code", "keep(a)"), ("markdown", "## Next"), ("code", "b")
    tiny.notebook("01-base", *page("Base?", *code))
    html = rendered(tiny, [payload("base", "01-base", 4)], monkeypatch)["01-base.html"]
    assert [text for text in Outline(html).texts["summary"] if text.startswith("Code")] == [
        "Code of cells 2 to 5",
        "Code of cell 6",
    ]


def test_the_code_of_the_first_page_is_folded_once_below_all_that_it_shows(tiny, monkeypatch):
    cells = ("code", "a"), ("code", "b"), ("markdown", "## Next"), ("code", "c")
    tiny.notebook("00-summary", *page("How?", *cells))
    shown = [payload(key, "00-summary", cell) for key, cell in (("one", 3), ("two", 4), ("three", 5))]
    html = rendered(tiny, shown, monkeypatch)["index.html"]
    labels = [text for text in Outline(html).texts["summary"] if text.startswith("Code")]
    assert labels == ["Code of cells 2 to 4", "Code of cell 5"]
    places = [html.index(text) for text in ('id="one"', 'id="two"', "Code of cells 2 to 4", 'id="three"')]
    assert places == sorted(places)


def test_records_are_kept_for_other_pages_and_not_drawn(tiny, monkeypatch):
    html = rendered(tiny, [payload("plans", "02-plans", 3, kind="record")], monkeypatch)["02-plans.html"]
    assert "<figure" not in html


def test_methods_that_a_page_uses_are_folded_at_its_end_once(tiny, monkeypatch):
    tiny.write(
        "docs/methods.md",
        "# Methods\n\n## nps: Net *Promoter* Score\n\nPromoters less detractors.\n\n## other\n\nNot used.\n",
    )
    results = [payload("plans", "02-plans", 3, method="nps"), payload("more", "02-plans", 3, method="nps")]
    pages = rendered(tiny, results, monkeypatch)
    outline = Outline(pages["02-plans.html"])
    assert len(outline.all("div", id="method-nps")) == 1
    assert "Promoters less detractors." in pages["02-plans.html"]
    assert "Not used." not in pages["02-plans.html"]
    assert "method-nps" not in pages["01-base.html"]


def test_a_method_without_a_note_is_refused(tiny, monkeypatch):
    tiny.write("docs/methods.md", "## nps\n\nThe score.\n")
    with pytest.raises(ReportError, match=r"02-plans.ipynb names the method 'nsp'; docs/methods.md has no such part"):
        rendered(tiny, [payload("plans", "02-plans", 3, method="nsp")], monkeypatch)


def test_a_banner_of_the_policy_stands_on_every_page(tiny, monkeypatch):
    banner = Policy(min_base=5).banner
    assert all(banner in html for html in rendered(tiny, [], monkeypatch, banner).values())
    assert not any('disclosure-banner"' in html for html in rendered(tiny, [], monkeypatch).values())


def test_two_sections_of_one_title_and_a_result_of_that_name_have_ids_of_their_own(tiny, monkeypatch):
    cells = page("Base?", ("markdown", "## Next?\n\na\n\n## Next?\n\nb"), ("code", "show()"))
    tiny.notebook("01-base", *cells)
    outline = Outline(rendered(tiny, [payload("next", "01-base", 3)], monkeypatch)["01-base.html"])
    assert [found["id"] for found in outline.all("h2")] == ["section-next", "section-next-2"]


PLACES = ["prose", "heading", "title", "caption", "level", "study", "parameter", "code", "method"]


@pytest.mark.parametrize("place", PLACES)
def test_markup_is_shown_as_the_text_it_is_wherever_it_comes_from(tiny, monkeypatch, place):
    text = {name: ATTACK if name == place else name for name in PLACES}
    tiny.notebook(
        "01-base",
        *page(
            text["title"],
            ("markdown", text["prose"]),
            ("markdown", f"## {text['heading']}"),
            ("code", text["code"]),
            parameters=f'a: str = "{text["parameter"]}"  # {text["parameter"]}',
        ),
    )
    tiny.write("data/tiny/study.yaml", tiny_project.STUDY.replace("Tiny & Sons", f"'{text['study']}'"))
    tiny.write("docs/methods.md", f"## nps: {text['method']}\n\n{text['method']}\n")
    result = payload("base", "01-base", 3, method="nps", plan=text["level"], caption=text["caption"])
    html = rendered(tiny, [result], monkeypatch)["01-base.html"]
    assert not Outline(html).all("script")
    assert not Outline(html).all("img")
    shown = re.sub(r"<[^>]+>", "", html[html.index("<body") :])
    assert "1234*5678" in shown
    assert str(1234 * 5678) not in shown


@pytest.mark.parametrize(
    ("markdown", "wanted", "unwanted"),
    [
        ("[a](javascript:alert(1))", "a", "javascript"),
        ("[a](https://example.com/x)", '<span class="address">(example.com/x)</span>', "href"),
        ("![chart](https://example.com/x.png)", "chart", "<img"),
        ("<iframe src=x></iframe>", "&lt;iframe", "<iframe"),
        ("[a](//example.com)", "a", "href"),
        ("[a](data:text/html,x)", "a", "href"),
        ("[a](02-plans.html#plans)", '<a href="02-plans.html#plans">a</a>', "address"),
        ("<https://example.com>", "example.com", "href"),
        ("| a |\n|---|\n| 1 |", 'class="scroll" tabindex="0"', "script"),
    ],
)
def test_prose_leads_nowhere_outside(markdown, wanted, unwanted):
    html = prose(markdown)
    assert wanted in html
    assert unwanted not in html


def test_method_notes_are_read_by_id(tmp_path):
    path = tmp_path / "methods.md"
    path.write_text(
        "# All\n\nIntro.\n\n## nps\n\nA.\n\n### Detail\n\nB.\n\n## bias: Who is missing\n\nC.\n\n## my-care\n"
    )
    found = read_methods(path)
    assert [(method.id, method.title) for method in found.values()] == [
        ("nps", "NPS"),
        ("bias", "Who is missing"),
        ("my-care", "My care"),
    ]
    assert "<h3>Detail</h3>" in found["nps"].html
    assert read_methods(tmp_path / "none.md") == {}


def test_a_users_own_settings_of_matplotlib_change_no_drawing():
    result = protect([payload("plans", "02-plans", 3, kind="estimates")], Policy()).payloads[0]
    plain = drawing(result)
    assert {name.rpartition(".")[2] for name in plain.files} == {"png", "svg"}
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "axes.grid": True, "savefig.facecolor": "red"}):
        assert drawing(result) == plain


def test_drawings_are_kept_and_drawn_again_only_for_another_package(tmp_path):
    shown = protect([payload("plans", "02-plans", 3), payload("kept", "02-plans", 3, kind="record")], Policy()).payloads
    store = Store(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        first = draw_all(shown, "package", store, pool)
        assert list(first) == ["02-plans/plans"]
        kept = next((tmp_path / "drawn").iterdir())
        store.write_json("drawn", kept.stem, {"html": "as kept", "files": {}})
        assert draw_all(shown, "package", store, pool)["02-plans/plans"].html == "as kept"
        assert draw_all(shown, "other", store, pool) == first


def test_the_cache_forgets_what_lies_longest(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "REMEMBERED", {"payloads": 2, "executed": 1})
    store = Store(tmp_path)
    for number, key in enumerate("abc"):
        store.write_json("payloads", key, [])
        store.write_json(f"executed/{key}", "notebook", {})
        for path in (tmp_path / "payloads" / f"{key}.json", tmp_path / "executed" / key):
            os.utime(path, (number, number))
    monkeypatch.setattr(make, "STATES", 2)
    for number, name in enumerate(("a-responses.parquet", "b-x.parquet", "a-complete.json", "c-x.parquet", "c-y.json")):
        store.write_bytes("tables", name, b"")
        os.utime(tmp_path / "tables" / name, (number, number))
    make.forget_oldest(store)
    # What belongs to one key stays or goes together.
    assert {path.name[0] for path in (tmp_path / "tables").iterdir()} == {"a", "c"}
    assert len(list((tmp_path / "tables").iterdir())) == 4
    assert sorted(path.name for path in (tmp_path / "payloads").iterdir()) == ["b.json", "c.json"]
    assert [path.name for path in (tmp_path / "executed").iterdir()] == ["c"]


# ---- the hard checks

HEAD = f'<!doctype html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="{POLICY}"></head>'


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<script>1</script>", "holds a <script>"),
        ("<SCRIPT src=x>", "holds a <script>"),
        ("<iframe></iframe>", "holds a <iframe>"),
        ("<object></object>", "holds a <object>"),
        ("<embed>", "holds a <embed>"),
        ("<form></form>", "holds a <form>"),
        ("<base href='/'>", "holds a <base>"),
        ("<link rel=stylesheet href=x>", "holds a <link>"),
        ('<meta http-equiv="refresh" content="0">', "holds a <meta http-equiv=refresh>"),
        ("<p onclick=f()>", "holds the attribute onclick"),
        ("<svg><g onload=f()></g></svg>", "holds the attribute onload"),
        ('<a href="javascript:f()">', "has a <a> that points outside the report"),
        ('<a href=" java\nscript:f()">', "has a <a> that points outside the report"),
        ('<a href="https://example.com">', "has a <a> that points outside the report"),
        ('<a href="//example.com">', "has a <a> that points outside the report"),
        ('<img alt="x" src="https://example.com/x.png">', "has a <img> that points outside the report"),
        ('<img alt="x" src="x.png">', "has a <img> that points outside the report"),
        ('<img alt="x" srcset="https://example.com/x 2x">', "has a <img> that points outside the report"),
        ('<svg><image href="https://example.com/x"/></svg>', "has a <image> that points outside the report"),
        ('<svg><use xlink:href="https://example.com/x#a"/></svg>', "has a <use> that points outside the report"),
        ('<p style="background: url(https://example.com)">', "has a style that loads something"),
        ("<style>@import 'x.css';</style>", "has a style sheet that loads something"),
        ("<style>p { background: URL( x.png ) }</style>", "has a style sheet that loads something"),
        ('<img src="data:image/png;base64,AA">', "holds a picture without a description"),
        ('<img alt=" " src="data:image/png;base64,AA">', "holds a picture without a description"),
        (
            '<img alt="No description has been provided for this image" src="data:image/png;base64,AA">',
            "holds a picture without a description",
        ),
        ('<a href="gone.html">', "links to 'gone.html', which is not there"),
        ('<a href="#gone">', "links to '#gone', which is not there"),
        ('<a href="b.html#gone">', "links to 'b.html#gone', which is not there"),
        ('<p id="a"></p><p id="a">', "uses the id 'a' twice"),
        ("x" * 10_000_001, "is larger than 10 MB"),
    ],
)
def test_a_page_with_anything_that_runs_loads_or_leads_outside_is_found(body, problem):
    assert f"a.html {problem}" in problems_of({"a.html": HEAD + body, "b.html": HEAD})


def test_a_page_of_allowed_things_has_no_problems():
    body = (
        '<a href="b.html#x">b</a><a href="#here" id="here">h</a><img alt="A line" src="data:image/png;base64,AA">'
        '<style>p { background: url("data:image/png;base64,AA") }</style><svg><use xlink:href="#here"/></svg>'
        "<p>https://example.com and javascript:f() are only text here</p>"
    )
    assert problems_of({"in/a.html": HEAD + body, "in/b.html": HEAD + "<p id='x'>"}) == []


@pytest.mark.parametrize(
    "head", ["<head></head>", "<head><title>x</title>" + HEAD[HEAD.index("<meta") :], "<p>no head</p>"]
)
def test_the_policy_must_come_first(head):
    assert "does not begin with the content security policy" in problems_of({"a": f"<!doctype html><html>{head}"})[-1]


def test_a_page_that_fails_a_check_stops_the_run(tiny, monkeypatch):
    tiny.notebook("01-base", *page("Base?", ("markdown", "See [there](gone.html).")))
    with pytest.raises(ReportError, match=r"the page 01-base.html links to 'gone.html', which is not there"):
        rendered(tiny, [], monkeypatch)


def test_the_runner_and_cx_show_agree_on_the_type_of_a_result():
    assert RESULT_MIME == MIME_TYPE


# ---- whole runs


def rows_in(project: Tiny, notebook: str, key: str) -> list[list]:
    """Return the rows of a published result."""
    return json.loads((project.latest / "results.json").read_text())["notebooks"][notebook][key]["frame"]["rows"]


def test_a_run_publishes_pages_results_record_and_manifest(published_once):
    files = tree(published_once.latest)
    pages = {"team/index.html", "team/01-base.html", "team/02-plans.html"}
    data = {"results.json", "disclosure.json", "team/results.json", "team/disclosure.json", "team/tables.xlsx"}
    assert {name for name in files if "figures/" not in name} == pages | data | {"index.html", "manifest.json", CRATE}
    assert verify(published_once.latest) == []
    results = json.loads(files["results.json"])["notebooks"]
    assert {name: list(found) for name, found in results.items()} == {
        "00-summary": ["summary"],
        "01-base": ["base"],
        "02-plans": ["plans"],
    }
    assert rows_in(published_once, "02-plans", "plans") == [["Plan 0", 100, 90, 4.5, ""]]
    assert json.loads(files["disclosure.json"])["summary"]["tables"] == 3
    assert files["results.json"] == files["team/results.json"]


def test_links_of_the_first_page_work_at_the_top_and_in_its_folder(published_once):
    for folder, prefix in ((published_once.latest, "team/"), (published_once.latest / "team", "")):
        outline = Outline((folder / "index.html").read_text())
        links = page_links(outline)
        assert links == [f"{prefix}{name}.html" for name in ("index", "01-base", "02-plans", "01-base")]
        assert all((folder / link).is_file() for link in links)


def test_nothing_published_tells_of_clock_machine_place_or_user(published_once):
    today = datetime.date.today()
    needles = [str(published_once.root), str(Path.home()), platform.node(), f"{today:%Y-%m-%d}", f"{today:%d.%m.%Y}"]
    for name, data in tree(published_once.latest).items():
        for needle in needles:
            assert needle.encode() not in data, f"{name} tells {needle}"


def test_an_unchanged_run_does_nothing_within_three_seconds(published):
    before = tree(published.reports)
    began = time.monotonic()
    done = published.report()
    took = time.monotonic() - began
    assert done.stdout == "Nothing changed: 3 pages are as they were.\nOpen reports/tiny/latest/index.html\n"
    assert (done.returncode, took < UNCHANGED_SECONDS) == (0, True)
    assert tree(published.reports) == before


def test_an_unchanged_run_loads_nothing_heavy(published):
    code = (
        "import sys; from cxresearch import cli; sys.argv = ['cxresearch', 'report', 'params/tiny.yaml']\n"
        "try: cli.main()\n"
        "except SystemExit as end: print(end.code)\n"
        "print([name for name in ('pandas', 'numpy', 'papermill', 'nbconvert', 'nbformat') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=published.root, env=published.environment(), capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-2:] == ["0", "[]"]


def test_a_change_runs_its_dependants_only_and_publishes_beside_the_old(published):
    before = published.latest.resolve()
    published.write("params/tiny.yaml", tiny_project.RUN.replace("3}", "4}"))
    done = published.report()
    assert "2 of 3 notebooks ran, 1 were kept" in done.stdout
    assert re.search(r"01-base +kept", done.stderr)
    assert rows_in(published, "02-plans", "plans") == [["Plan 0", 100, 90, 6.0, ""]]
    assert (published.latest / "team" / "01-base.html").read_bytes() == (before / "team" / "01-base.html").read_bytes()
    assert verify(before) == []
    published.write("params/tiny.yaml", tiny_project.RUN)
    again = published.report()
    assert again.stdout.startswith("Nothing changed")
    assert published.latest.resolve() == before


def test_a_damaged_report_is_drawn_again_from_the_cache(published):
    page_file = published.latest.resolve() / "team" / "01-base.html"
    good = page_file.read_bytes()
    page_file.write_bytes(good + b" ")
    done = published.report()
    assert "0 of 3 notebooks ran" in done.stdout
    assert page_file.read_bytes() == good
    assert verify(published.latest) == []


def test_force_runs_everything_and_gives_the_same_bytes(published):
    before, target = tree(published.reports), published.latest.resolve()
    done = published.cli("report", "params/tiny.yaml", "--force")
    assert "3 of 3 notebooks ran" in done.stdout
    assert published.latest.resolve() == target
    assert tree(published.reports) == before


def test_tiers_have_folders_and_a_notebook_taken_away_leaves_nothing(published):
    mine = page("What did I find?", ("markdown", "## A"), ("code", "show('mine', [['A', 50, 50, 1.0, '']])"))
    published.notebook("20-my-own", *mine, folder="data/tiny/notebooks")
    published.write("params/tiny.yaml", "study: tiny\nperiod: 2026Q3\ntiers: [public, analyst]\nskip: [02-plans]\n")
    assert published.report().returncode == 0
    files = set(tree(published.latest))
    assert {name.split("/")[0] for name in files if "/" in name} == {"public", "analyst"}
    assert not any("02-plans" in name for name in files)
    assert "02-plans" not in (published.latest / "manifest.json").read_text()
    front = (published.latest / "index.html").read_text()
    assert [name in front for name in ('href="public/01-base.html"', 'href="public/20-my-own.html"')] == [True, True]
    assert "What did I find?" in (published.latest / "analyst" / "20-my-own.html").read_text()


# The hidden number must not stand in the code, which is shown.
SECRET = "rows[2][3] = 309 / 4; show('base', rows)"


def test_small_groups_are_hidden_in_pages_and_results_alike(tiny):
    few = [["Basic", 100, 90, 1.5, ""], ["Plus", 80, 70, 2.5, ""], ["Gold", 9, 9, 0, ""], ["Pro", 60, 50, 3.5, ""]]
    tiny.notebook("01-base", *page("Base?", ("markdown", "## A"), ("code", f"rows = {few!r}"), ("code", SECRET)))
    assert tiny.report().returncode == 0
    for name, data in tree(tiny.latest).items():
        assert b"77.25" not in data, name
    assert rows_in(tiny, "01-base", "base")[2] == ["Gold", None, None, None, "hidden"]


# ---- publishing


def finished(reports: Path, text: str) -> Path:
    """Return a staging folder that holds one file."""
    folder = reports / ".staging-1"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(text)
    return folder


def test_only_the_newest_folders_are_kept_and_never_is_the_latest_removed(tmp_path):
    names = [f"{number:016x}" for number in range(KEPT + 3)]
    for number, name in enumerate(names):
        publish(finished(tmp_path, name), name)
        os.utime(tmp_path / name, (number + 1, number + 1))
    kept = sorted(path.name for path in tmp_path.iterdir() if path.name != "latest")
    assert kept[-KEPT:] == names[-KEPT:]
    assert os.readlink(tmp_path / "latest") == names[-1]
    os.utime(tmp_path / names[-1], (0, 0))
    publish(finished(tmp_path, "new"), "f" * 16)
    assert os.readlink(tmp_path / "latest") == "f" * 16


def test_pointing_at_the_present_latest_touches_nothing(published):
    before = published.latest.lstat().st_mtime_ns, published.latest.resolve().stat().st_mtime_ns
    point_latest(published.latest.resolve())
    assert (published.latest.lstat().st_mtime_ns, published.latest.resolve().stat().st_mtime_ns) == before


def test_verify_names_every_file_that_differs(published):
    folder = published.latest.resolve()
    assert published.cli("verify", "reports/tiny/latest").returncode == 0
    (folder / "index.html").write_bytes(b"other")
    (folder / "team" / "results.json").unlink()
    (folder / "team" / "more.html").write_text("x")
    outside = published.write("copy.html", (folder / "team" / "01-base.html").read_text())
    (folder / "team" / "01-base.html").unlink()
    (folder / "team" / "01-base.html").symlink_to(outside)
    done = published.cli("verify", "reports/tiny/latest")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "index.html was changed",
        "team/01-base.html was changed",
        "team/more.html is not in the manifest",
        "team/results.json is missing",
    ]
    assert done.stderr == "tiny/latest is not what was published: 4 differences.\n"


def test_verify_sees_that_the_manifest_itself_was_rewritten(published):
    manifest = published.latest.resolve() / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 0', '"seed": 1', 1))
    assert verify(published.latest) == ["manifest.json was changed"]
    manifest.unlink()
    assert verify(published.latest) == ["manifest.json is missing or cannot be read"]


def test_the_manifest_has_the_inputs_parameters_and_versions(published_once):
    manifest = json.loads((published_once.latest / "manifest.json").read_text())
    assert set(manifest["inputs"]) == {"study.yaml", "answers.csv"}
    assert manifest["parameters"]["02-plans"] == {"study": "tiny", "period": "2026Q3", "seed": 0, "factor": 3}
    assert set(manifest["notebooks"]) == {"00-summary", "01-base", "02-plans"}
    assert manifest["package"]["version"]
    listed = [name for name in tree(published_once.latest) if name != "manifest.json"]
    assert sorted(manifest["files"]) == sorted(listed)


def test_a_copy_of_a_report_under_another_name_verifies(published, tmp_path):
    shutil.copytree(published.latest.resolve(), tmp_path / "for the board")
    assert verify(tmp_path / "for the board") == []


def test_a_finding_of_a_page_that_is_skipped_has_no_link():
    item = '<p class="cx-meta">Owner: Sales · <a href="02-plans.html#nps">Where it stands</a></p>'
    assert render._without_dead_links(item, {"02-plans.html"}) == item
    assert render._without_dead_links(item, {"index.html"}) == '<p class="cx-meta">Owner: Sales</p>'
