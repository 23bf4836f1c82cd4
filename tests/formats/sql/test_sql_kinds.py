"""SQL over PostgreSQL tables of known types: values fit in kind; the server, where there is one, is the judge."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import sqlglot
from formats.sql.postgres_server import SHOP, connect

from structgen import Compiler, SchemaError, Sql, Vocabulary
from structgen.formats.sql.typed import kind_of
from structgen.matching.native_engine import AVAILABLE

VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
DDL = SHOP.partition("INSERT")[0]


@cache
def compiled(engine: Any = "auto", **options: Any) -> Any:
    return Compiler(VOCABULARY, engine=engine).compile(Sql(dialect="postgres", schema=DDL, typed=True, **options))


def accepts(text: str, **options: Any) -> bool:
    matcher = compiled(**options).matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


GOOD = [
    "SELECT c.name, count(*) FROM customer AS c JOIN orders o ON o.customer_id = c.id GROUP BY c.name "
    "ORDER BY count(*) DESC LIMIT 3",
    "SELECT name, city FROM customer WHERE joined >= '2024-01-01' AND name LIKE 'A%'",
    "SELECT round(avg(price), 2) AS avg_price FROM product",
    "SELECT date_trunc('month', placed) AS month, count(*) AS n FROM orders GROUP BY month ORDER BY n DESC",
    "SELECT city, count(*) AS n FROM customer GROUP BY 1 HAVING count(*) > 1 ORDER BY city",
    "SELECT name FROM customer UNION SELECT company FROM supplier ORDER BY 1",
    "SELECT DISTINCT city FROM customer ORDER BY city",
    "SELECT title FROM product WHERE price > (SELECT avg(price) FROM product)",
    "SELECT title FROM product WHERE id IN (SELECT product_id FROM review WHERE stars = 5)",
    "SELECT title, rank() OVER (PARTITION BY category_id ORDER BY price DESC) FROM product",
    "SELECT CASE WHEN price > 3 THEN 'x' ELSE NULL END FROM product",
    "SELECT name FROM customer WHERE joined > current_date - interval '30 days'",
    "SELECT count(*) * 100.0 / (SELECT count(*) FROM review) FROM review WHERE stars = 5",
    "SELECT round(100.0 * sum(case when stars = 5 then 1 else 0 end) / count(*), 2) FROM review",
    "WITH cte AS (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) SELECT max(n) FROM cte",
    "SELECT name FROM customer AS a WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = a.id)",
    "SELECT sum(orders.status::numeric) FROM orders",
]  # fmt: skip
BAD = [
    "SELECT name + 1 FROM customer", "SELECT name FROM customer WHERE name", "SELECT name FROM customer WHERE id = 'x'",
    "SELECT sum(name) FROM customer", "SELECT name FROM customer UNION SELECT id FROM supplier",
    "SELECT name FROM customer UNION SELECT name, id FROM supplier", "SELECT name, count(*) FROM customer",
    "SELECT name FROM customer HAVING count(*) > 1", "SELECT name, count(*) FROM customer GROUP BY city",
    "SELECT title FROM product WHERE id IN (SELECT body FROM review WHERE stars = 5)",
    "SELECT id FROM product WHERE CASE WHEN title THEN 1 END = 1", "SELECT joined + 1.5 FROM customer",
    "SELECT DISTINCT city FROM customer ORDER BY name", "SELECT CASE WHEN id = 1 THEN 'x' ELSE 2 END FROM customer",
    "SELECT coalesce(name, 3) FROM customer", "SELECT sum(orders.status) FROM orders",
    "SELECT extract(year FROM city) FROM customer",
    "WITH cte AS (SELECT name FROM customer) SELECT sum(name) FROM cte", "SELECT id FROM customer ORDER BY 'x'",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_kinds_that_fit_are_accepted(text: str) -> None:
    sqlglot.parse_one(text, dialect="postgres")
    assert accepts(text)


@pytest.mark.parametrize("text", BAD)
def test_kinds_that_do_not_fit_are_refused(text: str) -> None:
    sqlglot.parse_one(text, dialect="postgres")
    assert not accepts(text)


def test_kinds_agree_with_postgresql() -> None:
    psycopg = pytest.importorskip("psycopg")
    with connect("structgen_kinds") as connection:
        for text in GOOD:
            connection.execute("EXPLAIN " + text)
        for text in BAD:
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute("EXPLAIN " + text)
        connection.execute("DROP SCHEMA structgen_kinds CASCADE")


@pytest.mark.skipif(not AVAILABLE, reason="there is one engine")
def test_kinds_engines_allow_the_same() -> None:
    for text in ("SELECT lower(city), count(*) FROM customer GROUP BY ", "SELECT sum(orders."):
        found = []
        for engine in ("python", "native"):
            matcher = compiled(engine).matcher()
            assert matcher.advance_bytes(text.encode())
            found.append(matcher.allowed_tokens().tolist())
        assert found[0] == found[1]


def test_kinds_of_written_values() -> None:
    assert accepts("INSERT INTO customer (id, name) VALUES (1, 'x'), (2, NULL)", read_only=False)
    assert accepts("UPDATE customer SET name = upper(name) WHERE id = 3", read_only=False)
    assert not accepts("UPDATE customer SET name = id", read_only=False)


def test_kinds_are_held_only_where_asked() -> None:
    loose = Compiler(VOCABULARY).compile(Sql(dialect="postgres", schema=DDL))
    matcher = loose.matcher()
    assert matcher.advance_bytes(b"SELECT name + 1 FROM customer") and matcher.is_accepting
    assert any("kinds" in one for one in loose.unenforced)
    assert any("GROUP BY" in one for one in compiled().unenforced)


@pytest.mark.parametrize(("options", "said"), [
    ({"dialect": "sqlite", "schema": DDL}, "PostgreSQL alone"), ({"dialect": "postgres"}, "needs the types of columns"),
    ({"dialect": "postgres", "schema": {"customer": ["id", "name"]}}, "the type of customer.id is not known"),
    ({"dialect": "postgres", "schema": DDL, "parameters": True}, "a placeholder has no type"),
])  # fmt: skip
def test_kinds_say_what_they_need(options: Any, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        Compiler(VOCABULARY).compile(Sql(typed=True, **options))


NESTED = ["(SELECT ", "EXISTS (SELECT 1 FROM customer WHERE ", "lower(", "id IN (SELECT id FROM customer WHERE "]


@pytest.mark.parametrize("nested", NESTED)
def test_kinds_nested_queries_do_not_multiply_the_ways(nested: str) -> None:
    matcher = compiled("python").matcher()
    assert matcher.advance_bytes(b"SELECT name FROM customer WHERE ")
    counts = []
    for _ in range(3):
        assert matcher.advance_bytes(nested.encode())
        counts.append(len(compiled("python").engine.threads(matcher._configuration)))
    assert counts[2] == counts[1]


@pytest.mark.parametrize(("name", "kind"), [("INT", "integer"), ("numeric(10, 2)", "exact"), ("double precision", "number"),
                                            ("character varying(20)", "text"), ("timestamp(3) without time zone", "stamp"),
                                            ("VARCHAR(30)", "text"), ("uuid", "other"), ("integer[]", "other"), ("", "")])
def test_kinds_of_types(name: str, kind: str) -> None:
    assert kind_of(name) == kind
