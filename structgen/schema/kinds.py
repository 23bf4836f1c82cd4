"""What a schema of a scalar allows, for formats whose texts carry no types.

In: a JSON Schema. Out: a ``Kind``: the JSON types, the labels if it lists any, the format; and what tells whether a text may
be meant for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from structgen.schema.scalars import boolean_of, date_of, folded, number_of

__all__ = ["Kind", "kind_of", "resolved"]

MAX_DEPTH = 30
_NOTHING = ("null", "none", "nil", "n/a", "na", "-")
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


@dataclass(slots=True)
class Kind:
    """What a scalar may be. ``labels``: the texts and values it lists, folded; None where any are allowed."""

    types: set[str] = field(default_factory=set)
    labels: set[str] | None = None
    format: str = ""

    @property
    def is_text(self) -> bool:
        return "string" in self.types or not self.types

    @property
    def judge(self) -> Callable[[str], bool] | None:
        """What tells whether a text may be meant for it; None where any may."""
        found = self._judge
        if found is None or "null" not in self.types:
            return found
        return lambda text: text.lower() in _NOTHING or found(text)

    @property
    def _judge(self) -> Callable[[str], bool] | None:
        if self.labels is not None:
            labels = {folded(label) for label in self.labels}
            return lambda text: folded(text[:100]) in labels
        if self.format == "date":
            return lambda text: date_of(text) is not None
        if self.is_text:
            return None
        judges: list[Callable[[str], Any]] = []
        if self.types & {"number", "integer"}:
            judges.append(number_of)
        if "boolean" in self.types:
            judges.append(boolean_of)
        return lambda text: any(one(text) is not None for one in judges)


def resolved(schema: Any, root: Any) -> Any:
    """A schema behind its references within ``root``."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return schema
        target = root
        for part in schema["$ref"].lstrip("#").split("/")[1:]:
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
        schema = target
    return None


def kind_of(schema: Any, root: Any, depth: int = 0) -> Kind:
    """What a schema says of a scalar."""
    schema = resolved(schema, root)
    kind = Kind()
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return kind
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        kind.types = {_JSON_TYPES.get(type(one), "object") for one in values}
        kind.labels = {one if isinstance(one, str) else json.dumps(one, default=str)
                       for one in values if one is not None}
        return kind
    given = schema.get("type")
    kind.types = {given} if isinstance(given, str) else {
        one for one in given if isinstance(one, str)} if isinstance(given, list) else set()
    kind.format = str(schema.get("format", "")) if kind.types <= {"string", "null"} else ""
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        parts = [kind_of(one, root, depth + 1) for one in branches] if isinstance(branches, list) else []
        kind.types |= set().union(*(part.types for part in parts)) if parts else set()
        if parts and all(part.labels is not None or part.types == {"null"} for part in parts):
            kind.labels = set().union(*(part.labels or set() for part in parts))
        formats = {part.format for part in parts if part.types != {"null"}}
        kind.format = formats.pop() if len(formats) == 1 else kind.format
    return kind
