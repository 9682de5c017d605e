"""A page for each owner: the rows of the first page that bear the owner's name, drawn from protected results alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cxresearch.present import html
from cxresearch.present import labels as say
from cxresearch.present.payload import Grid, ProtectedPayload
from cxresearch.report.blocks import Block, Section
from cxresearch.report.notebook import Cell
from cxresearch.report.plan import SUMMARY, Page
from cxresearch.report.prose import anchor, inline

# The outputs of the first page that are told by owner, in the order of an owner's page, and what one row of each is.
TOLD = {
    "findings": ("finding", "findings"),
    "also": ("other finding", "other findings"),
    "targets": ("target", "targets"),
    "topics": ("topic", "topics"),
    "initiatives": ("initiative", "initiatives"),
    "actions": ("reason for action", "reasons for action"),
}
OWNER = "owner"


@dataclass(frozen=True)
class OwnerPage:
    """What stands with one owner's name.

    Parameters
    ----------
    owner
        As the first page names the owner.
    payloads
        That page's outputs, the owner's rows of each.
    """

    owner: str
    payloads: tuple[ProtectedPayload, ...]

    @property
    def file(self) -> str:
        """The name of its HTML file."""
        return html.owner_file(self.owner)

    @property
    def holds(self) -> str:
        """How many rows of each kind it holds."""
        return say.listed(say.count(len(one.grid.rows), *TOLD[one.key]) for one in self.payloads)

    def as_page(self, summary: Page) -> Page:
        """Return it as a page of the run: made by the summary, with the summary's parameters and key."""
        title = Cell("markdown", f"# What does this report hold for {say.clean(self.owner)}?", (), 0)
        return replace(summary, name=self.file.removesuffix(".html"), cells=(title,))

    def blocks(self) -> list[Block]:
        """Return the pieces of the page."""
        opening = f"{say.capital(self.holds)} of the summary bear this name. Every other page belongs to all."
        return [Block(markdown=opening), *(_block(payload) for payload in self.payloads)]


def owner_pages(payloads: Sequence[ProtectedPayload]) -> list[OwnerPage]:
    """Return the owners' pages in alphabetical order; none where the tier sees no owners.

    Parameters
    ----------
    payloads
        The protected results of all pages.
    """
    told = {one.key: one for one in payloads if one.provenance["notebook"] == SUMMARY and one.key in TOLD}
    owned = [told[key] for key in TOLD if key in told and OWNER in told[key].grid.columns]
    names = {name for payload in owned for name in payload.to_frame()[OWNER].dropna() if name}
    pages = [OwnerPage(name, tuple(part for one in owned if (part := _rows_of(one, name)))) for name in sorted(names)]
    # Names that differ in signs alone share the address, and so the page of the first.
    return list({page.file: page for page in reversed(pages)}.values())[::-1]


def _rows_of(payload: ProtectedPayload, owner: str) -> ProtectedPayload | None:
    """Return an owner's rows of a protected output without the name, None where there are none; all of them shown."""
    place, name = payload.grid.columns.index(OWNER), html.owner_file(owner)
    mine = [row for row in payload.grid.rows if row[place] and html.owner_file(row[place]) == name]
    columns, types, *rows = (
        (*values[:place], *values[place + 1 :]) for values in (payload.grid.columns, payload.grid.types, *mine)
    )
    return replace(payload, grid=Grid(columns, types, tuple(rows))) if rows else None


def _block(payload: ProtectedPayload) -> Block:
    """Return an output as a section of its own."""
    title = say.capital(TOLD[payload.key][1])
    section = Section(f"section-{anchor(title)}", inline(title))
    return Block(section=section, results=(html.fragment(payload),), kinds=(payload.kind,))
