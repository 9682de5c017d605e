"""Accept the rows of a table that can be used, set the others aside with the rule that each broke, and count both."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cxresearch.cache import file_digest
from cxresearch.database import DatabaseTable
from cxresearch.intake.columns import Tidy, matched, parsed, refuse_absent
from cxresearch.intake.filter import passes
from cxresearch.intake.notes import Note
from cxresearch.intake.read import read
from cxresearch.intake.responses import no_answer, with_design, with_scale_changes, with_sets, with_survey
from cxresearch.intake.source import Source
from cxresearch.schema import Study, Table
from cxresearch.strict_yaml import StudyError
from cxresearch.study import Sources

# More bad cells than this in one column mean that the column is not what the study file says.
MOST_BAD = 0.20
# In one file of several, a few bad rows are a few bad rows; as many as this are a sign.
FEWEST_IN_A_FILE = 10
NO_ANSWER = "preview, test or spam"
FILTERED = "left out by the study's filter"
COPY = "a copy of another row"
CONFLICT = "conflicting rows"
UNIQUE = {
    "responses": ["response_id"],
    "customers": ["customer_id"],
    "revenue": ["customer_id", "month"],
    "invitations": ["invitation_id"],
    "contacts": ["contact_id"],
    "feedback": ["feedback_id"],
}
REQUIRED = {
    "responses": ["response_id", "responded_at"],
    "customers": ["customer_id"],
    "revenue": ["customer_id", "month", "revenue"],
}
QUARANTINE = ["table", "file", "row", "column", "rule", "moment", "survey"]
NOTES = ["table", "file", "column", "note", "rows", "kind"]
COUNTS = ["table", "file", "rows_in", "accepted", "quarantined"]


@dataclass(frozen=True)
class Accepted:
    """A table after intake.

    Attributes
    ----------
    frame
        Accepted rows with the columns of the study file.
    counts
        One row a file: `table`, `file`, `rows_in`, `accepted`, `quarantined`.
    quarantine
        One row a row set aside: `table`, `file`, `row`, `column`, `rule`; never what stood in it.
    notes
        What was found or mended: `table`, `file`, `column`, `note`, `rows`, `kind`.
    """

    frame: pd.DataFrame
    counts: pd.DataFrame
    quarantine: pd.DataFrame
    notes: pd.DataFrame


def accept(study: Study, name: str, found: Sources) -> Accepted:
    """Return the accepted rows of one table.

    Parameters
    ----------
    study
        The study file.
    name
        The table's name in it.
    found
        Its files, in each of which the same columns are looked for; or its table of a database.

    Raises
    ------
    StudyError
        If a file cannot be read or stands there twice, a declared column is in no file, one that rows cannot do without
        is missing in a file, or over 20 % of a column's cells are unusable.
    """
    table = study.tables[name]
    sources = read_all(table, name, found)
    refuse_absent(table, name, sources)
    parts = [_accept_file(study, name, source) for source in sources]
    frame, double = _single(pd.concat([part.frame for part in parts]), name)
    quarantine = pd.concat([*(part.quarantine for part in parts), double], ignore_index=True)
    notes = pd.concat([part.notes for part in parts], ignore_index=True)
    counts = _counts(name, sources, quarantine)
    _refuse_too_many(name, quarantine, counts)
    return Accepted(frame.drop(columns=["_file", "_row"]).reset_index(drop=True), counts, quarantine, notes)


def read_all(table: Table, name: str, found: Sources) -> list[Source]:
    """Return the files of a table, or its table of a database, as they were read.

    Raises
    ------
    StudyError
        If one cannot be read, or a file stands there twice.
    """
    if isinstance(found, DatabaseTable):
        from cxresearch.intake.database import read_database

        return [read_database(found)]
    _refuse_same_content(name, found)
    sources = [read(file, delimiter=table.delimiter, encoding=table.encoding, sheet=table.sheet) for file in found]
    return [replace(source, file=label) for source, label in zip(sources, _labels(found), strict=True)]


def _refuse_same_content(name: str, files: list[Path]) -> None:
    """Raise if two files are byte for byte the same: every row of theirs would count twice."""
    seen: dict[str, str] = {}
    for file in files if len(files) > 1 else ():
        content = file_digest(file)
        if content in seen:
            raise StudyError(
                f"tables.{name}: {seen[content]} and {file.name} are the same file twice; take one of them away."
            )
        seen[content] = file.name


def _labels(files: list[Path]) -> list[str]:
    """Return what files are called: their names, with the folder where two are called alike."""
    names = [file.name for file in files]
    return [
        name if names.count(name) == 1 else "/".join(file.parts[-2:]) for name, file in zip(names, files, strict=True)
    ]


def _accept_file(study: Study, name: str, source: Source) -> Accepted:
    """Return one file's accepted rows; row and file stay with them until doubles have been looked for."""
    table = study.tables[name]
    source, notes = matched(source, name, table)
    raw = source.frame
    tidy = with_scale_changes(parsed(source, name, study), source, table)
    if name == "responses" or not isinstance(table.survey, str):
        tidy = with_sets(with_design(with_survey(tidy, raw, table), raw, table), raw, table)
    if name == "revenue":
        tidy = replace(tidy, frame=_monthly(tidy.frame))
    bad = _first_rules([*_left_out(name, source, tidy, table), *tidy.rules.items()], raw.index)
    bad = bad.assign(**_moment_and_survey(tidy.frame.loc[bad.index]))
    frame = tidy.frame.assign(_file=source.file, _row=raw.index)[~raw.index.isin(bad.index)]
    rejected = pd.DataFrame({"row": source.rejected.keys(), "column": "", "rule": source.rejected.values()})
    quarantine = pd.concat([rejected, bad.rename_axis("row").reset_index()], ignore_index=True)
    quarantine = quarantine.assign(table=name, file=source.file).reindex(columns=QUARANTINE)
    quarantine = quarantine.astype({"row": "int64", "moment": "datetime64[us]", "survey": "str"})
    told = pd.DataFrame([*source.notes, *notes, *tidy.notes], columns=Note._fields)
    return Accepted(frame, pd.DataFrame(), quarantine, told.assign(table=name, file=source.file).reindex(columns=NOTES))


