"""A value while it is being written.

In: a request that runs in a thread. Out: ``Partial`` records, sync or async, the last of which holds the ``Result``. The
tolerant reader's incremental side turns the text so far into a value of the same shape; under a mask nothing is ever
repaired, it only grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from structgen.generation.result import Result

if TYPE_CHECKING:
    from structgen.formats.partial import PartialReader

__all__ = ["Partial", "Stream"]


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
        parts = self._start()
        done = object()
        try:
            while True:
                part = await asyncio.to_thread(next, parts, done)
                if part is done:
                    return
                yield part  # type: ignore[misc]  # not `done`, so a Partial
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
