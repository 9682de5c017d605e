"""What two surveys say of each team and period: the engagement of its employees, the scores of its customers."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.intake.join import join
from cxresearch.metrics.answers import read_answers
from cxresearch.metrics.measures import NPS_SCALE, Measure
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import joined, table
from cxresearch.panels import shifted
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["SCORE", "Teams", "score_measure", "teams"]

SURVEY, SCORE = "transactional", "score"
# The sampling variance of a mean needs two answers.
LEAST_EMPLOYEES = 2
ALONE = "one employee answered: set aside"
NO_SCORE = "under two customers answered: set aside"
FEW_EMPLOYEES = "too few employees to show their engagement"
KEYS = ["period", "team"]
RENAMED = {"estimate": "score", "std_error": "score_error", "conf_low": "score_low", "conf_high": "score_high"}


@dataclass(frozen=True)
class Teams:
    """What employees and customers say of each team and period.

    Attributes
    ----------
    engagement
        One row a period and team: `period`, `team`; `n_employees` (answers), `estimate` (mean engagement), `variance`
        (of its sampling, missing for one answer).
    scores
        One row a period and team: `period`, `team`; `n`, `n_customers`, `n_eff`, `score`, `score_error`, `score_low`,
        `score_high`, `flag`, as of a metric.
    answers
        One row a counted answer of a customer: `period`, `team`, `unit` (code of who gave it).
    counts
        What was set aside and what is left: `table`, `what`, `rows`.
    fiscal_year_start
        Of the periods.
    """

    engagement: pd.DataFrame = field(repr=False)
    scores: pd.DataFrame = field(repr=False)
    answers: pd.DataFrame = field(repr=False)
    counts: pd.DataFrame = field(repr=False)
    fiscal_year_start: int = 1

    def cells(self, lag: int) -> pd.DataFrame:
        """Return the engagement of every team and period beside the customers' score so many periods later.

        Returns
        -------
        pandas.DataFrame
            `period`, `team`, `score_period`; `n`, `n_customers`, `n_employees`; `estimate` (mean engagement),
            `variance` (of its sampling), `score`, `score_error`, `score_low`, `score_high`; `used` (whether the cell
            can be in a regression); `flag` (why not). Engagement stands here whatever its base: `TeamLink.cells` is
            what may be shown.
        """
        cells = self.engagement.copy()
        cells["score_period"] = cells["period"].map(shifted(cells["period"], lag, self.fiscal_year_start))
        found = self.scores.set_index(KEYS).reindex(pd.MultiIndex.from_frame(cells[["score_period", "team"]]))
        found = found.set_axis(cells.index)
        cells[["n", "n_customers"]] = found[["n", "n_customers"]].fillna(0).astype("int64")
        cells[list(RENAMED.values())] = found[list(RENAMED.values())]
        alone, silent = cells["variance"].isna(), cells["score"].isna()
        cells["flag"] = joined(np.where(alone, ALONE, ""), np.where(silent, NO_SCORE, ""))
        kept = ["period", "team", "score_period", "n", "n_customers", "n_employees", "estimate", "variance"]
        return cells.assign(used=~alone & ~silent)[[*kept, *RENAMED.values(), "used", "flag"]]

    def bases(self, cells: pd.DataFrame) -> dict[str, int]:
        """Return `n`, the customers' answers behind some cells, `n_customers`, who gave them, and `n_employees`."""
        within = pd.MultiIndex.from_frame(cells[["score_period", "team"]])
        unit = self.answers.loc[pd.MultiIndex.from_frame(self.answers[KEYS]).isin(within), "unit"]
        employees = int(cells["n_employees"].sum())
        return {"n": len(unit), "n_customers": int(unit.nunique()), "n_employees": employees}


def teams(study: "StudyData", *, outcome: str = SCORE, engagement: str = "engagement") -> Teams:
    """Return what employees and customers say of each team and period.

    Parameters
    ----------
    study
        A study with the table `employees`: one row an anonymous answer, with `team`, `period` (written as the
        report's: `2026Q3`) and a column of engagement. The transactional answers have a `team`, or a `contact_id`
        whose contact has one.
    outcome
        `score`: the mean likelihood to recommend. Or a metric of the study: `nps`, `csat`, `ces`, `fcr` …
    engagement
        The column that is averaged.

    Returns
    -------
    Teams
        Both sides, and what was set aside.

    Raises
    ------
    StudyError
        In one sentence: what is missing, and what to do.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = teams(cx.load("demo", period="2026Q3"))
    >>> len(found.engagement), found.cells(0)["used"].all()
    (96, np.True_)
    """
    answered, employees = _employees(study, engagement)
    customers, served = _customers(study, outcome)
    scored = table(customers, score_measure(study, outcome), KEYS, columns_of(study, customers, SURVEY), 0.95, None)
    unit = read_answers(customers, score_measure(study, outcome), None, columns_of(study, customers, SURVEY)).unit
    found = Teams(
        engagement=_engagement(answered, engagement),
        scores=scored.rename(columns=RENAMED),
        answers=customers[KEYS].assign(unit=customers.index if unit is None else unit),
        counts=pd.DataFrame(),
        fiscal_year_start=study.definition.fiscal_year_start,
    )
    return Teams(**{**vars(found), "counts": _counted(employees, served, found.cells(0))})


