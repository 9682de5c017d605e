"""What is known of the population: shares of levels as written, matched to the rows of a frame."""

from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from cxresearch.stats.design import Codes, Floats
from cxresearch.stats.raking import cross_table
from cxresearch.strict_yaml import StudyError, nearest

__all__ = [
    "Levels",
    "Margin",
    "MarginName",
    "Margins",
    "base_weights",
    "check_columns",
    "coded",
    "margins_from",
    "read",
]

# Levels are of any hashable type, names a column or a tuple of columns; a mapping takes no narrower type of key.
Levels: TypeAlias = Mapping[Any, float] | pd.Series
MarginName: TypeAlias = str | tuple[str, ...]
Margins: TypeAlias = Mapping[Any, Levels]

# Shares may miss 1 by rounding error, not by more.
SUM_TOLERANCE = 1e-6
# Numbers that are not all whole are counts, or per cent, only from this sum on.
COUNTS_FROM = 10.0


@dataclass(frozen=True)
class Margin:
    """One margin, matched to the rows of a frame.

    Attributes
    ----------
    name
        The column, or columns joined by " × ".
    levels
        Names of its levels, in the order of their codes.
    target
        (levels,) shares in the population, summing to 1.
    code
        (n,) level of each row, -1 where it is not known.
    order
        (levels,) codes in the order in which the margin was written.
    """

    name: str
    levels: list[Hashable]
    target: Floats
    code: Codes
    order: Codes

    @property
    def labels(self) -> list[str]:
        """Levels as they are written in a table, in the order of their codes."""
        return [_written(level) for level in self.levels]

    def closed(self, base: Floats | None) -> tuple[Codes, Floats]:
        """Return codes and targets without a gap: rows of unknown level are one more, which keeps its base weight."""
        unknown = self.code < 0
        if not unknown.any():
            return self.code, self.target
        share = float(unknown.mean() if base is None else base[unknown].sum() / base.sum())
        return np.where(unknown, len(self.levels), self.code), np.append(self.target * (1 - share), share)


def read(frame: pd.DataFrame, margins: Margins) -> list[Margin]:
    """Return margins matched to the rows of a frame.

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        If shares do not sum to 1, levels are unknown, or a level has no respondent.
    """
    if not len(frame):
        raise StudyError("weights: the frame holds no rows, so there is nothing to weight.")
    if not margins:
        raise StudyError("margins: found none; give at least one column with the shares of its levels.")
    names = [(name,) if isinstance(name, str) else tuple(name) for name in margins]
    check_columns(frame, [column for columns in names for column in columns])
    # Coding the levels takes most of the time of a raking, and Arrow codes several columns at once.
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda columns: coded(frame, columns), names))
    return [_margin(columns, levels, *one) for columns, levels, one in zip(names, margins.values(), found, strict=True)]


def margins_from(
    customers: pd.DataFrame,
    by: Sequence[str | Sequence[str]],
    *,
    period: tuple[pd.Timestamp, pd.Timestamp] | None = None,
) -> dict[MarginName, pd.Series]:
    """Return the shares of the customer list, to be raked to.

    Parameters
    ----------
    customers
        One row a customer. For `period` it needs `since`, and `churned_at` if customers who left are still on the list.
    by
        Columns; a list of columns within the list makes one interlocked margin.
    period
        First moment of the period and first moment after it: only those count who were customers at some time between.
        None, or a list without `since`, counts everyone on the list.

    Returns
    -------
    dict
        One Series a margin, level to share; customers whose level is blank count for no level.

    Raises
    ------
    KeyError
        If a column is missing.
    StudyError
        If nobody was a customer in the period.

    Examples
    --------
    >>> customers = pd.DataFrame({"plan": ["Basic", "Basic", "Basic", "Pro"]})
    >>> margins_from(customers, ["plan"])["plan"].to_dict()
    {'Basic': 0.75, 'Pro': 0.25}
    """
    names = [name if isinstance(name, str) else tuple(name) for name in by]
    check_columns(customers, [column for name in names for column in ([name] if isinstance(name, str) else name)])
    if period is not None and "since" in customers:
        joined, left = customers["since"], customers.get("churned_at")
        there = ~joined.ge(period[1])
        customers = customers[there if left is None else there & ~left.lt(period[0])]
    if customers.empty:
        raise StudyError("customers: nobody on the list was a customer in the period, so it gives no margins.")
    return {
        name: customers.groupby([name] if isinstance(name, str) else list(name)).size().pipe(lambda n: n / n.sum())
        for name in names
    }


