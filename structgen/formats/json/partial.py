"""JSON read while it is written: a value that grows with the text.

In: the pieces of a text, in order. Out: after each piece the value so far. The one idea: a machine that never looks back,
so all pieces together cost one pass. A string grows in its place; a number or a literal appears when the sign behind it has
come, a member when its value begins. What has appeared stays: lists and strings only get longer.

It reads past prose and fences in front, comments, single quotes, bare names and trailing commas. It cannot look ahead, so
of worse damage it may show something else than the reading of the whole text in the end.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.errors import ReadError
from structgen.formats.json.structure import MAX_DEPTH
from structgen.formats.json.words import word_value

__all__ = ["JsonGrowth"]

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\s,:{}\[\]\"'/#`]+")
_TEXT = {quote: re.compile(rf"[^\\{quote}]*") for quote in "\"'"}
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([0-9a-fA-F]{4})|([^u]))", re.DOTALL)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PAIR = len(r"\ud83d\ude00")
_THINKING = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_LONGEST_TAG = 20
_FENCES = ("```", "~~~")


class JsonGrowth:
    """The value of a JSON text so far. ``value``: None until something has appeared; containers are changed in place."""

    def __init__(self) -> None:
        self.value: Any = None
        self.is_done = False
        """Whether the value is complete; what follows it is not read."""
        self._rest = ""
        self._mode = self._begin
        self._stack: list[tuple[Any, Any]] = []
        """The open containers, each with the key of the member that is read now."""
        self._word: list[str] = []
        self._quote = ""
        self._is_name = False
        self._closing = ""
        self._back = self._begin
        self._opener = self._line = self._previous = ""
        """Before the value: a bracket that was seen, what begins this line, and what began the last one with text."""

    @property
    def open_path(self) -> tuple[Any, ...] | None:
        """The keys from the root to the value that is being read; None when all is read."""
        return None if self.is_done else tuple(key for _, key in self._stack if key is not None)

    def feed(self, piece: str) -> None:
        """Reads the next piece."""
        if self.is_done:
            return
        text, at = self._rest + piece, 0
        while at < len(text) and not self.is_done:
            after = self._mode(text, at)
            if after < 0:  # a token is cut by the end of the piece
                break
            at = after
        self._rest = "" if self.is_done else text[at:]

    # Before the value

    def _begin(self, text: str, at: int) -> int:
        """Thinking at the very beginning is passed."""
        found = _THINKING.match(text, at)
        if found is None:
            if len(text) - at < _LONGEST_TAG and (not text[at:].strip() or text[at:].lstrip().startswith("<")):
                return -1
            self._mode = self._seek
            return at
        self._closing, self._back = f"</{found[1]}>", self._begin
        self._mode = self._skip
        return found.end()

    def _seek(self, text: str, at: int) -> int:
        """Looks for the bracket that the value begins with."""
        if self._opener:
            return self._behind_opener(text, at)
        brace, bracket = text.find("{", at), text.find("[", at)
        first = min((one for one in (brace, bracket) if one >= 0), default=len(text))
        *lines, line = (self._line + text[at:first]).split("\n")
        self._previous = next((one.strip()[:3] for one in reversed(lines) if one.strip()), self._previous)
        self._line = line.lstrip()[:3]
        if first < len(text):
            self._opener = text[first]
        return first + 1

    def _behind_opener(self, text: str, at: int) -> int:
        """Whether the bracket begins the value: it is the first thing in the text or a fence, or a quote, a bracket or
        its like follows."""
        after = _SPACE.match(text, at)
        assert after is not None
        if after.end() >= len(text):
            return len(text)
        one, opener, self._opener = text[after.end()], self._opener, ""
        is_first = self._line in _FENCES or (not self._line and self._previous in ("", *_FENCES))
        if is_first or one in ("\"'}" if opener == "{" else "\"'{[]") or (
                not self._line and opener == "[" and (one.isdecimal() or one == "-")):
            self._open(opener)
        else:
            self._line = "..."  # prose
        return after.end()

    # Containers

    def _open(self, opener: str) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise ReadError(f"nested deeper than {MAX_DEPTH} levels")
        container: Any = {} if opener == "{" else []
        self._put(container)
        self._stack.append((container, None))
        self._mode = self._member if opener == "{" else self._item

    def _put(self, value: Any) -> None:
        """Stores a value where reading is."""
        if not self._stack:
            self.value = value
            return
        container, key = self._stack[-1]
        if isinstance(container, dict):
            container[key] = value
        else:
            self._stack[-1] = (container, len(container))
            container.append(value)

    def _close(self) -> None:
        self._stack.pop()
        self.is_done = not self._stack
        self._mode = self._behind

    def _passed(self, text: str, at: int) -> int:
        """Passes white space, or begins a comment; the same offset if there is neither, -1 if more text is needed."""
        after = _SPACE.match(text, at)
        assert after is not None
        if after.end() > at:
            return after.end()
        if text[at] == "/":
            if at + 1 >= len(text):
                return -1
            if text[at + 1] in "/*":
                return self._comment("\n" if text[at + 1] == "/" else "*/", at + 2)
        return self._comment("\n", at + 1) if text[at] == "#" else at

    def _comment(self, closing: str, at: int) -> int:
        self._closing, self._back, self._mode = closing, self._mode, self._skip
        return at

    def _skip(self, text: str, at: int) -> int:
        """Passes text up to what closes it."""
        end = text.find(self._closing, at)
        if end < 0:
            return max(at, len(text) - len(self._closing) + 1) if len(text) - at >= len(self._closing) else -1
        self._mode = self._back
        return end + len(self._closing)

    def _member(self, text: str, at: int) -> int:
        """Expects a name or the end of the object."""
        after = self._passed(text, at)
        if after != at:
            return after
        one = text[at]
        self._stack[-1] = (self._stack[-1][0], None)
        if one in "}]":
            self._close()
        elif one in "\"'":
            self._begin_string(one, True)
        elif _WORD.match(text, at):
            self._word, self._mode = [], self._bare_name
            return at
        return at + 1

    def _bare_name(self, text: str, at: int) -> int:
        found = _WORD.match(text, at)
        if found:
            self._word.append(found.group())
            return found.end()
        self._named("".join(self._word))
        return at

    def _named(self, name: str) -> None:
        self._stack[-1] = (self._stack[-1][0], name)
        self._mode = self._colon

    def _colon(self, text: str, at: int) -> int:
        after = self._passed(text, at)
        if after != at:
            return after
        self._mode = self._value if text[at] == ":" else self._member if text[at] in ",}" else self._value
        return at + 1 if text[at] == ":" else at

    def _item(self, text: str, at: int) -> int:
        """Expects an item or the end of the list."""
        after = self._passed(text, at)
        if after != at:
            return after
        if text[at] in "]}":
            self._close()
            return at + 1
        if text[at] in ",:":
            return at + 1
        self._mode = self._value
        return at

    def _value(self, text: str, at: int) -> int:
        after = self._passed(text, at)
        if after != at:
            return after
        one = text[at]
        if one in "{[":
            self._open(one)
        elif one in "\"'":
            self._begin_string(one, False)
        elif one in ",}]":
            self._mode = self._behind
            return at
        elif _WORD.match(text, at):
            self._word, self._mode = [], self._bare
            return at
        return at + 1

    def _bare(self, text: str, at: int) -> int:
        """A literal or a number: stored when its end has come."""
        found = _WORD.match(text, at)
        if found:
            self._word.append(found.group())
            return found.end()
        value, _ = word_value("".join(self._word))
        self._put(float(value) if isinstance(value, float) else value)
        self._mode = self._behind
        return at

    def _behind(self, text: str, at: int) -> int:
        """Expects a comma or a bracket behind a value."""
        after = self._passed(text, at)
        if after != at:
            return after
        one, (container, _) = text[at], self._stack[-1]
        if one in "}]":
            self._close()
        elif one == "," or one in "\"'{[":
            self._stack[-1] = (container, None)
            self._mode = self._member if isinstance(container, dict) else self._item
            return at + (one == ",")
        return at + 1

    # Strings

    def _begin_string(self, quote: str, is_name: bool) -> None:
        self._quote, self._is_name, self._word = quote, is_name, []
        self._mode = self._string
        if not is_name:
            self._put("")

    def _string(self, text: str, at: int) -> int:
        found = _TEXT[self._quote].match(text, at)
        assert found is not None
        if found.end() > at:
            self._grow(found.group())
            return found.end()
        if text[at] == self._quote:
            if self._is_name:
                self._named("".join(self._word))
            else:
                self._mode = self._behind
            return at + 1
        escape = _ESCAPE.match(text, at)
        high = text.startswith(("\\ud8", "\\ud9", "\\uda", "\\udb", "\\uD8", "\\uD9", "\\uDA", "\\uDB"), at)
        if escape is None or (high and escape[1] and len(text) - at < _PAIR and "\\u".startswith(text[at + 6:at + 8])):
            if len(text) - at < _PAIR:
                return -1
            self._grow(text[at])  # no escape of JSON's
            return at + 1
        if escape[2]:
            self._grow(_SIGNS.get(escape[2], escape[2]))
        elif escape[1]:
            self._grow(chr(int(escape[1], 16)))
        else:
            high_half, low_half = int(text[at + 2:at + 6], 16), int(text[at + 8:at + 12], 16)
            self._grow(chr(0x10000 + ((high_half - 0xD800) << 10) + low_half - 0xDC00))
        return escape.end()

    def _grow(self, piece: str) -> None:
        """Adds to the string that is read. Taken out of its container first, it is extended in place by CPython."""
        if self._is_name:
            self._word.append(piece)
            return
        container, key = self._stack[-1]
        grown = container[key]
        container[key] = ""
        grown += piece
        container[key] = grown
