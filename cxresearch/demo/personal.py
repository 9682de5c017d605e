"""Personal data that people leave in comments: invented, or reserved for examples and tests."""

import numpy as np

from cxresearch.demo.company import words
from cxresearch.demo.dice import pick
from cxresearch.demo.stock import Deck, fill

STOCK = words("personal")
KINDS = {
    "email": 0.2,
    "phone": 0.22,
    "name": 0.24,
    "order": 0.12,
    "customer": 0.08,
    "iban": 0.06,
    "card": 0.03,
    "address": 0.05,
}
PLAIN_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def remark(
    decks: dict[str, Deck], name: str, customer_id: str, town: str, mood: int, rng: np.random.Generator
) -> tuple[str, str, str]:
    """Return a remark that carries personal data.

    Parameters
    ----------
    decks
        Remarks of one language by kind.
    name, customer_id, town, mood
        Of the person.
    rng
        Random stream.

    Returns
    -------
    tuple of str
        The remark, the kind of personal data, and the very string of it.
    """
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    string = _made(kind, name, customer_id, town, rng)
    facts = {kind: string} | ({"bad": ""} if mood < 0 else {})
    return fill(decks[kind].deal(facts), facts, rng), kind, string


def _made(kind: str, name: str, customer_id: str, town: str, rng: np.random.Generator) -> str:
    """Return the personal data of a kind."""
    if kind == "email":
        user = name.lower().translate(PLAIN_LETTERS).replace(" ", pick((".", "_", ""), rng))
        return f"{user}{rng.choice(['', '', str(rng.integers(10, 99))])}@{pick(STOCK['domains'], rng)}"
    if kind == "phone":
        pattern = pick(STOCK["phones"], rng)
        return pattern.replace("{3}", f"{rng.integers(100, 1000)}").replace("{2}", f"{rng.integers(10, 100)}")
    if kind == "address":
        postcode = f"{rng.integers(10, 99)}{rng.integers(100, 999)}"
        return f"{pick(STOCK['streets'], rng)} {rng.integers(1, 90)}, {postcode} {town}"
    if kind == "order":
        return f"HT-{rng.choice([2025, 2026])}-{rng.integers(1000, 99999):06d}"
    if kind in ("iban", "card"):
        return pick(STOCK[f"{kind}s"], rng)
    return name if kind == "name" else customer_id
