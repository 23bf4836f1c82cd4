"""Where a ``$ref`` leads: JSON Pointers, anchors, embedded ``$id``s and the caller's registry; never the network.

Base URIs are those of RFC 3986 as far as schemas use them. The document is walked once, at the first reference, and only
to find identifiers; most have none but the root's, and then a pointer is followed from the root.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

from structgen.errors import SchemaError, UnsupportedSchemaError

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

ONE = frozenset({"additionalProperties", "additionalItems", "items", "not", "if", "then", "else", "contains",
                 "propertyNames", "unevaluatedProperties", "unevaluatedItems", "contentSchema"})
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
"""The keywords whose values are a schema, a list of schemas, and schemas by name: only there an ``$id`` identifies."""


def unescaped(token: str) -> str:
    """A token of a JSON Pointer as the name it stands for."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


class Resource:
    """A document or an embedded schema with its own identifier."""

    def __init__(self, root: Any, base: str, pointer: str) -> None:
        self.root, self.base, self.pointer = root, base, pointer
        self.anchors: dict[str, tuple[Any, str]] = {}


class References:
    """Resolves the references of one schema."""

    def __init__(self, root: Any, draft: int, registry: Mapping[str, Any] | None, reader: Reader) -> None:
        self._main = Resource(root, "", "#")
        self._draft = draft
        self._registry = dict(registry or {})
        self._reader = reader
        self._resources: dict[str, Resource] = {}
        self._owner: dict[int, Resource] = {}
        self._indexed = False
        self._plain: dict[str, tuple[Any, str] | None] = {}

    def resolve(self, raw: dict[str, Any], key: int) -> tuple[Any, str]:
        """The target of the ``$ref`` of ``raw``, whose id is ``key``, and the position of the target."""
        ref = raw["$ref"]
        if not isinstance(ref, str):
            raise SchemaError(f'"$ref" is {ref!r:.40}', position=self._position(key), because="it must be a string")
        if not self._indexed:
            if (ref == "#" or ref.startswith("#/")) and not self._reader.is_identified(key):
                if ref not in self._plain:
                    self._plain[ref] = self._from_root(ref)
                found = self._plain[ref]
                if found is not None:
                    return found
            self._indexed = True
            self._index(self._main)
        home = self._owner.get(key, self._main)
        if ref.startswith("#"):
            return self._within(home, ref[1:], ref, key)
        try:
            uri, fragment = urldefrag(urljoin(home.base, ref))
        except ValueError as error:
            raise SchemaError(f'"$ref" is {ref!r:.60}', position=self._position(key), because=str(error)) from None
        return self._within(self._find(uri, ref, key), fragment, ref, key)

    def _position(self, key: int) -> str:
        return self._reader.pointer(key) + "/$ref"

    def _from_root(self, ref: str) -> tuple[Any, str] | None:
        """The target of a JSON Pointer, unless an embedded identifier lies on the way or it leads nowhere."""
        target, pointer = self._main.root, "#"
        for token in unquote(ref[1:]).split("/")[1:]:
            if isinstance(target, dict) and ((target is not self._main.root and self._identifier(target))
                                             or (token := unescaped(token)) not in target):
                return None
            if not isinstance(target, dict):
                return None
            target, pointer = target[token], f"{pointer}/{token}"
        return target, pointer

    def _find(self, uri: str, ref: str, key: int) -> Resource:
        found = self._resources.get(uri) or self._resources.get(uri.rstrip("#"))
        if found is not None:
            return found
        for name in (uri, uri + "#"):
            if name in self._registry:
                resource = Resource(self._registry[name], uri, uri + "#")
                self._resources[uri] = resource
                self._index(resource)
                return resource
        raise UnsupportedSchemaError(f'"$ref" leads outside the schema, to {ref!r:.80}', keyword="$ref",
                                     position=self._position(key),
                                     because="nothing is downloaded or read from disk",
                                     instead="embed the target, or pass it in registry={uri: schema}")

    def _within(self, home: Resource, fragment: str, ref: str, key: int) -> tuple[Any, str]:
        try:
            fragment = unquote(fragment, errors="strict")
        except UnicodeDecodeError:
            raise SchemaError(f'"$ref" is {ref!r:.60}', position=self._position(key),
                              because="its escapes are not UTF-8") from None
        if fragment and not fragment.startswith("/"):
            if fragment in home.anchors:
                return home.anchors[fragment]
            raise SchemaError(f"no schema is called {ref!r:.80}", position=self._position(key),
                              because='neither "$anchor" nor "$id" defines that name here')
        target, pointer = home.root, home.pointer
        for token in fragment.split("/")[1:]:
            pointer = f"{pointer}/{token}"
            token = unescaped(token)
            if isinstance(target, dict) and token in target:
                target = target[token]
            elif isinstance(target, list) and token.isdecimal() and token.isascii() and int(token) < len(target):
                target = target[int(token)]
            else:
                raise SchemaError(f"{ref!r:.80} leads nowhere", position=self._position(key),
                                  because=f"there is no {pointer}")
        return target, pointer

    def _index(self, resource: Resource) -> None:
        """Find every identifier below the root of a resource."""
        root = resource.root
        if isinstance(root, dict):
            name = self._identifier(root)
            if name:
                resource.base = urldefrag(urljoin(resource.base, name))[0]
            self._resources.setdefault(resource.base, resource)
        seen: set[int] = set()
        stack: list[tuple[Any, Resource, str]] = [(root, resource, resource.pointer)]
        while stack:
            node, home, pointer = stack.pop()
            if not isinstance(node, dict) or id(node) in seen:
                continue
            seen.add(id(node))
            home = self._enter(node, home, pointer, root)
            if home is not self._main:
                self._owner[id(node)] = home
            for keyword, value in node.items():
                if isinstance(value, dict):
                    if keyword in ONE:
                        stack.append((value, home, f"{pointer}/{keyword}"))
                    elif keyword in NAMED:
                        stack.extend([(child, home, f"{pointer}/{keyword}/{name}") for name, child in value.items()])
                elif keyword in MANY and isinstance(value, list):
                    stack.extend([(child, home, f"{pointer}/{keyword}/{i}") for i, child in enumerate(value)])

    def _identifier(self, node: dict[str, Any]) -> str | None:
        name = node.get("$id" if self._draft > 4 else "id")
        if name is None and self._draft > 4:
            name = node.get("id") if isinstance(node.get("id"), str) and "://" in node["id"] else None
        return name if isinstance(name, str) else None

    def _enter(self, node: dict[str, Any], home: Resource, pointer: str, root: Any) -> Resource:
        """The resource a node belongs to, opening one where the node has its own identifier."""
        name = self._identifier(node) if node is not root else None
        if name is not None and not ("$ref" in node and self._draft < 2019):
            try:
                base, fragment = (home.base, name[1:]) if name.startswith("#") else urldefrag(urljoin(home.base, name))
            except ValueError:
                return home
            if base != home.base:
                home = Resource(node, base, pointer)
                self._resources.setdefault(base, home)
            if fragment:
                home.anchors[fragment] = (node, pointer)
        for keyword in ("$anchor", "$dynamicAnchor"):
            anchor = node.get(keyword)
            if isinstance(anchor, str):
                home.anchors[anchor] = (node, pointer)
        return home
