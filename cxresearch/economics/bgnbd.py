"""Customers who buy when they like: how often, whether they still do, and for how much."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from cxresearch.stats.design import Floats

__all__ = ["BgNbd", "GammaGamma", "bg_nbd", "customer_value", "gamma_gamma"]

Cost = Callable[[Floats], float]

PURCHASES = ("frequency", "recency", "T")
FEWEST_CUSTOMERS = 30
# A parameter beyond this has run away: the data do not tell it.
RUNAWAY = 1e4
# Of the logarithms, for second derivatives; and the normal quantile of a 95 % interval.
STEP, Z = 1e-3, 1.959963984540054


@dataclass(frozen=True)
class BgNbd:
    """The BG/NBD model of repeat purchases, as `bg_nbd` fits it.

    Attributes
    ----------
    parameters
        `parameter` (r, alpha, a, b), `n`, `n_customers`, `estimate`, `std_error`, `conf_low`, `conf_high`.
    values, covariance
        (4,) the parameters; (4, 4) covariance of their logarithms.
    log_likelihood
        At the maximum.
    """

    parameters: pd.DataFrame
    values: Floats
    covariance: Floats
    log_likelihood: float

    def p_alive(self, frame: pd.DataFrame) -> pd.Series:
        """Return the probability that each customer still buys; 1 without a repeat purchase, as the model has it."""
        r, alpha, a, b = self.values
        x, seen, total = _columns(frame)
        odds = ((alpha + total) / (alpha + seen)) ** (r + x) * a / (b + np.maximum(x, 1) - 1)
        return pd.Series(np.where(x > 0, 1 / (1 + odds), 1.0), index=frame.index, name="p_alive")

    def expected(self, frame: pd.DataFrame, time: float) -> pd.Series:
        """Return the purchases expected of each customer in the time after it was last looked at.

        Fader, Hardie and Lee (2005), equation 10.
        """
        r, alpha, a, b = self.values
        x, _, total = _columns(frame)
        # The common form divides by a - 1; where a is 1 the limit is taken from just beside it.
        a = a + 1e-9 if a == 1 else a
        bend = hyp2f1(r + x, b + x, a + b + x - 1, time / (alpha + total + time))
        left = 1 - ((alpha + total) / (alpha + total + time)) ** (r + x) * bend
        found = (a + b + x - 1) / (a - 1) * left * self.p_alive(frame).to_numpy()
        return pd.Series(found, index=frame.index, name="expected")

    def expected_of_new(self, time: float) -> float:
        """Return the repeat purchases expected of a new customer up to a time: their equation 9."""
        r, alpha, a, b = self.values
        bend = hyp2f1(r, b, a + b - 1, time / (alpha + time))
        return float((a + b - 1) / (a - 1) * (1 - (alpha / (alpha + time)) ** r * bend))


@dataclass(frozen=True)
class GammaGamma:
    """The gamma-gamma model of what a purchase is worth, as `gamma_gamma` fits it.

    Attributes
    ----------
    parameters
        As of `BgNbd`, with p, q, gamma.
    values, covariance
        (3,) the parameters; (3, 3) covariance of their logarithms.
    log_likelihood
        At the maximum.
    correlation
        Of frequency and mean value: the model takes them to be unrelated.
    """

    parameters: pd.DataFrame
    values: Floats
    covariance: Floats
    log_likelihood: float
    correlation: float

    def spend(self, frame: pd.DataFrame) -> pd.Series:
        """Return the mean value of a purchase expected of each customer; the mean of all without a repeat purchase."""
        p, q, gamma = self.values
        x = frame["frequency"].to_numpy(dtype=float)
        mean = np.where(x > 0, frame["monetary"].to_numpy(dtype=float), 0.0)
        return pd.Series(p * (gamma + x * mean) / (p * x + q - 1), index=frame.index, name="spend")


def bg_nbd(frame: pd.DataFrame) -> BgNbd:
    """Fit the BG/NBD model to the purchases of customers.

    Parameters
    ----------
    frame
        One row a customer, as `transactions` gives it: `frequency` (repeat purchases), `recency` (time from the first
        to the last), `T` (time from the first to the day of looking); recency and T in one unit.

    Returns
    -------
    BgNbd

    Raises
    ------
    KeyError, ValueError
        If a column is missing, times do not fit each other, there are too few customers or no repeat purchase, or the
        likelihood has no maximum.

    Notes
    -----
    Fader, Hardie and Lee (2005, *Marketing Science* 24, 275-284): purchases come at a gamma-distributed Poisson rate,
    and after each a customer may leave with a beta-distributed probability. Maximum likelihood on the logarithms of the
    parameters; intervals from its curvature. R `BTYD::bgnbd.EstimateParameters`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rate, alive = rng.gamma(0.8, 0.2, 500), rng.geometric(rng.beta(1.0, 4.0, 500))
    >>> times = np.cumsum(rng.exponential(1 / rate[:, None], (500, 30)), axis=1)
    >>> bought = (times < 40) & (np.arange(30) < alive[:, None])
    >>> frame = pd.DataFrame({"frequency": bought.sum(1), "recency": (times * bought).max(1), "T": 40.0})
    >>> bg_nbd(frame).parameters["parameter"].tolist()
    ['r', 'alpha', 'a', 'b']
    """
    x, seen, total = _purchases(frame)
    rows, count = np.unique(np.stack([x, seen, total]), axis=1, return_counts=True)
    scale = float(total.mean()) / 10

    def cost(log: Floats) -> float:
        """Return minus the log-likelihood of parameters, time in units of its own."""
        return -float(count @ _likelihood(np.exp(log), rows[0], rows[1] / scale, rows[2] / scale))

    log, value = _minimum(cost, np.array([0.0, 0.0, 0.0, 0.0]), "BG/NBD")
    covariance: Floats = np.linalg.inv(_curvature(cost, log)).astype(np.float64)
    # Density of the purchase times in units of the data, not of the search.
    likelihood = -value - float(x.sum()) * np.log(scale)
    values: Floats = np.exp(log) * np.array([1.0, scale, 1.0, 1.0])
    return BgNbd(_table(["r", "alpha", "a", "b"], values, covariance, len(x)), values, covariance, likelihood)


def gamma_gamma(frame: pd.DataFrame) -> GammaGamma:
    """Fit the gamma-gamma model to the mean values of customers' repeat purchases.

    Parameters
    ----------
    frame
        One row a customer: `frequency`, and `monetary` (mean value of the repeat purchases); customers without a repeat
        purchase tell nothing and are left out.

    Returns
    -------
    GammaGamma

    Raises
    ------
    KeyError, ValueError
        As `bg_nbd` does; if a mean value is not over 0.

    Notes
    -----
    Fader and Hardie (2013), *The gamma-gamma model of monetary value*. R `BTYD::spend.EstimateParameters`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"frequency": 1 + rng.poisson(2.0, 300), "monetary": rng.gamma(6, 5, 300)})
    >>> bool(gamma_gamma(frame).spend(frame).gt(0).all())
    True
    """
    _check_columns(frame, ("frequency", "monetary"))
    rows = frame[frame["frequency"].gt(0)]
    x, mean = rows["frequency"].to_numpy(dtype=float), rows["monetary"].to_numpy(dtype=float)
    if len(x) < FEWEST_CUSTOMERS:
        raise ValueError(f"gamma-gamma: {len(x)} customers bought again; at least {FEWEST_CUSTOMERS} are needed.")
    if wrong := int((~(mean > 0)).sum()):
        raise ValueError(f"gamma-gamma: {wrong} customers have a mean value of 0, less or none; leave refunds out.")
    scale = float(mean.mean())

    def cost(log: Floats) -> float:
        """Return minus the log-likelihood of parameters, money in units of the mean."""
        return -float(_value_likelihood(np.exp(log), x, mean / scale).sum())

    log, value = _minimum(cost, np.log([5.0, 4.0, 1.0]), "gamma-gamma")
    covariance: Floats = np.linalg.inv(_curvature(cost, log)).astype(np.float64)
    values: Floats = np.exp(log) * np.array([1.0, 1.0, scale])
    likelihood = -value - len(x) * np.log(scale)
    apart = float(np.corrcoef(x, mean)[0, 1]) if x.std() > 0 and mean.std() > 0 else 0.0
    table = _table(["p", "q", "gamma"], values, covariance, len(x))
    return GammaGamma(table, values, covariance, likelihood, apart)


def customer_value(
    frame: pd.DataFrame, purchases: BgNbd, spend: GammaGamma, *, months: int = 12, month: float = 1.0,
    discount: float = 0.1,
) -> pd.Series:  # fmt: skip
    """Return what each customer's purchases in the coming months are expected to be worth today.

    Parameters
    ----------
    frame
        `frequency`, `recency`, `T`, `monetary`, one row a customer.
    purchases, spend
        The two fitted models.
    months
        The horizon.
    month
        Length of a month in the unit of `recency` and `T`: 1 for months, 4.345 for weeks.
    discount
        Rate a year.

    Returns
    -------
    pandas.Series
        Money of each row.
    """
    # Many customers bought alike, and the function behind `expected` is slow.
    alike, row = np.unique(np.stack(_columns(frame), axis=1), axis=0, return_inverse=True)
    kinds = pd.DataFrame(alike, columns=list(PURCHASES))
    until = [purchases.expected(kinds, month * number).to_numpy() for number in range(1, months + 1)]
    bought = np.diff(np.array(until), axis=0, prepend=np.zeros((1, len(kinds))))
    today = (1 + discount) ** (-np.arange(1, months + 1) / 12) @ bought
    return (spend.spend(frame) * today[row.ravel()]).rename("value")


def _likelihood(values: Floats, x: Floats, seen: Floats, total: Floats) -> Floats:
    """Return the log-likelihood of each customer's purchases: Fader, Hardie and Lee (2005), equation 6."""
    r, alpha, a, b = values
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    still = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + total)
    again = np.maximum(x, 1.0)
    gone = betaln(a + 1, b + again - 1) - betaln(a, b) - (r + x) * np.log(alpha + seen)
    return rate + np.where(x > 0, np.logaddexp(still, gone), still)


