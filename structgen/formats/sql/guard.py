"""The read-only guard: one statement that only reads, or an error that names what else it is and where.

In: SQL text and its dialect. Out: a ``Query``, the text with its tree. The one idea: sqlglot parses, and every node of
the tree, every function and every table must be on an allow-list; what is not known is refused. Before the parser sees
the text, its size and nesting are bounded, and what lies between its tokens must be white space or plain comments, so
that the parser and the database read the same text.

Caveats: it judges a text, not a database: a view or a function of the database may do more than its name says. So the
run is held read-only as well (``execute``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from structgen.errors import QueryError, SchemaError

try:
    from sqlglot import Dialect, ErrorLevel, Token, TokenType, exp
    from sqlglot.errors import ParseError, TokenError
except ImportError as missing:
    raise SchemaError("reading SQL needs the package sqlglot", instead="pip install structgen[sql]") from missing

from structgen.formats.sql.guard_cost import check_cost
from structgen.formats.sql.guard_nodes import check_nodes, place

__all__ = ["DIALECTS", "Query", "guard", "parsed", "tokens_of"]

DIALECTS = {"ansi": "", "": "", "postgresql": "postgres", "sqlite3": "sqlite", "mariadb": "mysql"}
"""Other names of dialects; sqlglot's own names stand for themselves."""
MAX_CHARACTERS = 50_000
"""Of one statement; Spider's longest query has 600. sqlglot reads this much in less than a second."""
MAX_NESTING = 40
"""Brackets and CASEs within each other; the parser needs about 15 Python frames for each."""
MAX_DEPTH = 900
"""Of the tree: SQLite refuses 1,000, which a chain of 1,000 ORs reaches."""
MOVES_PER_TOKEN, MOVES = 50, 10_000
"""Moves of the parser from token to token; 2 are usual, and what makes it try everything twice at each level meets this."""

_STATEMENTS = (exp.Query, exp.Values, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter,
               exp.TruncateTable, exp.Transaction, exp.Commit, exp.Rollback)
_BEGINNINGS = {TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.L_PAREN, TokenType.TABLE, TokenType.FROM}
_EXPLAIN = re.compile(r"EXPLAIN\s+(?:QUERY\s+PLAN\s+|ANALYZE\s+|VERBOSE\s+|\((?:\s*[a-z_]+(?:\s+[a-z]+)?\s*,?)*\)\s*)*",
                      re.IGNORECASE)
_STRANGE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_GAP = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement that only reads: its text as written, its tree (sqlglot), and the dialect it was read in.

    ``explains``: the text is EXPLAIN and a query, whose tree it is.
    """

    sql: str
    tree: Any
    dialect: str
    tokens: tuple[Token, ...]
    explains: bool = False

    @property
    def body(self) -> str:
        """The text without the semicolons and comments behind it: some drivers take them for a second statement."""
        last = next((token for token in reversed(self.tokens) if token.token_type != TokenType.SEMICOLON), None)
        return self.sql if last is None else self.sql[:last.end + 1]


def guard(sql: str, dialect: str = "sqlite", *, functions: frozenset[str] = frozenset(), read_only: bool = True) -> Query:
    """The statement, parsed; ``QueryError`` where it is not exactly one that only reads and whose cost is bounded.

    ``functions``: names that are allowed beside the dialect's own harmless ones, in lower case. ``read_only=False`` leaves
    one statement of any kind that parses.
    """
    query = parsed(sql, dialect, any_statement=not read_only)
    if read_only:
        check_nodes(query.tree, sql, query.dialect, functions, query.tokens)
        check_cost(query.tree, sql)
    return query


def parsed(sql: str, dialect: str = "sqlite", *, any_statement: bool = False) -> Query:
    """One statement as a tree, within the limits; not yet judged by what it holds."""
    name = dialect_named(dialect)
    tokens = tokens_of(sql, name)
    body, offset = sql, 0
    if tokens and tokens[0].text.upper() == "EXPLAIN" and not any_statement:
        start = tokens[0].start
        mark = _EXPLAIN.match(sql, start)
        offset = mark.end() if mark else start
        body = re.sub(r"\S", " ", sql[:offset]) + sql[offset:]  # offsets stay what they are
        tokens = tokens_of(body, name)
    _one_statement(tokens, sql, any_statement)
    _check_gaps(tokens, body, name)
    _check_nesting(tokens, sql)
    tree = _parse(tokens, body, name)
    if _depth(tree) > MAX_DEPTH:
        raise QueryError(f"the statement is nested deeper than {MAX_DEPTH}", kind="too-costly", position="1:1",
                         because="databases refuse such expressions", instead="write a list as IN (…)")
    return Query(sql, tree, name, tuple(tokens), offset > 0)


def dialect_named(dialect: str) -> str:
    """sqlglot's name of a dialect; ``SchemaError`` for none."""
    name = DIALECTS.get(dialect.lower(), dialect.lower())
    if name and Dialect.get(name) is None:
        raise SchemaError(f"there is no SQL dialect {dialect!r}", instead="use sqlite, postgres, mysql, duckdb or ansi")
    return name


