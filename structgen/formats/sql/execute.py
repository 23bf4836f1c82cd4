"""Runs a query that only reads, on a real database that is held read-only while it runs.

In: a connection (sqlite3, psycopg, or SQLAlchemy's engine or connection over one of them) or the path of an SQLite file, and
SQL. Out: ``Rows``, or ``QueryError``: the database's own words, or the limit that the query met. The one idea: the guard is
one wall of several. SQLite is held by ``query_only``, an authorizer that allows reading and harmless functions, a
progress handler and length limits; PostgreSQL by a read-only transaction that is rolled back, ``statement_timeout`` and a
server-side cursor. All are taken away afterwards.

Caveats: an authorizer, progress handler of the caller's own on an sqlite3 connection are gone afterwards (there is no way to
ask for them); the connection must not be used from another thread meanwhile. Functions that the caller has added to the
database run with the caller's rights: allow them by name.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from structgen.errors import QueryError, SchemaError
from structgen.formats.sql.catalog import Catalog, Dialect, read_catalog
from structgen.formats.sql.guard import Query, guard
from structgen.formats.sql.guard_functions import FUNCTIONS
from structgen.formats.sql.guard_nodes import place

__all__ = ["Rows", "connected", "dialect_of", "prepare", "run"]

MAX_ROWS = 1_000
TIMEOUT_S = 5.0
MAX_BYTES = 16 << 20
"""Of all values of a result together, and of one value while SQLite computes it."""
STEPS = 1_000
"""Steps of SQLite's machine between two looks at the clock: some ten microseconds."""
FETCHED = 100
"""Rows fetched at a time."""
_READS = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE))

Parameters = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave. ``is_complete`` is False where there were more than ``max_rows``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_complete: bool = True


def run(connection: Any, sql: str, parameters: Parameters = (), *, max_rows: int = MAX_ROWS, timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES, functions: frozenset[str] = frozenset()) -> Rows:
    """The rows of a query that only reads; at most ``max_rows`` of them.

    Raises ``QueryError``: "not-read-only", "too-costly" or "syntax" before the database sees the text; "database" with its
    own words; "time-limit" after ``timeout_s`` seconds; "size-limit" for more than ``max_bytes`` bytes of values.
    ``functions``: names beside the built-in harmless ones, in lower case.
    """
    if max_rows < 1 or timeout_s <= 0 or max_bytes < 1:
        raise SchemaError(f"max_rows={max_rows}, timeout_s={timeout_s} and max_bytes={max_bytes} must be above 0")
    with connected(connection) as database:
        query = guard(sql, database.dialect, functions=functions)
        with database.held(timeout_s, max_bytes, functions), closing(database.rows(query, parameters)) as rows:
            return _fetched(rows, max_rows, max_bytes)


def prepare(connection: Any, sql: str, *, timeout_s: float = TIMEOUT_S, functions: frozenset[str] = frozenset()) -> None:
    """Lets the database compile a query without running it; ``QueryError`` with its own words where it cannot."""
    with connected(connection) as database:
        query = guard(sql, database.dialect, functions=functions)
        with database.held(timeout_s, MAX_BYTES, functions):
            database.prepare(query)


def dialect_of(connection: Any) -> str:
    """The dialect of a connection's database: "sqlite" or "postgres"; ``SchemaError`` for another."""
    with connected(connection) as database:
        return database.dialect


class Database(Protocol):
    """A database that can be held read-only. ``rows`` first yields the column names, then row by row."""

    dialect: Dialect
    connection: Any

    def catalog(self) -> Catalog:
        """What the database holds."""
        ...

    def held(self, timeout_s: float, max_bytes: int, functions: frozenset[str]) -> AbstractContextManager[None]: ...

    def prepare(self, query: Query) -> None: ...

    def rows(self, query: Query, parameters: Parameters) -> Generator[tuple[Any, ...], None, None]: ...


