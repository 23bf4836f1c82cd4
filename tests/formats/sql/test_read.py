"""SQL read tolerantly: damage by kind, what must be refused, laws over real queries, and the time that a bad text takes."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import structgen as sg
from structgen.errors import QueryError, ReadError, SchemaError
from structgen.formats.sql.catalog import read_catalog
from structgen.formats.sql.guard import guard
from structgen.formats.sql.read_repairs import distance
from structgen.formats.sql.source import Sql

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"
TABLES = {"customer": ["id", "name", "city", "Full Name"], "orders": ["id", "customer_id", "placed", "total"],
          "product": ["id", "title", "price"]}
SQLITE, POSTGRES = Sql(dialect="sqlite", schema=TABLES), Sql(dialect="postgres", schema=TABLES)
GOOD = "SELECT name FROM customer"

# text, what is meant, kinds of the repairs
DAMAGED = [
    ("```sql\nSELECT name FROM customer;\n```", GOOD, ["code-fence"]),
    ("```\nSELECT name FROM customer", GOOD, ["code-fence"]),
    ("Sure! Here it is:\n```sqlite\nSELECT name FROM customer\n```\nHope it helps; ask again.", GOOD,
     ["surrounding-text", "code-fence", "surrounding-text"]),
    ("Here is the query:\n\nSELECT name FROM customer\n\nIt lists all names.", GOOD, ["surrounding-text",
     "surrounding-text"]),
    ("Sure! SELECT name FROM customer", GOOD, ["surrounding-text"]),
    ("SQL: SELECT name FROM customer", GOOD, ["wrapper"]),
    ("SQLQuery: SELECT name FROM customer\nSQLResult: [('Ada',)]", GOOD, ["wrapper", "surrounding-text"]),
    ('{"sql": "SELECT name FROM customer"}', GOOD, ["wrapper"]),
    ('"SELECT name FROM customer"', GOOD, ["wrapper"]),
    ("<think>SELECT city?</think>\nSELECT name FROM customer", GOOD, ["thinking"]),
    ("SELECT city FROM customer;\nSELECT name FROM customer;", GOOD, ["other-answer"]),
    ("SELECT name FROM customer;\nSELECT name  FROM customer;", GOOD.replace("name ", "name  "), ["surrounding-text"]),
    ("```sql\nSELECT city FROM customer\n```\nBetter:\n```sql\nSELECT name FROM customer\n```", GOOD,
     ["surrounding-text", "other-answer", "code-fence"]),
    ("Drop me a line.\nSELECT name FROM customer", GOOD, ["surrounding-text"]),
    ("SELECT name FROM customer WHERE city = 'London", GOOD + " WHERE city = 'London'", ["missing-quote"]),
    ("SELECT name FROM customer WHERE city = 'London AND id > 3", GOOD + " WHERE city = 'London' AND id > 3",
     ["missing-quote"]),
    ("SELECT name FROM customer WHERE city = London'", GOOD + " WHERE city = 'London'", ["missing-quote"]),
    ("SELECT name FROM customer WHERE name = 'O'Brien'", GOOD + " WHERE name = 'O''Brien'", ["unescaped-quote"]),
    ("SELECT name FROM customer WHERE name = 'O\\'Brien'", GOOD + " WHERE name = 'O''Brien'", ["escaped-quote"]),
    ("SELECT count(id FROM customer", "SELECT count(id) FROM customer", ["unclosed-bracket"]),
    ("SELECT max(total) FROM orders WHERE customer_id IN (SELECT id FROM customer",
     "SELECT max(total) FROM orders WHERE customer_id IN (SELECT id FROM customer)", ["unclosed-bracket"]),
    ("SELECT name FROM customer WHERE (id > 3 ORDER BY name", GOOD + " WHERE (id > 3) ORDER BY name", ["unclosed-bracket"]),
    ("SELECT name FROM customer)", GOOD, ["stray-bracket"]),
    ("SELECT name, FROM customer", GOOD, ["trailing-comma"]),
    ("SELECT name FROM customer WHERE id &gt; 3", GOOD + " WHERE id > 3", ["invalid-escape"]),
    ("SELECT name FROM customer\\nWHERE id = 3", GOOD + "\nWHERE id = 3", ["escaped-newline"]),
    ("SELECT\u00a0name FROM\u200b customer", GOOD, ["white-space", "white-space"]),
    ("SELECT name FROM customer WHERE city = \u2018London\u2019", GOOD + " WHERE city = 'London'", ["quote-style"] * 2),
    ("SELECT name FROM custmer", GOOD, ["misspelt-name"]),
    ("SELECT naem FROM customer WHERE ctiy = 'x'", GOOD + " WHERE city = 'x'", ["misspelt-name"] * 2),
    ("SELECT customerid FROM orders", "SELECT customer_id FROM orders", ["name-case"]),
    ("SELECT Full Name FROM customer", 'SELECT "Full Name" FROM customer', ["unquoted-name"]),
    ("SELECT customer.name FROM customer c", "SELECT c.name FROM customer c", ["wrong-alias"]),
    ("SELECT c.total FROM customer c JOIN orders o ON o.customer_id = c.id",
     "SELECT o.total FROM customer c JOIN orders o ON o.customer_id = c.id", ["wrong-alias"]),
    ("SELCT name FORM customer", GOOD, ["misspelt-name"] * 2),
    ("SELECT TOP 5 name FROM customer", GOOD + " LIMIT 5", ["other-dialect"]),
    ("Query: SELECT nam, FROM custmer WHERE (id = 3", GOOD + " WHERE (id = 3)",
     ["wrapper", "misspelt-name", "trailing-comma", "misspelt-name", "unclosed-bracket"]),
]
TO_SQLITE = [
    ("SELECT total::int FROM orders", "SELECT CAST(total AS INTEGER) FROM orders"),
    ("SELECT EXTRACT(YEAR FROM placed) FROM orders", "SELECT CAST(STRFTIME('%Y', placed) AS INTEGER) FROM orders"),
    ("SELECT name FROM customer WHERE city ILIKE 'l%'", "SELECT name FROM customer WHERE LOWER(city) LIKE LOWER('l%')"),
    ("SELECT id FROM orders WHERE placed < NOW()", "SELECT id FROM orders WHERE placed < CURRENT_TIMESTAMP"),
    ("SELECT CONCAT(name, city) FROM customer", "SELECT name || city FROM customer"),
]
TO_POSTGRES = [
    ("SELECT `name` FROM `customer`", 'SELECT "name" FROM "customer"', "other-dialect"),
    ("SELECT IFNULL(name, 'x') FROM customer", "SELECT COALESCE(name, 'x') FROM customer", "other-dialect"),
    ("SELECT name FROM customer LIMIT 5, 10", "SELECT name FROM customer LIMIT 10 OFFSET 5", "other-dialect"),
    ('SELECT name FROM customer WHERE city = "London"', "SELECT name FROM customer WHERE city = 'London'", "quote-style"),
    ('SELECT "NAME" FROM customer', "SELECT name FROM customer", "name-case"),
]
# text, kind of the error, a word, position
REFUSED = [
    ("DROP TABLE customer", "not-read-only", "DROP", "1:1"),
    ("SELECT name FROM customer; DROP TABLE customer", "not-read-only", "DROP", "1:28"),
    ("Here:\n```sql\nDELETE FROM customer;\n```", "not-read-only", "DELETE", "3:1"),
    ("```sql\nSELECT 1;\nUPDATE customer SET name = 'x';\n```", "not-read-only", "UPDATE", "3:1"),
    ("Sure, SELECT load_extension('x')", "not-read-only", "load_extension", "1:14"),
    ("SELECT name INTO copied FROM customer", "not-read-only", "INTO", "1:13"),
    ("", "syntax", "no query", "1:1"),
    ("I cannot write that query.", "syntax", "no query", "1:1"),
    ("SELECT", "syntax", "nothing", "1:1"),
    ("SELECT name FROM customer WHERE", "syntax", "WHERE", None),
    ("SELECT town FROM customer", "unknown-column", "choose from id, name, city", "1:8"),
    ("Answer:\nSELECT id FROM customer JOIN orders ON customer_id = customer.id", "ambiguous-column", "customer.id", "2:8"),
    ("SELECT T3.name FROM customer T1 JOIN orders T2 ON T1.id = T2.customer_id", "unknown-alias", "T1", "1:8"),
    ("SELECT 1 FROM klient", "unknown-table", "choose from customer", "1:15"),
    ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", "too-costly",
     "never ends", None),
]


@pytest.mark.parametrize(("text", "meant", "kinds"), DAMAGED, ids=[row[0][:50] for row in DAMAGED])
def test_read_mends(text: str, meant: str, kinds: list[str]) -> None:
    reading = sg.read(text, SQLITE)
    assert reading.value == meant
    assert [repair.kind for repair in reading.repairs] == kinds
    assert reading.format == "sql" and reading.cost == sum(repair.cost for repair in reading.repairs)
    again = sg.read(reading.value, SQLITE)
    assert again.value == reading.value and again.is_clean
    for repair in reading.repairs:
        assert text[repair.offset: repair.offset + len(repair.before)].startswith(repair.before[:10]) or "…" in repair.before


@pytest.mark.parametrize(("text", "meant"), TO_SQLITE, ids=[row[0] for row in TO_SQLITE])
def test_read_tells_other_dialects_in_sqlite(text: str, meant: str) -> None:
    reading = sg.read(text, SQLITE)
    assert (reading.value, [repair.kind for repair in reading.repairs]) == (meant, ["other-dialect"])
    connection = sqlite3.connect(":memory:")
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(json.dumps(column) for column in columns)})")
    connection.execute(f"EXPLAIN {reading.value}")


@pytest.mark.parametrize(("text", "meant", "kind"), TO_POSTGRES, ids=[row[0] for row in TO_POSTGRES])
def test_read_tells_other_dialects_in_postgres(text: str, meant: str, kind: str) -> None:
    reading = sg.read(text, POSTGRES)
    assert (reading.value, [repair.kind for repair in reading.repairs]) == (meant, [kind])


@pytest.mark.parametrize(("text", "kind", "word", "position"), REFUSED, ids=[row[0][:50] for row in REFUSED])
def test_read_refuses(text: str, kind: str, word: str, position: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        sg.read(text, SQLITE)
    assert caught.value.kind == kind
    assert word in str(caught.value)
    assert position in (None, caught.value.position)


@pytest.mark.parametrize("text", [GOOD, GOOD + ";", " \n" + GOOD + " -- all of them\n",
                                  "SELECT 'a;b', \"Full Name\" FROM customer",
                                  "SELECT name FROM customer WHERE city = 'it''s \u201cso\u201d &gt; \\n'", "VALUES (1)",
                                  "WITH x AS (SELECT 1 AS a) SELECT a FROM x", "(SELECT 1) UNION (SELECT 2)"])
def test_read_leaves_valid_sql_alone(text: str) -> None:
    reading = sg.read(text, SQLITE)
    assert reading.value == text and reading.is_clean


def test_read_without_a_schema_leaves_names_alone() -> None:
    assert sg.read("```\nSELECT whatever FROM somewhere\n```", format="sql").value == "SELECT whatever FROM somewhere"
    assert sg.read("SELECT a::int FROM t", format="sql", dialect="sqlite").value == "SELECT CAST(a AS INTEGER) FROM t"
    assert sg.read(b"SELECT 1", format="sql").value == "SELECT 1"


def test_read_options() -> None:
    assert sg.read("SELECT twice(id) FROM customer", SQLITE, functions=("twice",)).is_clean
    writing = Sql(schema=TABLES, read_only=False)
    assert sg.read("```sql\nDELETE FROM customer WHERE id = 1\n```", writing).value == "DELETE FROM customer WHERE id = 1"
    with pytest.raises(SchemaError, match="colour"):
        sg.read(GOOD, format="sql", colour="red")
    with pytest.raises(SchemaError, match="klingon"):
        sg.read(GOOD, format="sql", dialect="klingon")
    with pytest.raises(ReadError, match="max_cost is 0"):
        sg.read("```\nSELECT name FROM customer\n```", SQLITE, max_cost=0)


@pytest.mark.parametrize(("one", "other", "expected"), [("name", "name", 0), ("naem", "name", 1), ("nam", "name", 1),
                                                        ("names", "name", 1), ("abcd", "name", 3), ("ctiy", "city", 1)])
def test_read_distance(one: str, other: str, expected: int) -> None:
    assert min(distance(one, other, 2), 3) == expected == min(distance(other, one, 2), 3)


def _gold() -> list[tuple[str, Any]]:
    corpus = CORPORA / "sql_spider.jsonl"
    if not corpus.exists():
        pytest.skip("the shared corpora are not here")
    databases = json.loads((CORPORA / "sql_spider_schemas.json").read_text(encoding="utf-8"))["databases"]
    catalogs = {name: read_catalog({table["name"]: [column["name"] for column in table["columns"]]
                                    for table in described["tables"]}, "sqlite") for name, described in databases.items()}
    rows = map(json.loads, corpus.read_text(encoding="utf-8").splitlines())
    return [(row["sql"], Sql(dialect="sqlite", schema=catalogs[row["db_id"]])) for row in rows]


def test_read_leaves_every_gold_query_of_spider_alone() -> None:
    changed = [sql for sql, source in _gold()[::9] if not sg.read(sql, source).is_clean]
    assert changed == []


def test_read_finds_gold_queries_in_answers() -> None:
    for sql, source in _gold()[1::25]:
        answer = f"To answer this, select the rows like so:\n\n```sql\n{sql}\n```\n\nThis query reads; it drops nothing."
        assert sg.read(answer, source).value == sql.strip("; \n")


def test_read_is_total_on_truncations_and_bytes() -> None:
    draw = random.Random(7)
    gold = _gold()
    for number in range(90):
        sql, source = draw.choice(gold)
        if number % 3 == 0:
            text: str | bytes = sql[: draw.randrange(len(sql))]
        elif number % 3 == 1:
            at = draw.randrange(len(sql))
            text = sql[:at] + draw.choice(["'", '"', "(", ")", ";", "--", "/*", "$$", "\0", "`", "\ud800", "{"]) + sql[at:]
        else:
            text = bytes(draw.randrange(256) for _ in range(60)) + sql.encode()
        try:
            reading = sg.read(text, source)
        except ReadError:
            continue
        assert sg.read(reading.value, source).value == reading.value


HOSTILE = """
import contextlib, json, signal, sys
import structgen as sg
source = sg.Sql(dialect="sqlite", schema=json.loads(sys.argv[1]))
texts = ["SELECT " + "(" * 500_000, "SELECT '" * 100_000, "SELECT a FROM t WHERE " * 40_000, "`" * 1_000_000,
         ";" * 1_000_000, "SELECT 1\\n" * 100_000, "$a$ $b$" * 140_000, "/*" * 500_000, "x" * 1_000_000,
         "```sql\\nSELECT (\\n```\\n" * 50_000, "SELECT a, " * 4_000, "SELECT " + "a JOIN b " * 4_000,
         "SELECT 'a' FROM (" * 2_500, "WITH a AS " * 100_000]
