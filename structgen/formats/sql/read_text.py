"""Where SQL is in a text: in fences, behind prose, in JSON; and which of its characters are code.

In: a text. Out: ``Piece``s that may hold the statement, the likely first. It parses nothing: a scan knows strings, quoted
names and comments, so that a semicolon or a smart quote within them is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from structgen.formats.base import Found
from structgen.formats.extract import Region, fence_at, regions

__all__ = ["Piece", "Statement", "code_spans", "pieces", "plain_characters", "starts_like_sql", "statements", "write_before"]

MAX_PIECES = 12
_QUERY = r"(?:SELECT|VALUES)\b|WITH\s+(?:RECURSIVE\s+)?[\w\"`\[]+[^\n]{0,200}?\bAS\b|EXPLAIN\b|\(\s*SELECT\b"
_BEGIN = re.compile(rf"(?<![\w'\"@.])(?:{_QUERY})", re.IGNORECASE)
_WRITES = re.compile(
    r"(?:DROP\s+(?:TABLE|VIEW|INDEX|DATABASE|SCHEMA|TRIGGER|USER|ROLE|FUNCTION|COLUMN|SEQUENCE)|DELETE\s+FROM|INSERT\s+"
    r"(?:INTO|OR|IGNORE)|UPDATE\s+[\w\"`.\[\]]+\s+(?:AS\s+\w+\s+)?SET|REPLACE\s+INTO|MERGE\s+INTO|CREATE\s+(?:OR\s+REPLACE\s+|"
    r"TEMP(?:ORARY)?\s+|UNIQUE\s+)?(?:TABLE|VIEW|INDEX|DATABASE|SCHEMA|TRIGGER|USER|ROLE|FUNCTION|PROCEDURE|EXTENSION|VIRTUAL)|"
    r"ALTER\s+(?:TABLE|DATABASE|USER|ROLE|SCHEMA|SYSTEM|VIEW)|TRUNCATE\s+\w|GRANT\s+\w+.*\bTO\b|REVOKE\s+\w+.*\bFROM\b|"
    r"ATTACH\s+|DETACH\s+|PRAGMA\s+\w|VACUUM\b|REINDEX\b|COPY\s+[\w\"(]|CALL\s+\w+\s*\(|DO\s+\$|EXEC(?:UTE)?\s+\w|PREPARE\s+\w|DECLARE\s+\w|SET\s+\w+\s*(?:=|TO\b)|"
    r"SET\s+(?:ROLE|SESSION|LOCAL|GLOBAL)\b|BEGIN\b|COMMIT\b|ROLLBACK\b|LOCK\s+TABLE|LOAD\s+DATA|INSTALL\s+\w|SHUTDOWN\b)",
    re.IGNORECASE)
_CONTINUES = re.compile(
    r"(?:INTO|FOR|RETURNING|LOCK|SET|SELECT|FROM|WHERE|AND|OR|NOT|GROUP|ORDER|HAVING|LIMIT|OFFSET|FETCH|UNION|INTERSECT|EXCEPT|JOIN|LEFT|RIGHT|INNER|"
    r"OUTER|FULL|CROSS|NATURAL|ON|USING|WITH|VALUES|CASE|WHEN|THEN|ELSE|END|AS|IN|IS|LIKE|BETWEEN|EXISTS|ASC|DESC|WINDOW|PARTITION|OVER)\b"
    r"|[,()=<>+*/|'\"`\[.;%!-]|\d", re.IGNORECASE)
_LABEL = re.compile(r"\s*(?:sql(?:ite|query|_query)?|query|postgres(?:ql)?|answer|statement)\s*[:=]?\s*\n?", re.IGNORECASE)
_OPENS = re.compile(r"['\"`]|--|/\*|\$[A-Za-z_]{0,20}\$")
_SMART_SINGLE, _SMART_DOUBLE = "\u2018\u2019\u201a\u201b\u2032", "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_ENTITIES = {"&gt;": ">", "&lt;": "<", "&amp;": "&", "&quot;": '"', "&#39;": "'", "&apos;": "'"}
_ENTITY = re.compile("|".join(_ENTITIES))
_SPACES = "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000\u2028\u2029"
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


class Piece(NamedTuple):
    """A part of a text that may hold a statement. ``text``: what stands for it, where it is written with escapes."""

    start: int
    end: int
    found: list[Found]
    text: str | None = None


class Statement(NamedTuple):
    """One statement of several, or what stands between them. ``kind``: "query", "write" or "other"."""

    start: int
    end: int
    kind: str


def pieces(text: str) -> Iterator[Piece]:
    """The parts that may hold the statement, the likely first."""
    for region in regions(text):
        thinking = [Found("thinking", region.thinking[0], text[slice(*region.thinking)], "")] if region.thinking else []
        fenced = list(_fences(text, region))
        for piece in reversed(fenced):
            others = [_other(text, one) for one in fenced
                      if one is not piece and text[one.start:one.end].strip() != text[piece.start:piece.end].strip()]
            yield piece._replace(found=[*thinking, *others, *piece.found])
        wrapped = _wrapped(text, region)
        if wrapped is not None:
            yield wrapped._replace(found=[*thinking, *wrapped.found])
        for start in _begins(text, region):
            before = text[region.start:start]
            kind = "wrapper" if _LABEL.fullmatch(before) else "surrounding-text"
            found = [Found(kind, region.start, before, "")] if before.strip() else []
            yield Piece(start, region.end, [*thinking, *found])


def _other(text: str, piece: Piece) -> Found:
    said = text[piece.start:piece.end]
    return Found("other-answer", piece.start + len(said) - len(said.lstrip()), said.strip(), "")


def write_before(text: str, start: int, end: int) -> int | None:
    """Where a part of a text that would be dropped begins to write; None if it does not."""
    for match in _WRITES.finditer(text, start, end):
        before = text[start:match.start()].rstrip(" \t")
        word = match.group().split(None, 1)[0]
        if (not before or before[-1] in "\n:;`(>" or word.isupper()) and not before[-1:].isalnum():
            return match.start()
    return None


def _fences(text: str, region: Region) -> Iterator[Piece]:
    at = region.start
    for _ in range(MAX_PIECES):
        mark = re.compile(r"`{3,}|~{3,}").search(text, at, region.end)
        if mark is None:
            return
        fence = fence_at(text, mark.start(), region.end)
        if fence is None:
            return
        at = max(fence.after, mark.end())
        if _BEGIN.search(text, fence.content, fence.end) or _WRITES.search(text, fence.content, fence.end):
            found = [Found("code-fence", fence.start, text[fence.start:fence.content], "")]
            before, after = text[region.start:fence.start], text[fence.after:region.end]
            if before.strip():
                found.insert(0, Found("surrounding-text", region.start, before, ""))
            if after.strip():
                found.append(Found("surrounding-text", fence.after, after, ""))
            yield Piece(fence.content, fence.end, found)


def _wrapped(text: str, region: Region) -> Piece | None:
    """A statement in a JSON object or string."""
    whole = text[region.start:region.end].strip()
    if whole[:1] not in ("{", '"', "[") or len(whole) > 200_000:
        return None
    try:
        value = json.loads(whole)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    texts = [value] if isinstance(value, str) else [one for one in value.values() if isinstance(one, str)
                                                     and _BEGIN.match(one.strip())] if isinstance(value, dict) else []
    if len(texts) != 1 or not _BEGIN.match(texts[0].strip()):
        return None
    start = text.index(whole[0], region.start)
    return Piece(start, start + len(whole), [Found("wrapper", start, whole, texts[0])], texts[0])


def _begins(text: str, region: Region) -> Iterator[int]:
    """Where a statement may begin: at the very beginning, else first where it is written in upper case or begins a line."""
    likely: list[int] = []
    other: list[int] = []
    for match in _BEGIN.finditer(text, region.start, region.end):
        start = match.start()
        line = text.rfind("\n", 0, start) + 1
        first = not text[line:start].strip(" \t>*-")
        word = match.group()[:4]
        (likely if first or word.isupper() else other).append(start)
        if len(likely) + len(other) >= MAX_PIECES:
            break
    yield from sorted(likely)
    yield from other


def starts_like_sql(text: str) -> bool:
    """Whether a text could go on a statement, as far as its first word tells."""
    return _CONTINUES.match(text) is not None


def code_spans(sql: str) -> list[tuple[int, int]]:
    """The parts of a statement that are neither strings, quoted names nor comments; a string that never ends is code."""
    spans: list[tuple[int, int]] = []
    at = start = 0
    endless: set[str] = set()
    while (found := _OPENS.search(sql, at)) is not None:
        mark = found.group()
        close = {"--": "\n", "/*": "*/"}.get(mark, mark)
        end = -1 if close in endless else sql.find(close, found.end())
        if end < 0 and mark != "--":
            endless.add(close)
            at = found.end()
            continue
        at = len(sql) if end < 0 else end + len(close)
        if found.start() > start:
            spans.append((start, found.start()))
        start = at
    if start < len(sql):
        spans.append((start, len(sql)))
    return spans


def statements(sql: str) -> list[Statement]:
    """The parts between semicolons, and what each is."""
    found: list[Statement] = []
    start = 0
    marks = [at for begin, end in code_spans(sql) for at in range(begin, end) if sql[at] == ";"]
    for end in [*marks, len(sql)]:
        part = sql[start:end]
        stripped = re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", part, flags=re.DOTALL)
        if stripped.strip("` \t\r\n"):
            begin = end - len(stripped)
            is_write = _WRITES.match(stripped) or _is_shouted(stripped)
            kind = "query" if _BEGIN.match(stripped) else "write" if is_write else "other"
            found.append(Statement(begin if kind != "query" else start + len(part) - len(part.lstrip()), end, kind))
        start = end + 1
    return found


_SHOUTED = re.compile(r"(?:DROP|DELETE|INSERT|UPDATE|REPLACE|MERGE|CREATE|ALTER|TRUNCATE|GRANT|REVOKE|ATTACH|DETACH|PRAGMA"
                      r"|VACUUM|COPY|CALL|EXEC|EXECUTE|SET|BEGIN|COMMIT|ROLLBACK|LOCK|REINDEX|ANALYZE|RENAME|LOAD|INSTALL|USE)\b")


def _is_shouted(text: str) -> bool:
    """Whether it begins with a command in capitals: prose says "Drop me a line", not "DROP"."""
    return _SHOUTED.match(text) is not None


def plain_characters(sql: str) -> list[tuple[str, int, int, str]]:
    """Smart quotes, odd spaces, entities of HTML outside strings: (kind, start, end, what is meant)."""
    found: list[tuple[str, int, int, str]] = []
    for start, end in code_spans(sql):
        for at in range(start, end):
            one = sql[at]
            if one in _SMART_SINGLE:
                found.append(("quote-style", at, at + 1, "'"))
            elif one in _SMART_DOUBLE:
                found.append(("quote-style", at, at + 1, '"'))
            elif one in _SPACES:
                found.append(("white-space", at, at + 1, " "))
            elif one in _NOTHING:
                found.append(("white-space", at, at + 1, ""))
            elif one == "&" and (entity := _ENTITY.match(sql, at)) is not None:
                found.append(("invalid-escape", at, entity.end(), _ENTITIES[entity.group()]))
    return found
