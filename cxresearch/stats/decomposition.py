"""What a change of a mean is made of, and how sure that is: Kitagawa's decomposition, customers resampled."""

import numpy as np
from scipy import sparse

from cxresearch.stats.design import Floats

__all__ = ["kitagawa", "resampled"]

# Resamples taken through the sums at once.
AT_ONCE = 25


def kitagawa(counts: Floats, sums: Floats) -> tuple[Floats, Floats]:
    """Return what changed shares and changed means of groups add to the change of the whole mean.

    Parameters
    ----------
    counts, sums
        (…, 2, groups) answers, and sums of their votes, of the earlier and the later wave.

    Returns
    -------
    mix, rate
        (…, groups) each; together they sum to the change of the mean exactly.

    Notes
    -----
    With shares s and means r of the groups, mix = (s₁ - s₀)(r̄ - R̄) and rate = s̄(r₁ - r₀), a bar being the mean of both
    waves (Kitagawa 1955, *JASA* 50, 1168-1194). Taking off R̄, the mean of both waves' whole means, changes no total but
    makes each group's mix independent of where the scale has its zero. A group absent from a wave is given its mean of
    the other, so that all it adds is mix: what entering or leaving does.

    Examples
    --------
    >>> counts = np.array([[50.0, 50.0], [80.0, 20.0]])
    >>> mix, rate = kitagawa(counts, counts * np.array([[1.0, 0.0], [1.0, 0.0]]))
    >>> mix.round(3), rate
    (array([0.105, 0.195]), array([0., 0.]))
    """
    share = counts / counts.sum(axis=-1, keepdims=True)
    mean = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    before, after = mean[..., 0, :], mean[..., 1, :]
    # A group that neither wave holds adds nothing.
    before, after = (np.nan_to_num(np.where(np.isnan(a), b, a)) for a, b in ((before, after), (after, before)))
    whole = (sums.sum(axis=-1) / counts.sum(axis=-1)).mean(axis=-1)[..., None]
    mix = (share[..., 1, :] - share[..., 0, :]) * ((before + after) / 2 - whole)
    rate = share.mean(axis=-2) * (after - before)
    return mix, rate


def resampled(units: sparse.csr_array, n_boot: int, seed: int) -> Floats:
    """Return totals of resampled units.

    Parameters
    ----------
    units
        (units, k) sums of each unit (customer), both waves side by side.
    n_boot, seed
        How many resamples, and the seed of the random numbers.

    Returns
    -------
    numpy.ndarray
        (n_boot, k) totals of as many units drawn with replacement.

    Examples
    --------
    >>> resampled(sparse.csr_array(np.ones((5, 2))), 2, 0)
    array([[5., 5.],
           [5., 5.]])
    """
    rng, n = np.random.default_rng(seed), units.shape[0]
    columns = units.T.tocsr()
    found = []
    for start in range(0, n_boot, AT_ONCE):
        times = range(min(AT_ONCE, n_boot - start))
        drawn = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in times], axis=1)
        found.append((columns @ drawn.astype(float)).T)
    return np.concatenate(found) if found else np.empty((0, units.shape[1]))
