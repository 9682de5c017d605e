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
    shown,
    unit_of,
)

MOST_GROUPS, MOST_LINES = 4, 3
REST = "the rest"
SIGNIFICANCE = 0.05
# Steps that would be told as nothing are not told.
SMALLEST_STEP = 0.05
# A share of the customers that nobody would notice.
SMALLEST_GAP = 0.0005


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
    parts = [f"{v} for {say.listed(found[v], MOST_GROUPS)}" for v in ("higher", "lower") if v in found]
    text = f"{name} is {' and '.join(parts)} than for {against}"
    text = text if parts else f"No group's {name} is known to differ from {against}"
    equal, untold = (len(found.get(verdict, [])) for verdict in ("equal", "cannot tell"))
    shows = "shows" if equal == 1 else "show"
    # Of a table that shows the first rows of a family only, the others are not counted.
    if _tests_of(known) > len(records):
        return joined(f"{text}.", _judged(known))
    counted = [f"{equal} of {len(records)} {shows} no difference beyond the margin"] if equal else []
    counted += [f"for {untold} of {len(records)} the data cannot tell"] if untold else []
    return joined("; ".join([text, *counted]) + ".", _judged(known))


def _tests_of(frame: pd.DataFrame) -> int:
    """Return how many tests the families of some rows hold, as their names begin with it."""
    families = frame["family"].dropna().unique() if "family" in frame else []
    return sum(int(name.split(" ")[0]) for name in families if name.split(" ")[0].isdigit())


def _judged(frame: pd.DataFrame) -> str:
    """Return among how many tests each was judged."""
    families = list(dict.fromkeys(frame["family"].dropna())) if "family" in frame else []
    if len(families) == 1:
        return "" if families[0].startswith("1 ") else f"Judged among {families[0]}."
    return "Judged within each segment." if families else ""


def _compared_with(frame: pd.DataFrame) -> str:
    """Return what groups are compared with, if it is one thing."""
    others = frame["against"].unique() if "against" in frame else [REST]
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


@finding_named
def bridge(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return what a change is made of, and whether it is more than one expects when nothing changed."""
    records = frame.to_dict("records")
    unit, name = unit_of(records[0], arguments), metric_name(records[0], arguments, labels)
    first, last = records[0]["estimate"], records[-1]["estimate"]
    if pd.isna(first) or pd.isna(last):
        return NOTHING
    moved = f"{name} went from {level_of(first, unit, arguments)} to {level_of(last, unit, arguments)}"
    steps = [f"{_size(r['estimate'], unit)} {_way(r['estimate'])} from {r['step']}" for r in records[1:-1]
             if not pd.isna(r["estimate"]) and abs(r["estimate"]) >= SMALLEST_STEP]  # fmt: skip
    made_of = f": {say.listed(steps, MOST_GROUPS)}" if steps else ""
    band = arguments.get("band")
    if band is None:
        return f"{moved}{made_of}."
    within = "no more than" if abs(last - first) <= band else "more than"
    return joined(
        f"{moved}{made_of}.", f"That is {within} the {amount(band, unit)} that one expects when nothing changed."
    )


def _size(value: float, unit: str) -> str:
    """Return the size of a step, with a decimal, since steps are small."""
    unit = say.unit_of_change(unit)
    digits = 2 if unit == "mean" else 1
    text = say.number(abs(value), unit, digits=digits)
    return f"{text} {unit}" if unit in ("points", "percentage points") else text


def _way(value: float) -> str:
    """Return whether a step goes up or down."""
    return "up" if value > 0 else "down"


@finding_named
def ranking(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return which units surely belong to the upper and to the lower half, and how many cannot be ranked."""
    known = shown(frame)
    ranked = known[frames.floats(known, "rank").notna()]
    if ranked.empty:
        return "No unit has answers enough to be ranked."
    column, half = frame.columns[0], len(ranked) / 2
    above = ranked[frames.floats(ranked, "rank_high") <= half][column]
    below = ranked[frames.floats(ranked, "rank_low") > half][column]
    parts = [
        f"{say.listed((say.level(column, name, labels) for name in names), MOST_GROUPS)} surely "
        f"{'belongs' if len(names) == 1 else 'belong'} to the {where} half"
        for names, where in ((above, "upper"), (below, "lower"))
        if len(names)
    ]
    rest = len(ranked) - len(above) - len(below)
    told = say.capital("; ".join(parts)) if parts else f"None of {len(ranked)} units surely belongs to one half"
    more = f"; {rest} of {len(ranked)} may belong to either" if parts and rest else ""
    small = len(frame) - len(ranked)
    return joined(f"{told}{more}.", f"{say.count(small, 'unit')} with too few answers not ranked." if small else "")


@finding_named
def benchmark(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return how each metric stands to the benchmarks that asked alike, and which did not."""
    known = frame[~frames.is_hidden(frame)]
    words = {"higher": "above", "lower": "below", "cannot tell": "not to be told apart from"}
    told = []
    for record in known[known["verdict"].isin(list(words))].to_dict("records"):
        unit = unit_of(record, arguments)
        beside = level_of(record["benchmark"], unit, arguments)
        name = say.label(record["metric"], labels)
        told.append(f"{name} is {words[record['verdict']]} {record['source']} ({beside})")
    text = "; ".join(told) if told else "No benchmark asked in the same way"
    others = list(dict.fromkeys(known.loc[known["verdict"].eq("not comparable"), "source"]))
    return joined(f"{text}.", f"Not comparable: {say.listed(others)}." if others else "")


@finding_named
def weighting(frame: pd.DataFrame, arguments: Arguments, labels: Labels) -> str:
    """Return to what the answers were weighted, the largest shift, and the largest gap that is left."""
    known = frame[~frames.is_hidden(frame) & frames.floats(frame, "achieved").notna()]
    if known.empty:
        return NOTHING
    margins = say.listed(say.label(name, labels).lower() for name in known["variable"].unique())
    shift = frames.floats(known, "target") - frames.floats(known, "share")
    record = known.loc[shift.abs().idxmax()]
    whom, size = say.level("level", record["level"], labels), amount(shift.abs().max(), "share")
    direction = "too few" if shift[shift.abs().idxmax()] > 0 else "too many"
    left = frames.floats(known, "gap").abs().max()
    gap = f"A gap of up to {amount(left, 'share')} is left." if left > SMALLEST_GAP else "No gap is left."
    return joined(f"Answers are weighted to the customers' {margins}: {direction} answered of {whom} ({size}).", gap)
