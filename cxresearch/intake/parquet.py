"""Parquet files: typed as they are, a column at a time, and only the columns that are asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cxresearch.intake.source import Source, refuse_double, refuse_empty
from cxresearch.strict_yaml import StudyError

# From the names of all columns those that are needed.
Needed = Callable[[list[str]], list[str]]
SMALL = (pa.int8(), pa.int16(), pa.int32())
WHOLE = {pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype()}
WHOLE |= {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}


def read_parquet(path: Path, needed: Needed = list) -> Source:
    """Return a Parquet file, typed as it is; whole numbers stay whole where some are missing.

    Parameters
    ----------
    path
        The file.
    needed
        Gives, of the names of its columns, those to read; all by default. The others are named in `unread`.

    Raises
    ------
    StudyError
        If it cannot be read or two columns bear the same name.
    """
    try:
        with path.open("rb") as file:
            frame, names = typed_frame(file, path.name, needed)
    except StudyError:
        raise
    # A ValueError: a date that no calendar has.
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StudyError(
            f"{path.name}: is no readable Parquet file ({type(error).__name__}); export it again."
        ) from None
    refuse_empty(frame, path)
    return Source(path.name, frame, unread=[name for name in names if name not in frame])


def typed_frame(file: IO[bytes], name: str, needed: Needed) -> tuple[pd.DataFrame, list[str]]:
    """Return the needed columns of a Parquet file, rows numbered from 1, and the names of all its columns."""
    from pyarrow import parquet

    given = parquet.ParquetFile(file)
    names = [str(column) for column in given.schema_arrow.names]
    refuse_double(names, name)
    # One column is turned at a time, so that never two copies of the whole table are held.
    columns = {column: _typed(given.read([column]), column) for column in needed(names)}
    return pd.DataFrame(columns, index=pd.RangeIndex(1, given.metadata.num_rows + 1), copy=False), names


def _typed(table: pa.Table, name: str) -> pd.Series:
    """Return a column typed as it is; whole numbers stay whole where some are missing, in as few bytes as hold them."""
    # By default whole numbers with blanks become floats, and an id of 17 digits loses its last.
    column = table.column(name)
    if pa.types.is_signed_integer(column.type):
        column = column.cast(_smallest(column))
    cells = pa.table({name: column}).to_pandas(types_mapper=WHOLE.get)[name]
    return cells.set_axis(pd.RangeIndex(1, len(cells) + 1))


def _smallest(column: pa.ChunkedArray) -> pa.DataType:
    """Return the smallest type that holds a column's whole numbers."""
    ends = pc.min_max(column).as_py()
    low, high = ends["min"] or 0, ends["max"] or 0
    fits = (kind for kind in SMALL if -(1 << (kind.bit_width - 1)) <= low and high < 1 << (kind.bit_width - 1))
    return next(fits, pa.int64())
