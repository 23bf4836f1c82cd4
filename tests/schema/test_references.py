"""References, drafts and dialects: what each row accepts, with jsonschema as the judge of every row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from oracle import VOCABULARY
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from structgen import Compiler, JsonSchema, StructgenError
from structgen.schema.json_schema import InPlaceCycleError

COMPILER = Compiler(VOCABULARY)
D4, D6, D7 = (f"http://json-schema.org/draft-0{number}/schema#" for number in (4, 6, 7))
D2019, D2020 = (f"https://json-schema.org/draft/{name}/schema" for name in ("2019-09", "2020-12"))
INTEGER = {"type": "integer"}
LIST = {"$id": "list", "type": "array", "items": {"$dynamicRef": "#item"}, "$defs": {"any": {"$dynamicAnchor": "item"}}}
TREE = {"$id": "http://x.test/tree", "$dynamicAnchor": "node", "type": "object", "properties": {
    "data": {}, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}}}
OLD_TREE = {"$schema": D2019, "$id": "http://x.test/old", "$recursiveAnchor": True, "type": "object", "properties": {
    "children": {"type": "array", "items": {"$recursiveRef": "#"}}}}
REGISTRY = {
    "http://x.test/tree": TREE, "http://x.test/old": OLD_TREE, "http://x.test/integer": INTEGER,
    "http://x.test/folder/a": {"$ref": "b"}, "http://x.test/folder/b": {"type": "null"},
    "http://x.test/draft7": {"$schema": D7, "dependentRequired": {"a": ["b"]}, "required": ["a"]},
    "http://x.test/draft2020": {"$schema": D2020, "dependentRequired": {"a": ["b"]}, "required": ["a"]},
    "http://x.test/unchecked": {"$schema": D2020, "$id": "http://x.test/unchecked", "$vocabulary": {
        "https://json-schema.org/draft/2020-12/vocab/core": True,
        "https://json-schema.org/draft/2020-12/vocab/applicator": True, "http://x.test/units": False}},
}

ROWS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("pointer", {"$defs": {"a/b": {"~c": INTEGER}}, "$ref": "#/$defs/a~1b/~0c"}, [1], ["a"]),
    ("escaped pointer", {"$defs": {"a b%": INTEGER}, "$ref": "#/$defs/a%20b%25"}, [1], ["a"]),
    ("pointer into a list", {"anyOf": [{"const": "x"}, {"items": {"$ref": "#/anyOf/0"}}]}, ["x", ["x"], 1], [[1]]),
    ("recursion", {"type": "array", "items": {"$ref": "#"}}, [[], [[]]], [1, [1]]),
    ("anchor", {"$defs": {"a": {"$anchor": "here", "type": "integer"}}, "$ref": "#here"}, [1], ["a"]),
    ("siblings count", {"$defs": {"a": INTEGER}, "$ref": "#/$defs/a", "minimum": 5}, [5], [4, "a"]),
    ("siblings do not count", {"$schema": D7, "definitions": {"a": INTEGER}, "properties": {
        "x": {"$ref": "#/definitions/a", "minimum": 5}}}, [{"x": 4}], [{"x": "a"}]),
    ("embedded resource", {"$id": "http://x.test/root", "$defs": {"a": {"$id": "folder/", "$defs": {"b": INTEGER},
                           "items": {"$ref": "#/$defs/b"}}}, "$ref": "folder/"}, [[1]], [["a"]]),
    ("embedded by full name", {"$id": "http://x.test/root", "$defs": {"a": {"$id": "http://y.test/a", **INTEGER}},
                               "$ref": "http://y.test/a"}, [1], ["a"]),
    ("identifier in enum is none", {"$id": "http://x.test/root", "enum": [{"$id": "integer"}, 1],
                                    "items": {"$ref": "integer"}}, [1, {"$id": "integer"}], [2]),
    ("draft 4 id", {"$schema": D4, "id": "http://x.test/root", "definitions": {"a": {"id": "#a", **INTEGER}},
                    "properties": {"x": {"$ref": "#a"}}}, [{"x": 1}], [{"x": "a"}]),
    ("draft 7 id as a name", {"$schema": D7, "$id": "http://x.test/root", "definitions": {"a": {"$id": "#a", **INTEGER}},
                              "properties": {"x": {"$ref": "#a"}}}, [{"x": 1}], [{"x": "a"}]),
    ("id means nothing later", {"$schema": D7, "$id": "http://x.test/root", "properties": {
        "x": {"id": "http://y.test/", "items": {"$ref": "integer"}}}}, [{"x": [1]}], [{"x": ["a"]}]),
    ("registry", {"$ref": "http://x.test/integer"}, [1], ["a"]),
    ("registry, relative", {"$ref": "http://x.test/folder/a"}, [None], [1]),
    ("registry, relative to the root", {"$id": "http://x.test/root", "items": {"$ref": "integer"}}, [[1]], [["a"]]),
    ("metaschema", {"$ref": D7}, [{"type": "integer"}, True], [{"type": "strin"}, {"minLength": -1}]),
    ("metaschema with dynamic references", {"$ref": D2020}, [{"items": {"type": "null"}}],
     [{"items": {"type": "nul"}}, {"allOf": []}]),
    ("below an unknown keyword", {"$id": "http://x.test/root", "extra": {"a": {"items": {"$ref": "integer"}}},
                                  "$ref": "#/extra/a"}, [[1]], [["a"]]),
    ("draft 4 flag", {"$schema": D4, "minimum": 3, "exclusiveMinimum": True}, [4], [3]),
    ("draft 4 has no const", {"$schema": D4, "const": 1, "if": True, "then": False, "contains": False}, [2, [1]], []),
    ("draft 6 has no if", {"$schema": D6, "const": 1, "if": True, "then": False}, [1], [2]),
    ("draft 7 has no dependentRequired", {"$schema": D7, "dependentRequired": {"a": ["b"]}, "minContains": 3},
     [{"a": 1}], []),
    ("draft 7 tuples", {"$schema": D7, "items": [INTEGER], "additionalItems": {"type": "null"}}, [[], [1, None]], [[1, 1]]),
    ("draft 7 dependencies", {"$schema": D7, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
     [{"a": 1, "b": 1}, {"c": 1, "d": 1}], [{"a": 1}, {"c": 1}]),
    ("draft 2019-09 has no prefixItems", {"$schema": D2019, "prefixItems": [False], "items": INTEGER}, [[1]], [["a"]]),
    ("other drafts' keywords are comments", {"$schema": D7, "divisibleBy": 2, "extends": False, "disallow": "number"},
     [3], []),
    ("reference to an older draft", {"$schema": D2020, "$ref": "http://x.test/draft7"}, [{"a": 1}], [{}]),
    ("reference to a newer draft", {"$schema": D7, "allOf": [{"$ref": "http://x.test/draft2020"}]}, [{"a": 1, "b": 1}],
     [{"a": 1}]),
    ("embedded older draft", {"$schema": D2020, "items": {"$id": "http://x.test/e", "$schema": D7,
                              "dependentRequired": {"a": ["b"]}}}, [[{"a": 1}]], []),
    ("vocabularies left out", {"$schema": "http://x.test/unchecked", "minimum": 5, "properties": {"a": False}},
     [1, {}], [{"a": 1}]),
    ("dynamic anchor of the root", {"$id": "http://x.test/root", "$defs": {"a": {"$dynamicAnchor": "item", **INTEGER},
                                                                           "list": LIST}, "$ref": "list"}, [[1]], [["a"]]),
    ("dynamic anchor in the resource alone", {"$id": "http://x.test/root", "$defs": {"list": LIST}, "$ref": "list"},
     [[1], ["a"]], [1]),
    ("two ways to a dynamic reference", {"$id": "http://x.test/root", "$defs": {
        "list": LIST, "ints": {"$id": "ints", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "item", **INTEGER}}},
        "nulls": {"$id": "nulls", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "item", "type": "null"}}}},
        "properties": {"a": {"$ref": "ints"}, "b": {"$ref": "nulls"}}}, [{"a": [1], "b": [None]}],
     [{"a": [None]}, {"b": [1]}]),
    ("negated two ways", {"$id": "http://x.test/root", "$defs": {
        "one": {"$id": "one", "type": "object", "properties": {"x": {"$dynamicRef": "#x"}},
                "$defs": {"d": {"$dynamicAnchor": "x", "type": "integer"}}},
        "two": {"$id": "two", "$ref": "one", "$defs": {"d": {"$dynamicAnchor": "x", "type": "null"}}}},
        "type": "object", "properties": {"x": {}}, "additionalProperties": False, "not": {"$ref": "two"}},
     [{"x": 1}, {"x": "a"}], [{"x": None}, {}]),
    ("tree made strict", {"$id": "http://x.test/strict", "$dynamicAnchor": "node", "$ref": "tree",
                          "properties": {"data": INTEGER}}, [{"children": [{"data": 1}]}], [{"children": [{"data": "a"}]}]),
    ("tree alone", {"$ref": "http://x.test/tree"}, [{"children": [{"data": "a"}]}], [{"children": [1]}]),
    ("old tree made strict", {"$schema": D2019, "$id": "http://x.test/strict", "$recursiveAnchor": True, "$ref": "old",
                              "required": ["children"]}, [{"children": []}], [{}, {"children": [{}]}]),
    ("old tree without an anchor", {"$schema": D2019, "$id": "http://x.test/strict", "$ref": "old",
                                    "required": ["children"]}, [{"children": [{}]}], [{}]),
]


def accepted(schema: Any, value: Any, **options: Any) -> bool:
    matcher = COMPILER.compile(JsonSchema(schema, property_order="any", registry=REGISTRY, **options)).matcher()
    return bool(matcher.advance_bytes(json.dumps(value).encode()) and matcher.is_accepting)


def judged(schema: Any, value: Any) -> bool:
    resources = [(uri, Resource.from_contents(contents, default_specification=DRAFT202012))
                 for uri, contents in REGISTRY.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    kind = validator_for(schema, default=Draft202012Validator)
    return kind(schema, registry=registry).is_valid(value)


@pytest.mark.parametrize(("schema", "good", "bad"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_references_and_drafts_accept_exactly(schema: Any, good: list[Any], bad: list[Any]) -> None:
    values = [*good, *bad]
    expected = [True] * len(good) + [False] * len(bad)
    assert [accepted(schema, value, formats="annotation") for value in values] == expected
    if schema.get("$schema") != "http://x.test/unchecked":  # jsonschema reads no vocabularies
        assert [judged(schema, value) for value in values] == expected


def test_draft_option_is_for_what_names_none() -> None:
    schema = {"dependentRequired": {"a": ["b"]}, "items": {"$ref": "http://x.test/draft2020"}}
    assert accepted(schema, {"a": 1}, draft=7)
    assert not accepted(schema, {"a": 1}, draft=2020)
    assert not accepted(schema, [{"a": 1}], draft=7)


def test_registry_may_hold_resources() -> None:
    resource = Resource.from_contents(INTEGER, default_specification=DRAFT202012)
    source = JsonSchema({"$ref": "http://x.test/a"}, registry=Registry().with_resource("http://x.test/a", resource))
    matcher = COMPILER.compile(source).matcher()
    assert matcher.advance_bytes(b"1") and matcher.is_accepting


@pytest.mark.parametrize("schema", [
    {"$dynamicRef": "#a", "$dynamicAnchor": "a"},
    {"$schema": D2019, "$recursiveRef": "#"},
    {"$id": "http://x.test/root", "$defs": {"a": {"$id": "a", "$ref": "b"}, "b": {"$id": "b", "$ref": "a"}}, "$ref": "a"},
], ids=["dynamic", "recursive", "resources"])
def test_reference_that_goes_in_circles_is_told(schema: Any) -> None:
    with pytest.raises(InPlaceCycleError):
        accepted(schema, 1)


@pytest.mark.parametrize(("schema", "position"), [
    ({"$dynamicRef": 1}, "#/$dynamicRef"), ({"items": {"$dynamicRef": "#b"}}, "#/items/$dynamicRef"),
    ({"$schema": D2019, "$recursiveRef": "#/a"}, "#/$recursiveRef"), ({"$schema": 1}, "#/$schema"),
], ids=["type", "name", "recursive", "schema"])
def test_reference_that_is_malformed_is_told(schema: Any, position: str) -> None:
    with pytest.raises(StructgenError) as caught:
        accepted(schema, 1)
    assert caught.value.position == position
