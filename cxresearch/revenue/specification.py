"""The headline under every defensible choice: what was planned is marked, the rest is exploratory."""

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from cxresearch.revenue.linked import STUDY_WEIGHT, Answers, Linked, linked_answers
from cxresearch.revenue.model import ESTIMATES, EVERYONE, KNOWN, Model, known_rows, row_of, terms_of, within_customers
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["specification_choices", "specification_curve"]

CHOICES = ["survey", "outcome", "months", "controls", "weights", "basis", "status"]
PLANNED, EXPLORATORY = "planned", "exploratory"
WITHIN = "change within customers"
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
        Sorted by estimate: `outcome` (`nps` or `score`), `place` (1 the smallest of its outcome), then `n` …
        `percent_high` as in `customer_link`; `survey`, `months`, `controls`, `weights`, `basis`, `status` (`planned`
        for the headline, else `exploratory`), `flag`. The slope of a 0-10 score is per point, so it is compared in sign
        and certainty, not in size. The basis `change within customers` has an effect of each customer in place of
        revenue and vote before. What cannot be fitted is left out.

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
    frame = frame.sort_values("estimate", kind="stable", ignore_index=True)
    frame["place"] = frame.groupby("outcome").cumcount() + 1
    return frame[["outcome", "place", *ESTIMATES, *(name for name in CHOICES if name != "outcome"), "flag"]]


def specification_choices(curve: pd.DataFrame) -> pd.DataFrame:
    """Return what each choice does to the headline: how many specifications have it, and what these find.

    Parameters
    ----------
    curve
        As of `specification_curve`. Only specifications of the planned outcome are compared, as others have other
        units.

    Returns
    -------
    pandas.DataFrame
        First all of them (`choice` and `option` are `all`), then one row an option of a choice that has several:
        `choice`, `option`, `specifications` (how many), `above`, `below` (how many of them with an interval above, or
        below, 0), `percent_median`, `percent_smallest`, `percent_largest` (of their estimates, per cent of revenue).

    Examples
    --------
    >>> curve = pd.DataFrame({"outcome": "nps", "months": [3, 6], "status": [PLANNED, EXPLORATORY],
    ...     "percent": [8.0, 5.0], "conf_low": [0.06, -0.01], "conf_high": [0.1, 0.1]})
    >>> specification_choices(curve)[["option", "above", "percent_median"]].to_numpy().tolist()
    [['all', 1, 6.5], ['3', 1, 8.0], ['6', 0, 5.0]]
    """
    outcome = curve.loc[curve["status"].eq(PLANNED), "outcome"].iloc[0]
    mine = curve[curve["outcome"].eq(outcome)]
    rows = [_summary("all", "all", mine)]
    for choice in [name for name in CHOICES if name in mine and name != "status"]:
        options = list(mine.groupby(choice, sort=True))
        rows += [_summary(choice, str(option), part) for option, part in options if len(options) > 1]
    return pd.DataFrame(rows)


def _summary(choice: str, option: str, part: pd.DataFrame) -> dict[str, object]:
    """Return one row of `specification_choices`."""
    clear = {"above": int(part["conf_low"].gt(0).sum()), "below": int(part["conf_high"].lt(0).sum())}
    percent = part["percent"]
    spread = {"median": percent.median(), "smallest": percent.min(), "largest": percent.max()}
    return {"choice": choice, "option": option, "specifications": len(part), **clear} | {
        f"percent_{name}": value for name, value in spread.items()
    }


def _within(linked: Linked, one: Answers) -> list[dict[str, object]]:
    """Return the fit with an effect of each customer in place of revenue and vote before, if there is one.

    Both together would put this customer's earlier error on both sides (Nickell 1981).
    """
    rows = linked.rows
    paid = rows.groupby("customer")["after"].transform("sum")
    rows = rows[rows.groupby("customer")["after"].transform("size").gt(1) & paid.gt(0)]
    try:
        fitted = row_of(within_customers(rows, linked.controls, linked.loyalty), 0, rows)
    except StudyError:
        return []
    held = ", ".join(one.controls) or NONE
    choice = [one.survey, one.outcome, one.horizon, held, one.weight or NONE, WITHIN, EXPLORATORY]
    return [{**dict(zip(CHOICES, choice, strict=True)), **fitted}]


def _variants(linked: Linked, one: Answers, planned: Answers) -> list[dict[str, object]]:
    """Return the fits of linked answers with and without controls, weights and the vote before."""
    found = _within(linked, one)
    known, chosen = linked.rows[linked.rows["previous_known"]], known_rows(linked.rows)[1]
    # Where all weigh the same, the study's weights and none are one specification.
    weights = [STUDY_WEIGHT, NONE] if one.weight and linked.rows["weight"].nunique() > 1 else [one.weight or NONE]
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
