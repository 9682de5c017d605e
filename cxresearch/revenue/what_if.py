"""`cx.revenue.what_if`: what it may bring to raise a rating, from the rating to the NPS and on to revenue."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxresearch.metrics.sources import columns_of
from cxresearch.revenue.controls import numeric, refuse_controls
from cxresearch.revenue.ledger import covered_months, ledger
from cxresearch.revenue.linked import Answers, Linked, linked_answers
from cxresearch.revenue.model import Model, known_rows, terms_of
from cxresearch.revenue.sensitivity import e_value
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.poisson import poisson_slopes
from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    from cxresearch.study_data import StudyData

__all__ = ["what_if"]

HORIZON = 3
FEWEST_RATINGS = 30
STATUS = "association"
CAPPED = "a fifth or more are too near the top of the scale for the whole raise"
MANY = 0.2


@dataclass(frozen=True)
class _Ratings:
    """The first stage: votes on all ratings, with an indicator of each that was not given.

    Attributes
    ----------
    vote
        (n,) -1, 0 or 1.
    x
        (n, k) ratings, indicators, controls, periods and a constant; ratings first.
    raises
        (n, drivers) by how much each rating can be raised; 0 where there is none.
    weight
        (n,) survey weights.
    unit
        (n,) id of who answered.
    """

    vote: Floats
    x: Floats
    raises: Floats
    weight: Floats
    unit: pd.Series = field(repr=False)

    def points(self, times: Floats) -> Floats:
        """Return, for each driver, the votes gained by its raise, a customer, with rows counted so many times."""
        weight = self.weight * times
        weighted = self.x * weight[:, None]
        slopes = np.linalg.lstsq(weighted.T @ self.x, weighted.T @ self.vote, rcond=None)[0]
        gained: Floats = slopes[: self.raises.shape[1]] * (weight @ self.raises) / weight.sum()
        return gained


def what_if(
    study: "StudyData",
    driver: str | None = None,
    raise_by: float = 0.3,
    *,
    horizon: int = HORIZON,
    controls: tuple[str, ...] | list[str] = (),
    n_boot: int = 500,
    conf_level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what higher ratings of each driver go with: points of NPS, and money over the next months.

    Parameters
    ----------
    study
        A study with drivers, and what `customer_link` needs.
    driver
        One driver; all of them by default.
    raise_by
        Rating points. A rating is raised to the end of its scale at most, so that who is there already gains nothing;
        who has no rating, as it does not apply, gains nothing either.
    horizon
        Months after the answer.
    controls
        Columns of the answers held constant in both stages.
    n_boot, seed
        Resamples of customers, the same for both stages, and the seed.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    pandas.DataFrame
        One row a driver: `driver`, `raise_by`, `months`; `n`, `n_customers` (who rated it); `estimate` (per cent more
        revenue in these months), `std_error`, `conf_low`, `conf_high` (percentiles), `lower_quartile`,
        `upper_quartile`, `positive` (share of resamples above 0); `raised` (rating points a customer that the scale
        allows), `capped` (share of the ratings nearer to the top than the raise); `points` (of NPS), `points_low`,
        `points_high`; `money`, `money_low`, `money_high` (of all customers, in the study's currency; the base is their
        revenue in the last months billed), `money_each` (a customer); `e_value`, `e_value_limit` (how strong a hidden
        cause of loyalty and revenue would have to be); `status` (`association`), `flag`.

    Raises
    ------
    StudyError
        If there are no such drivers or ratings, or no link to revenue can be made.

    Notes
    -----
    Votes on all ratings by weighted least squares (ratings that were not given are set to the mean, with an indicator);
    revenue on votes as in `customer_link`. 100·(exp(β·r·θ) − 1), r the mean raise. Both slopes are estimated anew in
    every resample of customers, who bring all their answers to both stages. Revenue of the base is taken as known.

    Examples
    --------
    >>> import cxresearch as cx
    >>> found = what_if(cx.load("demo", period="2026Q3"), controls=["renewal_window"], n_boot=50).set_index("driver")
    >>> bool(found.loc["value", "conf_low"] > 0), bool(found.loc["app", "conf_low"] < 0 < found.loc["app", "conf_high"])
    (True, True)
    """
    drivers = _drivers(study, driver, raise_by)
    linked = linked_answers(study, Answers(horizon, tuple(controls)))
    rows, frame = _answers(study, drivers, tuple(controls), raise_by)
    votes, log_points = _resampled(rows, linked, n_boot, seed)
    base, customers = _base(study, horizon)
    wanted = [driver] if driver else drivers
    found = []
    for name in wanted:
        place = drivers.index(name)
        row: dict[str, Any] = {"driver": name, "raise_by": raise_by, "months": horizon, **_bases(frame, name)}
        row |= _revenue(votes[:, place] * log_points, conf_level)
        row |= _reach(frame[name], rows, place, raise_by)
        row |= _spread("points", 100 * votes[:, place], conf_level)
        money = {f"money{end}": base * row[name] / 100 for end, name in MONEY.items()}
        row |= {**money, "money_each": money["money"] / customers, "status": STATUS}
        found.append({**row, "flag": CAPPED if row["capped"] >= MANY else ""})
    return pd.DataFrame(found)[COLUMNS]


