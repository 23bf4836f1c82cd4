"""What a database holds: tables, columns with their types, and keys, as one frozen value.

In: whatever describes a database: a DB-API connection (sqlite3, psycopg or another with ``information_schema``), a
SQLAlchemy engine, DDL text, a mapping of tables to columns, or a ``Catalog``. Out: a ``Catalog``. Grammar, prompt and
checks read it and nothing else of a database.

Reading only ever selects from the database's own catalogue. DDL text is parsed by sqlglot and never run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from structgen.errors import LimitExceededError, SchemaError
from structgen.limits import Limits

Dialect = Literal["sqlite", "postgres", "ansi"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``type`` is the type as the database spells it, empty where it does not say."""

    name: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``columns`` of one table refer to ``referred`` columns of ``table``."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """The tables of one database, in its own order. Names are compared without case."""

    tables: tuple[Table, ...]
    dialect: Dialect = "sqlite"

    def table(self, name: str) -> Table | None:
        """The table of a name, in whatever case."""
        folded = name.casefold()
        return next((table for table in self.tables if table.name.casefold() == folded), None)

    def only(self, names: Iterable[str]) -> Catalog:
        """The catalogue of these tables alone; ``SchemaError`` if one of them is not there."""
        if not isinstance(names, Iterable):
            raise SchemaError(f"tables={names!r} is no list of names")
        wanted = {}
        for name in [names] if isinstance(names, str) else names:
            found = self.table(name) if isinstance(name, str) else None
            if found is None:
                raise SchemaError(f"there is no table {name!r}",
                                  instead="choose from " + ", ".join(repr(table.name) for table in self.tables[:20]))
            wanted[found.name] = found
        if not wanted:
            raise SchemaError("no table is left", because="tables= names none", instead="leave it away for all of them")
        return replace(self, tables=tuple(table for table in self.tables if table.name in wanted))


def read_catalog(schema: object, dialect: Dialect, *, tables: Iterable[str] | None = None,
                 limits: Limits | None = None) -> Catalog:
    """The catalogue of anything that describes a database; see the module's docstring.

    Raises ``SchemaError`` where it describes none, ``LimitExceededError`` where it is too large.
    """
    if dialect not in DIALECTS:
        raise SchemaError(f"the dialect {dialect!r} is not known", instead=f"use one of {', '.join(map(repr, DIALECTS))}")
    known = limits or Limits()
    found = _read(schema, dialect, known)
    nodes = sum(1 + len(table.columns) for table in found.tables)
    if nodes > known.schema_nodes:
        raise LimitExceededError(f"the database has {nodes:,} tables and columns", limit="schema_nodes",
                                 instead="name the tables that matter: tables=[…]")
    return _checked(found if tables is None else found.only(tables))


def _read(schema: object, dialect: Dialect, limits: Limits) -> Catalog:
    if isinstance(schema, Catalog):
        return schema
    if isinstance(schema, str):
        return Catalog(_from_ddl(schema, dialect, limits), dialect)
    if isinstance(schema, Mapping):
        return Catalog(tuple(_from_pair(name, columns) for name, columns in schema.items()), dialect)
    if type(schema).__module__.partition(".")[0] == "sqlalchemy":
        return Catalog(_from_sqlalchemy(schema), dialect)
    if isinstance(schema, sqlite3.Connection):
        return Catalog(_from_sqlite(schema), dialect)
    if callable(getattr(schema, "cursor", None)):
        return Catalog(_from_information_schema(cast(Any, schema)), dialect)
    raise SchemaError(f"{type(schema).__name__} describes no database",
                      instead="pass a DB-API connection, a SQLAlchemy engine, DDL text, or {table: [columns]}")


def _checked(catalog: Catalog) -> Catalog:
    """The catalogue, once its names are known to be names that tell tables and columns apart."""
    if not catalog.tables:
        raise SchemaError("the database has no tables", instead="create them first, or leave schema away for any names")
    for table in catalog.tables:
        if not table.columns:
            raise SchemaError(f"the table {table.name!r} has no columns")
        _distinct([column.name for column in table.columns], f"the columns of {table.name!r}")
    _distinct([table.name for table in catalog.tables], "the tables")
    return catalog


def _distinct(names: Sequence[object], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name or "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
            raise SchemaError(f"{name!r} is no name", position=where)
        if name.casefold() in seen:
            raise SchemaError(f"the name {name!r} occurs twice", position=where, because="names are compared without case")
        seen.add(name.casefold())


# --- mappings and DDL -------------------------------------------------------------------------------------------------

def _from_pair(name: Any, columns: Any) -> Table:
    if isinstance(columns, Mapping):
        return Table(name, tuple(Column(column, str(kind or "")) for column, kind in columns.items()))
    if isinstance(columns, Sequence) and not isinstance(columns, str | bytes):
        return Table(name, tuple(Column(column) for column in columns))
    raise SchemaError(f"the columns of {name!r} are neither a list nor a mapping to types")


def _from_ddl(text: str, dialect: Dialect, limits: Limits) -> tuple[Table, ...]:
    if len(text) > limits.schema_bytes:
        raise LimitExceededError(f"the DDL has {len(text):,} characters", limit="schema_bytes")
    sqlglot, exp = _sqlglot()
    try:
        statements = sqlglot.parse(text, dialect=None if dialect == "ansi" else dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise SchemaError("the DDL cannot be read", because=str(error).split("\n", 1)[0] or type(error).__name__) from error
    found: dict[str, Table] = {}
    for statement in statements:
        if isinstance(statement, exp.Create) and statement.kind == "TABLE" and isinstance(statement.this, exp.Schema):
            table = _created(statement.this, exp, dialect)
            found[table.name.casefold()] = table
        elif isinstance(statement, exp.Create) and statement.kind in ("TABLE", "VIEW"):  # of a query
            table = _selected(statement, found, exp)
            found[table.name.casefold()] = table
        elif isinstance(statement, exp.Alter):
            key = statement.this.name.casefold()
            if key in found:
                added = [_foreign(one, exp) for one in statement.find_all(exp.ForeignKey)]
                found[key] = replace(found[key], foreign_keys=(*found[key].foreign_keys, *added))
    if not found:
        raise SchemaError("the text creates no table", because="it has no CREATE TABLE with columns",
                          instead="pass the DDL of the tables")
    return tuple(_completed(table, found) for table in found.values())


def _sqlglot() -> tuple[Any, Any]:
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise SchemaError("reading DDL text needs the package sqlglot", instead="pip install structgen[sql]") from error
    return sqlglot, exp


def _created(schema: Any, exp: Any, dialect: Dialect) -> Table:
    columns: list[Column] = []
    primary: list[str] = []
    foreign: list[ForeignKey] = []
    for one in schema.expressions:
        if isinstance(one, exp.ColumnDef):
            kind = one.kind.sql(dialect=None if dialect == "ansi" else dialect) if one.kind else ""
            columns.append(Column(one.name, kind))
            for constraint in one.constraints:
                if isinstance(constraint.kind, exp.PrimaryKeyColumnConstraint):
                    primary.append(one.name)
                elif isinstance(constraint.kind, exp.Reference):
                    foreign.append(_reference((one.name,), constraint.kind, exp))
        elif isinstance(one, exp.Identifier):
            columns.append(Column(one.name))
        else:
            for key in one.find_all(exp.PrimaryKey):
                primary += [part.name for part in key.expressions]
            foreign += [_foreign(key, exp) for key in one.find_all(exp.ForeignKey)]
    return Table(schema.this.name, tuple(columns), tuple(primary), tuple(foreign))


def _selected(statement: Any, known: Mapping[str, Table], exp: Any) -> Table:
    """A view, or a table made of a query: its columns are listed, or named by its query, or all of the tables it reads."""
    name, query, is_view = statement.this, statement.expression, statement.kind == "VIEW"
    if isinstance(name, exp.Schema):
        return Table(name.this.name, tuple(Column(one.name) for one in name.expressions), is_view=is_view)
    columns: list[str] = []
    for one in query.selects if isinstance(query, exp.Query) else [None]:
        if isinstance(one, exp.Star):
            columns += _starred(query, known, exp)
        else:
            columns.append("" if one is None else one.alias_or_name)
    if not all(columns) or "*" in columns or len({column.casefold() for column in columns}) < len(columns):
        raise SchemaError(f"the columns of the {statement.kind.lower()} {name.name!r} cannot be told",
                          because="its query does not name each of them differently",
                          instead="list them, CREATE VIEW name (column, …) AS …, or pass a connection")
    return Table(name.name, tuple(map(Column, columns)), is_view=is_view)


def _starred(query: Any, known: Mapping[str, Table], exp: Any) -> list[str]:
    """The columns that a star stands for; one without a name where that is not plain."""
    joins = query.args.get("joins") or []
    first = query.args.get("from_") or query.args.get("from")  # as the version of sqlglot calls it
    if first is None or any(join.args.get("using") or join.args.get("method") == "NATURAL" for join in joins):
        return [""]
    tables = [known.get(part.this.name.casefold()) if isinstance(part.this, exp.Table) else None for part in (first, *joins)]
    return [column.name if table else "" for table in tables for column in (table.columns if table else [Column("")])]


def _foreign(key: Any, exp: Any) -> ForeignKey:
    return _reference(tuple(part.name for part in key.expressions), key.args.get("reference"), exp)


def _reference(columns: tuple[str, ...], reference: Any, exp: Any) -> ForeignKey:
    table = reference.find(exp.Table)
    schema = reference.this
    referred = tuple(part.name for part in schema.expressions) if isinstance(schema, exp.Schema) else ()
    return ForeignKey(columns, "" if table is None else table.name, referred)


def _completed(table: Table, others: Mapping[str, Table]) -> Table:
    """A foreign key that names no columns refers to the other table's primary key."""
    keys = []
    for key in table.foreign_keys:
        other = others.get(key.table.casefold())
        keys.append(key if key.referred or other is None else replace(key, referred=other.primary_key))
    return replace(table, foreign_keys=tuple(keys))


