"""What differs between the files of one table: columns, their kind and levels, question wording, ids in two files."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

import pandas as pd

from cxresearch.intake.cells import cell_text, clean, code_text
from cxresearch.intake.columns import plain
from cxresearch.intake.notes import Note
from cxresearch.intake.parse import is_nested
from cxresearch.intake.source import Source
from cxresearch.schema import Column, Table, column_type

# So much of a question's wording is shown.
SHOWN = 80
# Kinds of a column's cells: nearly all, or nearly none, of its different values are numbers.
MOSTLY, HARDLY = 0.9, 0.1
# A column of more levels is no list of codes; a share of rows with levels that the file before does not know.
MOST_LEVELS, NEW_LEVELS = 50, 0.2
# So many cells at the head of a file tell what a column holds.
LOOKED_AT = 10_000
NAMED = 3
# Columns that tell the rows of a table apart, most telling first.
KEYS = ("response_id", "invitation_id", "contact_id", "feedback_id", "customer_id")
QUOTES = str.maketrans(dict.fromkeys("“”„«»″", '"') | dict.fromkeys("‘’‚‹›′`´", "'"))
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*")
WORDINGS = ["column", "wording", "day", "rows"]


def drift(sources: list[Source], table: Table) -> list[Note]:
    """Return what differs between the files of a table, in the order of their names; nothing for one file.

    Parameters
    ----------
    sources
        The files as they were read.
    table
        What the study file says of them.

    Returns
    -------
    list of Note
        Columns that come, go or change their spelling; columns whose cells change from numbers to words, to another
        form of dates or to other levels; questions asked in other words; ids that stand in two files, with how many of
        their rows are copies and how many differ. Wordings are shown in part, cells never.
    """
    if len(sources) < 2:
        return []
    return [
        *_coming_and_going(sources, table),
        *_spellings(sources, table),
        *_kinds(sources, table),
        *_levels(sources, table),
        *_asked_otherwise(sources, table),
        *_overlaps(sources, table),
    ]


def wordings(sources: list[Source], table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return on which days each question was asked in which words, of questions whose words differ between files.

    Parameters
    ----------
    sources
        The files as they were read.
    table
        What the study file says of them.
    frame
        Accepted rows with `responded_at`, the declared columns, and `_file`.

    Returns
    -------
    pandas.DataFrame
        `column` (after intake), `wording` (its beginning), `day`, `rows` (answers that hold it). No row without dates.
    """
    parts = []
    for name, asked in _wordings(sources, table).items():
        if len(set(map(_same, asked.values()))) > 1 and {name, "responded_at"} <= set(frame):
            variant = {file: _cut(text) for file, text in asked.items()}
            rows = frame.loc[frame[name].notna(), ["_file", "responded_at"]]
            counted = pd.DataFrame({"wording": rows["_file"].map(variant), "day": rows["responded_at"].dt.normalize()})
            parts.append(counted.groupby(["wording", "day"]).size().rename("rows").reset_index().assign(column=name))
    empty = pd.DataFrame({"column": [], "wording": [], "day": [], "rows": []})
    types = {"column": "str", "wording": "str", "day": "datetime64[us]", "rows": "int64"}
    return (pd.concat(parts, ignore_index=True) if parts else empty)[WORDINGS].astype(types)


def _parts(table: Table) -> Iterator[tuple[str, str, Column]]:
    """Yield (name after intake, name in the export, what the study file says) of each declared column."""
    for target, column in table.columns.items():
        for number, cell in enumerate(column.sources):
            yield (column.names[number] if column.names else cell if len(column.sources) > 1 else target), cell, column


def _cells(source: Source, cell: str) -> pd.Series | None:
    """Return a column of a file, whatever the spelling of its name; None where it is not there."""
    found = next((name for name in source.frame if plain(str(name)) == plain(cell)), None)
    return None if found is None else source.frame[found]