def score_measure(study: "StudyData", outcome: str) -> Measure:
    """Return what is averaged of the customers' answers."""
    if outcome == SCORE:
        return Measure("nps", "mean", study.definition.scales.get("nps", NPS_SCALE))
    return measure_of(study, outcome)


def _employees(study: "StudyData", engagement: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the employees' answers that count, and how many were set aside for what."""
    if not study.has("employees"):
        raise StudyError(
            "employees: the study has no table `employees`; add one row an answer with `team`, `period` and "
            f"`{engagement}` under `tables:`."
        )
    rows = study.employees
    lacking = [name for name in (*KEYS, engagement) if name not in rows]
    if lacking:
        raise StudyError(f"employees: the table has no column `{lacking[0]}`; name it under tables.employees.columns.")
    if not pd.api.types.is_numeric_dtype(rows[engagement].dtype):
        raise StudyError(
            f"employees: `{engagement}` holds no numbers; read it as {{from: …, type: number}} in the study file."
        )
    kept, counts = _sifted(
        rows,
        {
            "without a team": _blank(rows["team"]),
            "without a period": _blank(rows["period"]),
            "without engagement": rows[engagement].isna(),
            "of a period in which no customer was asked": ~rows["period"].isin(study.periods),
        },
    )
    if kept.empty:
        raise StudyError(
            f"employees: none of {len(rows)} answers has a team, engagement and a period of this report; "
            f"write periods like {study.period} and load the study for periods of that length."
        )
    return kept, counts


def _customers(study: "StudyData", outcome: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the transactional answers that count, and how many were set aside for what."""
    column = score_measure(study, outcome).column
    rows = study.answers(SURVEY, periods.ALL)
    if rows.empty or column not in rows:
        raise StudyError(f"employees: no transactional answer has `{column}`; teams are linked to what they served.")
    rows = _with_team(study, rows)
    known = set(study.employees["team"].dropna())
    kept, counts = _sifted(
        rows,
        {
            "without a score": rows[column].isna(),
            "not served by a team": _blank(rows["team"]),
            "of a team without an employee survey": ~rows["team"].isin(known),
        },
    )
    if kept.empty:
        raise StudyError("employees: no scored answer is of a team of the employees; write teams alike in both tables.")
    return kept.reset_index(drop=True), counts


def _with_team(study: "StudyData", rows: pd.DataFrame) -> pd.DataFrame:
    """Return answers with the team that served: their own, or that of the contact."""
    if "team" in rows:
        return rows
    contacts = study.contacts if study.has("contacts") else pd.DataFrame()
    if "contact_id" not in rows or not {"contact_id", "team"} <= set(contacts):
        raise StudyError(
            "employees: the answers have no `team`, nor a `contact_id` that a contact with a `team` has; name one of "
            "them in the study file."
        )
    return join(rows, contacts[["contact_id", "team"]], "contact_id", name="teams of contacts to answers")[0]


def _sifted(rows: pd.DataFrame, reasons: dict[str, pd.Series]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows that no reason takes out, and how many rows there were and each took, the first that applies."""
    kept, counts = pd.Series(True, index=rows.index), {"answers": len(rows)}
    for reason, taken in reasons.items():
        counts[reason] = int((kept & taken).sum())
        kept &= ~taken
    return rows[kept], counts | {"used": int(kept.sum())}


def _blank(column: pd.Series) -> pd.Series:
    """Return which cells hold nothing."""
    return column.isna() | column.astype("str").str.strip().eq("")


def _engagement(rows: pd.DataFrame, engagement: str) -> pd.DataFrame:
    """Return the mean engagement of each period and team, with its sampling variance s²/n."""
    found = rows.groupby(KEYS)[engagement].agg(n_employees="size", estimate="mean", spread="var").reset_index()
    return found.assign(variance=found["spread"] / found["n_employees"]).drop(columns="spread")


def _counted(employees: dict[str, int], customers: dict[str, int], cells: pd.DataFrame) -> pd.DataFrame:
    """Return what was set aside of both surveys, and of the teams and periods that they make."""
    of_cells = {"teams and periods": len(cells), ALONE: int(cells["variance"].isna().sum())}
    of_cells[NO_SCORE] = int((cells["variance"].notna() & ~cells["used"]).sum())
    of_cells["used"] = int(cells["used"].sum())
    parts = {"employees": employees, "customers": customers, "cells": of_cells}
    rows = [(name, what, number) for name, part in parts.items() for what, number in part.items()]
    return pd.DataFrame(rows, columns=["table", "what", "rows"]).astype({"table": "str", "what": "str"})
