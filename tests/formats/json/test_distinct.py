"""Lists whose items must differ, whatever the items are: equal values are equal however they are spelled."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from structgen import Compiler, JsonSchema, Vocabulary
from structgen.errors import UnsupportedSchemaError

Accepts = Callable[..., list[bool]]
PIECES = ('{"', '":', '","', '"}', '"},', "},", "],", "{}", "true", '"a"', '"b"', '"a":', '":1,"', '},{"a":', "\\u0061")
VOCABULARY = Vocabulary([None, *(bytes((byte,)) for byte in range(256)), *(text.encode() for text in PIECES)], [0])
PAIR = {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "boolean"}}, "required": ["a", "b"],
        "additionalProperties": False}

ROWS: list[tuple[str, Any, list[str], list[str]]] = [
    ("any values", {}, ["[]", '[1,true,"1",null]', "[0,false]", "[[],{}]", '[{"a":1},{"b":1}]', '[{"a":[1]},{"a":[true]}]'],
     ["[1,1]", "[[],[]]", "[{},{}]", '[{"a":{"b":1}},{"a":{"b":1}}]', '[[["foo"]],1,[["foo"]]]']),
    ("members in any order", {}, ['[{"a":1,"b":2},{"b":1,"a":2}]'], ['[{"a":1,"b":2},{"b":2,"a":1}]']),
    ("spellings", {}, ['["a","b"]', '[ {"a": 1} ,\n{"a": 2}]'], ['["a","\\u0061"]', '[{"\\u0061":1},{"a":1}]',
                                                              '[{"a":[1,2]},{"a":[1, 2]}]']),
    ("numbers", {"items": {"type": ["number", "array"]}}, ["[0.5,[0.5],1,[1]]"], ["[0.5,[1],0.5]", "[[1],[2],[1]]"]),
    ("objects of few values", {"items": PAIR}, ['[{"a":"x","b":true},{"b":false,"a":"x"}]'],
     ['[{"a":"x","b":true},{"b":true,"a":"x"}]']),
    ("behind a prefix", {"prefixItems": [{"type": "boolean"}, {"type": "boolean"}]}, ["[true,false,1,{}]", "[true]"],
     ["[true,true]", "[true,false,true]", "[true,false,{},{}]"]),
    ("beside contains", {"contains": {"const": 1}, "items": {"type": ["integer", "object"]}}, ["[1]", "[{},1,2]"],
     ["[2]", "[1,1]", "[1,{},{}]"]),
    ("within each other", {"items": {"type": "array", "uniqueItems": True}}, ["[[1,[2]],[[2],1]]", "[[],[[]]]"],
     ["[[1,1]]", "[[1,[2]],[1,[2]]]", "[[[],[]]]"]),
    ("multiples", {"items": {"anyOf": [{"type": "integer", "multipleOf": 7}, {"type": "object"}]}}, ["[7,14,{}]"],
     ["[7,7]", "[7,{},{}]"]),
    ("as many as needed", {"items": PAIR, "minItems": 2, "maxItems": 2}, ['[{"a":"x","b":true},{"a":"y","b":true}]'],
     ['[{"a":"x","b":true}]']),
]


@pytest.mark.parametrize(("name", "schema", "valid", "invalid"), ROWS, ids=[row[0] for row in ROWS])
def test_items_of_any_kind_differ(name: str, schema: Any, valid: list[str], invalid: list[str], accepts: Accepts) -> None:
    schema = {"type": "array", "uniqueItems": True, **schema}
    judge = Draft202012Validator(schema)
    assert [judge.is_valid(json.loads(text)) for text in [*valid, *invalid]] == [True] * len(valid) + [False] * len(invalid)
    assert accepts(schema, *valid, *invalid, property_order="any") == [True] * len(valid) + [False] * len(invalid)


@pytest.mark.parametrize("engine", ["python", "native"])
def test_item_that_could_only_be_equal_is_not_begun(engine: Any) -> None:
    schema = {"type": "array", "uniqueItems": True, "items": PAIR}
    matcher = Compiler(VOCABULARY, engine=engine).compile(
        JsonSchema(schema, property_order="any", whitespace="compact")).matcher()

    def allowed(text: str) -> set[bytes | None]:
        assert matcher.advance_bytes(text.encode())
        return {VOCABULARY.tokens[token] for token in matcher.allowed_tokens()}

    assert b"t" in allowed('[{"a":"x","b":')
    assert {b"f", b"t", b"true"} & allowed('true},{"a":"x","b":') == {b"f"}
    assert {b"x", b"y"} & allowed('false},{"b":true,"a":"') == {b"y"}
    assert {b"t", b"f"} & allowed('y"},{"a":"y","b":') == {b"f"}
    assert {b",", b"]", b"},", b"],"} & allowed("false}") == {b"]"}


@pytest.mark.parametrize("engine", ["python", "native"])
def test_item_as_long_as_it_may_be_differs(engine: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(JsonSchema(
        {"type": "array", "items": {"type": "string", "maxLength": 2}, "uniqueItems": True}, whitespace="compact"))
    matcher = compiled.matcher()
    assert matcher.advance_bytes(b'["],","]')
    allowed = {VOCABULARY.tokens[token] for token in matcher.allowed_tokens()}
    assert b"," not in allowed
    assert {b"a", b'"', b"]"} <= allowed


SAMPLED: list[Any] = [
    {"items": PAIR, "minItems": 2}, {"maxItems": 3}, {"items": {"type": "object", "maxProperties": 1}, "minItems": 1},
    {"items": {"anyOf": [PAIR, {"type": "array", "items": {"enum": [1, "a"]}, "uniqueItems": True}]}},
    {"items": {"type": "object", "properties": {"a": {"type": "string", "maxLength": 1}}, "additionalProperties": False}},
]


@pytest.mark.parametrize("schema", SAMPLED, ids=[str(number) for number in range(len(SAMPLED))])
def test_walks_along_the_masks_end_in_items_that_differ(schema: Any) -> None:
    schema = {"type": "array", "uniqueItems": True, **schema}
    source = JsonSchema(schema, property_order="any", whitespace="compact")
    native, python = (Compiler(VOCABULARY, engine=engine).compile(source).matcher() for engine in ("native", "python"))
    judge = Draft202012Validator(schema)
    for seed in range(6):
        chance, text = random.Random(seed), b""
        native.reset()
        python.reset()
        for step in range(40):
            allowed = [token for token in native.allowed_tokens() if token]
            if step % 4 == 0:
                assert [token for token in python.allowed_tokens() if token] == allowed, text
            if not allowed:
                break
            likely = [token for token in allowed if token > 256 or bytes((token - 1,)) in b'}],"a1tb']
            token = chance.choice(likely or allowed)
            assert native.advance(token) and python.advance(token)
            text += VOCABULARY.tokens[token] or b""
        end = b"" if native.is_accepting else native.shortest_completion()
        assert python.advance_bytes(end) and python.is_accepting, text
        assert judge.is_valid(json.loads(text + end)), text + end


@pytest.mark.parametrize("schema", [
    {"items": {"type": "object", "properties": {"a": {"type": "boolean"}}, "additionalProperties": False,
               "required": ["a"]}, "minItems": 3},
    {"prefixItems": [{"enum": [1, 2]}, {"const": 1}], "minItems": 3},
], ids=str)
def test_too_few_values_are_refused_by_name(schema: Any) -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        Compiler(VOCABULARY).compile(JsonSchema({"type": "array", "uniqueItems": True, **schema}))
    assert (caught.value.keyword, caught.value.position) == ("uniqueItems", "#")