def _coming_and_going(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield columns that are new or gone; those that the study does not use are named together."""
    declared = {plain(cell): name for name, cell, _ in _parts(table)}
    names = [[str(name) for name in (*source.frame, *source.unread)] for source in sources]
    spelled = {plain(name): name for here in names for name in here}
    present = [set(map(plain, here)) for here in names]
    for number, (before, after) in enumerate(pairwise(present), 1):
        for found, what in ((after - before, "new from"), (before - after, "gone from")):
            changed = [name for name in spelled if name in found]
            for name in (name for name in changed if name in declared):
                yield Note(f"column is {what} {sources[number].file} on", 0, "flag", declared[name])
            rest = [spelled[name] for name in changed if name not in declared]
            if rest:
                text = f"{_counted(rest)} that the study does not use {what} {sources[number].file} on"
                yield Note(text, 0, "flag")


def _spellings(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield declared columns whose name is spelled in several ways."""
    for target, cell, _ in _parts(table):
        found = {str(name) for source in sources for name in source.frame if plain(str(name)) == plain(cell)}
        if len(found) > 1:
            yield Note(f"column is spelled in {len(found)} ways between files", 0, "flag", target)


def _kinds(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield columns whose cells are of another kind than in the file before."""
    for target, cell, column in _parts(table):
        if column_type(target, column) not in ("id", "text"):
            kinds = {source.file: _kind(target, cells, column) for source, cells in _in_files(sources, cell)}
            told = [(file, kind) for file, kind in kinds.items() if kind]
            for (_, before), (file, after) in pairwise(told):
                if before != after:
                    yield Note(f"cells are {after} from {file} on, {before} before", 0, "flag", target)


def _kind(target: str, cells: pd.Series, column: Column) -> str:
    """Return what a column's cells are, declared codes apart: numbers, words, both, dates of a form; "" for nothing."""
    values = _values(cells.head(LOOKED_AT), column)
    if not values:
        return ""
    if column_type(target, column) == "date":
        forms = pd.Series([re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", value)) for value in values])
        return f"of the form {forms.mode()[0]!r}"
    share = sum(bool(NUMBER.fullmatch(value)) for value in values) / len(values)
    return "numbers" if share >= MOSTLY else "words" if share <= HARDLY else "numbers and words"


def _levels(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield columns of which many rows hold levels that the file before does not know."""
    for target, cell, column in _parts(table):
        if column_type(target, column) not in ("category", "flag"):
            continue
        here = [(source.file, cells, set(_values(cells, column))) for source, cells in _in_files(sources, cell)]
        for (_, _, before), (file, cells, after) in pairwise(here):
            new = after - before
            if before and new and len(before) <= MOST_LEVELS and len(after) <= MOST_LEVELS:
                rows = int(cells.isin([value for value in cells.dropna().unique() if _text(value) in new]).sum())
                if rows > NEW_LEVELS * len(cells):
                    what = f"{len(new)} of {len(after)} levels in {file} are unknown to the file before"
                    yield Note(what, rows, "flag", target)


def _in_files(sources: list[Source], cell: str) -> Iterator[tuple[Source, pd.Series]]:
    """Yield the files that have a column of single values, with its cells."""
    for source in sources:
        cells = _cells(source, cell)
        if cells is not None and not is_nested(cells):
            yield source, cells


def _values(cells: pd.Series, column: Column) -> list[str]:
    """Return a column's different values as texts, without blanks and the codes that the study file declares."""
    declared = [*column.missing, *(code for codes in column.codes.values() for code in codes)]
    known = {code_text(code).casefold() for code in declared}
    texts = {_text(value) for value in cells.drop_duplicates().dropna()}
    return sorted(text for text in texts if text and code_text(text).casefold() not in known)


def _text(value: object) -> str:
    """Return a cell in one spelling."""
    return clean(cell_text(value))


def _wordings(sources: list[Source], table: Table) -> dict[str, dict[str, str]]:
    """Return the wording of each declared question by file, of the files that tell it."""
    found: dict[str, dict[str, str]] = {}
    for target, cell, _ in _parts(table):
        for source in sources:
            told = {plain(name): text for name, text in source.wordings.items()}
            if told.get(plain(cell)):
                found.setdefault(target, {})[source.file] = told[plain(cell)]
    return found


def _asked_otherwise(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield questions that are asked in other words than in the file before."""
    rows = {source.file: len(source.frame) for source in sources}
    for target, asked in _wordings(sources, table).items():
        for (_, before), (file, after) in pairwise(asked.items()):
            if _same(before) != _same(after):
                what = f"asked in other words from {file} on: “{_cut(after)}”, before: “{_cut(before)}”"
                yield Note(what, rows[file], "flag", target)


def _same(wording: str) -> str:
    """Return a wording without what makes no difference: kinds of quotes, white space, invisible marks."""
    return clean(wording.translate(QUOTES))


def _cut(wording: str) -> str:
    """Return the beginning of a wording."""
    text = clean(wording)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1].rstrip()}…"


def _overlaps(sources: list[Source], table: Table) -> Iterator[Note]:
    """Yield how many ids stand in two files, for each pair, and how many of their rows say the same."""
    key = next((name for name in KEYS if name in table.columns), None)
    ids = {} if key is None else _ids(sources, table.columns[key].sources[0])
    # Where an id stands in several rows of one file, rows are other things than what the id names.
    if key is None or len(ids) < 2 or not all(one.is_unique for one in ids.values()):
        return
    every = pd.concat(ids.values())
    double = set(every[every.duplicated()])
    within = {one.file: _texts(one, ids[one.file], double, table) for one in sources if one.file in ids}
    for (first, one), (second, other) in combinations(within.items(), 2):
        both = one.index.intersection(other.index)
        if len(both):
            same = int((one.loc[both] == other.loc[both]).all(axis=1).sum())
            what = f"stands in {first} and in {second}: {same} with the same row, {len(both) - same} with another"
            yield Note(what, len(both), "flag", key)


def _ids(sources: list[Source], cell: str) -> dict[str, pd.Series]:
    """Return the ids of each file that has them, blanks left out."""
    here = {source.file: cells.dropna() for source, cells in _in_files(sources, cell)}
    # Nearly all ids are texts already.
    texts = {
        file: cells if cells.dtype == "str" else cells.map(cell_text).astype("str") for file, cells in here.items()
    }
    found = {file: cells.str.strip() for file, cells in texts.items()}
    return {file: texts[texts.ne("")] for file, texts in found.items()}


def _texts(source: Source, ids: pd.Series, wanted: set[str], table: Table) -> pd.DataFrame:
    """Return the declared cells of some rows of a file as texts, one row an id; what a file lacks is blank."""
    rows = ids[ids.isin(wanted)]
    columns = {}
    for target, cell, _ in _parts(table):
        cells = _cells(source, cell)
        here = pd.Series("", rows.index) if cells is None else cells.loc[rows.index]
        columns[target] = here.map(_text, na_action="ignore").fillna("").astype("str")
    return pd.DataFrame(columns).set_axis(rows.to_numpy(), axis=0)


def _counted(names: list[str]) -> str:
    """Return how many columns, and the names of the first."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    what = "1 column" if len(names) == 1 else f"{len(names)} columns"
    return f"{what} ({', '.join(names[:NAMED])}{more})"
