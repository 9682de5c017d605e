"""The price of a question: what a module does to the survey that carries it, against those who are never asked."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cxresearch.metrics.answers import Columns, read_answers
from cxresearch.metrics.measures import NPS_SCALE, YES_NO, Measure
from cxresearch.questions.assigned import assigned
from cxresearch.questions.eligible import assignment_of
from cxresearch.schema.questions import HOLDOUT, NONE, Assignment, Bank
from cxresearch.segments.contrasts import contrasts
from cxresearch.stats.design import Floats
from cxresearch.stats.groups import Members, Sample, between
from cxresearch.stats.multiplicity import adjusted_p
from cxresearch.strict_yaml import StudyError, nearest
from cxresearch.study_data import StudyData

__all__ = ["ALL", "HARM", "MEASURED", "effects", "insertion_effect", "n_needed"]

LEVEL, POWER = 0.95, 0.8
# All modules together.
ALL = "all"
HARM, CANNOT_DECIDE = "harm", "cannot decide"
# What is measured, and on which side harm lies: a lower NPS, a longer questionnaire.
MEASURED = {
    "nps": (Measure("nps", "nps", NPS_SCALE), -1),
    "response": (Measure("response", "share", YES_NO), -1),
    "completion": (Measure("completion", "share", YES_NO), -1),
    "next_response": (Measure("next_response", "share", YES_NO), -1),
    "opt_out": (Measure("opt_out", "share", YES_NO), 1),
    "item_missing": (Measure("item_missing", "mean"), 1),
    "duration": (Measure("duration", "mean"), 1),
}
UNITS = {"nps": "points", "duration": "seconds"}
COLUMNS = (
    *("metric", "module", "against", "n", "n_customers", "n_against", "n_customers_against", "n_eff"),
    *("value", "value_against", "estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value"),
    *("p_adjusted", "family", "minimum_detectable", "margin", "n_needed", "verdict", "unit", "flag"),
)


def insertion_effect(study: StudyData, bank: Bank, *, waves: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what each module, and all of them, do to the survey that carries them.

    Parameters
    ----------
    study
        A study whose invitations bear `arm`.
    bank
        With an assignment; its `margins` say by how much a measure may get worse, in its unit (NPS points, shares 0-1,
        seconds).
    waves
        Of those planned, taken together; all up to the study's period by default.

    Returns
    -------
    pandas.DataFrame
        One row a measure, module (`all`: everyone who was assigned any) and comparison group: `metric` (`nps`,
        `response`, `completion`, `next_response`, `opt_out` where it is recorded, `item_missing`, `duration`),
        `module`, `against` (`holdout`, `none`; the arm `none` itself stands against the holdout); `n`, `n_customers`,
        `n_against`, `n_customers_against`, `n_eff`, `value`, `value_against`, `estimate` (their difference),
        `std_error`, `conf_low`, `conf_high`, `statistic`, `p_value` (two-sided), `p_adjusted` (Benjamini and Hochberg,
        over the modules of a measure and comparison group), `family`, `minimum_detectable` (found at 80 % power),
        `margin` (missing where none was planned), `n_needed` (answers on either side that exclude a harm of the margin
        at 80 % power), `verdict` (`harm`; `none beyond m`; `cannot decide`), `unit` and `flag`.

    Raises
    ------
    StudyError
        As for `assigned`; also if a margin is of no measure, is not above 0, or there is no group to compare with.

    Notes
    -----
    By what was assigned, not by what was shown. `response`, `completion` and `next_response` rest on all assigned;
    `nps` on everyone who answered it, those who broke off later included; `duration` on finished questionnaires.
    Differences are linearised over units; arms are dealt at random, so they are not weighted. `harm`: the 95 % interval
    lies on the side of harm. `none beyond m`: it does not reach the margin on that side. Each is wrong in 2.5 % at most
    where there is no harm and where harm is the margin; with bases under 30 neither is said. A difference is tested as
    `cx.segments.compare` does; n = 2 (2.8 s / m)².

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = insertion_effect(cx.load("demo", "2026Q3"), cx.questions.bank("demo"))
    >>> found.query("module == 'all' and against == 'holdout'")["metric"].tolist()
    ['nps', 'response', 'completion', 'next_response', 'item_missing', 'duration']
    """
    assignment = assignment_of(bank)
    return effects(assigned(study, bank, waves), modules_of(assignment), margins=_margins(assignment))


