"""What makes a read-only query run without end or fill the memory, as far as its text tells.

In: a tree whose nodes are allowed. Out: nothing, or ``QueryError``: recursion without a condition, products of many tables
that nothing connects, functions that make values of any size. The run has limits of its own; this says it before, and
says what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from structgen.errors import QueryError
from structgen.formats.sql.guard_nodes import _start, function_name, place

__all__ = ["check_cost"]

MAX_UNJOINED = 3
"""Parts of a FROM that no condition connects: a calendar by shops by goods is a known pattern, more is a mistake."""
MAX_REPEATED = 10_000
"""Characters that a function may be asked to make by a number in the text."""
MAX_SERIES = 1_000_000
"""Rows of a generated series whose bounds are in the text."""
MAX_WILDCARDS = 10
"""In one LIKE or GLOB pattern: SQLite tries the rest of the text at every one."""
_REPEATERS = {"repeat": 1, "lpad": 1, "rpad": 1, "space": 0}
_FORMATS = frozenset(("printf", "format"))
_WIDTH = re.compile(r"%[-+ 0#,!']*(?:\d+\$)?(\d+|\*)?(?:\.(\d+|\*))?")


def check_cost(tree: Any, sql: str) -> None:
    """Refuses what is known to have no bound."""
    for node in tree.walk():
        if isinstance(node, exp.CTE):
            _check_recursion(node, sql)
        elif isinstance(node, exp.Select):
            _check_product(node, sql)
        elif isinstance(node, exp.Func):
            _check_amplifier(node, sql)
        elif isinstance(node, exp.Like | exp.ILike | exp.Glob):
            _check_pattern(node, sql)


def _refuse(what: str, node: Any, sql: str, because: str, instead: str | None = None) -> QueryError:
    return QueryError(what, kind="too-costly", position=place(sql, _start(node)), because=because, instead=instead)


# Recursion


def _check_recursion(cte: Any, sql: str) -> None:
    """A recursive member needs a condition on something, or a LIMIT somewhere that ends it."""
    name = cte.alias.lower()
    body = cte.this.unnest() if isinstance(cte.this, exp.Subquery) else cte.this
    if not isinstance(body, exp.SetOperation) or body.args.get("limit"):
        return
    for member in _members(body):
        if isinstance(member, exp.Select) and name in _table_names(member) and not _has_condition(member):
            if _is_cut(cte, name):
                return
            raise _refuse(f"the recursion of {cte.alias[:60]} never ends", cte, sql,
                          "its recursive part has no condition on a column", "add WHERE to it, or a LIMIT")


def _members(body: Any) -> Iterator[Any]:
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.SetOperation):
            stack += [node.this, node.expression]
        elif isinstance(node, exp.Subquery):
            stack.append(node.this)
        elif node is not None:
            yield node


def _table_names(select: Any) -> set[str]:
    return {table.name.lower() for table in select.find_all(exp.Table)}


def _has_condition(select: Any) -> bool:
    conditions = [select.args.get("where"), select.args.get("having"), select.args.get("limit")]
    conditions += [join.args.get("on") for join in select.args.get("joins") or ()]
    if any(join.args.get("using") or join.method == "NATURAL" for join in select.args.get("joins") or ()):
        return True
    return any(one is not None and (isinstance(one, exp.Limit) or one.find(exp.Column) is not None) for one in conditions)


def _is_cut(cte: Any, name: str) -> bool:
    """Whether the query reads the recursion row by row and stops: FROM it LIMIT n, and nothing that needs all rows."""
    with_ = cte.parent
    outer = with_.parent if isinstance(with_, exp.With) else None
    if not isinstance(outer, exp.Select) or not outer.args.get("limit"):
        return False
    needs_all = any(outer.args.get(key) for key in ("group", "having", "distinct", "order", "joins", "windows"))
    source = outer.args.get("from_") or outer.args.get("from")
    direct = source is not None and isinstance(source.this, exp.Table) and source.this.name.lower() == name
    whole = any(one.find(exp.AggFunc, exp.Window, exp.Subquery) for one in outer.expressions)
    return direct and not needs_all and not whole


# Products


def _check_product(select: Any, sql: str) -> None:
    """Counts the parts of a FROM that nothing connects."""
    source = select.args.get("from_") or select.args.get("from")
    if source is None:
        return
    joins = select.args.get("joins") or []
    relations = [source.this, *(join.this for join in joins)]
    if len(relations) <= MAX_UNJOINED:
        return
    places: dict[str, list[int]] = {}
    for at, one in enumerate(relations):
        places.setdefault(str(one.alias_or_name).lower(), []).append(at)
    joined: set[str] = set()
    """The names of which all relations are connected already."""
    group = list(range(len(relations)))
    for index, join in enumerate(joins, 1):
        if join.args.get("using") or join.method == "NATURAL":
            _union(group, index - 1, index)
    spare = 0
    conditions = [join.args.get("on") for join in joins]
    where = select.args.get("where")
    conditions.append(where.this if where is not None else None)
    for condition in conditions:
        for conjunct in _conjuncts(condition):
            tables = {column.table.lower() for column in conjunct.find_all(exp.Column)}
            known = [name for name in tables if name in places]
            for name in known:
                for at in places[name][1:] if name not in joined else ():
                    _union(group, places[name][0], at)
                _union(group, places[known[0]][0], places[name][0])
            joined.update(known)
            columns = {(column.table.lower(), column.name.lower()) for column in conjunct.find_all(exp.Column)}
            if "" in tables and len(columns) > 1:
                spare += 1  # a name without its table may connect any two
    parts = {_root(group, at) for at, one in enumerate(relations) if not _is_small(one)}
    if len(parts) - spare > MAX_UNJOINED:
        raise _refuse(f"a product of {len(parts)} tables", source, sql,
                      "no condition connects them, so every row meets every other", "join them by ON")


def _conjuncts(condition: Any) -> Iterator[Any]:
    stack = [condition] if condition is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, exp.And):
            stack += [node.this, node.expression]
        elif isinstance(node, exp.Paren):
            stack.append(node.this)
        else:
            yield node


def _root(group: list[int], at: int) -> int:
    while group[at] != at:
        group[at] = group[group[at]]  # a long chain is walked once
        at = group[at]
    return at


def _union(group: list[int], one: int, other: int) -> None:
    group[_root(group, one)] = _root(group, other)


def _is_small(relation: Any) -> bool:
    """Whether it has one row or a few: an aggregate without groups, LIMIT 1, VALUES, a function of other columns."""
    inner = relation.this if isinstance(relation, exp.Subquery) else relation
    if isinstance(inner, exp.Values | exp.Lateral | exp.Unnest):
        return True
    if isinstance(inner, exp.Table):
        return isinstance(inner.this, exp.Func) and inner.this.find(exp.Column) is not None
    if not isinstance(inner, exp.Select):
        return False
    limit = inner.args.get("limit")
    if limit is not None and isinstance(limit.expression, exp.Literal) and limit.expression.name == "1":
        return True
    source = inner.args.get("from_") or inner.args.get("from")
    whole = bool(inner.expressions) and all(one.find(exp.AggFunc) for one in inner.expressions)
    return source is None or (whole and not inner.args.get("group") and not any(
        one.find(exp.Window) for one in inner.expressions))


# Functions


def _check_amplifier(node: Any, sql: str) -> None:
    name = function_name(node, sql) or ""
    written = _arguments(node)
    if name in _REPEATERS and len(written) > _REPEATERS[name]:
        count = constant(written[_REPEATERS[name]])
        if count is None or count > MAX_REPEATED:
            raise _refuse(f"{name} makes a long text", node, sql, f"the guard allows {MAX_REPEATED} characters")
    elif name in _FORMATS and written:
        _check_format(node, written[0], sql)
    elif name == "generate_series" and len(written) > 1:
        low, high = constant(written[0]), constant(written[1])
        step = constant(written[2]) if len(written) > 2 else 1
        if low is not None and high is not None and abs(high - low) > MAX_SERIES * max(abs(step or 1), 1e-9):
            raise _refuse("a long series", node, sql, f"the guard allows {MAX_SERIES} rows")


def _check_format(node: Any, template: Any, sql: str) -> None:
    if not (isinstance(template, exp.Literal) and template.is_string):
        raise _refuse("a format that is not in the text", node, sql, "it may ask for any width", "write it as a string")
    for widths in _WIDTH.findall(template.name):
        if any(width == "*" or (width and (len(width) > 5 or int(width) > MAX_REPEATED)) for width in widths):
            raise _refuse("a format of great width", node, sql, f"the guard allows {MAX_REPEATED} characters")


def _check_pattern(node: Any, sql: str) -> None:
    pattern = node.expression.this if isinstance(node.expression, exp.Escape) else node.expression
    if isinstance(pattern, exp.Literal) and sum(pattern.name.count(one) for one in "%*") > MAX_WILDCARDS:
        raise _refuse("a pattern with many wildcards", node, sql, f"more than {MAX_WILDCARDS} take exponential time")


def _arguments(node: Any) -> list[Any]:
    """The arguments in the order of the node's fields."""
    found: list[Any] = []
    for value in node.args.values():
        found += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, exp.Expression)]
    return found


def constant(node: Any) -> float | None:
    """The value of a number in the text; 0 for what depends on rows, None for what is not known."""
    if node.find(exp.Column, exp.Subquery, exp.Placeholder, exp.Parameter) is not None:
        return 0
    if isinstance(node, exp.Literal) and not node.is_string:
        try:
            return float(node.name)
        except ValueError:
            return None
    if isinstance(node, exp.Neg | exp.Paren):
        inner = constant(node.this)
        return None if inner is None else -inner if isinstance(node, exp.Neg) else inner
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        left, right = constant(node.this), constant(node.expression)
        if left is None or right is None:
            return None
        return left + right if isinstance(node, exp.Add) else left - right if isinstance(node, exp.Sub) else left * right
    return None
