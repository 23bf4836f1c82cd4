"""Schemas that are malformed, hostile, refused or empty: the kind of error, where it points, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from structgen.automaton.lower import lower
from structgen.errors import (
    LimitExceededError,
    SchemaError,
    StructgenError,
    UnsatisfiableError,
    UnsupportedSchemaError,
)
from structgen.formats.json.source import JsonSchema
from structgen.limits import Limits

LIMITS = Limits()


def failure(schema: Any, **options: Any) -> StructgenError:
    """The error that the schema raises."""
    with pytest.raises(StructgenError) as caught:
        JsonSchema(schema, **options).to_grammar(LIMITS)
    return caught.value


MALFORMED: list[tuple[Any, str]] = [
    ({"type": "strnig"}, "#/type"),
    ({"type": []}, "#/type"),
    ({"properties": {"a": {"type": ["string", "strnig"]}}}, "#/properties/a/type"),
    ({"required": "a"}, "#/required"),
    ({"required": [1]}, "#/required"),
    ({"minLength": -1}, "#/minLength"),
    ({"minLength": "3"}, "#/minLength"),
    ({"minLength": True}, "#/minLength"),
    ({"maxItems": 1.5}, "#/maxItems"),
    ({"minimum": "5"}, "#/minimum"),
    ({"minimum": float("inf")}, "#/minimum"),
    ({"minimum": True}, "#/minimum"),
    ({"multipleOf": 0}, "#/multipleOf"),
    ({"multipleOf": -1}, "#/multipleOf"),
    ({"enum": {}}, "#/enum"),
    ({"enum": [float("nan")]}, "#/enum"),
    ({"enum": [{1, 2}]}, "#/enum"),
    ({"const": "\ud800"}, "#/const"),
    ({"pattern": "\udfff"}, "#/pattern"),
    ({"pattern": "[z-a]"}, "#/pattern"),
    ({"pattern": 3}, "#/pattern"),
    ({"properties": {"\udfff": {}}}, "#/properties"),
    ({"properties": []}, "#/properties"),
    ({"properties": {"a": 5}}, "#/properties/a"),
    ({"patternProperties": {"(": {}}}, "#/patternProperties"),
    ({"items": None}, "#/items"),
    ({"items": {"anyOf": []}}, "#/items/anyOf"),
    ({"allOf": {}}, "#/allOf"),
    ({"uniqueItems": "yes"}, "#/uniqueItems"),
    ({"$ref": 5}, "#/$ref"),
    ({"$ref": "#/$defs/missing"}, "#/$ref"),
    ({"$ref": "#missing"}, "#/$ref"),
    ({"$defs": None, "$ref": "#/$defs/a"}, "#/$ref"),
    ({"not": {"$ref": "#"}}, "#"),
    ({"anyOf": [{"$ref": "#"}]}, "#"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "#/$defs/a/$ref"),
    ({"unevaluatedProperties": False, "properties": 5}, "#/properties"),
    ({"unevaluatedProperties": False, "anyOf": 5}, "#/anyOf"),
    ({"unevaluatedItems": False, "prefixItems": 5}, "#/prefixItems"),
    ({"unevaluatedItems": False, "dependentSchemas": []}, "#/dependentSchemas"),
    ([], "#"),
    ("5", "#"),
    ("null", "#"),
]


@pytest.mark.parametrize(("schema", "position"), MALFORMED, ids=[ascii(row[0])[:60] for row in MALFORMED])
def test_schema_malformed_is_refused_with_its_position(schema: Any, position: str) -> None:
    error = failure(schema)
    assert isinstance(error, SchemaError)
    assert not isinstance(error, UnsatisfiableError | UnsupportedSchemaError)
    assert error.position == position


@pytest.mark.parametrize(("text", "what"), [
    ('{"type": "null"', "the schema is not JSON"),
    ('{"type": "null"} x', "the schema is not JSON"),
    ('{"type": "null", "type": "string"}', 'the name "type" occurs twice'),
    ('{"minimum": NaN}', "the schema contains NaN"),
    ('{"maximum": -Infinity}', "the schema contains -Infinity"),
    (b'{"enum":["\xff"]}', "the schema is not UTF-8"),
    ('{"minimum": ' + "9" * 5000 + "}", "an integer of 5,000 digits is too long"),
    ('{"minimum": 1e999999999999}', '"minimum" is 1'),
], ids=["cut off", "trailing", "duplicate", "nan", "infinity", "utf-8", "digits", "exponent"])
def test_schema_text_is_read_strictly(text: str | bytes, what: str) -> None:
    error = failure(text)
    assert isinstance(error, SchemaError)
    assert error.what.startswith(what)


def nested(levels: int) -> Any:
    schema: Any = {"type": "null"}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(("schema", "limit"), [
    ("[" * 10_000 + "]" * 10_000, "schema_depth"),
    ('{"items":' * 10_000 + "{}" + "}" * 10_000, "schema_depth"),
    (nested(400), "schema_depth"),
    ({"const": nested(400)}, "schema_depth"),
    ({"$ref": "#/$defs/0", "$defs": {str(i): {"$ref": f"#/$defs/{i + 1}"} for i in range(10_000)}}, "ref_chain"),
    ({"$ref": "#/$defs/0", "$defs": {str(i): {"anyOf": [{"$ref": f"#/$defs/{i + 1}"}]} for i in range(10_000)}
      | {"10000": {}}}, "schema_depth"),
], ids=["arrays", "objects", "dict", "const", "references", "alternatives"])
def test_schema_depth_is_a_budget(schema: Any, limit: str) -> None:
    error = failure(schema)
    assert isinstance(error, LimitExceededError)
    assert error.limit == limit


def test_schema_chain_of_members_has_no_depth() -> None:
    links = {str(i): {"type": "object", "properties": {"n": {"$ref": f"#/$defs/{i + 1}"}}} for i in range(5_000)}
    JsonSchema({"$ref": "#/$defs/0", "$defs": {**links, "5000": {"type": "null"}}}).to_grammar(LIMITS)


def test_schema_nodes_is_a_budget() -> None:
    with pytest.raises(LimitExceededError) as caught:
        JsonSchema({"enum": list(range(1000))}).to_grammar(Limits(schema_nodes=500))
    assert caught.value.limit == "schema_nodes"


UNSATISFIABLE: list[tuple[Any, str, str | None]] = [
    (False, "#", None),
    ({"enum": []}, "#", '"enum" at #/enum is [], and nothing satisfies that'),
    ({"not": {}}, "#", 'nothing satisfies "not" at #/not'),
    ({"type": "string", "minLength": 5, "maxLength": 2}, "#",
     '"minLength" at #/minLength is 5, but "maxLength" at #/maxLength is 2'),
    ({"type": "array", "minItems": 3, "maxItems": 1}, "#",
     '"minItems" at #/minItems is 3, but "maxItems" at #/maxItems is 1'),
    ({"type": "integer", "minimum": 5, "maximum": 3}, "#", '"minimum" at #/minimum is 5, but "maximum" at #/maximum is 3'),
    ({"type": "number", "exclusiveMinimum": 1, "maximum": 1}, "#",
     '"exclusiveMinimum" at #/exclusiveMinimum is 1, but "maximum" at #/maximum is 1'),
    ({"allOf": [{"type": "integer", "minimum": 5}, {"$ref": "#/$defs/most"}], "$defs": {"most": {"maximum": 3}}}, "#",
     '"minimum" at #/allOf/0/minimum is 5, but "maximum" at #/$defs/most/maximum is 3'),
    ({"type": "object", "required": ["a"], "properties": {}, "additionalProperties": False}, "#",
     'the property "a" is required at #/required but forbidden at #/additionalProperties'),
    ({"type": "object", "required": ["a/b"], "properties": {"a/b": False}}, "#",
     'the property "a/b" is required at #/required but forbidden at #/properties/a~1b'),
    ({"type": "object", "required": ["a"], "allOf": [{"properties": {"a": {"$ref": "#/$defs/no"}}}], "$defs": {"no": False}},
     "#", 'the property "a" is required at #/required but forbidden at #/allOf/0/properties/a'),
    ({"type": "object", "maxProperties": 1, "required": ["a", "b"]}, "#",
     '"maxProperties" at #/maxProperties is 1, but "required" at #/required is [a, b]'),
    ({"type": "object", "required": ["a"], "properties": {"a": {"allOf": [{"type": "string", "minLength": 1},
                                                                         {"type": "null", "title": "a"}]}}},
     "#/properties/a", '"type" at #/properties/a/allOf/0/type is string, but "type" is null'),
    ({"type": "integer", "enum": ["a", 1.5]}, "#", '"type" at #/type is integer, but "enum" at #/enum is [a, 1.5]'),
    ({"type": "integer", "minimum": 5, "anyOf": [{"maximum": 3}, {"type": "string"}]}, "#",
     '"minimum" at #/minimum is 5, but "anyOf" at #/anyOf'),
    ({"oneOf": [{"type": "null"}, {"type": "null"}]}, "#", 'nothing satisfies "oneOf" at #/oneOf'),
    ({"allOf": [{}, False]}, "#", "#/allOf/1 is false"),
    ({"type": "array", "items": False, "minItems": 1}, "#",
     '"items" at #/items is false, but "minItems" at #/minItems is 1'),
    ({"type": "integer", "enum": [1, 2, 3], "minimum": 2, "not": {"const": 2}, "maximum": 2}, "#",
     'these exclude each other only together: "type", "enum", "minimum", "not", "maximum"'),
    ({"type": "integer", "minimum": 1, "maximum": 5, "multipleOf": 7}, "#",
     'these exclude each other: "multipleOf" is 7, "minimum" is 1, "maximum" is 5'),
]


@pytest.mark.parametrize(("schema", "position", "because"), UNSATISFIABLE, ids=[str(row[0])[:60] for row in UNSATISFIABLE])
def test_schema_that_nothing_satisfies_is_told(schema: Any, position: str, because: str | None) -> None:
    error = failure(schema)
    assert isinstance(error, UnsatisfiableError)
    assert (error.position, error.because) == (position, because)


LATE: list[tuple[Any, str, str]] = [
    ({"type": "string", "pattern": "^a$", "minLength": 2}, "#",
     'no string satisfies "pattern" at #/pattern and "minLength": 2'),
    ({"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "format": "date", "maxLength": 4}}},
     "#/properties/a", 'no string satisfies "format" at #/properties/a/format and "maxLength": 4'),
    ({"type": "string", "pattern": "^a", "allOf": [{"pattern": "^b"}]}, "#/allOf/0",
     'no string satisfies "pattern" at #/pattern and "pattern" at #/allOf/0/pattern'),
    ({"type": "string", "not": {"pattern": ""}}, "#", 'no string satisfies the opposite of "pattern" at #/not/pattern'),
    ({"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 3}, "#",
     'these exclude each other only together: "pattern" at #/pattern, "minLength": 3, "maxLength": 3'),
    ({"type": "string", "enum": ["a", "b"], "pattern": "c"}, "#",
     'no string satisfies "pattern" at #/pattern and the values listed'),
    ({"type": "integer", "minimum": 3, "maximum": 4, "not": {"enum": [3, 4]}}, "#",
     'these exclude each other: "minimum" is 3, "maximum" is 4, excluded are 3, 4'),
    ({"type": "array", "items": {"$ref": "#"}, "minItems": 1}, "#",
     "a value would have to hold another one of the same schema, without an end"),
]


@pytest.mark.parametrize(("schema", "position", "because"), LATE, ids=[str(row[0])[:60] for row in LATE])
def test_contradiction_that_only_the_automaton_sees_is_told(schema: Any, position: str, because: str) -> None:
    with pytest.raises(UnsatisfiableError) as caught:
        lower(JsonSchema(schema).to_grammar(LIMITS), LIMITS)
    assert (caught.value.position, caught.value.because) == (position, because)


REGISTRY = {"https://example.com/meta": {"$schema": "https://json-schema.org/draft/2020-12/schema",
                                         "$vocabulary": {"https://example.com/units": True}}}
REFUSED: list[tuple[Any, str, str]] = [
    ({"contains": {"type": "null"}, "maxContains": 50, "maxItems": 100}, "contains", "#"),
    ({"contains": {"type": "null"}, "minContains": 2, "uniqueItems": True}, "uniqueItems", "#"),
    ({"items": {"uniqueItems": True, "minItems": 2, "items": {"type": "array", "maxItems": 0}}}, "uniqueItems", "#/items"),
    ({"anyOf": [{"properties": {f"a{i}": {}}} for i in range(9)], "unevaluatedProperties": False},
     "unevaluatedProperties", "#"),
    ({"$dynamicRef": "https://example.com/x.json#x"}, "$dynamicRef", "#/$dynamicRef"),
    ({"$schema": "https://example.com/meta"}, "$vocabulary", "#/$schema"),
    ({"properties": {"a/b": {"format": "idn-hostname"}}}, "format", "#/properties/a~1b"),
    ({"patternProperties": {f"[{chr(97 + i)}x]": {"minimum": i} for i in range(9)}}, "patternProperties", "#"),
    ({"type": "array", "not": {"uniqueItems": True}}, "not", "#"),
    ({"type": "object", "not": {"patternProperties": {"^[0-9]{3}$": {"type": "null"}}}}, "not", "#/not"),
    ({"type": "integer", "multipleOf": 100003, "minimum": 0, "maximum": 10**12}, "multipleOf", "#"),
    ({"pattern": "(a*)\\1"}, "pattern", "#"),
    ({"divisibleBy": 2}, "divisibleBy", "#"),
    ({"$ref": "https://example.com/x.json"}, "$ref", "#/$ref"),
    ({"$ref": "../../etc/passwd"}, "$ref", "#/$ref"),
]


def test_contradiction_of_a_schema_that_no_text_spells_is_told_in_words() -> None:
    member = {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}
    error = failure({**member, "not": {"properties": {"a": {"enum": [1, 2]}}}})
    assert isinstance(error, UnsatisfiableError)
    assert error.because
    assert "object at 0x" not in str(error)


@pytest.mark.parametrize(("schema", "keyword", "position"), REFUSED, ids=[row[1] for row in REFUSED])
def test_schema_unsupported_is_refused_by_name(schema: Any, keyword: str, position: str) -> None:
    error = failure(schema, registry=REGISTRY)
    assert isinstance(error, UnsupportedSchemaError)
    assert (error.keyword, error.position) == (keyword, position)
    assert error.because
    assert error.instead


def test_schema_unsupported_may_be_left_to_validation() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "not": {"uniqueItems": True}}}}
    assert JsonSchema(schema, on_unsupported="validate").to_grammar(LIMITS).unenforced == ("#/properties/a: not",)


def test_schema_error_says_where_what_why_and_what_to_do() -> None:
    items = {"type": "object", "maxProperties": 0}
    schema = {"properties": {"tags": {"type": "array", "items": items, "uniqueItems": True, "minItems": 2}}}
    assert str(failure(schema)) == (
        '#/properties/tags: "uniqueItems" over so few values cannot be enforced\n'
        "  because: the array needs several items, and it is not plain that there are so many different ones whichever come "
        "first\n"
        '  instead: lower "minItems", or pass on_unsupported="validate" to check after generation')


@pytest.mark.parametrize("option", [{"separators": (";", ":")}, {"separators": (",",)}, {"separators": ", "},
                                    {"separators": (",", ":"), "whitespace": "flexible"},
                                    {"ensure_ascii": None}, {"escapes": "short"},
                                    {"whitespace": "none"}, {"property_order": "random"}, {"draft": 3}, {"max_depth": -1},
                                    {"on_unsupported": "ignore"}, {"formats": "maybe"}], ids=str)
def test_source_option_unknown_is_refused_by_name(option: dict[str, Any]) -> None:
    assert f"JsonSchema({next(iter(option))}=" in failure(True, **option).what
