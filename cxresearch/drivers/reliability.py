"""Slopes as they would be if ratings were less than perfectly reliable: what an error of measurement could hide."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxresearch.drivers.checks import rows_of_model
from cxresearch.drivers.prepared import Prepared
from cxresearch.drivers.regressors import Regressors, read_regressors
from cxresearch.metrics.answers import Names
from cxresearch.metrics.table import check_level
from cxresearch.stats.cross_products import cross_products, resampled_products
from cxresearch.stats.design import Floats
from cxresearch.stats.subsets import swept
from cxresearch.stats.survey import base_flag
from cxresearch.strict_yaml import StudyError

__all__ = ["Reliability", "reliability"]

LEVELS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
# Of the corrected correlations the smallest eigenvalue must stay above this, in at least this share of the resamples.
DEFINITE, MOST_FAILED = 1e-6, 0.05


@dataclass(frozen=True)
class Reliability:
    """β by assumed reliability.

    Attributes
    ----------
    slopes
        `driver`, `reliability` (share of a rating's variance that is no error): `n`, `n_customers`, `n_eff`,
        `estimate`, `std_error`, `conf_low`, `conf_high`, `own_effect`, `flag` (`refused: …` without an estimate).
    limits
        One row a `driver`: `n`, `n_customers`, `n_eff`, `own_until` (the lowest assumed reliability down to which the
        interval of β excludes 0 without a break, missing where it never does), `refused_from` (from which on the
        answers cannot carry the correction, missing where never), `flag`.
    """

    slopes: pd.DataFrame
    limits: pd.DataFrame


def reliability(
    frame: pd.DataFrame | Prepared,
    outcome: str | None = None,
    drivers: Sequence[str] | None = None,
    *,
    levels: Sequence[float] = LEVELS,
    weight: str | None = None,
    controls: Sequence[str] = (),
    cluster: Names = None,
    n_boot: int = 1_000,
    seed: int = 0,
    conf_level: float = 0.95,
) -> Reliability:
    """Return β of each driver at assumed reliabilities of the ratings.

    Parameters
    ----------
    frame, outcome, drivers, weight, controls, cluster
        As for `penalty_reward`; prepared answers pool the resamples of all completed copies.
    levels
        Assumed reliabilities, above 0 and at most 1, the same for all drivers.
    n_boot, seed
        Resamples of customers, at least 50, and the seed of their draw.
    conf_level
        Of the percentile intervals.

    Returns
    -------
    Reliability
        Frames `slopes` and `limits`.

    Raises
    ------
    StudyError
        If a level is no reliability, or the answers cannot carry the model.

    Notes
    -----
    Errors in variables (Fuller 1987, 2.2): the error variance (1 - λ)s²_j is taken off the diagonal of the drivers'
    cross-products, controls partialled out. Refused where what is left is not positive definite, in the sample or in
    over 5 % of the resamples. R `eivtools::eivreg`, Stata `eivreg`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = rng.normal(size=1000)
    >>> answers = pd.DataFrame({"network": real + rng.normal(0, 0.5, 1000), "score": real})
    >>> found = reliability(answers, "score", ["network"], levels=(1.0, 0.8), n_boot=50)
    >>> found.slopes["estimate"].round(1).tolist()
    [0.8, 1.0]
    """
    check_level(conf_level)
    if not levels or not all(0 < level <= 1 for level in levels):
        raise StudyError(f"levels: found {list(levels)}; reliabilities lie above 0 and are at most 1.")
    if n_boot < 50:
        raise StudyError(f"n_boot: found {n_boot}; percentiles need at least 50 resamples.")
    if isinstance(frame, Prepared):
        copies = [read_regressors(copy, model="ols", **frame.arguments) for copy in frame.frames]
    else:
        copies = [rows_of_model(frame, outcome, drivers, weight, controls, cluster)]
    each = -(-n_boot // len(copies))
    products = [_products(rows, each, seed + number) for number, rows in enumerate(copies)]
    steps = sorted(levels, reverse=True)
    slopes = pd.concat([_at(copies[0], products, level, conf_level) for level in steps], ignore_index=True)
    slopes = slopes.sort_values("driver", key=lambda names: names.map(copies[0].terms.index), kind="stable")
    return Reliability(slopes.reset_index(drop=True), _limits(slopes, steps))


def _products(rows: Regressors, n_boot: int, seed: int) -> tuple[Floats, Floats]:
    """Return cross-products of drivers and outcome, controls partialled out, and each driver's variance.

    The first of (p + 1, p + 1, 1 + n_boot) matrices is that of the sample, the others those of the resamples.
    """
    varied = np.ptp(rows.controls, axis=0) > 0
    held = rows.controls[:, varied]
    columns = np.column_stack([held, rows.x, rows.outcome])
    centre = rows.weight @ columns / rows.weight.sum()
    # Variance 1 for the sweep; in the end slopes are told in the units of the answers.
    scale = np.sqrt(rows.weight @ (columns - centre) ** 2 / rows.weight.sum())
    columns = np.column_stack([np.ones(len(columns)), (columns - centre) / scale])
    drawn = resampled_products(columns, rows.weight, rows.unit, n_boot, seed)
    found = np.concatenate([cross_products(columns, rows.weight)[:, :, None], drawn], axis=2)
    unit = scale[held.shape[1] :]
    around_mean = swept(found)[held.shape[1] :, held.shape[1] :]
    variance = np.stack([around_mean[j, j] for j in range(rows.x.shape[1])]) * unit[:-1, None] ** 2
    return swept(found, 1 + held.shape[1]) * unit[:, None, None] * unit[None, :, None], variance


def _at(rows: Regressors, products: list[tuple[Floats, Floats]], level: float, conf_level: float) -> pd.DataFrame:
    """Return slopes at one reliability: means over the copies, percentiles over the resamples of all of them."""
    solved = [_corrected(*part, level) for part in products]
    beta, failed = [part[0] for part in solved], [part[1] for part in solved]
    drawn = np.concatenate([part[:, 1:] for part in beta], axis=1)
    refused = any(part[0] for part in failed) or np.concatenate([part[1:] for part in failed]).mean() > MOST_FAILED
    tail = (1 - conf_level) / 2
    bases = rows.bases()
    frame = pd.DataFrame({"driver": rows.terms, "reliability": level}).assign(**bases)
    if refused:
        nothing = dict.fromkeys(["estimate", "std_error", "conf_low", "conf_high"], np.nan)
        reason = "refused: the drivers overlap too much to take so large an error off"
        return frame.assign(**nothing, own_effect=False, flag=reason)
    low, high = np.nanquantile(drawn, [tail, 1 - tail], axis=1)
    numbers = {"estimate": np.mean([part[:, 0] for part in beta], axis=0), "std_error": np.nanstd(drawn, axis=1)}
    frame = frame.assign(**numbers, conf_low=low, conf_high=high, own_effect=(low > 0) | (high < 0))
    return frame.assign(flag=base_flag(frame["n"], frame["n_eff"]))


def _corrected(products: Floats, variance: Floats, level: float) -> tuple[Floats, np.ndarray]:
    """Return (p, replicates) slopes without the error variance, and where the matrix is not positive definite."""
    matrices = np.moveaxis(products[:-1, :-1], 2, 0) - (1 - level) * np.einsum(
        "jr,jk->rjk", variance, np.eye(len(variance))
    )
    size = np.sqrt(variance.T)
    failed = np.linalg.eigvalsh(matrices / size[:, :, None] / size[:, None, :])[:, 0] < DEFINITE
    safe = np.where(failed[:, None, None], np.eye(len(variance)), matrices)
    slopes = np.linalg.solve(safe, products[:-1, -1].T[:, :, None])[:, :, 0]
    return np.where(failed[:, None], np.nan, slopes).T, failed


def _limits(slopes: pd.DataFrame, steps: list[float]) -> pd.DataFrame:
    """Return for each driver down to which reliability it has an effect of its own."""
    rows = []
    for name, part in slopes.groupby("driver", sort=False):
        own = part.set_index("reliability")["own_effect"].reindex(steps)
        refused = part.loc[part["estimate"].isna(), "reliability"]
        lost = [place for place, is_own in enumerate(own) if not is_own]
        held = steps[: lost[0] if lost else len(steps)]
        first = part.iloc[0]
        rows.append({"driver": name} | {key: first[key] for key in ("n", "n_customers", "n_eff")}
                    | {"own_until": held[-1] if held else np.nan, "refused_from": refused.max()}
                    | {"flag": base_flag(first["n"], first["n_eff"])})  # fmt: skip
    return pd.DataFrame(rows).astype({"own_until": "float64", "refused_from": "float64", "flag": "str"})
