"""How each assumption is judged: from the rows of an output to a verdict and the number it rests on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from cxresearch.present import frames
from cxresearch.present import labels as say
from cxresearch.present.revenue_words import LEAK
from cxresearch.stats.survey import NORMAL_FROM
from cxresearch.summary.recorded import Recorded

__all__ = ["JUDGED", "Check", "Judged"]

PASS, WARN, FAIL, NOT_MADE = "pass", "warn", "fail", "not made"
SIGNIFICANCE = 0.05
# Under these a check warns: half of the invited, weights that keep .4 of the answers, two thirds of the topics; beyond
# these: a share of rows set aside that is no odd line of a file, a gap to the customers that rounding does not make.
RESPONSE, KEPT, STABLE = 0.5, 0.4, 2 / 3
SET_ASIDE, GAP = 0.05, 0.005


@dataclass(frozen=True)
class Check:
    """One line of the checklist."""

    check: str
    verdict: str
    rests_on: str


Judge = Callable[[pd.DataFrame, Recorded], Iterator[Check]]


@dataclass(frozen=True)
class Judged:
    """What is checked, on which output, and how.

    Parameters
    ----------
    subject
        What stands in the list where there is no such output.
    judge
        Yields the checks.
    finding
        The name of the output's sentence; "" where it has none.
    columns
        The columns by which an output without a sentence is known.
    """

    subject: str
    judge: Judge
    finding: str = ""
    columns: tuple[str, ...] = ()


def response(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge the share of the invited that answered."""
    counts = frame.set_index("stage")["n"]
    if not {"invited", "answered"} <= set(counts.index):
        yield Check("response rate", NOT_MADE, "how many were invited is not known")
        return
    rate = counts["answered"] / counts["invited"]
    text = f"{say.number(rate, 'share')} of {say.number(counts['invited'], 'count')} invited answered"
    yield Check("response rate", PASS if rate >= RESPONSE else WARN, text)


