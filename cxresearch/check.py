"""Before a report: what of each table would be accepted, set aside or refused, and whether the run can go ahead."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cxresearch import study_data
from cxresearch.intake.accept import accept, read_all
from cxresearch.schema import Run, Study
from cxresearch.strict_yaml import StudyError
from cxresearch.study import load_run, load_study, sources_of


@dataclass(frozen=True)
class Found:
    """How many rows of some kind there are; never what stood in them.

    Attributes
    ----------
    rule
        What was found, in words.
    column
        The column after intake, "" for whole rows or files.
    rows
        In how many rows; 0 where it concerns a file or column as a whole.
    """

    rule: str
    column: str
    rows: int


@dataclass(frozen=True)
class CheckedTable:
    """What would become of one table.

    Attributes
    ----------
    rows_in, accepted
        Rows read and rows that can be used.
    quarantined
        Why the others are set aside; their rows add up to `rows_in - accepted`.
    normalised, flags
        What was mended, and what somebody should look at.
    refused
        Why the whole table is refused; None where it is not.
    """

    rows_in: int = 0
    accepted: int = 0
    quarantined: list[Found] = field(default_factory=list)
    normalised: list[Found] = field(default_factory=list)
    flags: list[Found] = field(default_factory=list)
    refused: str | None = None


@dataclass(frozen=True)
class Checked:
    """What would become of a run.

    Attributes
    ----------
    tables
        The tables of the study by name.
    refused
        Why the run as a whole is refused, though each table may be read; None where it is not.
    """

    tables: dict[str, CheckedTable]
    refused: str | None = None

    @property
    def ready(self) -> bool:
        """Whether the run can go ahead."""
        return self.refused is None and all(table.refused is None for table in self.tables.values())


def check(run_file: Path) -> Checked:
    """Return what would become of a run: every table is looked at, whatever is refused before it.

    Parameters
    ----------
    run_file
        A file under `params/`. What is wrong in it or in the study file stands in `refused`.
    """
    try:
        run = load_run(run_file)
        study = load_study(run.study_path)
    except StudyError as error:
        return Checked({}, str(error))
    try:
        quality = study_data.load(study, compare_to=None).quality
    except StudyError as error:
        tables = {name: _by_itself(study, name) for name in study.tables}
        told = any(table.refused for table in tables.values())
        return Checked(tables, None if told else str(error))
    notes = pd.concat([quality.notes, _unmatched(quality.joins)], ignore_index=True)
    tables = {name: _table(name, quality.tables, quality.quarantine, notes) for name in study.tables}
    try:
        refuse_unready(study, run)
    except StudyError as error:
        return Checked(tables, str(error))
    return Checked(tables)


def refuse_unready(study: Study, run: Run) -> None:
    """Raise if the data lack what a run asks for.

    Raises
    ------
    StudyError
        If the period or the one to compare with has no answers, or no metric is asked at all.
    """
    data = study_data.load(study, run.period, run.compare_to)
    try:
        _ = data.primary
    except ValueError as error:
        raise StudyError(f"tables.responses: {error}.") from None


def _by_itself(study: Study, name: str) -> CheckedTable:
    """Return what would become of one table if it were alone."""
    try:
        found = accept(study, name, sources_of(study, name))
    except StudyError as error:
        return CheckedTable(rows_in=_rows_in(study, name), refused=str(error))
    return _table(name, found.counts, found.quarantine, found.notes)


def _rows_in(study: Study, name: str) -> int:
    """Return how many rows a refused table has, 0 where it cannot be read."""
    try:
        sources = read_all(study.tables[name], name, sources_of(study, name))
    except StudyError:
        return 0
    return sum(len(source.frame) + len(source.rejected) for source in sources)


def _table(name: str, counts: pd.DataFrame, quarantine: pd.DataFrame, notes: pd.DataFrame) -> CheckedTable:
    """Return intake's counts of one table."""
    here = counts[counts["table"].eq(name)]
    told = notes[notes["table"].eq(name)].rename(columns={"note": "rule"})
    return CheckedTable(
        int(here["rows_in"].sum()),
        int(here["accepted"].sum()),
        _found(quarantine[quarantine["table"].eq(name)].assign(rows=1)),
        _found(told[told["kind"].eq("normalised")]),
        _found(told[told["kind"].eq("flag")]),
    )


def _unmatched(joins: pd.DataFrame) -> pd.DataFrame:
    """Return, as notes, how many rows of each table found no partner in the table that it was joined with."""
    lost = joins[joins["unmatched"].gt(0)]
    sides = lost["join"].str.split(" to ", expand=True, regex=False).reindex(columns=[0, 1])
    note = "not found among the " + sides[1].astype("str")
    return pd.DataFrame(
        {"table": sides[0], "column": lost["on"], "note": note, "rows": lost["unmatched"], "kind": "flag"}
    )


def _found(rows: pd.DataFrame) -> list[Found]:
    """Return rules with the rows that they concern, the most frequent first."""
    total = rows.fillna({"column": ""}).groupby(["rule", "column"], sort=True)["rows"].sum()
    total = total.sort_values(ascending=False, kind="stable")
    return [Found(str(rule), str(column), int(count)) for (rule, column), count in total.items()]
