"""Text-to-SQL over small schemas, as ``TextToSql`` asks for it: questions, the query that answers each, and its judge.

In: a random generator and the side of the split. Out: an ``Example`` whose ``schema`` is empty, whose ``written`` is the
query and whose ``database`` is a script that makes the database. The one idea: a question is a wording of one kind of query,
with conditions that are worded apart, so that many questions come of few parts. Held-out questions have table and column
names, values and wordings that training never has, and a database with rows: an answer is right when its result is that of
the query, whatever it looks like.

Caveats: made questions are narrow; a wrong query may have the right result by chance, on rows that hardly let it.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import values
import words
from data import Example, task
from shapes import choose
from words import invented, listed, number, unseen

from structgen.errors import StructgenError
from structgen.formats.sql.catalog import Catalog, Column, ForeignKey, Table, read_catalog
from structgen.formats.sql.execute import run
from structgen.formats.sql.source import Sql
from structgen.generation.text_to_sql import RESERVED, ddl, question_prompt

__all__ = ["INTENTS", "same_result", "source_of", "sql"]

TABLES = listed(
    """singers players teams books films songs albums cities hotels rooms guests orders customers products shops stores
schools pupils teachers courses exams students classes doctors patients nurses clinics flights airports planes pilots
trains stations drivers cars garages farms animals pets owners gardens plants trees rivers lakes mountains islands
ships ports sailors museums paintings artists concerts stadiums matches games coaches leagues races runners banks accounts
loans cards bills offices workers managers departments projects tasks meetings reports letters writers editors journals
papers libraries readers recipes dishes cooks restaurants tables menus houses streets towns countries villages castles
bridges towers machines engines factories tools robots sensors devices phones users posts comments photos events tickets"""
)
TEXTS = listed(
    """name title city country colour genre language status category brand department author nationality street region
material shape kind type label model owner maker manager sponsor mascot nickname surname hometown birthplace profession
district county venue theme style topic flavour habitat species breed sector industry format publisher studio"""
)
WHOLES = listed(
    """age year price height weight rating stock floor capacity wins points salary pages duration population distance speed
