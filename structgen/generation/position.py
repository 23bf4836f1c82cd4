"""Where in a value an unfinished JSON text ends.

In: the text so far. Out: the JSONPath of what was being written, and what that is in words. A scan with a stack: it
reads any beginning of any text and never fails, because it is used in messages about texts that went wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Scanner", "where"]

Inside = Literal["a string", "a name", "a number or word", "an object", "an array", "nothing yet"]


@dataclass(slots=True)
class _Frame:
    """An open array or object."""

    is_object: bool
    name: str | None = None
    index: int = 0
    wants_name: bool = field(init=False)

    def __post_init__(self) -> None:
        self.wants_name = self.is_object

    @property
    def step(self) -> str:
        if not self.is_object:
            return f"[{self.index}]"
        if self.name is None:
            return ""
        plain = self.name.isidentifier()
        return f".{self.name}" if plain else f"[{json.dumps(self.name, ensure_ascii=False)}]"


class Scanner:
    """Reads a JSON text character by character and knows where it is."""

    def __init__(self) -> None:
        self._stack: list[_Frame] = []
        self.inside: Inside = "nothing yet"
        self._string: list[str] | None = None
        self._escaped = False

    def feed(self, char: str) -> None:
        """Takes the next character."""
        if self._string is not None:
            self._string.append(char)
            if self._escaped:
                self._escaped = False
            elif char == "\\":
                self._escaped = True
            elif char == '"':
                self.inside = _close_string(self._stack, "".join(self._string))
                self._string = None
        elif char == '"':
            self._string = ['"']
            self.inside = "a name" if self._stack and self._stack[-1].wants_name else "a string"
        else:
            self.inside = _structural(self._stack, char, self.inside)

    @property
    def path(self) -> str:
        """The JSONPath of what is being written."""
        return "$" + "".join(frame.step for frame in self._stack)

    @property
    def in_value(self) -> bool:
        """Whether the last character belongs to a string that is no name, or to a number or word."""
        return self.inside in ("a string", "a number or word")


def where(text: str) -> tuple[str, Inside]:
    """The place after ``text``: ``('$.people[2].name', 'a string')``."""
    scanner = Scanner()
    for char in text:
        scanner.feed(char)
    return scanner.path, scanner.inside


def _close_string(stack: list[_Frame], raw: str) -> Inside:
    if not stack:
        return "nothing yet"
    if stack[-1].wants_name:
        try:
            stack[-1].name = json.loads(raw)
        except ValueError:  # not JSON after all: the text as it is says enough
            stack[-1].name = raw
    return "an object" if stack[-1].is_object else "an array"


def _structural(stack: list[_Frame], char: str, inside: Inside) -> Inside:
    if char in "{[":
        stack.append(_Frame(char == "{"))
    elif char in "}]":
        if stack:
            stack.pop()
    elif char == ":" and stack:
        stack[-1].wants_name = False
    elif char == "," and stack:
        frame = stack[-1]
        frame.index, frame.name, frame.wants_name = frame.index + 1, None, frame.is_object
    elif not char.isspace():
        return "a number or word"
    else:
        return inside
    if not stack:
        return "nothing yet"
    return "an object" if stack[-1].is_object else "an array"
