"""Rows that are set aside: which rule each breaks, which stand for one and the same thing, how many are too many."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cxresearch.intake.parse import no_rules
from cxresearch.schema import Table, column_type
from cxresearch.strict_yaml import StudyError

# More bad cells than this in one column mean that the column is not what the study file says.
MOST_BAD = 0.20
# In one file of several, a few bad rows are a few bad rows; as many as this are a sign.
FEWEST_IN_A_FILE = 10
# A row whose date and so many other columns hold what they cannot is one whose cells have moved.
SHIFTED_COLUMNS = 3
NO_ANSWER = "preview, test or spam"
FILTERED = "left out by the study's filter"
COPY = "a copy of another row"
CONFLICT = "conflicting rows"
SHIFTED = "cells seem shifted"
A_ROW_A_BILL = "where each row is a bill, declare its `bill_id:`"
UNIQUE = {
    "responses": ["response_id"],
    "customers": ["customer_id"],
    "revenue": ["customer_id", "month"],
    "invitations": ["invitation_id"],
    "contacts": ["contact_id"],
    "feedback": ["feedback_id"],
}
# A revenue table that names its bills has a row a bill; the months of a customer are then summed.
BILLS = ("bill_id", "invoice_id")
REQUIRED = {
    "responses": ["response_id", "responded_at"],
    "customers": ["customer_id"],
    "revenue": ["customer_id", "month", "revenue"],
}
BLOCK = 500_000
QUARANTINE = ["table", "file", "row", "column", "rule", "moment", "survey"]


def unique_keys(name: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns by which a table's rows are told apart; [] where it does not have them all."""
    bill = next((key for key in BILLS if name == "revenue" and key in frame), None)
    keys = [bill] if bill else UNIQUE.get(name, [])
    return keys if all(key in frame for key in keys) else []


