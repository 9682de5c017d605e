"""Who answered of all who were asked: response propensities, the weights they give, and what these leave unbalanced."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.stats import raking
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.raking import Cap, cross_table
from cxresearch.stats.representativity import Response, between, fit_response, r_indicator, within
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError
from cxresearch.weights.diagnostics import checked_cap, people, people_of, spread
from cxresearch.weights.margins import check_columns, coded

__all__ = ["Propensity", "response_propensity"]

Mask = npt.NDArray[np.bool_]
KEYS = ("invitation_id", "customer_id")
UNKNOWN = "(not known)"
# Levels with fewer invited, answered or silent units than these tell too little to be weighted by.
FEWEST_INVITED, FEWEST_EACH = 30, 5
# A column of numbers is shown in the balance table by fifths.
BANDS = 5


@dataclass(frozen=True)
class Propensity:
    """Response propensities, and weights by them.

    Attributes
    ----------
    weights
        One a row of the responses, on their index, of mean 1; an answer that no invitation explains has weight 1.
    propensity
        One a row of the invitations, on their index: probability of an answer.
    balance
        One row a level: `variable`, `level`, `n` (invited), `n_customers`, `share_invited`, `share_answered`,
        `share_weighted`, `difference_before` and `difference_after` (to the invited, in standard deviations), `flag`.
    r_indicator
        One row: `n` (invited), `n_customers`, `answered`, `estimate` (1 where all answer alike), `std_error`,
        `conf_low`, `conf_high`, `flag`.
    partial
        One row a variable: `variable`, `n`, `n_customers`, `estimate` (spread of propensities between its levels),
        `conditional` (spread within the cells of the other variables), `flag`.
    diagnostics
        One row: the columns of `Raked.diagnostics` up to `max`, `untraced` (answers without an invitation), `flag`.
    notes
        Sentences on what was merged.
    """

    weights: pd.Series
    propensity: pd.Series
    balance: pd.DataFrame
    r_indicator: pd.DataFrame
    partial: pd.DataFrame
    diagnostics: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Covariate:
    """A covariate: its regressors, and its levels for the tables."""

    x: Floats
    code: Codes
    levels: list[str]
    note: str


def response_propensity(
    invitations: pd.DataFrame,
    responses: pd.DataFrame,
    covariates: Sequence[str],
    *,
    key: str | None = None,
    classes: int | None = 5,
    cap: Cap | None = (0.3, 3.0),
    conf_level: float = 0.95,
) -> Propensity:
    """Return weights that undo what the customer list can see of who answers.

    Parameters
    ----------
    invitations
        One row an invitation, answered or not; needs the key and the covariates.
    responses
        One row an answer; needs the key.
    covariates
        Columns of the invitations that are known of all invited: segments, tenure, revenue. A blank level is a level; a
        blank number counts as the mean, with a regressor of its own.
    key
        Column that says which answer is to which invitation; `invitation_id`, else `customer_id`, by default.
    classes
        Weighting classes: units are sorted by propensity into so many of equal size, and weighted by invited over
        answered in each. None weights by 1 / propensity directly.
    cap
        Smallest and largest weight, as ratio to the mean; what is cut off is spread over the others. None is no limit.
    conf_level
        Coverage of the R-indicator's interval.

    Returns
    -------
    Propensity
        Weights, balance, R-indicator and its parts.

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        If answers cannot be traced to invitations, all or none answered, the covariates tell for certain who answers,
        or the weights would leave under a quarter of the answers' information.

    Notes
    -----
    Logistic regression; weighting classes as Little (1986), which a wrong model harms less than 1 / propensity. The
    population is everyone invited, and answering is taken as random given the covariates: what they do not know, as
    loyalty itself, stays (`nonresponse_range`). Levels with under 30 invited, or under 5 answers or silences, count as
    the largest level.

    Examples
    --------
    >>> invited = pd.DataFrame({"customer_id": range(400), "plan": ["Basic"] * 200 + ["Pro"] * 200})
    >>> answers = invited[(invited["customer_id"] % 4 == 0) | (invited["customer_id"] >= 300)]
    >>> found = response_propensity(invited, answers, ["plan"])
    >>> found.balance[["level", "share_invited", "share_answered", "share_weighted"]].round(3)
       level  share_invited  share_answered  share_weighted
    0  Basic            0.5           0.286             0.5
    1    Pro            0.5           0.714             0.5
    """
    limits = checked_cap(cap)
    if not covariates:
        raise StudyError("covariates: found none; name columns that are known of everyone invited.")
    check_columns(invitations, covariates)
    key, answered = _answered(invitations, responses, key)
    found = {name: _covariate(invitations, name, answered) for name in covariates}
    response = fit_response(np.hstack([np.ones((len(answered), 1)), *(one.x for one in found.values())]), answered)
    if response.separated:
        raise StudyError(
            f"response_propensity: {', '.join(covariates)} tell for certain who answers, so that no weight can stand "
            "for the others; leave out what is only known of those who answered."
        )
    ρ = response.propensity
    weight = 1 / (ρ if classes is None else _class_rates(ρ, answered, classes))
    weights, untraced = _of_responses(invitations[key], weight, responses[key], limits)
    row = spread(responses, weights.to_numpy())
    flag = row.pop("flag")
    return Propensity(
        weights,
        pd.Series(ρ, invitations.index, name="propensity"),
        _balance(invitations, found, answered, weight, limits),
        _representative(invitations, response, answered, conf_level),
        _partial(invitations, found, ρ),
        row.assign(untraced=untraced, flag=flag),
        tuple(one.note for one in found.values() if one.note),
    )


def _answered(invitations: pd.DataFrame, responses: pd.DataFrame, key: str | None) -> tuple[str, Mask]:
    """Return the key, and which invitations were answered."""
    both = [name for name in KEYS if name in invitations and name in responses]
    if key is None and not both:
        raise StudyError(
            "response_propensity: answers cannot be traced to invitations; both tables need `invitation_id` or "
            "`customer_id`."
        )
    name = key or both[0]
    check_columns(invitations, [name])
    check_columns(responses, [name])
    answered = invitations[name].isin(responses[name].dropna()).to_numpy()
    if answered.all() or not answered.any():
        raise StudyError(
            f"response_propensity: {int(answered.sum())} of {len(answered)} invited answered; it needs some who did "
            "and some who did not."
        )
    return name, answered


def _covariate(invitations: pd.DataFrame, name: str, answered: Mask) -> _Covariate:
    """Return the regressors and levels of one column."""
    column = invitations[name]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return _number(column.astype("float64"))
    code, levels = coded(invitations, [name])
    names = [*map(str, levels), UNKNOWN]
    code = np.where(code < 0, len(levels), code)
    size = len(names)
    n, yes = np.bincount(code, minlength=size), np.bincount(code[answered], minlength=size)
    tiny = (n > 0) & ((n < FEWEST_INVITED) | (yes < FEWEST_EACH) | (n - yes < FEWEST_EACH))
    reference = int(n.argmax())
    tiny[reference] = False
    regressors = [level for level in range(size) if n[level] and not tiny[level] and level != reference]
    note = (
        f"{name}: {int(tiny.sum())} level(s) with under {FEWEST_INVITED} invited, or under {FEWEST_EACH} answers or "
        f"silences, count as the largest level ({int(n[tiny].sum())} invited)."
        if tiny.any()
        else ""
    )
    return _Covariate((code[:, None] == regressors).astype(float), code, names, note)


def _number(column: pd.Series) -> _Covariate:
    """Return a number, standardised, with a regressor for blanks; fifths of it are its levels."""
    blank = column.isna()
    spread_of = column.std(ddof=0)
    standard = ((column - column.mean()) / (spread_of or 1.0)).fillna(0.0)
    x = np.column_stack([standard, blank]) if blank.any() else standard.to_numpy()[:, None]
    bands = pd.qcut(column, BANDS, duplicates="drop") if column.notna().any() else pd.Categorical(column)
    categories = pd.Categorical(bands)
    names = [*map(str, categories.categories), UNKNOWN]
    return _Covariate(x, np.where(categories.codes < 0, len(names) - 1, categories.codes), names, "")


def _class_rates(ρ: Floats, answered: Mask, classes: int) -> Floats:
    """Return the response rate of each unit's class of like propensity."""
    cut = np.unique(np.quantile(ρ, np.linspace(0, 1, classes + 1)[1:-1]))
    group = np.searchsorted(cut, ρ, side="left")
    rate = np.bincount(group, answered) / np.maximum(np.bincount(group), 1)
    # A class that nobody answered has no answer to weight up; its units stand for themselves alone.
    return np.where(rate > 0, rate, 1.0)[group]


