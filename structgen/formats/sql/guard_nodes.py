"""What a read-only query may consist of: the kinds of nodes, the functions and the tables, each an allow-list.

In: a tree and its text. Out: nothing, or ``QueryError`` for the first node that is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import Token, exp

from structgen.errors import QueryError
from structgen.formats.sql.guard_functions import FUNCTIONS, REASONS, words

__all__ = ["check_nodes", "function_name", "place", "span_of"]

_ROOTS = frozenset(("Select", "Union", "Intersect", "Except", "Values", "Subquery"))
_NODES = words("""
    Select Union Intersect Except Values Subquery Tuple Paren With CTE TableAlias
    From Join Lateral Table Where Group Having Order Ordered Limit Offset Fetch LimitOptions Distinct Qualify
    Window WindowSpec WithinGroup Filter IgnoreNulls RespectNulls Rollup Cube GroupingSets TableSample HavingMax
    Column Identifier Star Alias Aliases Literal Null Boolean Var Parameter Placeholder Dot Bracket Slice Kwarg
    BitString HexString ByteString RawString UnicodeString National Heredoc Introducer
    Add Sub Mul Div IntDiv Mod Neg DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift
    EQ NEQ GT GTE LT LTE Is NullSafeEQ NullSafeNEQ Like ILike Glob SimilarTo Escape Match In Between Not All Any Overlaps
    Distance Adjacent Collation AtTimeZone FromTimeZone Interval IntervalSpan DataType DataTypeParam
    PseudoType Pseudocolumn Lambda JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard JSONPathSlice
    JSONPathUnion JSONPathRecursive JSONPathFilter JSONPathScript JSONPathSelector JSONKeyValue JSONColumnDef FormatJson
    Operator ColumnDef OnCondition Variadic
""")
"""Kinds of sqlglot's nodes that are no functions."""
_SYNTAX = words("""
    And Or Xor Case If Cast TryCast Exists Array Extract Collate Bracket JSONExtract JSONExtractScalar JSONBExtract
    JSONBExtractScalar JSONBContains JSONBContainsAllTopKeys JSONBContainsAnyTopKeys JSONBContainsTopKey JSONBDeleteAtPath
    JSONBPathExists JSONBExists ArrayContainsAll ArrayContainedBy ArrayOverlaps ArrayContains RegexpLike RegexpILike Pow
    CurrentDate CurrentTime CurrentTimestamp Localtime Localtimestamp CurrentUser SessionUser CurrentCatalog CurrentSchema
    DateAdd DateSub Concat StrPosition Substring Trim Coalesce Unnest Explode Struct TimeToStr TsOrDsToDate Date
    Timestamp Overlay Normalize SafeDivide Mod MatchAgainst Min Max Ceil Floor Chr Initcap Decode DecodeCase GroupConcat
    JSONObject JSONObjectAgg JSONArrayAgg TsOrDsToTimestamp DateDiff WeightString AnyValue ArgMax ArgMin Quantile
    PercentileCont PercentileDisc
""")
"""Functions that are also written as operators or keywords, or whose written name the parser does not keep."""
_SYSTEM_TABLES = words("""
    pg_tables pg_views pg_indexes pg_class pg_namespace pg_attribute pg_type pg_index pg_constraint pg_description
    pg_matviews pg_sequences pg_enum pg_attrdef
""")
"""PostgreSQL's own tables that tell the shape of the database and no more."""
_CLOSED_SCHEMAS = frozenset(("mysql", "performance_schema", "sys", "pg_toast", "pg_temp"))

_WORDS = {
    "Into": ("SELECT … INTO", "it writes a table or a file"), "Lock": ("FOR UPDATE or FOR SHARE", "it locks rows"),
    "Insert": ("INSERT", "it writes"), "Update": ("UPDATE", "it writes"), "Delete": ("DELETE", "it writes"),
    "Merge": ("MERGE", "it writes"), "Create": ("CREATE", "it writes"), "Drop": ("DROP", "it writes"),
    "PropertyEQ": ("an assignment", "it changes a variable"),
    "SessionParameter": ("a variable of the server", "it is no data"),
    "Command": ("a command", "it is no query"), "Returning": ("RETURNING", "it belongs to a write"),
}
_KEYWORDS = {"Lock": "FOR", "PropertyEQ": ":="}
"""The word that a kind of node is written with, where it is not its name."""


