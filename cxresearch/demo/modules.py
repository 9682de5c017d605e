"""Answers to the inserted questions: prices, trade-offs, features, intent."""

import numpy as np
import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream

COLUMNS = ["response_id", "customer", "wave", "module", "question", "task", "item", "answer"]


def module_answers(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the answers to the inserted questions, one row an answered item.

    Parameters
    ----------
    rows
        Table of `defects.spoil`.
    seed
        Seed of the company.

    Returns
    -------
    pandas.DataFrame
        `response_id`, `customer` (its row), `wave`, `module`, `question`, `task` ("", number or side), `item`, `answer`
        (as text).
    """
    finished = rows[(rows["defect"] != "copy of a row") & (rows["finished"] == 1) & (rows["status"] == 0)]
    finished = finished[finished["defect"] != "second answer"]
    ask = {"pricing": _pricing, "maxdiff": _maxdiff, "features": _features}
    made = []
    for row in finished[finished["arm"].isin(list(ask))].itertuples():
        rng = stream(seed, f"module {row.response_id}")
        lines = ask[row.arm](row.score, rng)
        head = (row.response_id, row.customer, planted.QUARTERS[row.wave], row.arm)
        made += [(*head, *line) for line in lines]
    return pd.DataFrame(made, columns=COLUMNS)


def _pricing(score: int, rng: np.random.Generator) -> list[tuple]:
    """Return four prices of a home-security add-on and the intent to buy it at the list price."""
    centre = planted.PRICE_CENTRE * np.exp(rng.normal(0, planted.PRICE_SPREAD) + 0.02 * (score - 8))
    factors = np.sort(np.array(planted.PRICE_FACTORS) * np.exp(rng.normal(0, 0.08, 4)))
    prices = [_round_price(centre * factor) for factor in factors]
    if rng.random() < planted.PRICE_DISORDER:  # people who did not read: the order of the answers is impossible
        prices = prices[::-1]
    lines = [("price", "", item, f"{price:.2f}") for item, price in zip(planted.PRICE_ITEMS, prices, strict=True)]
    appeal = planted.INTENT_MEAN + 0.12 * (score - 8) + 0.35 * np.log(centre / planted.LIST_PRICE) + rng.normal(0, 1.0)
    return [*lines, ("intent", "", "home_security", str(int(np.clip(np.rint(appeal), 1, 5))))]


def _round_price(price: float) -> float:
    """Return a price as people say it: whole or half euros, often ending on .99."""
    return max(0.5, np.rint(price * 2) / 2) if price < 6 else float(np.rint(price)) - 0.01 * (np.rint(price) % 5 == 0)


def _maxdiff(score: int, rng: np.random.Generator) -> list[tuple]:
    """Return best and worst in each task; the utilities are planted, the person's differ round them."""
    items = list(planted.MAXDIFF_UTILITIES)
    own = np.array(list(planted.MAXDIFF_UTILITIES.values())) + rng.normal(0, planted.MAXDIFF_SPREAD, len(items))
    lines = []
    for task in range(1, planted.MAXDIFF_TASKS + 1):
        shown = rng.choice(len(items), planted.MAXDIFF_SHOWN, replace=False)
        best = shown[np.argmax(own[shown] + rng.gumbel(size=len(shown)))]
        rest = shown[shown != best]
        worst = rest[np.argmax(-own[rest] + rng.gumbel(size=len(rest)))]
        lines += [
            ("priority", str(task), items[place], str(int(place == best) - int(place == worst))) for place in shown
        ]
    return lines


def _features(score: int, rng: np.random.Generator) -> list[tuple]:
    """Return a Kano pair for each feature and the channels someone would use, as many as apply."""
    lines = []
    for feature, kind in planted.KANO.items():
        felt = kind if rng.random() < planted.KANO_AGREEMENT else "indifferent"
        functional, dysfunctional = planted.KANO_ANSWERS[felt]
        lines.append(("kano", "functional", feature, str(_near(functional, rng))))
        lines.append(("kano", "dysfunctional", feature, str(_near(dysfunctional, rng))))
    taste = rng.normal()
    for option, (share, tilt) in planted.TURF.items():
        level = np.log(share / (1 - share)) + tilt * taste
        lines.append(("bundle", "", option, str(int(rng.random() < 1 / (1 + np.exp(-level))))))
    return lines


def _near(answer: int, rng: np.random.Generator) -> int:
    """Return an answer 1-5, now and then one off."""
    return int(np.clip(answer + rng.choice([-1, 0, 1], p=[0.1, 0.8, 0.1]), 1, 5))
