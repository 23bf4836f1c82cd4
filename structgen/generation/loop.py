"""The decode loop: asks the model, applies the mask, chooses, until the output is complete.

In: the logits after the prompt, a matcher (or None for free text) and a sampler. Out: the tokens with what is known about
each. A decoder does not call the model: it yields the tokens that the model shall read and is sent the logits after each of
them, so that one output, a batch of them and a stream are driven by the same code (``generation.session``, ``batch``).
The one idea beyond the obvious: where the mask leaves one token, nothing is asked; such tokens are collected and read by
the model together with the next one it has a say in, in one call.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from structgen.device.apply import apply_mask
from structgen.errors import GenerationError, LimitExceededError, VocabularyError
from structgen.generation.forced import forced_run
from structgen.generation.healing import Healing, following
from structgen.generation.loop_guard import PENALTY, Loop, LoopGuard, open_brackets
from structgen.generation.opening import Opening
from structgen.generation.result import Alternative, Step
from structgen.generation.sampler import Sampler
from structgen.vocabulary import Vocabulary

__all__ = ["Decoded", "Decoder", "Reads"]

Reads = Generator[list[int], torch.Tensor, None]
"""Yields tokens to be read, is sent the logits after each."""


@dataclass(slots=True)
class Decoded:
    """An output as tokens; ``complete``: it ended by itself and was not cut."""

    tokens: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    complete: bool = False
    loops: list[Loop] = field(default_factory=list)
    """Repetitions that were found and broken."""
    stopped_by: str | None = None
    """The stop text that ended it."""
    pressed: bool = False
    """At some token the budget left only the way to the end."""


CLOSING_STEPS = 3000
"""Steps in which a way to the end is looked for at each token of a text that is being closed: about 50 milliseconds."""
FREE_SHARE = 8
"""A place is free text where at least this part (one in eight) of the vocabulary is allowed: inside a JSON string nearly all
of it is, between values a few hundred tokens are, in a number a dozen."""


class Decoder:
    """One output being written: tokens chosen, and of those the ones the model has not read yet.

    ``logits``: float32 [V'], the model's after the prompt, V' at least the vocabulary's size. ``matcher``: at the
    beginning of the output; None allows every token. ``prompt``: what the repetition penalty counts besides the output.
    ``stop``: texts that end free text. ``top_logprobs``: alternatives kept of every choice. ``opening``: how the output
    was begun; a matcher that is a ``Healing`` belongs to it.
    """

    def __init__(self, logits: torch.Tensor, matcher: Any, vocabulary: Vocabulary, sampler: Sampler, *,
                 prompt: Sequence[int] = (), stop: Sequence[str] = (), top_logprobs: int = 0,
                 opening: Opening | None = None) -> None:
        if len(logits) < vocabulary.size:
            raise VocabularyError(f"the model has logits for {len(logits)} tokens, the vocabulary has {vocabulary.size}",
                                  instead="use the tokenizer that belongs to the model")
        self.logits, self.matcher = logits, matcher
        self.vocabulary, self.sampler, self.prompt = vocabulary, sampler, prompt
        self.opening = opening
        self.stop, self.top_logprobs = [text.encode() for text in stop], top_logprobs
        self.mask = torch.zeros(1, (vocabulary.size + 31) // 32, dtype=torch.int32)
        self.read_all = False
        """Whether the model also reads forced tokens at the end, so that every step has its probability."""
        self.fast_forward = True
        """Whether text without a choice is written without asking the model (``generation.forced``)."""
        self.ahead: list[int] = []
        """The tokens of such a text that are still to come."""
        self.out = Decoded()
        self.unread: list[int] = []
        self.end = set(vocabulary.eos_token_ids)
        self.words: list[int] = []
        """Tokens that count as repetitions: those inside free text; what ends it is not one of them."""
        self.was_free = False
        self.guard = LoopGuard() if sampler.sampling.loop_guard else None
        self.closing: int | None = None
        """While a loop is closed: the open brackets to get down to; -1 for the end of the free text."""

    def run(self, max_tokens: int) -> Reads:
        """Writes up to ``max_tokens`` tokens, the end token included.

        Yields tokens of ``out`` that the model has not read yet; send the logits after each of them, float32 [count, V'].
        """
        while len(self.out.tokens) < max_tokens and not self.out.complete and self.out.stopped_by is None:
            only, allowed = self._only_token()
            is_free = allowed * FREE_SHARE >= self.vocabulary.size
            if is_free and self.was_free and self.out.tokens:
                self.words.append(self.out.tokens[-1])
            self.was_free = is_free
            if only is None:
                yield from self._read()
                self._take(*self._choose(is_free), allowed)
            else:
                self._take(only, None, 1.0, (), 1)
            if self.stop:
                self.out.stopped_by = self._stop_text()
        if self.matcher is not None and not self.out.complete:
            self.out.complete = self._nothing_follows()
        self.out.pressed = bool(getattr(self.matcher, "is_pressed", False))
        if self.read_all:
            yield from self._read()
        self._note([self.logits])

    def _stop_text(self) -> str | None:
        """The stop text that the last token has completed."""
        longest = max(map(len, self.stop))
        tail = self.vocabulary.decode(self.out.tokens[-longest - 1:])  # a token has a byte at least
        if self.opening is not None and self.opening.removed:
            tail = self.vocabulary.decode(self.out.tokens)[len(self.opening.removed):]
        found = [(tail.index(text), text) for text in self.stop if text in tail]
        return min(found)[1].decode() if found else None

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
            only = int(np.argmax(bits))
            self.ahead = self.ahead[1:] if self.ahead[:1] == [only] else []
            return only, 1
        if not self.ahead and self.fast_forward and self.closing is None and not isinstance(self.matcher, Healing):
            self.ahead = forced_run(self.matcher, bits, allowed, self.vocabulary)
        if self.ahead and bits[self.ahead[0]]:
            return self.ahead.pop(0), 1
        self.ahead = []
        return None, allowed

    def _bits(self) -> NDArray[np.uint8]:
        """One byte for every token, 1 where the mask allows it now; leaves the mask in the buffer."""
        self.matcher.fill_mask(self.mask)
        return np.unpackbits(self.mask.numpy().astype("<i4", copy=False).view(np.uint8), bitorder="little")

    def _only_ends(self, bits: NDArray[np.uint8], allowed: int) -> bool:
        """Whether nothing but end tokens is allowed; there may be several."""
        return allowed <= len(self.end) and all(bits[token] for token in self.vocabulary.eos_token_ids)

    def _choose(self, is_free: bool) -> tuple[int, float, float, tuple[Alternative, ...]]:
        """A token, its probability under the model and that among the allowed tokens, and what stood beside it."""
        row = self.logits.clone()
        row[self.vocabulary.size:] = -math.inf
        everything = allowed = torch.logsumexp(row, 0)
        raw = row.clone() if self.top_logprobs else row
        if self.matcher is not None:
            apply_mask(row.unsqueeze(0), self.mask)
            allowed = torch.logsumexp(row, 0)
        beside = self._alternatives(raw, row, everything, allowed) if self.top_logprobs else ()
        token = self._closing_token(is_free)
        if token is None:
            token = self._sampled(row, is_free)
        score = self.logits[token]
        return token, float(torch.exp(score - everything)), float(torch.exp(score - allowed)), beside

    def _alternatives(self, raw: torch.Tensor, masked: torch.Tensor, everything: torch.Tensor,
                      allowed: torch.Tensor) -> tuple[Alternative, ...]:
        """The likeliest tokens before and after the mask."""
        count = min(self.top_logprobs, self.vocabulary.size)
        ids = dict.fromkeys([*torch.topk(raw, count).indices.tolist(), *torch.topk(masked, count).indices.tolist()])
        made = [Alternative(token, (self.vocabulary.tokens[token] or b"").decode(errors="replace"),
                            float(torch.exp(raw[token] - everything)), float(torch.exp(masked[token] - allowed)))
                for token in ids]
        return tuple(sorted(made, key=lambda one: one.probability, reverse=True))

    def _sampled(self, row: torch.Tensor, is_free: bool) -> int:
        """The sampler's choice; ``row``: the logits after the mask, changed in place."""
        guard, sampling = self.guard, self.sampler.sampling
        if guard is not None and guard.period:
            # What ends a text is no part of the loop inside it, and the only way out where the model finds no other.
            row[sorted(set(guard.tokens) - self.end)] -= PENALTY * guard.strength
        if not sampling.penalizes:
            return self.sampler.choose(row, ())
        if sampling.penalize_structure or self.matcher is None:
            return self.sampler.choose(row, [*self.prompt, *self.out.tokens], self.out.tokens)
        if not is_free:
            return self.sampler.choose(row, ())
        return self.sampler.choose(row, [*self.prompt, *self.words], self.words)

    def _closing_token(self, is_free: bool) -> int | None:
        """While a loop is being closed, the next token of a shortest way to the end."""
        if self.closing is None:
            return None
        is_closed = not is_free if self.closing < 0 else self._depths()[-1] <= self.closing
        if is_closed and self.matcher is not None:
            self.closing = None
            return None
        if self.matcher is None or self.matcher.is_accepting:
            return min(self.end, default=None)
        try:
            way = self.matcher.shortest_completion(CLOSING_STEPS)
        except LimitExceededError:  # too far to see: penalties go on
            return None
        tokens = self.vocabulary.tokens
        ways = [int(token) for token in self.matcher.allowed_tokens() if tokens[token] and way.startswith(tokens[token])]
        return max(ways, key=lambda token: len(tokens[token] or b""), default=None)

    def _watch(self, token: int, was_free: bool) -> None:
        """Looks for a loop after a token; a loop that penalties did not break is closed."""
        guard = self.guard
        if guard is None or self.closing is not None or isinstance(self.matcher, Healing):
            return
        began = guard.period == 0
        guard.add(token)
        if not guard.period:
            return
        if began:
            self.out.loops.append(Loop(guard.start, guard.period, self._said(guard.tokens), "penalty"))
        if guard.must_close:
            self.out.loops.append(Loop(guard.start, guard.period, self._said(guard.tokens), "closed"))
            self.closing = self._goal(was_free)
            guard.forget()

    def _goal(self, was_free: bool) -> int:
        """What to close: the free text that a loop is inside, or the innermost brackets it runs through; and one more pair
        for every time that the same loop was closed before, because a model may take it up again in the next member."""
        assert self.guard is not None
        earlier = self.guard.closed()
        inside = was_free and all(step.allowed * FREE_SHARE >= self.vocabulary.size
                                  for step in self.out.steps[-self.guard.period:])
        if inside and not earlier:
            return -1
        depths = self._depths()
        outermost = depths[-1] if inside else min(depths[-len(self._said(self.guard.tokens)) - 1:])
        return max(0, outermost - (0 if inside else 1) - earlier)

    def _said(self, tokens: Sequence[int]) -> str:
        return self.vocabulary.decode(tokens).decode(errors="replace")

    def _depths(self) -> list[int]:
        text = self.vocabulary.decode(self.out.tokens)
        if self.opening is not None:
            text = self.opening.given.encode() + text[self.opening.again:]
        return open_brackets(text.decode(errors="replace")) or [0]

    def _take(self, token: int, raw: float | None, masked: float, beside: tuple[Alternative, ...], allowed: int) -> None:
        """Appends a token; a forced one gets its probability when the model reads it."""
        text = (self.vocabulary.tokens[token] or b"").decode(errors="replace")
        self.out.steps.append(Step(token, text, allowed, allowed == 1, raw, masked, beside))
        self.out.tokens.append(token)
        self.unread.append(token)
        self._watch(token, self.was_free)
        if self.matcher is not None and not self.matcher.advance(token):
            raise GenerationError(f"the token {token} was allowed by the mask and then refused",
                                  position=f"token {len(self.out.tokens) - 1}")
        self.matcher = following(self.matcher)
        self.out.complete = self.matcher.is_finished if self.matcher is not None else token in self.end

    def _read(self) -> Reads:
        """Lets the model read the tokens it has not seen."""
        rows = [self.logits]
        if self.unread:
            rows += list((yield self.unread))
        self._note(rows)
        self.logits, self.unread = rows[-1], []

    def _note(self, rows: Sequence[torch.Tensor]) -> None:
        """Fills in the probabilities of forced tokens: ``rows`` are the logits before the first unread one, and so on."""
        steps, first = self.out.steps, len(self.out.steps) - len(self.unread)
        for index, row in enumerate(rows, first):
            if index < len(steps) and steps[index].probability is None:
                raw = float(torch.softmax(row[:self.vocabulary.size], 0)[steps[index].token])
                steps[index] = replace(steps[index], probability=raw)

    def _nothing_follows(self) -> bool:
        """Whether the output is complete although no end token was written: only that could come now."""
        bits = self._bits()
        return self._only_ends(bits, int(np.count_nonzero(bits)))
