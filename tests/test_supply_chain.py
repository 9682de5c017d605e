"""What is installed is what is locked, what it is made of and under which licence is written down, and an audit that
asked nobody is never called one."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import warnings
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import ClassVar

import audit
import pytest
import sbom
from conftest import ROOT
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

KNOWN_BAD = audit.KNOWN_BAD.split("==")[0]


# ---- the lock


def wheel(folder: Path, content: str) -> Path:
    """Write a wheel of one module."""
    path = folder / "seal-1.0-py3-none-any.whl"
    files = {"seal.py": content, "seal-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: seal\nVersion: 1.0\n"}
    files["seal-1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files["seal-1.0.dist-info/RECORD"] = "".join(f"{name},,\n" for name in files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            # A day of its own, so that the same content gives the same hash.
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


def test_a_package_that_is_not_the_one_that_was_locked_is_not_installed(tmp_path):
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "--require-hashes" in line)
    flags = ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
    assert " ".join(flags) in recipe
    lock = tmp_path / "requirements.lock"
    digest = hashlib.sha256(wheel(tmp_path, "sealed = True\n").read_bytes()).hexdigest()
    lock.write_text(f"seal==1.0 \\\n    --hash=sha256:{digest}\n")
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *flags, "--no-index"]
    command = [*pip, "--find-links", tmp_path, "--target", tmp_path / "site", "-r", lock]
    wheel(tmp_path, "sealed = False\n")
    changed = subprocess.run(command, capture_output=True, text=True)
    assert changed.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in changed.stderr
    assert not (tmp_path / "site").exists()
    wheel(tmp_path, "sealed = True\n")
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0


# ---- what it is made of


@pytest.fixture(scope="module")
def bill() -> str:
    return sbom.bill()


def test_the_bill_of_materials_names_every_pin_with_its_hashes(bill):
    components = json.loads(bill)["components"]
    named = sorted((one["name"].lower().replace("_", "-"), one["version"]) for one in components)
    pins = re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s\\;]+)", (ROOT / "requirements.lock").read_text())
    torch = re.search(r"torch==(\S+)", (ROOT / "Makefile").read_text())
    assert named == sorted(
        [*((name.lower().replace("_", "-"), version) for name, version in pins), ("torch", torch[1])]
    )
    hashes = [found for one in components for found in one["externalReferences"] for found in found.get("hashes", [])]
    assert len(hashes) == (ROOT / "requirements.lock").read_text().count("--hash=sha256:")
    assert {name["expression"] for one in components if one["name"] == "psycopg" for name in one["licenses"]} == {
        "LGPL-3.0-only"
    }


def test_the_bill_of_materials_is_valid_and_the_same_each_time(bill):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        validator = JsonStrictValidator(SchemaVersion.V1_6)
        assert validator.validate_str(bill) is None
        assert validator.validate_str(bill.replace('"purl"', '"pearl"', 1)) is not None
    assert sbom.bill() == bill
    assert not re.search(r"timestamp|serialNumber|https?://(?!cyclonedx\.org)[^/\"]*(pypi|pythonhosted)", bill)


def test_the_page_of_licences_names_what_is_locked_and_nothing_else():
    listed = sbom.listed()
    assert {name: row[0] for name, row in listed.items()} == sbom.locked()
    # Another Python may have packages here that the page could not look into.
    found = {name: row for name, *row in sbom.rows() if listed[name][2] != sbom.NOT_HERE}
    assert {name: tuple(row) for name, row in found.items()} == {name: listed[name] for name in found}
    assert len(found) > 200


def test_every_licence_is_one_that_we_looked_at():
    marks = {name: row[2] for name, row in sbom.listed().items()}
    assert [name for name, found in marks.items() if found == "unknown"] == []
    for name in (name for name, found in marks.items() if found == sbom.NOT_HERE):
        try:
            assert sbom.mark(sbom.licence(name)) != "unknown", name
        except PackageNotFoundError:
            continue
    # What is used at run time and is to be passed on under its own terms.
    assert {"psycopg", "psycopg-binary", "tqdm", "certifi"} <= {n for n, found in marks.items() if found == "copyleft"}


@pytest.mark.parametrize(
    ("found", "marked"),
    [
        ("MIT", ""),
        ("GPL-3.0-only", "unknown"),
        ("MIT AND AGPL-3.0-or-later", "unknown"),
        ("MPL-2.0 OR MIT", "copyleft"),
    ],
)
def test_a_licence_that_nobody_looked_at_is_marked(found, marked):
    assert sbom.mark(found) == marked


# ---- known vulnerabilities


class Service(BaseHTTPRequestHandler):
    """A service of the OSV kind that knows what the test tells it."""

    knows: ClassVar[dict[str, list[str]]] = {}
    asked: ClassVar[list[str]] = []

    def do_POST(self):
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.asked.append(name)
        there = [{"id": one, "affected": [{"package": query["package"]}]} for one in self.knows.get(name, [])]
        self.send_response(500 if name in self.knows and not there else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"vulns": there} if there else {}).encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def service(monkeypatch) -> Iterator[type[Service]]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CXRESEARCH_OSV", f"http://127.0.0.1:{server.server_port}/v1/query")
    monkeypatch.setattr(Service, "knows", {KNOWN_BAD: ["CVE-2014-0012"]})
    monkeypatch.setattr(Service, "asked", [])
    yield Service
    server.shutdown()
    server.server_close()


PINS = ["alpha==1.0", "beta==2.0"]


def test_an_audit_that_finds_nothing_asked_about_every_pin(service):
    assert audit.audited(PINS) == ("Audited 2 packages: no known vulnerability.", 0)
    assert service.asked == [KNOWN_BAD, "alpha", "beta"]


def test_a_vulnerable_package_is_named(service):
    service.knows["beta"] = ["GHSA-1", "GHSA-2"]
    words, code = audit.audited(PINS)
    assert code == audit.FOUND
    assert words.splitlines() == ["Audited 2 packages, 1 of them vulnerable:", "beta==2.0: GHSA-1, GHSA-2"]


def test_a_service_that_fails_on_the_way_has_audited_nothing(service):
    service.knows["beta"] = []
    words, code = audit.audited(PINS)
    assert code == audit.NOT_AUDITED
    assert words.startswith("NOT AUDITED: 2 of 2 packages got no answer")


def test_a_service_that_says_nothing_against_anything_is_none(service):
    service.knows.clear()
    assert audit.audited(PINS) == (f"NOT AUDITED: the service knows nothing against {audit.KNOWN_BAD}.", 3)


def test_packages_without_an_answer_are_never_green():
    clean = [{"name": "Alpha", "version": "1.0", "vulns": []}]
    skipped = [*clean, {"name": "beta", "skip_reason": "not found"}]
    for answers in ([], clean, skipped):
        words, code = audit.judged(PINS, answers, "")
        assert (code, words[:11]) == (audit.NOT_AUDITED, "NOT AUDITED")
    assert audit.judged([], [], "")[1] == audit.NOT_AUDITED
    bad = [{"name": "alpha", "version": "1.0", "vulns": [{"id": "X"}]}]
    words, code = audit.judged(PINS, bad, "")
    assert code == audit.FOUND
    assert words.endswith("NOT AUDITED: 1 of 2 packages.")


@pytest.mark.parametrize(("setting", "code"), [("", 0), ("required", 1)])
def test_ci_goes_on_without_an_audit_only_where_none_is_required_and_says_so(setting, code):
    step = next(line for line in (ROOT / ".ci" / "run").read_text().splitlines() if "tests/audit.py" in line)
    environment = {**os.environ, "CXRESEARCH_OSV": "http://127.0.0.1:9/", "CXRESEARCH_AUDIT": setting}
    command = ["bash", "-euo", "pipefail", "-c", f"{step}\necho went on"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "" if code else "went on\n")
    assert done.stderr.startswith("NOT AUDITED: ")


def test_what_the_audit_asks_about_is_what_is_installed():
    from importlib.metadata import version

    pins = dict(pin.split("==") for pin in audit.asked())
    assert "torch" in pins
    different = {name: wanted for name, wanted in pins.items() if version(name).partition("+")[0] != wanted}
    assert different == {}
