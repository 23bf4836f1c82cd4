"""Values as YAML of the profile, and texts of the profile as JSON.

``write``: plain data (what ``json`` knows) to the text that the grammar of its type accepts. ``as_json``: a YAML text to
JSON text, through PyYAML's parser and the resolvers of YAML 1.1, so that numbers keep their digits and whoever reads JSON of
a type reads its YAML. What readers of 1.1 and 1.2 take for different values is an error there, and so are anchors and tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml

from structgen.errors import ReadError, SchemaError
from structgen.formats.yaml.layout import INDENT
from structgen.formats.yaml.quoting import fits_block, spelled

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+][0-9]+)?)?")
_TAG = "tag:yaml.org,2002:"
_WORDS = ("true", "false", "null")
_KINDS = {"int": "a number", "float": "a number", "bool": "a boolean", "null": "null", "timestamp": "a date",
          "merge": "a merge key"}
_DEEPEST = 200
"""Containers within containers that are written or read: PyYAML calls itself for each, five times."""


def write(value: Any, *, blocks: bool = False) -> str:
    """The text of plain data: dicts with text names, lists, texts, numbers, booleans, None. ``blocks``: texts of several
    lines as literal blocks where they can be, which types with patterns or lengths do not allow; else between quotes."""
    return "\n".join(_lines(value, 0, blocks)).removeprefix(" ") + "\n"


def _lines(value: Any, level: int, blocks: bool) -> Iterator[str]:
    """The lines of a value; the first begins with what stands behind its key or dash."""
    if level > _DEEPEST:
        raise SchemaError("the value is nested too deep to be written", because=f"it has more than {_DEEPEST} levels")
    margin = " " * (INDENT * level)
    if isinstance(value, dict) and value:
        for number, (name, inner) in enumerate(value.items()):
            if not isinstance(name, str):
                raise SchemaError(f"the name {name!r} is no text", instead="use texts for the names of members")
            first, *more = _lines(inner, level + 1, blocks)
            is_container = isinstance(inner, dict | list) and inner
            yield (margin if number else " ") + spelled(name) + ":" + ("" if is_container else first)
            yield from ([" " * INDENT + margin + first[1:]] if is_container else [])
            yield from more
    elif isinstance(value, list | tuple) and value:
        for number, inner in enumerate(value):
            first, *more = _lines(inner, level + 1, blocks)
            yield (margin if number else " ") + "-" + first
            yield from more
    elif blocks and isinstance(value, str) and "\n" in value and fits_block(value):
        yield " |" if value.endswith("\n") else " |-"
        inside = " " * (INDENT * max(level, 1))
        yield from (inside + line if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield " " + _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        if any(0xD800 <= ord(one) <= 0xDFFF for one in value):
            raise SchemaError(f"the text {value[:40]!r} holds half a surrogate pair, which is no character")
        return spelled(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float | Decimal) and Decimal(value).is_finite():
        digits = format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
        return digits + ".0" if isinstance(value, float) and "." not in digits else digits
    if isinstance(value, dict | list | tuple):
        return "{}" if isinstance(value, dict) else "[]"
    raise SchemaError(f"{value!r} is no plain data", because="YAML of a JSON Schema holds what JSON can hold")


class _Loader(yaml.SafeLoader):
    """PyYAML's, without anchors, aliases and tags."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.composer.ComposerError(None, None, "anchors, aliases and tags have no place here", event.start_mark)
        return super().compose_node(parent, index)


def as_json(text: str) -> str:
    """The JSON of a YAML text; ``ReadError`` says where it is not one, or not clearly."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        return "".join(_json(node, "$"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = f"{mark.line + 1}:{mark.column + 1}" if mark else None
        raise ReadError(f"not YAML: {error.problem}", position=position) from error
    except yaml.YAMLError as error:
        raise ReadError(f"not YAML: {error}") from error
    except RecursionError as error:
        raise ReadError("the text is nested too deep", because="PyYAML calls itself for every level") from error


def _json(node: Any, place: str) -> Iterator[str]:
    if node is None:
        raise ReadError("the text is empty", because="no value stands in it")
    where = f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield "," if number else "["
            yield from _json(item, f"{place}[{number}]")
        yield "]" if node.value else "[]"
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TAG + "str":
                raise ReadError("a name is no text", position=where, because=f"it is one of the members of {place}",
                                instead="put it between quotes")
            yield ("," if seen else "{") + json.dumps(key.value) + ":"
            if key.value in seen:
                raise ReadError(f"the name {key.value!r} occurs twice", position=where)
            seen.add(key.value)
            yield from _json(value, f"{place}.{key.value}")
        yield "}" if node.value else "{}"
    else:
        yield _scalar_json(node, where)


def _scalar_json(node: Any, where: str) -> str:
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind == "str":
        return json.dumps(text)
    if (kind in ("int", "float") and _NUMBER.fullmatch(text)) or (kind in ("bool", "null") and text in _WORDS):
        return str(text)
    raise ReadError(f"readers disagree on {text!r}", position=where, because=f"it is {_KINDS.get(kind, kind)} to some",
                    instead="put a text between quotes, and write null, true, false and decimal numbers")
