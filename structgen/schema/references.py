"""Where a ``$ref`` leads: JSON Pointers, anchors, embedded ``$id``s and the caller's registry; never the network.

Base URIs are those of RFC 3986 as far as schemas use them. The document is walked once, at the first reference, and only
to find identifiers; most have none but the root's, and then a pointer is followed from the root.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from structgen.errors import SchemaError, UnsupportedSchemaError

LITERAL = frozenset({"enum", "const", "default", "examples", "example"})


class Resource:
    """A document or an embedded schema with its own identifier."""

    def __init__(self, root: Any, base: str, pointer: str) -> None:
        self.root, self.base, self.pointer = root, base, pointer
        self.anchors: dict[str, tuple[Any, str]] = {}


class References:
    """Resolves the references of one schema."""

    def __init__(self, root: Any, draft: int, registry: Mapping[str, Any] | None) -> None:
        self._main = Resource(root, "", "#")
        self._draft = draft
        self._registry = dict(registry or {})
        self._resources: dict[str, Resource] = {}
        self._owner: dict[int, Resource] = {}
        self._indexed = False

    def resolve(self, raw: dict[str, Any], position: str) -> tuple[Any, str]:
        """The target of the ``$ref`` of ``raw``, and the position of the target."""
        ref = raw["$ref"]
        if not isinstance(ref, str):
            raise SchemaError(f'"$ref" is {ref!r:.40}', position=position, because="it must be a string")
        if not self._indexed:
            self._indexed = True
            self._index(self._main)
        home = self._owner.get(id(raw), self._main)
        if ref.startswith("#"):
            return self._within(home, ref[1:], ref, position)
        try:
            uri, fragment = urldefrag(urljoin(home.base, ref))
        except ValueError as error:
            raise SchemaError(f'"$ref" is {ref!r:.60}', position=position, because=str(error)) from None
        return self._within(self._find(uri, ref, position), fragment, ref, position)

    def _find(self, uri: str, ref: str, position: str) -> Resource:
        found = self._resources.get(uri) or self._resources.get(uri.rstrip("#"))
        if found is not None:
            return found
        for key in (uri, uri + "#"):
            if key in self._registry:
                resource = Resource(self._registry[key], uri, uri + "#")
                self._resources[uri] = resource
                self._index(resource)
                return resource
        raise UnsupportedSchemaError(f'"$ref" leads outside the schema, to {ref!r:.80}', keyword="$ref", position=position,
                                     because="nothing is downloaded or read from disk",
                                     instead="embed the target, or pass it in registry={uri: schema}")

    def _within(self, home: Resource, fragment: str, ref: str, position: str) -> tuple[Any, str]:
        try:
            fragment = unquote(fragment, errors="strict")
        except UnicodeDecodeError:
            raise SchemaError(f'"$ref" is {ref!r:.60}', position=position, because="its escapes are not UTF-8") from None
        if fragment and not fragment.startswith("/"):
            if fragment in home.anchors:
                return home.anchors[fragment]
            raise SchemaError(f"no schema is called {ref!r:.80}", position=position,
                              because='neither "$anchor" nor "$id" defines that name here')
        target, pointer = home.root, home.pointer
        for token in fragment.split("/")[1:]:
            pointer = f"{pointer}/{token}"
            token = token.replace("~1", "/").replace("~0", "~")
            if isinstance(target, dict) and token in target:
                target = target[token]
            elif isinstance(target, list) and token.isdecimal() and token.isascii() and int(token) < len(target):
                target = target[int(token)]
            else:
                raise SchemaError(f"{ref!r:.80} leads nowhere", position=position, because=f"there is no {pointer}")
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
        embedded = False
        while stack:
            node, home, pointer = stack.pop()
            if isinstance(node, dict):
                if id(node) in seen:
                    continue
                seen.add(id(node))
                inner = self._enter(node, home, pointer, root)
                embedded = embedded or inner is not home
                if inner is not self._main:
                    self._owner[id(node)] = inner
                stack.extend((child, inner, f"{pointer}/{key}") for key, child in node.items()
                             if isinstance(child, (dict, list)) and key not in LITERAL)
            else:
                stack.extend((child, home, f"{pointer}/{i}") for i, child in enumerate(node)
                             if isinstance(child, (dict, list)) and id(child) not in seen)

    def _identifier(self, node: dict[str, Any]) -> str | None:
        name = node.get("$id" if self._draft > 4 else "id")
        if name is None and self._draft > 4:
            name = node.get("id") if isinstance(node.get("id"), str) and "://" in node["id"] else None
        return name if isinstance(name, str) else None

    def _enter(self, node: dict[str, Any], home: Resource, pointer: str, root: Any) -> Resource:
        """The resource a node belongs to, opening one where the node has its own identifier."""
        for keyword in ("$anchor", "$dynamicAnchor"):
            anchor = node.get(keyword)
            if isinstance(anchor, str):
                home.anchors[anchor] = (node, pointer)
        name = self._identifier(node) if node is not root else None
        if name is None or ("$ref" in node and self._draft < 2019):
            return home
        if name.startswith("#"):
            home.anchors[name[1:]] = (node, pointer)
            return home
        try:
            base = urldefrag(urljoin(home.base, name))[0]
        except ValueError:
            return home
        inner = Resource(node, base, pointer)
        self._resources.setdefault(base, inner)
        return inner
