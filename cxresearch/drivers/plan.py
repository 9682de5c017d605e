"""What was decided before the answers were seen, beside what was done."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxresearch.drivers.prepared import Prepared

__all__ = ["plan_against_done"]


def plan_against_done(prepared: Prepared, plan: Mapping[str, Any]) -> pd.DataFrame:
    """Return what the run's `plan:` named, what was done, and so what is exploratory.

    Parameters
    ----------
    prepared
        What `prepare` returned.
    plan
        The run file's `plan:`; `primary` names the outcome, `drivers` may list the drivers.

    Returns
    -------
    pandas.DataFrame
        `decision`, `planned` ("" where nothing was), `done`, `status` (`as planned`, `differs from the plan` or
        `exploratory`).

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), copies=2)
    >>> plan_against_done(prepared, {"primary": "nps"})["status"].tolist()
    ['as planned', 'exploratory']
    """
    done = {"primary": prepared.outcome, "drivers": ", ".join(prepared.drivers)}
    planned = {name: plan.get(name, "") for name in done}
    told = {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in planned.items()}
    rows = [(name, told[name], done[name], _status(told[name], done[name])) for name in done]
    frame = pd.DataFrame(rows, columns=["decision", "planned", "done", "status"]).astype("str")
    return frame.assign(decision=["Outcome", "Drivers"])


def _status(planned: str, done: str) -> str:
    """Return how what was done stands to what was planned."""
    if not planned:
        return "exploratory"
    return "as planned" if planned == done else "differs from the plan"
