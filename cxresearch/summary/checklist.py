"""The assumptions behind a report, each with a verdict and the number it rests on, gathered from all pages of a run."""

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from cxresearch.summary.checks import JUDGED, NOT_MADE, Check, Judged
from cxresearch.summary.recorded import Recorded, shown

__all__ = ["checklist"]

COLUMNS = ["check", "verdict", "rests_on", "page", "key"]
ABSENT = "its page was not made, or the study lacks what it needs"


def checklist(run: Recorded) -> pd.DataFrame:
    """Return what must hold for the numbers of a report to mean what they say, and whether it does.

    Parameters
    ----------
    run
        What `recorded` gives.

    Returns
    -------
    pandas.DataFrame
        One row a check: `check`; `verdict` (`pass`, `warn`, `fail`, or `not made` where its page or its data lack);
        `rests_on` (the number, in words); `page` and `key` (where it stands, "" where on no page).

    Raises
    ------
    StudyError
        If nothing was run.
    """
    found = [row for judged in JUDGED for row in _rows(run, judged)]
    return pd.DataFrame(found, columns=COLUMNS).astype("str")


def _rows(run: Recorded, judged: Judged) -> Iterator[dict[str, str]]:
    """Yield the checks of one kind, or that there is nothing to judge."""
    found = run.told(judged.finding)[:1] if judged.finding else run.with_columns(*judged.columns)
    known = [frame for output in found if len(frame := shown(output))]
    if not known:
        yield {**asdict(Check(judged.subject, NOT_MADE, ABSENT)), "page": "", "key": ""}
    for frame in known:
        place = frame.iloc[0][["page", "key"]].to_dict()
        yield from ({**asdict(check), **place} for check in judged.judge(frame, run))
