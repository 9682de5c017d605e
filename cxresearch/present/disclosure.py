"""What may be seen: all payloads of a run protected together, and a record of what was hidden and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

from cxresearch.present import disclosure_record as record
from cxresearch.present import suppress
from cxresearch.present.alike import answered_alike
from cxresearch.present.disclosure_record import Verdict
from cxresearch.present.dominance import TOLD, dominated, sums_of_money
from cxresearch.present.groups import AXES, Groups, groups_of
from cxresearch.present.nesting import Nesting
from cxresearch.present.payload import Grid, Payload, ProtectedPayload
from cxresearch.present.quantiles import quantiles, rests_on_few
from cxresearch.present.republished import Published, republished

__all__ = ["AXES", "HIDDEN", "NO_ANSWERS", "Judged", "Policy", "Protected", "judge", "protect"]

TIERS = ("analyst", "team", "public")
SAFE_MIN_BASE, LOWEST_MIN_BASE = 10, 5
HIDDEN, NO_ANSWERS, ALIKE = "hidden", "no answers", "all answered alike"
FEW_BEYOND = "too few customers beyond the quantile"
NOT_PUBLIC = ("owner", "quote")


@dataclass(frozen=True)
class Policy:
    """How few people may be shown.

    Parameters
    ----------
    min_base
        Fewest distinct customers (accounts in B2B) of a shown group, at least 5; under 10 a banner says so.
    max_top_two
        Greatest share of a sum that its two largest contributors may have, 0-1, where a frame has `top_two_share`.
    min_rest
        Least that all others contribute, as a ratio to the largest, where a frame has `rest_to_largest`: the p % rule.

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
    min_rest: float = 0.1

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


@dataclass(frozen=True)
class Judged:
    """The payloads of a run and what of them may be seen, before any tier is chosen.

    Parameters
    ----------
    payloads
        As the notebooks left them.
    policy
        What was asked for.
    verdicts
        What was found of each payload.
    compared
        Whether there was a publication to compare with.
    """

    payloads: tuple[Payload, ...] = field(repr=False)
    policy: Policy
    verdicts: tuple[Verdict, ...] = field(repr=False)
    compared: bool = False

    def shown_to(self, tier: str) -> Protected:
        """Return the payloads as a tier may see them, and the record.

        Parameters
        ----------
        tier
            `analyst`, `team` or `public`; hiding is equal in all. Public frames carry no owners and no quotes; a
            researcher's own figure is kept in the analyst tier, and in the others where no row of its frame is hidden.

        Raises
        ------
        ValueError
            If the tier is unknown.
        """
        if tier not in TIERS:
            raise ValueError(f"protect: there is no tier {tier!r}; known are {', '.join(TIERS)}.")
        pairs = list(zip(self.payloads, self.verdicts, strict=True))
        done = tuple(_protected(payload, verdict, tier) for payload, verdict in pairs)
        entries = [
            record.entry(payload, shown, verdict, self.policy.min_base, self.compared)
            for (payload, verdict), shown in zip(pairs, done, strict=True)
        ]
        rule = {item.name: getattr(self.policy, item.name) for item in fields(self.policy)}
        return Protected(done, record.record(entries, {"tier": tier, "policy": rule, "banner": self.policy.banner}))

    @property
    def warning(self) -> str:
        """A sentence on rows that tell of a few people beside the last publication, "" where there are none."""
        rows = sum(len(verdict.republished) for verdict in self.verdicts)
        if not rows:
            return ""
        return (
            f"{rows} rows tell, beside what was published before, of fewer than {self.policy.min_base} customers; "
            "look at `published before` in disclosure.json before you pass this report on."
        )


