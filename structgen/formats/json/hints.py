"""What the wanted type says about a place in a damaged text: is this the name of a member, and of which object?

In: a JSON Schema, or None. Out: ``Hints``, which only weigh: what fits is decided elsewhere. Nothing is worked out before
it is asked for, since most texts need no hint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from structgen.schema.guide import ANY, Guide, guide_of

__all__ = ["NO_HINTS", "Hints"]

MAX_NODES = 20_000
"""Parts of a schema that are looked through for names."""


class Hints:
    """The names that a type has, everywhere and at one place."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name of a member that occurs in the type."""
        found: set[str] = set()
        stack = [self.schema]
        for _ in range(MAX_NODES):
            if not stack:
                break
            one = stack.pop()
            if isinstance(one, Mapping):
                properties = one.get("properties")
                if isinstance(properties, Mapping):
                    found.update(name for name in properties if isinstance(name, str))
                stack += one.values()
            elif isinstance(one, list):
                stack += one
        return frozenset(found)

    @cached_property
    def _root(self) -> Guide:
        return guide_of(self.schema, self.schema)

    def place(self, containers: Sequence[tuple[str, Any]]) -> Guide:
        """What is known about the innermost of some containers, each with its bracket and the key of the member in it. What
        stands around a value of the type, as a list or under a name of its own, is passed over."""
        guide, is_root = self._root, True
        for kind, key in containers:
            if not guide.kinds and not guide.names:
                return ANY
            if kind == "{" and (guide.knows(key) or not is_root):
                guide, is_root = guide.child(key), False
            elif kind == "[" and (guide.is_list or not is_root):
                guide, is_root = guide.item, False
        return guide


NO_HINTS = Hints(None)
"""Where no type is wanted."""
