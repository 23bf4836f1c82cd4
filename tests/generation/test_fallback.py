"""Chains of models, and answers that say that there is none."""

from __future__ import annotations

from collections import Counter

import pydantic
import pytest
from generation.writers import END, PROMPT, saying, writer

from structgen.errors import GenerationError, SchemaError
from structgen.generation.fallback import Fallback, Unknown
from structgen.generation.result import Result


class Age(pydantic.BaseModel):
    age: int | Unknown


def test_the_next_model_is_asked_where_one_fails() -> None:
    chain = Fallback([(saying("no idea"), {"mask": False}), saying('{"age":36}')])
    result = chain.generate(PROMPT, Age, instructions=None)
    assert (result.value, result.attempts, len(result.failures)) == (Age(age=36), 2, 1)


def test_a_chain_that_ends_tells_every_failure() -> None:
    chain = Fallback([(saying("no"), {"mask": False}), (saying('{"age":36}'), {"max_tokens": 3})])
    with pytest.raises(GenerationError, match="none of 2 models") as caught:
        chain.generate(PROMPT, Age, instructions=None)
    assert len(caught.value.attempts) == 2
    with pytest.raises(GenerationError, match="chain without models"):
        Fallback([])


def test_a_batch_goes_from_model_to_model_with_what_has_failed() -> None:
    asked = Counter[int]()

    def writes(text: bytes) -> dict[int, float]:
        asked[0] += 1
        wanted = b'{"age":36}'
        return {wanted[len(text)] if len(text) < len(wanted) else END: 12.0}

    chain = Fallback([saying('{"age":7}'), (writer(writes), {})])
    found = chain.generate_batch([PROMPT] * 3, [Age, "x", Age], instructions=None, prefix=["", "", '{"age":1'])
    assert isinstance(found[0], Result)
    assert (found[0].value, found[0].attempts, asked[0]) == (Age(age=7), 1, 0)
    assert isinstance(found[1], SchemaError)
    chain = Fallback([(saying("no"), {"mask": False}), (writer(writes), {})])
    found = chain.generate_batch([PROMPT] * 2, Age, instructions=None)
    made = [(one.value, one.attempts, len(one.failures)) for one in found if isinstance(one, Result)]
    assert made == [(Age(age=36), 2, 1)] * 2
    none = Fallback([(saying("no"), {"mask": False})]).generate_batch([PROMPT], Age, instructions=None)
    assert "none of 1 models has an answer" in str(none[0])
    assert chain.generate_batch([]) == []
    with pytest.raises(GenerationError, match="cannot stream"):
        chain.stream(PROMPT, Age)


def test_a_model_may_say_that_it_does_not_know() -> None:
    assert saying('{"age":"I don\'t know"}').generate(PROMPT, Age, instructions=None).value == Age(age=Unknown.UNKNOWN)
    assert saying('{"age":7}').generate(PROMPT, Age, instructions=None).value == Age(age=7)
