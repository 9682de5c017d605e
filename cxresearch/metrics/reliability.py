"""How well several items measure one thing: Cronbach's alpha."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxresearch.metrics.answers import Columns, read_answers, used_columns
from cxresearch.metrics.measures import Measure, numbers
from cxresearch.metrics.table import check_level
from cxresearch.stats.survey import base_flag

__all__ = ["Alpha", "alpha"]

Floats = npt.NDArray[np.float64]
ITEMS = ["item", "n", "n_customers", "n_eff", "estimate", "correlation", "flag"]
AGAINST = "runs against the other items: reversed?"


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of several items.

    Attributes
    ----------
    scale
        One row: `n` (answers that hold every item), `n_customers`, `n_eff`, `estimate` (alpha), `std_error`,
        `conf_low`, `conf_high` (Feldt), `flag`, `n_items`, `standardised` (alpha of the correlations),
        `mean_correlation`.
    items
        One row an item: `item`, `n`, `n_customers`, `n_eff`, `estimate` (alpha without it), `correlation` (of the item
        with the sum of the others), `flag`.
    """

    scale: pd.DataFrame
    items: pd.DataFrame


def alpha(responses: pd.DataFrame, items: list[str], *, conf_level: float = 0.95) -> Alpha:
    """Return Cronbach's alpha of items that are meant to measure the same.

    Parameters
    ----------
    responses
        One row an answer; needs the items, numbers of the same direction. `account_id` and `customer_id` are counted
        where present. Answers that lack an item are left out.
    items
        At least two columns.
    conf_level
        Coverage of the interval.

    Raises
    ------
    KeyError
        If a column is missing.
    ValueError
        If there are under two items, or nobody or everybody gave the same answer to all.

    Notes
    -----
    alpha = k/(k-1) · (1 - tr V / 1'V1), V the covariance of the items. Interval by Feldt (1965, *Psychometrika* 30,
    357-370): 1 - (1-alpha)·F with n-1 and (n-1)(k-1) degrees of freedom; it takes answers for independent. Standard
    error by Duhachek & Iacobucci (2004). R `psych::alpha`, `psych::alpha.ci`.

    Examples
    --------
    >>> frame = pd.DataFrame({"staff": [1, 2, 3, 4, 5], "ease": [2, 2, 3, 5, 5], "value": [1, 3, 3, 4, 4]})
    >>> alpha(frame, ["staff", "ease", "value"]).scale["estimate"].round(3).item()
    0.954
    """
    check_level(conf_level)
    if len(set(items)) < 2:
        raise ValueError(f"items: found {len(set(items))}; alpha needs at least two different ones.")
    for name in items:
        used_columns(responses, Measure(name, "mean"), None, Columns())
    given = responses[~responses[items].isna().any(axis=1)]
    answers = np.column_stack([numbers(given[name], name) for name in items])
    n, k = answers.shape
    if n < 2 or not answers.sum(axis=1).var() > 0:
        raise ValueError(
            f"items: {n} answers hold all {k} of them, or their sums do not differ; alpha needs differences."
        )
    spread = np.cov(answers, rowvar=False)
    estimate = _alpha(spread)
    low, high = _feldt(estimate, n, k, conf_level)
    base = {"n": n, "n_customers": _customers(given, items[0]), "n_eff": float(n)}
    flag = base_flag([n], [n])[0]
    scale = {**base, "estimate": estimate, "std_error": _error(spread, n), "conf_low": low, "conf_high": high}
    related = _correlations(spread)
    scale |= {"flag": flag, "n_items": k, "standardised": _alpha(related)}
    scale |= {"mean_correlation": (related.sum() - k) / (k * (k - 1))}
    return Alpha(pd.DataFrame([scale]), pd.DataFrame([base | row for row in _items(spread, items, flag)])[ITEMS])


def _alpha(spread: Floats) -> float:
    """Return alpha of a covariance matrix; missing for one item, and where the items cancel one another."""
    k, total = len(spread), spread.sum()
    return float(k / (k - 1) * (1 - np.trace(spread) / total)) if k > 1 and total > 0 else np.nan


def _feldt(estimate: float, n: int, k: int, conf_level: float) -> tuple[float, float]:
    """Return the limits of alpha."""
    tails = (1 + conf_level) / 2, (1 - conf_level) / 2
    low, high = (1 - (1 - estimate) * stats.f.ppf(tail, n - 1, (n - 1) * (k - 1)) for tail in tails)
    return float(low), float(high)


def _error(spread: Floats, n: int) -> float:
    """Return the asymptotic standard error of alpha for normal answers."""
    k, total, trace = len(spread), spread.sum(), np.trace(spread)
    square = spread @ spread
    inner = total * (np.trace(square) + trace**2) - 2 * trace * square.sum()
    return float(np.sqrt(2 * k**2 / ((k - 1) ** 2 * total**3) * inner / n))


def _correlations(spread: Floats) -> Floats:
    """Return the correlations; an item that all answered alike goes with no other."""
    size = np.sqrt(np.diag(spread))
    related = np.divide(spread, np.outer(size, size), out=np.zeros_like(spread), where=np.outer(size, size) > 0)
    np.fill_diagonal(related, 1.0)
    return related


def _items(spread: Floats, items: list[str], flag: str) -> list[dict[str, object]]:
    """Return, for each item, alpha without it and how it goes with the others."""
    rows: list[dict[str, object]] = []
    for place, item in enumerate(items):
        rest = np.delete(np.arange(len(items)), place)
        others = spread[np.ix_(rest, rest)]
        size = np.sqrt(spread[place, place] * others.sum())
        related = float(spread[place, rest].sum() / size) if size > 0 else np.nan
        told = "; ".join(note for note in (flag, AGAINST if related < 0 else "") if note)
        rows.append({"item": item, "estimate": _alpha(others), "correlation": related, "flag": told})
    return rows


def _customers(given: pd.DataFrame, item: str) -> int:
    """Return the distinct accounts or customers among some answers."""
    found = read_answers(given, Measure(item, "mean"), None, Columns())
    return int(found.customers(found.estimates(Measure(item, "mean")))[0])