def protect(
    payloads: Sequence[Payload], policy: Policy, tier: str = "team", *, within: Nesting | None = None
) -> Protected:
    """Return the payloads of a whole run with everything emptied that may not be seen.

    Parameters
    ----------
    payloads
        All payloads of the run: what one table hides, all others must hide too.
    policy
        Fewest customers of a shown group.
    tier
        As `Judged.shown_to` takes it.
    within
        As `judge` takes it.

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
    return judge(payloads, policy, within=within).shown_to(tier)


def judge(
    payloads: Sequence[Payload],
    policy: Policy,
    *,
    within: Nesting | None = None,
    published: Published | None = None,
) -> Judged:
    """Return what of a whole run may be seen: decided once, for all tiers.

    Parameters
    ----------
    payloads, policy
        As `protect` takes them.
    within
        Which segments are parts of others, as `nesting` tells: a district is a part of its region.
    published
        The results of the last publication of the run by notebook and key; rows that differ too little are listed.
    """
    people = [number for number, payload in enumerate(payloads) if payload.about == "people"]
    groups = groups_of([payloads[number] for number in people], policy.min_base, within)
    why = suppress.hidden(groups, policy.min_base)
    found = _by_row(groups, why, len(people))
    near = {(groups.cells[place].table, groups.cells[place].row) for place in groups.near}
    tables = _with_dominated([payloads[number] for number in people], found, policy, within)
    verdicts = [Verdict() for _ in payloads]
    for table, (number, rules) in enumerate(zip(people, tables, strict=True)):
        payload = payloads[number]
        shown = [row for row in range(len(payload.grid.rows)) if row not in rules]
        verdicts[number] = Verdict(
            rules=rules,
            alike=answered_alike(payload).intersection(shown),
            thin=_thin(payload, shown, policy.min_base),
            near=frozenset(row for row in shown if (table, row) in near),
            republished=republished(payload, rules, published or {}, policy.min_base),
        )
    return Judged(tuple(payloads), policy, tuple(verdicts), published is not None)


def _by_row(groups: Groups, why: Sequence[str], tables: int) -> list[dict[int, str]]:
    """Return for each table the rows that are hidden, with the first rule that hides them."""
    found: list[dict[int, str]] = [{} for _ in range(tables)]
    for cell, rule in zip(groups.cells, why, strict=True):
        if cell.row is not None and rule != suppress.SHOWN:
            found[cell.table].setdefault(cell.row, rule)
    return found


def _with_dominated(
    payloads: Sequence[Payload], found: list[dict[int, str]], policy: Policy, within: Nesting | None
) -> list[dict[int, str]]:
    """Return the hidden rows with the sums of money that a few customers make up, and what would give these away."""
    tables = sums_of_money(payloads)
    rows = {
        (place, row)
        for place, table in enumerate(tables)
        for row in dominated(payloads[table], policy.max_top_two, policy.min_rest)
    }
    if not rows:
        return found
    groups = groups_of([payloads[table] for table in tables], policy.min_base, within)
    before = [found[tables[cell.table]].get(-1 if cell.row is None else cell.row, "") for cell in groups.cells]
    places = [place for place, cell in enumerate(groups.cells) if (cell.table, cell.row) in rows]
    more = _by_row(groups, suppress.hidden_sums(groups, before, places, policy.min_base), len(tables))
    together = dict(zip(tables, more, strict=True))
    return [together.get(table, rules) for table, rules in enumerate(found)]


def _thin(payload: Payload, shown: Sequence[int], min_base: int) -> dict[int, list[str]]:
    """Return the quantiles with too few customers beyond them, by row."""
    columns, beyond = payload.grid.columns, quantiles(payload.grid.columns)
    rows = {row: dict(zip(columns, payload.grid.rows[row], strict=True)) for row in shown} if beyond else {}
    found = {row: rests_on_few(values, beyond, min_base) for row, values in rows.items()}
    return {row: names for row, names in found.items() if names}


def _protected(payload: Payload, verdict: Verdict, tier: str) -> ProtectedPayload:
    """Return one payload with its hidden rows emptied."""
    grid = payload.grid
    if payload.about == "people" and "flag" not in grid.columns:
        grid = Grid((*grid.columns, "flag"), (*grid.types, "str"), tuple((*row, "") for row in grid.rows))
    left_out = {*TOLD, *(NOT_PUBLIC if tier == "public" else ())} if payload.about == "people" else set()
    kept = [place for place, name in enumerate(grid.columns) if name not in left_out]
    first = len(payload.group_columns)
    rows = []
    for number, row in enumerate(grid.rows):
        if number in verdict.rules:
            row = (*row[:first], *(HIDDEN if name == "flag" else None for name in grid.columns[first:]))
        elif payload.about == "people":
            row = _flagged(row, grid.columns, number in verdict.alike, verdict.thin.get(number, ()))
        rows.append(tuple(row[place] for place in kept))
    names = ("key", "kind", "caption", "finding", "method", "about", "labels", "arguments", "provenance")
    return ProtectedPayload(
        **{name: getattr(payload, name) for name in names},
        grid=Grid(tuple(grid.columns[i] for i in kept), tuple(grid.types[i] for i in kept), tuple(rows)),
        figure=payload.figure if tier == "analyst" or not verdict.rules else None,
        tier=tier,
    )


def _flagged(row: tuple[Any, ...], columns: tuple[str, ...], alike: bool, thin: Sequence[str]) -> tuple[Any, ...]:
    """Return a shown row with its flag, without the quantiles that too few customers are beyond."""
    found = dict(zip(columns, row, strict=True)) | dict.fromkeys(thin)
    notes = [found["flag"]] if found["flag"] else []
    if found["n_customers"] == 0 and NO_ANSWERS not in notes:
        notes = [NO_ANSWERS]
    notes += [word for word, said in ((ALIKE, alike), (FEW_BEYOND, thin)) if said]
    return tuple((found | {"flag": "; ".join(notes)}).values())
