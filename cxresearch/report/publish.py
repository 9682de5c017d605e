"""From a staging folder to a published one in one step that is seen whole or not at all."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from cxresearch.cache import Store
from cxresearch.report.failure import ReportError
from cxresearch.report.manifest import CONTENT_ID, files_in, read_manifest, verify
from cxresearch.strict_yaml import shown

LATEST = "latest"
STAGING = ".staging-"
OWNER = "report.owner"
KEPT = 5


@contextmanager
def project_lock(store: Store) -> Iterator[None]:
    """Hold the project's one lock, or refuse at once; the system frees it even if this process is killed.

    Raises
    ------
    ReportError
        If another run holds it, naming that run's process and since when.
    """
    try:
        with FileLock(store.folder("") / "report.lock", blocking=False, mode=0o600):
            # The owner is noted beside the lock: opening a lock file empties it.
            store.write_json("", OWNER, {"pid": os.getpid(), "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"})
            yield
    except Timeout:
        raise ReportError(f"another report is being made in this project{_owner_words(store)}; wait for it.") from None


def clear_left(reports: Path) -> None:
    """Remove what killed runs left among the reports of a run; the lock says that none of them lives.

    Parameters
    ----------
    reports
        The folder of this run's reports.

    Raises
    ------
    ReportError
        If `latest` is a folder: better now than after all the work.
    """
    for left in [*reports.glob(f"{STAGING}*"), *reports.glob(f".{LATEST}-*")]:
        left.unlink() if left.is_symlink() else shutil.rmtree(left)
    latest = reports / LATEST
    if latest.is_dir() and not latest.is_symlink():
        raise ReportError(f"{shown(latest)} is a folder where a link belongs; move it away and run again.")


@contextmanager
def staging_folder(reports: Path) -> Iterator[Path]:
    """Give a new folder on the same disk as the published ones; nothing of it stays if anything fails.

    Parameters
    ----------
    reports
        The folder of this run's reports.
    """
    clear_left(reports)
    reports.mkdir(parents=True, exist_ok=True)
    folder = reports / f"{STAGING}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(staging: Path, content_id: str) -> Path:
    """Put a finished folder in place under its content id, let `latest` lead to it, and return where it lies.

    Parameters
    ----------
    staging
        The finished folder, its manifest included.
    content_id
        The manifest's digest: a folder of that name that still verifies is the same and stays.
    """
    target = staging.parent / content_id
    _sync(staging)
    if target.exists() and verify(target):
        _remove(target)
    if not target.exists():
        staging.rename(target)
        _sync_folder(target.parent)
    point_latest(target)
    _prune(target.parent)
    return target


def point_latest(target: Path) -> None:
    """Let `latest` lead to a published folder: one atomic swap, and none if it does already."""
    latest = target.parent / LATEST
    if latest.is_symlink() and os.readlink(latest) == target.name:
        return
    swap = target.parent / f".{LATEST}-{os.getpid()}"
    os.utime(target)
    with contextlib.suppress(FileNotFoundError):
        swap.unlink()
    swap.symlink_to(target.name)
    swap.replace(latest)
    _sync_folder(target.parent)


def last_published(reports: Path) -> Path | None:
    """Return the folder that `latest` leads to, or None where there is none that still verifies."""
    folder = (reports / LATEST).resolve()
    return folder if read_manifest(folder) and not verify(folder) else None


def compared_with(reports: Path, plan_key: str) -> Path | None:
    """Return the folder that a publication is compared with: the last one; made again by force, the same as before.

    Parameters
    ----------
    reports
        The folder of this run's reports.
    plan_key
        Of the plan that is published.
    """
    last = last_published(reports)
    found = (read_manifest(last) if last else None) or {}
    if found.get("plan") != plan_key:
        return last
    folder = reports / str(found.get("compared_with"))
    return folder if CONTENT_ID.fullmatch(folder.name) and not verify(folder) else None


def published_for(reports: Path, plan_key: str) -> Path | None:
    """Return the published folder that this very plan gave and that still verifies, or None."""
    for folder in _published(reports):
        manifest = read_manifest(folder)
        if manifest and manifest.get("plan") == plan_key and not verify(folder):
            return folder
    return None


def _published(reports: Path) -> list[Path]:
    """Return the published folders, newest first."""
    found = [path for path in reports.glob("*") if CONTENT_ID.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)


def _prune(reports: Path) -> None:
    """Remove all but the newest published folders, never the one that `latest` leads to."""
    current = (reports / LATEST).resolve()
    for folder in _published(reports)[KEPT:]:
        if folder.resolve() != current:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a published folder so that no half of it ever bears a published name."""
    doomed = folder.with_name(f"{STAGING}{os.getpid()}-{folder.name}")
    folder.rename(doomed)
    shutil.rmtree(doomed)


def _sync(folder: Path) -> None:
    """Make sure that all files of a folder are on the disk."""
    for path in files_in(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for path in [*(path for path in folder.rglob("*") if path.is_dir()), folder]:
        _sync_folder(path)


def _sync_folder(folder: Path) -> None:
    """Make sure that a folder's list of names is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _owner_words(store: Store) -> str:
    """Return who holds the lock and since when, "" if that was not noted."""
    note = store.read_json("", OWNER)
    return f" by process {note['pid']} since {note['since']}" if note else ""
