"""``Sql`` without a schema: the grammar of each dialect over any names."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import sqlglot

import structgen
from structgen import Compiler, Limits, SchemaError, Sql, Vocabulary
from structgen.grammar.files import merged

VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])


@cache
def compiled(**options: Any) -> Any:
    return Compiler(VOCABULARY).compile(Sql(**options))


def accepts(text: str, **options: Any) -> bool:
    matcher = compiled(**options).matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


QUERIES = [
    "SELECT 1",
    "select a , b.c from t AS b where a = 'it''s' order by 1 desc limit 3;",
    "SELECT count(*), avg(x) FROM t GROUP BY y HAVING count(*) > 2",
    "WITH c AS (SELECT a FROM t) SELECT a FROM c UNION ALL SELECT b FROM u ORDER BY 1",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
    "SELECT CASE WHEN a > 1 THEN 'x' ELSE NULL END FROM t LEFT JOIN u ON t.id = u.id",
    "SELECT rank() OVER (PARTITION BY a ORDER BY b DESC) FROM t",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND NOT b IN (1, 2)",
    "SELECT CAST(a AS INTEGER) FROM (SELECT b AS a FROM t) AS s CROSS JOIN u",
]
NONE = [
    "", "SELECT", "SELECTa FROM t", "SELECT a FROMt", "SELECT a FROM select", "SELECT a FROM t; SELECT b FROM t",
    "DELETE FROM t", "SELECT a FROM t -- c", "SELECT a /* c */ FROM t", "SELECT a FROM t WHERE", "SELECT 1--1",
    "PRAGMA x", "SELECT 'a", "SELECT sum(count(*)) FROM t", "SELECT a FROM t WHERE count(*) > 1", "SELECT ? FROM t",
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "ansi"])
def test_sql_accepts_queries_and_nothing_else(dialect: str) -> None:
    wrong = [text for text in QUERIES if not accepts(text, dialect=dialect)]
    assert wrong == []
    assert [text for text in NONE if accepts(text, dialect=dialect)] == []
    for text in QUERIES:  # they are queries for an independent parser, too
        sqlglot.parse_one(text, dialect=None if dialect == "ansi" else dialect)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "ansi"])
@pytest.mark.parametrize(("begun", "ended"), [("(SELECT ", ")"), ("(", ")"), ("ABS(", ")"), ("1 + (", ")"),
                                             ("CASE WHEN (", " = 1) THEN 2 END"), ("(NOT (", "= 1) AND 2 = 3)")])
def test_sql_nests_without_more_ways_to_read_a_text(dialect: str, begun: str, ended: str) -> None:
    assert accepts(f"SELECT {begun * 30}1{ended * 30}", dialect=dialect)


def test_sql_on_sees_every_source_before_it() -> None:
    """JOIN binds more tightly than a comma, but in SQLite."""
    text = "SELECT 1 FROM a, b JOIN c ON a.x = c.x"
    assert [accepts(text, dialect=dialect) for dialect in ("sqlite", "postgres", "ansi")] == [True, False, False]
    assert all(accepts(f"SELECT 1 FROM a{rest}", dialect=dialect) for dialect in ("postgres", "ansi")
               for rest in (", b, c", " CROSS JOIN b JOIN c ON a.x = c.x", ""))


@pytest.mark.parametrize("dialect", ["sqlite", "postgres", "ansi"])
def test_sql_keywords_know_no_letters_beyond_ascii(dialect: str) -> None:
    assert accepts("sElEcT a FROM t WHERE a lIkE 'x'", dialect=dialect)
    for text in (
        "\u017felect a FROM t",
        "SELECT a FROM t WHERE a LI\u212aE 'x'",
        " SELECT a FROM t",
        "SELECT \u212a FROM t",
    ):
        assert not accepts(text, dialect=dialect)
    matcher = Compiler(VOCABULARY).compile(structgen.Lark('start: "SELECT K"i')).matcher()
    assert matcher.advance_bytes("\u017felect \u212a".encode())  # a grammar of one's own has lark's letters without case


WRITING = [
    "INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL)",
    "UPDATE t SET a = b + 1 WHERE c IS NULL",
    "DELETE FROM t",
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b REAL NOT NULL)",
    "DROP TABLE IF EXISTS t;",
]


@pytest.mark.parametrize("text", WRITING)
def test_sql_writes_only_where_it_may(text: str) -> None:
    assert not accepts(text)
    assert accepts(text, read_only=False)


@pytest.mark.parametrize(("text", "dialects"), [
    ('SELECT a FROM t WHERE b = ""', "sqlite"),
    ("SELECT `a` FROM [b c]", "sqlite"),
    ("SELECT a FROM t LIMIT 2, 3", "sqlite"),
    ("SELECT a FROM t WHERE b ILIKE 'x'", "postgres"),
    ("SELECT EXTRACT(YEAR FROM d) FROM t", "postgres ansi"),
    ("SELECT a FROM t WHERE a == 1", "sqlite"),
    ("SELECT a FROM t WHERE a", "sqlite"),
    ("SELECT 1 != -1", "sqlite postgres"),
])  # fmt: skip
def test_sql_dialects_differ(text: str, dialects: str) -> None:
    assert [name for name in ("sqlite", "postgres", "ansi") if accepts(text, dialect=name)] == dialects.split()


def test_sql_parameters_only_where_they_are_asked_for() -> None:
    assert accepts("SELECT a FROM t WHERE b = ? AND c = :name LIMIT ?", parameters=True)
    assert not accepts("SELECT a FROM t WHERE b = ?")


def test_sql_without_a_schema_says_what_is_not_enforced() -> None:
    assert any("exist" in line for line in compiled().unenforced)


@pytest.mark.parametrize(("options", "words"), [
    ({"dialect": "oracle"}, "not known"),
    ({"tables": ["a"]}, "needs a schema"),
    ({"read_only": 1}, "neither True nor False"),
])  # fmt: skip
def test_sql_refuses_wrong_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        Sql(**options).to_grammar(Limits())


def test_sql_files_are_grammars_of_their_own() -> None:
    for name in ("sql/core", "sql/sqlite", "sql/postgres", "sql/ansi"):
        assert structgen.grammar(name).rules


def test_merged_definitions_take_the_place_of_the_core() -> None:
    text = merged('a: b\nb: "x"\n   | "y"\nc: a\n', '// note\nb: "z"\nd: "w"\n')
    assert [line for line in text.splitlines() if line] == ["a: b", 'b: "z"', "c: a", 'd: "w"']
