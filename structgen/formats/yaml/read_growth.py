"""YAML read while it is written: members and items of the whole appear as soon as they are complete.

In: the pieces of a text, in order. Out: after each piece the value so far. The one idea: a member of the outermost mapping,
or an item of the outermost list, is complete when the next one begins in its column, and is then read once, so all pieces
together cost one pass. What has appeared stays as it is. A text that begins with a bracket is JSON, and grows as that does.

Caveats: what is inside the last member appears when the member is complete, not before; of a name that occurs twice the
first value is shown; of worse damage it may show something else than the reading of the whole text in the end.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.errors import ReadError
from structgen.formats.base import Growth, growth_named
from structgen.formats.yaml.read_lines import dash_at, key_at, weak_dash_at
from structgen.formats.yaml.read_values import BlockReader
from structgen.schema.guide import ANY

__all__ = ["YamlGrowth"]

_THINKING = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_MARKER = re.compile(r"(?:---|\.\.\.)\s*$|%")


class YamlGrowth:
    """The value of a YAML text so far; None until something is complete."""

    def __init__(self) -> None:
        self._value: Any = None
        self.is_done = False
        self._line: list[str] = []
        """The pieces of the line that is not complete."""
        self._member: list[str] = []
        """The complete lines of the member that is not complete."""
        self._col = -1
        self._is_list = False
        self._closing = ""
        self._seen = ""
        self._json: Growth | None = None

    @property
    def value(self) -> Any:
        return self._value if self._json is None else self._json.value

    @property
    def open_path(self) -> tuple[Any, ...] | None:
        """The keys from the root to what is being read; all that has appeared is complete."""
        if self._json is not None:
            return self._json.open_path
        return None if self.is_done else ()

    def feed(self, piece: str) -> None:
        """Reads the next piece."""
        if self._json is not None:
            self._json.feed(piece)
            return
        *lines, rest = piece.split("\n")
        for number, line in enumerate(lines):
            whole = "".join(self._line) + line + "\n"
            self._line = []
            if not self.is_done:
                self._add(whole)
            growth: Growth | None = self._json
            if growth is not None:
                growth.feed("\n".join([*lines[number + 1 :], rest]))
                return
        self._line.append(rest)
        if self._col < 0 and not self._closing and rest.lstrip("\ufeff \t")[:1] in ("[", "{") and len(self._line) == 1:
            self._begin(rest, rest.strip("\ufeff \t"), 0, False)

    def _add(self, line: str) -> None:
        """Takes in a complete line."""
        text = line.strip("\ufeff \t\r\n")
        if self._closing:
            self._closing = "" if self._closing in line else self._closing
            return
        if self._col < 0 and (thinking := _THINKING.match(line)) is not None:
            self._closing = "" if f"</{thinking[1]}>" in line else f"</{thinking[1]}>"
            return
        col = len(line) - len(line.lstrip(" \t\ufeff"))
        if (_FENCE.match(line) and not -1 < self._col < col) or _MARKER.match(line.lstrip("\ufeff")):
            if self._is_announced("`"):
                self._member = []
            self._finish()
            self.is_done = self._value is not None
            self._col = -1 if not self.is_done else self._col
            return
        if not text or text.startswith("#"):
            self._member.append(line)
            return
        is_item = dash_at(line, col, len(line.rstrip())) > col or weak_dash_at(line, col, len(line.rstrip())) > col + 1
        if self._col < 0 or self._is_announced(line):
            self._begin(line, text, col, is_item)
        elif col <= self._col and (is_item if self._is_list else key_at(line, col, len(line.rstrip())) is not None):
            self._finish()
            self._member.append(line)
        else:
            self._member.append(line)

    def _begin(self, line: str, text: str, col: int, is_item: bool) -> None:
        """Looks for the line that the value begins with; others are prose."""
        if text[0] in "[{":
            self._json = growth_named("json")
            self._json.feed(line)
        elif is_item or key_at(line, col, len(line.rstrip())) is not None:
            self._col, self._is_list, self._member, self._seen = col, is_item, [line], text

    def _is_announced(self, line: str) -> bool:
        """Whether what looked like a name so far is a sentence that announces the value, which begins now."""
        return (
            self._value is None
            and self._seen.endswith(":")
            and self._seen.count(" ") > 1
            and line[0] not in " \t-"
            and not any(one.strip() for one in self._member[1:])
        )

    def _finish(self) -> None:
        """Reads the member that is complete, and adds what it holds."""
        text, self._member = "".join(self._member), []
        if self._col < 0 or not text.strip():
            return
        reader = BlockReader(text, 0, len(text), ANY, False)
        try:
            reader.run()
        except ReadError:
            return
        made = reader.root
        if isinstance(made, dict) and not self._is_list and isinstance(self._value, dict | None):
            self._value = {} if self._value is None else self._value
            for name, item in made.items():
                self._value.setdefault(name, item)
        elif isinstance(made, list) and self._is_list:
            self._value = [] if self._value is None else self._value
            self._value += made
