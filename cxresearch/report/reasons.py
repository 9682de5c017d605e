"""What two publications rest on, side by side: data by table, parameters and method, from their manifests alone."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxresearch.present import labels as say

DATA, PARAMETERS, METHOD = "Data", "Parameters", "Method"
# Digests tell that something differs, and nobody anything else.
DIFFERS, SAME, THERE, NONE = "changed", "as before", "there", "none"
KEY_SHOWN, PACKAGES_SHOWN = 8, 5


@dataclass(frozen=True)
class Entry:
    """One thing that a report rests on, before and now; all in words, which are alike only where the thing is.

    Attributes
    ----------
    part
        `Data`, `Parameters` or `Method`.
    what
        Table, file, parameter, page or package.
    before, now
        What it was and what it is.
    """

    part: str
    what: str
    before: str
    now: str

    @property
    def differs(self) -> bool:
        """Whether the thing changed."""
        return self.before != self.now


def entries(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Entry]:
    """Return all that two publications rest on.

    Parameters
    ----------
    before, now
        What their manifests record. What an older manifest does not record is not compared.

    Returns
    -------
    list of Entry
        Tables and files in any case; of parameters, pages and packages those that differ.
    """
    found = [*_parameters(before, now), *_pages(before, now), *_texts(before, now), *_installed(before, now)]
    return [*_data(before, now), *(entry for entry in found if entry.differs)]


def in_words(changed: Iterable[Entry]) -> tuple[str, ...]:
    """Return what changed, a clause a part.

    Examples
    --------
    >>> in_words([Entry(DATA, "table responses", "1 file", "2 files: 1 new"), Entry(METHOD, "Python", "3.11", "3.12")])
    ('data (table responses)', 'method (Python)')
    """
    parts: dict[str, list[str]] = {}
    for entry in changed:
        parts.setdefault(entry.part, []).append(entry.what)
    return tuple(f"{part.lower()} ({say.listed(names)})" for part, names in parts.items())


def _data(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the tables of the study, told by how many of their files are new, changed and gone, then other files."""
    old, new = before.get("inputs", {}), now.get("inputs", {})
    sides = [side.get("tables", {}) for side in (before, now)]
    tables = {name: {*sides[0].get(name, ()), *sides[1].get(name, ())} for name in {**sides[0], **sides[1]}}
    for name, files in tables.items():
        yield Entry(DATA, f"table {name}", *_files(sorted(files), old, new))
    for name in sorted({*old, *new} - {file for files in tables.values() for file in files}):
        yield Entry(DATA, name, *_files([name], old, new))


def _files(names: Sequence[str], old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, str]:
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
    """Yield the period and the parameters of pages that both have, the same change of several pages once."""
    yield Entry(PARAMETERS, "period", str(before.get("period")), str(now.get("period")))
    old, new = before.get("parameters", {}), now.get("parameters", {})
    changed: dict[tuple[str, str, str], list[str]] = {}
    for page in [page for page in new if page in old]:
        for name in sorted({*old[page], *new[page]} - {"period"}):
            values = (_value(old[page].get(name)), _value(new[page].get(name)))
            if values[0] != values[1]:
                changed.setdefault((name, *values), []).append(say.page_label(page))
    for (name, was, is_), pages in changed.items():
        yield Entry(PARAMETERS, f"{name} of {say.listed(pages)}", was, is_)


def _pages(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the notebooks."""
    for name, *told in _digests(before.get("contents", {}), now.get("contents", {})):
        yield Entry(METHOD, f"page {say.page_label(name)}", *told)


def _texts(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the notes of methods, those together of which the same became."""
    together: dict[tuple[str, str], list[str]] = {}
    if "methods" in before and "methods" in now:
        for name, was, is_ in _digests(before["methods"], now["methods"]):
            together.setdefault((was, is_), []).append(name)
    for told, names in together.items():
        yield Entry(METHOD, f"text of {'method' if len(names) == 1 else 'methods'} {say.listed(names)}", *told)


def _installed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the package, the installed packages and Python."""
    yield Entry(METHOD, "cxresearch", *(_package(side.get("package", {})) for side in (before, now)))
    if before.get("lock") != now.get("lock"):
        yield Entry(METHOD, "installed packages", *_versions(before, now))
    yield Entry(METHOD, "Python", *(str(side.get("python") or NONE) for side in (before, now)))


def _versions(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str]:
    """Return the packages whose versions differ before and now; where none is recorded, what the lock files begin."""
    old, new = before.get("packages", {}), now.get("packages", {})
    differing = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    if not (old and new and differing):
        was, is_ = (str(side.get("lock") or NONE)[:KEY_SHOWN] for side in (before, now))
        return was, is_
    was, is_ = (
        say.listed([f"{name} {side.get(name, NONE)}" for name in differing], PACKAGES_SHOWN) for side in (old, new)
    )
    return was, is_


def _digests(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield names with what became of them in words."""
    for name in sorted({*old, *new}):
        was, is_ = old.get(name), new.get(name)
        now = NONE if is_ is None else THERE if was in (None, is_) else DIFFERS
        yield name, NONE if was is None else THERE, now


def _package(found: Mapping[str, Any]) -> str:
    """Return a version with the beginning of the digest of its sources."""
    return f"{found.get('version', NONE)} ({str(found.get('sources', ''))[:KEY_SHOWN]})"


def _value(value: Any) -> str:
    """Return a parameter's value as a reader writes it."""
    if value is None:
        return NONE
    # The manifest has its keys in order, a run file as they were written.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
