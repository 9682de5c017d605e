"""Notebooks as plain JSON: their cells, and the parameters that they declare. No nbformat, no papermill."""

import ast
import io
import json
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxresearch.strict_yaml import StudyError

PARAMETERS = "parameters"
# Cells that are checked by nbval and never shown; the two tags come together in our notebooks, one is enough.
UNSHOWN = frozenset({"remove-cell", "keep_output"})
PLAIN_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}
TYPE_FORMS = "str, int, float, bool, list[…], dict[…] or one of them with `| None`"


@dataclass(frozen=True)
class Cell:
    """A code or markdown cell.

    Parameters
    ----------
    kind
        `code` or `markdown`.
    source
        The text of the cell.
    tags
        Its tags, sorted.
    number
        Position among the notebook's code cells from 1, as JupyterLab shows it after a clean run; 0 for markdown.
    """

    kind: str
    source: str
    tags: tuple[str, ...]
    number: int

    @property
    def shown(self) -> bool:
        """Whether a page shows this cell."""
        return not UNSHOWN.intersection(self.tags)


@dataclass(frozen=True)
class Parameter:
    """A value that a notebook declares in its `parameters` cell: `name: type = default  # help`."""

    name: str
    type: str
    default: Any
    help: str


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Return the code and markdown cells of a notebook, without outputs, ids and counts.

    Raises
    ------
    StudyError
        If the file cannot be read or is no notebook of format 4.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = content["cells"]
        found = [(cell["cell_type"], _text(cell["source"]), cell["metadata"].get("tags", [])) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{path.name}: cannot be read as a notebook of format 4 ({type(error).__name__}); open and save it in "
            "JupyterLab."
        ) from None
    return tuple(_numbered(found))


def heading_above(cells: tuple[Cell, ...], number: int) -> str:
    """Return the last markdown heading above a code cell, or "" if there is none.

    Examples
    --------
    >>> cells = (Cell("markdown", "# Who answered?", (), 0), Cell("code", "1", (), 1))
    >>> heading_above(cells, 1)
    'Who answered?'
    """
    heading = ""
    for cell in cells:
        if cell.number == number:
            break
        for _, title in headings(cell):
            heading = title
    return heading


def headings(cell: Cell) -> list[tuple[int, str]]:
    """Return the level and text of each heading line of a markdown cell, fenced code apart."""
    found, fenced = [], False
    for line in cell.source.splitlines() if cell.kind == "markdown" else ():
        fenced ^= line.lstrip().startswith("```")
        mark, _, title = line.partition(" ")
        if not fenced and mark and set(mark) == {"#"} and len(mark) <= 6 and title.strip():
            found.append((len(mark), title.strip()))
    return found


def declared_parameters(cells: tuple[Cell, ...], name: str) -> dict[str, Parameter]:
    """Return the parameters of a notebook by name, read from the text of its `parameters` cell without running it.

    Parameters
    ----------
    cells
        The notebook's cells.
    name
        The notebook's name, for the error.

    Raises
    ------
    StudyError
        If the cell holds anything but `name: type = literal` lines, or a type that is not known.
    """
    tagged = [cell for cell in cells if PARAMETERS in cell.tags and cell.kind == "code"]
    if not tagged:
        return {}
    if len(tagged) > 1:
        raise StudyError(f"{name}: {len(tagged)} cells are tagged 'parameters'; keep one.")
    source = tagged[0].source
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        raise StudyError(f"{name}: the parameters cell is not valid Python; mend it.") from None
    comments = _comments(source)
    found = [_parameter(statement, comments, name) for statement in statements]
    return {parameter.name: parameter for parameter in found}


def fits(value: Any, type_text: str) -> bool:
    """Return whether a value of a run file has a parameter's declared type.

    Examples
    --------
    >>> fits(3, "float"), fits(True, "int"), fits(None, "str | None"), fits(["a", 1], "list[str]")
    (True, False, True, False)
    """
    return _fits(value, ast.parse(type_text, mode="eval").body)


def _text(source: str | list[str]) -> str:
    """Return a cell's source, which the format allows to be one string or a list of lines."""
    text = source if isinstance(source, str) else "".join(source)
    if not isinstance(text, str):
        raise TypeError("source")
    return text


def _numbered(found: list[tuple[str, str, list[str]]]) -> Iterator[Cell]:
    """Yield code and markdown cells, the code cells numbered."""
    number = 0
    for kind, source, tags in found:
        if kind == "code":
            number += 1
        if kind in ("code", "markdown"):
            yield Cell(kind, source, tuple(sorted(tags)), number if kind == "code" else 0)


def _parameter(statement: ast.stmt, comments: dict[int, str], name: str) -> Parameter:
    """Return the parameter that one line declares."""
    try:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            target, default, type_text = (
                statement.target.id,
                _literal(statement.value),
                ast.unparse(statement.annotation),
            )
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            target, default = statement.targets[0].id, _literal(statement.value)
            type_text = type(default).__name__
        else:
            raise ValueError(statement)
    except (ValueError, TypeError):
        raise StudyError(
            f"{name}: line {statement.lineno} of the parameters cell is not of the form `name: type = literal`."
        ) from None
    if not _known_type(ast.parse(type_text, mode="eval").body):
        raise StudyError(f"{name}: the parameter {target!r} has the type {type_text!r}; allowed are {TYPE_FORMS}.")
    if default is not None and not fits(default, type_text):
        raise StudyError(f"{name}: the default of the parameter {target!r} is not of its type {type_text!r}.")
    return Parameter(target, type_text, default, comments.get(statement.end_lineno or 0, ""))


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal of JSON's types."""
    value = ast.literal_eval(node)
    json.dumps(value, allow_nan=False)
    return value


def _comments(source: str) -> dict[int, str]:
    """Return the comment at the end of each line, by line number."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}


def _known_type(node: ast.expr) -> bool:
    """Return whether an annotation is of the forms that `_fits` reads."""
    match node:
        case ast.Constant(value=None):
            return True
        case ast.Name(id=plain):
            return plain in PLAIN_TYPES
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _known_type(left) and _known_type(right)
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return _known_type(inner)
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[ast.Name(id="str"), inner])):
            return _known_type(inner)
    return False


def _fits(value: Any, node: ast.expr) -> bool:
    """Return whether a value is of the type that an annotation names."""
    match node:
        case ast.Name(id=plain):
            # bool is a subclass of int: `min_base: true` is a slip, not a one.
            return isinstance(value, PLAIN_TYPES[plain]) and (plain == "bool" or not isinstance(value, bool))
        case ast.BinOp(left=left, right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Subscript(value=ast.Name(id="list"), slice=inner):
            return isinstance(value, list) and all(_fits(item, inner) for item in value)
        case ast.Subscript(slice=ast.Tuple(elts=[_, inner])):
            return isinstance(value, dict) and all(isinstance(key, str) and _fits(value[key], inner) for key in value)
    return value is None