def _value_likelihood(values: Floats, x: Floats, mean: Floats) -> Floats:
    """Return the log-likelihood of each customer's mean value: Fader and Hardie (2013), equation 1a."""
    p, q, gamma = values
    own = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
    return own + (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * mean)


def _minimum(cost: Cost, start: Floats, name: str) -> tuple[Floats, float]:
    """Return where a cost is least, and its value there."""
    rough = minimize(cost, start, method="Nelder-Mead", options={"maxiter": 4_000, "xatol": 1e-6, "fatol": 1e-8})
    found = minimize(cost, rough.x, method="BFGS", options={"gtol": 1e-5})
    best = found if found.fun <= rough.fun else rough
    if not np.isfinite(best.fun) or np.abs(best.x).max() > np.log(RUNAWAY):
        raise ValueError(f"{name}: the likelihood has no maximum, so these purchases do not tell the parameters.")
    return best.x, float(best.fun)


def _curvature(cost: Cost, at: Floats) -> Floats:
    """Return the matrix of second derivatives by central differences."""
    step = STEP * np.eye(len(at))
    sides = [(one, other) for one in (1, -1) for other in (1, -1)]
    found = np.array(
        [[sum(p * s * cost(at + p * mine + s * theirs) for p, s in sides) for theirs in step] for mine in step]
    )
    return found / (4 * STEP**2)