MONEY = {"": "estimate", "_low": "conf_low", "_high": "conf_high"}
COLUMNS = [
    *("driver", "raise_by", "months", "n", "n_customers", "estimate", "std_error", "conf_low", "conf_high"),
    *("lower_quartile", "upper_quartile", "positive", "raised", "capped", "points", "points_low", "points_high"),
    *("money", "money_low", "money_high", "money_each", "e_value", "e_value_limit", "status", "flag"),
]


def _drivers(study: "StudyData", driver: str | None, raise_by: float) -> list[str]:
    """Return the drivers of a study that enough people rated."""
    if not raise_by > 0:
        raise StudyError(f"raise_by: found {raise_by:g}; it is a number of rating points above 0, such as 0.3.")
    declared = study.definition.drivers
    if not declared:
        raise StudyError("what_if: the study has no drivers; name the ratings under `drivers:` in the study file.")
    if driver is not None and driver not in declared:
        raise StudyError(f"driver: the study has no driver {driver!r}; {nearest(driver, declared)}.")
    asked = study.answers("relationship", "all")
    rated = [name for name in declared if name in asked and asked[name].count() >= FEWEST_RATINGS]
    if not rated or (driver is not None and driver not in rated):
        raise StudyError(f"what_if: under {FEWEST_RATINGS} people rated {driver or 'any driver'}; there is no slope.")
    return rated


def _answers(
    study: "StudyData", drivers: list[str], controls: tuple[str, ...], raise_by: float
) -> tuple[_Ratings, pd.DataFrame]:
    """Return the answers of the relationship survey as arrays, and as they are."""
    refuse_controls(study, controls)
    rows = study.answers("relationship", "all")
    rows = rows[rows["nps"].notna() & rows[list(controls)].notna().all(axis=1)].reset_index(drop=True)
    ratings = rows[drivers].astype(float)
    gaps = ratings.isna().astype(float)
    others = [gaps.loc[:, gaps.nunique() > 1], numeric(rows, (*controls, "period")), pd.Series(1.0, rows.index)]
    x = pd.concat([ratings.fillna(ratings.mean()), *others], axis=1).to_numpy(dtype=float)
    tops = np.array([_top(study, rows, name) for name in drivers])
    raises = np.clip(tops - ratings.to_numpy(dtype=float), 0, raise_by)
    name = columns_of(study, rows, "relationship").weight
    weight = rows[name].to_numpy(dtype=float) if name else np.ones(len(rows))
    own = "row " + rows.index.astype(str).to_series(index=rows.index)
    ids = (rows[column] for column in ("account_id", "customer_id") if column in rows)
    unit = pd.Series(pd.NA, index=rows.index, dtype="str")
    for given in (*ids, own):
        unit = unit.fillna(given)
    vote = (rows["nps"].ge(9).astype(float) - rows["nps"].le(6).astype(float)).to_numpy()
    return _Ratings(vote, x, np.nan_to_num(raises), weight, unit), rows.assign(unit=unit)


