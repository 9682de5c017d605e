"""Which rows of a run's tables to hide, so that no hidden number follows from what is shown.

Every row of a table about people is one *cell* (two in a table of changes: the current group and the previous one): a
group of people, named by its levels and period, and a base. A hidden group is hidden wherever the run shows it or a
part of it. Rows are compared by names and bases alone, so the rules serve any table.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.linalg import null_space

from cxresearch.present.payload import Payload

# Columns whose levels are no parts of one whole: a person counts in several of them, or they count no persons.
AXES = frozenset({
    "period", "metric", "survey", "touchpoint", "stage", "table", "file", "rule", "column", "question", "driver",
    "topic", "segment", "item", "outcome", "price", "term", "wave", "arm", "compare_to", "previous_period",
})  # fmt: skip
# What a group of people is *not* named by: the same people are behind every metric; period and survey are kept apart.
NOT_IN_A_NAME = ("metric", "survey", "period", "compare_to", "previous_period")
TOTALS = frozenset({"total", "all", "overall", "everyone"})
SEGMENT, LEVEL = "segment", "level"
BASE, COMPLEMENT, LINKED, DOMINATED = "base", "complement", "linked", "dominated"
FEWEST_HIDDEN = 2
# A hidden cell is determined when no direction in which the hidden cells may move together moves it.
STILL = 1e-9


def cells(payloads: list[Payload]) -> pd.DataFrame:
    """Return one row per group of people in the tables.

    Parameters
    ----------
    payloads
        Payloads about people; each has `n_customers`.

    Returns
    -------
    pd.DataFrame
        `payload`, `row` (places), `slot` (`current` or `previous`), `base`, `smallest` (the least base of the row that
        must reach the minimum), `period`, `survey` ("" where unknown), and a column `@name` for each grouping column
        (missing where a table lacks it).
    """
    found = [_cells_of(number, payload) for number, payload in enumerate(payloads)]
    empty = pd.DataFrame({name: [] for name in ("payload", "row", "slot", "base", "smallest", "period", "survey")})
    return pd.concat([part for part in found if len(part)] or [empty], ignore_index=True)


def hidden(table: pd.DataFrame, min_base: int) -> pd.Series:
    """Return why each cell is hidden, "" where it may be shown.

    Parameters
    ----------
    table
        As `cells` returns it.
    min_base
        Fewest distinct customers that a shown group has.

    Returns
    -------
    pd.Series
        `base` (too few customers), `complement` (else another could be found by subtraction) or `linked` (hidden in
        another table of the run), by cell.

    Notes
    -----
    A group without any answers is no person's data and is shown, unless nothing else can keep a hidden one unknown.
    Along each segment the hidden groups are at least two and together reach `min_base`; the next smallest is hidden
    until they do. In tables of several segments this alone does not suffice (two blocks of hidden cells joined by one
    cell give that cell away), so the cells determined by the linear equations of all totals are sought by the null
    space of these equations, and more is hidden until there are none. Totals are taken as known even where the table
    does not show them, for another table may.
    """
    why = pd.Series("", index=table.index, dtype="str")
    why[(table["smallest"] > 0) & (table["smallest"] < min_base)] = BASE
    while True:
        before = int((why != "").sum())
        _mark(why, _linked(table, why != ""), LINKED)
        for _, part in table.groupby(["payload", "slot"], sort=False):
            _hide_complements(part, why, min_base)
        if int((why != "").sum()) == before:
            return why


def segments_of(table: pd.DataFrame) -> list[str]:
    """Return the columns of one table along which groups add up to a total."""
    present = [name for name in table.columns if name.startswith("@") and table[name].notna().any()]
    return [name for name in present if name[1:] not in AXES]


def _cells_of(number: int, payload: Payload) -> pd.DataFrame:
    """Return the cells of one table."""
    frame = payload.to_frame()
    others = [name for name in frame.columns if name.startswith("n_customers_") and name != "n_customers_previous"]
    groups = frame[list(payload.group_columns)].astype("str").fillna("(missing)").add_prefix("@")
    now = pd.DataFrame({"payload": number, "row": range(len(frame)), "slot": "current"})
    now["base"] = _bases(frame, ["n_customers"])
    now["smallest"] = _bases(frame, ["n_customers", *others])
    now["period"] = _context(frame, payload, "period")
    now["survey"] = _context(frame, payload, "survey")
    now = pd.concat([now, groups], axis=1)
    if "n_customers_previous" not in frame.columns:
        return now
    then = now.assign(slot="previous", base=_bases(frame, ["n_customers_previous"]))
    period = _context(frame, payload, "previous_period")
    then["period"] = period.where(period != "", _context(frame, payload, "compare_to"))
    return pd.concat([now, then.assign(smallest=then["base"])], ignore_index=True)


def _bases(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return the least of the bases of each row; a missing one counts as 1, for nobody knows that it is enough."""
    numbers = frame[columns].astype("float64")
    silent = frame.drop(columns=columns).select_dtypes("number").isna().all(axis=1)
    return numbers.apply(lambda column: column.fillna(1.0).where(column.notna() | ~silent, 0.0)).min(axis=1)


def _context(frame: pd.DataFrame, payload: Payload, name: str) -> pd.Series:
    """Return the period or survey of each row: its column, else the payload's argument or provenance, else ""."""
    if name in frame.columns:
        return frame[name].astype("str").fillna("")
    known = payload.arguments.get(name) or payload.provenance.get(name) or ""
    return pd.Series(str(known), index=frame.index, dtype="str")


