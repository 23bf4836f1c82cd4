"""The scope check: whether a query names only tables and columns that are there, each in its place.

In: a ``Query`` and a ``Catalog``. Out: the ``Problem``s, each with its position and the nearest names. The one idea:
sqlglot says which sources a SELECT has and which SELECT lies within which; here every name is looked up in them, as the
dialect does it: own sources, then names of the select list where the clause allows them, then the SELECTs around.

Caveats: types are not checked, nor whether a column is grouped: the database does that (``execute.prepare``). A source whose
columns nobody tells (a function that returns a table) may have any column.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope, ScopeType, traverse_scope, walk_in_scope

from structgen.errors import QueryError
from structgen.formats.sql.catalog import Catalog
from structgen.formats.sql.guard import Query
from structgen.formats.sql.guard_nodes import function_name, place, span_of

__all__ = ["Problem", "check_scope", "scope_problems"]

SHOWN = 8
"""Names that an error lists."""
_ROW_NAMES = {"sqlite": frozenset(("rowid", "oid", "_rowid_")),
              "postgres": frozenset(("ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"))}
_MAIN = frozenset(("", "main", "temp"))
_WORDS = frozenset(("current_user", "session_user", "current_role", "current_catalog", "current_schema", "user", "localtime",
                    "localtimestamp", "current_date", "current_time", "current_timestamp", "default"))
"""Names without a bracket that are functions."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One name that is not there, or not only once. ``start`` and ``end``: where in the text; ``known``: the names that
    could stand there; ``nearest``: those of them that are spelled alike."""

    kind: str
    name: str
    start: int
    end: int
    because: str
    known: tuple[str, ...] = ()
    fix: tuple[int, int, str] | None = None
    """Where another name of a table must stand, if exactly one fits there: start, end, name."""

    @property
    def nearest(self) -> tuple[str, ...]:
        by_fold = {name.lower(): name for name in self.known}
        close = difflib.get_close_matches(self.name.lower(), by_fold, n=3, cutoff=0.6)
        return tuple(by_fold[name] for name in close)

    def error(self, sql: str) -> QueryError:
        """The problem as an error."""
        near = self.nearest
        shown = f"choose from {', '.join(self.known[:SHOWN])}{' …' if len(self.known) > SHOWN else ''}"
        instead = f"did you mean {' or '.join(near)}?" if near else shown if self.known else None
        what = {"unknown-table": "there is no table", "unknown-column": "there is no column", "unknown-alias":
                "FROM names no", "ambiguous-column": "more than one table has a column",
                "ambiguous-table": "more than one table is called"}[self.kind]
        return QueryError(f"{what} {self.name}", kind=self.kind, position=place(sql, self.start), because=self.because,
                          instead=instead)


def check_scope(query: Query, catalog: Catalog) -> None:
    """Raises ``QueryError`` for the first name that is not there."""
    for problem in scope_problems(query, catalog):
        raise problem.error(query.sql)


def scope_problems(query: Query, catalog: Catalog) -> list[Problem]:
    """Every name of the query that the catalogue does not explain, in the order of the text."""
    tree = normalize_identifiers(query.tree.copy(), dialect=query.dialect)
    try:
        scopes = traverse_scope(tree)
        check = _Check(query, catalog, scopes)
        found = [problem for scope in scopes for problem in check.scope(scope)]
    except OptimizeError as error:
        name = str(error).rsplit(" ", 1)[-1]
        return [Problem("ambiguous-table", name, 0, 0, "a FROM uses the name twice")]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.start)


@dataclass(slots=True)
class _Source:
    """What a FROM names: its columns by folded name, as they are spelled; None: nobody tells."""

    label: str
    columns: dict[str, str] | None
    table: str = ""
    """The folded name of the table that it is, if it is one."""
    merged: set[str] = field(default_factory=set)
    """Columns that USING or NATURAL made one with those of an earlier source."""


class _Check:
    """Looks up the names of one query."""

    def __init__(self, query: Query, catalog: Catalog, scopes: list[Scope]) -> None:
        self.query, self.catalog, self.dialect = query, catalog, query.dialect
        self.tables = {self.fold(table.name): table for table in catalog.tables}
        self.scopes = {id(scope.expression): scope for scope in scopes}
        self._sources: dict[int, dict[str, _Source]] = {}
        self._outputs: dict[int, dict[str, str] | None] = {}

    def fold(self, name: str) -> str:
        return name if self.dialect == "postgres" else name.lower()

    def scope(self, scope: Scope) -> Iterator[Problem]:
        if isinstance(scope.expression, exp.Select):
            sources = self.sources(scope)
            for _, source in scope.selected_sources.values():
                if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) and not self.known(source):
                    yield self.unknown_table(source)
            yield from self.joins(scope, sources)
        if isinstance(scope.expression, exp.SetOperation):
            yield from self.ordered(scope)
        if not isinstance(scope.expression, exp.Select | exp.Lateral | exp.Unnest):
            return
        for node in walk_in_scope(scope.expression):
            if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier | exp.Star):
                yield from self.column(node, scope)

    def ordered(self, scope: Scope) -> Iterator[Problem]:
        """ORDER BY after a set operation names columns that a part of it gives."""
        parts = [self.scopes[id(node)] for node in scope.expression.find_all(exp.Select) if id(node) in self.scopes
                 and _is_part(node, scope.expression)]
        outputs = [self.outputs(part) for part in (parts[:1] if self.dialect == "postgres" else parts)]
        order = scope.expression.args.get("order")
        if order is None or any(one is None for one in outputs):
            return
        known = {name: spelled for one in outputs for name, spelled in (one or {}).items()}
        for item in order.expressions:
            column = item.this
            if isinstance(column, exp.Column) and column.table and self.dialect == "postgres":
                start, end = span_of(column.args["table"]) or (0, 0)
                because = "after a set operation there are only output columns"
                yield Problem("unknown-alias", column.table, start, end, because)
            elif isinstance(column, exp.Column) and not column.table and self.fold(column.name) not in known:
                start, end = span_of(column.this) or (0, 0)
                because = "no part of the query gives one of that name"
                yield Problem("unknown-column", self.written(column.this), start, end, because, tuple(known.values()))

    # Sources

    def known(self, table: Any) -> bool:
        schema = str(table.db).lower()
        return self.fold(table.name) in self.tables and (
            schema in _MAIN or (self.dialect != "sqlite" and schema not in ("information_schema", "pg_catalog")))

    def unknown_table(self, table: Any) -> Problem:
        start, end = span_of(table.this) or (0, 0)
        return Problem("unknown-table", self.written(table.this), start, end, "the database has none of that name",
                       tuple(one.name for one in self.catalog.tables))

    def sources(self, scope: Scope) -> dict[str, _Source]:
        """The sources of a SELECT by folded name, in the order of its FROM."""
        found = self._sources.get(id(scope))
        if found is None:
            found = self._sources[id(scope)] = {}
            for name, (node, selected) in scope.selected_sources.items():
                table = self.fold(selected.name) if isinstance(selected, exp.Table) else ""
                found[self.fold(name)] = _Source(self.label(node, name), self.columns(selected), table)
            self.merge(scope, found)
        return found

    def label(self, node: Any, name: str) -> str:
        """What the text calls a source."""
        alias = node.args.get("alias")
        identifier = alias.this if isinstance(alias, exp.TableAlias) else node.this if isinstance(node, exp.Table) else None
        return self.written(identifier) if isinstance(identifier, exp.Identifier) else name

    def columns(self, source: Any) -> dict[str, str] | None:
        if isinstance(source, exp.Table):
            table = self.tables.get(self.fold(source.name)) if isinstance(source.this, exp.Identifier) else None
            if table is None:
                return self.function_columns(source)
            names = [column.name for column in table.columns]
        else:
            inner = self.outputs(source)
            if inner is None:
                return None
            names = list(inner.values())
        alias = source.args.get("alias") if isinstance(source, exp.Table) else None
        renamed = [one.name for one in alias.columns] if alias is not None else []
        return {self.fold(name): name for name in renamed + names[len(renamed):]}

    def function_columns(self, source: Any) -> dict[str, str] | None:
        """The columns of a function that returns a table, where it has one and the alias names it."""
        alias = source.args.get("alias")
        names = [one.name for one in alias.columns] if alias is not None else []
        single = isinstance(source.this, exp.GenerateSeries | exp.ExplodingGenerateSeries | exp.Unnest)
        return {self.fold(name): name for name in names} if single and len(names) == 1 else None

    def outputs(self, scope: Scope) -> dict[str, str] | None:
        """The columns of a subquery by folded name; None where nobody tells."""
        key = id(scope)
        if key not in self._outputs:
            self._outputs[key] = None  # a recursive query that names no columns
            inner = self._selected(scope)
            outer = _renamed(scope)
            if inner is None:
                self._outputs[key] = {self.fold(name): name for name in outer} if outer else None
            else:
                names = outer + inner[len(outer):]
                self._outputs[key] = {self.fold(name): name for name in names}
        return self._outputs[key]

    def _selected(self, scope: Scope) -> list[str] | None:
        node: Any = scope.expression
        while isinstance(node, exp.SetOperation | exp.Subquery | exp.Paren | exp.Lateral):
            node = node.this
        inner = self.scopes.get(id(node), scope)
        if not isinstance(node, exp.Select):
            return None
        names: list[str] = []
        for one in node.expressions:
            table = one.table if isinstance(one, exp.Column) else ""
            if isinstance(one, exp.Star) or (isinstance(one, exp.Column) and isinstance(one.this, exp.Star)):
                for name, source in self.sources(inner).items():
                    if table and self.fold(table) != name:
                        continue
                    if source.columns is None:
                        return None
                    names += [spelled for folded, spelled in source.columns.items() if folded not in source.merged or table]
            elif one.alias_or_name:
                names.append(one.alias_or_name)
            elif self.dialect == "postgres" and (called := function_name(one, self.query.sql)):
                names.append(called)
            else:
                return None  # every database names such a column in its own way
        return names

    def merge(self, scope: Scope, sources: dict[str, _Source]) -> None:
        """Notes the columns that USING and NATURAL make one."""
        earlier: set[str] = set()
        joins = {self.fold(join.alias_or_name): join for join in scope.expression.args.get("joins") or ()}
        for name, source in sources.items():
            join = joins.get(name)
            own = set(source.columns or ())
            if join is not None and join.args.get("using"):
                source.merged = {self.fold(one.name) for one in join.args["using"]}
            elif join is not None and join.method == "NATURAL":
                source.merged = own & earlier
            earlier |= own

    def joins(self, scope: Scope, sources: dict[str, _Source]) -> Iterator[Problem]:
        """The names in USING must be on both sides."""
        for join in scope.expression.args.get("joins") or ():
            right = sources.get(self.fold(join.alias_or_name))
            for one in join.args.get("using") or ():
                name = self.fold(one.name)
                span = span_of(one if isinstance(one, exp.Identifier) else one.this)
                if right is None or right.columns is None or span is None:
                    continue
                left = [source for source in sources.values() if source is not right]
                if name in right.columns and any(source.columns is None or name in source.columns for source in left):
                    continue
                shared = tuple(spelled for folded, spelled in right.columns.items()
                               if any(folded in (source.columns or ()) for source in left))
                yield Problem("unknown-column", one.name, *span, "USING needs a column that both sides have", shared)

    # Columns

    def levels(self, scope: Scope | None) -> Iterator[dict[str, _Source]]:
        """The sources that a name may belong to: the SELECT's own, then those of the SELECTs around it."""
        lateral = ""  # which does not see itself
        while scope is not None:
            if isinstance(scope.expression, exp.Select):
                found = self.sources(scope)
                yield {name: source for name, source in found.items() if name != lateral} if lateral else found
                lateral = ""
            elif isinstance(scope.expression, exp.Lateral):
                lateral = self.fold(scope.expression.alias)
            scope = _around(scope)

    def column(self, node: Any, scope: Scope) -> Iterator[Problem]:
        schema = node.args.get("db")
        if schema is not None and self.fold(schema.name) not in self.schemas(scope):
            start, end = span_of(schema) or (0, 0)
            because = "no table of this FROM is named with that schema"
            yield Problem("unknown-alias", self.written(schema), start, end, because)
        elif node.table:
            yield from self.qualified(node, scope)
        elif isinstance(node.this, exp.Identifier):
            yield from self.unqualified(node, scope)

    def schemas(self, scope: Scope | None) -> set[str]:
        """The schemas that a column may be qualified with."""
        found = set(_MAIN) if self.dialect == "sqlite" else set()
        while scope is not None:
            selected = [source for _, source in scope.selected_sources.values()]
            found |= {self.fold(str(source.db)) for source in selected if isinstance(source, exp.Table)}
            scope = scope.parent
        return found - {""}

    def qualified(self, node: Any, scope: Scope) -> Iterator[Problem]:
        table, qualifier = self.fold(node.table), node.args["table"]
        levels = list(self.levels(scope))
        if self.is_blind(node, scope):
            del levels[1:]
        found = next((level[table] for level in levels if table in level), None)
        start, end = span_of(qualifier) or (0, 0)
        if found is None:
            if any("" in level for level in levels):
                return  # a function that returns a table goes by its own name
            labels = [source.label for level in levels for source in level.values()]
            because = "the database has that table, but this FROM does not name it so" if table in self.tables else \
                "it is neither a table nor an alias there"
            fits = [source.label for source in levels[0].values() if source.table == table] if levels else []
            fix = (start, end, fits[0]) if len(fits) == 1 else None
            yield Problem("unknown-alias", self.written(qualifier), start, end, because, tuple(dict.fromkeys(labels)), fix)
        elif isinstance(node.this, exp.Identifier) and not self.has(found, node.this):
            at = (start, end)
            start, end = span_of(node.this) or (0, 0)
            name = self.fold(node.name)
            others = [source.label for level in levels for source in level.values() if name in (source.columns or ())]
            because = f"{qualifier.name} has none of that name" + (f"; {', '.join(others)} has" if others else "")
            yield Problem("unknown-column", f"{self.written(qualifier)}.{self.written(node.this)}", start, end, because,
                          tuple((found.columns or {}).values()), (*at, others[0]) if len(others) == 1 else None)

    def unqualified(self, node: Any, scope: Scope) -> Iterator[Problem]:
        name = self.fold(node.name)
        start, end = span_of(node.this) or (0, 0)
        if self.is_selected_name(node, scope, first=True):
            return
        for depth, level in enumerate(self.levels(scope)):
            if depth and self.is_blind(node, scope):
                break
            holders = [source for source in level.values() if source.columns is not None and name in source.columns
                       and name not in source.merged]
            if len(holders) > 1:
                names = [f"{source.label}.{(source.columns or {})[name]}" for source in holders]
                yield Problem("ambiguous-column", self.written(node.this), start, end, f"it may be {' or '.join(names)}",
                              tuple(names))
                return
            if holders or any(source.columns is None or self.is_row_name(name, source) for source in level.values()):
                return
            if depth == 0 and self.is_selected_name(node, scope, first=False):
                return
            if self.dialect == "postgres" and name in level:
                return  # the whole row
        if self.dialect == "sqlite" and self.query.sql.startswith('"', start):
            return  # SQLite takes a name in double quotes that is no column for a string
        if name.lower() in _WORDS:
            return
        known = [spelled for level in self.levels(scope) for source in level.values() for spelled in
                 (source.columns or {}).values()]
        homes = [table.name for table in self.catalog.tables if any(self.fold(one.name) == name for one in table.columns)]
        because = "no table of this FROM has one of that name" + (f"; {', '.join(homes[:SHOWN])} has" if homes else "")
        yield Problem("unknown-column", self.written(node.this), start, end, because, tuple(dict.fromkeys(known)))

    def is_blind(self, node: Any, scope: Scope) -> bool:
        """Whether a name stands where it may not be one of the queries around."""
        return self.dialect == "sqlite" and _clause(node, scope.expression)[0] in ("group", "order", "limit", "offset")

    def is_row_name(self, name: str, source: _Source) -> bool:
        return name in _ROW_NAMES.get(self.dialect, ())

    def has(self, source: _Source, identifier: Any) -> bool:
        name = self.fold(identifier.name)
        return source.columns is None or name in source.columns or self.is_row_name(name, source)

    def is_selected_name(self, node: Any, scope: Scope, *, first: bool) -> bool:
        """Whether a name may be one of the select list, where it stands. ``first``: it is looked for before the sources."""
        if not isinstance(scope.expression, exp.Select):
            return False
        clause, bare = _clause(node, scope.expression)
        if clause in (None, "expressions", "from", "from_", "joins", "laterals"):
            return False
        if self.dialect == "postgres" and (clause not in ("order", "group", "distinct") or not bare):
            return False
        if first and not (clause == "order" and bare):
            return False
        if self.dialect == "postgres" and clause == "order" and self.fold(node.name) in (self.outputs(scope) or ()):
            return True
        named = [one for one in scope.expression.expressions if isinstance(one, exp.Alias) or self.dialect == "postgres"]
        return any(self.fold(one.alias_or_name) == self.fold(node.name) for one in named)

    def written(self, identifier: Any) -> str:
        """A name as the text has it."""
        span = span_of(identifier)
        return self.query.sql[slice(*span)] if span else str(identifier.name)