def tokens_of(sql: str, dialect: str) -> list[Token]:
    """The tokens; ``QueryError`` for a text that is too long, or that ends within a string or holds control characters."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryError(f"the statement has {len(sql)} characters", kind="too-costly",
                         because=f"the guard reads {MAX_CHARACTERS} at most", instead="write a shorter query")
    strange = _STRANGE.search(sql)
    if strange is not None:
        raise QueryError(f"the character {strange[0]!r} in a statement", kind="syntax", position=place(sql, strange.start()),
                         because="readers of SQL disagree about it")
    try:
        tokens = Dialect.get_or_raise(dialect).tokenize(sql)
    except TokenError as error:
        raise QueryError("the statement does not end its string, name or comment", kind="syntax",
                         position=place(sql, len(sql)), because=_first_line(error)) from None
    except RecursionError:
        raise _too_deep() from None
    return tokens


def _check_gaps(tokens: list[Token], sql: str, dialect: str) -> None:
    """What two readers of the text could take differently must not stand between its tokens."""
    end = 0
    for token in tokens:
        word = sql[token.start:token.end + 1]
        if token.token_type != TokenType.VAR and word[:1].isalpha() and not word.isascii() and word.isalnum():
            # Python takes "\u017felect" for SELECT in another case; databases do not.
            raise QueryError(f"the word {word[:40]!r}", kind="syntax", position=place(sql, token.start),
                             because="keywords have plain letters")
        _check_gap(sql, end, token.start, dialect)
        end = token.end + 1
    _check_gap(sql, end, len(sql), dialect)


def _check_gap(sql: str, start: int, end: int, dialect: str) -> None:
    """Between tokens there may be white space and comments that every reader ends at the same place."""
    at = start
    while at < end:
        space = _GAP.match(sql, at, end)
        if space:
            at = space.end()
        elif sql.startswith("--", at) or (sql[at] == "#" and dialect == "mysql"):
            line = sql.find("\n", at, end)
            stop = end if line < 0 else line
            if "\r" in sql[at:stop].removesuffix("\r"):
                raise _hiding(sql, at, "a carriage return ends it for some databases")
            at = stop
        elif sql.startswith("/*", at):
            stop = sql.find("*/", at + 2, end)
            if stop < 0:
                raise _hiding(sql, at, "it never ends")
            if sql.startswith(("/*!", "/*M!"), at):
                raise _hiding(sql, at, "MySQL runs what is in it")
            if "/*" in sql[at + 2:stop]:
                raise _hiding(sql, at, "some databases nest comments and others do not")
            at = stop + 2
        else:
            raise QueryError(f"the character {sql[at]!r} between words", kind="syntax", position=place(sql, at),
                             because="it is neither white space nor part of SQL")


def _hiding(sql: str, at: int, because: str) -> QueryError:
    return QueryError("a comment that may hide a statement", kind="not-read-only", position=place(sql, at), because=because,
                      instead="write the query without the comment")


def _one_statement(tokens: list[Token], sql: str, any_statement: bool) -> None:
    """Refuses what is no single query, by its first words."""
    firsts: list[Token] = []
    begins = True
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            begins = True
        elif begins:
            firsts.append(token)
            begins = False
    if not firsts:
        raise QueryError("there is no statement", kind="syntax", position="1:1", because="the text holds no word of SQL")
    for token in firsts:
        if token.token_type not in _BEGINNINGS and not any_statement:
            raise QueryError(f"{token.text.upper()[:40]} does not begin a query", kind="not-read-only",
                             position=place(sql, token.start), because="only SELECT, WITH, VALUES and TABLE do",
                             instead="write one SELECT")
    if len(firsts) > 1:
        raise QueryError(f"{len(firsts)} statements", kind="not-read-only", position=place(sql, firsts[1].start),
                         because="a query is one statement", instead="write one SELECT")


def _check_nesting(tokens: list[Token], sql: str) -> None:
    """Bounds what the parser's recursion depends on, and points at brackets that do not match."""
    closers = {TokenType.L_PAREN: ")", TokenType.L_BRACKET: "]", TokenType.L_BRACE: "}", TokenType.CASE: "END"}
    enders = {TokenType.R_PAREN: ")", TokenType.R_BRACKET: "]", TokenType.R_BRACE: "}", TokenType.END: "END"}
    open_: list[tuple[str, Token]] = []
    for token in tokens:
        if token.token_type in closers:
            open_.append((closers[token.token_type], token))
            if len(open_) > MAX_NESTING:
                raise QueryError(f"more than {MAX_NESTING} brackets within each other", kind="too-costly",
                                 position=place(sql, token.start), instead="write the query flatter")
        elif token.token_type in enders:
            wanted = enders[token.token_type]
            if wanted == "END" and not (open_ and open_[-1][0] == "END"):
                continue  # END may be a name
            if not open_ or open_[-1][0] != wanted:
                raise QueryError(f"{token.text} closes nothing", kind="syntax", position=place(sql, token.start))
            open_.pop()
    if open_:
        raise QueryError(f"{open_[-1][1].text} is never closed", kind="syntax", position=place(sql, open_[-1][1].start))


