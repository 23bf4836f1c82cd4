"""Tells a type to a model in words.

In: a JSON Schema as a dict (as pydantic's `model_json_schema` writes it) and the type's name. Out: a few lines of
plain text: the fields with type words, documentation, allowed values and optional marks, and one example.

The one idea: a mask says what a model *may* write, never what it *should* mean; the names and descriptions of the
fields can reach the model only through the prompt. So the text is short and always the same for the same schema.

Caveats: this is advice to a model, not a check. Keywords without a word here are left out, what has no words at all is
called "JSON", and types nested deeper than `MAX_DEPTH` (recursive ones among them) are cut off there. The example has
the right shape; it need not satisfy every keyword (a pattern, say).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["render_instructions"]

Schema = Mapping[str, Any]

MAX_DEPTH = 4
"""Nesting shown before a type is only called by its name: deeper text costs tokens and helps no model."""

MAX_DOC = 200
"""Characters of one description: a docstring may be a page, the prompt is not the place for it."""

MAX_CHOICES = 40
"""Allowed values listed before an ellipsis."""

MAX_TYPES = 400
"""Types told in all, the rest is called JSON: breadth to the power of depth is no prompt."""

_REF_HOPS = 16
_FORMAT_WORDS = {
    "date": "date YYYY-MM-DD",
    "date-time": "date-time YYYY-MM-DDTHH:MM:SSZ",
    "time": "time HH:MM:SS",
    "uri": "URL",
    "uuid": "UUID",
}
_FORMAT_EXAMPLES = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "uri": "https://example.com",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
}


@dataclass
class _Source:
    """The document that references point into, and how many more types may be told: recursion and breadth multiply."""

    root: Schema
    left: int = MAX_TYPES

    def spend(self) -> bool:
        """Whether one more type may be told."""
        self.left -= 1
        return self.left >= 0

    def resolve(self, node: Any) -> Schema:
        """`node` with its `$ref` followed; keywords beside the reference win. Unknown things are `{}`."""
        merged: dict[str, Any] = dict(node) if isinstance(node, Mapping) else {}
        for _ in range(_REF_HOPS):
            pointer = merged.pop("$ref", None)
            if not isinstance(pointer, str) or not pointer.startswith("#"):
                break
            target: Any = self.root
            for part in pointer[1:].split("/")[1:]:
                key = part.replace("~1", "/").replace("~0", "~")
                target = target.get(key) if isinstance(target, Mapping) else None
            if isinstance(target, Mapping):
                merged = {**target, **merged}
        return merged


def render_instructions(schema: Schema | bool, name: str, description: str | None = None) -> str:
    """Instructions for a value of `schema`, called `name`; `description` replaces the schema's own."""
    source = _Source(schema if isinstance(schema, Mapping) else {})
    node = source.resolve(schema)
    doc = _doc(description if description is not None else node.get("description"))
    choices = _choices(node, source)
    if choices is not None:
        return f"Answer with one of: {_join_choices(choices)}" + (f"\n{doc}" if doc else "")
    lines = [f"Answer with JSON of the type {name}{f' ({doc})' if doc else ''}:"]
    properties = node.get("properties")
    if isinstance(properties, Mapping) and properties:
        lines += [_field(key, value, node, source, 1) for key, value in properties.items()]
    else:
        lines.append(_words(node, source, 1))
    source.left = MAX_TYPES
    lines.append(f"Example: {_dump(_example(node, source, 0))}")
    return "\n".join(lines)


def _field(key: str, value: Any, owner: Schema, source: _Source, depth: int) -> str:
    """One property: `key: words, documentation (optional)`."""
    node = source.resolve(value)
    required = owner.get("required")
    text = f"{key}: {_words(node, source, depth)}"
    doc = _doc(node.get("description"))
    if doc and depth == 1:
        text += f", {doc}"
    if isinstance(required, list) and key in required:
        return text
    default = node.get("default")
    return text + (" (optional)" if default is None else f" (optional, default {_dump(default)})")


def _words(node: Schema, source: _Source, depth: int) -> str:
    """The type of `node` in words."""
    if not source.spend():
        return "JSON"
    choices = _choices(node, source)
    if choices is not None:
        return _join_choices(choices)
    for keyword in ("anyOf", "oneOf"):
        options = node.get(keyword)
        if isinstance(options, list) and options:
            if depth > MAX_DEPTH:
                return "JSON"
            parts = [_words(source.resolve(option), source, depth + 1) for option in options]
            return " or ".join(dict.fromkeys(parts))
    whole = node.get("allOf")
    if isinstance(whole, list) and len(whole) == 1 and depth <= MAX_DEPTH:
        return _words(source.resolve(whole[0]), source, depth + 1)
    kind = node.get("type")
    if isinstance(kind, list) and kind:
        return " or ".join(dict.fromkeys(_words_of(str(one), node, source, depth) for one in kind))
    if not isinstance(kind, str):
        kind = "object" if isinstance(node.get("properties"), Mapping) else "array" if "items" in node else "JSON"
    return _words_of(kind, node, source, depth)


def _words_of(kind: str, node: Schema, source: _Source, depth: int) -> str:
    """The words for one `type` keyword."""
    if kind == "string":
        return _string_words(node)
    if kind in ("integer", "number"):
        low, high = _bounds(node)
        return kind + _range_words(low, high)
    if kind == "array":
        return _array_words(node, source, depth)
    if kind == "object":
        return _object_words(node, source, depth)
    return kind if kind in ("boolean", "null") else "JSON"


