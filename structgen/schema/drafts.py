"""Which keywords count in a schema: those of its draft, less those of vocabularies that its dialect leaves out.

In: what ``$schema`` says, or the caller. Out: a ``Dialect``. Where neither says anything, the keywords of all drafts count:
people write them without naming a draft, and drafts seldom disagree on what one means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from structgen.errors import UnsupportedSchemaError

DRAFTS = {"draft-03": 3, "draft-04": 4, "draft-06": 6, "draft-07": 7, "2019-09": 2019, "2020-12": 2020}
SINCE = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "then": 7, "else": 7, "contentEncoding": 7,
    "contentMediaType": 7, "dependentRequired": 2019, "dependentSchemas": 2019, "unevaluatedProperties": 2019,
    "unevaluatedItems": 2019, "minContains": 2019, "maxContains": 2019, "$recursiveRef": 2019, "prefixItems": 2020,
    "$dynamicRef": 2020,
}
UNTIL = {"divisibleBy": 3, "disallow": 3, "extends": 3, "$recursiveRef": 2019}
"""The first and the last draft of a keyword that some draft lacks; ``dependencies`` lives on in practice."""

VOCABULARIES = {
    "applicator": ("prefixItems", "items", "additionalItems", "contains", "additionalProperties", "properties",
                   "patternProperties", "dependentSchemas", "propertyNames", "if", "then", "else", "allOf", "anyOf",
                   "oneOf", "not", "dependencies"),
    "unevaluated": ("unevaluatedItems", "unevaluatedProperties"),
    "validation": ("type", "const", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
                   "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
                   "minContains", "maxProperties", "minProperties", "required", "dependentRequired"),
    "format": ("format",), "content": ("contentEncoding", "contentMediaType", "contentSchema"), "core": (),
    "meta-data": (), "format-annotation": ("format",), "format-assertion": ("format",),
}
"""What the vocabularies of drafts 2019-09 and 2020-12 hold."""
FORMATS = ("format", "format-annotation", "format-assertion")


class Dialect(NamedTuple):
    """How a schema is to be read; ``hidden`` are keywords that mean nothing in it."""

    draft: int = 2020
    is_declared: bool = False
    hidden: frozenset[str] = frozenset()

    @property
    def ref_stands_alone(self) -> bool:
        """Whether a ``$ref`` hides what is beside it."""
        return self.draft < 2019


UNDECLARED = Dialect()


@cache
def dialect_of_draft(draft: int) -> Dialect:
    """The dialect of all keywords of a draft."""
    return Dialect(draft, True, frozenset({keyword for keyword, first in SINCE.items() if draft < first} |
                                          {keyword for keyword, last in UNTIL.items() if draft > last}))


def draft_of(uri: str) -> int | None:
    """The draft that the URI of a metaschema names, or None."""
    return next((number for name, number in DRAFTS.items() if name in uri), None)


def with_vocabularies(dialect: Dialect, vocabularies: Any, position: str) -> Dialect:
    """The dialect without the keywords of vocabularies that its metaschema leaves out."""
    if not isinstance(vocabularies, Mapping) or dialect.draft < 2019:
        return dialect
    base = f"https://json-schema.org/draft/{'2019-09' if dialect.draft == 2019 else '2020-12'}/vocab/"
    names = set()
    for uri, is_needed in vocabularies.items():
        name = str(uri).removeprefix(base)
        if name in VOCABULARIES:
            names.add(name)
        elif is_needed is True:
            raise UnsupportedSchemaError(f"the schema needs the vocabulary {str(uri)!r:.80}", keyword="$vocabulary",
                                         position=position, because="what its keywords mean is not known",
                                         instead="leave that vocabulary out of the metaschema, or mark it as optional")
    if dialect.draft == 2019 and "applicator" in names:
        names.add("unevaluated")
    if not names.isdisjoint(FORMATS):
        names.update(FORMATS)
    left_out = {keyword for name, keywords in VOCABULARIES.items() if name not in names for keyword in keywords}
    return dialect._replace(hidden=dialect.hidden | left_out)
