"""What masks let through is valid, and what is valid they let through, however it is cut into tokens."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from laws.strategies import LAW, NAMES, SCALARS, SEEDS, patterns, schemas
from laws.walks import compile_all, sample, tokenized
from oracle import VOCABULARY, has_lone_surrogate, no_duplicates

from structgen import JsonSchema, Regex

FREE, MOST = 8, 120
"""Tokens chosen freely before an output is closed, and the most an output may take."""


@LAW
@given(
    schemas(),
    SEEDS,
    st.sampled_from(["compact", "bounded", "flexible"]),
    st.sampled_from(["schema", "any"]),
    st.booleans(),
)
def test_sampled_outputs_are_valid(schema: Any, seed: int, whitespace: Any, order: Any, exponents: bool) -> None:
    validator = Draft202012Validator(schema)
    for grammar in compile_all(JsonSchema(schema, whitespace=whitespace, property_order=order, exponents=exponents)):
        for number in range(3):
            text = sample(grammar.matcher(), random.Random(seed + number), FREE, MOST)
            if text is not None:
                value = json.loads(text, object_pairs_hook=no_duplicates)
                assert not has_lone_surrogate(json.dumps(value, ensure_ascii=False)), text
                assert validator.is_valid(value), text


@LAW
@given(patterns(), SEEDS)
def test_sampled_texts_match_their_pattern(pattern: str, seed: int) -> None:
    for grammar in compile_all(Regex(pattern)):
        text = sample(grammar.matcher(), random.Random(seed), FREE, MOST)
        assert text is None or re.fullmatch(pattern, text.decode())


@st.composite
def instances(draw: st.DrawFn, schema: Any, depth: int = 3) -> Any:
    """Values near a schema: many are valid, some are not."""
    if draw(st.integers(0, 9)) == 0 or not isinstance(schema, dict) or depth == 0:
        return draw(SCALARS)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    if "anyOf" in schema or "allOf" in schema:
        return draw(instances(draw(st.sampled_from(schema.get("anyOf") or schema["allOf"])), depth - 1))
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = draw(st.sampled_from(kind))
    if kind == "string":
        return draw(
            st.text(
                st.sampled_from('abcfo01é漢😀"\\\n'),
                min_size=schema.get("minLength", 0),
                max_size=schema.get("maxLength", 5),
            )
        )
    if kind == "array":
        known = schema.get("prefixItems", [])
        size = schema.get("minItems", 0) + draw(st.integers(0, 2))
        return [
            draw(instances(known[i] if i < len(known) else schema.get("items", {"type": "string"}), depth - 1))
            for i in range(size)
        ]
    if kind == "object":
        known = schema.get("properties", {})
        names = {*schema.get("required", []), *draw(st.lists(st.sampled_from([*NAMES, "x", "é", "x1"]), max_size=2))}
        matching = {name: [part for pattern, part in schema.get("patternProperties", {}).items() if re.search(pattern, name)]
                    for name in names}
        return {
            name: draw(instances(known.get(name, [*matching[name], schema.get("additionalProperties", {"type": "null"})][0]),
                                 depth - 1))
            for name in sorted(names)
        }
    return draw(
        {
            "integer": st.integers(-20, 1200),
            "number": st.sampled_from([0, 0.5, 1, -3, 1.25, 99]),
            "boolean": st.booleans(),
        }.get(kind, SCALARS)
    )


@st.composite
def schemas_with_instances(draw: st.DrawFn) -> tuple[Any, list[Any]]:
    schema = draw(schemas())
    return schema, [draw(instances(schema)) for _ in range(4)]


@LAW
@given(schemas_with_instances(), SEEDS, st.booleans())
def test_instances_are_accepted_exactly_where_they_are_valid(
    pair: tuple[Any, list[Any]], seed: int, ascii_only: bool
) -> None:
    schema, values = pair
    validator, chance = Draft202012Validator(schema), random.Random(seed)
    for grammar in compile_all(JsonSchema(schema, property_order="any")):
        for value in values:
            text = json.dumps(value, ensure_ascii=ascii_only).encode()
            tokens = [*tokenized(text, chance), VOCABULARY.eos_token_ids[0]]
            taken = grammar.matcher().validate(tokens)
            assert (taken == len(tokens)) == validator.is_valid(value), (text, taken)


@LAW
@given(schemas_with_instances(), SEEDS)
def test_valid_instances_are_valid_in_every_segmentation(pair: tuple[Any, list[Any]], seed: int) -> None:
    schema, values = pair
    chance = random.Random(seed)
    valid = [value for value in values if Draft202012Validator(schema).is_valid(value)]
    for grammar in compile_all(JsonSchema(schema, property_order="any")):
        for text in (json.dumps(value, separators=(",", ":")).encode() for value in valid):
            for _ in range(5):
                matcher = grammar.matcher()
                for token in tokenized(text, chance):
                    assert token in matcher.allowed_tokens() and matcher.advance(token), text
                assert matcher.is_accepting
