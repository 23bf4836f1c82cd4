"""Looking around in a damaged text, in linear time.

In: a text. Out: ``Scanner``, which skips white space and comments, finds the next of something, and tells whether a
member's name stands somewhere. The reader asks such questions at nearly every quote, so each answer is either kept (the
next occurrence of a text; where a chain of comments ends) or paid from ``fuel``, a budget in characters that grows with
the text. When it is spent, ``is_tired`` says so, and the reader stops weighing and takes the plain reading.
"""

from __future__ import annotations

import re

from structgen.formats.json.hints import NO_HINTS, Hints

__all__ = ["QUOTES", "SIGNS", "SPACES", "VISIBLE", "Scanner"]

FUEL_PER_CHARACTER = 1
"""Characters that may be looked at again for each character of the text; damaged answers need about half."""
FUEL = 20_000
MAX_NAME = 100
"""Characters of what may still be the name of a member where a quote is missing."""

SPACES = "\u00a0\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff\x0b\x0c\x85"
SIGNS = frozenset(chr(code) for code in range(33, 127)) - frozenset("/#")
"""Characters that begin neither white space nor a comment: most there is, so they are looked for first."""
VISIBLE = SIGNS - {"\\"}
"""Those that no escaped line break begins with, either."""
_PLAIN = re.compile(r"[ \t\r\n]*")
_GAP = re.compile(rf"[ \t\r\n{SPACES}]*")
_BARE_NAME = re.compile(r"[\w$][\w$.-]*(?: +[\w$.-]+){0,3}[ \t]{0,40}:(?!//)")
_BARE_WORD = re.compile(r"([\w$-]+)[ \t]+")
_BLANK_BACK = frozenset(" \t\r\n\u00a0")

_DOUBLE = '"\u201c\u201d\u201e\u201f'
_SINGLE = "'\u2018\u2019\u201a\u201b`\u00b4"
QUOTES: dict[str, str] = {**dict.fromkeys(_DOUBLE, _DOUBLE), **dict.fromkeys(_SINGLE, _SINGLE), '"': '"', "'": "'",
                          "\u00ab": "\u00bb"}
"""What may open a string, and what then closes it."""


