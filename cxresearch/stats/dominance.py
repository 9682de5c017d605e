"""Whether one or two contributors make up a sum: the two rules of magnitude tables."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Dominance", "dominance"]


class Dominance(NamedTuple):
    """How much of a sum its largest contributors are.

    Attributes
    ----------
    top_two_share
        Share of the two largest in the sum, 0-1.
    rest_to_largest
        All but the two largest, as a ratio to the largest: who contributes second most can estimate the largest within
        that.
    """

    top_two_share: float
    rest_to_largest: float


def dominance(paid: npt.ArrayLike) -> Dominance:
    """Return how much of a sum its largest contributors are.

    Parameters
    ----------
    paid
        (contributors,) what each contributed; refunds count by their size, missing ones not at all.

    Returns
    -------
    Dominance
        Both missing where nobody contributed anything.

    Notes
    -----
    The dominance (or n, k) rule with n = 2 and the p % rule of statistical offices: a sum is unsafe where
    `top_two_share` is over .9, or `rest_to_largest` under .1. sdcMicro and tau-ARGUS have them as `(n, k)` and `p %`.

    Sources: Hundepool et al. (2012), Statistical Disclosure Control, chapter 4; ACRO's defaults (`safe_nk_n`,
    `safe_nk_k`, `safe_pratio_p`).

    Examples
    --------
    >>> dominance([50, 30, 15, 5])
    Dominance(top_two_share=0.8, rest_to_largest=0.4)
    """
    sizes = np.abs(np.asarray(paid, dtype=float))
    sizes = np.sort(sizes[sizes > 0])[::-1]
    if not len(sizes):
        return Dominance(np.nan, np.nan)
    return Dominance(float(sizes[:2].sum() / sizes.sum()), float(sizes[2:].sum() / sizes[0]))
