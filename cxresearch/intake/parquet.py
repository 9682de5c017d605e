"""Parquet files: typed as they are."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from cxresearch.intake.source import Source, refuse_double, refuse_empty
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
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path).read()
        names = [str(name) for name in table.column_names]
        refuse_double(names, path.name)
        frame = typed_frame(table)
    except (pa.ArrowException, OSError) as error:
        raise StudyError(
            f"{path.name}: is no readable Parquet file ({type(error).__name__}); export it again."
        ) from None
    refuse_empty(frame, path)
    return Source(path.name, frame.set_axis(names, axis=1).set_axis(range(1, len(frame) + 1)))


def typed_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame, typed as it is; whole numbers stay whole where some are missing."""
    # By default whole numbers with blanks become floats, and an id of 17 digits loses its last.
    whole = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.int32(): pd.Int32Dtype()}
    # The notes of pandas in a file would turn columns into an index, where nobody looks for them.
    return table.to_pandas(types_mapper=whole.get, ignore_metadata=True)