rank score level seats budget visitors goals members rooms votes losses depth width length area temperature volume
quantity discount balance attendance mileage rent wage bonus calories credits hours minutes copies grade power"""
)
REALS = listed("price fee cost ratio average rate share length mass voltage density income tax margin score weight dose")
AGGREGATES = {"AVG": ("average", "mean"), "SUM": ("total", "summed"), "MAX": ("highest", "largest", "maximum"),
              "MIN": ("lowest", "smallest", "minimum")}  # fmt: skip
ORDERS = {"DESC": ("highest", "largest", "greatest"), "ASC": ("lowest", "smallest", "least")}

SEEN: Mapping[str, tuple[str, ...]] = {
    "columns": (
        "[What is|Find] the {c} of [each|every] one of the {T}?", "[List|Show|Give|Print|Return] the {c} of [all|the|] {T}.",
        "[Show|Get|Display] the {c} for [all|each] of the {T}.", "{c} of [all|the] {T}",
        "I [want|need] [to see |]the {c} of [all|the] {T}.", "What are the {c} of the {T}?",
        "[Can|Could] you [list|show] me the {c} of [all|the] {T}?",
    ),
    "count": (
        "How many {T} are there?", "Count [the|all|] {T}.", "[What is|Give|Find|Show] the number of {T}[.|?]",
        "How many {T} [do we have|exist|can be found]?", "The [number|count] of {T}, please.",
    ),
    "aggregate": (
        "What is the {a} {c} of [all|the|] {T}?", "[Give|Find|Show|Compute|Calculate] the {a} {c} of [all|the] {T}.",
        "{a} {c} of [all|the] {T}", "I [want|need] the {a} {c} of the {T}.",
    ),
    "top": (
        "[Show|Give|List|Find] the {c} of the {n} {T} with the {m} {d}.",
        "What are the {c} of the [top|first] {n} {T} by {m} {d}?",
        "Which {n} {T} have the {m} {d}? [Show|Give|List] their {c}.",
    ),
    "sorted": (
        "[Show|Give|List] the {c} of [all|the] {T}, [sorted|ordered] by {d}{o}.",
        "Sort the {T} by {d}{o} and [show|list] their {c}.",
        "What are the {c} of the {T}[,|] in the order of {d}{o}?",
    ),
    "group": (
        "How many {T} are there [for|with|of] each {c}?", "Count the {T} [by|for each|per] {c}.",
        "[Show|Give|List] [each|every] {c} and [how many|the number of] {T}[ it has| there are|].",
    ),
    "group_aggregate": (
        "What is the {a} {d} of the {T} for each {c}?", "[Show|Give|Find] the {a} {d} of {T} [by|per|for every] {c}.",
        "[Show|List] each {c} with the {a} {d} of its {T}.",
    ),
    "distinct": (
        "What [different|distinct] {c} do the {T} have?",
        "[List|Show|Give] the [different|distinct|unique] {c} of [all|the] {T}.",
        "[Show|List] each {c} of the {T} only once.",
    ),
    "count_distinct": (
        "How many [different|distinct] {c} do the {T} have?", "Count the [different|distinct|unique] {c} of the {T}.",
        "[Give|Find] the number of [different|distinct] {c} of the {T}.",
    ),
    "joined": (
        "[List|Show|Give] the {c} of [all|the] {T} and the {d} of their {p}.",
        "[Show|Find] each of the {T} by {c}, with the {d} of its {p}.",
        "What are the {c} of the {T} and what is the {d} of the {p}?",
    ),
}  # fmt: skip
UNSEEN: Mapping[str, tuple[str, ...]] = {
    "columns": ("Tell me which {c} the {T} come with.", "Let me read off {c} for the whole collection of {T}."),
    "count": ("Tell me how big the collection of {T} is.", "What does a tally over the {T} come to?"),
    "aggregate": ("Work out what the {a} {c} is over the {T}.", "Across {T}, how much is the {a} {c}?"),
    "top": ("Take the {n} {T} of {m} {d} and tell me which {c} they come with.",),
    "sorted": ("Put the {T} in a row going by {d}{o}, and read off their {c}.",),
    "group": ("Break the tally over the {T} down to every single {c}.",),
    "group_aggregate": ("Broken down to every single {c}, how much is the {a} {d} over the {T}?",),
    "distinct": ("Name whatever {c} occurs among the {T}, without repeating any.",),
    "count_distinct": ("Without counting any twice, how much {c} occurs among the {T}?",),
    "joined": ("Pair the {c} of the {T} with the {d} that the {p} comes with.",),
}
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "=": ("whose {x} is {v}", "with [the |]{x} {v}", "where [the |]{x} is {v}", "that have the {x} {v}"),
    "!=": ("whose {x} is not {v}", "where the {x} is [not|other than] {v}", "with a {x} other than {v}"),
    ">": ("with [a |]{x} [above|over|greater than|more than|higher than] {v}", "whose {x} is [above|over|greater than] {v}"),
    "<": ("with [a |]{x} [below|under|less than|lower than] {v}", "whose {x} is [below|under|smaller than] {v}"),
    ">=": ("with [a |]{x} of at least {v}", "whose {x} is {v} or more", "whose {x} is at least {v}"),
    "<=": ("with [a |]{x} of at most {v}", "whose {x} is {v} or less", "whose {x} is at most {v}"),
    "between": ("with [a |]{x} between {v} and {u}", "whose {x} is between {v} and {u}"),
    "null": ("without [a |]{x}", "whose {x} is [missing|empty|not known]", "with no {x}"),
    "parent": ("whose {p} has the {x} {v}", "of the {p} with [the |]{x} {v}", "where the {p} has [the |]{x} {v}"),
}
CONDITIONS_UNSEEN: Mapping[str, tuple[str, ...]] = {
    "=": ("marked by {v} as their {x}", "if {v} turns up under {x}"),
    "!=": ("if anything but {v} turns up under {x}",),
    ">": ("that go beyond {v} in {x}",),
    "<": ("that fall short of {v} in {x}",),
    ">=": ("that reach {v} in {x}",),
    "<=": ("that do not go beyond {v} in {x}",),
    "between": ("that lie from {v} to {u} in {x}",),
    "null": ("if nothing turns up under {x}",),
    "parent": ("belonging to a {p} marked by {v} as its {x}",),
}
INTENTS = tuple(SEEN)
KINDS = {"TEXT": ("=", "=", "=", "!=", "null"), "number": ("=", ">", "<", ">", "<", ">=", "<=", "between", "null")}


@dataclass
class Made:
    """A schema, and what is needed to fill it: for each column the values that its rows should have among others."""

    tables: list[Table]
    used: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def use(self, table: Table, column: Column, value: Any) -> None:
        self.used.setdefault((table.name, column.name), []).append(value)


def named(rng: random.Random, pool: list[str], held: bool, taken: set[str]) -> str:
    """A name on the wanted side of the split, that is not taken and needs no quotes."""
    while True:
        way = rng.random()
        name = rng.choice(pool)
        if way < 0.2:
            name = invented(rng, held) + ("s" if pool is TABLES else "")
        elif way < 0.35:
            name = f"{rng.choice(words.ADJECTIVES)}_{name}"
        if unseen(name) == held and name not in taken and name not in RESERVED and name.isascii():
            taken.add(name)
            return name


def table(rng: random.Random, held: bool, taken: set[str], parent: Table | None, keyed: bool) -> Table:
    name, own = named(rng, TABLES, held, taken), {"id"}
    columns = [Column("id", "INTEGER")] if keyed or rng.random() < 0.6 else []
    keys: tuple[ForeignKey, ...] = ()
    kinds = rng.sample(("TEXT", "TEXT", "INTEGER", "INTEGER", "REAL"), rng.randint(2, 3))
    if "TEXT" not in kinds:
        kinds[0] = "TEXT"
    pools = {"TEXT": TEXTS, "INTEGER": WHOLES, "REAL": REALS}
    columns += [Column(named(rng, pools[kind], held, own), kind) for kind in kinds]
    if parent is not None:
        link = f"{singular(parent)}_id"
        columns.append(Column(link, "INTEGER"))
        keys = (ForeignKey((link,), parent.name, ("id",)),)
    return Table(name, tuple(columns), ("id",) if columns[0].name == "id" else (), keys)


def singular(one: Table) -> str:
    name = one.name
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-2] if name.endswith(("ches", "shes", "xes", "sses")) else name.removesuffix("s")


def plain(one: Table) -> list[Column]:
    """The columns that a question may be about."""
    return [column for column in one.columns if not column.name.endswith("_id") and column.name != "id"]


def numeric(one: Table) -> list[Column]:
    return [column for column in plain(one) if column.type != "TEXT"]


def value(rng: random.Random, column: Column, held: bool) -> Any:
    if column.type == "INTEGER":
        return number(rng, 1, rng.choice((50, 200, 3000)), held)
    if column.type == "REAL":
        return number(rng, 1, 200, held) + rng.randint(1, 9) / 10
    maker = rng.choice((values.city, values.person, values.phrase, values.country, values.goods, values.code))
    return maker(rng, held)[1]


def literal(value: Any) -> str:
    doubled = str(value).replace("'", "''")
    return f"'{doubled}'" if isinstance(value, str) else str(value)


def said(rng: random.Random, value: Any) -> str:
    """A value in a question; a text now and then in quotes."""
    return f"'{value}'" if isinstance(value, str) and "'" not in value and rng.random() < 0.2 else str(value)


def spoken(name: str) -> str:
    return name.replace("_", " ")


def condition(rng: random.Random, held: bool, made: Made, one: Table, qualified: bool) -> tuple[str, str]:
    """A condition on a table: its words and its SQL; of a column that has none yet."""
    column = rng.choice([column for column in plain(one) if (one.name, column.name) not in made.used])
    kind = rng.choice(KINDS["TEXT" if column.type == "TEXT" else "number"])
    name, first = f"{one.name}.{column.name}" if qualified else column.name, value(rng, column, held)
    pattern = choose(rng, rng.choice((CONDITIONS_UNSEEN if held else CONDITIONS)[kind]))
    second: Any = None
    if kind == "between":
        second = first + number(rng, 2, 90, held)
        sql = f"{name} BETWEEN {first} AND {second}"
    else:
        sql = f"{name} IS NULL" if kind == "null" else f"{name} {kind} {literal(first)}"
    for used in (None if kind == "null" else first, second):
        made.use(one, column, used)
    text = pattern.replace("{x}", spoken(column.name)).replace("{u}", str(second))
    return text.replace("{v}", said(rng, first)), sql


def parent_condition(rng: random.Random, held: bool, made: Made, parent: Table) -> tuple[str, str]:
    column = rng.choice(plain(parent))
    first = value(rng, column, held)
    made.use(parent, column, first)
    text = choose(rng, rng.choice((CONDITIONS_UNSEEN if held else CONDITIONS)["parent"]))
    text = text.replace("{p}", spoken(singular(parent))).replace("{x}", spoken(column.name)).replace("{v}", said(rng, first))
    return text, f"{parent.name}.{column.name} = {literal(first)}"


@dataclass
class Asked:
    """A query in the making: where it selects from and under what conditions, and the words of that."""

    said: str
    source: str
    where: str
    prefix: str
    """What stands before a column's name: the table, where there are several."""


