"""Asking again: what the model is told, when it stops, and what is kept."""

from __future__ import annotations

import pydantic
import pytest
from generation.writers import END, PROMPT, writer

from structgen.errors import GenerationError
from structgen.generation.model import Model
from structgen.generation.retry import Retry


class Person(pydantic.BaseModel):
    name: str
    age: int

    @pydantic.field_validator("age")
    @classmethod
    def plausible(cls, value: int) -> int:
        if value > 150:
            raise ValueError("nobody is that old")
        return value


class Learner:
    """Writes a wrong answer until it has been told that it is wrong; remembers what it was told."""

    def __init__(self, wrong: str, right: str) -> None:
        self.wrong, self.right, self.read = wrong, right, b""

    def forward(self, ids: list[int]) -> object:
        import torch

        text = bytes(one for one in ids if one != END)
        self.read = max(self.read, text, key=len)
        told = text.count(b"That is wrong")
        begin = text.rindex(b"is wrong.\n") + 10 if told else text.rindex(b"?") + 1
        wanted = [*(self.right if told else self.wrong).encode(), END]
        row = torch.zeros(END + 1)
        place = len(text) - begin
        row[wanted[place] if place < len(wanted) else END] = 12.0
        return row


def learner(wrong: str, right: str) -> Model:
    base = writer(lambda text: {})
    vocabulary = base.vocabulary
    return Model(Learner(wrong, right), vocabulary=vocabulary)


def with_newline(model: Model) -> Model:
    """Texts of a conversation end with a line break, so that the learner sees where its turn begins."""
    encode = model.vocabulary.encode
    model.vocabulary.encode = lambda text: encode(text + "\n" if "is wrong" in text else text)  # type: ignore[method-assign]
    return model


def test_a_validator_is_told_to_the_model_and_it_answers_again() -> None:
    model = with_newline(learner('{"name":"Ada","age":999}', '{"name":"Ada","age":36}'))
    result = model.generate(PROMPT, Person, instructions=None, retry=2)
    assert result.value == Person(name="Ada", age=36)
    assert result.attempts == 2
    assert [error.position for error in result.failures] == ["$.age"]
    assert b'{"name":"Ada","age":999}' in model.model.read
    assert b"nobody is that old" in model.model.read
    assert result.total is not None
    assert result.total.output_tokens > result.usage.output_tokens


def test_a_check_of_the_caller_is_told_too() -> None:
    model = with_newline(learner('{"name":"Ada","age":7}', '{"name":"Ada","age":36}'))

    def grown(person: Person) -> None:
        if person.age < 18:
            raise ValueError("must be an adult")

    assert model.generate(PROMPT, Person, instructions=None, retry=Retry(attempts=2), check=grown).value.age == 36
    with pytest.raises(GenerationError, match="fails the check: must be an adult"):
        learner('{"name":"Ada","age":7}', "").generate(PROMPT, Person, instructions=None, check=grown)


def test_what_is_given_up_holds_every_attempt() -> None:
    model = with_newline(learner('{"name":"Ada","age":999}', '{"name":"Ada","age":998}'))
    with pytest.raises(GenerationError, match="no right answer in 3 attempts") as caught:
        model.generate(PROMPT, Person, instructions=None, retry=Retry(attempts=3, temperatures=(0.0,)))
    assert len(caught.value.attempts) == 3
    assert "3 attempts were allowed" in str(caught.value)


def test_budgets_and_deadlines_end_the_attempts() -> None:
    def run(policy: Retry) -> GenerationError:
        model = with_newline(learner('{"name":"Ada","age":999}', '{"name":"Ada","age":998}'))
        with pytest.raises(GenerationError) as caught:
            model.generate(PROMPT, Person, instructions=None, retry=policy)
        return caught.value

    assert len(run(Retry(attempts=9, temperatures=(0.0,), deadline_s=0.0)).attempts) == 1  # the first is the only one
    assert len(run(Retry(attempts=9, temperatures=(0.0,), max_tokens=1)).attempts) <= 2
    with pytest.raises(GenerationError, match="attempts=0"):
        Retry(attempts=0)


def test_temperatures_rise_or_are_those_given() -> None:
    assert [Retry().temperature(attempt, 0.0) for attempt in range(5)] == pytest.approx([0.0, 0.3, 0.6, 0.9, 1.0])
    assert [Retry(temperatures=(0.0, 0.5)).temperature(attempt, 0.9) for attempt in range(3)] == [0.0, 0.5, 0.5]
