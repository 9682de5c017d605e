"""The list of what a published folder holds and rests on, and whether the folder still is what was published."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cxresearch
from cxresearch.cache import file_digest
from cxresearch.report.plan import Plan

MANIFEST = "manifest.json"
ID_LENGTH = 16
CONTENT_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


def recorded(plan: Plan) -> dict[str, Any]:
    """Return what a manifest records of a run: all that its numbers depend on.

    Parameters
    ----------
    plan
        What was run. No clock, host, user or absolute path enters the manifest, so equal inputs give equal bytes.
    """
    study, run = plan.study, plan.run
    return {
        "version": 1,
        "run": run.name,
        "study": study.title,
        "period": run.period,
        "compare_to": run.compare_to,
        "seed": run.seed,
        "tiers": run.tiers,
        "plan": plan.key,
        "data": plan.data_key,
        "inputs": dict(plan.inputs),
        "parameters": {page.name: page.parameters for page in plan.pages},
        "notebooks": {page.name: page.key for page in plan.pages},
        "contents": {page.name: page.content for page in plan.pages},
        "package": {"name": "cxresearch", "version": cxresearch.__version__, "sources": plan.sources},
        "lock": plan.lock,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def write_manifest(folder: Path, record: Mapping[str, Any]) -> str:
    """Write `manifest.json` into a finished folder and return the folder's content id, the digest of the manifest.

    Parameters
    ----------
    folder
        Holds all that will be published, but the manifest.
    record
        What `recorded` returns.
    """
    files = {path.relative_to(folder).as_posix(): file_digest(path) for path in files_in(folder)}
    content = {**record, "files": files}
    data = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    (folder / MANIFEST).write_bytes(data)
    return content_id(data)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return a folder's manifest, or None where there is none that can be read."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("files"), dict) else None


def verify(folder: Path) -> list[str]:
    """Return what differs between a published folder and its manifest, one clause each; [] if nothing does.

    Parameters
    ----------
    folder
        A published folder, or a link to one.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder)
    if manifest is None:
        return [f"{MANIFEST} is missing or cannot be read"]
    listed, present = manifest["files"], {path.relative_to(folder).as_posix(): path for path in files_in(folder)}
    problems = [f"{name} is missing" for name in listed if name not in present]
    problems += [f"{name} is not in the manifest" for name in present if name not in listed and name != MANIFEST]
    problems += [
        f"{name} was changed"
        for name, digest in listed.items()
        if name in present and (present[name].is_symlink() or file_digest(present[name]) != digest)
    ]
    # A copy under a name of one's own can be verified but for the manifest itself.
    if CONTENT_ID.fullmatch(folder.name) and content_id((folder / MANIFEST).read_bytes()) != folder.name:
        problems.append(f"{MANIFEST} was changed")
    return sorted(problems)


def content_id(manifest: bytes) -> str:
    """Return the name under which a folder with this manifest is published."""
    return hashlib.sha256(manifest).hexdigest()[:ID_LENGTH]


def files_in(folder: Path) -> Iterator[Path]:
    """Yield all files and links below a folder, sorted by path."""
    yield from sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
