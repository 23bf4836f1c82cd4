"""Tables that are written in another notation: as JSON, as tuples, as ``name: value`` in every cell, as HTML.

In: a part of a text. Out: a ``Rows``: lists of cells, or members by name, or None where the notation is another one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from structgen.errors import ReadError
from structgen.formats.base import Found, format_named
from structgen.formats.csv.dialects import DELIMITERS
from structgen.schema.scalars import folded, scalar_text

__all__ = ["Rows", "cell_text", "other_rows"]

_TUPLE = re.compile(r"^\((.*)\)(?=,?\s*$)", re.MULTILINE)
_PAIR = re.compile(r"\s*[\"']?([A-Za-z_][\w -]{0,40})[\"']?\s*[:=]\s*(.*)", re.DOTALL)
_BULLET = re.compile(r"\s*(?:[-*\u2022]|[0-9]{1,4}[.)])\s+")
MAX_LINE = 10_000
"""Characters of a line that may name its cells."""
_TAG = re.compile(r"<\s*(/?)\s*(tr|td|th|table)\b[^<>]{0,200}>", re.IGNORECASE)
_INNER_TAG = re.compile(r"<[^<>]{0,200}>")


class Rows(NamedTuple):
    """Rows as lists of texts or as objects, with the repairs and what they cover of the text."""

    rows: list[Any]
    found: list[Found]
    span: tuple[int, int]


def other_rows(text: str, start: int, end: int, names: Sequence[str] | None) -> Rows | None:
    """The rows in another notation."""
    if text[start] in "[{(":
        return _by_json(text, start, end)
    if text[start] == "<":
        return _by_html(text, start, end)
    return _by_pairs(text, start, end, names)


def _by_json(text: str, start: int, end: int) -> Rows | None:
    inside = text[start:end]
    if inside[0] == "(":
        inside = _TUPLE.sub(r"[\1]", inside)
    try:
        ways = list(format_named("json").candidates(inside, False))
    except ReadError:
        return None
    for way in ways:
        rows = _rows_of(way.value)
        if rows is None or way.span[0] > 0:
            continue
        found = [Found("other-format", start, text[start:start + 60], "")]
        found += [Found(one.kind, start + one.offset, one.before, one.after) for one in way.found]
        return Rows(rows, found, (start + way.span[0], start + way.span[1]))
    return None


def _rows_of(value: Any) -> list[Any] | None:
    """The rows that a JSON value holds: lists of texts, or objects."""
    if isinstance(value, dict) and len(value) == 1:
        (inner,) = value.values()
        if isinstance(inner, list):
            value = inner
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not value:
        return None
    for kind in (dict, list):
        if all(isinstance(row, kind) and row for row in value):
            items = (item for row in value for item in (row.values() if isinstance(row, dict) else row))
            if any(isinstance(item, list | dict) for item in items):
                return None
            return value if kind is dict else [[cell_text(item) for item in row] for row in value]
    return None


def cell_text(value: Any) -> str:
    """A scalar as the text of a cell."""
    return "" if value is None else value if isinstance(value, str) else scalar_text(value)


def _by_pairs(text: str, start: int, end: int, names: Sequence[str] | None) -> Rows | None:
    """The rows of lines that name every cell; a bullet or a number may stand before each."""
    lines = [line for line in text[start:end].splitlines() if line.strip()]
    if len(lines[0]) > MAX_LINE or (len(lines) < 2 and names is None):
        return None
    bullets = [_BULLET.match(line) for line in lines]
    if all(bullets):
        lines = [line[one.end():] for line, one in zip(lines, bullets, strict=True) if one is not None]
    for delimiter in DELIMITERS:
        rows = _paired(lines, delimiter, names)
        if rows is not None:
            return Rows(rows, [Found("other-format", start, text[start:start + 60], "")], (start, end))
    return None


def _paired(lines: list[str], delimiter: str, names: Sequence[str] | None) -> list[dict[str, Any]] | None:
    first = [_PAIR.fullmatch(cell) for cell in lines[0].split(delimiter)]
    found = [one[1].strip() for one in first if one is not None]
    known = {folded(name) for name in names or found}
    if len(found) < max(2, len(first)) or len(set(found)) < len(found) or not {folded(name) for name in found} <= known:
        return None
    rows: list[dict[str, Any]] = []
    for line in lines:
        cells = [_PAIR.fullmatch(cell) for cell in line.split(delimiter)]
        row = {one[1].strip(): one[2].strip().strip("\"'") for one in cells if one is not None}
        if list(row) != found or len(cells) != len(found):
            return None
        rows.append(row)
    return rows


def _by_html(text: str, start: int, end: int) -> Rows | None:
    """The rows of an HTML table, one that is not nested."""
    rows: list[list[str]] = []
    opened, last = -1, start
    for tag in _TAG.finditer(text, start, end):
        closes, name = bool(tag[1]), tag[2].lower()
        if opened >= 0 and rows:
            rows[-1].append(html.unescape(_INNER_TAG.sub("", text[opened:tag.start()])).strip())
            opened = -1
        if name == "tr" and not closes:
            rows.append([])
        elif name in ("td", "th") and not closes:
            opened = tag.end()
            rows = rows or [[]]
        last = tag.end()
    rows = [row for row in rows if row]
    return Rows(rows, [Found("other-format", start, text[start:start + 60], "")], (start, last)) if rows else None
