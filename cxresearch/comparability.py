"""Whether a metric was asked in the same way as in the period before: wording, scale, mode, invitation rule."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from cxresearch import periods
from cxresearch.schema import METRICS, Study

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["breaks", "comparability"]

WORDING, SCALE, MODE, INVITATION, LANGUAGE = "wording", "scale", "mode", "invitation rule", "language"
# Total variation between two periods' mixes above which they are not the same; bases under which a mix is not judged.
SHIFT, FEWEST = 0.2, 100
# Invitations per customer, and days between two invitations of one customer, that grow or shrink by this factor.
MORE_OFTEN, LONGER = 1.25, 1.5


class Found(NamedTuple):
    """One difference between a period and the one before."""

    metric: str
    period: str
    what: str
    detail: str
    breaks: bool


class Move(NamedTuple):
    """How a mix of levels moved from a period to the next that has answers."""

    period: str
    distance: float
    gained: str
    smaller_base: int


def comparability(study: "StudyData") -> pd.DataFrame:
    """Return what changed in how each metric was asked, period by period.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it. Modes and languages are those of the answers' columns `mode` and `language`,
        invitations those of its table; where it has none, nothing is said of them.

    Returns
    -------
    pandas.DataFrame
        One row a difference: `metric`, `period` (the first of the new way), `what` (`wording`, `scale`, `mode`,
        `invitation rule`, `language`), `detail` (words), `breaks` (whether the trend breaks there: a changed wording or
        scale, a declared change of mode or invitations, a mix of modes that moved by over 0.2). No row where nothing
        changed or the study is not split into periods.

    Notes
    -----
    Two mixes are apart by half the sum of the absolute differences of their shares (total variation distance), judged
    from 100 answers in both periods. What changed on a day counts where over a fifth of the answers moved.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = comparability(cx.load("demo", period="2026Q3"))
    >>> found.loc[found["breaks"], ["metric", "period", "what"]].to_numpy().tolist()
    [['csat', '2025Q2', 'scale'], ['csat', '2025Q3', 'scale']]
    """
    period = periods.parse(study.period, study.definition.fiscal_year_start)
    metrics = _metrics(study.definition)
    found = [one for metric in metrics for one in _of_metric(study, metric, period)] if period else []
    frame = pd.DataFrame(found, columns=Found._fields).astype({"breaks": "bool"})
    return frame.astype(dict.fromkeys(Found._fields[:-1], "str"))


def breaks(found: pd.DataFrame) -> dict[str, list[str]]:
    """Return, for each metric, the periods from which on it cannot be compared with the time before, in order.

    Parameters
    ----------
    found
        As `comparability` returns it.
    """
    told = found[found["breaks"]]
    return {str(metric): sorted(set(rows)) for metric, rows in told.groupby("metric")["period"]}


def _metrics(study: Study) -> list[str]:
    """Return the questions that metrics rest on, and others whose changes are declared."""
    columns = study.responses.columns
    # Where the table of contacts tells what was settled, no question was asked.
    in_contacts = "contacts" in study.tables and "fcr" in study.tables["contacts"].columns
    asked = [name for name in METRICS if name in columns and not (name == "fcr" and in_contacts)]
    return list(
        dict.fromkeys([*asked, *study.measures, *study.responses.scale_changes, *study.responses.wording_changes])
    )


def _of_metric(study: "StudyData", metric: str, period: periods.Period) -> Iterator[Found]:
    """Yield all that changed in how one question was asked."""
    yield from _scale(study.definition, metric, period)
    answers = _answers(study, metric)
    if len(answers):
        yield from _wording(study, metric, answers, period)
        yield from _mode(study.definition, metric, answers)
        yield from _invitation(study, metric, answers, period)
        yield from _language(metric, answers)


def _answers(study: "StudyData", metric: str) -> pd.DataFrame:
    """Return the answers of a question in the survey of its headline: relationship, else transactional."""
    rows = study.responses
    rows = rows[rows[metric].notna()] if metric in rows else rows.iloc[:0]
    headline = rows["survey"].eq("relationship")
    return rows[headline] if headline.any() else rows


def _scale(study: Study, metric: str, period: periods.Period) -> Iterator[Found]:
    """Yield declared changes of the scale; answers on the other scale are not used, so both of its ends break."""
    own = study.responses.scale_of(metric)
    for change in study.responses.scale_changes.get(metric, ()):
        days = [(change.since, change.scale), (change.until + timedelta(days=1), own)]
        for day, scale in days:
            if day is not None and scale is not None:
                detail = f"asked on {scale[0]:g}–{scale[1]:g} from {day} on"
                yield Found(metric, _period(day, period), SCALE, detail, True)


def _wording(study: "StudyData", metric: str, answers: pd.DataFrame, period: periods.Period) -> Iterator[Found]:
    """Yield changed wordings, as declared or as the files tell them."""
    declared = study.definition.responses.wording_changes.get(metric, [])
    yield from _dated(metric, WORDING, answers, [(one.since, f"asked as “{one.wording}”") for one in declared])
    told = study.quality.wordings
    told = told[told["column"].eq(metric)] if "column" in told else told
    if len(told):
        names = {day: _period(day, period) for day in told["day"].unique()}
        counts = told.assign(period=told["day"].map(names)).pivot_table(
            index="period", columns="wording", values="rows", aggfunc="sum", fill_value=0
        )
        for move in _moves(counts.loc[counts.index.isin(study.periods)]):
            if move.distance > SHIFT:
                yield Found(metric, move.period, WORDING, f"asked as “{move.gained}” in the files", True)


def _mode(study: Study, metric: str, answers: pd.DataFrame) -> Iterator[Found]:
    """Yield declared changes of mode, shifts of their mix, and modes that are new or gone."""
    yield from _dated(metric, MODE, answers, [(one.since, one.what) for one in study.mode_changes])
    counts = _counts(answers, "mode")
    shifted = set()
    for move in _moves(counts):
        if move.smaller_base >= FEWEST and move.distance > SHIFT:
            shifted.add(move.period)
            yield Found(metric, move.period, MODE, _moved(move, "answers"), True)
    least = study.disclosure.min_base
    for before, after in pairwise(counts.index):
        for one, other, words in ((before, after, "gone"), (after, before, "new")):
            # A mode of so few that they could be told by it is not named.
            found = counts.columns[(counts.loc[one] >= least) & (counts.loc[other] == 0)]
            if after not in shifted:
                yield from (Found(metric, after, MODE, f"{words}: {name}", False) for name in found)


def _invitation(study: "StudyData", metric: str, answers: pd.DataFrame, period: periods.Period) -> Iterator[Found]:
    """Yield declared changes of who is invited, and what the invitations themselves show: that is only flagged."""
    declared = study.definition.invitation_changes
    yield from _dated(metric, INVITATION, answers, [(one.since, one.what) for one in declared])
    if not study.has("invitations") or "invited_at" not in study.table("invitations"):
        return
    invited = study.table("invitations")
    if "survey" in invited and len(answers):
        invited = invited[invited["survey"].eq(answers["survey"].iloc[0])]
    names = {day: _period(day, period) for day in invited["invited_at"].dt.normalize().dropna().unique()}
    invited = invited.assign(period=invited["invited_at"].dt.normalize().map(names).astype("str"))
    invited = invited[invited["period"].isin(study.periods)]
    for column in ("mode", "touchpoint"):
        for move in _moves(_counts(invited, column)):
            if move.smaller_base >= FEWEST and move.distance > SHIFT:
                yield Found(metric, move.period, INVITATION, f"{_moved(move, 'invitations')} ({column})", False)
    yield from (Found(metric, when, INVITATION, what, False) for when, what in _rhythm(invited))


def _rhythm(invited: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (period, words) where customers are invited clearly more or less often than in the period before."""
    if "customer_id" not in invited:
        return
    rows = invited[invited["customer_id"].notna()].sort_values("invited_at", kind="stable")
    days = rows.groupby("customer_id")["invited_at"].diff().dt.days
    by_period = rows.assign(days=days).groupby("period")
    each = by_period.size() / by_period["customer_id"].nunique()
    gap, gaps = by_period["days"].median(), by_period["days"].count()
    for before, after in pairwise(each.index):
        if min(by_period.size()[[before, after]]) >= FEWEST and _factor(each[before], each[after]) > MORE_OFTEN:
            yield after, f"{each[after]:.1f} invitations a customer after {each[before]:.1f}"
        if min(gaps[[before, after]]) >= FEWEST and _factor(gap[before], gap[after]) > LONGER:
            yield after, f"invited again after {gap[after]:.0f} days (median), before after {gap[before]:.0f}"


