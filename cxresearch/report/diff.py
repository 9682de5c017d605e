"""Any two published reports side by side: which numbers moved, and what changed of all that they rest on."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cxresearch.present import labels as say
from cxresearch.report.comparison import Comparison, compare
from cxresearch.report.manifest import ID_LENGTH, manifest_digest, read_manifest, verify
from cxresearch.report.numbers import KINDS, Outputs
from cxresearch.report.results import FRONT_TIER, RESULTS, outputs_in
from cxresearch.strict_yaml import StudyError, shown

# Letters that a name in a table gets at least.
WIDE = 24
# What became of the numbers of a table, as headings.
HEADINGS = {kind: say.capital(kind) for kind in KINDS}


@dataclass(frozen=True)
class Published:
    """A published report: where it lies, its manifest, and its content id."""

    folder: Path
    manifest: Mapping[str, Any]
    id: str

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers that it holds."""
        return tuple(tier for tier in self.manifest.get("tiers", ()) if (self.folder / tier / RESULTS).is_file())

    def outputs(self, tier: str) -> Outputs:
        """Return the results of a tier by notebook and key."""
        return outputs_in(self.folder / tier)

    def to_json(self) -> dict[str, Any]:
        """Return what it is, as a JSON object."""
        return {**{name: self.manifest.get(name) for name in ("run", "study", "period")}, "id": self.id}

    @property
    def words(self) -> str:
        """What it is, in words."""
        return f"{self.manifest.get('run')}, {say.period_label(str(self.manifest.get('period')))}, {self.id}"


