"""SQL with a schema: gold queries accepted, what databases say of random samples, and what masks cost.

    python benchmarks/sql_exactness.py --databases sql_spider_schemas.json --gold sql_spider.jsonl --samples 2000
    python benchmarks/sql_exactness.py --postgres "host=127.0.0.1 port=54329 user=postgres dbname=postgres" --samples 2000

In: a JSON of ``{"databases": {id: {"tables": [{"name", "columns": [{"name", "type"}]}]}}}`` and JSON Lines of ``{"db_id",
"sql"}``; or the address of a PostgreSQL server (tests/formats/sql/postgres_server.py says how one is started), in which a
shop of nine tables is made and dropped again. Out: counts. A sample takes 5 to 44 tokens at random, all that the mask allows
being equally likely; then three of four tokens are the first of CLOSING that is allowed, until the statement may end. One
that has not ended after ``--most`` tokens, or met a limit, is unfinished: a failure. SQLite or PostgreSQL prepares each
(EXPLAIN) and sqlglot parses it; what the database refuses is asked for again, at most ``--retries`` times, as ``TextToSql``
does.
Caveats: samples use a vocabulary of all bytes and some words, since a mask of 131,072 tokens at random chooses names that
nobody writes; times are the thread's own on the processor, over the gold queries and Tekken: 0.5 us of them is the clock.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sqlglot

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mask_engines import tekken

from structgen import Compiler, Sql, Vocabulary
from structgen.errors import LimitExceededError

KEYWORDS = (
    "SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN LEFT ON AS AND OR NOT IN EXISTS BETWEEN LIKE IS NULL COUNT SUM AVG MIN "
    "MAX DISTINCT UNION EXCEPT INTERSECT CASE WHEN THEN ELSE END WITH HAVING DESC ASC OVER PARTITION"
)
CLOSING = [text.encode() for text in ("'", '"', "`", "]", ")", " FROM", "FROM", " END", "END", " ON", "ON", " THEN")]
CLOSING += [text.encode() for text in (" WHEN", " AS", "=", " =", " ", ",", "1", "THEN", "AS", " AND")]
SHOP = (Path(__file__).parent / "corpus" / "shop.sql").read_text(encoding="utf-8")
UNKNOWN = ("no such", "column", "relation", "FROM-clause", "ambiguous")
"""Words of both databases about names; PostgreSQL says more of a kind of value, as in "operator does not exist"."""
KINDS = {"text": "TEXT", "number": "NUMERIC", "time": "DATETIME", "boolean": "BOOLEAN"}


def vocabulary() -> Vocabulary:
    """All bytes, the keywords, what closes, and the first 2,500 short words of Tekken."""
    words = [text for text in tekken().texts[:7000] if text and 1 < len(text) <= 10 and text.isascii()][:2500]
    keywords = [form for word in KEYWORDS.split() for form in (word, " " + word, word.lower(), " " + word.lower())]
    texts = dict.fromkeys([*(bytes([byte]) for byte in range(256)), *words, *map(str.encode, keywords), *CLOSING])
    return Vocabulary([*texts, None], [len(texts)])


def connect(tables: list[dict[str, Any]]) -> sqlite3.Connection:
    """An empty database of these tables."""
    made = sqlite3.connect(":memory:")
    for table in tables:
        if table["name"].lower().startswith("sqlite_"):
            continue
        columns = [f"{quoted(one['name'])} {KINDS.get(one['type'], 'BLOB')}" for one in table["columns"]]
        made.execute(f"CREATE TABLE {quoted(table['name'])} ({', '.join(columns)})")
    return made


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sample(matcher: Any, tokens: Any, chance: random.Random, free: int, most: int) -> str | None:
    """A statement at random; None where it has not ended after ``most`` tokens."""
    ids = {text: token for token, text in enumerate(tokens) if text is not None}
    closing = [ids[text] for text in CLOSING]
    path = b""
    for number in range(most):
        allowed = matcher.allowed_tokens()
        if not len(allowed):
            raise AssertionError(f"a dead end behind {path!r}")
        if number >= free and matcher.is_accepting:
            return path.decode()
        token = int(chance.choice(allowed))
        if number >= free and chance.random() < 0.75:
            found, in_word = set(allowed.tolist()), path[-1:].isalnum() or path[-1:] == b"_"
            fitting = (one for one in closing if one in found and not (in_word and tokens[one][:1].isalnum()))
            token = next((one for one in fitting if tokens[one] != path[-1:] or path[-1:] == b")"), token)
        if not matcher.advance(token):
            raise AssertionError(f"the mask allows {tokens[token]!r} behind {path!r}, the step does not")
        if matcher.is_finished:
            return path.decode()
        path += tokens[token]
    return None


@contextmanager
def shop(address: str) -> Iterator[Any]:
    """A connection to a PostgreSQL server, in a schema of its own that holds the shop; nothing of it stays."""
    import psycopg

    with psycopg.connect(address) as connection:
        connection.execute("CREATE SCHEMA structgen_bench")
        connection.execute("SET search_path TO structgen_bench")
        for statement in SHOP.strip().split(";\n"):
            connection.execute(statement)
        yield connection
        connection.rollback()


def refusal(connection: Any, dialect: str, text: str) -> str:
    """What the database says against a statement; nothing where it prepares it."""
    if dialect == "sqlite":
        try:
            connection.execute("EXPLAIN " + text)
        except sqlite3.Error as error:
            return str(error)
        return ""
    import psycopg

    try:
        with connection.transaction(force_rollback=True):
            connection.execute("EXPLAIN " + text.rstrip("; \t\r\n"))
    except psycopg.Error as error:
        return str(error)
    return ""


def samples(places: dict[str, Callable[[], Any]], dialect: Any, count: int, seed: int, most: int,
            retries: int, typed: bool = False) -> Counter[str]:
    """What became of so many samples, over all databases in turn."""
    known = vocabulary()
    compiler, chance, found = Compiler(known), random.Random(seed), Counter[str]()
    made: dict[str, tuple[Any, Any]] = {}
    names = sorted(places)
    for number in range(count):
        name = names[number % len(names)]
        if name not in made:
            connection = places[name]()
            made[name] = connection, compiler.compile(Sql(dialect=dialect, schema=connection, typed=typed))
        connection, compiled = made[name]
        for attempt in range(1 + retries):
            try:
                text = sample(compiled.matcher(), known.tokens, chance, chance.randrange(5, 45), most)
            except LimitExceededError as error:
                found["given up at a limit"] += 1
                print(f"given up ({name}): {error.what}", flush=True)
                text = None
            said = "unfinished" if text is None else refusal(connection, dialect, text)
            found["asked for"] += 1
            found["prepared"] += not said
            found["prepared as generated"] += not said and attempt == 0
            if text is None:
                found["unfinished"] += 1
                continue
            try:
                sqlglot.parse_one(text, dialect=dialect)
            except sqlglot.errors.SqlglotError as error:
                found["sqlglot refuses"] += 1
                print(f"sqlglot refuses ({name}): {str(error)[:80]!r}\n    {text!r}", flush=True)
            if not said:
                break
            found["the database refuses"] += 1
            found["of them, unknown names"] += any(word in said for word in UNKNOWN)
            print(f"refused ({name}): {said.splitlines()[0]!r}\n    {text!r}", flush=True)
    return found


def gold(databases: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[int, list[tuple[float, bool]], list[float]]:
    """How many gold queries are accepted; microseconds of each mask, and whether it was the first of its place; milliseconds
    a compile."""
    tokens = tekken()
    known = Vocabulary(tokens.texts, [tokens.end])
    compiler, right = Compiler(known), 0
    times: list[tuple[float, bool]] = []
    compiles: list[float] = []
    row = np.zeros((len(known.tokens) + 31) // 32, dtype=np.int32)
    made: dict[str, Any] = {}
    for one in rows:
        name = one["db_id"]
        if name not in made:
            connection, began = connect(databases[name]["tables"]), time.thread_time_ns()
            made[name] = compiler.compile(Sql(schema=connection))
            compiles.append((time.thread_time_ns() - began) / 1e6)
        matcher, taken = made[name].matcher(), True
        for token in tokens.encode(one["sql"]):
            known_masks = made[name].stats()["masks_computed"]
            began = time.thread_time_ns()
            matcher.fill_mask(row.reshape(1, -1))
            times.append(((time.thread_time_ns() - began) / 1000, made[name].stats()["masks_computed"] > known_masks))
            taken = matcher.advance(token)
            if not taken:
                print(f"refused ({name}): {one['sql']}", flush=True)
                break
        right += taken and matcher.is_accepting
    return right, times, compiles


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--databases", type=Path)
    options.add_argument("--postgres", help="address of a server, instead of --databases")
    options.add_argument("--typed", action="store_true", help="with --postgres: values are held to the types of columns")
    options.add_argument("--gold", type=Path)
    options.add_argument("--samples", type=int, default=0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--most", type=int, default=3000, help="tokens after which a sample is unfinished")
    options.add_argument("--retries", type=int, default=3, help="how often what the database refuses is asked for again")
    given = options.parse_args()
    if (given.databases is None) == (given.postgres is None):
        options.error("give one of --databases and --postgres")
    if given.postgres:
        with shop(given.postgres) as connection:
            places: dict[str, Callable[[], Any]] = {"shop": lambda: connection}
            found = samples(places, "postgres", given.samples, given.seed, given.most, given.retries, given.typed)
            tell(found, given.samples)
        return
    databases = json.loads(given.databases.read_text())["databases"]
    if given.gold:
        rows = [json.loads(line) for line in given.gold.read_text().splitlines()]
        right, times, compiles = gold(databases, rows)
        print(f"gold queries accepted: {right} of {len(rows)}; compile: median {np.median(compiles):.0f} ms")
        firsts = [us for us, first in times if first]
        for what, some in (("all masks", [us for us, _ in times]), ("first masks of their place", firsts)):
            shares = np.percentile(some, (50, 90, 99, 99.9))
            print(f"{what} ({len(some):,}), us: mean {np.mean(some):.1f}, p50 {shares[0]:.1f}, p90 {shares[1]:.1f}, "
                  f"p99 {shares[2]:.0f}, p99.9 {shares[3]:.0f}")
    if given.samples:
        places = {name: partial(connect, one["tables"]) for name, one in databases.items()}
        tell(samples(places, "sqlite", given.samples, given.seed, given.most, given.retries), given.samples)


def tell(found: Counter[str], count: int) -> None:
    """Prints what became of the samples."""
    first, last = (100 * found[what] / count for what in ("prepared as generated", "prepared"))
    print(f"{count:,} samples: {first:.2f} % prepare as generated, {last:.2f} % after retries; "
          + ", ".join(f"{what} {number:,}" for what, number in sorted(found.items())))


if __name__ == "__main__":
    main()
