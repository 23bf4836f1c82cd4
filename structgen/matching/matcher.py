"""One output being generated: a configuration number, and the numbers before it.

In: token ids. Out: masks. A matcher of the Python engine and one of the native engine have the same methods; what can be
said in terms of those few is written once, in ``MatcherBase``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from structgen.errors import VocabularyError
from structgen.matching.completion import search
from structgen.matching.engine import FINISHED, NOWHERE, Engine
from structgen.matching.estimate import Estimate, Place
from structgen.vocabulary import Vocabulary


class MatcherBase:
    """What every matcher can do in terms of ``fill_mask``, ``advance`` and ``rollback``."""

    vocabulary: Vocabulary
    _estimate: Callable[[], Estimate]

    if TYPE_CHECKING:  # what the engines bring

        def fill_mask(self, out: Any, row: int = 0) -> None: ...

        def advance(self, token_id: int) -> bool: ...

        def advance_bytes(self, text: bytes) -> bool: ...

        def rollback(self, count: int) -> None: ...

        def fork(self) -> Self: ...

        def standing(self) -> frozenset[Place]: ...

        @property
        def is_accepting(self) -> bool: ...

        @property
        def is_finished(self) -> bool: ...

    def mask(self) -> NDArray[np.int32]:
        """The current mask in a new array of ceil(V / 32) words."""
        out = np.zeros((1, (self.vocabulary.size + 31) // 32), dtype=np.int32)
        self.fill_mask(out)
        return out.reshape(-1)

    def allowed_tokens(self) -> NDArray[np.int64]:
        """The ids of the tokens that are allowed now, ascending; end tokens among them where the text is complete."""
        bits = np.unpackbits(self.mask().view(np.uint8), bitorder="little")
        return np.flatnonzero(bits[: self.vocabulary.size])

    def validate(self, tokens: Sequence[int]) -> int:
        """How many of the tokens, from the first, could be taken in turn; the matcher does not move."""
        taken = 0
        for token in tokens:
            if not self.advance(token):
                break
            taken += 1
        if taken:
            self.rollback(taken)
        return taken

    def forced_tokens(self, limit: int = 1024) -> list[int]:
        """The tokens that follow without a choice: each the only one that its mask allows. The matcher does not move."""
        forced: list[int] = []
        while len(forced) < limit and not self.is_finished:
            allowed = self.allowed_tokens()
            if len(allowed) != 1 or not self.advance(int(allowed[0])):
                break
            forced.append(int(allowed[0]))
        if forced:
            self.rollback(len(forced))
        return forced

    def shortest_completion(self, limit: int = 100_000) -> bytes:
        """A shortest text that ends the output from here, b"" if it is complete already; the matcher does not move.

        Raises ``LimitExceededError`` where none is found in ``limit`` steps.
        """
        if self.is_accepting:
            return b""
        return search(self.fork(), self._estimate(), limit)

    def explain(self, token_id: int) -> str:
        """Says in words why a token is forbidden now (or that it is allowed), and what may come instead."""
        from structgen.matching.explain import explain_token

        return explain_token(self, token_id)


class PythonMatcher(MatcherBase):
    """A matcher of the Python engine. Not thread-safe; make one per output (they are cheap) or ``fork``."""

    __slots__ = ("_configuration", "_engine", "_estimate", "_history", "vocabulary")

    def __init__(self, engine: Engine, vocabulary: Vocabulary) -> None:
        self._engine, self.vocabulary, self._estimate = engine, vocabulary, engine.estimate
        self._history: list[int] = []
        with engine.lock:
            self._configuration = engine.start
            engine.matchers.add(self)

    def fill_mask(self, out: Any, row: int = 0) -> None:
        """Writes the mask into row ``row`` of ``out`` (int32, [B, ceil(V / 32)], numpy or a torch CPU tensor)."""
        target = mask_row(out, row, self.vocabulary.size)
        with self._engine.lock:
            target[:] = 0 if self.is_finished else self._engine.mask(self._configuration)
            if not self.is_accepting:
                return
        for token in self.vocabulary.eos_token_ids:
            target[token >> 5] |= np.uint32(1 << (token & 31)).astype(np.int32)

    def advance(self, token_id: int) -> bool:
        """Takes a token; False if it is not allowed, and then nothing has moved."""
        with self._engine.lock:
            return self._take(self._after(token_id))

    def _take(self, following: int) -> bool:
        if following == NOWHERE:
            return False
        following = self._engine.keep_within_budget(following)
        self._history.append(self._configuration)
        self._configuration = following
        return True

    def _after(self, token_id: int) -> int:
        if not 0 <= token_id < self.vocabulary.size:
            raise VocabularyError(f"token id {token_id} is outside the vocabulary", because=f"it has ids 0 to "
                                  f"{self.vocabulary.size - 1}", instead="check that the tokenizer is the model's")
        if token_id in self.vocabulary.eos_token_ids:
            done = self._configuration == FINISHED or self._engine.is_accepting(self._configuration)
            return FINISHED if done else NOWHERE
        text = self.vocabulary.tokens[token_id]
        if not text or self._configuration == FINISHED:
            return NOWHERE
        return self._engine.walk(self._configuration, text)

    def advance_bytes(self, text: bytes) -> bool:
        """Takes a text as if it had been tokens; one step for ``rollback``. False if it cannot come, nothing moved."""
        with self._engine.lock:
            return not self.is_finished and self._take(self._engine.walk(self._configuration, text))

    def rollback(self, count: int) -> None:
        """Takes back the last ``count`` advances."""
        if not 0 <= count <= len(self._history):
            raise ValueError(f"cannot roll back {count} tokens: {len(self._history)} were taken")
        with self._engine.lock:
            if count:
                self._configuration = self._history[-count]
                del self._history[-count:]

    def fork(self) -> PythonMatcher:
        """An independent matcher at the same place; costs a copy of the history."""
        other = PythonMatcher(self._engine, self.vocabulary)
        with self._engine.lock:
            other._configuration, other._history = self._configuration, self._history.copy()
        return other

    def reset(self) -> None:
        """Back to the beginning."""
        with self._engine.lock:
            self._configuration = self._engine.start
            self._history.clear()

    def standing(self) -> frozenset[Place]:
        """The threads with their stacks, as ``estimate`` reads them."""
        with self._engine.lock:
            return frozenset() if self.is_finished else self._engine.standing(self._configuration)

    def places(self) -> list[int]:
        """The configurations that this matcher stands on, or can roll back to."""
        return [self._configuration, *self._history]

    def renumber(self, numbers: dict[int, int]) -> None:
        """Takes the new numbers of its configurations; the engine calls this when it drops others."""
        self._configuration = numbers[self._configuration]
        self._history = [numbers[place] for place in self._history]

    @property
    def is_accepting(self) -> bool:
        """Whether the output may end here."""
        with self._engine.lock:
            return self._configuration == FINISHED or self._engine.is_accepting(self._configuration)

    @property
    def is_finished(self) -> bool:
        """Whether an end token has been taken."""
        return self._configuration == FINISHED

    @property
    def configuration(self) -> int:
        """The number of its configuration; equal situations of one grammar have one number."""
        return self._configuration

    @property
    def taken(self) -> int:
        """How many advances ``rollback`` could take back."""
        return len(self._history)


def mask_row(out: Any, row: int, size: int) -> NDArray[np.int32]:
    """Row ``row`` of a mask buffer as numpy words, without a copy; refuses what does not have the layout."""
    array = out if isinstance(out, np.ndarray) else out.numpy() if hasattr(out, "numpy") else np.asarray(out)
    words = (size + 31) // 32
    if array.dtype != np.int32 or array.ndim not in (1, 2) or array.shape[-1] < words:
        raise ValueError(f"a mask buffer is int32 [B, {words}], not {array.dtype} {list(array.shape)}")
    rows = array.shape[0] if array.ndim == 2 else 1
    if not 0 <= row < rows:
        raise IndexError(f"row {row} of a mask buffer with {rows} rows")
    found: NDArray[np.int32] = array[row] if array.ndim == 2 else array
    found[words:] = 0
    return found[:words]
