"""What a person talks about: topics weighed by ratings, touchpoint and occasion."""

from dataclasses import dataclass

import numpy as np

from cxresearch.demo import planted

# Weight of each topic at a touchpoint, in a comment on a contact.
AT_TOUCHPOINT = {
    "order": {"staff": 3, "app": 2, "price": 2, "waiting": 1, "moving": 1.5, "router": 1},
    "installation": {"technician": 4, "router": 2.5, "moving": 1.5, "waiting": 0.7, "staff": 0.7},
    "billing": {"billing": 4, "price": 1.5, "staff": 1.2, "waiting": 1.2, "app": 0.6},
    "support": {"waiting": 2.5, "staff": 2.5, "broadband": 1.3, "router": 1, "app": 0.8, "coverage": 0.7},
    "repair": {"technician": 4, "broadband": 1.5, "waiting": 1.2, "staff": 0.8, "coverage": 0.5},
    "renewal": {"contract": 4, "price": 2.5, "staff": 1.2, "waiting": 0.5},
}
# Driver whose rating a topic follows, and how often the topic comes up for it.
FOLLOWS = {
    "coverage": ("network", 1.0),
    "broadband": ("speed", 0.9),
    "router": ("speed", 0.5),
    "price": ("value", 1.0),
    "billing": ("billing", 0.9),
    "app": ("app", 0.5),
    "staff": ("staff", 0.9),
    "waiting": ("staff", 0.6),
    "technician": ("repair", 0.8),
}


@dataclass(frozen=True)
class Occasion:
    """What is known about a person when they write.

    Attributes
    ----------
    ratings
        Rating of each driver; 0 where it does not apply, empty in a comment on a contact.
    touchpoint
        "" in the relationship survey.
    window, mailbox, ai, newcomer
        Whether the renewal window is open, the mailbox was closed, the assistant answered, the contract is young.
    online
        Whether there is a line at home.
    """

    ratings: dict[str, int]
    touchpoint: str
    window: bool
    mailbox: bool
    ai: bool
    newcomer: bool
    online: bool


def weights(occasion: Occasion, tone: int) -> dict[str, float]:
    """Return how likely each topic is to come up with a tone.

    Parameters
    ----------
    occasion
        What is known about the person.
    tone
        -1 for a gripe, +1 for praise.

    Returns
    -------
    dict
        Topic to weight, all positive.
    """
    found = _from_touchpoint(occasion) if occasion.touchpoint else _from_ratings(occasion, tone)
    bad = tone < 0
    found["contract"] = found.get("contract", 0.0) + ((2.5 if bad else 0.3) if occasion.window else 0.2)
    found["moving"] = found.get("moving", 0.0) + (1.6 if occasion.newcomer else 0.08)
    found["assistant"] = found.get("assistant", 0.0) + (4.0 if occasion.ai else 0.15 if bad else 0.06)
    if occasion.mailbox:
        found["mailbox"] = (30.0 if bad else 0.6) * (0.5 if occasion.touchpoint else 1.0)
    if not occasion.online:
        found.pop("broadband", None)
        found.pop("router", None)
    return found


def subject(occasion: Occasion, tone: int, taken: list[str], rng: np.random.Generator) -> str:
    """Return a topic that a person brings up in a tone, one not taken yet; the weightier the likelier.

    Parameters
    ----------
    occasion
        What is known about the person.
    tone
        -1 for a gripe, +1 for praise.
    taken
        Topics that are already in the text.
    rng
        Random stream.

    Returns
    -------
    str
        A name of `stock.TOPICS`.
    """
    left = {topic: weight for topic, weight in weights(occasion, tone).items() if topic not in taken}
    place = rng.random() * sum(left.values())
    for topic, weight in left.items():
        place -= weight
        if place < 0:
            return topic
    return topic


def _from_ratings(occasion: Occasion, tone: int) -> dict[str, float]:
    """Return weights that follow the ratings: people gripe about what they rate low and praise what they rate high."""
    found = {}
    for topic, (driver, often) in FOLLOWS.items():
        rating = occasion.ratings[driver]
        if rating:
            distance = max(0.0, tone * (rating - planted.DRIVERS[driver].mean))
            found[topic] = often * (0.15 + distance**1.6)
    return found


def _from_touchpoint(occasion: Occasion) -> dict[str, float]:
    """Return weights of the touchpoint; the assistant has no queue and no face."""
    found = {topic: float(weight) for topic, weight in AT_TOUCHPOINT[occasion.touchpoint].items()}
    if occasion.ai:
        found["waiting"] = found.get("waiting", 0.0) * 0.2
        found["staff"] = found.get("staff", 0.0) * 0.2
    return found
