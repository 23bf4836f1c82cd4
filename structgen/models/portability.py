"""What a server's strict structured output does with a JSON Schema.

In: a schema. Out: what the server would refuse, what it would ignore, and the schema in the form that strict mode asks for.
The rules are those that OpenAI documents for structured outputs (2025): objects list all their properties as required and
allow no others, the root is an object, and some keywords are not supported; most compatible servers follow them. Whatever is
listed here is still checked by structgen, on the text that came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Portability", "portability", "strict_schema"]

_REFUSED = {
    "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies",
    "patternProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems", "contains", "minContains",
    "maxContains", "prefixItems", "additionalItems", "uniqueItems", "minProperties", "maxProperties", "contentEncoding",
    "contentMediaType", "$dynamicRef",
}
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_NESTING, _PROPERTIES = 10, 5000


@dataclass(frozen=True)
class Portability:
    """Each entry is ``#/pointer: keyword: reason``."""

    refused: tuple[str, ...] = ()
    """For this the server answers with an error, so that it is not asked to enforce the schema."""
    ignored: tuple[str, ...] = ()
    """This the server drops; structgen checks it."""

    def __str__(self) -> str:
        lines = [*(f"refused: {one}" for one in self.refused), *(f"ignored: {one}" for one in self.ignored)]
        return "\n".join(lines) or "nothing is refused or ignored"


def portability(schema: Mapping[str, Any]) -> Portability:
    """What strict structured output would refuse and ignore of a schema."""
    refused: list[str] = []
    ignored: list[str] = []
    if schema.get("type") != "object":
        refused.append("#: type: the root must be an object")
    count = 0
    for pointer, node, depth in _nodes(schema, "#", 0):
        refused += [f"{pointer}: {name}: not supported" for name in node if name in _REFUSED]
        is_map = node.get("type") == "object" and not node.get("properties")
        if is_map or isinstance(node.get("additionalProperties"), Mapping):
            refused.append(f"{pointer}: additionalProperties: names of an object must be listed")
        if node.get("format") not in (None, *_FORMATS):
            ignored.append(f"{pointer}: format: {node['format']} is not enforced")
        if isinstance(node.get("pattern"), str) and any(part in node["pattern"] for part in ("(?=", "(?!", "(?<", r"\b")):
            refused.append(f"{pointer}: pattern: lookaround is not supported")
        count += len(node.get("properties", ()))
        if depth > _NESTING:
            refused.append(f"{pointer}: nested more than {_NESTING} deep")
    if count > _PROPERTIES:
        refused.append(f"#: properties: {count} are more than {_PROPERTIES}")
    return Portability(tuple(dict.fromkeys(refused)), tuple(dict.fromkeys(ignored)))


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every property required (those that may be absent may be null instead) and no others allowed."""
    made = {name: _strict_value(name, value) for name, value in schema.items() if name != "default"}
    properties = made.get("properties")
    if isinstance(properties, dict):
        required = set(schema.get("required", ()))
        made["properties"] = {name: one if name in required else _nullable(one) for name, one in properties.items()}
        made["required"] = list(properties)
        made["additionalProperties"] = False
    return made


def _strict_value(name: str, value: Any) -> Any:
    if name in ("properties", "$defs", "definitions") and isinstance(value, Mapping):
        return {key: strict_schema(one) if isinstance(one, Mapping) else one for key, one in value.items()}
    if name in ("items", "anyOf"):
        if isinstance(value, Mapping):
            return strict_schema(value)
        if isinstance(value, list):
            return [strict_schema(one) if isinstance(one, Mapping) else one for one in value]
    return value


def _nullable(schema: Any) -> Any:
    if not isinstance(schema, dict) or {"type": "null"} in schema.get("anyOf", ()):
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def _nodes(schema: Mapping[str, Any], pointer: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any], int]]:
    """Every schema inside, with its pointer and depth."""
    yield pointer, schema, depth
    for name in ("properties", "$defs", "definitions"):
        inner = schema.get(name)
        for key, one in inner.items() if isinstance(inner, Mapping) else ():
            if isinstance(one, Mapping):
                yield from _nodes(one, f"{pointer}/{name}/{key}", depth + (name == "properties"))
    for name in ("items", "additionalProperties"):
        one = schema.get(name)
        if isinstance(one, Mapping):
            yield from _nodes(one, f"{pointer}/{name}", depth + 1)
    branches = schema.get("anyOf")
    for place, one in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(one, Mapping):
            yield from _nodes(one, f"{pointer}/anyOf/{place}", depth)
