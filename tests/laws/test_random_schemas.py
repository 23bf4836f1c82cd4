"""Random schemas over every keyword: what masks let through is valid, and what is valid they let through.

The generator and the judge are those of ``benchmarks/fuzz_json_schema.py``, which runs thousands of them.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from laws.walks import ENGINES

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def benchmark() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import fuzz_json_schema
    finally:
        sys.path.pop(0)
    return fuzz_json_schema


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("start", range(0, 150, 30))
def test_random_schemas_hold_to_what_is_valid(engine: str, start: int) -> None:
    fuzz = benchmark().Fuzz(7, engine)
    problems: list[str] = []
    kinds: list[str] = []
    for number in range(start, start + (30 if engine == "native" else 6)):
        schema, outcome = fuzz.run(number)
        kinds.append(outcome.kind)
        problems += [f"{number}: {problem} under {benchmark().spelt(schema)}" for problem in outcome.problems]
    assert not problems, "\n".join(problems)
    assert kinds.count("compiled") >= len(kinds) / 3


JUDGED: list[tuple[Any, Any, bool]] = [
    ({"multipleOf": 0.1}, 0.3, True),
    ({"pattern": "b$"}, "b\n", False),
    ({"type": "integer"}, 1.0, True),
    ({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}, "unevaluatedProperties": False}, {"b": 1}, True),
    ({"anyOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}], "unevaluatedProperties": False},
     {"a": 1, "b": 2}, True),
    ({"anyOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {}}}], "unevaluatedProperties": False},
     {"a": 2}, False),
    ({"not": {"not": {"properties": {"a": {}}}}, "unevaluatedProperties": False}, {"a": 1}, False),
    ({"contains": {"const": 1}, "unevaluatedItems": False}, [1, 1], True),
    ({"contains": {"const": 1}, "unevaluatedItems": False}, [1, 2], False),
    ({"prefixItems": [{}], "unevaluatedItems": {"type": "null"}}, [1, None], True),
]


@pytest.mark.parametrize(("schema", "value", "valid"), JUDGED, ids=[str(row[0])[:70] for row in JUDGED])
def test_judge_knows_the_standard(schema: Any, value: Any, valid: bool) -> None:
    made = benchmark()
    exact = made.json.loads(made.json.dumps(schema), parse_float=made.Decimal)
    number = made.json.loads(made.json.dumps(value), parse_float=made.Decimal)
    assert made.judge(exact, 2020)(number) == valid


def test_judge_agrees_with_jsonschema_where_that_is_exact() -> None:
    """Without fractions, patterns and ``unevaluated…`` the judge is jsonschema itself."""
    made = benchmark()
    for number in range(200):
        maker = made.Maker(made.random.Random(number))
        schema = maker.document()
        text = made.spelt(schema)
        if maker.draft != 2020 or "." in text or "attern" in text or "unevaluated" in text or made.goes_round(schema):
            continue
        for _ in range(5):
            value = maker.instance(schema, schema)
            if "." not in made.spelt(value):
                assert made.judge(schema, 2020)(value) == Draft202012Validator(schema).is_valid(value), (text, value)


def test_fuzz_tells_what_is_wrong() -> None:
    """A judge that calls everything invalid finds fault with every sample."""
    made = benchmark()
    fuzz = made.Fuzz(7)
    grammar = fuzz._compiler.compile(made.JsonSchema({"type": "array", "items": {"type": "null"}}))
    assert list(fuzz._sample(b"[null]", lambda value: False)) == ["sampled, but not valid: b'[null]'"]
    assert list(fuzz._judged(grammar, [([1], True), ([None], False)])) == [
        "valid, but not taken: [1]", "invalid, but taken: [null]"]
    assert list(fuzz._sample(b'{"a":1,"a":2}', lambda value: True))
