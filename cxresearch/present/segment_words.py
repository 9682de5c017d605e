"""Sentences about segments: who differs from whom."""

from typing import Any

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
    level_of,
    metric_name,
    unit_of,
)

MOST_GROUPS, MOST_LINES = 4, 3
SIGNIFICANCE = 0.05


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


@finding_named
def crosstab(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return the columns that differ most clearly from all others of their banner, if any do."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "estimate").notna()]
    if known.empty:
        return NOTHING
    # A mean or NPS sums up the lines above it.
    summed = known[known["unit"].isin(["mean", "points"])]
    lines = summed if len(summed) else known
    clear = lines[frames.floats(lines, "p_adjusted") < SIGNIFICANCE].sort_values("p_adjusted", kind="stable")
    if clear.empty:
        return "No column is known to differ from the others."
    columns = clear.drop_duplicates(["banner", "banner_level"])
    told = [_of_column(record, known, arguments, labels) for record in columns.head(MOST_LINES).to_dict("records")]
    rest = len(columns) - len(told)
    more = f"; {say.count(rest, 'more column')} {'differs' if rest == 1 else 'differ'}" if rest else ""
    return say.capital("; ".join(told)) + f"{more}."


def _of_column(record: dict[str, Any], known: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return one column's number in a line beside that of everyone."""
    everyone = known[known["row_level"].eq(record["row_level"]) & known["banner_level"].map(say.is_total)]
    unit, answer = str(record["unit"]), say.level("answer", record["row_level"], labels)
    value = level_of(record["estimate"], unit, arguments)
    base = f" against {level_of(everyone['estimate'].iloc[0], unit, arguments)} of all" if len(everyone) else ""
    whom = say.level("level", record["banner_level"], labels)
    what = f"“{answer}”" if unit == "share" else answer
    return f"{whom} ({say.label(record['banner'], labels).lower()}): {what} {value}{base}"