def representativity(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether groups answered alike."""
    least = frame.assign(p=frames.floats(frame, "p_adjusted")).groupby("segment", sort=False)["p"].min()
    differing = [say.label(name, run.study.definition.labels).lower() for name in least.index[least < SIGNIFICANCE]]
    text = f"response differs by {say.listed(differing)}" if differing else "no difference between groups is supported"
    yield Check("representativity", WARN if differing else PASS, f"{text}, of {say.count(len(least), 'segment')}")


def weighting(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge what weighting left open and what it cost."""
    gap = float(frames.floats(frame, "gap").abs().max())
    text = f"largest gap to the customers left: {say.number(gap, 'percentage points')} percentage points"
    yield Check("weighting", PASS if gap < GAP else WARN, text)


def care(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether careless answers move the score."""
    estimates = frames.floats(frame, "estimate")
    moved, width = float((estimates - estimates.iloc[0]).abs().max()), frame.iloc[0]
    half = (width["conf_high"] - width["conf_low"]) / 2
    place = "inside" if moved < half else "outside"
    by, of = (say.number(size, digits=1) for size in (moved, half))
    text = f"without careless answers the score moves by {by}, {place} its ±{of}"
    yield Check("careless answers", PASS if moved < half else WARN, text)


def set_aside(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge the share of rows set aside."""
    aside, rows = frame["quarantined"].sum(), frame["rows_in"].sum()
    text = f"{say.number(aside, 'count')} of {say.number(rows, 'count')} rows set aside"
    yield Check("rows set aside", PASS if aside <= SET_ASIDE * rows else WARN, text)


def bases(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge the base of the headline."""
    record = frame.iloc[0]
    base = min(record["n"], record["n_eff"])
    text = f"effective base {say.number(record['n_eff'], 'count')} of {say.count(record['n'], 'answer')}"
    yield Check("base of the headline", PASS if base >= NORMAL_FROM else WARN, text)
    kept = record["n_eff"] / record["n"]
    yield Check(
        "cost of weights", PASS if kept >= KEPT else WARN, f"they keep {say.number(kept, 'share')} of the answers"
    )


def breaks(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether the headline may be compared with the period before."""
    verdict = str(frame.iloc[0]["verdict"])
    broken = run.study.breaks.get(run.study.primary, [])
    inside = say.listed(say.period_label(period) for period in broken if period in run.study.periods)
    text = f"the way of asking changed at {inside}" if inside else "the headline was asked in one way throughout"
    yield Check("trend of the headline", FAIL if verdict == "not comparable" else WARN if inside else PASS, text)


def drivers(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Pass on the checks of the driver model with their limits."""
    for record in frame.to_dict("records"):
        text = f"{_plain(record['estimate'])}, warns at {_plain(record['limit'])}"
        known = not pd.isna(record["estimate"])
        yield Check(str(record["check"]), str(record["verdict"]), text if known else str(record["meaning"]))


def placebo(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether the score goes with revenue before it."""
    record = frame.iloc[0]
    size, low, high = (say.number(record[name], digits=1) for name in ("percent", "percent_low", "percent_high"))
    clear = record["conf_low"] > 0 or record["conf_high"] < 0
    text = f"revenue before the answer differs by {size}% a vote ({low} to {high})"
    yield Check("placebo of the revenue link", WARN if clear else PASS, text)


def leak(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether the score seems to be recorded from the outcome."""
    leak = str(frame.iloc[0].get("reason") or "").startswith(LEAK)
    text = "scores tell the outcome as if made from it" if leak else "scores do not tell the outcome beyond reason"
    yield Check("leak of the revenue link", FAIL if leak else PASS, text)


def plan(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether what was done is what was planned."""
    same = int(frame["same"].eq("yes").sum())
    text = f"{same} of {say.count(len(frame), 'planned choice')} done as planned"
    yield Check("plan against done", PASS if same == len(frame) else WARN, text)


def panel(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether the panel's scores move more than their sampling error."""
    text = "; ".join(f"{row['check']} {_plain(row['found'])}, needed {_plain(row['needed'])}"
                     for row in frame.to_dict("records"))  # fmt: skip
    yield Check("gate of the segment panel", PASS if frame["passed"].astype("bool").all() else FAIL, text)


def stability(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge how many topics come out again when the model is fitted again."""
    counts = frame.set_index("verdict")["topics"]
    stable, total = counts.get("stable", 0), counts.sum()
    text = f"{say.number(stable, 'count')} of {say.count(total, 'small topic')} stable when fitted again"
    yield Check("stability of topics", PASS if stable >= STABLE * total else WARN, text)


def dealt(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether arms hold as many units as planned."""
    least = float(frames.floats(frame, "p_value").min())
    wrong = frame["verdict"].eq("not as planned").any()
    yield Check(
        "sample ratio of the inserted questions",
        FAIL if wrong else PASS,
        f"smallest p-value {say.number(least, digits=3)}",
    )


def harm(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether inserted questions harm the survey; the time that they take is their price and no harm."""
    frame = frame[frame["metric"].ne("duration")]
    verdicts = frame["verdict"].fillna("")
    counts = {"harm": verdicts.str.startswith("harm").sum(), "cannot decide": verdicts.eq("cannot decide").sum()}
    text = f"harm in {counts['harm']}, undecided in {counts['cannot decide']} of {say.count(len(frame), 'measure')}"
    yield Check(
        "harm by the inserted questions", FAIL if counts["harm"] else WARN if counts["cannot decide"] else PASS, text
    )


def initiatives(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Judge whether the touched and the others ran alike before initiatives began."""
    counts = frame["verdict"].value_counts()
    text = f"{counts.get('pass', 0)} passed, {counts.get('fail', 0)} failed, {counts.get('cannot tell', 0)} cannot tell"
    yield Check("comparisons behind initiatives", WARN if counts.get("fail") else PASS, text)


def questions(frame: pd.DataFrame, run: Recorded) -> Iterator[Check]:
    """Pass on the checks of a page about inserted questions."""
    for record in frame.to_dict("records"):
        name = f"{say.page_label(str(record['page'])).lower()}: {record['check']}"
        yield Check(name, str(record["status"]), say.clean(str(record["sentence"])).rstrip("."))


def _plain(value: float) -> str:
    """Return a number, a whole one without decimals."""
    return say.number(value, "count" if float(value).is_integer() else "number")


JUDGED = (
    Judged("response rate", response, "flow"),
    Judged("rows set aside", set_aside, "quarantine"),
    Judged("representativity", representativity, "bias"),
    Judged("weighting", weighting, "weighting"),
    Judged("careless answers", care, "sensitivity"),
    Judged("base of the headline", bases, "headline"),
    Judged("trend of the headline", breaks, "headline"),
    Judged("checks of the driver model", drivers, "checked"),
    Judged("leak of the revenue link", leak, "revenue_link"),
    Judged("placebo of the revenue link", placebo, "placebo"),
    Judged("plan against done", plan, columns=("planned", "done", "same")),
    Judged("gate of the segment panel", panel, columns=("found", "needed", "passed")),
    Judged("stability of topics", stability, columns=("verdict", "topics", "jaccard")),
    Judged("sample ratio of the inserted questions", dealt, "dealt_as_planned"),
    Judged("harm by the inserted questions", harm, "insertion_price"),
    Judged("comparisons behind initiatives", initiatives, "initiative_checks"),
    Judged("checks of inserted questions", questions, columns=("check", "status", "sentence")),
)
