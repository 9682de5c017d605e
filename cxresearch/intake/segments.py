"""Segments of a study: levels merged, netted, or cut into bands, from a table's own columns or the customers'."""

from itertools import pairwise

import pandas as pd

from cxresearch.intake.cells import cell_text, clean
from cxresearch.intake.join import AUDIT, join
from cxresearch.intake.notes import Note
from cxresearch.schema import METRICS, Segment, Study
from cxresearch.strict_yaml import StudyError, nearest

DAYS_A_YEAR = 365.25
# Tables that get the study's segments, and the moment to which a customer's years are counted.
SEGMENTED = {"responses": "responded_at", "invitations": "invited_at", "contacts": "contacted_at"}
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
        new = [column for column in customers if column not in frame or column == "customer_id"]
        pool, audit = join(frame, customers[new], "customer_id", name=f"{name} to customers")
    for segment, rule in study.segments.items():
        undated = rule.bands and moment not in pool and pd.api.types.is_datetime64_any_dtype(pool.get(rule.source))
        if rule.source in pool and (name == "responses" or not undated):
            cells = pool[rule.source]
            # A choice of a multi-select set is kept as 1 and 0.
            chosen = rule.source.partition(": ")[0] in study.responses.sets
            found = _levels(cells, rule, pool.get(moment), segment, CHOICES if chosen else {})
            frame = frame.assign(**{segment: found})
        elif name == "responses":
            raise StudyError(
                f"segments.{segment}: no column {rule.source!r} after intake; {nearest(rule.source, list(pool))}."
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


def _levels(
    cells: pd.Series, segment: Segment, moment: pd.Series | None, name: str, words: dict[str, str]
) -> pd.Series:
    """Return a segment's levels: merged or banded, and netted where the segment is one of nets."""
    if segment.bands:
        levels = _bands(cells, segment.bands, moment, name)
        known = _band_names(segment.bands)
    else:
        texts = cells.map(cell_text, na_action="ignore").astype("str")
        texts = texts.map(lambda text: words.get(text, text), na_action="ignore").astype("str")
        into = _grouped(segment.merge, sorted(set(texts.dropna())), f"segments.{name}: merges")
        levels = texts.map(lambda level: into.get(level, level), na_action="ignore").astype("str")
        known = sorted(set(levels.dropna()))
    if not segment.nets:
        return levels
    return levels.map(_grouped(segment.nets, known, f"segments.{name}: nets"), na_action="ignore").astype("str")


def _grouped(groups: dict[str, list[str]], known: list[str], what: str) -> dict[str, str]:
    """Return the group of each level that a study file puts into one; a level that nobody has is refused."""
    into = {clean(level): group for group, members in groups.items() for level in members}
    unknown = sorted(set(into) - set(known))
    if unknown:
        raise StudyError(f"{what} {unknown[0]!r}; {nearest(unknown[0], known)}.")
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
