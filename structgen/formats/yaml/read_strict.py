"""YAML that is valid as it stands, read by PyYAML's parser with the scalars of YAML 1.2's core schema.

In: a text. Out: its value, as JSON has values: names are strings, dates are strings, no tags but YAML's own. ``ValueError``
for what is not valid or not plainly meant, ``Refused`` for what must not be read at all: other tags, and aliases that make
a value many times as large as its text.

Caveat: some valid YAML is not what anybody means, and goes to the tolerant reader instead: see ``_DOUBTS``.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import yaml

from structgen.errors import ReadError
from structgen.formats.extract import regions
from structgen.formats.yaml.read_scalars import MAX_DIGITS, plain_value, word

__all__ = ["MAX_DEPTH", "MAX_LINES", "MAX_PARTS", "MAX_REPAIRS", "Refused", "strict_value"]

MAX_DEPTH = 100
"""Containers in one another; answers have fewer than ten."""
MAX_PARTS = 120_000
"""Values of one text, and of all its aliases; answers have hundreds."""
MAX_LINES = 50_000
"""Lines that are read tolerantly."""
MAX_REPAIRS = 10_000
"""Repairs of one value; what has so many is no damaged YAML."""
_CORE = "tag:yaml.org,2002:"
_KINDS = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None)}
_DOUBTS = re.compile(
    "[ \t\"']#[^\\s#]"  # a comment whose sign has no space behind it is a text: fixes #12, #ff0000
    "|[\u00a0\u3000\u2002\u2003\u2009\u202f]|[\u201c\u201d\u2018\u2019]|\uff1a|[\u2013\u2014\u2022]"
    "|^[^\\S\n]*(?:[-*\u2022][^\\s-]|[\\w-]+:[^\\s/])|^[A-Za-z*]",
    re.MULTILINE,
)
"""What makes a second look worth while."""
_ODD = "\u00a0\u3000\u2002\u2003\u2009\u202f"
_LINE_OF_LIST = re.compile(r"\s*(?:-[^\s-]|[\u2013\u2014\u2022]\s|[\w-]+:(?!//)\S|[\w-]+\uff1a)")
_MEMBER_LINE = re.compile(r"[\w-]+(?:\uff1a|:[\u00a0\u3000])\S")
_OTHER_SIGN = re.compile(r"[\w -]+ (?:=>?|->) [\"']")
_WRAPPED = re.compile("[\u201c\u201d].*[\u201c\u201d]|\u2018.*\u2019", re.DOTALL)
_PROSE_NAME = re.compile(
    r"(?i)\W*(?:here(?:'s| is| are)|sure|certainly|of course|below (?:is|are)|the (?:following|answer|result"
    r"|output|yaml)|based on)\b"
)


try:
    _PARSER: Any = import_module("yaml.cyaml").CParser
except ImportError:  # PyYAML without its C library
    _PARSER = yaml.SafeLoader


class Refused(ReadError):
    """A text that is valid and must not be read."""


class _Doubt(ValueError):
    """Valid, and perhaps not what was meant."""


def strict_value(text: str, typed: bool = False) -> Any:
    """The value of a text that is valid as it stands. ``typed``: words that are no strings know their letters."""
    if sum(map(text.count, ("\n", "\r", ",", "[", "{", ": ", "- "))) > MAX_PARTS:
        raise ValueError("too many values")
    if text.startswith("\ufeff") or next(regions(text)).thinking:
        raise ValueError("a byte order mark, or thinking")
    try:
        return _Reader(text, typed).document()
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except UnicodeEncodeError as error:
        raise ValueError("half a surrogate pair") from error


class _Frame:
    __slots__ = ("anchor", "key", "merged", "size", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor = value, anchor
        self.key: Any = None
        self.size = 1
        self.merged: list[Any] = []


class _Reader:
    """Builds the value from the parser's events; it calls nothing and constructs nothing but plain data."""

    def __init__(self, text: str, typed: bool) -> None:
        self.text, self.typed = text, typed
        self.parser: Any = _PARSER(text)
        self.doubtful = _DOUBTS.search(text) is not None
        self.spans: list[tuple[int, int]] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.size = 0
        self.commas = self.scalars = 0
        """Plain strings that end with a comma, and all plain strings."""
        self.is_plain = False

    def document(self) -> Any:
        value = self._value()
        if self.commas > 1 and self.commas >= 0.6 * self.scalars:
            raise _Doubt("commas behind most values, as in JSON")
        if self.doubtful:
            self._doubt_comments()
            self._doubt_prose(value)
        return value

    def _value(self) -> Any:
        stack: list[_Frame] = []
        result: list[Any] = []
        while True:
            event: Any = self.parser.get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent and stack and stack[-1].key is None and isinstance(stack[-1].value, dict):
                self._scalar(event)
                if self.doubtful and _OTHER_SIGN.match(event.value):
                    raise _Doubt("another sign for the colon, and a quote that is open")
                stack[-1].key = (event.value, not event.style)
                if event.anchor is not None:
                    self.anchors[event.anchor] = (event.value, 1)
            elif kind is yaml.ScalarEvent:
                self._put(stack, result, self._scalar(event), event.anchor, 1)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._check_tag(event.tag, ("map",) if kind is yaml.MappingStartEvent else ("seq",), event)
                if len(stack) >= MAX_DEPTH:
                    raise Refused(f"nested deeper than {MAX_DEPTH} levels", position=f"offset {event.start_mark.index}")
                if event.anchor is not None:
                    self.anchors.pop(event.anchor, None)
                stack.append(_Frame({} if kind is yaml.MappingStartEvent else [], event.anchor))
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                frame = stack.pop()
                for other in reversed(frame.merged):
                    frame.value = {**other, **frame.value}
                self._put(stack, result, frame.value, frame.anchor, frame.size)
            elif kind is yaml.AliasEvent:
                value, size = self._alias(event, stack)
                self._put(stack, result, value, None, size, True)
            elif kind is yaml.DocumentStartEvent and result:
                raise ValueError("several documents")
            elif kind is yaml.StreamEndEvent:
                break
        if not result:
            raise ValueError("there is no document")
        return result[0]

    def _put(
        self, stack: list[_Frame], result: list[Any], value: Any, anchor: str | None, size: int, is_alias: bool = False
    ) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, size)
        if not stack:
            result.append(value)
            return
        frame = stack[-1]
        frame.size += size
        self.size = max(self.size, frame.size)
        if self.size > MAX_PARTS:
            raise Refused("the value is too large", because=f"with its aliases it has more than {MAX_PARTS} parts")
        if isinstance(value, str) and type(value) is str and value:
            self.scalars += self.is_plain
            self.commas += self.is_plain and value[-1] == ","
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            if not isinstance(value, str):
                raise ValueError("a key that is no text")
            frame.key = (value, False)
        else:
            (name, is_plain), frame.key = frame.key, None
            others = value if isinstance(value, list) else [value]
            if name == "<<" and is_plain and others and all(isinstance(one, dict) for one in others):
                frame.merged += others
            elif name in frame.value:
                raise ValueError("a name occurs twice in one mapping")
            else:
                frame.value[name] = value

    def _alias(self, event: Any, stack: list[_Frame]) -> tuple[Any, int]:
        if any(frame.anchor == event.anchor for frame in stack):
            raise Refused("an alias of a value that is not complete", position=f"offset {event.start_mark.index}")
        if event.anchor not in self.anchors:
            raise ValueError("an alias without an anchor")
        value, size = self.anchors[event.anchor]
        self.size += size
        if self.size > MAX_PARTS:
            raise Refused(
                "the aliases make the value too large",
                position=f"offset {event.start_mark.index}",
                because=f"with them it has more than {MAX_PARTS} parts",
            )
        return _copy(value, len(stack), event.start_mark.index), size

    def _scalar(self, event: Any) -> Any:
        start, end = event.start_mark.index, event.end_mark.index
        tag = event.tag
        self.is_plain = not event.style
        if self.doubtful:
            self.spans.append((start, end))
            if event.style in ("'", '"') and self.text.startswith("#", end):
                raise _Doubt("a quote before a comment without a space")
            if not event.style and event.implicit[0]:
                self._doubt_plain(event)
        if tag is not None and tag != "!":
            return self._tagged(event)
        if event.style or (tag == "!" and event.value):
            return event.value
        if len(event.value) > MAX_DIGITS and event.value[0] in "+-.0123456789":
            return event.value
        return word(event.value, True) if self.typed else plain_value(event.value)

    def _tagged(self, event: Any) -> Any:
        self._check_tag(event.tag, tuple(_KINDS), event)
        kind = event.tag.removeprefix(_CORE)
        value = event.value if kind == "str" else plain_value(event.value)
        if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
            try:
                value = float(value)
            except OverflowError:
                raise ValueError("a number beyond the floats") from None
        if not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind == "int"):
            raise ValueError(f"{event.value!r} is no {kind}")
        return value

    def _check_tag(self, tag: str | None, allowed: tuple[str, ...], event: Any) -> None:
        if tag is None or tag == "!" or (tag.startswith(_CORE) and tag[len(_CORE) :] in allowed):
            return
        if tag.startswith("!") and not set(tag) & set("/:<"):
            raise ValueError("a tag of some application, or a text")
        raise Refused(
            f"the tag {tag[:60]!r} is refused",
            position=f"offset {event.start_mark.index}",
            because="no tag may say how a value is made",
        )

    # Doubts

    def _doubt_plain(self, event: Any) -> None:
        """Whether a plain scalar is rather lines of a list, members without a space, or a text in quotes of another kind."""
        value = event.value
        if value[:1] in _ODD or value[-1:] in _ODD or _WRAPPED.fullmatch(value) or _MEMBER_LINE.match(value):
            raise _Doubt("an odd sign at the edge of a word")
        if value[:1] in "\u2013\u2014\u2022" and value[1:2] == " ":
            raise _Doubt("another sign for a dash")
        if event.end_mark.line > event.start_mark.line:
            lines = self.text[event.start_mark.index : event.end_mark.index].split("\n")
            if all(_LINE_OF_LIST.match(line) for line in lines if line.strip()):
                raise _Doubt("lines of a list or of a mapping without their spaces")

    def _doubt_comments(self) -> None:
        """Whether a comment begins without a space, so that it is rather part of a text."""
        spans = iter(self.spans)
        start = end = -1
        for found in re.finditer("[ \t]#[^\\s#]", self.text):
            while end <= found.start() and (span := next(spans, None)) is not None:
                start, end = span
            if start <= found.start() < end:
                continue
            line = self.text.rfind("\n", 0, found.start()) + 1
            if self.text[line : found.start()].strip(" \t-") and not self.text.startswith("#", line):
                raise _Doubt("a comment without a space")

    def _doubt_prose(self, value: Any) -> None:
        """Whether the first name is a sentence that announces the rest."""
        if not isinstance(value, dict) or not value:
            return
        name, first = next(iter(value.items()))
        if _PROSE_NAME.match(name) or (
            name.count(" ") > 1
            and (
                (first is None and len(value) > 1)
                or (len(value) == 1 and isinstance(first, dict | list) and "\n" not in self.text.strip())
            )
        ):
            raise _Doubt("the first name announces the rest")


def _copy(value: Any, depth: int, offset: int) -> Any:
    """An anchor's value again, ``depth`` containers deep: aliases of aliases nest deeper than any text."""
    if not isinstance(value, dict | list):
        return value
    if depth >= MAX_DEPTH:
        raise Refused(f"aliases nested deeper than {MAX_DEPTH} levels", position=f"offset {offset}")
    if isinstance(value, dict):
        return {name: _copy(item, depth + 1, offset) for name, item in value.items()}
    return [_copy(item, depth + 1, offset) for item in value]
