"""`cx.revenue.customer_link`: what a customer's loyalty is worth over the next months."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.revenue.linked import STUDY_WEIGHT, Answers, Linked, linked_answers
from cxresearch.revenue.losses import lost_beside_linked
from cxresearch.revenue.model import EVERYONE, KNOWN, Model, known_rows, row_of, terms_of
from cxresearch.revenue.placebo import FLAG, placebo
from cxresearch.revenue.sensitivity import e_value
from cxresearch.stats.poisson import poisson_slopes

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["Link", "customer_link", "effect_of", "resampled_slopes"]

HORIZON = 3
POWER_FACTOR = 2.8
UNKNOWN_BEFORE = "no vote before in the last two horizons: loyalty that lasts could not be told apart"
LEAK = "satisfaction was recorded after or from the outcome"


@dataclass(frozen=True)
class Link:
    """What a customer's loyalty is worth, and how far that can be believed.

    Attributes
    ----------
    effect
        `term`, `basis`, `months`, then `n`, `n_customers`, `n_eff`, `estimate` (log points of revenue a vote or
        point), `std_error`, `conf_low`, `conf_high`, `statistic`, `p_value`, `percent`, `percent_low`, `percent_high`,
        `e_value`, `e_value_limit`, `flag`. The first row is the headline; where that rests on the answers with a known
        vote before, a second one has all linked answers, with an indicator where there is none.
    contrasts
        For votes: `contrast` (`detractor to passive`, `passive to promoter`) and the columns of `effect` from `n` on.
    flow
        `step`, `reason`, `n`, `n_customers`, `share`, `flag`: eligible, lost by reason, linked; where the headline
        rests on a part of the linked, what is set aside and why, and the headline.
    lost
        Lost answers beside linked ones: `characteristic`, `level`, `n`, `n_customers`, `n_against`,
        `n_customers_against`, `value` (linked), `value_against` (lost), `estimate` (the difference), `std_error`,
        `conf_low`, `conf_high`, `p_value`, `p_adjusted`, `flag`.
    placebo
        The same model one horizon back.
    status
        One row for the first sentence: `term`, `months`, `status` (`association`, `adjusted association`), `verdict`
        (`rises`, `falls`, `cannot tell`), `reason`, the columns `n` … `percent_high` of the headline,
        `minimum_detectable` (per cent a vote found with 80 % power), `flag`.
    draws
        (n_boot,) the headline's slope in each resample of customers; empty without them.
    linked
        The linked answers, for further questions.
    """

    effect: pd.DataFrame
    contrasts: pd.DataFrame
    flow: pd.DataFrame
    lost: pd.DataFrame
    placebo: pd.DataFrame
    status: pd.DataFrame
    draws: npt.NDArray[np.float64] = field(repr=False)
    linked: Linked = field(repr=False)


def customer_link(
    study: "StudyData",
    *,
    horizon: int | None = None,
    controls: tuple[str, ...] | list[str] = (),
    outcome: str = "nps",
    survey: str = "relationship",
    weight: str | None = STUDY_WEIGHT,
    n_boot: int = 0,
    seed: int = 0,
) -> Link:
    """Return what a customer's loyalty now is worth over the next months, given revenue, and vote, before.

    Parameters
    ----------
    study
        A study with the table `revenue` (`customer_id`, `month`, `revenue`), and answers with `customer_id` and
        `responded_at`.
    horizon
        Months behind the month of the answer, and months of baseline up to it; 3 by default. Only answers whose
        months are all billed count.
    controls
        Columns of the answers, as known on the day of the answer, that are held constant as well.
    outcome
        `nps` for votes, `score` for the points 0-10, or another score of the answers.
    survey
        `relationship` (one answer a customer and quarter) or `transactional`.
    weight
        `study` for the weights of the study, a column of the answers, or None.
    n_boot, seed
        Resamples of customers for `draws`, and the seed of these.

    Returns
    -------
    Link
        Frames of one fit.

    Raises
    ------
    StudyError
        In one sentence, where there is no revenue, no ids or dates, no later months, too few customers, one quarter,
        a control that tells the future, or an outcome that scores were recorded from.

    Notes
    -----
    Poisson pseudo-likelihood with log link and quarter effects, errors clustered by account or customer: R
    `fixest::fepois(after ~ vote + log(before) + previous + controls | quarter, cluster = ~customer)`. Revenue before
    and the vote before stand for what lasts; customer effects have no place beside them (Nickell 1981).

    Examples
    --------
    >>> import cxresearch as cx
    >>> link = customer_link(cx.load("demo", period="2026Q3"), controls=["renewal_window"])
    >>> link.effect.loc[0, "term"], bool(link.effect.loc[0, "conf_low"] < 0.08 < link.effect.loc[0, "conf_high"])
    ('vote', True)
    """
    asked = Answers(HORIZON if horizon is None else horizon, tuple(controls), outcome, survey, weight)
    linked = linked_answers(study, asked)
    effect, one_back = effect_of(linked), placebo(linked)
    rows = known_rows(linked.rows)[0]
    draws = resampled_slopes(linked, rows, n_boot, seed)
    status = _status(effect, one_back, linked.leak)
    lost = lost_beside_linked(study, linked)
    return Link(effect, _contrasts(linked, rows), _flow(linked, rows), lost, one_back, status, draws, linked)


def _flow(linked: Linked, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the flow of a link, down to the rows of its headline."""
    aside = linked.rows.drop(rows.index)
    if aside.empty:
        return linked.flow
    eligible = linked.flow["n"].iloc[0]
    steps = [("not in the headline", UNKNOWN_BEFORE, aside), ("in the headline", KNOWN, rows)]
    more = [(step, why, len(part), part["customer"].nunique(), len(part) / eligible, "") for step, why, part in steps]
    return pd.concat([linked.flow, pd.DataFrame(more, columns=linked.flow.columns)], ignore_index=True)


