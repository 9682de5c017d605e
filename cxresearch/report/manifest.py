"""The list of what a published folder holds and rests on, and whether the folder still is what was published."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import cxresearch
from cxresearch.cache import digest, file_digest
from cxresearch.report.plan import LOCK, METHODS, Plan

MANIFEST = "manifest.json"
ID_LENGTH = 16
CONTENT_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
LOCKED = re.compile(r"^([a-zA-Z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


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
        "study": plan.title,
        "period": run.period,
        "compare_to": run.compare_to,
        "only": run.only,
        "seed": run.seed,
        "tiers": run.tiers,
        "plan": plan.key,
        "data": plan.data_key,
        "inputs": dict(plan.inputs),
        "tables": {name: _inputs_of(name, table.source, plan.inputs) for name, table in study.tables.items()},
        "parameters": {page.name: page.parameters for page in plan.pages},
        "notebooks": {page.name: page.key for page in plan.pages},
        "contents": {page.name: page.content for page in plan.pages},
        "methods": _method_texts(plan.root / METHODS),
        "package": {"name": "cxresearch", "version": cxresearch.__version__, "sources": plan.sources},
        "packages": _locked(plan.root / LOCK),
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


def verify(folder: Path, known_id: str = "") -> list[str]:
    """Return what differs between a published folder and its manifest, one clause each; [] if nothing does.

    Nothing is signed: who can write the folder can write a manifest that fits it. What cannot be made to fit is the
    content id, the beginning of the manifest's sha256, which is the name that the folder was published under.

    Parameters
    ----------
    folder
        A published folder, or a link to one.
    known_id
        The content id, or more of the manifest's sha256, as it was told by another way than the folder; by default
        the folder's own name, where it is one.
    """
    folder = folder.resolve()
    manifest = read_manifest(folder)
    if manifest is None:
        return [f"{MANIFEST} is missing or cannot be read"]
    listed, present = manifest["files"], {path.relative_to(folder).as_posix(): path for path in files_in(folder)}
    digests = {name: _digest(path) for name, path in present.items() if name in listed}
    problems = [f"{name} is missing" for name in listed if name not in present]
    problems += [f"{name} is not in the manifest" for name in present if name not in listed and name != MANIFEST]
    problems += [_what_became(name, found, listed) for name, found in digests.items() if found != listed[name]]
    known_id = known_id or (folder.name if CONTENT_ID.fullmatch(folder.name) else "")
    # Without an id, as of a copy under a name of one's own, the manifest itself is taken at its word.
    if not manifest_digest(folder).startswith(known_id) or (folder / MANIFEST).is_symlink():
        problems.append(f"{MANIFEST} was changed")
    return sorted(problems)


def content_id(manifest: bytes) -> str:
    """Return the name under which a folder with this manifest is published."""
    return hashlib.sha256(manifest).hexdigest()[:ID_LENGTH]


def manifest_digest(folder: Path) -> str:
    """Return the sha256 of a folder's manifest; it begins with the content id."""
    return file_digest(folder / MANIFEST)


def files_in(folder: Path) -> Iterator[Path]:
    """Yield all files and links below a folder, sorted by path."""
    yield from sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _digest(path: Path) -> str:
    """Return the digest of a file, of a link or device what no file has."""
    return "not a file" if path.is_symlink() or not path.is_file() else file_digest(path)


def _what_became(name: str, found: str, listed: Mapping[str, str]) -> str:
    """Return what became of a file that is not what it was."""
    twin = next((other for other, digest in listed.items() if digest == found), "")
    return f"{name} was changed: it is what was published as {twin}" if twin else f"{name} was changed"


def _inputs_of(name: str, source: str, inputs: Mapping[str, str]) -> list[str]:
    """Return the inputs that are a table's: its files, or its rows in a database."""
    files = [file for file in inputs if PurePosixPath(f"/{file}").match(f"/{source}")]
    return sorted({*files, *({f"tables.{name}"} & {*inputs})})


def _method_texts(path: Path) -> dict[str, str]:
    """Return the digest of each method's note."""
    from cxresearch.report.prose import METHOD_HEADING

    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    heads = list(METHOD_HEADING.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    return {head[1]: digest(text[head.start() : end].strip()) for head, end in zip(heads, ends, strict=True)}


def _locked(path: Path) -> dict[str, str]:
    """Return the version of each package that a lock file names."""
    return dict(LOCKED.findall(path.read_text(encoding="utf-8"))) if path.is_file() else {}
