"""SPSS files: codes, labels, wordings and declared missing values."""

from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.intake.platforms import one_line
from cxresearch.intake.source import Source, refuse_empty
from cxresearch.strict_yaml import StudyError


def read_sav(path: Path) -> Source:
    """Return an SPSS file: codes as they are, with labels, wordings and declared missing values beside them.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    StudyError
        If it cannot be read.
    """
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_sav(path, user_missing=True, dates_as_pandas_datetime=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, ValueError, OverflowError) as error:
        raise StudyError(
            f"{path.name}: is no readable SPSS file ({type(error).__name__}); save it again as .sav."
        ) from None
    refuse_empty(frame, path)
    missing = {name: _declared(frame[name], ranges) for name, ranges in meta.missing_ranges.items()}
    return Source(
        path.name,
        frame.set_axis(range(1, len(frame) + 1)),
        {name: one_line(text) for name, text in meta.column_names_to_labels.items() if text},
        labels=meta.variable_value_labels,
        missing=missing,
    )


def _declared(cells: pd.Series, ranges: list[Any]) -> list[Any]:
    """Return the values of a column that lie in its ranges of missing ones."""
    limits = [(part["lo"], part["hi"]) if isinstance(part, dict) else (part, part) for part in ranges]
    given = cells.dropna().unique()
    # A date may have ranges of plain numbers; none of its values can lie in them.
    return [
        value
        for value in given
        if any(isinstance(value, str) == isinstance(low, str) and _within(value, low, high) for low, high in limits)
    ]


def _within(value: Any, low: Any, high: Any) -> bool:
    """Return whether a value lies in a range; values of another kind never do."""
    if isinstance(value, str):
        return low.strip() <= value.strip() <= high.strip()
    return isinstance(value, int | float) and low <= value <= high
