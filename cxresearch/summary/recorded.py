"""What the other pages of a run found, protected: whatever the summary says of a page comes from here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import pandas as pd

from cxresearch import study_data
from cxresearch.present import frames
from cxresearch.present.disclosure import Policy, protect
from cxresearch.present.nesting import nesting
from cxresearch.present.payload import Payload, ProtectedPayload
from cxresearch.strict_yaml import StudyError
from cxresearch.study_data import StudyData

__all__ = ["Recorded", "recorded"]

NOT_RUN = "no page of this study and period has been made yet; run `cxresearch report` on its file under params/."


@dataclass(frozen=True)
class Recorded:
    """The outputs of a run, protected together.

    Attributes
    ----------
    study
        The study that was run.
    outputs
        In the order of the pages. What disclosure hides is emptied, so nothing made of them can tell it.

    Examples
    --------
    >>> import cxresearch as cx
    >>> from cxresearch.present.payload import Grid
    >>> study = cx.load("demo", period="2026Q3")
    >>> frame = cx.metrics.nps(study.answers(), by="plan")
    >>> run = Recorded.of(study, [Payload(key="plans", kind="table", grid=Grid.of(frame), finding="estimates")])
    >>> [output.key for output in run.told("estimates")]
    ['plans']
    """

    study: StudyData = field(repr=False)
    outputs: tuple[ProtectedPayload, ...]

    @classmethod
    def of(cls, study: StudyData, payloads: Iterable[Payload]) -> Self:
        """Return outputs as disclosure lets them be seen."""
        within = nesting(study.responses[[name for name in study.definition.segments if name in study.responses]])
        return cls(study, protect(list(payloads), Policy.of(study), within=within).payloads)

    def told(self, *findings: str) -> list[ProtectedPayload]:
        """Return the outputs whose sentences bear one of these names, those without a row left out.

        Raises
        ------
        StudyError
            If nothing was run.
        """
        if not self.outputs:
            raise StudyError(NOT_RUN)
        return [output for output in self.outputs if output.finding in findings and output.grid.rows]

    def first(self, *findings: str, method: str | None = None) -> ProtectedPayload | None:
        """Return the first of the outputs that `told` gives, of one method if it is named; None where there is none."""
        found = [output for output in self.told(*findings) if method in (None, output.method)]
        return found[0] if found else None

    def with_columns(self, *columns: str) -> list[ProtectedPayload]:
        """Return of each page the longest output that has some columns; pages without one are left out."""
        longest: dict[str, ProtectedPayload] = {}
        for one in self.outputs:
            page = str(one.provenance.get("notebook", ""))
            known = len(longest[page].grid.rows) if page in longest else 0
            if set(columns) <= set(one.grid.columns) and len(one.grid.rows) > known:
                longest[page] = one
        return list(longest.values())


def recorded(study: StudyData) -> Recorded:
    """Return what the other pages of the newest run of a study and period found.

    Parameters
    ----------
    study
        A study, as `cx.load` gives it.

    Returns
    -------
    Recorded
        Without outputs where nothing was run.
    """
    return Recorded.of(study, study_data.recorded(study))


def shown(output: ProtectedPayload) -> pd.DataFrame:
    """Return the rows of an output that are not hidden, with what its arguments and page tell of all of them."""
    frame = output.to_frame()
    frame = frame[~frames.is_hidden(frame)]
    if "metric" not in frame and (metric := output.arguments.get("metric")):
        frame = frame.assign(metric=metric)
    page = str(output.provenance.get("notebook", ""))
    return frame.assign(page=page, key=output.key).reset_index(drop=True)
