"""From a question to rows: a model writes a query, the database answers it, and what it refuses goes back to the model.

In: a model, a connection, a question. Out: a ``SqlAnswer``: the query, its columns and rows, and the attempts that failed.
The one idea: a query must pass four judges in turn, the mask or the tolerant reader, the scope check, the database's own
EXPLAIN, and the run under limits; the first that refuses says why in words, and these words are the next prompt.

Caveats: the rows answer the query, and whether the query answers the question is up to the model. Everything runs read-only;
see ``formats.sql.execute`` for how.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from structgen.errors import GenerationError, QueryError, ReadError, SchemaError
from structgen.formats.read import read
from structgen.formats.sql.catalog import Catalog, Dialect, Table
from structgen.formats.sql.execute import MAX_BYTES, MAX_ROWS, TIMEOUT_S, Rows, connected, prepare, run
from structgen.formats.sql.guard import guard
from structgen.formats.sql.scope import check_scope
from structgen.formats.sql.source import Sql
from structgen.generation.prompt import Message
from structgen.generation.result import Result, Usage
from structgen.generation.retry import Retry, ask_until_right

__all__ = ["SqlAnswer", "SqlAttempt", "TextToSql", "ddl", "question_prompt"]

NAMES: Mapping[str, str] = {"sqlite": "SQLite", "postgres": "PostgreSQL", "ansi": "SQL"}
RESERVED = frozenset((
    "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "check", "collate", "column", "constraint",
    "create", "cross", "current", "default", "delete", "desc", "distinct", "do", "drop", "else", "end", "except",
    "exists", "false", "fetch", "for", "foreign", "from", "full", "grant", "group", "having", "in", "index", "inner",
    "insert", "intersect", "into", "is", "join", "key", "left", "like", "limit", "natural", "not", "null", "offset", "on",
    "or", "order", "outer", "primary", "references", "right", "row", "select", "set", "table", "then", "to",
    "transaction", "true", "union", "unique", "update", "user", "using", "values", "view", "when", "where", "window",
    "with",
))
"""Names that are quoted where they are told: words that one of the databases does not take for a name everywhere."""


@dataclass(frozen=True, slots=True)
class SqlAttempt:
    """A query that was refused: what the model wrote, and the words in which it was told."""

    text: str
    error: str


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """The query that ran, and what it gave. ``is_complete``: there were no more rows than ``max_rows``."""

    question: str
    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_complete: bool = True
    attempts: tuple[SqlAttempt, ...] = ()
    """The attempts before it, which failed."""
    repairs: tuple[str, ...] = ()
    """What the tolerant reader changed in what the model wrote, a line each."""

    def __str__(self) -> str:
        return f"{self.sql}\n\n{self.table()}"

    def table(self) -> str:
        """The rows below the names of their columns."""
        rows = [self.columns, *self.rows]
        shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
        return "\n".join([*lines, *([] if self.is_complete else ["…"])])


class TextToSql:
    """Answers questions with queries on one database.

    ``model``: a ``Model``, whose output the grammar of the database's queries holds, or a function from a prompt to a text,
    which is then read tolerantly. ``connection``: of sqlite3 or psycopg, SQLAlchemy's engine over one of them, or the path
    of an SQLite file. ``tables``: the only ones that the model is told and may use. ``notes``: what else the model should
    know, such as what columns mean. ``functions``: of the database's own, that only read. ``retry``: how often to ask.

    A call raises ``GenerationError`` where no attempt gave a query that runs; its ``attempts`` are the errors.
    """

    def __init__(self, model: Any, connection: Any, *, tables: Iterable[str] | None = None, notes: str | None = None,
                 retry: Retry | int = 3, max_rows: int = MAX_ROWS, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES,
                 functions: Iterable[str] = ()) -> None:
        self.model, self.connection, self.notes = model, connection, notes
        self.retry = Retry(attempts=retry) if isinstance(retry, int) else retry
        self.max_rows, self.timeout_s, self.max_bytes = max_rows, timeout_s, max_bytes
        self.functions = frozenset(name.lower() for name in functions)
        with connected(connection) as database:
            self.dialect: Dialect = database.dialect
            found = database.catalog()
        self.catalog: Catalog = found if tables is None else found.only(tables)
        self.source = Sql(dialect=self.dialect, schema=self.catalog)

    def __call__(self, question: str, *, max_tokens: int = 256, temperature: float = 0.0,
                 seed: int | None = None) -> SqlAnswer:
        """The answer to a question in words."""
        if not (callable(getattr(self.model, "generate", None)) or callable(self.model)):
            raise SchemaError(f"a {type(self.model).__name__} is no model",
                              instead="pass a Model, or a function from text to text")
        if not isinstance(question, str) or not question.strip():
            raise GenerationError("the question is empty", instead="ask something about the tables")

        def attempt(messages: Sequence[Message], at: float, _: object) -> Result[Any]:
            made = self._written(messages, max_tokens, at, seed)
            return replace(made, value=self._answered(question, made))

        result = ask_until_right(self.retry, [{"role": "user", "content": self.prompt(question)}], attempt, temperature)
        failed = tuple(SqlAttempt(error.text or "", str(error)) for error in result.failures)
        answer: SqlAnswer = result.value
        return replace(answer, attempts=failed)

    def prompt(self, question: str) -> str:
        """What the model is told: the tables, and the question."""
        return question_prompt(question, self.catalog, self.notes)

    def check(self, sql: str) -> None:
        """Raises ``QueryError`` where the guard, the scope check or the database refuses a query; nothing is run."""
        check_scope(guard(sql, self.dialect, functions=self.functions), self.catalog)
        prepare(self.connection, sql, timeout_s=self.timeout_s, functions=self.functions)

    def _written(self, messages: Sequence[Message], max_tokens: int, temperature: float, seed: int | None) -> Result[Any]:
        """What the model writes: under the mask, or as it likes."""
        if callable(getattr(self.model, "generate", None)):
            # The same seed would make the same mistake again.
            draw = None if seed is None else seed + len(messages) // 2
            made: Result[Any] = self.model.generate(messages, self.source, max_tokens=max_tokens, temperature=temperature,
                                                    seed=draw, instructions=None)
            return made
        started = time.perf_counter()
        text = self.model(_as_prompt(messages))
        if not isinstance(text, str):
            raise SchemaError(f"the model returned a {type(text).__name__}",
                              because="a model is a function from text to text")
        usage = Usage(0, 0, 1, time.perf_counter() - started)
        return Result(text, text, (), None, None, (), "complete", usage)

    def _answered(self, question: str, made: Result[Any]) -> SqlAnswer:
        """The rows of what the model wrote; ``GenerationError`` in words where there are none."""
        try:
            reading = read(made.text, self.source, functions=self.functions)
            sql = str(reading.value)
            self.check(sql)
            rows: Rows = run(self.connection, sql, max_rows=self.max_rows, timeout_s=self.timeout_s,
                             max_bytes=self.max_bytes, functions=self.functions)
        except ReadError as error:
            because = "; ".join(part for part in (error.because, error.instead) if part)
            position = error.position if isinstance(error, QueryError) else None
            raise GenerationError(error.what, position=position, because=because or None, text=made.text) from error
        return SqlAnswer(question, sql, rows.columns, rows.rows, rows.is_complete, repairs=tuple(map(str, reading.repairs)))


def question_prompt(question: str, catalog: Catalog, notes: str | None = None) -> str:
    """A question about a database, as a model is asked it."""
    told = f"\n{notes.strip()}\n" if notes else ""
    return (f"Write one {NAMES[catalog.dialect]} query that answers the question. Only read.\n\n"
            f"{ddl(catalog)}\n{told}\nQuestion: {question.strip()}\nSQL:")


def ddl(catalog: Catalog) -> str:
    """A catalogue as CREATE TABLE statements, a line each."""
    return "\n".join(_created(table, catalog.dialect) for table in catalog.tables)


def _created(table: Table, dialect: Dialect) -> str:
    refers = {key.columns[0]: key for key in table.foreign_keys if len(key.columns) == 1 and len(key.referred) == 1}
    parts: list[str] = []

    def names(given: Iterable[str]) -> str:
        return ", ".join(_quoted(name, dialect) for name in given)

    for column in table.columns:
        words = [names([column.name]), column.type] if column.type else [names([column.name])]
        if table.primary_key == (column.name,):
            words.append("PRIMARY KEY")
        if column.name in refers:
            key = refers[column.name]
            words.append(f"REFERENCES {names([key.table])}({names(key.referred)})")
        parts.append(" ".join(words))
    if len(table.primary_key) > 1:
        parts.append(f"PRIMARY KEY ({names(table.primary_key)})")
    for key in table.foreign_keys:
        if len(key.columns) > 1:
            parts.append(f"FOREIGN KEY ({names(key.columns)}) REFERENCES {names([key.table])}({names(key.referred)})")
    return f"CREATE {'VIEW' if table.is_view else 'TABLE'} {names([table.name])} ({', '.join(parts)});"


def _quoted(name: str, dialect: Dialect) -> str:
    """A name as a query must write it."""
    pattern = r"[a-z_][a-z0-9_]*" if dialect == "postgres" else r"[A-Za-z_][A-Za-z0-9_]*"
    if re.fullmatch(pattern, name) and name.lower() not in RESERVED:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _as_prompt(messages: Sequence[Message]) -> str:
    """A conversation as one prompt, for a model that takes text alone."""
    parts = [message["content"] if message["role"] == "user" else f"You answered:\n{message['content']}"
             for message in messages]
    return "\n\n".join(parts)

