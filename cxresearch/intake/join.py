"""The one place where tables are joined, with every loss counted."""

from typing import Literal

import pandas as pd

AUDIT = ["join", "on", "rows_before", "rows_after", "matched", "unmatched", "blank"]


def join(
    left: pd.DataFrame, right: pd.DataFrame, on: str | list[str], *, name: str, validate: Literal["m:1", "1:1"] = "m:1"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return left rows with the columns of right, and what the join did.

    Parameters
    ----------
    left
        Every row is kept, in order.
    right
        At most one row a key; its columns but the keys must be new to `left`.
    on
        Key column or columns, in both. Blank keys never match.
    name
        What is joined to what, for the audit.
    validate
        `m:1` or `1:1`.

    Returns
    -------
    tuple of pandas.DataFrame
        The joined frame, and one audit row: `join`, `on`, `rows_before`, `rows_after`, `matched`, `unmatched`, `blank`.

    Raises
    ------
    ValueError
        If a key stands twice where it must not.
    """
    keys = [on] if isinstance(on, str) else list(on)
    given = right.dropna(subset=keys)
    double = int(given.duplicated(keys).sum())
    if double:
        raise ValueError(
            f"{name}: {double} keys stand more than once on the right side; a {validate} join needs one row a key."
        )
    blank = left[keys].isna().any(axis=1)
    joined = left.merge(given, on=keys, how="left", validate=validate, indicator="_side").set_axis(left.index)
    # A missing key would match nothing on the right, whose blank keys are gone, so blanks count as unmatched by design.
    matched = joined.pop("_side").eq("both")
    if len(joined) != len(left):
        raise ValueError(f"{name}: {len(left)} rows became {len(joined)}; a join never makes or loses rows.")
    row = [
        name,
        ", ".join(keys),
        len(left),
        len(joined),
        int(matched.sum()),
        int((~matched & ~blank).sum()),
        int(blank.sum()),
    ]
    return joined, pd.DataFrame([row], columns=AUDIT)
