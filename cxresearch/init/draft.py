"""A table as it will stand in the study file, and all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cxresearch.init.dates import DateFormat
from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile

Profiles = Mapping[str, Profile]


@dataclass(frozen=True)
class Draft:
    """A table as it will stand in the study file.

    Attributes
    ----------
    name
        `responses`, `customers`, `revenue` or `invitations`.
    files
        Its exports.
    guesses
        Its entries.
    profiles
        Its columns.
    forms
        Date formats of the dated ones.
    personal
        Columns that tell who somebody is: never taken in.
    survey
        `relationship` or `transactional`, where no column tells.
    notes
        What a reader of the study file should know.
    scale_changes
        As in the study file: days on which a score was asked on another scale.
    sheet
        Of its workbook, where it is not the first one with a table.
    """

    name: str
    files: list[Path]
    guesses: list[Guess]
    profiles: Profiles
    forms: Mapping[str, DateFormat]
    personal: list[str]
    survey: str = ""
    notes: list[str] = field(default_factory=list)
    scale_changes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sheet: str = ""

    def guess(self, role: str) -> Guess | None:
        """Return the entry of a role."""
        return next((guess for guess in self.guesses if guess.role == role), None)

    @property
    def unused(self) -> list[str]:
        """Columns that are in no entry."""
        used = {column for guess in self.guesses for column in guess.columns}
        patterns = [guess for guess in self.guesses if guess.place == "sets"]
        members = {
            name for name in self.profiles for guess in patterns for pattern in guess.columns if fits(name, pattern)
        }
        return [name for name in self.profiles if name not in used | members and name not in self.personal]


@dataclass(frozen=True)
class Drafts:
    """All tables, and the exports that are none."""

    tables: list[Draft]
    left_out: dict[str, str]
    currency: str = ""
    timezone: str = ""

    def table(self, name: str) -> Draft | None:
        """Return a table by name."""
        return next((draft for draft in self.tables if draft.name == name), None)

    @property
    def questions(self) -> list[Guess]:
        """Entries that need an answer before anything runs."""
        return [guess for draft in self.tables for guess in draft.guesses if guess.needed and not guess.taken]


def fits(name: str, pattern: str) -> bool:
    """Return whether a column is named by the pattern of a set."""
    return fnmatchcase(name, pattern)
