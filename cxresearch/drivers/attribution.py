"""How much of R² falls to each player, by every method that a game admits, in the sample and its resamples."""

from collections.abc import Mapping, Sequence

import numpy as np

from cxresearch.drivers.models import Game, LinearGame
from cxresearch.drivers.regressors import Regressors
from cxresearch.stats import importance, relative_weights
from cxresearch.stats.design import Floats
from cxresearch.strict_yaml import StudyError, nearest

__all__ = ["METHODS", "attributed", "group_values", "partition", "subset_values"]

METHODS = ("lmg", "dominance", "first", "last", "betasq", "pratt", "relative-weights")
Groups = Mapping[str, Sequence[str]]


def attributed(game: Game, found: Regressors, groups: dict[str, list[int]]) -> dict[str, Floats]:
    """Return the (drivers, replicates) parts of R² by every method that the game admits.

    Up to the game's most players `lmg` is the Shapley value of the drivers; above, their Owen value within the groups.
    """
    everyone = found.places
    if len(everyone) <= game.most_players:
        parts = _by_subsets(game, everyone)
    else:
        parts = {"lmg": _owen_values(game, everyone, groups)}
    if isinstance(game, LinearGame):
        parts |= _by_slopes(game, found)
    return parts


def group_values(game: Game, found: Regressors, groups: dict[str, list[int]]) -> Floats:
    """Return the (groups, replicates) Shapley values of groups that enter as a whole."""
    players = [_columns(found.places, members) for members in groups.values()]
    return np.concatenate([importance.shapley(values) for values in game.blocks(players)], axis=1)


def subset_values(game: Game, found: Regressors) -> Floats | None:
    """Return the (2^p,) R² of every subset of drivers in the sample; None above the game's most players."""
    if len(found.places) > game.most_players:
        return None
    return next(game.blocks(found.places))[:, 0]


def partition(groups: Groups | None, drivers: list[str]) -> dict[str, list[int]]:
    """Return the places of each group's drivers; a driver in no group is a group of its own, under its own name.

    Raises
    ------
    StudyError
        If a group names an unknown driver, or a driver stands in two groups.

    Examples
    --------
    >>> partition({"ease": ["app", "billing"]}, ["app", "network", "billing"])
    {'ease': [0, 2], 'network': [1]}
    """
    found: dict[str, list[int]] = {}
    taken: dict[str, str] = {}
    for group, members in (groups or {}).items():
        for name in members:
            if name not in drivers:
                raise StudyError(f"groups: {group} names {name!r}, which is no driver; {nearest(name, drivers)}.")
            if name in taken:
                raise StudyError(f"groups: {name!r} stands in {taken[name]} and in {group}; keep it in one of them.")
            taken[name] = group
        if members:
            found[group] = [drivers.index(name) for name in members]
    if clash := [name for name in drivers if name not in taken and name in found]:
        raise StudyError(f"groups: {clash[0]!r} is the name of a group and of a driver outside it; rename the group.")
    return found | {name: [place] for place, name in enumerate(drivers) if name not in taken}


def _by_subsets(game: Game, players: list[list[int]]) -> dict[str, Floats]:
    """Return what the fits of all subsets tell, one block of replicates after another."""
    methods = {"lmg": importance.shapley, "first": importance.first, "last": importance.last}
    blocks = [{name: method(values) for name, method in methods.items()} for values in game.blocks(players)]
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in methods}


def _owen_values(game: Game, everyone: list[list[int]], groups: dict[str, list[int]]) -> Floats:
    """Return the Owen values of all drivers, group by group."""
    largest = max(len(members) for members in groups.values())
    if len(groups) - 1 + largest > game.most_players:
        raise StudyError(
            f"drivers: found {len(everyone)} in {len(groups)} groups, the largest of {largest}; at most "
            f"{game.most_players} drivers are told apart, or groups less one and members of a group together: name "
            "fewer drivers, or groups of them with `groups=`."
        )
    parts: dict[int, Floats] = {}
    for group, members in groups.items():
        others = [_columns(everyone, them) for name, them in groups.items() if name != group]
        players = [*others, *(everyone[place] for place in members)]
        blocks = [importance.owen(values, len(others)) for values in game.blocks(players)]
        parts |= dict(zip(members, np.concatenate(blocks, axis=1), strict=True))
    return np.stack([parts[place] for place in range(len(everyone))])


def _by_slopes(game: LinearGame, found: Regressors) -> dict[str, Floats]:
    """Return what needs no subsets; columns of a factor are summed, and its squared slopes mean nothing."""
    matrix, left = np.moveaxis(game.matrix, -1, 0), 1 - game.controls
    by_column = {"pratt": relative_weights.pratt, "relative-weights": relative_weights.relative_weights}
    if all(len(places) == 1 for places in found.places):
        by_column["betasq"] = relative_weights.betasq
    starts = [places[0] for places in found.places]
    return {name: np.add.reduceat(method(matrix).T, starts, axis=0) * left for name, method in by_column.items()}


def _columns(everyone: list[list[int]], members: list[int]) -> list[int]:
    """Return the columns of several drivers together."""
    return [column for place in members for column in everyone[place]]
