"""Whole error texts, as a caller sees them: where, what, why, and what to do.

Run with ``STRUCTGEN_UPDATE_GOLDEN=1`` to write the texts anew, and read the difference before committing it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracle import VOCABULARY

from structgen import Choice, Compiler, Grammar, JsonSchema, Limits, Regex, StructgenError, Vocabulary
from structgen.grammar.build import seq
from structgen.grammar.nodes import Ref, Str

FILE = Path(__file__).with_name("error_texts.txt")
RULE = "=" * 20


def compiled(source: Any, **limits: int) -> Callable[[], Any]:
    return lambda: Compiler(VOCABULARY, limits=Limits(**limits), engine="python").compile(source)


def schema(given: Any, **options: Any) -> Callable[[], Any]:
    return compiled(JsonSchema(given, **options))


CASES: dict[str, Callable[[], Any]] = {
    "schema-text-broken": schema('{"type": "object",}'),
    "schema-text-duplicate-key": schema('{"type": "string", "type": "integer"}'),
    "schema-text-nan": schema('{"minimum": NaN}'),
    "schema-unknown-type": schema({"properties": {"a": {"type": "strin"}}}),
    "schema-keyword-value": schema({"properties": {"a/b": {"minLength": -1}}}),
    "schema-reference-missing": schema({"$ref": "#/$defs/missing"}),
    "schema-reference-remote": schema({"properties": {"a": {"$ref": "https://example.com/a.json"}}}),
    "schema-reference-circle": schema({"$ref": "#"}),
    "schema-unsatisfiable-range": schema(
        {"type": "object", "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 1}}, "required": ["a"]}
    ),
    "schema-unsatisfiable-across-a-reference": schema(
        {"allOf": [{"type": "integer", "minimum": 5}, {"$ref": "#/$defs/few"}], "$defs": {"few": {"maximum": 3}}}
    ),
    "schema-unsatisfiable-required": schema({"type": "object", "required": ["a"], "properties": {"a": False}}),
    "schema-unsatisfiable-endless": schema({"type": "array", "items": {"$ref": "#"}, "minItems": 1}),
    "schema-unsatisfiable-pattern-length": schema(
        {"type": "string", "pattern": "^(ab)*$", "minLength": 3, "maxLength": 3}
    ),
    "schema-vocabulary-unknown": schema(
        {"$schema": "https://example.com/meta"},
        registry={
            "https://example.com/meta": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$vocabulary": {"https://example.com/units": True},
            }
        },
    ),
    "schema-unsupported-unique-few": schema(
        {
            "properties": {
                "tags": {"type": "array", "items": {"const": {}}, "uniqueItems": True, "minItems": 2}
            }
        }
    ),
    "schema-unsupported-multiple": schema({"type": "number", "multipleOf": 0.123456789}),
    "schema-unsupported-pattern": schema({"type": "string", "pattern": "(a+)\\1"}),
    "schema-pattern-broken": schema({"type": "string", "pattern": "a(b"}),
    "schema-option": schema({}, whitespace="none"),
    "schema-too-deep": compiled(
        JsonSchema({"items": {"items": {"items": {"items": {"minLength": 1}}}}}), schema_depth=2
    ),
    "regex-broken": compiled(Regex("a[b")),
    "regex-back-reference": compiled(Regex("(a+)\\1")),
    "regex-exponential": compiled(Regex("(a|b)*a(a|b){20}"), dfa_states=1000),
    "choice-empty": lambda: Choice([]),
    "choice-twice": lambda: Choice(["a", "b", "a"]),
    "grammar-without-text": compiled(Grammar(Ref("r"), {"r": seq(Str("a"), Ref("r"))})),
    "vocabulary-text-token": lambda: Vocabulary([b"a", "b"], [0]),  # type: ignore[list-item]
    "token-outside-the-vocabulary": lambda: (
        Compiler(VOCABULARY, engine="python").compile(Choice(["a"])).matcher().advance(10_000)
    ),
}


@cache
def expected() -> dict[str, str]:
    if not FILE.exists():
        return {}
    parts = FILE.read_text(encoding="utf-8").split(f"{RULE} ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].rstrip("\n") for part in parts}


def text_of(case: Callable[[], Any]) -> str:
    with pytest.raises(StructgenError) as caught:
        case()
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.skipif("STRUCTGEN_UPDATE_GOLDEN" not in os.environ, reason="writes the texts anew only when asked to")
def test_error_texts_are_written_anew() -> None:
    FILE.write_text("".join(f"{RULE} {name}\n{text_of(case)}\n\n" for name, case in CASES.items()), encoding="utf-8")
    expected.cache_clear()


@pytest.mark.parametrize("name", CASES)
def test_error_texts_are_the_golden_ones(name: str) -> None:
    assert text_of(CASES[name]) == expected()[name]


def test_golden_texts_have_no_case_too_many() -> None:
    assert list(expected()) == list(CASES)
