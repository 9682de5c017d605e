"""Acquisition costs and the benchmarks of the industry."""

import pandas as pd

from cxresearch.demo import planted
from cxresearch.demo.dice import stream
from cxresearch.demo.world import World

COST_PER_CUSTOMER = {"online": 82.0, "shop": 148.0, "telesales": 196.0, "partner": 121.0}  # EUR, planted
TAKEOVER_COST = 64.0
ASKED = "How likely are you to recommend {} to a friend or colleague?"
SATISFIED = "Overall, how satisfied are you with your provider?"
BENCHMARKS = [
    # source, metric, scale, mode, wording, first value, change a quarter, n: comparable only where all of it agrees
    ("Telecom Index Germany", "nps", "0-10", "online", ASKED.format("your provider"), 14, 0.5, 5200),
    ("Call Centre Monitor", "nps", "0-10", "phone", ASKED.format("your provider"), 27, 0.4, 1800),
    ("Mobile Mirror", "nps", "1-10", "online", "Would you recommend your provider?", 6, 0.6, 2400),
    (
        "Telecom Index Germany",
        "csat",
        "1-5",
        "online",
        SATISFIED,
        3.7,
        0.01,
        5200,
    ),
]


def acquisition(world: World) -> pd.DataFrame:
    """Return what was spent on winning customers.

    Parameters
    ----------
    world
        The company.

    Returns
    -------
    pandas.DataFrame
        `quarter`, `channel`, `spend_eur`, `new_customers`; the takeover stands in a line of its own.
    """
    people = world.customers
    quarter = pd.PeriodIndex(people["since"], freq="Q").astype(str)
    channel = people["channel"].where(~people["takeover"], "takeover")
    won = people.groupby([quarter, channel]).size().rename("new_customers")
    won = won.loc[list(planted.QUARTERS)].rename_axis(["quarter", "channel"]).reset_index()
    cost = won["channel"].map(COST_PER_CUSTOMER | {"takeover": TAKEOVER_COST})
    noise = 1 + stream(planted.SEED, "costs").normal(0, 0.05, len(won))
    won.insert(2, "spend_eur", (won["new_customers"] * cost * noise).round(2))
    return won


def benchmarks() -> pd.DataFrame:
    """Return what others report about the industry.

    Returns
    -------
    pandas.DataFrame
        `quarter`, `source`, `metric`, `value`, `n`, `scale`, `mode`, `wording`.
    """
    rows = [
        (quarter, source, metric, round(first + step * place, 2), n, scale, mode, wording)
        for source, metric, scale, mode, wording, first, step, n in BENCHMARKS
        for place, quarter in enumerate(planted.QUARTERS)
    ]
    return pd.DataFrame(rows, columns=["quarter", "source", "metric", "value", "n", "scale", "mode", "wording"])
