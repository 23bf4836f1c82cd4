"""``Sql`` with a schema: names are those in scope, by the grammar; SQLite itself is the judge of what is sampled."""

from __future__ import annotations

import json
import random
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from structgen import Compiler, Sql, Vocabulary
from structgen.errors import SchemaError
from structgen.formats.sql.names import COMMON
from structgen.limits import Limits
from structgen.matching.native_engine import AVAILABLE

WORDS = (
    b" SELECT", b"SELECT ", b" FROM ", b" WHERE ", b" JOIN ", b" ON ", b" AS ", b"WITH ", b" UNION ", b" GROUP BY ",
    b" ORDER BY ", b"COUNT(", b"t1", b"t2.", b"name", b"id", b"singer", b"concert", b" AND ", b"singer_id", b"*", b" = ",
    b"Home Town", b"EXISTS (", b" IN (", b" HAVING ", b"cte", b" NATURAL", b"year",
)  # fmt: skip
VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), *WORDS, None], [256 + len(WORDS)])
ENGINES: tuple[Any, ...] = ("python", "native") if AVAILABLE else ("python",)
TABLES = {
    "singer": {"id": "INTEGER", "name": "TEXT", "age": "INTEGER", "Home Town": "TEXT", "order": "INTEGER"},
    "concert": {"cid": "INTEGER", "name": "TEXT", "year": "INTEGER"},
    "singer_in_concert": {"singer_id": "INTEGER", "concert_id": "INTEGER"},
}


@cache
def compiled(engine: Any = "auto", **options: Any) -> Any:
    return Compiler(VOCABULARY, engine=engine).compile(Sql(schema=TABLES, **options))


def accepts(text: str, **options: Any) -> bool:
    matcher = compiled(**options).matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


@cache
def database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    for table, columns in TABLES.items():
        parts = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        made.execute(f"CREATE TABLE {table} ({parts})")
    return made


