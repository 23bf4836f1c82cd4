"""The schemas that most schemas are made of, read in one step: objects with listed properties, lists of one kind of item,
strings.

In: one raw schema. Out: the ``Schema`` that ``keywords`` and ``settle`` would make of it, or None where it has any other
keyword, a keyword of another form, or a contradiction; then they read it, and find the words for what is wrong. This is
only a short cut: a test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.schema.keywords import KEYWORDS
from structgen.schema.nodes import (
    ANYTHING,
    ARRAY,
    NOTHING,
    OBJECT,
    STRING,
    ArrayFacet,
    Link,
    ObjectFacet,
    ObjectPart,
    Schema,
    StringFacet,
    TextTest,
)
from structgen.schema.settle import PLAIN

if TYPE_CHECKING:
    from structgen.schema.json_schema import Reader

NOT_OF_OBJECTS = frozenset(KEYWORDS) - {"type", "properties", "required", "additionalProperties"}
NOT_OF_ARRAYS = frozenset(KEYWORDS) - {"type", "items", "minItems", "maxItems"}
NOT_OF_ENUMS = frozenset(KEYWORDS) - {"type", "enum"}
NOT_OF_STRINGS = frozenset(KEYWORDS) - {"type", "minLength", "maxLength", "pattern", "format"}


def plain_schema(reader: Reader, key: int) -> Schema | None:
    """The schema of the raw schema ``key`` if it is one of the plain ones."""
    raw, hidden = reader.raws[key], reader.dialect.hidden
    if hidden and not hidden.isdisjoint(raw):
        return None
    of_type = raw.get("type")
    if of_type == "object":
        return plain_object(reader, key, raw)
    if of_type == "array":
        return plain_array(reader, key, raw)
    if "enum" in raw:
        return plain_enum(reader, key, raw) if of_type == "string" or "type" not in raw else None
    return plain_string(reader, key, raw) if of_type == "string" else None


def plain_object(reader: Reader, key: int, raw: dict[str, Any]) -> Schema | None:
    """``properties`` with ``required`` and ``additionalProperties``."""
    properties, required = raw.get("properties"), raw.get("required", ())
    if properties.__class__ is not dict or required.__class__ not in (list, tuple) or not NOT_OF_OBJECTS.isdisjoint(raw):
        return None
    for name in required:
        if name.__class__ is not str or not name.isascii():
            return None
    links: dict[str, Link] = {}
    link = reader.link
    for name, schema in properties.items():
        if name.__class__ is not str or not name.isascii():
            return None
        links[name] = link(schema, key, "properties", name)
    other = ANYTHING
    if "additionalProperties" in raw:
        other = link(raw["additionalProperties"], key, "additionalProperties", None)
    for name in required:
        if links.get(name, other) == NOTHING:
            return None
    if not links and not other and not required:
        return PLAIN[OBJECT]
    parts = (ObjectPart(links, (), other, key),) if links or other else ()
    return Schema(False, 0, (), (), (), (ObjectFacet(parts, tuple(dict.fromkeys(required)), 0, None, ANYTHING, key),))


def plain_array(reader: Reader, key: int, raw: dict[str, Any]) -> Schema | None:
    """``items`` with ``minItems`` and ``maxItems``."""
    if "items" not in raw or raw["items"].__class__ not in (dict, bool) or not NOT_OF_ARRAYS.isdisjoint(raw):
        return None
    least, most = raw.get("minItems", 0), raw.get("maxItems")
    if least.__class__ is not int or least < 0 or (most is not None and (most.__class__ is not int or most < least)) or \
            ("maxItems" in raw and most is None):
        return None
    rest = reader.link(raw["items"], key, "items", None)
    if rest == NOTHING and least:
        return None
    if not rest and not least and most is None and "minItems" not in raw:
        return PLAIN[ARRAY]
    return Schema(False, 0, (), (), (ArrayFacet((), rest, least, most, False, key),), ())


def plain_enum(reader: Reader, key: int, raw: dict[str, Any]) -> Schema | None:
    """Strings from a list."""
    values = raw.get("enum")
    if values.__class__ is not list or not values or not NOT_OF_ENUMS.isdisjoint(raw):
        return None
    for value in values:
        if value.__class__ is not str or not value.isascii():
            return None
    reader.steps += len(values)
    return Schema(False, 0, (), (StringFacet(tuple(dict.fromkeys(values)), (), 0, None, (), key),), (), ())


def plain_string(reader: Reader, key: int, raw: dict[str, Any]) -> Schema | None:
    """``minLength``, ``maxLength``, ``pattern`` and ``format``."""
    if not NOT_OF_STRINGS.isdisjoint(raw):
        return None
    least, most = raw.get("minLength", 0), raw.get("maxLength")
    tests: tuple[TextTest, ...] = ()
    if least.__class__ is not int or least < 0 or ("maxLength" in raw and (most.__class__ is not int or most < least)):
        return None
    for keyword in raw:
        if keyword == "pattern" or keyword == "format":
            text = raw[keyword]
            if text.__class__ is not str or not text.isascii():
                return None
            if keyword == "pattern" or text in reader.asserted_formats:
                tests += (TextTest(keyword, text, True, key),)
            elif text in reader.refused_formats:
                return None
    if not tests and "minLength" not in raw and most is None:
        return PLAIN[STRING]
    return Schema(False, 0, (), (StringFacet(None, (), least, most, tests, key),), (), ())
