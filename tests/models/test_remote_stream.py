"""Streams of a server: what is shown while they come, and what is made of every way in which they go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from models.server import END, Answer, Piece, Server

from structgen.errors import GenerationError
from structgen.generation.sampling import Sampling
from structgen.generation.stream import Partial
from structgen.models import load_model

pytest.importorskip("openai", reason="remote models need the package openai")


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)


GOOD: list[Piece] = ['{"na', 'me": "A', 'da", "age": ', "36", "}"]


class Streamed:
    """A server that answers with one stream, and a model that asks it."""

    def __init__(self, *pieces: Piece, timeout_s: float = 20.0, **options: Any) -> None:
        self.server = Server(lambda number, request: list(pieces))
        self.model: Any = None
        self.options = {"timeout_s": timeout_s, "max_retries": 0, **options}

    def __enter__(self) -> Streamed:
        self.server.__enter__()
        self.model = load_model("openai:tiny", base_url=self.server.url, **self.options)
        return self

    def __exit__(self, *_: object) -> None:
        self.model.close()
        self.server.__exit__()

    def failed(self, output_type: Any = Person, **options: Any) -> GenerationError:
        with self, pytest.raises(GenerationError) as caught:
            list(self.model.stream("Who?", output_type, **options))
        return caught.value


def test_a_value_grows_and_is_checked_at_its_end() -> None:
    with Streamed(*GOOD, *END) as streamed:
        parts, finished = [], []
        for part in streamed.model.stream("Who?", Person):
            parts.append(part)
            finished.append((part.is_finished("name"), part.is_finished("age")))
        request = streamed.server.requests[0]
    assert finished == [(False, False), (False, False), (True, False), (True, False), (True, True), (True, True)]
    assert [one.piece for one in parts] == [*GOOD, ""]
    assert [one.value.name for one in parts] == [None, "A", "Ada", "Ada", "Ada", "Ada"]
    result = parts[-1].result
    assert result is not None
    assert (result.value, result.finish_reason, result.usage.output_tokens) == (Person(name="Ada", age=36), "complete", 5)
    assert request["stream"] is True and request["response_format"]["type"] == "json_schema"


def test_free_text_prose_and_damage_are_read_as_they_come() -> None:
    with Streamed("Hel", "lo.", *END) as streamed:
        assert [one.value for one in streamed.model.stream("Say it.")] == ["Hel", "Hello.", "Hello."]
    with Streamed('Sure! ```json\n{"name": ', "'Ada', age: '3", "6',}\n``` Anything else?", *END) as streamed:
        parts = list(streamed.model.stream("Who?", Person))
    assert parts[1].value.name == "Ada"
    assert parts[-1].value == Person(name="Ada", age=36)
    assert parts[-1].result is not None and parts[-1].result.repairs


def test_slow_streams_are_waited_for_while_text_comes_and_left_when_it_does_not() -> None:
    slow: list[Piece] = [0.15] * 2 * len(GOOD)
    slow[1::2] = GOOD
    with Streamed(*slow, *END, timeout_s=0.4) as streamed:
        assert list(streamed.model.stream("Who?", Person))[-1].value == Person(name="Ada", age=36)
    error = Streamed('{"name": "A', 3.0, *END, timeout_s=0.3).failed()
    assert "stopped" in str(error) or "imed out" in str(error)
    assert error.text == '{"name": "A'


def test_a_server_that_only_says_it_is_alive_is_left() -> None:
    alive: list[Piece] = [b": ping\n\n", {"delta": {"role": "assistant"}}, 0.1]
    began = time.monotonic()
    error = Streamed('{"name"', *alive * 40, timeout_s=0.5).failed()
    assert "the stream stopped: no text for 0.5 seconds" in str(error)
    assert time.monotonic() - began < 3.5


@pytest.mark.parametrize("end", [[None], []], ids=["in the protocol", "without a word"])
def test_a_cut_stream_is_named_with_what_had_come(end: list[Piece]) -> None:
    error = Streamed('{"name": "Ada", "ag', *end).failed()
    assert "the stream was cut" in str(error)
    assert error.text == '{"name": "Ada", "ag'
    assert "the stream was cut" in str(Streamed("Hello", *end).failed(None))


@pytest.mark.parametrize("chunk", [b"data: {no json}\n\n", b"data: \xff\xfe\n\n", b'data: {"choices": \n\n'])
def test_a_chunk_that_is_no_json_is_named(chunk: bytes) -> None:
    error = Streamed('{"name"', chunk, *END).failed()
    assert "a chunk of the stream is not JSON" in str(error)
    assert error.text == '{"name"'


SAYS_NOTHING: list[Piece] = [
    b"data: []\n\n", b"data: 5\n\n", b'data: {"choices": null}\n\n', b"data: {}\n\n", b": a comment\n\n", b"\n\n",
    b'data: {"choices": [{"delta": null}]}\n\n', b'data: {"choices": [{"delta": {"content": 7}}]}\n\n',
    {"index": 1, "delta": {"content": "x"}}]  # fmt: skip


@pytest.mark.parametrize("chunk", SAYS_NOTHING)
def test_a_chunk_that_says_nothing_is_passed_over(chunk: Piece) -> None:
    with Streamed(*GOOD[:2], chunk, *GOOD[2:], *END) as streamed:
        assert list(streamed.model.stream("Who?", Person))[-1].value == Person(name="Ada", age=36)


def test_errors_refusals_and_cuts_of_the_server_are_named() -> None:
    said = b'data: {"error": {"message": "overloaded", "code": 529}}\n\n'
    assert "overloaded" in str(Streamed("{", said).failed())
    refusal = Streamed({"delta": {"refusal": "I can"}}, {"delta": {"refusal": "not."}}, *END).failed()
    assert "the model refused" in str(refusal) and "I cannot." in str(refusal)
    assert "was cut after max_tokens=9" in str(Streamed('{"n', {"finish_reason": "length"}, *END[1:]).failed(max_tokens=9))
    assert "content filter" in str(Streamed('{"n', {"finish_reason": "content_filter"}, *END[1:]).failed())
    wrong = Streamed('{"name": "Ada", "age": -1}', *END).failed()
    assert (wrong.position, wrong.text) == ("$.age", '{"name": "Ada", "age": -1}')


def test_a_server_that_never_ends_is_left() -> None:
    error = Streamed(*["x" * 1000] * 50, *END).failed(None, max_tokens=8)
    assert "more than the max_tokens=8" in str(error)


def test_statuses_are_those_of_other_requests() -> None:
    def answers(number: int, request: dict[str, Any]) -> Answer:
        return [(400, '{"error": {"message": "unknown field response_format"}}'), [*GOOD, *END], (500, "oh no")][number]

    with Server(answers) as server, load_model("openai:tiny", base_url=server.url, max_retries=0) as model:
        assert list(model.stream("Who?", Person))[-1].value.age == 36
        assert ["response_format" in one for one in server.requests] == [True, False]
        with pytest.raises(GenerationError, match="HTTP 500"):
            list(model.stream("Who?", Person))
        with pytest.raises(GenerationError, match="takes no top_k"):
            model.stream("Who?", Person, sampling=Sampling(top_k=3))


def until(condition: Any) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def endless(*before: Piece) -> list[Piece]:
    dripping: list[Piece] = []
    for _ in range(100):
        dripping += [0.05, "x"]
    return [*before, *dripping]


def test_leaving_the_loop_ends_the_request() -> None:
    with Streamed(*endless("a")) as streamed:
        for part in streamed.model.stream("Say it."):
            assert part.text == "a"
            break
        assert until(lambda: streamed.server.left == 1)


def test_cancelling_a_task_ends_the_request_at_once() -> None:
    async def read(parts: Any, seen: list[Partial]) -> None:
        async for part in parts:
            seen.append(part)

    async def run(model: Any) -> tuple[list[Partial], float]:
        seen: list[Partial] = []
        task = asyncio.create_task(read(model.stream("Say it."), seen))
        while not seen:
            await asyncio.sleep(0.02)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen, time.monotonic() - began

    with Streamed("a", 0.5, *endless()) as streamed:
        seen, waited = asyncio.run(run(streamed.model))
        assert [part.text for part in seen] == ["a"]
        assert waited < 0.4
        assert until(lambda: streamed.server.left == 1)


def test_async_iteration_gives_the_same() -> None:
    async def read(model: Any) -> list[str]:
        return [part.text async for part in model.stream("Who?", Person)]

    with Streamed(*GOOD, *END) as streamed:
        assert asyncio.run(read(streamed.model))[-1] == '{"name": "Ada", "age": 36}'


def test_a_stream_may_be_read_twice() -> None:
    with Streamed(*GOOD, *END) as streamed:
        stream = streamed.model.stream("Who?", Person)
        first, second = (parts[-1].value for parts in _twice(stream))
        assert first == second
        assert len(streamed.server.requests) == 2


def _twice(stream: Any) -> Iterator[list[Partial]]:
    for _ in range(2):
        yield list(stream)
