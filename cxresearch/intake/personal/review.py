"""Words of redacted texts that may be names: for a person to look through, in private."""

from collections.abc import Iterable

from cxresearch.intake.personal.names import FEWEST_LETTERS, GIVEN_ALONE, WORD, folded
from cxresearch.intake.personal.words import no_names

# Behind these a German word with a capital is a noun.
ARTICLES = {
    *("der", "die", "das", "des", "dem", "den", "ein", "eine", "einer", "einem", "einen", "eines", "kein", "keine"),
    *(
        "keinen",
        "keiner",
        "mein",
        "meine",
        "meinen",
        "meiner",
        "meinem",
        "ihr",
        "ihre",
        "ihren",
        "ihrer",
        "ihrem",
        "sein",
    ),
    *(
        "seine",
        "unser",
        "unsere",
        "unseren",
        "unserer",
        "dieser",
        "diese",
        "dieses",
        "diesen",
        "jeder",
        "jede",
        "jedes",
    ),
    *(
        "im",
        "am",
        "vom",
        "zum",
        "zur",
        "beim",
        "ins",
        "ans",
        "the",
        "a",
        "an",
        "my",
        "your",
        "our",
        "their",
        "this",
        "that",
    ),
}
NOUNS = ("ung", "heit", "keit", "schaft", "tion", "taet", "ment", "nis", "ungen", "keiten", "tionen")


def ordinary_words(texts: Iterable[str]) -> frozenset[str]:
    """Return, folded, the words of some texts that somebody writes small or behind an article: they are no names.

    Examples
    --------
    >>> sorted(ordinary_words(["Der Techniker kam", "good Service"]))
    ['good', 'kam', 'techniker']
    """
    known: set[str] = set()
    for text in texts:
        before = ""
        for found in WORD.finditer(text):
            word = folded(found[0])
            if found[0][0].islower() or before in ARTICLES:
                known.add(word)
            before = word
    return frozenset(known - GIVEN_ALONE)


def unknown_words(text: str, known: frozenset[str]) -> set[str]:
    """Return the words of a redacted text that have a capital and that nobody is known to use as a plain word.

    Parameters
    ----------
    text
        A text with its placeholders.
    known
        Folded words that are no names: those of `ordinary_words`, and those that the study declares.

    Examples
    --------
    >>> unknown_words("Okonkwo was great, [name] too. Great, Okonkwo", frozenset({"great"}))
    {'Okonkwo'}
    """
    return set() if text.isupper() else {word for word in WORD.findall(text) if _unknown(word, known)}


def _unknown(word: str, known: frozenset[str]) -> bool:
    """Return whether a word may be a name."""
    if len(word) < FEWEST_LETTERS or not word[0].isupper() or word.isupper():
        return False
    plain = folded(word)
    return not (plain in no_names() or plain in known or plain.endswith(NOUNS))
