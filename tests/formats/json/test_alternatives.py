"""Alternatives over objects that may overlap: small objects are accepted exactly where jsonschema finds them valid."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft7Validator

Accepts = Callable[..., list[bool]]
ABSENT = object()


def rule(kind: str, *members: str) -> dict[str, Any]:
    """An object with a discriminator that is told by a pattern."""
    return {"properties": {"a": {"type": "string", "pattern": kind}, **{key: {"type": "string"} for key in members}},
            "required": ["a", *members]}


SHARED = {"properties": {"a": {"enum": ["x", "xy", "z"]}, "b": {"type": "integer"}}, "required": ["a"]}
CASES: dict[str, tuple[Any, dict[str, tuple[Any, ...]]]] = {
    "patterns that exclude each other": (
        {"oneOf": [rule("^x$"), rule("^xy$", "b"), rule("^(xy|z)$", "c"), rule("^X", "b", "c")]},
        {"a": ("x", "xy", "z", "X", 1), "b": ("s", 1), "c": ("s", 1)}),
    "patterns beside an enum": (
        {"oneOf": [{"allOf": [SHARED, part]} for part in (rule("x", "b"), rule("y"), rule("z", "c"))]},
        {"a": ("x", "xy", "z", "X"), "b": ("s", 1), "c": ("s", 1)}),
    "one of many names": (
        {"oneOf": [{"required": [name], "properties": {name: {"type": "integer"}}} for name in "abcdefghij"]},
        {"a": (1, "s"), "c": (1, "s"), "j": (1, "s"), "k": (1,)}),
    "what all but one have": (
        {"not": {"anyOf": [{"required": ["a", "b"], "properties": {"a": {"type": "string"}, "b": {"minimum": 2}}},
                           {"required": ["b", "c"], "properties": {"b": {"maximum": 2}, "c": {"const": 1}}}]}},
        {"a": (1, "s"), "b": (1, 2, 3, "s"), "c": (1, 2)}),
    "several things to be broken by any name": (
        {"allOf": [{"not": {"propertyNames": {"not": {"pattern": letter}}}} for letter in "abcd"], "maxProperties": 2},
        {"ab": (1,), "cd": (1,), "abc": (1,), "d": (1,), "abcd": (1,), "e": (1,)}),
    "recursive alternatives": (
        {"definitions": {"node": {"oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/definitions/node"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/definitions/node"}}},
            {"type": "integer"}]}}, "allOf": [{"$ref": "#/definitions/node"}]},
        {"a": (1, {"a": 1}, {"a": 1, "b": 1}, {}, "s"), "b": (1, {"b": {"a": 1}}, None), "c": (1,)}),
}


@pytest.mark.parametrize("name", CASES)
def test_small_objects_are_accepted_where_they_are_valid(name: str, accepts: Accepts) -> None:
    schema, values = CASES[name]
    objects = [{key: value for key, value in zip(values, chosen, strict=True) if value is not ABSENT}
               for chosen in product(*[(ABSENT, *options) for options in values.values()])]
    judge = Draft7Validator(schema)
    wanted = [judge.is_valid(one) for one in objects]
    assert any(wanted) and not all(wanted)
    texts = [json.dumps(one, separators=(",", ":")) for one in objects]
    assert accepts({"$schema": "http://json-schema.org/draft-07/schema#", **schema}, *texts, property_order="any") == wanted
