"""An answer of a server while it is being written.

In: the chunks of a chat completion, asynchronously. Out: ``Partial`` records, the last of which holds the ``Result``, for
``RemoteModel.stream``. The chunks are taken in the model's own event loop and handed over in a queue, so that whoever leaves
the loop over the records ends the request. Every way in which a stream goes wrong is an error by name that holds the text
so far: it stops (no text for ``timeout_s``), it is cut (it ends and nobody said so), a chunk is not JSON, it never ends.

Caveat: the tolerant reader shows what a text means so far; what it means in the end is known at the end.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from structgen.errors import GenerationError
from structgen.generation.stream import Partial, partial_reader
from structgen.generation.target import Target

if TYPE_CHECKING:
    from structgen.formats.partial import PartialReader
    from structgen.generation.result import Result

__all__ = ["Answer", "Parts", "collect"]

MOST_PER_TOKEN = 256
"""Characters of a token that a server may send on the average; the longest tokens of usual vocabularies have half that."""
SLACK = 4096


@dataclass
class Answer:
    """What has come of an answer; in the end it looks like one that was not streamed."""

    text: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: Any = None
    logprobs: list[Any] = field(default_factory=list)

    def take(self, chunk: Any) -> str:
        """The text that a chunk adds."""
        self.usage = getattr(chunk, "usage", None) or self.usage
        choices = getattr(chunk, "choices", None) or ()
        ours = [one for one in choices if (getattr(one, "index", 0) or 0) == 0]
        piece = ""
        for choice in ours:
            delta = getattr(choice, "delta", None)
            new = getattr(delta, "content", None)
            piece += new if isinstance(new, str) else ""
            self.refusal += getattr(delta, "refusal", None) or ""
            self.logprobs += getattr(getattr(choice, "logprobs", None), "content", None) or ()
            self.finish_reason = getattr(choice, "finish_reason", None) or self.finish_reason
        self.text += piece
        return piece

    @property
    def whole(self) -> Any:
        """In the form of an answer that came at once."""
        message = SimpleNamespace(content=self.text, refusal=self.refusal or None)
        choice = SimpleNamespace(message=message, finish_reason=self.finish_reason,
                                 logprobs=SimpleNamespace(content=self.logprobs) if self.logprobs else None)
        return SimpleNamespace(choices=[choice], usage=self.usage)


async def collect(chunks: AsyncIterator[Any], answer: Answer, tell: Callable[[str], None], *, max_tokens: int,
                  timeout_s: float) -> None:
    """Takes all chunks into ``answer`` and tells each new piece of text; ``GenerationError`` where the stream goes wrong."""
    loop, most = asyncio.get_running_loop(), MOST_PER_TOKEN * max_tokens + SLACK
    try:
        async with asyncio.timeout(timeout_s) as patience:
            async for chunk in chunks:
                piece = answer.take(chunk)
                if piece:
                    tell(piece)
                    patience.reschedule(loop.time() + timeout_s)
                if len(answer.text) > most:
                    raise GenerationError(f"the server sends more than the max_tokens={max_tokens} it was asked for",
                                          because=f"{len(answer.text)} characters have come")
    except TimeoutError as error:
        raise GenerationError(f"the stream stopped: no text for {timeout_s:g} seconds",
                              because=f"{len(answer.text)} characters had come", instead="raise timeout_s, or try again"
                              ) from error
    except ValueError as error:
        raise GenerationError("a chunk of the stream is not JSON", because=str(error)[:300],
                              instead="check that base_url is an OpenAI-compatible server") from error
    if answer.finish_reason is None and not answer.refusal:
        raise GenerationError("the stream was cut", instead="try again",
                              because=f"it ended behind {answer.text[-60:]!r} and did not say why")


class Parts:
    """The records of one stream. ``close`` may be called while another thread waits for the next one."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, Any]], Future[Any]], output_type: Any, target: Target,
                 pour: Callable[[Answer, Callable[[str], None]], Coroutine[Any, Any, Any]],
                 finish: Callable[[Answer, float], Result[Any]]) -> None:
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        answer = Answer()
        self._future = start(pour(answer, pieces.put))
        self._future.add_done_callback(lambda _: pieces.put(None))
        # Nothing below refers to this record: it goes, and the request with it, as soon as nobody iterates.
        self._records = _records(pieces, self._future, answer, finish, partial_reader(output_type, target))

    def __iter__(self) -> Iterator[Partial]:
        return self

    def __next__(self) -> Partial:
        return next(self._records)

    def close(self) -> None:
        """Ends the request."""
        self._future.cancel()

    __del__ = close


def _records(pieces: queue.SimpleQueue[str | None], future: Future[Any], answer: Answer,
             finish: Callable[[Answer, float], Result[Any]], reader: PartialReader | None) -> Iterator[Partial]:
    text, started = "", time.perf_counter()
    while (piece := pieces.get()) is not None:
        text += piece
        value = text if reader is None else (reader.feed(piece), reader.view())[1]
        yield Partial(value, text, piece, None, reader)
    if future.cancelled():
        return
    try:
        future.result()
        result = finish(answer, time.perf_counter() - started)
    except GenerationError as error:
        error.text = error.text if error.text is not None else answer.text
        raise
    yield Partial(result.value, result.text, "", result, reader)
