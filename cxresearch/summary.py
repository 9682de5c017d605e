"""The first page: the headline, what changed and who owns it, for whom it speaks, what this report does not say."""

import pandas as pd

from cxresearch import metrics, quality
from cxresearch.study_data import StudyData, results

SUPPORTED = ("rose", "fell")
WHOLE, GROUPED = "scorecard", "changes-by-segment"
SCORECARD, REVENUE = "02-scorecard", "04-revenue"
EVERYONE = "all"
# Tables without which a part of the report has nothing to say, and what that part is.
NEEDED = {
    "invitations": "response rates and who is missing",
    "customers": "segments from the customer list and response bias",
    "revenue": "what loyalty is worth",
    "contacts": "first-contact resolution",
}


def headline(study: StudyData) -> pd.DataFrame:
    """Return the row of the scorecard that holds the study's primary metric.

    Returns
    -------
    pandas.DataFrame
        One row with the columns of `metrics.scorecard`.
    """
    card = metrics.scorecard(study)
    return card[card["metric"].eq(study.primary)].reset_index(drop=True)


def findings(study: StudyData, top: int = 3) -> pd.DataFrame:
    """Return the changes that the data support, the weightiest first.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    top
        How many at most.

    Returns
    -------
    pandas.DataFrame
        `metric`, `segment`, `level` ("all" for everyone), then the columns of `metrics.change`, `weight` (the limit
        nearest to no change as a share of the metric's range, times the share of the customers concerned), `owner` (as
        the study file's `owners:` says), `page` and `key` (where the number stands). No row where nothing is supported.
    """
    whole = _as_changes(metrics.scorecard(study))
    grouped = metrics.change_by_segment(study, study.primary).assign(metric=study.primary)
    changes = pd.concat([whole, grouped], ignore_index=True)
    changes = changes.assign(weight=_weight(study, changes))
    kept = changes[changes["verdict"].isin(SUPPORTED)].sort_values("weight", ascending=False, kind="stable").head(top)
    kept = kept.assign(
        owner=[_owner(study, *row) for row in kept[["level", "segment", "metric"]].itertuples(index=False)],
        page=SCORECARD,
        key=kept["segment"].eq(EVERYONE).map({True: WHOLE, False: GROUPED}).astype("str"),
    )
    first = ["metric", "segment", "level"]
    return kept[first + [name for name in kept if name not in first]].reset_index(drop=True)


def revenue(study: StudyData) -> pd.DataFrame:
    """Return whether this report links loyalty to revenue, and why not where it does not.

    Returns
    -------
    pandas.DataFrame
        One row: `status` (`linked` or `refused`) and `reason` (what was missing, "" where linked).
    """
    if any(name.startswith(f"{REVENUE}/") for name in results(study)):
        return pd.DataFrame({"status": ["linked"], "reason": [""]})
    reason = "the analysis has not been run" if study.has("revenue") else "the study has no revenue table"
    return pd.DataFrame({"status": ["refused"], "reason": [reason]})


def facts(study: StudyData) -> pd.DataFrame:
    """Return what a reviewer asks first, as label and value.

    Returns
    -------
    pandas.DataFrame
        One row a fact: `fact`, `value` (text). Bases of answers only; nothing about single groups.
    """
    flow = quality.flow(study).set_index("stage")["n"]
    intake = quality.intake(study)
    card = headline(study)
    breaks = [period for period in metrics.breaks(study, study.primary) if period in study.periods]
    found = {
        "Period": study.period,
        "Compared with": study.compare_to or "no earlier period",
        **{stage.capitalize(): _count(rows, study) for stage, rows in flow.items()},
        "Effective base of the headline": _count(round(card["n_eff"].iloc[0]), study),
        "Rows set aside": f"{_thousands(intake['quarantined'].sum())} of {_thousands(intake['rows_in'].sum())}",
        "Breaks of the trend": ", ".join(breaks) or "none",
        "Weights": _weights(study),
        "Minimum base shown": f"{study.definition.disclosure.min_base} customers",
    }
    return pd.DataFrame({"fact": list(found), "value": list(found.values())})


def refusals(study: StudyData) -> pd.DataFrame:
    """Return what this report does not say, and what it would take.

    Returns
    -------
    pandas.DataFrame
        One row a refusal: `not_said`, `reason`, `would_take`.
    """
    missing = [
        (what, f"the study has no {name} table", f"{name}: in the study file")
        for name, what in NEEDED.items()
        # The responses may ask whether an issue was settled; then it is said.
        if not study.has(name) and not (name == "contacts" and "fcr" in study.responses)
    ]
    money = revenue(study).iloc[0]
    if study.has("revenue") and money["status"] == "refused":
        missing.append((NEEDED["revenue"], money["reason"], "the revenue notebook"))
    if study.compare_to is None:
        missing.append(("change since the period before", "no earlier period has answers", "a second period"))
    if not study.definition.smallest_difference:
        reason = "the study file names no smallest difference that matters"
        missing.append(("that anything stayed the same", reason, "smallest_difference: in the study file"))
    return pd.DataFrame(missing, columns=["not_said", "reason", "would_take"]).astype("str")


def _as_changes(card: pd.DataFrame) -> pd.DataFrame:
    """Return a scorecard's changes as a change frame: one family, and so the same verdicts as the table shows."""
    level = card.drop(columns=["estimate", "std_error", "conf_low", "conf_high"]).assign(current=card["estimate"])
    changes = level.rename(columns={"change": "estimate", "change_low": "conf_low", "change_high": "conf_high"})
    columns = [*("n", "n_customers", "n_previous", "n_customers_previous", "n_eff", "previous", "current", "estimate")]
    columns += ["conf_low", "conf_high", "statistic", "p_value", "p_adjusted", "minimum_detectable", "verdict", "flag"]
    return changes[["metric", *columns]].assign(segment=EVERYONE, level=EVERYONE)


def _weights(study: StudyData) -> str:
    """Return how answers were weighted, in words."""
    if study.weighting is not None and not study.weighting.margins.empty:
        return f"raked to {' and '.join(study.weighting.margins['variable'].unique())} of the customers"
    return "as declared in the study file" if study.definition.design.weight else "none"


def _weight(study: StudyData, changes: pd.DataFrame) -> pd.Series:
    """Return how much a change counts: its surest size as a share of the metric's range, times whom it concerns."""
    sure = changes[["conf_low", "conf_high"]].abs().min(axis=1)
    sure = sure.where(changes["conf_low"] * changes["conf_high"] > 0, 0.0)
    everyone = changes[changes["segment"].eq(EVERYONE)].set_index("metric")["n_customers"]
    reach = changes["n_customers"] / changes["metric"].map(everyone)
    return sure / _range(study, changes) * reach


def _range(study: StudyData, changes: pd.DataFrame) -> pd.Series:
    """Return the distance from worst to best of each row's metric; of a number without a scale, its size before."""
    scales = {name: high - low for name, (low, high) in study.definition.scales.items()}
    known = changes["metric"].map(scales | {"nps": 200.0, "fcr": 1.0})
    return known.fillna(changes["previous"].abs())


def _count(rows: int, study: StudyData) -> str:
    """Return a number of people as text, never a small one."""
    least = study.definition.disclosure.min_base
    return _thousands(rows) if rows >= least or rows == 0 else f"under {least}"


def _thousands(number: int) -> str:
    """Return a whole number with narrow blanks between the thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _owner(study: StudyData, level: str, segment: str, metric: str) -> str:
    """Return who owns a finding: the owner of the group, else of the segment, else of the metric."""
    owners = study.definition.owners
    return next((owners[name] for name in (level, segment, metric) if name in owners), "")
