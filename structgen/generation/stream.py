"""A value while it is being written.

In: a request that runs in a thread. Out: ``Partial`` records, sync or async, the last of which holds the ``Result``. The
tolerant reader's incremental side turns the text so far into a value of the same shape; under a mask nothing is ever
repaired, it only grows.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from structgen.generation.result import Result
from structgen.generation.target import Target

if TYPE_CHECKING:
    from structgen.formats.partial import PartialReader

__all__ = ["Partial", "Stream", "partial_reader"]


@dataclass(frozen=True)
class Partial:
    """What is known after some tokens.

    ``value``: of a pydantic type an instance whose absent fields are None, unchecked; else plain containers; of free text
    the text. Its containers go on growing: copy what you keep. ``piece``: the text that is new.
    """

    value: Any
    text: str
    piece: str
    result: Result[Any] | None = None
    """The finished value, in the last record."""
    _reader: PartialReader | None = None

    def is_finished(self, *path: str | int) -> bool:
        """Whether the field at these keys has appeared and will not change any more, by now; no keys: the whole value."""
        if self.result is not None:
            return True
        return self._reader is not None and bool(path) and self._reader.is_finished(*path)


class Stream:
    """Iterate, with ``for`` or ``async for``; leaving the loop stops the generation."""

    def __init__(self, start: Callable[[], Iterator[Partial]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Partial]:
        return self._start()

    async def __aiter__(self) -> AsyncIterator[Partial]:
        parts: Any = self._start()
        close = getattr(parts, "close", lambda: None)
        done = object()
        with_thread = ThreadPoolExecutor(1, "structgen-stream")
        running: Future[Any] | None = None
        try:
            while True:
                running = with_thread.submit(contextvars.copy_context().run, lambda: next(parts, done))
                part = await asyncio.wrap_future(running)
                if part is done:
                    return
                yield part
        finally:
            # A generator cannot be closed while it runs: where this was cancelled, its thread does so when the step is done.
            if running is not None and not running.done() and isinstance(parts, Generator):
                running.add_done_callback(lambda _: close())
            else:
                close()
            with_thread.shutdown(wait=False)


def partial_reader(output_type: Any, target: Target) -> PartialReader | None:
    """What reads a text of the target while it grows; None where it is no JSON."""
    from structgen.formats.partial import PartialReader

    if not target.is_json:
        return None
    return PartialReader(None if callable(getattr(output_type, "to_grammar", None)) else output_type)
