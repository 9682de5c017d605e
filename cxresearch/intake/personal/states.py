"""The ids that states give people: their form, and the check that each holds (most by a check digit).

Rules as the states publish them; where one has no check digit (SSN, NINO, CPR) its form and what it cannot be decide.
"""

import re
from collections.abc import Callable, Sequence

KIND = "national-id"
LETTERS_ES, LETTERS_FI = "TRWAGMYFPDXBNJZSQVHLCKE", "0123456789ABCDEFHJKLMNPRSTUVWXY"
# Where an odd sign of the codice fiscale stands here is its value; digits count as the letters from A on.
ODD_IT = "BAKPLCQDREVOSFTGUHMINJWZYX"
DIGITS_AS_LETTERS = str.maketrans("0123456789", "ABCDEFGHIJ")


def _weighted(text: str, weights: Sequence[int]) -> int:
    """Return the sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))


def _at(month: str, day: str, *, months: int = 12) -> bool:
    """Return whether two pairs of digits are a month and a day."""
    return 1 <= int(month) <= months and 1 <= int(day) <= 31


def _austria(text: str) -> bool:
    """Sozialversicherungsnummer: the fourth digit checks the others, modulo 11."""
    return _weighted(text, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(text[3]) and _at(text[6:8], text[4:6], months=15)


def _belgium(text: str) -> bool:
    """Rijksregisternummer: 97 less the rest of the first nine, with a 2 before them from the year 2000 on."""
    return _at(text[2:4], text[4:6]) and any(97 - int(first + text[:9]) % 97 == int(text[9:]) for first in ("", "2"))


def _brazil(text: str) -> bool:
    """CPF: two digits modulo 11."""
    first = _weighted(text, range(10, 1, -1)) * 10 % 11 % 10
    second = _weighted(text, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(text)) > 1 and text[9:] == f"{first}{second}"


def _britain_health(text: str) -> bool:
    """NHS number: modulo 11."""
    return (11 - _weighted(text, range(10, 1, -1)) % 11) % 11 == int(text[9])


def _denmark(text: str) -> bool:
    """CPR: a day and month before the serial number; newer ones hold no check digit."""
    return _at(text[2:4], text[:2])


def _finland(text: str) -> bool:
    """Henkilötunnus: the last sign is the rest by 31."""
    return LETTERS_FI[int(text[:6] + text[-4:-1]) % 31] == text[-1] and _at(text[2:4], text[:2])


def _france(text: str) -> bool:
    """NIR: 97 less the rest of the first thirteen; Corsica's departments count as 19 and 18."""
    return 97 - int(text[:13].replace("2A", "19").replace("2B", "18")) % 97 == int(text[13:])


def _germany_pension(text: str) -> bool:
    """Rentenversicherungsnummer: sums of digits of the weighted signs, modulo 10; the letter counts as two digits."""
    signs = text[:8] + f"{ord(text[8]) - 64:02d}" + text[9:11]
    products = (int(sign) * weight for sign, weight in zip(signs, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    return sum(n // 10 + n % 10 for n in products) % 10 == int(text[11]) and _at(text[4:6], "01")


def _germany_tax(text: str) -> bool:
    """Steuer-Identifikationsnummer: ISO 7064 modulo 11, 10; one digit stands two or three times among the first ten."""
    rest = 10
    for digit in text[:10]:
        rest = ((int(digit) + rest) % 10 or 10) * 2 % 11
    often = sorted(text[:10].count(digit) for digit in set(text[:10]))
    return (11 - rest) % 10 == int(text[10]) and often[-1] in (2, 3) and often[:-1] == [1] * (len(often) - 1)


def _ireland(text: str) -> bool:
    """PPS number: a letter modulo 23; a second letter counts ninefold."""
    second = 9 * (ord(text[8]) - 64) if len(text) > 8 else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(_weighted(text, range(8, 1, -1)) + second) % 23] == text[7]


def _italy(text: str) -> bool:
    """Codice fiscale: odd and even places weigh differently, modulo 26."""
    even = sum(int(sign) if sign.isdigit() else ord(sign) - 65 for sign in text[1:15:2])
    odd = sum(ODD_IT.index(sign) for sign in text[0:15:2].translate(DIGITS_AS_LETTERS))
    return chr(65 + (even + odd) % 26) == text[15]


def _netherlands(text: str) -> bool:
    """Burgerservicenummer: the eleven test."""
    return _weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _norway(text: str) -> bool:
    """Fødselsnummer: two digits modulo 11."""
    return (
        _weighted(text, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and _weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _poland(text: str) -> bool:
    """PESEL: modulo 10; the month tells the century."""
    return _weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and _at(str(int(text[2:4]) % 20), text[4:6])


def _spain(text: str) -> bool:
    """DNI and NIE: a letter modulo 23; X, Y, Z before it count as 0, 1, 2."""
    return LETTERS_ES[int(text[:-1].translate(str.maketrans("XYZ", "012"))) % 23] == text[-1]


def _sweden(text: str) -> bool:
    """Personnummer: Luhn's formula over the last ten digits."""
    last = text[-10:]
    products = (int(digit) * weight for digit, weight in zip(last, (2, 1) * 5, strict=True))
    return sum(n // 10 + n % 10 for n in products) % 10 == 0 and _at(last[2:4], str(int(last[4:6]) % 60))


def _switzerland(text: str) -> bool:
    """AHV number: the check digit of EAN-13."""
    return _weighted(text, (1, 3) * 6 + (1,)) % 10 == 0


def _united_states(text: str) -> bool:
    """SSN: no check digit; some groups are never given."""
    return text[:3] not in ("000", "666") and text[:3] < "900" and text[3:5] != "00" and text[5:] != "0000"


def _form(pattern: str) -> re.Pattern[str]:
    """Return a form that stands by itself."""
    return re.compile(rf"(?<![\w.,-])(?:{pattern})(?!\w|[.,-]\w)", re.IGNORECASE | re.ASCII)


STATE_IDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (KIND, _form(pattern), holds)
    for pattern, holds in (
        (r"\d{4} ?(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-5])\d{2}", _austria),
        (r"\d{2}[. ]?\d{2}[. ]?\d{2}[- .]?\d{3}[. ]?\d{2}", _belgium),
        (r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", _brazil),
        (r"\d{3} \d{3} \d{4}|\d{3}-\d{3}-\d{4}|\d{10}", _britain_health),
        (r"(?![DFIQUV])[A-Z](?![DFIQUVO])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", bool),
        (r"\d{6}-\d{4}", _denmark),
        (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", _finland),
        (r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _france),
        (r"\d{2} ?\d{6} ?[A-Z] ?\d{3}", _germany_pension),
        (r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}", _germany_tax),
        (r"\d{7}[A-W][A-IW]?", _ireland),
        (r"[A-Z]{6} ?\d{2}[A-EHLMPRST]\d{2} ?[A-Z]\d{3}[A-Z]", _italy),
        (r"\d{9}|\d{4}\.\d{2}\.\d{3}", _netherlands),
        (r"\d{6} ?\d{5}", _norway),
        (r"\d{11}", _poland),
        (r"[XYZ\d]-?\d{7}-?[A-Z]", _spain),
        (r"(?:19|20)?\d{6}[-+]\d{4}", _sweden),
        (r"756\.?\d{4}\.?\d{4}\.?\d{2}", _switzerland),
        (r"\d{3}[- ]\d{2}[- ]\d{4}", _united_states),
    )
)
