"""A language model that generates values: prompt in, ``Result`` out.

One request is: the type's instructions and the prompt as tokens, one pass of the model, the decode loop under the mask
of the type, the text read as a value. Each step is a module of its own beside this one; here they are put together,
and what is costly is kept: the vocabulary's tables and the compiled grammars.

Caveats: one request at a time per model (a lock); a batch is a loop. Without the mask nothing is tolerated: the text
must be exactly a value of the type.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import torch

from structgen.compiler import CompiledGrammar, Compiler
from structgen.errors import GenerationError, ReadError
from structgen.generation.labels import label_probabilities
from structgen.generation.loop import Decoded, decode
from structgen.generation.position import where
from structgen.generation.prompt import Instructions, prompt_text, prompt_tokens
from structgen.generation.result import Result, Usage
from structgen.generation.sampler import Sampler, Sampling
from structgen.generation.session import Session, open_session
from structgen.generation.target import OnUnsupported, Target, as_target
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

__all__ = ["Model"]

COMPILED_TYPES = 32
"""Compiled grammars kept per model; each grows with use up to ``Limits.cache_bytes``."""


class Model:
    """A causal language model with its tokenizer.

    ``model``: a transformers model, or an object with ``forward(token_ids) -> logits`` of the last token [V] or of all
    [T, V]. ``tokenizer``: a transformers tokenizer; without one, a ``vocabulary`` that can encode text.
    """

    def __init__(self, model: Any, tokenizer: Any = None, *, vocabulary: Vocabulary | None = None,
                 limits: Limits | None = None, engine: Literal["auto", "python", "native"] = "auto") -> None:
        if tokenizer is None and vocabulary is None:
            raise GenerationError("a model needs its tokenizer", instead="pass tokenizer=, or a vocabulary=")
        self.model, self.tokenizer = model, tokenizer
        self.vocabulary = vocabulary or _vocabulary(model, tokenizer)
        self.limits, self._engine = limits or Limits(), engine
        self._compiled: OrderedDict[Any, tuple[Any, CompiledGrammar]] = OrderedDict()
        self._lock = threading.RLock()

    @cached_property
    def compiler(self) -> Compiler:
        """The compiler for this model's vocabulary."""
        return Compiler(self.vocabulary, limits=self.limits, engine=self._engine)

    def compile(self, output_type: Any, *, require_all: bool = False, from_text: str | None = None,
                on_unsupported: OnUnsupported | None = None) -> CompiledGrammar:
        """The compiled grammar of a type or source, as ``generate`` uses it; kept for the next time."""
        return self._grammar(as_target(output_type, require_all=require_all, from_text=from_text,
                                       on_unsupported=on_unsupported))

    def generate(self, prompt: str, output_type: Any = None, *, max_tokens: int = 256, temperature: float = 0.0,
                 top_k: int | None = None, top_p: float | None = None, min_p: float | None = None,
                 repetition_penalty: float = 1.0, seed: int | None = None, n: int = 1,
                 instructions: Instructions = "auto", mask: bool = True, from_text: bool | str | None = None,
                 require_all: bool = False, on_unsupported: OnUnsupported | None = None) -> Result[Any]:
        """A value of ``output_type``: a Python type, a source (``JsonSchema``, ``Regex``, …), or None for free text.

        ``instructions``: ``"auto"`` tells the type to the model in words, a string tells that instead, None tells
        nothing. ``mask=False``: the model writes what it likes, and the text must then be a value. ``from_text``: every
        plain string of the type must occur in this text (True: in the prompt). ``require_all``: fields with defaults
        are written too. ``n``: that many samples; the result is the one with the highest ``logprob``.
        ``on_unsupported="validate"``: what the masks cannot enforce is checked when the value is finished.

        Raises ``GenerationError`` when ``max_tokens`` cuts a value, and when text that a mask did not hold to the whole
        type is none; its ``position`` is the path of what is wrong. Then ask again, with another seed or prompt.
        """
        sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty, seed)
        source_text = _source_text(prompt, from_text, mask)
        if not isinstance(prompt, str):
            raise GenerationError(f"the prompt is {type(prompt).__name__}, not str")
        if max_tokens < 1 or n < 1:
            raise GenerationError(f"max_tokens={max_tokens} and n={n} must be at least 1")
        if n > 1 and temperature == 0:
            raise GenerationError(f"n={n} samples at temperature 0 would all be the same",
                                  instead="pass temperature=0.7, say, or leave n out")
        target = as_target(output_type, require_all=require_all, from_text=source_text, on_unsupported=on_unsupported)
        with self._lock:
            request = _Request(self, target, prompt_text(prompt, target, instructions), mask, max_tokens)
            samples = [request.sample(Sampler(sampling, draw)) for draw in range(n)]
        ranked = sorted(samples, key=lambda one: -math.inf if one.logprob is None else one.logprob, reverse=True)
        return replace(ranked[0], candidates=tuple(ranked)) if n > 1 else ranked[0]

    def _grammar(self, target: Target) -> CompiledGrammar:
        if target.source is None:
            raise GenerationError("free text has no grammar", instead="pass a type or a source")
        with self._lock:
            if target.key is not None and target.key in self._compiled:
                self._compiled.move_to_end(target.key)
                return self._compiled[target.key][1]
            compiled = self.compiler.compile(target.source)
            if target.key is not None:
                self._compiled[target.key] = (target.source, compiled)
                while len(self._compiled) > COMPILED_TYPES:
                    self._compiled.popitem(last=False)
            return compiled