GOOD = [
    "SELECT name FROM singer",
    "select NAME, \"Home Town\" from SINGER where [order] > 3 or `order` = 1",
    "SELECT T1.name, T2.year FROM singer AS T1 JOIN singer_in_concert AS S ON T1.id = S.singer_id "
    "JOIN concert T2 ON T2.cid = S.concert_id WHERE age > 20 ORDER BY year",
    "SELECT year FROM singer JOIN concert ON age = cid",
    "SELECT concert.name FROM concert",
    "SELECT * FROM singer, concert WHERE singer.name = concert.name",
    "SELECT name FROM singer WHERE id NOT IN (SELECT singer_id FROM singer_in_concert)",
    "SELECT name FROM singer WHERE EXISTS (SELECT 1 FROM singer_in_concert WHERE singer_id = id)",
    "SELECT name FROM singer UNION SELECT name FROM concert ORDER BY 1 LIMIT 3",
    "SELECT age, count(*) AS total FROM singer GROUP BY age HAVING count(*) > 1 ORDER BY total DESC",
    "WITH cte AS (SELECT age, avg(id) AS avg_id FROM singer GROUP BY age) SELECT avg_id FROM cte WHERE age > 3",
    "WITH cte AS (SELECT cid FROM concert) SELECT x1.cid FROM cte AS x1",
    "SELECT name FROM (SELECT name, age FROM singer) AS sub WHERE sub.age = 3",
    "SELECT name FROM singer WHERE name = \"Joe Sharp\" AND name <> ''",
    "SELECT count(*) FROM singer AS a, singer AS b WHERE a.id < b.id",
]  # fmt: skip
BAD = [
    "SELECT title FROM singer", "SELECT name FROM album", "SELECT age FROM concert", "SELECT age, year FROM singer",
    "SELECT T1.year FROM singer AS T1", "SELECT T1.name FROM singer AS T2", "SELECT T2.name FROM singer AS T1",
    "SELECT name FROM singer JOIN concert ON id = cid", "SELECT id FROM singer WHERE cid = 1",
    "SELECT name FROM singer WHERE concert.year = 1", "SELECT a.id FROM singer AS a, concert AS a",
    "SELECT singer.id FROM singer, singer", "SELECT name FROM singer UNION SELECT name, cid FROM concert",
    "SELECT id FROM singer WHERE id IN (SELECT singer_id, concert_id FROM singer_in_concert)", "SELECT * ",
    "SELECT name FROM singer ORDER BY 2", "SELECT cte.n FROM cte",
    "WITH cte AS (SELECT 1 AS n FROM singer) SELECT year FROM cte",
    "SELECT id FROM singer WHERE \"NAME\" = \"age\" || \"name of\" AND \"title\" = \"age", "DROP TABLE singer",
    "SELECT order FROM singer", "SELECT name FROM (SELECT age FROM singer) AS sub",
    "SELECT id FROM (SELECT age FROM singer UNION SELECT age AS id FROM singer) AS sub", " SELECT name FROM singer",
    "SELECT name FROM singer WHERE name LI\u212aE 'x'", "\u017fELECT name FROM singer", "SELECT name FROM \u017finger",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_schema_accepts_what_is_in_scope(text: str) -> None:
    database().execute("EXPLAIN " + text)
    assert accepts(text)


@pytest.mark.parametrize("text", BAD)
def test_schema_refuses_what_is_not(text: str) -> None:
    assert not accepts(text)


WRITING = [
    ("INSERT INTO concert (cid, name) VALUES (1, 'x'), (2, NULL)", True),
    ("INSERT INTO concert (cid, name) SELECT id, name FROM singer", True),
    ("UPDATE singer SET age = age + 1 WHERE name = 'x'", True),
    ("DELETE FROM concert WHERE year < 2000;", True),
    ("DROP TABLE concert", True),
    ("INSERT INTO concert (cid, name) VALUES (1)", False),
    ("INSERT INTO concert (cid, cid) VALUES (1, 2)", False),
    ("INSERT INTO concert (cid, age) VALUES (1, 2)", False),
    ("INSERT INTO concert (cid) VALUES (name)", False),
    ("INSERT INTO concert (cid, name) SELECT id FROM singer", False),
    ("INSERT INTO concert (cid) SELECT id FROM singer WHERE year = 3", False),
    ("UPDATE singer SET year = 1", False),
    ("DELETE FROM concert WHERE age < 2000", False),
    ("DROP TABLE album", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "good"), WRITING)
def test_schema_names_what_is_written(text: str, good: bool) -> None:
    assert accepts(text, read_only=False) == good
    assert not accepts(text)


OWED = "SELECT a.year, b.year, c.year, d.year, e.year, f.year, g.year, singer.age FROM"
FORKS = [  # the longest beginning of a statement, and what must not follow it: no statement begins so
    (f"{OWED} singer", " AS", ", concert AS a"),
    (f"{OWED} concert", " JOIN", " AS g"),
    ("SELECT singer.* FROM singer", " UNION", " WHERE id = 1"),
    ("SELECT * FROM singer NATURAL JOIN concert", " EXCEPT", " WHERE id = 1"),
    ("INSERT INTO concert (cid, name, year", ",", ") VALUES (1, 'x', 2)"),
    ("WITH " + ", ".join(f"{name} AS (SELECT id FROM singer)" for name in COMMON), " ,", " SELECT id FROM cte"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("begun", "never", "good"), FORKS)
def test_schema_allows_no_word_that_leads_nowhere(begun: str, never: str, good: str, engine: str) -> None:
    for text, possible in ((begun + never, False), (begun + good, True)):
        assert compiled(engine, read_only=False).matcher().advance_bytes(text.encode()) == possible


def walk(matcher: Any, chance: random.Random, most: int) -> str | None:
    """A statement at random, with a bias to end; None where that takes too long."""
    close = [b"'", b'"', b"`", b"]", b")", b" FROM ", b"FROM", b"END", b" ON ", b"ON", b"1", b" = ", b" AS ", b"T", b"W"]
    path, free = b"", chance.randrange(5, 40)
    for number in range(most):
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, path
        if number > free and matcher.is_accepting:
            return path.decode()
        texts = {VOCABULARY.tokens[token]: token for token in allowed}
        found = [texts[text] for text in close if text in texts and not path.endswith(text)]
        words = [token for token in allowed if token >= 256] or allowed
        token = chance.choice(words if chance.random() < 0.5 else allowed)
        if number > free and chance.random() < 0.8:
            token = found[0] if found else chance.choice(words)
        assert matcher.advance(token)
        if matcher.is_finished:
            return path.decode()
        path += VOCABULARY.tokens[token] or b""
    return None


def test_schema_samples_are_prepared_by_sqlite() -> None:
    chance = random.Random(4)
    texts = [walk(compiled().matcher(), chance, 400) for _ in range(80)]
    complete = [text for text in texts if text is not None]
    assert len(complete) > 50  # between 62 and 67 over some seeds; the others are at the limit of the walk
    for text in complete:
        try:
            database().execute("EXPLAIN " + text)
        except sqlite3.OperationalError as error:  # grouping alone is left to the database
            assert "aggregate" in str(error), text
        sqlglot.parse_one(text, dialect="sqlite")


def test_schema_both_engines_have_the_same_scopes() -> None:
    for seed in range(4 if len(ENGINES) > 1 else 0):
        chance = random.Random(seed)
        matchers = [compiled(engine).matcher() for engine in ENGINES]
        path = b""
        for _ in range(60):
            allowed = [matcher.allowed_tokens().tolist() for matcher in matchers]
            assert allowed[0] == allowed[1], path
            words = [token for token in allowed[0] if token >= 256] or allowed[0]
            token = chance.choice(words if chance.random() < 0.6 else allowed[0])
            assert all(matcher.advance(token) for matcher in matchers)
            path += VOCABULARY.tokens[token] or b""
            if matchers[0].is_finished:
                break


def test_schema_gold_queries_are_accepted() -> None:
    folder = Path(__file__).resolve().parents[3] / ".." / "shared" / "corpora"
    if not (folder / "sql_spider.jsonl").is_file():
        pytest.skip("the shared corpora are not beside the repository")
    databases = json.loads((folder / "sql_spider_schemas.json").read_text())["databases"]
    compiler, known, refused = Compiler(VOCABULARY), {}, []
    rows = [json.loads(line) for line in (folder / "sql_spider.jsonl").read_text().splitlines()]
    for row in rows:
        name = row["db_id"]
        if name not in known:
            tables = {table["name"]: [one["name"] for one in table["columns"]] for table in databases[name]["tables"]}
            known[name] = compiler.compile(Sql(schema=tables))
        matcher = known[name].matcher()
        if not (matcher.advance_bytes(row["sql"].encode()) and matcher.is_accepting):
            refused.append(row["sql"])
    assert len(refused) <= 0.02 * len(rows), refused


def test_sql_takes_wide_schemas() -> None:
    wide = {f"table_{i}": [f"col_{i}_{j}" for j in range(50)] for i in range(100)}
    compiled = Compiler(VOCABULARY).compile(Sql(schema=wide))

    def taken(text: str) -> bool:
        return bool(compiled.matcher().advance_bytes(text.encode()))

    assert taken("SELECT t1.Col_5_3 FROM table_5 AS t1 WHERE col_5_49 = 1")
    assert taken("SELECT 1 AS col_100_0 FROM table_5") and not taken("SELECT col_5_50 FROM table_5")


def test_sql_takes_names_that_begin_alike() -> None:
    names = {"t": ["a" * length for length in range(1, 64, 3)]}
    compiled = Compiler(VOCABULARY).compile(Sql(schema=names))
    for length in range(1, 64):
        text = f"SELECT 1 AS {'A' * length} FROM t ORDER BY {'a' * length}"
        matcher = compiled.matcher()
        assert (matcher.advance_bytes(text.encode()) and matcher.is_accepting) == (length % 3 == 1)


@pytest.mark.parametrize("tables", [3, [3], ["nothing"], []])
def test_sql_says_which_tables_are_not_there(tables: Any) -> None:
    with pytest.raises(SchemaError):
        Sql(schema=TABLES, tables=tables).catalog(Limits())


def test_sql_of_a_closed_connection_is_refused() -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()
    with pytest.raises(SchemaError, match="closed"):
        Sql(schema=connection).catalog(Limits())


@pytest.mark.skipif(not AVAILABLE, reason="of the native engine")
def test_sql_masks_are_those_of_stepping_every_token() -> None:
    """What masks keep from one scope to another (native/walks.cpp), over tokens that end names, texts and brackets."""
    chance = random.Random(7)
    pieces = {text[at : at + length].encode() for text in GOOD for at in range(len(text)) for length in range(2, 9)}
    texts = [*(bytes([byte]) for byte in range(256)), *sorted(chance.sample(sorted(pieces), 3000)), b"'x' = '", b"'')",
             b") (", b"''"]
    grammar = Compiler(Vocabulary([*texts, None], [len(texts)]), engine="native").compile(Sql(schema=TABLES))
    for text in GOOD:
        matcher = grammar.matcher()
        rest = text.encode()
        while rest:
            assert matcher.mask().tobytes() == matcher.mask_by_steps(), rest
            fitting = [token for token, one in enumerate(texts) if rest.startswith(one)]
            token = chance.choice(fitting)
            assert matcher.advance(token)
            rest = rest[len(texts[token]) :]
        assert matcher.mask().tobytes() == matcher.mask_by_steps()
