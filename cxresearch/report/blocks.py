"""A notebook's cells and their protected results as the pieces of a page, in the order of reading."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cxresearch.present.payload import ProtectedPayload
from cxresearch.report.draw import Drawing
from cxresearch.report.notebook import PARAMETERS, Cell
from cxresearch.report.plan import Page
from cxresearch.report.prose import anchor, inline

SECTION = re.compile(r"^## +(.+?) *$")
TITLE = re.compile(r"^# +(.+?) *$")


@dataclass(frozen=True)
class Section:
    """The head of a section: an id that no other one of the page bears, and its title as HTML."""

    id: str
    title: str


@dataclass(frozen=True)
class Block:
    """A piece of a page: the head of a section and prose, or code with its results.

    Parameters
    ----------
    section
        Set where a section begins.
    markdown
        Prose.
    cells, results, kinds
        Code, the results that it shows as HTML, and their kinds.
    """

    section: Section | None = None
    markdown: str = ""
    cells: tuple[Cell, ...] = ()
    results: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def blocks_of(page: Page, payloads: Sequence[ProtectedPayload], drawings: Mapping[str, Drawing]) -> list[Block]:
    """Return the pieces of a page.

    Parameters
    ----------
    page
        The notebook. Its title, its parameters and cells that are never shown are left out.
    payloads
        Its protected results.
    drawings
        What each of them looks like, by `notebook/key`.

    Notes
    -----
    Code that shows nothing is folded together with the next code before more prose that does, or else with the last.
    """
    found: list[Block] = []
    silent: tuple[Cell, ...] = ()
    taken = set[str]()
    for cell in page.cells:
        if not cell.shown or PARAMETERS in cell.tags:
            continue
        if cell.kind == "markdown":
            found = [*_with_silent(found, silent), *_prose_blocks(cell.source, page.title, taken)]
            silent = ()
            continue
        silent = (*silent, cell)
        own = [payload for payload in payloads if payload.provenance["cell"] == cell.number]
        if drawn := [payload for payload in own if payload.source in drawings]:
            results = tuple(drawings[payload.source].html for payload in drawn)
            found.append(Block(cells=silent, results=results, kinds=tuple(payload.kind for payload in drawn)))
            silent = ()
    return _with_silent(found, silent)


def _with_silent(found: list[Block], silent: tuple[Cell, ...]) -> list[Block]:
    """Return the blocks with code that shows nothing added to the code before it, or as a block of its own."""
    if not silent:
        return found
    if found and found[-1].cells:
        return [*found[:-1], replace(found[-1], cells=(*found[-1].cells, *silent))]
    return [*found, Block(cells=silent)]


def code_gathered(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks of a first page, the code above its first section folded once, below all that it shows."""
    ends = next((number for number, block in enumerate(blocks) if block.section), len(blocks))
    cells = tuple(cell for block in blocks[:ends] for cell in block.cells)
    opening = [replace(block, cells=()) for block in blocks[:ends] if block.markdown or block.results]
    return [*opening, *([Block(cells=cells)] if cells else []), *blocks[ends:]]


def as_notebook(blocks: Sequence[Block]) -> Any:
    """Return the blocks as a notebook for nbconvert: results are outputs, heads of sections and labels metadata."""
    from nbformat import v4

    cells = []
    for number, block in enumerate(blocks):
        section = {"id": block.section.id, "title": block.section.title} if block.section else {}
        marks = {"section": section, "opens": number == 0 or bool(section), "kinds": list(block.kinds)}
        if block.cells or block.results:
            source = "\n\n".join(cell.source.strip() for cell in block.cells)
            outputs = [v4.new_output("display_data", data={"text/html": result}) for result in block.results]
            cells.append(v4.new_code_cell(source, outputs=outputs, metadata={**marks, "label": _label(block.cells)}))
        else:
            cells.append(v4.new_markdown_cell(block.markdown, metadata=marks))
    return v4.new_notebook(cells=cells)


def _prose_blocks(source: str, title: str, taken: set[str]) -> Iterator[Block]:
    """Yield a markdown cell in parts that begin where its sections begin, the page's title apart."""
    section, lines, fenced = None, list[str](), False
    for line in source.splitlines(keepends=True):
        fenced ^= line.lstrip().startswith("```")
        match = None if fenced else SECTION.match(line)
        if match:
            yield from _part(section, lines)
            section, lines = _section(match[1], taken), []
        elif fenced or not ((heading := TITLE.match(line)) and heading[1] == title):
            lines.append(line)
    yield from _part(section, lines)


def _part(section: Section | None, lines: list[str]) -> Iterator[Block]:
    """Yield a block unless it is empty."""
    text = "".join(lines).strip()
    if section or text:
        yield Block(section=section, markdown=text)


def _section(title: str, taken: set[str]) -> Section:
    """Return the head of a section with an id of its own."""
    # Results bear their keys as ids; the prefix keeps a section's id apart from them.
    plain = f"section-{anchor(title)}"
    name = next(name for name in (plain, *(f"{plain}-{number}" for number in range(2, 1000))) if name not in taken)
    taken.add(name)
    return Section(name, inline(title))


def _label(cells: Sequence[Cell]) -> str:
    """Return the words on the fold over code."""
    if not cells:
        return ""
    first, last = cells[0].number, cells[-1].number
    return f"Code of cell {first}" if first == last else f"Code of cells {first} to {last}"
