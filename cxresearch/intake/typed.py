"""Files whose columns have types: Parquet and SPSS."""

from pathlib import Path
from typing import Any

import pandas as pd

from cxresearch.intake.source import Source, one_line, refuse_double
from cxresearch.strict_yaml import StudyError


def read_parquet(path: Path) -> Source:
    """Return a Parquet file, typed as it is; whole numbers stay whole where some are missing.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    StudyError
        If it cannot be read or two columns bear the same name.
    """
    import pyarrow as pa
    from pyarrow import parquet

    # By default whole numbers with blanks become floats, and an id of 17 digits loses its last.
    whole = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.int32(): pd.Int32Dtype()}
    try:
        table = parquet.ParquetFile(path).read()
        names = [str(name) for name in table.column_names]
        refuse_double(names, path.name)
        # The notes of pandas in the file would turn columns into an index, where nobody looks for them.
        frame = table.to_pandas(types_mapper=whole.get, ignore_metadata=True)
    except (pa.ArrowException, OSError) as error:
        raise StudyError(
            f"{path.name}: is no readable Parquet file ({type(error).__name__}); export it again."
        ) from None
    _refuse_empty(frame, path)
    return Source(path.name, frame.set_axis(names, axis=1).set_axis(range(1, len(frame) + 1)))


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
    _refuse_empty(frame, path)
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


def _refuse_empty(frame: pd.DataFrame, path: Path) -> None:
    """Raise if there is no row."""
    if frame.empty:
        raise StudyError(f"{path.name}: there are columns and no rows.")
