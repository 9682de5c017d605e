"""A study's metrics beside published ones, compared only where both asked in the same way."""

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxresearch.metrics.sources import measure_of, rows_of, source
from cxresearch.metrics.study_tables import of_study

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["benchmark"]

# Of two wordings this share of the words must agree, in order: the name of the company differs, the question does not.
SAME_WORDING = 0.75
# Ways of asking that are answered alone on a screen are alike; a voice makes people kinder.
MODES = {
    "online": {"online", "web", "email", "e-mail", "mail", "sms", "app", "in-app", "link", "qr", "anonymous", "panel"},
    "phone": {"phone", "telephone", "call", "cati", "ivr", "voice"},
    "in person": {"in person", "face-to-face", "capi", "branch", "shop", "store", "interview"},
    "paper": {"paper", "post", "letter", "papi"},
}
HIGHER, LOWER, CANNOT_TELL, NOT_COMPARABLE = "higher", "lower", "cannot tell", "not comparable"
ADDED = ["benchmark", "benchmark_n", "difference", "difference_low", "difference_high", "verdict", "reason"]
NUMBERS = ["n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "flag"]


def benchmark(study: "StudyData", *, conf_level: float = 0.95) -> pd.DataFrame:
    """Return the study's metrics of the reporting period beside those of the table `benchmarks`.

    Parameters
    ----------
    study
        A study with the table `benchmarks`: `source`, `metric`, `value`; `period`, `n`, `scale` (as 0-10), `mode` and
        `wording` where they are known.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a benchmark of the period and metric that the study has: `source`, `metric`; `n`, `n_customers`,
        `n_eff`, `estimate`, `std_error`, `conf_low`, `conf_high` of the study, `flag`; `benchmark`, `benchmark_n`;
        `difference`, `difference_low`, `difference_high` (study less benchmark; the benchmark is taken as exact, since
        its spread is not published); `verdict` (`higher`, `lower`, `cannot tell`, `not comparable`); `reason` (what
        differs or is not known: scale, mode, wording). Not comparable ones have no difference.

    Raises
    ------
    KeyError
        If the study has no table `benchmarks`.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = benchmark(cx.load("demo", period="2026Q3")).set_index(["source", "metric"])
    >>> found["reason"].to_dict()[("Mobile Mirror", "nps")]
    'scale, wording'
    """
    published = study.table("benchmarks")
    if "period" in published:
        published = published[published["period"].isin([study.period]) | published["period"].isna()]
    rows = [_compared(row, study, conf_level) for row in published.to_dict("records") if _asked(row["metric"], study)]
    return pd.DataFrame(rows, columns=["source", "metric", *NUMBERS, *ADDED])


def _asked(metric: str, study: "StudyData") -> bool:
    """Return whether the study has a metric."""
    try:
        source(study, metric)
    except KeyError:
        return False
    return True


def _compared(row: dict[str, object], study: "StudyData", conf_level: float) -> dict[str, object]:
    """Return one benchmark beside the study's own number."""
    metric = str(row["metric"])
    ours = of_study(study, metric, conf_level=conf_level).iloc[0]
    reason = ", ".join(part for part, differs in _differences(row, metric, study).items() if differs)
    value = np.nan if reason else float(row["value"])  # type: ignore[arg-type]
    low, high = ours["conf_low"] - value, ours["conf_high"] - value
    verdict = NOT_COMPARABLE if reason else HIGHER if low > 0 else LOWER if high < 0 else CANNOT_TELL
    told = [row["value"], row.get("n", np.nan), ours["estimate"] - value, low, high, verdict, reason]
    return {"source": row["source"], "metric": metric, **ours[NUMBERS], **dict(zip(ADDED, told, strict=True))}


def _differences(row: dict[str, object], metric: str, study: "StudyData") -> dict[str, bool]:
    """Return whether scale, mode and wording differ; what the benchmark does not tell counts as differing."""
    found = source(study, metric)
    column = study.definition.responses.columns.get(found.measure.column)
    answers = rows_of(study, found.survey, study.period)
    modes = {_mode(mode) for mode in answers["mode"].dropna().unique()} if "mode" in answers else set()
    wording = column.wording if column else None
    return {
        "scale": _scale(row.get("scale")) != measure_of(study, metric).scale,
        "mode": bool(modes) and modes != {_mode(row.get("mode"))},
        "wording": not _same_wording(row.get("wording"), wording),
    }


def _scale(text: object) -> tuple[float, float] | None:
    """Return the ends of a scale written as `0-10`."""
    found = re.fullmatch(r"\s*(-?\d+)\s*(?:-|–|to)\s*(\d+)\s*", str(text))
    return (float(found[1]), float(found[2])) if found else None


def _mode(text: object) -> str:
    """Return the family of a way of asking; an unknown one is a family of its own."""
    word = str(text).strip().casefold()
    return next((family for family, members in MODES.items() if word in members), word)


def _same_wording(theirs: object, ours: str | None) -> bool:
    """Return whether two wordings ask the same; where ours is not written down, nothing is held against theirs."""
    if not ours:
        return True
    if not isinstance(theirs, str) or not theirs.strip():
        return False
    words, other = (re.findall(r"\w+", text.casefold()) for text in (theirs, ours))
    return SequenceMatcher(a=words, b=other, autojunk=False).ratio() >= SAME_WORDING
