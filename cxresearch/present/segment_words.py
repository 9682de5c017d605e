"""Sentences about segments: who differs from whom."""

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.findings import (
    NOTHING,
    Arguments,
    Labels,
    amount,
    finding_named,
    joined,
    metric_name,
    unit_of,
)

MOST_GROUPS = 4


@finding_named
def comparison(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which groups differ from what they were compared with, where one cannot tell, and the family of tests."""
    known = frame[~frames.is_hidden(frame) & frame["verdict"].notna() & (frame["verdict"] != "")]
    if known.empty:
        return NOTHING
    found: dict[str, list[str]] = {}
    records = known.to_dict("records")
    for record in records:
        verdict = "equal" if str(record["verdict"]).startswith("no difference") else record["verdict"]
        whom = say.level("level", record["level"], labels)
        found.setdefault(verdict, []).append(f"{whom} ({amount(record['estimate'], unit_of(record, arguments))})")
    name, against = metric_name(records[0], arguments, labels), _compared_with(known)
    parts = [f"{v} than {against} for {say.listed(found[v], MOST_GROUPS)}" for v in ("higher", "lower") if v in found]
    text = f"{name} is {'; '.join(parts)}" if parts else f"No group's {name} is known to differ from {against}"
    equal, untold = (len(found.get(verdict, [])) for verdict in ("equal", "cannot tell"))
    shows = "shows" if equal == 1 else "show"
    counted = [f"{equal} of {len(records)} {shows} no difference beyond the margin"] if equal else []
    counted += [f"for {untold} of {len(records)} the data cannot tell"] if untold else []
    families = list(dict.fromkeys(known["family"].dropna())) if "family" in known else []
    judged = f"Judged among {say.listed(families)}." if families else ""
    return joined("; ".join([text, *counted]) + ".", judged)


def _compared_with(frame: pd.DataFrame) -> str:
    """Return what groups are compared with, if it is one thing."""
    others = frame["against"].unique()
    return str(others[0]) if len(others) == 1 else "another group"
