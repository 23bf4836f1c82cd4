"""The short cut of the native part gives the grammar that the readable way gives, or leaves the schema to it."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from structgen import JsonSchema, Limits, SchemaError
from structgen.formats.json.quick import AVAILABLE
from structgen.grammar.nodes import Grammar, Node

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "maskbench.jsonl.gz"
LIMITS = Limits()
STYLES: tuple[dict[str, Any], ...] = (
    {}, {"whitespace": "flexible", "property_order": "any"}, {"formats": "annotation", "draft": 4, "escapes": "necessary"},
    {"separators": (", ", ": "), "ensure_ascii": True, "exponents": False, "draft": 7})
pytestmark = pytest.mark.skipif(not AVAILABLE, reason="the native part was not built")


def quick(schema: Any, **options: Any) -> Grammar | None:
    """The grammar by the short cut alone."""
    return JsonSchema(schema, **options)._quickly(schema, LIMITS)


def assert_same(one: Any, other: Any, where: str, seen: set[tuple[int, int]]) -> None:
    """Nodes of equal shape; a node that is shared in one is shared in the other, or seen so often."""
    if one is other:
        return
    assert type(one) is type(other), where
    if isinstance(one, Node):
        if (id(one), id(other)) not in seen:
            seen.add((id(one), id(other)))
            for field in fields(one):
                assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}", seen)
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}[{number}]", seen)
    else:
        assert one == other, where


def assert_quick_is_slow(schema: Any, **options: Any) -> bool:
    """Whether the short cut read the schema; then the readable way must have made the same of it."""
    made = quick(schema, **options)
    if made is None:
        return False
    wanted = JsonSchema(schema, **options)._slowly(schema, LIMITS)
    seen: set[tuple[int, int]] = set()
    assert_same(made.start, wanted.start, "start", seen)
    assert list(made.rules) == list(wanted.rules)
    for name, node in made.rules.items():
        assert_same(node, wanted.rules[name], name, seen)
    assert made.origins == wanted.origins
    assert (made.common, made.pruned, made.unenforced) == (wanted.common, wanted.pruned, wanted.unenforced)
    return True


TREE = {"type": "object", "properties": {"left": {"$ref": "#"}, "n": {"type": "integer"}}, "required": ["n"]}
PLAIN = {
    "type": {"type": "string"},
    "types": {"type": ["null", "number", "array"]},
    "types with keywords": {"type": ["object", "string", "null"], "required": ["a"], "maxLength": 3},
    "properties": {"properties": {"a": {"type": "integer"}, "b": {}, "c": True}, "required": ["b", "z"]},
    "closed": {"type": "object", "properties": {"ä": {"description": "any"}}, "additionalProperties": False},
    "others": {"type": "object", "additionalProperties": {"type": ["string", "null"]}, "required": ["x", "x"]},
    "items": {"items": {"type": "array", "items": {"maximum": 3}, "minItems": 2, "maxItems": 4}},
    "items, no array": {"type": "array", "properties": {}, "additionalProperties": False},
    "enum": {"enum": ["a", "b", "", "a"]},
    "enum of a type": {"type": ["string", "null"], "enum": ["ü"]},
    "scalars": {"type": "object", "properties": {
        "a": {"type": "string", "pattern": "^a+$", "minLength": 2}, "b": {"format": "date"},
        "c": {"type": "number", "minimum": 1.5},
        "d": {"type": "integer", "exclusiveMaximum": 10, "minimum": 0}, "e": {"type": "string", "format": "unheard of"}}},
    "reference": {"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"type": "null"}}},
    "recursion": TREE,
    "recursion by name": {"type": "array", "items": {"$ref": "#/definitions/t"}, "definitions": {"t": {
        "properties": {"a/b": {"items": {"$ref": "#/definitions/t"}}, "c": {"items": {
            "$ref": "#/definitions/t/properties/c"}}}}}},
    "anyOf": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["a"]}, {"type": "string", "maxLength": 3},
                        {"type": "object", "properties": {"b": {"type": "null"}}}]},
    "anyOf of any": {"anyOf": [{"type": "object", "required": ["a"]}, {"type": ["object", "boolean"]}, {"type": "string"},
                               {"enum": ["a"]}]},
    "anyOf of values": {"anyOf": [{"enum": ["a", "b"]}, {"type": "integer", "minimum": 3}, {"enum": ["c", "b"]}]},
    "oneOf": {"oneOf": [{"$ref": "#/$defs/a"}, {"type": ["null", "integer"]}], "$defs": {"a": {"enum": ["a"]}}},
    "draft": {"$schema": "http://json-schema.org/draft-04/schema#", "items": {
        "$schema": "http://json-schema.org/draft-04/schema", "$ref": "#/a", "type": "string"},
        "a": {"prefixItems": 1, "type": "null"}},
}  # fmt: skip
NOT_PLAIN = {
    "keyword": {"type": "array", "uniqueItems": True},
    "contradiction": {"type": "object", "required": ["a"], "additionalProperties": False},
    "forbidden": {"properties": {"a": False}},
    "no schema": {"properties": {"a": 3}},
    "no type": {"properties": {"a": {"type": "text"}}},
    "no names": {"type": "object", "required": "a"},
    "unused": {"type": "string", "properties": {"a": {"type": "text"}}},
    "true is no number": {"type": "integer", "minimum": True},
    "a number is no length": {"type": "string", "maxLength": -1},
    "empty": {"type": "integer", "minimum": 3, "maximum": 2},
    "values": {"enum": ["a", 1]},
    "lone surrogate": {"enum": ["\ud800"]},
    "nowhere": {"$ref": "#/a"},
    "escapes": {"items": {"$ref": "#/a/x~1y"}, "a": {"x/y": {"type": "null"}}},
    "circle": {"$ref": "#/a", "a": {"$ref": "#"}},
    "siblings": {"$ref": "#/a", "type": "null", "a": {}},
    "identifier": {"properties": {"a": {"$id": "http://x/y", "items": {"$ref": "#/z"}}}, "z": {}},
    "another draft": {"items": {"$schema": "http://json-schema.org/draft-04/schema#"}},
    "twice": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "a branch in itself": {"anyOf": [{"$ref": "#/a"}, {"type": "null"}], "a": {"type": "array", "items": {"$ref": "#/a"}}},
    "deep": json.loads('{"items":' * 29 + "{}" + "}" * 29),
}  # fmt: skip


@pytest.mark.parametrize("options", STYLES, ids=["bounded", "any order", "draft 4", "exact"])
@pytest.mark.parametrize("name", PLAIN)
def test_quick_reads_plain_schemas(name: str, options: dict[str, Any]) -> None:
    assert assert_quick_is_slow(PLAIN[name], **options)


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_quick_leaves_other_schemas(name: str) -> None:
    assert quick(NOT_PLAIN[name]) is None


def test_quick_gives_the_errors_of_the_readable_way() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^a$", "minLength": 2}}, "required": ["a"]}
    made = quick(schema)
    assert made is not None and made.why_empty is not None
    wanted = JsonSchema(schema)._slowly(schema, LIMITS)
    assert wanted.why_empty is not None
    assert str(made.why_empty(lambda node: True)) == str(wanted.why_empty(lambda node: True))


def test_quick_asks_for_the_same_options() -> None:
    with pytest.raises(SchemaError, match="formats='assertion'"):
        JsonSchema({"type": "null"}, formats="assertion").to_grammar(LIMITS)  # type: ignore[arg-type]
    for options in ({"max_depth": 3}, {"registry": {"http://x": {}}}, {"on_unsupported": "validate"}, {"content": "assert"}):
        assert quick({"type": "null"}, **options) is None
    assert JsonSchema({"type": "null"})._quickly({"type": "null"}, Limits(schema_depth=3)) is None


def test_quick_equals_the_readable_way_over_random_schemas() -> None:
    source = random.Random(5)

    def schema(depth: int) -> Any:
        kind = source.randrange(14 if depth else 7)
        if kind < 2:
            return {"type": source.choice(["string", "number", "integer", "boolean", "null", "object", "array"])}
        if kind == 2:
            return source.choice([True, {}, {"title": "x"}, {"$ref": "#"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}])
        if kind == 3:
            return {"type": source.sample(["string", "integer", "null", "object", "array"], source.randint(1, 3))}
        if kind == 4:
            keywords: list[tuple[str, Any]] = [("minLength", 1), ("maxLength", 5), ("pattern", "a"), ("format", "date")]
            return {"type": "string", **dict(source.sample(keywords, 2))}
        if kind == 5:
            return {"type": "integer", "minimum": source.randint(0, 3), "maximum": source.randint(2, 9)}
        if kind == 6:
            return {"enum": source.sample(["a", "b", "c"], source.randint(1, 3))}
        if kind == 7:
            return {source.choice(["anyOf", "oneOf"]): [schema(depth - 1) for _ in range(source.randint(1, 3))]}
        if kind < 10:
            bounds = source.sample([("minItems", 1), ("maxItems", 3)], source.randint(0, 2))
            return {"type": "array", "items": schema(depth - 1), **dict(bounds)}
        properties = {name: schema(depth - 1) for name in source.sample(["a", "b", "c d", "é"], source.randint(0, 3))}
        made: dict[str, Any] = {"properties": properties, "required": source.sample(["a", "b", "z"], source.randint(0, 2))}
        if source.random() < 0.5:
            made["additionalProperties"] = source.choice([False, True, schema(depth - 1)])
        return made if source.random() < 0.2 else {"type": "object", **made}

    read = 0
    for _ in range(600):
        whole = schema(3)
        if isinstance(whole, dict):
            whole["$defs"] = {"a": schema(2), "b": schema(2)}
            try:
                read += assert_quick_is_slow(whole, **source.choice(STYLES))
            except SchemaError as error:
                pytest.fail(f"the short cut reads what is refused: {whole}: {error}")
    assert read > 150


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus of schemas is not here")
def test_quick_equals_the_readable_way_over_real_schemas() -> None:
    with gzip.open(CORPUS, "rt", encoding="utf-8") as lines:
        schemas = [json.loads(line)["schema"] for line in islice(lines, 0, 6000, 20)]
    read = sum(assert_quick_is_slow(schema, whitespace="flexible", property_order="any")
               for schema in schemas if isinstance(schema, dict))
    assert read > len(schemas) / 2
