"""SQL of another dialect: how it is noticed, and how it is told in the dialect that is wanted.

sqlglot parses more than any one database takes, so a text that parses may still be foreign: ``foreign`` knows the signs.
``transpiled`` reads the text as each of the other dialects and writes it in the wanted one; the first that passes wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlglot import Dialect, ErrorLevel, Token, TokenType, exp
from sqlglot.errors import SqlglotError

from structgen.errors import QueryError
from structgen.formats.sql.guard import Query, parsed
from structgen.formats.sql.guard_nodes import function_name, place, span_of

__all__ = ["foreign", "transpiled"]

OTHERS = ("postgres", "mysql", "tsql", "sqlite", "duckdb", "bigquery", "oracle")
"""The dialects that models write when they write another, the likely first."""
_NOT_SQLITE = ("extract", "position", "overlay", "greatest", "least", "left", "right", "stddev", "stddev_pop", "stddev_samp",
               "variance", "var_pop", "var_samp", "concat", "grouping", "mode", "percentile_cont", "percentile_disc")
_NODES: dict[str, tuple[Any, ...]] = {
    "sqlite": (exp.ILike, exp.SimilarTo, exp.Interval, exp.AtTimeZone, exp.Array, exp.Lateral, exp.TableSample, exp.Fetch,
               exp.Extract, exp.RegexpILike, exp.Cube, exp.Rollup, exp.GroupingSets, exp.Any, exp.All, exp.IntDiv,
               exp.Unnest),
    "postgres": (exp.Glob, exp.IntDiv),
}
_NO_ITEM = frozenset((")", ";", ",", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION"))
_OPENING = frozenset(("SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "HAVING", "JOIN", "ON", "AND", "OR", "LIMIT",
                      "UNION"))
_PARTS = {"YEAR": "%Y", "MONTH": "%m", "DAY": "%d", "HOUR": "%H", "MINUTE": "%M", "SECOND": "%S", "DOY": "%j", "DOW": "%w",
          "WEEK": "%W"}
"""How strftime calls what EXTRACT takes from a date."""
_TOKENS = {"sqlite": {TokenType.DCOLON}, "postgres": set[TokenType]()}


def foreign(query: Query) -> QueryError | None:
    """What the dialect's databases do not take, though it parses."""
    dialect = query.dialect
    for token, following in zip(query.tokens, [*query.tokens[1:], None], strict=True):
        if token.token_type in _TOKENS.get(dialect, ()) or (dialect == "postgres" and token.text == "=="):
            return _error(query, token.start, token.text)
        if dialect == "postgres" and token.token_type == TokenType.LIMIT:
            rest = [one.text for one in query.tokens if one.start > token.start][:2]
            if rest[1:] == [","]:
                return _error(query, token.start, "LIMIT with a comma")
        if _is_loose(token, following):
            return QueryError(f"{token.text} with nothing behind it", kind="syntax", position=place(query.sql, token.start))
    for node in query.tree.walk():
        if _is_empty(node, dialect):
            return QueryError(f"{type(node).__name__.upper()} of nothing", kind="syntax",
                              position=place(query.sql, _start(node)))
        if isinstance(node, _NODES.get(dialect, ())):
            return _error(query, _start(node), type(node).__name__.upper())
        if isinstance(node, exp.Func) and dialect == "sqlite":
            name = function_name(node, query.sql)
            if name in _NOT_SQLITE:
                return _error(query, _start(node), str(name).upper())
        if isinstance(node, exp.Distinct) and node.args.get("on") and dialect == "sqlite":
            return _error(query, _start(node), "DISTINCT ON")
    return None


def _is_loose(token: Token, following: Token | None) -> bool:
    """A comma or a word that something must follow, which sqlglot forgives."""
    after = "" if following is None else following.text.upper()
    if token.token_type == TokenType.COMMA:
        return following is None or after in _NO_ITEM
    word = token.text.upper()
    quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
    return not quoted and word in _OPENING and (after == "," or (word == after and following is not None and
                                                                  following.token_type == token.token_type))


def _is_empty(node: Any, dialect: str) -> bool:
    """A clause without its items, which sqlglot forgives."""
    if isinstance(node, exp.Select):
        return not node.expressions and dialect != "postgres"
    if isinstance(node, exp.Order):
        return not node.expressions
    if isinstance(node, exp.Group):
        return not any(node.args.values())
    return isinstance(node, exp.Alias | exp.Paren) and isinstance(node.this, exp.Star)


def _start(node: Any) -> int:
    return min((span[0] for span in map(span_of, node.walk()) if span), default=0)


def _error(query: Query, offset: int, what: str) -> QueryError:
    return QueryError(f"{what} is not of the dialect {query.dialect}", kind="syntax", position=place(query.sql, offset))


def transpiled(sql: str, target: str, passes: Callable[[str], bool]) -> str | None:
    """The text in the wanted dialect, if it is one of another and what comes out passes."""
    for dialect in (target, *OTHERS):
        written = _written(sql, dialect, target)
        if written is not None and written != sql and passes(written):
            return written
    return None


def _written(sql: str, dialect: str, target: str) -> str | None:
    try:
        query = parsed(sql, dialect)
    except QueryError:
        return None
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        # What the target cannot say is an error, not left out.
        tree = query.tree.transform(_extract) if target == "sqlite" else query.tree
        text = Dialect.get_or_raise(target).generate(tree, unsupported_level=ErrorLevel.RAISE, comments=False)
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError):
        return None
    finally:
        logger.disabled = before
    return text


def _extract(node: Any) -> Any:
    """EXTRACT(YEAR FROM d) as SQLite says it, which sqlglot does not."""
    part = _PARTS.get(node.name.upper()) if isinstance(node, exp.Extract) else None
    if part is None:
        return node
    return exp.cast(exp.Anonymous(this="STRFTIME", expressions=[exp.Literal.string(part), node.expression]), "INTEGER")
