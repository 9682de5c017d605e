"""From a frame of answers to arrays: votes, groups, customers and the sampling design."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxresearch.metrics.measures import Measure, numbers
from cxresearch.stats.design import Codes, Design, Floats, sample_design
from cxresearch.stats.survey import Estimates, cells, domain_means, domain_totals

__all__ = ["Answers", "By", "Columns", "Names", "ordered_levels", "read_answers", "used_columns"]

By = str | Sequence[str] | None
Names = str | Sequence[str] | None
Mask = npt.NDArray[np.bool_]
IDS = ("account_id", "customer_id")
# More columns than this are not listed in a message.
MOST_NAMES = 12
# A result frame's own columns: a grouping column of such a name would be lost in it.
RESERVED = ("n", "n_customers", "n_eff", "estimate", "std_error", "conf_low", "conf_high", "flag")


@dataclass(frozen=True)
class Columns:
    """Names of the columns that hold the sampling design; a list of names is one a stage."""

    weight: str | None = None
    strata: str | None = None
    cluster: Names = None
    fpc: Names = None


@dataclass(frozen=True)
class Answers:
    """The answers of a frame as arrays over its rows.

    Attributes
    ----------
    votes
        (n,) numbers to be averaged, NaN where there is no answer or no weight.
    group
        (n,) code of the group, -1 where a grouping column is missing.
    groups
        One row a group, sorted: the grouping columns.
    weight, strata, clusters, populations
        (n,) arrays of the sampling design; the last two one a stage.
    unit
        (n,) code of the account, else the customer; None where each row is one of its own.
    customer
        (n,) code of the customer; None likewise.
    """

    votes: Floats
    group: Codes
    groups: pd.DataFrame
    weight: Floats
    strata: Codes | None
    clusters: tuple[Codes, ...]
    populations: tuple[Floats, ...]
    unit: Codes | None
    customer: Codes | None

    def design(self, rows: Mask | None = None, *, finite: bool = True) -> Design:
        """Return the sampling design of some rows taken as a sample of their own, all rows by default."""
        taken = slice(None) if rows is None else rows
        return sample_design(
            len(self.votes[taken]),
            weight=self.weight[taken],
            strata=None if self.strata is None else self.strata[taken],
            cluster=[codes[taken] for codes in self.clusters] or None,
            fpc=[column[taken] for column in self.populations] if finite and self.populations else None,
        )

    def estimates(self, measure: Measure, rows: Mask | None = None) -> Estimates:
        """Return the mean vote, or the total, of each group."""
        taken = slice(None) if rows is None else rows
        customer = None if self.customer is None else self.customer[taken]
        estimate = domain_totals if measure.kind == "total" else domain_means
        return estimate(self.votes[taken], self.design(rows), self.group[taken], len(self.groups), customer=customer)

    def customers(self, found: Estimates, rows: Mask | None = None) -> npt.NDArray[np.intp]:
        """Return the distinct accounts or customers with an answer in each group; `found` are its estimates."""
        if self.unit is None:
            return found.n
        if self.strata is None and self.clusters[0] is self.unit:
            return found.n_units
        used = ~np.isnan(self.votes) & (self.group >= 0) & (True if rows is None else rows)
        return np.bincount(cells(self.group[used], self.unit[used]).domain, minlength=len(self.groups))


def used_columns(responses: pd.DataFrame, measure: Measure, by: By, columns: Columns) -> list[str]:
    """Return the columns of a frame that a metric reads.

    Raises
    ------
    KeyError
        If one that is named is missing.
    TypeError
        If the frame is none.
    ValueError
        If a name stands for several columns, or cannot be a grouping column.
    """
    if not isinstance(responses, pd.DataFrame):
        raise TypeError(f"responses: found a {type(responses).__name__}; it is a pandas DataFrame, one row an answer.")
    design = [columns.weight, columns.strata, *_listed(columns.cluster), *_listed(columns.fpc)]
    named = [measure.column, *_grouping(by), *(name for name in design if name is not None)]
    used = list(dict.fromkeys([*named, *(name for name in IDS if name in responses)]))
    for name in used:
        _check_column(responses, name)
    return used


def read_answers(responses: pd.DataFrame, measure: Measure, by: By, columns: Columns) -> Answers:
    """Return a frame's answers as arrays.

    Raises
    ------
    KeyError
        If a column is missing.
    TypeError
        If the frame is none, or a column that must hold numbers does not.
    ValueError
        If an answer is off its scale, a weight is negative or missing, or a stratum is missing.
    """
    responses = responses[used_columns(responses, measure, by, columns)]
    keys = _listed(by)
    votes = measure.votes(responses[measure.column])
    weight = np.ones(len(votes))
    if columns.weight is not None:
        weight = _weights(responses[columns.weight], columns.weight, votes)
        votes = np.where(weight > 0, votes, np.nan)
    group, groups = _groups(responses, keys)
    customer = _identified(responses, "customer_id")
    unit = _identified(responses, "account_id", customer) if "account_id" in responses else customer
    clusters = tuple(_own_where_blank(_coded(responses[name])[0]) for name in _listed(columns.cluster))
    return Answers(
        votes=votes,
        group=group,
        groups=groups,
        weight=weight,
        strata=None if columns.strata is None else _strata(responses[columns.strata], columns.strata),
        clusters=clusters or (() if unit is None else (unit,)),
        populations=tuple(numbers(responses[name], name) for name in _listed(columns.fpc)),
        unit=unit,
        customer=customer,
    )


def ordered_levels(column: pd.Series) -> tuple[Codes, pd.Index]:
    """Return the code of each cell's level, -1 where missing, and the levels in their natural order.

    Examples
    --------
    >>> codes, levels = ordered_levels(pd.Series(["10+", "3–10", None]))
    >>> codes.tolist(), levels.tolist()
    ([1, 0, -1], ['3–10', '10+'])
    """
    of_row, found = _coded(column)
    order = _natural_order(found)
    # One place more than there are levels: a missing cell's code of -1 takes the last.
    rank = np.full(len(order) + 1, -1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank[of_row], found.take(order)


def _listed(names: Names) -> list[str]:
    """Return names as a list."""
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _grouping(by: By) -> list[str]:
    """Return the grouping columns."""
    keys = _listed(by)
    if len(set(keys)) < len(keys):
        raise ValueError(f"by: found {keys}; each column may be named once.")
    if taken := [name for name in keys if name in RESERVED]:
        raise ValueError(f"by: {taken[0]!r} is the name of a result column; rename the grouping column.")
    return keys


def _check_column(responses: pd.DataFrame, name: str) -> None:
    """Refuse a column that a frame lacks or has twice."""
    if name not in responses.columns:
        has = ", ".join(map(str, responses.columns[:MOST_NAMES])) + (", …" * (len(responses.columns) > MOST_NAMES))
        raise KeyError(f"the responses have no column {name!r}; they have {has or 'none'}.")
    if not isinstance(responses[name], pd.Series):
        raise ValueError(f"the responses have several columns named {name!r}; rename all but one.")


def _weights(column: pd.Series, name: str, votes: Floats) -> Floats:
    """Return the weights; those of rows without an answer do not matter."""
    weight = numbers(column, name)
    answered = ~np.isnan(votes)
    wrong = answered & ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        raise ValueError(
            f"weight {name!r}: {int(wrong.sum())} of {int(answered.sum())} answers have a missing, negative or "
            "infinite weight; mend it, or give 0 to leave an answer out."
        )
    return np.where(answered, weight, 0.0)


def _strata(column: pd.Series, name: str) -> Codes:
    """Return the codes of strata."""
    codes, _ = _coded(column)
    if (codes < 0).any():
        raise ValueError(
            f"strata {name!r}: {int((codes < 0).sum())} of {len(codes)} rows have no stratum; give each one."
        )
    return codes


def _coded(column: pd.Series) -> tuple[Codes, pd.Index]:
    """Return codes of a column's values, -1 where missing, and the values; a category's own codes are taken as is."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = pd.CategoricalIndex(column.cat.categories, dtype=column.dtype)
        return column.cat.codes.to_numpy(dtype=np.intp), levels
    return pd.factorize(column)


