"""What stands inside free text: any type or source, its grammar and how its text becomes a value.

In: what a caller passes. Out: a ``Part``. A part that can never be written is refused by name: as one alternative of
several it would disappear without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from structgen.automaton.languages import text_language
from structgen.automaton.lower import lower
from structgen.errors import ReadError, SchemaError, StructgenError
from structgen.formats.json.source import JsonSchema
from structgen.formats.text.source import Choice, Regex
from structgen.grammar.build import ANY_TEXT, NEVER
from structgen.grammar.combine import Parts
from structgen.grammar.nodes import Alt, Chars, Grammar, Items, Members, Node, Ref, Repeat, Seq, Str, Text
from structgen.limits import Limits
from structgen.schema.python_types import TypeSchema, load_json, parse, schema_of

Render = Callable[[Any, str], str]
_SHOWN = 64
"""Choices that are told."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """``source`` has ``to_grammar``; ``read`` makes the value of a text, or raises ``ReadError``; ``is_json``: the text
    is one JSON value; ``typed``: what is known of a Python type."""

    source: Any
    read: Callable[[str], Any]
    is_json: bool
    typed: TypeSchema | None = None

    def words(self, render: Render) -> str:
        """What a model is told of this part; ``render`` puts a JSON Schema into words, for a type of that name."""
        if self.typed is not None:
            return render(self.typed.described, self.typed.name)
        if isinstance(self.source, JsonSchema):
            schema = self.source.schema
            told = (
                load_json(bytes(schema).decode() if isinstance(schema, bytes) else schema)
                if isinstance(schema, (str, bytes))
                else schema
            )
            return render(told, str(told.get("title", "value"))) if isinstance(told, dict) else ""
        if isinstance(self.source, Choice):
            return f"Answer with one of: {' | '.join(self.source.strings[:_SHOWN])}"
        tell = getattr(self.source, "instructions", None)
        return str(tell(render)) if callable(tell) else ""

    def add_to(self, parts: Parts, limits: Limits, name: str) -> Node:
        """The node of this part; ``name`` says in errors which one it is."""
        with located(name):
            grammar = self.source if isinstance(self.source, Grammar) else self.source.to_grammar(limits)
            check_possible(grammar, limits)
        node = parts.add(grammar, f"{name}, " if name else "")
        return node


def as_part(given: Any, where: str) -> Part:
    """A source, a ``Grammar`` or a Python type (as JSON) as a part."""
    if isinstance(given, (str, bytes, dict, list)):
        raise SchemaError(
            f"this is a {type(given).__name__}",
            position=where,
            because="it could mean several things",
            instead="write JsonSchema(…), Regex(…), Choice(…) or a Python type",
        )
    if isinstance(given, Part):
        return given
    if isinstance(given, JsonSchema):
        return Part(given, _json_reader(given), True)
    if isinstance(given, Choice):
        return Part(given, _choice_reader(given), False)
    if isinstance(given, Regex):
        return Part(given, _regex_reader(given), False)
    if isinstance(given, Grammar):
        return Part(given, str, False)
    if not isinstance(given, type) and callable(getattr(given, "to_grammar", None)):
        read = getattr(given, "read", None)
        return Part(given, read if callable(read) else str, False)
    with located(where):
        found = schema_of(given)
    source = JsonSchema(found.schema, exponents=False, escapes="necessary")
    return Part(_Typed(source, found.unenforced), lambda text: parse(text, found), True, found)


class _Typed:
    """A JSON Schema, and what its type demands beyond it."""

    def __init__(self, source: JsonSchema, unenforced: tuple[str, ...]) -> None:
        self._source, self._unenforced = source, unenforced

    def to_grammar(self, limits: Limits) -> Grammar:
        grammar = self._source.to_grammar(limits)
        return replace(grammar, unenforced=(*grammar.unenforced, *self._unenforced))


def _json_reader(source: JsonSchema) -> Callable[[str], Any]:
    check = cache(source.checker)

    def read(text: str) -> Any:
        value = load_json(text)
        check()(text)
        return value

    return read


def _choice_reader(choice: Choice) -> Callable[[str], str]:
    strings = frozenset(choice.strings)

    def read(text: str) -> str:
        if text not in strings:
            raise ReadError(f"{text[:60]!r} is none of the {len(strings)} choices")
        return text

    return read


def _regex_reader(regex: Regex) -> Callable[[str], str]:
    compiled = re.compile(regex.pattern, regex.flags)

    def read(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ReadError(f"{text[:60]!r} does not match {regex.pattern[:60]!r}")
        return text

    return read


@contextmanager
def located(name: str) -> Iterator[None]:
    """Errors raised inside say ``name`` before their position."""
    try:
        yield
    except StructgenError as error:
        if name:
            place = name if error.position is None else f"{name}, {error.position}"
            StructgenError.__init__(error, error.what, position=place, because=error.because, instead=error.instead)
        raise


def check_possible(grammar: Grammar, limits: Limits) -> None:
    """Raises ``UnsatisfiableError`` for a grammar without any text."""
    if not grammar.pruned or not all(_is_surely_possible(node, limits) for node in (grammar.start, *grammar.rules.values())):
        lower(grammar, limits)


def _is_surely_possible(node: Node, limits: Limits) -> bool:
    """Whether a look at the node is enough: every text in it is possible, and no map has names of its own kind."""
    work, seen = [node], set[int]()
    while work:
        here = work.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, Text):
            plain = here.body is ANY_TEXT and here.max_length is None
            if not plain and text_language(here.body, here.min_length, here.max_length, limits) is None:
                return False
        elif isinstance(here, Members):
            if here.other_name is not None or here.classes or here.awaited or here.min_count > len(here.names):
                return False
            work += [here.open, here.close, here.colon, here.comma, *here.values, *([here.other] if here.other else [])]
        elif isinstance(here, Items):
            if here.unique:
                return False
            work += [here.open, here.close, here.comma, *here.prefix, *([here.rest] if here.rest else [])]
        elif isinstance(here, Seq | Alt):
            if here is NEVER:
                return False
            work += here.parts if isinstance(here, Seq) else here.options
        elif isinstance(here, Repeat):
            work.append(here.body)
        elif not isinstance(here, Ref | Str | Chars):
            return False
    return True


_DECODER = json.JSONDecoder()


def json_end(text: str, start: int) -> int:
    """Where the JSON value ends that begins at ``start`` or behind white space; ``ReadError`` if there is none."""
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    try:
        return _DECODER.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        raise ReadError(
            f"not JSON: {error.msg}",
            position=f"{error.lineno}:{error.colno}",
            because=f"the text there is {text[error.pos : error.pos + 20]!r}",
        ) from error
    except (RecursionError, ValueError) as error:
        raise ReadError("JSON that Python cannot hold", because=str(error)) from error
