"""The models of a driver analysis as games: what each subset of players explains, in the sample and its resamples.

A player is a list of columns of `Regressors.x` that enter together: a driver, a factor's levels, a group of drivers.
The first replicate is the sample itself, the others are resamples of its customers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from cxresearch.drivers.refusals import joined_names
from cxresearch.drivers.regressors import Regressors
from cxresearch.stats.cross_products import (
    cross_products,
    dealt,
    draws,
    resampled_products,
    standardised,
    unit_matrix,
)
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.ordinal import OrdinalFit, fit_ordinal, replicate_likelihoods, row_terms
from cxresearch.stats.pseudo_r2 import PSEUDO_R2
from cxresearch.stats.regression import Slopes, least_squares, linearised
from cxresearch.stats.subsets import explained, swept
from cxresearch.strict_yaml import StudyError

__all__ = ["Game", "LinearGame", "OrdinalGame", "linear_game", "linear_slopes", "ordinal_game", "ordinal_slopes"]

# Fits that are held at a time, over subsets and replicates.
AT_ONCE = 1 << 16
# Every subset of an ordinal model is a fit of its own.
MOST_FITTED = 12


class Game(Protocol):
    """What importance needs to know of a model."""

    @property
    def controls(self) -> Floats:
        """(replicates,) R² of the controls alone."""

    @property
    def most_players(self) -> int:
        """How many players may be told apart."""

    def blocks(self, players: list[list[int]]) -> Iterator[Floats]:
        """Yield the (2^p, some replicates) R² of every subset of players beside the controls."""


@dataclass(frozen=True)
class LinearGame:
    """Least squares: R² of every subset from cross-products.

    Attributes
    ----------
    matrix
        (k + 1, k + 1, replicates) cross-products of drivers and outcome, controls partialled out.
    total
        (replicates,) variance of the outcome before that.
    most_players
        How many players may be told apart.
    """

    matrix: Floats
    total: Floats
    most_players: int = 18

    @property
    def controls(self) -> Floats:
        """(replicates,) R² of the controls alone."""
        return 1 - self.matrix[-1, -1] / self.total

    def blocks(self, players: list[list[int]]) -> Iterator[Floats]:
        """Yield the (2^p, some replicates) R² of every subset of players beside the controls."""
        order = [*(place for player in players for place in player), len(self.matrix) - 1]
        matrix, sizes = self.matrix[np.ix_(order, order)], [len(player) for player in players]
        step = max(1, AT_ONCE >> len(players))
        for start in range(0, len(self.total), step):
            part = slice(start, start + step)
            yield explained(matrix[..., part], sizes) / self.total[part]


@dataclass(frozen=True)
class OrdinalGame:
    """Logit or proportional odds: pseudo-R² of every subset, each fitted.

    Attributes
    ----------
    level
        (n,) codes of the answer.
    columns, n_controls
        (n, c + k) standardised controls and drivers, and how many are controls.
    weight
        (n,) of mean 1.
    unit, counts
        (n,) codes of what is resampled, and (replicates - 1, units) how often.
    pseudo
        A name of `PSEUDO_R2`.
    most_players
        How many players may be told apart.
    known
        Fits that were made already, by their columns: groups and single drivers share most of them.
    """

    level: Codes
    columns: Floats
    n_controls: int
    weight: Floats
    unit: Codes
    counts: Floats
    pseudo: str
    most_players: int = MOST_FITTED
    known: dict[tuple[int, ...], tuple[OrdinalFit, Floats]] = field(default_factory=dict)

    @property
    def controls(self) -> Floats:
        """(replicates,) pseudo-R² of the controls alone."""
        return self.r2(self._likelihoods(list(range(self.n_controls))))

    def blocks(self, players: list[list[int]]) -> Iterator[Floats]:
        """Yield the (2^p, replicates) pseudo-R² of every subset of players beside the controls."""
        controls = list(range(self.n_controls))
        found = np.empty((1 << len(players), 1 + len(self.counts)))
        for subset in range(len(found)):
            chosen = [player for place, player in enumerate(players) if subset >> place & 1]
            found[subset] = self._likelihoods(
                [*controls, *(self.n_controls + place for one in chosen for place in one)]
            )
        values = self.r2(found)
        yield values - values[0]

    def r2(self, likelihoods: Floats, pseudo: str | None = None) -> Floats:
        """Return the pseudo-R² of (…, replicates) log-likelihoods."""
        null = self._likelihoods([])
        total = np.append(self.weight.sum(), self.counts @ np.bincount(self.unit, self.weight))
        return PSEUDO_R2[pseudo or self.pseudo](likelihoods, null, total)

    def fits(self) -> dict[str, Floats]:
        """Return the (replicates,) pseudo-R² of the model with all drivers, of every kind."""
        likelihoods = self._likelihoods(list(range(self.columns.shape[1])))
        return {name: self.r2(likelihoods, name) for name in PSEUDO_R2}

    def everything(self) -> OrdinalFit:
        """Return the fit with all drivers."""
        return fit_ordinal(self.level, self.columns, self.weight)

    def _likelihoods(self, places: list[int]) -> Floats:
        """Return the (replicates,) maximum log-likelihoods of a model."""
        key = tuple(sorted(places))
        if key not in self.known:
            self.known[key] = self._fitted(key)
        return self.known[key][1]

    def _fitted(self, places: tuple[int, ...]) -> tuple[OrdinalFit, Floats]:
        """Return a fit and its (replicates,) maximum log-likelihoods, begun at the model without the last column."""
        x, smaller = self.columns[:, places], self.known.get(places[:-1]) if places else None
        fit = fit_ordinal(
            self.level, x, self.weight, None if smaller is None else np.append(smaller[0].parameters, 0.0)
        )
        if not len(self.counts):
            return fit, np.array([fit.log_likelihood])
        by_unit = unit_matrix(self.unit, self.weight, self.counts.shape[1])
        drawn = replicate_likelihoods(row_terms(self.level, x, fit.parameters), by_unit, self.counts)
        return fit, np.append(fit.log_likelihood, drawn)


def linear_game(found: Regressors, n_boot: int, seed: int) -> LinearGame:
    """Return the game of least squares."""
    columns = standardised(np.column_stack([found.controls, found.x, found.outcome]), found.weight)
    sample = cross_products(columns, found.weight)[:, :, None]
    resamples = resampled_products(columns, found.weight, found.unit, n_boot, seed) if n_boot else sample[:, :, :0]
    centred = swept(np.concatenate([sample, resamples], axis=2))
    return LinearGame(swept(centred, found.controls.shape[1]), centred[-1, -1])


def ordinal_game(found: Regressors, n_boot: int, seed: int, pseudo: str) -> OrdinalGame:
    """Return the game of logit or proportional odds.

    Raises
    ------
    StudyError
        If a driver predicts the answer without error, so that its slope has no end.
    """
    columns = standardised(np.column_stack([found.controls, found.x]), found.weight)[:, 1:]
    unit = dealt(found.unit, seed)
    n_units = int(unit.max()) + 1
    counts = np.vstack([np.empty((0, n_units)), *draws(n_units, n_boot, seed)])
    level = found.outcome.astype(np.intp)
    game = OrdinalGame(level, columns, found.controls.shape[1], found.weight, unit, counts, pseudo)
    if game.everything().separated:
        guilty = [name for name, places in zip(found.drivers, found.places, strict=True) if _separates(game, places)]
        who = joined_names(guilty) if guilty else "some of the drivers together"
        raise StudyError(
            f"drivers: {who} predict{'s' * (len(guilty) == 1)} the outcome without error, so that no odds can be told; "
            "leave out what is part of the outcome, or use model='ols'."
        )
    return game


def linear_slopes(found: Regressors) -> Slopes:
    """Return the coefficients of the drivers' columns by least squares."""
    x = np.column_stack([np.ones(len(found.outcome)), found.controls, found.x])
    return _last(least_squares(found.outcome, x, found.design), found.x.shape[1], np.ones(found.x.shape[1]))


def ordinal_slopes(found: Regressors, game: OrdinalGame) -> Slopes:
    """Return the log odds ratios of the drivers' columns, for one unit of each."""
    parameters = game.everything().parameters
    rows = row_terms(game.level, game.columns, parameters)
    inverse: Floats = np.linalg.inv(rows.information(game.weight)).astype(np.float64)
    slopes = linearised(parameters, rows.gradient * game.weight[:, None], inverse, found.design)
    away = found.x - np.average(found.x, axis=0, weights=found.weight)
    return _last(slopes, found.x.shape[1], np.sqrt(found.weight @ away**2 / found.weight.sum()))


def _separates(game: OrdinalGame, places: list[int]) -> bool:
    """Return whether a driver alone predicts the answer without error."""
    x = game.columns[:, [game.n_controls + place for place in places]]
    return fit_ordinal(game.level, x, game.weight).separated


def _last(slopes: Slopes, k: int, unit: Floats) -> Slopes:
    """Return the last k coefficients, for one unit of their columns."""
    return Slopes(slopes.estimate[-k:] / unit, slopes.covariance[-k:, -k:] / np.outer(unit, unit), slopes.df)
