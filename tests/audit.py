"""Ask a service of known vulnerabilities about every locked package: `make audit`.

It ends in one of three ways, and says which: audited and nothing found (0), audited and something found (1), or NOT
AUDITED (3): the service could not be reached, left packages out, or knows nothing of a release that is known to be
vulnerable (a proxy that answers everything with "nothing" is no audit). What was not audited is never called safe.
CXRESEARCH_OSV names another service of the OSV kind, such as a mirror.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sbom import requirements

FOUND, NOT_AUDITED = 1, 3
# Seven advisories since 2014: whoever knows none of them knows nothing.
KNOWN_BAD = "jinja2==2.4.1"


def asked() -> list[str]:
    """Return the pins that hold on this system, a line each."""
    lines = [line.split(" --hash")[0].rstrip(" \\") for line in requirements().splitlines() if "==" in line]
    pins = [Requirement(line) for line in lines]
    return sorted(f"{pin.name}{pin.specifier}" for pin in pins if pin.marker is None or pin.marker.evaluate())


def audited(pins: list[str]) -> tuple[str, int]:
    """Return what came of asking about some pins, and the exit code; the service is tried out first."""
    tried, why = answered([KNOWN_BAD])
    if not any(one.get("vulns") for one in tried):
        return f"NOT AUDITED: {why or f'the service knows nothing against {KNOWN_BAD}'}.", NOT_AUDITED
    return judged(pins, *answered(pins))


def answered(pins: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Return what the service says of each pin, and why it says nothing where it does not."""
    with tempfile.TemporaryDirectory(prefix="cxresearch-audit-") as folder:
        wanted, given = Path(folder, "pins.txt"), Path(folder, "answer.json")
        wanted.write_text("\n".join(pins), encoding="utf-8")
        # strict: a package that cannot be audited ends the audit, which otherwise ends well.
        command = [Path(sys.executable).parent / "pip-audit", "--strict", "--no-deps", "--disable-pip"]
        command += ["--requirement", wanted, "--format", "json", "--output", given, "--progress-spinner", "off"]
        command += ["--vulnerability-service", "osv", "--cache-dir", Path(folder, "cache")]
        command += ["--osv-url", os.environ["CXRESEARCH_OSV"]] if "CXRESEARCH_OSV" in os.environ else []
        done = subprocess.run(command, capture_output=True, text=True)
        told = [line for line in done.stderr.splitlines() if line.strip() and "WARNING" not in line]
        if not given.is_file():
            last = told[-1] if told else f"pip-audit ended with {done.returncode}"
            return [], last.removeprefix("ERROR:pip_audit._cli:").partition("(")[0].strip()
        return json.loads(given.read_text(encoding="utf-8"))["dependencies"], ""


def judged(pins: list[str], answers: list[dict[str, Any]], why: str) -> tuple[str, int]:
    """Return what came of an audit in words, and its exit code.

    Examples
    --------
    >>> judged(["a==1"], [{"name": "a", "version": "1", "vulns": []}], "")
    ('Audited 1 packages: no known vulnerability.', 0)
    >>> print(judged(["a==1", "b==2"], [{"name": "a", "version": "1", "vulns": []}], "")[0])
    NOT AUDITED: 1 of 2 packages got no answer, b==2 among them.
    """
    known = {f"{canonicalize_name(one['name'])}=={one['version']}": one["vulns"] for one in answers if "vulns" in one}
    silent = [pin for pin in pins if canonical(pin) not in known]
    bad = [f"{pin}: {', '.join(each['id'] for each in known[pin])}" for pin in sorted(known) if known[pin]]
    if bad:
        more = f"\nNOT AUDITED: {len(silent)} of {len(pins)} packages." if silent else ""
        return f"Audited {len(known)} packages, {len(bad)} of them vulnerable:\n" + "\n".join(bad) + more, FOUND
    if silent or not pins:
        reason = why or (f"{silent[0]} among them" if silent else "the lock names none")
        return f"NOT AUDITED: {len(silent)} of {len(pins)} packages got no answer, {reason.rstrip('.')}.", NOT_AUDITED
    return f"Audited {len(known)} packages: no known vulnerability.", 0


def canonical(pin: str) -> str:
    """Return a pin by its canonical name."""
    name, _, version = pin.partition("==")
    return f"{canonicalize_name(name)}=={version}"


if __name__ == "__main__":
    words, code = audited(asked())
    print(words, file=sys.stderr if code else sys.stdout)
    sys.exit(code)
