"""One function per keyword of JSON Schema, with the keyword's name.

Each is called as ``keyword(reader, gathered, value)`` for the raw schema ``gathered.raw``, checks that the value has the
form the standard asks for, and adds what it asserts to ``gathered``. A keyword that constrains and cannot be enforced is
refused by name; one that is in no table here is an annotation, as the standard says of unknown keywords.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from structgen.schema.evaluated import MAX_WAYS, TooManyWays, Way, ways_of
from structgen.schema.gathered import Gathered
from structgen.schema.merge import merge_all, merge_arrays, merge_objects
from structgen.schema.nodes import (
    ALL_TYPES,
    ANY,
    ANYTHING,
    ARRAY,
    BOOLEAN,
    INTEGER,
    NOTHING,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    ArrayFacet,
    Count,
    Link,
    Number,
    ObjectFacet,
    ObjectPart,
    TextTest,
)
from structgen.schema.numbers import exact
from structgen.schema.values import schema_of_values

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

Keyword = Callable[["Reader", Gathered, Any], None]

TYPES = {"null": NULL, "boolean": BOOLEAN, "number": NUMBER, "integer": INTEGER, "string": STRING, "array": ARRAY,
         "object": OBJECT}


# --- any type ---------------------------------------------------------------------------------------------------------

def type_(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``type``: one name or a list of names."""
    bits: int | None
    if isinstance(value, str):
        bits = TYPES.get(value)
    elif isinstance(value, (list, tuple)) and value and all(isinstance(name, str) and name in TYPES for name in value):
        bits = 0
        for name in value:
            bits |= TYPES[name]
    else:
        bits = None
    if bits is None:
        raise reader.malformed(gathered, "type", value, "one of null, boolean, number, integer, string, array, object, "
                                                        "or a non-empty list of them")
    gathered.types &= bits


