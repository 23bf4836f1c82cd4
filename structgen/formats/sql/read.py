"""SQL read tolerantly: the statement in an answer, one that parses, reads only, and names what is there.

In: a text, and what is known of the database: its dialect, and its tables if anybody tells. Out: the statement as a text,
and what reading it took. A text that is a statement as it stands comes back unchanged. The one idea: find where SQL begins
and ends (``read_text``), mend its syntax by the parser's judgement and its names by the catalogue's (``read_repairs``), and
let the guard have the last word, over what is read and over what is dropped: a text that also writes is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.errors import QueryError, ReadError, SchemaError
from structgen.formats.base import Candidate, Edit, Format, Found, Source
from structgen.formats.sql.catalog import Catalog
from structgen.formats.sql.guard import MAX_CHARACTERS, guard
from structgen.formats.sql.guard_nodes import place
from structgen.formats.sql.read_dialects import foreign
from structgen.formats.sql.read_repairs import Judge, distance, repaired, with_plain_characters
from structgen.formats.sql.read_text import Piece, pieces, statements, write_before
from structgen.formats.sql.scope import scope_problems

__all__ = ["FORMAT"]

ONLY = "only SELECT, WITH, VALUES and TABLE do"
OPTIONS = ("dialect", "catalog", "functions", "read_only")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads statements of one dialect over the tables of one database."""

    dialect: str = "ansi"
    catalog: Catalog | None = None
    functions: frozenset[str] = frozenset()
    read_only: bool = True

    def strict(self, text: str) -> str:
        """A statement as it stands; ``ValueError`` for any other text."""
        try:
            query = guard(text, self.dialect, functions=self.functions, read_only=self.read_only)
        except QueryError as error:
            raise ValueError(str(error)) from error
        if self.read_only and (foreign(query) or (self.catalog is not None and scope_problems(query, self.catalog))):
            raise ValueError("another dialect, or names that are not there")
        return text

    def candidates(self, text: str, typed: bool) -> Iterator[Candidate]:
        """The statement that is meant; ``QueryError`` where there is none, or where the text does more than read."""
        judge = Judge(self.dialect, self.catalog, self.functions, self.read_only)
        nearest: QueryError | None = None
        for piece in _pieces(text) if self.read_only else _whole(text):
            try:
                yield self._read(text, piece, judge)
                return
            except QueryError as error:
                nearest = nearest or error
                if error.kind in ("not-read-only", "too-costly"):
                    break
        if nearest is None:
            raise self._nothing(text)
        raise _placed(nearest, text)

    def _nothing(self, text: str) -> ReadError:
        """Why a text without a query is refused."""
        for one in statements(text[:MAX_CHARACTERS]):
            if one.kind == "write" and self.read_only:
                return _placed(_writes(text, one.start), text)
        return QueryError("there is no query in the text", kind="syntax", position="1:1",
                          because="nothing in it begins like SELECT or WITH … AS")

    def _read(self, text: str, piece: Piece, judge: Judge) -> Candidate:
        """One part of a text as a statement."""
        found = list(piece.found)
        source = Source(text)
        if self.read_only:
            self._refuse_dropped(text, piece)
        given = text[piece.start:piece.end] if piece.text is None else piece.text
        inner = [] if piece.text is None else [Edit(piece.start, piece.end, given)]
        source = source.edited([Edit(0, piece.start, ""), *inner, Edit(piece.end, len(text), "")])
        if len(given) > MAX_CHARACTERS:
            source = source.edited([Edit(MAX_CHARACTERS - 1, len(given), "")])
            given = source.text
        source, characters = with_plain_characters(source)
        found += characters
        if self.read_only:
            source = self._one(source, found)
        source, repairs = repaired(_trimmed(source), judge)
        source = _trimmed(source)
        start = source.original(0)
        return Candidate(source.text, [*found, *repairs], (min(start, piece.start), piece.end))

    def _refuse_dropped(self, text: str, piece: Piece) -> None:
        """Prose may be dropped, a statement that writes may not."""
        for one in piece.found:
            if one.kind in ("surrounding-text", "wrapper") and piece.text is None:
                at = write_before(text, one.offset, one.offset + len(one.before))
                if at is not None:
                    raise _writes(text, at)

    def _one(self, source: Source, found: list[Found]) -> Source:
        """The statement that counts of several: the last query; prose is dropped, and a write refused."""
        parts = statements(source.text)
        queries = [one for one in parts if one.kind == "query"]
        write = next((one for one in parts if one.kind == "write"), None)
        if write is not None:
            raise _writes(source.text, write.start, source.original(write.start))
        if len(parts) < 2 or not queries:
            return source
        chosen = queries[-1]
        mine = " ".join(source.text[chosen.start:chosen.end].split())
        for one in parts:
            if one is not chosen:
                said = source.text[one.start:one.end].strip()
                other = one.kind == "query" and " ".join(said.split()) != mine
                found.append(Found("other-answer" if other else "surrounding-text", source.original(one.start), said, ""))
        return source.edited([Edit(0, chosen.start, ""), Edit(chosen.end, len(source.text), "")])


