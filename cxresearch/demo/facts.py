"""Who writes a comment, and the facts that may stand in it: town, tenure, price, months, device."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.company import words
from cxresearch.demo.dice import pick, stream
from cxresearch.demo.experience import Experience
from cxresearch.demo.handwriting import Hand, hand
from cxresearch.demo.talk import Occasion

MONTHS = {
    "EN": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "DE": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
}
WEEKDAYS = {
    "EN": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
    "DE": ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"],
}
NUMBERS = {"EN": ["two", "three", "four", "five", "six"], "DE": ["zwei", "drei", "vier", "fünf", "sechs"]}
MINUTES = (10, 12, 15, 20, 20, 25, 30, 30, 35, 40, 45, 45, 50, 55)
SMALL_AMOUNTS = (2.99, 3.5, 4.99, 5, 7.5, 9.99, 10, 12.4, 14.95, 19.99, 24.9)
SPEEDS = {"Fibre": (250, 500, 1000), "DSL": (50, 100, 250)}
YEARS_WORTH_SAYING, YOUNG = 2, 0.75  # years
HALDENPOST_YEARS = (8, 19)


@dataclass(frozen=True)
class Writer:
    """The person behind an answer.

    Attributes
    ----------
    name, customer_id, town
        Of the person.
    language
        `EN` or `DE`.
    score, mood
        Score 0-10, and its vote.
    hand
        How the person types.
    occasion
        What the person may talk about.
    facts
        Slots and special occasions that the person's remarks may use.
    """

    name: str
    customer_id: str
    town: str
    language: str
    score: int
    mood: int
    hand: Hand
    occasion: Occasion
    facts: dict[str, str]


def writers(answers: pd.DataFrame, customers: pd.DataFrame, felt: Experience, seed: int) -> Iterator[Writer]:
    """Yield the person behind each answer.

    Parameters
    ----------
    answers
        Table of `surveys.answers`.
    customers, felt
        The company so far.
    seed
        Seed of the company.

    Yields
    ------
    Writer
        In the order of the answers.
    """
    rng, towns = stream(seed, "facts"), words("places")
    people = customers.to_dict("records")
    hands = {
        customer: hand(stream(seed, f"hand {people[customer]['customer_id']}"))
        for customer in dict.fromkeys(answers["customer"])
    }
    used = ["customer", "wave", "responded_at", "score", "language", "touchpoint", "window", "handled_by"]
    for row in answers[[*used, *planted.DRIVERS]].itertuples():
        person = people[row.customer]
        town = str(pick(towns[person["region"]], rng))
        mood = int(row.score >= 9) - int(row.score <= 6)
        years = (row.responded_at - person["since"]).days / 365.25
        yield Writer(
            name=person["name"],
            customer_id=person["customer_id"],
            town=town,
            language=row.language,
            score=int(row.score),
            mood=mood,
            hand=hands[row.customer],
            occasion=_occasion(row, person, years, felt),
            facts=_slots(row, person, town, years, rng) | _special(row, person),
        )


def _occasion(row: Any, person: dict, years: float, felt: Experience) -> Occasion:
    """Return what a person may talk about."""
    ratings = {} if row.touchpoint else {name: int(getattr(row, name)) for name in planted.DRIVERS}
    return Occasion(
        ratings=ratings,
        touchpoint=row.touchpoint,
        window=bool(row.window),
        mailbox=bool(felt.mailbox[row.customer, planted.FIRST_REPORTED + row.wave]),
        ai=row.handled_by == "ai",
        newcomer=years < YOUNG,
        online=person["access"] in SPEEDS,
    )


def _slots(row: Any, person: dict, town: str, years: float, rng: np.random.Generator) -> dict[str, str]:
    """Return what fills the slots of a remark."""
    language = row.language
    month = (row.responded_at.month - 1 - int(rng.integers(1, 4))) % 12
    speed = int(rng.choice(SPEEDS.get(person["access"], (50,))))
    slots = {
        "town": town,
        "score": str(row.score),
        "mins": str(pick(MINUTES, rng)),
        "days": str(rng.integers(2, 10)),
        "weeks": str(pick(NUMBERS[language], rng)),
        "times": str(pick(NUMBERS[language][1:4], rng)),
        "weekday": str(pick(WEEKDAYS[language], rng)),
        "month": MONTHS[language][month],
        "fee": _money(planted.PLANS[person["plan"]].price, language, rng),
        "extra": _money(float(pick(SMALL_AMOUNTS, rng)), language, rng),
        "mbit": str(speed),
        "low": str(int(speed * rng.uniform(0.04, 0.4))),
        "line": {"Fibre": "fibre", "DSL": "DSL"}.get(person["access"], "connection"),
        "post_years": str(max(int(years), int(rng.integers(*HALDENPOST_YEARS)))),
    }
    if years >= YEARS_WORTH_SAYING:
        slots["years"] = str(int(years))
    return slots


def _money(amount: float, language: str, rng: np.random.Generator) -> str:
    """Return an amount as people write it."""
    whole = amount == int(amount)
    number = f"{int(amount)}" if whole else f"{amount:.2f}"
    if language == "DE":
        return number.replace(".", ",") + str(pick([" Euro", "€", " €", "€"], rng))
    return str(
        rng.choice([f"€{number}", f"{number} euros", f"{number}€", f"€{round(amount)}" if amount > 9 else f"€{number}"])
    )


def _special(row: Any, person: dict) -> dict[str, str]:
    """Return the special occasions of an answer, and the tags that remarks may ask for."""
    quarter, access = planted.QUARTERS[row.wave], person["access"]
    redesign, callback = planted.INITIATIVES["bill-redesign"], planted.INITIATIVES["repair-callback"]
    known = {
        "outage": quarter == planted.OUTAGE_QUARTER and row.responded_at >= pd.Timestamp("2025-08-20"),
        "new_bill": quarter >= redesign.start and person["plan"] == redesign.level,
        "callback": quarter >= callback.start and row.touchpoint == callback.level,
        "taken_over": person["takeover"],
        "fibre": access == "Fibre",
        "dsl": access == "DSL",
    }
    return {name: "" for name, holds in known.items() if holds}
