"""Tables and queries of DuckDB and PostgreSQL, read through Ibis in batches and never written."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from cxresearch.cache import store
from cxresearch.database import DatabaseTable, no_table, reach, told
from cxresearch.intake.parquet import Needed, typed_frame
from cxresearch.intake.source import Source, refuse_double
from cxresearch.strict_yaml import StudyError

if TYPE_CHECKING:
    import ibis.expr.types as ir

BATCH = 50_000
KIND = "tables"
# What a DuckDB file begins with, after a checksum.
MARK, MARK_AT = b"DUCK", 8
# What of DuckDB's complaints names only what the query names; others may quote values.
ABOUT_THE_QUERY = ("CatalogException", "BinderException", "ParserException")


def read_database(source: DatabaseTable, needed: Needed = list) -> Source:
    """Return the rows of a table or query, typed as they are; arrays, JSON and other odd types come as text.

    Parameters
    ----------
    source
        The table or query. Rows are fetched 50,000 at a time into a nameless file, that is read column by column.
    needed
        Gives, of the names of all columns, those to read; all by default. The others are named in `unread`.

    Raises
    ------
    StudyError
        If the database cannot be reached or read, two columns bear the same name, or there is no row.
    """
    try:
        # Without a name nothing is left of it, however the program ends.
        with TemporaryFile(dir=store().folder(KIND)) as file:
            with _duckdb(source) if source.file else _postgresql(source) as connection:
                rows = _rows(source, connection)
                names = list(rows.columns)
                rows = rows.select(needed(names))
                endless = [name for name, kind in rows.schema().items() if kind.is_decimal() and kind.precision is None]
                _write(_batches(_readable(rows), connection), file)
            frame, _ = typed_frame(file, source.name, list)
    except pa.ArrowException as error:
        raise StudyError(
            f"{source.place}: the {source.name} holds a column of a type that cannot be read "
            f"({type(error).__name__}); write a `query:` that casts it to text."
        ) from None
    if frame.empty:
        raise StudyError(f"{source.place}: the {source.name} has columns and no rows.")
    # Numbers of any length fit no type of Arrow; they came as text, and are numbers all the same.
    numbers = {name: frame[name].map(Decimal, na_action="ignore").astype(object) for name in endless}
    return Source(source.name, frame.assign(**numbers), unread=[name for name in names if name not in frame])


def _write(batches: pa.RecordBatchReader, file: IO[bytes]) -> None:
    """Write batches of rows as they come into a Parquet file."""
    from pyarrow import parquet

    with parquet.ParquetWriter(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


@contextmanager
def _postgresql(source: DatabaseTable) -> Iterator[Any]:
    """Open a read-only session of Ibis on a server, and close it."""
    import ibis

    given = reach(source)
    with told(source):
        connection = ibis.postgres.connect(database=given.pop("dbname"), **given)
        try:
            yield connection
        finally:
            connection.disconnect()


@contextmanager
def _duckdb(source: DatabaseTable) -> Iterator[Any]:
    """Open a DuckDB file with Ibis, read-only and with no way to other files, and close it."""
    import duckdb
    import ibis

    _refuse_other_files(source)
    shut: dict[str, Any] = {"read_only": True, "enable_external_access": False, "temp_directory": ""}
    with warnings.catch_warnings():
        # Ibis 12 calls by its old name what DuckDB 2 has renamed.
        warnings.filterwarnings("ignore", r"fetch_arrow_table\(\)", DeprecationWarning, r"ibis\.backends\.duckdb")
        try:
            connection = ibis.duckdb.connect(str(source.file), **shut)
            try:
                yield connection
            finally:
                connection.disconnect()
        except duckdb.Error as error:
            raise StudyError(f"{source.place}: {_complaint(error, source)}.") from None


def _refuse_other_files(source: DatabaseTable) -> None:
    """Raise if a file is no DuckDB file: DuckDB would look into a CSV file, too."""
    with Path(str(source.file)).open("rb") as file:
        if file.read(16)[MARK_AT:].startswith(MARK):
            return
    raise StudyError(
        f"{source.place}: {Path(str(source.file)).name} is no DuckDB file; name a CSV or Parquet file without duckdb:///."
    )


def _rows(source: DatabaseTable, connection: Any) -> "ir.Table":
    """Return the rows as Ibis sees them."""
    from ibis.common.exceptions import TableNotFound

    if source.query:
        columns = _columns(source, connection)
        refuse_double([name for name, _ in columns], source.name)
        kinds = {name: connection.compiler.type_mapper.from_string(kind) for name, kind in columns}
        # What Ibis does not know, such as the type of a user's own, comes as text in any case.
        known = {name: "string" if kind.is_unknown() else kind for name, kind in kinds.items()}
        return connection.sql(source.select, schema=known)
    try:
        return connection.table(source.relation, database=source.schema or None)
    except TableNotFound:
        raise StudyError(f"{source.place}: {no_table(source, _tables(connection))}.") from None


def _columns(source: DatabaseTable, connection: Any) -> list[tuple[str, str]]:
    """Return names and types of a query's columns: Ibis would make a view to learn them, and none may be made."""
    if source.file:
        relation = connection.con.sql(source.select)
        return [(name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)]
    none = f"SELECT * FROM ({source.select}\n) AS read_rows LIMIT 0"
    return [(column.name, column.type_display) for column in connection.con.execute(none, prepare=True).description]


def _readable(rows: "ir.Table") -> "ir.Table":
    """Return rows whose columns are of types that a frame can hold as they are; others become text."""
    odd = {name: "string" for name, kind in rows.schema().items() if not _is_plain(kind)}
    return rows.cast(odd) if odd else rows


def _is_plain(kind: Any) -> bool:
    """Return whether a frame can hold a type as it is."""
    if kind.is_decimal():
        return kind.precision is not None
    return (
        kind.is_string() or kind.is_numeric() or kind.is_boolean() or kind.is_date() or kind.is_timestamp()
    ) and not kind.is_json()


def _batches(rows: "ir.Table", connection: Any) -> pa.RecordBatchReader:
    """Return rows in batches."""
    if connection.name == "postgres":
        return connection.to_pyarrow_batches(rows, chunk_size=BATCH)
    # Ibis 12 asks for batches by a name that DuckDB 2 no longer has.
    return connection.con.sql(connection.compile(rows)).to_arrow_reader(BATCH)


def _tables(connection: Any) -> list[str]:
    """Return the tables of a DuckDB file or server, with their schemas."""
    known = connection.con.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables")
    return [str(name) for (name,) in known.fetchall()]


def _complaint(error: Exception, source: DatabaseTable) -> str:
    """Return what DuckDB complained of."""
    kind = type(error).__name__
    if kind == "PermissionException":
        return f"the {source.name} reaches beyond the database file; it may only read tables of that file"
    if kind == "IOException":
        return (
            f"{source.file.name if source.file else source.name} cannot be opened; see that no other program is "
            "writing to it and that its version of DuckDB is not newer than this one"
        )
    if kind in ABOUT_THE_QUERY:
        return f"the {source.name} cannot be read: {str(error).splitlines()[0]}"
    return f"the {source.name} cannot be read ({kind}); try the query in the database itself"
