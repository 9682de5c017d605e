"""What links in a panel share: a slope with its gate, its leads and lags, and how they are to be read.

`cx.revenue.panel_link` asks it of segments and money, `cx.employees.link` of teams and customers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.stats.panel import (
    GOAL,
    LEAST,
    LEAST_SEGMENTS,
    REFUSED,
    UNCERTAIN,
    PanelSlope,
    Slope,
    answers_needed,
    panel_slope,
    two_way,
)
from cxresearch.strict_yaml import StudyError

__all__ = [
    "CARE",
    "CLEAR",
    "LIMITS",
    "REFUSAL",
    "TOO_SMALL",
    "Cells",
    "Search",
    "Subject",
    "fitted",
    "gate_of",
    "leads_and_lags",
    "limits",
    "needed_of",
    "reading",
    "shifted",
    "told",
]

LEAST_PERIODS = 5
TOO_SMALL = "too small: the sampling error of the scores is left in"
CARE = "with care: under half of the scores' movement is no sampling error"
UNBOUNDED = "the interval has no end: slopes without bound are not rejected"
REFUSAL = "refused: the scores' movement is not told from sampling error, or there are under six segments"
LIMITS = ("estimate", "std_error", "conf_low", "conf_high")
CLEAR = 0.05


@dataclass(frozen=True)
class Search:
    """How intervals are sought: their coverage, the draws of the wild bootstrap, its seed."""

    conf_level: float
    n_boot: int
    seed: int


@dataclass(frozen=True)
class Subject:
    """What a panel is about: two columns of its cells, and words.

    Attributes
    ----------
    by, outcome
        Columns of the segment and of the outcome.
    segments, score, base
        What segments, the measured score and the answers that it rests on are called.
    has
        What a cell needs to count.
    kinds
        What leads, the same period and lags are called.
    clear_lead
        What a clear lead means.
    """

    by: str
    outcome: str
    segments: str
    score: str
    base: str
    has: str
    kinds: tuple[str, str, str]
    clear_lead: str


class Cells(Protocol):
    """The cells of a panel at any lag."""

    def cells(self, lag: int) -> pd.DataFrame:
        """Return `period`, the segment, `estimate` (the score), `variance`, the outcome, `used`."""

    def bases(self, cells: pd.DataFrame) -> dict[str, int]:
        """Return `n`, `n_customers` and other bases of some cells."""


def fitted(used: pd.DataFrame, subject: Subject, search: Search) -> PanelSlope:
    """Return the slope of some cells.

    Raises
    ------
    StudyError
        If they are no panel: too few periods, one segment, a score that does not vary.
    """
    n_periods, n_segments = used["period"].nunique(), used[subject.by].nunique()
    if n_periods < LEAST_PERIODS or n_segments < 2:
        raise StudyError(
            f"panel: {len(used)} cells of {subject.by} have {subject.has}, of {n_segments} "
            f"{subject.segments} and {n_periods} periods; at least 2 {subject.segments} ({LEAST_SEGMENTS} for an "
            f"estimate) and {LEAST_PERIODS} periods are needed."
        )
    y, x, variance = (used[name].to_numpy(dtype=float) for name in (subject.outcome, "estimate", "variance"))
    effects = two_way(pd.factorize(used[subject.by])[0], pd.factorize(used["period"])[0])
    try:
        return panel_slope(y, x, variance, effects, **vars(search))
    except ValueError:
        raise StudyError(f"panel: {subject.score} do not vary beyond what lasts and what all share.") from None


def leads_and_lags(
    found: Cells, subject: Subject, search: Search, n: int, told_of: Callable[[PanelSlope], dict[str, Any]]
) -> pd.DataFrame:
    """Return each of n leads and lags on its own; those with too few periods are said to be so."""
    lead, same, lagged = subject.kinds
    rows = []
    for lag in range(-n, n + 1):
        cells = found.cells(lag)
        used, kind = cells[cells["used"]], lead if lag < 0 else lagged if lag else same
        row = {"lag": lag, "kind": kind, **found.bases(used)}
        try:
            rows.append({**row, **told_of(fitted(used, subject, search)), "periods": used["period"].nunique()})
        except StudyError:
            few = f"{used['period'].nunique()} periods left, {LEAST_PERIODS} are needed"
            rows.append({**row, "periods": used["period"].nunique(), "gate": REFUSED, "flag": few})
    columns = ("p_value", "p_adjusted", *LIMITS)
    frame = pd.DataFrame(rows).astype({"flag": "str"})
    frame = frame.reindex(columns=[*frame, *(name for name in columns if name not in frame)])
    # Leads are a test of their own, valid whatever the reliability; the lags are described.
    leads = frame["lag"].lt(0)
    frame["p_value"] = frame["p_value"].where(leads | frame["gate"].ne(REFUSED))
    frame["p_adjusted"] = adjusted_p(frame["p_value"].where(leads), "holm")
    clear = frame["p_adjusted"].lt(CLEAR)
    flagged = np.where(frame["flag"].eq(""), "", frame["flag"] + "; ") + subject.clear_lead
    return frame.assign(flag=frame["flag"].mask(clear, pd.Series(flagged, dtype="str")))


def shifted(names: Iterable[str], by: int, fiscal_year_start: int = 1) -> dict[str, str]:
    """Return, for each period, the one so many periods later.

    Examples
    --------
    >>> shifted(["2026Q1", "2026Q2"], -1)
    {'2026Q1': '2025Q4', '2026Q2': '2026Q1'}
    """
    known = ((name, periods.parse(name, fiscal_year_start)) for name in sorted(set(names)))
    return {
        name: str(periods.Period(one.kind, one.number + by, fiscal_year_start))
        for name, one in known
        if one is not None
    }


def gate_of(fit: PanelSlope, used: pd.DataFrame, subject: Subject, n: float) -> pd.DataFrame:
    """Return what an estimate takes, and what was found: `check`, `found`, `needed`, `passed`, `sentence`.

    Parameters
    ----------
    fit, used, subject
        The slope, the cells that it rests on, and what they are about.
    n
        Answers a cell that the score rests on, on average.
    """
    segments, needed = used[subject.by].nunique(), needed_of(fit, n)
    advice = f"{needed:,.0f} {subject.base} would reach {GOAL:g}, there are {n:,.0f}"
    if np.isinf(needed):
        advice = "the scores move no more than sampling error alone would move them"
    elif np.isnan(needed):
        advice = f"more {subject.segments} or periods would tell"
    found = f"the reliability of the scores' movement is {fit.reliability:.2f}"
    fewest = f"{segments} {subject.segments} have {subject.has}, {LEAST_SEGMENTS} are needed"
    checks = [
        ("segments", segments, LEAST_SEGMENTS, fewest),
        ("reliability", fit.reliability, LEAST, f"{found}, {LEAST:g} is needed; {advice}"),
        ("lower bound of reliability", fit.reliability_low, 0.0, f"{found} and may be 0; {advice}"),
    ]
    frame = pd.DataFrame(checks, columns=["check", "found", "needed", "sentence"])
    passed = [segments >= LEAST_SEGMENTS, fit.reliability >= LEAST, fit.reliability_low > 0]
    frame.insert(3, "passed", passed)
    return frame.assign(sentence=frame["sentence"].where(~frame["passed"], ""))


def needed_of(fit: PanelSlope, n: float) -> float:
    """Return the answers a cell that would reach a reliability of .5; missing where it is reached."""
    return np.nan if fit.reliability >= GOAL else answers_needed(n, fit.reliability)


def told(fit: PanelSlope) -> dict[str, Any]:
    """Return the corrected slope of a fit as part of a row."""
    # The test of no slope needs no correction and stands where the slope is refused.
    return {
        **limits(fit.corrected),
        "p_value": fit.p_value,
        "reliability": fit.reliability,
        "gate": fit.status,
        "flag": reading(fit, fit.corrected, CARE if fit.status == UNCERTAIN else ""),
    }


def limits(slope: Slope) -> dict[str, float]:
    """Return a slope with its interval; missing where it is refused."""
    return {name: getattr(slope, name) for name in LIMITS}


def reading(fit: PanelSlope, slope: Slope, flag: str) -> str:
    """Return how a slope is to be read."""
    if fit.status == REFUSED:
        return REFUSAL
    return "; ".join(part for part in (flag, UNBOUNDED if np.isinf(slope.conf_low) else "") if part)