class _Request:
    """What the samples of one request share: the prompt as the model has read it."""

    def __init__(self, model: Model, target: Target, text: str, mask: bool, max_tokens: int) -> None:
        self.model, self.target, self.vocabulary = model, target, model.vocabulary
        self.compiled = model._grammar(target) if mask and target.source is not None else None
        self.prompt = prompt_tokens(text, model.tokenizer, model.vocabulary)
        self.max_tokens, self.wanted = _room(model.model, len(self.prompt), max_tokens), max_tokens
        self.session: Session = open_session(model.model)
        self.logits = self.session.extend(self.prompt, keep=1)[-1]
        self.confidence = self._confidence() if mask else None

    def sample(self, sampler: Sampler) -> Result[Any]:
        """One output."""
        started, passes = time.perf_counter(), self.session.passes
        self.session.truncate(len(self.prompt))
        matcher = self.compiled.matcher() if self.compiled is not None else None
        made = decode(self.session, self.logits, matcher, self.vocabulary, sampler, max_tokens=self.max_tokens,
                      prompt=self.prompt)
        text = self._text(made)
        value = self._value(text, made)
        usage = Usage(len(self.prompt), len(made.tokens), self.session.passes - passes + 1,
                      time.perf_counter() - started)
        free = [math.log(max(step.probability or 0.0, 1e-300)) for step in made.steps if not step.forced]
        return Result(value, text, tuple(made.tokens), sum(free) / len(free) if free else None, self.confidence,
                      tuple(made.steps), "complete" if made.complete else "length", usage)

    def _text(self, made: Decoded) -> str:
        if self.compiled is None and self.model.tokenizer is not None:
            return str(self.model.tokenizer.decode(made.tokens, skip_special_tokens=True))
        return self.vocabulary.decode(made.tokens).decode(errors="replace")

    def _value(self, text: str, made: Decoded) -> Any:
        if self.target.source is None:
            return text
        if not made.complete:
            raise self._cut(text, len(made.tokens))
        if self.compiled is None:
            return self._unmasked_value(text, made.tokens)
        try:
            return self._read(text, checked=not self.compiled.unenforced)
        except ReadError as error:
            raise GenerationError(f"the text fits the mask, but is not a {self.target.name}", position=error.position,
                                  because=f"{error.what}; the text is {_short(text)}",
                                  instead=_advice((*self.compiled.unenforced, *self.target.unenforced))) from error

    def _unmasked_value(self, text: str, tokens: Sequence[int]) -> Any:
        if not self.target.is_json:
            matcher = self.model._grammar(self.target).matcher()
            written = [token for token in tokens if token not in self.vocabulary.eos_token_ids]
            if not (all(matcher.advance(token) for token in written) and matcher.is_accepting):
                raise GenerationError(f"the text is not a {self.target.name}", because=f"the text is {_short(text)}",
                                      instead="generate with the mask")
            return text
        try:
            return self._read(text.strip(), checked=False)
        except ReadError as error:
            raise GenerationError(f"the text is not a {self.target.name}", position=error.position,
                                  because=f"{error.what}; the text is {_short(text)}",
                                  instead="generate with the mask, or tell the model more in the prompt") from error

    def _read(self, text: str, *, checked: bool) -> Any:
        value = self.target.read(text)
        if not checked and self.target.check is not None:
            self.target.check(text)
        return value

    def _cut(self, text: str, count: int) -> GenerationError:
        place, inside = where(text) if self.target.is_json else (f"character {len(text)}", "nothing yet")
        limit = f"max_tokens={self.wanted}" if self.max_tokens == self.wanted else \
            f"the {len(self.prompt) + self.max_tokens} tokens the model can read"
        writing = f", in {inside}" if inside != "nothing yet" else ""
        return GenerationError(f"the output was cut after {count} tokens{writing}", position=place,
                               because=f"{limit} left no room for the rest; it ends with {_short(text[-60:])}",
                               instead="raise max_tokens, or bound what is written there (max_length, a shorter list)")

    def _confidence(self) -> dict[Any, float] | None:
        if not self.target.labels:
            return None
        found = label_probabilities(self.session, self.logits, len(self.prompt), self.target.labels, self.vocabulary)
        if found is None:
            return None
        return {self.target.read(label): value for label, value in zip(self.target.labels, found, strict=True)}


