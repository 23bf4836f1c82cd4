"""Models behind an OpenAI-compatible server: no logits, so no masks; a tolerant reader and retries instead.

In: a server, a model's name, prompts and types. Out: the same ``Result`` as of a model that runs here. Where the server
can enforce a JSON Schema itself (``response_format``) it is asked to, after a check of what it would refuse; in any case
the text is read tolerantly, coerced and validated against the whole type here, so that what the server ignores is still
right. The client is OpenAI's own, which repeats requests after 429, 5xx and broken connections.

Samples of a strategy run side by side, and are taken in the order in which they come; those that are not needed any more are
cancelled, and the server stops paying for them.

Caveats: what a cancelled sample has cost is not known. ``Result.tokens`` is empty, and ``trace`` has steps only where the
server gives ``logprobs``.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from structgen.errors import GenerationError, ReadError, StructgenError
from structgen.generation.prompt import Instructions, Message, Prompt, conversation
from structgen.generation.result import Alternative, Result, Step, Usage
from structgen.generation.retry import Check, Retry, ask_until_right
from structgen.generation.sampling import Sampling, refuse_options, require_whole, sampling_of
from structgen.generation.search import Strategy, best_of, temperatures
from structgen.generation.stream import Stream
from structgen.generation.target import Target, as_target
from structgen.models.portability import Portability, portability, strict_schema
from structgen.models.remote_stream import Answer, Parts, collect

__all__ = ["RemoteModel"]

Enforce = Literal["auto", "json_schema", "json_object", "none"]


class RemoteModel:
    """A chat model of an OpenAI-compatible server.

    ``enforce``: what the server is asked to hold the output to: ``"json_schema"`` (strict structured output),
    ``"json_object"``, ``"none"``, or ``"auto"``: the schema where ``portability`` finds nothing that the server would
    refuse, and nothing after the server has refused it once. ``timeout_s`` and ``max_retries`` are the client's, per call.
    """

    def __init__(self, name: str, *, base_url: str | None = None, api_key: str | None = None, enforce: Enforce = "auto",
                 timeout_s: float = 60.0, max_retries: int = 3, parallel: int = 8) -> None:
        openai = _openai()
        if api_key is None and not os.environ.get("OPENAI_API_KEY"):
            if base_url is None:
                raise GenerationError(f"openai:{name} needs a key", because="OPENAI_API_KEY is not set",
                                      instead="set it, pass api_key=, or base_url= of a server that needs none")
            api_key = "none"
        self.name, self.enforce, self.parallel, self.timeout_s = name, enforce, parallel, timeout_s
        self._refused = False
        self._loop = _Loop()
        self._client = openai.AsyncOpenAI(base_url=base_url, api_key=api_key, timeout=timeout_s, max_retries=max_retries)

    def generate(self, prompt: Prompt, output_type: Any = None, *, max_tokens: int = 1024, temperature: float = 0.0,
                 top_p: float | None = None, seed: int | None = None, sampling: Sampling | None = None, n: int = 1,
                 strategy: Strategy | None = None, retry: Retry | int | None = 2, check: Check | None = None,
                 instructions: Instructions = "auto", require_all: bool = False, top_logprobs: int | None = None,
                 stop: str | Sequence[str] = (), **local: Any) -> Result[Any]:
        """A value of ``output_type``, as ``Model.generate`` makes it. ``retry``: attempts, each telling what was wrong.

        Raises ``GenerationError`` where the server fails, the model refuses or is cut, no attempt is a value, or an option
        needs the model's own logits.
        """
        require_whole("max_tokens", max_tokens)
        require_whole("n", n)
        require_whole("top_logprobs", top_logprobs, least=0, optional=True)
        _refuse_local("generate", local)
        sampling = _sampling(sampling, temperature, top_p, seed)
        if strategy is not None and not hasattr(strategy, "run"):
            raise GenerationError(f"{type(strategy).__name__} needs a model that runs here",
                                  because="it looks at the logits of every step", instead="use best_of, vote or verify")
        target = as_target(output_type, require_all=require_all)
        call = _Call(max_tokens, _options(sampling), sampling.seed, top_logprobs,
                     (stop,) if isinstance(stop, str) else tuple(stop))
        chosen = best_of(n) if n > 1 and strategy is None else strategy

        def attempt(said: Sequence[Message], at: float, _: object) -> Result[Any]:
            if chosen is None:
                made: Result[Any] = self._loop.run(self._sample(said, target, call, at, 0))
                return made
            return self._side_by_side(chosen, lambda draw, own: self._sample(said, target, call, own, draw), at)

        return ask_until_right(Retry.of(retry), conversation(prompt, target, instructions), attempt, sampling.temperature,
                               check)

    def stream(self, prompt: Prompt, output_type: Any = None, *, max_tokens: int = 1024, temperature: float = 0.0,
               top_p: float | None = None, seed: int | None = None, sampling: Sampling | None = None,
               instructions: Instructions = "auto", require_all: bool = False, stop: str | Sequence[str] = (),
               top_logprobs: int | None = None, **local: Any) -> Stream:
        """The value as it grows, as ``Model.stream`` gives it; the text is read tolerantly, and checked at its end.

        Raises ``GenerationError``, whose ``text`` is what had come, where the stream stops, is cut or is none, and where
        the text is no value; there is no second attempt, since what was shown cannot be taken back.
        """
        require_whole("max_tokens", max_tokens)
        require_whole("top_logprobs", top_logprobs, least=0, optional=True)
        _refuse_local("stream", local)
        sampling = _sampling(sampling, temperature, top_p, seed)
        target = as_target(output_type, require_all=require_all)
        call = _Call(max_tokens, _options(sampling), sampling.seed, top_logprobs,
                     (stop,) if isinstance(stop, str) else tuple(stop))
        said = conversation(prompt, target, instructions)

        def finish(answer: Answer, seconds: float) -> Result[Any]:
            return self._result(answer.whole, target, call, seconds)

        return Stream(lambda: Parts(self._loop.start, output_type, target, partial(
            self._pour, said, target, call, sampling.temperature), finish))

    def generate_batch(self, prompts: Sequence[Prompt], output_types: Any = None, *,
                       sampling: Sampling | Sequence[Sampling] | None = None, size: int | None = None,
                       progress: Callable[[int, int], None] | None = None, **options: Any
                       ) -> list[Result[Any] | StructgenError]:
        """A value or an error for each prompt, in order, ``size`` (``parallel``) at a time; the options are those of
        ``generate``. ``sampling``: one for all, or a list with one for each prompt."""
        if isinstance(prompts, (str, bytes)) or not isinstance(prompts, Sequence):
            raise GenerationError(f"the prompts of a batch are a {type(prompts).__name__}", instead="pass a list of prompts")
        types = list(output_types) if isinstance(output_types, list) else [output_types] * len(prompts)
        ways = [sampling] * len(prompts) if sampling is None or isinstance(sampling, Sampling) else list(sampling)
        if not len(types) == len(ways) == len(prompts):
            raise GenerationError(f"{len(prompts)} prompts, {len(types)} types and {len(ways)} ways of sampling",
                                  instead="pass one, or one for each prompt")
        _refuse_local("generate_batch", {name: options.pop(name) for name in [*options] if name not in _TAKEN})
        done, lock = 0, threading.Lock()

        def one(prompt: Prompt, output_type: Any, way: Sampling | None) -> Result[Any] | StructgenError:
            nonlocal done
            try:
                return self.generate(prompt, output_type, sampling=way, **options)
            except StructgenError as error:
                return error
            finally:
                with lock:
                    done += 1
                    if progress is not None:
                        progress(done, len(prompts))

        with ThreadPoolExecutor(size or self.parallel) as pool:
            return list(pool.map(one, prompts, types, ways))

    def portability(self, output_type: Any) -> Portability:
        """What the server's strict mode would refuse or ignore of a type; all of it is checked here in any case."""
        return portability(as_target(output_type).told or {})

    def close(self) -> None:
        """Closes the connections; the model cannot be asked afterwards."""
        self._loop.run(self._client.close())
        self._loop.stop()

    def __enter__(self) -> RemoteModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # One sample.

    async def _sample(self, messages: Sequence[Message], target: Target, call: _Call, temperature: float,
                      draw: int) -> Result[Any]:
        started = time.perf_counter()
        answer = await self._ask(messages, target, call, temperature, draw)
        return self._result(answer, target, call, time.perf_counter() - started)

    def _result(self, answer: Any, target: Target, call: _Call, seconds: float) -> Result[Any]:
        """The value of an answer."""
        choice = answer.choices[0]
        text = choice.message.content or ""
        usage = _usage(answer, seconds)
        try:
            if getattr(choice.message, "refusal", None):
                raise GenerationError("the model refused", because=str(choice.message.refusal),
                                      instead="ask in another way, or another model")
            value, repairs = self._value(text, target, str(choice.finish_reason), call.max_tokens)
        except GenerationError as error:
            error.usage = usage
            raise
        trace = _trace(choice)
        chosen = [math.log(max(step.probability or 0.0, 1e-300)) for step in trace]
        return Result(value, text, (), sum(chosen) / len(chosen) if chosen else None, None, trace,
                      "length" if choice.finish_reason == "length" else "complete", usage, repairs,
                      reread=lambda other: target.repaired(other)[0])

    async def _pour(self, messages: Sequence[Message], target: Target, call: _Call, temperature: float, answer: Answer,
                    tell: Callable[[str], None]) -> None:
        """Takes a streamed answer."""
        openai = _openai()
        try:
            chunks = await self._ask(messages, target, call, temperature, 0, stream=True)
            async with chunks:
                await collect(chunks, answer, tell, max_tokens=call.max_tokens, timeout_s=self.timeout_s)
        except openai.APITimeoutError as error:
            raise _failed(self.name, error) from error
        except (openai.APIConnectionError, *transport_errors()) as error:
            if not answer.text:
                raise _failed(self.name, error) from error
            raise GenerationError("the stream was cut", because=f"{error.__cause__ or error}; it ended behind "
                                  f"{answer.text[-60:]!r}", instead="try again") from error
        except openai.APIError as error:
            raise _failed(self.name, error) from error

    async def _ask(self, messages: Sequence[Message], target: Target, call: _Call, temperature: float, draw: int, *,
                   stream: bool = False) -> Any:
        """The server's answer, or its stream; asked without ``response_format`` again where it refuses that."""
        openai = _openai()
        wanted: dict[str, Any] = {"model": self.name, "messages": [dict(one) for one in messages],
                                  "max_tokens": call.max_tokens, "temperature": temperature}
        wanted |= call.options
        if call.seed is not None:
            wanted["seed"] = call.seed + draw
        if call.top_logprobs is not None:
            wanted |= {"logprobs": True, "top_logprobs": call.top_logprobs}
        if call.stop:
            wanted["stop"] = list(call.stop)
        if stream:
            wanted |= {"stream": True, "stream_options": {"include_usage": True}}
        form = self._response_format(target)
        try:
            if form is not None:
                try:
                    return _checked(await self._client.chat.completions.create(**wanted, response_format=form), stream)
                except (openai.BadRequestError, openai.UnprocessableEntityError, openai.NotFoundError):
                    if self.enforce != "auto":
                        raise
                    self._refused = True
            return _checked(await self._client.chat.completions.create(**wanted), stream)
        except openai.APIError as error:
            raise _failed(self.name, error) from error
        except ValueError as error:  # 200, and a body that is not JSON: the client lets it through
            raise GenerationError("the server's answer is not JSON", because=str(error),
                                  instead="check that base_url is an OpenAI-compatible server") from error

    def _response_format(self, target: Target) -> dict[str, Any] | None:
        if not target.is_json or self.enforce == "none" or (self.enforce == "auto" and self._refused):
            return None
        if self.enforce == "json_object":
            return {"type": "json_object"}
        found = portability(target.told or {})
        if self.enforce == "auto" and found.refused:
            return None
        return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True,
                                                       "schema": strict_schema(target.told or {})}}

    def _value(self, text: str, target: Target, reason: str, max_tokens: int) -> tuple[Any, tuple[Any, ...]]:
        if target.source is None:
            return text, ()
        if reason == "length":
            raise GenerationError(f"the output was cut after max_tokens={max_tokens} tokens", text=text,
                                  because=f"it ends with {text[-60:]!r}", instead="raise max_tokens")
        if reason == "content_filter":
            raise GenerationError("the server's content filter cut the output", text=text, instead="ask in another way")
        try:
            return target.repaired(text)
        except ReadError as error:
            raise GenerationError(f"the text cannot be read as a {target.name}", position=error.position, text=text,
                                  because=f"{error.what}; the text is {text[:300]!r}") from error

    def _side_by_side(self, strategy: Strategy, sample: Callable[[int, float], Coroutine[Any, Any, Result[Any]]],
                      temperature: float) -> Result[Any]:
        """Draws the samples of a strategy at once, and hands them on as they come."""
        running: set[Future[Result[Any]]] = set()
        waiting = list(enumerate(temperatures(strategy.n, temperature)))
        spent: list[Usage] = []

        def next_(draw: int, own: float) -> Result[Any]:
            while waiting and len(running) < self.parallel:
                running.add(self._loop.start(sample(*waiting.pop(0))))
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            first = done.pop()
            running.discard(first)
            try:
                made = first.result()
            except GenerationError as error:
                spent.extend([] if error.usage is None else [error.usage])
                raise
            spent.append(made.usage)
            return made

        try:
            answer = strategy.run(next_, temperature)
        finally:
            for one in running:
                one.cancel()
        return replace(answer, total=Usage.sum(spent))


