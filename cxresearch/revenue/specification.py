"""The headline under every defensible choice: what was planned is marked, the rest is exploratory."""

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.revenue.linked import STUDY_WEIGHT, Answers, Linked, linked_answers
from cxresearch.revenue.model import ESTIMATES, EVERYONE, KNOWN, Model, known_rows, row_of, terms_of
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["specification_curve"]

CHOICES = ["survey", "outcome", "months", "controls", "weights", "basis", "status"]
PLANNED, EXPLORATORY = "planned", "exploratory"
NONE = "none"


def specification_curve(
    study: "StudyData",
    planned: Answers,
    *,
    horizons: tuple[int, ...] = (3, 6, 12),
    surveys: tuple[str, ...] = ("relationship", "transactional"),
) -> pd.DataFrame:
    """Return the headline under each combination of horizon, controls, weights, outcome, survey and basis.

    Parameters
    ----------
    study
        A study that can be linked.
    planned
        The choices of the headline: `Answers(horizon, controls, outcome, survey, weight)`.
    horizons, surveys
        The others to try.

    Returns
    -------
    pandas.DataFrame
        Sorted by estimate: `survey`, `outcome` (`nps` or `score`), `months`, `controls`, `weights`, `basis`, `status`
        (`planned` for the headline, else `exploratory`), then `n` … `percent_high` as in `customer_link`, `flag`. The
        slope of a 0-10 score is per point, so it is compared in sign and certainty, not in size. What cannot be fitted
        is left out.

    Raises
    ------
    StudyError
        If the headline itself cannot be fitted.

    Notes
    -----
    Simonsohn, Simmons and Nelson (2020).
    """
    found = []
    outcomes = ["nps", "score"] if planned.outcome in ("nps", "score") else [planned.outcome]
    everywhere = product(
        dict.fromkeys((planned.survey, *surveys)), dict.fromkeys((planned.horizon, *horizons)), outcomes
    )
    for survey, months, outcome in everywhere:
        one = replace(planned, survey=survey, horizon=months, outcome=outcome)
        try:
            linked = linked_answers(study, one)
        except StudyError:
            if one == planned:
                raise
            continue
        found += _variants(linked, one, planned)
    frame = pd.DataFrame(found, columns=[*CHOICES, *ESTIMATES, "flag"])
    return frame.sort_values("estimate", kind="stable", ignore_index=True)


def _variants(linked: Linked, one: Answers, planned: Answers) -> list[dict[str, object]]:
    """Return the fits of linked answers with and without controls, weights and the vote before."""
    found = []
    known, chosen = linked.rows[linked.rows["previous_known"]], known_rows(linked.rows)[1]
    weights = [STUDY_WEIGHT, NONE] if one.weight else [NONE]
    held = [linked.controls, []] if linked.controls else [[]]
    for (basis, rows), weight, controls in product({KNOWN: known, EVERYONE: linked.rows}.items(), weights, held):
        used = rows if weight != NONE else rows.assign(weight=1.0)
        try:
            fitted = row_of(Model(used, controls).fit(terms_of(used, linked.loyalty)), 0, used)
        except StudyError:
            continue
        choice = [one.survey, one.outcome, one.horizon, ", ".join(one.controls) if controls else NONE, weight, basis]
        headline = one == planned and controls == linked.controls and weight == weights[0] and basis == chosen
        status = PLANNED if headline else EXPLORATORY
        found.append({**dict(zip(CHOICES, [*choice, status], strict=True)), **fitted})
    return found
