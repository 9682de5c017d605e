"""Which of the accepted tables a notebook reads, told to the report that runs it. No pandas."""

import os
from pathlib import Path

__all__ = ["MOMENTS", "READS", "RESULTS", "note_read", "noted"]

# Names, in the environment of a report's notebook, the file in which it notes what it reads.
READS = "CXRESEARCH_READS"
# What can be read beside whole tables: when people answered, and what the other pages of the run found.
MOMENTS, RESULTS = "responses.responded_at", "results"
_told: set[str] = set()


def note_read(part: str) -> None:
    """Note that this process reads a table, or another part of a study's data; nothing is noted outside of a report.

    Parameters
    ----------
    part
        The name of a kept table, `MOMENTS` or `RESULTS`.
    """
    place = os.environ.get(READS)
    if place and part not in _told:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(f"{part}\n")
        _told.add(part)


def noted(place: Path) -> set[str]:
    """Return what was noted in a file; nothing where there is none."""
    return set(place.read_text(encoding="utf-8").split()) if place.is_file() else set()
