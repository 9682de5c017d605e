"""What of the texts can be modelled: cleaned and cut, non-answers and foreign languages told apart, sentences split."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from cxresearch.strict_yaml import StudyError
from cxresearch.topics.language import languages_of

LONGEST_TEXT, LONGEST_SENTENCE = 10_000, 400
CUT_MARK = " […]"
EMPTY, NO_WORDS, STOCK, FOREIGN = "empty", "no words", "stock answer", "language not modelled"
DUPLICATE, CUT = "near-duplicate (modelled once)", "cut"
# What people write so as not to answer: small letters, signs taken out.
STOCK_ANSWERS = frozenset(
    """na|n a|none|none at all|none really|nothing|nothing really|nothing else|nothing to add|nothing to say|nil|null
    nan|no|nope|yes|yep|no comment|no comments|no answer|no reason|no reason given|no opinion|no thanks|no thank you
    no idea|not applicable|not sure|unsure|dont know|don t know|i dont know|i don t know|do not know|i do not know|dk
    idk|dunno|cant say|can t say|prefer not to say|rather not say|see above|as above|see below|same|same as above
    same as before|same again|ditto|stop|stop it|unsubscribe|help|test|testing|asdf|x|xx|xxx|ok|okay|hello|hi
    keine|keiner|kein|keins|kein kommentar|keine angabe|keine angaben|keine antwort|keine anmerkung|keine anmerkungen
    keine ahnung|keine meinung|keine bemerkungen|kein grund|k a|ka|nichts|nix|nichts weiter|nichts zu sagen|nein|nee
    ja|weiß nicht|weiss nicht|weiß ich nicht|weiss ich nicht|ich weiß nicht|ich weiss nicht|siehe oben|s o|wie oben
    entfällt|ohne|ohne angabe|ohne kommentar|dito|nicht zutreffend|trifft nicht zu|stopp|abmelden|abbestellen
    hallo""".replace("\n", "|")
    .replace("    ", "")
    .split("|")
)
# Invisible signs: control characters, marks of direction, zero-width blanks. The joiner inside an emoji stays.
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
BLANKS = re.compile(r"[^\S\n]+")
SIGNS = re.compile(r"[\W\d_]+")
REPEATED = re.compile(r"(.)\1{2,}")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”“’)]*\s+|\s*\n\s*")
# A piece that ends so goes on: "z. B. ", "Dr. ".
ABBREVIATED = re.compile(r"(?:^|[\s.])(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|Nr|No|vs|bzw|usw|ca|Hr|Fr|Str|Tel|approx)\.$")


@dataclass(frozen=True)
class Prepared:
    """Texts made ready for a topic model.

    Attributes
    ----------
    documents
        One row a text given, in its order: `text` (its position), `document` (as cleaned), `language` ("" where it
        could not be told), `first` (position of the first text of the same words) and `left_out` (why it is not
        modelled: `empty`, `no words`, `stock answer`, `language not modelled`; "" where it is).
    sentences
        One row a sentence of a text that is modelled: `text`, `sentence`.
    left_out
        `reason` and `n` (texts), a row for each reason; near-duplicates (counted once for fitting, all scored) and
        texts that were cut are among them.
    """

    documents: pd.DataFrame
    sentences: pd.DataFrame
    left_out: pd.DataFrame

    @property
    def usable(self) -> pd.DataFrame:
        """The documents that are modelled."""
        return self.documents[self.documents["left_out"].eq("")]

    def units(self, whole: bool) -> pd.DataFrame:
        """Return what is scored, `text` and `sentence`: the sentences, or the texts as a whole."""
        if whole:
            return self.usable[["text", "document"]].rename(columns={"document": "sentence"}).reset_index(drop=True)
        return self.sentences


def prepare(
    texts: Iterable[object], *, translation: Iterable[object] | None = None, languages: Sequence[str] | None = ("en",)
) -> Prepared:
    """Return texts made ready for a topic model, and what of them cannot be modelled.

    Parameters
    ----------
    texts
        One text an answer; missing ones are counted as empty.
    translation
        For each text its translation, used in its place where there is one.
    languages
        ISO 639-1 codes that the embedding knows; None for all. A text whose language cannot be told is modelled.

    Returns
    -------
    Prepared
        `documents`, `sentences`, `left_out`.

    Raises
    ------
    StudyError
        If there are not as many translations as texts.

    Examples
    --------
    >>> found = prepare(["The app is slow. It crashes, too.", "n/a", "10", None, "Die App ist sehr langsam"])
    >>> found.documents["left_out"].tolist()
    ['', 'stock answer', 'no words', 'empty', 'language not modelled']
    >>> found.sentences["sentence"].tolist()
    ['The app is slow.', 'It crashes, too.']
    """
    cleaned = [clean(text) for text in _translated(list(texts), translation)]
    documents = pd.DataFrame({"text": range(len(cleaned)), "document": pd.Series(cleaned, dtype="str")})
    keys = documents["document"].map(words).astype("str")
    documents["language"] = pd.Series(languages_of(cleaned), dtype="str")
    documents["left_out"] = _left_out(documents, keys, languages)
    same = keys.map(lambda key: " ".join(sorted(set(key.split())))).where(documents["left_out"].eq(""))
    documents["first"] = documents["text"].groupby(same).transform("first").astype("Int64").fillna(documents["text"])
    usable = documents[documents["left_out"].eq("")]
    split = usable.assign(sentence=usable["document"].map(sentences)).explode("sentence")
    listed = split[["text", "sentence"]].astype({"sentence": "str"}).reset_index(drop=True)
    columns = ["text", "document", "language", "first", "left_out"]
    return Prepared(documents[columns].astype({"first": "int64"}), listed, _counts(documents))


def clean(text: object) -> str:
    r"""Return a text without invisible signs, its blanks made single, cut with a mark where it is very long.

    Examples
    --------
    >>> clean("  Great\x00 app 👍  "), clean(None), clean("long " * 4_000)[-8:]
    ('Great app 👍', '', 'long […]')
    """
    if not isinstance(text, str):
        return ""
    # Cut first: what comes after costs time in proportion to the length.
    whole = text[:LONGEST_TEXT]
    shown = INVISIBLE.sub("", unicodedata.normalize("NFC", whole.encode("utf-8", "replace").decode()))
    lines = (BLANKS.sub(" ", line).strip() for line in shown.replace("\r", "\n").split("\n"))
    return "\n".join(line for line in lines if line) + (CUT_MARK if len(text) > LONGEST_TEXT else "")


def words(document: str) -> str:
    """Return the words of a text in small letters, without signs, figures and drawn-out letters.

    Examples
    --------
    >>> words("Sooo GOOD, 10/10!!")
    'soo good'
    """
    return REPEATED.sub(r"\1\1", SIGNS.sub(" ", document.casefold()).strip())


def sentences(document: str) -> list[str]:
    r"""Return the sentences of a text; one without an end is cut at a blank.

    Examples
    --------
    >>> sentences("Dr. Who rang at 3.15 p.m. and hung up! Why?\nNo idea")
    ['Dr. Who rang at 3.15 p.m. and hung up!', 'Why?', 'No idea']
    """
    found: list[str] = []
    for piece in SENTENCE_END.split(document):
        if found and ABBREVIATED.search(found[-1]):
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    return [part for piece in found for part in _short(piece) if SIGNS.sub("", part)] or [document]


def _short(sentence: str) -> list[str]:
    """Return a sentence in parts of at most the longest length."""
    parts = []
    while len(sentence) > LONGEST_SENTENCE:
        end = sentence.rfind(" ", 1, LONGEST_SENTENCE) % LONGEST_SENTENCE or LONGEST_SENTENCE
        parts.append(sentence[:end])
        sentence = sentence[end:].lstrip()
    return [*parts, sentence]


def _translated(texts: list[object], translation: Iterable[object] | None) -> list[object]:
    """Return the translation of each text that has one, else the text."""
    if translation is None:
        return texts
    translated = list(translation)
    if len(translated) != len(texts):
        raise StudyError(f"translation: {len(translated)} translations for {len(texts)} texts; give one for each.")
    pairs = zip(texts, translated, strict=True)
    return [other if isinstance(other, str) and other.strip() else text for text, other in pairs]


def _left_out(documents: pd.DataFrame, keys: pd.Series, languages: Sequence[str] | None) -> pd.Series:
    """Return for each text why it is not modelled."""
    reasons = pd.Series("", documents.index, dtype="str")
    if languages is not None:
        reasons = reasons.mask(~documents["language"].isin(["", *languages]), FOREIGN)
    reasons = reasons.mask(keys.isin(STOCK_ANSWERS), STOCK).mask(keys.eq(""), NO_WORDS)
    return reasons.mask(documents["document"].eq(""), EMPTY)


def _counts(documents: pd.DataFrame) -> pd.DataFrame:
    """Return how many texts are left out, are near-duplicates or were cut."""
    usable = documents["left_out"].eq("")
    counts = {reason: int(documents["left_out"].eq(reason).sum()) for reason in (EMPTY, NO_WORDS, STOCK, FOREIGN)}
    counts[DUPLICATE] = int((usable & documents["first"].ne(documents["text"])).sum())
    counts[CUT] = int(documents["document"].str.endswith(CUT_MARK).sum())
    return pd.DataFrame({"reason": pd.Series(list(counts), dtype="str"), "n": list(counts.values())})
