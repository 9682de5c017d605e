"""Free text without the personal data in it, before anything of a study is stored.

A text is brought into one spelling, redacted, then cut, in this order: half an address would be found by no rule. This
is repeated until nothing changes, so that redacting twice is redacting once. Raw texts exist in memory only.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import NamedTuple

import numpy as np
import pandas as pd

from cxresearch.intake.personal.checked import checked_numbers
from cxresearch.intake.personal.contact import contacts
from cxresearch.intake.personal.known import (
    declared_numbers,
    identity,
    known_ids,
    may_be_ids,
    number_form,
    numbers_behind_words,
)
from cxresearch.intake.personal.names import WORD, Roster, folded, listed_names, roster, told_names
from cxresearch.intake.personal.places import places
from cxresearch.intake.personal.presidio import people_finder
from cxresearch.intake.personal.review import ordinary_words, unknown_words
from cxresearch.intake.personal.span import Span, replaced
from cxresearch.intake.personal.spelling import one_spelling
from cxresearch.intake.personal.telephone import long_numbers, telephones
from cxresearch.schema import Study, column_type

# Columns that hold free text, by the names they have after intake.
TEXTS = ("verbatim", "translation")
NAME, TO_REVIEW = "name", "to review"
REDACTED = ["table", "column", "kind", "items", "texts"]
REVIEW = ["word", "texts"]
# What is kept of a text, and what more of it is read, so that the cut falls into what was redacted.
LONGEST, READ, MARGIN = 10_000, 20_000, 300
CUT, WITHHELD = " [cut]", "[withheld]"
MOST_PASSES = 8
DIGIT = re.compile(r"\d")
FEW_DIGITS, MANY_DIGITS = 3, 6


@dataclass(frozen=True)
class Known:
    """What is known of a study's personal data before its texts are read.

    Attributes
    ----------
    people
        Those of the customer list.
    ids
        Ids of its tables, as `known.identity` compares them.
    numbers
        Forms of numbers that the study file declares, by kind.
    regions
        Countries of telephone numbers without a country code.
    keep
        Folded words that are no names.
    model
        Finds people by a language model, where the study asks for one.
    """

    people: Roster = field(default_factory=Roster)
    ids: frozenset[str] = frozenset()
    numbers: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    keep: frozenset[str] = frozenset()
    model: Callable[[str], Iterator[Span]] | None = None


class Redaction(NamedTuple):
    """A text without the personal data found in it, and the kind of each that was."""

    text: str
    kinds: list[str]


class Redacted(NamedTuple):
    """A study's tables with their texts redacted and without people's names.

    Attributes
    ----------
    frames
        The tables by name.
    counts
        By `table`, `column` and `kind` the number of `items` taken out and of `texts` that held one; `cut` and
        `withheld` are texts too long, or not to be made safe; `to review` are the words of `review`, over all texts.
    review
        `word` that may be a name and was left, and in how many `texts`; for a person's eyes, never for a page.
    """

    frames: dict[str, pd.DataFrame]
    counts: pd.DataFrame
    review: pd.DataFrame


NOTHING_KNOWN = Known()


def redact(text: str, known: Known = NOTHING_KNOWN) -> Redaction:
    """Return a text with a placeholder such as `[email]` where personal data stood.

    Examples
    --------
    >>> redact("My name is Jane Doe, card 4111 1111 1111 1111, not happy since 24/7 support ended")
    Redaction(text='My name is [name], card [card], not happy since 24/7 support ended', kinds=['card', 'name'])
    """
    long, text = len(text) > READ, one_spelling(text[:READ])
    kinds: list[str] = []
    for _ in range(MOST_PASSES):
        done, found = _once(text, known, long)
        kinds += found
        if done == text:
            return Redaction(text, kinds)
        text, long = one_spelling(done), False
    return Redaction(WITHHELD, ["withheld"])


def redacted(frames: Mapping[str, pd.DataFrame], study: Study) -> Redacted:
    """Return the tables of a study with their texts redacted, what was found, and what a person should look at.

    Parameters
    ----------
    frames
        The accepted tables; not changed. Columns `name` are read for the people in them, and left out.
    study
        The study file.
    """
    columns = [(table, column) for table, frame in frames.items() for column in TEXTS if column in frame]
    texts = {place: pd.factorize(frames[place[0]][place[1]]) for place in columns}
    distinct = sorted({text for _, there in texts.values() for text in there})
    known = known_of(frames, study, distinct)
    done = {text: redact(text, known) for text in distinct}
    made = {name: frame.drop(columns=_names(name, frame, study)) for name, frame in frames.items()}
    rows: Counter[str] = Counter()
    counts = []
    for (table, column), (codes, there) in texts.items():
        values = pd.Series([done[text].text for text in there] + [pd.NA], dtype="str").take(codes)
        made[table] = made[table].assign(**{column: values.set_axis(made[table].index)})
        times = dict(zip(there, np.bincount(codes[codes >= 0], minlength=len(there)).tolist(), strict=True))
        counts += [(table, column, *found) for found in _counted(done, times)]
        rows.update(times)
    review, held = _review({done[text].text: times for text, times in rows.items()}, known)
    counts.append(("", "", TO_REVIEW, len(review), held))
    return Redacted(made, pd.DataFrame(counts, columns=REDACTED), review)


def known_of(frames: Mapping[str, pd.DataFrame], study: Study, texts: Iterable[str]) -> Known:
    """Return what a study's tables and its file tell of the personal data that some texts may hold."""
    spelled = [one_spelling(text[:READ]) for text in texts]
    words = frozenset(folded(word) for text in spelled for word in WORD.findall(text))
    listed = (frame[_names(table, frame, study)] for table, frame in frames.items())
    names = {name for frame in listed for column in frame for name in frame[column].dropna().unique()}
    keep = [word for text in (study.title, *study.redaction.keep) for word in WORD.findall(text)]
    return Known(
        roster(map(one_spelling, names), words),
        _ids(frames, study, may_be_ids(spelled)),
        {kind: number_form(forms) for kind, forms in study.redaction.numbers.items()},
        tuple(study.redaction.regions) or _regions(study.timezone),
        frozenset(map(folded, keep)),
        people_finder(study) if study.redaction.engine == "presidio" else None,
    )


