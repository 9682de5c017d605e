"""Results found with other data that stand for these too, since nothing that the notebook read has changed."""

import ast
from collections.abc import Collection, Mapping

from cxresearch.cache import Store
from cxresearch.report.notebook import Cell
from cxresearch.report.plan import Page

KIND = "reads"
PACKAGE = "cxresearch"
# Of one notebook, how many earlier readings are compared with the data.
REMEMBERED = 20
# With these a cell reaches what it never names.
WIDE = frozenset({"open", "exec", "eval", "compile", "__import__", "globals", "get_ipython", "breakpoint"})


def is_traced(cells: Collection[Cell]) -> bool:
    """Return whether a notebook reads nothing beside what `reads.note_read` is told of.

    Parameters
    ----------
    cells
        The notebook's cells.

    Notes
    -----
    It must import nothing but this package, by its own name, and run no commands of IPython: who opens files of their
    own, or reads exports by what lies within the package, may read anything; their notebook runs whenever data change.

    Examples
    --------
    >>> is_traced([Cell("code", "import cxresearch as cx", (), 1)])
    True
    >>> is_traced([Cell("code", "import pandas as pd", (), 1)]), is_traced([Cell("code", "%run other.py", (), 1)])
    (False, False)
    >>> is_traced([Cell("code", "from cxresearch.intake.read import read", (), 1)])
    False
    """
    return all(_is_plain(cell.source) for cell in cells if cell.kind == "code")


def reused(page: Page, store: Store, present: Mapping[str, str]) -> bool:
    """Keep results of an earlier run as those of a page, if all that they were found from is what it was.

    Parameters
    ----------
    page
        A page that has no results yet.
    store
        Where results are kept.
    present
        The digest of each part of the data as it is now.

    Returns
    -------
    bool
        Whether there were such results.
    """
    for earlier in store.read_json(KIND, page.basis) or []:
        if all(present.get(part) == found for part, found in earlier["read"].items()):
            payloads = store.read_json("payloads", earlier["page"])
            if payloads is not None:
                store.write_json("payloads", page.key, payloads)
                keep_read(page, store, earlier["read"])
                return True
    return False


def keep_read(page: Page, store: Store, read: Mapping[str, str]) -> None:
    """Keep what a page's results were found from, the newest in front.

    Parameters
    ----------
    page
        The page, its results kept by its key.
    store
        Where to keep it.
    read
        The digest of each part of the data that it read.
    """
    known = [one for one in store.read_json(KIND, page.basis) or [] if one["page"] != page.key]
    store.write_json(KIND, page.basis, [{"page": page.key, "read": dict(read)}, *known][:REMEMBERED])


def keep_noted(page: Page, store: Store, noted: Collection[str], present: Mapping[str, str]) -> None:
    """Keep what a notebook noted that it read, if all that it read is known.

    Parameters
    ----------
    page
        The page that was executed.
    store
        Where to keep it.
    noted
        What it noted that it read, of another study with its key.
    present
        The digest of each part of the data as it was read.
    """
    if is_traced(page.cells) and set(noted) <= set(present):
        keep_read(page, store, {part: present[part] for part in sorted(noted)})


def _is_plain(source: str) -> bool:
    """Return whether a cell is Python that imports the package alone, as a whole, and opens nothing itself."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return False
    imported = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    picks = any(isinstance(node, ast.ImportFrom) for node in nodes)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return not names & WIDE and not picks and set(imported) <= {PACKAGE}
