"""p-values adjusted over their family of tests, as R's `p.adjust` does."""

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

__all__ = ["ADJUSTMENTS", "adjusted_p", "check_adjustment"]

Floats = npt.NDArray[np.float64]
# Each adjustment by the name under which statsmodels knows it.
ADJUSTMENTS = {
    "none": "",
    "bonferroni": "bonferroni",
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bh": "fdr_bh",
    "by": "fdr_by",
}


def adjusted_p(p_values: npt.ArrayLike, adjust: str = "bh") -> Floats:
    """Return p-values adjusted over their family; missing ones are not counted.

    Parameters
    ----------
    p_values
        (tests,) p-values, NaN where nothing was tested.
    adjust
        `none`; `bonferroni`, `holm`, `hochberg`, `hommel` bound the chance of any false finding; `bh` (Benjamini and
        Hochberg) and `by` (Benjamini and Yekutieli) bound the expected share of false ones among the findings.

    Returns
    -------
    numpy.ndarray
        (tests,) adjusted p-values, at most 1.

    Raises
    ------
    ValueError
        If there is no such adjustment.

    Notes
    -----
    R: `p.adjust(p, method)`.

    Examples
    --------
    >>> adjusted_p([0.01, np.nan, 0.04, 0.03], "holm").round(3)
    array([0.03,  nan, 0.06, 0.06])
    """
    check_adjustment(adjust)
    found = np.array(p_values, dtype=float)
    tested = ~np.isnan(found)
    if adjust != "none" and tested.any():
        found[tested] = multipletests(found[tested], method=ADJUSTMENTS[adjust])[1]
    return found


def check_adjustment(adjust: str) -> None:
    """Refuse an adjustment that does not exist."""
    if adjust not in ADJUSTMENTS:
        raise ValueError(f"adjust: found {adjust!r}; it is one of {', '.join(ADJUSTMENTS)}.")