def _of_responses(invited: pd.Series, weight: Floats, responded: pd.Series, cap: Cap) -> tuple[pd.Series, int]:
    """Return the weight of each answer, of mean 1, and how many answers no invitation explains."""
    by_key = pd.Series(weight, invited.to_numpy())[lambda one: one.index.notna() & ~one.index.duplicated(keep="last")]
    found = responded.map(by_key).astype("float64")
    traced = found.notna()
    trimmed = raking.trim((found[traced] / found[traced].mean()).to_numpy(), cap)
    weights = pd.Series(1.0, responded.index, name="weight")
    weights[traced] = trimmed
    return weights, int((~traced).sum())


def _balance(
    invitations: pd.DataFrame, found: dict[str, _Covariate], answered: Mask, weight: Floats, cap: Cap
) -> pd.DataFrame:
    """Return shares of the invited, of those who answered, and of these weighted."""
    given = raking.trim(weight[answered] / weight[answered].mean(), cap)
    parts = []
    for name, one in found.items():
        size = len(one.levels)
        n = np.bincount(one.code, minlength=size)
        invited = n / n.sum()
        before = np.bincount(one.code[answered], minlength=size) / answered.sum()
        after = np.bincount(one.code[answered], given, size) / given.sum()
        deviation = np.sqrt(invited * (1 - invited))
        table: dict[str, object] = {"variable": name, "level": one.levels, "n": n}
        table |= {"n_customers": people_of(invitations, one.code, n)}
        table |= {"share_invited": invited, "share_answered": before, "share_weighted": after}
        for when, share in {"before": before, "after": after}.items():
            difference = np.divide(share - invited, deviation, out=np.zeros(size), where=deviation > 0)
            table[f"difference_{when}"] = difference
        parts.append(pd.DataFrame(table | {"flag": base_flag(n, n)})[n > 0])
    return pd.concat(parts, ignore_index=True)


