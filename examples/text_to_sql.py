"""Questions to a database: a model writes the query, and it can do nothing but read.

    python examples/text_to_sql.py

In: a shop in SQLite, and questions. Out: queries with their rows. Under the mask a model writes nothing but queries
that read. What a model writes without a mask is read tolerantly, and where a judge refuses it, the judge's words are
the next prompt.
"""

from __future__ import annotations

import sqlite3

import structgen as sg

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer(id), total REAL);
INSERT INTO customer VALUES (1, 'Ada', 'London'), (2, 'Emmy', 'Erlangen'), (3, 'Grace', 'New York');
INSERT INTO purchase VALUES (1, 1, 20.5), (2, 1, 3.0), (3, 2, 9.0);
"""
ANSWERS = [
    "SELECT name, spent FROM customer",
    "Of course! ```sql\nSELECT c.name, sum(p.total) AS spent FROM custmer AS c JOIN purchase AS p ON p.customer_id = c.id "
    "GROUP BY c.name ORDER BY spent DESC LIMIT 1;\n```",
]


def shop() -> sqlite3.Connection:
    """A shop with three customers."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SHOP)
    return connection


def main() -> dict[str, bool]:
    """Whether the mask of the embedded model would let a text through, as far as it goes."""
    ask, model = sg.TextToSql(str, shop()), sg.load_model()
    matcher = model.compile(ask.source).matcher
    texts = ["SELECT name FROM customer WHERE city = 'London'", "DROP TABLE customer", "SELECT name FROM nowhere"]
    return {text: matcher().advance_bytes(text.encode()) for text in texts}


if __name__ == "__main__":
    allowed = main()
    print(f"under the mask: {allowed}\n")
    assert list(allowed.values()) == [True, False, False]
    replies = iter(ANSWERS)
    ask = sg.TextToSql(lambda prompt: next(replies), shop())
    answer = ask("Who spent the most?")
    print(f"\nwas told: {answer.attempts[0].error.splitlines()[0]}\nrepaired: {', '.join(answer.repairs)}\n{answer}")
    assert answer.rows == (("Ada", 23.5),)
    try:
        ask.check("SELECT 1; DROP TABLE customer")
    except sg.QueryError as error:
        print(f"\nrefused: {error.what}")
        assert error.kind == "not-read-only"
