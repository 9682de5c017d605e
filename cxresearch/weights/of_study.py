"""The weights of a study's answers, as its study file asks for them, period by period."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.intake.segments import SEGMENTED, with_segments
from cxresearch.schema.weights import CustomerMargins, Weights
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData, latest
from cxresearch.weights.diagnostics import spread
from cxresearch.weights.margins import MarginName, Margins, margins_from
from cxresearch.weights.propensity import response_propensity
from cxresearch.weights.raked import rake

__all__ = ["StudyWeights", "study_weights", "weighting"]

Moments = tuple[pd.Timestamp, pd.Timestamp]
BASE = "base weight"


@dataclass(frozen=True)
class StudyWeights:
    """Weights of a study's answers.

    Attributes
    ----------
    weights
        One a row of `study.responses`, on its index.
    diagnostics
        One row a period weighted: `period`, then the columns of `Raked.diagnostics` (the first seven and `flag` where
        nothing was raked).
    margins
        One row a period and level: `period`, then the columns of `Raked.margins`.
    representativity
        One row a period with propensities: `period`, then the columns of `Propensity.r_indicator`.
    balance
        One row a period and level: `period`, then the columns of `Propensity.balance`.
    notes
        Sentences on what was merged, with their period.
    """

    weights: pd.Series
    diagnostics: pd.DataFrame
    margins: pd.DataFrame
    representativity: pd.DataFrame
    balance: pd.DataFrame
    notes: tuple[str, ...]


def weighting(study: StudyData) -> pd.DataFrame:
    """Return what weighting did to the answers of the reporting period: each level before and after.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.

    Returns
    -------
    pandas.DataFrame
        One row a margin and level: `variable`, `level`, then the columns of `Raked.margins`.

    Raises
    ------
    ValueError
        If the study file asks for no weights.
    """
    found = study.weighting.margins if study.weighting else None
    if found is None or found.empty:
        raise ValueError("the study file asks for no weights, so every answer counts the same.")
    return found[found["period"].eq(study.period)].drop(columns="period").reset_index(drop=True)


def study_weights(study: StudyData, period: str | None = None) -> StudyWeights:
    """Return the weights that the study file asks for.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it. `weights:` of its study file says how to weight; without it, and without a
        declared weight, all weights are 1.
    period
        Weight only this period, the others 1; all periods by default.

    Returns
    -------
    StudyWeights
        Weights and what they did.

    Raises
    ------
    StudyError
        As for `rake` and `response_propensity`, with the period in which it happened.

    Notes
    -----
    A declared `design: {weight: …}` is taken as it is, unless the design says `rake: true`; then, or without one, base
    weight times response weight is raked to the margins of each period. Only the rows that the headline rests on are
    raked: the latest answer of each customer and period in the relationship survey. Its earlier answers get 0.
    Transactional answers speak for contacts, not for customers, and keep their base weight.

    Examples
    --------
    >>> from cxresearch.study_data import load
    >>> bool(study_weights(load("demo", period="2024Q4")).margins["gap"].abs().max() < 1e-9)
    True
    """
    design, rules, responses = study.definition.responses.design, study.definition.weights, study.responses
    declared = responses["weight"].astype("float64") if design.weight else None
    weights = (pd.Series(1.0, responses.index) if declared is None else declared).rename("weight")
    wanted = study.periods if period is None else [period]
    answered = responses["survey"].eq("relationship")
    if declared is not None and not design.rake:
        rows = {name: responses[answered & responses["period"].eq(name)] for name in wanted}
        return _gathered(weights, {name: _as_declared(one, weights) for name, one in rows.items() if len(one)})
    if rules is None:
        return _gathered(weights, {})
    found = {}
    for name in wanted:
        of_period = responses[answered & responses["period"].eq(name)]
        counted = latest(of_period.assign(**{BASE: weights, "row": of_period.index})).set_index("row")
        if len(counted):
            found[name] = _of_period(study, rules, name, counted)
            weights = weights.where(~weights.index.isin(of_period.index), 0.0)
            weights[counted.index] = found[name]["weights"]
    return _gathered(weights, found)


def _of_period(study: StudyData, rules: Weights, period: str, answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the weights of one period's answers with the tables that describe them."""
    moments = _moments(study, period)
    tables: dict[str, pd.DataFrame] = {}
    try:
        invited = _invited(study, moments) if rules.propensity else None
        if invited is not None and invited.empty:
            tables["notes"] = pd.DataFrame(["no invitations in the period, so no response weights."])
        elif invited is not None:
            fit = response_propensity(invited, answers, rules.propensity, cap=rules.cap)
            answers = answers.assign(**{BASE: answers[BASE] * fit.weights})
            tables |= {"representativity": fit.r_indicator, "balance": fit.balance, "notes": pd.DataFrame(fit.notes)}
        margins = _margins(study, rules, moments)
        if not margins:
            return tables | {"weights": answers[BASE], "diagnostics": spread(answers, answers[BASE].to_numpy())}
        raked = rake(answers, margins, base=BASE, cap=rules.cap)
    except (StudyError, KeyError) as error:
        raise StudyError(f"weights, period {period}: {error.args[0]}") from None
    return tables | {"weights": raked.weights, "diagnostics": raked.diagnostics, "margins": raked.margins}