def check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse columns that a frame lacks, has twice, or that are named twice in one margin."""
    for column in columns:
        if column not in frame:
            raise KeyError(f"the frame has no column {column!r}; {nearest(column, [str(name) for name in frame])}.")
        if not isinstance(frame[column], pd.Series):
            raise ValueError(f"the frame has several columns named {column!r}; rename all but one.")


def base_weights(frame: pd.DataFrame, base: str | None) -> Floats | None:
    """Return the base weights in a column; None where all rows count alike."""
    if base is None:
        return None
    check_columns(frame, [base])
    if not pd.api.types.is_numeric_dtype(frame[base]):
        raise TypeError(f"base {base!r} holds no numbers.")
    weight = frame[base].to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.isfinite(weight) & (weight > 0))
    if wrong.any():
        raise StudyError(
            f"base {base!r}: {int(wrong.sum())} of {len(weight)} weights are missing, zero, negative or infinite; mend "
            "them, or leave those rows out before weighting."
        )
    return weight


def coded(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[Codes, list[Hashable]]:
    """Return each row's code, -1 where a column is missing, and the levels (tuples of them for several columns)."""
    parts = [_factorized(frame[column]) for column in columns]
    if len(parts) == 1:
        return parts[0]
    known = np.logical_and.reduce([code >= 0 for code, _ in parts])
    code = np.full(len(frame), -1)
    if not known.any():
        return code, []
    table = cross_table([part[known] for part, _ in parts], [len(levels) for _, levels in parts])
    code[known] = table.of_row
    named = [[levels[i] for i in level] for (_, levels), level in zip(parts, table.levels, strict=True)]
    return code, list(zip(*named, strict=True))


def _factorized(column: pd.Series) -> tuple[Codes, list[Hashable]]:
    """Return the codes of a column and its levels."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories().cat
        return used.codes.to_numpy(dtype=np.intp), list(used.categories)
    code, levels = pd.factorize(column)
    return code, list(levels)


def _margin(columns: tuple[str, ...], levels: Levels, code: Codes, found: list[Hashable]) -> Margin:
    """Return one margin; `code` and `found` are the frame's own levels."""
    name = " × ".join(columns)
    shares = _shares(levels, name)
    place = {level: number for number, level in enumerate(shares.index)}
    unknown = [number for number, level in enumerate(found) if level not in place]
    if unknown:
        raise StudyError(
            f"margin {name!r}: {int(np.isin(code, unknown).sum())} of {len(code)} rows hold {len(unknown)} level(s) "
            f"without a share above 0 (it has {_listed(list(place))}); add their shares, or merge those levels."
        )
    if missing := [level for level in place if level not in set(found)]:
        raise StudyError(
            f"margin {name!r}: no row has the level {_written(missing[0])!r} ({shares.iloc[place[missing[0]]]:.1%} of "
            "the population), so that no weight can stand for it; merge it with a neighbouring level, in the frame and "
            "in the margin."
        )
    # The frame's own codes stay as they are; putting a few shares into their order is cheaper than recoding all rows.
    order = np.array([place[level] for level in found])
    return Margin(name, found, shares.to_numpy()[order], code, np.argsort(order))


def _shares(levels: Levels, name: str) -> pd.Series:
    """Return the positive shares of a margin, summing to 1, from shares or counts."""
    try:
        given = pd.Series(levels, dtype=float)
    except (TypeError, ValueError):
        raise StudyError(f"margin {name!r}: shares are numbers, as {{A: 0.2, B: 0.8}}.") from None
    if given.empty or not (np.isfinite(given) & (given >= 0)).all() or not given.sum():
        raise StudyError(f"margin {name!r}: shares are positive numbers, at least one; found missing or negative ones.")
    if given.index.has_duplicates:
        raise StudyError(f"margin {name!r}: a level stands twice; give each one share.")
    total = given.sum()
    counts = total >= COUNTS_FROM or (given == given.round()).all()
    if abs(total - 1) > SUM_TOLERANCE and not counts:
        raise StudyError(f"margin {name!r}: the shares sum to {total:g}; they must sum to 1, or be counts.")
    return (given / total)[given > 0]


def _written(level: Hashable) -> str:
    """Return a level as it is written in a table."""
    return " × ".join(map(str, level)) if isinstance(level, tuple) else str(level)


def _listed(levels: list[Hashable], most: int = 12) -> str:
    """Return the names of some levels."""
    return ", ".join(map(_written, levels[:most])) + (", …" if len(levels) > most else "")
