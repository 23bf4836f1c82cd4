"""Repairs of one statement: the cheapest edits that make it one that parses, and whose names are there.

In: a statement as a ``Source``, and a ``Judge``. Out: the source of the repaired statement with its repairs, or the error of
the nearest one. The one idea: each kind of damage proposes edits where the statement's error shows it; a search by cost
tries them on the parser, and only then names are looked up: exact but for case first, then one or two letters away, and only
if one name alone is nearest.

Bounds: the parser reads ``MAX_WORK`` characters in all for one text, whatever is in it.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from structgen.errors import QueryError
from structgen.formats.base import KINDS, Edit, Found, Source
from structgen.formats.sql.catalog import Catalog
from structgen.formats.sql.guard import Query, guard
from structgen.formats.sql.read_dialects import foreign, transpiled
from structgen.formats.sql.read_text import code_spans, plain_characters, starts_like_sql, write_before
from structgen.formats.sql.scope import Problem, scope_problems

__all__ = ["Judge", "distance", "repaired", "with_plain_characters"]

MAX_WORK = 100_000
"""Characters parsed while one text is read: about half a second of sqlglot's time."""
MAX_MENDED = 8_000
"""Characters of a statement whose syntax is mended; what is longer must parse as it stands."""
MAX_TRIED = 150
"""Texts tried for one statement."""
MAX_PROPOSED = 60
"""Edits tried of one text."""
MAX_DEPTH = 4
"""Repairs of syntax in one statement; more than these mean that it is another kind of text."""
MAX_ROUNDS = 12
"""Names repaired in one statement."""
_CLAUSES = "FROM|WHERE|GROUP|ORDER|HAVING|LIMIT|UNION|INTERSECT|EXCEPT|JOIN|LEFT|INNER|ON|AND|OR|AS|THEN|ELSE|END|DESC|ASC"
_CLAUSE = re.compile(rf"\b(?:{_CLAUSES})\b|,|;|\Z", re.IGNORECASE)
_ENDS = re.compile(r"\s+(?:AND|OR|ORDER\s+BY|GROUP\s+BY|HAVING|LIMIT|UNION|INTERSECT|EXCEPT)\b|\s*[);]|\s*\Z")
_SPARE_COMMA = re.compile(rf",(?=\s*(?:(?:{_CLAUSES})\b|\)|;|,|\Z))", re.IGNORECASE)
_KEYWORDS = ("SELECT", "DISTINCT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "BETWEEN", "UNION")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Judge:
    """Says what is wrong with a text: syntax, dialect and what it may do. Remembers, and counts its work."""

    def __init__(self, dialect: str, catalog: Catalog | None, functions: frozenset[str], read_only: bool) -> None:
        self.dialect, self.catalog, self.functions, self.read_only = dialect, catalog, functions, read_only
        self.work = 0
        self._known: dict[str, Query | QueryError] = {}

    def query(self, sql: str) -> Query:
        """The statement; ``QueryError`` says why it is none."""
        found = self._known.get(sql)
        if found is None:
            self.work += len(sql) + 100
            if self.work > MAX_WORK:
                raise QueryError("the text takes too long to repair", kind="too-costly", position="1:1",
                                 because=f"its readings have more than {MAX_WORK} characters")
            try:
                found = guard(sql, self.dialect, functions=self.functions, read_only=self.read_only)
                found = (foreign(found) if self.read_only else None) or found
            except QueryError as error:
                found = error
            self._known[sql] = found
        if isinstance(found, QueryError):
            raise found
        return found

    def error(self, sql: str) -> QueryError | None:
        """What is wrong with a text, names apart."""
        try:
            self.query(sql)
        except QueryError as error:
            if self.work > MAX_WORK:
                raise
            return error
        return None

    def problems(self, sql: str) -> list[Problem]:
        """The names that are not there."""
        return [] if self.catalog is None else scope_problems(self.query(sql), self.catalog)


class _State(NamedTuple):
    cost: int
    order: int
    source: Source
    found: tuple[Found, ...]


def repaired(source: Source, judge: Judge) -> tuple[Source, list[Found]]:
    """The statement with the cheapest repairs; ``QueryError``, with its position in ``source``, if there are none."""
    parsing, syntax = _parsing(source, judge)
    named, names = _named(parsing, judge)
    return named, [*syntax, *names]


def with_plain_characters(source: Source) -> tuple[Source, list[Found]]:
    """The source with plain quotes, spaces and signs outside its strings."""
    odd = plain_characters(source.text)
    if not odd:
        return source, []
    found = [Found(kind, source.original(start), source.text[start:end], new) for kind, start, end, new in odd]
    return source.edited([Edit(start, end, new) for _, start, end, new in odd]), found


# --- syntax ---------------------------------------------------------------------------------------------------------------

def _parsing(source: Source, judge: Judge) -> tuple[Source, list[Found]]:
    """The cheapest text that parses, by cost."""
    order = itertools.count()
    first: QueryError | None = None
    waiting = [_State(0, next(order), source, ())]
    seen = {source.text}
    for _ in range(MAX_TRIED):
        if not waiting:
            break
        state = heapq.heappop(waiting)
        error = judge.error(state.source.text)
        if error is None:
            return state.source, list(state.found)
        first = first or error
        if error.kind == "too-costly" or (error.kind == "not-read-only" and not _nearly_select(state.source.text)):
            raise _moved(error, state.source)
        if len(state.found) >= MAX_DEPTH or len(state.source.text) > MAX_MENDED:
            continue
        for kind, edits in itertools.islice(_proposals(state.source.text, error, judge, len(state.found)), MAX_PROPOSED):
            made = state.source.edited(edits)
            if made.text in seen:
                continue
            seen.add(made.text)
            found = Found(kind, state.source.original(edits[0].start), state.source.text[edits[0].start:edits[-1].end],
                          made.text[edits[0].start:edits[-1].end + len(made.text) - len(state.source.text)])
            heapq.heappush(waiting, _State(state.cost + KINDS[kind], next(order), made, (*state.found, found)))
    assert first is not None
    raise _moved(first, source)


def _nearly_select(sql: str) -> bool:
    """Whether a text would begin a query but for one letter."""
    word = sql.lstrip()[:10].split(None, 1)[:1]
    return bool(word) and distance(word[0].upper(), "SELECT", 1) == 1


def _moved(error: QueryError, source: Source) -> QueryError:
    """An error with its position as an offset in the text that was given."""
    line, _, column = (error.position or "1:1").partition(":")
    start = 0
    for _ in range(int(line) - 1):
        start = source.text.find("\n", start) + 1
    offset = source.original(min(start + int(column) - 1, len(source.text)))
    return QueryError(error.what, kind=error.kind, position=f"offset {offset}", because=error.because, instead=error.instead)


def _proposals(sql: str, error: QueryError, judge: Judge, depth: int) -> Iterator[tuple[str, list[Edit]]]:
    """Edits that may mend a text, each with its kind."""
    if error.kind == "unknown-function" or "of the dialect" in error.what:
        yield from _translated(sql, judge)
        return
    yield from _characters(sql)
    yield from _quotes(sql, judge.dialect)
    yield from _commas(sql)
    yield from _brackets(sql)
    yield from _tails(sql)
    yield from _quoted_names(sql, judge)
    if depth <= 1:
        yield from _translated(sql, judge)
    yield from _keywords(sql)


def _translated(sql: str, judge: Judge) -> Iterator[tuple[str, list[Edit]]]:
    judge.work += 2 * len(sql)
    written = transpiled(sql, judge.dialect, lambda text: judge.error(text) is None)
    if written is not None:
        yield "other-dialect", [Edit(0, len(sql), written)]


def _characters(sql: str) -> Iterator[tuple[str, list[Edit]]]:
    """Line breaks that are escaped, outside strings."""
    code = code_spans(sql)
    breaks = [Edit(at, at + 2, "\n" if sql[at + 1] == "n" else " ") for start, end in code
              for at in (match.start() + start for match in re.finditer(r"\\[nt]", sql[start:end]))]
    if breaks:
        yield "escaped-newline", breaks
    joined = [Edit(match.start(), match.end(), "\n") for match in re.finditer(r"\\\r?\n", sql)]
    if joined:
        yield "escaped-newline", joined


def _quotes(sql: str, dialect: str) -> Iterator[tuple[str, list[Edit]]]:
    """Quotes that are missing, or not doubled inside a string."""
    if "\\'" in sql and dialect in ("", "sqlite", "postgres"):
        yield "escaped-quote", [Edit(match.start(), match.end(), "''") for match in re.finditer(r"\\'", sql)]
    inner = [match.start() for match in re.finditer(r"(?<=[A-Za-z])'(?=[A-Za-z])", sql)][:8]
    for at in inner:
        yield "unescaped-quote", [Edit(at, at + 1, "''")]
    if len(inner) > 1:
        yield "unescaped-quote", [Edit(at, at + 1, "''") for at in inner]
    for quote in ("'", '"'):
        if sql.count(quote) % 2:
            opened = sql.rfind(quote)
            ends = [match.start() for match in _ENDS.finditer(sql, opened + 1)]
            for at in ends[:4] + ends[-1:]:
                yield "missing-quote", [Edit(at, at, quote)]
            if opened == len(sql.rstrip()) - 1 or sql[opened + 1:opened + 2] in ("", " ", ")", ";", "\n"):
                word = re.search(r"[^\s=(,<>]+(?: [^\s=(,<>]+)?\Z", sql[:opened])  # the opening one is missing
                if word:
                    yield "missing-quote", [Edit(word.start(), word.start(), quote)]
                    last = re.search(r"[^\s=(,<>]+\Z", sql[:opened])
                    if last and last.start() != word.start():
                        yield "missing-quote", [Edit(last.start(), last.start(), quote)]


def _commas(sql: str) -> Iterator[tuple[str, list[Edit]]]:
    code = code_spans(sql)
    spare = [match.start() for match in _SPARE_COMMA.finditer(sql) if _inside(code, match.start())]
    if spare:
        yield "trailing-comma", [Edit(at, at + 1, "") for at in spare]


def _brackets(sql: str) -> Iterator[tuple[str, list[Edit]]]:
    """A bracket that closes nothing goes; one that is not closed is closed at the end, or before a clause."""
    open_: list[int] = []
    stray: list[int] = []
    code = code_spans(sql)
    for start, end in code:
        for at in range(start, end):
            if sql[at] == "(":
                open_.append(at)
            elif sql[at] == ")":
                if open_:
                    open_.pop()
                else:
                    stray.append(at)
    for at in stray[:3]:
        yield "stray-bracket", [Edit(at, at + 1, "")]
    if not open_:
        return
    end = len(sql.rstrip().rstrip(";").rstrip())
    yield "unclosed-bracket", [Edit(end, end, ")" * len(open_))]
    places = [match.start() for match in _CLAUSE.finditer(sql, open_[-1] + 1) if _inside(code, match.start())]
    for at in reversed(places[:20]):
        before = len(sql[:at].rstrip())
        yield "unclosed-bracket", [Edit(before, before, ")")]


def _tails(sql: str) -> Iterator[tuple[str, list[Edit]]]:
    """What follows the statement and is none of it: prose on lines of its own, or behind an empty line."""
    breaks = [match.start() for match in re.finditer(r"\n", sql)]
    for at in [*reversed(breaks[:25])]:
        rest = sql[at:].strip()
        if rest and not starts_like_sql(rest) and write_before(sql, at, len(sql)) is None:
            yield "surrounding-text", [Edit(at, len(sql), "")]


def _quoted_names(sql: str, judge: Judge) -> Iterator[tuple[str, list[Edit]]]:
    """Names of the database that must be quoted and are not."""
    if judge.catalog is None:
        return
    names = {table.name for table in judge.catalog.tables}
    names |= {column.name for table in judge.catalog.tables for column in table.columns}
    odd = sorted((name for name in names if not _PLAIN.fullmatch(name) or name.upper() in _RESERVED), key=len, reverse=True)
    code = code_spans(sql)
    edits: list[Edit] = []
    for name in odd[:500]:
        for match in re.finditer(rf"(?<![\w\"]){re.escape(name)}(?![\w\"])", sql, re.IGNORECASE):
            free = not any(edit.start < match.end() and match.start() < edit.end for edit in edits)
            # A reserved word is a name only where its spelling says so.
            if free and _inside(code, match.start()) and (not _PLAIN.fullmatch(name) or match.group() == name):
                doubled = name.replace('"', '""')
                edits.append(Edit(match.start(), match.end(), f'"{doubled}"'))
    for edit in edits if 1 < len(edits) <= 6 else ():
        yield "unquoted-name", [edit]
    if edits:
        yield "unquoted-name", sorted(edits)


_RESERVED = frozenset((
    "ORDER", "GROUP", "TABLE", "SELECT", "FROM", "WHERE", "INDEX", "LIMIT", "DEFAULT", "CHECK", "TO", "USER",
    "REFERENCES", "TRANSACTION", "VALUES", "CASE", "END", "DESC", "ASC", "ALL", "ON", "JOIN", "PRIMARY",
))


def _keywords(sql: str) -> Iterator[tuple[str, list[Edit]]]:
    """Keywords with two letters swapped, one missing or one wrong."""
    for start, end in code_spans(sql):
        for match in re.finditer(r"[A-Za-z]{3,9}", sql[start:end]):
            word = match.group().upper()
            for keyword in _KEYWORDS:
                if word != keyword and distance(word, keyword, 1) <= 1:
                    at = start + match.start()
                    yield "misspelt-name", [Edit(at, at + len(word), keyword)]


def _inside(spans: list[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in spans)


# --- names ----------------------------------------------------------------------------------------------------------------

def _named(source: Source, judge: Judge) -> tuple[Source, list[Found]]:
    """Names that are not there become the one that is meant; ``QueryError`` where none or several could be."""
    found: list[Found] = []
    for _ in range(MAX_ROUNDS):
        problems = judge.problems(source.text)
        if not problems:
            return source, found
        problem = problems[0]
        kind, start, end, new = _meant(problem, source.text, judge)
        if new is None:
            raise _moved(problem.error(source.text), source)
        if kind == "quote-style":
            new = "'" + source.text[start + 1:end - 1].replace('""', '"').replace("'", "''") + "'"
        found.append(Found(kind, source.original(start), source.text[start:end], new))
        source = source.edited([Edit(start, end, new)])
        error = judge.error(source.text)
        if error is not None:
            raise _moved(error, source)
    raise _moved(QueryError(f"more than {MAX_ROUNDS} names are not there", kind="unknown-column", position="1:1"), source)


def _meant(problem: Problem, sql: str, judge: Judge) -> tuple[str, int, int, str | None]:
    """The name that is meant by one that is not there, as it must be written: kind of repair, where, what; None: unknown."""
    start, end = problem.start, problem.end
    for name in problem.known:
        there = sql[start:start + len(name)].lower() == name.lower()
        if there and not _PLAIN.fullmatch(name) and not sql.startswith('"', start):
            return "unquoted-name", start, start + len(name), _spelled(name, judge.dialect)
    kind, new = _near(problem, sql[start:end], judge.dialect)
    if problem.fix is not None:
        if new is None:
            start, end, name = problem.fix
            return "wrong-alias", start, end, _spelled(name, judge.dialect)
        if kind == "misspelt-name":
            new = None  # another name of this table, or this name of another table: either may be meant
    return kind, start, end, new


def _near(problem: Problem, written: str, dialect: str) -> tuple[str, str | None]:
    """The one known name that is spelled alike."""
    bare = written.strip('"`[]')
    if problem.kind.startswith("ambiguous"):
        return "misspelt-name", None
    same = [name for name in problem.known if _folded(name) == _folded(bare)]
    if len(same) == 1:
        return "name-case", _spelled(same[0], dialect)
    bound = 0 if len(bare) < 3 else 1 if len(bare) <= 5 else 2
    near = sorted((distance(bare.lower(), name.lower(), bound), name) for name in problem.known)
    near = [one for one in near if one[0] <= bound]
    if near and (len(near) == 1 or near[0][0] < near[1][0]):
        return "misspelt-name", _spelled(near[0][1], dialect)
    if not near and problem.kind == "unknown-column" and written.startswith('"') and dialect == "postgres":
        return "quote-style", ""
    return "misspelt-name", None


def _folded(name: str) -> str:
    """A name without case and without what words are joined by."""
    return re.sub(r"[\s_-]", "", name).lower()


def _spelled(name: str, dialect: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.upper() not in _RESERVED and (dialect != "postgres" or name == name.lower())
    doubled = name.replace('"', '""')
    return name if plain else f'"{doubled}"'


def distance(one: str, other: str, bound: int) -> int:
    """Letters to change, add, drop or swap with the next; above the bound it is only known to be above it."""
    if abs(len(one) - len(other)) > bound:
        return bound + 1
    if one == other:
        return 0
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, before, row = before, row, [i, *[0] * len(other)]
        for j, b in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > bound:
            return bound + 1
    return row[-1]

