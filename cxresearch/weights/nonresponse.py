"""What those who did not answer might change: a range under stated assumptions, never a correction."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxresearch.metrics import nps
from cxresearch.strict_yaml import StudyError

__all__ = ["nonresponse_range"]

# Points by which those who stay silent may differ; loyal customers answer more often, rarely less.
SHIFTS = (-40.0, -20.0, -10.0, 0.0, 10.0)
LOWEST, HIGHEST = -100.0, 100.0


def nonresponse_range(
    answers: pd.DataFrame,
    response_rate: float,
    *,
    column: str = "nps",
    weight: str | None = None,
    shifts: Sequence[float] = SHIFTS,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return the NPS of everyone invited under assumptions about those who did not answer.

    Parameters
    ----------
    answers
        One row an answer, as for `metrics.nps`.
    response_rate
        Share of those invited who answered, above 0 and up to 1.
    column, weight, conf_level
        As for `metrics.nps`.
    shifts
        Points by which the NPS of the silent is assumed to lie above (+) or below (-) that of those who answered.

    Returns
    -------
    pandas.DataFrame
        One row an assumption: `assumption`, `n`, `n_customers`, `n_eff`, `estimate`, `std_error`, `conf_low`,
        `conf_high`, `silent` (NPS assumed of those who did not answer), `flag`. First the extremes, all detractors and
        all promoters, between which every other assumption lies.

    Raises
    ------
    KeyError, TypeError
        As for `metrics.nps`.
    StudyError
        If the response rate is no share.

    Notes
    -----
    With response rate r the score is r·NPS + (1 - r)·silent: Manski's bounds and a pattern-mixture model (Little 1993).
    The interval is that of the answers; what is assumed has none.

    Examples
    --------
    >>> answers = pd.DataFrame({"nps": [10] * 60 + [8] * 30 + [3] * 30})
    >>> nonresponse_range(answers, 0.25, shifts=[-20, 0])[["assumption", "estimate", "silent"]]
                    assumption  estimate  silent
    0          all are detractors    -68.75  -100.0
    1         20 points lower     10.00     5.0
    2  like those who answered     25.00    25.0
    3           all are promoters     81.25   100.0
    """
    if not 0 < response_rate <= 1:
        raise StudyError(f"response_rate: found {response_rate:g}; it is a share, above 0 and up to 1.")
    found = nps(answers, column=column, weight=weight, conf_level=conf_level)
    rows = [_extreme("all are detractors", LOWEST, found, response_rate)]
    rows += [_shifted(shift, found, response_rate) for shift in sorted(shifts)]
    rows += [_extreme("all are promoters", HIGHEST, found, response_rate)]
    table = pd.concat(rows, ignore_index=True)
    columns = ["assumption", *(name for name in found if name != "flag"), "silent", "flag"]
    return table[columns]


def _shifted(shift: float, found: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Return the score if the silent differ by some points from those who answered."""
    silent = (found["estimate"] + shift).clip(LOWEST, HIGHEST)
    moved = (1 - rate) * (silent - found["estimate"])
    numbers = {name: (found[name] + moved).clip(LOWEST, HIGHEST) for name in ("estimate", "conf_low", "conf_high")}
    words = "like those who answered" if shift == 0 else f"{abs(shift):g} points {'higher' if shift > 0 else 'lower'}"
    return found.assign(assumption=words, silent=silent, **numbers)


def _extreme(words: str, silent: float, found: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Return the score if all the silent vote alike."""
    numbers = {name: rate * found[name] + (1 - rate) * silent for name in ("estimate", "conf_low", "conf_high")}
    known = np.where(found["estimate"].notna(), silent, np.nan)
    return found.assign(assumption=words, silent=known, std_error=rate * found["std_error"], **numbers)
