"""Which of the accepted tables a notebook reads, told to the report that runs it. No pandas."""

import os
from pathlib import Path

__all__ = ["MOMENTS", "READS", "RESULTS", "note_read", "noted"]

# Names, in the environment of a report's notebook, the file in which it notes what it reads.
READS = "CXRESEARCH_READS"
# What can be read beside whole tables: when people answered, and what the other pages of the run found.
MOMENTS, RESULTS = "responses.responded_at", "results"
_told: set[str] = set()


def note_read(part: str, key: str) -> None:
    """Note that this process reads a table, or another part of a study's data; nothing is noted outside of a report.

    Parameters
    ----------
    part
        The name of a kept table, `MOMENTS` or `RESULTS`.
    key
        Of the study's accepted tables: a notebook may read those of several studies.
    """
    place, line = os.environ.get(READS), f"{key}/{part}"
    if place and line not in _told:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        _told.add(line)


def noted(place: Path, key: str) -> set[str]:
    """Return what was noted in a file: the parts read of the study with a key, and of others with their keys.

    Parameters
    ----------
    place
        The file; nothing was noted where there is none.
    key
        Of the accepted tables that the report is about.
    """
    lines = place.read_text(encoding="utf-8").split() if place.is_file() else []
    return {line.removeprefix(f"{key}/") for line in lines}
