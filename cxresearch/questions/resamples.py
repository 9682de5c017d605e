"""How often each answer counts when whole customers are drawn again, and the interval of what comes out."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.answers import Columns, read_answers
from cxresearch.metrics.measures import Measure
from cxresearch.stats.design import Floats
from cxresearch.stats.replicates import bootstrap
from cxresearch.stats.survey import base_flag, kish

__all__ = ["Sample", "sample_of"]

# Replicates held at once: their weights are the largest array.
MOST_CELLS = 20_000_000


class Sample:
    """The rows of a frame, one a person and question set, with weights, customers and their resamples.

    Parameters
    ----------
    weight
        (n,) weights.
    unit
        (n,) code of the account or customer of each row.
    """

    def __init__(self, weight: Floats, unit: npt.NDArray[np.intp]) -> None:
        self.weight = weight
        _, self.unit = np.unique(unit, return_inverse=True)

    @property
    def n_units(self) -> int:
        """How many customers there are."""
        return int(self.unit.max(initial=-1)) + 1

    def bases(self) -> dict[str, object]:
        """Return `n`, `n_customers`, `n_eff` and the flag of the base."""
        n = len(self.weight)
        totals = np.bincount(self.unit, self.weight, minlength=self.n_units).astype(float)
        n_eff = float(kish(totals)[0]) if n else 0.0
        return {"n": n, "n_customers": self.n_units, "n_eff": n_eff, "flag": str(base_flag([n], [n_eff])[0])}

    def replicates(self, statistic: Callable[[Floats], Floats], n_boot: int, seed: int) -> Floats:
        """Return a statistic of (n, draws) weights for draws of whole customers, (n_boot, values).

        Parameters
        ----------
        statistic
            Takes (n, draws) weights and returns (draws, values).
        n_boot, seed
            Number of draws and their seed; fewer than two customers give none.
        """
        if n_boot < 2 or self.n_units < 2:
            return np.empty((0, 0))
        at_once = max(2, min(n_boot, MOST_CELLS // max(len(self.weight), 1)))
        stratum, found = np.zeros(self.n_units, dtype=np.intp), []
        for start in range(0, n_boot, at_once):
            draws = max(2, min(at_once, n_boot - start))
            copies = bootstrap(self.unit, stratum, draws, seed + start).copies
            found.append(statistic(copies * self.weight[:, None]))
        return np.concatenate(found)[:n_boot]


def sample_of(frame: pd.DataFrame, column: str, weight: str | None, cluster: str | None) -> Sample:
    """Return the sample of a frame's rows; `account_id`, else `customer_id`, tells who a customer is.

    Parameters
    ----------
    frame
        One row a person; `column` is any numeric column of it without gaps.
    weight, cluster
        Names of columns; `cluster` replaces the customer as the unit that is drawn.
    """
    answers = read_answers(frame, Measure(column, "mean"), None, Columns(weight, cluster=cluster))
    unit = answers.unit if answers.unit is not None else np.arange(len(frame))
    drawn = answers.clusters[0] if answers.clusters else unit
    return Sample(answers.weight, np.asarray(drawn, dtype=np.intp))
