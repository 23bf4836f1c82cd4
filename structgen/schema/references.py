"""Where a reference leads: JSON Pointers, anchors, embedded ``$id``s and the caller's registry; never the network.

Base URIs are those of RFC 3986 as far as schemas use them. The document is walked once, at the first reference that needs
it, and only to find identifiers; most have none but the root's, and then a pointer is followed from the root.

A *resource* is a document or an embedded schema with its own identifier. ``$dynamicRef`` and ``$recursiveRef`` lead to the
outermost resource on the way of evaluation that has the dynamic anchor. So a *scope* says, for each dynamic anchor, which
resource on the way from the root was the first to have it: that is all the way can change, and there are finitely many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from structgen.errors import SchemaError, UnsupportedSchemaError
from structgen.schema.drafts import UNDECLARED, Dialect, dialect_of_draft, draft_of, with_vocabularies

ONE = frozenset({"additionalProperties", "additionalItems", "items", "not", "if", "then", "else", "contains",
                 "propertyNames", "unevaluatedProperties", "unevaluatedItems", "contentSchema"})
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
"""The keywords whose values are a schema, a list of schemas, and schemas by name: only there an ``$id`` identifies."""
Scope = tuple[tuple[str, int], ...]
"""For each dynamic anchor the number of the resource that had it first, sorted; ``$recursiveAnchor`` has no name."""
MAX_METASCHEMAS = 10
"""Metaschemas of metaschemas followed to find a draft."""


def unescaped(token: str) -> str:
    """A token of a JSON Pointer as the name it stands for."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def escaped(name: str) -> str:
    """A name as a token of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


def is_target_of_pointer(ref: str) -> bool:
    """Whether a reference is a JSON Pointer into the same document."""
    return ref == "#" or ref.startswith("#/")


class Target(NamedTuple):
    """A schema that a reference leads to, and its position."""

    schema: Any
    pointer: str


class Resource:
    """A document or an embedded schema with its own identifier."""

    def __init__(self, root: Any, base: str, pointer: str, dialect: Dialect, number: int) -> None:
        self.root, self.base, self.pointer, self.dialect, self.number = root, base, pointer, dialect, number
        self.anchors: dict[str, Target] = {}
        self.dynamic: dict[str, Target] = {}
        """The anchors that references may find by the way of evaluation."""


class References:
    """Resolves the references of one schema; ``schema`` ids below are those of Python's objects."""

    def __init__(self, root: Any, registry: Mapping[str, Any] | None, draft: int | None) -> None:
        self._registry: Mapping[str, Any] = registry or {}
        self._dialects: dict[str, Dialect] = {}
        self.is_mixed = False
        """Whether some resource is of another dialect than the root."""
        self.is_indexed = False
        self._resources: dict[str, Resource] = {}
        self._numbered: list[Resource] = []
        self._homes: dict[int, Resource] = {}
        self._plain: dict[str, Target | None] = {}
        self.main = self._resource(root, "", "#", UNDECLARED if draft is None else dialect_of_draft(draft), draft)

    # --- resources ----------------------------------------------------------------------------------------------------

    def _resource(self, root: Any, base: str, pointer: str, default: Dialect, draft: int | None = None) -> Resource:
        made = Resource(root, base, pointer, self._dialect_of(root, pointer, default, draft), len(self._numbered))
        self._numbered.append(made)
        self.is_mixed = self.is_mixed or made.dialect != self._numbered[0].dialect
        return made

    def _dialect_of(self, schema: Any, pointer: str, default: Dialect, draft: int | None = None) -> Dialect:
        declared = schema.get("$schema") if isinstance(schema, dict) else None
        if declared is None:
            return default
        if not isinstance(declared, str):
            raise SchemaError('"$schema" is no string', position=f"{pointer}/$schema", because="it must be a URI")
        known = self._dialects.get(declared) if draft is None else None
        if known is None:
            known = self._dialect_of_uri(declared, f"{pointer}/$schema", default, draft)
            if draft is None:
                self._dialects[declared] = known
        return known

    def _dialect_of_uri(self, uri: str, position: str, default: Dialect, draft: int | None) -> Dialect:
        metaschema = self._registered(uri.removesuffix("#"))
        ancestor, name = metaschema, uri
        for _ in range(MAX_METASCHEMAS):
            if not isinstance(ancestor, dict) or not isinstance(ancestor.get("$schema"), str):
                break
            name = ancestor["$schema"]
            ancestor = self._registered(name.removesuffix("#"))
        number = draft or draft_of(name) or draft_of(uri)
        dialect = default if number is None else dialect_of_draft(number)
        vocabularies = metaschema.get("$vocabulary") if isinstance(metaschema, dict) else None
        return with_vocabularies(dialect, vocabularies, position)

    def _registered(self, uri: str) -> Any:
        """What the caller passed for a URI; a ``referencing.Resource`` stands for its contents."""
        for name in (uri, uri + "#"):
            if name in self._registry:
                found = self._registry[name]
                return getattr(found, "contents", found)
        return None

    def home(self, schema: int) -> Resource:
        """The resource a schema belongs to."""
        return self._homes.get(schema, self.main)

    def dialect(self, schema: int) -> Dialect:
        """The dialect a schema is written in."""
        return self.home(schema).dialect

    def entered(self, scope: Scope, schema: int) -> Scope:
        """The scope behind a reference that leads to a schema, or at an embedded resource."""
        home = self.home(schema)
        if not home.dynamic:
            return scope
        bound = dict(scope)
        for name in home.dynamic:
            bound.setdefault(name, home.number)
        return tuple(sorted(bound.items()))

    # --- resolving ----------------------------------------------------------------------------------------------------

    def resolve(self, ref: Any, schema: int, position: str, *, is_plain: bool = False) -> Target:
        """The target of the ``$ref`` at ``position`` in a schema. ``is_plain``: nothing on the way has an identifier."""
        if is_plain and not self.is_indexed and isinstance(ref, str) and is_target_of_pointer(ref):
            if ref not in self._plain:
                self._plain[ref] = self._from_root(ref)
            found = self._plain[ref]
            if found is not None:
                return found
        home, fragment = self._located(ref, schema, position)
        return self._within(home, fragment, ref, position)

    def resolve_dynamically(self, ref: Any, schema: int, position: str, scope: Scope | None, *,
                            is_recursive: bool) -> Target | None:
        """The target of a ``$dynamicRef`` (or ``$recursiveRef``); None where it depends on a scope and none is given."""
        home, fragment = self._located(ref, schema, position)
        if is_recursive and fragment:
            raise SchemaError(f'"$recursiveRef" is {ref!r:.60}', position=position, because='it must be "#"')
        name = "" if is_recursive else unquote(fragment)
        if name not in home.dynamic or (not name and not is_recursive):
            return self._within(home, fragment, ref, position)
        if name in self.main.dynamic:  # the root is the outermost of all
            return self.main.dynamic[name]
        if scope is None:
            return None
        return self._numbered[dict(scope).get(name, home.number)].dynamic[name]

    def _located(self, ref: Any, schema: int, position: str) -> tuple[Resource, str]:
        """The resource and the fragment that a reference names."""
        keyword = position.rsplit("/", 1)[1]
        if not isinstance(ref, str):
            raise SchemaError(f'"{keyword}" is {ref!r:.40}', position=position, because="it must be a string")
        self.index()
        home = self.home(schema)
        if ref.startswith("#"):
            return home, ref[1:]
        try:
            uri, fragment = urldefrag(urljoin(home.base, ref))
        except ValueError as error:
            raise SchemaError(f'"{keyword}" is {ref!r:.60}', position=position, because=str(error)) from None
        return self._find(uri, ref, keyword, position), fragment

    def _from_root(self, ref: str) -> Target | None:
        """The target of a JSON Pointer, unless an embedded identifier lies on the way or it leads nowhere."""
        target, pointer = self.main.root, "#"
        for token in unquote(ref[1:]).split("/")[1:]:
            if not isinstance(target, dict) or (token := unescaped(token)) not in target or (
                    target is not self.main.root and identifier(target, self.main.dialect)):
                return None
            target, pointer = target[token], f"{pointer}/{token}"
        return Target(target, pointer)

    def _find(self, uri: str, ref: str, keyword: str, position: str) -> Resource:
        found = self._resources.get(uri) or self._resources.get(uri.rstrip("#"))
        if found is not None:
            return found
        contents = self._registered(uri)
        if contents is None:
            contents = bundled(uri)
        if contents is None:
            raise UnsupportedSchemaError(f'"{keyword}" leads outside the schema, to {ref!r:.80}', keyword=keyword,
                                         position=position, because="nothing is downloaded or read from disk",
                                         instead="embed the target, or pass it in registry={uri: schema}")
        resource = self._resource(contents, uri, uri + "#", self.main.dialect)
        self._resources[uri] = resource
        self._index(resource)
        return resource

    def _within(self, home: Resource, fragment: str, ref: str, position: str) -> Target:
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
            token = unescaped(token)
            if isinstance(target, dict) and token in target:
                target = target[token]
            elif isinstance(target, list) and token.isdecimal() and token.isascii() and int(token) < len(target):
                target = target[int(token)]
            else:
                raise SchemaError(f"{ref!r:.80} leads nowhere", position=position, because=f"there is no {pointer}")
            home = self._homes.get(id(target), home)
        if isinstance(target, dict) and id(target) not in self._homes:  # below a keyword that holds no schemas
            self._walk(target, home, pointer)
        return Target(target, pointer)

    # --- identifiers --------------------------------------------------------------------------------------------------

    def index(self) -> None:
        """Find every identifier of the document, once."""
        if not self.is_indexed:
            self.is_indexed = True
            self._index(self.main)

    def _index(self, resource: Resource) -> None:
        root = resource.root
        if isinstance(root, dict):
            name = identifier(root, resource.dialect)
            if name and not name.startswith("#"):
                resource.base = urldefrag(urljoin(resource.base, name))[0]
            elif name:
                resource.anchors[name[1:]] = Target(root, resource.pointer)
            self._resources.setdefault(resource.base, resource)
        self._walk(root, resource, resource.pointer)

    def _walk(self, root: Any, resource: Resource, pointer: str) -> None:
        stack: list[tuple[Any, Resource, str]] = [(root, resource, pointer)]
        while stack:
            node, home, pointer = stack.pop()
            if not isinstance(node, dict) or id(node) in self._homes:
                continue
            home = self._homes[id(node)] = self._enter(node, home, pointer)
            for keyword, value in node.items():
                if isinstance(value, dict):
                    if keyword in ONE:
                        stack.append((value, home, f"{pointer}/{keyword}"))
                    elif keyword in NAMED:
                        stack.extend([(child, home, f"{pointer}/{keyword}/{escaped(name)}")
                                      for name, child in value.items()])
                elif keyword in MANY and isinstance(value, list):
                    stack.extend([(child, home, f"{pointer}/{keyword}/{i}") for i, child in enumerate(value)])

    def _enter(self, node: dict[str, Any], home: Resource, pointer: str) -> Resource:
        """The resource a node belongs to, opening one where the node has its own identifier."""
        dialect = self._dialect_of(node, pointer, home.dialect) if node is not home.root else home.dialect
        name = identifier(node, dialect) if node is not home.root else None
        if name is not None and not ("$ref" in node and dialect.ref_stands_alone):
            try:
                base, fragment = (home.base, name[1:]) if name.startswith("#") else urldefrag(urljoin(home.base, name))
            except ValueError:
                return home
            if base != home.base:
                home = self._resource(node, base, pointer, home.dialect)
                self._resources.setdefault(base, home)
            if fragment:
                home.anchors[fragment] = Target(node, pointer)
        for keyword in ("$anchor", "$dynamicAnchor"):
            anchor = node.get(keyword)
            if isinstance(anchor, str):
                home.anchors[anchor] = Target(node, pointer)
                if keyword == "$dynamicAnchor" and dialect.draft >= 2020:
                    home.dynamic[anchor] = Target(node, pointer)
        if node is home.root and node.get("$recursiveAnchor") is True:
            home.dynamic[""] = Target(node, pointer)
        return home


def identifier(node: dict[str, Any], dialect: Dialect) -> str | None:
    """What a schema calls itself."""
    name = node.get("$id" if dialect.draft > 4 else "id")
    if name is None and not dialect.is_declared:
        name = node.get("id") if isinstance(node.get("id"), str) and "://" in node["id"] else None
    return name if isinstance(name, str) else None


def bundled(uri: str) -> Any:
    """A metaschema of json-schema.org, from the package that jsonschema takes them from; None for any other URI."""
    if "://json-schema.org/draft" not in uri:
        return None
    from jsonschema_specifications import REGISTRY

    found = REGISTRY.get(uri)
    return None if found is None else found.contents