def asked_of(rng: random.Random, held: bool, made: Made, one: Table, parent: Table | None, join: bool) -> Asked:
    found: list[tuple[str, str]] = []
    by_parent = parent is not None and (join or rng.random() < 0.3)
    if parent is not None and by_parent and not join:
        found.append(parent_condition(rng, held, made, parent))
    if rng.random() < (0.25 if found or join else 0.6):
        found.append(condition(rng, held, made, one, by_parent))
        if not by_parent and rng.random() < 0.2:
            found.append(condition(rng, held, made, one, by_parent))
    both = "or" if len(found) == 2 and not by_parent and rng.random() < 0.3 else "and"
    where = f" WHERE {f' {both.upper()} '.join(sql for _, sql in found)}" if found else ""
    source = one.name
    if parent is not None and by_parent:
        source += f" JOIN {parent.name} ON {one.name}.{one.foreign_keys[0].columns[0]} = {parent.name}.id"
    text = " ".join([spoken(one.name), f" {both} ".join(text for text, _ in found)]).strip()
    return Asked(text, source, where, f"{one.name}." if by_parent else "")


def query(rng: random.Random, held: bool, made: Made) -> tuple[str, str]:
    """A question and the SQL that answers it."""
    one = made.tables[-1]
    parent = made.tables[0] if len(made.tables) > 1 else None
    possible = [intent for intent in INTENTS if (intent != "joined" or parent) and (numeric(one) or intent not in (
        "aggregate", "top", "group_aggregate", "sorted"))]  # fmt: skip
    intent = rng.choice([*possible, "columns", "columns", "count"])
    asked = asked_of(rng, held, made, one, parent, intent == "joined")
    columns = rng.sample(plain(one), min(len(plain(one)), 2 if intent == "columns" and rng.random() < 0.3 else 1))
    texts = [column for column in plain(one) if column.type == "TEXT"]
    if intent.startswith("group"):
        columns = [rng.choice(texts)]
    aggregate, order = rng.choice(tuple(AGGREGATES)), rng.choice(tuple(ORDERS))
    other = rng.choice(numeric(one) or plain(one))
    c, d = ", ".join(asked.prefix + column.name for column in columns), asked.prefix + other.name
    if intent == "joined" and parent is not None:
        other = rng.choice(plain(parent))
        d = f"{parent.name}.{other.name}"
    count = rng.randint(1, 5)
    told = asked.source + asked.where
    sql = {
        "columns": f"SELECT {c} FROM {told}",
        "count": f"SELECT COUNT(*) FROM {told}",
        "aggregate": f"SELECT {aggregate}({d}) FROM {told}",
        "top": f"SELECT {c} FROM {told} ORDER BY {d} {order} LIMIT {count}",
        "sorted": f"SELECT {c} FROM {told} ORDER BY {d} {order}",
        "group": f"SELECT {c}, COUNT(*) FROM {told} GROUP BY {c}",
        "group_aggregate": f"SELECT {c}, {aggregate}({d}) FROM {told} GROUP BY {c}",
        "distinct": f"SELECT DISTINCT {c} FROM {told}",
        "count_distinct": f"SELECT COUNT(DISTINCT {c}) FROM {told}",
        "joined": f"SELECT {c}, {d} FROM {told}",
    }[intent]
    about = spoken(other.name) if intent in ("aggregate",) else " and ".join(spoken(column.name) for column in columns)
    slots = {"T": asked.said, "c": about, "d": spoken(other.name), "a": rng.choice(AGGREGATES[aggregate]),
             "m": rng.choice(ORDERS[order]), "n": rng.choice((str(count), words.NUMBER_WORDS[count])),
             "o": rng.choice({"ASC": (" in ascending order", " from low to high", ", lowest first"),
                              "DESC": (" in descending order", " from high to low", ", highest first")}[order]),
             "p": spoken(singular(parent)) if parent is not None else ""}  # fmt: skip
    text = choose(rng, rng.choice((UNSEEN if held else SEEN)[intent]))
    for slot, words_of in slots.items():
        text = text.replace("{" + slot + "}", words_of)
    text = re.sub("  +", " ", text)
    return text[0].upper() + text[1:], sql


