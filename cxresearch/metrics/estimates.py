"""The metrics of a frame of answers: NPS, CSAT, CES, FCR, boxes, expectations, means, totals, proportions."""

import pandas as pd

from cxresearch.metrics.answers import By, Columns, Names
from cxresearch.metrics.measures import (
    CES_SCALE,
    CSAT_SCALE,
    EXPECTATION_SCALE,
    NPS_SCALE,
    YES_NO,
    Measure,
    Scale,
    as_expected,
    lowest_easy,
)
from cxresearch.metrics.table import table

__all__ = [
    "ces",
    "conversion",
    "csat",
    "expectation_met",
    "fcr",
    "low_effort",
    "mean",
    "negative_word_of_mouth",
    "nps",
    "proportion",
    "top_2_box",
    "top_box",
    "total",
]


def nps(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "adjusted-wald",
) -> pd.DataFrame:
    """Return the Net Promoter Score in points, -100 to 100.

    Parameters
    ----------
    responses
        One row an answer, never changed. Needs `nps`: whole numbers 0-10, missing where there was no answer.
        `account_id` and `customer_id` are used where present.
    by
        Column or columns to group on. Rows in which one of them is missing belong to no group, but remain in the sample
        whose variance is estimated. None gives one row.
    column
        Column of the answers, `nps` by default.
    weight
        Column of weights, None for all ones. Only their ratios matter; 0 leaves an answer out.
    strata
        Column of the strata within which the sample was drawn.
    cluster
        Column of the primary sampling units (PSUs), or a list of columns, one a stage of sampling. None takes the
        account, where there is none the customer, where there is none the row: several answers of one customer are one
        observation of that customer, not independent ones. Rows with a blank id each count as their own unit. Name a
        column that differs in every row to treat answers as independent.
    fpc
        Column (a list of them with several stages) of the population of the stratum, counted in PSUs, or of the
        fraction of it that was sampled; constant in each stratum. None is an infinite population.
    conf_level
        Coverage of the interval, between 0 and 1.
    method
        `adjusted-wald`, `score`, or `wald` (the only one of them that a finite population narrows).

    Returns
    -------
    pandas.DataFrame
        One row a group, in natural order: the grouping columns; `n` (answers used), `n_customers` (distinct accounts,
        or customers, or rows), `n_eff` (effective answers), `estimate`, `std_error`, `conf_low`, `conf_high`, and
        `flag`: `no answers`, `not reported` (one answer), `very small base` (under 30), `indicative` (30-49), `small
        base` (50-99) by the smaller of `n` and `n_eff`; `uneven weights` and `refused` where weights alone cost over
        60 % and 75 % of the information; `too few sampling units for an interval`.

    Raises
    ------
    KeyError
        If a column is missing.
    TypeError
        If a column that must hold numbers holds text.
    ValueError
        If an answer is no whole number 0-10, a weight negative or missing, or an argument is not allowed.

    Notes
    -----
    With votes z = +1 (9-10), 0 (7-8), -1 (0-6) the score is 100·Σwz/Σw, its variance linearised over PSUs as R
    `survey::svyby(~z, ~by, design, svymean)`. A stratum with one PSU adds that unit's square about zero (R
    `survey.lonely.psu = "adjust"`). `n_eff` = s²/variance, at most Kish's (Σw)²/Σw² over customers' total weights. The
    adjusted Wald interval adds 3/4 promoter, 3/4 detractor and 3/2 passives to `n_eff` answers (Rocks 2016).

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10] * 60 + [8] * 30 + [3] * 30})
    >>> nps(answers).round(1)
         n  n_customers  n_eff  estimate  std_error  conf_low  conf_high flag
    0  120          120  120.0      25.0        7.6       9.8       39.0
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column or "nps", "nps", NPS_SCALE), by, columns, conf_level, method)


def csat(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "t",
    scale: Scale = CSAT_SCALE,
) -> pd.DataFrame:
    """Return mean customer satisfaction, on the scale on which it was asked; `top_2_box` gives the satisfied share.

    Parameters
    ----------
    responses
        As for `nps`; needs `csat`.
    by, column, weight, strata, cluster, fpc, conf_level
        As for `nps`.
    method
        `t`, with PSUs less strata degrees of freedom, or `wald`.
    scale
        Lowest and highest answer.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits lie on the scale.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Notes
    -----
    R `survey::svymean`, `confint(..., df = degf(design))`.

    Examples
    --------
    >>> csat(pd.DataFrame({"csat": [5, 4, 4, 3, 5] * 20})).round(2)
         n  n_customers  n_eff  estimate  std_error  conf_low  conf_high flag
    0  100          100  100.0       4.2       0.08      4.05       4.35
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column or "csat", "mean", scale), by, columns, conf_level, method)


