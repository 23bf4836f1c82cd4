"""Catalogues: the same tables from every kind of description."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy

from structgen.errors import SchemaError
from structgen.formats.sql.catalog import Catalog, Column, ForeignKey, Table, read_catalog

DDL = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, "Home Town" TEXT);
CREATE TABLE orders (id INTEGER, customer_id INTEGER REFERENCES customers, total REAL, PRIMARY KEY (id));
CREATE TABLE lines (order_id INTEGER, n INTEGER, PRIMARY KEY (order_id, n), FOREIGN KEY (order_id) REFERENCES orders (id));
"""


def expected() -> tuple[Table, ...]:
    return (
        Table("customers", (Column("id", "INTEGER"), Column("name", "TEXT"), Column("Home Town", "TEXT")), ("id",)),
        Table(
            "orders",
            (Column("id", "INTEGER"), Column("customer_id", "INTEGER"), Column("total", "REAL")),
            ("id",),
            (ForeignKey(("customer_id",), "customers", ("id",)),),
        ),
        Table(
            "lines",
            (Column("order_id", "INTEGER"), Column("n", "INTEGER")),
            ("order_id", "n"),
            (ForeignKey(("order_id",), "orders", ("id",)),),
        ),
    )


@pytest.fixture
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.executescript(DDL)
    return made


def test_catalog_from_sqlite(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    assert read_catalog(connection, "sqlite") == Catalog(expected(), "sqlite")
    connection.execute("CREATE VIEW totals AS SELECT sum(total) AS whole FROM orders")
    assert read_catalog(connection, "sqlite").tables[-1] == Table("totals", (Column("whole"),), is_view=True)


def test_catalog_from_ddl() -> None:
    assert read_catalog(DDL, "sqlite").tables == expected()
    added = DDL + "ALTER TABLE lines ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES customers (id);"
    assert read_catalog(added, "postgres").tables[2].foreign_keys[1] == ForeignKey(("n",), "customers", ("id",))


def test_catalog_from_sqlalchemy() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    with engine.begin() as begun:
        for statement in DDL.split(";")[:-1]:
            begun.execute(sqlalchemy.text(statement))
    found = read_catalog(engine, "sqlite")
    assert sorted(found.tables, key=lambda table: table.name) == sorted(expected(), key=lambda table: table.name)


def test_catalog_from_mapping() -> None:
    assert read_catalog({"t": ["a", "b"]}, "ansi").tables == (Table("t", (Column("a"), Column("b"))),)
    assert read_catalog({"t": {"a": "int", "b": None}}, "ansi").tables == (Table("t", (Column("a", "int"), Column("b"))),)


def test_catalog_keeps_only_the_named_tables() -> None:
    assert [table.name for table in read_catalog(DDL, "sqlite", tables=["ORDERS"]).tables] == ["orders"]
    with pytest.raises(SchemaError, match="no table 'other'"):
        read_catalog(DDL, "sqlite", tables=["other"])


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param(3, "describes no database", id="number"),
        pytest.param("SELECT 1", "creates no table", id="no DDL"),
        pytest.param("CREATE TABLE (", "cannot be read", id="broken DDL"),
        pytest.param({}, "has no tables", id="empty"),
        pytest.param({"t": []}, "has no columns", id="no columns"),
        pytest.param({"t": ["a", "A"]}, "occurs twice", id="same column"),
        pytest.param({"t": ["a"], "T": ["b"]}, "occurs twice", id="same table"),
        pytest.param({"t": "abc"}, "neither a list nor a mapping", id="text for columns"),
        pytest.param({"t": [3]}, "is no name", id="number for a name"),
    ],
)
def test_catalog_refuses_what_describes_no_database(schema: object, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        read_catalog(schema, "sqlite")


@pytest.mark.parametrize(("view", "columns"), [
    ("v AS SELECT a, b AS z FROM t", ["a", "z"]), ("v (p, q) AS SELECT a, b FROM t", ["p", "q"]),
    ("v AS SELECT * FROM t JOIN u ON a = c", ["a", "b", "c"]), ("v AS SELECT a AS n FROM t UNION SELECT c FROM u", ["n"]),
])  # fmt: skip
def test_catalog_of_ddl_has_its_views(view: str, columns: list[str]) -> None:
    ddl = f"CREATE TABLE t (a int, b text); CREATE TABLE u (c int); CREATE VIEW {view};"
    found = read_catalog(ddl, "sqlite").tables[-1]
    assert (found.name, found.is_view, [column.name for column in found.columns]) == ("v", True, columns)
    database = sqlite3.connect(":memory:")
    database.executescript(ddl)
    assert [column.name for column in read_catalog(database, "sqlite").tables[-1].columns] == columns


@pytest.mark.parametrize("query", ["SELECT count(*) FROM t", "SELECT * FROM t NATURAL JOIN u", "SELECT t.* FROM t",
                                   "VALUES (1)", "SELECT a, a FROM t", "SELECT * FROM (SELECT a FROM t) AS s"])
def test_catalog_refuses_views_whose_columns_nobody_tells(query: str) -> None:
    with pytest.raises(SchemaError, match="columns of the view 'v' cannot be told"):
        read_catalog(f"CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE VIEW v AS {query}", "sqlite")
