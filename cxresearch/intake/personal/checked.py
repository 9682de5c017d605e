"""Numbers that prove themselves by check digits: bank accounts, payment cards and the ids that states give people."""

import re
from collections.abc import Iterator

from cxresearch.intake.personal.span import Span
from cxresearch.intake.personal.states import STATE_IDS

IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}[ -]?\d{2}(?:[ .-]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
# How long a country's IBAN is (SWIFT's registry).
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in (
        line.split(" ", 1)
        for line in """15 NO
16 BE
18 DK FI FO GL NL SD
19 MK SI
20 AT BA EE KZ LT LU MN XK
21 CH HR LI LV
22 BG BH CR DE GB GE IE ME RS VA
23 AE GI IL IQ OM SO TL
24 AD CZ ES MD PK RO SA SE SK TN VG
25 LY PT ST
26 IS TR
27 BI DJ FR GR IT MC MR SM
28 AL AZ BY CY DO GT HU LB NI PL SV
29 BR EG PS QA UA
30 JO KW MU YE
31 MT SC
32 LC
33 RU""".splitlines()
    )
    for country in countries.split()
}
CARD = re.compile(r"(?<![\d.,])[2-6]\d{3}(?:[ .-]?\d){9,15}(?!\d)|(?<!\d)\d(?: \d){12,18}(?! ?\d)")
CARD_LENGTHS = (16, 15, 14, 19, 18, 17, 13)
SECURITY_CODE = re.compile(r"\b(?:cvv2?|cvc2?)\b(?: is| ist|:)? ?(\d{3,4})(?!\w)", re.IGNORECASE)


def checked_numbers(text: str) -> Iterator[Span]:
    """Yield bank accounts (mod 97), payment cards (Luhn) with their codes, and the ids of states.

    A number whose check digits are wrong is none of these.

    Examples
    --------
    >>> text = "refund to DE89 3704 0044 0532 0130 00, not to card 4111-1111-1111-1111"
    >>> [(span.kind, text[span.start : span.end]) for span in checked_numbers(text)]
    [('iban', 'DE89 3704 0044 0532 0130 00'), ('card', '4111-1111-1111-1111')]
    """
    for found in IBAN.finditer(text):
        yield from _iban(found)
    for kind, form, holds in STATE_IDS:
        for found in form.finditer(text):
            if holds(re.sub(r"\W", "", found[0]).upper()):
                yield Span(*found.span(), kind)
    for found in CARD.finditer(text):
        yield from _card(found)
    yield from (Span(*found.span(1), "card") for found in SECURITY_CODE.finditer(text))


def luhn(digits: str) -> bool:
    """Return whether the last digit is right by Luhn's formula (ISO/IEC 7812).

    Examples
    --------
    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def mod_97(account: str) -> bool:
    """Return whether an IBAN's check digits are right (ISO 13616).

    Examples
    --------
    >>> mod_97("GB29NWBK60161331926819"), mod_97("GB28NWBK60161331926819")
    (True, False)
    """
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1


def _iban(found: re.Match[str]) -> Iterator[Span]:
    """Yield the bank account that a run of letters and digits begins with; words may follow it."""
    signs = [(place, sign) for place, sign in enumerate(found[0], found.start()) if sign.isalnum()]
    length = IBAN_LENGTHS.get("".join(sign for _, sign in signs[:2]).upper(), 0)
    account = signs[:length]
    if length and len(account) == length and mod_97("".join(sign for _, sign in account).upper()):
        yield Span(found.start(), account[-1][0] + 1, "iban")


def _card(found: re.Match[str]) -> Iterator[Span]:
    """Yield the card number that a run of digits begins with; the month of its expiry may follow it."""
    places = [place for place, sign in enumerate(found[0]) if sign.isdigit()]
    digits = "".join(found[0][place] for place in places)
    for length in CARD_LENGTHS:
        whole = length == len(digits) or (length < len(digits) and places[length] > places[length - 1] + 1)
        if whole and len(set(digits[:length])) > 1 and luhn(digits[:length]):
            yield Span(found.start(), found.start() + places[length - 1] + 1, "card")
            return
