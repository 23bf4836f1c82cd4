"""What a JSON Schema says about a place in a text: which names may stand there, and which kinds of values.

In: a schema. Out: a ``Guide``, which answers for its place and gives the guides of members and items. It only weighs: what
fits is decided elsewhere. Without a schema it knows nothing, and every answer says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from structgen.schema.scalars import folded

__all__ = ["ANY", "Guide", "Wrapper", "guide_of"]

MAX_BRANCHES = 60
"""Schemas that are looked at for one place."""
_KNOWN, _SPELLED, _FREE, _OPEN, _CLOSED = 0.0, 0.3, 0.4, 1.5, 3.0
_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})


class Guide:
    """What may stand at one place of a value."""

    def __init__(self, schemas: tuple[Any, ...], root: Any) -> None:
        self.root = root
        self.kinds: frozenset[str] = frozenset()
        """The JSON types that may stand here; empty where nothing is known."""
        self.names: dict[str, Any] = {}
        self.required: frozenset[str] = frozenset()
        self._items: list[Any] = []
        self._others: list[Any] = []
        self._is_closed = bool(schemas)
        self._children: dict[str, Guide] = {}
        self._item: Guide | None = None
        self._other: Guide | None = None
        kinds: set[str] = set()
        required: set[str] = set()
        is_known = bool(schemas)
        for one in _flat(schemas, root):
            is_known = self._take(one, kinds, required) and is_known
        if is_known:
            self.kinds = frozenset(kinds)
        self.required = frozenset(required)
        self._folded = {folded(name): name for name in self.names}

    def _take(self, schema: Mapping[str, Any], kinds: set[str], required: set[str]) -> bool:
        """Takes in what one schema says; whether it says which types may stand here."""
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            for name, inner in properties.items():
                self.names[name] = inner if name not in self.names else {"anyOf": [self.names[name], inner]}
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping):
            self._others.append(others)
        if others is not False and ("properties" in schema or others is not None):
            self._is_closed = False
        if isinstance(schema.get("required"), list):
            required.update(name for name in schema["required"] if isinstance(name, str))
        self._items += [
            one for one in (schema.get("items"), *_listed(schema.get("prefixItems"))) if isinstance(one, Mapping)
        ]
        given = schema.get("type")
        if isinstance(given, str | list):
            kinds.update([given] if isinstance(given, str) else [one for one in given if isinstance(one, str)])
            return True
        labels = [schema["const"]] if "const" in schema else schema.get("enum")
        if isinstance(labels, list):
            kinds.update(
                "string"
                if isinstance(one, str)
                else "boolean"
                if isinstance(one, bool)
                else "null"
                if one is None
                else "object"
                if isinstance(one, dict)
                else "array"
                if isinstance(one, list)
                else "number"
                for one in labels
            )
            return True
        if "properties" in schema:
            kinds.add("object")
        elif "items" in schema:
            kinds.add("array")
        return "properties" in schema or "items" in schema

    def allows(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    @property
    def wants_text(self) -> bool:
        """Whether a string may stand here, and no container."""
        return "string" in self.kinds and not self.kinds & {"object", "array"}

    @property
    def is_scalar(self) -> bool:
        return bool(self.kinds) and self.kinds <= _SCALARS

    @property
    def is_list(self) -> bool:
        """Whether a list is expected, and nothing else."""
        return bool(self.kinds) and self.kinds <= {"array", "null"}

    def name_cost(self, name: str) -> float:
        """How unlikely it is that a member has this name."""
        if name in self.names:
            return _KNOWN
        if not self.kinds and not self.names:
            return _FREE
        if not self.allows("object"):
            return _CLOSED
        if self._folded and folded(name) in self._folded:
            return _SPELLED
        if not self.names:
            return _FREE
        return _FREE if self._others else _CLOSED if self._is_closed else _OPEN

    def knows(self, name: str) -> bool:
        return name in self.names or (bool(self._folded) and folded(name) in self._folded)

    def canonical(self, name: str) -> str:
        """The name as the type spells it."""
        return name if name in self.names or not self._folded else self._folded.get(folded(name), name)

    def child(self, name: str) -> Guide:
        known = name if name in self.names else self._folded.get(folded(name)) if self._folded else None
        if known is None:
            self._other = self._other or (Guide(tuple(self._others), self.root) if self._others else ANY)
            return self._other
        found = self._children.get(known)
        if found is None:
            found = self._children[known] = Guide((self.names[known],), self.root)
        return found

    @property
    def item(self) -> Guide:
        if self._item is None:
            self._item = Guide(tuple(self._items), self.root) if self._items else ANY
        return self._item


class Wrapper(Guide):
    """Around a value that stands under a name which the type does not know."""

    def __init__(self, inner: Guide) -> None:
        super().__init__((), None)
        self.inner = inner

    def child(self, name: str) -> Guide:
        return self.inner


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _flat(schemas: tuple[Any, ...], root: Any) -> Iterator[Mapping[str, Any]]:
    """The schemas with what they refer to and combine, each once; references are followed within the root."""
    stack, seen = list(schemas), 0
    while stack and seen < MAX_BRANCHES:
        seen += 1
        one = stack.pop(0)
        if not isinstance(one, Mapping):
            continue
        ref = one.get("$ref")
        if isinstance(ref, str):
            stack.append(_target(ref, root))
            if len(one) == 1:
                continue
        parts = [part for keyword in ("anyOf", "oneOf", "allOf") for part in _listed(one.get(keyword))]
        stack += parts
        if not (parts or isinstance(ref, str)) or "properties" in one or "type" in one or "items" in one:
            yield one


def _target(ref: str, root: Any) -> Any:
    node = root
    if not ref.startswith("#"):
        return None
    for part in ref[1:].split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


ANY = Guide((), None)
"""Where nothing is known."""


def guide_of(schema: Any, root: Any) -> Guide:
    """The guide of a schema within another, or of none."""
    return Guide((schema,), root) if isinstance(schema, Mapping) else ANY