def rows(rng: random.Random, made: Made, held: bool, count: int = 24) -> Iterator[str]:
    """Statements that fill the tables: what the query asks about is in some of the rows."""
    for one in made.tables:
        pools = {column.name: pool_of(rng, made.used.get((one.name, column.name), []), column, held, count)
                 for column in one.columns}  # fmt: skip
        for row in range(count):
            cells = []
            for column in one.columns:
                if column.name == "id":
                    cells.append(str(row + 1))
                elif one.foreign_keys and column.name == one.foreign_keys[0].columns[0]:
                    cells.append(str(rng.randint(1, count)))
                else:
                    cell = rng.choice(pools[column.name]) if column.type == "TEXT" else pools[column.name][row]
                    cells.append("NULL" if cell is None else literal(cell))
            yield f"INSERT INTO {one.name} VALUES ({', '.join(cells)});"


def pool_of(rng: random.Random, used: list[Any], column: Column, held: bool, count: int) -> list[Any]:
    """Of a text a few values, of a number hardly one twice, so that an order has no ties."""
    if column.type == "TEXT":
        return [*used * 2, *(value(rng, column, held) for _ in range(5))]
    step = 1.0 if column.type == "INTEGER" else 0.1
    middle = max([one for one in used if one is not None], default=60)
    around = [round(middle + step * place, 1) for place in rng.sample(range(-40, 120), count)]
    cells: list[Any] = [int(one) if column.type == "INTEGER" else one for one in around]
    for place, one in enumerate(used * 3):
        cells[place] = one
    rng.shuffle(cells)
    return cells


