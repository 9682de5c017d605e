"""What a format cannot carry, and the note that goes with an exported file to whoever sets the survey up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["EVERYWHERE", "Lost", "Written", "note"]

# Said of all questions at once.
EVERYWHERE = "all questions"


class Lost(NamedTuple):
    """Something that a format cannot carry."""

    question: str
    what: str


@dataclass(frozen=True)
class Written:
    """What a writer makes of an instrument.

    Attributes
    ----------
    files
        Content by file name.
    lost
        What the format cannot carry.
    steps
        What a person does by hand, in order.
    """

    files: dict[str, str]
    lost: list[Lost]
    steps: list[str]


def note(name: str, title: str, files: Sequence[str], written: Written) -> str:
    """Return the hand-over note, in Markdown."""
    lost = [f"- {_plain(one.question)}: {_plain(one.what)}" for one in written.lost] or ["- Nothing."]
    steps = [f"{number}. {_plain(step)}" for number, step in enumerate(written.steps, start=1)]
    parts = [
        f"# {_plain(title)}: hand-over for {name}",
        "Files: " + ", ".join(f"`{file}`" for file in files),
        "## What to do",
        "\n".join(steps),
        "## What the format cannot carry",
        "\n".join(lost),
    ]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return " ".join(text.split()).replace("<", "&lt;")
