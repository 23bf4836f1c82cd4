"""Schemas of the plain kind, read by the native part: objects, lists, enumerations of strings, local references, scalars.

In: a schema and how its JSON is written. Out: the grammar that ``json_schema.Reader`` and ``grammar.Writer`` would make of
it, or None for whatever is not plain: another keyword, another form of one, a contradiction, an identifier beside a
reference. Then these two read it, and find the words for what is wrong. This is only a short cut, some ten times as fast;
tests compare the two ways. Scalars are made by the same two, once for each combination of keywords.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from structgen.errors import StructgenError
from structgen.formats.json.formats import FORMAT_NAMES
from structgen.formats.json.grammar import FOREVER, Writer, any_json
from structgen.formats.json.productive import all_productive
from structgen.formats.json.spacing import Spacing, Style, spacing
from structgen.formats.json.strings import string_node
from structgen.grammar.build import NEVER, seq
from structgen.grammar.nodes import Alt, Grammar, Items, Members, Node
from structgen.limits import Limits
from structgen.schema.json_schema import Reader
from structgen.schema.keywords import KEYWORDS, TYPES
from structgen.schema.nodes import StringFacet

if TYPE_CHECKING:
    from structgen import _native
else:
    try:
        from structgen import _native
    except ImportError:  # installed without a compiler
        _native = None

AVAILABLE = _native is not None
_COMMON = "v0"
_SCALAR = ("minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_KEYWORDS = (("type",), ("properties",), ("required",), ("additionalProperties",), ("items",), ("minItems",), ("maxItems",),
             ("enum",), ("$ref",), ("anyOf",), ("oneOf",), _SCALAR, ("$id", "id"), ("$schema",))
"""In the order of Keyword in native/schemas.cpp; all others are the last of them."""
_ANNOTATIONS = ("contentEncoding", "contentMediaType")
REMEMBERED = 4096
"""Scalars read by one reader."""
LEAST_DEPTH = 60
"""Of ``schema_depth`` and ``ref_chain``; the native part goes less deep."""

Slow = Callable[[], Grammar]
"""The grammar of the same schema as the readable way makes it."""


class QuickReader:
    """Reads the schemas of one dialect for one style; see the module."""

    def __init__(self, style: Style, draft: int | None, declared: str | None, asserts: bool, limits: Limits) -> None:
        self.limits = limits
        self._style, self._draft, self._declared, self._asserts = style, draft, declared, asserts
        self._fresh()
        dialect = self._reader.dialect
        self._space: Spacing = spacing(style.whitespace, style.separators)
        self._any = any_json(style, dialect.draft <= 4)
        members = next(option for option in _options(self._any) if isinstance(option, Members))
        items = next(option for option in _options(self._any) if isinstance(option, Items))
        kinds = dict.fromkeys(KEYWORDS, len(_KEYWORDS))
        kinds.update((name, kind) for kind, names in enumerate(_KEYWORDS) for name in names)
        for name in (*dialect.hidden, *_ANNOTATIONS):
            kinds.pop(name, None)
        self._native = _native.SchemaReader(kinds, TYPES, members, items, Alt(()), members.other, dialect.ref_stands_alone,
                                            self._scalar, self._values)

    def grammar(self, schema: Any, slow: Slow) -> Grammar | None:
        """The grammar of the valid texts; None where the schema is not plain."""
        found = self._native.read(schema, self.limits.schema_nodes // 2)
        if found is None:
            return None
        start, rules, origins = found
        pruned = not rules or all_productive(rules, _COMMON)
        around = self._space.around
        return Grammar(seq(around, start, around), {_COMMON: self._any, **rules}, (), {_COMMON: "#", **origins}, _COMMON,
                       pruned, lambda is_empty: _why(slow(), is_empty))

    def _scalar(self, types: int, keywords: tuple[Any, ...]) -> Node | None:
        """The node of some scalar types under some keywords; None where these say nothing plain."""
        raw: dict[str, Any] = {"type": [name for name, bits in TYPES.items() if bits & types == bits]}
        raw.update(zip(keywords[::2], keywords[1::2], strict=True))
        if len(self._reader.raws) > REMEMBERED:
            self._fresh()
        try:
            node = self._writer.node(self._reader.link(raw, 0, "", None), FOREVER)
        except StructgenError:
            node = NEVER
        if node is NEVER:
            self._fresh()
            return None
        return node

    def _fresh(self) -> None:
        """Forgets the scalars: none of them must be read beside one that failed."""
        root = {} if self._declared is None else {"$schema": self._declared}
        self._reader = Reader(root, self.limits, draft=self._draft, formats=FORMAT_NAMES, assert_formats=self._asserts)
        self._writer = Writer(self._reader, self.limits, self._style, max_depth=None)

    def _values(self, values: tuple[str, ...]) -> Node:
        return string_node(StringFacet(tuple(dict.fromkeys(values))), self._style.encoding, self.limits)


def _options(node: Node) -> tuple[Node, ...]:
    assert isinstance(node, Alt)
    return node.options


def _why(grammar: Grammar, is_empty: Callable[[Node], bool]) -> StructgenError:
    assert grammar.why_empty is not None
    return grammar.why_empty(is_empty)
