"""Values while they are written, confidence of fields, alternatives, stop texts, conversations."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pydantic
import pytest
from generation.writers import PROMPT, saying, writer

from structgen.errors import BudgetError, GenerationError
from structgen.generation.model import Model
from structgen.generation.prompt import prompt_tokens
from structgen.generation.sampling import Sampling
from structgen.models import load_model


class Person(pydantic.BaseModel):
    name: str
    tags: list[str] = []


TEXT = '{"name":"Ada","tags":["é","b"]}'


def test_a_stream_grows_to_the_value() -> None:
    parts = []
    for part in saying(TEXT).stream(PROMPT, Person, instructions=None):
        parts.append(part)
        if part.text == '{"name":"Ada",':
            assert part.is_finished("name")
            assert not part.is_finished("tags")
    assert "".join(part.piece for part in parts) == TEXT
    names = [part.value.name for part in parts if part.value is not None and part.value.name]
    assert [one for at, one in enumerate(names) if not at or one != names[at - 1]] == ["A", "Ad", "Ada"]
    assert parts[-1].result is not None
    assert parts[-1].value == Person(name="Ada", tags=["é", "b"])
    assert not any("\ufffd" in part.text for part in parts)


def test_a_stream_can_be_awaited_and_left() -> None:
    async def names() -> list[Any]:
        seen = []
        async for part in saying(TEXT).stream(PROMPT, Person, instructions=None):
            seen.append(part.text)
            if len(seen) == 5:
                break
        return seen

    seen = asyncio.run(names())
    assert len(seen) == 5
    assert all(TEXT.startswith(text) and text != TEXT for text in seen)
    assert sorted(set(seen), key=len) == seen


def test_a_stream_that_cannot_end_in_time_never_begins() -> None:
    parts: list[Any] = []
    with pytest.raises(BudgetError, match="a budget of 9 tokens is too small"):
        parts.extend(saying(TEXT).stream(PROMPT, Person, instructions=None, max_tokens=9))
    assert parts == []


def test_free_text_streams_as_text() -> None:
    assert list(saying("hello").stream(PROMPT, instructions=None))[-1].value == "hello"


def test_confidence_of_fields_is_of_the_tokens_that_were_chosen() -> None:
    result = saying('{"name":"Ada","tags":["x"]}', '{"name":"Bob","tags":["x"]}', weights=[10.0, 9.0]).generate(
        PROMPT, Person, instructions=None, require_all=True)
    assert result.confidence is not None
    assert set(result.confidence) == {"$.name", "$.tags[0]"}
    assert result.confidence["$.name"] == pytest.approx(0.73, abs=0.02)
    assert result.confidence["$.tags[0]"] > 0.97


def test_alternatives_show_what_the_mask_took_away() -> None:
    model = writer(lambda text: {ord("x"): 5.0, ord("1"): 4.0, ord("2"): 3.0} if not text else {256: 9.0})
    step = model.generate(PROMPT, int, instructions=None, top_logprobs=2).trace[0]
    by_text = {one.text: one for one in step.alternatives}
    assert [one.text for one in step.alternatives] == ["x", "1", "2"]
    assert by_text["x"].masked == 0.0 < by_text["x"].probability
    assert by_text["1"].masked > by_text["1"].probability


def test_stop_texts_end_free_text_only() -> None:
    result = saying("one. two. three").generate(PROMPT, None, instructions=None, stop=[" two", "three"])
    assert (result.text, result.finish_reason) == ("one.", "stop")
    with pytest.raises(GenerationError, match="stop texts have no meaning for a type"):
        saying("1").generate(PROMPT, int, stop="x")
    with pytest.raises(GenerationError, match="stop text is empty"):
        saying("1").generate(PROMPT, None, stop="")


def test_options_that_contradict_are_refused() -> None:
    with pytest.raises(GenerationError, match="both given"):
        saying("1").generate(PROMPT, int, temperature=0.5, sampling=Sampling())
    with pytest.raises(GenerationError, match="does not end with a message of the user"):
        saying("1").generate([{"role": "assistant", "content": "x"}], int)
    with pytest.raises(GenerationError, match="a message of the prompt is"):
        saying("1").generate([{"role": "user"}], int)


def test_a_conversation_is_read_in_order() -> None:
    model = saying("7")
    prompt = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": PROMPT}]
    assert model.generate(prompt, int, instructions=None).value == 7


@pytest.fixture(scope="module")
def embedded() -> Model:
    return load_model()


def test_text_that_spells_a_special_token_stays_text(embedded: Model) -> None:
    tokenizer, text = embedded.tokenizer, "before <|end|> after <|user|>"
    ids = prompt_tokens([{"role": "user", "content": text}], tokenizer, embedded.vocabulary)
    assert sorted(one for one in ids if one in tokenizer.all_special_ids) == [1, 2]  # the template's own user and assistant
    assert text in tokenizer.decode(ids)


def test_an_unmasked_answer_can_be_read_tolerantly() -> None:
    model = saying("Sure! ```json\n{name: 'Ada', tags: [a,]}\n```")
    result = model.generate(PROMPT, Person, instructions=None, mask=False, repair=True)
    assert result.value == Person(name="Ada", tags=["a"])
    assert result.repairs
    with pytest.raises(GenerationError, match="cannot be read as a Person"):
        saying("No.").generate(PROMPT, Person, instructions=None, mask=False, repair=True)


def test_a_cancelled_task_ends_the_generation() -> None:
    """The step that runs is finished in its thread, and no other begins."""
    model = saying("one two three four five")
    forward, begun = model.model.forward, threading.Event()

    def slow(ids: Sequence[int]) -> Any:
        begun.set()
        time.sleep(0.05)
        return forward(ids)

    model.model.forward = slow

    async def run() -> int:
        async def read() -> None:
            async for _ in model.stream(PROMPT, None, instructions=None):
                pass

        task = asyncio.create_task(read())
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.3)
        return int(model.model.calls)

    calls = asyncio.run(run())
    assert calls <= 3
    assert model.generate(PROMPT, None, instructions=None).text == "one two three four five"
