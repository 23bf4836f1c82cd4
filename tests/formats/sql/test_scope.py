"""The scope check: a table of cases, and the databases' own name lookup as judge over real and damaged queries."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from formats.sql.postgres_server import connect

from structgen.errors import QueryError
from structgen.formats.sql.catalog import Catalog, read_catalog
from structgen.formats.sql.guard import guard
from structgen.formats.sql.scope import check_scope, scope_problems

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
SHOP = read_catalog({"customer": ["id", "name", "city"], "orders": ["id", "customer_id", "placed", "total"],
                     "product": ["id", "title", "price"], "Odd Table": ["Mixed Case", "plain"]}, "sqlite")

# statement, kind, position, a word of the message
WRONG = [
    ("SELECT name FROM custmer", "unknown-table", "1:18", "did you mean customer?"),
    ("SELECT nmae FROM customer", "unknown-column", "1:8", "did you mean name?"),
    ("SELECT name\nFROM customer\nWHERE town = 'x'", "unknown-column", "3:7", "choose from id, name, city"),
    ("SELECT placed FROM customer", "unknown-column", "1:8", "orders has"),
    ("SELECT c.placed FROM customer c JOIN orders o ON o.customer_id = c.id", "unknown-column", "1:10", "o has"),
    ("SELECT id FROM customer JOIN orders ON customer_id = customer.id", "ambiguous-column", "1:8",
     "customer.id or orders.id"),
    ("SELECT x.name FROM customer c", "unknown-alias", "1:8", "neither a table nor an alias"),
    ("SELECT customer.name FROM customer c", "unknown-alias", "1:8", "does not name it so"),
    ("SELECT c.* FROM customer", "unknown-alias", "1:8", "choose from customer"),
    ("SELECT n FROM (SELECT name AS m FROM customer) d", "unknown-column", "1:8", "m"),
    ("WITH x AS (SELECT name FROM customer) SELECT city FROM x", "unknown-column", "1:46", "choose from name"),
    ("WITH x(a) AS (SELECT name FROM customer) SELECT name FROM x", "unknown-column", "1:49", "choose from a"),
    ("SELECT name FROM customer WHERE id IN (SELECT customer FROM orders)", "unknown-column", "1:47", "customer_id"),
    ("SELECT (SELECT max(total) FROM orders o WHERE o.customer_id = d.id) FROM customer c", "unknown-alias", "1:63", "d"),
    ("SELECT name FROM customer ORDER BY total", "unknown-column", "1:36", "orders has"),
    ("SELECT name FROM customer GROUP BY nam", "unknown-column", "1:36", "name"),
    ("SELECT count(*) FROM customer HAVING max(price) > 1", "unknown-column", "1:42", "product has"),
    ("SELECT name FROM customer JOIN orders USING (customer_id)", "unknown-column", "1:46", "both sides"),
    ("SELECT name FROM customer UNION SELECT title FROM product ORDER BY price", "unknown-column", "1:68", "no part"),
    ("SELECT d.name FROM customer c, (SELECT c.name) d", "unknown-alias", "1:40", "c"),
    ("SELECT sum(total) OVER (PARTITION BY nam) FROM orders", "unknown-column", "1:38", "nam"),
    ("SELECT name FROM customer c LEFT JOIN orders o ON o.customer = c.id", "unknown-column", "1:53", "customer_id"),
    ("SELECT name FROM sqlite_master", "unknown-table", "1:18", "no table"),
    ("SELECT name FROM other.customer", "unknown-table", "1:24", "no table"),
    ("SELECT CASE WHEN cty = 'x' THEN 1 END FROM customer", "unknown-column", "1:18", "city"),
]
RIGHT = [
    "SELECT NAME, Customer.City FROM CUSTOMER",
    "SELECT T1.name FROM customer AS t1 JOIN orders AS T2 ON t1.id = T2.customer_id",
    "SELECT rowid, name FROM customer", "SELECT name AS n FROM customer WHERE n = 'x' GROUP BY n HAVING n > 'a' ORDER BY n",
    "SELECT name FROM customer WHERE city = \"London\"", "SELECT \"Mixed Case\" FROM \"Odd Table\"",
    "SELECT name FROM customer c WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id AND total > 3)",
    "SELECT c.name, o.total FROM customer c NATURAL JOIN orders o", "SELECT id FROM customer JOIN orders USING (id)",
    "SELECT d.name, d.n FROM (SELECT name, count(*) AS n FROM customer GROUP BY name) AS d WHERE d.n > 1",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT x FROM c",
    "SELECT * FROM (customer c JOIN orders o ON o.customer_id = c.id)", "SELECT main.customer.name FROM main.customer",
    "SELECT value FROM orders, json_each(orders.placed)", "SELECT a.name FROM customer a, customer b WHERE a.city = b.city",
    "SELECT name FROM customer UNION SELECT title FROM product ORDER BY name", "SELECT x.* FROM (SELECT * FROM customer) x",
    "SELECT (SELECT name FROM customer WHERE customer.id = orders.customer_id) FROM orders",
    "SELECT (SELECT max(m) FROM (SELECT total AS m FROM orders WHERE customer_id = c.id)) FROM customer c", "SELECT 1",
    "VALUES (1, 2)", "SELECT sum(total) OVER w FROM orders WINDOW w AS (ORDER BY placed)",
]


@pytest.mark.parametrize(("sql", "kind", "position", "word"), WRONG, ids=[row[0][:60] for row in WRONG])
def test_scope_finds_what_is_not_there(sql: str, kind: str, position: str, word: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_scope(guard(sql), SHOP)
    assert (caught.value.kind, caught.value.position) == (kind, position)
    assert word in str(caught.value)


@pytest.mark.parametrize("sql", RIGHT, ids=[sql[:60] for sql in RIGHT])
def test_scope_takes_what_is_there(sql: str) -> None:
    assert scope_problems(guard(sql), SHOP) == []


def test_scope_of_postgres_minds_case_in_quotes() -> None:
    catalog = read_catalog({"Odd": ["Mixed", "plain"]}, "postgres")
    assert scope_problems(guard('SELECT "Mixed", PLAIN FROM "Odd"', "postgres"), catalog) == []
    kinds = [problem.kind for problem in scope_problems(guard("SELECT Mixed FROM \"Odd\"", "postgres"), catalog)]
    assert kinds == ["unknown-column"]
    assert [problem.kind for problem in scope_problems(guard("SELECT 1 FROM Odd", "postgres"), catalog)] == ["unknown-table"]


def _disagreements(queries: list[tuple[str, Catalog, Callable[[str], str | None]]], dialect: str, count: int,
                   seed: int) -> tuple[int, int, list[str]]:
    """Damages names in queries, and compares whether the check and the database find them; the database's verdict is None
    for a good query, "" for one that is wrong in another way."""
    draw = random.Random(seed)
    judged = wrong = 0
    differing: list[str] = []
    for _ in range(count):
        sql, catalog, judge = draw.choice(queries)
        names = [column.name for table in catalog.tables for column in table.columns if column.name.isidentifier()]
        names += [table.name for table in catalog.tables] + ["T1", "T2", "c", "o", "nothing"]
        folded = {name.lower() for name in names}
        places = [match for match in re.finditer(r"[A-Za-z_]\w*", sql) if match.group().lower() in folded]
        match = draw.choice(places) if places else None
        if match is None or draw.random() < 0.1:
            damaged = sql
        else:
            new = draw.choice([draw.choice(names), match.group()[:-1] + "z", match.group().swapcase()])
            damaged = sql[: match.start()] + new + sql[match.end():]
        try:
            query = guard(damaged, dialect)
        except QueryError:
            continue
        verdict = judge(damaged)
        if verdict == "":
            continue
        judged += 1
        wrong += verdict is not None
        if bool(scope_problems(query, catalog)) != (verdict is not None):
            differing.append(f"{damaged} | {verdict}")
    return judged, wrong, differing


def _spider() -> list[tuple[str, Catalog, Callable[[str], str | None]]]:
    corpus = CORPORA / "sql_spider.jsonl"
    if not corpus.exists():
        pytest.skip("the shared corpora are not here")
    databases = json.loads((CORPORA / "sql_spider_schemas.json").read_text(encoding="utf-8"))["databases"]
    opened: dict[str, tuple[Catalog, Callable[[str], str | None]]] = {}
    queries = []
    for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines()):
        if row["db_id"] not in opened:
            opened[row["db_id"]] = _database(databases[row["db_id"]])
        queries.append((row["sql"], *opened[row["db_id"]]))
    return queries


def _database(described: dict[str, Any]) -> tuple[Catalog, Callable[[str], str | None]]:
    connection = sqlite3.connect(":memory:")
    for table in described["tables"]:
        columns = ", ".join(f'"{column["name"]}" {column["type"]}' for column in table["columns"])
        if table["name"] != "sqlite_sequence":
            connection.execute(f'CREATE TABLE "{table["name"]}" ({columns})')

    def judge(sql: str) -> str | None:
        try:
            connection.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:
            found = re.search("no such column|no such table|ambiguous column|cannot join using column", str(error))
            return str(error) if found else ""
        return None

    return read_catalog(connection, "sqlite"), judge


def test_scope_takes_every_gold_query_of_spider() -> None:
    assert [sql for sql, catalog, _ in _spider() if scope_problems(guard(sql), catalog)] == []


def test_scope_and_sqlite_agree_on_damaged_queries() -> None:
    judged, wrong, differing = _disagreements(_spider(), "sqlite", 700, 3)
    assert judged > 500 and 200 < wrong < judged - 50
    assert differing == []


POSTGRES = [
    "SELECT name FROM customer", "SELECT customer FROM customer", "SELECT c.* FROM customer c, address a ORDER BY street",
    "SELECT c.name, count(*) AS n FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY c.name ORDER BY n DESC",
    "SELECT p.title FROM product AS p WHERE p.price > (SELECT avg(price) FROM product WHERE category_id = p.category_id)",
    "WITH RECURSIVE tree(id, label, depth) AS (SELECT id, label, 0 FROM category WHERE parent_id IS NULL UNION ALL SELECT "
    "c.id, c.label, t.depth + 1 FROM category c JOIN tree t ON c.parent_id = t.id) SELECT * FROM tree ORDER BY depth",
    "SELECT c.name, x.sum FROM customer c CROSS JOIN LATERAL (SELECT sum(quantity) FROM orders o JOIN order_item i ON "
    "i.order_id = o.id WHERE o.customer_id = c.id) x",
    "SELECT title FROM product UNION SELECT label FROM category ORDER BY title",
    "SELECT order_id, title FROM order_item JOIN stock USING (product_id) JOIN product ON product.id = product_id",
    "SELECT date_trunc('month', placed) AS m, count(*) FROM orders GROUP BY m ORDER BY m",
    "SELECT g.i, c.name FROM generate_series(1, 3) AS g(i) LEFT JOIN customer c ON c.id = g.i",
    "SELECT v.a, v.b FROM (VALUES (1, 'x'), (2, 'y')) AS v(a, b)",
]


def test_scope_and_postgres_agree_on_damaged_queries() -> None:
    psycopg = pytest.importorskip("psycopg")
    connection = connect("structgen_scope")
    catalog = read_catalog(connection, "postgres")
    connection.commit()
    connection.autocommit = True

    def judge(sql: str) -> str | None:
        try:
            connection.execute(f"EXPLAIN {sql}")
        except psycopg.Error as error:
            return str(error) if error.sqlstate in ("42703", "42P01", "42702") else ""
        return None

    try:
        judged, wrong, differing = _disagreements([(sql, catalog, judge) for sql in POSTGRES], "postgres", 700, 3)
    finally:
        connection.close()
    assert judged > 500 and wrong > 200
    assert differing == []
