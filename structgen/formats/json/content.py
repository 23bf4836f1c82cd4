"""What a string says: its escapes, and what should have been escaped.

In: the part of a text between the quotes of a string. Out: the string, and the repairs that its content takes. JSON's own
escapes are read as they are. Of others a backslash before a letter or a sign of patterns is kept (``\\d``, ``C:\\Users``,
``\\.``), before another sign it is dropped (``\\'``, ``\\_``); ``\\x41`` and ``\\u{1F600}`` are read as JavaScript does.

The one idea: whoever wrote ``\\d`` doubled no backslash of this string, so what else is a pattern or TeX in it is kept, too:
``\\b`` is no backspace beside ``\\d``, and in ``C:\\Users\\new`` no backslash is an escape.
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
_KEPT = r"[^\W_]|[.()\[\]{}*+?^|]"
"""What a backslash stays before: letters, digits and the signs that patterns give a meaning to."""
_IS_KEPT = re.compile(_KEPT)
_SINGLE = re.compile(rf"""(?:[^\\]++|\\(?:[bfnrt]|u[0-9a-fA-F]{{4}}|u\{{[0-9a-fA-F]{{1,6}}\}}|x[0-9a-fA-F]{{2}}
    |(?!{_KEPT}).))*+\\(?:{_KEPT})""", re.VERBOSE | re.DOTALL)
"""A string up to a backslash that is kept."""
_PATH = re.compile(r"[A-Za-z]:\\(?!\\)|\\\\(?=\w)")
_LINE = ("\n", "\\n", "\\t", "\\r")

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
    escapes: _Escapes | None = None
    at = first_control = start
    while found is not None:
        first = found.start()
        parts.append(text[at:first])
        at = first
        one = text[first]
        if one == "\\":
            escapes = escapes or _Escapes(text, start, end, note, cut)
            part, at = escapes.read(first)
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
    whole = "".join(parts)
    if cut and whole and "\ud800" <= whole[-1] < "\udc00":  # the first half of a character
        at = text.rfind("\\u", start, end)
        at = text.rfind("\\u", start, at) if at >= 0 and end < at + 6 else at
        note("invalid-escape", at if at >= 0 else end - 1, text[at:at + 6] if at >= 0 else whole[-1], "")
        return whole[:-1]
    return whole


class _Escapes:
    """The backslashes of one string. ``is_single``: nobody doubled them; ``is_path``: nor is any an escape."""

    def __init__(self, text: str, start: int, end: int, note: Note, cut: bool) -> None:
        self.text, self.start, self.end, self.note, self.cut = text, start, end, note, cut
        self.is_single = _SINGLE.match(text, start, end) is not None
        self.is_path = self.is_single and _PATH.match(text, start, end) is not None

    def read(self, i: int) -> tuple[str, int]:
        """The text of the escape at ``i``, and where it ends."""
        if i + 1 >= self.end:
            self.note("invalid-escape", i, "\\", "" if self.cut else "\\\\")
            return ("" if self.cut else "\\"), i + 1
        one = self.text[i + 1]
        if one in _PLAIN and not (self.is_single and self._is_kept(i, one)):
            return _PLAIN[one], i + 2
        if one == "u" and not self.is_path:
            found = _HEX4.match(self.text, i + 1, self.end)
            if found:
                return _code_unit(self.text, int(found[1], 16), found.end(), self.end)
            if self.cut and self.end - i < 6:
                self.note("invalid-escape", i, self.text[i:self.end], "")
                return "", self.end
        other = None if self.is_single else _OTHER_HEX.match(self.text, i + 1, self.end)
        if other:
            code = int(other[1] or other[2], 16)
            if code < 0x110000:
                self.note("invalid-escape", i, self.text[i:other.end()], chr(code))
                return chr(code), other.end()
        stays = (self.is_single and one not in "'`\n") or _IS_KEPT.match(one) is not None
        kept = "\\" * stays + one
        self.note("invalid-escape", i, "\\" + one, kept.replace("\\", "\\\\"))
        return kept, i + 2

    def _is_kept(self, i: int, one: str) -> bool:
        """Whether an escape of JSON is none beside others that nobody doubled."""
        if one in "bf":
            return True
        if self.is_path:
            return one in "nrt" or (one == "\\" and i == self.start)
        if one not in "rt" or i == self.start or not self.text[i + 2:i + 3].isalpha():
            return False
        return not self.text[i - 1].isalnum() and not self.text.startswith(_LINE, i - 2) and self.text[i - 1] != "\n"


def _code_unit(text: str, code: int, at: int, end: int) -> tuple[str, int]:
    if 0xD800 <= code < 0xDC00:
        low = _LOW.match(text, at, end)
        if low:
            return chr(0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00), low.end()
    return chr(code), at


def unescaped_once(text: str) -> str:
    """A text with one level of JSON's escapes of quotes and backslashes taken off."""
    return _ONCE.sub(lambda found: found[1] if found[1] in '"\\/' else found[0], text)