@dataclass(frozen=True)
class _Call:
    """What every request to the server says beside its messages."""

    max_tokens: int
    options: dict[str, Any]
    seed: int | None
    top_logprobs: int | None
    stop: tuple[str, ...]


class _Loop:
    """An event loop in a thread of its own, so that it works inside other event loops, too."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="structgen-remote")
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        future = self.start(work)
        try:
            return future.result()
        except BaseException:  # Ctrl-C, too: the request must not go on behind the caller's back
            future.cancel()
            raise

    def stop(self) -> None:
        """Ends what is still running, and the thread."""
        async def cancel() -> None:
            others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(cancel())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_TAKEN = frozenset(("max_tokens", "temperature", "top_p", "seed", "n", "strategy", "retry", "check", "instructions",
                    "require_all", "top_logprobs", "stop"))
_LOCAL = {
    "from_text": "it is a mask that holds strings to a text", "prefix": "a server begins its answers itself",
    "raw": "a server has a chat template of its own", "heal": "a server begins its answers itself",
    "mask": "a server shows no logits: its text is read tolerantly and checked",
    "repair": "a server's text is read tolerantly in any case",
    "on_unsupported": "the whole type is checked here in any case",
    **dict.fromkeys(("top_k", "min_p", "repetition_penalty"), "the protocol has no words for it"),
}
"""Options of ``Model.generate`` that a server has not, and why."""
_MEANS_NOTHING: dict[str, tuple[object, ...]] = {
    "from_text": (None, False), "prefix": ("",), "raw": (False,), "heal": (True, False), "mask": (False,), "repair": (True,),
    "on_unsupported": (None, "validate"), "top_k": (None,), "min_p": (None,), "repetition_penalty": (1.0,),
}
"""Values of these that ask for nothing else than what happens."""


def _refuse_local(call: str, given: dict[str, Any]) -> None:
    """Raises for options that need a model that runs here."""
    asked = {name: value for name, value in given.items() if value not in _MEANS_NOTHING.get(name, ())}
    refuse_options(call, asked, {name: f"the model is behind a server; {why}" for name, why in _LOCAL.items()},
                   "leave it out, or load a model that runs here")


def _sampling(sampling: Sampling | None, temperature: float, top_p: float | None, seed: int | None) -> Sampling:
    return sampling_of(sampling, (temperature, None, top_p, None, 1.0, seed))


def _options(sampling: Sampling) -> dict[str, Any]:
    """What the protocol has for a way of sampling, but for temperature and seed; ``GenerationError`` for what it has not."""
    told = {"top_p": sampling.top_p, "frequency_penalty": sampling.frequency_penalty or None,
            "presence_penalty": sampling.presence_penalty or None, "logit_bias": dict(sampling.logit_bias) or None}
    known = replace(Sampling(), temperature=sampling.temperature, seed=sampling.seed, loop_guard=sampling.loop_guard,
                    top_p=sampling.top_p, frequency_penalty=sampling.frequency_penalty,
                    presence_penalty=sampling.presence_penalty, logit_bias=sampling.logit_bias)
    if known != sampling:
        raise GenerationError("a server takes no top_k, min_p, typical_p, repetition_penalty or penalize_structure",
                              because="the protocol has no words for them", instead="leave them out")
    return {name: value for name, value in told.items() if value is not None}


def _openai() -> Any:
    try:
        import openai
    except ImportError as error:
        raise GenerationError("remote models need the package openai", because="it is not installed",
                              instead="pip install 'structgen[remote]'") from error
    return openai


def transport_errors() -> tuple[type[Exception], ...]:
    """What the client's transport raises in the middle of a stream: which one that is depends on its version."""
    return tuple(sys.modules[name].HTTPError for name in ("httpx", "httpx2") if name in sys.modules)


