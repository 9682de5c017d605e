"""The `filter:` of a study file: comparisons of columns with values, joined by and, or, not. Read, never executed."""

import ast
import operator
from collections.abc import Callable
from typing import Any

import pandas as pd

from cxresearch.strict_yaml import StudyError, nearest

LONGEST = 500
COMPARISONS: dict[type[ast.cmpop], Callable[[pd.Series, Any], pd.Series]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda cells, values: cells.isin(values),
    ast.NotIn: lambda cells, values: ~cells.isin(values),
}


def passes(frame: pd.DataFrame, condition: str) -> pd.Series:
    """Return, row by row, whether a condition holds.

    Parameters
    ----------
    frame
        Cells as they were read, with the columns that the condition names.
    condition
        Such as `status == 'Complete' and age >= 18`. A column compared with a number is read as numbers.

    Raises
    ------
    StudyError
        If the condition is anything but comparisons of known columns with constants.

    Examples
    --------
    >>> frame = pd.DataFrame({"status": ["Complete", "Partial"], "age": ["40", "50"]})
    >>> passes(frame, "status == 'Complete' and age > 18").tolist()
    [True, False]
    """
    if len(condition) > LONGEST:
        raise StudyError(f"filter: a condition of {len(condition)} characters; at most {LONGEST} are read.")
    try:
        tree = ast.parse(condition, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise StudyError(f"filter: {condition!r} cannot be read; write it as status == 'Complete'.") from None
    return _holds(tree.body, frame, condition)


def named(condition: str) -> set[str]:
    """Return what a condition may name columns by; nothing of one that cannot be read."""
    try:
        nodes = list(ast.walk(ast.parse(condition, mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return texts | {node.id for node in nodes if isinstance(node, ast.Name)}


def _holds(node: ast.expr, frame: pd.DataFrame, condition: str) -> pd.Series:
    """Return where one part of a condition holds."""
    if isinstance(node, ast.BoolOp):
        parts = [_holds(part, frame, condition) for part in node.values]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole & part if isinstance(node.op, ast.And) else whole | part
        return whole
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_holds(node.operand, frame, condition)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        value = _constant(node.comparators[0], condition)
        if isinstance(value, list) != isinstance(node.ops[0], ast.In | ast.NotIn):
            raise StudyError(f"filter: {condition!r}: `in` needs a list such as ['a', 'b'], a comparison one value.")
        cells = _cells(node.left, frame, value, condition)
        return COMPARISONS[type(node.ops[0])](cells, value).fillna(False).astype(bool)
    raise StudyError(f"filter: {condition!r} may only compare columns with values, joined by and, or, not.")


def _cells(node: ast.expr, frame: pd.DataFrame, value: Any, condition: str) -> pd.Series:
    """Return the column that a comparison names, as numbers if it is compared with numbers."""
    name = node.id if isinstance(node, ast.Name) else node.value if isinstance(node, ast.Constant) else None
    if name not in frame:
        raise StudyError(f"filter: {condition!r} names {str(name)!r}; {nearest(str(name), [str(c) for c in frame])}.")
    numeric = all(isinstance(one, int | float) for one in (value if isinstance(value, list) else [value]))
    return pd.to_numeric(frame[name], errors="coerce") if numeric else frame[name].astype("str").str.strip()


def _constant(node: ast.expr, condition: str) -> Any:
    """Return the value that a comparison compares with."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        raise StudyError(f"filter: {condition!r} may only compare columns with values.") from None
    values = list(value) if isinstance(value, list | tuple | set) else [value]
    if {type(one) for one in values} not in ({str}, {int}, {float}, {int, float}):
        raise StudyError(f"filter: {condition!r} may compare with texts in quotes or with numbers, not with both.")
    return values if isinstance(value, list | tuple | set) else value
