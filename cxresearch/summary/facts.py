"""The strip for a reviewer: from the invited to the linked, plan against done, what changed, checks and refusals."""

import pandas as pd

from cxresearch import metrics, quality
from cxresearch.present import labels as say
from cxresearch.study_data import StudyData
from cxresearch.summary.checklist import checklist
from cxresearch.summary.headline import headline
from cxresearch.summary.recorded import Recorded
from cxresearch.summary.refusals import refusals

__all__ = ["facts"]

NOT_RUN = "not known: no page has been made"
CHECKS = {"pass": "passed", "warn": "to read with care", "fail": "failed", "not made": "not made"}


def facts(study: StudyData, run: Recorded | None = None) -> pd.DataFrame:
    """Return what a reviewer asks first, as label and value.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.
    run
        What `recorded` gives; None leaves out what only the other pages know.

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
        **{say.capital(stage): _count(rows, study) for stage, rows in flow.items()},
        "Effective base of the headline": _count(round(card["n_eff"].iloc[0]), study),
        "Rows set aside": f"{_whole(intake['quarantined'].sum())} of {_whole(intake['rows_in'].sum())}",
        "Breaks of the headline's trend": say.listed(map(say.period_label, breaks)) if breaks else "none",
        "Weights": _weights(study),
        "Minimum base shown": f"{study.definition.disclosure.min_base} customers",
        **(_of_run(study, run) if run is not None else {}),
    }
    return pd.DataFrame({"fact": list(found), "value": list(found.values())})


def _of_run(study: StudyData, run: Recorded) -> dict[str, str]:
    """Return what the other pages of a run know."""
    if not run.outputs:
        return dict.fromkeys(("Plan against done", "Checks", "Refusals"), NOT_RUN)
    checks = checklist(run)
    counts = checks["verdict"].value_counts()
    planned = checks.loc[checks["check"].eq("plan against done"), "rests_on"]
    return {
        "Plan against done": planned.iloc[0] if len(planned) else "nothing was planned",
        "Checks": ", ".join(f"{counts[name]} {words}" for name, words in CHECKS.items() if name in counts),
        "Refusals": str(len(refusals(study, run))),
    }


def _weights(study: StudyData) -> str:
    """Return how answers were weighted, in words."""
    if study.weighting is not None and not study.weighting.margins.empty:
        names = [
            say.label(name, study.definition.labels).lower() for name in study.weighting.margins["variable"].unique()
        ]
        return f"raked to {say.listed(names)} of the customers"
    return "as declared in the study file" if study.definition.design.weight else "none"


def _count(rows: int, study: StudyData) -> str:
    """Return a number of people as text, never a small one."""
    least = study.definition.disclosure.min_base
    return _whole(rows) if rows >= least or rows == 0 else f"under {least}"


def _whole(number: float) -> str:
    """Return a whole number in words."""
    return say.number(float(number), "count")
