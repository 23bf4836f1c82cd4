"""Running queries on real databases: rows and limits, and each wall against writing, also alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from formats.sql.postgres_server import connect

from structgen.errors import QueryError, SchemaError
from structgen.formats.sql.execute import MAX_BYTES, Rows, connected, dialect_of, prepare, run

SCRIPT = """
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price REAL);
INSERT INTO item VALUES (1, 'lamp', 20.5), (2, 'chair', 45.0), (3, 'desk', NULL);
CREATE INDEX by_name ON item (name);
CREATE VIEW cheap AS SELECT * FROM item WHERE price < 30;
"""
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x > 0) SELECT {} FROM c"


@pytest.fixture
def shop() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    yield connection
    connection.close()


@pytest.fixture
def server() -> Iterator[Any]:
    connection = connect("structgen_execute")
    yield connection
    connection.close()


def failure(connection: Any, sql: str, **options: Any) -> QueryError:
    with pytest.raises(QueryError) as caught:
        run(connection, sql, **options)
    return caught.value


def test_execute_gives_rows_and_names(shop: sqlite3.Connection) -> None:
    assert run(shop, "SELECT name, price AS cost FROM item ORDER BY id LIMIT 2") == Rows(
        ("name", "cost"), (("lamp", 20.5), ("chair", 45.0)))
    assert run(shop, "SELECT count(*) FROM cheap").rows == ((1,),)
    assert run(shop, "SELECT value FROM json_each('[1, 2]')").rows == ((1,), (2,))
    assert run(shop, "EXPLAIN QUERY PLAN SELECT * FROM item").rows


@pytest.mark.parametrize(("sql", "values"), [("SELECT id FROM item WHERE name = ?", ("lamp",)),
                                             ("SELECT id FROM item WHERE name = :n", {"n": "lamp"})])
def test_execute_takes_parameters(shop: sqlite3.Connection, sql: str, values: Any) -> None:
    assert run(shop, sql, values).rows == ((1,),)
    prepare(shop, sql)


def test_execute_ignores_the_callers_row_factory(shop: sqlite3.Connection) -> None:
    shop.row_factory = sqlite3.Row
    assert run(shop, "SELECT id FROM item WHERE id = 1").rows == ((1,),)


def test_execute_says_what_the_database_says(shop: sqlite3.Connection) -> None:
    error = failure(shop, "SELECT nmae FROM item")
    assert (error.kind, error.because) == ("database", "no such column: nmae")
    with pytest.raises(QueryError, match="no such column: nmae"):
        prepare(shop, "SELECT nmae FROM item")


def test_execute_stops_at_its_limits(shop: sqlite3.Connection) -> None:
    assert failure(shop, ENDLESS.format("count(*)"), timeout_s=0.2).kind == "time-limit"
    assert run(shop, ENDLESS.format("x"), max_rows=3) == Rows(("x",), ((1,), (2,), (3,)), is_complete=False)
    assert failure(shop, "SELECT name FROM item", max_bytes=5).kind == "size-limit"
    doubling = "WITH RECURSIVE c(x, n) AS (SELECT 'xxxxxxxx', 1 UNION ALL SELECT x || x, n + 1 FROM c WHERE n < 40) "
    assert failure(shop, doubling + "SELECT max(length(x)) FROM c", max_bytes=1000).kind == "size-limit"


@pytest.mark.parametrize("option", ["max_rows", "timeout_s", "max_bytes"])
def test_execute_limit_of_nothing_is_an_error(shop: sqlite3.Connection, option: str) -> None:
    with pytest.raises(SchemaError, match=option):
        run(shop, "SELECT 1", **{option: 0})


def test_execute_leaves_the_connection_as_it_was(shop: sqlite3.Connection) -> None:
    shop.execute("INSERT INTO item VALUES (4, 'sofa', 300)")
    assert shop.in_transaction
    assert run(shop, "SELECT count(*) FROM item").rows == ((4,),)
    failure(shop, "SELECT nothing")
    assert shop.in_transaction
    shop.execute("INSERT INTO item VALUES (5, 'bed', 500)")
    shop.rollback()
    assert shop.execute("SELECT count(*), length(zeroblob(10)) FROM item").fetchone() == (3, 10)
    assert shop.execute("PRAGMA query_only").fetchone() == (0,)


WRITES = ["INSERT INTO item VALUES (9, 'x', 1)", "DELETE FROM item", "UPDATE item SET price = 0", "DROP TABLE item",
          "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "PRAGMA query_only = OFF", "ATTACH ':memory:' AS other",
          "SELECT load_extension('x')", "BEGIN", "REINDEX", "SELECT * FROM pragma_database_list", "SELECT zeroblob(9)"]


@pytest.mark.parametrize("sql", WRITES)
def test_execute_refuses_writes_by_the_guard_and_by_the_authorizer_alone(shop: sqlite3.Connection, sql: str) -> None:
    assert failure(shop, sql).kind == "not-read-only"
    with connected(shop) as database, pytest.raises(QueryError) as caught, database.held(5, MAX_BYTES, frozenset()):
        shop.execute(sql)
    assert caught.value.kind == "not-read-only"


@pytest.mark.parametrize("sql", WRITES[:5])
def test_execute_refuses_writes_by_query_only_alone(shop: sqlite3.Connection, sql: str) -> None:
    with connected(shop) as database, pytest.raises(QueryError) as caught, database.held(5, MAX_BYTES, frozenset()):
        shop.set_authorizer(None)
        shop.execute(sql)
    assert caught.value.kind == "not-read-only"
    assert shop.execute("SELECT count(*) FROM item").fetchone() == (3,)


def test_execute_runs_the_callers_functions_only_where_named(shop: sqlite3.Connection) -> None:
    shop.create_function("twice", 1, lambda value: 2 * value)
    assert failure(shop, "SELECT twice(id) FROM item").kind == "unknown-function"
    assert run(shop, "SELECT twice(id) FROM item ORDER BY id", functions=frozenset(("twice",))).rows == ((2,), (4,), (6,))


def test_execute_opens_a_file_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a shop?.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SCRIPT)
    connection.close()
    assert run(path, "SELECT count(*) FROM item").rows == run(str(path), "SELECT count(*) FROM item").rows == ((3,),)
    with connected(path) as database, pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.connection.execute("DELETE FROM item")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("target", "word"), [("nowhere.db", "there is no database"), (__file__, "not a database"),
                                              (object(), "no database that can be held")])
def test_execute_what_is_no_database_is_an_error(target: Any, word: str) -> None:
    with pytest.raises(SchemaError, match=word):
        run(target, "SELECT 1")


def test_execute_takes_sqlalchemy(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE item (a)")
        assert run(connection, "SELECT count(*) FROM item").rows == ((0,),)
    assert run(engine, "SELECT count(*) FROM item").rows == ((0,),)
    assert dialect_of(engine) == "sqlite"
    engine.dispose()


def test_execute_on_postgres(server: Any) -> None:
    assert run(server, "SELECT name, id FROM customer ORDER BY id") == Rows(("name", "id"), (("Ada", 1), ("Emmy", 2)))
    assert run(server, "SELECT name FROM customer WHERE id = %s", (1,)).rows == (("Ada",),)
    assert run(server, "EXPLAIN SELECT * FROM customer").columns == ("QUERY PLAN",)
    assert run(server, "SELECT * FROM generate_series(1, 100000)", max_rows=250).is_complete is False
    assert failure(server, "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
                   timeout_s=0.3).kind == "time-limit"
    error = failure(server, "SELECT nmae FROM customer")
    assert (error.kind, error.because) == ("database", 'column "nmae" does not exist')
    assert error.instead is not None and "customer.name" in error.instead
    with pytest.raises(QueryError) as caught:
        prepare(server, "SELECT id,\n nmae FROM customer")
    assert caught.value.position == "2:2"
    assert server.info.transaction_status == 0


def test_execute_on_postgres_leaves_a_transaction_as_it_was(server: Any) -> None:
    server.execute("INSERT INTO customer VALUES (3, 'Grace', 'New York')")
    assert run(server, "SELECT count(*) FROM customer").rows == ((3,),)
    failure(server, "SELECT 1 / 0")
    server.execute("INSERT INTO customer VALUES (4, 'Mary', 'Edinburgh')")
    server.commit()
    assert run(server, "SELECT count(*) FROM customer").rows == ((4,),)


@pytest.mark.parametrize("sql", ["INSERT INTO customer VALUES (9)", "DELETE FROM review", "CREATE TABLE x (a int)",
                                 "SELECT nextval('counter')", "SELECT * FROM customer FOR UPDATE", "DROP TABLE review",
                                 "SELECT name INTO copied FROM customer",
                                 "WITH d AS (DELETE FROM review RETURNING *) SELECT * FROM d"])
def test_execute_on_postgres_refuses_writes_by_the_guard_and_by_the_transaction_alone(server: Any, sql: str) -> None:
    server.execute("CREATE SEQUENCE IF NOT EXISTS counter")
    server.commit()
    assert failure(server, sql).kind == "not-read-only"
    with connected(server) as database, pytest.raises(QueryError) as caught, database.held(5, MAX_BYTES, frozenset()):
        server.execute(sql)
    assert caught.value.kind == "not-read-only"


@pytest.mark.parametrize("sql", ["SELECT 1; DROP TABLE review",
                                 "WITH d AS (DELETE FROM review RETURNING *) SELECT * FROM d"])
def test_execute_on_postgres_cursor_takes_one_reading_statement(server: Any, sql: str) -> None:
    with pytest.raises(Exception, match=r"multiple commands|data-modifying"), server.cursor(name="alone") as cursor:
        cursor.execute(sql)
