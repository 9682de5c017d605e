"""Segments of a study: levels merged, netted, or cut into bands, from a table's own columns or the customers'."""

from collections.abc import Callable
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

import pandas as pd

from cxresearch.intake.cells import cell_text, clean
from cxresearch.intake.choices import OTHER
from cxresearch.intake.join import AUDIT, join
from cxresearch.intake.notes import Note
from cxresearch.schema import METRICS, Choices, Segment, Study
from cxresearch.strict_yaml import StudyError, nearest

DAYS_A_YEAR = 365.25
# Tables that get the study's segments, and the moment to which a customer's years are counted.
SEGMENTED = {"responses": "responded_at", "invitations": "invited_at", "contacts": "contacted_at"}
# How alike two spellings of a level are: a letter or two apart.
NEARLY = 0.75
CHOICES = {"1": "yes", "0": "no"}


def with_segments(
    frame: pd.DataFrame, name: str, customers: pd.DataFrame | None, study: Study
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table with a column for each segment, and the audit of its join to the customers.

    Parameters
    ----------
    frame
        Accepted rows of the table.
    name
        `responses`, `invitations` or `contacts`.
    customers
        Accepted customers, one row a `customer_id`; None where the study has none.
    study
        The study file.

    Raises
    ------
    StudyError
        If a segment of the responses is made of a column or level that is not there, or its bands of no numbers.
    """
    audit = pd.DataFrame(columns=AUDIT)
    pool, moment = frame, SEGMENTED[name]
    if customers is not None and "customer_id" in frame:
        # Only what the segments are made of is joined: a copy of the whole table is of no use.
        used = {moment, *(rule.source for rule in study.segments.values())}
        new = [column for column in customers if column in used and column not in frame]
        keys = frame[["customer_id"]]
        joined, audit = join(keys, customers[["customer_id", *new]], "customer_id", name=f"{name} to customers")
        pool = frame.assign(**{column: joined[column] for column in new})
    for segment, rule in study.segments.items():
        undated = rule.bands and moment not in pool and pd.api.types.is_datetime64_any_dtype(pool.get(rule.source))
        if rule.source in pool and (name == "responses" or not undated):
            cells = pool[rule.source]
            # A choice of a multi-select set is kept as 1 and 0.
            chosen = rule.source.partition(": ")[0] in study.responses.sets
            found = _levels(cells, rule, pool.get(moment), segment, CHOICES if chosen else {})
            frame = frame.assign(**{segment: found})
        elif name == "responses":
            known = _known(frame, customers, study)
            raise StudyError(
                f"segments.{segment}: no column {rule.source!r} after intake; {nearest(rule.source, known)}."
            )
    return frame, audit


def outcome_segments(study: Study) -> list[Note]:
    """Return a note for each segment that is made of an outcome: its groups differ in it by their making."""
    outcomes = {*METRICS, *study.measures, *study.drivers}
    return [
        Note("a segment made of an answer: its groups differ in that answer by their making", 0, "flag", segment)
        for segment, rule in study.segments.items()
        if rule.source in outcomes
    ]


def _is_found_choice(column: str, study: Study) -> bool:
    """Return whether a column is called after a choice that stood in the cells, not in the study file."""
    name, _, choice = column.partition(": ")
    declared = study.responses.sets.get(name)
    return isinstance(declared, Choices) and choice not in (*declared.codes, OTHER)


def _levels(
    cells: pd.Series, segment: Segment, moment: pd.Series | None, name: str, words: dict[str, str]
) -> pd.Series:
    """Return a segment's levels: merged or banded, and netted where the segment is one of nets."""
    if segment.bands:
        levels = _bands(cells, segment.bands, moment, name)
        known = _band_names(segment.bands)
    else:
        texts = _named(cells, lambda cell: words.get(cell_text(cell), cell_text(cell)))
        into = _grouped(segment.merge, sorted(texts.dropna().unique()), f"segments.{name}: merges")
        levels = _named(texts, lambda text: into.get(text, text)) if into else texts
        known = sorted(levels.dropna().unique())
    if not segment.nets:
        return levels
    nets = _grouped(segment.nets, known, f"segments.{name}: nets")
    return _named(levels, lambda level: nets.get(level, pd.NA))


def _named(cells: pd.Series, name: Callable[[Any], Any]) -> pd.Series:
    """Return the name of each cell; a name is made once for each different value, not for each row."""
    codes, distinct = pd.factorize(cells)
    return pd.Series([*map(name, distinct.tolist()), pd.NA], dtype="str").take(codes).set_axis(cells.index)


def _known(frame: pd.DataFrame, customers: pd.DataFrame | None, study: Study) -> list[str]:
    """Return the columns of which segments can be made, without those that are called after cells."""
    columns = dict.fromkeys(str(name) for name in [*frame, *([] if customers is None else customers)])
    return [name for name in columns if not _is_found_choice(name, study)]


def _grouped(groups: dict[str, list[str]], known: list[str], what: str) -> dict[str, str]:
    """Return the group of each level that a study file puts into one; a level that nobody has is refused."""
    into = {clean(level): group for group, members in groups.items() for level in members}
    unknown = sorted(set(into) - set(known))
    if unknown:
        # Levels are cells: none is shown but one that the study file itself nearly spells.
        close = get_close_matches(unknown[0], known, n=1, cutoff=NEARLY)
        advice = f"the nearest known one is {close[0]!r}" if close else f"none of the {len(known)} levels is near it"
        raise StudyError(f"{what} {unknown[0]!r}; {advice}.")
    return into


def _bands(cells: pd.Series, bands: list[float], moment: pd.Series | None, name: str) -> pd.Series:
    """Return numbers, or the years between a date and the response, cut into bands named after their limits."""
    if pd.api.types.is_datetime64_any_dtype(cells):
        if moment is None:
            raise StudyError(f"segments.{name}: bands of a date need `responded_at:` to count the years to.")
        cells = (moment - cells).dt.days / DAYS_A_YEAR
    if not pd.api.types.is_numeric_dtype(cells):
        raise StudyError(
            f"segments.{name}: bands need numbers or dates; give the column `type: number` or a `format:`."
        )
    edges = [*bands, float("inf")]
    return pd.cut(cells, edges, right=False, labels=_band_names(bands)).astype("str").where(cells.ge(bands[0]))


def _band_names(bands: list[float]) -> list[str]:
    """Return the names of bands by their limits."""
    return [f"{low:g}–{high:g}" for low, high in pairwise(bands)] + [f"{bands[-1]:g}+"]
