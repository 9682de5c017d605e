"""`for_each:` of a run file: which levels get a report of their own, in which folder, and how many get none."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from cxresearch.cache import Store, digest
from cxresearch.report.manifest import CONTENT_ID
from cxresearch.report.plan import package_digest
from cxresearch.report.publish import LATEST
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study import Run, Study, data_key

if TYPE_CHECKING:
    import pandas as pd

KIND = "levels"
# Notebooks run for each: more reports than this are most often a column of names or numbers, and no segment.
MOST = 100
DIGITS = 8


@dataclass(frozen=True)
class Levels:
    """The levels of a run.

    Parameters
    ----------
    run
        The run file, with `for_each:`.
    folders
        The levels that get a report, by the folder that it lies in.
    withheld
        How many levels that were asked for get none, so that nobody is exposed.
    """

    run: Run
    folders: dict[str, str]
    withheld: int

    @property
    def runs(self) -> list[Run]:
        """A run for each level."""
        segment = self.run.for_each.segment if self.run.for_each else ""
        return [
            self.run.model_copy(update={"for_each": None, "level": folder, "only": {**self.run.only, segment: level}})
            for folder, level in self.folders.items()
        ]

    @property
    def sentence(self) -> str:
        """How many levels have a report and, where some have none, why."""
        made, of = len(self.folders), len(self.folders) + self.withheld
        if not self.withheld:
            return f"{made} of {of} levels have a report."
        return (
            f"{made} of {of} levels have a report; the others have too few customers, "
            "or would give away one that has by subtraction from a report about all."
        )


def levels_of(run: Run, study: Study, store: Store) -> Levels:
    """Return the levels of a run with `for_each:`.

    Parameters
    ----------
    run
        The run file.
    study
        The study that it names.
    store
        Keeps what was found: an unchanged run does not read the data.

    Raises
    ------
    StudyError
        If the answers have no such segment or column, or a level that is named is not among its levels, or there are
        over 100, or none has enough customers.

    Notes
    -----
    A level gets a report if it has `min_base` customers in each survey in which it has answers, now and in the period
    that it is compared with. The customers of all that get none, those whose level is not known too, are what a report
    about all tells beyond the reports of levels: they must be none at all, or at least `min_base`; until they are, the
    next smallest level gets no report either.
    """
    if run.for_each is None:
        raise ValueError("the run has no for_each")
    key = digest(
        data_key(study),
        run.model_dump(mode="json", include={"period", "compare_to", "for_each", "only"}),
        study.disclosure.min_base,
        package_digest(),
    )
    found = store.read_json(KIND, key)
    if found is None:
        found = _found(run, study)
        store.write_json(KIND, key, found)
    return Levels(run, found["folders"], found["withheld"])


def refuse_exposed(run: Run, study: Study) -> None:
    """Raise if a report about some levels, alone or beside one about all, would tell of fewer customers than may be.

    Parameters
    ----------
    run
        The run file, with `only:`.
    study
        The study that it names.

    Raises
    ------
    StudyError
        If the levels, or all others together, have too few customers.
    """
    from cxresearch.selection import is_of, smallest_base

    # First the levels themselves: one that is not there is told as such.
    _answers(run, study, run.only)
    least, rows = study.disclosure.min_base, _answers(run, study, {})
    chosen = is_of(rows, run.only)
    if not smallest_base(rows[chosen]) >= least:
        raise StudyError(
            f"only: fewer than {least} customers of it answered one of the surveys in {run.period} or in the period "
            "before; choose a larger group."
        )
    if 0 < smallest_base(rows[~chosen]) < least:
        raise StudyError(
            f"only: fewer than {least} customers do not belong to it, and beside a report about all it would give "
            "these away; report about all."
        )


def _found(run: Run, study: Study) -> dict[str, Any]:
    """Return the levels that get a report by folder, and how many get none."""
    from cxresearch.selection import smallest_base

    if run.only:
        refuse_exposed(run, study)
    rows, asked = _answers(run, study, run.only), run.for_each
    if asked is None or asked.segment not in rows or rows[asked.segment].dtype != "str":
        name = asked.segment if asked else ""
        raise StudyError(f"for_each: the answers have no segment {name!r}; {nearest(name, list(study.segments))}.")
    level = rows[asked.segment]
    known = sorted(level.dropna().unique())
    if unknown := sorted(set(asked.levels or ()) - set(known)):
        close = get_close_matches(unknown[0], known, n=1)
        advice = f"the nearest known one is {close[0]!r}" if close else f"none of the {len(known)} levels is near it"
        raise StudyError(f"for_each: no answer of {run.period} is of {asked.segment} {unknown[0]!r}; {advice}.")
    wanted = asked.levels or known
    if len(wanted) > MOST:
        raise StudyError(
            f"for_each: {asked.segment} has {len(wanted)} levels; {MOST} reports are the most: name `levels:`."
        )
    base = {name: smallest_base(rows[level.eq(name)]) for name in wanted}
    made = [
        name for name in sorted(wanted, key=lambda name: (-base[name], name)) if base[name] >= study.disclosure.min_base
    ]
    while made and 0 < smallest_base(rows[~level.isin(made)]) < study.disclosure.min_base:
        made.pop()
    if not made:
        raise StudyError(f"for_each: no level of {asked.segment} has customers enough; make one report about all.")
    names = folders(known)
    return {"folders": {names[name]: name for name in sorted(made)}, "withheld": len(wanted) - len(made)}


def _answers(run: Run, study: Study, only: Mapping[str, str]) -> "pd.DataFrame":
    """Return the answers of the period and of the one that it is compared with."""
    from cxresearch.study_data import load

    data = load(study, run.period, run.compare_to, only)
    return data.responses[data.responses["period"].isin([data.period, data.compare_to])]


def folders(levels: list[str]) -> dict[str, str]:
    """Return a folder's name for each level: a-z, 0-9 and hyphens, so that no level can lead elsewhere.

    Examples
    --------
    >>> folders(["Küste & Inseln", "Harz", "../.."])
    {'Küste & Inseln': 'kuste-inseln', 'Harz': 'harz', '../..': 'de039691'}
    """
    from cxresearch.present.payload import slug

    plain = {level: slug(level) for level in levels}
    count = Counter(plain.values())
    return {
        level: name
        if name and count[name] == 1 and not _is_taken(name)
        else f"{name}-{digest(level)[:DIGITS]}".strip("-")
        for level, name in plain.items()
    }


def _is_taken(name: str) -> bool:
    """Return whether a folder's name means something else among the reports of a run."""
    return name == LATEST or CONTENT_ID.fullmatch(name) is not None
