"""The points of texts, kept in the project's cache by the texts' hashes: a second quarter computes only new ones."""

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from cxresearch.cache import Store, store, write_atomic

KIND = "embeddings"
# Each call that computes anything adds a file; so many are made one.
MOST_FILES = 12
Points = NDArray[np.float32]


def cached(texts: Sequence[str], model: str, compute: Callable[[Sequence[str]], Points]) -> Points:
    """Return the points of texts, computing those that are not kept yet, equal texts once.

    Parameters
    ----------
    texts
        Any texts; only their hashes are kept.
    model
        Digest of the model; each has a folder of its own.
    compute
        Gives the points (n × d) of n texts.
    """
    hashes = [hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16] for text in texts]
    kept = _kept(store(), model)
    new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in kept}
    if new:
        points = compute(list(new.values()))
        _keep(store(), model, list(new), points)
        kept |= dict(zip(new, points, strict=True))
    return np.stack([kept[key] for key in hashes]) if hashes else np.empty((0, 0), np.float32)


def _kept(cache: Store, model: str) -> dict[bytes, Points]:
    """Return the points kept, by the hashes of their texts."""
    found: dict[bytes, Points] = {}
    with FileLock(cache.folder(KIND) / f"{model}.lock"):
        for keys, points in _intact(sorted(cache.folder(KIND, model).glob("*.npz"))):
            found |= dict(zip(map(bytes, keys), points, strict=True))
    return found


def _intact(files: Iterable[Path]) -> Iterator[tuple[NDArray[np.uint8], Points]]:
    """Yield hashes and points of files; one that a disk has spoilt is removed, and its points are computed again."""
    for path in files:
        try:
            # Opened here: numpy leaves a file open that it cannot read.
            with path.open("rb") as stream, np.load(stream) as file:
                found = file["keys"], file["points"]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
            path.unlink()
        else:
            yield found


def _keep(cache: Store, model: str, keys: list[bytes], points: Points) -> None:
    """Keep new points; of many files one is made."""
    with FileLock(cache.folder(KIND) / f"{model}.lock"):
        folder = cache.folder(KIND, model)
        rows = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)
        old = sorted(folder.glob("*.npz"))
        if len(old) >= MOST_FILES:
            for more, theirs in _intact(old):
                rows, points = np.concatenate([rows, more]), np.concatenate([points, theirs])
        name = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
        write_atomic(folder / f"{name}.npz", lambda path: _save(path, rows, points))
        for path in old if len(old) >= MOST_FILES else []:
            path.unlink(missing_ok=True)


def _save(path: object, keys: NDArray[np.uint8], points: Points) -> None:
    """Write one file; given a name, numpy would add an ending."""
    with open(str(path), "wb") as file:
        np.savez(file, keys=keys, points=points)
