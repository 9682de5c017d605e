"""The word stock: remarks dealt like cards, so that none comes twice before all have come once."""

import re
from dataclasses import dataclass, field

import numpy as np

from cxresearch.demo.company import words
from cxresearch.demo.dice import pick

TOPICS = (
    "coverage",
    "broadband",
    "price",
    "billing",
    "staff",
    "waiting",
    "technician",
    "router",
    "app",
    "contract",
    "assistant",
    "moving",
    "mailbox",
)
INNERMOST_CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
TAG = re.compile(r"@(\w+) ")
REWORDED = 0.35  # chance of each phrase that can be said otherwise


@dataclass
class Deck:
    """Lines of the stock in a shuffled order; shuffled again when all have been dealt."""

    lines: list[str]
    rng: np.random.Generator
    waiting: list[str] = field(default_factory=list)

    def deal(self, facts: dict[str, str]) -> str:
        """Return the next line that these facts allow; one that they do not goes to the bottom of the deck."""
        for _ in range(2 * len(self.lines)):
            if not self.waiting:
                self.waiting = [self.lines[place] for place in self.rng.permutation(len(self.lines))]
            line = self.waiting.pop()
            if suits(line, facts):
                return TAG.sub("", line)
        raise LookupError("no line of this deck suits the facts; add one without tags and slots")


def suits(line: str, facts: dict[str, str]) -> bool:
    """Return whether all slots and tags of a line are among the facts."""
    return all(name in facts for name in SLOT.findall(line)) and all(tag in facts for tag in TAG.findall(line))


def fill(line: str, facts: dict[str, str], rng: np.random.Generator) -> str:
    """Return a line with its choices made and its slots filled in.

    Examples
    --------
    >>> fill("[on hold] for {mins} minutes", {"mins": "25"}, np.random.default_rng(0))
    'on hold for 25 minutes'
    """
    while match := INNERMOST_CHOICE.search(line):
        options = match[1].split("|")
        line = line[: match.start()] + pick(options, rng) + line[match.end() :]
    return " ".join(SLOT.sub(lambda found: facts[found[1]], line).split())


class Stock:
    """All decks of one language."""

    def __init__(self, language: str, rng: np.random.Generator) -> None:
        self.rng = rng
        self.synonyms = words("synonyms")[language]
        phrases = sorted(map(re.escape, self.synonyms), key=len, reverse=True)
        self.phrases = re.compile(rf"\b({'|'.join(phrases)})\b")
        self.general = self._decks(words("general")[language])
        self.personal = self._decks(words("personal")[language])
        self.letters = self._decks(words("letters")[language])
        self.topics, self.special = {}, {}
        for topic in TOPICS:
            content = words(topic)
            self.topics[topic] = self._decks(content[language])
            for condition, languages in content.get("special", {}).items():
                self.special[topic, condition] = self._decks(languages[language])

    def _decks(self, lists: dict[str, str]) -> dict[str, Deck]:
        """Return the decks of some lists of lines."""
        return {name: Deck([line for line in text.splitlines() if line], self.rng) for name, text in lists.items()}

    def say(self, kind: str, facts: dict[str, str], topic: str | None = None) -> str:
        """Return a remark of a kind; where a special occasion of the topic is among the facts, often about that."""
        decks = self.general if topic is None else self.topics[topic]
        if topic is not None and kind in ("gripe", "praise"):
            for occasion in (name for name in facts if (topic, name) in self.special):
                if self.rng.random() < 0.5:
                    decks = self.special[topic, occasion]
        return self._reworded(fill(decks[kind].deal(facts), facts, self.rng))

    def _reworded(self, text: str) -> str:
        """Return a text with some phrases said in another way."""

        def other(found: re.Match) -> str:
            options = self.synonyms[found[0]]
            return pick(options, self.rng) if self.rng.random() < REWORDED else found[0]

        return self.phrases.sub(other, text)
