"""The read-only guard, both ways: a table of cases, the shared corpus, and two databases that judge independently."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest
from formats.sql.postgres_server import connect

from structgen.errors import QueryError, SchemaError
from structgen.formats.sql.guard import guard
from structgen.formats.sql.guard_functions import FUNCTIONS

CORPORA = Path(__file__).resolve().parents[3].parent / "shared" / "corpora"

# dialect, statement, kind of the error, a word of its message, position
REFUSED = [
    ("sqlite", "INSERT INTO t VALUES (1)", "not-read-only", "INSERT", "1:1"),
    ("sqlite", "INSERT OR REPLACE INTO t(a) SELECT 1", "not-read-only", "INSERT", "1:1"),
    ("sqlite", "REPLACE INTO t VALUES (1)", "not-read-only", "REPLACE", "1:1"),
    ("sqlite", "UPDATE t SET a = 1", "not-read-only", "UPDATE", "1:1"),
    ("sqlite", "DELETE FROM t", "not-read-only", "DELETE", "1:1"),
    ("sqlite", "DROP TABLE t", "not-read-only", "DROP", "1:1"),
    ("sqlite", "ALTER TABLE t ADD COLUMN c", "not-read-only", "ALTER", "1:1"),
    ("sqlite", "CREATE TABLE x AS SELECT * FROM t", "not-read-only", "CREATE", "1:1"),
    ("sqlite", "CREATE VIEW v AS SELECT 1", "not-read-only", "CREATE", "1:1"),
    ("sqlite", "PRAGMA journal_mode = DELETE", "not-read-only", "PRAGMA", "1:1"),
    ("sqlite", "ATTACH 'x.db' AS x", "not-read-only", "ATTACH", "1:1"),
    ("sqlite", "VACUUM INTO 'x.db'", "not-read-only", "VACUUM", "1:1"),
    ("sqlite", "REINDEX", "not-read-only", "REINDEX", "1:1"),
    ("sqlite", "ANALYZE", "not-read-only", "ANALYZE", "1:1"),
    ("sqlite", "SAVEPOINT s", "not-read-only", "SAVEPOINT", "1:1"),
    ("sqlite", "SELECT 1;\nDROP TABLE t", "not-read-only", "DROP", "2:1"),
    ("sqlite", "SELECT now()", "unknown-function", "now", "1:8"),
    ("sqlite", "SELECT 1; SELECT 2", "not-read-only", "2 statements", "1:11"),
    ("sqlite", "SELECT 1 -- x\n; DELETE FROM t", "not-read-only", "DELETE", "2:3"),
    ("sqlite", "/* SELECT */ DELETE FROM t", "not-read-only", "DELETE", "1:14"),
    ("sqlite", "WITH x AS (SELECT 1) DELETE FROM t", "not-read-only", "DELETE", "1:22"),
    ("sqlite", "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "not-read-only", "INSERT", "1:22"),
    ("postgres", "WITH d AS (UPDATE t SET a = 1 RETURNING *) SELECT * FROM d", "not-read-only", "UPDATE", "1:12"),
    ("postgres", "SELECT * FROM (WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d) x", "not-read-only", "DELETE",
     "1:27"),
    ("postgres", "SELECT a INTO b FROM t", "not-read-only", "INTO", "1:10"),
    ("postgres", "SELECT a INTO TEMP b FROM t", "not-read-only", "INTO", "1:10"),
    ("mysql", "SELECT a INTO @x FROM t", "not-read-only", "INTO", None),
    ("mysql", "SELECT a FROM t INTO DUMPFILE '/x'", "syntax", "INTO", None),
    ("mysql", "SELECT @x := 1", "not-read-only", "assignment", None),
    ("mysql", "SELECT @@version", "not-read-only", "variable", None),
    ("postgres", "SELECT * FROM t FOR UPDATE", "not-read-only", "FOR UPDATE", "1:17"),
    ("postgres", "SELECT * FROM t FOR SHARE", "not-read-only", "FOR UPDATE or FOR SHARE", "1:17"),
    ("mysql", "SELECT * FROM t LOCK IN SHARE MODE", "not-read-only", "FOR", None),
    ("postgres", "EXPLAIN ANALYZE DELETE FROM t", "not-read-only", "DELETE", "1:17"),
    ("postgres", "EXPLAIN (ANALYZE, BUFFERS) INSERT INTO t VALUES (1)", "not-read-only", "INSERT", "1:28"),
    ("sqlite", "EXPLAIN QUERY PLAN UPDATE t SET a = 1", "not-read-only", "UPDATE", "1:20"),
    ("postgres", "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "not-read-only", "MERGE", "1:1"),
    ("postgres", "TRUNCATE t", "not-read-only", "TRUNCATE", "1:1"),
    ("postgres", "GRANT ALL ON t TO PUBLIC", "not-read-only", "GRANT", "1:1"),
    ("postgres", "COPY t TO '/tmp/x'", "not-read-only", "COPY", "1:1"),
    ("postgres", "SET statement_timeout = 0", "not-read-only", "SET", "1:1"),
    ("postgres", "RESET ALL", "not-read-only", "RESET", "1:1"),
    ("postgres", "LISTEN x", "not-read-only", "LISTEN", "1:1"),
    ("postgres", "LOCK TABLE t", "not-read-only", "LOCK", "1:1"),
    ("postgres", "CALL p()", "not-read-only", "CALL", "1:1"),
    ("postgres", "DO $$ BEGIN END $$", "not-read-only", "DO", "1:1"),
    ("postgres", "PREPARE x AS DELETE FROM t", "not-read-only", "PREPARE", "1:1"),
    ("postgres", "EXECUTE x", "not-read-only", "EXECUTE", "1:1"),
    ("postgres", "REFRESH MATERIALIZED VIEW v", "not-read-only", "REFRESH", "1:1"),
    ("sqlite", "SELECT load_extension('x')", "not-read-only", "load_extension", "1:8"),
    ("sqlite", "SELECT LOAD_EXTENSION('x')", "not-read-only", "load_extension", "1:8"),
    ("sqlite", "SELECT \"load_extension\"('x')", "not-read-only", "load_extension", "1:8"),
    ("sqlite", "SELECT a FROM t WHERE readfile('x') IS NULL", "not-read-only", "readfile", "1:23"),
    ("sqlite", "SELECT a FROM t ORDER BY writefile('x', a)", "not-read-only", "writefile", "1:26"),
    ("sqlite", "SELECT * FROM pragma_table_info('t')", "unknown-function", "pragma_table_info", None),
    ("sqlite", "SELECT * FROM pragma_database_list", "not-read-only", "pragma_database_list", None),
    ("sqlite", "SELECT * FROM fsdir('/')", "not-read-only", "fsdir", None),
    ("sqlite", "SELECT edit(a) FROM t", "not-read-only", "edit", "1:8"),
    ("postgres", "SELECT pg_sleep(10)", "not-read-only", "pg_sleep", "1:8"),
    ("postgres", "SELECT pg_catalog.pg_sleep(10)", "not-read-only", "schema", None),
    ("postgres", "SELECT * FROM pg_ls_dir('/')", "not-read-only", "pg_ls_dir", None),
    ("postgres", "SELECT * FROM dblink('x', 'DROP TABLE t') AS d(a int)", "not-read-only", "dblink", None),
    ("postgres", "SELECT nextval('s')", "not-read-only", "nextval", "1:8"),
    ("postgres", "SELECT set_config('x', 'y', false)", "not-read-only", "set_config", "1:8"),
    ("postgres", "SELECT pg_advisory_lock(1)", "not-read-only", "pg_advisory_lock", "1:8"),
    ("postgres", "SELECT lo_put(1, 0, 'x')", "not-read-only", "lo_put", "1:8"),
    ("postgres", "SELECT lo_unlink(1)", "not-read-only", "lo_unlink", "1:8"),
    ("postgres", "SELECT ts_stat('SELECT 1')", "not-read-only", "ts_stat", "1:8"),
    ("postgres", "SELECT table_to_xml('t', true, true, '')", "not-read-only", "table_to_xml", "1:8"),
    ("postgres", "SELECT my_own_function(a) FROM t", "unknown-function", "my_own_function", "1:8"),
    ("postgres", "SELECT rolpassword FROM pg_authid", "not-read-only", "pg_authid", None),
    ("postgres", "SELECT * FROM pg_catalog.pg_shadow", "not-read-only", "pg_shadow", None),
    ("postgres", "SELECT (SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM t)", "not-read-only", "pg_sleep", None),
    ("postgres", "SELECT a FROM t LIMIT (SELECT pg_sleep(1) IS NULL)::int", "not-read-only", "pg_sleep", None),
    ("mysql", "SELECT load_file('/etc/passwd')", "not-read-only", "load_file", "1:8"),
    ("mysql", "SELECT sleep(5)", "not-read-only", "sleep", "1:8"),
    ("mysql", "SELECT benchmark(1000000000, md5('a'))", "not-read-only", "benchmark", "1:8"),
    ("mysql", "SELECT * FROM mysql.user", "not-read-only", "user", None),
    ("mysql", "SELECT 1 /*!50000 INTO OUTFILE '/x' */", "not-read-only", "comment", "1:10"),
    ("mysql", "SELECT 1 /*M! INTO OUTFILE '/x' */", "not-read-only", "comment", "1:10"),
    ("postgres", "SELECT 1 /* /* */ ; DROP TABLE t; -- */", "not-read-only", "", None),
    ("sqlite", "SELECT 1 /* /* */ */", "not-read-only", "comment", "1:10"),
    ("postgres", "SELECT 1 --\r; DROP TABLE t", "not-read-only", "DROP", "1:15"),
    ("sqlite", "SELECT 1 AS a --\r, 2 AS b", "not-read-only", "carriage return", "1:15"),
    ("duckdb", "SELECT * FROM '/etc/passwd'", "not-read-only", "passwd", None),
    ("duckdb", "SELECT * FROM read_csv_auto('/etc/passwd')", "not-read-only", "read_csv_auto", None),
    ("duckdb", "SELECT * FROM glob('/*')", "not-read-only", "glob", None),
    ("duckdb", "SELECT getenv('HOME')", "not-read-only", "getenv", None),
    ("duckdb", "INSTALL httpfs", "not-read-only", "INSTALL", "1:1"),
    ("sqlite", "", "syntax", "no statement", "1:1"),
    ("sqlite", "-- DROP TABLE t", "syntax", "no statement", "1:1"),
    ("sqlite", ";;", "syntax", "no statement", "1:1"),
    ("sqlite", "SELECT", "syntax", "", None),
    ("sqlite", "SELECT (1", "syntax", "never closed", "1:8"),
    ("sqlite", "SELECT 1)", "syntax", "closes nothing", "1:9"),
    ("sqlite", "SELECT 'a", "syntax", "end its string", None),
    ("sqlite", "SELECT a FROM t WHERE", "syntax", "", None),
    ("sqlite", "SELECT a FROM t x y z", "syntax", "", None),
    ("sqlite", "SELECT 1\0; DROP TABLE t", "syntax", "character", "1:9"),
    ("sqlite", "\ufeffSELECT 1", "syntax", "character", "1:1"),
    ("sqlite", "SELECT\u3000a FROM t", "syntax", "", None),
    ("sqlite", "\u017felect a from t", "syntax", "plain letters", "1:1"),
    ("sqlite", "Here is your query: SELECT 1", "not-read-only", "HERE", "1:1"),
    ("sqlite", "WITH c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c", "too-costly",
     "never ends", None),
    ("sqlite", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE 1 = 1) SELECT * FROM c",
     "too-costly", "never ends", None),
    ("sqlite", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c ORDER BY x LIMIT 3",
     "too-costly", "never ends", None),
    ("postgres", "SELECT count(*) FROM a CROSS JOIN b CROSS JOIN c CROSS JOIN d", "too-costly", "product of 4", None),
    ("postgres", "SELECT 1 FROM a, b, c, d, e WHERE a.x = b.x", "too-costly", "product of 4", None),
    ("postgres", "SELECT repeat('x', 100000000)", "too-costly", "repeat", "1:8"),
    ("postgres", "SELECT repeat('x', 10000 * 10000)", "too-costly", "repeat", "1:8"),
    ("postgres", "SELECT lpad('x', 1000000)", "too-costly", "lpad", "1:8"),
    ("sqlite", "SELECT printf('%1000000d', 1)", "too-costly", "width", "1:8"),
    ("sqlite", "SELECT zeroblob(1000000000)", "not-read-only", "zeroblob", "1:8"),
    ("postgres", "SELECT * FROM generate_series(1, 1000000000)", "too-costly", "series", None),
    ("sqlite", "SELECT a FROM t WHERE a LIKE '%a%a%a%a%a%a%a%a%a%a%b'", "too-costly", "wildcards", None),
]  # fmt: skip

ALLOWED = [
    ("any", "SELECT 1"), ("any", "select 1;"), ("any", "SELECT 1;;"), ("any", "SELECT 1 -- done"),
    ("any", "SELECT 1; -- done"),
    ("any", "/* a query */ SELECT 1"), ("any", "(SELECT 1)"), ("any", "SELECT DISTINCT a FROM t"),
    ("any", "SELECT t.a, u.b AS c FROM t JOIN u ON t.id = u.id LEFT JOIN v ON v.id = u.id WHERE t.a > 3"),
    ("any", "SELECT a FROM t WHERE b IN (SELECT b FROM u) AND NOT EXISTS (SELECT 1 FROM v WHERE v.id = t.id)"),
    ("any", "SELECT count(*), sum(a), avg(a), min(a), max(a), count(DISTINCT a) FROM t GROUP BY b HAVING count(*) > 1"),
    ("any", "SELECT CASE WHEN a > 1 THEN 'x' ELSE 'y' END FROM t"), ("any", "SELECT CAST(a AS INTEGER) FROM t"),
    ("any", "SELECT a || 'b' FROM t"), ("any", "SELECT a FROM t ORDER BY a DESC, b LIMIT 10 OFFSET 5"),
    ("any", "SELECT a FROM t UNION ALL SELECT a FROM u INTERSECT SELECT a FROM v"),
    ("any", "WITH x AS (SELECT a FROM t), y AS (SELECT * FROM x) SELECT * FROM y"),
    ("any", "SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t"),
    ("any", "SELECT 'DROP TABLE t; --', \"delete\" FROM t"), ("any", "SELECT coalesce(a, 0), nullif(a, b), abs(a) FROM t"),
    ("any", "SELECT a FROM t WHERE a BETWEEN 1 AND 2 AND b LIKE 'x%' AND c IS NOT NULL"),
    ("any", "SELECT upper(a), lower(a), trim(a), replace(a, 'x', 'y'), substr(a, 1, 2), length(a), round(b, 2) FROM t"),
    ("any", "SELECT a.x FROM t a, t b, t c WHERE a.x = b.x AND b.y = c.y"), ("any", "SELECT * FROM a, b, c"),
    ("any", "SELECT 1 FROM a, b, c, d, e WHERE a.x = b.x AND b.x = c.x AND c.x = d.x AND d.x = e.x"),
    ("any", "WITH RECURSIVE c AS (SELECT id, boss FROM t WHERE boss IS NULL UNION ALL SELECT t.id, t.boss FROM t "
            "JOIN c ON t.boss = c.id) SELECT * FROM c"),
    ("any", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c LIMIT 5"),
    ("any", "SELECT a FROM t WHERE b = ?"), ("any", "SELECT max(a) - min(a) FROM t"), ("any", "EXPLAIN SELECT a FROM t"),
    ("any", "SELECT update_time, insert_id, \"drop\", copy_no FROM delete_log"),
    ("sqlite", "EXPLAIN QUERY PLAN SELECT a FROM t"), ("sqlite", "SELECT name FROM sqlite_master"),
    ("sqlite", "SELECT [a b], `c` FROM t"), ("sqlite", "SELECT a FROM t WHERE b = :name"),
    ("sqlite", "SELECT strftime('%Y', d), date('now', '-1 day'), julianday(d), printf('%.2f', x) FROM t"),
    ("sqlite", "SELECT group_concat(a, ', '), total(b), ifnull(a, 1), iif(a, 1, 2) FROM t"),
    ("sqlite", "SELECT json_extract(a, '$.b'), a ->> '$.c' FROM t, json_each(t.a)"), ("sqlite", "SELECT x'00', 0x1F"),
    ("sqlite", "SELECT a COLLATE NOCASE FROM t WHERE a GLOB 'x*'"), ("sqlite", "SELECT rowid, * FROM t"),
    ("sqlite", "SELECT char(repeat_count) FROM t"),
    ("postgres", "EXPLAIN (ANALYZE, BUFFERS) SELECT a FROM t"), ("postgres", "EXPLAIN ANALYZE VERBOSE SELECT 1"),
    ("postgres", "TABLE t"), ("postgres", "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b"),
    ("postgres", "SELECT a::int, b::numeric(10, 2), c::date FROM t"),
    ("postgres", "SELECT * FROM generate_series(1, 10) AS g(i)"),
    ("postgres", "SELECT array_agg(a ORDER BY b) FILTER (WHERE c > 1) FROM t"), ("postgres", "SELECT $$a;b$$, E'a\\'b'"),
    ("postgres", "SELECT date_trunc('month', d), extract(year FROM d), now() - INTERVAL '1 day' FROM t"),
    ("postgres", "SELECT string_agg(a, ',' ORDER BY a), bool_and(b) FROM t"), ("postgres", "SELECT a FROM t WHERE b = $1"),
    ("postgres", "SELECT d AT TIME ZONE 'UTC', a ~ 'x', a ILIKE 'y%', a SIMILAR TO 'z' FROM t"),
    ("postgres", "SELECT j ->> 'a', j -> 'b' -> 0, j #>> '{a,b}', j @> '{}' FROM t"),
    ("postgres", "SELECT * FROM t CROSS JOIN LATERAL (SELECT count(*) FROM u WHERE u.id = t.id) x"),
    ("postgres", "SELECT unnest(ARRAY[1, 2]), a[1], a = ANY(ARRAY[1]) FROM t"),
    ("postgres", "SELECT a FROM t TABLESAMPLE BERNOULLI (10)"),
    ("postgres", "SELECT a FROM t GROUP BY ROLLUP (a)"), ("postgres", "SELECT a FROM t GROUP BY GROUPING SETS ((a), ())"),
    ("postgres", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t"),
    ("postgres", "SELECT a FROM t FETCH FIRST 3 ROWS ONLY"),
    ("postgres", "SELECT repeat('#', n) FROM t"), ("postgres", "SELECT table_name FROM information_schema.tables"),
    ("mysql", "SELECT `a`, date_format(d, '%Y'), group_concat(a), if(a, 1, 2) FROM t LIMIT 5, 10"),
    ("duckdb", "SELECT list_distinct([1, 2]), median(a) FROM t"),
]  # fmt: skip


def _dialects(dialect: str) -> tuple[str, ...]:
    return ("ansi", "sqlite", "postgres", "duckdb") if dialect == "any" else (dialect,)


@pytest.mark.parametrize(("dialect", "sql", "kind", "word", "position"), REFUSED, ids=[row[1][:60] for row in REFUSED])
def test_guard_refuses(dialect: str, sql: str, kind: str, word: str, position: str | None) -> None:
    with pytest.raises(QueryError) as caught:
        guard(sql, dialect)
    assert caught.value.kind == kind
    assert word in str(caught.value)
    assert position in (None, caught.value.position)


@pytest.mark.parametrize(("dialect", "sql"), ALLOWED, ids=[row[1][:60] for row in ALLOWED])
def test_guard_allows(dialect: str, sql: str) -> None:
    for one in _dialects(dialect):
        assert guard(sql, one).sql == sql


def test_guard_takes_functions_that_the_caller_knows() -> None:
    assert guard("SELECT price_of(a) FROM t", functions=frozenset(("price_of",)))
    with pytest.raises(QueryError, match="price_off"):
        guard("SELECT price_off(a) FROM t", functions=frozenset(("price_of",)))


def test_guard_counts_the_parts_of_many_joins() -> None:
    """A chain of very many tables is one part, and so are tables of one name; four chains are a product of 4."""
    many = range(1, 1500)
    guard("SELECT 1 FROM t x0 " + " ".join(f"JOIN t x{at} ON x{at - 1}.a = x{at}.a" for at in many))
    guard("SELECT 1 FROM t " + " ".join("JOIN t x ON x.a = t.a" for _ in many))
    parts = " ".join(f"JOIN t x{at}" + (f" ON x{at - 1}.a = x{at}.a" if at % 400 else "") for at in many)
    with pytest.raises(QueryError, match="product of 4"):
        guard(f"SELECT 1 FROM t x0 {parts}")


def test_guard_that_is_off_still_takes_one_statement() -> None:
    assert guard("DELETE FROM t WHERE a = 1", read_only=False)
    with pytest.raises(QueryError, match="2 statements"):
        guard("DELETE FROM t; DELETE FROM u", read_only=False)


def test_guard_unknown_dialect_is_an_error() -> None:
    with pytest.raises(SchemaError, match="dialect 'klingon'"):
        guard("SELECT 1", "klingon")


def test_guard_decides_the_shared_corpus_as_marked() -> None:
    corpus = CORPORA / "outputs_hostile.jsonl"
    if not corpus.exists():
        pytest.skip("the shared corpora are not here")
    rows = [row for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines()) if row["kind"] == "sql_guard"]
    wrong = []
    for row in rows:
        for dialect in _dialects(row["dialect"]):
            try:
                guard(row["input"], dialect)
                found = "allow"
            except QueryError:
                found = "refuse"
            if found != row["expect"]:
                wrong.append((row["id"], dialect, found))
    assert rows and wrong == []


def test_guard_allows_every_gold_query_of_spider() -> None:
    corpus = CORPORA / "sql_spider.jsonl"
    if not corpus.exists():
        pytest.skip("the shared corpora are not here")
    for row in map(json.loads, corpus.read_text(encoding="utf-8").splitlines()):
        guard(row["sql"], "sqlite")


# What SQLite itself does with a statement, seen through its authorizer, is the judge of what the guard lets through.
READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
SCRIPT = "CREATE TABLE t(a, b, c, d, id, j); CREATE TABLE u(a, b, id); CREATE TABLE v(a, id);"


def _actions(connection: sqlite3.Connection, sql: str) -> set[int] | None:
    """What SQLite would do; None for what it does not understand."""
    seen: set[int] = set()

    def note(action: int, *_: object) -> int:
        seen.add(action)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)
    try:
        connection.execute(f"EXPLAIN {sql}", [0] * sql.count("?"))
    except (sqlite3.Error, sqlite3.Warning):
        return None
    return seen


def test_guard_and_sqlite_agree_on_spliced_statements() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    connection.execute("SELECT 1 FROM json_each('[]')")  # its first use declares a table, which looks like a write
    pieces = [sql for dialect, sql in ALLOWED if dialect in ("any", "sqlite")] + \
        [sql for dialect, sql, *_ in REFUSED if dialect == "sqlite"]
    words = [piece.split(" ") for piece in pieces]
    draw = random.Random(5)
    judged = let_through = refused_writes = 0
    for _ in range(2000):
        one, other = draw.choice(words), draw.choice(words)
        sql = " ".join(one[: draw.randint(0, len(one))] + other[draw.randint(0, len(other)):])
        if "\0" in sql or sql.upper().startswith("EXPLAIN"):
            continue
        actions = _actions(connection, sql)
        try:
            guard(sql, "sqlite")
        except QueryError:
            refused_writes += bool(actions and not actions <= READS)
            continue
        let_through += 1
        if actions is not None:
            judged += 1
            assert actions <= READS, sql
    assert judged > 100 and let_through > 100 and refused_writes > 20


def test_guard_functions_of_sqlite_exist_there() -> None:
    connection = sqlite3.connect(":memory:")
    known = {row[0] for row in connection.execute("SELECT DISTINCT name FROM pragma_function_list")}
    known |= {"json_each", "json_tree"} | {row[0] for row in connection.execute("SELECT name FROM pragma_module_list")}
    dangerous = {"load_extension", "fts3_tokenizer", "zeroblob", "randomblob", "sqlite_log", "readfile", "writefile", "edit"}
    assert not FUNCTIONS["sqlite"] & dangerous
    assert {"abs", "strftime", "json_extract", "group_concat", "row_number"} <= known & FUNCTIONS["sqlite"]
    # What this SQLite has and the list has not is refused on purpose: it writes, loads, or tells about the server.
    refused = {name for name in known - FUNCTIONS["sqlite"] if name.isidentifier()}
    assert {name for name in refused if not name.startswith(("sqlite_", "rtree", "fts", "pragma_"))} <= {
        "load_extension", "zeroblob", "randomblob", "last_insert_rowid", "total_changes", "optimize", "offsets", "matchinfo",
        "subtype", "bytecode", "tables_used", "dbstat", "json_tree", "carray", "completion", "series", "geopoly"}, refused


def test_guard_functions_of_postgres_change_nothing_there() -> None:
    with connect("structgen_guard") as connection:
        rows = connection.execute("SELECT proname, bool_or(provolatile = 'v') FROM pg_proc JOIN pg_namespace n ON "
                                  "n.oid = pronamespace WHERE nspname = 'pg_catalog' GROUP BY proname").fetchall()
    volatile = dict(rows)
    known = FUNCTIONS["postgres"] & set(volatile)
    assert len(known) > 200
    assert {name for name in known if volatile[name]} == {"random", "clock_timestamp"}