@contextmanager
def connected(connection: Any) -> Iterator[Database]:
    """The database behind a connection, an engine or a path."""
    module = type(connection).__module__.partition(".")[0]
    if isinstance(connection, sqlite3.Connection):
        yield SqliteDatabase(connection)
    elif isinstance(connection, str | Path):
        opened = _opened(Path(connection))
        try:
            yield SqliteDatabase(opened)
        finally:
            opened.close()
    elif module == "sqlalchemy" and callable(getattr(connection, "connect", None)):
        with connection.connect() as found, connected(found) as database:
            yield database
    elif module == "sqlalchemy" and hasattr(connection, "connection"):
        with connected(connection.connection.driver_connection) as database:
            yield database
    elif module == "psycopg" and hasattr(connection, "info") and hasattr(connection, "execute"):
        if "Async" in type(connection).__name__:
            raise SchemaError("an asynchronous connection cannot be read here", instead="pass psycopg.connect(…)")
        yield PostgresDatabase(connection)
    else:
        raise SchemaError(f"{type(connection).__module__}.{type(connection).__name__} is no database that can be held "
                          "read-only", instead="pass a connection of sqlite3 or psycopg, SQLAlchemy's engine over one of "
                          "them, or the path of an SQLite file")


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise SchemaError(f"there is no database {path}", instead="give the path of an SQLite file")
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise SchemaError(f"{path} cannot be read as an SQLite database", because=str(error)) from error
    return connection


def _fetched(rows: Iterator[tuple[Any, ...]], max_rows: int, max_bytes: int) -> Rows:
    columns = next(rows)
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        if len(found) == max_rows:
            return Rows(columns, tuple(found), is_complete=False)
        size += sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)
        if size > max_bytes:
            raise QueryError(f"the result has more than {max_bytes} bytes", kind="size-limit",
                             because=f"after {len(found)} rows", instead="select fewer columns or rows, or raise max_bytes")
        found.append(tuple(row))
    return Rows(columns, tuple(found))


def _too_slow(timeout_s: float) -> QueryError:
    return QueryError(f"the query takes longer than {timeout_s:g} seconds", kind="time-limit",
                      instead="join by keys, select fewer rows, or raise timeout_s")


# --- SQLite ---------------------------------------------------------------------------------------------------------------

class SqliteDatabase:
    """An sqlite3 connection."""

    dialect: Dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection: Any = connection

    def catalog(self) -> Catalog:
        return read_catalog(self.connection, self.dialect)

    @contextmanager
    def held(self, timeout_s: float, max_bytes: int, functions: frozenset[str]) -> Iterator[None]:
        connection = self.connection
        deadline = time.monotonic() + timeout_s
        limits = {sqlite3.SQLITE_LIMIT_LENGTH: max(max_bytes, 1_000_000), sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000}
        old = {limit: connection.getlimit(limit) for limit in limits}
        try:
            query_only = self._pragma("query_only")
            self._pragma("query_only = ON")
            # Its first use declares a table, which to an authorizer looks like a write.
            with suppress(sqlite3.Error):
                self._cursor().execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()
        except sqlite3.Error as error:
            raise QueryError("the database cannot be read", kind="database", because=str(error)) from error
        try:
            for limit, value in limits.items():
                connection.setlimit(limit, min(value, old[limit]))
            connection.set_authorizer(_authorizer(FUNCTIONS["sqlite"] | functions | {"->", "->>"}))
            connection.set_progress_handler(lambda: int(time.monotonic() > deadline), STEPS)
            with _sqlite_errors(deadline, timeout_s):
                yield
        finally:
            connection.set_progress_handler(None, 0)
            connection.set_authorizer(None)
            for limit, value in old.items():
                connection.setlimit(limit, value)
            self._pragma(f"query_only = {int(query_only)}")

    def prepare(self, query: Query) -> None:
        text = query.body if query.explains else f"EXPLAIN {query.body}"
        self._cursor().execute(text, _no_values(query)).close()

    def rows(self, query: Query, parameters: Parameters) -> Generator[tuple[Any, ...], None, None]:
        cursor = self._cursor()
        try:
            cursor.execute(query.body, parameters)
            yield tuple(column[0] for column in cursor.description or ())
            yield from cursor
        finally:
            cursor.close()

    def _cursor(self) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.connection.cursor()
        cursor.row_factory = None  # the caller's own may make anything of a row
        return cursor

    def _pragma(self, text: str) -> int:
        found = self._cursor().execute(f"PRAGMA {text}").fetchone()
        return int(found[0]) if found else 0


