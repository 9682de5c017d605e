"""What the locked environment is made of: a bill of materials (CycloneDX) and the licence of every package.

`make sbom` writes `.cache/sbom.cdx.json` from requirements.lock and the torch that the Makefile names, and
`docs/licences.md` from what the installed packages say of themselves. Neither holds an hour or a random number: the
same lock gives the same bytes.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LICENCES, BILL = ROOT / "docs" / "licences.md", ROOT / ".cache" / "sbom.cdx.json"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s\\;]+)", re.MULTILINE)
NOT_HERE = "not installed on this system"
# How packages say it that do not say it in the words of SPDX.
SPDX = {
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Apache Software License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "BSD 3-Clause License": "BSD-3-Clause",
    "2-clause BSD": "BSD-2-Clause",
    "ISC License (ISCL)": "ISC",
    "ISC license": "ISC",
    "ISC License": "ISC",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
PERMISSIVE = frozenset(
    {"0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC"}
    | {"MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib"}
)
# To be passed on under terms of their own when we change or ship them; we import them and do neither.
COPYLEFT = frozenset(["LGPL-3.0-only", "MPL-2.0"])
HEAD = """# Licences

Every package of `requirements.lock`, and torch, with the licence that it states in its own metadata. `make sbom` writes
this page; `tests/test_supply_chain.py` holds it to the lock. cxresearch itself is BSD-3-Clause. Packages marked
**copyleft** are used as they are, by import; none is copied into this repository or changed. Packages marked
**{not_here}** belong to other systems or versions of Python and could not be looked into where
this page was written.

| package | version | licence | |
|---|---|---|---|
"""


def locked() -> dict[str, str]:
    """Return the version of each package of the environment, torch among them; several where Pythons differ."""
    found: dict[str, list[str]] = {}
    for name, version in PIN.findall(requirements()):
        found.setdefault(canonicalize_name(name), []).append(version)
    return {name: " or ".join(sorted(versions)) for name, versions in found.items()}


def requirements() -> str:
    """Return the lock with the line of torch, which is installed beside it."""
    torch = re.search(r"(?m)^TORCH +:= (torch==\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert torch, "the Makefile names no torch"
    return f"{(ROOT / 'requirements.lock').read_text(encoding='utf-8')}{torch[1]}\n"


def licence(name: str) -> str:
    """Return the licence that an installed package states, in words of SPDX where it can be told; "" if it does not.

    Raises
    ------
    PackageNotFoundError
        If it is not installed.
    """
    stated = metadata(name)
    classifiers = [
        line.rpartition(" :: ")[2] for line in stated.get_all("Classifier", []) if line.startswith("License")
    ]
    short = stated.get("License", "")
    # Some write the whole text of the licence there.
    short = short if len(short) < 40 and short != "UNKNOWN" else ""
    found = stated.get("License-Expression") or short or " OR ".join(set(classifiers) - {"OSI Approved"})
    return SPDX.get(found, found)


def mark(found: str) -> str:
    """Return what is to be known of a licence: "" for a permissive one, `copyleft`, or `unknown`.

    Examples
    --------
    >>> [mark(found) for found in ("MIT AND MPL-2.0", "MIT OR Apache-2.0", "Beer", "")]
    ['copyleft', '', 'unknown', 'unknown']
    """
    parts = set(re.split(r" (?:AND|OR|WITH) ", found.replace(" WITH LLVM-exception", "")))
    if not parts <= PERMISSIVE | COPYLEFT:
        return "unknown"
    return "copyleft" if parts & COPYLEFT else ""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield name, version, licence and mark of each package; what is not installed keeps what the page says of it."""
    before = listed()
    for name, version in sorted(locked().items()):
        try:
            found = licence(name)
        except PackageNotFoundError:
            kept = before.get(name, ("", "", ""))
            yield (name, *kept) if kept[0] == version else (name, version, "", NOT_HERE)
        else:
            yield name, version, found, mark(found)


def listed() -> dict[str, tuple[str, str, str]]:
    """Return version, licence and mark of each package as the page says."""
    text = LICENCES.read_text(encoding="utf-8") if LICENCES.is_file() else ""
    lines = re.findall(r"(?m)^\| ([a-z0-9-]+) \| (.+?) \| (.*?) ?\| (?:\*\*(.*)\*\*)? ?\|$", text)
    return {name: (version, found, marked) for name, version, found, marked in lines if name != "package"}


def page() -> str:
    """Return the page of licences."""
    lines = [
        f"| {name} | {version} | {found} | {f'**{marked}**' if marked else ''} |"
        for name, version, found, marked in rows()
    ]
    tidy = [re.sub(r" +\|", " |", line) for line in lines]
    return HEAD.format(not_here=NOT_HERE) + "\n".join(tidy) + "\n"


def bill() -> str:
    """Return the bill of materials as JSON text, the same for the same lock."""
    command = [Path(sys.executable).parent / "cyclonedx-py", "requirements", "--pyproject", ROOT / "pyproject.toml"]
    command += ["--output-reproducible", "--spec-version", "1.6", "--short-PURLs", "-"]
    made = subprocess.run(command, input=requirements(), capture_output=True, text=True, check=True).stdout
    content = json.loads(made)
    stated = listed()
    for component in content["components"]:
        # Which registry a machine fetches from is its own affair; the hashes stay.
        for reference in component["externalReferences"]:
            reference["url"] = component["purl"]
        component["description"] = "a package of requirements.lock, or torch as the Makefile names it"
        component["licenses"] = _as_cyclonedx(stated[canonicalize_name(component["name"])][1])
    for tool in content["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _as_cyclonedx(found: str) -> list[dict[str, Any]]:
    """Return a licence as CycloneDX writes it: an expression of SPDX, or a name where it is none."""
    if not found:
        return []
    return [{"license": {"name": found}}] if "BSD" in found.split() else [{"expression": found}]


if __name__ == "__main__":
    LICENCES.write_text(page(), encoding="utf-8")
    BILL.parent.mkdir(mode=0o700, exist_ok=True)
    BILL.write_text(bill(), encoding="utf-8")
    print(f"{BILL.relative_to(ROOT)} and {LICENCES.relative_to(ROOT)} were written: {len(locked())} packages.")
