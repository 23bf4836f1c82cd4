"""Tests of the words that tell a type to a model."""

from __future__ import annotations

from typing import Any

import pytest

from structgen.generation.instructions import render_instructions

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "the full name"},
        "age": {"type": "integer"},
        "mood": {"enum": ["good", "bad"]},
    },
    "required": ["name", "age"],
}


def test_object_lists_fields_and_an_example() -> None:
    assert render_instructions(PERSON, "Person") == (
        "Answer with JSON of the type Person:\n"
        "name: string, the full name\n"
        "age: integer\n"
        'mood: "good" | "bad" (optional)\n'
        'Example: {"name": "text", "age": 1, "mood": "good"}'
    )


def test_enum_at_the_top_lists_the_choices() -> None:
    assert render_instructions({"enum": ["good", "bad"]}, "Mood") == 'Answer with one of: "good" | "bad"'
    union = {"anyOf": [{"const": "yes"}, {"type": "null"}]}
    assert render_instructions(union, "Reply") == 'Answer with one of: "yes" | null'


def test_nested_types_are_written_inline_through_references() -> None:
    schema = {
        "$defs": {
            "Item": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}},
                "required": ["sku", "count"],
            }
        },
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}},
        "required": ["items"],
    }
    text = render_instructions(schema, "Order")
    assert "items: array of {sku: string, count: integer}" in text
    assert 'Example: {"items": [{"sku": "text", "count": 1}]}' in text


def test_nullable_default_bounds_and_formats_have_words() -> None:
    schema = {
        "properties": {
            "nick": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "level": {"type": "integer", "minimum": 2, "exclusiveMaximum": 10, "default": 3},
            "day": {"type": "string", "format": "date"},
            "code": {"type": "string", "minLength": 2, "maxLength": 3},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1, "maxItems": 3},
        },
        "required": ["day", "code", "tags"],
    }
    assert render_instructions(schema, "T").splitlines()[1:] == [
        "nick: string or null (optional)",
        "level: integer from 2 to 9 (optional, default 3)",
        "day: date YYYY-MM-DD",
        "code: string of 2 to 3 characters",
        'tags: array of 1 to 3 ("a" | "b")',
        'Example: {"nick": "text", "level": 3, "day": "2024-01-31", "code": "tex", "tags": ["a"]}',
    ]


def test_description_argument_replaces_the_schemas_own() -> None:
    schema = {**PERSON, "description": "Somebody.\nAnybody."}
    assert render_instructions(schema, "Person").startswith("Answer with JSON of the type Person (Somebody. Anybody.):")
    assert render_instructions(schema, "Person", "A guest").startswith(
        "Answer with JSON of the type Person (A guest):"
    )


def test_recursive_types_end() -> None:
    node: dict[str, Any] = {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "value": {"type": "integer"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                    "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                },
            }
        },
        "$ref": "#/$defs/Node",
    }
    assert len(render_instructions(node, "Node")) < 5000
    assert render_instructions({"$ref": "#"}, "Loop").startswith("Answer with JSON of the type Loop:")


def test_broad_recursion_stays_short() -> None:
    names = [f"field{index}" for index in range(100)]
    schema = {"type": "object", "properties": {name: {"$ref": "#"} for name in names}}
    assert len(render_instructions(schema, "Wide")) < 50_000


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        {},
        {"type": "string"},
        {"type": ["integer", "null"]},
        {"type": []},
        {"type": 3},
        {"enum": []},
        {"anyOf": []},
        {"anyOf": [True, 3]},
        {"properties": {"a": True, "b": None, "c": {"$ref": "#/nowhere"}, "d": {"$ref": 3}}},
        {"type": "array", "items": False, "minItems": 10**9},
        {"type": "array", "prefixItems": [{"type": "string"}, {}]},
        {"type": "string", "minLength": 10**9, "pattern": "x" * 1000},
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"not": {"type": "string"}},
        {"allOf": [{"type": "string"}, {"minLength": 1}]},
        {"description": 3, "required": "a", "properties": {"a": {"minimum": "1", "type": "number"}}},
    ],
)
def test_any_schema_gives_text_twice_the_same(schema: Any) -> None:
    text = render_instructions(schema, "T")
    assert text.startswith("Answer with JSON of the type T")
    assert text == render_instructions(schema, "T")
    assert len(text) < 2000