def _identified(responses: pd.DataFrame, name: str, otherwise: Codes | None = None) -> Codes | None:
    """Return codes of the ids in a column, where blank those of `otherwise`; None if all rows differ."""
    n = len(responses)
    if name not in responses:
        return otherwise
    codes, ids = _coded(responses[name])
    if pd.api.types.is_string_dtype(ids.dtype):
        empty = np.flatnonzero(np.asarray(ids == ""))
        codes = np.where(np.isin(codes, empty), -1, codes) if len(empty) else codes
    if otherwise is None:
        return None if len(ids) == n else _own_where_blank(codes)
    blank = codes < 0
    if not blank.any():
        return codes
    _, others = np.unique(otherwise[blank], return_inverse=True)
    codes = codes.copy()
    codes[blank] = codes.max(initial=-1) + 1 + others
    return codes


def _own_where_blank(codes: Codes) -> Codes:
    """Return codes in which every blank is a unit of its own."""
    blank = codes < 0
    if not blank.any():
        return codes
    codes = codes.copy()
    codes[blank] = codes.max(initial=-1) + 1 + np.arange(blank.sum())
    return codes


def _groups(responses: pd.DataFrame, keys: list[str]) -> tuple[Codes, pd.DataFrame]:
    """Return each row's group and the groups in their natural order; all rows are one group without keys."""
    if not keys:
        return np.zeros(len(responses), dtype=np.intp), pd.DataFrame(index=range(1))
    code, missing = np.zeros(len(responses), dtype=np.intp), np.zeros(len(responses), dtype=bool)
    levels = []
    for key in keys:
        of_row, found = ordered_levels(responses[key])
        levels.append(found)
        missing |= of_row < 0
        code = code * max(len(found), 1) + np.maximum(of_row, 0)
    seen, group = np.unique(code[~missing], return_inverse=True) if missing.any() else _compact(code)
    of_row = np.full(len(responses), -1, dtype=np.intp)
    of_row[~missing] = group
    return of_row, _labels(seen, keys, levels)