def required(name: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns without which a row is of no use."""
    bills = [key for key in BILLS if name == "revenue" and key in frame][:1]
    return [key for key in [*REQUIRED.get(name, []), *bills] if key in frame]


def first_rules(
    left_out: Mapping[str, pd.Series], rules: Mapping[str, pd.Series], table: Table, rows_in: int
) -> pd.DataFrame:
    """Return `column` and `rule` for each row that breaks one, in the order of the file.

    Parameters
    ----------
    left_out
        Rules of rows that are no answers at all, by where they come from; these come first.
    rules
        Rules broken by cells, by column; of several the first counts, unless the row's cells seem shifted.
    table
        What the study file says of the columns.
    rows_in
        How many rows the file has.
    """
    shifted = pd.Series(SHIFTED, _shifted(rules, table, rows_in), dtype="str")
    ordered = [*left_out.items(), ("", shifted), *rules.items()]
    told = [pd.DataFrame({"column": column, "rule": broken}) for column, broken in ordered if len(broken)]
    if not told:
        return pd.DataFrame({"column": no_rules(), "rule": no_rules()})
    every = pd.concat(told)
    return every[~every.index.duplicated()].sort_index()


def doubles(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `column` and `rule` of rows without what they need, copies of other rows, and rows that contradict others.

    Of copies the first stays. Where the rows of one key differ none stays, so that the order of rows decides nothing.
    """
    keys = unique_keys(name, frame)
    found = {f"no {key}": (key, frame.index[frame[key].isna()]) for key in required(name, frame)}
    if keys:
        often = frame.loc[_repeated(frame[keys])]
        copies = often.drop(columns=["_file", "_row"]).duplicated()
        left = often[~copies & ~often.index.isin([row for _, rows in found.values() for row in rows])]
        found[COPY] = keys[0], often.index[copies]
        found[CONFLICT] = keys[0], left.index[left.duplicated(keys, keep=False)]
    told = pd.concat(
        [
            pd.DataFrame({"column": column, "rule": rule}, index=rows, dtype="str")
            for rule, (column, rows) in found.items()
        ]
        or [pd.DataFrame({"column": no_rules(), "rule": no_rules()})]
    )
    return told[~told.index.duplicated()].sort_index()


def _repeated(keys: pd.DataFrame) -> pd.Index:
    """Return the rows whose key, with no blank in it, may stand more than once, told by hashes block by block."""
    blocks = [keys.iloc[start : start + BLOCK] for start in range(0, len(keys), BLOCK)]
    hashes = [pd.util.hash_pandas_object(block, index=False, categorize=False) for block in blocks]
    alike = pd.concat(hashes or [pd.Series(dtype="uint64")]).duplicated(keep=False).to_numpy()
    return keys[alike].dropna().index


def rule_where(bad: pd.Series, rule: str) -> pd.Series:
    """Return a rule for the rows that break it."""
    return pd.Series(rule, bad.index[bad.to_numpy(bool)], dtype="str")


def moment_and_survey(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return when rows were answered and in which survey, so that those set aside can be counted by period."""
    moment = frame["responded_at"] if "responded_at" in frame else pd.Series(pd.NaT, frame.index)
    survey = frame["survey"] if "survey" in frame else pd.Series(pd.NA, frame.index)
    return {"moment": moment.astype("datetime64[us]"), "survey": survey.astype("str")}


def refuse_too_many(name: str, quarantine: pd.DataFrame, counts: pd.DataFrame, hints: Mapping[str, str]) -> None:
    """Raise if one column is unusable in over 20 % of the rows, of the table or of one of its files."""
    wrong = quarantine[~quarantine["rule"].isin([FILTERED, NO_ANSWER, COPY])]
    rows_in = counts.set_index("file")["rows_in"]
    for column, rows in wrong.groupby("column"):
        bills = name == "revenue" and rows["rule"].eq(CONFLICT).all()
        hint = A_ROW_A_BILL if bills else hints.get(str(column), "")
        _refuse_if(len(rows) > MOST_BAD * rows_in.sum(), name, str(column), rows["rule"], int(rows_in.sum()), "", hint)
        for file, here in rows.groupby("file"):
            many = len(here) > MOST_BAD * rows_in[file] and len(here) >= FEWEST_IN_A_FILE
            _refuse_if(many, name, str(column), here["rule"], int(rows_in[file]), f" of {file}", hint)


def _refuse_if(bad: bool, name: str, column: str, rules: pd.Series, rows_in: int, where: str, hint: str) -> None:
    """Raise, naming the most frequent rule and what is known of the column."""
    if bad:
        what = f"tables.{name}.columns.{column}" if column else f"tables.{name}"
        raise StudyError(
            f"{what}: {len(rules)} of {rows_in} rows{where} are unusable ({rules.mode()[0]}); "
            f"{hint + ', or ' if hint else ''}correct the study file or the export."
        )


def _shifted(rules: Mapping[str, pd.Series], table: Table, rows_in: int) -> pd.Index:
    """Return the rows in which a date and two or more other columns break rules.

    A column that is bad in more rows than may be is another column than the study file says, and no sign of a shift.
    All drivers count as one column, because one wrong scale breaks them all.
    """
    drivers = table.columns.get("drivers")
    grid = (drivers.names or drivers.sources) if drivers else []
    signs = {column: broken.index for column, broken in rules.items() if 0 < len(broken) <= MOST_BAD * rows_in}
    alone = [rows for column, rows in signs.items() if column not in grid]
    together = [rows for column, rows in signs.items() if column in grid]
    dates = [rows for column, rows in signs.items() if column in table.columns and _is_date(column, table)]
    if not dates or len(signs) < SHIFTED_COLUMNS:
        return pd.Index([], dtype="int64")
    apart = [*alone, np.unique(np.concatenate(together))] if together else alone
    rows, times = np.unique(np.concatenate(apart), return_counts=True)
    return pd.Index(np.intersect1d(rows[times >= SHIFTED_COLUMNS], np.concatenate(dates)), dtype="int64")


def _is_date(column: str, table: Table) -> bool:
    """Return whether a column holds dates."""
    return column_type(column, table.columns[column]) == "date"