def _renamed(scope: Scope) -> list[str]:
    """The names that an alias or a CTE gives to the columns of a query."""
    if scope.outer_columns:
        return [str(name) for name in scope.outer_columns]
    node = scope.expression.parent
    while isinstance(node, exp.SetOperation | exp.Subquery | exp.Paren):
        node = node.parent
    alias = node.args.get("alias") if isinstance(node, exp.CTE) else None
    return [column.name for column in alias.columns] if alias is not None else []


def _is_part(node: Any, whole: Any) -> bool:
    """Whether a SELECT is one of those that a set operation joins."""
    while node is not whole:
        node = node.parent
        if not isinstance(node, exp.SetOperation | exp.Subquery | exp.Paren):
            return False
    return True


def _around(scope: Scope) -> Scope | None:
    """The scope whose sources a query may name beside its own: a subquery in FROM and a CTE do not see their neighbours."""
    kind, parent = scope.scope_type, scope.parent
    while parent is not None and kind == ScopeType.SET_OPERATION:
        kind, parent = parent.scope_type, parent.parent
    if parent is not None and kind in (ScopeType.DERIVED_TABLE, ScopeType.CTE):
        return _around(parent)
    return parent


def _clause(node: Any, select: Any) -> tuple[str | None, bool]:
    """The clause of the SELECT that a node stands in, and whether it is the whole of an item there."""
    wrappers = exp.Ordered | exp.Order | exp.Group | exp.Distinct
    bare, at = True, node
    while at.parent is not None and at.parent is not select:
        at = at.parent
        bare = bare and isinstance(at, wrappers | exp.Tuple)
    return (at.arg_key, bare) if at.parent is select else (None, False)