def _checked(answer: Any, stream: bool = False) -> Any:
    """The answer, if it is one: some servers say 200 and mean something else."""
    if stream:
        return answer
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        shown = str(answer)[:200]
        raise GenerationError("the server's answer has no choices", because=f"it says {shown}",
                              instead="check that base_url is an OpenAI-compatible server")
    return answer


def _failed(name: str, error: Any) -> GenerationError:
    status = getattr(error, "status_code", None)
    kind = type(error).__name__ if status is None else f"HTTP {status}"
    advice = {401: "check the key", 403: "check the key", 404: "check the model's name and base_url",
              429: "wait, or lower the rate"}.get(status or 0, "try again later, or check base_url and the network")
    return GenerationError(f"openai:{name}: the server failed ({kind})", because=str(error)[:300], instead=advice)


def _usage(answer: Any, seconds: float) -> Usage:
    told = getattr(answer, "usage", None)
    return Usage(getattr(told, "prompt_tokens", 0) or 0, getattr(told, "completion_tokens", 0) or 0, 1, seconds)


def _trace(choice: Any) -> tuple[Step, ...]:
    content = getattr(getattr(choice, "logprobs", None), "content", None) or ()
    steps = []
    for one in content:
        beside = tuple(Alternative(-1, other.token, math.exp(other.logprob), math.exp(other.logprob))
                       for other in one.top_logprobs or ())
        chance = math.exp(one.logprob)
        steps.append(Step(-1, one.token, 0, False, chance, chance, beside))
    return tuple(steps)
