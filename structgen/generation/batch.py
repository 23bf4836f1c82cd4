"""Many requests in one padded batch, each with its own grammar.

In: requests. Out: for each its result or its error, in order. The one idea: decoders yield the tokens they want read, so a
batch is a list of decoders and one call of the model for all of them; runs of forced tokens differ in length and are padded
on the left. A row that ends leaves the batch, and the next request takes a place when a group is done.

Caveats: a batch computes the same numbers in another order, so that a tie between two tokens may fall the other way than
in a single request. Models with sliding windows or recurrent states are run one after the other. The probabilities of the
labels of a choice (``Result.confidence``) are not computed here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch

from structgen.errors import StructgenError
from structgen.generation.loop import Decoder, Reads
from structgen.generation.request import Request
from structgen.generation.result import Result
from structgen.generation.session import Session, open_session

__all__ = ["Rows", "open_rows", "run_batch"]


class Rows(Protocol):
    """Several outputs that a model reads side by side."""

    def extend(self, runs: Sequence[Sequence[int]], *, last: bool = False) -> list[torch.Tensor]:
        """Each row reads its tokens, one at least; the logits after each of them (``last``: after the last), float32."""

    def keep(self, rows: Sequence[int]) -> None:
        """The batch becomes these rows, in this order; a row may come twice."""


def open_rows(model: Any) -> Rows:
    """Rows of a transformers model in one batch where its cache allows it, else one after the other."""
    wanted = {"past_key_values", "position_ids"}
    if isinstance(model, torch.nn.Module) and wanted <= inspect.signature(model.forward).parameters.keys():
        cache = _plain_cache(model)
        if cache is not None:
            return _Batch(model, cache)
    return _OneByOne(model)


def _plain_cache(model: Any) -> Any:
    """A cache that keeps all keys and values and can be cut by rows; None where the model needs another kind."""
    from transformers.cache_utils import DynamicCache, DynamicLayer

    try:
        cache = DynamicCache(config=model.config)
    except (TypeError, ValueError, AttributeError):
        return None
    plain = all(type(layer) is DynamicLayer for layer in cache.layers)
    return cache if plain and hasattr(cache, "batch_select_indices") else None


class _Batch:
    """One key-value cache for all rows. Padding stays in it as holes that the attention mask hides."""

    def __init__(self, model: Any, cache: Any) -> None:
        self._model, self._cache = model, cache
        self._device = next(model.parameters()).device
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._seen: torch.Tensor | None = None  # [rows, width]: 1 where the cache holds a token, 0 in a hole

    def extend(self, runs: Sequence[Sequence[int]], *, last: bool = False) -> list[torch.Tensor]:
        width = max(map(len, runs))
        ids = torch.zeros(len(runs), width, dtype=torch.int64)
        real = torch.zeros(len(runs), width, dtype=torch.int64)
        for row, run in enumerate(runs):
            ids[row, width - len(run):] = torch.tensor(list(run))
            real[row, width - len(run):] = 1
        seen = real if self._seen is None else torch.cat([self._seen, real], 1)
        places = (seen.cumsum(1) - 1).clamp(min=0)[:, -width:]
        keep = 1 if last else width
        with torch.inference_mode():
            out = self._model(input_ids=ids.to(self._device), attention_mask=seen.to(self._device),
                              position_ids=places.to(self._device), past_key_values=self._cache, use_cache=True,
                              **({"logits_to_keep": keep} if self._keeps else {}))
        self._cache, self._seen = out.past_key_values, seen
        logits = out.logits[:, -keep:].float().cpu().clone()
        return [logits[row, keep - min(len(run), keep):] for row, run in enumerate(runs)]

    def keep(self, rows: Sequence[int]) -> None:
        assert self._seen is not None  # nothing was read, so there are no rows
        self._cache.batch_select_indices(torch.tensor(list(rows), device=self._device))
        self._seen = self._seen[list(rows)]


class _OneByOne:
    """A session for each row; rows that came from one are read again from their tokens."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._sessions: list[Session] = []
        self._ids: list[list[int]] = []

    def extend(self, runs: Sequence[Sequence[int]], *, last: bool = False) -> list[torch.Tensor]:
        while len(self._sessions) < len(runs):
            self._sessions.append(open_session(self._model))
            self._ids.append([])
        made = []
        for session, ids, run in zip(self._sessions, self._ids, runs, strict=True):
            made.append(session.extend(run, keep=1 if last else None))
            ids += run
        return made

    def keep(self, rows: Sequence[int]) -> None:
        taken: set[int] = set()
        sessions, ids = [], []
        for row in rows:
            session = self._sessions[row]
            if row in taken:
                session = open_session(self._model)
                session.extend(self._ids[row], keep=1)
            taken.add(row)
            sessions.append(session)
            ids.append([*self._ids[row]])
        self._sessions, self._ids = sessions, ids


class _Row:
    """A request in the batch."""

    def __init__(self, place: int, request: Request) -> None:
        self.place, self.request = place, request
        self.wanted: list[int] = request.prompt
        self.decoder: Decoder | None = None
        self.reads: Reads | None = None

    def answered(self, logits: torch.Tensor) -> bool:
        """Takes what the model said about ``wanted``; whether the row goes on."""
        try:
            if self.reads is None:
                self.request.logits = logits[-1]
                self.decoder = self.request.decoder()
                self.reads = self.decoder.run(self.request.max_tokens)
                self.wanted = next(self.reads)
            else:
                self.wanted = self.reads.send(logits)
        except StopIteration:
            return False
        return True

    def result(self) -> Result[Any]:
        assert self.decoder is not None  # it was answered once at least
        return self.request.result(self.decoder.out)


def run_batch(model: Any, requests: Sequence[Request | Result[Any] | StructgenError], size: int,
              done: Callable[[int, Result[Any] | StructgenError], None]) -> None:
    """Runs the requests, ``size`` at a time, and tells each result or error with its place as soon as it is known."""
    waiting: Iterator[_Row] = iter([_Row(place, one) for place, one in enumerate(requests) if isinstance(one, Request)])
    for place, one in enumerate(requests):
        if not isinstance(one, Request):  # its answer is known
            done(place, one)
    while group := [row for _, row in zip(range(size), waiting, strict=False)]:
        _run_group(open_rows(model), group, done)


def _run_group(rows: Rows, active: list[_Row], done: Callable[[int, Result[Any] | StructgenError], None]) -> None:
    first = True
    while active:
        logits = rows.extend([row.wanted for row in active], last=first)
        first = False
        staying = []
        for index, row in enumerate(active):
            try:
                if row.answered(logits[index]):
                    staying.append(index)
                else:
                    done(row.place, row.result())
            except StructgenError as error:
                done(row.place, error)
        if staying and len(staying) < len(active):
            rows.keep(staying)
        active = [active[index] for index in staying]
