"""A real report of a study whose names and texts are attacks: they are shown as the text they are, and nothing else."""

import io
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
import tiny_project
from conftest import need
from hostile_project import PRODUCT, TITLE, attacks, write_hostile
from PIL import Image
from tiny_project import Tiny, tree

package = tiny_project.package

LIVE = {"script", "iframe", "frame", "object", "embed", "form", "base", "link", "plaintext", "portal", "applet"}
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")
CHROMIUM = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUM += ["--disable-component-update", "--disable-sync", "--no-first-run", "--virtual-time-budget=3000"]


class Page(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data):
        self.text += data


class Called(BaseHTTPRequestHandler):
    """A server that writes down who calls."""

    paths: list[str]

    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def called() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Called)
    server.paths = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def hostile(called, package, tmp_path_factory) -> Tiny:
    """Return a project whose report is made of attacks that would call the server."""
    project = Tiny(tmp_path_factory.mktemp("hostile") / "in" / "project", package)
    write_hostile(project, called.server_port)
    before = set(project.root.parent.parent.rglob("*"))
    command = [sys.executable, "-m", "cxresearch.cli", "report", "params/tiny.yaml"]
    # A busy machine takes its time over two figures with twenty-three names.
    done = subprocess.run(
        command, cwd=project.root, env=project.environment(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert not UNSEEN.search(re.sub(r"[\r\x1b]", "", done.stdout + done.stderr))
    made = set(project.root.parent.parent.rglob("*")) - before
    assert {path.relative_to(project.root).parts[0] for path in made} == {".cache", "reports"}
    return project


@pytest.fixture(scope="module")
def files(hostile) -> dict[str, bytes]:
    return tree(hostile.latest)


def ending(files: dict[str, bytes], end: str) -> dict[str, bytes]:
    found = {name: data for name, data in files.items() if name.endswith(end)}
    assert found, end
    return found


def test_no_element_attribute_or_address_of_a_page_comes_from_the_data(files):
    for name, data in ending(files, ".html").items():
        page = Page(data.decode())
        assert not LIVE & {tag for tag, _ in page.elements}, name
        metas = [attributes for tag, attributes in page.elements if tag == "meta"]
        assert "Content-Security-Policy" in metas[0].values()
        assert {found["http-equiv"] for found in metas if "http-equiv" in found} == {"Content-Security-Policy"}
        for tag, attributes in page.elements:
            assert not [found for found in attributes if found.startswith("on") or found == "srcdoc"], (name, tag)
            for address in ("src", "href", "srcset", "action", "data", "xlink:href", "poster"):
                assert not re.match(r"\s*(?!data:image/)([a-z]+:|//)", attributes.get(address, ""), re.IGNORECASE)
            assert "127.0.0.1" not in attributes.get("style", "")
        # The sheet of a page is ours.
        assert b"127.0.0.1" not in b"".join(re.findall(rb"<style.*?</style>", data, re.DOTALL))


def test_every_text_is_shown_as_it_was_typed_and_nothing_is_computed(files, called):
    page = Page(files["analyst/01-attacks.html"].decode())
    text = re.sub(r"\s+", " ", page.text)
    typed = {name: re.sub(r"\s+", " ", one) for name, one in attacks(called.server_port).items()}
    # Signs that nobody sees are left out; "control" and "bidi" hold nothing but such beside a few letters.
    assert [
        name for name, one in typed.items() if UNSEEN.sub("", one) not in text and name not in ("control", "bidi")
    ] == []
    for name, data in files.items():
        assert str(PRODUCT).encode() not in data, name
    for name, data in ending(files, ".html").items():
        assert not UNSEEN.search(data.decode().replace("\r", "")), name


def test_pictures_are_whole_and_hold_nothing_that_runs_or_loads(files):
    for name, data in ending(files, ".svg").items():
        for element in ElementTree.fromstring(data).iter():
            assert element.tag.rpartition("}")[2] not in {"script", "foreignObject", "image", "a", "animate", "set"}, (
                name
            )
            for attribute, value in element.attrib.items():
                assert not attribute.rpartition("}")[2].startswith("on"), name
                assert attribute.rpartition("}")[2] != "href" or value.startswith("#"), name
    for data in ending(files, ".png").values():
        Image.open(io.BytesIO(data)).load()


def test_the_workbook_computes_and_links_nothing_and_keeps_what_was_typed(files, called):
    for name, data in ending(files, ".xlsx").items():
        archive = zipfile.ZipFile(io.BytesIO(data))
        for part in archive.namelist():
            ElementTree.fromstring(archive.read(part))
            assert b'TargetMode="External"' not in archive.read(part), (name, part)
            assert "externalLink" not in part
            assert "vba" not in part.lower()
        book = openpyxl.load_workbook(io.BytesIO(data))
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert not [cell for cell in cells if cell.data_type == "f"]
        assert not [cell for cell in cells if cell.hyperlink and cell.hyperlink.target]
        texts = {cell.value: cell for cell in cells if isinstance(cell.value, str)}
        for attack in ("formula", "command", "minus", "at"):
            cell = texts[attacks(called.server_port)[attack]]
            assert (cell.data_type, cell.quotePrefix) == ("s", True)
        assert [cell for cell in cells if isinstance(cell.value, int | float) and cell.value < 0]
        assert not [text for text in texts if UNSEEN.search(text)]


def test_names_of_files_are_made_by_us(files):
    assert [name for name in files if not re.fullmatch(r"[a-z0-9/.-]+", name) or ".." in name] == []


def test_the_results_read_back_as_they_are(files, called):
    rows = json.loads(files["results.json"])["notebooks"]["01-attacks"]["by-area"]["frame"]["rows"]
    levels = {cell for row in rows for cell in row if isinstance(cell, str)}
    assert {
        one for name, one in attacks(called.server_port).items() if name in ("script", "template", "NORTH")
    } <= levels


def dom(page: Path, profile: Path) -> str:
    """Return what Chromium makes of a page that it has had three seconds with."""
    command = [*CHROMIUM, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_a_browser_is_not_taken_over_and_calls_nobody(hostile, files, called, tmp_path):
    need("chromium")
    # The same texts in a page of their own do all that: a browser that did nothing would prove nothing.
    bare = "".join(one for name, one in attacks(called.server_port).items() if name in ("image", "frame", "script"))
    (tmp_path / "bare.html").write_text(f"<!doctype html><title>Bare</title>{bare}")
    assert f"<title>{TITLE}</title>" in dom(tmp_path / "bare.html", tmp_path / "profile")
    assert {"/img", "/script"} <= set(called.paths)
    called.paths.clear()
    for name in ("analyst/01-attacks.html", "index.html"):
        seen = dom(hostile.latest / name, tmp_path / "profile")
        wanted, found = (
            unescape(re.search(r"<title>(.*?)</title>", one, re.DOTALL)[1]) for one in (files[name].decode(), seen)
        )
        assert found == wanted != TITLE
    assert called.paths == []
