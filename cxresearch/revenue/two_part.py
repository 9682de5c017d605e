"""What of a vote's worth comes from staying, and what from spending more."""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import SpecificationWarning

from cxresearch.revenue.linked import Linked
from cxresearch.revenue.model import Model, in_percent, known_rows, row_of, terms_of
from cxresearch.stats.intervals import wald
from cxresearch.strict_yaml import StudyError

__all__ = ["two_part"]

# Fewer who left tell nothing about leaving.
FEWEST_LEFT = 20
COLUMNS = ["part", "n", "n_customers", "estimate", "std_error", "conf_low", "conf_high"]
COLUMNS += ["percent", "percent_low", "percent_high", "flag"]


def two_part(linked: Linked) -> pd.DataFrame:
    """Return the effect of a vote split into staying and spending.

    Parameters
    ----------
    linked
        Linked answers, at least 20 of them of customers who left within the horizon.

    Returns
    -------
    pandas.DataFrame
        `part`, `n`, `n_customers`, `estimate` (log points of revenue a vote or point), `std_error`, `conf_low`,
        `conf_high`, `percent`, `percent_low`, `percent_high`, `flag`. Parts: `staying` (a logit of
        being with us in the last month, times what staying brings), `spending` (Poisson, among who stayed), `together`
        (their sum), `link` (the one model, to compare).

    Raises
    ------
    StudyError
        If too few left, or nearly all did.

    Notes
    -----
    With p the chance of staying, s revenue of who stays and l of who leaves, mean revenue is ps + (1 − p)l; its
    derivative by the vote is p(1 − p)b(s − l) + p·s·g, with b and g the slopes of both parts. The error of each part
    takes the other one as it is; that of the sum takes them as independent, as their estimates are.
    """
    rows, _ = known_rows(linked.rows)
    stayed = rows["stayed"].eq(1)
    if min((~stayed).sum(), stayed.sum()) < FEWEST_LEFT:
        raise StudyError(
            f"two_part: {int((~stayed).sum())} of {len(rows)} linked answers are of customers who left within the "
            f"horizon; {FEWEST_LEFT} are needed on either side."
        )
    model, terms = Model(rows, linked.controls), terms_of(rows, linked.loyalty)
    chance, slope, error = _staying(model, terms, stayed)
    spend = Model(rows[stayed], linked.controls)
    fit = spend.fit(terms_of(rows[stayed], linked.loyalty))
    keep = rows["weight"].to_numpy(dtype=float)
    base = rows["before"].to_numpy(dtype=float)
    staying = keep * chance * base * _rate(rows[stayed])
    worth = keep * chance * (1 - chance) * base * (_rate(rows[stayed]) - _rate(rows[~stayed]))
    total = staying.sum() + (keep * (1 - chance) * base * _rate(rows[~stayed])).sum()
    factors = worth.sum() / total, staying.sum() / total
    parts = [factors[0] * slope, factors[1] * float(fit.slopes[0])]
    errors = [abs(factors[0]) * error, factors[1] * float(np.sqrt(fit.covariance[0, 0]))]
    found = [_row("staying", rows, parts[0], errors[0]), _row("spending", rows[stayed], parts[1], errors[1])]
    found.append(_row("together", rows, sum(parts), float(np.hypot(*errors))))
    whole = row_of(model.fit(terms), 0, rows)
    found.append(_row("link", rows, float(whole["estimate"]), float(whole["std_error"])))
    return pd.DataFrame(found, columns=COLUMNS)


def _staying(model: Model, terms: dict[str, np.ndarray], stayed: pd.Series) -> tuple[np.ndarray, float, float]:
    """Return each one's chance of staying, the logit's slope of loyalty and its clustered error."""
    x, _ = model.design(terms)
    weight = model.rows["weight"].to_numpy(dtype=float)
    logit = sm.GLM(stayed.to_numpy(dtype=float), x, family=sm.families.Binomial(), var_weights=weight / weight.mean())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Robust errors with weights are tested against the reference; statsmodels says only that it has not.
            warnings.simplefilter("ignore", SpecificationWarning)
            fit = logit.fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(model.rows["customer"])[0]})
    except (Warning, ValueError, np.linalg.LinAlgError):
        raise StudyError("two_part: some group left, or stayed, without exception; leave out a control.") from None
    return np.asarray(fit.fittedvalues), float(fit.params[0]), float(fit.bse[0])


def _rate(rows: pd.DataFrame) -> float:
    """Return revenue after per unit of revenue before."""
    weight = rows["weight"].to_numpy(dtype=float)
    return float(weight @ rows["after"].to_numpy(dtype=float) / (weight @ rows["before"].to_numpy(dtype=float)))


def _row(part: str, rows: pd.DataFrame, estimate: float, error: float) -> list[object]:
    """Return one row of the frame."""
    low, high = (float(limit) for limit in wald(estimate, error))
    percent = in_percent(estimate, low, high).values()
    return [part, len(rows), rows["customer"].nunique(), estimate, error, low, high, *percent, ""]
