"""The check of finished values, and that what is left to it only ever widens what masks allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from structgen.errors import ReadError
from structgen.formats.json.check import checker
from structgen.formats.json.source import JsonSchema
from structgen.limits import Limits

D4 = "http://json-schema.org/draft-04/schema#"
ROWS: list[tuple[str, Any, list[str], list[str]]] = [
    ("decimal multiples", {"multipleOf": 0.1}, ["0.3", "1.1", "1e-1", "12345678901234567890.1"], ["0.35"]),
    ("large multiples", {"multipleOf": 3}, ["3e1000", "999999999999999999999"], ["999999999999999999998"]),
    ("integers", {"type": "integer"}, ["1.0", "1e3", "-0"], ["1.5", "true"]),
    ("draft 4 integers", {"$schema": D4, "type": "integer"}, ["1"], ["1.0"]),
    ("below a schema that names its draft", {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": [
        "integer", "array"], "items": {"$ref": "#"}}, ["[1.0]"], ["[1.5]"]),
    ("draft of another schema", {"items": {"$ref": "http://x.test/old"}}, ["[1]"], ["[1.0]"]),
    ("patterns of ECMA 262", {"pattern": "^\\d$"}, ['"1"'], ['"\\u0661"']),
    ("end of a pattern", {"pattern": "a$"}, ['"a"'], ['"a\\n"']),
    ("pattern left to re", {"pattern": "^(.+)\\1$"}, ['"abab"'], ['"aba"']),
    ("names by pattern", {"patternProperties": {"^\\p{Lu}": {"type": "null"}}, "additionalProperties": {"type": "string"}},
     ['{"Ä":null,"b":""}'], ['{"Ä":1}', '{"ä":null}']),
    ("formats", {"format": "ipv4"}, ['"1.2.3.4"'], ['"1.2.3"']),
    ("registry", {"items": {"$ref": "http://x.test/a"}}, ["[1.0]"], ["[1.5]"]),
]


@pytest.mark.parametrize(("schema", "good", "bad"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_check_is_exact(schema: Any, good: list[str], bad: list[str]) -> None:
    check = checker(JsonSchema(schema, registry={
        "http://x.test/a": {"type": "integer"}, "http://x.test/old": {"$schema": D4, "type": "integer"}}))
    for text in good:
        check(text)
    for text in bad:
        with pytest.raises(ReadError):
            check(text)


def test_check_names_the_path_and_the_keyword() -> None:
    schema = {"properties": {"a": {"items": {"required": ["b"]}}}}
    with pytest.raises(ReadError) as caught:
        checker(JsonSchema(schema))('{"a":[{"b":1},{}]}')
    assert caught.value.position == "$.a[1]"
    assert caught.value.because == '"required" at #/properties/a/items/required fails'


def test_check_downloads_nothing() -> None:
    with pytest.raises(ReadError, match="cannot be checked"):
        checker(JsonSchema({"$ref": "http://x.test/b"}))("1")


TWICE = {"pattern": "^(.+)\\1$"}
"""A pattern that no mask can follow."""
WIDENED: list[tuple[str, Any, list[Any], list[str]]] = [
    ("alone", TWICE, ["aa", "a", 1], ["#: pattern"]),
    ("in not", {"not": TWICE}, ["ab", "aa"], ["#/not: pattern"]),
    ("in not of not", {"type": "string", "not": {"not": TWICE}}, ["aa"], []),
    ("in oneOf", {"oneOf": [TWICE, {"const": "aa"}]}, ["abab", "aa", 1], []),
    ("in if", {"if": TWICE, "then": {"maxLength": 2}, "else": {"minLength": 3}}, ["aa", "aba"], []),
    ("in a member of not", {"not": {"properties": {"a": TWICE}, "required": ["a"]}}, [{"a": "ab"}, {}], []),
    ("in a condition on a member", {"if": {"properties": {"a": TWICE}}, "then": {"required": ["b"]},
                                    "else": {"maxProperties": 1}}, [{"a": "aa", "b": 1}, {"a": "ab"}, {"b": 1}], []),
    ("twice, asked for and forbidden", {
        "$defs": {"t": {"anyOf": [{"type": "string", **TWICE}, {"type": "array", "items": TWICE}]}},
        "properties": {"a": {"$ref": "#/$defs/t"}, "b": {"not": {"$ref": "#/$defs/t"}}}},
     [{"a": "aa", "b": "ab"}, {"b": ["ab"]}], []),
    ("in names", {"propertyNames": TWICE}, [{"aa": 1}, {}], []),
    ("in names of not", {"not": {"propertyNames": TWICE}}, [{"ab": 1}, {"aa": 1, "ab": 2}], []),
    ("by pattern", {"patternProperties": {"^(.+)\\1$": {"type": "null"}}, "additionalProperties": {"type": "string"}},
     [{"aa": None, "ab": "x"}, {}], []),
    ("by pattern, forbidden", {"not": {"patternProperties": {"^(.+)\\1$": {"type": "null"}}}}, [{"aa": 1, "ab": 1}], []),
]


@pytest.mark.parametrize(("schema", "valid", "listed"), [row[1:] for row in WIDENED], ids=[row[0] for row in WIDENED])
def test_what_is_left_to_the_check_only_widens(accepts: Callable[..., list[bool]], schema: Any, valid: list[Any],
                                               listed: list[str]) -> None:
    source = JsonSchema(schema, on_unsupported="validate", property_order="any", whitespace="compact")
    texts = [json.dumps(value, separators=(",", ":")) for value in valid]
    assert accepts(schema, *texts, on_unsupported="validate", property_order="any") == [True] * len(texts)
    unenforced = source.to_grammar(Limits()).unenforced
    assert unenforced and set(listed) <= set(unenforced)

