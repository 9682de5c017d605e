"""The demo's pages in a real browser, opened from a folder as from a USB stick: nothing is fetched, nothing overflows,
axe-core finds nothing, the keyboard reaches everything, every figure has its data, and paper cuts nothing.

CXRESEARCH_PAGES names a folder of pages to look at instead of the demo's, made anew.
"""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT, need

from cxresearch.cache import digest, store
from cxresearch.present import words
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.payload import Grid, Payload
from cxresearch.study import data_key, load_study

AXE = ROOT / ".node" / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
# A4 less the margins of `@page`, in pixels.
PAPER = (673, 950)
MOST_BYTES = 3_000_000
# What pictures are called where nobody described them.
FILLER = re.compile(r"no description|^(image|figure|chart|picture|plot|untitled)?\W*$", re.IGNORECASE)


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """Return the demo's published pages, made by the command line."""
    need("chromium")
    if made := os.environ.get("CXRESEARCH_PAGES"):
        return Path(made)
    root = tmp_path_factory.mktemp("demo")
    (ROOT / ".cache").mkdir(mode=0o700, exist_ok=True)
    # The cache is keyed by content, so what `make report` has computed need not be computed again.
    for part in ("notebooks", "params", "data", "docs", "requirements.lock", ".cache"):
        (root / part).symlink_to(ROOT / part)
    command = [sys.executable, "-m", "cxresearch.cli", "report", "params/demo-2026q3.yaml"]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "CXRESEARCH_ROOT": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return root / "reports" / "demo-2026q3" / "latest" / "team"


