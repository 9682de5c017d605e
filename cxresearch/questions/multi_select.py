"""Multi-select questions: how many people tick each item, which go together, and what sets of them reach."""

from functools import partial

import pandas as pd

from cxresearch.metrics import mean, proportion
from cxresearch.questions.turf import turf
from cxresearch.schema.questions import Question

__all__ = ["reach", "ticked", "ticks"]

WEIGHT, TICKED = "weight", "_ticked"
MOST_IN_A_SET = 4


def ticks(rows: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Return one row a person, with 1 or 0 an item; missing where an item was not answered.

    Parameters
    ----------
    rows
        Answers to the question; where no row says 0, only ticks were kept, and what is not there was not ticked.
    question
        Its items become the columns.

    Examples
    --------
    >>> asked = Question(id="tv", module="m", type="multi-select", text="?", items={"film": "F", "news": "N"})
    >>> rows = pd.DataFrame({"response_id": ["a", "a", "b"], "item": ["film", "news", "news"], "answer": [1.0, 0, 1]})
    >>> ticks(rows, asked)[["film", "news"]].values.tolist()
    [[1.0, 0.0], [nan, 1.0]]
    """
    wide = rows.pivot(index="response_id", columns="item", values="answer").reindex(columns=list(question.items))
    if not rows["answer"].eq(0).any():
        wide = wide.fillna(0.0)
    people = rows.drop_duplicates("response_id").drop(columns=["item", "answer"])
    return people.assign(**{item: people["response_id"].map(wide[item]) for item in question.items})


def ticked(rows: pd.DataFrame, question: Question, by: list[str], conf_level: float) -> dict[str, pd.DataFrame]:
    """Return `shares` of people by item, `ticked` items a person, and `overlap`: who ticks one and also another."""
    people, items = ticks(rows, question), list(question.items)
    share = partial(proportion, by=by or None, weight=WEIGHT, conf_level=conf_level)
    parts = [share(people, column=item).assign(item=item) for item in items]
    number = people.assign(**{TICKED: people[items].sum(axis=1, min_count=1)})
    overlap = [
        share(people[people[item].eq(1)], column=other).assign(item=item, also=other)
        for item in items
        for other in items
        if other != item and people[item].eq(1).any()
    ]
    return {
        "shares": _first([*by, "item"], pd.concat(parts, ignore_index=True)),
        "ticked": mean(number, by or None, column=TICKED, weight=WEIGHT, conf_level=conf_level),
        "overlap": _first([*by, "item", "also"], pd.concat(overlap, ignore_index=True)) if overlap else pd.DataFrame(),
    }


def _first(groups: list[str], frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with its grouping columns first."""
    return frame[[*groups, *(name for name in frame if name not in groups)]]


def reach(rows: pd.DataFrame, question: Question, conf_level: float, n_boot: int, seed: int) -> dict[str, pd.DataFrame]:
    """Return `sets`, `steps` and `items` of TURF over the items that exclude no others."""
    items = [name for name in question.items if name not in question.exclusive]
    sizes = range(2, min(MOST_IN_A_SET, len(items)) + 1)
    if not sizes:
        return {}
    found = turf(
        ticks(rows, question), items, sizes=sizes, weight=WEIGHT, n_boot=n_boot, seed=seed, conf_level=conf_level
    )
    return {"sets": found.sets, "steps": found.steps, "items": found.items}
