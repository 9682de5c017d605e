"""From topics to sentences: how short or long people speak, and how they put praise and gripes together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxresearch.demo.dice import pick
from cxresearch.demo.facts import Writer
from cxresearch.demo.stock import Stock
from cxresearch.demo.talk import subject

MOODS = {-1: "bad", 0: "mid", 1: "good"}
JOINED_BY = ("and", "and then", "plus", "und")  # stay within the sentence; "on top of that" begins another
TERSE, SHORT, MEDIUM = 0.23, 0.29, 0.27  # shares at ordinary wordiness; what is left is long


@dataclass
class Said:
    """What one person says.

    Attributes
    ----------
    sentences
        Without capitals at the start and marks at the end.
    topics, tones
        Topics in it, and -1, 0 or +1 for each.
    """

    sentences: list[str]
    topics: tuple[str, ...] = ()
    tones: tuple[int, ...] = ()


class Speaker:
    """One person at one occasion: picks topics and words, and remembers which topics were used."""

    def __init__(self, writer: Writer, stock: Stock, rng: np.random.Generator) -> None:
        self.writer, self.stock, self.rng = writer, stock, rng
        self.topics: list[str] = []
        self.tones: list[int] = []

    def pick(self, tone: int) -> str:
        """Return a topic not used so far, and note it with its tone; a lukewarm one is weighed like a gripe."""
        topic = subject(self.writer.occasion, tone or -1, self.topics, self.rng)
        self.topics.append(topic)
        self.tones.append(tone)
        return topic

    def on(self, kind: str, topic: str) -> str:
        """Return a remark of a kind on a topic."""
        return self.stock.say(kind, self.writer.facts, topic)

    def say(self, kind: str) -> str:
        """Return a remark of a kind on nothing in particular."""
        return self.stock.say(kind, self.writer.facts)

    def chance(self, share: float) -> bool:
        """Return True in this share of cases."""
        return bool(self.rng.random() < share)


def speech(writer: Writer, stock: Stock, rng: np.random.Generator) -> Said:
    """Return what a person says.

    Parameters
    ----------
    writer
        The person and the occasion.
    stock
        Word stock of the person's language.
    rng
        Random stream.

    Returns
    -------
    Said
        Sentences with their topics.
    """
    speaker = Speaker(writer, stock, rng)
    sentences = _length(speaker)(speaker)
    return Said(sentences, tuple(speaker.topics), tuple(speaker.tones))


def _length(speaker: Speaker) -> Callable[[Speaker], list[str]]:
    """Return the manner of speaking: the angry and the wordy say more, the content least."""
    draw = speaker.rng.random() + 0.22 * speaker.writer.hand.wordy - 0.07 * speaker.writer.mood
    if speaker.writer.score <= 2:
        draw += 0.08
    if draw < TERSE:
        return _terse
    if draw < TERSE + SHORT:
        return _short
    return _medium if draw < TERSE + SHORT + MEDIUM else _long


def _terse(speaker: Speaker) -> list[str]:
    """Return a word or a few."""
    mood = speaker.writer.mood
    if speaker.chance(0.5 if mood > 0 else 0.35):
        return [speaker.say(f"word_{MOODS[mood]}")]
    if mood == 0 and speaker.chance(0.5):
        good = speaker.on("good_short", speaker.pick(1))
        but = "but" if speaker.writer.language == "EN" else "aber"
        return [f"{good}, {but} {speaker.on('bad_short', speaker.pick(-1))}"]
    tone = mood or (-1 if speaker.chance(0.6) else 1)
    kind = "good_short" if tone > 0 else "bad_short"
    parts = [speaker.on(kind, speaker.pick(tone)) for _ in range(1 + speaker.chance(0.4) + speaker.chance(0.1))]
    return [pick((", ", ", ", " / ", " + "), speaker.rng).join(parts)] if len(parts) > 2 else [_pair(parts, speaker)]


def _pair(parts: list[str], speaker: Speaker) -> str:
    """Return one fragment, or two joined."""
    word = "and" if speaker.writer.language == "EN" else "und"
    return pick((", ", f" {word} ", ", "), speaker.rng).join(parts)


def _short(speaker: Speaker) -> list[str]:
    """Return one sentence."""
    mood = speaker.writer.mood
    if speaker.chance(0.14):
        return [speaker.say(f"open_{MOODS[mood]}")]
    if mood == 0:
        return [_middling(speaker)]
    if mood > 0 and speaker.chance(0.1):
        return [speaker.on("praise", speaker.pick(1)), _minus(speaker)]
    return [_because(speaker.on("praise" if mood > 0 else "gripe", speaker.pick(mood)), speaker)]


def _because(sentence: str, speaker: Speaker) -> str:
    """Return a sentence, now and then as an answer to "why this score"."""
    starts = ("because", "mainly because", f"{speaker.writer.score} because", "simply because")
    if speaker.writer.language != "EN" or "?" in sentence or not speaker.chance(0.09):
        return sentence
    return f"{pick(starts, speaker.rng)} {sentence}"


def _medium(speaker: Speaker) -> list[str]:
    """Return two sentences."""
    mood = speaker.writer.mood
    if mood == 0:
        start = speaker.say("open_mid") if speaker.chance(0.35) else speaker.on("praise", speaker.pick(1))
        return [start, _middling(speaker) if speaker.chance(0.6) else _minus(speaker)]
    kind, more = ("praise", "more_good") if mood > 0 else ("gripe", "more_bad")
    first = speaker.pick(mood)
    if speaker.chance(0.48):
        return [speaker.on(kind, first), speaker.on(more, first)]
    if mood < 0 and speaker.writer.score >= 5 and speaker.chance(0.4):
        return [speaker.on("gripe", first), f"{speaker.say('concede')} {speaker.on('good_short', speaker.pick(1))}"]
    if speaker.chance(0.45):
        return _and_also(speaker.on(kind, first), speaker.on(kind, speaker.pick(mood)), speaker)
    return [speaker.on(kind, first), speaker.on(kind, speaker.pick(mood))]


def _and_also(first: str, second: str, speaker: Speaker) -> list[str]:
    """Return two remarks joined by a short word, or the second as a sentence of its own."""
    word = speaker.say("also_good" if speaker.writer.mood > 0 else "also_bad")
    return [f"{first} {word} {second}"] if word in JOINED_BY else [first, f"{word} {second}"]


def _long(speaker: Speaker) -> list[str]:
    """Return three sentences or more: how it began, what happened, what it led to, what should be done."""
    mood = speaker.writer.mood
    if mood == 0:
        topic = speaker.pick(1)
        sentences = [speaker.say("open_mid")] if speaker.chance(0.5) else []
        sentences += [speaker.on("praise", topic), _middling(speaker)]
        return [*sentences, speaker.say("close_mid")] if speaker.chance(0.5) else sentences
    kind, more = ("praise", "more_good") if mood > 0 else ("gripe", "more_bad")
    first = speaker.pick(mood)
    if speaker.chance(0.45):
        story = speaker.on(f"story_{MOODS[mood]}", first)
        return [story, *_ending(speaker, first)] if speaker.chance(0.6) else [story]
    sentences = [speaker.say(f"open_{MOODS[mood]}")] if speaker.chance(0.4) else []
    sentences += [speaker.on(kind, first), speaker.on(more, first)]
    if speaker.chance(0.5):
        second = speaker.pick(mood)
        sentences.append(speaker.on(kind, second))
        if speaker.chance(0.3):
            sentences.append(speaker.on(more, second))
    return sentences + _ending(speaker, first)


def _ending(speaker: Speaker, first: str) -> list[str]:
    """Return how a long comment ends."""
    mood = speaker.writer.mood
    if mood > 0:
        return (
            [_minus(speaker)] if speaker.chance(0.18) else [speaker.say("close_good")] if speaker.chance(0.45) else []
        )
    if speaker.writer.score >= 4 and speaker.chance(0.2):
        return [f"{speaker.say('concede')} {speaker.on('good_short', speaker.pick(1))}"]
    if speaker.chance(0.3):
        return [speaker.on("ask", first)]
    return [speaker.say("close_bad")] if speaker.chance(0.5) else []


def _middling(speaker: Speaker) -> str:
    """Return a sentence that is neither hot nor cold."""
    if speaker.chance(0.58):
        return speaker.on("mild", speaker.pick(0))
    if speaker.chance(0.3):
        return speaker.on("ask", speaker.pick(-1))
    good = speaker.on("praise" if speaker.chance(0.5) else "good_short", speaker.pick(1))
    if speaker.chance(0.35):
        return good
    bad = speaker.on("bad_short" if speaker.chance(0.6) else "gripe", speaker.pick(-1))
    return f"{good}, {speaker.say('but')} {bad}"


def _minus(speaker: Speaker) -> str:
    """Return a small reservation; from the content a wish."""
    if speaker.writer.mood > 0:
        return f"{speaker.say('except')} {speaker.on('ask', speaker.pick(-1))}"
    return f"{speaker.say('except')} {speaker.on('bad_short', speaker.pick(-1))}"
