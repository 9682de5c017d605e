"""Which items a MaxDiff question shows in which task: each item as often as any other, pairs even, places rotated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from cxresearch.questions.blocks import blocks

__all__ = ["MaxDiffDesign", "maxdiff_design"]


@dataclass(frozen=True)
class MaxDiffDesign:
    """The tasks of a MaxDiff question.

    Attributes
    ----------
    tasks
        One row an item shown: `task` and `position` (both from 1), `item`.
    items
        `item`, `shown` (tasks that show it), `positions` (different places at which it stands).
    pairs
        `first`, `second`, `together` (tasks that show both).
    seed
        Makes the same tasks again.
    """

    tasks: pd.DataFrame
    items: pd.DataFrame
    pairs: pd.DataFrame
    seed: int

    @property
    def sentence(self) -> str:
        """How even the design is."""
        shown, together = self.items["shown"], self.pairs["together"]
        return (
            f"{self.tasks['task'].max()} tasks (seed {self.seed}): each item is shown {_span(shown)} times, "
            f"each pair together {_span(together)} times."
        )


def maxdiff_design(items: Sequence[str], tasks: int, shown: int, *, seed: int = 0) -> MaxDiffDesign:
    """Return the tasks of a MaxDiff question, as even as their number allows.

    Parameters
    ----------
    items
        Ids of the items.
    tasks
        Tasks a person answers.
    shown
        Items a task.
    seed
        Of the order of tasks and places, and of the exchange where no balanced design is found.

    Returns
    -------
    MaxDiffDesign
        Tasks, and how often items and pairs are shown. One design for everybody: all see the same tasks.

    Raises
    ------
    ValueError
        If some item would never be shown, or a task would show all of them.

    Notes
    -----
    Which items go together is a block design (see `blocks`). Places are given out task by task, so that the counts of
    each item at each place stay even: a linear assignment (Kuhn 1955). Louviere, Flynn and Marley (2015), *Best-Worst
    Scaling*.

    Examples
    --------
    >>> design = maxdiff_design(list("abcdefg"), tasks=7, shown=3)
    >>> print(design.sentence)
    7 tasks (seed 0): each item is shown 3 times, each pair together 1 times.
    >>> list(design.tasks), len(design.tasks)
    (['task', 'position', 'item'], 21)
    """
    if tasks * shown < len(items):
        raise ValueError(
            f"maxdiff_design: {tasks} tasks of {shown} cannot show {len(items)} items; ask more tasks or fewer items."
        )
    rng = np.random.default_rng(seed)
    mixed = [str(item) for item in rng.permutation(list(items))]
    made = blocks(mixed, shown, tasks, seed=seed)
    members = [made.members[one] for one in rng.permutation(tasks)]
    table = pd.DataFrame(_placed(members, list(items), rng), columns=["task", "position", "item"])
    told = table.groupby("item").agg(shown=("task", "size"), positions=("position", "nunique"))
    return MaxDiffDesign(table, told.loc[list(items)].reset_index(), made.balance, seed)


def _placed(members: list[list[str]], items: list[str], rng: np.random.Generator) -> list[tuple[int, int, str]]:
    """Return task, position and item, each item about equally often at each position."""
    counts, rows = np.zeros((len(items), len(members[0]))), []
    for task, names in enumerate(members, start=1):
        known = [items.index(name) for name in names]
        # Where several places would be as even, chance decides.
        _, places = linear_sum_assignment(counts[known] + rng.random((len(known), len(known))) / len(counts))
        counts[known, places] += 1
        rows += sorted((task, int(place) + 1, name) for name, place in zip(names, places, strict=True))
    return rows


def _span(counts: pd.Series) -> str:
    """Return the least and the most, or what both are."""
    least, most = int(counts.min()), int(counts.max())
    return str(least) if least == most else f"{least} to {most}"
