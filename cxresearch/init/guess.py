"""What a column is taken for, how surely and why."""

from dataclasses import dataclass, field
from typing import Any

# A guess at least this sure is written; one at least SURE is not asked about.
TAKE, SURE = 0.7, 0.9


@dataclass(frozen=True)
class Guess:
    """One entry of the study file.

    Attributes
    ----------
    role
        Its key: a name after intake, such as `nps`, or that of a set or a part of the design.
    columns
        Columns of the export.
    confidence
        0 to 1.
    reason
        Why, in words that tell no cell.
    setting
        What stands beside `from:`.
    place
        `columns`, `groups` (of people), `measures`, `sets`, `design` or `survey`.
    question
        What only a person can answer; such an entry is written as a comment.
    needed
        Whether nothing should run before the question is answered.
    others
        Other settings or columns that are as good, for a person to choose from.
    """

    role: str
    columns: tuple[str, ...]
    confidence: float
    reason: str
    setting: dict[str, Any] = field(default_factory=dict)
    place: str = "columns"
    question: str = ""
    needed: bool = False
    others: tuple["Guess", ...] = ()

    @property
    def taken(self) -> bool:
        """Whether the guess is good enough to be written as it is."""
        return not self.question and self.confidence >= TAKE
