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
                self._take(*self._choose(), allowed)
            else:
                self._take(only, None, 1.0, 1)
        if self.matcher is not None and not self.out.complete:
            self.out.complete = self._nothing_follows()
        self._read(last=True)
        return self.out

    def _only_token(self) -> tuple[int | None, int]:
        """The token, if it is the only one allowed, and how many are."""
        if self.matcher is None:
            return None, self.vocabulary.size
        bits = self._bits()
        allowed = int(np.count_nonzero(bits))
        if allowed == 0:
            raise GenerationError("no token is allowed here, although the output is not complete",
                                  position=f"token {len(self.out.tokens)}",
                                  because="the model's vocabulary cannot write what the grammar asks for")
        if allowed == 1 or self._only_ends(bits, allowed):
            return int(np.argmax(bits)), 1
        return None, allowed

    def _bits(self) -> NDArray[np.uint8]:
        """One byte for every token, 1 where the mask allows it now; leaves the mask in the buffer."""
        self.matcher.fill_mask(self.mask)
        return np.unpackbits(self.mask.numpy().astype("<i4", copy=False).view(np.uint8), bitorder="little")

    def _only_ends(self, bits: NDArray[np.uint8], allowed: int) -> bool:
        """Whether nothing but end tokens is allowed; there may be several."""
        return allowed <= len(self.end) and all(bits[token] for token in self.vocabulary.eos_token_ids)

    def _choose(self) -> tuple[int, float, float]:
        """A token, its probability under the model and that among the allowed tokens."""
        row = self.logits.clone()
        row[self.vocabulary.size:] = -math.inf
        everything = allowed = torch.logsumexp(row, 0)
        if self.matcher is not None:
            apply_mask(row.unsqueeze(0), self.mask)
            allowed = torch.logsumexp(row, 0)
        token = self.sampler.choose(row, [*self.prompt, *self.out.tokens])
        score = self.logits[token]
        return token, float(torch.exp(score - everything)), float(torch.exp(score - allowed))

    def _take(self, token: int, raw: float | None, masked: float, allowed: int) -> None:
        """Appends a token; a forced one gets its probability when the model reads it."""
        text = (self.vocabulary.tokens[token] or b"").decode(errors="replace")
        self.out.steps.append(Step(token, text, allowed, allowed == 1, raw, masked))
        self.out.tokens.append(token)
        self.unread.append(token)
        if self.matcher is not None and not self.matcher.advance(token):
            raise GenerationError(f"the token {token} was allowed by the mask and then refused",
                                  position=f"token {len(self.out.tokens) - 1}")
        self.out.complete = self.matcher.is_finished if self.matcher is not None else token in self.end

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
        bits = self._bits()
        return self._only_ends(bits, int(np.count_nonzero(bits)))
