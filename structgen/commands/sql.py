"""``structgen sql DATABASE QUESTION``: an answer from a database on the command line.

The query goes to standard error with the attempts that failed, the rows to standard output, as a table, CSV or JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from typing import Any

from structgen.commands.shared import MODEL_HELP, find_model
from structgen.errors import SchemaError

__all__ = ["add"]


def add(commands: Any) -> None:
    """Adds ``sql`` to the command line."""
    parser = commands.add_parser("sql", help="answer a question from a database",
                                 description="Let a model write a query that only reads, and run it under limits.")
    parser.add_argument("database", help="the path of an SQLite file, or postgresql://…")
    parser.add_argument("question", help="the question; - reads it from standard input")
    parser.add_argument("--model", help=MODEL_HELP)
    parser.add_argument("--tables", metavar="NAME,…", help="the only tables that the model is told and may use")
    parser.add_argument("--notes", metavar="TEXT", help="what else the model should know")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table", help="how rows are printed")
    parser.add_argument("--attempts", type=int, default=3, metavar="N", help="how often the model is asked (default 3)")
    parser.add_argument("--max-tokens", type=int, default=256, metavar="N")
    parser.add_argument("--max-rows", type=int, default=100, metavar="N")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--temperature", type=float, default=0.0, metavar="T")
    parser.add_argument("--seed", type=int, metavar="N")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from structgen.generation.text_to_sql import TextToSql

    question = sys.stdin.read() if arguments.question == "-" else arguments.question
    tables = None if arguments.tables is None else [name.strip() for name in arguments.tables.split(",") if name.strip()]
    connection = _connected(arguments.database)
    try:
        # Whatever is wrong with the database or the tables is said before the model is loaded.
        ask = TextToSql(None, connection, tables=tables, notes=arguments.notes, retry=arguments.attempts,
                        max_rows=arguments.max_rows, timeout_s=arguments.timeout)
        ask.model = find_model(arguments.model)
        answer = ask(question, max_tokens=arguments.max_tokens, temperature=arguments.temperature, seed=arguments.seed)
    finally:
        if not isinstance(connection, str):
            connection.close()
    for attempt in answer.attempts:
        print(f"{attempt.text}\n  {attempt.error}\n", file=sys.stderr)
    print(answer.sql, file=sys.stderr)
    _print(answer, arguments.format)
    if not answer.is_complete:
        print(f"structgen: there are more than {arguments.max_rows} rows", file=sys.stderr)
    return 0


def _print(answer: Any, form: str) -> None:
    if form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    elif form == "json":
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    else:
        print(answer.table())


def _connected(database: str) -> Any:
    """What ``TextToSql`` takes: the path, or a connection."""
    if not database.startswith(("postgres://", "postgresql://")):
        return database
    try:
        import psycopg
    except ImportError as error:
        raise SchemaError("PostgreSQL needs the package psycopg", instead="pip install 'psycopg[binary]'") from error
    try:
        return psycopg.connect(database)
    except psycopg.Error as error:
        raise SchemaError("the database cannot be reached", because=str(error).splitlines()[0]) from error
