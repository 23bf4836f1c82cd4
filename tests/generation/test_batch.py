"""Many requests side by side: the same values as one after the other, in order, each with its own grammar and errors."""

from __future__ import annotations

from typing import Any, Literal

import pydantic
import pytest
from generation.writers import PROMPT, saying
from models.tiny import save

from structgen.errors import GenerationError, SchemaError
from structgen.formats.text.source import Regex
from structgen.generation.batch import open_rows
from structgen.generation.model import Model
from structgen.generation.result import Result
from structgen.generation.sampling import Sampling
from structgen.models import load_model


class Person(pydantic.BaseModel):
    name: str = pydantic.Field(max_length=9)
    age: int = pydantic.Field(ge=0, le=150)


PROMPTS = ["Ada is 36.", "Who is Bob, who turned 50 in May?", "x", "A city, a colour, a number: which?"]
TYPES = [Person, Literal["red", "green"], Regex(r"\d{3}-\d{2}"), list[bool]]


@pytest.fixture(scope="module", params=["llama", "qwen2", "mistral", "gpt2"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(save(request.param, tmp_path_factory.mktemp(request.param)))


def values(results: list[Any]) -> list[Any]:
    return [one.value if isinstance(one, Result) else one for one in results]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_batch_gives_what_single_requests_give(model: Model, size: int) -> None:
    options: dict[str, Any] = {"max_tokens": 150, "sampling": Sampling(temperature=0.0)}
    single = [model.generate(prompt, kind, **options) for prompt, kind in zip(PROMPTS[:3], TYPES[:3], strict=True)]
    batch = model.generate_batch(PROMPTS[:3], TYPES[:3], size=size, **options)
    assert values(batch) == [one.value for one in single]
    for one, other in zip(batch, single, strict=True):
        assert isinstance(one, Result)
        assert one.logprob == pytest.approx(other.logprob, abs=1e-4) if other.logprob is not None else one.logprob is None


def test_one_bad_item_harms_no_other(model: Model) -> None:
    kinds = [Person, {"not": "a type"}, Literal["red", "green"], Person]
    results = model.generate_batch([*PROMPTS[:3], "word " * 3000], kinds, max_tokens=80)
    assert isinstance(results[0], Result)
    assert isinstance(results[1], SchemaError)
    assert results[2].value in ("red", "green")  # type: ignore[union-attr]
    assert isinstance(results[3], GenerationError)


def test_progress_is_told_and_results_keep_their_order() -> None:
    told = []
    results = saying("1").generate_batch([PROMPT] * 5, int, size=2, instructions=None, progress=lambda *at: told.append(at))
    assert values(results) == [1] * 5
    assert told == [(done, 5) for done in range(1, 6)]
    with pytest.raises(GenerationError, match="2 prompts and 1 types"):
        saying("1").generate_batch([PROMPT] * 2, [int])
    assert saying("1").generate_batch([], int) == []


def test_seeds_of_items_differ_and_repeat(model: Model) -> None:
    def texts() -> list[str]:
        return [one.text for one in model.generate_batch(["x"] * 6, Regex("[a-z]{8}"), sampling=Sampling(1.0, seed=4))
                if isinstance(one, Result)]

    assert texts() == texts()
    assert len(set(texts())) > 1


def test_rows_can_be_doubled_and_dropped(model: Model) -> None:
    """What a search over several beams needs: after ``keep`` every row goes on as if it had been alone."""
    import torch

    rows, alone = open_rows(model.model), open_rows(model.model)
    rows.extend([[5, 6, 7], [8, 9]], last=True)
    rows.keep([1, 1, 0])
    found = rows.extend([[10], [11, 12], [13]])
    alone.extend([[8, 9]], last=True)
    assert torch.allclose(found[1], alone.extend([[11, 12]])[0], atol=1e-4)


