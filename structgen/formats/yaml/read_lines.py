"""The lines of a YAML text and what begins on them: dashes, names, comments.

In: a text, or a part of it. Out: ``Row``, where each line's text begins and ends and in which column, with tabs and odd
spaces counted; ``key_at``, the name that a line begins with; ``dash_at``, the sign of a list's item. Nothing is decided
here: whether a name is one is said by whoever knows what is open.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from structgen.formats.yaml.read_scalars import decoded

__all__ = [
    "ODD_SPACES",
    "Key",
    "Row",
    "dash_at",
    "is_comment",
    "key_at",
    "number_at",
    "rows_of",
    "weak_dash_at",
    "weak_key_at",
]

ODD_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_LINE = re.compile(rf"([ \t{ODD_SPACES}\ufeff]*)([^\r\n]*)(?:\r\n|\n|\r|\Z)")
_COLON = re.compile(rf":(?=[ \t{ODD_SPACES}]|$)|\uff1a")
_SPACES = re.compile(rf"[ \t{ODD_SPACES}]*")
_BOLD = re.compile(r"(\*\*|__)(?=\S)([^*\n]{1,100}?)(?::\1|\1[ \t]*:(?!:))")
_WEAK_COLON = re.compile(r"([A-Za-z_][\w.-]{0,60}|\"[\w .-]{1,60}\"):(?![/:\\])(?=\S)")
_WEAK_WORDS = re.compile(r"([A-Za-z_][\w.-]{0,60}(?: [\w.-]{1,30}){0,3}):(?![/:\\])(?=\S)")
_WEAK_SIGN = re.compile(r"([A-Za-z_\"*][\w .\"*-]{0,60}?)[ \t]+(=>|->|=|\u2192|:=)[ \t]+(?=\S)")
_BULLET = re.compile("[*\u2022\u2013\u2014\u25e6\u00b7+](?=[ \t]|$)")
_NUMBER = re.compile(r"([0-9]{1,4})[.)](?=[ \t]+\S)")
MAX_NAME = 300


class Row(NamedTuple):
    """One line. ``at``: where its text begins; ``end``: where it ends, without white space; ``full``: with it."""

    start: int
    col: int
    at: int
    end: int
    full: int
    following: int

    @property
    def is_blank(self) -> bool:
        return self.at >= self.end


class Key(NamedTuple):
    """A name and its colon. ``value``: where the value begins; ``found``: repairs as (kind, offset, before, after)."""

    name: str
    start: int
    value: int
    found: tuple[tuple[str, int, str, str], ...] = ()


def rows_of(text: str, start: int, end: int) -> list[Row]:
    """The lines of a part of a text."""
    rows: list[Row] = []
    tab = 0
    while start < end:
        found = _LINE.match(text, start, end)
        assert found is not None
        lead, content = found[1], found[2]
        col = len(lead)
        if "\t" in lead:
            tab = tab or _tab_width(text)
            col = sum(tab if one == "\t" else 0 if one == "\ufeff" else 1 for one in lead)
        elif "\ufeff" in lead:
            col -= lead.count("\ufeff")
        at = found.end(1)
        stripped = content.rstrip(" \t\u00a0\u3000")
        rows.append(Row(start, col, at, at + len(stripped), at + len(content), max(found.end(), start + 1)))
        start = rows[-1].following
    return rows


def _tab_width(text: str) -> int:
    """The columns of a tab: the smallest indentation by spaces, else what all of them are multiples of."""
    leads = [len(one) for one in re.findall(r"^( {2,40})(?=[^\s])", text[:200_000], re.MULTILINE)]
    least = min(leads, default=2)
    return least if least <= 4 else 2 if any(one % 4 for one in leads) else 4


def is_comment(text: str, at: int) -> bool:
    """Whether a comment begins here: its sign, and behind it a space, more signs or the end."""
    return text.startswith("#", at) and (at + 1 >= len(text) or text[at + 1] in " \t#!\r\n-=")


def dash_at(text: str, at: int, end: int) -> int:
    """Where the item behind a dash begins; ``at`` where no dash stands."""
    if not text.startswith("-", at) or at >= end:
        return at
    found = _SPACES.match(text, at + 1, end)
    assert found is not None
    return found.end() if found.end() > at + 1 or at + 1 >= end else at


def weak_dash_at(text: str, at: int, end: int) -> int:
    """Where the item behind another bullet, or behind a dash without its space, begins; ``at`` where there is none."""
    found = _BULLET.match(text, at, end)
    if found is not None:
        spaces = _SPACES.match(text, found.end(), end)
        assert spaces is not None
        return spaces.end()
    return at + 1 if text.startswith("-", at) and at + 1 < end and text[at + 1] != "-" else at


def number_at(text: str, at: int, end: int) -> tuple[int, int]:
    """The number that an item is counted with, and where the item begins; ``at`` where there is none."""
    found = _NUMBER.match(text, at, end)
    return (0, at) if found is None else (int(found[1]), _after(text, found.end(), end))


def key_at(text: str, at: int, end: int) -> Key | None:
    """The name that begins here and has its colon on the same line."""
    one = text[at : at + 1]
    if one in ("", "[", "{", "#"):
        return None
    if one in "\"'\u201c\u2018":
        return _quoted_key(text, at, end, one)
    if one in "*_":
        bold = _BOLD.match(text, at, end)
        if bold is not None:
            plain = bold[2].rstrip(":")
            return Key(plain, at, _after(text, bold.end(), end), (("emphasis", at, bold.group(), plain + ":"),))
    start = at
    if one == "?" and text[at + 1 : at + 2] == " ":
        start = at + 2
    found = _COLON.search(text, start, end)
    if found is None or found.start() == start or found.start() - start > MAX_NAME:
        return None
    name = text[start : found.start()].rstrip(" \t")
    if " #" in name:
        return None
    notes: list[tuple[str, int, str, str]] = []
    if found.group() == "\uff1a":
        notes.append(("other-colon", found.start(), "\uff1a", ": "))
    value = _after(text, found.end(), end)
    odd = text[found.end() : value].strip(" \t")
    if odd:
        notes.append(("white-space", text.index(odd[0], found.end()), odd, " "))
    return Key(name, at, value, tuple(notes))


def _after(text: str, at: int, end: int) -> int:
    found = _SPACES.match(text, min(at, end), end)
    assert found is not None  # it matches nothing, too
    return found.end()


def _quoted_key(text: str, at: int, end: int, quote: str) -> Key | None:
    closer = {"\u201c": "\u201d", "\u2018": "\u2019"}.get(quote, quote)
    stop = min(end, at + MAX_NAME)
    close = at + 1
    while close < stop and text[close] != closer:
        close += 2 if text[close] == "\\" and quote == '"' else 1
    after = _after(text, close + 1, end)
    if (
        close >= stop
        or text[after : after + 1] != ":"
        or (after + 1 < end and text[after + 1] not in " \t\"'[{0123456789-tfn")
    ):
        return None
    name, _ = decoded(text[at + 1 : close], quote if quote in "\"'" else '"')
    style = ("quote-style", at, text[at : close + 1], f'"{name}"')
    return Key(name, at, _after(text, after + 1, end), () if quote in "\"'" else (style,))


def weak_key_at(text: str, at: int, end: int, words: bool = False) -> Key | None:
    """A name that has no space behind its colon, or another sign than a colon; ``words``: the name may be several words."""
    found = _WEAK_COLON.match(text, at, end) or (_WEAK_WORDS.match(text, at, end) if words else None)
    if found is not None:
        name = found[1].strip('"')
        return Key(name, at, found.end(), (("missing-space", found.end() - 1, ":", ": "),))
    found = _WEAK_SIGN.match(text, at, end)
    if found is None:
        return None
    name = found[1].strip('"*')
    return Key(name, at, found.end(), (("other-colon", found.start(2), found[2], ":"),))
