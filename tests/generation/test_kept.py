"""Asking again keeps what was right: the paths that a validator tells, the schema that fixes the rest, and what stayed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import pydantic
import pytest
from generation.writers import PROMPT, TOLD, saying, writer
from pydantic import BaseModel, ValidationInfo, field_validator

from structgen.errors import GenerationError
from structgen.formats.json.source import JsonSchema
from structgen.generation.kept import Kept, kept_of
from structgen.generation.model import Model
from structgen.generation.retry import Retry
from structgen.generation.target import as_target


class Item(BaseModel):
    what: str
    count: int

    @field_validator("count")
    @classmethod
    def few(cls, value: int) -> int:
        if value > 3:
            raise ValueError("too many")
        return value


class Order(BaseModel):
    name: str
    items: list[Item]
    note: str | Item | None = None


def failed(text: str, position: str | None = None, cause: Exception | None = None) -> GenerationError:
    error = GenerationError("wrong", position=position, text=text)
    error.__cause__ = cause
    return error


def kept(value: Any, position: str | None = None, earlier: Kept | None = None) -> Kept | None:
    return kept_of(failed(json.dumps(value), position), earlier)


VALUE = {"a": 1, "b": {"c": [1, 2, 3], "d.e": "x"}, "f g": None}


@pytest.mark.parametrize(("position", "stays"), [
    ("$.a", ["$.b", '$["f g"]']),
    ("$.b.c[1]", ["$.a", "$.b.c[0]", "$.b.c[2]", '$.b["d.e"]', '$["f g"]']),
    ("$.b.d.e", ["$.a", "$.b.c", '$["f g"]']),
    ('$.b["d.e"]', ["$.a", "$.b.c", '$["f g"]']),
    ("$['f g']", ["$.a", "$.b"]),
    ("$.new", ["$.a", "$.b", '$["f g"]']),
    ("$", []),
])  # fmt: skip
def test_everything_stays_but_what_is_wrong(position: str, stays: list[str]) -> None:
    found = kept(VALUE, position)
    assert found is not None
    assert list(found.paths()) == stays
    made = found.target(as_target(JsonSchema({"type": "object"})))
    assert (made is None) == (not stays)
    if made is not None:
        fits = jsonschema.Draft202012Validator(made.source.schema).is_valid
        assert fits(VALUE)
        assert not fits({**VALUE, "a": 2, "b": {**VALUE["b"], "c": [1, 2, 4]}})  # type: ignore[dict-item]
        assert found.held(json.dumps(VALUE)) == tuple(stays)
        assert "$.a" not in found.held(json.dumps({**VALUE, "a": 2}))


@pytest.mark.parametrize("position", [None, "3:7", "offset 5", "$.a["])
def test_without_a_path_nothing_is_kept(position: str | None) -> None:
    assert kept(VALUE, position) is None
    assert kept_of(failed('{"a": ', "$.a")) is None
    assert kept_of(GenerationError("cut", position="$.a")) is None


def test_all_paths_of_pydantic_are_taken_and_those_of_unions_end_where_the_value_does() -> None:
    text = '{"name": "x", "items": [{"what": "a", "count": 9}, {"what": "b", "count": 2}, {"what": "c"}], "note": 7}'
    with pytest.raises(pydantic.ValidationError) as caught:
        Order.model_validate_json(text)
    found = kept_of(failed(text, "$.items[0].count", caught.value))
    assert found is not None
    assert found.wrong == {("items", 0, "count"), ("items", 2, "count"), ("note",)}
    assert found.paths() == ("$.name", "$.items[0].what", "$.items[1]", "$.items[2].what")


def test_a_path_that_fails_on_and_on_lets_go_what_is_around_it() -> None:
    found, wrong = None, []
    for _ in range(6):
        found = kept(VALUE, "$.b.c[1]", found)
        assert found is not None
        wrong.append(set(found.wrong))
    place: tuple[str | int, ...] = ("b", "c", 1)
    assert wrong == [{place}, {place}, {place[:2]}, {place[:2]}, {place[:1]}, {place[:1]}]
    other = kept(VALUE, "$.a", found)
    assert other is not None and other.wrong == {("a",)}


WRONG = '{"name":"Ada","items":[{"what":"pen","count":9},{"what":"ink","count":1}],"note":"n"}'


class Corrected:
    """Writes a text; once it has been told that it is wrong, a 2 for a count, and elsewhere whatever comes."""

    def __init__(self) -> None:
        self.first = saying(WRONG).model
        self.then = writer(lambda text: {ord("2"): 9.0} if text.endswith(b'"count":') else {ord("}"): 9.0}).model

    def forward(self, ids: Sequence[int]) -> Any:
        return (self.then if TOLD in bytes(token for token in ids if token < 256) else self.first).forward(ids)


def test_the_mask_writes_what_was_right_and_the_model_the_rest() -> None:
    model = Model(Corrected(), vocabulary=saying("").vocabulary)
    result = model.generate(PROMPT, Order, instructions=None, retry=2, max_tokens=200)
    assert json.loads(result.text) == json.loads(WRONG.replace("9", "2"))
    assert result.kept == ("$.name", "$.items[0].what", "$.items[1]", "$.note")
    choices = [step.text for step in result.trace if not step.forced]
    assert len(choices) < len(result.trace) // 2
    assert "2" in choices
    other = model.generate(PROMPT, Order, instructions=None, retry=Retry(attempts=2, keep=False), max_tokens=200)
    assert (other.kept, other.value.name == "Ada") == ((), False)


def test_checks_of_the_caller_with_a_position_are_kept_to() -> None:
    class Doubt(ValueError):
        position = "$.items[1].what"

    def check(order: Order) -> None:
        if order.items[1].what == "ink":
            raise Doubt("no ink")

    text = WRONG.replace("9", "3")
    result = saying(text).generate(PROMPT, Order, instructions=None, retry=Retry(attempts=12, temperatures=(0.0, 2.0)),
                                   check=check, max_tokens=200)
    assert result.value.items[0] == Item(what="pen", count=3)
    assert "$.items[0]" in result.kept
    with pytest.raises(GenerationError) as caught:
        saying(text).generate(PROMPT, Order, instructions=None, retry=Retry(attempts=2, temperatures=(0.0,), keep=False),
                              check=check, max_tokens=200)
    assert [one.text for one in caught.value.attempts] == [text, text]


def test_a_schema_that_takes_no_const_is_asked_without() -> None:
    """``allOf`` beside ``$ref`` means nothing in draft 7: then nothing is fixed, and nothing is said to be."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/x", "definitions": {"x": {
        "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"],
        "additionalProperties": False}}}  # fmt: skip
    answers = iter([False, True])

    def check(value: Any) -> bool:
        return next(answers)

    result = saying('{"a":1,"b":2}').generate(PROMPT, JsonSchema(schema), instructions=None, retry=2, check=check)
    assert (result.attempts, result.kept) == (2, ())


class Span(BaseModel):
    start: int
    end: int

    @field_validator("end")
    @classmethod
    def later(cls, value: int, info: ValidationInfo) -> int:
        if value <= info.data.get("start", 0):
            raise ValueError("the end is before the start")
        return value


def test_a_wrong_place_does_not_trap() -> None:
    model = saying('{"start":9,"end":9}', weights=[6.0])
    policy = Retry(attempts=30, temperatures=(0.0, 2.0))
    result = model.generate(PROMPT, Span, instructions=None, retry=policy, max_tokens=60, seed=1)
    assert result.value.end > result.value.start
