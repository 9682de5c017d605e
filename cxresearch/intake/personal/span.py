"""A piece of a text that is personal data."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """Where personal data stands in a text, and its kind, which is also the word of its placeholder."""

    start: int
    end: int
    kind: str


def replaced(text: str, spans: Iterable[Span]) -> tuple[str, list[str]]:
    """Return a text with a placeholder for each span, and the kinds of these; of spans that overlap the first counts.

    Examples
    --------
    >>> replaced("ring Jo now", [Span(5, 7, "name")])
    ('ring [name] now', ['name'])
    """
    parts, kinds, done = [], [], 0
    for start, end, kind in sorted(spans):
        if start < done:
            continue
        parts += [text[done:start], f"[{kind}]"]
        kinds.append(kind)
        done = end
    return "".join([*parts, text[done:]]), kinds
