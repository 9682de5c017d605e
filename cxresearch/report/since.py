"""What has changed since the last publication, of all that a manifest records: data by table, parameters, method."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cxresearch.present import labels as say
from cxresearch.report.plan import Plan

SINCE = "since.json"
DATA, PARAMETERS, METHOD = "Data", "Parameters", "Method"
# Digests tell that something differs, and nobody anything else.
DIFFERS, SAME = "changed", "as before"
NONE = "none"
KEY_SHOWN = 8


@dataclass(frozen=True)
class Entry:
    """One thing that a run rests on, before and now; all in words."""

    part: str
    what: str
    before: str
    now: str


@dataclass(frozen=True)
class Since:
    """What a run rests on beside what the last publication rested on.

    Attributes
    ----------
    entries
        What differs.
    same
        The data that are as before, in words.
    """

    entries: tuple[Entry, ...]
    same: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Since":
        """Return what a JSON object holds."""
        return cls(tuple(Entry(**entry) for entry in found["entries"]), tuple(found["same"]))

    @property
    def sentence(self) -> str:
        """How much differs, and what does not."""
        count = say.count(len(self.entries), "thing has", "things have") if self.entries else "Nothing has"
        same = f" Data as before: {say.listed(self.same, len(self.same))}." if self.same else ""
        return f"{count} changed of all that this report rests on.{same}"


def since(published: Path, before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan) -> Since | None:
    """Return what differs between what the last publication rested on and what this run rests on.

    Parameters
    ----------
    published
        The tier's folder in the last publication of the run.
    before, now
        What its manifest and this one record.
    plan
        What was run.

    Returns
    -------
    Since or None
        None where this very run was the first publication.
    """
    # The same run made again by force: its page says what it said.
    if before.get("plan") == plan.key:
        told = published / SINCE
        return Since.from_json(json.loads(told.read_bytes())) if told.is_file() else None
    found = [*_data(before, now, plan), *_parameters(before, now), *_method(before, now)]
    differs = tuple(entry for entry in found if entry.before != entry.now)
    return Since(differs, tuple(entry.what for entry in found if entry.part == DATA and entry.before == entry.now))


def _data(before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan) -> Iterator[Entry]:
    """Yield the tables of the study, told by how many of their files are new, changed and gone."""
    old, new = before.get("inputs", {}), now["inputs"]
    for name, table in plan.study.tables.items():
        own = [file for file in {**old, **new} if belongs(file, name, table.source)]
        yield Entry(DATA, f"table {name}", *_files(own, old, new))
    names = {plan.study.path.name, *(name for name in {**old, **new} if name.endswith(".yaml"))}
    for name in sorted(names):
        yield Entry(DATA, name, *_files([name], old, new))


def _files(names: list[str], old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, str]:
    """Return some files before and now in words, alike only where each is as it was."""
    was, is_ = (say.count(sum(name in side for name in names), "file") for side in (old, new))
    if all(old.get(name) == new.get(name) for name in names):
        return SAME, SAME
    counts = {
        "new": sum(name not in old for name in names),
        "gone": sum(name not in new for name in names),
        "changed": sum(name in old and name in new and old[name] != new[name] for name in names),
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return was, f"{is_}: {told}"


def _parameters(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the period and the parameters of pages that both runs had, the same change of several pages once."""
    yield Entry(PARAMETERS, "period", str(before.get("period")), str(now["period"]))
    old, new = before.get("parameters", {}), now["parameters"]
    changed: dict[tuple[str, str, str], list[str]] = {}
    for page in [page for page in new if page in old]:
        for name in sorted({*old[page], *new[page]} - {"period"}):
            values = (_value(old[page].get(name)), _value(new[page].get(name)))
            if values[0] != values[1]:
                changed.setdefault((name, *values), []).append(say.page_label(page))
    for (name, was, is_), pages in changed.items():
        yield Entry(PARAMETERS, f"{name} of {say.listed(pages)}", was, is_)


def _method(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the pages, the package, the installed packages and Python."""
    old, new = before.get("contents", {}), now["contents"]
    for page in sorted({*old, *new}):
        was, is_ = old.get(page), new.get(page)
        told = (SAME, SAME) if was == is_ else (NONE if was is None else "there", NONE if is_ is None else DIFFERS)
        yield Entry(METHOD, f"page {say.page_label(page)}", *told)
    yield Entry(METHOD, "cxresearch", *(_package(side.get("package", {})) for side in (before, now)))
    yield Entry(METHOD, "installed packages", *(str(side.get("lock") or NONE)[:KEY_SHOWN] for side in (before, now)))
    yield Entry(METHOD, "Python", *(str(side.get("python") or NONE) for side in (before, now)))


def _package(found: Mapping[str, Any]) -> str:
    """Return a version with the beginning of the digest of its sources."""
    return f"{found.get('version', NONE)} ({str(found.get('sources', ''))[:KEY_SHOWN]})"


def _value(value: Any) -> str:
    """Return a parameter's value as a reader writes it."""
    if value is None:
        return NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def belongs(file: str, name: str, source: str) -> bool:
    """Return whether a recorded input is a table's: one of its files, or its rows in a database."""
    return file == f"tables.{name}" or PurePosixPath(file).match(source)