def _compact(code: Codes) -> tuple[Codes, Codes]:
    """Return the distinct codes in order and each row's place among them, without sorting where codes are few."""
    n_codes = int(code.max(initial=-1)) + 1
    if n_codes > len(code):
        return np.unique(code, return_inverse=True)
    present = np.bincount(code, minlength=n_codes) > 0
    return np.flatnonzero(present), (np.cumsum(present) - 1)[code]


def _labels(seen: Codes, keys: list[str], levels: list[pd.Index]) -> pd.DataFrame:
    """Return the grouping columns of the combinations that occur."""
    labels, rest = {}, seen
    for key, found in reversed(list(zip(keys, levels, strict=True))):
        rest, place = np.divmod(rest, max(len(found), 1))
        labels[key] = pd.Series(found.take(place))
    return pd.DataFrame({key: labels[key] for key in keys}, index=range(len(seen)))


def _natural_order(levels: pd.Index) -> npt.NDArray[np.intp]:
    """Return the order of distinct values: categories as declared, text with its numbers by size, others by value."""
    if isinstance(levels.dtype, pd.CategoricalDtype):
        return np.argsort(pd.Categorical(levels).codes, kind="stable")
    if not (pd.api.types.is_numeric_dtype(levels.dtype) or hasattr(levels.dtype, "freq") or levels.dtype.kind in "mM"):
        keys = [_natural_key(str(level)) for level in levels]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.intp)
    return np.asarray(pd.Series(levels).argsort(kind="stable"))


def _natural_key(text: str) -> list[str | int]:
    """Return text cut at its numbers, so that 3–10 comes before 10+."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", text))]