@task("sql", 3.0)
def sql(rng: random.Random, held: bool) -> Example:
    """A question about one table, or about two of which one refers to the other; a held-out one has an answer that says
    something."""
    while True:
        taken: set[str] = set()
        tables: list[Table] = []
        if rng.random() < 0.4:
            tables.append(table(rng, held, taken, None, True))
        tables.append(table(rng, held, taken, tables[0] if tables else None, False))
        made = Made(tables)
        question, written = query(rng, held, made)
        catalog = Catalog(tuple(tables))
        scripts = ["\n".join([ddl(catalog), *rows(rng, made, held)]) for _ in range(3)] if held else [ddl(catalog)]
        for script in scripts:
            if not held or any(cell for row in results(script, written) or () for cell in row):
                return Example("sql", "SQL", {}, question_prompt(question, catalog), question, written, told="",
                               written=written, database=script)  # fmt: skip


def results(script: str, query: str) -> list[tuple[Any, ...]] | None:
    """The rows of a query on the database that the script makes, or None where it is no query that only reads."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(script)
        try:
            return [tuple(row) for row in run(base, query, max_rows=1000, timeout_s=5.0).rows]
        except StructgenError:
            return None


def source_of(example: Example) -> Sql:
    """The queries that the database of an example takes."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(example.database)
        return Sql(dialect="sqlite", schema=read_catalog(base, "sqlite"))


def same_result(example: Example, written: str) -> bool:
    """Whether a query has the result of the example's; the order counts where that one asks for an order."""
    wanted, found = results(example.database, str(example.answer)), results(example.database, written)
    if wanted is None or found is None:
        return False
    key: Callable[[Any], Any] = repr
    return wanted == found if "ORDER BY" in str(example.answer) else sorted(wanted, key=key) == sorted(found, key=key)
