"""``%json {…}`` inside a grammar: a JSON Schema where a rule or a terminal could stand.

In: a grammar text, or the grammar of a schema. Out: the text with names in place of the schemas, or that grammar's rules
under names that meet no other. What a schema means is not known here: whoever reads schemas is handed in (``Embed``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, NamedTuple

from structgen.errors import GrammarSyntaxError
from structgen.grammar.nodes import Chars, Grammar, Node, Ref

Embed = Callable[[str], Grammar]
"""The grammar of a JSON Schema's text."""
BEGINNINGS = Chars(((0x22, 0x22), (0x2D, 0x2D), (0x30, 0x39), (0x5B, 0x5B), (0x66, 0x66), (0x6E, 0x6E), (0x74, 0x74),
                    (0x7B, 0x7B)))
"""The characters with which a JSON text begins."""
_PARTS = re.compile(r'"(?:\\.|[^"\\\n])*"|/(?![/*])(?:\\.|[^/\\\n])*/|//[^\n]*|#[^\n]*|(%json)\b')


class Embedded(NamedTuple):
    """A schema in a grammar: its text, and where it stands."""

    schema: str
    position: str


def take_embedded(text: str, name: str) -> tuple[str, dict[str, Embedded]]:
    """The text with a name for each ``%json`` schema, on the same lines, and the schemas by those names."""
    found: dict[str, Embedded] = {}
    parts: list[str] = []
    at, stem = 0, "_json"
    while stem in text:
        stem += "_"
    for match in _PARTS.finditer(text):
        if match[1] is None or match.start() < at:
            continue
        line = text.count("\n", 0, match.start()) + 1
        position = f"{name}:{line}:{match.start() - text.rfind(chr(10), 0, match.start())}"
        begin = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
        try:
            _, end = json.JSONDecoder().raw_decode(text, begin)
        except (ValueError, RecursionError) as error:
            raise GrammarSyntaxError("no JSON Schema follows %json", position=position, because=str(error)) from error
        place = f"{stem}{len(found)}"
        found[place] = Embedded(text[begin:end], position)
        lines = text.count("\n", match.start(), end)
        parts += [text[at : match.start()], place.ljust(0 if lines else end - match.start())]
        at = end
    return "".join([*parts, text[at:]]), found


def under(grammar: Grammar, prefix: str) -> Grammar:
    """A grammar with a prefix in front of the names of its rules."""
    known: dict[int, tuple[Node, Node]] = {}

    def of(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple([of(one) for one in value])
        if not isinstance(value, Node):
            return value
        if id(value) not in known:
            known[id(value)] = (value, renamed(value))
        return known[id(value)][1]

    def renamed(node: Any) -> Node:
        if isinstance(node, Ref):
            return Ref(prefix + node.rule)
        values = {field.name: getattr(node, field.name) for field in fields(node)}
        made = {name: of(value) for name, value in values.items()}
        same = all(made[name] is value or made[name] == value for name, value in values.items())
        found: Node = node if same else replace(node, **made)
        return found

    rules = {prefix + rule: of(node) for rule, node in grammar.rules.items()}
    origins = {prefix + rule: origin for rule, origin in grammar.origins.items()}
    return replace(grammar, start=of(grammar.start), rules=rules, origins=origins, common=None)
