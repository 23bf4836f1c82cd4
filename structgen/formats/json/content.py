"""What a string says: its escapes, and what should have been escaped.

In: the part of a text between the quotes of a string. Out: the string, and the repairs that its content takes. JSON's own
escapes are read as they are. Of others a backslash before a letter is kept (``\\d``, ``C:\\Users``), before a sign it is
dropped (``\\'``, ``\\_``); ``\\x41`` and ``\\u{1F600}`` are read as JavaScript does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["decoded", "unescaped_once"]

_PLAIN = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LOW = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_HEX4 = re.compile(r"u([0-9a-fA-F]{4})")
_OTHER_HEX = re.compile(r"x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}")
_SPECIAL = {quote: re.compile(rf"[\\\x00-\x1f{quote}]") for quote in ('"', "'", "")}
_ONCE = re.compile(r'\\(["\\/bfnrt])')

Note = Callable[[str, int, str, str], None]
"""Takes a repair: kind, offset, before, after."""


def decoded(text: str, start: int, end: int, quote: str, note: Note, *, cut: bool = False) -> str:
    """The content of a string; ``quote``: the quote that would have had to be escaped; ``cut``: the text ends in it."""
    special = _SPECIAL.get(quote, _SPECIAL[""])
    found = special.search(text, start, end)
    if found is None:
        return text[start:end]
    parts: list[str] = []
    controls: list[str] = []
    at = first_control = start
    while found is not None:
        first = found.start()
        parts.append(text[at:first])
        at = first
        one = text[first]
        if one == "\\":
            part, at = _escape(text, first, end, note, cut)
            parts.append(part)
        elif one == quote:
            note("unescaped-quote", first, one, "\\" + one)
            parts.append(one)
            at += 1
        else:
            first_control = first if not controls else first_control
            if one not in controls:
                controls.append(one)
            parts.append(one)
            at += 1
        found = special.search(text, at, end)
    parts.append(text[at:end])
    if controls:  # one repair for all of a string: a text of many lines is one mistake
        note("control-character", first_control, "".join(controls), repr("".join(controls))[1:-1])
    return "".join(parts)


def _escape(text: str, i: int, end: int, note: Note, cut: bool) -> tuple[str, int]:
    """The text of the escape at ``i``, and where it ends."""
    if i + 1 >= end:
        note("invalid-escape", i, "\\", "" if cut else "\\\\")
        return ("" if cut else "\\"), i + 1
    one = text[i + 1]
    plain = _PLAIN.get(one)
    if plain is not None:
        return plain, i + 2
    if one == "u":
        found = _HEX4.match(text, i + 1, end)
        if found:
            return _code_unit(text, int(found[1], 16), found.end(), end)
    other = _OTHER_HEX.match(text, i + 1, end)
    if other:
        code = int(other[1] or other[2], 16)
        if code < 0x110000:
            note("invalid-escape", i, text[i:other.end()], chr(code))
            return chr(code), other.end()
    if one == "u" and cut and end - i < 6:
        note("invalid-escape", i, text[i:end], "")
        return "", end
    kept = "\\" + one if one.isalnum() else one
    note("invalid-escape", i, "\\" + one, kept)
    return kept, i + 2


def _code_unit(text: str, code: int, at: int, end: int) -> tuple[str, int]:
    if 0xD800 <= code < 0xDC00:
        low = _LOW.match(text, at, end)
        if low:
            return chr(0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00), low.end()
    return chr(code), at


def unescaped_once(text: str) -> str:
    """A text with one level of JSON's escapes of quotes and backslashes taken off."""
    return _ONCE.sub(lambda found: found[1] if found[1] in '"\\/' else found[0], text)