def _representative(invitations: pd.DataFrame, response: Response, answered: Mask, conf_level: float) -> pd.DataFrame:
    """Return the R-indicator's row."""
    estimate, error, low, high = r_indicator(response, conf_level)
    row: dict[str, object] = {"n": len(answered), "n_customers": people(invitations), "answered": int(answered.sum())}
    row |= {"estimate": estimate, "std_error": error, "conf_low": low, "conf_high": high}
    return pd.DataFrame([row | {"flag": base_flag(answered.sum(), answered.sum()).item()}])


def _partial(invitations: pd.DataFrame, found: dict[str, _Covariate], ρ: Floats) -> pd.DataFrame:
    """Return the partial R-indicators of the variables."""
    rows = []
    for name, one in found.items():
        others = [other for label, other in found.items() if label != name]
        cells = (
            cross_table([other.code for other in others], [len(other.levels) for other in others]) if others else None
        )
        group = np.zeros(len(ρ), dtype=np.intp) if cells is None else cells.of_row
        rows.append({"variable": name, "estimate": between(ρ, one.code), "conditional": within(ρ, group)})
    bases = {"n": len(ρ), "n_customers": people(invitations)}
    return pd.DataFrame(rows).assign(**bases, flag="")[["variable", *bases, "estimate", "conditional", "flag"]]
