"""A model that has read some tokens and tells what may come next.

In: token ids. Out: a row of raw logits for every one of them (float32, on the CPU). Two kinds: a transformers model
with its key-value cache, and any object with ``forward(ids) -> logits``. The loop above them knows neither.

Caveat: a cache that cannot be cut (sliding windows, recurrent models) is read again from the start by ``truncate``.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch

from structgen.errors import GenerationError
from structgen.generation.loop import Reads

__all__ = ["PlainSession", "Session", "TransformersSession", "drive", "open_session"]


class Session(Protocol):
    """The tokens read so far, and the model's state after them."""

    passes: int
    """Calls of the model so far."""

    def extend(self, ids: Sequence[int], *, keep: int | None = None) -> torch.Tensor:
        """Reads tokens; the logits after each of the last ``keep`` of them (all): float32 [keep, V] on the CPU."""

    def truncate(self, length: int) -> None:
        """Forgets all but the first ``length`` tokens."""


def drive(session: Session, reads: Reads) -> Iterator[None]:
    """Lets a session answer what a decoder asks; yields before every call of the model, and at the end."""
    try:
        wanted = next(reads)
        while True:
            yield
            wanted = reads.send(session.extend(wanted))
    except StopIteration:
        yield


def open_session(model: Any) -> Session:
    """A session of a transformers model, or of an object with ``forward(ids) -> logits``."""
    forward = getattr(model, "forward", None)
    if isinstance(model, torch.nn.Module) and "past_key_values" in inspect.signature(model.forward).parameters:
        return TransformersSession(model)
    if callable(forward):
        return PlainSession(model)
    raise GenerationError(f"{type(model).__name__} is not a model",
                          instead="pass a transformers model, or an object with forward(token_ids) -> logits")


class TransformersSession:
    """A causal language model of transformers with its key-value cache."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._cache: Any = None
        self._ids: list[int] = []
        self.passes = 0

    def extend(self, ids: Sequence[int], *, keep: int | None = None) -> torch.Tensor:
        """Reads tokens in one call of the model."""
        keep = len(ids) if keep is None else keep
        with torch.inference_mode():
            out = self._model(input_ids=torch.tensor([list(ids)], device=self._device), past_key_values=self._cache,
                              use_cache=True, **({"logits_to_keep": keep} if self._keeps else {}))
        self._cache = out.past_key_values
        self._ids += ids
        self.passes += 1
        # `clone` leaves inference mode, so that the rows may be changed in place.
        logits: torch.Tensor = out.logits[0, -keep:].float().cpu().clone()
        return logits

    def truncate(self, length: int) -> None:
        """Cuts the cache, or reads the tokens again where it cannot be cut."""
        if length == len(self._ids):
            return
        kept, self._ids = self._ids[:length], self._ids[:length]
        try:
            self._cache.crop(length)
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
            self._cache, self._ids = None, []
            if kept:
                self.extend(kept, keep=1)


class PlainSession:
    """Any object with ``forward(ids) -> logits``: of the last token [V], or of every token [T, V]."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._ids: list[int] = []
        self.passes = 0

    def extend(self, ids: Sequence[int], *, keep: int | None = None) -> torch.Tensor:
        """Reads tokens; one call for all where the model tells the logits of every token."""
        keep = len(ids) if keep is None else keep
        self._ids += ids
        rows = self._forward(len(self._ids))
        if rows.dim() == 2:
            return rows[-keep:]
        earlier = [self._forward(len(self._ids) - back) for back in range(keep - 1, 0, -1)]
        return torch.stack([*earlier, rows])

    def truncate(self, length: int) -> None:
        """Forgets the later tokens."""
        del self._ids[length:]

    def _forward(self, length: int) -> torch.Tensor:
        self.passes += 1
        rows = torch.as_tensor(self._model.forward(self._ids[:length])).detach().float().cpu().clone()
        if rows.dim() not in (1, 2) or (rows.dim() == 2 and rows.shape[0] != length):
            raise GenerationError(f"forward returned logits of shape {list(rows.shape)} for {length} tokens",
                                  instead="return [V] for the last token, or [T, V] for every token")
        return rows
