"""SQL with a schema: gold queries accepted, what SQLite says of random samples, and what masks cost.

    python benchmarks/sql_exactness.py --databases sql_spider_schemas.json --gold sql_spider.jsonl --samples 2000

In: a JSON of ``{"databases": {id: {"tables": [{"name", "columns": [{"name", "type"}]}]}}}`` and JSON Lines of ``{"db_id",
"sql"}``. Out: counts. A sample takes 5 to 44 tokens at random, all that the mask allows being equally
likely; then three of four tokens are the first of CLOSING that is allowed, until the statement may end. One that has not
ended after ``--most`` tokens is unfinished, which is a failure. SQLite prepares each (EXPLAIN) and sqlglot parses it.
Caveats: samples use a vocabulary of all bytes and some words, since a mask of 131,072 tokens at random chooses names that
nobody writes; times are of the gold queries over Tekken, on whatever machine this runs.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import sqlglot

sys.path.insert(0, str(Path(__file__).resolve().parent))
from mask_engines import tekken

from structgen import Compiler, Sql, Vocabulary

KEYWORDS = (
    "SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN LEFT ON AS AND OR NOT IN EXISTS BETWEEN LIKE IS NULL COUNT SUM AVG MIN "
    "MAX DISTINCT UNION EXCEPT INTERSECT CASE WHEN THEN ELSE END WITH HAVING DESC ASC OVER PARTITION"
)
CLOSING = [text.encode() for text in ("'", '"', "`", "]", ")", " FROM", "FROM", " END", "END", " ON", "ON", " THEN")]
CLOSING += [text.encode() for text in (" WHEN", " AS", "=", " =", " ", ",", "1", "THEN", "AS", " AND")]
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


def samples(databases: dict[str, Any], count: int, seed: int, most: int) -> Counter[str]:
    """What became of so many samples, over all databases in turn."""
    known = vocabulary()
    compiler, chance, found = Compiler(known), random.Random(seed), Counter[str]()
    made: dict[str, tuple[sqlite3.Connection, Any]] = {}
    names = sorted(databases)
    for number in range(count):
        name = names[number % len(names)]
        if name not in made:
            connection = connect(databases[name]["tables"])
            made[name] = connection, compiler.compile(Sql(schema=connection))
        connection, compiled = made[name]
        text = sample(compiled.matcher(), known.tokens, chance, chance.randrange(5, 45), most)
        if text is None:
            found["unfinished"] += 1
            continue
        found["complete"] += 1
        for what, judge in (("sqlglot refuses", lambda one: sqlglot.parse_one(one, dialect="sqlite")),
                            ("SQLite refuses", lambda one, to=connection: to.execute("EXPLAIN " + one))):
            try:
                judge(text)
            except (sqlglot.errors.SqlglotError, sqlite3.Error) as error:
                found[what] += 1
                found["of them, unknown names"] += "no such" in str(error) or "ambiguous" in str(error)
                print(f"{what} ({name}): {str(error)[:80]!r}\n    {text!r}", flush=True)
    return found


def gold(databases: dict[str, Any], rows: list[dict[str, Any]]) -> tuple[int, list[float], list[float]]:
    """How many gold queries are accepted; microseconds a first mask and step of each place, and milliseconds a compile."""
    tokens = tekken()
    known = Vocabulary(tokens.texts, [tokens.end])
    compiler, right = Compiler(known), 0
    times: list[float] = []
    compiles: list[float] = []
    row = np.zeros((len(known.tokens) + 31) // 32, dtype=np.int32)
    made: dict[str, Any] = {}
    for one in rows:
        name = one["db_id"]
        if name not in made:
            connection, began = connect(databases[name]["tables"]), time.perf_counter_ns()
            made[name] = compiler.compile(Sql(schema=connection))
            compiles.append((time.perf_counter_ns() - began) / 1e6)
        matcher, taken = made[name].matcher(), True
        for token in tokens.encode(one["sql"]):
            began = time.perf_counter_ns()
            matcher.fill_mask(row.reshape(1, -1))
            taken = matcher.advance(token)
            times.append((time.perf_counter_ns() - began) / 1000)
            if not taken:
                print(f"refused ({name}): {one['sql']}", flush=True)
                break
        right += taken and matcher.is_accepting
    return right, times, compiles


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--databases", type=Path, required=True)
    options.add_argument("--gold", type=Path)
    options.add_argument("--samples", type=int, default=0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--most", type=int, default=3000, help="tokens after which a sample is unfinished")
    given = options.parse_args()
    databases = json.loads(given.databases.read_text())["databases"]
    if given.gold:
        rows = [json.loads(line) for line in given.gold.read_text().splitlines()]
        right, times, compiles = gold(databases, rows)
        shares = np.percentile(times, (50, 90, 99, 99.9))
        print(f"gold queries accepted: {right} of {len(rows)}; compile: median {np.median(compiles):.0f} ms; mask and step "
              f"over {len(times):,} tokens, us: p50 {shares[0]:.1f}, p90 {shares[1]:.1f}, p99 {shares[2]:.0f}, "
              f"p99.9 {shares[3]:.0f}")
    if given.samples:
        found = samples(databases, given.samples, given.seed, given.most)
        print(f"{given.samples:,} samples: " + ", ".join(f"{what} {count:,}" for what, count in sorted(found.items())))


if __name__ == "__main__":
    main()