def ces(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "t",
    scale: Scale = CES_SCALE,
) -> pd.DataFrame:
    """Return the mean customer effort score; higher is easier. `low_effort` gives the share who found it easy.

    Parameters
    ----------
    responses
        As for `nps`; needs `ces`.
    by, column, weight, strata, cluster, fpc, conf_level, method, scale
        As for `csat`.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits lie on the scale.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> ces(pd.DataFrame({"ces": [7, 6, 5, 2] * 30}))["estimate"].item()
    5.0
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column or "ces", "mean", scale), by, columns, conf_level, method)


def fcr(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Return the share of contacts resolved at the first one.

    Parameters
    ----------
    responses
        Answers or contacts, as for `nps`; needs `fcr`: 1 resolved, 0 not.
    by, column, weight, strata, cluster, fpc, conf_level
        As for `nps`.
    method
        `wilson`, on `n_eff`, or `wald`.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> fcr(pd.DataFrame({"fcr": [1, 1, 1, 0] * 30})).round(3)
         n  n_customers  n_eff  estimate  std_error  conf_low  conf_high flag
    0  120          120  120.0      0.75       0.04     0.666      0.819
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column or "fcr", "share", YES_NO), by, columns, conf_level, method)


def top_box(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
    scale: Scale = CSAT_SCALE,
) -> pd.DataFrame:
    """Return the share of answers at the top of the scale.

    Parameters
    ----------
    responses
        As for `nps`; needs the column.
    column
        `csat` by default.
    by, weight, strata, cluster, fpc, conf_level, method
        As for `fcr`.
    scale
        Lowest and highest answer.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> top_box(pd.DataFrame({"csat": [5, 4, 4, 3, 5] * 20}))["estimate"].item()
    0.4
    """
    measure = Measure(column or "csat", "share", scale, scale[1])
    return table(responses, measure, by, Columns(weight, strata, cluster, fpc), conf_level, method)


def top_2_box(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
    scale: Scale = CSAT_SCALE,
) -> pd.DataFrame:
    """Return the share of answers at the top two points of the scale: the satisfied.

    Parameters
    ----------
    responses, by, column, weight, strata, cluster, fpc, conf_level, method, scale
        As for `top_box`.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> top_2_box(pd.DataFrame({"csat": [5, 4, 4, 3, 5] * 20}))["estimate"].item()
    0.8
    """
    measure = Measure(column or "csat", "share", scale, scale[1] - 1)
    return table(responses, measure, by, Columns(weight, strata, cluster, fpc), conf_level, method)


def low_effort(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
    scale: Scale = CES_SCALE,
) -> pd.DataFrame:
    """Return the share who found it easy: effort answers above the middle of the scale, 5-7 of 1-7.

    Parameters
    ----------
    responses
        As for `nps`; needs `ces`, where higher is easier.
    by, column, weight, strata, cluster, fpc, conf_level, method, scale
        As for `top_box`; the column is `ces` by default.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> low_effort(pd.DataFrame({"ces": [7, 6, 5, 2] * 30}))["estimate"].item()
    0.75
    """
    measure = Measure(column or "ces", "share", scale, lowest_easy(scale))
    return table(responses, measure, by, Columns(weight, strata, cluster, fpc), conf_level, method)


def proportion(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Return the share of ones in a column of zeros and ones.

    Parameters
    ----------
    responses, by, weight, strata, cluster, fpc, conf_level, method
        As for `fcr`.
    column
        Column of 0 and 1, or of booleans.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> proportion(pd.DataFrame({"renewed": [True, False] * 60}), column="renewed")["estimate"].item()
    0.5
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column, "share", YES_NO), by, columns, conf_level, method)


def conversion(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Return the share of those who did what they came for, such as buying or renewing.

    Parameters
    ----------
    responses
        As for `nps`; needs `converted`: 1 or 0.
    by, column, weight, strata, cluster, fpc, conf_level, method
        As for `fcr`.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> conversion(pd.DataFrame({"converted": [1, 0, 0, 0] * 30}))["estimate"].item()
    0.25
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column or "converted", "share", YES_NO), by, columns, conf_level, method)


def negative_word_of_mouth(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
) -> pd.DataFrame:
    """Return the share of those who spoke ill of the company, or mean to.

    Parameters
    ----------
    responses
        As for `nps`; needs `negative_word_of_mouth`: 1 or 0.
    by, column, weight, strata, cluster, fpc, conf_level, method
        As for `fcr`.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> negative_word_of_mouth(pd.DataFrame({"negative_word_of_mouth": [1, 0, 0, 0] * 30}))["estimate"].item()
    0.25
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(
        responses, Measure(column or "negative_word_of_mouth", "share", YES_NO), by, columns, conf_level, method
    )


