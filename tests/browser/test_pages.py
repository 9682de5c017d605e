"""The demo's pages in a real browser: nothing is fetched, nothing overflows, axe-core finds nothing, light and dark."""

import os
import re
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


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Path:
    """Return the demo's published pages, made by the command line."""
    need("chromium")
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
def browser(tmp_path_factory) -> Iterator:
    need("chromium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
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


@pytest.fixture(params=["index.html", "01-data-quality.html", "02-scorecard.html"])
def page(request, published) -> Path:
    return published / request.param


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_a_page_is_readable(page, size, scheme, browser):
    opened(browser, page, size, scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    images = browser.execute_script("return [...document.images].map(i => [i.naturalWidth, i.alt.length])")
    assert all(width > 0 and alt > 20 for width, alt in images)
    assert browser.get_log("browser") == []
    if not AXE.is_file() and os.environ.get("CXRESEARCH_REQUIRE") != "all":
        pytest.skip("needs axe-core: npm install --prefix .node axe-core")
    # The page's policy forbids scripts; the test adds one from outside the page, as a browser's own tools do.
    browser.execute_script(AXE.read_text())
    found = browser.execute_async_script(
        "axe.run().then(r => arguments[0](r.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
    )
    assert found == []


def test_nothing_is_fetched(page, browser):
    browser.get_log("performance")
    opened(browser, page, "desktop", "light")
    asked = [
        entry["message"] for entry in browser.get_log("performance") if "Network.requestWillBeSent" in entry["message"]
    ]
    assert [message for message in asked if '"url":"http' in message] == []


def test_the_first_screen_says_it_all(published, browser):
    opened(browser, published / "index.html", "desktop", "light")
    for key in ("headline", "first", "revenue", "speaks-for"):
        bottom = browser.execute_script(f"return document.getElementById('{key}').getBoundingClientRect().bottom")
        assert bottom <= 800, key


def test_every_link_inside_leads_somewhere(page, browser):
    opened(browser, page, "desktop", "light")
    hrefs = browser.execute_script("return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
    assert hrefs
    for href in hrefs:
        file, _, anchor = href.partition("#")
        target = (page.parent / file) if file else page
        assert target.is_file(), href
        assert not anchor or f'id="{anchor}"' in target.read_text(), href


def test_no_sentence_of_the_demo_tells_a_hidden_number(published, monkeypatch):
    monkeypatch.setenv("CXRESEARCH_ROOT", str(published.resolve().parents[3]))
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
