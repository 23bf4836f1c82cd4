"""Asking again: what a model got wrong is told to it in words, and it answers once more.

In: a policy, and a function that makes an attempt with the conversation so far. Out: the first result that is right, or
the last error with all attempts in it. The one idea: an attempt that fails adds two messages to the conversation, what the
model wrote and what is wrong with it and where; so validators of pydantic, keywords that no mask enforces, errors of a
database and checks of the user's all come back to the model in the same way.

What was right about an attempt stays (``kept``): a value that fails at ``$.age`` is written again but for its age.

Caveat: a small model often repeats its mistake; the temperature rises from attempt to attempt for that reason.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from structgen.errors import GenerationError
from structgen.generation.kept import Kept, kept_of
from structgen.generation.prompt import Message
from structgen.generation.result import Result, Usage
from structgen.generation.sampling import is_number, require_whole

__all__ = ["Attempt", "Check", "Retry", "ask_until_right", "checked", "require_check"]

Attempt = Callable[[Sequence[Message], float, Kept | None], Result[Any]]
"""Makes one attempt: the conversation, the temperature, and what of the attempt before shall stay."""
MOST_TOLD = 12
"""Paths of what shall stay that a model is told."""
Check = Callable[[Any], object]
"""Looks at a value: raises ``ValueError`` or ``AssertionError``, or returns False or a text that says what is wrong."""


@dataclass(frozen=True)
class Retry:
    """How often and how long to ask again.

    ``attempts``: in all. ``temperatures``: of the attempts, the last one for all that follow; None: what the request asks
    for, then 0.3 more each time up to 1. ``max_tokens``: of all attempts together. ``deadline_s``: no attempt begins later.
    ``backoff_s``: the wait before the second attempt, twice as long before each further one. ``keep``: of a JSON value that
    fails at some path everything else stays as it is (``Result.kept``): the mask fixes it, a server is told so.
    """

    attempts: int = 3
    temperatures: Sequence[float] | None = None
    max_tokens: int | None = None
    deadline_s: float | None = None
    backoff_s: float = 0.0
    keep: bool = True

    def __post_init__(self) -> None:
        require_whole("attempts", self.attempts)
        require_whole("max_tokens", self.max_tokens, optional=True)
        for name in ("deadline_s", "backoff_s"):
            value = getattr(self, name)
            if not (is_number(value) and value >= 0) and (name, value) != ("deadline_s", None):
                raise GenerationError(f"{name}={value!r:.60} is not a number of seconds")
        if self.temperatures is not None and not isinstance(self.temperatures, Sequence):
            raise GenerationError(f"temperatures={self.temperatures!r:.60} is no list", instead="name one for each attempt")
        for one in self.temperatures or ():
            if not is_number(one) or not 0 <= one < math.inf:
                raise GenerationError(f"temperatures has {one!r:.60}", because="a temperature is a number, at least 0")
        if self.temperatures is not None and not self.temperatures:
            raise GenerationError("temperatures is empty", instead="name one at least, or leave it out")

    @classmethod
    def of(cls, given: Retry | int | None) -> Retry:
        """A policy, a number of attempts, or None for one."""
        return given if isinstance(given, Retry) else cls(attempts=1 if given is None else given)

    def temperature(self, attempt: int, asked: float) -> float:
        """Of the attempt with this number, from 0."""
        if self.temperatures is not None:
            return self.temperatures[min(attempt, len(self.temperatures) - 1)]
        return asked if attempt == 0 else max(asked, min(1.0, asked + 0.3 * attempt))


def ask_until_right(policy: Retry, messages: Sequence[Message], attempt: Attempt, temperature: float,
                    check: Check | None = None) -> Result[Any]:
    """The first result that is a value and passes the check."""
    require_check(check)
    started = time.monotonic()
    failed: list[GenerationError] = []
    spent: list[Usage] = []
    kept: Kept | None = None
    for number in range(policy.attempts):
        try:
            result = attempt(messages, policy.temperature(number, temperature), kept)
            spent.append(result.total or result.usage)
            result = checked(result, check)
            return replace(result, attempts=number + 1, failures=(*failed, *result.failures), total=Usage.sum(spent),
                           kept=kept.held(result.text) if kept is not None else ())
        except GenerationError as error:
            failed.append(error)
            if error.usage is not None:
                spent.append(error.usage)
        reason = _may_go_on(policy, number, started, spent)
        if reason is not None:
            raise _gave_up(failed, reason if policy.attempts > 1 else None, spent)
        kept = kept_of(failed[-1], kept) if policy.keep else None
        messages = [*messages, *correction(failed[-1], kept)]
        time.sleep(policy.backoff_s * 2**number)
    raise AssertionError("the last attempt returns or raises")


def require_check(check: object) -> None:
    """Raises for a check that cannot be called."""
    if check is not None and not callable(check):
        raise GenerationError(f"check={check!r:.60} is no function", instead="pass a function of the value")


def checked(result: Result[Any], check: Check | None) -> Result[Any]:
    """The result, if its value passes; else ``GenerationError``."""
    if check is None:
        return result
    try:
        said = check(result.value)
    except (ValueError, AssertionError) as error:
        raise GenerationError(f"the value fails the check: {error or type(error).__name__}", text=result.text,
                              position=getattr(error, "position", None)) from error
    if said is False or isinstance(said, str):
        raise GenerationError(f"the value fails the check{f': {said}' if isinstance(said, str) else ''}", text=result.text)
    return result


def correction(error: GenerationError, kept: Kept | None = None) -> list[Message]:
    """What the model wrote, what is wrong with it, and what shall stay."""
    wrong = error.what if error.position is None else f"{error.what}, at {error.position}"
    because = f" ({error.because.partition('; the text is')[0]})" if error.because else ""
    stays = () if kept is None else kept.paths()
    keep = f" Keep {', '.join(stays)}." if 0 < len(stays) <= MOST_TOLD else ""
    told = {"role": "user", "content": f"That is wrong: {wrong}{because}.{keep} Answer again, changing only what is wrong."}
    return [told] if error.text is None else [{"role": "assistant", "content": error.text}, told]


def _may_go_on(policy: Retry, number: int, started: float, spent: Sequence[Usage]) -> str | None:
    """Why no further attempt is made; None if one is."""
    if number + 1 >= policy.attempts:
        return f"{policy.attempts} attempts were allowed"
    if policy.max_tokens is not None and sum(one.output_tokens for one in spent) >= policy.max_tokens:
        return f"max_tokens={policy.max_tokens} of the retries are spent"
    if policy.deadline_s is not None and time.monotonic() - started >= policy.deadline_s:
        return f"deadline_s={policy.deadline_s} has passed"
    return None


def _gave_up(failed: Sequence[GenerationError], reason: str | None, spent: Sequence[Usage]) -> GenerationError:
    """The last error; with the reason why there was no further attempt where there might have been one."""
    last = failed[-1]
    if reason is None:
        last.usage = last.usage or Usage.sum(spent)
        return last
    tries = "1 attempt" if len(failed) == 1 else f"{len(failed)} attempts"
    made = GenerationError(f"no right answer in {tries}; the last: {last.what}", position=last.position,
                           because="; ".join(part for part in (reason, last.because) if part), instead=last.instead,
                           text=last.text, attempts=tuple(failed))
    made.usage = Usage.sum(spent)
    return made
