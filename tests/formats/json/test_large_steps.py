"""Multiples whose remainders are too many for an automaton: exact on both engines, and always with an end."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from structgen import Compiler, JsonSchema, UnsupportedSchemaError, Vocabulary

TOKENS: list[bytes | None] = [*(bytes([byte]) for byte in range(32, 127)), b"00", b".0", b"8721", b"-1", b"04", b"},", None]
VOCABULARY = Vocabulary(TOKENS, [len(TOKENS) - 1])
PRIME = 104_729
NONE_OF = {"anyOf": [{"multipleOf": 7.77}, {"multipleOf": PRIME}, {"multipleOf": 3.1}]}

CASES: list[tuple[Any, list[str], list[str]]] = [
    ({"type": "number", "multipleOf": 86_400}, ["0", "86400", "-172800.0", "-0"], ["1", "8640", "86400.1", "0.5"]),
    ({"type": "integer", "multipleOf": 2**20, "minimum": 5}, ["1048576", "2097152.0"], ["0", "1", "-1048576", "1048577"]),
    ({"type": "integer", "multipleOf": PRIME, "maximum": 10**7}, ["-104729", "0", "1047290"], ["104730", "10472900"]),
    ({"type": "integer", "multipleOf": 8721, "not": {"anyOf": [{"multipleOf": step} for step in (2, 7, 11, 13)]}},
     ["8721", "-26163"], ["0", "17442", "61047", "8722"]),
    ({"type": "number", "not": NONE_OF, "minimum": -3.1, "maximum": 7.77}, ["1", "7.76", "-3.099", "0.1", "-0.010"],
     ["0", "-0.0", "7.770", "-3.10", "3.1", "8", "-4"]),
    ({"type": "number", "not": {"anyOf": [NONE_OF, {"const": 5.5}, {"type": "integer"}]}}, ["5.51", "-0.5", "77.71"],
     ["5.50", "1", "7.77", "1.0", "15.54"]),
    ({"allOf": [{"multipleOf": 6.75}, {"multipleOf": 19}, {"multipleOf": 2.125}]}, ["8721", "-17442", "0"],
     ["4360.5", "513"]),
    ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer", "multipleOf": PRIME}, ["104729"],
     ["104729.0", "1"]),
    ({"items": {"type": "integer", "multipleOf": PRIME}}, ["[0,104729]", "[104729,104729]"], ["[1]", "[104729,1]"]),
    ({"additionalProperties": {"multipleOf": PRIME}}, ['{"a":104729,"b":"c"}'], ['{"a":1}', '{"a":0,"b":10}']),
]


@pytest.mark.parametrize("engine", ["python", "native"])
@pytest.mark.parametrize(("schema", "valid", "invalid"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_exactly_the_multiples_are_accepted(schema: Any, valid: list[str], invalid: list[str], engine: Any) -> None:
    compiled = Compiler(VOCABULARY, engine=engine).compile(JsonSchema(schema, whitespace="compact"))

    def accepts(text: str) -> bool:
        matcher = compiled.matcher()
        return matcher.advance_bytes(text.encode()) and matcher.is_accepting

    assert [accepts(text) for text in (*valid, *invalid)] == [True] * len(valid) + [False] * len(invalid)


@pytest.mark.parametrize(("schema", "valid", "invalid"), CASES[:7], ids=[str(number) for number in range(7)])
def test_whatever_is_begun_has_an_end(schema: Any, valid: list[str], invalid: list[str]) -> None:
    native, python = (Compiler(VOCABULARY, engine=engine).compile(JsonSchema({"type": "number", **schema})).matcher()
                      for engine in ("native", "python"))
    for seed in range(8):
        chance = random.Random(seed)
        native.reset(), python.reset()
        for _ in range(6):
            allowed = [token for token in native.allowed_tokens() if TOKENS[token] is not None]
            assert [token for token in python.allowed_tokens() if TOKENS[token] is not None] == allowed
            if not allowed or not native.advance(chosen := chance.choice(allowed)):
                break
            assert python.advance(chosen)
        begun = native.fork()
        text = native.shortest_completion()
        assert begun.advance_bytes(text) and begun.is_accepting


def test_sums_of_steps_are_told_by_fractions() -> None:
    schema = {"type": "number", "multipleOf": 4.5, "not": {"multipleOf": 9}}
    compiled = Compiler(VOCABULARY).compile(JsonSchema(schema))
    for number in range(-400, 401):
        text = json.dumps(number / 4)
        matcher, value = compiled.matcher(), Fraction(Decimal(text))
        wanted = (value / Fraction(9, 2)).denominator == 1 and (value / 9).denominator != 1
        assert (matcher.advance_bytes(text.encode()) and matcher.is_accepting) == wanted


@pytest.mark.parametrize("schema", [{"multipleOf": PRIME, "minimum": 0, "maximum": 10**12}, {"multipleOf": 10472.9},
                                    {"multipleOf": 10**12 + 39}])
def test_what_may_have_no_end_is_refused(schema: Any) -> None:
    with pytest.raises(UnsupportedSchemaError, match="multipleOf"):
        Compiler(VOCABULARY).compile(JsonSchema(schema))
