"""One request to a model that runs here: a conversation that has been read, and the samples drawn after it.

In: a model, a target and the messages. Out: a ``Result`` for each sample. What the samples share, the model's pass over the
conversation (its key-value cache) and the compiled grammar, is made once; a sample forgets the one before it and goes on
from there.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from structgen.errors import GenerationError, ReadError
from structgen.generation.budget import begun, budgeted, can_promise
from structgen.generation.confidence import field_confidence
from structgen.generation.healing import Healing
from structgen.generation.labels import label_probabilities
from structgen.generation.loop import Decoded, Decoder
from structgen.generation.loop_guard import warn_of_loop
from structgen.generation.opening import opening
from structgen.generation.position import where
from structgen.generation.prompt import Message
from structgen.generation.result import FinishReason, Result, Usage
from structgen.generation.sampler import Sampler
from structgen.generation.sampling import Sampling
from structgen.generation.session import Session, drive, open_session
from structgen.generation.target import Target

if TYPE_CHECKING:
    from structgen.generation.model import Model

__all__ = ["Request", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How the samples of a request are made and read."""

    sampling: Sampling
    max_tokens: int
    mask: bool = True
    repair: bool = False
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0
    prefix: str = ""
    raw: bool = False
    heal: bool = True


class Request:
    """A conversation as the model has read it. Use under the model's lock."""

    def __init__(self, model: Model, target: Target, messages: Sequence[Message], settings: Settings) -> None:
        self.model, self.target, self.vocabulary, self.settings = model, target, model.vocabulary, settings
        self.compiled = model.grammar_of(target) if settings.mask and target.source is not None else None
        self.opening = opening(messages, model.tokenizer, model.vocabulary, prefix=settings.prefix, raw=settings.raw,
                               heal=settings.heal)
        self.prompt = self.opening.tokens
        self.max_tokens = _room(model.model, len(self.prompt), settings.max_tokens)
        self._matcher: Any = None
        if self.compiled is not None:
            prefix = self.opening.prefix
            self._matcher = budgeted(self.compiled, self.max_tokens, prefix=prefix) if can_promise(self.compiled) \
                else begun(self.compiled, prefix)
        if self.opening.removed:
            self._matcher = Healing(self.opening.removed, self.vocabulary, self._matcher)
        if settings.sampling.loop_guard:
            warn_of_loop(self.prompt, lambda ids: self.vocabulary.decode(ids).decode(errors="replace"))
        self._started = self._sample_started = time.perf_counter()
        self._written = self._passes = 0
        self.session: Session | None = None
        self.logits: torch.Tensor | None = None
        """The model's after the prompt; set by ``read``, or by whoever lets the model read the prompt."""
        self.confidence: dict[Any, float] | None = None

    def read(self) -> Session:
        """Lets the model read the prompt; the session after it."""
        if self.session is None:
            self.session = open_session(self.model.model)
            self.logits = self.session.extend(self.prompt, keep=1)[-1]
            self.confidence = self._confidence(self.session, self.logits) if self.settings.mask else None
        self.session.truncate(len(self.prompt))
        return self.session

    def sample(self, draw: int, temperature: float | None = None) -> Result[Any]:
        """One output; its number gives it a seed of its own."""
        session = self.read()
        decoder = self.decoder(draw, temperature)
        for _ in drive(session, decoder.run(self.max_tokens)):
            pass
        return self.result(decoder.out)

    def decoder(self, draw: int = 0, temperature: float | None = None, *, sampling: Sampling | None = None) -> Decoder:
        """A decoder at the beginning of an output; the prompt must have been read."""
        assert self.logits is not None
        sampling = sampling or self.settings.sampling
        if temperature is not None and temperature != sampling.temperature:
            sampling = replace(sampling, temperature=temperature)
        self._sample_started, self._passes = time.perf_counter(), self._calls()
        return Decoder(self.logits, self.matcher(), self.vocabulary, Sampler(sampling, draw), prompt=self.prompt,
                       stop=self.settings.stop, top_logprobs=self.settings.top_logprobs, opening=self.opening)

    def matcher(self) -> Any:
        """A matcher at the beginning of an output, which ends within ``max_tokens`` where that can be promised; None for
        free text."""
        return None if self._matcher is None else self._matcher.fork()

    def count(self, tokens: int) -> None:
        """Counts tokens that were written and are no result."""
        self._written += tokens

    def result(self, made: Decoded) -> Result[Any]:
        """What was written, as a value; ``GenerationError`` if it is none."""
        self._written += len(made.tokens)
        text = self._text(made.tokens)
        if made.stopped_by is not None:
            begun_with = len(self.settings.prefix)
            text = text[:begun_with] + text[begun_with:].partition(made.stopped_by)[0]
        value, repairs = self._value(text, made.complete, made.tokens)
        free = [math.log(max(step.probability or 0.0, 1e-300)) for step in made.steps if not step.forced]
        confidence: Any = self.confidence
        if confidence is None and self.target.is_json and self.compiled is not None:
            confidence = field_confidence(made.steps, self.opening.given, self.opening.again)
        usage = Usage(len(self.prompt), len(made.tokens), self._calls() - self._passes + 1,
                      time.perf_counter() - self._sample_started)
        reason: FinishReason = "stop" if made.stopped_by is not None else "length" if not made.complete else \
            "budget" if made.pressed else "complete"
        return Result(value, text, tuple(made.tokens), sum(free) / len(free) if free else None, confidence,
                      tuple(made.steps), reason, usage, repairs, healed=self.opening.removed.decode(errors="replace"),
                      loops=tuple(made.loops), reread=self._reread)

    def usage(self) -> Usage:
        """What the request has cost so far."""
        return Usage(len(self.prompt), self._written, self._calls(), time.perf_counter() - self._started)

    def _calls(self) -> int:
        return 0 if self.session is None else self.session.passes

    def _text(self, tokens: Sequence[int]) -> str:
        if self.opening.removed or self.opening.prefix:
            return self.opening.text(self.vocabulary.decode(tokens)).decode(errors="replace")
        if self.compiled is None and self.model.tokenizer is not None:
            return str(self.model.tokenizer.decode(tokens, skip_special_tokens=True))
        return self.vocabulary.decode(tokens).decode(errors="replace")

    def _value(self, text: str, complete: bool, tokens: Sequence[int]) -> tuple[Any, tuple[Any, ...]]:
        if self.target.source is None:
            return text, ()
        if self.compiled is None and self.settings.repair:
            return self._repaired(text)
        if not complete:
            raise self._cut(text, len(tokens))
        if self.compiled is None:
            return self._unmasked_value(text, tokens), ()
        try:
            return self._reread(text), ()
        except ReadError as error:
            raise GenerationError(f"the text fits the mask, but is not a {self.target.name}", position=error.position,
                                  because=f"{error.what}; the text is {_short(text)}", text=text,
                                  instead=_advice((*self.compiled.unenforced, *self.target.unenforced))) from error

    def _reread(self, text: str) -> Any:
        value = self.target.read(text)
        if self.target.check is not None and (self.compiled is None or self.compiled.unenforced):
            self.target.check(text)
        return value

    def _repaired(self, text: str) -> tuple[Any, tuple[Any, ...]]:
        """What a tolerant reader makes of a text that no mask has held."""
        try:
            return self.target.repaired(text)
        except ReadError as error:
            raise GenerationError(f"the text cannot be read as a {self.target.name}", position=error.position,
                                  because=f"{error.what}; the text is {_short(text)}", text=text,
                                  instead="generate with the mask, or ask again (retry=)") from error

    def _unmasked_value(self, text: str, tokens: Sequence[int]) -> Any:
        if not self.target.is_json:
            matcher = self.model.grammar_of(self.target).matcher()
            written = self.opening.text(self.vocabulary.decode(tokens))
            if not ((not written or matcher.advance_bytes(written)) and matcher.is_accepting):
                raise GenerationError(f"the text is not a {self.target.name}", because=f"the text is {_short(text)}",
                                      instead="generate with the mask", text=text)
            return self.target.read(text)
        try:
            return self._reread(text.strip())
        except ReadError as error:
            raise GenerationError(f"the text is not a {self.target.name}", position=error.position,
                                  because=f"{error.what}; the text is {_short(text)}", text=text,
                                  instead="generate with the mask, or tell the model more in the prompt") from error

    def _cut(self, text: str, count: int) -> GenerationError:
        place, inside = where(text) if self.target.is_json else (f"character {len(text)}", "nothing yet")
        wanted = self.settings.max_tokens
        limit = f"max_tokens={wanted}" if self.max_tokens == wanted else \
            f"the {len(self.prompt) + self.max_tokens} tokens the model can read"
        writing = f", in {inside}" if inside != "nothing yet" else ""
        if self.compiled is not None and not can_promise(self.compiled):
            limit += ", which is no promise here (what came before decides how an output can end),"
        return GenerationError(f"the output was cut after {count} tokens{writing}", position=place, text=text,
                               because=f"{limit} left no room for the rest; it ends with {_short(text[-60:])}",
                               instead="raise max_tokens, or bound what is written there (max_length, a shorter list)")

    def _confidence(self, session: Session, logits: torch.Tensor) -> dict[Any, float] | None:
        if not self.target.labels or self.opening.prefix or self.opening.removed:
            return None
        found = label_probabilities(session, logits, len(self.prompt), self.target.labels, self.vocabulary)
        if found is None:
            return None
        return {self.target.read(label): value for label, value in zip(self.target.labels, found, strict=True)}


def _room(model: Any, prompt: int, max_tokens: int) -> int:
    """The tokens that fit beside the prompt."""
    window = getattr(text_config(model), "max_position_embeddings", None)
    if not isinstance(window, int) or not isinstance(model, torch.nn.Module):
        return max_tokens
    if prompt >= window:
        raise GenerationError(f"the prompt has {prompt} tokens", because=f"the model reads {window} at most",
                              instead="shorten the prompt")
    return min(max_tokens, window - prompt)


def text_config(model: Any) -> Any:
    """The configuration of the language part; models of images and text have several."""
    config: Any = getattr(model, "config", None)
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def _advice(unenforced: Sequence[str]) -> str | None:
    return f"not enforced by the mask: {'; '.join(unenforced)}" if unenforced else None


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 300 else f"{shown[:200]} … {shown[-90:]}"
