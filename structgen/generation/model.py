"""A language model that generates values: prompt in, ``Result`` out.

One request is: the type's instructions and the prompt as tokens, one pass of the model, the decode loop under the mask
of the type, the text read as a value. Each step is a module of its own beside this one; here they are put together,
and what is costly is kept: the vocabulary's tables and the compiled grammars.

Caveats: one request at a time per model (a lock). Without the mask nothing is tolerated, unless ``repair`` is asked for:
the text must be exactly a value of the type.
"""

from __future__ import annotations

import codecs
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

import torch

from structgen.compiler import CompiledGrammar, Compiler
from structgen.errors import BudgetError, GenerationError, LimitExceededError, SchemaError, StructgenError
from structgen.generation.batch import run_batch
from structgen.generation.kept import Kept
from structgen.generation.options import Asked, asked, each_of, require_strategy, samplings_of
from structgen.generation.prompt import Instructions, Message, Prompt
from structgen.generation.request import Request, Settings, text_config
from structgen.generation.result import Result, Usage
from structgen.generation.result_cache import ResultCache
from structgen.generation.retry import Check, Retry, ask_until_right, checked, require_check
from structgen.generation.sampling import Sampling, refuse_options, require_whole, sampling_of
from structgen.generation.search import BestOf, Strategy
from structgen.generation.session import drive
from structgen.generation.stream import Partial, Stream, partial_reader
from structgen.generation.target import OnUnsupported, Target, as_target
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

__all__ = ["Model"]

@runtime_checkable
class Search(Protocol):
    """A strategy that looks inside outputs while they are written: ``beam``, ``restricted``."""

    def search(self, request: Request) -> Result[Any]: ...


_OF_SEVERAL = {
    **dict.fromkeys(("n", "strategy"), "a stream is of one output, and these choose among several"),
    **dict.fromkeys(("retry", "check"), "what was shown cannot be taken back"),
}
"""Options of ``generate`` that a stream cannot have, and why."""
COMPILED_TYPES = 32
"""Compiled grammars kept per model; each grows with use up to ``Limits.cache_bytes``."""


