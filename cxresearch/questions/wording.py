"""Whether questions are asked well: a lint of their words, and what becomes of a trend when they change."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from cxresearch.cache import digest
from cxresearch.schema.questions import Bank, Question
from cxresearch.strict_yaml import StudyError

__all__ = ["changes", "lint", "reading_ease", "wording_digest"]

Found = tuple[str, str]
Rule = Callable[[Question, dict[str, str]], Iterator[Found]]
# Questions that are judged on a scale, where two things or a denial cannot be told apart in the answer.
JUDGED = ("scale", "intent", "grid")
ASKED = (*JUDGED, "single", "multi-select", "number", "open")
AND = re.compile(r"\b(and|und|sowie|as well as|sowohl)\b|&|\w/\w", re.I)
LEADING = re.compile(
    r"\b((don't|do not|wouldn't|would not|isn't|aren't) (you|it|we|they)\b|don't you (think|agree)|surely|obviously|"
    r"of course|as (most|many) (people|customers)|how (great|excellent|good|easy) (is|are|was|were) (our|the)|"
    r"how much (do|did) you (love|like|enjoy)|our (award-winning|excellent|great|popular)|"
    r"finden sie nicht auch|meinen sie nicht auch|sicherlich|selbstverständlich|natürlich|"
    r"wie die meisten|wie sehr (lieben|genießen|mögen))",
    re.I,
)  # fmt: skip
ABSOLUTE = re.compile(
    r"\b(always|never|ever|nobody|everybody|everyone|completely|totally|absolutely|"
    r"immer|nie|niemals|jeder|niemand|völlig|total|absolut|ausschließlich)\b",
    re.I,
)
NEGATION = re.compile(r"\b(not|no longer|without|cannot|nicht|kein\w*|ohne|unmöglich)\b|n't\b", re.I)
POSITIVE = re.compile(
    r"\b(very )?(good|excellent|satisfied|likely|easy|agree|happy|positive|great|fair|"
    r"gut|zufrieden|wahrscheinlich|leicht|einfach|ausgezeichnet|sehr gut|stimme zu)\b",
    re.I,
)
NEGATIVE = re.compile(
    r"\b(bad|poor|terrible|negative|hard|difficult|dis\w+|un(satisfied|likely|happy)|schlecht|schwer|schwierig|"
    r"mangelhaft|un(zufrieden|wahrscheinlich)|stimme nicht zu)\b|\b(not|nicht)\b",
    re.I,
)
RANGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:-|–|to|bis)\s*(\d+(?:[.,]\d+)?)", re.I)
BELOW = re.compile(r"\b(?:under|below|less than|unter|weniger als)\s+(\d+(?:[.,]\d+)?)", re.I)
UP_TO = re.compile(r"\b(?:up to|at most|bis zu|höchstens)\s+(\d+(?:[.,]\d+)?)", re.I)
FROM = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:or more|and more|\+|und mehr|oder mehr)", re.I)
OVER = re.compile(r"\b(?:over|more than|über|mehr als)\s+(\d+(?:[.,]\d+)?)", re.I)
# A range as (lowest, highest, whether the highest belongs to it).
Span = tuple[float, float, bool]
# Below this a text is as hard as a broadsheet's leader, about the tenth year of school.
EASY_FROM, LEAST_WORDS = 50.0, 8
COLUMNS = ["question", "language", "rule", "where", "advice"]


def lint(bank: Bank) -> pd.DataFrame:
    """Return what may be wrong in the words of a bank's questions.

    Parameters
    ----------
    bank
        Every question in every language; English and German are understood.

    Returns
    -------
    pandas.DataFrame
        One row a finding: `question`, `language`, `rule` (`double-barrelled`, `leading`, `absolute`, `negation`,
        `unbalanced scale`, `overlapping ranges`, `hard to read`), `where` (the place in the file) and `advice`.

    Notes
    -----
    Words are looked up, nothing is understood: a finding is a question to the author. The denial in a Kano pair, the
    two halves of a MaxDiff task and the four prices are part of their method and not judged.

    Examples
    --------
    >>> asked = {"id": "q", "module": "m", "type": "scale", "scale": [1, 5],
    ...          "text": "How satisfied are you with price and quality?"}
    >>> lint(Bank.model_validate({"modules": {"m": {"seconds": 9}}, "questions": [asked]}))["rule"].tolist()
    ['double-barrelled']
    """
    rows = [
        (question.id, language, rule, where, advice)
        for question in bank.questions
        for language in bank.languages
        for rule, look in RULES.items()
        for where, advice in look(question, _in(question, language, bank.languages[0]))
    ]
    return pd.DataFrame(rows, columns=COLUMNS).drop_duplicates(ignore_index=True)


def changes(bank: Bank, previous: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return whether earlier answers were to the same words.

    Parameters
    ----------
    bank
        The questions as they are.
    previous
        The record of the plan before, as `plan.json` holds it.

    Returns
    -------
    pandas.DataFrame
        `question`, `version`, `since`, `status`: `first planned`, `as before`, or from which version on results are no
        trend.

    Raises
    ------
    StudyError
        If a wording differs from that of the plan before and its version does not.
    """
    before = (previous or {}).get("questions", {})
    rows = [
        (one.id, one.version, one.since or "", _status(one, before.get(one.id), previous or {}))
        for one in bank.questions
    ]
    return pd.DataFrame(rows, columns=["question", "version", "since", "status"])