def _vocabulary(model: Any, tokenizer: Any) -> Vocabulary:
    """The tokenizer's vocabulary as wide as the model's logits, with every token that ends an output."""
    width = getattr(_text_config(model), "vocab_size", None)
    size = len(tokenizer) if width is None else max(int(width), len(tokenizer))
    # Not those of the configuration: its default (2, for Llama) is often a token of text.
    ends = _end_tokens(getattr(model, "generation_config", None)) | _end_tokens(tokenizer)
    ends = {token for token in ends or _end_tokens(_text_config(model)) if token < size}
    return Vocabulary.from_transformers(tokenizer, eos_token_ids=sorted(ends) or None, size=size)


def _end_tokens(owner: Any) -> set[int]:
    given = getattr(owner, "eos_token_id", None)
    return set() if given is None else {given} if isinstance(given, int) else set(given)


def _room(model: Any, prompt: int, max_tokens: int) -> int:
    """The tokens that fit beside the prompt."""
    window = getattr(_text_config(model), "max_position_embeddings", None)
    if not isinstance(window, int) or not isinstance(model, torch.nn.Module):
        return max_tokens
    if prompt >= window:
        raise GenerationError(f"the prompt has {prompt} tokens", because=f"the model reads {window} at most",
                              instead="shorten the prompt")
    return min(max_tokens, window - prompt)


def _text_config(model: Any) -> Any:
    """The configuration of the language part; models of images and text have several."""
    config: Any = getattr(model, "config", None)
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def _source_text(prompt: str, from_text: bool | str | None, mask: bool) -> str | None:
    text = prompt if from_text is True else None if from_text is False else from_text
    if text is not None and not mask:
        raise GenerationError("from_text needs the mask", because="it is the mask that holds fields to the text",
                              instead="leave mask=False out, or annotate fields with FromText")
    return text


def _advice(unenforced: Sequence[str]) -> str | None:
    return f"not enforced by the mask: {'; '.join(unenforced)}" if unenforced else None


def _short(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 300 else f"{shown[:200]} … {shown[-90:]}"
