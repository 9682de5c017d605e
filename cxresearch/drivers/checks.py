"""What a reader should know before believing a driver model: overlap, halo, influence, prediction, signs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.drivers.prepared import Prepared
from cxresearch.drivers.regressors import Regressors, read_regressors
from cxresearch.metrics.answers import Names
from cxresearch.stats.cross_products import cross_products, standardised
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.regression import least_squares
from cxresearch.stats.survey import base_flag

__all__ = ["Checks", "checks", "rows_of_model"]

# From these on a check warns: Belsley, Kuh & Welsch (1980) for the condition number; half of all variance in one
# component; a model that predicts new customers by .05 of R² worse than its own.
VIF_FROM, CONDITION_FROM, HALO_FROM, SHRINKAGE_FROM = 5.0, 30.0, 0.5, 0.05
# A sign that fewer customers than this share carry hangs on them.
FEW = 0.01
FOLDS = 10
PASS, WARN = "pass", "warn"
# What each check says, when it passes and when it warns.
MEANING = {
    "overlap": (
        "Each driver has variance enough of its own.",
        "Drivers overlap so much that single effects are vague.",
    ),
    "condition": ("The effects hang on no single combination.", "Small changes of the answers would move the effects."),
    "halo": (
        "The ratings are more than one overall impression.",
        "Ratings share one overall impression: a high rating may follow loyalty as much as make it.",
    ),
    "influence": (
        "No supported effect hangs on a few customers.",
        "A supported effect would change its sign without a few customers.",
    ),
    "prediction": (
        "The model predicts customers that it has not seen about as well.",
        "The model fits its own customers better than new ones.",
    ),
    "signs": (
        "No supported effect runs against its correlation.",
        "A supported effect runs against its correlation: an artefact of overlap before it is a finding.",
    ),
}


@dataclass(frozen=True)
class Checks:
    """What was checked.

    Attributes
    ----------
    summary
        One row a `check`: `n`, `n_customers`, `estimate`, `limit` (beyond which it warns), `verdict` (`pass` or
        `warn`), `meaning`, `flag`. `overlap`: largest variance inflation factor; `condition`: condition number; `halo`:
        share of the first principal component; `influence`: smallest share of customers without whom a supported effect
        changes its sign; `prediction`: by how much R² falls for customers not seen; `signs`: supported effects that run
        against their correlation.
    drivers
        One row a `driver`: `n`, `n_customers`, `n_eff`, `estimate` (β), `std_error`, `conf_low`, `conf_high`,
        `correlation` with the outcome, `vif`, `without` (fewest customers without whom β changes its sign), `alone`
        (customers of whom any one would do), `own_effect`, `sign_conflict`, `flag`.
    fit
        One row a `measure` (`R²`, `cross-validated R²`): `n`, `n_customers`, `n_eff`, `estimate`, `flag`.
    """

    summary: pd.DataFrame
    drivers: pd.DataFrame
    fit: pd.DataFrame


def checks(
    frame: pd.DataFrame | Prepared,
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    *,
    weight: str | None = None,
    controls: Sequence[str] = (),
    cluster: Names = None,
    seed: int = 0,
    conf_level: float = 0.95,
) -> Checks:
    """Return what may make a driver model say more than the answers do.

    Parameters
    ----------
    frame, outcome, drivers, weight, controls, cluster
        As for `penalty_reward`; of prepared answers the first completed copy is checked.
    seed
        Of the folds of the cross-validation.
    conf_level
        Of the intervals by which an effect counts as supported.

    Returns
    -------
    Checks
        Frames `summary`, `drivers`, `fit`.

    Raises
    ------
    StudyError
        As `importance`.

    Notes
    -----
    VIF_j = 1 / (1 - R²_j) of driver j on the others and the controls: R `car::vif`. Condition number: the root of the
    largest over the smallest eigenvalue of the drivers' correlations. A customer's influence on β is exact for one
    answer, A⁻¹xwe / (1 - h) (Cook & Weisberg 1982), and summed over several; `without` adds the largest ones up
    (Broderick, Giordano & Meager 2020). Cross-validated R²: ten folds of whole customers.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> answers = pd.DataFrame(rng.normal(size=(400, 2)), columns=["network", "app"])
    >>> answers["score"] = answers["network"] + rng.normal(size=400)
    >>> checks(answers, "score", ["network", "app"]).summary[["check", "verdict"]].values.tolist()[:2]
    [['overlap', 'pass'], ['condition', 'pass']]
    """
    found = rows_of_model(frame, outcome, drivers, weight, controls, cluster)
    by_driver = _by_driver(found, conf_level)
    fit = _fit(found, seed)
    return Checks(_summary(found, by_driver, fit), by_driver, fit)


def rows_of_model(
    frame: pd.DataFrame | Prepared,
    outcome: str | None,
    drivers: Sequence[str] | None,
    weight: str | None,
    controls: Sequence[str],
    cluster: Names,
) -> Regressors:
    """Return the rows of a linear model: of a frame, or of the first copy of prepared answers."""
    if isinstance(frame, Prepared):
        return read_regressors(frame.frame, model="ols", **frame.arguments)
    return read_regressors(
        frame, outcome or "nps", drivers or [], "ols", weight=weight, controls=controls, cluster=cluster
    )


def _by_driver(found: Regressors, conf_level: float) -> pd.DataFrame:
    """Return each driver's slope, its overlap with the others and on how many customers its sign hangs."""
    x = np.column_stack([np.ones(len(found.weight)), found.x, found.controls])
    own = slice(1, 1 + found.x.shape[1])
    slopes = least_squares(found.outcome, x, found.design)
    beta, error = slopes.estimate[own], slopes.std_error[own]
    times = float(stats.t.ppf((1 + conf_level) / 2, max(slopes.df, 1)))
    low, high = beta - times * error, beta + times * error
    columns = standardised(np.column_stack([found.x, found.outcome]), found.weight)[:, 1:]
    correlation = cross_products(columns, found.weight)[-1, :-1]
    without, alone = _sign_changers(beta, _influence(found, x, slopes.estimate)[:, own])
    numbers = {"estimate": beta, "std_error": error, "conf_low": low, "conf_high": high, "correlation": correlation}
    numbers |= {"vif": _inflation(found), "without": without, "alone": alone}
    supported = (low > 0) | (high < 0)
    rows = pd.DataFrame({"driver": found.terms}).assign(**found.bases(), **numbers, own_effect=supported)
    conflict = supported & (np.sign(beta) != np.sign(correlation))
    return rows.assign(sign_conflict=conflict, flag=base_flag(rows["n"], rows["n_eff"]))