def _once(text: str, known: Known, long: bool) -> Redaction:
    """Return a text redacted by every rule once, and cut if need be; one read in part (`long`) loses its end."""
    digits = len(DIGIT.findall(text))
    kinds: list[str] = []
    for find in _finders(known, digits):
        text, found = replaced(text, find(text))
        kinds += found
    if long or len(text) > LONGEST:
        end = min(LONGEST - len(CUT), len(text) - MARGIN * long)
        return Redaction(text[: max(0, text.rfind(" ", end - MARGIN, end)) or end] + CUT, [*kinds, "cut"])
    return Redaction(text, kinds)


def _finders(known: Known, digits: int) -> Iterator[Callable[[str], Iterator[Span]]]:
    """Yield the rules that a text with so many digits needs, in their order."""
    yield contacts
    if known.numbers:
        yield lambda text: declared_numbers(text, known.numbers)
    if digits >= MANY_DIGITS:
        yield checked_numbers
    if digits:
        yield lambda text: known_ids(text, known.ids)
    if digits >= FEW_DIGITS:
        yield numbers_behind_words
    if digits >= MANY_DIGITS:
        yield lambda text: telephones(text, known.regions)
        yield long_numbers
    if digits:
        yield places
    yield lambda text: listed_names(text, known.people)
    yield lambda text: told_names(text, known.people, known.keep)
    if known.model:
        yield known.model


def _counted(done: Mapping[str, Redaction], times: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """Return, by kind, the items taken out of texts that stand so many times, and the texts that held one."""
    items: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for text, rows in times.items():
        for kind, count in Counter(done[text].kinds).items():
            items[kind] += count * rows
            texts[kind] += rows
    return [(kind, items[kind], texts[kind]) for kind in sorted(items)]


def _review(times: Mapping[str, int], known: Known) -> tuple[pd.DataFrame, int]:
    """Return the words of redacted texts that may be names, the most frequent first, and how many texts hold one."""
    plain = ordinary_words(times) | known.keep
    unknown = {text: unknown_words(text, plain) for text in times}
    found: Counter[str] = Counter()
    for text, words in unknown.items():
        found.update(dict.fromkeys(words, times[text]))
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    review = pd.DataFrame(ordered, columns=REVIEW).astype({"word": "str", "texts": "int64"})
    return review, sum(times[text] for text, words in unknown.items() if words)


def _names(table: str, frame: pd.DataFrame, study: Study) -> list[str]:
    """Return the columns of a table that hold people's names."""
    columns = study.tables[table].columns
    return [NAME] if NAME in frame and column_type(NAME, columns[NAME]) == "text" else []


def _ids(frames: Mapping[str, pd.DataFrame], study: Study, words: frozenset[str]) -> frozenset[str]:
    """Return which words of the texts are ids of a table."""
    found: set[str] = set()
    for name, frame in frames.items():
        for target, column in study.tables[name].columns.items() if words else ():
            if target in frame and column_type(target, column) == "id":
                found |= words.intersection(map(identity, frame[target].dropna().unique()))
    return frozenset(found)


def _regions(timezone: str) -> tuple[str, ...]:
    """Return the countries of a timezone, as the time zone database lists them."""
    table = resources.files("tzdata") / "zoneinfo" / "zone.tab"
    rows = (line.split("\t") for line in table.read_text("utf-8").splitlines() if not line.startswith("#"))
    return tuple(country for country, _, zone, *_ in rows if zone == timezone)
