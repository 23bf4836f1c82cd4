"""A chain of models: the next one is asked where the one before it has no answer.

In: models, the first preferred. Out: the first result, with the failures of the others. The models may be of any kind: a
small one under a mask, then a large remote one whose text is read tolerantly and asked again, say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from structgen.errors import BudgetError, GenerationError, StructgenError
from structgen.generation.result import Result

__all__ = ["Fallback", "Unknown"]


class Unknown(Enum):
    """The answer "I don't know", where the caller allows it: ``model.generate(prompt, int | Unknown)``."""

    UNKNOWN = "I don't know"


class Fallback:
    """``Fallback([model, other])`` generates like a model; a pair ``(model, {option: value})`` gives one its own options."""

    def __init__(self, models: Sequence[Any]) -> None:
        if not isinstance(models, Sequence) or isinstance(models, (str, bytes)):
            raise GenerationError(f"a chain of models is no {type(models).__name__}",
                                  instead="pass a list: Fallback([model, other])")
        if not models:
            raise GenerationError("a chain without models has no answer", instead="name one model at least")
        self.models: list[tuple[Any, Mapping[str, Any]]] = [
            one if isinstance(one, tuple) and len(one) == 2 else (one, {}) for one in models]
        for model, own in self.models:
            if not callable(getattr(model, "generate", None)) or not isinstance(own, Mapping):
                raise GenerationError(f"{model!r:.60} is no model of a chain",
                                      because="it has no generate, or its options are no dict",
                                      instead="pass models, or pairs (model, {option: value})")

    def generate(self, prompt: Any, output_type: Any = None, **options: Any) -> Result[Any]:
        """The result of the first model that has one; its ``failures`` begin with the errors of those before it."""
        failures: list[GenerationError] = []
        for model, own in self.models:
            try:
                result: Result[Any] = model.generate(prompt, output_type, **{**options, **own})
            except (GenerationError, BudgetError) as error:
                failures.append(_as_failure(error))
                continue
            return replace(result, failures=(*failures, *result.failures), attempts=len(failures) + result.attempts)
        raise _none(failures)

    def generate_batch(self, prompts: Sequence[Any], output_types: Any = None, **options: Any
                       ) -> list[Result[Any] | StructgenError]:
        """A result or an error for each prompt, in order: each next model is asked for what has failed so far."""
        found: list[Result[Any] | StructgenError | None] = [None] * len(prompts)
        failures: list[list[GenerationError]] = [[] for _ in prompts]
        asked = list(range(len(prompts)))
        for model, own in self.models:
            given = {name: [value[at] for at in asked] if name in _OF_ITEMS and isinstance(value, (list, tuple)) and
                     len(value) == len(prompts) else value
                     for name, value in {"output_types": output_types, **options, **own}.items()}
            made = model.generate_batch([prompts[at] for at in asked], **given) if asked else []
            for at, result in zip(asked, made, strict=True):
                found[at] = result
                if isinstance(result, (GenerationError, BudgetError)):
                    failures[at].append(_as_failure(result))
                elif isinstance(result, Result):
                    found[at] = replace(result, failures=(*failures[at], *result.failures),
                                        attempts=len(failures[at]) + result.attempts)
            asked = [at for at in asked if isinstance(found[at], (GenerationError, BudgetError))]
        for at in asked:
            found[at] = _none(failures[at])
        return [one for one in found if one is not None]

    def stream(self, *_: Any, **__: Any) -> Any:
        """Refused."""
        raise GenerationError("a chain of models cannot stream", because="what was shown cannot be taken back",
                              instead="stream from one model, or generate")


_OF_ITEMS = frozenset(("output_types", "sampling", "prefix", "from_text"))
"""Options of a batch that may be a list with one for each prompt."""


def _as_failure(error: GenerationError | BudgetError) -> GenerationError:
    return error if isinstance(error, GenerationError) else GenerationError(error.what, because=error.because,
                                                                            instead=error.instead)


def _none(failures: Sequence[GenerationError]) -> GenerationError:
    last = failures[-1]
    made = GenerationError(f"none of {len(failures)} models has an answer; the last: {last.what}", position=last.position,
                           because=last.because, instead=last.instead, attempts=tuple(failures))
    made.__cause__ = last
    return made