for number, text in enumerate(texts):
    print(number, text[:24], flush=True)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)  # ends the process; a text takes a second
    with contextlib.suppress(sg.ReadError):
        sg.read(text, source)
print("done")
"""


def test_read_of_hostile_texts_ends() -> None:
    ran = subprocess.run([sys.executable, "-c", HOSTILE, json.dumps(TABLES)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1:]) == (0, ["done"]), ran.stdout + ran.stderr


def test_read_does_not_clean_what_the_guard_refuses() -> None:
    corpus = CORPORA / "outputs_hostile.jsonl"
    if not corpus.exists():
        pytest.skip("the shared corpora are not here")
    rows = [row for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines()) if row["kind"] == "sql_guard"]
    cleaned = []
    for row in rows:
        dialect = "sqlite" if row["dialect"] == "any" else row["dialect"]
        try:
            value = sg.read(row["input"], format="sql", dialect=dialect).value
        except ReadError:
            assert row["expect"] == "refuse"
            continue
        guard(value, dialect)
        if row["expect"] == "refuse":
            with pytest.raises(QueryError) as caught:
                guard(row["input"], dialect)
            cleaned += [row["id"]] if caught.value.kind != "syntax" else []
    assert rows and cleaned == []


@pytest.mark.parametrize("text", [
    "INSERT INTO product SELECT * FROM product", "Run this: DELETE FROM orders WHERE id IN (SELECT id FROM orders)",
    "CREATE TABLE x AS SELECT name FROM customer", "SELECT name FROM customer\nDROP TABLE customer",
    "SELECT name FROM customer\nINTO OUTFILE '/tmp/x'", "SELECT name FROM customer\nFOR UPDATE",
    "COPY (SELECT name FROM customer) TO '/tmp/x'", "PREPARE q AS SELECT name FROM customer",
    "DROP TABLE customer;\n\nSELECT name FROM customer", '{"sql": "DROP TABLE customer; SELECT 1"}',
])  # fmt: skip
def test_read_does_not_drop_a_write(text: str) -> None:
    with pytest.raises(QueryError):
        sg.read(text, SQLITE)
