"""The decode loop: asks the model, applies the mask, chooses, until the output is complete.

In: a session that has read the prompt, the logits after it, a matcher (or None for free text) and a sampler. Out: the
tokens with what is known about each. The one idea beyond the obvious: where the mask leaves one token, nothing is
asked; such tokens are collected and read by the model together with the next one it has a say in, in one call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from structgen.device.apply import apply_mask
from structgen.errors import GenerationError, VocabularyError
from structgen.generation.result import Step
from structgen.generation.sampler import Sampler
from structgen.generation.session import Session
from structgen.vocabulary import Vocabulary

__all__ = ["Decoded", "decode"]


@dataclass(slots=True)
class Decoded:
    """An output as tokens; ``complete``: it ended by itself and was not cut."""

    tokens: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    complete: bool = False


def decode(session: Session, logits: torch.Tensor, matcher: Any, vocabulary: Vocabulary, sampler: Sampler,
           *, max_tokens: int, prompt: Sequence[int] = ()) -> Decoded:
    """Generates up to ``max_tokens`` tokens, the end token included.

    ``logits``: float32 [V'], the model's after the prompt, V' at least the vocabulary's size. ``matcher``: at the
    beginning of the output; None allows every token. ``prompt``: what the repetition penalty counts besides the output.
    """
    if len(logits) < vocabulary.size:
        raise VocabularyError(f"the model has logits for {len(logits)} tokens, the vocabulary has {vocabulary.size}",
                              instead="use the tokenizer that belongs to the model")
    return _Decoder(session, logits, matcher, vocabulary, sampler, prompt).run(max_tokens)


class _Decoder:
    """The state of one output: tokens chosen, and of those the ones the model has not read yet."""

    def __init__(self, session: Session, logits: torch.Tensor, matcher: Any, vocabulary: Vocabulary, sampler: Sampler,
                 prompt: Sequence[int]) -> None:
        self.session, self.logits, self.matcher = session, logits, matcher
        self.vocabulary, self.sampler, self.prompt = vocabulary, sampler, prompt
        self.mask = torch.zeros(1, (vocabulary.size + 31) // 32, dtype=torch.int32)
        self.out = Decoded()
        self.unread: list[int] = []
        self.end = set(vocabulary.eos_token_ids)

    def run(self, max_tokens: int) -> Decoded:
        while len(self.out.tokens) < max_tokens and not self.out.complete:
            only, allowed = self._only_token()
            if only is None:
                self._read()
                self._take(self._choose(), allowed)
            else:
                self._take(only, 1)
        if self.matcher is not None and not self.out.complete:
            self.out.complete = self._nothing_follows()
        self._read(last=True)
        return self.out

    def _only_token(self) -> tuple[int | None, int]:
        """The token, if it is the only one allowed, and how many are."""
        if self.matcher is None:
            return None, self.vocabulary.size
        allowed = self._allowed()
        if len(allowed) == 0:
            raise GenerationError("no token is allowed here, although the output is not complete",
                                  position=f"token {len(self.out.tokens)}",
                                  because="the model's vocabulary cannot write what the grammar asks for")
        if len(allowed) == 1 or (self.matcher.is_accepting and self.end.issuperset(allowed.tolist())):
            return int(allowed[0]), 1
        return None, len(allowed)

    def _allowed(self) -> NDArray[np.int64]:
        """The tokens the mask allows now; leaves the mask in the buffer."""
        self.matcher.fill_mask(self.mask)
        bits = np.unpackbits(self.mask.numpy().astype("<i4").view(np.uint8), bitorder="little")
        return np.flatnonzero(bits)

    def _choose(self) -> int:
        row = self.logits.clone()
        if self.matcher is not None:
            apply_mask(row.unsqueeze(0), self.mask)
        else:
            row[self.vocabulary.size:] = -math.inf
        seen = [*self.prompt, *self.out.tokens]
        return self.sampler.choose(row, seen)

    def _take(self, token: int, allowed: int) -> None:
        """Appends a token; a forced one gets its probability when the model reads it."""
        forced = allowed == 1
        raw: float | None = None
        masked = 1.0
        if not forced:
            scores = self.logits[:self.vocabulary.size]
            raw = float(torch.softmax(scores, 0)[token])
            masked = float(torch.softmax(self._masked(scores), 0)[token]) if self.matcher is not None else raw
        text = (self.vocabulary.tokens[token] or b"").decode(errors="replace")
        self.out.steps.append(Step(token, text, allowed, forced, raw, masked))
        self.out.tokens.append(token)
        self.unread.append(token)
        if self.matcher is not None and not self.matcher.advance(token):
            raise GenerationError(f"the token {token} was allowed by the mask and then refused",
                                  position=f"token {len(self.out.tokens) - 1}")
        self.out.complete = self.matcher.is_finished if self.matcher is not None else token in self.end

    def _masked(self, scores: torch.Tensor) -> torch.Tensor:
        row = scores.clone()
        apply_mask(row.unsqueeze(0), self.mask)
        return row

    def _read(self, last: bool = False) -> None:
        """Lets the model read the tokens it has not seen, and fills in the probabilities of the forced ones.

        ``last``: nothing follows, so the model is not called; what its last answer tells is filled in.
        """
        steps, first = self.out.steps, len(self.out.steps) - len(self.unread)
        rows = [self.logits]
        if self.unread and not last:
            rows += list(self.session.extend(self.unread))
        for index, row in enumerate(rows, first):
            if index < len(steps) and steps[index].probability is None:
                step = steps[index]
                raw = float(torch.softmax(row[:self.vocabulary.size], 0)[step.token])
                steps[index] = Step(step.token, step.text, 1, True, raw, 1.0)
        self.logits = rows[-1]
        self.unread = []

    def _nothing_follows(self) -> bool:
        """Whether the output is complete although no end token was written: only that could come now."""
        return bool(self.matcher.is_accepting) and self.end.issuperset(self._allowed().tolist())