def enum(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``enum``: any of the values."""
    if not isinstance(value, (list, tuple)):
        raise reader.malformed(gathered, "enum", value, "a list of values")
    gathered.narrow("enum", schema_of_values(reader, gathered, "enum", value))


def const(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``const``: exactly the value."""
    gathered.narrow("const", schema_of_values(reader, gathered, "const", (value,)))


def allOf(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``allOf``: joins the conjunction."""
    for link in reader.schema_list(gathered, "allOf", value):
        reader.conjoin(gathered, link)


def anyOf(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``anyOf``: one branch at least."""
    gathered.narrow("anyOf", reader.union(reader.schema_list(gathered, "anyOf", value)))


def oneOf(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``oneOf``: settled when everything beside it is known."""
    gathered.one_ofs = (*gathered.one_ofs, (gathered.id, reader.schema_list(gathered, "oneOf", value)))


def not_(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``not``: taken away when everything beside it is known."""
    gathered.nots = (*gathered.nots, (gathered.id, reader.child(gathered, "not", value)))


def if_(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``if`` with ``then`` and ``else`` beside it; alone it asserts nothing."""
    raw = gathered.raw
    test = reader.child(gathered, "if", value)
    branches = [reader.child(gathered, name, raw[name]) if name in raw else ANYTHING for name in ("then", "else")]
    if branches != [ANYTHING, ANYTHING]:
        gathered.conditionals = (*gathered.conditionals, (gathered.id, test, branches[0], branches[1]))


def ref(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``$ref``: the target joins the conjunction."""
    reader.conjoin(gathered, reader.follow(gathered.raw, gathered.id))


def dynamic_ref(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``$dynamicRef``: the target, which depends on the way here, joins the conjunction."""
    reader.conjoin(gathered, reader.follow_dynamically(gathered.raw, gathered.id, "$dynamicRef"))


def recursive_ref(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``$recursiveRef``: the same before draft 2020-12, where there is one dynamic anchor without a name."""
    reader.conjoin(gathered, reader.follow_dynamically(gathered.raw, gathered.id, "$recursiveRef"))


# --- numbers ----------------------------------------------------------------------------------------------------------

def bound(reader: Reader, gathered: Gathered, keyword: str, value: Any) -> Number:
    number = exact(value)
    if number is None:
        raise reader.malformed(gathered, keyword, value, "a finite number of at most 5000 digits")
    gathered.numeric = gathered.id
    return number


def minimum(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``minimum``; in draft 4 ``exclusiveMinimum: true`` beside it excludes the bound."""
    gathered.at_least(bound(reader, gathered, "minimum", value), gathered.raw.get("exclusiveMinimum") is True)


def maximum(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``maximum``; in draft 4 ``exclusiveMaximum: true`` beside it excludes the bound."""
    gathered.at_most(bound(reader, gathered, "maximum", value), gathered.raw.get("exclusiveMaximum") is True)


def exclusiveMinimum(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``exclusiveMinimum``: a number, or draft 4's flag on ``minimum``."""
    if not isinstance(value, bool):
        gathered.at_least(bound(reader, gathered, "exclusiveMinimum", value), True)
    elif (dialect := reader.dialect_of(gathered.id)).draft > 4 and dialect.is_declared:
        raise reader.malformed(gathered, "exclusiveMinimum", value, "a number in this draft")


def exclusiveMaximum(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``exclusiveMaximum``: a number, or draft 4's flag on ``maximum``."""
    if not isinstance(value, bool):
        gathered.at_most(bound(reader, gathered, "exclusiveMaximum", value), True)
    elif (dialect := reader.dialect_of(gathered.id)).draft > 4 and dialect.is_declared:
        raise reader.malformed(gathered, "exclusiveMaximum", value, "a number in this draft")


def multipleOf(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``multipleOf``: an integer times the value."""
    number = bound(reader, gathered, "multipleOf", value)
    if number <= 0:
        raise reader.malformed(gathered, "multipleOf", value, "a number greater than 0")
    if number not in gathered.multiples:
        gathered.multiples = (*gathered.multiples, number)


# --- strings ----------------------------------------------------------------------------------------------------------

def count(reader: Reader, gathered: Gathered, keyword: str, value: Any) -> int:
    number = exact(value)
    if not isinstance(number, int) or number < 0:
        raise reader.malformed(gathered, keyword, value, "a non-negative integer")
    return number


def minLength(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``minLength``, in code points."""
    gathered.min_length = max(gathered.min_length, count(reader, gathered, "minLength", value))
    gathered.textual = gathered.id


def maxLength(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``maxLength``, in code points."""
    number = count(reader, gathered, "maxLength", value)
    if gathered.max_length is None or number < gathered.max_length:
        gathered.max_length = number
    gathered.textual = gathered.id


def text_test(reader: Reader, gathered: Gathered, keyword: str, kind: str, value: Any) -> None:
    if not isinstance(value, str):
        raise reader.malformed(gathered, keyword, value, "a string")
    reader.check_text(gathered, keyword, value)
    if not any(test.kind == kind and test.argument == value for test in gathered.tests):
        gathered.tests = (*gathered.tests, TextTest(kind, value, True, gathered.id))
    gathered.textual = gathered.id


def pattern(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``pattern``: an ECMA 262 regular expression, searched."""
    text_test(reader, gathered, "pattern", "pattern", value)


def format_(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``format``: asserted where the caller asks for it (the default) and the name is one that JSON Schema defines."""
    if not isinstance(value, str):
        raise reader.malformed(gathered, "format", value, "a string")
    if value in reader.asserted_formats:
        text_test(reader, gathered, "format", "format", value)
    elif value in reader.refused_formats:
        reader.refuse(gathered, "format", f'"format": "{value}" cannot be enforced while generating',
                      because="this format is not implemented",
                      instead='pass formats="annotation" to treat every format as a comment')


def from_text(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``x-structgen-from-text``: a string, or null where that is allowed, that occurs verbatim in the text."""
    gathered.types &= STRING | NULL
    text_test(reader, gathered, "x-structgen-from-text", "substring", value)


def words_from_text(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``x-structgen-words-from-text``: the same, and it cuts no word of the text in two."""
    gathered.types &= STRING | NULL
    text_test(reader, gathered, "x-structgen-words-from-text", "words", value)


ENCODINGS = {
    "base64": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "base64url": "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}(==)?|[A-Za-z0-9_-]{3}=?)?$",
    "base32": "^([A-Z2-7]{8})*([A-Z2-7]{2}={6}|[A-Z2-7]{4}={4}|[A-Z2-7]{5}={3}|[A-Z2-7]{7}=)?$",
    "base32hex": "^([0-9A-V]{8})*([0-9A-V]{2}={6}|[0-9A-V]{4}={4}|[0-9A-V]{5}={3}|[0-9A-V]{7}=)?$",
    "base16": "^([0-9A-F]{2})*$",
}
"""What RFC 4648 allows; sections 4 to 8."""


def contentEncoding(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``contentEncoding``: an annotation, unless the caller asks for more."""
    if not reader.asserts_content:
        return
    if not isinstance(value, str):
        raise reader.malformed(gathered, "contentEncoding", value, "a string")
    if value.lower() in ENCODINGS:
        text_test(reader, gathered, "contentEncoding", "pattern", ENCODINGS[value.lower()])
    elif value.lower() not in ("7bit", "8bit", "binary"):
        reader.refuse(gathered, "contentEncoding", f'"contentEncoding": {value!r:.40} cannot be enforced',
                      because="only those of RFC 4648 are implemented", instead='pass content="annotation"')


def contentMediaType(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``contentMediaType``: an annotation, unless the caller asks for more."""
    if reader.asserts_content and value != "text/plain":
        reader.refuse(gathered, "contentMediaType", '"contentMediaType" cannot be enforced while generating',
                      because="the text would have to be read inside a string",
                      instead='pass content="annotation", or ask for the content itself')


# --- arrays -----------------------------------------------------------------------------------------------------------

def minItems(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``minItems``."""
    gathered.min_items = max(gathered.min_items, count(reader, gathered, "minItems", value))
    gathered.listed = gathered.id


def maxItems(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``maxItems``."""
    number = count(reader, gathered, "maxItems", value)
    if gathered.max_items is None or number < gathered.max_items:
        gathered.max_items = number
    gathered.listed = gathered.id


def uniqueItems(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``uniqueItems``."""
    if not isinstance(value, bool):
        raise reader.malformed(gathered, "uniqueItems", value, "true or false")
    if value:
        gathered.unique = True
        gathered.listed = gathered.id


def items(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``items`` with ``prefixItems`` or, in the older array form, with ``additionalItems`` beside it."""
    raw = gathered.raw
    prefix: list[Link] = []
    rest = ANYTHING
    if "prefixItems" in raw:
        prefix = reader.schema_list(gathered, "prefixItems", raw["prefixItems"])
    if isinstance(value, (list, tuple)):
        if prefix:
            raise reader.malformed(gathered, "items", value, 'a schema where "prefixItems" is given')
        prefix = [reader.child(gathered, f"items/{i}", schema) for i, schema in enumerate(value)]
        if "additionalItems" in raw:
            rest = reader.child(gathered, "additionalItems", raw["additionalItems"])
    elif value is not None:
        rest = reader.child(gathered, "items", value)
    else:
        raise reader.malformed(gathered, "items", value, "a schema")
    add_array(gathered, prefix, rest)


def prefixItems(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``prefixItems`` without ``items`` beside it."""
    if "items" not in gathered.raw:
        add_array(gathered, reader.schema_list(gathered, "prefixItems", value), ANYTHING)


def add_array(gathered: Gathered, prefix: list[Link], rest: Link) -> None:
    if prefix or rest:
        facet = ArrayFacet(prefix=tuple(prefix), rest=rest, origin=gathered.id)
        if gathered.array is not None:
            merged = merge_arrays(gathered.array, facet)
            assert merged is not None  # neither asks for a count
            facet = merged
        gathered.array = facet
        gathered.listed = gathered.id


def contains(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``contains`` with its counts."""
    raw = gathered.raw
    link = reader.child(gathered, "contains", value)
    least = count(reader, gathered, "minContains", raw["minContains"]) if "minContains" in raw else 1
    most = count(reader, gathered, "maxContains", raw["maxContains"]) if "maxContains" in raw else None
    if link == ANYTHING:
        minItems(reader, gathered, least)
        if most is not None:
            maxItems(reader, gathered, most)
    elif most == 0 and least == 0:
        add_array(gathered, [], reader.negation(link, gathered.id))
    elif least or (most is not None and link != NOTHING):
        if link == NOTHING:
            gathered.types &= ~ARRAY
        gathered.counts = (*gathered.counts, Count(link, least, most))
        gathered.listed = gathered.id


# --- objects ----------------------------------------------------------------------------------------------------------

def properties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``properties`` with ``patternProperties`` and ``additionalProperties`` beside it."""
    if not isinstance(value, dict):
        raise reader.malformed(gathered, "properties", value, "an object of schemas")
    raw, links, parent, link = gathered.raw, dict[str, Link](), gathered.id, reader.link
    for name, schema in value.items():
        if name.__class__ is not str or not name.isascii():
            reader.check_text(gathered, "properties", name)
        links[name] = link(schema, parent, "properties", name)
    other = reader.child(gathered, "additionalProperties", raw["additionalProperties"]) \
        if "additionalProperties" in raw else ANYTHING
    patterns = pattern_links(reader, gathered, raw["patternProperties"]) if "patternProperties" in raw else ()
    if links or patterns or other:
        gathered.parts = (*gathered.parts, ObjectPart(links, patterns, other, gathered.id))


def patternProperties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``patternProperties`` without ``properties`` beside it."""
    if "properties" not in gathered.raw:
        properties(reader, gathered, {})


def additionalProperties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``additionalProperties`` without the other two beside it."""
    if "properties" not in gathered.raw and "patternProperties" not in gathered.raw:
        properties(reader, gathered, {})


def pattern_links(reader: Reader, gathered: Gathered, value: Any) -> tuple[tuple[str, Link], ...]:
    if not isinstance(value, dict):
        raise reader.malformed(gathered, "patternProperties", value, "an object of schemas")
    for name in value:
        reader.check_text(gathered, "patternProperties", name)
    return tuple((name, reader.child(gathered, "patternProperties", schema, name)) for name, schema in value.items())


def required(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``required``: a list of names."""
    names = name_list(reader, gathered, "required", value)
    gathered.required = tuple(dict.fromkeys((*gathered.required, *names)))


def name_list(reader: Reader, gathered: Gathered, keyword: str, value: Any) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise reader.malformed(gathered, keyword, value, "a list of strings")
    for name in value:
        if not name.isascii():
            reader.check_text(gathered, keyword, name)
    return list(value)


def minProperties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``minProperties``."""
    gathered.min_members = max(gathered.min_members, count(reader, gathered, "minProperties", value))


def maxProperties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``maxProperties``."""
    number = count(reader, gathered, "maxProperties", value)
    if gathered.max_members is None or number < gathered.max_members:
        gathered.max_members = number


def propertyNames(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``propertyNames``: every name, as a string, satisfies the schema."""
    gathered.name_links = (*gathered.name_links, reader.child(gathered, "propertyNames", value))


def dependentRequired(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``dependentRequired``: where a name occurs, others must."""
    if not isinstance(value, dict):
        raise reader.malformed(gathered, "dependentRequired", value, "an object of lists of names")
    for name, names in value.items():
        depend(reader, gathered, "dependentRequired", name, names)


def dependentSchemas(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``dependentSchemas``: where a name occurs, the object satisfies a schema."""
    if not isinstance(value, dict):
        raise reader.malformed(gathered, "dependentSchemas", value, "an object of schemas")
    for name, schema in value.items():
        depend(reader, gathered, "dependentSchemas", name, schema)


def dependencies(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``dependencies``: the two keywords above in one, before draft 2019-09."""
    if not isinstance(value, dict):
        raise reader.malformed(gathered, "dependencies", value, "an object of schemas and lists of names")
    for name, dependent in value.items():
        depend(reader, gathered, "dependencies", name, dependent)


def depend(reader: Reader, gathered: Gathered, keyword: str, name: Any, dependent: Any) -> None:
    """Either the name is absent, or what depends on it holds."""
    reader.check_text(gathered, keyword, name)
    absent = ObjectFacet(parts=(ObjectPart({name: NOTHING}, origin=gathered.id),), origin=gathered.id)
    if keyword == "dependentRequired" or isinstance(dependent, (list, tuple, str)):
        names = [dependent] if isinstance(dependent, str) else name_list(reader, gathered, keyword, dependent)
        objects: tuple[ObjectFacet, ...] = (ObjectFacet(required=tuple(dict.fromkeys(names)), origin=gathered.id),)
        if not names:
            return
    else:
        objects = reader.expand(reader.child(gathered, keyword, dependent, name)).objects
    gathered.narrow(keyword, ANY._replace(objects=(absent, *objects)))


# --- what constrains and is refused -----------------------------------------------------------------------------------

def unevaluatedProperties(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``unevaluatedProperties``: members that no keyword beside it, or in what applies here, has spoken of."""
    unevaluated(reader, gathered, "unevaluatedProperties", value)


def unevaluatedItems(reader: Reader, gathered: Gathered, value: Any) -> None:
    """``unevaluatedItems``: the same for items."""
    unevaluated(reader, gathered, "unevaluatedItems", value)


def unevaluated(reader: Reader, gathered: Gathered, keyword: str, value: Any) -> None:
    """One way to be evaluated is a part like any other; several are alternatives."""
    link, of_items = reader.child(gathered, keyword, value), keyword == "unevaluatedItems"
    if link == ANYTHING:
        return
    try:
        ways = ways_of(reader, gathered.id, of_items)
    except TooManyWays:
        reader.refuse(gathered, keyword, f'"{keyword}" beside so many branches cannot be enforced while generating',
                      because=f"which members they evaluate depends on the value in more than {MAX_WAYS} ways",
                      instead='list the members in one schema and use "additionalProperties"')
        return
    if len(ways) == 1 and ways[0].condition == ANYTHING:
        if of_items and not ways[0].everything:
            add_array(gathered, [ANYTHING] * ways[0].items, other_items(reader, gathered, ways[0], link))
        elif not ways[0].everything:
            gathered.parts = (*gathered.parts, other_members(gathered, ways[0], link))
        return
    schemas = [(way, reader.expand(way.condition)) for way in ways]
    if of_items:
        arrays = [facet for way, schema in schemas for facet in (schema.arrays if way.everything else merge_all(
            schema.arrays, (ArrayFacet((ANYTHING,) * way.items, other_items(reader, gathered, way, link),
                                       origin=gathered.id),), merge_arrays))]
        gathered.narrow(keyword, ANY._replace(arrays=tuple(arrays)))
        return
    objects = [facet for way, schema in schemas for facet in (schema.objects if way.everything else merge_all(
        schema.objects, (ObjectFacet((other_members(gathered, way, link),), origin=gathered.id),), merge_objects))]
    gathered.narrow(keyword, ANY._replace(objects=tuple(objects)))


def other_members(gathered: Gathered, way: Way, link: Link) -> ObjectPart:
    """What members that are not evaluated must satisfy."""
    return ObjectPart(dict.fromkeys(sorted(way.names), ANYTHING), tuple((text, ANYTHING) for text in sorted(way.patterns)),
                      link, gathered.id)


def other_items(reader: Reader, gathered: Gathered, way: Way, link: Link) -> Link:
    """What items behind those that are evaluated by their place must satisfy."""
    if not way.matching:
        return link
    return reader.either([link, *sorted(way.matching)], gathered.id)


def refused(keyword: str, because: str) -> Keyword:
    """A keyword that constrains and that nothing here can enforce."""
    def refuse(reader: Reader, gathered: Gathered, value: Any) -> None:
        reader.refuse(gathered, keyword, f'"{keyword}" cannot be enforced while generating', because=because,
                      instead='remove it, or pass on_unsupported="validate" to check after generation')
    return refuse


OTHER_DRAFT = "it belongs to a draft older than 4, whose meaning is not implemented"

KEYWORDS: dict[str, Keyword] = {
    "type": type_, "enum": enum, "const": const, "allOf": allOf, "anyOf": anyOf, "oneOf": oneOf, "not": not_,
    "if": if_, "$ref": ref,
    "minimum": minimum, "maximum": maximum, "exclusiveMinimum": exclusiveMinimum,
    "exclusiveMaximum": exclusiveMaximum, "multipleOf": multipleOf,
    "minLength": minLength, "maxLength": maxLength, "pattern": pattern, "format": format_,
    "x-structgen-from-text": from_text, "x-structgen-words-from-text": words_from_text,
    "contentEncoding": contentEncoding, "contentMediaType": contentMediaType,
    "minItems": minItems, "maxItems": maxItems, "uniqueItems": uniqueItems, "items": items, "prefixItems": prefixItems,
    "contains": contains,
    "properties": properties, "patternProperties": patternProperties, "additionalProperties": additionalProperties,
    "required": required, "minProperties": minProperties, "maxProperties": maxProperties,
    "propertyNames": propertyNames, "dependentRequired": dependentRequired, "dependentSchemas": dependentSchemas,
    "dependencies": dependencies, "unevaluatedProperties": unevaluatedProperties, "unevaluatedItems": unevaluatedItems,
    "$dynamicRef": dynamic_ref, "$recursiveRef": recursive_ref,
    "divisibleBy": refused("divisibleBy", OTHER_DRAFT), "disallow": refused("disallow", OTHER_DRAFT),
    "extends": refused("extends", OTHER_DRAFT),
}
assert ALL_TYPES == NULL | BOOLEAN | NUMBER | STRING | ARRAY | OBJECT