# --- databases --------------------------------------------------------------------------------------------------------

def _from_sqlite(connection: sqlite3.Connection) -> tuple[Table, ...]:
    def rows(query: str, *parameters: str) -> list[tuple[Any, ...]]:
        return cursor.execute(query, parameters).fetchall()

    found: dict[str, Table] = {}
    try:
        cursor = connection.cursor()
        cursor.row_factory = None  # the caller's own factory may make anything of a row
        for name, kind in rows("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
                               "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"):
            info = rows("SELECT name, type, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid", name)
            keys: dict[int, list[tuple[str, str, str | None]]] = {}
            for number, table, column, referred in rows(
                    'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', name):
                keys.setdefault(number, []).append((table, column, referred))
            found[name.casefold()] = Table(
                name, tuple(Column(column, kind or "") for column, kind, _ in info),
                tuple(column for column, _, place in sorted(info, key=lambda row: row[2]) if place),
                tuple(_sqlite_key(parts) for parts in keys.values()), kind == "view")
    except sqlite3.Error as error:
        raise SchemaError("the database cannot be described", because=str(error)) from error
    return tuple(_completed(table, found) for table in found.values() if table.columns)


def _sqlite_key(parts: list[tuple[str, str, str | None]]) -> ForeignKey:
    referred = tuple(to for _, _, to in parts if to is not None)
    return ForeignKey(tuple(column for _, column, _ in parts), parts[0][0], referred if len(referred) == len(parts) else ())


