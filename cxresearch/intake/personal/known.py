"""Numbers that the study itself names: ids of its tables, forms that it declares; numbers behind words like "order"."""

import re
from collections.abc import Iterable, Iterator, Mapping

from cxresearch.intake.personal.span import Span

WORD = re.compile(r"(?<![\w-])\w{1,64}(?:-\w{1,64}){0,6}(?![\w-])")
PIECE = re.compile(r"\w{5,64}")
# A short id of digits alone is no different from a count; it is taken out behind such words only.
FEWEST_DIGITS, FEWEST_SIGNS = 6, 5
OWNED = (
    "customer|client|account|order|contract|reference|ref|booking|ticket|case|invoice|policy|member(?:ship)?|tracking|"
    "serial|meter|kunden|auftrags?|vertrags?|bestell|rechnungs?|referenz|vorgangs?|konto|sendungs|zähler"
)
CALLED = "number|num|no|nr|id|code|reference|ref|nummer"
BEHIND_WORDS = re.compile(
    rf"\b(?:{OWNED})(?:[ -]?(?P<called>{CALLED})\b)?[.:#]{{0,2}}(?: (?:is|ist|was|war|lautet))?[ :#]{{1,3}}"
    r"(?P<number>(?=[\w/-]{0,30}\d)[^\W_][\w/-]{2,30})(?!\w)",
    re.IGNORECASE,
)


def identity(text: str) -> str:
    """Return an id as it is compared with what people write: case and leading zeros do not count.

    Examples
    --------
    >>> identity("0012345"), identity("R_7aB")
    ('12345', 'r_7ab')
    """
    return text.casefold().lstrip("0")


def may_be_ids(texts: Iterable[str]) -> frozenset[str]:
    """Return, as they are compared, the words of some texts that may be ids."""
    return frozenset(identity(word) for text in texts for word, _, _ in _words(text))


def known_ids(text: str, ids: frozenset[str]) -> Iterator[Span]:
    """Yield ids of the study's tables.

    Examples
    --------
    >>> [(span.start, span.end) for span in known_ids("I am 12345678, for 20 years", frozenset({"12345678", "20"}))]
    [(5, 13)]
    """
    if ids:
        yield from (Span(start, end, "id") for word, start, end in _words(text) if identity(word) in ids)


def declared_numbers(text: str, numbers: Mapping[str, re.Pattern[str]]) -> Iterator[Span]:
    """Yield numbers of the forms that the study file declares, by their kinds."""
    for kind, form in numbers.items():
        yield from (Span(*found.span(), kind) for found in form.finditer(text))


def number_form(forms: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of numbers that stand by themselves and have one of some declared forms."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def numbers_behind_words(text: str) -> Iterator[Span]:
    """Yield numbers that the word before them makes somebody's: of customers, orders, contracts and the like.

    Examples
    --------
    >>> text = "customer no. is 0279, order AB-1234 in the contract 2025, 3 tickets"
    >>> [text[span.start : span.end] for span in numbers_behind_words(text)]
    ['0279', 'AB-1234']
    """
    for found in BEHIND_WORDS.finditer(text):
        number = found["number"]
        digits = sum(sign.isdigit() for sign in number)
        if digits > 4 or (digits > 2 and (found["called"] or digits < len(number))):
            yield Span(*found.span("number"), "number")


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the words of a text that may be ids, and pieces of those with hyphens."""
    for found in WORD.finditer(text):
        if _telling(found[0]):
            yield found[0], *found.span()
        if "-" in found[0]:
            pieces = PIECE.finditer(text, *found.span())
            yield from ((piece[0], *piece.span()) for piece in pieces if _telling(piece[0]))


def _telling(word: str) -> bool:
    """Return whether a word is long enough, and not a mere word, to be told from counts and amounts."""
    if word.isdigit():
        return len(word) >= FEWEST_DIGITS
    return len(word) >= FEWEST_SIGNS and any(sign.isdigit() for sign in word)