def _inflation(found: Regressors) -> Floats:
    """Return the variance inflation factor of each driver."""
    constant = np.ptp(found.controls, axis=0) == 0
    columns = standardised(np.column_stack([found.x, found.controls[:, ~constant]]), found.weight)[:, 1:]
    return np.diag(np.linalg.inv(cross_products(columns, found.weight)))[: found.x.shape[1]]


def _influence(found: Regressors, x: Floats, beta: Floats) -> Floats:
    """Return by how much the coefficients fall without each customer, (customers, coefficients)."""
    weighted = x * found.weight[:, None]
    inverse = np.linalg.inv(x.T @ weighted)
    leverage = np.einsum("ij,jk,ik->i", weighted, inverse, x).clip(max=1 - 1e-9)
    rows = weighted * ((found.outcome - x @ beta) / (1 - leverage))[:, None] @ inverse
    total = np.zeros((int(found.unit.max()) + 1, rows.shape[1]))
    np.add.at(total, found.unit, rows)
    return total


def _sign_changers(beta: Floats, influence: Floats) -> tuple[Floats, Floats]:
    """Return the fewest customers without whom each sign changes (missing where all would not do), and how many alone.

    Influences are added up from the largest on, as if leaving out one customer did not change what the others weigh.
    """
    towards = influence * np.sign(beta)
    alone = (towards > np.abs(beta)).sum(axis=0).astype(float)
    lost = np.cumsum(-np.sort(-towards, axis=0), axis=0) > np.abs(beta)
    without = np.where(lost.any(axis=0), lost.argmax(axis=0) + 1.0, np.nan)
    return without, alone


def _fit(found: Regressors, seed: int) -> pd.DataFrame:
    """Return R² of the model's own customers and of customers in folds that it has not seen."""
    x = np.column_stack([np.ones(len(found.weight)), found.x, found.controls])
    n_units = int(found.unit.max()) + 1
    fold = (np.random.default_rng(seed).permutation(n_units) % FOLDS)[found.unit]
    values = [_r2(found, x, np.zeros(len(fold), dtype=np.intp), 1), _r2(found, x, fold, FOLDS)]
    rows = pd.DataFrame({"measure": ["R²", "cross-validated R²"]}).assign(**found.bases(), estimate=values)
    return rows.assign(flag=base_flag(rows["n"], rows["n_eff"]))


def _r2(found: Regressors, x: Floats, fold: Codes, folds: int) -> float:
    """Return R² of predictions for each fold by a model of the others, or by its own where there is one fold."""
    predicted = np.empty(len(fold))
    for number in range(folds):
        there = fold == number
        seen = ~there if folds > 1 else there
        root = np.sqrt(found.weight[seen])[:, None]
        slopes = np.linalg.lstsq(x[seen] * root, found.outcome[seen] * root[:, 0], rcond=None)[0]
        predicted[there] = x[there] @ slopes
    mean = np.average(found.outcome, weights=found.weight)
    missed = found.weight @ (found.outcome - predicted) ** 2
    return float(1 - missed / (found.weight @ (found.outcome - mean) ** 2))


def _summary(found: Regressors, by_driver: pd.DataFrame, fit: pd.DataFrame) -> pd.DataFrame:
    """Return one row a check."""
    known = standardised(np.column_stack([found.x]), found.weight)[:, 1:]
    roots = np.linalg.eigvalsh(cross_products(known, found.weight))
    supported = by_driver[by_driver["own_effect"]]
    carried = (supported["without"] / by_driver["n_customers"].iloc[0]).min() if len(supported) else np.nan
    r2 = fit["estimate"].to_numpy()
    measured = [
        ("overlap", by_driver["vif"].max(), VIF_FROM, by_driver["vif"].max() >= VIF_FROM),
        ("condition", np.sqrt(roots[-1] / roots[0]), CONDITION_FROM, np.sqrt(roots[-1] / roots[0]) >= CONDITION_FROM),
        ("halo", roots[-1] / roots.sum(), HALO_FROM, roots[-1] / roots.sum() >= HALO_FROM),
        ("influence", carried, FEW, carried < FEW),
        ("prediction", r2[0] - r2[1], SHRINKAGE_FROM, r2[0] - r2[1] >= SHRINKAGE_FROM),
        ("signs", float(by_driver["sign_conflict"].sum()), 1.0, bool(by_driver["sign_conflict"].any())),
    ]
    bases = found.bases()
    rows = [
        {"check": name, **bases, "estimate": float(value), "limit": limit, "verdict": WARN if warns else PASS}
        | {"meaning": MEANING[name][int(warns)]}
        for name, value, limit, warns in measured
    ]
    frame = pd.DataFrame(rows).astype({"check": "str", "verdict": "str", "meaning": "str"})
    return frame.assign(flag=base_flag(frame["n"], frame["n_eff"]))