class Scanner:
    """A text with kept look-ups. ``end``: where it ends for the reader."""

    def __init__(self, text: str, start: int = 0, end: int | None = None, hints: Hints = NO_HINTS) -> None:
        self.text, self.end = text, len(text) if end is None else end
        self.fuel = FUEL + FUEL_PER_CHARACTER * (self.end - start)
        self.hints = hints
        self._next: dict[str, tuple[int, int]] = {}
        self._after_comments: dict[int, int] = {}
        self._is_one_line = "\n" not in text

    @property
    def is_tired(self) -> bool:
        return self.fuel <= 0

    def at(self, i: int) -> str:
        """The character at ``i``; nothing at the end."""
        return self.text[i] if i < self.end else ""

    def find(self, needle: str, start: int) -> int:
        """The next ``needle`` from ``start`` on, or the end; questions in order cost the text once."""
        asked, found = self._next.get(needle, (0, -1))
        if not asked <= start <= found:
            found = self.text.find(needle, start, self.end)
            found = self.end if found < 0 else found
            self._next[needle] = (start, found)
        return found

    def line_end(self, start: int) -> int:
        """Where a comment to the end of the line ends; in a text of one line, before the bracket that closes."""
        if not self._is_one_line:
            return self.find("\n", start)
        return min(self.find("}", start), self.find("]", start))

    def spaces(self, i: int) -> int:
        """The end of the white space at ``i``."""
        found = _GAP.match(self.text, min(i, self.end), self.end)
        assert found is not None  # it matches nothing, too
        return found.end()

    def plain_spaces(self, i: int) -> int:
        """The end of the white space that JSON allows at ``i``."""
        found = _PLAIN.match(self.text, min(i, self.end), self.end)
        assert found is not None
        return found.end()

    def comment(self, i: int) -> int:
        """The end of the comment at ``i``; ``i`` where there is none."""
        one = self.at(i)
        if one == "#":
            return self.line_end(i)
        if one == "/":
            two = self.at(i + 1)
            if two == "*":
                return min(self.find("*/", i + 2) + 2, self.end)
            if two == "/":
                return self.line_end(i)
        return i

    def gap(self, i: int) -> int:
        """The end of the white space and comments at ``i``."""
        if i < self.end:
            if self.text[i] in SIGNS:
                return i
            if self.text[i] == " " and i + 1 < self.end and self.text[i + 1] in SIGNS:
                return i + 1
        else:
            return self.end
        i = self.spaces(i)
        if self.at(i) not in ("/", "#"):
            return i
        passed: list[int] = []
        while i < self.end:
            kept = self._after_comments.get(i)
            if kept is not None:
                i = kept
                break
            after = self.comment(i)
            if after == i:
                break
            passed.append(i)
            i = self.spaces(after)
        for start in passed:
            self._after_comments[start] = i
        return i

    def before(self, i: int, floor: int) -> int:
        """The last character before ``i`` that is no white space; ``floor - 1`` if there is none from ``floor`` on."""
        at = i - 1
        while at >= floor and self.text[at] in _BLANK_BACK:
            at -= 1
        self.fuel -= i - at
        return at

    def is_name(self, i: int) -> bool:
        """Whether a member's name and a colon stand at ``i``, or the name without one of its quotes."""
        one = self.at(i)
        if one in QUOTES and one:
            return self.is_quoted_name(i)
        return self.is_bare_name(i)

    def is_bare_name(self, i: int) -> bool:
        self.fuel -= 20
        stop = min(self.end, i + MAX_NAME)
        if _BARE_NAME.match(self.text, i, stop):
            return True
        word = _BARE_WORD.match(self.text, i, stop)
        if word and self.is_value_of(i, word.end(1), word.end()):
            return True
        # A name without its first quote: name": value
        return self.is_half_name(i)

    def is_value_of(self, start: int, end: int, after: int) -> bool:
        """Whether a name of the wanted type stands from ``start`` to ``end``, and behind it a value without a colon."""
        if after <= end or self.text[start:end] not in self.hints.names:
            return False
        self.fuel -= 20
        return _VALUE.match(self.text, after, self.end) is not None

    def is_half_name(self, i: int) -> bool:
        """Whether a name stands at ``i`` whose first quote is missing."""
        found = _HALF_NAME.match(self.text, i, min(self.end, i + MAX_NAME))
        return found is not None

    def is_later_name(self, i: int) -> bool:
        """Whether a word in capitals and then a quoted name stand at ``i``: COMMENT "name": …"""
        found = _CAPITALS.match(self.text, i, min(self.end, i + MAX_NAME))
        return found is not None and self.is_quoted_name(found.end() - 1)

    def closers_ahead(self, i: int) -> str:
        """The brackets behind ``i`` that close what was opened before it, in order; "?" where nobody can afford to look."""
        if self.is_tired:
            return "?"
        depth, found = 0, []
        for one in _BRACKETS.findall(self.text, i, self.end):
            if one in ("{", "["):
                depth += 1
            elif one:
                if depth:
                    depth -= 1
                else:
                    found.append(one)
        self.fuel -= self.end - i
        return "".join(found)

    def unmatched_ahead(self, i: int) -> int:
        """How many brackets are closed behind ``i`` that were opened before it; -1 where nobody can afford to count."""
        found = self.closers_ahead(i)
        return -1 if found == "?" else len(found)

    def is_quoted_name(self, i: int) -> bool:
        quote = self.text[i]
        self.fuel -= 12
        closers = QUOTES[quote]
        stop = min(self.end, i + 4 * MAX_NAME)
        at = i + 1
        if self.text.startswith(quote, at) and at + 1 < stop and self.text[at + 1].isalnum():
            at += 1  # a doubled quote
        while at < stop:
            one = self.text[at]
            if one == "\\":
                at += 2
                continue
            if one == "\n":
                break
            if one in closers:
                after = self.gap(at + 1)
                if self.at(after) in closers and self.at(after) and after == at + 1:
                    after = self.gap(after + 1)
                self.fuel -= at - i
                one = self.at(after)
                return one == ":" or (one == "=" and self.at(after + 1) != "=") or self.is_value_of(i + 1, at, after)
            at += 1
        self.fuel -= at - i
        return False


_BRACKETS = re.compile(r'([{}\[\]])|"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
_VALUE = re.compile(r"[\"\u201c{\[]|'(?!\w\s)|(?:-?[0-9][\w.+-]*|true|false|null|True|False|None)\s*(?:[,}\n]|\Z)")
_CAPITALS = re.compile(r'[A-Z_]{2,40}:?\s{1,40}"')
_HALF_NAME = re.compile(r"[A-Za-z_$][\w$ .-]{0,60}[\"'\u201d\u2019]\s{0,40}:")