class Model:
    """A causal language model with its tokenizer.

    ``model``: a transformers model, or an object with ``forward(token_ids) -> logits`` of the last token [V] or of all
    [T, V]. ``tokenizer``: a transformers tokenizer; without one, a ``vocabulary`` that can encode text.
    """

    def __init__(self, model: Any, tokenizer: Any = None, *, vocabulary: Vocabulary | None = None,
                 limits: Limits | None = None, engine: Literal["auto", "python", "native"] = "auto",
                 cache: ResultCache | None = None) -> None:
        if tokenizer is None and vocabulary is None:
            raise GenerationError("a model needs its tokenizer", instead="pass tokenizer=, or a vocabulary=")
        if cache is not None and not isinstance(cache, ResultCache):
            raise GenerationError(f"cache={cache!r:.60} is no cache", instead="pass cache=ResultCache(path)")
        self.model, self.tokenizer = model, tokenizer
        self.vocabulary = vocabulary or _vocabulary(model, tokenizer)
        self.limits, self._engine, self.cache = limits or Limits(), engine, cache
        self._compiled: OrderedDict[Any, tuple[Any, CompiledGrammar]] = OrderedDict()
        self.lock = threading.RLock()

    @cached_property
    def compiler(self) -> Compiler:
        """The compiler for this model's vocabulary."""
        return Compiler(self.vocabulary, limits=self.limits, engine=self._engine)

    def compile(self, output_type: Any, *, require_all: bool = False, from_text: str | None = None,
                on_unsupported: OnUnsupported | None = None) -> CompiledGrammar:
        """The compiled grammar of a type or source, as ``generate`` uses it; kept for the next time."""
        return self.grammar_of(as_target(output_type, require_all=require_all, from_text=from_text,
                                         on_unsupported=on_unsupported))

    def generate(self, prompt: Prompt, output_type: Any = None, *, max_tokens: int = 256,
                 temperature: float = 0.0, top_k: int | None = None, top_p: float | None = None, min_p: float | None = None,
                 repetition_penalty: float = 1.0, seed: int | None = None, sampling: Sampling | None = None,
                 n: int = 1, strategy: Strategy | Search | None = None, retry: Retry | int | None = None,
                 check: Check | None = None, instructions: Instructions = "auto", mask: bool = True, repair: bool = False,
                 from_text: bool | str | None = None, require_all: bool = False,
                 on_unsupported: OnUnsupported | None = None, stop: str | Sequence[str] = (),
                 top_logprobs: int = 0, prefix: str = "", raw: bool = False, heal: bool = True) -> Result[Any]:
        """A value of ``output_type``: a Python type, a source (``JsonSchema``, ``Regex``, …), or None for free text.

        ``prompt``: the user's text, or messages ``{"role": …, "content": …}`` that end with one of the user's. ``sampling``:
        how tokens are chosen, with more options than the shortcuts beside it. ``instructions``: ``"auto"`` tells the type to
        the model in words, a string tells that instead, None tells nothing. ``mask=False``: the model writes what it likes,
        and the text must then be a value; with ``repair`` it is read tolerantly. ``from_text``: every plain string of the
        type must occur in this text (True: in the prompt). ``require_all``: fields with defaults are written too.

        ``strategy``: several samples and one answer of them (``best_of(8)``, ``vote(8)``, ``verify(check)``, …); ``n=8`` is
        ``best_of(8)``. ``retry``: how often to ask again, telling the model what was wrong, where the text is no value, or
        where ``check`` refuses the value. ``on_unsupported="validate"``: what the masks cannot enforce is checked when the
        value is finished. ``stop``: texts that end free text. ``top_logprobs``: alternatives kept in ``Result.trace``.

        ``prefix``: how the output begins; the model goes on from there, and what is given costs no tokens of the budget.
        ``raw``: the prompt is a text that the output goes on with, without chat template, instructions and line break.
        ``heal``: where a prefix or raw prompt ends inside what a tokenizer would write as one token, its last tokens are
        written again (``Result.healed``).

        Under the mask the value is complete within ``max_tokens``, always, but for SQL over a database and for JSON lists of
        containers that must differ, where what came before decides how an output can end: one that is cut raises
        ``GenerationError``. ``BudgetError`` says how many tokens are needed where they are too few for any. Raises
        ``GenerationError`` for text that a mask did not hold to the whole type and that is no value of it (without the mask,
        also one cut by ``max_tokens``); its ``position`` is the path of what
        is wrong. Then ask again (``retry``), or with another prompt.
        """
        chosen = sampling_of(sampling, (temperature, top_k, top_p, min_p, repetition_penalty, seed))
        require_strategy(strategy, n, chosen)
        policy = Retry.of(retry)
        whole = asked(prompt, output_type, chosen, max_tokens=max_tokens, instructions=instructions, mask=mask,
                      repair=repair, from_text=from_text, require_all=require_all, on_unsupported=on_unsupported, stop=stop,
                      top_logprobs=top_logprobs, prefix=prefix, raw=raw, heal=heal, attempts=policy.attempts)
        return self._answered(whole, BestOf(n) if n > 1 else strategy, policy, check)

    def _answered(self, whole: Asked, strategy: Strategy | Search | None, policy: Retry, check: Check | None) -> Result[Any]:
        """The answer to a request, from the cache where it holds it."""
        target, settings, messages = whole.target, whole.settings, whole.messages

        def attempt(messages: Sequence[Message], at: float, kept: Kept | None) -> Result[Any]:
            request = self._request(target, messages, settings, kept)
            try:
                made = _made(request, strategy, at)
            except GenerationError as error:
                error.usage = request.usage()
                raise
            return replace(made, total=request.usage())

        key = self._cache_key(messages, target, settings, strategy, policy, check)
        if (found := self._from_cache(key, target)) is not None:
            return found
        with self.lock:
            result = ask_until_right(policy, messages, attempt, settings.sampling.temperature, check)
        self._into_cache(key, result)
        return result

    def _request(self, target: Target, messages: Sequence[Message], settings: Settings, kept: Kept | None) -> Request:
        """A request; under a mask that fixes what is kept, where the schema allows that."""
        fixed = kept.target(target) if kept is not None and settings.mask else None
        if fixed is not None:
            try:
                return Request(self, fixed, messages, settings)
            except (SchemaError, LimitExceededError, BudgetError):  # a schema that takes no allOf: asked without
                pass
        return Request(self, target, messages, settings)

    def stream(self, prompt: Prompt, output_type: Any = None, *, max_tokens: int = 256, temperature: float = 0.0,
               top_k: int | None = None, top_p: float | None = None, min_p: float | None = None,
               repetition_penalty: float = 1.0, seed: int | None = None, sampling: Sampling | None = None,
               instructions: Instructions = "auto", mask: bool = True, repair: bool = False,
               from_text: bool | str | None = None, require_all: bool = False, on_unsupported: OnUnsupported | None = None,
               stop: str | Sequence[str] = (), top_logprobs: int = 0, prefix: str = "", raw: bool = False,
               heal: bool = True, **others: Any) -> Stream:
        """The value as it grows: ``for partial in model.stream(prompt, Type)``, or ``async for``.

        Each ``Partial`` has the value so far (of a pydantic type an instance whose absent fields are None) and tells which
        fields are finished; the last one has the ``Result``. The options are those of ``generate``, but for what needs
        several outputs: ``n``, ``strategy``, ``retry`` and ``check``.
        """
        refuse_options("stream", others, _OF_SEVERAL, "use generate, or check the value of the last record")
        chosen = sampling_of(sampling, (temperature, top_k, top_p, min_p, repetition_penalty, seed))
        whole = asked(prompt, output_type, chosen, max_tokens=max_tokens, instructions=instructions, mask=mask,
                      repair=repair, from_text=from_text, require_all=require_all, on_unsupported=on_unsupported, stop=stop,
                      top_logprobs=top_logprobs, prefix=prefix, raw=raw, heal=heal)
        return Stream(lambda: self._parts(output_type, whole))

    def _parts(self, output_type: Any, whole: Asked) -> Iterator[Partial]:
        reader = partial_reader(output_type, whole.target)
        with self.lock:
            request = Request(self, whole.target, whole.messages, whole.settings)
            session = request.read()
        decoder = request.decoder()
        characters = codecs.getincrementaldecoder("utf-8")("replace")  # one may be spread over several tokens
        text, seen, given, skip = "", 0, request.opening.prefix, len(request.opening.removed)
        for _ in drive(session, decoder.run(request.max_tokens)):
            written = self.vocabulary.decode(decoder.out.tokens[seen:])
            piece = characters.decode(given + written[skip:])
            given, skip = b"", max(0, skip - len(written))
            text, seen = text + piece, len(decoder.out.tokens)
            if piece:
                value = text if reader is None else (reader.feed(piece), reader.view())[1]
                yield Partial(value, text, piece, None, reader)
        result = request.result(decoder.out)
        yield Partial(result.value, result.text, "", result, reader)

    def generate_batch(self, prompts: Sequence[Prompt], output_types: Any = None, *, max_tokens: int = 256,
                       temperature: float = 0.0, top_k: int | None = None, top_p: float | None = None,
                       min_p: float | None = None, repetition_penalty: float = 1.0, seed: int | None = None,
                       sampling: Sampling | Sequence[Sampling] | None = None, n: int = 1,
                       strategy: Strategy | Search | None = None, retry: Retry | int | None = None,
                       check: Check | None = None, instructions: Instructions = "auto", mask: bool = True,
                       repair: bool = False, from_text: bool | str | Sequence[str] | None = None, require_all: bool = False,
                       on_unsupported: OnUnsupported | None = None, stop: str | Sequence[str] = (), top_logprobs: int = 0,
                       prefix: str | Sequence[str] = "", raw: bool = False, heal: bool = True, size: int = 16,
                       progress: Callable[[int, int], None] | None = None) -> list[Result[Any] | StructgenError]:
        """A value for each prompt, in order; an item that fails is its error, and harms no other.

        ``output_types``: one for all, or a list with one for each prompt; so may ``from_text`` and ``prefix`` be. ``size``:
        rows in a batch. ``progress``: told (done, all) after each item. ``sampling``: one for all, whose seed gives the item
        in place i the draws of ``seed + i``, or a list with one for each prompt. The other options are those of
        ``generate``; with several samples or attempts (``n``, ``strategy``, ``retry``) the items are asked one by one.
        """
        count = _count_of(prompts)
        for name, value, least in (("size", size, 1), ("n", n, 1), ("max_tokens", max_tokens, 1),
                                   ("top_logprobs", top_logprobs, 0)):
            require_whole(name, value, least)
        samplings = samplings_of(sampling, (temperature, top_k, top_p, min_p, repetition_penalty, seed), count)
        policy = Retry.of(retry)
        require_check(check)
        found: list[Asked | StructgenError] = []
        for prompt, output_type, text, begun, own in zip(
                prompts, each_of("types", output_types, count), each_of("source texts", from_text, count),
                each_of("prefixes", prefix, count), samplings, strict=True):
            try:
                require_strategy(strategy, n, own)
                found.append(asked(prompt, output_type, own, max_tokens=max_tokens, instructions=instructions, mask=mask,
                                   repair=repair, from_text=text, require_all=require_all, on_unsupported=on_unsupported,
                                   stop=stop, top_logprobs=top_logprobs, prefix=begun, raw=raw, heal=heal,
                                   attempts=policy.attempts))
            except StructgenError as error:
                found.append(error)
        results: dict[int, Result[Any] | StructgenError] = {}

        def done(place: int, result: Result[Any] | StructgenError) -> None:
            results[place] = result
            if progress is not None:
                progress(len(results), count)

        if n > 1 or strategy is not None or policy.attempts > 1:
            self._one_by_one(found, BestOf(n) if n > 1 else strategy, policy, check, done)
        else:
            self._side_by_side(found, policy, check, size, done)
        return [results[place] for place in range(count)]

    def _one_by_one(self, found: Sequence[Asked | StructgenError], strategy: Strategy | Search | None, policy: Retry,
                    check: Check | None, done: Callable[[int, Result[Any] | StructgenError], None]) -> None:
        for place, whole in enumerate(found):
            try:
                result = whole if isinstance(whole, StructgenError) else self._answered(whole, strategy, policy, check)
            except StructgenError as error:
                result = error
            except Exception as error:  # of the caller's check: it harms no other item
                result = _raised(error)
            done(place, result)

    def _side_by_side(self, found: Sequence[Asked | StructgenError], policy: Retry, check: Check | None, size: int,
                      done: Callable[[int, Result[Any] | StructgenError], None]) -> None:
        """In padded batches; what the cache holds is not asked."""
        requests: list[Request | Result[Any] | StructgenError] = []
        keys: dict[int, str | None] = {}
        for place, whole in enumerate(found):
            if isinstance(whole, StructgenError):
                requests.append(whole)
                continue
            keys[place] = self._cache_key(whole.messages, whole.target, whole.settings, None, policy, check)
            try:
                requests.append(self._from_cache(keys[place], whole.target)
                                or Request(self, whole.target, whole.messages, whole.settings))
            except StructgenError as error:
                requests.append(error)

        def made(place: int, result: Result[Any] | StructgenError) -> None:
            if isinstance(result, Result):
                try:
                    result = checked(result, check)
                    self._into_cache(keys[place], result)
                except StructgenError as error:
                    result = error
                except Exception as error:  # of the caller's check: it harms no other item
                    result = _raised(error)
            done(place, result)

        with self.lock:
            run_batch(self.model, requests, size, made)

    @cached_property
    def fingerprint(self) -> str:
        """What tells this model from others: its configuration and a part of its weights."""
        config = getattr(self.model, "config", None)
        digest = hashlib.sha256(repr(getattr(config, "to_dict", lambda: type(self.model))()).encode())
        for weight in list(self.model.parameters())[::7] if isinstance(self.model, torch.nn.Module) else ():
            digest.update(weight.detach().flatten()[:256].float().cpu().numpy().tobytes())
        return digest.hexdigest()

    def _cache_key(self, messages: list[Message], target: Target, settings: Settings, *how: Any) -> str | None:
        """What the answer depends on, where it is determined: no draw without a seed, no function of the caller's."""
        sampling = settings.sampling
        if self.cache is None or (sampling.seed is None and (sampling.temperature > 0 or how[0] is not None)):
            return None
        if (target.told is None and target.source is not None) or how[-1] is not None:
            return None
        if " at 0x" in repr((target.source, settings, how)):  # a function or model of the caller's: it may change
            return None
        from importlib.metadata import version

        return self.cache.key(messages=messages, told=target.told, source=repr(target.source), settings=repr(settings),
                              how=repr(how), model=self.fingerprint, versions=[version("structgen"), torch.__version__])

    def _from_cache(self, key: str | None, target: Target) -> Result[Any] | None:
        kept = self.cache.get(key) if key is not None and self.cache is not None else None
        if kept is None:
            return None
        return Result(target.read(kept["text"]), kept["text"], tuple(kept["tokens"]), kept["logprob"], None, (),
                      kept["finish_reason"], Usage(0, 0, 0, 0.0), reread=target.read)

    def _into_cache(self, key: str | None, result: Result[Any]) -> None:
        if key is not None and self.cache is not None:
            self.cache.put(key, {"text": result.text, "tokens": result.tokens, "logprob": result.logprob,
                                 "finish_reason": result.finish_reason})

    def grammar_of(self, target: Target) -> CompiledGrammar:
        """The compiled grammar of a target; kept for the next time where the target can be told from others."""
        if target.source is None:
            raise GenerationError("free text has no grammar", instead="pass a type or a source")
        with self.lock:
            if target.key is not None and target.key in self._compiled:
                self._compiled.move_to_end(target.key)
                return self._compiled[target.key][1]
            compiled = self.compiler.compile(target.source)
            if target.key is not None:
                self._compiled[target.key] = (target.source, compiled)
                while len(self._compiled) > COMPILED_TYPES:
                    self._compiled.popitem(last=False)
            return compiled


