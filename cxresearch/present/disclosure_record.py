"""What was checked, hidden and found doubtful in each table of a run: the entries of `disclosure.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cxresearch.present import suppress
from cxresearch.present.dominance import TOLD
from cxresearch.present.payload import Payload, ProtectedPayload
from cxresearch.present.quantiles import quantiles

REASONS = {
    suppress.BASE: "fewer than {min_base} customers",
    suppress.COMPLEMENT: "otherwise another hidden group could be found by subtraction",
    suppress.LINKED: "hidden in another table of this report, or part of a hidden group",
    suppress.DOMINATED: "two customers make up nearly all of it",
}
RESULTS = PASS, REVIEW, FAIL = "pass", "review", "fail"
MONEY = "money"


@dataclass(frozen=True)
class Verdict:
    """What was found of one payload; rows are told by their number.

    Parameters
    ----------
    rules
        The rule that hides each hidden row.
    alike
        Shown rows in which everybody gave the same answer.
    thin
        Shown rows with the quantiles that are emptied in them.
    near
        Shown rows whose group has a base in another table that differs by a few people.
    republished
        Rows that tell of a few people beside the last publication, and how.
    """

    rules: Mapping[int, str] = field(default_factory=dict)
    alike: frozenset[int] = frozenset()
    thin: Mapping[int, Sequence[str]] = field(default_factory=dict)
    near: frozenset[int] = frozenset()
    republished: Mapping[int, str] = field(default_factory=dict)


def entry(payload: Payload, shown: ProtectedPayload, verdict: Verdict, min_base: int, compared: bool) -> dict[str, Any]:
    """Return what the record says of one payload; never a base.

    Parameters
    ----------
    payload, shown
        A result before and after.
    verdict
        What was found of it.
    min_base
        Fewest distinct customers of a shown group.
    compared
        Whether there was a publication to compare with.
    """
    why = {row: REASONS[rule].format(min_base=min_base) for row, rule in verdict.rules.items()}
    lists = {"hidden": why, "republished": verdict.republished}
    checks = (
        _checks(payload, shown, verdict, compared) if payload.about == "people" else [_check("about process", PASS)]
    )
    return {"source": payload.source, "kind": payload.kind, "rows": len(payload.grid.rows), "checks": checks} | {
        name: [{"group": _group(payload, row), "why": found[row]} for row in sorted(found)]
        for name, found in lists.items()
    }


def record(entries: list[dict[str, Any]], head: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a run.

    Parameters
    ----------
    entries
        One a payload.
    head
        Tier, policy and banner.
    """
    results = [check["result"] for one in entries for check in one["checks"]]
    summary = {"tables": len(entries), "rows_hidden": sum(len(one["hidden"]) for one in entries)}
    summary |= {name: results.count(name) for name in RESULTS}
    return {"version": 1, **head, "summary": summary, "tables": entries}


def _checks(payload: Payload, shown: ProtectedPayload, verdict: Verdict, compared: bool) -> list[dict[str, Any]]:
    """Return the checks of a payload about people, by name."""
    rules = list(verdict.rules.values())
    untold = MONEY in _units(payload) and not set(TOLD) & set(payload.grid.columns)
    checks = [
        _check("minimum base", PASS, hidden=rules.count(suppress.BASE)),
        _check("subtraction", PASS, hidden=rules.count(suppress.COMPLEMENT)),
        _check("linked tables", PASS, hidden=rules.count(suppress.LINKED)),
        _check("same group elsewhere", REVIEW if verdict.near else PASS, rows=len(verdict.near)),
        # A sum of money whose largest parts are not told is for a person to judge.
        _check("dominance", REVIEW if untold else PASS, hidden=rules.count(suppress.DOMINATED)),
        _check("all answered alike", REVIEW if verdict.alike else PASS, rows=len(verdict.alike)),
    ]
    if quantiles(payload.grid.columns):
        checks.append(_check("quantiles", PASS, emptied=sum(map(len, verdict.thin.values()))))
    if compared:
        found = len(verdict.republished)
        checks.append(_check("published before", REVIEW if found else PASS, rows=found))
    if payload.figure:
        checks.append(_check("own figure", PASS if not rules else FAIL if shown.figure is None else REVIEW))
    return checks


def _check(name: str, result: str, **counts: int) -> dict[str, Any]:
    """Return one check."""
    return {"check": name, "result": result, **counts}


def _units(payload: Payload) -> set[Any]:
    """Return the units that the arguments of a payload name."""
    return {payload.arguments.get("unit"), *(payload.arguments.get("units") or {}).values()}


def _group(payload: Payload, row: int) -> dict[str, Any]:
    """Return what a row is about."""
    return dict(zip(payload.group_columns, payload.grid.rows[row], strict=False))