def _as_declared(answers: pd.DataFrame, weights: pd.Series) -> dict[str, pd.DataFrame]:
    """Return how uneven declared weights are."""
    return {"diagnostics": spread(answers, weights[answers.index].to_numpy(), refuse=False)}


def _margins(study: StudyData, rules: Weights, moments: Moments | None) -> Margins:
    """Return the margins of a period: as written, or counted in the customer list."""
    if rules.margins is None:
        return {}
    if not isinstance(rules.margins, CustomerMargins):
        return {name: dict(shares) for name, shares in rules.margins.items()}
    customers = study.customers
    if moments is not None:
        # Customers get the levels that an invitation at the end of the period would give them.
        customers = customers.assign(**{SEGMENTED["invitations"]: moments[1]})
    wanted = {name: study.definition.segments[name] for name in rules.segments}
    definition = study.definition.model_copy(update={"segments": wanted})
    known, _ = with_segments(customers, "invitations", None, definition)
    by: list[MarginName] = [name if isinstance(name, str) else tuple(name) for name in rules.margins.by]
    lacking = [name for name in rules.segments if name not in known]
    if lacking:
        raise StudyError(
            f"margins: the segment {lacking[0]!r} cannot be told from the customer list; give its shares in numbers."
        )
    return margins_from(known, by, period=moments)


def _invited(study: StudyData, moments: Moments | None) -> pd.DataFrame:
    """Return the invitations to the relationship survey sent in a period."""
    invited = study.invitations
    if "survey" in invited:
        invited = invited[invited["survey"].eq("relationship")]
    if moments is not None and "invited_at" in invited:
        invited = invited[invited["invited_at"].ge(moments[0]) & invited["invited_at"].lt(moments[1])]
    return invited


def _moments(study: StudyData, period: str) -> Moments | None:
    """Return the first moment of a period and the first moment after it; None for `all`."""
    found = periods.parse(period, study.definition.fiscal_year_start)
    if found is None:
        return None
    return pd.Timestamp(found.start()), pd.Timestamp(found.end()) + pd.Timedelta(days=1)


def _gathered(weights: pd.Series, found: dict[str, dict[str, pd.DataFrame]]) -> StudyWeights:
    """Return the tables of all periods, each with its period in front."""

    def joined(table: str) -> pd.DataFrame:
        """Return one kind of table of all periods."""
        parts = [tables[table].assign(period=name) for name, tables in found.items() if table in tables]
        if not parts:
            return pd.DataFrame({"period": pd.Series(dtype="str"), "n": pd.Series(dtype="int64")})
        frame = pd.concat(parts, ignore_index=True)
        return frame[["period", *(name for name in frame if name != "period")]]

    notes = tuple(f"{name}: {one}" for name, tables in found.items() for one in np.ravel(tables.get("notes", ())))
    return StudyWeights(
        weights, joined("diagnostics"), joined("margins"), joined("representativity"), joined("balance"), notes
    )
