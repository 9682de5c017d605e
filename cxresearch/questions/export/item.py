"""Items: the parts that every format asks questions in."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["APART", "ARM", "OTHER", "RISING", "Column", "Item", "Kind", "Option", "Texts"]

Kind = Literal["single", "multiple", "scale", "grid", "numbers", "number", "text", "best-worst"]
Texts = dict[str, str]
# An item of this id is the platform's own "other, namely …", with room for words.
OTHER = "other"
# The field of the survey that holds the assigned arm.
ARM = "cx_arm"
# What people read who answer four prices, or the best and the worst, in a way that cannot be.
RISING: Texts = {
    "en": "Each price is at least as high as the one before it.",
    "de": "Jeder Preis ist mindestens so hoch wie der davor.",
}
APART: Texts = {"en": "Choose two different answers.", "de": "Bitte wählen Sie zwei verschiedene Antworten."}


class Option(NamedTuple):
    """Something to be picked, or a row of a grid: its id, its number in the bank's order, its text."""

    name: str
    number: int
    text: Texts


@dataclass(frozen=True)
class Item:
    """One question as it stands on a page.

    `name` is the column in which its answer comes back, or how its columns begin.
    """

    name: str
    question: str
    module: str
    kind: Kind
    text: Texts
    options: tuple[Option, ...] = ()
    rows: tuple[Option, ...] = ()
    exclusive: tuple[str, ...] = ()
    between: tuple[float | None, float | None] = (None, None)
    unit: str | None = None
    required: bool = False

    @property
    def other(self) -> Option | None:
        """The option with room for words."""
        return next((one for one in self.options if one.name == OTHER), None)


class Column(NamedTuple):
    """One column of the answers: `item` is asked, `row` is which part of it."""

    name: str
    item: Item
    row: Option | None
