"""Whether a value is valid against a plain JSON Schema, told in a fraction of a validator's time.

In: JSON data, a part of a schema, and the schema. Out: True where the value is valid for certain; False where it is not, or
where that is a validator's to say. The one idea: it knows the few keywords that most types are made of, means the same by
them in every draft, and gives up at any other, so that True is never wrong.
"""

from __future__ import annotations

from typing import Any

__all__ = ["is_proved"]

MAX_DEPTH = 40
"""Values and references in one another."""
MAX_STEPS = 20_000
"""Pairs of a value and a schema that are compared."""
_NOTES = frozenset({"title", "description", "default", "examples", "deprecated", "$defs", "definitions", "$comment"})
_SHORT = "#/$defs/"
_KINDS: dict[type, tuple[str, ...]] = {
    str: ("string",),
    int: ("integer", "number"),
    float: ("number",),
    bool: ("boolean",),
    type(None): ("null",),
    dict: ("object",),
    list: ("array",),
}


def is_proved(value: Any, schema: Any) -> bool:
    """Whether ``value`` is valid for certain."""
    return _fits(value, schema, schema, MAX_DEPTH, [MAX_STEPS])


def _fits(value: Any, schema: Any, root: Any, depth: int, steps: list[int]) -> bool:
    steps[0] -= 1
    if schema is True:
        return True
    if type(schema) is not dict or depth < 0 or steps[0] < 0:
        return False
    kinds = _KINDS.get(type(value))
    if kinds is None:
        return False
    for keyword, said in schema.items():
        if keyword == "type":
            if said not in kinds if type(said) is str else not _is_one_of(kinds, said):
                return False
        elif keyword == "properties":
            if type(said) is not dict:
                return False
        elif keyword == "required":
            if type(said) is not list or (
                kinds[0] == "object" and not all(type(name) is str and name in value for name in said)
            ):
                return False
        elif keyword == "$ref":
            target = _target(said, root)
            if target is None or not _fits(value, target, root, depth - 1, steps):
                return False
        elif keyword == "anyOf":
            if type(said) is not list or not any(_fits(value, one, root, depth - 1, steps) for one in said):
                return False
        elif keyword == "enum" or keyword == "const":
            if type(value) is not str or not (value == said if keyword == "const" else type(said) is list and value in said):
                return False
        elif keyword not in _NOTES and keyword not in ("items", "additionalProperties"):
            return False
    if kinds[0] == "object":
        return _members_fit(value, schema, root, depth, steps)
    if kinds[0] == "array":
        items = schema.get("items", True)
        return items is True or all(_fits(item, items, root, depth - 1, steps) for item in value)
    return True


def _members_fit(value: dict[Any, Any], schema: dict[str, Any], root: Any, depth: int, steps: list[int]) -> bool:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name, item in value.items():
        inner = properties.get(name, others)
        if inner is not True and not _fits(item, inner, root, depth - 1, steps):
            return False
    return True


def _is_one_of(kinds: tuple[str, ...], types: Any) -> bool:
    return type(types) is list and any(kind in types for kind in kinds)


def _target(reference: Any, root: Any) -> Any:
    """The definition that a reference leads to; None for any reference but a plain one."""
    if type(reference) is not str or not reference.startswith(_SHORT):
        return None
    name, definitions = reference[len(_SHORT) :], root.get("$defs")
    if type(definitions) is not dict or "/" in name or "~" in name or "%" in name:
        return None
    return definitions.get(name)
