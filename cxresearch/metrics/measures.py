"""What a metric counts: its column, its scale, and how an answer becomes a number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.stats.differences import NOTHING_ADDED, NPS_ADDED, SHARE_ADDED, Added

__all__ = [
    "CES_SCALE",
    "CSAT_SCALE",
    "EXPECTATION_SCALE",
    "NPS_SCALE",
    "YES_NO",
    "Measure",
    "as_expected",
    "lowest_easy",
    "named_measure",
    "named_measures",
    "numbers",
]

Floats = npt.NDArray[np.float64]
Scale = tuple[float, float]
Kind = Literal["nps", "share", "mean", "total"]

NPS_SCALE, CSAT_SCALE, CES_SCALE, YES_NO = (0.0, 10.0), (1.0, 5.0), (1.0, 7.0), (0.0, 1.0)
EXPECTATION_SCALE = (1.0, 5.0)
PROMOTERS_FROM, DETRACTORS_TO = 9, 6
DEFAULT_SCALES = {"nps": NPS_SCALE, "csat": CSAT_SCALE, "ces": CES_SCALE}
METHODS: dict[Kind, tuple[str, ...]] = {
    "nps": ("adjusted-wald", "score", "wald"),
    "share": ("wilson", "wald"),
    "mean": ("t", "wald"),
    "total": ("t", "wald"),
}


@dataclass(frozen=True)
class Measure:
    """What a metric counts.

    Attributes
    ----------
    column
        The column of the answers.
    kind
        `nps`, `share` of the answers from `at_least` upwards, `mean` or `total`.
    scale
        Lowest and highest answer allowed; None is any number.
    at_least
        For a share: the lowest answer that counts.
    """

    column: str
    kind: Kind
    scale: Scale | None = None
    at_least: float = 1.0

    @property
    def factor(self) -> float:
        """What the mean vote is multiplied by: an NPS is told in points."""
        return 100.0 if self.kind == "nps" else 1.0

    @property
    def limits(self) -> Scale:
        """Lowest and highest value that the estimate can take."""
        if self.kind == "nps":
            return -100.0, 100.0
        if self.kind == "share":
            return YES_NO
        return self.scale if self.scale and self.kind == "mean" else (-np.inf, np.inf)

    @property
    def added(self) -> Added:
        """The answers added to each side of a difference before it is tested."""
        return {"nps": NPS_ADDED, "share": SHARE_ADDED}.get(self.kind, NOTHING_ADDED)

    @property
    def unit(self) -> str:
        """The unit in words: `points`, `share`, a mean's scale such as `1–5`, `mean` or `total`."""
        if self.kind in ("share", "total"):
            return self.kind
        if self.kind == "nps":
            return "points"
        return f"{self.scale[0]:g}–{self.scale[1]:g}" if self.scale else "mean"

    def method(self, name: str | None) -> str:
        """Return the name of an interval, the kind's usual one by default."""
        known = METHODS[self.kind]
        if name is not None and name not in known:
            raise ValueError(f"method: found {name!r}; for {self.column} it is one of {', '.join(known)}.")
        return name or known[0]

    def votes(self, answers: pd.Series) -> Floats:
        """Return each answer as the number that is averaged, NaN where there is none.

        Raises
        ------
        TypeError
            If the column does not hold numbers.
        ValueError
            If an answer lies outside the scale.
        """
        found = numbers(answers, self.column)
        self._check(found)
        if self.kind == "nps":
            votes = (found >= PROMOTERS_FROM).astype(float) - (found <= DETRACTORS_TO)
        elif self.kind == "share":
            votes = (found >= self.at_least).astype(float)
        else:
            return found
        votes[np.isnan(found)] = np.nan
        return votes

    def _check(self, found: Floats) -> None:
        """Refuse answers off the scale: a code such as 99 would count as a promoter."""
        given = found[~np.isnan(found)]
        low, high = self.scale or (-np.finfo(float).max, np.finfo(float).max)
        wrong = (given < low) | (given > high)
        allowed = f"on {low:g}–{high:g}" if self.scale else "finite"
        if self.kind == "nps" or self.scale == YES_NO:
            wrong |= given != np.rint(given)
            allowed = f"whole numbers {low:g}–{high:g}"
        if wrong.any():
            raise ValueError(
                f"{self.column}: {int(wrong.sum())} of {len(given)} answers are not {allowed}; "
                "mend them, or declare the scale and the codes for missing answers."
            )