def _made(request: Request, strategy: Strategy | Search | None, temperature: float) -> Result[Any]:
    if strategy is None:
        return request.sample(0, temperature)
    if isinstance(strategy, Search):
        return strategy.search(request)
    return strategy.run(request.sample, temperature)


def _raised(error: Exception) -> GenerationError:
    made = GenerationError(f"a function of the caller raised {type(error).__name__}: {error}",
                           instead="raise ValueError in a check where a value is wrong")
    made.__cause__ = error
    return made


def _count_of(prompts: Any) -> int:
    """How many prompts a batch has."""
    if isinstance(prompts, (str, bytes)):
        raise GenerationError("the prompts of a batch are one text", instead="pass a list of prompts")
    if not isinstance(prompts, Sequence):
        raise GenerationError(f"the prompts of a batch are a {type(prompts).__name__}", instead="pass a list of prompts")
    return len(prompts)


def _vocabulary(model: Any, tokenizer: Any) -> Vocabulary:
    """The tokenizer's vocabulary as wide as the model's logits, with every token that ends an output."""
    width = getattr(text_config(model), "vocab_size", None)
    size = len(tokenizer) if width is None else max(int(width), len(tokenizer))
    # Not those of the configuration: its default (2, for Llama) is often a token of text.
    ends = _end_tokens(getattr(model, "generation_config", None)) | _end_tokens(tokenizer)
    ends = {token for token in ends or _end_tokens(text_config(model)) if token < size}
    return Vocabulary.from_transformers(tokenizer, eos_token_ids=sorted(ends) or None, size=size)


def _end_tokens(owner: Any) -> set[int]:
    given = getattr(owner, "eos_token_id", None)
    return set() if given is None else {given} if isinstance(given, int) else set(given)