def wording_digest(question: Question) -> str:
    """Return the digest of all that people read and choose from."""
    asked = question.model_dump(
        mode="json",
        include={"type", "text", "items", "exclusive", "scale", "labels", "tasks", "shown", "unit", "between"},
    )
    # Items are read in their order, which a digest of a mapping forgets.
    return digest(asked, list(question.items))


def reading_ease(text: str, language: str = "en") -> float:
    """Return how easily a text is read: 100 is very easy, 0 very hard.

    Notes
    -----
    Flesch (1948) for English; Amstad (1978) for German. Syllables are counted as groups of vowels.

    Examples
    --------
    >>> round(reading_ease("The cat sat on the mat."))
    116
    """
    sentences = [part for part in re.split(r"[.!?…:]+", text) if re.search(r"\w", part)]
    words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text)
    if not words:
        return 100.0
    a_sentence = len(words) / max(len(sentences), 1)
    a_word = sum(_syllables(word.lower(), language) for word in words) / len(words)
    if language == "de":
        return 180 - a_sentence - 58.5 * a_word
    return 206.835 - 1.015 * a_sentence - 84.6 * a_word


def _syllables(word: str, language: str) -> int:
    """Return about how many syllables a word has."""
    if language == "de":
        return max(1, len(re.findall(r"aa|ee|ie|ei|ai|au|eu|äu|oo|[aeiouäöüy]", word)))
    # A final e is silent but after a consonant and l; so is that of -ed but after d and t.
    stem = re.sub(r"(?<![^aeiouy]l)(?<!^)(?<=[^aeiouy])e$|(?<=[^aeiouydt])ed$", "", word)
    return max(1, len(re.findall(r"[aeiouy]+", stem)))


def _status(question: Question, before: Mapping[str, Any] | None, previous: Mapping[str, Any]) -> str:
    """Return whether a question is asked as in the plan before, or raise."""
    if before is None:
        return "first planned" if question.version == 1 else _break(question)
    if question.version == before["version"]:
        if wording_digest(question) != before["wording"]:
            raise StudyError(
                f"questions.{question.id}: the wording differs from that planned for {previous.get('wave')} and is "
                f"still version {question.version}; give it `version: {question.version + 1}` and its first wave as "
                "`since:`, or take the change back."
            )
        return "as before"
    if question.version < before["version"]:
        raise StudyError(
            f"questions.{question.id}: version {question.version} is older than version {before['version']}, which was "
            "planned already; give a changed wording a new version."
        )
    return _break(question)


def _break(question: Question) -> str:
    """Return that results before a version are no trend with those after."""
    return f"asked in other words from {question.since} on: no trend across it"


def _in(question: Question, language: str, first: str) -> dict[str, str]:
    """Return the texts of a question in one language; those not translated only in the first one."""
    texts = question.texts()
    named = {place: text.get(language, "") for place, text in texts.items() if isinstance(text, dict)}
    plain = {place: text for place, text in texts.items() if isinstance(text, str) and language == first}
    return {**named, **plain, "": language}