def _writes(text: str, at: int, offset: int | None = None) -> QueryError:
    word = text[at:at + 60].split(None, 1)[0].upper()
    return QueryError(f"{word[:40]} does not begin a query", kind="not-read-only",
                      position=f"offset {at if offset is None else offset}", because=ONLY, instead="write one SELECT")


def _pieces(text: str) -> Iterator[Piece]:
    """The parts that may hold the query; a text whose first word is nearly SELECT, where no part begins like one."""
    piece = None
    for piece in pieces(text):
        yield piece
    word = text.lstrip()[:10].split(None, 1)[:1]
    if piece is None and word and distance(word[0].upper(), "SELECT", 1) == 1:
        yield Piece(0, len(text), [])


def _whole(text: str) -> Iterator[Piece]:
    """For statements that may write, whose beginnings are many words: the fenced parts, else the text."""
    found = False
    for piece in pieces(text):
        if any(one.kind == "code-fence" for one in piece.found):
            found = True
            yield piece
    if not found:
        yield Piece(0, len(text), [])


def _trimmed(source: Source) -> Source:
    """Without the white space and the semicolons around a statement."""
    text = source.text
    start = len(text) - len(text.lstrip(" \t\r\n"))
    end = len(text.rstrip("; \t\r\n"))
    return source.edited([Edit(0, start, ""), Edit(max(start, end), len(text), "")])


def _placed(error: QueryError, text: str) -> QueryError:
    """An error whose offset is said as line and column, of the same type as before."""
    offset = (error.position or "").removeprefix("offset ")
    position = place(text, int(offset)) if offset.isdecimal() else error.position
    return QueryError(error.what, kind=error.kind, position=position, because=error.because, instead=error.instead)


def _aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    unknown = next((name for name in options if name not in OPTIONS), None)
    if unknown is not None:
        raise SchemaError(f"read({unknown}=…) is not an option of the format sql", instead=f"use {', '.join(OPTIONS)}")
    given = dict(options)
    catalog = given.get("catalog")
    if catalog is not None and not isinstance(catalog, Catalog):
        raise SchemaError(f"read(catalog=…) is a {type(catalog).__name__}", instead="pass Sql(schema=…) as the output type")
    dialect = given.get("dialect") or (catalog.dialect if catalog is not None else "ansi")
    return _format(_Reader(dialect, catalog, frozenset(given.get("functions", ())), bool(given.get("read_only", True))))


def _embedded(text: str) -> Any:
    raise ReadError("a string that holds SQL is a string", position="offset 0")


def _write(value: Any) -> str:
    if not isinstance(value, str):
        raise SchemaError(f"a {type(value).__name__} is no statement", instead="pass the text of one")
    return value


def _format(reader: _Reader) -> Format:
    return Format("sql", reader.strict, reader.candidates, _embedded, _write, _aimed)


FORMAT = _format(_Reader())
