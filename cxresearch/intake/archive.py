"""Packed exports: gzipped text, and zip archives with one data file."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import IO

from cxresearch.strict_yaml import StudyError

GZIP = b"\x1f\x8b"
DATA = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".sav", ".zsav")
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError)
ENCRYPTED = 0x1
# A small archive can unpack to more than a disk holds.
MOST_UNPACKED = 4 * 2**30
PIECE = 2**20


def gunzipped(data: bytes, file: str) -> bytes:
    """Return bytes, decompressed if they are gzipped.

    Parameters
    ----------
    data
        Content of a file.
    file
        Its name, for messages.

    Raises
    ------
    StudyError
        If the gzip file is damaged, or unpacks to more than 4 GB.
    """
    if not data.startswith(GZIP):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            return b"".join(_pieces(packed, file))
    except (EOFError, OSError, zlib.error):
        raise StudyError(f"{file}: the gzip file is cut off or damaged; copy or export it again.") from None


@contextmanager
def unzipped(path: Path) -> Iterator[Path]:
    """Yield the one data file of a zip archive, unpacked into a private folder that is removed afterwards.

    Parameters
    ----------
    path
        The archive.

    Raises
    ------
    StudyError
        If it is damaged, protected by a password, names a place outside its folder, unpacks to more than 4 GB, or holds
        no data file or several.
    """
    with TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                member = _data_file(archive, path)
                target = Path(folder, PurePosixPath(member.filename).name)
                with archive.open(member) as packed, target.open("wb") as file:
                    file.writelines(_pieces(packed, path.name))
        except StudyError:
            raise
        except DAMAGED:
            raise StudyError(f"{path.name}: the zip archive is cut off or damaged; copy or export it again.") from None
        yield target


def _data_file(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """Return the one file in an archive that may be a table."""
    for member in archive.infolist():
        if _leaves_its_folder(member.filename):
            raise StudyError(
                f"{path.name}: names a file outside its folder; unpack it yourself and look what it holds."
            )
    found = [member for member in archive.infolist() if _is_data(PurePosixPath(member.filename))]
    if len(found) != 1:
        names = ", ".join(sorted(member.filename for member in found)) or "none"
        raise StudyError(f"{path.name}: a zip archive must hold one data file, and it holds {names}; unpack it.")
    if found[0].flag_bits & ENCRYPTED:
        raise StudyError(f"{path.name}: is protected by a password; unpack it, and give the file in it.")
    return found[0]


def _leaves_its_folder(name: str) -> bool:
    """Return whether the name of a member leads elsewhere than into the folder it is unpacked in."""
    windows = PureWindowsPath(name)
    return bool(windows.root or windows.drive or ".." in windows.parts or "\0" in name)


def _is_data(name: PurePosixPath) -> bool:
    """Return whether a member may be a table, and is no hidden companion of one."""
    hidden = any(part.startswith((".", "~$")) or part == "__MACOSX" for part in name.parts)
    return not hidden and name.suffix.lower() in DATA


def _pieces(packed: IO[bytes] | gzip.GzipFile, file: str) -> Iterator[bytes]:
    """Yield what is unpacked, up to a limit."""
    total = 0
    while piece := packed.read(PIECE):
        total += len(piece)
        if total > MOST_UNPACKED:
            raise StudyError(f"{file}: unpacks to more than {MOST_UNPACKED // 2**30} GB; unpack and split it yourself.")
        yield piece
