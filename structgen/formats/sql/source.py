"""``Sql``: one SQL statement as a source of grammars.

In: a dialect, and what describes a database, or nothing. Out, from ``to_grammar``: the grammar of the queries of that
dialect (with ``read_only=False`` also of statements that write). With a schema only its tables and columns can be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from structgen.errors import SchemaError
from structgen.formats.base import ReadAs
from structgen.formats.sql.catalog import DIALECTS, Catalog, Dialect, read_catalog
from structgen.formats.sql.names import marked, named, positions
from structgen.formats.sql.typed import typed, untyped
from structgen.grammar.build import NEVER
from structgen.grammar.nodes import Grammar
from structgen.limits import Limits

_ANY_NAMES = "without a schema any names are allowed: whether tables and columns exist is not checked"
_KINDS = "whether the kinds of values fit together (a text compared with a number) is left to the database"
_KINDS_KNOWN = (
    "which of several columns GROUP BY names, and of which table, is left to the database",
    "behind UNION results from the fifth on may be of any kind, and types other than numbers, texts, booleans, times and "
    "intervals are taken for one",
    "whether values that are constant can be computed is left to the database",
)
_GROUPED = "whether a result is grouped or aggregated where the query groups is left to the database"


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement with an optional semicolon behind it; no comments.

    ``schema`` is a DB-API connection, a SQLAlchemy engine, DDL text, ``{table: [columns]}`` or ``{table: {column: type}}``,
    or a ``Catalog``; it is read when the grammar is made. ``tables`` keeps only these of its tables. ``parameters``
    allows placeholders, which whoever runs the query has to fill. ``typed`` (PostgreSQL, with the types of all columns
    known) also holds values to kinds (numbers, texts, booleans, times) and results to what GROUP BY names, so that what is
    written prepares; it is narrower than PostgreSQL and its masks cost more: ``grammars/sql/postgres_typed.lark`` says what
    is left out. ``max_tokens`` of a generation is no promise for it: a
    statement that is cut is an error.
    """

    dialect: Dialect = "sqlite"
    schema: object = None
    read_only: bool = True
    tables: Iterable[str] | None = None
    parameters: bool = False
    typed: bool = False

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar; ``SchemaError`` for an unknown dialect or a schema that describes no database."""
        if self.dialect not in DIALECTS:
            raise SchemaError(f"Sql(dialect={self.dialect!r}) is not known",
                              instead=f"use one of {', '.join(map(repr, DIALECTS))}")
        for name in ("read_only", "parameters", "typed"):
            if type(getattr(self, name)) is not bool:
                raise SchemaError(f"Sql({name}={getattr(self, name)!r}) is neither True nor False")
        start = "start" if self.read_only else "script"
        catalog = self.catalog(limits)
        if self.typed:
            self._require_types(catalog)
        unenforced: tuple[str, ...]
        if catalog is None:
            found = marked(self.dialect, start, False)
            rules, unenforced = {**found.rules, "position": positions()}, (_ANY_NAMES,)
        elif self.typed:
            found = typed(self.dialect, start, catalog, limits)
            rules, unenforced = dict(found.rules), _KINDS_KNOWN
        else:
            found = named(self.dialect, start, catalog, limits)
            rules, unenforced = dict(found.rules), (_KINDS, _GROUPED)
        if not self.parameters:
            rules["parameter"] = NEVER
        return replace(found, rules=rules, unenforced=unenforced)

    def _require_types(self, catalog: Catalog | None) -> None:
        if self.dialect != "postgres":
            raise SchemaError(f"Sql(dialect={self.dialect!r}, typed=True)",
                              because="kinds of values are known of PostgreSQL alone",
                              instead="leave typed out, or use the dialect 'postgres'")
        if catalog is None:
            raise SchemaError("Sql(typed=True) needs the types of columns", instead="pass schema=")
        if found := untyped(catalog):
            raise SchemaError(f"Sql(typed=True): the type of {found} is not known",
                              because="values are held to the types of all columns",
                              instead="pass a connection, DDL, or {table: {column: type}}")
        if self.parameters:
            raise SchemaError("Sql(typed=True, parameters=True)", because="a placeholder has no type",
                              instead="leave one of them out")

    def read_as(self) -> ReadAs:
        """How ``read`` takes a statement: as a text, with the names of the schema."""
        options = {"dialect": self.dialect, "catalog": self.catalog(), "read_only": self.read_only}
        return ReadAs("sql", None, options)

    def catalog(self, limits: Limits | None = None) -> Catalog | None:
        """What the schema describes; None without one."""
        if self.schema is None:
            if self.tables is not None:
                raise SchemaError("Sql(tables=…) needs a schema to choose from", instead="pass schema=")
            return None
        return read_catalog(self.schema, self.dialect, tables=self.tables, limits=limits)
