"""Prices: Van Westendorp's curves with intervals, and the share to whom a price is acceptable."""

import numpy as np
import pandas as pd

from cxresearch.metrics import proportion
from cxresearch.questions.van_westendorp import PRICES, van_westendorp
from cxresearch.schema.questions import Question
from cxresearch.strict_yaml import StudyError

__all__ = ["INTENT_ITEMS", "price_tables", "priced"]

WEIGHT = "weight"
# The two prices at which an intent question asks for the likelihood to buy, as Newton, Miller and Smith do.
INTENT_ITEMS = ("bargain", "getting_expensive")
INTENTS = ("intent_bargain", "intent_expensive")
# Curves are drawn through this many of the prices named.
MOST_PRICES = 60
CHEAP = ("too_cheap", "bargain")


def priced(rows: pd.DataFrame, intents: pd.DataFrame) -> pd.DataFrame:
    """Return one row a person with the four prices, and the likelihood to buy at the inner two where it was asked."""
    wide = rows.pivot(index="response_id", columns="item", values="answer").reindex(columns=list(PRICES))
    people = rows.drop_duplicates("response_id").drop(columns=["item", "answer"])
    people = people.assign(**{name: people["response_id"].map(wide[name]) for name in PRICES})
    for item, column in zip(INTENT_ITEMS, INTENTS, strict=True):
        asked = intents[intents["item"].eq(item)].set_index("response_id")["answer"]
        people = people.assign(**{column: people["response_id"].map(asked)}) if len(asked) else people
    return people


def price_tables(
    people: pd.DataFrame, question: Question, conf_level: float, n_boot: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Return `points`, `curves`, `acceptable`, `checks`; with intents also `reach` and `demand`.

    Parameters
    ----------
    people
        As `priced` returns them.
    question
        Of type van-westendorp.
    conf_level, n_boot, seed
        As for `van_westendorp`.

    Raises
    ------
    StudyError
        If another order of the four columns suits far more people: what would come out is not what was asked.
    """
    intent = INTENTS if {*INTENTS} <= set(people) else None
    if intent:
        people = people[people[list(INTENTS)].notna().all(axis=1)]
    meter = van_westendorp(people, intent=intent, weight=WEIGHT, n_boot=n_boot, seed=seed, conf_level=conf_level)
    swapped = meter.checks[meter.checks["status"].eq("fail")]
    if len(swapped):
        raise StudyError(f"{question.id}: {swapped['sentence'].iloc[0]}")
    kept = people[(np.diff(people[list(PRICES)], axis=1) > 0).all(axis=1)]
    points = meter.points.drop(columns="flag").assign(unit=question.unit or "", flag=meter.points["flag"])
    found = {"points": points, "curves": _curves(kept, conf_level), "acceptable": _acceptable(kept, conf_level)}
    return found | {"checks": meter.checks} | ({"reach": meter.reach, "demand": meter.demand} if intent else {})


def _grid(people: pd.DataFrame) -> np.ndarray:
    """Return the prices named, evenly thinned where they are many."""
    named = np.unique(people[list(PRICES)].to_numpy(dtype=float))
    return named[np.unique(np.linspace(0, len(named) - 1, min(len(named), MOST_PRICES)).round().astype(int))]


def _at_each(people: pd.DataFrame, price: np.ndarray) -> pd.DataFrame:
    """Return people, once a price."""
    again = people.loc[people.index.repeat(len(price))].reset_index(drop=True)
    return again.assign(price=np.tile(price, len(people)))


def _curves(people: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the four curves with intervals: the cheap ones fall with the price, the expensive ones rise."""
    rows, parts = _at_each(people, _grid(people)), []
    for name in PRICES:
        says = rows[name].gt(rows["price"]) if name in CHEAP else rows[name].le(rows["price"])
        part = proportion(rows.assign(_is=says), "price", column="_is", weight=WEIGHT, conf_level=conf_level)
        parts.append(part.assign(curve=name))
    found = pd.concat(parts, ignore_index=True)
    return found[["curve", *(column for column in found if column != "curve")]]


def _acceptable(people: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the share of people to whom a price is neither too cheap nor too expensive, and that times the price."""
    rows = _at_each(people, _grid(people))
    inside = rows["price"].gt(rows["too_cheap"]) & rows["price"].lt(rows["too_expensive"])
    found = proportion(rows.assign(_is=inside), "price", column="_is", weight=WEIGHT, conf_level=conf_level)
    found.insert(len(found.columns) - 1, "revenue", found["estimate"] * found["price"])
    return found
