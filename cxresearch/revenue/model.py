"""The model of every customer link: revenue after, given loyalty, revenue and vote before, controls and quarter."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.stats.design import Floats
from cxresearch.stats.intervals import t_interval
from cxresearch.stats.poisson import PoissonFit, poisson_fit, within_poisson_fit
from cxresearch.stats.survey import base_flag, kish
from cxresearch.strict_yaml import StudyError

__all__ = ["ESTIMATES", "KNOWN", "Model", "in_percent", "known_rows", "row_of", "terms_of", "within_customers"]

ESTIMATES = [
    "n",
    "n_customers",
    "n_eff",
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "statistic",
    "p_value",
    "percent",
    "percent_low",
    "percent_high",
]
# With as many customers whose vote before is known the headline rests on them alone.
FEWEST_KNOWN = 100
# What is left of a column after the others, as a share of its length, when it is a sum of them but for rounding.
DEPENDENT = 1e-9
KNOWN, EVERYONE = "vote before known", "all linked"


@dataclass(frozen=True)
class Model:
    """Which rows, terms and columns a fit has.

    Attributes
    ----------
    rows
        Linked answers, as in `Linked.rows`, or a frame with the columns that are named here.
    controls
        Columns held constant beside the baseline.
    after, before
        Columns of the outcome and of the baseline, whose log is held constant; no baseline where that is "".
    previous
        Whether the vote before is held constant, with an indicator where it is not known.
    """

    rows: pd.DataFrame = field(repr=False)
    controls: list[str]
    after: str = "after"
    before: str = "before"
    previous: bool = True

    def design(self, terms: dict[str, Floats]) -> tuple[Floats, list[str]]:
        """Return the columns of the model, the terms first, and their names.

        Of the other columns, those that are sums of others are left out: they hold nothing more constant.
        A term that is such a sum stays, and no fit is found.
        """
        rows = self.rows
        columns = {"constant": np.ones(len(rows))}
        if self.before:
            columns["before"] = np.log(rows[self.before].to_numpy(dtype=float))
        if self.previous:
            columns["previous"] = rows["previous"].to_numpy(dtype=float)
            columns["previous unknown"] = 1.0 - rows["previous_known"].to_numpy(dtype=float)
        columns |= {name: rows[name].to_numpy(dtype=float) for name in self.controls}
        for quarter in sorted(rows["quarter"].unique())[1:]:
            columns[str(quarter)] = rows["quarter"].eq(quarter).to_numpy(dtype=float)
        held = np.column_stack(list(columns.values()))
        own = np.abs(np.diag(np.linalg.qr(held, mode="r"))) > DEPENDENT * np.linalg.norm(held, axis=0)
        names = [name for name, kept in zip(columns, own, strict=True) if kept]
        return np.column_stack([*terms.values(), held[:, own]]), [*terms, *names]

    def fit(self, terms: dict[str, Floats]) -> PoissonFit:
        """Return the fit; the slopes of the terms come first.

        Raises
        ------
        StudyError
            If the model cannot be fitted, in a sentence.
        """
        for name, one in terms.items():
            if np.ptp(one) == 0:
                raise StudyError(
                    f"revenue: {name} is the same for all {len(one)} linked answers; nothing can be compared."
                )
        x, _ = self.design(terms)
        rows = self.rows
        weight, after = rows["weight"].to_numpy(dtype=float), rows[self.after].to_numpy(dtype=float)
        try:
            return poisson_fit(after, x, weight / weight.mean(), pd.factorize(rows["customer"])[0])
        except (ValueError, np.linalg.LinAlgError) as error:
            raise StudyError(f"revenue: no fit of {len(rows)} linked answers: {error}") from None


def terms_of(rows: pd.DataFrame, loyalty: str) -> dict[str, Floats]:
    """Return the one term of the headline: loyalty as it is."""
    return {loyalty: rows["loyalty"].to_numpy(dtype=float)}


def within_customers(rows: pd.DataFrame, controls: list[str], loyalty: str) -> PoissonFit:
    """Return the fit with an effect of each customer and neither baseline nor vote before; loyalty's slope is first.

    Raises
    ------
    StudyError
        If the model cannot be fitted, in a sentence.
    """
    x, _ = Model(rows, controls, before="", previous=False).design(terms_of(rows, loyalty))
    changing = x[:, (x.std(axis=0) > 0)]
    weight = rows["weight"].to_numpy(dtype=float)
    try:
        return within_poisson_fit(
            rows["after"].to_numpy(dtype=float), changing, weight / weight.mean(), pd.factorize(rows["customer"])[0]
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        raise StudyError(f"revenue: no fit within {rows['customer'].nunique()} customers: {error}") from None


def known_rows(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows that a headline rests on, and which these are.

    Where the vote before is not known, lasting loyalty hides in the baseline and makes the slope too small; so answers
    with a known one are used alone, if at least a hundred customers gave such answers.
    """
    known = rows[rows["previous_known"]]
    if known["customer"].nunique() >= FEWEST_KNOWN and known["quarter"].nunique() > 1:
        return known, KNOWN
    return rows, EVERYONE


def in_percent(estimate: float, low: float, high: float) -> dict[str, float]:
    """Return log points of revenue with their limits as per cent; a limit without an end stays without.

    Examples
    --------
    >>> in_percent(0.0, -np.inf, float(np.log(1.1)))
    {'percent': 0.0, 'percent_low': -inf, 'percent_high': 10.000000000000009}
    """
    logs = np.array([estimate, low, high], dtype=float)
    percent = np.where(np.isinf(logs), logs, 100 * np.expm1(logs))
    return dict(zip(("percent", "percent_low", "percent_high"), percent.tolist(), strict=True))


def row_of(fit: PoissonFit, place: int, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the columns `ESTIMATES` and `flag` of one slope: log points, and per cent of revenue."""
    estimate, error = float(fit.slopes[place]), float(np.sqrt(fit.covariance[place, place]))
    low, high = (float(limit) for limit in t_interval(estimate, error, fit.clusters - 1))
    n_eff = float(kish(rows.groupby("customer")["weight"].sum().to_numpy(dtype=float))[0])
    statistic = estimate / error if error > 0 else np.nan
    p_value = float(2 * stats.t.sf(abs(statistic), fit.clusters - 1))
    bases = len(rows), fit.clusters, n_eff
    values = [*bases, estimate, error, low, high, statistic, p_value, *in_percent(estimate, low, high).values()]
    return {**dict(zip(ESTIMATES, values, strict=True)), "flag": str(base_flag(len(rows), n_eff))}
