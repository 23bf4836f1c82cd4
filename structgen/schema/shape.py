"""What a JSON Schema says to a value that is made to fit it, worked out once for each part of the schema.

In: a part of a schema. Out: its ``Shape``: references followed, ``allOf`` joined, unions with their siblings in each branch,
constants as labels. Only what guides a change is read; what a value must be besides is the validator's part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Shape", "Shapes"]

MAX_SHAPES = 10_000
"""Parts that are kept; those that are made for one value come and go."""
_TYPES = {"null", "boolean", "object", "array", "number", "string", "integer"}
_MAPPING = (dict, Mapping)
"""A dict first: it is tested in a fraction of the time."""
_NO_GUIDE = frozenset({"$defs", "definitions", "discriminator", "title", "description", "default"})


class Shape:
    """``schema``: with references and ``allOf`` resolved, or what is no mapping; ``branches`` of a union, ``labels`` of an
    enumeration, else ``types`` (empty: any); of objects ``properties``, ``required`` and what ``other`` members may be."""

    __slots__ = ("branches", "given", "labels", "other", "properties", "required", "schema", "types")

    def __init__(self, given: Any, schema: Any) -> None:
        self.given, self.schema = given, schema
        self.branches: list[Any] = []
        self.labels: list[Any] | None = None
        self.types: list[str] = []
        self.properties: Mapping[str, Any] = {}
        self.required: frozenset[str] = frozenset()
        self.other: Any = True


class Shapes:
    """The shapes of one schema's parts; ``root``: what ``$ref`` starts from."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._kept: dict[int, Shape] = {}

    def of(self, schema: Any) -> Shape:
        """The shape of a part; it is kept alive with the part, so that its id stays its own."""
        shape = self._kept.get(id(schema))
        if shape is None:
            if len(self._kept) >= MAX_SHAPES:
                self._kept.clear()
            shape = self._kept[id(schema)] = self._made(schema)
        return shape

    def _made(self, given: Any) -> Shape:
        schema = self.resolved(given)
        if not isinstance(schema, _MAPPING):
            return Shape(given, schema)
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if isinstance(branches, list) and branches:
                shape = Shape(given, schema)
                shape.labels = self._labels(branches)  # one enum, so that two labels in a text are ambiguous
                rest = {key: one for key, one in schema.items() if key != keyword and key not in _NO_GUIDE}
                shape.branches = [{"allOf": [rest, branch]} for branch in branches] if rest else branches
                return shape
        if isinstance(schema.get("allOf"), list):
            schema = self._merged(schema)
        shape = Shape(given, schema)
        if "const" in schema:
            shape.labels = [schema["const"]]
        elif isinstance(schema.get("enum"), list):
            shape.labels = schema["enum"]
        shape.types = _types(schema)
        properties, required = schema.get("properties"), schema.get("required")
        if isinstance(properties, _MAPPING):
            shape.properties = properties
        if isinstance(required, list):
            shape.required = frozenset(name for name in required if isinstance(name, str))
        shape.other = schema.get("additionalProperties", True)
        return shape

    def resolved(self, schema: Any) -> Any:
        """A part with its references followed, and what stands beside them."""
        for _ in range(100):
            if not isinstance(schema, _MAPPING) or not isinstance(schema.get("$ref"), str):
                return schema
            target = self._target(schema["$ref"])
            rest = {key: one for key, one in schema.items() if key not in ("$ref", "$defs", "definitions")}
            if not rest or target is None or isinstance(target, bool):
                schema = target if target is not None else rest
            else:
                schema = {**target, **rest}
        return None

    def _target(self, ref: str) -> Any:
        if not ref.startswith("#"):
            return None
        node = self.root
        for part in ref[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, _MAPPING):
                node = node.get(part)
            elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
                node = node[int(part)]
            else:
                return None
        return node

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """``allOf`` with its siblings, as far as it guides a change."""
        merged: dict[str, Any] = {}
        for part in [*schema["allOf"], {key: one for key, one in schema.items() if key != "allOf"}]:
            part = self.resolved(part)
            if not isinstance(part, _MAPPING):
                continue
            if isinstance(part.get("allOf"), list):
                part = self._merged(part)
            for key, one in part.items():
                if key == "properties" and key in merged and isinstance(one, _MAPPING):
                    merged[key] = {**merged[key], **one}
                elif key == "required" and key in merged and isinstance(one, list):
                    merged[key] = [*merged[key], *one]
                else:
                    merged[key] = one
        return merged

    def _labels(self, branches: list[Any]) -> list[Any] | None:
        """The labels of a union of constants; None for any other union."""
        labels: list[Any] = []
        for branch in branches:
            branch = self.resolved(branch)
            if not isinstance(branch, _MAPPING) or not ("const" in branch or isinstance(branch.get("enum"), list)):
                return None
            labels += [branch["const"]] if "const" in branch else branch["enum"]
        return labels


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type")
    if isinstance(given, str):
        return [given] if given in _TYPES else []
    if isinstance(given, list):
        return [one for one in given if one in _TYPES]
    if "properties" in schema or "required" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []
