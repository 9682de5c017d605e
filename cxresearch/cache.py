"""The content-addressed store under `.cache/`: what was computed for these very inputs is kept. Safe to delete."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
CHUNK = 1 << 20


def digest(*parts: Any) -> str:
    """Return the sha256 over values of plain JSON types and bytes, independent of dict order.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    >>> digest("ab", "c") == digest("a", "bc")
    False
    """
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, default=str).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            total.update(chunk)
    return total.hexdigest()


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, for its owner only: mkdir gives its mode to the last one alone."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(exist_ok=True, mode=PRIVATE_FOLDER)


def write_atomic(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file beside `path`, then put it in place at once, so that no reader meets half a file.

    Parameters
    ----------
    path
        The file to make or replace. Its folder is made if need be, readable by its owner only.
    write
        Called with the path of the new file.
    """
    make_private(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    try:
        write(Path(name))
        Path(name).chmod(PRIVATE_FILE)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _seal(data: bytes) -> bytes:
    """Return the line that stands above sealed bytes."""
    return hashlib.sha256(data).hexdigest().encode()


class Store:
    """A folder of results by kind and key, readable by its owner only.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / ".cache")
    >>> store.write_json("counts", "abc", {"n": 3})
    >>> store.read_json("counts", "abc"), store.read_json("counts", "other")
    ({'n': 3}, None)
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, kind: str, key: str = "") -> Path:
        """Return the folder of a kind (and key), made if need be."""
        path = self.root / kind / key
        make_private(path)
        return path

    def path(self, kind: str, name: str) -> Path:
        """Return where a file of a kind lies or would lie; nothing is made."""
        return self.root / kind / name

    def write_bytes(self, kind: str, name: str, data: bytes) -> None:
        """Keep bytes, whole or not at all."""
        write_atomic(self.path(kind, name), lambda path: path.write_bytes(data))

    def read_bytes(self, kind: str, name: str) -> bytes | None:
        """Return the bytes kept under a name, or None."""
        path = self.path(kind, name)
        return path.read_bytes() if path.is_file() else None

    def write_sealed(self, kind: str, name: str, data: bytes) -> None:
        """Keep bytes below a line with their digest."""
        self.write_bytes(kind, name, _seal(data) + b"\n" + data)

    def read_sealed(self, kind: str, name: str) -> bytes | None:
        """Return sealed bytes, or None where there are none, or others than were written: a disk may lose some."""
        seal, _, data = (self.read_bytes(kind, name) or b"").partition(b"\n")
        return data if seal == _seal(data) else None

    def write_json(self, kind: str, key: str, value: Any) -> None:
        """Keep a value of plain JSON types under `<key>.json`, sealed."""
        self.write_sealed(kind, f"{key}.json", json.dumps(value, ensure_ascii=False).encode())

    def read_json(self, kind: str, key: str) -> Any | None:
        """Return the value kept under `<key>.json`, or None as `read_sealed` does."""
        data = self.read_sealed(kind, f"{key}.json")
        return None if data is None else json.loads(data)


def store() -> Store:
    """Return the project's store."""
    from cxresearch.study import project_root

    return Store(project_root() / ".cache")
