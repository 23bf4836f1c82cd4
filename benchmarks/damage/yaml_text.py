"""YAML as models write it.

A document is a list of lines that know what they mean, so that a damage can be made where its class says: on a string that
needs its quotes, on a nested block, on the dashes of one list; ``yaml_damage`` has the damages. ``write`` chooses a writer's
style for each document: the step of indentation, lists flush with their key or not, quotes, literal blocks, short lists in
brackets, comments.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

CONTAINER = object()
_PLAIN = re.compile(r"[^\W\d_](?:[^\n:#\\\"']|(?<! )#|:(?=[^\s:/])|(?<=\w)')*")
_LOOKS = re.compile(r"(?i)(?:y|n|yes|no|on|off|true|false|null|none|nan|inf)")
_NUMBER = re.compile(r"[-+.]?\d[\d.,_:eExXoO+-]*")


@dataclass
class Line:
    """One line of a document and the body of a block scalar behind it. ``path``: where its value is; ``meaning``: its
    scalar, or CONTAINER where the value is on the lines below."""

    col: int
    dash: str = ""
    key: str = ""
    colon: str = ""
    value: str = ""
    comment: str = ""
    body: list[str] = field(default_factory=list)
    meaning: Any = CONTAINER
    schema: Any = None
    path: tuple[Any, ...] = ()
    lead: str | None = None
    """The white space before the line, where it is not ``col`` spaces."""

    @property
    def key_col(self) -> int:
        return self.col + len(self.dash)

    @property
    def is_text(self) -> bool:
        return isinstance(self.meaning, str) and not self.body and "enum" not in self.schema

    def shown(self) -> list[str]:
        lead = " " * self.col if self.lead is None else self.lead
        first = f"{lead}{self.dash}{self.key}{self.colon}{self.value}{self.comment}"
        return [first.rstrip(" "), *self.body]


@dataclass
class Document:
    lines: list[Line]
    step: int
    value: Any
    schema: Any
    before: str = ""
    after: str = ""

    def copy(self) -> Document:
        return replace(self, lines=[replace(line, body=list(line.body)) for line in self.lines])

    def below(self, line: Line) -> list[Line]:
        """The lines inside the value of a line."""
        return [one for one in self.lines if one is not line and one.path[: len(line.path)] == line.path]


@dataclass(frozen=True)
class Style:
    step: int
    is_flush: bool
    quotes: str
    """plain where it can be, else double or single; or always double"""
    is_literal: bool
    flow: float
    comments: float
    null: str
    booleans: tuple[str, str]


def style(rng: Random) -> Style:
    return Style(
        rng.choice([2, 2, 2, 4]),
        rng.random() < 0.3,
        rng.choice(["plain", "plain", "single", "always"]),
        rng.random() < 0.8,
        rng.choice([0.0, 0.2, 0.5]),
        rng.choice([0.0, 0.0, 0.15]),
        rng.choice(["null", "null", "~", ""]),
        rng.choice([("true", "false"), ("true", "false"), ("True", "False")]),
    )


def write(value: Any, schema: Any, rng: Random) -> Document:
    made = style(rng)
    lines: list[Line] = []
    _Writer(made, rng, lines).value(value, schema, 0, ())
    before = rng.choice(["", "", "", "---\n"])
    return Document(lines, made.step, value, schema, before)


def render(document: Document) -> str:
    return document.before + "\n".join(one for line in document.lines for one in line.shown()) + "\n" + document.after


class _Writer:
    def __init__(self, made: Style, rng: Random, lines: list[Line]) -> None:
        self.style, self.rng, self.lines = made, rng, lines

    def value(self, value: Any, schema: Any, col: int, path: tuple[Any, ...]) -> None:
        """The lines of a container that begins on a line of its own, at a column."""
        if isinstance(value, dict):
            self.members(value, schema, col, path, "")
        elif isinstance(value, list) and value:
            for index, item in enumerate(value):
                inner = schema["items"]
                if isinstance(item, dict) and item:
                    self.members(item, inner, col, (*path, index), "- ")
                else:
                    self.line(Line(col, "- ", path=(*path, index)), item, inner)
        else:
            self.line(Line(col, path=path), value, schema)

    def members(self, value: Any, schema: Any, col: int, path: tuple[Any, ...], dash: str) -> None:
        if not value:
            self.line(Line(col, path=path), value, schema)
        properties = schema.get("properties", {})
        for name, item in value.items():
            inner = properties.get(name, schema.get("additionalProperties"))
            self.line(Line(col, dash, _key(name), ": ", path=(*path, name)), item, inner)
            if dash:
                col, dash = col + 2, ""

    def line(self, line: Line, value: Any, schema: Any) -> None:
        line.schema = schema
        self.lines.append(line)
        if isinstance(value, dict | list):
            short = all(
                not isinstance(one, dict | list | str) or (isinstance(one, str) and len(one) < 20)
                for one in (value.values() if isinstance(value, dict) else value)
            )
            if not value or (short and self.rng.random() < self.style.flow):
                line.value = json.dumps(value, ensure_ascii=False)
                return
            line.colon = line.colon.rstrip()
            flush = self.style.is_flush and isinstance(value, list)
            self.value(value, schema, line.key_col + (0 if flush else self.style.step), line.path)
            return
        line.meaning = value
        if isinstance(value, str) and "\n" in value and self.style.is_literal and not value.startswith((" ", "\n")):
            line.value = "|-"
            deep = " " * (line.key_col + (self.style.step if line.key else 0))
            line.body = [deep + one if one else "" for one in value.split("\n")]
            return
        line.value = self.scalar(value)
        if self.rng.random() < self.style.comments:
            line.comment = "  # as given"

    def scalar(self, value: Any) -> str:
        if value is None:
            return self.style.null
        if isinstance(value, bool):
            return self.style.booleans[not value]
        if not isinstance(value, str):
            return repr(value)
        if self.style.quotes != "always" and is_plain(value):
            return value
        return quoted(value, "'" if self.style.quotes == "single" and "\n" not in value else '"')


def quoted(value: str, quote: str) -> str:
    return json.dumps(value, ensure_ascii=False) if quote == '"' else "'" + value.replace("'", "''") + "'"


def is_plain(value: str) -> bool:
    """Whether a string may stand without quotes, in any version of YAML."""
    return bool(_PLAIN.fullmatch(value)) and value == value.strip() and not _LOOKS.fullmatch(value)


def _key(name: str) -> str:
    return name if is_plain(name) else quoted(name, '"')
