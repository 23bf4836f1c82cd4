"""A function whose body is written by a model: its annotation is the type, its docstring the prompt.

    python examples/typed_function.py "Any sentence about a person."

In: a sentence. Out: a value of the annotated type, checked by pydantic, from the embedded model. The mask guarantees
that it is a ``Visit``; which ``Visit`` is up to the model.
"""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from pydantic import BaseModel, Field

import structgen as sg


class Visit(BaseModel):
    """Somebody who came from somewhere."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    age: int | None = Field(ge=0, le=150)
    by: Literal["train", "car", "plane", "unknown"]


model = sg.load_model()  # the embedded model; or load_model("a/folder"), load_model("a-name/on-the-hub")


@sg.structured(model, from_text=True)  # from_text: plain strings occur verbatim in the prompt
def extract(text: str) -> Visit:
    """Who is this about? {text}"""


if __name__ == "__main__":
    text = " ".join(sys.argv[1:]) or "Ada Lovelace, 36, came from London by train."
    visit = extract(text)
    print(visit)
    assert isinstance(visit, Visit)
    assert visit.name in f"Who is this about? {text}"
    assert visit.age is None or 0 <= visit.age <= 150
    assert visit.by in ("train", "car", "plane", "unknown")