def _authorizer(functions: frozenset[str]) -> Callable[..., int]:
    def judge(action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in functions else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ and (first or "").lower().startswith("pragma_"):
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY

    return judge


@contextmanager
def _sqlite_errors(deadline: float, timeout_s: float) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        words = str(error)
        if words == "interrupted" or (time.monotonic() > deadline and isinstance(error, sqlite3.OperationalError)):
            raise _too_slow(timeout_s) from error
        if "too big" in words or isinstance(error, sqlite3.DataError):
            raise QueryError("a value is too long", kind="size-limit", because=words, instead="raise max_bytes") from error
        if "not authorized" in words or "prohibited" in words or "readonly" in words:
            raise QueryError("the database was asked for more than reading", kind="not-read-only", because=words) from error
        raise QueryError("the database refuses the query", kind="database", because=words) from error
    except (OverflowError, UnicodeError) as error:  # an integer of more than 64 bits as a parameter; text that is no UTF-8
        raise QueryError("a value that the database cannot take", kind="database", because=str(error)) from error


def _no_values(query: Query) -> Parameters:
    """NULL for every placeholder: a query is compiled without its values."""
    from sqlglot import exp

    marks = list(query.tree.find_all(exp.Placeholder, exp.Parameter))
    names = [mark.name for mark in marks if mark.name.isidentifier()]
    return dict.fromkeys(names) if names and len(names) == len(marks) else [None] * len(marks)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------------

class PostgresDatabase:
    """A connection of psycopg (3)."""

    dialect: Dialect = "postgres"

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._deadline = 0.0
        self._timeout_s = TIMEOUT_S

    def catalog(self) -> Catalog:
        with self.held(TIMEOUT_S, MAX_BYTES, frozenset()):
            return read_catalog(self.connection, self.dialect)

    @contextmanager
    def held(self, timeout_s: float, max_bytes: int, functions: frozenset[str]) -> Iterator[None]:
        import psycopg

        self._deadline, self._timeout_s = time.monotonic() + timeout_s, timeout_s
        try:
            # A savepoint where the caller has begun a transaction, else a transaction; either way nothing of it stays.
            with self.connection.transaction(force_rollback=True):
                self.connection.execute("SET LOCAL transaction_read_only = on")
                self._set_timeout()
                yield
        except psycopg.errors.QueryCanceled as error:
            raise _too_slow(timeout_s) from error
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise QueryError("the database was asked for more than reading", kind="not-read-only",
                             because=_primary(error)) from error
        except psycopg.Error as error:
            raise QueryError("the database refuses the query", kind="database", because=_primary(error),
                             position=getattr(error, "structgen_position", None), instead=_hint(error)) from error

    def prepare(self, query: Query) -> None:
        import psycopg

        prefix = "" if query.explains else "EXPLAIN "
        if query.explains or self._has_marks(query):
            return  # EXPLAIN needs the values
        try:
            # A prepared statement is one statement: the server refuses more.
            self.connection.execute(prefix + query.body, prepare=True).close()
        except psycopg.Error as error:
            offset = error.diag.statement_position
            if offset is not None and offset.isdecimal():
                error.structgen_position = place(query.sql, max(0, int(offset) - 1 - len(prefix)))
            raise

    def rows(self, query: Query, parameters: Parameters) -> Generator[tuple[Any, ...], None, None]:
        from psycopg.rows import tuple_row

        # A cursor is declared for one query and refuses WITH that writes; EXPLAIN cannot be declared.
        name = None if query.explains else "structgen_rows"
        options = {"prepare": True} if query.explains else {}
        with self.connection.cursor(name=name, row_factory=tuple_row) as cursor:
            cursor.execute(query.body, parameters or None, **options)
            yield tuple(column.name for column in cursor.description or ())
            while True:
                self._set_timeout()
                found = cursor.fetchmany(FETCHED)
                yield from found
                if len(found) < FETCHED:
                    return

    def _set_timeout(self) -> None:
        """What is left of the time, for the next command."""
        left = int(1000 * (self._deadline - time.monotonic()))
        if left <= 0:
            raise _too_slow(self._timeout_s)
        self.connection.execute(f"SET LOCAL statement_timeout = {left}")

    def _has_marks(self, query: Query) -> bool:
        from sqlglot import exp

        return query.tree.find(exp.Placeholder, exp.Parameter) is not None


def _primary(error: Any) -> str:
    return str(error.diag.message_primary or error).splitlines()[0]


def _hint(error: Any) -> str | None:
    hint = error.diag.message_hint
    return str(hint).splitlines()[0] if hint else None
