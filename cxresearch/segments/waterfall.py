"""The steps of a bridge from one level to the next, in the order in which they are drawn."""

import pandas as pd

from cxresearch.segments.bridges import ALL, Bridge

__all__ = ["waterfall"]

BASES = ("n", "n_customers", "n_previous", "n_customers_previous")
BEFORE, NOW = "before", "now"
STEPS = {
    "mix": "other shares of the groups",
    "rate": "other scores within the groups",
    "entered": "groups that are new",
    "left": "groups that are gone",
    "weighting": "weighting",
}


def waterfall(found: Bridge) -> pd.DataFrame:
    """Return the level before, what each component adds, and the level now.

    Parameters
    ----------
    found
        As `bridge` returns it.

    Returns
    -------
    pandas.DataFrame
        One row a step: `step`; `n`, `n_customers`, `n_previous`, `n_customers_previous`; `estimate` (of the first and
        last row the level, of the others what they add), `conf_low`, `conf_high`, `flag`. Components that add nothing
        because they do not occur are left out, so the steps sum to the change.
    """
    total = found.total.iloc[0]
    whole = found.parts[found.parts["level"].eq(ALL)]
    known = whole[whole["estimate"].ne(0) | whole["component"].isin(["mix", "rate"])]
    steps = known.assign(step=known["component"].map(STEPS))[["step", *BASES, "estimate", "conf_low", "conf_high"]]
    ends = pd.DataFrame({"step": [BEFORE, NOW], "estimate": [total["previous"], total["current"]]})
    ends = ends.assign(**{name: total[name] for name in BASES})
    frame = pd.concat([ends.iloc[:1], steps, ends.iloc[1:]], ignore_index=True)
    return frame[list(steps)].assign(flag="")
