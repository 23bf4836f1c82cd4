"""JSON Schema, read lazily: raw subschemas in, one ``Schema`` per conjunction of them out.

What comes in is the schema as Python values or JSON text. ``Reader.expand`` turns a ``Link`` (the raw subschemas that a
value must satisfy all at once) into facets, one level deep; children stay links, and links are memoised, so recursive
schemas end. ``$ref`` and ``allOf`` only add raw schemas to the conjunction and need no recursion here.

Nothing is downloaded: a ``$ref`` reaches inside the schema, or a schema that the caller passes in ``registry``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NoReturn

from structgen.errors import LimitExceededError, SchemaError, UnsatisfiableError, UnsupportedSchemaError
from structgen.limits import Limits
from structgen.schema.drafts import Dialect
from structgen.schema.gathered import Gathered
from structgen.schema.keywords import KEYWORDS, TYPES
from structgen.schema.merge import unite
from structgen.schema.nodes import ANY, ANYTHING, NEVER, NOTHING, Link, Schema, StringFacet
from structgen.schema.plain import plain_schema
from structgen.schema.references import References, Scope, escaped
from structgen.schema.settle import PLAIN, Contradiction, settle
from structgen.schema.text import too_deep

FORMATS = ("date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6",
           "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer",
           "relative-json-pointer", "regex")
"""The formats that drafts 4 to 2020-12 define; any other name is an annotation."""
IN_PLACE_DEPTH = 60
"""``anyOf`` within ``anyOf`` (references followed) at most: each takes several Python frames of about 1,000."""

TYPE_RAWS = {bits: {"type": name} for name, bits in TYPES.items()}
"""Schemas that ask for one type and nothing else share a link, the bits of the type: most leaves are of this kind."""
TYPE_SCHEMAS: dict[Link, Schema] = {(bits,): PLAIN[bits] for bits in TYPE_RAWS}
ALL_KEYWORDS = frozenset(KEYWORDS)
NOT_TYPE = ALL_KEYWORDS - {"type"}
TYPE_LINKS: dict[str, Link] = {name: (bits,) for name, bits in TYPES.items()}
EXPANDED: dict[Link, Schema] = {ANYTHING: ANY, NOTHING: NEVER, **TYPE_SCHEMAS}


@cache
def formats_without(formats: frozenset[str]) -> frozenset[str]:
    """The formats that are not among these."""
    return frozenset(FORMATS) - formats


class InPlaceCycleError(SchemaError):
    """A schema that refers to itself without going down into a value."""


class ScopesNeeded(Exception):
    """A dynamic reference whose target depends on the way to it: the schema has to be read anew, with scopes."""


class Made(dict[str, Any]):
    """A raw schema that the text does not spell: no draft hides its keywords, and its subschemas are ``Linked``."""


class Linked:
    """A link that stands for a subschema of a ``Made`` schema."""

    def __init__(self, link: Link) -> None:
        self.link = link


class Reader:
    """One schema being read; ``root`` links to the whole of it."""

    def __init__(self, schema: Any, limits: Limits, *, draft: int | None = None, formats: frozenset[str] = frozenset(),
                 assert_formats: bool = True, registry: Mapping[str, Any] | None = None,
                 refuse_unsupported: bool = True, asserts_content: bool = False, scoped: bool = False) -> None:
        self._schema = schema
        self.limits = limits
        self.refuse_unsupported, self.asserts_content = refuse_unsupported, asserts_content
        self.references = References(schema, registry, draft)
        self.dialect = self.references.main.dialect
        self.draft = self.dialect.draft
        self.asserted_formats = formats if assert_formats else frozenset[str]()
        self.refused_formats = formats_without(formats) if assert_formats else frozenset[str]()
        self.unenforced: dict[str, None] = {}
        self.widenings = 0
        """Goes up wherever the schema in hand may hold more than its text says: then it must not be taken away."""
        self._widened: set[Link] = set()
        self.contradictions: list[Contradiction] = []
        self.steps = 0
        self.judge: Callable[[StringFacet], bool] | None = None
        """Tells whether provably no string satisfies a facet with tests: patterns are not known here."""
        self.looks_closely = False
        """Whether the judge is asked."""
        self._judged: dict[StringFacet, bool] = {}
        self.raws: dict[int, dict[str, Any]] = TYPE_RAWS.copy()
        self.where: dict[int, tuple[int, str, str | None, int]] = {}
        self._expanded: dict[Link, Schema] = EXPANDED.copy()
        self._active: set[Link] = set()
        self._negations: dict[Link, Link] = {}
        self._negated: dict[int, frozenset[int]] = {}
        self._scopes: dict[int, Scope] | None = {} if scoped else None
        self._scoped: dict[tuple[int, Scope], int] = {}
        self._sources: dict[int, int] = {}
        if scoped:
            self.references.index()
        self.root = self.link(schema, 0, "", None)

    # --- raw schemas --------------------------------------------------------------------------------------------------

    def link(self, raw: Any, parent: int, keyword: str, name: str | None, scope: Scope | None = None) -> Link:
        """The link to a raw subschema at ``parent``/``keyword``/``name``; a bare ``$ref`` leads to its target."""
        if raw.__class__ is not dict:
            if raw is True:
                return ANYTHING
            if raw is False:
                return NOTHING
            if raw.__class__ is Linked:
                return raw.link
            if not isinstance(raw, dict):
                raise SchemaError(f"{shown(raw)} is not a schema", position=self._child_pointer(parent, keyword, name),
                                  because="a schema is an object, true or false")
        name_of_type = raw.get("type")
        if name_of_type.__class__ is str and name_of_type in TYPE_LINKS and NOT_TYPE.isdisjoint(raw) and \
                "type" not in self.dialect.hidden:
            return TYPE_LINKS[name_of_type]
        number = id(raw) if self._scopes is None else self._scoped_key(raw, parent, scope)
        where = self.where
        if number not in where:
            depth = where[parent][3] + 1 if parent else 0
            if depth > self.limits.schema_depth:
                raise too_deep(self.limits, self._child_pointer(parent, keyword, name))
            where[number] = (parent, keyword, name, depth)
            self.raws[number] = raw
            if parent and "$schema" in raw:
                self.references.index()
        if "$ref" in raw and (len(raw) == 1 or self._only_ref(raw, number)):
            return self.follow(raw, number)
        return ANYTHING if ALL_KEYWORDS.isdisjoint(raw) else (number,)

    def _scoped_key(self, raw: dict[str, Any], parent: int, scope: Scope | None) -> int:
        """The key of a raw schema in a scope; ``scope`` None: that of the parent, or of a resource that begins here."""
        assert self._scopes is not None
        source = id(raw)
        if scope is None:
            scope = self._scopes.get(parent, ())
            if not parent or self.references.home(source).root is raw:
                scope = self.references.entered(scope, source)
        if not scope:
            return source
        key = self._scoped.setdefault((source, scope), (1 << 64) + len(self._scoped))
        self._scopes[key], self._sources[key] = scope, source
        return key

    def source(self, key: int) -> int:
        """The Python id of the raw schema that a key stands for, whatever its scope."""
        return self._sources.get(key, key)

    def visible(self, key: int) -> dict[str, Any]:
        """A raw schema without the keywords that mean nothing in its dialect."""
        raw, dialect = self.raws[key], self.dialect_of(key)
        if dialect.ref_stands_alone and "$ref" in raw:
            return {"$ref": raw["$ref"]}
        if raw.__class__ is Made or dialect.hidden.isdisjoint(raw):
            return raw
        return {keyword: value for keyword, value in raw.items() if keyword not in dialect.hidden}

    def dialect_of(self, key: int) -> Dialect:
        """The dialect that the raw schema of a key is written in."""
        return self.references.dialect(self.source(key)) if self.references.is_mixed else self.dialect

    def child(self, gathered: Gathered, keyword: str, raw: Any, name: str | None = None) -> Link:
        """The link to a subschema of the raw schema being read."""
        return self.link(raw, gathered.id, keyword, name)

    def schema_list(self, gathered: Gathered, keyword: str, value: Any) -> list[Link]:
        """The links to a list of subschemas."""
        if not isinstance(value, (list, tuple)) or not value:
            raise self.malformed(gathered, keyword, value, "a non-empty list of schemas")
        return [self.link(raw, gathered.id, keyword, str(i)) for i, raw in enumerate(value)]

    def value_link(self, gathered: Gathered, value: Any) -> Link:
        """The link to the schema of exactly this value."""
        return self.synthetic({"const": value}, gathered.id)

    def synthetic(self, keywords: dict[str, Any], parent: int) -> Link:
        """The link to a schema that the text does not spell; errors point at ``parent``."""
        raw = Made(keywords)
        depth = self.where[parent][3] + 1 if parent else 0
        if depth > self.limits.schema_depth:
            raise too_deep(self.limits, self.pointer(parent))
        self.raws[id(raw)] = raw
        self.where[id(raw)] = (parent, "", None, depth)
        if self._scopes is not None:
            self._scopes[id(raw)] = self._scopes.get(parent, ())
        return (id(raw),)

    def either(self, links: list[Link], parent: int) -> Link:
        """The link to what satisfies one of the links at least."""
        if ANYTHING in links:
            return ANYTHING
        links = [link for link in dict.fromkeys(links) if link != NOTHING]
        if len(links) < 2:
            return links[0] if links else NOTHING
        return self.synthetic({"anyOf": [Linked(link) for link in links]}, parent)

    def negation(self, link: Link, parent: int) -> Link:
        """The link to what does not satisfy ``link``."""
        if link == ANYTHING:
            return NOTHING
        if link == NOTHING:
            return ANYTHING
        if len(link) == 1 and link[0] in self._negated:
            return tuple(sorted(self._negated[link[0]]))
        known = self._negations.get(link)
        if known is None:
            known = self.synthetic({"not": Linked(link)}, parent)
            self._negations[link] = known
            self._negated[known[0]] = frozenset(link)
        return known

    def _only_ref(self, raw: dict[str, Any], key: int) -> bool:
        return self.dialect_of(key).ref_stands_alone or not any(name != "$ref" and name in KEYWORDS for name in raw)

    def follow(self, raw: dict[str, Any], key: int) -> Link:
        """The link to where the ``$ref`` of ``raw`` leads, through further bare references."""
        chain = 0
        seen = {key}
        while True:
            chain += 1
            if chain > self.limits.ref_chain:
                raise LimitExceededError(f"a chain of more than {self.limits.ref_chain} references", limit="ref_chain",
                                         position=self.pointer(key) + "/$ref")
            is_plain = self._scopes is None and not self.references.is_indexed and not self.is_identified(key)
            target, pointer = self.references.resolve(raw["$ref"], self.source(key), self.pointer(key) + "/$ref",
                                                      is_plain=is_plain)
            if not isinstance(target, dict) or "$ref" not in target:
                return self._target_link(target, pointer, key)
            scope = self._scope_behind(target, key)
            new = id(target) if scope is None else self._scoped_key(target, 0, scope)
            if not (len(target) == 1 or self._only_ref(target, new)):
                return self._target_link(target, pointer, key)
            if new in seen:
                raise InPlaceCycleError("references go round in a circle", position=pointer + "/$ref",
                                        because="the schema is defined as itself, which says nothing")
            seen.add(new)
            raw, key = target, new
            self.where.setdefault(key, (0, pointer, None, pointer.count("/")))
            self.raws[key] = raw

    def follow_dynamically(self, raw: dict[str, Any], key: int, keyword: str) -> Link:
        """The link to where the ``$dynamicRef`` or ``$recursiveRef`` of ``raw`` leads in the scope of ``key``."""
        scope = None if self._scopes is None else self._scopes.get(key, ())
        target = self.references.resolve_dynamically(raw[keyword], self.source(key), f"{self.pointer(key)}/{keyword}",
                                                     scope, is_recursive=keyword == "$recursiveRef")
        if target is None:
            raise ScopesNeeded
        return self._target_link(*target, key)

    def _scope_behind(self, target: Any, key: int) -> Scope | None:
        """The scope at the target of a reference in the schema ``key``."""
        return None if self._scopes is None else self.references.entered(self._scopes.get(key, ()), id(target))

    def _target_link(self, target: Any, pointer: str, key: int) -> Link:
        scope = None
        if isinstance(target, dict) and target:
            scope = self._scope_behind(target, key)
            number = id(target) if scope is None else self._scoped_key(target, 0, scope)
            if number not in self.where:
                depth = pointer.count("/")
                if depth > self.limits.schema_depth:
                    raise too_deep(self.limits, pointer)
                self.where[number] = (0, pointer, None, depth)
                self.raws[number] = target
        elif not isinstance(target, (dict, bool)):
            raise SchemaError(f"{shown(target)} is not a schema", position=pointer,
                              because="a reference leads here, and a schema is an object, true or false")
        return self.link(target, 0, pointer, None, scope)

    # --- conjunctions -------------------------------------------------------------------------------------------------

    def expand(self, link: Link) -> Schema:
        """The schema of what satisfies every raw schema of the link."""
        known = self._expanded.get(link)
        if known is not None:
            self.widenings += link in self._widened
            return known
        if len(link) > 1 and self._negated and self._contradicts_itself(link):
            self._expanded[link] = NEVER
            return NEVER
        if link in self._active:
            raise InPlaceCycleError("the schema refers to itself without going down into the value",
                                    position=self.pointer(link[0]), because="no value decides such a schema")
        if len(self._active) >= IN_PLACE_DEPTH:
            raise LimitExceededError(f"more than {IN_PLACE_DEPTH} alternatives within alternatives", limit="schema_depth",
                                     position=self.pointer(link[0]), instead="flatten the schema")
        plain = plain_schema(self, link[0]) if len(link) == 1 and not self.references.is_mixed else None
        if plain is not None:
            self.steps += 1
            if self.steps > self.limits.schema_nodes:
                self._out_of_steps(link[0])
            self._expanded[link] = plain
            return plain
        self._active.add(link)
        before = self.widenings
        try:
            gathered = self._gather(link)
            schema = settle(self, gathered)
        finally:
            self._active.discard(link)
        if self.widenings > before:
            self._widened.add(link)
        self._expanded[link] = schema
        return schema

    def _contradicts_itself(self, link: Link) -> bool:
        """Whether a conjunction asks for something and for its opposite."""
        return any(key in self._negated and self._negated[key].issubset(link) for key in link)

    def _gather(self, link: Link) -> Gathered:
        gathered = Gathered(list(link))
        queue, raws = gathered.queue, self.raws
        dialect, references = self.dialect, self.references
        for key in queue:
            raw = raws[key]
            self.steps += 1
            if self.steps > self.limits.schema_nodes:
                self._out_of_steps(key)
            if references.is_mixed:  # a reference may have met another dialect on the way
                dialect = self.dialect_of(key)
            if dialect.hidden and raw.__class__ is not Made and not dialect.hidden.isdisjoint(raw):
                raw = {keyword: value for keyword, value in raw.items() if keyword not in dialect.hidden}
            gathered.raw, gathered.id = raw, key
            if dialect.ref_stands_alone and "$ref" in raw:
                KEYWORDS["$ref"](self, gathered, raw["$ref"])
                continue
            for keyword, value in raw.items():
                handler = KEYWORDS.get(keyword)
                if handler is not None:
                    handler(self, gathered, value)
        return gathered

    def conjoin(self, gathered: Gathered, link: Link) -> None:
        """Add a link to the conjunction being read."""
        parents = gathered.parents
        if parents is None:
            parents = gathered.parents = dict.fromkeys(gathered.queue, 0)
        for key in link:
            if key == 0:
                gathered.types = 0
            elif key not in parents:
                parents[key] = gathered.id
                gathered.queue.append(key)
            else:
                ancestor = gathered.id
                while ancestor:
                    if ancestor == key:
                        raise InPlaceCycleError("the schema refers to itself without going down into the value",
                                                position=self.pointer(key), because="no value decides such a schema")
                    ancestor = parents[ancestor]

    def union(self, links: list[Link]) -> Schema:
        """The schema of what satisfies one of the links at least."""
        return unite([self.expand(link) for link in links])

    def is_empty(self, link: Link) -> bool:
        """Whether provably nothing satisfies the link; a link that is being expanded counts as not empty."""
        if link in self._expanded or link not in self._active:
            try:
                schema = self.expand(link)
            except InPlaceCycleError:
                return False
            if not any(schema):
                return True
            return self.looks_closely and not any(schema._replace(strings=())) and \
                all(map(self.holds_no_string, schema.strings))
        return False

    def holds_no_string(self, facet: StringFacet) -> bool:
        """Whether provably no string satisfies the facet; asks the judge whom the format has set, and remembers."""
        if not facet.tests or self.judge is None:
            return False
        known = self._judged.get(facet)
        if known is None:
            self.steps += 1
            known = self._judged[facet] = self.judge(facet)
        return known

    # --- budgets, positions, errors -----------------------------------------------------------------------------------

    def charge(self, steps: int, gathered: Gathered) -> None:
        """Pay for work that grows with the schema."""
        self.steps += steps
        if self.steps > self.limits.schema_nodes:
            self._out_of_steps(gathered.id)

    def _out_of_steps(self, key: int) -> NoReturn:
        raise LimitExceededError(f"more than {self.limits.schema_nodes:,} schema nodes, references followed",
                                 limit="schema_nodes", position=self.pointer(key))

    def pointer(self, key: int) -> str:
        """The JSON Pointer of a raw schema; that of the whole schema for a plain type, which many places share."""
        tokens: list[str] = []
        while key in self.where:
            parent, keyword, name, _ = self.where[key]
            if name is not None:
                tokens.append(escaped(name))
            if keyword:
                tokens.append(keyword)
            key = parent
        if tokens and not tokens[-1].startswith("#") and ":" not in tokens[-1]:
            tokens.append("#")
        return "/".join(reversed(tokens)) or "#"

    def is_identified(self, key: int) -> bool:
        """Whether the raw schema, or one it lies in below the root, has an identifier of its own."""
        while key:
            raw = self.raws[key]
            if raw is not self._schema and ("$id" in raw or "id" in raw) and (
                    isinstance(raw.get("$id"), str) or isinstance(raw.get("id"), str)):
                return True
            key = self.where[key][0]
        return False

    def _child_pointer(self, parent: int, keyword: str, name: str | None) -> str:
        token = keyword if name is None else f"{keyword}/{name}"
        return f"{self.pointer(parent)}/{token}" if token else self.pointer(parent)

    def malformed(self, gathered: Gathered, keyword: str, value: Any, wanted: str) -> SchemaError:
        """The error for a keyword value that has the wrong form."""
        return SchemaError(f'"{keyword}" is {shown(value)}', position=f"{self.pointer(gathered.id)}/{keyword}",
                           because=f"it must be {wanted}")

    def check_text(self, gathered: Gathered, keyword: str, text: Any) -> None:
        """Raise unless the value is a string without lone surrogates."""
        if not isinstance(text, str):
            raise self.malformed(gathered, keyword, text, "made of strings")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SchemaError(f'"{keyword}" holds a lone surrogate: {shown(text)}',
                              position=f"{self.pointer(gathered.id)}/{keyword}",
                              because="no UTF-8 text can spell it") from None

    def refuse(self, gathered: Gathered, keyword: str, what: str, *, because: str, instead: str) -> None:
        """Raise for a constraint that cannot be enforced, or note it where the caller chose to check afterwards."""
        self.refuse_at(gathered.id, keyword, what, because=because, instead=instead)

    def refuse_at(self, key: int, keyword: str, what: str, *, because: str, instead: str) -> None:
        """``refuse`` for the raw schema ``key``."""
        if self.refuse_unsupported:
            raise UnsupportedSchemaError(what, keyword=keyword, position=self.pointer(key), because=because,
                                         instead=instead)
        self.unenforced[f"{self.pointer(key)}: {keyword}"] = None
        self.widenings += 1

    def too_many(self, gathered: Gathered, keyword: str, count: int) -> LimitExceededError:
        """The error for keywords that multiply into too many alternatives."""
        return LimitExceededError(f'"{keyword}" and the keywords beside it combine into {count:,} alternatives',
                                  limit="schema_nodes", position=self.pointer(gathered.id),
                                  instead="merge the alternatives by hand")

    def unsatisfiable(self) -> UnsatisfiableError:
        """The error for a schema that nothing satisfies, naming the last contradiction met on the way."""
        for contradiction in reversed(self.contradictions[:]):  # finding the words may find more of them
            reason = contradiction.reason(self)
            if reason:
                return UnsatisfiableError("no value can satisfy the schema", position=self.pointer(contradiction.origin),
                                          because=reason)
        return UnsatisfiableError("no value can satisfy the schema", position="#")


def shown(value: Any) -> str:
    """The value, short enough for a message."""
    if isinstance(value, (dict, list, tuple)):
        return ("an object" if isinstance(value, dict) else "a list") if value else "empty"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return ascii(value[:40] + "..." * (len(value) > 40))
    return f"{value}"[:60] if isinstance(value, (int, float, Decimal)) else f"a Python {type(value).__name__}"
