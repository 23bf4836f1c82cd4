"""The text of a damaged table with other quotes, line ends and rules made usual, before its cells are told apart.

In: a part of a text. Out: a text of the same length, so that every offset stays, and the repairs. A quote of another
style is one only where something says so (it holds a delimiter, or every line has it): else it is a letter of its cell.
"""

from __future__ import annotations

import re
from functools import lru_cache

from structgen.formats.base import Found
from structgen.formats.csv.dialects import DELIMITERS, Table

__all__ = ["prepared", "respelled"]

_SEP = re.compile(r"\s*sep=(.)\s*(?:\r?\n|\r)", re.IGNORECASE)
_SINGLE = re.compile(r"(?<![^,;|\t\n])'([^'\n]*)'(?=\s*?(?:[,;|\t\n]|\Z))")
_DRAWN = frozenset("\u2502\u2503\u2551")
_BARS = dict.fromkeys(map(ord, _DRAWN), "|")
"""Bars of tables that are drawn."""
_OTHERS = "\u201c\u201d\u201e\u00ab\u00bb"
"""Typographic quotes."""


def prepared(text: str, start: int, end: int, found: list[Found]) -> tuple[str, int, str | None]:
    """The text with other line ends and quotes made usual, of the same length; where the table begins; its delimiter."""
    fixed = None
    inside = text[start:end]
    if "\\n" in inside and _is_one_line(inside):
        found.append(Found("escaped-newline", text.index("\\n", start), "\\n", "\n"))
        inside = inside.replace("\\n", "\r\n")
    if "\u2028" in inside and "\n" not in inside.strip():
        found.append(Found("white-space", start + inside.index("\u2028"), "\u2028", "\n"))
        inside = inside.replace("\u2028", "\n")
    if sep := _SEP.match(inside):
        found.append(Found("wrapper", start, sep.group(), ""))
        fixed, start, inside = sep[1], start + sep.end(), inside[sep.end():]
    if "'" in inside and '"' not in inside and _is_single_quoted(inside):
        found.append(Found("quote-style", start + inside.index("'"), "'", '"'))
        inside = _SINGLE.sub(r'"\1"', inside)
    if any(mark in inside for mark in _DRAWN) and sum(
            line.strip()[:1] in _DRAWN and line.strip()[-1:] in _DRAWN for line in inside.splitlines() if line.strip()) > 1:
        inside = inside.translate(_BARS)
    return text[:start] + inside + text[start + len(inside):], start, fixed


def respelled(text: str, start: int, end: int, table: Table, width: int | None, found: list[Found]) -> str | None:
    """The text of a table whose quotes or delimiters are spelled in a way that shows only now; None if it has none."""
    if _has_typographic_quotes(text, table, width):
        return _with_usual_quotes(text, start, end, table.dialect.delimiter, found)
    if table.dialect == ("delimited", "|"):
        inside = text[start:end]
        if inside.count("|") == 2 * inside.count("||") and all("||" in line for line in inside.splitlines() if line.strip()):
            return text[:start] + inside.replace("||", " |") + text[end:]
    return None


def _has_typographic_quotes(text: str, table: Table, width: int | None) -> bool:
    """Whether typographic quotes are those of the table: a pair of them holds the delimiter that a record has too many,
    or every record begins with one. All others are letters of their cells."""
    if table.dialect.kind not in ("delimited", "lines") or not any(mark in text for mark in "\u201d\u201c\u00bb"):
        return False
    pattern = _typographic(table.dialect.delimiter)
    filled = [one for one in table.records if not one.is_blank]
    width = width or min([table.width, *(len(one.cells) for one in filled[:1] if len(one.cells) > 1)])
    for one in filled:
        if len(one.cells) > width and any(table.dialect.delimiter in (found[1] or "") for found in pattern.finditer(
                text, one.start, one.end)):
            return True
    return len(filled) > 1 and all(
        found is not None and found[1] is not None for found in (pattern.match(text, one.start, one.end) for one in filled))


def _with_usual_quotes(text: str, start: int, end: int, delimiter: str, found: list[Found]) -> str | None:
    """The text with typographic quotes around cells made usual; None where it has none."""
    made = _typographic(delimiter).sub(lambda one: one[0] if one[1] is None else f'"{one[1]}"', text[start:end])
    at = next((at for at, (old, new) in enumerate(zip(text[start:end], made, strict=True)) if old != new), None)
    if at is None:
        return None
    found.append(Found("quote-style", start + at, text[start + at], '"'))
    return text[:start] + made + text[end:]


@lru_cache(32)
def _typographic(delimiter: str) -> re.Pattern[str]:
    """A cell between typographic quotes, with what it holds; or one between usual ones, in which they are letters."""
    one = re.escape(delimiter)
    inner = rf"[\u201c\u201d\u201e\u00ab]([^{_OTHERS}\r\n]*)[\u201d\u201c\u00bb]"
    begin, end = rf"(?:(?<=[{one}\r\n])|(?<={one} )|^)", rf"(?=[ \t]*(?:[{one}\r\n]|\Z))"
    return re.compile(rf'{begin}"(?:[^"]++|"")*+"{end}|{begin}{inner}{end}', re.MULTILINE)


def _is_one_line(text: str) -> bool:
    """Whether a table stands in one line, its line ends written as a backslash and an n."""
    lines = [line for line in text.splitlines() if line.strip()]
    at = next((at for at, line in enumerate(lines) if "\\n" in line), 0)
    parts = [part for part in lines[at].replace("\\r", "").split("\\n") if part.strip()]
    if len(lines) == 1:
        return True
    counts = [[part.count(one) for part in parts] for one in DELIMITERS]
    return len(parts) > 1 and any(min(count) > 0 for count in counts) and not any(
        line.count(one) >= min(count) > 0 for number, line in enumerate(lines) if number != at
        for one, count in zip(DELIMITERS, counts, strict=True))


def _is_single_quoted(text: str) -> bool:
    """Whether apostrophes are quotes: one pair of them holds a delimiter, or every line begins with one."""
    if any(delimiter in found[1] for found in _SINGLE.finditer(text) for delimiter in DELIMITERS):
        return True
    return all(line.lstrip()[0] == "'" and line.rstrip()[-1] == "'" for line in text.splitlines() if line.strip())
