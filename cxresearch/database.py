"""A table or query of a database, as a study file declares it: checked, reached, and its rows told by one digest.

Nothing is written: a query is one SELECT that calls nothing beyond tables, and the session is read-only. No pandas and
no Ibis here: an unchanged report asks the server for a few numbers, not for rows.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from cxresearch.cache import digest, file_digest
from cxresearch.strict_yaml import StudyError, nearest

if TYPE_CHECKING:
    import psycopg

DUCKDB, POSTGRESQL = "duckdb://", ("postgres://", "postgresql://")
ADDRESSES = (DUCKDB, *POSTGRESQL)
PASSWORD = "CXRESEARCH_DB_PASSWORD"
PASSWORD_PLACES = f"in the environment, as PGPASSWORD or {PASSWORD}, or in ~/.pgpass"
# A password in any address, and one among its settings.
TELLS_PASSWORD = re.compile(r"://[^@]*:[^@]+@|[?&]password=", re.IGNORECASE)
# Functions of PostgreSQL that reach files, other servers or the session, or run text as SQL.
BEYOND_TABLES = re.compile(r"(pg_|lo_|dblink|set_config$|(query|cursor|table|schema|database)_to_xml)", re.IGNORECASE)
SECONDS_TO_CONNECT = 10
SECONDS_A_QUERY = 600
# Rows are hashed as text, so what shapes the text is fixed.
SESSION = {
    "default_transaction_read_only": "on",
    "statement_timeout": f"{SECONDS_A_QUERY}s",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
}
NO_RIGHT, READ_ONLY, TOOK_TOO_LONG, NO_TABLE = "42501", "25006", "57014", "42P01"
WRONG_QUERY = "42"


@dataclass(frozen=True)
class DatabaseTable:
    """A table or query of a database.

    Attributes
    ----------
    place
        Where the study file declares it, such as `tables.responses`.
    address
        `postgres://…` or `duckdb:///…`; never with a password.
    table, query
        `schema.name` or `name`, or one SELECT; the other is "".
    file
        The DuckDB file; None for a server.
    """

    place: str
    address: str
    table: str
    query: str
    file: Path | None = None

    @property
    def name(self) -> str:
        """What messages and lists call it: no host, no user."""
        return f"database table {self.table}" if self.table else "database query"

    @property
    def schema(self) -> str:
        """The schema that the table is said to be in; "" where none is said."""
        return self.table.rpartition(".")[0]

    @property
    def relation(self) -> str:
        """The name of the table without its schema."""
        return self.table.rpartition(".")[2]

    @property
    def select(self) -> str:
        """The SELECT that gives its rows."""
        if self.query:
            return self.query.rstrip("; \n\t")
        parts = [part for part in (self.schema, self.relation) if part]
        return "SELECT * FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def refuse_address(address: str) -> None:
    """Raise ValueError if an address holds a password, or is one of a database that cannot be read as it stands."""
    if "://" not in address:
        return
    if TELLS_PASSWORD.search(address):
        raise ValueError(f"the address holds a password; take it out, it belongs {PASSWORD_PLACES}")
    if not address.startswith(POSTGRESQL):
        return
    try:
        parts = urlsplit(address)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        port_is_number = False
    if not port_is_number or parts.fragment or not re.fullmatch(r"/[^/]+", parts.path):
        raise ValueError("the address of a server is written postgres://user@host:5432/database")
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name != "sslmode":
            raise ValueError(f"the address sets {name!r}; only sslmode may be set there")


def refuse_query(query: str, address: str) -> None:
    """Raise ValueError if a query is anything but one SELECT that only reads tables."""
    import sqlglot
    from sqlglot import exp

    # It warns of statements that it does not know; they are refused here.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = sqlglot.parse(query, read="duckdb" if address.startswith(DUCKDB) else "postgres")
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise ValueError("'query' cannot be read as SQL; write one SELECT") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("'query' is not one SELECT; write a single SELECT, or WITH … SELECT, and nothing after it")
    if statements[0].find(exp.DML, exp.Into, exp.Lock, exp.Command):
        raise ValueError("'query' would change or lock the database; it may only read")
    for call in statements[0].find_all(exp.Anonymous):
        if BEYOND_TABLES.match(call.name):
            raise ValueError(f"'query' calls {call.name}, which reaches beyond tables; it may only read these")


def fingerprint(source: DatabaseTable) -> str:
    """Return a digest that changes when the rows of a table or query change, and does not depend on their order.

    A DuckDB file is hashed as it lies there. A PostgreSQL server counts the rows and adds up the 64-bit hashes of
    their texts; no row leaves it.

    Parameters
    ----------
    source
        The table or query.

    Raises
    ------
    StudyError
        If the database cannot be reached or read.
    """
    if source.file:
        beside = source.file.with_name(f"{source.file.name}.wal")
        return digest([file_digest(file) for file in (source.file, beside) if file.is_file()])
    import psycopg

    with told(source), psycopg.connect(**reach(source)) as server:
        # Prepared statements are single ones: the server itself refuses a second.
        columns = server.execute(f"SELECT * FROM ({source.select}\n) AS read_rows LIMIT 0", prepare=True).description
        found = server.execute(
            "SELECT count(*), sum(hashtextextended(CAST(read_rows AS text), 0)::numeric)::text "
            f"FROM ({source.select}\n) AS read_rows",
            prepare=True,
        ).fetchone()
    return digest([(column.name, column.type_display) for column in columns or ()], list(found or ()))


def reach(source: DatabaseTable) -> dict[str, Any]:
    """Return how psycopg reaches a server, in a read-only session; the password comes from the environment alone."""
    parts: SplitResult = urlsplit(source.address)
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    given = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "dbname": unquote(parts.path.removeprefix("/")),
        "password": os.environ.get(PASSWORD),
        **dict(parse_qsl(parts.query)),
    }
    always = {"options": options, "connect_timeout": SECONDS_TO_CONNECT, "application_name": "cxresearch"}
    return {name: value for name, value in given.items() if value} | always


@contextmanager
def told(source: DatabaseTable) -> Iterator[None]:
    """Turn what PostgreSQL complains of into a sentence, without the values that it may quote."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        problem = _complaint(error, source) if error.sqlstate else _unreached(error)
        raise StudyError(f"{source.place}: {problem}.") from None


