"""``unevaluatedProperties`` and ``unevaluatedItems`` beside whatever may evaluate members and items."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oracle import VOCABULARY

from structgen import Compiler, JsonSchema

COMPILER = Compiler(VOCABULARY)
A, B, C = ({"properties": {name: {"const": number}}, "required": [name]} for number, name in enumerate("abc"))
NO_MORE: dict[str, Any] = {"type": "object", "unevaluatedProperties": False}
NO_ITEMS: dict[str, Any] = {"type": "array", "unevaluatedItems": False}
D2020 = "https://json-schema.org/draft/2020-12/schema"
D2019 = "https://json-schema.org/draft/2019-09/schema"
ROWS: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("allOf", {**NO_MORE, "allOf": [A, B]}, [{"a": 0, "b": 1}], [{"a": 0}, {"a": 0, "b": 1, "z": 0}]),
    ("anyOf", {**NO_MORE, "anyOf": [A, B]}, [{"a": 0}, {"b": 1}, {"a": 0, "b": 1}],
     [{}, {"a": 0, "b": 0}, {"b": 1, "z": 0}]),
    ("oneOf", {**NO_MORE, "oneOf": [A, B]}, [{"a": 0}, {"b": 1}], [{"a": 0, "b": 1}, {"a": 0, "b": 0}, {}]),
    ("not", {**NO_MORE, "not": {"not": {"properties": {"a": {}}}}}, [{}], [{"a": 0}]),
    ("if", {**NO_MORE, "if": A, "then": B, "else": C}, [{"a": 0, "b": 1}, {"c": 2}],
     [{"a": 0}, {"a": 0, "b": 1, "c": 2}, {"a": 1, "c": 2}, {"c": 2, "z": 0}]),
    ("if alone", {**NO_MORE, "if": A}, [{"a": 0}, {}], [{"a": 1}, {"a": 0, "b": 1}]),
    ("else evaluates only where the test fails", {**NO_MORE, "if": A, "else": {"properties": {"a": {}, "b": {}}}},
     [{"a": 0}, {"a": 1, "b": 5}, {"b": 5}], [{"a": 0, "b": 5}]),
    ("dependentSchemas", {**NO_MORE, "properties": {"a": {}}, "dependentSchemas": {"a": {"properties": {"b": {}}}}},
     [{"a": 0, "b": 0}, {}], [{"b": 0}]),
    ("reference", {**NO_MORE, "$defs": {"x": {"$ref": "#/anyOf/1/$defs/y"}, "y": A}, "$ref": "#/anyOf/1/$defs/x"},
     [{"a": 0}], [{"a": 0, "b": 1}]),
    ("schema of the others", {"type": "object", "allOf": [A], "unevaluatedProperties": {"type": "null"}},
     [{"a": 0, "z": None}], [{"a": 0, "z": 0}]),
    ("patterns", {**NO_MORE, "anyOf": [{"patternProperties": {"^x": {"type": "null"}}}, {"patternProperties": {"^y": {}}}]},
     [{"x1": None, "y": 0}, {"y": 0}], [{"x1": 0}, {"z": 0}]),
    ("inner one", {**NO_MORE, "allOf": [{"unevaluatedProperties": {"type": "null"}}]}, [{"z": None}], [{"z": 0}]),
    ("cousins", {"type": "object", "allOf": [A, {"unevaluatedProperties": False}]}, [], [{"a": 0}]),
    ("branch of a branch", {**NO_MORE, "anyOf": [{"anyOf": [A, B]}, C]}, [{"a": 0, "c": 2}, {"b": 1}],
     [{"a": 0, "c": 0}]),
    ("prefix items", {**NO_ITEMS, "allOf": [{"prefixItems": [{}]}, {"prefixItems": [{}, {}]}]}, [[], [1, 2]], [[1, 2, 3]]),
    ("items of a branch", {**NO_ITEMS, "anyOf": [{"items": {"type": "null"}}, {"prefixItems": [{"const": 1}]}]},
     [[], [None, None], [1]], [[1, 2], [None, 1], [2]]),
    ("contains", {**NO_ITEMS, "contains": {"const": 1}}, [[1], [1, 1]], [[], [1, 2]]),
    ("contains of a branch", {**NO_ITEMS, "prefixItems": [{}], "anyOf": [{"contains": {"const": 1}}, {"minItems": 1}]},
     [[0, 1, 1], [5]], [[0, 2], [0, 1, 2]]),
    ("contains evaluates nothing before 2020", {**NO_ITEMS, "$schema": D2019, "contains": {"const": 1}}, [], [[1]]),
    ("tuples of 2019", {**NO_ITEMS, "$schema": D2019, "allOf": [{"items": [{"const": 1}]}]}, [[1], []], [[1, 2]]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_unevaluated_accepts_exactly(schema: Any, good: list[Any], bad: list[Any]) -> None:
    # The other branch keeps the whole satisfiable where nothing satisfies the schema itself.
    either = {"$schema": schema.get("$schema", D2020), "anyOf": [{"const": "other"}, schema]}
    matcher = COMPILER.compile(JsonSchema(either, property_order="any")).matcher()
    for value in [*good, *bad]:
        matcher.reset()
        assert (matcher.advance_bytes(json.dumps(value).encode()) and matcher.is_accepting) == (value in good), value
