"""The journey at a glance: every metric at every touchpoint, and where nothing is known."""

from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.journey.alike import NOT_COMPARABLE, comparability
from cxresearch.journey.encounters import asked_metrics, encounters, require, stages
from cxresearch.metrics.measures import Measure
from cxresearch.metrics.sources import columns_of, measure_of
from cxresearch.metrics.table import joined, table
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["emotion", "gaps", "overview"]

NO_ANSWERS, NOT_NAMED, NOT_ASKED = "no answers", "not in the journey", "not asked"
UNLIKE, ANY = "touchpoints not comparable", "_any"


def overview(study: "StudyData", *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return every metric of the transactional survey at every stage of the journey in the reporting period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it, with transactional answers that have `touchpoint`. The order is that of its
        `journey:`; touchpoints that it does not name follow.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a touchpoint and metric: `touchpoint`, `metric`; then the columns of `cx.metrics.nps`; `unit`; `flag`,
        also where the touchpoints were asked in different ways. A stage without answers has a row with `n` 0.

    Raises
    ------
    StudyError
        If there are no transactional answers, they name no touchpoint, or were asked no metric.

    Notes
    -----
    Each touchpoint is a domain of the period's answers, customers the sampling units. R: `survey::svyby(~y,
    ~touchpoint, design, svymean)`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = overview(cx.load("demo", period="2026Q3"))
    >>> found["touchpoint"].unique().tolist()
    ['order', 'installation', 'billing', 'support', 'repair', 'renewal']
    """
    rows, metrics = encounters(study), asked_metrics(study)
    if not metrics:
        raise StudyError("the transactional answers hold no metric; name nps, csat, ces or fcr as a column.")
    alike = comparability(study)
    unlike = set(alike.loc[alike["verdict"].eq(NOT_COMPARABLE), "metric"])
    order = stages(study, rows)
    parts = [_of_metric(study, rows, metric, order, conf_level) for metric in metrics]
    found = pd.concat(parts, ignore_index=True)
    refused = found["metric"].isin(unlike).map({True: UNLIKE, False: ""})
    found["flag"] = pd.Series(joined(found["flag"].to_numpy(), refused.to_numpy()), index=found.index, dtype="str")
    place = found["touchpoint"].map({name: number for number, name in enumerate(order)})
    return found.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _of_metric(
    study: "StudyData", rows: pd.DataFrame, metric: str, order: list[str], conf_level: float
) -> pd.DataFrame:
    """Return a metric at each stage, also at those without answers."""
    measure = measure_of(study, metric)
    columns = columns_of(study, rows, "")
    known = table(rows, measure, "touchpoint", columns, conf_level, None).set_index("touchpoint")
    found = known.reindex(order).rename_axis("touchpoint").reset_index()
    counts = dict.fromkeys(["n", "n_customers"], "int64")
    found = found.fillna({"n": 0, "n_customers": 0, "n_eff": 0.0, "flag": NO_ANSWERS}).astype(counts)
    found.insert(1, "metric", metric)
    found.insert(len(found.columns) - 1, "unit", measure.unit)
    return found.astype({"touchpoint": "str", "metric": "str", "unit": "str"})


def gaps(study: "StudyData") -> pd.DataFrame:
    """Return where the journey is not measured: stages without answers, touchpoints that it does not name.

    Parameters
    ----------
    study
        As for `overview`, with `journey:` in its study file.

    Returns
    -------
    pandas.DataFrame
        One row a gap: `touchpoint`; `what` (`no answers`, `not in the journey`, `not asked`); `metric` (that was not
        asked, "" otherwise); `n`, `n_customers` (answers at the touchpoint in the reporting period); `flag`. No row
        where nothing is missing.

    Raises
    ------
    StudyError
        As `overview`, and if the study file has no `journey:`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> len(gaps(cx.load("demo", period="2026Q3")))
    0
    """
    journey = study.definition.journey
    if not journey:
        raise StudyError("the study declares no `journey:`; list its touchpoints in the study file, first one first.")
    rows = encounters(study)
    by_stage = overview(study)
    base = _bases(study, rows)
    found = [(name, NO_ANSWERS, "") for name in journey if name not in base.index]
    found += [(name, NOT_NAMED, "") for name in base.index if name not in journey]
    empty = by_stage[by_stage["n"].eq(0) & by_stage["touchpoint"].isin(base.index)]
    found += [(stage, NOT_ASKED, metric) for stage, metric in zip(empty["touchpoint"], empty["metric"], strict=True)]
    frame = pd.DataFrame(found, columns=["touchpoint", "what", "metric"], dtype="str")
    counts = base.reindex(frame["touchpoint"], fill_value=0).reset_index(drop=True)
    return pd.concat([frame, counts], axis=1).assign(flag=pd.Series("", index=frame.index, dtype="str"))


def _bases(study: "StudyData", rows: pd.DataFrame) -> pd.DataFrame:
    """Return how many answers, and customers, each touchpoint has, whatever was asked."""
    columns = columns_of(study, rows, "")
    found = table(rows.assign(**{ANY: 1.0}), Measure(ANY, "mean"), "touchpoint", columns, 0.95, None)
    return found.set_index("touchpoint")[["n", "n_customers"]]


def emotion(study: "StudyData", *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return how people felt at each touchpoint, where the transactional survey has an item `emotion`.

    Parameters
    ----------
    study, conf_level
        As for `overview`; the study's `measures:` declare `emotion: mean`.

    Returns
    -------
    pandas.DataFrame
        The rows of `overview` whose metric is `emotion`.

    Raises
    ------
    StudyError
        If the study asks no such item.
    """
    if "emotion" not in study.definition.measures:
        raise StudyError(
            "the transactional survey asks no `emotion`; name the item so, and declare `measures: {emotion: "
            "mean}`. The sound of the comments by touchpoint is known without it."
        )
    require(encounters(study), "emotion", "ask it after the encounter")
    found = overview(study, conf_level=conf_level)
    return found[found["metric"].eq("emotion")].reset_index(drop=True)