@pytest.fixture(scope="session")
def pages(published, tmp_path_factory) -> list[Path]:
    """Return the pages, and nothing else, in a folder whose name has a space and a letter beyond ASCII."""
    stick = tmp_path_factory.mktemp("USB stick ä")
    return [Path(shutil.copy(page, stick)) for page in sorted(published.glob("*.html"))]


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator:
    need("chromium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_script_timeout(180)
    yield driver
    driver.quit()


def opened(browser, page: Path, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get_log("browser")
    browser.get(page.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_is_readable(pages, size, scheme, browser):
    found = {}
    for page in pages:
        opened(browser, page, size, scheme)
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"), page.name
        assert browser.execute_script("return [...document.images].every(one => one.naturalWidth > 0)"), page.name
        assert browser.get_log("browser") == [], page.name
        found[page.name] = violations(browser) if AXE.is_file() or os.environ.get("CXRESEARCH_REQUIRE") == "all" else []
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert len(found) > 12
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm install --prefix .node axe-core")


def violations(browser) -> list:
    """Return what axe-core finds; the page forbids scripts, so it is added from outside, as browsers' tools are."""
    browser.execute_script(AXE.read_text())
    return browser.execute_async_script(
        "axe.run({resultTypes: ['violations']})"
        ".then(r => arguments[0](r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)])))"
    )


def test_no_picture_has_a_filler_for_a_description(pages):
    described = 0
    for page in pages:
        alts = [html.unescape(alt) for alt in re.findall(r'<img alt="([^"]*)"', page.read_text())]
        assert page.read_text().count("<img ") == len(alts), page.name
        assert len(set(alts)) == len(alts), page.name
        assert not [alt for alt in alts if FILLER.search(alt) or len(alt) < 40], page.name
        described += len(alts)
    assert described > 40


def test_pages_are_small_and_keep_together(pages, browser):
    names = {page.name for page in pages}
    ids = {page.name: set(re.findall(r' id="([^"]+)"', page.read_text())) for page in pages}
    for page in pages:
        assert page.stat().st_size < MOST_BYTES, page.name
        hrefs = re.findall(r'href="([^"]*)"', page.read_text())
        assert hrefs
        for href in map(html.unescape, hrefs):
            file, _, anchor = href.partition("#")
            assert not file or file in names, (page.name, href)
            assert not anchor or anchor in ids[file or page.name], (page.name, href)


def test_nothing_is_fetched(pages, browser):
    browser.get("about:blank")
    browser.get_log("performance")
    for page in pages:
        opened(browser, page, "desktop", "light")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert len(asked) >= len(pages)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


# Each stop of the Tab key, with what a reader sees of it.
WATCH = """
window.stops = [];
document.querySelectorAll('details').forEach(one => one.open = true);
document.addEventListener('focusin', event => {
  const style = getComputedStyle(event.target);
  window.stops.push([event.target, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1]);
});
return [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(one => one.checkVisibility()).length;
"""
MISSED = """
const reached = new Set(window.stops.map(stop => stop[0]));
const wanted = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')].filter(one => one.checkVisibility());
const scrolls = [...document.querySelectorAll('main *')].filter(one => one.scrollWidth > one.clientWidth + 1
  && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX));
return {missed: wanted.filter(one => !reached.has(one)).map(one => one.outerHTML.slice(0, 120)),
  unseen: window.stops.filter(stop => !stop[1]).map(stop => stop[0].outerHTML.slice(0, 120)),
  stuck: scrolls.filter(one => one.tabIndex < 0).map(one => one.outerHTML.slice(0, 120))};
"""


def test_the_keyboard_reaches_everything_and_shows_where_it_is(pages, browser):
    for page in pages:
        opened(browser, page, "phone", "light")
        count = browser.execute_script(WATCH)
        assert count > 5, page.name
        for _ in range(count):
            for kind in ("keyDown", "keyUp"):
                browser.execute_cdp_cmd(
                    "Input.dispatchKeyEvent", {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
                )
        assert browser.execute_script(MISSED) == {"missed": [], "unseen": [], "stuck": []}, page.name


# Of each figure with a picture: rows of the table behind it; of each result: the fold with the code that made it.
BEHIND = """
const figures = [...document.querySelectorAll('figure.cx')];
return {
  bare: figures.filter(one => one.querySelector('img')
    && !one.querySelector('details.cx-data > summary + .cx-scroll tbody tr')).map(one => one.id),
  nowhere: figures.filter(one => !one.closest('section')?.querySelector('details.code > summary')).map(one => one.id),
  folds: [...document.querySelectorAll('details.code > summary')].map(one => one.textContent),
  unknown: [...document.querySelectorAll('a[href^="#method-"]')].filter(one =>
    !document.getElementById(one.getAttribute('href').slice(1))?.closest('details')).length,
  provenance: [...document.querySelectorAll('.colophon details tbody th')].map(one => one.textContent),
  figures: figures.length};
"""


def test_data_and_way_back_are_one_click_away(pages, browser):
    for page in pages:
        if page.name.startswith("owner-"):
            continue
        opened(browser, page, "desktop", "light")
        found = browser.execute_script(BEHIND)
        assert found["figures"] > 3, page.name
        assert (found["bare"], found["nowhere"], found["unknown"]) == ([], [], 0), page.name
        assert all(re.fullmatch(r"Code of cells? \d+( to \d+)?", text) for text in found["folds"]), page.name
        assert {"Study", "Period", "Seed", "Weights", "Data", "Notebook", "Package"} <= set(found["provenance"])


def test_a_link_to_a_method_unfolds_it(pages, browser):
    page = next(page for page in pages if page.name == "02-scorecard.html")
    opened(browser, page, "desktop", "light")
    shown = "return document.getElementById('method-nps').checkVisibility()"
    assert not browser.execute_script(shown)
    browser.execute_script("document.querySelector('a[href=\"#method-nps\"]').click()")
    assert browser.execute_script(shown)


# What is wider than the paper, what has another ground than paper, and what a reader on paper has no use for.
ON_PAPER = """
const shown = [...document.querySelectorAll('body *')].filter(one => one.checkVisibility());
const width = document.documentElement.clientWidth;
return {
  wide: shown.filter(one => one.getBoundingClientRect().right > width + 1 && !one.closest('pre'))
    .map(one => one.outerHTML.slice(0, 120)).slice(0, 5),
  cut: shown.filter(one => one.matches('.cx-scroll, .scroll') && one.scrollWidth > one.clientWidth + 1)
    .map(one => one.getAttribute('aria-label')),
  ground: getComputedStyle(document.body).backgroundColor,
  screen: shown.filter(one => one.matches('nav, .skip, details.code, .cx-data')).length};
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_cuts_nothing(pages, scheme, browser):
    for page in pages:
        opened(browser, page, "desktop", scheme)
        width, height = PAPER
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        colours = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": colours})
        found = browser.execute_script(ON_PAPER)
        assert found == {"wide": [], "cut": [], "ground": "rgb(255, 255, 255)", "screen": 0}, page.name
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_a_page_prints_to_a4(pages, browser):
    page = next(page for page in pages if page.name == "06-segments.html")
    opened(browser, page, "desktop", "light")
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    pdf = base64.b64decode(printed["data"])
    sizes = {
        tuple(round(float(side)) for side in box) for box in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    }
    assert pdf.startswith(b"%PDF-")
    assert len(sizes) == 1
    # Points, where the browser may round a page to whole pixels.
    (across, down) = sizes.pop()
    assert (abs(across - 595) <= 1, abs(down - 842) <= 1) == (True, True)


def test_the_first_screen_says_it_all(pages, browser):
    opened(browser, next(page for page in pages if page.name == "index.html"), "desktop", "light")
    for key in ("headline", "first", "revenue", "speaks-for"):
        bottom = browser.execute_script(f"return document.getElementById('{key}').getBoundingClientRect().bottom")
        assert bottom <= 800, key


def test_no_sentence_of_the_demo_tells_a_hidden_number(published, monkeypatch):
    made = published.resolve().parents[3]
    monkeypatch.setenv("CXRESEARCH_ROOT", str(made if (made / "params").is_dir() else ROOT))
    study = load_study("demo")
    notebooks = store().read_json("results", digest(data_key(study), "2026Q3"))
    payloads = [Payload.from_json(one) for found in notebooks.values() for one in found.values()]
    told = [one for one in payloads if one.finding and one.about == "people" and one.grid.rows]
    assert len(told) > 30
    for payload in told:
        hidden = replace(payload, grid=Grid.of(payload.to_frame().assign(n_customers=4)))
        sentence = words.finding(protect([hidden], Policy()).payloads[0])
        numbers = re.sub(r"Q\d 20\d\d|\d comparisons?", "", sentence)
        assert sentence, payload.key
        assert not re.search(r"\d", numbers), (payload.key, sentence)
