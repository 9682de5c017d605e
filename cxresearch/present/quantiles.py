"""Numbers that rest on one respondent: minima and maxima are refused, quantiles with too few beyond them emptied."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["extremes", "quantiles", "rests_on_few"]

EXTREME = r"min|max|minimum|maximum|smallest|largest"
AN_EXTREME = re.compile(rf"(?:{EXTREME})(?:_.+)?|.+_(?:min|max|minimum|maximum)")
# Extremes over groups, weights' margins or methods, and a threshold: nobody's own answer.
OF_NO_PERSON = re.compile(r"minimum_detectable|(?:smallest|largest)_(?:difference|gap)")
A_QUANTILE = re.compile(
    r"(?:.+_)?(?:(?P<median>median)|(?P<quartile>(?:lower|upper|first|third)_quartile)|(?:p|q|percentile_?|quantile_?)"
    r"(?P<percent>\d{1,2}))(?:_.+)?"
)


def extremes(columns: Iterable[str]) -> list[str]:
    """Return the columns that are named as minima or maxima.

    Examples
    --------
    >>> extremes(["n", "estimate", "max_spend", "duration_min", "minimum_detectable", "largest_gap"])
    ['max_spend', 'duration_min']
    """
    return [name for name in columns if AN_EXTREME.fullmatch(name) and not OF_NO_PERSON.fullmatch(name)]


def quantiles(columns: Iterable[str]) -> dict[str, float]:
    """Return the share of people who lie beyond each column that is named as a quantile, on its thinner side.

    Examples
    --------
    >>> quantiles(["n", "median_s", "lower_quartile", "p95", "spend_percentile_10"])
    {'median_s': 0.5, 'lower_quartile': 0.25, 'p95': 0.05, 'spend_percentile_10': 0.1}
    """
    found = {}
    for name in columns:
        if match := A_QUANTILE.fullmatch(name):
            share = int(match["percent"]) / 100 if match["percent"] else 0.5 if match["median"] else 0.25
            found[name] = round(min(share, 1 - share), 2)
    return found


def rests_on_few(row: Mapping[str, Any], beyond: Mapping[str, float], min_base: int) -> list[str]:
    """Return the quantiles of a row beyond which there are too few customers.

    Parameters
    ----------
    row
        Values by column, `n_customers` among them.
    beyond
        As `quantiles` returns them.
    min_base
        Fewest customers beyond a quantile: one tenth from the bottom needs ten times as many in all.
    """
    base = row["n_customers"] or 0
    return [name for name, share in beyond.items() if row[name] is not None and base * share < min_base]