@dataclass(frozen=True)
class Diff:
    """Two published reports and what differs between them.

    Attributes
    ----------
    before, after
        The two.
    tier
        The tier whose results are compared.
    comparison
        What differs.
    """

    before: Published
    after: Published
    tier: str
    comparison: Comparison

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what makes the two hard to compare."""
        before, after = self.before.manifest, self.after.manifest
        told = {
            "study": f"These are two studies, {before.get('study')} and {after.get('study')}: a number of one is set "
            "beside that of the same page, table and row of the other.",
            "period": "The periods differ: numbers move for what customers said, not only for what changed below.",
        }
        return tuple(say.clean(words) for name, words in told.items() if before.get(name) != after.get(name))

    @property
    def sentence(self) -> str:
        """How many numbers differ, by what became of them."""
        if not self.comparison.differences:
            return "Every number is the same."
        counts = Counter(one.kind for one in self.comparison.differences)
        told = [f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind]]
        return f"Numbers: {', '.join(told)}."

    def tables(self) -> Iterator[dict[str, Any]]:
        """Yield for each table what became of how many of its numbers, those with most in front."""
        counts: dict[tuple[str, str, str], Counter[str]] = {}
        for one in self.comparison.differences:
            counts.setdefault((one.page, one.table, one.caption), Counter())[one.kind] += 1
        for (page, table, caption), found in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])):
            yield {"page": page, "table": table, "caption": caption, **{kind: found[kind] for kind in KINDS}}

    def to_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        reasons = [asdict(entry) for entry in self.comparison.changed]
        head = {"version": 1, "before": self.before.to_json(), "after": self.after.to_json(), "tier": self.tier}
        told = {"notes": self.notes, "reasons": reasons, "tables": list(self.tables())}
        return {**head, **told, "numbers": [asdict(one) for one in self.comparison.differences]}


def diff(before: Path, after: Path, tier: str | None = None, *, unverified: bool = False) -> Diff:
    """Return what differs between two published reports.

    Parameters
    ----------
    before, after
        Published folders, or links to such.
    tier
        Compare this tier; by default the one whose first page stands at the top, where both have it.
    unverified
        Compare even folders that are not what was published.

    Raises
    ------
    StudyError
        If a folder is none, is not what was published, or the two have no tier in common.
    """
    sides = _published(before, unverified), _published(after, unverified)
    own = _tier(*sides, tier)
    outputs = [side.outputs(own) for side in sides]
    return Diff(*sides, own, compare(sides[0].manifest, sides[1].manifest, *outputs))


def show(found: Diff, console: Console, top: int) -> None:
    """Print what differs.

    Parameters
    ----------
    found
        As `diff` returns it.
    console
        Where.
    top
        How many numbers and tables are listed; the rest is counted.
    """
    console.print(Text(f"Before  {found.before.words}\nAfter   {found.after.words}\nTier    {found.tier}\n"))
    for line in (*found.notes, found.sentence):
        console.print(Text(line))
    _print(console, _moved(found, top), _rest(found.comparison.moved, top, "numbers that moved"))
    _print(console, _tables(found, top), _rest(list(found.tables()), top, "tables"))
    _print(console, _reasons(found), "")


def _published(folder: Path, unverified: bool) -> Published:
    """Return a published folder, refused where it is not what was published."""
    if not folder.is_dir():
        raise StudyError(
            f"{shown(folder)}: there is no such folder; give two published ones, such as reports/…/latest."
        )
    manifest = read_manifest(folder)
    if manifest is None:
        raise StudyError(f"{shown(folder)} holds no manifest.json that can be read; give a published folder.")
    problems = [] if unverified else verify(folder)
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        told = f"{shown(folder)} is not what was published: {problems[0]}{more}"
        raise StudyError(f"{told}; publish it again, or compare it all the same with --unverified.")
    return Published(folder.resolve(), manifest, manifest_digest(folder)[:ID_LENGTH])


def _tier(before: Published, after: Published, wanted: str | None) -> str:
    """Return the tier to compare."""
    both = [tier for tier in before.tiers if tier in after.tiers]
    if wanted and wanted not in both:
        has = say.listed(both) or "none"
        raise StudyError(f"--tier {wanted}: not both reports hold results of this tier; in both: {has}.")
    if not both:
        has = " and ".join(say.listed(side.tiers) or "none" for side in (before, after))
        raise StudyError(f"the two folders hold results of no tier in common ({has}); give two that do.")
    return wanted or (FRONT_TIER if FRONT_TIER in both else both[0])


def _moved(found: Diff, top: int) -> Table:
    """Return the numbers that moved."""
    table = _table("Moved", "Page and table", "Row and number", "Before", "After")
    for one in found.comparison.moved[:top]:
        table.add_row(*map(Text, (f"{one.page}/{one.table}", one.place, one.before, one.after)))
    return table


def _tables(found: Diff, top: int) -> Table:
    """Return the counts of each table."""
    table = _table("Numbers of each table", "Page and table", *HEADINGS.values())
    for one in list(found.tables())[:top]:
        counts = (f"{one[kind]:,}" if one[kind] else "" for kind in KINDS)
        table.add_row(*map(Text, (f"{one['page']}/{one['table']}", *counts)))
    return table


def _reasons(found: Diff) -> Table:
    """Return what changed of all that the two rest on."""
    table = _table("Why", "Part", "What", "Before", "After")
    for entry in found.comparison.changed:
        table.add_row(*map(Text, (entry.part, entry.what, entry.before, entry.now)))
    return table


def _table(title: str, *headings: str) -> Table:
    """Return an empty table; numbers stand at the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for heading in headings:
        is_number = heading in HEADINGS.values()
        wide = None if is_number or heading in ("Before", "After", "Part") else WIDE
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold", min_width=wide)
    return table


def _print(console: Console, table: Table, rest: str) -> None:
    """Print a table that has rows, and what it does not list."""
    if table.row_count:
        console.print(table)
        console.print(Text(rest)) if rest else None


def _rest(found: Any, top: int, what: str) -> str:
    """Return how many are not listed, "" where all are."""
    more = len(found) - top
    return f"And {more:,} more {what}: --top lists more, --json all." if more > 0 else ""
