"""Explanations in words: why a token is forbidden, and what may come."""

from __future__ import annotations

from typing import Any

import pytest

from structgen import Compiler, JsonSchema, Regex, Vocabulary
from structgen.matching.native_engine import AVAILABLE

ENGINES = ["python", pytest.param("native", marks=pytest.mark.skipif(not AVAILABLE, reason="not built"))]
VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), None, b'"nb', b"},"], 256)
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 3},
        "level": {"enum": ["low", "high"]},
        "month": {"type": "integer", "minimum": 10, "maximum": 14},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        "ok": {"type": ["boolean", "null"]},
    },
    "required": ["name", "level"],
    "additionalProperties": False,
}
SOURCE = JsonSchema(SCHEMA, whitespace="compact", exponents=False)
OPEN = JsonSchema({"type": "object", "properties": {"a": {}}, "minProperties": 2}, whitespace="compact")
FRONT = '{"name":"ab","level":"low",'


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("source", "prefix", "token", "words"), [
    (SOURCE, "", b"[", ["cannot come here", "an object"]),
    (SOURCE, "{", b"}", ['because: the object needs "name" and "level"', 'a key: "name"']),
    (SOURCE, "{", b'"nb', ["'b' cannot come after '\"n'", "the rest of the key: 'ame\"'"]),
    (SOURCE, '{"name":', b"1", ["allowed (2 tokens)", "a string"]),
    (SOURCE, '{"name":"a', b"\n", ["any character (at most 2 more)", "a quote that ends the string"]),
    (SOURCE, '{"name":"abc', b"d", ["): a quote that ends the string"]),
    (SOURCE, '{"name":"ab"', b"},", ['because: the object needs "level"', "a comma"]),
    (SOURCE, '{"name":"ab","level":', b"1", ['a string, one of "high" or "low"']),
    (SOURCE, '{"name":"ab","level":"l', b"x", ["the rest of the string: 'ow\"'"]),
    (SOURCE, FRONT + '"month":', b"9", ["(1 token): one of 10, 11, 12, 13 or 14"]),
    (SOURCE, FRONT + '"month":1', b"5", ["a digit up to 4"]),
    (SOURCE, FRONT + '"tags":["a",', b"1", ['(1 token): the string "b"']),
    (SOURCE, FRONT + '"ok":', b"1", ["false; null; or true"]),
    (SOURCE, '{"name":"\\', b"x", ["the rest of an escape"]),
    (SOURCE, FRONT[:-1] + "}", b"x", ["the end of the output"]),
    (SOURCE, FRONT[:-1] + "}x", b"x", []),
    (OPEN, '{"a":1', b"}", ["because: the object needs 1 more members", "a digit", "a comma"]),
    (OPEN, "{", b"1", ['a key: "a"; or another name']),
    (Regex("[0-9]{2}[a-f]x"), "12", b"x", ["a letter from a to f"]),
    (Regex("[0-9]{2}[a-f]x"), "", b"x", ["a digit"]),
    (Regex("red|blue"), "", b"x", ["one of blue or red"]),
], ids=[str(number) for number in range(21)])
def test_explanation_says_why_and_what(source: Any, prefix: str, token: bytes, words: list[str], engine: Any) -> None:
    matcher = Compiler(VOCABULARY, engine=engine).compile(source).matcher()
    if not matcher.advance_bytes(prefix.encode()) and prefix:
        assert not words
        return
    before = matcher.mask()
    text = matcher.explain(VOCABULARY.tokens.index(token))
    assert "forbidden" in text
    for word in words:
        assert word in text, text
    assert (matcher.mask() == before).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_explanation_of_the_end_names_what_every_open_object_needs(engine: Any) -> None:
    nested = JsonSchema({"type": "object", "properties": {"in": SCHEMA, "b": {}}, "required": ["in", "b"]},
                        whitespace="compact")
    matcher = Compiler(VOCABULARY, engine=engine).compile(nested).matcher()
    assert matcher.advance_bytes(b'{"in":{"name":"x"')
    assert 'the object needs "level"; the object needs "b"' in matcher.explain(256)
    assert matcher.advance_bytes(b',"level":"low"},"b":1}') and matcher.advance(256)
    assert "has ended" in matcher.explain(65)