def _asked(texts: Mapping[str, str]) -> str:
    """Return the sentence that asks: the last of the question's own text."""
    parts = re.split(r"(?<=[.!?])\s+", texts.get("text", "").strip())
    questions = [part for part in parts if part.endswith(("?", "…"))]
    return (questions or parts)[-1]


def _items(question: Question, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the sentences of which each is judged on the scale."""
    found = {place: text for place, text in texts.items() if place.startswith("items.")}
    return found if question.type in ("grid", "kano") else {}


def _double(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield sentences that ask for one judgement of two things."""
    judged = {"text": _asked(texts)} if question.type in JUDGED else {}
    for place, text in (judged | _items(question, texts)).items():
        if AND.search(text):
            yield place, "It asks about two things at once; make two questions of it."


def _leading(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield texts that suggest an answer."""
    for place in ("text", "text.functional", "text.dysfunctional"):
        if found := LEADING.search(texts.get(place, "")):
            yield place, f"“{found[0]}” suggests an answer; ask without it."


def _absolute(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield questions with words that leave no room."""
    if question.type in ASKED and (found := ABSOLUTE.search(_asked(texts))):
        yield "text", f"“{found[0]}” leaves no room between; ask how often or how much."


def _negation(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield denials, which are misread and turn the scale around."""
    judged = {"text": _asked(texts)} if question.type in ASKED else {}
    items = _items(question, texts) if question.type == "grid" else {}
    for place, text in (judged | items).items():
        if found := NEGATION.search(text):
            yield place, f"“{found[0]}” turns the question around; ask for what is, so that a high answer means yes."


def _unbalanced(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield scales with words at one end only, or more of them on one side."""
    labels = {place.removeprefix("labels."): text for place, text in texts.items() if place.startswith("labels.")}
    if question.type not in JUDGED or question.scale is None or not labels:
        return
    missing = [end for end in question.scale if str(end) not in labels]
    if missing:
        yield "labels", f"The end {missing[0]} has no label; name both ends."
    bad = [text for text in labels.values() if NEGATIVE.search(text)]
    good = [text for text in labels.values() if POSITIVE.search(text) and text not in bad]
    if good and bad and len(good) != len(bad):
        yield "labels", f"{len(good)} labels praise and {len(bad)} blame; give both sides as many."


def _overlapping(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield choices whose ranges share a number, of which only one may be ticked."""
    if question.type != "single":
        return
    spans = {place: span for place, text in texts.items() if place.startswith("items.") and (span := _span(text))}
    for (first, one), (second, other) in combinations(spans.items(), 2):
        low, high = (one, other) if one[0] <= other[0] else (other, one)
        if low[1] > high[0] or (low[1] == high[0] and low[2]):
            yield first, f"Its range overlaps that of {second}; let each begin after the other's end."


def _span(text: str) -> Span | None:
    """Return the range that a text names."""

    def number(found: re.Match[str], group: int = 1) -> float:
        return float(found[group].replace(",", "."))

    if found := RANGE.search(text):
        return number(found), number(found, 2), True
    if found := BELOW.search(text):
        return float("-inf"), number(found), False
    if found := UP_TO.search(text):
        return float("-inf"), number(found), True
    if found := FROM.search(text):
        return number(found), float("inf"), True
    if found := OVER.search(text):
        # The number itself is not over itself: the smallest step above it.
        return number(found) + 1e-9, float("inf"), True
    return None


def _hard(question: Question, texts: dict[str, str]) -> Iterator[Found]:
    """Yield texts that are hard to read."""
    for place in ("text", "text.functional", "text.dysfunctional"):
        text = texts.get(place, "")
        ease = reading_ease(text, texts[""])
        if len(text.split()) >= LEAST_WORDS and ease < EASY_FROM and texts[""] in ("en", "de"):
            yield place, f"Reading ease {ease:.0f} of 100, under {EASY_FROM:.0f}; use shorter words and sentences."


RULES: dict[str, Rule] = {
    "double-barrelled": _double,
    "leading": _leading,
    "absolute": _absolute,
    "negation": _negation,
    "unbalanced scale": _unbalanced,
    "overlapping ranges": _overlapping,
    "hard to read": _hard,
}
