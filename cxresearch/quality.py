"""How far the data can be trusted: who was asked and who answered, what was set aside, who is missing.

Functions take a loaded study and return frames. Those about people carry `n` and `n_customers`; those about rows,
files and checks are for `cx.show(..., about="process")`.
"""

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch import metrics
from cxresearch.comparability import comparability
from cxresearch.intake.quarantine import CONFLICT, COPY, FILTERED, NO_ANSWER
from cxresearch.metrics import rates
from cxresearch.metrics.sources import rows_of, source
from cxresearch.schema import SCORES
from cxresearch.study_data import StudyData

__all__ = [
    "comparability",
    "completeness",
    "coverage",
    "duplicates",
    "flow",
    "intake",
    "notes",
    "personal_data",
    "response_bias",
    "sensitivity",
    "set_aside",
    "speeders",
    "straight_liners",
]

# A third of the median flags the quick without a tail of its own; mean − 2 SD is below zero on times so skewed.
SPEEDER_SHARE_OF_MEDIAN = 1 / 3
# With fewer rated items, the same answer to all of them says nothing.
FEWEST_ITEMS = 4
BASE = ["n", "n_customers"]


def flow(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Who was invited, answered, was accepted and can be linked, in the reporting period.

    Parameters
    ----------
    study
        Loaded study; `invitations`, `customers` and `revenue` add their stages where the study has them.
    survey
        `relationship` or `transactional`.

    Returns
    -------
    pandas.DataFrame
        One row a stage, in order: `stage`, `n` (rows), `n_customers` (distinct customers), `estimate` (rows as a
        share of the stage before; missing in the first), `flag`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> list(flow(cx.load("demo", period="2026Q3"))["stage"])
    ['invited', 'answered', 'accepted', 'counted', 'with a customer record', 'with a bill in the period']
    """
    accepted = _of(study.responses, study, survey)
    counted = study.answers(survey)
    stages = {}
    if study.has("invitations"):
        stages["invited"] = _people(_of(_dated(study.invitations, "invited_at", study), study, survey))
    stages["answered"] = (len(accepted) + _answers_set_aside(study, survey), _people(accepted)[1])
    stages["accepted"] = _people(accepted)
    stages["counted"] = _people(counted)
    for stage, linked in _links(study, counted).items():
        stages[f"with a {stage}"] = _people(counted[linked])
    rows = pd.DataFrame([(stage, *people) for stage, people in stages.items()], columns=["stage", *BASE])
    return rows.assign(estimate=rows["n"] / rows["n"].shift(), flag="")


def intake(study: StudyData) -> pd.DataFrame:
    """Rows read, accepted and set aside of each table.

    Returns
    -------
    pandas.DataFrame
        One row a table: `table`, `files`, `rows_in`, `accepted`, `quarantined`. Rows in = accepted + quarantined.
    """
    tables = study.quality.tables.groupby("table", sort=False)
    return tables.agg(
        files=("file", "size"),
        rows_in=("rows_in", "sum"),
        accepted=("accepted", "sum"),
        quarantined=("quarantined", "sum"),
    ).reset_index()


def set_aside(study: StudyData) -> pd.DataFrame:
    """Rows set aside by table, column and rule.

    Returns
    -------
    pandas.DataFrame
        One row a rule, the most frequent first in each table: `table`, `column`, `rule`, `rows`.
    """
    counts = (
        study.quality.quarantine.groupby(["table", "column", "rule"], sort=False).size().rename("rows").reset_index()
    )
    return counts.sort_values(["table", "rows"], ascending=[True, False], ignore_index=True)


def duplicates(study: StudyData) -> pd.DataFrame:
    """Copies and conflicting rows among those set aside.

    Returns
    -------
    pandas.DataFrame
        One row a table and rule: `table`, `rule`, `rows`; no row where there was none.
    """
    rules = set_aside(study)
    double = rules[rules["rule"].isin([COPY, CONFLICT])]
    return double[["table", "rule", "rows"]].reset_index(drop=True)


def notes(study: StudyData) -> pd.DataFrame:
    """What intake found or mended on the way.

    Returns
    -------
    pandas.DataFrame
        One row a note: `table`, `column`, `note`, `files` (number; missing where files were compared), `rows` (missing
        where it is about whole files).
    """
    every = study.quality.notes
    told = every.assign(file=every["file"].mask(every["file"].eq(""))).groupby(["table", "column", "note"], sort=False)
    found = told.agg(files=("file", "nunique"), rows=("rows", "sum")).reset_index()
    return found.assign(**{name: found[name].where(found[name] > 0) for name in ("files", "rows")})


def personal_data(study: StudyData) -> pd.DataFrame:
    """Personal data taken out of texts before they were stored, and words that were left but may be names.

    Returns
    -------
    pandas.DataFrame
        One row a kind: `table`, `column`, `kind`, `items` (how many were taken out), `texts` (answers that held one).
        The last row, of kind `to review`, counts the words that may be names and the answers that hold one; they
        stand in a private file, `.cache/review/<study>.csv`. Names may remain elsewhere too.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = personal_data(cx.load("demo", period="2026Q3")).set_index(["table", "kind"])
    >>> found.loc[("responses", "email"), "items"] > 50
    np.True_
    """
    return study.quality.redaction.reset_index(drop=True)


def completeness(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Share of the answers in the period that hold each item; nothing is dropped listwise.

    Returns
    -------
    pandas.DataFrame
        One row an item that was asked, in the order of the questionnaire: `item`, `n` (answers asked),
        `n_customers`, `answered` (answers that hold it), `estimate` (their share), `flag`.
    """
    answers = _of(study.responses, study, survey)
    wanted = [*SCORES, "fcr", *study.definition.drivers, "has_comment", "finished"]
    asked = [item for item in wanted if item in answers and answers[item].notna().any()]
    rows = [(item, *_people(answers), _given(answers[item])) for item in asked]
    frame = pd.DataFrame(rows, columns=["item", *BASE, "answered"])
    return frame.assign(estimate=frame["answered"] / frame["n"], flag="")


def speeders(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Answers given in less than a third of the median time of their survey and period.

    Returns
    -------
    pandas.DataFrame
        One row: `survey`, `n` (answers with a time), `n_customers`, `flagged`, `estimate` (share flagged),
        `median_s`, `limit_s` (seconds), `flag` ("not assessable: no times" where there are none).

    Notes
    -----
    They are kept; `sensitivity` shows the score without them.
    """
    answers = _of(study.responses, study, survey)
    timed = answers[answers["duration_s"].notna()] if "duration_s" in answers else answers.iloc[:0]
    median = timed["duration_s"].median() if len(timed) else np.nan
    flagged = int(_is_speeder(timed).sum())
    row = [survey, *_people(timed), flagged, flagged / len(timed) if len(timed) else np.nan, median]
    frame = pd.DataFrame([row], columns=["survey", *BASE, "flagged", "estimate", "median_s"])
    return frame.assign(limit_s=median * SPEEDER_SHARE_OF_MEDIAN, flag="" if len(timed) else "not assessable: no times")


def straight_liners(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Answers that give every rated item the same value.

    Returns
    -------
    pandas.DataFrame
        One row: `survey`, `n` (answers with at least four rated items), `n_customers`, `flagged`, `estimate` (share
        flagged), `flag` ("not assessable: fewer than 4 rated items" where no answer has as many).
    """
    answers = _of(study.responses, study, survey)
    rated = answers[_rated(answers, study) >= FEWEST_ITEMS]
    flagged = int(_is_straight(rated, study).sum())
    row = [survey, *_people(rated), flagged, flagged / len(rated) if len(rated) else np.nan]
    frame = pd.DataFrame([row], columns=["survey", *BASE, "flagged", "estimate"])
    return frame.assign(flag="" if len(rated) else f"not assessable: fewer than {FEWEST_ITEMS} rated items")


def sensitivity(study: StudyData, metric: str | None = None) -> pd.DataFrame:
    """Return a metric with all answers, and without those that look careless.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    metric
        `nps`, `csat`, `ces`, `fcr` or a measure; the study's primary metric by default.

    Returns
    -------
    pandas.DataFrame
        One row a choice: `answers` ("all", "without speeders", "without straight-liners", "without both"), then the
        columns of the metric.
    """
    metric = metric or study.primary
    answers = rows_of(study, source(study, metric).survey, study.period)
    quick, straight = _is_speeder(answers), _is_straight(answers, study)
    kept = {
        "all": slice(None),
        "without speeders": ~quick,
        "without straight-liners": ~straight,
        "without both": ~(quick | straight),
    }
    tables = [metrics.of_study(study, metric, answers.loc[rows]).assign(answers=name) for name, rows in kept.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["answers", *(name for name in joined if name != "answers")]]


def coverage(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Return how many counted answers have a customer record and revenue in the period, in total and by segment.

    Returns
    -------
    pandas.DataFrame
        One row a link, segment and level: `link`, `segment` ("all" for the total), `level`, then the columns of a
        proportion: `n`, `n_customers`, `n_eff`, `estimate` (share linked), `std_error`, `conf_low`, `conf_high`,
        `flag`. Empty where the study has neither customers nor revenue.
    """
    answers = study.answers(survey)
    parts = [
        _by_level(answers.assign(linked=linked.astype(float)), "linked", study.segments(answers), link)
        for link, linked in _links(study, answers).items()
    ]
    return pd.concat(parts, ignore_index=True) if parts else _no_rows("link", "segment", "level")


def response_bias(study: StudyData, survey: str = "relationship") -> pd.DataFrame:
    """Who answers more and who less often than they were invited, by segment.

    Returns
    -------
    pandas.DataFrame
        One row a segment (of at most 12 groups) and level: `segment`, `level`, `n` (invitations), `n_customers`,
        `n_eff`, `estimate` (response rate), `std_error`, `conf_low`, `conf_high` (Wilson), `share_invited`,
        `share_answered`, `gap` (difference of the two shares), `statistic` and `p_value` of Pearson's chi-squared
        test of the segment, `p_adjusted` (Benjamini–Hochberg over the segments), `flag`. Empty where there are no
        invitations, or answers cannot be traced to them.

    Notes
    -----
    What the customer list does not know, such as loyalty itself, cannot be seen here.
    """
    try:
        invited = rates.invited(study, survey)
    except KeyError:
        return _no_rows("segment", "level")
    if invited.empty:
        return _no_rows("segment", "level")
    frame = _by_level(invited, "answered", study.segments(invited), "response").drop(columns="link")
    frame = frame[frame["segment"].ne("all")].reset_index(drop=True)
    return _with_gaps(frame, invited)


def _with_gaps(frame: pd.DataFrame, invited: pd.DataFrame) -> pd.DataFrame:
    """Return response rates with shares of invited and answered, and each segment's test."""
    answered = frame["n"] * frame["estimate"]
    by_segment = frame.groupby("segment", sort=False)
    share_invited = frame["n"] / by_segment["n"].transform("sum")
    share_answered = answered / answered.groupby(frame["segment"]).transform("sum")
    tests = pd.DataFrame(
        [_chi_squared(invited[name], invited["answered"]) for name, _ in by_segment],
        index=[name for name, _ in by_segment],
        columns=["statistic", "p_value"],
    )
    tested = tests["p_value"].notna()
    adjusted = pd.Series(np.nan, tests.index)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(tests.loc[tested, "p_value"])
    frame = frame.assign(share_invited=share_invited, share_answered=share_answered, gap=share_answered - share_invited)
    frame = frame.assign(**{name: frame["segment"].map(tests[name]) for name in tests})
    frame = frame.assign(p_adjusted=frame["segment"].map(adjusted))
    return frame[[name for name in frame if name != "flag"] + ["flag"]]


def _chi_squared(level: pd.Series, answered: pd.Series) -> tuple[float, float]:
    """Return Pearson's chi-squared test of answering by level, missing where a level or an answer is alone."""
    table = pd.crosstab(level, answered)
    if min(table.shape) < 2:
        return np.nan, np.nan
    result = stats.chi2_contingency(table, correction=False)
    return float(result.statistic), float(result.pvalue)


def _by_level(frame: pd.DataFrame, share: str, segments: list[str], link: str) -> pd.DataFrame:
    """Return the share of a 0/1 column in total and by each segment's levels."""
    total = metrics.proportion(frame, column=share).assign(segment="all", level="all")
    parts = [
        metrics.proportion(frame, name, column=share).rename(columns={name: "level"}).assign(segment=name)
        for name in segments
    ]
    joined = pd.concat([total, *parts], ignore_index=True).assign(link=link)
    first = ["link", "segment", "level"]
    return joined[first + [name for name in joined if name not in first]]


def _links(study: StudyData, answers: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which answers are known to the customer list, and which have revenue in the period."""
    links = {}
    if study.has("customers") and "customer_id" in answers:
        links["customer record"] = answers["customer_id"].isin(study.customers["customer_id"])
    if study.has("revenue") and "customer_id" in answers:
        links["bill in the period"] = answers["customer_id"].isin(_dated(study.revenue, "month", study)["customer_id"])
    return links


def _no_rows(*names: str) -> pd.DataFrame:
    """Return an empty result frame with these grouping columns."""
    columns = {name: "str" for name in names} | {name: "float64" for name in (*BASE, "estimate")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _of(frame: pd.DataFrame, study: StudyData, survey: str) -> pd.DataFrame:
    """Return the rows of the reporting period and of a survey."""
    rows = frame[frame["survey"].eq(survey)] if "survey" in frame else frame
    return rows[rows["period"].eq(study.period)] if "period" in rows else rows


def _dated(frame: pd.DataFrame, moment: str, study: StudyData) -> pd.DataFrame:
    """Return the rows whose moment lies in the reporting period."""
    period = study.bounds
    if period is None or moment not in frame:
        return frame
    day = frame[moment]
    return frame[(day >= period[0]) & (day < period[1])]


def _answers_set_aside(study: StudyData, survey: str) -> int:
    """Return how many answers of the period were set aside; copies and previews were no answers."""
    aside = study.quality.quarantine
    aside = aside[aside["table"].eq("responses") & ~aside["rule"].isin([COPY, NO_ANSWER, FILTERED])]
    aside = aside[aside["survey"].isna() | aside["survey"].eq(survey)]
    return len(_dated(aside.dropna(subset="moment") if study.bounds else aside, "moment", study))


def _people(frame: pd.DataFrame) -> tuple[int, int]:
    """Return rows, and distinct customers (rows without an id count one each)."""
    if "customer_id" not in frame:
        return len(frame), len(frame)
    return len(frame), int(frame["customer_id"].nunique() + frame["customer_id"].isna().sum())


def _given(cells: pd.Series) -> int:
    """Return how many cells hold an answer; of a yes/no column, how many say yes."""
    return int(cells.eq(1).sum() if cells.name in ("has_comment", "finished") else cells.notna().sum())


def _is_speeder(answers: pd.DataFrame) -> pd.Series:
    """Return which answers took less than a third of the median time."""
    if "duration_s" not in answers:
        return pd.Series(False, answers.index)
    return answers["duration_s"].lt(answers["duration_s"].median() * SPEEDER_SHARE_OF_MEDIAN)


def _rated(answers: pd.DataFrame, study: StudyData) -> pd.Series:
    """Return how many items of the grid each answer rates."""
    items = [name for name in study.definition.drivers if name in answers]
    return answers[items].notna().sum(axis=1)


def _is_straight(answers: pd.DataFrame, study: StudyData) -> pd.Series:
    """Return which answers rate at least four items, all alike."""
    items = [name for name in study.definition.drivers if name in answers]
    return answers[items].nunique(axis=1).eq(1) & _rated(answers, study).ge(FEWEST_ITEMS)
