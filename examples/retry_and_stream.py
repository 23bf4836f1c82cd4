"""A validator whose complaint is told to the model, and a value that is shown while it is written.

    python examples/retry_and_stream.py

In: a text and a type with a rule of its own, which no mask can know. Out: the value, or an error that holds every attempt;
then the same value, field by field, as the tokens come.
"""

from __future__ import annotations

from itertools import pairwise

from pydantic import BaseModel, field_validator

import structgen as sg

TEXT = "Ada Lovelace, 36, wrote the first program."


class Person(BaseModel):
    name: str
    age: int

    @field_validator("name")
    @classmethod
    def in_the_text(cls, name: str) -> str:
        if name not in TEXT:
            raise ValueError("the name does not occur in the text")
        return name


def main() -> tuple[sg.Result[Person] | None, list[str]]:
    """The result after at most four attempts (None: all failed), and what a stream has shown."""
    model = sg.load_model()
    try:
        result = model.generate(TEXT, Person, retry=sg.Retry(attempts=4), sampling=sg.Sampling(seed=1))
    except sg.GenerationError as error:
        print(f"gave up: {error.what}\n{len(error.attempts)} attempts")
        result = None
    shown = []
    for part in model.stream(TEXT, Person, from_text=True):
        shown.append(part.text)
        print(f"\r{part.value!r:50}", end="" if part.result is None else "\n")
    return result, shown


if __name__ == "__main__":
    result, shown = main()
    if result is not None:
        print(f"{result.value!r} in {result.attempts} attempts")
        assert result.value.name in TEXT
    assert len(shown) > 2
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))