def _from_sqlalchemy(schema: object) -> tuple[Table, ...]:
    import sqlalchemy

    try:
        inspector: Any = sqlalchemy.inspect(schema)
        if not hasattr(inspector, "get_table_names"):
            raise SchemaError(f"{type(schema).__name__} describes no database", instead="pass an engine or a connection")
        views = inspector.get_view_names()
        return tuple(_reflected(inspector, name, name in views) for name in [*inspector.get_table_names(), *views])
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise SchemaError("the database cannot be described", because=str(error).split("\n", 1)[0]) from error


def _reflected(inspector: Any, name: str, is_view: bool) -> Table:
    columns = tuple(Column(str(column["name"]), str(column["type"])) for column in inspector.get_columns(name))
    if is_view:
        return Table(name, columns, is_view=True)
    primary = tuple(inspector.get_pk_constraint(name).get("constrained_columns") or ())
    foreign = tuple(ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
                    for key in inspector.get_foreign_keys(name))
    return Table(name, columns, primary, foreign)


_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, t.table_type FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = {schema} ORDER BY c.table_name, c.ordinal_position"""
_KEYS = """
SELECT k.table_name, k.constraint_name, t.constraint_type, k.column_name, r.table_name, r.column_name
FROM information_schema.table_constraints t
JOIN information_schema.key_column_usage k
  ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name AND k.table_name = t.table_name
LEFT JOIN information_schema.referential_constraints f
  ON f.constraint_schema = t.constraint_schema AND f.constraint_name = t.constraint_name
LEFT JOIN information_schema.key_column_usage r
  ON r.constraint_schema = f.unique_constraint_schema AND r.constraint_name = f.unique_constraint_name
  AND r.ordinal_position = k.position_in_unique_constraint
WHERE t.table_schema = {schema} AND t.constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')
ORDER BY k.table_name, k.constraint_name, k.ordinal_position"""


def _from_information_schema(connection: Any) -> tuple[Table, ...]:
    """The tables of the connection's current schema, by the views that the standard describes."""
    cursor = connection.cursor()
    try:
        try:
            cursor.execute(_COLUMNS.format(schema="current_schema()"))
            columns = cursor.fetchall()
            cursor.execute(_KEYS.format(schema="current_schema()"))
            keys = cursor.fetchall()
        finally:
            cursor.close()
    except Exception as error:  # the DB-API gives each driver errors of its own
        raise SchemaError("the database cannot be described", because=str(error).split("\n", 1)[0],
                          instead="pass a SQLAlchemy engine, DDL text, or {table: [columns]}") from error
    return _assembled([tuple(row) for row in columns], [tuple(row) for row in keys])


def _assembled(columns: Iterable[tuple[Any, ...]], keys: Iterable[tuple[Any, ...]]) -> tuple[Table, ...]:
    found: dict[str, Table] = {}
    for name, column, kind, table_kind in columns:
        table = found.setdefault(name, Table(name, (), is_view=table_kind == "VIEW"))
        found[name] = replace(table, columns=(*table.columns, Column(column, kind)))
    groups: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
    for name, constraint, kind, column, table_name, referred in keys:
        if name in found:
            groups.setdefault((name, constraint, kind), []).append((column, table_name, referred))
    for (name, _, kind), parts in groups.items():
        own = tuple(column for column, _, _ in parts)
        if kind == "PRIMARY KEY":
            found[name] = replace(found[name], primary_key=own)
        else:
            key = ForeignKey(own, parts[0][1], tuple(referred for _, _, referred in parts))
            found[name] = replace(found[name], foreign_keys=(*found[name].foreign_keys, key))
    return tuple(found.values())
