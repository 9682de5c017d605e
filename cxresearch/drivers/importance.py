"""Driver importance: which rating carries how much of what a model explains, with β beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.drivers import tables
from cxresearch.drivers.attribution import METHODS, attributed, group_values, partition, subset_values
from cxresearch.drivers.models import LinearGame, OrdinalGame, linear_game, linear_slopes, ordinal_game, ordinal_slopes
from cxresearch.drivers.regressors import Model, Regressors, read_regressors
from cxresearch.metrics.answers import Names
from cxresearch.metrics.table import check_level
from cxresearch.stats.pseudo_r2 import PSEUDO_R2
from cxresearch.strict_yaml import StudyError

__all__ = ["Importance", "importance"]

# A percentile of fewer resamples than this is no limit.
FEWEST_RESAMPLES = 50


@dataclass(frozen=True)
class Importance:
    """What one driver model tells; every frame has `n`, `n_customers`, `n_eff` and `flag`.

    Attributes
    ----------
    shares
        One row a driver, the largest first: `estimate` (its part of R²; `lmg`, `pratt` and `relative-weights` sum to R²
        less that of the controls), `std_error`, `conf_low`, `conf_high`; `share` (of the sum, 0-1), `share_low`,
        `share_high`; `rank`, `mean_rank`, and in which share of the resamples it ranks first (`rank_1`) or among the
        first three (`top_3`).
    coefficients
        One row a column of the model: `driver`, `term` (of a factor: the level and the one it is set against);
        `estimate` (β: points of NPS for one point of the rating, all others equal; log odds under logit and ordered),
        `std_error` (linearised by customer), `conf_low`, `conf_high`, `statistic`; `correlation` with the outcome;
        `own_effect`, whether the interval of β excludes 0.
    fit
        `measure` (R² or pseudo-R², adjusted, of the controls alone), `estimate`, its interval, and `n_left_out`, the
        answers with an outcome that miss a driver or control.
    differences
        Every pair, the larger share first: `driver`, `against`, `estimate` (difference of shares, 0-1), its interval,
        `probability` (share of resamples in which it is larger).
    groups
        As `shares`, for `group`s of drivers that enter as a whole; without groups one row a driver.
    methods
        `driver`, `method`: `estimate` and `share` by every method that the model admits.
    agreement
        Each other `method` `against` the chosen one: `estimate` (rank correlation), `largest_difference` (of shares)
        and the `driver` where it is.
    dominance
        Every pair, the dominant first: `driver`, `against`, `estimate` (in which share of the models of the others it
        adds more), `by_size` (the same for averages over models of one size), `verdict`: `complete`, `conditional`,
        `general`. Empty where subsets are too many.
    conditional
        `driver`, `others` (how many other drivers are in the model): `estimate`, what it adds on average.
    """

    shares: pd.DataFrame
    coefficients: pd.DataFrame
    fit: pd.DataFrame
    differences: pd.DataFrame
    groups: pd.DataFrame
    methods: pd.DataFrame
    agreement: pd.DataFrame
    dominance: pd.DataFrame
    conditional: pd.DataFrame


def importance(
    frame: pd.DataFrame,
    outcome: str,
    drivers: Sequence[str],
    *,
    method: str = "lmg",
    model: Model = "ols",
    weight: str | None = None,
    controls: Sequence[str] = (),
    cluster: Names = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    pseudo: str = "mcfadden",
    n_boot: int = 1_000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> Importance:
    """Return how much of an outcome each driver carries, and what it adds when the others are held equal.

    Parameters
    ----------
    frame
        One row an answer, never changed; `account_id` and `customer_id` are used where present. Rows that miss a driver
        or control are left out and counted.
    outcome
        `nps` (100 times the vote; its ordered levels are detractor, passive, promoter), or a column of numbers.
    drivers
        Columns: ratings, or texts of at most 12 levels, whose levels enter together.
    method
        Of `shares` and `groups`: `lmg`, which is `dominance` (general); `first`, `last`, `betasq`, `pratt`,
        `relative-weights`. Groups and more than 18 drivers (12 under logit and ordered) have `lmg` and slopes only.
    model
        `ols`; `logit` for an outcome of 0 and 1; `ordered` (proportional odds) for one of at most 12 levels.
    weight, cluster
        Columns of the survey weights, and of the sampling unit where it is not the account or customer.
    controls
        Columns that are always in the model; they get no share.
    groups
        Drivers that enter together, by name. Up to 18 drivers `shares` stay LMG; above, they are Owen values within
        these groups.
    pseudo
        Under logit and ordered: `mcfadden`, `cox-snell`, `nagelkerke`, `estrella`.
    n_boot, seed
        Resamples of customers, 0 or at least 50, and the seed of the draw; without them intervals are missing.
    conf_level
        Of all intervals.

    Returns
    -------
    Importance
        Frames `shares`, `coefficients`, `fit`, `differences`, `groups`, `methods`, `agreement`, `dominance`,
        `conditional`.

    Raises
    ------
    KeyError, TypeError
        If a column is missing, or does not hold what it must.
    StudyError
        If an argument is not allowed or the answers cannot carry the model: too few, empty, constant, duplicate,
        collinear or separated drivers, a constant outcome, a single customer.

    Notes
    -----
    LMG is the mean over all orders of entry of the R² that a driver adds (Lindeman, Merenda & Gold 1980; the Shapley
    value): R `relaimpo::calc.relimp`, `domir::domir`. It credits correlation by design: a driver without an effect that
    travels with others has a share, so it has no p-value; β stands beside it. Intervals are percentiles over resamples
    of customers, under logit and ordered to second order. β: R `survey::svyglm`. Pseudo-R²: Azen & Traxel (2009).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame(rng.integers(1, 11, (400, 2)), columns=["network", "app"])
    >>> frame["nps"] = np.clip(frame["network"] + rng.integers(-2, 3, 400), 0, 10)
    >>> found = importance(frame, "nps", ["network", "app"], n_boot=200)
    >>> found.shares[["driver", "share", "rank"]].round(1)
        driver  share  rank
    0  network    1.0     1
    1      app    0.0     2
    >>> found.coefficients[["driver", "own_effect"]]
        driver  own_effect
    0  network        True
    1      app       False
    """
    _check_arguments(method, pseudo, n_boot)
    check_level(conf_level)
    found = read_regressors(frame, outcome, drivers, model, weight=weight, controls=controls, cluster=cluster)
    game = linear_game(found, n_boot, seed) if model == "ols" else ordinal_game(found, n_boot, seed, pseudo)
    grouped = partition(groups, found.drivers)
    parts = attributed(game, found, grouped)
    if (chosen := "lmg" if method == "dominance" else method) not in parts:
        raise StudyError(
            f"method: {method!r} is not defined for model={model!r} with these drivers; here it is one of "
            f"{', '.join(parts)}."
        )
    bases, values = found.bases(), subset_values(game, found)
    slopes = ordinal_slopes(found, game) if isinstance(game, OrdinalGame) else linear_slopes(found)
    return Importance(
        shares=tables.ranked("driver", found.drivers, parts[chosen], bases, conf_level),
        coefficients=tables.coefficients(found, slopes, conf_level),
        fit=tables.fit(_measures(game, found, parts), found, conf_level),
        differences=tables.differences(found.drivers, parts[chosen], bases, conf_level),
        groups=tables.ranked("group", list(grouped), group_values(game, found, grouped), bases, conf_level),
        methods=tables.methods(found.drivers, parts, bases),
        agreement=tables.agreement(found.drivers, parts, chosen, bases),
        dominance=tables.dominance(found.drivers, values, bases),
        conditional=tables.conditional(found.drivers, values, bases),
    )


def _check_arguments(method: str, pseudo: str, n_boot: int) -> None:
    """Refuse words and numbers that mean nothing."""
    if method not in METHODS:
        raise StudyError(f"method: found {method!r}; it is one of {', '.join(METHODS)}.")
    if pseudo not in PSEUDO_R2:
        raise StudyError(f"pseudo: found {pseudo!r}; it is one of {', '.join(PSEUDO_R2)}.")
    if 0 != n_boot < FEWEST_RESAMPLES:
        raise StudyError(f"n_boot: found {n_boot}; it is 0, for no intervals, or at least {FEWEST_RESAMPLES}.")


def _measures(game: LinearGame | OrdinalGame, found: Regressors, parts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the (replicates,) measures of fit by name."""
    if isinstance(game, OrdinalGame):
        return {f"{name} pseudo-R²": values for name, values in game.fits().items()}
    r2 = game.controls + parts["lmg"].sum(axis=0)
    n, k = len(found.outcome), found.x.shape[1] + found.controls.shape[1]
    return {"R²": r2, "adjusted R²": 1 - (1 - r2) * (n - 1) / (n - k - 1), "R² of the controls": game.controls}
