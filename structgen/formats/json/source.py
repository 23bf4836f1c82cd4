"""``JsonSchema``: a JSON Schema as a source of grammars.

In: a schema as a dict, a bool, or JSON text; and how the JSON may be written. Out, from ``to_grammar``: the grammar of
exactly the JSON texts that are valid, in the stated spellings (numbers: see ``numbers``; strings, white space and member
order: see the fields; lone surrogates are never written). What cannot be enforced is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from structgen.errors import SchemaError
from structgen.formats.json.formats import FORMAT_NAMES
from structgen.formats.json.grammar import Writer
from structgen.formats.json.quick import AVAILABLE, LEAST_DEPTH, QuickReader
from structgen.formats.json.spacing import Style
from structgen.formats.json.strings import holds_nothing
from structgen.grammar.nodes import Encoding, Grammar
from structgen.limits import Limits
from structgen.schema.drafts import DRAFTS
from structgen.schema.json_schema import Reader, ScopesNeeded
from structgen.schema.text import read_schema_text

WhiteSpace = Literal["bounded", "compact", "flexible"]
_SPACES = " \t\r\n"
_READERS: dict[tuple[Any, ...], QuickReader] = {}
"""By the options and the dialect of a schema; what they remember of scalars serves further schemas."""
_READERS_KEPT = 64


@dataclass(frozen=True, slots=True, eq=False)
class JsonSchema:
    """JSON that is valid against a JSON Schema (drafts 4 to 2020-12).

    ``schema`` is not copied: do not change it while the object is in use.
    """

    schema: dict[str, Any] | bool | str | bytes
    _: Any = None
    whitespace: WhiteSpace = "bounded"
    """Inside containers: ``bounded`` nothing, one space, or a line break and at most 40 spaces or tabs; ``compact``
    nothing; ``flexible`` whatever RFC 8259 allows, also around the whole text."""
    property_order: Literal["schema", "any"] = "schema"
    """Listed properties in the order of the schema (others behind them), or in any order. Never twice, either way."""
    formats: Literal["assert", "annotation"] = "assert"
    """Whether ``format`` constrains. A name that JSON Schema does not define never does."""
    content: Literal["annotation", "assert"] = "annotation"
    """Whether ``contentEncoding`` constrains (base64 and the like), and ``contentMediaType``, which is then refused."""
    registry: Mapping[str, Any] | None = None
    """Schemas that a ``$ref`` may lead to, by URI. Nothing is ever downloaded."""
    draft: int | str | None = None
    """4, 6, 7, 2019 or 2020; None: what ``$schema`` says, else 2020."""
    max_depth: int | None = None
    """Containers nested at most this deep; None: without a bound."""
    on_unsupported: Literal["error", "validate"] = "error"
    """``validate``: what cannot be enforced is left out and listed in ``Grammar.unenforced``, to be checked afterwards."""
    separators: tuple[str, str] | None = None
    """What stands between members or items, and behind a name, as for ``json.dumps``: ``(", ", ": ")``. Exactly these,
    and no other white space anywhere. None: what ``whitespace`` says."""
    ensure_ascii: bool = False
    """Characters beyond ASCII, and DEL, only as ``\\u`` escapes, as ``json.dumps`` writes them."""
    escapes: Literal["all", "necessary"] = "all"
    """How strings may be escaped: ``all`` of RFC 8259; or only what is ``necessary`` (quotes, backslashes, control
    characters), in the one spelling of ``json.dumps``: a short escape if there is one, else ``\\u`` and small digits."""
    exponents: bool = True
    """Whether numbers may have exponents and integers a fraction of zeros."""

    def to_grammar(self, limits: Limits, *, compares: bool = True) -> Grammar:
        """The grammar of the valid texts; raises SchemaError, or LimitExceededError when a budget runs out.

        ``compares``: items that must differ may be arrays and objects, which are compared as JSON writes them; a format that
        writes them otherwise has them refused by name.
        """
        schema = self.schema
        if isinstance(schema, (str, bytes, bytearray, memoryview)):
            self._check_options()
            schema = read_schema_text(schema if isinstance(schema, str) else bytes(schema), limits)
        if AVAILABLE and schema.__class__ is dict:
            found = self._quickly(schema, limits)
            if found is not None:
                return found
        return self._slowly(schema, limits, compares)

    def _slowly(self, schema: Any, limits: Limits, compares: bool = True) -> Grammar:
        self._check_options()
        try:
            return self._grammar(schema, limits, scoped=False, compares=compares)
        except ScopesNeeded:
            return self._grammar(schema, limits, scoped=True, compares=compares)

    def _quickly(self, schema: dict[str, Any], limits: Limits) -> Grammar | None:
        """The grammar of a plain schema under plain options; None: ``_slowly`` makes it, or says what is wrong."""
        if self.registry or self.max_depth is not None or self.on_unsupported != "error" or self._ is not None \
                or self.content != "annotation":
            return None
        declared = schema.get("$schema")
        key = (self.whitespace, self.property_order, self.formats, self.draft, self.separators, self.ensure_ascii,
               self.escapes, self.exponents, declared)
        try:
            reader = _READERS.get(key)
        except TypeError:
            return None
        if reader is None or reader.limits is not limits:
            self._check_options()
            if not isinstance(declared, str | None) or limits.schema_depth < LEAST_DEPTH or limits.ref_chain < LEAST_DEPTH:
                return None
            if len(_READERS) >= _READERS_KEPT:
                _READERS.clear()
            try:
                reader = QuickReader(self._style(), self.draft_number, declared, self.formats == "assert", limits)
            except SchemaError:
                return None
            _READERS[key] = reader
        return reader.grammar(schema, lambda: self._slowly(schema, limits))

    def checker(self) -> Callable[[str], None]:
        """A function that raises ``ReadError`` for a JSON text whose value is not valid, however it is written."""
        from structgen.formats.json.check import checker

        return checker(self)

    def format_checker(self) -> Any:
        """A judge of string formats for jsonschema, None where formats are annotations."""
        from structgen.formats.json.check import format_checker

        return format_checker() if self.formats == "assert" else None

    def _grammar(self, schema: Any, limits: Limits, *, scoped: bool, compares: bool) -> Grammar:
        reader = Reader(schema, limits, draft=self.draft_number, formats=FORMAT_NAMES,
                        assert_formats=self.formats == "assert", registry=self.registry,
                        refuse_unsupported=self.on_unsupported == "error",
                        asserts_content=self.content == "assert", scoped=scoped)
        reader.judge = lambda facet: holds_nothing(facet, limits)
        return Writer(reader, limits, self._style(), max_depth=self.max_depth, compares=compares).grammar()

    def _style(self) -> Style:
        encoding: Encoding = "json" if self.escapes == "all" else "json_necessary"
        if self.ensure_ascii:
            encoding = "json_ascii" if self.escapes == "all" else "json_necessary_ascii"
        return Style(self.whitespace, self.separators and (self.separators[0], self.separators[1]), encoding,
                     self.property_order == "schema", self.exponents)

    def _check_options(self) -> None:
        for name, allowed in (("_", (None,)), ("whitespace", ("bounded", "compact", "flexible")),
                              ("property_order", ("schema", "any")), ("formats", ("assert", "annotation")),
                              ("content", ("annotation", "assert")),
                              ("on_unsupported", ("error", "validate")), ("exponents", (True, False)),
                              ("ensure_ascii", (True, False)), ("escapes", ("all", "necessary"))):
            if getattr(self, name) not in allowed:
                raise SchemaError(f"JsonSchema({name}={getattr(self, name)!r}) is not an option",
                                  instead=f"use one of {', '.join(map(repr, allowed))}")
        if self.separators is not None:
            self._check_separators(self.separators)
        if self.max_depth is not None and (isinstance(self.max_depth, bool) or not isinstance(self.max_depth, int)
                                           or self.max_depth < 0):
            raise SchemaError(f"JsonSchema(max_depth={self.max_depth!r}) is not an option",
                              instead="use a number of levels, or None")

    def _check_separators(self, separators: Any) -> None:
        pair = tuple(separators) if isinstance(separators, (tuple, list)) else ()
        marks = tuple(part.strip(_SPACES) for part in pair if isinstance(part, str))
        if len(pair) != 2 or marks != (",", ":"):
            raise SchemaError(f"JsonSchema(separators={separators!r}) is not an option",
                              because="white space of JSON may stand around a comma and a colon, and nothing else",
                              instead='use a pair such as (", ", ": ")')
        if self.whitespace == "flexible":
            raise SchemaError('JsonSchema(separators=..., whitespace="flexible") contradicts itself',
                              because="separators are the only white space where they are given",
                              instead="leave one of the two away")

    @property
    def draft_number(self) -> int | None:
        """The draft asked for, as a number."""
        draft = self.draft
        if draft is None:
            return None
        if isinstance(draft, str):
            draft = next((number for name, number in DRAFTS.items() if draft.removeprefix("draft") in
                          (str(number), name, name.removeprefix("draft-"), name.removeprefix("draft"))), draft)
        if draft not in (4, 6, 7, 2019, 2020):
            raise SchemaError(f"JsonSchema(draft={self.draft!r}) is not a draft that is implemented",
                              instead="use 4, 6, 7, 2019 or 2020")
        return int(draft)