def _unreached(error: "psycopg.Error") -> str:
    """Return why no connection came about."""
    text = str(error)
    if "no password supplied" in text or "password authentication failed" in text:
        return f"the database refuses the user or the password; the password belongs {PASSWORD_PLACES}"
    if "does not exist" in text:
        return "the server has no such database or user; mend the address"
    if "pg_hba.conf" in text or "SSL" in text:
        return "the server does not let this user in from here; ask who runs it, or set ?sslmode=require"
    return "the database server cannot be reached; see that it runs and that the address is right"


def _complaint(error: "psycopg.Error", source: DatabaseTable) -> str:
    """Return what the server complained of."""
    state = error.sqlstate or ""
    if state == NO_RIGHT:
        return f"the user has no right to read the {source.name}; ask for SELECT on it"
    if state == READ_ONLY:
        return "the query would change the database; it may only read"
    if state == TOOK_TOO_LONG:
        return f"the {source.name} took over {SECONDS_A_QUERY // 60} minutes; read fewer rows by a `query:`"
    if state == NO_TABLE and source.table:
        return no_table(source, _tables(source))
    if state.startswith(WRONG_QUERY):
        # Complaints of this class name what the query names; those of others may quote values.
        return f"the {source.name} cannot be read: {error.diag.message_primary}"
    return f"the {source.name} cannot be read ({type(error).__name__}); try the query in the database itself"


def no_table(source: DatabaseTable, known: list[str]) -> str:
    """Return that a table is not there, and the nearest one that is."""
    return f"the database has no table {source.table!r} for this user; {nearest(source.table, known)}"


def _tables(source: DatabaseTable) -> list[str]:
    """Return the tables that the user may see, with their schemas."""
    import psycopg

    seen = (
        "SELECT table_schema || '.' || table_name FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    with psycopg.connect(**reach(source)) as server:
        return [str(name) for (name,) in server.execute(seen).fetchall()]
