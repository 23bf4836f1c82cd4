"""From a question to rows: what the model is told, what is read, what comes back to it, and that nothing is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from formats.sql.postgres_server import connect

import structgen as sg
from structgen.__main__ import main
from structgen.errors import GenerationError, SchemaError
from structgen.formats.sql.catalog import read_catalog
from structgen.generation.text_to_sql import TextToSql, ddl

SCRIPT = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), total REAL, "paid on" TEXT);
CREATE TABLE item (order_id INTEGER, line INTEGER, goods TEXT, PRIMARY KEY (order_id, line));
INSERT INTO customer VALUES (1, 'Ada', 'London'), (2, 'Emmy', 'Erlangen');
INSERT INTO "order" VALUES (1, 1, 20.5, '2024-01-01'), (2, 1, 3, NULL), (3, 2, 9, NULL);
"""
DDL = """\
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), total REAL, "paid on" TEXT);
CREATE TABLE item (order_id INTEGER, line INTEGER, goods TEXT, PRIMARY KEY (order_id, line));"""


@pytest.fixture
def shop() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCRIPT)
    yield connection
    connection.close()


def saying(*answers: str) -> tuple[Callable[[str], str], list[str]]:
    """A model that gives these answers in turn, and the prompts it was given."""
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return answers[len(prompts) - 1]

    return answer, prompts


def test_text_to_sql_answers(shop: sqlite3.Connection) -> None:
    model, prompts = saying("```sql\nSELECT name FROM customer WHERE city = 'London';\n```")
    answer = TextToSql(model, shop)("Who lives in London?")
    assert answer.sql == "SELECT name FROM customer WHERE city = 'London'"
    assert (answer.columns, answer.rows) == (("name",), (("Ada",),))
    assert answer.attempts == () and answer.is_complete and len(answer.repairs) == 1
    assert str(answer) == "SELECT name FROM customer WHERE city = 'London'\n\nname\nAda"
    assert DDL in prompts[0] and "Question: Who lives in London?" in prompts[0] and "SQLite" in prompts[0]


def test_text_to_sql_ddl_reads_back(shop: sqlite3.Connection) -> None:
    catalog = read_catalog(shop, "sqlite")
    assert ddl(catalog) == DDL
    assert read_catalog(DDL, "sqlite") == catalog


@pytest.mark.parametrize(("wrong", "word"), [
    ("SELECT name FROM customer WHERE town = 'London'",
     "no column town, at 1:33 (no table of this FROM has one of that name; choose from id, name, city)"),
    ("SELECT name, count(*) OVER () FROM customer HAVING 1", "the database refuses the query (HAVING clause"),
    ("DELETE FROM customer", "DELETE does not begin a query"), ("I do not know.", "there is no query in the text"),
    ("SELECT count(*) FROM customer a, customer b, customer c, customer d", "a product of 4 tables"),
    ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x > 0) SELECT max(x) FROM c",
     "takes longer than"),
])  # fmt: skip
def test_text_to_sql_tells_the_model_what_was_wrong(shop: sqlite3.Connection, wrong: str, word: str) -> None:
    model, prompts = saying(wrong, "SELECT 1 AS one")
    answer = TextToSql(model, shop, timeout_s=0.3)("What?")
    assert answer.rows == ((1,),)
    assert [attempt.text for attempt in answer.attempts] == [wrong]
    assert f"You answered:\n{wrong}\n\nThat is wrong: " in prompts[1] and word in prompts[1]
    assert shop.execute("SELECT count(*) FROM customer").fetchone() == (2,)


def test_text_to_sql_gives_up(shop: sqlite3.Connection) -> None:
    model, prompts = saying(*["SELECT nothing FROM customer"] * 3)
    with pytest.raises(GenerationError, match="no right answer in 2 attempts; the last: there is no column") as caught:
        TextToSql(model, shop, retry=2)("What?")
    assert len(prompts) == len(caught.value.attempts) == 2


def test_text_to_sql_keeps_to_tables_rows_and_functions(shop: sqlite3.Connection) -> None:
    shop.create_function("twice", 1, lambda value: 2 * value)
    model, prompts = saying('SELECT total FROM "order"', "SELECT twice(id) FROM customer ORDER BY id")
    ask = TextToSql(model, shop, tables=["customer"], max_rows=1, functions=["TWICE"], notes="Cities are in English.")
    answer = ask("What?")
    assert (answer.rows, answer.is_complete, len(answer.attempts)) == (((2,),), False, 1)
    assert "there is no table" in answer.attempts[0].error
    assert "item" not in prompts[0] and "Cities are in English." in prompts[0]
    assert str(answer).endswith("twice(id)\n2\n…")


@pytest.mark.parametrize(("model", "options", "question", "error", "word"), [
    (3, {}, "What?", SchemaError, "is no model"), (lambda prompt: 3, {}, "What?", SchemaError, "returned a int"),
    (str, {"tables": ["nothing"]}, "What?", SchemaError, "no table 'nothing'"), (str, {}, " ", GenerationError, "empty"),
])  # fmt: skip
def test_text_to_sql_misuse_is_an_error(shop: sqlite3.Connection, model: Any, options: dict[str, Any], question: str,
                                        error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        TextToSql(model, shop, **options)(question)


def test_text_to_sql_on_postgres() -> None:
    connection = connect("structgen_text_to_sql")
    model, prompts = saying("SELECT town FROM customers",
                            'SELECT c.name, sum(i.quantity) AS n FROM customer c JOIN orders o ON o.customer_id = c.id JOIN '
                            'order_item i ON i.order_id = o.id WHERE c.city = "London" GROUP BY 1')
    try:
        answer = TextToSql(model, connection)("How many things did Londoners order?")
    finally:
        connection.close()
    assert answer.rows == (("Ada", 3),)
    assert [attempt.text for attempt in answer.attempts] == ["SELECT town FROM customers"]
    assert "PostgreSQL" in prompts[0] and "CREATE TABLE customer (id integer PRIMARY KEY, name text" in prompts[0]


def test_text_to_sql_under_the_mask_is_held_to_queries(shop: sqlite3.Connection) -> None:
    model = sg.load_model()
    ask = TextToSql(model, shop, retry=1)
    compiled = model.compile(ask.source)
    for text, allowed in (("SELECT name FROM customer WHERE city = 'London'", True), ("DROP TABLE customer", False),
                          ("SELECT name FROM nowhere", False)):
        assert compiled.matcher().advance_bytes(text.encode()) is allowed


def test_text_to_sql_command(tmp_path: Path, shop: sqlite3.Connection, capsys: pytest.CaptureFixture[str],
                             monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as copy:
        shop.backup(copy)
    copy.close()
    model, _ = saying("SELECT nix FROM nowhere", "SELECT name, city FROM customer ORDER BY id")
    monkeypatch.setattr("structgen.commands.sql.find_model", lambda name: model)
    assert main(["sql", str(path), "Who?", "--format", "csv"]) == 0
    said = capsys.readouterr()
    assert said.out == "name,city\r\nAda,London\r\nEmmy,Erlangen\r\n"
    assert "SELECT nix FROM nowhere" in said.err and said.err.endswith("SELECT name, city FROM customer ORDER BY id\n")
    assert main(["sql", str(tmp_path / "none.db"), "Who?"]) == 1
    assert "there is no database" in capsys.readouterr().err
