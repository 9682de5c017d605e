"""Currencies by the marks that amounts bear; a column of several is refused, because their sum means nothing."""

from cxresearch.strict_yaml import StudyError

DOLLARS = frozenset(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP"])
CROWNS = frozenset(["SEK", "NOK", "DKK", "ISK"])
# Which currencies a sign may stand for.
SIGNS = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP"}),
    "$": DOLLARS,
    "US$": frozenset({"USD"}),
    "C$": frozenset({"CAD"}),
    "CA$": frozenset({"CAD"}),
    "A$": frozenset({"AUD"}),
    "AU$": frozenset({"AUD"}),
    "NZ$": frozenset({"NZD"}),
    "S$": frozenset({"SGD"}),
    "HK$": frozenset({"HKD"}),
    "R$": frozenset({"BRL"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₩": frozenset({"KRW"}),
    "₹": frozenset({"INR"}),
    "₽": frozenset({"RUB"}),
    "₺": frozenset({"TRY"}),
    "₴": frozenset({"UAH"}),
    "₪": frozenset({"ILS"}),
    "₫": frozenset({"VND"}),
    "₱": frozenset({"PHP"}),
    "฿": frozenset({"THB"}),
    "kr": CROWNS,
    "kr.": CROWNS,
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "Fr.": frozenset({"CHF"}),
    "SFr.": frozenset({"CHF"}),
}
CODES = DOLLARS | CROWNS | frozenset().union(*SIGNS.values())
CODES |= frozenset(["ZAR", "RON", "BGN", "AED", "SAR", "QAR", "IDR", "MYR", "PKR", "NGN", "KES", "MAD"])
MARK = "|".join(sorted((mark.replace("$", r"\$").replace(".", r"\.") for mark in {*SIGNS, *CODES}), key=len)[::-1])


def refuse_currencies(marks: frozenset[str], declared: str | None, place: str) -> None:
    """Raise if amounts are marked with several currencies, or with another than the study's.

    Parameters
    ----------
    marks
        Signs and codes found; those that name no known currency are counted, never quoted.
    declared
        The study's `currency:`.
    place
        The column, for the message.
    """
    known = {mark: SIGNS.get(mark, frozenset({mark})) for mark in marks if mark in SIGNS or mark in CODES}
    known |= {mark: frozenset({mark}) for mark in marks if mark == declared}
    strangers = len(marks) - len(known)
    named = ", ".join(sorted(known)) + (f" and {strangers} other marks" if strangers else "")
    shared = frozenset.intersection(*known.values()) if known else frozenset()
    if strangers + bool(known) > 1 or (known and not shared):
        raise StudyError(f"{place}: several currencies in one column ({named}); convert the amounts to one of them.")
    if declared and known and declared not in shared:
        raise StudyError(
            f"{place}: amounts in {named}, but the study's `currency:` is {declared}; convert or correct it."
        )
