"""One row a driver for the reader: its share beside its own effect, with whom it travels, and who owns it."""

import numpy as np
import pandas as pd

from cxresearch.drivers.checks import Checks
from cxresearch.drivers.importance import Importance
from cxresearch.drivers.prepared import Prepared
from cxresearch.strict_yaml import StudyError

__all__ = ["findings", "group_shares"]

# Ratings less alike than this do not travel together.
MOST_ALONE = 0.3


def findings(importance: Importance, prepared: Prepared, checks: Checks) -> pd.DataFrame:
    """Return what is to be said about each driver, the largest share first.

    Parameters
    ----------
    importance
        What `importance_of` returned.
    prepared
        What `prepare` returned.
    checks
        What `checks` returned.

    Returns
    -------
    pandas.DataFrame
        One row a `driver`: `n`, `n_customers`, `n_eff`, `n_rated` (answers that rated it), `estimate` (β),
        `std_error`, `conf_low`, `conf_high`, `share`, `share_low`, `share_high`, `rank_1`, `top_3`, `correlation` with
        the outcome, `own_effect`, `travels_with` (the driver with an effect of its own whose ratings are most like its
        own, "" for none at .3 and more), `n_drivers`, `group`, `owner`, `r2` of the model, `halo` (share of
        the ratings' first component), `flag`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), n_periods=4, copies=2)
    >>> told = findings(cx.drivers.importance_of(prepared, n_boot=0), prepared, cx.drivers.checks(prepared))
    >>> told.loc[~told["own_effect"], ["driver", "travels_with"]].values.tolist()
    [['app', 'speed']]
    """
    beside = ["estimate", "std_error", "conf_low", "conf_high", "correlation", "own_effect"]
    slopes = importance.coefficients.drop_duplicates("driver").set_index("driver")[beside]
    shares = importance.shares.set_index("driver").drop(columns=[*beside[:4], "rank", "mean_rank"])
    rows = pd.concat([shares, slopes.loc[shares.index]], axis=1).reset_index()
    of_group = {one: name for name, members in prepared.groups.items() for one in members}
    fit = importance.fit.set_index("measure")["estimate"]
    rows = rows.assign(
        travels_with=_companions(rows, prepared),
        n_drivers=len(rows),
        group=rows["driver"].map(of_group).fillna("").astype("str"),
        owner=rows["driver"].map(prepared.owners).fillna("").astype("str"),
        r2=float(fit.get("R²", np.nan)),
        halo=float(checks.summary.set_index("check")["estimate"]["halo"]),
    )
    first = ["driver", "n", "n_customers", "n_eff", "n_rated", *beside[:4], "share", "share_low", "share_high"]
    return rows[[*first, *(name for name in rows if name not in (*first, "flag")), "flag"]]


def group_shares(importance: Importance, prepared: Prepared) -> pd.DataFrame:
    """Return what each group of drivers explains as a whole.

    Parameters
    ----------
    importance
        What `importance_of` returned.
    prepared
        The answers it was made of.

    Returns
    -------
    pandas.DataFrame
        `importance.groups`.

    Raises
    ------
    StudyError
        If the study file makes no groups: then each driver is one, and nothing is told that the shares do not.

    Examples
    --------
    >>> import cxresearch as cx
    >>> prepared = cx.drivers.prepare(cx.load("demo", period="2026Q3"), n_periods=4, copies=2)
    >>> group_shares(cx.drivers.importance_of(prepared, n_boot=0), prepared)["group"].tolist()
    ['product', 'ease', 'interaction']
    """
    if not prepared.groups:
        raise StudyError("groups: the study file makes no groups of drivers; name them under `drivers: groups:`.")
    return importance.groups


def _companions(rows: pd.DataFrame, prepared: Prepared) -> pd.Series:
    """Return for each driver the one with an effect of its own whose ratings are most like its own."""
    alike = prepared.rated.corr()
    own = list(rows.loc[rows["own_effect"] & (rows["estimate"] > 0), "driver"])
    found = []
    for name in rows["driver"]:
        others = alike.loc[name, [one for one in own if one != name]]
        found.append(str(others.idxmax()) if len(others) and others.max() >= MOST_ALONE else "")
    return pd.Series(found, rows.index, dtype="str")
