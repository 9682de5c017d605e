"""What the reports of levels tell together: a group that one of them alone hides can be had from one about all."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from cxresearch.present.disclosure import HIDDEN
from cxresearch.present.payload import group_columns
from cxresearch.report.numbers import Output, Outputs


def found_by_subtraction(reports: Mapping[str, Outputs]) -> int:
    """Return how many groups one level's report hides while another's shows the same group of its own.

    Parameters
    ----------
    reports
        What each level's report published, as results.json holds it.

    Notes
    -----
    Whoever has a report about all customers too takes what the others show from its row. Groups that two levels or more
    hide stay hidden among these.

    Examples
    --------
    >>> frame = {"columns": ["plan", "n", "flag"], "types": ["str", "int", "str"]}
    >>> def report(n, flag):
    ...     return {"02-a": {"nps": {"about": "people", "frame": {**frame, "rows": [["Basic", n, flag]]}}}}
    >>> found_by_subtraction({"North": report(80, ""), "South": report(None, "hidden"), "West": report(70, "")})
    1
    """
    hidden: dict[tuple[Any, ...], int] = defaultdict(int)
    shown: set[tuple[Any, ...]] = set()
    for outputs in reports.values():
        for group, is_hidden in _groups(outputs):
            if is_hidden:
                hidden[group] += 1
            else:
                shown.add(group)
    return sum(count == 1 and group in shown for group, count in hidden.items())


def _groups(outputs: Outputs) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """Yield each group of people that a report tells of, once an output, and whether it is hidden."""
    for page, found in outputs.items():
        for key, output in found.items():
            if output["about"] == "people":
                yield from (((page, key, *group), is_hidden) for group, is_hidden in _rows(output).items())


def _rows(output: Output) -> dict[tuple[Any, ...], bool]:
    """Return whether each group of an output is hidden."""
    columns = output["frame"]["columns"]
    first, flag = len(group_columns(tuple(columns))), columns.index("flag") if "flag" in columns else None
    return {tuple(row[:first]): flag is not None and row[flag] == HIDDEN for row in output["frame"]["rows"]}
