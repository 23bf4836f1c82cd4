"""What is proved valid is valid to jsonschema in every draft, and plain types are proved."""

from __future__ import annotations

from random import Random
from typing import Any

import jsonschema
import pytest

from structgen.schema.proved import is_proved

DRAFTS = [
    jsonschema.Draft4Validator,
    jsonschema.Draft6Validator,
    jsonschema.Draft7Validator,
    jsonschema.Draft201909Validator,
    jsonschema.Draft202012Validator,
]
SCALARS: list[Any] = ["a", "b", "", 0, 1, -1, 1.0, 1.5, True, False, None]
TYPES = ["string", "integer", "number", "boolean", "null", "object", "array"]


def value(rng: Random, depth: int) -> Any:
    if depth and rng.random() < 0.5:
        items = [value(rng, depth - 1) for _ in range(rng.randint(0, 2))]
        return items if rng.random() < 0.4 else dict(zip("ab", items, strict=False))
    return rng.choice(SCALARS)


def schema(rng: Random, depth: int) -> Any:
    made: dict[str, Any] = {}
    for keyword in rng.sample(
        [
            "type",
            "types",
            "properties",
            "required",
            "items",
            "additionalProperties",
            "enum",
            "const",
            "anyOf",
            "$ref",
            "title",
            "minLength",
            "not",
            "minimum",
        ],
        rng.randint(0, 3),
    ):
        inner = schema(rng, depth - 1) if depth else {}
        made |= {
            "type": {"type": rng.choice(TYPES)},
            "types": {"type": rng.sample(TYPES, 2)},
            "properties": {"properties": {rng.choice("ab"): inner, "c": {}}},
            "required": {"required": [rng.choice("abc")]},
            "items": {"items": inner},
            "additionalProperties": {"additionalProperties": rng.choice([inner, False, True])},
            "enum": {"enum": rng.sample(SCALARS, 3)},
            "const": {"const": rng.choice(SCALARS)},
            "anyOf": {"anyOf": [inner, {"type": rng.choice(TYPES)}]},
            "$ref": {"$ref": rng.choice(["#/$defs/one", "#/$defs/two"])},
            "title": {"title": "x"},
            "minLength": {"minLength": 1},
            "not": {"not": inner},
            "minimum": {"minimum": 1},
        }[keyword]
    return made


def test_what_is_proved_is_valid_in_every_draft() -> None:
    rng, proved, valid = Random(5), 0, 0
    for _ in range(4000):
        wanted = {**schema(rng, 3), "$defs": {"one": schema(rng, 1), "two": {"type": rng.choice(TYPES)}}}
        one = value(rng, 3)
        if "one" in str(wanted["$defs"]["one"]):  # a reference to itself has no end for jsonschema
            continue
        valid += DRAFTS[-1](wanted).is_valid(one)
        if is_proved(one, wanted):
            proved += 1
            assert all(draft(wanted).is_valid(one) for draft in DRAFTS), (one, wanted)
    assert proved > valid / 2 > 200


PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "next": {"$ref": "#/$defs/Next"},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"Next": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Next"}}}},
}


@pytest.mark.parametrize(
    "given", [{"name": "Ada"}, {"name": "Ada", "age": None, "tags": ["a"]}, {"name": "", "next": {"next": {"next": {}}}}]
)
def test_plain_types_are_proved(given: Any) -> None:
    assert is_proved(given, PERSON)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": 1},
        {"name": "Ada", "age": True},
        {"name": "Ada", "tags": ["c"]},
        {"name": "Ada", "x": 1},
        [],
        None,
        {"name": "Ada", "next": {"next": 1}},
    ],
)
def test_what_does_not_fit_is_not_proved(given: Any) -> None:
    assert not is_proved(given, PERSON)


@pytest.mark.parametrize(
    "schema",
    [
        {"minLength": 1},
        {"$ref": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$id": "urn:x"},
        5,
        False,
        {"type": "text"},
        {"required": True},
        {"anyOf": 1},
        {"enum": 1},
        {"properties": 1},
        {"$ref": "#/$defs/none"},
    ],
)
def test_it_gives_up_at_what_it_does_not_know(schema: Any) -> None:
    assert not is_proved("abc", schema)


def test_unions_that_multiply_are_given_up() -> None:
    deep: dict[str, Any] = {"type": "integer"}
    for _ in range(30):
        deep = {"anyOf": [deep, deep]}
    assert not is_proved("x", deep)