def _string_words(node: Schema) -> str:
    form = node.get("format")
    words = _FORMAT_WORDS.get(form, form) if isinstance(form, str) else "string"
    low, high = _size(node.get("minLength")), _size(node.get("maxLength"))
    if high is not None:
        words += f" of {f'{low} to ' if low else 'at most '}{high} characters"
    elif low is not None and low > 1:
        words += f" of at least {low} characters"
    pattern = node.get("pattern")
    if isinstance(pattern, str) and len(pattern) <= MAX_DOC:
        words += f" matching {pattern}"
    return words


def _array_words(node: Schema, source: _Source, depth: int) -> str:
    prefix = node.get("prefixItems")
    if depth > MAX_DEPTH:
        return "array"
    if isinstance(prefix, list) and prefix:
        return "array of [" + ", ".join(_words(source.resolve(one), source, depth + 1) for one in prefix) + "]"
    items = source.resolve(node.get("items"))
    low, high = _size(node.get("minItems")), _size(node.get("maxItems"))
    size = ""
    if high is not None:
        size = f"{high} " if low == high else f"{low} to {high} " if low else f"at most {high} "
    elif low:
        size = f"at least {low} "
    words = _words(items, source, depth + 1)
    return f"array of {size}{f'({words})' if ' or ' in words or ' | ' in words else words}"


def _object_words(node: Schema, source: _Source, depth: int) -> str:
    properties = node.get("properties")
    if isinstance(properties, Mapping) and properties:
        if depth > MAX_DEPTH:
            return "object"
        return "{" + ", ".join(_field(key, value, node, source, depth + 1) for key, value in properties.items()) + "}"
    values = node.get("additionalProperties")
    if isinstance(values, Mapping) and values and depth <= MAX_DEPTH:
        return f"object with values of {_words(source.resolve(values), source, depth + 1)}"
    return "object"


def _example(node: Schema, source: _Source, depth: int) -> Any:
    """One value of the right shape."""
    if not source.spend():
        return None
    for keyword in ("examples", "enum"):
        values = node.get(keyword)
        if isinstance(values, list) and values:
            return values[0]
    if "const" in node:
        return node["const"]
    if node.get("default") is not None:
        return node["default"]
    if depth > MAX_DEPTH:
        return {"array": [], "object": {}}.get(str(node.get("type")))
    for keyword in ("anyOf", "oneOf", "allOf"):
        options = node.get(keyword)
        if isinstance(options, list) and options:
            nodes = [source.resolve(option) for option in options]
            chosen = next((one for one in nodes if one.get("type") != "null"), nodes[0])
            return _example(chosen, source, depth + 1)
    kind = node.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    if kind == "object" or (kind is None and isinstance(node.get("properties"), Mapping)):
        properties = node.get("properties")
        if not isinstance(properties, Mapping):
            return {}
        return {key: _example(source.resolve(value), source, depth + 1) for key, value in properties.items()}
    if kind == "array":
        return _array_example(node, source, depth)
    return _scalar_example(str(kind), node)


def _array_example(node: Schema, source: _Source, depth: int) -> list[Any]:
    prefix = node.get("prefixItems")
    if isinstance(prefix, list) and prefix:
        return [_example(source.resolve(one), source, depth + 1) for one in prefix]
    if node.get("maxItems") == 0:
        return []
    item = _example(source.resolve(node.get("items")), source, depth + 1)
    return [item] * min(max(_size(node.get("minItems")) or 1, 1), 3)


def _scalar_example(kind: str, node: Schema) -> Any:
    if kind == "string":
        low, high = _size(node.get("minLength")) or 0, _size(node.get("maxLength"))
        text = _FORMAT_EXAMPLES.get(str(node.get("format")), "text")
        if "format" in node:
            return text
        return text.ljust(min(low, MAX_DOC), "x")[: high if high is not None else None]
    if kind in ("integer", "number"):
        low_bound, high_bound = _bounds(node)
        value: float = 1 if kind == "integer" else 1.5
        if low_bound is not None and value < low_bound:
            value = low_bound
        if high_bound is not None and value > high_bound:
            value = high_bound
        return value
    return True if kind == "boolean" else None


def _choices(node: Schema, source: _Source) -> list[Any] | None:
    """The allowed values where they are listed (enum, const, or a union of those), else None."""
    values = node.get("enum")
    if isinstance(values, list) and values:
        return values
    if "const" in node:
        return [node["const"]]
    for keyword in ("anyOf", "oneOf"):
        options = node.get(keyword)
        if isinstance(options, list) and options:
            return _union_choices([source.resolve(option) for option in options])
    return None


def _union_choices(nodes: list[Schema]) -> list[Any] | None:
    found: list[Any] = []
    for one in nodes:
        values = one.get("enum", [one["const"]] if "const" in one else None)
        if values is None and one.get("type") == "null":
            values = [None]
        if not isinstance(values, list):
            return None
        found += values
    return found


def _bounds(node: Schema) -> tuple[float | None, float | None]:
    """The inclusive bounds of a number; an exclusive integer bound is moved by one."""
    low, high = _number(node.get("minimum")), _number(node.get("maximum"))
    above, below = _number(node.get("exclusiveMinimum")), _number(node.get("exclusiveMaximum"))
    step = 1 if node.get("type") == "integer" else 0
    if above is not None and (low is None or above + step > low):
        low = above + step
    if below is not None and (high is None or below - step < high):
        high = below - step
    return low, high


def _range_words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {_dump(low)} to {_dump(high)}"
    if low is not None:
        return f" at least {_dump(low)}"
    return f" at most {_dump(high)}" if high is not None else ""


def _join_choices(values: list[Any]) -> str:
    shown = [_dump(value) for value in values[:MAX_CHOICES]]
    return " | ".join(shown + (["…"] if len(values) > MAX_CHOICES else []))


def _doc(text: Any) -> str:
    """A description on one line, cut at a word."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    return line if len(line) <= MAX_DOC else line[:MAX_DOC].rsplit(" ", 1)[0] + "…"


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