def expectation_met(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str | None = None,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "wilson",
    scale: Scale = EXPECTATION_SCALE,
) -> pd.DataFrame:
    """Return the share of those whose expectations were met or exceeded: the middle of the scale and above.

    Parameters
    ----------
    responses
        As for `nps`; needs `expectation`, from worse to better than expected.
    by, column, weight, strata, cluster, fpc, conf_level, method
        As for `fcr`.
    scale
        Lowest and highest answer.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`; `estimate` and limits are proportions, 0-1.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Examples
    --------
    >>> expectation_met(pd.DataFrame({"expectation": [1, 3, 4, 5] * 30}))["estimate"].item()
    0.75
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(
        responses, Measure(column or "expectation", "share", scale, as_expected(scale)), by, columns, conf_level, method
    )


def mean(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "t",
    scale: Scale | None = None,
) -> pd.DataFrame:
    """Return the mean of a column of numbers.

    Parameters
    ----------
    responses, by, weight, strata, cluster, fpc, conf_level, method
        As for `csat`.
    column
        Column of numbers, in its own unit.
    scale
        Lowest and highest number allowed, to which the limits are clipped; None is any.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`, in the unit of the column.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Notes
    -----
    R `survey::svymean`, `confint(..., df = degf(design))`.

    Examples
    --------
    >>> mean(pd.DataFrame({"minutes": [4.0, 6.0] * 60}), column="minutes")["estimate"].item()
    5.0
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column, "mean", scale), by, columns, conf_level, method)


def total(
    responses: pd.DataFrame,
    by: By = None,
    *,
    column: str,
    weight: str | None = None,
    strata: str | None = None,
    cluster: Names = None,
    fpc: Names = None,
    conf_level: float = 0.95,
    method: str = "t",
) -> pd.DataFrame:
    """Return the weighted total of a column of numbers, which estimates a population's total if the weights sum to it.

    Parameters
    ----------
    responses, by, weight, strata, cluster, fpc, conf_level, method
        As for `csat`.
    column
        Column of numbers, in its own unit.

    Returns
    -------
    pandas.DataFrame
        The columns of `nps`, in the unit of the column; `n_eff` is Kish's effective base of customers' weights.

    Raises
    ------
    KeyError, TypeError, ValueError
        As for `nps`.

    Notes
    -----
    R `survey::svytotal`, `confint(..., df = degf(design))`.

    Examples
    --------
    >>> orders = pd.DataFrame({"orders": [1, 3] * 60, "weight": 10.0})
    >>> total(orders, column="orders", weight="weight")["estimate"].item()
    2400.0
    """
    columns = Columns(weight, strata, cluster, fpc)
    return table(responses, Measure(column, "total"), by, columns, conf_level, method)