def effects(
    rows: pd.DataFrame, modules: Mapping[str, Sequence[str]], *, margins: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return the effects of modules among assigned rows, as `insertion_effect` does.

    Parameters
    ----------
    rows
        One row an assigned invitation: `unit`, `arm`, and columns of `MEASURED`.
    modules
        The arms that are asked each module.
    margins
        By measure.

    Raises
    ------
    StudyError
        If nobody was left without a module, or everybody was.

    Examples
    --------
    >>> asked = pd.DataFrame({"unit": range(400), "arm": ["pricing", "holdout"] * 200, "response": [1, 1, 1, 0] * 100})
    >>> effects(asked, {"pricing": ["pricing"]})[["module", "against", "estimate", "verdict"]].values.tolist()
    [['pricing', 'holdout', 0.5, 'cannot decide'], ['all', 'holdout', 0.5, 'cannot decide']]
    """
    groups = _groups(rows, modules)
    pairs = _pairs(groups)
    frame = rows.drop(columns="account_id", errors="ignore").assign(customer_id=rows["unit"])
    parts = [
        _measured(frame, metric, groups, pairs, (margins or {}).get(metric))
        for metric in MEASURED
        if metric in rows and rows[metric].notna().any()
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def n_needed(margin: float, sd: float) -> float:
    """Return how many answers on either side exclude a harm of the margin, or find one, with 80 % power.

    Parameters
    ----------
    margin
        In the unit of the measure.
    sd
        Standard deviation of an answer; NPS votes have about 78 points.

    Examples
    --------
    >>> round(n_needed(3, 78), -2)
    10600.0
    """
    return float(2 * ((stats.norm.ppf((1 + LEVEL) / 2) + stats.norm.ppf(POWER)) * sd / margin) ** 2)


def modules_of(assignment: Assignment) -> dict[str, list[str]]:
    """Return the arms that are asked each module, in the order of the arms."""
    found: dict[str, list[str]] = {}
    for name, arm in assignment.arms.items():
        for module in arm.modules:
            found.setdefault(module, []).append(name)
    return found


def _margins(assignment: Assignment) -> Mapping[str, float]:
    """Return the planned margins, or refuse those that cannot be."""
    for name, margin in assignment.margins.items():
        if name not in MEASURED:
            raise StudyError(f"assignment.margins: {name!r} is not measured; {nearest(name, list(MEASURED))}.")
        if not margin > 0:
            raise StudyError(f"assignment.margins.{name}: found {margin:g}; a margin is above 0, in its unit.")
    return assignment.margins


def _groups(rows: pd.DataFrame, modules: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return, row by row, whether it belongs to each module, to all of them, and to those without."""
    found = {name: rows["arm"].isin(list(arms)) for name, arms in modules.items()}
    found[ALL] = rows["arm"].isin([arm for arms in modules.values() for arm in arms])
    found |= {name: rows["arm"].eq(name) for name in (NONE, HOLDOUT)}
    members = pd.DataFrame(found).fillna(value=False).astype(bool)
    if not members[[NONE, HOLDOUT]].to_numpy().any() or not members[ALL].any():
        raise StudyError(
            "insertion_effect: nobody was left without a module, or nobody was given one: nothing to compare."
        )
    return members.loc[:, members.any()]


def _pairs(groups: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each module, then all of them, beside the holdout and the arm without a module; then these two."""
    against = [name for name in (HOLDOUT, NONE) if name in groups]
    asked = [name for name in groups if name not in (HOLDOUT, NONE)]
    both = [(NONE, HOLDOUT)] if len(against) > 1 else []
    return [(module, other) for other in against for module in asked] + both


def _measured(
    frame: pd.DataFrame, metric: str, groups: pd.DataFrame, pairs: list[tuple[str, str]], margin: float | None
) -> pd.DataFrame:
    """Return one measure of all pairs."""
    measure, side = MEASURED[metric]
    read = read_answers(frame, measure, None, Columns())
    places = np.array([[groups.columns.get_loc(name) for name in pair] for pair in pairs], dtype=np.intp)
    sample = Sample(read.design(), read.customer, read.unit)
    found = contrasts(between(read.votes, Members(groups.to_numpy(dtype=float)), places, sample), measure, LEVEL, None)
    names = pd.DataFrame(pairs, columns=["module", "against"]).astype("str")
    found = pd.concat([names.assign(metric=metric), found], axis=1)
    told = found.assign(margin=np.nan if margin is None else margin, unit=UNITS.get(metric, "share"))
    told["n_needed"] = [_needed(record, margin) for record in found.to_dict("records")]
    told["verdict"] = pd.Series(_verdicts(found, side, margin), dtype="str")
    return _adjusted(told)


def _needed(record: Mapping[str, float], margin: float | None) -> float:
    """Return the answers that a margin takes; what clusters cost is in the standard error."""
    bases = 1 / record["n"] + 1 / record["n_against"] if record["n"] and record["n_against"] else np.nan
    return np.nan if margin is None else n_needed(margin, record["std_error"] / np.sqrt(bases))


def _verdicts(found: pd.DataFrame, side: int, margin: float | None) -> Floats:
    """Return harm, none beyond the margin, or that it cannot be told."""
    nearest_limit, furthest = ("conf_low", "conf_high") if side > 0 else ("conf_high", "conf_low")
    tested = found["p_value"].notna()
    harm = tested & (side * found[nearest_limit] > 0)
    none = tested & (side * found[furthest] < margin) if margin is not None else pd.Series(False, index=found.index)
    said = np.select([harm, none], [HARM, f"none beyond {margin:g}" if margin is not None else ""], CANNOT_DECIDE)
    return np.where(found["estimate"].isna(), "", said)


def _adjusted(found: pd.DataFrame) -> pd.DataFrame:
    """Return p-values adjusted among the modules beside one comparison group; the two groups without have their own."""
    family = found["against"].where(found["module"].ne(NONE), "without")
    adjusted = found.groupby(family, sort=False)["p_value"].transform(lambda p: adjusted_p(p, "bh"))
    size = found.groupby(family, sort=False)["p_value"].transform("count")
    words = size.astype("str") + np.where(size == 1, " comparison", " comparisons with " + found["against"])
    return found.assign(p_adjusted=adjusted, family=words.astype("str"))