def _left_out(name: str, source: Source, tidy: Tidy, table: Table) -> list[tuple[str, pd.Series]]:
    """Return the rules of rows that are no answers at all; they come first, whatever else is wrong with such a row."""
    rules = []
    if name == "responses":
        rules.append(("status", _rule_where(no_answer(source, tidy), NO_ANSWER)))
    if table.filter:
        rules.append(("filter", _rule_where(~passes(_both(source.frame, tidy.frame), table.filter), FILTERED)))
    return rules


def _monthly(frame: pd.DataFrame) -> pd.DataFrame:
    """Return revenue with `month` as the first day of its month, so that a month stands once a customer."""
    return frame.assign(month=frame["month"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]"))


def _both(raw: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return columns as read, and those after intake under names that the export does not use."""
    return pd.concat([raw, frame[[name for name in frame if name not in raw]]], axis=1)


def _moment_and_survey(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return when rows were answered and in which survey, so that those set aside can be counted by period."""
    moment = frame["responded_at"] if "responded_at" in frame else pd.Series(pd.NaT, frame.index)
    survey = frame["survey"] if "survey" in frame else pd.Series(pd.NA, frame.index)
    return {"moment": moment.astype("datetime64[us]"), "survey": survey.astype("str")}


def _rule_where(bad: pd.Series, rule: str) -> pd.Series:
    """Return the rule where it is broken, "" elsewhere."""
    return pd.Series(np.where(bad, rule, ""), bad.index, dtype="str")


def _first_rules(rules: list[tuple[str, pd.Series]], index: pd.Index) -> pd.DataFrame:
    """Return `column` and `rule` for each row that breaks one; of several the first counts."""
    column, rule = pd.Series("", index, dtype="str"), pd.Series("", index, dtype="str")
    for name, broken in rules:
        new = broken.ne("") & rule.eq("")
        column, rule = column.mask(new, name), rule.mask(new, broken)
    return pd.DataFrame({"column": column, "rule": rule})[rule.ne("")]


def _single(frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frame with one row a key: copies are set aside, and all rows of a key whose rows differ."""
    keys = [key for key in UNIQUE.get(name, []) if key in frame]
    frame = frame.reset_index(drop=True)
    column, rules = pd.Series("", frame.index, dtype="str"), pd.Series("", frame.index, dtype="str")

    def break_rule(broken: pd.Series, rule: str, where: str) -> None:
        nonlocal column, rules
        new = broken & rules.eq("")
        column, rules = column.mask(new, where), rules.mask(new, rule)

    for key in (key for key in REQUIRED.get(name, []) if key in frame):
        break_rule(frame[key].isna(), f"no {key}", key)
    if keys and len(keys) == len(UNIQUE[name]):
        told = frame[keys].notna().all(axis=1)
        break_rule(frame.drop(columns=["_file", "_row"]).duplicated() & told, COPY, keys[0])
        rest = frame[rules.eq("") & told]
        break_rule(rest.duplicated(keys, keep=False).reindex(frame.index, fill_value=False), CONFLICT, keys[0])
    bad = frame[rules.ne("")]
    aside = bad.rename(columns={"_file": "file", "_row": "row"})[["file", "row"]].assign(
        table=name, column=column[bad.index], rule=rules[bad.index], **_moment_and_survey(bad)
    )
    return frame[rules.eq("")], aside.reindex(columns=QUARANTINE)


def _counts(name: str, sources: list[Source], quarantine: pd.DataFrame) -> pd.DataFrame:
    """Return rows in, accepted and quarantined of each file."""
    aside = quarantine.groupby("file").size()
    rows = [(name, one.file, len(one.frame) + len(one.rejected), int(aside.get(one.file, 0))) for one in sources]
    return pd.DataFrame([(n, f, rows_in, rows_in - out, out) for n, f, rows_in, out in rows], columns=COUNTS)


def _refuse_too_many(name: str, quarantine: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Raise if one column is unusable in over 20 % of the rows, of the table or of one of its files."""
    wrong = quarantine[~quarantine["rule"].isin([FILTERED, NO_ANSWER, COPY])]
    rows_in = counts.set_index("file")["rows_in"]
    for column, rows in wrong.groupby("column"):
        _refuse_if(len(rows) > MOST_BAD * rows_in.sum(), name, str(column), rows["rule"], int(rows_in.sum()), "")
        for file, here in rows.groupby("file"):
            many = len(here) > MOST_BAD * rows_in[file] and len(here) >= FEWEST_IN_A_FILE
            _refuse_if(many, name, str(column), here["rule"], int(rows_in[file]), f" of {file}")


def _refuse_if(bad: bool, name: str, column: str, rules: pd.Series, rows_in: int, where: str) -> None:
    """Raise, naming the most frequent rule."""
    if bad:
        what = f"tables.{name}.columns.{column}" if column else f"tables.{name}"
        raise StudyError(
            f"{what}: {len(rules)} of {rows_in} rows{where} are unusable ({rules.mode()[0]}); "
            "correct the study file or the export."
        )