def numbers(column: pd.Series, name: str) -> Floats:
    """Return a column's numbers, NaN where missing.

    Raises
    ------
    TypeError
        If it holds anything else.

    Examples
    --------
    >>> numbers(pd.Series([True, None], dtype="boolean"), "fcr")
    array([ 1., nan])
    """
    cells = column.infer_objects()
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.to_numpy(dtype="float64", na_value=np.nan)
    if cells.isna().all():
        return np.full(len(cells), np.nan)
    raise TypeError(f"{name}: the column holds {cells.dtype}, not numbers; code it as numbers in intake.")


def lowest_easy(scale: Scale) -> float:
    """Return the lowest answer above the middle of an effort scale, from which on it was easy.

    Examples
    --------
    >>> lowest_easy((1, 7)), lowest_easy((1, 5)), lowest_easy((0, 10))
    (5, 4, 6)
    """
    return int(np.floor((scale[0] + scale[1]) / 2)) + 1


def as_expected(scale: Scale) -> float:
    """Return the middle of a scale from worse to better than expected: from there on expectations were met.

    Examples
    --------
    >>> as_expected((1, 5)), as_expected((1, 7))
    (3.0, 4.0)
    """
    return (scale[0] + scale[1]) / 2


def named_measure(metric: str, scales: Mapping[str, Scale], measures: Mapping[str, str]) -> Measure:
    """Return what a metric of a study counts.

    Parameters
    ----------
    metric
        `nps`, `csat`, `top_box`, `top_2_box`, `ces`, `low_effort`, `fcr`, `conversion`, `negative_word_of_mouth`,
        `expectation_met`, or a name under the study's `measures`.
    scales
        Scale of each score of the study; the usual one where it declares none.
    measures
        `mean`, `total` or `proportion` of other columns.

    Raises
    ------
    KeyError
        If the study has no such metric.

    Examples
    --------
    >>> named_measure("low_effort", {"ces": (1, 5)}, {})
    Measure(column='ces', kind='share', scale=(1, 5), at_least=4)
    """
    known = named_measures(scales, measures)
    if metric not in known:
        raise KeyError(f"the study has no metric {metric!r}; it has {', '.join(known)}.")
    return known[metric]


def named_measures(scales: Mapping[str, Scale], measures: Mapping[str, str]) -> dict[str, Measure]:
    """Return what each metric that a study may have counts, by name.

    Parameters
    ----------
    scales, measures
        As for `named_measure`.

    Examples
    --------
    >>> list(named_measures({}, {"wait": "mean"}))[-1]
    'wait'
    """
    nps, csat, ces = ({**DEFAULT_SCALES, **scales}[name] for name in ("nps", "csat", "ces"))
    expectation = scales.get("expectation", EXPECTATION_SCALE)
    known = {
        "nps": Measure("nps", "nps", nps),
        "csat": Measure("csat", "mean", csat),
        "top_box": Measure("csat", "share", csat, csat[1]),
        "top_2_box": Measure("csat", "share", csat, csat[1] - 1),
        "ces": Measure("ces", "mean", ces),
        "low_effort": Measure("ces", "share", ces, lowest_easy(ces)),
        "fcr": Measure("fcr", "share", YES_NO),
        "conversion": Measure("converted", "share", YES_NO),
        "negative_word_of_mouth": Measure("negative_word_of_mouth", "share", YES_NO),
        "expectation_met": Measure("expectation", "share", expectation, as_expected(expectation)),
    }
    for name, statistic in measures.items():
        kind: Kind = "total" if statistic == "total" else "share" if statistic == "proportion" else "mean"
        known.setdefault(name, Measure(name, kind, YES_NO if kind == "share" else scales.get(name)))
    return known
