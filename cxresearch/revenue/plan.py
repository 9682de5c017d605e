"""What was decided before the data were seen, beside what was done."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.cache import digest

__all__ = ["plan_against_done", "plan_hash"]

SHORT = 12
NOT_PLANNED, NOT_DONE = "not planned", "not done"


def plan_hash(plan: Mapping[str, Any]) -> str:
    """Return the short hash of a plan, by which it can be found again unchanged.

    Examples
    --------
    >>> plan_hash({"horizon": 3}) == plan_hash({"horizon": 3.0}), len(plan_hash({}))
    (False, 12)
    """
    return digest(sorted((name, _plain(value)) for name, value in plan.items()))[:SHORT]


def plan_against_done(plan: Mapping[str, Any], done: Mapping[str, Any]) -> pd.DataFrame:
    """Return what was planned beside what was done.

    Parameters
    ----------
    plan
        The `plan:` of a run file: `primary`, `horizon`, `controls` …
    done
        What the headline used, by the same names.

    Returns
    -------
    pandas.DataFrame
        One row a choice, those of the plan first: `choice`, `planned`, `done`, `same` (`yes`, `no`, `not planned`, `not
        done`), `plan_hash`. What is `exploratory` in the plan is named there and not compared.

    Examples
    --------
    >>> found = plan_against_done({"horizon": 3, "lag": 1}, {"horizon": 6, "weight": "study"})
    >>> found[["choice", "planned", "done", "same"]].to_numpy().tolist()
    [['horizon', '3', '6', 'no'], ['lag', '1', '', 'not done'], ['weight', '', 'study', 'not planned']]
    """
    told = {name: value for name, value in plan.items() if name != "exploratory" and value not in (None, [], ())}
    rows = []
    for name in dict.fromkeys([*told, *done]):
        pair = [_words(table[name]) if name in table else "" for table in (told, done)]
        same = (
            NOT_PLANNED if name not in told else NOT_DONE if name not in done else "yes" if pair[0] == pair[1] else "no"
        )
        rows.append([name, *pair, same, plan_hash(plan)])
    return pd.DataFrame(rows, columns=["choice", "planned", "done", "same", "plan_hash"])


def _plain(value: Any) -> Any:
    """Return a value as it is hashed: a tuple and a list of the same are one."""
    return list(value) if isinstance(value, tuple | list) else value


def _words(value: Any) -> str:
    """Return a value as a cell: the order of a list means nothing."""
    return ", ".join(sorted(map(str, value))) if isinstance(value, tuple | list) else str(value)