def _language(metric: str, answers: pd.DataFrame) -> Iterator[Found]:
    """Yield shifts of the mix of languages: only flagged."""
    for move in _moves(_counts(answers, "language")):
        if move.smaller_base >= FEWEST and move.distance > SHIFT:
            yield Found(metric, move.period, LANGUAGE, _moved(move, "answers"), False)


def _dated(metric: str, what: str, answers: pd.DataFrame, changes: Sequence[tuple[date, str]]) -> Iterator[Found]:
    """Yield declared changes, each in the period in which over a fifth of the answers came to be given under it."""
    if not changes or "responded_at" not in answers:
        return
    known = sorted(changes)
    number = np.searchsorted([np.datetime64(day) for day, _ in known], answers["responded_at"].to_numpy(), side="right")
    for move in _moves(_counts(answers.assign(_change=number), "_change")):
        if move.distance > SHIFT:
            place = int(move.gained)
            detail = f"{known[place - 1][1]}, from {known[place - 1][0]} on" if place else "as before"
            yield Found(metric, move.period, what, detail, True)


def _counts(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return how many rows each level has in each period; no period where the column is not there."""
    if column not in rows:
        return pd.DataFrame()
    return pd.crosstab(rows["period"], rows[column])


def _moves(counts: pd.DataFrame) -> Iterator[Move]:
    """Yield how the mix of levels moved between each two neighbouring periods."""
    bases = counts.sum(axis=1)
    shares = counts.div(bases, axis=0)
    for before, after in pairwise(shares.index):
        change = shares.loc[after] - shares.loc[before]
        distance = float(change.abs().sum() / 2)
        yield Move(str(after), distance, str(change.idxmax()), int(min(bases[before], bases[after])))


def _moved(move: Move, what: str) -> str:
    """Return a shift in words."""
    return f"{move.distance * 100:.0f} of 100 {what} moved, most of them to {move.gained}"


def _factor(one: float, other: float) -> float:
    """Return by which factor the larger of two numbers exceeds the smaller."""
    return max(one, other) / min(one, other) if min(one, other) > 0 else 1.0


def _period(day: date | pd.Timestamp, like: periods.Period) -> str:
    """Return the name of the period of a day, of the kind of another."""
    return str(periods.containing(day, like.kind, like.fiscal_year_start))
