"""Which column is an amount, how it is written, and in which currency."""

import re
from collections.abc import Mapping

from cxresearch.init.guess import Guess
from cxresearch.init.profile import Profile
from cxresearch.init.words import says
from cxresearch.intake.numbers import AMOUNT, COMMA_PROOF, POINT_PROOF

THOUSANDS_OR_DECIMALS = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*")
CODE = re.compile(r"[A-Z]{3}")
# Currencies that columns of amounts are named after.
NAMED = {
    "eur": "EUR",
    "euro": "EUR",
    "usd": "USD",
    "gbp": "GBP",
    "chf": "CHF",
    "sek": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "pln": "PLN",
    "czk": "CZK",
    "cad": "CAD",
    "aud": "AUD",
    "mxn": "MXN",
    "brl": "BRL",
    "jpy": "JPY",
    "€": "EUR",
    "£": "GBP",
}
ENOUGH = 0.95


def amounts(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return the columns that may be what a customer paid, the best one first.

    Parameters
    ----------
    profiles
        Columns that are no ids and no dates.
    """
    numeric = [profile for profile in profiles.values() if _share(AMOUNT, profile) >= ENOUGH and profile.distinct > 2]
    named = [profile for profile in numeric if says(profile.name, "revenue") or _currency_in(profile.name)]
    best = named or (numeric if len(numeric) == 1 else [])
    return [_amount(profile, 0.95 if len(named) == 1 else 0.85 if named else 0.75, bool(named)) for profile in best]


def bills(profiles: Mapping[str, Profile]) -> list[Guess]:
    """Return the number of a bill, where each row is one, and the column that tells its currency.

    Parameters
    ----------
    profiles
        Columns that are nothing else.
    """
    number = next((one for name, one in profiles.items() if says(name, "bill_id") and one.once > ENOUGH), None)
    told = next((one for name, one in profiles.items() if says(name, "currency") and _is_currency(one)), None)
    found = (
        [Guess("bill_id", (number.name,), 0.93, "each row has its own: a customer's months are summed")]
        if number
        else []
    )
    return found + ([Guess("currency", (told.name,), 0.95, "codes of currencies, by its name")] if told else [])


def _is_currency(profile: Profile) -> bool:
    """Return whether a column holds codes of currencies and nothing else."""
    return bool(profile.levels) and all(CODE.fullmatch(text) for text in profile.levels)


def currency(profiles: Mapping[str, Profile]) -> str:
    """Return the one currency that a column, or the name of one, tells; "" where none or several do."""
    told = {
        text
        for name, profile in profiles.items()
        if says(name, "currency")
        for text in profile.levels
        if CODE.fullmatch(text)
    }
    told = told or {found for name in profiles if (found := _currency_in(name))}
    return told.pop() if len(told) == 1 else ""


def mixed(profiles: Mapping[str, Profile]) -> list[str]:
    """Return the columns that tell several currencies."""
    return [
        name
        for name, profile in profiles.items()
        if says(name, "currency") and len([text for text in profile.levels if CODE.fullmatch(text)]) > 1
    ]


def _amount(profile: Profile, sure: float, named: bool) -> Guess:
    """Return an amount, with its decimal sign where intake needs it; a question where that cannot be told."""
    comma, point = (any(re.search(proof, text) for text in profile.sample) for proof in (COMMA_PROOF, POINT_PROOF))
    reason = "numbers, by the name" if named else "the only numbers"
    if comma and not point:
        return Guess("revenue", (profile.name,), sure, f"{reason}; a comma before the decimals", {"decimal": ","})
    unclear = not comma and not point and _share(THOUSANDS_OR_DECIMALS, profile) > 0
    if unclear or (comma and point):
        question = (
            'do points and commas in it stand before decimals or thousands? write `decimal: "."` or `decimal: ","`'
        )
        return Guess("revenue", (profile.name,), 0.5, reason, {"decimal": "."}, question=question, needed=True)
    return Guess("revenue", (profile.name,), sure, reason)


def _share(pattern: re.Pattern[str], profile: Profile) -> float:
    """Return the share of a column's distinct texts that fit a pattern."""
    return sum(bool(pattern.fullmatch(text)) for text in profile.sample) / max(1, len(profile.sample))


def _currency_in(name: str) -> str:
    """Return the currency that a column's name ends with or holds as a word."""
    words = re.split(r"[\W_]+", name.casefold()) + [sign for sign in "€£" if sign in name]
    return next((NAMED[word] for word in words if word in NAMED), "")