def effect_of(linked: Linked) -> pd.DataFrame:
    """Return the frame `effect` of a link."""
    chosen, basis = known_rows(linked.rows)
    bases = {basis: chosen} if basis == EVERYONE else {basis: chosen, EVERYONE: linked.rows}
    found = []
    for name, rows in bases.items():
        fit = Model(rows, linked.controls).fit(terms_of(rows, linked.loyalty))
        found.append({"term": linked.loyalty, "basis": name, "months": linked.horizon, **row_of(fit, 0, rows)})
    return _with_e_values(pd.DataFrame(found))


def resampled_slopes(linked: Linked, rows: pd.DataFrame, n_boot: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the slope of loyalty in resamples of customers, each drawn with replacement with all its answers."""
    if n_boot == 0:
        return np.empty(0)
    model, terms = Model(rows, linked.controls), terms_of(rows, linked.loyalty)
    customer = pd.factorize(rows["customer"])[0]
    size = int(customer.max()) + 1
    times = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=n_boot).T
    weights = times[customer] * rows["weight"].to_numpy(dtype=float)[:, None]
    x, _ = model.design(terms)
    return poisson_slopes(rows[model.after].to_numpy(dtype=float), x, weights, model.fit(terms).slopes)[:, 0]


def _contrasts(linked: Linked, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each of the two steps of a vote is worth; no rows for other scores."""
    if linked.loyalty != "vote":
        return pd.DataFrame(columns=["contrast", *_with_e_values(effect_of(linked)).columns[3:]])
    vote = rows["loyalty"].to_numpy(dtype=float)
    steps = {"detractor to passive": (vote >= 0).astype(float), "passive to promoter": (vote >= 1).astype(float)}
    told = {name: one for name, one in steps.items() if np.ptp(one) > 0}
    fit = Model(rows, linked.controls).fit(told)
    return _with_e_values(
        pd.DataFrame([{"contrast": name, **row_of(fit, place, rows)} for place, name in enumerate(told)])
    )


def _with_e_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return estimates with their E-values before the flag."""
    values = [e_value(*limits) for limits in frame[["estimate", "conf_low", "conf_high"]].to_numpy(dtype=float)]
    frame = frame.assign(e_value=[one for one, _ in values], e_value_limit=[other for _, other in values])
    return frame[[name for name in frame if name != "flag"] + ["flag"]]


def _status(effect: pd.DataFrame, one_back: pd.DataFrame, leak: str) -> pd.DataFrame:
    """Return what the first sentence needs."""
    head: dict[str, Any] = dict(effect.iloc[0])
    moves = "rises" if head["conf_low"] > 0 else "falls" if head["conf_high"] < 0 else "cannot tell"
    warned = one_back.loc[0, "flag"]
    reason = f"{LEAK}: {leak}" if leak else warned
    only = bool(leak) or warned != ""
    told = {"term": head["term"], "months": head["months"], "status": "association" if only else "adjusted association"}
    told |= {"verdict": moves, "reason": reason}
    kept = [name for name in effect if name not in ("term", "basis", "months", "e_value", "e_value_limit", "flag")]
    detectable = 100 * np.expm1(POWER_FACTOR * head["std_error"])
    flag = LEAK if leak else FLAG if warned == FLAG else head["flag"]
    return pd.DataFrame(
        [{**told, **{name: head[name] for name in kept}, "minimum_detectable": detectable, "flag": flag}]
    )
