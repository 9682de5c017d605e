"""Where findings come from: the rows of a run's outputs that the data support, of each kind in the same columns."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from cxresearch.present import frames
from cxresearch.present.findings import unit_of
from cxresearch.present.payload import ProtectedPayload
from cxresearch.present.suppress import CROSS
from cxresearch.summary.recorded import Recorded, shown
from cxresearch.summary.scale import in_points, sure

__all__ = ["ABOUT", "EVERYONE", "SOURCES"]

# What a finding is about; "all" where it is about everyone, or about nothing of that kind.
ABOUT, EVERYONE = ("metric", "segment", "level", "topic", "driver"), "all"
SIGNIFICANCE = 0.05
# That those who write a comment differ from those who do not says who writes, and gives nobody anything to do.
NO_GROUP_OF_CUSTOMERS = ("comment",)
RENAMED = {"estimate": "current", "change": "estimate", "change_low": "conf_low", "change_high": "conf_high"}
LEVER = "lever"


def changes(run: Recorded) -> pd.DataFrame:
    """Return what rose or fell since the period before, for everyone and for groups."""
    parts = [_changed(output) for output in run.told("change")]
    if not parts:
        return pd.DataFrame()
    known = pd.concat(parts, ignore_index=True)
    found = known[known["verdict"].isin(["rose", "fell"])]
    everyone = known[known["segment"].eq(EVERYONE)].groupby("metric")["n_customers"].max()
    whole = found["metric"].map(everyone).astype("float64")
    return _weighed(run, found.assign(share=found["n_customers"] / whole))


def _changed(output: ProtectedPayload) -> pd.DataFrame:
    """Return a frame of changes, or a scorecard, in whose rows `estimate` is the change and `value` the level now."""
    frame = shown(output)
    if "change" in frame:
        frame = frame.drop(columns=["conf_low", "conf_high"]).rename(columns=RENAMED)
    missing = {name: EVERYONE for name in ("segment", "level") if name not in frame}
    return _with_unit(frame, output).assign(**missing, value=frame["current"], value_against=frame["previous"])


def comparisons(run: Recorded) -> pd.DataFrame:
    """Return the groups that differ from what they were compared with."""
    parts = [_compared(output) for output in run.told("comparison")]
    if not parts:
        return pd.DataFrame()
    known = pd.concat(parts, ignore_index=True)
    frame = known[known["verdict"].isin(["higher", "lower"]) & ~known["segment"].isin(NO_GROUP_OF_CUSTOMERS)]
    both = frame["n_customers"] + frame["n_customers_against"]
    return _weighed(run, frame.assign(share=frame["n_customers"] / both))


def _compared(output: ProtectedPayload) -> pd.DataFrame:
    """Return a comparison; of a search over segments and their pairs the pairs, as the segments are tested alone."""
    frame = _with_unit(shown(output), output)
    return frame[frame["segment"].str.contains(CROSS)] if "at_least" in frame else frame


def drivers(run: Recorded) -> pd.DataFrame:
    """Return the ratings with an effect of their own, weighed by the customers who give a low one."""
    rated, moments = run.first("drivers"), run.with_columns("driver", "n_low", "penalty")
    if rated is None or not moments:
        return pd.DataFrame()
    low = shown(moments[0]).drop_duplicates("driver").set_index("driver")
    frame = _with_unit(shown(rated), rated)
    frame = frame[frames.floats(frame, "conf_low") > 0]
    share = frame["driver"].map(low["n_low"].astype("float64") / low["n"])
    return _weighed(run, frame.assign(share=share, verdict=LEVER))


def topics(run: Recorded) -> pd.DataFrame:
    """Return the topics whose commenters score otherwise, weighed by what they take from or add to the score of all."""
    output = run.first("topic_impact")
    if output is None:
        return pd.DataFrame()
    frame = _with_unit(shown(output), output)
    frame = frame[frames.floats(frame, "p_adjusted") < SIGNIFICANCE]
    verdict = np.where(frame["estimate"] > 0, "higher", "lower")
    weight = in_points(run.study, frame["metric"], sure(frame["contribution_low"], frame["contribution_high"]))
    return frame.assign(verdict=verdict, weight=weight)


def initiatives(run: Recorded) -> pd.DataFrame:
    """Return the initiatives after which the levels that they touched moved otherwise than the others."""
    output = run.first("initiatives")
    if output is None:
        return pd.DataFrame()
    frame = _with_unit(shown(output), output)
    frame = frame[frame["verdict"].isin(["rose", "fell"])]
    both = frame["n_customers"] + frame["n_customers_against"]
    found = _weighed(run, frame.assign(share=frame["n_customers"] / both))
    # Scores right after an encounter are of another survey than the headline: they have no place on its scale.
    encounters = run.study.responses["touchpoint"].unique() if "touchpoint" in run.study.responses else []
    return found.assign(weight=found["weight"].where(~found["level"].isin(encounters))) if len(found) else found


def _with_unit(frame: pd.DataFrame, output: ProtectedPayload) -> pd.DataFrame:
    """Return rows with the unit of each row's metric."""
    return frame.assign(unit=[unit_of(record, output.arguments) for record in frame.to_dict("records")])


def _weighed(run: Recorded, frame: pd.DataFrame) -> pd.DataFrame:
    """Return findings with their weight: the points that they surely make, times the share of customers concerned."""
    if frame.empty:
        return frame
    points = in_points(run.study, frame["metric"], sure(frame["conf_low"], frame["conf_high"]))
    return frame.assign(weight=points * frame["share"])


SOURCES: dict[str, Callable[[Recorded], pd.DataFrame]] = {
    "change": changes,
    "comparison": comparisons,
    "driver": drivers,
    "topic": topics,
    "initiative": initiatives,
}
