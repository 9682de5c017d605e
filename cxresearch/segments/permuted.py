"""p-values of small groups by permutation of sampling units."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxresearch.metrics.measures import Measure
from cxresearch.stats.deals import Split, dealt_p
from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.differences import Moments, dealing_strata, permutation_p, studentised
from cxresearch.stats.groups import Members, Pairs, Sample

__all__ = ["Dealer", "against_rest_p", "between_p"]

Mask = npt.NDArray[np.bool_]
# A fifth of the deals, then all of them for p-values up to this, then as many as the family needs where fewer than ten
# were as far out.
PERHAPS, FEW_FURTHER, DEALS_A_TEST = 0.2, 10, 20


@dataclass(frozen=True)
class Dealer:
    """What permutations need: the votes, the sample, how often to deal.

    Attributes
    ----------
    votes
        (n,) numbers to be averaged, NaN where there is none.
    sample
        Of the n rows.
    measure
        What is counted.
    n_permutations, seed
        How often, and the seed.
    family
        Tests among which the p-values are adjusted.
    """

    votes: Floats
    sample: Sample
    measure: Measure
    n_permutations: int
    seed: int
    family: int

    def sums(self, rows: Mask) -> Floats:
        """Return (units, 3) sums of weights, weighted votes and weighted squares of some rows."""
        answered = ~np.isnan(self.votes) & rows
        vote = np.where(answered, self.votes, 0.0)
        if self.measure.kind == "mean" and np.nanstd(self.votes) > 0:
            vote = np.where(answered, (self.votes - np.nanmean(self.votes)) / np.nanstd(self.votes), 0.0)
        weight = np.where(answered, self.sample.design.weight, 0.0)
        values = np.stack([weight, weight * vote, weight * vote * vote], axis=1)
        by = self.sample.crowds["unit"]
        return values if by is None else np.asarray(by @ values)

    @property
    def stratum(self) -> Codes:
        """(units,) stratum of each sampling unit."""
        stage = self.sample.design.stages[0]
        if stage.unit is None:
            return stage.stratum
        home = np.zeros(int(stage.unit.max(initial=0)) + 1, dtype=np.intp)
        home[stage.unit] = stage.stratum
        return home


def against_rest_p(dealer: Dealer, pairs: Pairs, members: Members, known: Mask, places: Codes) -> Floats:
    """Return the permutation p-values of some groups against their rest."""
    everyone = dealer.sums(known)
    inside = [dealer.sums(members[:, [place]].toarray().ravel().astype(bool) & known) for place in places]
    if len(dealer.sample.design.stages[0].size) > 1:
        found = [_one(dealer, own, everyone - own, pairs, place) for own, place in zip(inside, places, strict=True)]
        return np.array(found, dtype=float)
    return _dealt(dealer, everyone, inside, pairs, places)


def between_p(dealer: Dealer, pairs: Pairs, members: Members, columns: Codes, places: Codes) -> Floats:
    """Return the permutation p-values of some pairs of groups; `columns` are the (pairs, 2) columns of the groups."""
    found = []
    for place in places:
        first, second = (dealer.sums(members[:, [column]].toarray().ravel() > 0) for column in columns[place])
        found.append(_one(dealer, first, second, pairs, place))
    return np.array(found, dtype=float)


def _dealt(dealer: Dealer, everyone: Floats, inside: list[Floats], pairs: Pairs, places: Codes) -> Floats:
    """Return p-values from deals that all groups share, and from more of them where the family asks for it."""
    answered = everyone[:, 0] > 0
    n, n_rest = pairs.first.found.n_eff, pairs.second.found.n_eff
    splits = [
        Split(own[answered], n[place], n_rest[place], _correlation(pairs, place))
        for own, place in zip(inside, places, strict=True)
    ]
    units, found, times = everyone[answered], np.zeros(len(splits)), dealer.n_permutations
    # Most groups differ by nothing, which few deals tell; only those that may differ are dealt more often.
    rounds = [(1.0, times // 5), (PERHAPS, times), (FEW_FURTHER / (times + 1), DEALS_A_TEST * dealer.family)]
    most = 0
    for number, (limit, deals) in enumerate(rounds):
        again = np.flatnonzero(found <= limit)
        if len(again) and deals > most:
            chosen, most, seed = [splits[place] for place in again], deals, dealer.seed + number
            found[again] = dealt_p(units, chosen, dealer.measure.added, n_permutations=deals, seed=seed)
    return found


def _correlation(pairs: Pairs, place: int) -> float:
    """Return the correlation of the two estimates of a pair."""
    both = np.sqrt(pairs.first.found.variance[place] * pairs.second.found.variance[place])
    return float(np.clip(pairs.covariance[place] / both, -1, 1)) if both > 0 else 0.0


def _one(dealer: Dealer, first: Floats, second: Floats, pairs: Pairs, place: int) -> float:
    """Return the permutation p-value of one pair of groups."""
    present = (first[:, 0] > 0) | (second[:, 0] > 0)
    n = pairs.first.found.n_eff[place], pairs.second.found.n_eff[place]
    correlation = _correlation(pairs, place)

    def statistic(one: Floats, other: Floats) -> Floats:
        """Return the studentised difference of dealt groups, with the observed effective bases and correlation."""
        sides = [
            Moments(sums[..., 1] / sums[..., 0], sums[..., 2] / sums[..., 0], size)
            for sums, size in zip((one, other), n, strict=True)
        ]
        return studentised(sides[0], sides[1], dealer.measure.added, correlation)

    return permutation_p(
        first[present],
        second[present],
        statistic,
        stratum=dealing_strata(dealer.stratum, first[:, 0] > 0, second[:, 0] > 0)[present],
        n_permutations=dealer.n_permutations,
        seed=dealer.seed,
    )
