"""What may be seen: all payloads of a run protected together, and a record of what was hidden and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from cxresearch.present import suppress
from cxresearch.present.payload import Grid, Payload, ProtectedPayload
from cxresearch.present.suppress import AXES

__all__ = ["AXES", "HIDDEN", "NO_ANSWERS", "Policy", "Protected", "protect"]

TIERS = ("analyst", "team", "public")
SAFE_MIN_BASE, LOWEST_MIN_BASE = 10, 5
HIDDEN, NO_ANSWERS, ALIKE = "hidden", "no answers", "all answered alike"
NOT_PUBLIC = ("owner", "quote")
# The share of a sum that its two largest contributors may have, where a frame tells it in this column.
TOP_TWO, DOMINATED = "top_two_share", "dominated"
REASONS = {
    suppress.BASE: "fewer than {min_base} customers",
    suppress.COMPLEMENT: "otherwise another hidden group could be found by subtraction",
    suppress.LINKED: "hidden in another table of this report, or part of a hidden group",
    DOMINATED: "two customers make up nearly all of it",
}


@dataclass(frozen=True)
class Policy:
    """How few people may be shown.

    Parameters
    ----------
    min_base
        Fewest distinct customers (accounts in B2B) of a shown group, at least 5; under 10 a banner says so.
    max_top_two
        Greatest share of a sum that two customers may have, 0-1, where a frame has `top_two_share`.

    Raises
    ------
    ValueError
        If `min_base` is under 5.

    Examples
    --------
    >>> Policy(min_base=7).banner
    'Groups of 7 customers and more are shown; the usual minimum is 10. Pass this report on with care.'
    """

    min_base: int = SAFE_MIN_BASE
    max_top_two: float = 0.9

    def __post_init__(self) -> None:
        """Refuse a minimum that protects nobody."""
        if self.min_base < LOWEST_MIN_BASE:
            raise ValueError(
                f"disclosure: min_base is {self.min_base}; at least {LOWEST_MIN_BASE} is allowed, "
                f"{SAFE_MIN_BASE} is usual: set it in study.yaml."
            )

    @classmethod
    def of(cls, study: Any) -> Self:
        """Return the policy of a study, or of the mapping under its `disclosure:`."""
        declared = getattr(study, "definition", study)
        declared = getattr(declared, "disclosure", declared)
        if isinstance(declared, Mapping):
            return cls(**declared)
        known = [item.name for item in fields(cls) if hasattr(declared, item.name)]
        return cls(**{name: getattr(declared, name) for name in known})

    @property
    def banner(self) -> str:
        """A sentence for the head of every page, "" where the minimum is the usual one or more."""
        if self.min_base >= SAFE_MIN_BASE:
            return ""
        return (
            f"Groups of {self.min_base} customers and more are shown; the usual minimum is {SAFE_MIN_BASE}. "
            "Pass this report on with care."
        )


@dataclass(frozen=True)
class Protected:
    """The payloads of a run as one tier may see them.

    Parameters
    ----------
    payloads
        In the order given.
    record
        What was hidden and why, JSON-serialisable: `disclosure.json`.
    """

    payloads: tuple[ProtectedPayload, ...]
    record: dict[str, Any]


def protect(payloads: Sequence[Payload], policy: Policy, tier: str = "team") -> Protected:
    """Return the payloads of a whole run with everything emptied that may not be seen.

    Parameters
    ----------
    payloads
        All payloads of the run: what one table hides, all others must hide too.
    policy
        Fewest customers of a shown group.
    tier
        `analyst`, `team` or `public`; hiding is equal in all. Public frames carry no owners and no quotes; a
        researcher's own figure is kept in the analyst tier, and in the others where no row of its frame is hidden.

    Returns
    -------
    Protected
        `payloads`: in hidden rows every column after the grouping columns is missing and `flag` is `hidden`.
        `record`: for each payload its checks (`pass`, `review`, `fail`) and the hidden rows with their reasons.

    Raises
    ------
    ValueError
        If the tier is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"plan": ["A", "B", "C", "D"], "n": [90, 80, 30, 6], "n_customers": [90, 80, 30, 6],
    ...                       "estimate": [20.0, 10.0, 5.0, 0.0], "flag": ""})
    >>> done = protect([Payload(key="nps-by-plan", kind="table", grid=Grid.of(frame))], Policy())
    >>> done.payloads[0].to_frame()[["plan", "n", "flag"]].values.tolist()
    [['A', 90, ''], ['B', 80, ''], ['C', <NA>, 'hidden'], ['D', <NA>, 'hidden']]
    """
    if tier not in TIERS:
        raise ValueError(f"protect: there is no tier {tier!r}; known are {', '.join(TIERS)}.")
    people = [number for number, payload in enumerate(payloads) if payload.about == "people"]
    reasons = _reasons([payloads[number] for number in people], policy)
    why_of = dict(zip(people, reasons, strict=True))
    done, entries = [], []
    for number, payload in enumerate(payloads):
        why = why_of.get(number, {})
        alike = _alike(payload) - why.keys() if number in why_of else set()
        shown = _protected(payload, why, alike, tier)
        done.append(shown)
        entries.append(_entry(payload, shown, why, alike, policy))
    return Protected(tuple(done), _record(entries, policy, tier))


def _reasons(payloads: list[Payload], policy: Policy) -> list[dict[int, str]]:
    """Return for each payload the hidden rows and why."""
    groups = suppress.groups_of(payloads)
    found: list[dict[int, str]] = [{} for _ in payloads]
    for cell, why in zip(groups.cells, suppress.hidden(groups, policy.min_base), strict=True):
        if cell.row is not None and why != suppress.SHOWN:
            found[cell.table].setdefault(cell.row, why)
    for number, payload in enumerate(payloads):
        if TOP_TWO in payload.grid.columns:
            share = payload.to_frame()[TOP_TWO].astype("float64")
            for row in share.index[share > policy.max_top_two]:
                found[number].setdefault(row, DOMINATED)
    return found


def _alike(payload: Payload) -> set[int]:
    """Return the rows in which everybody gave the same answer: what one says is known of each."""
    frame = payload.to_frame()
    if not {"estimate", "std_error"} <= set(frame.columns):
        return set()
    same = (frame["std_error"].astype("float64") == 0) & frame["estimate"].notna()
    return set(frame.index[same & (frame["n_customers"].astype("float64") > 0)])


def _protected(payload: Payload, why: dict[int, str], alike: set[int], tier: str) -> ProtectedPayload:
    """Return one payload with its hidden rows emptied."""
    grid = payload.grid
    if payload.about == "people" and "flag" not in grid.columns:
        grid = Grid((*grid.columns, "flag"), (*grid.types, "str"), tuple((*row, "") for row in grid.rows))
    kept = [place for place, name in enumerate(grid.columns) if tier != "public" or name not in NOT_PUBLIC]
    first = len(payload.group_columns)
    rows = []
    for number, row in enumerate(grid.rows):
        if number in why:
            row = (*row[:first], *(HIDDEN if name == "flag" else None for name in grid.columns[first:]))
        elif payload.about == "people":
            row = _flagged(row, grid.columns, number in alike)
        rows.append(tuple(row[place] for place in kept))
    names = ("key", "kind", "caption", "finding", "method", "about", "labels", "arguments", "provenance")
    return ProtectedPayload(
        **{name: getattr(payload, name) for name in names},
        grid=Grid(tuple(grid.columns[i] for i in kept), tuple(grid.types[i] for i in kept), tuple(rows)),
        figure=payload.figure if tier == "analyst" or not why else None,
        tier=tier,
    )


def _flagged(row: tuple[Any, ...], columns: tuple[str, ...], alike: bool) -> tuple[Any, ...]:
    """Return a shown row with its flag."""
    place, base = columns.index("flag"), row[columns.index("n_customers")]
    notes = [row[place]] if row[place] else []
    if base == 0 and NO_ANSWERS not in notes:
        notes = [NO_ANSWERS]
    if alike:
        notes.append(ALIKE)
    return (*row[:place], "; ".join(notes), *row[place + 1 :])


def _entry(
    payload: Payload, shown: ProtectedPayload, why: dict[int, str], alike: set[int], policy: Policy
) -> dict[str, Any]:
    """Return what the record says of one payload; never a base."""
    columns = payload.group_columns
    cells = [
        {"group": dict(zip(columns, payload.grid.rows[row], strict=False)), "why": _reason(why[row], policy)}
        for row in sorted(why)
    ]
    checks: list[dict[str, Any]] = [{"check": "about process", "result": "pass"}]
    if payload.about == "people":
        checks = [
            {"check": "minimum base", "result": "pass", "hidden": _count(why, suppress.BASE)},
            {"check": "subtraction", "result": "pass", "hidden": _count(why, suppress.COMPLEMENT)},
            {"check": "linked tables", "result": "pass", "hidden": _count(why, suppress.LINKED)},
            {"check": "dominance", "result": "pass", "hidden": _count(why, DOMINATED)},
            {"check": "all answered alike", "result": "review" if alike else "pass", "rows": len(alike)},
        ]
        if payload.figure:
            result = "pass" if not why else "fail" if shown.figure is None else "review"
            checks.append({"check": "own figure", "result": result})
    return {"source": payload.source, "kind": payload.kind, "rows": len(payload.grid.rows)} | {
        "checks": checks,
        "hidden": cells,
    }


def _reason(why: str, policy: Policy) -> str:
    """Return a reason in words."""
    return REASONS[why].format(min_base=policy.min_base)


def _count(why: dict[int, str], reason: str) -> int:
    """Return how many rows are hidden for a reason."""
    return sum(found == reason for found in why.values())


def _record(entries: list[dict[str, Any]], policy: Policy, tier: str) -> dict[str, Any]:
    """Return the record of a run."""
    results = [check["result"] for entry in entries for check in entry["checks"]]
    summary = {name: results.count(name) for name in ("pass", "review", "fail")}
    hidden_rows = sum(len(entry["hidden"]) for entry in entries)
    rule = {item.name: getattr(policy, item.name) for item in fields(policy)}
    return {"version": 1, "tier": tier, "policy": rule, "banner": policy.banner} | {
        "summary": {"tables": len(entries), "rows_hidden": hidden_rows, **summary},
        "tables": entries,
    }
