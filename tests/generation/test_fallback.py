"""Chains of models, and answers that say that there is none."""

from __future__ import annotations

import pydantic
import pytest
from generation.writers import PROMPT, saying

from structgen.errors import GenerationError
from structgen.generation.fallback import Fallback, Unknown


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


def test_a_model_may_say_that_it_does_not_know() -> None:
    assert saying('{"age":"I don\'t know"}').generate(PROMPT, Age, instructions=None).value == Age(age=Unknown.UNKNOWN)
    assert saying('{"age":7}').generate(PROMPT, Age, instructions=None).value == Age(age=7)
