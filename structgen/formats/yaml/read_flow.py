"""Flow collections, ``[a, b]`` and ``{a: b}``, and JSON within YAML, read tolerantly.

In: a text, where a bracket opens in it, and a test that says whether a line can no longer belong to the collection. Out: the
value, its repairs and where it ends. One pass from left to right, with a stack of what is open.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from structgen.errors import ReadError
from structgen.formats.base import Found, Place
from structgen.formats.yaml.read_lines import is_comment
from structgen.formats.yaml.read_scalars import decoded, word
from structgen.formats.yaml.read_strict import MAX_DEPTH, MAX_PARTS, MAX_REPAIRS
from structgen.schema.guide import Guide

__all__ = ["Flow", "read_flow"]

_SPACE = re.compile("[ \t\u00a0\u3000]*")
_PLAIN = re.compile(r"[^,\[\]{}\r\n\"]+|\"")
_END = re.compile(r"[ \t]*(?:$|[,\]}:]|[\r\n]|#)")
_NEXT_NAME = re.compile(r"""[ \t]*,?[ \t]*["'][\w .$-]{1,60}["'][ \t]*:""")
_COLON = re.compile(r":(?=[\s,\[\]{}\"']|$)")
_CLOSERS = {'"': '"\u201d\u201c', "'": "'", "\u201c": '\u201d\u201c"', "\u201d": '\u201d"', "\u2018": "\u2019'"}


class Flow(NamedTuple):
    """A collection that was read. ``is_closed``: whether its last bracket is there."""

    value: Any
    end: int
    found: list[Found]
    places: dict[int, dict[Any, int]]
    is_closed: bool


class _Frame:
    __slots__ = ("closer", "guide", "key", "place", "value")

    def __init__(self, opener: str, guide: Guide, place: Place) -> None:
        self.closer, self.guide, self.place = "}" if opener == "{" else "]", guide, place
        self.value: Any = {} if opener == "{" else []
        self.key: str | None = None


class _Reader:
    def __init__(self, text: str, start: int, end: int, stops: Callable[[int], bool], typed: bool) -> None:
        self.text, self.at, self.end, self.stops, self.typed = text, start, end, stops, typed
        self.found: list[Found] = []
        self.places: dict[int, dict[Any, int]] = {}
        self.stack: list[_Frame] = []
        self.result: Any = None
        self.parts = 0
        self.fuel = 20_000 + 3 * (end - start)
        """Characters that may be looked at again; then a string ends at its first quote."""
        self.fresh = True
        """Whether a comma or the opening bracket was last, so that a member may follow."""

    def note(self, kind: str, offset: int, before: str, after: str) -> None:
        frame = self.stack[-1] if self.stack else None
        place = None if frame is None else self._here(frame)
        self.found.append(Found(kind, offset, before, after, place))
        if len(self.found) > MAX_REPAIRS:
            raise ReadError(
                "the text is too damaged to be read",
                position=f"offset {offset}",
                because=f"it takes more than {MAX_REPAIRS} repairs",
            )

    @staticmethod
    def _here(frame: _Frame) -> Place:
        key = frame.key if isinstance(frame.value, dict) else len(frame.value)
        return frame.place if key is None else (frame.place, key)

    def read(self, guide: Guide, place: Place) -> Flow:
        self.open(self.text[self.at], guide, place)
        while self.stack:
            if not self.space():
                for frame in reversed(self.stack):
                    self.note("unclosed-bracket", self.at, "", frame.closer)
                    self.close()
                return Flow(self.result, self.at, self.found, self.places, False)
            self.step(self.stack[-1])
        return Flow(self.result, self.at, self.found, self.places, True)

    def space(self) -> bool:
        """Passes white space, line ends and comments; False where the collection cannot go on."""
        while True:
            found = _SPACE.match(self.text, self.at, self.end)
            assert found is not None
            at = found.end()
            if at >= self.end:
                return False
            one = self.text[at]
            if one in "\r\n":
                if self.stops(at + (2 if self.text.startswith("\r\n", at) else 1)):
                    return False
                self.at = at + 1
            elif one == "#" and (at == 0 or self.text[at - 1] in " \t\n\r"):
                self.at = self.line_end(at)
            elif one == "/" and self.text.startswith("//", at) and (at == 0 or self.text[at - 1] in " \t\n\r,"):
                self.at = self.line_end(at)
                self.note("comment", at, self.text[at : self.at], "")
            else:
                self.at = at
                return True

    def line_end(self, at: int) -> int:
        end = self.text.find("\n", at, self.end)
        return self.end if end < 0 else end

    def step(self, frame: _Frame) -> None:
        one = self.text[self.at]
        if one in "]}":
            if one != frame.closer:
                outer = [other.closer for other in self.stack]
                if one in outer:  # the inner one was not closed
                    self.note("unclosed-bracket", self.at, "", frame.closer)
                    self.close()
                    return
                self.note("mismatched-bracket", self.at, one, frame.closer)
            self.at += 1
            self.close()
        elif one == ",":
            if self.fresh:
                self.note("extra-comma", self.at, ",", "")
            self.fresh = True
            self.at += 1
        else:
            if not self.fresh:
                self.note("missing-comma", self.at, "", ",")
            self.parts += 1
            if self.parts > MAX_PARTS:
                raise ReadError(f"more than {MAX_PARTS} values", position=f"offset {self.at}")
            self.fresh = False
            if isinstance(frame.value, dict):
                self.member(frame)
            else:
                self.item(frame)

    def open(self, opener: str, guide: Guide, place: Place) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise ReadError(f"nested deeper than {MAX_DEPTH} levels", position=f"offset {self.at}")
        frame = _Frame(opener, guide, place)
        self.places[id(frame.value)] = {}
        self.stack.append(frame)
        self.at += 1
        self.fresh = True

    def close(self) -> None:
        if self.fresh and self.stack[-1].value:
            before = self.text.rfind(",", 0, self.at)
            self.note("trailing-comma", before, ",", "")
        frame = self.stack.pop()
        self.fresh = False
        if self.stack:
            self.put(self.stack[-1], frame.value)
        else:
            self.result = frame.value

    def put(self, frame: _Frame, value: Any) -> None:
        if isinstance(frame.value, dict):
            assert frame.key is not None
            if frame.key in frame.value:
                self.note("duplicate-key", self.at, "", "")
            frame.value[frame.key] = value
            frame.key = None
        else:
            frame.value.append(value)

    def member(self, frame: _Frame) -> None:
        start = self.at
        if self.text.startswith("? ", start):
            begin = _SPACE.match(self.text, start + 2, self.end)
            self.at = begin.end() if begin is not None and begin.end() < self.end else start
        name = self.scalar(True, None)
        frame.key = name if isinstance(name, str) else str(name)
        self.places[id(frame.value)][frame.key] = start
        found = _SPACE.match(self.text, self.at, self.end)
        assert found is not None
        if self.text.startswith(":", found.end()):
            self.at = found.end() + 1
        elif self.text.startswith(("=>", "="), found.end()):
            sign = "=>" if self.text.startswith("=>", found.end()) else "="
            self.note("other-colon", found.end(), sign, ":")
            self.at = found.end() + len(sign)
        elif self.text[found.end() : found.end() + 1] in ("", ",", "}", "\n", "\r"):
            self.put(frame, None)
            return
        else:
            self.note("missing-colon", found.end(), "", ":")
        if not self.space() or self.text[self.at] in ",}":
            self.put(frame, None)
            return
        self.value(frame, frame.guide.child(frame.key))

    def item(self, frame: _Frame) -> None:
        self.places[id(frame.value)][len(frame.value)] = self.at
        guide = frame.guide.item
        if self.text[self.at] not in "[{":
            pair = self._pair()
            if pair is not None:
                self.open("{", guide, (frame.place, len(frame.value)))  # one pair in a list is a mapping
                self.at -= 1
                inner = self.stack[-1]
                self.member(inner)
                self.fresh = False
                if inner is self.stack[-1]:
                    self.close()
                return
        self.value(frame, guide)

    def _pair(self) -> bool | None:
        """Whether a plain ``name: value`` stands here, where a list wants an item."""
        found = _PLAIN.match(self.text, self.at, self.end)
        if found is None or self.text[self.at] in "\"'" or self.text.startswith("? ", self.at):
            return None
        colon = _COLON.search(self.text, self.at, min(found.end() + 1, self.end))
        return True if colon and colon.end() <= found.end() and not self.stack[-1].guide.item.is_scalar else None

    def value(self, frame: _Frame, guide: Guide) -> None:
        one = self.text[self.at]
        if one in "[{" and not (guide.is_scalar and self._is_text()):
            self.open(one, guide, self._here(frame))
            return
        self.put(frame, self.scalar(False, guide))

    def _is_text(self) -> bool:
        """Whether a bracket begins a text: more follows behind the one that closes it."""
        found = re.compile(r"[\[{][^\[\]{},\r\n]*[\]}](?![ \t]*(?:[,\]}\r\n]|$))").match(self.text, self.at, self.end)
        return found is not None

    def scalar(self, is_name: bool, guide: Guide | None) -> Any:
        start, one = self.at, self.text[self.at]
        if one in _CLOSERS:
            made = self.quoted(one, is_name)
            if made is not None:
                return made
        end = self.plain_end(start, is_name, guide)
        raw = self.text[start:end].rstrip()
        self.at = max(end, start + 1)
        if is_name:
            return raw
        if raw.startswith("&") and " " in raw:
            raw = raw.split(" ", 1)[1].lstrip()
        made = word(raw, self.typed)
        if raw in ("None", "undefined") and not (guide and guide.wants_text):
            self.note("literal", start, raw, "null")
            return None
        if raw[:1] in ("@", "%", "`", "*", "&", "!", "|", ">"):
            self.note("reserved-sign", start, raw, f'"{raw}"')
        return made

    def plain_end(self, start: int, is_name: bool, guide: Guide | None) -> int:
        """Where a plain scalar ends: at a comma, a bracket, the line's end, and a name at its colon."""
        at = start
        depth = 0
        while at < self.end:
            one = self.text[at]
            if one in "\r\n" or (one == "," and not depth):
                break
            if one in "[{" and at > start - 1:
                depth += 1
            elif one in "]}":
                if not depth:
                    break
                depth -= 1
            if one == ":" and is_name and (_COLON.match(self.text, at, self.end) or self.text[at + 1 : at + 2].isalnum()):
                break
            if one == "#" and at > start and self.text[at - 1] in " \t":
                if is_comment(self.text, at) or (guide is not None and guide.kinds and not guide.allows("string")):
                    break
                self.note("unquoted-hash", at, "#", "#")
            at += 1
        return at

    def quoted(self, quote: str, is_name: bool) -> str | None:
        """A string in quotes: it ends at the first quote behind which the collection can go on."""
        closers = _CLOSERS[quote]
        start = at = self.at + 1
        first, seen = -1, at
        while at < self.end:
            one = self.text[at]
            if one == "\\" and quote != "'":
                at += 2
                continue
            doubled = one == quote == "'" and self.text.startswith("''", at)
            if doubled and (at > start or self.text.startswith("'''", at) or not _END.match(self.text, at + 1, self.end)):
                at += 2
                continue
            if one in closers:
                first = at if first < 0 else first
                self.fuel -= at - seen
                seen = at
                if self._closes(at, is_name) or self.fuel <= 0:
                    return self._string(start, at, quote)
            elif one in "\r\n" and (
                self.stops(at + 1)
                or first >= 0
                or _NEXT_NAME.match(self.text, at + 1, self.end) is not None
                or self.text[at + 1 : at + 60].lstrip()[:1] in ("]", "}")
            ):
                break
            at += 1
        return self._unclosed(start, min(at, self.end), quote, first)

    def _closes(self, at: int, is_name: bool) -> bool:
        after = _END.match(self.text, at + 1, self.end)
        if after is None:
            return _NEXT_NAME.match(self.text, at + 1, self.end) is not None
        if is_name:
            return self.text[after.end() - 1 : after.end()] == ":" or self.text[at + 1 : at + 2] in (",", "}", "")
        return self.text[after.end() - 1 : after.end()] != ":" or isinstance(self.stack[-1].value, list)

    def _string(self, start: int, end: int, quote: str) -> str:
        inner = self.text[start:end]
        closing = self.text[end]
        if quote not in "\"'" or closing != quote:
            self.note("quote-style", start - 1, self.text[start - 1 : end + 1], f'"{inner}"')
        text, wrong = decoded(inner, '"' if quote != "'" else "'")
        for kind, offset, before, after in wrong:
            self.note(kind, start + offset, before, after)
        self.at = end + 1
        return text

    def _unclosed(self, start: int, at: int, quote: str, first: int) -> str | None:
        """A string whose last quote is missing: up to a comma, a bracket or the end of its line."""
        if first >= 0 and self.text[first + 1 : first + 2] not in ("", " "):
            return None
        line = min(
            (end for end in (self.text.find("\n", start, self.end), self.text.find("\r", start, self.end)) if end >= 0),
            default=self.end,
        )
        end = line
        while end > start and self.text[end - 1] in ",]} \t":
            end -= 1
        self.note("missing-quote", end, "", quote)
        text, wrong = decoded(self.text[start:end], '"' if quote != "'" else "'")
        for kind, offset, before, after in wrong:
            self.note(kind, start + offset, before, after)
        self.at = end
        return text


def read_flow(
    text: str, start: int, end: int, guide: Guide, place: Place, stops: Callable[[int], bool], typed: bool
) -> Flow:
    """The collection whose bracket opens at ``start``. ``stops(offset)``: whether the line there belongs to it no more."""
    return _Reader(text, start, end, stops, typed).read(guide, place)
