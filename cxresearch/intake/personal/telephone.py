"""Numbers that ring, and other long numbers."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

import phonenumbers

from cxresearch.intake.personal.span import Span

# Dates, years in a row and thousands are numbers with marks too; they are matched first, so as to be passed over.
DATE = r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?![./-]?\d)|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?!\d|[./-]\d)"
YEARS = r"(?:19|20)\d\d(?: ?[-/ ] ?(?:19|20)\d\d)+(?!\d)"
THOUSANDS = r"[1-9]\d{0,2}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?![\d.,]\d|\d)"
CANDIDATE = re.compile(
    rf"(?<![\w.,/+-])(?:{DATE}|{YEARS}|{THOUSANDS}|(?P<number>(?:\+ ?)?\(?\d(?:[ ()./-]{{0,3}}\d){{5,17}})(?!\w))"
)
CUE = re.compile(
    r"(?<!\w)(?:call|ring|phone|telephone|tel|mobile|cell|fax|text|whatsapp|reach|contact|sms|my number|anruf\w*|"
    r"rückruf\w*|telefon\w*|handy\w*|mobil\w*|erreich\w*|nummer)(?!\w)[^\d\n]{0,24}$",
    re.IGNORECASE,
)
AMERICAN = re.compile(r"(?:1[ .-]{1,2})?\(?[2-9]\d{2}\)?[ .-]{1,2}\d{3}[ .-]\d{4}")
BEFORE = 48
# National numbers of this length with a 0 before them are taken for telephones, whatever the country.
TRUNK_LENGTHS, FEWEST_AFTER_CUE = range(9, 13), 6
LONG_NUMBER = re.compile(r"(?<![\w.,])\d(?:\d{8,}|(?:[ -]?\d){12,23})(?![\d.,]\d|\w)")


def telephones(text: str, regions: Sequence[str]) -> Iterator[Span]:
    """Yield telephone numbers: international, valid in one of the regions, in a national form, or behind such words.

    Examples
    --------
    >>> text = "ring 030 23125 442 or +44 7700 900244, from 01.02.2026, I pay 1.299 and dialled 2024/2025"
    >>> [text[span.start : span.end] for span in telephones(text, ["DE"])]
    ['030 23125 442', '+44 7700 900244']
    """
    for found in CANDIDATE.finditer(text):
        if found["number"] and _rings(found["number"], text[max(0, found.start() - BEFORE) : found.start()], regions):
            yield Span(*found.span(), "phone")


def long_numbers(text: str) -> Iterator[Span]:
    """Yield what is left of nine digits in a row, or of thirteen in groups: such numbers stand for somebody.

    Examples
    --------
    >>> [(span.start, span.end) for span in long_numbers("meter 123456789, 10000 steps")]
    [(6, 15)]
    """
    yield from (Span(*found.span(), "number") for found in LONG_NUMBER.finditer(text))


def _rings(number: str, before: str, regions: Sequence[str]) -> bool:
    """Return whether a number of these digits, behind these words, is a telephone."""
    digits = re.sub(r"\D", "", number)
    if number.startswith("+") or (digits.startswith("00") and len(digits) > 9):
        return 7 < len(digits) < 17
    if CUE.search(before) and len(digits) >= FEWEST_AFTER_CUE:
        return True
    if (digits.startswith("0") and len(digits) in TRUNK_LENGTHS) or AMERICAN.fullmatch(number):
        return True
    return any(_valid(number, region) for region in regions if digits.startswith("0") or not _has_trunk(region))


def _valid(number: str, region: str) -> bool:
    """Return whether a number is given in a region."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


@cache
def _has_trunk(region: str) -> bool:
    """Return whether national numbers of a region begin with a 0."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return bool(known and known.national_prefix == "0")