class _Budget(Exception):
    """The parser moved too often."""


@cache
def _parser_of(dialect: str) -> Any:
    """The dialect's parser, which counts its moves where it can be extended (a compiled one cannot)."""
    base: Any = Dialect.get_or_raise(dialect).parser_class

    def move(self: Any, times: int = 1) -> None:
        self.moves_left -= 1
        if self.moves_left < 0:
            raise _Budget
        base._advance(self, times)

    try:
        return type("CountingParser", (base,), {"_advance": move, "moves_left": 0})
    except TypeError:
        return base


def _parse(tokens: list[Token], sql: str, dialect: str) -> Any:
    made = _parser_of(dialect)(dialect=Dialect.get_or_raise(dialect), error_level=ErrorLevel.IMMEDIATE)
    made.moves_left = MOVES_PER_TOKEN * len(tokens) + MOVES
    try:
        trees = made.parse(tokens, sql)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        shown = str(first.get("highlight") or "").strip()
        offset = _offset(sql, first.get("line"), first.get("col"), len(shown))
        raise QueryError(f"no SQL at {shown[:40]!r}" if shown else "no SQL", kind="syntax", position=place(sql, offset),
                         because=str(first.get("description") or _first_line(error)).rstrip(".")) from None
    except RecursionError:
        raise _too_deep() from None
    except _Budget:
        raise QueryError("a statement that takes too long to parse", kind="too-costly", position="1:1",
                         instead="write a simpler query") from None
    except QueryError:
        raise
    except Exception as error:  # whatever an unusual text makes the library stumble over
        because = f"{type(error).__name__}: {error}"[:200]
        raise QueryError("no SQL", kind="syntax", position="1:1", because=because) from error
    found = [tree for tree in trees if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(found) != 1:
        raise QueryError(f"{len(found)} statements", kind="not-read-only", position="1:1")
    if isinstance(found[0], exp.Select) and not found[0].expressions:
        raise QueryError("SELECT of nothing", kind="syntax", position=place(sql, tokens[0].start),
                         because="no column follows it")
    if not isinstance(found[0], _STATEMENTS):
        raise QueryError("no statement", kind="syntax", position=place(sql, tokens[0].start),
                         because=f"it parses as {type(found[0]).__name__}")
    return found[0]


def _offset(sql: str, line: Any, column: Any, length: int) -> int:
    """The offset of sqlglot's line and column, which is that of a token's last character."""
    if not isinstance(line, int) or not isinstance(column, int):
        return 0
    start = 0
    for _ in range(line - 1):
        start = sql.find("\n", start) + 1
    return max(0, start + column - max(length, 1))


def _too_deep() -> QueryError:
    return QueryError("a statement that is nested too deep to be parsed", kind="too-costly", position="1:1",
                      instead="write the query flatter")


def _depth(tree: Any) -> int:
    deepest = 0
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack += [(inner, depth + 1) for inner in node.iter_expressions()]
    return deepest


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