def _table(names: list[str], values: Floats, covariance: Floats, n: int) -> pd.DataFrame:
    """Return parameters with intervals that hold on the logarithm."""
    error = np.sqrt(np.diag(covariance))
    columns = {"n": n, "n_customers": n, "estimate": values, "std_error": values * error}
    limits = {"conf_low": values * np.exp(-Z * error), "conf_high": values * np.exp(Z * error)}
    return pd.DataFrame({"parameter": pd.Series(names, dtype="str"), **columns, **limits})


def _columns(frame: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return frequency, recency and T."""
    _check_columns(frame, PURCHASES)
    x, seen, total = (frame[name].to_numpy(dtype=float) for name in PURCHASES)
    return x, seen, total


def _check_columns(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse a frame that lacks a column."""
    for name in names:
        if name not in frame:
            raise KeyError(f"purchases: there is no column {name!r}; give {', '.join(names)}, one row a customer.")


def _purchases(frame: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Return frequency, recency and T, refusing what no customer can have done."""
    x, seen, total = _columns(frame)
    known = np.isfinite(x) & np.isfinite(seen) & np.isfinite(total)
    wrong = ~known | (x < 0) | (x % 1 != 0) | (seen < 0) | (seen > total) | (total <= 0) | ((x == 0) & (seen != 0))
    if wrong.any():
        raise ValueError(
            f"purchases: {int(wrong.sum())} of {len(x)} customers have a frequency below 0 or not whole, a recency "
            "outside 0 to T, or no time to buy again; mend or leave them out."
        )
    if len(x) < FEWEST_CUSTOMERS:
        raise ValueError(f"BG/NBD: {len(x)} customers; at least {FEWEST_CUSTOMERS} are needed.")
    if not x.any():
        raise ValueError("BG/NBD: nobody bought again, so nothing is known about buying again.")
    return x, seen, total