def check_nodes(tree: Any, sql: str, dialect: str, functions: frozenset[str], tokens: Sequence[Token]) -> None:
    """Refuses the first node that is on no allow-list."""
    if type(tree).__name__ not in _ROOTS:
        raise _refused(tree, sql, tokens)
    allowed = FUNCTIONS.get(dialect, FUNCTIONS["*"]) | functions
    for node in tree.walk():
        kind = type(node).__name__
        if isinstance(node, exp.Func):
            _check_function(node, sql, allowed, tokens)
        elif kind not in _NODES:
            raise _refused(node, sql, tokens)
        if isinstance(node, exp.Table):
            _check_table(node, sql, dialect)
        elif isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Identifier | exp.Star):
            raise QueryError(f"the function {node.sql()[:60]} of a schema", kind="not-read-only",
                             position=place(sql, _start(node)), because="only built-in functions are known to be harmless",
                             instead="call it without the schema, if it is built in")
        elif isinstance(node, exp.Select | exp.SetOperation) and node.args.get("operation_modifiers"):
            raise QueryError("modifiers of SELECT", kind="not-read-only", position=place(sql, _start(node)),
                             because="they change how the server works, not what it reads")


def _check_function(node: Any, sql: str, allowed: frozenset[str], tokens: Sequence[Token]) -> None:
    name = function_name(node, sql)
    if name is None:
        if type(node).__name__ not in _SYNTAX:
            raise _refused(node, sql, tokens)
    elif name not in allowed:
        kind = "not-read-only" if name in REASONS else "unknown-function"
        raise QueryError(f"the function {name[:60]}", kind=kind, position=place(sql, _start(node)), because=REASONS.get(
                             name, "it is not one of those that are known to be harmless"),
                         instead=None if name in REASONS else f"pass functions={{{name[:60]!r}}} if it only reads")


def function_name(node: Any, sql: str) -> str | None:
    """The name as it is written, in lower case; None for what is written as an operator or a keyword."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc | exp.CombinedAggFunc | exp.ParameterizedAgg):
        return str(node.name or node.this).strip('"`[]').lower()
    span = span_of(node)
    if span is None or not isinstance(node, exp.Func):
        return None
    written = sql[span[0]:span[1]].strip('"`[]').lower()
    rest = sql[span[1]:].lstrip()
    return written if rest.startswith("(") and not isinstance(node, exp.Cast | exp.Case | exp.Exists | exp.Array) else None


def _check_table(node: Any, sql: str, dialect: str) -> None:
    name, schema = node.name.lower(), str(node.db).lower()
    because = None
    if schema in _CLOSED_SCHEMAS or (name.startswith("pg_") and name not in _SYSTEM_TABLES and dialect in ("", "postgres")):
        because = "it is one of the server's own"
    elif dialect in ("", "sqlite") and name.startswith("pragma_"):
        because = "it is a PRAGMA"
    elif dialect not in ("", "sqlite", "postgres", "mysql") and any(one in name for one in "/\\:*."):
        because = "it names a file"
    if because:
        raise QueryError(f"the table {node.name[:60]}", kind="not-read-only", position=place(sql, _start(node)),
                         because=because, instead="query the tables of the database")


def _refused(node: Any, sql: str, tokens: Sequence[Token]) -> QueryError:
    kind = type(node).__name__
    said, because = _WORDS.get(kind, (kind, "it is not part of a query that only reads"))
    keyword = _KEYWORDS.get(kind, kind.upper())
    start = next((token.start for token in tokens if token.text.upper() == keyword), _start(node))
    return QueryError(said, kind="not-read-only", position=place(sql, start), because=because,
                      instead="write one SELECT")


def span_of(node: Any) -> tuple[int, int] | None:
    """Where in the text a node begins and ends, for the nodes that know it."""
    start, end = node.meta.get("start"), node.meta.get("end")
    return (start, end + 1) if isinstance(start, int) and isinstance(end, int) else None


def _start(node: Any) -> int:
    """Where a node begins, as far as its parts know."""
    starts = [span[0] for span in map(span_of, _some(node)) if span]
    return min(starts, default=0)


def _some(node: Any) -> Iterator[Any]:
    for count, inner in enumerate(node.walk()):
        if count > 1000:
            return
        yield inner


def place(sql: str, offset: int) -> str:
    """An offset as line:column."""
    line = sql.count("\n", 0, offset) + 1
    return f"{line}:{offset - (sql.rfind(chr(10), 0, offset) + 1) + 1}"