def _names(table: pd.DataFrame) -> pd.DataFrame:
    """Return what names each cell's group: a column a segment or axis, missing where it is not narrowed down by it."""
    names = table[[name for name in table.columns if name.startswith("@") and name[1:] not in NOT_IN_A_NAME]].copy()
    if f"@{SEGMENT}" in names and f"@{LEVEL}" in names:
        for segment in names[f"@{SEGMENT}"].dropna().unique():
            own = names[f"@{SEGMENT}"] == segment
            column = names[f"@{segment}"] if f"@{segment}" in names else pd.Series(None, index=names.index, dtype="str")
            names[f"@{segment}"] = column.where(~own, names[f"@{LEVEL}"])
        names = names.drop(columns=[f"@{SEGMENT}", f"@{LEVEL}"])
    return names.mask(names.apply(lambda column: column.str.lower().isin(TOTALS)))


def _linked(table: pd.DataFrame, is_hidden: pd.Series) -> pd.Index:
    """Return the cells whose group is a hidden one, or a part of it, in the same period and survey."""
    names = _names(table)
    secret = names[is_hidden].dropna(how="all")
    if secret.empty:
        return table.index[:0]
    found: list[int] = []
    for pattern, part in secret.groupby(secret.notna().apply(tuple, axis=1), sort=False):
        columns = [name for name, used in zip(names.columns, pattern, strict=True) if used]
        wanted = part[columns].join(table[["period", "survey"]]).drop_duplicates()
        candidates = names[columns].dropna().join(table[["period", "survey"]]).rename_axis("cell").reset_index()
        both = candidates.merge(wanted, on=columns, suffixes=("", "_secret"))
        same = pd.Series(True, index=both.index)
        for name in ("period", "survey"):
            here, there = both[name], both[f"{name}_secret"]
            same &= (here == there) | (here == "") | (there == "")
        found.extend(both.loc[same, "cell"])
    return pd.Index(sorted(set(found)))


def _mark(why: pd.Series, places: pd.Index, reason: str) -> None:
    """Give a reason to the cells that have none yet."""
    why[places[(why[places] == "").to_numpy()]] = reason


def _hide_complements(part: pd.DataFrame, why: pd.Series, min_base: int) -> None:
    """Hide, in one table, what would give hidden cells away."""
    if not (why[part.index] != "").any():
        return
    lines = list(_lines(part))
    while True:
        places = _short_lines(part, lines, why, min_base)
        if places.empty and len(lines) > 1:
            places = _undetermining(part, lines, why)
        if places.empty:
            return
        _mark(why, places, COMPLEMENT)


def _lines(part: pd.DataFrame) -> Iterator[pd.Series]:
    """Yield for each segment of a table the line each cell lies on: those that differ in that segment alone."""
    grouping = [name for name in part.columns if name.startswith("@") and part[name].notna().any()]
    for segment in segments_of(part):
        others = [name for name in grouping if name != segment]
        is_part = part[segment].notna() & ~part[segment].str.lower().isin(TOTALS)
        rows = part[is_part]
        numbers = rows.groupby(others, dropna=False, sort=False).ngroup() if others else pd.Series(0, index=rows.index)
        yield numbers.rename(segment)


def _short_lines(part: pd.DataFrame, lines: list[pd.Series], why: pd.Series, min_base: int) -> pd.Index:
    """Return the next smallest shown cell of each line whose hidden ones are too few or too small."""
    found: list[int] = []
    for line in lines:
        cell = pd.DataFrame({"line": line, "base": part["base"], "hidden": why[line.index] != ""}).dropna(subset="line")
        cell["counts"] = cell["hidden"] & (cell["base"] > 0)
        of_line = cell.groupby("line")["counts"]
        count, total = of_line.transform("sum"), (cell["base"] * cell["counts"]).groupby(cell["line"]).transform("sum")
        short = (count > 0) & ((count < FEWEST_HIDDEN) | (total < min_base))
        candidates = cell[short & ~cell["hidden"]]
        # Groups without answers come last: hiding them helps only where nothing else is left.
        ranked = candidates.assign(empty=candidates["base"] <= 0).sort_values(["empty", "base"], kind="stable")
        found.extend(ranked.drop_duplicates("line").index)
    return pd.Index(sorted(set(found)))


def _undetermining(part: pd.DataFrame, lines: list[pd.Series], why: pd.Series) -> pd.Index:
    """Return one more cell to hide for the hidden cells that the totals of several segments determine together."""
    unknown = part.index[(why[part.index] != "") & (part["base"] > 0)]
    equations = [np.isin(unknown, line.index[line == number]) for line in lines for number in line.unique()]
    matrix = np.array([row for row in equations if row.any()], dtype=float)
    if not len(unknown) or not len(matrix):
        return part.index[:0]
    free = null_space(matrix)
    still = unknown[np.abs(free).max(axis=1, initial=0.0) < STILL]
    for cell in still:
        along = [line.index[line == line[cell]] for line in lines if cell in line.index]
        near = [place for places in along for place in places if why[place] == "" and part.at[place, "base"] > 0]
        if near:
            return pd.Index([part.loc[near, "base"].idxmin()])
    return part.index[:0]
