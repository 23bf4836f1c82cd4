"""The shortest text that ends an output: accepted, valid, equally short in both engines, and really the shortest."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from structgen import Compiler, JsonSchema, Regex, Vocabulary
from structgen.errors import LimitExceededError
from structgen.matching.native_engine import AVAILABLE

VOCABULARY = Vocabulary([bytes((byte,)) for byte in range(256)] + [None], eos_token_ids=[256])
ENGINES = ["python", "native"] if AVAILABLE else ["python"]
STRING, INT = {"type": "string"}, {"type": "integer"}
NODE = {"type": "object", "properties": {"v": INT, "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/node"}]}},
        "required": ["v", "next"], "additionalProperties": False}
MANY = [f"n{i}" for i in range(36)]

SCHEMAS: dict[str, tuple[Any, Any]] = {
    "any": (True, {"a": [1, "x", None]}),
    "nested": ({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": INT, "c": STRING},
                "required": ["b", "c"]}, "d": INT}, "required": ["a"]}, {"a": {"b": 12, "c": "x\n\u00e9"}, "d": 4}),
    "many_required": ({"type": "object", "properties": {name: {"type": "boolean"} for name in MANY}, "required": MANY,
                       "additionalProperties": False}, dict.fromkeys(MANY, True)),
    "objects": ({"type": "array", "minItems": 3, "items": {"type": "object", "properties": {"id": INT, "s": STRING},
                 "required": ["id"]}}, [{"id": 1}, {"id": -12, "s": "q"}, {"id": 3}, {"id": 4}]),
    "length": ({"type": "string", "minLength": 5, "maxLength": 7}, "ab\"\u00e9xy"),
    "pattern": ({"type": "string", "pattern": "^(a|b\\n)[0-9]{3,}-(xyz|zz)$", "minLength": 9}, "b\n12345-zz"),
    "non_ascii": ({"type": "string", "pattern": "^[^\\x00-\\x7f]{4}$"}, "\u00e9\u20ac\U0001f600\u00e9"),
    "enum": ({"enum": ["red", "green", 12, [1, None]]}, "green"),
    "unique": ({"type": "array", "items": STRING, "minItems": 4, "uniqueItems": True}, ["", "b", "cc", "a", "d"]),
    "unique_mixed": ({"type": "array", "items": {"enum": ["a", "b", 1, 22, None]}, "minItems": 4, "uniqueItems": True},
                     ["b", 22, 1, "a"]),
    "recursion": ({"$ref": "#/$defs/node", "$defs": {"node": NODE}}, {"v": 1, "next": {"v": 22, "next": None}}),
    "numbers": ({"type": "array", "items": {"type": "integer", "minimum": 120, "maximum": 4321}, "minItems": 2},
                [121, 4000, 333]),
    "counts": ({"type": "object", "minProperties": 4, "maxProperties": 5, "properties": {"long_name": INT, "b": STRING},
                "required": ["b"], "additionalProperties": {"type": "null"}},
               {"long_name": 3, "b": "", "x": None, "yy": None, "z": None}),
    "listed_counts": ({"type": "object", "minProperties": 3, "additionalProperties": False,
                       "properties": {"aa": INT, "abc": STRING, "b": INT, "c": {"const": "very long"}, "d": STRING}},
                      {"abc": "x", "c": "very long", "d": ""}),
    "tuple": ({"type": "array", "prefixItems": [INT, STRING], "items": {"const": 7}, "minItems": 4}, [0, "a", 7, 7, 7]),
}
REGEXES = {"words": ("(foo|ba+r){2,3}!?", "foobaar"), "counted": ("[a-z]{70,90}x", "k" * 75 + "x"),
           "raw_class": ("[^a]{2}(b|cd)e*", "\u00e9bcde")}
OPTIONS: list[dict[str, Any]] = [{"whitespace": "compact"}, {}, {"whitespace": "compact", "property_order": "any"}]


@cache
def compiler(engine: Any) -> Compiler:
    return Compiler(VOCABULARY, engine=engine)


def completions(source: Any, text: bytes) -> list[bytes]:
    """Along a text, from every place, the completion of every engine: accepted, the matcher unmoved, equally long."""
    found = []
    matchers = [compiler(engine).compile(source).matcher() for engine in ENGINES]
    cuts = range(0, len(text) + 1, 1 + len(text) // 60)
    for cut, following in zip(cuts, [*cuts[1:], len(text)], strict=True):
        lengths = set()
        for matcher in matchers:
            taken = matcher.taken
            rest = matcher.shortest_completion()
            assert matcher.taken == taken
            assert matcher.advance_bytes(rest) and matcher.is_accepting, (text[:cut], rest)
            matcher.rollback(1)
            lengths.add(len(rest))
            found.append(text[:cut] + rest)
            assert matcher.advance_bytes(text[cut:following]), text[:following]
        assert len(lengths) == 1, (text[:cut], found[-2:])
    return found


def backwards(value: Any) -> Any:
    """The value with the members of its objects in the opposite order."""
    if isinstance(value, dict):
        return {name: backwards(member) for name, member in reversed(value.items())}
    return [backwards(item) for item in value] if isinstance(value, list) else value


def breadth_first(matcher: Any, most: int) -> int | None:
    """The length of a shortest completion by trying everything; None beyond ``most`` configurations."""
    level, seen, length = [b""], set(), 0
    while level:
        following = []
        for path in level:
            other = matcher.fork()
            assert other.advance_bytes(path)
            if other.is_accepting:
                return length
            for byte in range(256):
                if other.advance_bytes(bytes((byte,))):
                    place = (other.standing(), other.is_accepting)
                    other.rollback(1)
                    if place not in seen:
                        seen.add(place)
                        following.append(path + bytes((byte,)))
            if len(seen) > most:
                return None
        level, length = following, length + 1
    raise AssertionError("a dead end")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", SCHEMAS)
def test_completions_along_an_instance_are_valid(name: str, options: dict[str, Any]) -> None:
    schema, value = SCHEMAS[name]
    if options.get("property_order") == "any":
        value = backwards(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=name != "non_ascii").encode()
    for found in dict.fromkeys(completions(JsonSchema(schema, **options), text)):
        Draft202012Validator(schema).validate(json.loads(found))


@pytest.mark.parametrize("name", REGEXES)
def test_completions_of_a_pattern(name: str) -> None:
    pattern, text = REGEXES[name]
    completions(Regex(pattern), text.encode())


SMALL: dict[str, Any] = {
    "regex": Regex("(ab|a{3,6}(c|dd))e?f"),
    "escapes": JsonSchema({"type": "string", "pattern": "^[\\x00-\\x07]$|^[b-d]{7}$"}, whitespace="compact"),
    "ascii": JsonSchema({"enum": ["é", "éa", "😀", "\x7f", "aaaaaaaaa"]}, whitespace="compact", ensure_ascii=True),
    "necessary": JsonSchema({"type": "string", "pattern": "^[\\x00-\\x07]x$|^é{4}$|^[b-d]{9}$"}, whitespace="compact",
                            escapes="necessary"),
    "unique_ascii": JsonSchema({"type": "array", "items": {"enum": ["é", "漢", "ccc", 1, 333]}, "minItems": 4,
                                "uniqueItems": True}, whitespace="compact", ensure_ascii=True),
    "far": JsonSchema({"enum": ["a", "abcdefgh", 123456]}, whitespace="compact"),
    "unique": JsonSchema({"type": "array", "items": {"enum": ["a", "b", "ccc", 1, 333]}, "minItems": 4,
                          "uniqueItems": True}, whitespace="compact"),
    "any_order": JsonSchema({"type": "object", "properties": {"a": {"enum": [1, 22]}, "abc": {"const": 1},
                             "b": {"const": 12345}, "cc": {"const": 1}}, "required": ["a"], "minProperties": 3,
                             "additionalProperties": False}, whitespace="compact", property_order="any"),
    "ordered": JsonSchema({"type": "object", "properties": {"a": {"const": 1}, "abc": {"const": 1},
                           "b": {"const": 12345}, "cc": {"const": 1}}, "required": ["b"], "minProperties": 3,
                           "additionalProperties": False}, whitespace="compact"),
    "recursion": JsonSchema(SCHEMAS["recursion"][0], whitespace="compact"),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SMALL)
def test_completions_are_as_short_as_any(name: str, engine: str) -> None:
    matcher = compiler(engine).compile(SMALL[name]).matcher()
    for _ in range(8):
        shortest = breadth_first(matcher, 3000)
        found = matcher.shortest_completion()
        assert shortest is None or len(found) == shortest, found
        longest = [byte for byte in range(255, -1, -1) if byte not in b'\\"}]' and byte < 128
                   and matcher.advance_bytes(bytes((byte,))) and (matcher.rollback(1) or True)]
        if not matcher.advance_bytes(bytes((longest[0] if longest else found[0] if found else 0,))):
            break


@pytest.mark.parametrize("engine", ENGINES)
def test_completions_of_many_unused_texts(engine: str) -> None:
    source = JsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 60, "uniqueItems": True},
                        whitespace="compact")
    matcher = compiler(engine).compile(source).matcher()
    assert len(matcher.shortest_completion()) == 2 + 59 + 120 + 59  # brackets, commas, quotes, a character but for one


@pytest.mark.parametrize("engine", ENGINES)
def test_completions_end_at_their_limit(engine: str) -> None:
    matcher = compiler(engine).compile(JsonSchema({"type": "string", "minLength": 500})).matcher()
    assert len(matcher.shortest_completion()) == 502
    with pytest.raises(LimitExceededError, match="larger limit"):
        matcher.shortest_completion(limit=50)
    assert matcher.taken == 0