def _top(study: "StudyData", rows: pd.DataFrame, driver: str) -> float:
    """Return the end of a driver's scale, or the highest rating where the study file gives none."""
    column = study.definition.responses.columns.get("drivers")
    scale = column.scale if column is not None else None
    return float(scale[1]) if scale else float(rows[driver].max())


def _resampled(rows: _Ratings, linked: Linked, n_boot: int, seed: int) -> tuple[Floats, Floats]:
    """Return votes gained by each driver's raise, and log points of revenue a vote: of the sample, then resamples."""
    known = known_rows(linked.rows)[0]
    payers = linked.kept["customer"].reset_index(drop=True).loc[known.index]
    codes, people = pd.factorize(pd.concat([rows.unit, payers.astype("str")], ignore_index=True))
    rater, payer = codes[: len(rows.unit)], codes[len(rows.unit) :]
    rng, size = np.random.default_rng(seed), len(people)
    drawn = rng.multinomial(size, np.full(size, 1 / size), size=n_boot)
    times: Floats = np.vstack([np.ones((1, size)), drawn])
    votes = np.array([rows.points(one[rater]) for one in times])
    return votes, _log_points(known, linked, payer, times)


def _log_points(known: pd.DataFrame, linked: Linked, payer: Codes, times: Floats) -> Floats:
    """Return the slope of a vote under each set of counts of customers."""
    model, terms = Model(known, linked.controls), terms_of(known, linked.loyalty)
    x, _ = model.design(terms)
    weights = times.T[payer] * known["weight"].to_numpy(dtype=float)[:, None]
    return poisson_slopes(known[model.after].to_numpy(dtype=float), x, weights, model.fit(terms).slopes)[:, 0]


def _revenue(draws: Floats, conf_level: float) -> dict[str, Any]:
    """Return the columns of revenue from log points, the first of them the estimate."""
    percent = 100 * np.expm1(draws)
    low, first, third, high = np.nanquantile(percent[1:], [(1 - conf_level) / 2, 0.25, 0.75, (1 + conf_level) / 2])
    limits = [np.log1p(limit / 100) for limit in (low, high)]
    found = dict(zip(("e_value", "e_value_limit"), e_value(float(draws[0]), *map(float, limits)), strict=True))
    found |= {"estimate": percent[0], "std_error": np.nanstd(percent[1:], ddof=1), "conf_low": low, "conf_high": high}
    return {**found, "lower_quartile": first, "upper_quartile": third, "positive": float((percent[1:] > 0).mean())}


def _spread(name: str, draws: Floats, conf_level: float) -> dict[str, float]:
    """Return a number with its percentile limits; the first draw is the estimate."""
    low, high = np.nanquantile(draws[1:], [(1 - conf_level) / 2, (1 + conf_level) / 2])
    return {name: float(draws[0]), f"{name}_low": float(low), f"{name}_high": float(high)}


def _reach(ratings: pd.Series, rows: _Ratings, place: int, raise_by: float) -> dict[str, float]:
    """Return the mean raise that the scale allows, a customer, and the share of the ratings that it cuts."""
    given = ratings.notna().to_numpy()
    weight, raises = rows.weight, rows.raises[:, place]
    cut = raises[given] < raise_by
    return {
        "raised": float(weight @ raises / weight.sum()),
        "capped": float(weight[given] @ cut / weight[given].sum()),
    }


def _bases(frame: pd.DataFrame, driver: str) -> dict[str, int]:
    """Return how many rated a driver, as answers and as customers."""
    rated = frame[frame[driver].notna()]
    return {"n": len(rated), "n_customers": int(rated["unit"].nunique())}


def _base(study: "StudyData", horizon: int) -> tuple[float, int]:
    """Return the revenue of all customers in the last months billed, and how many were with us in the last of them."""
    months = ledger(study)
    last = covered_months(study)[-horizon:]
    recent = months[months["month"].isin(last)]
    return float(recent["revenue"].sum()), int(recent["month"].eq(last[-1]).sum())
