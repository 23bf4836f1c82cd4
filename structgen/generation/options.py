"""The options of a request, checked and put together: what ``generate``, ``stream`` and ``generate_batch`` have in common.

In: options as callers pass them. Out: an ``Asked``, the target, the settings and the messages of one request; or a
``GenerationError`` that names the option, before the model is asked anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from structgen.errors import GenerationError
from structgen.generation.prompt import Instructions, Message, Prompt, conversation, last_text
from structgen.generation.request import Settings
from structgen.generation.sampling import Sampling, require_whole
from structgen.generation.target import OnUnsupported, Target, as_target

__all__ = ["Asked", "asked", "each_of", "refuse_options", "require_strategy", "sampling_of", "samplings_of"]

Shortcuts = tuple[float, int | None, float | None, float | None, float, int | None]
"""temperature, top_k, top_p, min_p, repetition_penalty, seed"""


@dataclass(frozen=True)
class Asked:
    """One request, checked."""

    target: Target
    settings: Settings
    messages: list[Message]


def asked(prompt: Prompt, output_type: Any, sampling: Sampling, *, max_tokens: int, instructions: Instructions, mask: bool,
          repair: bool, from_text: bool | str | None, require_all: bool, on_unsupported: OnUnsupported | None,
          stop: str | Sequence[str], top_logprobs: int, prefix: str, raw: bool, heal: bool, attempts: int = 1) -> Asked:
    """A request; ``attempts``: how often it may be asked."""
    require_whole("max_tokens", max_tokens)
    require_whole("top_logprobs", top_logprobs, least=0)
    if repair and mask:
        raise GenerationError("repair=True has no meaning under the mask", because="the text is right as it comes",
                              instead="pass mask=False too, or leave repair out")
    target = as_target(output_type, require_all=require_all, on_unsupported=on_unsupported,
                       from_text=_source_text(last_text(prompt), from_text, mask))
    settings = Settings(sampling, max_tokens, mask, repair, _stop_texts(stop, target), top_logprobs, prefix, raw, heal)
    return Asked(target, settings, conversation(prompt, target, _told(prompt, instructions, raw, attempts)))


def sampling_of(sampling: Sampling | None, shortcuts: Shortcuts) -> Sampling:
    """How tokens are chosen, said in one way or the other."""
    if sampling is None:
        return Sampling(*shortcuts)
    if shortcuts != (0.0, None, None, None, 1.0, None):
        raise GenerationError("sampling= and its shortcuts (temperature, top_k, seed …) are both given",
                              instead="put all of them into Sampling(…)")
    if not isinstance(sampling, Sampling):
        raise GenerationError(f"sampling={sampling!r:.60} is no Sampling", instead="pass Sampling(temperature=0.7, …)")
    return sampling


def samplings_of(given: Sampling | Sequence[Sampling] | None, shortcuts: Shortcuts, count: int) -> list[Sampling]:
    """One for each prompt of a batch; of one for all, the item in place i has the draws of ``seed + i``."""
    if isinstance(given, Sequence):
        ways = each_of("ways of sampling", given, count)
        return [sampling_of(one, shortcuts) for one in ways]
    sampling = sampling_of(given, shortcuts)
    return [sampling if sampling.seed is None else sampling.with_seed(sampling.seed + place) for place in range(count)]


def each_of(what: str, given: Any, count: int) -> list[Any]:
    """An option of a batch for each prompt: a list has one for each, anything else is for all."""
    if not isinstance(given, (list, tuple)):
        return [given] * count
    if len(given) != count:
        raise GenerationError(f"{count} prompts and {len(given)} {what}", instead="pass one, or one for each prompt")
    return list(given)


def require_strategy(strategy: object, n: int, sampling: Sampling) -> None:
    """Raises for what is no strategy, and for samples that cannot differ."""
    require_whole("n", n)
    chosen = not isinstance(strategy, type) and (hasattr(strategy, "run") or hasattr(strategy, "search"))
    if strategy is not None and not chosen:
        raise GenerationError(f"strategy={strategy!r:.60} is none", instead="pass best_of(8), vote(8), beam(4), …")
    if n > 1 and strategy is not None:
        raise GenerationError(f"n={n} and a strategy are both given", instead="give the strategy its n")
    if n > 1 and sampling.temperature == 0:
        raise GenerationError(f"n={n} samples at temperature 0 would all be the same",
                              instead="pass temperature=0.7, say, or leave n out")


def refuse_options(call: str, given: Mapping[str, object], known: Mapping[str, str], instead: str) -> None:
    """Raises for options that a call does not have: ``known`` are those that another call has, with the reason; others are
    misspelled, a ``TypeError`` as from any function."""
    for name in given:
        if name not in known:
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}")
    for name in given:
        raise GenerationError(f"{call}() takes no {name}=", because=known[name], instead=instead)


def _told(prompt: Prompt, instructions: Instructions, raw: bool, attempts: int) -> Instructions:
    """The instructions; to a raw prompt nothing is added."""
    if instructions is not None and not isinstance(instructions, str):
        raise GenerationError(f"instructions={instructions!r:.60} is no text",
                              instead='pass a str, None for none, or "auto", which tells the type')
    if not raw:
        return instructions
    if not isinstance(prompt, str) or instructions not in ("auto", None) or attempts > 1:
        what = "a conversation" if not isinstance(prompt, str) else "retries" if attempts > 1 else "instructions"
        raise GenerationError(f"{what} and raw=True do not go together",
                              because="a raw prompt is one text, to which nothing is added",
                              instead="leave raw out, or write the whole prompt yourself")
    return None


def _stop_texts(given: str | Sequence[str], target: Target) -> tuple[str, ...]:
    stop: Any = given
    found: tuple[Any, ...] = (stop,) if isinstance(stop, str) or not isinstance(stop, Sequence) else tuple(stop)
    if found and target.source is not None:
        raise GenerationError("stop texts have no meaning for a type", because="a value ends where its type ends",
                              instead="leave stop out, or generate free text")
    if isinstance(stop, bytes) or not all(isinstance(text, str) for text in found):
        raise GenerationError(f"stop={stop!r:.60} is no text", instead="pass a str, or a list of them")
    if "" in found:
        raise GenerationError("a stop text is empty", because="it would end every output at once")
    return found


def _source_text(prompt: str, from_text: bool | str | None, mask: bool) -> str | None:
    if from_text is not None and not isinstance(from_text, (bool, str)):
        raise GenerationError(f"from_text={from_text!r:.60} is no text", instead="pass a str, or True for the prompt")
    text = prompt if from_text is True else None if from_text is False else from_text
    if text is not None and not mask:
        raise GenerationError("from_text needs the mask", because="it is the mask that holds fields to the text",
                              instead="leave mask=False out, or annotate fields with FromText")
    return text
